/* SPDX-License-Identifier: Apache-2.0
 *
 * What people do with a hand-over, and what time does: words, signature, acceptance, refusal; unsigned at the change,
 * not accepted in time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/handover_priv.h"

#define WORDS_MAX 2000

/* ---- owners ---- */

char *
handover_owner(struct db *db, const char *kind, const char *ref)
{
	if (word_in(kind, "incident candidate"))
		return db_text(db, "SELECT owner FROM candidates WHERE ('C-' || number) = ? OR incident = ?", Q(ref), Q(ref));
	if (strcmp(kind, "task") == 0)
		return db_text(db, "SELECT owner FROM tasks WHERE incident || '/' || n = ?", Q(ref));
	if (strcmp(kind, "inquiry") == 0)
		return db_text(db, "SELECT owner FROM inquiries WHERE ('Q-' || number) = ?", Q(ref));
	return strcmp(kind, "alarm") == 0 ? db_text(db, "SELECT owner FROM alarms WHERE id = ?", Q(ref)) : NULL;
}

/* Whose it becomes.  Somebody who took it since the draft keeps it. */
static void
pass_case(struct cmd *c, const struct item_now *it, const char *to)
{
	auto_free char *candidate = db_text(c->db, "SELECT id FROM candidates WHERE ('C-' || number) = ? OR incident = ?", Q(it->ref), Q(it->ref));
	auto_free char *owner = db_text(c->db, "SELECT owner FROM candidates WHERE id = ?", Q(candidate)), *name_ja = NULL, *name_en = NULL, *ja = NULL, *en = NULL;

	if (candidate == NULL || (owner != NULL && strcmp(owner, it->owner) != 0))
		return;
	db_run(c->db, "UPDATE candidates SET owner = ?, claimed_at = ? WHERE id = ? AND state IN ('open','decided')", Q(to), Q(c->now), Q(candidate));
	if (db_error(c->db) != 0 || db_changed(c->db) == 0)
		return;
	name_ja = db_text(c->db, "SELECT name_ja FROM users WHERE id = ?", Q(to));
	name_en = db_text(c->db, "SELECT name_en FROM users WHERE id = ?", Q(to));
	ja = x_asprintf("引き継ぎにより、担当は%sになりました。", name_ja);
	en = x_asprintf("Handed over to %s.", name_en);
	entry_say(c, candidate, "claim", false, ja, en);
	if (strcmp(it->kind, "incident") == 0)
		db_run(c->db, "UPDATE incidents SET updated_at = ? WHERE id = ?", Q(c->now), Q(it->ref));
	cmd_changed(c, it->kind, strcmp(it->kind, "incident") == 0 ? it->ref : candidate, it->tenant, it->ref);
}

static void
pass_on(struct cmd *c, const struct item_now *it, const char *to)
{
	const char *was = it->owner[0] != '\0' ? it->owner : NULL;

	if (word_in(it->kind, "incident candidate")) {
		pass_case(c, it, to);
	} else if (strcmp(it->kind, "task") == 0) {
		db_run(c->db, "UPDATE tasks SET owner = ? WHERE incident || '/' || n = ? AND done_at IS NULL AND (owner IS NULL OR owner = ?)", Q(to), Q(it->ref), Q(was));
	} else if (strcmp(it->kind, "inquiry") == 0) {
		db_run(c->db, "UPDATE inquiries SET owner = ? WHERE ('Q-' || number) = ? AND state = 'open' AND (owner IS NULL OR owner = ?)", Q(to), Q(it->ref), Q(was));
		auto_free char *id = db_text(c->db, "SELECT id FROM inquiries WHERE ('Q-' || number) = ?", Q(it->ref));

		cmd_changed(c, "inquiry", id != NULL ? id : it->ref, it->tenant, it->ref);
	} else if (strcmp(it->kind, "alarm") == 0) {
		db_run(c->db, "UPDATE alarms SET owner = ? WHERE id = ? AND ack_at IS NULL AND (owner IS NULL OR owner = ?)", Q(to), Q(it->ref), Q(was));
		cmd_changed(c, "alarm", it->ref, it->tenant, NULL);
	}
}

/* ---- items ---- */

typedef void item_fn(struct cmd *c, const struct handover_now *h, const struct item_now *it);

