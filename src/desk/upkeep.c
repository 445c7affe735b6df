/* SPDX-License-Identifier: Apache-2.0
 *
 * What is agreed about the service itself: maintenance that is announced before it begins, and the weekly test call of a tenant.
 *
 * Maintenance is left out of the availability when the customer knew in time (maintenance_notice).  What is announced later is urgent: it is
 * announced just the same, and its minutes count; so an outage does not become maintenance by being called so.
 *
 * A test call is a real one, to a real person, with words that say so; key 1 acknowledges it.  It belongs to no incident: its result
 * stands in a log of its own, and one that did not reach its contact raises an alarm, for so would the real one have gone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/watch_priv.h"

#define WINDOW_MOST NS_PER_DAY
#define CALL_LATEST (15 * 60 * NS_PER_S) /* later than this a test call is not made any more */
#define REASON_MAX 4000
#define DAY_FROM "07:00" /* of the contact: a test call wakes nobody */
#define DAY_TO "22:00"
#define RING_S 30
#define TALK_S 75

/* ---- arguments ---- */

int64_t
upkeep_time(struct cmd *c, const char *key)
{
	const char *s = arg_need(c, key, 40);
	int64_t t = 0;

	if (!cmd_failed(c) && time_parse_rfc3339(slice_str(s), &t) != 0)
		cmd_refuse(c, 422, "invalid", key, "RFC 3339, such as 2026-05-01T09:00:00Z");
	return t;
}

const char *
upkeep_tenant(struct cmd *c, bool needed)
{
	const char *tenant = needed ? arg_need(c, "tenant", 31) : arg_str(c, "tenant", 31);

	if (cmd_failed(c) || tenant == NULL)
		return NULL;
	if (!desk_sees(c->who, tenant) || db_int(c->db, 0, "SELECT 1 FROM tenants WHERE id = ?", Q(tenant)) == 0) {
		cmd_refuse(c, 404, "not_found", "tenant", "%s", "");
		return NULL;
	}
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	return tenant;
}

void
upkeep_made(struct cmd *c, const char *noun, const char *id, const char *tenant)
{
	snprintf(c->noun, sizeof c->noun, "%s", noun);
	snprintf(c->id, sizeof c->id, "%s", id);
	c->body = json_pack("{s:s}", "id", id);
	cmd_changed(c, noun, id, tenant, NULL);
}

/* ---- maintenance ---- */

void
upkeep_clock(const char *zone, int64_t ns, char ret[24])
{
	int64_t day = local_day(zone, ns), midnight = local_ns(zone, day, 0), year;
	unsigned month, mday, minute = (unsigned)((ns - midnight) / (60 * NS_PER_S));

	civil_from_days(day, &year, &month, &mday);
	snprintf(ret, 24, "%04d-%02u-%02u %02u:%02u", (int)year % 10000, month % 100, mday % 100, minute / 60 % 100, minute % 60);
}

struct window {
	const char *id, *ja, *en;
	int64_t from, to;
	bool over;       /* it was called off, or has ended before its time */
	bool urgent;     /* announced too late to be left out */
};

