#!/usr/bin/env bash
# Members of the cluster as a control plane sees them: Node objects and etcd members.

readonly ADMIN_CONFIG=/etc/kubernetes/admin.conf

# kube ARGUMENTS…
kube() {
  kubectl --kubeconfig "$ADMIN_CONFIG" --request-timeout=30s "$@"
}

# etcdctl_except NAME ARGUMENTS…: etcdctl in a running etcd pod of another node than NAME; 2 when there is none.
etcdctl_except() {
  local name=$1 pod
  shift
  pod=$(kube --namespace kube-system get pods --selector component=etcd --field-selector status.phase=Running \
    --output custom-columns=:metadata.name --no-headers | grep -vx "etcd-$name" | head -n 1) || return 2
  kube --namespace kube-system exec "$pod" --container etcd -- etcdctl \
    --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/server.crt \
    --key /etc/kubernetes/pki/etcd/server.key "$@"
}

# forget_etcd_member NAME ADDRESS: also a learner that never started, which has an address but no name yet.
forget_etcd_member() {
  local members id
  members=$(etcdctl_except "$1" member list --write-out simple) || return 0 # no other member: nothing to remove from
  id=$(awk -F', ' -v name="$1" -v peer="https://$2:2380" '$3 == name || $4 == peer { print $1 }' <<<"$members")
  [ -n "$id" ] || return 0
  log_info "removing the etcd member $id of $1"
  etcdctl_except "$1" member remove "$id" >/dev/null ||
    die "can't remove the etcd member $id of $1; see \`etcdctl endpoint health --cluster\` in a pod of etcd, and run again"
}

# forget_node NAME ROLE ADDRESS
forget_node() {
  [ "$2" != control-plane ] || forget_etcd_member "$1" "$3"
  kube delete node "$1" --ignore-not-found --wait=false >/dev/null
}

# identity_of NAME: which machine joined under this name; empty for none, `-` for a Node that doesn't say.
identity_of() {
  kube get node "$1" --ignore-not-found --output json |
    jq --raw-output '.metadata.annotations["gitops-platform/identity"] // "-"'
}
