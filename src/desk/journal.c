/* SPDX-License-Identifier: Apache-2.0
 *
 * Journal: what was done, by whom, when, chained.
 *
 *     record = JSON with sorted keys, no blanks: {"actor","args","at","cmd","rnd","seq","tenant","v"}
 *     facts  = JSON likewise: what the row's tenant may read of it (facts_priv.h)
 *     leaf   = SHA-256(SHA-256(record) ‖ SHA-256(facts))
 *     hash   = SHA-256(hash of the row before ‖ leaf); before the first row 32 zero bytes
 *
 * An outsider needs nothing but SHA-256 to walk it, and of a row that is not his no more than its leaf; `rnd`
 * in every record keeps a digest from being guessed.  Rows without facts (v 1) have hash = SHA-256(before ‖ record).  The columns beside `record` are copies for looking
 * things up; verify compares them too.  `v` also says by which rules a command is played again (JOURNAL_V).
 */
#include "desk/facts_priv.h"
#include "desk/journal_priv.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define HASH JOURNAL_HASH

void
journal_digests(struct slice record, struct slice facts, uint8_t ret_digest[HASH], uint8_t ret_leaf[HASH])
{
	uint8_t pair[2 * HASH];

	crypto_hash_sha256(pair, (const unsigned char *)record.p, record.n);
	crypto_hash_sha256(pair + HASH, (const unsigned char *)facts.p, facts.n);
	memcpy(ret_digest, pair, HASH);
	crypto_hash_sha256(ret_leaf, pair, sizeof pair);
}

static void
hash_row(const uint8_t prev[HASH], struct slice record, struct slice facts, uint8_t ret[HASH])
{
	uint8_t digest[HASH], leaf[HASH];
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, prev, HASH);
	if (facts.n == 0) {
		crypto_hash_sha256_update(&st, (const unsigned char *)record.p, record.n);
	} else {
		journal_digests(record, facts, digest, leaf);
		crypto_hash_sha256_update(&st, leaf, HASH);
	}
	crypto_hash_sha256_final(&st, ret);
}

static char *
record_of(const struct cmd *c, const char *command)
{
	const struct desk_actor *w = c->who;
	char rnd[33], *text;
	json_t *o;

	sodium_bin2hex(rnd, sizeof rnd, c->rnd, sizeof c->rnd);
	o = json_pack("{s:i, s:I, s:I, s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s?}, s:O}", "v", c->v, "seq", (json_int_t)c->seq, "at",
	              (json_int_t)c->now, "cmd", command, "rnd", rnd, "actor", "id", w->user, "ja", w->ja, "en", w->en, "role",
	              w->role, "tenant", w->tenant, "args", c->args);
	must(o != NULL);
	json_object_set_new(o, "tenant", c->tenant[0] != '\0' ? json_string(c->tenant) : json_null());
	if (w->tenants != NULL && json_array_size(w->tenants) != 0)
		json_object_set(json_object_get(o, "actor"), "tenants", (json_t *)w->tenants);
	text = json_text(o);
	json_decref(o);
	return text;
}

void
journal_append(struct cmd *c, const char *command)
{
	auto_free char *record = record_of(c, command), *facts = facts_text(c, command);
	uint8_t prev[HASH] = { 0 }, hash[HASH];
	struct rows r = db_query(c->db, "SELECT hash FROM journal ORDER BY seq DESC LIMIT 1");

	if (rows_next(&r)) {
		struct slice h = row_text(&r, 0);

		if (h.n == HASH)
			memcpy(prev, h.p, HASH);
		rows_close(&r);
	}
	hash_row(prev, slice_str(record), slice_str(facts), hash);
	db_run(c->db, "INSERT INTO journal(seq, at, actor, command, tenant, noun, noun_id, record, prev, hash, facts)"
	              " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	       Q(c->seq), Q(c->now), Q(c->who->user), Q(command), Q(c->tenant[0] != '\0' ? c->tenant : NULL),
	       Q(c->noun[0] != '\0' ? c->noun : NULL), Q(c->id[0] != '\0' ? c->id : NULL), Q_BLOB(record, strlen(record)),
	       Q_BLOB(prev, HASH), Q_BLOB(hash, HASH), Q_BLOB(facts, strlen(facts)));
}

