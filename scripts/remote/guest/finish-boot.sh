#!/usr/bin/env bash
# A guest is ready when cloud-init is done with its first boot and its file systems fill its disks.
#
# Environment
#   NODE_NAME
#   DISK_GIB         size of the root disk
#   ETCD_DISK_GIB    size of the disk for etcd, 0 for none
#   ETCD_DIRECTORY   where that disk is mounted
# State: the root file system's size; with a disk for etcd: an ext4 file system on it, its line in /etc/fstab
# Undo: none; the guest goes as a whole
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
SCOPE=boot

readonly GIB=1073741824
readonly CLOUD_INIT=/run/cloud-init
readonly CLOUD_INIT_SECONDS=840
readonly ETCD_DEVICE=/dev/disk/by-id/virtio-etcd

# Asking cloud-init itself starts a Python, which slows down the very boot that is waited for.
cloud_init_has_ended() {
  [ -e "$CLOUD_INIT/result.json" ] || [ -e "$CLOUD_INIT/disabled" ]
}

wait_for_cloud_init() {
  local began=$SECONDS next=30
  command -v cloud-init >/dev/null || die "the image has no cloud-init; use a cloud image, such as Debian's genericcloud"
  until cloud_init_has_ended; do
    [ $((SECONDS - began)) -lt "$CLOUD_INIT_SECONDS" ] ||
      die "waited $CLOUD_INIT_SECONDS s for cloud-init, which is still at: $(tail -n 1 /var/log/cloud-init.log). See \`cloud-init analyze show\` and \`systemctl list-jobs\` on the guest, and run again"
    if [ $((SECONDS - began)) -ge "$next" ]; then
      log_info "cloud-init has been at work for $((SECONDS - began)) s"
      next=$((next + 30))
    fi
    sleep 0.5
  done
  [ -e "$CLOUD_INIT/disabled" ] || grep -q '"errors": *\[\]' "$CLOUD_INIT/result.json" ||
    die "cloud-init failed: $(tr -d '\n' <"$CLOUD_INIT/result.json" | tr -s ' '); see /var/log/cloud-init.log on the guest, repair the image or the guest, and run again"
}

# grow_file_system DEVICE DIRECTORY: to the size of its device; one that fills it already stays.
grow_file_system() {
  local type output
  type=$(findmnt --noheadings --output FSTYPE "$2")
  case "$type" in
    ext4) output=$(resize2fs "$1" 2>&1) || die "can't grow the file system of $2: ${output##*$'\n'}; see dmesg on the guest, and run again" ;;
    xfs) output=$(xfs_growfs "$2" 2>&1) || die "can't grow the file system of $2: ${output##*$'\n'}; see dmesg on the guest, and run again" ;;
    *) log_info "$2 is on $type, which is left as it is" ;;
  esac
}

# growpart exits 1 for a partition that fills its disk already.
grow_root() {
  local device disk partition size
  device=$(findmnt --noheadings --output SOURCE /)
  disk=$(lsblk --noheadings --nodeps --output PKNAME "$device" | tr -d ' ')
  partition=$(cat "/sys/class/block/${device##*/}/partition" 2>/dev/null || true) # a file system on the bare disk has none
  if [ -n "$partition" ]; then
    growpart "/dev/$disk" "$partition" >/dev/null 2>&1 || true # see above; the size is what is checked
  fi
  grow_file_system "$device" /
  size=$(lsblk --bytes --noheadings --nodeps --output SIZE "$device")
  # The rest is the partition table, and what boots.
  [ "$size" -ge "$((DISK_GIB * GIB * 9 / 10))" ] ||
    die "the root partition $device has $((size / 1048576)) MiB on a disk of $DISK_GIB GiB and can't grow; use an image whose root partition is the last one on the disk (and has growpart), and build the node anew"
}

# A file system that is there is kept: only a disk without any signature, for which blkid ends with 2, is formatted.
mount_etcd_disk() {
  local uuid signature=0
  [ -e "$ETCD_DEVICE" ] || die "the disk for etcd is missing ($ETCD_DEVICE); look at the domain on the hypervisor: virsh domblklist $NODE_NAME"
  blkid -p "$ETCD_DEVICE" >/dev/null 2>&1 || signature=$?
  case "$signature" in
    0) ;;
    2)
      log_info "formatting the disk for etcd"
      # Without discarding, which would undo its preallocation, and with nothing left to write while the gate measures.
      mkfs.ext4 -q -m 0 -L etcd -E nodiscard,lazy_itable_init=0,lazy_journal_init=0 "$ETCD_DEVICE"
      ;;
    *) die "can't tell what is on the disk for etcd ($ETCD_DEVICE; blkid ended with $signature), so it was left alone; see dmesg on the guest, and \`wipefs $ETCD_DEVICE\`" ;;
  esac
  [ "$(blkid -p -o value -s TYPE "$ETCD_DEVICE")" = ext4 ] ||
    die "the disk for etcd ($ETCD_DEVICE) holds something else than an ext4 file system, so it was left alone; see \`wipefs $ETCD_DEVICE\` on the guest"
  uuid=$(blkid -p -o value -s UUID "$ETCD_DEVICE")
  mkdir -p "$ETCD_DIRECTORY"
  if ! grep -q "^UUID=$uuid " /etc/fstab; then
    printf 'UUID=%s %s ext4 defaults,noatime 0 2\n' "$uuid" "$ETCD_DIRECTORY" >>/etc/fstab
    systemctl daemon-reload
  fi
  mountpoint --quiet "$ETCD_DIRECTORY" || mount "$ETCD_DIRECTORY"
  chmod 700 "$ETCD_DIRECTORY"
  grow_file_system "$(realpath "$ETCD_DEVICE")" "$ETCD_DIRECTORY"
  # kubeadm wants the directory empty; fsck makes it again if it ever needs it.
  rmdir "$ETCD_DIRECTORY/lost+found" 2>/dev/null || true # gone since the first run
}

apply() {
  wait_for_cloud_init
  take_lock
  [ "$(hostname)" = "$NODE_NAME" ] ||
    die "the guest calls itself $(hostname), need $NODE_NAME: cloud-init did not read its seed; see /var/log/cloud-init.log on the guest, and whether the image looks for the NoCloud source"
  grow_root
  if [ "$ETCD_DISK_GIB" -gt 0 ]; then mount_etcd_disk; fi
}

run_verb "$@" </dev/null
