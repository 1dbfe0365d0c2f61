#!/usr/bin/env bats
# A node's turn: nothing without a reason, drained before, healthy after, never left half-done or cordoned. With kubectl,
# kubeadm and the API mocked; the drill `upgrade` has the real ones.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  export NODE_ROLE=worker KUBERNETES_VERSION=1.27.4 MACHINE_DEFINITION=one MACHINE_PENDING=false DRAIN_TIMEOUT_SECONDS=30 DRAIN_GRACE_PERIOD_SECONDS=-1 RENEW_ENDING='' ENDPOINT_NAME=''
  STAGED=$MACHINE/var/lib/gitops-platform/staged
  mkdir -p "$MACHINE/etc/gitops-platform" "$MACHINE/etc/kubernetes/manifests" "$MACHINE/etc/kubernetes/tmp"
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  echo '{}' >"$MACHINE/etc/gitops-platform/kubeadm-files.json"
  version 1.27.4
  echo 1.27.4 >"$BATS_TEST_TMPDIR/kubelet"
  echo false >"$BATS_TEST_TMPDIR/cordoned"
  fake systemctl sleep </dev/null
  fake curl <<<'case "$*" in *eviction*) cat "${CALLS%/*}/eviction" ;; *) printf ok ;; esac'
  fake kubeadm <<'FAKE'
