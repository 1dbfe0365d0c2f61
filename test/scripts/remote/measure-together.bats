#!/usr/bin/env bats
# Nodes on one hypervisor, measured together: real listening, waiting and overlapping on addresses of this computer; how
# long fdatasync takes is made up: it depends on who else's fio runs. Does not prove how fast any disk is.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  export GATE_DIRECTORY=/var/lib/etcd LIMIT_NS=10000000 OVERRIDE_REASON='' HYPERVISOR=host-1
  export JUDGED=$'cp-1 127.7.0.11\ncp-2 127.7.0.12' OTHERS='worker-1 127.7.0.21'
  export QUIET=$BATS_TEST_DIRNAME/fio/host-quiet-1.json RUNNING=$BATS_TEST_TMPDIR/running TOGETHER_NS=4000000
  mkdir "$RUNNING"
}

# run_node NAME ADDRESS: in the background; its exit code, output and messages end up in files.
run_node() {
  (
    BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/$1
    mkdir -p "$BATS_TEST_TMPDIR"
    create_machine
    export NODE_NAME=$1 NODE_ADDRESS=$2
    fake systemctl <<<'exit 1'
    fake nproc <<<'echo 1000'
    fake ping </dev/null
    # A second at least, so that who begins together overlaps.
    fake fio <<'FAKE'
touch "$RUNNING/$NODE_NAME"
sleep 0.7
others=$(ls "$RUNNING" | grep -cv "^$NODE_NAME$")
sleep 0.3
jq ".jobs[0].sync.lat_ns.percentile.\"99.000000\" = $((others > 0 ? TOGETHER_NS : 185000))" "$QUIET"
rm -f "$RUNNING/$NODE_NAME"
FAKE
    mkdir -p "$MACHINE/var/lib/gitops-platform"
    echo '{"p99Ms":0.185,"directory":"/var/lib/etcd","device":"/dev/vdb","fileSystem":"ext4","verdict":"passed","warnings":[],"load":0,"cpus":1,"cpuPressure":null,"stealPercent":0}' \
      >"$MACHINE/var/lib/gitops-platform/disk-gate.json"
    on_machine disk-gate/measure-together.sh apply
    echo "$status" >"$BATS_TEST_TMPDIR/status"
    echo "$output" >"$BATS_TEST_TMPDIR/output"
    echo "$stderr" >"$BATS_TEST_TMPDIR/stderr"
  ) 3>&- &
}

run_all() {
  run_node cp-1 127.7.0.11
  run_node cp-2 127.7.0.12
  sleep 0.7 # connections are not made at the same moment
  run_node worker-1 127.7.0.21
  wait
}

result() { cat "$BATS_TEST_TMPDIR/$1/$2"; }

@test "a disk that is quick under its neighbours passes, with both figures" {
  run_all
  [ "$(result cp-1 status)$(result cp-2 status)$(result worker-1 status)" = 000 ]
  [ "$(jq -c '[.p99Ms, .verdict, .together.hypervisor, .together.with, .together.p99Ms]' "$BATS_TEST_TMPDIR/cp-1/output")" = \
    '[0.185,"passed","host-1",["cp-2","worker-1"],4]' ]
  [ "$(result cp-1 output)" = "$(cat "$BATS_TEST_TMPDIR/cp-1/machine/var/lib/gitops-platform/disk-gate.json")" ]
  [ -z "$(result worker-1 output)" ]
  [ ! -e "$BATS_TEST_TMPDIR/worker-1/machine/var/lib/etcd" ]
  run ! timeout 1 bash -c '</dev/tcp/127.7.0.11/10250'
}

@test "a disk that is only slow under its neighbours is refused, and the message says so" {
  export TOGETHER_NS=41000000
  run_all
  [ "$(result cp-1 status)$(result cp-2 status)$(result worker-1 status)" = 110 ]
  [ "$(result cp-1 stderr)" = "[disk-gate] cp-1: fdatasync p99 is 41 ms on /var/lib/etcd (/dev/vdb, ext4) while cp-2, worker-1 on the same hypervisor host-1 write too, and 0.185 ms alone, the limit is 10 ms. Nothing of Kubernetes was installed. Give etcd a disk that it doesn't share, or move one of them to another hypervisor, and run again" ]
  [ "$(jq -r .verdict "$BATS_TEST_TMPDIR/cp-1/machine/var/lib/gitops-platform/disk-gate.json")" = passed ]
}

@test "an override passes it, and says so" {
  export TOGETHER_NS=41000000 OVERRIDE_REASON='a lab of one computer'
  run_all
  [ "$(result cp-1 status)" = 0 ]
  [ "$(jq -c '[.verdict, .override.reason, .together.p99Ms]' "$BATS_TEST_TMPDIR/cp-1/output")" = '["overridden","a lab of one computer",41]' ]
}

@test "a neighbour that does not come is named" {
  local hurried=$BATS_TEST_TMPDIR/scripts
  cp -r "$SCRIPTS" "$hurried"
  sed -i 's/RENDEZVOUS_SECONDS=180/RENDEZVOUS_SECONDS=2/' "$hurried/lib/rendezvous.sh"
  SCRIPTS=$hurried
  run_node cp-1 127.7.0.11
  run_node cp-2 127.7.0.12
  wait
  [ "$(result cp-1 status)" = 1 ]
  [[ "$(result cp-1 stderr)" == "[disk-gate] cp-1: waited 2 s to measure together with worker-1 on the same hypervisor host-1. Nothing of Kubernetes was installed."* ]]
}

@test "where etcd lives already the earlier result stands" {
  (
    create_machine
    export NODE_NAME=cp-1 NODE_ADDRESS=127.7.0.11
    mkdir -p "$MACHINE/var/lib/etcd/member" "$MACHINE/var/lib/gitops-platform"
    echo '{"p99Ms":1}' >"$MACHINE/var/lib/gitops-platform/disk-gate.json"
    on_machine disk-gate/measure-together.sh apply
    [ "$output" = '{"p99Ms":1}' ]
    on_machine disk-gate/measure-together.sh destroy
    [ -e "$MACHINE/var/lib/gitops-platform/disk-gate.json" ]
  )
}
