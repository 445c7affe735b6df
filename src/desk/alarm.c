/* SPDX-License-Identifier: Apache-2.0
 *
 * Alarms of the SOC itself: raised, told by mail, acknowledged.  A mail goes to the common address and to the lead on duty.
 * One that an address refuses, or does not take at the first try, goes on to the next who can be reached: nobody
 * looks at a console all night.
 *
 *     common address ─▶ lead on duty ─▶ second common address ─▶ the other people of the roster, leads first
 *
 * With nobody left the first address is tried again each minute; alarm_call.c rings people besides.  An alarm that somebody acknowledged, or whose mail was taken
 * somewhere, goes on to nobody.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/alarm_priv.h"

#define ALARMS_GO_ON 8                /* from this version of a record on */
#define AGAIN (60 * NS_PER_S)
#define MAILS_MOST 12                 /* of one alarm */

struct alarm_mail {
	const char *kind, *level, *ja, *en;
	const char *lead_mail; /* of the lead on duty; NULL = none. The rest is heap. */
	char *lead_name, *lead_lang, *duty_ja, *duty_en;
};

static void
mail_free(struct alarm_mail *m)
{
	free(m->lead_name);
	free(m->lead_lang);
	free(m->duty_ja);
	free(m->duty_en);
}

/* The alarm's owner is who it was given to, else the lead on duty for its tenant: the id, NULL when nobody is. Heap; fills what the
 * mail says of the crew. */
static char *
alarm_owner(struct cmd *c, const struct alarm *al, struct alarm_mail *m)
{
	char *id = al->owner != NULL ? x_strdup(al->owner) : al->tenant != NULL ? duty_lead(c->d, al->tenant, c->now) : NULL;
	const struct roster *r = id != NULL ? desk_roster(c->d) : NULL;
	auto_free char *login = r != NULL ? db_text(c->db, "SELECT login FROM users WHERE id = ?", Q(id)) : NULL, *name_ja = NULL;
	const json_t *site;
	struct duty on;

	if (login == NULL)
		return id;
	m->lead_mail = json_string_value(json_object_get(roster_person(r, login), "mail"));
	m->lead_name = db_text(c->db, "SELECT name_en FROM users WHERE id = ?", Q(id));
	m->lead_lang = db_text(c->db, "SELECT lang FROM users WHERE id = ?", Q(id));
	if (!roster_duty(r, al->tenant, c->now, &on) || strcmp(on.lead, login) != 0)
		return id;
	site = json_object_get(roster_site(r, on.site), "name");
	name_ja = db_text(c->db, "SELECT name_ja FROM users WHERE id = ?", Q(id));
	m->duty_ja = x_asprintf("当番の責任者：%s（%s）", name_ja, json_string_value(json_object_get(site, "ja")) ?: on.site);
	m->duty_en = x_asprintf("Lead on duty: %s, %s", m->lead_name, json_string_value(json_object_get(site, "en")) ?: on.site);
	return id;
}

static int64_t
alarm_mail_to(struct cmd *c, const struct alarm_mail *m, const char *to, const char *name, const char *lang, const char *alarm, const char *behind)
{
	auto_free char *key = x_asprintf("alarm/%s%s", alarm, behind);
	auto_free char *ja = m->duty_ja != NULL ? x_asprintf("%s\n%s", m->ja, m->duty_ja) : x_strdup(m->ja);
	auto_free char *en = m->duty_en != NULL ? x_asprintf("%s\n%s", m->en, m->duty_en) : x_strdup(m->en);
	json_t *doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:{s:s, s:s, s:o, s:o}}", "notice", "alarm", "to", "address", to, "name", name, "lang", lang,
	                        "company", texts("Nezuban", "Nezuban"), "alarm", "id", m->kind, "level", m->level, "title", texts(m->ja, m->en), "text", texts(ja, en));

	int64_t id = outbox_mail(c, doc, NULL, name, to, key);

	if (c->v >= ALARMS_GO_ON)
		db_run(c->db, "UPDATE outbox SET alarm = ? WHERE id = ?", Q(alarm), Q(id));
	return id;
}

static void
alarm_mails(struct cmd *c, const char *id, const struct alarm_mail *m)
{
	const char *all = c->d->s.alarm_mail;
	bool common = all != NULL && all[0] != '\0', lead = m->lead_mail != NULL && (all == NULL || strcmp(all, m->lead_mail) != 0);

	if (common)
		alarm_mail_to(c, m, all, "SOC", "ja", id, "");
	if (lead && (strcmp(m->level, "alarm") == 0 || (!common && c->v >= ALARMS_GO_ON)))
		alarm_mail_to(c, m, m->lead_mail, m->lead_name, m->lead_lang, id, "/lead");
}

