import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { explainDiskFull, requireSpace } from "../../host/disk-space";
import { withLock } from "../../host/lock";
import { compareVersions, neededGoVersion } from "../../host/tools";

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "host-"))));
afterEach(() => rmSync(directory, { recursive: true }));

describe("withLock", () => {
  it("lets a second process wait until the first is through", async () => {
    const file = join(directory, "lock");
    const events: string[] = [];
    let taken: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (taken = resolve));
    const first = withLock(
      file,
      () => undefined,
      async () => {
        taken();
        await sleep(300);
        events.push("first");
      },
    );
    await held;
    await withLock(
      file,
      (pid) => events.push(`waiting for ${pid === process.pid ? "us" : pid}`),
      async () => {
        events.push("second");
      },
    );
    await first;
    expect(events).toEqual(["waiting for us", "first", "second"]);
    expect(existsSync(file)).toBe(false);
  });

  it("frees the lock after a failure", async () => {
    const file = join(directory, "lock");
    await expect(
      withLock(
        file,
        () => undefined,
        () => Promise.reject(new Error("no")),
      ),
    ).rejects.toThrow("no");
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    ["a process that is gone", "4194304 1"],
    ["another process with the same number", `${process.pid} 1`],
    ["a cut file", ""],
  ])("takes over the lock of %s", async (_whose, content) => {
    const file = join(directory, "lock");
    writeFileSync(file, content);
    expect(
      await withLock(
        file,
        () => expect.unreachable(),
        async () => "ran",
      ),
    ).toBe("ran");
  });
});

describe("disk space", () => {
  it("lets a build begin that fits", async () => {
    await expect(requireSpace(directory, 1)).resolves.toBeUndefined();
  });

  it("refuses one that doesn't, with both figures", async () => {
    await expect(requireSpace(directory, 1024 ** 3)).rejects.toThrow(
      /^\S+ — too little disk space \(\d+\.\d GiB free, need 1048576\.0 GiB\) — free space there .* it continues where it stopped$/,
    );
  });

  it.each([
    ["ours", Object.assign(new Error("write"), { code: "ENOSPC" })],
    ["a compiler's", new Error("link: write /x: no space left on device")],
    ["a quota's", new Error("tar: Disk quota exceeded")],
  ])("explains %s", async (_whose, cause) => {
    expect(String(await explainDiskFull(cause, directory, "kubernetes", 2048))).toMatch(
      /— the disk became full while kubernetes was built \(.* free now, need about 2\.0 GiB more\) — free space there/,
    );
  });

  it("leaves other errors alone", async () => {
    const cause = new Error("syntax error");
    expect(await explainDiskFull(cause, directory, "kubernetes", 1)).toBe(cause);
  });
});

describe("Go's version", () => {
  it.each([
    ["1.26.8", "1.26.2", 1],
    ["1.26.2", "1.26.2", 0],
    ["1.9", "1.26.2", -1],
    ["1.27", "1.26.9", 1],
    ["1.27rc1", "1.26.9", 1],
  ])("%s against %s", (one, other, sign) => expect(Math.sign(compareVersions(one, other))).toBe(sign));

  it("is the newest of all go.mod files", () => {
    const components = join(__dirname, "../../modules");
    const lines = readdirSync(components).map(
      (name) => /^go (.*)$/m.exec(readFileSync(join(components, name, "go.mod"), "utf8"))?.[1] ?? "",
    );
    expect(lines).toContain(neededGoVersion(components));
    for (const line of lines) expect(compareVersions(neededGoVersion(components), line)).toBeGreaterThanOrEqual(0);
  });
});