/* Whose it is by now: who took it since and works in the next crew keeps it; who took it and goes as well hands it over too. */
static void
owner_by_now(struct cmd *c, const struct handover_now *h, struct item_now *it)
{
	auto_free char *owner = c->v >= HANDOVER_GOES_ON && h->roster[0] != '\0' ? handover_owner(c->db, it->kind, it->ref) : NULL;

	if (owner != NULL && strcmp(owner, it->owner) != 0 && !list_has(h->crew, owner))
		snprintf(it->owner, sizeof it->owner, "%s", owner);
}

/* fn for every item in one of the states that the actor sees, or for those that args.items names. How many. */
static size_t
each_item(struct cmd *c, const struct handover_now *h, const char *states, const json_t *named, item_fn *fn)
{
	struct rows r = db_query(c->db, "SELECT n, kind, ref, tenant, owner, state FROM handover_items WHERE handover = ? ORDER BY n", Q(h->id));
	VEC(struct item_now) v = { 0 };
	size_t n, i;
	json_t *k;

	while (rows_next(&r)) {
		struct item_now it = { .n = row_int(&r, 0) };
		bool wanted = named == NULL;

		json_array_foreach((json_t *)named, i, k)
			wanted |= json_integer_value(k) == it.n;
		snprintf(it.kind, sizeof it.kind, "%s", row_str(&r, 1));
		snprintf(it.ref, sizeof it.ref, "%s", row_str(&r, 2));
		snprintf(it.tenant, sizeof it.tenant, "%s", row_str(&r, 3));
		snprintf(it.owner, sizeof it.owner, "%s", row_str(&r, 4) != NULL ? row_str(&r, 4) : "");
		snprintf(it.state, sizeof it.state, "%s", row_str(&r, 5));
		if (wanted && word_in(it.state, states) && desk_sees(c->who, it.tenant))
			vec_push(&v, it);
	}
	for (i = 0; i < v.n; i++) {
		owner_by_now(c, h, &v.v[i]);
		fn(c, h, &v.v[i]);
	}
	n = v.n;
	vec_fini(&v);
	return n;
}

/* args.items: NULL = all. Refused when it is no list of numbers. */
static const json_t *
named_items(struct cmd *c)
{
	const json_t *list = json_object_get(c->args, "items"), *v;
	size_t i;

	if (list == NULL || json_is_null(list))
		return NULL;
	if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > HANDOVER_ITEMS_MAX)
		cmd_refuse(c, 422, "invalid", "items", "wanted numbers of items");
	json_array_foreach(list, i, v)
		if (!json_is_integer(v))
			cmd_refuse(c, 422, "invalid", "items", "wanted numbers of items");
	return list;
}

static void
mark(struct cmd *c, const struct handover_now *h, const struct item_now *it, const char *state, const char *by, const char *reason)
{
	db_run(c->db, "UPDATE handover_items SET state = ?, at = ?, by = ?, reason = ? WHERE handover = ? AND n = ?", Q(state), Q(c->now), Q(by), Q(reason), Q(h->id), Q(it->n));
}

static void
accept_item(struct cmd *c, const struct handover_now *h, const struct item_now *it)
{
	pass_on(c, it, c->who->user);
	mark(c, h, it, "accepted", c->who->user, NULL);
}

static void
refuse_item(struct cmd *c, const struct handover_now *h, const struct item_now *it)
{
	mark(c, h, it, "refused", c->who->user, arg_str(c, "reason", WORDS_MAX));
}

static void
offer_item(struct cmd *c, const struct handover_now *h, const struct item_now *it)
{
	mark(c, h, it, "open", NULL, NULL);
}

/* ---- the giver ---- */

static void
put_words(struct cmd *c, const struct handover_now *h)
{
	const char *words = arg_str(c, "words", WORDS_MAX), *lang = arg_lang(c);

	if (words != NULL)
		db_run(c->db, "UPDATE handovers SET words = ?, lang = ? WHERE id = ?", Q(words), Q(lang), Q(h->id));
}

static bool
load_to_give(struct cmd *c, struct handover_now *h)
{
	if (!handover_load(c, arg_need(c, "id", 64), h))
		return false;
	if (!word_in(h->state, "draft offered"))
		cmd_refuse(c, 409, "state", NULL, "%s is %s", h->number, h->state);
	else if (!handover_gives(c, h))
		cmd_refuse(c, 403, "forbidden", NULL, "only the crew that gives");
	if (!cmd_failed(c))
		return true;
	handover_fini(h);
	return false;
}

