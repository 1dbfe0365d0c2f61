#!/usr/bin/env bash
# One local machine: a container with systemd, sshd, a disk and a network of its own.
#
# machine.sh apply                        makes or starts it, as the settings on stdin say; returns when its sshd answers
# machine.sh change                       the same for a node: one that runs keeps what it was started with; prints {"pending":
#                                         whether it waits for a restart}
# machine.sh restart NAME [DIRECTORY]     restarts it, cleanly, if it waits for that
# machine.sh destroy                      takes it and its disk away; settings on stdin
# machine.sh start NAME [DIRECTORY]       starts it again as it was last applied: this computer rebooted, it was stopped
# machine.sh stop NAME [DIRECTORY]        shuts it down cleanly and keeps its disk
# machine.sh power-off NAME [DIRECTORY]   cuts its power, as a failing host would, and keeps its disk
# machine.sh pid NAME [DIRECTORY]         prints the process id of its init, for nsenter
# machine.sh status [DIRECTORY]           prints a JSON list: name, address, running, disk, pid (0 when not running)
# DIRECTORY is the state directory, .local/machines unless given.
#
# Settings are lines `export NAME='value'`:
#   MACHINE_NAME ADDRESS        who it is; the address is in NETWORK_CIDR
#   STATE_DIRECTORY             where its disk and settings live; two clones never share one
#   BRIDGE NETWORK_CIDR HOST_ADDRESS   the network, made by the first machine, removed with the last
#   BASE_IMAGE                  ext4 image of a Debian root with systemd and sshd
#   MEMORY_MIB DISK_GIB         limits; a disk only grows
#   HOST_PRIVATE_KEY HOST_PUBLIC_KEY LOGIN_PUBLIC_KEY   OpenSSH texts
#   BINDS                       lines `ro|rw:source:target` of further directories and files, or empty
#
# Touches: STATE_DIRECTORY, links and namespaces named with its id, BRIDGE, cgroups named gitops-<id>-<name>.
# Undo: destroy; sweep.sh when the settings are lost.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
. "$here/lib/log.sh"
. "$here/lib/identity.sh"
. "$here/lib/process.sh"
. "$here/lib/host-settings.sh"
. "$here/lib/network.sh"
. "$here/lib/disk.sh"

readonly SSH_TIMEOUT_SECONDS=60
readonly DEFAULT_STATE_DIRECTORY=.local/machines

read_settings() {
  # Not `. /dev/stdin`: where stdin is a socket, as a program may make it, it can't be opened by name.
  eval "$(cat)"
  exec </dev/null
  # Secrets stay in this shell: nothing it starts inherits them.
  export -n HOST_PRIVATE_KEY
  STATE_DIRECTORY=$(realpath -m "$STATE_DIRECTORY")
  BASE_IMAGE=$(realpath -m "$BASE_IMAGE")
  BINDS=$(resolve_binds <<<"${BINDS:-}")
}

resolve_binds() {
  local access source target
  while IFS=: read -r access source target; do
    [[ -z $access ]] || printf '%s:%s:%s\n' "$access" "$(realpath -m "$source")" "$target"
  done
}

# What may be written to is made; what is only read must be there.
ensure_binds() {
  local access source target
  while IFS=: read -r access source target; do
    [[ $access != rw ]] || mkdir -p "$source"
    [[ -z $access || -e $source ]] ||
      die "$MACHINE_NAME — $source, which the machine sees as $target, does not exist — build it with: npm run mirror"
  done <<<"$BINDS"
}

# One run at a time for a machine: one that outlived a killed `pulumi up` may still be at work.
lock_machine() {
  exec 8>"/run/lock/$UNIT.lock"
  flock -w 120 8 || die "$MACHINE_NAME — another run has held its lock for 120 s — see: fuser -v /run/lock/$UNIT.lock"
}

accept_settings() {
  read_settings
  validate_settings
  identify "$STATE_DIRECTORY" "$MACHINE_NAME"
  lock_machine
  with_network_lock refuse_taken_address
  refuse_impossible_disk
}

apply() {
  accept_settings
  record_settings
  if is_up && is_current && answers; then return 0; fi
  start
}

change() {
  local pending=false keys
  accept_settings
  keys=$(keys_digest)
  record_settings
  # With another key it could not be reached to be drained.
  if [[ $keys == "$(keys_digest)" ]] && is_up && answers; then
    is_current || pending=true
  else
    start
  fi
  printf '{"pending":%s}\n' "$pending"
}

keys_digest() { cat "$MACHINE_DIRECTORY"/{host-key.pub,authorized-keys} 2>/dev/null | sha256sum; }

# With somebody to see to reboots.
is_up() { [[ -n $(machine_init "$UNIT") ]] && find_supervisor >/dev/null; }

# Running as it was last applied.
is_current() { [[ $(cat "$MACHINE_DIRECTORY/running" 2>/dev/null) == "$(settings_digest)" ]]; }

