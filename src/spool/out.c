/* SPDX-License-Identifier: Apache-2.0
 *
 * `out`: sealed batches in wire form.  Each record says which batch it is, what `in` record ends it and what its
 * hash is; a checkpoint at the head of each segment says the same of the batch before it.
 *
 * New epoch.  When the archive holds another batch under a number of ours, or a batch of ours is damaged
 * beyond repair, the chain cannot go on.  A checkpoint then names a new epoch and the first batch that must be
 * carried over; reseal() seals one old batch after the other again, each record naming the one it replaces,
 * so a crash in between goes on where it was.
 */
#define _GNU_SOURCE
#include "spool/keep_priv.h"
#include "spool/out_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "sys/fd.h"

static int
on_replay(void *ctx, const struct rec *r)
{
	struct spool_out *out = ctx;
	struct out_head h;

	if (r->payload.n < sizeof h)
		return 0;
	memcpy(&h, r->payload.p, sizeof h);
	out->last = h;
	out->known = true;
	if (r->kind == REC_BATCH && h.reseal_to != 0 && h.from_seq >= h.reseal_to)
		out->last.reseal_to = 0;
	return 0;
}

/* The head of each segment tells which batches came before: the index for reading. */
static void
index_segment(struct spool_out *out, uint64_t first)
{
	auto_free char *path = seg_path(out->log.dir, out->log.log, first);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct segment_mark m = { .first = first };
	auto_buf struct buf b = { 0 };
	uint64_t off;
	struct rec r;

	if (fd >= 0 && rec_seek(fd, 0, out->log.segment, out->log.log, first - 1, &b, &r, &off) == 0 &&
	    r.payload.n >= sizeof m.head) {
		memcpy(&m.head, r.payload.p, sizeof m.head);
		m.known = true;
		if (r.kind == REC_BATCH) /* its checkpoint is damaged; the first batch left says as much */
			m.head.seq--;
	}
	vec_push(&out->marks, m);
}

static void
read_stored(struct spool_out *out)
{
	auto_buf struct buf b = { 0 };
	struct stored_file f;

	if (file_read(out->stored_path, &b, 4096) != 0 || b.n != sizeof f)
		return; /* missing or damaged: everything kept is offered again, the archive knows it */
	memcpy(&f, b.p, sizeof f);
	if (f.magic != STORED_MAGIC || f.crc32c != crc32c(0, &f, offsetof(struct stored_file, crc32c)) ||
	    (out->known && (f.epoch[0] != out->last.epoch[0] || f.epoch[1] != out->last.epoch[1])))
		return;
	if (f.seq > out->last.seq && f.has_head == 0)
		return;
	if (f.seq > out->last.seq) { /* the tail of the log is damaged, but the archive has it: go on behind it */
		log_warn("spool.out_tail_lost", kv_u64("stored", f.seq), kv_u64("last", out->last.seq));
		out->last = f.head;
	}
	out->stored = out->saved = f.seq;
}

static void
random_epoch(uint64_t ret[2])
{
	must(getrandom(ret, 16, 0) == 16);
}

int
spool_out_open(const struct spool_opts *o, struct spool_out **ret)
{
	struct spool_out *out = x_calloc(1, sizeof *out);
	auto_free char *dir = x_asprintf("%s/out", o->dir);
	auto_free char *bad = x_asprintf("%s/quarantine", o->dir);
	int e;

	out->stored_path = x_asprintf("%s/stored", o->dir);
	out->reserve_path = x_asprintf("%s/reserve", o->dir);
	out->first_path = x_asprintf("%s/first", o->dir);
	out->turn_path = x_asprintf("%s/turn", o->dir);
	out->limit = o->limit != 0 ? o->limit : 10ull << 30;
	out->opts = *o;
	out->opts.dir = x_strdup(o->dir);
	out->fd = -1;
	out->zip = batch_zip_new();
	out->bb = batch_builder_new();
	random_epoch(out->last.epoch);
	e = seglog_open(&out->log, dir, bad, o->segment != 0 ? o->segment : SPOOL_SEGMENT, on_replay, out);
	if (e != 0) {
		spool_out_close(out);
		return e;
	}
	for (size_t i = 0; i < out->log.firsts.n; i++)
		index_segment(out, out->log.firsts.v[i]);
	read_stored(out);
	spool_keep(o);
	if (out->log.damage.records != 0 || out->log.damage.torn != 0)
		log_warn("spool.out_damage", kv_u64("records", out->log.damage.records),
		         kv_u64("bytes", out->log.damage.bytes), kv_u64("torn", out->log.damage.torn));
	*ret = out;
	return 0;
}

void
spool_out_close(struct spool_out *out)
{
	if (out == NULL)
		return;
	seglog_close(&out->log);
	if (out->fd >= 0)
		close(out->fd);
	vec_fini(&out->marks);
	batch_zip_free(out->zip);
	batch_builder_free(out->bb);
	buf_fini(&out->block);
	buf_fini(&out->wire);
	buf_fini(&out->read);
	free(out->stored_path);
	free(out->reserve_path);
	free(out->first_path);
	free(out->turn_path);
	free((void *)(uintptr_t)out->opts.dir);
	free(out);
}

