#!/usr/bin/env bash
# Makes a machine a member of the cluster, once: kubeadm join, or kubeadm init where no control plane has let it in, because there
# is no cluster yet. Prints what was written, as lib/written.sh says, on a control plane also {"caCertificate": …, "cluster": …}, the
# latter as the cluster itself says (lib/cluster-facts.sh).
#
# Environment
#   NODE_NAME, NODE_ADDRESS, NODE_ROLE (control-plane or worker), STACK_ID, IDENTITY, ETCD_DIRECTORY
#   CA_CERTIFICATE    of the cluster, PEM; empty: no control plane of a cluster answers
#   JOIN_CONFIG       kubeadm configuration (secret); empty as well then
#   INIT_CONFIG       kubeadm configuration (secret); empty: this machine may not found the cluster
#   RESTORE           "name checksum" of the snapshot that this machine founds the cluster with; empty: with an empty one
#   AUDIT_POLICY, ADMISSION, ENCRYPTION_KEY (secret)  of a hardened control plane; empty: none
#   WRITES_ENCRYPTED  true when the control plane that lets this one in encrypts Secrets, so that all of them can read such
#   POD_CIDR          this node's part of the pod network; empty: Kubernetes chooses
#   RENEW_COMMAND     what to run when the node's admission has expired
# State: /etc/kubernetes, /var/log/kubernetes, /var/lib/{etcd,kubelet}, /etc/gitops-platform/{initialised,joined}
# Undo: kubeadm reset and what it leaves behind, when the ownership marker is ours.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/control-planes.sh"
. "$(dirname "$0")/../lib/kubeadm.sh"
. "$(dirname "$0")/../lib/files.sh"
. "$(dirname "$0")/../lib/hardening.sh"
. "$(dirname "$0")/../lib/written.sh"
. "$(dirname "$0")/../lib/reset.sh"
. "$(dirname "$0")/../lib/members.sh"
. "$(dirname "$0")/../lib/cluster-facts.sh"
. "$(dirname "$0")/../lib/restore.sh"
. "$(dirname "$0")/../lib/found-cluster.sh"
SCOPE="join"

readonly SIGNATURE_SECONDS=20
readonly KUBELET_CONFIG=/etc/kubernetes/kubelet.conf

# The cluster that this machine is a member of, by its CA: a cluster that was rebuilt is another one.
cluster_fingerprint() {
  sha256sum <<<"$CA_CERTIFICATE" | cut -d' ' -f1
}

has_joined() {
  [ -e "$JOINED_FILE" ] && { [ -z "$CA_CERTIFICATE" ] || [ "$(cat "$JOINED_FILE")" = "$(cluster_fingerprint)" ]; }
}

# A worker whose join was killed after its kubelet got a certificate lacks only the marker. A control plane lacks more.
is_registered() {
  [ "$NODE_ROLE" = worker ] && [ -s "$KUBELET_CONFIG" ] && cmp --silent /etc/kubernetes/pki/ca.crt <(printf '%s' "$CA_CERTIFICATE") &&
    kubectl --kubeconfig "$KUBELET_CONFIG" --request-timeout=10s get node "$NODE_NAME" >/dev/null 2>&1
}

# A killed join of a control plane may have left an etcd member and a Node that would refuse the next one.
recover() {
  log_info "an earlier join did not finish, or was to another cluster; starting over"
  if [ -s "$ADMIN_CONFIG" ] && cmp --silent /etc/kubernetes/pki/ca.crt <(printf '%s' "$CA_CERTIFICATE"); then
    # Its own half-started API server must not answer: the request goes through the proxy to the others.
    forget_node "$NODE_NAME" "$NODE_ROLE" "$NODE_ADDRESS"
  fi
  reset_node
}

