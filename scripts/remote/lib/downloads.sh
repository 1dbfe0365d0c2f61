#!/usr/bin/env bash
# Pinned downloads: nothing is handed on before everything has the checksum it must have.

# download_all DIRECTORY <<< "name url sha256" lines: fetches in parallel, checks, leaves DIRECTORY/name.
download_all() {
  local directory=$1 name url sum got pids=() names=() urls=() sums=() i
  rm -rf "$directory"
  mkdir -p "$directory"
  while read -r name url sum; do
    [ -n "$name" ] || continue
    names+=("$name") urls+=("$url") sums+=("$sum")
    # Transient network failures only: a 404 is final at once, a connection that delivers nothing for 30 s is not.
    curl --fail --silent --show-error --location --retry 3 --retry-connrefused --connect-timeout 10 \
      --speed-limit 1024 --speed-time 30 --output "$directory/$name" "$url" 2>"$directory/$name.error" 9>&- &
    pids+=($!)
  done
  for i in "${!pids[@]}"; do
    wait "${pids[i]}" || die "can't download ${urls[i]}: $(tail -n 1 "$directory/${names[i]}.error"); check that the machine reaches it (curl -I ${urls[i]}) and run again"
    rm -f "$directory/${names[i]}.error"
  done
  for i in "${!names[@]}"; do
    got=$(sha256sum "$directory/${names[i]}")
    got=${got%% *}
    [ "$got" = "${sums[i]}" ] ||
      die "${urls[i]} has SHA-256 $got, need ${sums[i]}; nothing was installed. Repair the source or the pin, and run again"
  done
}
