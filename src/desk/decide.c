/* SPDX-License-Identifier: Apache-2.0
 *
 * The decision.  An analyst answers the four questions; this checks the rules, makes the incident, and in the
 * same transaction what it starts: clocks, mails, the telephone chain.
 *
 *   Emergency needs at least one row of evidence that belongs to the candidate.
 *   A reason is needed below a proposed or decided Critical or Emergency, and when the answers say otherwise.
 *   Below a decided Emergency a second person has to confirm (second.c).
 *   While the chain of an incident runs, a decision below Critical is refused: a started escalation ends with
 *   a person or with the duty manager's alarm, never with an edit.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/facts_priv.h"
#include "desk/hook_priv.h"
#include "desk/roster_priv.h"
#include "desk/work_priv.h"

#define CALLS(rank) ((rank) >= 2)

static void
read_texts(struct db *db, const char *candidate, const json_t *args, struct decision *d)
{
	const struct category *cat;
	const char *ja, *en;

	if (d->category == NULL) {
		auto_free char *own = db_text(db, "SELECT category FROM candidates WHERE id = ?", Q(candidate));

		d->category = category_find(own)->id;
	}
	cat = category_find(d->category);
	if (texts_get(json_object_get(args, "title"), &ja, &en)) {
		d->title_ja = x_asprintf("%.*s", text_clip(ja, 200), ja);
		d->title_en = x_asprintf("%.*s", text_clip(en, 200), en);
	} else {
		d->title_ja = db_text(db, "SELECT title_ja FROM candidates WHERE id = ?", Q(candidate));
		d->title_en = db_text(db, "SELECT title_en FROM candidates WHERE id = ?", Q(candidate));
	}
	if (d->title_ja == NULL || d->title_ja[0] == '\0') {
		free(d->title_ja);
		free(d->title_en);
		d->title_ja = x_strdup(cat->ja);
		d->title_en = x_strdup(cat->en);
	}
	if (texts_get(json_object_get(args, "summary"), &ja, &en)) {
		d->summary_ja = x_strdup(ja);
		d->summary_en = x_strdup(en);
		return;
	}
	d->summary_ja = x_asprintf("%sを確認しました。%s", cat->ja, cat->todo_ja);
	d->summary_en = x_asprintf("%s was found. %s", cat->en, cat->todo_en);
}

static void
check_evidence(struct db *db, const char *candidate, struct decision *d, decision_fault_fn *fault, void *ctx)
{
	const json_t *v;
	size_t i;

	json_array_foreach(d->evidence, i, v)
		if (db_int(db, 0, "SELECT 1 FROM detections WHERE id = ? AND candidate = ?", Q(json_string_value(v) != NULL ? json_string_value(v) : ""),
		           Q(candidate)) == 0)
			fault(ctx, "evidence", "この候補の証拠ではありません。", "That is no evidence of this candidate.");
	if (strcmp(d->severity, "emergency") == 0 && json_array_size(d->evidence) == 0)
		fault(ctx, "evidence", "緊急には証拠が1件以上必要です。", "Emergency needs at least one row of evidence.");
}

void
decision_read(struct db *db, const char *candidate, const char *decided_before, const json_t *args, struct decision *ret,
              decision_fault_fn *fault, void *ctx)
{
	auto_free char *proposed = db_text(db, "SELECT severity FROM candidates WHERE id = ?", Q(candidate));
	const struct severity_word *s, *p = severity_find(proposed), *b = severity_find(decided_before);
	struct decision d = { .answers = json_object_get(args, "answers"), .actions = json_object_get(args, "actions"),
		              .evidence = json_object_get(args, "evidence") };
	const char *category = json_string_value(json_object_get(args, "category")), *ja, *en;
	const json_t *v;
	size_t i;

	d.reason = json_string_value(json_object_get(args, "reason"));
	d.says = answers_say(d.answers);
	s = severity_find(json_string_value(json_object_get(args, "severity")));
	if (s == NULL && d.says != NULL)
		s = severity_find(d.says);
	if (s == NULL) {
		fault(ctx, "severity", "重大度を選んでください。", "Choose a severity.");
		s = severity_find("informational");
	}
	d.severity = s->id;
	if (d.says == NULL)
		fault(ctx, "answers", "すべての質問に答えてください。", "Answer every question.");
	if (category != NULL && strcmp(category_find(category)->id, category) != 0)
		fault(ctx, "category", "分類が正しくありません。", "There is no such category.");
	d.category = category != NULL ? category_find(category)->id : NULL;
	d.reason_needed = (p != NULL && CALLS(p->rank) && s->rank < p->rank) || (b != NULL && CALLS(b->rank) && s->rank < b->rank) ||
	                  (d.says != NULL && strcmp(d.says, s->id) != 0);
	if (d.reason_needed && (d.reason == NULL || d.reason[0] == '\0'))
		fault(ctx, "reason", "提案や回答より低い、または異なる判定には理由が必要です。", "A lower or different decision needs a reason.");
	json_array_foreach(d.actions, i, v)
		if (!texts_get(v, &ja, &en))
			fault(ctx, "actions", "対応の文がありません。", "An action has no text.");
	check_evidence(db, candidate, &d, fault, ctx);
	read_texts(db, candidate, args, &d);
	*ret = d;
}

void
decision_fini(struct decision *d)
{
	free(d->title_ja);
	free(d->title_en);
	free(d->summary_ja);
	free(d->summary_en);
}

static void
refuse_fault(void *ctx, const char *field, const char *ja, const char *en)
{
	(void)ja;
	cmd_refuse(ctx, 422, "invalid", field, "%s", en);
}

static void
put_lists(struct cmd *c, const char *incident, const struct decision *d)
{
	const struct category *cat = category_find(d->category);
	const char *ja, *en;
	const json_t *v;
	size_t i;

	db_run(c->db, "DELETE FROM evidence WHERE incident = ?", Q(incident));
	json_array_foreach(d->evidence, i, v)
		db_run(c->db, "INSERT INTO evidence(incident, detection) VALUES(?, ?) ON CONFLICT DO NOTHING", Q(incident), Q(json_string_value(v)));
	if (d->actions == NULL && (strcmp(d->severity, "informational") == 0 ||
	                           db_int(c->db, 0, "SELECT count(*) FROM actions WHERE incident = ?", Q(incident)) != 0))
		return;
	db_run(c->db, "DELETE FROM actions WHERE incident = ?", Q(incident));
	if (d->actions == NULL)
		db_run(c->db, "INSERT INTO actions(incident, n, ja, en) VALUES(?, 1, ?, ?)", Q(incident), Q(cat->todo_ja), Q(cat->todo_en));
	json_array_foreach(d->actions, i, v)
		if (texts_get(v, &ja, &en))
			db_run(c->db, "INSERT INTO actions(incident, n, ja, en) VALUES(?, ?, ?, ?)", Q(incident), Q((int64_t)i + 1), Q(ja), Q(en));
}

static void
say_decision(struct cmd *c, const char *candidate, const struct severity_word *s, const struct decision *d)
{
	auto_free char *ja = x_asprintf("%sと判定しました。%s", s->ja, d->summary_ja), *en = x_asprintf("Decided as %s. %s", s->en, d->summary_en);

	entry_say(c, candidate, "decision", true, ja, en);
	if (d->reason != NULL && d->reason[0] != '\0')
		entry_add(c, &(struct entry){ .candidate = candidate, .kind = "decision", .ja = d->reason, .en = d->reason, .lang = "ja" });
}

/* What every decision of Critical or Emergency starts, and mail as the tenant wants it for the rest. */
static void
start_notices(struct cmd *c, const char *candidate, const char *incident, const struct severity_word *s)
{
	int64_t call_s = db_int(c->db, 600, "SELECT call_s FROM tenants WHERE id = ?", Q(c->tenant));

	outbox_notices(c, incident, "incident");
	hook_incident(c, db_int(c->db, 1, "SELECT decisions FROM incidents WHERE id = ?", Q(incident)) == 1 ? "incident.opened" : "incident.changed", incident, NULL, NULL);
	if (!CALLS(s->rank) || chain_is_open(c->db, incident))
		return;
	clock_start(c, "call", c->tenant, candidate, incident, call_s);
	clock_start(c, "answer", c->tenant, candidate, incident, call_s);
	chain_start(c, incident, c->tenant, s->id, call_s);
}

