#!/usr/bin/env bash
# Begins a member's turn when its machine waits for a restart: the node is drained, then whoever made the machine restarts it,
# and activate-node.sh ends the turn. Every other node is not touched. Prints when there is a turn to end, or nothing.
#
# Environment
#   NODE_NAME, NODE_ADDRESS, NODE_ROLE (control-plane or worker), STACK_ID, ETCD_DIRECTORY
#   MACHINE_DEFINITION           what the machine has to run with
#   MACHINE_PENDING              true: it ran with something else when its own step last looked
#   DRAIN_TIMEOUT_SECONDS        how long pods may take to leave
#   DRAIN_GRACE_PERIOD_SECONDS   for each pod to end; -1: the pod's own
# State: /etc/gitops-platform/turn, until activate-node.sh ends it
# Undo: none.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/kubeadm.sh"
. "$(dirname "$0")/../lib/files.sh"
. "$(dirname "$0")/../lib/members.sh"
. "$(dirname "$0")/../lib/drain.sh"
. "$(dirname "$0")/../lib/turn.sh"
SCOPE=drain

# waits_for_restart: not once a turn has ended with this definition. What the machine's step saw stays in the state, true or not.
waits_for_restart() {
  [ "$MACHINE_PENDING" = true ] && [ "$(cat "$DEFINITION_FILE" 2>/dev/null)" != "$MACHINE_DEFINITION" ]
}

apply() {
  require_ours
  take_lock
  if waits_for_restart; then
    await_cluster
    empty_node
  fi
  # Another answer each time: the step that ends the turn runs whenever this one has found or begun one.
  [ ! -e "$TURN_FILE" ] || jq --null-input --compact-output '{turn: now}'
}

run_verb "$@" </dev/null
