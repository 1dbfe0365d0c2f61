import { expect, test } from "vitest";
import { REMOTE_COMMAND, TOKENS } from "../../../components/tokens";
import { expectedGuests, judgeGuests, parseGuests } from "../../../scripts/stack/drift/guests";

/* Does not prove what virsh prints: test/scripts/hypervisor/probe-guests.bats does. */
const settings = { stackId: "gitops-platform/production/production" };
const digest = "a".repeat(64);

const login = { user: "root", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA" };
const urn = (type: string, name: string): string => `urn:pulumi:production::gitops-platform::${type}::${name}`;
const made = (name: string): object => ({
  ...{ urn: urn(TOKENS.hypervisor, name), type: TOKENS.hypervisor, inputs: { steps: {} } },
  outputs: { storageDirectory: "/srv/guests" },
});
const guest = (name: string, on: string, outputs: object = { definition: digest }): object[] => [
  {
    ...{ urn: urn(TOKENS.libvirtMachine, name), type: TOKENS.libvirtMachine, outputs },
    inputs: {
      ...{ role: "worker", hypervisor: on, owner: settings.stackId, vcpus: 2, memoryMiB: 4096, autostart: true },
      steps: { [`${name}-guest`]: { node: name, step: "machine", summary: "makes the guest" } },
    },
  },
  {
    urn: urn(`${TOKENS.libvirtMachine}$${REMOTE_COMMAND}`, `${name}-guest`),
    ...{ type: REMOTE_COMMAND, parent: urn(TOKENS.libvirtMachine, name) },
    inputs: { connection: { ...login, host: "192.0.2.1", proxy: { ...login, host: "198.51.100.1" } } },
  },
];

test("how hypervisors have to keep their guests is in the state", () => {
  const all = [made("hv-1"), made("hv-2"), made("hv-3"), ...guest("worker-1", "hv-1")];
  const resources = [...all, ...guest("cp-1", "hv-1"), ...guest("cp-2", "hv-2")];
  const { blind, hypervisors } = expectedGuests({ resources } as never);
  const [first, second, ...none] = hypervisors;
  const expected = { owner: settings.stackId, digest, autostart: true, vcpus: 2, memoryMiB: 4096 };
  expect(first).toEqual({
    name: "hv-1",
    connection: { ...login, host: "192.0.2.1", port: 22, proxy: { ...login, host: "198.51.100.1", port: 22 } },
    storageDirectory: "/srv/guests",
    guests: [
      { name: "cp-1", ...expected },
      { name: "worker-1", ...expected },
    ],
  });
  expect(second?.guests).toEqual([{ name: "cp-2", ...expected }]);
  expect([none, blind]).toEqual([[], []]);
});

test("a guest whose definition the state doesn't have is not compared, and that is reported", () => {
  const resources = [made("hv-1"), ...guest("cp-1", "hv-1", {}), ...guest("cp-2", "hv-1")];
  const { blind, hypervisors } = expectedGuests({ resources } as never);
  expect(blind).toEqual([
    { where: "hv-1", reason: "the state does not say how the guest cp-1 is defined; run pulumi up first" },
  ]);
  expect(hypervisors[0]?.guests.map(({ name }) => name)).toEqual(["cp-2"]);
});

const seen = (changed: Readonly<Record<string, string>> = {}): string => {
  const facts = {
    ...{ name: "cp-1", state: "running", autostart: "enable", owner: settings.stackId, digest, running: digest },
    ...{ vcpus: "2", memory: "4194304", ...changed },
  };
  return ["guest", ...Object.values(facts)].join("\t");
};

/** Findings as one line each, without what to do. */
function judged(...facts: readonly string[]): string[] {
  const [hypervisor] = expectedGuests({ resources: [made("hv-1"), ...guest("cp-1", "hv-1")] } as never).hypervisors;
  expect(hypervisor).toBeDefined();
  const observed = parseGuests([...facts, "end", ""].join("\n"));
  return judgeGuests(hypervisor as never, observed).map(
    ({ where, what, expected, found }) => `${where} | ${what} | ${expected} | ${found}`,
  );
}

const OTHER = "b".repeat(64);

test.each([
  ["as it was defined", seen(), []],
  ["gone", "guest\tcp-1\tundefined", ["hv-1 | guest cp-1 | defined | no such domain"]],
  ["shut off", seen({ state: "shut off", running: "" }), ["hv-1 | guest cp-1 | running | shut off"]],
  ["without autostart", seen({ autostart: "disable" }), ["hv-1 | guest cp-1: autostart | on | off"]],
  ["with less memory", seen({ memory: "2097152" }), ["hv-1 | guest cp-1: memory | 4096 MiB | 2048 MiB"]],
  ["with more processors", seen({ vcpus: "8" }), ["hv-1 | guest cp-1: processors | 2 | 8"]],
  [
    "somebody else's",
    seen({ owner: "", vcpus: "8" }),
    [`hv-1 | guest cp-1: owner | ${settings.stackId} | nobody who left a mark`],
  ],
  [
    "not restarted since it was changed",
    seen({ running: OTHER }),
    [`hv-1 | guest cp-1: running definition | sha256 ${digest.slice(0, 12)} | sha256 bbbbbbbbbbbb`],
  ],
  [
    "defined anew",
    seen({ digest: OTHER, running: OTHER }),
    [`hv-1 | guest cp-1: definition | sha256 ${digest.slice(0, 12)} | sha256 bbbbbbbbbbbb`],
  ],
])("a guest that is %s", (_, facts, findings) => {
  expect(judged(facts)).toEqual(findings);
});

test("a guest that the probe did not come to is not there, and facts that were cut off are refused", () => {
  expect(judged()).toEqual(["hv-1 | guest cp-1 | defined | no such domain"]);
  expect(() => parseGuests(seen())).toThrow("the probe did not get to its end");
});
