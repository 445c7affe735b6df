/* SPDX-License-Identifier: Apache-2.0
 *
 * Minutes that are not the service's fault.  They make its own figure better, so nobody decides them alone:
 *
 *     proposed ──(another person approves)──▶ active ──(withdrawn)──▶ withdrawn
 *
 * The evidence is something that can be looked up: an inquiry or an incident of the tenant, or a time in which this service was there and heard nothing
 * from one of the tenant's collectors.  The customer hears of it when it begins to count, and can object with an inquiry about it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/hook_priv.h"
#include "desk/watch_priv.h"

#define BACK_MOST (62 * NS_PER_DAY) /* an exclusion belongs to a month that is not long over */
#define LONG NS_PER_DAY             /* longer than this needs words of its own */
#define WORDS_MAX 4000

struct exclusion_now {
	char id[32], tenant[32], state[12], made_by[64];
	int64_t from, to;
};

static bool
load(struct cmd *c, struct exclusion_now *ret)
{
	const char *id = arg_need(c, "id", 64);
	struct rows r = db_query(c->db, "SELECT id, tenant, state, made_by, from_at, to_at FROM exclusions WHERE id = ? AND withdrawn_at IS NULL", Q(id));

	if (cmd_failed(c) || !rows_next(&r) || !desk_sees(c->who, row_str(&r, 1))) {
		rows_close(&r);
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return false;
	}
	snprintf(ret->id, sizeof ret->id, "%s", row_str(&r, 0));
	snprintf(ret->tenant, sizeof ret->tenant, "%s", row_str(&r, 1));
	snprintf(ret->state, sizeof ret->state, "%s", row_str(&r, 2));
	snprintf(ret->made_by, sizeof ret->made_by, "%s", row_str(&r, 3));
	ret->from = row_int(&r, 4);
	ret->to = row_int(&r, 5);
	rows_close(&r);
	snprintf(c->tenant, sizeof c->tenant, "%s", ret->tenant);
	return true;
}

/* Somebody else was heard in every minute, so this service was there to hear. */
static bool
was_awake(struct cmd *c, const char *tenant, const char *lcp, int64_t first, int64_t last)
{
	struct rows r = db_query(c->db, "SELECT from_m, to_m FROM watch WHERE what IN ('beat', 'seen', 'login') AND NOT (tenant = ? AND lcp = ?) AND from_m <= ? AND to_m >= ?"
	                                " ORDER BY from_m", Q(tenant), Q(lcp), Q(last), Q(first));
	int64_t next = first; /* the first minute that nobody was heard in, so far */

	while (rows_next(&r))
		if (row_int(&r, 0) <= next && row_int(&r, 1) >= next)
			next = row_int(&r, 1) + 1;
	return next > last;
}

/* Nothing came from the collector in any whole minute of the span, though it had been there before. */
static bool
was_silent(struct cmd *c, const char *tenant, const char *lcp, int64_t from, int64_t to)
{
	int64_t first = (from + WATCH_MINUTE - 1) / WATCH_MINUTE, last = to / WATCH_MINUTE - 1;

	return first <= last && db_int(c->db, 0, "SELECT 1 FROM watch WHERE tenant = ? AND lcp = ? AND what = 'beat' AND from_m < ? LIMIT 1", Q(tenant), Q(lcp), Q(first)) != 0 &&
	       db_int(c->db, 0, "SELECT 1 FROM watch WHERE tenant = ? AND lcp = ? AND what IN ('beat', 'seen') AND from_m <= ? AND to_m >= ? LIMIT 1", Q(tenant), Q(lcp), Q(last),
	              Q(first)) == 0 && was_awake(c, tenant, lcp, first, last);
}

static bool
evidence_is_good(struct cmd *c, const char *tenant, const char *evidence, int64_t from, int64_t to)
{
	if (strncmp(evidence, "gap:", 4) == 0)
		return c->again || was_silent(c, tenant, evidence + 4, from, to); /* measured, not journalled: a replay cannot look */
	return db_int(c->db, 0, "SELECT 1 FROM inquiries WHERE ('Q-' || number) = ? AND tenant = ?", Q(evidence), Q(tenant)) != 0 ||
	       db_int(c->db, 0, "SELECT 1 FROM incidents WHERE id = ? AND tenant = ?", Q(evidence), Q(tenant)) != 0;
}

static void
add(struct cmd *c)
{
	const char *tenant = upkeep_tenant(c, true), *reason = arg_need(c, "reason", 1000), *evidence = arg_need(c, "evidence", 4000), *words = arg_str(c, "words", WORDS_MAX);
	int64_t from = upkeep_time(c, "from"), to = upkeep_time(c, "to");
	char id[27];

	if (!cmd_failed(c) && (to <= from || to > c->now || from < c->now - BACK_MOST))
		cmd_refuse(c, 422, "invalid", "from", "a span of the last 62 days that is over");
	if (!cmd_failed(c) && c->v >= 3 && !evidence_is_good(c, tenant, evidence, from, to))
		cmd_refuse(c, 422, "invalid", "evidence",
		           "an inquiry (Q-12) or an incident of this tenant, or gap:COLLECTOR for a time in which nothing came from that collector");
	if (!cmd_failed(c) && c->v >= 3 && to - from > LONG && (words == NULL || words[0] == '\0'))
		cmd_refuse(c, 422, "invalid", "words", "more than 24 hours: say why so long");
	if (cmd_failed(c))
		return;
	cmd_new_id(c, id);
	db_run(c->db, "INSERT INTO exclusions(id, tenant, from_at, to_at, reason, evidence, words, state, made_at, made_by) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", Q(id), Q(tenant),
	       Q(from), Q(to), Q(reason), Q(evidence), Q(words != NULL ? words : ""), Q(c->v >= 3 ? "proposed" : "active"), Q(c->now), Q(c->who->user));
	upkeep_made(c, "exclusion", id, tenant);
}

