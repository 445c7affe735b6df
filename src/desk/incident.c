/* SPDX-License-Identifier: Apache-2.0
 *
 * Work on an incident after its decision: comments, acknowledgement, requested actions, calls made by hand,
 * the customer's own severity and ticket, end and new beginning.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/facts_priv.h"
#include "desk/hook_priv.h"
#include "desk/work_priv.h"

bool
incident_load(struct cmd *c, struct incident_now *ret)
{
	const char *id = arg_need(c, "id", 64);
	struct rows r = db_query(c->db, "SELECT id, candidate, tenant, severity, state, ack_at, decided_at, merged_into IS NOT NULL FROM incidents WHERE id = ?", Q(id));
	struct incident_now n = { 0 };

	if (cmd_failed(c) || !rows_next(&r) || !desk_sees(c->who, row_str(&r, 2))) {
		rows_close(&r);
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return false;
	}
	snprintf(n.id, sizeof n.id, "%s", row_str(&r, 0));
	snprintf(n.candidate, sizeof n.candidate, "%s", row_str(&r, 1));
	snprintf(n.tenant, sizeof n.tenant, "%s", row_str(&r, 2));
	snprintf(n.severity, sizeof n.severity, "%s", row_str(&r, 3));
	snprintf(n.state, sizeof n.state, "%s", row_str(&r, 4));
	n.ack_at = row_int(&r, 5);
	n.decided_at = row_int(&r, 6);
	n.merged = row_int(&r, 7) != 0;
	rows_close(&r);
	*ret = n;
	snprintf(c->tenant, sizeof c->tenant, "%s", n.tenant);
	snprintf(c->noun, sizeof c->noun, "incident");
	snprintf(c->id, sizeof c->id, "%s", n.id);
	db_run(c->db, "UPDATE incidents SET updated_at = ? WHERE id = ?", Q(c->now), Q(n.id));
	cmd_changed(c, "incident", n.id, n.tenant, n.id);
	return true;
}

const char *
arg_lang(struct cmd *c)
{
	const char *lang = arg_str(c, "lang", 2);

	if (lang != NULL && !word_in(lang, "ja en"))
		cmd_refuse(c, 422, "invalid", "lang", "wanted ja or en");
	return lang != NULL ? lang : "ja";
}

void
cmd_incident_comment(struct cmd *c)
{
	const char *text = arg_need(c, "text", 8000), *lang = arg_lang(c);
	bool visible = cmd_is_customer(c) || arg_bool(c, "visible", false);
	struct incident_now n;

	if (cmd_failed(c) || !incident_load(c, &n))
		return;
	entry_add(c, &(struct entry){ .candidate = n.candidate, .kind = cmd_is_customer(c) ? "customer" : visible ? "comment" : "note",
	                              .visible = visible, .ja = text, .en = text, .lang = lang });
	if (visible)
		hook_incident(c, "incident.comment", n.id, text, lang);
}

void
ack_incident(struct cmd *c, const char *incident, const char *by, const char *how, int64_t at)
{
	auto_free char *candidate = db_text(c->db, "SELECT candidate FROM incidents WHERE id = ?", Q(incident));
	auto_free char *ja = NULL, *en = NULL;

	db_run(c->db, "UPDATE incidents SET ack_at = ?, ack_by = ?, ack_how = ?, updated_at = ? WHERE id = ? AND ack_at IS NULL", Q(at), Q(by), Q(how),
	       Q(c->now), Q(incident));
	if (db_error(c->db) != 0 || db_changed(c->db) == 0)
		return; /* somebody was first: the second key press changes nothing */
	fact_time(c, incident, "acknowledged", at);
	clock_stop(c, candidate, "answer", at);
	/* a person answered another way before it rang: the promise is kept */
	clock_stop(c, candidate, "call", at);
	ja = x_asprintf("%s様が%sで了承されました。", by, strcmp(how, "phone") == 0 ? "電話" : strcmp(how, "portal") == 0 ? "画面" : "担当者への連絡");
	en = x_asprintf("%s acknowledged by %s.", by, strcmp(how, "phone") == 0 ? "telephone" : strcmp(how, "portal") == 0 ? "the portal" : "word to the analyst");
	entry_add(c, &(struct entry){ .candidate = candidate, .kind = "acknowledge", .visible = true, .ja = ja, .en = en, .at = at });
	chain_acknowledged(c, incident);
	outbox_notices(c, incident, "acknowledged");
	hook_incident(c, "incident.acknowledged", incident, by, NULL);
}

