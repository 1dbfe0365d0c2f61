import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Artifact } from "../artifacts/artifact";
import { pinImages } from "../artifacts/pin-images";
import { APPLICATION_SETS, argoCdObjects, KNOWN_HOSTS, NAMESPACE } from "./argocd-manifest";
import { REDIS_SECRET, redisConfiguration } from "./argocd-redis";
import { knownHosts } from "./known-hosts";
import { readManifest } from "./manifest";
import { deletedWithOutput } from "../objects/deleted-with-output";
import { objectGroup } from "../objects/object-group";
import { TOKENS } from "../tokens";
import { repositorySecret, type Repository } from "./repository";
import { secretData } from "./secret-data";

/** Any moment before the first login: Argo CD refuses tokens that are older than this. */
const PASSWORD_SET_AT = "2023-06-01T00:00:00Z";

export interface ArgoCdArgs {
  /** Version without a leading v; its official manifest must be vendored: `2.7.15`. */
  readonly version: string;
  /** The cluster, through server-side apply. */
  readonly provider: k8s.Provider;
  /** The pinned images, Argo CD's and Redis' among them. */
  readonly artifacts: readonly Artifact[];
  /** What the root Application points at. */
  readonly repository: Repository;
  /** Opens the API and UI over HTTPS on a port of every node. Unset: reachable inside the cluster only. */
  readonly nodePort?: {
    /** A node's address, or one that leads there: only for `url`. */
    readonly address: pulumi.Input<string>;
    /** 30000 to 32767. */
    readonly port: number;
  };
  /** Whether to install the ApplicationSet controller, too. */
  readonly applicationSets: boolean;
  /** How often Git is polled without a push, in seconds. */
  readonly reconciliationSeconds: number;
}

/**
 * Argo CD, from its official manifest with this platform's changes (`argocd-manifest.ts`), and its access to the
 * infrastructure repository. It doesn't manage itself: all of this belongs to Pulumi, all below the root Application
 * to Git.
 *
 * Passwords are made once and kept in the stack, so that a rebuilt cluster has the same. Destroying it takes the
 * namespace away, Applications included; what they deployed stays, unless the cluster goes too (`deletedWith`).
 *
 * Another version changes the definitions first, then every part in place. Applications, passwords and the repository's
 * key stay as they are, and so does what the Applications deployed.
 *
 * @example
 * new ArgoCd("argocd", { version: "2.7.15", provider, artifacts, repository }, { deletedWith: cluster });
 */
export class ArgoCd extends pulumi.ComponentResource {
  /** Where the API and UI are. */
  readonly url: pulumi.Output<string>;
  /** Of the account `admin` (secret). */
  readonly adminPassword: pulumi.Output<string>;
  /** What a Git server sends as `X-Gitlab-Token` when it reports a push to `<url>/api/webhook` (secret). */
  readonly webhookSecret: pulumi.Output<string>;
  /**
   * What an Application needs before its first comparison: one that fails, because the repo-server isn't up yet, is
   * tried again only after `reconciliationSeconds`. The API server isn't needed for that, so it isn't among them.
   */
  readonly ready: pulumi.Resource[];
  /** Every part of it, for what reads the version that runs. */
  readonly complete: readonly pulumi.Resource[];

  constructor(name: string, args: ArgoCdArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super(TOKENS.argoCd, name, { version: args.version }, pulumi.mergeOptions(opts, { provider: args.provider }));

    const password = (role: string, length: number): random.RandomPassword =>
      new random.RandomPassword(`${name}-${role}`, { length, special: false }, { parent: this });
    const admin = password("admin", 32);
    const redis = password("redis", 40);
    const webhook = password("webhook", 40);
    const signature = password("signature", 48);

    const namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      { metadata: { name: NAMESPACE, labels: { "pod-security.kubernetes.io/enforce": "restricted" } } },
      { parent: this, dependsOn: opts.dependsOn },
    );
    const inNamespace = { parent: this, dependsOn: [namespace] };
    const secret = (role: string, secretName: string, values: Record<string, pulumi.Input<string>>) =>
      new k8s.core.v1.Secret(
        `${name}-${role}`,
        { metadata: { name: secretName, namespace: NAMESPACE, labels: partOf(secretName) }, data: secretData(values) },
        inNamespace,
      );
    const prerequisites = [
      secret("redis-secret", REDIS_SECRET, {
        auth: redis.result,
        "redis.conf": redis.result.apply(redisConfiguration),
      }),
      // Argo CD adds its TLS certificate to this one; server-side apply leaves those fields alone.
      secret("secret", "argocd-secret", {
        "admin.password": admin.bcryptHash,
        "admin.passwordMtime": PASSWORD_SET_AT,
        // Argo CD would make its own, and everyone would be logged out by a rebuild.
        "server.secretkey": signature.result,
        "webhook.gitlab.secret": webhook.result,
      }),
      repositorySecret(`${name}-repository`, args.repository, inNamespace),
      new k8s.core.v1.ConfigMap(
        `${name}-known-hosts`,
        {
          metadata: { name: KNOWN_HOSTS, namespace: NAMESPACE, labels: partOf(KNOWN_HOSTS) },
          data: {
            ssh_known_hosts: pulumi
              .all([...args.repository.hostKeys])
              .apply((keys) => `${knownHosts(args.repository.url, keys).join("\n")}\n`),
          },
        },
        inNamespace,
      ),
    ];

    const unread = args.applicationSets ? undefined : APPLICATION_SETS;
    const objects = pinImages(
      argoCdObjects(readManifest(`argocd-v${args.version}-install.yaml`, unread), {
        reconciliationSeconds: args.reconciliationSeconds,
        applicationSets: args.applicationSets,
        nodePort: args.nodePort?.port,
      }),
      args.artifacts,
    );
    const isDefinition = ({ kind }: { kind: string }): boolean => kind === "CustomResourceDefinition";
    const definitions = objectGroup(`${name}-definitions`, objects.filter(isDefinition), inNamespace);
    // Argo CD makes this project itself, but only once its API server has run: Applications needn't wait for that.
    const project = new k8s.apiextensions.CustomResource(
      `${name}-default-project`,
      {
        apiVersion: "argoproj.io/v1alpha1",
        kind: "AppProject",
        metadata: { name: "default", namespace: NAMESPACE },
        spec: {
          sourceRepos: ["*"],
          destinations: [{ namespace: "*", server: "*" }],
          clusterResourceWhitelist: [{ group: "*", kind: "*" }],
        },
      },
      { parent: this, dependsOn: [...definitions.all] },
    );
    const parts = objectGroup(
      `${name}-parts`,
      objects.filter((object) => !isDefinition(object)),
      { parent: this, dependsOn: [...definitions.all, ...prerequisites] },
    );

    this.complete = parts.all;
    this.ready = [
      project,
      ...prerequisites,
      parts.resource("Deployment", "argocd-redis"),
      parts.resource("Deployment", "argocd-repo-server"),
    ];
    this.url = args.nodePort
      ? pulumi.interpolate`https://${args.nodePort.address}:${args.nodePort.port}`
      : pulumi.output(`https://argocd-server.${NAMESPACE}.svc`);
    this.adminPassword = pulumi.secret(admin.result);
    this.webhookSecret = pulumi.secret(webhook.result);
    this.registerOutputs({ url: this.url, adminPassword: this.adminPassword, ...deletedWithOutput(opts) });
  }
}

function partOf(name: string): Record<string, string> {
  return { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd" };
}
