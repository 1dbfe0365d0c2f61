#!/usr/bin/env bash
# Images by digest, under the tags that static pods and manifests name. kubeadm itself never pulls (imagePullPolicy
# Never), so that nothing unpinned reaches a machine.

# pull_image REFERENCE DIGEST: does nothing when the tag already is that digest.
pull_image() {
  local reference=$1 pinned=${1%:*}@$2 attempt
  if [ "$(ctr --namespace k8s.io images list "name==$reference" 2>/dev/null | awk 'NR == 2 { print $3 }')" != "$2" ]; then
    for attempt in 1 2 3; do # a registry that has only just started refuses the first connections
      crictl --timeout 240s pull "$pinned" >/dev/null && break
      [ "$attempt" -lt 3 ] || return 1
      sleep "$attempt"
    done
    ctr --namespace k8s.io images tag --force "$pinned" "$reference" >/dev/null
  fi
}

# pull_images <<< "reference digest" lines: all at once; the first failure ends the step with its reason.
pull_images() {
  local reference digest pids=() references=() i log
  log=$(mktemp -d)
  while read -r reference digest; do
    [ -n "$reference" ] || continue
    references+=("$reference")
    pull_image "$reference" "$digest" 9>&- 2>"$log/${#pids[@]}" &
    pids+=($!)
  done
  for i in "${!pids[@]}"; do
    wait "${pids[i]}" || die "can't pull ${references[i]}: $(tail -n 1 "$log/$i"); check that the registry has it under this digest and run again"
  done
  rm -rf "$log"
}
