import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Artifact } from "../artifacts/artifact";
import { pinImages } from "../artifacts/pin-images";
import { readManifest } from "./manifest";
import { deletedWithOutput } from "../objects/deleted-with-output";
import { objectGroup } from "../objects/object-group";
import { TOKENS } from "../tokens";
import { sealedSecretsObjects } from "./sealed-secrets-manifest";
import { publishedCertificate, sealingCertificates } from "./sealing-keys";
import { secretData } from "./secret-data";

/** The namespace in which `kubeseal` looks for the controller by default. */
const NAMESPACE = "kube-system";

/** A key pair that SealedSecrets are sealed with and opened by. */
export interface SealingKey {
  /** X.509 certificate, PEM; public. */
  readonly certificate: string;
  /** RSA private key, PEM (secret). */
  readonly privateKey: pulumi.Input<string>;
}

export interface SealedSecretsArgs {
  /** Version of the official chart, whose rendered manifest must be vendored: `2.18.4`. */
  readonly version: string;
  /** The cluster, through server-side apply. */
  readonly provider: k8s.Provider;
  /** The pinned images, the controller's among them. */
  readonly artifacts: readonly Artifact[];
  /** Every pair that anything in Git may be sealed with; new SealedSecrets use the newest. None in a preview only. */
  readonly keys: readonly SealingKey[];
  /** Whether updates that would delete or replace a key in the cluster are refused. */
  readonly protectKeys: boolean;
}

/**
 * Sealed Secrets, from its official chart, with keys that belong to the stack and not to the cluster: they exist before
 * the controller, which reads them at its start only and would invent one otherwise, and it never renews them. So a
 * rebuilt cluster opens everything in Git. Rotation is one more entry in `keys`.
 *
 * Destroying it takes the keys out of the cluster; the stack's configuration keeps them.
 *
 * @example
 * new SealedSecrets("sealed-secrets", { version: "2.18.4", provider, artifacts, keys }, { deletedWith: cluster });
 */
export class SealedSecrets extends pulumi.ComponentResource {
  /** What to seal with, `kubeseal --cert`: PEM, public. */
  readonly certificate: pulumi.Output<string>;
  /** The resources that have to exist before a SealedSecret can be opened. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: SealedSecretsArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super(TOKENS.sealedSecrets, name, { chart: args.version }, pulumi.mergeOptions(opts, { provider: args.provider }));

    const pems = args.keys.map(({ certificate }) => certificate);
    const certificates = sealingCertificates(pems);
    const undecided = pems.length === 0 && pulumi.runtime.isDryRun();
    this.certificate = pulumi.output(undecided ? (pulumi.unknown as unknown as string) : publishedCertificate(pems));
    const keys = certificates.map(({ pem, secretName }, index) => {
      const labels = { "sealedsecrets.bitnami.com/sealed-secrets-key": "active" };
      return new k8s.core.v1.Secret(
        `${name}-${secretName.replace("sealed-secrets-", "")}`,
        {
          type: "kubernetes.io/tls",
          metadata: { name: secretName, namespace: NAMESPACE, labels },
          data: secretData({ "tls.crt": pem, "tls.key": args.keys[index]?.privateKey ?? "" }),
        },
        { parent: this, dependsOn: opts.dependsOn, protect: args.protectKeys },
      );
    });

    const objects = sealedSecretsObjects(
      readManifest(`sealed-secrets-${args.version}.yaml`),
      certificates.map(({ secretName }) => secretName),
    );
    const controller = objectGroup(`${name}-controller`, pinImages(objects, args.artifacts), {
      parent: this,
      dependsOn: keys,
    });
    this.ready = [controller.resource("Deployment", "sealed-secrets-controller")];
    this.registerOutputs({ certificate: this.certificate, ...deletedWithOutput(opts) });
  }
}
