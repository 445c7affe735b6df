/* SPDX-License-Identifier: Apache-2.0
 *
 * Exceptions: what is known and need not be looked at again, written down with an end.
 *
 *     proposed ──(a lead or engineer who did not write it)──▶ active ──(its time, by a timer row)──▶ expired
 *        └──▶ refused                                            └──(anybody of the desk)──▶ ended
 *
 * Scope: one tenant, a rule, and conditions that all hold: a host, user, address, domain … or a network, by
 * the same reading of values that grouping uses.  A detection in scope becomes no candidate; it is kept as a
 * row of `hidden`, counted for the exception and for the day.  The time is looked at in the match as well: a
 * late timer hides nothing.  The tenant sees every exception with its count and samples.
 *
 * An exception that would have hidden detections of an incident of the last 30 days is approved only when the
 * approver says so (`anyway`).
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/device_priv.h"
#include "desk/exception_priv.h"
#include "desk/hook_priv.h"

#define LIFE_MAX (366 * NS_PER_DAY)
#define CONDITIONS_MAX 8
#define LOOK_BACK (30 * NS_PER_DAY)
#define LOOK_ROWS 5000
#define SAMPLES 10

/* ---- does it hide? ---- */

static bool
is_net(const json_t *cond)
{
	return strcmp(json_string_value(json_object_get(cond, "kind")) ?: "", "net") == 0;
}

static bool
in_net(const char *net, const struct entity *e)
{
	struct ip base, ip;
	unsigned bits;

	return ip_parse_cidr(slice_str(net), &base, &bits) && ip_parse(slice_str(e->shown), &ip) && ip_in(&ip, &base, bits);
}

static bool
condition_holds(const json_t *cond, const json_t *tenant_doc, const struct entity *e, size_t n)
{
	const char *value = json_string_value(json_object_get(cond, "value")), *role = json_string_value(json_object_get(cond, "role"));
	struct entity want = { 0 };

	if (value == NULL || (!is_net(cond) && !entity_read(cond, tenant_doc, &want)))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (role != NULL && strcmp(role, e[i].role) != 0)
			continue;
		if (is_net(cond) ? in_net(value, &e[i]) : strcmp(want.kind, e[i].kind) == 0 && strcmp(want.value, e[i].value) == 0)
			return true;
	}
	return false;
}

static bool
conditions_hold(struct slice text, const json_t *tenant_doc, const struct entity *e, size_t n)
{
	json_t *list = json_loadb(text.p, text.n, 0, NULL);
	const json_t *cond;
	bool all = json_is_array(list);
	size_t i;

	json_array_foreach(list, i, cond)
		all = all && condition_holds(cond, tenant_doc, e, n);
	json_decref(list);
	return all;
}

static void
keep_hidden(struct cmd *c, const char *exception, const json_t *d, int64_t at, int64_t count)
{
	const json_t *rule = json_object_get(d, "rule");
	auto_free char *doc = json_text(d);
	char id[27];

	cmd_new_id(c, id);
	db_run(c->db, "INSERT INTO hidden(key, id, tenant, exception, rule_id, rule_name, at, added_at, count, doc) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	       Q(json_string_value(json_object_get(d, "key"))), Q(id), Q(c->tenant), Q(exception), Q(json_string_value(json_object_get(rule, "id"))),
	       Q(json_string_value(json_object_get(rule, "name")) ?: ""), Q(at), Q(c->now), Q(count), Q(doc));
	db_run(c->db, "UPDATE exceptions SET detections = detections + 1, events = events + ?, last_at = max(coalesce(last_at, 0), ?) WHERE id = ?", Q(count), Q(at),
	       Q(exception));
	day_count(c, c->tenant, "hidden", 1);
	cmd_changed(c, "exception", exception, c->tenant, NULL);
}

bool
exception_hides(struct cmd *c, const json_t *d, const json_t *tenant_doc, const struct entity *e, size_t n, int64_t at, int64_t count)
{
	const char *rule = json_string_value(json_object_get(json_object_get(d, "rule"), "id"));
	struct rows r = db_query(c->db,
	                         "SELECT id, conditions FROM exceptions WHERE tenant = ? AND state = 'active' AND expires_at > ? AND (rule IS NULL OR rule = ?)"
	                         " ORDER BY number",
	                         Q(c->tenant), Q(c->now), Q(rule));
	char id[32] = "";

	while (id[0] == '\0' && rows_next(&r))
		if (conditions_hold(row_text(&r, 1), tenant_doc, e, n))
			snprintf(id, sizeof id, "%s", row_str(&r, 0));
	rows_close(&r);
	if (id[0] != '\0')
		keep_hidden(c, id, d, at, count);
	return id[0] != '\0';
}

