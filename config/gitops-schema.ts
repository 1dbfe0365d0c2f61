import { isRevision, parseGitAddress } from "../components/addresses/git-address";
import * as field from "./fields";

/** What Argo CD follows, and how. */
export const gitops = field
  .section({
    repoURL: field
      .text(
        {
          need: "ssh://user@host/path, user@host:path or https://host/path, without a password",
          example: "ssh://git@git.example.org/infra.git",
        },
        (value) => parseGitAddress(value) !== undefined,
      )
      .describe("The infrastructure repository."),
    targetRevision: field
      .text({ need: "a branch, tag or commit", example: "HEAD" }, isRevision)
      .default("HEAD")
      .describe("Branch, tag or commit that Argo CD follows."),
    path: field
      .text(
        { need: "a folder inside the repository", example: "applications" },
        (value) => /^[\w.-]+(\/[\w.-]+)*$/.test(value) && !value.split("/").includes(".."),
      )
      .default("applications")
      .describe("Folder of the child Applications."),
    deployKeyFile: field
      .file(".local/keys/deploy")
      .optional()
      .describe("File of the private key that reads a repository over SSH. Either this or deployKey."),
    deployKey: field
      .secret("an OpenSSH private key")
      .optional()
      .describe("The private key itself. Either this or deployKeyFile."),
    hostKeys: field
      .list({ need: "a list of public host keys", example: '["ssh-ed25519 AAAA…"]' }, field.hostKey("repository"))
      .default([])
      .describe("Public host keys of the Git server, ssh-rsa included; needed for a repository over SSH."),
    applicationSets: field.flag("false").default(true).describe("Whether Argo CD also takes ApplicationSets."),
    reconciliationSeconds: field
      .number({ need: "a whole number of seconds from 10 to 3600", example: "60" }, { min: 10, max: 3600, whole: true })
      .default(60)
      .describe("How often Argo CD polls Git without a push, and retries a comparison that failed, in seconds."),
    nodePort: field
      .number({ need: "a port from 30000 to 32767", example: "30443" }, { min: 30_000, max: 32_767, whole: true })
      .optional()
      .describe("NodePort of the Argo CD server; unset: not reachable from outside the cluster."),
  })
  .describe("What Argo CD follows, and how.");

/** A key pair of Sealed Secrets. */
export const sealingKey = field.section({
  certificate: field
    .text({ need: "a PEM certificate", example: "the output of openssl req -x509" }, (value) => value !== "")
    .describe("X.509 certificate; public."),
  privateKey: field.secret("a PEM private key").describe("RSA key that the certificate was made with."),
});
