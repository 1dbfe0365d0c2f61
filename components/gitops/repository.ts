import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { NAMESPACE } from "./argocd-manifest";
import { secretData } from "./secret-data";

/** The Git repository that Argo CD reads: a private one over SSH, or a public one over HTTPS without a key. */
export interface Repository {
  /** As in the Applications that use it: `ssh://git@10.78.0.10/srv/git/infra.git` or `git@github.com:org/infra.git`. */
  readonly url: string;
  /** Private half of a read-only deploy key, PEM with a final newline (secret). Unset: a public repository. */
  readonly deployKey?: pulumi.Input<string>;
  /** The server's host keys, `<type> <base64>` without a host name: at least one for SSH, none for HTTPS. */
  readonly hostKeys: readonly pulumi.Input<string>[];
}

/** The Secret that registers a repository in Argo CD, with the login. */
export function repositorySecret(
  name: string,
  repository: Repository,
  options: pulumi.CustomResourceOptions,
): k8s.core.v1.Secret {
  const metadata = {
    name: "infrastructure-repository",
    namespace: NAMESPACE,
    labels: { "argocd.argoproj.io/secret-type": "repository" },
  };
  const { url, deployKey } = repository;
  const data = secretData({ type: "git", url, ...(deployKey ? { sshPrivateKey: deployKey } : {}) });
  return new k8s.core.v1.Secret(name, { metadata, data }, options);
}
