import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * Flags with which `pulumi preview` and `pulumi up` enforce the rules: the pack, and `policy/settings/<stack>.json` where
 * it exists. Unlike the directory as a pack, they work with every installation of Pulumi.
 */
export function policyArguments(stack: string): readonly string[] {
  const settings = join(__dirname, "settings", `${stack}.json`);
  return [
    "--policy-pack",
    join(__dirname, "pack.js"),
    ...(existsSync(settings) ? ["--policy-pack-config", settings] : []),
  ];
}
