#!/usr/bin/env bash
# Locks on a hypervisor: one run at a time for a guest or an image, and a bounded number of disks being copied.

readonly HYPERVISOR_LOCKS=/run/lock/gitops-platform
readonly HYPERVISOR_LOCK_SECONDS=1800

# lock_name NAME: held until the script ends. A run that outlived a killed `pulumi up` may still be at work.
lock_name() {
  mkdir -p "$HYPERVISOR_LOCKS"
  exec 9>"$HYPERVISOR_LOCKS/$1.lock"
  flock --nonblock 9 && return
  log_info "another run still works on $1; waiting up to $HYPERVISOR_LOCK_SECONDS s for it"
  flock --wait "$HYPERVISOR_LOCK_SECONDS" 9 ||
    die "waited $HYPERVISOR_LOCK_SECONDS s for another run, which still holds $HYPERVISOR_LOCKS/$1.lock; look at it with \`fuser -v $HYPERVISOR_LOCKS/$1.lock\`, end it, and run again"
}

# take_copy_slot COUNT: waits until fewer than COUNT disks are being copied; held until release_copy_slot.
take_copy_slot() {
  local slot began=$SECONDS told=
  while :; do
    for ((slot = 1; slot <= $1; slot++)); do
      exec 8>"$HYPERVISOR_LOCKS/copy-$slot.lock"
      flock --nonblock 8 && return
    done
    [ -n "$told" ] || log_info "$1 other disks are being copied; waiting for one of them"
    told=yes
    [ $((SECONDS - began)) -lt "$HYPERVISOR_LOCK_SECONDS" ] ||
      die "waited $HYPERVISOR_LOCK_SECONDS s for one of $1 other copies to end; look at them with \`fuser -v $HYPERVISOR_LOCKS/copy-*.lock\` and run again"
    sleep 1
  done
}

release_copy_slot() {
  exec 8>&-
}
