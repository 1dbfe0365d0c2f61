import { type Deployment, plain } from "./deployment";
import { endpointsOf, type NodeConnection, type StepConnection } from "./expected";
import type { Finding } from "./finding";

/** A guest as its hypervisor was told to keep it, from the script that the last update sent there. */
export interface ExpectedGuest {
  readonly name: string;
  /** The ownership marker. */
  readonly owner: string;
  /** Of the definition, as components/machines/domain-xml.ts writes it into the metadata. */
  readonly digest: string;
  readonly autostart: boolean;
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/** A hypervisor with the guests of the stack. */
export interface ExpectedHypervisor {
  readonly name: string;
  readonly connection: NodeConnection;
  readonly storageDirectory: string;
  readonly guests: readonly ExpectedGuest[];
}

/** What the probe saw of a guest (scripts/remote/drift/probe-guests.sh). */
export interface ObservedGuest {
  /** As virsh says it; `undefined` for one that is not there. */
  readonly state: string;
  readonly autostart: boolean;
  readonly owner: string;
  readonly digest: string;
  /** Of what runs; empty when nothing does. */
  readonly runningDigest: string;
  readonly vcpus: number;
  readonly memoryKiB: number;
}

/** The hypervisors whose guests the stack made, in the order of the state. */
export function expectedHypervisors({ resources = [] }: Deployment): ExpectedHypervisor[] {
  const hypervisors = new Map<string, ExpectedHypervisor>();
  for (const { inputs, type } of resources) {
    const stdin = type === "command:remote:Command" ? plain(inputs?.["stdin"]) : undefined;
    const xml = typeof stdin === "string" ? exported(stdin, "DOMAIN_XML") : "";
    if (typeof stdin !== "string" || xml === "") continue;
    const name = exported(stdin, "HYPERVISOR");
    const known = hypervisors.get(name) ?? {
      name,
      connection: endpointsOf(plain(inputs?.["connection"]) as StepConnection),
      storageDirectory: exported(stdin, "STORAGE_DIRECTORY"),
      guests: [],
    };
    const guest = {
      name: exported(stdin, "NODE_NAME"),
      owner: exported(stdin, "STACK_ID"),
      digest: / digest="([0-9a-f]*)"/.exec(xml)?.[1] ?? "",
      autostart: exported(stdin, "AUTOSTART") === "yes",
      vcpus: Number(/<vcpu [^>]*>(\d+)</.exec(xml)?.[1]),
      memoryMiB: Number(/<memory unit="MiB">(\d+)</.exec(xml)?.[1]),
    };
    hypervisors.set(name, { ...known, guests: [...known.guests, guest] });
  }
  return [...hypervisors.values()];
}

/** A variable of a script as it is sent (components/remote/script.ts); empty where it has none of that name. */
function exported(stdin: string, variable: string): string {
  const quoted = new RegExp(`(?:^|\n)export ${variable}='((?:[^']|'\\\\'')*)'`).exec(stdin)?.[1] ?? "";
  return quoted.replaceAll(`'\\''`, "'");
}

/** Reads the facts of a probe. @throws when they are cut off: an unread fact must not look like a good one */
export function parseGuests(stdout: string): ReadonlyMap<string, ObservedGuest> {
  const rows = stdout.split("\n").filter((line) => line !== "");
  if (rows.at(-1) !== "end") throw new Error("the probe did not get to its end");
  return new Map(
    rows.slice(0, -1).map((row) => {
      const [, name = "", state = "", autostart, owner = "", digest = "", runningDigest = "", vcpus, memory] =
        row.split("\t");
      const sizes = { vcpus: Number(vcpus), memoryKiB: Number(memory) };
      return [name, { state, autostart: autostart === "enable", owner, digest, runningDigest, ...sizes }];
    }),
  );
}

/** Compares the guests of a hypervisor with what the last update told it. */
export function judgeGuests({ guests, name }: ExpectedHypervisor, seen: ReadonlyMap<string, ObservedGuest>): Finding[] {
  return guests.flatMap((guest) => judgeGuest(guest, seen.get(guest.name)).map((found) => ({ where: name, ...found })));
}

function judgeGuest(guest: ExpectedGuest, seen: ObservedGuest | undefined): Omit<Finding, "where">[] {
  const { name } = guest;
  const what = `guest ${name}`;
  if (seen === undefined || seen.state === "undefined") {
    const cure = "find out who took it away; its disks may still be there";
    return [{ what, expected: "defined", found: "no such domain", cure }];
  }
  if (seen.owner !== guest.owner) {
    const found = seen.owner || "nobody who left a mark";
    return [{ what: `${what}: owner`, expected: guest.owner, found, cure: "find out whose domain that is" }];
  }
  const edit = `virsh edit ${name} there, then shut it down and start it`;
  const compared: readonly [string, string, string, string][] = [
    ["", "running", seen.state, `virsh start ${name} there`],
    [
      ": autostart",
      guest.autostart ? "on" : "off",
      seen.autostart ? "on" : "off",
      `virsh autostart ${guest.autostart ? "" : "--disable "}${name} there`,
    ],
    [": processors", String(guest.vcpus), String(seen.vcpus), edit],
    [": memory", `${guest.memoryMiB} MiB`, `${seen.memoryKiB / 1024} MiB`, edit],
    [": definition", short(guest.digest), short(seen.digest), "find out what defined it anew: virsh dumpxml there"],
    [
      ": running definition",
      short(seen.digest),
      short(seen.runningDigest || seen.digest),
      `shut it down and start it: virsh shutdown ${name} there`,
    ],
  ];
  return compared
    .filter(([, expected, found]) => expected !== found)
    .map(([part, expected, found, cure]) => ({ what: `${what}${part}`, expected, found, cure }));
}

function short(digest: string): string {
  return `sha256 ${digest.slice(0, 12)}`;
}
