#!/usr/bin/env bats
# The control plane that no other one lets in: it founds the cluster once, starts over when half-done, and is never silently replaced.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  export IDENTITY=machine-1 POD_CIDR='' NODE_ROLE=control-plane CA_CERTIFICATE='' JOIN_CONFIG='' RENEW_COMMAND='' RESTORE=''
  export INIT_CONFIG=$'token: abcdef.secretsecretsecr\n---\nclusterName: test\nkubernetesVersion: v1.27.4\nnetworking:\n  podSubnet: 10.244.0.0/16\n  serviceSubnet: 10.96.0.0/12'
  printf 'clusterName: %s\nkubernetesVersion: v1.27.4\nnetworking:\n  dnsDomain: cluster.local\n  podSubnet: 10.244.0.0/16\n  serviceSubnet: 10.96.0.0/12\n' \
    test >"$BATS_TEST_TMPDIR/kubeadm-config"
  mkdir -p "$MACHINE/etc/gitops-platform"
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  printf '  server %s:6443\n' 'cp-1 10.78.0.11' 'cp-2 10.78.0.12' >"$MACHINE/etc/gitops-platform/kube-apiserver-proxy.cfg"
  fake systemctl ip iptables-save iptables-restore ip6tables-save ip6tables-restore ipset </dev/null
  fake kubectl <<<'case " $* " in *" get configmap kubeadm-config "*) cat "${CALLS%/*}/kubeadm-config" ;; *) [ -t 0 ] || cat >/dev/null ;; esac'
  answering 10.78.0.11
  # The only use of it asks whether a port is open.
  fake timeout <<<'[ -e "${CALLS%/*}/etcd-listens" ]'
  fake kubeadm <<'FAKE'
case $1 in
init)
  cat "$3" >"${CALLS%/*}/config-seen"
  stat -c %a "$3" >"${CALLS%/*}/config-mode"
  mkdir -p /etc/kubernetes/pki /etc/kubernetes/manifests /var/lib/etcd/member /var/lib/kubelet
  echo "the CA" >/etc/kubernetes/pki/ca.crt
  touch /etc/kubernetes/admin.conf /var/lib/etcd/member/wal
  [ ! -e "${CALLS%/*}/init-dies" ] || { echo "[ERROR Port-6443]: in use"; exit 1; } ;;
esac
FAKE
}

@test "the first run founds the cluster, the second prints the same and does nothing" {
  local sum RESULT
  sum=$(sha256sum <<<"the CA")
  RESULT='{"caCertificate":"the CA\n","cluster":{"name":"test","podSubnet":"10.244.0.0/16","serviceSubnet":"10.96.0.0/12","kubernetes":"1.27.4","hardened":false},"node":"cp-1","written":{"files":{"/etc/kubernetes/pki/ca.crt":"'${sum%% *}'"},"units":{"kubelet":""}}}'
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -c . <<<"$output")" = "$RESULT" ]
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -c . <<<"$output")" = "$RESULT" ]
  [ "$(calls '^kubeadm init')" -eq 1 ]
}

# a_snapshot: brings one as `npm run snapshots` does; RESTORE names it.
a_snapshot() {
  local content=$BATS_TEST_TMPDIR/content brought=$MACHINE/var/lib/gitops-platform/restore sum
  mkdir -p "$content/pki/etcd" "$brought"
  echo "the old CA" >"$content/pki/ca.crt"
  (umask 077 && echo "the old key" >"$content/pki/etcd/ca.key")
  echo "the old data" >"$content/etcd.db"
  tar -czf "$BATS_TEST_TMPDIR/pack" -C "$content" pki etcd.db "$@"
  sum=$(sha256sum <"$BATS_TEST_TMPDIR/pack" | cut -d' ' -f1)
  mv "$BATS_TEST_TMPDIR/pack" "$brought/$sum.tar.gz"
  export RESTORE="20260101T000000Z-cp-1.age $sum"
  fake kubeadm <<'FAKE'
case $1 in
version) echo v1.27.4 ;;
config) printf '%s\n' registry.k8s.io/kube-apiserver:v1.27.4 registry.k8s.io/etcd:3.5.7-0 ;;
init)
  printf '%s %s' "$(cat /var/lib/etcd/member/data)" "$(stat -c %a /etc/kubernetes/pki/etcd/ca.key)" >"${CALLS%/*}/data-seen"
  [ ! -e "${CALLS%/*}/init-dies" ] || exit 1
  mkdir -p /var/lib/kubelet ;;