void
cmd_incident_acknowledge(struct cmd *c)
{
	const char *by = arg_str(c, "by", 200);
	struct incident_now n;

	if (cmd_failed(c) || !incident_load(c, &n))
		return;
	if (!cmd_is_customer(c) && (by == NULL || by[0] == '\0')) {
		cmd_refuse(c, 422, "invalid", "by", "name the person of the customer who confirmed");
		return;
	}
	if (n.ack_at != 0) {
		cmd_refuse(c, 409, "state", NULL, "it was acknowledged before");
		return;
	}
	ack_incident(c, n.id, cmd_is_customer(c) ? c->who->ja : by, cmd_is_customer(c) ? "portal" : "analyst", c->now);
}

void
cmd_incident_change(struct cmd *c)
{
	const json_t *sev = json_object_get(c->args, "customer_severity"), *ticket = json_object_get(c->args, "customer_ticket");
	struct incident_now n;

	if (!incident_load(c, &n))
		return;
	if (!cmd_is_customer(c)) {
		if (sev != NULL || ticket != NULL) {
			cmd_refuse(c, 403, "forbidden", "customer_severity", "that is the customer's own");
			return;
		}
		case_fields(c, n.candidate);
		return;
	}
	if (json_object_get(c->args, "hypothesis") != NULL || json_object_get(c->args, "next_step") != NULL ||
	    json_object_get(c->args, "blocker") != NULL) {
		cmd_refuse(c, 403, "forbidden", NULL, "%s", "");
		return;
	}
	if (sev != NULL) {
		const char *s = arg_str(c, "customer_severity", 16);

		if (s != NULL && severity_find(s) == NULL)
			cmd_refuse(c, 422, "invalid", "customer_severity", "no such severity");
		db_run(c->db, "UPDATE incidents SET customer_severity = ? WHERE id = ?", Q(s), Q(n.id));
	}
	if (ticket != NULL)
		db_run(c->db, "UPDATE incidents SET customer_ticket = ? WHERE id = ?", Q(arg_str(c, "customer_ticket", 64)), Q(n.id));
	if (sev != NULL || ticket != NULL)
		hook_incident(c, "incident.changed", n.id, NULL, NULL);
}

void
cmd_incident_action(struct cmd *c)
{
	bool done = arg_bool(c, "done", true);
	int64_t k = arg_int(c, "n", 0);
	auto_free char *what_ja = NULL, *what_en = NULL, *ja = NULL, *en = NULL;
	struct incident_now n;

	if (cmd_failed(c) || !incident_load(c, &n))
		return;
	what_ja = db_text(c->db, "SELECT ja FROM actions WHERE incident = ? AND n = ?", Q(n.id), Q(k));
	what_en = db_text(c->db, "SELECT en FROM actions WHERE incident = ? AND n = ?", Q(n.id), Q(k));
	if (what_ja == NULL) {
		cmd_refuse(c, 404, "not_found", "n", "%s", "");
		return;
	}
	db_run(c->db, "UPDATE actions SET done_at = ?, by = ? WHERE incident = ? AND n = ?", done ? Q(c->now) : Q_NULL, done ? Q(c->who->ja) : Q_NULL, Q(n.id),
	       Q(k));
	ja = x_asprintf("%s：%s", done ? "完了" : "未完了に戻しました", what_ja);
	en = x_asprintf("%s: %s", done ? "Done" : "Not done after all", what_en);
	entry_say(c, n.candidate, "action", true, ja, en);
}

