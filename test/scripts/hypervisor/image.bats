#!/usr/bin/env bats
# The image of guests: fetched once, checked, continued; nothing is kept of what is not what it should be. And the check
# of a hypervisor, with everything it lacks at once.
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
  export NODE_NAME=hv-1 STACK_ID=gitops-platform/test/test STORAGE_DIRECTORY=$HYPERVISOR_ROOT/storage/$BATS_TEST_NUMBER
  export IMAGE_LOCATION=http://127.0.0.1:8080/image.qcow2 IMAGE_CHECKSUM=sha256:$IMAGE_SUM
  export ATTACHMENT=bridge:br0 STORAGE=directory:$STORAGE_DIRECTORY DOMAIN_TYPE=auto ALLOW_EMULATION=yes
  mkdir -p "$STORAGE_DIRECTORY"
  FILE=$STORAGE_DIRECTORY/gitops-platform-image-${IMAGE_SUM:0:16}.qcow2
}

@test "an image is fetched, verified and named; a second run fetches nothing" {
  on_hypervisor fetch-image.sh apply
  echo "$stderr"
  [ "$status" -eq 0 ]
  [ "$output" = "{\"file\":\"$FILE\"}" ]
  cmp "$FILE" "$IMAGE_FILE"
  IMAGE_LOCATION=http://127.0.0.1:9/nobody on_hypervisor fetch-image.sh apply
  [ "$status" -eq 0 ]
}

@test "a wrong checksum changes nothing" {
  IMAGE_CHECKSUM=sha512:$(printf '0%.0s' {1..128}) on_hypervisor fetch-image.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"has sha512 "*", need 0000"*"; nothing was kept. Repair the source or the pin, and run again"* ]]
  [ -z "$(ls "$STORAGE_DIRECTORY")" ]
}

@test "a part that a killed run left is continued, and a damaged one is not kept" {
  head -c 100 "$IMAGE_FILE" >"$FILE.partial"
  on_hypervisor fetch-image.sh apply
  [ "$status" -eq 0 ]
  cmp "$FILE" "$IMAGE_FILE"
  rm "$FILE"
  printf 'damaged' >"$FILE.partial"
  on_hypervisor fetch-image.sh apply
  [ ! -e "$FILE.partial" ]
}

@test "a server that doesn't answer is named" {
  IMAGE_LOCATION=http://127.0.0.1:8080/missing.qcow2 on_hypervisor fetch-image.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"can't download http://127.0.0.1:8080/missing.qcow2: "*404*"(curl -I http://127.0.0.1:8080/missing.qcow2)"* ]]
  [ -z "$(ls "$STORAGE_DIRECTORY")" ]
}

@test "an image by its path is verified where it is, and stays" {
  export IMAGE_LOCATION=$IMAGE_FILE
  on_hypervisor fetch-image.sh apply
  [ "$output" = "{\"file\":\"$IMAGE_FILE\"}" ]
  on_hypervisor fetch-image.sh destroy
  [ -e "$IMAGE_FILE" ]
  IMAGE_CHECKSUM=sha256:$(printf '0%.0s' {1..64}) on_hypervisor fetch-image.sh apply
  [ "$status" -eq 1 ]
}

@test "the last stack that used it takes it away" {
  on_hypervisor fetch-image.sh apply
  STACK_ID=another on_hypervisor fetch-image.sh apply
  on_hypervisor fetch-image.sh destroy
  [ "$status" -eq 0 ]
  [ -e "$FILE" ]
  on_hypervisor fetch-image.sh destroy
  STACK_ID=another on_hypervisor fetch-image.sh destroy
  [ "$status" -eq 0 ]
  [ -z "$(ls "$STORAGE_DIRECTORY")" ]
}