[ ! -e "${CALLS%/*}/kubeadm-dies" ] || { echo '[ERROR CreateJob]: no'; exit 1; }
case "$*" in "upgrade apply"*) echo "$3" | sed s/v// >"${CALLS%/*}/cluster" ;; esac
sed -i "s/:v.*/:v$KUBERNETES_VERSION/" /etc/kubernetes/manifests/*.yaml
FAKE
  fake kubectl <<'FAKE'
at=${CALLS%/*}
case " $* " in
*" get configmap kubeadm-config "*) printf 'clusterName: test\nkubernetesVersion: v%s\npodSubnet: 10.244.0.0/16\nserviceSubnet: 10.96.0.0/12\n' "$(cat "$at/cluster")" ;;
*" get node "*) jq -n --arg kubelet "v$(cat "$at/kubelet")" --argjson cordoned "$(cat "$at/cordoned")" '{spec: {unschedulable: $cordoned},
    status: {nodeInfo: {kubeletVersion: $kubelet}, conditions: [{type: "Ready", status: "True", lastHeartbeatTime: (now + 60 | todate)}]}}' ;;
*" get nodes "*) cat "$at/nodes" ;;
*" --selector component=etcd "*) printf 'etcd-cp-1\netcd-cp-2\netcd-cp-3\n' ;;
*" get pods "*) cat "$at/pods" ;;
*" member list "*) for i in 1 2 3; do echo "${i}a, started, cp-$i, https://10.78.0.1$i:2380, https://10.78.0.1$i:2379, false"; done ;;
*" endpoint health "*) ! grep -qF -- "${!#}" "$at/sick" ;;
*" endpoint status "*) cat "$at/members" ;;
*" move-leader "*) [ ! -e "$at/keeps" ] ;;
*" drain "*) [ ! -s "$at/drain" ] || { cat "$at/drain"; exit 1; } ;;
esac
FAKE
  : >"$BATS_TEST_TMPDIR/sick"
  leads cp-2
  pods
  mkdir -p "$MACHINE/etc/kubernetes/pki"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$BATS_TEST_TMPDIR/key" -subj /CN=x -days 365 \
    -out "$MACHINE/etc/kubernetes/pki/apiserver.crt" 2>/dev/null
  nodes worker-1
}

# nodes NAME [TAINT]: this one, and another one.
nodes() {
  jq -n --arg name "$1" --arg taint "${2:-}" '{items: [{metadata: {name: "cp-1"}}, {metadata: {$name},
    spec: {unschedulable: true, taints: ([{key: "node.kubernetes.io/unschedulable", effect: "NoSchedule"}]
      + if $taint == "" then [] else [{key: $taint, effect: "NoSchedule"}] end)}}]}' >"$BATS_TEST_TMPDIR/nodes"
}

# leads NAME: of etcd's members, as etcdctl prints their status; cp-2 is a learner.
leads() {
  local i
  for i in 1 2 3; do
    echo "https://10.78.0.1$i:2379, ${i}a, 3.5.7, 2.0 MB, $([ "cp-$i" = "$1" ] && echo true || echo false), $([ "$i" = 2 ] && echo true || echo false), 2, 9, 9, "
  done >"$BATS_TEST_TMPDIR/members"
}

# version OF: the cluster's and its static pods'.
version() {
  local part
  echo "$1" >"$BATS_TEST_TMPDIR/cluster"
  for part in kube-apiserver kube-controller-manager kube-scheduler; do
    echo "    image: registry.k8s.io/$part:v$1" >"$MACHINE/etc/kubernetes/manifests/$part.yaml"
  done
}

# stage PATH: stdin waits for the node's turn.
stage() {
  mkdir -p "$STAGED${1%/*}"
  cat >"$STAGED$1"
}

# pods NAME OWNER…: that are left on the node, all ready.
pods() {
  jq -n '[$ARGS.positional | _nwise(2) | {metadata: {namespace: "default", name: .[0], ownerReferences: [{kind: .[1]}]},
    status: {phase: "Running", conditions: [{type: "Ready", status: "True"}]}}] | {items: .}' --args "$@" >"$BATS_TEST_TMPDIR/pods"
}

turn() { on_machine kubernetes/activate-node.sh apply; }
begin() { on_machine kubernetes/drain-node.sh apply; }

# member: as kubeadm leaves it.
member() {
  mkdir -p "$MACHINE/var/lib/kubelet"
  touch "$MACHINE/var/lib/kubelet/config.yaml"
}

@test "a node with nothing to take over is not touched" {
  for NODE_ROLE in worker control-plane; do
    turn
    [ "$status" -eq 0 ]
  done
  [ "$(jq -r .cluster.kubernetes <<<"$output")" = 1.27.4 ]
  [ "$(jq -r '.certificates.notAfter[:10]' <<<"$output")" = "$(date --utc --date='365 days' +%F)" ]
  [ "$(calls '^systemctl \(stop\|start\|restart\)')" -eq 0 ]
  [ "$(calls ' drain \|^kubeadm')" -eq 0 ]
  [ ! -e "$MACHINE/etc/gitops-platform/turn" ]
}

@test "a worker takes over its kubelet: drained, changed, healthy, schedulable, in this order" {
  stage /usr/local/bin/kubeadm <<<'new kubeadm'
  stage /usr/local/bin/kubelet <<<'new kubelet'
  turn
  [ "$status" -eq 0 ]
  [ "$(cat "$MACHINE/usr/local/bin/kubelet")" = 'new kubelet' ]
  [ "$(cat "$MACHINE/usr/local/bin/kubeadm")" = 'new kubeadm' ]
  [ ! -e "$STAGED" ]
  [ ! -e "$MACHINE/etc/gitops-platform/turn" ]
  [ ! -e "$MACHINE/etc/kubernetes/tmp" ]
  [ "$(grep -oE 'kubectl.* drain|kubeadm upgrade node|systemctl (stop|start) kubelet|uncordon' "$CALLS" | sed 's/.* //' | tr '\n' ' ')" = 'drain node kubelet kubelet uncordon ' ]
  [ "$(calls 'drain cp-1 --ignore-daemonsets --delete-emptydir-data --timeout=30s --grace-period=-1')" -eq 1 ]
  [ "$(calls 'restart containerd')" -eq 0 ]
  [[ $stderr == *'cp-1 had its turn: drained in '* ]]
  : >"$CALLS"
  turn
  [ "$status" -eq 0 ]
  [ "$(calls ' drain \|systemctl stop')" -eq 0 ]
}

@test "a worker drains itself with its kubelet's rights, a control plane with the administrator's" {
  stage /usr/local/bin/kubelet <<<'new kubelet'
  turn
  [ "$(calls '--kubeconfig /etc/kubernetes/kubelet.conf .* drain cp-1')" -eq 1 ]
  echo "client-certificate-data: $(base64 -w0 "$MACHINE/etc/kubernetes/pki/apiserver.crt")" >"$MACHINE/etc/kubernetes/admin.conf"
  stage /usr/local/bin/kubelet <<<'new kubelet'
  NODE_ROLE=control-plane turn
  [ "$status" -eq 0 ]
  [ "$(calls '--kubeconfig /etc/kubernetes/admin.conf .* drain cp-1')" -eq 1 ]
}

@test "containerd restarts for its own configuration, and kubeadm is not needed for it" {
  stage /etc/containerd/config.toml <<<'version = 2'
  NODE_ROLE=control-plane turn
  [ "$status" -eq 0 ]
  [ "$(calls 'restart containerd')" -eq 1 ]
  [ "$(calls '^kubeadm')" -eq 0 ]
}

@test "the first control plane of a version upgrades the cluster, a later one itself" {
  version 1.27.3
  NODE_ROLE=control-plane turn
  [ "$status" -eq 0 ]
  [ "$(calls '^kubeadm upgrade apply v1.27.4 --yes')" -eq 1 ]
  [ "$(jq -r .cluster.kubernetes <<<"$output")" = 1.27.4 ]
  version 1.27.3
  echo 1.27.4 >"$BATS_TEST_TMPDIR/cluster"
  NODE_ROLE=control-plane turn
  [ "$status" -eq 0 ]
  [ "$(calls '^kubeadm upgrade apply')" -eq 1 ]
  [ "$(calls '^kubeadm upgrade node')" -eq 1 ]
}

@test "etcd's leader hands over to another voter once it is drained, before anything of it changes" {
  export NODE_ROLE=control-plane
  version 1.27.3
  leads cp-1
  turn
  [ "$status" -eq 0 ]
  [ "$(grep -oE 'kubectl .* drain |move-leader .*|^kubeadm upgrade' "$CALLS" | sed 's/.* drain .*/drain/' | tr '\n' ' ')" = \
    'drain move-leader 3a --endpoints https://10.78.0.11:2379 kubeadm upgrade ' ]
  version 1.27.3
  leads cp-3
  : >"$CALLS"
  turn
  [ "$(calls 'move-leader')" -eq 0 ]
}

