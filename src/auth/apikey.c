/* SPDX-License-Identifier: Apache-2.0
 *
 * API keys: "nzk_" ID "_" 32 letters (160 bits).  Kept is BLAKE2b of it, keyed with a secret of this house that is no part of the
 * database: fast, because the key itself cannot be guessed, and worthless to who has the database alone.
 */
#include <sodium.h>
#include <stdio.h>

#include "auth/auth_priv.h"
#include "base/err.h"
#include "base/must.h"

#define PREFIX "nzk_"
#define ID_LEN 26
#define SECRET_LEN 32

static void
hash_of(struct slice pepper, const char *key, char ret[65])
{
	uint8_t h[32];
	size_t n = pepper.n < crypto_generichash_KEYBYTES_MAX ? pepper.n : crypto_generichash_KEYBYTES_MAX;

	must(crypto_generichash(h, sizeof h, (const unsigned char *)key, strlen(key), n != 0 ? (const unsigned char *)pepper.p : NULL, n) == 0);
	sodium_bin2hex(ret, 65, h, sizeof h);
}

int
auth_apikey_make(struct auth *a, struct slice pepper, const char *id, char ret[AUTH_APIKEY])
{
	char secret[SECRET_LEN + 1], hash[65];

	must(strlen(id) == ID_LEN);
	auth_random_text(secret, SECRET_LEN);
	snprintf(ret, AUTH_APIKEY, PREFIX "%s_%s", id, secret);
	sodium_memzero(secret, sizeof secret);
	hash_of(pepper, ret, hash);
	return db_run(a->db, "INSERT INTO apikeys(id, hash, used_at) VALUES(?, ?, 0)", Q(id), Q(hash));
}

bool
auth_apikey_check(struct auth *a, struct slice pepper, const char *key, char ret_id[27])
{
	char id[ID_LEN + 1], hash[65];
	bool good;

	if (strlen(key) != sizeof PREFIX - 1 + ID_LEN + 1 + SECRET_LEN || strncmp(key, PREFIX, 4) != 0 || key[4 + ID_LEN] != '_')
		return false;
	snprintf(id, sizeof id, "%.*s", ID_LEN, key + 4);
	hash_of(pepper, key, hash);
	auto_free char *known = db_text(a->db, "SELECT hash FROM apikeys WHERE id = ?", Q(id));

	good = known != NULL && auth_same(known, hash);
	if (good)
		snprintf(ret_id, 27, "%s", id);
	return good;
}

void
auth_apikey_used(struct auth *a, const char *id, const char *address, int64_t now)
{
	/* to the minute: reading a list is no write */
	if (db_int(a->db, 0, "SELECT used_at FROM apikeys WHERE id = ?", Q(id)) <= now - MINUTE)
		db_run(a->db, "UPDATE apikeys SET used_at = ?, address = ? WHERE id = ?", Q(now), Q(address), Q(id));
}

int64_t
auth_apikey_last(struct auth *a, const char *id, char ret_address[64])
{
	struct rows r = db_query(a->db, "SELECT used_at, address FROM apikeys WHERE id = ?", Q(id));
	int64_t at = 0;

	ret_address[0] = '\0';
	if (rows_next(&r)) {
		at = row_int(&r, 0);
		snprintf(ret_address, 64, "%s", row_str(&r, 1) != NULL ? row_str(&r, 1) : "");
		rows_close(&r);
	}
	return at;
}
