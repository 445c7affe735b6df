/* SPDX-License-Identifier: Apache-2.0
 *
 * The queue: what a person has to do, of every tenant in sight, due first; within a minute what weighs most.
 *
 *     candidate   to be decided; its decide clock
 *     inquiry     a customer waits for us, or a mail waits for somebody to say whose it is; its promise
 *     task        of an open incident; the day it was given
 *     call        a telephone chain that has not reached anybody yet; its call clock
 *     answer      an incident that its customer has not acknowledged (the answer clock), or has answered and nobody has closed
 *
 * One query orders them all by three numbers each; only what is shown is read whole.  The kinds are rows of a table: where they come from, what
 * opens them, what takes them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/roster_priv.h"

/* Columns: kind, id, tenant (NULL = nobody's), owner, due (NULL = none), weight: severity, then the machine's score. */
static const struct {
	const char *kind, *sql;
	const char *claim; /* "METHOD route" with {id}; NULL: nothing is claimed */
} kinds[] = {
	{ "candidate",
	  "SELECT 'candidate' AS kind, c.id AS id, c.tenant AS tenant, c.owner AS owner, k.due_at AS due, 1000 * CASE c.severity WHEN 'emergency' THEN 3 WHEN 'critical' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END"
	  " + c.score AS weight, c.detections AS n, c.number AS number FROM candidates c LEFT JOIN clocks k ON k.candidate = c.id AND k.kind = 'decide' AND k.stopped_at IS NULL"
	  " WHERE c.state = 'open'",
	  "POST /api/v1/candidates/{id}/claim" },
	{ "inquiry",
	  "SELECT 'inquiry', q.id, q.tenant, q.owner, k.due_at, CASE q.priority WHEN 'urgent' THEN 2000 WHEN 'normal' THEN 1000 ELSE 0 END, 0, q.number FROM inquiries q LEFT JOIN clocks k"
	  " ON k.candidate = q.id AND k.stopped_at IS NULL WHERE q.state = 'open' AND (q.waits = 'us' OR q.tenant IS NULL OR k.due_at IS NOT NULL)",
	  "POST /api/v1/inquiries/{id}/claim" },
	{ "task",
	  "SELECT 'task', t.id, i.tenant, t.owner, t.due_at, 1000 * CASE i.severity WHEN 'emergency' THEN 3 WHEN 'critical' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END, 0, t.n FROM tasks t JOIN incidents i ON"
	  " i.id = t.incident WHERE t.done_at IS NULL AND i.state = 'open'",
	  "PATCH /api/v1/incidents/{incident}/tasks/{n}" },
	{ "call",
	  "SELECT 'call', h.id, h.tenant, c.owner, h.due_at, 1000 * CASE h.severity WHEN 'emergency' THEN 3 WHEN 'critical' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END, 0, c.number FROM chains h JOIN incidents i"
	  " ON i.id = h.incident JOIN candidates c ON c.id = i.candidate WHERE h.state IN ('running','waiting')",
	  "POST /api/v1/incidents/{incident}/claim" },
	{ "answer",
	  "SELECT 'answer', i.id, i.tenant, c.owner, k.due_at, 1000 * CASE i.severity WHEN 'emergency' THEN 3 WHEN 'critical' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END, 0, c.number FROM incidents i JOIN"
	  " candidates c ON c.id = i.candidate LEFT JOIN clocks k ON k.incident = i.id AND k.kind = 'answer' AND k.stopped_at IS NULL WHERE i.state = 'open' AND (i.answer_at IS NOT NULL OR"
	  " k.due_at IS NOT NULL) AND NOT EXISTS(SELECT 1 FROM chains h WHERE h.incident = i.id AND h.state IN ('running','waiting'))",
	  "POST /api/v1/incidents/{incident}/claim" },
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* owner_on_duty: is the owner of the crew that is on duty for the tenant?  null without an owner or a roster. */
static void
mark_off_duty(json_t *items, const json_t *tenants)
{
	json_t *o, *t, *p, *list;
	size_t i, k, m;

	json_array_foreach(items, i, o) {
		const json_t *owner = json_object_get(json_object_get(o, "owner"), "id");
		json_t *on = json_null();

		json_array_foreach(tenants, k, t) {
			list = json_object_get(json_object_get(t, "duty"), "people");
			if (owner == NULL || list == NULL || !json_equal(json_object_get(t, "id"), json_object_get(json_object_get(o, "tenant"), "id")))
				continue;
			on = json_false();
			json_array_foreach(list, m, p)
				if (json_equal(json_object_get(p, "id"), (json_t *)owner))
					on = json_true();
		}
		json_object_set_new(o, "owner_on_duty", on);
	}
}

/* ---- one row ---- */

static json_t *
inquiry_item(struct db *db, const char *id)
{
	struct rows r = db_query(db, "SELECT 'Q-' || number AS number, subject AS \"title:2\", subject, NULL AS severity, priority, incident, held IS NOT NULL AS \"held:b\" FROM inquiries WHERE id = ?", Q(id));

	return row_first(&r);
}

static json_t *
task_item(struct db *db, const char *id)
{
	struct rows r = db_query(db, "SELECT t.incident || '/' || t.n AS number, t.text AS \"title:2\", t.text, i.severity, t.incident, t.n FROM tasks t JOIN incidents i ON i.id = t.incident WHERE t.id = ?",
	                         Q(id));

	return row_first(&r);
}

static json_t *
call_item(struct db *db, const char *id)
{
	struct rows r = db_query(db, "SELECT i.id AS number, i.title_ja AS \"title:2\", i.title_en, h.severity, i.id AS incident, h.attempts FROM chains h JOIN incidents i ON i.id = h.incident WHERE h.id = ?",
	                         Q(id));

	return row_first(&r);
}

static json_t *
answer_item(struct db *db, const char *id)
{
	struct rows r = db_query(db, "SELECT i.id AS number, i.title_ja AS \"title:2\", i.title_en, i.severity, i.id AS incident, i.answer_at AS \"answered_at:t\" FROM incidents i WHERE i.id = ?", Q(id));

	return row_first(&r);
}

/* The row whole: a candidate as it always was, the others with number, title, severity and what opens them. */
static json_t *
item(struct ask *a, struct rows *r)
{
	static json_t *(*const of[])(struct db *db, const char *id) = { NULL, inquiry_item, task_item, call_item, answer_item };
	const char *kind = row_str(r, 0), *id = row_str(r, 1);
	json_t *o = NULL;

	for (size_t i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i].kind, kind) != 0)
			continue;
		o = of[i] != NULL ? of[i](a->db, id) : candidate_row_of(a->db, id, a->now);
		if (o == NULL)
			o = json_object();
		json_object_set_new(o, "claim", json_string(kinds[i].claim));
		if (of[i] == NULL)
			break;
		json_object_set_new(o, "id", json_string(id));
		json_object_set_new(o, "tenant", row_str(r, 2) != NULL ? tenant_ref(a->db, row_str(r, 2)) : json_null());
		json_object_set_new(o, "owner", person(a->db, row_str(r, 3)));
	}
	json_object_set_new(o, "kind", json_string(kind));
	json_object_set_new(o, "due_at", time_json(row_int(r, 4)));
	return o;
}