static void
insert_incident(struct cmd *c, const struct candidate_now *n, const char *id, const struct decision *d)
{
	auto_free char *answers = json_text(d->answers);

	db_run(c->db,
	       "INSERT INTO incidents(id, candidate, tenant, severity, state, category, title_ja, title_en, summary_ja, summary_en, proposed,"
	       " answers, reason, decided_at, decided_by, decided_by_ja, decided_by_en, decisions, decision_seq, updated_at, happened_at,"
	       " detected_at, opened_at) SELECT ?, id, tenant, ?, 'open', ?, ?, ?, ?, ?, severity, ?, ?, ?, ?, ?, ?, 1, ?, ?, first_at,"
	       " (SELECT min(added_at) FROM detections WHERE candidate = candidates.id), first_claim_at FROM candidates WHERE id = ?",
	       Q(id), Q(d->severity), Q(d->category), Q(d->title_ja), Q(d->title_en), Q(d->summary_ja), Q(d->summary_en), Q(answers),
	       Q(d->reason), Q(c->now), Q(c->who->user), Q(c->who->ja), Q(c->who->en), Q(c->seq), Q(c->now), Q(n->id));
}

/* When it reached LCP and SOC: of the detection that happened first. */
static void
put_stamps(struct cmd *c, const struct candidate_now *n, const char *id)
{
	json_t *all = candidate_detections(c->db, n->id), *d = json_array_get(all, 0), *other;
	size_t i;

	json_array_foreach(all, i, other)
		if (json_integer_value(json_object_get(other, "first_at")) < json_integer_value(json_object_get(d, "first_at")))
			d = other;
	db_run(c->db, "UPDATE incidents SET lcp_at = ?, soc_at = ? WHERE id = ?", Q_MAYBE(json_integer_value(json_object_get(d, "lcp_at"))),
	       Q_MAYBE(json_integer_value(json_object_get(d, "soc_at"))), Q(id));
	json_decref(all);
}

