/* SPDX-License-Identifier: Apache-2.0
 *
 * Columns of the table `events`: ids, kinds and SQL names, made from tbl/fields.tbl (HOT rows) and
 * tbl/store_columns.tbl.  Pure; shared by the block builder, the Native writer, the schema and the
 * query generator above.
 *
 * Beside these the table has columns that are the same for a whole batch (tenant, lcp, epoch, seq,
 * stored, class): the Native writer makes them from the block's head.
 */
#ifndef NZ_STORE_COLUMNS_H
#define NZ_STORE_COLUMNS_H

#include "event/event.h"

enum store_col {
	SC_n,        /* number of the line in its batch */
	SC_received, /* LCP's clock */
	SC_device,
	SC_flags,    /* LINE_* of batch.h */
	SC_line,
	SC_extra_names,  /* STORE_PART before each name and behind the last */
	SC_extra_values, /* STORE_PART before each value */
	SC_FIRST_FIELD_,
	SC_BEFORE_FIELDS_ = SC_FIRST_FIELD_ - 1,
#define STORE_IF_HOT(id) SC_##id,
#define STORE_IF_COLD(id)
#define FIELD(id, name, type, warmth, doc) STORE_IF_##warmth(id)
#include "tbl/fields.tbl"
#undef FIELD
#undef STORE_IF_HOT
#undef STORE_IF_COLD
	SC_COUNT
};

/* How a column is kept; its streams in a block and in the Native format. */
enum store_kind {
	SK_U8,     /* UInt8: values */
	SK_U32,    /* UInt32: values */
	SK_TIME,   /* DateTime64(9,'UTC'): values */
	SK_LONG,   /* Nullable(Int64): null map, values */
	SK_DOUBLE, /* Nullable(Float64) */
	SK_BOOL,   /* Nullable(Bool) */
	SK_IP,     /* IPv6, :: when absent: values */
	SK_STRING, /* String, empty when absent: length and bytes per value */
	SK_LOW,    /* LowCardinality(String): a dictionary and indexes */
};

struct store_col_info {
	char name[64];       /* SQL name: source_ip */
	enum store_kind kind;
	int field;           /* F_…, FIELD_NONE for our own columns */
	bool bloom;
};

/* The table, SC_COUNT rows; made at the first call. */
const struct store_col_info *store_columns(void);
const char *store_kind_type(enum store_kind k); /* the ClickHouse type */
int store_col_of_field(int field);              /* SC_…, or -1 when it is one of the extras */
/* Changes when a column is added, renamed or changes kind: both ends of a block must agree. */
uint32_t store_columns_hash(void);

#endif
