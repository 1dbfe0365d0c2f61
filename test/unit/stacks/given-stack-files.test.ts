/** The stack files that tests are about are those that are given, as long as nobody has made them their own. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ENVIRONMENTS, ownStackFile, testedStackFile } from "../../stacks/stack-file";

for (const stack of ENVIRONMENTS) {
  const own = readFileSync(ownStackFile(stack), "utf8");
  // Pulumi writes the salt with the first secret of a site.
  const given = !/^encryptionsalt:/m.test(own);
  it.skipIf(!given)(`test/stacks has Pulumi.${stack}.yaml as it is given`, () => {
    expect(readFileSync(testedStackFile(stack), "utf8"), `cp Pulumi.${stack}.yaml test/stacks/`).toBe(own);
  });
}
