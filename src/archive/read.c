/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading in the order of arrival, up to what was synced.
 */
#include <fcntl.h>
#include <unistd.h>

#include "archive/record_priv.h"
#include "base/log.h"
#include "batch/crc32c.h"

size_t
archive_tenants(const struct archive *a)
{
	return a->tenants.n;
}

const char *
archive_tenant(const struct archive *a, size_t i)
{
	return a->tenants.v[i].name;
}

/* Days at the front may have been removed since the reader was there. */
static void
step_over_removed(const struct tenant *t, struct archive_reader *r)
{
	if (r->seg < t->first_seg) {
		r->seg = t->first_seg;
		r->off = 0;
	}
}

void
archive_skip(const struct archive *a, struct archive_reader *r, uint64_t (*known)(void *ctx, const struct batch_key *key),
             void *ctx)
{
	const struct tenant *t = &a->tenants.v[r->tenant];
	step_over_removed(t, r);
	for (; r->seg + 1 < t->first_seg + t->segs.n; r->seg++) {
		const struct seg *s = &t->segs.v[r->seg - t->first_seg];

		for (size_t i = 0; i < s->spans.n; i++)
			if (s->spans.v[i].last > known(ctx, &t->streams.v[s->spans.v[i].stream].key))
				return;
	}
}

static bool
is_open(struct seg *s)
{
	if (s->fd < 0)
		s->fd = open(s->path, O_RDWR | O_CLOEXEC);
	return s->fd >= 0;
}

/* Good head at the reader's place, or the next one behind damage; false at the end of the segment. */
static bool
head_at(struct seg *s, uint64_t *off, struct record *r)
{
	while (*off + sizeof *r <= s->synced) {
		if (pread(s->fd, r, sizeof *r, (off_t)*off) == (ssize_t)sizeof *r && record_head_is_good(r) &&
		    *off + record_size(r) <= s->synced)
			return true;
		*off += RECORD_ALIGN;
	}
	return false;
}

int
archive_next(struct archive *a, struct archive_reader *rd, struct archive_meta *ret, struct buf *wire)
{
	struct tenant *t = &a->tenants.v[rd->tenant];
	struct record r;

	step_over_removed(t, rd);
	for (; rd->seg < t->first_seg + t->segs.n; rd->seg++, rd->off = 0) {
		struct seg *s = &t->segs.v[rd->seg - t->first_seg];

		if (is_open(s) && head_at(s, &rd->off, &r)) {
			buf_reserve(wire, r.meta.wire_len);
			if (pread(s->fd, wire->p + wire->n, r.meta.wire_len, (off_t)(rd->off + sizeof r)) !=
			    (ssize_t)r.meta.wire_len)
				return E_IO;
			wire->n += r.meta.wire_len;
			rd->off += record_size(&r);
			*ret = r.meta;
			return 0;
		}
		if (rd->seg + 1 == t->first_seg + t->segs.n)
			return E_EOF; /* this one may still grow */
		if (s->dirty)
			return E_EOF; /* a new segment was begun, but the end of this one is not synced yet */
		/* Behind us and not the open one: it need not stay open. */
		if (s->fd >= 0 && !s->dirty) {
			close(s->fd);
			s->fd = -1;
		}
	}
	return E_EOF;
}
