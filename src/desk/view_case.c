/* SPDX-License-Identifier: Apache-2.0
 *
 * Candidates as the API shows them.  A customer's view is made here, by leaving out, never by the screen.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/apikey_priv.h"
#include "desk/roster_priv.h"

#define HOUR (3600 * NS_PER_S)
#define CANDIDATE_COLUMNS                                                                                                       \
	"c.id, c.number, c.tenant, c.title_ja, c.title_en, c.category, c.state, c.severity, c.line, c.score, c.proposal, c.first_at, c.last_at," \
	" c.opened_at, c.detections, c.events, c.blocked, c.passed, c.owner, c.closed_at, c.closed_by, c.reason, c.facts_ja, c.facts_en,"        \
	" c.asked_again_at, c.incident, c.merged_into, c.hypothesis, c.next_step, c.blocker, c.claimed_at"

static json_t *
list_or_none(json_t *v)
{
	return json_is_array(v) ? json_incref(v) : json_array();
}

json_t *
tenant_ref(struct db *db, const char *tenant)
{
	struct rows r = db_query(db, "SELECT id, name_ja AS \"name:2\", name_en, zone FROM tenants WHERE id = ?", Q(tenant));
	json_t *o = row_first(&r);

	return o != NULL ? o : json_null();
}

json_t *
person(struct db *db, const char *user)
{
	struct rows r;
	json_t *o;

	if (user == NULL || user[0] == '\0')
		return json_null();
	if (strncmp(user, "key/", 4) == 0)
		return apikey_person(db, user);
	r = db_query(db, "SELECT id, name_ja AS \"name:2\", name_en FROM users WHERE id = ?", Q(user));
	o = row_first(&r);
	return o != NULL ? o : json_null();
}

json_t *
candidate_entities(struct db *db, const char *id, int limit)
{
	struct rows r = db_query(db,
	                         "SELECT kind, shown AS value, role, internal AS \"internal:b\", weight FROM entities WHERE candidate = ? AND kind <> 'lane'"
	                         " ORDER BY weight DESC, internal DESC, kind, value LIMIT ?",
	                         Q(id), Q((int64_t)limit));

	return rows_json(&r);
}

static json_t *
sparkline(struct db *db, const char *id, int64_t now)
{
	int64_t bins[24] = { 0 }, from = now - 24 * HOUR;
	struct rows r = db_query(db, "SELECT at, count FROM detections WHERE candidate = ? AND at > ?", Q(id), Q(from));
	json_t *a = json_array();

	while (rows_next(&r)) {
		int64_t k = (row_int(&r, 0) - from) / HOUR;

		bins[k < 0 ? 0 : k > 23 ? 23 : k] += 1;
	}
	for (int i = 0; i < 24; i++)
		json_array_append_new(a, json_integer(bins[i]));
	return a;
}

static json_t *
devices_of(struct db *db, const char *id)
{
	struct rows r = db_query(db, "SELECT DISTINCT device FROM detections WHERE candidate = ? AND device <> '' ORDER BY device LIMIT 20", Q(id));
	json_t *a = json_array();

	while (rows_next(&r))
		json_array_append_new(a, json_string(row_str(&r, 0)));
	return a;
}

static json_t *
closed_of(struct db *db, struct rows *r)
{
	const char *reason = row_str(r, 21);

	if (reason == NULL)
		return json_null();
	return json_pack("{s:o, s:o, s:s, s:o, s:o}", "at", time_json(row_int(r, 19)), "by", person(db, row_str(r, 20)), "reason", reason,
	                 "reason_text", texts(close_reason_ja(reason), close_reason_en(reason)), "facts", texts(row_str(r, 22), row_str(r, 23)));
}

static json_t *
proposal_of(struct rows *r)
{
	json_t *p = json_loadb(row_text(r, 10).p, row_text(r, 10).n, 0, NULL);

	if (p == NULL)
		p = json_object();
	if (json_object_get(p, "reasons") == NULL) /* it went into another one before anybody judged it */
		json_object_set_new(p, "reasons", json_array());
	json_object_set_new(p, "severity", json_string(row_str(r, 7)));
	json_object_set_new(p, "line", json_string(row_str(r, 8)));
	json_object_set_new(p, "score", json_integer(row_int(r, 9)));
	return p;
}

