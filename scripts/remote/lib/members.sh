#!/usr/bin/env bash
# Members of the cluster as a control plane sees them: Node objects and etcd members. A member that could not be asked
# for is not taken for one that isn't there: only etcd's own answer counts.

readonly ADMIN_CONFIG=/etc/kubernetes/admin.conf
# Right after kubeadm has ended, the API does not list the etcd pod yet; and after a change of leader etcd needs seconds.
readonly ETCD_ATTEMPTS=6 ETCD_PAUSE_SECONDS=3
readonly DELETE_ATTEMPTS=10
# shellcheck disable=SC2034 # a step is sent the functions that it calls, and some steps only read members
ETCD_POD='' ETCD_MEMBERS='' MEMBER_ID=''

# kube ARGUMENTS…
kube() {
  kubectl --kubeconfig "$ADMIN_CONFIG" --request-timeout=30s "$@"
}

# etcdctl_in POD ARGUMENTS…
etcdctl_in() {
  local pod=$1
  shift
  timeout 30 kubectl --kubeconfig "$ADMIN_CONFIG" --namespace kube-system exec "$pod" --container etcd -- etcdctl \
    --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/server.crt \
    --key /etc/kubernetes/pki/etcd/server.key "$@" </dev/null
}

# ask_etcd NAME: sets ETCD_MEMBERS, lines "id, status, name, peer URL, client URL, learner", and ETCD_POD, who answered:
# a pod of another node than NAME. Fails when none answers. The API keeps the pods of dead nodes for Running.
ask_etcd() {
  local name=$1 attempt pods pod
  for ((attempt = 1; attempt <= ETCD_ATTEMPTS; attempt++)); do
    if [ "$attempt" -gt 1 ]; then sleep "$ETCD_PAUSE_SECONDS"; fi
    pods=$(kube --namespace kube-system get pods --selector component=etcd --field-selector status.phase=Running \
      --output custom-columns=:metadata.name --no-headers) || continue
    while IFS= read -r pod; do
      ETCD_MEMBERS=$(etcdctl_in "$pod" member list --write-out simple) || continue
      ETCD_POD=$pod
      [ -z "$ETCD_MEMBERS" ] || return 0
    done < <(grep -vx -e "etcd-$name" -e '' <<<"$pods")
  done
  return 1
}

# member_id NAME ADDRESS: of the answer; also of a learner that never started, which has an address but no name yet.
member_id() {
  awk -F', ' -v name="$1" -v peer="https://$2:2380" '$3 == name || $4 == peer { print $1; exit }' <<<"$ETCD_MEMBERS"
}

# is_healthy CLIENT_URL: whether the member serves reads that a majority agrees on; empty for one that never started.
is_healthy() {
  [ -n "$1" ] && etcdctl_in "$ETCD_POD" endpoint health --endpoints "$1" >/dev/null 2>&1
}

# hand_over_leadership ADDRESS: before etcd's leader goes away, another voter becomes it. Otherwise the others would first have to
# miss it, and elect one: nothing is written meanwhile. ETCD_POD has to be set. A failure costs only that time.
hand_over_leadership() {
  local members own="https://$1:2379" heir
  members=$(etcdctl_in "$ETCD_POD" endpoint status --cluster --write-out simple 2>/dev/null) || true # a member that is away fails it
  grep -q "^$own, [^,]*, [^,]*, [^,]*, true," <<<"$members" || return 0
  heir=$(awk -F', ' -v own="$own" '$1 != own && $6 == "false" { print $2; exit }' <<<"$members")
  [ -n "$heir" ] || return 0 # a single member
  etcdctl_in "$ETCD_POD" move-leader "$heir" --endpoints "$own" >/dev/null 2>&1 ||
    log_info "etcd's leader here could not hand over to $heir; the others elect one"
}

# require_majority_without NAME ID: a dead member may go while a majority of the others is healthy; a healthy one only
# while all others are, because its vote may be what makes the majority.
require_majority_without() {
  local name=$1 id=$2 attempt member client voters sick url
  url=$(awk -F', ' -v id="$id" '$1 == id { print $5 }' <<<"$ETCD_MEMBERS")
  for ((attempt = 1; attempt <= ETCD_ATTEMPTS; attempt++)); do
    if [ "$attempt" -gt 1 ]; then sleep "$ETCD_PAUSE_SECONDS"; fi
    voters=0 sick=()
    while IFS='|' read -r member client; do
      voters=$((voters + 1))
      is_healthy "$client" || sick+=("${member:-a member that never started}")
    done < <(awk -F', ' -v id="$id" '$1 != id && $6 == "false" { print $3 "|" $5 }' <<<"$ETCD_MEMBERS")
    if [ "$voters" -gt 0 ] && [ "${#sick[@]}" -eq 0 ]; then return 0; fi
    if [ $(((voters - ${#sick[@]}) * 2)) -gt "$voters" ] && ! is_healthy "$url"; then return 0; fi
  done
  [ "$voters" -gt 0 ] || die "$name is etcd's last voting member; nothing was removed. Destroy the whole cluster instead, or add a control plane first"
  die "etcd would have $((voters - ${#sick[@]})) of $voters healthy members without $name, not healthy: ${sick[*]} (need all, or a majority where $name itself is dead); nothing was removed. Repair or remove ${sick[*]} first, and run again"
}

# require_removable NAME ADDRESS: sets MEMBER_ID, empty for a node that is no member as etcd says.
require_removable() {
  ask_etcd "$1" ||
    die "can't ask etcd about $1: no member on another node answered, so $1 may still be one; nothing was removed. Look at \`kubectl --namespace kube-system get pods --selector component=etcd\`, repair a member, and run again"
  MEMBER_ID=$(member_id "$1" "$2")
  [ -z "$MEMBER_ID" ] || require_majority_without "$1" "$MEMBER_ID"
}

# remove_etcd_member NAME ID
remove_etcd_member() {
  log_info "removing the etcd member $2 of $1"
  etcdctl_in "$ETCD_POD" member remove "$2" >/dev/null ||
    die "can't remove the etcd member $2 of $1; see \`etcdctl endpoint health --cluster\` in a pod of etcd, and run again"
}

# forget_etcd_member NAME ADDRESS
forget_etcd_member() {
  require_removable "$1" "$2"
  [ -z "$MEMBER_ID" ] || remove_etcd_member "$1" "$MEMBER_ID"
}

# forget_node NAME ROLE ADDRESS: a control plane that forgets itself loses its API server with its member; the proxy goes on to
# the others within seconds.
forget_node() {
  local attempt
  [ "$2" != control-plane ] || forget_etcd_member "$1" "$3"
  for ((attempt = 1; attempt <= DELETE_ATTEMPTS; attempt++)); do
    if [ "$attempt" -gt 1 ]; then sleep "$ETCD_PAUSE_SECONDS"; fi
    if kube delete node "$1" --ignore-not-found --wait=false >/dev/null; then return 0; fi
  done
  die "can't delete the Node $1; see \`kubectl get --raw /readyz?verbose\`, and run again"
}

# identity_of NAME: which machine joined under this name; empty for none, `-` for a Node that doesn't say.
identity_of() {
  local node
  node=$(kube get node "$1" --ignore-not-found --output json) ||
    die "can't ask the API for the Node $1; see \`kubectl get --raw /readyz?verbose\`, and run again"
  jq --raw-output '.metadata.annotations["gitops-platform/identity"] // "-"' <<<"$node"
}
