#!/usr/bin/env bash
# Removes a node's Kubernetes, and only that: prepare-node.sh removes what it runs on (packages, containerd, images).

# remove_rules SAVE RESTORE: the packet filter without the chains of kube-proxy, kube-router and flannel.
remove_rules() {
  command -v "$1" >/dev/null || return 0
  "$1" | { grep -vE 'KUBE-|FLANNEL-|CNI-' || true; } | "$2" # no rules at all, after a reboot, is fine
}

# reset_node: also from any half-run. The etcd member is removed through a living control plane, not from here.
reset_node() {
  local name
  mkdir -p "$LOG_DIRECTORY"
  systemctl stop kubelet 2>/dev/null || true # not there yet on a half-prepared node
  rm -f /etc/kubernetes/admin.conf           # kubeadm would ask an API that may be gone for its configuration, for half a minute
  kubeadm reset --force --skip-phases=remove-etcd-member --cri-socket=unix:///run/containerd/containerd.sock \
    >"$LOG_DIRECTORY/reset.log" 2>&1 9>&- || log_info "kubeadm reset failed, see $LOG_DIRECTORY/reset.log; going on"
  remove_tree /etc/kubernetes /etc/cni/net.d/10-flannel.conflist /var/lib/cni /run/flannel /var/lib/kubelet \
    /var/log/pods /var/log/containers
  # A file system of etcd's own keeps its lost+found.
  if [ -d "$ETCD_DIRECTORY" ]; then find "$ETCD_DIRECTORY" -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} +; fi
  for name in cni0 flannel.1 kube-dummy-if; do
    ip link delete "$name" 2>/dev/null || true # exists only where pods ran
  done
  # Of pods whose network could not be taken down properly.
  for name in $(ip netns list 2>/dev/null | grep -o '^cni-[0-9a-f-]*'); do ip netns delete "$name" || true; done # it may be going already
  systemctl stop kubepods.slice 2>/dev/null || true                                                              # a worker without pods has none
  remove_rules iptables-save iptables-restore
  remove_rules ip6tables-save ip6tables-restore
  for name in $(ipset list -name 2>/dev/null | grep -E '^(inet6:)?(KUBE-|kube-router-)'); do ipset destroy "$name" || true; done # the rules that use them are gone
  rm -f "$INITIALISED_FILE" "$JOINED_FILE" "$KUBEADM_RECORD"
}

# reset_ours: the undo of init and of join.
reset_ours() {
  if ! is_ours; then
    log_info "nothing of this stack is here"
    return
  fi
  take_lock
  reset_node
}
