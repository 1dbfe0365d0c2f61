import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { createHash } from "node:crypto";

/** The secrets of a join. They stay the same; the cluster honours them for a limited time after each admission. */
export class JoinCredentials {
  /** `id.secret`: 6 and 16 lower-case letters or digits (secret). */
  readonly bootstrapToken: pulumi.Output<string>;
  /** Decrypts the uploaded control plane certificates: 64 hex digits (secret). */
  readonly certificateKey: pulumi.Output<string>;

  constructor(name: string, opts: pulumi.CustomResourceOptions) {
    const shape = { special: false, upper: false };
    const id = new random.RandomString(`${name}-token-id`, { ...shape, length: 6 }, opts);
    const secret = new random.RandomPassword(`${name}-token-secret`, { ...shape, length: 16 }, opts);
    // Not RandomBytes: the official plugin uses its value as the resource's id, which the state keeps in clear.
    const key = new random.RandomPassword(`${name}-certificate-key`, { length: 64, special: false }, opts);
    this.bootstrapToken = pulumi.secret(pulumi.interpolate`${id.result}.${secret.result}`);
    this.certificateKey = pulumi.secret(key.result.apply((text) => createHash("sha256").update(text).digest("hex")));
  }
}
