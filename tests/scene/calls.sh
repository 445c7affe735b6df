#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Calls real telephones on loopback: sipp plays the other ends of tests/scene/sip/*.xml, baresip the person who
# listens and presses keys. Each row: who answers, how, and the outcome the call must have.
#
#     calls.sh NEZUBAN PHONE SIP-FOLDER
#
# Exit 0 all as wanted, 1 not, 77 when a program is missing. Every process is ended by its own pid.
set -u
nezuban=$1 phone=$2 scenes=$3
for p in sipp baresip espeak-ng sox ss jq openssl; do
	command -v "$p" > /dev/null || { echo "calls: $p is missing, skipped"; exit 77; }
done
dir=$(mktemp -d) pids=() faults=0
cleanup() { for p in "${pids[@]}"; do kill "$p" 2> /dev/null; done; wait 2> /dev/null; rm -rf "$dir"; }
trap cleanup EXIT
next=$((21000 + $$ % 300 * 20))
free_port() { # a UDP and TCP port nobody has; sipp's media goes 10,000 above
	while ss -Hlun "sport = :$next" | grep -q . || ss -Hltn "sport = :$next" | grep -q .; do next=$((next + 1)); done
	port=$next next=$((next + 10))
}
printf 'geheim\n' > "$dir/right"
printf 'falsch\n' > "$dir/wrong"

listening() { # port: awaits the other side
	for _ in $(seq 100); do
		if ss -Hlun "sport = :$1" | grep -q .; then return 0; fi
		read -r -t 0.05 <> <(:) || true
	done
	echo "calls: nobody listens on $1"; return 1
}

sipp_case() { # name scenario outcome code exit options…
	local name=$1 scenario=$2 outcome=$3 code=$4 exit=$5 port sp got rc
	shift 5
	free_port
	mkdir -p "$dir/$name"
	(cd "$dir/$name" && exec timeout 60 sipp -sf "$scenes/$scenario.xml" -i 127.0.0.1 -p "$port" -mi 127.0.0.1 \
		-mp $((port + 10000)) -m 1 -nostdin > sipp.log 2>&1) & sp=$!
	pids+=("$sp")
	listening "$port"
	timeout 90 "$nezuban" call test --lang en "${@//PORT/$port}" > "$dir/$name/out" 2> "$dir/$name/err"
	rc=$?
	kill "$sp" 2> /dev/null
	got=$(jq -r 'select(.outcome) | "\(.outcome) \(.code)"' "$dir/$name/out" 2> /dev/null)
	if [ "$got $rc" = "$outcome $code $exit" ]; then echo "ok   $name: $got"; else
		echo "FAIL $name: wanted $outcome $code exit $exit, got $got exit $rc"; cat "$dir/$name/out" "$dir/$name/err" | head -20
		touch "$dir/failed"
	fi
}

