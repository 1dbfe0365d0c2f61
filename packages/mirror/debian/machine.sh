#!/bin/sh
# Turns a fresh Debian root into the base of a machine: no identity, quick boot, a git user for the hub.
# Run by mmdebstrap outside the root, with its path as the only argument.
set -eu

main() {
  root=$1

  # A machine gets its identity when it is created; a shared one would make every host key known to all of them.
  rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/hostname "$root"/var/lib/dbus/machine-id
  : >"$root/etc/machine-id"
  rm -f "$root/etc/resolv.conf"
  : >"$root/etc/resolv.conf"
  mkdir -p "$root/root/.ssh"
  chmod 700 "$root/root/.ssh"

  # The hub's Git repository. '*' is no password, but unlike '!' it leaves key logins open.
  chroot "$root" useradd --no-create-home --home-dir /srv/git --shell /usr/bin/git-shell --password '*' git
  mkdir -p "$root/srv/git"
  chroot "$root" chown git:git /srv/git

  # No devices, consoles or clock of its own, and nothing that reaches for the internet by timer.
  chroot "$root" systemctl mask systemd-udevd.service systemd-udev-trigger.service systemd-udev-settle.service \
    systemd-timesyncd.service getty.target console-getty.service modprobe@.service apt-daily.timer \
    apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer logrotate.timer
  # Each machine starts the services of its role: the hub nginx, the nodes haproxy.
  chroot "$root" systemctl disable haproxy.service nginx.service systemd-networkd.service
  chroot "$root" systemctl enable ssh.service containerd.service cgroup-rw.service

  # The build host's package sources are none of the machine's business.
  rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
  rm -rf "$root"/var/cache/apt/* "$root"/var/cache/debconf/*-old "$root"/var/lib/apt/lists/* "$root"/var/log/*.log \
    "$root"/var/log/apt "$root"/etc/nginx/sites-enabled/default "$root"/var/lib/dpkg/*-old
}

main "$@" </dev/null
