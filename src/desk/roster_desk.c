/* SPDX-License-Identifier: Apache-2.0
 *
 * The roster at the desk: its import, which one is in force, and the questions who is on duty now, at another
 * time, and for a week.  Old rosters stay: who was on duty last month is asked of the one that held then.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/facts_priv.h"
#include "desk/handover_priv.h"
#include "desk/site_priv.h"

#define PROVE_EVERY (7 * NS_PER_DAY)
#define WEEK_DAYS_MAX 31
#define CHANGES_MAX 2000

/* ---- which ---- */

/* Every loss and return of a site, in the order in which they were said. */
static void
put_outages(struct db *db, struct roster *r)
{
	struct rows q = db_query(db, "SELECT x.site, x.stand_in, x.at, coalesce((SELECT b.at FROM site_changes b WHERE b.site = x.site AND b.lost = 0 AND b.n > x.n ORDER BY b.n LIMIT 1), ?)"
	                             " FROM site_changes x WHERE x.lost = 1 ORDER BY x.n", Q((int64_t)INT64_MAX));

	while (rows_next(&q)) {
		struct outage o = { .from = row_int(&q, 2), .to = row_int(&q, 3) };

		snprintf(o.site, sizeof o.site, "%s", row_str(&q, 0));
		snprintf(o.stand_in, sizeof o.stand_in, "%s", row_str(&q, 1));
		roster_put_outage(r, &o);
	}
}

static struct roster *
read_row(struct db *db, const char *id)
{
	auto_free char *text = id != NULL ? db_text(db, "SELECT doc FROM rosters WHERE id = ?", Q(id)) : NULL;
	json_t *doc = text != NULL ? json_loads(text, 0, NULL) : NULL;
	struct roster *r = doc != NULL ? roster_new(doc) : NULL;

	json_decref(doc);
	if (r != NULL)
		put_outages(db, r);
	return r;
}

struct roster *
roster_in_force(struct db *db, int64_t at)
{
	auto_free char *id = db_text(db, "SELECT id FROM rosters ORDER BY at > ?, CASE WHEN at > ? THEN n ELSE -n END LIMIT 1", Q(at), Q(at));

	return read_row(db, id);
}

const struct roster *
desk_roster(struct desk *d)
{
	auto_free char *id = db_text(d->db, "SELECT id FROM rosters ORDER BY n DESC LIMIT 1"), *lost = NULL;
	char key[sizeof d->roster_id];

	if (id == NULL)
		return NULL;
	lost = db_text(d->db, "SELECT id FROM site_changes ORDER BY n DESC LIMIT 1");
	snprintf(key, sizeof key, "%.26s/%.26s", id, lost != NULL ? lost : "");
	if (strcmp(key, d->roster_id) != 0) {
		roster_free(d->roster);
		d->roster = read_row(d->db, id);
		snprintf(d->roster_id, sizeof d->roster_id, "%s", key);
	}
	return d->roster;
}

char *
duty_lead(struct desk *d, const char *tenant, int64_t at)
{
	struct duty on;

	if (!roster_duty(desk_roster(d), tenant, at, &on))
		return NULL;
	return db_text(d->db, "SELECT id FROM users WHERE login = ? AND disabled = 0", Q(on.lead));
}

const char *
duty_site_of(struct desk *d, const char *tenant, const char *user, int64_t at)
{
	const struct roster *r = desk_roster(d);
	auto_free char *login = r != NULL ? db_text(d->db, "SELECT login FROM users WHERE id = ?", Q(user)) : NULL;
	const json_t *person;
	struct duty on;

	if (r == NULL)
		return NULL;
	if (roster_duty(r, tenant, at, &on) && (login == NULL || duty_has(&on, login)))
		return on.site;
	/* somebody who is not on duty decided: where they belong */
	person = login != NULL ? roster_person(r, login) : NULL;
	if (person != NULL)
		return json_string_value(json_object_get(person, "site"));
	return roster_duty(r, tenant, at, &on) ? on.site : NULL;
}

