#!/usr/bin/env bats
# Certificates that don't expire: a control plane's own timer, an update's turn, the repair of expired ones. With the real kubeadm
# of the mirror and certificates that openssl dates; containerd, etcd and the API are mocked, the drill `certificates` has them.
bats_require_minimum_version 1.5.0
load machine.bash

setup_file() {
  local files
  files=${XDG_CACHE_HOME:-$HOME/.cache}/gitops-platform/mirror/files/dl.k8s.io/release
  KUBEADM=$(find "$files" -name kubeadm | sort --version-sort | tail -n 1)
  [ -x "$KUBEADM" ] || { echo "no kubeadm below $files: run npm run mirror first" >&2 && return 1; }
  export KUBEADM PKI=$BATS_FILE_TMPDIR/kubernetes
  mkdir -p "$PKI"
  unshare --mount --propagation private bash -euc '
    mkdir -p "$1/etc/kubernetes"
    mount --bind "$1/etc" /etc && mount --bind "$PKI" /etc/kubernetes
    printf "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nkubernetesVersion: %s\napiServer: {certSANs: [api.example.com]}\n" \
      "$("$KUBEADM" version --output short)" >/etc/config.yaml
    "$KUBEADM" init phase certs all --config /etc/config.yaml
    "$KUBEADM" init phase kubeconfig all --config /etc/config.yaml' - "$BATS_FILE_TMPDIR/machine" >"$BATS_FILE_TMPDIR/log" 2>&1
}

setup() {
  create_machine
  export NODE_ROLE=control-plane KUBERNETES_VERSION=1.27.4 DRAIN_TIMEOUT_SECONDS=30 DRAIN_GRACE_PERIOD_SECONDS=-1 RENEW_ENDING='' ENDPOINT_NAME=''
  export OTHER_CONTROL_PLANES='10.78.0.12 10.78.0.13'
  K=$MACHINE/etc/kubernetes
  cp -a "$PKI" "$K"
  mkdir -p "$K/manifests" "$MACHINE/etc/gitops-platform" "$MACHINE/var/lib/kubelet"
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  echo '{}' >"$MACHINE/etc/gitops-platform/kubeadm-files.json"
  local part
  for part in kube-apiserver kube-controller-manager kube-scheduler; do
    echo "    image: registry.k8s.io/$part:v1.27.4" >"$K/manifests/$part.yaml"
  done
  : >"$BATS_TEST_TMPDIR/sick"
  fake systemctl sleep </dev/null
  fake kubeadm <<<'exec "$KUBEADM" "$@"'
  echo 1 >"$BATS_TEST_TMPDIR/created"
  fake crictl <<'FAKE'
case "$1" in ps) jq -n --arg id "id-$(tr -d '^$' <<<"${!#}")" --arg at "$(cat "${CALLS%/*}/created")" '{containers: [{id: $id, createdAt: $at}]}' ;; esac
FAKE
  fake curl <<'FAKE'
! grep -qF -- "${!#}" "${CALLS%/*}/sick" || exit 0
case "$*" in *2381*) printf '{"health":"true"}' ;; *) printf ok ;; esac
FAKE
  cat >"$BATS_TEST_TMPDIR/configuration" <<'YAML'
apiServer:
  certSANs:
  - api.example.com
  timeoutForControlPlane: 2m0s
apiVersion: kubeadm.k8s.io/v1beta3
certificatesDir: /etc/kubernetes/pki
clusterName: test
kind: ClusterConfiguration
kubernetesVersion: v1.27.4
networking:
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/12
YAML
  fake kubectl <<'FAKE'
case " $* " in
*" get configmap kubeadm-config "*) cat "${CALLS%/*}/configuration" ;;
*" patch configmap kubeadm-config "*) jq --raw-output .data.ClusterConfiguration >"${CALLS%/*}/patched" && cp "${CALLS%/*}/patched" "${CALLS%/*}/configuration" ;;
*" --selector component=etcd "*) printf 'etcd-cp-1\netcd-cp-2\netcd-cp-3\n' ;;
*" member list "*) for i in 1 2 3; do echo "${i}a, started, cp-$i, https://10.78.0.1$i:2380, https://10.78.0.1$i:2379, false"; done ;;
*" endpoint health "*) ! grep -qF -- "${!#}" "${CALLS%/*}/sick" ;;
esac
FAKE
}

