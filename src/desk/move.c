/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking cases apart and putting them together by hand: merge, split, attach.  Detections move between
 * candidates of one tenant; nothing is deleted, each knows where it was born.
 *
 *   merge   candidate → candidate, candidate → open incident, incident → open incident at least as grave.
 *           The merged one points to the survivor.  Of two deadlines the earlier one stays.  An incident whose
 *           telephone chain has not reached a person is not merged: an escalation never ends with an edit.
 *   split   chosen detections become a candidate with the deadline of the one they come from.  The machine
 *           does not put together again what a person took apart.
 *   attach  chosen detections of open candidates come in; a candidate left empty is merged.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/work_priv.h"

#define CHOSEN_MAX 500

static bool
is_open_case(struct cmd *c, const struct candidate_now *n)
{
	bool open = strcmp(n->state, "open") == 0 || (strcmp(n->state, "decided") == 0 &&
	                                              db_int(c->db, 0, "SELECT 1 FROM incidents WHERE id = ? AND state = 'open'", Q(n->incident)) != 0);

	if (!open)
		cmd_refuse(c, 409, "state", NULL, "%s is not open", n->incident[0] != '\0' ? n->incident : n->number);
	return open;
}

/* A case of somebody else is his to take apart, or the lead's. */
static bool
may_change(struct cmd *c, const struct candidate_now *n)
{
	return strcmp(c->who->role, "lead") == 0 || strcmp(c->who->role, "admin") == 0 || !case_is_others(c, n);
}

static const char *
name_of(const struct candidate_now *n)
{
	return n->incident[0] != '\0' ? n->incident : n->number;
}

/* ---- merge ---- */

static void
merge_incidents(struct cmd *c, const struct candidate_now *from, const struct candidate_now *into)
{
	auto_free char *ja = x_asprintf("インシデント %s を %s に統合しました。", from->incident, into->incident);
	auto_free char *en = x_asprintf("Incident %s was merged into %s.", from->incident, into->incident);

	db_run(c->db, "INSERT INTO evidence(incident, detection) SELECT ?, detection FROM evidence WHERE incident = ? ON CONFLICT DO NOTHING", Q(into->incident), Q(from->incident));
	db_run(c->db, "DELETE FROM evidence WHERE incident = ?", Q(from->incident));
	db_run(c->db, "UPDATE actions SET incident = ?, n = n + (SELECT coalesce(max(n), 0) FROM actions WHERE incident = ?) WHERE incident = ?", Q(into->incident),
	       Q(into->incident), Q(from->incident));
	db_run(c->db, "UPDATE tasks SET incident = ?, n = n + (SELECT coalesce(max(n), 0) FROM tasks WHERE incident = ?) WHERE incident = ?", Q(into->incident),
	       Q(into->incident), Q(from->incident));
	db_run(c->db,
	       "INSERT INTO relations(a, b, reason, lang, at, by) SELECT min(?, o), max(?, o), reason, lang, at, by FROM (SELECT CASE WHEN a = ? THEN b ELSE a END"
	       " AS o, reason, lang, at, by FROM relations WHERE a = ? OR b = ?) WHERE o <> ? ON CONFLICT DO NOTHING",
	       Q(into->incident), Q(into->incident), Q(from->incident), Q(from->incident), Q(from->incident), Q(into->incident));
	db_run(c->db, "DELETE FROM relations WHERE a = ? OR b = ?", Q(from->incident), Q(from->incident));
	db_run(c->db, "UPDATE incidents SET state = 'closed', closed_at = ?, closed_by = ?, code = 'merged', close_ja = ?, close_en = ?, merged_into = ? WHERE id = ?",
	       Q(c->now), Q(c->who->user), Q(ja), Q(en), Q(into->incident), Q(from->incident));
	entry_say(c, from->id, "merge", true, ja, en);
	entry_say(c, into->id, "merge", true, ja, en);
}

