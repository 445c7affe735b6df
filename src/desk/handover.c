/* SPDX-License-Identifier: Apache-2.0
 *
 * Hand-overs are drafted here: by a timer some time before a crew changes, or by a person who passes their own
 * work on at once.  handover_act.c signs, accepts, refuses.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/handover_priv.h"

/* ---- loading ---- */

bool
list_has(const json_t *list, const char *text)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (text != NULL && json_string_value(v) != NULL && strcmp(json_string_value(v), text) == 0)
			return true;
	return false;
}

static json_t *
list_of(struct rows *r, int column)
{
	json_t *o = json_loadb(row_text(r, column).p, row_text(r, column).n, 0, NULL);

	return json_is_array(o) ? o : json_array();
}

static bool
sees_one(struct cmd *c, const json_t *tenants)
{
	const json_t *v;
	size_t i;

	json_array_foreach(tenants, i, v)
		if (desk_sees(c->who, json_string_value(v)))
			return true;
	return false;
}

bool
handover_load(struct cmd *c, const char *key, struct handover_now *ret)
{
	struct rows r = db_query(c->db, "SELECT id, number, roster, state, from_lead, to_lead, at, due_at, tenants, crew, passed_to FROM handovers WHERE id = ? OR ('H-' || number) = ?",
	                         Q(key), Q(key));
	struct handover_now h = { 0 };

	if (cmd_failed(c) || !rows_next(&r)) {
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return false;
	}
	snprintf(h.id, sizeof h.id, "%s", row_str(&r, 0));
	snprintf(h.number, sizeof h.number, "H-%lld", (long long)row_int(&r, 1));
	snprintf(h.roster, sizeof h.roster, "%s", row_str(&r, 2) != NULL ? row_str(&r, 2) : "");
	snprintf(h.state, sizeof h.state, "%s", row_str(&r, 3));
	snprintf(h.from_lead, sizeof h.from_lead, "%s", row_str(&r, 4) != NULL ? row_str(&r, 4) : "");
	snprintf(h.to_lead, sizeof h.to_lead, "%s", row_str(&r, 5) != NULL ? row_str(&r, 5) : "");
	h.at = row_int(&r, 6);
	h.due_at = row_int(&r, 7);
	h.tenants = list_of(&r, 8);
	h.crew = list_of(&r, 9);
	snprintf(h.passed_to, sizeof h.passed_to, "%s", row_str(&r, 10) != NULL ? row_str(&r, 10) : "");
	rows_close(&r);
	if (!sees_one(c, h.tenants)) {
		handover_fini(&h);
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return false;
	}
	*ret = h;
	snprintf(c->noun, sizeof c->noun, "handover");
	snprintf(c->id, sizeof c->id, "%s", h.id);
	cmd_changed(c, "handover", h.id, NULL, h.number);
	return true;
}

void
handover_fini(struct handover_now *h)
{
	json_decref(h->tenants);
	json_decref(h->crew);
}

bool
handover_gives(struct cmd *c, const struct handover_now *h)
{
	auto_free char *login = db_text(c->db, "SELECT login FROM users WHERE id = ?", Q(c->who->user));
	struct duty on;

	if (strcmp(c->who->role, "lead") == 0 || (h->from_lead[0] != '\0' && strcmp(h->from_lead, c->who->user) == 0))
		return true;
	return h->roster[0] != '\0' && roster_duty_of(desk_roster(c->d), h->roster, h->at - 1, &on) && duty_has(&on, login);
}

/* ---- making ---- */

static char *
user_of(struct cmd *c, const char *login)
{
	return db_text(c->db, "SELECT id FROM users WHERE login = ? AND disabled = 0", Q(login));
}

json_t *
handover_users(struct cmd *c, const json_t *logins)
{
	json_t *a = json_array();
	const json_t *v;
	size_t i;

	json_array_foreach(logins, i, v) {
		auto_free char *id = user_of(c, json_string_value(v));

		if (id != NULL)
			json_array_append_new(a, json_string(id));
	}
	return a;
}