/* To every contact of the tenant who has a mail address; c->tenant is set for each. */
static void
announce_to(struct cmd *c, const struct window *w, const char *tenant)
{
	auto_free char *zone = db_text(c->db, "SELECT zone FROM tenants WHERE id = ?", Q(tenant));
	struct rows r = db_query(c->db, "SELECT p.id, p.name, p.mail, p.lang, t.name_ja, t.name_en FROM contacts p JOIN tenants t ON t.id = p.tenant WHERE p.tenant = ?"
	                                " AND p.active <> 0 AND p.mail IS NOT NULL ORDER BY p.ord, p.id", Q(tenant));
	char from[24], to[24];

	upkeep_clock(zone, w->from, from);
	upkeep_clock(zone, w->to, to);
	auto_free char *ja = x_asprintf(w->over ? "お知らせしていた %s から %s まで（%s）の保守は終了しました（または取りやめました）。\n%s%s" : "%s から %s まで（%s）保守作業を行います。この間は監視が遅れることがあります。ログは失われません。\n%s%s",
	                                from, to, zone, w->ja, w->urgent && !w->over ? "\n急な保守のため、この時間も可用性の計算に含めます。" : "");
	auto_free char *en = x_asprintf(w->over ? "The maintenance announced from %s to %s (%s) is over or was called off.\n%s%s" : "Maintenance from %s to %s (%s). Monitoring may be late meanwhile; no log is lost.\n%s%s", from, to,
	                                zone, w->en, w->urgent && !w->over ? "\nThis is urgent maintenance: these minutes count in the availability." : "");

	while (rows_next(&r)) {
		auto_free char *key = x_asprintf("maintenance/%s/%s%s", w->id, row_str(&r, 0), w->over ? "/over" : "");
		json_t *doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:s, s:o, s:{s:o, s:o}}", "notice", "words", "to", "address", row_str(&r, 2), "name", row_str(&r, 1),
		                        "lang", row_str(&r, 3), "zone", zone, "company", texts(row_str(&r, 4), row_str(&r, 5)), "words", "title",
		                        texts(w->over ? "保守終了のお知らせ" : w->urgent ? "緊急保守作業のお知らせ" : "保守作業のお知らせ",
		                              w->over ? "Maintenance is over" : w->urgent ? "Announcement of urgent maintenance" : "Announcement of maintenance"), "text",
		                        texts(ja, en));

		outbox_mail(c, doc, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2), key);
	}
}

static void
announce(struct cmd *c, const struct window *w, const char *tenant)
{
	struct rows r = db_query(c->db, "SELECT id FROM tenants WHERE (? IS NULL OR id = ?) ORDER BY id", Q(tenant), Q(tenant));
	char *ids[4096];
	size_t n = 0;

	while (rows_next(&r))
		if (n < 4096)
			ids[n++] = x_strdup(row_str(&r, 0));
	for (size_t i = 0; i < n; i++) {
		snprintf(c->tenant, sizeof c->tenant, "%s", ids[i]);
		announce_to(c, w, ids[i]);
		free(ids[i]);
	}
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant != NULL ? tenant : "");
}

/* For one tenant, or for all. Announced before it begins: what has begun already is a fault and stays one. */
void
cmd_maintenance_add(struct cmd *c)
{
	const char *tenant = upkeep_tenant(c, false);
	struct window w = { .from = upkeep_time(c, "from"), .to = upkeep_time(c, "to") };
	char id[27];

	if (!cmd_failed(c) && !texts_get(json_object_get(c->args, "reason"), &w.ja, &w.en))
		cmd_refuse(c, 422, "invalid", "reason", "a text");
	if (!cmd_failed(c) && c->v >= 3 && (strlen(w.ja) > REASON_MAX || strlen(w.en) > REASON_MAX))
		cmd_refuse(c, 422, "invalid", "reason", "at most %d bytes each", REASON_MAX);
	if (!cmd_failed(c) && (w.from < c->now || w.to <= w.from || w.to - w.from > WINDOW_MOST))
		cmd_refuse(c, 422, "invalid", "from", "it begins in the future and lasts at most a day");
	if (cmd_failed(c))
		return;
	cmd_new_id(c, id);
	w.id = id;
	w.urgent = c->v >= 3 && w.from - c->now < c->d->s.maintenance_notice_ns;
	db_run(c->db, "INSERT INTO maintenance(id, tenant, from_at, to_at, ja, en, made_at, made_by, urgent) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", Q(id), Q(tenant), Q(w.from), Q(w.to),
	       Q(w.ja), Q(w.en), Q(c->now), Q(c->who->user), Q((int64_t)w.urgent));
	announce(c, &w, tenant);
	upkeep_made(c, "maintenance", id, tenant);
}

