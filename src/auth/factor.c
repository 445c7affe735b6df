/* SPDX-License-Identifier: Apache-2.0
 *
 * Second factors beside TOTP: security keys, recovery codes, challenges; and which a person has at all.
 */
#include <sodium.h>
#include <stdio.h>

#include "auth/auth_priv.h"
#include "base/err.h"
#include "base/must.h"

#define CHALLENGE_LIFE (5 * MINUTE)
#define KEYS_MAX 10

/* ---- what there is ---- */

void
auth_factors(struct auth *a, const char *user, struct auth_factors *ret)
{
	ret->totp = auth_totp_has(a, user);
	ret->keys = (int)db_int(a->db, 0, "SELECT count(*) FROM keys WHERE user = ?", Q(user));
	ret->recovery = (int)db_int(a->db, 0, "SELECT count(*) FROM recovery WHERE user = ?", Q(user));
}

bool
auth_factor_has(struct auth *a, const char *user)
{
	struct auth_factors f;

	auth_factors(a, user, &f);
	return f.totp || f.keys != 0;
}

/* ---- recovery codes ---- */

int
auth_recovery_make(struct auth *a, const char *user, char ret[AUTH_RECOVERY][16])
{
	bool inside = db_is_open(a->db);
	char hash[65];

	if (!inside)
		db_begin(a->db);
	db_run(a->db, "DELETE FROM recovery WHERE user = ?", Q(user));
	for (int i = 0; i < AUTH_RECOVERY; i++) {
		auth_random_text(ret[i], 12);
		auth_hash_text(slice_str(ret[i]), hash);
		db_run(a->db, "INSERT INTO recovery(user, hash) VALUES(?, ?)", Q(user), Q(hash));
	}
	return inside ? db_error(a->db) : db_commit(a->db);
}

bool
auth_recovery_check(struct auth *a, const char *user, const char *code)
{
	char hash[65];

	if (!auth_factor_has(a, user))
		return false; /* codes mean nothing before a factor was proven */
	auth_hash_text(slice_str(code), hash);
	return db_run(a->db, "DELETE FROM recovery WHERE user = ? AND hash = ?", Q(user), Q(hash)) == 0 && db_changed(a->db) == 1;
}

/* ---- challenges ---- */

int
auth_challenge_make(struct auth *a, const char *session, const char *kind, int64_t now, char ret[AUTH_CHALLENGE])
{
	uint8_t b[32];

	randombytes_buf(b, sizeof b);
	sodium_bin2base64(ret, AUTH_CHALLENGE, b, sizeof b, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return db_run(a->db,
	              "INSERT INTO challenges(session, kind, value, expires_at) VALUES(?, ?, ?, ?)"
	              " ON CONFLICT(session, kind) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at",
	              Q(session), Q(kind), Q(ret), Q(now + CHALLENGE_LIFE));
}

bool
auth_challenge_take(struct auth *a, const char *session, const char *kind, int64_t now, char ret[AUTH_CHALLENGE])
{
	struct rows r = db_query(a->db, "DELETE FROM challenges WHERE session = ? AND kind = ? RETURNING value, expires_at", Q(session), Q(kind));
	bool good = false;

	while (rows_next(&r)) {
		good = row_int(&r, 1) > now;
		snprintf(ret, AUTH_CHALLENGE, "%s", row_str(&r, 0));
	}
	return good;
}

/* ---- security keys ---- */

int
auth_key_add(struct auth *a, const char *user, struct auth_key *k, int64_t now)
{
	int r;

	if (db_int(a->db, 0, "SELECT count(*) FROM keys WHERE user = ?", Q(user)) >= KEYS_MAX)
		return E_LIMIT;
	if (db_int(a->db, 0, "SELECT 1 FROM keys WHERE credential = ?", Q(k->credential)) != 0)
		return E_EXISTS;
	auth_random_text(k->id, 26);
	k->added_at = now;
	r = db_run(a->db, "INSERT INTO keys(id, user, credential, name, alg, public, counter, backed_up, added_at, used_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
	           Q(k->id), Q(user), Q(k->credential), Q(k->name), Q((int64_t)k->alg), Q(k->public), Q(k->counter), Q((int64_t)k->backed_up), Q(now));
	return r;
}

#define KEY_COLUMNS "id, credential, name, alg, public, counter, backed_up, added_at, used_at"

static void
read_key(struct rows *r, struct auth_key *k)
{
	*k = (struct auth_key){ .alg = (int)row_int(r, 3), .counter = row_int(r, 5), .backed_up = row_int(r, 6) != 0, .added_at = row_int(r, 7),
		                .used_at = row_int(r, 8) };
	snprintf(k->id, sizeof k->id, "%s", row_str(r, 0));
	snprintf(k->credential, sizeof k->credential, "%s", row_str(r, 1));
	snprintf(k->name, sizeof k->name, "%s", row_str(r, 2));
	snprintf(k->public, sizeof k->public, "%s", row_str(r, 4));
}

bool
auth_key_find(struct auth *a, const char *user, const char *credential, struct auth_key *ret)
{
	struct rows r = db_query(a->db, "SELECT " KEY_COLUMNS " FROM keys WHERE user = ? AND credential = ?", Q(user), Q(credential));

	if (!rows_next(&r))
		return false;
	read_key(&r, ret);
	rows_close(&r);
	return true;
}

void
auth_keys(struct auth *a, const char *user, auth_key_fn *fn, void *ctx)
{
	struct rows r = db_query(a->db, "SELECT " KEY_COLUMNS " FROM keys WHERE user = ? ORDER BY added_at, id", Q(user));
	struct auth_key k;

	while (rows_next(&r)) {
		read_key(&r, &k);
		fn(ctx, &k);
	}
}

int
auth_key_used(struct auth *a, const char *id, int64_t counter, int64_t now)
{
	/* a counter that stands still at 0 is none: passkeys that live in several devices have no common one */
	if (db_run(a->db, "UPDATE keys SET counter = ?, used_at = ? WHERE id = ? AND (counter < ? OR (counter = 0 AND ? = 0))", Q(counter), Q(now), Q(id),
	           Q(counter), Q(counter)) != 0)
		return E_IO;
	return db_changed(a->db) == 1 ? 0 : E_REPLAY;
}

int
auth_key_rename(struct auth *a, const char *user, const char *id, const char *name)
{
	int r = db_run(a->db, "UPDATE keys SET name = ? WHERE id = ? AND user = ?", Q(name), Q(id), Q(user));

	return r != 0 ? r : db_changed(a->db) == 1 ? 0 : E_NOTFOUND;
}

int
auth_key_remove(struct auth *a, const char *user, const char *id)
{
	int r;

	if (db_int(a->db, 0, "SELECT 1 FROM keys WHERE id = ? AND user = ?", Q(id), Q(user)) == 0)
		return E_NOTFOUND;
	/* one statement looks and removes: two removals side by side leave one factor */
	r = db_run(a->db,
	           "DELETE FROM keys WHERE id = ? AND user = ? AND ((SELECT count(*) FROM keys WHERE user = ?) > 1"
	           " OR EXISTS(SELECT 1 FROM credentials WHERE user = ? AND totp IS NOT NULL))",
	           Q(id), Q(user), Q(user), Q(user));
	return r != 0 ? r : db_changed(a->db) == 1 ? 0 : E_STATE;
}

void
auth_keys_drop(struct auth *a, const char *user)
{
	db_run(a->db, "DELETE FROM keys WHERE user = ?", Q(user));
}
