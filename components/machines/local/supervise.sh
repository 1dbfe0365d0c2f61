#!/usr/bin/env bash
# Keeps one local machine running until it powers off; started by machine.sh, in a session and mount namespace of its own.
#
# supervise.sh STATE_DIRECTORY NAME
# Reads <state directory>/<name>/{settings,host-key,host-key.pub,authorized-keys,base,disk.img}; writes running, console.log.
# Undo: machine.sh destroy, or sweep.sh.
set -Eeuo pipefail
here=$(dirname "$(realpath "$0")")
. "$here/lib/log.sh"
. "$here/lib/identity.sh"
. "$here/lib/disk.sh"
. "$here/lib/process.sh"

# Where systemd runs this computer, machine.sh has it make the cgroup; elsewhere one is made in each hierarchy, below the
# caller's and never in a root cgroup's own files.
enter_cgroups() {
  local controllers path mount cgroup
  while IFS=: read -r _ controllers path; do
    case $controllers in
      "") mount=$([[ -e /sys/fs/cgroup/cgroup.controllers ]] && echo /sys/fs/cgroup || echo /sys/fs/cgroup/unified) ;;
      name=*) mount=/sys/fs/cgroup/${controllers#name=} ;;
      *) mount=/sys/fs/cgroup/$controllers ;;
    esac
    cgroup=$mount${path%/}/$UNIT
    mkdir -p "$cgroup"
    case $controllers in
      *cpuset*) # empty in a new cgroup, and nothing can enter it so
        cat "$mount$path/cpuset.cpus" >"$cgroup/cpuset.cpus"
        cat "$mount$path/cpuset.mems" >"$cgroup/cpuset.mems"
        ;;
      memory) echo "$((MEMORY_MIB << 20))" >"$cgroup/memory.limit_in_bytes" ;;
    esac
    echo $$ >"$cgroup/cgroup.procs"
  done < <(cat /proc/self/cgroup)
}

# Known before the first start, so that the first connection is verified: host key, login key, machine id, address.
personalise() {
  local root=$1
  printf '%s\n' "$MACHINE_NAME" >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n%s %s\n' "$ADDRESS" "$MACHINE_NAME" >"$root/etc/hosts"
  # Nobody answers there, at once; without any resolver CoreDNS would not start.
  printf 'nameserver %s\n' "$HOST_ADDRESS" >"$root/etc/resolv.conf"
  sha256sum "$MACHINE_DIRECTORY/host-key.pub" | cut -c1-32 >"$root/etc/machine-id"
  rm -f "$root"/etc/ssh/ssh_host_*
  install -m 600 "$MACHINE_DIRECTORY/host-key" "$root/etc/ssh/ssh_host_ed25519_key"
  install -m 644 "$MACHINE_DIRECTORY/host-key.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"
  install -D -m 600 "$MACHINE_DIRECTORY/authorized-keys" "$root/root/.ssh/authorized_keys"
}

# Exit code 133 is a reboot from inside.
run_machine() {
  local root=$1 code binds=() access source target
  while IFS=: read -r access source target; do
    case $access in
      ro) binds+=("--bind-ro=$source:$target") ;;
      rw) binds+=("--bind=$source:$target") ;;
    esac
  done <<<"${BINDS:-}"
  while :; do
    code=0
    SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes SYSTEMD_SECCOMP=0 systemd-nspawn --quiet --directory="$root" \
      --machine="$UNIT" --hostname="$MACHINE_NAME" --register=no --keep-unit --network-namespace-path="/run/netns/$UNIT" \
      --capability=all --console=read-only --resolv-conf=off --timezone=off --link-journal=no --bind=/dev/kmsg \
      "${binds[@]}" --boot || code=$?
    log_info "$MACHINE_NAME ended with code $code"
    ((code == 133)) || exit "$code"
    # The kubelet looks into each one of the last boot for three seconds before it starts a pod.
    empty_cgroups "$UNIT"
  done
}

main() {
  trap 'log_info "$2: this failed: $BASH_COMMAND"' ERR # the console is all that is left to read
  identify "$1" "$2"
  # shellcheck source=/dev/null
  . "$MACHINE_DIRECTORY/settings"
  [[ -d /run/systemd/system ]] || enter_cgroups
  settings_digest >"$MACHINE_DIRECTORY/running"
  # The mount points are only seen in this process's mount namespace, and vanish with its last process.
  mkdir -p "$MACHINE_DIRECTORY"/mounts/{base,disk,root}
  cd "$MACHINE_DIRECTORY/mounts"
  mount_base base
  mount_disk disk
  mount_root "$PWD/base" "$PWD/disk" "$PWD/root"
  personalise root
  run_machine "$PWD/root"
}

main "$@" </dev/null
