import * as pulumi from "@pulumi/pulumi";
import type { Machine } from "../machines/machine";
import { RemoteStep } from "../remote/remote-step";
import { versionsStepName } from "./steps";

export interface RunningVersionsArgs {
  /** The control plane that is asked. */
  readonly on: Machine;
  /** What should run: a change of it is a reason to look again. */
  readonly configured: Readonly<Record<string, string>>;
  readonly stackId: pulumi.Input<string>;
}

/** The version of each part that ran when the last update looked, read from the cluster: `{ kubernetes: "1.27.4", … }`. */
export function runningVersions(
  cluster: string,
  { configured, on, stackId }: RunningVersionsArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<Readonly<Record<string, string>>> {
  const read = new RemoteStep(
    versionsStepName(cluster),
    {
      on,
      script: "kubernetes/read-versions.sh",
      env: { NODE_NAME: on.name, STACK_ID: stackId },
      rerunOn: [JSON.stringify(configured)],
      undo: "none",
    },
    opts,
  );
  return pulumi
    .unsecret(read.stdout)
    .apply((stdout) => (JSON.parse(stdout) as { versions: Readonly<Record<string, string>> }).versions);
}
