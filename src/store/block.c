/* SPDX-License-Identifier: Apache-2.0
 *
 * The builder.  One growing buffer per stream, kept warm over batches.  A column is filled lazily: a row
 * that lacks it costs nothing until a later row has it, then the gap is filled with the default at once.
 * Dictionaries of LowCardinality columns begin anew with each batch; the last value is remembered because
 * neighbours in a log mostly agree.
 */
#include "store/block.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/must.h"
#include "codec/ip.h"
#include "store/block_priv.h"

#define DICT_START 64

struct dict {
	struct buf keys;      /* as STRING: what the chunk holds */
	struct { uint32_t hash, index, off, len; } *slot;
	uint32_t n, cap;      /* key 0 is the empty text */
	uint32_t last, last_off, last_len;
};

struct column {
	struct buf s[2];
	struct dict dict;
	uint32_t rows;        /* rows filled so far */
};

struct store_builder {
	struct store_batch batch;
	uint32_t rows;
	uint64_t k0, k1;      /* keys of the dictionaries' hash: log lines choose what is put there */
	struct column col[SC_COUNT];
	struct buf names, values; /* what the row under way has beside its typed columns, behind one another */
};

struct store_builder *
store_builder_new(void)
{
	struct store_builder *b = x_calloc(1, sizeof *b);
	uint64_t k[2];

	must(getrandom(k, sizeof k, 0) == sizeof k);
	b->k0 = k[0];
	b->k1 = k[1];
	return b;
}

void
store_builder_free(struct store_builder *b)
{
	if (b == NULL)
		return;
	for (int c = 0; c < SC_COUNT; c++) {
		for (int i = 0; i < 2; i++)
			buf_fini(&b->col[c].s[i]);
		buf_fini(&b->col[c].dict.keys);
		free(b->col[c].dict.slot);
	}
	buf_fini(&b->names);
	buf_fini(&b->values);
	free(b);
}

/* ---- streams ---- */

static inline char *
room(struct buf *s, size_t n)
{
	if (s->n + n >= s->cap)
		buf_reserve(s, n);
	return s->p + s->n;
}

static inline void
put_fixed(struct buf *s, const void *p, size_t n)
{
	memcpy(room(s, n), p, n);
	s->n += n;
}

static inline void
put_zero(struct buf *s, size_t n)
{
	memset(room(s, n), 0, n);
	s->n += n;
}

static inline void
put_string(struct buf *s, const char *p, size_t n)
{
	char *to = leb_put(room(s, n + 5), n);

	if (n != 0)
		memcpy(to, p, n);
	s->n = (size_t)(to + n - s->p);
}

/* ---- dictionaries ---- */

static void
dict_clear(struct dict *d)
{
	buf_clear(&d->keys);
	put_string(&d->keys, "", 0);
	if (d->cap != 0)
		memset(d->slot, 0, d->cap * sizeof *d->slot);
	d->n = 1;
	d->last = d->last_off = d->last_len = 0;
}

static void
dict_grow(struct dict *d)
{
	uint32_t cap = d->cap != 0 ? d->cap * 4 : DICT_START;
	struct dict old = *d;

	d->slot = x_calloc(cap, sizeof *d->slot);
	d->cap = cap;
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.slot[i].index != 0) {
			uint32_t at = old.slot[i].hash & (cap - 1);

			while (d->slot[at].index != 0)
				at = (at + 1) & (cap - 1);
			d->slot[at] = old.slot[i];
		}
	free(old.slot);
}

