#!/usr/bin/env bash
# A guest's domain in libvirt, and whose it is. NODE_NAME, STACK_ID and STORAGE_DIRECTORY come from the environment.
#
# Everything of a guest is named after it: the domain, and in the storage directory NAME.owner (the mark), NAME.raw,
# NAME-etcd.raw, NAME-seed.img. The mark is written first and removed last, so that files beside it are ours.

readonly GUEST_NAMESPACE=urn:gitops-platform:guest:1
readonly GUEST_MARK=$STORAGE_DIRECTORY/$NODE_NAME.owner
readonly GUEST_DISK=$STORAGE_DIRECTORY/$NODE_NAME.raw
readonly GUEST_ETCD_DISK=$STORAGE_DIRECTORY/$NODE_NAME-etcd.raw
readonly GUEST_SEED=$STORAGE_DIRECTORY/$NODE_NAME-seed.img
readonly GUEST_CONSOLE=/var/log/libvirt/qemu/$NODE_NAME-console.log

libvirt() {
  LC_ALL=C virsh --connect qemu:///system --quiet "$@"
}

domain_exists() {
  libvirt dominfo "$NODE_NAME" >/dev/null 2>&1
}

domain_state() {
  libvirt domstate "$NODE_NAME" 2>/dev/null || echo undefined
}

# domain_mark FIELD [--live|--config]: an attribute of our element in the domain's metadata; nothing where there is none.
domain_mark() {
  local element
  element=$(libvirt metadata "$NODE_NAME" --uri "$GUEST_NAMESPACE" "${2:---config}" 2>/dev/null) || return 0
  sed -n "s/.* $1=[\"']\([^\"']*\)[\"'].*/\1/p" <<<"$element"
}

# owner_on_disk: what the mark beside the files says; nothing where there is none.
owner_on_disk() {
  sed -n 's/^owner=//p' "$GUEST_MARK" 2>/dev/null || true # no mark is an answer
}

# refuse_foreign_guest: a domain or a file of this name that isn't this stack's is never touched.
refuse_foreign_guest() {
  local file owner
  owner=$(owner_on_disk)
  if domain_exists && [ "$(domain_mark owner)" != "$STACK_ID" ]; then
    die "a domain $NODE_NAME exists on $HYPERVISOR and is not this stack's (it belongs to $(domain_mark owner | grep . || echo 'somebody who left no mark'), need $STACK_ID); nothing was changed. Rename the node, or take the domain away: virsh dumpxml $NODE_NAME"
  fi
  [ -z "$owner" ] || [ "$owner" = "$STACK_ID" ] ||
    die "$GUEST_MARK on $HYPERVISOR says that the disks of $NODE_NAME belong to $owner (need $STACK_ID); nothing was changed. Rename the node, or destroy it in that stack"
  [ -z "$owner" ] || return 0
  for file in "$GUEST_DISK" "$GUEST_ETCD_DISK" "$GUEST_SEED"; do
    [ ! -e "$file" ] ||
      die "$file exists on $HYPERVISOR without this project's mark; nothing was changed. Rename the node, or move the file away"
  done
}

is_our_guest() {
  if domain_exists; then
    [ "$(domain_mark owner)" = "$STACK_ID" ]
  else
    [ "$(owner_on_disk)" = "$STACK_ID" ]
  fi
}

# console_tail: the end of what the guest wrote, in one line, for an error.
console_tail() {
  tail -n 4 "$GUEST_CONSOLE" 2>/dev/null | tr -d '\r' | tr -c '[:print:]\n' '?' | tr '\n' ' ' | tail -c 400 || true # no console yet
}
