#!/usr/bin/env bats
# The firewall of a node, as the program renders it: real rules in a network namespace, real sockets from namespaces around
# it. Refusals, a changed list of nodes, the undo. systemd is a fake. Needs root and nft.
# Does not prove that kube-proxy and flannel work beside it: test/e2e does.
bats_require_minimum_version 1.5.0
load machine.bash

readonly LISTENERS="22 2379 2380 2381 6443 8080 10250 10256 20244 30443"

# The node 10.78.0.11 with a bridge of pods; outside: another node, a stranger, an allowed source, all on one wire.
setup() {
  create_machine
  ID=fw$$
  NODE=$ID-node OTHER=$ID-other STRANGER=$ID-stranger SOURCE=$ID-source POD=$ID-pod
  ip netns add "$NODE"
  ip -n "$NODE" link set lo up
  ip -n "$NODE" link add wire type bridge
  ip -n "$NODE" address add 10.78.0.11/24 dev wire
  ip -n "$NODE" -6 address add fd00::11/64 dev wire nodad
  ip -n "$NODE" link set wire up
  ip -n "$NODE" link add cni0 type bridge
  ip -n "$NODE" address add 10.244.1.1/24 dev cni0
  ip -n "$NODE" link set cni0 up
  ip netns exec "$NODE" sysctl -qw net.ipv4.ip_forward=1
  connect "$OTHER" wire 10.78.0.21/24 fd00::21/64
  connect "$STRANGER" wire 10.78.0.66/24 fd00::66/64
  connect "$SOURCE" wire 10.78.0.77/24 fd00::77/64
  connect "$POD" cni0 10.244.1.2/24 fd01::2/64
  ip -n "$POD" route add default via 10.244.1.1
  ip -n "$STRANGER" route add 10.244.0.0/16 via 10.78.0.11
  serve "$NODE" $LISTENERS
  serve "$POD" 8080
  mkdir -p "$MACHINE/etc/gitops-platform" "$MACHINE/etc/systemd/system"
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  printf '%s\n' jq nftables >"$BATS_TEST_TMPDIR/packages"
  fake dpkg-query <<'FAKE'
case "$*" in *nftables*) echo 'nftables 1.0.6' ;; *) sed 's/^/installed /' "${CALLS%/*}/packages" ;; esac
FAKE
  fake systemctl dpkg apt-get </dev/null
  # The script's own view of the network is the node's. By process: the names are in /run, which the machine has its own of.
  printf '#!/bin/bash\nexec nsenter --net=/proc/%s/ns/net /usr/sbin/nft "$@"\n' "$(head -n 1 "$BATS_TEST_TMPDIR/servers")" >"$FAKES/nft"
  chmod 755 "$FAKES/nft"
  export GUARD_OPERATOR=no
  unset SSH_CONNECTION
  allow '10.78.0.11 10.78.0.21' '["10.78.0.77"]' '["10.78.0.77","fd00::77"]'
}

teardown() {
  local pid
  for pid in $(cat "$BATS_TEST_TMPDIR/servers" 2>/dev/null); do kill "$pid" 2>/dev/null || true; done
  for name in "$NODE" "$OTHER" "$STRANGER" "$SOURCE" "$POD"; do ip netns delete "$name" 2>/dev/null || true; done
}

# connect NAMESPACE BRIDGE IPV4 IPV6
connect() {
  ip netns add "$1"
  ip -n "$1" link set lo up
  ip -n "$NODE" link add "p-${1#*-}" type veth peer name eth0 netns "$1"
  ip -n "$NODE" link set "p-${1#*-}" master "$2" up
  ip -n "$1" address add "$3" dev eth0
  ip -n "$1" -6 address add "$4" dev eth0 nodad
  ip -n "$1" link set eth0 up
}

# serve NAMESPACE PORT…: accepts connections, sends each a byte a second, and counts datagrams to 8472 and 30053.
serve() {
  local namespace=$1
  shift
  ip netns exec "$namespace" python3 "$BATS_TEST_DIRNAME/firewall-server.py" "$BATS_TEST_TMPDIR/datagrams-$namespace" "$@" 3>&- &
  echo $! >>"$BATS_TEST_TMPDIR/servers"
  for _ in $(seq 100); do
    [ ! -e "$BATS_TEST_TMPDIR/datagrams-$namespace" ] || return 0
    sleep 0.05
  done
  return 1
}

# allow NODES API_SOURCES NODE_PORT_SOURCES: the rules, as the program renders them for JSON lists of sources.
allow() {
  NODES=$1
  API_SOURCES=$(jq -r '.[]' <<<"$2" | paste -sd ' ')
  RULES=$(cd "$BATS_TEST_DIRNAME/../../.." && npx tsx test/scripts/remote/render-firewall.ts "$1" "$2" "$3")
  export NODES API_SOURCES RULES
}

