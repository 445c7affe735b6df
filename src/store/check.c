/* SPDX-License-Identifier: Apache-2.0
 *
 * The receiver's side of a column block.  The engine parses hostile lines, so what it sends is read as
 * hostile: a stream one byte short would shift every row behind it into another tenant's.  Each stream
 * must hold exactly the rows the head announces, every index must name a key, every length must end where
 * the stream ends.  The block is not aligned and not copied: multi-byte values are read by memcpy.
 */
#include "base/clock.h"
#include "base/err.h"
#include "store/block_priv.h"

#define REFUSE(text)                                                                               \
	do {                                                                                       \
		if (ret_why != NULL)                                                               \
			*ret_why = (text);                                                         \
		return E_CORRUPT;                                                                  \
	} while (0)

static bool
strings_are_good(const char *p, size_t n, uint64_t count)
{
	const char *end = p + n;
	uint32_t len;

	for (; count != 0; count--) {
		p = leb_get(p, end, &len);
		if (p == NULL || len > (size_t)(end - p))
			return false;
		p += len;
	}
	return p == end;
}

/* Ends of `count` texts at p, or NULL. */
static const char *
strings_end(const char *p, const char *end, uint64_t count)
{
	uint32_t len;

	for (; count != 0; count--) {
		p = leb_get(p, end, &len);
		if (p == NULL || len > (size_t)(end - p))
			return NULL;
		p += len;
	}
	return p;
}

static bool
indexes_are_good(const char *p, uint64_t rows, unsigned type, uint64_t keys)
{
	uint32_t most = 0;

	for (uint64_t i = 0; i < rows; i++) {
		uint32_t v = 0;

		memcpy(&v, p + (i << type), (size_t)1 << type);
		most = v > most ? v : most;
	}
	return rows == 0 || most < keys;
}

static bool
chunk_is_good(const char *p, size_t n, uint64_t rows)
{
	const char *end = p + n;
	uint64_t word, keys, got;
	unsigned type;

	if (n < 24)
		return false;
	memcpy(&word, p, 8);
	memcpy(&keys, p + 8, 8);
	type = (unsigned)word & 0xff;
	if ((word & ~0xffULL) != LOW_HAS_KEYS || type > 2 || keys == 0 || keys > n)
		return false;
	p = strings_end(p + 16, end, keys);
	if (p == NULL || end - p < 8)
		return false;
	memcpy(&got, p, 8);
	p += 8;
	return got == rows && rows <= (size_t)(end - p) && (size_t)(end - p) == rows << type &&
	       indexes_are_good(p, rows, type, keys);
}

static bool
nulls_are_good(const struct store_stream *s, uint32_t rows)
{
	char all = 0;

	if (s->n != rows)
		return false;
	for (uint32_t i = 0; i < rows; i++)
		all = (char)(all | s->p[i]);
	return (all & ~1) == 0;
}

static bool
column_is_good(const struct store_column *col, enum store_kind kind, uint32_t rows)
{
	const struct store_stream *s = col->s;

	switch (kind) {
	case SK_U8:
		return s[0].n == rows;
	case SK_U32:
		return s[0].n == rows * 4ull;
	case SK_TIME:
		return s[0].n == rows * 8ull;
	case SK_IP:
		return s[0].n == rows * 16ull;
	case SK_LONG:
	case SK_DOUBLE:
		return nulls_are_good(&s[0], rows) && s[1].n == rows * 8ull;
	case SK_BOOL:
		return nulls_are_good(&s[0], rows) && nulls_are_good(&s[1], rows);
	case SK_STRING:
		return strings_are_good(s[0].p, s[0].n, rows);
	case SK_LOW:
		return chunk_is_good(s[0].p, s[0].n, rows);
	}
	return false;
}

static unsigned
streams_of(enum store_kind kind)
{
	return kind == SK_LONG || kind == SK_DOUBLE || kind == SK_BOOL ? 2 : 1;
}

static int
check_entry(struct slice bytes, const struct block_head *head, const struct block_entry *en, struct store_block *b,
            const char **ret_why)
{
	struct store_column *col;
	enum store_kind kind;

	if (en->col >= SC_COUNT)
		REFUSE("a column that does not exist");
	col = &b->col[en->col];
	kind = store_columns()[en->col].kind;
	if (col->present)
		REFUSE("a column twice");
	col->present = true;
	for (unsigned i = 0; i < 2; i++) {
		if (en->off[i] > bytes.n || en->len[i] > bytes.n - en->off[i])
			REFUSE("a stream outside the block");
		if (i >= streams_of(kind) && en->len[i] != 0)
			REFUSE("a stream the column does not have");
		col->s[i] = (struct store_stream){ bytes.p + en->off[i], en->len[i] };
	}
	if (!column_is_good(col, kind, head->rows))
		REFUSE("a column whose streams do not hold its rows");
	return 0;
}

static bool
lines_grow(const struct store_column *n, uint32_t rows)
{
	uint32_t v, before = 0;

	for (uint32_t i = 0; i < rows; i++, before = v) {
		memcpy(&v, n->s[0].p + i * 4ull, 4);
		if (v >= BATCH_LINES_MAX || (i != 0 && v <= before))
			return false;
	}
	return true;
}

int
store_block_check(struct slice bytes, struct store_block *ret, const char **ret_why)
{
	static const int needed[] = { SC_n, SC_received, SC_device, SC_line, SC_TIMESTAMP };
	struct block_head head;
	struct block_entry en;
	int r;

	if (bytes.n < sizeof head)
		REFUSE("shorter than its head");
	if (bytes.n > STORE_BLOCK_MAX)
		return E_TOOBIG;
	memcpy(&head, bytes.p, sizeof head);
	if (head.magic != STORE_BLOCK_MAGIC)
		REFUSE("not a column block");
	if (head.columns_hash != store_columns_hash())
		return E_UNSUPPORTED;
	if (!batch_key_is_good(&head.key) || head.key.seq == 0)
		REFUSE("a bad name of tenant or collector");
	if (head.rows == 0 || head.rows > BATCH_LINES_MAX || head.columns > SC_COUNT || head.stored_ns < 0 ||
	    head.stored_ns / NS_PER_DAY > 65535 || (bytes.n - sizeof head) / sizeof en < head.columns)
		REFUSE("a count out of range");
	memset(ret, 0, sizeof *ret);
	ret->batch = (struct store_batch){ head.key, head.stored_ns, head.retention };
	ret->rows = head.rows;
	for (uint32_t k = 0; k < head.columns; k++) {
		memcpy(&en, bytes.p + sizeof head + k * sizeof en, sizeof en);
		if ((r = check_entry(bytes, &head, &en, ret, ret_why)) != 0)
			return r;
	}
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!ret->col[needed[i]].present)
			REFUSE("a column that every block has is missing");
	if (!lines_grow(&ret->col[SC_n], head.rows))
		REFUSE("line numbers that do not grow");
	return 0;
}
