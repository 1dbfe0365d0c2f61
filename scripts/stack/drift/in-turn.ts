import type { ExpectedNode } from "./expected";

/**
 * Looks at all nodes at once; where disks are measured, at the etcd nodes one after the other: fdatasync held up on two
 * members of three at the same time could cost a living etcd its quorum.
 *
 * @param look must not reject
 * @returns what it saw, in the order of the nodes
 */
export function lookInTurn<T>(
  nodes: readonly ExpectedNode[],
  measureDisks: boolean,
  look: (node: ExpectedNode, measureDisk: boolean) => Promise<T>,
): Promise<T[]> {
  let turn: Promise<unknown> = Promise.resolve();
  return Promise.all(
    nodes.map((node) => {
      if (!measureDisks || !node.disk) return look(node, false);
      const looked = turn.then(() => look(node, true));
      turn = looked;
      return looked;
    }),
  );
}
