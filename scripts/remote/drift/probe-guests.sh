#!/usr/bin/env bash
# Looks at guests on their hypervisor for `npm run drift`, and changes nothing. Prints one fact a line, fields separated by
# tabs:
#   guest NAME STATE AUTOSTART OWNER DIGEST RUNNING_DIGEST VCPUS MEMORY_KIB · end
# STATE is as virsh says it, or `undefined`; the sizes are those of the definition; the digests are the marks of what is
# defined and of what runs. The last line proves that nothing was cut off.
#
# Environment
#   NODE_NAME           the hypervisor
#   STORAGE_DIRECTORY   where its guests' disks are
#   GUESTS              what to look at, a name a line
# State: none
# Undo: none
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/domain.sh"
SCOPE=drift

# fact FIELD…
fact() {
  local IFS=$'\t'
  printf '%s\n' "$*"
}

# element NAME: the text of an element of the definition, on stdin.
element() {
  sed -n "s|^ *<$1\( [^>]*\)*>\([^<]*\)</$1>.*|\2|p;T;q"
}

look_at_guest() {
  local definition autostart
  if ! domain_exists; then
    fact guest "$NODE_NAME" undefined
    return
  fi
  definition=$(libvirt dumpxml --inactive "$NODE_NAME")
  autostart=$(libvirt dominfo "$NODE_NAME" | sed -n 's/^Autostart: *//p')
  fact guest "$NODE_NAME" "$(domain_state)" "$autostart" "$(domain_mark owner)" "$(domain_mark digest)" \
    "$(domain_mark digest --live)" "$(element vcpu <<<"$definition")" "$(element memory <<<"$definition")"
}

probe() {
  local name
  libvirt list --all --name >/dev/null || die "libvirt does not answer, see above"
  while IFS= read -r name; do
    [ -z "$name" ] || (NODE_NAME=$name && look_at_guest)
  done <<<"$GUESTS"
  fact end
}

run_verb "$@" </dev/null
