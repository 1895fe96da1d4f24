#!/usr/bin/env bash
# Builds the loader of Compose files into .cache/bin/compose-spec (seconds), unless it is there at the wanted version.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
bin=$(cd ../../.. && pwd)/.cache/bin
want=$(cat go.mod go.sum | sha256sum)
[ -x "$bin/compose-spec" ] && [ "$(cat "$bin/.compose-spec.version" 2>/dev/null)" = "$want" ] && exit 0
mkdir -p "$bin"
go=$(../../tools/build.sh --print-go)
GOFLAGS='-mod=readonly -buildvcs=false' CGO_ENABLED=0 "$go" build -trimpath -o "$bin/.compose-spec.part" github.com/compose-spec/compose-go/v2/cmd
mv "$bin/.compose-spec.part" "$bin/compose-spec"
echo "$want" >"$bin/.compose-spec.version"
