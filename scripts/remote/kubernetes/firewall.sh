#!/usr/bin/env bash
# The node's firewall: one nftables table of our own, replaced whole in one transaction, and loaded at boot by a unit of our
# own. Prints what it wrote, as lib/written.sh says, for `npm run drift`.
#
# Environment
#   NODE_NAME, STACK_ID
#   RULES          the table, as nft reads it (components/kubernetes/firewall.ts)
#   NODES          addresses of all nodes, separated by blanks
#   API_SOURCES    IPv4 addresses and networks that may reach the API, separated by blanks
#   GUARD_OPERATOR yes: refuse rules that close the API to the computer that runs this update
# State: table inet gitops_platform, /etc/gitops-platform/firewall.nft, /etc/systemd/system/gitops-platform-firewall.service
# Undo: all of that, and the package when it was installed for this, when the ownership marker is ours.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/files.sh"
. "$(dirname "$0")/../lib/packages.sh"
. "$(dirname "$0")/../lib/written.sh"
SCOPE=firewall

readonly FIREWALL_UNIT=gitops-platform-firewall
readonly UNIT_FILE=/etc/systemd/system/$FIREWALL_UNIT.service
readonly RULES_FILE=$STATE_DIRECTORY/firewall.nft
# A node that leaves is drained, taken out of etcd and reset after this step has run.
readonly LEAVING_TIMEOUT=30m

# operator_address: where this update comes from, as this machine sees it; nothing when that is unknown. sudo takes the
# variable away, the login shell above it has it still.
operator_address() {
  local pid=$$ address
  while [ "${pid:-0}" -gt 1 ]; do
    address=$(tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^SSH_CONNECTION=\(::ffff:\)\{0,1\}\([0-9.]*\) .*/\2/p') || address=''
    if [ -n "$address" ]; then
      printf '%s' "$address"
      return
    fi
    pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status")
  done
}

# number_of ADDRESS
number_of() {
  local a b c d
  IFS=. read -r a b c d <<<"$1"
  printf '%s' $(((a << 24) + (b << 16) + (c << 8) + d))
}

# covers SOURCE ADDRESS: whether an address or network holds the address.
covers() {
  local prefix=32 shift
  case "$1" in */*) prefix=${1#*/} ;; esac
  shift=$((32 - prefix))
  [ $(($(number_of "${1%/*}") >> shift)) -eq $(($(number_of "$2") >> shift)) ]
}

refuse_lockout() {
  local operator source
  [ "$GUARD_OPERATOR" = yes ] || return 0
  operator=$(operator_address)
  if [ -z "$operator" ]; then
    log_info "where this update comes from is unknown, so nobody checked that the API stays open to it; if it is closed, add the address to network.apiSources"
    return
  fi
  for source in $NODES $API_SOURCES; do
    if covers "$source" "$operator"; then return; fi
  done
  die "the firewall would close the API to $operator, where this update comes from (got ${API_SOURCES:-only the nodes}); nothing was changed here. Add $operator, or its network, to network.apiSources, and run again"
}

# leaving_nodes: addresses that are let in now, and that the new rules lack.
leaving_nodes() {
  local live
  live=$(nft --json list set inet gitops_platform nodes 2>/dev/null) || return 0 # no table yet
  LC_ALL=C comm -23 \
    <(jq --raw-output '.nftables[].set? // empty | .elem[]? | if type == "object" then .elem.val else . end' <<<"$live" | LC_ALL=C sort -u) \
    <(tr ' ' '\n' <<<"$NODES" | LC_ALL=C sort -u)
}

load_rules() {
  local address leaving output
  leaving=$(leaving_nodes)
  output=$({
    printf '%s\n' "$RULES"
    for address in $leaving; do
      printf 'add element inet gitops_platform nodes { %s timeout %s }\n' "$address" "$LEAVING_TIMEOUT"
    done
  } | nft --file - 2>&1) ||
    die "the kernel refuses the firewall's rules: $(head -n 1 <<<"$output"); nothing was changed here. Install the distribution's full kernel image (nf_tables, nft_ct, nft_fib_inet), or set network.withoutFirewall with a reason, and run again"
  [ -z "$leaving" ] || log_info "lets in ${leaving//$'\n'/ } for another $LEAVING_TIMEOUT, to be drained and reset"
}

# Loaded before the network is up. Debian's nftables.service flushes every table when it starts or stops: ours follows it.
install_unit() {
  printf '%s' "$RULES" | write_file "$RULES_FILE" || true # unchanged is fine
  if write_file "$UNIT_FILE" <<UNIT; then systemctl daemon-reload; fi
[Unit]
Description=Firewall of a node of gitops-platform
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=local-fs.target systemd-modules-load.service nftables.service
Conflicts=shutdown.target
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft --file $RULES_FILE
ExecReload=/usr/sbin/nft --file $RULES_FILE
ExecStop=-/usr/sbin/nft delete table inet gitops_platform

[Install]
WantedBy=sysinit.target
UNIT
}

start_unit() {
  systemctl enable --quiet "$FIREWALL_UNIT"
  # A start replaces the table, and forgets the nodes that leave.
  systemctl is-active --quiet "$FIREWALL_UNIT" || systemctl start "$FIREWALL_UNIT"
}

describe_firewall() {
  jq --null-input --compact-output --arg node "$NODE_NAME" \
    --argjson files "$(printf '%s\n' "$RULES_FILE" "$UNIT_FILE" | checksums)" \
    --argjson packages "$(package_versions nftables)" --argjson units "$(drop_ins "$FIREWALL_UNIT")" \
    '{node: $node, written: {files: $files, packages: $packages, units: $units}}'
}

apply() {
  require_ours
  take_lock
  refuse_lockout
  install_packages firewall 'The firewall was not changed. ' nftables
  load_rules
  install_unit
  start_unit
  describe_firewall
}

destroy() {
  if ! is_ours; then
    log_info "nothing of this stack is here"
    return
  fi
  take_lock
  systemctl disable --quiet --now "$FIREWALL_UNIT" 2>/dev/null || true # a half-made firewall has no unit
  nft delete table inet gitops_platform 2>/dev/null || true            # the unit has deleted it, or there was none
  rm -f "$UNIT_FILE" "$RULES_FILE"
  systemctl daemon-reload
  remove_packages firewall
}

run_verb "$@" </dev/null
