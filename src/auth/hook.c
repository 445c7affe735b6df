/* SPDX-License-Identifier: Apache-2.0
 *
 * Webhooks: the address and the secrets of each endpoint.
 */
#include <sodium.h>
#include <stdio.h>

#include "auth/auth_priv.h"
#include "base/err.h"
#include "base/must.h"

int
auth_hook_set_url(struct auth *a, const char *endpoint, const char *url)
{
	return db_run(a->db, "INSERT INTO hooks(endpoint, url) VALUES(?, ?) ON CONFLICT(endpoint) DO UPDATE SET url = excluded.url", Q(endpoint), Q(url));
}

int
auth_hook_rotate(struct auth *a, const char *endpoint, int64_t old_until, char ret[AUTH_HOOK_SECRET])
{
	uint8_t bytes[32];
	char hex[65];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
	snprintf(ret, AUTH_HOOK_SECRET, "whsec_%s", hex);
	sodium_memzero(bytes, sizeof bytes);
	sodium_memzero(hex, sizeof hex);
	return db_run(a->db,
	              "INSERT INTO hooks(endpoint, secret) VALUES(?, ?) ON CONFLICT(endpoint) DO UPDATE SET old = hooks.secret, old_until = ?, secret = excluded.secret",
	              Q(endpoint), Q(ret), Q(old_until));
}

bool
auth_hook_get(struct auth *a, const char *endpoint, int64_t now, struct auth_hook *ret)
{
	struct rows r = db_query(a->db, "SELECT url, secret, CASE WHEN old_until > ? THEN old END FROM hooks WHERE endpoint = ? AND url IS NOT NULL AND secret IS NOT NULL", Q(now),
	                         Q(endpoint));

	if (!rows_next(&r))
		return false;
	snprintf(ret->url, sizeof ret->url, "%s", row_str(&r, 0));
	snprintf(ret->secret, sizeof ret->secret, "%s", row_str(&r, 1));
	snprintf(ret->old, sizeof ret->old, "%s", row_str(&r, 2) != NULL ? row_str(&r, 2) : "");
	rows_close(&r);
	return true;
}

void
auth_hook_drop(struct auth *a, const char *endpoint)
{
	db_run(a->db, "DELETE FROM hooks WHERE endpoint = ?", Q(endpoint));
}