void
handover_make(struct cmd *c, const struct handover_making *m, struct handover_now *ret)
{
	auto_free char *tenants = json_text(m->tenants), *crew = json_text(m->crew);
	int64_t number = cmd_count(c, "handover");
	struct handover_now h = { .at = m->at, .due_at = m->due_at, .tenants = m->tenants, .crew = m->crew };

	cmd_new_id(c, h.id);
	snprintf(h.number, sizeof h.number, "H-%lld", (long long)number);
	snprintf(h.roster, sizeof h.roster, "%s", m->roster != NULL ? m->roster : "");
	snprintf(h.state, sizeof h.state, "draft");
	snprintf(h.from_lead, sizeof h.from_lead, "%s", m->from_lead != NULL ? m->from_lead : "");
	snprintf(h.to_lead, sizeof h.to_lead, "%s", m->to_lead != NULL ? m->to_lead : "");
	db_run(c->db,
	       "INSERT INTO handovers(id, number, roster, tenants, at, from_site, from_lead, to_site, to_lead, crew, state, drafted_at, due_at, words, lang)"
	       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'draft', ?, ?, ?, ?)",
	       Q(h.id), Q(number), Q(m->roster), Q(tenants), Q(m->at), Q(m->from_site), Q(m->from_lead), Q(m->to_site), Q(m->to_lead), Q(crew), Q(c->now), Q(m->due_at),
	       Q(m->words != NULL ? m->words : ""), Q(m->lang != NULL ? m->lang : "ja"));
	handover_gather(c, &h, false);
	cmd_changed(c, "handover", h.id, NULL, h.number);
	*ret = h;
}

/* ---- before a crew changes ---- */

json_t *
handover_tenants(struct cmd *c, const struct roster *r, const char *roster)
{
	struct rows q = db_query(c->db, "SELECT id FROM tenants ORDER BY id");
	json_t *a = json_array();

	while (rows_next(&q)) {
		const char *of = roster_of(r, row_str(&q, 0));

		if (of != NULL && strcmp(of, roster) == 0)
			json_array_append_new(a, json_string(row_str(&q, 0)));
	}
	return a;
}

/* What the giver wrote into a draft that another roster made void. */
static void
words_before(struct cmd *c, const char *roster, int64_t at, char **ret_words, char **ret_lang)
{
	static const char sql[] = "SELECT words FROM handovers WHERE roster = ? AND at = ? AND state = 'void' ORDER BY number DESC LIMIT 1";

	*ret_words = db_text(c->db, sql, Q(roster), Q(at));
	*ret_lang = db_text(c->db, "SELECT lang FROM handovers WHERE roster = ? AND at = ? AND state = 'void' ORDER BY number DESC LIMIT 1", Q(roster), Q(at));
}

static void
draft_change(struct cmd *c, const struct roster *r, const struct duty *out, const struct duty *in, int64_t at)
{
	auto_free char *from = user_of(c, out->lead), *to = user_of(c, in->lead), *words = NULL, *lang = NULL;
	int64_t begins = at > c->now ? at : c->now;
	struct handover_now h;

	if (db_int(c->db, 0, "SELECT 1 FROM handovers WHERE roster = ? AND at = ? AND state <> 'void'", Q(out->roster), Q(at)) != 0)
		return;
	words_before(c, out->roster, at, &words, &lang);
	handover_make(c, &(struct handover_making){ .roster = out->roster, .from_site = out->site, .from_lead = from, .to_site = in->site, .to_lead = to, .words = words, .lang = lang, .at = at,
	                          .due_at = begins + roster_accept_ns(r), .tenants = handover_tenants(c, r, out->roster), .crew = handover_users(c, in->people) },
	     &h);
	timer_set(c, "handover.offer", h.id, begins, 0);
	handover_fini(&h);
}

void
handover_plan_next(struct cmd *c, const char *roster, int64_t after)
{
	const struct roster *r = desk_roster(c->d);
	struct duty on;
	int64_t due;

	if (!roster_duty_of(r, roster, after, &on) || on.to == INT64_MAX)
		return;
	auto_free char *ref = x_asprintf("%s@%lld", roster, (long long)on.to);

	due = on.to - roster_draft_ns(r);
	timer_set(c, "handover.draft", ref, due > c->now ? due : c->now, 0);
}

void
handover_plan(struct cmd *c)
{
	const json_t *v;
	size_t i;

	db_run(c->db, "DELETE FROM timers WHERE kind = 'handover.draft'");
	/* drafts of changes that the old roster meant; what was changed over before stays and is accepted */
	db_run(c->db, "DELETE FROM timers WHERE ref IN (SELECT id FROM handovers WHERE roster IS NOT NULL AND state IN ('draft','offered') AND at > ?)", Q(c->now));
	db_run(c->db, "UPDATE handovers SET state = 'void', ended_at = ? WHERE roster IS NOT NULL AND state IN ('draft','offered') AND at > ?", Q(c->now), Q(c->now));
	json_array_foreach(json_object_get(roster_doc(desk_roster(c->d)), "rosters"), i, v)
		handover_plan_next(c, json_string_value(json_object_get(v, "id")), c->now);
}

