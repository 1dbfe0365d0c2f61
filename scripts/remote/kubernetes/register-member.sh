#!/usr/bin/env bash
# On the first control plane, for one node of the cluster: labels it; the undo drains it and takes it out.
#
# Environment
#   NODE_NAME    the machine this runs on
#   STACK_ID
#   MEMBER_NAME, MEMBER_ROLE (control-plane or worker), MEMBER_ADDRESS
# State: the Node object and, for control planes, the etcd member
# Undo: drains (bounded), removes the etcd member, deletes the Node. Nothing for the machine it runs on.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/members.sh"
SCOPE=membership

readonly DRAIN_SECONDS=45

apply() {
  [ "$MEMBER_ROLE" = worker ] || return 0 # kubeadm labels control planes itself
  kube label node "$MEMBER_NAME" --overwrite node-role.kubernetes.io/worker= >/dev/null
}

is_ready() {
  [ "$(kube get node "$MEMBER_NAME" --ignore-not-found \
    --output 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]
}

destroy() {
  if ! is_ours || [ "$MEMBER_NAME" = "$NODE_NAME" ]; then
    log_info "nothing to take out of a cluster here"
    return
  fi
  take_lock
  if ! kube get --raw /readyz >/dev/null 2>&1; then
    log_info "the API does not answer; $MEMBER_NAME can't be taken out of it"
    return
  fi
  if is_ready; then
    kube drain "$MEMBER_NAME" --ignore-daemonsets --delete-emptydir-data --force --timeout="${DRAIN_SECONDS}s" >/dev/null 2>&1 ||
      log_info "$MEMBER_NAME still has pods after $DRAIN_SECONDS s; going on without them"
  fi
  forget_node "$MEMBER_NAME" "$MEMBER_ROLE" "$MEMBER_ADDRESS"
}

main() {
  case "${1:-}" in
    apply) apply ;;
    destroy) destroy ;;
    *) die "unknown verb '${1:-}' (need apply or destroy)" ;;
  esac
}

main "$@" </dev/null
