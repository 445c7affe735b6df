/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers against another tenant's rows: the scope comes from the actor here and the language cannot widen
 * it; store_query adds the engine's own filter; every row that comes back is looked at once more, and one
 * foreign row spoils the whole answer.
 */
#include "role/store_ask.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "codec/sqlq.h"
#include "role/store_schema.h"

#define RANGE_DEFAULT (24 * 3600 * NS_PER_S)
#define RANGE_MAX (400 * NS_PER_DAY)
#define ROWS_DEFAULT 200
#define BARS 96
#define EVIDENCE_MAX 200
#define TENANTS_MAX 4096
#define CANARY_BACK (15 * 60 * NS_PER_S)

_Static_assert(LINE_CANARY == 4, "the bit in the conditions below");

struct work {
	struct store_conn *c;
	const struct ask *a;
	struct slice *tenants;       /* the scope, in `arena` */
	size_t tenant_count;
	struct kql_scope scope;
	struct arena arena;
	struct buf out, err;         /* the engine's answer and words */
	int64_t began_ns;
	json_t *fault;               /* the answer when something was wrong */
};

/* ---- answers ---- */

static json_t *
answer(int status, json_t *body)
{
	return json_pack("{s:i,s:o}", "status", status, "body", body);
}

static int
fault(struct work *w, int status, const char *type, const char *field, const char *detail)
{
	w->fault = answer(status, json_pack("{s:s,s:i,s:s*,s:s*}", "type", type, "status", status, "field", field,
	                                    "detail", detail));
	return E_USAGE;
}

static const char *
arg(const struct work *w, const char *name)
{
	const char *s = json_string_value(json_object_get(w->a->args, name));

	return s != NULL && s[0] != '\0' ? s : NULL;
}

/* ---- scope ---- */

static void
add_tenant(struct work *w, const char *name)
{
	struct slice s = slice_str(name);

	if (batch_id_is_good(s) && w->tenant_count < TENANTS_MAX)
		w->tenants[w->tenant_count++] = arena_dup(&w->arena, s);
}

static bool
may_see(const struct work *w, const char *tenant)
{
	const char *own = json_string_value(json_object_get(w->a->actor, "tenant"));
	const json_t *mask = json_object_get(w->a->actor, "tenants"), *v;
	size_t i;

	if (own != NULL)
		return strcmp(own, tenant) == 0;
	if (json_array_size(mask) == 0)
		return true;
	json_array_foreach(mask, i, v)
		if (json_is_string(v) && strcmp(json_string_value(v), tenant) == 0)
			return true;
	return false;
}

/* A customer's role without a tenant sees nothing: closed, not open, when something is missing. */
static int
take_tenants(struct work *w)
{
	const char *role = json_string_value(json_object_get(w->a->actor, "role")), *asked = arg(w, "tenant");
	const char *own = json_string_value(json_object_get(w->a->actor, "tenant"));

	w->tenants = arena_array(&w->arena, struct slice, TENANTS_MAX);
	if (role == NULL || (own == NULL && strcmp(role, "customer") == 0))
		return fault(w, 403, "forbidden", NULL, NULL);
	if (asked != NULL) {
		if (!may_see(w, asked))
			return fault(w, 404, "not-found", "tenant", NULL);
		add_tenant(w, asked);
	} else if (own != NULL) {
		add_tenant(w, own);
	} else {
		for (size_t i = 0; i < w->a->known_count; i++) {
			auto_free char *name = x_asprintf("%.*s", SL_ARG(w->a->known[i]));

			if (may_see(w, name))
				add_tenant(w, name);
		}
	}
	if (w->tenant_count == 0) /* nothing is stored yet: a name nobody can have */
		w->tenants[w->tenant_count++] = SL("-");
	w->scope.tenants = w->tenants;
	w->scope.tenant_count = w->tenant_count;
	return 0;
}

static int
take_time(struct work *w, const char *name, int64_t otherwise, int64_t *ret)
{
	const char *s = arg(w, name);

	*ret = otherwise;
	if (s == NULL)
		return 0;
	return time_parse_rfc3339(slice_str(s), ret) == 0 ? 0 : fault(w, 422, "invalid", name, "RFC 3339, such as 2026-05-01T09:00:00Z");
}

