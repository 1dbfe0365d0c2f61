import { join, resolve } from "node:path";
import { cacheDirectory } from "@gitops-platform/mirror/cache-directory";

/** The clone. */
export const root = resolve(__dirname, "..", "..");

/** State of the local platform, ignored by Git. */
const local = join(root, ".local");

const cache = cacheDirectory();

export const paths = {
  root,
  local,
  /** Builds and downloads, shared by every clone. */
  cache,
  mirror: join(cache, "mirror"),
  pulumiHome: join(cache, "pulumi-home"),
  /** Pulumi's file backend. */
  state: join(local, "state"),
  /** The committed stack file with the local platform's own encrypted secrets. */
  stackFile: join(local, "Pulumi.local.yaml"),
  passphrase: join(local, "passphrase"),
  keys: join(local, "keys"),
  machines: join(local, "machines"),
  /** The hub's bare repository; it outlives the machines. */
  git: join(local, "git"),
  /** The output of Pulumi and its plugins. */
  logs: join(local, "logs"),
  bin: join(local, "bin"),
  kubeconfig: join(local, "kubeconfig"),
  certificate: join(local, "public-cert.pem"),
  knownHosts: join(local, "known_hosts"),
  /** What `.local/bin/argocd` logs in with. */
  argocdLogin: join(local, "argocd-login.json"),
} as const;
