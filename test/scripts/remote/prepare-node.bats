#!/usr/bin/env bats
# Preparing a node: what it refuses, what it verifies, that a second run changes nothing, that the undo undoes.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  export FILES='' IMAGES="registry.k8s.io/pause:3.9 sha256:aa" PREFETCH_IMAGES='' SANDBOX_IMAGE=registry.k8s.io/pause:3.9
  export REGISTRY_HOSTS="registry.k8s.io" MIRROR_REGISTRY=http://mirror:5000 API_PROXY_CONFIG='frontend x'
  export RENEWAL_SCRIPT='' RENEWAL_HOUR='' SNAPSHOT_SCRIPT='' SNAPSHOT_HOURS=''
  local name
  mkdir -p "$BATS_TEST_TMPDIR/served/archive"
  for name in kubelet kubeadm kubectl; do serve "$name" <<<"the $name"; done
  echo crictl >"$BATS_TEST_TMPDIR/served/archive/crictl"
  for name in crictl cni-plugins; do serve "$name" < <(tar -C "$BATS_TEST_TMPDIR/served/archive" -cz .); done
  fake dpkg-query <<<'printf "installed %s\n" containerd runc iptables conntrack socat ethtool ebtables ipset haproxy curl jq ca-certificates iproute2 kmod procps'
  fake systemctl modprobe sysctl swapoff swapon systemd-run crictl </dev/null
  fake systemd-detect-virt <<<'exit 1'
  fake ctr <<<'true'
  fake curl <<'FAKE'
while [ $# -gt 1 ]; do case $1 in --output) output=$2 ;; esac; shift; done
cp "${CALLS%/*}/served/${1##*/}" "$output" || { echo "curl: (22) The requested URL returned error: 404" >&2; exit 22; }
FAKE
}

# serve NAME: stdin becomes a pinned file of the mirror.
serve() {
  cat >"$BATS_TEST_TMPDIR/served/$1"
  FILES+="$1 http://mirror/$1 $(sha256sum <"$BATS_TEST_TMPDIR/served/$1" | cut -d' ' -f1)"$'\n'
}

@test "a fresh machine gets everything" {
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(cat "$MACHINE/etc/gitops-platform/owner")" = gitops-platform/test/test ]
  [ "$(cat "$MACHINE/usr/local/bin/kubelet")" = "the kubelet" ]
  [ -x "$MACHINE/usr/local/bin/crictl" ]
  [ -x "$MACHINE/opt/cni/bin/crictl" ]
  grep -q 'server = "http://mirror:5000/v2/registry.k8s.io"' "$MACHINE/etc/containerd/certs.d/registry.k8s.io/hosts.toml"
  grep -q 'ConditionPathExists=/var/lib/kubelet/config.yaml' "$MACHINE/etc/systemd/system/kubelet.service"
  [ "$(calls 'pull registry.k8s.io/pause@sha256:aa')" -eq 1 ]
  [ "$(calls 'images tag --force registry.k8s.io/pause@sha256:aa registry.k8s.io/pause:3.9')" -eq 1 ]
}

@test "a second run downloads, pulls and restarts nothing" {
  on_machine kubernetes/prepare-node.sh apply
  fake ctr <<<'[ "$3" = images ] && printf "REF TYPE DIGEST\nregistry.k8s.io/pause:3.9 x sha256:aa\n"'
  : >"$CALLS"
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^curl')" -eq 0 ]
  [ "$(calls 'pull')" -eq 0 ]
  [ "$(calls 'restart\|reload')" -eq 0 ]
}

@test "a program from an archive that was replaced comes back, and the result says what was written" {
  on_machine kubernetes/prepare-node.sh apply
  local first=$output
  [ "$(jq -r '.node' <<<"$first")" = cp-1 ]
  [ "$(jq -r '.written.files["/usr/local/bin/kubelet"]' <<<"$first")" = "$(sha256sum <"$BATS_TEST_TMPDIR/served/kubelet" | cut -d' ' -f1)" ]
  [ "$(jq -r '.written.sysctls | keys | join(" ")' <<<"$first")" = 'net.bridge.bridge-nf-call-iptables net.ipv4.ip_forward' ]
  [ "$(jq -c '[.written.modules, .written.swap, .written.units]' <<<"$first")" = \
    '[["overlay","br_netfilter"],false,{"containerd":"","kube-apiserver-proxy":""}]' ]
  echo older >"$MACHINE/usr/local/bin/crictl"
  echo older >"$MACHINE/etc/crictl.yaml"
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(cat "$MACHINE/usr/local/bin/crictl")" = crictl ]
  [ "$output" = "$first" ]
}

