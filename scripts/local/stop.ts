/**
 * `npm stop`: destroys the local platform and every trace of it on this computer.
 *
 * Kept: the caches, and what makes the next start the same platform (`.local/keys`, `.local/git`, the passphrase and
 * the stack file with the sealing key). A broken or half-built platform is swept away without Pulumi's help.
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { holdPlatform } from "./platform/exclusive";
import { endOrphans } from "../lib/orphans";
import { paths, root } from "../lib/paths";
import { pulumiBinary, stackExists, update } from "../lib/pulumi";
import { releaseStaleLock, removeTornAttributes } from "./platform/stack";

async function main(): Promise<void> {
  await holdPlatform();
  await endOrphans();
  if (stackExists() && existsSync(pulumiBinary())) {
    releaseStaleLock();
    removeTornAttributes(paths.state);
    const result = await update("destroy", [], (line) => process.stdout.write(`${line}\n`));
    if (result.exitCode !== 0) {
      // The machines go either way, so the state that describes them has nothing left to describe.
      process.stdout.write(`pulumi destroy did not finish (log: ${result.log}); sweeping the machines away instead\n`);
      rmSync(paths.state, { recursive: true, force: true });
    }
  }
  await execa("bash", [join(root, "scripts", "local", "machine", "sweep.sh"), paths.machines], { stdio: "inherit" });
  for (const file of [paths.machines, paths.kubeconfig, paths.certificate])
    rmSync(file, { recursive: true, force: true });
  process.stdout.write(
    "The local platform is gone. Kept for the next start: the caches and .local (keys, Git repository, sealing key);\n" +
      `remove them with: rm -rf ${paths.local} ${paths.cache}\n`,
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
