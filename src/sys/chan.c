/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sys/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/must.h"
#include "base/vec.h"
#include "sys/fd.h"

#define READ_STEP (256u * 1024)
#define FDS_WAITING 64 /* descriptors whose message has not come whole; more is an attack on our table of them */

struct fd_mark {
	uint64_t at; /* stream offset of the head it belongs to */
	int fd;
};

struct chan {
	struct loop *l;
	int fd;
	struct watch *w;
	const struct chan_ops *ops;
	void *ctx;
	struct buf in, out;
	size_t out_at;           /* bytes of out already written */
	uint64_t out_base;       /* stream offset of out.p[0] */
	VEC(struct fd_mark) out_fds;
	VEC(int) in_fds;         /* received, not yet claimed by a message */
	struct timer *later;     /* delivers what was read while paused */
	bool paused, dead, busy;
};

static void
chan_events(struct chan *ch)
{
	watch_set(ch->w, (ch->paused ? 0 : LOOP_IN) | (ch->out_at < ch->out.n ? LOOP_OUT : 0));
}

static void
destroy(struct chan *ch)
{
	timer_free(ch->later);
	watch_free(ch->w);
	close(ch->fd);
	for (size_t i = 0; i < ch->out_fds.n; i++)
		close(ch->out_fds.v[i].fd);
	for (size_t i = 0; i < ch->in_fds.n; i++)
		close(ch->in_fds.v[i]);
	vec_fini(&ch->out_fds);
	vec_fini(&ch->in_fds);
	buf_fini(&ch->in);
	buf_fini(&ch->out);
	free(ch);
}

void
chan_free(struct chan *ch)
{
	if (ch == NULL)
		return;
	if (ch->busy)
		ch->dead = true; /* inside its own callback: freed when that returns */
	else
		destroy(ch);
}

static void
lost(struct chan *ch)
{
	if (ch->dead)
		return;
	ch->dead = true;
	ch->ops->on_close(ch->ctx, ch);
}

/* One sendmsg: up to the next message that carries a descriptor, or that message's first byte with it. */
static ssize_t
send_some(struct chan *ch)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} ctl = { 0 };
	struct iovec iov = { ch->out.p + ch->out_at, ch->out.n - ch->out_at };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	uint64_t at = ch->out_base + ch->out_at;
	bool with_fd = ch->out_fds.n != 0 && ch->out_fds.v[0].at == at;
	uint64_t stop = with_fd ? (ch->out_fds.n > 1 ? ch->out_fds.v[1].at : UINT64_MAX)
	                        : (ch->out_fds.n != 0 ? ch->out_fds.v[0].at : UINT64_MAX);
	ssize_t n;

	if (stop != UINT64_MAX && stop - at < iov.iov_len)
		iov.iov_len = (size_t)(stop - at);
	if (with_fd) {
		mh.msg_control = ctl.room;
		mh.msg_controllen = sizeof ctl.room;
		ctl.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
			                  .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&ctl.h), &ch->out_fds.v[0].fd, sizeof(int));
	}
	n = sendmsg(ch->fd, &mh, MSG_NOSIGNAL);
	if (n > 0 && with_fd) {
		close(ch->out_fds.v[0].fd);
		memmove(ch->out_fds.v, ch->out_fds.v + 1, --ch->out_fds.n * sizeof *ch->out_fds.v);
	}
	return n;
}

/* False when the peer is gone. */
static bool
flush(struct chan *ch)
{
	while (ch->out_at < ch->out.n) {
		ssize_t n = send_some(ch);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		ch->out_at += (size_t)n;
	}
	ch->out_base += ch->out.n;
	ch->out_at = 0;
	buf_clear(&ch->out);
	if (ch->out.cap > 8u << 20)
		buf_fini(&ch->out); /* a burst does not keep its memory */
	return true;
}

static void
keep_fds(struct chan *ch, struct msghdr *mh)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		size_t n = c->cmsg_type == SCM_RIGHTS ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			vec_push(&ch->in_fds, fd);
		}
	}
}

/* Bytes a message takes in the stream: each starts 16-aligned, so bodies are aligned at the reader too. */
static size_t
padded(uint32_t len)
{
	return (sizeof(struct chan_head) + len + 15) & ~(size_t)15;
}

