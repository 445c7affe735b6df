/* SPDX-License-Identifier: Apache-2.0
 *
 * Clocks: what was promised, as rows.  decide: opened → decided.  call: decided → the telephone rang.
 * answer: decided → a person acknowledged.  inquiry: the customer asked → we answered.  The state is computed
 * when asked; nothing pauses.
 * Also here: timers, entries and counts per day, the other small rows that commands make.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/alarm_priv.h"
#include "desk/handover_priv.h"
#include "desk/hook_priv.h"
#include "desk/advisory_priv.h"
#include "desk/inquiry_priv.h"

#define SHORT_NS (120 * NS_PER_S)

void
clock_start(struct cmd *c, const char *kind, const char *tenant, const char *candidate, const char *incident, int64_t span_s)
{
	clock_start_at(c, kind, tenant, candidate, incident, c->now, c->now + span_s * NS_PER_S);
}

void
clock_start_at(struct cmd *c, const char *kind, const char *tenant, const char *candidate, const char *incident, int64_t at, int64_t due)
{
	char id[27];

	cmd_new_id(c, id);
	db_run(c->db,
	       "INSERT INTO clocks(id, kind, tenant, candidate, incident, started_at, due_at, broken) VALUES(?, ?, ?, ?, ?, ?, ?, 0)", Q(id),
	       Q(kind), Q(tenant), Q(candidate), Q(incident), Q(at), Q(due));
	timer_set(c, "clock.broken", id, due, 0);
}

void
clock_stop(struct cmd *c, const char *candidate, const char *kind, int64_t at)
{
	struct rows r = db_query(c->db, "SELECT id, due_at FROM clocks WHERE candidate = ? AND kind = ? AND stopped_at IS NULL", Q(candidate),
	                         Q(kind));

	while (rows_next(&r)) {
		db_run(c->db, "UPDATE clocks SET stopped_at = ?, broken = ? WHERE id = ?", Q(at), Q(at > row_int(&r, 1)), Q(row_str(&r, 0)));
		timer_drop(c, row_str(&r, 0));
	}
}

void
clock_take_earlier(struct cmd *c, const char *from, const char *into)
{
	static const char sql[] = "SELECT id FROM clocks WHERE candidate = ? AND kind = 'decide' AND stopped_at IS NULL";
	auto_free char *theirs = db_text(c->db, sql, Q(from)), *ours = db_text(c->db, sql, Q(into));
	int64_t due = db_int(c->db, 0, "SELECT due_at FROM clocks WHERE id = ?", Q(theirs));

	if (theirs == NULL || ours == NULL || db_int(c->db, 0, "SELECT due_at FROM clocks WHERE id = ?", Q(ours)) <= due)
		return;
	db_run(c->db, "UPDATE clocks SET started_at = (SELECT started_at FROM clocks WHERE id = ?), due_at = ? WHERE id = ?", Q(theirs), Q(due), Q(ours));
	timer_drop(c, ours);
	timer_set(c, "clock.broken", ours, due, 0);
}

const char *
clock_state(int64_t started, int64_t due, int64_t stopped, int64_t now)
{
	int64_t left = due - now;

	if (stopped != 0)
		return stopped <= due ? "met" : "broken";
	if (left < 0)
		return "broken";
	if (left < SHORT_NS && left * 2 < due - started)
		return "short";
	return left * 2 > due - started ? "ample" : "half";
}

json_t *
clock_json(struct rows *r, int64_t now)
{
	int64_t started = row_int(r, 1), due = row_int(r, 2), stopped = row_int(r, 3);

	return json_pack("{s:s, s:o, s:o, s:o, s:I, s:s, s:b, s:s, s:s?, s:s, s:o}", "kind", row_str(r, 0), "started_at", time_json(started),
	                 "due_at", time_json(due), "stopped_at", time_json(stopped), "limit_s", (json_int_t)((due - started) / NS_PER_S),
	                 "state", clock_state(started, due, stopped, now), "late", stopped == 0 && now > due, "candidate", row_str(r, 4),
	                 "incident", row_str(r, 5), "tenant", row_str(r, 6), "cause", cause_json(r->db, r));
}

json_t *
clock_of(struct db *db, const char *candidate, int64_t now)
{
	struct rows r = db_query(db,
	                         "SELECT " CLOCK_COLUMNS " FROM clocks k WHERE k.candidate = ?"
	                         " ORDER BY k.stopped_at IS NOT NULL, CASE WHEN k.stopped_at IS NULL THEN k.due_at ELSE -k.stopped_at END LIMIT 1",
	                         Q(candidate));
	json_t *o = NULL;

	if (rows_next(&r)) {
		o = clock_json(&r, now);
		rows_close(&r);
	}
	return o != NULL ? o : json_null();
}

char *
clock_number(struct rows *r, int column)
{
	if (row_str(r, 5) != NULL)
		return x_strdup(row_str(r, 5));
	if (strcmp(row_str(r, 0), "inquiry") == 0)
		return x_asprintf("Q-%lld", (long long)db_int(r->db, 0, "SELECT number FROM inquiries WHERE id = ?", Q(row_str(r, 4))));
	return row_kind(r, column) != DB_NULL ? x_asprintf("C-%lld", (long long)row_int(r, column)) : x_strdup(row_str(r, 4));
}

json_t *
ask_clock_list(struct ask *a)
{
	struct rows r = db_query(a->db,
	                         "SELECT " CLOCK_COLUMNS ", c.number, coalesce(i.severity, c.severity, 'informational') FROM clocks k LEFT JOIN candidates c"
	                         " ON c.id = k.candidate LEFT JOIN incidents i ON i.id = k.incident WHERE k.stopped_at IS NULL"
	                         " ORDER BY k.due_at LIMIT 1000");
	json_t *items = json_array();

	while (rows_next(&r)) {
		auto_free char *number = clock_number(&r, CLOCK_COLUMNS_N);
		json_t *o;

		if (!desk_sees(a->who, row_str(&r, 6)))
			continue;
		o = clock_json(&r, a->now);
		json_object_set_new(o, "number", json_string(number));
		json_object_set_new(o, "severity", json_string(row_str(&r, CLOCK_COLUMNS_N + 1)));
		json_array_append_new(items, o);
	}
	return json_pack("{s:o, s:o}", "now", time_json(a->now), "items", items);
}

/* ---- timers ---- */

