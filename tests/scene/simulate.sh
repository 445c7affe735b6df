#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A thousand Critical decisions with the faults of tbl/faults.tbl over the real desk (ten thousand: promise.sh); and who is called at New Year.
#
#     simulate.sh NEZUBAN TENANTS
set -u
nezuban=$1 tenants=$2 faults=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
expect() { # name jq-condition file
	if jq -e "$2" "$3" > /dev/null; then echo "ok   $1"; else echo "FAIL $1: $2"; cat "$3"; faults=1; fi
}
"$nezuban" simulate calls --count 1000 --seed 20261127 --tenants "$tenants" > "$dir/a"; rc=$?
[ $rc = 0 ] || { echo "FAIL exit $rc"; faults=1; }
expect 'every decision reached a person or the lead in ten minutes' '.decisions == 1000 and .reached + .lead == 1000 and .late == 0 and .forgotten == 0' "$dir/a"
expect 'nine of ten reach a person' '.reached >= 900' "$dir/a"
expect 'hardly anybody answers twice' '.duplicates <= 10' "$dir/a"
expect 'no dial is waited for that nobody tells the end of' '.stuck == 0' "$dir/a"
expect 'it rings' '.ring_p99_s <= 15 and .ring_p50_s < 5' "$dir/a"
expect 'timers fire once' '.timers > 900 and .timers_twice == 0 and .timers_late == 0 and .journal_whole' "$dir/a"
expect 'work was handed over and accepted in the middle' '.handovers >= 50' "$dir/a"
expect 'the faults were there' '.restarts >= 10 and .calls > 2000 and .mails > 1000' "$dir/a"
for i in 1 2; do "$nezuban" simulate calls --count 60 --seed 5 --tenants "$tenants" > "$dir/b$i"; done
cmp "$dir/b1" "$dir/b2" || { echo "FAIL the same seed gave other figures"; faults=1; }

"$nezuban" simulate calls --at 2027-01-01T03:00:00+09:00 --tenants "$tenants" --tenant aoba --json > "$dir/at" || faults=1
expect 'New Year at 3: the back-up first, the head of IT has a day off' \
	'.[0].day_off and [.[0].steps[] | .contact + " " + .reason] == ["aoba/hara backup", "aoba/shimamura in_hours", "aoba/odagiri holiday"]' "$dir/at"
expect 'and what is dialled when nobody answers' '.[0].attempts[0].after_s == 0 and (.[0].attempts | length) >= 6 and (.[0].steps[0].local_time == "03:00")' "$dir/at"
"$nezuban" simulate calls --at yesterday --tenants "$tenants" 2> /dev/null; [ $? = 2 ] || { echo "FAIL a bad time is no usage error"; faults=1; }
"$nezuban" simulate calls --tenants "$tenants" --tenant nobody 2> /dev/null; [ $? = 3 ] || { echo "FAIL an unknown tenant"; faults=1; }

# May 2026 in Japan: business days are 1, 7, 8, 11, 12. In January 2027, closed until the 3rd: 4, 5, 6, 7, 8.
"$nezuban" simulate month --month 2026-05 --tenants "$tenants" --tenant aoba --json > "$dir/may" || faults=1
expect 'a month nobody publishes: draft, alarm on day 4, missed on day 5' \
	'[.[0].steps[] | select(.what != "daily") | .what + " " + .local] == ["draft 2026-05-01 06:00", "alarm 2026-05-12 00:00", "missed 2026-05-13 00:00"]' "$dir/may"
expect 'and a mail each morning about the day before, also when nothing happens' \
	'[.[0].steps[] | select(.what == "daily")] | length == 31 and all(.local[11:] == "07:00" and .mails > 0) and .[0].about == "2026-04-30" and .[30].about == "2026-05-30"' "$dir/may"
"$nezuban" simulate month --month 2027-01 --tenants "$tenants" --tenant aoba --json > "$dir/january" || faults=1
expect 'the year begins on its first business day' '[.[0].steps[] | select(.what != "daily") | .local[8:10]] == ["04", "08", "09"]' "$dir/january"
"$nezuban" simulate month --month 2026-13 --tenants "$tenants" 2> /dev/null; [ $? = 2 ] || { echo "FAIL a bad month is no usage error"; faults=1; }
exit $faults
