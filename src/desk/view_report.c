/* SPDX-License-Identifier: Apache-2.0
 *
 * The data set of a report: everything that a daily mail or a monthly report says in numbers, for one tenant and one
 * span of its own days.  Both languages, mail, PDF and CSV are made from this one object by report/, so no number can
 * differ between them.  Telemetry is in it, therefore it never arises inside a command: whoever applies the command puts it
 * into the arguments, and the journal keeps it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/watch_priv.h"

#define DAILY_INCIDENTS 40
#define TREND_MONTHS 6

struct span {
	struct db *db;
	const char *tenant;
	int64_t first, last; /* local days, both belong to it */
	int64_t from, to;    /* ns, half open */
	int64_t now;
	bool brief;
};

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Nearest rank of sorted values: the smallest that at least `percent` of them do not exceed. */
static json_t *
percentile(const int64_t *v, size_t n, unsigned percent)
{
	return n != 0 ? json_integer(v[(n * percent + 99) / 100 - 1] / NS_PER_MS) : json_null();
}

/* ---- incidents ---- */

static json_t *
actions_of(struct db *db, const char *incident)
{
	struct rows r = db_query(db, "SELECT ja AS \"text:2\", en, done_at AS \"done_at:t\" FROM actions WHERE incident = ? ORDER BY n", Q(incident));

	return rows_json(&r);
}

/* Without their weights: a data set holds whole numbers only, so that its hash does not hang on how a fraction is written. */
static json_t *
affected(struct db *db, const char *candidate)
{
	json_t *list = candidate_entities(db, candidate, 12), *v;
	size_t i;

	json_array_foreach(list, i, v)
		json_object_del(v, "weight");
	return list;
}

static json_t *
incidents_of(const struct span *s, json_t *o)
{
	struct rows r = db_query(s->db,
	                         "SELECT i.id, i.severity, i.state, i.category, i.title_ja AS \"title:2\", i.title_en, i.summary_ja AS \"summary:2\", i.summary_en,"
	                         " i.customer_severity, i.customer_ticket, i.happened_at AS \"happened_at:t\", i.lcp_at AS \"lcp_at:t\", i.soc_at AS \"soc_at:t\","
	                         " i.detected_at AS \"detected_at:t\", i.opened_at AS \"opened_at:t\", i.decided_at AS \"decided_at:t\", i.rang_at AS"
	                         " \"rang_at:t\", i.ack_at AS \"acknowledged_at:t\", i.ack_by AS acknowledged_by, i.closed_at AS \"closed_at:t\","
	                         " i.close_ja AS \"outcome:2\", i.close_en, c.blocked, c.passed, c.detections, (SELECT count(*) FROM outbox x WHERE"
	                         " x.incident = i.id AND x.kind = 'call') AS calls, i.candidate FROM incidents i JOIN candidates c ON c.id = i.candidate"
	                         " WHERE i.tenant = ? AND i.decided_at >= ? AND i.decided_at < ? ORDER BY i.decided_at, i.id",
	                         Q(s->tenant), Q(s->from), Q(s->to));
	json_t *a = json_array(), *v;
	int64_t total = 0;

	while (rows_next(&r)) {
		auto_free char *candidate = x_strdup(row_str(&r, rows_columns(&r) - 1)), *id = x_strdup(row_str(&r, 0));

		if (total++ >= DAILY_INCIDENTS && s->brief)
			continue;
		v = row_json(&r);
		json_object_del(v, "candidate");
		if (s->brief) {
			json_object_del(v, "summary");
		} else {
			json_object_set_new(v, "actions", actions_of(s->db, id));
			json_object_set_new(v, "entities", affected(s->db, candidate));
		}
		json_array_append_new(a, v);
	}
	json_object_set_new(o, "incidents_total", json_integer(total));
	return a;
}

static json_t *
closed_of(const struct span *s)
{
	struct rows r = db_query(s->db,
	                         "SELECT coalesce(reason, ''), count(*) FROM candidates WHERE tenant = ? AND state = 'closed' AND closed_at >= ? AND closed_at < ?"
	                         " GROUP BY 1 ORDER BY 2 DESC, 1",
	                         Q(s->tenant), Q(s->from), Q(s->to));
	json_t *a = json_array();

	while (rows_next(&r)) {
		const char *reason = row_str(&r, 0);

		json_array_append_new(a, json_pack("{s:s, s:o, s:I}", "reason", reason, "text",
		                                   texts(close_reason_ja(reason) != NULL ? close_reason_ja(reason) : reason,
		                                         close_reason_en(reason) != NULL ? close_reason_en(reason) : reason),
		                                   "count", (json_int_t)row_int(&r, 1)));
	}
	return a;
}

