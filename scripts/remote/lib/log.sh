#!/usr/bin/env bash
# Messages of a step, on stderr; stdout carries only its result.
# SCOPE (set by the script) and NODE_NAME (environment) say where: "[join] worker-1: …".

# A killed `pulumi up` closes the connection: the orphaned step finishes its work even if nobody listens any more.
trap '' PIPE

# log_info TEXT
log_info() {
  printf '[%s] %s: %s\n' "${SCOPE:-step}" "${NODE_NAME:-$(hostname)}" "$*" >&2 || true # the listener may be gone
}

# die TEXT: what is wrong (got X, need Y) and what to do; ends the step.
die() {
  log_info "$*"
  exit 1
}
