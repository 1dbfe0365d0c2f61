/** What a living cluster can't follow; that it is refused in a preview is proved in test/policy/living-cluster.test.ts. */
import { describe, expect, it } from "vitest";
import {
  type BoundConfig,
  type LivingCluster,
  checkLivingCluster,
  refuseOlderProgram,
} from "../../../config/living-cluster";

const living: LivingCluster = {
  ...{ name: "production", podSubnet: "10.244.0.0/16", serviceSubnet: "10.96.0.0/12", kubernetes: "1.27.4" },
  controlPlanes: [
    { name: "cp-1", address: "192.0.2.11", identity: "ssh-ed25519 ONE" },
    { name: "cp-2", address: "192.0.2.12", identity: "ssh-ed25519 TWO" },
  ],
  nodes: ["cp-1", "cp-2"],
};

const node = (name: string, address: string, hostKey: string, role = "control-plane"): unknown => ({
  ...{ kind: "adopted", name, role, address, hostKey },
});

interface Edit {
  argocd?: readonly [running: string | undefined, wanted: string];
  cluster?: object;
  kubernetes?: string;
  nodes?: readonly unknown[];
}

const nodes = [node("cp-1", "192.0.2.11", "ssh-ed25519 ONE"), node("cp-2", "192.0.2.12", "ssh-ed25519 TWO")];

function refused({
  argocd: [argocd, wanted] = [undefined, "2.7.15"],
  cluster = {},
  kubernetes = "1.27.4",
  nodes: changed = nodes,
}: Edit): string[] {
  const { name, podSubnet, serviceSubnet } = living;
  const config = {
    cluster: { name, podSubnet, serviceSubnet, ...cluster },
    nodes: changed,
    versions: { kubernetes, argocd: wanted },
  } as unknown as BoundConfig;
  return checkLivingCluster(config, living, argocd === undefined ? {} : { argocd }).map(({ sentence }) => sentence);
}

it("accepts the cluster as it is, more nodes, and fewer", () => {
  expect(refused({})).toEqual([]);
  expect(refused({ nodes: [...nodes, node("worker-1", "192.0.2.21", "ssh-ed25519 SIX", "worker")] })).toEqual([]);
  expect(refused({ nodes: nodes.slice(0, 1) })).toEqual([]);
});

it("a hardened cluster stays so: its Secrets are encrypted", () => {
  const unhardened = { reason: "a reason given" };
  const of = (hardened: boolean): string[] => {
    const config = { cluster: { ...living, unhardened }, nodes, versions: { kubernetes: "1.27.4", argocd: "2.7.15" } };
    return checkLivingCluster(config as unknown as BoundConfig, { ...living, hardened }).map(
      ({ sentence }) => sentence,
    );
  };
  expect(of(true)).toEqual([
    "cluster.unhardened can't be set on a cluster that is hardened: its Secrets are encrypted; take it out of the stack file",
  ]);
  expect(of(false)).toEqual([]);
  expect(refused({ cluster: { unhardened } })).toEqual([]);
});

it.each([
  ["podSubnet", "10.200.0.0/16", "10.244.0.0/16"],
  ["serviceSubnet", "10.112.0.0/12", "10.96.0.0/12"],
  ["name", "other", "production"],
])("refuses another cluster.%s", (key, got, need) => {
  expect(refused({ cluster: { [key]: got } })).toEqual([
    `cluster.${key} can't be changed on a living cluster (got "${got}", need "${need}"); put ${need} back, or destroy ` +
      "the stack and bring it up anew",
  ]);
});

describe("versions.argocd", () => {
  it("refuses an older one than the one that runs", () => {
    expect(refused({ argocd: ["2.13.9", "2.7.15"] })).toEqual([
      "versions.argocd 2.7.15 can't replace the 2.13.9 that runs: its older definitions would drop fields of Applications; " +
        "put 2.13.9 back",
    ]);
  });

  it.each([
    ["a newer one", ["2.7.15", "2.13.9"]],
    ["the same", ["2.7.15", "2.7.15"]],
    ["one after an upgrade that left both, so that it can be taken back", ["2.13.9, 2.7.15", "2.7.15"]],
    ["any where nothing is known to run", [undefined, "2.7.15"]],
  ] as const)("takes %s", (_, argocd) => {
    expect(refused({ argocd })).toEqual([]);
  });
});

describe("versions.kubernetes", () => {
  it.each([
    ["1.27.3", "Kubernetes has no way back to an older version"],
    ["1.26.15", "Kubernetes has no way back to an older version"],
    ["1.29.1", "Kubernetes is upgraded one minor version at a time"],
    ["2.0.0", "Kubernetes is upgraded one minor version at a time"],
  ])("refuses %s", (kubernetes, why) => {
    expect(refused({ kubernetes })).toEqual([
      `versions.kubernetes ${kubernetes} can't replace the 1.27.4 that runs: ${why}; put 1.27.4 back`,
    ]);
  });

  it.each(["1.27.16", "1.28.0"])("accepts %s, with the same nodes or fewer", (kubernetes) => {
    expect(refused({ kubernetes })).toEqual([]);
    expect(refused({ kubernetes, nodes: nodes.slice(0, 1) })).toEqual([]);
  });

  it("refuses an upgrade in which nodes join", () => {
    const more = [...nodes, node("worker-1", "192.0.2.21", "ssh-ed25519 SIX", "worker")];
    expect(refused({ kubernetes: "1.27.16", nodes: more })).toEqual([
      "versions.kubernetes 1.27.16 can't replace the 1.27.4 that runs while worker-1 joins; add nodes in one update, and " +
        "upgrade in another",
    ]);
  });
});

describe("nodes", () => {
  it("accepts them in any order, and without the one that founded the cluster", () => {
    expect(refused({ nodes: [...nodes].reverse() })).toEqual([]);
    expect(refused({ nodes: nodes.slice(1) })).toEqual([]);
  });

  it("refuses to move or rename an adopted control plane", () => {
    expect(refused({ nodes: [nodes[0], node("cp-2", "192.0.2.99", "ssh-ed25519 TWO")] })).toEqual([
      "nodes[1].address 192.0.2.99 can't take the place of 192.0.2.12 while the same server is a control plane (its host " +
        "key is the same); put 192.0.2.12 back, or remove the node in one update and add it in the next",
    ]);
    expect(refused({ nodes: [nodes[0], node("cp-9", "192.0.2.12", "ssh-ed25519 TWO")] })[0]).toMatch(
      /^nodes\[1\]\.name cp-9 can't take the place of cp-2 /,
    );
  });

  it("accepts another server under the name", () => {
    expect(refused({ nodes: [nodes[0], node("cp-2", "192.0.2.99", "ssh-ed25519 NEW")] })).toEqual([]);
  });

  it("says everything at once", () => {
    expect(
      refused({ cluster: { podSubnet: "10.200.0.0/16" }, kubernetes: "1.27.3", nodes: nodes.slice(1) }),
    ).toHaveLength(2);
  });
});

describe("a state that another version of the program made", () => {
  it.each([undefined, "0.2.0", "0.1.9"])("is taken from %s", (made) => {
    expect(() => refuseOlderProgram("production", made, "0.2.0")).not.toThrow();
  });

  it.each(["0.2.1", "0.3.0", "1.0.0"])("is refused from %s", (made) => {
    expect(() => refuseOlderProgram("production", made, "0.2.0")).toThrow(
      `stack production — version ${made} of this program made its state, and this is 0.2.0, which is older; nothing was changed. ` +
        `Check out version ${made} or a later one, and run again`,
    );
  });
});