static void
give_words(struct cmd *c)
{
	struct handover_now h;

	if (arg_str(c, "words", WORDS_MAX) == NULL)
		cmd_refuse(c, 422, "invalid", "words", "it is missing");
	if (cmd_failed(c) || !load_to_give(c, &h))
		return;
	put_words(c, &h);
	handover_fini(&h);
}

/* Nobody has to accept what is dealt with. */
static void
drop_gone(struct cmd *c, const struct handover_now *h)
{
	db_run(c->db, "UPDATE handover_items AS x SET state = 'kept' WHERE x.handover = ? AND x.state IN ('open','refused') AND " HANDOVER_GONE, Q(h->id));
}

/* Everything was accepted, or there was nothing to accept, and the crew has changed. */
static void
end_if_done(struct cmd *c, const struct handover_now *h)
{
	drop_gone(c, h);
	if (c->now < h->at) /* until then something may come */
		return;
	if (db_int(c->db, 1, "SELECT count(*) FROM handover_items WHERE handover = ? AND state NOT IN ('accepted','kept')", Q(h->id)) != 0)
		return;
	db_run(c->db, "UPDATE handovers SET state = 'accepted', ended_at = ? WHERE id = ?", Q(c->now), Q(h->id));
	timer_drop(c, h->id);
}

static void
start_waiting(struct cmd *c, const struct handover_now *h)
{
	const struct roster *r = desk_roster(c->d);
	int64_t due = c->now + (r != NULL ? roster_accept_ns(r) : HANDOVER_ACCEPT_NS);

	if (db_int(c->db, 0, "SELECT 1 FROM timers WHERE ref = ? AND kind = 'handover.late'", Q(h->id)) != 0)
		return;
	db_run(c->db, "UPDATE handovers SET due_at = ? WHERE id = ?", Q(due), Q(h->id));
	timer_set(c, "handover.late", h->id, due, 0);
}

