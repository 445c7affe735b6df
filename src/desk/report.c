/* SPDX-License-Identifier: Apache-2.0
 *
 * Reports as duties.  For every tenant two timers wait, always:
 *
 *     report.daily   the tenant's hour (daily_at, 07:00) of the next day; attempt = the local day it tells about ─▶ mails, the next timer
 *     report.draft   06:00 of the first business day; attempt = the month ─▶ a row in `reports`, its `report` clock, due at
 *                    the end of the 5th business day, and report.alarm at the end of the 4th
 *
 * The day or month told about stands in the timer, not in the hour at which it fires: after days of standstill every
 * missed day is told once, up to a week back.  A published report keeps its data set; the PDF is made from it anew.
 *
 * A wrong one is corrected: report.correct opens the next revision as a draft, words and all, with figures worked out anew or kept, and report.publish
 * puts it beside the one it replaces, which stays as it was.  From the first moment readers of that one are told so.  The `report` clock is that of the
 * first publication.
 *
 *     reports            one row a month: its draft, or that there is none; revision is that of the draft, or the last published one
 *     report_revisions   what was published, each with its frozen data set
 */
#include <stdio.h>
#include <stdlib.h>

#include "codec/holiday.h"
#include "desk/hook_priv.h"

#define DRAFT_AT (6 * 3600)
#define DUE_BUSINESS_DAY 5
#define WORDS_MAX 8000
#define REASON_MAX 1000
#define CATCH_UP_DAYS 7

/* ---- days of a tenant ---- */

struct house {
	char *zone;
	const struct calendar *calendar; /* NULL: only weekends are off */
	unsigned flags;
	int daily_at; /* seconds of the day */
};

static bool
house_load(struct db *db, const char *tenant, struct house *ret)
{
	struct rows r = db_query(db, "SELECT zone, country, closing, daily_at FROM tenants WHERE id = ?", Q(tenant));

	if (!rows_next(&r))
		return false;
	*ret = (struct house){ .zone = x_strdup(row_str(&r, 0)), .calendar = calendar_find(slice_str(row_str(&r, 1))),
		               .flags = row_int(&r, 2) != 0 ? CALENDAR_CLOSING : 0, .daily_at = (int)row_int(&r, 3) * 60 };
	rows_close(&r);
	return true;
}

static int64_t
month_first(int64_t month) /* month: year * 12 + month - 1 */
{
	return days_from_civil(month / 12, (unsigned)(month % 12) + 1, 1);
}

static int64_t
month_at(int64_t day)
{
	unsigned m, d;
	int64_t y;

	civil_from_days(day, &y, &m, &d);
	return y * 12 + m - 1;
}

/* The n-th business day after the end of `month`. */
static int64_t
business_day(const struct house *h, int64_t month, unsigned n)
{
	int64_t day = 0;

	must(calendar_nth_business_day(h->calendar, h->flags, (month + 1) / 12, (unsigned)((month + 1) % 12) + 1, n, &day) == 0);
	return day;
}

void
report_id(const char *tenant, int64_t first, bool daily, char ret[48])
{
	char text[16];

	day_text(first, text);
	snprintf(ret, 48, "%.31s-%.*s", tenant, daily ? 10 : 7, text);
}

