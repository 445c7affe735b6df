/* SPDX-License-Identifier: Apache-2.0
 *
 * Faults of the collector, with unmodified senders and a false SOC.
 *
 *     lcp_fault kill PROGRAM [KILLS]           SIGKILL of worker and uplink under load; answers get lost too
 *     lcp_fault full PROGRAM                   the spool reaches its limit while the SOC is away, then it comes back
 *     lcp_fault disk PROGRAM                   the same on a full file system (tmpfs; skipped without the right to mount)
 *     lcp_fault long PROGRAM                   over-long and broken lines, the worker killed in the middle of them
 *     lcp_fault restore PROGRAM                the archive forgets the newest batches, as after a restore
 *     lcp_fault twin-die PROGRAM               a collector that dies between sync and taking, time and again: nothing lost
 *     lcp_fault twin-early|twin-forget PROGRAM a collector with that fault built in: must be seen to fail
 *
 * Every line is numbered and every byte of it known; at the end: sent = stored, none twice, none changed, and
 * for UDP sent = stored + told in gap records.  Children are started by fork and exec; a kill comes only after
 * the new process made progress.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "fake_soc.h"
#include "sys/fd.h"
#include "sys/pki.h"

enum how { BY_NEWLINE, BY_COUNT, BY_PIECES, BY_UDP, BY_FILE, BY_TLS };

struct sender {
	pthread_t thread;
	enum how how;
	unsigned stream;
	_Atomic uint64_t sent;      /* lines the kernel took whole */
	bool closed_well;
};

struct test {
	char dir[64], data[80], conf[96], file[96], cert[96];
	unsigned tcp, udp, tls;
	struct fake_soc *soc;
	pid_t lcp;
	const char *program;
	struct sender s[FAKE_STREAMS];
	unsigned nsenders;
	uint64_t pace_ns;           /* pause of a TCP sender after 64 lines */
};

static struct test t;
static _Atomic bool stop;

static int64_t
mono(void)
{
	return clock_mono(clock_real());
}

static void
nap(int64_t ns)
{
	struct timespec ts = { ns / NS_PER_S, ns % NS_PER_S };

	nanosleep(&ts, NULL);
}

static unsigned
free_port(int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_close int fd = socket(AF_INET, type, 0);
	socklen_t n = sizeof a;

	must(bind(fd, (void *)&a, sizeof a) == 0 && getsockname(fd, (void *)&a, &n) == 0);
	return ntohs(a.sin_port);
}

static int
connect_to(int type, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		                 .sin_port = htons((uint16_t)port) };

	for (int i = 0; i < 200; i++, nap(25 * NS_PER_MS)) {
		int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

		must(fd >= 0);
		if (connect(fd, (void *)&a, sizeof a) == 0)
			return fd;
		close(fd);
	}
	die(1, "nobody listens on port %u", port);
}

/* ---- senders ---- */

static void
send_all(int fd, const char *p, size_t n)
{
	while (n != 0) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			die(1, "a sender's connection broke: %s", strerror(errno));
		p += w;
		n -= (size_t)w;
	}
}

static size_t
framed(char *out, const struct sender *s, uint64_t n)
{
	char line[1024];
	size_t len = fake_line(line, sizeof line, s->stream, n), at = 0;

	if (s->how == BY_COUNT)
		at = (size_t)snprintf(out, 16, "%zu ", len);
	memcpy(out + at, line, len);
	if (s->how != BY_COUNT && s->how != BY_UDP)
		out[at + len++] = '\n';
	return at + len;
}

static void
send_tcp(struct sender *s)
{
	int fd = connect_to(SOCK_STREAM, t.tcp);
	struct timeval tv = { 60, 0 };
	char buf[1100 * 64], end;

	for (uint64_t n = 0; !stop && n + 64 < FAKE_LINES_MAX; n += 64) {
		size_t at = 0;

		for (uint64_t i = 0; i < 64; i++)
			at += framed(buf + at, s, n + i);
		if (s->how == BY_PIECES)
			for (size_t off = 0; off < at; off += 777, nap(200000))
				send_all(fd, buf + off, at - off < 777 ? at - off : 777);
		else
			send_all(fd, buf, at);
		s->sent = n + 64;
		if (t.pace_ns != 0)
			nap((int64_t)t.pace_ns);
	}
	shutdown(fd, SHUT_WR);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	s->closed_well = read(fd, &end, 1) == 0;
	close(fd);
}

static void
send_udp(struct sender *s)
{
	int fd = connect_to(SOCK_DGRAM, t.udp);
	char buf[1100];

	for (uint64_t n = 0; !stop && n < FAKE_LINES_MAX; n++) {
		size_t len = framed(buf, s, n);

		while (send(fd, buf, len, 0) < 0) /* refused while the collector is not there yet */
			nap(NS_PER_MS);
		s->sent = n + 1;
		if (n % 16 == 15)
			nap(4 * NS_PER_MS);
	}
	s->closed_well = true;
	close(fd);
}