/* The row at r (CANDIDATE_COLUMNS). */
static json_t *
candidate_row(struct db *db, struct rows *r, int64_t now)
{
	const char *id = row_str(r, 0), *state = row_str(r, 6);
	char number[24];
	json_t *p = proposal_of(r), *tactics = list_or_none(json_object_get(p, "tactics")), *o;

	snprintf(number, sizeof number, "C-%lld", (long long)row_int(r, 1));
	json_object_del(p, "tactics");
	o = json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o}", "id", id, "number", number, "tenant", tenant_ref(db, row_str(r, 2)), "title",
	              texts(row_str(r, 3), row_str(r, 4)), "category", row_str(r, 5), "state", state, "clock",
	              strcmp(state, "open") == 0 ? clock_of(db, id, now) : json_null(), "proposal", p, "tactics", tactics);
	json_object_set_new(o, "entities", candidate_entities(db, id, 8));
	json_object_set_new(o, "first_at", time_json(row_int(r, 11)));
	json_object_set_new(o, "last_at", time_json(row_int(r, 12)));
	json_object_set_new(o, "opened_at", time_json(row_int(r, 13)));
	json_object_set_new(o, "detections", json_integer(row_int(r, 14)));
	json_object_set_new(o, "events", json_integer(row_int(r, 15)));
	json_object_set_new(o, "blocked", json_integer(row_int(r, 16)));
	json_object_set_new(o, "passed", json_integer(row_int(r, 17)));
	json_object_set_new(o, "devices", devices_of(db, id));
	json_object_set_new(o, "sparkline", sparkline(db, id, now));
	json_object_set_new(o, "owner", person(db, row_str(r, 18)));
	json_object_set_new(o, "closed", closed_of(db, r));
	json_object_set_new(o, "asked_again_at", time_json(row_int(r, 24)));
	json_object_set_new(o, "incident", row_str(r, 25) != NULL ? json_string(row_str(r, 25)) : json_null());
	json_object_set_new(o, "merged_into", row_str(r, 26) != NULL ? json_string(row_str(r, 26)) : json_null());
	return o;
}

json_t *
candidate_rows(struct db *db, struct rows *r, int64_t now)
{
	json_t *a = json_array();

	while (rows_next(r))
		json_array_append_new(a, candidate_row(db, r, now));
	return a;
}

json_t *
candidate_row_of(struct db *db, const char *id, int64_t now)
{
	struct rows r = db_query(db, "SELECT " CANDIDATE_COLUMNS " FROM candidates c WHERE c.id = ?", Q(id));
	json_t *o = rows_next(&r) ? candidate_row(db, &r, now) : NULL;

	rows_close(&r);
	return o;
}

json_t *
ask_candidate_list(struct ask *a)
{
	const char *tenant = ask_tenant(a), *state = ask_str(a, "state"), *reason = ask_str(a, "reason");
	int64_t limit = ask_int(a, "limit", 100), before = ask_int(a, "cursor", INT64_MAX), last = 0;
	json_t *items = json_array(), *o;
	struct rows r;
	char next[24];

	if (a->status != 0) {
		json_decref(items);
		return NULL;
	}
	limit = limit < 1 || limit > 500 ? 100 : limit;
	if (state == NULL || a->customer)
		state = "closed";
	/* a customer sees the closed ones, and those it asked to be looked at again while that is done */
	r = db_query(a->db,
	             "SELECT " CANDIDATE_COLUMNS " FROM candidates c WHERE (? = 'all' OR c.state = ? OR (? AND c.state = 'open' AND"
	             " c.asked_again_at IS NOT NULL)) AND (? IS NULL OR c.tenant = ?)"
	             " AND (? IS NULL OR c.reason = ?) AND c.number < ? ORDER BY c.number DESC",
	             Q(state), Q(state), Q(a->customer), Q(tenant), Q(tenant), Q(reason), Q(reason), Q(before));
	while ((int64_t)json_array_size(items) < limit && rows_next(&r))
		if (desk_sees(a->who, row_str(&r, 2))) {
			last = row_int(&r, 1);
			json_array_append_new(items, candidate_row(a->db, &r, a->now));
		}
	rows_close(&r);
	snprintf(next, sizeof next, "%lld", (long long)last);
	o = json_pack("{s:o}", "items", items);
	json_object_set_new(o, "next", (int64_t)json_array_size(items) == limit ? json_string(next) : json_null());
	return o;
}

/* ---- the page ---- */

json_t *
view_entries(struct db *db, const char *candidate, bool customer)
{
	struct rows r = db_query(db,
	                         "SELECT seq, at AS \"at:t\", kind, visible AS \"visible:b\", by, who_ja AS \"who:2\", who_en, ja AS \"text:2\", en, lang, line"
	                         " FROM entries WHERE candidate = ? AND (? = 0 OR visible <> 0) ORDER BY at, seq",
	                         Q(candidate), Q((int64_t)customer));
	json_t *a = json_array(), *o;

	while (rows_next(&r)) {
		o = row_json(&r);
		json_object_set_new(o, "by", person(db, row_str(&r, 4)));
		json_array_append_new(a, o);
	}
	return a;
}