/* One row against the chain so far. NULL when it is right. */
static const char *
row_fault(struct rows *r, int64_t want_seq, const uint8_t prev[HASH], uint8_t ret_hash[HASH])
{
	struct slice record = row_text(r, 4), p = row_text(r, 5), h = row_text(r, 6), facts = row_text(r, 7);
	const char *fault = NULL;
	json_t *o;

	if (row_int(r, 0) != want_seq)
		return "a row is missing or out of order";
	if (p.n != HASH || memcmp(p.p, prev, HASH) != 0)
		return "it does not follow the row before";
	hash_row(prev, record, facts, ret_hash);
	if (h.n != HASH || memcmp(h.p, ret_hash, HASH) != 0)
		return "its bytes were changed";
	o = json_loadb(record.p, record.n, 0, NULL);
	if (json_integer_value(json_object_get(o, "seq")) != want_seq ||
	    json_integer_value(json_object_get(o, "at")) != row_int(r, 1) ||
	    strcmp(json_string_value(json_object_get(json_object_get(o, "actor"), "id")) ?: "?", row_str(r, 2) ?: "") != 0 ||
	    strcmp(json_string_value(json_object_get(o, "cmd")) ?: "", row_str(r, 3) ?: "") != 0)
		fault = "its columns differ from its record";
	json_decref(o);
	return fault;
}

int
desk_verify(struct db *db, struct desk_verified *ret)
{
	struct rows r = db_query(db, "SELECT seq, at, actor, command, record, prev, hash, facts FROM journal ORDER BY seq");
	uint8_t prev[HASH] = { 0 }, hash[HASH] = { 0 };
	struct desk_verified v = { 0 };

	while (rows_next(&r)) {
		v.fault = row_fault(&r, v.rows + 1, prev, hash);
		if (v.fault != NULL) {
			v.bad_seq = v.rows + 1;
			rows_close(&r);
			break;
		}
		v.rows++;
		memcpy(prev, hash, HASH);
	}
	sodium_bin2hex(v.hash, sizeof v.hash, prev, HASH);
	*ret = v;
	return v.fault != NULL ? E_CHAIN : 0;
}

/* ---- replay ---- */

static int
replay_row(struct desk *d, struct slice record)
{
	json_t *o = json_loadb(record.p, record.n, 0, NULL), *a = json_object_get(o, "actor");
	const char *rnd = json_string_value(json_object_get(o, "rnd"));
	struct desk_actor who = { .user = json_string_value(json_object_get(a, "id")),
		                  .ja = json_string_value(json_object_get(a, "ja")),
		                  .en = json_string_value(json_object_get(a, "en")),
		                  .role = json_string_value(json_object_get(a, "role")),
		                  .tenant = json_string_value(json_object_get(a, "tenant")),
		                  .tenants = json_object_get(a, "tenants") };
	uint8_t bytes[16];
	size_t n = 0;
	int r = E_CORRUPT;

	if (who.user != NULL && who.ja != NULL && who.en != NULL && who.role != NULL && rnd != NULL &&
	    sodium_hex2bin(bytes, sizeof bytes, rnd, strlen(rnd), NULL, &n, NULL) == 0 && n == sizeof bytes)
		r = desk_apply_recorded(d, json_string_value(json_object_get(o, "cmd")) ?: "", &who, json_object_get(o, "args"),
		                        json_integer_value(json_object_get(o, "at")), bytes, (int)json_integer_value(json_object_get(o, "v")));
	json_decref(o);
	return r;
}