static void
send_file(struct sender *s)
{
	char buf[1100], old[128];
	int fd = open(t.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	snprintf(old, sizeof old, "%s.1", t.file);
	for (uint64_t n = 0; !stop && n < FAKE_LINES_MAX; n++) {
		size_t len = framed(buf, s, n);

		must(fd_write_all(fd, buf, len) == 0);
		s->sent = n + 1;
		if (n % 8 == 7)
			nap(2 * NS_PER_MS);
		if (n % 2000 == 1999) {
			nap(NS_PER_S); /* logrotate is not faster than a follower that looks four times a second */
			must(rename(t.file, old) == 0);
			close(fd);
			fd = open(t.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		}
	}
	s->closed_well = true;
	close(fd);
}

static void
send_tls(struct sender *s)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	int fd = connect_to(SOCK_STREAM, t.tls);
	char buf[1100];

	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		die(1, "no TLS session");
	for (uint64_t n = 0; !stop && n < FAKE_LINES_MAX; n++) {
		size_t len = framed(buf, s, n);

		if (SSL_write(ssl, buf, (int)len) <= 0)
			die(1, "the TLS session broke");
		s->sent = n + 1;
		nap(NS_PER_MS);
	}
	SSL_shutdown(ssl);
	shutdown(fd, SHUT_WR);
	s->closed_well = SSL_read(ssl, buf, 1) <= 0;
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
}

static void *
run_sender(void *ctx)
{
	struct sender *s = ctx;

	if (s->how == BY_UDP)
		send_udp(s);
	else if (s->how == BY_FILE)
		send_file(s);
	else if (s->how == BY_TLS)
		send_tls(s);
	else
		send_tcp(s);
	return NULL;
}

static void
add_sender(enum how how)
{
	struct sender *s = &t.s[t.nsenders];

	s->how = how;
	s->stream = t.nsenders++;
	must(pthread_create(&s->thread, NULL, run_sender, s) == 0);
}

static uint64_t
sent_total(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < t.nsenders; i++)
		n += t.s[i].sent;
	return n;
}

/* ---- the collector ---- */

static pid_t
start(char *const *argv)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

/* Pid of the collector's child with this name, 0 = none now. */
static pid_t
child_of(pid_t parent, const char *name)
{
	auto_free char *path = x_asprintf("/proc/%d/task/%d/children", (int)parent, (int)parent);
	auto_buf struct buf b = { 0 };
	char *at, *end;

	if (file_read(path, &b, 4096) != 0)
		return 0;
	for (at = (char *)(uintptr_t)buf_cstr(&b);; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);
		auto_free char *cmd_path = x_asprintf("/proc/%d/cmdline", (int)pid);
		auto_buf struct buf cmd = { 0 };

		if (end == at)
			return 0;
		if (file_read(cmd_path, &cmd, 4096) == 0 && memmem(cmd.p, cmd.n, name, strlen(name) + 1) != NULL)
			return pid;
	}
}

static void
write_conf(const char *more)
{
	auto_buf struct buf b = { 0 };

	buf_printf(&b,
	           "data: %s\nlog: {level: warn}\nlisten:\n  - {tcp: \"127.0.0.1:%u\"}\n  - {udp: \"127.0.0.1:%u\"}\n"
	           "  - {tls: \"127.0.0.1:%u\", certificate: %s, key: %s}\n"
	           "files:\n  - {path: %s, device: box-1}\n"
	           "soc: {url: \"https://127.0.0.1:%u\", heartbeat: 500ms}\nbatch: {wait: 100ms}\n%s",
	           t.data, t.tcp, t.udp, t.tls, t.cert, t.cert, t.file, fake_soc_port(t.soc), more);
	must(file_write_atomic(t.conf, buf_slice(&b), 0600) == 0);
}

static void
make_certificate(void)
{
	struct pki_key *k = pki_key_make(PKI_P256);
	auto_buf struct buf pem = { 0 };
	int64_t now = clock_now(clock_real());

	pki_key_write(k, &pem);
	pki_ca_make(k, "listener", now - NS_PER_DAY, now + NS_PER_DAY, &pem);
	must(file_write_atomic(t.cert, buf_slice(&pem), 0600) == 0);
	pki_key_free(k);
}

