#!/usr/bin/env bash
# Measures fdatasync where etcd will write, in etcd's own pattern, and refuses a disk that is too slow. Measures CPU steal and
# the network to the other members at the same time. Only this script decides. A disk that is over the limit while the CPU was
# contended is measured again: a busy CPU alone can break the limit, and never makes a slow disk look fast. Prints the result as
# one line of JSON, with every measurement if there were several.
#
# Environment
#   NODE_NAME
#   GATE_DIRECTORY     that will hold etcd
#   LIMIT_NS           the 99th percentile must not exceed it, in nanoseconds
#   SUSTAINED_SECONDS  a second pass that long, against burst credit; 0: none. The worse pass counts
#   STEAL_PERCENT      "warn limit": CPU steal above them is named in the result, or refused
#   PEERS              lines "name address": the other members of etcd
#   ROUND_TRIP_MS      "warn limit" for the 99th percentile of the round trips to each peer; a lost one is refused
#   OVERRIDE_REASON    not empty: what is over its limit passes, and the result says why
# State: /var/lib/gitops-platform/disk-gate.json (the pass), fio, jq and ping if missing; the measured file is removed
# Undo: removes the kept result, and the packages that were missing.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/packages.sh"
. "$(dirname "$0")/../lib/fio.sh"
. "$(dirname "$0")/../lib/host-load.sh"
. "$(dirname "$0")/../lib/peers.sh"
SCOPE=disk-gate

readonly MEASUREMENTS=3
ATTEMPTS='[]'

measure() {
  local directory
  directory=$(mktemp -d "$WORK_PREFIX.XXXXXX")
  run_fio "$directory"
  if [ "$SUSTAINED_SECONDS" -gt 0 ]; then run_fio "$directory" --time_based --runtime="$SUSTAINED_SECONDS"; fi
}

