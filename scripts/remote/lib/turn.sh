#!/usr/bin/env bash
# A node's turn: from its drain until it is healthy and takes pods again. Several steps may have a part in one turn.
# NODE_NAME, NODE_ROLE and the DRAIN_* variables come from the environment.

# While it is there, a turn is unfinished. Its lines: "cordoned" when the operator had cordoned the node before, "changing" once
# something of the node may have changed.
readonly TURN_FILE=$STATE_DIRECTORY/turn
# What the node's machine had to run with when its last turn ended.
readonly DEFINITION_FILE=$STATE_DIRECTORY/machine-definition
readonly HEALTH_SECONDS=300
DRAIN_LEFT=''

is_control_plane() { [ "$NODE_ROLE" = control-plane ]; }

# require_others: with one member away, etcd needs all the others.
require_others() {
  local attempt member url sick
  is_control_plane || return 0
  for ((attempt = 1; attempt <= ETCD_ATTEMPTS; attempt++)); do
    if [ "$attempt" -gt 1 ]; then sleep "$ETCD_PAUSE_SECONDS"; fi
    ask_etcd '' || continue
    sick=''
    while IFS='|' read -r member url; do
      is_healthy "$url" || sick+="${member:-a member that never started} "
    done < <(awk -F', ' -v own="$NODE_NAME" '$3 != own { print $3 "|" $5 }' <<<"$ETCD_MEMBERS")
    [ -n "$sick" ] || return 0
  done
  die "it is not this node's turn: etcd's other members have to be healthy first (not healthy: ${sick:-no member answered}); nothing was changed. See \`kubectl --namespace kube-system get pods --selector component=etcd\`, and run again"
}

begin_turn() {
  local unschedulable
  [ ! -e "$TURN_FILE" ] || return 0
  unschedulable=$(own_node | jq '.spec.unschedulable // false') ||
    die "can't ask the API for this node; nothing was changed. See \`systemctl status kube-apiserver-proxy\` here, and run again"
  if [ "$unschedulable" = true ]; then echo cordoned; fi | write_file "$TURN_FILE" || true # an empty file is a turn too
}

# has_mark NAME: whether the unfinished turn says so.
has_mark() {
  grep -qsx "$1" "$TURN_FILE"
}

mark_changing() {
  has_mark changing || echo changing >>"$TURN_FILE"
}

end_turn() {
  if has_mark cordoned; then
    log_info "$NODE_NAME was cordoned before, and stays so"
  else
    node_kube uncordon "$NODE_NAME" >/dev/null || return
  fi
  rm -f "$TURN_FILE"
}

# has_refuge: whether another node takes pods at all. One that is only away for the moment counts.
has_refuge() {
  local others
  others=$(node_kube get nodes --output json | jq --arg own "$NODE_NAME" '[.items[] | select(.metadata.name != $own)
    | select(all(.spec.taints[]?; .effect == "PreferNoSchedule" or (.key | startswith("node.kubernetes.io/"))))] | length') ||
    die "can't ask the API for the nodes that could take the pods of $NODE_NAME; nothing was changed. See \`systemctl status kube-apiserver-proxy\` here, and run again"
  [ "$others" -gt 0 ]
}

drain() {
  if ! has_refuge; then
    log_info "$NODE_NAME is the only node that takes pods: they are not evicted, and are away as long as it is"
    node_kube cordon "$NODE_NAME" >/dev/null || die "$NODE_NAME could not be cordoned; nothing was changed. Run again"
    return
  fi
  log_info "$NODE_NAME is drained (for up to $DRAIN_TIMEOUT_SECONDS s)"
  drain_node "$DRAIN_TIMEOUT_SECONDS" "$DRAIN_GRACE_PERIOD_SECONDS" && return
  # An earlier run has begun to change it: it takes pods again only once it is healthy.
  if has_mark changing; then
    die "$NODE_NAME, which an earlier run has begun to change, could not be drained in $DRAIN_TIMEOUT_SECONDS s, and stays cordoned; no other node is touched. ${DRAIN_LEFT}Run again"
  fi
  end_turn || log_info "$NODE_NAME could not be uncordoned"
  die "$NODE_NAME could not be drained in $DRAIN_TIMEOUT_SECONDS s, and takes pods again; no other node is touched. ${DRAIN_LEFT}Make room (more replicas, another budget), or raise drain.timeoutSeconds, and run again"
}

# empty_node: begins the turn, or goes on with it, up to the moment from which the node may change.
empty_node() {
  require_others
  begin_turn
  drain
  if is_control_plane; then hand_over_leadership "$NODE_ADDRESS"; fi
  mark_changing
}

# await_cluster: after a boot, or in the middle of a turn that was killed, the API may be on its way back.
await_cluster() {
  local deadline=$((SECONDS + HEALTH_SECONDS))
  until node_kube get --raw /readyz >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] ||
      die "waited $HEALTH_SECONDS s for the API, to end the turn of $NODE_NAME; it stays cordoned. Look at \`journalctl -u kubelet\` and \`crictl ps -a\` on the control planes, and run again"
    sleep 1
  done
}