@test "another image takes the place of one that no stack uses any more" {
  on_hypervisor fetch-image.sh apply
  qemu-img create -q -f qcow2 "$HYPERVISOR_ROOT/www/other.qcow2" 64M
  local sum
  sum=$(sha256sum "$HYPERVISOR_ROOT/www/other.qcow2")
  sum=${sum%% *}
  export IMAGE_LOCATION=http://127.0.0.1:8080/other.qcow2
  IMAGE_CHECKSUM=sha256:$sum STACK_ID=another on_hypervisor fetch-image.sh apply
  [ "$status" -eq 0 ]
  [ -e "$FILE" ]
  IMAGE_CHECKSUM=sha256:$sum on_hypervisor fetch-image.sh apply
  [ "$status" -eq 0 ]
  [ ! -e "$FILE" ]
  [ ! -e "$FILE.users" ]
  [ -e "$STORAGE_DIRECTORY/gitops-platform-image-${sum:0:16}.qcow2" ]
}

# with_firmware FINDING: a computer whose firmware runs on /dev/kvm, and what libvirt finds of its processor.
with_firmware() {
  local fakes=$BATS_TEST_TMPDIR/firmware
  mkdir -p "$fakes"
  printf '#!/bin/sh\necho "  QEMU: Checking for hardware virtualization : %s"\necho "  QEMU: Checking for secure guest support : FAIL"\nexit 1\n' "$1" >"$fakes/virt-host-validate"
  printf '#!/bin/sh\necho SeaBIOS\n' >"$fakes/qemu-system-x86_64"
  chmod 755 "$fakes"/*
  run --separate-stderr inside env PATH="$fakes:$PATH" bash "$SCRIPTS/hypervisor/check-hypervisor.sh" apply
}

@test "KVM is not believed where libvirt finds no virtualisation, though the device is there and firmware runs on it" {
  [ -e /dev/kvm ] || skip "this computer has no /dev/kvm"
  with_firmware FAIL
  [[ $output == *'"domainType":"qemu"'* ]]
  with_firmware PASS
  [[ $output == *'"domainType":"kvm"'* ]]
}

@test "a good hypervisor says what guests run as and where their disks go" {
  DOMAIN_TYPE=qemu on_hypervisor check-hypervisor.sh apply
  echo "$stderr"
  [ "$status" -eq 0 ]
  [ "$output" = "{\"domainType\":\"qemu\",\"storageDirectory\":\"$STORAGE_DIRECTORY\"}" ]
  [[ $stderr == *"ATTENTION: guests are emulated in software"* ]]
}

@test "a pool that keeps files is taken, and what it lacks is named" {
  inside virsh -q pool-define-as nvme dir --target "$STORAGE_DIRECTORY"
  STORAGE=pool:nvme on_hypervisor check-hypervisor.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"the storage pool nvme is not active; run: virsh pool-start nvme && virsh pool-autostart nvme"* ]]
  inside virsh -q pool-start nvme
  STORAGE=pool:nvme on_hypervisor check-hypervisor.sh apply
  [ "$status" -eq 0 ]
  [[ $output == *"\"storageDirectory\":\"$STORAGE_DIRECTORY\""* ]]
}

@test "everything that is missing is said at once" {
  ATTACHMENT=bridge:br9 STORAGE=pool:none DOMAIN_TYPE=qemu ALLOW_EMULATION=no on_hypervisor check-hypervisor.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"this hypervisor can't take guests yet, and no guest was touched. What is missing:"* ]]
  [[ $stderr == *"- there is no bridge br9;"* ]]
  [[ $stderr == *"- libvirt has no storage pool none;"* ]]
  [[ $stderr == *"- KVM does not work here, and emulation is not allowed:"* ]]
}

@test "missing programs are named as the packages to install" {
  local fakes=$BATS_TEST_TMPDIR/bin program
  mkdir "$fakes"
  for program in bash dirname hostname; do ln -s "/usr/bin/$program" "$fakes/"; done
  run --separate-stderr inside env PATH="$fakes" /usr/bin/bash "$SCRIPTS/hypervisor/check-hypervisor.sh" apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"run: apt-get install --no-install-recommends libvirt-clients qemu-utils qemu-system-x86 curl jq genisoimage"* ]]
}
