/* SPDX-License-Identifier: Apache-2.0
 *
 * Writer of ClickHouse's Native format, as far as the table `events` needs it: one block of all columns
 * (number of columns, number of rows; per column name, type, data), made by joining checked column blocks.
 * Description: ClickHouse documentation, "Native" under formats, and its SerializationLowCardinality and
 * SerializationMap for the two kinds that are not plain arrays (revision 0: no block info, no custom
 * serialisation marks).
 *
 * All blocks of one call must lie in one partition (same class of retention, same day stored): the insert
 * is atomic only then (reliability 6).  Pure: output goes to a buf by way of a sink.
 */
#ifndef NZ_STORE_NATIVE_H
#define NZ_STORE_NATIVE_H

#include "store/block.h"

typedef int native_sink_fn(void *ctx, const void *p, size_t n); /* 0 or E_… */

/* Writes one Native block; 0 or what the sink returned. */
int native_write(const struct store_block *const *blocks, size_t count, native_sink_fn *sink, void *ctx);
/* The columns in the order written, "tenant, lcp, …": for the INSERT and for the schema. */
void native_column_names(struct buf *out);
/* Partition of a batch: class and day (days since 1970, UTC). */
uint32_t store_partition(const struct store_batch *b);

#endif
