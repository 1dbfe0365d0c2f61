import type { StepFacts, Steps } from "../remote/step-facts";

const SUMMARIES = {
  prepare: "installs container runtime, kubelet and API proxy",
  firewall: "lets only the stack's nodes and the configured sources reach the node's ports",
  join: "joins the cluster, or founds it",
  door: "finds a control plane that answers, to let the node in",
  admission: "lets the node join, for a limited time",
  membership: "labels the member; its undo drains it and takes it out",
  drain: "empties the node whose machine waits for a restart, in its turn",
  restart: "restarts the node's machine, if it waits for that",
  activation: "takes over what was staged, drained, in the node's turn",
  encryption: "encrypts Secrets, once every control plane has the key",
} as const;

type NodeStep = keyof typeof SUMMARIES;

/** The name of a node's step. */
export function stepName(cluster: string, node: string, step: NodeStep): string {
  return `${cluster}-${node}-${step}`;
}

/** The step that prints the administrator's kubeconfig. */
export function kubeconfigStepName(cluster: string): string {
  return `${cluster}-kubeconfig`;
}

/** The step that reads which versions run. */
export function versionsStepName(cluster: string): string {
  return `${cluster}-versions`;
}

/**
 * Every step of a cluster.
 *
 * @param restartable nodes whose machines the stack can restart
 * @param encrypting control planes of a cluster that encrypts its Secrets
 */
export function stepsOf(
  cluster: string,
  nodes: readonly string[],
  firewall: boolean,
  restartable: readonly string[] = [],
  encrypting: readonly string[] = [],
): Steps {
  const kindsOf = (node: string): readonly NodeStep[] =>
    (Object.keys(SUMMARIES) as NodeStep[]).filter((step) => {
      if (step === "drain" || step === "restart") return restartable.includes(node);
      if (step === "encryption") return encrypting.includes(node);
      return step !== "firewall" || firewall;
    });
  const entry = (node: string, step: NodeStep): [string, StepFacts] => [
    stepName(cluster, node, step),
    { node, step, summary: SUMMARIES[step] },
  ];
  return {
    ...Object.fromEntries(nodes.flatMap((node) => kindsOf(node).map((step) => entry(node, step)))),
    [kubeconfigStepName(cluster)]: { step: "kubeconfig", summary: "prints the administrator's kubeconfig" },
    [versionsStepName(cluster)]: { step: "versions", summary: "reads which versions run" },
  };
}
