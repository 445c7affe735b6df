/* SPDX-License-Identifier: Apache-2.0
 *
 * Two persons for less than Emergency.  Where the tenant wants it (second_person, the default), a lower decision
 * on an Emergency, or its end as a false positive, is only proposed:
 *
 *     incident.severity, incident.close ─▶ open ──(another analyst or lead)──▶ confirmed: it happens now
 *                                           ├────(another, or the proposer)──▶ refused, withdrawn
 *                                           └────(30 minutes)── the lead's alarm; it stays open
 *
 * Until it is confirmed nothing changes: severity, clocks and the telephone chain stand.  What happens then is
 * the recorded command with the proposer as its author; every rule is checked again at that moment.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/work_priv.h"

#define WAITS (1800 * NS_PER_S)

bool
second_is_needed(struct cmd *c, const struct incident_now *n)
{
	return strcmp(n->severity, "emergency") == 0 &&
	       db_int(c->db, 1, "SELECT second_person FROM tenants WHERE id = ?", Q(n->tenant)) != 0;
}

bool
second_waits(struct db *db, const char *incident)
{
	return db_int(db, 0, "SELECT 1 FROM downgrades WHERE incident = ? AND state = 'open'", Q(incident)) != 0;
}

void
second_propose(struct cmd *c, const struct incident_now *n, const char *command, const char *severity, const char *reason)
{
	const struct severity_word *s = severity_find(severity);
	auto_free char *args = json_text(c->args);
	auto_free char *ja = x_asprintf("緊急から「%s」への引き下げを提案しました。別の担当者の確認を待っています。", s != NULL ? s->ja : "検知の誤り"),
		       *en = x_asprintf("Proposed to lower it from Emergency to %s. Another person has to confirm.", s != NULL ? s->en : "a false positive");
	char id[27];

	if (second_waits(c->db, n->id)) {
		cmd_refuse(c, 409, "state", NULL, "a downgrade waits for the second person already");
		return;
	}
	cmd_new_id(c, id);
	db_run(c->db,
	       "INSERT INTO downgrades(id, incident, command, severity, args, reason, at, by, by_ja, by_en, state) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?,"
	       " ?, 'open')",
	       Q(id), Q(n->id), Q(command), Q(severity), Q(args), Q(reason != NULL ? reason : ""), Q(c->now), Q(c->who->user), Q(c->who->ja), Q(c->who->en));
	timer_set(c, "second.waits", id, c->now + WAITS, 0);
	entry_say(c, n->candidate, "proposal", false, ja, en);
}

struct downgrade {
	char *id, *command, *args, *by, *by_ja, *by_en; /* heap */
};

static bool
load(struct cmd *c, const struct incident_now *n, struct downgrade *ret)
{
	struct rows r = db_query(c->db, "SELECT id, command, args, by, by_ja, by_en FROM downgrades WHERE incident = ? AND state = 'open'", Q(n->id));

	if (!rows_next(&r)) {
		cmd_refuse(c, 409, "state", NULL, "nothing waits for a second person");
		return false;
	}
	*ret = (struct downgrade){ x_strdup(row_str(&r, 0)), x_strdup(row_str(&r, 1)), x_strdup(row_str(&r, 2)),
		                   x_strdup(row_str(&r, 3)), x_strdup(row_str(&r, 4)), x_strdup(row_str(&r, 5)) };
	rows_close(&r);
	return true;
}

static void
downgrade_fini(struct downgrade *p)
{
	free(p->id);
	free(p->command);
	free(p->args);
	free(p->by);
	free(p->by_ja);
	free(p->by_en);
}

static void
answer(struct cmd *c, const struct downgrade *p, const char *state)
{
	db_run(c->db, "UPDATE downgrades SET state = ?, answered_at = ?, answered_by = ? WHERE id = ?", Q(state), Q(c->now), Q(c->who->user), Q(p->id));
	timer_drop(c, p->id);
}

/* The recorded command as its proposer's. */
static void
run_recorded(struct cmd *c, const struct incident_now *n, const struct downgrade *p)
{
	struct desk_actor proposer = { .user = p->by, .ja = p->by_ja, .en = p->by_en, .role = "analyst" };
	const struct desk_actor *me = c->who;
	const json_t *args = c->args;
	json_t *recorded = json_loads(p->args, 0, NULL);

	c->who = &proposer;
	c->args = recorded;
	if (strcmp(p->command, "incident.close") == 0)
		incident_close(c, n);
	else
		incident_decide_again(c, n);
	c->who = me;
	c->args = args;
	json_decref(recorded);
}

