#!/usr/bin/env bash
# What a machine was like before this stack: noted before the first change, given back by the undo. Without it, destroying
# a stack could only guess what was there.

readonly FOUND_DIRECTORY=$STATE_DIRECTORY/found
# In a machine container only its own network's settings are its own.
readonly FOUND_NETWORK_SETTINGS=(net/ipv4/ip_forward net/ipv4/conf/all/route_localnet
  net/bridge/bridge-nf-call-iptables net/bridge/bridge-nf-call-ip6tables)
# The kubelet and kube-proxy set these.
readonly FOUND_KERNEL_SETTINGS=(vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops
  kernel/keys/root_maxkeys kernel/keys/root_maxbytes net/netfilter/nf_conntrack_max
  net/netfilter/nf_conntrack_tcp_timeout_established net/netfilter/nf_conntrack_tcp_timeout_close_wait)

# note_paths PATH…: a file is copied; of a directory only that there was one. Notes that are there stay: what a later run
# sees is its own work.
note_paths() {
  local path absent=''
  mkdir -p "$FOUND_DIRECTORY/kept"
  if [ -e "$FOUND_DIRECTORY/absent" ]; then absent=$(<"$FOUND_DIRECTORY/absent"); fi
  for path; do
    case $'\n'$absent$'\n' in *$'\n'"$path"$'\n'*) continue ;; esac
    if [ -e "$FOUND_DIRECTORY/kept$path" ] || [ -L "$FOUND_DIRECTORY/kept$path" ]; then continue; fi
    if [ -d "$path" ]; then
      mkdir -p "$FOUND_DIRECTORY/kept$path"
    elif [ -e "$path" ] || [ -L "$path" ]; then
      mkdir -p "$FOUND_DIRECTORY/kept${path%/*}"
      cp -a "$path" "$FOUND_DIRECTORY/kept$path.new"
      mv -f "$FOUND_DIRECTORY/kept$path.new" "$FOUND_DIRECTORY/kept$path"
    else
      absent+=$'\n'$path
    fi
  done
  printf '%s\n' "$absent" >"$FOUND_DIRECTORY/absent.new"
  mv -f "$FOUND_DIRECTORY/absent.new" "$FOUND_DIRECTORY/absent"
}

# give_back_paths: what was not there goes, also when more has come into it since; what was there comes back.
give_back_paths() {
  local path
  [ -e "$FOUND_DIRECTORY/absent" ] || return 0
  while read -r path; do
    [ -z "$path" ] || remove_tree "$path"
  done <"$FOUND_DIRECTORY/absent"
  while IFS= read -r -d '' path; do
    mkdir -p "/${path%/*}"
    cp -a --remove-destination "$FOUND_DIRECTORY/kept/$path" "/$path"
  done < <(find "$FOUND_DIRECTORY/kept" ! -type d -printf '%P\0')
}

# note_settings: kernel settings, active swap and modules, once.
note_settings() {
  local setting value settings=("${FOUND_NETWORK_SETTINGS[@]}")
  [ ! -e "$FOUND_DIRECTORY/settings" ] || return 0
  mkdir -p "$FOUND_DIRECTORY"
  if ! in_container; then settings+=("${FOUND_KERNEL_SETTINGS[@]}"); fi
  for setting in "${settings[@]}"; do
    if read -r value <"/proc/sys/$setting"; then printf '%s %s\n' "$setting" "$value"; fi 2>/dev/null
  done >"$FOUND_DIRECTORY/settings.new"
  tail -n +2 /proc/swaps | cut -d' ' -f1 >"$FOUND_DIRECTORY/swaps"
  for value in overlay br_netfilter; do [ -d "/sys/module/$value" ] || echo "$value"; done >"$FOUND_DIRECTORY/modules"
  mv "$FOUND_DIRECTORY/settings.new" "$FOUND_DIRECTORY/settings"
}

give_back_settings() {
  local setting value
  [ -e "$FOUND_DIRECTORY/settings" ] || return 0
  while read -r setting value; do
    (echo "$value" >"/proc/sys/$setting") 2>/dev/null || true # a setting whose module is gone
  done <"$FOUND_DIRECTORY/settings"
  in_container && return
  while read -r value; do swapon "$value" 2>/dev/null || true; done <"$FOUND_DIRECTORY/swaps"              # fstab's are on again
  while read -r value; do modprobe --remove "$value" 2>/dev/null || true; done <"$FOUND_DIRECTORY/modules" # somebody else uses it
}

# note_service UNIT: whether it ran and starts with the machine; nothing for one that does not exist.
note_service() {
  local note=$FOUND_DIRECTORY/$1
  [ ! -e "$note" ] || return 0
  mkdir -p "$FOUND_DIRECTORY"
  { systemctl is-enabled "$1" || true; } >"$note.new" 2>/dev/null # says no by its exit code
  { systemctl is-active "$1" || true; } >>"$note.new" 2>/dev/null
  mv "$note.new" "$note"
}

# give_back_service UNIT
give_back_service() {
  local states=()
  systemctl cat "$1" >/dev/null 2>&1 || return 0 # its package went again
  if [ -e "$FOUND_DIRECTORY/$1" ]; then mapfile -t states <"$FOUND_DIRECTORY/$1"; fi
  case " ${states[*]} " in *" enabled "*) ;; *" disabled "*) systemctl disable --quiet "$1" ;; esac
  case " ${states[*]} " in *" active "*) systemctl restart "$1" ;; *) systemctl stop "$1" ;; esac
}