static void
give(struct cmd *c)
{
	struct handover_now h;

	if (cmd_failed(c) || !load_to_give(c, &h))
		return;
	put_words(c, &h);
	if (strcmp(h.state, "draft") == 0)
		handover_gather(c, &h, false);
	if (strcmp(h.state, "offered") == 0 && each_item(c, &h, "refused", NULL, offer_item) == 0 &&
	    db_int(c->db, 0, "SELECT 1 FROM handovers WHERE id = ? AND offered_by IS NOT NULL", Q(h.id)) != 0)
		cmd_refuse(c, 409, "state", NULL, "%s is offered", h.number);
	db_run(c->db, "UPDATE handovers SET state = 'offered', offered_at = ?, offered_by = ?, offered_seq = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(c->seq), Q(h.id));
	if (h.at <= c->now) { /* the change is over: the time to accept runs */
		timer_drop_kind(c, h.id, "handover.offer");
		start_waiting(c, &h);
	}
	handover_fini(&h);
}

/* ---- the taker ---- */

static bool
load_to_take(struct cmd *c, struct handover_now *h)
{
	if (!handover_load(c, arg_need(c, "id", 64), h))
		return false;
	if (!word_in(h->state, "offered late"))
		cmd_refuse(c, 409, "state", NULL, "%s is %s", h->number, h->state);
	else if (h->passed_to[0] != '\0')
		cmd_refuse(c, 409, "state", NULL, "%s went on in H-%lld", h->number,
		           (long long)db_int(c->db, 0, "SELECT number FROM handovers WHERE id = ?", Q(h->passed_to)));
	else if (c->who->user[0] == '\0')
		cmd_refuse(c, 422, "invalid", NULL, "only a person takes work over");
	else if (!list_has(h->crew, c->who->user) && (strcmp(c->who->role, "lead") != 0 || strcmp(h->from_lead, c->who->user) == 0))
		cmd_refuse(c, 403, "forbidden", NULL, "only the next crew, or a lead who does not give");
	if (!cmd_failed(c))
		return true;
	handover_fini(h);
	return false;
}

static void
take(struct cmd *c)
{
	const json_t *items = named_items(c);
	struct handover_now h;

	if (cmd_failed(c) || !load_to_take(c, &h))
		return;
	if (each_item(c, &h, "open refused late", items, accept_item) == 0 && items != NULL)
		cmd_refuse(c, 409, "state", "items", "none of them waits");
	db_run(c->db, "UPDATE handovers SET ended_by = ?, ended_seq = ? WHERE id = ?", Q(c->who->user), Q(c->seq), Q(h.id));
	end_if_done(c, &h);
	handover_fini(&h);
}

static void
turn_down(struct cmd *c)
{
	const char *reason = arg_need(c, "reason", WORDS_MAX);
	const json_t *items = named_items(c);
	struct handover_now h;
	size_t n;

	if (cmd_failed(c) || !load_to_take(c, &h))
		return;
	n = each_item(c, &h, "open", items, refuse_item);
	if (n == 0) {
		cmd_refuse(c, 409, "state", "items", "none of them waits");
	} else {
		auto_free char *ja = x_asprintf("引き継ぎ %s の %zu 件が断られました：%.*s", h.number, n, text_clip(reason, 200), reason);
		auto_free char *en = x_asprintf("%zu item%s of hand-over %s refused: %.*s", n, n == 1 ? "" : "s", h.number, text_clip(reason, 200), reason);

		alarm_raise_for(c, &(struct alarm){ .kind = "handover_refused", .key = h.id, .level = "warning", .owner = h.from_lead[0] != '\0' ? h.from_lead : NULL }, ja, en);
	}
	handover_fini(&h);
}

void
cmd_handover_words(struct cmd *c)
{
	cmd_as(c, "analyst lead", give_words);
}

void
cmd_handover_offer(struct cmd *c)
{
	cmd_as(c, "analyst lead", give);
}

void
cmd_handover_accept(struct cmd *c)
{
	cmd_as(c, "analyst lead", take);
}

void
cmd_handover_refuse(struct cmd *c)
{
	cmd_as(c, "analyst lead", turn_down);
}

/* ---- time ---- */

static bool
load_due(struct cmd *c, const char *ref, struct handover_now *h)
{
	bool known = db_int(c->db, 0, "SELECT 1 FROM handovers WHERE id = ?", Q(ref)) != 0;

	return known && handover_load(c, ref, h);
}

/* What was drafted as somebody's may be another's by now. */
static void
look_at_owner(struct cmd *c, const struct handover_now *h, const struct item_now *it)
{
	auto_free char *owner = word_in(it->kind, "incident candidate task inquiry alarm") ? handover_owner(c->db, it->kind, it->ref) : NULL;

	if (owner != NULL)
		db_run(c->db, "UPDATE handover_items SET owner = ?, state = CASE WHEN ? THEN 'kept' ELSE state END WHERE handover = ? AND n = ?", Q(owner),
		       Q((int64_t)list_has(h->crew, owner)), Q(h->id), Q(it->n));
}

void
handover_pass_earlier(struct cmd *c, const struct handover_now *h)
{
	static const char which[] = "SELECT id, 'H-' || number FROM handovers WHERE roster = ? AND id <> ? AND at < ? AND state IN ('draft','offered','late') AND passed_to IS NULL ORDER BY number";
	struct rows r = db_query(c->db, which, Q(h->roster), Q(h->id), Q(h->at));

	while (rows_next(&r)) {
		auto_free char *id = x_strdup(row_str(&r, 0)), *number = x_strdup(row_str(&r, 1));

		db_run(c->db, "UPDATE handovers SET state = 'late', passed_to = ?, ended_at = ? WHERE id = ?", Q(h->id), Q(c->now), Q(id));
		timer_drop(c, id);
		cmd_changed(c, "handover", id, NULL, number);
	}
}

/* The crew has changed.  What nobody signed is offered all the same, and told. */
void
handover_offer_due(struct cmd *c, const char *ref)
{
	struct handover_now h;

	if (!load_due(c, ref, &h))
		return;
	/* what happened since it was drafted or signed belongs to it too */
	if (word_in(h.state, "draft offered"))
		handover_gather(c, &h, strcmp(h.state, "offered") == 0);
	if (c->v >= HANDOVER_GOES_ON && h.roster[0] != '\0' && word_in(h.state, "draft offered")) {
		each_item(c, &h, "open refused", NULL, look_at_owner);
		handover_pass_earlier(c, &h);
	}
	if (strcmp(h.state, "draft") == 0) {
		auto_free char *ja = x_asprintf("引き継ぎ %s は、渡す側の署名がないまま交代の時刻になりました。", h.number);
		auto_free char *en = x_asprintf("Hand-over %s was not signed by the crew that gives when the crew changed.", h.number);

		db_run(c->db, "UPDATE handovers SET state = 'offered', offered_at = ? WHERE id = ?", Q(c->now), Q(h.id));
		if (db_int(c->db, 0, "SELECT 1 FROM handover_items WHERE handover = ? AND state = 'open'", Q(h.id)) != 0)
			alarm_raise_for(c, &(struct alarm){ .kind = "handover_unsigned", .key = h.id, .level = "warning", .owner = h.from_lead[0] != '\0' ? h.from_lead : NULL }, ja, en);
		snprintf(h.state, sizeof h.state, "offered");
	}
	if (strcmp(h.state, "offered") == 0) {
		start_waiting(c, &h);
		end_if_done(c, &h);
	}
	handover_fini(&h);
}

void
handover_take_over(struct cmd *c, const struct handover_now *h, const json_t *gone, const char *lead)
{
	struct rows r = db_query(c->db, "SELECT x.n, x.kind, x.ref, x.tenant FROM handover_items x WHERE x.handover = ? AND x.state IN ('open','refused','late') AND NOT (" HANDOVER_GONE
	                         ") ORDER BY x.n", Q(h->id));
	VEC(struct item_now) v = { 0 };

	while (rows_next(&r)) {
		auto_free char *owner = handover_owner(c->db, row_str(&r, 1), row_str(&r, 2));
		struct item_now it = { .n = row_int(&r, 0) };

		snprintf(it.kind, sizeof it.kind, "%s", row_str(&r, 1));
		snprintf(it.ref, sizeof it.ref, "%s", row_str(&r, 2));
		snprintf(it.tenant, sizeof it.tenant, "%s", row_str(&r, 3));
		snprintf(it.owner, sizeof it.owner, "%s", owner != NULL ? owner : "");
		if (owner == NULL || list_has(gone, owner))
			vec_push(&v, it);
	}
	for (size_t i = 0; i < v.n; i++) {
		pass_on(c, &v.v[i], lead);
		db_run(c->db, "UPDATE handover_items SET owner = ? WHERE handover = ? AND n = ?", Q(lead), Q(h->id), Q(v.v[i].n));
	}
	vec_fini(&v);
}

void
handover_offer_now(struct cmd *c, struct handover_now *h)
{
	db_run(c->db, "UPDATE handovers SET state = 'offered', offered_at = ? WHERE id = ?", Q(c->now), Q(h->id));
	snprintf(h->state, sizeof h->state, "offered");
	start_waiting(c, h);
	end_if_done(c, h);
}

/* The lead who is on duty for the item's tenant now, else the one it was meant for. */
static void
to_lead(struct cmd *c, const struct handover_now *h, const struct item_now *it)
{
	auto_free char *on = duty_lead(c->d, it->tenant, c->now);
	const char *lead = on != NULL ? on : h->to_lead[0] != '\0' ? h->to_lead : NULL;

	if (lead != NULL) {
		pass_on(c, it, lead);
		db_run(c->db, "UPDATE handover_items SET owner = ? WHERE handover = ? AND n = ?", Q(lead), Q(h->id), Q(it->n));
	}
	mark(c, h, it, "late", lead, NULL);
}

void
handover_late(struct cmd *c, const char *ref)
{
	auto_free char *owner = NULL, *ja = NULL, *en = NULL;
	struct handover_now h;
	size_t n;

	if (!load_due(c, ref, &h))
		return;
	if (json_is_true(json_object_get(json_object_get(c->args, "data"), "over")) && h.at > c->now)
		h.at = c->now; /* the clock was set back since: this timer was set when the crew had changed */
	drop_gone(c, &h);
	n = strcmp(h.state, "offered") == 0 ? each_item(c, &h, "open refused", NULL, to_lead) : 0;
	if (n == 0) {
		if (strcmp(h.state, "offered") == 0)
			end_if_done(c, &h);
		handover_fini(&h);
		return;
	}
	owner = duty_lead(c->d, json_string_value(json_array_get(h.tenants, 0)), c->now);
	ja = x_asprintf("引き継ぎ %s は時間内に受け取られませんでした。残る %zu 件は当番の責任者の担当です。", h.number, n);
	en = x_asprintf("Hand-over %s was not accepted in time. The lead on duty now has %zu open item%s.", h.number, n, n == 1 ? "" : "s");
	db_run(c->db, "UPDATE handovers SET state = 'late' WHERE id = ?", Q(h.id));
	alarm_raise_for(c, &(struct alarm){ .kind = "handover_late", .key = h.id, .level = "alarm", .owner = owner != NULL ? owner : h.to_lead }, ja, en);
	handover_fini(&h);
}
