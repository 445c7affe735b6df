/* SPDX-License-Identifier: Apache-2.0 */
#include "store/native.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/must.h"
#include "store/block_priv.h"

struct writer {
	const struct store_block *const *blocks;
	size_t count;
	uint64_t rows;
	native_sink_fn *sink;
	void *ctx;
	int error;
	struct buf small; /* collects short pieces before they go to the sink */
};

static void
flush(struct writer *w)
{
	if (w->error == 0 && w->small.n != 0)
		w->error = w->sink(w->ctx, w->small.p, w->small.n);
	buf_clear(&w->small);
}

static void
put(struct writer *w, const void *p, size_t n)
{
	if (n > 16384) {
		flush(w);
		if (w->error == 0)
			w->error = w->sink(w->ctx, p, n);
		return;
	}
	buf_put(&w->small, p, n);
	if (w->small.n > 65536)
		flush(w);
}

static void
put_u64(struct writer *w, uint64_t v)
{
	put(w, &v, 8);
}

static void
put_leb(struct writer *w, uint64_t v)
{
	char tmp[10];

	put(w, tmp, (size_t)(leb_put(tmp, v) - tmp));
}

static void
put_text(struct writer *w, const char *s)
{
	put_leb(w, strlen(s));
	put(w, s, strlen(s));
}

static void
put_bytes(struct writer *w, int byte, uint64_t n)
{
	char tmp[4096];

	memset(tmp, byte, sizeof tmp);
	for (; n > sizeof tmp; n -= sizeof tmp)
		put(w, tmp, sizeof tmp);
	put(w, tmp, n);
}

/* A LowCardinality chunk of one key for all rows of a block. */
static void
put_constant_chunk(struct writer *w, const char *key, uint64_t rows)
{
	put_u64(w, LOW_HAS_KEYS);
	put_u64(w, 1);
	put_text(w, key);
	put_u64(w, rows);
	put_bytes(w, 0, rows);
}

/* ---- columns that are the same for a whole batch ---- */

enum constant { K_TENANT, K_LCP, K_EPOCH, K_SEQ, K_STORED, K_CLASS, K_COUNT };

static const struct { const char *name, *type; } constants[K_COUNT] = {
	[K_TENANT] = { "tenant", "LowCardinality(String)" },
	[K_LCP] = { "lcp", "LowCardinality(String)" },
	[K_EPOCH] = { "epoch", "LowCardinality(String)" },
	[K_SEQ] = { "seq", "UInt64" },
	[K_STORED] = { "stored", "DateTime('UTC')" },
	[K_CLASS] = { "class", "UInt8" },
};

static void
put_repeated(struct writer *w, const void *value, size_t size, uint64_t rows)
{
	char tmp[4096];
	size_t each = sizeof tmp / size;

	for (size_t i = 0; i < each; i++)
		memcpy(tmp + i * size, value, size);
	for (; rows > each; rows -= each)
		put(w, tmp, each * size);
	put(w, tmp, rows * size);
}

static void
put_constant(struct writer *w, enum constant k, const struct store_block *b)
{
	char epoch[33];
	uint32_t stored = (uint32_t)(b->batch.stored_ns / NS_PER_S);

	switch (k) {
	case K_TENANT:
		put_constant_chunk(w, b->batch.key.tenant, b->rows);
		break;
	case K_LCP:
		put_constant_chunk(w, b->batch.key.lcp, b->rows);
		break;
	case K_EPOCH:
		snprintf(epoch, sizeof epoch, "%016llx%016llx", (unsigned long long)b->batch.key.epoch[0],
		         (unsigned long long)b->batch.key.epoch[1]);
		put_constant_chunk(w, epoch, b->rows);
		break;
	case K_SEQ:
		put_repeated(w, &b->batch.key.seq, 8, b->rows);
		break;
	case K_STORED:
		put_repeated(w, &stored, 4, b->rows);
		break;
	case K_CLASS:
		put_repeated(w, &b->batch.retention, 1, b->rows);
		break;
	case K_COUNT:
		break;
	}
}

static void
put_constant_column(struct writer *w, enum constant k)
{
	put_text(w, constants[k].name);
	put_text(w, constants[k].type);
	if (k <= K_EPOCH)
		put_u64(w, 1); /* LowCardinality: version of the keys */
	for (size_t i = 0; i < w->count; i++)
		put_constant(w, k, w->blocks[i]);
}

/* ---- columns of the blocks ---- */

static const uint8_t value_size[] = {
	[SK_U8] = 1, [SK_U32] = 4, [SK_TIME] = 8, [SK_LONG] = 8, [SK_DOUBLE] = 8, [SK_BOOL] = 1, [SK_IP] = 16,
	[SK_STRING] = 1,
};

/* One stream of one column, block by block; blocks without the column give defaults. */
static void
put_stream(struct writer *w, int c, int s, int missing, unsigned size)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct store_column *col = &w->blocks[i]->col[c];

		if (col->present)
			put(w, col->s[s].p, col->s[s].n);
		else
			put_bytes(w, missing, (uint64_t)w->blocks[i]->rows * size);
	}
}

static void
put_low(struct writer *w, int c)
{
	put_u64(w, 1);
	for (size_t i = 0; i < w->count; i++) {
		const struct store_column *col = &w->blocks[i]->col[c];

		if (col->present)
			put(w, col->s[0].p, col->s[0].n);
		else
			put_constant_chunk(w, "", w->blocks[i]->rows);
	}
}

static void
put_column(struct writer *w, int c)
{
	const struct store_col_info *info = &store_columns()[c];

	put_text(w, info->name);
	put_text(w, store_kind_type(info->kind));
	switch (info->kind) {
	case SK_LOW:
		put_low(w, c);
		break;
	case SK_LONG:
	case SK_DOUBLE:
	case SK_BOOL:
		put_stream(w, c, 0, 1, 1);
		put_stream(w, c, 1, 0, value_size[info->kind]);
		break;
	default:
		put_stream(w, c, 0, 0, value_size[info->kind]);
		break;
	}
}

int
native_write(const struct store_block *const *blocks, size_t count, native_sink_fn *sink, void *ctx)
{
	struct writer w = { .blocks = blocks, .count = count, .sink = sink, .ctx = ctx };

	must(count != 0);
	for (size_t i = 0; i < count; i++) {
		must(store_partition(&blocks[i]->batch) == store_partition(&blocks[0]->batch));
		w.rows += blocks[i]->rows;
	}
	put_leb(&w, K_COUNT + SC_COUNT);
	put_leb(&w, w.rows);
	for (int k = 0; k < K_COUNT; k++)
		put_constant_column(&w, (enum constant)k);
	for (int c = 0; c < SC_COUNT; c++)
		put_column(&w, c);
	flush(&w);
	buf_fini(&w.small);
	return w.error;
}

void
native_column_names(struct buf *out)
{
	for (int k = 0; k < K_COUNT; k++)
		buf_printf(out, "%s%s", k != 0 ? ", " : "", constants[k].name);
	for (int c = 0; c < SC_COUNT; c++)
		buf_printf(out, ", %s", store_columns()[c].name);
}

uint32_t
store_partition(const struct store_batch *b)
{
	return (uint32_t)b->retention << 24 | (uint32_t)(b->stored_ns / NS_PER_DAY);
}
