/* SPDX-License-Identifier: Apache-2.0 */
#include "role/store_schema.h"

#include <ctype.h>

#include "base/clock.h"
#include "codec/ip.h"
#include "codec/sqlq.h"
#include "store/columns.h"
#include "store/store.h"

/* ---- names ---- */

static enum kql_type
type_of(int field)
{
	switch (field_table[field].type) {
	case FT_TEXT:
		return KT_TEXT;
	case FT_IP:
		return KT_IP;
	case FT_LONG:
		return KT_LONG;
	case FT_DOUBLE:
		return KT_DOUBLE;
	case FT_BOOL:
		return KT_BOOL;
	case FT_TIME:
		return KT_TIME;
	default:
		return KT_STRING;
	}
}

/* Names that are columns of our own. The tenant is none of them. */
static const struct { const char *name, *sql; enum kql_type type; } own[] = {
	{ "nezuban.device", "device", KT_STRING },
	{ "nezuban.received", "received", KT_TIME },
	{ "nezuban.lcp", "lcp", KT_STRING },
	{ "event.original", "line", KT_TEXT },
	{ "line", "line", KT_TEXT },
	{ "time", "time", KT_TIME },
};

/* The value whose place among the values is the name's among the names; names and values begin with a
 * STORE_PART, so the part before the first is what an absent name has: empty. The place is found once for
 * each different row of names, not for each row. */
static struct slice
in_extra(struct slice name, struct arena *a)
{
	auto_buf struct buf sql = { 0 }, part = { 0 };

	buf_put_byte(&part, STORE_PART);
	buf_put_slice(&part, name);
	buf_put_byte(&part, STORE_PART);
	buf_put_str(&sql, "arrayElement(splitByChar('\\x1f', extra_values), 1 + countSubstrings(substring(extra_names, 1, "
	                  "position(extra_names, ");
	sqlq_string(&sql, buf_slice(&part));
	buf_put_str(&sql, ")), '\\x1f'))");
	return arena_dup(a, buf_slice(&sql));
}

static bool
find(void *ctx, struct slice name, struct arena *a, struct kql_field *ret)
{
	int field, col;

	(void)ctx;
	if (slice_eq(name, SL("nezuban.tenant")) || slice_eq(name, SL("tenant")))
		return false;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (slice_eq(name, slice_str(own[i].name))) {
			*ret = (struct kql_field){ .type = own[i].type, .sql = slice_str(own[i].sql) };
			return true;
		}
	field = field_find(name);
	col = store_col_of_field(field);
	if (col >= 0) {
		*ret = (struct kql_field){ .type = type_of(field), .sql = slice_str(store_columns()[col].name),
			.multi = store_columns()[col].kind == SK_LOW };
		return true;
	}
	if (field < 0 && slice_find(name, '.') <= 0)
		return false; /* a vendor's own key has a dot: fortinet.firewall.vd */
	*ret = (struct kql_field){ .type = field >= 0 ? type_of(field) : KT_STRING, .text_form = true, .multi = true,
		.sql = in_extra(name, a), .within = SL("extra_values") };
	return true;
}

static const char *
near(void *ctx, struct slice name)
{
	const char *names[FIELD_COUNT];

	(void)ctx;
	if (slice_eq(name, SL("nezuban.tenant")) || slice_eq(name, SL("tenant")))
		return NULL;
	for (int f = 0; f < FIELD_COUNT; f++)
		names[f] = field_table[f].name;
	return near_word(name, names, FIELD_COUNT);
}

const struct kql_schema store_kql_schema = { .table = STORE_TABLE, .line = "line", .find = find, .near = near };

/* ---- rows ---- */

enum { R_TENANT, R_LCP, R_EPOCH, R_SEQ, R_N, R_RECEIVED, R_DEVICE, R_FLAGS, R_LINE, R_NAMES, R_VALUES, R_FIELDS };

void
store_row_columns(struct buf *out)
{
	const struct store_col_info *c = store_columns();

	buf_put_str(out, "tenant, lcp, epoch, seq, n, toUnixTimestamp64Nano(received), device, flags, line, extra_names, "
	                 "extra_values");
	for (int i = SC_FIRST_FIELD_; i < SC_COUNT; i++)
		buf_printf(out, c[i].kind == SK_TIME ? ", toUnixTimestamp64Nano(%s)" : ", %s", c[i].name);
}

static json_t *
time_value(json_int_t ns)
{
	char text[36];

	return json_stringn(text, time_format_rfc3339(text, ns, 9));
}

/* ClickHouse writes v4 as ::ffff:a.b.c.d; people do not. */
static json_t *
ip_value(const json_t *v)
{
	struct slice s = { json_string_value(v), json_string_length(v) };
	struct ip ip;
	char text[IP_TEXT_MAX];
	static const struct ip none;

	if (!ip_parse(s, &ip) || memcmp(&ip, &none, sizeof ip) == 0)
		return NULL;
	return json_stringn(text, ip_format(&ip, text));
}

/* Several values are joined by '\n' in the store and an array outside. */
static json_t *
text_value(const char *p, size_t n)
{
	struct slice rest = { p, n };
	json_t *list;

	if (memchr(p, STORE_SEP, n) == NULL)
		return json_stringn(p, n);
	list = json_array();
	while (rest.p != NULL) {
		struct slice one = slice_cut(&rest, STORE_SEP);

		json_array_append_new(list, json_stringn(one.p, one.n));
	}
	return list;
}

