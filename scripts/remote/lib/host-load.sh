#!/usr/bin/env bash
# What else kept the CPUs busy during a measurement: load, pressure (where the kernel has PSI) and steal.

# cpu_times: "steal total" in ticks since boot, over all CPUs.
cpu_times() {
  awk '/^cpu / { for (i = 2; i <= 9; i++) total += $i; print $9, total }' /proc/stat
}

# stalled_us: microseconds in which some task waited for a CPU; empty without PSI.
stalled_us() {
  sed -n 's/^some .*total=//p' /proc/pressure/cpu 2>/dev/null || true # a kernel without PSI has no such file
}

start_load_watch() {
  read -r WATCH_STEAL WATCH_TOTAL < <(cpu_times)
  WATCH_STALLED=$(stalled_us)
  WATCH_STARTED_US=${EPOCHREALTIME/./}
}

# finish_load_watch: {load, cpus, cpuPressure, stealPercent}; percent of the time since the start, null where unknown.
finish_load_watch() {
  local steal total stalled load
  read -r steal total < <(cpu_times)
  read -r load _ </proc/loadavg
  stalled=$(stalled_us)
  if [ -n "$stalled" ]; then stalled=$((stalled - WATCH_STALLED)); fi
  jq --null-input --compact-output --argjson load "$load" --argjson cpus "$(nproc)" \
    --argjson steal "$((steal - WATCH_STEAL))" --argjson total "$((total - WATCH_TOTAL))" \
    --argjson stalled "${stalled:-null}" \
    --argjson elapsed "$((${EPOCHREALTIME/./} - WATCH_STARTED_US))" '
    def percent($part; $whole): if $whole > 0 then $part * 1000 / $whole | round / 10 else 0 end;
    {
      load: $load, cpus: $cpus,
      cpuPressure: (if $stalled == null then null else percent($stalled; $elapsed) end),
      stealPercent: percent($steal; $total)
    }'
}
