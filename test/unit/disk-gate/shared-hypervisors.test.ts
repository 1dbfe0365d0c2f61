// Proves which machines are measured together. That they really are: test/scripts/remote/measure-together.bats.
import { expect, it } from "vitest";
import { sharedHypervisors } from "../../../components/disk-gate/shared-hypervisors";
import type { Machine } from "../../../components/machines/machine";

function machine(name: string, hypervisor?: string): Machine {
  const connection = { host: name, user: "root", privateKey: "", hostKey: "" };
  const made = { name, role: "worker", address: name, connection, identity: name, ready: [] } as const;
  return hypervisor === undefined ? made : { ...made, hypervisor };
}

const names = (machines: readonly Machine[]): string[] => machines.map(({ name }) => name);

it.each<[string, Machine[], Machine[], [string, string[], string[]][]]>([
  ["nobody says where", [machine("cp-1"), machine("cp-2")], [machine("w-1")], []],
  ["each on its own", [machine("cp-1", "a"), machine("cp-2", "b")], [machine("w-1", "c")], []],
  ["workers alone", [machine("cp-1", "a")], [machine("w-1", "b"), machine("w-2", "b")], []],
  ["two control planes", [machine("cp-1", "a"), machine("cp-2", "a")], [], [["a", ["cp-1", "cp-2"], ["cp-1", "cp-2"]]]],
  [
    "each with a worker",
    [machine("cp-1", "a"), machine("cp-2", "b")],
    [machine("w-1", "b"), machine("w-2", "a"), machine("w-3")],
    [
      ["a", ["cp-1"], ["cp-1", "w-2"]],
      ["b", ["cp-2"], ["cp-2", "w-1"]],
    ],
  ],
  [
    "more than tell a shared disk",
    [machine("cp-1", "a"), machine("cp-2", "a")],
    [1, 2, 3, 4].map((number) => machine(`w-${number}`, "a")),
    [["a", ["cp-1", "cp-2"], ["cp-1", "cp-2", "w-1", "w-2"]]],
  ],
  [
    "as many control planes as that, which still get a worker",
    [1, 2, 3, 4, 5].map((number) => machine(`cp-${number}`, "a")),
    [machine("w-1", "a"), machine("w-2", "a")],
    [["a", ["cp-1", "cp-2", "cp-3", "cp-4", "cp-5"], ["cp-1", "cp-2", "cp-3", "cp-4", "cp-5", "w-1"]]],
  ],
])("%s", (_name, nodes, others, expected) => {
  const groups = sharedHypervisors(nodes, others);
  expect(groups.map(({ hypervisor, judged, members }) => [hypervisor, names(judged), names(members)])).toEqual(
    expected,
  );
});
