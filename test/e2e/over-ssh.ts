import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paths } from "../../scripts/lib/paths";
import { run, type Ran } from "./platform";

/** Runs a script as root over SSH, with the operator's key and a pinned host key. */
export async function overSsh(address: string, hostKey: string, script: string, seconds = 300): Promise<Ran> {
  const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-ssh-"));
  try {
    const known = join(scratch, "known_hosts");
    writeFileSync(known, `${address} ${hostKey}\n`);
    const options = [
      ...["-i", join(paths.keys, "operator"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"],
      ...["-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile=${known}`, "-o", "ConnectTimeout=10"],
    ];
    const bash = `timeout ${seconds} bash -s -- apply`;
    return await run("ssh", [...options, `root@${address}`, bash], { stdin: "pipe", input: script });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
