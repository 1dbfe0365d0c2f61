#!/usr/bin/env bash
# Measures fdatasync again while every other node on the same hypervisor writes like etcd: virtual disks that are fast alone
# may share one disk. Refuses a disk that is fast only alone. Runs on all these nodes at once; a node without etcd only
# writes. Prints the result, with that of the machine alone, as one line of JSON.
#
# Environment
#   NODE_NAME, NODE_ADDRESS
#   GATE_DIRECTORY, LIMIT_NS, OVERRIDE_REASON   as for measure-fsync.sh, which has run before
#   HYPERVISOR   what they share
#   JUDGED       lines "name address": the nodes that will hold etcd
#   OTHERS       lines "name address": those that won't
# State: as for measure-fsync.sh
# Undo: as for measure-fsync.sh, where that did not run.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/packages.sh"
. "$(dirname "$0")/../lib/fio.sh"
. "$(dirname "$0")/../lib/host-load.sh"
. "$(dirname "$0")/../lib/rendezvous.sh"
SCOPE=disk-gate

# How long the others' writing outlasts this machine's at most.
readonly LOAD_SECONDS=240

# neighbours: everybody but this machine.
neighbours() {
  printf '%s\n%s\n' "$JUDGED" "$OTHERS" | awk -v name="$NODE_NAME" 'NF && $1 != name'
}

is_judged() {
  grep -q "^$NODE_NAME " <<<"$JUDGED"
}

# serves_api ADDRESS: a cluster is there already, so that nothing is measured any more.
serves_api() {
  reachable "$1" 6443
}

# someone_measures: whether another node's measurement is still going on.
someone_measures() {
  local name address
  while read -r name address; do
    [ -z "$name" ] || [ "$name" = "$NODE_NAME" ] || serves_api "$address" || ! reachable "$address" "$RENDEZVOUS_PORT" || return 0
  done <<<"$JUDGED"
  return 1
}

nothing_to_measure() {
  local name address
  systemctl is-active --quiet kubelet 2>/dev/null && return
  while read -r name address; do
    [ -z "$name" ] || serves_api "$address" || return 1
  done <<<"$JUDGED"
}

# write_on: as long as another one measures.
write_on() {
  local deadline=$((SECONDS + LOAD_SECONDS)) directory
  directory=$(mktemp -d "$WORK_PREFIX.XXXXXX")
  while [ "$SECONDS" -lt "$deadline" ] && someone_measures; do
    run_fio "$directory" --time_based --runtime=2 >/dev/null
  done
}

# judge RUN LOAD_JSON: the kept result with what was measured together.
judge() {
  jq --compact-output --slurpfile run <(printf '%s' "$1") --argjson load "$2" --argjson limitNs "$LIMIT_NS" \
    --arg override "$OVERRIDE_REASON" --arg hypervisor "$HYPERVISOR" --arg names "$(neighbours | cut -d' ' -f1 | paste -sd ' ')" '
    ($run[0].jobs[0].sync.lat_ns.percentile["99.000000"]) as $p99
    | ($p99 == null or $p99 > $limitNs) as $bad
    | ($names / " ") as $with
    | .faults = (if $bad then [
        "fdatasync p99 is \(if $p99 == null then "unknown" else "\($p99 / 10000 | round / 100) ms" end) on \(.directory) (\(.device), \(.fileSystem)) while \($with | join(", ")) on the same hypervisor \($hypervisor) \(if $with | length == 1 then "writes" else "write" end) too, and \(.p99Ms) ms alone, the limit is \($limitNs / 1000000) ms"
      ] else [] end)
    | .cures = ["Give etcd a disk that it doesn\u0027t share, or move one of them to another hypervisor"]
    | .together = {
        $hypervisor, $with, p99Ms: (if $p99 == null then null else $p99 / 1000 | round / 1000 end),
        stealPercent: $load.stealPercent
      }
    | if $bad then .verdict = (if $override != "" then "overridden" else "failed" end) else . end
    | if $bad and $override != "" then .override = {reason: $override} else . end' "$KEPT_RESULT"
}

# measure: prints fio's result.
measure() {
  local directory
  directory=$(mktemp -d "$WORK_PREFIX.XXXXXX")
  run_fio "$directory"
}

apply() {
  local missing run load result
  take_lock
  if is_judged && [ -d "$GATE_DIRECTORY/member" ]; then
    cat "$KEPT_RESULT"
    return
  fi
  if nothing_to_measure; then
    log_info "a cluster runs here already; nothing to measure"
    return
  fi
  install_tools
  enter_directory
  trap 'stop_listening; leave_directory' EXIT
  listen "$NODE_ADDRESS" $((RENDEZVOUS_SECONDS + LOAD_SECONDS))
  missing=$(neighbours | await_all) ||
    die "waited $RENDEZVOUS_SECONDS s to measure together with $missing on the same hypervisor $HYPERVISOR. $UNTOUCHED See what the step of that node says, let the nodes reach each other's port $RENDEZVOUS_PORT, and run again"
  if is_judged; then
    start_load_watch
    run=$(measure)
    load=$(finish_load_watch)
    stop_listening
    write_on
    result=$(judge "$run" "$load")
    refuse_faults "$result"
    keep_result <<<"$result"
  else
    write_on
  fi
}

destroy() {
  take_lock
  is_judged || remove_gate_traces # measure-fsync.sh undoes it where both ran
}

run_verb "$@" </dev/null
