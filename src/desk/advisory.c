/* SPDX-License-Identifier: Apache-2.0
 *
 * Advisories: no incident here, but danger in the world.  Written once in both languages.
 *
 *     draft ──(another analyst or lead)──▶ approved ──▶ sent to the tenants concerned ──▶ read, by whom and when
 *       ▲ any change makes it a draft again ──┘             └──▶ withdrawn
 *
 * Concerned is a tenant that has a device of one of the products or an asset with one of the CVEs (advisory_match.c), in
 * whose logs an indicator was seen, or that somebody chose.  For each tenant the store is asked how often the indicators
 * were seen in 92 days, by device: before it is sent, and every day after it for another 92.  The answers are measurements
 * and come in by a command of the service (advisory.counted), like the devices and assets that a command brings along in
 * its arguments: a replay has no store to ask.  An answer says when its question was put (asked_at): one to an older
 * question than the present one is none.
 */
#include "desk/advisory_priv.h"

#include <stdio.h>
#include <stdlib.h>

static void
about(struct cmd *c, const char *id)
{
	struct rows r = db_query(c->db, "SELECT tenant FROM advisory_tenants WHERE advisory = ? AND sent_at IS NOT NULL", Q(id));

	snprintf(c->noun, sizeof c->noun, "advisory");
	snprintf(c->id, sizeof c->id, "%s", id);
	db_run(c->db, "UPDATE advisories SET updated_at = ? WHERE id = ?", Q(c->now), Q(id));
	while (rows_next(&r)) {
		auto_free char *each = x_asprintf("%s/%s", id, row_str(&r, 0));

		cmd_changed(c, "advisory", each, row_str(&r, 0), NULL);
	}
	cmd_changed(c, "advisory", id, NULL, NULL);
}

static bool
load(struct cmd *c, struct advisory_now *ret)
{
	const char *id = arg_need(c, "id", 64);
	struct rows r = db_query(c->db, "SELECT id, state, made_by, number FROM advisories WHERE id = ? OR ('A-' || number) = ?", Q(id), Q(id));
	struct advisory_now n;

	if (cmd_failed(c) || !rows_next(&r)) {
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return false;
	}
	snprintf(n.id, sizeof n.id, "%s", row_str(&r, 0));
	snprintf(n.state, sizeof n.state, "%s", row_str(&r, 1));
	snprintf(n.made_by, sizeof n.made_by, "%s", row_str(&r, 2));
	snprintf(n.number, sizeof n.number, "A-%lld", (long long)row_int(&r, 3));
	rows_close(&r);
	*ret = n;
	about(c, n.id);
	return true;
}

static bool
is_in(struct cmd *c, const struct advisory_now *n, const char *states)
{
	if (word_in(n->state, states))
		return true;
	cmd_refuse(c, 409, "state", NULL, "%s is %s", n->number, n->state);
	return false;
}

/* ---- what it says ---- */

/* Array of at most ADVISORY_VALUES; NULL, perhaps refused, when it is none or absent. */
static const json_t *
list_arg(struct cmd *c, const char *field)
{
	const json_t *list = json_object_get(c->args, field);

	if (list != NULL && (!json_is_array(list) || json_array_size(list) > ADVISORY_VALUES)) {
		cmd_refuse(c, 422, "invalid", field, "wanted at most %d", ADVISORY_VALUES);
		return NULL;
	}
	return list;
}

/* A name as people write it: fortinet.fortigate, apache httpd 2.4.49. */
static bool
product_is_good(const char *s)
{
	if (s == NULL || strlen(s) > PRODUCT_MAX || slice_trim(slice_str(s)).n != strlen(s) || s[0] == '\0' || strcmp(s, "..") == 0)
		return false;
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return true;
}

static void
check_products(struct cmd *c)
{
	const json_t *list = list_arg(c, "products"), *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (!product_is_good(json_string_value(v)))
			cmd_refuse(c, 422, "invalid", "products", "number %zu: wanted a source such as fortinet.fortigate, or a name such as apache httpd 2.4.49, at most %d bytes", i + 1, PRODUCT_MAX);
}

static void
cve_put(struct cmd *c, json_t *cves, const char *value, const char *field, size_t number)
{
	char cve[CVE_MAX];
	const json_t *v;
	size_t i;

	if (value == NULL || !cve_fold(value, cve)) {
		cmd_refuse(c, 422, "invalid", field, "number %zu: wanted a CVE such as CVE-2021-44228", number);
		return;
	}
	json_array_foreach(cves, i, v)
		if (strcmp(json_string_value(v), cve) == 0)
			return;
	json_array_append_new(cves, json_string(cve));
	if (json_array_size(cves) > ADVISORY_VALUES)
		cmd_refuse(c, 422, "invalid", "cves", "wanted at most %d", ADVISORY_VALUES);
}

