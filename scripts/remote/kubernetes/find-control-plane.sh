#!/usr/bin/env bash
# On a node, before it joins: prints the name of the control plane that can let it in, which is the first one that answers
# and is not this node. Prints nothing when none does, because nothing was founded yet.
#
# Environment
#   NODE_NAME, STACK_ID
# State: none. Undo: none.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/control-planes.sh"
SCOPE=door

# The firewall of a living control plane lets a new node in within seconds, at the same time as this runs.
readonly ADMISSION_SECONDS=90

# is_silent ADDRESS: a machine that is there and drops what is sent to its API, instead of refusing it.
is_silent() {
  local status=0
  timeout 2 bash -c "</dev/tcp/$1/6443" 2>/dev/null || status=$?
  [ "$status" -eq 124 ] && ping -n -c 1 -W 1 "$1" >/dev/null 2>&1
}

apply() {
  local deadline=$((SECONDS + ADMISSION_SECONDS)) name address silent
  require_ours
  while :; do
    silent=''
    while read -r name address; do
      if api_ready "$address:6443"; then
        printf '%s' "$name"
        return
      fi
      if is_silent "$address"; then silent+="$name "; fi
    done < <(other_control_planes)
    if [ -z "$silent" ]; then return; fi
    [ "$SECONDS" -lt "$deadline" ] ||
      die "waited $ADMISSION_SECONDS s for the API of $silent, which answers nothing to this node; look at \`nft list ruleset\` and \`crictl ps -a\` there, and run again"
    sleep 1
  done
}

run_verb "$@" </dev/null
