#!/usr/bin/env bats
# Snapshots of etcd on a control plane: who takes one, what is in it, and that nothing in clear is left behind, whatever fails.
# etcd and age are mocked; the drill `restore` has them.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  export CLUSTER=test RECIPIENT=age1recipient
  STORE=$MACHINE/var/lib/gitops-platform/snapshots
  mkdir -p "$MACHINE"/etc/kubernetes/{manifests,pki/etcd} "$MACHINE/var/lib/etcd"
  echo '    image: registry.k8s.io/kube-apiserver:v1.27.4' >"$MACHINE/etc/kubernetes/manifests/kube-apiserver.yaml"
  touch "$MACHINE/etc/kubernetes/manifests/etcd.yaml"
  local name
  for name in ca.crt ca.key sa.pub sa.key front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key apiserver.key; do
    echo "the $name" >"$MACHINE/etc/kubernetes/pki/$name"
  done
  echo true >"$BATS_TEST_TMPDIR/leads"
  fake sync </dev/null
  fake crictl <<'FAKE'
[ "$1" != ps ] || { cat "${CALLS%/*}/container" 2>/dev/null || echo id-1; exit; }
case " $* " in
*" endpoint status "*) echo "https://127.0.0.1:2379, 8e9e, 3.5.7, 20 MB, $(cat "${CALLS%/*}/leads"), false, 2, 30, 30, " ;;
*" snapshot save "*)
  printf 'database' >"${!#}"
  printf 'database' | sha256sum | cut -d' ' -f1 | tr a-f A-F | basenc --base16 -d >>"${!#}"
  [ ! -e "${CALLS%/*}/damage" ] || printf x | dd of="${!#}" conv=notrunc status=none
  ! grep -qs save "${CALLS%/*}/fails"
  ;;
*" snapshot status "*) ! grep -qs status "${CALLS%/*}/fails" && echo '{"hash":1,"revision":42,"totalKey":7,"totalSize":8}' ;;
esac
FAKE
  fake age <<<'[ ! -e "${CALLS%/*}/age-fails" ] || exit 1; echo sealed; cat'
}

snapshot() { on_machine kubernetes/snapshot-etcd.sh apply; }

# clear_copies: files outside of the machine's own pki that hold a key or the database in clear.
clear_copies() {
  grep -rlE 'the ca.key|database' "$MACHINE/var" "$MACHINE/run" "$BATS_TEST_TMPDIR"/tmp.* 2>/dev/null | grep -v '\.age$' || true # none
}

@test "the leader takes one: encrypted for the stack, with what a cluster is restored from and nothing else" {
  export TMPDIR=$BATS_TEST_TMPDIR
  snapshot
  [ "$status" -eq 0 ]
  local name
  name=$(jq -r .name <<<"$output")
  [[ $name =~ ^[0-9]{8}T[0-9]{6}Z-cp-1\.age$ ]]
  [ "$(jq -c 'del(.name, .bytes)' <<<"$output")" = '{"revision":42,"keys":7}' ]
  [ "$(stat --format=%a "$STORE/$name" "$STORE" | tr '\n' ' ')" = '600 700 ' ]
  [ "$(calls '^age --encrypt --recipient age1recipient$')" -eq 1 ]
  mkdir "$BATS_TEST_TMPDIR/content"
  tail --lines=+2 "$STORE/$name" | tar -xz -C "$BATS_TEST_TMPDIR/content"
  cd "$BATS_TEST_TMPDIR/content"
  [ "$(find . -type f | LC_ALL=C sort | tr '\n' ' ')" = './etcd.db ./manifest.json ./pki/ca.crt ./pki/ca.key ./pki/etcd/ca.crt ./pki/etcd/ca.key ./pki/front-proxy-ca.crt ./pki/front-proxy-ca.key ./pki/sa.key ./pki/sa.pub ' ]
  [ "$(cat pki/etcd/ca.key)" = 'the etcd/ca.key' ]
  [ "$(jq -c '[.format, .cluster, .node, .kubernetes, .revision]' manifest.json)" = '[1,"test","cp-1","1.27.4",42]' ]
  [ "$(jq -r .sha256 manifest.json)" = "$(sha256sum etcd.db | cut -d' ' -f1)" ]
  rm -r "$BATS_TEST_TMPDIR/content"
  [ -z "$(clear_copies)" ]
}

@test "the keys of encrypted Secrets are in it" {
  mkdir -p "$MACHINE/etc/kubernetes/hardening" "$BATS_TEST_TMPDIR/content"
  echo "the key of Secrets" >"$MACHINE/etc/kubernetes/hardening/encryption.yaml"
  snapshot
  [ "$status" -eq 0 ]
  tail --lines=+2 "$STORE/$(jq -r .name <<<"$output")" | tar -xz -C "$BATS_TEST_TMPDIR/content"
  [ "$(cat "$BATS_TEST_TMPDIR/content/encryption.yaml")" = "the key of Secrets" ]
}

@test "another member takes none, unless it is asked to" {
  echo false >"$BATS_TEST_TMPDIR/leads"
  snapshot
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  [ ! -e "$STORE" ]
  ON_DEMAND=yes snapshot
  [ "$status" -eq 0 ]
  [ "$(find "$STORE" -name '*.age' | wc -l)" -eq 1 ]
}

@test "whatever fails is said, and leaves neither a snapshot nor anything in clear" {
  export TMPDIR=$BATS_TEST_TMPDIR
  local step
  for step in save status; do
    echo "$step" >"$BATS_TEST_TMPDIR/fails"
    snapshot
    [ "$status" -eq 1 ]
    [[ $stderr == '[snapshot] cp-1: etcd can'* ]]
  done
  rm "$BATS_TEST_TMPDIR/fails"
  touch "$BATS_TEST_TMPDIR/damage"
  snapshot
  [ "$status" -eq 1 ]
  [[ $stderr == *'does not have the checksum behind it'* ]]
  rm "$BATS_TEST_TMPDIR/damage"
  touch "$BATS_TEST_TMPDIR/age-fails"
  snapshot
  [ "$status" -eq 1 ]
  [[ $stderr == *"can't be encrypted"* ]]
  rm "$BATS_TEST_TMPDIR/age-fails" "$MACHINE/etc/kubernetes/pki/etcd/ca.key"
  snapshot
  [ "$status" -eq 1 ]
  [ -z "$(find "$STORE" -type f)" ]
  [ -z "$(clear_copies)" ]
}

@test "the last three stay, and a killed run's rest goes" {
  mkdir -p "$STORE"
  touch "$STORE"/2025010{1,2,3,4}T000000Z-cp-1.age "$STORE/.draft"
  echo old >"$MACHINE/var/lib/etcd/gitops-platform-snapshot.db.part"
  snapshot
  [ "$status" -eq 0 ]
  [ "$(find "$STORE" -type f -printf '%f\n' | sort | head -n 2 | tr '\n' ' ')" = '20250103T000000Z-cp-1.age 20250104T000000Z-cp-1.age ' ]
  [ "$(find "$STORE" -type f | wc -l)" -eq 3 ]
  [ -z "$(ls "$MACHINE/var/lib/etcd")" ]
}

@test "a machine that has not joined takes none, and one whose etcd is down says so" {
  : >"$BATS_TEST_TMPDIR/container"
  snapshot
  [ "$status" -eq 1 ]
  [[ $stderr == *'etcd does not run on this node; no snapshot was taken.'* ]]
  rm "$MACHINE/etc/kubernetes/manifests/etcd.yaml"
  snapshot
  [ "$status" -eq 0 ]
  [ ! -e "$STORE" ]
}