# age DAYS: what every leaf has left from now on.
age() { bash "$BATS_TEST_DIRNAME/../../fixtures/age-certificates.sh" "$K" "$1"; }

# days FILE: left, of a certificate or a kubeconfig.
days() {
  local end
  end=$(if [[ $1 == *.conf ]]; then sed -n 's/^ *client-certificate-data: *//p' "$1" | base64 -d; else cat "$1"; fi | openssl x509 -noout -enddate)
  echo $((($(date --date="${end#*=}" +%s) - $(date +%s)) / 86400))
}

# every_leaf: lines with the days that each of kubeadm's certificates has left.
every_leaf() {
  local file
  for file in "$K"/pki/*.crt "$K"/pki/etcd/*.crt "$K"/{admin,controller-manager,scheduler}.conf; do
    case "$file" in *ca.crt) ;; *) days "$file" ;; esac
  done
}

# all_renewed: every leaf has most of a year, the CAs are the same.
all_renewed() {
  [ "$(every_leaf | awk '$1 > 300' | wc -l)" -eq 10 ]
  [ "$(every_leaf | wc -l)" -eq 10 ]
  local ca
  for ca in pki/ca.crt pki/etcd/ca.crt pki/front-proxy-ca.crt; do cmp "$PKI/$ca" "$K/$ca"; done
}

timer() { on_machine kubernetes/renew-certificates.sh apply; }
turn() { on_machine kubernetes/activate-node.sh apply; }

@test "the timer leaves certificates alone that have more than 30 days" {
  age 31
  timer
  [ "$status" -eq 0 ]
  [ "$(calls '^kubeadm\|^crictl\|^kubectl')" -eq 0 ]
  [ "$(every_leaf | sort -u)" -le 31 ]
}

@test "the timer renews every leaf, and each part restarts and serves before the next one" {
  age 29
  openssl x509 -noout -ext subjectAltName -in "$K/pki/apiserver.crt" >"$BATS_TEST_TMPDIR/names"
  timer
  [ "$status" -eq 0 ]
  all_renewed
  cmp "$BATS_TEST_TMPDIR/names" <(openssl x509 -noout -ext subjectAltName -in "$K/pki/apiserver.crt")
  grep -q api.example.com "$BATS_TEST_TMPDIR/names"
  [ "$(grep -oE 'stop --timeout 30 .*|curl.*(2381/health|10.78.0.11:6443/readyz|healthz)' "$CALLS" | sed 's/.*[ /]//; s/.*stop.*//' | tr '\n' ' ')" = \
    'id-etcd health id-kube-apiserver readyz id-kube-controller-manager id-kube-scheduler health readyz healthz healthz ' ]
  [ ! -e "$MACHINE/etc/gitops-platform/renewal" ]
  : >"$CALLS"
  timer
  [ "$(calls '^kubeadm\|^crictl')" -eq 0 ]
}

@test "the timer waits for the others: a control plane that is not ready, a member of etcd that is not healthy" {
  age 10
  local sick
  for sick in https://10.78.0.13:6443/readyz https://10.78.0.12:2379; do
    echo "$sick" >"$BATS_TEST_TMPDIR/sick"
    timer
    [ "$status" -eq 1 ]
    [[ $stderr == *'nothing was renewed, the timer tries again tomorrow'* ]]
    [ "$(calls '^kubeadm\|^crictl')" -eq 0 ]
  done
}

@test "a renewal that was killed before every part restarted is done again, although the files are new" {
  echo renewed >"$MACHINE/etc/gitops-platform/renewal"
  timer
  [ "$status" -eq 0 ]
  [ "$(calls '^crictl stop')" -eq 4 ]
  [ ! -e "$MACHINE/etc/gitops-platform/renewal" ]
}

