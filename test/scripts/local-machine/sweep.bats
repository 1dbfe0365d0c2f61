# Proves that nothing of a platform stays, however broken it is, and that a neighbour's does.

load machine.bash
setup() { setup_machines; }
teardown() {
  teardown_machines
  bash "$SCRIPTS/local/sweep.sh" "$BATS_TEST_TMPDIR/other"
}

@test "sweep takes running machines away although their settings are gone, twice" {
  apply cp-1 11 &
  apply worker-1 21
  wait
  rm -rf "$STATE/cp-1"
  rm "$STATE/worker-1/settings"
  bash "$SCRIPTS/local/sweep.sh" "$STATE"
  leaves_nothing
  bash "$SCRIPTS/local/sweep.sh" "$STATE"
}

@test "sweep waits for a run that is still making a machine" {
  settings cp-1 11 >"$BATS_TEST_TMPDIR/settings"
  bash "$SCRIPTS/local/machine.sh" apply <"$BATS_TEST_TMPDIR/settings" 3>&- &
  sleep 0.2
  bash "$SCRIPTS/local/sweep.sh" "$STATE"
  wait $! || true # it may have found its machine swept away
  bash "$SCRIPTS/local/sweep.sh" "$STATE"
  leaves_nothing
}

@test "sweep leaves another clone's machines alone" {
  apply cp-1 11
  other=$BATS_TEST_TMPDIR/other
  apply cp-1 11 STATE_DIRECTORY "$other" ADDRESS 10.77.2.11 BRIDGE gitopstest2 NETWORK_CIDR 10.77.2.0/24 HOST_ADDRESS 10.77.2.1
  bash "$SCRIPTS/local/sweep.sh" "$STATE"
  [[ $(machine status "$STATE") == "[]" ]]
  [[ $(machine status "$other" | jq '.[0].running') == true ]]
  bash "$SCRIPTS/local/sweep.sh" "$other"
  leaves_nothing # only now: both may use one loop device for the base image they share
}

@test "sweep frees loop devices that no mount holds" {
  mkdir -p "$STATE/cp-1"
  truncate -s 4M "$STATE/cp-1/disk.img"
  losetup --find "$STATE/cp-1/disk.img"
  bash "$SCRIPTS/local/sweep.sh" "$STATE"
  leaves_nothing
}
