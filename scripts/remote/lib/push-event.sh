#!/usr/bin/env bash
# Notifies Argo CD of a push, so that it is live in seconds and not at the next poll. The functions become the repository's
# post-receive hook, so they use nothing outside themselves.

# push_event OLD NEW REF: the part of GitLab's push event that Argo CD reads (util/webhook of Argo CD 2.7 and 2.13). It
# takes host and path of web_url and matches any address of that repository, .git or not; a push to default_branch is
# one to HEAD. Without a list of commits every Application of the repository is refreshed.
push_event() {
  printf '{"object_kind":"push","before":"%s","after":"%s","ref":"%s","project":{"web_url":"%s","default_branch":"%s"}}' \
    "$1" "$2" "$3" "$(cat /etc/gitops-push-event/web-url)" "$(git symbolic-ref --short HEAD)"
}

# deliver EVENT: to the first address that takes it. Argo CD may be starting or moving to another node: tried for a
# minute, then given up, because it polls anyway.
deliver() {
  local directory=/etc/gitops-push-event attempt address
  for ((attempt = 0; attempt < 20; attempt++)); do
    while read -r address; do
      # The certificate is pinned; it names the server by its Service, the address is one of its nodes.
      curl --silent --show-error --fail --noproxy '*' --connect-timeout 1 --max-time 5 --cacert "$directory/certificate.pem" \
        --connect-to "argocd-server:443:$address" --header @"$directory/headers" --data-binary @- \
        https://argocd-server/api/webhook <<<"$1" && return
    done <"$directory/addresses"
    sleep 3
  done
  echo "given up"
}

# Hooks of a push must not hold it up, nor make it fail: everything is done behind it.
post_receive() {
  local old new ref
  while read -r old new ref; do
    [[ $ref == refs/heads/* && -r /etc/gitops-push-event/addresses ]] || continue
    (deliver "$(push_event "$old" "$new" "$ref")" 2>&1 | logger --tag push-event) </dev/null >/dev/null 2>&1 &
    disown
  done
}
