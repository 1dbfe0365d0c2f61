import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The clone. */
export const root = resolve(__dirname, "..", "..");

/** State of the local platform, ignored by Git. */
const local = join(root, ".local");

/** Builds and downloads, shared by every clone: `$XDG_CACHE_HOME/gitops-platform`. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "gitops-platform");

export const paths = {
  root,
  local,
  cache,
  mirror: join(cache, "mirror"),
  pulumiHome: join(cache, "pulumi-home"),
  /** Pulumi's file backend. */
  state: join(local, "state"),
  /** The committed stack file with the local platform's own secrets, encrypted. */
  stackFile: join(local, "Pulumi.local.yaml"),
  passphrase: join(local, "passphrase"),
  keys: join(local, "keys"),
  machines: join(local, "machines"),
  /** The hub's bare repository: outside the machines, so that it outlives them. */
  git: join(local, "git"),
  /** What Pulumi and its plugins printed. */
  logs: join(local, "logs"),
  bin: join(local, "bin"),
  kubeconfig: join(local, "kubeconfig"),
  certificate: join(local, "public-cert.pem"),
} as const;
