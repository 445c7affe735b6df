/* SPDX-License-Identifier: Apache-2.0
 *
 * Advisories: no incident here, but danger in the world.  Written once in both languages.
 *
 *     draft ──(another analyst or lead)──▶ approved ──▶ sent to the tenants concerned ──▶ read, by whom and when
 *       ▲ any change makes it a draft again ──┘             └──▶ withdrawn
 *
 * Concerned is a tenant that has a device of one of the products, or that somebody chose.  For each tenant the store
 * is asked how often the indicators were seen in 92 days, by device: before it is sent, and every day after it for
 * another 92.  The answers are measurements and come in by a command of the service (advisory.counted), like the list
 * of devices that a command brings along in its arguments: a replay has no store to ask.
 */
#include "desk/advisory_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/ip.h"
#include "desk/hook_priv.h"

struct advisory_now {
	char id[32], state[12], made_by[32], number[24];
};

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

bool
indicator_is_good(const char *kind, const char *value)
{
	size_t n = strlen(value);
	struct ip ip;

	if (strcmp(kind, "ip") == 0)
		return ip_parse(slice_str(value), &ip);
	if (strcmp(kind, "domain") == 0)
		return n >= 4 && n <= 253 && strchr(value, '.') != NULL && value[0] != '.' && value[n - 1] != '.' &&
		       strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-._") == n;
	return strcmp(kind, "hash") == 0 && (n == 32 || n == 40 || n == 64) && strspn(value, "0123456789abcdef") == n;
}

