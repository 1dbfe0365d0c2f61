import { join } from "node:path";

const ROOT = join(__dirname, "..", "..");

/** Environments whose stack files a site makes its own. */
export const ENVIRONMENTS = ["staging", "production"] as const;

/** The file beside Pulumi.yaml. */
export const ownStackFile = (stack: string): string => join(ROOT, `Pulumi.${stack}.yaml`);

/**
 * The stack file that tests are about. For an environment that is a copy of the file as it is given, kept here: a site's
 * own addresses and machines in Pulumi.production.yaml must not fail the checks that its merge request has to pass.
 */
export function testedStackFile(stack: string): string {
  const copied = ENVIRONMENTS.some((environment) => environment === stack);
  return copied ? join(__dirname, `Pulumi.${stack}.yaml`) : ownStackFile(stack);
}
