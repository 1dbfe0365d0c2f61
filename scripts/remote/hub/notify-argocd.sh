#!/usr/bin/env bash
# Configures the repository's hook, which notifies Argo CD of a push (lib/push-event.sh).
#
# Environment: NODE_NAME (for messages); WEB_URL: http://<host>/<path> of the repository, host as in its address, without
#   .git; ADDRESSES: lines `address:port` of Argo CD's server; TOKEN: its webhook secret; CERTIFICATE: its certificate or
#   the authority's, PEM, for the name argocd-server.
# Touches: /etc/gitops-push-event, readable by root and git only. Undo: removes it, and pushes notify nobody.
set -euo pipefail
SCOPE=notify
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/files.sh"

readonly DIRECTORY=/etc/gitops-push-event

# The addresses come last: the hook does nothing before they are there.
apply() {
  take_lock
  local file
  install -d -m 750 -o root -g git $DIRECTORY
  openssl x509 -noout <<<"$CERTIFICATE" 2>/dev/null || die "CERTIFICATE is no PEM certificate; give Argo CD's own, from its Secret argocd-secret"
  for file in web-url:"$WEB_URL" certificate.pem:"$CERTIFICATE" \
    headers:"$(printf 'X-Gitlab-Event: Push Hook\nX-Gitlab-Token: %s\nContent-Type: application/json' "$TOKEN")" addresses:"$ADDRESSES"; do
    write_file "$DIRECTORY/${file%%:*}" 640 <<<"${file#*:}" || true # unchanged is fine
    chgrp git "$DIRECTORY/${file%%:*}"
  done
}

destroy() {
  rm -rf $DIRECTORY
}

run_verb "$@" </dev/null
