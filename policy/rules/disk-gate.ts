import { REMOTE_COMMAND, TOKENS } from "../../components/tokens";
import { fields, lineage, type Resource, text, UNKNOWN } from "../resource";
import type { StackRule, Violation } from "../rule";
import { clusters, controlPlanesOf, isProduction } from "./cluster-facts";

const LIMIT_MS = 10;

export const gateForEveryEtcdNode: StackRule = {
  name: "gate-for-every-etcd-node",
  description: "The disk of every etcd node is measured before etcd lives on it.",
  enforcement: "mandatory",
  comply: "give the DiskGate every control plane that the KubernetesCluster gets",
  stack: ({ resources }) => {
    const measured = resources.filter(isMeasurement).map(hostOf);
    // Each of these is the gate of some node.
    const unknown = measured.filter((host) => host === UNKNOWN).length;
    return clusters(resources).flatMap((cluster): Violation[] => {
      const nodes = controlPlanesOf(cluster);
      if (nodes.length === 0)
        return [{ urn: cluster.urn, text: "doesn't tell its control planes (outputs.controlPlanes)" }];
      const missing = nodes.filter(({ address }) => !measured.includes(address));
      return missing.slice(unknown).map(({ name }) => ({
        urn: cluster.urn,
        text: `${name} holds an etcd member and has no disk gate`,
      }));
    });
  },
};

export const noGateOverride: StackRule = {
  name: "no-gate-override",
  description: `In production no disk slower than ${LIMIT_MS} ms passes the gate.`,
  enforcement: "mandatory",
  settings: ["stacks"],
  comply: `take diskGate.override out of the stack file, keep diskGate.limitMs at ${LIMIT_MS} or below, and give the node a faster disk`,
  stack: ({ name, resources }, settings) => {
    if (!isProduction(name, settings)) return [];
    return resources
      .filter(({ type }) => type === TOKENS.diskGate)
      .flatMap(({ urn, values: { limitMs, override } }): Violation[] => [
        ...(override === undefined || override === ""
          ? []
          : [{ urn, text: "has an override: a slow disk would pass" }]),
        ...(typeof limitMs === "number" && limitMs <= LIMIT_MS
          ? []
          : [
              {
                urn,
                text: `limitMs is ${typeof limitMs === "number" ? limitMs : "not told"} (need ${LIMIT_MS} at most)`,
              },
            ]),
      ]);
  },
};

function isMeasurement({ urn, type }: Resource): boolean {
  return type === REMOTE_COMMAND && lineage(urn).includes(TOKENS.diskGate);
}

function hostOf({ values }: Resource): string | typeof UNKNOWN {
  const { connection } = values;
  const host = connection === UNKNOWN ? UNKNOWN : fields(connection)["host"];
  return host === UNKNOWN ? UNKNOWN : (text(host) ?? "");
}
