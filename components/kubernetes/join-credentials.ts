import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { createHash } from "node:crypto";
import { encryptionKey } from "./hardening";

/**
 * The secrets that a cluster's nodes share. They stay the same; the cluster honours those of a join for a limited time after
 * each admission.
 */
export class JoinCredentials {
  /** `id.secret`: 6 and 16 lower-case letters or digits (secret). */
  readonly bootstrapToken: pulumi.Output<string>;
  /** Decrypts the uploaded control plane certificates: 64 hex digits (secret). */
  readonly certificateKey: pulumi.Output<string>;
  /** Encrypts Secrets in etcd: 32 bytes in base64 (secret); unset where the cluster is not hardened. */
  readonly encryptionKey: pulumi.Output<string> | undefined;

  constructor(name: string, hardened: boolean, opts: pulumi.CustomResourceOptions) {
    const shape = { special: false, upper: false };
    const id = new random.RandomString(`${name}-token-id`, { ...shape, length: 6 }, opts);
    const secret = new random.RandomPassword(`${name}-token-secret`, { ...shape, length: 16 }, opts);
    // Not RandomBytes: the official plugin uses its value as the resource's id, which the state keeps in clear.
    const key = new random.RandomPassword(`${name}-certificate-key`, { length: 64, special: false }, opts);
    this.bootstrapToken = pulumi.secret(pulumi.interpolate`${id.result}.${secret.result}`);
    this.certificateKey = pulumi.secret(key.result.apply((text) => createHash("sha256").update(text).digest("hex")));
    const encryption =
      hardened && new random.RandomPassword(`${name}-encryption-key`, { length: 64, special: false }, opts);
    this.encryptionKey = encryption ? pulumi.secret(encryption.result.apply(encryptionKey)) : undefined;
  }
}
