#!/usr/bin/env bash
# Debian's updates, from the node's own apt sources: security fixes and point releases, kernels too. Nothing is removed, and
# what an operator holds (`apt-mark hold`) stays.

# updating ARGUMENTS…
updating() {
  apt_get --option Dpkg::Options::=--force-confold "$@" upgrade --with-new-pkgs
}

# offered_updates: packages, one a line.
offered_updates() {
  local log=$LOG_DIRECTORY/packages.log plan
  mkdir -p "$LOG_DIRECTORY"
  { apt_get update && plan=$(updating --simulate); } >"$log" 2>&1 9>&- ||
    die "can't ask for Debian's updates: $(apt_failure "$log"). Repair the node's apt sources, and run again"
  sed -n 's/^Inst \([^ ]*\) .*/\1/p' <<<"$plan"
}

# install_updates: what containerd and the API proxy run from may be among them; the node is drained.
install_updates() {
  local log=$LOG_DIRECTORY/packages.log
  updating >"$log" 2>&1 9>&- ||
    die "Debian's updates could not be installed: $(apt_failure "$log"). $NODE_NAME stays cordoned, and no other node is touched; see $log there, repair it (dpkg --configure -a), and run again"
  systemctl restart containerd kube-apiserver-proxy
}

apt_failure() {
  grep -m 1 '^E:' "$1" || tail -n 1 "$1"
}

# needs_reboot: Debian's note says so, or a newer kernel is installed than runs. A container's kernel is its host's.
needs_reboot() {
  local running
  running=/boot/vmlinuz-$(uname -r)
  [ -e /run/reboot-required ] && return
  [ -e "$running" ] && [ "$(printf '%s\n' /boot/vmlinuz-* | sort --version-sort | tail -n 1)" != "$running" ]
}
