import { TOKENS } from "../../../components/tokens";
import type { Change } from "./change";

/* What a plan restarts of the parts that run on the cluster: their versions, and the pod network's pods. */

interface Part {
  readonly name: string;
  readonly type: string;
  /** The component's input that says which version. */
  readonly input: string;
  /** What an update of it does; unset where another sentence says so. */
  readonly effect?: string;
}

const PARTS: readonly Part[] = [
  {
    ...{ name: "Argo CD", type: TOKENS.argoCd, input: "version" },
    effect:
      "its definitions change first, then its parts restart, and nothing is synced until they are back. " +
      "Applications and what they deployed stay. There is no way back to the older version",
  },
  {
    ...{ name: "Sealed Secrets' chart", type: TOKENS.sealedSecrets, input: "chart" },
    effect: "its controller restarts, and opens nothing new meanwhile; keys and opened Secrets stay",
  },
  { name: "flannel", type: TOKENS.podNetwork, input: "flannel" },
  { name: "kube-router", type: TOKENS.podNetwork, input: "kubeRouter" },
];

/** The sentences about parts on the cluster that get another version or start again. */
export function rolloutsOf(changes: readonly Change[]): readonly string[] {
  const updated = changes.filter(({ operation }) => operation === "update");
  const versions = PARTS.flatMap(({ effect, input, name, type }) =>
    updated.flatMap((change) => {
      if (change.type !== type) return [];
      const [from, to] = [change.step.oldState, change.step.newState].map((state) => state?.inputs?.[input]);
      if (typeof from !== "string" || typeof to !== "string" || from === to) return [];
      return [`${name} becomes ${to} (was ${from})${effect === undefined ? "" : `: ${effect}`}.`];
    }),
  );
  const daemons = updated
    .filter(({ type, within }) => type === "kubernetes:apps/v1:DaemonSet" && within.at(-1) === TOKENS.podNetwork)
    .map(({ name }) => name);
  if (daemons.length === 0) return versions;
  return [
    ...versions,
    `The pod network's pods start again, one node at a time: ${daemons.join(", ")}. Pods keep their connections; a changed ` +
      "network policy is enforced on a node once its pod is back.",
  ];
}
