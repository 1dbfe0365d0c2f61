#!/usr/bin/env bats
# The probe behind `npm run drift`: it prints what is there, and changes nothing.
bats_require_minimum_version 1.5.0
load machine.bash

setup() {
  create_machine
  mkdir -p "$MACHINE"/etc/kubernetes/{manifests,pki} "$MACHINE/etc/gitops-platform"
  echo "$STACK_ID" >"$MACHINE/etc/gitops-platform/owner"
  echo content >"$MACHINE/etc/crictl.yaml"
  echo pod >"$MACHINE/etc/kubernetes/manifests/etcd.yaml"
  echo pod >"$MACHINE/etc/kubernetes/manifests/.hidden"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$BATS_TEST_TMPDIR/key" -subj /CN=x \
    -out "$BATS_TEST_TMPDIR/certificate" 2>/dev/null
  cp "$BATS_TEST_TMPDIR/certificate" "$MACHINE/etc/kubernetes/pki/apiserver.crt"
  printf '    client-certificate-data: %s\n    client-key-data: %s\n' \
    "$(base64 -w 0 "$BATS_TEST_TMPDIR/certificate")" "$(base64 -w 0 "$BATS_TEST_TMPDIR/key")" >"$MACHINE/etc/kubernetes/admin.conf"
  mkdir -p "$MACHINE/var/lib/kubelet/pki"
  cat "$BATS_TEST_TMPDIR/certificate" "$BATS_TEST_TMPDIR/key" >"$MACHINE/var/lib/kubelet/pki/kubelet-client-current.pem"
  export FILES=$'/etc/crictl.yaml\n/etc/missing' PACKAGES=$'runc 1.1.5\ncontainerd 1.1.4\nhaproxy 1.1.6' UNITS=kubelet SYSCTLS=net.ipv4.ip_forward MODULES=no_such_module DISK_DIRECTORY=''
  fake dpkg-query <<<'echo -n 1.1.5'
  # In another order than it was asked for, as systemctl does.
  fake systemctl <<<'printf "DropInPaths=/etc/a.conf /etc/b.conf\nNeedDaemonReload=no\nUnitFileState=enabled\nActiveState=inactive\n"'
}

# snapshot: everything on the machine, with times and contents.
snapshot() {
  (cd "$MACHINE" && find . -printf '%p %M %U %s %T@ %C@\n' | sort && find . -type f -exec sha256sum {} + | sort)
}

@test "every kind of fact" {
  on_machine drift/probe-node.sh probe
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = $'owner\tgitops-platform/test/test' ]
  local sum
  sum=$(sha256sum <<<content)
  grep -qxF $'file\t/etc/crictl.yaml\t'"${sum%% *}" <<<"$output"
  grep -qxF $'file\t/etc/missing\t-' <<<"$output"
  grep -qxF $'manifest\t/etc/kubernetes/manifests/.hidden' <<<"$output"
  grep -qxF $'package\trunc\t1.1.5\tsame' <<<"$output"
  grep -qxF $'package\tcontainerd\t1.1.5\tnewer' <<<"$output"
  grep -qxF $'package\thaproxy\t1.1.5\tolder' <<<"$output"
  grep -qxF $'unit\tkubelet\tinactive\tenabled\tno\t/etc/a.conf /etc/b.conf' <<<"$output"
  grep -qxF $'sysctl\tnet.ipv4.ip_forward\t1' <<<"$output"
  grep -qxF $'module\tno_such_module\tno' <<<"$output"
  [ "${lines[-1]}" = end ]
}

@test "a program whose file was replaced while it runs is told from one whose file is still there" {
  local pid
  cp /usr/bin/sleep "$BATS_TEST_TMPDIR/kubelet"
  "$BATS_TEST_TMPDIR/kubelet" 60 3>&- &
  pid=$!
  fake systemctl <<<"echo MainPID=$pid"
  on_machine drift/probe-node.sh probe
  grep -qxF $'program\tkubelet\tcurrent' <<<"$output"
  cp /usr/bin/sleep "$BATS_TEST_TMPDIR/kubelet.new"
  mv "$BATS_TEST_TMPDIR/kubelet.new" "$BATS_TEST_TMPDIR/kubelet"
  on_machine drift/probe-node.sh probe
  kill "$pid"
  grep -qxF $'program\tkubelet\treplaced' <<<"$output"
  fake systemctl <<<"echo MainPID=0"
  on_machine drift/probe-node.sh probe
  [ "$(grep -c ^program <<<"$output")" -eq 0 ]
}

@test "the last lines of the recorder are printed" {
  mkdir -p "$MACHINE/var/lib/gitops-platform/health"
  seq --format='{"at":%g}' 4 >"$MACHINE/var/lib/gitops-platform/health/2026-11-28.jsonl"
  seq --format='{"at":%g}' 5 7 >"$MACHINE/var/lib/gitops-platform/health/2026-11-29.jsonl"
  on_machine drift/probe-node.sh probe
  [ "$(sed -n 's/^sample\t//p' <<<"$output")" = "$(seq --format='{"at":%g}' 3 7)" ]
}

@test "certificates are printed, keys never" {
  on_machine drift/probe-node.sh probe
  local body secret path
  body=$(sed '/-----/d' "$BATS_TEST_TMPDIR/certificate" | tr -d '\n')
  for path in /etc/kubernetes/pki/apiserver.crt /etc/kubernetes/admin.conf /var/lib/kubelet/pki/kubelet-client-current.pem; do
    grep -qxF "certificate"$'\t'"$path"$'\t'"$body" <<<"$output"
  done
  secret=$(sed '/-----/d' "$BATS_TEST_TMPDIR/key" | head -n 1)
  [ -n "$secret" ]
  [[ "$output$stderr" != *"$secret"* ]]
  [[ "$output$stderr" != *"$(base64 -w 0 "$BATS_TEST_TMPDIR/key" | head -c 60)"* ]]
}

@test "nothing is changed" {
  on_machine drift/probe-node.sh probe # the mounts themselves leave /run/mount
  : >"$CALLS"
  before=$(snapshot)
  on_machine drift/probe-node.sh probe
  diff <(echo "$before") <(snapshot)
  [ -z "$(grep -vE '^(systemctl show |dpkg-query --show )' "$CALLS")" ]
}

@test "a bare machine is looked at as well" {
  rm -r "$MACHINE/etc/kubernetes" "$MACHINE/etc/gitops-platform" "$MACHINE/var/lib/kubelet"
  on_machine drift/probe-node.sh probe
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = $'owner\t-' ]
  [ "${lines[-1]}" = end ]
}

@test "a measured disk leaves nothing behind" {
  export DISK_DIRECTORY=/var/lib/etcd
  mkdir -p "$MACHINE/var/lib/etcd/member"
  fake fio <<<'echo "fio: a note"; cat '"$BATS_TEST_DIRNAME/fio/node-quiet-dio-1.json"
  on_machine drift/probe-node.sh probe
  [ "$status" -eq 0 ]
  grep -qxF $'disk\t'"$(jq '.jobs[0].sync.lat_ns.percentile["99.000000"]' "$BATS_TEST_DIRNAME/fio/node-quiet-dio-1.json")" <<<"$output"
  [ "$(ls -A "$MACHINE/var/lib/etcd")" = member ]
  [ "$(calls '--fdatasync=1 .*--size=22m --bs=2300')" -eq 1 ]
}
