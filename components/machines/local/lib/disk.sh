# The disk of one machine; sourced, after identity.sh and log.sh.
#
# What a machine writes goes to an ext4 file system of its own, in a sparse image that is loop-mounted with direct I/O: its
# fsync reaches the real disk, which is what etcd and the disk gate are about. The base image lies under it, read-only and
# shared: a machine costs an empty file system instead of a copy, and no copies are still being written to the disk while
# the gate measures it. /var is on the machine's own file system directly: containerd can't stack layers on an overlay.

# base_link: a name for the base image that stays with its content while a newer one takes the original's place.
base_link() {
  local link
  link=$STATE_DIRECTORY/base-$(stat -Lc '%i-%Y' "$BASE_IMAGE").img
  if [[ ! -e $link ]]; then
    # Another file system can't hold a hard link; then it is one copy for all machines.
    ln -L "$BASE_IMAGE" "$link" 2>/dev/null || { cp --sparse=auto "$BASE_IMAGE" "$link.$$" && mv "$link.$$" "$link"; }
  fi
  printf '%s\n' "$link"
}

# The size of the file system in the image, in GiB.
file_system_gib() {
  dumpe2fs -h "$1" 2>/dev/null | awk '/^Block count:/ {blocks = $3} /^Block size:/ {print int(blocks * $3 / 2 ^ 30)}'
}

# Called before anything changes.
refuse_impossible_disk() {
  local image=$MACHINE_DIRECTORY/disk.img actual
  if [[ ! -e $image ]]; then
    [[ -s $BASE_IMAGE ]] || die "$MACHINE_NAME — no base image at $BASE_IMAGE — build it with: npm run mirror"
    return
  fi
  actual=$(file_system_gib "$image")
  ((actual <= DISK_GIB)) ||
    die "$MACHINE_NAME.diskGiB — got $DISK_GIB, its disk already has $actual — a disk can only grow; replace the machine to shrink it"
}

# Makes the disk if there is none, or makes it bigger. Only called while the machine isn't running: growing a mounted file
# system needs CAP_SYS_RESOURCE, which not every computer gives.
ensure_disk() {
  local image=$MACHINE_DIRECTORY/disk.img
  if [[ ! -e $image ]]; then
    write_file "$MACHINE_DIRECTORY/base" "$(base_link)"
    rm -f "$image.new"
    mke2fs -q -t ext4 -m 0 -E lazy_itable_init=1,lazy_journal_init=1 "$image.new" "${DISK_GIB}G" >/dev/null
    mv "$image.new" "$image"
  elif (($(file_system_gib "$image") < DISK_GIB)); then
    e2fsck -fp "$image" >/dev/null || (($? == 1)) || die "$MACHINE_NAME — its disk is damaged — run: e2fsck -f $image"
    resize2fs "$image" "${DISK_GIB}G" >/dev/null
  fi
}

# mount_base DIRECTORY: all machines share one loop device, which goes away with its last user.
mount_base() {
  local base device attempt
  base=$(<"$MACHINE_DIRECTORY/base")
  for attempt in 1 2 3 4 5; do # the last user may be leaving between the two commands
    device=$(losetup --noheadings --output NAME --associated "$base" | head -n 1)
    [[ -n $device ]] || device=$(losetup --find --show --read-only "$base")
    mount -o ro,noload "$device" "$1" && {
      losetup --detach "$device"
      return 0
    }
    log_info "attempt $attempt to mount $base failed"
    sleep 0.1
  done
  die "$MACHINE_NAME — the base image $base could not be mounted — see the messages above, and: losetup --list"
}

# mount_disk DIRECTORY
mount_disk() {
  local device
  detach_disk # one that was left between attaching and mounting
  device=$(losetup --find --show --direct-io=on "$MACHINE_DIRECTORY/disk.img")
  # The image is sparse: its unwritten inode tables are zero already, and writing them would disturb the disk gate.
  mount -o noatime,noinit_itable "$device" "$1"
  losetup --detach "$device" # goes away with the mount
}

# mount_root BASE DISK ROOT: puts the three together at ROOT.
mount_root() {
  mkdir -p "$2/root" "$2/work"
  if [[ ! -e $2/var ]]; then
    rm -rf "$2/var.new"
    cp -a "$1/var" "$2/var.new"
    mv "$2/var.new" "$2/var"
  fi
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/root,workdir=$2/work" "$3"
  mount --bind "$2/var" "$3/var"
}

# Frees loop devices of the disk that no mount uses any more.
detach_disk() {
  local device
  for device in $(losetup --noheadings --output NAME --associated "$MACHINE_DIRECTORY/disk.img" 2>/dev/null); do
    losetup --detach "$device" 2>/dev/null || true # it may be going away by itself
  done
}

# Base images that no machine of the state directory uses any more; the state directory itself with the last machine.
remove_unused_bases() {
  local base
  for base in "$STATE_DIRECTORY"/base-*.img; do
    [[ ! -e $base ]] || grep -qsFx "$base" "$STATE_DIRECTORY"/*/base || rm -f "$base"
  done
  rmdir "$STATE_DIRECTORY" 2>/dev/null || true # other machines live there
}
