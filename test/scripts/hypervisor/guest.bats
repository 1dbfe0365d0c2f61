#!/usr/bin/env bats
# Guests on a real libvirtd: made once, continued after a kill, changed, refused, taken away; and nobody else's touched.
bats_require_minimum_version 1.5.0
load hypervisor.bash

setup_file() {
  start_hypervisor
  make_image 64
}

teardown_file() {
  stop_hypervisor
}

setup() {
  export NODE_NAME=guest-$BATS_TEST_NUMBER STACK_ID=gitops-platform/test/test HYPERVISOR=hv-1 ADDRESS=127.0.0.1 MAC=52:54:00:12:34:56
  export STORAGE_DIRECTORY=$HYPERVISOR_ROOT/storage DISK_GIB=1 ETCD_DISK_GIB=0 PREALLOCATION=sparse COPY_SLOTS=2
  export AUTOSTART=yes BOOT_SECONDS=20 REPLACE_COMMAND="npx pulumi up --replace urn" MEMORY_MIB=64
  export USER_DATA=$'#cloud-config\nssh_keys: the private host key' META_DATA='instance-id: x' NETWORK_CONFIG='version: 2'
  define_as
}

teardown() {
  inside virsh -q destroy "$NODE_NAME" 2>/dev/null || true # most tests end without a guest
  inside virsh -q undefine "$NODE_NAME" 2>/dev/null || true # likewise
  rm -f "$STORAGE_DIRECTORY/$NODE_NAME"*
}

define_as() {
  DOMAIN_XML=$(render_domain)
  export DOMAIN_XML
}

state() {
  inside virsh -q domstate "$NODE_NAME"
}

started_at() {
  stat --format=%Y%y "$HYPERVISOR_ROOT/run/libvirt/qemu/$NODE_NAME.pid"
}

@test "a guest is made: disks, seed, domain, autostart; a second run changes nothing" {
  export ETCD_DISK_GIB=1
  define_as
  on_hypervisor create-guest.sh apply
  echo "$stderr"
  [ "$status" -eq 0 ]
  [ "$(state)" = running ]
  [ "$(stat --format=%s "$STORAGE_DIRECTORY/$NODE_NAME.raw")" -eq 1073741824 ]
  [ "$(head -c 11 "$STORAGE_DIRECTORY/$NODE_NAME.raw")" = 'the content' ]
  [ "$(stat --format=%s "$STORAGE_DIRECTORY/$NODE_NAME-etcd.raw")" -eq 1073741824 ]
  [ "$(stat --format=%a "$STORAGE_DIRECTORY/$NODE_NAME-seed.img")" = 600 ]
  [ "$(blkid -p -o value -s LABEL "$STORAGE_DIRECTORY/$NODE_NAME-seed.img")" = cidata ]
  inside virsh dominfo "$NODE_NAME" | grep -q 'Autostart: *enable'
  local before
  before=$(started_at)
  on_hypervisor create-guest.sh change
  [ "$status" -eq 0 ]
  [ "$(started_at)" = "$before" ]
  on_hypervisor create-guest.sh destroy
  [ "$status" -eq 0 ]
  [ -z "$(find "$STORAGE_DIRECTORY" "$HYPERVISOR_ROOT/log/qemu" "$HYPERVISOR_ROOT/etc/qemu" -name "$NODE_NAME*")" ]
  run ! inside virsh dominfo "$NODE_NAME"
  on_hypervisor create-guest.sh destroy
  [ "$status" -eq 0 ]
}

@test "the private host key is in no message, no argument, no process and no other file" {
  export USER_DATA='secret-of-this-test'
  inside bash -c 'while sleep 0.05; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\0" " "; done' >"$BATS_TEST_TMPDIR/seen" 3>&- &
  local watcher=$!
  on_hypervisor create-guest.sh apply
  kill "$watcher"
  [ "$status" -eq 0 ]
  run ! grep -q secret-of-this-test <<<"$output$stderr"
  run ! grep -q secret-of-this-test "$BATS_TEST_TMPDIR/seen"
  [ "$(grep -rl secret-of-this-test "$HYPERVISOR_ROOT" --exclude-dir=www)" = "$STORAGE_DIRECTORY/$NODE_NAME-seed.img" ]
}

@test "a run that was killed before it defined, or before it started, is continued; half a copy is not used" {
  echo half >"$STORAGE_DIRECTORY/$NODE_NAME.raw.partial"
  on_hypervisor create-guest.sh apply
  [ "$status" -eq 0 ]
  [ ! -e "$STORAGE_DIRECTORY/$NODE_NAME.raw.partial" ]
  [ "$(state)" = running ]
  sed -i /^made=/d "$STORAGE_DIRECTORY/$NODE_NAME.owner"
  # The disk is there, the domain is not.
  inside virsh -q destroy "$NODE_NAME"
  inside virsh -q undefine "$NODE_NAME"
  printf 'kept' | dd of="$STORAGE_DIRECTORY/$NODE_NAME.raw" conv=notrunc status=none
  on_hypervisor create-guest.sh apply
  [ "$status" -eq 0 ]
  [ "$(head -c 4 "$STORAGE_DIRECTORY/$NODE_NAME.raw")" = kept ]
  # It is defined, and not started.
  inside virsh -q destroy "$NODE_NAME"
  on_hypervisor create-guest.sh apply
  [ "$status" -eq 0 ]
  [ "$(state)" = running ]
  [ "$(inside virsh -q list --all | grep -c "$NODE_NAME")" -eq 1 ]
}