void
duty_decided(struct cmd *c, const char *incident, const char *tenant)
{
	const char *site = duty_site_of(c->d, tenant, c->who->user, c->now);

	if (site == NULL)
		return;
	db_run(c->db, "UPDATE incidents SET site = ? WHERE id = ?", Q(site), Q(incident));
	fact_add(c, "incidents", json_pack("{s:s, s:s}", "id", incident, "site", site));
}

/* ---- import ---- */

void
cmd_roster_import(struct cmd *c)
{
	struct roster *r = roster_new(c->args);
	auto_free char *text = json_text(c->args);
	char id[27];

	if (r == NULL) {
		cmd_refuse(c, 422, "invalid", "yaml", "it is no roster");
		return;
	}
	roster_free(r);
	cmd_new_id(c, id);
	db_run(c->db, "INSERT INTO rosters(id, n, at, by, doc) VALUES(?, ?, ?, ?, ?)", Q(id), Q(cmd_count(c, "roster")), Q(c->now), Q(c->who->user), Q(text));
	timer_drop(c, "roster");
	timer_set(c, "roster.prove", "roster", c->now + PROVE_EVERY, 0);
	handover_plan(c);
	c->body = json_pack("{s:i, s:i, s:i, s:o}", "sites", (int)json_array_size(json_object_get(c->args, "sites")), "people",
	                    (int)json_array_size(json_object_get(c->args, "people")), "rosters", (int)json_array_size(json_object_get(c->args, "rosters")), "proven_to",
	                    time_json(c->now + ROSTER_PROVEN_DAYS * NS_PER_DAY));
	cmd_changed(c, "roster", "roster", NULL, NULL);
}

struct first_fault {
	struct roster_fault f;
	bool found;
};

static void
keep_first(void *ctx, const struct roster_fault *f)
{
	struct first_fault *k = ctx;

	if (!k->found)
		k->f = *f;
	k->found = true;
}

void
roster_look_for(struct cmd *c, const char *tenant)
{
	const struct roster *r = desk_roster(c->d);

	if (r == NULL || roster_of(r, tenant) != NULL)
		return;
	auto_free char *ja = x_asprintf("%s：当番表に載っていません。当番が一人もいません。", tenant);
	auto_free char *en = x_asprintf("%s: it is in no roster. Nobody is on duty.", tenant);

	alarm_raise(c, "uncovered", tenant, "alarm", tenant, NULL, ja, en);
}

/* Once a week: what was 400 days away at the import may hold a holiday that was announced since. */
void
roster_prove_again(struct cmd *c, const char *ref)
{
	struct roster *r = roster_in_force(c->db, c->now);
	struct first_fault k = { .found = false };

	if (r != NULL && roster_prove(r, c->now, keep_first, &k) != 0) {
		char from[ROSTER_MOMENT], to[ROSTER_MOMENT];

		roster_moment(k.f.from, "UTC", from);
		roster_moment(k.f.to, "UTC", to);
		auto_free char *ja = x_asprintf("当番表に不備があります（%.20s ～ %.20s）。直して取り込み直してください。", from, to);
		auto_free char *en = x_asprintf("The roster has a hole or an overlap from %.20s to %.20s. Mend and import it.", from, to);

		alarm_raise(c, "roster", "roster", "alarm", NULL, NULL, ja, en);
	}
	roster_free(r);
	timer_set(c, "roster.prove", ref, c->now + PROVE_EVERY, 0);
}

json_t *
desk_roster_known(struct desk *d)
{
	struct rows r = db_query(d->db, "SELECT id, lang FROM tenants ORDER BY id");
	json_t *tenants = json_object(), *people = json_object();

	while (rows_next(&r))
		json_object_set_new(tenants, row_str(&r, 0), json_pack("{s:s}", "lang", row_str(&r, 1)));
	r = db_query(d->db, "SELECT login, role, tenants AS \"tenants:j\" FROM users WHERE role IN ('analyst','lead') AND disabled = 0 ORDER BY login");
	while (rows_next(&r))
		json_object_set_new(people, row_str(&r, 0), row_json(&r));
	return json_pack("{s:o, s:o}", "tenants", tenants, "people", people);
}

