#!/usr/bin/env bash
# A node drains itself. A worker has its kubelet's rights only: it may evict its own pods and no others.

readonly KUBELET_CONFIG=/etc/kubernetes/kubelet.conf
readonly KUBELET_CERTIFICATE=/var/lib/kubelet/pki/kubelet-client-current.pem

# node_kube ARGUMENTS…: with the administrator's rights where the node has them. A single control plane has admitted nobody, so
# that no role lets its kubelet see DaemonSets.
node_kube() {
  local config=$KUBELET_CONFIG
  if [ -s "$ADMIN_CONFIG" ]; then config=$ADMIN_CONFIG; fi
  kubectl --kubeconfig "$config" --request-timeout=30s "$@"
}

# own_node: this node's object, as JSON.
own_node() {
  node_kube get node "$NODE_NAME" --output json
}

# own_pods FILTER: of the pods on this node that are not over, what the jq filter prints.
own_pods() {
  local pods
  pods=$(node_kube get pods --all-namespaces --field-selector "spec.nodeName=$NODE_NAME" --output json) || return
  jq --raw-output "def of_daemonset: any(.metadata.ownerReferences[]?; .kind == \"DaemonSet\");
    def mirrored: .metadata.annotations[\"kubernetes.io/config.mirror\"] != null;
    .items[] | select(.status.phase | IN(\"Succeeded\", \"Failed\") | not) | $1" <<<"$pods"
}

# refusal_of NAMESPACE POD: why it may not be evicted, as the API says: the budget and its figures. Nothing is evicted.
refusal_of() {
  local eviction
  eviction=$(jq --null-input --arg namespace "$1" --arg name "$2" '{apiVersion: "policy/v1", kind: "Eviction",
    metadata: {$namespace, $name}, deleteOptions: {dryRun: ["All"]}}')
  curl --silent --noproxy '*' --max-time 10 --cacert /etc/kubernetes/pki/ca.crt --cert "$KUBELET_CERTIFICATE" \
    --header 'Content-Type: application/json' --data "$eviction" \
    "https://127.0.0.1:7443/api/v1/namespaces/$1/pods/$2/eviction" |
    jq --raw-output 'if .status == "Failure" then [.details.causes[]?.message] + [.message] | first else empty end'
}

# left_pods: what kept the node from being empty, a sentence each.
left_pods() {
  local namespace name going refusal
  while read -r namespace name going; do
    [ -n "$namespace" ] || continue
    refusal=$(refusal_of "$namespace" "$name") || refusal=''
    if [ "$going" != - ]; then
      printf '%s/%s is still ending (since %s). ' "$namespace" "$name" "$going"
    else
      printf '%s/%s stays: %s. ' "$namespace" "$name" "${refusal:-it was not evicted}"
    fi
  done < <(own_pods 'select((of_daemonset or mirrored) | not) | "\(.metadata.namespace) \(.metadata.name) \(.metadata.deletionTimestamp // "-")"')
}

# drain_node TIMEOUT GRACE: evicts every pod but those of DaemonSets. Budgets are respected; a pod without a controller is
# not deleted, because nothing would make it again. Returns 1 with what is left in DRAIN_LEFT.
drain_node() {
  local log=$LOG_DIRECTORY/drain.log bare
  mkdir -p "$LOG_DIRECTORY"
  node_kube drain "$NODE_NAME" --ignore-daemonsets --delete-emptydir-data --timeout="$1s" --grace-period="$2" \
    >"$log" 2>&1 9>&- && return
  bare=$(sed -n 's/.*cannot delete Pods declare no controller[^:]*: //p' "$log" | sed 's/, \(continuing command\|cannot delete\).*//; s/[]].*//' | head -n 1)
  if [ -n "$bare" ]; then
    DRAIN_LEFT="$bare has no controller that would make it again; delete it, or give it one. "
  else
    DRAIN_LEFT=$(left_pods)
  fi
  # shellcheck disable=SC2034 # read by the scripts that source this
  DRAIN_LEFT=${DRAIN_LEFT:-"$(tail -n 1 "$log"). "}
  return 1
}