static void
confirm(struct cmd *c)
{
	struct incident_now n;
	struct downgrade p;

	if (!incident_load(c, &n) || !load(c, &n, &p))
		return;
	if (c->who->user[0] == '\0' || strcmp(c->who->user, p.by) == 0) {
		cmd_refuse(c, 403, "forbidden", NULL, "another person has to confirm");
	} else {
		answer(c, &p, "confirmed");
		entry_say(c, n.candidate, "proposal", false, "引き下げを確認しました。", "Confirmed the downgrade.");
		run_recorded(c, &n, &p);
	}
	downgrade_fini(&p);
}

static void
refuse(struct cmd *c)
{
	const char *text = arg_str(c, "text", 4000);
	struct incident_now n;
	struct downgrade p;
	bool own;

	if (cmd_failed(c) || !incident_load(c, &n) || !load(c, &n, &p))
		return;
	own = strcmp(c->who->user, p.by) == 0;
	answer(c, &p, own ? "withdrawn" : "refused");
	entry_say(c, n.candidate, "proposal", false, own ? "引き下げの提案を取り下げました。" : "引き下げを認めませんでした。緊急のままです。",
	          own ? "Took the proposed downgrade back." : "Refused the downgrade. It stays an Emergency.");
	if (text != NULL && text[0] != '\0')
		entry_add(c, &(struct entry){ .candidate = n.candidate, .kind = "proposal", .ja = text, .en = text, .lang = "ja" });
	downgrade_fini(&p);
}

void
cmd_incident_confirm(struct cmd *c)
{
	cmd_as(c, "analyst lead", confirm);
}

void
cmd_incident_refuse(struct cmd *c)
{
	cmd_as(c, "analyst lead", refuse);
}

/* What the evidence proposed as Emergency and one person decided lower is no incident of before, so nobody has to agree first: the customer is
 * told at once.  But a second person looks, the lead. */
void
second_look(struct cmd *c, const struct candidate_now *n, const char *incident, const char *severity)
{
	auto_free char *was = db_text(c->db, "SELECT severity FROM candidates WHERE id = ?", Q(n->id));
	auto_free char *ja = x_asprintf("%s：緊急の提案を「%s」と判定しました。理由を確かめてください。", incident, severity_find(severity)->ja);
	auto_free char *en = x_asprintf("%s: proposed as Emergency and decided as %s. Look at the reason.", incident, severity_find(severity)->en);

	if (c->v >= 6 && strcmp(was, "emergency") == 0 && strcmp(severity, "emergency") != 0 &&
	    db_int(c->db, 0, "SELECT second_person FROM tenants WHERE id = ?", Q(n->tenant)) != 0)
		alarm_raise(c, "decided_lower", incident, "alarm", n->tenant, incident, ja, en);
}

void
second_late(struct cmd *c, const char *id)
{
	auto_free char *incident = db_text(c->db, "SELECT incident FROM downgrades WHERE id = ? AND state = 'open'", Q(id));
	auto_free char *tenant = db_text(c->db, "SELECT tenant FROM incidents WHERE id = ?", Q(incident));
	auto_free char *ja = x_asprintf("%s：引き下げの提案が 30 分間確認されていません。", incident), *en = x_asprintf("%s: a proposed downgrade has waited 30 minutes for a second person.", incident);

	if (incident == NULL)
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	alarm_raise(c, "second_person", id, c->v >= 6 ? "alarm" : "warning", tenant, incident, ja, en);
}

json_t *
view_downgrade(struct db *db, const char *incident)
{
	struct rows r = db_query(db,
	                         "SELECT command, severity, reason, at AS \"at:t\", by, by_ja AS \"name:2\", by_en FROM downgrades WHERE incident = ? AND state = 'open'",
	                         Q(incident));
	json_t *o = row_first(&r);

	if (o == NULL)
		return json_null();
	json_object_set_new(o, "by", json_pack("{s:O, s:O}", "id", json_object_get(o, "by"), "name", json_object_get(o, "name")));
	json_object_set_new(o, "close", json_boolean(strcmp(json_string_value(json_object_get(o, "command")), "incident.close") == 0));
	json_object_del(o, "name");
	json_object_del(o, "command");
	return o;
}
