/* SPDX-License-Identifier: Apache-2.0
 *
 * What a person does with a candidate before it is decided: take it, give it back, write, close with a
 * reason of the fixed list, take the close back, and the customer's "please look again".
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/facts_priv.h"
#include "desk/work_priv.h"

bool
case_load(struct cmd *c, const char *id, struct candidate_now *ret)
{
	struct rows r = db_query(c->db,
	                         "SELECT c.id, c.tenant, c.state, c.owner, c.number, c.severity, c.incident, u.name_ja, u.name_en, c.claimed_at"
	                         " FROM candidates c LEFT JOIN users u ON u.id = c.owner WHERE c.id = ? OR ('C-' || c.number) = ?",
	                         Q(id), Q(id));
	struct candidate_now n = { 0 };

	if (!rows_next(&r) || !desk_sees(c->who, row_str(&r, 1))) {
		rows_close(&r);
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return false;
	}
	snprintf(n.id, sizeof n.id, "%s", row_str(&r, 0));
	snprintf(n.tenant, sizeof n.tenant, "%s", row_str(&r, 1));
	snprintf(n.state, sizeof n.state, "%s", row_str(&r, 2));
	snprintf(n.owner, sizeof n.owner, "%s", row_str(&r, 3) != NULL ? row_str(&r, 3) : "");
	snprintf(n.number, sizeof n.number, "C-%lld", (long long)row_int(&r, 4));
	snprintf(n.severity, sizeof n.severity, "%s", row_str(&r, 5));
	snprintf(n.incident, sizeof n.incident, "%s", row_str(&r, 6) != NULL ? row_str(&r, 6) : "");
	snprintf(n.owner_name, sizeof n.owner_name, "%s", row_str(&r, 8) != NULL ? row_str(&r, 8) : "");
	n.claimed_at = row_int(&r, 9);
	rows_close(&r);
	*ret = n;
	snprintf(c->tenant, sizeof c->tenant, "%s", n.tenant);
	snprintf(c->noun, sizeof c->noun, "candidate");
	snprintf(c->id, sizeof c->id, "%s", n.id);
	cmd_changed(c, "candidate", n.id, n.tenant, n.number);
	return true;
}

static bool
load_open(struct cmd *c, struct candidate_now *n)
{
	const char *id = arg_need(c, "id", 64);

	if (cmd_failed(c) || !case_load(c, id, n))
		return false;
	if (strcmp(n->state, "open") == 0)
		return true;
	cmd_refuse(c, 409, "state", NULL, "%s is %s", n->number, n->state);
	return false;
}

/* Somebody else has it: 409 with who and since when. */
bool
case_is_others(struct cmd *c, const struct candidate_now *n)
{
	char at[36];

	if (n->owner[0] == '\0' || strcmp(n->owner, c->who->user) == 0)
		return false;
	time_text(n->claimed_at, at);
	c->more = json_pack("{s:s, s:s}", "by", n->owner_name, "at", at);
	cmd_refuse(c, 409, "conflict", NULL, "%s has %s", n->owner_name, n->number);
	return true;
}

void
case_claim(struct cmd *c, const struct candidate_now *n)
{
	if (strcmp(n->owner, c->who->user) == 0 && n->owner[0] != '\0')
		return;
	/* atomic: the row says whether we were first */
	db_run(c->db, "UPDATE candidates SET owner = ?, claimed_at = ? WHERE id = ? AND owner IS NULL", Q(c->who->user), Q(c->now), Q(n->id));
	if (db_error(c->db) == 0 && db_changed(c->db) != 1)
		cmd_refuse(c, 409, "conflict", NULL, "somebody else was first");
	case_opened(c, n->id);
	entry_say(c, n->id, "claim", false, "担当しました。", "Took it.");
}

void
cmd_candidate_claim(struct cmd *c)
{
	struct candidate_now n;

	const char *as = arg_str(c, "as", 64);
	auto_free char *id = NULL, *ja = NULL, *en = NULL;
	const struct desk_actor *asker = c->who;
	struct desk_actor person = *asker;

	if (cmd_failed(c) || !load_open(c, &n))
		return;
	/* the administrator at the machine takes it for somebody; nobody else speaks for others */
	if (asker->user[0] == '\0' && as != NULL) {
		id = db_text(c->db, "SELECT id FROM users WHERE login = ? AND role IN ('analyst','lead') AND disabled = 0", Q(as));
		ja = db_text(c->db, "SELECT name_ja FROM users WHERE login = ?", Q(as));
		en = db_text(c->db, "SELECT name_en FROM users WHERE login = ?", Q(as));
	}
	if (id != NULL) {
		person.user = id;
		person.ja = ja;
		person.en = en;
		c->who = &person;
	}
	if (c->who->user[0] == '\0' || (as != NULL && id == NULL))
		cmd_refuse(c, 422, "invalid", "as", "only an analyst or a lead can take it");
	else if (!case_is_others(c, &n))
		case_claim(c, &n);
	c->who = asker;
}

void
cmd_candidate_release(struct cmd *c)
{
	struct candidate_now n;

	if (!load_open(c, &n))
		return;
	if (strcmp(c->who->role, "lead") != 0 && strcmp(c->who->role, "admin") != 0 && case_is_others(c, &n))
		return;
	if (n.owner[0] == '\0')
		return;
	db_run(c->db, "UPDATE candidates SET owner = NULL, claimed_at = NULL WHERE id = ?", Q(n.id));
	entry_say(c, n.id, "claim", false, "担当を外しました。", "Gave it back.");
}

void
cmd_candidate_change(struct cmd *c)
{
	struct candidate_now n;

	if (!load_open(c, &n))
		return;
	case_fields(c, n.id);
}