/* ---- the list ---- */

/* The query over the kinds wanted, "a,b" or "all"; NULL for a word that is none. Heap. */
static char *
query_of(const char *wanted)
{
	struct buf b = { 0 };
	struct slice rest = slice_str(strcmp(wanted, "all") == 0 ? "candidate,inquiry,task,call,answer" : wanted);
	char *sql;

	while (rest.n != 0) {
		struct slice word = slice_cut(&rest, ',');
		size_t i;

		for (i = 0; i < KINDS && !slice_eq(word, slice_str(kinds[i].kind)); i++)
			;
		if (i == KINDS) {
			buf_fini(&b);
			return NULL;
		}
		/* names for the columns come from the first: an empty candidate list, whatever is wanted */
		buf_printf(&b, "%s%s", b.n == 0 ? "SELECT '' AS kind, '' AS id, NULL AS tenant, NULL AS owner, 0 AS due, 0 AS weight, 0 AS n, 0 AS number WHERE 1 = 0 UNION ALL " : " UNION ALL ",
		           kinds[i].sql);
	}
	sql = x_asprintf("SELECT kind, id, tenant, owner, due, n FROM (%s) AS w WHERE (? IS NULL OR tenant = ?) AND (? IS NULL OR owner = ? OR (? = 'nobody' AND owner IS NULL))"
	                 " ORDER BY due IS NULL, due / 60000000000, weight DESC, due, kind, number", buf_cstr(&b));
	buf_fini(&b);
	return sql;
}