@test "a wrong checksum is named, and nothing is installed" {
  echo tampered >"$BATS_TEST_TMPDIR/served/kubeadm"
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 1 ]
  need=$(awk '$1 == "kubeadm" { print $3 }' <<<"$FILES")
  got=$(sha256sum <<<tampered | cut -d' ' -f1)
  [ "$stderr" = "[prepare] cp-1: http://mirror/kubeadm has SHA-256 $got, need $need; nothing was installed. Repair the source or the pin, and run again" ]
  [ -z "$(ls "$MACHINE/usr/local/bin")" ]
  [ ! -e "$MACHINE/opt/cni/bin" ]
}

@test "what would restart a member's kubelet or containerd is staged, and the result says what the node will have" {
  local kubelet=/usr/local/bin/kubelet staged=$MACHINE/var/lib/gitops-platform/staged
  on_machine kubernetes/prepare-node.sh apply
  mkdir -p "$MACHINE/var/lib/kubelet"
  touch "$MACHINE/var/lib/kubelet/config.yaml"
  FILES=''
  serve kubelet <<<'a later kubelet'
  export SANDBOX_IMAGE=registry.k8s.io/pause:4 NODE_ADDRESS=10.78.0.99
  : >"$CALLS"
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(cat "$MACHINE$kubelet")" = 'the kubelet' ]
  [ "$(cd "$staged" && find . -type f | sort | tr '\n' ' ')" = './etc/containerd/config.toml ./etc/default/kubelet ./usr/local/bin/kubelet ' ]
  [ -x "$staged$kubelet" ]
  [ "$(calls 'restart')" -eq 0 ]
  [ "$(jq -r ".written.files[\"$kubelet\"]" <<<"$output")" = "$(sha256sum <<<'a later kubelet' | cut -d' ' -f1)" ]
  local first=$output
  : >"$CALLS"
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [ "$output" = "$first" ]
  [ "$(calls '^curl')" -eq 0 ]
  [ -e "$staged$kubelet" ]
}

@test "what the stack file no longer asks for is not staged any more" {
  local staged=$MACHINE/var/lib/gitops-platform/staged before=$FILES
  on_machine kubernetes/prepare-node.sh apply
  mkdir -p "$MACHINE/var/lib/kubelet"
  touch "$MACHINE/var/lib/kubelet/config.yaml"
  FILES=''
  serve kubelet <<<'a later kubelet'
  SANDBOX_IMAGE=registry.k8s.io/pause:4 on_machine kubernetes/prepare-node.sh apply
  [ -e "$staged/usr/local/bin/kubelet" ]
  FILES=$before on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [ -z "$(find "$staged" -type f)" ]
}

@test "a member's program that was replaced by hand is staged again" {
  local kubelet=/usr/local/bin/kubelet
  on_machine kubernetes/prepare-node.sh apply
  mkdir -p "$MACHINE/var/lib/kubelet"
  touch "$MACHINE/var/lib/kubelet/config.yaml"
  echo swapped >"$MACHINE$kubelet"
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(cat "$MACHINE/var/lib/gitops-platform/staged$kubelet")" = 'the kubelet' ]
}

@test "a missing file is named" {
  rm "$BATS_TEST_TMPDIR/served/kubectl"
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"can't download http://mirror/kubectl: curl: (22) The requested URL returned error: 404; check that"* ]]
}

@test "a foreign Kubernetes is refused before anything changes" {
  mkdir -p "$MACHINE/etc/kubernetes/manifests"
  touch "$MACHINE/etc/kubernetes/admin.conf"
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == "[prepare] cp-1: /etc/kubernetes holds a Kubernetes that this stack did not install; nothing was changed."* ]]
  [ ! -s "$CALLS" ]
  [ ! -e "$MACHINE/etc/gitops-platform" ]
}

@test "a machine of another stack is refused, and its undo does nothing" {
  on_machine kubernetes/prepare-node.sh apply
  export STACK_ID=gitops-platform/other/other
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"belongs to gitops-platform/test/test (need gitops-platform/other/other)"* ]]
  on_machine kubernetes/prepare-node.sh destroy
  [ "$status" -eq 0 ]
  [ -e "$MACHINE/usr/local/bin/kubelet" ]
}

@test "the undo brings containerd's own configuration back, twice without complaint" {
  mkdir -p "$MACHINE/etc/containerd"
  echo original >"$MACHINE/etc/containerd/config.toml"
  on_machine kubernetes/prepare-node.sh apply
  on_machine kubernetes/prepare-node.sh destroy
  [ "$status" -eq 0 ]
  [ "$(cat "$MACHINE/etc/containerd/config.toml")" = original ]
  [ -z "$(ls "$MACHINE/usr/local/bin" "$MACHINE/etc/systemd/system" | grep -v :)" ]
  [ ! -e "$MACHINE/etc/gitops-platform" ]
  on_machine kubernetes/prepare-node.sh destroy
  [ "$status" -eq 0 ]
}

