/* SPDX-License-Identifier: Apache-2.0
 *
 * The collector's uplink: packs what the worker made durable into batches, and sends them.  Packing does not
 * wait for the network, so what waits for the SOC is compressed and the write-ahead log stays short.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "conf/conf.h"
#include "role/lcp_uplink_priv.h"
#include "sys/fd.h"
#include "sys/jail.h"

#define TICK (100 * NS_PER_MS)

static void
tell_board(struct uplink *u)
{
	uint64_t log, seq;

	spool_out_in_position(u->out, &log, &seq);
	atomic_store(&u->board->out_bytes, spool_out_bytes(u->out));
	atomic_store(&u->board->sealed, spool_out_last(u->out));
	atomic_store(&u->board->packed_log, log);
	atomic_store(&u->board->packed_seq, seq); /* last: the worker may reuse segments up to here */
}

static void
set_full(struct uplink *u, bool full)
{
	if (u->full != full && full)
		log_alert("spool.out_full", kv_str("path", u->opts.dir), kv_u64("bytes", spool_out_bytes(u->out)));
	u->full = full;
}

static void
check(struct uplink *u, int e)
{
	if (e == E_IO) {
		log_alert("spool.io", kv_err(e));
		exit(EXIT_SPOOL_IO);
	}
	set_full(u, e == E_FULL);
}

static void
on_again(void *ctx)
{
	(void)ctx; /* the hook before sleeping does the work */
}

static void
work(void *ctx)
{
	struct uplink *u = ctx;
	int64_t now = clock_now(clock_real());
	int e;

	if (spool_out_resealing(u->out)) {
		e = spool_out_reseal(u->out, now, u->level);
		check(u, e);
		if (e == 0)
			loop_timer(u->loop, 0, 0, on_again, u);
		return;
	}
	spool_out_tell_in_bytes(u->out, atomic_load(&u->board->in_bytes));
	e = spool_pack_run(u->pack, atomic_load(&u->board->in_log), atomic_load(&u->board->in_durable), u->batch_bytes,
	                   u->batch_wait, now);
	check(u, e);
	tell_board(u);
	if (e == 1)
		loop_timer(u->loop, 0, 0, on_again, u);
	send_more(u);
}

static void
on_bell(void *ctx, int fd, unsigned events)
{
	uint64_t count;

	(void)ctx;
	(void)events;
	(void)!read(fd, &count, sizeof count);
}

static void
on_tick(void *ctx)
{
	send_save(ctx);
}

static void
on_close(void *ctx, struct chan *ch)
{
	struct uplink *u = ctx;

	(void)ch;
	u->parent = NULL;
	loop_stop(u->loop, 0);
}

static void
on_msg(void *ctx, struct chan *ch, struct msg *m)
{
	(void)ctx;
	(void)ch;
	(void)m; /* the parent has nothing to say to the uplink */
}

static void
on_term(void *ctx, int signo)
{
	struct uplink *u = ctx;

	(void)signo;
	send_save(u);
	loop_stop(u->loop, 0);
}

static bool
read_identity(struct uplink *u)
{
	static const char *const names[] = { "cert.pem", "key.pem", "ca.pem" };
	struct buf *into[] = { &u->cert, &u->key, &u->ca };

	for (int i = 0; i < 3; i++) {
		auto_free char *path = x_asprintf("%s/%s", u->identity, names[i]);
		int e = file_read(path, into[i], 1 << 16);

		if (e != 0) {
			log_warn("uplink.not_enrolled", kv_str("file", path), kv_err(e));
			return false;
		}
	}
	return true;
}

static void
read_conf(struct uplink *u, const struct conf *c)
{
	u->conf = c;
	u->url = x_strdup(conf_str(c, "soc.url"));
	for (size_t n = strlen(u->url); n != 0 && u->url[n - 1] == '/'; n--)
		u->url[n - 1] = '\0';
	u->proxy = x_strdup(conf_str(c, "soc.proxy"));
	u->identity = conf_path(c, "identity.folder");
	u->parallel = (unsigned)conf_int(c, "soc.parallel");
	u->batch_bytes = (size_t)conf_int(c, "batch.bytes");
	u->batch_wait = conf_int(c, "batch.wait");
	u->level = (int)conf_int(c, "batch.level");
	lcp_spool_opts(c, &u->opts);
	u->proxy_secret = lcp_proxy_secret(c);
	u->enrolled = u->url[0] != '\0' && read_identity(u);
}

static void
enter_jail(struct uplink *u)
{
	const char *read[] = { u->identity, u->opts.dir, NULL }, *write[] = { u->opts.dir, u->identity, NULL };
	struct jail j = { .may = JAIL_MAY_READ_FILES | JAIL_MAY_WRITE_FILES | JAIL_MAY_CONNECT, .read = read,
		          .write = write };
	struct jail_held held;

	if (conf_bool(u->conf, "jail") && jail_enter(&j, &held) != 0)
		die(3, "the uplink cannot be confined");
}

int
lcp_uplink_main(const struct conf *c)
{
	static const struct chan_ops ops = { on_msg, on_close, NULL };
	struct uplink *u = x_calloc(1, sizeof *u);

	/* large buffers come and go: give their pages back at once */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	mallopt(M_ARENA_MAX, 1);
	signal(SIGPIPE, SIG_IGN);
	u->board = lcp_board_map(LCP_FD_BOARD);
	read_conf(u, c);
	u->loop = loop_new();
	u->started_ns = clock_now(clock_real());
	if (dir_make(u->opts.dir, 0700) != 0 || spool_out_open(&u->opts, &u->out) != 0) {
		log_alert("spool.open", kv_str("path", u->opts.dir));
		return EXIT_SPOOL_IO;
	}
	u->pack = spool_pack_new(&u->opts, u->out, u->level);
	spool_pack_on_line(u->pack, beat_line, u);
	tell_board(u);
	http_open(u);
	fetch_where(u);
	enter_jail(u);
	keys_load(u);
	send_open(u);
	beat_open(u);
	renew_open(u);
	u->parent = chan_new(u->loop, LCP_FD_CHAN, &ops, u);
	fetch_open(u);
	loop_signal(u->loop, SIGTERM, on_term, u);
	loop_watch(u->loop, LCP_FD_BELL, LOOP_IN, on_bell, u);
	loop_before_sleep(u->loop, work, u);
	loop_timer(u->loop, TICK, TICK, on_tick, u);
	atomic_fetch_add(&u->board->uplink_starts, 1);
	return loop_run(u->loop);
}
