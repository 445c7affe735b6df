/* SPDX-License-Identifier: Apache-2.0
 *
 * Working on cases together: whose they are, which belong beside each other, who does what until when, and
 * what the customer found.  An incident's owner is its candidate's: one person from the queue to the end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/facts_priv.h"
#include "desk/hook_priv.h"
#include "desk/work_priv.h"

bool
case_load_any(struct cmd *c, const char *key, struct candidate_now *ret)
{
	auto_free char *candidate = db_text(c->db, "SELECT candidate FROM incidents WHERE id = ?", Q(key));

	if (!case_load(c, candidate != NULL ? candidate : key, ret))
		return false;
	if (ret->incident[0] == '\0')
		return true;
	snprintf(c->noun, sizeof c->noun, "incident");
	snprintf(c->id, sizeof c->id, "%s", ret->incident);
	db_run(c->db, "UPDATE incidents SET updated_at = ? WHERE id = ?", Q(c->now), Q(ret->incident));
	cmd_changed(c, "incident", ret->incident, ret->tenant, ret->incident);
	return true;
}

/* ---- whose ---- */

static bool
mask_has(const char *mask, const char *tenant)
{
	json_t *list = json_loads(mask != NULL ? mask : "[]", 0, NULL);
	struct desk_actor a = { .role = "analyst", .tenants = list };
	bool yes = desk_sees(&a, tenant);

	json_decref(list);
	return yes;
}

char *
case_person(struct cmd *c, const char *field, const char *key, const char *tenant)
{
	auto_free char *id = db_text(c->db, "SELECT id FROM users WHERE (id = ? OR login = ?) AND role IN ('analyst','lead') AND disabled = 0", Q(key), Q(key));
	auto_free char *mask = db_text(c->db, "SELECT tenants FROM users WHERE id = ?", Q(id));

	if (id != NULL && mask_has(mask, tenant))
		return x_strdup(id);
	cmd_refuse(c, 422, "invalid", field, "wanted an analyst or a lead who sees this tenant");
	return NULL;
}

static void
take(struct cmd *c)
{
	struct candidate_now n;

	if (!case_load_any(c, arg_need(c, "id", 64), &n) || cmd_failed(c) || case_is_others(c, &n))
		return;
	if (c->who->user[0] == '\0')
		cmd_refuse(c, 422, "invalid", NULL, "only an analyst or a lead can take it");
	else
		case_claim(c, &n);
}

void
cmd_incident_claim(struct cmd *c)
{
	cmd_as(c, "analyst lead", take);
}

void
cmd_case_assign(struct cmd *c)
{
	const char *to = arg_need(c, "to", 64);
	auto_free char *person = NULL, *ja = NULL, *en = NULL, *name_ja = NULL, *name_en = NULL;
	struct candidate_now n;

	if (cmd_failed(c) || !case_load_any(c, arg_need(c, "id", 64), &n))
		return;
	if (!word_in(n.state, "open decided")) {
		cmd_refuse(c, 409, "state", NULL, "%s is %s", n.number, n.state);
		return;
	}
	if ((person = case_person(c, "to", to, n.tenant)) == NULL)
		return;
	db_run(c->db, "UPDATE candidates SET owner = ?, claimed_at = ? WHERE id = ?", Q(person), Q(c->now), Q(n.id));
	case_opened(c, n.id);
	name_ja = db_text(c->db, "SELECT name_ja FROM users WHERE id = ?", Q(person));
	name_en = db_text(c->db, "SELECT name_en FROM users WHERE id = ?", Q(person));
	ja = x_asprintf("担当を%sに割り当てました。", name_ja);
	en = x_asprintf("Assigned to %s.", name_en);
	entry_say(c, n.id, "claim", false, ja, en);
}

/* ---- related incidents ---- */

static bool
load_pair(struct cmd *c, struct incident_now *n, char other[64])
{
	const char *key = arg_need(c, "other", 64);
	auto_free char *tenant = db_text(c->db, "SELECT tenant FROM incidents WHERE id = ?", Q(key));

	if (cmd_failed(c) || !incident_load(c, n))
		return false;
	if (tenant == NULL || strcmp(tenant, n->tenant) != 0 || strcmp(key, n->id) == 0) {
		cmd_refuse(c, 422, "invalid", "other", "wanted another incident of the same tenant");
		return false;
	}
	snprintf(other, 64, "%s", key);
	cmd_changed(c, "incident", key, n->tenant, key);
	return true;
}