static void
check_lists(struct cmd *c)
{
	const json_t *products = json_object_get(c->args, "products"), *indicators = json_object_get(c->args, "indicators"), *v;
	size_t i;

	if ((products != NULL && !json_is_array(products)) || json_array_size(products) > ADVISORY_VALUES)
		cmd_refuse(c, 422, "invalid", "products", "wanted at most %d", ADVISORY_VALUES);
	if ((indicators != NULL && !json_is_array(indicators)) || json_array_size(indicators) > ADVISORY_VALUES)
		cmd_refuse(c, 422, "invalid", "indicators", "wanted at most %d", ADVISORY_VALUES);
	json_array_foreach(products, i, v) {
		const char *s = json_string_value(v);

		if (s == NULL || s[0] == '\0' || strlen(s) > 64 || strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") != strlen(s))
			cmd_refuse(c, 422, "invalid", "products", "number %zu: wanted a source such as fortinet.fortigate, or its first word", i + 1);
	}
	json_array_foreach(indicators, i, v) {
		const char *kind = json_string_value(json_object_get(v, "kind")), *value = json_string_value(json_object_get(v, "value"));

		if (kind == NULL || value == NULL || !indicator_is_good(kind, value))
			cmd_refuse(c, 422, "invalid", "indicators", "number %zu: wanted kind ip, domain or hash, and a value of it in small letters", i + 1);
	}
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
put_list(struct cmd *c, const char *id, const char *field, const char *sql)
{
	const json_t *list = json_object_get(c->args, field);
	auto_free char *text = list != NULL ? json_text(list) : NULL;

	if (text != NULL)
		db_run(c->db, sql, Q(text), Q(id));
}

static void
put_words(struct cmd *c, const char *id)
{
	const char *severity = arg_str(c, "severity", 16);

	check_lists(c);
	if (severity != NULL && severity_find(severity) == NULL)
		cmd_refuse(c, 422, "invalid", "severity", "no such severity");
	if (severity != NULL)
		db_run(c->db, "UPDATE advisories SET severity = ? WHERE id = ?", Q(severity), Q(id));
	put_texts(c, id, "title", "UPDATE advisories SET title_ja = ?, title_en = ? WHERE id = ?", 600, false);
	put_texts(c, id, "text", "UPDATE advisories SET text_ja = ?, text_en = ? WHERE id = ?", 6000, true);
	put_texts(c, id, "advice", "UPDATE advisories SET advice_ja = ?, advice_en = ? WHERE id = ?", 4000, true);
	put_list(c, id, "products", "UPDATE advisories SET products = ? WHERE id = ?");
	put_list(c, id, "indicators", "UPDATE advisories SET indicators = ? WHERE id = ?");
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
	if (json_object_get(c->args, "products") != NULL || json_object_get(c->args, "indicators") != NULL)
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

/* args.affected: [{tenant, devices: [{lcp, id, source}]}], every tenant, put there by the service. */
static void
take_affected(struct cmd *c, const struct advisory_now *n)
{
	const json_t *list = json_object_get(c->args, "affected"), *v;
	bool any = db_int(c->db, 0, "SELECT products <> '[]' OR indicators <> '[]' FROM advisories WHERE id = ?", Q(n->id)) != 0;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *tenant = json_string_value(json_object_get(v, "tenant"));
		auto_free char *devices = json_text(json_object_get(v, "devices"));

		if (tenant != NULL)
			db_run(c->db,
			       "INSERT INTO advisory_tenants(advisory, tenant, devices, counting, asked_at) VALUES(?, ?, ?, ?, ?) ON CONFLICT(advisory, tenant) DO"
			       " UPDATE SET devices = excluded.devices, counting = excluded.counting, asked_at = excluded.asked_at",
			       Q(n->id), Q(tenant), Q(devices), Q((int64_t)any), Q(c->now));
	}
}

void
cmd_advisory_check(struct cmd *c)
{
	struct advisory_now n;

	if (load(c, &n) && is_in(c, &n, "draft approved sent"))
		take_affected(c, &n);
}

/* Devices whose lines are of the product beside those that are registered. */
static void
add_heard(struct cmd *c, const struct advisory_now *n, const char *tenant)
{
	const json_t *heard = json_object_get(c->args, "heard"), *v, *have;
	auto_free char *text = db_text(c->db, "SELECT devices FROM advisory_tenants WHERE advisory = ? AND tenant = ?", Q(n->id), Q(tenant)), *all = NULL;
	json_t *devices = text != NULL ? json_loads(text, 0, NULL) : NULL;
	size_t i, k;

	json_array_foreach(heard, i, v) {
		bool known = json_array_size(devices) >= 500;

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

/* What the store said about one tenant; a failed one is said to be unknown. */
void
cmd_advisory_counted(struct cmd *c)
{
	const char *tenant = arg_need(c, "tenant", 31);
	const json_t *seen = json_object_get(c->args, "seen");
	auto_free char *text = json_is_array(seen) ? json_text(seen) : NULL;
	struct advisory_now n;

	if (cmd_failed(c) || !load(c, &n))
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	add_heard(c, &n, tenant);
	db_run(c->db, "UPDATE advisory_tenants SET counting = 0, counted_at = ?, total = ?, seen = ? WHERE advisory = ? AND tenant = ?", Q(text != NULL ? c->now : 0),
	       text != NULL ? Q(arg_int(c, "total", 0)) : Q_NULL, Q(text), Q(n.id), Q(tenant));
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

static json_t *
mail_part(struct cmd *c, const struct advisory_now *n, const char *tenant)
{
	struct rows r = db_query(c->db, "SELECT a.severity, a.title_ja, a.title_en, a.text_ja, a.text_en, a.advice_ja, a.advice_en, t.total, t.devices, t.counted_at FROM"
	                                " advisories a JOIN advisory_tenants t ON t.advisory = a.id AND t.tenant = ? WHERE a.id = ?",
	                         Q(tenant), Q(n->id));
	json_t *o, *devices, *names = json_array(), *v;
	size_t i;

	if (!rows_next(&r)) {
		json_decref(names);
		return NULL;
	}
	devices = json_loadb(row_text(&r, 8).p, row_text(&r, 8).n, 0, NULL);
	json_array_foreach(devices, i, v)
		json_array_append(names, json_object_get(v, "id"));
	json_decref(devices);
	auto_free char *ja = text_plain(row_str(&r, 3)), *en = text_plain(row_str(&r, 4)), *todo_ja = text_plain(row_str(&r, 5)), *todo_en = text_plain(row_str(&r, 6));
	auto_free char *title_ja = text_plain(row_str(&r, 1)), *title_en = text_plain(row_str(&r, 2));

	o = json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", n->number, "severity", row_str(&r, 0), "title", texts(title_ja, title_en), "summary", texts(ja, en),
	              "affected", names);
	if (todo_ja[0] != '\0')
		json_object_set_new(o, "action", texts(todo_ja, todo_en));
	if (row_int(&r, 9) != 0)
		json_object_set_new(o, "seen", json_integer(row_int(&r, 7)));
	if (c->d->s.url != NULL) {
		auto_free char *url = x_asprintf("%s/portal/advisories/%s", c->d->s.url, n->number);

		json_object_set_new(o, "url", json_string(url));
	}
	rows_close(&r);
	return o;
}

static void
mail_tenant(struct cmd *c, const struct advisory_now *n, const char *tenant)
{
	struct rows r = db_query(c->db,
	                         "SELECT p.id, p.name, p.mail, p.lang, p.zone, t.name_ja, t.name_en FROM contacts p JOIN tenants t ON t.id = p.tenant WHERE p.tenant = ?"
	                         " AND p.active <> 0 AND p.mail IS NOT NULL ORDER BY p.ord, p.id",
	                         Q(tenant));
	json_t *part = mail_part(c, n, tenant);

	snprintf(c->tenant, sizeof c->tenant, "%s", tenant); /* whose mail it is; the command is nobody's */
	while (part != NULL && rows_next(&r)) {
		auto_free char *key = x_asprintf("%s/%s", n->number, row_str(&r, 0));
		json_t *doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:s, s:o, s:O}", "notice", "advisory", "to", "address", row_str(&r, 2), "name", row_str(&r, 1), "lang",
		                        row_str(&r, 3), "zone", row_str(&r, 4), "company", texts(row_str(&r, 5), row_str(&r, 6)), "advisory", part);

		outbox_mail(c, doc, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2), key);
	}
	rows_close(&r);
	if (part != NULL)
		hook_advisory(c, "advisory.sent", part);
	c->tenant[0] = '\0';
	json_decref(part);
}

static bool
choose(struct cmd *c, const struct advisory_now *n)
{
	const json_t *list = json_object_get(c->args, "tenants"), *v;
	size_t i;

	if (list == NULL || json_is_null(list)) {
		db_run(c->db, "UPDATE advisory_tenants SET chosen = 1 WHERE advisory = ? AND (devices <> '[]' OR coalesce(total, 0) > 0)", Q(n->id));
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
		mail_tenant(c, &n, row_str(&r, 0));
	db_run(c->db, "UPDATE advisory_tenants SET sent_at = ? WHERE advisory = ? AND chosen <> 0 AND sent_at IS NULL", Q(c->now), Q(n.id));
	if (strcmp(n.state, "approved") == 0) {
		db_run(c->db, "UPDATE advisories SET state = 'sent', sent_at = ?, sent_by = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(n.id));
		timer_set(c, "advisory.again", n.id, c->now + NS_PER_DAY, 0);
	}
	about(c, n.id);
}

/* Programs of the tenants that were sent it; people see it struck out in the portal. */
static void
tell_withdrawn(struct cmd *c, const struct advisory_now *n)
{
	struct rows r = db_query(c->db, "SELECT tenant FROM advisory_tenants WHERE advisory = ? AND sent_at IS NOT NULL ORDER BY tenant", Q(n->id));

	while (rows_next(&r)) {
		json_t *part = mail_part(c, n, row_str(&r, 0));

		snprintf(c->tenant, sizeof c->tenant, "%s", row_str(&r, 0));
		if (part != NULL)
			hook_advisory(c, "advisory.withdrawn", part);
		json_decref(part);
	}
	c->tenant[0] = '\0';
}

void
cmd_advisory_withdraw(struct cmd *c)
{
	struct advisory_now n;

	if (!load(c, &n) || !is_in(c, &n, "draft approved sent"))
		return;
	db_run(c->db, "UPDATE advisories SET state = 'withdrawn' WHERE id = ?", Q(n.id));
	timer_drop(c, n.id);
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
