#!/usr/bin/env bats
# The recorder: what it writes, what it leaves out, what the probe reads of it, and that it comes and goes with its step.
# The drill slow-disk-later has the real etcd and timer.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  HEALTH=$MACHINE/var/lib/gitops-platform/health
  export DIRECTORY=/var/lib METRICS_URL=http://127.0.0.1:2381/metrics HISTORY_SECONDS=600
  fake curl <<'FAKE'
cat <<'METRICS'
# HELP etcd_disk_wal_fsync_duration_seconds The latency
etcd_disk_wal_fsync_duration_seconds_bucket{le="0.001"} 42
etcd_disk_wal_fsync_duration_seconds_bucket{le="+Inf"} 50
etcd_disk_wal_fsync_duration_seconds_sum 1.5
etcd_disk_backend_commit_duration_seconds_bucket{le="+Inf"} 7
etcd_mvcc_db_total_size_in_bytes 1.234567e+07
etcd_server_leader_changes_seen_total 3
etcd_server_quota_backend_bytes 2.147483648e+09
process_start_time_seconds 1.79598e+09
METRICS
FAKE
}

line() { cat "$HEALTH"/*.jsonl; }

@test "a line has raw counters" {
  on_machine health/record.sh apply
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
  jq --exit-status '.fsync == {"0.001": 42, "+Inf": 50} and .commit == {"+Inf": 7} and .leaderChanges == 3
    and .databaseBytes == 12345670 and .quotaBytes == 2147483648 and (.run | endswith(" 1.79598e+09"))
    and .cpu > 0 and (.steal | type) == "number" and .size > .free and .free > 0' < <(line)
  [ "$(jq .at < <(line))" -ge $(($(date +%s) - 60)) ]
}

@test "what can't be read is null, never 0" {
  fake curl <<<'exit 7'
  DIRECTORY=/var/lib/none on_machine health/record.sh apply
  [ "$status" -eq 0 ]
  jq --exit-status '[.fsync, .commit, .leaderChanges, .heartbeatFailures, .databaseBytes, .quotaBytes, .device, .written, .size, .free]
    == [range(10) | null] and (.run | endswith(" "))' < <(line)
  METRICS_URL='' on_machine health/record.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^curl')" -eq 1 ]
  [ "$(line | wc -l)" -eq 2 ]
}

@test "a line is short enough for 30 days in 50 MB, and older days go" {
  mkdir -p "$HEALTH"
  touch --date='40 days ago' "$HEALTH/2020-01-01.jsonl"
  touch --date='29 days ago' "$HEALTH/2020-01-12.jsonl"
  on_machine health/record.sh apply
  [ ! -e "$HEALTH/2020-01-01.jsonl" ]
  [ -e "$HEALTH/2020-01-12.jsonl" ]
  # etcd's histograms have 15 buckets; a line with seven digits in each:
  [ $((($(line | tail -n 1 | wc -c) + 2 * 15 * 17) * 1440 * 30)) -lt 50000000 ]
}

# write_lines AT RUN …: lines of a recorder.
write_lines() {
  mkdir -p "$HEALTH"
  while [ $# -gt 0 ]; do
    printf '{"at":%s,"run":"%s","fsync":null,"rest":"of the line"}\n' "$1" "$2" >>"$HEALTH/2026-11-29.jsonl"
    shift 2
  done
}

@test "the probe prints every recent line, and of older ones those at the ends of hours, gaps and runs" {
  local now hour
  fake systemctl <<<'echo active'
  now=$(date +%s)
  hour=$(((now / 3600 - 4) * 3600))
  write_lines "$hour" 'b 1' $((hour + 60)) 'b 1' $((hour + 120)) 'b 1' $((hour + 180)) 'b 2' $((hour + 240)) 'b 2' \
    $((hour + 900)) 'b 2' $((hour + 960)) 'b 2' $((hour + 3600)) 'b 2' $((hour + 3660)) 'b 2' $((now - 120)) 'b 2' $((now - 60)) 'b 2'
  on_machine health/probe-health.sh probe
  [ "$status" -eq 0 ]
  [[ "${lines[0]}" =~ ^clock$'\t'[0-9]+\.[0-9]{6}$ ]]
  [ "${lines[1]}" = $'recorder\tactive' ]
  [ "${lines[-1]}" = end ]
  run jq --raw-output .at < <(sed -n 's/^sample\t//p' <<<"$output")
  [ "$output" = "$(printf '%s\n' "$hour" $((hour + 120)) $((hour + 180)) $((hour + 240)) $((hour + 900)) $((hour + 960)) $((hour + 3600)) $((hour + 3660)) \
    $((now - 120)) $((now - 60)))" ] || { echo "$output" && false; }
}

@test "a node without a recorder is looked at as well" {
  fake systemctl <<<'echo inactive'
  on_machine health/probe-health.sh probe
  [ "$status" -eq 0 ]
  [ "$(grep -c ^sample <<<"$output")" -eq 0 ]
  [ "${lines[-1]}" = end ]
}

@test "it is installed once, restarts nothing but its own timer, and its undo leaves nothing" {
  export RECORDER_SCRIPT=$'echo one\necho two'
  mkdir -p "$MACHINE/etc/gitops-platform"
  fake systemctl </dev/null
  on_machine health/install-recorder.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *'not prepared by this stack'* ]]
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  on_machine health/install-recorder.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -r '.written | [(.files | length), (.units | keys[])] | join(" ")' <<<"$output")" = '3 gitops-platform-health.timer' ]
  systemd-analyze verify "$MACHINE/etc/systemd/system/gitops-platform-health.timer" 2>&1 | tee /dev/stderr | grep -c 'Unknown' && false
  [ "$(bash "$MACHINE/var/lib/gitops-platform/record-health.sh" apply)" = $'one\ntwo' ]
  on_machine health/install-recorder.sh apply
  [ "$(calls '^systemctl restart')" -eq 1 ]
  [ "$(calls '^systemctl restart gitops-platform-health.timer')" -eq 1 ]
  mkdir -p "$HEALTH"
  on_machine health/install-recorder.sh destroy
  [ "$status" -eq 0 ]
  [ -z "$(find "$MACHINE/var/lib/gitops-platform" "$MACHINE/etc/systemd/system" -mindepth 1)" ]
}

@test "another stack's recorder stays" {
  mkdir -p "$MACHINE/etc/gitops-platform" "$HEALTH"
  echo other >"$MACHINE/etc/gitops-platform/owner"
  on_machine health/install-recorder.sh destroy
  [ "$status" -eq 0 ]
  [ -d "$HEALTH" ]
}