void
timer_set(struct cmd *c, const char *kind, const char *ref, int64_t due_at, int attempt)
{
	db_run(c->db, "INSERT INTO timers(id, kind, ref, due_at, attempt) VALUES(?, ?, ?, ?, ?)", Q(cmd_count(c, "timer")), Q(kind), Q(ref),
	       Q(due_at), Q((int64_t)attempt));
}

void
timer_drop(struct cmd *c, const char *ref)
{
	db_run(c->db, "DELETE FROM timers WHERE ref = ?", Q(ref));
}

void
timer_drop_kind(struct cmd *c, const char *ref, const char *kind)
{
	db_run(c->db, "DELETE FROM timers WHERE ref = ? AND kind = ?", Q(ref), Q(kind));
}

static void
clock_broke(struct cmd *c, const char *id)
{
	struct rows r = db_query(c->db, "SELECT " CLOCK_COLUMNS ", c.number FROM clocks k LEFT JOIN candidates c ON"
	                                " c.id = k.candidate WHERE k.id = ? AND k.stopped_at IS NULL", Q(id));
	bool of_case;

	if (!rows_next(&r))
		return;
	auto_free char *kind = x_strdup(row_str(&r, 0)), *tenant = x_strdup(row_str(&r, 6)), *candidate = x_strdup(row_str(&r, 4));
	auto_free char *incident = row_str(&r, 5) != NULL ? x_strdup(row_str(&r, 5)) : NULL, *what = clock_number(&r, CLOCK_COLUMNS_N);
	auto_free char *number = row_kind(&r, CLOCK_COLUMNS_N) != DB_NULL ? x_asprintf("C-%lld", (long long)row_int(&r, CLOCK_COLUMNS_N)) : NULL;
	auto_free char *ja = x_asprintf("%s：約束の時間（%s）を過ぎました。", what, kind), *en = x_asprintf("%s: the promised time (%s) has passed.", what, kind);

	of_case = number != NULL;
	rows_close(&r);
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	db_run(c->db, "UPDATE clocks SET broken = 1 WHERE id = ?", Q(id));
	if (of_case)
		entry_say(c, candidate, "alarm", false, ja, en);
	alarm_raise(c, "clock_broken", id, "alarm", tenant, incident, ja, en);
	cmd_changed(c, of_case ? "candidate" : strcmp(kind, "inquiry") == 0 ? "inquiry" : "report", candidate, tenant, of_case ? number : what);
}