static void
incident_number(struct cmd *c, const char *tenant, char ret[64])
{
	auto_free char *shorty = db_text(c->db, "SELECT short FROM tenants WHERE id = ?", Q(tenant));
	auto_free char *zone = db_text(c->db, "SELECT zone FROM tenants WHERE id = ?", Q(tenant));
	auto_free char *counter = NULL;
	unsigned m, day;
	int64_t y;

	civil_from_days(local_day(zone, c->now), &y, &m, &day);
	counter = x_asprintf("incident:%s:%lld", tenant, (long long)y);
	snprintf(ret, 64, "%s-%04d-%04lld", shorty != NULL ? shorty : "X", (int)(y % 10000), (long long)cmd_count(c, counter));
}

static void
decide(struct cmd *c, struct candidate_now *n, struct decision *d)
{
	const struct severity_word *s = severity_find(d->severity);
	char id[64];

	if (d->says != NULL && strcmp(d->says, "close") == 0)
		cmd_refuse(c, 422, "invalid", "answers", "not a real attack: close it with a reason");
	if (cmd_failed(c))
		return;
	if (n->owner[0] == '\0' && c->who->user[0] != '\0')
		case_claim(c, n);
	incident_number(c, n->tenant, id);
	insert_incident(c, n, id, d);
	put_stamps(c, n, id);
	fact_decision(c, id);
	duty_decided(c, id, n->tenant);
	db_run(c->db, "UPDATE candidates SET state = 'decided', incident = ? WHERE id = ?", Q(id), Q(n->id));
	put_lists(c, id, d);
	clock_stop(c, n->id, "decide", c->now);
	day_count(c, n->tenant, d->severity, 1);
	say_decision(c, n->id, s, d);
	second_look(c, n, id, d->severity);
	start_notices(c, n->id, id, s);
	snprintf(c->noun, sizeof c->noun, "incident");
	snprintf(c->id, sizeof c->id, "%s", id);
	cmd_changed(c, "incident", id, n->tenant, id);
}

void
cmd_candidate_decide(struct cmd *c)
{
	const char *id = arg_need(c, "id", 64);
	struct candidate_now n;
	struct decision d;

	if (cmd_failed(c) || !case_load(c, id, &n))
		return;
	if (strcmp(n.state, "open") != 0) {
		cmd_refuse(c, 409, "state", NULL, "%s is %s", n.number, n.state);
		return;
	}
	if (case_is_others(c, &n))
		return;
	decision_read(c->db, n.id, NULL, c->args, &d, refuse_fault, c);
	if (!cmd_failed(c))
		decide(c, &n, &d);
	decision_fini(&d);
}

