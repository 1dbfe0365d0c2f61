#!/usr/bin/env bash
# Removes every trace of the local machines below a state directory, also when Pulumi's state or the machines' settings are
# gone: processes, mounts (they live with the processes), loop devices, namespaces, links, bridge, cgroups and files.
# What belongs to another state directory stays.
#
# sweep.sh STATE_DIRECTORY
set -euo pipefail
here=$(dirname "$(realpath "$0")")
. "$here/lib/log.sh"
. "$here/lib/identity.sh"
. "$here/lib/process.sh"
. "$here/lib/host-settings.sh"
. "$here/lib/network.sh"

# The names of everything that ever ran, from cgroups and from the locks that machine.sh takes first.
units() {
  {
    find /sys/fs/cgroup -type d -name "gitops-$STATE_ID-*" -prune -printf '%f\n' 2>/dev/null || true # cgroups come and go
    find /run/lock -maxdepth 1 -name "gitops-$STATE_ID-*.lock" -printf '%f\n'
  } | sed 's/\.\(service\|lock\)$//' | sort -u
}

# A run that outlived a killed `pulumi up` may still be making a machine: it is waited for first.
sweep_machine() {
  exec 8>"/run/lock/$1.lock"
  flock -w 120 8 || die "$1 — another run has held its lock for 120 s — see: fuser -v /run/lock/$1.lock"
  kill_machine "$1"
  remove_cgroups "$1"
  rm -f "/run/lock/$1.lock"
}

sweep_machines() {
  local unit running=()
  for unit in $(units); do
    (sweep_machine "$unit") &
    running+=($!)
  done
  for unit in "${running[@]}"; do wait "$unit"; done
}

sweep_network() {
  local path
  for path in /sys/class/net/gp"${STATE_ID:0:5}"????????; do [[ ! -e $path ]] || ip link delete "${path##*/}"; done
  for path in /run/netns/gitops-"$STATE_ID"-*; do [[ ! -e $path ]] || ip netns delete "${path##*/}"; done
  unmount_empty_netns
  for path in /sys/class/net/*/ifalias; do
    [[ $(cat "$path" 2>/dev/null) != "$(owner_mark)" ]] || ip link delete "$(basename "$(dirname "$path")")"
  done
  give_back_host_settings
}

# Also those whose image is gone: the kernel then reports the path with " (deleted)" behind it.
sweep_loop_devices() {
  local device file
  while read -r device file; do
    [[ $file != "$STATE_DIRECTORY"/* ]] || losetup --detach "$device"
  done < <(losetup --list --noheadings --raw --output NAME,BACK-FILE)
}

main() {
  STATE_DIRECTORY=$(realpath -m "${1:?state directory}")
  STATE_ID=$(state_id "$STATE_DIRECTORY")
  sweep_machines
  with_network_lock sweep_network
  sweep_loop_devices
  rm -rf --one-file-system "$STATE_DIRECTORY" /run/systemd/nspawn/propagate/gitops-"$STATE_ID"-*
}

main "$@" </dev/null
