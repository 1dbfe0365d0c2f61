# Proves, on real machines: made, kept, repaired and taken away. Does not prove that Kubernetes runs in them (the drills do).

load machine.bash
setup() { setup_machines; }
teardown() { teardown_machines; }

@test "apply makes a machine that is reached with the host key made before it, and a second apply changes nothing" {
  apply cp-1 11
  [[ $(on cp-1 11 hostname) == cp-1 ]]
  first=$(init_of cp-1)
  apply cp-1 11
  [[ $(init_of cp-1) == "$first" ]]
}

@test "a machine has its own disk, its memory limit, writable cgroups, /dev/kmsg, and no way out" {
  apply cp-1 11
  [[ $(on cp-1 11 'findmnt -n -o FSTYPE --target /var/lib/etcd-will-be-here --target /var') == ext4 ]]
  [[ $(losetup --list --noheadings --output DIO,BACK-FILE | grep -F "$STATE/cp-1/disk.img") == *1* ]]
  [[ $(on cp-1 11 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes') == $((512 << 20)) ]]
  on cp-1 11 'mkdir /sys/fs/cgroup/memory/x && rmdir /sys/fs/cgroup/memory/x && test -c /dev/kmsg && sysctl -qw net.ipv4.ip_forward=1'
  run on cp-1 11 'timeout 8 bash -c "</dev/tcp/192.0.2.1/80"'
  [[ $status != 0 && $output == *"No route to host"* ]]
}

@test "no secret is in the arguments or the environment of what keeps running" {
  apply cp-1 11
  secret=$(sed -n 2p "$BATS_TEST_TMPDIR/host-cp-1")
  supervisor=$(pgrep -f "supervise.sh $STATE cp-1")
  [[ -n $supervisor ]]
  for pid in $supervisor $(pgrep -P "${supervisor%%$'\n'*}"); do
    run ! grep -qaF "$secret" "/proc/$pid/environ" "/proc/$pid/cmdline"
  done
  [[ $(stat -c %a "$STATE/cp-1/host-key") == 600 ]]
}

@test "destroy leaves nothing, twice, and also when the machine has died" {
  apply cp-1 11
  for trace in supervise.sh disk.img gitops- $BRIDGE /sys/fs/cgroup/memory/; do [[ $(traces) == *"$trace"* ]]; done
  kill -KILL "$(init_of cp-1)"
  destroy cp-1 11
  leaves_nothing
  destroy cp-1 11
  leaves_nothing
}

@test "the bridge goes with the last machine" {
  apply cp-1 11
  apply worker-1 21
  destroy cp-1 11
  [[ -d /sys/class/net/$BRIDGE && $(on worker-1 21 hostname) == worker-1 ]]
  destroy worker-1 21
  leaves_nothing
}

@test "kernel settings that something in a machine writes are this computer's own again after the last one" {
  if grep -qs '^gitops-platform ' /sys/class/net/*/ifalias; then skip "another platform is up, and gives them back"; fi
  before=$(cat /proc/sys/kernel/panic)
  for end in destroy sweep; do
    apply cp-1 11
    on cp-1 11 "echo $((before + 1)) >/proc/sys/kernel/panic"
    [[ $(cat /proc/sys/kernel/panic) == $((before + 1)) ]]
    if [[ $end == destroy ]]; then destroy cp-1 11; else bash "$SCRIPTS/local/sweep.sh" "$STATE"; fi
    [[ $(cat /proc/sys/kernel/panic) == "$before" && ! -e /run/gitops-platform-host-settings ]]
  done
}

@test "apply finishes what was killed at any moment" {
  for seconds in 0.03 0.06 0.1 0.15 0.3 0.6; do
    settings cp-1 11 >"$BATS_TEST_TMPDIR/settings"
    setsid bash "$SCRIPTS/local/machine.sh" apply <"$BATS_TEST_TMPDIR/settings" >/dev/null 2>&1 3>&- &
    killed=$!
    sleep "$seconds"
    kill -KILL -- "-$killed" || true # it was faster
    apply cp-1 11
    [[ $(on cp-1 11 hostname) == cp-1 ]]
    destroy cp-1 11
    leaves_nothing
  done
}

@test "apply starts a stopped machine and one whose supervisor was killed, with the same disk" {
  apply cp-1 11
  on cp-1 11 'echo kept >/root/file; echo kept >/var/file; sync'
  machine stop cp-1 "$STATE"
  [[ $(init_of cp-1) == 0 ]]
  apply cp-1 11
  kill -KILL "$(pgrep -f "supervise.sh $STATE cp-1" | head -n 1)"
  apply cp-1 11
  [[ $(on cp-1 11 'cat /root/file /var/file') == $'kept\nkept' ]]
}

@test "power-off is sudden, start brings it back, pid finds its init" {
  apply cp-1 11
  machine power-off cp-1 "$STATE"
  run machine pid cp-1 "$STATE"
  [[ $status == 1 && $output == *"it is not running"* ]]
  machine start cp-1 "$STATE"
  [[ $(nsenter --target "$(machine pid cp-1 "$STATE")" --all hostname) == cp-1 ]]
}

@test "a reboot from inside comes back, without the cgroups of the last boot" {
  apply cp-1 11
  on cp-1 11 'mkdir -p /sys/fs/cgroup/memory/left/over'
  first=$(init_of cp-1)
  on cp-1 11 'systemctl reboot' || true # the connection goes down with it
  for _ in {1..200}; do
    [[ $(init_of cp-1) =~ ^(0|$first)$ ]] || break
    sleep 0.05
  done
  apply cp-1 11
  [[ $(init_of cp-1) != "$first" ]]
  on cp-1 11 'test -d /sys/fs/cgroup/memory && test ! -e /sys/fs/cgroup/memory/left'
}

@test "the disk grows, and is never shrunk" {
  apply cp-1 11
  apply cp-1 11 DISK_GIB 6
  [[ $(on cp-1 11 'df --output=size -BG /var | tail -n 1') =~ [56]G ]]
  before=$(init_of cp-1)
  run apply cp-1 11 DISK_GIB 4
  [[ $status == 1 && $output == *"cp-1.diskGiB — got 4, its disk already has 6"* ]]
  [[ $(init_of cp-1) == "$before" ]]
}

@test "another memory limit holds after apply" {
  apply cp-1 11
  apply cp-1 11 MEMORY_MIB 256
  [[ $(on cp-1 11 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes') == $((256 << 20)) ]]
}

@test "a node that runs keeps its memory after change, until it is restarted; other keys and a stopped node don't wait" {
  apply cp-1 11
  before=$(init_of cp-1)
  [[ $(change cp-1 11) == '{"pending":false}' ]]
  [[ $(change cp-1 11 MEMORY_MIB 256) == '{"pending":true}' ]]
  machine start cp-1 "$STATE"
  [[ $(init_of cp-1) == "$before" ]]
  [[ $(on cp-1 11 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes') == $((512 << 20)) ]]
  machine restart cp-1 "$STATE"
  after=$(init_of cp-1)
  [[ $after != "$before" && $(on cp-1 11 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes') == $((256 << 20)) ]]
  machine restart cp-1 "$STATE"
  [[ $(init_of cp-1) == "$after" ]]
  machine stop cp-1 "$STATE"
  [[ $(change cp-1 11) == '{"pending":false}' ]]
  stopped=$(init_of cp-1)
  [[ $stopped != 0 ]]
  ssh-keygen -q -t ed25519 -N '' -f "$BATS_TEST_TMPDIR/login" <<<y >/dev/null
  [[ $(change cp-1 11) == '{"pending":false}' ]]
  [[ $(init_of cp-1) != "$stopped" && $(on cp-1 11 hostname) == cp-1 ]]
}

@test "an address, a network or a bridge that is somebody else's is refused" {
  apply cp-1 11
  run apply cp-2 11
  [[ $status == 1 && $output == *"cp-2.address — $NETWORK.11 is used by the machine of $STATE/cp-1"* ]]
  other=$BATS_TEST_TMPDIR/other
  run apply cp-1 11 STATE_DIRECTORY "$other"
  [[ $status == 1 && $output == *"is used by a machine of another clone"* ]]
  run apply cp-1 12 STATE_DIRECTORY "$other" BRIDGE gitopstest1
  [[ $status == 1 && $output == *"network.cidr — $NETWORK.0/24 is already used"* ]]
  run apply cp-1 12 STATE_DIRECTORY "$other" NETWORK_CIDR 10.77.9.0/24 HOST_ADDRESS 10.77.9.1
  [[ $status == 1 && $output == *"network.bridge — interface $BRIDGE exists and is not ours"* ]]
  [[ $(on cp-1 11 hostname) == cp-1 ]]
  [[ ! -e /sys/class/net/gitopstest1 ]]
}

@test "a bridge whose creation was killed is taken over" {
  ip link add $BRIDGE type bridge
  apply cp-1 11
  [[ $(on cp-1 11 hostname) == cp-1 ]]
}

@test "bad settings are reported all at once" {
  run apply Cp_1 11 MEMORY_MIB 1.5 DISK_GIB '' BRIDGE gitops-far-too-long
  [[ $status == 1 && $output == *"MACHINE_NAME — got 'Cp_1'"* && $output == *MEMORY_MIB* && $output == *DISK_GIB* && $output == *BRIDGE* ]]
  leaves_nothing
}

@test "a missing base image says how to build it" {
  run apply cp-1 11 BASE_IMAGE /nowhere/base.img
  [[ $status == 1 && $output == *"no base image at /nowhere/base.img — build it with: npm run mirror"* ]]
}

@test "a throttled disk is slow, and fast again" {
  apply cp-1 11
  fsyncs='rm -f /var/x; for i in $(seq 40); do dd if=/dev/zero of=/var/x bs=4k count=1 oflag=dsync conv=notrunc status=none; done'
  bash "$SCRIPTS/local/throttle-disk.sh" cp-1 20 "$STATE"
  SECONDS=0
  on cp-1 11 "$fsyncs"
  slow=$SECONDS
  bash "$SCRIPTS/local/throttle-disk.sh" cp-1 off "$STATE"
  SECONDS=0
  on cp-1 11 "$fsyncs"
  ((slow >= 2 && SECONDS < slow))
}