# ask_api PATH CURL_OPTIONS…: the substitutions are silent because curl may end before it has read them.
ask_api() {
  local path=$1
  shift
  curl --silent --noproxy '*' --max-time 5 --cacert <(printf '%s' "$CA_CERTIFICATE" 2>/dev/null) "$@" "https://127.0.0.1:7443$path"
}

# status_of PATH TOKEN: what the API answers to it; 000 for no answer.
status_of() {
  ask_api "$1" --output /dev/null --write-out '%{http_code}' --header @<(printf 'Authorization: Bearer %s' "$2" 2>/dev/null) || true
}

# Token and certificates are short-lived, and kubeadm reports little: it retries an expired token for five minutes. No answer is
# no refusal, because kubeadm waits for the API itself.
require_valid_admission() {
  local renew="renew it with \`$RENEW_COMMAND\`, and run again"
  [ "$(status_of "/api/v1/nodes/$NODE_NAME" "$1")" != 401 ] ||
    die "the cluster does not accept the bootstrap token (any more: it lives for a day); $renew"
  [ "$NODE_ROLE" = control-plane ] || return 0
  [ "$(status_of /api/v1/namespaces/kube-system/secrets/kubeadm-certs "$1")" != 404 ] ||
    die "the cluster does not hand out its certificates to further control planes (any more: for two hours); $renew"
}

# kubeadm looks for the signed cluster-info every 5 s only; asking here more often saves most of that.
await_signature() {
  local deadline=$((SECONDS + SIGNATURE_SECONDS))
  until ask_api /api/v1/namespaces/kube-public/configmaps/cluster-info | grep -q "jws-kubeconfig-${1%%.*}"; do
    [ "$SECONDS" -lt "$deadline" ] || return 0 # kubeadm waits on, and reports
    sleep 0.2
  done
}

# An etcd member that once joined is a copy of a cluster's data, maybe the last one: a founder that was rebuilt empty has
# another CA, and must not have it wiped.
refuse_to_lose_etcd() {
  [ "$NODE_ROLE" = control-plane ] && [ -e "$JOINED_FILE" ] && [ -d "$ETCD_DIRECTORY/member" ] || return 0
  die "this control plane holds etcd data of another cluster, maybe the last copy; nothing was changed. Restore the cluster from it, or, if it is of no use, run kubeadm reset --force here and remove $JOINED_FILE; then run again"
}

join() {
  local token
  refuse_to_lose_etcd
  if has_remnants; then recover; fi
  token=$(sed -n 's/^ *token: *//p' <<<"$JOIN_CONFIG" | tr -d "\"'")
  require_valid_admission "$token"
  await_signature "$token"
  write_hardening "$(if [ "$WRITES_ENCRYPTED" = true ]; then echo own; else echo identity; fi)"
  secret_file join.yaml <<<"$JOIN_CONFIG"
  run_kubeadm join join --config "$SECRETS_DIRECTORY/join.yaml"
  record_kubeadm_files
}

become_member() {
  if is_registered; then
    systemctl start kubelet
  elif [ -z "$CA_CERTIFICATE" ]; then
    found
    return
  else
    join
  fi
  cluster_fingerprint >"$JOINED_FILE"
}

describe_control_plane() {
  [ "$NODE_ROLE" = control-plane ] || return 0
  describe_cluster | jq --compact-output --rawfile ca /etc/kubernetes/pki/ca.crt '{caCertificate: $ca} + .'
}

apply() {
  require_ours
  take_lock
  if [ -e "$INITIALISED_FILE" ]; then
    await_founded
  elif has_joined; then
    systemctl start kubelet
  else
    become_member
  fi
  if [ "$NODE_ROLE" = control-plane ]; then read_cluster_facts; fi
  if [ -n "$INIT_CONFIG" ]; then refuse_changed_cluster "$INIT_CONFIG"; fi
  record_node "$KUBELET_CONFIG"
  { describe_control_plane && describe_joined; } | jq --slurp --compact-output add
}

destroy() { reset_ours; }

run_verb "$@" </dev/null
