#!/usr/bin/env bats
# The gate's decision on recorded fio results. Does not prove how fast any disk is.
bats_require_minimum_version 1.5.0
load machine.bash

readonly UNTOUCHED="Nothing of Kubernetes was installed. Move the node to faster storage, or replace it, and run again"

setup() {
  create_machine
  export GATE_DIRECTORY=/var/lib/etcd LIMIT_NS=10000000 SUSTAINED_SECONDS=0 OVERRIDE_REASON=''
  export STEAL_PERCENT="2 5" PEERS='' ROUND_TRIP_MS="10 50"
  fake findmnt <<<'echo "/dev/vdb ext4"'
  # A quiet machine, whatever this one is doing.
  fake nproc <<<'echo 1000'
  fake ping </dev/null
  # No steal in between, whatever this computer's hypervisor does.
  fake awk <<<'echo 0 100'
  play "$BATS_TEST_DIRNAME/fio/host-quiet-1.json"
}

# stealing PERCENT: from the start of the measurement to its end.
stealing() {
  echo 0 >"$BATS_TEST_TMPDIR/ticks"
  fake awk <<FAKE
read -r steal <"\${CALLS%/*}/ticks"
echo "\$steal \$((steal == 0 ? 0 : 1000))"
echo \$(($1 * 10)) >"\${CALLS%/*}/ticks"
FAKE
}

# answering MS LOST: pings of which each takes that long but for one, and some don't return.
answering() {
  fake ping <<FAKE
for ((i = $2; i < 99; i++)); do echo "64 bytes from 10.78.0.12: icmp_seq=\$i ttl=64 time=$1 ms"; done
echo "64 bytes from 10.78.0.12: icmp_seq=100 ttl=64 time=900 ms"
exit $2
FAKE
}

# play FILE…: what each run of fio prints, the last one from then on.
play() {
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/recordings"
  fake fio <<'FAKE'
recordings=${CALLS%/*}/recordings
for argument in "$@"; do case $argument in --directory=*) touch "${argument#*=}/mytest.0.0" ;; esac; done
cat "$(head -n 1 "$recordings")"
[ "$(wc -l <"$recordings")" = 1 ] || sed -i 1d "$recordings"
FAKE
}

# with_p99 NANOSECONDS: a recording with that percentile.
with_p99() {
  jq ".jobs[0].sync.lat_ns.percentile.\"99.000000\" = $1" "$BATS_TEST_DIRNAME/fio/host-quiet-1.json" >"$BATS_TEST_TMPDIR/p99-$1.json"
  echo "$BATS_TEST_TMPDIR/p99-$1.json"
}

# without_contention: the refusal alone, however busy this computer is.
without_contention() {
  sed '/: measurement . of 3: /d; s/\. The CPU was contended.*//' <<<"$stderr"
}

@test "a quiet disk passes, with its numbers" {
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.p50Ms, .p99Ms, .p999Ms, .iops, .device, .fileSystem, .fioVersion, .limitMs, .verdict, .override]' <<<"$output")" = \
    '[0.122,0.185,0.268,8344,"/dev/vdb","ext4","fio-3.33",10,"passed",null]' ]
}

@test "fio is called exactly as etcd's documentation does" {
  on_machine disk-gate/measure-fsync.sh apply
  grep -qE '^fio --rw=write --ioengine=sync --fdatasync=1 --directory=/var/lib/etcd/\S+ --size=22m --bs=2300 --name=mytest --output-format=json$' "$CALLS"
}

@test "slow disks are refused with the sentence, and nothing stays" {
  while read -r recording p99; do
    play "$BATS_TEST_DIRNAME/fio/$recording.json"
    on_machine disk-gate/measure-fsync.sh apply
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [ "$(without_contention)" = "[disk-gate] cp-1: fdatasync p99 is $p99 ms on /var/lib/etcd (/dev/vdb, ext4), the limit is 10 ms. $UNTOUCHED" ]
    [ ! -e "$MACHINE/var/lib/etcd" ]
    [ ! -e "$MACHINE/var/lib/gitops-platform/disk-gate.json" ]
  done <<<"node3-22m-thr1000 75
slow-nbdfuse 49.5
tcg-native-1 19.5"
}

