#!/usr/bin/env bash
# Prints the certificate of Argo CD's server, so that the hub's hook can verify whom it gives the webhook token to.
# argocd-server makes it at its first start, so this waits for it.
#
# Environment: NODE_NAME (for messages). Runs on a control plane.
# Touches: nothing. Undo: none.
set -euo pipefail
SCOPE=notify
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"

readonly WAIT_SECONDS=240

certificate() {
  kubectl --kubeconfig /etc/kubernetes/admin.conf get secret argocd-secret -n argocd -o 'jsonpath={.data.tls\.crt}' 2>/dev/null | base64 -d
}

apply() {
  local deadline=$((SECONDS + WAIT_SECONDS)) text
  while ((SECONDS < deadline)); do
    text=$(certificate) || text=
    if [[ $text == *"END CERTIFICATE"* ]]; then
      printf '%s\n' "$text"
      return
    fi
    sleep 0.5
  done
  die "argocd-server made no certificate within ${WAIT_SECONDS} s; look with: kubectl -n argocd get pods; kubectl -n argocd logs deployment/argocd-server"
}

run_verb "$@" </dev/null
