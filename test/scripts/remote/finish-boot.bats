#!/usr/bin/env bats
# The end of a guest's first boot: cloud-init is waited for by its files, its failure is said, file systems fill their
# disks. With a fake disk; test/e2e boots real ones.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  export DISK_GIB=10 ETCD_DISK_GIB=0 ETCD_DIRECTORY=/var/lib/etcd
  fake cloud-init growpart resize2fs </dev/null
  fake hostname <<<'echo cp-1'
  fake findmnt <<<'case "$*" in *FSTYPE*) echo ext4 ;; *) echo /dev/vda1 ;; esac'
  fake lsblk <<<'case "$*" in *PKNAME*) echo vda ;; *) echo 10737418240 ;; esac'
  mkdir -p "$MACHINE/run/cloud-init"
}

ended() {
  printf '{\n "v1": {\n  "datasource": "DataSourceNoCloud",\n  "errors": %s\n }\n}\n' "$1" >"$MACHINE/run/cloud-init/result.json"
}

@test "a boot that has ended grows the root file system, and cloud-init is not started again" {
  ended '[]'
  on_machine guest/finish-boot.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^resize2fs /dev/vda1')" -eq 1 ]
  [ "$(calls '^cloud-init')" -eq 0 ]
}

@test "a boot that has not ended yet is waited for" {
  (sleep 2 && ended '[]') &
  on_machine guest/finish-boot.sh apply
  [ "$status" -eq 0 ]
  [ -e "$MACHINE/run/cloud-init/result.json" ]
}

@test "what cloud-init failed at is said, and nothing is grown" {
  ended '[
   "network: no such interface"
  ]'
  on_machine guest/finish-boot.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" = *'[boot] cp-1: cloud-init failed: '*'network: no such interface'*'see /var/log/cloud-init.log'* ]]
  [ "$(calls '^resize2fs')" -eq 0 ]
}

@test "an image whose cloud-init is turned off is taken as it is" {
  touch "$MACHINE/run/cloud-init/disabled"
  on_machine guest/finish-boot.sh apply
  [ "$status" -eq 0 ]
}

@test "a guest with another name has not read its seed, and is refused" {
  ended '[]'
  fake hostname <<<'echo debian'
  on_machine guest/finish-boot.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" = *'the guest calls itself debian, need cp-1: cloud-init did not read its seed'* ]]
}

@test "an empty disk for etcd is formatted, one with a file system is kept, anything else is left alone" {
  ended '[]'
  truncate --size=64M "$MACHINE/run/etcd.img"
  mkdir -p "$BATS_TEST_TMPDIR/by-id"
  export ETCD_DISK_GIB=1
  fake mountpoint systemctl </dev/null
  local script=$BATS_TEST_TMPDIR/scripts
  cp -r "$SCRIPTS" "$script"
  sed -i 's|^readonly ETCD_DEVICE=.*|readonly ETCD_DEVICE=/run/etcd.img|' "$script/guest/finish-boot.sh"
  SCRIPTS=$script
  on_machine guest/finish-boot.sh apply
  [ "$status" -eq 0 ]
  local uuid
  uuid=$(blkid -p -o value -s UUID "$MACHINE/run/etcd.img")
  grep -qx "UUID=$uuid /var/lib/etcd ext4 defaults,noatime 0 2" "$MACHINE/etc/fstab"
  on_machine guest/finish-boot.sh apply
  [ "$status" -eq 0 ]
  [ "$(blkid -p -o value -s UUID "$MACHINE/run/etcd.img")" = "$uuid" ]
  [ "$(grep -c /var/lib/etcd "$MACHINE/etc/fstab")" -eq 1 ]
  wipefs --quiet --all "$MACHINE/run/etcd.img"
  mkswap "$MACHINE/run/etcd.img" >/dev/null
  on_machine guest/finish-boot.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" = *'holds something else than an ext4 file system, so it was left alone'* ]]
  [ "$(blkid -p -o value -s TYPE "$MACHINE/run/etcd.img")" = swap ]
}

@test "a root partition that can't fill its disk is refused with its size" {
  ended '[]'
  fake lsblk <<<'case "$*" in *PKNAME*) echo vda ;; *) echo 2147483648 ;; esac'
  on_machine guest/finish-boot.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" = *'has 2048 MiB on a disk of 10 GiB'* ]]
}