/* An analyst dialled by hand and tells how it ended. */
void
cmd_incident_attempt(struct cmd *c)
{
	const char *contact = arg_need(c, "contact", 64), *outcome = arg_need(c, "outcome", 32), *text = arg_str(c, "text", 500);
	auto_free char *name = NULL, *ja = NULL, *en = NULL;
	struct incident_now n;
	json_t *words;

	if (cmd_failed(c) || !incident_load(c, &n))
		return;
	name = db_text(c->db, "SELECT name FROM contacts WHERE id = ? AND tenant = ?", Q(contact), Q(n.tenant));
	words = outcome_texts(outcome);
	if (name == NULL || json_is_null(words)) {
		json_decref(words);
		cmd_refuse(c, 422, "invalid", name == NULL ? "contact" : "outcome", "no such %s", name == NULL ? "contact" : "outcome");
		return;
	}
	db_run(c->db,
	       "INSERT INTO outbox(id, kind, tenant, incident, contact, name, shown, try, key, doc, state, cancel, not_before, queued_at, ringing_at,"
	       " ended_at, outcome, text, sends, events) VALUES(?, 'by_hand', ?, ?, ?, ?, '', 1, '', '{}', 'done', 0, ?, ?, ?, ?, ?, ?, 1, '[]')",
	       Q(cmd_count(c, "outbox")), Q(n.tenant), Q(n.id), Q(contact), Q(name), Q(c->now), Q(c->now), Q(c->now), Q(c->now), Q(outcome), Q(text));
	ja = x_asprintf("手動で%s様へ電話：%s", name, json_string_value(json_object_get(words, "ja")));
	en = x_asprintf("Called %s by hand: %s", name, json_string_value(json_object_get(words, "en")));
	entry_say(c, n.candidate, "call", true, ja, en);
	if (strcmp(outcome_reached(outcome), "yes") == 0) {
		incident_rang(c, n.id, c->now);
		ack_incident(c, n.id, name, "phone", c->now);
	}
	json_decref(words);
}

void
incident_close(struct cmd *c, const struct incident_now *n)
{
	const char *code = arg_need(c, "code", 32), *ja = NULL, *en = NULL;

	if (strcmp(n->state, "open") != 0 || chain_is_open(c->db, n->id)) {
		cmd_refuse(c, 409, "state", NULL, strcmp(n->state, "open") != 0 ? "it is closed" : "the telephone chain runs: a person has to acknowledge first");
		return;
	}
	texts_get(json_object_get(c->args, "text"), &ja, &en);
	db_run(c->db, "UPDATE incidents SET state = 'closed', closed_at = ?, closed_by = ?, code = ?, close_ja = ?, close_en = ? WHERE id = ?", Q(c->now),
	       Q(c->who->user), Q(code), Q(ja), Q(en), Q(n->id));
	entry_say(c, n->candidate, "close", true, ja != NULL ? ja : "対応を終了しました。", en != NULL ? en : "Closed.");
	hook_incident(c, "incident.closed", n->id, NULL, NULL);
}

void
cmd_incident_close(struct cmd *c)
{
	const char *code = arg_need(c, "code", 32), *ja = NULL, *en = NULL;
	struct incident_now n;

	if (cmd_failed(c) || !incident_load(c, &n))
		return;
	if (!word_in(code, "resolved accepted customer_handles false_positive")) {
		cmd_refuse(c, 422, "invalid", "code", "no such code");
	} else if (second_waits(c->db, n.id)) {
		cmd_refuse(c, 409, "state", NULL, "a downgrade waits for the second person");
	} else if (strcmp(code, "false_positive") == 0 && strcmp(n.state, "open") == 0 && !chain_is_open(c->db, n.id) && second_is_needed(c, &n)) {
		texts_get(json_object_get(c->args, "text"), &ja, &en);
		second_propose(c, &n, "incident.close", NULL, ja);
	} else {
		incident_close(c, &n);
	}
}

void
cmd_incident_reopen(struct cmd *c)
{
	const char *text = arg_need(c, "text", 8000);
	struct incident_now n;

	if (cmd_failed(c) || !incident_load(c, &n))
		return;
	if (n.merged) {
		cmd_refuse(c, 409, "state", NULL, "it was merged into another incident: go on there");
		return;
	}
	db_run(c->db, "UPDATE incidents SET state = 'open', closed_at = NULL, closed_by = NULL, code = NULL WHERE id = ?", Q(n.id));
	entry_add(c, &(struct entry){ .candidate = n.candidate, .kind = cmd_is_customer(c) ? "customer" : "reopen", .visible = true, .ja = text,
	                              .en = text, .lang = "ja" });
	hook_incident(c, "incident.reopened", n.id, text, NULL);
	if (cmd_is_customer(c))
		alarm_raise(c, "objection", n.id, "warning", n.tenant, n.id, "お客様が判定に異議を申し立てました。", "The customer objects to the decision.");
}
