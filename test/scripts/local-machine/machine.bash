# Real machines for the tests of components/machines/local: needs root and the base image of `npm run mirror`.

SCRIPTS=$(realpath "$BATS_TEST_DIRNAME/../../../components/machines")
BASE_IMAGE=${XDG_CACHE_HOME:-$HOME/.cache}/gitops-platform/mirror/machine/base.img
NETWORK=10.77.1
BRIDGE=gitopstest0

setup_machines() {
  [[ $(id -u) == 0 ]] || { echo "these tests make real machines: run them as root" >&2 && return 1; }
  [[ -s $BASE_IMAGE ]] || { echo "no base image at $BASE_IMAGE: run npm run mirror first" >&2 && return 1; }
  STATE=$BATS_TEST_TMPDIR/state
  ssh-keygen -q -t ed25519 -N '' -f "$BATS_TEST_TMPDIR/login"
  BEFORE=$(traces)
}

teardown_machines() {
  bash "$SCRIPTS/local/sweep.sh" "$STATE"
  rm -f "$BATS_TEST_TMPDIR"/*.img
}

# settings NAME LAST_OCTET [EXPORT…]: what machine.sh reads; further arguments override.
settings() {
  local key=$BATS_TEST_TMPDIR/host-$1
  [[ -e $key ]] || ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$key"
  printf 'export %s=%q\n' MACHINE_NAME "$1" ADDRESS "$NETWORK.$2" STATE_DIRECTORY "$STATE" BRIDGE $BRIDGE \
    NETWORK_CIDR $NETWORK.0/24 HOST_ADDRESS $NETWORK.1 BASE_IMAGE "$BASE_IMAGE" MEMORY_MIB 512 DISK_GIB 4 BINDS '' \
    HOST_PRIVATE_KEY "$(cat "$key")" HOST_PUBLIC_KEY "$(cat "$key.pub")" LOGIN_PUBLIC_KEY "$(cat "$BATS_TEST_TMPDIR/login.pub")" "${@:3}"
}

machine() { bash "$SCRIPTS/local/machine.sh" "$@"; }
apply() { settings "$@" | machine apply; }
change() { settings "$@" | machine change; }
destroy() { settings "$@" | machine destroy; }

# on NAME LAST_OCTET COMMAND: over SSH, with the host key that was made before the machine.
on() {
  printf '%s.%s %s\n' $NETWORK "$2" "$(cut -d' ' -f1,2 "$BATS_TEST_TMPDIR/host-$1.pub")" >"$BATS_TEST_TMPDIR/known-$1"
  ssh -n -F none -i "$BATS_TEST_TMPDIR/login" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes \
    -o UserKnownHostsFile="$BATS_TEST_TMPDIR/known-$1" -o ConnectTimeout=5 "root@$NETWORK.$2" "$3"
}

init_of() { machine status "$STATE" | jq --arg name "$1" '.[] | select(.name == $name).pid'; }

# What a machine could leave behind on this computer. Other platforms may run beside the tests: only our own is looked at.
traces() {
  local id
  id=$(printf %s "$STATE" | sha256sum | cut -c1-8)
  pgrep -fa -- "$STATE" || true
  grep -F "$STATE" /proc/self/mounts || true
  losetup --list --noheadings --output BACK-FILE | grep -F "$STATE" || true
  ip netns list | grep -F "$id" || true
  ip -o link show | grep -E "$BRIDGE|gp${id:0:5}" || true
  find /sys/fs/cgroup -name "gitops-$id-*"
  find "$STATE" 2>/dev/null || true
}

leaves_nothing() {
  [[ $(traces) == "$BEFORE" ]] || { echo "left: $(traces)" >&2 && return 1; }
}