void
cmd_incident_relate(struct cmd *c)
{
	const char *reason = arg_need(c, "reason", 1000), *lang = arg_lang(c);
	auto_free char *ja = NULL, *en = NULL;
	struct incident_now n;
	char other[64];
	bool first;

	if (cmd_failed(c) || !load_pair(c, &n, other))
		return;
	first = strcmp(n.id, other) < 0;
	db_run(c->db,
	       "INSERT INTO relations(a, b, reason, lang, at, by) VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(a, b) DO UPDATE SET reason = excluded.reason,"
	       " lang = excluded.lang, at = excluded.at, by = excluded.by",
	       Q(first ? n.id : other), Q(first ? other : n.id), Q(reason), Q(lang), Q(c->now), Q(c->who->user));
	ja = x_asprintf("関連するインシデント %s：%s", other, reason);
	en = x_asprintf("Related to %s: %s", other, reason);
	entry_say(c, n.candidate, "related", true, ja, en);
}

void
cmd_incident_unrelate(struct cmd *c)
{
	auto_free char *ja = NULL, *en = NULL;
	struct incident_now n;
	char other[64];

	if (!load_pair(c, &n, other))
		return;
	db_run(c->db, "DELETE FROM relations WHERE (a = ? AND b = ?) OR (a = ? AND b = ?)", Q(n.id), Q(other), Q(other), Q(n.id));
	if (db_error(c->db) == 0 && db_changed(c->db) == 0) {
		cmd_refuse(c, 404, "not_found", "other", "%s", "");
		return;
	}
	ja = x_asprintf("%s との関連付けを外しました。", other);
	en = x_asprintf("No longer related to %s.", other);
	entry_say(c, n.candidate, "related", true, ja, en);
}

json_t *
view_related(struct db *db, const char *incident)
{
	struct rows r = db_query(db,
	                         "SELECT i.id, i.title_ja AS \"title:2\", i.title_en, i.severity, i.state, x.reason, x.lang, x.at AS \"at:t\", x.by FROM relations x"
	                         " JOIN incidents i ON i.id = CASE WHEN x.a = ? THEN x.b ELSE x.a END WHERE x.a = ? OR x.b = ? ORDER BY x.at, i.id",
	                         Q(incident), Q(incident), Q(incident));
	json_t *a = json_array(), *o;

	while (rows_next(&r)) {
		o = row_json(&r);
		json_object_set_new(o, "by", person(db, row_str(&r, 8)));
		json_array_append_new(a, o);
	}
	return a;
}

/* ---- internal tasks ---- */

/* "due_at" of the arguments; 0 when it is absent or null. */
static int64_t
due_of(struct cmd *c)
{
	const char *text = arg_str(c, "due_at", 40);
	int64_t at = 0;

	if (text != NULL && (time_parse_rfc3339(slice_str(text), &at) != 0 || at <= 0))
		cmd_refuse(c, 422, "invalid", "due_at", "wanted a time such as 2026-11-23T04:05:06Z");
	return at;
}

void
cmd_incident_task(struct cmd *c)
{
	const char *text = arg_need(c, "text", 2000), *lang = arg_lang(c), *owner = arg_str(c, "owner", 64);
	auto_free char *person = NULL;
	int64_t due = due_of(c);
	struct incident_now n;
	char id[27];

	if (cmd_failed(c) || !incident_load(c, &n))
		return;
	/* nothing without an owner: whoever writes it down has it until somebody else does */
	person = owner != NULL ? case_person(c, "owner", owner, n.tenant) : x_strdup(c->who->user);
	if (cmd_failed(c))
		return;
	cmd_new_id(c, id);
	db_run(c->db,
	       "INSERT INTO tasks(id, incident, n, text, lang, owner, due_at, made_at, made_by) VALUES(?, ?, 1 + (SELECT coalesce(max(n), 0) FROM tasks"
	       " WHERE incident = ?), ?, ?, ?, ?, ?, ?)",
	       Q(id), Q(n.id), Q(n.id), Q(text), Q(lang), Q(person[0] != '\0' ? person : NULL), Q_MAYBE(due), Q(c->now), Q(c->who->user));
	if (due != 0)
		timer_set(c, "task.due", id, due, 0);
	entry_add(c, &(struct entry){ .candidate = n.candidate, .kind = "task", .ja = text, .en = text, .lang = lang });
}

static void
task_done(struct cmd *c, const struct incident_now *n, const char *id, bool done)
{
	auto_free char *text = db_text(c->db, "SELECT text FROM tasks WHERE id = ?", Q(id));
	auto_free char *ja = x_asprintf("%s：%s", done ? "作業を完了" : "作業を未完了に戻しました", text), *en = x_asprintf("%s: %s", done ? "Task done" : "Task not done after all", text);

	db_run(c->db, "UPDATE tasks SET done_at = ?, done_by = ? WHERE id = ?", done ? Q(c->now) : Q_NULL, done ? Q(c->who->user) : Q_NULL, Q(id));
	entry_say(c, n->candidate, "task", false, ja, en);
}

