import { nameOf } from "../../../components/tokens";
import { shortType } from "../plan/words";
import type { Removal } from "./removal";

/** What goes, for people, before it goes. */
export function renderRemoval(stack: string, removal: Removal): string {
  const { losesMajority, parts, released } = removal;
  const resources = parts.flatMap((part) => part.resources);
  const width = Math.max(...resources.map(({ urn }) => nameOf(urn).length));
  const lines = parts.flatMap(({ kind, name, resources: own }) => [
    "",
    `${name} (${kind})`,
    ...own.map(
      ({ protect, type, urn }) =>
        `  - ${nameOf(urn).padEnd(width)}  ${shortType(type)}${protect === true ? " (protected)" : ""}`,
    ),
  ]);
  const isProtected = resources.filter(({ protect }) => protect === true).length;
  return [
    `Out of the state of ${stack}: ${counted(resources.length, "resource")} of ${parts.map(({ name }) => name).join(", ")}`,
    ...lines,
    "",
    ...(isProtected > 0
      ? [
          `${isProtected} of them ${isProtected === 1 ? "is" : "are"} protected (what a host key is made from), and ` +
            "taken out as well: a machine that is made again gets another host key.",
        ]
      : []),
    released.length === 0
      ? "Nothing else in the state changes."
      : `Of what stays, ${counted(released.length, "resource")} ${released.length === 1 ? "loses its" : "lose their"} ` +
        "dependencies on them, and nothing else changes.",
    "No machine is asked, and nothing is undone on any: what still runs there goes on. Make sure that it is off for good.",
    ...(losesMajority
      ? [
          "What is left is no majority of etcd's members: if those that go are dead, the API is too, and no other " +
            "machine can join. See docs/runbooks/lost-cluster.md.",
        ]
      : []),
    "",
  ].join("\n");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
