#!/usr/bin/env bats
# Leaving the cluster: drained, out of etcd, and the Node deleted; refused, with nothing removed, whenever the API or etcd
# could not be asked or a majority would be lost. With kubectl mocked.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  export MEMBER_NAME=cp-2 MEMBER_ROLE=control-plane MEMBER_ADDRESS=10.78.0.12 DRAIN_TIMEOUT_SECONDS=45 DRAIN_GRACE_PERIOD_SECONDS=-1
  mkdir -p "$MACHINE/etc/kubernetes"
  echo config >"$MACHINE/etc/kubernetes/admin.conf"
  mkdir -p "$MACHINE/etc/gitops-platform"
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  fake sleep </dev/null
  printf 'etcd-%s\n' cp-2 cp-1 cp-3 >"$BATS_TEST_TMPDIR/pods"
  members cp-1 cp-2 cp-3
  # A word in `fails` that a call holds makes that call fail.
  : >"$BATS_TEST_TMPDIR/fails"
  fake kubectl <<'FAKE'
while IFS= read -r word; do [[ " $* " != *"$word"* ]] || { echo "the $word failed" >&2; exit 1; }; done <"${CALLS%/*}/fails"
case " $* " in
*" get pods "*) cat "${CALLS%/*}/pods" ;;
*" get node "*) echo -n True ;;
*" member list "*) cat "${CALLS%/*}/members" ;;
esac
FAKE
}

# members NAME…: what etcd answers.
members() {
  local name
  for name; do echo "${name#cp-}a, started, $name, https://10.78.0.1${name#cp-}:2380, https://10.78.0.1${name#cp-}:2379, false"; done \
    >"$BATS_TEST_TMPDIR/members"
}

# failing WORDS…: calls that hold one of them fail.
failing() {
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/fails"
}

nothing_was_removed() {
  [ "$status" -eq 1 ]
  [[ $stderr == *'nothing was removed'* ]]
  [ "$(calls 'member remove')" -eq 0 ]
  [ "$(calls 'delete node')" -eq 0 ]
}

@test "a worker is labelled, a control plane is not" {
  MEMBER_NAME=worker-1 MEMBER_ROLE=worker on_machine kubernetes/register-member.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls 'label node worker-1 --overwrite node-role.kubernetes.io/worker=')" -eq 1 ]
  on_machine kubernetes/register-member.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls 'label')" -eq 1 ]
}

@test "a control plane is drained, leaves etcd through another member, and its Node goes last" {
  on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 0 ]
  [ "$(grep -oE 'drain cp-2|exec etcd-cp-1 .* member remove 2a|delete node cp-2' "$CALLS" | sed 's/ --container.*-- .* member/ member/')" = \
    $'drain cp-2\nexec etcd-cp-1 member remove 2a\ndelete node cp-2' ]
  [ "$(calls 'exec etcd-cp-2')" -eq 0 ]
}

@test "a worker is drained and its Node goes; etcd is not asked" {
  MEMBER_NAME=worker-1 MEMBER_ROLE=worker on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 0 ]
  [ "$(calls 'drain worker-1')" -eq 1 ]
  [ "$(calls 'delete node worker-1')" -eq 1 ]
  [ "$(calls ' exec ')" -eq 0 ]
}

@test "etcd that can't be asked keeps member and Node, however often it is tried" {
  failing ' exec '
  on_machine kubernetes/register-member.sh destroy
  nothing_was_removed
  [[ $stderr == *"can't ask etcd about cp-2: no member on another node answered, so cp-2 may still be one"* ]]
  [ "$(calls 'drain')" -eq 0 ]
  [ "$(calls '^sleep')" -eq 5 ]
}

@test "an API that lists no etcd pod, or can't list them, is no answer either" {
  : >"$BATS_TEST_TMPDIR/pods"
  on_machine kubernetes/register-member.sh destroy
  nothing_was_removed
  echo etcd-cp-2 >"$BATS_TEST_TMPDIR/pods" # the leaving one's own
  on_machine kubernetes/register-member.sh destroy
  nothing_was_removed
  failing ' get pods '
  on_machine kubernetes/register-member.sh destroy
  nothing_was_removed
}

@test "an empty list of members is no answer" {
  : >"$BATS_TEST_TMPDIR/members"
  on_machine kubernetes/register-member.sh destroy
  nothing_was_removed
}

@test "the pod of a dead node is passed over" {
  failing 'exec etcd-cp-1'
  on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 0 ]
  [ "$(calls 'exec etcd-cp-3 .* member remove 2a')" -eq 1 ]
}

@test "an API that is down: a control plane's removal fails, a worker's says that its Node stays" {
  failing '/readyz'
  on_machine kubernetes/register-member.sh destroy
  nothing_was_removed
  [[ $stderr == *"the API does not answer, so cp-2 can't be taken out of etcd"* ]]
  MEMBER_NAME=worker-1 MEMBER_ROLE=worker on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 0 ]
  [[ $stderr == *'the API does not answer; the Node worker-1 stays in it'* ]]
}