void
cmd_incident_task_change(struct cmd *c)
{
	const json_t *done = json_object_get(c->args, "done");
	const char *owner = arg_str(c, "owner", 64);
	auto_free char *id = NULL, *person = NULL;
	struct incident_now n;

	if (cmd_failed(c) || !incident_load(c, &n))
		return;
	id = db_text(c->db, "SELECT id FROM tasks WHERE incident = ? AND n = ?", Q(n.id), Q(arg_int(c, "n", 0)));
	if (id == NULL) {
		cmd_refuse(c, 404, "not_found", "n", "%s", "");
		return;
	}
	if (owner != NULL && (person = case_person(c, "owner", owner, n.tenant)) != NULL)
		db_run(c->db, "UPDATE tasks SET owner = ? WHERE id = ?", Q(person), Q(id));
	if (json_object_get(c->args, "due_at") != NULL)
		db_run(c->db, "UPDATE tasks SET due_at = ? WHERE id = ?", Q_MAYBE(due_of(c)), Q(id));
	if (done != NULL)
		task_done(c, &n, id, arg_bool(c, "done", true));
	timer_drop(c, id);
	int64_t due = db_int(c->db, 0, "SELECT due_at FROM tasks WHERE id = ? AND done_at IS NULL", Q(id));
	if (due != 0)
		timer_set(c, "task.due", id, due, 0);
}

void
task_late(struct cmd *c, const char *id)
{
	auto_free char *incident = db_text(c->db, "SELECT incident FROM tasks WHERE id = ? AND done_at IS NULL", Q(id));
	auto_free char *tenant = db_text(c->db, "SELECT tenant FROM incidents WHERE id = ?", Q(incident));
	auto_free char *ja = x_asprintf("%s：作業の期限を過ぎました。", incident), *en = x_asprintf("%s: a task is past its due time.", incident);

	if (incident == NULL)
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	alarm_raise(c, "task_late", id, "warning", tenant, incident, ja, en);
	cmd_changed(c, "incident", incident, tenant, incident);
}

json_t *
view_tasks(struct db *db, const char *incident)
{
	struct rows r = db_query(db, "SELECT n, text, lang, owner, due_at AS \"due_at:t\", done_at AS \"done_at:t\", done_by FROM tasks WHERE incident = ? ORDER BY n", Q(incident));
	json_t *a = json_array(), *o;

	while (rows_next(&r)) {
		o = row_json(&r);
		json_object_set_new(o, "owner", person(db, row_str(&r, 3)));
		json_object_set_new(o, "done_by", person(db, row_str(&r, 6)));
		json_array_append_new(a, o);
	}
	return a;
}

/* ---- the customer's answer ---- */

static void
answer(struct cmd *c)
{
	const char *code = arg_need(c, "code", 32), *text = arg_str(c, "text", 8000), *lang = arg_lang(c);
	json_t *words = answer_texts(code);
	auto_free char *ja = NULL, *en = NULL;
	struct incident_now n;

	if (json_is_null(words))
		cmd_refuse(c, 422, "invalid", "code", "no such code");
	if (cmd_failed(c) || !incident_load(c, &n)) {
		json_decref(words);
		return;
	}
	db_run(c->db, "UPDATE incidents SET answer_code = ?, answer = ?, answer_lang = ?, answer_at = ?, answer_by = ? WHERE id = ?", Q(code),
	       Q(text), Q(lang), Q(c->now), Q(c->who->user), Q(n.id));
	ja = x_asprintf("お客様の回答：%s%s%s", json_string_value(json_object_get(words, "ja")), text != NULL ? "。" : "", text != NULL ? text : "");
	en = x_asprintf("Answer of the customer: %s%s%s", json_string_value(json_object_get(words, "en")), text != NULL ? ". " : "", text != NULL ? text : "");
	entry_say(c, n.candidate, "customer", true, ja, en);
	hook_incident(c, "incident.answered", n.id, text, lang);
	/* damage that we did not call damage: somebody has to look at the decision again */
	if (strcmp(code, "damage") == 0 && strcmp(n.severity, "emergency") != 0)
		alarm_raise(c, "damage_found", n.id, "alarm", n.tenant, n.id, "お客様が被害を確認しました。判定を見直してください。", "The customer found damage. Look at the decision again.");
	json_decref(words);
}

void
cmd_incident_answer(struct cmd *c)
{
	cmd_as(c, "customer", answer);
}

json_t *
view_answer(struct db *db, const char *incident)
{
	struct rows r = db_query(db,
	                         "SELECT answer_code AS code, answer AS text, answer_lang AS lang, answer_at AS \"at:t\", answer_by AS by FROM incidents WHERE"
	                         " id = ? AND answer_at IS NOT NULL",
	                         Q(incident));
	json_t *o = row_first(&r);

	if (o == NULL)
		return json_null();
	json_object_set_new(o, "code_text", answer_texts(json_string_value(json_object_get(o, "code"))));
	json_object_set_new(o, "by", person(db, json_string_value(json_object_get(o, "by"))));
	return o;
}
