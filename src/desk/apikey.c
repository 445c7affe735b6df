/* SPDX-License-Identifier: Apache-2.0
 *
 * API keys: service accounts of one tenant, for its own programs.  Here are who made which key for what and until when; the
 * secret's hash is in auth/.  A key acts as "key/ID" with the rights of the customer's people, narrowed by its scopes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "desk/apikey_priv.h"

#define KEYS_MAX 50
#define LIFE_MAX (366 * NS_PER_DAY)

static const struct {
	const char *scope, *verb;
} rows[] = {
#define SCOPE(scope, verb) { scope, verb },
#include "tbl/scopes.tbl"
#undef SCOPE
};
#define ROWS (sizeof rows / sizeof *rows)

const char *
desk_scope_of(const char *verb)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].verb, verb) == 0)
			return rows[i].scope;
	return NULL;
}

static bool
is_scope(const char *word)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].scope, word) == 0)
			return true;
	return false;
}

/* "incidents:read incidents:write". Heap. */
static char *
read_scopes(struct cmd *c)
{
	const json_t *list = json_object_get(c->args, "scopes"), *v;
	struct buf b = { 0 };
	size_t i;
	char *text;

	if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > 20)
		cmd_refuse(c, 422, "invalid", "scopes", "wanted a list of scopes, at least one");
	json_array_foreach(list, i, v) {
		const char *word = json_string_value(v);

		if (word == NULL || !is_scope(word))
			cmd_refuse(c, 422, "invalid", "scopes", "number %zu is no scope", i + 1);
		else if (!word_in(word, b.n != 0 ? buf_cstr(&b) : "-"))
			buf_printf(&b, "%s%s", b.n != 0 ? " " : "", word);
	}
	text = x_strdup(b.n != 0 ? buf_cstr(&b) : "");
	buf_fini(&b);
	return text;
}

void
cmd_apikey_add(struct cmd *c)
{
	const char *tenant = cmd_is_customer(c) ? c->who->tenant : arg_need(c, "tenant", 31), *name = arg_need(c, "name", 100), *until = arg_need(c, "expires_at", 40);
	auto_free char *scopes = read_scopes(c);
	int64_t expires = 0;
	char id[27];

	if (!cmd_failed(c) && (time_parse_rfc3339(slice_str(until), &expires) != 0 || expires <= c->now || expires > c->now + LIFE_MAX))
		cmd_refuse(c, 422, "invalid", "expires_at", "wanted a time within the next 366 days");
	if (cmd_failed(c))
		return;
	if (!desk_sees(c->who, tenant) || db_int(c->db, 0, "SELECT 1 FROM tenants WHERE id = ?", Q(tenant)) == 0)
		cmd_refuse(c, 404, "not_found", "tenant", "%s", "");
	else if (db_int(c->db, 0, "SELECT count(*) FROM apikeys WHERE tenant = ? AND ended_at IS NULL AND expires_at > ?", Q(tenant), Q(c->now)) >= KEYS_MAX)
		cmd_refuse(c, 409, "state", NULL, "a tenant has at most %d", KEYS_MAX);
	if (cmd_failed(c))
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	cmd_new_id(c, id);
	db_run(c->db, "INSERT INTO apikeys(id, number, tenant, name, scopes, made_at, made_by, expires_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?)", Q(id), Q(cmd_count(c, "apikey")), Q(tenant),
	       Q(name), Q(scopes), Q(c->now), Q(c->who->user), Q(expires));
	snprintf(c->noun, sizeof c->noun, "apikey");
	snprintf(c->id, sizeof c->id, "%s", id);
	cmd_changed(c, "apikey", id, tenant, NULL);
}

