/** The parts of a resource's URN: `urn:pulumi:<stack>::<project>::<types, outermost first>::<name>`. */
export interface Address {
  /** Its own type: `command:remote:Command`. */
  readonly type: string;
  /** Types of the components around it, outermost first. */
  readonly within: readonly string[];
  readonly name: string;
}

/** Takes a URN apart. A name may hold `::`. */
export function addressOf(urn: string): Address {
  const [, , types = "", ...name] = urn.split("::");
  const chain = types.split("$");
  return { type: chain.at(-1) ?? "", within: chain.slice(0, -1), name: name.join("::") };
}

/** A type without its package: `remote command`, `Secret`, `KubernetesCluster`, `provider`. */
export function shortType(type: string): string {
  const [pkg = "", module = "", name = ""] = type.split(":");
  if (pkg === "command") return `${module} command`;
  if (pkg === "pulumi" && module === "providers") return "provider";
  return name || type;
}
