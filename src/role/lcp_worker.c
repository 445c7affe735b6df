/* SPDX-License-Identifier: Apache-2.0
 *
 * The collector's worker: inputs fill one group of lines, the group is written and synced when it has 256 kB
 * or is 5 ms old, and then, and only then, what the inputs hold is taken from them.
 *
 * When the disk is full nothing is read: TCP senders feel the window close, files wait, and for UDP the kernel
 * counts what it must drop.  Once a second it is tried again (R5).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "codec/sysloghead.h"
#include "conf/conf.h"
#include "role/lcp_worker_priv.h"
#include "sys/fd.h"
#include "sys/jail.h"

#define FOLLOW_EVERY (250 * NS_PER_MS)
#define RETRY_EVERY (500 * NS_PER_MS)
#define GROUP_DEVICES_SOFT (SPOOL_GROUP_DEVICES_MAX - 200)

/* ---- lines ---- */

/* The name to use: the header's host when the listener says so and there is room for one more name. */
static struct slice
name_of(struct worker *w, const struct stream *s, struct slice line)
{
	struct slice host = s->by_header ? sysloghead_host(line) : (struct slice){ NULL, 0 };

	if (host.n == 0 || map_get(&w->known, host) != NULL)
		return host.n != 0 ? host : slice_str(s->peer);
	if (w->known.n >= w->known_max) {
		if (w->unnamed++ == 0)
			log_warn("lcp.too_many_names", kv_u64("limit", w->known_max));
		return slice_str(s->peer);
	}
	map_put(&w->known, host, NULL);
	return host;
}

static struct name_slot *
slot_of(struct worker *w, const void *owner, struct slice name)
{
	uint64_t h = name.n;

	for (size_t i = name.n > 8 ? name.n - 8 : 0; i < name.n; i++)
		h = h * 31 + (unsigned char)name.p[i];
	return &w->names[(h ^ (uintptr_t)owner >> 4) % NAMES_CACHED];
}

/* Number of the device in the open group, -1 when that is full of names. */
static int
device_of(struct worker *w, const struct stream *s, struct slice line)
{
	const struct told_device *told = w->told != NULL ? names_find(w, s->by_header ? sysloghead_host(line) : (struct slice){ NULL, 0 }, s->peer) : NULL;
	struct slice name = told != NULL ? told->name : name_of(w, s, line);
	struct slice source = told != NULL && told->source.n != 0 ? told->source : slice_str(s->source);
	const void *owner = told != NULL ? (const void *)told : s->source;
	struct name_slot *slot = slot_of(w, owner, name);
	int n;

	if (slot->group == w->group && slot->owner == owner && slot->len == name.n &&
	    memcmp(slot->name, name.p, name.n) == 0)
		return slot->number;
	n = spool_in_device(w->in, name, source);
	if (n >= 0 && name.n <= sizeof slot->name) {
		*slot = (struct name_slot){ w->group, (uint16_t)n, (uint8_t)name.n, owner, "" };
		memcpy(slot->name, name.p, name.n);
	}
	return n;
}

bool
worker_line(struct worker *w, const struct stream *s, uint32_t off, struct slice line, uint8_t flags)
{
	int dev = spool_in_lines(w->in) < GROUP_LINES + 1000 ? device_of(w, s, line) : -1;

	if (dev < 0)
		return false;
	spool_in_add(w->in, &(struct spool_line){ .off = off, .len = (uint32_t)line.n, .device = (uint16_t)dev,
	                                          .transport = (uint8_t)s->transport, .flags = flags,
	                                          .received_ns = w->now_ns });
	return true;
}

/* A gap record in the stream itself (R6). It always fits: a few are held in reserve by every limit. */
void
worker_gap(struct worker *w, const char *reason, uint64_t count, const char *unit, const char *where)
{
	auto_buf struct buf b = { 0 };
	size_t room;
	uint32_t off;
	int dev = spool_in_device(w->in, slice_str(where), SL(""));

	log_warn("lcp.gap", kv_str("reason", reason), kv_u64("count", count), kv_str("unit", unit), kv_str("where", where));
	spool_gap_json(&b, reason, count, unit, 0, w->now_ns, where);
	memcpy(spool_in_room(w->in, b.n, &room), b.p, b.n);
	off = spool_in_keep(w->in, b.n);
	must(dev >= 0);
	spool_in_add(w->in, &(struct spool_line){ .off = off, .len = (uint32_t)b.n, .device = (uint16_t)dev,
	                                          .transport = BT_INTERNAL, .flags = LINE_GAP, .received_ns = w->now_ns });
}