# answers NAMESPACE ADDRESS PORT: yes, refused or silent.
answers() {
  local status=0
  ip netns exec "$1" timeout 0.7 bash -c "</dev/tcp/$2/$3" 2>/dev/null || status=$?
  case $status in 0) echo yes ;; 124) echo silent ;; *) echo refused ;; esac
}

# open_to NAMESPACE ADDRESS: the ports of the node that answer.
open_to() {
  local port open=()
  for port in $LISTENERS; do
    case $(answers "$1" "$2" "$port") in yes) open+=("$port") ;; refused) open+=("$port-refused") ;; esac
  done
  echo "${open[*]}"
}

# datagram NAMESPACE PORT
datagram() {
  ip netns exec "$1" python3 -c 'import socket, sys; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("10.78.0.11", int(sys.argv[1])))' "$2"
}

# received PORT: how many datagrams have come to it.
received() {
  sleep 0.2
  grep -c "^$1$" "$BATS_TEST_TMPDIR/datagrams-$NODE" || true # none is 0
}

apply() {
  on_machine kubernetes/firewall.sh apply
  [ "$status" -eq 0 ] || {
    echo "$stderr"
    return 1
  }
}

@test "strangers find SSH and what is not ours; nodes find all, sources the API and NodePorts, pods all but etcd" {
  [ "$(open_to "$STRANGER" 10.78.0.11)" = "$LISTENERS" ]
  apply
  [ "$(open_to "$STRANGER" 10.78.0.11)" = '22 8080' ]
  [ "$(open_to "$STRANGER" fd00::11)" = '22 8080' ]
  [ "$(open_to "$OTHER" 10.78.0.11)" = "$LISTENERS" ]
  [ "$(open_to "$SOURCE" 10.78.0.11)" = '22 6443 8080 30443' ]
  [ "$(open_to "$SOURCE" fd00::11)" = '22 8080 30443' ]
  [ "$(open_to "$POD" 10.78.0.11)" = '22 6443 8080 10250 10256 20244 30443' ]
  [ "$(open_to "$NODE" 10.78.0.11)" = "$LISTENERS" ]
}

@test "VXLAN and NodePorts take datagrams of those who are allowed, and nobody else's" {
  apply
  datagram "$STRANGER" 8472
  datagram "$SOURCE" 8472
  datagram "$STRANGER" 30053
  [ "$(received 8472)" -eq 0 ]
  [ "$(received 30053)" -eq 0 ]
  datagram "$OTHER" 8472
  datagram "$SOURCE" 30053
  [ "$(received 8472)" -eq 1 ]
  [ "$(received 30053)" -eq 1 ]
  [[ $("$FAKES/nft" list table inet gitops_platform) == *'udp dport 8472 counter packets 2 '* ]]
}

@test "a NodePort that is rewritten to a pod is closed before that; so is the way around it, to the pod's own address" {
  "$FAKES/nft" -f - <<'RULES'
table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local tcp dport 30080 dnat to 10.244.1.2:8080
  }
}
RULES
  [ "$(answers "$STRANGER" 10.78.0.11 30080)" = yes ]
  [ "$(answers "$STRANGER" 10.244.1.2 8080)" = yes ]
  apply
  [ "$(answers "$STRANGER" 10.78.0.11 30080)" = silent ]
  [ "$(answers "$STRANGER" 10.244.1.2 8080)" = silent ]
  [ "$(answers "$SOURCE" 10.78.0.11 30080)" = yes ]
  [ "$(answers "$OTHER" 10.78.0.11 30080)" = yes ]
}

@test "a connection that exists goes on, and other tables stay as they are" {
  "$FAKES/nft" add table inet somebody
  # What tracks connections before us on a node: kube-proxy's rules.
  "$FAKES/nft" 'add chain inet somebody input { type filter hook input priority filter; }'
  "$FAKES/nft" add rule inet somebody input ct state invalid counter
  local before
  before=$("$FAKES/nft" --stateless list ruleset)
  ip netns exec "$STRANGER" timeout 20 bash -c 'exec 5<>/dev/tcp/10.78.0.11/10250; cat <&5' >"$BATS_TEST_TMPDIR/stream" 3>&- &
  sleep 1
  apply
  local bytes
  bytes=$(stat -c %s "$BATS_TEST_TMPDIR/stream")
  [ "$bytes" -gt 0 ]
  sleep 2.5
  [ "$(stat -c %s "$BATS_TEST_TMPDIR/stream")" -gt "$bytes" ]
  [ "$(answers "$STRANGER" 10.78.0.11 10250)" = silent ]
  on_machine kubernetes/firewall.sh destroy
  [ "$status" -eq 0 ]
  [ "$("$FAKES/nft" --stateless list ruleset)" = "$before" ]
}

