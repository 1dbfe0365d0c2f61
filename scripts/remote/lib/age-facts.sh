#!/usr/bin/env bash
# What of a node has an age, as facts of a probe: certificates, and the newest snapshot of etcd. Of files that also hold a key,
# the certificate only.

# fact FIELD…: a line with its fields separated by tabs.
fact() {
  local IFS=$'\t'
  printf '%s\n' "$*"
}

# certificate PATH: its first certificate, on stdin, as one line.
certificate() {
  local body
  body=$(sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/{/-----/!p;/-----END/q}' | tr -d '\n')
  [ -z "$body" ] || fact certificate "$1" "$body"
}

look_at_certificates() {
  local path
  for path in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt /var/lib/kubelet/pki/kubelet-client-current.pem; do
    [ ! -f "$path" ] || certificate "$path" < <(cat "$path")
  done
  for path in /etc/kubernetes/{admin,super-admin,controller-manager,scheduler}.conf; do
    [ ! -f "$path" ] || certificate "$path" < <(sed -n 's/^ *client-certificate-data: *//p' "$path" | base64 --decode)
  done
}

look_at_snapshots() {
  local directory=/var/lib/gitops-platform newest
  newest=$(find "$directory/snapshots" -maxdepth 1 -name '*.age' -printf '%Ts\n' 2>/dev/null | sort --numeric-sort | tail -n 1) || newest='' # no such directory
  if [ -n "$newest" ]; then
    fact snapshot "$newest" taken
  elif [ -e "$directory/snapshot-etcd.sh" ]; then
    fact snapshot "$(stat --format=%Y "$directory/snapshot-etcd.sh")" installed
  fi
}
