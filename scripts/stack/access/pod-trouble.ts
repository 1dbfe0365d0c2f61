import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";

/**
 * The reasons why a pod isn't ready, a sentence each: it can't be scheduled, or its containers wait or end. Health of a
 * workload in Argo CD says no more than how many pods are missing.
 */
export function podTrouble({ metadata, status }: V1Pod): readonly string[] {
  const { conditions = [], containerStatuses = [], initContainerStatuses = [] } = status ?? {};
  const name = `Pod ${metadata?.name ?? ""}`;
  const unscheduled = conditions.filter(({ type, status: met }) => type === "PodScheduled" && met === "False");
  return [
    ...unscheduled.map(({ message }) => `${name}: not scheduled: ${message ?? ""}`),
    ...[...initContainerStatuses, ...containerStatuses].flatMap((container) => {
      const trouble = containerTrouble(container);
      return trouble === undefined ? [] : [`${name}, container ${container.name}: ${trouble}`];
    }),
  ];
}

/** Reasons of a container that is starting as it should. */
const STARTING: ReadonlySet<string> = new Set(["ContainerCreating", "PodInitializing"]);

function containerTrouble({ lastState, state }: V1ContainerStatus): string | undefined {
  const { waiting, terminated = lastState?.terminated } = state ?? {};
  const ended = terminated && terminated.exitCode !== 0 ? `ended with ${terminated.exitCode}` : undefined;
  if (!waiting?.reason || STARTING.has(waiting.reason)) return ended;
  return [waiting.reason, ended, waiting.message].filter(Boolean).join(", ");
}