@test "a Node that can't be asked for is not taken for one that isn't ready" {
  failing ' get node '
  on_machine kubernetes/register-member.sh destroy
  nothing_was_removed
  MEMBER_NAME=worker-1 MEMBER_ROLE=worker on_machine kubernetes/register-member.sh destroy
  nothing_was_removed
}

@test "a healthy member stays while another one is not healthy" {
  failing 'https://10.78.0.13:2379'
  on_machine kubernetes/register-member.sh destroy
  nothing_was_removed
  [[ $stderr == *'etcd would have 1 of 2 healthy members without cp-2, not healthy: cp-3'* ]]
  [ "$(calls 'drain')" -eq 0 ]
}

@test "a dead member leaves while the others are a majority" {
  failing 'https://10.78.0.12:2379'
  on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 0 ]
  [ "$(calls 'member remove 2a')" -eq 1 ]
  members cp-1 cp-2 cp-3 cp-4 cp-5
  failing 'https://10.78.0.12:2379' 'https://10.78.0.13:2379'
  on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 0 ]
  [ "$(calls 'member remove 2a')" -eq 2 ]
}

@test "a dead member stays while the others are no majority" {
  failing 'https://10.78.0.12:2379' 'https://10.78.0.13:2379'
  on_machine kubernetes/register-member.sh destroy
  nothing_was_removed
}

@test "a voter that never started counts as one that is not healthy" {
  members cp-1 cp-2
  echo '3a, unstarted, , https://10.78.0.13:2380, , false' >>"$BATS_TEST_TMPDIR/members"
  on_machine kubernetes/register-member.sh destroy
  nothing_was_removed
  [[ $stderr == *'not healthy: a member that never started'* ]]
}

@test "a learner has no vote: it leaves, and does not count" {
  members cp-1
  echo '2a, unstarted, , https://10.78.0.12:2380, , true' >>"$BATS_TEST_TMPDIR/members"
  on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 0 ]
  [ "$(calls 'member remove 2a')" -eq 1 ]
}

@test "etcd's last voting member stays" {
  members cp-2
  on_machine kubernetes/register-member.sh destroy
  nothing_was_removed
  [[ $stderr == *"cp-2 is etcd's last voting member"* ]]
}

@test "a control plane that etcd says is no member only loses its Node" {
  members cp-1 cp-3
  on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 0 ]
  [ "$(calls 'member remove')" -eq 0 ]
  [ "$(calls 'delete node cp-2')" -eq 1 ]
}

@test "a member that etcd does not let go keeps its Node; so does a Node that can't be deleted fail the removal" {
  failing 'member remove'
  on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 1 ]
  [[ $stderr == *"can't remove the etcd member 2a of cp-2"* ]]
  [ "$(calls 'delete node')" -eq 0 ]
  failing 'delete node'
  on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 1 ]
  [[ $stderr == *"can't delete the Node cp-2"* ]]
}

@test "the machine it runs on leaves through the others, and its Node goes once they answer" {
  export MEMBER_NAME=cp-1 MEMBER_ADDRESS=10.78.0.11
  on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 0 ]
  [ "$(calls 'exec etcd-cp-1')" -eq 0 ]
  [ "$(calls 'exec etcd-cp-[23] .* member remove 1a')" -eq 1 ]
  [ "$(calls 'delete node cp-1')" -eq 1 ]
}

@test "a budget that keeps a pod stops it, and the node takes pods again" {
  fake kubectl <<'FAKE'
case " $* " in
*" get node "*) echo -n True ;;
*" drain "*) echo 'error when evicting pods/"web-1" -n "default" (will retry after 5s): Cannot evict pod as it would violate the pod'"'"'s disruption budget.' >&2; exit 1 ;;
esac
FAKE
  MEMBER_NAME=worker-1 MEMBER_ROLE=worker on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 1 ]
  [[ $stderr == *'worker-1 could not be drained in 45 s, and stays in the cluster: error when evicting pods/"web-1" -n "default"'* ]]
  [ "$(calls 'uncordon worker-1')" -eq 1 ]
  [ "$(calls 'delete node')" -eq 0 ]
}

@test "a machine of another stack, and one that is no control plane, is left alone; another verb is refused" {
  STACK_ID=gitops-platform/other/other on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 0 ]
  rm "$MACHINE/etc/kubernetes/admin.conf"
  on_machine kubernetes/register-member.sh destroy
  [ "$status" -eq 0 ]
  [ ! -s "$CALLS" ]
  on_machine kubernetes/register-member.sh remove
  [ "$status" -eq 1 ]
  [ "$stderr" = "[membership] cp-1: unknown verb 'remove' (need apply destroy)" ]
}
