/* SPDX-License-Identifier: Apache-2.0
 *
 * `in`: the write-ahead log of lines.  One open group at a time; its bytes are collected where the sockets
 * are read into, so a line is copied once from the kernel and once to the page cache.
 *
 * An origin has two values: durable, and as the open group will leave it.  A checkpoint says the durable one:
 * it is written before the group and must not promise what the group has not kept yet.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/must.h"
#include "spool/keep_priv.h"
#include "spool/group_priv.h"
#include "spool/seglog_priv.h"

#define CHECKPOINT_EVERY (8u << 20)
#define ROOM_KEPT (2u << 20)

struct value {
	uint64_t end;
	uint16_t n;
	bool there;
	char state[SPOOL_STATE_MAX];
};

struct origin {
	uint64_t id[2];
	struct value now, durable;
	bool in_group;
	struct spool_origin view;
};

struct spool_in {
	struct seglog log;
	uint64_t limit, out_bytes, packed, durable;
	struct map origins;          /* 16 bytes of id → struct origin * */
	VEC(struct origin *) touched;
	struct buf bytes, tail;
	VEC(struct spool_line) lines;
	VEC(struct batch_note) notes;
	struct map devices;          /* id NUL source → number in this group */
	struct buf device_text, name;
	uint32_t ndevices;
	bool broken;
};

static struct slice
key_of(const uint64_t id[2])
{
	return slice_of(id, 16);
}

static struct origin *
origin_make(struct spool_in *in, const uint64_t id[2])
{
	bool is_new;
	struct map_slot *s = map_put(&in->origins, key_of(id), &is_new);

	if (is_new) {
		struct origin *o = x_calloc(1, sizeof *o);

		o->id[0] = id[0];
		o->id[1] = id[1];
		s->ptr = o;
	}
	return s->ptr;
}

static void
origin_forget(struct spool_in *in, struct origin *o)
{
	map_del(&in->origins, key_of(o->id));
	free(o);
}

static void
forget_all(struct spool_in *in)
{
	for (struct map_slot *s = NULL; (s = map_next(&in->origins, s)) != NULL;)
		free(s->ptr);
	map_fini(&in->origins);
}

/* ---- recovery ---- */

static int
on_replay(void *ctx, const struct rec *r)
{
	struct spool_in *in = ctx;
	struct spool_group g;

	if (spool_group_read(r->payload, &g) != 0)
		return 0; /* its checksum was right, so a later program wrote it: the packer reports it */
	if (r->kind == REC_CHECKPOINT)
		forget_all(in);
	for (uint32_t i = 0; i < g.norigins; i++) {
		struct group_origin go;
		struct slice state;
		struct origin *o;

		group_next_origin(&g.origins, &go, &state);
		o = origin_make(in, go.id);
		if (go.dropped) {
			origin_forget(in, o);
			continue;
		}
		o->durable = (struct value){ .end = go.end, .n = go.state_len, .there = true };
		memcpy(o->durable.state, state.p, state.n);
		o->now = o->durable;
	}
	return 0;
}

int
spool_in_open(const struct spool_opts *o, struct spool_in **ret)
{
	struct spool_in *in = x_calloc(1, sizeof *in);
	auto_free char *dir = x_asprintf("%s/in", o->dir);
	auto_free char *bad = x_asprintf("%s/quarantine", o->dir);
	int e = seglog_open(&in->log, dir, bad, o->segment != 0 ? o->segment : SPOOL_SEGMENT, on_replay, in);

	in->limit = o->limit != 0 ? o->limit : 10ull << 30;
	if (e != 0) {
		spool_in_close(in);
		return e;
	}
	if (in->log.damage.records != 0 || in->log.damage.torn != 0)
		log_warn("spool.in_damage", kv_u64("records", in->log.damage.records), kv_u64("bytes", in->log.damage.bytes),
		         kv_u64("torn", in->log.damage.torn));
	spool_keep(o);
	in->durable = in->log.next - 1; /* seglog_open synced what it read */
	buf_reserve(&in->bytes, 4 * SPOOL_COMMIT_BYTES);
	*ret = in;
	return 0;
}

void
spool_in_close(struct spool_in *in)
{
	if (in == NULL)
		return;
	seglog_close(&in->log);
	forget_all(in);
	vec_fini(&in->touched);
	buf_fini(&in->bytes);
	buf_fini(&in->tail);
	vec_fini(&in->lines);
	vec_fini(&in->notes);
	map_fini(&in->devices);
	buf_fini(&in->device_text);
	buf_fini(&in->name);
	free(in);
}

/* ---- the open group ---- */

const struct spool_origin *
spool_in_origin(const struct spool_in *in, const uint64_t id[2])
{
	struct map_slot *s = map_get(&in->origins, key_of(id));
	struct origin *o = s != NULL ? s->ptr : NULL;

	if (o == NULL || !o->now.there)
		return NULL;
	o->view = (struct spool_origin){ { id[0], id[1] }, o->now.end, slice_of(o->now.state, o->now.n) };
	return &o->view;
}