/* Delivers whole messages; false when the peer broke the protocol. */
static bool
deliver(struct chan *ch)
{
	struct chan_head h;
	size_t at = 0, whole;

	while (!ch->dead && !ch->paused && ch->in.n - at >= sizeof h) {
		struct msg m = { .fd = -1 };

		memcpy(&h, ch->in.p + at, sizeof h);
		if (h.len > CHAN_MSG_MAX)
			return false;
		whole = padded(h.len);
		if (ch->in.n - at < whole)
			break;
		if ((h.flags & CHAN_HAS_FD) != 0) {
			if (ch->in_fds.n == 0)
				return false;
			m.fd = ch->in_fds.v[0];
			memmove(ch->in_fds.v, ch->in_fds.v + 1, --ch->in_fds.n * sizeof *ch->in_fds.v);
		}
		m.type = h.type;
		m.id = h.id;
		m.body = slice_of(ch->in.p + at + sizeof h, h.len);
		at += whole;
		ch->ops->on_msg(ch->ctx, ch, &m);
		if (m.fd >= 0)
			close(m.fd);
	}
	if (!ch->dead)
		buf_drop_front(&ch->in, at);
	return true;
}

static void
on_ready(void *ctx, int fd, unsigned events)
{
	struct chan *ch = ctx;
	bool ok = true, had_out = ch->out.n != 0;

	ch->busy = true;
	if ((events & LOOP_OUT) != 0)
		ok = flush(ch);
	if (ch->paused && (events & LOOP_HUP) != 0)
		ok = false; /* whatever it still had to say comes again from its position */
	if (ok && (events & (LOOP_IN | LOOP_HUP)) != 0 && !ch->paused) {
		char ctl[CMSG_SPACE(8 * sizeof(int))];
		struct iovec iov;
		struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof ctl };
		ssize_t n;

		buf_reserve(&ch->in, READ_STEP);
		iov = (struct iovec){ ch->in.p + ch->in.n, ch->in.cap - ch->in.n - 1 };
		n = recvmsg(fd, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		if (n > 0) {
			keep_fds(ch, &mh);
			ch->in.n += (size_t)n;
			ok = ch->in_fds.n <= FDS_WAITING && deliver(ch);
		} else {
			ok = n < 0 && (errno == EAGAIN || errno == EINTR) && deliver(ch);
		}
	}
	if (!ok)
		lost(ch);
	else if (had_out && ch->out.n == 0 && !ch->dead && ch->ops->on_drain != NULL)
		ch->ops->on_drain(ch->ctx, ch);
	ch->busy = false;
	if (ch->dead)
		destroy(ch);
	else
		chan_events(ch);
}

struct chan *
chan_new(struct loop *l, int fd, const struct chan_ops *ops, void *ctx)
{
	struct chan *ch = x_calloc(1, sizeof *ch);

	*ch = (struct chan){ .l = l, .fd = fd, .ops = ops, .ctx = ctx };
	must(fd_nonblock(fd) == 0);
	ch->w = loop_watch(l, fd, LOOP_IN, on_ready, ch);
	return ch;
}

void
chan_send2(struct chan *ch, uint16_t type, uint64_t id, struct slice a, struct slice b, int fd)
{
	static const char zero[16] = { 0 };
	struct chan_head h = { .type = type, .id = id, .flags = fd >= 0 ? CHAN_HAS_FD : 0 };
	size_t len = a.n + b.n;

	must(len <= CHAN_MSG_MAX);
	if (ch->dead)
		return;
	h.len = (uint32_t)len;
	if (fd >= 0) {
		int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

		must(copy >= 0);
		vec_push(&ch->out_fds, (struct fd_mark){ ch->out_base + ch->out.n, copy });
	}
	buf_reserve(&ch->out, sizeof h + len + 16);
	buf_put(&ch->out, &h, sizeof h);
	buf_put(&ch->out, a.p, a.n);
	buf_put(&ch->out, b.p, b.n);
	buf_put(&ch->out, zero, padded(h.len) - sizeof h - len);
	if (!ch->busy && !flush(ch)) {
		/* The reader side sees the hang-up next round and reports it once. */
		ch->out_base += ch->out.n;
		ch->out_at = 0;
		buf_clear(&ch->out);
	}
	chan_events(ch);
}

void
chan_send(struct chan *ch, uint16_t type, uint64_t id, struct slice body, int fd)
{
	chan_send2(ch, type, id, body, slice_of(NULL, 0), fd);
}

size_t
chan_queued(const struct chan *ch)
{
	return ch->out.n - ch->out_at;
}

static void
deliver_later(void *ctx)
{
	struct chan *ch = ctx;

	ch->later = NULL;
	on_ready(ch, ch->fd, LOOP_IN);
}

void
chan_pause(struct chan *ch, bool paused)
{
	bool was = ch->paused;

	ch->paused = paused;
	if (ch->dead)
		return;
	chan_events(ch);
	/* Messages already read must not wait for the next byte of the peer. */
	if (was && !paused && ch->in.n >= sizeof(struct chan_head) && ch->later == NULL)
		ch->later = loop_timer(ch->l, 0, 0, deliver_later, ch);
}