@test "a leader that can't hand over has its turn all the same, and says so" {
  export NODE_ROLE=control-plane
  version 1.27.3
  leads cp-1
  touch "$BATS_TEST_TMPDIR/keeps"
  turn
  [ "$status" -eq 0 ]
  [[ $stderr == *"etcd's leader here could not hand over to 3a; the others elect one"* ]]
  leads cp-1
  sed -i 1q "$BATS_TEST_TMPDIR/members" # a single member
  version 1.27.3
  : >"$CALLS"
  turn
  [ "$status" -eq 0 ]
  [ "$(calls 'move-leader')" -eq 0 ]
}

@test "a control plane takes a snapshot before its version changes, once, and is not upgraded without it" {
  local program=$MACHINE/var/lib/gitops-platform/snapshot-etcd.sh
  export NODE_ROLE=control-plane
  mkdir -p "${program%/*}"
  version 1.27.3
  echo 'exit 1' >"$program"
  turn
  [ "$status" -eq 1 ]
  [[ $stderr == *'no snapshot of etcd could be taken, and without one Kubernetes is not upgraded; nothing was changed.'* ]]
  [ "$(calls ' drain \|^kubeadm\|systemctl')" -eq 0 ]
  echo 'echo "snapshot $ON_DEMAND $1" >>"$CALLS"' >"$program"
  turn
  [ "$status" -eq 0 ]
  [ "$(grep -oE '^snapshot yes apply|^kubeadm upgrade' "$CALLS" | tr '\n' ' ')" = 'snapshot yes apply kubeadm upgrade ' ]
  stage /usr/local/bin/kubelet <<<'new kubelet'
  turn
  [ "$(calls '^snapshot')" -eq 1 ]
}

