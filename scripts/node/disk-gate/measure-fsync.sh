#!/usr/bin/env bash
# Measures how long fdatasync takes where etcd will write, as etcd writes, and refuses a disk that is too slow.
# The decision is made here and only here. Prints the result as one line of JSON.
#
# Environment
#   NODE_NAME
#   GATE_DIRECTORY     that will hold etcd
#   LIMIT_NS           the 99th percentile must not exceed it, in nanoseconds
#   SUSTAINED_SECONDS  a second pass that long, against burst credit; 0: none. The worse pass counts
#   OVERRIDE_REASON    not empty: a slow disk passes, and the result says why
# State: /var/lib/gitops-platform/disk-gate.json (the pass), fio and jq if missing; the measured file is removed
# Undo: removes the kept result.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/host-load.sh"
SCOPE=disk-gate

readonly KEPT_RESULT=/var/lib/gitops-platform/disk-gate.json
readonly WORK_PREFIX=$GATE_DIRECTORY/.gitops-platform-gate
readonly UNTOUCHED="Nothing of Kubernetes was installed."
CREATED=

install_tools() {
  local tool missing=()
  for tool in fio jq; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  [ "${#missing[@]}" -gt 0 ] || return 0
  log_info "installing ${missing[*]}"
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1 ||
    die "${missing[*]} is missing and Debian's package can't be installed. $UNTOUCHED Repair the machine's apt sources, and run again"
}

# The work directory of a killed run goes too: kubeadm refuses a directory for etcd that is not empty.
clean_up() {
  rm -rf "$WORK_PREFIX".*
  if [ -n "$CREATED" ]; then rmdir --ignore-fail-on-non-empty "$GATE_DIRECTORY"; fi
}

# run_fio DIRECTORY OPTIONS…: etcd's own pattern: small writes, each followed by fdatasync. Notes before the JSON are cut.
run_fio() {
  local directory=$1 output
  shift
  output=$(fio --rw=write --ioengine=sync --fdatasync=1 --directory="$directory" --size=22m --bs=2300 --name=mytest \
    --output-format=json "$@" 2>&1) ||
    die "fio failed in $GATE_DIRECTORY: $(tail -n 1 <<<"$output"). $UNTOUCHED Make room or repair the file system, and run again"
  sed -n '/^{/,$p' <<<"$output"
}

measure() {
  local directory
  directory=$(mktemp -d "$WORK_PREFIX.XXXXXX")
  run_fio "$directory"
  if [ "$SUSTAINED_SECONDS" -gt 0 ]; then run_fio "$directory" --time_based --runtime="$SUSTAINED_SECONDS"; fi
}

# judge LOAD_JSON DEVICE FILE_SYSTEM: fio's results on stdin, ours on stdout. `null` stands for a missing percentile.
judge() {
  jq --slurp --compact-output --argjson limitNs "$LIMIT_NS" --argjson load "$1" --arg device "$2" --arg fileSystem "$3" \
    --arg override "$OVERRIDE_REASON" --arg directory "$GATE_DIRECTORY" '
    def percentile($p): .jobs[0].sync.lat_ns.percentile[$p];
    def ms: if type == "number" then . / 1000 | round / 1000 else null end;
    # One decimal reads well, unless it would hide that the limit was exceeded.
    def text: . / 100000 | round / 10 | if . * 1000000 > $limitNs then tostring else null end;
    (if any(.[]; percentile("99.000000") | type != "number") then null else max_by(percentile("99.000000")) end) as $worst
    | ($worst | percentile("99.000000")) as $p99
    | ($p99 != null and $p99 <= $limitNs) as $good
    | {
        p50Ms: ($worst | percentile("50.000000") | ms), p99Ms: ($p99 | ms), p999Ms: ($worst | percentile("99.900000") | ms),
        iops: (($worst.jobs[0].write.iops? // 0) | round),
        directory: $directory, device: $device, fileSystem: $fileSystem, fioVersion: .[0]."fio version",
        time: (now | todate), limitMs: ($limitNs / 1000000),
        verdict: (if $good then "passed" elif $p99 != null and $override != "" then "overridden" else "failed" end)
      }
    + $load
    + (if $good | not and $override != "" then {override: {reason: $override}} else {} end)
    + {p99Text: (if $p99 == null then null else ($p99 | text) // ($p99 / 1000000 | tostring) end)}'
}

# refuse RESULT: the sentence a person acts on.
refuse() {
  local p99 where limit
  p99=$(jq --raw-output .p99Text <<<"$1")
  where=$(jq --raw-output '"\(.directory) (\(.device), \(.fileSystem))"' <<<"$1")
  limit=$(jq --raw-output .limitMs <<<"$1")
  if [ "$p99" = null ]; then
    die "fio reported no 99th percentile of fdatasync on $where (got none, need one to compare with $limit ms). $UNTOUCHED Check fio's version (\`fio --version\`), and run again"
  fi
  die "fdatasync p99 is $p99 ms on $where, the limit is $limit ms. $UNTOUCHED Move the node to faster storage, or replace it, and run again$(contention_remark "$1")"
}

# contention_remark RESULT: a busy CPU alone can break the limit.
contention_remark() {
  jq --raw-output 'if (.cpuPressure // 0) > 10 or .stealPercent > 2 or .load > .cpus then
    ". The CPU was contended meanwhile (load \(.load) on \(.cpus) CPUs, pressure \(.cpuPressure // "unknown") %, steal \(.stealPercent) %): measure once more on a quiet machine before you replace the disk"
    else "" end' <<<"$1"
}

apply() {
  local device='' file_system='' runs result
  take_lock
  if [ -d "$GATE_DIRECTORY/member" ]; then
    [ -s "$KEPT_RESULT" ] ||
      die "$GATE_DIRECTORY already holds an etcd that this stack did not measure; nothing was changed. Take it away, or give this node another machine, and run again"
    log_info "etcd lives in $GATE_DIRECTORY; the earlier result stands"
    cat "$KEPT_RESULT"
    return
  fi
  install_tools
  if [ ! -d "$GATE_DIRECTORY" ]; then
    install -d -m 700 "$GATE_DIRECTORY"
    CREATED=yes
  fi
  trap clean_up EXIT
  rm -rf "$WORK_PREFIX".*
  read -r device file_system < <(findmnt --noheadings --output SOURCE,FSTYPE --target "$GATE_DIRECTORY")
  start_load_watch
  runs=$(measure)
  result=$(judge "$(finish_load_watch)" "$device" "$file_system" <<<"$runs")
  [ "$(jq --raw-output .verdict <<<"$result")" != failed ] || refuse "$result"
  mkdir -p "${KEPT_RESULT%/*}"
  jq --compact-output 'del(.p99Text)' <<<"$result" | tee "$KEPT_RESULT"
}

destroy() {
  rm -f "$KEPT_RESULT"
  rmdir --ignore-fail-on-non-empty "${KEPT_RESULT%/*}" 2>/dev/null || true # gone with the rest of the node's state
}

main() {
  case "${1:-}" in
    apply) apply ;;
    destroy) destroy ;;
    *) die "unknown verb '${1:-}' (need apply or destroy)" ;;
  esac
}

main "$@" </dev/null
