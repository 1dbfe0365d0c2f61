#!/usr/bin/env bash
# What the timer of a control plane runs once a day: renews kubeadm's certificates when the first of them ends within 30 days,
# while every other control plane is healthy. Each control plane has an hour of its own. Expired ones are renewed at once:
# then no control plane can answer for its health.
#
# Environment
#   NODE_NAME, NODE_ADDRESS
#   OTHER_CONTROL_PLANES  addresses, separated by blanks
# State: /etc/kubernetes/pki, the kubeconfigs in /etc/kubernetes, /etc/gitops-platform/renewal while it is unfinished
# Undo: none.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/members.sh"
. "$(dirname "$0")/../lib/certificates.sh"
SCOPE=certificates

readonly TIMER_DAYS=30

require_healthy() {
  local address member url
  for address in $OTHER_CONTROL_PLANES; do
    [ "$(curl --silent --noproxy '*' --max-time 5 --cacert /etc/kubernetes/pki/ca.crt "https://$address:6443/readyz")" = ok ] ||
      die "the control plane $address is not ready; nothing was renewed, the timer tries again tomorrow"
  done
  ask_etcd '' || die "no member of etcd answers; nothing was renewed, the timer tries again tomorrow"
  while IFS='|' read -r member url; do
    is_healthy "$url" ||
      die "etcd's member ${member:-that never started} is not healthy; nothing was renewed, the timer tries again tomorrow"
  done < <(awk -F', ' '{ print $3 "|" $5 }' <<<"$ETCD_MEMBERS")
}

apply() {
  has_certificates || return 0 # it has not joined yet
  take_lock
  repair_expired
  finish_repair
  if [ -e "$RENEWAL_FILE" ] || end_within "$TIMER_DAYS"; then
    require_healthy
    hand_over_leadership "$NODE_ADDRESS"
    renew_certificates
  fi
}

run_verb "$@" </dev/null
