#!/usr/bin/env bash
# What the timer of a control plane runs: a snapshot of etcd with the CAs and keys that a cluster is restored from, those of its
# Secrets included, encrypted for the stack. Only etcd's leader takes it. Prints {"name": …, "revision": …, "keys": …, "bytes": …} of a snapshot.
#
# Environment
#   NODE_NAME, ETCD_DIRECTORY
#   CLUSTER    name of the cluster
#   RECIPIENT  of the stack (age); who has its identity opens the snapshot, this machine can't
#   ON_DEMAND  not empty: this member takes the snapshot, leader or not; unset by the timer
# State: the last snapshots in /var/lib/gitops-platform/snapshots; a file in ETCD_DIRECTORY while it works
# Undo: none.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
SCOPE=snapshot

readonly SNAPSHOT_DIRECTORY=/var/lib/gitops-platform/snapshots
readonly SNAPSHOTS_KEPT=3
# A lock of its own: a step that restarts nothing of etcd's must not delay a snapshot, and an upgrade takes one itself.
readonly SNAPSHOT_LOCK=/run/lock/gitops-platform-snapshot.lock SNAPSHOT_LOCK_SECONDS=300
readonly AUTHORITIES=(ca.crt ca.key sa.pub sa.key front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key)
# Etcd holds the Secrets of a hardened cluster encrypted (lib/hardening.sh).
readonly ENCRYPTION_FILE=/etc/kubernetes/hardening/encryption.yaml
readonly DATABASE=gitops-platform-snapshot.db
WORK='' DRAFT=''

clean_up() {
  rm -rf ${WORK:+"$WORK"} ${DRAFT:+"$DRAFT"} "${ETCD_DIRECTORY:?}/$DATABASE" "${ETCD_DIRECTORY:?}/$DATABASE.part"
}

# etcd ARGUMENTS…: etcdctl in this node's own member; needs no API server.
etcd() {
  local container
  container=$(crictl ps --quiet --state running --label io.kubernetes.pod.namespace=kube-system --name '^etcd$')
  [ -n "$container" ] || die "etcd does not run on this node; no snapshot was taken. See \`crictl ps -a\` there"
  timeout 240 crictl exec "$container" etcdctl --command-timeout 200s --endpoints https://127.0.0.1:2379 \
    --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/server.crt \
    --key /etc/kubernetes/pki/etcd/server.key "$@" </dev/null
}

# leads: whether this node's member is the leader; the fifth field of `endpoint status` says so.
leads() {
  local status
  status=$(etcd endpoint status --write-out simple) ||
    die "etcd's member on this node does not answer; no snapshot was taken. See \`crictl logs\` of etcd there"
  [ "$(awk -F', ' '{ print $5; exit }' <<<"$status")" = true ]
}

# save_database: etcd puts the SHA-256 of a database behind it.
save_database() {
  local file=$ETCD_DIRECTORY/$DATABASE
  clean_up # of a killed run
  etcd snapshot save "$file" >/dev/null || die "etcd can't save a snapshot to $file; see the lines above, and \`df $ETCD_DIRECTORY\`"
  chmod 600 "$file"
  [ "$(head --bytes=-32 "$file" | sha256sum | cut -d' ' -f1)" = "$(tail --bytes=32 "$file" | od -An -v -tx1 | tr -d ' \n')" ] ||
    die "the snapshot that etcd saved does not have the checksum behind it; it was removed. Run again"
}

# describe_snapshot: the manifest of the pack.
describe_snapshot() {
  local status version
  status=$(etcd snapshot status "$ETCD_DIRECTORY/$DATABASE" --write-out json) || die "etcd can't read the snapshot that it saved; it was removed. Run again"
  version=$(sed -n 's|^ *image: .*/kube-apiserver:v||p' /etc/kubernetes/manifests/kube-apiserver.yaml)
  jq --null-input --compact-output --argjson status "$status" --arg cluster "$CLUSTER" --arg node "$NODE_NAME" --arg kubernetes "$version" \
    --arg takenAt "$(date --utc +%Y-%m-%dT%H:%M:%SZ)" --arg sha256 "$(sha256sum "$ETCD_DIRECTORY/$DATABASE" | cut -d' ' -f1)" \
    '{format: 1, $cluster, $node, $takenAt, $kubernetes, revision: $status.revision, keys: $status.totalKey, $sha256}'
}

# pack: nothing is in clear outside of etcd's own directory.
pack() {
  local keys=()
  [ ! -e "$ENCRYPTION_FILE" ] || keys=(--directory "${ENCRYPTION_FILE%/*}" "${ENCRYPTION_FILE##*/}")
  tar --create --format=ustar --owner=0 --group=0 --transform="s|^$DATABASE\$|etcd.db|;s|^\(.*\.\(crt\|key\|pub\)\)\$|pki/\1|" \
    --directory "$WORK" manifest.json --directory /etc/kubernetes/pki "${AUTHORITIES[@]}" "${keys[@]}" --directory "$ETCD_DIRECTORY" "$DATABASE" |
    gzip -1 | age --encrypt --recipient "$RECIPIENT"
}

forget_older() {
  local name
  while IFS= read -r name; do
    rm -f "$SNAPSHOT_DIRECTORY/$name"
  done < <(find "$SNAPSHOT_DIRECTORY" -maxdepth 1 -name '*.age' -printf '%f\n' | LC_ALL=C sort | head -n -"$SNAPSHOTS_KEPT")
}

take_snapshot() {
  local began=$SECONDS name
  umask 077
  mkdir -p "$SNAPSHOT_DIRECTORY"
  save_database
  WORK=$(mktemp -d)
  describe_snapshot >"$WORK/manifest.json"
  name=$(date --utc +%Y%m%dT%H%M%SZ)-$NODE_NAME.age
  DRAFT=$SNAPSHOT_DIRECTORY/.draft
  pack >"$DRAFT" || die "the snapshot can't be encrypted or written to $SNAPSHOT_DIRECTORY; it was removed. See the lines above, and \`df $SNAPSHOT_DIRECTORY\`"
  sync "$DRAFT"
  mv -f "$DRAFT" "$SNAPSHOT_DIRECTORY/$name"
  forget_older
  log_info "$name, $(stat --format=%s "$SNAPSHOT_DIRECTORY/$name") bytes, taken in $((SECONDS - began)) s"
  jq --compact-output --arg name "$name" --argjson bytes "$(stat --format=%s "$SNAPSHOT_DIRECTORY/$name")" \
    '{$name, revision, keys, $bytes}' "$WORK/manifest.json"
}

apply() {
  [ -e /etc/kubernetes/manifests/etcd.yaml ] || return 0 # it has not joined yet
  mkdir -p "${SNAPSHOT_LOCK%/*}"
  exec 8>"$SNAPSHOT_LOCK"
  flock --wait "$SNAPSHOT_LOCK_SECONDS" 8 || die "waited $SNAPSHOT_LOCK_SECONDS s for another snapshot; see \`fuser -v $SNAPSHOT_LOCK\` there"
  if [ -n "${ON_DEMAND:-}" ] || leads; then
    trap clean_up EXIT
    take_snapshot
  fi
}

run_verb "$@" </dev/null
