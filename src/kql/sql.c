/* SPDX-License-Identifier: Apache-2.0
 *
 * Tree → SQL.  Every byte written is our own word, a column's SQL from the schema, or a literal through
 * sqlq; every FROM the table goes through put_scan, which cannot be called without a scope.
 */
#include <ctype.h>

#include "base/clock.h"
#include "base/must.h"
#include "codec/ip.h"
#include "codec/sqlq.h"
#include "kql/kql_priv.h"

/* ---- words in the line ---- */

static bool
is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static void
put_lower(struct buf *out, struct slice s)
{
	auto_buf struct buf low = { 0 };

	for (size_t i = 0; i < s.n; i++)
		buf_put_byte(&low, (char)((unsigned char)s.p[i] < 0x80 ? tolower((unsigned char)s.p[i]) : s.p[i]));
	sqlq_string(out, buf_slice(&low));
}

/* hasToken for each word of s that is bounded on both sides: the index on the line knows words. At the
 * edges of a phrase a word may go on, so those count only when `whole`. */
static size_t
put_tokens(struct buf *out, const char *line, struct slice s, bool whole)
{
	size_t tokens = 0, i = 0, from;

	while (i < s.n) {
		while (i < s.n && !isalnum((unsigned char)s.p[i]) && (unsigned char)s.p[i] < 0x80)
			i++;
		from = i;
		while (i < s.n && (isalnum((unsigned char)s.p[i]) || (unsigned char)s.p[i] >= 0x80))
			i++;
		if (i == from || (!whole && (from == 0 || i == s.n)))
			continue;
		buf_printf(out, "%shasToken(lower(%s), ", tokens != 0 ? " AND " : "", line);
		put_lower(out, slice_sub(s, from, i));
		buf_put_byte(out, ')');
		tokens++;
	}
	return tokens;
}

static void
put_contains_line(struct buf *out, const char *line, struct slice s)
{
	buf_printf(out, "%s(%s, ", is_ascii(s) ? "positionCaseInsensitive" : "positionCaseInsensitiveUTF8", line);
	sqlq_string(out, s);
	buf_put_str(out, ") > 0");
}

static void
put_wild(struct buf *out, struct slice s, bool anywhere)
{
	buf_put_byte(out, '\'');
	if (anywhere)
		buf_put_byte(out, '%');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '*')
			buf_put_byte(out, '%');
		else if (s.p[i] == '?')
			buf_put_byte(out, '_');
		else
			sqlq_like_part(out, slice_sub(s, i, i + 1));
	}
	if (anywhere)
		buf_put_byte(out, '%');
	buf_put_byte(out, '\'');
}

static void
put_word(struct buf *out, const char *line, const struct node *n)
{
	bool word = n->kind == N_WORD, plain = true;

	if (word && (slice_find(n->text, '*') >= 0 || slice_find(n->text, '?') >= 0)) {
		buf_printf(out, "%s ILIKE ", line);
		put_wild(out, n->text, true);
		return;
	}
	for (size_t i = 0; i < n->text.n; i++)
		plain = plain && isalnum((unsigned char)n->text.p[i]);
	if (!is_ascii(n->text)) {
		put_contains_line(out, line, n->text); /* no words in Japanese: by characters */
		return;
	}
	buf_put_byte(out, '(');
	if (put_tokens(out, line, n->text, word) != 0 && !(word && plain))
		buf_put_str(out, " AND ");
	if (!(word && plain))
		put_contains_line(out, line, n->text);
	buf_put_byte(out, ')');
}

/* ---- comparisons ---- */

static void
put_number(struct buf *out, const struct lit *v)
{
	if (v->kind == LIT_DOUBLE)
		buf_printf(out, "%.17g", v->f);
	else
		buf_printf(out, "%lld", (long long)v->i);
}

static void
put_time(struct buf *out, int64_t ns)
{
	buf_printf(out, "fromUnixTimestamp64Nano(toInt64(%lld), 'UTC')", (long long)ns);
}

