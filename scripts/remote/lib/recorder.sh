#!/usr/bin/env bash
# Where a node's recorder is, and what it has written: a line of JSON a minute, a file a day (UTC).

readonly RECORDER_UNIT=gitops-platform-health
readonly RECORDER_PROGRAM=/var/lib/gitops-platform/record-health.sh
readonly RECORDER_HISTORY=/var/lib/gitops-platform/health
readonly RECORDER_UNITS=/etc/systemd/system

# recorded SINCE: its lines since then (seconds since 1970), and of earlier ones those that delimit an hour, a gap or another
# run of etcd. Counters are cumulative, so that nothing is lost between two of them.
recorded() {
  [ -d "$RECORDER_HISTORY" ] || return 0
  find "$RECORDER_HISTORY" -name '*.jsonl' | sort | xargs --no-run-if-empty cat | awk -v since="$1" '
    function show(line) { if (line != shown) print line; shown = line }
    {
      at = substr($0, 7) + 0
      split(substr($0, 1, 90), field, "\"")
      if (NR > 1 && (field[6] != run || at - before > 150)) { show(last); show($0) }
      else if (NR == 1 || at >= since || int(at / 3600) != int(before / 3600)) show($0)
      before = at; run = field[6]; last = $0
    }
    END { if (NR > 0) show(last) }'
}

# last_recorded COUNT: its last lines.
last_recorded() {
  [ -d "$RECORDER_HISTORY" ] || return 0
  find "$RECORDER_HISTORY" -name '*.jsonl' | sort | tail -n 2 | xargs --no-run-if-empty cat | tail -n "$1"
}
