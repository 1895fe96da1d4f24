#!/usr/bin/env bash
# Brings the Compose example up and checks what it promises, one step after another; takes it down at the end.
# Usage: deploy/compose/verify.sh     (KEEP=1 leaves it running; DOCKER names another command than `docker`)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
DOCKER=${DOCKER:-docker}
web=http://10.96.0.10/
lines=tcp://10.96.0.10:9000
client_address=172.30.0.10

work=$(mktemp -d)
# The controller reads a copy, so that scaling leaves the example as it is.
cp -r deploy/compose/manifests "$work/manifests"
export MANIFESTS=$work/manifests

compose() { "$DOCKER" compose "$@"; }
say() { printf '\n> %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then for name in controller agent envoy; do echo "--- $name"; compose logs "$name" | tail -n 15; done >&2 || true; fi
  if [ "${KEEP:-0}" = 1 ]; then
    printf '\nLeft running; end it with: %s compose down\n' "$DOCKER"
  else
    compose down >/dev/null 2>&1 || true
    rm -rf "$work"
  fi
  exit "$status"
}
trap finish EXIT

ask() { compose exec -T client node /compose/client.ts "$@"; }        # ask URL COUNT: one answer a line
pods() { grep -o '"pod":"[^"]*"' | sort | uniq -c | awk '{ gsub(/"pod":|"/, "", $2); print $2 "=" $1 }' | xargs; }
control() { compose exec -T "$1" node -e "fetch('http://127.0.0.1:9901/$2', { method: 'POST' })"; }

# eventually WHAT COMMAND...: until the command succeeds, 30 s at most
eventually() {
  local what=$1 deadline=$((SECONDS + 30))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || fail "waited in vain until $what"
    sleep 0.2
  done
}

answered_by() { # answered_by URL PODS VIA: 12 requests, no error, by exactly these pods, all through VIA
  local answers
  answers=$(ask "$1" 12)
  [ "$(pods <<<"$answers" | sed 's/=[0-9]*//g')" = "$2" ] && ! grep -q '"error"' <<<"$answers" &&
    [ "$(grep -c "\"via\":\"$3\"" <<<"$answers")" = 12 ]
}

all_seen_as_client() {
  [ "$(grep -c "\"client\":\"$client_address\"" <<<"$1")" = "$(wc -l <<<"$1")" ]
}

begin_load() { compose exec -T client node /compose/client.ts --until-stopped "$web" >"$work/load" & load=$!; }

end_load() { # end_load ALLOWED WHAT: at most so many errors since begin_load
  compose exec -T client sh -c 'kill -TERM $(cat /tmp/client.pid)'
  wait "$load"
  cat "$work/load"
  [ "$(sed 's/.*"failed":\([0-9]*\).*/\1/' "$work/load")" -le "$1" ] || fail "requests failed while $2"
}

step_start() {
  say 'Start the controller, a node with agent and Envoy, two echo Pods and a client Pod'
  compose up -d --build --wait
  eventually 'Envoy carries the Service' answered_by "$web" 'echo-a echo-b' envoy
}

step_balance() {
  local answers
  for url in "$web" "$lines"; do
    say "Ask $url 40 times: both Pods answer, and they see the client's own address"
    answers=$(ask "$url" 40)
    pods <<<"$answers"
    [ "$(pods <<<"$answers" | wc -w)" = 2 ] || fail 'not both Pods answered'
    all_seen_as_client "$answers" || fail "a Pod saw another address than $client_address"
  done
}

step_scale() {
  say 'Scale to one Pod by editing the manifest, and back to two'
  local file=$MANIFESTS/echo-endpoints.yaml
  sed 's/ready: true, serving: true, terminating: false }  # echo-b/ready: false, serving: false, terminating: false }/' "$file" >"$work/new"
  cmp -s "$file" "$work/new" && fail 'the manifest has no line for echo-b'
  mv "$work/new" "$file"
  eventually 'only echo-a answers' answered_by "$web" echo-a envoy
  cp deploy/compose/manifests/echo-endpoints.yaml "$work/new" && mv "$work/new" "$file"
  eventually 'both Pods answer again' answered_by "$web" 'echo-a echo-b' envoy
}

step_outlier() {
  say 'echo-b answers with errors: Envoy takes it out after three of them, and back when it is well'
  control echo-b fail
  eventually 'echo-b is ejected' answered_by "$web" echo-a envoy
  control echo-b recover
  eventually 'echo-b is back' answered_by "$web" 'echo-a echo-b' envoy
}

step_envoy_dies() {
  say 'Kill Envoy under load: new connections take the kernel path and none fails; then Envoy takes over again'
  begin_load
  compose kill envoy
  eventually 'the kernel carries the Service' answered_by "$web" 'echo-a echo-b' kernel
  compose start envoy
  eventually 'Envoy carries the Service again' answered_by "$web" 'echo-a echo-b' envoy
  # One at a time is under way, and one may have been inside Envoy when it was killed.
  end_load 1 'Envoy died and came back'
}

step_controller_dies() {
  say 'Kill the controller under load: nothing fails, and changes arrive after its return'
  begin_load
  compose kill controller
  eventually 'the Service keeps working' answered_by "$web" 'echo-a echo-b' envoy
  compose start controller
  end_load 0 'the controller was away'
  step_scale
}

step_start
step_balance
step_scale
step_outlier
step_envoy_dies
step_controller_dies
say 'All checks passed'