@test "another etcd member that is not healthy keeps a control plane from its turn" {
  version 1.27.3
  echo https://10.78.0.13:2379 >"$BATS_TEST_TMPDIR/sick"
  NODE_ROLE=control-plane turn
  [ "$status" -eq 1 ]
  [[ $stderr == *"etcd's other members have to be healthy first (not healthy: cp-3 ); nothing was changed."* ]]
  [ "$(calls ' drain \|^kubeadm\|systemctl')" -eq 0 ]
}

@test "a pod that its budget keeps is named with the budget, and the node takes pods again" {
  stage /usr/local/bin/kubelet <<<'new kubelet'
  pods web-1 ReplicaSet flannel-1 DaemonSet
  echo 'error when evicting pods/"web-1" -n "default" (will retry after 5s): Cannot evict pod' >"$BATS_TEST_TMPDIR/drain"
  echo '{"status":"Failure","message":"Cannot evict","details":{"causes":[{"message":"The disruption budget web needs 1 healthy pods and has 1 currently"}]}}' >"$BATS_TEST_TMPDIR/eviction"
  turn
  [ "$status" -eq 1 ]
  [[ $stderr == *'cp-1 could not be drained in 30 s, and takes pods again; no other node is touched. default/web-1 stays: The disruption budget web needs 1 healthy pods and has 1 currently. Make room'* ]]
  [[ $stderr != *flannel-1* ]]
  [ "$(calls uncordon)" -eq 1 ]
  [ ! -e "$MACHINE/etc/gitops-platform/turn" ]
  [ -e "$STAGED/usr/local/bin/kubelet" ]
  : >"$BATS_TEST_TMPDIR/drain"
  pods
  turn
  [ "$status" -eq 0 ]
  [ "$(cat "$MACHINE/usr/local/bin/kubelet")" = 'new kubelet' ]
}

@test "a pod that nothing would make again is not deleted" {
  stage /usr/local/bin/kubelet <<<'new kubelet'
  echo 'error: unable to drain node "cp-1" due to error:cannot delete Pods declare no controller (use --force to override): default/alone, continuing command...' >"$BATS_TEST_TMPDIR/drain"
  turn
  [ "$status" -eq 1 ]
  [[ $stderr == *'default/alone has no controller that would make it again; delete it, or give it one.'* ]]
}

@test "a turn that was killed goes on, also when everything is taken over already" {
  : >"$MACHINE/etc/gitops-platform/turn"
  turn
  [ "$status" -eq 0 ]
  [ "$(calls 'systemctl start kubelet')" -eq 1 ]
  [ "$(calls uncordon)" -eq 1 ]
  [ ! -e "$MACHINE/etc/gitops-platform/turn" ]
}

@test "a node that was half changed, and can't be drained, keeps its turn" {
  echo changing >"$MACHINE/etc/gitops-platform/turn"
  echo 'error: timed out' >"$BATS_TEST_TMPDIR/drain"
  turn
  [ "$status" -eq 1 ]
  [[ $stderr == *'cp-1, which an earlier run has begun to change, could not be drained in 30 s, and stays cordoned'* ]]
  [ "$(calls uncordon)" -eq 0 ]
  [ -e "$MACHINE/etc/gitops-platform/turn" ]
}

@test "a node that the operator had cordoned stays so, also over a killed turn" {
  stage /usr/local/bin/kubelet <<<'new kubelet'
  echo true >"$BATS_TEST_TMPDIR/cordoned"
  touch "$BATS_TEST_TMPDIR/kubeadm-dies"
  turn
  [ "$status" -eq 1 ]
  [[ $stderr == *'kubeadm upgrade failed: [ERROR CreateJob]: no'* ]]
  [ "$(cat "$MACHINE/etc/gitops-platform/turn")" = $'cordoned\nchanging' ]
  rm "$BATS_TEST_TMPDIR/kubeadm-dies"
  turn
  [ "$status" -eq 0 ]
  [ "$(calls uncordon)" -eq 0 ]
  [ ! -e "$MACHINE/etc/gitops-platform/turn" ]
}

