#!/usr/bin/env bash
# Checks whether an ordered server can become a node. Changes nothing on it, and reports every problem at once. Prints the
# server's identity as one line of JSON: {"hostname", "machineId", "mac"}.
#
# Environment
#   NODE_NAME, NODE_ADDRESS, NODE_ROLE (control-plane or worker), STACK_ID, ETCD_DIRECTORY
#   CLOCK_URL            a server that nodes download from, whose clock the node's is compared with
#   FREE_DISK_GIB        needed on the file systems of /var/lib and of etcd
#   MEMORY_MIB
#   CPUS
#   CONTAINER            yes: the cluster is set up for servers that are containers
# State: none. Undo: none.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/packages.sh"
. "$(dirname "$0")/../lib/listeners.sh"
SCOPE=adoption

# A certificate that is not valid yet refuses a join; the answer's own clock has whole seconds.
readonly CLOCK_LIMIT_SECONDS=5
# API, etcd (with its metrics), kubelet, controller manager, scheduler; kube-proxy, kube-router, our API proxy; flannel.
readonly CONTROL_PLANE_PORTS=(6443 2379 2380 2381 10257 10259)
readonly NODE_PORTS=(10250 10248 10249 10256 20244 7443)
readonly VXLAN_PORT=8472
FAULTS=()

# fault TEXT: what is wrong (got X, need Y); what to do.
fault() {
  FAULTS+=("$*")
}

check_system() {
  local name
  # shellcheck source=/dev/null
  name=$(. /etc/os-release 2>/dev/null && if [ "$ID:${VERSION_ID:-}" = debian:12 ] || [[ ${ID_LIKE:-} == *debian* && ${VERSION_CODENAME:-} == bookworm ]]; then :; else echo "${PRETTY_NAME:-$ID}"; fi) ||
    name="an unknown system"
  [ -z "$name" ] || fault "it runs $name (need Debian 12); install Debian 12"
  [ "$(uname --machine)" = x86_64 ] || fault "its CPU is $(uname --machine) (need x86_64); order another server"
  [ -d /run/systemd/system ] ||
    fault "its init is $(cat /proc/1/comm) (need systemd); install systemd-sysv and reboot"
  [ "$CONTAINER" = yes ] || ! systemd-detect-virt --quiet --container ||
    fault "it is a container ($(systemd-detect-virt --container)), in which kube-proxy can't set connection tracking limits; order a virtual machine, or set cluster.conntrack to kernel"
}

check_cgroups() {
  local controller needed available missing=()
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    needed="cpu cpuset memory pids"
    available=$(tr ' ' ',' </sys/fs/cgroup/cgroup.controllers)
  else
    needed="cpu cpuacct cpuset devices freezer memory pids"
    available=$(awk '$3 == "cgroup" { printf "%s,", $4 }' /proc/mounts)
  fi
  for controller in $needed; do case ",$available," in *",$controller,"*) ;; *) missing+=("$controller") ;; esac done
  [ "${#missing[@]}" -eq 0 ] ||
    fault "the cgroup controllers ${missing[*]} are missing (need $needed); enable them on the kernel's command line (cgroup_enable=memory …) and reboot"
}

check_capacity() {
  local directory file_system seen='' free memory
  memory=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
  [ "$memory" -ge "$MEMORY_MIB" ] || fault "it has $memory MiB of memory (a $NODE_ROLE needs $MEMORY_MIB); order more"
  [ "$(nproc)" -ge "$CPUS" ] || fault "it has $(nproc) CPU (a $NODE_ROLE needs $CPUS); order more"
  is_ours && return # what is used is used by us
  for directory in /var/lib "$ETCD_DIRECTORY"; do
    while [ ! -d "$directory" ]; do directory=$(dirname "$directory"); done
    file_system=$(stat --format=%d "$directory")
    [ "$file_system" != "$seen" ] || continue
    seen=$file_system
    free=$(df --output=avail --block-size=1M "$directory" | tail -n 1)
    [ "$free" -ge $((FREE_DISK_GIB * 1024)) ] ||
      fault "$((free / 1024)) GiB are free in $directory (need $FREE_DISK_GIB); make room, or order more"
    [ "$NODE_ROLE" = control-plane ] || break # only etcd is kept elsewhere
  done
}

check_packages() {
  local missing conflict
  for conflict in containerd.io docker-ce kubelet kubeadm; do
    [ -n "$(missing_packages "$conflict")" ] ||
      fault "the package $conflict is installed, which does not go with Debian's containerd and our kubelet; remove it (apt-get purge $conflict)"
  done
  missing=$(missing_packages "${NODE_PACKAGES[@]}" nftables | paste -sd ' ')
  [ -z "$missing" ] || grep -rqsE '^(deb[[:space:]]|Types:.*deb)' /etc/apt/sources.list /etc/apt/sources.list.d ||
    fault "the packages $missing are missing, and apt has no source to install them from; add one, or install them"
  [ -z "$(dpkg --audit 2>/dev/null)" ] || fault "the installation of a package was interrupted; run dpkg --configure -a"
}

check_address() {
  if ! command -v ip >/dev/null; then
    fault "the command ip is missing; install iproute2"
  elif [ -z "$(device)" ]; then
    fault "none of its interfaces has the address $NODE_ADDRESS (got $(ip -o -4 address show scope global | awk '{ print $4 }' | paste -sd ' ')); correct the node's address, or the server's"
  fi
}

