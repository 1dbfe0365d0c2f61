#!/usr/bin/env bash
# What the timer of a node runs once a minute: appends a line of JSON to the history, and removes files of more than 30 days.
# A line has raw counters since the start of what counts, so that a missed minute loses nothing:
#   at         seconds since 1970
#   run        the boot, and the start of etcd; counters with another `run` have begun again
#   fsync, commit   etcd's histograms: {upper bound in seconds: how many took at most that long}
#   leaderChanges, heartbeatFailures, databaseBytes, quotaBytes   etcd's own
#   steal, cpu      ticks of all CPUs: taken by the hypervisor, and in all
#   cpuStalled, ioStalled   microseconds in which some task waited for it
#   device, written   of DIRECTORY: its block device, and the bytes written to that
#   size, free      of that file system, bytes
# What can't be read is null, never 0. On a node without etcd its fields are null.
#
# Environment
#   DIRECTORY   where etcd writes; on a node without etcd, where containers do
#   METRICS_URL etcd's own metrics; empty on a node without etcd
# State: /var/lib/gitops-platform/health
# Undo: install-recorder.sh's.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/recorder.sh"
SCOPE=health

readonly KEEP_DAYS=30

metrics() {
  [ -z "$METRICS_URL" ] || curl --silent --noproxy '*' --max-time 10 "$METRICS_URL" || true # etcd may be down: its fields are null
}

# sample: one line. awk alone reads the rest of the files: a process for each would cost more than the work. What is not there
# (the directory, a kernel's boot_id) leaves its fields null.
sample() {
  local number='' space='' boot=''
  number=$(stat --format='%Hd:%Ld' "$DIRECTORY" 2>/dev/null) || true               # see above
  space=$(stat --file-system --format='%b %a %S' "$DIRECTORY" 2>/dev/null) || true # see above
  read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id || true                # see above
  metrics | awk -v at="$(date +%s)" -v boot="${boot%%-*}" -v number="$number" -v space="$space" '
    function known(value) { return value == "" ? "null" : value }
    function whole(value) { return value == "" ? "null" : sprintf("%.0f", value) }
    function histogram(buckets) { return buckets == "" ? "null" : "{" substr(buckets, 2) "}" }
    function bucket() { split($1, part, "\""); return ",\"" part[2] "\":" $2 }
    function stalled(file, line, part, found) {
      found = "null"
      while ((getline line <file) > 0) if (line ~ /^some /) { split(line, part, "total="); found = part[2] }
      close(file)
      return found
    }
    /^etcd_disk_wal_fsync_duration_seconds_bucket/ { fsync = fsync bucket() }
    /^etcd_disk_backend_commit_duration_seconds_bucket/ { commit = commit bucket() }
    /^etcd_server_leader_changes_seen_total/ { leaders = $2 }
    /^etcd_server_heartbeat_send_failures_total/ { failures = $2 }
    /^etcd_mvcc_db_total_size_in_bytes/ { database = $2 }
    /^etcd_server_quota_backend_bytes/ { quota = $2 }
    /^process_start_time_seconds/ { start = $2 }
    END {
      while ((getline line <"/proc/stat") > 0) if (line ~ /^cpu /) {
        count = split(line, ticks, " ")
        steal = ticks[9]
        for (i = 2; i <= 9 && i <= count; i++) cpu += ticks[i]
      }
      device = written = "null"
      block = "/sys/dev/block/" number
      if (number != "" && (getline line <(block "/stat")) > 0) { split(line, sectors, " "); written = sprintf("%.0f", sectors[7] * 512) }
      while ((getline line <(block "/uevent")) > 0) if (line ~ /^DEVNAME=/) device = "\"" substr(line, 9) "\""
      if (split(space, blocks, " ") == 3) { size = sprintf("%.0f", blocks[1] * blocks[3]); free = sprintf("%.0f", blocks[2] * blocks[3]) }
      printf "{\"at\":%s,\"run\":\"%s %s\",\"fsync\":%s,\"commit\":%s,", at, boot, start, histogram(fsync), histogram(commit)
      printf "\"leaderChanges\":%s,\"heartbeatFailures\":%s,\"databaseBytes\":%s,\"quotaBytes\":%s,", known(leaders), known(failures), known(database), known(quota)
      printf "\"steal\":%s,\"cpu\":%s,\"cpuStalled\":%s,\"ioStalled\":%s,", known(steal), whole(cpu), stalled("/proc/pressure/cpu"), stalled("/proc/pressure/io")
      printf "\"device\":%s,\"written\":%s,\"size\":%s,\"free\":%s}\n", device, written, known(size), known(free)
    }'
}

apply() {
  local file
  file=$RECORDER_HISTORY/$(date --utc +%F).jsonl
  mkdir -p "$RECORDER_HISTORY"
  # A day begins: the only time at which files have got too old.
  [ -e "$file" ] || find "$RECORDER_HISTORY" -name '*.jsonl' -mtime "+$KEEP_DAYS" -delete
  sample >>"$file"
}

run_verb "$@" </dev/null