/* The field as something of its type. */
static void
put_typed(struct buf *out, const struct kql_field *f)
{
	const char *call = !f->text_form ? NULL
	                   : f->type == KT_LONG ? "toInt64OrNull"
	                   : f->type == KT_DOUBLE ? "toFloat64OrNull"
	                   : f->type == KT_TIME ? "parseDateTime64BestEffortOrNull"
	                   : f->type == KT_IP ? "toIPv6OrNull" : NULL;

	if (call != NULL)
		buf_printf(out, "%s(", call);
	buf_put_slice(out, f->sql);
	if (call != NULL)
		buf_put_str(out, f->type == KT_TIME ? ", 9)" : ")");
}

static void
put_ip(struct buf *out, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	size_t n = ip_format(ip, text);

	buf_put_str(out, "toIPv6(");
	sqlq_string(out, slice_of(text, n));
	buf_put_byte(out, ')');
}

static void
put_value(struct buf *out, const struct kql_field *f, const struct lit *v)
{
	struct ip ip;

	switch (f->type) {
	case KT_LONG:
	case KT_DOUBLE:
		put_number(out, v);
		break;
	case KT_TIME:
		put_time(out, v->i);
		break;
	case KT_BOOL:
		if (f->text_form)
			buf_put_str(out, v->i ? "'true'" : "'false'");
		else
			buf_put_str(out, v->i ? "true" : "false");
		break;
	case KT_IP:
		if (ip_parse(v->text, &ip))
			put_ip(out, &ip);
		else
			buf_put_str(out, "NULL");
		break;
	default:
		sqlq_string(out, v->text);
		break;
	}
}

/* The ends of a network, or of one address. */
static bool
network_of(struct slice text, struct ip *ret_low, struct ip *ret_high)
{
	unsigned bits = 128;

	if (!ip_parse(text, ret_low) && !ip_parse_cidr(text, ret_low, &bits))
		return false;
	*ret_high = *ret_low;
	for (unsigned i = bits; i < 128; i++)
		ret_high->b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return true;
}

/* An address kept as text may be one of several: each is looked at, where there is one at all. `values`: any of them when `all`,
 * else the first. */
static void
put_any_in_networks(struct buf *out, const struct kql_field *f, const struct lit *values, bool all)
{
	struct ip low, high;

	buf_put_slice(out, f->sql);
	buf_put_str(out, " != '' AND arrayExists(x -> ifNull(false");
	for (const struct lit *v = values; v != NULL; v = all ? v->next : NULL) {
		if (!network_of(v->text, &low, &high))
			continue;
		buf_put_str(out, " OR x BETWEEN ");
		put_ip(out, &low);
		buf_put_str(out, " AND ");
		put_ip(out, &high);
	}
	buf_put_str(out, ", false), arrayMap(x -> toIPv6OrNull(x), splitByChar('\\n', ");
	buf_put_slice(out, f->sql);
	buf_put_str(out, ")))");
}

static void
put_network(struct buf *out, const struct kql_field *f, const struct lit *v)
{
	struct ip low, high;

	if (f->text_form) {
		put_any_in_networks(out, f, v, false);
		return;
	}
	if (!network_of(v->text, &low, &high)) {
		buf_put_str(out, "false");
		return;
	}
	put_typed(out, f);
	buf_put_str(out, " BETWEEN ");
	put_ip(out, &low);
	buf_put_str(out, " AND ");
	put_ip(out, &high);
}

static void
put_same(struct buf *out, const struct kql_field *f, const struct lit *v)
{
	put_typed(out, f);
	buf_put_str(out, " = ");
	put_value(out, f, v);
	if (!f->multi || (f->type != KT_STRING && f->type != KT_TEXT))
		return;
	buf_put_str(out, " OR (position(");
	buf_put_slice(out, f->sql);
	buf_put_str(out, ", '\\n') > 0 AND has(splitByChar('\\n', ");
	buf_put_slice(out, f->sql);
	buf_put_str(out, "), ");
	put_value(out, f, v);
	buf_put_str(out, "))");
}

/* The same for one address. One of IPv4 is written in one way only and looked for as that text, one of IPv6 as a network of one. */
static void
put_same_ip(struct buf *out, const struct kql_field *f, const struct lit *v)
{
	char text[IP_TEXT_MAX];
	struct slice s;
	struct ip ip;

	if (!ip_parse(v->text, &ip) || !ip_is_v4(&ip) || f->within.n == 0) {
		put_any_in_networks(out, f, v, false);
		return;
	}
	s = slice_of(text, ip_format(&ip, text));
	buf_printf(out, "position(%.*s, ", SL_ARG(f->within));
	sqlq_string(out, s);
	buf_put_str(out, ") > 0 AND has(splitByChar('\\n', ");
	buf_put_slice(out, f->sql);
	buf_put_str(out, "), ");
	sqlq_string(out, s);
	buf_put_byte(out, ')');
}

