/* SPDX-License-Identifier: Apache-2.0
 *
 * Incidents as the API shows them: the list, the page with its eight times, calls as they happen.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/work_priv.h"

#define INCIDENT_COLUMNS                                                                                                        \
	"i.id, i.tenant, i.severity, i.customer_severity, i.customer_ticket, i.title_ja, i.title_en, i.category, i.state, i.decided_at,"          \
	" i.updated_at, c.first_at, c.last_at, c.owner, i.candidate, i.ack_at, c.detections, i.merged_into"

json_t *
incident_row(struct db *db, struct rows *r, int64_t now)
{
	const char *id = row_str(r, 0), *candidate = row_str(r, 14);
	json_t *o = json_object();

	json_object_set_new(o, "id", json_string(id));
	json_object_set_new(o, "tenant", tenant_ref(db, row_str(r, 1)));
	json_object_set_new(o, "severity", json_string(row_str(r, 2)));
	json_object_set_new(o, "customer_severity", row_str(r, 3) != NULL ? json_string(row_str(r, 3)) : json_null());
	json_object_set_new(o, "customer_ticket", row_str(r, 4) != NULL ? json_string(row_str(r, 4)) : json_null());
	json_object_set_new(o, "title", texts(row_str(r, 5), row_str(r, 6)));
	json_object_set_new(o, "category", json_string(row_str(r, 7)));
	json_object_set_new(o, "state", json_string(row_str(r, 8)));
	json_object_set_new(o, "decided_at", time_json(row_int(r, 9)));
	json_object_set_new(o, "updated_at", time_json(row_int(r, 10)));
	json_object_set_new(o, "first_at", time_json(row_int(r, 11)));
	json_object_set_new(o, "last_at", time_json(row_int(r, 12)));
	json_object_set_new(o, "owner", person(db, row_str(r, 13)));
	json_object_set_new(o, "clock", clock_of(db, candidate, now));
	json_object_set_new(o, "acknowledged", json_boolean(row_int(r, 15) != 0));
	json_object_set_new(o, "detections", json_integer(row_int(r, 16)));
	json_object_set_new(o, "merged_into", row_str(r, 17) != NULL ? json_string(row_str(r, 17)) : json_null());
	json_object_set_new(o, "actions_open", json_integer(db_int(db, 0, "SELECT count(*) FROM actions WHERE incident = ? AND done_at IS NULL", Q(id))));
	json_object_set_new(o, "actions_total", json_integer(db_int(db, 0, "SELECT count(*) FROM actions WHERE incident = ?", Q(id))));
	json_object_set_new(o, "entities", candidate_entities(db, candidate, 8));
	return o;
}

/* What changed behind a cursor "ns.id", oldest first; `next` is where to go on, also when nothing is there. */
static json_t *
changed_after(struct ask *a, const char *tenant, const char *cursor)
{
	struct slice left = slice_str(cursor), head = slice_cut(&left, '.');
	int64_t limit = ask_int(a, "limit", 100), at = 0;
	auto_free char *id = x_asprintf(SL_FMT, SL_ARG(left)), *next = x_strdup(cursor);
	json_t *items = json_array(), *o;
	struct rows r;

	if (!slice_i64(head, &at)) {
		json_decref(items);
		return ask_no(a, 422, "invalid", "changed_after");
	}
	limit = limit < 1 || limit > 500 ? 100 : limit;
	r = db_query(a->db,
	             "SELECT " INCIDENT_COLUMNS ", i.updated_at FROM incidents i JOIN candidates c ON c.id = i.candidate WHERE (? IS NULL OR i.tenant = ?)"
	             " AND (i.updated_at > ? OR (i.updated_at = ? AND i.id > ?)) ORDER BY i.updated_at, i.id",
	             Q(tenant), Q(tenant), Q(at), Q(at), Q(id));
	while ((int64_t)json_array_size(items) < limit && rows_next(&r)) {
		if (!desk_sees(a->who, row_str(&r, 1)))
			continue;
		json_array_append_new(items, incident_row(a->db, &r, a->now));
		free(next);
		next = x_asprintf("%lld.%s", (long long)row_int(&r, 18), row_str(&r, 0));
	}
	rows_close(&r);
	o = json_pack("{s:o, s:I, s:s}", "items", items, "total", (json_int_t)json_array_size(items), "next", next);
	return o;
}

