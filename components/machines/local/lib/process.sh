# The processes of one machine; sourced, after identity.sh.
#
# All of them live in cgroups named after the machine, so that membership, not a remembered process id, decides what may
# be signalled: nothing of anybody else's is ever hit, however the machine or its supervisor died.

# machine_cgroups UNIT: the machine's cgroup in every hierarchy; a systemd service where systemd made it.
machine_cgroups() {
  find /sys/fs/cgroup -type d \( -name "$1" -o -name "$1.service" \) -prune -print 2>/dev/null || true # cgroups come and go
}

# machine_processes UNIT
machine_processes() {
  local cgroups
  mapfile -t cgroups < <(machine_cgroups "$1")
  ((${#cgroups[@]} > 0)) || return 0
  find "${cgroups[@]}" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -un
}

# machine_init UNIT: the process id of the machine's init, empty when it isn't running. Init is process 1 of a process
# namespace directly below ours; those of its pods are further down.
machine_init() {
  local pid ids
  for pid in $(machine_processes "$1"); do
    ids=$(sed -n 's/^NSpid:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null) || continue # it ended meanwhile
    [[ $ids =~ ^[0-9]+[[:space:]]+1$ ]] && printf '%s\n' "$pid" && return 0
  done
  return 0
}

# kill_machine UNIT: at once. Ending init makes the kernel end everything in its process namespace.
kill_machine() {
  local init pids attempt
  init=$(machine_init "$1")
  [[ -z $init ]] || kill -KILL "$init" 2>/dev/null || true # it may have ended by itself
  for ((attempt = 0; attempt < 200; attempt++)); do
    mapfile -t pids < <(machine_processes "$1")
    ((${#pids[@]} > 0)) || return 0
    kill -KILL "${pids[@]}" 2>/dev/null || true # some ended between the list and the signal
    sleep 0.05
  done
  die "$1: processes ${pids[*]} did not end within 10 s of SIGKILL — look at /proc/<id>/stack, then run this again"
}

# power_off UNIT SECONDS: asks the machine's init to power off; returns when it has, or when the time is over.
power_off() {
  local init deadline=$((SECONDS + $2))
  init=$(machine_init "$1")
  [[ -n $init ]] || return 0
  kill -s RTMIN+4 "$init" 2>/dev/null || true # it may be ending already
  while [[ -e /proc/$init ]] && ((SECONDS < deadline)); do sleep 0.05; done
}

# empty_cgroups UNIT: removes what the machine made in its cgroups, once nothing runs there.
empty_cgroups() {
  local cgroup
  for cgroup in $(machine_cgroups "$1"); do
    find "$cgroup" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || true # what is in use stays
  done
}

# remove_cgroups UNIT: those left after the last process ended.
remove_cgroups() {
  local cgroup
  for cgroup in $(machine_cgroups "$1"); do
    find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true # systemd may be faster
  done
}