find_supervisor() {
  local pid
  for pid in $(machine_processes "$UNIT"); do
    grep -qz "^$here/supervise.sh$" "/proc/$pid/cmdline" 2>/dev/null && printf '%s\n' "$pid" && return 0
  done
  return 1
}

start() {
  power_off "$UNIT" 30
  kill_machine "$UNIT"
  remove_cgroups "$UNIT"
  ensure_disk
  ensure_binds
  with_network_lock connect_locked
  launch
  wait_for_sshd
}

# In a session of its own, with nothing of ours open: it must outlive this script and whoever ends it.
launch() {
  local supervisor=(/usr/bin/env -i "PATH=$PATH" unshare --mount --propagation slave
    bash "$here/supervise.sh" "$STATE_DIRECTORY" "$MACHINE_NAME")
  if [[ -d /run/systemd/system ]]; then
    systemctl reset-failed "$UNIT.service" 2>/dev/null || true # there is none
    systemd-run --quiet --collect --unit="$UNIT" --slice=machine.slice --property=Delegate=yes --property=IOAccounting=yes \
      --property=KillMode=mixed --property="MemoryMax=${MEMORY_MIB}M" \
      --property="StandardOutput=truncate:$MACHINE_DIRECTORY/console.log" \
      --property="StandardError=truncate:$MACHINE_DIRECTORY/console.log" "${supervisor[@]}"
  else
    setsid --fork "${supervisor[@]}" </dev/null >"$MACHINE_DIRECTORY/console.log" 2>&1 8>&-
  fi
}

answers() {
  local banner
  banner=$(timeout 2 bash -c "head -c 4 </dev/tcp/$ADDRESS/22" 2>/dev/null) && [[ $banner == SSH- ]]
}

wait_for_sshd() {
  local began=$SECONDS
  until answers; do
    # In its first moments the supervisor isn't in its cgroup yet.
    if ((SECONDS > began + SSH_TIMEOUT_SECONDS)) || { ((SECONDS > began + 3)) && ! find_supervisor >/dev/null; }; then
      die "$MACHINE_NAME — no sshd at $ADDRESS:22 after $((SECONDS - began)) s (it may take $SSH_TIMEOUT_SECONDS); its console ended with: $(tail -n 3 "$MACHINE_DIRECTORY/console.log" | tr '\n' ' ')— look at $MACHINE_DIRECTORY/console.log, then run again"
    fi
    sleep 0.03
  done
}

# The disk goes too, so there is nothing to shut down cleanly for.
destroy() {
  read_settings
  identify "$STATE_DIRECTORY" "$MACHINE_NAME"
  lock_machine
  kill_machine "$UNIT"
  remove_cgroups "$UNIT"
  with_network_lock disconnect_locked
  detach_disk
  rm -rf --one-file-system "$MACHINE_DIRECTORY" "/run/systemd/nspawn/propagate/$UNIT"
  remove_unused_bases
}

load_recorded() {
  STATE_DIRECTORY=$(realpath -m "${2:-$DEFAULT_STATE_DIRECTORY}")
  identify "$STATE_DIRECTORY" "${1:?machine name}"
  [[ -e $MACHINE_DIRECTORY/settings ]] || die "$1 — no machine of that name in $STATE_DIRECTORY — see: machine.sh status $STATE_DIRECTORY"
  # shellcheck source=/dev/null
  . "$MACHINE_DIRECTORY/settings"
}

pid() {
  local init
  init=$(machine_init "$UNIT")
  [[ -n $init ]] || die "$MACHINE_NAME — it is not running — start it: machine.sh start $MACHINE_NAME $STATE_DIRECTORY"
  printf '%s\n' "$init"
}

status() {
  local settings separator='' init
  printf '['
  for settings in "$(realpath -m "${1:-$DEFAULT_STATE_DIRECTORY}")"/*/settings; do
    [[ -e $settings ]] || continue # no machines
    # shellcheck source=/dev/null
    . "$settings"
    identify "$STATE_DIRECTORY" "$MACHINE_NAME"
    init=$(machine_init "$UNIT")
    printf '%s{"name":"%s","address":"%s","running":%s,"disk":%s,"pid":%d}' "$separator" "$MACHINE_NAME" "$ADDRESS" \
      "$([[ -n $init ]] && echo true || echo false)" "$([[ -e $MACHINE_DIRECTORY/disk.img ]] && echo true || echo false)" "${init:-0}"
    separator=,
  done
  printf ']\n'
}

main() {
  local verb=${1:-}
  shift || true # no verb: reported below
  case $verb in
    apply | change | destroy | status) "$verb" "$@" ;;
    start | restart | stop | power-off | pid) load_recorded "$@" ;;&
    start | restart | stop | power-off) lock_machine ;;&
    start) is_up || start ;;
    restart) { is_current && answers; } || start ;;
    stop) power_off "$UNIT" 30 && kill_machine "$UNIT" ;;
    power-off) kill_machine "$UNIT" ;;
    pid) pid ;;
    *) die "machine.sh — got '$verb', need apply, change, destroy, start, restart, stop, power-off, pid or status — see the head of this file" ;;
  esac
}

main "$@"
