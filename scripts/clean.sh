#!/usr/bin/env bash
# Removes what the scripts built or installed into this folder, and network namespaces that a killed demo left (the next run of a
# test removes its own).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ "$(id -u)" = 0 ] && command -v ip >/dev/null; then
  ip netns list | awk '/^fl-/ { print $1 }' | while read -r name; do
    ip netns pids "$name" | xargs --no-run-if-empty kill -9
    ip netns del "$name"
  done
fi
rm -rf dist node_modules src/protos/generated .cache .demo