@test "a second run changes nothing, and the result has the files and the unit" {
  apply
  local rules first
  rules=$("$FAKES/nft" --stateless list table inet gitops_platform)
  first=$output
  [ "$(jq -r '.node' <<<"$output")" = cp-1 ]
  [ "$(jq -r '.written.files["/etc/gitops-platform/firewall.nft"]' <<<"$output")" = "$(printf '%s' "$RULES" | sha256sum | cut -d' ' -f1)" ]
  [ "$(jq -r '.written.units | keys[]' <<<"$output")" = gitops-platform-firewall ]
  [ "$(calls 'daemon-reload')" -eq 1 ]
  [ "$(calls '^systemctl enable --quiet gitops-platform-firewall')" -eq 1 ]
  apply
  [ "$output" = "$first" ]
  [ "$(calls 'daemon-reload')" -eq 1 ]
  [ "$("$FAKES/nft" --stateless list table inet gitops_platform)" = "$rules" ]
}

@test "a node that is added is let in; one that leaves stays let in for a while, and not after a boot" {
  apply
  allow '10.78.0.11 10.78.0.66' '[]' '[]'
  apply
  [ "$(answers "$STRANGER" 10.78.0.11 2380)" = yes ]
  [ "$(answers "$OTHER" 10.78.0.11 2380)" = yes ]
  [ "$(answers "$SOURCE" 10.78.0.11 6443)" = silent ]
  [[ $stderr == *'lets in 10.78.0.21 for another 30m'* ]]
  [[ $("$FAKES/nft" list set inet gitops_platform nodes) == *'10.78.0.21 timeout 30m'* ]]
  # It comes back, for good.
  allow '10.78.0.11 10.78.0.21 10.78.0.66' '[]' '[]'
  apply
  [[ $("$FAKES/nft" list set inet gitops_platform nodes) != *timeout\ 30m* ]]
  allow '10.78.0.11' '[]' '[]'
  apply
  [ "$(answers "$OTHER" 10.78.0.11 2380)" = yes ]
  # What the unit loads at boot.
  "$FAKES/nft" -f "$MACHINE/etc/gitops-platform/firewall.nft"
  [ "$(answers "$OTHER" 10.78.0.11 2380)" = silent ]
}

@test "rules that close the API to the operator are refused, with nothing changed" {
  export GUARD_OPERATOR=yes SSH_CONNECTION='203.0.113.7 50000 10.78.0.11 22'
  on_machine kubernetes/firewall.sh apply
  [ "$status" -eq 1 ]
  [ "$stderr" = "[firewall] cp-1: the firewall would close the API to 203.0.113.7, where this update comes from (got 10.78.0.77); nothing was changed here. Add 203.0.113.7, or its network, to network.apiSources, and run again" ]
  [ -z "$("$FAKES/nft" list ruleset)" ]
  [ ! -e "$MACHINE/etc/gitops-platform/firewall.nft" ]
  local sources
  for sources in '["203.0.113.7"]' '["10.78.0.77","203.0.113.0/28"]' '["0.0.0.0/0"]'; do
    allow '10.78.0.11' "$sources" '[]'
    apply
  done
  SSH_CONNECTION='10.78.0.11 50000 10.78.0.11 22' allow '10.78.0.11' '[]' '[]'
  SSH_CONNECTION='10.78.0.11 50000 10.78.0.11 22' on_machine kubernetes/firewall.sh apply
  [ "$status" -eq 0 ]
  allow '10.78.0.11' '["203.0.113.8/29"]' '[]'
  on_machine kubernetes/firewall.sh apply
  [ "$status" -eq 1 ]
}

@test "rules that the kernel refuses change nothing" {
  apply
  local before
  before=$("$FAKES/nft" --stateless list ruleset)
  RULES="${RULES%\}*}  chain broken { bogus } }"
  export RULES
  on_machine kubernetes/firewall.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"the kernel refuses the firewall's rules: "*'nothing was changed here'* ]]
  [ "$("$FAKES/nft" --stateless list ruleset)" = "$before" ]
}

@test "the undo takes away exactly ours, twice, and nothing of another stack" {
  apply
  STACK_ID=gitops-platform/other/other on_machine kubernetes/firewall.sh destroy
  [ "$status" -eq 0 ]
  [ "$(open_to "$STRANGER" 10.78.0.11)" = '22 8080' ]
  local _
  for _ in 1 2; do
    on_machine kubernetes/firewall.sh destroy
    [ "$status" -eq 0 ]
    [ "$(open_to "$STRANGER" 10.78.0.11)" = "$LISTENERS" ]
    [ -z "$(find "$MACHINE/etc/systemd" "$MACHINE/etc/gitops-platform" -name '*firewall*')" ]
  done
  [ "$(calls 'purge')" -eq 0 ]
}

@test "a machine that nobody prepared is refused" {
  rm "$MACHINE/etc/gitops-platform/owner"
  on_machine kubernetes/firewall.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *'the machine is not prepared by this stack'* ]]
}
