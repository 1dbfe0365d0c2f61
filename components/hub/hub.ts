import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { join } from "node:path";
import { LocalMachine, type LocalNetwork } from "../machines/local-machine";
import { publicKeyOf } from "../machines/public-key";
import type { Connection, Host } from "../remote/host";
import { RemoteStep } from "../remote/remote-step";
import type { Steps } from "../remote/step-facts";
import { TOKENS } from "../tokens";
import { RepositorySeed, type SeededSecret } from "./repository-seed";

export interface HubArgs {
  /** IPv4 address on the network of the local machines. */
  readonly address: string;
  readonly local: {
    readonly network: LocalNetwork;
    /** ext4 image that the machine starts from; has nginx and git in it. */
    readonly baseImage: string;
    /** The mirror on this computer: `files/`, `registry/`, `bin/{registry,kubeseal}`. Read-only for the hub. */
    readonly mirrorDirectory: string;
  };
  /** OpenSSH private key of the operator (secret): logs in to the machine, and pushes to the repository. */
  readonly ssh: { readonly privateKey: pulumi.Input<string> };
  /** OpenSSH private key (secret) whose public half only reads the repository. */
  readonly gitops: { readonly deployKey?: pulumi.Input<string> };
  /** The cluster's, newest last: the starter's SealedSecrets are sealed with it. */
  readonly sealingKeys: readonly { readonly certificate: string }[];
  readonly memoryMiB: number;
  readonly diskGiB: number;
}

/** Where the Git repository lives on this computer, so that it outlives all machines. */
const GIT_DIRECTORY = ".local/git";

/** Content of the first commit. */
const STARTER_DIRECTORY = "gitops";

/** Path of the repository on the hub. */
const REPOSITORY_PATH = "/srv/git/infra.git";

/** The environments that the starter has overlays for: the local platform can play each of them. */
const ENVIRONMENTS = ["local", "staging", "production"];

/**
 * What an air-gapped site has beside its cluster, on one more local machine: a file server, a registry, a Git server.
 * It is no node of the cluster.
 *
 * Deleting it takes the machine away; the mirror and the repository stay on this computer.
 *
 * @example
 * const hub = new Hub("hub", { address: "10.78.0.10", local, ssh, gitops, sealingKeys });
 */
export class Hub extends pulumi.ComponentResource implements Host {
  readonly connection: Connection;
  readonly identity: pulumi.Output<string>;
  readonly ready: readonly pulumi.Resource[];
  readonly disposedWith: pulumi.Resource;
  /** `ssh://git@10.78.0.10/srv/git/infra.git`. */
  readonly repositoryUrl: string;
  /** What Argo CD's known hosts need: `ssh-ed25519 AAAA…`. */
  readonly hostKey: pulumi.Input<string>;
  /** Base URL of the files. */
  readonly files: string;
  /** Base URL of the registry. */
  readonly registry: string;
  /** Files and images can be downloaded. */
  readonly mirrorReady: readonly pulumi.Resource[];
  /** The repository can be read, and has content. */
  readonly repositoryReady: readonly pulumi.Resource[];

  constructor(
    readonly name: string,
    args: HubArgs,
    opts: pulumi.ComponentResourceOptions = {},
  ) {
    const steps: Steps = {
      [`${name}-mirror`]: { step: "mirror", summary: "serves files and images" },
      [`${name}-repository`]: { step: "repository", summary: "serves the Git repository" },
      [`${name}-seed`]: { step: "seed", summary: "pushes the starter to an empty repository" },
    };
    super(TOKENS.hub, name, { steps }, opts);
    const { local, ssh } = args;
    const parent = { parent: this };
    const loginKey = { privateKey: ssh.privateKey, publicKey: pulumi.output(ssh.privateKey).apply(publicKeyOf) };
    const machine = new LocalMachine(
      name,
      {
        address: args.address,
        network: local.network,
        baseImage: local.baseImage,
        memoryMiB: args.memoryMiB,
        diskGiB: args.diskGiB,
        loginKey,
        protectKeys: false,
        binds: [
          { source: local.mirrorDirectory, target: "/srv/mirror", access: "read-only" },
          { source: GIT_DIRECTORY, target: "/srv/git", access: "read-write" },
        ],
      },
      parent,
    );
    this.connection = machine.connection;
    this.identity = machine.identity;
    this.ready = machine.ready;
    this.disposedWith = machine.disposedWith;
    this.hostKey = machine.connection.hostKey;
    this.repositoryUrl = `ssh://git@${args.address}${REPOSITORY_PATH}`;

    const step = { on: this, undo: "none", timeoutSeconds: 60 } as const;
    const mirror = new RemoteStep(
      `${name}-mirror`,
      { ...step, script: "hub/serve-mirror.sh", env: { NODE_NAME: name } },
      parent,
    );
    const keys = { PUSH_KEY: loginKey.publicKey, DEPLOY_KEY: deployPublicKey(name, args) };
    const repository = new RemoteStep(
      `${name}-repository`,
      { ...step, script: "hub/git-repository.sh", env: { NODE_NAME: name, ...keys } },
      parent,
    );
    const password = (role: string): pulumi.Output<string> =>
      new random.RandomPassword(`${name}-${role}`, { length: 32, special: false }, parent).result;
    const seed = new RepositorySeed(
      `${name}-seed`,
      {
        repositoryUrl: this.repositoryUrl,
        hostKey: this.hostKey,
        privateKey: ssh.privateKey,
        directory: STARTER_DIRECTORY,
        kubeseal: join(local.mirrorDirectory, "bin", "kubeseal"),
        sealingCertificate: args.sealingKeys.at(-1)?.certificate ?? "",
        secrets: [
          ...starterSecrets("credentials", "database-creds", password("starter-password")),
          ...starterSecrets("store", "store-auth", password("store-password")),
        ],
      },
      { ...parent, dependsOn: [repository] },
    );
    this.files = `http://${args.address}`;
    this.registry = `http://${args.address}:5000`;
    this.mirrorReady = [mirror];
    this.repositoryReady = [seed];
    this.registerOutputs({ repositoryUrl: this.repositoryUrl, files: this.files, registry: this.registry });
  }
}

/** The Secret that an application of the starter expects, for each of its overlays. */
function starterSecrets(application: string, name: string, password: pulumi.Output<string>): SeededSecret[] {
  return ENVIRONMENTS.map((environment) => ({
    name,
    namespace: application,
    file: `apps/${application}/overlays/${environment}/sealed-secret.yaml`,
    password,
  }));
}

function deployPublicKey(name: string, { gitops }: HubArgs): pulumi.Output<string> {
  if (gitops.deployKey === undefined)
    throw new Error(
      `${name} — gitops.deployKey is not set (need the key that Argo CD reads with) — set gitops.deployKeyFile`,
    );
  return pulumi.output(gitops.deployKey).apply(publicKeyOf);
}
