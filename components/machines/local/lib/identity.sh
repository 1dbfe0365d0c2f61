# What belongs to one machine: the names of its kernel objects, and what it was last asked to be; sourced.
#
# Every name carries an id of the state directory, so that two clones on one computer never touch each other's machines,
# and what is left of a machine can be found even when Pulumi's state and the machine's own files are gone.

# What machine.sh keeps in <state directory>/<name>/settings. Keys are files of their own beside it.
readonly SETTINGS=(MACHINE_NAME STATE_DIRECTORY ADDRESS BRIDGE NETWORK_CIDR HOST_ADDRESS BASE_IMAGE MEMORY_MIB DISK_GIB BINDS)

# A short, stable id of a state directory.
state_id() { printf '%s' "$1" | sha256sum | cut -c1-8; }

# identify STATE_DIRECTORY NAME: sets MACHINE_DIRECTORY, STATE_ID, and UNIT (cgroups, network namespace, systemd unit).
identify() {
  STATE_ID=$(state_id "$1")
  MACHINE_DIRECTORY=$1/$2
  # shellcheck disable=SC2034 # read by the scripts that source this
  UNIT=gitops-$STATE_ID-$2
}

# Checks what came from outside; every problem is reported, then the script ends.
validate_settings() {
  local problems=() variable
  for variable in "${SETTINGS[@]}" HOST_PRIVATE_KEY HOST_PUBLIC_KEY LOGIN_PUBLIC_KEY; do
    [[ $variable == BINDS || -n ${!variable:-} ]] || problems+=("$variable is empty; pass it on stdin as an export")
  done
  [[ ${MACHINE_NAME:-} =~ ^[a-z0-9]([a-z0-9-]{0,45}[a-z0-9])?$ ]] ||
    problems+=("MACHINE_NAME — got '${MACHINE_NAME:-}', need at most 47 lower-case letters, digits and hyphens")
  [[ ${BRIDGE:-} =~ ^[a-z][a-z0-9-]{0,14}$ ]] || problems+=("BRIDGE — got '${BRIDGE:-}', need an interface name of at most 15 characters")
  [[ ${MEMORY_MIB:-} =~ ^[1-9][0-9]*$ ]] || problems+=("MEMORY_MIB — got '${MEMORY_MIB:-}', need a positive whole number")
  [[ ${DISK_GIB:-} =~ ^[1-9][0-9]*$ ]] || problems+=("DISK_GIB — got '${DISK_GIB:-}', need a positive whole number")
  ((${#problems[@]} == 0)) || die "${MACHINE_NAME:-machine}: $(printf '%s; ' "${problems[@]}")"
}

# Writes the settings and keys. Each file appears whole or not at all, the settings last: they are the mark of ownership.
record_settings() {
  local variable
  install -d -m 700 "$STATE_DIRECTORY" "$MACHINE_DIRECTORY"
  write_file "$MACHINE_DIRECTORY/host-key" "$HOST_PRIVATE_KEY"
  write_file "$MACHINE_DIRECTORY/host-key.pub" "$HOST_PUBLIC_KEY"
  write_file "$MACHINE_DIRECTORY/authorized-keys" "$LOGIN_PUBLIC_KEY"
  write_file "$MACHINE_DIRECTORY/settings" "$(for variable in "${SETTINGS[@]}"; do printf '%s=%q\n' "$variable" "${!variable-}"; done)"
}

# write_file PATH TEXT
write_file() {
  (umask 077 && printf '%s\n' "${2%$'\n'}" >"$1.new")
  mv "$1.new" "$1"
}

# A digest of what the machine must be; a running machine with another one is restarted. The base image only matters to a
# machine that has no disk yet.
settings_digest() {
  local files=("$MACHINE_DIRECTORY"/{settings,host-key,host-key.pub,authorized-keys})
  grep -hv '^BASE_IMAGE=' "${files[@]}" | sha256sum | cut -c1-64
}
