#!/usr/bin/env bash
# What a cluster was founded with, read from the cluster itself: kubeadm keeps its configuration in a ConfigMap.

# cluster_field NAME <<< a ClusterConfiguration of kubeadm
cluster_field() {
  sed -n "s/^ *$1: *\"\{0,1\}\([^\" ]*\)\"\{0,1\}$/\1/p" | head -n 1
}

# cluster_configuration: the living cluster's.
cluster_configuration() {
  kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=20s --namespace kube-system get configmap kubeadm-config \
    --output 'jsonpath={.data.ClusterConfiguration}'
}

# read_cluster_facts: sets CLUSTER_CONFIGURATION.
read_cluster_facts() {
  CLUSTER_CONFIGURATION=$(cluster_configuration) || CLUSTER_CONFIGURATION=''
  [ -n "$CLUSTER_CONFIGURATION" ] ||
    die "can't read the ConfigMap kube-system/kubeadm-config, which says what this cluster was founded with; see \`kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz?verbose\` there, and run again"
}

# refuse_changed_cluster CONFIG: the preview refuses the same, from what the state knows; this is the cluster's own answer.
refuse_changed_cluster() {
  local name got need
  for name in clusterName podSubnet serviceSubnet; do
    need=$(cluster_field "$name" <<<"$CLUSTER_CONFIGURATION")
    got=$(cluster_field "$name" <<<"$1")
    [ "$got" = "$need" ] ||
      die "$name of a living cluster can't be changed (got $got, need $need); nothing was changed here. Put $need back into the stack file, or destroy the stack to found another cluster"
  done
  need=$(cluster_field kubernetesVersion <<<"$CLUSTER_CONFIGURATION")
  got=$(cluster_field kubernetesVersion <<<"$1")
  is_upgrade "${need#v}" "${got#v}" ||
    die "Kubernetes ${need#v} can't become ${got#v}: there is no way back, and one minor version at a time forth; nothing was changed here. Put ${need#v} back into the stack file, and run again"
}

# is_upgrade FROM TO: the same version, or one that kubeadm upgrades to.
is_upgrade() {
  local from to
  IFS=. read -ra from <<<"$1"
  IFS=. read -ra to <<<"$2"
  [ "${from[0]}" -eq "${to[0]}" ] || return
  if [ "${to[1]}" -eq "${from[1]}" ]; then [ "${to[2]}" -ge "${from[2]}" ]; else [ "${to[1]}" -eq $((from[1] + 1)) ]; fi
}

# describe_cluster: {cluster: {name, podSubnet, serviceSubnet, kubernetes, hardened}}
describe_cluster() {
  local version hardened=false
  if grep -q 'encryption-provider-config:' <<<"$CLUSTER_CONFIGURATION"; then hardened=true; fi
  version=$(cluster_field kubernetesVersion <<<"$CLUSTER_CONFIGURATION")
  jq --null-input --compact-output --arg name "$(cluster_field clusterName <<<"$CLUSTER_CONFIGURATION")" \
    --arg podSubnet "$(cluster_field podSubnet <<<"$CLUSTER_CONFIGURATION")" \
    --arg serviceSubnet "$(cluster_field serviceSubnet <<<"$CLUSTER_CONFIGURATION")" --arg kubernetes "${version#v}" \
    --argjson hardened "$hardened" '{cluster: {$name, $podSubnet, $serviceSubnet, $kubernetes, $hardened}}'
}
