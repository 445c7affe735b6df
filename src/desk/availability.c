/* SPDX-License-Identifier: Apache-2.0
 *
 * How much of a month the service was there for a tenant, from the minutes that watch.c measured:
 *
 *     good        every collector's canary of that minute was detected and found in time, and a log-in worked
 *     bad         any of that did not happen, and nothing below explains it; also when the service did not run at all
 *     left out    maintenance that was announced in time; a fault on the customer's side that two persons entered with its evidence;
 *                 a collector that had no connection while others delivered; minutes that the server's clock jumped over
 *     unmeasured  before a tenant's first canary, or with no collector enrolled
 *
 *     availability = good / (good + bad)
 *
 * Everything is whole minutes; a promise of 99.90 % of a month of 30 days allows 43 bad ones.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/watch_priv.h"

#define TARGET 9990 /* of 10,000 */
#define SPANS_MAX 200

enum { UNMEASURED, GOOD, BAD, MAINTENANCE, CUSTOMER, COLLECTOR_OFF, CLOCK_STEP, VERDICTS };
static const char *const verdict_names[VERDICTS] = { "unmeasured", "good", "bad", "maintenance", "customer", "collector_off", "clock" };

enum { SEEN = 1, FOUND = 2, BEAT = 4 };

struct collector {
	char lcp[32];
	int64_t from, until; /* minutes in which it is expected */
	uint8_t *bits;       /* with two minutes more on both sides */
};

struct month {
	struct db *db;
	const char *tenant;
	int64_t from, to;    /* minutes, half open */
	size_t n;
	uint8_t *verdict, *who; /* who: collector + 1 that decided it */
	uint8_t *login;
	uint8_t *fault;      /* why a log-in failed: bit i = row i of tbl/login_faults.tbl */
	int32_t *others;     /* collectors of anybody that delivered */
	VEC(struct collector) lcps;
	bool logins;         /* they are measured at all */
	int64_t login_from;
};

/* ---- loading ---- */

static void
put_bits(uint8_t *bits, int64_t first, size_t n, int64_t from, int64_t to, uint8_t bit)
{
	int64_t end = to < first + (int64_t)n - 1 ? to : first + (int64_t)n - 1;

	for (int64_t m = from > first ? from : first; m <= end; m++)
		bits[m - first] |= bit;
}

static void
load_spans(struct month *mo, const char *tenant, const char *lcp, const char *what, uint8_t *bits, int64_t first, size_t n, uint8_t bit)
{
	struct rows r = db_query(mo->db, "SELECT from_m, to_m FROM watch WHERE tenant = ? AND lcp = ? AND what = ? AND from_m < ? AND to_m >= ?", Q(tenant), Q(lcp),
	                         Q(what), Q(first + (int64_t)n), Q(first));

	while (rows_next(&r))
		put_bits(bits, first, n, row_int(&r, 0), row_int(&r, 1), bit);
}

static void
load_others(struct month *mo)
{
	struct rows r = db_query(mo->db, "SELECT from_m, to_m FROM watch WHERE what = 'seen' AND from_m < ? AND to_m >= ?", Q(mo->to), Q(mo->from));

	while (rows_next(&r)) {
		int64_t a = row_int(&r, 0) > mo->from ? row_int(&r, 0) : mo->from, b = row_int(&r, 1) < mo->to - 1 ? row_int(&r, 1) : mo->to - 1;

		mo->others[a - mo->from]++;
		mo->others[b + 1 - mo->from]--;
	}
	for (size_t i = 1; i <= mo->n; i++)
		mo->others[i] += mo->others[i - 1];
}

static void
load_collectors(struct month *mo)
{
	struct rows r = db_query(mo->db,
	                         "SELECT l.lcp, (SELECT min(from_m) FROM watch w WHERE w.tenant = l.tenant AND w.lcp = l.lcp AND w.what IN ('seen', 'late')), l.revoked_at"
	                         " FROM lcps l WHERE l.tenant = ? ORDER BY l.lcp", Q(mo->tenant));
	static const char *const whats[] = { "seen", "found", "beat" };

	while (rows_next(&r)) {
		struct collector c = { .until = row_kind(&r, 2) != DB_NULL ? row_int(&r, 2) / WATCH_MINUTE : INT64_MAX };

		if (row_kind(&r, 1) == DB_NULL || row_int(&r, 1) >= mo->to || c.until <= mo->from || mo->lcps.n == 254)
			continue;
		c.from = row_int(&r, 1);
		snprintf(c.lcp, sizeof c.lcp, "%s", row_str(&r, 0));
		c.bits = x_calloc(mo->n + 4, 1);
		vec_push(&mo->lcps, c);
	}
	for (size_t i = 0; i < mo->lcps.n; i++)
		for (unsigned k = 0; k < 3; k++)
			load_spans(mo, mo->tenant, mo->lcps.v[i].lcp, whats[k], mo->lcps.v[i].bits, mo->from - 2, mo->n + 4, (uint8_t)(1u << k));
}

