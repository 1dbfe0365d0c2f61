#!/usr/bin/env bash
# On a control plane: prints what runs, {"versions": {"kubernetes": "1.27.4", "etcd": …, "argocd": …}}. A part that doesn't run
# is left out; a part that runs in several versions has them all, with the nodes of each where it is Kubernetes.
#
# Environment
#   NODE_NAME, STACK_ID
# State: none. Undo: none.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/members.sh"
SCOPE=versions

# Whose image says which part it is; the tag of a pod that is ready, and stays, is the version that runs.
readonly PARTS='{"argocd": "argoproj/argocd", "sealedSecrets": "sealed-secrets-controller", "flannel": "flannel-io/flannel",
  "kubeRouter": "cloudnativelabs/kube-router"}'

# ask WHAT COMMAND…: its output; ends the step when there is none.
ask() {
  local what=$1 answer
  shift
  answer=$("$@") && [[ -n $answer ]] && printf '%s' "$answer" && return
  die "can't read $what, so what runs is not known; see \`kubectl get --raw /readyz?verbose\` there, and run again"
}

apply() {
  local api nodes pods etcd
  require_ours
  api=$(ask "the API's version" kube get --raw /version)
  nodes=$(ask "the nodes' versions" kube get nodes --output json)
  pods=$(ask "the pods' images" kube get pods --all-namespaces --output json)
  ask_etcd '' || die "can't ask etcd for its version: no member answered; see \`kubectl --namespace kube-system get pods --selector component=etcd\`, and run again"
  etcd=$(ask "etcd's version" etcdctl_in "$ETCD_POD" endpoint status --cluster --write-out json)
  jq --null-input --compact-output --slurpfile api <(printf '%s' "$api") --slurpfile nodes <(printf '%s' "$nodes") \
    --slurpfile pods <(printf '%s' "$pods") --slurpfile etcd <(printf '%s' "$etcd") --argjson parts "$PARTS" '
    # versions: [{of, version}], of whom where there are several.
    def versions: group_by(.version) | if length == 1 then .[0][0].version else
      map("\(.[0].version) (\(map(.of) | unique | join(", ")))") | join(", ") end;
    def tag: sub("@.*"; "") | sub(".*:v?"; "");
    def ready: [.status.containerStatuses[]? | select(.ready) | .name];
    ([{of: "API", version: $api[0].gitVersion}]
      + [$nodes[0].items[] | {of: .metadata.name, version: .status.nodeInfo.kubeletVersion}]
      | map(.version |= ltrimstr("v"))) as $kubernetes
    | {kubernetes: ($kubernetes | versions), etcd: ($etcd[0] | map({of: .Endpoint, version: .Status.version}) | versions)}
    + ([$pods[0].items[] | select(.metadata.deletionTimestamp == null) | ready as $ready | .spec.containers[] | select(.name | IN($ready[])) | .image] as $images
      | $parts | map_values(. as $part | [$images[] | select(sub("@.*"; "") | sub(":[^:/]*$"; "") | endswith($part)) | tag]
        | unique | join(", ")) | with_entries(select(.value != "")))
    | {versions: .}'
}

run_verb "$@" </dev/null
