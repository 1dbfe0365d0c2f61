#!/usr/bin/env bash
# Gives an empty infra repository its first commit: the starter content, with SealedSecrets of its own. A repository
# that has anything in it is left alone.
#
# seed-repository.sh apply: settings are lines `export NAME='value'` on stdin:
#   REPOSITORY_URL HOST_KEY PRIVATE_KEY   where to push, the server's pinned public host key, who pushes (OpenSSH texts)
#   SOURCE                                directory with the content
#   KUBESEAL SEALING_CERTIFICATE          program, and PEM certificate of the cluster
#   SECRETS                               what is sealed: lines `file namespace name password`, each a Secret with the
#                                         one key `password`; a file that SOURCE has is kept
# Touches: the repository. Undo: none, the repository is the operator's.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
. "$here/../machines/local/lib/log.sh"

# The scratch directory holds the key: on a tmpfs, readable by us only, gone in any case.
prepare() {
  umask 077
  SCRATCH=$(mktemp -d /dev/shm/gitops-platform-seed.XXXXXX)
  trap 'rm -rf "$SCRATCH"' EXIT
  printf '%s\n' "${PRIVATE_KEY%$'\n'}" >"$SCRATCH/key"
  printf '* %s\n' "$HOST_KEY" >"$SCRATCH/known_hosts"
  export GIT_SSH_COMMAND="ssh -F none -i $SCRATCH/key -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=$SCRATCH/known_hosts -o ConnectTimeout=10"
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 # the operator's own signing and hooks have no business here
}

# What ssh or the server said last, without Git's general advice below it.
reason() {
  grep -vE '^($|fatal: Could not read from remote|Please make sure|and the repository exists)' "$SCRATCH/error" | tail -n 2 | tr '\n' ' '
}

is_empty() {
  local references
  references=$(git ls-remote "$REPOSITORY_URL" 2>"$SCRATCH/error") ||
    die "seed — $REPOSITORY_URL can't be read: $(reason)— is the machine that serves it running, and its host key the pinned one?"
  [[ -z $references ]]
}

# JSON is YAML; kubeseal reads it on stdin, so the password is in no argument and no file.
seal() {
  local file namespace name password
  [[ -x $KUBESEAL ]] || die "seed — no kubeseal at $KUBESEAL — build it with: npm run mirror"
  printf '%s\n' "$SEALING_CERTIFICATE" >"$SCRATCH/certificate.pem"
  while read -r file namespace name password; do
    if [[ -z $file || -e $SCRATCH/content/$file ]]; then continue; fi
    mkdir -p "$(dirname "$SCRATCH/content/$file")"
    printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s","namespace":"%s"},"data":{"password":"%s"}}' \
      "$name" "$namespace" "$(printf %s "$password" | base64 -w 0)" |
      "$KUBESEAL" --format yaml --cert "$SCRATCH/certificate.pem" >"$SCRATCH/content/$file"
  done <<<"$SECRETS"
}

publish() {
  cd "$SCRATCH/content"
  umask 022
  git init --quiet --initial-branch=main
  git add --all
  git -c user.name=gitops-platform -c user.email=gitops-platform@localhost commit --quiet --message "Start from the platform's own starter"
  git push --quiet "$REPOSITORY_URL" main 2>"$SCRATCH/error" ||
    die "seed — pushing to $REPOSITORY_URL failed: $(reason)— see \`journalctl -u ssh\` on the machine that serves it"
}

apply() {
  # Not `. /dev/stdin`: where stdin is a socket, as a program may make it, it can't be opened by name.
  eval "$(cat)"
  exec </dev/null
  export -n PRIVATE_KEY SECRETS # nothing that is started inherits them
  prepare
  is_empty || return 0
  cp -r "$SOURCE/." "$SCRATCH/content"
  chmod -R u=rwX,go=rX "$SCRATCH/content"
  seal
  publish
}

[[ ${1:-} == apply ]] || die "seed-repository.sh — got '${1:-}', need apply"
apply