static const char *
result_word(const json_t *d)
{
	const char *b = json_string_value(json_object_get(json_object_get(d, "evidence"), "blocked"));

	return b == NULL ? "unknown" : strcmp(b, "all") == 0 ? "blocked" : strcmp(b, "some") == 0 ? "partly" : strcmp(b, "none") == 0 ? "passed" : "unknown";
}

static json_t *
evidence_row(struct db *db, const json_t *d, const char *incident, bool proposed)
{
	const json_t *rule = json_object_get(d, "rule");
	const char *name = json_string_value(json_object_get(rule, "name")) ?: "", *ja = json_string_value(json_object_get(rule, "name_ja"));
	const char *id = json_string_value(json_object_get(d, "id")), *line = json_string_value(json_object_get(d, "line"));
	json_int_t count = json_integer_value(json_object_get(d, "count"));
	auto_free char *what_ja = x_asprintf(count > 1 ? "%.*s（%lld 件）" : "%.*s", text_clip(ja ?: name, 200), ja ?: name, (long long)count);
	auto_free char *what_en = x_asprintf(count > 1 ? "%.*s (%lld times)" : "%.*s", text_clip(name, 200), name, (long long)count);

	return json_pack("{s:s, s:o, s:s, s:s, s:o, s:s, s:I, s:s?, s:o, s:o, s:b}", "id", id, "at", time_json(json_integer_value(json_object_get(d, "at"))),
	                 "device", json_string_value(json_object_get(d, "device")) ?: "", "dataset", json_string_value(json_object_get(d, "dataset")) ?: "",
	                 "what", texts(what_ja, what_en), "result", result_word(d), "count", count, "line", line, "refs",
	                 list_or_none(json_object_get(d, "events")), "copies", incident != NULL ? view_copies(db, id) : json_null(), "chosen",
	                 incident != NULL ? db_int(db, 0, "SELECT 1 FROM evidence WHERE incident = ? AND detection = ?", Q(incident), Q(id)) != 0 : proposed);
}

json_t *
view_evidence(struct db *db, const char *candidate, const char *incident)
{
	json_t *all = candidate_detections(db, candidate), *a = json_array();
	const json_t *d;
	size_t i;

	/* proposed for the decision: what passed; without any, all of it */
	json_array_foreach(all, i, d)
		json_array_append_new(a, evidence_row(db, d, incident, strcmp(result_word(d), "blocked") != 0));
	json_decref(all);
	return a;
}

json_t *
view_previous(struct db *db, const char *candidate)
{
	struct rows r = db_query(db,
	                         "SELECT c.id, c.number, coalesce(c.closed_at, i.decided_at), coalesce(i.title_ja, c.title_ja), coalesce(i.title_en, c.title_en),"
	                         " i.severity, c.reason, coalesce(c.closed_by, i.decided_by), i.id, min(e2.shown) FROM entities e JOIN entities e2 ON"
	                         " e2.tenant = e.tenant AND e2.kind = e.kind AND e2.value = e.value AND e2.candidate <> e.candidate JOIN candidates c ON"
	                         " c.id = e2.candidate LEFT JOIN incidents i ON i.candidate = c.id WHERE e.candidate = ? AND e.weight > 0.2 AND e.kind <> 'lane'"
	                         " AND c.state IN ('closed','decided') GROUP BY c.id ORDER BY 3 DESC LIMIT 10",
	                         Q(candidate));
	json_t *a = json_array();

	while (rows_next(&r)) {
		auto_free char *number = x_asprintf("C-%lld", (long long)row_int(&r, 1));
		const char *incident = row_str(&r, 8);

		json_array_append_new(a, json_pack("{s:s, s:s, s:s, s:o, s:o, s:s?, s:s?, s:o, s:[s]}", "number", incident ?: number, "id",
		                                   incident ?: row_str(&r, 0), "noun", incident != NULL ? "incident" : "candidate", "at",
		                                   time_json(row_int(&r, 2)), "title", texts(row_str(&r, 3), row_str(&r, 4)), "severity", row_str(&r, 5), "reason",
		                                   row_str(&r, 6), "by", person(db, row_str(&r, 7)), "shared", row_str(&r, 9) ?: ""));
	}
	return a;
}

