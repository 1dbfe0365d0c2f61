#!/usr/bin/env bash
# A guest's power, after domain.sh. ADDRESS, HYPERVISOR and BOOT_SECONDS come from the environment.

readonly SHUTDOWN_SECONDS=240

# runs_other_definition: a running guest keeps what it was started with; the digest in its metadata tells that from what is
# defined.
runs_other_definition() {
  [ "$(domain_state)" = running ] && [ "$(domain_mark digest --live)" != "$(domain_mark digest --config)" ]
}

shut_down() {
  local began=$SECONDS
  log_info "memory, processors or devices changed: shutting the guest down"
  libvirt shutdown "$NODE_NAME" --mode acpi >/dev/null
  while [ "$(domain_state)" != 'shut off' ]; do
    [ $((SECONDS - began)) -lt "$SHUTDOWN_SECONDS" ] ||
      die "$NODE_NAME has not shut down after $SHUTDOWN_SECONDS s; its console ends with: $(console_tail). Shut it down from within, or cut its power on $HYPERVISOR (virsh destroy $NODE_NAME), and run again"
    sleep 1
  done
}

start() {
  local state
  state=$(domain_state)
  [ "$state" != running ] || return 0
  case "$state" in
    paused) libvirt resume "$NODE_NAME" >/dev/null ;;
    *)
      log_info "starting (it was: $state)"
      libvirt start "$NODE_NAME" >/dev/null ||
        die "libvirt on $HYPERVISOR can't start $NODE_NAME, see above and /var/log/libvirt/qemu/$NODE_NAME.log there; repair that and run again"
      ;;
  esac
}

answers() {
  local banner
  banner=$(timeout 2 bash -c "exec 3<>/dev/tcp/$ADDRESS/22 && head -c 4 <&3" 2>/dev/null) && [ "$banner" = SSH- ]
}

# A hypervisor need not reach its guests; then the console tells that the first boot is done.
booted() {
  answers || grep -q 'gitops-platform: the first boot is done\|login: *$' "$GUEST_CONSOLE" 2>/dev/null
}

wait_until_up() {
  local began=$SECONDS next=30
  until booted; do
    [ "$(domain_state)" = running ] ||
      die "$NODE_NAME stopped while it booted (it is: $(domain_state)); its console ends with: $(console_tail). See /var/log/libvirt/qemu/$NODE_NAME.log on $HYPERVISOR, and run again"
    [ $((SECONDS - began)) -lt "$BOOT_SECONDS" ] ||
      die "waited $BOOT_SECONDS s for the sshd of $NODE_NAME at $ADDRESS:22, which doesn't answer; its console ends with: $(console_tail). Look at it on $HYPERVISOR: virsh console $NODE_NAME, and tail $GUEST_CONSOLE"
    if [ $((SECONDS - began)) -ge "$next" ]; then
      log_info "booting for $((SECONDS - began)) of at most $BOOT_SECONDS s"
      next=$((next + 30))
    fi
    sleep 1
  done
  log_info "up after $((SECONDS - began)) s"
}
