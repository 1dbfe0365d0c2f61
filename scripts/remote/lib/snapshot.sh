#!/usr/bin/env bash
# The snapshot that an upgrade begins with.

readonly SNAPSHOT_PROGRAM=/var/lib/gitops-platform/snapshot-etcd.sh

# snapshot_first: on a control plane whose stack takes snapshots. Its own log says why one fails.
snapshot_first() {
  [ -e "$SNAPSHOT_PROGRAM" ] || return 0
  ON_DEMAND=yes bash "$SNAPSHOT_PROGRAM" apply >/dev/null 9>&- ||
    die "no snapshot of etcd could be taken, and without one Kubernetes is not upgraded; nothing was changed. Run \`ON_DEMAND=yes bash $SNAPSHOT_PROGRAM apply\` there, and run again"
}
