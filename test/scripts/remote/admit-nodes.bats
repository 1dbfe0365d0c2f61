#!/usr/bin/env bats
# Admission: what a rebuilt machine left behind under its name is forgotten, and only that; the token and the certificates
# are renewed without a secret in any argument. With kubectl and kubeadm mocked.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  export NODES='worker-1 worker 10.78.0.21 machine-2' BOOTSTRAP_TOKEN=abcdef.secretsecretsecr UPLOAD_CERTS_CONFIG='' CONTROL_PLANES=''
  mkdir -p "$MACHINE/etc/gitops-platform" "$MACHINE/etc/kubernetes/pki"
  touch "$MACHINE/etc/gitops-platform/joined"
  echo "the CA" >"$MACHINE/etc/kubernetes/pki/ca.crt"
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  fake kubeadm <<<'case "$*" in version*) echo v1.27.4 ;; *) cat "${!#}" >"${CALLS%/*}/certs-config" ;; esac'
  fake kubectl <<'FAKE'
case " $* " in
*" get node "*) cat "${CALLS%/*}/node" ;;
*" apply "*) cat >"${CALLS%/*}/token" ;;
*" get pods "*) printf 'etcd-cp-1\netcd-cp-2\n' ;;
*" member list "*) echo '1a, started, cp-1, https://10.78.0.11:2380, x, false'; echo '2b, started, cp-2, https://10.78.0.12:2380, x, false' ;;
esac
FAKE
}

# known_as IDENTITY: what the cluster has under the node's name.
known_as() {
  printf '{"metadata":{"annotations":{"gitops-platform/identity":"%s"}}}' "$1" >"$BATS_TEST_TMPDIR/node"
}

@test "a node that is the same machine is let in, and nothing is forgotten" {
  known_as machine-2
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 0 ]
  [ "$output" = '{"caCertificate":"the CA\n","encrypted":false}' ]
  [ "$(jq -r 'select(.kind == "Secret") | .stringData["token-id"] + .metadata.name' "$BATS_TEST_TMPDIR/token")" = abcdefbootstrap-token-abcdef ]
  [ "$(jq -c 'select(.kind == "ClusterRole") | .rules' "$BATS_TEST_TMPDIR/token")" = '[{"apiGroups":["apps"],"resources":["daemonsets"],"verbs":["get"]}]' ]
  [ "$(calls secretsecret)" -eq 0 ]
  [ "$(calls ' delete ')" -eq 0 ]
  [ "$(calls '^kubeadm')" -eq 0 ]
}

@test "a worker that is another machine now is forgotten first" {
  known_as machine-1
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 0 ]
  [[ $stderr == *'worker-1 is another machine now (was machine-1, is machine-2): forgetting the old one'* ]]
  [ "$(calls 'delete node worker-1')" -eq 1 ]
  [ "$(calls 'member')" -eq 0 ]
}

@test "a control plane that is another machine leaves etcd through another member, and gets the certificates" {
  export NODES='cp-2 control-plane 10.78.0.12 machine-2' UPLOAD_CERTS_CONFIG='certificateKey: secretkey'
  known_as machine-1
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls 'exec etcd-cp-1 .* member remove 2b')" -eq 1 ]
  [ "$(calls 'exec etcd-cp-2')" -eq 0 ]
  [ "$(calls 'delete node cp-2')" -eq 1 ]
  [ "$(calls '^kubeadm init phase upload-certs')" -eq 1 ]
  [ "$(cat "$BATS_TEST_TMPDIR/certs-config")" = $'certificateKey: secretkey\nkubernetesVersion: v1.27.4' ]
  [ "$(calls secretkey)" -eq 0 ]
  [ ! -e "$MACHINE/run/gitops-platform" ]
}

@test "a control plane whose Node is gone already still leaves etcd" {
  export NODES='cp-2 control-plane 10.78.0.12 machine-2'
  : >"$BATS_TEST_TMPDIR/node"
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls 'exec etcd-cp-1 .* member remove 2b')" -eq 1 ]
  [ "$(calls 'delete node')" -eq 0 ]
}

@test "an etcd that can't let the member go stops the admission" {
  export NODES='cp-2 control-plane 10.78.0.12 machine-2'
  known_as machine-1
  sed -i '/member list/i *" member remove "*) exit 1 ;;' "$FAKES/kubectl"
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"can't remove the etcd member 2b of cp-2"* ]]
  [ ! -e "$BATS_TEST_TMPDIR/token" ]
}

@test "an etcd that can't be asked about a rebuilt control plane stops the admission, also when its Node is gone" {
  export NODES='cp-2 control-plane 10.78.0.12 machine-2'
  fake sleep </dev/null
  sed -i '/member list/i *" exec "*) exit 1 ;;' "$FAKES/kubectl"
  known_as machine-1
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"can't ask etcd about cp-2"* ]]
  : >"$BATS_TEST_TMPDIR/node"
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 1 ]
  [ "$(calls 'delete node')" -eq 0 ]
  [ ! -e "$BATS_TEST_TMPDIR/token" ]
}

