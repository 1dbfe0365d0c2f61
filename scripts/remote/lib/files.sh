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

# remove_tree PATH…: with everything in it, but not what is only mounted there. A volume of a pod that is still there can be
# a directory of this very file system, which no option of rm tells from the tree's own.
remove_tree() {
  local path target
  for path; do
    while IFS= read -r target; do
      umount "$target" 2>/dev/null || umount --lazy "$target" ||
        die "can't unmount $target, whose content would be lost with $path; nothing of it was removed. See what holds it (fuser -vm $target), unmount it, and run again"
    done < <(findmnt --list --noheadings --output TARGET | awk -v below="$path/" 'index($0, below) == 1' | sort --reverse)
    if mountpoint --quiet "$path"; then
      find "$path" -xdev -mindepth 1 -delete # a file system of its own stays, empty
    else
      rm -rf --one-file-system "$path"
    fi
  done
}
