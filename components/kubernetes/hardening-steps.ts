import * as pulumi from "@pulumi/pulumi";
import type { Machine } from "../machines/machine";
import { RemoteStep } from "../remote/remote-step";
import { KUBELET_ARGUMENTS, manifestLines, renderAdmission, renderAuditPolicy } from "./hardening";
import type { JoinCredentials } from "./join-credentials";
import { type ClusterSettings, renderPhaseConfig } from "./kubeadm-config";
import { stepName } from "./steps";

type Environment = Record<string, pulumi.Input<string>>;

/** What the steps of a node are sent to harden it. Where nothing is hardened, all of it is empty. */
export class Hardening {
  constructor(
    private readonly settings: ClusterSettings,
    private readonly credentials: JoinCredentials,
  ) {}

  /** For every machine; not secret. */
  kubelet(): Environment {
    return { KUBELET_ARGUMENTS: this.settings.hardened ? KUBELET_ARGUMENTS.join(" ") : "" };
  }

  /** The key of the cluster's Secrets (secret), for a step on a control plane. */
  key(): Environment {
    return { ENCRYPTION_KEY: this.credentials.encryptionKey ?? "" };
  }

  /** What a control plane's API server reads; empty for a worker. */
  files({ role }: Machine): Environment {
    if (role === "worker" || !this.settings.hardened) return { AUDIT_POLICY: "", ADMISSION: "", ENCRYPTION_KEY: "" };
    return { AUDIT_POLICY: renderAuditPolicy(), ADMISSION: renderAdmission(), ...this.key() };
  }

  /** What moves a control plane that was not hardened, or not like this. */
  staticPods(node: Machine): Environment {
    const hardened = this.settings.hardened && node.role === "control-plane";
    return {
      ...this.files(node),
      MANIFEST_LINES: hardened ? manifestLines(this.settings.version) : "",
      PHASE_CONFIG: hardened ? renderPhaseConfig(this.settings, node) : "",
    };
  }
  /**
   * The steps from which on control planes write Secrets encrypted, one after the other. The last one sees to those that etcd has
   * in clear.
   *
   * @param turns of all control planes: since then each has the key, and can read what another one encrypts
   */
  encrypt(
    controlPlanes: readonly Machine[],
    turns: readonly pulumi.Resource[],
    stackId: pulumi.Input<string>,
    parent: pulumi.Resource,
  ): readonly RemoteStep[] {
    const all: RemoteStep[] = [];
    for (const node of this.settings.hardened ? controlPlanes : []) {
      const env = {
        NODE_NAME: node.name,
        NODE_ADDRESS: node.address,
        STACK_ID: stackId,
        ...this.key(),
        LAST: node === controlPlanes.at(-1) ? "yes" : "no",
      };
      const step = new RemoteStep(
        stepName(this.settings.name, node.name, "encryption"),
        { on: node, script: "kubernetes/encrypt-secrets.sh", env, undo: "none" },
        { parent, dependsOn: [...turns, ...all.slice(-1)] },
      );
      all.push(step);
    }
    return all;
  }
}

/** Whether the control plane that lets a node in encrypts the Secrets that it writes. */
export function writesEncrypted(admission: RemoteStep): pulumi.Output<string> {
  return pulumi
    .unsecret(admission.stdout)
    .apply((stdout) => String((JSON.parse(stdout) as { readonly encrypted?: boolean }).encrypted === true));
}
