/* SPDX-License-Identifier: Apache-2.0
 *
 * Faults of the collector, with unmodified senders and a false SOC.
 *
 *     lcp_fault kill PROGRAM [KILLS]           SIGKILL of worker and uplink under load; answers get lost too
 *     lcp_fault full PROGRAM                   the spool reaches its limit while the SOC is away, then it comes back
 *     lcp_fault disk PROGRAM                   the same on a full file system (tmpfs; skipped without the right to mount)
 *     lcp_fault long PROGRAM                   over-long and broken lines, the worker killed in the middle of them
 *     lcp_fault restore PROGRAM                the archive forgets the newest batches, as after a restore
 *     lcp_fault proxy PROGRAM                  as an ordinary user, behind a proxy that wants a password, dies, and changes it
 *     lcp_fault twin-die PROGRAM               a collector that dies between sync and taking, time and again: nothing lost
 *     lcp_fault twin-early|twin-forget PROGRAM a collector with that fault built in: must be seen to fail
 *
 * Every line is numbered and every byte of it known; at the end: sent = stored, none twice, none changed, and
 * for UDP sent = stored + told in gap records.  Children are started by fork and exec; a kill comes only after
 * the new process made progress.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
#include "lcp_scene.h"
#include "sys/fd.h"
#include "sys/pki.h"

/* ---- scenarios ---- */

/* The next victim, once a new one lives, the senders have got further, and so has the SOC unless it is away. */
static pid_t
next_victim(const char *name, pid_t before, bool away)
{
	uint64_t sent = sent_total();
	struct fake_ledger at, now;
	pid_t pid = 0;

	fake_soc_ledger(t.soc, &at);
	for (int64_t until = mono() + 20 * NS_PER_S; mono() < until; nap(NS_PER_MS)) {
		fake_soc_ledger(t.soc, &now);
		if (((pid = child_of(t.lcp, name)) != 0 && pid != before) && sent_total() > sent + 500 &&
		    (away || now.lines > at.lines))
			return pid;
	}
	die(1, "no progress for 20 s with %s %d", name, (int)pid);
}

static int
run_kill(const char *program, unsigned kills, const char *what)
{
	struct fake_ledger led;
	pid_t worker = 0, uplink = 0;
	uint64_t faults;

	begin(program, "");
	t.pace_ns = 2 * NS_PER_MS;
	fake_soc_lose_answers(t.soc, 5);
	launch();
	add_sender(BY_NEWLINE);
	add_sender(BY_COUNT);
	add_sender(BY_PIECES);
	add_sender(BY_UDP);
	add_sender(BY_FILE);
	add_sender(BY_TLS);
	srandom(11);
	for (unsigned i = 0; i < kills; i++) {
		pid_t *before = i % 3 == 2 ? &uplink : &worker;

		*before = next_victim(i % 3 == 2 ? "uplink" : "worker", *before, i > kills / 2 && i <= kills / 2 + kills / 6);
		nap(random() % 120 * NS_PER_MS);
		kill(*before, SIGKILL);
		if (i == kills / 2)
			fake_soc_away(t.soc, true);
		if (i == kills / 2 + kills / 6)
			fake_soc_away(t.soc, false);
	}
	end_senders();
	drain(&led, 20);
	faults = judge(what, kills, &led);
	finish();
	return faults == 0 ? 0 : 1;
}

static bool
mount_small(const char *at, const char *size)
{
	return mkdir(at, 0700) == 0 && mount("tmpfs", at, "tmpfs", 0, size) == 0;
}

