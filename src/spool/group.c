/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and writing the payload of one group.  Nobody reads a group that spool_group_read did not check.
 */
#include "spool/group_priv.h"

#include "base/err.h"
#include "base/must.h"

static bool
check_devices(struct slice at, uint32_t count)
{
	while (count-- != 0) {
		uint16_t len[2];

		if (at.n < sizeof len)
			return false;
		memcpy(len, at.p, sizeof len);
		if (at.n - sizeof len < (size_t)len[0] + len[1])
			return false;
		at = slice_sub(at, sizeof len + len[0] + len[1], at.n);
	}
	return at.n < 8;
}

static bool
check_origins(struct slice at, uint32_t count)
{
	while (count-- != 0) {
		struct group_origin o;

		if (at.n < sizeof o)
			return false;
		memcpy(&o, at.p, sizeof o);
		if (o.state_len > SPOOL_STATE_MAX || at.n - sizeof o < group_pad(o.state_len))
			return false;
		at = slice_sub(at, sizeof o + group_pad(o.state_len), at.n);
	}
	return at.n == 0;
}

static bool
check_lines(const struct spool_group *g)
{
	for (uint32_t i = 0; i < g->nlines; i++) {
		const struct spool_line *l = &g->lines[i];

		if (l->off > g->bytes.n || l->len > g->bytes.n - l->off || l->len > BATCH_LINE_MAX ||
		    l->device >= g->ndevices || l->transport >= BT_COUNT)
			return false;
	}
	for (uint32_t i = 0; i < g->nnotes; i++)
		if (g->notes[i].line >= g->nlines || (g->lines[g->notes[i].line].flags & LINE_CUT) == 0 ||
		    (i != 0 && g->notes[i].line <= g->notes[i - 1].line))
			return false;
	return true;
}

int
spool_group_read(struct slice payload, struct spool_group *ret)
{
	struct spool_group g;
	struct group_head h;
	size_t want;

	if (payload.n < sizeof h)
		return E_CORRUPT;
	memcpy(&h, payload.p, sizeof h);
	if (h.bytes_len > GROUP_BYTES_MAX || h.lines > GROUP_LINES_MAX || h.notes > h.lines ||
	    h.devices > SPOOL_GROUP_DEVICES_MAX || h.origins > SPOOL_ORIGINS_MAX || h.devices_len > payload.n ||
	    h.origins_len > payload.n || h.devices_len % 8 != 0)
		return E_CORRUPT;
	want = sizeof h + group_pad(h.bytes_len) + h.lines * sizeof *g.lines + h.notes * sizeof *g.notes +
	       (size_t)h.devices_len + h.origins_len;
	if (want != payload.n)
		return E_CORRUPT;
	payload = slice_sub(payload, sizeof h, payload.n);
	g = (struct spool_group){ .nlines = h.lines, .ndevices = h.devices, .norigins = h.origins, .nnotes = h.notes };
	g.bytes = slice_sub(payload, 0, h.bytes_len);
	payload = slice_sub(payload, group_pad(h.bytes_len), payload.n);
	g.lines = (const void *)payload.p;
	payload = slice_sub(payload, h.lines * sizeof *g.lines, payload.n);
	g.notes = (const void *)payload.p;
	payload = slice_sub(payload, h.notes * sizeof *g.notes, payload.n);
	g.devices = slice_sub(payload, 0, h.devices_len);
	g.origins = slice_sub(payload, h.devices_len, payload.n);
	if (!check_devices(g.devices, g.ndevices) || !check_origins(g.origins, g.norigins) || !check_lines(&g))
		return E_CORRUPT;
	*ret = g;
	return 0;
}

void
group_next_device(struct slice *at, struct slice *ret_id, struct slice *ret_source)
{
	uint16_t len[2];

	must(at->n >= sizeof len);
	memcpy(len, at->p, sizeof len);
	*ret_id = slice_sub(*at, sizeof len, sizeof len + len[0]);
	*ret_source = slice_sub(*at, sizeof len + len[0], sizeof len + len[0] + len[1]);
	*at = slice_sub(*at, sizeof len + len[0] + len[1], at->n);
}

void
group_next_origin(struct slice *at, struct group_origin *ret, struct slice *ret_state)
{
	must(at->n >= sizeof *ret);
	memcpy(ret, at->p, sizeof *ret);
	*ret_state = slice_sub(*at, sizeof *ret, sizeof *ret + ret->state_len);
	*at = slice_sub(*at, sizeof *ret + group_pad(ret->state_len), at->n);
}

void
group_put_device(struct buf *out, struct slice id, struct slice source)
{
	uint16_t len[2] = { (uint16_t)id.n, (uint16_t)source.n };

	must(id.n <= UINT16_MAX && source.n <= UINT16_MAX);
	buf_put(out, len, sizeof len);
	buf_put_slice(out, id);
	buf_put_slice(out, source);
}

void
group_put_origin(struct buf *out, const struct group_origin *o, const void *state)
{
	static const char zero[8];

	buf_put(out, o, sizeof *o);
	buf_put(out, state, o->state_len);
	buf_put(out, zero, group_pad(o->state_len) - o->state_len);
}
