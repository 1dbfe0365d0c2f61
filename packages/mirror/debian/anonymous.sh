#!/bin/sh
# Takes the identity and the build host's traces out of a fresh Debian root that many machines start from.
# Run by mmdebstrap outside the root, with its path as first argument.
set -eu

main() {
  root=$1
  # A machine gets its identity when it is created; a shared one would make every host key known to all of them.
  rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/hostname "$root"/var/lib/dbus/machine-id
  : >"$root/etc/machine-id"

  # Nothing that reaches for the internet by timer.
  chroot "$root" systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer logrotate.timer

  # The build host's package sources are none of the machine's business.
  rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
  rm -rf "$root"/var/cache/apt/* "$root"/var/cache/debconf/*-old "$root"/var/lib/apt/lists/* "$root"/var/log/*.log \
    "$root"/var/log/apt "$root"/var/lib/dpkg/*-old
}

main "$@" </dev/null