static int
run_full(const char *program, bool disk)
{
	struct fake_ledger led;
	uint64_t faults, at = 0;
	int64_t moved, resumed;
	char spool[100];

	begin(program, disk ? "spool: {limit: 1g, segment: 4m, reserve: 1m}\n"
	                    : "spool: {limit: 20m, segment: 4m, reserve: 1m}\n");
	snprintf(spool, sizeof spool, "%s/spool", t.data);
	if (disk && !mount_small(spool, "size=26m")) {
		printf("skipped: no right to mount a small file system\n");
		fake_soc_stop(t.soc);
		wipe(t.dir);
		return 77;
	}
	fake_soc_away(t.soc, true);
	launch();
	add_sender(BY_NEWLINE);
	add_sender(BY_COUNT);
	add_sender(BY_UDP);
	moved = mono();
	while (mono() - moved < 3 * NS_PER_S) { /* until the TCP senders are pushed back */
		uint64_t now = t.s[0].sent + t.s[1].sent;

		if (now != at)
			moved = mono();
		at = now;
		if (now > 4000000)
			die(1, "never full");
		nap(20 * NS_PER_MS);
	}
	fake_soc_away(t.soc, false);
	moved = mono();
	while (t.s[0].sent + t.s[1].sent == at && mono() - moved < 90 * NS_PER_S)
		nap(10 * NS_PER_MS);
	resumed = mono() - moved;
	nap(2 * NS_PER_S);
	end_senders();
	drain(&led, 90);
	faults = judge(disk ? "disk" : "full", 0, &led);
	printf("{\"full_at_lines\":%" PRIu64 ",\"resumed_after_ms\":%" PRId64 "}\n", at, (int64_t)(resumed / NS_PER_MS));
	kill(t.lcp, SIGTERM);
	waitpid(t.lcp, NULL, 0);
	if (disk)
		umount2(spool, MNT_DETACH);
	fake_soc_stop(t.soc);
	wipe(t.dir);
	return faults == 0 ? 0 : 1;
}

/* The archive loses its last batches; the collector, which keeps what is stored, sends them again. */
static int
run_restore(const char *program)
{
	struct fake_ledger led;
	uint64_t before, again = 0;

	begin(program, "");
	t.pace_ns = 4 * NS_PER_MS;
	launch();
	add_sender(BY_NEWLINE);
	add_sender(BY_COUNT);
	for (int64_t until = mono() + 30 * NS_PER_S; mono() < until; nap(10 * NS_PER_MS)) {
		fake_soc_ledger(t.soc, &led);
		if (led.batches >= 30)
			break;
	}
	must(led.batches >= 30);
	fake_soc_forget(t.soc, 20);
	before = led.batches;
	nap(2 * NS_PER_S);
	end_senders();
	for (int64_t until = mono() + 30 * NS_PER_S; mono() < until; nap(50 * NS_PER_MS)) {
		again = fake_soc_missing(t.soc, 0, t.s[0].sent) + fake_soc_missing(t.soc, 1, t.s[1].sent);
		fake_soc_ledger(t.soc, &led);
		/* what was in the batches not forgotten is missing from the new ledger, nothing else may be */
		if (led.lines >= sent_total() && led.batches > before + 20)
			break;
	}
	printf("{\"test\":\"restore\",\"batches\":%" PRIu64 ",\"before\":%" PRIu64 ",\"lines\":%" PRIu64 ",\"sent\":%" PRIu64
	       ",\"not_seen_again\":%" PRIu64 ",\"doubled\":%" PRIu64 ",\"epochs\":%" PRIu64 "}\n",
	       led.batches, before, led.lines, sent_total(), again, led.doubles, led.epochs);
	finish();
	return led.lines > sent_total() && led.doubles == 0 && led.epochs == 1 && led.altered == 0 ? 0 : 1;
}

/* ---- lines no sender should send ---- */

struct odd {
	const char *before;      /* bytes in front of the marked line */
	uint64_t len;            /* of the line, mark included */
	char fill;
	const char *after;
	bool cut;
	uint8_t flags;
};

static const struct odd odds[] = {
	{ "", 500, 'x', "\n", false, 0 },
	{ "", 100, '\0', "\n", false, 0 },
	{ "", 100, (char)0xff, "\r\n", false, 0 },
	{ "", 200000, 'y', "\n", false, 0 },
	{ "", 1 << 20, 'z', "\n", false, 0 },
	{ "", (1 << 20) + 1, 'a', "\n", true, 1 },
	{ "", 100000000, 'b', "\n", true, 1 },
	{ "", 3000000, 'c', "", true, 1 | 8 },
	{ "", 5000, 'd', "", false, 8 },
	{ "99999999999 ", 60, 'e', "\n", false, 16 },
	{ "3000000 ", 3000000, 'f', "", true, 1 },
	{ "300 ", 300, 'g', "", false, 0 },
	{ "9999999 ", 70000, 'h', "", false, 8 },
};

static void
hash_odd(const struct odd *o, uint8_t ret[32])
{
	bool broken = (o->flags & 16) != 0; /* a broken count is part of the line: bytes are never dropped */
	size_t head = broken ? strlen(o->before) : 0;
	char *all = x_malloc(head + o->len);

	memcpy(all, o->before, head);
	memset(all + head, o->fill, o->len);
	memcpy(all + head, "<14>SPECIAL", 11);
	pki_sha256(slice_of(all, head + o->len), ret);
	free(all);
}

