/* SPDX-License-Identifier: Apache-2.0
 *
 * The form of a column block on its way from engine to store: head, directory, streams.  Little-endian.
 *
 * Streams of a column by kind (offset and length each in the directory, 0,0 when unused):
 *     U8 U32 TIME IP   [0] values
 *     LONG DOUBLE BOOL [0] null map, one byte a row; [1] values
 *     STRING           [0] length (LEB128) and bytes, row by row
 *     LOW              [0] one chunk of LowCardinality
 * A LowCardinality chunk is what the Native format has for one granule: type word, number of keys, keys
 * (as STRING), number of rows, indexes.  A Native column may hold many of them one behind the other,
 * which is why blocks are joined without looking a single key up again.
 */
#ifndef NZ_STORE_BLOCK_PRIV_H
#define NZ_STORE_BLOCK_PRIV_H

#include "store/block.h"
#include "store/columns.h"

#define STORE_BLOCK_MAGIC 0x32434e5au /* "ZNC2" */

/* ClickHouse: indexes of 8, 16, 32 bits are types 0, 1, 2; bit 9 says that keys follow the word. */
#define LOW_HAS_KEYS (1u << 9)

struct block_head {
	uint32_t magic, columns_hash;
	uint32_t rows, columns;
	struct batch_key key;
	int64_t stored_ns;
	uint8_t retention;
	uint8_t reserved[7];
};

struct block_entry {
	uint32_t col, reserved;
	uint32_t off[2], len[2]; /* from the start of the block */
};

_Static_assert(STORE_COLUMNS_MAX >= SC_COUNT, "a checked block has room for every column");

/* Reads a LEB128 number; NULL past the end or when longer than 32 bits. */
static inline const char *
leb_get(const char *p, const char *end, uint32_t *ret)
{
	uint32_t v = 0;

	for (unsigned shift = 0; shift < 35 && p < end; shift += 7) {
		uint8_t c = (uint8_t)*p++;

		v |= (uint32_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*ret = v;
			return shift == 28 && c > 0x0f ? NULL : p;
		}
	}
	return NULL;
}

static inline char *
leb_put(char *p, size_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (char)(v | 0x80);
	*p++ = (char)v;
	return p;
}

#endif