/* What is asked as an indicator, as it is kept; a CVE among them goes to cves. NULL when it is refused or absent. */
static json_t *
fold_indicators(struct cmd *c, json_t *cves)
{
	const json_t *list = list_arg(c, "indicators"), *v;
	json_t *kept = list != NULL ? json_array() : NULL;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *kind = json_string_value(json_object_get(v, "kind")), *value = json_string_value(json_object_get(v, "value")), *is = NULL;
		auto_free char *folded = NULL;

		if (kind != NULL && strcmp(kind, "cve") == 0)
			cve_put(c, cves, value, "indicators", i + 1);
		else if (kind != NULL && value != NULL && indicator_fold(kind, value, &is, &folded))
			json_array_append_new(kept, json_pack("{s:s, s:s}", "kind", is, "value", folded));
		else
			cmd_refuse(c, 422, "invalid", "indicators", "number %zu, %.*s: only an ip, a net (from /8, IPv6 /16), a domain, a url of http or https or a hash (MD5, SHA-1, SHA-256, SHA-512) can be searched for",
			           i + 1, text_clip(value != NULL ? value : "", 60), value != NULL ? value : "");
	}
	return kept;
}

/* A text that must be there in both languages; field of the arguments. */
static void
put_texts(struct cmd *c, const char *id, const char *field, const char *sql, size_t max, bool lines)
{
	const json_t *o = json_object_get(c->args, field);
	const char *ja = json_string_value(json_object_get(o, "ja")), *en = json_string_value(json_object_get(o, "en"));

	if (o == NULL)
		return;
	if (ja == NULL || en == NULL || ja[0] == '\0' || en[0] == '\0' || strlen(ja) > max || strlen(en) > max)
		cmd_refuse(c, 422, "invalid", field, "wanted in both languages, at most %zu bytes each", max);
	else if (!lines && (strpbrk(ja, "\r\n") != NULL || strpbrk(en, "\r\n") != NULL))
		cmd_refuse(c, 422, "invalid", field, "wanted one line");
	else
		db_run(c->db, sql, Q(ja), Q(en), Q(id));
}

static void
put_list(struct cmd *c, const char *id, const json_t *list, const char *sql)
{
	auto_free char *text = list != NULL ? json_text(list) : NULL;

	if (text != NULL)
		db_run(c->db, sql, Q(text), Q(id));
}

static void
put_indicators(struct cmd *c, const char *id)
{
	auto_free char *before = db_text(c->db, "SELECT cves FROM advisories WHERE id = ?", Q(id)), *query = NULL;
	const json_t *list = list_arg(c, "cves"), *v;
	json_t *cves = list != NULL || before == NULL ? json_array() : json_loads(before, 0, NULL), *indicators;
	size_t i;

	json_array_foreach(list, i, v)
		cve_put(c, cves, json_string_value(v), "cves", i + 1);
	indicators = fold_indicators(c, cves);
	query = indicator_query(indicators);
	if (query != NULL && strlen(query) > ADVISORY_QUERY)
		cmd_refuse(c, 422, "invalid", "indicators", "they are too long to be searched for together: make two advisories");
	put_list(c, id, indicators, "UPDATE advisories SET indicators = ? WHERE id = ?");
	put_list(c, id, cves, "UPDATE advisories SET cves = ? WHERE id = ?");
	json_decref(indicators);
	json_decref(cves);
}

static void
put_words(struct cmd *c, const char *id)
{
	const char *severity = arg_str(c, "severity", 16);

	check_products(c);
	if (severity != NULL && severity_find(severity) == NULL)
		cmd_refuse(c, 422, "invalid", "severity", "no such severity");
	if (severity != NULL)
		db_run(c->db, "UPDATE advisories SET severity = ? WHERE id = ?", Q(severity), Q(id));
	put_texts(c, id, "title", "UPDATE advisories SET title_ja = ?, title_en = ? WHERE id = ?", 600, false);
	put_texts(c, id, "text", "UPDATE advisories SET text_ja = ?, text_en = ? WHERE id = ?", 6000, true);
	put_texts(c, id, "advice", "UPDATE advisories SET advice_ja = ?, advice_en = ? WHERE id = ?", 4000, true);
	put_list(c, id, json_object_get(c->args, "products"), "UPDATE advisories SET products = ? WHERE id = ?");
	put_indicators(c, id);
}