json_t *
desk_roster_known_from(const json_t *doc)
{
	json_t *tenants = json_object(), *people = json_object();
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(doc, "tenants"), i, v)
		json_object_set_new(tenants, json_string_value(json_object_get(v, "id")), json_pack("{s:O}", "lang", json_object_get(v, "lang")));
	json_array_foreach(json_object_get(doc, "users"), i, v)
		if (word_in(json_string_value(json_object_get(v, "role")) ?: "", "analyst lead"))
			json_object_set(people, json_string_value(json_object_get(v, "login")), (json_t *)v);
	return json_pack("{s:o, s:o}", "tenants", tenants, "people", people);
}

/* ---- views ---- */

static json_t *
person_by_login(struct db *db, const char *login)
{
	auto_free char *id = db_text(db, "SELECT id FROM users WHERE login = ?", Q(login));

	return person(db, id);
}

static json_t *
people_json(struct db *db, const json_t *logins)
{
	json_t *a = json_array();
	const json_t *v;
	size_t i;

	json_array_foreach(logins, i, v)
		json_array_append_new(a, person_by_login(db, json_string_value(v)));
	return a;
}

json_t *
site_json(const struct roster *r, const char *id, int64_t at)
{
	const json_t *s = roster_site(r, id), *zone = json_object_get(s, "zone");
	char local[6];

	if (s == NULL)
		return json_null();
	local_time(json_string_value(zone), at, local);
	return json_pack("{s:s, s:O, s:O, s:s}", "id", id, "name", json_object_get(s, "name"), "zone", zone, "local_time", local);
}

static json_t *
moment_or_null(int64_t ns)
{
	return ns == INT64_MIN || ns == INT64_MAX ? json_null() : time_json(ns);
}

static json_t *
crew_json(struct db *db, const struct roster *r, const struct duty *on, int64_t at)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "roster", on->roster, "site", site_json(r, on->site, at), "lead", person_by_login(db, on->lead), "people",
	                 people_json(db, on->people), "from", moment_or_null(on->from), "to", moment_or_null(on->to), "stands_for",
	                 on->stands_for != NULL ? site_json(r, on->stands_for, at) : json_null());
}

json_t *
duty_json(struct db *db, const struct roster *r, const char *tenant, int64_t at)
{
	struct duty on;

	return roster_duty(r, tenant, at, &on) ? crew_json(db, r, &on, at) : json_null();
}

/* The tenants of a roster that the asker sees. */
static json_t *
tenants_of(struct ask *a, const struct roster *r, const char *roster)
{
	struct rows q = db_query(a->db, "SELECT id FROM tenants ORDER BY id");
	json_t *list = json_array();

	while (rows_next(&q)) {
		const char *of = roster_of(r, row_str(&q, 0));

		if (of != NULL && strcmp(of, roster) == 0 && desk_sees(a->who, row_str(&q, 0)))
			json_array_append_new(list, tenant_ref(a->db, row_str(&q, 0)));
	}
	return list;
}

static bool
time_of(struct ask *a, const char *key, int64_t *ret)
{
	const char *s = ask_str(a, key);

	*ret = a->now;
	if (s == NULL || (time_parse_rfc3339(slice_str(s), ret) == 0 && *ret > 0 && *ret < INT64_MAX - 2 * ROSTER_PROVEN_DAYS * NS_PER_DAY))
		return true;
	ask_no(a, 422, "invalid", key);
	return false;
}

static json_t *
staff_json(struct ask *a, const struct roster *r)
{
	json_t *list = json_array();
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(roster_doc(r), "people"), i, v)
		json_array_append_new(list, json_pack("{s:O, s:o, s:O, s:O}", "login", json_object_get(v, "login"), "person",
		                                      person_by_login(a->db, json_string_value(json_object_get(v, "login"))), "site", json_object_get(v, "site"), "lang",
		                                      json_object_get(v, "lang")));
	return list;
}

