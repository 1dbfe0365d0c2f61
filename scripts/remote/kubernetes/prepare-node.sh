#!/usr/bin/env bash
# Makes a machine ready for kubeadm: packages, kernel, containerd, binaries, kubelet unit, API proxy, images. On a member of
# the cluster, whatever its containerd or kubelet would restart for is staged, and activate-node.sh takes it over in the
# node's turn. Prints what was written or staged, as lib/written.sh says, for `npm run drift`.
#
# Environment
#   NODE_NAME, NODE_ADDRESS, STACK_ID, ETCD_DIRECTORY
#   FILES            lines "name url sha256": kubelet, kubeadm, kubectl, crictl (tgz), cni-plugins (tgz)
#   IMAGES           lines "reference digest": needed before pods can start, so pulled now
#   PREFETCH_IMAGES  the same, for later workloads; pulled by a unit in the background
#   SANDBOX_IMAGE    reference of the pause image
#   REGISTRY_HOSTS   upstream registries, separated by blanks
#   MIRROR_REGISTRY  base URL of the mirror, empty for upstream
#   API_PROXY_CONFIG haproxy configuration
#   KUBELET_ARGUMENTS  of a hardened node's kubelet; empty: none
#   RENEWAL_SCRIPT   what a control plane's timer runs (renew-certificates.sh with its variables); empty on a worker
#   RENEWAL_HOUR     of the day (UTC), its own for each control plane
#   SNAPSHOT_SCRIPT  the same for snapshots of etcd (snapshot-etcd.sh); empty where none are taken
#   SNAPSHOT_HOURS   of the day (UTC), with commas
# State: /etc/gitops-platform, /etc/containerd, /etc/{sysctl,modules-load}.d/*gitops-platform.conf, /usr/local/bin,
#   /opt/cni/bin, /etc/systemd/system/{kubelet,kube-apiserver-proxy}.service, /var/lib/gitops-platform, the timers
#   gitops-platform-{certificates,snapshot}; on a control plane whose certificates have expired also /etc/kubernetes
# Undo: all of that, when the ownership marker is ours; the machine is given back as it was found, with the packages, files,
#   services and kernel settings that it had.
set -euo pipefail
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/owner.sh"
. "$(dirname "$0")/../lib/control-planes.sh"
. "$(dirname "$0")/../lib/files.sh"
. "$(dirname "$0")/../lib/staged.sh"
. "$(dirname "$0")/../lib/found.sh"
. "$(dirname "$0")/../lib/packages.sh"
. "$(dirname "$0")/../lib/downloads.sh"
. "$(dirname "$0")/../lib/node-kernel.sh"
. "$(dirname "$0")/../lib/containerd.sh"
. "$(dirname "$0")/../lib/images.sh"
. "$(dirname "$0")/../lib/node-services.sh"
. "$(dirname "$0")/../lib/written.sh"
. "$(dirname "$0")/../lib/certificates.sh"
SCOPE=prepare

readonly BINARIES=(kubelet kubeadm kubectl crictl)
# Everything that this step, the kubelet and its pods write outside /run, directories after what is in them.
readonly TOUCHED=("${BINARIES[@]/#//usr/local/bin/}" /etc/crictl.yaml /etc/default/kubelet
  "$UNITS"/{kubelet,kube-apiserver-proxy,"$RENEWAL_UNIT","$SNAPSHOT_UNIT"}.service "$UNITS"/{"$RENEWAL_UNIT","$SNAPSHOT_UNIT"}.timer "$MODULES_FILE" "$SYSCTL_FILE" "$CONTAINERD_CONFIG"
  "$REGISTRY_HOSTS_DIRECTORY" /etc/containerd /etc/cni/net.d/10-flannel.conflist /etc/cni/net.d /etc/cni
  /opt/cni/bin/flannel /opt/cni/bin /opt/cni /opt/containerd /usr/libexec/kubernetes /etc/kubernetes "$ETCD_DIRECTORY"
  /var/lib/{kubelet,cni,containerd,kube-router} /var/log/{pods,containers,kubernetes,gitops-platform} /run/flannel /root/.kube/cache /root/.kube
  /var/lib/haproxy/dev/log /var/lib/haproxy/dev /var/lib/haproxy)

refuse_foreign_kubernetes() {
  refuse_other_owner
  is_ours && return
  local directory
  for directory in /etc/kubernetes "$ETCD_DIRECTORY"; do
    [ -z "$(find "$directory" -mindepth 1 -type f -print -quit 2>/dev/null)" ] ||
      die "$directory holds a Kubernetes that this stack did not install; nothing was changed. Take it away (kubeadm reset), or give this node another machine, and run again"
  done
}

