#!/usr/bin/env bash
# Makes the disk of a running local machine slow, for drills: really slow, in the kernel, for this machine alone.
#
# throttle-disk.sh NAME IOPS|off [STATE_DIRECTORY]     state directory: .local/machines unless given
# Touches: the machine's block I/O cgroups. Undo: off, or a restart of the machine.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
. "$here/lib/log.sh"
. "$here/lib/identity.sh"
. "$here/lib/process.sh"

# The loop device behind the disk, as major:minor.
disk_device() {
  local device
  device=$(losetup --noheadings --output NAME --associated "$MACHINE_DIRECTORY/disk.img" | head -n 1)
  [[ -n $device ]] || die "$1 — its disk is not mounted — start the machine: machine.sh start $STATE_DIRECTORY $1"
  cat "/sys/class/block/${device#/dev/}/dev"
}

# Cgroup v1 limits a cgroup and not what is below it, so every level gets the limit; v2 limits the whole tree.
throttle() {
  local device=$1 limit=$2 file
  if [[ -d /sys/fs/cgroup/blkio ]]; then
    find "/sys/fs/cgroup/blkio" -path "*/$UNIT/*" -name blkio.throttle.write_iops_device | while read -r file; do
      printf '%s %s\n' "$device" "${limit/off/0}" >"$file"
    done
  else
    printf '%s wiops=%s\n' "$device" "${limit/off/max}" >"$(machine_cgroups "$UNIT")/io.max"
  fi
}

main() {
  local name=${1:?machine name} limit=${2:?writes per second, or off}
  STATE_DIRECTORY=$(realpath -m "${3:-.local/machines}")
  [[ $limit =~ ^([1-9][0-9]*|off)$ ]] || die "throttle-disk — got '$limit', need writes per second, or off"
  identify "$STATE_DIRECTORY" "$name"
  throttle "$(disk_device "$name")" "$limit"
  log_info "$name: writes per second to its disk: ${limit/off/not limited}"
}

main "$@" </dev/null
