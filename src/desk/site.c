/* SPDX-License-Identifier: Apache-2.0
 *
 * A site goes dark: earthquake, network, evacuation.  Somebody elsewhere says so, and from that moment its turns are the stand-in's
 * (standin.c) and the open work of its people is the stand-in's lead's:
 *
 *     site.lost ─▶ a row in site_changes
 *              ─▶ each roster: a hand-over from the lost crew, offered unsigned, whose cases, tasks, inquiries and alarms are the lead's at
 *                 once; what still waited to be accepted goes on in it.  The stand-in's crew accepts it or it is late, as always
 *              ─▶ hand-overs of changes to come are drafted again between the crews that will be there; an alarm to the new lead
 *     site.back ─▶ a row that says when: the draft span from now.  A hand-over back is drafted, signed and accepted as at every change
 *
 * Telephone chains and clocks do not ask whose a case is: they run on.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/handover_priv.h"
#include "desk/site_priv.h"

#define REASON_MAX 2000

enum site_state
site_state(struct db *db, const char *site, int64_t now)
{
	struct rows r = db_query(db, "SELECT lost, at FROM site_changes WHERE site = ? ORDER BY n DESC LIMIT 1", Q(site));
	enum site_state s = SITE_HERE;

	if (rows_next(&r)) {
		s = row_int(&r, 0) != 0 ? SITE_LOST : row_int(&r, 1) > now ? SITE_RETURNING : SITE_HERE;
		rows_close(&r);
	}
	return s;
}

static void
say(struct cmd *c, const char *site, int64_t at, bool lost, const char *stand_in, const char *reason)
{
	char id[27];

	cmd_new_id(c, id);
	db_run(c->db, "INSERT INTO site_changes(id, n, site, at, lost, stand_in, reason, lang, said_at, by) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", Q(id),
	       Q(cmd_count(c, "site_change")), Q(site), Q(at), Q((int64_t)lost), Q(stand_in), Q(reason), Q(arg_lang(c)), Q(c->now), Q(c->who->user));
	snprintf(c->noun, sizeof c->noun, "site");
	snprintf(c->id, sizeof c->id, "%s", site);
	cmd_changed(c, "roster", "roster", NULL, NULL);
}

/* The site that args.id names; refused when there is none, or when the actor works there. Heap. */
static char *
site_of(struct cmd *c)
{
	const char *id = arg_need(c, "id", 31);
	const struct roster *r = desk_roster(c->d);
	auto_free char *login = db_text(c->db, "SELECT login FROM users WHERE id = ?", Q(c->who->user));
	const json_t *me;

	if (cmd_failed(c))
		return NULL;
	if (r == NULL || roster_site(r, id) == NULL) {
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return NULL;
	}
	me = login != NULL ? roster_person(r, login) : NULL;
	if (!word_in(c->who->role, "lead admin") || (me != NULL && strcmp(json_string_value(json_object_get(me, "site")), id) == 0))
		cmd_refuse(c, 403, "forbidden", NULL, "only a lead of another site, or an administrator");
	return cmd_failed(c) ? NULL : x_strdup(id);
}

void
site_clock_set(struct cmd *c, int64_t by)
{
	if (by >= 0 || db_int(c->db, 0, "SELECT 1 FROM site_changes WHERE at > ?", Q(c->now)) == 0)
		return;
	db_run(c->db, "UPDATE site_changes SET at = at + ? WHERE at > ?", Q(by), Q(c->now));
	c->d->roster_id[0] = '\0';
	if (desk_roster(c->d) != NULL)
		handover_replan(c, c->now);
}

/* ---- who stands in ---- */

static bool
sees(struct db *db, const char *login, const char *tenant)
{
	auto_free char *text = db_text(db, "SELECT tenants FROM users WHERE login = ? AND disabled = 0", Q(login));
	json_t *mask = text != NULL ? json_loads(text, 0, NULL) : NULL;
	bool yes = text != NULL && desk_sees(&(struct desk_actor){ .role = "lead", .tenants = mask }, tenant);

	json_decref(mask);
	return yes;
}