/* "aoba-2026-10" or "aoba-2026-11-26" → tenant and span of days. */
bool
report_read_id(const char *id, char ret_tenant[32], int64_t *ret_first, int64_t *ret_last)
{
	struct slice s = slice_str(id);
	bool daily = s.n > 11 && s.p[s.n - 11] == '-' && s.p[s.n - 6] == '-' && s.p[s.n - 3] == '-';
	size_t k = daily ? 10 : 7;
	uint64_t y, m, d = 1;
	char back[48];

	if (s.n < k + 2 || s.n - k - 1 > 31 || s.p[s.n - k - 1] != '-')
		return false;
	snprintf(ret_tenant, 32, "%.*s", (int)(s.n - k - 1), s.p);
	s = slice_sub(s, s.n - k, s.n);
	if (!slice_u64(slice_sub(s, 0, 4), &y) || !slice_u64(slice_sub(s, 5, 7), &m) || y < 1980 || y > 2099 || m < 1 || m > 12 ||
	    (daily && (!slice_u64(slice_sub(s, 8, 10), &d) || d < 1 || d > 31)))
		return false;
	*ret_first = days_from_civil((int64_t)y, (unsigned)m, (unsigned)d);
	*ret_last = daily ? *ret_first : month_first(month_at(*ret_first) + 1) - 1;
	report_id(ret_tenant, *ret_first, daily, back); /* 31 February is no day */
	return strcmp(back, id) == 0;
}

/* ---- timers ---- */

static void
plan_daily(struct cmd *c, const struct house *h, const char *tenant, int64_t day)
{
	timer_set(c, "report.daily", tenant, local_ns(h->zone, day + 1, h->daily_at), (int)day);
}

static void
plan_draft(struct cmd *c, const struct house *h, const char *tenant, int64_t month)
{
	timer_set(c, "report.draft", tenant, local_ns(h->zone, business_day(h, month, 1), DRAFT_AT), (int)month);
}

/* After every import: zone or country may be others now. What was not told yet stays due. */
void
report_plan(struct cmd *c, const char *tenant)
{
	int64_t day = db_int(c->db, -1, "SELECT attempt FROM timers WHERE ref = ? AND kind = 'report.daily'", Q(tenant));
	int64_t month = db_int(c->db, -1, "SELECT attempt FROM timers WHERE ref = ? AND kind = 'report.draft'", Q(tenant));
	struct house h;

	if (cmd_failed(c) || !house_load(c->db, tenant, &h))
		return;
	if (day < 0) {
		day = local_day(h.zone, c->now);
		if (local_ns(h.zone, day, h.daily_at) > c->now)
			day--; /* this morning's mail is still to come */
	}
	if (month < 0)
		month = month_at(local_day(h.zone, c->now));
	timer_drop_kind(c, tenant, "report.daily");
	timer_drop_kind(c, tenant, "report.draft");
	plan_daily(c, &h, tenant, day);
	plan_draft(c, &h, tenant, month);
	free(h.zone);
}

json_t *
report_timer_data(struct desk *d, const char *kind, const char *tenant, int attempt, int64_t now)
{
	return strcmp(kind, "report.daily") == 0 ? report_data(d, tenant, "daily", attempt, attempt, now) : NULL;
}

static void
fire_daily(struct cmd *c, const struct house *h, const char *tenant, int64_t day)
{
	const json_t *data = json_object_get(c->args, "data");
	int64_t oldest = local_day(h->zone, c->now) - CATCH_UP_DAYS;
	char id[48];

	report_id(tenant, day, true, id);
	if (json_is_object(data) && day >= oldest)
		outbox_report(c, id, "daily", data);
	plan_daily(c, h, tenant, day + 1 > oldest ? day + 1 : oldest);
}

static void
draft(struct cmd *c, const struct house *h, const char *tenant, int64_t month)
{
	int64_t due = local_ns(h->zone, business_day(h, month, DUE_BUSINESS_DAY) + 1, 0);
	int64_t alarm = local_ns(h->zone, business_day(h, month, DUE_BUSINESS_DAY - 1) + 1, 0);
	char id[48], text[16];

	report_id(tenant, month_first(month), false, id);
	day_text(month_first(month), text);
	text[7] = '\0';
	db_run(c->db,
	       "INSERT INTO reports(id, tenant, month, state, drafted_at, due_at, words_ja, words_en, recommendations) VALUES(?, ?, ?, 'draft', ?, ?,"
	       " '', '', '[]')",
	       Q(id), Q(tenant), Q(text), Q(c->now), Q(due));
	/* drafted when it was due already (by hand, or the tenant is new): the promise began with the month all the same */
	if (c->v >= 9 && due <= c->now)
		clock_start_at(c, "report", tenant, id, NULL, local_ns(h->zone, business_day(h, month, 1), DRAFT_AT), due);
	else
		clock_start(c, "report", tenant, id, NULL, (due - c->now) / NS_PER_S);
	timer_set(c, "report.alarm", id, alarm, 0);
	cmd_changed(c, "report", id, tenant, NULL);
}