/* ---- who else ---- */

struct address {
	const char *mail, *login; /* login NULL: a common address */
};

/* The n-th address to try for an alarm; false past the end. */
static bool
address_at(struct cmd *c, const struct alarm_mail *m, size_t n, struct address *ret)
{
	const struct roster *r = desk_roster(c->d);
	const char *common[] = { c->d->s.alarm_mail, m->lead_mail, c->d->s.alarm_mail_next };
	const json_t *people = r != NULL ? json_object_get(roster_doc(r), "people") : NULL, *v;
	size_t i;

	for (i = 0; i < sizeof common / sizeof *common; i++)
		if (common[i] != NULL && common[i][0] != '\0' && n-- == 0) {
			*ret = (struct address){ common[i], NULL };
			return true;
		}
	for (int lead = 1; lead >= 0; lead--)
		json_array_foreach(people, i, v) {
			const char *mail = json_string_value(json_object_get(v, "mail")), *login = json_string_value(json_object_get(v, "login"));
			bool leads = db_int(c->db, 0, "SELECT role = 'lead' FROM users WHERE login = ? AND disabled = 0", Q(login)) != 0;

			if (mail != NULL && leads == (lead != 0) && n-- == 0) {
				*ret = (struct address){ mail, login };
				return true;
			}
		}
	return false;
}

/* To the first address that this alarm was not sent to; false when there is none. */
static bool
alarm_to_next(struct cmd *c, const char *alarm, const struct alarm_mail *m, int64_t mails)
{
	char behind[24];
	struct address to;

	snprintf(behind, sizeof behind, "/%lld", (long long)mails + 1);
	for (size_t n = 0; address_at(c, m, n, &to); n++) {
		auto_free char *name = db_text(c->db, "SELECT name_en FROM users WHERE login = ?", Q(to.login));
		auto_free char *lang = db_text(c->db, "SELECT lang FROM users WHERE login = ?", Q(to.login));

		if (db_int(c->db, 0, "SELECT 1 FROM outbox WHERE alarm = ? AND shown = ?", Q(alarm), Q(to.mail)) != 0)
			continue;
		alarm_mail_to(c, m, to.mail, name != NULL ? name : "SOC", lang != NULL ? lang : "ja", alarm, behind);
		return true;
	}
	return false;
}

bool
alarm_mail_failed(struct cmd *c, int64_t job, bool final)
{
	auto_free char *alarm = c->v >= ALARMS_GO_ON ? db_text(c->db, "SELECT alarm FROM outbox WHERE id = ?", Q(job)) : NULL;
	int64_t mails = alarm != NULL ? db_int(c->db, 0, "SELECT count(*) FROM outbox WHERE alarm = ? AND kind = 'mail'", Q(alarm)) : 0;
	struct alarm_mail m = { .duty_ja = NULL };
	struct rows r;

	if (alarm == NULL)
		return false;
	r = db_query(c->db, "SELECT kind, level, ja, en, tenant, owner FROM alarms WHERE id = ? AND ack_at IS NULL AND NOT EXISTS(SELECT 1 FROM outbox o WHERE"
	                    " o.alarm = alarms.id AND o.outcome = 'sent')", Q(alarm));
	if (!rows_next(&r) || mails >= MAILS_MOST) {
		rows_close(&r);
		return true;
	}
	auto_free char *kind = x_strdup(row_str(&r, 0)), *level = x_strdup(row_str(&r, 1)), *ja = x_strdup(row_str(&r, 2)), *en = x_strdup(row_str(&r, 3));
	auto_free char *tenant = row_str(&r, 4) != NULL ? x_strdup(row_str(&r, 4)) : NULL, *owner = row_str(&r, 5) != NULL ? x_strdup(row_str(&r, 5)) : NULL;
	auto_free char *id = NULL;

	rows_close(&r);
	m.kind = kind, m.level = level, m.ja = ja, m.en = en;
	id = alarm_owner(c, &(struct alarm){ .tenant = tenant, .owner = owner }, &m);
	if (!alarm_to_next(c, alarm, &m, mails) && final) {
		/* whoever is there gets it again: better twice than never */
		char behind[24];
		struct address first;

		snprintf(behind, sizeof behind, "/%lld", (long long)mails + 1);
		if (address_at(c, &m, 0, &first))
			db_run(c->db, "UPDATE outbox SET not_before = ? WHERE id = ?", Q(c->now + AGAIN), Q(alarm_mail_to(c, &m, first.mail, "SOC", "ja", alarm, behind)));
	}
	mail_free(&m);
	return true;
}


/* ---- raised and acknowledged ---- */

