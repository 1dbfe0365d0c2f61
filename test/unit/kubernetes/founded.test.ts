/** Which cluster a stack goes on with, by what its last update left. */
import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { Survivors } from "../../../components/kubernetes/founded";
import { isOfFirstRelease, type LastUpdate } from "../../../components/kubernetes/last-update";
import type { Machine } from "../../../components/machines/machine";

const machine = (name: string): Machine =>
  ({ name, identity: pulumi.output(`machine of ${name}`) }) as unknown as Machine;
const MACHINES = [machine("cp-1"), machine("cp-2")] as const;
const CA = pulumi.output("the CA");

function value<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => void output.apply(resolve));
}

const identity = (last: LastUpdate): Promise<string> =>
  value(new Survivors(pulumi.output(last), MACHINES).identity(CA));

const nodes = [
  { name: "worker-1", role: "worker" },
  { name: "cp-2", role: "control-plane" },
  { name: "cp-1", role: "control-plane" },
];

it("a stack of 0.1.0 keeps the identity that it had: its first control plane's machine", async () => {
  expect(await identity({ kubeconfig: "config", nodes })).toBe("machine of cp-2");
});

it("a cluster that nobody identified so far is identified by its CA", async () => {
  const own = await identity({});
  expect(own).toMatch(/^[0-9a-f]{64}$/);
  expect(await identity({ kubeconfig: "config", nodes, program: "0.2.0" })).toBe(own);
  expect(await identity({ kubeconfig: "config", nodes: [{ name: "cp-9", role: "control-plane" }] })).toBe(own);
});

it("what the last update recorded stays", async () => {
  const controlPlanes = [{ name: "cp-1", address: "10.0.0.1", identity: "machine of cp-1" }];
  const cluster = { name: "a", podSubnet: "", serviceSubnet: "", kubernetes: "1.27.4", controlPlanes };
  const founded = { ...cluster, identity: "machine of cp-2", caCertificate: "the CA" };
  expect(await identity({ kubeconfig: "config", program: "0.2.0", founded })).toBe("machine of cp-2");
});

it.each<[LastUpdate, boolean]>([
  [{ kubeconfig: "config" }, true],
  [{ kubeconfig: "config", program: "0.2.0" }, false],
  [{}, false],
])("isOfFirstRelease %j: %s", (last, expected) => {
  expect(isOfFirstRelease(last)).toBe(expected);
});
