#!/bin/sh
# Removes a volume's directory. Only for a StorageClass that says `reclaimPolicy: Delete`.
set -eu
rm -rf "$VOL_DIR"
