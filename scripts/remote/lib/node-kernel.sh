#!/usr/bin/env bash
# Kernel settings that pods and kube-proxy need: modules, forwarding, no swap.

readonly MODULES_FILE=/etc/modules-load.d/gitops-platform.conf
readonly SYSCTL_FILE=/etc/sysctl.d/99-gitops-platform.conf
readonly FSTAB_MARK='#gitops-platform# '
# A hardened kubelet refuses to run with others, and does not set them; any other one sets them.
readonly KUBELET_SETTINGS=('vm.overcommit_memory = 1' 'vm.panic_on_oom = 0' 'kernel.panic = 10' 'kernel.panic_on_oops = 1'
  'kernel.keys.root_maxkeys = 1000000' 'kernel.keys.root_maxbytes = 25000000')
PROTECTS_KERNEL=''

# in_container: modules and swap of a machine container belong to its host, which it must not change.
in_container() {
  systemd-detect-virt --quiet --container
}

load_modules() {
  printf 'overlay\nbr_netfilter\n' | write_file "$MODULES_FILE" || true # unchanged is fine
  in_container && return
  modprobe --all overlay br_netfilter ||
    die "can't load the kernel modules overlay and br_netfilter; install the distribution's full kernel image and run again"
}

# set_kubelet_settings: sets PROTECTS_KERNEL where the kernel has them. A container's may be read-only.
set_kubelet_settings() {
  local setting value
  [ -n "$KUBELET_ARGUMENTS" ] || return 0
  for setting in "${KUBELET_SETTINGS[@]}"; do
    sysctl --quiet --write "${setting// /}" 2>/dev/null || true # what matters is read back
    value=$(sysctl --values "${setting%% *}" 2>/dev/null) || value=missing
    [ "$value" = "${setting##* }" ] && continue
    in_container ||
      die "the kernel setting ${setting%% *} is $value (need ${setting##* }), and the kubelet of a hardened node refuses that; allow it, or set cluster.unhardened with a reason, and run again"
    log_info "the kernel setting ${setting%% *} is $value and belongs to the container's host: the kubelet runs without --protect-kernel-defaults"
    return 0
  done
  PROTECTS_KERNEL=yes
}

set_sysctls() {
  local key settings=('net.ipv4.ip_forward = 1' 'net.bridge.bridge-nf-call-iptables = 1' 'net.bridge.bridge-nf-call-ip6tables = 1')
  set_kubelet_settings
  if [ -n "$PROTECTS_KERNEL" ]; then settings+=("${KUBELET_SETTINGS[@]}"); fi
  printf '%s\n' "${settings[@]}" |
    write_file "$SYSCTL_FILE" || true                      # unchanged is fine
  sysctl --quiet --load="$SYSCTL_FILE" 2>/dev/null || true # what matters is read back below
  for key in net/ipv4/ip_forward net/bridge/bridge-nf-call-iptables; do
    [ "$(cat "/proc/sys/$key" 2>/dev/null)" = 1 ] ||
      die "the kernel setting ${key//\//.} is $(cat "/proc/sys/$key" 2>/dev/null || echo missing) (need 1); load br_netfilter where the kernel runs, and run again"
  done
}

# The kubelet refuses to run with swap; the lines in fstab are commented out with our mark, which the undo takes away.
disable_swap() {
  in_container && return
  sed -i -E "s/^([^#].*[[:space:]]swap[[:space:]].*)/${FSTAB_MARK}\1/" /etc/fstab
  swapoff --all
}

# A container sees its host's swap but can't turn it off.
kubelet_extra_args() {
  local arguments="--node-ip=$NODE_ADDRESS"
  if in_container && [ "$(wc -l </proc/swaps)" -gt 1 ]; then arguments+=" --fail-swap-on=false"; fi
  if [ -n "$PROTECTS_KERNEL" ]; then arguments+=" --protect-kernel-defaults"; fi
  if [ -n "$KUBELET_ARGUMENTS" ]; then arguments+=" $KUBELET_ARGUMENTS"; fi
  printf 'KUBELET_EXTRA_ARGS=%s\n' "$arguments"
}

# restore_swap: what is turned off at boot no more is turned on now.
restore_swap() {
  in_container && return
  sed -i "s/^${FSTAB_MARK}//" /etc/fstab
  swapon --all || true # a swap device that is gone is not ours to repair
}
