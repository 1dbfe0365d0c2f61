import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { createHash } from "node:crypto";
import { TOKENS } from "../tokens";
import { ed25519KeyPair } from "./ssh-key";

/**
 * A machine's SSH host key, made before the machine exists and kept in the stack's state: the very first connection is
 * verified, and a machine that is made again under the same name has the same key.
 */
export class HostKey extends pulumi.ComponentResource {
  /** PEM (secret). */
  readonly privateKey: pulumi.Output<string>;
  /** `ssh-ed25519 AAAA…`, without a comment: what a connection pins. */
  readonly publicKey: pulumi.Output<string>;

  constructor(name: string, opts: pulumi.ComponentResourceOptions = {}) {
    super(TOKENS.hostKey, name, {}, opts);
    // Not RandomBytes: the official plugin uses its value as the resource's id, which the state keeps in clear.
    const seed = new random.RandomPassword(`${name}-seed`, { length: 64, special: false }, { parent: this });
    const pair = seed.result.apply((text) => ed25519KeyPair(createHash("sha256").update(text).digest(), name));
    this.privateKey = pulumi.secret(pair.privateKeyOpenSsh);
    this.publicKey = pulumi.unsecret(pair.publicKeyOpenSsh.apply((line) => line.split(" ").slice(0, 2).join(" ")));
    this.registerOutputs({ publicKey: this.publicKey });
  }
}