@test "a guest that never came up is begun again with settings that were put right, and one that did is kept" {
  BOOT_SECONDS=1 ADDRESS=127.0.0.9 NETWORK_CONFIG='version: 2 # wrong' on_hypervisor create-guest.sh apply
  [ "$status" -eq 1 ]
  printf 'from the first boot' | dd of="$STORAGE_DIRECTORY/$NODE_NAME.raw" conv=notrunc status=none
  on_hypervisor create-guest.sh apply
  echo "$stderr"
  [ "$status" -eq 0 ]
  [[ $stderr == *"it never came up and was begun with other settings; starting over"* ]]
  [ "$(head -c 11 "$STORAGE_DIRECTORY/$NODE_NAME.raw")" = 'the content' ]
  printf 'kept' | dd of="$STORAGE_DIRECTORY/$NODE_NAME.raw" conv=notrunc status=none
  NETWORK_CONFIG='version: 2 # other resolvers' IMAGE_FILE=/nowhere on_hypervisor create-guest.sh change
  [ "$status" -eq 0 ]
  [ "$(head -c 4 "$STORAGE_DIRECTORY/$NODE_NAME.raw")" = kept ]
}

@test "really killed while the image is copied, it is continued and made once" {
  cat >"$BATS_TEST_TMPDIR/qemu-img" <<'SLOW'
#!/bin/bash
[ "$1" != convert ] || sleep 30
exec /usr/bin/qemu-img "$@"
SLOW
  chmod 755 "$BATS_TEST_TMPDIR/qemu-img"
  PATH=$BATS_TEST_TMPDIR:$PATH inside bash "$SCRIPTS/hypervisor/create-guest.sh" apply 2>/dev/null 3>&- &
  local killed=$!
  for _ in $(seq 50); do
    [ ! -e "$STORAGE_DIRECTORY/$NODE_NAME.owner" ] || break
    sleep 0.1
  done
  # The brackets keep pgrep from finding the shell that it runs in.
  inside bash -c 'kill -KILL $(pgrep -f "[c]reate-guest.sh apply") $(pgrep -f "[q]emu-img convert")'
  wait "$killed" || true # it was killed
  [ ! -e "$STORAGE_DIRECTORY/$NODE_NAME.raw" ]
  on_hypervisor create-guest.sh apply
  echo "$stderr"
  [ "$status" -eq 0 ]
  [ "$(state)" = running ]
}

@test "a domain of somebody else is an error, and stays as it is" {
  # shellcheck disable=SC2030
  (export STACK_ID=somebody/else && define_as && inside virsh -q define /dev/stdin <<<"$DOMAIN_XML")
  on_hypervisor create-guest.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"a domain $NODE_NAME exists on hv-1 and is not this stack's (it belongs to somebody/else, need gitops-platform/test/test); nothing was changed."* ]]
  on_hypervisor create-guest.sh destroy
  [ "$status" -eq 0 ]
  [[ $stderr == *"nothing of this stack is here"* ]]
  [ "$(state)" = 'shut off' ]
  [ ! -e "$STORAGE_DIRECTORY/$NODE_NAME.owner" ]
}

@test "a domain without any mark is an error too" {
  inside virsh -q define /dev/stdin <<<"$(sed '/<metadata>/,/<\/metadata>/d' <<<"$DOMAIN_XML")"
  on_hypervisor create-guest.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"(it belongs to somebody who left no mark, need "* ]]
  on_hypervisor create-guest.sh destroy
  [ "$(state)" = 'shut off' ]
}

@test "a file of its name without the mark is an error, and is not overwritten" {
  echo precious >"$STORAGE_DIRECTORY/$NODE_NAME.raw"
  on_hypervisor create-guest.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"$NODE_NAME.raw exists on hv-1 without this project's mark; nothing was changed."* ]]
  on_hypervisor create-guest.sh destroy
  [ "$(cat "$STORAGE_DIRECTORY/$NODE_NAME.raw")" = precious ]
}

@test "disks grow, under a running guest too, and never shrink" {
  on_hypervisor create-guest.sh apply
  local before
  before=$(started_at)
  DISK_GIB=2 on_hypervisor create-guest.sh change
  echo "$stderr"
  [ "$status" -eq 0 ]
  [ "$(stat --format=%s "$STORAGE_DIRECTORY/$NODE_NAME.raw")" -eq 2147483648 ]
  [ "$(inside virsh domblkinfo "$NODE_NAME" vda | awk '/^Capacity/ { print $2 }')" -eq 2147483648 ]
  [ "$(started_at)" = "$before" ]
  DISK_GIB=1 on_hypervisor create-guest.sh change
  [ "$status" -eq 1 ]
  [[ $stderr == *"diskGiB is 1 and the disk of $NODE_NAME has 2 GiB; a disk can't shrink, and nothing was changed. Set diskGiB to 2 or more"* ]]
}

