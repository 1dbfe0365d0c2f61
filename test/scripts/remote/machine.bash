# A machine for a test: the real script in a mount namespace of its own, where everything a node script touches is a
# fresh directory, and commands that would change this computer are fakes that note how they were called.
# Needs root. Does not prove that the real commands do what the fakes pretend; test/e2e does.

SCRIPTS=$BATS_TEST_DIRNAME/../../../scripts/remote
readonly MACHINE_DIRECTORIES="etc opt run var/lib var/log usr/local/bin"

create_machine() {
  MACHINE=$BATS_TEST_TMPDIR/machine
  FAKES=$BATS_TEST_TMPDIR/fakes
  CALLS=$BATS_TEST_TMPDIR/calls
  mkdir -p "$FAKES" "$MACHINE/sys-net/ipv4" "$MACHINE/sys-net/bridge"
  for directory in $MACHINE_DIRECTORIES; do mkdir -p "$MACHINE/$directory"; done
  cp -a /etc/passwd /etc/group /etc/alternatives "$MACHINE/etc/"
  : >"$MACHINE/etc/fstab"
  echo 1 | tee "$MACHINE/sys-net/ipv4/ip_forward" >"$MACHINE/sys-net/bridge/bridge-nf-call-iptables"
  : >"$CALLS"
  export NODE_NAME=cp-1 NODE_ADDRESS=10.78.0.11 STACK_ID=gitops-platform/test/test ETCD_DIRECTORY=/var/lib/etcd
  export CALLS MACHINE
  # Nothing is hardened, unless a test says so.
  export AUDIT_POLICY='' ADMISSION='' ENCRYPTION_KEY='' MANIFEST_LINES='' PHASE_CONFIG='' WRITES_ENCRYPTED=false KUBELET_ARGUMENTS=''
}

# fake COMMAND…: notes its calls; stdin becomes its body.
fake() {
  local command body
  body=$(cat)
  for command in "$@"; do
    printf '#!/bin/bash\necho "%s $*" >>"$CALLS"\n%s\n' "$command" "$body" >"$FAKES/$command"
    chmod 755 "$FAKES/$command"
  done
}

# on_machine SCRIPT VERB: runs it as a step would.
on_machine() {
  local script=$SCRIPTS/$1 verb=$2
  # shellcheck disable=SC2016 # expanded by the inner shell
  run --separate-stderr unshare --mount --propagation private bash -c '
    for directory in '"$MACHINE_DIRECTORIES"'; do mount --bind "$MACHINE/$directory" "/$directory"; done
    mount --bind "$MACHINE/sys-net" /proc/sys/net
    PATH=$1:/usr/sbin:/usr/bin:/sbin:/bin exec bash "$2" "$3"' - "$FAKES" "$script" "$verb"
}

# calls PATTERN: how often a fake was called so.
calls() {
  grep -c -- "$1" "$CALLS" || true # none is 0
}

# answering ADDRESS…: whose API is ready.
answering() {
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/answering"
  fake curl <<'FAKE'
address=${!#}
address=${address#https://}
grep -qxF "${address%%:*}" "${CALLS%/*}/answering" && echo -n ok
FAKE
}

# plain_debian: without fio; what apt is asked for it lists, with a library of fio's, and then it is there.
plain_debian() {
  printf '%s\n' jq iputils-ping >"$BATS_TEST_TMPDIR/packages"
  fake dpkg-query <<<'sed "s/^/installed /" "${CALLS%/*}/packages"'
  fake dpkg <<<'true'
  fake apt-get <<'FAKE'
case "$*" in
*--simulate*) printf 'Inst %s (1.0 Debian:12 [amd64])\n' fio libaio1; echo 'Inst jq [1.0] (1.1 Debian:12 [amd64])' ;;
*install*) printf '%s\n' fio libaio1 >>"${CALLS%/*}/packages" ;;
esac
FAKE
}
