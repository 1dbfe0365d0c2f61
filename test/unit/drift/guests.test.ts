import { expect, test } from "vitest";
import { type DomainSettings, renderDomain } from "../../../components/machines/domain-xml";
import { renderScript } from "../../../components/remote/script";
import { expectedHypervisors, judgeGuests, parseGuests } from "../../../scripts/stack/drift/guests";

/* Does not prove what virsh prints: test/scripts/hypervisor/probe-guests.bats does. */
const settings: DomainSettings = {
  ...{ name: "cp-1", stackId: "gitops-platform/production/production", domainType: "kvm", vcpus: 2, memoryMiB: 4096 },
  ...{ attachment: { kind: "bridge", name: "br0" }, mac: "52:54:00:12:34:56", io: "native", preallocation: "sparse" },
  ...{ storageDirectory: "/srv/guests", etcdDisk: true },
};
const xml = renderDomain(settings);
const digest = / digest="([0-9a-f]{64})"/.exec(xml)?.[1] ?? "";

const login = { user: "root", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA" };
const guestStep = (name: string, hypervisor: string): object => ({
  urn: `urn:pulumi:production::gitops-platform::command:remote:Command::${name}-guest`,
  type: "command:remote:Command",
  inputs: {
    connection: { ...login, host: "192.0.2.1", proxy: { ...login, host: "198.51.100.1" } },
    stdin: renderScript("main", {
      ...{ NODE_NAME: name, STACK_ID: settings.stackId, HYPERVISOR: hypervisor, STORAGE_DIRECTORY: "/srv/guests" },
      ...{ AUTOSTART: "yes", DOMAIN_XML: xml, USER_DATA: "it's a secret" },
    }),
  },
});
const other = { urn: "", type: "command:remote:Command", inputs: { stdin: "export NODE_NAME='cp-1'\nmain" } };

test("what hypervisors were told is in the state", () => {
  const resources = [other, guestStep("cp-1", "hv-1"), guestStep("cp-2", "hv-2"), guestStep("worker-1", "hv-1")];
  const [first, second, ...none] = expectedHypervisors({ resources } as never);
  const guest = { owner: settings.stackId, digest, autostart: true, vcpus: 2, memoryMiB: 4096 };
  expect(first).toEqual({
    name: "hv-1",
    connection: { ...login, host: "192.0.2.1", port: 22, proxy: { ...login, host: "198.51.100.1", port: 22 } },
    storageDirectory: "/srv/guests",
    guests: [
      { name: "cp-1", ...guest },
      { name: "worker-1", ...guest },
    ],
  });
  expect(second?.guests).toEqual([{ name: "cp-2", ...guest }]);
  expect(none).toEqual([]);
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
  const [hypervisor] = expectedHypervisors({ resources: [guestStep("cp-1", "hv-1")] } as never);
  expect(hypervisor).toBeDefined();
  const observed = parseGuests([...facts, "end", ""].join("\n"));
  return judgeGuests(hypervisor as never, observed).map(
    ({ where, what, expected, found }) => `${where} | ${what} | ${expected} | ${found}`,
  );
}

const OTHER = "b".repeat(64);

test.each([
  ["as it was told", seen(), []],
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