/* Is the hand-over still between those two crews? */
static bool
still_meant(struct cmd *c, const char *id, const char *roster, int64_t at)
{
	const struct roster *r = desk_roster(c->d);
	struct duty out, in;

	if (!roster_duty_of(r, roster, at - 1, &out) || !roster_duty_of(r, roster, at, &in))
		return false;
	auto_free char *from = user_of(c, out.lead), *to = user_of(c, in.lead);

	return db_int(c->db, 0, "SELECT 1 FROM handovers WHERE id = ? AND from_site = ? AND to_site = ? AND coalesce(from_lead, '') = ? AND coalesce(to_lead, '') = ?", Q(id),
	              Q(out.site), Q(in.site), Q(from != NULL ? from : ""), Q(to != NULL ? to : "")) != 0;
}

/* A change that is over has its time to accept running, whatever the clock says now. */
static void
void_what_is_not_meant(struct cmd *c)
{
	struct rows r = db_query(c->db, "SELECT h.id, h.roster, h.at FROM handovers h WHERE h.roster IS NOT NULL AND h.state IN ('draft','offered') AND h.at > ? AND NOT EXISTS(SELECT 1 FROM"
	                                " timers t WHERE t.ref = h.id AND t.kind = 'handover.late') ORDER BY h.number", Q(c->now));
	VEC(char *) ids = { 0 };

	while (rows_next(&r))
		if (!still_meant(c, row_str(&r, 0), row_str(&r, 1), row_int(&r, 2)))
			vec_push(&ids, x_strdup(row_str(&r, 0)));
	for (size_t i = 0; i < ids.n; i++) {
		timer_drop(c, ids.v[i]);
		db_run(c->db, "UPDATE handovers SET state = 'void', ended_at = ? WHERE id = ?", Q(c->now), Q(ids.v[i]));
		cmd_changed(c, "handover", ids.v[i], NULL, NULL);
		free(ids.v[i]);
	}
	vec_fini(&ids);
}

void
handover_replan(struct cmd *c, int64_t from)
{
	const json_t *v;
	size_t i;

	void_what_is_not_meant(c);
	db_run(c->db, "DELETE FROM timers WHERE kind = 'handover.draft'");
	json_array_foreach(json_object_get(roster_doc(desk_roster(c->d)), "rosters"), i, v)
		handover_plan_next(c, json_string_value(json_object_get(v, "id")), from);
}

/* "aoba@1795000000000000000" */
static bool
read_ref(const char *ref, char roster[32], int64_t *ret_at)
{
	struct slice rest = slice_str(ref), name = slice_cut(&rest, '@');

	if (name.n == 0 || name.n > 31 || !slice_i64(rest, ret_at))
		return false;
	snprintf(roster, 32, SL_FMT, SL_ARG(name));
	return true;
}

void
handover_draft_due(struct cmd *c, const char *ref)
{
	const struct roster *r = desk_roster(c->d);
	struct duty out, in;
	char roster[32];
	int64_t at;

	if (!read_ref(ref, roster, &at))
		return;
	/* when nobody was here at the change: to those who are on duty now */
	if (roster_duty_of(r, roster, at - 1, &out) && roster_duty_of(r, roster, at > c->now ? at : c->now, &in) && !duty_same_crew(&out, &in))
		draft_change(c, r, &out, &in, at);
	handover_plan_next(c, roster, at > c->now ? at : c->now);
}

json_t *
handover_timer_data(struct desk *d, const char *kind, const char *ref, int64_t now)
{
	const struct roster *r = desk_roster(d);
	struct cmd c = { .d = d, .db = d->db };
	auto_free char *text = NULL;
	char roster[32];
	json_t *tenants = NULL, *o;
	int64_t at;

	if (strcmp(kind, "handover.draft") == 0 && r != NULL && read_ref(ref, roster, &at))
		tenants = handover_tenants(&c, r, roster);
	else if (strcmp(kind, "handover.late") == 0)
		return json_pack("{s:b}", "over", true); /* the change: a journal of before says nothing of it, and is played as it was */
	else if (strcmp(kind, "handover.offer") == 0 && (text = db_text(d->db, "SELECT tenants FROM handovers WHERE id = ? AND roster IS NOT NULL", Q(ref))) != NULL)
		tenants = json_loads(text, 0, NULL);
	if (tenants == NULL)
		return NULL;
	o = handover_data(d, tenants, now);
	json_decref(tenants);
	return o;
}