static bool
zone_is_good(const char *z)
{
	size_t n = strlen(z);

	return n != 0 && n < 64 && z[strspn(z, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/+-")] == '\0';
}

static int
take_range(struct work *w)
{
	const char *limit = arg(w, "limit"), *zone = arg(w, "zone");
	uint64_t n = ROWS_DEFAULT;
	int r = take_time(w, "to", w->a->now_ns + 60 * NS_PER_S, &w->scope.to_ns);

	if (r == 0)
		r = take_time(w, "from", w->scope.to_ns - RANGE_DEFAULT, &w->scope.from_ns);
	if (r != 0)
		return r;
	if (w->scope.from_ns >= w->scope.to_ns || w->scope.to_ns - w->scope.from_ns > RANGE_MAX)
		return fault(w, 422, "invalid", "from", "before `to`, and at most 400 days");
	if (limit != NULL && (!slice_u64(slice_str(limit), &n) || n < 1 || n > KQL_ROWS_MAX))
		return fault(w, 422, "invalid", "limit", "1 to 10000");
	if (json_is_integer(json_object_get(w->a->args, "limit")))
		n = (uint64_t)json_integer_value(json_object_get(w->a->args, "limit"));
	if (zone != NULL && !zone_is_good(zone))
		return fault(w, 422, "invalid", "zone", "a name such as Asia/Tokyo");
	w->scope.limit = (unsigned)n;
	w->scope.zone = zone;
	w->scope.now_ns = w->a->now_ns;
	w->scope.also = "bitAnd(flags, 4) = 0"; /* what measures the service is not the customer's */
	return 0;
}

/* ---- the query's text ---- */

/* line:column and what was found and wanted, as every problem of the API lists them. */
static json_t *
faults_json(const struct whys *ws)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ws->list.n; i++) {
		auto_buf struct buf line = { 0 };

		why_print(&ws->list.v[i], &line);
		json_array_append_new(list, json_stringn(line.p, line.n));
	}
	return list;
}

static int
take_query(struct work *w, struct kql **ret)
{
	const char *q = arg(w, "q");
	auto_buf struct buf text = { 0 };
	struct whys ws = { 0 };
	int r = kql_parse(slice_str(q != NULL ? q : ""), &store_kql_schema, w->a->now_ns, &w->arena, ret, &ws);

	if (r != 0) {
		why_print(&ws.list.v[0], &text);
		w->fault = answer(422, json_pack("{s:s,s:i,s:s,s:s,s:o}", "type", "query", "status", 422, "field", "q", "detail",
		                                 buf_cstr(&text), "faults", faults_json(&ws)));
	}
	whys_fini(&ws);
	return r;
}

/* ---- running ---- */

static int
run(struct work *w, const struct buf *sql)
{
	struct store_limits limits = { .seconds = 30, .memory = 400u << 20, .rows_to_read = 2000000000 };
	struct buf *err = &w->err;
	int r = store_query(w->c, buf_slice(sql), w->tenants, w->tenant_count, &limits, "JSONCompactEachRow", w->a->cancel,
	                    &w->out, err);

	if (r == 0)
		return 0;
	if (r == E_LIMIT)
		return fault(w, 422, "limit", NULL, "the query reads or gives more than its limits allow; narrow the time or the condition");
	if (r == E_STATE)
		return fault(w, 499, "cancelled", NULL, NULL);
	if (strstr(buf_cstr(err), "CANNOT_COMPILE_REGEXP") != NULL)
		return fault(w, 422, "query", "q", "the regular expression is not one");
	if (strstr(buf_cstr(err), "time zone") != NULL || strstr(buf_cstr(err), "timezone") != NULL)
		return fault(w, 422, "invalid", "zone", "a name such as Asia/Tokyo");
	log_error("store.query", kv_err(r), kv_slice("engine", slice_sub(buf_slice(err), 0, 600)));
	return fault(w, 500, "internal", NULL, NULL);
}

/* Every row of the answer, each checked; on_row gets the row. */
static int
each_row(struct work *w, int (*on_row)(void *ctx, json_t *row), void *ctx)
{
	struct slice rest = buf_slice(&w->out), line;
	int r = 0;

	while (r == 0 && rest.n != 0) {
		auto_buf struct buf repaired = { 0 };
		json_t *row;

		line = slice_cut(&rest, '\n');
		if (line.n == 0)
			continue;
		if (!utf8_is_valid(line)) { /* lines are kept as they came; one bad byte must not hide the others */
			utf8_repair(&repaired, line);
			line = buf_slice(&repaired);
		}
		row = json_loadb(line.p, line.n, JSON_ALLOW_NUL, NULL);
		if (!json_is_array(row)) {
			r = fault(w, 500, "internal", NULL, NULL);
		} else if (!store_row_is_ours(row, w->tenants, w->tenant_count)) {
			log_alert("store.foreign_row");
			r = fault(w, 500, "internal", NULL, NULL);
		} else {
			r = on_row(ctx, row);
		}
		json_decref(row);
	}
	return r;
}