json_t *
ask_incident_list(struct ask *a)
{
	const char *tenant = ask_tenant(a), *state = ask_str(a, "state"), *severity = ask_str(a, "severity");
	int64_t limit = ask_int(a, "limit", 100), before = ask_int(a, "cursor", INT64_MAX), last = 0, total = 0;
	json_t *items = json_array(), *o;
	struct rows r;
	char next[24];

	if (a->status != 0) {
		json_decref(items);
		return NULL;
	}
	if (ask_str(a, "changed_after") != NULL) {
		json_decref(items);
		return changed_after(a, tenant, ask_str(a, "changed_after"));
	}
	limit = limit < 1 || limit > 500 ? 100 : limit;
	if (state != NULL && strcmp(state, "all") == 0)
		state = NULL;
	r = db_query(a->db,
	             "SELECT " INCIDENT_COLUMNS ", i.decision_seq FROM incidents i JOIN candidates c ON c.id = i.candidate WHERE (? IS NULL OR i.tenant = ?)"
	             " AND (? IS NULL OR i.state = ?) AND (? IS NULL OR i.severity = ?) ORDER BY i.decision_seq DESC",
	             Q(tenant), Q(tenant), Q(state), Q(state), Q(severity), Q(severity));
	while (rows_next(&r)) {
		if (!desk_sees(a->who, row_str(&r, 1)))
			continue;
		total++;
		if (row_int(&r, 18) < before && (int64_t)json_array_size(items) < limit) {
			last = row_int(&r, 18);
			json_array_append_new(items, incident_row(a->db, &r, a->now));
		}
	}
	snprintf(next, sizeof next, "%lld", (long long)last);
	o = json_pack("{s:o, s:I}", "items", items, "total", (json_int_t)total);
	json_object_set_new(o, "next", (int64_t)json_array_size(items) == limit ? json_string(next) : json_null());
	return o;
}

/* ---- the page ---- */

