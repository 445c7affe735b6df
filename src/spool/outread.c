/* SPDX-License-Identifier: Apache-2.0
 *
 * `out`, the reading side.  Batches are read in order almost always, so a read goes on behind the one before;
 * otherwise the marks of the segments lead to the right one and it is walked from its head.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/must.h"
#include "spool/out_priv.h"

static bool
same(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] == b[0] && a[1] == b[1];
}

void
out_sealed(const struct out_head *h, struct spool_sealed *ret)
{
	*ret = (struct spool_sealed){ .seq = h->seq, .epoch = { h->epoch[0], h->epoch[1] }, .lines = h->lines,
		                      .sealed_ns = h->sealed_ns };
	memcpy(ret->hash, h->hash, 32);
}

static bool
open_mark(struct spool_out *out, size_t mark)
{
	auto_free char *path = NULL;

	if (mark >= out->marks.n)
		return false;
	path = seg_path(out->log.dir, out->log.log, out->marks.v[mark].first);
	if (out->fd >= 0)
		close(out->fd);
	out->fd = open(path, O_RDONLY | O_CLOEXEC);
	out->at_mark = mark;
	out->at_off = 0;
	return out->fd >= 0;
}

/* Walks on from where out->fd stands. E_NOTFOUND at the end of the segment or past the batch. */
static int
walk(struct spool_out *out, const uint64_t epoch[2], uint64_t seq, struct out_head *ret)
{
	bool damaged = false;
	struct rec r;

	for (;;) {
		uint64_t off = out->at_off;
		int e = rec_read(out->fd, off, out->log.segment, out->log.log, 0, &out->read, &r);

		if (e != 0) { /* the end, or damage with more behind it */
			if (off >= out->log.segment ||
			    rec_seek(out->fd, off, out->log.segment, out->log.log, out->marks.v[out->at_mark].first, &out->read, &r, &off) != 0)
				return damaged ? E_CORRUPT : E_NOTFOUND;
			damaged = true;
		}
		out->at_off = off + rec_space(r.payload.n);
		if (r.kind != REC_BATCH || r.payload.n < sizeof *ret)
			continue;
		memcpy(ret, r.payload.p, sizeof *ret);
		if (same(ret->epoch, epoch) && ret->seq == seq) {
			out->heads[seq % HEADS_KEPT] = *ret;
			return 0;
		}
		if (same(ret->epoch, epoch) && ret->seq > seq) {
			out->at_off = 0;
			return damaged ? E_CORRUPT : E_NOTFOUND;
		}
	}
}

/* The first segment that may hold it: its mark names a batch before this one, the next one's does not. */
static size_t
mark_of(const struct spool_out *out, const uint64_t epoch[2], uint64_t seq)
{
	size_t take = 0;

	for (size_t i = 0; i < out->marks.n; i++) {
		const struct out_head *h = &out->marks.v[i].head;

		if (same(h->epoch, epoch) && h->seq < seq)
			take = i;
		else if (same(h->epoch, epoch))
			break;
		else if (!same(epoch, out->last.epoch))
			continue;
		else
			take = i; /* of an older epoch: ours can begin in it */
	}
	return take;
}

int
out_find(struct spool_out *out, const uint64_t epoch[2], uint64_t seq, struct out_head *ret)
{
	size_t mark;
	int e;

	if (out->fd >= 0 && out->at_mark < out->marks.n && walk(out, epoch, seq, ret) == 0)
		return 0;
	mark = mark_of(out, epoch, seq);
	for (size_t tries = 0; tries < 3; tries++, mark++) {
		if (!open_mark(out, mark))
			return E_NOTFOUND;
		if ((e = walk(out, epoch, seq, ret)) != E_NOTFOUND)
			return e;
	}
	return E_NOTFOUND;
}

int
spool_out_read(struct spool_out *out, uint64_t seq, struct buf *wire, struct spool_sealed *ret)
{
	struct out_head h;
	int e = seq == 0 || seq > out->last.seq ? E_NOTFOUND : out_find(out, out->last.epoch, seq, &h);

	if (e == E_NOTFOUND && seq >= spool_out_first(out) && seq <= out->last.seq)
		e = E_CORRUPT; /* it must be there and is not */
	if (e != 0)
		return e;
	buf_put(wire, out->read.p + sizeof h, out->read.n - sizeof h);
	if (ret != NULL)
		out_sealed(&h, ret);
	return 0;
}

void
spool_out_in_position(const struct spool_out *out, uint64_t *ret_log, uint64_t *ret_seq)
{
	*ret_log = out->last.in_log;
	*ret_seq = out->last.in_seq;
}

void
spool_out_epoch(const struct spool_out *out, uint64_t ret[2])
{
	ret[0] = out->last.epoch[0];
	ret[1] = out->last.epoch[1];
}

uint64_t
spool_out_last(const struct spool_out *out)
{
	return out->last.seq;
}

uint64_t
spool_out_first(const struct spool_out *out)
{
	for (size_t i = 0; i < out->marks.n; i++)
		if (same(out->marks.v[i].head.epoch, out->last.epoch))
			return i == 0 ? out->marks.v[i].head.seq + 1 : 1;
	return 1;
}

uint64_t
spool_out_stored(const struct spool_out *out)
{
	return out->stored;
}

int64_t
spool_out_oldest_ns(const struct spool_out *out)
{
	/* reading is not a change: the place of the last read is only a cache */
	struct spool_out *o = (struct spool_out *)(uintptr_t)out;
	struct out_head h;

	return out->stored < out->last.seq && out_find(o, out->last.epoch, out->stored + 1, &h) == 0 ? h.sealed_ns : 0;
}

uint64_t
spool_out_bytes(const struct spool_out *out)
{
	return seglog_bytes(&out->log);
}

const struct spool_damage *
spool_out_damage(const struct spool_out *out)
{
	return &out->log.damage;
}
