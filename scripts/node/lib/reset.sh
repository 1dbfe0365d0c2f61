#!/usr/bin/env bash
# Takes a node's Kubernetes away, and only what this project put there: packages, containerd and images stay.

# remove_rules SAVE RESTORE: the packet filter without the chains of kube-proxy, kube-router and flannel.
remove_rules() {
  command -v "$1" >/dev/null || return 0
  "$1" | { grep -vE 'KUBE-|FLANNEL-|CNI-' || true; } | "$2" # no rules at all, after a reboot, is fine
}

# reset_node: also from any half-run. The etcd member is removed through a living control plane, not from here.
reset_node() {
  local link
  mkdir -p "$LOG_DIRECTORY"
  systemctl stop kubelet 2>/dev/null || true # not there yet on a half-prepared node
  rm -f /etc/kubernetes/admin.conf           # kubeadm would ask an API that may be gone for its configuration, for half a minute
  kubeadm reset --force --skip-phases=remove-etcd-member --cri-socket=unix:///run/containerd/containerd.sock \
    >"$LOG_DIRECTORY/reset.log" 2>&1 9>&- || log_info "kubeadm reset failed, see $LOG_DIRECTORY/reset.log; going on"
  rm -rf --one-file-system /etc/kubernetes /etc/cni/net.d/10-flannel.conflist /var/lib/cni /run/flannel /var/lib/kubelet \
    /var/log/pods /var/log/containers
  if [ -d "$ETCD_DIRECTORY" ]; then find "$ETCD_DIRECTORY" -mindepth 1 -delete; fi
  for link in cni0 flannel.1 kube-dummy-if; do
    ip link delete "$link" 2>/dev/null || true # exists only where pods ran
  done
  remove_rules iptables-save iptables-restore
  remove_rules ip6tables-save ip6tables-restore
  ipset destroy 2>/dev/null || true # sets of kube-router; one in use by somebody else stays
  rm -f "$INITIALISED_FILE" "$JOINED_FILE" "$KUBEADM_RECORD"
}
