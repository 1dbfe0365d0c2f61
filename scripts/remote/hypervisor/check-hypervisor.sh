#!/usr/bin/env bash
# Checks that this server can run guests, and reports everything that is missing at once. Prints, as JSON, the domain type
# and the directory of the disks. On a hypervisor, by hand: NODE_NAME=hv-1 ATTACHMENT=bridge:br0 \
#   STORAGE=directory:/var/lib/libvirt/gitops-platform bash check-hypervisor.sh apply
#
# Environment
#   NODE_NAME        of the hypervisor
#   ATTACHMENT       bridge:NAME or network:NAME, for guests
#   STORAGE          directory:PATH or pool:NAME, for their disks
#   DOMAIN_TYPE      auto (default), kvm or qemu
#   ALLOW_EMULATION  yes or no (default)
# State: the storage directory is made if missing
# Undo: none
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
SCOPE=hypervisor

readonly MIN_FREE_MIB=4096
PROBLEMS=()
STORAGE_PATH=
CHOSEN_TYPE=

problem() {
  PROBLEMS+=("$*")
}

libvirt() {
  LC_ALL=C virsh --connect qemu:///system --quiet "$@"
}

check_programs() {
  local program package missing=()
  while read -r program package; do
    command -v "$program" >/dev/null || missing+=("$package")
  done <<'PROGRAMS'
virsh libvirt-clients
qemu-img qemu-utils
qemu-system-x86_64 qemu-system-x86
curl curl
jq jq
PROGRAMS
  command -v genisoimage >/dev/null || command -v xorriso >/dev/null || missing+=(genisoimage)
  [ -e /usr/sbin/libvirtd ] || [ -e /usr/sbin/virtqemud ] || missing+=(libvirt-daemon-system)
  [ "${#missing[@]}" -eq 0 ] || problem "Debian packages are missing; run: apt-get install --no-install-recommends ${missing[*]}"
}

# can_ask: whether libvirt answers; without it nothing below can be known.
can_ask() {
  command -v virsh >/dev/null || return 1
  libvirt version >/dev/null 2>&1 && return
  problem "libvirt does not answer at qemu:///system; start it (systemctl enable --now libvirtd), and see: journalctl -u libvirtd"
  return 1
}

check_attachment() {
  local kind=${ATTACHMENT%%:*} name=${ATTACHMENT#*:}
  case "$kind" in
    bridge)
      [ -n "$(ip link show dev "$name" type bridge 2>/dev/null)" ] || problem "there is no bridge $name; make one with the server's network interface in it (docs/guides/hypervisor.md), or correct attachment"
      ;;
    network)
      if ! libvirt net-info "$name" >/dev/null 2>&1; then
        problem "libvirt has no network $name; define one, or correct attachment (virsh net-list --all)"
      elif ! libvirt net-info "$name" | grep -q '^Active: *yes'; then
        problem "libvirt's network $name is not active; run: virsh net-start $name && virsh net-autostart $name"
      fi
      ;;
    *) problem "attachment is $ATTACHMENT, need bridge:NAME or network:NAME" ;;
  esac
}

pool_directory() {
  local name=$1 xml type
  xml=$(libvirt pool-dumpxml "$name" 2>/dev/null) || {
    problem "libvirt has no storage pool $name; define one, or correct storage (virsh pool-list --all)"
    return
  }
  type=$(sed -n "s/^<pool type='\([^']*\)'.*/\1/p" <<<"$xml")
  case "$type" in
    dir | fs | netfs) STORAGE_PATH=$(sed -n 's/^ *<path>\(.*\)<\/path>$/\1/p' <<<"$xml" | head -n 1) ;;
    *) problem "the storage pool $name is of type $type, need dir, fs or netfs: disks are kept as files; use another pool, or a directory" ;;
  esac
  libvirt pool-info "$name" | grep -q '^State: *running' || problem "the storage pool $name is not active; run: virsh pool-start $name && virsh pool-autostart $name"
}

