/** A pod, as far as its troubles are read. */
export interface Pod {
  readonly metadata?: { readonly name?: string };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly containerStatuses?: readonly Container[];
    readonly initContainerStatuses?: readonly Container[];
  };
}

interface Container {
  readonly name: string;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: { readonly exitCode: number };
}

/**
 * The reasons why a pod isn't ready, a sentence each: it can't be scheduled, or its containers wait or end. Health of a
 * workload in Argo CD says no more than how many pods are missing.
 */
export function podTrouble({ metadata, status }: Pod): readonly string[] {
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

function containerTrouble({ lastState, state }: Container): string | undefined {
  const waiting = state?.waiting;
  const terminated = state?.terminated ?? lastState?.terminated;
  const ended = terminated && terminated.exitCode !== 0 ? `ended with ${terminated.exitCode}` : undefined;
  if (!waiting?.reason || STARTING.has(waiting.reason)) return ended;
  return [waiting.reason, ended, waiting.message].filter(Boolean).join(", ");
}
