#!/usr/bin/env bash
# Founds the cluster on this node: kubeadm init, once, and never beside another one.

readonly READY_SECONDS=120

# is_present ADDRESS PORT
is_present() {
  timeout 2 bash -c "</dev/tcp/$1/$2" 2>/dev/null
}

# refuse_second_cluster: a control plane that lost its machine must not found a second cluster beside the others. etcd listens
# for its peers as long as it runs, with a majority or without.
refuse_second_cluster() {
  local name address
  while read -r name address; do
    if api_ready "$address:6443" || is_present "$address" 2380; then
      die "this machine has no cluster, but the control plane $name ($address) has one; a second one would split it. Bring its API back (\`crictl ps -a\` there), and run again: this machine then joins"
    fi
  done < <(other_control_planes)
}

# await_founded: an empty cluster never replaces one that existed.
await_founded() {
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

found() {
  [ -n "$INIT_CONFIG" ] ||
    die "no other control plane answers, and this machine is not the one that founds a cluster; nothing was changed. Start a control plane that has the cluster's data, and run again; if all are lost, see docs/runbooks/lost-cluster.md"
  refuse_second_cluster
  [ -n "$RESTORE" ] || refuse_empty_cluster
  if has_remnants; then
    log_info "an earlier init did not finish; starting over"
    reset_node
  fi
  # shellcheck disable=SC2086 # name and checksum
  [ -z "$RESTORE" ] || restore_snapshot $RESTORE
  write_hardening own
  secret_file init.yaml <<<"$INIT_CONFIG"
  # With a snapshot's data, etcd's directory is not empty.
  run_kubeadm init init --config "$SECRETS_DIRECTORY/init.yaml" --skip-token-print \
    ${RESTORE:+--ignore-preflight-errors="DirAvailable-${ETCD_DIRECTORY//\//-}"}
  record_kubeadm_files
  await_api "kubeadm init itself succeeded"
  date --utc --iso-8601=seconds >"$INITIALISED_FILE"
  forget_snapshot
}