@test "the limit itself passes, a nanosecond more does not" {
  play "$(with_p99 10000000)"
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 0 ]
  play "$(with_p99 10000001)"
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"p99 is 10.000001 ms on"* ]]
}

@test "a missing percentile is a failure" {
  play "$(with_p99 null)"
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"fio reported no 99th percentile of fdatasync"*"(got none, need one to compare with 10 ms)"* ]]
}

@test "a busy CPU is named beside a slow result" {
  fake nproc <<<'echo 0'
  play "$BATS_TEST_DIRNAME/fio/tcg-native-1.json"
  on_machine disk-gate/measure-fsync.sh apply
  [[ "$stderr" == *". The CPU was contended meanwhile (load "*" on 0 CPUs, "*"): measure once more on a quiet machine before you replace the disk" ]]
}

@test "a slow result beside a busy CPU is measured again, and a fast one then counts" {
  fake nproc <<<'echo 0'
  play "$BATS_TEST_DIRNAME/fio/tcg-native-1.json" "$BATS_TEST_DIRNAME/fio/host-quiet-1.json"
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^fio')" -eq 2 ]
  [ "$(jq -c '[.verdict, .p99Ms, [.attempts[].p99Ms]]' <<<"$output")" = '["passed",0.185,[19.53,0.185]]' ]
  [ "$(jq '.attempts[0] | has("load") and has("cpuPressure") and has("stealPercent")' <<<"$output")" = true ]
  [[ "$stderr" == *'measurement 1 of 3: fdatasync p99 19.53 ms, the limit is 10 ms, but the CPU was contended (load '*'); measuring again'* ]]
}

@test "three slow results are refused, or overridden with all of them" {
  fake nproc <<<'echo 0'
  play "$BATS_TEST_DIRNAME/fio/tcg-native-1.json"
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 1 ]
  [ "$(calls '^fio')" -eq 3 ]
  OVERRIDE_REASON='a lab' on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.verdict, .override.reason, (.attempts | length)]' <<<"$output")" = '["overridden","a lab",3]' ]
}

@test "what a busy CPU doesn't explain is measured once" {
  fake nproc <<<'echo 0'
  export PEERS='cp-2 10.78.0.12'
  answering 61.5 0
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 1 ]
  [ "$(calls '^fio')" -eq 1 ]
}

@test "CPU time that the hypervisor took is a warning, then a refusal" {
  stealing 3
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.stealPercent, .warnings]' <<<"$output")" = '[3,["CPU steal is 3 % (good: 2 % at most)"]]' ]
  stealing 8
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 1 ]
  [ "$(without_contention)" = "[disk-gate] cp-1: the hypervisor took 8 % of the CPU time while the disk was measured, the limit is 5 %. Nothing of Kubernetes was installed. Move the node to a host that is not oversold, or order dedicated CPUs, and run again" ]
}

@test "round trips are measured at the same time: good, a warning, a refusal" {
  export PEERS='cp-2 10.78.0.12'
  answering 0.4 0
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.peers, .warnings]' <<<"$output")" = \
    '[[{"name":"cp-2","address":"10.78.0.12","sent":100,"lossPercent":0,"p99Ms":0.4,"maxMs":900}],[]]' ]
  grep -qx 'ping -n -c 100 -i 0.01 -W 1 10.78.0.12' "$CALLS"
  answering 12 0
  on_machine disk-gate/measure-fsync.sh apply
  [ "$(jq -c .warnings <<<"$output")" = '["the round trip to cp-2 takes 12 ms (good: 10 ms at most)"]' ]
  answering 61.5 0
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == "[disk-gate] cp-1: the round trip to cp-2 (10.78.0.12) takes 61.5 ms (p99 of 100 pings), the limit is 50 ms. Nothing of Kubernetes was installed. Bring the control planes closer together, and run again"* ]]
}

@test "a lost ping is refused; everything over its limit is in one sentence" {
  export PEERS=$'cp-2 10.78.0.12\ncp-3 10.78.0.13'
  answering 0.4 1
  play "$BATS_TEST_DIRNAME/fio/slow-nbdfuse.json"
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 1 ]
  [ "$(without_contention)" = "[disk-gate] cp-1: fdatasync p99 is 49.5 ms on /var/lib/etcd (/dev/vdb, ext4), the limit is 10 ms; 1 % of 100 pings to cp-2 (10.78.0.12) were lost, none may be; 1 % of 100 pings to cp-3 (10.78.0.13) were lost, none may be. Nothing of Kubernetes was installed. Move the node to faster storage, or replace it. Repair the network between the control planes, and let them ping each other, and run again" ]
  [ ! -e "$MACHINE/var/lib/gitops-platform/disk-gate.json" ]
  [ -z "$(find "$MACHINE/run" -name "gitops-platform-peers*")" ]
}

