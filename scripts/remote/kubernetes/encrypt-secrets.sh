#!/usr/bin/env bash
# On a control plane, once every control plane of the cluster has the key: Secrets are written encrypted with it from now on. With
# LAST=yes also sees to it that etcd holds no Secret that is not. Prints {"encrypted": how many Secrets etcd holds}, or {} where LAST=no.
#
# Environment
#   NODE_NAME, NODE_ADDRESS, STACK_ID
#   ENCRYPTION_KEY   of the cluster's Secrets (secret)
#   LAST             yes on the last control plane, after all others
# State: /etc/kubernetes/hardening/encryption.yaml; the Secrets in etcd, whose content stays; for a moment the Secret
#   kube-system/gitops-platform-encryption-<node>
# Undo: none.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/files.sh"
. "$(dirname "$0")/../lib/members.sh"
. "$(dirname "$0")/../lib/hardening.sh"
SCOPE=encryption

# The API server watches the file.
readonly RELOAD_SECONDS=90
readonly REWRITES=5

# own_kube ARGUMENTS…: asks this node's own API server; the kubeconfig's address is any control plane's.
own_kube() {
  kube --server "https://$NODE_ADDRESS:6443" "$@"
}

# secrets_in_etcd: lines "true|false NAMESPACE/NAME": whether etcd holds it encrypted with the stack's key.
secrets_in_etcd() {
  local answer
  answer=$(etcdctl_in "$ETCD_POD" get /registry/secrets/ --prefix --write-out json) || return
  jq --raw-output --arg sealed "k8s:enc:secretbox:v1:$(key_name):" '.kvs[]?
    | "\(.value | @base64d | startswith($sealed)) \(.key | @base64d | ltrimstr("/registry/secrets/"))"' <<<"$answer"
}

# await_encryption: what this API server writes, etcd has encrypted. The Secret holds nothing.
await_encryption() {
  local name=gitops-platform-encryption-$NODE_NAME deadline=$((SECONDS + RELOAD_SECONDS)) found
  while :; do
    own_kube --namespace kube-system delete secret "$name" --ignore-not-found >/dev/null
    own_kube --namespace kube-system create secret generic "$name" >/dev/null
    found=$(secrets_in_etcd) || die "can't read from etcd whether Secrets are encrypted; see \`kubectl --namespace kube-system get pods --selector component=etcd\`, and run again"
    if grep -qx "true kube-system/$name" <<<"$found"; then break; fi
    [ "$SECONDS" -lt "$deadline" ] ||
      die "the API server of $NODE_NAME did not encrypt in $RELOAD_SECONDS s what it writes, although $ENCRYPTION_FILE says so; look at its log (\`crictl logs\`) there, and run again"
    sleep 1
  done
  own_kube --namespace kube-system delete secret "$name" --ignore-not-found >/dev/null
}

# require_none: an empty answer of etcd is the truth only where the API server has no Secret either.
require_none() {
  local names
  names=$(own_kube get secrets --all-namespaces --output name) || die "can't ask the API server for its Secrets; see \`crictl ps -a\` there, and run again"
  [ -z "$names" ] ||
    die "etcd shows no Secret, and the API server has $(wc -l <<<"$names"): whether they are encrypted is not known; see \`kubectl --namespace kube-system get pods --selector component=etcd\`, and run again"
}

# rewrite_secrets: each with its own content; one that changes or goes meanwhile is written by somebody else.
rewrite_secrets() {
  local attempt found plain
  for ((attempt = 1; attempt <= REWRITES; attempt++)); do
    found=$(secrets_in_etcd) || die "can't read from etcd which Secrets are encrypted; see \`kubectl --namespace kube-system get pods --selector component=etcd\`, and run again"
    [ -n "$found" ] || require_none
    plain=$(sed -n 's/^false //p' <<<"$found")
    if [ -z "$plain" ]; then
      jq --null-input --compact-output --argjson count "$(grep -c . <<<"$found" || true)" '{encrypted: $count}'
      return
    fi
    log_info "$(wc -l <<<"$plain") Secrets are written again, encrypted"
    own_kube get secrets --all-namespaces --output json | own_kube replace --filename - >/dev/null 2>&1 || true # counted again
  done
  die "etcd still holds Secrets that are not encrypted with the stack's key: $(tr '\n' ' ' <<<"$plain"); see whether they can be changed (\`kubectl replace\`), and run again"
}

apply() {
  require_ours
  take_lock
  [ -e "$ENCRYPTION_FILE" ] || die "$ENCRYPTION_FILE is missing, although this control plane had its turn; run the whole update again"
  ask_etcd '' || die "no member of etcd answers; nothing was changed. See \`kubectl --namespace kube-system get pods --selector component=etcd\`, and run again"
  if [ "$(written_by)" != own ]; then
    write_encryption own
    await_encryption
  fi
  if [ "$LAST" = yes ]; then rewrite_secrets; else echo '{}'; fi
}

run_verb "$@" </dev/null