static void
begin(const char *program, const char *more)
{
	char url[64], ca[96];
	int status;

	snprintf(t.dir, sizeof t.dir, "/tmp/nz-fault-XXXXXX");
	must(mkdtemp(t.dir) != NULL);
	snprintf(t.data, sizeof t.data, "%s/data", t.dir);
	snprintf(t.conf, sizeof t.conf, "%s/lcp.yaml", t.dir);
	snprintf(t.file, sizeof t.file, "%s/box.log", t.dir);
	snprintf(t.cert, sizeof t.cert, "%s/listener.pem", t.dir);
	snprintf(ca, sizeof ca, "%s/ca.pem", t.dir);
	t.program = program;
	t.tcp = free_port(SOCK_STREAM);
	t.udp = free_port(SOCK_DGRAM);
	t.tls = free_port(SOCK_STREAM);
	t.soc = fake_soc_start(t.dir);
	make_certificate();
	write_conf(more);
	must(mkdir(t.data, 0700) == 0);
	snprintf(url, sizeof url, "https://127.0.0.1:%u", fake_soc_port(t.soc));
	must(waitpid(start((char *[]){ (char *)program, "-c", t.conf, "enrol", "--url", url, "--token", "good-token",
	                               "--ca", ca, NULL }),
	             &status, 0) > 0);
	if (status != 0)
		die(1, "enrolment ended with status %d", status);
}

static void
launch(void)
{
	t.lcp = start((char *[]){ (char *)t.program, "-c", t.conf, NULL });
	close(connect_to(SOCK_STREAM, t.tcp)); /* it listens: a datagram sent now has a receiver */
}

static void
wipe(const char *dir)
{
	pid_t p = fork();

	if (p == 0) {
		execl("/bin/rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	waitpid(p, NULL, 0);
}

/* Waits until what was sent is stored or told, or nothing moves any more for `still` seconds. */
static void
drain(struct fake_ledger *led, int still)
{
	uint64_t last = 0;
	int64_t moved = mono();

	for (;;) {
		fake_soc_ledger(t.soc, led);
		if (led->distinct + led->gap_lines >= sent_total() && mono() - moved > NS_PER_S)
			return;
		if (led->lines + led->gap_records != last)
			moved = mono();
		last = led->lines + led->gap_records;
		if (mono() - moved > still * NS_PER_S)
			return;
		nap(50 * NS_PER_MS);
	}
}

static void
end_senders(void)
{
	stop = true;
	for (unsigned i = 0; i < t.nsenders; i++)
		pthread_join(t.s[i].thread, NULL);
}

/* Prints the three ledgers; number of faults. */
static uint64_t
judge(const char *what, unsigned kills, struct fake_ledger *led)
{
	uint64_t lost = 0, udp_sent = 0, udp_missing = 0, bad_close = 0, faults;

	for (unsigned i = 0; i < t.nsenders; i++) {
		uint64_t missing = fake_soc_missing(t.soc, i, t.s[i].sent);

		bad_close += !t.s[i].closed_well;
		if (t.s[i].how == BY_UDP) {
			udp_sent += t.s[i].sent;
			udp_missing += missing;
		} else {
			if (missing != 0)
				fprintf(stderr, "stream %u: %" PRIu64 " of %" PRIu64 " missing\n", i, missing, (uint64_t)t.s[i].sent);
			lost += missing;
		}
	}
	faults = lost + led->doubles + led->altered + led->foreign + (udp_missing > led->gap_lines ? udp_missing - led->gap_lines : led->gap_lines - udp_missing) +
	         bad_close;
	printf("{\"test\":\"%s\",\"kills\":%u,\"sent\":%" PRIu64 ",\"stored\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"doubled\":%" PRIu64
	       ",\"altered\":%" PRIu64 ",\"foreign\":%" PRIu64 ",\"udp_sent\":%" PRIu64 ",\"udp_missing\":%" PRIu64
	       ",\"udp_told\":%" PRIu64 ",\"gap_records\":%" PRIu64 ",\"batches\":%" PRIu64 ",\"replays\":%" PRIu64 ",\"epochs\":%" PRIu64
	       ",\"heartbeats\":%" PRIu64 ",\"broken_connections\":%" PRIu64 "}\n",
	       what, kills, sent_total(), led->distinct, lost, led->doubles, led->altered, led->foreign, udp_sent, udp_missing,
	       led->gap_lines, led->gap_records, led->batches, led->replays, led->epochs, led->heartbeats, bad_close);
	fflush(stdout);
	return faults;
}

static void
finish(void)
{
	int status;

	kill(t.lcp, SIGTERM);
	waitpid(t.lcp, &status, 0);
	fake_soc_stop(t.soc);
	wipe(t.dir);
}

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
	fprintf(stderr, "usage: lcp_fault kill|full|disk|long|restore|twin-die|twin-early|twin-forget PROGRAM [KILLS]\n");
	return 2;
}