static void *
send_odd(void *ctx)
{
	const struct odd *o = ctx;
	int fd = connect_to(SOCK_STREAM, t.tcp);
	char chunk[65536], end;
	uint64_t left = o->len - 11;

	memset(chunk, o->fill, sizeof chunk);
	send_all(fd, o->before, strlen(o->before));
	send_all(fd, "<14>SPECIAL", 11);
	for (; left != 0; left -= left < sizeof chunk ? left : sizeof chunk)
		send_all(fd, chunk, left < sizeof chunk ? left : sizeof chunk);
	send_all(fd, o->after, strlen(o->after));
	shutdown(fd, SHUT_WR);
	must(read(fd, &end, 1) == 0);
	close(fd);
	return NULL;
}

static bool
odd_came(const struct odd *o, const struct fake_special *got, unsigned n)
{
	bool broken = (o->flags & 16) != 0;
	uint64_t len = o->len + (broken ? strlen(o->before) : 0);
	unsigned found = 0;
	uint8_t hash[32];

	hash_odd(o, hash);
	for (unsigned i = 0; i < n; i++)
		found += memcmp(got[i].sha256, hash, 32) == 0 && got[i].flags == o->flags &&
		         (o->cut ? got[i].original_len == len && got[i].len == 1 << 20 : got[i].len == len);
	if (found != 1)
		fprintf(stderr, "line of %" PRIu64 " x '%c': came %u times as wanted\n", o->len, o->fill, found);
	return found == 1;
}

static int
run_long(const char *program)
{
	enum { ODDS = sizeof odds / sizeof *odds };
	pthread_t th[ODDS];
	struct fake_special got[64];
	struct fake_ledger led;
	unsigned n = 0, good = 0, kills = 0;
	pid_t worker = 0;
	uint64_t faults;

	begin(program, "");
	t.pace_ns = 2 * NS_PER_MS;
	launch();
	add_sender(BY_NEWLINE);
	for (int i = 0; i < ODDS; i++)
		must(pthread_create(&th[i], NULL, send_odd, (void *)(uintptr_t)&odds[i]) == 0);
	for (; kills < 15; kills++) {
		worker = next_victim("worker", worker, false);
		kill(worker, SIGKILL);
	}
	for (int i = 0; i < ODDS; i++)
		pthread_join(th[i], NULL);
	end_senders();
	drain(&led, 20);
	for (int64_t until = mono() + 10 * NS_PER_S; mono() < until && n < ODDS; nap(20 * NS_PER_MS))
		n = fake_soc_specials(t.soc, got, 64);
	for (int i = 0; i < ODDS; i++)
		good += odd_came(&odds[i], got, n);
	faults = judge("long", kills, &led);
	printf("{\"odd_lines\":%d,\"came\":%u,\"as_wanted\":%u}\n", ODDS, n, good);
	finish();
	return faults == 0 && good == ODDS && n == ODDS ? 0 : 1;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	if (strcmp(what, "kill") == 0)
		return run_kill(argv[2], argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 60, what);
	if (strcmp(what, "full") == 0 || strcmp(what, "disk") == 0)
		return run_full(argv[2], what[0] == 'd');
	if (strcmp(what, "long") == 0)
		return run_long(argv[2]);
	if (strcmp(what, "restore") == 0)
		return run_restore(argv[2]);
	if (strcmp(what, "proxy") == 0)
		return run_proxy(argv[2]);
	if (strcmp(what, "twin-die") == 0) {
		setenv("NEZUBAN_TWIN_DIE", "1", 1);
		return run_kill(argv[2], 20, what);
	}
	if (strcmp(what, "twin-early") == 0 || strcmp(what, "twin-forget") == 0) {
		bool early = what[5] == 'e';

		setenv(early ? "NEZUBAN_TWIN_TAKE_EARLY" : "NEZUBAN_TWIN_FORGET", "1", 1);
		if (!early)
			setenv("NEZUBAN_TWIN_DIE", "1", 1);
		if (run_kill(argv[2], 20, what) == 0) {
			printf("the twin was not seen to fail: this test proves nothing\n");
			return 1;
		}
		return 0;
	}
	fprintf(stderr, "usage: lcp_fault kill|full|disk|long|restore|proxy|twin-die|twin-early|twin-forget PROGRAM [KILLS]\n");
	return 2;
}