@test "another address or network interface, or a disk for etcd that was not there, is refused with the command that consents" {
  on_hypervisor create-guest.sh apply
  ADDRESS=127.0.0.2 on_hypervisor create-guest.sh change
  [ "$status" -eq 1 ]
  [[ $stderr == *"has address 127.0.0.1 and would get 127.0.0.2"*"kubectl drain $NODE_NAME"*"npx pulumi up --replace urn"* ]]
  MAC=52:54:00:65:43:21 on_hypervisor create-guest.sh change
  [ "$status" -eq 1 ]
  [[ $stderr == *"has mac 52:54:00:12:34:56 and would get 52:54:00:65:43:21"* ]]
  ETCD_DISK_GIB=1 on_hypervisor create-guest.sh change
  [ "$status" -eq 1 ]
  [[ $stderr == *"has etcdDisk no and would get yes"* ]]
  [ ! -e "$STORAGE_DIRECTORY/$NODE_NAME-etcd.raw" ]
}

@test "a guest that must exist is not made a second time where it is not" {
  on_hypervisor create-guest.sh change
  [ "$status" -eq 1 ]
  [[ $stderr == *"$NODE_NAME is not on hv-1, where the configuration has it; nothing was changed."* ]]
  [ -z "$(find "$STORAGE_DIRECTORY" -name "$NODE_NAME*")" ]
}

@test "other memory waits for the restart of its own step, which shuts the guest down and starts it with it" {
  on_hypervisor create-guest.sh apply
  [ "$status" -eq 0 ]
  [ "$output" = '{"pending":false}' ]
  local before
  before=$(started_at)
  on_hypervisor restart-guest.sh apply
  [ "$status" -eq 0 ]
  export MEMORY_MIB=96
  define_as
  on_hypervisor create-guest.sh change
  echo "$stderr"
  [ "$status" -eq 0 ]
  [ "$output" = '{"pending":true}' ]
  [ "$(started_at)" = "$before" ]
  # Firmware without a system takes no notice of the button: the power is cut for it meanwhile.
  (sleep 3 && inside virsh -q destroy "$NODE_NAME") 3>&- &
  on_hypervisor restart-guest.sh apply
  echo "$stderr"
  [ "$status" -eq 0 ]
  [[ $stderr == *"memory, processors or devices changed: shutting the guest down"* ]]
  [ "$(inside virsh dominfo "$NODE_NAME" | awk '/^Used memory/ { print $3 }')" -eq $((96 * 1024)) ]
  on_hypervisor create-guest.sh change
  [ "$output" = '{"pending":false}' ]
}

@test "a guest that is down is started with what it has to run with, and waits for nothing" {
  on_hypervisor create-guest.sh apply
  inside virsh -q destroy "$NODE_NAME"
  export MEMORY_MIB=96
  define_as
  on_hypervisor create-guest.sh change
  [ "$status" -eq 0 ]
  [ "$output" = '{"pending":false}' ]
  [ "$(state)" = running ]
}

@test "the restart of a guest that is somebody else's is refused" {
  on_hypervisor create-guest.sh apply
  STACK_ID=somebody/else on_hypervisor restart-guest.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"$NODE_NAME is not this stack's guest on hv-1; nothing was changed."* ]]
  [ "$(state)" = running ]
}

@test "a guest without an answer fails with what was waited for, its state and two commands" {
  export BOOT_SECONDS=2
  export ADDRESS=127.0.0.9
  on_hypervisor create-guest.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"waited 2 s for the sshd of $NODE_NAME at 127.0.0.9:22, which doesn't answer; its console ends with: "*"virsh console $NODE_NAME, and tail /var/log/libvirt/qemu/$NODE_NAME-console.log"* ]]
}

@test "an image that is larger than the disk is refused" {
  qemu-img create -q -f qcow2 "$BATS_TEST_TMPDIR/large.qcow2" 3G
  IMAGE_FILE=$BATS_TEST_TMPDIR/large.qcow2 on_hypervisor create-guest.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"the image is 3 GiB and the disk of $NODE_NAME would be 1 GiB; give the node diskGiB of at least the image's size"* ]]
}

@test "no more disks than allowed are copied at a time" {
  mkdir -p "$HYPERVISOR_ROOT/run/lock/gitops-platform"
  inside flock /run/lock/gitops-platform/copy-1.lock sleep 4 3>&- &
  sleep 0.5
  local began=$SECONDS
  COPY_SLOTS=1 on_hypervisor create-guest.sh apply
  [ "$status" -eq 0 ]
  [[ $stderr == *"1 other disks are being copied; waiting for one of them"* ]]
  [ $((SECONDS - began)) -ge 3 ]
}

@test "preallocation full writes every block" {
  PREALLOCATION=full on_hypervisor create-guest.sh apply
  echo "$stderr"
  [ "$status" -eq 0 ]
  [ $(($(stat --format=%b "$STORAGE_DIRECTORY/$NODE_NAME.raw") * 512)) -ge 1073741824 ]
}