/* ---- appending ---- */

static int
append_checkpoint(struct spool_out *out)
{
	int e = seglog_append(&out->log, REC_CHECKPOINT, (struct iovec[]){ { &out->last, sizeof out->last } }, 1);

	if (e == 0 && out->log.off == rec_space(sizeof out->last)) {
		out->marks.v[out->marks.n - 1].head = out->last;
		out->marks.v[out->marks.n - 1].known = true;
	}
	return e;
}

/* Oldest segment, when every batch in it is stored or belongs to an epoch that is over. */
static bool
oldest_is_done(const struct spool_out *out)
{
	const struct out_head *next;

	size_t i = 1;

	while (i < out->marks.n && !out->marks.v[i].known)
		i++;
	if (i >= out->marks.n || out->last.reseal_to != 0)
		return false;
	next = &out->marks.v[i].head;
	return next->epoch[0] != out->last.epoch[0] || next->epoch[1] != out->last.epoch[1] || next->seq <= out->stored;
}

static int
trim_oldest(struct spool_out *out)
{
	int e = spool_out_save(out); /* R4: the position first, then the file */

	if (e == 0)
		e = seglog_drop_oldest(&out->log);
	if (e != 0)
		return e;
	log_info("spool.trimmed", kv_u64("segment", out->marks.v[0].first), kv_u64("bytes", out->log.segment));
	if (out->fd >= 0) {
		close(out->fd);
		out->fd = -1;
	}
	memmove(out->marks.v, out->marks.v + 1, (out->marks.n - 1) * sizeof *out->marks.v);
	out->marks.n--;
	return 0;
}

/* What `in` has or may take in any case. */
static uint64_t
in_share(const struct spool_out *out)
{
	uint64_t least = SPOOL_IN_SEGMENTS * out->log.segment;

	return out->in_bytes > least ? out->in_bytes : least;
}

static int
make_room(struct spool_out *out, size_t payload)
{
	int e;

	if (seglog_fits(&out->log, payload + sizeof out->last + 64))
		return out->log.off == 0 ? append_checkpoint(out) : 0;
	/* The last one left is in use and cannot go: the next stands beside it for a moment, limit or not. */
	while (seglog_bytes(&out->log) + in_share(out) + out->log.segment > out->limit && out->log.firsts.n > 1) {
		if (!oldest_is_done(out))
			return E_FULL;
		if ((e = trim_oldest(out)) != 0)
			return e;
	}
	e = out->log.firsts.n == 0 ? seglog_rotate_kept(&out->log, out->first_path) : E_FULL;
	if (e == E_FULL)
		e = seglog_rotate(&out->log, false);
	if (e == E_FULL && oldest_is_done(out) && (e = trim_oldest(out)) == 0)
		e = seglog_rotate(&out->log, false);
	if (e == E_FULL && (e = seglog_rotate_kept(&out->log, out->turn_path)) == 0)
		log_alert("spool.turn_used", kv_str("path", out->turn_path));
	if (e != 0)
		return e;
	vec_push(&out->marks, (struct segment_mark){ .first = out->log.next });
	return append_checkpoint(out);
}

/* Batch in out->bb → record. `next` has all but seq, hash, counts. */
static int
seal(struct spool_out *out, struct batch_builder *bb, struct out_head *next, int level, struct spool_sealed *ret)
{
	int e;

	next->seq = out->last.seq + 1;
	next->lines = batch_builder_lines(bb);
	buf_clear(&out->block);
	buf_clear(&out->wire);
	batch_build(bb, next->epoch, next->seq, out->last.hash, next->sealed_ns, &out->block);
	batch_pack(out->zip, buf_slice(&out->block), level, &out->wire);
	batch_hash(buf_slice(&out->wire), next->hash);
	must(rec_space(out->wire.n + sizeof *next) + 4096 <= out->log.segment);
	if ((e = make_room(out, out->wire.n + sizeof *next)) != 0)
		return e;
	e = seglog_append(&out->log, REC_BATCH,
	                  (struct iovec[]){ { next, sizeof *next }, { out->wire.p, out->wire.n } }, 2);
	if (e == 0)
		e = seglog_sync(&out->log);
	if (e != 0)
		return e;
	out->last = *next;
	out->known = true;
	out->heads[next->seq % HEADS_KEPT] = *next;
	if (ret != NULL)
		out_sealed(next, ret);
	return 0;
}

int
spool_out_seal(struct spool_out *out, struct batch_builder *bb, uint64_t log, uint64_t seq, int64_t now_ns, int level,
               struct spool_sealed *ret)
{
	struct out_head next = out->last;

	must(out->last.reseal_to == 0 && batch_builder_lines(bb) != 0);
	next.in_log = log;
	next.in_seq = seq;
	next.sealed_ns = now_ns;
	next.from_seq = 0;
	return seal(out, bb, &next, level, ret);
}

/* ---- the position of the archive ---- */