/* What a timer's kind does with its ref; those of the telephone chain are chain.c's, and spans all of them.
 * SPAN: so long after an act; it moves when the clock is set.  WALL: an hour of the day; it stays. */
enum { SPAN, WALL };
static const struct {
	const char *kind;
	void (*fn)(struct cmd *c, const char *ref);
	int means;
} timer_kinds[] = {
	{ "clock.broken", clock_broke, SPAN },
	{ "alarm.ring", alarm_ring_due, SPAN },
	{ "second.waits", second_late, SPAN },
	{ "task.due", task_late, WALL },
	{ "inquiry.due", inquiry_due, SPAN },
	{ "held.waits", held_waits, SPAN },
	{ "chat.waits", chat_waits, SPAN },
	{ "chat.gone", chat_gone, SPAN },
	{ "advisory.again", advisory_again, WALL },
	{ "digest.due", digest_due, WALL },
	{ "exception.over", exception_over, WALL },
	{ "roster.prove", roster_prove_again, WALL },
	{ "webhook.failing", hook_failing, WALL },
	{ "lcp.old_ends", lcp_old_ends, SPAN },
	{ "appointment.due", appointment_due, WALL },
	{ "lcp.expiring", lcp_expiring, WALL },
	{ "handover.draft", handover_draft_due, WALL },
	{ "handover.offer", handover_offer_due, WALL },
	{ "handover.late", handover_late, SPAN },
};

void
timers_move(struct cmd *c, int64_t by)
{
	db_run(c->db, "UPDATE timers SET due_at = due_at + ? WHERE kind LIKE 'chain.%'", Q(by));
	for (size_t i = 0; i < sizeof timer_kinds / sizeof *timer_kinds; i++)
		if (timer_kinds[i].means == SPAN)
			db_run(c->db, "UPDATE timers SET due_at = due_at + ? WHERE kind = ? AND ref NOT IN (SELECT id FROM clocks WHERE kind = 'report')", Q(by),
			       Q(timer_kinds[i].kind));
}

void
cmd_timer_fire(struct cmd *c)
{
	int64_t id = arg_int(c, "timer", 0);
	struct rows r = db_query(c->db, "SELECT kind, ref, attempt FROM timers WHERE id = ? AND due_at <= ?", Q(id), Q(c->now));

	if (!rows_next(&r)) {
		cmd_refuse(c, 409, "state", NULL, "no such timer is due");
		return;
	}
	auto_free char *kind = x_strdup(row_str(&r, 0)), *ref = x_strdup(row_str(&r, 1));
	int attempt = (int)row_int(&r, 2);

	rows_close(&r);
	db_run(c->db, "DELETE FROM timers WHERE id = ?", Q(id));
	if (strncmp(kind, "chain.", 6) == 0)
		chain_timer(c, kind, ref, attempt);
	if (strncmp(kind, "report.", 7) == 0)
		report_timer(c, kind, ref, attempt); /* hours of the day, all of them */
	for (size_t i = 0; i < sizeof timer_kinds / sizeof *timer_kinds; i++)
		if (strcmp(timer_kinds[i].kind, kind) == 0)
			timer_kinds[i].fn(c, ref);
	/* found by the auditor: each timer once, and when it was due beside when it fired */
	snprintf(c->noun, sizeof c->noun, "timer");
	snprintf(c->id, sizeof c->id, "%lld", (long long)id);
}