/* The site that args.stand_in names must be there, have a lead, and see the tenants whose turns it takes. "" without one. */
static const char *
chosen_stand_in(struct cmd *c, const char *site)
{
	const char *to = arg_str(c, "stand_in", 31);
	const struct roster *r = desk_roster(c->d);
	const json_t *lead, *v;
	size_t k;

	if (cmd_failed(c) || to == NULL || to[0] == '\0')
		return "";
	lead = roster_site_lead(r, to);
	if (roster_site(r, to) == NULL || strcmp(to, site) == 0 || roster_is_lost(r, to, c->now, NULL) || lead == NULL) {
		cmd_refuse(c, 422, "invalid", "stand_in", "wanted another site that is not lost and has a lead");
		return "";
	}
	for (size_t i = 0; i < roster_count(r); i++) {
		json_t *tenants = roster_has_turn(r, i, site) ? handover_tenants(c, r, roster_id(r, i)) : NULL;

		json_array_foreach(tenants, k, v)
			if (!sees(c->db, json_string_value(json_array_get(lead, 0)), json_string_value(v)))
				cmd_refuse(c, 422, "invalid", "stand_in", "its lead does not see %s", json_string_value(v));
		json_decref(tenants);
	}
	return to;
}

static bool
has_turns(const struct roster *r, const char *site)
{
	for (size_t i = 0; i < roster_count(r); i++)
		if (roster_has_turn(r, i, site))
			return true;
	return false;
}

/* Every lost site's turns, now and later, have somebody: when another site is there it has to be named; when none is, that is told. */
static void
look_for_cover(struct cmd *c)
{
	const struct roster *r = desk_roster(c->d);
	const json_t *sites = json_object_get(roster_doc(r), "sites"), *v;
	bool left = false;
	struct duty on;
	size_t i;

	json_array_foreach(sites, i, v) {
		const char *id = json_string_value(json_object_get(v, "id"));

		left |= !roster_is_lost(r, id, c->now, NULL) && roster_site_lead(r, id) != NULL;
	}
	json_array_foreach(sites, i, v) {
		const char *id = json_string_value(json_object_get(v, "id"));

		if (!roster_is_lost(r, id, c->now, NULL) || !has_turns(r, id) || roster_stand_in(r, id, c->now, &on))
			continue;
		if (left) {
			cmd_refuse(c, 422, "invalid", "stand_in", "nobody is left for the turns of %s: name a site that stands in", id);
			return;
		}
		auto_free char *ja = x_asprintf("拠点 %s の当番を代わる拠点が残っていません。", id), *en = x_asprintf("No site is left that stands in for %s.", id);

		alarm_raise(c, "uncovered", id, "alarm", NULL, NULL, ja, en);
	}
}

/* ---- work ---- */

/* Ids of those who are not there any more: the site's people and the crew that was on duty there, but for those who stand in. */
static json_t *
people_gone(struct cmd *c, const struct roster *r, const char *site, const struct duty *out, const struct duty *in)
{
	json_t *gone = json_array(), *ids;
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(roster_doc(r), "people"), i, v) {
		const char *login = json_string_value(json_object_get(v, "login"));
		bool here = strcmp(json_string_value(json_object_get(v, "site")), site) == 0;

		here |= out != NULL && strcmp(out->site, site) == 0 && duty_has(out, login);
		if (here && !duty_has(in, login))
			json_array_append_new(gone, json_string(login));
	}
	ids = handover_users(c, gone);
	json_decref(gone);
	return ids;
}

/* Work of theirs that no hand-over of the roster carries is carried by this one alone. */
static void
keep_only(struct cmd *c, const struct handover_now *h, const json_t *gone)
{
	struct rows r = db_query(c->db, "SELECT n, kind, owner FROM handover_items WHERE handover = ? ORDER BY n", Q(h->id));
	VEC(int64_t) drop = { 0 };

	while (rows_next(&r))
		if (!word_in(row_str(&r, 1), "incident candidate task inquiry alarm") || !list_has(gone, row_str(&r, 2)))
			vec_push(&drop, row_int(&r, 0));
	for (size_t i = 0; i < drop.n; i++)
		db_run(c->db, "DELETE FROM handover_items WHERE handover = ? AND n = ?", Q(h->id), Q(drop.v[i]));
	vec_fini(&drop);
}

