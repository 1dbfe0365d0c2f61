#!/usr/bin/env bash
# Reads a node's recorder for `npm run health`, and changes nothing. Needs neither the API nor etcd. Prints one fact a line,
# fields separated by tabs:
#   clock SECONDS_SINCE_1970 (at once, so that it can be compared) · sample JSON (record.sh; none: no recorder)
#   recorder ACTIVE · certificate PATH BASE64_OF_DER · snapshot SECONDS taken|installed · end
# The last line proves that nothing was cut off.
#
# Environment
#   NODE_NAME
#   HISTORY_SECONDS   every sample of so long; of earlier ones one an hour
# State: none
# Undo: none
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/recorder.sh"
. "$(dirname "$0")/../lib/age-facts.sh"
SCOPE=health

probe() {
  fact clock "$EPOCHREALTIME"
  fact recorder "$(systemctl show --property=ActiveState --value "$RECORDER_UNIT.timer")"
  recorded $((EPOCHSECONDS - HISTORY_SECONDS)) | sed 's/^/sample\t/'
  look_at_certificates
  look_at_snapshots
  fact end
}

run_verb "$@" </dev/null