static void
leave_out(const struct month *mo, uint8_t *out, int64_t from, int64_t to, uint8_t why) /* minutes, half open */
{
	from = from > mo->from ? from : mo->from;
	to = to < mo->to ? to : mo->to;
	if (from < to)
		memset(out + (from - mo->from), why, (size_t)(to - from));
}

/* Minutes that count for nobody: a span that touches a minute takes all of it. */
static void
load_left_out(const struct month *mo, uint8_t *out)
{
	static const struct {
		const char *sql;
		uint8_t why;
	} v[] = {
		{ "SELECT from_at, to_at FROM exclusions WHERE tenant = ? AND state = 'active'", CUSTOMER },
		{ "SELECT from_at, coalesce(ended_at, to_at) FROM maintenance WHERE (tenant IS NULL OR tenant = ?) AND urgent = 0", MAINTENANCE },
	};
	struct rows r;

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		r = db_query(mo->db, v[i].sql, Q(mo->tenant));
		while (rows_next(&r))
			if (row_int(&r, 1) > row_int(&r, 0))
				leave_out(mo, out, row_int(&r, 0) / WATCH_MINUTE, (row_int(&r, 1) - 1) / WATCH_MINUTE + 1, v[i].why);
	}
	r = db_query(mo->db, "SELECT from_m, to_m FROM watch WHERE tenant = '' AND lcp = '' AND what = 'step' AND from_m < ? AND to_m >= ?", Q(mo->to), Q(mo->from));
	while (rows_next(&r))
		leave_out(mo, out, row_int(&r, 0), row_int(&r, 1) + 1, CLOCK_STEP);
}

/* ---- judging ---- */

/* No word from it in this minute, or in the two before or behind it: the minute in which a connection breaks or comes back is one
 * in which it spoke. bits points at the minute. */
static bool
is_away(const uint8_t *bits)
{
	return (bits[0] & BEAT) == 0 || ((bits[1] | bits[2]) & BEAT) == 0 || ((bits[-1] | bits[-2]) & BEAT) == 0;
}

static uint8_t
judge(const struct month *mo, size_t i, uint8_t *ret_who)
{
	uint8_t verdict = UNMEASURED;
	int64_t m = mo->from + (int64_t)i;

	for (size_t k = 0; k < mo->lcps.n; k++) {
		const struct collector *c = &mo->lcps.v[k];
		const uint8_t *bits = c->bits + i + 2;
		uint8_t one;

		if (m < c->from || m >= c->until)
			continue;
		one = (bits[0] & (SEEN | FOUND)) == (SEEN | FOUND)                     ? GOOD
		      : (bits[0] & SEEN) == 0 && is_away(bits) && mo->others[i] != 0 ? COLLECTOR_OFF
		                                                                    : BAD;
		if (verdict == UNMEASURED || one == BAD || (one == GOOD && verdict == COLLECTOR_OFF)) {
			verdict = one;
			*ret_who = (uint8_t)(k + 1);
		}
		if (one == BAD)
			return BAD;
	}
	if (verdict == GOOD && mo->logins && m >= mo->login_from && mo->login[i] == 0) {
		*ret_who = 0;
		return BAD;
	}
	return verdict;
}

static void
judge_all(struct month *mo)
{
	uint8_t *out = x_calloc(mo->n + 1, 1);

	load_left_out(mo, out);
	for (size_t i = 0; i < mo->n; i++) {
		mo->verdict[i] = judge(mo, i, &mo->who[i]);
		if (mo->verdict[i] != UNMEASURED && out[i] != 0)
			mo->verdict[i] = out[i];
	}
	free(out);
}

