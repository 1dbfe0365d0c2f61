/** The administrator's kubeconfig as a person gets it. That the addresses answer is proved by the drill lost-first-control-plane. */
import { expect, it } from "vitest";
import { parse } from "yaml";
import { withControlPlanes } from "../../../components/kubernetes/operator-kubeconfig";

const PRINTED = `apiVersion: v1
clusters: [{ name: local, cluster: { certificate-authority-data: Q0E=, server: "https://192.0.2.11:6443" } }]
contexts: [{ name: kubernetes-admin@local, context: { cluster: local, user: kubernetes-admin } }]
current-context: kubernetes-admin@local
kind: Config
users: [{ name: kubernetes-admin, user: { client-key-data: S0VZ } }]
`;

it("keeps what was printed, and adds a context for each control plane", () => {
  const printed = parse(PRINTED) as Record<string, unknown[]>;
  const made = parse(
    withControlPlanes(PRINTED, [
      { name: "cp-1", address: "192.0.2.11" },
      { name: "cp-2", address: "192.0.2.12" },
    ]),
  ) as typeof printed;
  expect(made).toEqual({
    ...printed,
    clusters: [
      ...(printed["clusters"] ?? []),
      { name: "cp-1", cluster: { "certificate-authority-data": "Q0E=", server: "https://192.0.2.11:6443" } },
      { name: "cp-2", cluster: { "certificate-authority-data": "Q0E=", server: "https://192.0.2.12:6443" } },
    ],
    contexts: [
      ...(printed["contexts"] ?? []),
      { name: "cp-1", context: { cluster: "cp-1", user: "kubernetes-admin" } },
      { name: "cp-2", context: { cluster: "cp-2", user: "kubernetes-admin" } },
    ],
  });
});

it("made of one that has such contexts already, has those of today's control planes only", () => {
  const one = { name: "cp-1", address: "192.0.2.11" };
  const two = { name: "cp-2", address: "192.0.2.12" };
  expect(withControlPlanes(withControlPlanes(PRINTED, [one]), [two])).toBe(withControlPlanes(PRINTED, [two]));
});

it("refuses what is no kubeconfig", () => {
  expect(() => withControlPlanes("clusters: []\ncontexts: []\n", [])).toThrow("has no cluster or no context");
});
