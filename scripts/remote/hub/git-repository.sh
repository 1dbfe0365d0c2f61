#!/usr/bin/env bash
# The infra repository on the hub: bare, over SSH; operators push, Argo CD's deploy key only reads.
#
# Environment: NODE_NAME (for messages); PUSH_KEY, DEPLOY_KEY: public keys, one authorized_keys line each.
# Touches: user git (uid 970, the same on every hub, because the repository outlives it), /var/lib/git/.ssh,
#   /srv/git/infra.git, bound from the operator's computer: an existing repository is kept.
# Undo: none; the user goes with the machine, the repository stays with the operator.
set -euo pipefail
SCOPE=git
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/files.sh"
. "$(dirname "$0")/../lib/push-event.sh"

readonly REPOSITORY=/srv/git/infra.git
readonly GIT_HOME=/var/lib/git
readonly GIT_UID=970

ensure_user() {
  [ "$(id -u git 2>/dev/null || true)" != $GIT_UID ] || return 0
  ! id git >/dev/null 2>&1 || userdel git # a base image may bring one with another number
  # The password matches nothing; a locked account would be refused even with a key.
  useradd --system --uid $GIT_UID --user-group --create-home --home-dir $GIT_HOME --shell /usr/bin/git-shell --password '*' git
}

as_git() { setpriv --reuid=git --regid=git --init-groups env "HOME=$GIT_HOME" "$@"; }

ensure_repository() {
  chown git:git "${REPOSITORY%/*}"
  if [ -e $REPOSITORY/HEAD ]; then
    [ "$(stat -c %u $REPOSITORY)" = $GIT_UID ] || chown -R git:git $REPOSITORY
  else
    as_git git init --quiet --bare --initial-branch=main $REPOSITORY.new
    rm -rf $REPOSITORY
    mv $REPOSITORY.new $REPOSITORY
  fi
}

ensure_hook() {
  {
    echo '#!/usr/bin/env bash'
    declare -f push_event deliver post_receive
    echo post_receive
  } | write_file $REPOSITORY/hooks/post-receive 755 || true # unchanged is fine
}

# git-shell alone lets a key push; the deploy key's command is fixed, whatever it asks for.
ensure_keys() {
  install -d -m 700 -o git -g git $GIT_HOME/.ssh
  # Unchanged is fine.
  write_file $GIT_HOME/.ssh/authorized_keys <<KEYS || true
restrict $PUSH_KEY
restrict,command="git-upload-pack '$REPOSITORY'" $DEPLOY_KEY
KEYS
}

apply() {
  take_lock
  local key
  for key in "$PUSH_KEY" "$DEPLOY_KEY"; do
    [[ $key == ssh-*' '* ]] || die "PUSH_KEY and DEPLOY_KEY must be public keys in authorized_keys form (got '${key%% *}', need 'ssh-ed25519 AAAA…')"
  done
  ensure_user
  ensure_repository
  ensure_hook
  ensure_keys
  as_git git -C $REPOSITORY rev-parse --is-bare-repository >/dev/null ||
    die "$REPOSITORY is no bare repository; move it away on the operator's computer (.local/git), and run again"
}

run_verb "$@" </dev/null
