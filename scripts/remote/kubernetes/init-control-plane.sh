#!/usr/bin/env bash
# Makes the first control plane: kubeadm init, once. Prints {"caCertificate": …, "cluster": …}, the latter as the cluster
# itself says (lib/cluster-facts.sh), and what was written (lib/written.sh), the same on every run.
#
# Environment
#   NODE_NAME, NODE_ADDRESS, STACK_ID, IDENTITY, ETCD_DIRECTORY
#   POD_CIDR              this node's part of the pod network; empty: Kubernetes chooses
#   INIT_CONFIG           kubeadm configuration (secret)
#   OTHER_CONTROL_PLANES  addresses, separated by blanks
# State: /etc/kubernetes, /var/lib/{etcd,kubelet}, /etc/gitops-platform/initialised
# Undo: kubeadm reset and what it leaves behind, when the ownership marker is ours.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/kubeadm.sh"
. "$(dirname "$0")/../lib/files.sh"
. "$(dirname "$0")/../lib/written.sh"
. "$(dirname "$0")/../lib/reset.sh"
. "$(dirname "$0")/../lib/cluster-facts.sh"
SCOPE=init

readonly READY_SECONDS=120

# A first control plane that lost its machine must not found a second cluster beside the others.
refuse_second_cluster() {
  local address
  for address in $OTHER_CONTROL_PLANES; do
    if api_ready "$address:6443"; then
      die "this machine has no cluster, but the control plane $address serves one; a second one would split it. Let this machine join it by hand, as docs/runbooks/lost-control-plane.md says"
    fi
  done
}

# An empty cluster never replaces one that existed.
await_existing() {
  [ -d "$ETCD_DIRECTORY/member" ] ||
    die "this machine was made a control plane at $(cat "$INITIALISED_FILE"), but $ETCD_DIRECTORY/member is gone; an empty cluster would take its place. Restore an etcd snapshot there, or rebuild the machine, and run again"
  systemctl start kubelet
  await_api "the existing cluster's data was left alone"
}

# await_api REMARK
await_api() {
  local deadline=$((SECONDS + READY_SECONDS))
  until api_ready "$NODE_ADDRESS:6443"; do
    [ "$SECONDS" -lt "$deadline" ] ||
      die "waited $READY_SECONDS s for https://$NODE_ADDRESS:6443/readyz, last answer '$(curl --silent --insecure --noproxy '*' --max-time 3 "https://$NODE_ADDRESS:6443/readyz" | tail -n 1)'; $1. Look at \`journalctl -u kubelet\` and \`crictl ps -a\` there, and run again"
    sleep 0.3
  done
}

init() {
  refuse_second_cluster
  if has_remnants; then
    log_info "an earlier init did not finish; starting over"
    reset_node
  fi
  secret_file init.yaml <<<"$INIT_CONFIG"
  run_kubeadm init init --config "$SECRETS_DIRECTORY/init.yaml" --skip-token-print
  record_kubeadm_files
  await_api "kubeadm init itself succeeded"
  date --utc --iso-8601=seconds >"$INITIALISED_FILE"
}

apply() {
  require_ours
  take_lock
  if [ -e "$INITIALISED_FILE" ] || [ -e "$JOINED_FILE" ]; then await_existing; else init; fi
  read_cluster_facts
  refuse_changed_cluster "$INIT_CONFIG"
  record_node /etc/kubernetes/admin.conf
  { describe_cluster && describe_joined; } |
    jq --slurp --compact-output --rawfile ca /etc/kubernetes/pki/ca.crt '{caCertificate: $ca} + add'
}

destroy() { reset_ours; }

run_verb "$@" </dev/null
