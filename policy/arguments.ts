import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * What makes `pulumi preview` and `pulumi up` keep the rules: the pack, and a stack's settings where
 * `policy/settings/<stack>.json` has some. Works with every installation of Pulumi, unlike the directory as a pack.
 */
export function policyArguments(stack: string): readonly string[] {
  const settings = join(__dirname, "settings", `${stack}.json`);
  return [
    "--policy-pack",
    join(__dirname, "pack.js"),
    ...(existsSync(settings) ? ["--policy-pack-config", settings] : []),
  ];
}