/* Before it began: called off. While it runs: over now. */
void
cmd_maintenance_end(struct cmd *c)
{
	const char *id = arg_need(c, "id", 64);
	struct rows r = db_query(c->db, "SELECT tenant, from_at, to_at, ja, en FROM maintenance WHERE id = ? AND coalesce(ended_at, to_at) > ?", Q(id), Q(c->now));
	struct window w = { .id = id, .over = true };

	if (!rows_next(&r)) {
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return;
	}
	auto_free char *tenant = row_str(&r, 0) != NULL ? x_strdup(row_str(&r, 0)) : NULL, *ja = x_strdup(row_str(&r, 3)), *en = x_strdup(row_str(&r, 4));

	w.from = row_int(&r, 1);
	w.to = row_int(&r, 2);
	w.ja = ja;
	w.en = en;
	rows_close(&r);
	if (tenant != NULL && !desk_sees(c->who, tenant)) {
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return;
	}
	db_run(c->db, "UPDATE maintenance SET ended_at = ? WHERE id = ?", Q(c->now < w.from ? w.from : c->now), Q(id));
	announce(c, &w, tenant);
	upkeep_made(c, "maintenance", id, tenant);
}

/* ---- the weekly test call ---- */

/* The next moment, later than now, when it is that minute of that weekday (1 = Monday) there. */
static int64_t
next_week(const char *zone, int64_t weekday, int64_t minute, int64_t now)
{
	int64_t today = local_day(zone, now);

	for (int64_t day = today; day < today + 9; day++) {
		int64_t at = (day + 3) % 7 + 1 == weekday ? local_ns(zone, day, minute * 60) : 0;

		if (at > now)
			return at;
	}
	return now + 7 * NS_PER_DAY;
}

static void
plan_next(struct cmd *c, const char *id)
{
	struct rows r = db_query(c->db, "SELECT a.weekday, a.minute, t.zone FROM appointments a JOIN tenants t ON t.id = a.tenant WHERE a.id = ?", Q(id));
	int64_t at;

	if (!rows_next(&r))
		return;
	at = next_week(row_str(&r, 2), row_int(&r, 0), row_int(&r, 1), c->now);
	rows_close(&r);
	db_run(c->db, "UPDATE appointments SET next_at = ? WHERE id = ?", Q(at), Q(id));
	timer_drop(c, id);
	timer_set(c, "appointment.due", id, at, 0);
}

static bool
read_clock(const char *s, int64_t *ret)
{
	uint64_t h, m;

	if (s == NULL || strlen(s) != 5 || s[2] != ':' || !slice_u64(slice_of(s, 2), &h) || !slice_u64(slice_of(s + 3, 2), &m) || h > 23 || m > 59)
		return false;
	*ret = (int64_t)(h * 60 + m);
	return true;
}

/* No second one of the same, and none that wakes somebody unless that is meant. */
static bool
hour_is_good(struct cmd *c, const char *tenant, const char *contact, int64_t weekday, int64_t minute)
{
	struct rows r = db_query(c->db, "SELECT p.hours, p.zone, CASE WHEN p.country <> '' THEN p.country ELSE t.country END, t.zone FROM contacts p JOIN tenants t ON t.id = p.tenant WHERE p.id = ?",
	                         Q(contact));
	bool in = true;
	char local[6];

	if (rows_next(&r)) {
		struct day_off off = { c->db, tenant, row_str(&r, 2) };
		int64_t at = next_week(row_str(&r, 3), weekday, minute, c->now);

		local_time(row_str(&r, 1), at, local);
		in = hours_at(row_str(&r, 0), row_str(&r, 1), &off, at) != HOURS_OUT && strcmp(local, DAY_FROM) >= 0 && strcmp(local, DAY_TO) < 0;
	}
	rows_close(&r);
	if (db_int(c->db, 0, "SELECT 1 FROM appointments WHERE tenant = ? AND contact = ? AND weekday = ? AND minute = ? AND ended_at IS NULL", Q(tenant), Q(contact), Q(weekday),
	           Q(minute)) != 0)
		cmd_refuse(c, 409, "conflict", "time", "there is one at this time to this contact");
	else if (!in && !arg_bool(c, "anyway", false))
		cmd_refuse(c, 409, "state", "anyway", "it is %s there: at night, or outside the contact's hours", local);
	return !cmd_failed(c);
}

