/* SPDX-License-Identifier: Apache-2.0
 *
 * Tenants with their contacts, and accounts.  Passwords and second factors
 * are not here: auth/ keeps them beside these rows.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "desk/device_priv.h"
#include "desk/journal_priv.h"
#include "desk/roster_priv.h"


static const char *
str(const json_t *o, const char *key, const char *otherwise)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : otherwise;
}

/* ---- tenants ---- */

static void
put_numbers(struct cmd *c, const char *contact, const json_t *list)
{
	const json_t *v;
	size_t i;

	db_run(c->db, "DELETE FROM numbers WHERE contact = ?", Q(contact));
	json_array_foreach(list, i, v)
		db_run(c->db, "INSERT INTO numbers(contact, ord, number) VALUES(?, ?, ?)", Q(contact), Q((int64_t)i), Q(json_string_value(v)));
}

static void
put_contacts(struct cmd *c, const char *tenant, const json_t *list)
{
	const json_t *p;
	size_t i;

	if (list == NULL)
		return;
	db_run(c->db, "UPDATE contacts SET active = 0 WHERE tenant = ?", Q(tenant));
	json_array_foreach(list, i, p) {
		auto_free char *id = x_asprintf("%s/%s", tenant, str(p, "id", "?"));
		auto_free char *backup = str(p, "backup", NULL) != NULL ? x_asprintf("%s/%s", tenant, str(p, "backup", "")) : NULL;

		db_run(c->db,
		       "INSERT INTO contacts(id, tenant, ord, name, kana, title_ja, title_en, lang, zone, hours, pin, mail, mail_for, country,"
		       " backup, reports, active) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT(id) DO UPDATE SET ord = excluded.ord, name = excluded.name,"
		       " kana = excluded.kana, title_ja = excluded.title_ja, title_en = excluded.title_en, lang = excluded.lang, zone = excluded.zone,"
		       " hours = excluded.hours, pin = excluded.pin, mail = excluded.mail, mail_for = excluded.mail_for,"
		       " country = excluded.country, backup = excluded.backup, reports = excluded.reports, active = 1",
		       Q(id), Q(tenant), Q((int64_t)i + 1), Q(str(p, "name", "")), Q(str(p, "kana", "")),
		       Q(str(json_object_get(p, "title"), "ja", "")), Q(str(json_object_get(p, "title"), "en", "")), Q(str(p, "lang", "ja")),
		       Q(str(p, "zone", "UTC")), Q(str(p, "hours", "always")), Q(str(p, "pin", NULL)), Q(str(p, "mail", NULL)),
		       Q(str(p, "mail_for", "emergency critical")), Q(str(p, "country", "")), Q(backup),
		       Q((int64_t)!json_is_false(json_object_get(p, "reports"))));
		put_numbers(c, id, json_object_get(p, "numbers"));
	}
}