reset) rm -rf /etc/kubernetes /var/lib/etcd ;;
esac
FAKE
  fake ctr <<'FAKE'
[ "$4" != mount ] || {
  mkdir -p "$6/usr/local/bin"
  printf '#!/bin/bash\n[ ! -e "${CALLS%%/*}/etcd-dies" ] || { echo "no database"; exit 1; }\necho "etcdctl $*" >>"$CALLS"\nmkdir -p "$5/member"; cp "$3" "$5/member/data"\n' >"$6/usr/local/bin/etcdctl"
  chmod 755 "$6/usr/local/bin/etcdctl"
}
[ "$4" != unmount ] || rm -r "$6/usr"
FAKE
}

@test "with a snapshot the cluster is founded with its data and CAs, once, and killed midway it starts over" {
  a_snapshot
  touch "$BATS_TEST_TMPDIR/init-dies"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  rm "$BATS_TEST_TMPDIR/init-dies"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(cat "$BATS_TEST_TMPDIR/data-seen")" = 'the old data 600' ]
  [ "$(jq -r .caCertificate <<<"$output")" = 'the old CA' ]
  [ "$(calls '^kubeadm init .*--ignore-preflight-errors=DirAvailable--var-lib-etcd')" -eq 2 ]
  [ "$(calls '^etcdctl snapshot restore .* --name cp-1 --initial-cluster cp-1=https://10.78.0.11:2380 ')" -eq 2 ]
  [ "$(calls '^ctr --namespace k8s.io images unmount')" -eq 2 ]
  [ ! -e "$MACHINE/var/lib/gitops-platform/restore" ]
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^etcdctl')" -eq 2 ]
}