static void
add_cost(struct work *w, json_t *body)
{
	int64_t took = clock_mono(clock_real()) - w->began_ns;

	json_object_set_new(body, "rows_read", json_integer((json_int_t)store_rows_read(w->c)));
	json_object_set_new(body, "took_ms", json_integer(took / NS_PER_MS));
}

/* ---- verbs ---- */

struct rows {
	struct work *w;
	const struct kql *q;
	bool addresses;              /* the values are addresses */
	json_t *list;
};

static int
on_event_row(void *ctx, json_t *row)
{
	struct rows *s = ctx;
	json_t *e = store_row_to_event(row);

	if (e == NULL)
		return fault(s->w, 500, "internal", NULL, NULL);
	json_array_append_new(s->list, e);
	return 0;
}

static int
on_table_row(void *ctx, json_t *row)
{
	struct rows *s = ctx;
	json_t *out = json_array();

	for (size_t i = 0; i < kql_columns(s->q); i++)
		json_array_append_new(out, store_table_value(json_array_get(row, i), kql_column_type(s->q, i)));
	json_array_append_new(s->list, out);
	return 0;
}

static json_t *
columns_json(const struct kql *q)
{
	json_t *list = json_array();

	for (size_t i = 0; !kql_gives_events(q) && i < kql_columns(q); i++)
		json_array_append_new(list, json_stringn(kql_column(q, i).p, kql_column(q, i).n));
	return list;
}

static int
log_search(struct work *w, json_t **ret)
{
	auto_buf struct buf sql = { 0 }, row = { 0 };
	struct rows rows = { .w = w, .list = json_array() };
	struct kql *q = NULL;
	bool cut;
	int r = take_range(w);

	if (r == 0)
		r = take_query(w, &q);
	if (r == 0) {
		store_row_columns(&row);
		kql_sql(q, &w->scope, buf_cstr(&row), &sql);
		r = run(w, &sql);
	}
	rows.q = q;
	if (r == 0)
		r = each_row(w, kql_gives_events(q) ? on_event_row : on_table_row, &rows);
	if (r != 0) {
		json_decref(rows.list);
		return r;
	}
	cut = json_array_size(rows.list) > w->scope.limit;
	if (cut)
		json_array_remove(rows.list, json_array_size(rows.list) - 1);
	*ret = json_pack("{s:o,s:o,s:o,s:i,s:b}", "items", kql_gives_events(q) ? rows.list : json_array(), "columns",
	                 columns_json(q), "rows", kql_gives_events(q) ? json_array() : rows.list, "limit",
	                 (int)w->scope.limit, "cut", cut);
	return 0;
}

static int
on_bar(void *ctx, json_t *row)
{
	struct rows *s = ctx;
	json_int_t bar = json_integer_value(json_array_get(row, 0));
	json_t *bucket = json_array_get(s->list, bar >= 0 ? (size_t)bar : SIZE_MAX);

	if (bucket != NULL)
		json_object_set(bucket, "count", json_array_get(row, 1));
	return 0;
}

/* The smallest of these spans that gives at most BARS bars. */
static int64_t
bar_width(int64_t span_ns)
{
	static const int seconds[] = { 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
		172800, 604800 };

	for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
		if (span_ns / (seconds[i] * NS_PER_S) <= BARS)
			return seconds[i] * NS_PER_S;
	return 604800 * NS_PER_S;
}

static int
log_histogram(struct work *w, json_t **ret)
{
	auto_buf struct buf sql = { 0 };
	struct rows rows = { .w = w };
	struct kql *q = NULL;
	int64_t step;
	int r = take_range(w);

	if (r == 0)
		r = take_query(w, &q);
	if (r != 0)
		return r;
	step = bar_width(w->scope.to_ns - w->scope.from_ns);
	w->scope.from_ns -= w->scope.from_ns % step; /* bars begin at whole steps */
	kql_histogram_sql(q, &w->scope, step, &sql);
	r = run(w, &sql);
	if (r != 0)
		return r;
	rows.list = json_array();
	for (int64_t at = w->scope.from_ns; at < w->scope.to_ns; at += step) {
		char text[36];

		json_array_append_new(rows.list, json_pack("{s:s%,s:i,s:b}", "at", text, time_format_rfc3339(text, at, 3),
		                                           "count", 0, "known", 1));
	}
	r = each_row(w, on_bar, &rows);
	*ret = json_pack("{s:I,s:o}", "step_s", (json_int_t)(step / NS_PER_S), "buckets", rows.list);
	return r;
}