to=(--to sip:phone@127.0.0.1:PORT)
trunk=(--to +81312345678 --trunk 127.0.0.1:PORT --user 0312345678)
batch() { wait "$@"; }
sipp_case busy busy busy 486 1 "${to[@]}" & a=$!
next=$((next + 10)); sipp_case refused refuse refused 603 1 "${to[@]}" & b=$!
next=$((next + 10)); sipp_case not-found notfound wrong_number 404 1 "${to[@]}" & c=$!
next=$((next + 10)); sipp_case trunk-error error trunk_failure 500 1 "${to[@]}" & d=$!
# A name that cannot be said, a message that is nothing but signs: it rings all the same.
next=$((next + 10)); sipp_case names-nobody-can-say busy busy 486 1 --company '青葉 [[x]] ☎' --say '<say-as>漢字</say-as>' "${to[@]}" & e=$!
batch $e
batch $a $b $c $d
next=$((next + 10)); sipp_case switched-off unavailable no_answer 480 1 "${to[@]}" & a=$!
next=$((next + 10)); sipp_case ring-limit noanswer no_answer 487 1 --ring 2 "${to[@]}" & b=$!
next=$((next + 10)); sipp_case answers-and-hangs-up hangup hung_up 200 1 "${to[@]}" & c=$!
next=$((next + 10)); sipp_case late-answer-then-info info acknowledged 200 0 "${to[@]}" & d=$!
batch $a $b $c $d
next=$((next + 10)); sipp_case answers-and-is-silent silent answered_no_digit 200 1 --limit 15 "${to[@]}" & a=$!
next=$((next + 10)); sipp_case wrong-digits wrong wrong_digit 200 1 "${to[@]}" & b=$!
next=$((next + 10)); sipp_case next-contact next next_contact 200 1 "${to[@]}" & c=$!
next=$((next + 10)); sipp_case other-language-then-analyst analyst wants_analyst 200 1 "${to[@]}" & d=$!
batch $a $b $c $d
next=$((next + 10)); sipp_case wrong-pin-then-right pin acknowledged 200 0 --pin 4821 "${to[@]}" & a=$!
next=$((next + 10)); sipp_case digest-right auth busy 486 1 --password-file "$dir/right" "${trunk[@]}" & b=$!
next=$((next + 10)); sipp_case digest-wrong auth trunk_failure 403 1 --password-file "$dir/wrong" "${trunk[@]}" & c=$!
next=$((next + 10)); sipp_case not-a-number silent wrong_number 484 1 --to "sip:a b@127.0.0.1:PORT" & d=$!
batch $a $b $c $d
grep -q '"text":"\*"' "$dir/wrong-pin-then-right/out" || { echo "FAIL pin: keys of a PIN are not masked"; touch "$dir/failed"; }
if grep -q '4821\|"text":"4"' "$dir/wrong-pin-then-right/out"; then echo "FAIL pin: the PIN stands in the events"; touch "$dir/failed"; fi

# Keys in the speech itself, by RFC 4733, after a second INVITE; and a trunk that takes the INVITE and stays mute.
sox -n -r 8000 -c 1 -e u-law -t raw "$dir/key1.ul" synth 0.3 sine 697 sine 1209 channels 1 vol 0.5 pad 1.5 3
next=$((next + 10)); sipp_case digit-in-band inband acknowledged 200 0 "${to[@]}" & a=$!
next=$((next + 10)); sipp_case re-invite-then-info reinvite acknowledged 200 0 "${to[@]}" & b=$!
next=$((next + 10)); sipp_case mute-trunk mute trunk_failure 487 1 "${to[@]}" & c=$!
batch $a $b $c
grep -q '"what":"digit","code":0,"text":"1"' "$dir/digit-in-band/out" || { echo "FAIL the key was not heard in band"; touch "$dir/failed"; }
if [ "$(id -u)" = 0 ]; then
	next=$((next + 10)); sipp_case digit-rfc-4733 dtmf acknowledged 200 0 "${to[@]}"
	grep -q '"what":"digit","code":4733,"text":"1"' "$dir/digit-rfc-4733/out" || { echo "FAIL the key did not come as RFC 4733"; touch "$dir/failed"; }
else
	echo "skipped digit-rfc-4733: sipp plays the key from a raw socket, which only root has; baresip's key below is RFC 4733 too"
fi

# Nobody there at all: found out within our own limit, not after SIP's 32 seconds.
free_port
timeout 40 "$nezuban" call test --to "sip:phone@127.0.0.1:$port" > "$dir/dead" 2>&1 & dead=$!

person() { # name options of phone…: starts a person, waits until it listens; sets port and person
	local name=$1; shift
	free_port
	"$phone" --port "$port" --calls 1 "$@" > "$dir/$name.phone" 2>&1 & person=$!
	pids+=("$person")
	listening "$port"
}
want() { # name outcome file
	local got; got=$(jq -r 'select(.outcome) | .outcome' "$3" 2> /dev/null)
	if [ "$got" = "$2" ]; then echo "ok   $1: $got"; else echo "FAIL $1: wanted $2, got $got"; cat "$3"; touch "$dir/failed"; fi
}

