#!/usr/bin/env bash
# Images by digest, under the tags that static pods and manifests name. kubeadm itself never pulls (imagePullPolicy
# Never), so that nothing unpinned reaches a machine.

# pull_image REFERENCE DIGEST
pull_image() {
  local reference=$1 pinned=${1%:*}@$2 attempt
  for attempt in 1 2 3; do # a registry that has only just started refuses the first connections
    crictl --timeout 240s pull "$pinned" >/dev/null && break
    [ "$attempt" -lt 3 ] || return 1
    sleep "$attempt"
  done
  ctr --namespace k8s.io images tag --force "$pinned" "$reference" >/dev/null
}

# pull_images <<< "reference digest" lines: those that are not there yet, all at once; the first failure ends the step
# with its reason.
pull_images() {
  local reference digest present pids=() references=() i log
  log=$(mktemp -d)
  present=$(ctr --namespace k8s.io images list | awk '{ print $1, $3 }')
  while read -r reference digest; do
    if [ -z "$reference" ] || grep -qxF "$reference $digest" <<<"$present"; then continue; fi
    references+=("$reference")
    pull_image "$reference" "$digest" 9>&- 2>"$log/${#pids[@]}" &
    pids+=($!)
  done
  for i in "${!pids[@]}"; do
    wait "${pids[i]}" || die "can't pull ${references[i]}: $(tail -n 1 "$log/$i"); check that the registry has it under this digest and run again"
  done
  rm -rf "$log"
}
