#!/usr/bin/env bash
# The ownership marker: which stack (STACK_ID) set this machine up. An undo without our marker does nothing, so that a
# stale one can't wipe a machine that was rebuilt or that belongs to somebody else.

readonly STATE_DIRECTORY=/etc/gitops-platform
readonly OWNER_FILE=$STATE_DIRECTORY/owner

# is_ours: whether this stack owns the machine.
is_ours() {
  [ -f "$OWNER_FILE" ] && [ "$(cat "$OWNER_FILE")" = "$STACK_ID" ]
}

# require_ours: ends a step that builds on what an earlier one of this stack prepared.
require_ours() {
  is_ours || die "the machine is not prepared by this stack; run the whole update again"
}

# refuse_other_owner: ends the step on a machine of another stack.
refuse_other_owner() {
  if [ -s "$OWNER_FILE" ] && ! is_ours; then
    die "$OWNER_FILE says that this machine belongs to $(cat "$OWNER_FILE") (need $STACK_ID); destroy that stack first, or give this node another machine"
  fi
}

# claim_machine: writes the marker.
claim_machine() {
  refuse_other_owner
  mkdir -p "$STATE_DIRECTORY"
  printf '%s\n' "$STACK_ID" >"$OWNER_FILE.new"
  mv "$OWNER_FILE.new" "$OWNER_FILE"
}