# note_machine: before anything is changed.
note_machine() {
  local host
  note_paths "${TOUCHED[@]}"
  for host in $REGISTRY_HOSTS; do note_paths "$REGISTRY_HOSTS_DIRECTORY/$host/hosts.toml" "$REGISTRY_HOSTS_DIRECTORY/$host"; done
  note_service containerd
  note_settings
}

install_node_packages() {
  local haproxy=''
  if [ -x /usr/sbin/haproxy ]; then haproxy=there; fi
  install_packages prepare '' "${NODE_PACKAGES[@]}" ${SNAPSHOT_SCRIPT:+age}
  # We run it under a unit of our own.
  [ -n "$haproxy" ] || systemctl disable --quiet --now haproxy
}

# sum_of FILE: its SHA-256; nothing for a missing one.
sum_of() {
  local sum
  sum=$(sha256sum "$1" 2>/dev/null) && printf '%s' "${sum%% *}"
}

# installed NAME SHA256: every file is hashed again; an archive has a stamp, written after the last of its files.
installed() {
  local path=/usr/local/bin/$1
  case "$1" in
    kubelet | kubeadm | kubectl)
      if [ "$(sum_of "$path")" = "$2" ]; then
        rm -f "$STAGED_DIRECTORY$path" # of a version that the stack file has no more
      else
        is_member && [ "$(sum_of "$STAGED_DIRECTORY$path")" = "$2" ]
      fi
      ;;
    *)
      [ "$(cat "$DATA_DIRECTORY/installed/$1" 2>/dev/null)" = "$2" ] &&
        sha256sum --check --status "$DATA_DIRECTORY/installed/$1.files" 2>/dev/null
      ;;
  esac
}

# install_archive ARCHIVE DIRECTORY: every file is renamed into place, so that a running one is never half-written.
install_archive() {
  local content file files
  content=$(mktemp -d "$DATA_DIRECTORY/archive.XXXXXX")
  tar --extract --gzip --no-same-owner --file "$1" --directory "$content"
  mkdir -p "$2"
  mapfile -t files < <(find "$content" -type f)
  note_paths "${files[@]/#*\//$2/}"
  for file in "${files[@]}"; do install_binary "$file" "$2/${file##*/}"; done
  rm -rf "$content"
}

install_binary() {
  chmod 755 "$1"
  install_file "$1" "$2"
}

install_artifacts() {
  local name url sum directory wanted='' staging=$DATA_DIRECTORY/staging
  while read -r name url sum; do
    [ -z "$name" ] || installed "$name" "$sum" || wanted+="$name $url $sum"$'\n'
  done <<<"$FILES"
  [ -n "$wanted" ] || return 0
  download_all "$staging" <<<"$wanted"
  mkdir -p "$DATA_DIRECTORY/installed"
  while read -r name url sum; do
    case "$name" in
      '') ;;
      crictl)
        install_archive "$staging/crictl" /usr/local/bin
        note_archive crictl /usr/local/bin
        ;;
      cni-plugins)
        install_archive "$staging/cni-plugins" /opt/cni/bin
        note_archive cni-plugins /opt/cni/bin
        ;;
      *)
        if is_member; then directory=$STAGED_DIRECTORY/usr/local/bin; else directory=/usr/local/bin; fi
        install_binary "$staging/$name" "$directory/$name"
        ;;
    esac
    [ -z "$name" ] || printf '%s' "$sum" >"$DATA_DIRECTORY/installed/$name"
  done <<<"$wanted"
  rm -rf "$staging"
}

apply() {
  refuse_foreign_kubernetes
  take_lock
  claim_machine
  note_machine
  mkdir -p "$DATA_DIRECTORY"
  if is_member; then repair_expired; fi
  is_member || rm -rf "$STAGED_DIRECTORY"
  install_node_packages
  load_modules
  set_sysctls
  disable_swap
  configure_containerd
  install_artifacts
  install_kubelet_unit
  install_api_proxy
  install_timers
  pull_images <<<"$IMAGES"
  prefetch_images
  describe_prepared containerd runc haproxy
}

destroy() {
  if ! is_ours; then
    log_info "nothing of this stack is here"
    return
  fi
  take_lock
  stop_prefetch
  remove_services
  empty_containerd
  restore_swap
  remove_packages prepare
  give_back_paths
  systemctl daemon-reload
  give_back_service containerd
  give_back_settings
  # The disk gate has its own undo, for what it left there.
  mkdir -p "$DATA_DIRECTORY"
  find "$DATA_DIRECTORY" -mindepth 1 -maxdepth 1 ! -name packages ! -name disk-gate.json -exec rm -rf {} +
  rmdir --ignore-fail-on-non-empty "$DATA_DIRECTORY"
  rm -rf "$STATE_DIRECTORY"
}

run_verb "$@" </dev/null