@test "swap is turned off, and back on by the undo; a container leaves its host's alone" {
  echo '/dev/sdb none swap sw 0 0' >"$MACHINE/etc/fstab"
  fake systemd-detect-virt <<<'exit 0'
  on_machine kubernetes/prepare-node.sh apply
  [ "$(calls swapoff)" -eq 0 ]
  fake systemd-detect-virt <<<'exit 1'
  on_machine kubernetes/prepare-node.sh apply
  [ "$(cat "$MACHINE/etc/fstab")" = '#gitops-platform# /dev/sdb none swap sw 0 0' ]
  on_machine kubernetes/prepare-node.sh destroy
  [ "$(cat "$MACHINE/etc/fstab")" = '/dev/sdb none swap sw 0 0' ]
}

@test "the undo gives the machine back: every file, directory, service and setting that it had, and none that came" {
  mkdir -p "$MACHINE"/etc/{default,modules-load.d,sysctl.d,systemd/system,cni,containerd/certs.d/registry.k8s.io} "$MACHINE/opt/cni/bin"
  echo own >"$MACHINE/opt/cni/bin/own"
  echo theirs >"$MACHINE/usr/local/bin/kubectl"
  echo theirs >"$MACHINE/etc/containerd/certs.d/registry.k8s.io/hosts.toml"
  echo 0 >"$MACHINE/sys-net/ipv4/ip_forward"
  fake sysctl <<<'echo 1 >/proc/sys/net/ipv4/ip_forward'
  fake systemctl <<<'case $1 in is-enabled) echo enabled ;; is-active) echo active ;; esac'
  RENEWAL_SCRIPT='echo renew' RENEWAL_HOUR=00
  state() { (cd "$MACHINE" && find etc opt usr var/lib sys-net ! -type d -exec sha256sum {} + && find etc opt usr var/lib -type d) | sort; }
  before=$(state)
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(cat "$MACHINE/usr/local/bin/kubectl")" = "the kubectl" ]
  [ "$(cat "$MACHINE/sys-net/ipv4/ip_forward")" = 1 ]
  # What runs later leaves more there.
  touch "$MACHINE/opt/cni/bin/flannel"
  mkdir -p "$MACHINE/var/lib/kubelet/pki" "$MACHINE/var/lib/containerd/blobs" "$MACHINE/etc/cni/net.d"
  on_machine kubernetes/prepare-node.sh apply
  : >"$CALLS"
  on_machine kubernetes/prepare-node.sh destroy
  [ "$status" -eq 0 ]
  diff <(echo "$before") <(state)
  [ "$(calls '^systemctl restart containerd')" -eq 1 ]
}

@test "packages that were missing are installed, and exactly those are taken away again" {
  plain_debian
  sed -i '/^jq$/d' "$BATS_TEST_TMPDIR/packages"
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^apt-get .* install containerd\|^apt-get .* install .*containerd')" -ge 1 ]
  [ "$(cat "$MACHINE/var/lib/gitops-platform/packages/prepare")" = $'fio\nlibaio1' ]
  on_machine kubernetes/prepare-node.sh destroy
  [ "$(calls '^dpkg --purge fio libaio1$')" -eq 1 ]
  [ ! -e "$MACHINE/var/lib/gitops-platform" ]
}

@test "a machine that has every package does without apt" {
  on_machine kubernetes/prepare-node.sh apply
  [ "$(calls '^apt-get')" -eq 0 ]
  on_machine kubernetes/prepare-node.sh destroy
  [ "$(calls '^dpkg --purge')" -eq 0 ]
}

@test "a control plane gets a timer with an hour of its own, as part of the result; a worker gets none" {
  local units=$MACHINE/etc/systemd/system
  on_machine kubernetes/prepare-node.sh apply
  [ "$(jq -r '.written.units | keys | join(" ")' <<<"$output")" = 'containerd kube-apiserver-proxy' ]
  [ ! -e "$units/gitops-platform-certificates.timer" ]
  RENEWAL_SCRIPT=$'echo one\necho two' RENEWAL_HOUR=02 on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  grep -qx 'OnCalendar=\*-\*-\* 02:17:00 UTC' "$units/gitops-platform-certificates.timer"
  systemd-analyze calendar '*-*-* 02:17:00 UTC' >/dev/null
  [ "$(bash "$MACHINE/var/lib/gitops-platform/renew-certificates.sh" apply)" = $'one\ntwo' ]
  [ "$(calls '^systemctl enable --quiet --now gitops-platform-certificates.timer')" -eq 1 ]
  [ "$(jq '.written.files | keys | map(select(test("certificates"))) | length' <<<"$output")" -eq 3 ]
  [ "$(jq '.written.units | has("gitops-platform-certificates.timer")' <<<"$output")" = true ]
  RENEWAL_SCRIPT=$'echo one\necho two' RENEWAL_HOUR=01 on_machine kubernetes/prepare-node.sh apply
  [ "$(calls '^systemctl restart gitops-platform-certificates.timer')" -eq 2 ]
}

