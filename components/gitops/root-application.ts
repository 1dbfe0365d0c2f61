import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { deletedWithOutput } from "../objects/deleted-with-output";
import { TOKENS } from "../tokens";
import { NAMESPACE } from "./argocd-manifest";

export interface RootApplicationArgs {
  /** The cluster, through server-side apply. */
  readonly provider: k8s.Provider;
  /** Address of the infrastructure repository, written exactly as in its Secret. */
  readonly repoURL: string;
  /** Branch, tag or commit. */
  readonly targetRevision: string;
  /** Folder of the repository that holds the child Applications. */
  readonly path: string;
}

/** How long everything in Git may take to be live and healthy before `pulumi up` fails. */
const TIMEOUT_SECONDS = 600;

/**
 * The App-of-Apps root: from here on Git drives the cluster. It counts as made once it is Synced and Healthy, and its
 * children with it.
 *
 * It carries no finalizer: destroying it leaves what it deployed alone, and can't hang on an Argo CD that is gone.
 *
 * @example
 * new RootApplication("root", { provider, repoURL }, { dependsOn: [...argocd.ready, ...sealedSecrets.ready] });
 */
export class RootApplication extends pulumi.ComponentResource {
  /** Its name in the cluster. */
  readonly applicationName = "infrastructure-root";

  constructor(name: string, args: RootApplicationArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super(TOKENS.rootApplication, name, {}, pulumi.mergeOptions(opts, { provider: args.provider }));
    new k8s.apiextensions.CustomResource(
      `${name}-application`,
      {
        apiVersion: "argoproj.io/v1alpha1",
        kind: "Application",
        metadata: {
          name: this.applicationName,
          namespace: NAMESPACE,
          annotations: {
            "pulumi.com/waitFor": JSON.stringify([
              "jsonpath={.status.sync.status}=Synced",
              "jsonpath={.status.health.status}=Healthy",
            ]),
            "pulumi.com/timeoutSeconds": String(TIMEOUT_SECONDS),
          },
        },
        spec: {
          project: "default",
          source: { repoURL: args.repoURL, targetRevision: args.targetRevision, path: args.path },
          destination: { server: "https://kubernetes.default.svc", namespace: NAMESPACE },
          syncPolicy: { automated: { prune: true, selfHeal: true } },
        },
      },
      { parent: this, dependsOn: opts.dependsOn },
    );
    this.registerOutputs({ applicationName: this.applicationName, ...deletedWithOutput(opts) });
  }
}
