/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is called, in which order.  Those in their hours come first, in the tenant's order, each with the
 * back-up person behind; a back-up in hours also stands in for somebody who is not.  Then the others: out of
 * hours is better than nobody.  Everybody stands once, and only people with a number that works.
 */
#include <stdio.h>

#include "desk/desk_priv.h"

struct person {
	json_t *step;
	char *id, *name, *backup;
	enum hours hours;
	bool taken, left_out; /* left out: the tenant's channels say so */
};

struct persons {
	struct person *v;
	size_t n, cap;
	json_t *order;
};

void
plan_read(struct slice json, struct plan *ret)
{
	json_t *o = json.n != 0 ? json_loadb(json.p, json.n, 0, NULL) : NULL, *v;

#define PLAN(name, least, most, otherwise, what)                                                                                \
	v = json_object_get(o, #name);                                                                                          \
	ret->name = json_is_integer(v) ? json_integer_value(v) : otherwise;
#include "tbl/plan.tbl"
#undef PLAN
	json_decref(o);
}

json_t *
plan_json(struct db *db, const char *tenant)
{
	auto_free char *text = db_text(db, "SELECT plan FROM tenants WHERE id = ?", Q(tenant));
	json_t *o = json_object();
	struct plan plan;

	plan_read(slice_str(text != NULL ? text : ""), &plan);
#define PLAN(name, least, most, otherwise, what) json_object_set_new(o, #name, json_integer(plan.name));
#include "tbl/plan.tbl"
#undef PLAN
	return o;
}

static json_t *
step_json(struct db *db, struct rows *r, int64_t now)
{
	struct rows n = db_query(db, "SELECT number FROM numbers WHERE contact = ? AND broken_at IS NULL ORDER BY ord", Q(row_str(r, 0)));
	json_t *numbers = json_array();
	char at[6], masked[64];

	while (rows_next(&n)) {
		mask_number(row_str(&n, 0), masked, sizeof masked);
		json_array_append_new(numbers, json_string(masked));
	}
	local_time(row_str(r, 6), now, at);
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:s, s:s}", "contact", row_str(r, 0), "name", row_str(r, 1), "kana", row_str(r, 2), "title",
	                 texts(row_str(r, 3), row_str(r, 4)), "lang", row_str(r, 5), "numbers", numbers, "zone", row_str(r, 6), "local_time", at);
}

static void
load_persons(struct db *db, const char *tenant, const char *severity, int64_t now, struct persons *ps)
{
	struct rows r = db_query(db,
	                         "SELECT c.id, c.name, c.kana, c.title_ja, c.title_en, c.lang, c.zone, c.hours, c.backup,"
	                         " CASE WHEN c.country <> '' THEN c.country ELSE t.country END FROM contacts c JOIN tenants t ON t.id = c.tenant"
	                         " WHERE c.tenant = ? AND c.active <> 0 AND EXISTS(SELECT 1 FROM numbers n WHERE n.contact = c.id AND n.broken_at IS NULL)"
	                         " ORDER BY c.ord, c.id",
	                         Q(tenant));
	bool someone = false;

	while (rows_next(&r)) {
		struct day_off off = { db, tenant, row_str(&r, 9) };
		struct person p = { .step = step_json(db, &r, now), .id = x_strdup(row_str(&r, 0)), .name = x_strdup(row_str(&r, 1)),
			            .backup = row_str(&r, 8) != NULL ? x_strdup(row_str(&r, 8)) : NULL,
			            .hours = hours_at(row_str(&r, 7), row_str(&r, 6), &off, now) };

		p.left_out = channel_send(db, tenant, &(struct receiver){ row_str(&r, 5), p.hours }, severity, "call") == SEND_NEVER;
		someone |= !p.left_out;
		vec_push(ps, p);
	}
	/* rather the wrong person than nobody */
	for (size_t i = 0; i < ps->n; i++)
		ps->v[i].taken = ps->v[i].left_out && someone;
}

static void
take(struct persons *ps, struct person *p, const char *reason, json_t *note)
{
	if (p->taken) {
		json_decref(note);
		return;
	}
	p->taken = true;
	json_object_set_new(p->step, "order", json_integer((json_int_t)json_array_size(ps->order) + 1));
	json_object_set_new(p->step, "in_hours", json_boolean(p->hours == HOURS_IN));
	json_object_set_new(p->step, "reason", json_string(reason));
	json_object_set_new(p->step, "note", note);
	json_array_append(ps->order, p->step);
}

static void
take_backup(struct persons *ps, const struct person *of)
{
	for (size_t i = 0; i < ps->n && of->backup != NULL; i++)
		if (strcmp(ps->v[i].id, of->backup) == 0 && ps->v[i].hours == HOURS_IN) {
			auto_free char *ja = x_asprintf("%s様の代理", of->name), *en = x_asprintf("back-up of %s", of->name);

			take(ps, &ps->v[i], "backup", texts(ja, en));
		}
}

json_t *
chain_steps(struct db *db, const char *tenant, const char *severity, int64_t now)
{
	struct persons ps = { .order = json_array() };

	load_persons(db, tenant, severity, now, &ps);
	for (size_t i = 0; i < ps.n; i++) {
		if (ps.v[i].hours == HOURS_IN)
			take(&ps, &ps.v[i], "in_hours", texts("時間内", "in hours"));
		take_backup(&ps, &ps.v[i]);
	}
	for (size_t i = 0; i < ps.n; i++) {
		if (ps.v[i].hours == HOURS_HOLIDAY)
			take(&ps, &ps.v[i], "holiday", texts("休日・ほかに誰もいないとき", "day off; when nobody else is left"));
		else
			take(&ps, &ps.v[i], "out_of_hours", texts("時間外・ほかに誰もいないとき", "out of hours; when nobody else is left"));
	}
	for (size_t i = 0; i < ps.n; i++) {
		json_decref(ps.v[i].step);
		free(ps.v[i].id);
		free(ps.v[i].name);
		free(ps.v[i].backup);
	}
	vec_fini(&ps);
	return ps.order;
}

json_t *
ask_calltree_show(struct ask *a)
{
	const char *id = ask_str(a, "id"), *at = ask_str(a, "at"), *severity = ask_str(a, "severity");
	struct rows r = db_query(a->db, "SELECT zone, country FROM tenants WHERE id = ?", Q(id));
	int64_t when = a->now;
	struct day_off off;
	json_t *o;

	if (!rows_next(&r) || !desk_sees(a->who, id)) {
		rows_close(&r);
		return NULL;
	}
	if (at != NULL && time_parse_rfc3339(slice_str(at), &when) != 0) {
		rows_close(&r);
		return ask_no(a, 422, "invalid", "at");
	}
	off = (struct day_off){ a->db, id, row_str(&r, 1) };
	o = json_pack("{s:s, s:o, s:s, s:b, s:o, s:o}", "tenant", id, "at", time_json(when), "zone", row_str(&r, 0), "day_off",
	              day_is_off(&off, local_day(row_str(&r, 0), when)), "plan", plan_json(a->db, id), "steps", chain_steps(a->db, id, severity != NULL ? severity : "critical", when));
	rows_close(&r);
	return o;
}
