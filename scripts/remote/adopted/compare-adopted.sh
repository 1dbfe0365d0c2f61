#!/usr/bin/env bash
# Refuses servers that can't be told apart: copies of one disk share the machine-id, and sometimes the host name and the MAC
# address, which Kubernetes and the network tell nodes apart by. Runs on any of them.
#
# Environment: NODE_NAME (for messages); SERVERS: lines "name hostname machineId mac".
# State: none. Undo: none.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
SCOPE=adoption

# shared COLUMN: lines "value name name …" of what more than one server has.
shared() {
  awk -v column="$1" 'NF { names[$column] = names[$column] " " $1; count[$column]++ } END { for (value in names) if (count[value] > 1) print value names[value] }' <<<"$SERVERS" | sort
}

# faults COLUMN WHAT CURE
faults() {
  shared "$1" | while read -r value names; do printf '%s have the same %s %s; %s\n' "${names// /, }" "$2" "$value" "$3"; done
}

apply() {
  local all
  all=$(
    faults 2 'host name' 'give each its own: hostnamectl set-hostname NAME'
    faults 3 machine-id 'make a new one on all but one: rm -f /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup; reboot'
    faults 4 'MAC address' 'give each its own in the hypervisor'
  )
  [ -z "$all" ] || die "these servers can't be told apart, and nothing was changed: $(paste -sd '|' <<<"$all" | sed 's/|/. /g'). Then run again"
}

run_verb "$@" </dev/null
