import * as pulumi from "@pulumi/pulumi";
import type { Machine } from "../machines/machine";
import type { Connection, Endpoint, Host } from "../remote/host";

/** A control plane that a step runs on, whichever it is: found out while the update runs. */
export interface ControlPlaneHost extends Host {
  readonly name: pulumi.Output<string>;
  readonly address: pulumi.Output<string>;
}

/**
 * The control plane with the name that another step printed.
 *
 * @param name of one of them; any other name, an empty one too, stands for the first one
 * @param joined what has to be there before a step runs on the control plane; unset: nothing
 * @param disposedWith what takes the whole cluster away
 */
export function controlPlaneHost(
  name: pulumi.Output<string>,
  controlPlanes: readonly [Machine, ...Machine[]],
  joined: (controlPlane: Machine) => pulumi.Output<unknown>,
  disposedWith: pulumi.Resource,
): ControlPlaneHost {
  const chosen = pulumi.unsecret(name).apply((text) => {
    const found = controlPlanes.find((machine) => machine.name === text.trim()) ?? controlPlanes[0];
    return joined(found).apply(() => found.name);
  });
  const of = <T>(pick: (machine: Machine) => pulumi.Input<T>): pulumi.Output<T> =>
    chosen.apply((text) => {
      const found = controlPlanes.find((machine) => machine.name === text) ?? controlPlanes[0];
      return pulumi.output(pick(found)) as pulumi.Output<T>;
    });
  const through = controlPlanes.some(({ connection }) => connection.proxy !== undefined);
  const connection: Connection = {
    host: of(({ connection }) => connection.host),
    port: of(({ connection }) => connection.port ?? 22),
    user: of(({ connection }) => connection.user),
    privateKey: of(({ connection }) => connection.privateKey),
    hostKey: of(({ connection }) => connection.hostKey),
    // Those without a bastion have none among others that have one: an undefined input is no input.
    ...(through ? { proxy: of(({ connection }) => connection.proxy as pulumi.Input<Endpoint>) } : {}),
  };
  return {
    name: chosen,
    address: of(({ address }) => address),
    connection,
    identity: of(({ identity }) => identity),
    ready: controlPlanes.flatMap(({ ready }) => ready),
    disposedWith,
  };
}
