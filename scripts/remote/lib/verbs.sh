#!/usr/bin/env bash
# The last line of every step: `run_verb "$@" </dev/null`. The script travels on stdin, and a command that reads stdin must
# not swallow the rest of it.

# run_verb VERB: calls the function of that name, if it is a verb that the script defines.
run_verb() {
  local verb known=()
  for verb in apply change destroy maintain probe upgrade; do
    if declare -F "$verb" >/dev/null; then known+=("$verb"); fi
  done
  [[ -n ${1:-} && " ${known[*]} " == *" $1 "* ]] || die "unknown verb '${1:-}' (need ${known[*]})"
  "$1"
}