static json_t *
detection_list(struct db *db, const char *candidate)
{
	json_t *all = candidate_detections(db, candidate), *d;
	static const char *const times[] = { "at", "first_at", "lcp_at", "soc_at", "added_at" };
	size_t i;

	json_array_foreach(all, i, d) {
		json_t *joined = json_object_get(d, "joined"), *words = json_array();
		auto_free char *shared = x_strdup(json_string_value(json_object_get(joined, "shared")) ?: "");
		struct slice rest = slice_str(shared);

		while (rest.n != 0) {
			struct slice w = slice_cut(&rest, ' ');

			json_array_append_new(words, json_stringn(w.p, w.n));
		}
		json_object_set_new(joined, "shared", words);
		for (size_t k = 0; k < sizeof times / sizeof *times; k++)
			if (json_object_get(d, times[k]) != NULL)
				json_object_set_new(d, times[k], time_json(json_integer_value(json_object_get(d, times[k]))));
		json_object_del(d, "key");
		json_object_del(d, "line");
		json_object_del(d, "events");
	}
	return all;
}

static json_t *
form_of(struct rows *r, const json_t *evidence, const json_t *answers)
{
	const struct category *cat = category_find(row_str(r, 5)), *k;
	json_t *cats = json_array(), *defs = json_object(), *ids = json_array(), *v;
	auto_free char *ja = x_asprintf("%sを確認しました。%s", cat->ja, cat->todo_ja), *en = x_asprintf("%s was found. %s", cat->en, cat->todo_en);
	static const char *const order[] = { "emergency", "critical", "warning", "informational" };
	size_t i;

	for (i = 0; (k = category_at(i)) != NULL; i++)
		json_array_append_new(cats, json_pack("{s:s, s:o}", "id", k->id, "name", texts(k->ja, k->en)));
	for (i = 0; i < 4; i++)
		json_object_set_new(defs, order[i], texts(severity_find(order[i])->definition_ja, severity_find(order[i])->definition_en));
	json_array_foreach((json_t *)evidence, i, v)
		if (json_is_true(json_object_get(v, "chosen")))
			json_array_append(ids, json_object_get(v, "id"));
	return json_pack("{s:O*, s:o, s:o, s:[o], s:o, s:s, s:o, s:o}", "answers", answers, "title", texts(row_str(r, 3), row_str(r, 4)), "summary",
	                 texts(ja, en), "actions", texts(cat->todo_ja, cat->todo_en), "evidence", ids, "category", cat->id, "categories", cats, "definitions",
	                 defs);
}

/* Closed, or being looked at again because the customer asked. */
static bool
customer_may_look(struct rows *r)
{
	return strcmp(row_str(r, 6), "closed") == 0 || (strcmp(row_str(r, 6), "open") == 0 && row_kind(r, 24) != DB_NULL);
}

json_t *
view_candidate(struct desk *d, const char *id, const struct desk_actor *who, int64_t now)
{
	struct rows r = db_query(d->db, "SELECT " CANDIDATE_COLUMNS " FROM candidates c WHERE c.id = ? OR ('C-' || c.number) = ?", Q(id), Q(id)), m;
	bool customer = strcmp(who->role, "customer") == 0;
	json_t *o, *evidence, *merged = json_array();

	if (!rows_next(&r) || !desk_sees(who, row_str(&r, 2)) || (customer && !customer_may_look(&r))) {
		rows_close(&r);
		json_decref(merged);
		return NULL;
	}
	o = candidate_row(d->db, &r, now);
	evidence = view_evidence(d->db, row_str(&r, 0), NULL);
	json_object_set_new(o, "entities", candidate_entities(d->db, row_str(&r, 0), 500));
	json_object_set_new(o, "detection_list", detection_list(d->db, row_str(&r, 0)));
	json_object_set_new(o, "entries", view_entries(d->db, row_str(&r, 0), customer));
	json_object_set_new(o, "previous", customer ? json_array() : view_previous(d->db, row_str(&r, 0)));
	m = db_query(d->db, "SELECT number FROM candidates WHERE merged_into = ? ORDER BY number", Q(row_str(&r, 0)));
	while (rows_next(&m)) {
		auto_free char *n = x_asprintf("C-%lld", (long long)row_int(&m, 0));

		json_array_append_new(merged, json_string(n));
	}
	json_object_set_new(o, "merged", merged);
	if (!customer) {
		json_object_set_new(o, "hypothesis", json_string(row_str(&r, 27)));
		json_object_set_new(o, "next_step", json_string(row_str(&r, 28)));
		json_object_set_new(o, "blocker", json_string(row_str(&r, 29)));
		json_object_set_new(o, "claimed_at", time_json(row_int(&r, 30)));
		json_object_set_new(o, "form", form_of(&r, evidence, json_object_get(json_object_get(o, "proposal"), "answers")));
	}
	json_object_set_new(o, "evidence", evidence);
	rows_close(&r);
	return o;
}

json_t *
ask_candidate_show(struct ask *a)
{
	const char *id = ask_str(a, "id");

	return id != NULL ? view_candidate(a->d, id, a->who, a->now) : NULL;
}