static json_t *
attempts_of(struct db *db, const char *incident)
{
	struct rows r = db_query(db,
	                         "SELECT id, kind, try, contact, name, kana, shown AS \"to\", provider, state, events AS \"events:j\", queued_at AS \"queued_at:t\","
	                         " dialled_at AS \"started_at:t\", ringing_at AS \"ringing_at:t\", answered_at AS \"answered_at:t\", ended_at AS \"ended_at:t\","
	                         " outcome, code, text, sent AS \"sent:j\", recording, CASE kind WHEN 'call' THEN json_extract(doc, '$.summary.ja') END AS \"said:2\","
	                         " CASE kind WHEN 'call' THEN json_extract(doc, '$.summary.en') END AS said_en FROM outbox WHERE incident = ? ORDER BY id",
	                         Q(incident));
	json_t *a = json_array(), *o;

	while (rows_next(&r)) {
		const char *outcome = row_str(&r, 15);
		char id[24];

		o = row_json(&r);
		snprintf(id, sizeof id, "%lld", (long long)row_int(&r, 0));
		json_object_set_new(o, "id", json_string(id));
		json_object_set_new(o, "state",
		                    json_string(strcmp(row_str(&r, 8), "done") == 0 ? "done"
		                                : row_int(&r, 13) != 0             ? "answered"
		                                : row_int(&r, 12) != 0             ? "ringing"
		                                : row_int(&r, 11) != 0             ? "dialling"
		                                                                   : "waiting"));
		json_object_set_new(o, "outcome_text", outcome_texts(outcome));
		json_object_set_new(o, "reached", outcome_reached(outcome) != NULL ? json_string(outcome_reached(outcome)) : json_null());
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *
chain_of(struct db *db, const char *incident, const char *tenant, int64_t now)
{
	struct rows r = db_query(db,
	                         "SELECT id, state, started_at AS \"started_at:t\", ended_at AS \"ended_at:t\", lead_alarmed_at AS \"lead_alarmed_at:t\", step,"
	                         " severity, steps AS \"steps:j\" FROM chains WHERE incident = ? ORDER BY started_at DESC, state DESC LIMIT 1",
	                         Q(incident));
	json_t *o = row_first(&r), *steps, *v, *next = json_null();
	const char *contact;
	size_t i;

	if (o == NULL)
		return json_null();
	contact = json_string_value(json_array_get(json_object_get(o, "steps"), (size_t)json_integer_value(json_object_get(o, "step"))));
	steps = chain_steps(db, tenant, json_string_value(json_object_get(o, "severity")), now);
	json_array_foreach(steps, i, v)
		if (contact != NULL && strcmp(json_string_value(json_object_get(v, "contact")), contact) == 0)
			next = json_incref(v);
	json_decref(steps);
	json_object_set_new(o, "next_at",
	                    time_json(db_int(db, 0, "SELECT min(due_at) FROM timers WHERE ref = ? AND kind IN ('chain.next','chain.analyst')",
	                                     Q(json_string_value(json_object_get(o, "id"))))));
	json_object_set_new(o, "next", next);
	json_object_del(o, "severity");
	json_object_del(o, "steps");
	json_object_del(o, "step");
	json_object_del(o, "id");
	return o;
}

static json_t *
decision_of(struct db *db, const char *id)
{
	struct rows r = db_query(db,
	                         "SELECT i.decided_by, i.decided_by_ja AS \"name:2\", i.decided_by_en, i.decided_at AS \"at:t\", i.severity, i.proposed,"
	                         " i.answers AS \"answers:j\", i.reason, i.decision_seq AS journal_seq, lower(hex(j.hash)) AS journal_hash,"
	                         " c.proposal AS \"p:j\" FROM incidents i JOIN candidates c ON c.id = i.candidate LEFT JOIN journal j ON"
	                         " j.seq = i.decision_seq WHERE i.id = ?",
	                         Q(id));
	json_t *o = row_first(&r), *by;
	const struct severity_word *s;

	if (o == NULL)
		return json_null();
	s = severity_find(json_string_value(json_object_get(o, "severity")));
	by = json_pack("{s:O, s:O}", "id", json_object_get(o, "decided_by"), "name", json_object_get(o, "name"));
	json_object_set_new(o, "by", by);
	json_object_set_new(o, "definition", texts(s->definition_ja, s->definition_en));
	json_object_set(o, "reasons", json_object_get(json_object_get(o, "p"), "reasons"));
	json_object_del(o, "p");
	json_object_del(o, "name");
	json_object_del(o, "decided_by");
	return o;
}

static void
add_details(struct db *db, json_t *o, const char *id)
{
	struct rows s = db_query(db,
	                         "SELECT happened_at AS \"happened:t\", lcp_at AS \"lcp:t\", soc_at AS \"soc:t\", detected_at AS \"detected:t\","
	                         " opened_at AS \"opened:t\", decided_at AS \"decided:t\", rang_at AS \"rang:t\", ack_at AS \"acknowledged:t\" FROM incidents"
	                         " WHERE id = ?",
	                         Q(id));
	struct rows a = db_query(db, "SELECT n, ja AS \"text:2\", en, done_at AS \"done_at:t\", by FROM actions WHERE incident = ? ORDER BY n", Q(id));
	struct rows k = db_query(db, "SELECT ack_by AS by, ack_at AS \"at:t\", ack_how AS how FROM incidents WHERE id = ? AND ack_at IS NOT NULL", Q(id));
	struct rows x = db_query(db,
	                         "SELECT summary_ja AS \"summary:2\", summary_en, decisions, c.number AS number, c.blocked, c.passed, i.candidate, c.hypothesis,"
	                         " c.next_step, c.blocker FROM incidents i JOIN candidates c ON c.id = i.candidate WHERE i.id = ?",
	                         Q(id));
	struct rows z = db_query(db, "SELECT closed_at AS \"at:t\", closed_by, code, close_ja AS \"text:2\", close_en FROM incidents WHERE id = ? AND state = 'closed'", Q(id));
	json_t *v = row_first(&x), *number, *closed = row_first(&z);

	json_object_update(o, v);
	json_decref(v);
	number = json_object_get(o, "number");
	if (json_is_integer(number)) {
		auto_free char *n = x_asprintf("C-%lld", (long long)json_integer_value(number));

		json_object_set_new(o, "number", json_string(n));
	}
	json_object_set_new(o, "stamps", row_first(&s));
	json_object_set_new(o, "actions", rows_json(&a));
	v = row_first(&k);
	json_object_set_new(o, "acknowledged_by", v != NULL ? v : json_null());
	if (closed != NULL) {
		json_object_set_new(closed, "by", person(db, json_string_value(json_object_get(closed, "closed_by"))));
		json_object_del(closed, "closed_by");
		if (json_is_null(json_object_get(closed, "text")))
			json_object_del(closed, "text");
	}
	json_object_set_new(o, "closed", closed != NULL ? closed : json_null());
}

static json_t *
clocks_of(struct db *db, const char *candidate, int64_t now)
{
	struct rows r = db_query(db, "SELECT " CLOCK_COLUMNS " FROM clocks k WHERE k.candidate = ? ORDER BY k.started_at, k.kind", Q(candidate));
	json_t *a = json_array();

	while (rows_next(&r))
		json_array_append_new(a, clock_json(&r, now));
	return a;
}

/* How a person who calls back is recognised, and where. */
static json_t *
call_back_of(struct desk *d, const char *tenant)
{
	struct rows r = db_query(d->db, "SELECT code_ja AS \"code_word:2\", code_en FROM tenants WHERE id = ?", Q(tenant));
	json_t *o = row_first(&r);

	if (o != NULL)
		json_object_set_new(o, "number", d->s.phone != NULL ? json_string(d->s.phone) : json_null());
	return o != NULL ? o : json_null();
}

json_t *
view_incident(struct desk *d, const char *id, const struct desk_actor *who, int64_t now)
{
	struct rows r = db_query(d->db, "SELECT " INCIDENT_COLUMNS " FROM incidents i JOIN candidates c ON c.id = i.candidate WHERE i.id = ?", Q(id));
	bool customer = strcmp(who->role, "customer") == 0;
	const char *candidate;
	json_t *o, *decision;

	if (!rows_next(&r) || !desk_sees(who, row_str(&r, 1))) {
		rows_close(&r);
		return NULL;
	}
	candidate = row_str(&r, 14);
	o = incident_row(d->db, &r, now);
	add_details(d->db, o, row_str(&r, 0));
	decision = decision_of(d->db, row_str(&r, 0));
	json_object_set_new(o, "clocks", clocks_of(d->db, candidate, now));
	json_object_set_new(o, "call_back", call_back_of(d, row_str(&r, 1)));
	json_object_set_new(o, "chain", chain_of(d->db, row_str(&r, 0), row_str(&r, 1), now));
	json_object_set_new(o, "attempts", attempts_of(d->db, row_str(&r, 0)));
	json_object_set_new(o, "evidence", view_evidence(d->db, candidate, row_str(&r, 0)));
	json_object_set_new(o, "entries", view_entries(d->db, candidate, customer));
	json_object_set_new(o, "entities", candidate_entities(d->db, candidate, 500));
	json_object_set_new(o, "previous", customer ? json_array() : view_previous(d->db, candidate));
	json_object_set_new(o, "related", view_related(d->db, row_str(&r, 0)));
	json_object_set_new(o, "answer", view_answer(d->db, row_str(&r, 0)));
	if (!customer) {
		json_object_set_new(o, "tasks", view_tasks(d->db, row_str(&r, 0)));
		json_object_set_new(o, "downgrade", view_downgrade(d->db, row_str(&r, 0)));
	}
	if (customer) {
		json_object_del(o, "hypothesis");
		json_object_del(o, "next_step");
		json_object_del(o, "blocker");
		json_object_del(decision, "reason");
	}
	json_object_set_new(o, "decision", decision);
	rows_close(&r);
	return o;
}

json_t *
ask_incident_show(struct ask *a)
{
	const char *id = ask_str(a, "id");

	return id != NULL ? view_incident(a->d, id, a->who, a->now) : NULL;
}
