#!/usr/bin/env bash
# Machines that begin something together without a leader: each listens, and waits until all do. They use the kubelet's
# port, which every machine of a cluster lets the others reach; where the kubelet already listens, the machine counts as
# present.

readonly RENDEZVOUS_PORT=10250 RENDEZVOUS_SECONDS=180
LISTENER=

# reachable ADDRESS PORT: silence counts too where ping answers. A node's firewall drops what it doesn't refuse, and lets a
# newcomer in only after its gate; a machine without one refuses.
reachable() {
  local status=0
  timeout 3 bash -c "</dev/tcp/$1/$2" 2>/dev/null 9>&- || status=$?
  [ "$status" -eq 0 ] || { [ "$status" -eq 124 ] && ping -n -c 1 -W 1 "$1" >/dev/null 2>&1; }
}

# listen ADDRESS SECONDS: until stop_listening, or for that long should this step be killed.
listen() {
  timeout "$2" systemd-socket-activate --listen="$1:$RENDEZVOUS_PORT" sleep "$2" </dev/null >/dev/null 2>&1 9>&- &
  LISTENER=$!
}

stop_listening() {
  [ -n "$LISTENER" ] || return 0
  kill "$LISTENER" 2>/dev/null || true # over its time already
  wait "$LISTENER" 2>/dev/null || true # the signal is its exit code
  LISTENER=
}

# await_all <<< "name address" lines: returns when all have been seen to listen; prints those that haven't, and fails, when
# the time is over. Who was seen is not asked again: it may be done, and gone, before the last one is there.
await_all() {
  local deadline=$((SECONDS + RENDEZVOUS_SECONDS)) line waiting=() missing
  mapfile -t waiting
  while :; do
    missing=()
    for line in "${waiting[@]}"; do
      reachable "${line#* }" "$RENDEZVOUS_PORT" || missing+=("$line")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$SECONDS" -ge "$deadline" ]; then
      printf '%s, ' "${missing[@]% *}" | sed 's/, $//'
      return 1
    fi
    waiting=("${missing[@]}")
    sleep 0.1
  done
}