/* ---- by a person ---- */

/* The tenants that the giver and the taker both see; NULL, refused, when one that was named is not among them. */
static json_t *
common_tenants(struct cmd *c, const json_t *named, const char *to)
{
	auto_free char *mask = db_text(c->db, "SELECT tenants FROM users WHERE id = ?", Q(to));
	json_t *list = json_loads(mask != NULL ? mask : "[]", 0, NULL), *a = json_array();
	struct desk_actor taker = { .role = "analyst", .tenants = list };
	struct rows r = db_query(c->db, "SELECT id FROM tenants ORDER BY id");
	const json_t *v;
	size_t i;

	while (rows_next(&r))
		if (desk_sees(c->who, row_str(&r, 0)) && desk_sees(&taker, row_str(&r, 0)) && (named == NULL || list_has(named, row_str(&r, 0))))
			json_array_append_new(a, json_string(row_str(&r, 0)));
	json_decref(list);
	json_array_foreach(named, i, v)
		if (!list_has(a, json_string_value(v)))
			cmd_refuse(c, 422, "invalid", "tenants", "wanted tenants that both see");
	if (json_array_size(a) == 0)
		cmd_refuse(c, 422, "invalid", "tenants", "there is none that both see");
	return a;
}

static char *
taker_of(struct cmd *c)
{
	const char *to = arg_need(c, "to", 64);
	char *id = db_text(c->db, "SELECT id FROM users WHERE (id = ? OR login = ?) AND role IN ('analyst','lead') AND disabled = 0", Q(to), Q(to));

	if (c->who->user[0] == '\0')
		cmd_refuse(c, 422, "invalid", NULL, "only a person has work to hand over");
	else if (id == NULL || strcmp(id, c->who->user) == 0)
		cmd_refuse(c, 422, "invalid", "to", "wanted another analyst or lead");
	return id;
}

static const char *
site_now(struct cmd *c, const json_t *tenants, const char *user)
{
	return duty_site_of(c->d, json_string_value(json_array_get(tenants, 0)), user, c->now);
}

/* Somebody has to go: their own cases and tasks to a colleague, now. */
static void
draft_own(struct cmd *c)
{
	const json_t *named = json_object_get(c->args, "tenants");
	const struct roster *r = desk_roster(c->d);
	int64_t accept = r != NULL ? roster_accept_ns(r) : HANDOVER_ACCEPT_NS;
	auto_free char *to = taker_of(c);
	struct handover_now h;
	json_t *tenants;

	if (cmd_failed(c))
		return;
	tenants = common_tenants(c, json_is_array(named) ? named : NULL, to);
	if (cmd_failed(c)) {
		json_decref(tenants);
		return;
	}
	handover_make(c, &(struct handover_making){ .from_site = site_now(c, tenants, c->who->user), .from_lead = c->who->user, .to_site = site_now(c, tenants, to), .to_lead = to,
	                          .at = c->now, .due_at = c->now + 2 * accept, .tenants = tenants, .crew = json_pack("[s]", to) },
	     &h);
	timer_set(c, "handover.offer", h.id, c->now + accept, 0);
	snprintf(c->noun, sizeof c->noun, "handover");
	snprintf(c->id, sizeof c->id, "%s", h.id);
	handover_fini(&h);
}

static void
draft(struct cmd *c)
{
	const char *id = arg_str(c, "id", 64);
	struct handover_now h;

	if (cmd_failed(c))
		return;
	if (id == NULL) {
		draft_own(c);
		return;
	}
	if (!handover_load(c, id, &h))
		return;
	if (strcmp(h.state, "draft") != 0)
		cmd_refuse(c, 409, "state", NULL, "%s is %s", h.number, h.state);
	else if (!handover_gives(c, &h))
		cmd_refuse(c, 403, "forbidden", NULL, "only the crew that gives");
	else
		handover_gather(c, &h, false);
	handover_fini(&h);
}

void
cmd_handover_draft(struct cmd *c)
{
	cmd_as(c, "analyst lead", draft);
}
