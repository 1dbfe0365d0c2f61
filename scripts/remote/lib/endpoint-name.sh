#!/usr/bin/env bash
# The API's certificate on a control plane, for the name that operators reach the API at. The API server reads the file again
# by itself: nothing restarts.

readonly API_CERTIFICATE=/etc/kubernetes/pki/apiserver.crt
readonly ENDPOINT_LOG=/var/log/gitops-platform/endpoint-name.log
# The API server looks at its files once a minute.
readonly SERVED_SECONDS=90

# is_for_endpoint CERTIFICATE
is_for_endpoint() {
  local kind=host
  if [[ $ENDPOINT_NAME =~ : || $ENDPOINT_NAME =~ ^[0-9.]+$ ]]; then kind=ip; fi
  openssl x509 -in "$1" -noout "-check$kind" "$ENDPOINT_NAME" | grep -q 'does match'
}

# with_endpoint_name <<< ClusterConfiguration: the names of the API's certificate are the first list of its section.
with_endpoint_name() {
  awk -v name="$ENDPOINT_NAME" '{ print } $0 == "apiServer:" { inside = 1 } inside && /^ *certSANs:$/ { print "  - \"" name "\""; inside = 0; done = 1 }
    END { exit !done }'
}

# remember_endpoint_name: kubeadm makes later control planes' certificates from the cluster's configuration.
remember_endpoint_name() {
  local configuration
  if grep -qE "^  - \"?${ENDPOINT_NAME//./\\.}\"?\$" <<<"$CLUSTER_CONFIGURATION"; then return; fi
  configuration=$(with_endpoint_name <<<"$CLUSTER_CONFIGURATION") ||
    die "the ConfigMap kube-system/kubeadm-config has no apiServer.certSANs; add the list with $ENDPOINT_NAME there, and run again"
  jq --null-input --arg configuration "$configuration" '{data: {ClusterConfiguration: $configuration}}' |
    kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=20s --namespace kube-system patch configmap kubeadm-config \
      --type merge --patch-file /dev/stdin >/dev/null ||
    die "can't write $ENDPOINT_NAME into the ConfigMap kube-system/kubeadm-config; no certificate was changed. Run again"
  read_cluster_facts
}

# issue_api_certificate DIRECTORY: with a key of its own.
issue_api_certificate() {
  cp /etc/kubernetes/pki/ca.{crt,key} "$1"
  {
    printf 'apiVersion: kubeadm.k8s.io/v1beta3\nkind: InitConfiguration\nlocalAPIEndpoint: {advertiseAddress: %s}\nnodeRegistration: {name: %s}\n---\n' \
      "$NODE_ADDRESS" "$NODE_NAME"
    printf '%s\n' "${CLUSTER_CONFIGURATION/certificatesDir: \/etc\/kubernetes\/pki/certificatesDir: $1}"
  } >"$1/kubeadm.yaml"
  mkdir -p "${ENDPOINT_LOG%/*}"
  kubeadm init phase certs apiserver --config "$1/kubeadm.yaml" >"$ENDPOINT_LOG" 2>&1 9>&- ||
    die "kubeadm can't issue the API's certificate for $ENDPOINT_NAME: $(tail -n 1 "$ENDPOINT_LOG"); the old one is in place. See $ENDPOINT_LOG there, and run again"
  is_for_endpoint "$1/apiserver.crt" ||
    die "kubeadm issued a certificate that is not for $ENDPOINT_NAME; the old one is in place. See \`openssl x509 -text\` of $API_CERTIFICATE, and run again"
}

# is_served: what the API server shows now.
is_served() {
  openssl s_client -connect "$NODE_ADDRESS:6443" </dev/null 2>/dev/null | openssl x509 2>/dev/null | is_for_endpoint /dev/stdin
}

# serve_endpoint_name: the key takes its place first: the API server keeps the old pair while key and certificate don't match.
serve_endpoint_name() {
  local deadline directory
  [ -n "$ENDPOINT_NAME" ] || return 0
  remember_endpoint_name
  if ! is_for_endpoint "$API_CERTIFICATE"; then
    log_info "the API's certificate is issued for $ENDPOINT_NAME too"
    directory=$SECRETS_DIRECTORY/pki
    secrets_directory
    install -d -m 700 "$directory"
    issue_api_certificate "$directory"
    install_file "$directory/apiserver.key" "${API_CERTIFICATE%.crt}.key"
    install_file "$directory/apiserver.crt" "$API_CERTIFICATE"
    rm -rf "$directory"
  fi
  deadline=$((SECONDS + SERVED_SECONDS))
  until is_served; do
    [ "$SECONDS" -lt "$deadline" ] ||
      die "the API server has a certificate for $ENDPOINT_NAME, but did not serve it in $SERVED_SECONDS s; no other control plane is touched. Look at \`crictl logs\` of kube-apiserver there, and run again"
    sleep 1
  done
}