void
cmd_advisory_add(struct cmd *c)
{
	static const char *const needed[] = { "title", "text" };
	char id[27];

	arg_need(c, "severity", 16);
	for (size_t i = 0; i < 2; i++)
		if (json_object_get(c->args, needed[i]) == NULL)
			cmd_refuse(c, 422, "invalid", needed[i], "it is missing");
	if (cmd_failed(c))
		return;
	cmd_new_id(c, id);
	db_run(c->db,
	       "INSERT INTO advisories(id, number, state, severity, title_ja, title_en, text_ja, text_en, advice_ja, advice_en, products, indicators, made_at,"
	       " made_by, updated_at) VALUES(?, ?, 'draft', 'informational', '', '', '', '', '', '', '[]', '[]', ?, ?, ?)",
	       Q(id), Q(cmd_count(c, "advisory")), Q(c->now), Q(c->who->user), Q(c->now));
	put_words(c, id);
	about(c, id);
}

/* Whoever changes it has written it: somebody else approves it again. */
void
cmd_advisory_change(struct cmd *c)
{
	struct advisory_now n;

	if (!load(c, &n) || !is_in(c, &n, "draft approved"))
		return;
	put_words(c, n.id);
	db_run(c->db, "UPDATE advisories SET state = 'draft', approved_at = NULL, approved_by = NULL, made_by = ? WHERE id = ?", Q(c->who->user), Q(n.id));
	if (json_object_get(c->args, "products") != NULL || json_object_get(c->args, "indicators") != NULL || json_object_get(c->args, "cves") != NULL)
		db_run(c->db, "DELETE FROM advisory_tenants WHERE advisory = ?", Q(n.id));
}

void
cmd_advisory_approve(struct cmd *c)
{
	struct advisory_now n;

	if (!load(c, &n) || !is_in(c, &n, "draft"))
		return;
	if (c->who->user[0] == '\0' || strcmp(c->who->user, n.made_by) == 0)
		cmd_refuse(c, 403, "forbidden", NULL, "another person has to approve");
	db_run(c->db, "UPDATE advisories SET state = 'approved', approved_at = ?, approved_by = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(n.id));
}

/* ---- whom it concerns ---- */

/* args.affected: [{tenant, devices, assets}], every tenant, put there by the service (desk_advisory_affected). */
static void
take_affected(struct cmd *c, const struct advisory_now *n)
{
	const json_t *list = json_object_get(c->args, "affected"), *v;
	bool any = db_int(c->db, 0, "SELECT products <> '[]' OR indicators <> '[]' FROM advisories WHERE id = ?", Q(n->id)) != 0;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *tenant = json_string_value(json_object_get(v, "tenant"));
		auto_free char *devices = json_text(json_object_get(v, "devices"));
		auto_free char *assets = json_object_get(v, "assets") != NULL ? json_text(json_object_get(v, "assets")) : NULL;

		if (tenant != NULL)
			db_run(c->db,
			       "INSERT INTO advisory_tenants(advisory, tenant, devices, assets, counting, asked_at) VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(advisory, tenant) DO"
			       " UPDATE SET devices = excluded.devices, assets = excluded.assets, counting = excluded.counting, asked_at = excluded.asked_at",
			       Q(n->id), Q(tenant), Q(devices), Q(assets), Q((int64_t)any), Q(c->now));
	}
}

void
cmd_advisory_check(struct cmd *c)
{
	struct advisory_now n;

	if (load(c, &n) && is_in(c, &n, "draft approved sent"))
		take_affected(c, &n);
}

/* Devices whose lines are of the products beside those that are registered. */
static void
add_heard(struct cmd *c, const struct advisory_now *n, const char *tenant)
{
	const json_t *heard = json_object_get(c->args, "heard"), *v, *have;
	auto_free char *text = db_text(c->db, "SELECT devices FROM advisory_tenants WHERE advisory = ? AND tenant = ?", Q(n->id), Q(tenant)), *all = NULL;
	json_t *devices = text != NULL ? json_loads(text, 0, NULL) : NULL;
	size_t i, k;

	json_array_foreach(heard, i, v) {
		bool known = json_array_size(devices) >= ADVISORY_DEVICES;

		json_array_foreach(devices, k, have)
			known |= json_equal(json_object_get(have, "id"), json_object_get(v, "id"));
		if (!known && json_is_string(json_object_get(v, "id")) && json_is_string(json_object_get(v, "source")))
			json_array_append(devices, (json_t *)v);
	}
	all = devices != NULL ? json_text(devices) : NULL;
	if (all != NULL)
		db_run(c->db, "UPDATE advisory_tenants SET devices = ? WHERE advisory = ? AND tenant = ?", Q(all), Q(n->id), Q(tenant));
	json_decref(devices);
}