static bool
is_drafted(struct cmd *c, const char *tenant, int64_t month)
{
	char id[48];

	report_id(tenant, month_first(month), false, id);
	return db_int(c->db, 0, "SELECT 1 FROM reports WHERE id = ?", Q(id)) != 0;
}

static void
fire_alarm(struct cmd *c, const char *id)
{
	auto_free char *tenant = db_text(c->db, "SELECT tenant FROM reports WHERE id = ? AND state = 'draft'", Q(id));
	bool over = c->v >= 9 && db_int(c->db, 0, "SELECT due_at <= ? FROM reports WHERE id = ?", Q(c->now), Q(id)) != 0;
	auto_free char *ja = x_asprintf(over ? "月次報告 %s が公開されていません。期限を過ぎています。" : "月次報告 %s が第 4 営業日の終わりまでに公開されていません。期限は明営業日です。", id);
	auto_free char *en = x_asprintf(over ? "Monthly report %s is not out, and its time is over." : "Monthly report %s is not out by the end of the 4th business day. It is due on the next one.", id);

	if (tenant != NULL && c->v >= 9)
		snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	if (tenant != NULL)
		alarm_raise(c, "report_late", id, "alarm", tenant, NULL, ja, en);
}

void
report_timer(struct cmd *c, const char *kind, const char *ref, int attempt)
{
	struct house h;

	if (strcmp(kind, "report.alarm") == 0) {
		fire_alarm(c, ref);
		return;
	}
	if (!house_load(c->db, ref, &h))
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", ref);
	if (strcmp(kind, "report.daily") == 0) {
		fire_daily(c, &h, ref, attempt);
	} else if (strcmp(kind, "report.draft") == 0) {
		if (!is_drafted(c, ref, attempt))
			draft(c, &h, ref, attempt);
		plan_draft(c, &h, ref, attempt + 1);
	}
	free(h.zone);
}

/* ---- commands ---- */

struct report_now {
	char id[48], tenant[32];
	int64_t first, last;
};

/* Names the report; 404 for what the actor does not see, so that nobody learns of another tenant. */
static bool
report_load(struct cmd *c, struct report_now *ret)
{
	const char *id = arg_need(c, "id", 47);

	if (cmd_failed(c))
		return false;
	if (!report_read_id(id, ret->tenant, &ret->first, &ret->last) || ret->first == ret->last || !desk_sees(c->who, ret->tenant) ||
	    db_int(c->db, 0, "SELECT 1 FROM tenants WHERE id = ?", Q(ret->tenant)) == 0) {
		cmd_refuse(c, 404, "not_found", "id", "%s", "");
		return false;
	}
	snprintf(ret->id, sizeof ret->id, "%s", id);
	snprintf(c->tenant, sizeof c->tenant, "%s", ret->tenant);
	snprintf(c->noun, sizeof c->noun, "report");
	snprintf(c->id, sizeof c->id, "%s", id);
	cmd_changed(c, "report", id, ret->tenant, NULL);
	return true;
}

static bool
need_draft(struct cmd *c, const char *id)
{
	if (db_int(c->db, 0, "SELECT 1 FROM reports WHERE id = ? AND state = 'draft'", Q(id)) != 0)
		return true;
	cmd_refuse(c, 409, "state", "id", "there is no draft, or it is published");
	return false;
}

