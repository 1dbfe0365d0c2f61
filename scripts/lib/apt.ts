import { existsSync } from "node:fs";
import { execa } from "execa";

/**
 * Installs the Debian packages of which the given file is missing.
 *
 * @returns the names of what was installed
 * @throws when the package manager fails, for example for want of root
 */
export async function installMissing(
  packages: Readonly<Record<string, string>>,
  report: (line: string) => void,
): Promise<readonly string[]> {
  const missing = Object.entries(packages)
    .filter(([, file]) => !existsSync(file))
    .map(([name]) => name);
  if (missing.length === 0) return missing;
  report(`apt-get install ${missing.join(" ")}`);
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, stdin: "ignore" } as const;
  await execa("apt-get", ["update", "-qq"], options);
  await execa("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], options);
  return missing;
}
