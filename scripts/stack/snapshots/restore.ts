import { createHash } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { print } from "@gitops-platform/cli/command";
import { execa } from "execa";
import { apiServerIn, waitForApi } from "../../lib/api-server";
import { root } from "../../lib/paths";
import { outputsOf } from "../../lib/stack-state";
import { readStackYaml } from "../../lib/stack-yaml";
import type { StackAccess } from "../access/stack-access";
import { exportState } from "../drift/cluster";
import { bring, controlPlanesOf } from "./nodes";
import type { Snapshot } from "./pack";

/** How often the founding machine is looked for. */
const POLL_MS = 4000;

/**
 * Refuses a snapshot that the stack's next cluster can't be founded with. Nothing has been changed by then.
 *
 * @param versions of the stack file
 */
export function refuseUnfit(
  stack: string,
  { manifest }: Pick<Snapshot, "manifest">,
  file: { readonly cluster: string; readonly kubernetes: string },
): void {
  const wrong =
    manifest.cluster !== file.cluster
      ? `is of the cluster ${manifest.cluster} (need ${file.cluster}, as Pulumi.${stack}.yaml names it); choose one of this stack`
      : manifest.kubernetes !== file.kubernetes
        ? `is of Kubernetes ${manifest.kubernetes}, and Pulumi.${stack}.yaml has ${file.kubernetes}; set versions.kubernetes to ` +
          `${manifest.kubernetes} for the restore, and upgrade afterwards`
        : undefined;
  if (wrong !== undefined) throw new Error(`the snapshot ${wrong}. Nothing was changed`);
}

/** What the stack file says of the cluster. */
export function clusterIn(stack: string): { readonly cluster: string; readonly kubernetes: string } {
  const { config = {} } = readStackYaml(join(root, `Pulumi.${stack}.yaml`));
  const { name = "" } = (config["gitops-platform:cluster"] ?? {}) as { readonly name?: string };
  const { kubernetes = "" } = (config["gitops-platform:versions"] ?? {}) as { readonly kubernetes?: string };
  return { cluster: name, kubernetes };
}

/**
 * Brings the stack up as ever (`npm start`, `npm run deploy`), and meanwhile the snapshot to the machine that founds the
 * cluster: its step waits for it. A machine that is a member already takes none.
 *
 * @throws when the cluster lives, or was not founded with the snapshot
 */
export async function restoreStack(
  access: StackAccess,
  name: string,
  { caCertificate, clear }: Snapshot,
): Promise<void> {
  const { stack } = access;
  const args = stack === "local" ? ["start"] : ["run", "deploy", "--", stack];
  const before = await exportState(access);
  const api = apiServerIn(before.resources ?? []);
  if (api && (await waitForApi(api, { seconds: 0, report: () => undefined })))
    throw new Error(
      `stack ${stack} — its cluster lives: ${api.endpoint} is ready. A restore founds a lost cluster anew, and would go back ` +
        "to an older state; nothing was changed. A restore that stopped after it had founded the cluster goes on with " +
        `npm ${args.join(" ")}; else see docs/runbooks/lost-cluster.md`,
    );
  const sha256 = createHash("sha256").update(clear).digest("hex");
  const up = execa("npm", args, {
    ...{ cwd: root, stdio: "inherit", reject: false },
    env: { GITOPS_PLATFORM_RESTORE: `${name} ${sha256}` },
  });
  const ended = new AbortController();
  void up.finally(() => ended.abort());
  let last = "no control plane was prepared";
  const { founded: lost } = outputsOf(before) as { founded?: { founder?: string } };
  let brought = "";
  while (!ended.signal.aborted && brought === "") {
    await sleep(POLL_MS);
    try {
      const nodes = controlPlanesOf(stack, await exportState(access));
      const founder = nodes.find(({ name }) => name === lost?.founder) ?? nodes[0];
      if (!founder) continue;
      await bring(founder, clear, sha256);
      brought = founder.name;
      print(`${name} is on ${brought}, which founds the cluster with it\n`);
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
  }
  const { exitCode } = await up;
  const { founded } = outputsOf(await exportState(access)) as { founded?: { caCertificate?: string } };
  if (exitCode !== 0)
    throw new Error(
      `stack ${stack} — is not up, for the reasons above${brought === "" ? `, and got no snapshot (${last})` : ""}; run the restore again`,
    );
  if (brought !== "" && founded?.caCertificate === caCertificate) return;
  throw new Error(
    `stack ${stack} — is up, and was not founded with ${name}: a control plane had its cluster already. To go back to a ` +
      "snapshot, take its machines away first (docs/runbooks/lost-cluster.md)",
  );
}
