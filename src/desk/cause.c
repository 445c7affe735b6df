/* SPDX-License-Identifier: Apache-2.0
 *
 * Causes of broken clocks.  Nothing repairs a broken promise; a lead says why it broke, out of a fixed list
 * and in words.  A month with a broken clock without a cause is not closed (clock_causes_missing).
 */
#include <stdio.h>

#include "desk/desk_priv.h"

static const struct cause {
	const char *id, *ja, *en;
	bool ours;
} causes[] = {
#define CAUSE(id, ours, ja, en) { id, ja, en, ours },
#include "tbl/causes.tbl"
#undef CAUSE
};

static const struct cause *
cause_find(const char *id)
{
	for (size_t i = 0; i < sizeof causes / sizeof *causes && id != NULL; i++)
		if (strcmp(causes[i].id, id) == 0)
			return &causes[i];
	return NULL;
}

json_t *
cause_json(struct db *db, struct rows *r)
{
	const struct cause *k = cause_find(row_str(r, 7));

	if (k == NULL)
		return json_null();
	return json_pack("{s:s, s:o, s:b, s:s, s:o, s:o}", "id", k->id, "name", texts(k->ja, k->en), "ours", k->ours, "text", row_str(r, 8), "by",
	                 person(db, row_str(r, 9)), "at", time_json(row_int(r, 10)));
}

int64_t
clock_causes_missing(struct cmd *c, const char *tenant, int64_t from, int64_t to)
{
	/* a promise belongs to the month in which it was made, as in the report's own list */
	return db_int(c->db, 0, c->v >= 9 ? "SELECT count(*) FROM clocks WHERE broken = 1 AND cause IS NULL AND started_at >= ? AND started_at < ? AND tenant = ?"
	                                  : "SELECT count(*) FROM clocks WHERE broken = 1 AND cause IS NULL AND due_at >= ? AND due_at < ? AND tenant = ?",
	              Q(from), Q(to), Q(tenant));
}

static void
give_cause(struct cmd *c, const char *kind)
{
	const char *id = arg_need(c, "id", 64), *text = arg_need(c, "text", 2000);
	const struct cause *k = cause_find(arg_need(c, "cause", 32));
	struct rows r = db_query(c->db,
	                         "SELECT k.id, k.tenant, k.candidate, k.incident, n.id FROM clocks k LEFT JOIN candidates n ON n.id = k.candidate WHERE k.broken = 1 AND"
	                         " k.kind = ? AND (k.incident = ? OR n.incident = ? OR k.candidate = ? OR ('C-' || n.number) = ? OR k.candidate = (SELECT q.id FROM inquiries q WHERE"
	                         " ('Q-' || q.number) = ?)) ORDER BY k.started_at DESC LIMIT 1",
	                         Q(kind), Q(id), Q(id), Q(id), Q(id), Q(id));
	auto_free char *ja = NULL, *en = NULL, *candidate = NULL, *clock = NULL;

	if (cmd_failed(c))
		return;
	if (!rows_next(&r) || !desk_sees(c->who, row_str(&r, 1))) {
		rows_close(&r);
		cmd_refuse(c, 404, "not_found", "kind", "no broken clock of that kind");
		return;
	}
	clock = x_strdup(row_str(&r, 0));
	candidate = x_strdup(row_str(&r, 2));
	snprintf(c->tenant, sizeof c->tenant, "%s", row_str(&r, 1));
	snprintf(c->noun, sizeof c->noun, "%s", row_str(&r, 3) != NULL ? "incident" : row_str(&r, 4) != NULL ? "candidate" : kind);
	snprintf(c->id, sizeof c->id, "%s", row_str(&r, 3) != NULL ? row_str(&r, 3) : candidate);
	rows_close(&r);
	if (k == NULL) {
		cmd_refuse(c, 422, "invalid", "cause", "no such cause");
		return;
	}
	db_run(c->db, "UPDATE clocks SET cause = ?, cause_text = ?, cause_by = ?, cause_at = ? WHERE id = ?", Q(k->id), Q(text), Q(c->who->user), Q(c->now),
	       Q(clock));
	ja = x_asprintf("約束の時間（%s）を過ぎた原因：%s。%s", kind, k->ja, text);
	en = x_asprintf("Cause of the broken promise (%s): %s. %s", kind, k->en, text);
	if (!word_in(c->noun, "report inquiry"))
		entry_say(c, candidate, "note", true, ja, en);
	cmd_changed(c, c->noun, c->id, c->tenant, strcmp(c->noun, "incident") == 0 ? c->id : NULL);
}

/* Of an incident, or a candidate by id or number. The doors let kinds decide, call and answer in; rows of the journal
 * from when reports and inquiries had no command of their own are still played. */
void
cmd_clock_cause(struct cmd *c)
{
	give_cause(c, arg_need(c, "kind", 16));
}

void
cmd_report_cause(struct cmd *c)
{
	give_cause(c, "report");
}

void
cmd_inquiry_cause(struct cmd *c)
{
	give_cause(c, "inquiry");
}

static bool
month_read(const char *month, int64_t *ret_from, int64_t *ret_to)
{
	auto_free char *first = x_asprintf("%.8s-01T00:00:00Z", month);
	unsigned m, d;
	int64_t y;

	if (strlen(month) != 7 || time_parse_rfc3339(slice_str(first), ret_from) != 0)
		return false;
	civil_from_days(*ret_from / NS_PER_DAY + 31, &y, &m, &d); /* somewhere in the next one */
	*ret_to = days_from_civil(y, m, 1) * NS_PER_DAY;
	return true;
}

json_t *
ask_breach_list(struct ask *a)
{
	const char *tenant = ask_tenant(a), *month = ask_str(a, "month");
	int64_t from = 0, to = INT64_MAX, missing = 0;
	json_t *items = json_array();
	struct rows r;

	if (a->status == 0 && month != NULL && !month_read(month, &from, &to))
		ask_no(a, 422, "invalid", "month");
	if (a->status != 0) {
		json_decref(items);
		return NULL;
	}
	r = db_query(a->db, "SELECT " CLOCK_COLUMNS " FROM clocks k WHERE k.broken = 1 AND k.due_at >= ? AND k.due_at < ? AND (? IS NULL OR k.tenant = ?)"
	                    " ORDER BY k.due_at DESC LIMIT 1000",
	             Q(from), Q(to), Q(tenant), Q(tenant));
	while (rows_next(&r)) {
		if (!desk_sees(a->who, row_str(&r, 6)))
			continue;
		missing += row_str(&r, 7) == NULL;
		json_array_append_new(items, clock_json(&r, a->now));
	}
	return json_pack("{s:o, s:I}", "items", items, "without_cause", (json_int_t)missing);
}
