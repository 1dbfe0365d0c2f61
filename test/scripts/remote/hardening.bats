#!/usr/bin/env bats
# A control plane that was not hardened becomes so, in its turn, and its Secrets become encrypted once all have the key. With the
# real kubeadm of the mirror; kubelet, containerd, etcd and the API are mocked, the drill `hardening` has them.
bats_require_minimum_version 1.5.0
load machine.bash

setup_file() {
  local files
  files=${XDG_CACHE_HOME:-$HOME/.cache}/gitops-platform/mirror/files/dl.k8s.io/release/v1.27.4
  KUBEADM=$(find "$files" -name kubeadm)
  [ -x "$KUBEADM" ] || { echo "no kubeadm below $files: run npm run mirror first" >&2 && return 1; }
  export KUBEADM PKI=$BATS_FILE_TMPDIR/pki
  (cd "$BATS_TEST_DIRNAME/../../.." && npx tsx test/scripts/remote/render-hardening.ts) >"$BATS_FILE_TMPDIR/variables"
  # What a cluster has that was founded without.
  printf 'apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nkubernetesVersion: v1.27.4\n' >"$BATS_FILE_TMPDIR/plain.yaml"
  unshare --mount --propagation private bash -euc '
    mkdir -p "$1/etc/kubernetes" && mount --bind "$1/etc" /etc
    "$KUBEADM" init phase certs all --config "$2"
    "$KUBEADM" init phase control-plane all --config "$2"' - "$BATS_FILE_TMPDIR/machine" "$BATS_FILE_TMPDIR/plain.yaml" >"$BATS_FILE_TMPDIR/log" 2>&1
}

setup() {
  create_machine
  # shellcheck disable=SC1091 # made above
  . "$BATS_FILE_TMPDIR/variables"
  export NODE_ROLE=control-plane KUBERNETES_VERSION=1.27.4 MACHINE_DEFINITION='' DRAIN_TIMEOUT_SECONDS=30 DRAIN_GRACE_PERIOD_SECONDS=-1 RENEW_ENDING='' ENDPOINT_NAME='' LAST=yes SEALED_WITH=key-127b815c
  K=$MACHINE/etc/kubernetes
  cp -a "$BATS_FILE_TMPDIR/machine/etc/kubernetes" "$K"
  mkdir -p "$MACHINE/etc/gitops-platform" "$MACHINE/var/lib/etcd/member"
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  echo '{}' >"$MACHINE/etc/gitops-platform/kubeadm-files.json"
  fake systemctl sleep </dev/null
  fake crictl <<<'jq -n --arg at "$(date +%s%N)" "{containers: [{id: \"x\", createdAt: \$at}]}"'
  fake curl <<<'case "$*" in *2381*) printf "{\"health\":\"true\"}" ;; *) printf ok ;; esac'
  fake kubeadm <<'FAKE'
case "$*" in "init phase upload-config"*) [ ! -e "${CALLS%/*}/upload-dies" ] || { echo no; exit 1; }; cp "${!#}" "${CALLS%/*}/uploaded" ;;
*) exec "$KUBEADM" "$@" ;; esac
FAKE
  printf '/registry/secrets/argocd/a k8s:enc:secretbox:v1:key-127b815c:x\n/registry/secrets/default/b k8s\\0x\n' >"$BATS_TEST_TMPDIR/etcd"
  fake kubectl <<'FAKE'