static void
put_equal(struct buf *out, const struct kql_field *f, const struct lit *v)
{
	bool first = f->within.n != 0 && (f->type == KT_STRING || f->type == KT_TEXT) && v->text.n != 0;

	if (f->type == KT_IP && f->text_form) {
		put_same_ip(out, f, v);
		return;
	}
	if (first) {
		buf_printf(out, "position(%.*s, ", SL_ARG(f->within));
		put_value(out, f, v);
		buf_put_str(out, ") > 0 AND (");
	}
	put_same(out, f, v);
	buf_put_str(out, first ? ")" : "");
}

static void
put_call(struct buf *out, const char *call, const struct kql_field *f, struct slice value, const char *end)
{
	buf_printf(out, "%s(", call);
	buf_put_slice(out, f->sql);
	buf_put_str(out, ", ");
	sqlq_string(out, value);
	buf_put_str(out, end);
}

static void
put_like(struct buf *out, const struct kql_field *f, const char *before, struct slice s, const char *behind)
{
	buf_put_slice(out, f->sql);
	buf_printf(out, " ILIKE '%s", before);
	sqlq_like_part(out, s);
	buf_printf(out, "%s'", behind);
}

static void
put_exists(struct buf *out, const struct kql_field *f)
{
	buf_put_slice(out, f->sql);
	if (f->text_form || f->type == KT_STRING || f->type == KT_TEXT)
		buf_put_str(out, " != ''");
	else if (f->type == KT_IP)
		buf_put_str(out, " != toIPv6('::')");
	else
		buf_put_str(out, " IS NOT NULL");
}

static void
put_order(struct buf *out, const struct kql_field *f, const char *sign, const struct lit *v)
{
	put_typed(out, f);
	buf_printf(out, " %s ", sign);
	put_value(out, f, v);
}

static void
put_escaped(struct buf *re, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!isalnum((unsigned char)s.p[i]) && (unsigned char)s.p[i] < 0x80)
			buf_put_byte(re, '\\');
		buf_put_byte(re, s.p[i]);
	}
}

/* "has": whole words; the text is a field's, so words are found by a bounded regular expression. */
static void
put_has(struct buf *out, const struct kql_field *f, struct slice s, bool prefix)
{
	auto_buf struct buf re = { 0 };

	buf_put_str(&re, "(?i)(^|[^0-9a-z])");
	put_escaped(&re, s);
	if (!prefix)
		buf_put_str(&re, "([^0-9a-z]|$)");
	put_call(out, "match", f, buf_slice(&re), ")");
}

/* Any of the texts, all looked for in one pass; then as a whole word, where one was found. */
static void
put_has_any(struct buf *out, const struct node *n)
{
	auto_buf struct buf re = { 0 }, one = { 0 };

	buf_put_str(&re, "(?i)(^|[^0-9a-z])(");
	buf_put_str(out, "multiMatchAny(");
	buf_put_slice(out, n->field.sql);
	for (const struct lit *v = n->values; v != NULL; v = v->next) {
		buf_put_str(&re, v != n->values ? "|" : "");
		put_escaped(&re, v->text);
		buf_clear(&one);
		buf_put_str(&one, "(?i)");
		put_escaped(&one, v->text);
		buf_put_str(out, v != n->values ? ", " : ", [");
		sqlq_string(out, buf_slice(&one));
	}
	buf_put_str(&re, ")([^0-9a-z]|$)");
	buf_put_str(out, "]) AND ");
	put_call(out, "match", &n->field, buf_slice(&re), ")");
}

static void
put_each(struct buf *out, const struct node *n, void (*one)(struct buf *, const struct kql_field *, const struct lit *))
{
	for (const struct lit *v = n->values; v != NULL; v = v->next) {
		if (v != n->values)
			buf_put_str(out, " OR ");
		one(out, &n->field, v);
	}
}

