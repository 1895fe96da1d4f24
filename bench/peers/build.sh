#!/usr/bin/env bash
# Builds the programs of this module into .cache/bin (gcp-server, xds-load, fleet); quick when nothing changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
bin=$PWD/../../.cache/bin
command -v go >/dev/null || {
  echo 'bench/peers: needs Go 1.26 or newer on the path (https://go.dev/dl)' >&2
  exit 1
}
mkdir -p "$bin"
go build -trimpath -o "$bin" ./cmd/gcp-server ./cmd/xds-load ./cmd/fleet