/* Why `from` cannot flow into `into`, told to the analyst. */
static bool
may_merge(struct cmd *c, const struct candidate_now *from, const struct candidate_now *into)
{
	struct rows r;
	const char *why = NULL;

	if (strcmp(from->id, into->id) == 0 || strcmp(from->tenant, into->tenant) != 0) {
		cmd_refuse(c, 422, "invalid", "into", "wanted another case of the same tenant");
		return false;
	}
	if (!is_open_case(c, from) || !is_open_case(c, into) || !may_change(c, from))
		return false;
	if (from->incident[0] == '\0')
		return true;
	if (into->incident[0] == '\0') {
		cmd_refuse(c, 409, "state", "into", "an incident is not merged into a candidate");
		return false;
	}
	r = db_query(c->db, "SELECT f.severity, f.ack_at, i.severity FROM incidents f, incidents i WHERE f.id = ? AND i.id = ?", Q(from->incident), Q(into->incident));
	if (rows_next(&r)) {
		int rank = severity_find(row_str(&r, 0))->rank;

		if (severity_find(row_str(&r, 2))->rank < rank)
			why = "merge the other way round: the graver one survives";
		else if (rank >= 2 && row_int(&r, 1) == 0)
			why = "nobody at the customer has acknowledged it yet";
		rows_close(&r);
	}
	if (why == NULL && second_waits(c->db, from->incident))
		why = "a downgrade waits for the second person";
	if (why != NULL)
		cmd_refuse(c, 409, "state", "into", "%s", why);
	return why == NULL;
}

void
cmd_case_merge(struct cmd *c)
{
	const char *id = arg_need(c, "id", 64), *target = arg_need(c, "into", 64);
	struct candidate_now from, into;

	if (cmd_failed(c) || !case_load_any(c, id, &from) || !case_load_any(c, target, &into) || !may_merge(c, &from, &into))
		return;
	clock_take_earlier(c, from.id, into.id);
	candidate_merge(c, from.id, strtoll(from.number + 2, NULL, 10), into.id, strtoll(into.number + 2, NULL, 10));
	if (from.incident[0] != '\0')
		merge_incidents(c, &from, &into);
	candidate_refresh(c, into.id);
}

/* ---- chosen detections ---- */

/* "detections" of the arguments: 1 to 500 ids. */
static const json_t *
chosen_of(struct cmd *c)
{
	const json_t *list = json_object_get(c->args, "detections"), *v;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > CHOSEN_MAX)
		cmd_refuse(c, 422, "invalid", "detections", "wanted 1 to %d ids", CHOSEN_MAX);
	json_array_foreach(list, i, v)
		if (!json_is_string(v))
			cmd_refuse(c, 422, "invalid", "detections", "wanted ids");
	return list;
}

/* Evidence that leaves is evidence no longer; an Emergency keeps at least one row. */
static void
drop_evidence(struct cmd *c, const struct candidate_now *n)
{
	if (n->incident[0] == '\0')
		return;
	db_run(c->db, "DELETE FROM evidence WHERE incident = ? AND detection NOT IN (SELECT id FROM detections WHERE candidate = ?)", Q(n->incident), Q(n->id));
	if (db_int(c->db, 0, "SELECT 1 FROM incidents WHERE id = ? AND severity = 'emergency' AND NOT EXISTS(SELECT 1 FROM evidence WHERE incident = ?)",
	           Q(n->incident), Q(n->incident)) != 0)
		cmd_refuse(c, 409, "state", "detections", "an Emergency keeps at least one row of evidence");
}

static void
say_moved(struct cmd *c, const char *from, const char *to, const char *from_name, const char *to_name, size_t n)
{
	auto_free char *ja = x_asprintf("検知 %zu 件を %s から %s に移しました。", n, from_name, to_name);
	auto_free char *en = x_asprintf("Moved %zu detections from %s to %s.", n, from_name, to_name);

	entry_say(c, from, "split", false, ja, en);
	entry_say(c, to, "split", false, ja, en);
}

