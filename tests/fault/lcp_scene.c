/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "lcp_scene.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/fd.h"
#include "sys/pki.h"

struct test t;
static _Atomic bool stop;

int64_t
mono(void)
{
	return clock_mono(clock_real());
}

void
nap(int64_t ns)
{
	struct timespec ts = { ns / NS_PER_S, ns % NS_PER_S };

	nanosleep(&ts, NULL);
}

unsigned
free_port(int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_close int fd = socket(AF_INET, type, 0);
	socklen_t n = sizeof a;

	must(bind(fd, (void *)&a, sizeof a) == 0 && getsockname(fd, (void *)&a, &n) == 0);
	return ntohs(a.sin_port);
}

int
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

void
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
	int fd = open(t.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

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
			fd = open(t.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
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

void
add_sender(enum how how)
{
	struct sender *s = &t.s[t.nsenders];

	s->how = how;
	s->stream = t.nsenders++;
	must(pthread_create(&s->thread, NULL, run_sender, s) == 0);
}

uint64_t
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
	if (pid != 0)
		return pid;
	if (t.log[0] != '\0')
		dup2(open(t.log, O_WRONLY | O_CREAT | O_APPEND, 0600), 2);
	if (t.user != NULL)
		must(setgroups(0, NULL) == 0 && setgid(t.user->pw_gid) == 0 && setuid(t.user->pw_uid) == 0);
	execv(argv[0], argv);
	_exit(127);
}

pid_t
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
	           "data: %s\ncanary: false\nlog: {level: warn}\nlisten:\n  - {tcp: \"127.0.0.1:%u\"}\n  - {udp: \"127.0.0.1:%u\"}\n"
	           "  - {tls: \"127.0.0.1:%u\", certificate: %s, key: %s}\n"
	           "files:\n  - {path: %s, device: box-1}\n"
	           "soc: {url: \"https://127.0.0.1:%u\", heartbeat: 500ms%s}\nbatch: {wait: 100ms}\n%s",
	           t.data, t.tcp, t.udp, t.tls, t.cert, t.cert, t.file, fake_soc_port(t.soc), t.proxy, more);
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

void
prepare(const char *program, const char *more)
{
	snprintf(t.dir, sizeof t.dir, "/tmp/nz-fault-XXXXXX");
	must(mkdtemp(t.dir) != NULL);
	snprintf(t.data, sizeof t.data, "%s/data", t.dir);
	snprintf(t.conf, sizeof t.conf, "%s/lcp.yaml", t.dir);
	snprintf(t.file, sizeof t.file, "%s/box.log", t.dir);
	snprintf(t.cert, sizeof t.cert, "%s/listener.pem", t.dir);
	t.program = program;
	t.tcp = free_port(SOCK_STREAM);
	t.udp = free_port(SOCK_DGRAM);
	t.tls = free_port(SOCK_STREAM);
	t.soc = fake_soc_start(t.dir);
	make_certificate();
	write_conf(more);
	must(mkdir(t.data, 0700) == 0);
}

int
enrol(void)
{
	char url[64], ca[96];
	int status;

	snprintf(ca, sizeof ca, "%s/ca.pem", t.dir);
	snprintf(url, sizeof url, "https://127.0.0.1:%u", fake_soc_port(t.soc));
	must(waitpid(start((char *[]){ (char *)(uintptr_t)t.program, "-c", t.conf, "enrol", "--url", url, "--token", "good-token",
	                               "--ca", ca, NULL }),
	             &status, 0) > 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
begin(const char *program, const char *more)
{
	int status;

	prepare(program, more);
	if ((status = enrol()) != 0)
		die(1, "enrolment ended with status %d", status);
}

void
launch(void)
{
	t.lcp = start((char *[]){ (char *)t.program, "-c", t.conf, NULL });
	close(connect_to(SOCK_STREAM, t.tcp)); /* it listens: a datagram sent now has a receiver */
}

void
wipe(const char *dir)
{
	pid_t p = fork();

	if (p == 0) {
		execl("/bin/rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	waitpid(p, NULL, 0);
}

void
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

void
end_senders(void)
{
	stop = true;
	for (unsigned i = 0; i < t.nsenders; i++)
		pthread_join(t.s[i].thread, NULL);
}

uint64_t
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

void
finish(void)
{
	int status;

	kill(t.lcp, SIGTERM);
	waitpid(t.lcp, &status, 0);
	fake_soc_stop(t.soc);
	wipe(t.dir);
}