# judge LOAD_JSON PEERS_JSON DEVICE FILE_SYSTEM: fio's results on stdin, ours on stdout. `null` stands for a missing
# percentile. A fault is what is wrong (got, need), its cure what to do about it.
judge() {
  jq --slurp --compact-output --argjson limitNs "$LIMIT_NS" --argjson load "$1" --argjson peers "$2" --arg device "$3" \
    --arg fileSystem "$4" --arg override "$OVERRIDE_REASON" --arg directory "$GATE_DIRECTORY" \
    --argjson steal "[${STEAL_PERCENT/ /,}]" --argjson trip "[${ROUND_TRIP_MS/ /,}]" '
    def percentile($p): .jobs[0].sync.lat_ns.percentile[$p];
    def ms: if type == "number" then . / 1000 | round / 1000 else null end;
    # One decimal reads well, unless it would hide that the limit was exceeded.
    def text: (. / 100000 | round / 10) as $short | if $short * 1000000 > $limitNs then $short else . / 1000000 end | tostring;
    ($limitNs / 1000000) as $limitMs
    | (if any(.[]; percentile("99.000000") | type != "number") then null else max_by(percentile("99.000000")) end) as $worst
    | ($worst | percentile("99.000000")) as $p99
    | "\($directory) (\($device), \($fileSystem))" as $where
    | [
        (if $p99 == null then [
          "fio reported no 99th percentile of fdatasync on \($where) (got none, need one to compare with \($limitMs) ms)",
          "Check fio\u0027s version (`fio --version`)"]
        elif $p99 > $limitNs then [
          "fdatasync p99 is \($p99 | text) ms on \($where), the limit is \($limitMs) ms",
          "Move the node to faster storage, or replace it"]
        else empty end),
        (if $load.stealPercent > $steal[1] then [
          "the hypervisor took \($load.stealPercent) % of the CPU time while the disk was measured, the limit is \($steal[1]) %",
          "Move the node to a host that is not oversold, or order dedicated CPUs"]
        else empty end),
        ($peers[] | "\(.name) (\(.address))" as $peer
          | if .lossPercent > 0 then [
            "\(.lossPercent) % of \(.sent) pings to \($peer) were lost, none may be",
            "Repair the network between the control planes, and let them ping each other"]
          elif .p99Ms > $trip[1] then [
            "the round trip to \($peer) takes \(.p99Ms) ms (p99 of \(.sent) pings), the limit is \($trip[1]) ms",
            "Bring the control planes closer together"]
          else empty end)
      ] as $faults
    | {
        p50Ms: ($worst | percentile("50.000000") | ms), p99Ms: ($p99 | ms), p999Ms: ($worst | percentile("99.900000") | ms),
        iops: (($worst.jobs[0].write.iops? // 0) | round),
        $directory, $device, $fileSystem, fioVersion: .[0]."fio version",
        time: (now | todate), $limitMs, $peers,
        warnings: [
          (if $load.stealPercent > $steal[0] then "CPU steal is \($load.stealPercent) % (good: \($steal[0]) % at most)" else empty end),
          ($peers[] | select(.p99Ms != null and .p99Ms > $trip[0])
            | "the round trip to \(.name) takes \(.p99Ms) ms (good: \($trip[0]) ms at most)")
        ],
        verdict: (if $faults == [] then "passed" elif $p99 != null and $override != "" then "overridden" else "failed" end),
        faults: ($faults | map(.[0])), cures: ($faults | map(.[1]))
      }
    + $load
    + (if $faults != [] and $override != "" then {override: {reason: $override}} else {} end)'
}

# measure_and_judge DEVICE FILE_SYSTEM
measure_and_judge() {
  local runs load peers
  start_load_watch
  start_pings <<<"$PEERS"
  runs=$(measure)
  load=$(finish_load_watch)
  peers=$(finish_pings)
  judge "$load" "$peers" "$1" "$2" <<<"$runs"
}

# blames_cpu RESULT: whether the limit may be broken by a busy CPU only.
blames_cpu() {
  [ -n "$(contention_remark "$1")" ] && jq --exit-status '.p99Ms != null and .p99Ms > .limitMs' <<<"$1" >/dev/null
}

# with_attempt RESULT: adds its figures to ATTEMPTS.
with_attempt() {
  ATTEMPTS=$(jq --compact-output --argjson result "$1" '. + [$result | {p99Ms, load, cpuPressure, stealPercent}]' <<<"$ATTEMPTS")
}

apply() {
  local device='' file_system='' result count
  take_lock
  if [ -d "$GATE_DIRECTORY/member" ]; then
    [ -s "$KEPT_RESULT" ] ||
      die "$GATE_DIRECTORY already holds an etcd that this stack did not measure; nothing was changed. Take it away, or give this node another machine, and run again"
    log_info "etcd lives in $GATE_DIRECTORY; the earlier result stands"
    cat "$KEPT_RESULT"
    return
  fi
  install_tools
  enter_directory
  trap 'leave_directory; forget_pings' EXIT
  read -r device file_system < <(findmnt --noheadings --output SOURCE,FSTYPE --target "$GATE_DIRECTORY")
  for ((count = 1; ; count++)); do
    result=$(measure_and_judge "$device" "$file_system")
    with_attempt "$result"
    if [ "$count" -eq "$MEASUREMENTS" ] || ! blames_cpu "$result"; then break; fi
    log_info "measurement $count of $MEASUREMENTS: $(jq --raw-output '"fdatasync p99 \(.p99Ms) ms, the limit is \(.limitMs) ms, but the CPU was contended (load \(.load) on \(.cpus) CPUs, pressure \(.cpuPressure // "unknown") %, steal \(.stealPercent) %)"' <<<"$result"); measuring again"
  done
  if [ "$count" -gt 1 ]; then result=$(jq --compact-output --argjson attempts "$ATTEMPTS" '. + {$attempts}' <<<"$result"); fi
  refuse_faults "$result"
  keep_result <<<"$result"
}

destroy() {
  take_lock
  remove_gate_traces
}

run_verb "$@" </dev/null