void
cmd_report_draft(struct cmd *c)
{
	struct report_now n;
	struct house h;

	if (!report_load(c, &n) || !house_load(c->db, n.tenant, &h))
		return;
	if (n.last >= local_day(h.zone, c->now))
		cmd_refuse(c, 409, "state", "id", "the month is not over");
	else if (is_drafted(c, n.tenant, month_at(n.first)))
		cmd_refuse(c, 409, "state", "id", "it is drafted already");
	else
		draft(c, &h, n.tenant, month_at(n.first));
	free(h.zone);
}

/* [{text:{ja,en}, owner}] */
static bool
recommendations_are_good(struct cmd *c, const json_t *list)
{
	const char *ja, *en, *owner;
	const json_t *v;
	size_t i;

	if (list != NULL && (!json_is_array(list) || json_array_size(list) > 20))
		cmd_refuse(c, 422, "invalid", "recommendations", "wanted a list of at most 20");
	json_array_foreach(list, i, v) {
		owner = json_string_value(json_object_get(v, "owner"));
		if (!texts_get(json_object_get(v, "text"), &ja, &en) || strlen(ja) > 1000 || strlen(en) > 1000 || owner == NULL ||
		    strlen(owner) > 100)
			cmd_refuse(c, 422, "invalid", "recommendations", "wanted text in both languages and an owner");
	}
	return !cmd_failed(c);
}

void
cmd_report_words(struct cmd *c)
{
	const json_t *words = json_object_get(c->args, "words"), *list = json_object_get(c->args, "recommendations");
	const char *ja = json_string_value(json_object_get(words, "ja")), *en = json_string_value(json_object_get(words, "en"));
	auto_free char *text = json_is_array(list) ? json_text(list) : NULL;
	struct report_now n;

	if (!report_load(c, &n) || !need_draft(c, n.id) || !recommendations_are_good(c, list))
		return;
	if ((ja != NULL && strlen(ja) > WORDS_MAX) || (en != NULL && strlen(en) > WORDS_MAX)) {
		cmd_refuse(c, 422, "invalid", "words", "wanted at most %d bytes", WORDS_MAX);
		return;
	}
	db_run(c->db, "UPDATE reports SET words_ja = coalesce(?, words_ja), words_en = coalesce(?, words_en), recommendations = coalesce(?, recommendations) WHERE id = ?",
	       Q(ja), Q(en), Q(text), Q(n.id));
}

/* args.data is what the service put there: report_publish_data at this moment. */
void
cmd_report_publish(struct cmd *c)
{
	const json_t *data = json_object_get(c->args, "data");
	auto_free char *text = json_is_object(data) ? json_text(data) : NULL;
	struct report_now n;
	struct house h;

	if (!report_load(c, &n) || !need_draft(c, n.id) || !house_load(c->db, n.tenant, &h))
		return;
	if (db_int(c->db, 0, "SELECT 1 FROM reports WHERE id = ? AND (words_ja = '' OR words_en = '')", Q(n.id)) != 0)
		cmd_refuse(c, 409, "state", "words", "the analyst's words are missing in one language");
	else if (clock_causes_missing(c, n.tenant, local_ns(h.zone, n.first, 0), local_ns(h.zone, n.last + 1, 0)) != 0)
		cmd_refuse(c, 409, "state", "breaches", "a promise of the month was missed and nobody gave a cause");
	else if (text == NULL)
		cmd_refuse(c, 422, "invalid", "data", "it is missing");
	free(h.zone);
	if (cmd_failed(c))
		return;
	db_run(c->db, "INSERT INTO report_revisions(report, revision, published_at, published_by, by_ja, by_en, reason_ja, reason_en, data) SELECT id, revision, ?, ?, ?, ?,"
	              " reason_ja, reason_en, ? FROM reports WHERE id = ?",
	       Q(c->now), Q(c->who->user), Q(c->who->ja), Q(c->who->en), Q(text), Q(n.id));
	db_run(c->db, "UPDATE reports SET state = 'published', published_at = coalesce(published_at, ?), published_by = coalesce(published_by, ?), by_ja = coalesce(by_ja, ?),"
	              " by_en = coalesce(by_en, ?), correcting_at = NULL WHERE id = ?",
	       Q(c->now), Q(c->who->user), Q(c->who->ja), Q(c->who->en), Q(n.id));
	if (db_int(c->db, 1, "SELECT revision FROM reports WHERE id = ?", Q(n.id)) == 1)
		clock_stop(c, n.id, "report", c->now);
	timer_drop(c, n.id);
	outbox_report(c, n.id, "published", data);
	hook_report(c, n.id);
}

