/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections of devices, read so that the death of this process loses nothing (reliability.md 5):
 *
 *     peek ─▶ whole lines into the group ─▶ group synced ─▶ exactly those bytes taken from the kernel
 *
 * consumed <= durable at every instant.  A worker that starts asks the spool how far each connection is durable
 * and the kernel how much of it was taken, and takes the difference.
 *
 * Events are edge-triggered: bytes that wait in the kernel for the sync must not wake us again and again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "role/lcp_worker_priv.h"

static void
make_ready(struct conn *c)
{
	struct worker *w = c->w;

	if (c->ready || c->waiting || c->closing)
		return;
	c->ready = true;
	c->next_ready = NULL;
	*w->ready_tail = c;
	w->ready_tail = &c->next_ready;
}

static void
on_conn(void *ctx, int fd, unsigned events)
{
	struct conn *c = ctx;

	(void)fd;
	c->hup |= (events & LOOP_HUP) != 0;
	if (c->waiting)
		return; /* it is looked at again after the sync */
	make_ready(c);
}

/* Takes n bytes from the kernel without copying them. */
static void
consume(struct conn *c, size_t n)
{
	while (n != 0) {
		ssize_t r = recv(c->fd, NULL, n, MSG_TRUNC | MSG_DONTWAIT);

		if (r < 0 && errno == EINTR)
			continue;
		must(r > 0); /* they were there when we peeked */
		n -= (size_t)r;
	}
}

/* Bytes of this connection that were taken from the kernel so far; *ret_unsure: a FIN may be counted in. */
static int64_t
taken(int fd, bool *ret_unsure)
{
	struct tcp_info a, b;
	int unread = 0;

	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	for (int i = 0; i < 1000; i++) {
		socklen_t n = sizeof a, m = sizeof b;

		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &a, &n) != 0 || ioctl(fd, FIONREAD, &unread) != 0 ||
		    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &b, &m) != 0 ||
		    n < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof a.tcpi_bytes_received)
			return -1;
		if (a.tcpi_bytes_received == b.tcpi_bytes_received && a.tcpi_state == b.tcpi_state)
			break;
	}
	*ret_unsure = b.tcpi_state == 7;
	/* CLOSE_WAIT, LAST_ACK, CLOSING, TIME_WAIT: the FIN is counted as a byte */
	return (int64_t)b.tcpi_bytes_received - unread -
	       (b.tcpi_state == 8 || b.tcpi_state == 9 || b.tcpi_state == 11 || b.tcpi_state == 6);
}

/* Makes what the kernel gave out and what is durable agree again. */
static void
settle_with_kernel(struct worker *w, struct conn *c)
{
	bool unsure = false;
	int64_t got = taken(c->fd, &unsure), due;

	if (got < 0)
		return;
	due = (int64_t)c->s.end - got;
	if (due == -1 && unsure)
		due = 0;
	if (due > 0) {
		int unread = 0;

		ioctl(c->fd, FIONREAD, &unread);
		if (unsure && due == unread + 1)
			due--;
		must(due <= unread);
		consume(c, (size_t)due);
		return;
	}
	if (due < 0) { /* durable bytes were lost from the disk: say it, go on behind them */
		log_alert("lcp.spool_lost_bytes", kv_u64("bytes", (uint64_t)-due));
		c->s.end = (uint64_t)got;
		c->s.st.frame = (struct frame){ .mode = c->s.st.frame.mode };
		worker_gap(w, "spool-lost", (uint64_t)-due, "bytes", c->msg.peer);
		spool_in_set(w->in, c->s.id, c->s.end, slice_of(&c->s.st, sizeof c->s.st));
		worker_commit_soon(w);
	}
}

void
tcp_add(struct worker *w, const struct lcp_conn_msg *m, int fd)
{
	struct conn *c = x_calloc(1, sizeof *c);

	if (m->listener >= w->setup.listeners.n) {
		free(c);
		close(fd);
		return;
	}
	c->w = w;
	c->msg = *m;
	c->msg.peer[sizeof c->msg.peer - 1] = '\0';
	c->fd = fd;
	memcpy(c->s.id, m->id, sizeof c->s.id);
	c->s.listener = &w->setup.listeners.v[m->listener];
	c->s.peer = c->msg.peer;
	c->s.source = c->s.listener->source;
	c->s.by_header = c->s.listener->by_header;
	c->s.transport = c->s.listener->kind == LCP_TLS ? BT_TLS : BT_TCP;
	stream_load(&c->s, spool_in_origin(w->in, c->s.id));
	c->s.st.kind = ORIGIN_CONN;
	map_put(&w->conns, slice_of(c->msg.id, 16), NULL)->ptr = c;
#ifdef NEZUBAN_TWIN
	if (getenv("NEZUBAN_TWIN_FORGET") == NULL) /* the other broken twin: does not ask how far the last one was */
#endif
		settle_with_kernel(w, c);
	c->watch = loop_watch(w->loop, fd, LOOP_IN | LOOP_EDGE, on_conn, c);
	make_ready(c);
	atomic_fetch_add(&w->board->connections, 1);
}