/* A harmless marked line that has to come back stored, found and searchable: so the way of every line is measured. The mark is a
 * flag, which no sender can set; that it stands at the minute's middle keeps it in its minute when clocks differ a little. */
void
worker_canary(struct worker *w)
{
	int64_t now = w->now_ns - atomic_load(&w->board->clock_ahead_ns), minute = now / (60 * NS_PER_S);
	char text[64];
	uint32_t off;
	size_t room, n = (size_t)snprintf(text, sizeof text, CANARY_TEXT "%lld", (long long)minute);
	int dev;

	if (!w->canaries || w->full || minute == w->canary || now % (60 * NS_PER_S) < 30 * NS_PER_S || worker_must_commit(w))
		return;
	dev = spool_in_device(w->in, slice_str(CANARY_DEVICE), slice_str(CANARY_SOURCE));
	if (dev < 0)
		return; /* the group's names are full: the next second has another group */
	memcpy(spool_in_room(w->in, n, &room), text, n);
	off = spool_in_keep(w->in, n);
	spool_in_add(w->in, &(struct spool_line){ .off = off, .len = (uint32_t)n, .device = (uint16_t)dev, .transport = BT_INTERNAL, .flags = LINE_CANARY,
	                                          .received_ns = w->now_ns });
	w->canary = minute;
	worker_commit_soon(w);
}

/* ---- the group ---- */

bool
worker_must_commit(const struct worker *w)
{
	return spool_in_pending(w->in) >= SPOOL_COMMIT_BYTES || spool_in_lines(w->in) >= GROUP_LINES ||
	       spool_in_devices(w->in) >= GROUP_DEVICES_SOFT;
}

static void
set_full(struct worker *w, bool full)
{
	if (w->full == full)
		return;
	w->full = full;
	atomic_store(&w->board->full_since_ns, full ? (uint64_t)w->now_ns : 0);
	if (full)
		log_alert("spool.full", kv_str("path", w->opts.dir), kv_u64("bytes", spool_in_bytes(w->in)));
	else
		log_info("spool.resumed", kv_str("path", w->opts.dir));
	udp_pause(w, full);
	if (!full)
		udp_sample(w);
}

static void
on_retry(void *ctx)
{
	struct worker *w = ctx;

	w->retry_timer = NULL;
	(void)worker_commit(w);
}

int
worker_commit(struct worker *w)
{
	uint32_t lines = spool_in_lines(w->in);
	uint64_t one = 1;
	int e;

	timer_free(w->commit_timer);
	w->commit_timer = NULL;
	if (spool_in_pending(w->in) == 0)
		return 0;
	spool_in_packed(w->in, atomic_load(&w->board->packed_log), atomic_load(&w->board->packed_seq));
	spool_in_tell_out_bytes(w->in, atomic_load(&w->board->out_bytes));
	e = spool_in_commit(w->in);
	if (e == E_FULL) {
		set_full(w, true);
		if (w->retry_timer == NULL)
			w->retry_timer = loop_timer(w->loop, RETRY_EVERY, 0, on_retry, w);
		return E_FULL;
	}
	if (e != 0) {
		log_alert("spool.io", kv_err(e));
		exit(EXIT_SPOOL_IO);
	}
	if (++w->group == 0)
		w->group = 1;
	udp_settled(w);
	tcp_settled(w);
	follow_settled(w);
	set_full(w, false);
	atomic_store(&w->board->in_bytes, spool_in_bytes(w->in));
	atomic_store(&w->board->in_durable, spool_in_durable(w->in));
	atomic_fetch_add(&w->board->lines, lines);
	if (write(w->bell, &one, sizeof one) < 0 && errno != EAGAIN)
		log_warn("lcp.bell", kv_i64("errno", errno));
	return 0;
}

static void
on_commit(void *ctx)
{
	struct worker *w = ctx;

	w->commit_timer = NULL; /* a one-shot frees itself */
	(void)worker_commit(w);
}

void
worker_commit_soon(struct worker *w)
{
	if (w->commit_timer == NULL && !w->full)
		w->commit_timer = loop_timer(w->loop, w->commit_wait, 0, on_commit, w);
}

/* ---- the process ---- */

static void
on_again(void *ctx)
{
	(void)ctx; /* only so that the loop does not sleep */
}

static void
before_sleep(void *ctx)
{
	struct worker *w = ctx;

	if (!w->going)
		return;
	w->now_ns = clock_now(clock_real());
	tcp_run(w);
	if (w->ready != NULL && !w->full)
		loop_timer(w->loop, 0, 0, on_again, w);
}