int
desk_replay(struct db *from, struct db *to, const struct desk_settings *s)
{
	struct desk *d;
	int r = desk_open(to, s, &d);
	struct rows rows;

	if (r != 0)
		return r;
	rows = db_query(from, "SELECT record FROM journal ORDER BY seq");
	while (r == 0 && rows_next(&rows))
		r = replay_row(d, row_text(&rows, 0));
	rows_close(&rows);
	desk_close(d);
	return r;
}

static void
dump_table(struct db *db, const char *table, struct buf *out)
{
	auto_free char *sql = x_asprintf("SELECT * FROM %s ORDER BY 1, 2", table);
	struct rows r = db_query(db, sql);

	buf_printf(out, "# %s\n", table);
	while (rows_next(&r)) {
		for (int i = 0; i < rows_columns(&r); i++) {
			struct slice v = row_text(&r, i);

			buf_printf(out, "%s%s=", i != 0 ? "|" : "", rows_name(&r, i));
			buf_put_slice(out, v.p != NULL ? v : SL("~"));
		}
		buf_put_byte(out, '\n');
	}
}

void
desk_dump(struct db *db, struct buf *out)
{
	for (size_t i = 0; desk_projection[i] != NULL; i++)
		dump_table(db, desk_projection[i], out);
}

/* ---- questions ---- */

static json_t *
head_json(struct db *db)
{
	struct rows r = db_query(db, "SELECT seq, lower(hex(hash)) AS hash, at AS \"at:t\" FROM journal ORDER BY seq DESC LIMIT 1");
	json_t *o = row_first(&r);

	return o != NULL ? o : json_pack("{s:i, s:s, s:n}", "seq", 0, "hash", "", "at");
}

json_t *
ask_journal_list(struct ask *a)
{
	const char *noun = ask_str(a, "noun"), *id = ask_str(a, "id"), *command = ask_str(a, "command"), *tenant = ask_str(a, "tenant");
	int64_t limit = ask_int(a, "limit", 100), before = ask_int(a, "before", 0), from = ask_int(a, "after", 0);
	json_t *items = json_array(), *o;
	struct rows r;

	if (limit < 1 || limit > 500)
		limit = 100;
	r = db_query(a->db,
	             "SELECT seq, at AS \"at:t\", actor, command, tenant, CAST(record AS TEXT) AS record, CAST(facts AS TEXT) AS facts,"
	             " lower(hex(prev)) AS prev,"
	             " lower(hex(hash)) AS hash FROM journal WHERE seq > ? AND (? = 0 OR seq < ?) AND (? IS NULL OR noun = ?) AND (? IS NULL OR noun_id = ?)"
	             " AND (? IS NULL OR command = ? OR substr(command, 1, length(?) + 1) = ? || '.') AND (? IS NULL OR tenant = ?)"
	             " ORDER BY CASE WHEN ? = 0 THEN seq ELSE -seq END LIMIT ?",
	             Q(from), Q(before), Q(before), Q(noun), Q(noun), Q(id), Q(id), Q(command), Q(command), Q(command), Q(command), Q(tenant), Q(tenant), Q(before),
	             Q(limit));
	while (rows_next(&r)) {
		/* what is not of this auditor's tenants stays a hash: the chain can be walked all the same */
		bool sees = row_str(&r, 4) == NULL || row_str(&r, 4)[0] == '\0' || desk_sees(a->who, row_str(&r, 4));

		o = row_json(&r);
		if (!sees) {
			json_object_set_new(o, "record", json_string(""));
			json_object_del(o, "facts");
		}
		json_array_append_new(items, o);
	}
	return json_pack("{s:o, s:o}", "items", items, "head", head_json(a->db));
}

json_t *
ask_journal_verify(struct ask *a)
{
	struct desk_verified v;
	int r = desk_verify(a->db, &v);
	json_t *o = json_pack("{s:b, s:I, s:o, s:s?}", "ok", r == 0, "rows", (json_int_t)v.rows, "head", head_json(a->db), "fault",
	                      v.fault);

	json_object_set_new(o, "bad_seq", r == 0 ? json_null() : json_integer(v.bad_seq));
	return o;
}
