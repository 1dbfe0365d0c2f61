#!/usr/bin/env bash
# Debian packages that a step needs. What is missing is installed, and noted before it is, so that the undo takes away
# exactly that. On a machine that has them all, as behind an air gap, apt is not called.

readonly PACKAGE_NOTES=/var/lib/gitops-platform/packages
# shellcheck disable=SC2034 # read by the scripts that source this
readonly NODE_PACKAGES=(containerd runc iptables conntrack socat ethtool ebtables ipset haproxy curl jq ca-certificates iproute2 kmod procps)

# installed_packages: all there are, sorted.
installed_packages() {
  dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | LC_ALL=C sort -u
}

# missing_packages PACKAGE…
missing_packages() {
  LC_ALL=C comm -13 <(installed_packages) <(printf '%s\n' "$@" | LC_ALL=C sort -u)
}

# apt_get ARGUMENTS…: waits for another one that is at work, as there often is on a machine that has just started.
apt_get() {
  DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get --option DPkg::Lock::Timeout=120 --yes --no-install-recommends "$@"
}

# note_packages NOTE PACKAGE…: what apt would newly install for them. A plan, not a comparison of before and after: in
# between somebody else may install something.
note_packages() {
  local note=$1
  shift
  apt_get --simulate install "$@" | sed -n 's/^Inst \([^ ]*\) (.*/\1/p' >>"$note"
}

# install_packages NOTE REMARK PACKAGE…: REMARK says, when it fails, how far things are.
install_packages() {
  local note=$PACKAGE_NOTES/$1 remark=$2 missing=()
  shift 2
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  log_info "installing ${missing[*]}"
  mkdir -p "$PACKAGE_NOTES"
  { apt_get update && note_packages "$note" "${missing[@]}" && apt_get install "${missing[@]}"; } >"$note.log" 2>&1 9>&- ||
    die "can't install the Debian packages ${missing[*]}: $(grep -m 1 '^E:' "$note.log" || tail -n 1 "$note.log"). ${remark}Repair the machine's apt sources, or install them by hand, and run again"
  rm -f "$note.log"
}

# remove_packages NOTE: with their configuration. Not by apt, which would also take what somebody has put on top of them
# since: dpkg keeps what is still needed.
remove_packages() {
  local note=$PACKAGE_NOTES/$1 packages=() kept
  if [ -s "$note" ]; then mapfile -t packages < <(LC_ALL=C comm -12 <(LC_ALL=C sort -u "$note") <(installed_packages)); fi
  if [ "${#packages[@]}" -gt 0 ]; then
    log_info "removing ${packages[*]}"
    DEBIAN_FRONTEND=noninteractive dpkg --purge "${packages[@]}" >"$note.log" 2>&1 9>&- || true # what is kept is said below
    kept=$(LC_ALL=C comm -12 <(printf '%s\n' "${packages[@]}") <(installed_packages) | paste -sd ' ')
    [ -z "$kept" ] || log_info "kept $kept: something that was installed since needs them"
  fi
  rm -f "$note" "$note.log"
  rmdir --ignore-fail-on-non-empty "$PACKAGE_NOTES" 2>/dev/null || true # never made where all packages were there
}