static uint32_t
dict_find(const struct store_builder *b, struct dict *d, struct slice v)
{
	uint32_t hash, at;

	if (v.n == 0)
		return 0;
	if (d->n * 2 >= d->cap)
		dict_grow(d);
	hash = (uint32_t)hash_fast(b->k0, b->k1, v.p, v.n);
	for (at = hash & (d->cap - 1); d->slot[at].index != 0; at = (at + 1) & (d->cap - 1))
		if (d->slot[at].hash == hash && d->slot[at].len == v.n &&
		    memcmp(d->keys.p + d->slot[at].off, v.p, v.n) == 0)
			goto found;
	put_string(&d->keys, v.p, v.n);
	d->slot[at].hash = hash;
	d->slot[at].index = d->n++;
	d->slot[at].off = (uint32_t)(d->keys.n - v.n);
	d->slot[at].len = (uint32_t)v.n;
found:
	d->last = d->slot[at].index;
	d->last_off = d->slot[at].off;
	d->last_len = d->slot[at].len;
	return d->last;
}

static inline uint32_t
dict_index(const struct store_builder *b, struct dict *d, struct slice v)
{
	if (d->last_len == v.n && v.n != 0 && memcmp(d->keys.p + d->last_off, v.p, v.n) == 0)
		return d->last;
	return dict_find(b, d, v);
}

/* ---- columns ---- */

static const uint8_t value_size[] = {
	[SK_U8] = 1, [SK_U32] = 4, [SK_TIME] = 8, [SK_LONG] = 8, [SK_DOUBLE] = 8, [SK_BOOL] = 1, [SK_IP] = 16,
	[SK_STRING] = 1, [SK_LOW] = 4,
};

/* Default values for the rows from col->rows up to `to`. */
static void
fill_gap(struct column *col, enum store_kind kind, uint32_t to)
{
	size_t gap = to - col->rows;

	col->rows = to;
	if (kind == SK_LONG || kind == SK_DOUBLE || kind == SK_BOOL) {
		memset(room(&col->s[0], gap), 1, gap);
		col->s[0].n += gap;
		put_zero(&col->s[1], gap * value_size[kind]);
	} else {
		put_zero(&col->s[0], gap * value_size[kind]);
	}
}

static inline struct column *
column_at(struct store_builder *b, int c, enum store_kind kind)
{
	struct column *col = &b->col[c];

	if (col->rows < b->rows)
		fill_gap(col, kind, b->rows);
	col->rows++;
	return col;
}

static inline void
put_low(struct store_builder *b, int c, struct slice v)
{
	struct column *col = column_at(b, c, SK_LOW);
	uint32_t index = dict_index(b, &col->dict, v);

	put_fixed(&col->s[0], &index, sizeof index);
}

/* Several values of one field, joined. In the event's arena, which dies with the batch. */
static struct slice
joined(const struct event *e, const struct value *v)
{
	size_t n = 0;
	char *p, *at;

	for (const struct value *w = v; w != NULL; w = w->next)
		n += w->n + 1;
	at = p = arena_alloc(e->arena, n);
	for (const struct value *w = v; w != NULL; w = w->next) {
		if (w != v)
			*at++ = STORE_SEP;
		if (w->n != 0)
			memcpy(at, w->p, w->n);
		at += w->n;
	}
	return slice_of(p, (size_t)(at - p));
}

static struct slice
value_text(const struct event *e, const struct value *v)
{
	char *text;

	if (v->kind == VALUE_TIME) {
		text = arena_alloc(e->arena, 36);
		return slice_of(text, time_format_rfc3339(text, v->i, 9));
	}
	if (v->next != NULL)
		return joined(e, v);
	return slice_of(v->p, v->n);
}

/* STORE_PART and the text. The part's own byte within a text would end it, so it becomes a blank there. */
static inline void
put_part(struct buf *s, struct slice v)
{
	char *to = room(s, v.n + 1), *hit;

	*to++ = STORE_PART;
	if (v.n != 0)
		memcpy(to, v.p, v.n);
	s->n += v.n + 1;
	for (; (hit = memchr(to, STORE_PART, (size_t)(s->p + s->n - to))) != NULL; to = hit + 1)
		*hit = ' ';
}

static inline void
put_extra(struct store_builder *b, const struct event *e, struct slice name, const struct value *v)
{
	if (v->kind == VALUE_NULL)
		return;
	put_part(&b->names, name);
	put_part(&b->values, value_text(e, v));
}