@test "a node that doesn't come back is named with what is missing, and keeps its turn" {
  stage /usr/local/bin/kubelet <<<'new kubelet'
  echo 1.27.3 >"$BATS_TEST_TMPDIR/kubelet"
  cp -r "$SCRIPTS" "$BATS_TEST_TMPDIR/hurried"
  SCRIPTS=$BATS_TEST_TMPDIR/hurried
  sed -i 's/HEALTH_SECONDS=300/HEALTH_SECONDS=1/' "$SCRIPTS/lib/turn.sh"
  fake sleep <<<'/usr/bin/sleep 0.3'
  turn
  [ "$status" -eq 1 ]
  [[ $stderr == *'cp-1 did not come back in 1 s: the kubelet reports v1.27.3 (need v1.27.4). It stays cordoned'* ]]
  [ -e "$MACHINE/etc/gitops-platform/turn" ]
  [ "$(calls uncordon)" -eq 0 ]
}

@test "maintenance drains the node and reboots it; its turn ends only after the boot" {
  member
  fake systemd-run </dev/null
  on_machine kubernetes/activate-node.sh maintain
  [ "$status" -eq 0 ]
  [ "$(grep -oE ' drain |systemd-run.*' "$CALLS" | tr '\n' ' ')" = ' drain  systemd-run --quiet --on-active=1 systemctl reboot ' ]
  on_machine kubernetes/activate-node.sh probe
  [ "$status" -eq 1 ]
  turn
  [ "$status" -eq 1 ]
  [[ $stderr == *'was asked to reboot, and has not gone down yet'* ]]
  [ "$(calls uncordon)" -eq 0 ]
  rm -r "$MACHINE/run"/*
  on_machine kubernetes/activate-node.sh probe
  [ "$status" -eq 0 ]
  turn
  [ "$status" -eq 0 ]
  [ "$(calls uncordon)" -eq 1 ]
  [ ! -e "$MACHINE/etc/gitops-platform/turn" ]
}

@test "a node that can't be drained is not rebooted" {
  member
  fake systemd-run </dev/null
  echo 'error: timed out' >"$BATS_TEST_TMPDIR/drain"
  on_machine kubernetes/activate-node.sh maintain
  [ "$status" -eq 1 ]
  [ "$(calls systemd-run)" -eq 0 ]
  [ "$(calls uncordon)" -eq 1 ]
}

@test "the only node that takes pods is cordoned, and its pods are not evicted" {
  stage /usr/local/bin/kubelet <<<'new kubelet'
  nodes cp-2 node-role.kubernetes.io/control-plane
  turn
  [ "$status" -eq 0 ]
  [[ $stderr == *'cp-1 is the only node that takes pods: they are not evicted, and are away as long as it is'* ]]
  [ "$(calls ' drain ')" -eq 0 ]
  [ "$(calls ' cordon cp-1')" -eq 1 ]
  [ "$(calls ' uncordon cp-1')" -eq 1 ]
  [ "$(cat "$MACHINE/usr/local/bin/kubelet")" = 'new kubelet' ]
}

@test "a node whose machine waits for a restart is drained for it, and the turn ends only with the next step" {
  export MACHINE_PENDING=true
  begin
  [ "$status" -eq 0 ]
  [ "$(jq -r 'has("turn")' <<<"$output")" = true ]
  [ "$(calls ' drain cp-1')" -eq 1 ]
  [ "$(calls uncordon)" -eq 0 ]
  [ "$(cat "$MACHINE/etc/gitops-platform/turn")" = changing ]
  turn
  [ "$status" -eq 0 ]
  [ "$(calls uncordon)" -eq 1 ]
  [ "$(cat "$MACHINE/etc/gitops-platform/machine-definition")" = one ]
  # What the machine's step saw then is still in the state.
  : >"$CALLS"
  begin
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  [ ! -s "$CALLS" ]
  MACHINE_DEFINITION=two begin
  [ "$(calls ' drain cp-1')" -eq 1 ]
}

@test "a node whose machine waits for nothing is not touched; a turn that is there is announced" {
  begin
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  [ ! -s "$CALLS" ]
  echo changing >"$MACHINE/etc/gitops-platform/turn"
  begin
  [ "$(jq -r 'has("turn")' <<<"$output")" = true ]
  [ ! -s "$CALLS" ]
}

@test "a node that can't be drained keeps its machine, and a sick etcd member keeps its node" {
  export MACHINE_PENDING=true
  echo 'error: timed out' >"$BATS_TEST_TMPDIR/drain"
  begin
  [ "$status" -eq 1 ]
  [ "$(calls uncordon)" -eq 1 ]
  [ ! -e "$MACHINE/etc/gitops-platform/turn" ]
  : >"$CALLS"
  echo https://10.78.0.13:2379 >"$BATS_TEST_TMPDIR/sick"
  NODE_ROLE=control-plane begin
  [ "$status" -eq 1 ]
  [[ $stderr == *"etcd's other members have to be healthy first (not healthy: cp-3 )"* ]]
  [ "$(calls ' drain ')" -eq 0 ]
}

# updates PACKAGE…: that apt offers.
updates() {
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/updates"
  fake apt-get <<'FAKE'
case "$*" in *--simulate*) sed 's/.*/Inst & [1] (2 Debian:12 [amd64])/' "${CALLS%/*}/updates" ;; esac
FAKE
  fake apt-mark <<<'echo containerd'
}

