# The network of one machine: a namespace of its own on the platform's bridge; sourced, after identity.sh, log.sh and
# host-settings.sh.
#
# Machines reach each other and this computer, nothing else: their default route, which Kubernetes needs to exist, points
# to a next hop that nobody answers for.

readonly NETWORK_LOCK=/run/lock/gitops-platform-network.lock
readonly NOWHERE=169.254.1.1

# with_network_lock COMMAND…: one at a time on this computer, because the bridge is shared.
with_network_lock() {
  (
    flock -w 60 9 || die "network — another run has held $NETWORK_LOCK for 60 s — wait for it to end, or see: fuser -v $NETWORK_LOCK"
    "$@"
  ) 9>"$NETWORK_LOCK"
}

address_in_hex() {
  local bytes
  IFS=. read -ra bytes <<<"$1"
  printf '%02x' "${bytes[@]}"
}

# The link on the bridge: the address is in its name, so that an address is taken by one machine only; 15 characters.
link_name() { printf 'gp%s%s' "${STATE_ID:0:5}" "$(address_in_hex "$ADDRESS")"; }

owner_mark() { printf 'gitops-platform %s' "${STATE_DIRECTORY:0:200}"; }

bridge_owner() { cat "/sys/class/net/$BRIDGE/ifalias" 2>/dev/null || true; } # no such bridge

# A bridge without owner, address and ports is one whose creation was killed half-way.
bridge_is_bare() {
  [[ -z $(bridge_owner) && -z $(ls "/sys/class/net/$BRIDGE/brif") && -z $(ip -o -4 address show dev "$BRIDGE") ]]
}

ensure_bridge() {
  if [[ -d /sys/class/net/$BRIDGE ]]; then
    [[ $(bridge_owner) == "$(owner_mark)" ]] && return 0
    { [[ -d /sys/class/net/$BRIDGE/bridge ]] && bridge_is_bare; } ||
      die "network.bridge — interface $BRIDGE exists and is not ours (its mark is '$(bridge_owner)', need '$(owner_mark)') — stop what made it, or choose another bridge and network"
    ip link delete "$BRIDGE"
  fi
  local taken
  taken=$(
    ip -o -4 route show root "$NETWORK_CIDR"
    ip -o -4 route show match "$NETWORK_CIDR" | grep -v '^default' || true
  )
  [[ -z $taken ]] ||
    die "network.cidr — $NETWORK_CIDR is already used on this computer ($(head -n 1 <<<"$taken")) — choose another network"
  note_host_settings
  ip -batch - <<IP
link add $BRIDGE type bridge
link set $BRIDGE alias "$(owner_mark)"
address add $HOST_ADDRESS/${NETWORK_CIDR#*/} dev $BRIDGE
link set $BRIDGE up
IP
}

refuse_taken_address() {
  local other
  other=$(find /sys/class/net -maxdepth 1 -name "gp?????$(address_in_hex "$ADDRESS")" ! -name "$(link_name)" -printf '%f' -quit)
  [[ -z $other ]] ||
    die "$MACHINE_NAME.address — $ADDRESS is used by a machine of another clone on this computer (link $other) — stop that platform, or choose another network"
  other=$(grep -lx -- "ADDRESS=$ADDRESS" "$STATE_DIRECTORY"/*/settings 2>/dev/null | grep -vFx "$MACHINE_DIRECTORY/settings" || true)
  [[ -z $other ]] ||
    die "$MACHINE_NAME.address — $ADDRESS is used by the machine of ${other%%$'\n'*} — give each machine its own address"
}

# Makes the machine's network anew; only called while the machine isn't running.
connect_locked() {
  refuse_taken_address
  ensure_bridge
  disconnect_machine
  local link mac
  link=$(link_name)
  # Fixed, so that a machine that was made again is reached at once: neighbours remember the old one for a minute.
  mac=02:00:$(address_in_hex "$ADDRESS" | sed 's/../&:/g; s/:$//')
  ip netns add "$UNIT"
  ip -batch - <<IP
link add $link type veth peer name eth0 address $mac netns $UNIT
link set $link master $BRIDGE up
IP
  ip -n "$UNIT" -batch - <<IP
link set lo up
address add $ADDRESS/${NETWORK_CIDR#*/} dev eth0
link set eth0 up
route add default via $NOWHERE dev eth0 onlink
IP
}

disconnect_machine() {
  local link
  link=$(link_name)
  [[ ! -e /sys/class/net/$link ]] || ip link delete "$link"
  [[ ! -e /run/netns/$UNIT ]] || ip netns delete "$UNIT"
}

# `ip netns add` mounts the directory of the names on itself, and never takes that away.
unmount_empty_netns() {
  [[ -n $(ls -A /run/netns 2>/dev/null) ]] || umount /run/netns 2>/dev/null || true # it may never have been mounted
}

# The last machine takes the bridge with it.
disconnect_locked() {
  disconnect_machine
  unmount_empty_netns
  [[ $(bridge_owner) == "$(owner_mark)" ]] || return 0
  [[ -z $(ls "/sys/class/net/$BRIDGE/brif") ]] || return 0
  ip link delete "$BRIDGE"
  give_back_host_settings
}
