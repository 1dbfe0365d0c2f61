/** Installs the Pulumi CLI and its plugins where they are missing; in `npm test` the mirror has done so already. */
import { ensurePulumi } from "@gitops-platform/mirror/pulumi/ensure";
import { paths } from "../../scripts/lib/paths";

export async function setup(): Promise<void> {
  await ensurePulumi({ home: paths.pulumiHome, cache: paths.cache, log: (line) => process.stdout.write(`${line}\n`) });
}