void
spool_out_set_stored(struct spool_out *out, uint64_t seq)
{
	must(seq <= out->last.seq);
	out->stored = seq;
}

int
spool_out_save(struct spool_out *out)
{
	struct stored_file f = { .magic = STORED_MAGIC, .epoch = { out->last.epoch[0], out->last.epoch[1] },
		                 .seq = out->stored };
	const struct out_head *h = &out->heads[out->stored % HEADS_KEPT];
	int e;

	if (out->saved == out->stored)
		return 0;
	if (h->seq == out->stored && h->epoch[0] == f.epoch[0] && h->epoch[1] == f.epoch[1]) {
		f.has_head = 1;
		f.head = *h;
	}
	f.crc32c = crc32c(0, &f, offsetof(struct stored_file, crc32c));
	e = file_write_atomic(out->stored_path, slice_of(&f, sizeof f), 0600);
	if (e == E_FULL && access(out->reserve_path, F_OK) == 0) {
		unlink(out->reserve_path); /* R5: that is what it is for */
		log_alert("spool.reserve_used", kv_str("path", out->reserve_path));
		e = file_write_atomic(out->stored_path, slice_of(&f, sizeof f), 0600);
	}
	SPOOL_STEP("stored.saved");
	if (e == 0)
		out->saved = out->stored;
	if (e == 0)
		spool_keep(&out->opts);
	return e;
}

/* ---- a new epoch ---- */

int
spool_out_new_epoch(struct spool_out *out, uint64_t seq, const char *reason)
{
	struct out_head next = out->last;
	int e;

	must(out->last.reseal_to == 0 && seq >= 1);
	log_alert("spool.new_epoch", kv_str("reason", reason), kv_u64("from", seq), kv_u64("last", out->last.seq));
	if ((e = make_room(out, sizeof next)) != 0)
		return e;
	next.from_epoch[0] = out->last.epoch[0];
	next.from_epoch[1] = out->last.epoch[1];
	next.from_seq = seq - 1;
	next.reseal_to = seq <= out->last.seq ? out->last.seq : 0;
	random_epoch(next.epoch);
	next.seq = 0;
	memset(next.hash, 0, sizeof next.hash);
	out->last = next;
	out->stored = 0;
	out->saved = UINT64_MAX;
	if ((e = append_checkpoint(out)) != 0 || (e = seglog_sync(&out->log)) != 0)
		return E_IO; /* half done: only a restart knows what the disk has */
	return 0;
}

bool
spool_out_resealing(const struct spool_out *out)
{
	return out->last.reseal_to != 0;
}

static int
copy_line(struct spool_out *out, const struct batch *b, uint32_t i)
{
	const struct batch_line *l = &b->lines[i];
	const struct batch_note *n = (l->flags & LINE_CUT) != 0 ? batch_note_of(b, i) : NULL;
	int dev = batch_add_device(out->bb, batch_device_id(b, l->device), batch_device_source(b, l->device));

	if (dev < 0 || batch_add_line(out->bb, (uint32_t)dev, l->transport, l->flags, l->received_ns,
	                              batch_line_bytes(b, i)) != 0)
		return E_FULL;
	if (n != NULL)
		batch_note_cut(out->bb, n->original_len, n->sha256);
	return 0;
}

static int
copy_batch(struct spool_out *out, const uint64_t epoch[2], uint64_t seq)
{
	struct out_head h;
	struct slice block;
	struct batch b;
	int e;

	buf_clear(&out->wire);
	if ((e = out_find(out, epoch, seq, &h)) == 0 && (e = batch_unpack(out->zip, slice_sub(buf_slice(&out->read), sizeof h, out->read.n), &block)) == 0)
		e = batch_check(block, &b, NULL);
	for (uint32_t i = 0; e == 0 && i < b.head->lines; i++)
		e = copy_line(out, &b, i);
	return e;
}

int
spool_out_reseal(struct spool_out *out, int64_t now_ns, int level)
{
	struct out_head next = out->last;
	int e;

	must(out->last.reseal_to != 0);
	next.from_seq++;
	next.sealed_ns = now_ns;
	batch_builder_reset(out->bb);
	e = copy_batch(out, next.from_epoch, next.from_seq);
	if (e == E_IO || e == E_FULL)
		return e;
	if (e != 0) {
		auto_buf struct buf gap = { 0 };

		batch_builder_reset(out->bb);
		spool_gap_json(&gap, "spool-damage", 1, "batches", 0, now_ns, "out");
		must(batch_add_device(out->bb, SL("nezuban-lcp"), SL("")) == 0);
		must(batch_add_line(out->bb, 0, BT_INTERNAL, LINE_GAP, now_ns, buf_slice(&gap)) == 0);
		out->log.damage.records++;
	}
	e = seal(out, out->bb, &next, level, NULL);
	if (e == 0 && out->last.from_seq >= out->last.reseal_to)
		out->last.reseal_to = 0;
	return e;
}

void
spool_out_tell_in_bytes(struct spool_out *out, uint64_t bytes)
{
	out->in_bytes = bytes;
}
