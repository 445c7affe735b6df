/* SPDX-License-Identifier: Apache-2.0
 *
 * Pack: follows `in` and fills the open batch.  Whole records of `in` go into a batch, so the number of the last
 * one is all that has to be remembered, and it is remembered inside the sealed batch itself.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "spool/group_priv.h"
#include "spool/seglog_priv.h"

#define RUN_BYTES (4u << 20) /* at one call, so that the caller's loop breathes */
#define LINES_GOOD 60000u

struct spool_pack {
	struct spool_out *out;
	char *dir, *quarantine;
	uint64_t segment;
	int level;
	struct segread in;
	uint64_t log, seq;       /* last record in the open batch or before */
	struct batch_builder *bb;
	uint32_t devices;        /* upper bound of those in bb */
	int64_t since;
	spool_line_fn *on_line;
	void *ctx;
	struct spool_damage damage;
};

struct spool_pack *
spool_pack_new(const struct spool_opts *o, struct spool_out *out, int level)
{
	struct spool_pack *p = x_calloc(1, sizeof *p);

	p->out = out;
	p->dir = x_asprintf("%s/in", o->dir);
	p->quarantine = x_asprintf("%s/quarantine", o->dir);
	p->segment = o->segment != 0 ? o->segment : SPOOL_SEGMENT;
	p->level = level;
	p->in.fd = -1;
	p->bb = batch_builder_new();
	return p;
}

void
spool_pack_free(struct spool_pack *p)
{
	if (p == NULL)
		return;
	segread_fini(&p->in);
	batch_builder_free(p->bb);
	free(p->dir);
	free(p->quarantine);
	free(p);
}

void
spool_pack_on_line(struct spool_pack *p, spool_line_fn *fn, void *ctx)
{
	p->on_line = fn;
	p->ctx = ctx;
}

int64_t
spool_pack_open_since(const struct spool_pack *p)
{
	return batch_builder_lines(p->bb) != 0 ? p->since : 0;
}

const struct spool_damage *
spool_pack_damage(const struct spool_pack *p)
{
	return &p->damage;
}

static void
put_gap(struct spool_pack *p, const char *reason, uint64_t count, const char *unit, int64_t now)
{
	auto_buf struct buf b = { 0 };
	struct spool_line l = { .transport = BT_INTERNAL, .flags = LINE_GAP, .received_ns = now };
	int dev;

	spool_gap_json(&b, reason, count, unit, 0, now, "in");
	dev = batch_add_device(p->bb, SL("nezuban-lcp"), SL(""));
	must(dev >= 0);
	must(batch_add_line(p->bb, (uint32_t)dev, BT_INTERNAL, LINE_GAP, now, buf_slice(&b)) == 0);
	p->devices++;
	if (p->on_line != NULL)
		p->on_line(p->ctx, SL("nezuban-lcp"), SL(""), &l, buf_slice(&b));
	log_warn("spool.gap", kv_str("reason", reason), kv_u64("count", count), kv_str("unit", unit));
}

/* Another log than before: the first time, or `in` was lost and made anew. */
static void
begin_log(struct spool_pack *p, uint64_t log, int64_t now)
{
	uint64_t at_log, at_seq;

	spool_out_in_position(p->out, &at_log, &at_seq);
	if (p->log != 0) { /* what is in the open batch came from the old one */
		at_log = p->log;
		at_seq = p->seq;
	}
	segread_fini(&p->in);
	segread_init(&p->in, p->dir, p->quarantine, log, p->segment, at_log == log ? at_seq + 1 : 1);
	p->log = log;
	p->seq = p->in.next - 1;
	if (at_log != 0 && at_log != log) {
		p->since = now;
		put_gap(p, "spool-lost", 1, "logs", now);
	}
}

static int
seal(struct spool_pack *p, int64_t now)
{
	int e = 0;

	if (batch_builder_lines(p->bb) == 0)
		return 0;
	e = spool_out_seal(p->out, p->bb, p->log, p->seq, now, p->level, NULL);
	if (e == 0) {
		batch_builder_reset(p->bb);
		p->devices = 0;
	}
	return e;
}

