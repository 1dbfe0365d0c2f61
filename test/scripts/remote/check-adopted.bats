#!/usr/bin/env bats
# Whether an ordered server is taken: a fit one says who it is, an unfit one everything that is against it, and nothing is
# changed on either. Ports are looked up in this computer's own /proc.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  export NODE_NAME=vps-1 NODE_ROLE=control-plane CLOCK_URL=http://10.78.0.10 FREE_DISK_GIB=8 MEMORY_MIB=1 CPUS=2 CONTAINER=''
  printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$MACHINE/etc/os-release"
  echo 0123456789abcdef0123456789abcdef >"$MACHINE/etc/machine-id"
  mkdir -p "$MACHINE/run/systemd/system" "$MACHINE/etc/apt"
  echo 'deb http://deb.debian.org/debian bookworm main' >"$MACHINE/etc/apt/sources.list"
  fake systemd-detect-virt systemctl <<<'exit 1'
  fake uname <<<'echo x86_64'
  fake nproc <<<'echo 2'
  fake df <<<'printf "Avail\n20480\n"'
  fake hostname <<<'echo vps-1'
  fake dpkg </dev/null
  fake dpkg-query <<<'echo "installed bash"'
  fake ip <<<'case "$*" in *to*) echo "1: eth0 inet 10.78.0.11/24" ;; *link*dev\ eth0) echo "1: eth0: <UP> mtu 1500 link/ether 52:54:00:12:34:56 brd ff:ff:ff:ff:ff:ff" ;; *) echo "2: eth0 inet 192.0.2.9/24" ;; esac'
  fake curl <<<'printf "HTTP/1.1 200 OK\r\nDate: %s\r\n" "$(date --utc --date="${SOURCE_TIME:-now}" "+%a, %d %b %Y %H:%M:%S GMT")"'
  export BEFORE
  BEFORE=$(find "$MACHINE" -type f -exec sha256sum {} + | sort)
}

teardown() {
  [ -z "${LISTENER:-}" ] || kill "$LISTENER"
}

check() { on_machine adopted/check-adopted.sh apply; }

@test "a fit server says who it is, and nothing is changed on it" {
  check
  echo "$stderr"
  [ "$status" -eq 0 ]
  [ "$output" = '{"hostname":"vps-1","machineId":"0123456789abcdef0123456789abcdef","mac":"52:54:00:12:34:56"}' ]
  [ "$(find "$MACHINE" -type f -exec sha256sum {} + | sort)" = "$BEFORE" ]
}

@test "everything that is against a server is in one message" {
  printf 'ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=jammy\nPRETTY_NAME="Ubuntu 22.04.4 LTS"\n' >"$MACHINE/etc/os-release"
  : >"$MACHINE/etc/machine-id"
  rm "$MACHINE/etc/apt/sources.list"
  rm -r "$MACHINE/run/systemd"
  mkdir -p "$MACHINE/etc/kubernetes"
  touch "$MACHINE/etc/kubernetes/admin.conf"
  fake systemctl <<<'[ "$2" = k3s.service ]'
  fake uname <<<'echo aarch64'
  fake nproc <<<'echo 1'
  fake df <<<'printf "Avail\n3000\n"'
  fake ip <<<'case "$*" in *to*) ;; *) echo "2: eth0 inet 192.0.2.9/24" ;; esac'
  fake dpkg <<<'echo "half-installed: fio"'
  fake dpkg-query <<<'printf "installed %s\n" containerd.io'
  systemd-socket-activate --listen=127.0.0.1:2379 sleep 60 >/dev/null 2>&1 3>&- &
  LISTENER=$!
  sleep 0.3
  SOURCE_TIME='+2 minutes' check
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  [[ "$stderr" == "[adoption] vps-1: can't be adopted, and nothing was changed: (1) it runs Ubuntu 22.04.4 LTS (need Debian 12); install Debian 12. (2) its CPU is aarch64 (need x86_64); order another server. (3) its init is "*" (need systemd); install systemd-sysv and reboot. "* ]]
  for reason in \
    "it has 1 CPU (a control-plane needs 2); order more" \
    "2 GiB are free in /var/lib (need 8); make room, or order more" \
    "the package containerd.io is installed, which does not go with Debian's containerd" \
    "the packages ca-certificates conntrack containerd curl ebtables ethtool haproxy iproute2 ipset iptables jq kmod nftables procps runc socat are missing, and apt has no source" \
    "the installation of a package was interrupted; run dpkg --configure -a" \
    "none of its interfaces has the address 10.78.0.11 (got 192.0.2.9/24); correct the node's address" \
    "s behind of http://10.78.0.10 (5 s at most); set it" \
    "port 2379/tcp is taken by systemd-socket-; stop it" \
    "another Kubernetes is on it: /etc/kubernetes, k3s.service; take it away" \
    "/etc/machine-id is '' (need 32 hex digits)" \
    ". Then run again, or give this node another server"; do
    [[ "$stderr" == *"$reason"* ]] || { echo "missing: $reason in $stderr" && return 1; }
  done
}

