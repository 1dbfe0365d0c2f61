#!/usr/bin/env bash
# Files that a member of the cluster takes over only in its turn (activate-node.sh): with them its containerd or kubelet
# restarts. A machine that is no member yet gets them at once.

readonly STAGED_DIRECTORY=/var/lib/gitops-platform/staged

# is_member: whether kubeadm has configured this node's kubelet.
is_member() {
  [ -e /var/lib/kubelet/config.yaml ]
}

# place_file PATH [MODE]: stdin becomes the file, on a member its staged form. Returns 0 when the file changed, so that what
# reads it restarts: never on a member.
place_file() {
  if ! is_member; then
    write_file "$@"
    return
  fi
  write_file "$STAGED_DIRECTORY$1" "${2:-644}" || true # staged already
  if cmp --silent "$STAGED_DIRECTORY$1" "$1"; then rm -f "$STAGED_DIRECTORY$1"; fi
  return 1
}

# staged_files: paths that wait for this node's turn.
staged_files() {
  [ ! -d "$STAGED_DIRECTORY" ] || find "$STAGED_DIRECTORY" -type f -printf '/%P\n' | sort
}

# take_over PATH: the staged file gets its place, whole or not at all.
take_over() {
  [ -e "$STAGED_DIRECTORY$1" ] || return 0
  install_file "$STAGED_DIRECTORY$1" "$1"
}

# install_file FROM PATH: renamed into place, because a running program's file can't be written.
install_file() {
  mkdir -p "${2%/*}"
  mv -f "$1" "$2.new"
  mv -f "$2.new" "$2"
}