static void
put_equal_nocase(struct buf *out, const struct kql_field *f, const struct lit *v)
{
	if (f->type == KT_STRING || f->type == KT_TEXT)
		put_like(out, f, "", v->text, "");
	else
		put_equal(out, f, v);
}

static void
put_one_of(struct buf *out, const struct kql_field *f, const struct lit *v)
{
	if (f->type == KT_IP && slice_find(v->text, '/') > 0)
		put_network(out, f, v);
	else
		put_equal(out, f, v);
}

static void
put_compare(struct buf *out, const struct node *n)
{
	const struct kql_field *f = &n->field;
	const struct lit *v = n->values;

	switch (n->op) {
	case OP_EQ:
		put_equal(out, f, v);
		break;
	case OP_EQ_NOCASE:
		put_equal_nocase(out, f, v);
		break;
	case OP_LT:
		put_order(out, f, "<", v);
		break;
	case OP_LE:
		put_order(out, f, "<=", v);
		break;
	case OP_GT:
		put_order(out, f, ">", v);
		break;
	case OP_GE:
		put_order(out, f, ">=", v);
		break;
	case OP_HAS_ANY:
		put_has_any(out, n);
		break;
	case OP_HAS:
	case OP_HASPREFIX:
		put_has(out, f, v->text, n->op == OP_HASPREFIX);
		break;
	case OP_CONTAINS:
		put_call(out, is_ascii(v->text) ? "positionCaseInsensitive" : "positionCaseInsensitiveUTF8", f, v->text, ") > 0");
		break;
	case OP_STARTS:
		put_like(out, f, "", v->text, "%");
		break;
	case OP_ENDS:
		put_like(out, f, "%", v->text, "");
		break;
	case OP_IN:
		if (f->type == KT_IP && f->text_form)
			put_any_in_networks(out, f, n->values, true);
		else
			put_each(out, n, put_one_of);
		break;
	case OP_IN_NOCASE:
		put_each(out, n, put_equal_nocase);
		break;
	case OP_BETWEEN:
		put_order(out, f, ">=", v);
		buf_put_str(out, " AND ");
		put_order(out, f, "<=", v->next);
		break;
	case OP_REGEX:
		put_call(out, "match", f, v->text, ")");
		break;
	case OP_WILD:
		buf_put_slice(out, f->sql);
		buf_put_str(out, " ILIKE ");
		put_wild(out, v->text, false);
		break;
	case OP_EXISTS:
		put_exists(out, f);
		break;
	case OP_NETWORK:
		put_network(out, f, v);
		break;
	}
}

/* A missing number is neither equal nor unequal in SQL; people mean "not equal". Where nothing can be NULL
 * the comparison stays bare, or the indexes would not be used. */
static void
put_comparison(struct buf *out, const struct node *n)
{
	const struct kql_field *f = &n->field;
	bool nullable = f->type == KT_LONG || f->type == KT_DOUBLE || f->type == KT_BOOL ||
	                (f->text_form && f->type != KT_STRING && f->type != KT_TEXT);

	buf_put_str(out, n->negate ? "(NOT " : "");
	buf_put_str(out, nullable ? "ifNull((" : "(");
	put_compare(out, n);
	buf_put_str(out, nullable ? "), false)" : ")");
	buf_put_str(out, n->negate ? ")" : "");
}

void
put_condition(struct buf *out, const struct kql *q, const struct node *n)
{
	switch (n->kind) {
	case N_AND:
	case N_OR:
		buf_put_byte(out, '(');
		put_condition(out, q, n->a);
		buf_put_str(out, n->kind == N_AND ? " AND " : " OR ");
		put_condition(out, q, n->b);
		buf_put_byte(out, ')');
		break;
	case N_NOT:
		buf_put_str(out, "(NOT ifNull(");
		put_condition(out, q, n->a);
		buf_put_str(out, ", false))");
		break;
	case N_COMPARE:
		put_comparison(out, n);
		break;
	case N_WORD:
	case N_PHRASE:
		put_word(out, q->schema->line, n);
		break;
	}
}

/* ---- the scan: the only place that names the table ---- */

