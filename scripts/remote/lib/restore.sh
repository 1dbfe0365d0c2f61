#!/usr/bin/env bash
# A cluster's data from a snapshot, put where kubeadm init founds the cluster: its CAs and keys, and etcd's database.
# `npm run snapshots` brings the snapshot here, decrypted, while the step waits for it.

readonly RESTORE_DIRECTORY=/var/lib/gitops-platform/restore
readonly RESTORE_WAIT_SECONDS=300

# await_snapshot NAME SHA256: prints its path.
await_snapshot() {
  local file=$RESTORE_DIRECTORY/$2.tar.gz deadline=$((SECONDS + RESTORE_WAIT_SECONDS))
  until [ -e "$file" ]; do
    [ "$SECONDS" -lt "$deadline" ] ||
      die "waited $RESTORE_WAIT_SECONDS s for the snapshot $1, which nobody brought; nothing was founded. Run \`npm run snapshots -- STACK restore $1\`"
    sleep 1
  done
  [ "$(sha256sum "$file" | cut -d' ' -f1)" = "$2" ] ||
    die "$file is not the snapshot $1 (its checksum differs); nothing was founded. Remove it, and run the restore again"
  printf '%s' "$file"
}

# restore_database FILE: the new member has no other one. The program is etcd's own, of the version that kubeadm founds with.
restore_database() {
  local image root
  image=$(kubeadm config images list --kubernetes-version "$(kubeadm version --output short)" 2>/dev/null | grep '/etcd:') || die "kubeadm names no image of etcd; nothing was founded"
  root=$(mktemp -d)
  ctr --namespace k8s.io images mount "$image" "$root" >/dev/null || die "containerd can't open $image; nothing was founded. See \`ctr --namespace k8s.io images list\` there"
  PATH=$root/usr/local/bin:$PATH etcdctl snapshot restore "$1" --data-dir "$ETCD_DIRECTORY/restored" --name "$NODE_NAME" \
    --initial-cluster "$NODE_NAME=https://$NODE_ADDRESS:2380" --initial-advertise-peer-urls "https://$NODE_ADDRESS:2380" \
    >"$LOG_DIRECTORY/restore.log" 2>&1 9>&- ||
    { ctr --namespace k8s.io images unmount --rm "$root" >/dev/null && die "etcd can't restore the snapshot: $(tail -n 1 "$LOG_DIRECTORY/restore.log"); nothing was founded. See $LOG_DIRECTORY/restore.log there"; }
  ctr --namespace k8s.io images unmount --rm "$root" >/dev/null
  rmdir "$root"
  mv "$ETCD_DIRECTORY/restored/member" "$ETCD_DIRECTORY/member"
  rmdir "$ETCD_DIRECTORY/restored"
}

# restore_encryption DIRECTORY NAME: the keys of the snapshot's Secrets; the stack's own is added to them (lib/hardening.sh).
restore_encryption() {
  [ -e "$1/encryption.yaml" ] || return 0
  [ -n "$ENCRYPTION_KEY" ] ||
    die "the Secrets in the snapshot $2 are encrypted, and nothing is hardened by this stack (cluster.unhardened), so its API server could not read them; nothing was founded. Take cluster.unhardened out of the stack file, and run the restore again"
  install -d -m 700 "$HARDENING_DIRECTORY"
  install -m 600 "$1/encryption.yaml" "$ENCRYPTION_FILE"
}

# restore_snapshot NAME SHA256: on a node without remnants.
restore_snapshot() {
  local file began=$SECONDS content=$RESTORE_DIRECTORY/content
  file=$(await_snapshot "$1" "$2") || exit # die ended the subshell only
  mkdir -p "$LOG_DIRECTORY"
  rm -rf "$content"
  (umask 077 && mkdir -p "$content" "$ETCD_DIRECTORY")
  tar --extract --gzip --no-same-owner --same-permissions --directory "$content" --file "$file"
  mkdir -p /etc/kubernetes
  restore_encryption "$content" "$1"
  mv "$content/pki" /etc/kubernetes/pki
  restore_database "$content/etcd.db"
  rm -rf "$content"
  log_info "restored etcd and the cluster's CAs from $1 in $((SECONDS - began)) s"
}

# refuse_empty_cluster: where a restore was begun, nobody means an empty cluster.
refuse_empty_cluster() {
  [ -z "$(find "$RESTORE_DIRECTORY" -name '*.tar.gz' 2>/dev/null)" ] ||
    die "a snapshot waits in $RESTORE_DIRECTORY, and this update would found an empty cluster; nothing was changed. Run \`npm run snapshots -- STACK restore NAME\` again, or remove that directory for an empty cluster"
}

# forget_snapshot: once the cluster that was founded with it answers.
forget_snapshot() { rm -rf "$RESTORE_DIRECTORY"; }