/* ---- what it would have hidden ---- */

struct look_back {
	int64_t detections;
	bool cut;          /* more than LOOK_ROWS: only the newest were looked at */
	json_t *incidents; /* numbers */
};

static void
look_at(struct look_back *ret, json_t *seen, struct slice doc, const char *incident, const char *conditions, const json_t *tenant_doc)
{
	json_t *d = json_loadb(doc.p, doc.n, 0, NULL);
	struct entity e[ENTITIES_MAX];
	size_t n = entities_read(d, tenant_doc, e, ENTITIES_MAX);

	if (conditions_hold(slice_str(conditions), tenant_doc, e, n)) {
		ret->detections++;
		if (incident != NULL)
			json_object_set_new(seen, incident, json_true());
	}
	json_decref(d);
}

/* What a scope would have hidden in the last 30 days; rule NULL = every rule. */
static void
look_back(struct db *db, const char *tenant, const char *rule, const char *conditions, int64_t now, struct look_back *ret)
{
	auto_free char *doc = db_text(db, "SELECT doc FROM tenants WHERE id = ?", Q(tenant));
	json_t *tenant_doc = doc != NULL ? json_loads(doc, 0, NULL) : NULL, *seen = json_object(), *v;
	struct rows r = db_query(db,
	                         "SELECT d.doc, i.id FROM detections d JOIN candidates c ON c.id = d.candidate LEFT JOIN incidents i ON i.candidate = c.id WHERE"
	                         " d.tenant = ? AND (? IS NULL OR d.rule_id = ?) AND d.added_at > ? ORDER BY d.added_at DESC, d.id LIMIT ?",
	                         Q(tenant), Q(rule), Q(rule), Q(now - LOOK_BACK), Q((int64_t)LOOK_ROWS + 1));
	const char *key;
	int64_t rows = 0;

	*ret = (struct look_back){ .incidents = json_array() };
	while (rows_next(&r))
		if (rows++ < LOOK_ROWS)
			look_at(ret, seen, row_text(&r, 0), row_str(&r, 1), conditions, tenant_doc);
	ret->cut = rows > LOOK_ROWS;
	json_object_foreach(seen, key, v)
		json_array_append_new(ret->incidents, json_string(key));
	json_decref(seen);
	json_decref(tenant_doc);
}

static void
look_back_of(struct db *db, const char *exception, int64_t now, struct look_back *ret)
{
	auto_free char *tenant = db_text(db, "SELECT tenant FROM exceptions WHERE id = ?", Q(exception)), *rule = db_text(db, "SELECT rule FROM exceptions WHERE id = ?", Q(exception));
	auto_free char *conditions = db_text(db, "SELECT conditions FROM exceptions WHERE id = ?", Q(exception));

	look_back(db, tenant, rule, conditions, now, ret);
}

/* Takes what it shows. */
static json_t *
look_back_json(const struct look_back *l)
{
	return json_pack("{s:i, s:I, s:b, s:o}", "days", 30, "detections", (json_int_t)l->detections, "cut", l->cut, "incidents", l->incidents);
}

/* ---- commands ---- */

/* wide: a network that is half the Internet will do (journals of before have such). */
static bool
condition_is_good(const json_t *cond, bool wide)
{
	const char *value = json_string_value(json_object_get(cond, "value")), *role = json_string_value(json_object_get(cond, "role"));
	struct entity e;
	struct ip net;
	unsigned bits;

	if (value == NULL || strlen(value) > 255 || (role != NULL && !word_in(role, "source destination subject target")))
		return false;
	return is_net(cond) ? ip_parse_cidr(slice_str(value), &net, &bits) && (wide || !net_is_wide(&net, bits)) : entity_read(cond, NULL, &e);
}

/* NULL, or what is wrong with the list; a missing one is fine. ret: for the message. */
static const char *
conditions_fault(const json_t *list, bool wide, char *ret, size_t n)
{
	const json_t *cond;
	size_t i;

	if (list != NULL && (!json_is_array(list) || json_array_size(list) > CONDITIONS_MAX)) {
		snprintf(ret, n, "wanted at most %d", CONDITIONS_MAX);
		return ret;
	}
	json_array_foreach(list, i, cond)
		if (!condition_is_good(cond, wide)) {
			snprintf(ret, n, "number %zu: wanted kind host, user, ip, domain, hash, process, url or net (at least /8, of v6 /16), and a value of it", i + 1);
			return ret;
		}
	return NULL;
}