void
cmd_case_split(struct cmd *c)
{
	const char *id = arg_need(c, "id", 64);
	const json_t *list = chosen_of(c), *v;
	auto_free char *number = NULL;
	struct candidate_now n;
	struct new_case fresh;
	size_t i, moved = 0;

	if (cmd_failed(c) || !case_load_any(c, id, &n) || !is_open_case(c, &n) || !may_change(c, &n))
		return;
	candidate_new(c, "", c->now, c->now, &fresh);
	json_array_foreach(list, i, v) {
		db_run(c->db, "UPDATE detections SET candidate = ? WHERE id = ? AND candidate = ?", Q(fresh.id), Q(json_string_value(v)), Q(n.id));
		moved += db_error(c->db) == 0 && db_changed(c->db) == 1;
	}
	if (moved != json_array_size(list))
		cmd_refuse(c, 422, "invalid", "detections", "one of them is not of %s", n.number);
	else if (db_int(c->db, 0, "SELECT count(*) FROM detections WHERE candidate = ?", Q(n.id)) == 0)
		cmd_refuse(c, 422, "invalid", "detections", "one at least has to stay");
	drop_evidence(c, &n);
	if (cmd_failed(c))
		return;
	number = x_asprintf("C-%lld", (long long)fresh.number);
	clock_take_earlier(c, n.id, fresh.id);
	db_run(c->db, "INSERT INTO apart(a, b, at) VALUES(min(?, ?), max(?, ?), ?)", Q(n.id), Q(fresh.id), Q(n.id), Q(fresh.id), Q(c->now));
	candidate_entities_again(c, n.id);
	candidate_entities_again(c, fresh.id);
	candidate_refresh(c, n.id);
	candidate_refresh(c, fresh.id);
	say_moved(c, n.id, fresh.id, name_of(&n), number, moved);
	snprintf(c->noun, sizeof c->noun, "candidate");
	snprintf(c->id, sizeof c->id, "%s", fresh.id);
	cmd_changed(c, "candidate", fresh.id, n.tenant, number);
}

/* Moves one detection in; its candidate, when it is one that may be taken from, goes to the list. */
static void
take_in(struct cmd *c, const struct candidate_now *into, const char *detection, struct touched *sources)
{
	auto_free char *source = db_text(c->db, "SELECT candidate FROM detections WHERE id = ? AND tenant = ?", Q(detection), Q(into->tenant));
	struct candidate_now from;

	if (source == NULL || strcmp(source, into->id) == 0) {
		cmd_refuse(c, 422, "invalid", "detections", "one of them is not of another candidate of this tenant");
		return;
	}
	if (!case_load(c, source, &from) || !may_change(c, &from))
		return;
	if (strcmp(from.state, "open") != 0) {
		cmd_refuse(c, 409, "state", "detections", "%s is %s", from.number, from.state);
		return;
	}
	touched_add(sources, source);
	db_run(c->db, "UPDATE detections SET candidate = ? WHERE id = ?", Q(into->id), Q(detection));
	if (into->incident[0] != '\0' && arg_bool(c, "evidence", false))
		db_run(c->db, "INSERT INTO evidence(incident, detection) VALUES(?, ?) ON CONFLICT DO NOTHING", Q(into->incident), Q(detection));
}

static void
settle_source(struct cmd *c, const struct candidate_now *into, const char *source)
{
	int64_t number = db_int(c->db, 0, "SELECT number FROM candidates WHERE id = ?", Q(source));
	auto_free char *name = x_asprintf("C-%lld", (long long)number);

	if (db_int(c->db, 0, "SELECT count(*) FROM detections WHERE candidate = ?", Q(source)) == 0) {
		clock_take_earlier(c, source, into->id);
		candidate_merge(c, source, number, into->id, strtoll(into->number + 2, NULL, 10));
		return;
	}
	say_moved(c, source, into->id, name, name_of(into), json_array_size(json_object_get(c->args, "detections")));
	candidate_entities_again(c, source);
	candidate_refresh(c, source);
}

void
cmd_case_attach(struct cmd *c)
{
	const char *id = arg_need(c, "id", 64);
	const json_t *list = chosen_of(c), *v;
	struct touched sources = { 0 };
	struct candidate_now into;
	size_t i;

	if (cmd_failed(c) || !case_load_any(c, id, &into) || !is_open_case(c, &into) || !may_change(c, &into))
		return;
	json_array_foreach(list, i, v)
		if (!cmd_failed(c))
			take_in(c, &into, json_string_value(v), &sources);
	for (i = 0; i < sources.n && !cmd_failed(c); i++)
		settle_source(c, &into, sources.v[i].id);
	vec_fini(&sources);
	if (cmd_failed(c))
		return;
	candidate_entities_again(c, into.id);
	candidate_refresh(c, into.id);
	/* take_in loaded the sources: the answer shows the target again */
	snprintf(c->noun, sizeof c->noun, "%s", into.incident[0] != '\0' ? "incident" : "candidate");
	snprintf(c->id, sizeof c->id, "%s", into.incident[0] != '\0' ? into.incident : into.id);
}
