import { expect, test } from "vitest";
import { type DriftReport, exitCodeOf } from "../../../scripts/stack/drift/finding";
import { renderJson, renderReport } from "../../../scripts/stack/drift/report";

const none: DriftReport = {
  stack: "local",
  nodes: 3,
  findings: [],
  blind: [],
  applications: [],
  unready: [],
  notes: [],
};
const finding = {
  where: "cp-1",
  what: "service kubelet",
  expected: "active, enabled",
  found: "inactive, enabled",
  cure: "systemctl enable --now kubelet",
};
const away = { where: "worker-1", reason: "dial tcp 10.78.0.21:22: i/o timeout" };

test("exit codes: nothing, drift, and what could not be compared, which counts more", () => {
  expect(exitCodeOf(none)).toBe(0);
  expect(exitCodeOf({ ...none, findings: [finding] })).toBe(7);
  expect(exitCodeOf({ ...none, findings: [finding], blind: [away] })).toBe(1);
  expect(exitCodeOf({ ...none, applications: [{ name: "web", sync: "OutOfSync", health: "Healthy" }] })).toBe(0);
});

test("nothing drifted", () => {
  expect(renderReport(none)).toBe("local: no drift; 3 nodes and the cluster were compared.\n");
});

test("everything there is to say", () => {
  const report = {
    ...none,
    findings: [finding, { ...finding, where: "cluster", what: "Deployment a/b" }],
    blind: [away],
    applications: [{ name: "web", sync: "OutOfSync", health: "Degraded" }],
    unready: ["DaemonSet a/b — not ready: 2 of 3"],
    notes: ["cp-1: fdatasync p99 2 ms on /var/lib/etcd (limit 10 ms)"],
  };
  expect(renderReport(report)).toBe(`local: 2 drifts; 3 nodes and the cluster were compared.

  Where    What             Expected         Found              What to do
  cp-1     service kubelet  active, enabled  inactive, enabled  systemctl enable --now kubelet
  cluster  Deployment a/b   active, enabled  inactive, enabled  systemctl enable --now kubelet

Not compared
  worker-1: dial tcp 10.78.0.21:22: i/o timeout

Applications that are not Synced and Healthy (Argo CD's, no drift of the stack)
  web: OutOfSync, Degraded

Not ready just now
  DaemonSet a/b — not ready: 2 of 3

Noted
  cp-1: fdatasync p99 2 ms on /var/lib/etcd (limit 10 ms)
`);
  expect(JSON.parse(renderJson(report))).toEqual({ ...report, exitCode: 1 });
});