# A person hears the Japanese prompt for six seconds, then presses 1 (RFC 4733). What was heard is what was said.
person acknowledges --press 1 --press-after 6 --record "$dir/heard.wav"
"$nezuban" call test --to "sip:phone@127.0.0.1:$port" --record "$dir" > "$dir/ack" 2>&1; rc=$?
wait "$person"
want a-person-acknowledges acknowledged "$dir/ack"
[ $rc = 0 ] || { echo "FAIL exit $rc"; touch "$dir/failed"; }
grep -q '"what":"digit","code":4733,"text":"1"' "$dir/ack" || { echo "FAIL the key did not come as RFC 4733"; touch "$dir/failed"; }
said="$dir/$(jq -r 'select(.what == "recorded") | .text' "$dir/ack")"
# 6 s of prompt and then the thanks: at least 8 s, audible, and the same loudness on both sides within 3 dB.
seconds=$(soxi -D "$dir/heard.wav") loud=$(sox "$dir/heard.wav" -n stat 2>&1 | awk '/RMS +amplitude/ {print $3}')
ours=$(sox "$said" -n remix 1 stat 2>&1 | awk '/RMS +amplitude/ {print $3}')
if awk -v s="$seconds" -v l="$loud" -v o="$ours" 'BEGIN {exit !(s >= 8 && s <= 20 && l > 0.02 && l / o > 0.7 && l / o < 1.4)}'; then
	echo "ok   heard: $seconds s, RMS $loud, said with RMS $ours"
else
	echo "FAIL heard: $seconds s, RMS $loud, said with RMS $ours"; touch "$dir/failed"
fi

# The same over TLS: the trunk's certificate has to come from the authority and name the trunk.
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/ca.key" -out "$dir/ca.pem" -days 2 -subj /CN=authority 2> /dev/null
certificate() { # name subjectAltName
	openssl req -newkey rsa:2048 -nodes -keyout "$dir/$1.key" -out "$dir/$1.csr" -subj "/CN=$1" 2> /dev/null
	openssl x509 -req -in "$dir/$1.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
		-extfile <(echo "subjectAltName=$2") -out "$dir/$1.crt" 2> /dev/null
	cat "$dir/$1.crt" "$dir/$1.key" > "$dir/$1.pem"
}
certificate trunk IP:127.0.0.1
certificate stranger DNS:elsewhere.example
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/self.key" -out "$dir/self.crt" -days 2 -subj /CN=self -addext subjectAltName=IP:127.0.0.1 2> /dev/null
cat "$dir/self.crt" "$dir/self.key" > "$dir/self.pem"
for t in trunk:acknowledged stranger:trunk_failure self:trunk_failure; do
	person "tls-${t%:*}" --press 1 --press-after 3 --name +81312345678 --tls "$dir/${t%:*}.pem"
	"$nezuban" call test --lang en --to +81312345678 --trunk "127.0.0.1:$((port + 1))" --ca "$dir/ca.pem" > "$dir/tls-${t%:*}" 2>&1
	want "tls-with-the-certificate-of-${t%:*}" "${t#*:}" "$dir/tls-${t%:*}"
	kill "$person" 2> /dev/null
done

# A machine talks nine seconds in one breath: it hears the neutral sentence, and no more than the head before.
sox -n -r 8000 -c 1 -b 16 "$dir/machine.wav" synth 9 brownnoise vol 0.5 pad 0 60
person machine --voice "$dir/machine.wav"
"$nezuban" call test --lang en --to "sip:phone@127.0.0.1:$port" > "$dir/machine" 2>&1
wait "$person"
want a-machine voicemail "$dir/machine"

# Ctrl-C of a call that rings: the other side stops ringing, the attempt is cancelled.
person cancelled --never-answer
"$nezuban" call test --to "sip:phone@127.0.0.1:$port" > "$dir/cancelled" 2>&1 & caller=$!
for _ in $(seq 200); do grep -q ringing "$dir/cancelled" && break; read -r -t 0.05 <> <(:) || true; done
kill -INT "$caller"; wait "$caller"; wait "$person"
want cancelled-while-ringing cancelled "$dir/cancelled"
grep -q '"what":"bye"' "$dir/cancelled.phone" || { echo "FAIL the phone rings on"; touch "$dir/failed"; }

wait "$dead"
want nobody-there trunk_failure "$dir/dead"
[ ! -e "$dir/failed" ] || exit 1