at=${CALLS%/*}
case " $* " in
*" get configmap kubeadm-config "*) [ ! -e "$at/uploaded" ] || cat "$at/uploaded"; printf 'clusterName: test\nkubernetesVersion: v1.27.4\npodSubnet: 10.244.0.0/16\nserviceSubnet: 10.96.0.0/12\n' ;;
*" --selector component=etcd "*) printf 'etcd-cp-1\netcd-cp-2\n' ;;
*" member list "*) for i in 1 2; do echo "${i}a, started, cp-$i, https://10.78.0.1$i:2380, https://10.78.0.1$i:2379, false"; done ;;
*" endpoint health "*) [ ! -e "$at/sick" ] ;;
*" get /registry/secrets/ "*) jq --raw-input --null-input '{kvs: [inputs | split(" ") | {key: (.[0] | @base64), value: (.[1] | @base64)}]}' "$at/etcd" ;;
*" create secret generic "*) echo "/registry/secrets/kube-system/${!#} k8s:enc:secretbox:v1:$SEALED_WITH:x" >>"$at/etcd" ;;
*" delete secret "*) sed -i /gitops-platform-encryption/d "$at/etcd" ;;
*" replace "*) cat >/dev/null; [ -e "$at/immutable" ] || sed -i "s/ .*/ k8s:enc:secretbox:v1:$SEALED_WITH:x/" "$at/etcd" ;;
esac
FAKE
}

turn() { on_machine kubernetes/activate-node.sh apply; }
encrypt() { on_machine kubernetes/encrypt-secrets.sh apply; }
phases() { sed -n 's/^kubeadm init phase \(.*\) --config.*/\1/p' "$CALLS" | tr '\n' ','; }

@test "every part gets its arguments, one after the other, with the configuration in the cluster first; once" {
  turn
  [ "$status" -eq 0 ]
  [ "$(phases)" = 'upload-config kubeadm,control-plane apiserver,control-plane controller-manager,control-plane scheduler,' ]
  grep -qx 'kubernetesVersion: v1.27.4' "$BATS_TEST_TMPDIR/uploaded"
  grep -qx '    - --audit-policy-file=/etc/kubernetes/hardening/audit-policy.yaml' "$K/manifests/kube-apiserver.yaml"
  grep -qx '    - --profiling=false' "$K/manifests/kube-scheduler.yaml"
  [ "$(sed -n '/providers:/{n;p}' "$K/hardening/encryption.yaml")" = '      - identity: {}' ]
  [ "$(jq .cluster.hardened <<<"$output")" = true ]
  [ "$(calls ' drain ')" -eq 0 ]
  [ "$(calls a2V5)" -eq 0 ]
  [ ! -e "$MACHINE/run/gitops-platform" ]
  [ "$(stat -c %a "$K/pki/ca.crt" "$K/pki/etcd/server.crt" "$MACHINE/var/lib/etcd" | tr '\n' ' ')" = '600 600 700 ' ]
  [ -n "$(jq -r '.written.files["/etc/kubernetes/hardening/audit-policy.yaml"]' <<<"$output")" ]
  [ "$(jq 'has("/etc/kubernetes/hardening/encryption.yaml")' "$MACHINE/etc/gitops-platform/kubeadm-files.json")" = false ]
  : >"$CALLS"
  turn
  [ "$status" -eq 0 ]
  [ "$(phases)" = '' ]
}

@test "another policy starts the API server again, and no other part" {
  turn
  : >"$CALLS"
  export MANIFEST_LINES=${MANIFEST_LINES/name: hardening-/name: hardening-x} PHASE_CONFIG=${PHASE_CONFIG/name: hardening-/name: hardening-x} AUDIT_POLICY=other
  cp "$K/manifests/kube-scheduler.yaml" "$BATS_TEST_TMPDIR/scheduler"
  turn
  [ "$status" -eq 0 ]
  [ "$(cat "$K/hardening/audit-policy.yaml")" = other ]
  [ "$(grep -c 'name: hardening-x' "$K/manifests/kube-apiserver.yaml")" -eq 2 ]
  cmp "$K/manifests/kube-scheduler.yaml" "$BATS_TEST_TMPDIR/scheduler"
}

@test "a turn that is cut off goes on, and one whose etcd is not whole does not begin" {
  touch "$BATS_TEST_TMPDIR/upload-dies"
  turn
  [ "$status" -eq 1 ]
  [[ $stderr == *'kubeadm init phase upload-config kubeadm failed: no; no other control plane is touched'* ]]
  rm "$BATS_TEST_TMPDIR/upload-dies"
  touch "$BATS_TEST_TMPDIR/sick"
  turn
  [ "$status" -eq 1 ]
  [[ $stderr == *"it is not this node's turn"* ]]
  ! grep -q audit "$K/manifests/kube-apiserver.yaml"
  rm "$BATS_TEST_TMPDIR/sick"
  turn
  [ "$status" -eq 0 ]
  grep -q audit "$K/manifests/kube-apiserver.yaml"
}