@test "a part that started since the files are new is not stopped again" {
  age 10
  echo "$(($(date +%s) + 60))000000000" >"$BATS_TEST_TMPDIR/created"
  timer
  [ "$status" -eq 0 ]
  all_renewed
  [ "$(calls '^crictl stop')" -eq 0 ]
}

@test "a part that doesn't serve again stops the renewal, which goes on the next time" {
  age 10
  cp -r "$SCRIPTS" "$BATS_TEST_TMPDIR/hurried"
  SCRIPTS=$BATS_TEST_TMPDIR/hurried
  sed -i 's/PART_SECONDS=180/PART_SECONDS=1/' "$SCRIPTS/lib/certificates.sh"
  fake sleep <<<'/usr/bin/sleep 0.3'
  echo https://127.0.0.1:10257/healthz >"$BATS_TEST_TMPDIR/sick"
  timer
  [ "$status" -eq 1 ]
  [[ $stderr == *'kube-controller-manager did not serve in 1 s after its certificate was renewed'* ]]
  : >"$BATS_TEST_TMPDIR/sick"
  timer
  [ "$status" -eq 0 ]
  all_renewed
}

@test "a machine that is no control plane yet has nothing to renew" {
  rm -r "$K"
  timer
  [ "$status" -eq 0 ]
  [ ! -s "$CALLS" ]
}

@test "an update renews with less than 90 days left, without draining, and prints the first end" {
  age 80
  turn
  [ "$status" -eq 0 ]
  all_renewed
  [ "$(calls ' drain ')" -eq 0 ]
  [ "$(calls 'endpoint health')" -ge 2 ]
  [ "$(date --date="$(jq -r .certificates.notAfter <<<"$output")" +%s)" -gt "$(date --date='300 days' +%s)" ]
}

@test "an update renews what it came for, whatever this node's clock says, and nothing else" {
  age 95
  turn
  [ "$status" -eq 0 ]
  [ "$(calls '^kubeadm')" -eq 0 ]
  RENEW_ENDING=$(date --utc --date='90 days' +%FT%TZ) turn
  [ "$(calls '^kubeadm')" -eq 0 ]
  RENEW_ENDING=$(date --utc --date='96 days' +%FT%TZ) turn
  [ "$status" -eq 0 ]
  all_renewed
}

@test "an update doesn't renew while another member of etcd is not healthy" {
  age 80
  echo https://10.78.0.12:2379 >"$BATS_TEST_TMPDIR/sick"
  turn
  [ "$status" -eq 1 ]
  [[ $stderr == *"etcd's other members have to be healthy first (not healthy: cp-2 )"* ]]
  [ "$(calls '^kubeadm\|^crictl')" -eq 0 ]
}

@test "expired certificates are renewed without asking anybody, also by the timer" {
  age -1
  echo https://10.78.0.13:6443/readyz >"$BATS_TEST_TMPDIR/sick"
  timer
  [ "$status" -eq 0 ]
  all_renewed
  [[ $stderr == *'certificates expired at '* ]]
  [ "$(calls '^kubectl')" -eq 0 ]
  [ "$(calls 'systemctl restart kubelet')" -eq 1 ]
  [ ! -e "$MACHINE/etc/gitops-platform/renewal" ]
}

@test "a certificate that can't be read is no certificate that is valid" {
  echo broken >"$K/pki/etcd/peer.crt"
  timer
  [ "$status" -eq 1 ]
  [[ $stderr == *"can't read the certificate in /etc/kubernetes/pki/etcd/peer.crt, so when it ends is not known"* ]]
  turn
  [ "$status" -eq 1 ]
}

