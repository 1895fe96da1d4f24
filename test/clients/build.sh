#!/usr/bin/env bash
# Compiles the clients of other languages into .cache/clients: Java with Maven, Go. Installs a JDK and Maven from Debian where
# they are missing; Python is there for Envoy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$PWD/../..
out=$root/.cache/clients

missing=()
command -v javac >/dev/null || missing+=(default-jdk-headless)
command -v mvn >/dev/null || missing+=(maven)
if [ ${#missing[@]} -gt 0 ]; then
  [ "$(id -u)" = 0 ] || { echo "clients: needs root to install Debian packages: ${missing[*]}" >&2; exit 1; }
  echo "clients: installing Debian packages: ${missing[*]}" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

mkdir -p "$out"
mvn -q -B -f java/pom.xml compile dependency:copy-dependencies -DoutputDirectory="$out/java/lib"
go=$("$root/test/tools/build.sh" --print-go)
(cd go && "$go" build -o "$out/go-clients" .)
