#!/usr/bin/env bats
# What `npm start` refuses before it changes anything, on computers made unfit with namespaces.
# Does not prove the refusals of another operating system or processor: this computer has one of each.

ROOT="$BATS_TEST_DIRNAME/../../.."

setup() {
  cache="$BATS_TEST_TMPDIR/cache"
  mkdir "$cache"
}

# start COMMAND...: `npm start` below a command that takes something away from it.
start() {
  run env XDG_CACHE_HOME="$cache" "$@" npm start --prefix "$ROOT"
}

# refused: exit 1, the headline, and nothing left behind.
refused() {
  [ "$status" -eq 1 ]
  [[ "$output" == *"The local platform can't be started here; nothing was changed:"* ]]
  [ -z "$(ls -A "$cache")" ] || { ls -AR "$cache"; false; }
}

@test "a user who is not root" {
  start unshare --user
  refused
  [[ "$output" == *"this user — is not root"*"run with sudo"* ]]
}

@test "an address range that is taken, by whom, and what to change" {
  start unshare --net bash -c 'ip link add other0 type bridge && ip address add 10.78.0.200/25 dev other0 && exec "$@"' --
  refused
  [[ "$output" == *"network.cidr — 10.78.0.0/24 overlaps 10.78.0.200/25 on other0; choose a free range in Pulumi.local.yaml"* ]]
}

@test "no space for the mirror" {
  start unshare --mount bash -c 'mount -t tmpfs -o size=16m none "$XDG_CACHE_HOME" && exec "$@"' --
  refused
  [[ "$output" == *"$cache/gitops-platform — 0.0 GiB free, need 20 GiB for the mirror and its builds; free some space"* ]]
}

@test "no Go on the PATH, with all that is wrong at once" {
  without="$BATS_TEST_TMPDIR/bin"
  mkdir "$without"
  for program in node npm sh env dirname cmp ip; do ln -s "$(command -v "$program")" "$without/$program"; done
  start unshare --net --mount bash -c '
    mount -t tmpfs -o size=16m none "$XDG_CACHE_HOME"
    ip link add other0 type bridge && ip address add 10.78.0.200/25 dev other0
    PATH=$0 exec "$@"' "$without"
  refused
  [[ "$output" == *"go — not found; install Go 1.26 or newer and put it on the PATH"* ]]
  [[ "$output" == *"0.0 GiB free"* ]]
  [[ "$output" == *"network.cidr — "* ]]
}
