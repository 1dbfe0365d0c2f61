import { expect, it } from "vitest";
import { removalOf } from "../../../scripts/stack/forget/removal";
import { renderRemoval } from "../../../scripts/stack/forget/report";
import { production, stateOf, type StateNode } from "./states";

const report = (nodes: readonly StateNode[], ...names: string[]): string =>
  renderRemoval("production", removalOf("production", stateOf(nodes), names));

it("names everything that goes, and says what that means", () => {
  expect(report(production, "worker-3")).toBe(`Out of the state of production: 10 resources of worker-3

worker-3 (worker)
  - worker-3                        LibvirtMachine
  - worker-3-host-key               HostKey (protected)
  - worker-3-host-key-seed          RandomPassword (protected)
  - worker-3-guest                  remote command
  - worker-3-boot                   remote command
  - disk-gate-worker-3-together     remote command
  - production-worker-3-prepare     remote command
  - production-worker-3-admission   remote command
  - production-worker-3-join        remote command
  - production-worker-3-membership  remote command

2 of them are protected (what a host key is made from), and taken out as well: a machine that is made again gets another host key.
Of what stays, 4 resources lose their dependencies on them, and nothing else changes.
No machine is asked, and nothing is undone on any: what still runs there goes on. Make sure that it is off for good.
`);
});

it("warns where etcd loses its majority", () => {
  expect(report(production, "cp-2", "hv-3")).toContain(
    "\nWhat is left is no majority of etcd's members: if those that go are dead, the API is too, and no other machine " +
      "can join. See docs/runbooks/lost-cluster.md.\n",
  );
  expect(report(production, "hv-3")).not.toContain("majority");
});

it("says nothing of keys where none goes", () => {
  const adopted: StateNode[] = [
    { name: "cp-1", role: "control-plane", kind: "adopted" },
    { name: "worker-1", role: "worker", kind: "adopted" },
  ];
  expect(report(adopted, "worker-1")).not.toContain("protected");
  expect(report(adopted, "worker-1")).toContain("\nNothing else in the state changes.\n");
});