/* Origins of connections that the parent does not hold are over. */
void
tcp_start(struct worker *w)
{
	struct spool_origin *all = x_calloc(SPOOL_ORIGINS_MAX, sizeof *all);
	size_t n = spool_in_origins(w->in, all, SPOOL_ORIGINS_MAX);

	for (size_t i = 0; i < n; i++) {
		uint64_t id[2] = { all[i].id[0], all[i].id[1] };
		char kind = all[i].state.n != 0 ? all[i].state.p[0] : '\0';

		bool mine = kind == ORIGIN_INTAKE && memcmp(id, w->intake->id, sizeof id) == 0;

		if (kind != ORIGIN_FILE && !mine && map_get(&w->conns, slice_of(id, 16)) == NULL)
			spool_in_drop(w->in, id);
	}
	free(all);
	worker_commit_soon(w);
}

static void
conn_free(struct conn *c)
{
	watch_free(c->watch);
	close(c->fd);
	free(c);
}

void
tcp_gone(struct worker *w, const struct lcp_conn_msg *m)
{
	struct map_slot *s = map_get(&w->conns, slice_of(m->id, 16));

	if (s == NULL || s->ptr == NULL)
		return;
	conn_free(s->ptr);
	map_del(&w->conns, slice_of(m->id, 16));
	spool_in_drop(w->in, m->id);
	worker_commit_soon(w);
	atomic_fetch_sub(&w->board->connections, 1);
}

/* Nothing more will come and everything is durable: the parent may close it. */
static void
finish(struct conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	watch_free(c->watch);
	c->watch = NULL;
	if (c->w->parent != NULL)
		chan_send(c->w->parent, LCP_CLOSE, 0, slice_of(&c->msg, sizeof c->msg), -1);
}

/* One look at a connection. True: it has bytes in the open group now. */
static bool
read_conn(struct worker *w, struct conn *c, bool *ret_commit)
{
	size_t room, used;
	char *p = spool_in_room(w->in, PEEK_BYTES, &room);
	bool hup = c->hup; /* known before the look, so the look saw everything before the end */
	ssize_t n = recv(c->fd, p, PEEK_BYTES, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n == 0 && c->s.st.frame.part) { /* it ended inside an over-long line */
		stream_take(w, &c->s, spool_in_keep(w->in, 0), p, 0, true, ret_commit);
		if (!*ret_commit && !c->s.st.frame.part) {
			spool_in_set(w->in, c->s.id, c->s.end, slice_of(&c->s.st, sizeof c->s.st));
			return true;
		}
		return false;
	}
	if (n <= 0) {
		finish(c);
		return false;
	}
	used = stream_take(w, &c->s, spool_in_keep(w->in, (size_t)n), p, (size_t)n, hup && n < PEEK_BYTES, ret_commit);
#ifdef NEZUBAN_TWIN
	if (used != 0 && getenv("NEZUBAN_TWIN_TAKE_EARLY") != NULL) {
		/* the broken twin: bytes leave the kernel before they are durable */
		consume(c, used);
		stream_settled(w, &c->s);
		make_ready(c);
		return false;
	}
#endif
	*ret_commit |= n >= PEEK_MUCH;
	return used != 0;
}

/* One look at each that is ready now; those that become ready meanwhile wait for the next round. */
void
tcp_run(struct worker *w)
{
	struct conn *end = w->ready != NULL ? (struct conn *)((char *)w->ready_tail - offsetof(struct conn, next_ready)) : NULL;
	bool more = end != NULL;

	while (more && !w->full) {
		struct conn *c = w->ready;
		bool commit = false;

		more = c != end;
		if ((w->ready = c->next_ready) == NULL)
			w->ready_tail = &w->ready;
		c->ready = false;
		if (read_conn(w, c, &commit)) {
			c->waiting = true;
			c->next_waiting = w->waiting;
			w->waiting = c;
			worker_commit_soon(w);
		} else if (commit && !c->closing) {
			make_ready(c);
		}
		if ((commit || worker_must_commit(w)) && worker_commit(w) != 0)
			return;
	}
}

void
tcp_settled(struct worker *w)
{
	struct conn *c = w->waiting;

#ifdef NEZUBAN_TWIN
	static unsigned turns;

	/* dies at the worst moment: synced, not yet taken */
	if (c != NULL && getenv("NEZUBAN_TWIN_DIE") != NULL && ++turns % 20 == 0)
		raise(SIGKILL);
#endif
	w->waiting = NULL;
	while (c != NULL) {
		struct conn *next = c->next_waiting;

		c->waiting = false;
		if (c->s.take != 0)
			consume(c, c->s.take);
		stream_settled(w, &c->s);
		make_ready(c); /* more may have come meanwhile */
		c = next;
	}
}
