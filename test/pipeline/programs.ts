import { execa } from "execa";
import { existsSync } from "node:fs";
import { ensurePulumi } from "@gitops-platform/mirror/pulumi/ensure";
import { paths } from "../../scripts/lib/paths";

/** Makes Pulumi's programs, and what these tests watch them with, ready before the first test. */
export default async function setup(): Promise<void> {
  await ensurePulumi({
    ...{ home: paths.pulumiHome, cache: paths.cache },
    log: (line) => void process.stdout.write(`${line}\n`),
  });
  if (existsSync("/usr/bin/strace")) return;
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, stdio: ["ignore", "ignore", "inherit"] } as const;
  await execa("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "strace"], options);
}