void
cmd_appointment_add(struct cmd *c)
{
	const char *tenant = upkeep_tenant(c, true), *time = arg_need(c, "time", 5), *contact = arg_need(c, "contact", 64);
	int64_t weekday = arg_int(c, "weekday", 0), minute = 0;
	auto_free char *found = NULL;
	char id[27];

	if (!cmd_failed(c) && (weekday < 1 || weekday > 7))
		cmd_refuse(c, 422, "invalid", "weekday", "1 (Monday) to 7 (Sunday)");
	if (!cmd_failed(c) && !read_clock(time, &minute))
		cmd_refuse(c, 422, "invalid", "time", "HH:MM in the tenant's zone");
	if (cmd_failed(c))
		return;
	found = db_text(c->db, "SELECT p.id FROM contacts p JOIN numbers n ON n.contact = p.id WHERE p.tenant = ? AND p.active <> 0 AND (p.id = ? OR p.id = ? || '/' || ?)"
	                       " ORDER BY p.id LIMIT 1", Q(tenant), Q(contact), Q(tenant), Q(contact));
	if (found == NULL) {
		cmd_refuse(c, 422, "invalid", "contact", "a contact of this tenant with a number");
		return;
	}
	if (c->v >= 3 && !hour_is_good(c, tenant, found, weekday, minute))
		return;
	cmd_new_id(c, id);
	db_run(c->db, "INSERT INTO appointments(id, tenant, weekday, minute, contact, made_at, made_by, next_at) VALUES(?, ?, ?, ?, ?, ?, ?, 0)", Q(id), Q(tenant), Q(weekday),
	       Q(minute), Q(found), Q(c->now), Q(c->who->user));
	plan_next(c, id);
	upkeep_made(c, "appointment", id, tenant);
}

static bool
load_appointment(struct cmd *c, const char *id)
{
	auto_free char *tenant = db_text(c->db, "SELECT tenant FROM appointments WHERE id = ? AND ended_at IS NULL", Q(id));

	if (cmd_failed(c))
		return false;
	if (tenant == NULL || !desk_sees(c->who, tenant)) {
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return false;
	}
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	return true;
}

void
cmd_appointment_end(struct cmd *c)
{
	const char *id = arg_need(c, "id", 64);

	if (!load_appointment(c, id))
		return;
	db_run(c->db, "UPDATE appointments SET ended_at = ?, next_at = 0 WHERE id = ?", Q(c->now), Q(id));
	timer_drop(c, id);
	upkeep_made(c, "appointment", id, c->tenant);
}

static void
note_call(struct cmd *c, const char *appointment, int64_t job, int64_t due, const char *outcome)
{
	char id[27];

	cmd_new_id(c, id);
	db_run(c->db, "INSERT INTO test_calls(id, appointment, tenant, contact, job, due_at, at, ended_at, outcome) SELECT ?, a.id, a.tenant, a.contact, ?, ?, ?, ?, ? FROM"
	              " appointments a WHERE a.id = ?", Q(id), Q_MAYBE(job), Q(due), Q(c->now), Q_MAYBE(outcome != NULL ? c->now : 0), Q(outcome), Q(appointment));
	cmd_changed(c, "appointment", appointment, c->tenant, NULL);
}