@test "the keys of a snapshot's Secrets are there beside the stack's own before kubeadm starts the API server" {
  mkdir -p "$BATS_TEST_TMPDIR/content"
  printf '%s\n' resources: '      - secretbox:' '          keys:' '            - {name: key-0ld, secret: "b2xk"}' >"$BATS_TEST_TMPDIR/content/encryption.yaml"
  a_snapshot encryption.yaml
  export AUDIT_POLICY='the policy' ADMISSION='the admission'
  ENCRYPTION_KEY='' on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *'the Secrets in the snapshot 20260101T000000Z-cp-1.age are encrypted, and nothing is hardened by this stack (cluster.unhardened)'* ]]
  [ "$(calls '^kubeadm init')" -eq 0 ]
  ENCRYPTION_KEY=a2V5 on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  local file=$MACHINE/etc/kubernetes/hardening/encryption.yaml
  [ "$(grep -o 'secret: .*' "$file" | tr '\n' ' ')" = 'secret: "b2xk"} secret: "a2V5"} ' ]
  [ "$(stat -c %a "$file" "${file%/*}" | tr '\n' ' ')" = '600 700 ' ]
}

@test "where a snapshot waits, no empty cluster is founded" {
  a_snapshot
  RESTORE='' on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *'a snapshot waits in /var/lib/gitops-platform/restore, and this update would found an empty cluster; nothing was changed.'* ]]
  [ "$(calls '^kubeadm')" -eq 0 ]
}

@test "a snapshot that is another one, or that etcd refuses, founds nothing" {
  a_snapshot
  touch "$BATS_TEST_TMPDIR/etcd-dies"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"etcd can't restore the snapshot: no database; nothing was founded."* ]]
  echo more >>"$MACHINE/var/lib/gitops-platform/restore/${RESTORE#* }.tar.gz"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *'is not the snapshot 20260101T000000Z-cp-1.age (its checksum differs); nothing was founded.'* ]]
  [ "$(calls '^kubeadm init')" -eq 0 ]
}

@test "what kubeadm wrote stays the expectation when somebody edits it and the step runs again" {
  on_machine kubernetes/join-node.sh apply
  first=$output
  echo "another CA" >"$MACHINE/etc/kubernetes/pki/ca.crt"
  on_machine kubernetes/join-node.sh apply
  [ "$(jq -c .written <<<"$output")" = "$(jq -c .written <<<"$first")" ]
}

@test "the token is in a file for root only, in no argument, and is gone afterwards" {
  on_machine kubernetes/join-node.sh apply
  [ "$(cat "$BATS_TEST_TMPDIR/config-seen")" = "$INIT_CONFIG" ]
  [ "$(cat "$BATS_TEST_TMPDIR/config-mode")" = 600 ]
  [ "$(calls secretsecret)" -eq 0 ]
  [ ! -e "$MACHINE/run/gitops-platform" ]
}

@test "a failed init says why, cleans its secret, and is started over" {
  touch "$BATS_TEST_TMPDIR/init-dies"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"kubeadm init failed: [ERROR Port-6443]: in use"* ]]
  [ ! -e "$MACHINE/run/gitops-platform" ]
  rm "$BATS_TEST_TMPDIR/init-dies"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^kubeadm reset --force')" -eq 1 ]
  [ "$(calls '^kubeadm init')" -eq 2 ]
}

@test "a lost etcd directory is not replaced by an empty cluster" {
  on_machine kubernetes/join-node.sh apply
  rm -r "$MACHINE/var/lib/etcd/member"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"/var/lib/etcd/member is gone; an empty cluster would take its place. Restore an etcd snapshot there, or rebuild the machine, and run again" ]]
  [ "$(calls '^kubeadm init')" -eq 1 ]
  [ "$(calls '^kubeadm reset')" -eq 0 ]
}

@test "a second cluster beside a living one is refused" {
  answering 10.78.0.12
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"this machine has no cluster, but the control plane cp-2 (10.78.0.12) has one; a second one would split it."* ]]
  [ "$(calls '^kubeadm')" -eq 0 ]
}

@test "a second cluster beside one whose API is down is refused: its etcd still listens" {
  touch "$BATS_TEST_TMPDIR/etcd-listens"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"the control plane cp-2 (10.78.0.12) has one"* ]]
  [ "$(calls '^timeout 2 bash -c </dev/tcp/10.78.0.12/2380')" -eq 1 ]
  [ "$(calls '^kubeadm')" -eq 0 ]
}

@test "a machine that doesn't found the cluster founds none when nobody answers" {
  INIT_CONFIG='' on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"no other control plane answers, and this machine is not the one that founds a cluster; nothing was changed."* ]]
  [ "$(calls '^kubeadm')" -eq 0 ]
}

@test "a member stays what it is when another one admits it, and when none does" {
  on_machine kubernetes/join-node.sh apply
  CA_CERTIFICATE='another CA' JOIN_CONFIG='token: abc' on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  mv "$MACHINE/etc/gitops-platform/initialised" "$MACHINE/etc/gitops-platform/joined"
  INIT_CONFIG='' on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^kubeadm init')" -eq 1 ]
  [ "$(calls '^kubeadm join')" -eq 0 ]
}

@test "what a living cluster was founded with is not changed, and one that can't say it is not touched" {
  local change
  on_machine kubernetes/join-node.sh apply
  for change in 's/clusterName: test/clusterName: other/' 's|podSubnet: .*|podSubnet: 10.200.0.0/16|' \
    's|serviceSubnet: .*|serviceSubnet: 10.112.0.0/12|'; do
    INIT_CONFIG=$(sed "$change" <<<"$INIT_CONFIG") on_machine kubernetes/join-node.sh apply
    [ "$status" -eq 1 ]
    [[ $stderr == *"of a living cluster can't be changed (got "* ]]
    [ -z "$output" ]
  done
  : >"$BATS_TEST_TMPDIR/kubeadm-config"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"can't read the ConfigMap kube-system/kubeadm-config"* ]]
}

@test "another version is left to each node's turn; one that Kubernetes can't go to is refused" {
  local version
  on_machine kubernetes/join-node.sh apply
  for version in 1.27.4 1.27.16 1.28.0; do
    INIT_CONFIG=${INIT_CONFIG/v1.27.4/v$version} on_machine kubernetes/join-node.sh apply
    [ "$status" -eq 0 ]
    [ "$(jq -r .cluster.kubernetes <<<"$output")" = 1.27.4 ]
  done
  for version in 1.27.3 1.26.15 1.29.0 2.27.4; do
    INIT_CONFIG=${INIT_CONFIG/v1.27.4/v$version} on_machine kubernetes/join-node.sh apply
    [ "$status" -eq 1 ]
    [[ $stderr == *"Kubernetes 1.27.4 can't become $version: "* ]]
  done
}

@test "an unprepared machine is refused" {
  rm "$MACHINE/etc/gitops-platform/owner"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [ ! -s "$CALLS" ]
}

@test "the undo resets, twice without complaint; with a foreign marker it does nothing" {
  on_machine kubernetes/join-node.sh apply
  STACK_ID=gitops-platform/other/other on_machine kubernetes/join-node.sh destroy
  [ "$status" -eq 0 ]
  [ -e "$MACHINE/etc/kubernetes/admin.conf" ]
  on_machine kubernetes/join-node.sh destroy
  [ "$status" -eq 0 ]
  [ ! -e "$MACHINE/etc/kubernetes" ]
  [ -z "$(ls -A "$MACHINE/var/lib/etcd")" ]
  [ ! -e "$MACHINE/etc/gitops-platform/initialised" ]
  on_machine kubernetes/join-node.sh destroy
  [ "$status" -eq 0 ]
}

@test "a hardened founder has what its API server reads before kubeadm starts it, the key for root only" {
  export AUDIT_POLICY='the policy' ADMISSION='the admission' ENCRYPTION_KEY=a2V5a2V5
  fake kubeadm <<'FAKE'
ls /etc/kubernetes/hardening >"${CALLS%/*}/files-seen"
mkdir -p /etc/kubernetes/pki /etc/kubernetes/manifests /var/lib/etcd/member /var/lib/kubelet
echo "the CA" >/etc/kubernetes/pki/ca.crt
touch /var/lib/kubelet/config.yaml
env >"${CALLS%/*}/environment"
FAKE
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(tr '\n' ' ' <"$BATS_TEST_TMPDIR/files-seen")" = 'admission.yaml audit-policy.yaml encryption.yaml ' ]
  local directory=$MACHINE/etc/kubernetes/hardening
  [ "$(stat -c %a "$directory" "$directory/encryption.yaml" "$MACHINE/var/log/kubernetes/audit" | tr '\n' ' ')" = '700 600 700 ' ]
  [ "$(cat "$directory/audit-policy.yaml")" = 'the policy' ]
  [ "$(tail -n 4 "$directory/encryption.yaml" | tr -s ' \n' ' ' | sed 's/key-[0-9a-f]*/key-X/')" = ' - secretbox: keys: - {name: key-X, secret: "a2V5a2V5"} - identity: {} ' ]
  [ "$(calls a2V5a2V5)" -eq 0 ]
  ! grep -q a2V5a2V5 "$BATS_TEST_TMPDIR/environment"
  [ "$(stat -c %a "$MACHINE/etc/kubernetes/pki/ca.crt" "$MACHINE/var/lib/kubelet/config.yaml" "$MACHINE/var/lib/etcd" | tr '\n' ' ')" = '600 600 700 ' ]
  [ "$(jq -c '.written.files | keys' <<<"$output")" = '["/etc/kubernetes/hardening/admission.yaml","/etc/kubernetes/hardening/audit-policy.yaml","/etc/kubernetes/pki/ca.crt","/var/lib/kubelet/config.yaml"]' ]
}
