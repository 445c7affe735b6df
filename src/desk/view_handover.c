/* SPDX-License-Identifier: Apache-2.0
 *
 * Hand-overs as the API shows them.  Somebody with a tenant mask sees the hand-overs of their tenants, and of those
 * the items of their tenants only; the counts are of what is shown.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/handover_priv.h"

#define LIST_MAX 200

#define COLUMNS                                                                                                                 \
	"h.id, 'H-' || h.number AS number, h.roster, h.state, h.at AS \"at:t\", h.drafted_at AS \"drafted_at:t\", h.due_at AS \"due_at:t\", h.words, h.lang,"      \
	" h.offered_at AS \"offered_at:t\", h.ended_at AS \"ended_at:t\", h.tenants, h.crew, h.from_site, h.from_lead, h.to_site, h.to_lead, h.offered_by,"       \
	" h.ended_by, h.offered_seq, h.ended_seq, h.at, h.state, (SELECT 'H-' || p.number FROM handovers p WHERE p.id = h.passed_to) AS passed_to"

static json_t *
side(struct ask *a, const char *site, const char *lead)
{
	const struct roster *r = desk_roster(a->d);
	const json_t *s = r != NULL && site != NULL ? roster_site(r, site) : NULL;
	char local[6] = "";

	if (s != NULL)
		local_time(json_string_value(json_object_get(s, "zone")), a->now, local);
	return json_pack("{s:o, s:o}", "site",
	                 s != NULL ? json_pack("{s:s, s:O, s:O, s:s}", "id", site, "name", json_object_get(s, "name"), "zone", json_object_get(s, "zone"), "local_time", local)
	                           : json_null(),
	                 "lead", person(a->db, lead));
}

/* Who, when, and the row of the journal that says so: number and the first digits of its hash. */
static json_t *
signature(struct ask *a, const char *by, json_t *at, int64_t seq)
{
	auto_free char *hash = db_text(a->db, "SELECT substr(lower(hex(hash)), 1, 16) FROM journal WHERE seq = ?", Q(seq));

	if (by == NULL || by[0] == '\0' || seq == 0) {
		json_decref(at);
		return json_null();
	}
	return json_pack("{s:o, s:o, s:I, s:s?}", "by", person(a->db, by), "at", at, "seq", (json_int_t)seq, "hash", hash);
}

static json_t *
tenants_seen(struct ask *a, struct slice text)
{
	json_t *list = json_loadb(text.p, text.n, 0, NULL), *out = json_array(), *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (desk_sees(a->who, json_string_value(v)))
			json_array_append_new(out, tenant_ref(a->db, json_string_value(v)));
	json_decref(list);
	return out;
}

static json_t *
people_of(struct ask *a, struct slice text)
{
	json_t *list = json_loadb(text.p, text.n, 0, NULL), *out = json_array(), *v;
	size_t i;

	json_array_foreach(list, i, v)
		json_array_append_new(out, person(a->db, json_string_value(v)));
	json_decref(list);
	return out;
}

static json_t *
items_of(struct ask *a, const char *id)
{
	struct rows r = db_query(a->db,
	                         "SELECT n, kind, ref, tenant, owner, severity, title_ja AS \"title:2\", title_en, due_at AS \"due_at:t\", hypothesis, next_step, blocker, state,"
	                         " at AS \"at:t\", by, reason, " HANDOVER_GONE " AS \"gone:b\" FROM handover_items x WHERE handover = ? ORDER BY n",
	                         Q(id));
	json_t *items = json_array(), *o;

	while (rows_next(&r)) {
		if (!desk_sees(a->who, row_str(&r, 3)))
			continue;
		o = row_json(&r);
		json_object_set_new(o, "tenant", tenant_ref(a->db, row_str(&r, 3)));
		json_object_set_new(o, "owner", person(a->db, row_str(&r, 4)));
		json_object_set_new(o, "by", person(a->db, row_str(&r, 14)));
		json_array_append_new(items, o);
	}
	return items;
}

static json_t *
counts_of(const json_t *items)
{
	json_t *o = json_pack("{s:i, s:i, s:i, s:i, s:i}", "open", 0, "kept", 0, "refused", 0, "accepted", 0, "late", 0);
	const json_t *v;
	size_t i;

	json_array_foreach(items, i, v) {
		const char *state = json_string_value(json_object_get(v, "state"));

		json_object_set_new(o, state, json_integer(1 + json_integer_value(json_object_get(o, state))));
	}
	return o;
}

