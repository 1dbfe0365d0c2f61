#!/usr/bin/env bats
# The probe of a hypervisor's guests behind `npm run drift`, on libvirt's own test driver: real virsh, and no guests.
# Does not prove that a hypervisor's libvirt prints the same: guest.bats defines real domains with the same marks.
bats_require_minimum_version 1.5.0

setup() {
  export NODE_NAME=hv-1 STORAGE_DIRECTORY=/var/lib/libvirt/images GUESTS=$'cp-1\nworker-1\nworker-2'
  domain cp-1 '<guest:node xmlns:guest="urn:gitops-platform:guest:1" owner="a/b/c" name="cp-1" digest="0abc"/>' 'placement="static"'
  domain worker-1 '' ''
  { echo '<node>' && cat "$BATS_TEST_TMPDIR"/*.domain && echo '</node>'; } >"$BATS_TEST_TMPDIR/host.xml"
  mkdir "$BATS_TEST_TMPDIR/bin"
  cat >"$BATS_TEST_TMPDIR/bin/virsh" <<EOF
#!/bin/sh
[ "\$1 \$2" = "--connect qemu:///system" ] || exit 1
shift 2
exec /usr/bin/virsh --connect "test://\${HOST_XML-$BATS_TEST_TMPDIR/host.xml}" "\$@"
EOF
  chmod +x "$BATS_TEST_TMPDIR/bin/virsh"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# domain NAME METADATA VCPU_ATTRIBUTES
domain() {
  printf '<domain type="test"><name>%s</name><metadata>%s</metadata><memory unit="MiB">64</memory><vcpu %s>2</vcpu><os><type>hvm</type></os></domain>\n' \
    "$1" "$2" "$3" >"$BATS_TEST_TMPDIR/$1.domain"
}

probe() {
  run --separate-stderr bash "$BATS_TEST_DIRNAME/../../../scripts/remote/drift/probe-guests.sh" "${1:-probe}"
}

@test "a guest of ours, one without a mark, one that is gone" {
  probe
  echo "$stderr"
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = $'guest\tcp-1\trunning\tdisable\ta/b/c\t0abc\t0abc\t2\t65536' ]
  [ "${lines[1]}" = $'guest\tworker-1\trunning\tdisable\t\t\t\t2\t65536' ]
  [ "${lines[2]}" = $'guest\tworker-2\tundefined' ]
  [ "${lines[3]}" = end ]
  [ "${#lines[@]}" -eq 4 ]
}

@test "a libvirt that does not answer is an error, not a hypervisor without guests" {
  export HOST_XML=/nowhere
  probe
  [ "$status" -eq 1 ]
  [[ $stderr == *"[drift] hv-1: libvirt does not answer, see above" ]]
  [[ $output != *end* ]]
}

@test "another verb is refused" {
  probe apply
  [ "$status" -eq 1 ]
  [ "$stderr" = "[drift] hv-1: unknown verb 'apply' (need probe)" ]
}
