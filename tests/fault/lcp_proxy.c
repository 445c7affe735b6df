/* SPDX-License-Identifier: Apache-2.0
 *
 * The collector as an ordinary user behind a customer's proxy (tinyproxy) that wants a name and a password.  The proxy
 * dies, comes back with another password, and with the right one again; nothing is lost, nothing goes round it, and the
 * log and the heartbeat say what was wrong.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
#include "lcp_scene.h"
#include "sys/fd.h"

static struct {
	unsigned port;
	char conf[96], secret[96];
	pid_t pid;
} proxy;

static void
proxy_start(const char *password)
{
	auto_buf struct buf b = { 0 };

	buf_printf(&b, "Port %u\nListen 127.0.0.1\nAllow 127.0.0.1\nMaxClients 64\nBasicAuth collector %s\nLogLevel Critical\n",
	           proxy.port, password);
	must(file_write_atomic(proxy.conf, buf_slice(&b), 0644) == 0);
	proxy.pid = fork();
	must(proxy.pid >= 0);
	if (proxy.pid == 0) {
		execlp("tinyproxy", "tinyproxy", "-d", "-c", proxy.conf, (char *)NULL);
		_exit(127);
	}
	close(connect_to(SOCK_STREAM, proxy.port));
}

static void
proxy_kill(void)
{
	kill(proxy.pid, SIGKILL);
	waitpid(proxy.pid, NULL, 0);
}

static void
give(const char *path)
{
	must(t.user == NULL || chown(path, t.user->pw_uid, t.user->pw_gid) == 0);
}

static bool
file_says(const char *path, const char *text)
{
	auto_buf struct buf b = { 0 };

	return file_read(path, &b, 16 << 20) == 0 && strstr(buf_cstr(&b), text) != NULL;
}

static void
wait_until_log(const char *text)
{
	for (int64_t until = mono() + 40 * NS_PER_S; mono() < until; nap(20 * NS_PER_MS))
		if (file_says(t.log, text))
			return;
	die(1, "the collector's log never said %s", text);
}

static void
wait_until_stored(uint64_t lines)
{
	struct fake_ledger led;

	for (int64_t until = mono() + 40 * NS_PER_S; mono() < until; nap(20 * NS_PER_MS)) {
		fake_soc_ledger(t.soc, &led);
		if (led.lines >= lines)
			return;
	}
	die(1, "%" PRIu64 " lines wanted at the SOC, %" PRIu64 " came", lines, led.lines);
}

/* Nothing comes to the SOC while the senders are served: it is the proxy that everything goes through. */
static void
must_stand_still(const char *when)
{
	struct fake_ledger before, after;
	uint64_t sent = sent_total();

	fake_soc_ledger(t.soc, &before);
	for (int64_t until = mono() + 20 * NS_PER_S; mono() < until && sent_total() < sent + 3000;)
		nap(20 * NS_PER_MS);
	fake_soc_ledger(t.soc, &after);
	if (sent_total() < sent + 3000)
		die(1, "%s: the senders were not served", when);
	if (after.lines != before.lines || after.heartbeats != before.heartbeats)
		die(1, "%s: something reached the SOC without the proxy", when);
}

/* Every process of the collector is that user's, may gain nothing, and is confined by seccomp. */
static void
must_be_ordinary(const char *child)
{
	auto_free char *path = x_asprintf("/proc/%d/status", (int)child_of(t.lcp, child));
	auto_free char *uid = x_asprintf("\nUid:\t%u\t%u\t%u\t%u\n", t.user->pw_uid, t.user->pw_uid, t.user->pw_uid, t.user->pw_uid);

	if (!file_says(path, uid) || !file_says(path, "\nNoNewPrivs:\t1\n") || !file_says(path, "\nSeccomp:\t2\n") ||
	    !file_says(path, "\nCapEff:\t0000000000000000\n"))
		die(1, "%s is not confined as an ordinary user", child);
}

static uint64_t
beat_count(const char *key)
{
	auto_free char *beat = fake_soc_heartbeat(t.soc), *name = x_asprintf("\"%s\":", key);
	const char *at = beat != NULL ? strstr(beat, name) : NULL;

	return at != NULL ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void
proxy_begin(const char *program)
{
	t.user = geteuid() == 0 ? getpwnam("nobody") : NULL;
	proxy.port = free_port(SOCK_STREAM);
	snprintf(proxy.secret, sizeof proxy.secret, "/tmp/nz-proxy-%d", (int)getpid());
	snprintf(proxy.conf, sizeof proxy.conf, "/tmp/nz-proxy-%d.conf", (int)getpid());
	snprintf(t.proxy, sizeof t.proxy, ", proxy: \"http://localhost:%u\", proxy_secret: %s", proxy.port, proxy.secret);
	must(file_write_atomic(proxy.secret, SL("collector:wrong\n"), 0600) == 0);
	prepare(program, "");
	snprintf(t.log, sizeof t.log, "%s/lcp.log", t.dir);
	give(t.dir), give(t.data), give(t.conf), give(t.cert), give(proxy.secret);
	proxy_start("right-horse");
	if (enrol() != 3 || !file_says(t.log, "response 40") || !file_says(t.log, "soc.proxy_secret"))
		die(1, "the wrong password was not told at enrolment");
	must(file_write_atomic(proxy.secret, SL("collector:right-horse\n"), 0600) == 0);
	give(proxy.secret);
	if (enrol() != 0)
		die(1, "no enrolment through the proxy");
}

int
run_proxy(const char *program)
{
	struct fake_ledger led;
	uint64_t faults, refused = 0, unanswered = 0;

	proxy_begin(program);
	t.pace_ns = 8 * NS_PER_MS;
	launch();
	add_sender(BY_NEWLINE);
	add_sender(BY_COUNT);
	add_sender(BY_UDP);
	add_sender(BY_FILE);
	add_sender(BY_TLS);
	wait_until_stored(5000);
	for (int i = 0; t.user != NULL && i < 3; i++)
		must_be_ordinary(((const char *[]){ "worker", "uplink", "tls" })[i]);
	proxy_kill();
	wait_until_log("uplink.no_answer");
	must_stand_still("proxy dead");
	proxy_start("another-horse");
	wait_until_log("uplink.proxy_refused");
	must_stand_still("wrong password");
	proxy_kill();
	proxy_start("right-horse");
	wait_until_log("uplink.answers_again");
	end_senders();
	drain(&led, 20);
	for (int64_t until = mono() + 10 * NS_PER_S; mono() < until && (refused == 0 || unanswered <= refused); nap(50 * NS_PER_MS)) {
		refused = beat_count("proxy_refused");
		unanswered = beat_count("unanswered");
	}
	faults = judge("proxy", 0, &led);
	printf("{\"unanswered\":%" PRIu64 ",\"proxy_refused\":%" PRIu64 "}\n", unanswered, refused);
	finish();
	proxy_kill();
	unlink(proxy.conf);
	unlink(proxy.secret);
	return faults == 0 && refused != 0 && unanswered > refused ? 0 : 1;
}