static void
add_group(struct spool_pack *p, const struct spool_group *g)
{
	static struct {
		int number;
		struct slice id, source;
	} map[SPOOL_GROUP_DEVICES_MAX];
	struct slice at = g->devices;
	uint32_t note = 0;

	for (uint32_t i = 0; i < g->ndevices; i++) {
		group_next_device(&at, &map[i].id, &map[i].source);
		map[i].number = batch_add_device(p->bb, map[i].id, map[i].source);
		must(map[i].number >= 0);
	}
	p->devices += g->ndevices;
	for (uint32_t i = 0; i < g->nlines; i++) {
		const struct spool_line *l = &g->lines[i];
		struct slice bytes = slice_sub(g->bytes, l->off, (size_t)l->off + l->len);

		must(batch_add_line(p->bb, (uint32_t)map[l->device].number, l->transport, l->flags & (uint8_t)~LINE_CUT,
		                    l->received_ns, bytes) == 0);
		if (note < g->nnotes && g->notes[note].line == i) {
			batch_note_cut(p->bb, g->notes[note].original_len, g->notes[note].sha256);
			note++;
		}
		if (p->on_line != NULL)
			p->on_line(p->ctx, map[l->device].id, map[l->device].source, l, bytes);
	}
}

/* Would the group make the batch larger than a batch may be? */
static bool
too_much(const struct spool_pack *p, const struct spool_group *g)
{
	return batch_builder_lines(p->bb) + g->nlines > LINES_GOOD ||
	       batch_builder_size(p->bb) + g->bytes.n > (8u << 20) ||
	       p->devices + g->ndevices + 8 > BATCH_DEVICES_MAX;
}

/* One record of `in`. It is taken only when the batch before it, if it had to be sealed for it, is sealed. */
static int
take(struct spool_pack *p, uint64_t durable, int64_t now, size_t *ret_bytes)
{
	uint64_t before = p->in.next, off = p->in.off;
	struct seg_gap gap;
	struct spool_group g;
	struct rec r;
	int e;

	if ((e = segread_next(&p->in, durable, &r, &gap)) != 0)
		return e;
	e = r.kind == REC_GROUP ? spool_group_read(r.payload, &g) : E_NOTFOUND;
	if (e == 0 && batch_builder_lines(p->bb) != 0 && too_much(p, &g) && (e = seal(p, now)) != 0) {
		if (p->in.next == before + 1 && gap.from == 0) { /* step back: it comes again */
			p->in.next = before;
			p->in.off -= rec_space(r.payload.n);
			(void)off;
			return e;
		}
		return E_IO; /* cannot step back over damage: a restart does it */
	}
	if (batch_builder_lines(p->bb) == 0)
		p->since = now;
	if (gap.from != 0) {
		p->damage.records += gap.to - gap.from + 1;
		p->damage.bytes += gap.bytes;
		put_gap(p, "spool-damage", gap.to - gap.from + 1, "groups", now);
	}
	if (e == 0)
		add_group(p, &g);
	else if (e == E_CORRUPT)
		put_gap(p, "spool-damage", 1, "groups", now);
	p->seq = r.seq;
	*ret_bytes = r.payload.n;
	return 0;
}

int
spool_pack_run(struct spool_pack *p, uint64_t log, uint64_t durable, size_t max_bytes, int64_t max_age_ns, int64_t now)
{
	size_t done = 0, n = 0;
	int e = 0;

	if (log == 0 || spool_out_resealing(p->out))
		return 0;
	if (log != p->log)
		begin_log(p, log, now);
	while (done < RUN_BYTES) {
		if ((batch_builder_size(p->bb) >= max_bytes || batch_builder_lines(p->bb) >= LINES_GOOD) &&
		    (e = seal(p, now)) != 0)
			return e;
		e = take(p, durable, now, &n);
		if (e == E_AGAIN)
			break;
		if (e != 0)
			return e;
		done += n;
	}
	if (batch_builder_lines(p->bb) != 0 &&
	    (batch_builder_size(p->bb) >= max_bytes || now - p->since >= max_age_ns || now < p->since) &&
	    (e = seal(p, now)) != 0)
		return e;
	return done >= RUN_BYTES ? 1 : 0;
}