/* ---- clocks ---- */

struct tally {
	VEC(int64_t) took;
	int64_t met, broken, running, limit;
};

static void
count_clock(struct tally *t, struct rows *r, int64_t now)
{
	int64_t started = row_int(r, 1), due = row_int(r, 2), stopped = row_int(r, 3);
	bool broken = strcmp(clock_state(started, due, stopped, now), "broken") == 0;

	t->limit = (due - started) / NS_PER_S;
	if (stopped != 0)
		vec_push(&t->took, stopped - started);
	t->broken += broken;
	t->met += stopped != 0 && !broken;
	t->running += stopped == 0 && !broken;
}

static json_t *
breach_json(struct rows *r, int64_t now)
{
	auto_free char *number = clock_number(r, CLOCK_COLUMNS_N);
	int64_t due = row_int(r, 2), stopped = row_int(r, 3);

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:o}", "kind", row_str(r, 0), "number", number, "started_at", time_json(row_int(r, 1)),
	                 "due_at", time_json(due), "stopped_at", time_json(stopped), "over_s",
	                 (json_int_t)(((stopped != 0 ? stopped : now) - due) / NS_PER_S), "cause", cause_json(r->db, r));
}

static json_t *
clocks_of(const struct span *s, json_t *breaches)
{
	static const char *const kinds[] = { "decide", "call", "answer", "report", "inquiry" };
	json_t *a = json_array();

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct rows r = db_query(s->db,
		                         "SELECT " CLOCK_COLUMNS ", c.number FROM clocks k LEFT JOIN"
		                         " candidates c ON c.id = k.candidate WHERE k.tenant = ? AND k.kind = ? AND k.started_at >= ? AND k.started_at < ?"
		                         " ORDER BY k.started_at, k.id",
		                         Q(s->tenant), Q(kinds[i]), Q(s->from), Q(s->to));
		struct tally t = { 0 };

		while (rows_next(&r)) {
			int64_t broken = t.broken;

			count_clock(&t, &r, s->now);
			if (t.broken != broken && breaches != NULL)
				json_array_append_new(breaches, breach_json(&r, s->now));
		}
		if (t.took.n != 0)
			qsort(t.took.v, t.took.n, sizeof *t.took.v, by_value);
		json_array_append_new(a, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "kind", kinds[i], "count",
		                                   (json_int_t)(t.met + t.broken + t.running), "met", (json_int_t)t.met, "broken", (json_int_t)t.broken,
		                                   "running", (json_int_t)t.running, "limit_s", (json_int_t)t.limit, "p50_ms",
		                                   percentile(t.took.v, t.took.n, 50), "p95_ms", percentile(t.took.v, t.took.n, 95), "p99_ms",
		                                   percentile(t.took.v, t.took.n, 99), "max_ms", percentile(t.took.v, t.took.n, 100)));
		vec_fini(&t.took);
	}
	return a;
}

/* ---- devices, ledger ---- */

static json_t *
devices_of(const struct span *s, json_t *ret_totals)
{
	/* counted by UTC days, as collectors and the archive's manifests count */
	struct rows r = db_query(s->db,
	                         "SELECT e.device AS id, e.lcp, coalesce(e.source, '') AS source, e.last_at AS \"last_at:t\", coalesce(sum(d.lines), 0) AS lines,"
	                         " coalesce(sum(d.dropped), 0) AS dropped, coalesce(sum(d.lines > 0), 0) AS days_heard, e.first_at FROM devices e LEFT JOIN"
	                         " device_days d ON d.tenant = e.tenant AND d.lcp = e.lcp AND d.device = e.device AND d.day BETWEEN ? AND ?"
	                         " WHERE e.tenant = ? AND e.first_at < ? GROUP BY e.lcp, e.device ORDER BY e.lcp, e.device",
	                         Q(s->first), Q(s->last), Q(s->tenant), Q(s->to));
	json_t *a = json_array(), *o;
	int64_t total = 0, troubled = 0, last = s->now / NS_PER_DAY < s->last ? s->now / NS_PER_DAY : s->last; /* a day to come is not silent */

	while (rows_next(&r)) {
		int64_t first = row_int(&r, 7) / NS_PER_DAY, days = last - (first > s->first ? first : s->first) + 1;
		int64_t silent = days - row_int(&r, 6);

		o = row_json(&r);
		json_object_del(o, "first_at");
		json_object_set_new(o, "days_silent", json_integer(silent > 0 ? silent : 0));
		json_array_append_new(a, o);
		total++;
		troubled += silent > 0 || row_int(&r, 5) != 0;
	}
	json_object_set_new(ret_totals, "devices_total", json_integer(total));
	json_object_set_new(ret_totals, "devices_troubled", json_integer(troubled));
	return a;
}

