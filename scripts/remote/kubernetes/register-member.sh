#!/usr/bin/env bash
# On the first control plane, for one node of the cluster: labels it; the undo drains it and takes it out.
#
# Environment
#   NODE_NAME    the machine this runs on
#   STACK_ID
#   MEMBER_NAME, MEMBER_ROLE (control-plane or worker), MEMBER_ADDRESS
# State: the Node object and, for control planes, the etcd member
# Undo: drains (bounded), removes the etcd member, deletes the Node. Refused while etcd can't be asked, or would lose its
#   majority. Nothing for the machine it runs on.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/members.sh"
SCOPE=membership

readonly DRAIN_SECONDS=45

apply() {
  [ "$MEMBER_ROLE" = worker ] || return 0 # kubeadm labels control planes itself
  kube label node "$MEMBER_NAME" --overwrite node-role.kubernetes.io/worker= >/dev/null
}

destroy() {
  local ready
  if ! is_ours || [ "$MEMBER_NAME" = "$NODE_NAME" ]; then
    log_info "nothing to take out of a cluster here"
    return
  fi
  take_lock
  if ! kube get --raw /readyz >/dev/null 2>&1; then
    # A Node that stays is forgotten when its name joins again; an etcd member that stays can cost the quorum.
    [ "$MEMBER_ROLE" = worker ] ||
      die "the API does not answer, so $MEMBER_NAME can't be taken out of etcd; nothing was removed. Repair the control planes (\`crictl ps -a\` there), and run again; if the machine is lost, \`npm run forget\` takes it out of the stack"
    log_info "the API does not answer; the Node $MEMBER_NAME stays in it"
    return
  fi
  # Before the drain: a node that may not leave stays schedulable.
  [ "$MEMBER_ROLE" = worker ] || require_removable "$MEMBER_NAME" "$MEMBER_ADDRESS"
  ready=$(kube get node "$MEMBER_NAME" --ignore-not-found \
    --output 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') ||
    die "can't ask the API for the Node $MEMBER_NAME; nothing was removed. See \`kubectl get --raw /readyz?verbose\`, and run again"
  if [ "$ready" = True ]; then
    kube drain "$MEMBER_NAME" --ignore-daemonsets --delete-emptydir-data --force --timeout="${DRAIN_SECONDS}s" >/dev/null 2>&1 ||
      log_info "$MEMBER_NAME still has pods after $DRAIN_SECONDS s; going on without them"
  fi
  forget_node "$MEMBER_NAME" "$MEMBER_ROLE" "$MEMBER_ADDRESS"
}

run_verb "$@" </dev/null
