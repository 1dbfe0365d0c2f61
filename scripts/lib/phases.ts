import { TOKENS, addressOf } from "../../components/tokens";
import type { EngineEvent } from "./events";

type Component = keyof typeof TOKENS;

/** The phases of an update, in the order in which they begin, by what is made in each. */
const PHASES: Readonly<Record<string, readonly Component[]>> = {
  Machines: ["localMachine", "libvirtMachine", "adoptedMachine", "hypervisor", "adoption", "hostKey", "hub"],
  "Disk gate": ["diskGate"],
  Kubernetes: ["kubernetesCluster"],
  Recorder: ["recorder"],
  "Pod network": ["podNetwork"],
  "Argo CD": ["argoCd"],
  "Sealed Secrets": ["sealedSecrets"],
  Applications: ["rootApplication", "pushNotification"],
};

interface Phase {
  readonly begin: number;
  end: number;
  resources: number;
}

/** Where an update is, for a person who doesn't know the resources' names. Phases overlap: what can, runs in parallel. */
export class Phases {
  private readonly phases = new Map<string, Phase>();
  private readonly running = new Set<string>();
  private readonly start: number;

  /** @param now a clock in seconds; tests bring their own */
  constructor(private readonly now: () => number = () => performance.now() / 1000) {
    this.start = now();
  }

  /** Takes every event of an update. @returns the line for a phase that begins with this one */
  note({ resOpFailedEvent, resOutputsEvent, resourcePreEvent }: EngineEvent): string | undefined {
    const begun = resourcePreEvent?.metadata;
    const done = resOutputsEvent?.metadata ?? resOpFailedEvent?.metadata;
    const urn = begun?.urn ?? done?.urn;
    const title = urn === undefined || !isWork(urn) ? undefined : phaseOf(urn);
    if (urn === undefined || title === undefined) return undefined;
    const phase = this.phases.get(title);
    if (begun) {
      if (begun.op === "same" || begun.op === "read") return undefined;
      this.running.add(urn);
      if (phase) return undefined;
      this.phases.set(title, { begin: this.now(), end: this.now(), resources: 0 });
      return `${title} (${(this.now() - this.start).toFixed(1)} s after the start)`;
    }
    if (!phase || !this.running.delete(urn)) return undefined;
    phase.end = this.now();
    phase.resources += 1;
    return undefined;
  }

  /** One line for all that was done: `Machines 8.2 s (17 resources), Disk gate 1.4 s (1 resource)`. */
  summary(): string | undefined {
    const done = [...this.phases].map(([title, { begin, end, resources }]) => {
      return `${title} ${(end - begin).toFixed(1)} s (${resources} ${resources === 1 ? "resource" : "resources"})`;
    });
    return done.length > 0 ? done.join(", ") : undefined;
  }
}

/** Passwords and identities, all made in the first second, say nothing about where an update is. */
function isWork(urn: string): boolean {
  return /^(command|kubernetes):/.test(addressOf(urn).type);
}

/** The phase of a resource: that of the outermost component it belongs to. */
function phaseOf(urn: string): string | undefined {
  const { within } = addressOf(urn);
  const outermost = within.find((type) => type.startsWith("gitops-platform:"));
  return Object.entries(PHASES).find(([, components]) => components.some((name) => TOKENS[name] === outermost))?.[0];
}