static void
decide_again(struct cmd *c, const struct incident_now *n, struct decision *d)
{
	const struct severity_word *s = severity_find(d->severity), *before = severity_find(n->severity);
	auto_free char *answers = json_text(d->answers);

	db_run(c->db,
	       "UPDATE incidents SET severity = ?, category = ?, title_ja = ?, title_en = ?, summary_ja = ?, summary_en = ?, answers = ?,"
	       " reason = ?, decided_at = CASE WHEN ? THEN ? ELSE decided_at END, decided_by = ?, decided_by_ja = ?, decided_by_en = ?,"
	       " decisions = decisions + 1, decision_seq = ?, updated_at = ?, state = 'open' WHERE id = ?",
	       Q(d->severity), Q(d->category), Q(d->title_ja), Q(d->title_en), Q(d->summary_ja), Q(d->summary_en), Q(answers), Q(d->reason),
	       Q(s->rank > before->rank), Q(c->now), Q(c->who->user), Q(c->who->ja), Q(c->who->en), Q(c->seq), Q(c->now), Q(n->id));
	put_lists(c, n->id, d);
	day_count(c, n->tenant, n->severity, -1);
	day_count(c, n->tenant, d->severity, 1);
	say_decision(c, n->candidate, s, d);
	/* more danger is a new notice; an acknowledgement of the smaller one does not count for it */
	if (s->rank > before->rank) {
		fact_time(c, n->id, "decided", c->now);
		duty_decided(c, n->id, n->tenant);
		if (CALLS(s->rank))
			fact_add(c, "incidents", json_pack("{s:s, s:n, s:n}", "id", n->id, "rang", "acknowledged"));
		if (CALLS(s->rank))
			db_run(c->db, "UPDATE incidents SET ack_at = NULL, ack_by = NULL, ack_how = NULL, rang_at = NULL WHERE id = ?", Q(n->id));
		start_notices(c, n->candidate, n->id, s);
	}
}

/* Reads the decision in c->args; with `propose` a downgrade that needs a second person only waits for one. */
static void
read_again(struct cmd *c, const struct incident_now *n, bool propose)
{
	struct decision d;

	decision_read(c->db, n->candidate, n->severity, c->args, &d, refuse_fault, c);
	if (d.says != NULL && strcmp(d.says, "close") == 0)
		cmd_refuse(c, 422, "invalid", "answers", "not a real attack: close the incident as false positive");
	else if (!CALLS(severity_find(d.severity)->rank) && chain_is_open(c->db, n->id))
		cmd_refuse(c, 409, "state", "severity", "the telephone chain runs: a person has to acknowledge first");
	if (cmd_failed(c))
		;
	else if (propose && strcmp(d.severity, "emergency") != 0 && second_is_needed(c, n))
		second_propose(c, n, "incident.severity", d.severity, d.reason);
	else
		decide_again(c, n, &d);
	decision_fini(&d);
}

void
incident_decide_again(struct cmd *c, const struct incident_now *n)
{
	read_again(c, n, false);
}

void
cmd_incident_severity(struct cmd *c)
{
	struct incident_now n;

	if (!incident_load(c, &n))
		return;
	if (n.merged)
		cmd_refuse(c, 409, "state", NULL, "it was merged into another incident");
	else
		read_again(c, &n, true);
}

/* ---- what would start ---- */

static void
collect_fault(void *ctx, const char *field, const char *ja, const char *en)
{
	json_array_append_new(ctx, json_pack("{s:s, s:o}", "field", field, "text", texts(ja, en)));
}

static json_t *
preview_button(const struct severity_word *s, const json_t *chain)
{
	const char *first = json_string_value(json_object_get(json_array_get(chain, 0), "name"));
	auto_free char *ja = NULL, *en = NULL;

	if (CALLS(s->rank) && first != NULL) {
		ja = x_asprintf("%sで確定し、%s様に電話をかける", s->ja, first);
		en = x_asprintf("Decide as %s and call %s", s->en, first);
	} else {
		ja = x_asprintf("%sで確定し、お客様の画面に公開する", s->ja);
		en = x_asprintf("Decide as %s and publish to the portal", s->en);
	}
	return texts(ja, en);
}

