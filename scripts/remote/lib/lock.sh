#!/usr/bin/env bash
# One step at a time on a machine: a re-run after a killed `pulumi up` waits for the orphan that is still working.

readonly LOCK_FILE=/run/lock/gitops-platform.lock
readonly LOCK_WAIT_SECONDS=240

# take_lock: held until the script ends.
take_lock() {
  mkdir -p "${LOCK_FILE%/*}"
  exec 9>"$LOCK_FILE"
  flock --nonblock 9 && return
  log_info "another step still works on this machine; waiting up to ${LOCK_WAIT_SECONDS} s for it"
  flock --wait "$LOCK_WAIT_SECONDS" 9 ||
    die "waited ${LOCK_WAIT_SECONDS} s for another step of this project, which still holds $LOCK_FILE; look at it with \`fuser -v $LOCK_FILE\`, end it, and run again"
}