/* ---- telling ---- */

static void
load_faults(struct month *mo)
{
	const struct login_fault *f;

	for (unsigned i = 0; (f = login_fault_at(i)) != NULL; i++) {
		auto_free char *what = x_asprintf("fault:%s", f->name);

		must(i < 8);
		load_spans(mo, "", "", what, mo->fault, mo->from, mo->n, (uint8_t)(1u << i));
	}
}

/* Of a bad minute that the log-in made bad: {name, text}; null where nobody told why, and for all others. */
static json_t *
reason_json(const struct month *mo, size_t i)
{
	const struct login_fault *f;

	for (unsigned k = 0; mo->verdict[i] == BAD && mo->who[i] == 0 && (f = login_fault_at(k)) != NULL; k++)
		if ((mo->fault[i] & 1u << k) != 0)
			return json_pack("{s:s, s:o}", "name", f->name, "text", texts(f->ja, f->en));
	return json_null();
}

/* Do they belong into one span? */
static bool
alike(const struct month *mo, size_t a, size_t b)
{
	return mo->verdict[a] == mo->verdict[b] && mo->who[a] == mo->who[b] && (mo->verdict[a] != BAD || mo->who[a] != 0 || mo->fault[a] == mo->fault[b]);
}

static json_t *
spans_json(const struct month *mo)
{
	json_t *a = json_array();

	for (size_t i = 0; i < mo->n;) {
		size_t end = i + 1;
		uint8_t v = mo->verdict[i], who = mo->who[i];

		while (end < mo->n && alike(mo, i, end))
			end++;
		if (v >= BAD && json_array_size(a) < SPANS_MAX)
			json_array_append_new(a, json_pack("{s:s, s:o, s:o, s:i, s:s?, s:o}", "kind", verdict_names[v], "from", time_json((mo->from + (int64_t)i) * WATCH_MINUTE), "to",
			                                   time_json((mo->from + (int64_t)end) * WATCH_MINUTE), "minutes", (int)(end - i), "lcp",
			                                   (v == BAD || v == COLLECTOR_OFF) && who != 0 ? mo->lcps.v[who - 1].lcp : NULL, "reason", reason_json(mo, i)));
		i = end;
	}
	return a;
}

/* Cut, never rounded up: what is short of the promise must not look as if it were kept. */
static json_t *
percent(int64_t good, int64_t all)
{
	auto_free char *text = NULL;
	int64_t v;

	if (all == 0)
		return json_null();
	v = good * 100000 / all;
	text = x_asprintf("%lld.%03lld", (long long)(v / 1000), (long long)(v % 1000));
	return json_string(text);
}

static json_t *
month_json(const struct month *mo, bool detail)
{
	int64_t count[VERDICTS] = { 0 }, all;
	json_t *o, *left = json_object();

	for (size_t i = 0; i < mo->n; i++)
		count[mo->verdict[i]]++;
	all = count[GOOD] + count[BAD];
	for (int v = MAINTENANCE; v < VERDICTS; v++)
		json_object_set_new(left, verdict_names[v], json_integer(count[v]));
	o = json_pack("{s:b, s:s, s:o, s:I, s:I, s:I, s:o, s:o}", "measured", (int)(all != 0), "target", "99.90", "percent", percent(count[GOOD], all), "good_min",
	              (json_int_t)count[GOOD], "bad_min", (json_int_t)count[BAD], "unmeasured_min", (json_int_t)count[UNMEASURED], "left_out_min", left, "met",
	              all != 0 ? json_boolean(count[GOOD] * 10000 >= all * TARGET) : json_null()); /* what was not measured was neither kept nor broken */
	if (detail)
		json_object_set_new(o, "spans", spans_json(mo));
	return o;
}

