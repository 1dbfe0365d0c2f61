#!/usr/bin/env bats
# Joining: once, again after a kill, to another cluster when the CA is another, with the token in no argument.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  export NODE_NAME=worker-1 NODE_ADDRESS=10.78.0.21 NODE_ROLE=worker IDENTITY=machine-2 POD_CIDR=10.244.21.0/24
  export CA_CERTIFICATE='the CA' INIT_CONFIG='' RESTORE='' RENEW_COMMAND='npx pulumi up --replace urn'
  export JOIN_CONFIG=$'discovery:\n  bootstrapToken:\n    token: abcdef.secretsecretsecr'
  mkdir -p "$MACHINE/etc/gitops-platform"
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  fake systemctl ip iptables-save iptables-restore ip6tables-save ip6tables-restore ipset </dev/null
  fake kubectl <<<'case " $* " in *" get configmap kubeadm-config "*) printf "clusterName: test\nkubernetesVersion: v1.27.4\npodSubnet: 10.244.0.0/16\nserviceSubnet: 10.96.0.0/12\n" ;; *" patch "*) cat >"${CALLS%/*}/patch" ;; *" get pods "*) echo etcd-cp-1 ;; *" member list "*) echo "9f, started, cp-1, https://10.78.0.11:2380, x, false"; echo "1a, started, cp-2, https://10.78.0.12:2380, x, true" ;; esac'
  fake curl <<<'case "$*" in *cluster-info*) echo jws-kubeconfig-abcdef ;; *) echo -n 200 ;; esac'
  fake kubeadm <<'FAKE'
[ "$1" != join ] || {
  mkdir -p /etc/kubernetes/pki /var/lib/kubelet
  printf '%s' "$CA_CERTIFICATE" >/etc/kubernetes/pki/ca.crt
  echo config >/etc/kubernetes/kubelet.conf
  [ ! -e "${CALLS%/*}/join-dies" ] || exit 1
}
FAKE
}

@test "the first run joins and says which machine it is, the second does not join again" {
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -c . "$BATS_TEST_TMPDIR/patch")" = \
    '{"metadata":{"annotations":{"gitops-platform/identity":"machine-2"}},"spec":{"podCIDR":"10.244.21.0/24","podCIDRs":["10.244.21.0/24"]}}' ]
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^kubeadm join')" -eq 1 ]
  [ "$(calls secretsecret)" -eq 0 ]
  [ ! -e "$MACHINE/run/gitops-platform" ]
}

@test "a worker whose join was killed after it registered is taken as it is" {
  touch "$BATS_TEST_TMPDIR/join-dies"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^kubeadm join')" -eq 1 ]
  [ "$(calls '^kubeadm reset')" -eq 0 ]
}

@test "a control plane whose join was killed leaves etcd and starts over" {
  export NODE_NAME=cp-2 NODE_ADDRESS=10.78.0.12 NODE_ROLE=control-plane
  touch "$BATS_TEST_TMPDIR/join-dies"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  rm "$BATS_TEST_TMPDIR/join-dies"
  echo config >"$MACHINE/etc/kubernetes/admin.conf"
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.caCertificate, .cluster.kubernetes]' <<<"$output")" = '["the CA","1.27.4"]' ]
  [ "$(calls 'exec etcd-cp-1 .* member remove 1a')" -eq 1 ]
  [ "$(calls 'delete node cp-2')" -eq 1 ]
  [ "$(calls '^kubeadm reset')" -eq 1 ]
  [ "$(calls '^kubeadm join')" -eq 2 ]
}

@test "a node of a cluster that was rebuilt joins the new one" {
  on_machine kubernetes/join-node.sh apply
  export CA_CERTIFICATE='another CA'
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(calls '^kubeadm reset')" -eq 1 ]
  [ "$(calls '^kubeadm join')" -eq 2 ]
}

@test "an expired token is said, with what renews it" {
  fake curl <<<'echo -n 401'
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [ "$stderr" = '[join] worker-1: the cluster does not accept the bootstrap token (any more: it lives for a day); renew it with `npx pulumi up --replace urn`, and run again' ]
  [ "$(calls '^kubeadm')" -eq 0 ]
}

@test "certificates that a control plane no longer gets are said, with what renews them; a worker needs none" {
  fake curl <<<'case "$*" in *cluster-info*) echo jws-kubeconfig-abcdef ;; *kubeadm-certs*) echo -n 404 ;; *) echo -n 200 ;; esac'
  NODE_ROLE=control-plane on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 1 ]
  [ "$stderr" = '[join] worker-1: the cluster does not hand out its certificates to further control planes (any more: for two hours); renew it with `npx pulumi up --replace urn`, and run again' ]
  [ "$(calls '^kubeadm')" -eq 0 ]
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
}

@test "the undo resets; with a foreign marker it does nothing" {
  on_machine kubernetes/join-node.sh apply
  STACK_ID=gitops-platform/other/other on_machine kubernetes/join-node.sh destroy
  [ -e "$MACHINE/etc/kubernetes/kubelet.conf" ]
  on_machine kubernetes/join-node.sh destroy
  [ "$status" -eq 0 ]
  [ ! -e "$MACHINE/etc/kubernetes" ]
  [ ! -e "$MACHINE/etc/gitops-platform/joined" ]
}

@test "the undo leaves what is in a volume that is still mounted, also when kubeadm reset fails" {
  mkdir "$BATS_TEST_TMPDIR/volume"
  echo kept >"$BATS_TEST_TMPDIR/volume/data"
  on_machine kubernetes/join-node.sh apply
  fake kubeadm <<'FAKE'
mkdir -p /var/lib/kubelet/pods/1/volume-subpaths/data
mount --bind "${CALLS%/*}/volume" /var/lib/kubelet/pods/1/volume-subpaths/data
exit 1
FAKE
  on_machine kubernetes/join-node.sh destroy
  [ "$status" -eq 0 ]
  [ "$(cat "$BATS_TEST_TMPDIR/volume/data")" = kept ]
  [ ! -e "$MACHINE/var/lib/kubelet" ]
}

@test "a control plane that joins writes Secrets as the one does that lets it in" {
  export NODE_NAME=cp-2 NODE_ADDRESS=10.78.0.12 NODE_ROLE=control-plane AUDIT_POLICY=policy ADMISSION=admission ENCRYPTION_KEY=a2V5
  local file=$MACHINE/etc/kubernetes/hardening/encryption.yaml
  on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [ "$(sed -n '/providers:/{n;p}' "$file")" = '      - identity: {}' ]
  rm -rf "$MACHINE/etc/kubernetes" "$MACHINE/etc/gitops-platform/joined" "$MACHINE/var/lib/kubelet"
  WRITES_ENCRYPTED=true on_machine kubernetes/join-node.sh apply
  [ "$status" -eq 0 ]
  [[ $(sed -n '/providers:/{n;p}' "$file") == *secretbox* ]]
}