static json_t *
ledger_of(const struct span *s)
{
	struct rows r = db_query(s->db,
	                         "SELECT coalesce(sum(lines + dropped), 0) AS received, coalesce(sum(dropped), 0) AS dropped, coalesce(sum(lines), 0) AS kept,"
	                         " coalesce(sum(CASE WHEN archived IS NOT NULL THEN lines END), 0) AS proven, coalesce(sum(archived), 0) AS archived,"
	                         " coalesce(sum(CASE WHEN archived IS NOT NULL THEN archived - lines END), 0) AS difference, coalesce(sum(archived IS NULL), 0)"
	                         " AS open_rows FROM device_days WHERE tenant = ? AND day BETWEEN ? AND ?",
	                         Q(s->tenant), Q(s->first), Q(s->last));

	return row_first(&r);
}

/* ---- trend ---- */

static void
month_of_day(int64_t day, int64_t *ret_year, unsigned *ret_month)
{
	unsigned d;

	civil_from_days(day, ret_year, ret_month, &d);
}

static json_t *
trend_of(const struct span *s, const char *zone)
{
	json_t *a = json_array();
	unsigned month;
	int64_t year;

	month_of_day(s->first, &year, &month);
	for (int back = TREND_MONTHS - 1; back >= 0; back--) {
		int64_t index = year * 12 + month - 1 - back;
		struct span m = { .db = s->db, .tenant = s->tenant, .now = s->now };
		json_t *o, *clocks;
		char text[16];

		m.first = days_from_civil(index / 12, (unsigned)(index % 12) + 1, 1);
		m.last = days_from_civil((index + 1) / 12, (unsigned)((index + 1) % 12) + 1, 1) - 1;
		m.from = local_ns(zone, m.first, 0);
		m.to = local_ns(zone, m.last + 1, 0);
		o = funnel_days(m.db, m.tenant, m.first, m.last, NULL);
		clocks = clocks_of(&m, NULL);
		day_text(m.first, text);
		text[7] = '\0';
		json_object_set_new(o, "month", json_string(text));
		json_object_set(o, "call", json_array_get(clocks, 1));
		json_array_append_new(a, o);
		json_decref(clocks);
	}
	return a;
}

/* ---- what follows from the facts ---- */

static void
fact(json_t *list, const char *owner, char *ja, char *en)
{
	json_array_append_new(list, json_pack("{s:s, s:o}", "owner", owner, "text", texts(ja, en)));
	free(ja);
	free(en);
}

/* 19,000: ours to free. */
static char *
figure(long long n)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof digits, "%lld", n);
	auto_buf struct buf b = { 0 };

	for (size_t i = 0; i < len; i++)
		buf_printf(&b, i != 0 && (len - i) % 3 == 0 ? ",%c" : "%c", digits[i]);
	return x_strdup(buf_cstr(&b));
}

static void
device_facts(const json_t *devices, json_t *list)
{
	const json_t *d;
	size_t i;

	json_array_foreach(devices, i, d) {
		const char *id = json_string_value(json_object_get(d, "id"));
		long long silent = json_integer_value(json_object_get(d, "days_silent")), dropped = json_integer_value(json_object_get(d, "dropped"));

		if (silent != 0)
			fact(list, "customer", x_asprintf("機器「%s」から %lld 日間ログが届いていません。機器と転送設定を確認してください。", id, silent),
			     x_asprintf("Device \"%s\" sent nothing on %lld day%s. Check the device and its forwarding.", id, silent, silent == 1 ? "" : "s"));
		if (dropped != 0) {
			auto_free char *n = figure(dropped);

			fact(list, "customer", x_asprintf("機器「%s」で %s 行が失われました。TCP または TLS での転送を検討してください。", id, n),
			     x_asprintf("Device \"%s\" lost %s line%s. Consider forwarding over TCP or TLS.", id, n, dropped == 1 ? "" : "s"));
		}
	}
}

