/* SPDX-License-Identifier: Apache-2.0
 *
 * Datagrams.  They are received straight into the intake, memory that outlives this process: one that was taken
 * from the kernel and is not durable yet is found there by the next worker.  What the kernel itself had to drop
 * is told by its own counter (SO_RXQ_OVFL with each datagram, SO_MEMINFO once a second for those after the
 * last), and each jump becomes a gap record with the exact number.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "role/lcp_worker_priv.h"

struct udp {
	struct worker *w;
	uint64_t id[2];
	uint32_t listener;
	int fd;
	struct watch *watch;
	uint32_t drops;      /* as told in the log already */
	bool was_full;       /* since the last look we could not read */
	struct stream s;
};

#define AT_ONCE 64u /* datagrams of one call: at most 4 MiB into a group */

static void on_udp(void *ctx, int fd, unsigned events);

void
udp_open(struct worker *w)
{
	w->intake = mmap(NULL, sizeof *w->intake, PROT_READ | PROT_WRITE, MAP_SHARED, LCP_FD_INTAKE, 0);
	if (w->intake == MAP_FAILED)
		die(3, "no intake: this is started by nezuban-lcp itself");
}

void
udp_add(struct worker *w, const struct lcp_conn_msg *m, int fd)
{
	struct udp *u = x_calloc(1, sizeof *u);
	const struct spool_origin *o;

	if (m->listener >= w->setup.listeners.n) {
		free(u);
		close(fd);
		return;
	}
	u->w = w;
	memcpy(u->id, m->id, sizeof u->id);
	u->listener = m->listener;
	u->fd = fd;
	u->s.listener = &w->setup.listeners.v[m->listener];
	u->s.source = u->s.listener->source;
	u->s.by_header = u->s.listener->by_header;
	u->s.transport = BT_UDP;
	if ((o = spool_in_origin(w->in, u->id)) != NULL)
		u->drops = (uint32_t)o->end;
	map_put(&w->conns, slice_of(u->id, 16), NULL)->ptr = NULL; /* so that its origin is not forgotten */
	vec_push(&w->sockets, u);
	u->watch = loop_watch(w->loop, fd, w->full ? 0 : LOOP_IN, on_udp, u);
}

static void
see_drops(struct udp *u, uint32_t now)
{
	uint32_t more = now - u->drops;
	uint8_t state[1] = { ORIGIN_SOCKET };

	if (more == 0 || more > UINT32_MAX / 2)
		return;
	u->drops = now;
	worker_gap(u->w, u->was_full ? "full" : "udp_kernel", more, "lines", u->s.listener->name);
	spool_in_set(u->w->in, u->id, now, slice_of(state, 1));
	worker_commit_soon(u->w);
}

void
udp_sample(struct worker *w)
{
	for (size_t i = 0; i < w->sockets.n; i++) {
		uint32_t info[SK_MEMINFO_VARS];
		socklen_t n = sizeof info;

		if (w->full || getsockopt(w->sockets.v[i]->fd, SOL_SOCKET, SO_MEMINFO, info, &n) != 0 ||
		    n < (SK_MEMINFO_DROPS + 1) * sizeof *info)
			continue;
		see_drops(w->sockets.v[i], info[SK_MEMINFO_DROPS]);
		w->sockets.v[i]->was_full = false;
	}
}

static void
address_text(const struct sockaddr_storage *a, char *out, size_t n)
{
	char host[64] = "unknown";

	getnameinfo((const void *)a, sizeof *a, host, sizeof host, NULL, 0, NI_NUMERICHOST);
	memmove(out, strncmp(host, "::ffff:", 7) == 0 ? host + 7 : host, strlen(host) + 1 < n ? strlen(host) + 1 : n - 1);
	out[n - 1] = '\0';
}

/* The address as text, without asking the library again for each datagram of the same sender. */
static const char *
peer_of(const struct sockaddr_storage *a)
{
	static struct sockaddr_storage last;
	static char text[64];
	size_t n = a->ss_family == AF_INET ? offsetof(struct sockaddr_in, sin_zero) : sizeof(struct sockaddr_in6);
	struct sockaddr_storage b = *a;

	((struct sockaddr_in *)&b)->sin_port = 0; /* the same place in both families */
	if (memcmp(&b, &last, n) != 0 || text[0] == '\0') {
		address_text(&b, text, sizeof text);
		last = b;
	}
	return text;
}