@test "a control plane whose stack takes snapshots gets age and their timer, and loses the timer with the setting" {
  local units=$MACHINE/etc/systemd/system program=$MACHINE/var/lib/gitops-platform/snapshot-etcd.sh
  fake dpkg-query <<<'printf "installed %s\n" age containerd runc iptables conntrack socat ethtool ebtables ipset haproxy curl jq ca-certificates iproute2 kmod procps'
  SNAPSHOT_SCRIPT='echo taken' SNAPSHOT_HOURS=00,06,12,18 on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  grep -qx 'OnCalendar=\*-\*-\* 00,06,12,18:41:00 UTC' "$units/gitops-platform-snapshot.timer"
  systemd-analyze calendar '*-*-* 00,06,12,18:41:00 UTC' >/dev/null
  [ "$(bash "$program" apply)" = taken ]
  [ "$(jq '.written.units | has("gitops-platform-snapshot.timer")' <<<"$output")" = true ]
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^systemctl disable --quiet --now gitops-platform-snapshot.timer')" -eq 1 ]
  [ -z "$(find "$units" -name '*snapshot*')" ]
  [ ! -e "$program" ]
  fake dpkg-query <<<'printf "installed %s\n" containerd runc iptables conntrack socat ethtool ebtables ipset haproxy curl jq ca-certificates iproute2 kmod procps'
  fake apt-get <<<'exit 1'
  SNAPSHOT_SCRIPT='echo taken' SNAPSHOT_HOURS=00 on_machine kubernetes/prepare-node.sh apply
  [[ "$stderr" == *"can't install the Debian packages age"* ]]
}

@test "expired certificates are renewed before anything else, and nothing is waited for" {
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  mkdir -p "$MACHINE/etc/kubernetes/pki" "$MACHINE/var/lib/kubelet"
  touch "$MACHINE/var/lib/kubelet/config.yaml"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$BATS_TEST_TMPDIR/key" -subj /CN=x -days 365 \
    -out "$MACHINE/etc/kubernetes/pki/apiserver.crt" 2>/dev/null
  fake kubeadm </dev/null
  on_machine kubernetes/prepare-node.sh apply
  [ "$(calls '^kubeadm certs renew all')" -eq 0 ]
  openssl x509 -in "$MACHINE/etc/kubernetes/pki/apiserver.crt" -signkey "$BATS_TEST_TMPDIR/key" -days -1 \
    -out "$MACHINE/etc/kubernetes/pki/apiserver.crt" 2>/dev/null
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^kubeadm certs renew all --config')" -eq 1 ]
  [ "$(calls '^systemctl restart kubelet')" -eq 1 ]
  [ "$(cat "$MACHINE/etc/gitops-platform/renewal")" = restarted ]
}

@test "a hardened kubelet gets its arguments, and refuses kernel settings that it would set otherwise" {
  export KUBELET_ARGUMENTS=--seccomp-default
  local settings=$MACHINE/etc/sysctl.d/99-gitops-platform.conf arguments=$MACHINE/etc/default/kubelet
  settings_are() { printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/settings"; }
  fake sysctl <<<'[ "$1" != --values ] || sed -n "s/^$2=//p" "${CALLS%/*}/settings"'
  settings_are vm.overcommit_memory=1 vm.panic_on_oom=0 kernel.panic=10 kernel.panic_on_oops=1 kernel.keys.root_maxkeys=1000000 kernel.keys.root_maxbytes=25000000
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(cat "$arguments")" = 'KUBELET_EXTRA_ARGS=--node-ip=10.78.0.11 --protect-kernel-defaults --seccomp-default' ]
  grep -qx 'kernel.panic = 10' "$settings"
  [ "$(stat -c %a "$MACHINE/etc/systemd/system/kubelet.service")" = 600 ]
  settings_are vm.overcommit_memory=0
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 1 ]
  [[ $stderr == *'the kernel setting vm.overcommit_memory is 0 (need 1), and the kubelet of a hardened node refuses that; allow it, or set cluster.unhardened with a reason, and run again'* ]]
  fake systemd-detect-virt </dev/null
  on_machine kubernetes/prepare-node.sh apply
  [ "$status" -eq 0 ]
  [[ $stderr == *"the kubelet runs without --protect-kernel-defaults"* ]]
  [ "$(cat "$arguments")" = 'KUBELET_EXTRA_ARGS=--node-ip=10.78.0.11 --seccomp-default' ]
  ! grep -q kernel.panic "$settings"
}
