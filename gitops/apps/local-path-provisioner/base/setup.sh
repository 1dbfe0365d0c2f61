#!/bin/sh
# Makes a volume's directory on its node. Nobody but root gets in: a pod's fsGroup opens it for that pod.
set -eu
mkdir -p "$VOL_DIR"
chmod 0700 "$VOL_DIR"
