/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to store/: the engine's configuration file; store_schema is in store.h.
 */
#ifndef NZ_STORE_SCHEMA_H
#define NZ_STORE_SCHEMA_H

#include "base/buf.h"

/* The index for words in the line; measured against the others in docs/performance-store.md.
 * An insert leaves it to the merge behind it: it is the dearest part, and so it is made once or twice, not thrice. */
#define STORE_LINE_INDEX ",\n  INDEX words lower(line) TYPE tokenbf_v1(32768, 2, 0) GRANULARITY 1"

/* Kept as the table's comment; a new number when the table changes: another one is dropped and filled anew. */
#define STORE_FORM "nezuban 2"

void store_engine_config(struct buf *out, uint64_t max_memory, uint64_t cache);

#endif