void
cmd_apikey_end(struct cmd *c)
{
	const char *id = arg_need(c, "id", 64);
	struct rows r = db_query(c->db, "SELECT id, tenant, ended_at IS NOT NULL FROM apikeys WHERE id = ? OR ('K-' || number) = ?", Q(id), Q(id));

	if (cmd_failed(c) || !rows_next(&r) || !desk_sees(c->who, row_str(&r, 1))) {
		rows_close(&r);
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return;
	}
	snprintf(c->id, sizeof c->id, "%s", row_str(&r, 0));
	snprintf(c->tenant, sizeof c->tenant, "%s", row_str(&r, 1));
	if (row_int(&r, 2) != 0)
		cmd_refuse(c, 409, "state", NULL, "it has ended");
	rows_close(&r);
	if (cmd_failed(c))
		return;
	snprintf(c->noun, sizeof c->noun, "apikey");
	db_run(c->db, "UPDATE apikeys SET ended_at = ?, ended_by = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(c->id));
	cmd_changed(c, "apikey", c->id, c->tenant, NULL);
}

json_t *
apikey_person(struct db *db, const char *user)
{
	struct rows r = db_query(db, "SELECT name FROM apikeys WHERE id = ?", Q(user + 4));
	json_t *o;

	if (!rows_next(&r))
		return json_null();
	auto_free char *ja = x_asprintf("API キー「%s」", row_str(&r, 0)), *en = x_asprintf("API key \"%s\"", row_str(&r, 0));

	o = json_pack("{s:s, s:o}", "id", user, "name", texts(ja, en));
	rows_close(&r);
	return o;
}

/* ---- questions ---- */

#define COLUMNS                                                                                                                            \
	"k.id, 'K-' || k.number AS number, k.tenant, k.name, k.scopes, k.made_at AS \"made_at:t\", k.made_by, k.expires_at AS \"expires_at:t\","      \
	" k.ended_at AS \"ended_at:t\", k.ended_by, k.expires_at"

static json_t *
key_row(struct ask *a, struct rows *r)
{
	json_t *o = row_json(r), *list = json_array();
	struct slice left = slice_str(row_str(r, 4));
	bool ended = row_kind(r, 8) != DB_NULL;

	while (left.n != 0) {
		struct slice word = slice_cut(&left, ' ');

		json_array_append_new(list, json_stringn(word.p, word.n));
	}
	json_object_set_new(o, "scopes", list);
	json_object_set_new(o, "tenant", tenant_ref(a->db, row_str(r, 2)));
	json_object_set_new(o, "made_by", person(a->db, row_str(r, 6)));
	json_object_set_new(o, "ended_by", person(a->db, row_str(r, 9)));
	json_object_set_new(o, "state", json_string(ended ? "ended" : row_int(r, 10) <= a->now ? "expired" : "active"));
	json_object_set_new(o, "expires_at", time_json(row_int(r, 10)));
	return o;
}

json_t *
ask_apikey_list(struct ask *a)
{
	const char *tenant = ask_tenant(a), *before = NULL;
	json_t *items, *scopes;
	struct rows r;

	if (a->status != 0)
		return NULL;
	items = json_array();
	scopes = json_array();
	r = db_query(a->db, "SELECT " COLUMNS " FROM apikeys k WHERE (? IS NULL OR k.tenant = ?) ORDER BY k.number DESC LIMIT 500", Q(tenant), Q(tenant));
	while (rows_next(&r))
		if (desk_sees(a->who, row_str(&r, 2)))
			json_array_append_new(items, key_row(a, &r));
	for (size_t i = 0; i < ROWS; before = rows[i++].scope) {
		if (before == NULL || strcmp(before, rows[i].scope) != 0)
			json_array_append_new(scopes, json_pack("{s:s, s:[]}", "scope", rows[i].scope, "verbs"));
		json_array_append_new(json_object_get(json_array_get(scopes, json_array_size(scopes) - 1), "verbs"), json_string(rows[i].verb));
	}
	return json_pack("{s:o, s:o}", "items", items, "scopes", scopes);
}

json_t *
ask_apikey_show(struct ask *a)
{
	const char *id = ask_str(a, "id");
	struct rows r = db_query(a->db, "SELECT " COLUMNS " FROM apikeys k WHERE k.id = ? OR ('K-' || k.number) = ?", Q(id), Q(id));
	json_t *o = NULL;

	if (!rows_next(&r))
		return NULL;
	if (desk_sees(a->who, row_str(&r, 2)))
		o = key_row(a, &r);
	rows_close(&r);
	return o;
}
