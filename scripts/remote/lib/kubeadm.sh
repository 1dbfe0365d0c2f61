#!/usr/bin/env bash
# Runs kubeadm with its secrets in a file that only root can read and that is removed; the log stays on the node.

readonly LOG_DIRECTORY=/var/log/gitops-platform
readonly SECRETS_DIRECTORY=/run/gitops-platform
# shellcheck disable=SC2034 # read by the scripts that source this
readonly INITIALISED_FILE=$STATE_DIRECTORY/initialised JOINED_FILE=$STATE_DIRECTORY/joined

# secrets_directory: on a tmpfs, for root only; it is removed when the step ends.
secrets_directory() {
  install -d -m 700 "$SECRETS_DIRECTORY"
  trap 'rm -rf "$SECRETS_DIRECTORY"' EXIT
}

# secret_file NAME: stdin becomes a file there.
secret_file() {
  secrets_directory
  (umask 077 && cat >"$SECRETS_DIRECTORY/$1")
}

# failure_in LOG: the checks that failed, or the last lines.
failure_in() {
  { grep '\[ERROR' "$1" || grep -vE '^(\s*$|To see the stack trace)' "$1" | tail -n 3; } | tr -s '[:space:]' ' '
}

# run_kubeadm LOG ARGUMENTS…: ends the step with the reason when it fails.
run_kubeadm() {
  local log=$LOG_DIRECTORY/$1.log exempt=HTTPProxyCIDR
  shift
  mkdir -p "$LOG_DIRECTORY"
  # HTTPProxyCIDR: kubeadm 1.27 compiled with a recent Go rejects every IPv4 network there.
  if [ "$(wc -l </proc/swaps)" -gt 1 ]; then exempt+=,Swap; fi # only a container gets here: the host's swap
  kubeadm "$@" --ignore-preflight-errors="$exempt" >"$log" 2>&1 9>&- ||
    die "kubeadm $1 failed: $(failure_in "$log"); see $log and \`journalctl -u kubelet\` there, and run again"
  tighten_modes
}

# tighten_modes: kubeadm leaves what holds no key readable to everybody; a directory for etcd that was there has any mode.
tighten_modes() {
  local path
  for path in /var/lib/kubelet/config.yaml /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt; do
    [ ! -f "$path" ] || chmod 600 "$path"
  done
  [ ! -d "$ETCD_DIRECTORY/member" ] || chmod 700 "$ETCD_DIRECTORY"
}

# has_remnants: whether some kubeadm, perhaps a killed one, has already worked here.
has_remnants() {
  [ -n "$(find /etc/kubernetes "$ETCD_DIRECTORY" -mindepth 1 -type f -print -quit 2>/dev/null)" ] ||
    [ -e /var/lib/kubelet/config.yaml ]
}

# record_node KUBECONFIG: in the cluster, which machine this node is, to recognise a rebuilt one, and its part of the
# pod network when the stack chooses it.
record_node() {
  jq --null-input --arg identity "$IDENTITY" --arg cidr "$POD_CIDR" \
    '{metadata: {annotations: {"gitops-platform/identity": $identity}}}
    + if $cidr == "" then {} else {spec: {podCIDR: $cidr, podCIDRs: [$cidr]}} end' |
    kubectl --kubeconfig "$1" --request-timeout=20s patch node "$NODE_NAME" --patch-file /dev/stdin >/dev/null
}
