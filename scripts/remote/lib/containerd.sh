#!/usr/bin/env bash
# containerd as kubeadm wants it: systemd cgroups, CNI plugins in /opt/cni/bin, registries by certs.d.

readonly CONTAINERD_CONFIG=/etc/containerd/config.toml
readonly REGISTRY_HOSTS_DIRECTORY=/etc/containerd/certs.d

# cannot_set_oom_scores: in a container without CAP_SYS_RESOURCE every pod sandbox would die on its negative score.
cannot_set_oom_scores() {
  ! (echo -998 >/proc/self/oom_score_adj) 2>/dev/null
}

render_containerd_config() {
  local restrict=false
  if cannot_set_oom_scores; then restrict=true; fi
  cat <<TOML
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$SANDBOX_IMAGE"
  restrict_oom_score_adj = $restrict
  max_concurrent_downloads = 8
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$REGISTRY_HOSTS_DIRECTORY"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = true
TOML
}

# registry_host_config URL: `server` is the mirror too, so that a machine behind an air gap never tries the upstream.
registry_host_config() {
  cat <<TOML
server = "$1"
[host."$1"]
  capabilities = ["pull", "resolve"]
  override_path = true
TOML
}

write_registry_hosts() {
  local host
  for host in $REGISTRY_HOSTS; do
    if [ -z "$MIRROR_REGISTRY" ]; then
      rm -f "$REGISTRY_HOSTS_DIRECTORY/$host/hosts.toml"
      rmdir --ignore-fail-on-non-empty "$REGISTRY_HOSTS_DIRECTORY/$host" 2>/dev/null || true # it was not there
      continue
    fi
    # Unchanged or not: containerd reads it at every pull.
    registry_host_config "$MIRROR_REGISTRY/v2/$host" | write_file "$REGISTRY_HOSTS_DIRECTORY/$host/hosts.toml" || true
  done
}

configure_containerd() {
  write_registry_hosts
  systemctl enable --quiet containerd
  if render_containerd_config | place_file "$CONTAINERD_CONFIG"; then
    systemctl restart containerd
  else
    systemctl start containerd
  fi
}

# empty_containerd: takes Kubernetes' images away, and stops it: its files are about to change.
empty_containerd() {
  local images
  images=$(ctr --namespace k8s.io images list --quiet 2>/dev/null) || images='' # it does not run on a half-prepared node
  # shellcheck disable=SC2086 # one reference a word
  [ -z "$images" ] || ctr --namespace k8s.io images remove --sync $images >/dev/null || log_info "some images stay in containerd"
  systemctl stop containerd 2>/dev/null || true # not installed on a half-prepared node
}
