#!/usr/bin/env bash
# The network between etcd members, while something else is measured: a heartbeat goes round every 100 ms, and each
# write waits for the slower half of the members.

# A hundred in a second: the 99th percentile of so few is their second worst, so that one that was held up by a busy CPU
# decides nothing, and a link that is slow now and then still shows.
PEER_DIRECTORY=
PEERS_PINGED=()
readonly PINGS=100 PING_INTERVAL_SECONDS=0.01 PING_TIMEOUT_SECONDS=15

# start_pings <<< "name address" lines
start_pings() {
  local name address
  PEER_DIRECTORY=$(mktemp -d /run/gitops-platform-peers.XXXXXX)
  while read -r name address; do
    [ -n "$name" ] || continue
    # Lost pings are counted below, so its exit code says nothing new.
    timeout "$PING_TIMEOUT_SECONDS" ping -n -c "$PINGS" -i "$PING_INTERVAL_SECONDS" -W 1 "$address" >"$PEER_DIRECTORY/$name" 2>&1 9>&- &
    PEERS_PINGED+=("$name $address $!")
  done
}

# finish_pings: [{name, address, sent, lossPercent, p99Ms, maxMs}], null for times when nothing came back.
finish_pings() {
  local peer name address pid times result='[]'
  for peer in "${PEERS_PINGED[@]}"; do
    read -r name address pid <<<"$peer"
    wait "$pid" || true # see above
    times=$(sed -n '/DUP!/d; s/.* time=\([0-9.]*\) ms.*/\1/p' "$PEER_DIRECTORY/$name" | paste -sd ,)
    result=$(jq --compact-output --arg name "$name" --arg address "$address" --argjson sent "$PINGS" --argjson times "[$times]" '
      ($times | sort) as $sorted
      | . + [{
          $name, $address, $sent,
          lossPercent: (($sent - ($times | length)) * 1000 / $sent | round / 10),
          p99Ms: $sorted[($times | length) * 0.99 | ceil - 1], maxMs: ($times | max)
        }]' <<<"$result")
  done
  forget_pings
  printf '%s' "$result"
}

# forget_pings: also those that are still under way.
forget_pings() {
  [ -z "$PEER_DIRECTORY" ] || rm -rf "$PEER_DIRECTORY"
}
