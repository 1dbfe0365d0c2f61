/* Types of resources and the URNs that hold them. Tools and policies import this file and nothing else of a component. */

/** The type tokens of this project's components, named here and nowhere else. Frozen: every state holds them. */
export const TOKENS = {
  adoptedMachine: "gitops-platform:machines:AdoptedMachine",
  adoption: "gitops-platform:machines:Adoption",
  argoCd: "gitops-platform:gitops:ArgoCd",
  diskGate: "gitops-platform:disk-gate:DiskGate",
  hostKey: "gitops-platform:machines:HostKey",
  hub: "gitops-platform:hub:Hub",
  hypervisor: "gitops-platform:machines:Hypervisor",
  kubernetesCluster: "gitops-platform:kubernetes:KubernetesCluster",
  libvirtMachine: "gitops-platform:machines:LibvirtMachine",
  localMachine: "gitops-platform:machines:LocalMachine",
  podNetwork: "gitops-platform:kubernetes:PodNetwork",
  pushNotification: "gitops-platform:hub:PushNotification",
  recorder: "gitops-platform:health:Recorder",
  rootApplication: "gitops-platform:gitops:RootApplication",
  sealedSecrets: "gitops-platform:gitops:SealedSecrets",
} as const;

/** Types that a node's machine can have. */
export const MACHINE_TOKENS: readonly string[] = [TOKENS.adoptedMachine, TOKENS.libvirtMachine, TOKENS.localMachine];

/** The stack itself, which everything else is in. */
export const STACK = "pulumi:pulumi:Stack";

export const REMOTE_COMMAND = "command:remote:Command";

/** The parts of a resource's URN: `urn:pulumi:<stack>::<project>::<types, outermost first>::<name>`. */
export interface Address {
  readonly stack: string;
  /** Its own type: `command:remote:Command`. */
  readonly type: string;
  /** Types of the components around it, outermost first. */
  readonly within: readonly string[];
  readonly name: string;
}

/** Takes a URN apart. A name may hold `::`. */
export function addressOf(urn: string): Address {
  const [stack = "", , types = "", ...name] = urn.split("::");
  const chain = types.split("$");
  return {
    stack: stack.slice(stack.lastIndexOf(":") + 1),
    type: chain.at(-1) ?? "",
    within: chain.slice(0, -1),
    name: name.join("::"),
  };
}

/** The name of a resource, out of its URN. */
export function nameOf(urn: string): string {
  return addressOf(urn).name;
}
