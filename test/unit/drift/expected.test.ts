import { expect, test } from "vitest";
import { REMOTE_COMMAND, TOKENS } from "../../../components/tokens";
import { SIGNATURE } from "../../../scripts/lib/stack-state";
import { expectedNodes, silentNodes } from "../../../scripts/stack/drift/expected";

const secret = (value: unknown): object => ({
  [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});

const urn = (type: string, name: string): string => `urn:pulumi:local::gitops-platform::${type}::${name}`;
const component = (type: string, name: string, inputs: object): object => ({ urn: urn(type, name), type, inputs });
const node = (name: string, role = "control-plane"): object =>
  component(TOKENS.localMachine, name, { role, steps: {} });

const step = (name: string, stdout: string, host = "10.78.0.11"): object => ({
  urn: urn(REMOTE_COMMAND, name),
  type: REMOTE_COMMAND,
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
const gate = component(TOKENS.diskGate, "disk-gate", { directory: "/var/lib/etcd", limitMs: 10, steps: {} });

test("what the steps of a node said is put together", () => {
  const resources = [
    gate,
    node("cp-1"),
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

test("only etcd nodes have a disk that is measured", () => {
  const resources = [gate, node("cp-1", "worker"), step("prepare", prepared)];
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
  const deployment = { resources: [node("cp-1"), node("worker-1", "worker"), step("prepare", prepared)] } as never;
  expect(silentNodes(deployment, expectedNodes("local", deployment))).toEqual([
    { where: "worker-1", reason: "the state does not say what was written on it; run pulumi up first" },
  ]);
  expect(silentNodes({}, [])).toEqual([]);
});

test("a state that says nothing is refused: silence is not `no drift`", () => {
  expect(() => expectedNodes("staging", { resources: [step("kubeconfig", "{}")] } as never)).toThrow(
    "stack staging — its state does not say what was written on any node; run pulumi up with this version first",
  );
  const older = { ...step("prepare", prepared), parent: urn(TOKENS.kubernetesCluster, "production") };
  const resources = [component(TOKENS.kubernetesCluster, "production", {}), older];
  expect(() => expectedNodes("staging", { resources } as never)).toThrow(
    /^stack staging — an older version made its state, in which production says nothing of the nodes/,
  );
});
