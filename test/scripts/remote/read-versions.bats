#!/usr/bin/env bats
# Versions: read from what runs, a part that doesn't run is left out, an answer that doesn't come is a failure. With kubectl
# mocked; what the real one prints is not proved here.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  mkdir -p "$MACHINE/etc/gitops-platform"
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  fake sleep </dev/null
  : >"$BATS_TEST_TMPDIR/fails"
  nodes 1.27.4
  pods true quay.io/argoproj/argocd:v2.7.15@sha256:aa ghcr.io/flannel-io/flannel:v0.26.7 ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2 \
    docker.io/bitnami/sealed-secrets-controller:0.36.6 registry:5000/docker.io/cloudnativelabs/kube-router:v2.1.0
  fake kubectl <<'FAKE'
while IFS= read -r word; do [[ " $* " != *"$word"* ]] || exit 1; done <"${CALLS%/*}/fails"
case " $* " in
*" /version "*) echo '{"gitVersion": "v1.27.4"}' ;;
*" get nodes "*) cat "${CALLS%/*}/nodes" ;;
*" get pods "*etcd*) echo etcd-cp-1 ;;
*" get pods "*) cat "${CALLS%/*}/all-pods" ;;
*" member list "*) echo '1a, started, cp-1, https://10.78.0.11:2380, https://10.78.0.11:2379, false' ;;
*" endpoint status "*) echo '[{"Endpoint": "https://10.78.0.11:2379", "Status": {"version": "3.5.7"}}]' ;;
esac
FAKE
}

# nodes VERSION: of worker-1; cp-1 has 1.27.4.
nodes() {
  printf '{"items": [{"metadata": {"name": "cp-1"}, "status": {"nodeInfo": {"kubeletVersion": "v1.27.4"}}},
    {"metadata": {"name": "worker-1"}, "status": {"nodeInfo": {"kubeletVersion": "v%s"}}}]}' "$1" >"$BATS_TEST_TMPDIR/nodes"
}

# pods READY IMAGE…
pods() {
  local ready=$1
  shift
  printf '%s\n' "$@" | jq --raw-input --argjson ready "$ready" \
    '{spec: {containers: [{name: "it", image: .}]}, status: {containerStatuses: [{name: "it", ready: $ready}]}}' |
    jq --slurp '{items: .}' >"$BATS_TEST_TMPDIR/all-pods"
}

@test "every part has the version that runs" {
  on_machine kubernetes/read-versions.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -c . <<<"$output")" = \
    '{"versions":{"kubernetes":"1.27.4","etcd":"3.5.7","argocd":"2.7.15","sealedSecrets":"0.36.6","flannel":"0.26.7","kubeRouter":"2.1.0"}}' ]
}

@test "nodes that run another version are named" {
  nodes 1.27.3
  on_machine kubernetes/read-versions.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -r .versions.kubernetes <<<"$output")" = '1.27.3 (worker-1), 1.27.4 (API, cp-1)' ]
}

@test "a part that is not ready is not said to run" {
  pods false quay.io/argoproj/argocd:v2.7.15
  on_machine kubernetes/read-versions.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -c .versions <<<"$output")" = '{"kubernetes":"1.27.4","etcd":"3.5.7"}' ]
}

@test "two versions of a part are both said" {
  pods true quay.io/argoproj/argocd:v2.7.15 quay.io/argoproj/argocd:v2.13.9
  on_machine kubernetes/read-versions.sh apply
  [ "$(jq -r .versions.argocd <<<"$output")" = '2.13.9, 2.7.15' ]
}

@test "an answer that doesn't come ends the step without a version" {
  local call
  for call in /version 'get nodes' 'get pods --all' ' exec '; do
    echo "$call" >"$BATS_TEST_TMPDIR/fails"
    on_machine kubernetes/read-versions.sh apply
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [ "$(wc -l <<<"$stderr")" -eq 1 ]
  done
}