static void
on_follow(void *ctx)
{
	struct worker *w = ctx;

	w->now_ns = clock_now(clock_real());
	if (w->going)
		follow_run(w);
}

static void
on_second(void *ctx)
{
	struct worker *w = ctx;

	w->now_ns = clock_now(clock_real());
	if (w->going) {
		udp_sample(w);
		worker_canary(w);
	}
}

static void
on_msg(void *ctx, struct chan *ch, struct msg *m)
{
	struct worker *w = ctx;
	struct lcp_conn_msg c;

	(void)ch;
	if (m->type == LCP_GO) {
		udp_recover(w);
		tcp_start(w);
		w->going = true;
		follow_run(w);
		(void)worker_commit(w);
		atomic_fetch_add(&w->board->worker_starts, 1);
		return;
	}
	if (m->type == LCP_DEVICES && m->fd >= 0) {
		names_take(w, m->fd);
		return;
	}
	if (m->body.n != sizeof c)
		return;
	memcpy(&c, m->body.p, sizeof c);
	if ((m->type == LCP_CONN || m->type == LCP_SOCKET) && m->fd >= 0) {
		if (m->type == LCP_CONN)
			tcp_add(w, &c, fd_take(&m->fd));
		else
			udp_add(w, &c, fd_take(&m->fd));
	} else if (m->type == LCP_GONE) {
		tcp_gone(w, &c);
	}
}

static void
on_close(void *ctx, struct chan *ch)
{
	struct worker *w = ctx;

	(void)ch;
	w->parent = NULL;
	loop_stop(w->loop, 0); /* the parent went: the descriptors it held for us went too */
}

static void
on_term(void *ctx, int signo)
{
	struct worker *w = ctx;

	(void)signo;
	(void)worker_commit(w);
	loop_stop(w->loop, 0);
}

static void
enter_jail(struct worker *w)
{
	const char **read = x_calloc(w->setup.files.n + 1, sizeof *read);
	const char *write[] = { w->opts.dir, NULL };
	struct jail j = { .may = JAIL_MAY_READ_FILES | JAIL_MAY_WRITE_FILES, .read = read, .write = write };
	struct jail_held held;

	for (size_t i = 0; i < w->setup.files.n; i++) {
		char *slash = strrchr(w->setup.files.v[i].path, '/');

		read[i] = strndup(w->setup.files.v[i].path, (size_t)(slash - w->setup.files.v[i].path) + 1);
	}
	if (conf_bool(w->conf, "jail") && jail_enter(&j, &held) != 0)
		die(3, "the worker cannot be confined");
}

int
lcp_worker_main(const struct conf *c)
{
	static const struct chan_ops ops = { on_msg, on_close, NULL };
	struct worker w = { .conf = c, .bell = LCP_FD_BELL, .group = 1, .known_max = (size_t)conf_int(c, "devices"),
		            .commit_wait = conf_int(c, "spool.commit_wait") };
	struct whys ws = { 0 };
	int e;

	w.ready_tail = &w.ready;
	w.canaries = conf_bool(c, "canary");
	signal(SIGPIPE, SIG_IGN);
	w.board = lcp_board_map(LCP_FD_BOARD);
	if (lcp_setup_read(c, &w.setup, &ws) != 0)
		return 2;
	lcp_spool_opts(c, &w.opts);
	if (dir_make(w.opts.dir, 0700) != 0 || (e = spool_in_open(&w.opts, &w.in)) != 0) {
		log_alert("spool.open", kv_str("path", w.opts.dir));
		return EXIT_SPOOL_IO;
	}
	w.loop = loop_new();
	w.now_ns = clock_now(clock_real());
	udp_open(&w);
	follow_open(&w);
	atomic_store(&w.board->connections, 0);
	atomic_store(&w.board->in_bytes, spool_in_bytes(w.in));
	atomic_store(&w.board->in_log, spool_in_log(w.in));
	atomic_store(&w.board->in_durable, spool_in_durable(w.in));
	enter_jail(&w);
	w.parent = chan_new(w.loop, LCP_FD_CHAN, &ops, &w);
	loop_signal(w.loop, SIGTERM, on_term, &w);
	loop_before_sleep(w.loop, before_sleep, &w);
	if (w.follows.n != 0)
		loop_timer(w.loop, 0, FOLLOW_EVERY, on_follow, &w);
	loop_timer(w.loop, NS_PER_S, NS_PER_S, on_second, &w);
	return loop_run(w.loop);
}
