import { expect, test } from "vitest";
import { expectedNodes, silentNodes } from "../../../scripts/stack/drift/expected";

const secret = (value: unknown): object => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});

const step = (name: string, stdout: string, host = "10.78.0.11"): object => ({
  urn: `urn:pulumi:local::gitops-platform::command:remote:Command::${name}`,
  type: "command:remote:Command",
  inputs: {
    connection: secret({ host, user: "root", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA", dialErrorLimit: 60 }),
    create: "bash -s",
    stdin: secret(`script of ${name}`),
  },
  outputs: { stdout: secret(stdout) },
});

const prepared = JSON.stringify({
  node: "cp-1",
  written: {
    files: { "/etc/crictl.yaml": "1" },
    packages: { runc: "1.1" },
    packageFiles: {},
    units: { containerd: "" },
    sysctls: {},
    modules: ["overlay"],
    swap: false,
  },
});
const joined = JSON.stringify({
  caCertificate: "PEM",
  node: "cp-1",
  written: { files: { "/etc/kubernetes/pki/ca.crt": "2" }, units: { kubelet: "" } },
});
const gate = JSON.stringify({ p99Ms: 2, directory: "/var/lib/etcd", limitMs: 10 });

test("what the steps of a node said is put together", () => {
  const resources = [
    step("gate", gate),
    step("prepare", prepared),
    step("join", joined),
    step("kubeconfig", "apiVersion: v1"),
  ];
  expect(expectedNodes("local", { resources } as never)).toEqual([
    {
      name: "cp-1",
      connection: { host: "10.78.0.11", port: 22, user: "root", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA" },
      files: { "/etc/crictl.yaml": "1", "/etc/kubernetes/pki/ca.crt": "2" },
      packages: { runc: "1.1" },
      packageFiles: {},
      units: { containerd: "", kubelet: "" },
      sysctls: {},
      modules: ["overlay"],
      swap: false,
      steps: [
        { command: "bash -s", stdin: "script of prepare" },
        { command: "bash -s", stdin: "script of join" },
      ],
      disk: { directory: "/var/lib/etcd", limitMs: 10 },
    },
  ]);
});

test("a gate of another machine is not this one's", () => {
  const resources = [step("gate", gate, "10.78.0.12"), step("prepare", prepared)];
  expect(expectedNodes("local", { resources } as never)[0]).not.toHaveProperty("disk");
});

test("a machine behind a bastion is reached as the update reached it", () => {
  const login = { user: "root", privateKey: "KEY", dialErrorLimit: 60 };
  const proxy = { ...login, host: "192.0.2.1", port: 2222, hostKey: "ssh-ed25519 BBBB" };
  const connection = secret({ ...login, host: "10.0.0.11", hostKey: "ssh-ed25519 AAAA", proxy });
  const behind = step("prepare", prepared) as { inputs: object };
  const resources = [{ ...behind, inputs: { ...behind.inputs, connection } }];
  expect(expectedNodes("production", { resources } as never)[0]?.connection).toEqual({
    ...{ host: "10.0.0.11", port: 22, user: "root", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA" },
    proxy: { host: "192.0.2.1", port: 2222, user: "root", privateKey: "KEY", hostKey: "ssh-ed25519 BBBB" },
  });
});

test("a node whose steps said nothing is named", () => {
  const nodes = [
    { name: "cp-1", role: "control-plane" },
    { name: "worker-1", role: "worker" },
  ];
  const stack = { urn: "", type: "pulumi:pulumi:Stack", outputs: { nodes } };
  const deployment = { resources: [stack, step("prepare", prepared)] } as never;
  expect(silentNodes(deployment, expectedNodes("local", deployment))).toEqual([
    { where: "worker-1", reason: "the state does not say what was written on it; run pulumi up first" },
  ]);
  expect(silentNodes({}, [])).toEqual([]);
});

test("a state that says nothing is refused: silence is not `no drift`", () => {
  expect(() => expectedNodes("staging", { resources: [step("kubeconfig", "{}")] } as never)).toThrow(
    "stack staging — its state does not say what was written on any node; run pulumi up with this version first",
  );
});
