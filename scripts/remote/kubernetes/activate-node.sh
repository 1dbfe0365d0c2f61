#!/usr/bin/env bash
# A member's turn: the node takes over what prepare-node.sh has staged, and runs Kubernetes KUBERNETES_VERSION. It is drained
# before, and healthy and schedulable after. A node without anything to take over is not touched. Prints what was written
# (lib/written.sh), on a control plane also {"cluster": …} as the cluster itself says (lib/cluster-facts.sh), and
# {"certificates": {"notAfter": …}}, when the first of its certificates ends.
#
# Two verbs begin a turn that the next `apply` ends (`npm run maintain`): `upgrade` installs Debian's updates, and prints
# {"updates": [PACKAGE…], "held": [PACKAGE…], "reboot": whether the node needs one}; `maintain` reboots the node.
#
# Environment
#   NODE_NAME, NODE_ADDRESS, NODE_ROLE (control-plane or worker), STACK_ID, ETCD_DIRECTORY
#   KUBERNETES_VERSION           without a leading v
#   MACHINE_DEFINITION           what the machine runs with once its node's turn has come (drain-node.sh); empty: nobody restarts it
#   DRAIN_TIMEOUT_SECONDS        how long pods may take to leave
#   DRAIN_GRACE_PERIOD_SECONDS   for each pod to end; -1: the pod's own
#   ENDPOINT_NAME                a control plane's API server serves a certificate for this name or address too; empty: kubeadm's names do
#   RENEW_ENDING                 a control plane's certificates that end until then are renewed; empty: those of the next 90 days
#   AUDIT_POLICY, ADMISSION, ENCRYPTION_KEY (secret), MANIFEST_LINES, PHASE_CONFIG  of a hardened control plane (lib/hardening.sh);
#     empty: its static pods stay as they are
# State: what prepare-node.sh stages; static pods, certificates and the kubelet's configuration, by kubeadm;
#   /etc/kubernetes/hardening, /var/log/kubernetes, the ConfigMap kubeadm-config; /etc/gitops-platform/{turn,renewal} while they last
# Undo: none.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/control-planes.sh"
. "$(dirname "$0")/../lib/kubeadm.sh"
. "$(dirname "$0")/../lib/files.sh"
. "$(dirname "$0")/../lib/staged.sh"
. "$(dirname "$0")/../lib/written.sh"
. "$(dirname "$0")/../lib/members.sh"
. "$(dirname "$0")/../lib/cluster-facts.sh"
. "$(dirname "$0")/../lib/drain.sh"
. "$(dirname "$0")/../lib/certificates.sh"
. "$(dirname "$0")/../lib/endpoint-name.sh"
. "$(dirname "$0")/../lib/turn.sh"
. "$(dirname "$0")/../lib/snapshot.sh"
. "$(dirname "$0")/../lib/packages.sh"
. "$(dirname "$0")/../lib/updates.sh"
. "$(dirname "$0")/../lib/hardening.sh"
SCOPE=activation

readonly MANIFESTS=/etc/kubernetes/manifests
readonly CONTAINERD_FILE=/etc/containerd/config.toml
# On a file system that a boot empties: while it is there, the node has not gone down yet.
readonly REBOOT_FILE=/run/gitops-platform.reboot
# A control plane that has less left in an update is renewed by it; its own timer does so with less than a month left.
readonly UPDATE_DAYS=90
LEFT=''

# runs_version: whether the cluster's configuration and this node's static pods are of the version already.
runs_version() {
  local part
  is_control_plane || return 0
  [ "$(cluster_field kubernetesVersion <<<"$CLUSTER_CONFIGURATION")" = "v$KUBERNETES_VERSION" ] || return
  for part in kube-apiserver kube-controller-manager kube-scheduler; do
    grep -qE "image: .*/$part:v$KUBERNETES_VERSION\$" "$MANIFESTS/$part.yaml" || return
  done
}

needs_turn() {
  [ -e "$TURN_FILE" ] || [ -n "$(staged_files)" ] || ! runs_version
}

# upgrade_static_pods: kubeadm also upgrades kube-proxy, CoreDNS and its own ConfigMap, by the first control plane of a version.
upgrade_static_pods() {
  take_over /usr/local/bin/kubeadm
  if runs_version && [ ! -e "$STAGED_DIRECTORY/usr/local/bin/kubelet" ]; then return; fi
  if is_control_plane && [ "$(cluster_field kubernetesVersion <<<"$CLUSTER_CONFIGURATION")" != "v$KUBERNETES_VERSION" ]; then
    run_kubeadm upgrade upgrade apply "v$KUBERNETES_VERSION" --yes
  else
    run_kubeadm upgrade upgrade node
  fi
  record_kubeadm_files
  rm -rf /etc/kubernetes/tmp # copies of the old manifests
}

# take_over_staged: sets KUBELET_SINCE, when the kubelet started again, in seconds since 1970.
take_over_staged() {
  local path restart_containerd=''
  [ ! -e "$STAGED_DIRECTORY$CONTAINERD_FILE" ] || restart_containerd=yes
  systemctl stop kubelet
  while IFS= read -r path; do
    [ -z "$path" ] || take_over "$path"
  done < <(staged_files)
  rm -rf "$STAGED_DIRECTORY"
  [ -z "$restart_containerd" ] || systemctl restart containerd
  systemctl daemon-reload
  KUBELET_SINCE=$(date +%s)
  systemctl start kubelet
}

