import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../platform/paths";

/**
 * Flags that make Pulumi check an update against the rules of `policy/`; none where there are no rules. The folder is
 * an executable policy pack (`PulumiPolicy.yaml` and its launcher), made ready by whoever runs a command that uses it.
 */
export function policyPackArgs(): readonly string[] {
  const pack = join(root, "policy");
  return existsSync(join(pack, "PulumiPolicy.yaml")) ? ["--policy-pack", pack] : [];
}
