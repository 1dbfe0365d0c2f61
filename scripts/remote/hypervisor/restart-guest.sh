#!/usr/bin/env bash
# Restarts a guest that runs with another definition than it has; returns when it is up. Its node was drained before. Any other
# guest is not touched; one that is down is started.
#
# Environment
#   NODE_NAME, STACK_ID, HYPERVISOR   who it is, whose, and where
#   ADDRESS                 its IPv4 address
#   STORAGE_DIRECTORY       where its disks are
#   BOOT_SECONDS            how long it may take to come up
#   DEFINITION              what it has to run with: a change is a reason to look
# State: the power of the domain NODE_NAME
# Undo: none
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/guest-lock.sh"
. "$(dirname "$0")/../lib/domain.sh"
. "$(dirname "$0")/../lib/guest-power.sh"
SCOPE=guest

apply() {
  lock_name "guest-$NODE_NAME"
  is_our_guest || die "$NODE_NAME is not this stack's guest on $HYPERVISOR; nothing was changed. Run the whole update again"
  if runs_other_definition; then shut_down; fi
  start
  wait_until_up
}

run_verb "$@" </dev/null