/* ---- corrections ---- */

/* Customers read it, each in their own language: one for both will not do. */
static bool
reason_is_good(const json_t *o, const char *lang, const char **ret)
{
	*ret = json_string_value(json_object_get(o, lang));
	return *ret != NULL && slice_trim(slice_str(*ret)).n != 0 && strlen(*ret) <= REASON_MAX;
}

/* {id, reason: {ja, en}, figures: "anew" | "kept"} */
void
cmd_report_correct(struct cmd *c)
{
	const json_t *reason = json_object_get(c->args, "reason");
	const char *ja = NULL, *en = NULL, *figures = json_string_value(json_object_get(c->args, "figures"));
	bool kept = figures != NULL && strcmp(figures, "kept") == 0;
	struct report_now n;

	if (!report_load(c, &n))
		return;
	if (db_int(c->db, 0, "SELECT 1 FROM reports WHERE id = ? AND state = 'published'", Q(n.id)) == 0)
		cmd_refuse(c, 409, "state", "id", "it is not published, or its correction is being written");
	else if (!reason_is_good(reason, "ja", &ja) || !reason_is_good(reason, "en", &en))
		cmd_refuse(c, 422, "invalid", "reason", "wanted the reason in both languages, at most %d bytes each", REASON_MAX);
	else if (figures != NULL && !kept && strcmp(figures, "anew") != 0)
		cmd_refuse(c, 422, "invalid", "figures", "wanted anew or kept");
	if (cmd_failed(c))
		return;
	db_run(c->db, "UPDATE reports SET state = 'draft', revision = revision + 1, reason_ja = ?, reason_en = ?, kept = ?, correcting_at = ? WHERE id = ?", Q(ja), Q(en),
	       Q((int64_t)kept), Q(c->now), Q(n.id));
}

/* The correction was none: what was published stands again as it did, its words too. */
void
cmd_report_abandon(struct cmd *c)
{
	auto_free char *recommendations = NULL;
	const char *ja = "", *en = "";
	struct report_now n;
	json_t *data;

	if (!report_load(c, &n))
		return;
	if (db_int(c->db, 0, "SELECT 1 FROM reports WHERE id = ? AND state = 'draft' AND revision > 1", Q(n.id)) == 0) {
		cmd_refuse(c, 409, "state", "id", "no correction of it is being written");
		return;
	}
	data = report_frozen(c->db, n.id, 0);
	texts_get(json_object_get(data, "words"), &ja, &en);
	recommendations = json_text(json_object_get(data, "recommendations"));
	db_run(c->db, "UPDATE reports SET state = 'published', revision = revision - 1, words_ja = ?, words_en = ?, recommendations = ?, kept = 0, correcting_at = NULL,"
	              " reason_ja = (SELECT v.reason_ja FROM report_revisions v WHERE v.report = reports.id AND v.revision = reports.revision - 1),"
	              " reason_en = (SELECT v.reason_en FROM report_revisions v WHERE v.report = reports.id AND v.revision = reports.revision - 1) WHERE id = ?",
	       Q(ja), Q(en), Q(recommendations), Q(n.id));
	json_decref(data);
}