@test "a cluster that is not to be hardened keeps what it has" {
  export AUDIT_POLICY='' ADMISSION='' ENCRYPTION_KEY='' MANIFEST_LINES='' PHASE_CONFIG=''
  turn
  [ "$status" -eq 0 ]
  [ "$(phases)" = '' ]
  [ ! -e "$K/hardening" ]
  [ "$(jq .cluster.hardened <<<"$output")" = false ]
}

@test "Secrets are encrypted by the order of the providers, and those that are there are written again" {
  turn
  encrypt
  [ "$status" -eq 0 ]
  [ "$output" = '{"encrypted":2}' ]
  [[ $(sed -n '/providers:/{n;p}' "$K/hardening/encryption.yaml") == *secretbox* ]]
  [[ $stderr == *'1 Secrets are written again, encrypted'* ]]
  ! grep -q 'k8s.0x' "$BATS_TEST_TMPDIR/etcd"
  : >"$CALLS"
  encrypt
  [ "$output" = '{"encrypted":2}' ]
  [ "$(calls 'replace\|create secret')" -eq 0 ]
}

@test "an API server that goes on writing in clear fails the step, and so does a Secret that stays in clear" {
  turn
  fake sleep <<<'exec /usr/bin/sleep 0.01'
  touch "$BATS_TEST_TMPDIR/immutable"
  encrypt
  [ "$status" -eq 1 ]
  [[ $stderr == *"etcd still holds Secrets that are not encrypted with the stack's key: default/b"* ]]
  rm "$K/hardening/encryption.yaml"
  encrypt
  [ "$status" -eq 1 ]
  [[ $stderr == *'encryption.yaml is missing, although this control plane had its turn'* ]]
  ENCRYPTION_KEY=b3RoZXI encrypt
  [ "$status" -eq 1 ]
}

@test "an etcd that shows no Secret is believed only where the API server has none, and can say so" {
  turn
  encrypt
  : >"$BATS_TEST_TMPDIR/etcd"
  encrypt
  [ "$output" = '{"encrypted":0}' ]
  sed -i '/case " \$\* " in/a *" get secrets --all-namespaces --output name "*) [ ! -e "$at/dumb" ] \&\& echo secret/a ;;' "$FAKES/kubectl"
  encrypt
  [ "$status" -eq 1 ]
  [[ $stderr == *'etcd shows no Secret, and the API server has 1: whether they are encrypted is not known'* ]]
  touch "$BATS_TEST_TMPDIR/dumb"
  encrypt
  [ "$status" -eq 1 ]
  [[ $stderr == *"can't ask the API server for its Secrets"* ]]
}

@test "another key is added in the turn, and takes the place of the first one when all have it" {
  turn
  encrypt
  export ENCRYPTION_KEY=b3RoZXI SEALED_WITH
  SEALED_WITH=key-$(sha256sum <<<b3RoZXI | cut -c 1-8)
  keys() { sed -n 's/.*name: \(key-[0-9a-f]*\).*/\1/p' "$K/hardening/encryption.yaml" | tr '\n' ' '; }
  : >"$CALLS"
  turn
  [ "$status" -eq 0 ]
  [ "$(phases)" = '' ]
  [ "$(keys)" = "key-127b815c $SEALED_WITH " ]
  encrypt
  [ "$status" -eq 0 ]
  [ "$output" = '{"encrypted":2}' ]
  [ "$(keys)" = "$SEALED_WITH key-127b815c " ]
  [ "$(grep -c "$SEALED_WITH" "$BATS_TEST_TMPDIR/etcd")" -eq 2 ]
}

@test "only the last control plane writes Secrets again: the others' API servers may still write in clear" {
  turn
  LAST=no encrypt
  [ "$status" -eq 0 ]
  [ "$output" = '{}' ]
  [ "$(calls ' replace ')" -eq 0 ]
}
