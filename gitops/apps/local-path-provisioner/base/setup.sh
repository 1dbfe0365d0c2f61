#!/bin/sh
# Makes a volume's directory on its node. Nobody but root gets in: a pod's fsGroup opens it for that pod.
set -eu
mkdir -m 0700 -p "$VOL_DIR"
