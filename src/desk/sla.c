/* SPDX-License-Identifier: Apache-2.0
 *
 * Percentiles by nearest rank: the smallest value that at least p of all do not exceed.  No interpolation, so
 * that everybody who has the times gets the same figures.
 */
#include "desk/sla_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define MONTHS_MAX 60

const char *const sla_names[SLA_TIMES] = { "happened", "lcp", "soc", "detected", "opened", "decided", "rang", "acknowledged" };

static const struct {
	const char *id;
	enum sla_time from, to;
} intervals[] = {
	{ "device_to_lcp", SLA_HAPPENED, SLA_LCP },     { "lcp_to_soc", SLA_LCP, SLA_SOC },
	{ "soc_to_detected", SLA_SOC, SLA_DETECTED },   { "detected_to_opened", SLA_DETECTED, SLA_OPENED },
	{ "opened_to_decided", SLA_OPENED, SLA_DECIDED }, { "detected_to_decided", SLA_DETECTED, SLA_DECIDED },
	{ "decided_to_rang", SLA_DECIDED, SLA_RANG },   { "decided_to_acknowledged", SLA_DECIDED, SLA_ACKNOWLEDGED },
	{ "happened_to_acknowledged", SLA_HAPPENED, SLA_ACKNOWLEDGED },
};

void
sla_month(const char *zone, int64_t at, char ret[8])
{
	char day[16];

	day_text(local_day(zone, at), day);
	snprintf(ret, 8, "%.7s", day);
}

static int
by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int64_t
rank_of(const int64_t *v, size_t n, unsigned percent)
{
	size_t k = (n * percent + 99) / 100;

	return v[k == 0 ? 0 : k - 1];
}

static json_t *
interval(const struct sla_row *const *v, size_t n, size_t which)
{
	int64_t *ms = x_calloc(n, sizeof *ms);
	size_t k = 0;
	json_t *o;

	for (size_t i = 0; i < n; i++)
		if (v[i]->t[intervals[which].from] != 0 && v[i]->t[intervals[which].to] != 0)
			ms[k++] = (v[i]->t[intervals[which].to] - v[i]->t[intervals[which].from]) / NS_PER_MS;
	qsort(ms, k, sizeof *ms, by_number);
	o = json_pack("{s:s, s:I}", "id", intervals[which].id, "n", (json_int_t)k);
	if (k != 0) {
		json_object_set_new(o, "p50_ms", json_integer(rank_of(ms, k, 50)));
		json_object_set_new(o, "p90_ms", json_integer(rank_of(ms, k, 90)));
		json_object_set_new(o, "p95_ms", json_integer(rank_of(ms, k, 95)));
		json_object_set_new(o, "p99_ms", json_integer(rank_of(ms, k, 99)));
		json_object_set_new(o, "max_ms", json_integer(ms[k - 1]));
	}
	free(ms);
	return o;
}

static json_t *
group(const struct sla_row *const *v, size_t n, const char *site)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++)
		json_array_append_new(list, interval(v, n, i));
	return json_pack("{s:s, s:s, s:s?, s:I, s:o}", "month", v[0]->month, "tenant", v[0]->tenant, "site", site, "incidents", (json_int_t)n, "intervals", list);
}

static int
by_group(const void *a, const void *b)
{
	const struct sla_row *x = a, *y = b;
	int r = strcmp(y->month, x->month);

	if (r == 0)
		r = strcmp(x->tenant, y->tenant);
	if (r == 0)
		r = strcmp(x->site, y->site);
	return r != 0 ? r : strcmp(x->id, y->id);
}

json_t *
sla_table(struct sla_row *v, size_t n)
{
	const struct sla_row **p = x_calloc(n + 1, sizeof *p);
	json_t *out = json_array();
	size_t end, site_end;

	if (n > 1) /* v may be NULL */
		qsort(v, n, sizeof *v, by_group);
	for (size_t i = 0; i < n; i++)
		p[i] = &v[i];
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && strcmp(v[end].month, v[i].month) == 0 && strcmp(v[end].tenant, v[i].tenant) == 0; end++)
			;
		json_array_append_new(out, group(p + i, end - i, NULL));
		for (size_t k = i; k < end; k = site_end) {
			for (site_end = k + 1; site_end < end && strcmp(v[site_end].site, v[k].site) == 0; site_end++)
				;
			if (v[k].site[0] != '\0')
				json_array_append_new(out, group(p + k, site_end - k, v[k].site));
		}
	}
	free(p);
	return out;
}

static json_t *
clocks_of(struct db *db, const char *tenant, const char *month)
{
	auto_free char *zone = db_text(db, "SELECT zone FROM tenants WHERE id = ?", Q(tenant));
	struct rows r = db_query(db, "SELECT kind, started_at, stopped_at IS NULL, broken FROM clocks WHERE tenant = ? ORDER BY started_at", Q(tenant));
	json_t *o = json_object(), *k;
	char in[8];

	while (rows_next(&r)) {
		const char *word = row_int(&r, 3) != 0 ? "broken" : row_int(&r, 2) != 0 ? "running" : "met";

		sla_month(zone, row_int(&r, 1), in);
		if (strcmp(in, month) != 0)
			continue;
		if ((k = json_object_get(o, row_str(&r, 0))) == NULL)
			json_object_set_new(o, row_str(&r, 0), k = json_pack("{s:i, s:i, s:i}", "met", 0, "broken", 0, "running", 0));
		json_object_set_new(k, word, json_integer(json_integer_value(json_object_get(k, word)) + 1));
	}
	return o;
}

json_t *
ask_sla_show(struct ask *a)
{
	const char *tenant = ask_tenant(a), *month = ask_str(a, "month");
	VEC(struct sla_row) v = { 0 };
	json_t *items, *o;
	struct rows r;
	size_t i;

	if (a->status != 0)
		return NULL;
	r = db_query(a->db,
	             "SELECT i.id, i.tenant, t.zone, i.happened_at, i.lcp_at, i.soc_at, i.detected_at, i.opened_at, i.decided_at, i.rang_at, i.ack_at, i.site FROM incidents i"
	             " JOIN tenants t ON t.id = i.tenant WHERE (? IS NULL OR i.tenant = ?) AND i.decided_at > ?",
	             Q(tenant), Q(tenant), Q(a->now - MONTHS_MAX * 31 * NS_PER_DAY));
	while (rows_next(&r)) {
		struct sla_row s = { 0 };

		snprintf(s.id, sizeof s.id, "%s", row_str(&r, 0));
		snprintf(s.tenant, sizeof s.tenant, "%s", row_str(&r, 1));
		snprintf(s.site, sizeof s.site, "%s", row_str(&r, 3 + SLA_TIMES) != NULL ? row_str(&r, 3 + SLA_TIMES) : "");
		for (int k = 0; k < SLA_TIMES; k++)
			s.t[k] = row_int(&r, k + 3);
		sla_month(row_str(&r, 2), s.t[SLA_DECIDED], s.month);
		if (desk_sees(a->who, s.tenant) && (month == NULL || strcmp(month, s.month) == 0))
			vec_push(&v, s);
	}
	items = sla_table(v.v, v.n);
	vec_fini(&v);
	json_array_foreach(items, i, o) {
		if (json_is_null(json_object_get(o, "site")))
			json_object_set_new(o, "clocks", clocks_of(a->db, json_string_value(json_object_get(o, "tenant")), json_string_value(json_object_get(o, "month"))));
	}
	return json_pack("{s:o}", "items", items);
}
