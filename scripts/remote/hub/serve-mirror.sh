#!/usr/bin/env bash
# Serves the mirror as an air-gapped site does: files at http://<address>/, images at http://<address>:5000/, read-only.
#
# Environment: NODE_NAME (for messages).
# Reads: /srv/mirror/{files,registry,bin/registry}, bound from the operator's computer.
# Touches: gitops-files.service, gitops-registry.service, /etc/gitops-mirror.
# Undo: none, it goes with the machine.
set -euo pipefail
SCOPE=mirror
. "$(dirname "$0")/../lib/log.sh"
. "$(dirname "$0")/../lib/verbs.sh"
. "$(dirname "$0")/../lib/lock.sh"
. "$(dirname "$0")/../lib/files.sh"

readonly MIRROR=/srv/mirror
readonly CONFIG=/etc/gitops-mirror

# run_server UNIT DESCRIPTION CONFIG EXEC_START [SETTING…]: the configuration is on stdin; restarts what has changed.
# Units of our own, because enabling a package's goes through its init script and takes most of a second.
run_server() {
  local unit=$1 description=$2 config=$3 exec_start=$4 changed=''
  shift 4
  if write_file "$config"; then changed=yes; fi
  if {
    printf '[Unit]\nDescription=%s\nAfter=network.target\n\n' "$description"
    printf '[Service]\nExecStart=%s\nRestart=always\nRestartSec=1\n' "$exec_start"
    printf '%s\n' "$@" '' '[Install]' 'WantedBy=multi-user.target'
  } | write_file "/etc/systemd/system/$unit"; then
    changed=yes
    systemctl daemon-reload
    systemctl enable --quiet "$unit"
  fi
  if [ -n "$changed" ]; then systemctl restart "$unit"; else systemctl start "$unit"; fi
}

serve_files() {
  run_server gitops-files.service 'Files of the mirror' $CONFIG/nginx.conf \
    "/usr/sbin/nginx -c $CONFIG/nginx.conf -g 'daemon off;'" <<NGINX
user www-data;
worker_processes auto;
pid /run/gitops-files.pid;
error_log stderr;
events {}
http {
  default_type application/octet-stream;
  access_log off;
  sendfile on;
  server {
    listen 80 default_server;
    root $MIRROR/files;
  }
}
NGINX
}

serve_images() {
  run_server gitops-registry.service 'Images of the mirror, read-only' $CONFIG/registry.yml \
    "$MIRROR/bin/registry serve $CONFIG/registry.yml" DynamicUser=yes Environment=OTEL_TRACES_EXPORTER=none <<YAML
version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: $MIRROR/registry }
  maintenance: { readonly: { enabled: true } }
http: { addr: ":5000" }
YAML
}

# answers URL: any answer below 500 means that the server is up.
answers() {
  local code
  code=$(curl --silent --noproxy '*' --max-time 2 --output /dev/null --write-out '%{http_code}' "$1") && [ "$code" -lt 500 ]
}

wait_for() {
  local attempt
  for ((attempt = 0; attempt < 200; attempt++)); do
    if answers "$2"; then return 0; fi
    sleep 0.05
  done
  die "$1 doesn't answer at $2 after 10 s; look at \`systemctl status $1\` and \`journalctl -u $1\` there, and run again"
}

apply() {
  take_lock
  [ -x $MIRROR/bin/registry ] || die "$MIRROR/bin/registry is missing; build the mirror with \`npm run mirror\`, and run again"
  serve_images
  serve_files
  wait_for gitops-files http://127.0.0.1/
  wait_for gitops-registry http://127.0.0.1:5000/v2/
}

run_verb "$@" </dev/null
