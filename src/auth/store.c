/* SPDX-License-Identifier: Apache-2.0
 *
 * Passwords, TOTP, sessions and tries: the tables of auth.
 */
#include <liboath/oath.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/auth_priv.h"
#include "base/err.h"
#include "base/must.h"

#define HALF_LIFE (10 * MINUTE)   /* password given, second factor not yet */
#define SEEN_EVERY MINUTE         /* how exactly idleness is noted */

static const char *const schema[] = {
	"CREATE TABLE credentials(user TEXT PRIMARY KEY, password TEXT, totp @blob, pending @blob, counter @int NOT NULL,"
	"  changed_at @int NOT NULL) @strict;"
	"CREATE TABLE recovery(user TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY(user, hash)) @strict;"
	"CREATE TABLE sessions(id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, user TEXT NOT NULL, csrf TEXT NOT NULL, step @int NOT NULL,"
	"  started_at @int NOT NULL, seen_at @int NOT NULL, expires_at @int NOT NULL, idle @int NOT NULL, address TEXT) @strict;"
	"CREATE INDEX sessions_user ON sessions(user);"
	"CREATE TABLE tries(key TEXT PRIMARY KEY, n @int NOT NULL, since @int NOT NULL) @strict;",

	/* security keys, and when a second factor was given last */
	"CREATE TABLE keys(id TEXT PRIMARY KEY, user TEXT NOT NULL, credential TEXT NOT NULL UNIQUE, name TEXT NOT NULL, alg @int NOT NULL,"
	"  public TEXT NOT NULL, counter @int NOT NULL, backed_up @int NOT NULL, added_at @int NOT NULL, used_at @int NOT NULL) @strict;"
	"CREATE INDEX keys_user ON keys(user);"
	"CREATE TABLE challenges(session TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, expires_at @int NOT NULL, PRIMARY KEY(session, kind)) @strict;"
	"ALTER TABLE sessions ADD COLUMN proved_at @int NOT NULL DEFAULT 0;",

	/* where webhooks go and what signs them */
	"CREATE TABLE hooks(endpoint TEXT PRIMARY KEY, url TEXT, secret TEXT, old TEXT, old_until @int NOT NULL DEFAULT 0) @strict;",

	/* API keys: their hashes and last use */
	"CREATE TABLE apikeys(id TEXT PRIMARY KEY, hash TEXT NOT NULL, used_at @int NOT NULL, address TEXT) @strict;",

	/* which browser a session is */
	"ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT '';",
};

int
auth_open(struct db *db, const struct auth_settings *s, struct auth **ret)
{
	struct auth *a;
	int r;

	if (sodium_init() < 0 || oath_init() != OATH_OK)
		return E_UNSUPPORTED;
	if ((r = db_migrate(db, schema, sizeof schema / sizeof *schema)) != 0)
		return r;
	a = x_calloc(1, sizeof *a);
	a->db = db;
	if (s != NULL)
		a->s = *s;
	if (a->s.idle_staff_ns == 0)
		a->s.idle_staff_ns = 15 * MINUTE;
	if (a->s.idle_customer_ns == 0)
		a->s.idle_customer_ns = 60 * MINUTE;
	if (a->s.absolute_ns == 0)
		a->s.absolute_ns = 12 * 60 * MINUTE;
	*ret = a;
	return 0;
}

void
auth_close(struct auth *a)
{
	free(a);
}

void
auth_random_text(char *out, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t b[64];

	must(n <= sizeof b);
	randombytes_buf(b, n);
	for (size_t i = 0; i < n; i++)
		out[i] = letters[b[i] & 31];
	out[n] = '\0';
}