static json_t *
tenants_on_duty(struct ask *a)
{
	struct rows t = db_query(a->db, "SELECT id FROM tenants ORDER BY id");
	json_t *tenants = json_array();

	while (rows_next(&t))
		if (desk_sees(a->who, row_str(&t, 0))) {
			json_t *ref = tenant_ref(a->db, row_str(&t, 0));

			json_object_set_new(ref, "duty", duty_json(a->db, desk_roster(a->d), row_str(&t, 0), a->now));
			json_array_append_new(tenants, ref);
		}
	return tenants;
}

/* Nobody's mail is for staff who see every tenant. */
static bool
in_sight(const struct desk_actor *who, const char *tenant)
{
	return tenant != NULL ? desk_sees(who, tenant) : json_array_size(who->tenants) == 0;
}

/* Without `kind` candidates alone, as programs of before expect; the counts tell of the rest. */
json_t *
ask_queue_list(struct ask *a)
{
	const char *tenant = ask_tenant(a), *owner = ask_str(a, "owner"), *kind = ask_str(a, "kind");
	int64_t limit = ask_int(a, "limit", 100), count[KINDS] = { 0 }, detections = 0, unowned = 0, all = 0;
	auto_free char *sql = query_of(kind != NULL ? kind : "candidate");
	json_t *items, *tenants, *counts, *o;
	struct rows r;

	if (a->status != 0)
		return NULL;
	if (sql == NULL)
		return ask_no(a, 422, "invalid", "kind");
	if (owner != NULL && strcmp(owner, "me") == 0)
		owner = a->who->user;
	limit = limit < 1 || limit > 500 ? 100 : limit;
	items = json_array();
	r = db_query(a->db, sql, Q(tenant), Q(tenant), Q(owner), Q(owner), Q(owner));
	while (rows_next(&r)) {
		if (!in_sight(a->who, row_str(&r, 2)))
			continue;
		for (size_t i = 0; i < KINDS; i++)
			count[i] += strcmp(kinds[i].kind, row_str(&r, 0)) == 0;
		all++;
		detections += row_int(&r, 5);
		unowned += row_str(&r, 3) == NULL;
		if ((int64_t)json_array_size(items) < limit)
			json_array_append_new(items, item(a, &r));
	}
	tenants = tenants_on_duty(a);
	mark_off_duty(items, tenants);
	counts = json_object();
	for (size_t i = 0; i < KINDS; i++)
		json_object_set_new(counts, kinds[i].kind, json_integer(count[i]));
	o = json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:b, s:o, s:o, s:I}", "now", time_json(a->now), "items", items, "groups", (json_int_t)count[0], "detections", (json_int_t)detections, "unowned",
	              (json_int_t)unowned, "limit", (json_int_t)limit, "cut", all > limit, "tenants", tenants, "counts", counts, "total", (json_int_t)all);
	return o;
}
