#!/usr/bin/env bash
# Who listens where, from /proc: a server that was only just installed need not have any tool for it.

# listener_of PROTOCOL PORT: the name of the program, `the kernel` for a socket of no process; nothing when it is free.
listener_of() {
  local inode file
  # A TCP socket listens in state 0A; UDP has no such state.
  inode=$(cat /proc/net/"$1" /proc/net/"${1}6" 2>/dev/null | awk -v port="$(printf '%04X' "$2")" -v protocol="$1" '
    { n = split($2, local_end, ":") }
    n == 2 && local_end[2] == port && (protocol == "udp" || $4 == "0A") { print $10; exit }')
  [ -n "$inode" ] || return 0
  file=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" -print -quit 2>/dev/null) || true # processes come and go
  if [ -n "$file" ]; then cat "${file%/fd/*}/comm"; else echo "the kernel"; fi
}
