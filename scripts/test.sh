#!/bin/sh
# Usage: test.sh PYTHON
# Runs all tests but the long ones, in two parts side by side: tests of whole programs mostly wait for
# telephones, the others mostly compute. What the first part prints comes when both are over.
set -u
python=$1
waiting="tests/system tests/phones"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# shellcheck disable=SC2086
"$python" -m pytest -m "not long" -p no:cacheprovider $waiting >"$log" 2>&1 &
first=$!
trap 'kill "$first" 2>/dev/null; rm -f "$log"; exit 130' INT TERM

ignored=
for folder in $waiting; do ignored="$ignored --ignore=$folder"; done
# shellcheck disable=SC2086
"$python" -m pytest -m "not long" $ignored
second_status=$?
wait "$first"
first_status=$?
cat "$log"
[ "$first_status" = 0 ] && [ "$second_status" = 0 ]
