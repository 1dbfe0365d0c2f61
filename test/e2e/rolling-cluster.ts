/** What drills need in a cluster whose nodes have their turns: more nodes, and an application that a budget protects. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Document, YAMLSeq } from "yaml";
import { paths, root } from "../../scripts/lib/paths";
import { eventually, kubectl, kubectlJson, must } from "./platform";

const MACHINE = join(root, "components/machines/local/machine.sh");

/** Two replicas on two nodes, and a budget that first lets none of them go. */
const WEB = (minAvailable: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: drill-web, namespace: default }
spec:
  replicas: 2
  selector: { matchLabels: { app: drill-web } }
  template:
    metadata: { labels: { app: drill-web } }
    spec:
      topologySpreadConstraints:
        - { maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: { matchLabels: { app: drill-web } } }
      containers:
        - name: web
          image: ghcr.io/stefanprodan/podinfo:6.9.2
          readinessProbe: { httpGet: { path: /readyz, port: 9898 } }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: drill-web, namespace: default }
spec: { minAvailable: ${minAvailable}, selector: { matchLabels: { app: drill-web } } }
`;

/** Makes the Deployment or changes its budget, and waits until both pods are ready. */
export async function deployWeb(minAvailable: number): Promise<void> {
  const file = join(paths.state, "drill-web.yaml");
  writeFileSync(file, WEB(minAvailable));
  await kubectl("apply", "--filename", file);
  await eventually("the Deployment is there", 120, async () =>
    assert.equal(await kubectl("get", "deployment/drill-web", "-o", "jsonpath={.status.readyReplicas}"), "2"),
  );
}

export function addNode(document: Document.Parsed, name: string, role: string, address: string, at?: number): void {
  const nodes = document.getIn(["config", "gitops-platform:nodes"]) as YAMLSeq;
  const node = document.createNode({ name, kind: "local", role, address });
  nodes.items.splice(at ?? nodes.items.length, 0, node);
}

export function addControlPlanes(document: Document.Parsed): void {
  addNode(document, "cp-2", "control-plane", "10.78.0.12", 1);
  addNode(document, "cp-3", "control-plane", "10.78.0.13", 2);
}

/** Takes a machine and its disk away, without a word to anybody. */
export async function loseMachine(name: string): Promise<void> {
  await must("bash", [MACHINE, "power-off", name]);
  rmSync(join(paths.machines, name, "disk.img"));
}

/** Names of nodes that take no pods. */
export async function cordonedNodes(): Promise<readonly string[]> {
  const { items } = await kubectlJson<{ items: { metadata: { name: string }; spec?: { unschedulable?: boolean } }[] }>(
    "get",
    "nodes",
  );
  return items.filter(({ spec }) => spec?.unschedulable === true).map(({ metadata }) => metadata.name);
}