@test "a peer that answers nothing is 100 % lost" {
  export PEERS='cp-2 10.78.0.12'
  fake ping <<<'exit 1'
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"100 % of 100 pings to cp-2 (10.78.0.12) were lost, none may be."* ]]
}

@test "missing tools are installed, and the undo takes away what came with them; never on some stack's node" {
  [ ! -e /usr/bin/fio ] || skip "this computer has fio itself"
  rm "$FAKES/fio"
  plain_debian
  on_machine disk-gate/measure-fsync.sh apply
  [ "$(cat "$MACHINE/var/lib/gitops-platform/packages/disk-gate")" = $'fio\nlibaio1' ]
  mkdir -p "$MACHINE/etc/gitops-platform"
  touch "$MACHINE/etc/gitops-platform/owner"
  on_machine disk-gate/measure-fsync.sh destroy
  [ "$(calls '^dpkg --purge')" -eq 0 ]
  rm "$MACHINE/etc/gitops-platform/owner"
  on_machine disk-gate/measure-fsync.sh destroy
  [ "$(calls '^dpkg --purge fio libaio1$')" -eq 1 ]
  [ ! -e "$MACHINE/var/lib/gitops-platform" ]
}

@test "an override passes a slow disk, and says so" {
  export OVERRIDE_REASON='a lab'
  play "$BATS_TEST_DIRNAME/fio/slow-nbdfuse.json"
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.verdict, .override.reason]' <<<"$output")" = '["overridden","a lab"]' ]
}

@test "the worse of two passes counts" {
  export SUSTAINED_SECONDS=30
  play "$BATS_TEST_DIRNAME/fio/host-quiet-1.json" "$BATS_TEST_DIRNAME/fio/host3-1.json"
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq .p99Ms <<<"$output")" = 3.981 ]
  [ "$(calls '--time_based --runtime=30')" -eq 1 ]
}

@test "notes before the JSON are no obstacle" {
  {
    echo 'fio: a note'
    cat "$BATS_TEST_DIRNAME/fio/host-quiet-1.json"
  } >"$BATS_TEST_TMPDIR/noted.json"
  play "$BATS_TEST_TMPDIR/noted.json"
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 0 ]
}

@test "a full disk is a failure of fio" {
  fake fio <<<'echo "fio: No space left on device"; exit 1'
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"fio failed in /var/lib/etcd: fio: No space left on device."* ]]
}

@test "the remains of a killed run are cleared, other files are not" {
  mkdir -p "$MACHINE/var/lib/etcd/.gitops-platform-gate.killed" "$MACHINE/var/lib/etcd/lost+found"
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 0 ]
  [ "$(ls -A "$MACHINE/var/lib/etcd")" = lost+found ]
}

@test "once etcd lives there, the earlier result stands" {
  on_machine disk-gate/measure-fsync.sh apply
  first=$output
  mkdir -p "$MACHINE/var/lib/etcd/member"
  play "$BATS_TEST_DIRNAME/fio/slow-nbdfuse.json"
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 0 ]
  [ "$output" = "$first" ]
  [ "$(calls '^fio')" -eq 1 ]
}

@test "an etcd that nobody measured is refused" {
  mkdir -p "$MACHINE/var/lib/etcd/member"
  on_machine disk-gate/measure-fsync.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"/var/lib/etcd already holds an etcd that this stack did not measure; nothing was changed."* ]]
}

@test "the undo removes the kept result, twice without complaint" {
  on_machine disk-gate/measure-fsync.sh apply
  on_machine disk-gate/measure-fsync.sh destroy
  [ "$status" -eq 0 ]
  [ ! -e "$MACHINE/var/lib/gitops-platform" ]
  on_machine disk-gate/measure-fsync.sh destroy
  [ "$status" -eq 0 ]
}
