#!/usr/bin/env bash
# Prints the administrator's kubeconfig (secret) with the address that operators reach the API at.
#
# Environment
#   NODE_NAME
#   ENDPOINT  https://host:port
# State: none. Undo: none.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
SCOPE=kubeconfig

apply() {
  [ -s /etc/kubernetes/admin.conf ] || die "/etc/kubernetes/admin.conf is missing (need a control plane); run the whole update again"
  sed "s|^\( *server:\).*|\1 $ENDPOINT|" /etc/kubernetes/admin.conf
}

run_verb "$@" </dev/null
