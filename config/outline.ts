import { z } from "zod";
import { hypervisor } from "./hypervisor-schema";
import { acceptedNotice, adoptedNode, libvirtNode, mirror, sections, snapshots, upstream } from "./schema";

type WellFormed<T extends z.ZodType> = Readonly<Partial<z.output<T>>>;

/**
 * A configuration as far as it is well-formed, defaults filled in. Rules that compare values with each other read this,
 * so that a wrong type in one place does not hide a duplicate in another: every problem is reported at once.
 */
export interface Outline {
  readonly cluster: WellFormed<typeof sections.cluster>;
  readonly network: WellFormed<typeof sections.network>;
  readonly versions: WellFormed<typeof sections.versions>;
  readonly ssh: WellFormed<typeof sections.ssh>;
  readonly gitops: WellFormed<typeof sections.gitops>;
  readonly artifacts: { readonly source?: string; readonly list?: string };
  /** Unset where the key is absent. */
  readonly hub?: WellFormed<typeof sections.hub>;
  readonly localMachines?: WellFormed<typeof sections.localMachines>;
  readonly snapshots?: WellFormed<typeof snapshots>;
  readonly nodes: readonly OutlinedNode[];
  readonly hypervisors: readonly WellFormed<typeof hypervisor>[];
  /** As written: the rules count the keys that are there, even wrong ones. */
  readonly guestImage?: Partial<Record<"url" | "path" | "sha512" | "sha256", string>>;
  readonly acceptedNotices: readonly WellFormed<typeof acceptedNotice>[];
  readonly sealingKeys: readonly { readonly certificate?: string; readonly privateKey?: string }[];
}

/** A node of any kind, as far as it is well-formed. */
export interface OutlinedNode
  extends
    Omit<WellFormed<typeof adoptedNode>, "kind">,
    Pick<WellFormed<typeof libvirtNode>, "hypervisor" | "memoryMiB" | "mac" | "ipv6" | "gateway6" | "etcdDiskGiB"> {
  readonly kind?: string;
}

/** Reads what can be read of a configuration that may be wrong anywhere. */
export function outline(raw: unknown): Outline {
  const root = record(raw);
  return {
    cluster: wellFormed(sections.cluster, root["cluster"]),
    network: wellFormed(sections.network, root["network"]),
    versions: wellFormed(sections.versions, root["versions"]),
    ssh: wellFormed(sections.ssh, root["ssh"]),
    gitops: wellFormed(sections.gitops, root["gitops"]),
    artifacts: outlineArtifacts(root["artifacts"]),
    hub: root["hub"] === undefined ? undefined : wellFormed(sections.hub, root["hub"]),
    localMachines:
      root["localMachines"] === undefined ? undefined : wellFormed(sections.localMachines, root["localMachines"]),
    snapshots: root["snapshots"] === undefined ? undefined : wellFormed(snapshots, root["snapshots"]),
    nodes: array(root["nodes"]).map((node) => ({
      ...wellFormed(adoptedNode, node),
      ...wellFormed(
        libvirtNode.pick({
          hypervisor: true,
          memoryMiB: true,
          mac: true,
          ipv6: true,
          gateway6: true,
          etcdDiskGiB: true,
        }),
        node,
      ),
      ...texts(node, ["kind"]),
    })),
    hypervisors: array(root["hypervisors"]).map((entry) => wellFormed(hypervisor, entry)),
    guestImage:
      root["guestImage"] === undefined ? undefined : texts(root["guestImage"], ["url", "path", "sha512", "sha256"]),
    acceptedNotices: array(root["acceptedNotices"]).map((entry) => wellFormed(acceptedNotice, entry)),
    sealingKeys: array(root["sealingKeys"]).map((pair) => texts(pair, ["certificate", "privateKey"])),
  };
}

function outlineArtifacts(value: unknown): Outline["artifacts"] {
  const { source } = record(value);
  if (source === "mirror") return wellFormed(mirror, value);
  return source === "upstream" ? wellFormed(upstream, value) : {};
}

/** The fields of an object that their own schemas accept. */
function wellFormed<T extends z.ZodRawShape>(section: z.ZodObject<T>, value: unknown): WellFormed<z.ZodObject<T>> {
  const fields = record(value);
  const accepted = Object.entries(section.shape).flatMap(([key, schema]) => {
    const result = z.safeParse(schema, fields[key]);
    return result.success && result.data !== undefined ? [[key, result.data] as const] : [];
  });
  return Object.fromEntries(accepted) as WellFormed<z.ZodObject<T>>;
}

function texts<K extends string>(value: unknown, keys: readonly K[]): Partial<Record<K, string>> {
  const fields = record(value);
  const found = keys.flatMap((key) =>
    typeof fields[key] === "string" && fields[key] !== "" ? [[key, fields[key]]] : [],
  );
  return Object.fromEntries(found) as Partial<Record<K, string>>;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function array(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
