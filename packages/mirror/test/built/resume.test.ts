// Real builds with real compilers, in a cache of their own. Does not prove a first build from empty Go caches: that takes
// half an hour, and `npm test` on a fresh machine does it.
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readArtifacts } from "../../publish/artifacts-file";
import { MirrorLayout } from "../../publish/layout";
import { builtNames, CACHE, PROJECT, Workspace } from "./workspace";

let workspace: Workspace;
beforeEach(() => (workspace = new Workspace()));
afterEach(() => workspace.remove());

/** Command lines of processes that work for this workspace. */
function processes(): string[] {
  const commands = readdirSync("/proc").flatMap((pid) => {
    const file = join("/proc", pid, "cmdline");
    return /^\d+$/.test(pid) && existsSync(file) ? readFileSync(file, "utf8").replaceAll("\0", " ") : [];
  });
  return commands.filter((command) => command.includes(workspace.home));
}

/** Waits for a compiler's process of this workspace. @throws after a minute */
async function begins(command: string): Promise<void> {
  const began = Date.now();
  while (Date.now() - began < 60_000) {
    if (processes().some((line) => line.includes(command))) return;
    await sleep(20);
  }
  throw new Error(`${command} — no such process within a minute`);
}

it("killed half-way, it goes on with what isn't finished, to the same result as ever; then there is nothing to do", async () => {
  const missing = ["crane", "etcd", "image-etcd", "cni-flannel", "image-flannel-cni-plugin"];
  workspace.shareBuilds(missing);
  const first = workspace.start();
  await begins("go.etcd.io/etcd/server");
  first.child.kill("SIGKILL");
  await first.exit;
  await sleep(500);
  expect(processes()).toEqual([]);
  expect(existsSync(join(workspace.cache, "build", "etcd"))).toBe(false);

  const second = await workspace.mirror();
  expect([second.code, second.lines.at(-1)]).toEqual([0, expect.stringMatching(/^mirror: updated in \d+ s: /)]);
  expect(builtNames([...first.lines, ...second.lines])).toEqual([...missing].sort());
  expect(readArtifacts(new MirrorLayout(workspace.cache).artifactsFile)).toEqual(
    readArtifacts(new MirrorLayout(CACHE).artifactsFile),
  );

  const third = await workspace.mirror();
  expect([third.code, ...third.lines]).toEqual([0, `mirror: is up to date: ${workspace.cache}/mirror`]);
  expect(third.seconds).toBeLessThan(3);
});

it("rebuilds one component for a changed pin, and what is made from it", async () => {
  workspace.shareBuilds();
  expect((await workspace.mirror()).code).toBe(0);
  const clone = join(workspace.home, "clone");
  cpSync(join(PROJECT, "packages"), join(clone, "packages"), { recursive: true });
  cpSync(join(PROJECT, "tsconfig.json"), join(clone, "tsconfig.json"));
  symlinkSync(join(PROJECT, "node_modules"), join(clone, "node_modules"));
  const pins = join(clone, "packages/mirror/catalogue/go-components.ts");
  writeFileSync(pins, readFileSync(pins, "utf8").replace("e86405a8674e", "another-build"));

  const changed = await workspace.mirror([], clone);
  expect([changed.code, builtNames(changed.lines)]).toEqual([0, ["image-podinfo", "podinfo"]]);
  expect(changed.lines.at(-1)).toMatch(/^mirror: updated in /);
});

it("waits for a build that runs, instead of disturbing it", async () => {
  workspace.shareBuilds(["cni-flannel", "image-flannel-cni-plugin"]);
  const first = workspace.start();
  await begins("go build");
  const second = await workspace.mirror();
  expect([await first.exit, second.code]).toEqual([0, 0]);
  expect(second.lines).toEqual([
    `mirror: waiting for another mirror build, process ${first.child.pid ?? 0}`,
    `mirror: is up to date: ${workspace.cache}/mirror`,
  ]);
});
