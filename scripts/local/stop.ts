import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { holdPlatform } from "./platform/exclusive";
import { endOrphans } from "../lib/orphans";
import { paths, root } from "../lib/paths";
import { localTarget, pulumiBinary, stackExists } from "../lib/pulumi";
import { update } from "../lib/update";
import { releaseStaleLock, removeTornAttributes } from "./platform/stack";

export const command = defineCommand({
  name: "npm stop",
  summary:
    "Destroys the local platform and every trace of it on this computer, also a broken or half-built one. Kept: the caches, " +
    "and what makes the next start the same platform (.local/keys, .local/git, the passphrase, the stack file).",
  arguments: [],
  flags: {},
  exits: { 0: "the platform is gone", 1: "something of it could not be removed" },
  run: async () => {
    await holdPlatform();
    await endOrphans();
    if (stackExists() && existsSync(pulumiBinary())) {
      releaseStaleLock();
      removeTornAttributes(paths.state);
      const result = await update("destroy", localTarget(), [], (line) => print(`${line}\n`));
      if (result.exitCode !== 0) {
        // The machines go either way, and the state describes nothing else.
        print(`pulumi destroy did not finish (log: ${result.log}); sweeping the machines away instead\n`);
        rmSync(paths.state, { recursive: true, force: true });
      }
    }
    await execa("bash", [join(root, "components", "machines", "local", "sweep.sh"), paths.machines], {
      stdio: "inherit",
    });
    for (const file of [paths.machines, paths.kubeconfig, paths.certificate, paths.knownHosts, paths.argocdLogin])
      rmSync(file, { recursive: true, force: true });
    print(
      "The local platform is gone. Kept for the next start: the caches and .local (keys, Git repository, sealing key);\n" +
        `remove them with: rm -rf ${paths.local} ${paths.cache}\n`,
    );
  },
});

runAsProgram(module, command);
