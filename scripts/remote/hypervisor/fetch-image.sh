#!/usr/bin/env bash
# Downloads the image that guests start from to this hypervisor, once, and prints its path as JSON. A file with another
# checksum never gets the image's name.
#
# Environment
#   NODE_NAME (of the hypervisor), STACK_ID, STORAGE_DIRECTORY
#   IMAGE_LOCATION   http(s) URL, or an absolute path on this hypervisor
#   IMAGE_CHECKSUM   sha256:HEX or sha512:HEX
#   IMAGE_FORMAT     raw or qcow2
# State: STORAGE_DIRECTORY/gitops-platform-image-<checksum>.<format>; beside it, the stacks that use it (.users)
# Undo: no longer used by this stack; the last one takes the file away. An image given as a path stays.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/guest-lock.sh"
SCOPE=image

readonly ALGORITHM=${IMAGE_CHECKSUM%%:*} SUM=${IMAGE_CHECKSUM#*:}
readonly IMAGE=$STORAGE_DIRECTORY/gitops-platform-image-${SUM:0:16}.$IMAGE_FORMAT

print_file() {
  printf '{"file":"%s"}\n' "$1"
}

# sum_of FILE
sum_of() {
  local line
  line=$("${ALGORITHM}sum" "$1")
  printf '%s' "${line%% *}"
}

use_file() {
  local got
  [ -f "$IMAGE_LOCATION" ] ||
    die "guestImage.path $IMAGE_LOCATION is not on this hypervisor; copy the image there, or name a URL, and run again"
  got=$(sum_of "$IMAGE_LOCATION")
  [ "$got" = "$SUM" ] ||
    die "$IMAGE_LOCATION has $ALGORITHM $got, need $SUM; nothing was changed. Repair the file or the pin, and run again"
  print_file "$IMAGE_LOCATION"
}

# A part that an interrupted run left is continued; where the server can't continue, it starts over.
download() {
  local arguments=(--fail --silent --show-error --location --retry 3 --retry-connrefused --connect-timeout 10
    --speed-limit 1024 --speed-time 60 --output "$IMAGE.partial") error
  if error=$(curl "${arguments[@]}" --continue-at - "$IMAGE_LOCATION" 2>&1); then return; fi
  rm -f "$IMAGE.partial"
  error=$(curl "${arguments[@]}" "$IMAGE_LOCATION" 2>&1) ||
    die "can't download $IMAGE_LOCATION: ${error##*$'\n'}; check that the hypervisor reaches it (curl -I $IMAGE_LOCATION) and run again"
}

fetch() {
  local got pid began=$SECONDS
  log_info "downloading $IMAGE_LOCATION"
  download 9>&- &
  pid=$!
  while sleep 1 && kill -0 "$pid" 2>/dev/null; do
    [ $(((SECONDS - began) % 30)) -ne 0 ] ||
      log_info "$(($(stat --format=%s "$IMAGE.partial" 2>/dev/null || echo 0) / 1048576)) MiB after $((SECONDS - began)) s"
  done
  wait "$pid"
  got=$(sum_of "$IMAGE.partial")
  if [ "$got" != "$SUM" ]; then
    rm -f "$IMAGE.partial"
    die "$IMAGE_LOCATION has $ALGORITHM $got, need $SUM; nothing was kept. Repair the source or the pin, and run again"
  fi
  mv "$IMAGE.partial" "$IMAGE"
}

# release IMAGE: no longer used by this stack.
release() {
  [ -e "$1.users" ] || return 0
  grep -vxF "$STACK_ID" "$1.users" >"$1.users.new" || true # no other stack is left
  mv "$1.users.new" "$1.users"
  [ ! -s "$1.users" ] || return 0
  rm -f "$1" "$1.partial" "$1.users"
}

# Those that this stack started guests from before: their disks are copies, and need them no more.
release_others() {
  local users
  for users in "$STORAGE_DIRECTORY"/gitops-platform-image-*.users; do
    [ "$users" = "$IMAGE.users" ] || [ ! -e "$users" ] || release "${users%.users}"
  done
}

# What a killed run may have left half-done is only ever the part, which has another name.
apply() {
  # One lock for all images: letting one go must not cross another stack's taking it.
  lock_name images
  if [ "${IMAGE_LOCATION#/}" != "$IMAGE_LOCATION" ]; then
    use_file
  else
    [ -e "$IMAGE" ] || fetch
    grep -qxF "$STACK_ID" "$IMAGE.users" 2>/dev/null || printf '%s\n' "$STACK_ID" >>"$IMAGE.users"
    print_file "$IMAGE"
  fi
  release_others
}

destroy() {
  lock_name images
  release "$IMAGE"
}

run_verb "$@" </dev/null