/* Has one of them something open of these tenants? */
static bool
have_work(struct cmd *c, const json_t *tenants, const json_t *gone)
{
	static const char sql[] =
	        "SELECT EXISTS(SELECT 1 FROM candidates c LEFT JOIN incidents i ON i.candidate = c.id WHERE c.tenant = ? AND c.owner = ? AND (c.state = 'open' OR i.state = 'open'))"
	        " OR EXISTS(SELECT 1 FROM inquiries q WHERE q.tenant = ? AND q.owner = ? AND q.state = 'open')"
	        " OR EXISTS(SELECT 1 FROM tasks t JOIN incidents i ON i.id = t.incident WHERE i.tenant = ? AND t.owner = ? AND t.done_at IS NULL)"
	        " OR EXISTS(SELECT 1 FROM alarms a WHERE a.tenant = ? AND a.owner = ? AND a.ack_at IS NULL)";
	const json_t *t, *p;
	size_t i, k;

	json_array_foreach(tenants, i, t)
		json_array_foreach(gone, k, p) {
			const char *tenant = json_string_value(t), *user = json_string_value(p);

			if (db_int(c->db, 0, sql, Q(tenant), Q(user), Q(tenant), Q(user), Q(tenant), Q(user), Q(tenant), Q(user)) != 0)
				return true;
		}
	return false;
}

/* Hand-overs that wait already: what is theirs in them is the lead's, and goes on waiting there. */
static void
take_over_waiting(struct cmd *c, const char *roster, const json_t *gone, const char *lead)
{
	struct rows r = db_query(c->db, "SELECT id FROM handovers WHERE roster = ? AND at <= ? AND state IN ('offered','late') AND passed_to IS NULL ORDER BY number", Q(roster),
	                         Q(c->now));
	VEC(char *) ids = { 0 };

	while (rows_next(&r))
		vec_push(&ids, x_strdup(row_str(&r, 0)));
	for (size_t i = 0; i < ids.n; i++) {
		struct handover_now h = { .at = c->now };

		snprintf(h.id, sizeof h.id, "%s", ids.v[i]);
		handover_take_over(c, &h, gone, lead);
		cmd_changed(c, "handover", ids.v[i], NULL, NULL);
		free(ids.v[i]);
	}
	vec_fini(&ids);
}

static void
tell(struct cmd *c, const struct handover_now *h, const char *site, const struct duty *in)
{
	const struct roster *r = desk_roster(c->d);
	const json_t *from = json_object_get(roster_site(r, site), "name"), *to = json_object_get(roster_site(r, in->site), "name");
	const char *tenant = json_string_value(json_array_get(h->tenants, 0)), *reason = arg_str(c, "reason", REASON_MAX);
	auto_free char *key = x_asprintf("%s/%s", site, h->roster);
	auto_free char *ja = x_asprintf("拠点「%s」が失われました（%.*s）。当番は%sが代わり、未了の仕事は引き継ぎ %s で責任者に渡りました。", json_string_value(json_object_get(from, "ja")),
	                                text_clip(reason, 200), reason, json_string_value(json_object_get(to, "ja")), h->number);
	auto_free char *en = x_asprintf("The site %s is lost (%.*s). %s stands in; its open work is the lead's, in hand-over %s.", json_string_value(json_object_get(from, "en")),
	                                text_clip(reason, 200), reason, json_string_value(json_object_get(to, "en")), h->number);

	alarm_raise(c, "site_lost", key, "alarm", tenant, NULL, ja, en);
}

struct passing {
	const char *site, *roster;
	const struct duty *out, *in;
	json_t *tenants, *gone;
	char *lead; /* heap */
};

