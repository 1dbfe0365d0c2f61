#!/bin/sh
# Turns a fresh Debian root into the content of a cloud image: boots from its own disk, everything else by cloud-init.
# Run by mmdebstrap outside the root, with its path as first argument.
set -eu

main() {
  root=$1
  # Just enough to find the root disk of any virtual machine: the whole of it would take minutes to unpack in emulation.
  chroot "$root" update-initramfs -u -k all
  # What the boot sector loads; a disk's own grub.cfg says the rest. Written to the disk by packages/mirror/units/guest-image.ts.
  chroot "$root" grub-mkimage --format=i386-pc --prefix='(hd0,gpt1)/boot/grub' --output=/boot/grub/core.img \
    biosdisk part_gpt ext2 linux normal search search_label echo
  cp "$root/usr/lib/grub/i386-pc/boot.img" "$root/boot/grub/boot.img"

  rm -f "$root/etc/resolv.conf"
  ln -s ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
  # Each node starts the services of its role.
  chroot "$root" systemctl disable haproxy.service
  chroot "$root" systemctl enable ssh.service containerd.service systemd-networkd.service systemd-resolved.service
  rm -rf "$root"/var/lib/cloud/* "$root"/var/log/journal
}

main "$@" </dev/null
