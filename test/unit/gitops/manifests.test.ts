/** The vendored manifests are what was vendored: nobody edits them by hand. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const FOLDER = join(__dirname, "../../../components/gitops/manifests");

describe("the vendored manifests", () => {
  const listed = readFileSync(join(FOLDER, "SHA256SUMS"), "utf8")
    .trim()
    .split("\n")
    .map((line): [string, string] => [line.slice(0, 64), line.slice(66)]);

  it.each(listed)("%s is the sum of %s", (sum, file) => {
    expect(
      createHash("sha256")
        .update(readFileSync(join(FOLDER, file), "utf8"))
        .digest("hex"),
    ).toBe(sum);
  });

  it("are all listed", () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith(".yaml"));
    expect(listed.map(([, file]) => file).sort()).toEqual(files.sort());
  });
});
