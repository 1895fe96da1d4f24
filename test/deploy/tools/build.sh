#!/usr/bin/env bash
# Builds the loader of Compose files into .cache/bin/compose-config (seconds), unless it is there at the wanted version.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
bin=$(cd ../../.. && pwd)/.cache/bin
want=$(cat go.mod go.sum main.go | sha256sum)
[ -x "$bin/compose-config" ] && [ "$(cat "$bin/.compose-config.version" 2>/dev/null)" = "$want" ] && exit 0
mkdir -p "$bin"
go=$(../../tools/build.sh --print-go)
GOFLAGS='-mod=readonly -buildvcs=false' CGO_ENABLED=0 "$go" build -trimpath -o "$bin/.compose-config.part" .
mv "$bin/.compose-config.part" "$bin/compose-config"
echo "$want" >"$bin/.compose-config.version"
