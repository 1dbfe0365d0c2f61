# A hypervisor for a test: a real libvirtd with real QEMU (emulation), in namespaces of its own, so that nothing of it
# shows on this computer. Guests have an empty disk: the firmware runs, and what would be their sshd is a listener here.
# Needs root. Does not prove that an image boots, nor what cloud-init makes of the seed: the drill kvm-worker does.

SCRIPTS=$BATS_TEST_DIRNAME/../../../scripts/remote
ROOT=$BATS_TEST_DIRNAME/../../..

start_hypervisor() {
  HYPERVISOR_ROOT=$BATS_FILE_TMPDIR/hypervisor
  mkdir -p "$HYPERVISOR_ROOT"/{run,etc,lib,log,cache,storage,www}
  cp -a /etc/libvirt/. "$HYPERVISOR_ROOT/etc/"
  rm -rf "$HYPERVISOR_ROOT"/etc/qemu/networks/autostart
  # QEMU as root: its own user can't look into a test's directory. No cgroups: they belong to this computer.
  printf 'user = "root"\ngroup = "root"\nsecurity_driver = "none"\ncgroup_controllers = []\nnamespaces = []\nremember_owner = 0\n' >"$HYPERVISOR_ROOT/etc/qemu.conf"
  cat >"$BATS_FILE_TMPDIR/boot" <<'BOOT'
set -e
root=$1
mount --bind "$root/run" /run
mount --bind "$root/etc" /etc/libvirt
mount --bind "$root/lib" /var/lib/libvirt
mount --bind "$root/log" /var/log/libvirt
mount --bind "$root/cache" /var/cache/libvirt
mkdir -p /run/lock /run/libvirt /var/log/libvirt/qemu
ip link set lo up
ip link add br0 type bridge
ip link set br0 up
virtlogd --daemon
libvirtd --daemon
python3 -c '
import socket, time
listener = socket.create_server(("127.0.0.1", 22), backlog=32)
while True:
    connection, _ = listener.accept()
    connection.sendall(b"SSH-2.0-test\r\n")
    connection.close()' &
(cd "$root/www" && python3 -m http.server --bind 127.0.0.1 8080 >/dev/null 2>&1) &
echo $$ >"$root/pid"
# Not exec: the first process has to reap the others, and libvirt waits for that.
while :; do
  sleep 3600 &
  wait $!
done
BOOT
  # A process namespace: everything in it ends with its first process.
  setsid unshare --mount --net --pid --fork --mount-proc --propagation private bash "$BATS_FILE_TMPDIR/boot" "$HYPERVISOR_ROOT" \
    >"$BATS_FILE_TMPDIR/boot.log" 2>&1 3>&- &
  UNSHARE=$!
  for _ in $(seq 100); do
    [ ! -e "$HYPERVISOR_ROOT/pid" ] || break
    sleep 0.1
  done
  [ -e "$HYPERVISOR_ROOT/pid" ] || { cat "$BATS_FILE_TMPDIR/boot.log" >&2 && return 1; }
  INSIDE=$(pgrep -P "$UNSHARE")
  export HYPERVISOR_ROOT UNSHARE INSIDE
}

stop_hypervisor() {
  if [ -n "${INSIDE:-}" ]; then kill -KILL "$INSIDE"; fi
  wait "$UNSHARE" 2>/dev/null || true # it was killed
}

# inside COMMAND…: on the hypervisor.
inside() {
  nsenter --target "$INSIDE" --mount --net --pid -- "$@"
}

# on_hypervisor SCRIPT VERB: runs it as a step would.
on_hypervisor() {
  run --separate-stderr inside bash "$SCRIPTS/hypervisor/$1" "$2"
}

# render_domain: DOMAIN_XML, by the program's own function, from the variables of a test.
render_domain() {
  (cd "$ROOT" && npx --no-install tsx test/scripts/hypervisor/render-domain.ts)
}

# image MIB: an image to copy guests from, and its pin.
make_image() {
  IMAGE_FILE=$HYPERVISOR_ROOT/www/image.qcow2
  qemu-img create -q -f raw "$HYPERVISOR_ROOT/www/image.raw" "$1M"
  printf 'the content' | dd of="$HYPERVISOR_ROOT/www/image.raw" conv=notrunc status=none
  qemu-img convert -f raw -O qcow2 "$HYPERVISOR_ROOT/www/image.raw" "$IMAGE_FILE"
  IMAGE_SUM=$(sha256sum "$IMAGE_FILE")
  export IMAGE_FILE IMAGE_SUM=${IMAGE_SUM%% *} IMAGE_FORMAT=qcow2
}
