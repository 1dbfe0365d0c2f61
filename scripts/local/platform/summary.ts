import { execa } from "execa";
import { join } from "node:path";
import { describeGateResult } from "../../../components/disk-gate/measurement";
import { paths } from "../../lib/paths";
import { table } from "@gitops-platform/cli/table";
import type { StackOutputs } from "./stack";

interface KubernetesNode {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
    readonly nodeInfo: { readonly kubeletVersion: string };
  };
}

interface Application {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly sync?: { readonly status?: string }; readonly health?: { readonly status?: string } };
}

/** The platform as the cluster itself reports it. */
export interface Observed {
  readonly nodes: readonly { readonly name: string; readonly ready: boolean; readonly version: string }[];
  readonly applications: readonly { readonly name: string; readonly sync: string; readonly health: string }[];
}

/** Asks the running cluster for its nodes and Argo CD's applications. */
export async function observe(): Promise<Observed> {
  const kubectl = async <T>(...args: string[]): Promise<readonly T[]> => {
    const command = ["--kubeconfig", paths.kubeconfig, "--request-timeout=10s", "get", ...args, "-o", "json"];
    const { stdout } = await execa(join(paths.mirror, "bin", "kubectl"), command);
    return (JSON.parse(stdout) as { items: readonly T[] }).items;
  };
  const [nodes, applications] = await Promise.all([
    kubectl<KubernetesNode>("nodes"),
    kubectl<Application>("applications.argoproj.io", "--namespace", "argocd"),
  ]);
  return {
    nodes: nodes.map((node) => ({
      name: node.metadata.name,
      ready: node.status.conditions.some((condition) => condition.type === "Ready" && condition.status === "True"),
      version: node.status.nodeInfo.kubeletVersion,
    })),
    applications: applications.map((application) => ({
      name: application.metadata.name,
      sync: application.status?.sync?.status ?? "Unknown",
      health: application.status?.health?.status ?? "Unknown",
    })),
  };
}

/** The end of `npm start`: machines, applications, versions, and how to reach them. No secret is in it. */
export function renderSummary(outputs: StackOutputs, observed: Observed): string {
  const nodes = outputs.nodes.map((node) => {
    const seen = observed.nodes.find(({ name }) => name === node.name);
    const gate = outputs.diskGate[node.name];
    const state = seen?.ready ? "Ready" : "NotReady";
    return [node.name, node.role, node.address, state, seen?.version ?? "", gate ? describeGateResult(gate) : ""];
  });
  const applications = observed.applications.map(({ name, sync, health }) => [name, sync, health]);
  const versions = Object.entries(outputs.versions).map(([name, version]) => `${name} ${version}`);
  const warnings = Object.entries(outputs.diskGate).flatMap(([name, gate]) =>
    gate.warnings.map((warning) => `  warning: ${name}: ${warning}`),
  );
  return [
    "Machines",
    ...table(nodes),
    ...warnings,
    "Applications",
    ...table(applications),
    "Versions",
    `  ${versions.join(", ")}`,
    `Certificates until ${outputs.certificates.notAfter.slice(0, 10)}, renewed before that`,
    "Reach it (docs/guides/access.md)",
    `  export KUBECONFIG=${paths.kubeconfig} PATH=${paths.bin}:$PATH`,
    `  Argo CD   ${outputs.argocd.url} in a browser (self-signed certificate), or argocd app list, which logs in by itself`,
    `            user admin, password: npm --prefix ${paths.root} run --silent pulumi -- stack output argocd --show-secrets`,
    `  Git       git clone -c core.sshCommand="ssh -i ${join(paths.keys, "operator")} -o IdentitiesOnly=yes -o UserKnownHostsFile=${paths.knownHosts}" \\`,
    `            ${outputs.rootApplication.repoURL}`,
    `  Seal      kubeseal --format=yaml --cert=${paths.certificate} < secret.yaml > sealed-secret.yaml`,
  ].join("\n");
}