# is_back: whether the node serves again; otherwise LEFT is what is missing.
is_back() {
  local node
  if is_control_plane && ! api_ready "$NODE_ADDRESS:6443"; then LEFT="https://$NODE_ADDRESS:6443/readyz is not ok" && return 1; fi
  node=$(own_node 2>/dev/null) || { LEFT="the API does not answer" && return 1; }
  LEFT=$(jq --raw-output --argjson since "$KUBELET_SINCE" --arg version "v$KUBERNETES_VERSION" '
    (.status.conditions[] | select(.type == "Ready")) as $ready
    | if .status.nodeInfo.kubeletVersion != $version then "the kubelet reports \(.status.nodeInfo.kubeletVersion) (need \($version))"
      elif ($ready.lastHeartbeatTime | fromdateiso8601) < $since then "the kubelet has not reported since it started"
      elif $ready.status != "True" then "the node is not Ready: \($ready.message)" else "" end' <<<"$node")
  [ -z "$LEFT" ] || return 1
  # Its own parts: static pods and those of DaemonSets.
  LEFT=$(own_pods 'select(of_daemonset or mirrored) | select(any(.status.conditions[]?; .type == "Ready" and .status == "True") | not)
    | "\(.metadata.namespace)/\(.metadata.name) is not Ready"' 2>/dev/null) || LEFT="the API does not list the node's pods"
  [ -z "$LEFT" ] || return 1
  is_control_plane || return 0
  LEFT="etcd's member on this node is not healthy"
  ask_etcd '' && is_healthy "https://$NODE_ADDRESS:2379"
}

await_health() {
  local deadline=$((SECONDS + HEALTH_SECONDS))
  until is_back; do
    [ "$SECONDS" -lt "$deadline" ] ||
      die "$NODE_NAME did not come back in $HEALTH_SECONDS s: $(tr '\n' ',' <<<"$LEFT" | sed 's/,*$//'). It stays cordoned, and no other node is touched; look at \`journalctl -u kubelet\` and \`crictl ps -a\` there, and run again"
    sleep 1
  done
}

# keeps_pods: the same kubelet with other arguments leaves its pods as they are.
keeps_pods() {
  [ ! -e "$TURN_FILE" ] && [ "$(staged_files)" = /etc/default/kubelet ] && runs_version
}

take_turn() {
  local began=$SECONDS drained activated
  # A turn that goes on has its snapshot, and perhaps no etcd just now.
  if ! runs_version && ! has_mark changing; then snapshot_first; fi
  if keeps_pods; then require_others && begin_turn && mark_changing; else empty_node; fi
  drained=$SECONDS
  upgrade_static_pods
  take_over_staged
  activated=$SECONDS
  await_health
  end_turn || die "$NODE_NAME is healthy, but could not be uncordoned; run again"
  log_info "$NODE_NAME had its turn: drained in $((drained - began)) s, changed in $((activated - drained)) s, healthy after $((SECONDS - activated)) s"
}

maintain() {
  require_ours
  take_lock
  require_member
  empty_node
  touch "$REBOOT_FILE"
  systemd-run --quiet --on-active=1 systemctl reboot
}

require_member() {
  is_member || die "this node is no member of a cluster; run the whole update first"
}

# upgrade: a node without updates is not drained.
upgrade() {
  local updates held reboot=false
  require_ours
  probe
  take_lock
  require_member
  updates=$(offered_updates)
  if [ -n "$updates" ]; then
    empty_node
    install_updates
  fi
  held=$(apt-mark showhold)
  if needs_reboot; then reboot=true; fi
  jq --null-input --compact-output --arg updates "$updates" --arg held "$held" --argjson reboot "$reboot" \
    '{updates: ($updates | split("\n")), held: ($held | split("\n")), $reboot}'
}

# probe: ends well once the node has booted since `maintain`.
probe() {
  [ ! -e "$REBOOT_FILE" ] || die "this node was asked to reboot, and has not gone down yet; wait for it, and run again"
}

# needs_renewal: the update's reason counts, not only this node's clock.
needs_renewal() {
  [ ! -e "$RENEWAL_FILE" ] || return 0
  end_within "$UPDATE_DAYS" && return
  [ -n "$RENEW_ENDING" ] && [ "$(first_end)" -le "$(date --date="$RENEW_ENDING" +%s)" ]
}

# Parts restart one after the other, and pods stay: their containers are not of kubeadm.
renew_in_turn() {
  require_others
  hand_over_leadership "$NODE_ADDRESS"
  renew_certificates
}

apply() {
  require_ours
  probe
  take_lock
  if is_control_plane; then finish_repair; fi
  if [ -e "$TURN_FILE" ]; then await_cluster; fi
  if is_control_plane; then
    read_cluster_facts
    write_hardening identity # an upgrade may meet a configuration that refers to it
  fi
  if needs_turn; then
    take_turn
    if is_control_plane; then read_cluster_facts; fi
  fi
  if is_control_plane && is_hardening && ! is_hardened; then
    harden
    read_cluster_facts
  fi
  tighten_modes
  if is_control_plane && needs_renewal; then renew_in_turn; fi
  if is_control_plane; then serve_endpoint_name; fi
  printf '%s\n' "$MACHINE_DEFINITION" | write_file "$DEFINITION_FILE" || true # unchanged is fine
  { if is_control_plane; then describe_cluster && describe_certificates; fi && describe_joined; } | jq --slurp --compact-output add
}

run_verb "$@" </dev/null
