# Kernel settings that a kubelet writes: in a machine they are this computer's. They are noted before the first machine of any
# platform, and given back after the last one; sourced, and called with the network's lock, because a platform has its bridge.

readonly KUBELET_SETTINGS=(vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes)
# A boot, which resets the settings, takes the note too.
readonly SETTINGS_NOTE=/run/gitops-platform-host-settings

note_host_settings() {
  local setting
  [[ ! -e $SETTINGS_NOTE ]] || return 0
  for setting in "${KUBELET_SETTINGS[@]}"; do printf '%s %s\n' "$setting" "$(cat "/proc/sys/$setting")"; done >"$SETTINGS_NOTE.new"
  mv "$SETTINGS_NOTE.new" "$SETTINGS_NOTE"
}

# give_back_host_settings: not while a bridge of another platform is there.
give_back_host_settings() {
  local setting value
  [[ -e $SETTINGS_NOTE ]] || return 0
  if grep -qs '^gitops-platform ' /sys/class/net/*/ifalias; then return; fi
  while read -r setting value; do
    [[ $(cat "/proc/sys/$setting") == "$value" ]] || echo "$value" >"/proc/sys/$setting" ||
      die "$setting — can't be set to $value again, as it was before the first machine — run: sysctl -w ${setting//\//.}=$value"
  done <"$SETTINGS_NOTE"
  rm "$SETTINGS_NOTE"
}