size_t
spool_in_origins(const struct spool_in *in, struct spool_origin *out, size_t max)
{
	size_t n = 0;

	for (struct map_slot *s = NULL; (s = map_next(&in->origins, s)) != NULL && n < max;) {
		struct origin *o = s->ptr;

		if (o->now.there)
			out[n++] = (struct spool_origin){ { o->id[0], o->id[1] }, o->now.end, slice_of(o->now.state, o->now.n) };
	}
	return n;
}

char *
spool_in_room(struct spool_in *in, size_t least, size_t *ret_room)
{
	buf_reserve(&in->bytes, least);
	*ret_room = in->bytes.cap - in->bytes.n - 1;
	return in->bytes.p + in->bytes.n;
}

uint32_t
spool_in_keep(struct spool_in *in, size_t n)
{
	uint32_t at = (uint32_t)in->bytes.n;

	must(n < in->bytes.cap - in->bytes.n && in->bytes.n + n <= GROUP_BYTES_MAX);
	in->bytes.n += n;
	return at;
}

void
spool_in_unkeep(struct spool_in *in, size_t n)
{
	must(n <= in->bytes.n);
	in->bytes.n -= n;
}

int
spool_in_device(struct spool_in *in, struct slice id, struct slice source)
{
	struct map_slot *s;
	bool is_new;

	buf_clear(&in->name);
	buf_put_slice(&in->name, id);
	buf_put_byte(&in->name, '\0');
	buf_put_slice(&in->name, source);
	if ((s = map_get(&in->devices, buf_slice(&in->name))) != NULL)
		return (int)s->u;
	if (in->ndevices == SPOOL_GROUP_DEVICES_MAX)
		return -1;
	s = map_put(&in->devices, buf_slice(&in->name), &is_new);
	s->u = in->ndevices;
	group_put_device(&in->device_text, id, source);
	return (int)in->ndevices++;
}

void
spool_in_add(struct spool_in *in, const struct spool_line *l)
{
	must(l->off <= in->bytes.n && l->len <= in->bytes.n - l->off && l->device < in->ndevices &&
	     l->len <= BATCH_LINE_MAX && in->lines.n < GROUP_LINES_MAX);
	vec_push(&in->lines, *l);
}

void
spool_in_note(struct spool_in *in, uint64_t original_len, const uint8_t sha256[32])
{
	struct batch_note n = { .original_len = original_len };

	must(in->lines.n != 0);
	n.line = (uint32_t)in->lines.n - 1;
	in->lines.v[n.line].flags |= LINE_CUT;
	memcpy(n.sha256, sha256, 32);
	vec_push(&in->notes, n);
}

static struct origin *
touch(struct spool_in *in, const uint64_t id[2])
{
	struct origin *o = origin_make(in, id);

	if (!o->in_group) {
		o->in_group = true;
		vec_push(&in->touched, o);
	}
	return o;
}

void
spool_in_set(struct spool_in *in, const uint64_t id[2], uint64_t end, struct slice state)
{
	struct origin *o = touch(in, id);

	must(state.n <= SPOOL_STATE_MAX);
	o->now.there = true;
	o->now.end = end;
	o->now.n = (uint16_t)state.n;
	if (state.n != 0)
		memcpy(o->now.state, state.p, state.n);
}

void
spool_in_drop(struct spool_in *in, const uint64_t id[2])
{
	if (map_get(&in->origins, key_of(id)) != NULL)
		touch(in, id)->now.there = false;
}

size_t
spool_in_pending(const struct spool_in *in)
{
	return in->bytes.n != 0 ? in->bytes.n : in->touched.n + in->lines.n;
}

uint32_t
spool_in_lines(const struct spool_in *in)
{
	return (uint32_t)in->lines.n;
}

uint32_t
spool_in_devices(const struct spool_in *in)
{
	return in->ndevices;
}

/* ---- commit ---- */

static void
put_origin(struct buf *out, const struct origin *o, const struct value *v)
{
	struct group_origin go = { .id = { o->id[0], o->id[1] }, .end = v->end, .state_len = v->there ? v->n : 0,
		                   .dropped = !v->there };

	group_put_origin(out, &go, v->state);
}

static int
append_checkpoint(struct spool_in *in)
{
	auto_buf struct buf b = { 0 };
	struct group_head h = { 0 };

	for (struct map_slot *s = NULL; (s = map_next(&in->origins, s)) != NULL;) {
		struct origin *o = s->ptr;

		if (o->durable.there && h.origins < SPOOL_ORIGINS_MAX) {
			put_origin(&b, o, &o->durable);
			h.origins++;
		}
	}
	h.origins_len = (uint32_t)b.n;
	return seglog_append(&in->log, REC_CHECKPOINT, (struct iovec[]){ { &h, sizeof h }, { b.p, b.n } }, 2);
}

