#!/bin/sh
# Turns a fresh Debian root into the base of a hypervisor that is itself a local machine: libvirt, and a bridge that its
# guests share with it. Run by mmdebstrap outside the root, with its path as first argument.
set -eu

main() {
  root=$1
  : >"$root/etc/resolv.conf"
  mkdir -p "$root/root/.ssh"
  chmod 700 "$root/root/.ssh"

  # No devices, consoles or clock of its own. Its network is the bridge; libvirt's own NAT network would want dnsmasq.
  chroot "$root" systemctl mask systemd-udevd.service systemd-udev-trigger.service systemd-udev-settle.service \
    systemd-timesyncd.service getty.target console-getty.service modprobe@.service libvirt-guests.service
  chroot "$root" systemctl disable systemd-networkd.service
  rm -f "$root"/etc/libvirt/qemu/networks/autostart/default.xml
  chroot "$root" systemctl enable ssh.service cgroup-rw.service prepare-hypervisor.service libvirtd.service virtlogd.socket
}

main "$@" </dev/null