# serving: the API server reads its certificate again at the third look; after that s_client shows the file.
serving() {
  cp "$K/pki/apiserver.crt" "$BATS_TEST_TMPDIR/served"
  echo "${1:-3}" >"$BATS_TEST_TMPDIR/looks"
  fake openssl <<'FAKE'
if [ "$1" = s_client ]; then
  looks=$(($(cat "${CALLS%/*}/looks") - 1))
  echo "$looks" >"${CALLS%/*}/looks"
  if [ "$looks" -le 0 ]; then cp /etc/kubernetes/pki/apiserver.crt "${CALLS%/*}/served"; fi
  cat "${CALLS%/*}/served"
else exec /usr/bin/openssl "$@"; fi
FAKE
}

names() { openssl x509 -noout -ext subjectAltName -in "$K/pki/apiserver.crt"; }

@test "another endpoint: the API's certificate is issued for it too, and nothing restarts" {
  serving
  cp "$K/pki/apiserver.crt" "$BATS_TEST_TMPDIR/before"
  ENDPOINT_NAME=api.prod.example.org turn
  [ "$status" -eq 0 ]
  [[ $(names) == *'DNS:api.prod.example.org'* && $(names) == *'DNS:api.example.com'* && $(names) == *'DNS:cp-1'* && $(names) == *'IP Address:10.78.0.11'* ]]
  openssl verify -CAfile "$K/pki/ca.crt" "$K/pki/apiserver.crt"
  [ "$(openssl x509 -noout -pubkey -in "$K/pki/apiserver.crt")" = "$(openssl pkey -pubout -in "$K/pki/apiserver.key")" ]
  [ "$(stat --format=%a "$K/pki/apiserver.key")" = 600 ]
  cmp "$PKI/pki/ca.key" "$K/pki/ca.key"
  [ "$(calls '^crictl\|systemctl re')" -eq 0 ]
  [ "$(calls ' drain ')" -eq 0 ]
  [ "$(calls '^openssl s_client')" -eq 3 ]
  [ ! -e "$MACHINE/run/gitops-platform" ]
  grep -qx '  - "api.prod.example.org"' "$BATS_TEST_TMPDIR/patched"
  diff <(grep -v api.prod "$BATS_TEST_TMPDIR/patched") <(sed '/api.prod/d' "$BATS_TEST_TMPDIR/configuration")
  : >"$CALLS"
  ENDPOINT_NAME=api.prod.example.org turn
  [ "$status" -eq 0 ]
  [ "$(calls '^kubeadm\|patch')" -eq 0 ]
}

@test "an endpoint that is an address, of either family, is one in the certificate" {
  local address
  for address in 10.78.0.100 fd00::64; do
    serving 1
    ENDPOINT_NAME=$address turn
    [ "$status" -eq 0 ]
    openssl x509 -noout -checkip "$address" -in "$K/pki/apiserver.crt" | grep 'does match'
  done
}

@test "a name that the certificate has already changes nothing" {
  serving
  ENDPOINT_NAME=api.example.com turn
  [ "$status" -eq 0 ]
  [ "$(calls '^kubeadm\|patch')" -eq 0 ]
}

@test "a configuration without a list of names is left alone, and so is the certificate" {
  serving
  sed -i '/certSANs/,+1d' "$BATS_TEST_TMPDIR/configuration"
  ENDPOINT_NAME=api.prod.example.org turn
  [ "$status" -eq 1 ]
  [[ $stderr == *'has no apiServer.certSANs; add the list with api.prod.example.org there'* ]]
  cmp "$PKI/pki/apiserver.crt" "$K/pki/apiserver.crt"
}

@test "an API server that goes on serving the old certificate stops the update" {
  serving 1000
  cp -r "$SCRIPTS" "$BATS_TEST_TMPDIR/hurried"
  SCRIPTS=$BATS_TEST_TMPDIR/hurried
  sed -i 's/SERVED_SECONDS=90/SERVED_SECONDS=1/' "$SCRIPTS/lib/endpoint-name.sh"
  fake sleep <<<'/usr/bin/sleep 0.3'
  ENDPOINT_NAME=api.prod.example.org turn
  [ "$status" -eq 1 ]
  [[ $stderr == *'but did not serve it in 1 s; no other control plane is touched'* ]]
}