static int
on_facet(void *ctx, json_t *row)
{
	struct rows *s = ctx;

	json_t *value = s->addresses ? store_table_value(json_array_get(row, 0), KT_IP) : json_null();

	if (json_is_null(value)) /* no single address */
		value = json_incref(json_array_get(row, 0));
	json_array_append_new(s->list, json_pack("{s:o,s:O}", "value", value, "count", json_array_get(row, 1)));
	return 0;
}

static int
log_facets(struct work *w, json_t **ret)
{
	auto_buf struct buf sql = { 0 };
	const char *field = arg(w, "field");
	int known = field != NULL ? field_find(slice_str(field)) : FIELD_NONE;
	struct rows rows = { .w = w, .addresses = known >= 0 && field_table[known].type == FT_IP };
	struct kql *q = NULL;
	int r = take_range(w);

	if (r == 0)
		r = take_query(w, &q);
	if (r != 0)
		return r;
	if (field == NULL || kql_facet_sql(q, &w->scope, slice_str(field), 20, &sql) != 0)
		return fault(w, 422, "invalid", "field", "the name of a field");
	r = run(w, &sql);
	rows.list = json_array();
	if (r == 0)
		r = each_row(w, on_facet, &rows);
	*ret = json_pack("{s:s,s:o}", "field", field, "items", rows.list);
	return r;
}

/* ---- single events ---- */

struct event_ref {
	struct slice lcp, epoch;
	uint64_t seq, n;
};

static bool
ref_is_good(const struct event_ref *e)
{
	if (!batch_id_is_good(e->lcp) || e->epoch.n != 32 || e->n >= BATCH_LINES_MAX)
		return false;
	for (size_t i = 0; i < 32; i++)
		if (strchr("0123456789abcdef", e->epoch.p[i]) == NULL || e->epoch.p[i] == '\0')
			return false;
	return true;
}

static void
put_events_sql(const struct work *w, struct buf *sql, const struct event_ref *refs, size_t count)
{
	buf_put_str(sql, "SELECT ");
	store_row_columns(sql);
	buf_put_str(sql, ", tenant AS _ta, tenant AS _tb FROM " STORE_TABLE " WHERE tenant IN (");
	for (size_t i = 0; i < w->tenant_count; i++) {
		buf_put_str(sql, i != 0 ? "," : "");
		sqlq_string(sql, w->tenants[i]);
	}
	buf_put_str(sql, ") AND (");
	for (size_t i = 0; i < count; i++) {
		buf_put_str(sql, i != 0 ? " OR (lcp = " : "(lcp = ");
		sqlq_string(sql, refs[i].lcp);
		buf_put_str(sql, " AND epoch = ");
		sqlq_string(sql, refs[i].epoch);
		buf_printf(sql, " AND seq = %llu AND n = %llu)", (unsigned long long)refs[i].seq, (unsigned long long)refs[i].n);
	}
	buf_printf(sql, ") ORDER BY time, seq, n LIMIT %zu", count);
}

static int
ask_events(struct work *w, const struct event_ref *refs, size_t count, json_t **ret_list)
{
	auto_buf struct buf sql = { 0 };
	struct rows rows = { .w = w };
	int r;

	put_events_sql(w, &sql, refs, count);
	r = run(w, &sql);
	if (r != 0)
		return r;
	*ret_list = rows.list = json_array();
	return each_row(w, on_event_row, &rows);
}

/* tenant.lcp.epoch.seq.n: the tenant in it is only a wish, the scope decides. */
static int
event_show(struct work *w, json_t **ret)
{
	const char *id = arg(w, "id");
	struct slice rest = slice_str(id != NULL ? id : ""), tenant = slice_cut(&rest, '.');
	struct event_ref ref = { .lcp = slice_cut(&rest, '.'), .epoch = slice_cut(&rest, '.') };
	struct slice seq = slice_cut(&rest, '.');
	auto_free char *name = x_asprintf("%.*s", SL_ARG(tenant));
	json_t *list = NULL;
	int r;

	if (!slice_u64(seq, &ref.seq) || !slice_u64(rest, &ref.n) || !ref_is_good(&ref) || !may_see(w, name))
		return fault(w, 404, "not-found", "id", NULL);
	w->tenant_count = 0;
	add_tenant(w, name);
	if (w->tenant_count == 0)
		return fault(w, 404, "not-found", "id", NULL);
	w->scope.tenant_count = w->tenant_count;
	r = ask_events(w, &ref, 1, &list);
	if (r == 0 && json_array_size(list) == 0)
		r = fault(w, 404, "not-found", "id", NULL);
	if (r == 0)
		*ret = json_incref(json_array_get(list, 0));
	json_decref(list);
	return r;
}