/* What the tenant was last told: how often; -1 = nobody knew. Read before the new count is written. */
static int64_t
told_before(struct cmd *c, const struct advisory_now *n, const char *tenant)
{
	return db_int(c->db, -1, "SELECT coalesce(told, total, -1) FROM advisory_tenants WHERE advisory = ? AND tenant = ?", Q(n->id), Q(tenant));
}

/* It was told that nothing is there, or that nobody knows, and now something is: it is told so, once. */
static void
tell_found(struct cmd *c, const struct advisory_now *n, const char *tenant, int64_t before)
{
	if (before > 0 || strcmp(n->state, "sent") != 0 ||
	    db_int(c->db, 0, "SELECT coalesce(total, 0) FROM advisory_tenants WHERE advisory = ? AND tenant = ? AND sent_at IS NOT NULL", Q(n->id), Q(tenant)) == 0)
		return;
	advisory_tell(c, n, tenant, ADVISORY_FOUND);
	db_run(c->db, "UPDATE advisory_tenants SET told = total WHERE advisory = ? AND tenant = ?", Q(n->id), Q(tenant));
}

static bool
is_the_question(struct cmd *c, const struct advisory_now *n, const char *tenant, int64_t asked)
{
	return c->v < ADVISORY_V || db_int(c->db, 0, "SELECT asked_at FROM advisory_tenants WHERE advisory = ? AND tenant = ? AND counting <> 0", Q(n->id), Q(tenant)) == asked;
}

/* What the store said about one tenant; a failed one is said to be unknown. */
void
cmd_advisory_counted(struct cmd *c)
{
	const char *tenant = arg_need(c, "tenant", 31);
	const json_t *seen = json_object_get(c->args, "seen");
	int64_t asked = arg_int(c, "asked_at", 0), before;
	auto_free char *text = json_is_array(seen) ? json_text(seen) : NULL;
	struct advisory_now n;

	if (cmd_failed(c) || !load(c, &n) || !is_the_question(c, &n, tenant, asked))
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	before = told_before(c, &n, tenant);
	add_heard(c, &n, tenant);
	db_run(c->db, "UPDATE advisory_tenants SET counting = 0, counted_at = ?, total = ?, seen = ?, seen_devices = ? WHERE advisory = ? AND tenant = ?", Q(text != NULL ? c->now : 0),
	       text != NULL ? Q(arg_int(c, "total", 0)) : Q_NULL, Q(text), json_object_get(c->args, "devices") != NULL ? Q(arg_int(c, "devices", 0)) : Q_NULL, Q(n.id), Q(tenant));
	if (c->v >= ADVISORY_V)
		tell_found(c, &n, tenant, before);
	cmd_changed(c, "advisory", n.id, tenant, NULL);
}

void
advisory_again(struct cmd *c, const char *id)
{
	int64_t sent = db_int(c->db, 0, "SELECT sent_at FROM advisories WHERE id = ? AND state = 'sent' AND (indicators <> '[]' OR products <> '[]')", Q(id));

	if (sent == 0 || c->now - sent > ADVISORY_DAYS * NS_PER_DAY)
		return;
	db_run(c->db, "UPDATE advisory_tenants SET counting = 1, asked_at = ? WHERE advisory = ? AND sent_at IS NOT NULL", Q(c->now), Q(id));
	timer_set(c, "advisory.again", id, c->now + NS_PER_DAY, 0);
}

/* ---- out ---- */

static bool
choose(struct cmd *c, const struct advisory_now *n)
{
	const json_t *list = json_object_get(c->args, "tenants"), *v;
	size_t i;

	if (list == NULL || json_is_null(list)) {
		db_run(c->db, "UPDATE advisory_tenants SET chosen = 1 WHERE advisory = ? AND (devices <> '[]' OR coalesce(total, 0) > 0 OR coalesce(assets, '[]') <> '[]')", Q(n->id));
	} else if (!json_is_array(list)) {
		cmd_refuse(c, 422, "invalid", "tenants", "wanted a list");
	}
	json_array_foreach(list, i, v) {
		db_run(c->db, "UPDATE advisory_tenants SET chosen = 1 WHERE advisory = ? AND tenant = ?", Q(n->id), Q(json_string_value(v)));
		if (db_error(c->db) == 0 && db_changed(c->db) == 0)
			cmd_refuse(c, 422, "invalid", "tenants", "there is no tenant of number %zu", i + 1);
	}
	if (!cmd_failed(c) && db_int(c->db, 0, "SELECT count(*) FROM advisory_tenants WHERE advisory = ? AND chosen <> 0 AND sent_at IS NULL", Q(n->id)) == 0)
		cmd_refuse(c, 409, "state", "tenants", "it concerns nobody yet: check it first, or choose tenants");
	return !cmd_failed(c);
}

