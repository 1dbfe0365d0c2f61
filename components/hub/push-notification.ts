import * as pulumi from "@pulumi/pulumi";
import type { Machine } from "../machines/machine";
import { RemoteStep } from "../remote/remote-step";
import type { Steps } from "../remote/step-facts";
import { TOKENS } from "../tokens";
import type { Hub } from "./hub";

export interface PushNotificationArgs {
  readonly hub: Hub;
  readonly argocd: {
    /** A control plane, which can read the certificate of Argo CD's server. */
    readonly controlPlane: Machine;
    /** Where Argo CD's server listens: `10.78.0.11:30443`; the first that answers is told. */
    readonly addresses: readonly string[];
    /** Argo CD's `webhook.gitlab.secret` (secret). It goes to the server with that certificate, and to nobody else. */
    readonly token: pulumi.Input<string>;
  };
}

/**
 * Makes the hub tell Argo CD of every push, so that a commit is live in seconds. A push never waits for that, and never
 * fails because of it.
 *
 * Deleting it leaves the repository, and Argo CD polls.
 *
 * @example
 * new PushNotification("hub-push", { hub, argocd: { controlPlane, addresses: ["10.78.0.11:30443"], token } });
 */
export class PushNotification extends pulumi.ComponentResource {
  constructor(name: string, args: PushNotificationArgs, opts: pulumi.ComponentResourceOptions = {}) {
    const steps: Steps = {
      [`${name}-certificate`]: { step: "certificate", summary: "reads the certificate of Argo CD's server" },
      [`${name}-notify`]: { step: "notify", summary: "makes every push notify Argo CD" },
    };
    super(TOKENS.pushNotification, name, { steps }, opts);
    const { hub, argocd } = args;
    const certificate = new RemoteStep(
      `${name}-certificate`,
      {
        on: argocd.controlPlane,
        script: "hub/print-argocd-certificate.sh",
        env: { NODE_NAME: argocd.controlPlane.name },
        undo: "none",
      },
      { parent: this, dependsOn: opts.dependsOn },
    );
    new RemoteStep(
      `${name}-notify`,
      {
        on: hub,
        script: "hub/notify-argocd.sh",
        env: {
          NODE_NAME: hub.name,
          // Argo CD matches host and path, whatever the protocol.
          WEB_URL: hub.repositoryUrl.replace(/^ssh:\/\/git@/, "http://").replace(/\.git$/, ""),
          ADDRESSES: argocd.addresses.join("\n"),
          TOKEN: pulumi.secret(argocd.token),
          CERTIFICATE: certificate.stdout,
        },
        undo: "script",
        timeoutSeconds: 60,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
