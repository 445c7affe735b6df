/* SPDX-License-Identifier: Apache-2.0
 *
 * Column block: the rows of one batch as columns, made once in the engine in the form the search store
 * takes.  Pure: bytes in, bytes out; no database here.
 *
 *     engine  store_block_begin ─▶ store_block_add per line ─▶ store_block_end ─▶ MSG BLOCK
 *     store   store_block_check (the engine parses hostile lines, so it is not trusted) ─▶
 *             many blocks ─▶ native_write: one ClickHouse Native block, columns only concatenated
 *
 * One block is one whole batch, never a part of one: that makes "the rows themselves are the position"
 * true.  Columns are the HOT rows of tbl/fields.tbl, typed; everything else an event has goes to extra_names
 * and extra_values as text, in the same order, each behind a STORE_PART; the line is kept byte for byte.
 * A column no line of the batch fills is not there.  An address or number that does not parse goes to the
 * extras under its own name: nothing is dropped.
 *
 * A field with several values holds them joined by '\n' (STORE_SEP).
 * The builder is reused for every batch (forever); a block lives as long as its message.
 */
#ifndef NZ_STORE_BLOCK_H
#define NZ_STORE_BLOCK_H

#include "base/buf.h"
#include "batch/batch.h"
#include "event/event.h"

#define STORE_BLOCK_MAX (120u << 20) /* bytes; below CHAN_MSG_MAX */
#define STORE_SEP '\n'
#define STORE_PART '\x1f' /* ASCII's unit separator; a blank where a name or value has it */

/* What is the same for every row of the batch. */
struct store_batch {
	struct batch_key key;  /* tenant, lcp, epoch, seq: from the archive's feed */
	int64_t stored_ns;     /* SOC's clock when the batch was received: decides the partition */
	uint8_t retention;     /* class of retention; 0 is the default (92 days) */
};

struct store_builder;

struct store_builder *store_builder_new(void);
void store_builder_free(struct store_builder *b);
void store_block_begin(struct store_builder *b, const struct store_batch *batch);
/* Adds line n of the batch (its number there). e is sealed, e->line and e->received_ns are stored;
 * everything is copied. line_flags: LINE_* of batch.h. Rows must be added with growing n. */
void store_block_add(struct store_builder *b, const struct event *e, uint32_t n, struct slice device,
                     uint8_t line_flags);
size_t store_block_bytes(const struct store_builder *b); /* about what it will have */
/* Appends the finished message to out; the builder is empty then. Returns the number of rows. */
uint32_t store_block_end(struct store_builder *b, struct buf *out);

/* ---- the receiving side ---- */

#define STORE_COLUMNS_MAX 128

struct store_stream {
	const char *p;
	size_t n;
};

/* One column of a checked block: up to two streams, see block_priv.h. */
struct store_column {
	bool present;
	struct store_stream s[2];
};

struct store_block {
	struct store_batch batch;
	uint32_t rows;
	struct store_column col[STORE_COLUMNS_MAX]; /* by column id: store/columns.h */
};

/* Validates every length, index and count, so that joining it to other tenants' blocks is safe.
 * 0, or E_CORRUPT, E_TOOBIG, E_UNSUPPORTED with *ret_why (a literal, may be NULL). */
int store_block_check(struct slice bytes, struct store_block *ret, const char **ret_why);

#endif