static void
put_extra_slot(struct store_builder *b, const struct event *e, int id)
{
	put_extra(b, e, fieldset_name(e->fields, id), &e->slot[id]);
}

static void
put_nullable(struct store_builder *b, int c, enum store_kind kind, const void *value)
{
	struct column *col = column_at(b, c, kind);

	put_zero(&col->s[0], 1);
	put_fixed(&col->s[1], value, value_size[kind]);
}

/* One typed field; what does not fit its type goes to extra as it is. */
static void
put_field(struct store_builder *b, const struct event *e, int id, int c, enum store_kind kind)
{
	const struct value *v = &e->slot[id];
	struct slice text;
	struct ip ip;
	uint8_t truth;

	if (v->kind == VALUE_NULL)
		return;
	switch (kind) {
	case SK_STRING:
		text = value_text(e, v);
		put_string(&column_at(b, c, kind)->s[0], text.p, text.n);
		return;
	case SK_LOW:
		put_low(b, c, value_text(e, v));
		return;
	case SK_IP:
		if (v->next != NULL || !ip_parse(slice_of(v->p, v->n), &ip))
			break;
		put_fixed(&column_at(b, c, kind)->s[0], &ip, sizeof ip);
		return;
	case SK_TIME:
		if (v->kind != VALUE_TIME)
			break;
		put_fixed(&column_at(b, c, kind)->s[0], &v->i, sizeof v->i);
		return;
	case SK_LONG:
		if (v->kind != VALUE_LONG || v->next != NULL)
			break;
		put_nullable(b, c, kind, &v->i);
		return;
	case SK_DOUBLE:
		if (v->kind != VALUE_DOUBLE || v->next != NULL)
			break;
		put_nullable(b, c, kind, &v->f);
		return;
	case SK_BOOL:
		if (v->kind != VALUE_BOOL)
			break;
		truth = v->i != 0;
		put_nullable(b, c, kind, &truth);
		return;
	default:
		break;
	}
	put_extra_slot(b, e, id);
}

/* ---- rows ---- */

void
store_block_begin(struct store_builder *b, const struct store_batch *batch)
{
	b->batch = *batch;
	b->rows = 0;
	for (int c = 0; c < SC_COUNT; c++) {
		struct column *col = &b->col[c];

		if (col->rows == 0 && col->dict.n != 0)
			continue; /* not used since it was cleared */
		for (int i = 0; i < 2; i++)
			buf_clear(&col->s[i]);
		dict_clear(&col->dict);
		col->rows = 0;
	}
}

static void
put_own_columns(struct store_builder *b, const struct event *e, uint32_t n, struct slice device, uint8_t flags)
{
	put_fixed(&column_at(b, SC_n, SK_U32)->s[0], &n, sizeof n);
	put_fixed(&column_at(b, SC_received, SK_TIME)->s[0], &e->received_ns, sizeof e->received_ns);
	put_string(&column_at(b, SC_line, SK_STRING)->s[0], e->line.p, e->line.n);
	put_low(b, SC_device, device);
	if (flags != 0)
		put_fixed(&column_at(b, SC_flags, SK_U8)->s[0], &flags, 1);
}

/* Rows of one kind have the same names in the same order: one entry of a dictionary, and one text a row. */
static void
put_rest(struct store_builder *b)
{
	if (b->names.n == 0)
		return;
	put_fixed(&b->names, (char[]){ STORE_PART }, 1);
	put_low(b, SC_extra_names, buf_slice(&b->names));
	put_string(&column_at(b, SC_extra_values, SK_STRING)->s[0], b->values.p, b->values.n);
}

