import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Artifact } from "../artifacts/artifact";
import { pinImages } from "../artifacts/pin-images";
import { deletedWithOutput } from "../objects/deleted-with-output";
import { objectGroup } from "../objects/object-group";
import { TOKENS } from "../tokens";
import { flannelObjects, kubeRouterObjects } from "./pod-network-objects";

export interface PodNetworkArgs {
  /** Versions without a leading v; the manifest of the flannel version is vendored beside this file. */
  readonly versions: { readonly flannel: string; readonly kubeRouter: string };
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  /** The pinned images. */
  readonly artifactList: readonly Artifact[];
  readonly provider: k8s.Provider;
}

/**
 * The pod network: flannel (VXLAN, works on any network between the nodes) and kube-router as the firewall that
 * enforces NetworkPolicy. Destroying it leaves pods without a network. A change restarts its pods one node at a time;
 * routes and rules stay on the node meanwhile.
 *
 * @example
 * new PodNetwork("production", { versions: { flannel: "0.26.7", kubeRouter: "2.1.0" }, artifactList, provider });
 */
export class PodNetwork extends pulumi.ComponentResource {
  /** What has to wait for the network's objects. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: PodNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    const { flannel, kubeRouter } = args.versions;
    super(TOKENS.podNetwork, name, { flannel, kubeRouter }, pulumi.mergeOptions(opts, { provider: args.provider }));
    const manifest = join(__dirname, "manifests", `kube-flannel-v${flannel}.yaml`);
    const objects = pinImages(
      [
        ...flannelObjects(readFileSync(manifest, "utf8"), args.podSubnet),
        ...kubeRouterObjects(kubeRouter, args.serviceSubnet),
      ],
      args.artifactList,
    );
    this.ready = objectGroup(name, objects, { parent: this }).all;
    this.registerOutputs(deletedWithOutput(opts));
  }
}