static void
not_reached(struct cmd *c, const char *appointment, const char *why_ja, const char *why_en)
{
	auto_free char *name = db_text(c->db, "SELECT p.name FROM appointments a JOIN contacts p ON p.id = a.contact WHERE a.id = ?", Q(appointment));
	auto_free char *ja = x_asprintf("%s様への定例の試験通話：%s", name != NULL ? name : "", why_ja), *en = x_asprintf("Weekly test call to %s: %s", name != NULL ? name : "", why_en);

	alarm_raise(c, "test_call", appointment, "warning", c->tenant, NULL, ja, en);
}

static void
place_call(struct cmd *c, const char *appointment, int64_t due)
{
	struct rows r = db_query(c->db,
	                         "SELECT p.id, p.name, p.kana, p.lang, p.pin, (SELECT n.number FROM numbers n WHERE n.contact = p.id AND n.broken_at IS NULL ORDER BY n.ord LIMIT 1),"
	                         " t.kana, t.name_en, t.code_ja, t.code_en, p.active FROM appointments a JOIN contacts p ON p.id = a.contact JOIN tenants t ON t.id = a.tenant"
	                         " WHERE a.id = ?", Q(appointment));
	json_t *to, *doc;
	int64_t job;

	if (!rows_next(&r) || row_str(&r, 5) == NULL || row_int(&r, 10) == 0) {
		rows_close(&r);
		note_call(c, appointment, 0, due, "wrong_number");
		not_reached(c, appointment, "かけられる番号がありません", "there is no number to call");
		return;
	}
	to = json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", row_str(&r, 1), "kana", row_str(&r, 2), "number", row_str(&r, 5), "lang", row_str(&r, 3), "other_lang",
	               strcmp(row_str(&r, 3), "ja") == 0 ? "en" : "ja");
	if (row_str(&r, 4) != NULL)
		json_object_set_new(to, "pin", json_string(row_str(&r, 4)));
	doc = json_pack("{s:o, s:s, s:o, s:o, s:s, s:s, s:b, s:o, s:i, s:i}", "to", to, "provider", c->d->s.providers[0] != NULL ? c->d->s.providers[0] : "", "company",
	                texts(row_str(&r, 6), row_str(&r, 7)), "code_word", texts(row_str(&r, 8), row_str(&r, 9)), "incident", "TEST", "severity", "informational", "test", 1,
	                "summary", texts("これわ、れんらくの しけんです。インシデントわ ありません。", "This is the weekly test of the notification chain. There is no incident."),
	                "ring_s", RING_S, "limit_s", TALK_S);
	job = outbox_test_call(c, doc, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2), row_str(&r, 5), appointment);
	rows_close(&r);
	note_call(c, appointment, job, due, NULL);
}

/* At once, whatever the weekday: for setting up. The next one stays. */
void
cmd_appointment_call(struct cmd *c)
{
	const char *id = arg_need(c, "id", 64);

	if (!load_appointment(c, id))
		return;
	if (db_int(c->db, 0, "SELECT 1 FROM test_calls WHERE appointment = ? AND ended_at IS NULL", Q(id)) != 0) {
		cmd_refuse(c, 409, "state", NULL, "one is under way");
		return;
	}
	place_call(c, id, c->now);
	upkeep_made(c, "appointment", id, c->tenant);
}

void
appointment_due(struct cmd *c, const char *id)
{
	int64_t due = db_int(c->db, 0, "SELECT next_at FROM appointments WHERE id = ? AND ended_at IS NULL", Q(id));
	auto_free char *tenant = db_text(c->db, "SELECT tenant FROM appointments WHERE id = ?", Q(id));

	if (due == 0 || tenant == NULL)
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	if (c->now - due <= CALL_LATEST) {
		place_call(c, id, due);
	} else {
		note_call(c, id, 0, due, "missed");
		not_reached(c, id, "時刻を過ぎたため、行いませんでした", "not made, its time has passed");
	}
	plan_next(c, id);
}

