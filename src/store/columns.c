/* SPDX-License-Identifier: Apache-2.0 */
#include "store/columns.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/must.h"

static struct store_col_info table[SC_COUNT];
static int16_t of_field[FIELD_COUNT];
static uint32_t table_hash;

static const bool is_low[FIELD_COUNT] = {
#define STORE_LOW(f) [F_##f] = true,
#define STORE_BLOOM(f)
#include "tbl/store_columns.tbl"
#undef STORE_LOW
#undef STORE_BLOOM
};

static const bool is_bloom[FIELD_COUNT] = {
#define STORE_LOW(f)
#define STORE_BLOOM(f) [F_##f] = true,
#include "tbl/store_columns.tbl"
#undef STORE_LOW
#undef STORE_BLOOM
};

static enum store_kind
kind_of(int field)
{
	switch (field_table[field].type) {
	case FT_IP:
		return SK_IP;
	case FT_LONG:
		return SK_LONG;
	case FT_DOUBLE:
		return SK_DOUBLE;
	case FT_BOOL:
		return SK_BOOL;
	case FT_TIME:
		return SK_TIME;
	default:
		return is_low[field] ? SK_LOW : SK_STRING;
	}
}

static void
name_of(char out[64], const char *ecs)
{
	if (strcmp(ecs, "@timestamp") == 0)
		ecs = "time";
	must(strlen(ecs) < 64);
	for (; *ecs != '\0'; ecs++)
		*out++ = *ecs == '.' ? '_' : *ecs;
	*out = '\0';
}

static void
own(int col, const char *name, enum store_kind kind)
{
	table[col] = (struct store_col_info){ .kind = kind, .field = FIELD_NONE };
	snprintf(table[col].name, sizeof table[col].name, "%s", name);
}

/* Constructor: before any thread, so nobody needs a lock. */
__attribute__((constructor)) static void
make_table(void)
{
	static const int fields[SC_COUNT - SC_FIRST_FIELD_] = {
#define STORE_IF_HOT(id) F_##id,
#define STORE_IF_COLD(id)
#define FIELD(id, name, type, warmth, doc) STORE_IF_##warmth(id)
#include "tbl/fields.tbl"
#undef FIELD
#undef STORE_IF_HOT
#undef STORE_IF_COLD
	};
	char text[96];
	uint64_t h = 0;

	own(SC_n, "n", SK_U32);
	own(SC_received, "received", SK_TIME);
	own(SC_device, "device", SK_LOW);
	own(SC_flags, "flags", SK_U8);
	own(SC_line, "line", SK_STRING);
	own(SC_extra_names, "extra_names", SK_LOW);
	own(SC_extra_values, "extra_values", SK_STRING);
	memset(of_field, -1, sizeof of_field);
	for (int c = SC_FIRST_FIELD_; c < SC_COUNT; c++) {
		int f = fields[c - SC_FIRST_FIELD_];

		table[c].field = f;
		table[c].kind = kind_of(f);
		table[c].bloom = is_bloom[f];
		name_of(table[c].name, field_table[f].name);
		of_field[f] = (int16_t)c;
	}
	for (int c = 0; c < SC_COUNT; c++) {
		int n = snprintf(text, sizeof text, "%s %d", table[c].name, (int)table[c].kind);

		h = hash_mix(h ^ hash_fast(1, 2, text, (size_t)n));
	}
	table_hash = (uint32_t)h;
}

const struct store_col_info *
store_columns(void)
{
	return table;
}

const char *
store_kind_type(enum store_kind k)
{
	static const char *const types[] = {
		[SK_U8] = "UInt8",
		[SK_U32] = "UInt32",
		[SK_TIME] = "DateTime64(9, 'UTC')",
		[SK_LONG] = "Nullable(Int64)",
		[SK_DOUBLE] = "Nullable(Float64)",
		[SK_BOOL] = "Nullable(Bool)",
		[SK_IP] = "IPv6",
		[SK_STRING] = "String",
		[SK_LOW] = "LowCardinality(String)",
	};

	return types[k];
}

int
store_col_of_field(int field)
{
	return field >= 0 && field < FIELD_COUNT ? of_field[field] : -1;
}

uint32_t
store_columns_hash(void)
{
	return table_hash;
}