static json_t *
roster_json(struct ask *a, const struct roster *r, const json_t *in)
{
	const char *id = json_string_value(json_object_get(in, "id"));
	json_t *tenants = tenants_of(a, r, id), *o;
	struct duty on, next;
	bool has = roster_duty_of(r, id, a->now, &on);

	if (json_array_size(tenants) == 0) {
		json_decref(tenants);
		return NULL;
	}
	o = json_pack("{s:s, s:O, s:o, s:O, s:o}", "id", id, "home", json_object_get(in, "home"), "tenants", tenants, "turns", json_object_get(in, "turns"), "duty",
	              has ? crew_json(a->db, r, &on, a->now) : json_null());
	json_object_set_new(o, "next", has && on.to != INT64_MAX && roster_duty_of(r, id, on.to, &next) ? crew_json(a->db, r, &next, a->now) : json_null());
	return o;
}

json_t *
ask_roster_show(struct ask *a)
{
	const struct roster *r = desk_roster(a->d);
	json_t *list = json_array(), *one;
	struct rows q = db_query(a->db, "SELECT at, by FROM rosters ORDER BY n DESC LIMIT 1");
	int64_t at = 0;
	json_t *by = json_null();
	const json_t *v;
	size_t i;

	if (rows_next(&q)) {
		at = row_int(&q, 0);
		by = person(a->db, row_str(&q, 1));
		rows_close(&q);
	}
	if (r == NULL)
		return json_pack("{s:o, s:o, s:n, s:[], s:[], s:o}", "now", time_json(a->now), "imported_at", time_json(at), "by", "sites", "people", "rosters", list);
	json_array_foreach(json_object_get(roster_doc(r), "rosters"), i, v)
		if ((one = roster_json(a, r, v)) != NULL)
			json_array_append_new(list, one);
	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "now", time_json(a->now), "imported_at", time_json(at), "by", by, "draft_s",
	                 (json_int_t)(roster_draft_ns(r) / NS_PER_S), "accept_s", (json_int_t)(roster_accept_ns(r) / NS_PER_S), "sites", site_views(a, r), "people",
	                 staff_json(a, r), "rosters", list);
}

json_t *
ask_duty_show(struct ask *a)
{
	const char *tenant = ask_tenant(a);
	struct roster *r;
	struct duty on;
	int64_t at;
	json_t *o;

	if (a->status != 0 || !time_of(a, "at", &at))
		return NULL;
	if (tenant == NULL)
		return ask_no(a, 422, "invalid", "tenant");
	r = roster_in_force(a->db, at);
	o = json_pack("{s:o, s:o, s:o}", "tenant", tenant_ref(a->db, tenant), "at", time_json(at), "duty", duty_json(a->db, r, tenant, at));
	json_object_set_new(o, "next", roster_duty(r, tenant, at, &on) && on.to != INT64_MAX ? duty_json(a->db, r, tenant, on.to) : json_null());
	roster_free(r);
	return o;
}

static json_t *
spans_json(struct ask *a, const struct roster *r, const char *id, int64_t from, int64_t to)
{
	json_t *list = json_array();
	struct duty on;

	for (int i = 0; from < to && i < CHANGES_MAX && roster_duty_of(r, id, from, &on); i++) {
		json_array_append_new(list, crew_json(a->db, r, &on, from));
		from = on.to;
	}
	return list;
}

json_t *
ask_duty_list(struct ask *a)
{
	const struct roster *r = desk_roster(a->d);
	int64_t from, days = ask_int(a, "days", 7);
	json_t *list = json_array();
	const json_t *v;
	size_t i;

	if (!time_of(a, "from", &from) || days < 1 || days > WEEK_DAYS_MAX) {
		json_decref(list);
		return a->status != 0 ? NULL : ask_no(a, 422, "invalid", "days");
	}
	json_array_foreach(r != NULL ? json_object_get(roster_doc(r), "rosters") : NULL, i, v) {
		const char *id = json_string_value(json_object_get(v, "id"));
		json_t *tenants = tenants_of(a, r, id);

		if (json_array_size(tenants) != 0)
			json_array_append_new(list, json_pack("{s:s, s:O, s:O, s:o}", "id", id, "home", json_object_get(v, "home"), "tenants", tenants, "spans",
			                                      spans_json(a, r, id, from, from + days * NS_PER_DAY)));
		json_decref(tenants);
	}
	return json_pack("{s:o, s:o, s:o}", "from", time_json(from), "to", time_json(from + days * NS_PER_DAY), "rosters", list);
}