static void
hand_over(struct cmd *c, const struct passing *p)
{
	bool was_on = p->out != NULL && strcmp(p->out->site, p->site) == 0;
	auto_free char *from = was_on ? db_text(c->db, "SELECT id FROM users WHERE login = ? AND disabled = 0", Q(p->out->lead)) : NULL;
	auto_free char *words = db_text(c->db, "SELECT words FROM handovers WHERE roster = ? AND from_site = ? AND state = 'void' AND ended_at = ? ORDER BY number DESC LIMIT 1",
	                                Q(p->roster), Q(p->site), Q(c->now));
	const struct roster *r = desk_roster(c->d);
	struct handover_now h;

	handover_make(c, &(struct handover_making){ .roster = p->roster, .from_site = p->site, .from_lead = from, .to_site = p->in->site,
	                                            .to_lead = p->lead, .words = words, .lang = arg_lang(c), .at = c->now, .due_at = c->now + roster_accept_ns(r),
	                                            .tenants = json_incref(p->tenants), .crew = handover_users(c, p->in->people) },
	              &h);
	if (was_on)
		handover_pass_earlier(c, &h);
	else
		keep_only(c, &h, p->gone);
	if (p->lead != NULL)
		handover_take_over(c, &h, p->gone, p->lead);
	handover_offer_now(c, &h);
	tell(c, &h, p->site, p->in);
	handover_fini(&h);
}

/* One roster: hand over what the lost crew had, or what people of the site had elsewhere. */
static void
pass_roster(struct cmd *c, const char *site, const char *roster)
{
	const struct roster *r = desk_roster(c->d);
	struct duty out, in;
	bool had = roster_duty_of(r, roster, c->now - 1, &out), has = roster_duty_of(r, roster, c->now, &in);
	struct passing p = { .site = site, .roster = roster, .out = had ? &out : NULL, .in = &in };

	if (!has)
		return;
	p.tenants = handover_tenants(c, r, roster);
	p.gone = people_gone(c, r, site, p.out, &in);
	p.lead = db_text(c->db, "SELECT id FROM users WHERE login = ? AND disabled = 0", Q(in.lead));
	if (p.lead != NULL && (!had || strcmp(out.site, site) != 0))
		take_over_waiting(c, roster, p.gone, p.lead);
	if ((had && strcmp(out.site, site) == 0) || have_work(c, p.tenants, p.gone))
		hand_over(c, &p);
	free(p.lead);
	json_decref(p.tenants);
	json_decref(p.gone);
}

/* ---- the commands ---- */

void
cmd_site_lost(struct cmd *c)
{
	auto_free char *site = site_of(c);
	const char *reason = arg_need(c, "reason", REASON_MAX), *stand_in = site != NULL ? chosen_stand_in(c, site) : "";

	if (!cmd_failed(c) && site_state(c->db, site, c->now) == SITE_LOST)
		cmd_refuse(c, 409, "state", NULL, "%s is lost already", site);
	if (cmd_failed(c))
		return;
	say(c, site, c->now, true, stand_in, reason);
	look_for_cover(c);
	if (cmd_failed(c))
		return;
	handover_replan(c, c->now);
	for (size_t i = 0; i < roster_count(desk_roster(c->d)); i++) {
		auto_free char *roster = x_strdup(roster_id(desk_roster(c->d), i));

		pass_roster(c, site, roster);
	}
}

void
cmd_site_back(struct cmd *c)
{
	auto_free char *site = site_of(c);
	int64_t span = site != NULL ? arg_int(c, "after_s", roster_draft_ns(desk_roster(c->d)) / NS_PER_S) : 0;
	const char *reason = arg_str(c, "reason", REASON_MAX);

	if (span < 0 || span > SITE_BACK_MAX_S)
		cmd_refuse(c, 422, "invalid", "after_s", "wanted 0 to %d seconds", SITE_BACK_MAX_S);
	if (!cmd_failed(c) && site_state(c->db, site, c->now) != SITE_LOST)
		cmd_refuse(c, 409, "state", NULL, "%s is not lost", site);
	if (cmd_failed(c))
		return;
	say(c, site, c->now + span * NS_PER_S, false, "", reason != NULL ? reason : "");
	handover_replan(c, c->now - 1);
}
