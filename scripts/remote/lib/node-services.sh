#!/usr/bin/env bash
# The units of a node: kubelet, the API proxy in front of all control planes, the background image pull, and a control
# plane's timers: one keeps its certificates from expiring, one takes snapshots of etcd.

readonly UNITS=/etc/systemd/system
readonly PREFETCH_UNIT=gitops-platform-images
readonly DATA_DIRECTORY=/var/lib/gitops-platform
readonly RENEWAL_UNIT=gitops-platform-certificates RENEWAL_PROGRAM=$DATA_DIRECTORY/renew-certificates.sh
readonly SNAPSHOT_UNIT=gitops-platform-snapshot SNAPSHOT_PROGRAM=$DATA_DIRECTORY/snapshot-etcd.sh

# The condition keeps the kubelet still, instead of restarting for ever, until kubeadm has written its configuration.
install_kubelet_unit() {
  local changed=
  if place_file "$UNITS/kubelet.service" 600 <<'UNIT'; then changed=yes; fi
[Unit]
Description=kubelet
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target containerd.service
ConditionPathExists=/var/lib/kubelet/config.yaml

[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=/usr/local/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
Restart=always
StartLimitInterval=0
RestartSec=2

[Install]
WantedBy=multi-user.target
UNIT
  [ ! -e "$UNITS/kubelet.service" ] || chmod 600 "$UNITS/kubelet.service"
  if kubelet_extra_args | place_file /etc/default/kubelet; then changed=yes; fi
  printf '%s: unix:///run/containerd/containerd.sock\n' runtime-endpoint image-endpoint | write_file /etc/crictl.yaml || true # unchanged is fine
  [ -n "$changed" ] || return 0
  systemctl daemon-reload
  systemctl enable --quiet kubelet
}

install_api_proxy() {
  local unit_changed='' config_changed=''
  if write_file "$UNITS/kube-apiserver-proxy.service" <<UNIT; then unit_changed=yes; fi
[Unit]
Description=Local load balancer in front of every Kubernetes API server
Wants=network-online.target
After=network-online.target
Before=kubelet.service

[Service]
Type=notify
ExecStart=/usr/sbin/haproxy -Ws -f $API_PROXY_FILE
ExecReload=/usr/sbin/haproxy -c -q -f $API_PROXY_FILE
ExecReload=/bin/kill -USR2 \$MAINPID
KillMode=mixed
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
UNIT
  if write_file "$API_PROXY_FILE" <<<"$API_PROXY_CONFIG"; then config_changed=yes; fi
  if [ -n "$unit_changed" ]; then systemctl daemon-reload; fi
  systemctl enable --quiet --now kube-apiserver-proxy
  if [ -n "$unit_changed" ]; then
    systemctl restart kube-apiserver-proxy
  elif [ -n "$config_changed" ]; then
    systemctl reload kube-apiserver-proxy
  fi
}

# install_timer UNIT PROGRAM SCRIPT CALENDAR DESCRIPTION: without a script, removes what an earlier one left.
install_timer() {
  local unit=$UNITS/$1 changed=
  if [ -z "$3" ]; then
    [ ! -e "$unit.timer" ] || remove_timer "$1" "$2"
    return 0
  fi
  write_file "$2" 700 <<<"$3" || true # read at every run
  if write_file "$unit.service" <<UNIT; then changed=yes; fi
[Unit]
Description=$5

[Service]
Type=oneshot
ExecStart=/bin/bash $2 apply
TimeoutStartSec=1200
UNIT
  if write_file "$unit.timer" <<UNIT; then changed=yes; fi
[Unit]
Description=$5

[Timer]
OnCalendar=*-*-* $4 UTC

[Install]
WantedBy=timers.target
UNIT
  if [ -n "$changed" ]; then systemctl daemon-reload; fi
  systemctl enable --quiet --now "$1.timer"
  if [ -n "$changed" ]; then systemctl restart "$1.timer"; fi
}

# remove_timer UNIT PROGRAM
remove_timer() {
  systemctl disable --quiet --now "$1.timer"
  rm -f "$UNITS/$1".{service,timer} "$2"
  systemctl daemon-reload
}

# install_timers: not persistent, because machines that boot together would renew together.
install_timers() {
  install_timer "$RENEWAL_UNIT" "$RENEWAL_PROGRAM" "$RENEWAL_SCRIPT" "$RENEWAL_HOUR:17:00" \
    "Renews this control plane's certificates before they expire"
  install_timer "$SNAPSHOT_UNIT" "$SNAPSHOT_PROGRAM" "$SNAPSHOT_SCRIPT" "$SNAPSHOT_HOURS:41:00" "Takes a snapshot of etcd on its leader"
}

# prefetch_images: a unit of its own, so that it overlaps with init and joins and outlives this step. A failure costs
# nothing but time: the kubelet pulls the image when a pod needs it.
prefetch_images() {
  local script=$DATA_DIRECTORY/prefetch-images.sh
  [ -n "$PREFETCH_IMAGES" ] || return 0
  systemctl is-active --quiet "$PREFETCH_UNIT" && return
  systemctl reset-failed "$PREFETCH_UNIT" 2>/dev/null || true # fails when it never ran
  {
    printf 'set -euo pipefail\n'
    declare -f log_info die pull_image pull_images
    printf 'pull_images <<IMAGES\n%s\nIMAGES\n' "$PREFETCH_IMAGES"
  } | write_file "$script" || true # the same list as before is fine
  systemd-run --quiet --unit="$PREFETCH_UNIT" --service-type=oneshot --property=TimeoutStartSec=600 --no-block bash "$script"
}

stop_prefetch() {
  systemctl stop "$PREFETCH_UNIT" 2>/dev/null || true # it may be long gone
}

remove_services() {
  systemctl disable --quiet --now "$RENEWAL_UNIT.timer" 2>/dev/null || true        # a worker has none
  systemctl disable --quiet --now "$SNAPSHOT_UNIT.timer" 2>/dev/null || true       # nor this one
  systemctl disable --quiet --now kubelet kube-apiserver-proxy 2>/dev/null || true # a half-prepared node has no units
  # Otherwise systemd would remember them until the next boot: their files go with everything else.
  systemctl reset-failed kubelet kube-apiserver-proxy "$PREFETCH_UNIT" "$RENEWAL_UNIT" "$SNAPSHOT_UNIT" 2>/dev/null || true # rarely failed
}