void
cmd_exclusion_add(struct cmd *c)
{
	cmd_as(c, "lead", add);
}

static void
tell(struct cmd *c, const struct exclusion_now *n, bool over)
{
	auto_free char *zone = db_text(c->db, "SELECT zone FROM tenants WHERE id = ?", Q(n->tenant)), *reason = db_text(c->db, "SELECT reason FROM exclusions WHERE id = ?", Q(n->id));
	auto_free char *evidence = db_text(c->db, "SELECT evidence FROM exclusions WHERE id = ?", Q(n->id)), *words = db_text(c->db, "SELECT words FROM exclusions WHERE id = ?", Q(n->id));
	auto_free char *key = x_asprintf("exclusion/%s/%s", n->id, over ? "over" : "active"), *path = x_asprintf("/portal/inquiries/new?exclusion=%s", n->id);
	char from[24], to[24];

	upkeep_clock(zone, n->from, from);
	upkeep_clock(zone, n->to, to);
	auto_free char *ja = x_asprintf(over ? "%s から %s まで（%s）の除外を取り消しました。この時間は可用性の計算に含めます。\n理由：%s\n根拠：%s%s%s"
	                                     : "%s から %s まで（%s）をお客様側の事情による時間とし、可用性の計算から除外しました。\n理由：%s\n根拠：%s%s%s\n異議があるときは、下のリンクからお知らせください。",
	                                from, to, zone, reason, evidence, words[0] != '\0' ? "\n補足：" : "", words);
	auto_free char *en = x_asprintf(over ? "The exclusion from %s to %s (%s) was withdrawn: these minutes count again.\nReason: %s\nEvidence: %s%s%s"
	                                     : "The time from %s to %s (%s) is left out of the availability, as caused on your side.\nReason: %s\nEvidence: %s%s%s\nIf you do not agree, tell us with the link below.",
	                                from, to, zone, reason, evidence, words[0] != '\0' ? "\nMore: " : "", words);

	outbox_words(c, &(struct word_mail){ key, over ? "可用性の除外を取り消しました" : "可用性の計算から除外した時間があります", over ? "An exclusion was withdrawn" : "Minutes were left out of the availability", ja,
	                                     en, path });
}

static void
approve(struct cmd *c)
{
	struct exclusion_now n;

	if (!load(c, &n))
		return;
	if (strcmp(n.state, "proposed") != 0) {
		cmd_refuse(c, 409, "state", NULL, "it is %s", n.state);
		return;
	}
	if (c->who->user[0] == '\0' || strcmp(c->who->user, n.made_by) == 0) {
		cmd_refuse(c, 403, "forbidden", NULL, "another person has to approve");
		return;
	}
	db_run(c->db, "UPDATE exclusions SET state = 'active', approved_at = ?, approved_by = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(n.id));
	tell(c, &n, false);
	upkeep_made(c, "exclusion", n.id, n.tenant);
}

void
cmd_exclusion_approve(struct cmd *c)
{
	cmd_as(c, "lead engineer", approve);
}

/* A proposed one is refused by it, an active one counts no more. */
void
cmd_exclusion_withdraw(struct cmd *c)
{
	struct exclusion_now n;

	if (!load(c, &n))
		return;
	db_run(c->db, "UPDATE exclusions SET state = 'withdrawn', withdrawn_at = ?, withdrawn_by = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(n.id));
	if (c->v >= 3 && strcmp(n.state, "active") == 0)
		tell(c, &n, true);
	upkeep_made(c, "exclusion", n.id, n.tenant);
}

/* ---- question ---- */

static json_t *
objections(struct db *db, const char *id)
{
	struct rows r = db_query(db, "SELECT 'Q-' || number FROM inquiries WHERE exclusion = ? ORDER BY number", Q(id));
	json_t *list = json_array();

	while (rows_next(&r))
		json_array_append_new(list, json_string(row_str(&r, 0)));
	return list;
}

json_t *
ask_exclusion_list(struct ask *a)
{
	const char *tenant = ask_tenant(a);
	json_t *list, *v;
	struct rows r;
	size_t i;

	if (a->status != 0)
		return NULL;
	r = db_query(a->db, "SELECT id, tenant, from_at AS \"from:t\", to_at AS \"to:t\", reason, evidence, words, state, made_at AS \"made_at:t\", made_by, approved_at AS"
	                    " \"approved_at:t\", approved_by, withdrawn_at AS \"withdrawn_at:t\" FROM exclusions WHERE (? IS NULL OR tenant = ?) ORDER BY from_at DESC LIMIT 200", Q(tenant),
	             Q(tenant));
	list = upkeep_seen(a, &r);
	json_array_foreach(json_object_get(list, "items"), i, v) {
		json_object_set_new(v, "made_by", person(a->db, json_string_value(json_object_get(v, "made_by"))));
		json_object_set_new(v, "approved_by", person(a->db, json_string_value(json_object_get(v, "approved_by"))));
		json_object_set_new(v, "inquiries", objections(a->db, json_string_value(json_object_get(v, "id"))));
	}
	return list;
}
