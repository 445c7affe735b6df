#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# CPU of the collector per 574-byte FortiGate line that is durable over TCP, from an unmodified sender.
#   tests/bench/lcp_tcp.sh [nezuban-lcp] [lines] [connections]
# Builds the load generators from ../shared/load in a temporary folder; prints JSON. "worker" receives, frames and
# syncs (the goal: at most 1.0 us a line); "uplink" packs and compresses what is durable; memory is the plain sum
# of the three processes' resident sets (idle, at the end, each one's peak) and, shared pages counted once, proportional (pss).  Exit 77 when the generators are absent.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
load=${NEZUBAN_LOAD:-$top/../shared/load}
[ -d "$load" ] || load=$top/../../shared/load
[ -f "$load/gen.c" ] || { echo "bench: no load generators at $load"; exit 77; }
program=${1:-$top/build/src/main/nezuban-lcp} lines=${2:-1000000} conns=${3:-1}
dir=$(mktemp -d) pid=
trap '[ -z "$pid" ] || { kill "$pid"; wait "$pid"; } 2>/dev/null; rm -rf "$dir"' EXIT
gcc -O2 -w -o "$dir/gen" "$load/gen.c" -lm
gcc -O2 -w -o "$dir/send" "$load/send.c" -lssl -lcrypto
"$dir/gen" forti 200000 > "$dir/lines"
bytes=$(stat -c %s "$dir/lines")
port=$((20000 + RANDOM % 20000))
printf 'data: %s/data\ncanary: false\nlog: {level: warn}\nlisten:\n  - {tcp: "127.0.0.1:%s", source: fortinet.fortigate}\n' "$dir" $port > "$dir/lcp.yaml"
"$program" -c "$dir/lcp.yaml" &
pid=$!
for _ in $(seq 200); do (exec 3<> "/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; read -rt 0.05 <> <(:) || :; done
ticks() { awk -v hz="$(getconf CLK_TCK)" '{print ($14 + $15) / hz}' "/proc/$1/stat"; }
child() { for c in $(cat "/proc/$pid/task/$pid/children"); do tr '\0' ' ' < "/proc/$c/cmdline" | grep -q -- "-x $1 " && echo "$c"; done; }
memory() { awk '/^Rss:/{r=$2} /^Pss:/{p=$2} END{print r, p}' "/proc/$1/smaps_rollup"; }
sum() { for c in "$w" "$u" "$pid"; do awk -v k="$1:" '$1 == k {print $2}' "/proc/$c/status"; done | awk '{n += $1} END {print n}'; }
w=$(child worker) u=$(child uplink)
idle=$(sum VmRSS)
"$dir/send" tcp 127.0.0.1 $port "$dir/lines" 200000 -c "$conns" > /dev/null # the first segments are made here
w0=$(ticks "$w") u0=$(ticks "$u")
read -r _ _ wall sender _ < <("$dir/send" tcp 127.0.0.1 $port "$dir/lines" "$lines" -c "$conns")
read -rt 1.5 <> <(:) || : # the uplink packs what is left
w1=$(ticks "$w") u1=$(ticks "$u") peak=$(sum VmHWM)
read -r rw pw < <(memory "$w"); read -r ru pu < <(memory "$u"); read -r rp pp < <(memory "$pid")
awk -v n="$lines" -v b=$((bytes / 200000)) -v wall="$wall" -v s="$sender" -v w="$w0 $w1" -v u="$u0 $u1" -v c="$conns" \
	-v rss=$((rw + ru + rp)) -v pss=$((pw + pu + pp)) -v idle="$idle" -v peak="$peak" 'BEGIN { split(w, W); split(u, U);
	printf "{\"bench\":\"lcp_tcp\",\"lines\":%d,\"bytes_per_line\":%d,\"connections\":%d,\"wall_s\":%s,\"lines_per_s\":%.0f,\"worker_us_per_line\":%.3f,\"uplink_us_per_line\":%.3f,\"sender_us_per_line\":%.3f,\"idle_rss_kb\":%d,\"rss_kb\":%d,\"peak_rss_kb\":%d,\"pss_kb\":%d}\n",
	n, b, c, wall, n / wall, (W[2] - W[1]) / n * 1e6, (U[2] - U[1]) / n * 1e6, s / n * 1e6, idle, rss, peak, pss }'
