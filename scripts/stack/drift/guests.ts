import { TOKENS } from "../../../components/tokens";
import { modelOf, type StackNode } from "../../lib/stack-model";
import { type Deployment, plain, type StateResource } from "../../lib/stack-state";
import { endpointsOf, type NodeConnection, type StepConnection } from "./expected";
import type { Blind, Finding } from "./finding";

/** A guest as the last update defined it on its hypervisor. */
export interface ExpectedGuest {
  readonly name: string;
  /** The ownership marker. */
  readonly owner: string;
  /** The digest of the definition (components/machines/domain-xml.ts). */
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

interface ExpectedGuests {
  readonly hypervisors: readonly ExpectedHypervisor[];
  /** Guests that the state says too little of. */
  readonly blind: readonly Blind[];
}

/** The guests that the stack has made, by hypervisor. */
export function expectedGuests({ resources = [] }: Deployment): ExpectedGuests {
  const model = modelOf(resources);
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const blind: Blind[] = [];
  const hypervisors = model.hypervisors.flatMap(({ name, urn }): ExpectedHypervisor[] => {
    const storageDirectory = plain(byUrn.get(urn)?.outputs?.["storageDirectory"]);
    const made = model.nodes.flatMap((node) => {
      if (node.type !== TOKENS.libvirtMachine || node.hypervisor !== name) return [];
      const step = resources.find(
        (one) => model.stepOf(one.urn)?.step === "machine" && model.nodeOf(one.urn) === node.name,
      );
      return step ? [{ node, step, guest: guestOf(node, byUrn.get(node.urn)) }] : [];
    });
    const guests = made.flatMap(({ guest }) => guest ?? []);
    for (const { guest, node } of made) {
      const reason = `the state does not say how the guest ${node.name} is defined; run pulumi up first`;
      if (!guest || typeof storageDirectory !== "string") blind.push({ where: name, reason });
    }
    const [first] = made;
    if (!first || guests.length === 0 || typeof storageDirectory !== "string") return [];
    const connection = endpointsOf(plain(first.step.inputs?.["connection"]) as StepConnection);
    return [{ name, connection, storageDirectory, guests }];
  });
  return { hypervisors, blind };
}

function guestOf({ name, settings }: StackNode, machine: StateResource | undefined): ExpectedGuest | undefined {
  const { autostart, memoryMiB, owner, vcpus } = settings;
  const digest = plain(machine?.outputs?.["definition"]);
  if (typeof digest !== "string" || typeof owner !== "string") return undefined;
  return { name, owner, digest, autostart: autostart === true, vcpus: Number(vcpus), memoryMiB: Number(memoryMiB) };
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

/** Compares the guests of a hypervisor with what the last update defined there. */
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
