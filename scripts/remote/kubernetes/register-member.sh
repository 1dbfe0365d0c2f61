#!/usr/bin/env bash
# On a control plane, for one node of the cluster, maybe itself: labels it; the undo drains it and takes it out.
#
# Environment
#   NODE_NAME    the machine this runs on
#   STACK_ID
#   MEMBER_NAME, MEMBER_ROLE (control-plane or worker), MEMBER_ADDRESS
#   DRAIN_TIMEOUT_SECONDS        how long pods may take to leave
#   DRAIN_GRACE_PERIOD_SECONDS   for each pod to end; -1: the pod's own
# State: the Node object and, for control planes, the etcd member
# Undo: drains (bounded), removes the etcd member, deletes the Node. Refused while a budget keeps a pod there, while etcd can't be
#   asked, or when it would lose its majority.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/members.sh"
SCOPE=membership

readonly DRAIN_LOG=/run/gitops-platform-removal.log

apply() {
  [ "$MEMBER_ROLE" = worker ] || return 0 # kubeadm labels control planes itself
  kube label node "$MEMBER_NAME" --overwrite node-role.kubernetes.io/worker= >/dev/null
}

# drain_member: a budget is respected. Pods without a controller end with their node.
drain_member() {
  local kept
  log_info "$MEMBER_NAME is drained (for up to $DRAIN_TIMEOUT_SECONDS s)"
  kube drain "$MEMBER_NAME" --ignore-daemonsets --delete-emptydir-data --force --timeout="${DRAIN_TIMEOUT_SECONDS}s" \
    --grace-period="$DRAIN_GRACE_PERIOD_SECONDS" >"$DRAIN_LOG" 2>&1 && return
  kept=$(grep -E 'evicting|timed out|cannot delete' "$DRAIN_LOG" | sort -u | tail -n 3 | tr '\n' ';')
  kube uncordon "$MEMBER_NAME" >/dev/null || log_info "$MEMBER_NAME could not be uncordoned"
  die "$MEMBER_NAME could not be drained in $DRAIN_TIMEOUT_SECONDS s, and stays in the cluster: ${kept:-$(tail -n 1 "$DRAIN_LOG")}. Make room (another node, another budget), or raise drain.timeoutSeconds, and run again"
}

destroy() {
  local ready
  if ! is_ours || [ ! -s "$ADMIN_CONFIG" ]; then
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
  [ "$ready" != True ] || drain_member
  forget_node "$MEMBER_NAME" "$MEMBER_ROLE" "$MEMBER_ADDRESS"
}

run_verb "$@" </dev/null