void
auth_hash_text(struct slice s, char ret[65])
{
	uint8_t h[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(h, (const unsigned char *)s.p, s.n);
	sodium_bin2hex(ret, 65, h, sizeof h);
}

bool
auth_same(const char *a, const char *b)
{
	size_t n = strlen(a);

	return n == strlen(b) && sodium_memcmp(a, b, n) == 0;
}

/* ---- passwords ---- */

static int
have_row(struct auth *a, const char *user, int64_t now)
{
	return db_run(a->db, "INSERT INTO credentials(user, counter, changed_at) VALUES(?, 0, ?) ON CONFLICT DO NOTHING", Q(user), Q(now));
}

int
auth_set_password(struct auth *a, const char *user, const char *hash, int64_t now)
{
	int r = have_row(a, user, now);

	return r != 0 ? r : db_run(a->db, "UPDATE credentials SET password = ?, changed_at = ? WHERE user = ?", Q(hash), Q(now), Q(user));
}

char *
auth_password_hash(struct auth *a, const char *user)
{
	return db_text(a->db, "SELECT password FROM credentials WHERE user = ?", Q(user));
}

/* ---- limiter ---- */

bool
auth_try(struct auth *a, const char *key, int limit, int64_t window_ns, int64_t now)
{
	/* counted and asked in one statement: nothing can come between */
	int64_t n = db_int(a->db, INT32_MAX,
	                   "INSERT INTO tries(key, n, since) VALUES(?, 1, ?) ON CONFLICT(key) DO UPDATE SET"
	                   " n = CASE WHEN tries.since < ? THEN 1 ELSE tries.n + 1 END,"
	                   " since = CASE WHEN tries.since < ? THEN excluded.since ELSE tries.since END RETURNING n",
	                   Q(key), Q(now), Q(now - window_ns), Q(now - window_ns));

	return n <= limit;
}

void
auth_try_forget(struct auth *a, const char *key)
{
	db_run(a->db, "DELETE FROM tries WHERE key = ?", Q(key));
}

/* ---- second factor ---- */

int
auth_totp_make(struct auth *a, const char *user, bool pending, int64_t now, struct auth_totp *ret)
{
	uint8_t secret[20];
	char *text = NULL;
	size_t n = 0;
	bool first;
	int r;

	*ret = (struct auth_totp){ 0 };
	randombytes_buf(secret, sizeof secret);
	must(oath_base32_encode((const char *)secret, sizeof secret, &text, &n) == OATH_OK && n < sizeof ret->secret);
	memcpy(ret->secret, text, n);
	ret->secret[n] = '\0';
	free(text);
	db_begin(a->db);
	have_row(a, user, now);
	first = !auth_factor_has(a, user);
	if (pending)
		db_run(a->db, "UPDATE credentials SET pending = ? WHERE user = ?", Q_BLOB(secret, sizeof secret), Q(user));
	else
		db_run(a->db, "UPDATE credentials SET totp = ?, pending = NULL, counter = 0 WHERE user = ?", Q_BLOB(secret, sizeof secret), Q(user));
	/* codes of a person who only adds a factor stay as they are */
	if (first || !pending)
		auth_recovery_make(a, user, ret->recovery);
	r = db_commit(a->db);
	sodium_memzero(secret, sizeof secret);
	return r;
}

int
auth_totp_code(const char *base32, int64_t now, char ret[7])
{
	char *bytes = NULL;
	size_t n = 0;
	int r;

	if (oath_base32_decode(base32, strlen(base32), &bytes, &n) != OATH_OK)
		return E_SYNTAX;
	r = oath_totp_generate(bytes, n, (time_t)(now / NS_PER_S), OATH_TOTP_DEFAULT_TIME_STEP_SIZE, OATH_TOTP_DEFAULT_START_TIME, 6, ret);
	sodium_memzero(bytes, n);
	free(bytes);
	return r == OATH_OK ? 0 : E_SYNTAX;
}

int
auth_totp_set(struct auth *a, const char *user, const char *base32)
{
	char *bytes = NULL;
	size_t n = 0;
	int r;

	if (oath_base32_decode(base32, strlen(base32), &bytes, &n) != OATH_OK || n < 10) {
		free(bytes);
		return E_SYNTAX;
	}
	r = have_row(a, user, 0);
	if (r == 0)
		r = db_run(a->db, "UPDATE credentials SET totp = ?, pending = NULL, counter = 0 WHERE user = ?", Q_BLOB(bytes, n), Q(user));
	free(bytes);
	return r;
}

bool
auth_totp_has(struct auth *a, const char *user)
{
	return db_int(a->db, 0, "SELECT 1 FROM credentials WHERE user = ? AND totp IS NOT NULL", Q(user)) != 0;
}

int
auth_totp_remove(struct auth *a, const char *user)
{
	int r;

	if (!auth_totp_has(a, user))
		return E_NOTFOUND;
	r = db_run(a->db, "UPDATE credentials SET totp = NULL, pending = NULL, counter = 0 WHERE user = ? AND EXISTS(SELECT 1 FROM keys WHERE user = ?)", Q(user), Q(user));
	return r != 0 ? r : db_changed(a->db) == 1 ? 0 : E_STATE;
}

/* The counter must be a later one than the last that was used; the row decides who was first. */
static bool
use_counter(struct auth *a, const char *user, uint64_t counter, bool pending)
{
	if (pending)
		return db_run(a->db, "UPDATE credentials SET totp = pending, pending = NULL, counter = ? WHERE user = ? AND pending IS NOT NULL",
		              Q((int64_t)counter), Q(user)) == 0 && db_changed(a->db) == 1;
	return db_run(a->db, "UPDATE credentials SET counter = ? WHERE user = ? AND counter < ?", Q((int64_t)counter), Q(user), Q((int64_t)counter)) == 0 &&
	       db_changed(a->db) == 1;
}

/* The code of one of the two secrets; the pending one takes the other's place. */
static bool
check_secret(struct auth *a, const char *user, const char *code, int64_t now, bool pending)
{
	struct rows r = pending ? db_query(a->db, "SELECT pending FROM credentials WHERE user = ?", Q(user))
	                        : db_query(a->db, "SELECT totp FROM credentials WHERE user = ?", Q(user));
	uint64_t counter = 0;
	uint8_t secret[64];
	size_t n = 0;
	int rc, pos = 0;

	if (!rows_next(&r))
		return false;
	if (row_text(&r, 0).p != NULL && row_text(&r, 0).n <= sizeof secret) {
		n = row_text(&r, 0).n;
		memcpy(secret, row_text(&r, 0).p, n);
	}
	rows_close(&r);
	if (n == 0)
		return false;
	rc = oath_totp_validate3((const char *)secret, n, (time_t)(now / NS_PER_S), OATH_TOTP_DEFAULT_TIME_STEP_SIZE, OATH_TOTP_DEFAULT_START_TIME, 1,
	                         &pos, &counter, code);
	sodium_memzero(secret, sizeof secret);
	return rc >= 0 && use_counter(a, user, counter, pending);
}

bool
auth_totp_check(struct auth *a, const char *user, const char *code, int64_t now)
{
	if (strlen(code) != 6)
		return auth_recovery_check(a, user, code);
	return check_secret(a, user, code, now, !auth_factor_has(a, user));
}

bool
auth_totp_confirm(struct auth *a, const char *user, const char *code, int64_t now)
{
	return strlen(code) == 6 && check_secret(a, user, code, now, true);
}

/* ---- sessions ---- */

int
auth_session_begin(struct auth *a, const char *user, enum auth_step step, bool customer, const char *address, const char *agent, int64_t now, char ret_token[33],
                   struct auth_session *ret)
{
	struct auth_session s = { .step = step, .started_at = now, .seen_at = now, .proved_at = step == AUTH_STEP_DONE ? now : 0 };
	char hash[65];
	int r;

	auth_random_text(ret_token, 32);
	auth_random_text(s.id, 26);
	auth_random_text(s.csrf, 32);
	snprintf(s.user, sizeof s.user, "%s", user);
	snprintf(s.address, sizeof s.address, "%s", address != NULL ? address : "");
	snprintf(s.agent, sizeof s.agent, "%s", agent != NULL ? agent : "");
	s.idle_ns = customer ? a->s.idle_customer_ns : a->s.idle_staff_ns;
	s.expires_at = now + (step == AUTH_STEP_DONE ? a->s.absolute_ns : HALF_LIFE);
	auth_hash_text(slice_str(ret_token), hash);
	r = db_run(a->db,
	           "INSERT INTO sessions(id, hash, user, csrf, step, started_at, seen_at, expires_at, idle, address, proved_at, agent) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	           Q(s.id), Q(hash), Q(user), Q(s.csrf), Q((int64_t)step), Q(now), Q(now), Q(s.expires_at), Q(s.idle_ns), Q(s.address), Q(s.proved_at), Q(s.agent));
	if (r == 0)
		*ret = s;
	return r;
}

#define SESSION_COLUMNS "id, user, csrf, step, started_at, seen_at, expires_at, idle, address, proved_at, agent"

static void
read_session(struct rows *r, struct auth_session *s)
{
	*s = (struct auth_session){ .step = (enum auth_step)row_int(r, 3), .started_at = row_int(r, 4), .seen_at = row_int(r, 5),
		                    .expires_at = row_int(r, 6), .idle_ns = row_int(r, 7), .proved_at = row_int(r, 9) };
	snprintf(s->id, sizeof s->id, "%s", row_str(r, 0));
	snprintf(s->user, sizeof s->user, "%s", row_str(r, 1));
	snprintf(s->csrf, sizeof s->csrf, "%s", row_str(r, 2));
	snprintf(s->address, sizeof s->address, "%s", row_str(r, 8) != NULL ? row_str(r, 8) : "");
	snprintf(s->agent, sizeof s->agent, "%s", row_str(r, 10));
}

static int
living(struct auth *a, struct rows *r, int64_t now, struct auth_session *ret)
{
	struct auth_session s;

	if (!rows_next(r))
		return E_NOTFOUND;
	read_session(r, &s);
	rows_close(r);
	if (now >= s.expires_at || now - s.seen_at >= s.idle_ns) {
		auth_session_end(a, s.id);
		return E_NOTFOUND;
	}
	if (now - s.seen_at >= SEEN_EVERY) {
		db_run(a->db, "UPDATE sessions SET seen_at = ? WHERE id = ?", Q(now), Q(s.id));
		s.seen_at = now;
	}
	*ret = s;
	return 0;
}

int
auth_session_find(struct auth *a, struct slice token, int64_t now, struct auth_session *ret)
{
	struct rows r;
	char hash[65];

	auth_hash_text(token, hash);
	r = db_query(a->db, "SELECT " SESSION_COLUMNS " FROM sessions WHERE hash = ?", Q(hash));
	return living(a, &r, now, ret);
}

int
auth_session_by_id(struct auth *a, const char *id, int64_t now, struct auth_session *ret)
{
	struct rows r = db_query(a->db, "SELECT " SESSION_COLUMNS " FROM sessions WHERE id = ?", Q(id));

	return living(a, &r, now, ret);
}

void
auth_session_prove(struct auth *a, const char *id, int64_t now)
{
	db_run(a->db, "UPDATE sessions SET proved_at = ? WHERE id = ?", Q(now), Q(id));
}

void
auth_session_end(struct auth *a, const char *id)
{
	db_run(a->db, "DELETE FROM challenges WHERE session = ?", Q(id));
	db_run(a->db, "DELETE FROM sessions WHERE id = ?", Q(id));
}

void
auth_session_end_all(struct auth *a, const char *user, const char *except_id)
{
	db_run(a->db, "DELETE FROM sessions WHERE user = ? AND id <> ?", Q(user), Q(except_id != NULL ? except_id : ""));
}

void
auth_sessions(struct auth *a, const char *user, int64_t now, auth_session_fn *fn, void *ctx)
{
	struct rows r = db_query(a->db, "SELECT " SESSION_COLUMNS " FROM sessions WHERE user = ? AND step = 2 AND expires_at > ? AND seen_at + idle > ?"
	                                " ORDER BY started_at DESC", Q(user), Q(now), Q(now));
	struct auth_session s;

	while (rows_next(&r)) {
		read_session(&r, &s);
		fn(ctx, &s);
	}
}

void
auth_sweep(struct auth *a, int64_t now)
{
	db_run(a->db, "DELETE FROM sessions WHERE expires_at < ? OR seen_at + idle < ?", Q(now), Q(now));
	db_run(a->db, "DELETE FROM challenges WHERE expires_at < ?", Q(now));
	db_run(a->db, "DELETE FROM tries WHERE since < ?", Q(now - 24 * 60 * MINUTE));
}