static int
on_canary(void *ctx, json_t *row)
{
	const char *line = json_string_value(json_array_get(row, 2));
	struct rows *s = ctx;
	uint64_t minute;

	if (line != NULL && slice_starts(slice_str(line), SL(CANARY_TEXT)) && slice_u64(slice_str(line + sizeof CANARY_TEXT - 1), &minute) && minute < UINT32_MAX)
		json_array_append_new(s->list, json_pack("{s:O, s:O, s:I}", "tenant", json_array_get(row, 0), "lcp", json_array_get(row, 1), "minute", (json_int_t)minute));
	return 0;
}

/* The canaries of the last minutes that a search finds. */
static int
canary_list(struct work *w, json_t **ret)
{
	auto_buf struct buf sql = { 0 };
	struct rows rows = { .w = w };
	int r;

	buf_put_str(&sql, "SELECT tenant, lcp, line, tenant AS _ta, tenant AS _tb FROM " STORE_TABLE " WHERE tenant IN (");
	for (size_t i = 0; i < w->tenant_count; i++) {
		buf_put_str(&sql, i != 0 ? "," : "");
		sqlq_string(&sql, w->tenants[i]);
	}
	buf_printf(&sql, ") AND time >= fromUnixTimestamp64Nano(toInt64(%lld), 'UTC') AND bitAnd(flags, 4) <> 0 ORDER BY time DESC LIMIT 20000",
	           (long long)(w->a->now_ns - CANARY_BACK));
	r = run(w, &sql);
	if (r != 0)
		return r;
	rows.list = json_array();
	r = each_row(w, on_canary, &rows);
	*ret = json_pack("{s:o}", "items", rows.list);
	return r;
}

static int
evidence_lines(struct work *w, json_t **ret)
{
	const json_t *events = json_object_get(w->a->args, "events"), *v;
	struct event_ref refs[EVIDENCE_MAX];
	size_t i, count = 0;
	json_t *list = NULL;
	int r = 0;

	if (arg(w, "tenant") == NULL)
		return fault(w, 422, "invalid", "tenant", NULL);
	json_array_foreach(events, i, v) {
		struct event_ref e = { .lcp = slice_str(json_string_value(json_object_get(v, "lcp"))),
			.epoch = slice_str(json_string_value(json_object_get(v, "epoch"))),
			.seq = (uint64_t)json_integer_value(json_object_get(v, "seq")),
			.n = (uint64_t)json_integer_value(json_object_get(v, "n")) };

		if (count < EVIDENCE_MAX && ref_is_good(&e))
			refs[count++] = e;
	}
	if (count != 0)
		r = ask_events(w, refs, count, &list);
	*ret = json_pack("{s:o}", "items", list != NULL ? list : json_array());
	return r;
}

static const struct { const char *verb; int (*fn)(struct work *w, json_t **ret); } verbs[] = {
	{ "log.search", log_search }, { "log.histogram", log_histogram }, { "log.facets", log_facets },
	{ "event.show", event_show }, { "evidence.lines", evidence_lines }, { "canary.list", canary_list },
};

json_t *
store_answer(struct store_conn *c, const struct ask *a)
{
	struct work w = { .c = c, .a = a, .began_ns = clock_mono(clock_real()) };
	json_t *body = NULL;
	int r = E_NOTFOUND;

	arena_init(&w.arena, 0, 64 << 20);
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (a->verb != NULL && strcmp(a->verb, verbs[i].verb) == 0) {
			r = take_tenants(&w);
			if (r == 0)
				r = verbs[i].fn(&w, &body);
			break;
		}
	if (r == E_NOTFOUND && w.fault == NULL)
		fault(&w, 404, "not-found", NULL, NULL);
	if (r == 0)
		add_cost(&w, body);
	else
		json_decref(body);
	arena_fini(&w.arena);
	buf_fini(&w.out);
	buf_fini(&w.err);
	return r == 0 ? answer(200, body) : w.fault;
}
