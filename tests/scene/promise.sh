#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Ten thousand Critical decisions, every fault of tbl/faults.tbl among them: each reaches a person, or an alarm arrives at the lead, in ten minutes.
#
#     promise.sh NEZUBAN TENANTS FAULTS-TABLE
set -u
nezuban=$1 tenants=$2 table=$3 faults=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT
expect() { # name jq-condition
	if jq -e "$2" "$out" > /dev/null; then echo "ok   $1"; else echo "FAIL $1: $2"; faults=1; fi
}
"$nezuban" simulate calls --count 10000 --seed 1 --tenants "$tenants" > "$out" || { echo "FAIL exit"; faults=1; }
cat "$out"
expect 'nobody is late, nobody forgotten' '.decisions == 10000 and .reached + .lead == 10000 and .late == 0 and .forgotten == 0'
expect 'hardly anybody answers twice' '.duplicates <= 100'
expect 'it rings' '.ring_p99_s <= 15'
expect 'timers fire once' '.timers_twice == 0 and .journal_whole and .stuck == 0'
rows=$(grep -o '^FAULT([A-Z]*, "[a-z_0-9]*"' "$table" | cut -d'"' -f2 | sort)
drawn=$(jq -r '.faults | to_entries[] | select(.value > 0) | .key' "$out" | sort)
if [ -n "$rows" ] && [ "$rows" = "$drawn" ]; then echo "ok   every fault of the table struck: $(wc -w <<< "$rows")"; else
	echo "FAIL faults that never struck: $(comm -23 <(echo "$rows") <(echo "$drawn") | tr '\n' ' ')"; faults=1
fi
exit $faults