/* The table of origins can be larger than usual groups: rotation asks for both. */
static size_t
checkpoint_size(const struct spool_in *in)
{
	return sizeof(struct group_head) + in->origins.n * (sizeof(struct group_origin) + SPOOL_STATE_MAX);
}

static int
rotate(struct spool_in *in)
{
	bool reuse = in->log.firsts.n >= 2 && seglog_first_end(&in->log) <= in->packed;
	/* The other log turns round in two segments; taking its second one would stop both for good. */
	uint64_t least = 2 * in->log.segment, out_share = in->out_bytes > least ? in->out_bytes : least;
	int e;

	if (!reuse && in->log.firsts.n >= SPOOL_IN_SEGMENTS && seglog_bytes(&in->log) + out_share + in->log.segment > in->limit)
		return E_FULL;
	if ((e = seglog_rotate(&in->log, reuse)) != 0)
		return e;
	/* after a time of plenty: give back what is not needed for turning round */
	while (in->log.firsts.n > SPOOL_IN_SEGMENTS && seglog_first_end(&in->log) <= in->packed)
		if ((e = seglog_drop_oldest(&in->log)) != 0)
			return e;
	return append_checkpoint(in);
}

static void
encode_tail(struct spool_in *in, struct group_head *ret)
{
	static const char zero[8];
	struct buf *b = &in->tail;

	buf_clear(b);
	*ret = (struct group_head){ .bytes_len = (uint32_t)in->bytes.n, .lines = (uint32_t)in->lines.n,
		                    .notes = (uint32_t)in->notes.n, .devices = in->ndevices,
		                    .devices_len = (uint32_t)group_pad(in->device_text.n),
		                    .origins = (uint32_t)in->touched.n };
	buf_put(b, zero, group_pad(in->bytes.n) - in->bytes.n);
	buf_put(b, in->lines.v, in->lines.n * sizeof *in->lines.v);
	buf_put(b, in->notes.v, in->notes.n * sizeof *in->notes.v);
	buf_put_slice(b, buf_slice(&in->device_text));
	buf_put(b, zero, ret->devices_len - in->device_text.n);
	ret->origins_len = (uint32_t)b->n;
	for (size_t i = 0; i < in->touched.n; i++)
		put_origin(b, in->touched.v[i], &in->touched.v[i]->now);
	ret->origins_len = (uint32_t)b->n - ret->origins_len;
}

static void
settle(struct spool_in *in)
{
	for (size_t i = 0; i < in->touched.n; i++) {
		struct origin *o = in->touched.v[i];

		o->in_group = false;
		o->durable = o->now;
		if (!o->now.there)
			origin_forget(in, o);
	}
	in->touched.n = in->lines.n = in->notes.n = 0;
	map_fini(&in->devices);
	buf_clear(&in->device_text);
	in->ndevices = 0;
	if (in->bytes.cap > ROOM_KEPT) {
		buf_fini(&in->bytes); /* a very long line passed: give its memory back */
		buf_reserve(&in->bytes, 4 * SPOOL_COMMIT_BYTES);
	}
	buf_clear(&in->bytes);
}

int
spool_in_commit(struct spool_in *in)
{
	struct group_head h;
	size_t size;
	int e;

	must(!in->broken);
	if (spool_in_pending(in) == 0)
		return 0;
	encode_tail(in, &h);
	size = sizeof h + in->bytes.n + in->tail.n;
	must(rec_space(size) + rec_space(checkpoint_size(in)) <= in->log.segment);
	if (!seglog_fits(&in->log, size + checkpoint_size(in) + 64))
		e = rotate(in);
	else
		e = in->log.off == 0 || in->log.since_checkpoint >= CHECKPOINT_EVERY ? append_checkpoint(in) : 0;
	if (e == 0)
		e = seglog_append(&in->log, REC_GROUP,
		                  (struct iovec[]){ { &h, sizeof h }, { in->bytes.p, in->bytes.n }, { in->tail.p, in->tail.n } },
		                  3);
	if (e == 0)
		e = seglog_sync(&in->log);
	in->broken = e == E_IO;
	if (e == 0) {
		in->durable = in->log.next - 1;
		settle(in);
	}
	return e;
}

void
spool_in_packed(struct spool_in *in, uint64_t log, uint64_t seq)
{
	if (log == in->log.log && seq > in->packed)
		in->packed = seq;
}

void
spool_in_tell_out_bytes(struct spool_in *in, uint64_t bytes)
{
	in->out_bytes = bytes;
}

uint64_t
spool_in_log(const struct spool_in *in)
{
	return in->log.log;
}

uint64_t
spool_in_durable(const struct spool_in *in)
{
	return in->durable;
}

uint64_t
spool_in_bytes(const struct spool_in *in)
{
	return seglog_bytes(&in->log);
}

const struct spool_damage *
spool_in_damage(const struct spool_in *in)
{
	return &in->log.damage;
}
