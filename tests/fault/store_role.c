/* SPDX-License-Identifier: Apache-2.0
 *
 * The store's role in its jail, with this test as its parent, its engine and its web: blocks in, STORED out,
 * questions answered for one tenant and refused for another, replays not doubled, garbage refused; then the
 * role is killed and started again, and the rows tell it where it was.
 */
#define _GNU_SOURCE
#include <ftw.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "main/cli/blocks.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/conf.h"
#include "role/role.h"
#include "store/store.h"
#include "sys/fd.h"

static struct loop *loop;
static struct chan *parent, *engine, *web;
static struct batch_key stored[64];
static size_t stored_n, position_n;
static struct batch_key positions[16];
static json_t *answer;
static bool ready;

static void
on_msg(void *ctx, struct chan *ch, struct msg *m)
{
	(void)ctx, (void)ch;
	if (m->type == MSG_READY) {
		ready = true;
	} else if (m->type == MSG_STORED) {
		memcpy(&stored[stored_n++ % 64], m->body.p, sizeof stored[0]);
	} else if (m->type == MSG_POSITIONS) {
		position_n = m->body.n / sizeof positions[0];
		memcpy(positions, m->body.p, m->body.n < sizeof positions ? m->body.n : sizeof positions);
	} else if (m->type == MSG_ANSWER) {
		json_decref(answer);
		answer = json_loadb(m->body.p, m->body.n, 0, NULL);
	}
}

static void
on_close(void *ctx, struct chan *ch)
{
	(void)ctx;
	parent = ch == parent ? NULL : parent;
	engine = ch == engine ? NULL : engine;
	web = ch == web ? NULL : web;
}

static const struct chan_ops ops = { .on_msg = on_msg, .on_close = on_close };

#define WAIT(what)                                                                                 \
	do {                                                                                       \
		int64_t until_ = loop_mono_ns() + 60 * NS_PER_S;                                   \
		while (!(what) && loop_mono_ns() < until_)                                         \
			loop_once(loop, 100);                                                      \
		if (!(what))                                                                       \
			die(1, "waited in vain for %s (line %d)", #what, __LINE__);                \
	} while (0)
#define EXPECT(what) ((what) ? (void)0 : die(1, "not true: %s (line %d)", #what, __LINE__))

static struct chan *
give_peer(enum role_id role)
{
	struct msg_peer peer = { .role = role };
	struct chan *ch;
	int p[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) == 0);
	fd_nonblock(p[0]);
	ch = chan_new(loop, p[0], &ops, NULL);
	chan_send(parent, MSG_PEER, 0, slice_of(&peer, sizeof peer), p[1]);
	loop_once(loop, 0);
	close(p[1]);
	return ch;
}

static pid_t
start(const struct conf *conf)
{
	int p[2];
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		close(p[0]);
		log_init("store", LOG_WARN);
		_exit(role_main(&role_store, 0, 1, conf, p[1]));
	}
	close(p[1]);
	fd_nonblock(p[0]);
	ready = false;
	parent = chan_new(loop, p[0], &ops, NULL);
	engine = give_peer(ROLE_ENGINE);
	web = give_peer(ROLE_WEB);
	chan_send(parent, MSG_GO, 0, SL(""), -1);
	WAIT(ready);
	return pid;
}