void
case_fields(struct cmd *c, const char *candidate)
{
	const char *h = arg_str(c, "hypothesis", 4000), *s = arg_str(c, "next_step", 4000), *b = arg_str(c, "blocker", 4000);

	db_run(c->db,
	       "UPDATE candidates SET hypothesis = coalesce(?, hypothesis), next_step = coalesce(?, next_step), blocker = coalesce(?, blocker)"
	       " WHERE id = ?",
	       Q(h), Q(s), Q(b), Q(candidate));
	if (h != NULL && h[0] != '\0')
		entry_add(c, &(struct entry){ .candidate = candidate, .kind = "field", .ja = h, .en = h, .lang = "ja" });
}

void
cmd_candidate_note(struct cmd *c)
{
	const char *text = arg_need(c, "text", 8000);
	struct candidate_now n;

	if (cmd_failed(c) || !case_load(c, arg_need(c, "id", 64), &n))
		return;
	entry_add(c, &(struct entry){ .candidate = n.id, .kind = "note", .ja = text, .en = text, .lang = "ja" });
}

void
cmd_candidate_close(struct cmd *c)
{
	const char *reason = arg_need(c, "reason", 32), *ja = NULL, *en = NULL;
	auto_free char *say_ja = NULL, *say_en = NULL;
	struct candidate_now n;

	if (cmd_failed(c) || !load_open(c, &n) || case_is_others(c, &n))
		return;
	if (close_reason_ja(reason) == NULL) {
		cmd_refuse(c, 422, "invalid", "reason", "%.40s is no reason of the list", reason);
		return;
	}
	texts_get(json_object_get(c->args, "facts"), &ja, &en);
	db_run(c->db,
	       "UPDATE candidates SET state = 'closed', closed_at = ?, closed_by = ?, reason = ?, facts_ja = ?, facts_en = ?, owner = NULL"
	       " WHERE id = ?",
	       Q(c->now), Q(c->who->user), Q(reason), Q(ja), Q(en), Q(n.id));
	case_opened(c, n.id);
	clock_stop(c, n.id, "decide", c->now);
	day_count(c, n.tenant, "closed", 1);
	say_ja = x_asprintf("終了：%s%s%s", close_reason_ja(reason), ja != NULL ? "。" : "", ja != NULL ? ja : "");
	say_en = x_asprintf("Closed: %s%s%s", close_reason_en(reason), en != NULL ? ". " : "", en != NULL ? en : "");
	entry_say(c, n.id, "close", true, say_ja, say_en);
}

static void
reopen(struct cmd *c, const struct candidate_now *n)
{
	int64_t decide_s = db_int(c->db, 900, "SELECT decide_s FROM tenants WHERE id = ?", Q(n->tenant));

	db_run(c->db, "UPDATE candidates SET state = 'open', closed_at = NULL, closed_by = NULL, reason = NULL, facts_ja = NULL, facts_en = NULL"
	              " WHERE id = ?", Q(n->id));
	day_count(c, n->tenant, "closed", -1);
	/* an undo lets the first clock run on; there is no pause */
	if (db_int(c->db, 0, "SELECT 1 FROM clocks WHERE candidate = ? AND kind = 'decide' AND due_at > ?", Q(n->id), Q(c->now)) != 0) {
		auto_free char *id = db_text(c->db, "SELECT id FROM clocks WHERE candidate = ? AND kind = 'decide' ORDER BY started_at DESC LIMIT 1", Q(n->id));

		db_run(c->db, "UPDATE clocks SET stopped_at = NULL WHERE id = ?", Q(id));
		timer_set(c, "clock.broken", id, db_int(c->db, c->now, "SELECT due_at FROM clocks WHERE id = ?", Q(id)), 0);
	} else {
		clock_start(c, "decide", n->tenant, n->id, NULL, decide_s);
	}
}

static bool
load_closed(struct cmd *c, struct candidate_now *n)
{
	const char *id = arg_need(c, "id", 64);

	if (cmd_failed(c) || !case_load(c, id, n))
		return false;
	if (strcmp(n->state, "closed") == 0)
		return true;
	if (cmd_is_customer(c))
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
	else
		cmd_refuse(c, 409, "state", NULL, "%s is %s", n->number, n->state);
	return false;
}

void
cmd_candidate_reopen(struct cmd *c)
{
	struct candidate_now n;

	if (!load_closed(c, &n))
		return;
	reopen(c, &n);
	entry_say(c, n.id, "reopen", false, "終了を取り消しました。", "The close was taken back.");
}

void
cmd_candidate_again(struct cmd *c)
{
	const char *text = arg_str(c, "text", 8000);
	struct candidate_now n;

	if (!load_closed(c, &n))
		return;
	/* back to the person who closed it, so that it has an owner at once; out of the house: to the queue */
	db_run(c->db,
	       "UPDATE candidates SET asked_again_at = ?, owner = (SELECT id FROM users u WHERE u.id = closed_by AND u.role IN ('analyst','lead') AND"
	       " u.disabled = 0) WHERE id = ?",
	       Q(c->now), Q(n.id));
	db_run(c->db, "UPDATE candidates SET claimed_at = CASE WHEN owner IS NULL THEN NULL ELSE ? END WHERE id = ?", Q(c->now), Q(n.id));
	reopen(c, &n);
	alarm_raise(c, "look_again", n.id, "warning", n.tenant, NULL, "終了した候補の再確認を、お客様が求めています。", "A customer asks to look again at a closed candidate.");
	entry_add(c, &(struct entry){ .candidate = n.id, .kind = "customer", .visible = true,
	                              .ja = text != NULL && text[0] != '\0' ? text : "もう一度ご確認ください。",
	                              .en = text != NULL && text[0] != '\0' ? text : "Please look again.",
	                              .lang = text != NULL && text[0] != '\0' ? "ja" : NULL });
}