static json_t *
field_value(const json_t *v, enum store_kind kind)
{
	if (json_is_null(v))
		return NULL;
	switch (kind) {
	case SK_IP:
		return ip_value(v);
	case SK_TIME:
		return time_value(json_integer_value(v));
	case SK_LOW:
		return json_string_length(v) != 0 ? text_value(json_string_value(v), json_string_length(v)) : NULL;
	case SK_STRING:
		return json_string_length(v) != 0 ? json_incref((json_t *)(uintptr_t)v) : NULL;
	default:
		return json_incref((json_t *)(uintptr_t)v);
	}
}

/* An extra's text back to what its field's type says. */
static json_t *
extra_value(const char *key, struct slice s)
{
	int field = field_find(slice_str(key));
	int64_t i;

	if (field >= 0 && field_table[field].type == FT_LONG && slice_i64(s, &i))
		return json_integer(i);
	if (field >= 0 && field_table[field].type == FT_BOOL && slice_eq(s, SL("true")))
		return json_true();
	if (field >= 0 && field_table[field].type == FT_BOOL && slice_eq(s, SL("false")))
		return json_false();
	return text_value(s.p, s.n);
}

static struct slice
text_of(const json_t *v)
{
	return slice_of(json_string_value(v), json_string_length(v));
}

/* Names and values side by side; a field that has a column of its own is not looked for here. */
static void
add_extras(json_t *fields, struct slice names, struct slice values)
{
	slice_cut(&names, STORE_PART);
	slice_cut(&values, STORE_PART);
	while (names.n != 0 && values.p != NULL) {
		struct slice name = slice_cut(&names, STORE_PART), value = slice_cut(&values, STORE_PART);
		auto_free char *key = x_asprintf("%.*s", SL_ARG(name));

		if (json_object_get(fields, key) == NULL)
			json_object_set_new(fields, key, extra_value(key, value));
	}
}

static json_t *
row_fields(const json_t *row)
{
	const struct store_col_info *c = store_columns();
	json_t *fields = json_object(), *v;

	for (int i = SC_FIRST_FIELD_; i < SC_COUNT; i++) {
		v = field_value(json_array_get(row, (size_t)(R_FIELDS + i - SC_FIRST_FIELD_)), c[i].kind);
		if (v != NULL)
			json_object_set_new(fields, field_table[c[i].field].name, v);
	}
	add_extras(fields, text_of(json_array_get(row, R_NAMES)), text_of(json_array_get(row, R_VALUES)));
	json_object_set_new(fields, "nezuban.received", time_value(json_integer_value(json_array_get(row, R_RECEIVED))));
	json_object_set(fields, "nezuban.device", json_array_get(row, R_DEVICE));
	return fields;
}

json_t *
store_row_to_event(const json_t *row)
{
	json_t *fields, *id;
	const char *lcp = json_string_value(json_array_get(row, R_LCP)), *epoch = json_string_value(json_array_get(row, R_EPOCH));

	if (json_array_size(row) != (size_t)(R_FIELDS + SC_COUNT - SC_FIRST_FIELD_ + 2) || lcp == NULL || epoch == NULL)
		return NULL;
	fields = row_fields(row);
	id = json_sprintf("%s.%s.%s.%lld.%lld", json_string_value(json_array_get(row, R_TENANT)), lcp, epoch,
	                  (long long)json_integer_value(json_array_get(row, R_SEQ)),
	                  (long long)json_integer_value(json_array_get(row, R_N)));
	return json_pack("{s:o,s:O,s:O,s:O,s:O,s:O,s:O,s:O,s:O*,s:O,s:O,s:o}", "id", id, "at",
	                 json_object_get(fields, "@timestamp"), "tenant", json_array_get(row, R_TENANT), "lcp",
	                 json_array_get(row, R_LCP), "epoch", json_array_get(row, R_EPOCH), "seq", json_array_get(row, R_SEQ),
	                 "n", json_array_get(row, R_N), "device", json_array_get(row, R_DEVICE), "dataset",
	                 json_object_get(fields, "event.dataset"), "flags", json_array_get(row, R_FLAGS), "line",
	                 json_array_get(row, R_LINE), "fields", fields);
}

bool
store_row_is_ours(const json_t *row, const struct slice *tenants, size_t count)
{
	size_t n = json_array_size(row);

	if (n < 2)
		return false;
	/* A sum over no row at all has no tenant; no row of anybody's stands behind it. */
	if (json_string_length(json_array_get(row, n - 2)) == 0 && json_string_length(json_array_get(row, n - 1)) == 0)
		return json_is_string(json_array_get(row, n - 2)) && json_is_string(json_array_get(row, n - 1));
	for (size_t k = n - 2; k < n; k++) {
		const json_t *v = json_array_get(row, k);
		struct slice s = { json_string_value(v), json_string_length(v) };
		bool ours = false;

		for (size_t i = 0; i < count; i++)
			ours = ours || slice_eq(s, tenants[i]);
		if (!ours)
			return false;
	}
	return true;
}

json_t *
store_table_value(const json_t *v, enum kql_type type)
{
	json_t *r = NULL;

	if (type == KT_TIME && json_is_integer(v))
		return time_value(json_integer_value(v));
	if (type == KT_IP && json_is_string(v))
		r = ip_value(v);
	else if (json_is_string(v))
		r = text_value(json_string_value(v), json_string_length(v));
	else
		r = json_incref((json_t *)(uintptr_t)v);
	return r != NULL ? r : json_null();
}