static void
put_scan(struct buf *out, const struct kql *q, const struct kql_scope *scope)
{
	must(scope->tenant_count != 0);
	buf_printf(out, "FROM %s WHERE tenant IN (", q->schema->table);
	for (size_t i = 0; i < scope->tenant_count; i++) {
		if (i != 0)
			buf_put_byte(out, ',');
		sqlq_string(out, scope->tenants[i]);
	}
	buf_put_str(out, ") AND time >= ");
	put_time(out, scope->from_ns);
	buf_put_str(out, " AND time < ");
	put_time(out, scope->to_ns);
	if (scope->also != NULL)
		buf_printf(out, " AND %s", scope->also);
	if (q->filter != NULL) {
		buf_put_str(out, " AND ");
		put_condition(out, q, q->filter);
	}
}

/* ---- stages ---- */

static void
put_zone(struct buf *out, const struct kql_scope *scope)
{
	sqlq_string(out, slice_str(scope->zone != NULL ? scope->zone : "UTC"));
}

static void
put_key(struct buf *out, const struct col *c, const struct kql_scope *scope)
{
	if (c->bin == 0) {
		put_typed(out, &c->field);
		return;
	}
	if (c->type == KT_LONG) {
		buf_put_str(out, "intDiv(");
		put_typed(out, &c->field);
		buf_printf(out, ", %lld) * %lld", (long long)c->bin, (long long)c->bin);
		return;
	}
	if (c->bin % NS_PER_DAY == 0)
		buf_put_str(out, "toDateTime(toStartOfInterval("); /* a date: made a time of that zone again */
	else
		buf_put_str(out, "toStartOfInterval(");
	put_typed(out, &c->field);
	if (c->bin % NS_PER_DAY == 0)
		buf_printf(out, ", INTERVAL %lld day, ", (long long)(c->bin / NS_PER_DAY));
	else
		buf_printf(out, ", INTERVAL %lld second, ", (long long)(c->bin / NS_PER_S));
	put_zone(out, scope);
	buf_put_byte(out, ')');
	if (c->bin % NS_PER_DAY == 0) {
		buf_put_str(out, ", ");
		put_zone(out, scope);
		buf_put_byte(out, ')');
	}
}

static void
put_agg(struct buf *out, const struct kql *q, const struct col *c)
{
	static const char *const calls[] = {
		[AGG_DCOUNT] = "uniq", [AGG_SUM] = "sum", [AGG_AVG] = "avg", [AGG_MIN] = "min", [AGG_MAX] = "max",
		[AGG_SET] = "groupUniqArray(100)", [AGG_ANY] = "any",
	};

	switch (c->agg) {
	case AGG_COUNT:
		buf_put_str(out, "count()");
		break;
	case AGG_COUNTIF:
		buf_put_str(out, "countIf(");
		put_condition(out, q, c->cond);
		buf_put_byte(out, ')');
		break;
	default:
		if (c->agg == AGG_SET)
			buf_put_str(out, "arrayStringConcat(arrayMap(x -> toString(x), ");
		buf_printf(out, "%s(", calls[c->agg]);
		put_typed(out, &c->field);
		buf_put_byte(out, ')');
		if (c->agg == AGG_SET)
			buf_put_str(out, "), '\\n')");
		break;
	}
}

static void
put_columns(struct buf *out, const struct kql *q, const struct stage *st, const struct kql_scope *scope)
{
	bool groups = st->kind != ST_PROJECT;

	for (size_t i = 0; i < st->col_count; i++) {
		if (st->cols[i].agg != AGG_NONE)
			put_agg(out, q, &st->cols[i]);
		else
			put_key(out, &st->cols[i], scope);
		buf_printf(out, " AS c%u_%zu, ", st->generation, i);
	}
	buf_put_str(out, groups ? "min(_ta) AS _ta, max(_tb) AS _tb" : "_ta, _tb");
}

static void
put_group_by(struct buf *out, const struct stage *st, const struct kql_scope *scope)
{
	bool any = false;

	for (size_t i = 0; i < st->col_count; i++)
		if (st->cols[i].key) {
			buf_put_str(out, any ? ", " : " GROUP BY ");
			put_key(out, &st->cols[i], scope);
			any = true;
		}
}

static void
put_order_by(struct buf *out, const struct stage *st, bool limit)
{
	for (size_t i = 0; i < st->sort_count; i++) {
		buf_put_str(out, i == 0 ? " ORDER BY " : ", ");
		put_typed(out, &st->sort[i].field);
		buf_put_str(out, st->sort[i].ascending ? " ASC" : " DESC");
	}
	if (limit && st->count != 0)
		buf_printf(out, " LIMIT %llu", (unsigned long long)st->count);
}

