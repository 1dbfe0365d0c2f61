#!/bin/sh
# Reduces a fresh Debian root to what a container runs: no package manager, no shell scripts' toolbox, no caches.
# Run by mmdebstrap outside the root. Arguments: the root's path, optionally --user=NAME:ID, then the packages to take away.
set -eu

# Programs like ssh refuse to run for a user id without a name.
add_user() {
  name=${1%:*}
  id=${1#*:}
  echo "$name:x:$id:$id::/home/$name:/usr/sbin/nologin" >>"$root/etc/passwd"
  echo "$name:x:$id:" >>"$root/etc/group"
}

main() {
  root=$1
  shift
  case ${1-} in
    --user=*)
      add_user "${1#--user=}"
      shift
      ;;
  esac
  # Maintainer scripts would need the very tools that go; nothing here has a service to stop or a user to remove.
  rm -f "$root"/var/lib/dpkg/info/*.prerm "$root"/var/lib/dpkg/info/*.postrm "$root"/var/lib/dpkg/info/*.triggers
  dpkg --root="$root" --force-all --no-triggers --purge "$@"

  # The list of what is left stays, for scanners; file lists and character set tables nobody uses don't.
  rm -rf "$root"/var/lib/dpkg/info/* "$root"/var/lib/dpkg/*-old "$root"/var/lib/apt "$root"/var/cache/* "$root"/var/log/* \
    "$root"/usr/lib/x86_64-linux-gnu/gconv "$root"/usr/share/zoneinfo/right "$root"/usr/share/zoneinfo/posix \
    "$root"/usr/share/bash-completion "$root"/usr/share/git-core/contrib "$root"/usr/share/perl5 "$root"/usr/share/perl \
    "$root"/etc/apt/sources.list* "$root"/etc/hostname "$root"/etc/resolv.conf "$root"/etc/machine-id
  # git-lfs writes its settings in an order that changes from run to run.
  config=$root/etc/gitconfig
  if [ -f "$config" ]; then
    sorted=$(grep '^\[' "$config" && grep -v '^\[' "$config" | sort)
    echo "$sorted" >"$config"
  fi
  # A dangling or host-made clock setting would differ between builds.
  rm -f "$root/etc/localtime" "$root/etc/timezone"
}

main "$@" </dev/null
