#!/usr/bin/env bats
# Which control plane lets a node in: the first that answers and is not the node itself; a silent one is waited for. With curl,
# ping and timeout mocked.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  export NODE_NAME=cp-1
  mkdir -p "$MACHINE/etc/gitops-platform"
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  printf '  server %s:6443\n' 'cp-1 10.78.0.11' 'cp-2 10.78.0.12' 'cp-3 10.78.0.13' >"$MACHINE/etc/gitops-platform/kube-apiserver-proxy.cfg"
  answering 10.78.0.11
  fake ping </dev/null
  fake sleep </dev/null
  fake timeout <<<'exit 1' # refused
}

@test "the first one that answers, never the node itself" {
  answering 10.78.0.11 10.78.0.12 10.78.0.13
  on_machine kubernetes/find-control-plane.sh apply
  [ "$status" -eq 0 ]
  [ "$output" = cp-2 ]
  answering 10.78.0.13
  on_machine kubernetes/find-control-plane.sh apply
  [ "$output" = cp-3 ]
  NODE_NAME=worker-1 on_machine kubernetes/find-control-plane.sh apply
  [ "$output" = cp-3 ]
}

@test "nothing when all refuse, or are away: nothing was founded yet" {
  on_machine kubernetes/find-control-plane.sh apply
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  fake timeout <<<'exit 124'
  fake ping <<<'exit 1'
  on_machine kubernetes/find-control-plane.sh apply
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  [ "$(calls '^sleep')" -eq 0 ]
}

@test "one whose firewall doesn't know the node yet is waited for" {
  fake timeout <<<'exit 124'
  fake sleep <<<'echo 10.78.0.12 >"${CALLS%/*}/answering"'
  on_machine kubernetes/find-control-plane.sh apply
  [ "$status" -eq 0 ]
  [ "$output" = cp-2 ]
  [ "$(calls '^sleep 1')" -eq 1 ]
}

@test "a machine that the stack has not prepared is refused" {
  rm "$MACHINE/etc/gitops-platform/owner"
  on_machine kubernetes/find-control-plane.sh apply
  [ "$status" -eq 1 ]
  [ ! -s "$CALLS" ]
}