/* Wraps what is in out: SELECT … FROM (out) … */
static void
wrap(struct buf *out, const struct kql *q, const struct stage *st, const struct kql_scope *scope, bool events)
{
	auto_buf struct buf inner = { 0 };

	buf_put_slice(&inner, buf_slice(out));
	buf_clear(out);
	buf_put_str(out, "SELECT ");
	if (st->col_count != 0)
		put_columns(out, q, st, scope);
	else
		buf_put_byte(out, '*');
	buf_put_str(out, " FROM (");
	buf_put_slice(out, buf_slice(&inner));
	buf_put_byte(out, ')');
	if (st->kind == ST_WHERE) {
		buf_put_str(out, " WHERE ");
		put_condition(out, q, st->cond);
	}
	if (st->kind != ST_PROJECT)
		put_group_by(out, st, scope);
	if (st->kind == ST_TAKE && events)
		buf_put_str(out, " ORDER BY time DESC, seq DESC, n DESC");
	put_order_by(out, st, true);
}

static void
put_stages(struct buf *out, const struct kql *q, const struct kql_scope *scope)
{
	bool events = true;

	for (const struct stage *st = q->stages; st != NULL; st = st->next) {
		wrap(out, q, st, scope, events);
		events = events && st->col_count == 0;
	}
}

static unsigned
row_limit(const struct kql_scope *scope)
{
	return (scope->limit != 0 && scope->limit < KQL_ROWS_MAX ? scope->limit : KQL_ROWS_MAX) + 1;
}

void
kql_sql(const struct kql *q, const struct kql_scope *scope, const char *row, struct buf *out)
{
	auto_buf struct buf sql = { 0 };

	buf_put_str(&sql, "SELECT *, tenant AS _ta, tenant AS _tb ");
	put_scan(&sql, q, scope);
	put_stages(&sql, q, scope);
	buf_put_str(out, "SELECT ");
	if (q->events)
		buf_printf(out, "%s, _ta, _tb", row);
	for (size_t i = 0; !q->events && i < q->col_count; i++)
		buf_printf(out, q->cols[i].type == KT_TIME ? "toUnixTimestamp64Nano(toDateTime64(c%u_%zu, 9)), " : "c%u_%zu, ",
		           q->generation, i);
	if (!q->events)
		buf_put_str(out, "_ta, _tb");
	buf_put_str(out, " FROM (");
	buf_put_slice(out, buf_slice(&sql));
	buf_put_byte(out, ')');
	if (q->last != NULL && q->last->kind == ST_SORT)
		put_order_by(out, q->last, false);
	else if (q->events)
		buf_put_str(out, " ORDER BY time DESC, seq DESC, n DESC");
	buf_printf(out, " LIMIT %u", row_limit(scope));
}

void
kql_histogram_sql(const struct kql *q, const struct kql_scope *scope, int64_t step_ns, struct buf *out)
{
	int64_t seconds = step_ns / NS_PER_S > 0 ? step_ns / NS_PER_S : 1;

	buf_printf(out, "SELECT intDiv(toUnixTimestamp64Nano(time) - %lld, %lld) AS t, count() AS c, min(tenant) AS _ta, "
	           "max(tenant) AS _tb ", (long long)scope->from_ns, (long long)(seconds * NS_PER_S));
	put_scan(out, q, scope);
	buf_put_str(out, " GROUP BY t ORDER BY t LIMIT 10000");
}

int
kql_facet_sql(const struct kql *q, const struct kql_scope *scope, struct slice field, unsigned top, struct buf *out)
{
	struct kql_field f;

	if (!q->schema->find(q->schema->ctx, field, q->arena, &f))
		return E_NOTFOUND;
	buf_put_str(out, "SELECT toString(");
	put_typed(out, &f);
	buf_put_str(out, ") AS v, count() AS c, min(tenant) AS _ta, max(tenant) AS _tb ");
	put_scan(out, q, scope);
	buf_put_str(out, " AND ");
	put_exists(out, &f);
	buf_printf(out, " GROUP BY v ORDER BY c DESC, v LIMIT %u", top);
	return 0;
}