static json_t *
facts_of(const struct span *s, const json_t *o)
{
	const json_t *funnel = json_object_get(o, "funnel"), *k;
	long long events = json_integer_value(json_object_get(funnel, "events")), unparsed = json_integer_value(json_object_get(funnel, "unparsed"));
	long long open = db_int(s->db, 0, "SELECT count(*) FROM actions x JOIN incidents i ON i.id = x.incident WHERE i.tenant = ? AND i.state = 'open' AND"
	                                  " x.done_at IS NULL AND i.decided_at < ?", Q(s->tenant), Q(s->to));
	long long broken = db_int(s->db, 0, "SELECT count(*) FROM numbers n JOIN contacts p ON p.id = n.contact WHERE p.tenant = ? AND p.active <> 0 AND"
	                                    " n.broken_at IS NOT NULL", Q(s->tenant));
	json_t *list = json_array();
	size_t i;

	device_facts(json_object_get(o, "devices"), list);
	if (unparsed * 100 > events + unparsed) {
		auto_free char *n = figure(unparsed);

		fact(list, "soc", x_asprintf("%s 行を解釈できませんでした（全体の 1 %% 超）。解析定義を追加します。", n),
		     x_asprintf("%s line%s could not be parsed (more than 1 %%). We will extend the parsers.", n, unparsed == 1 ? "" : "s"));
	}
	if (open != 0)
		fact(list, "customer", x_asprintf("お客様にお願いしている対応のうち %lld 件が完了していません。", open),
		     x_asprintf("Actions we asked you for that are not done: %lld.", open));
	if (broken != 0)
		fact(list, "customer", x_asprintf("使われていない電話番号が %lld 件登録されています。連絡先を更新してください。", broken),
		     x_asprintf("Registered telephone numbers that do not exist: %lld. Update your contacts.", broken));
	json_array_foreach(json_object_get(o, "clocks"), i, k)
		if (json_integer_value(json_object_get(k, "broken")) != 0) {
			fact(list, "soc", x_strdup("約束の時間を守れなかった件があります。原因と再発防止策を次回の定例会でご報告します。"),
			     x_strdup("Promised times were missed. We will report cause and remedy at the next meeting."));
			break;
		}
	return list;
}

/* ---- the whole ---- */

static json_t *
period_json(const struct span *s, const char *zone)
{
	char first[16], last[16];

	day_text(s->first, first);
	day_text(s->last, last);
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:I}", "first", first, "last", last, "zone", zone, "from", time_json(s->from), "to",
	                 time_json(s->to), "utc_offset_s", (json_int_t)((s->first * NS_PER_DAY - s->from) / NS_PER_S));
}

json_t *
report_data(struct desk *d, const char *tenant, const char *kind, int64_t first, int64_t last, int64_t now)
{
	auto_free char *zone = db_text(d->db, "SELECT zone FROM tenants WHERE id = ?", Q(tenant));
	struct span s = { .db = d->db, .tenant = tenant, .first = first, .last = last, .from = local_ns(zone, first, 0),
		          .to = local_ns(zone, last + 1, 0), .now = now, .brief = strcmp(kind, "daily") == 0 };
	json_t *o = json_object(), *breaches = json_array(), *days = json_array();

	json_object_set_new(o, "v", json_integer(1));
	json_object_set_new(o, "kind", json_string(kind));
	json_object_set_new(o, "tenant", tenant_ref(d->db, tenant));
	json_object_set_new(o, "made_at", time_json(now));
	json_object_set_new(o, "period", period_json(&s, zone));
	json_object_set_new(o, "funnel", funnel_days(s.db, tenant, first, last, days));
	json_object_set_new(o, "incidents", incidents_of(&s, o));
	json_object_set_new(o, "clocks", clocks_of(&s, breaches));
	json_object_set_new(o, "breaches", breaches);
	json_object_set_new(o, "closed", closed_of(&s));
	json_object_set_new(o, "devices", devices_of(&s, o));
	json_object_set_new(o, "ledger", ledger_of(&s));
	/* measured or not: nothing is claimed before the first canary */
	json_object_set_new(o, "availability", availability_of(d, tenant, s.from, s.to, now, !s.brief));
	if (!s.brief) {
		json_object_set(o, "days", days);
		json_object_set_new(o, "trend", trend_of(&s, zone));
	}
	json_object_set_new(o, "facts", facts_of(&s, o));
	if (d->s.url != NULL)
		json_object_set_new(o, "url", json_string(d->s.url));
	json_decref(days);
	return o;
}
