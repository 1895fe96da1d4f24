#!/usr/bin/env bash
# Runs everything that must hold: lint, type check, import directions, dead code, unit, golden and system tests.
# The last line counts them. Arguments go to vitest (a file, -t NAME).
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH=$PWD/node_modules/.bin:$PATH
report=.cache/test-report.json
failed_steps=0
passed_steps=0

step() { # step NAME COMMAND...
  printf '\n== %s\n' "$1"
  if "${@:2}"; then passed_steps=$((passed_steps + 1)); else failed_steps=$((failed_steps + 1)); fi
}

[ "$(id -u)" = 0 ] || { echo "The system tests make network namespaces: run them as root." >&2; exit 1; }
scripts/setup.sh python || exit 1
printf '\n== Kubernetes API server and etcd for the tests (built once)\n'
test/tools/build.sh || exit 1

if [ $# -eq 0 ]; then
  step 'Format and lint (Biome)' biome check .
  step 'Type check (tsc)' tsc -p .
  step 'Import directions (dependency-cruiser)' depcruise --output-type err src test bench scripts
  step 'Dead code (knip)' knip
fi

rm -f "$report"
printf '\n== Tests (vitest)\n'
vitest run --reporter=default --reporter=json --outputFile.json="$report" "$@"
status=$?
counts=$(node -e '
  const r = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
  // A file that fails to load counts as a failure although none of its tests ran.
  const broken = r.testResults.filter((f) => f.status === "failed" && f.assertionResults.every((a) => a.status !== "failed")).length;
  console.log(r.numPassedTests, r.numFailedTests + broken, r.numPendingTests + r.numTodoTests);
' "$report") || counts="0 1 0"
read -r passed failed skipped <<<"$counts"
[ "$status" -ne 0 ] && [ "$failed" -eq 0 ] && failed=1
passed=$((passed + passed_steps))
failed=$((failed + failed_steps))
printf '\n%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