void
alarm_raise(struct cmd *c, const char *kind, const char *key, const char *level, const char *tenant, const char *incident, const char *ja,
            const char *en)
{
	alarm_raise_for(c, &(struct alarm){ kind, key, level, tenant, incident, NULL }, ja, en);
}

void
alarm_raise_for(struct cmd *c, const struct alarm *al, const char *ja, const char *en)
{
	struct alarm_mail m = { .kind = al->kind, .level = al->level, .ja = ja, .en = en };
	auto_free char *owner = alarm_owner(c, al, &m);
	char id[27];

	cmd_new_id(c, id);
	db_run(c->db,
	       "INSERT INTO alarms(id, kind, key, level, at, ja, en, tenant, incident, owner) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	       " ON CONFLICT DO NOTHING",
	       Q(id), Q(al->kind), Q(al->key), Q(al->level), Q(c->now), Q(ja), Q(en), Q(al->tenant), Q(al->incident), Q(owner));
	if (db_error(c->db) == 0 && db_changed(c->db) != 0) { /* otherwise it is open already */
		alarm_mails(c, id, &m);
		if (c->v >= ALARMS_RING && word_in(al->kind, "call_late duty_manager"))
			alarm_ring_begin(c, id, al->incident);
		cmd_changed(c, "alarm", id, al->tenant, NULL);
	}
	mail_free(&m);
}

void
alarm_over(struct cmd *c, const char *kind, const char *key)
{
	auto_free char *id = db_text(c->db, "SELECT id FROM alarms WHERE kind = ? AND key = ? AND ack_at IS NULL", Q(kind), Q(key));

	if (id == NULL)
		return;
	db_run(c->db, "UPDATE alarms SET ack_at = ?, ack_by = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(id));
	cmd_changed(c, "alarm", id, c->tenant, NULL);
}

void
cmd_alarm_raise(struct cmd *c)
{
	const char *kind = arg_need(c, "kind", 32), *key = arg_need(c, "key", 128), *level = arg_need(c, "level", 16), *ja, *en;

	if (cmd_failed(c))
		return;
	if (!word_in(level, "alarm warning") || !texts_get(json_object_get(c->args, "text"), &ja, &en)) {
		cmd_refuse(c, 422, "invalid", "level", "wanted alarm or warning, and a text");
		return;
	}
	if (db_int(c->db, 0, "SELECT 1 FROM alarms WHERE kind = ? AND key = ? AND ack_at IS NULL", Q(kind), Q(key)) != 0) {
		cmd_refuse(c, 409, "state", NULL, "it is raised already");
		return;
	}
	if (arg_str(c, "tenant", 31) != NULL)
		snprintf(c->tenant, sizeof c->tenant, "%s", arg_str(c, "tenant", 31));
	alarm_raise(c, kind, key, level, arg_str(c, "tenant", 31), NULL, ja, en);
}

void
cmd_alarm_acknowledge(struct cmd *c)
{
	const char *id = arg_need(c, "id", 64);
	auto_free char *tenant = db_text(c->db, "SELECT tenant FROM alarms WHERE id = ?", Q(id));

	if (db_int(c->db, 0, "SELECT 1 FROM alarms WHERE id = ? AND ack_at IS NULL", Q(id)) == 0 ||
	    (tenant != NULL && !desk_sees(c->who, tenant))) {
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return;
	}
	db_run(c->db, "UPDATE alarms SET ack_at = ?, ack_by = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(id));
	if (c->v >= ALARMS_RING)
		db_run(c->db, "UPDATE outbox SET cancel = 1 WHERE alarm = ? AND kind = 'call' AND state = 'open'", Q(id));
	cmd_changed(c, "alarm", id, tenant, NULL);
}

json_t *
ask_alarm_list(struct ask *a)
{
	struct rows r = db_query(a->db,
	                         "SELECT id, kind, level, at AS \"at:t\", ja AS \"text:2\", en, tenant, incident, ack_at AS \"acknowledged_at:t\", ack_by, owner"
	                         " FROM alarms WHERE ack_at IS NULL OR ack_at > ? ORDER BY ack_at IS NOT NULL, at DESC LIMIT 500",
	                         Q(a->now - NS_PER_DAY));
	json_t *items = json_array(), *o;

	while (rows_next(&r)) {
		if (row_str(&r, 6) != NULL && !desk_sees(a->who, row_str(&r, 6)))
			continue;
		o = row_json(&r);
		json_object_set_new(o, "by", person(a->db, row_str(&r, 9)));
		json_object_del(o, "ack_by");
		json_object_set_new(o, "owner", person(a->db, row_str(&r, 10)));
		json_array_append_new(items, o);
	}
	return json_pack("{s:o}", "items", items);
}