@test "a derivative of Debian 12 will do" {
  printf 'ID=raspbian\nID_LIKE=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Another 12"\n' >"$MACHINE/etc/os-release"
  check
  [ "$status" -eq 0 ]
}

@test "what our own node holds is no obstacle; another stack's node is" {
  mkdir -p "$MACHINE/etc/gitops-platform" "$MACHINE/etc/kubernetes"
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  touch "$MACHINE/etc/kubernetes/admin.conf"
  fake df <<<'printf "Avail\n3000\n"'
  check
  [ "$status" -eq 0 ]
  STACK_ID=gitops-platform/other/other check
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"/etc/gitops-platform/owner says that it belongs to gitops-platform/test/test (need gitops-platform/other/other); destroy that stack first"* ]]
}

@test "a port that only a control plane needs does not bother a worker" {
  systemd-socket-activate --listen=127.0.0.1:2380 sleep 60 >/dev/null 2>&1 3>&- &
  LISTENER=$!
  sleep 0.3
  NODE_ROLE=worker check
  [ "$status" -eq 0 ]
  NODE_ROLE=control-plane check
  [ "$status" -eq 1 ]
}

@test "a container is only taken where the cluster is set up for containers" {
  fake systemd-detect-virt <<<'[ "$1" = --quiet ] || echo lxc'
  check
  [[ "$stderr" == *"it is a container (lxc), in which kube-proxy can't set connection tracking limits; order a virtual machine, or set cluster.conntrack to kernel."* ]]
  CONTAINER=yes check
  [ "$status" -eq 0 ]
}

@test "a source that does not answer is named" {
  fake curl <<<'exit 7'
  check
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"http://10.78.0.10 does not answer, from which it would download and whose clock its own is compared with"* ]]
}

@test "copies of one disk can't be told apart, and all that they share is said" {
  export SERVERS=$'vps-1 a 11 aa:01\nvps-2 b 22 aa:02\nvps-3 c 33 aa:03'
  on_machine adopted/compare-adopted.sh apply
  [ "$status" -eq 0 ]
  export SERVERS=$'vps-1 a 11 aa:01\nvps-2 a 11 aa:02\nvps-3 c 11 aa:01'
  on_machine adopted/compare-adopted.sh apply
  [ "$status" -eq 1 ]
  [ "$stderr" = "[adoption] vps-1: these servers can't be told apart, and nothing was changed: vps-1, vps-2 have the same host name a; give each its own: hostnamectl set-hostname NAME. vps-1, vps-2, vps-3 have the same machine-id 11; make a new one on all but one: rm -f /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup; reboot. vps-1, vps-3 have the same MAC address aa:01; give each its own in the hypervisor. Then run again" ]
}
