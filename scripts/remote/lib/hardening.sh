#!/usr/bin/env bash
# What a hardened control plane has beyond kubeadm's defaults (components/kubernetes/hardening.ts): the files that its API server
# reads. AUDIT_POLICY, ADMISSION and ENCRYPTION_KEY come from the environment; all of them empty: nothing is hardened.

readonly HARDENING_DIRECTORY=/etc/kubernetes/hardening
readonly ENCRYPTION_FILE=$HARDENING_DIRECTORY/encryption.yaml
readonly AUDIT_DIRECTORY=/var/log/kubernetes/audit

# No child process needs the key.
export -n ENCRYPTION_KEY

is_hardening() {
  [ -n "$ENCRYPTION_KEY" ]
}

# key_name: of the stack's key, in the file and in front of each Secret that is encrypted with it.
key_name() {
  printf 'key-%s' "$(sha256sum <<<"$ENCRYPTION_KEY" | cut -c 1-8)"
}

# written_by: what this control plane's API server writes Secrets with: identity (in clear), own (the stack's key), or other (a key of
# a state that was lost, or that has another one now); nothing while there is no file.
written_by() {
  local first
  [ -e "$ENCRYPTION_FILE" ] || return 0
  first=$(grep -m 1 -oE 'identity|name: [a-z0-9-]+' "$ENCRYPTION_FILE")
  case "$first" in identity) echo identity ;; "name: $(key_name)") echo own ;; *) echo other ;; esac
}

# write_encryption FIRST: Secrets are written by this one, and read by all: identity, the stack's key (own) and others in the file.
write_encryption() {
  local own line keys=''
  own="{name: $(key_name), secret: \"$ENCRYPTION_KEY\"}"
  if [ -e "$ENCRYPTION_FILE" ]; then
    while IFS= read -r line; do
      [[ $line != *'- {name: '* || $line == *"- $own" ]] || keys+=$'\n'"$line"
    done <"$ENCRYPTION_FILE"
  fi
  if [ "$1" = own ]; then keys=$'\n'"            - $own$keys"; else keys+=$'\n'"            - $own"; fi
  {
    printf '%s\n' 'apiVersion: apiserver.config.k8s.io/v1' 'kind: EncryptionConfiguration' 'resources:' '  - resources: [secrets]' '    providers:'
    [ "$1" != identity ] || echo '      - identity: {}'
    printf '      - secretbox:\n          keys:%s\n' "$keys"
    [ "$1" = identity ] || echo '      - identity: {}'
  } | write_file "$ENCRYPTION_FILE" 600
}

# write_hardening FIRST: before anything refers to the files. What Secrets are written with already stays; the stack's key is added.
write_hardening() {
  local first
  is_hardening || return 0
  install -d -m 700 "$HARDENING_DIRECTORY" "${AUDIT_DIRECTORY%/*}" "$AUDIT_DIRECTORY"
  write_file "$HARDENING_DIRECTORY/audit-policy.yaml" 600 <<<"$AUDIT_POLICY" || true # unchanged is fine
  write_file "$HARDENING_DIRECTORY/admission.yaml" 600 <<<"$ADMISSION" || true       # the same
  first=$(written_by)
  # An API server that runs takes the file over by itself, before another one encrypts with the new key.
  if [ "$first" != own ] && write_encryption "${first:-$1}" && [ "$first" = other ]; then sleep 5; fi
}

# is_hardened: whether the manifests of this node's static pods have every line that MANIFEST_LINES wants.
is_hardened() {
  local part line manifest
  while read -r part line; do
    manifest=$(sed 's/^ *\(- \)\{0,1\}//' "/etc/kubernetes/manifests/$part.yaml")
    [[ $'\n'$manifest$'\n' == *$'\n'"$line"$'\n'* ]] || return
  done <<<"$MANIFEST_LINES"
}

# kubeadm_phase PHASE…: with the cluster's configuration as the stack has it.
kubeadm_phase() {
  kubeadm init phase "$@" --config "$SECRETS_DIRECTORY/phase.yaml" >>"$LOG_DIRECTORY/harden.log" 2>&1 9>&- ||
    die "kubeadm init phase $* failed: $(tail -n 1 "$LOG_DIRECTORY/harden.log"); no other control plane is touched. See $LOG_DIRECTORY/harden.log there, and run again"
}

# runs_since PART SECONDS: whether the kubelet has made its container since then.
runs_since() {
  crictl ps --output json --label io.kubernetes.pod.namespace=kube-system --name "^$1\$" |
    jq --exit-status --argjson since "$2" 'any(.containers[]; (.createdAt | tonumber) >= $since * 1e9)' >/dev/null
}

# renew_static_pod PART: with a changed manifest the kubelet starts it again.
renew_static_pod() {
  local manifest=/etc/kubernetes/manifests/$1.yaml before since deadline=$((SECONDS + PART_SECONDS))
  before=$(<"$manifest")
  since=$(date +%s)
  kubeadm_phase control-plane "${1#kube-}"
  [ "$(<"$manifest")" != "$before" ] || return 0
  until runs_since "$1" "$since"; do
    [ "$SECONDS" -lt "$deadline" ] ||
      die "the kubelet did not start $1 again in $PART_SECONDS s; no other control plane is touched. Look at \`journalctl -u kubelet\` and \`crictl ps -a\` there, and run again"
    sleep 0.5
  done
  await_part "$1"
}

# harden: one part after the other, while every other member of etcd is healthy. No pod is drained. kubeadm's configuration in the
# cluster comes first: a killed run goes on, and upgrades keep what it has.
harden() {
  local part began=$SECONDS
  require_others
  mkdir -p "$LOG_DIRECTORY"
  : >"$LOG_DIRECTORY/harden.log"
  secret_file phase.yaml <<<"$PHASE_CONFIG"$'\n'"kubernetesVersion: $(kubeadm version --output short)"
  kubeadm_phase upload-config kubeadm
  for part in kube-apiserver kube-controller-manager kube-scheduler; do renew_static_pod "$part"; done
  for part in "${PARTS[@]}"; do await_part "$part"; done
  record_kubeadm_files
  log_info "the control plane is hardened, every part but etcd restarted in $((SECONDS - began)) s"
}