check_storage() {
  local kind=${STORAGE%%:*} name=${STORAGE#*:} free
  case "$kind" in
    directory)
      STORAGE_PATH=$name
      # Listed by nobody else, but QEMU's own user passes through.
      [ -d "$name" ] || { mkdir -p "$name" && chmod 711 "$name"; } 2>/dev/null || problem "$name can't be made; correct storage, or make it"
      ;;
    pool) pool_directory "$name" ;;
    *) problem "storage is $STORAGE, need directory:PATH or pool:NAME" ;;
  esac
  [ -d "$STORAGE_PATH" ] || return 0
  free=$(df --output=avail -BM "$STORAGE_PATH" | tail -n 1 | tr -dc '0-9')
  [ "$free" -ge "$MIN_FREE_MIB" ] || problem "$STORAGE_PATH has $free MiB free (need at least $MIN_FREE_MIB for a guest); make room, or choose other storage"
  check_direct_io
}

# cache=none is what makes a guest's fsync reach the disk; not every file system can do it.
check_direct_io() {
  local probe
  probe=$(mktemp "$STORAGE_PATH/.gitops-platform-probe.XXXXXX") || return 0
  dd if=/dev/zero of="$probe" bs=4096 count=1 oflag=direct status=none 2>/dev/null ||
    problem "$STORAGE_PATH is on a file system without direct I/O ($(stat --file-system --format=%T "$STORAGE_PATH")), which the disks' cache=none needs; use ext4 or XFS on a local disk"
  rm -f "$probe"
}

# The device node alone proves nothing: it can be there on a server whose processor can't, and firmware may even run on
# it where a whole system doesn't. So both are asked: libvirt for the processor, and the firmware of a machine without a
# disk for its first words.
kvm_works() {
  local findings words
  [ -e /dev/kvm ] || return 1
  findings=$(LC_ALL=C virt-host-validate qemu 2>/dev/null) || true # fails when one of its many checks does
  ! grep -qE '(hardware virtualization|/dev/kvm).*FAIL' <<<"$findings" || return 1
  words=$(timeout --kill-after=2 3 qemu-system-x86_64 -accel kvm -cpu host -machine q35 -m 64 -nodefaults -no-user-config \
    -display none -serial none -monitor none -chardev stdio,id=words -device isa-debugcon,iobase=0x402,chardev=words \
    2>/dev/null </dev/null) || true # the time limit ends it
  grep -q SeaBIOS <<<"$words"
}

check_domain_type() {
  case "${DOMAIN_TYPE:-auto}" in
    qemu) CHOSEN_TYPE=qemu ;;
    kvm | auto) CHOSEN_TYPE=qemu && if kvm_works; then CHOSEN_TYPE=kvm; fi ;;
    *) problem "domainType is $DOMAIN_TYPE, need auto, kvm or qemu" ;;
  esac
  [ "$CHOSEN_TYPE" = qemu ] || return 0
  if [ "${DOMAIN_TYPE:-auto}" = kvm ]; then
    problem "domainType is kvm and KVM does not work here: enable virtualisation in the firmware (or nested virtualisation around this server), and see: virt-host-validate qemu"
  elif [ "${ALLOW_EMULATION:-no}" != yes ]; then
    problem "KVM does not work here, and emulation is not allowed: enable virtualisation in the firmware (see virt-host-validate qemu), or for a trial set allowEmulation: true for this hypervisor"
  else
    log_info "ATTENTION: guests are emulated in software (domain type qemu), some thirty times slower than with KVM"
  fi
}

apply() {
  local entry
  check_programs
  if can_ask; then
    check_attachment
    check_storage
    check_domain_type
  fi
  if [ "${#PROBLEMS[@]}" -gt 0 ]; then
    log_info "this hypervisor can't take guests yet, and no guest was touched. What is missing:"
    for entry in "${PROBLEMS[@]}"; do log_info "- $entry"; done
    exit 1
  fi
  printf '{"domainType":"%s","storageDirectory":"%s"}\n' "$CHOSEN_TYPE" "$STORAGE_PATH"
}

run_verb "$@" </dev/null
