#!/usr/bin/env bash
# Makes a guest on this hypervisor, or changes it; returns when it is up. Continues whatever a killed run left. A running guest
# keeps what it was started with, memory for example, until restart-guest.sh restarts it in its node's turn. Prints
# {"pending": whether it waits for that}.
#
# Verbs: apply makes it or brings it up to date; change is the same for a guest that must exist already, so that a node
#   that moved to another hypervisor is not silently made a second time; destroy.
# Environment
#   NODE_NAME, STACK_ID, HYPERVISOR   who it is, whose, and where
#   ADDRESS, MAC            its IPv4 address, and that of its network interface
#   STORAGE_DIRECTORY, IMAGE_FILE, IMAGE_FORMAT   where its disks go and what the first is copied from
#   DISK_GIB, ETCD_DISK_GIB (0: none), PREALLOCATION (sparse|full), COPY_SLOTS
#   DOMAIN_XML, AUTOSTART (yes|no)
#   USER_DATA (secret), META_DATA, NETWORK_CONFIG   for cloud-init, at the first boot
#   BOOT_SECONDS            how long it may take to come up
#   REPLACE_COMMAND         what an operator runs to have it made anew
# State: the domain NODE_NAME, NODE_NAME* in STORAGE_DIRECTORY, /var/log/libvirt/qemu/NODE_NAME*
# Undo: all of that, when the ownership marks are ours
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/guest-lock.sh"
. "$(dirname "$0")/../lib/domain.sh"
. "$(dirname "$0")/../lib/guest-disk.sh"
. "$(dirname "$0")/../lib/guest-seed.sh"
. "$(dirname "$0")/../lib/guest-power.sh"
SCOPE=guest
# Disks are for root, and for QEMU, to which libvirt gives them.
umask 077
# Secrets stay in this shell: nothing it starts inherits them.
export -n USER_DATA="${USER_DATA:-}"

# What a guest was first made with; kept in the mark. Of a guest that is there, address, mac (its network settings name it)
# and etcdDisk can't change without losing its disks, and the rest only matters for new ones.
first_settings() {
  printf 'owner=%s\naddress=%s\nmac=%s\netcdDisk=%s\nimage=%s\n' "$STACK_ID" "$ADDRESS" "$MAC" \
    "$([ "$ETCD_DISK_GIB" -gt 0 ] && echo yes || echo no)" "$IMAGE_FILE"
  printf 'seed=%s\n' "$(printf '%s' "$USER_DATA$META_DATA$NETWORK_CONFIG" | sha256sum)"
}

# mark_field NAME
mark_field() {
  sed -n "s/^$1=//p" "$GUEST_MARK"
}

# A guest that never came up has nothing to lose. With other settings than it was begun with, a wrong gateway that was
# put right for example, it has to be begun again: cloud-init may have read the old ones.
start_over_if_unfinished() {
  [ -e "$GUEST_MARK" ] && [ -z "$(mark_field made)" ] || return 0
  [ "$(cat "$GUEST_MARK")" != "$(first_settings)" ] || return 0
  log_info "it never came up and was begun with other settings; starting over"
  remove_guest
}

refuse_data_loss() {
  local key was wanted
  refuse_smaller_disk "$GUEST_DISK" "$DISK_GIB" diskGiB
  if [ "$ETCD_DISK_GIB" -gt 0 ]; then refuse_smaller_disk "$GUEST_ETCD_DISK" "$ETCD_DISK_GIB" etcdDiskGiB; fi
  [ -e "$GUEST_DISK" ] && [ -e "$GUEST_MARK" ] || return 0
  for key in address mac etcdDisk; do
    was=$(mark_field "$key")
    wanted=$(first_settings | sed -n "s/^$key=//p")
    [ "$was" = "$wanted" ] ||
      die "$NODE_NAME has $key $was and would get $wanted, which only a guest that is made anew can have; nothing was changed. Set it back; or drain the node (kubectl drain $NODE_NAME), and consent to the loss of its disks: $REPLACE_COMMAND"
  done
}

claim() {
  [ ! -e "$GUEST_MARK" ] || return 0
  first_settings >"$GUEST_MARK.new"
  mv "$GUEST_MARK.new" "$GUEST_MARK"
}

ensure_disks() {
  if [ -e "$GUEST_DISK" ]; then
    grow_disk "$GUEST_DISK" "$DISK_GIB"
  else
    copy_image "$GUEST_DISK" "$((DISK_GIB * GIB))" "$PREALLOCATION"
  fi
  [ "$ETCD_DISK_GIB" -gt 0 ] || return 0
  if [ -e "$GUEST_ETCD_DISK" ]; then
    grow_disk "$GUEST_ETCD_DISK" "$ETCD_DISK_GIB"
  else
    make_file_disk "$GUEST_ETCD_DISK" "$((ETCD_DISK_GIB * GIB))" "$PREALLOCATION"
  fi
}

define() {
  libvirt define --validate /dev/stdin <<<"$DOMAIN_XML" >/dev/null ||
    die "libvirt on $HYPERVISOR refuses the domain $NODE_NAME, see above; correct the node, or see what the hypervisor lacks: virsh domcapabilities"
  if [ "$AUTOSTART" = yes ]; then libvirt autostart "$NODE_NAME" >/dev/null; else libvirt autostart --disable "$NODE_NAME" >/dev/null; fi
}

apply() {
  lock_name "guest-$NODE_NAME"
  refuse_foreign_guest
  start_over_if_unfinished
  refuse_data_loss
  claim
  ensure_disks
  ensure_seed
  define
  # One that never came up is no node yet.
  if [ -z "$(mark_field made)" ] && runs_other_definition; then shut_down; fi
  start
  wait_until_up
  [ -n "$(mark_field made)" ] || echo made=yes >>"$GUEST_MARK"
  printf '{"pending":%s}\n' "$(if runs_other_definition; then echo true; else echo false; fi)"
}

change() {
  lock_name "guest-$NODE_NAME"
  refuse_foreign_guest
  [ -e "$GUEST_DISK" ] ||
    die "$NODE_NAME is not on $HYPERVISOR, where the configuration has it; nothing was changed. Was it moved to another hypervisor? Set it back, or move its disks by hand. To lose them and have it made anew, drain the node first (kubectl drain $NODE_NAME): $REPLACE_COMMAND"
  apply
}

remove_guest() {
  if domain_exists; then
    if [ "$(domain_state)" != 'shut off' ]; then libvirt destroy "$NODE_NAME" >/dev/null; fi
    libvirt undefine "$NODE_NAME" --managed-save --snapshots-metadata --checkpoints-metadata --nvram >/dev/null
  fi
  rm -f "$GUEST_DISK" "$GUEST_DISK.partial" "$GUEST_SEED" "$GUEST_SEED.partial"
  # A guest without one: the name may be that of another guest's disk.
  [ "$(mark_field etcdDisk)" != yes ] || rm -f "$GUEST_ETCD_DISK" "$GUEST_ETCD_DISK.partial"
  rm -f "/var/log/libvirt/qemu/$NODE_NAME.log"* "$GUEST_CONSOLE"*
  rm -f "$GUEST_MARK" "$GUEST_MARK.new"
}

destroy() {
  lock_name "guest-$NODE_NAME"
  if ! is_our_guest; then
    log_info "nothing of this stack is here"
    return
  fi
  remove_guest
}

run_verb "$@" </dev/null