static const json_t *
read_conditions(struct cmd *c)
{
	const json_t *list = json_object_get(c->args, "conditions");
	char why[200];

	if (conditions_fault(list, c->v < 3, why, sizeof why) != NULL)
		cmd_refuse(c, 422, "invalid", "conditions", "%s", why);
	return list;
}

static int64_t
read_expiry(struct cmd *c)
{
	const char *text = arg_need(c, "expires_at", 40);
	int64_t at = 0;

	if (!cmd_failed(c) && (time_parse_rfc3339(slice_str(text), &at) != 0 || at <= c->now || at > c->now + LIFE_MAX))
		cmd_refuse(c, 422, "invalid", "expires_at", "wanted a time within the next 366 days");
	return at;
}

void
cmd_exception_add(struct cmd *c)
{
	const char *tenant = arg_need(c, "tenant", 31), *rule = arg_str(c, "rule", 128), *reason = arg_need(c, "reason", 2000), *lang = arg_lang(c);
	const char *owner = arg_str(c, "owner", 64);
	const json_t *list = read_conditions(c);
	int64_t expires = read_expiry(c);
	auto_free char *conditions = list != NULL ? json_text(list) : x_strdup("[]"), *person = NULL;
	char id[27];

	if (cmd_failed(c))
		return;
	if (!desk_sees(c->who, tenant) || db_int(c->db, 0, "SELECT 1 FROM tenants WHERE id = ?", Q(tenant)) == 0) {
		cmd_refuse(c, 404, "not_found", "tenant", "%s", "");
		return;
	}
	if (rule == NULL && json_array_size(list) == 0)
		cmd_refuse(c, 422, "invalid", "rule", "a rule, or a condition: never everything");
	person = db_text(c->db, "SELECT id FROM users WHERE (id = ? OR login = ?) AND role IN ('analyst','lead','engineer') AND disabled = 0",
	                 Q(owner != NULL ? owner : c->who->user), Q(owner != NULL ? owner : c->who->user));
	if (person == NULL)
		cmd_refuse(c, 422, "invalid", "owner", "wanted an analyst, a lead or an engineer who answers for it");
	if (cmd_failed(c))
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	cmd_new_id(c, id);
	db_run(c->db,
	       "INSERT INTO exceptions(id, number, tenant, rule, conditions, reason, lang, owner, state, made_at, made_by, expires_at, detections, events)"
	       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, 'proposed', ?, ?, ?, 0, 0)",
	       Q(id), Q(cmd_count(c, "exception")), Q(tenant), Q(rule), Q(conditions), Q(reason), Q(lang), Q(person), Q(c->now), Q(c->who->user), Q(expires));
	timer_set(c, "exception.over", id, expires, 0);
	snprintf(c->noun, sizeof c->noun, "exception");
	snprintf(c->id, sizeof c->id, "%s", id);
	cmd_changed(c, "exception", id, tenant, NULL);
}

struct exception_now {
	char id[32], tenant[32], state[16], made_by[32], number[24];
};

static bool
load(struct cmd *c, struct exception_now *ret)
{
	const char *id = arg_need(c, "id", 64);
	struct rows r = db_query(c->db, "SELECT id, tenant, state, made_by, number FROM exceptions WHERE id = ? OR ('X-' || number) = ?", Q(id), Q(id));
	struct exception_now n;

	if (cmd_failed(c) || !rows_next(&r) || !desk_sees(c->who, row_str(&r, 1))) {
		rows_close(&r);
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return false;
	}
	snprintf(n.id, sizeof n.id, "%s", row_str(&r, 0));
	snprintf(n.tenant, sizeof n.tenant, "%s", row_str(&r, 1));
	snprintf(n.state, sizeof n.state, "%s", row_str(&r, 2));
	snprintf(n.made_by, sizeof n.made_by, "%s", row_str(&r, 3));
	snprintf(n.number, sizeof n.number, "X-%lld", (long long)row_int(&r, 4));
	rows_close(&r);
	*ret = n;
	snprintf(c->tenant, sizeof c->tenant, "%s", n.tenant);
	snprintf(c->noun, sizeof c->noun, "exception");
	snprintf(c->id, sizeof c->id, "%s", n.id);
	cmd_changed(c, "exception", n.id, n.tenant, n.number);
	return true;
}