@test "packages are updated on a drained node, which stays cordoned until its turn ends" {
  member
  updates openssl runc
  on_machine kubernetes/activate-node.sh upgrade
  [ "$status" -eq 0 ]
  [ "$(jq -c 'del(.reboot)' <<<"$output")" = '{"updates":["openssl","runc"],"held":["containerd"]}' ]
  [ "$(grep -oE ' drain |apt-get .*upgrade.*|systemctl restart.*|uncordon' "$CALLS" | grep -v simulate | sed 's/ --option.*keep//; s/--option.*confold //' | tr '\n' ' ')" = \
    ' drain  apt-get upgrade --with-new-pkgs systemctl restart containerd kube-apiserver-proxy ' ]
  [ "$(calls 'force-confold upgrade --with-new-pkgs')" -eq 1 ]
  turn
  [ "$status" -eq 0 ]
  [ "$(calls uncordon)" -eq 1 ]
}

@test "a node without updates is not drained, and says whether it needs a reboot" {
  member
  updates
  : >"$BATS_TEST_TMPDIR/updates"
  on_machine kubernetes/activate-node.sh upgrade
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.updates, .reboot]' <<<"$output")" = '[[],false]' ]
  [ "$(calls ' drain ')" -eq 0 ]
  touch "$MACHINE/run/reboot-required"
  on_machine kubernetes/activate-node.sh upgrade
  [ "$(jq .reboot <<<"$output")" = true ]
}

@test "apt sources that don't answer stop it before the node is drained" {
  member
  fake apt-get <<<'echo "E: no route to deb.debian.org"; exit 100'
  on_machine kubernetes/activate-node.sh upgrade
  [ "$status" -eq 1 ]
  [[ $stderr == *"can't ask for Debian's updates: E: no route to deb.debian.org."* ]]
  [ "$(calls ' drain ')" -eq 0 ]
  [ ! -e "$MACHINE/etc/gitops-platform/turn" ]
}

@test "an unprepared machine is refused" {
  rm "$MACHINE/etc/gitops-platform/owner"
  turn
  [ "$status" -eq 1 ]
  [ ! -s "$CALLS" ]
}

@test "a kubelet that only gets other arguments restarts in its turn, with its pods" {
  member
  stage /etc/default/kubelet <<<'KUBELET_EXTRA_ARGS=--seccomp-default'
  turn
  [ "$status" -eq 0 ]
  [ "$(calls ' drain ')" -eq 0 ]
  [ "$(calls '^systemctl start kubelet')" -eq 1 ]
  [ "$(cat "$MACHINE/etc/default/kubelet")" = 'KUBELET_EXTRA_ARGS=--seccomp-default' ]
  [ ! -e "$MACHINE/etc/gitops-platform/turn" ]
  stage /etc/default/kubelet <<<'KUBELET_EXTRA_ARGS=--other'
  : >"$MACHINE/etc/gitops-platform/turn"
  turn
  [ "$status" -eq 0 ]
  [ "$(calls ' drain ')" -eq 1 ]
}
