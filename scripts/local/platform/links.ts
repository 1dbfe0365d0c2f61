import { existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildFromCatalogue } from "@gitops-platform/mirror/units/alone";
import { print } from "@gitops-platform/cli/command";
import { paths } from "../../lib/paths";

/** Links the mirror, which the stack reads and serves, and the operator's tools into `.local`. */
export function linkTools(): void {
  link(paths.mirror, join(paths.local, "mirror"));
  link(join(paths.mirror, "bin", "kubectl"), join(paths.bin, "kubectl"));
  wrapKubeseal(join(paths.mirror, "bin", "kubeseal"), join(paths.bin, "kubeseal"));
}

/**
 * kubeseal takes the namespace of a Secret that names none from the kubeconfig, and fails without one. Here it gets the
 * platform's, or else the namespace that kubectl takes: sealing needs no cluster.
 */
function wrapKubeseal(program: string, name: string): void {
  const namespace = join(paths.bin, "default-namespace.yaml");
  // A context without its cluster is no context to kubeseal; nothing connects to this one.
  const config = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": "offline" },
    contexts: [{ name: "offline", context: { cluster: "none", user: "none", namespace: "default" } }],
    clusters: [{ name: "none", cluster: { server: "https://offline.invalid" } }],
    users: [{ name: "none", user: { token: "none" } }],
  };
  // Not through a link of an earlier version: that would overwrite the program itself.
  rmSync(name, { force: true });
  writeFileSync(namespace, JSON.stringify(config));
  writeFileSync(name, kubesealScript(program, paths.kubeconfig, namespace), { mode: 0o755 });
}

/** @param offline the kubeconfig that is taken while the platform's isn't there */
export function kubesealScript(program: string, kubeconfig: string, offline: string): string {
  return [
    "#!/bin/sh",
    'if [ -z "${KUBECONFIG:-}" ] && [ ! -e "${HOME:-/nowhere}/.kube/config" ]; then',
    `  KUBECONFIG='${kubeconfig}'`,
    `  [ -e "$KUBECONFIG" ] || KUBECONFIG='${offline}'`,
    "  export KUBECONFIG",
    "fi",
    `exec '${program}' "$@"`,
    "",
  ].join("\n");
}

/** Puts Argo CD's command line program into `.local/bin`. The mirror builds it for the image. */
export async function linkArgocd(url: string): Promise<void> {
  const program = join(await buildFromCatalogue("argocd", paths.cache, print), "argocd");
  writeFileSync(join(paths.bin, "argocd"), argocdScript(program, new URL(url).host, paths.argocdLogin), {
    mode: 0o755,
  });
}

/**
 * Argo CD's program names no server and no login by itself. Here it gets the platform's, unless the operator names another
 * one. No password and no token is in an argument, which every process can read.
 *
 * @param server host and port of the platform's Argo CD
 * @param login file with the request that gives a token
 */
export function argocdScript(program: string, server: string, login: string): string {
  return [
    "#!/bin/sh",
    'case " $* " in',
    `  *" --server"* | *" --core "* | *" --auth-token"* | *" login "* | *" --client "* | *" --help "* | *" -h "* | "  ") exec '${program}' "$@" ;;`,
    "esac",
    `[ -z "\${ARGOCD_SERVER:-}\${ARGOCD_AUTH_TOKEN:-}" ] || exec '${program}' "$@"`,
    `reply=$(curl --silent --insecure --max-time 20 --data '@${login}' 'https://${server}/api/v1/session')`,
    `ARGOCD_AUTH_TOKEN=$(printf '%s' "$reply" | sed -n 's/.*"token":"\\([^"]*\\)".*/\\1/p')`,
    'if [ -z "$ARGOCD_AUTH_TOKEN" ]; then',
    `  echo "argocd: https://${server} of the local platform gives no token; bring the platform up with npm start" >&2`,
    "  exit 1",
    "fi",
    `export ARGOCD_AUTH_TOKEN ARGOCD_SERVER='${server}' ARGOCD_OPTS="\${ARGOCD_OPTS:---insecure}"`,
    `exec '${program}' "$@"`,
    "",
  ].join("\n");
}

function link(target: string, name: string): void {
  mkdirSync(dirname(name), { recursive: true });
  const there = lstatSync(name, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() && readlinkSync(name) === target && existsSync(name)) return;
  rmSync(name, { force: true });
  symlinkSync(target, name);
}