json_t *
availability_of(struct desk *d, const char *tenant, int64_t from, int64_t to, int64_t now, bool detail)
{
	struct month mo = { .db = d->db, .tenant = tenant, .from = from / WATCH_MINUTE };
	int64_t judged = (now - watch_late_ns(d)) / WATCH_MINUTE - 1;
	json_t *o;

	mo.to = to / WATCH_MINUTE < judged ? to / WATCH_MINUTE : judged;
	mo.n = mo.to > mo.from && mo.to - mo.from <= WATCH_DAYS * 1440 ? (size_t)(mo.to - mo.from) : 0;
	mo.to = mo.from + (int64_t)mo.n;
	mo.verdict = x_calloc(mo.n + 1, 1);
	mo.who = x_calloc(mo.n + 1, 1);
	mo.login = x_calloc(mo.n + 1, 1);
	mo.fault = x_calloc(mo.n + 1, 1);
	mo.others = x_calloc(mo.n + 1, sizeof *mo.others);
	mo.login_from = db_int(d->db, 0, "SELECT coalesce(min(from_m), 0) FROM watch WHERE tenant = '' AND lcp = '' AND what = 'login'");
	mo.logins = mo.login_from != 0;
	load_spans(&mo, "", "", "login", mo.login, mo.from, mo.n, 1);
	load_faults(&mo);
	if (mo.n != 0) {
		load_others(&mo);
		load_collectors(&mo);
		judge_all(&mo);
	}
	o = month_json(&mo, detail);
	for (size_t i = 0; i < mo.lcps.n; i++)
		free(mo.lcps.v[i].bits);
	vec_fini(&mo.lcps);
	free(mo.verdict);
	free(mo.who);
	free(mo.login);
	free(mo.fault);
	free(mo.others);
	return o;
}

/* ---- the question ---- */

/* "2026-11" of the tenant's zone → its span; the present month when NULL. */
static bool
month_span(const char *zone, const char *text, int64_t now, int64_t *ret_from, int64_t *ret_to, char ret_text[8])
{
	int64_t year, first;
	unsigned month, day;

	civil_from_days(local_day(zone, now), &year, &month, &day);
	if (text != NULL) {
		uint64_t y, m;

		if (strlen(text) != 7 || text[4] != '-' || !slice_u64(slice_of(text, 4), &y) || !slice_u64(slice_of(text + 5, 2), &m) || y < 2000 || y > 2200 || m < 1 || m > 12)
			return false;
		year = (int64_t)y;
		month = (unsigned)m;
	}
	first = days_from_civil(year, month, 1);
	*ret_from = local_ns(zone, first, 0);
	*ret_to = local_ns(zone, first + days_in_month(year, month), 0);
	snprintf(ret_text, 8, "%04u-%02u", (unsigned)year % 10000, month % 100);
	return true;
}

static json_t *
of_tenant(struct ask *a, const char *tenant, const char *month)
{
	auto_free char *zone = db_text(a->db, "SELECT zone FROM tenants WHERE id = ?", Q(tenant));
	int64_t from, to;
	char text[8];
	json_t *o;

	if (zone == NULL || !month_span(zone, month, a->now, &from, &to, text))
		return NULL;
	o = availability_of(a->d, tenant, from, to, a->now, true);
	json_object_set_new(o, "tenant", json_string(tenant));
	json_object_set_new(o, "month", json_string(text));
	json_object_set_new(o, "zone", json_string(zone));
	json_object_set_new(o, "from", time_json(from));
	json_object_set_new(o, "to", time_json(to));
	return o;
}

json_t *
ask_availability_show(struct ask *a)
{
	const char *tenant = ask_tenant(a), *month = ask_str(a, "month");
	int64_t from, to;
	char text[8];
	struct rows r;
	json_t *items;

	if (a->status != 0)
		return NULL;
	if (month != NULL && !month_span("UTC", month, a->now, &from, &to, text))
		return ask_no(a, 422, "invalid", "month");
	items = json_array();
	r = db_query(a->db, "SELECT id FROM tenants WHERE (? IS NULL OR id = ?) ORDER BY id", Q(tenant), Q(tenant));
	while (rows_next(&r))
		if (desk_sees(a->who, row_str(&r, 0)))
			json_array_append_new(items, of_tenant(a, row_str(&r, 0), month));
	return json_pack("{s:o}", "items", items);
}

json_t *
availability_month(struct desk *d, const char *tenant, int64_t now)
{
	auto_free char *zone = db_text(d->db, "SELECT zone FROM tenants WHERE id = ?", Q(tenant));
	int64_t from, to;
	char text[8];
	json_t *o;

	if (zone == NULL || !month_span(zone, NULL, now, &from, &to, text))
		return json_null();
	o = availability_of(d, tenant, from, to, now, false);
	json_object_set_new(o, "month", json_string(text));
	return o;
}
