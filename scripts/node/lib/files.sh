#!/usr/bin/env bash
# Files written whole or not at all.

# write_file PATH [MODE]: stdin becomes the file, atomically; returns 0 when it changed, 1 when it was already so.
write_file() {
  local path=$1 mode=${2:-644} new
  mkdir -p "${path%/*}"
  new=$(mktemp "$path.XXXXXX")
  cat >"$new"
  chmod "$mode" "$new"
  if cmp --silent "$new" "$path"; then
    rm -f "$new"
    return 1
  fi
  mv -f "$new" "$path"
}