/* The arguments with which the first timer that is due fires; NULL when none is. */
static json_t *
next_due(struct desk *d, int64_t now)
{
	struct rows r = db_query(d->db, "SELECT id, kind, ref, attempt, due_at, kind LIKE 'report.%' OR kind IN ('roster.prove','handover.draft','handover.offer') OR EXISTS(SELECT 1 FROM clocks k WHERE"
	                                " k.id = ref AND k.kind = 'report') FROM timers WHERE due_at <= ? ORDER BY due_at, id LIMIT 1", Q(now));
	json_t *args, *data;

	if (!rows_next(&r))
		return NULL;
	args = json_pack("{s:I}", "timer", (json_int_t)row_int(&r, 0));
	/* an hour of the day may be stepped over when the clock is set: that is not the timer's lateness */
	if (row_int(&r, 5) == 0)
		json_object_set_new(args, "due_at", json_integer(row_int(&r, 4)));
	data = report_timer_data(d, row_str(&r, 1), row_str(&r, 2), (int)row_int(&r, 3), now);
	if (data == NULL)
		data = handover_timer_data(d, row_str(&r, 1), row_str(&r, 2), now);
	if (data != NULL)
		json_object_set_new(args, "data", data);
	rows_close(&r);
	return args;
}

int64_t
desk_tick(struct desk *d, int64_t now, int *ret_error)
{
	*ret_error = 0;
	for (int i = 0; i < 10000; i++) {
		json_t *args = next_due(d, now);
		struct desk_answer a;

		if (args == NULL)
			break;
		a = desk_apply(d, "timer.fire", &desk_service, args, now);
		json_decref(args);
		json_decref(a.body);
		if (a.error != 0) {
			*ret_error = a.error;
			break;
		}
	}
	return db_int(d->db, INT64_MAX, "SELECT min(due_at) FROM timers");
}

/* ---- entries, days ---- */

void
entry_add(struct cmd *c, const struct entry *e)
{
	db_run(c->db,
	       "INSERT INTO entries(seq, candidate, at, kind, visible, by, who_ja, who_en, ja, en, lang, line) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?,"
	       " ?, ?, ?)",
	       Q(cmd_count(c, "entry")), Q(e->candidate), Q(e->at != 0 ? e->at : c->now), Q(e->kind), Q(e->visible),
	       Q(c->who->user[0] != '\0' ? c->who->user : NULL), Q(e->who_ja != NULL ? e->who_ja : c->who->ja),
	       Q(e->who_en != NULL ? e->who_en : c->who->en), Q(e->ja), Q(e->en), Q(e->lang), Q(e->line));
}

void
entry_say(struct cmd *c, const char *candidate, const char *kind, bool visible, const char *ja, const char *en)
{
	entry_add(c, &(struct entry){ .candidate = candidate, .kind = kind, .visible = visible, .ja = ja, .en = en });
}

void
day_count(struct cmd *c, const char *tenant, const char *column, int64_t n)
{
	static const char *const names[] = { "detections", "candidates", "closed", "emergency", "critical", "warning", "informational", "hidden" };
	static const char *const sql[] = { "UPDATE days SET detections = detections + ? WHERE tenant = ? AND day = ?",
		"UPDATE days SET candidates = candidates + ? WHERE tenant = ? AND day = ?",
		"UPDATE days SET closed = closed + ? WHERE tenant = ? AND day = ?",
		"UPDATE days SET emergency = emergency + ? WHERE tenant = ? AND day = ?",
		"UPDATE days SET critical = critical + ? WHERE tenant = ? AND day = ?",
		"UPDATE days SET warning = warning + ? WHERE tenant = ? AND day = ?",
		"UPDATE days SET informational = informational + ? WHERE tenant = ? AND day = ?",
		"UPDATE days SET hidden = hidden + ? WHERE tenant = ? AND day = ?" };
	auto_free char *zone = db_text(c->db, "SELECT zone FROM tenants WHERE id = ?", Q(tenant));
	int64_t day = local_day(zone, c->now);

	db_run(c->db,
	       "INSERT INTO days(tenant, day, detections, candidates, closed, emergency, critical, warning, informational)"
	       " VALUES(?, ?, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT(tenant, day) DO NOTHING",
	       Q(tenant), Q(day));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], column) == 0)
			db_run(c->db, sql[i], Q(n), Q(tenant), Q(day));
}

void
day_text(int64_t day, char ret[16])
{
	unsigned m, d;
	int64_t y;

	civil_from_days(day, &y, &m, &d);
	snprintf(ret, 16, "%04d-%02u-%02u", (int)(y % 10000), m % 100, d % 100);
}
