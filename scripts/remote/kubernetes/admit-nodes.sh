#!/usr/bin/env bash
# On a control plane: lets the listed nodes join. Removes the Nodes and etcd members of rebuilt machines, renews the bootstrap
# token and, where more control planes join, the encrypted certificates. Lets nodes see which of their pods belong to a
# DaemonSet, without which none can drain itself. Prints {"caCertificate": …, "encrypted": …} of the cluster: the CA, and whether
# this control plane encrypts the Secrets that it writes. The CA is empty on a machine that only has itself to let in, and is no
# member of a cluster: there is none yet.
#
# Environment
#   NODE_NAME, STACK_ID
#   NODES                lines "name role address identity"
#   CONTROL_PLANES       lines "name address" of all that the stack has; empty: no control plane is to be let in
#   BOOTSTRAP_TOKEN      id.secret (secret)
#   ENCRYPTION_KEY       of the cluster's Secrets (secret); empty: they are not encrypted
#   UPLOAD_CERTS_CONFIG  kubeadm configuration with the certificate key (secret), without a version; empty: no more control
#                        planes
# State: the Secrets bootstrap-token-* and kubeadm-certs; the ClusterRole gitops-platform:drain and its binding; Node objects and etcd members of machines that are gone
# Undo: none; the token expires by itself.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/kubeadm.sh"
. "$(dirname "$0")/../lib/members.sh"
. "$(dirname "$0")/../lib/hardening.sh"
SCOPE=admission

# An `up` that was killed is usually run again the same day.
readonly TOKEN_LIFETIME='+1 day'

forget_rebuilt_nodes() {
  local name role address identity known
  while read -r name role address identity; do
    [ -n "$name" ] || continue
    known=$(identity_of "$name")
    case "$known" in
      "$identity") ;;
      '') if [ "$role" = control-plane ]; then forget_etcd_member "$name" "$address"; fi ;;
      *)
        log_info "$name is another machine now (was $known, is $identity): forgetting the old one"
        forget_node "$name" "$role" "$address"
        ;;
    esac
  done <<<"$NODES"
}

# forget_dead_members: kubeadm lets no control plane join while a member does not answer. Those of the stack stay, whether they
# answer or not; so do others that answer: what takes them out comes after this.
forget_dead_members() {
  local id name address client
  [ -n "$CONTROL_PLANES" ] || return 0
  ask_etcd '' ||
    die "can't ask etcd for its members; nothing was removed. Look at \`kubectl --namespace kube-system get pods --selector component=etcd\`, repair a member, and run again"
  while IFS='|' read -r id name address client; do
    if awk -v name="$name" -v address="$address" '$1 == name || $2 == address { found = 1 } END { exit !found }' <<<"$CONTROL_PLANES"; then continue; fi
    if is_healthy "$client"; then continue; fi
    log_info "$name is no control plane of the stack any more, and does not answer: forgetting it"
    require_majority_without "$name" "$id"
    remove_etcd_member "$name" "$id"
    [ -z "$name" ] || forget_node "$name" worker ''
  done < <(awk -F', ' '{ sub("https://", "", $4); sub(":2380", "", $4); print $1 "|" $3 "|" $4 "|" $5 }' <<<"$ETCD_MEMBERS")
}

# Server-side apply on stdin: the secret is in no argument and in no last-applied annotation.
renew_token() {
  kube apply --server-side --force-conflicts --filename - >/dev/null <<JSON
{
  "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "gitops-platform:drain"},
  "rules": [{"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get"]}]
}
{
  "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "gitops-platform:drain"},
  "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "gitops-platform:drain"},
  "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:nodes"}]
}
{
  "apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token",
  "metadata": {"name": "bootstrap-token-${BOOTSTRAP_TOKEN%%.*}", "namespace": "kube-system"},
  "stringData": {
    "token-id": "${BOOTSTRAP_TOKEN%%.*}", "token-secret": "${BOOTSTRAP_TOKEN##*.}",
    "expiration": "$(date --utc --date="$TOKEN_LIFETIME" +%Y-%m-%dT%H:%M:%SZ)",
    "usage-bootstrap-authentication": "true", "usage-bootstrap-signing": "true",
    "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token"
  }
}
JSON
}

upload_certificates() {
  [ -n "$UPLOAD_CERTS_CONFIG" ] || return 0
  # Without a version kubeadm would ask the Internet for one; its own will do.
  secret_file certs.yaml <<<"$UPLOAD_CERTS_CONFIG"$'\n'"kubernetesVersion: $(kubeadm version --output short)"
  mkdir -p "$LOG_DIRECTORY"
  kubeadm init phase upload-certs --upload-certs --skip-certificate-key-print --config "$SECRETS_DIRECTORY/certs.yaml" \
    >"$LOG_DIRECTORY/upload-certs.log" 2>&1 9>&- ||
    die "can't upload the control plane certificates: $(tail -n 1 "$LOG_DIRECTORY/upload-certs.log"); see $LOG_DIRECTORY/upload-certs.log there, and run again"
}

# refuse_newcomer_without_key: it would read no Secret. Members get the stack's key in their turns.
refuse_newcomer_without_key() {
  local name role _
  read -r name role _ <<<"$NODES"
  if [ "$role" != control-plane ] || [ "$name" = "$NODE_NAME" ] || [ "$(written_by)" != other ]; then return 0; fi
  [ -n "$(identity_of "$name")" ] ||
    die "the cluster's Secrets are encrypted with a key that is not in the stack's state, so the control plane $name can't join; nothing was changed. Run an update without it first, which encrypts them with the stack's key (docs/security.md)"
}

is_member() {
  [ -e "$INITIALISED_FILE" ] || [ -e "$JOINED_FILE" ]
}

apply() {
  require_ours
  take_lock
  if is_member; then
    refuse_newcomer_without_key
    forget_rebuilt_nodes
    forget_dead_members
    renew_token
    upload_certificates
    jq --null-input --compact-output --rawfile ca /etc/kubernetes/pki/ca.crt \
      --argjson encrypted "$(if [ "$(written_by)" = own ]; then echo true; else echo false; fi)" '{caCertificate: $ca, $encrypted}'
  elif [ "${NODES%% *}" = "$NODE_NAME" ]; then
    echo '{"caCertificate":""}'
  else
    die "this control plane has not joined the cluster yet, and can let no other node in; run again once it has"
  fi
}

run_verb "$@" </dev/null