void
store_block_add(struct store_builder *b, const struct event *e, uint32_t n, struct slice device,
                uint8_t line_flags)
{
	const struct store_col_info *info = store_columns();

	must(e->sealed);
	buf_clear(&b->names);
	buf_clear(&b->values);
	put_own_columns(b, e, n, device, line_flags);
	for (size_t w = 0; w < EVENT_WORDS; w++)
		for (uint64_t bits = e->has[w]; bits != 0; bits &= bits - 1) {
			int id = (int)w * 64 + __builtin_ctzll(bits), c = store_col_of_field(id);

			if (c >= 0)
				put_field(b, e, id, c, info[c].kind);
			else
				put_extra_slot(b, e, id);
		}
	for (uint32_t i = 0; i < e->extra_n; i++)
		put_extra(b, e, e->extra[i].key, &e->extra[i].value);
	put_rest(b);
	if (b->col[SC_TIMESTAMP].rows == b->rows) /* an unparsed line is found under the time it came */
		put_fixed(&column_at(b, SC_TIMESTAMP, SK_TIME)->s[0], &e->received_ns, sizeof e->received_ns);
	b->rows++;
}

size_t
store_block_bytes(const struct store_builder *b)
{
	size_t n = sizeof(struct block_head) + SC_COUNT * sizeof(struct block_entry);

	for (int c = 0; c < SC_COUNT; c++)
		for (int i = 0; i < 2; i++)
			n += b->col[c].s[i].n;
	return n;
}

/* ---- the finished message ---- */

/* The LowCardinality chunk: indexes as narrow as the number of keys allows. */
static void
put_chunk(struct buf *out, const struct dict *d, struct slice indexes)
{
	uint64_t rows = indexes.n / 4, keys = d->n;
	unsigned type = keys <= 0xff ? 0 : keys <= 0xffff ? 1 : 2;
	uint64_t word = type | LOW_HAS_KEYS;
	char *to;

	buf_put(out, &word, 8);
	buf_put(out, &keys, 8);
	buf_put(out, d->keys.p, d->keys.n);
	buf_put(out, &rows, 8);
	buf_reserve(out, rows << type);
	to = out->p + out->n;
	for (uint64_t i = 0; i < rows; i++) {
		uint32_t v;

		memcpy(&v, indexes.p + i * 4, 4);
		memcpy(to + (i << type), &v, (size_t)1 << type);
	}
	out->n += rows << type;
}

static void
put_stream(struct buf *out, size_t base, struct block_entry *en, int i, const struct column *col,
           enum store_kind kind)
{
	bool chunk = kind == SK_LOW && i == 0;

	en->off[i] = (uint32_t)(out->n - base);
	if (chunk)
		put_chunk(out, &col->dict, buf_slice(&col->s[i]));
	else
		buf_put(out, col->s[i].p, col->s[i].n);
	en->len[i] = (uint32_t)(out->n - base - en->off[i]);
}

uint32_t
store_block_end(struct store_builder *b, struct buf *out)
{
	const struct store_col_info *info = store_columns();
	struct block_entry entry[SC_COUNT];
	struct block_head head = {
		.magic = STORE_BLOCK_MAGIC, .columns_hash = store_columns_hash(), .rows = b->rows,
		.key = b->batch.key, .stored_ns = b->batch.stored_ns, .retention = b->batch.retention,
	};
	size_t base = out->n, entries;
	uint32_t rows = b->rows;

	for (int c = 0; c < SC_COUNT; c++) {
		if (b->col[c].rows == 0)
			continue;
		if (b->col[c].rows < b->rows)
			fill_gap(&b->col[c], info[c].kind, b->rows);
		entry[head.columns++] = (struct block_entry){ .col = (uint32_t)c };
	}
	entries = head.columns * sizeof entry[0];
	buf_reserve(out, store_block_bytes(b) + entries);
	buf_put(out, &head, sizeof head);
	out->n += entries;
	for (uint32_t k = 0; k < head.columns; k++)
		for (int i = 0; i < 2; i++)
			put_stream(out, base, &entry[k], i, &b->col[entry[k].col], info[entry[k].col].kind);
	if (entries != 0)
		memcpy(out->p + base + sizeof head, entry, entries);
	store_block_begin(b, &b->batch);
	return rows;
}