/* Who may do what: the screen asks here and does not guess. */
static void
put_rights(struct ask *a, struct rows *r, json_t *o)
{
	struct cmd c = { .d = a->d, .db = a->db, .who = a->who };
	struct handover_now h = { .at = row_int(r, 21), .crew = json_loadb(row_text(r, 12).p, row_text(r, 12).n, 0, NULL) };
	bool lead = strcmp(a->who->role, "lead") == 0, works = lead || strcmp(a->who->role, "analyst") == 0, gives;
	const char *state = row_str(r, 22);

	snprintf(h.roster, sizeof h.roster, "%s", row_str(r, 2) != NULL ? row_str(r, 2) : "");
	snprintf(h.from_lead, sizeof h.from_lead, "%s", row_str(r, 14) != NULL ? row_str(r, 14) : "");
	gives = works && handover_gives(&c, &h);
	json_object_set_new(o, "may_give", json_boolean(gives && word_in(state, "draft offered")));
	json_object_set_new(o, "may_accept", json_boolean(works && word_in(state, "offered late") && row_str(r, 23) == NULL &&
	                                                  (list_has(h.crew, a->who->user) || (lead && strcmp(h.from_lead, a->who->user) != 0))));
	json_decref(h.crew);
}

static json_t *
handover_json(struct ask *a, struct rows *r, bool whole)
{
	json_t *tenants = tenants_seen(a, row_text(r, 11)), *o, *items;
	static const char *const inner[] = { "crew", "from_site", "from_lead", "to_site", "to_lead", "offered_by", "ended_by", "offered_seq", "ended_seq" };

	if (json_array_size(tenants) == 0) {
		json_decref(tenants);
		return NULL;
	}
	o = row_json(r);
	for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
		json_object_del(o, inner[i]);
	json_object_set_new(o, "at", time_json(row_int(r, 21)));
	json_object_set_new(o, "tenants", tenants);
	json_object_set_new(o, "from", side(a, row_str(r, 13), row_str(r, 14)));
	json_object_set_new(o, "to", side(a, row_str(r, 15), row_str(r, 16)));
	json_object_set_new(o, "crew", people_of(a, row_text(r, 12)));
	json_object_set_new(o, "given", signature(a, row_str(r, 17), json_incref(json_object_get(o, "offered_at")), row_int(r, 19)));
	json_object_set_new(o, "taken",
	                    signature(a, row_str(r, 18), time_json(db_int(a->db, 0, "SELECT max(at) FROM handover_items WHERE handover = ? AND state = 'accepted'", Q(row_str(r, 0)))),
	                              row_int(r, 20)));
	items = items_of(a, row_str(r, 0));
	json_object_set_new(o, "counts", counts_of(items));
	put_rights(a, r, o);
	if (whole)
		json_object_set(o, "items", items);
	json_decref(items);
	return o;
}

json_t *
ask_handover_list(struct ask *a)
{
	const char *state = ask_str(a, "state");
	bool open = state != NULL && strcmp(state, "open") == 0;
	struct rows r = db_query(a->db,
	                         "SELECT " COLUMNS " FROM handovers h WHERE (? AND h.state IN ('draft','offered','late') AND h.passed_to IS NULL) OR (NOT ? AND (? IS NULL OR h.state = ?))"
	                         " ORDER BY h.number DESC LIMIT ?",
	                         Q((int64_t)open), Q((int64_t)open), Q(state), Q(state), Q((int64_t)LIST_MAX));
	json_t *items = json_array(), *o;

	while (rows_next(&r))
		if ((o = handover_json(a, &r, false)) != NULL)
			json_array_append_new(items, o);
	return json_pack("{s:o, s:o}", "now", time_json(a->now), "items", items);
}

json_t *
ask_handover_show(struct ask *a)
{
	const char *id = ask_str(a, "id");
	struct rows r = db_query(a->db, "SELECT " COLUMNS " FROM handovers h WHERE h.id = ? OR ('H-' || h.number) = ?", Q(id), Q(id));
	json_t *o;

	if (!rows_next(&r))
		return NULL;
	o = handover_json(a, &r, true);
	rows_close(&r);
	if (o != NULL)
		json_object_set_new(o, "now", time_json(a->now));
	return o;
}