# device: the interface with the node's address.
device() {
  ip -o -4 address show to "$NODE_ADDRESS" 2>/dev/null | awk '{ print $2; exit }'
}

# mac: of that interface. Not from /sys, which in a container may be that of its host.
mac() {
  ip -o link show dev "$(device)" | sed -n 's/.* link\/[a-z]* \([0-9a-f:]*\).*/\1/p'
}

# head_of HOST PORT: what a web server says of itself, without curl, which a server that was only just installed may lack.
head_of() {
  exec 3<>"/dev/tcp/$1/$2"
  printf 'HEAD / HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" >&3
  cat <&3
}

# reference_time: of the server that nodes download from, in seconds since 1970.
reference_time() {
  local host=${CLOCK_URL#http://} port=80 date=''
  host=${host%%/*}
  if command -v curl >/dev/null; then
    date=$(curl --silent --head --location --max-time 10 "$CLOCK_URL/" | tr -d '\r' | sed -n 's/^[Dd]ate: //p' | tail -n 1)
  elif [[ $CLOCK_URL == http://* ]]; then
    if [[ $host == *:* ]]; then port=${host##*:}; fi
    date=$(timeout 10 bash -c "$(declare -f head_of); head_of '${host%%:*}' '$port'" 2>/dev/null | tr -d '\r' | sed -n 's/^[Dd]ate: //p')
  fi
  [ -n "$date" ] && date --date="$date" +%s
}

check_clock() {
  local reference offset
  if reference=$(reference_time); then
    offset=$(($(date +%s) - reference))
    [ "${offset#-}" -le $CLOCK_LIMIT_SECONDS ] ||
      fault "its clock is ${offset#-} s $([ "$offset" -gt 0 ] && echo ahead || echo behind) of $CLOCK_URL ($CLOCK_LIMIT_SECONDS s at most); set it, and install systemd-timesyncd or chrony"
  elif ! command -v curl >/dev/null && [ "$(timedatectl show --property=NTPSynchronized --value 2>/dev/null)" = yes ]; then
    log_info "the clock is kept by NTP; there is no curl yet to compare it with $CLOCK_URL"
  else
    fault "$CLOCK_URL does not answer, from which it would download and whose clock its own is compared with; let it reach that (curl --head $CLOCK_URL/)"
  fi
}

check_ports() {
  local port program ports=("${NODE_PORTS[@]}")
  if [ "$NODE_ROLE" = control-plane ]; then ports=("${CONTROL_PLANE_PORTS[@]}" "${ports[@]}"); fi
  for port in "${ports[@]/#/tcp }" "udp $VXLAN_PORT"; do
    # shellcheck disable=SC2086 # protocol and port
    program=$(listener_of $port)
    [ -n "$program" ] || continue
    if is_ours; then case $program in kube* | etcd | haproxy | flanneld | "the kernel") continue ;; esac fi
    fault "port ${port#* }/${port% *} is taken by $program; stop it"
  done
}

check_kubernetes() {
  local trace found=()
  if [ -s "$OWNER_FILE" ] && ! is_ours; then
    fault "$OWNER_FILE says that it belongs to $(cat "$OWNER_FILE") (need $STACK_ID); destroy that stack first"
    return
  fi
  is_ours && return
  for trace in /etc/kubernetes /var/lib/kubelet /etc/rancher /var/lib/rancher /etc/k0s /var/lib/k0s /var/snap/microk8s "$ETCD_DIRECTORY"; do
    [ -z "$(find "$trace" -mindepth 1 ! -name lost+found -type f -print -quit 2>/dev/null)" ] || found+=("$trace")
  done
  for trace in kubelet k3s k3s-agent k0scontroller k0sworker rke2-server rke2-agent; do
    ! systemctl cat "$trace.service" >/dev/null 2>&1 || found+=("$trace.service")
  done
  [ "${#found[@]}" -eq 0 ] ||
    fault "another Kubernetes is on it: $(printf '%s, ' "${found[@]}" | sed 's/, $//'); take it away (kubeadm reset, k3s-uninstall.sh …)"
}

# check_identity: a copied disk often has the number of the one it was copied from; that shows beside the other servers'.
check_identity() {
  [[ "$(cat /etc/machine-id 2>/dev/null)" =~ ^[0-9a-f]{32}$ ]] ||
    fault "/etc/machine-id is '$(cat /etc/machine-id 2>/dev/null)' (need 32 hex digits); run systemd-machine-id-setup and reboot"
}

apply() {
  local i list=''
  check_system
  check_cgroups
  check_capacity
  check_packages
  check_address
  check_clock
  check_ports
  check_kubernetes
  check_identity
  if [ "${#FAULTS[@]}" -gt 0 ]; then
    for i in "${!FAULTS[@]}"; do list+=" ($((i + 1))) ${FAULTS[i]}."; done
    die "can't be adopted, and nothing was changed:$list Then run again, or give this node another server"
  fi
  printf '{"hostname":"%s","machineId":"%s","mac":"%s"}\n' "$(hostname)" "$(cat /etc/machine-id)" "$(mac)"
}

run_verb "$@" </dev/null