@test "an API that can't say whose Node it is stops the admission" {
  sed -i '/get node/s/.*/*" get node "*) exit 1 ;;/' "$FAKES/kubectl"
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"can't ask the API for the Node worker-1"* ]]
  [ ! -e "$BATS_TEST_TMPDIR/token" ]
}

@test "certificates that can't be uploaded are said, and the secret is cleaned" {
  export NODES='cp-2 control-plane 10.78.0.12 machine-2' UPLOAD_CERTS_CONFIG='certificateKey: secretkey'
  known_as machine-2
  fake kubeadm <<<'echo "error: no API"; exit 1'
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"can't upload the control plane certificates: error: no API; see"* ]]
  [ ! -e "$MACHINE/run/gitops-platform" ]
}

# with_members URL…: three members, of which those with these addresses don't answer.
with_members() {
  fake kubectl <<'FAKE'
case " $* " in
*" get node "*) cat "${CALLS%/*}/node" ;;
*" apply "*) cat >/dev/null ;;
*" get pods "*) printf 'etcd-cp-1\netcd-cp-3\n' ;;
*" member list "*)
  echo '1a, started, cp-1, https://10.78.0.11:2380, https://10.78.0.11:2379, false'
  echo '2b, started, cp-old, https://10.78.0.12:2380, https://10.78.0.12:2379, false'
  echo '3c, started, cp-3, https://10.78.0.13:2380, https://10.78.0.13:2379, false' ;;
*" endpoint health "*) ! grep -qF "${!#}" "${CALLS%/*}/dead" ;;
esac
FAKE
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/dead"
  fake sleep </dev/null
}

@test "a member that left the stack and does not answer is forgotten before a control plane joins; one that answers is not" {
  export NODES='cp-9 control-plane 10.78.0.19 machine-9' UPLOAD_CERTS_CONFIG='certificateKey: secretkey'
  export CONTROL_PLANES=$'cp-1 10.78.0.11\ncp-3 10.78.0.13\ncp-9 10.78.0.19'
  known_as machine-9
  with_members https://10.78.0.12:2379
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 0 ]
  [[ $stderr == *'cp-old is no control plane of the stack any more, and does not answer: forgetting it'* ]]
  [ "$(calls 'member remove 2b')" -eq 1 ]
  [ "$(calls 'member remove')" -eq 1 ]
  [ "$(calls 'delete node cp-old')" -eq 1 ]
  with_members nobody
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls 'member remove')" -eq 1 ]
}

@test "a dead member of the stack is not forgotten, and one whose loss costs the majority neither" {
  export NODES='cp-9 control-plane 10.78.0.19 machine-9' UPLOAD_CERTS_CONFIG='certificateKey: secretkey'
  export CONTROL_PLANES=$'cp-1 10.78.0.11\ncp-old 10.78.0.12\ncp-3 10.78.0.13\ncp-9 10.78.0.19'
  known_as machine-9
  with_members https://10.78.0.12:2379
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 0 ]
  CONTROL_PLANES=$'cp-1 10.78.0.11\ncp-3 10.78.0.13\ncp-9 10.78.0.19'
  with_members https://10.78.0.12:2379 https://10.78.0.13:2379
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *'nothing was removed'* ]]
  [ "$(calls 'member remove')" -eq 0 ]
}

@test "a machine of no cluster lets only itself in, and says that there is no cluster" {
  rm "$MACHINE/etc/gitops-platform/joined"
  NODES='cp-1 control-plane 10.78.0.11 machine-1' on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 0 ]
  [ "$output" = '{"caCertificate":""}' ]
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *'this control plane has not joined the cluster yet, and can let no other node in'* ]]
  [ "$(calls '^kube')" -eq 0 ]
}

@test "a control plane that encrypts says so, and lets no new control plane in with another key" {
  known_as machine-2
  mkdir -p "$MACHINE/etc/kubernetes/hardening"
  printf '      - secretbox:\n          keys:\n            - {name: key-127b815c, secret: "a2V5"}\n      - identity: {}\n' >"$MACHINE/etc/kubernetes/hardening/encryption.yaml"
  export ENCRYPTION_KEY=a2V5
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq .encrypted <<<"$output")" = true ]
  export ENCRYPTION_KEY=b3RoZXI
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq .encrypted <<<"$output")" = false ]
  export NODES='cp-2 control-plane 10.78.0.12 machine-2'
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 0 ]
  : >"$BATS_TEST_TMPDIR/node"
  on_machine kubernetes/admit-nodes.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *"encrypted with a key that is not in the stack's state, so the control plane cp-2 can't join; nothing was changed"* ]]
}
