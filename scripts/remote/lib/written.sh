#!/usr/bin/env bash
# What a step wrote on a machine, for `npm run drift`. It is part of the step's result, so that drift compares with Pulumi's
# state: a change on the machine can't change the expectation.

# The record of kubeadm's files stays on the node: a step that runs again must not record an edited file.
readonly KUBEADM_RECORD=$STATE_DIRECTORY/kubeadm-files.json

# checksums <<< paths: {path: sha256} of those that are there.
checksums() {
  local path
  while IFS= read -r path; do
    if [ -f "$path" ]; then sha256sum "$path"; fi
  done | jq --raw-input --null-input '[inputs | {key: .[66:], value: .[:64]}] | from_entries'
}

# package_versions NAME…: {name: version}
package_versions() {
  dpkg-query --show --showformat='${Package} ${Version}\n' "$@" |
    jq --raw-input --null-input '[inputs | split(" ") | {key: .[0], value: .[1]}] | from_entries'
}

# drop_ins UNIT…: {unit: "paths of its drop-ins"}; each unit has to be enabled and running.
drop_ins() {
  local unit
  for unit in "$@"; do
    printf '%s\t%s\n' "$unit" "$(systemctl show --property=DropInPaths --value "$unit")"
  done | jq --raw-input --null-input '[inputs | split("\t") | {key: .[0], value: .[1]}] | from_entries'
}

# kernel_settings: {key: value} of our file, as far as this kernel has them.
kernel_settings() {
  local key value
  while read -r key _ value; do
    if [ -e "/proc/sys/${key//.//}" ]; then printf '%s %s\n' "$key" "$value"; fi
  done <"$SYSCTL_FILE" | jq --raw-input --null-input '[inputs | split(" ") | {key: .[0], value: .[1]}] | from_entries'
}

# note_archive NAME DIRECTORY: the checksum of each file that an archive brought, while the archive is still there.
note_archive() {
  local file
  tar --list --gzip --file "$DATA_DIRECTORY/staging/$1" | while IFS= read -r file; do
    case "$file" in */) ;; *) sha256sum "$2/${file##*/}" ;; esac
  done >"$DATA_DIRECTORY/installed/$1.files"
}

# installed_files: paths of everything that was downloaded.
installed_files() {
  printf '%s\n' "${BINARIES[@]/#//usr/local/bin/}"
  cat "$DATA_DIRECTORY"/installed/*.files 2>/dev/null | cut --characters=67- || true # no archives: no such file
}

# prepared_files: everything that preparing a node writes and that must stay as it is.
prepared_files() {
  local host
  printf '%s\n' "$OWNER_FILE" "$SYSCTL_FILE" "$MODULES_FILE" "$CONTAINERD_CONFIG" "$API_PROXY_FILE" /etc/crictl.yaml \
    /etc/default/kubelet "$UNITS/kubelet.service" "$UNITS/kube-apiserver-proxy.service"
  if [ -n "$RENEWAL_SCRIPT" ]; then printf '%s\n' "$RENEWAL_PROGRAM" "$UNITS/$RENEWAL_UNIT".{service,timer}; fi
  if [ -n "$SNAPSHOT_SCRIPT" ]; then printf '%s\n' "$SNAPSHOT_PROGRAM" "$UNITS/$SNAPSHOT_UNIT".{service,timer}; fi
  for host in ${MIRROR_REGISTRY:+$REGISTRY_HOSTS}; do printf '%s\n' "$REGISTRY_HOSTS_DIRECTORY/$host/hosts.toml"; done
  installed_files
}

# prepared_sums: {path: sha256} of the above, of a staged file as it will be once the node has had its turn.
prepared_sums() {
  jq --null-input --argjson files "$(prepared_files | checksums)" --arg directory "$STAGED_DIRECTORY" \
    --argjson staged "$(staged_files | sed "s|^/|$STAGED_DIRECTORY/|" | checksums)" \
    '$files + ($staged | with_entries(.key |= ltrimstr($directory)))'
}

# describe_prepared PACKAGE…: the result of preparing a node. Modules and swap of a container are its host's.
describe_prepared() {
  local modules='[]' swap=null
  if ! in_container; then modules=$(jq --raw-input --null-input '[inputs]' "$MODULES_FILE") swap=false; fi
  jq --null-input --compact-output --arg node "$NODE_NAME" --argjson modules "$modules" --argjson swap "$swap" \
    --argjson files "$(prepared_sums)" --argjson packages "$(package_versions "$@")" \
    --argjson units "$(drop_ins containerd kube-apiserver-proxy ${RENEWAL_SCRIPT:+"$RENEWAL_UNIT.timer"} ${SNAPSHOT_SCRIPT:+"$SNAPSHOT_UNIT.timer"})" --argjson sysctls "$(kernel_settings)" \
    --argjson packageFiles "$(checksums <<<$'/usr/bin/containerd\n/usr/bin/containerd-shim-runc-v2\n/usr/sbin/runc\n/usr/sbin/haproxy')" \
    '{node: $node, written: {files: $files, packages: $packages, packageFiles: $packageFiles, units: $units,
      sysctls: $sysctls, modules: $modules, swap: $swap}}'
}

# record_kubeadm_files: right after kubeadm has written them, with what they refer to. The file with a key is left out.
record_kubeadm_files() {
  find /etc/kubernetes /var/lib/kubelet -maxdepth 3 \( \
    -path '/etc/kubernetes/hardening/admission.yaml' -o -path '/etc/kubernetes/hardening/audit-policy.yaml' \
    -o -path '/etc/kubernetes/manifests/*.yaml' -o -name ca.crt -o -name front-proxy-ca.crt -o -name sa.pub \
    -o -path /var/lib/kubelet/config.yaml -o -path /var/lib/kubelet/kubeadm-flags.env \) -type f | sort | checksums |
    write_file "$KUBEADM_RECORD" 600 || true # unchanged is fine
}

# describe_joined: the result of a node that is a member. One that joined before there was a record gets it now.
describe_joined() {
  [ -s "$KUBEADM_RECORD" ] || record_kubeadm_files
  jq --compact-output --arg node "$NODE_NAME" --argjson units "$(drop_ins kubelet)" \
    '{node: $node, written: {files: ., units: $units}}' "$KUBEADM_RECORD"
}
