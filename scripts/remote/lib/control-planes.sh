#!/usr/bin/env bash
# The control planes as a node knows them: those that its API proxy has.

readonly API_PROXY_FILE=$STATE_DIRECTORY/kube-apiserver-proxy.cfg

# other_control_planes: lines "name address", without this node.
other_control_planes() {
  sed -n 's/^ *server \([^ ]*\) \([^ ]*\):6443$/\1 \2/p' "$API_PROXY_FILE" | { grep -v "^$NODE_NAME " || true; } # a single one has no other
}

# api_ready ADDRESS:PORT
api_ready() {
  [ "$(curl --silent --insecure --noproxy '*' --max-time 3 "https://$1/readyz")" = ok ]
}