void
cmd_advisory_send(struct cmd *c)
{
	bool anyway = arg_bool(c, "anyway", false);
	struct advisory_now n;
	struct rows r;

	if (cmd_failed(c) || !load(c, &n) || !is_in(c, &n, "approved sent") || !choose(c, &n))
		return;
	if (!anyway && db_int(c->db, 0, "SELECT count(*) FROM advisory_tenants WHERE advisory = ? AND chosen <> 0 AND counting <> 0 AND sent_at IS NULL", Q(n.id)) != 0) {
		cmd_refuse(c, 409, "state", "anyway", "the logs are still being counted");
		return;
	}
	r = db_query(c->db, "SELECT tenant FROM advisory_tenants WHERE advisory = ? AND chosen <> 0 AND sent_at IS NULL ORDER BY tenant", Q(n.id));
	while (rows_next(&r))
		advisory_tell(c, &n, row_str(&r, 0), ADVISORY_SENT);
	db_run(c->db, "UPDATE advisory_tenants SET sent_at = ?, told = coalesce(total, -1) WHERE advisory = ? AND chosen <> 0 AND sent_at IS NULL", Q(c->now), Q(n.id));
	if (strcmp(n.state, "approved") == 0) {
		db_run(c->db, "UPDATE advisories SET state = 'sent', sent_at = ?, sent_by = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(n.id));
		timer_set(c, "advisory.again", n.id, c->now + NS_PER_DAY, 0);
	}
	about(c, n.id);
}

/* Everybody who was sent it. */
static void
tell_withdrawn(struct cmd *c, const struct advisory_now *n)
{
	struct rows r = db_query(c->db, "SELECT tenant FROM advisory_tenants WHERE advisory = ? AND sent_at IS NOT NULL ORDER BY tenant", Q(n->id));

	while (rows_next(&r))
		advisory_tell(c, n, row_str(&r, 0), ADVISORY_WITHDRAWN);
}

void
cmd_advisory_withdraw(struct cmd *c)
{
	struct advisory_now n;

	if (!load(c, &n) || !is_in(c, &n, "draft approved sent"))
		return;
	if (c->v >= ADVISORY_V && strcmp(n.state, "sent") == 0 && json_object_get(c->args, "reason") == NULL)
		cmd_refuse(c, 422, "invalid", "reason", "those who were sent it are told why");
	put_texts(c, n.id, "reason", "UPDATE advisories SET reason_ja = ?, reason_en = ? WHERE id = ?", 2000, true);
	db_run(c->db, "UPDATE advisories SET state = 'withdrawn', withdrawn_at = ? WHERE id = ?", Q(c->now), Q(n.id));
	timer_drop(c, n.id);
	if (!cmd_failed(c))
		tell_withdrawn(c, &n);
}

/* The receipt: this person of the customer has opened it. */
void
cmd_advisory_read(struct cmd *c)
{
	const char *id = arg_need(c, "id", 64);
	auto_free char *own = db_text(c->db,
	                              "SELECT a.id FROM advisories a JOIN advisory_tenants t ON t.advisory = a.id AND t.tenant = ? AND t.sent_at IS NOT NULL WHERE a.id = ?"
	                              " OR ('A-' || a.number) = ?",
	                              Q(c->who->tenant), Q(id), Q(id));

	if (own == NULL) {
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return;
	}
	snprintf(c->tenant, sizeof c->tenant, "%s", c->who->tenant);
	snprintf(c->noun, sizeof c->noun, "advisory");
	snprintf(c->id, sizeof c->id, "%s", own);
	db_run(c->db, "INSERT INTO advisory_reads(advisory, tenant, by, at) VALUES(?, ?, ?, ?) ON CONFLICT(advisory, by) DO NOTHING", Q(own), Q(c->who->tenant),
	       Q(c->who->user), Q(c->now));
	cmd_changed(c, "advisory", own, c->who->tenant, NULL);
}