void
test_call_done(struct cmd *c, int64_t job, const char *outcome)
{
	auto_free char *id = db_text(c->db, "SELECT appointment FROM test_calls WHERE job = ? AND ended_at IS NULL", Q(job));
	json_t *say = outcome_texts(outcome);

	if (id != NULL) {
		db_run(c->db, "UPDATE test_calls SET ended_at = ?, outcome = ? WHERE job = ?", Q(c->now), Q(outcome), Q(job));
		if (strcmp(outcome_reached(outcome) != NULL ? outcome_reached(outcome) : "no", "yes") != 0)
			not_reached(c, id, json_string_value(json_object_get(say, "ja")) ?: outcome, json_string_value(json_object_get(say, "en")) ?: outcome);
		cmd_changed(c, "appointment", id, c->tenant, NULL);
	}
	json_decref(say);
}

/* ---- what is asked ---- */

json_t *
upkeep_seen(struct ask *a, struct rows *r)
{
	json_t *items = json_array(), *o;

	while (rows_next(r)) {
		bool seen = row_str(r, 1) == NULL || desk_sees(a->who, row_str(r, 1));

		o = row_json(r);
		if (seen)
			json_array_append(items, o);
		json_decref(o);
	}
	return json_pack("{s:o}", "items", items);
}

json_t *
ask_maintenance_list(struct ask *a)
{
	const char *tenant = ask_tenant(a);
	struct rows r;

	if (a->status != 0)
		return NULL;
	r = db_query(a->db, "SELECT id, tenant, from_at AS \"from:t\", to_at AS \"to:t\", ended_at AS \"ended_at:t\", ja AS \"reason:2\", en, urgent AS \"urgent:b\" FROM maintenance WHERE (? IS NULL OR tenant"
	                    " IS NULL OR tenant = ?) ORDER BY from_at DESC LIMIT 200", Q(tenant), Q(tenant));
	return upkeep_seen(a, &r);
}

static json_t *
calls_of(struct db *db, const char *appointment)
{
	struct rows r = db_query(db, "SELECT due_at AS \"due_at:t\", at AS \"at:t\", ended_at AS \"ended_at:t\", outcome, (SELECT x.ringing_at FROM outbox x WHERE x.id = t.job) AS"
	                             " \"ringing_at:t\" FROM test_calls t WHERE appointment = ? ORDER BY at DESC, id DESC LIMIT 20", Q(appointment));
	json_t *a = json_array(), *o;

	while (rows_next(&r)) {
		auto_free char *outcome = row_str(&r, 3) != NULL ? x_strdup(row_str(&r, 3)) : NULL;

		o = row_json(&r);
		json_object_set_new(o, "outcome_text", outcome_texts(outcome));
		json_array_append_new(a, o);
	}
	return a;
}

json_t *
ask_appointment_list(struct ask *a)
{
	const char *tenant = ask_tenant(a);
	struct rows r;
	json_t *items = json_array(), *o;

	if (a->status != 0) {
		json_decref(items);
		return NULL;
	}
	r = db_query(a->db, "SELECT a.id, a.tenant, a.weekday, a.minute, a.next_at AS \"next_at:t\", a.ended_at AS \"ended_at:t\", p.id AS contact, p.name FROM appointments a JOIN"
	                    " contacts p ON p.id = a.contact WHERE (? IS NULL OR a.tenant = ?) ORDER BY a.tenant, a.made_at, a.id LIMIT 500", Q(tenant), Q(tenant));
	while (rows_next(&r)) {
		bool seen = desk_sees(a->who, row_str(&r, 1));
		auto_free char *id = x_strdup(row_str(&r, 0));
		int64_t minute = row_int(&r, 3);
		char text[8];

		o = row_json(&r);
		snprintf(text, sizeof text, "%02d:%02d", (int)(minute / 60 % 24), (int)(minute % 60));
		json_object_del(o, "minute");
		json_object_set_new(o, "time", json_string(text));
		json_object_set_new(o, "calls", calls_of(a->db, id));
		if (seen)
			json_array_append(items, o);
		json_decref(o);
	}
	return json_pack("{s:o}", "items", items);
}