static void
stop(pid_t pid, int signo)
{
	int status;

	if (signo != 0)
		kill(pid, signo);
	else
		chan_send(parent, MSG_STOP, 0, SL(""), -1);
	if (signo == 0)
		WAIT(parent == NULL);
	waitpid(pid, &status, 0);
	chan_free(parent);
	chan_free(engine);
	chan_free(web);
	if (signo == 0)
		EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
send_block(struct blocks_maker *m, const char *tenant, uint64_t seq, uint32_t lines)
{
	struct msg_block head = { .rows = lines };
	struct buf b = { 0 };

	blocks_make(m, tenant, seq, lines, &b);
	chan_send2(engine, MSG_BLOCK, 1, slice_of(&head, sizeof head), buf_slice(&b), -1);
	buf_fini(&b);
}

static long long
ask_as(const char *role, const char *tenant, const char *q, const char *asked)
{
	json_t *doc = json_pack("{s:s,s:{s:s,s:s*},s:{s:s,s:s,s:s,s:s*}}", "verb", "log.search", "actor", "role", role, "tenant",
	                        tenant, "args", "q", q, "from", "2026-05-01T00:00:00Z", "to", "2026-06-30T00:00:00Z", "tenant", asked);
	char *text = json_dumps(doc, 0);
	long long status;

	json_decref(answer);
	answer = NULL;
	chan_send(web, MSG_ASK, 77, slice_str(text), -1);
	WAIT(answer != NULL);
	status = (long long)json_integer_value(json_object_get(answer, "status"));
	json_decref(doc);
	free(text);
	return status;
}

static long long
count_as(const char *role, const char *tenant, const char *asked)
{
	json_t *row;

	EXPECT(ask_as(role, tenant, "count", asked) == 200);
	row = json_array_get(json_object_get(json_object_get(answer, "body"), "rows"), 0);
	return json_array_size(row) != 0 ? (long long)json_integer_value(json_array_get(row, 0)) : 0;
}

static void
test(const struct conf *conf, struct blocks_maker *m)
{
	pid_t pid = start(conf);

	chan_send(engine, MSG_POSITIONS_ASK, 5, SL(""), -1);
	position_n = 99;
	WAIT(position_n != 99);
	EXPECT(position_n == 0);
	for (uint64_t seq = 1; seq <= 3; seq++) {
		send_block(m, "aoba", seq, 500);
		send_block(m, "harbor", seq, 200);
	}
	chan_send(engine, MSG_BLOCK, 1, SL("this is no block, but it is long enough to hold the head of one, and then some more bytes "
	          "so that the receiver has to look inside it and not only at its length ------------------------"), -1);
	send_block(m, "aoba", 9, 10); /* leaves a gap: refused */
	WAIT(stored_n >= 6);
	EXPECT(count_as("analyst", NULL, NULL) == 2100);
	EXPECT(count_as("customer", "aoba", NULL) == 1500);
	EXPECT(count_as("customer", "harbor", NULL) == 600);
	EXPECT(ask_as("customer", "harbor", "count", "aoba") == 404);
	EXPECT(ask_as("customer", NULL, "count", NULL) == 403);
	EXPECT(ask_as("analyst", NULL, "usr.nme:", NULL) == 422);
	EXPECT(ask_as("customer", "aoba", "event.action:deny source.ip:10.0.0.0/8 | sort by @timestamp asc | take 3", NULL) == 200);
	EXPECT(json_array_size(json_object_get(json_object_get(answer, "body"), "items")) == 3);
	EXPECT(strcmp(json_string_value(json_object_get(json_array_get(json_object_get(json_object_get(answer, "body"), "items"), 0),
	                                                "tenant")), "aoba") == 0);
	send_block(m, "aoba", 2, 500); /* a replay: answered, not doubled */
	WAIT(stored_n >= 7);
	send_block(m, "aoba", 4, 100); /* killed before it can be known whether it got in */
	loop_once(loop, 50);
	stop(pid, SIGKILL);

	pid = start(conf);
	chan_send(engine, MSG_POSITIONS_ASK, 6, SL(""), -1);
	position_n = 0;
	WAIT(position_n == 2);
	EXPECT(strcmp(positions[0].tenant, "aoba") == 0 && positions[0].seq >= 3 && positions[1].seq == 3);
	stored_n = 0;
	for (uint64_t seq = positions[0].seq + 1; seq <= 5; seq++)
		send_block(m, "aoba", seq, 100);
	WAIT(stored_n >= 1 && stored[(stored_n - 1) % 64].seq == 5);
	EXPECT(count_as("customer", "aoba", NULL) == 1700);
	stop(pid, 0);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

int
main(void)
{
	char folder[] = "/tmp/nezuban-role-XXXXXX";
	auto_free char *library = store_find_library(NULL);
	auto_free char *file = NULL, *data = NULL;
	auto_buf struct buf text = { 0 };
	struct blocks_maker m;
	struct conf *conf;
	struct whys ws = { 0 };

	if (library == NULL) {
		puts("skipped: libchdb is not installed (npm ci in src/store/chdb)");
		return 77;
	}
	must(mkdtemp(folder) != NULL && chmod(folder, 0711) == 0);
	data = x_asprintf("%s/store", folder);
	file = x_asprintf("%s/nezuband.yaml", folder);
	dir_make(data, 0777);
	chmod(data, 0777);
	buf_printf(&text, "data: %s\nstore: {libchdb: \"%s\", insert_age: 200ms}\n", folder, library);
	must(file_write_atomic(file, buf_slice(&text), 0644) == 0);
	if (conf_load(CONF_NEZUBAND, file, &conf, &ws) != 0)
		die(2, "%s: %s", ws.list.v[0].found, ws.list.v[0].wanted);
	loop = loop_new();
	blocks_init(&m);
	test(conf, &m);
	puts("store role: blocks, questions, replay, garbage, kill and return: good");
	fflush(stdout);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