static void
approve(struct cmd *c)
{
	struct exception_now n;
	struct look_back seen;

	if (!load(c, &n))
		return;
	if (strcmp(n.state, "proposed") != 0) {
		cmd_refuse(c, 409, "state", NULL, "%s is %s", n.number, n.state);
		return;
	}
	if (c->who->user[0] == '\0' || strcmp(c->who->user, n.made_by) == 0) {
		cmd_refuse(c, 403, "forbidden", NULL, "another person has to approve");
		return;
	}
	look_back_of(c->db, n.id, c->now, &seen);
	if (json_array_size(seen.incidents) != 0 && !arg_bool(c, "anyway", false)) {
		c->more = json_pack("{s:O}", "incidents", seen.incidents);
		cmd_refuse(c, 409, "state", "anyway", "it would have hidden detections of %zu incidents of the last 30 days", json_array_size(seen.incidents));
	}
	json_decref(seen.incidents);
	db_run(c->db, "UPDATE exceptions SET state = 'active', approved_at = ?, approved_by = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(n.id));
	hook_exception(c, "exception.started", n.id);
}

void
cmd_exception_approve(struct cmd *c)
{
	cmd_as(c, "lead engineer", approve);
}

/* The tenant hears that what was hidden becomes candidates again. */
static void
tell_end(struct cmd *c, const char *id, const char *why_ja, const char *why_en)
{
	struct rows r = db_query(c->db, "SELECT number, reason, detections, end_reason FROM exceptions WHERE id = ?", Q(id));
	auto_free char *ja = NULL, *en = NULL, *key = NULL;

	hook_exception(c, "exception.ended", id);
	if (!rows_next(&r))
		return;
	auto_free char *reason = clean_text(row_str(&r, 1), 2000), *end = clean_text(row_str(&r, 3) != NULL ? row_str(&r, 3) : "", 2000);

	ja = x_asprintf("例外 X-%lld は%s。隠した検知は %lld 件です。以後、同じ検知は候補として分析します。\n例外の理由：%s%s%s", (long long)row_int(&r, 0), why_ja, (long long)row_int(&r, 2), reason,
	                end[0] != '\0' ? "\n終了の理由：" : "", end);
	en = x_asprintf("Exception X-%lld %s. It hid %lld detections. From now on such detections are looked at as candidates.\nReason of the exception: %s%s%s", (long long)row_int(&r, 0), why_en,
	                (long long)row_int(&r, 2), reason, end[0] != '\0' ? "\nWhy it ended: " : "", end);
	key = x_asprintf("exception/%s/ended", id);
	rows_close(&r);
	outbox_words(c, &(struct word_mail){ key, "例外が終わりました", "An exception has ended", ja, en, "/portal/" });
}

void
cmd_exception_end(struct cmd *c)
{
	const char *text = arg_str(c, "text", 2000);
	struct exception_now n;

	if (cmd_failed(c) || !load(c, &n))
		return;
	if (!word_in(n.state, "proposed active")) {
		cmd_refuse(c, 409, "state", NULL, "%s is %s", n.number, n.state);
		return;
	}
	db_run(c->db, "UPDATE exceptions SET state = ?, ended_at = ?, ended_by = ?, end_reason = ? WHERE id = ?",
	       Q(strcmp(n.state, "active") == 0 ? "ended" : "refused"), Q(c->now), Q(c->who->user), Q(text), Q(n.id));
	timer_drop(c, n.id);
	if (strcmp(n.state, "active") == 0)
		tell_end(c, n.id, "終了しました", "was ended");
}

void
exception_over(struct cmd *c, const char *id)
{
	auto_free char *tenant = db_text(c->db, "SELECT tenant FROM exceptions WHERE id = ? AND state IN ('proposed','active')", Q(id));
	int64_t number = db_int(c->db, 0, "SELECT number FROM exceptions WHERE id = ?", Q(id)), n = db_int(c->db, 0, "SELECT detections FROM exceptions WHERE id = ?", Q(id));
	int64_t approved = db_int(c->db, 0, "SELECT approved_at IS NOT NULL FROM exceptions WHERE id = ?", Q(id));
	auto_free char *ja = x_asprintf("例外 X-%lld の期限が切れました（隠した検知 %lld 件）。以後は候補になります。", (long long)number, (long long)n);
	auto_free char *en = x_asprintf("Exception X-%lld has expired (it hid %lld detections). From now on they become candidates.", (long long)number, (long long)n);

	if (tenant == NULL)
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	db_run(c->db, "UPDATE exceptions SET state = 'expired', ended_at = ? WHERE id = ?", Q(c->now), Q(id));
	if (approved != 0)
		tell_end(c, id, "期限が切れました", "has expired");
	alarm_raise(c, "exception_expired", id, "warning", tenant, NULL, ja, en);
	cmd_changed(c, "exception", id, tenant, NULL);
}

/* ---- questions ---- */

#define COLUMNS                                                                                                                \
	"x.id, 'X-' || x.number AS number, x.tenant, x.rule, (SELECT rule_name FROM hidden h WHERE h.exception = x.id LIMIT 1) AS rule_name,"      \
	" x.conditions AS \"conditions:j\", x.reason, x.lang, x.owner, x.state, x.made_at AS \"made_at:t\", x.made_by, x.approved_at AS"           \
	" \"approved_at:t\", x.approved_by, x.expires_at AS \"expires_at:t\", x.ended_at AS \"ended_at:t\", x.ended_by, x.end_reason,"             \
	" x.detections, x.events, x.last_at AS \"last_at:t\""

static json_t *
exception_row(struct db *db, struct rows *r)
{
	json_t *o = row_json(r);

	json_object_set_new(o, "tenant", tenant_ref(db, row_str(r, 2)));
	json_object_set_new(o, "owner", person(db, row_str(r, 8)));
	json_object_set_new(o, "made_by", person(db, row_str(r, 11)));
	json_object_set_new(o, "approved_by", person(db, row_str(r, 13)));
	json_object_set_new(o, "ended_by", person(db, row_str(r, 16)));
	return o;
}

json_t *
ask_exception_list(struct ask *a)
{
	const char *tenant = ask_tenant(a), *state = ask_str(a, "state");
	json_t *items = json_array();
	struct rows r;

	if (a->status != 0) {
		json_decref(items);
		return NULL;
	}
	r = db_query(a->db, "SELECT " COLUMNS " FROM exceptions x WHERE (? IS NULL OR x.tenant = ?) AND (? IS NULL OR x.state = ?) ORDER BY x.number DESC LIMIT 500",
	             Q(tenant), Q(tenant), Q(state), Q(state));
	while (rows_next(&r))
		if (desk_sees(a->who, row_str(&r, 2)))
			json_array_append_new(items, exception_row(a->db, &r));
	return json_pack("{s:o}", "items", items);
}

static json_t *
samples_of(struct db *db, const char *id)
{
	struct rows r = db_query(db, "SELECT at AS \"at:t\", rule_name AS rule, count, doc FROM hidden WHERE exception = ? ORDER BY added_at DESC, at DESC, id LIMIT ?", Q(id),
	                         Q((int64_t)SAMPLES));
	json_t *a = json_array(), *o, *doc;

	while (rows_next(&r)) {
		o = row_json(&r);
		doc = json_loadb(row_text(&r, 3).p, row_text(&r, 3).n, 0, NULL);
		json_object_del(o, "doc");
		json_object_set_new(o, "device", json_string(json_string_value(json_object_get(doc, "device")) ?: ""));
		json_object_set_new(o, "line", json_incref(json_object_get(doc, "line") != NULL ? json_object_get(doc, "line") : json_null()));
		json_decref(doc);
		json_array_append_new(a, o);
	}
	return a;
}

json_t *
ask_exception_show(struct ask *a)
{
	const char *id = ask_str(a, "id");
	struct rows r = db_query(a->db, "SELECT " COLUMNS " FROM exceptions x WHERE x.id = ? OR ('X-' || x.number) = ?", Q(id), Q(id));
	struct look_back seen;
	json_t *o;

	if (!rows_next(&r) || !desk_sees(a->who, row_str(&r, 2))) {
		rows_close(&r);
		return NULL;
	}
	o = exception_row(a->db, &r);
	json_object_set_new(o, "samples", samples_of(a->db, row_str(&r, 0)));
	if (!a->customer && strcmp(row_str(&r, 9), "proposed") == 0) {
		look_back_of(a->db, row_str(&r, 0), a->now, &seen);
		json_object_set_new(o, "would_hide", look_back_json(&seen));
	}
	rows_close(&r);
	return o;
}

/* The body of exception.add as far as it is filled in; nothing is written down. */
json_t *
ask_exception_preview(struct ask *a)
{
	const json_t *list = json_object_get(a->args, "conditions");
	const char *tenant = ask_str(a, "tenant"), *rule = ask_str(a, "rule");
	auto_free char *conditions = json_is_array(list) ? json_text(list) : x_strdup("[]");
	struct look_back seen;
	char why[200];

	if (tenant == NULL || !desk_sees(a->who, tenant) || db_int(a->db, 0, "SELECT 1 FROM tenants WHERE id = ?", Q(tenant)) == 0)
		return ask_no(a, 404, "not_found", "tenant");
	if (conditions_fault(list, false, why, sizeof why) != NULL)
		return ask_no(a, 422, "invalid", "conditions");
	if (rule == NULL && json_array_size(list) == 0)
		return ask_no(a, 422, "invalid", "rule");
	look_back(a->db, tenant, rule, conditions, a->now, &seen);
	return look_back_json(&seen);
}
