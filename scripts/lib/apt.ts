import { existsSync } from "node:fs";
import { execa } from "execa";

/**
 * Installs Debian packages that are missing.
 *
 * @param packages by name, each with a file of its own
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
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, stdin: "ignore", reject: false, all: true } as const;
  await execa("apt-get", ["update", "-qq"], options);
  const install = ["install", "-y", "-qq", "--no-install-recommends", ...missing];
  const { all = "", failed } = await execa("apt-get", install, options);
  if (failed) throw new Error(`${missing.join(", ")} — can't be installed: ${all.trim()}; install it and run again`);
  return missing;
}
