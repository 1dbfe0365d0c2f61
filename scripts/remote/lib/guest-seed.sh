#!/usr/bin/env bash
# The disk that cloud-init reads at a guest's first boot (NoCloud). It holds the private host key: readable by root and,
# while the guest runs, by QEMU, to which libvirt gives it.

ensure_seed() {
  local content
  [ ! -e "$GUEST_SEED" ] || return 0
  rm -rf "/run/gitops-platform-seed-$NODE_NAME".*                    # of a killed run
  content=$(mktemp -d "/run/gitops-platform-seed-$NODE_NAME.XXXXXX") # for root only
  printf '%s' "$USER_DATA" >"$content/user-data"
  printf '%s' "$META_DATA" >"$content/meta-data"
  printf '%s' "$NETWORK_CONFIG" >"$content/network-config"
  (umask 077 && : >"$GUEST_SEED.partial")
  write_seed "$content" "$GUEST_SEED.partial" || {
    rm -rf "$content"
    die "can't make $GUEST_SEED on $HYPERVISOR; make room (df -h $STORAGE_DIRECTORY) and run again"
  }
  rm -rf "$content"
  mv "$GUEST_SEED.partial" "$GUEST_SEED"
}

# write_seed DIRECTORY FILE: whichever of Debian's two programs is there; check-hypervisor.sh saw to it.
write_seed() {
  local program=(genisoimage)
  command -v genisoimage >/dev/null || program=(xorriso -as mkisofs)
  "${program[@]}" -quiet -volid cidata -joliet -rock -output "$2" "$1" >&2
  chmod 600 "$2"
}
