#!/usr/bin/env bash
# Looks at a node for `npm run drift`, and changes nothing. Prints one fact a line, fields separated by tabs:
#   owner STACK_ID · file PATH SHA256 (- for a missing one) · manifest PATH · package NAME VERSION older|same|newer
#   unit NAME ACTIVE ENABLED NEEDS_RELOAD DROP_INS · program UNIT current|replaced (none: it does not run) · sysctl KEY VALUE · module NAME yes|no · swap yes|no
#   certificate PATH BASE64_OF_DER · clock SECONDS_SINCE_1970 · sample JSON (health/record.sh) · disk P99_NS · end
#   snapshot SECONDS_SINCE_1970 taken|installed: when the newest snapshot of etcd was taken, or, without one, their timer installed
# The last line proves that nothing was cut off. Nothing secret is printed: of files that also hold a key, the
# certificate only.
#
# Environment
#   NODE_NAME
#   FILES, UNITS, SYSCTLS, MODULES  what to look at, a name a line
#   PACKAGES        lines "name version" to compare with
#   DISK_DIRECTORY  not empty: fdatasync is measured there, with 22 MB that are removed again
# State: none
# Undo: none
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/age-facts.sh"
. "$(dirname "$0")/../lib/recorder.sh"
SCOPE=drift

look_at_files() {
  local path sum
  while IFS= read -r path; do
    [ -n "$path" ] || continue
    sum=$(sha256sum "$path" 2>/dev/null) || sum=-
    fact file "$path" "${sum%% *}"
  done <<<"$FILES"
  # Every file there is run by the kubelet, whatever its name.
  find /etc/kubernetes/manifests -mindepth 1 -printf 'manifest\t%p\n' 2>/dev/null || true # none on a node without them
}

look_at_packages() {
  local name version found relation
  while read -r name version; do
    [ -n "$name" ] || continue
    relation=older
    found=$(dpkg-query --show --showformat='${Version}' "$name" 2>/dev/null) || found=-
    if [ "$found" = "$version" ]; then relation=same; elif dpkg --compare-versions "$found" gt "$version" 2>/dev/null; then relation=newer; fi
    fact package "$name" "$found" "$relation"
  done <<<"$PACKAGES"
}

look_at_units() {
  local name properties
  while IFS= read -r name; do
    [ -n "$name" ] || continue
    properties=$(systemctl show --property=ActiveState,UnitFileState,NeedDaemonReload,DropInPaths,MainPID "$name")
    fact unit "$name" "$(property ActiveState)" "$(property UnitFileState)" "$(property NeedDaemonReload)" "$(property DropInPaths)"
    look_at_program "$name" "$(property MainPID)"
  done <<<"$UNITS"
}

# look_at_program UNIT PID: whether the file that it was started from is still the one under that name. A process goes on
# with the old one, and the next start, whenever that is, takes the new one.
look_at_program() {
  local file
  file=$(readlink "/proc/${2:-0}/exe") || return 0 # it does not run, which its unit says
  fact program "$1" "$(case "$file" in *' (deleted)') echo replaced ;; *) echo current ;; esac)"
}

# property NAME: of the unit that is looked at; systemctl prints them in an order of its own.
property() {
  sed -n "s/^$1=//p" <<<"$properties"
}

look_at_kernel() {
  local name
  while IFS= read -r name; do
    [ -z "$name" ] || fact sysctl "$name" "$(tr '\t' ' ' <"/proc/sys/${name//.//}" || echo -)"
  done <<<"$SYSCTLS"
  while IFS= read -r name; do
    [ -z "$name" ] || fact module "$name" "$(if has_module "$name"; then echo yes; else echo no; fi)"
  done <<<"$MODULES"
  fact swap "$(if [ "$(wc -l </proc/swaps)" -gt 1 ]; then echo yes; else echo no; fi)"
}

# has_module NAME: loaded, or part of the kernel.
has_module() {
  [ -d "/sys/module/$1" ] || grep -q "/$1\.ko" "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null
}

# Exactly what the disk gate does (disk-gate/measure-fsync.sh), beside the etcd that lives there now.
measure_disk() {
  [ -n "$DISK_DIRECTORY" ] || return 0
  WORK=$(mktemp -d "$DISK_DIRECTORY/.gitops-platform-drift.XXXXXX")
  trap 'rm -rf "$WORK"' EXIT
  fact disk "$(fio --rw=write --ioengine=sync --fdatasync=1 --directory="$WORK" --size=22m --bs=2300 --name=mytest \
    --output-format=json 2>/dev/null | sed -n '/^{/,$p' | jq '.jobs[0].sync.lat_ns.percentile["99.000000"]')"
}

probe() {
  fact owner "$(cat /etc/gitops-platform/owner 2>/dev/null || echo -)"
  look_at_files
  look_at_packages
  look_at_units
  look_at_kernel
  look_at_certificates
  look_at_snapshots
  fact clock "$(date +%s)"
  last_recorded 5 | sed 's/^/sample\t/'
  measure_disk
  fact end
}

run_verb "$@" </dev/null
