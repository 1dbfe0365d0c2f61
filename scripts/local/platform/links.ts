import { existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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

function link(target: string, name: string): void {
  mkdirSync(dirname(name), { recursive: true });
  const there = lstatSync(name, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() && readlinkSync(name) === target && existsSync(name)) return;
  rmSync(name, { force: true });
  symlinkSync(target, name);
}