/* One datagram is one line; a newline at its end is an end. False: the group is full. */
static bool
add_datagram(struct worker *w, unsigned i)
{
	struct lcp_slot *slot = &w->intake->slot[i];
	size_t n = w->intake->head[i].msg_len, room;
	struct udp *u = NULL;
	uint32_t off;
	char *p;

	for (size_t k = 0; k < w->sockets.n && u == NULL; k++)
		if (w->sockets.v[k]->listener == slot->listener)
			u = w->sockets.v[k];
	if (u == NULL || n > INTAKE_BYTES)
		return true;
	u->s.peer = peer_of(&slot->from);
	if (n != 0 && w->intake->bytes[i][n - 1] == '\n')
		n -= n > 1 && w->intake->bytes[i][n - 2] == '\r' ? 2 : 1;
	if (n == 0)
		return true;
	p = spool_in_room(w->in, n, &room);
	memcpy(p, w->intake->bytes[i], n);
	off = spool_in_keep(w->in, n);
	if (worker_line(w, &u->s, off, slice_of(p, n), 0))
		return true;
	spool_in_unkeep(w->in, n);
	return false;
}

static void
mark_round(struct worker *w)
{
	uint8_t state[1] = { ORIGIN_INTAKE };

	spool_in_set(w->in, w->intake->id, w->intake->round, slice_of(state, 1));
	worker_commit_soon(w);
}

/* What the worker before us had received and not made durable. */
void
udp_recover(struct worker *w)
{
	const struct spool_origin *o = spool_in_origin(w->in, w->intake->id);
	uint64_t durable = o != NULL && w->intake->round > 0 ? o->end : 0, round = w->intake->round;
	unsigned count = 0;

	if (durable == round) { /* it died between the sync and the clearing */
		w->slots_used = INTAKE_SLOTS;
		udp_settled(w);
		return;
	}
	for (unsigned i = 0; i < INTAKE_SLOTS; i++) {
		if (w->intake->head[i].msg_len == INTAKE_EMPTY)
			continue;
		must(add_datagram(w, i));
		w->slots_used = i + 1;
		count++;
	}
	if (count != 0) {
		log_info("lcp.intake_recovered", kv_u64("datagrams", count));
		mark_round(w);
	}
}

void
udp_settled(struct worker *w)
{
	if (w->slots_used == 0)
		return;
	/* The order matters: while the round is the durable one, whatever is in the slots counts as done. */
	for (unsigned i = 0; i < w->slots_used; i++)
		w->intake->head[i].msg_len = INTAKE_EMPTY;
	atomic_thread_fence(memory_order_seq_cst);
	w->intake->round++;
	w->slots_used = 0;
}

/* Points the next slots at their places; how many. */
static unsigned
aim_slots(struct worker *w, struct udp *u)
{
	static struct iovec iov[INTAKE_SLOTS];
	unsigned end = w->slots_used + AT_ONCE < INTAKE_SLOTS ? w->slots_used + AT_ONCE : INTAKE_SLOTS;

	for (unsigned i = w->slots_used; i < end; i++) {
		struct lcp_slot *s = &w->intake->slot[i];

		s->listener = u->listener;
		iov[i] = (struct iovec){ w->intake->bytes[i], INTAKE_BYTES };
		w->intake->head[i].msg_hdr = (struct msghdr){ .msg_name = &s->from, .msg_namelen = sizeof s->from,
			                                      .msg_iov = &iov[i], .msg_iovlen = 1,
			                                      .msg_control = s->control, .msg_controllen = sizeof s->control };
	}
	return end - w->slots_used;
}

static void
read_overflow(struct udp *u, struct msghdr *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			uint32_t drops;

			memcpy(&drops, CMSG_DATA(c), sizeof drops);
			see_drops(u, drops);
		}
}

static void
on_udp(void *ctx, int fd, unsigned events)
{
	struct udp *u = ctx;
	struct worker *w = u->w;
	int n;

	(void)events;
	if (w->full || !w->going)
		return;
	n = recvmmsg(fd, w->intake->head + w->slots_used, aim_slots(w, u), MSG_DONTWAIT, NULL);
	if (n <= 0)
		return;
	w->now_ns = clock_now(clock_real());
	mark_round(w);
	for (int i = 0; i < n; i++) {
		/* worker_must_commit leaves room for one round of these in every group */
		must(add_datagram(w, w->slots_used));
		w->slots_used++;
	}
	read_overflow(u, &w->intake->head[w->slots_used - 1].msg_hdr);
	if (w->slots_used == INTAKE_SLOTS || worker_must_commit(w))
		(void)worker_commit(w);
}

void
udp_pause(struct worker *w, bool paused)
{
	for (size_t i = 0; i < w->sockets.n; i++) {
		w->sockets.v[i]->was_full |= paused;
		watch_set(w->sockets.v[i]->watch, paused ? 0 : LOOP_IN);
	}
}
