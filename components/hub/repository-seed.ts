import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { renderScript } from "../remote/script";

export interface RepositorySeedArgs {
  /** `ssh://user@host/path`. */
  readonly repositoryUrl: string;
  /** The server's public host key. */
  readonly hostKey: pulumi.Input<string>;
  /** OpenSSH private key that may push (secret). */
  readonly privateKey: pulumi.Input<string>;
  /** The content, on this computer, relative to the project: `gitops`. */
  readonly directory: string;
  /** Path of the kubeseal program on this computer. */
  readonly kubeseal: string;
  /** A certificate of the cluster's sealing keys, PEM. */
  readonly sealingCertificate: pulumi.Input<string>;
  /** What is sealed into the commit. */
  readonly secrets: readonly SeededSecret[];
}

/** A Secret with the one key `password`. No part of it may have a blank. */
export interface SeededSecret {
  readonly name: string;
  readonly namespace: string;
  /** Where the SealedSecret goes in the repository; a file that is among the content is kept. */
  readonly file: string;
  /** The value (secret). */
  readonly password: pulumi.Input<string>;
}

/**
 * Pushes the starter content to a repository that is still empty, from this computer; leaves any other as it is.
 * Deleting it changes nothing: what is in Git is the operator's.
 *
 * @example
 * new RepositorySeed("hub-seed", { repositoryUrl, hostKey, privateKey, directory, kubeseal, sealingCertificate, secrets });
 */
export class RepositorySeed extends command.local.Command {
  constructor(name: string, args: RepositorySeedArgs, opts: pulumi.CustomResourceOptions = {}) {
    const { directory, kubeseal, sealingCertificate } = args;
    const secrets = args.secrets.map(
      ({ file, namespace, name: secret, password }) => pulumi.interpolate`${file} ${namespace} ${secret} ${password}`,
    );
    super(
      name,
      {
        create: "bash components/hub/seed-repository.sh apply",
        update: "bash components/hub/seed-repository.sh apply",
        stdin: pulumi
          .all([args.hostKey, pulumi.secret(args.privateKey), sealingCertificate, pulumi.all(secrets)])
          .apply(([hostKey, privateKey, certificate, lines]) =>
            renderScript("", {
              REPOSITORY_URL: args.repositoryUrl,
              HOST_KEY: hostKey,
              PRIVATE_KEY: privateKey,
              SOURCE: directory,
              KUBESEAL: kubeseal,
              SEALING_CERTIFICATE: certificate,
              SECRETS: lines.join("\n"),
            }),
          ),
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
      },
      pulumi.mergeOptions(opts, { deleteBeforeReplace: true, additionalSecretOutputs: ["stdout", "stderr"] }),
    );
  }
}
