import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Drill } from "../drill";
import { buildKubeBench, runKubeBench } from "../kube-bench";
import { configuredMachines, eventually, kubectl, kubectlBinary, must, on, run } from "../platform";
import { paths } from "../../../scripts/lib/paths";

/** Scored checks that fail, and why: docs/security.md has the long form. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "1.1.12": "etcd runs as root, so its directory is root's",
  "1.2.3": "DenyServiceExternalIPs is on, as the later benchmark 1.9 wants it",
  "1.2.5": "kubelets' serving certificates are self-signed",
};

const POD = { apiVersion: "v1", kind: "Pod", metadata: { name: "drill-hardening", namespace: "default" } };
const AUDIT = "/var/log/kubernetes/audit/audit.log";

export const hardening: Drill = {
  name: "hardening",
  promise:
    "kube-bench's cis-1.24 has no scored failure but the documented ones, Secrets are encrypted in etcd and absent from the audit " +
    "log, and the namespace default takes no privileged pod",
  needs: "platform",
  minutes: 5,
  inTest: false,
  run: async (see) => {
    await refusesPrivileged(see);
    await keepsSecret(see);
    const built = await buildKubeBench();
    let passed = 0;
    for (const { name, role } of configuredMachines().filter(({ role }) => role !== "hub")) {
      const targets = role === "control-plane" ? "master,etcd,controlplane,node" : "node";
      const found = await runKubeBench(built, name, "cis-1.24", targets);
      const expected = role === "control-plane" ? Object.keys(EXCEPTIONS) : [];
      assert.deepEqual(found.failed, expected, `${name}: scored failures`);
      assert.ok(found.passed > 10, `${name}: only ${found.passed} checks passed: kube-bench saw nothing`);
      passed += found.passed;
      see(`${name}: ${found.passed} checks passed, failed: ${found.failed.join(", ") || "none"}`);
    }
    for (const [check, reason] of Object.entries(EXCEPTIONS)) see(`${check}: ${reason}`);
    return `${passed} checks passed, none of them scored failed but ${Object.keys(EXCEPTIONS).join(", ")}`;
  },
};

/** @param manifest as an operator with every right would apply it */
function apply(manifest: object): ReturnType<typeof run> {
  return run(kubectlBinary, ["--kubeconfig", paths.kubeconfig, "apply", "--dry-run=server", "--filename", "-"], {
    stdin: "pipe",
    input: JSON.stringify(manifest),
  });
}

async function refusesPrivileged(see: (line: string) => void): Promise<void> {
  const pod = (securityContext: object): object => ({
    ...POD,
    spec: { containers: [{ name: "drill", image: "registry.k8s.io/pause:3.9", securityContext }] },
  });
  const refused = await apply(pod({ privileged: true }));
  assert.notEqual(refused.exitCode, 0, "a privileged pod was taken");
  assert.match(refused.output, /violates PodSecurity "baseline:latest": privileged/);
  see(refused.output.trim());
  const taken = await apply(pod({}));
  assert.equal(taken.exitCode, 0, taken.output);
  assert.match(taken.output, /would violate PodSecurity "restricted:latest"/);
}

async function keepsSecret(see: (line: string) => void): Promise<void> {
  const [name, value] = ["drill-hardening", randomBytes(24).toString("hex")];
  await kubectl("delete", "secret", name, "--ignore-not-found");
  await must(kubectlBinary, ["--kubeconfig", paths.kubeconfig, "create", "--filename", "-"], {
    stdin: "pipe",
    input: JSON.stringify({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: "default" },
      stringData: { value },
    }),
  });
  const stored = await kubectl(
    ...[
      "exec",
      "--namespace",
      "kube-system",
      "etcd-cp-1",
      "--",
      "etcdctl",
      "--cacert",
      "/etc/kubernetes/pki/etcd/ca.crt",
    ],
    ...["--cert", "/etc/kubernetes/pki/etcd/server.crt", "--key", "/etc/kubernetes/pki/etcd/server.key"],
    ...["get", `/registry/secrets/default/${name}`, "--print-value-only"],
  );
  assert.match(stored, /^k8s:enc:secretbox:v1:key-/);
  assert.ok(!stored.includes(value) && !stored.includes(Buffer.from(value).toString("base64")));
  see("etcd has the Secret as k8s:enc:secretbox:v1:key-…");
  await kubectl("delete", "secret", name);

  const deletion = await eventually("the audit log has the deletion", 20, async () => {
    const { output } = await on(
      "cp-1",
      `grep '"verb":"delete"' ${AUDIT} | grep '"resource":"secrets","namespace":"default","name":"${name}"'`,
    );
    return JSON.parse(output.trim().split("\n").at(-1) ?? "") as { level: string; user: { username: string } };
  });
  assert.equal(deletion.value.level, "Metadata");
  assert.equal(deletion.value.user.username, "kubernetes-admin");
  const forms = [value, Buffer.from(value).toString("base64")];
  const leaked = await on(
    "cp-1",
    `cat ${AUDIT} | grep --count --fixed-strings ${forms.map((form) => `-e ${form}`).join(" ")}`,
  );
  assert.equal(leaked.output.trim(), "0", "the audit log holds the Secret's value");
  see("the audit log has who deleted it, and not its value");
}
