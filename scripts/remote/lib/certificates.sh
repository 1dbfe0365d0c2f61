#!/usr/bin/env bash
# kubeadm's leaf certificates on a control plane: when the first of them ends, and their renewal. The CAs and the kubelet's
# own certificate are none of them. openssl comes with ca-certificates.

# While it is there, a renewal is unfinished: "renewed" when a part may still run with its old certificate, "restarted" when
# every part has a new one, and nobody has seen all of them serve.
readonly RENEWAL_FILE=$STATE_DIRECTORY/renewal
readonly RENEWAL_LOG=/var/log/gitops-platform/renew.log
readonly PART_SECONDS=180
# etcd first: its API server answers nothing without it.
readonly PARTS=(etcd kube-apiserver kube-controller-manager kube-scheduler)

has_certificates() {
  [ -e /etc/kubernetes/pki/apiserver.crt ]
}

# leaf_certificates: lines "path PEM-as-one-line".
leaf_certificates() {
  local path
  for path in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt; do
    case "$path" in *ca.crt | *'*'*) ;; *) printf '%s %s\n' "$path" "$(base64 --wrap=0 "$path")" ;; esac
  done
  for path in /etc/kubernetes/{admin,super-admin,controller-manager,scheduler}.conf; do
    [ ! -f "$path" ] || printf '%s %s\n' "$path" "$(sed -n 's/^ *client-certificate-data: *//p' "$path")"
  done
}

# first_end: when the first of them ends, in seconds since 1970.
first_end() {
  local path encoded end first=''
  while read -r path encoded; do
    end=$(base64 --decode <<<"$encoded" | openssl x509 -noout -enddate 2>/dev/null) ||
      die "can't read the certificate in $path, so when it ends is not known; restore the file, and run again"
    end=$(date --date="${end#notAfter=}" +%s)
    if [ -z "$first" ] || [ "$end" -lt "$first" ]; then first=$end; fi
  done < <(leaf_certificates)
  [ -n "$first" ] || die "/etc/kubernetes has no certificates (need a control plane's); run the whole update again"
  printf '%s' "$first"
}

# end_within DAYS
end_within() {
  local end
  end=$(first_end) || exit # die ended the subshell only
  [ "$end" -lt $(($(date +%s) + $1 * 86400)) ]
}

# describe_certificates: {certificates: {notAfter}}
describe_certificates() {
  local end
  end=$(first_end) || exit
  jq --null-input --compact-output --argjson seconds "$end" '{certificates: {notAfter: ($seconds | todate)}}'
}

# renew_files: needs no API. Each certificate keeps its names; the configuration says only where they are.
renew_files() {
  local config
  mkdir -p "${RENEWAL_LOG%/*}"
  echo renewed >"$RENEWAL_FILE"
  config=$(mktemp)
  printf 'apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nkubernetesVersion: %s\n' "$(kubeadm version --output short)" >"$config"
  kubeadm certs renew all --config "$config" >"$RENEWAL_LOG" 2>&1 9>&- ||
    die "kubeadm can't renew the certificates: $(tail -n 1 "$RENEWAL_LOG"); see $RENEWAL_LOG there, and run again"
  rm -f "$config"
  find /etc/kubernetes/pki -name '*.crt' -exec chmod 600 {} +
  touch "$RENEWAL_FILE" # what has started before now may have the old ones
}

# stop_part PART: the kubelet starts its container again, and that reads the new certificate. One that has started since, as
# controllers do that lose etcd, has read it already.
stop_part() {
  local containers
  containers=$(crictl ps --output json --label io.kubernetes.pod.namespace=kube-system --name "^$1\$" |
    jq --raw-output --argjson since "$(stat --format=%Y "$RENEWAL_FILE")" '.containers[] | select((.createdAt | tonumber) < ($since + 1) * 1e9) | .id') ||
    die "can't ask containerd for $1; see \`crictl ps\` there, and run again"
  # shellcheck disable=SC2086 # one id a word
  [ -z "$containers" ] || crictl stop --timeout 30 $containers >/dev/null || die "can't stop $1; see \`crictl ps\` there, and run again"
}

# serves PART: as it runs now. The API server has to do so with a certificate of the cluster's CA that is valid.
serves() {
  local ask=(curl --silent --noproxy '*' --max-time 5)
  case "$1" in
    etcd) "${ask[@]}" http://127.0.0.1:2381/health | grep -q '"health":"true"' ;;
    kube-apiserver) [ "$("${ask[@]}" --cacert /etc/kubernetes/pki/ca.crt "https://$NODE_ADDRESS:6443/readyz")" = ok ] ;;
    kube-controller-manager) [ "$("${ask[@]}" --insecure https://127.0.0.1:10257/healthz)" = ok ] ;;
    kube-scheduler) [ "$("${ask[@]}" --insecure https://127.0.0.1:10259/healthz)" = ok ] ;;
  esac
}

# await_part PART
await_part() {
  local deadline=$((SECONDS + PART_SECONDS))
  until serves "$1"; do
    [ "$SECONDS" -lt "$deadline" ] ||
      die "$1 did not serve in $PART_SECONDS s after its certificate was renewed; no other control plane is touched. Look at \`crictl ps -a\` and \`crictl logs\` there, and run again"
    sleep 0.5
  done
}

# renew_certificates: etcd serves again before the API server stops, and that before the controllers do.
renew_certificates() {
  local part began=$SECONDS
  renew_files
  for part in "${PARTS[@]}"; do
    case "$part" in etcd | kube-apiserver) stop_part "$part" && await_part "$part" ;; *) stop_part "$part" ;; esac
  done
  for part in "${PARTS[@]}"; do await_part "$part"; done
  rm -f "$RENEWAL_FILE"
  log_info "certificates renewed until $(date --utc --date="@$(first_end)" +%F), every part restarted in $((SECONDS - began)) s"
}

# repair_expired: without a valid certificate the API answers nobody, and etcd has no quorum before a majority of its members
# is repaired: nothing is waited for. The kubelet may be waiting minutes between two starts of a part; its own start ends that.
repair_expired() {
  local part
  has_certificates && end_within 0 || return 0
  log_info "certificates expired at $(date --utc --date="@$(first_end)" +%FT%TZ); renewing them"
  renew_files
  for part in "${PARTS[@]}"; do stop_part "$part"; done
  systemctl restart kubelet
  echo restarted >"$RENEWAL_FILE"
}

# finish_repair: sees to it that what repair_expired restarted serves.
finish_repair() {
  local part
  grep -qsx restarted "$RENEWAL_FILE" || return 0
  for part in "${PARTS[@]}"; do await_part "$part"; done
  rm -f "$RENEWAL_FILE"
}