/* The subject as it will be sent; the number is given with the decision. */
static json_t *
preview_subject(struct db *db, const char *tenant, const struct severity_word *s)
{
	struct rows r = db_query(db, "SELECT short, name_ja, name_en FROM tenants WHERE id = ?", Q(tenant));
	auto_free char *number = rows_next(&r) ? x_asprintf("%s-…", row_str(&r, 0)) : NULL, *ja, *en;

#define SUBJECT_INCIDENT(fmt_ja, fmt_en) ja = x_asprintf(fmt_ja, s->ja, number, row_str(&r, 1)), en = x_asprintf(fmt_en, s->en, number, row_str(&r, 2));
#include "tbl/subjects.tbl"
#undef SUBJECT_INCIDENT
	rows_close(&r);
	return texts(ja, en);
}

static json_t *
preview_mail(struct db *db, const char *tenant, const struct severity_word *s, const struct decision *d, int64_t now)
{
	struct rows r = db_query(db, "SELECT name, mail AS address, lang, id FROM contacts WHERE tenant = ? AND active <> 0 AND mail IS NOT NULL ORDER BY ord", Q(tenant));
	bool asks = json_array_size(d->actions) != 0; /* a notice that asks for action goes at once */
	json_t *to = json_array();

	while (rows_next(&r)) {
		enum send send = channel_mail(db, row_str(&r, 3), s->id, now);
		json_t *o;

		if (send == SEND_NEVER)
			continue;
		o = row_json(&r);
		json_object_del(o, "id");
		json_object_set_new(o, "send", json_string(send == SEND_DIGEST && !asks ? "digest" : "now"));
		json_array_append_new(to, o);
	}
	return json_pack("{s:o, s:o, s:o}", "to", to, "subject", preview_subject(db, tenant, s), "text", texts(d->summary_ja, d->summary_en));
}

json_t *
ask_candidate_preview(struct ask *a)
{
	struct rows r = db_query(a->db, "SELECT c.id, c.tenant, t.call_s, t.code_ja, t.code_en, i.severity FROM candidates c JOIN tenants t ON t.id = c.tenant"
	                                " LEFT JOIN incidents i ON i.candidate = c.id WHERE c.id = ? OR ('C-' || c.number) = ?", Q(ask_str(a, "id")), Q(ask_str(a, "id")));
	json_t *faults = json_array(), *chain, *o;
	const struct severity_word *s;
	struct decision d;

	if (!rows_next(&r) || !desk_sees(a->who, row_str(&r, 1))) {
		rows_close(&r);
		json_decref(faults);
		return ask_no(a, 404, "not_found", NULL);
	}
	decision_read(a->db, row_str(&r, 0), row_str(&r, 5), a->args, &d, collect_fault, faults);
	s = severity_find(d.severity);
	chain = CALLS(s->rank) ? chain_steps(a->db, row_str(&r, 1), s->id, a->now) : json_array();
	o = json_pack("{s:s?, s:b, s:b, s:b, s:o, s:o, s:O, s:o, s:o, s:o, s:o}", "answers_say", d.says, "differs",
	              d.says != NULL && strcmp(d.says, d.severity) != 0, "reason_needed", d.reason_needed, "call", CALLS(s->rank), "limit_s",
	              CALLS(s->rank) ? json_integer(row_int(&r, 2)) : json_null(), "sentence",
	              CALLS(s->rank) ? texts("電話の時計が始まり、最初の呼び出しは数秒以内です。", "The telephone clock starts; the first call goes out within seconds.")
	                             : texts("お客様の画面に公開します。電話はかけません。", "It is published to the portal. Nobody is called."),
	              "chain", chain, "button", preview_button(s, chain), "code_word", texts(row_str(&r, 3), row_str(&r, 4)), "spoken",
	              spoken_summary(d.category, d.severity), "mail", preview_mail(a->db, row_str(&r, 1), s, &d, a->now));
	json_decref(chain);
	if (json_is_null(json_object_get(o, "answers_say")))
		json_object_del(o, "answers_say");
	json_object_set_new(o, "faults", faults);
	decision_fini(&d);
	rows_close(&r);
	return o;
}
