#!/usr/bin/env bash
# Installs the recorder of a node, a timer that notes once a minute how its etcd, disk and CPUs are (record.sh). Nothing else
# on the node changes or restarts. Prints what was written, as lib/written.sh says, for `npm run drift`.
#
# Environment
#   NODE_NAME, STACK_ID
#   RECORDER_SCRIPT   what the timer runs: record.sh with its variables
# State: the timer and service gitops-platform-health, /var/lib/gitops-platform/{record-health.sh,health}
# Undo: all of that, when the ownership marker is ours. The history goes too.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/files.sh"
. "$(dirname "$0")/../lib/written.sh"
. "$(dirname "$0")/../lib/recorder.sh"
SCOPE=recorder

readonly RECORDER_FILES=("$RECORDER_PROGRAM" "$RECORDER_UNITS/$RECORDER_UNIT.service" "$RECORDER_UNITS/$RECORDER_UNIT.timer")

apply() {
  local changed=
  require_ours
  take_lock
  write_file "$RECORDER_PROGRAM" 700 <<<"$RECORDER_SCRIPT" || true # read at every run
  # Nobody reads four lines a minute in the journal.
  if write_file "$RECORDER_UNITS/$RECORDER_UNIT.service" <<UNIT; then changed=yes; fi
[Unit]
Description=Notes how etcd, disk and CPUs are

[Service]
Type=oneshot
ExecStart=/bin/bash $RECORDER_PROGRAM apply
TimeoutStartSec=50
Nice=5
LogLevelMax=warning
UNIT
  if write_file "$RECORDER_UNITS/$RECORDER_UNIT.timer" <<UNIT; then changed=yes; fi
[Unit]
Description=Notes once a minute how etcd, disk and CPUs are

[Timer]
OnCalendar=minutely
AccuracySec=1s

[Install]
WantedBy=timers.target
UNIT
  if [ -n "$changed" ]; then systemctl daemon-reload; fi
  systemctl enable --quiet --now "$RECORDER_UNIT.timer"
  if [ -n "$changed" ]; then systemctl restart "$RECORDER_UNIT.timer"; fi
  jq --null-input --compact-output --arg node "$NODE_NAME" --argjson files "$(printf '%s\n' "${RECORDER_FILES[@]}" | checksums)" \
    --argjson units "$(drop_ins "$RECORDER_UNIT.timer")" '{$node, written: {$files, $units}}'
}

destroy() {
  if ! is_ours; then
    log_info "nothing of this stack is here"
    return
  fi
  take_lock
  systemctl disable --quiet --now "$RECORDER_UNIT.timer" 2>/dev/null || true # a half-installed one has no unit
  systemctl stop "$RECORDER_UNIT.service" 2>/dev/null || true                # the same
  rm -rf "${RECORDER_FILES[@]}" "$RECORDER_HISTORY"
  systemctl daemon-reload
  systemctl reset-failed "$RECORDER_UNIT.service" 2>/dev/null || true # rarely failed
}

run_verb "$@" </dev/null
