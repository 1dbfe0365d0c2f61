#!/usr/bin/env bash
# fio where etcd will write, as etcd writes; its tools, its work directory, and what the machine was doing meanwhile.

readonly KEPT_RESULT=/var/lib/gitops-platform/disk-gate.json
readonly WORK_PREFIX=$GATE_DIRECTORY/.gitops-platform-gate
readonly UNTOUCHED="Nothing of Kubernetes was installed."
CREATED=

install_tools() {
  type -P fio jq ping >/dev/null && return # the usual case, without asking dpkg
  install_packages disk-gate "$UNTOUCHED " fio jq iputils-ping
}

# enter_directory: makes the measured directory if there is none; leaves it as it was when the step ends.
enter_directory() {
  if [ ! -d "$GATE_DIRECTORY" ]; then
    install -d -m 700 "$GATE_DIRECTORY"
    CREATED=yes
  fi
  trap leave_directory EXIT
  rm -rf "$WORK_PREFIX".*
}

# The work directory of a killed run goes too: kubeadm refuses a directory for etcd that is not empty.
leave_directory() {
  rm -rf "$WORK_PREFIX".*
  if [ -n "$CREATED" ]; then rmdir --ignore-fail-on-non-empty "$GATE_DIRECTORY"; fi
}

# run_fio DIRECTORY OPTIONS…: etcd's own pattern: small writes, each followed by fdatasync. Notes before the JSON are cut.
run_fio() {
  local directory=$1 output
  shift
  output=$(fio --rw=write --ioengine=sync --fdatasync=1 --directory="$directory" --size=22m --bs=2300 --name=mytest \
    --output-format=json "$@" 2>&1) ||
    die "fio failed in $GATE_DIRECTORY: $(tail -n 1 <<<"$output"). $UNTOUCHED Make room or repair the file system, and run again"
  sed -n '/^{/,$p' <<<"$output"
}

# keep_result <<< JSON: on the machine for later runs, and as this one's result.
keep_result() {
  mkdir -p "${KEPT_RESULT%/*}"
  jq --compact-output 'del(.faults, .cures)' | tee "$KEPT_RESULT"
}

# refuse_faults RESULT: everything that is over its limit, in one sentence a person acts on.
refuse_faults() {
  [ "$(jq '.verdict == "failed"' <<<"$1")" = false ] ||
    die "$(jq --raw-output '.faults | join("; ")' <<<"$1"). $UNTOUCHED $(jq --raw-output 'reduce .cures[] as $cure ([]; if index($cure) then . else . + [$cure] end) | join(". ")' <<<"$1"), and run again$(contention_remark "$1")"
}

# contention_remark RESULT: a busy CPU alone can break the limit.
contention_remark() {
  jq --raw-output 'if (.cpuPressure // 0) > 10 or .stealPercent > 2 or .load > .cpus then
    ". The CPU was contended meanwhile (load \(.load) on \(.cpus) CPUs, pressure \(.cpuPressure // "unknown") %, steal \(.stealPercent) %): measure once more on a quiet machine before you replace the disk"
    else "" end' <<<"$1"
}

# remove_gate_traces: the undo. Packages stay on a machine that is some stack's node, which may need them.
remove_gate_traces() {
  rm -f "$KEPT_RESULT"
  [ -e /etc/gitops-platform/owner ] || remove_packages disk-gate
  rmdir --ignore-fail-on-non-empty "${KEPT_RESULT%/*}" 2>/dev/null || true # gone with the rest of the node's state
}