static int64_t
minute(const json_t *t, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(t, key);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static void
put_telephone(struct cmd *c, const char *tenant, const json_t *t)
{
	auto_free char *plan = json_is_object(json_object_get(t, "plan")) ? json_text(json_object_get(t, "plan")) : x_strdup("{}");
	auto_free char *channels = json_is_array(json_object_get(t, "channels")) ? json_text(json_object_get(t, "channels")) : x_strdup("[]");
	auto_free char *promises = json_is_array(json_object_get(t, "promises")) ? json_text(json_object_get(t, "promises")) : x_strdup("[]");
	const json_t *v;
	size_t i;

	db_run(c->db, "UPDATE tenants SET promises = ? WHERE id = ?", Q(promises), Q(tenant));
	db_run(c->db, "UPDATE tenants SET country = ?, plan = ?, channels = ?, digest_at = ?, daily_at = ? WHERE id = ?", Q(str(t, "country", "")), Q(plan), Q(channels),
	       Q(minute(t, "digest_at", DESK_DIGEST_MIN)), Q(minute(t, "daily_at", DESK_DAILY_MIN)), Q(tenant));
	db_run(c->db, "DELETE FROM hooks WHERE tenant = ?", Q(tenant));
	json_array_foreach(json_object_get(t, "webhooks"), i, v)
		db_run(c->db, "INSERT INTO hooks(tenant, id, ord, url, secret, lang, hours) VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", Q(tenant),
		       Q(str(v, "id", "")), Q((int64_t)i), Q(str(v, "url", "")), Q(str(v, "secret", "")), Q(str(v, "lang", "ja")), Q(str(v, "hours", "always")));
	db_run(c->db, "DELETE FROM days_off WHERE tenant = ?", Q(tenant));
	json_array_foreach(json_object_get(t, "days_off"), i, v)
		db_run(c->db, "INSERT INTO days_off(tenant, day) VALUES(?, ?) ON CONFLICT DO NOTHING", Q(tenant), Q(json_integer_value(v)));
}

/* Networks, assets and devices that people change one by one stay when a document says nothing of them. */
static char *
doc_of(struct cmd *c, const char *tenant, const json_t *doc)
{
	static const char *const kept[] = { "networks", "assets", "devices" };
	auto_free char *before = db_text(c->db, "SELECT doc FROM tenants WHERE id = ?", Q(tenant));
	json_t *was = before != NULL ? json_loads(before, 0, NULL) : NULL, *now = json_deep_copy(doc);
	char *text;

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (json_is_object(now) && json_object_get(now, kept[i]) == NULL && json_object_get(was, kept[i]) != NULL)
			json_object_set(now, kept[i], json_object_get(was, kept[i]));
	text = json_text(now);
	json_decref(now);
	json_decref(was);
	return text;
}

static void
put_tenant(struct cmd *c, const json_t *t)
{
	const char *id = str(t, "id", ""), *short_name = str(t, "short", "");
	auto_free char *doc = doc_of(c, id, json_object_get(t, "doc"));

	db_run(c->db,
	       "INSERT INTO tenants(id, name_ja, name_en, kana, short, zone, lang, code_ja, code_en, decide_s, call_s, doc, incidents, second_person,"
	       " closing) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?) ON CONFLICT(id) DO UPDATE SET name_ja = excluded.name_ja, name_en = excluded.name_en,"
	       " kana = excluded.kana, short = excluded.short, zone = excluded.zone, lang = excluded.lang, code_ja = excluded.code_ja,"
	       " code_en = excluded.code_en, decide_s = excluded.decide_s, call_s = excluded.call_s, doc = excluded.doc,"
	       " second_person = excluded.second_person, closing = excluded.closing",
	       Q(id), Q(str(json_object_get(t, "name"), "ja", id)), Q(str(json_object_get(t, "name"), "en", id)), Q(str(t, "kana", "")), Q(short_name),
	       Q(str(t, "zone", "UTC")), Q(str(t, "lang", "ja")), Q(str(json_object_get(t, "code_word"), "ja", "")),
	       Q(str(json_object_get(t, "code_word"), "en", "")), Q(json_integer_value(json_object_get(t, "decide_s"))),
	       Q(json_integer_value(json_object_get(t, "call_s"))), Q(doc), Q(!json_is_false(json_object_get(t, "second_person"))),
	       Q((int64_t)json_is_true(json_object_get(t, "closing"))));
	put_telephone(c, id, t);
	put_contacts(c, id, json_object_get(t, "contacts"));
	report_plan(c, id);
	devices_import(c, id, json_object_get(json_object_get(t, "doc"), "devices"));
	cmd_changed(c, "tenant", id, id, NULL);
}

static void
put_user(struct cmd *c, const json_t *u, bool update, char ret_id[27])
{
	auto_free char *tenants = NULL, *known = db_text(c->db, "SELECT id FROM users WHERE login = ?", Q(str(u, "login", "")));
	const char *role = str(u, "role", ""), *tenant = str(u, "tenant", NULL), *login = str(u, "login", "");
	json_t *mask = json_object_get(u, "tenants"), *none = json_array();

	tenants = json_text(json_is_array(mask) ? mask : none);
	json_decref(none);
	if (!word_in(role, "analyst lead engineer admin auditor customer") || login[0] == '\0')
		cmd_refuse(c, 422, "invalid", "role", "no such role");
	else if ((strcmp(role, "customer") == 0) != (tenant != NULL))
		cmd_refuse(c, 422, "invalid", "tenant", "customers, and only they, belong to a tenant");
	else if (tenant != NULL && db_int(c->db, 0, "SELECT 1 FROM tenants WHERE id = ?", Q(tenant)) == 0)
		cmd_refuse(c, 422, "invalid", "tenant", "there is no tenant %.31s", tenant);
	else if (known != NULL && !update)
		cmd_refuse(c, 409, "conflict", "login", "it is taken");
	if (cmd_failed(c))
		return;
	cmd_new_id(c, ret_id);
	if (known != NULL)
		snprintf(ret_id, 27, "%s", known);
	db_run(c->db,
	       "INSERT INTO users(id, login, name_ja, name_en, kana, role, tenant, tenants, lang, zone, disabled, created_at)"
	       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT(id) DO UPDATE SET name_ja = excluded.name_ja, name_en = excluded.name_en,"
	       " kana = excluded.kana, role = excluded.role, tenant = excluded.tenant, tenants = excluded.tenants, lang = excluded.lang,"
	       " zone = excluded.zone",
	       Q(ret_id), Q(login), Q(str(json_object_get(u, "name"), "ja", str(json_object_get(u, "name"), "en", login))),
	       Q(str(json_object_get(u, "name"), "en", str(json_object_get(u, "name"), "ja", login))), Q(str(u, "kana", NULL)), Q(role), Q(tenant),
	       Q(tenants), Q(str(u, "lang", "ja")), Q(str(u, "zone", "Asia/Tokyo")), Q(c->now));
	cmd_changed(c, "user", ret_id, tenant, NULL);
}

/* args are what desk_import_read made and checked. */
void
cmd_tenant_import(struct cmd *c)
{
	const json_t *v, *tenants_in = json_object_get(c->args, "tenants"), *users = json_object_get(c->args, "users");
	int64_t contacts = 0;
	char id[27];
	size_t i;

	json_array_foreach(tenants_in, i, v) {
		auto_free char *other = db_text(c->db, "SELECT id FROM tenants WHERE short = ? AND id <> ?", Q(str(v, "short", "")), Q(str(v, "id", "")));

		if (other != NULL) {
			cmd_refuse(c, 409, "conflict", "short", "%.12s is the short of the tenant %.31s", str(v, "short", ""), other);
			return;
		}
		put_tenant(c, v);
		roster_look_for(c, str(v, "id", ""));
		contacts += (int64_t)json_array_size(json_object_get(v, "contacts"));
	}
	json_array_foreach(users, i, v)
		put_user(c, v, true, id);
	c->body = json_pack("{s:I, s:I, s:I}", "tenants", (json_int_t)json_array_size(tenants_in), "contacts", (json_int_t)contacts, "users",
	                    (json_int_t)json_array_size(users));
}

/* ---- accounts ---- */

/* The mask of a customer is the tenant, of staff the list. */
static void
run_as(struct cmd *c, struct rows *r, cmd_fn *fn)
{
	const struct desk_actor *asker = c->who;
	auto_free char *id = x_strdup(row_str(r, 0)), *ja = x_strdup(row_str(r, 1)), *en = x_strdup(row_str(r, 2)), *role = x_strdup(row_str(r, 3));
	auto_free char *tenant = row_str(r, 4) != NULL ? x_strdup(row_str(r, 4)) : NULL;
	json_t *mask = json_loadb(row_text(r, 5).p, row_text(r, 5).n, 0, NULL);
	struct desk_actor person = { .user = id, .ja = ja, .en = en, .role = role, .tenant = tenant, .tenants = mask };

	rows_close(r);
	c->who = &person;
	fn(c);
	c->who = asker;
	json_decref(mask);
}

void
cmd_as(struct cmd *c, const char *roles, cmd_fn *fn)
{
	const char *as = arg_str(c, "as", 64);
	struct rows r;

	if (cmd_failed(c))
		return;
	if (as == NULL || c->who->user[0] != '\0') {
		fn(c);
		return;
	}
	r = db_query(c->db, "SELECT id, name_ja, name_en, role, tenant, tenants FROM users WHERE login = ? AND disabled = 0", Q(as));
	if (rows_next(&r) && word_in(row_str(&r, 3), roles)) {
		run_as(c, &r, fn);
		return;
	}
	rows_close(&r);
	cmd_refuse(c, 422, "invalid", "as", "wanted the login of a person with the role %s", roles);
}

void
cmd_user_add(struct cmd *c)
{
	char id[27] = "";

	put_user(c, c->args, false, id);
	snprintf(c->noun, sizeof c->noun, "user");
	snprintf(c->id, sizeof c->id, "%s", id);
}

static bool
load_user(struct cmd *c, const char *id)
{
	if (db_int(c->db, 0, "SELECT 1 FROM users WHERE id = ?", Q(id)) == 0) {
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return false;
	}
	snprintf(c->noun, sizeof c->noun, "user");
	snprintf(c->id, sizeof c->id, "%s", id);
	cmd_changed(c, "user", id, NULL, NULL);
	return true;
}

/* Nobody shuts the door behind himself, and one who can open it stays. */
static void
keep_a_key(struct cmd *c, const char *id, bool disables, bool demotes)
{
	if (c->v < 3 || (!disables && !demotes))
		return;
	if (strcmp(id, c->who->user) == 0)
		cmd_refuse(c, 409, "state", disables ? "disabled" : "role", "not of oneself: another administrator does it");
	else if (db_int(c->db, 0, "SELECT 1 FROM users WHERE id = ? AND role = 'admin' AND disabled = 0", Q(id)) != 0 &&
	         db_int(c->db, 0, "SELECT count(*) FROM users WHERE id <> ? AND role = 'admin' AND disabled = 0", Q(id)) == 0)
		cmd_refuse(c, 409, "state", disables ? "disabled" : "role", "the last administrator who can sign in");
}

void
cmd_user_change(struct cmd *c)
{
	const char *id = arg_need(c, "id", 64), *name = arg_str(c, "name", 200), *role = arg_str(c, "role", 16);
	const json_t *mask = json_object_get(c->args, "tenants"), *disabled = json_object_get(c->args, "disabled");
	auto_free char *tenants = json_is_array(mask) ? json_text(mask) : NULL;
	auto_free char *was = NULL;

	if (cmd_failed(c) || !load_user(c, id))
		return;
	was = db_text(c->db, "SELECT role FROM users WHERE id = ?", Q(id));
	if (role != NULL && (!word_in(role, "analyst lead engineer admin auditor customer") ||
	                     (strcmp(role, "customer") == 0) != (was != NULL && strcmp(was, "customer") == 0)))
		cmd_refuse(c, 422, "invalid", "role", "no such role, or staff and customer would be exchanged");
	keep_a_key(c, id, json_is_true(disabled), role != NULL && was != NULL && strcmp(role, was) != 0);
	db_run(c->db,
	       "UPDATE users SET name_ja = coalesce(?, name_ja), name_en = coalesce(?, name_en), role = coalesce(?, role),"
	       " tenants = coalesce(?, tenants), disabled = coalesce(?, disabled) WHERE id = ?",
	       Q(name), Q(name), Q(role), Q(tenants), disabled != NULL ? Q((int64_t)json_is_true(disabled)) : Q_NULL, Q(id));
}

void
cmd_me_change(struct cmd *c)
{
	const char *lang = arg_str(c, "lang", 2), *zone = arg_str(c, "zone", 64);

	if (lang != NULL && !word_in(lang, "ja en"))
		cmd_refuse(c, 422, "invalid", "lang", "wanted ja or en");
	if (cmd_failed(c) || !load_user(c, c->who->user))
		return;
	db_run(c->db, "UPDATE users SET lang = coalesce(?, lang), zone = coalesce(?, zone) WHERE id = ?", Q(lang), Q(zone), Q(c->who->user));
}

/* Sign-ins and credential changes are in the journal too; what: a word of the list below. */
void
cmd_user_signed(struct cmd *c)
{
	const char *what = arg_need(c, "what", 32);

	if (!word_in(what, "signed_in refused password totp enrolled signed_out revoked proved key_added key_removed key_copied totp_removed recovery"))
		cmd_refuse(c, 422, "invalid", "what", "no such word");
	c->body = json_object();
}

void
desk_tenants_json(struct desk *d, struct buf *out)
{
	struct rows r = db_query(d->db, "SELECT id, zone, doc FROM tenants ORDER BY id");
	json_t *all = json_object(), *o, *t;
	char *text;

	while (rows_next(&r)) {
		t = json_loadb(row_text(&r, 2).p, row_text(&r, 2).n, 0, NULL);
		if (!json_is_object(t)) {
			json_decref(t);
			t = json_object();
		}
		json_object_set_new(t, "zone", json_string(row_str(&r, 1)));
		json_object_set_new(all, row_str(&r, 0), t);
	}
	o = json_pack("{s:i, s:o}", "v", 1, "tenants", all);
	text = json_text(o);
	buf_put_str(out, text);
	free(text);
	json_decref(o);
}
