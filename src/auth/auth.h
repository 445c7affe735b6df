/* SPDX-License-Identifier: Apache-2.0
 *
 * Auth: who is it, and what may they do.  Floor 3.
 *
 *   passwords   argon2id, 64 MiB, 3 passes (libsodium), on a small pool of threads with a bounded queue: a flood of
 *               log-ins can neither stop the loop nor use up the memory
 *   TOTP        RFC 6238 by liboath, one step of slack; the counter that was used is stored, so a code works once
 *   sessions    tokens of 160 bits; only their SHA-256 is stored.  New at every step.  Idle and absolute limits
 *   limiter     counts in the same statement that asks: 50 tries side by side are 50 tries
 *   rights      rows of tbl/routes.tbl: role × verb (noun.verb); the tenant's scope is the desk's (desk_sees)
 *
 * Its tables live in a database of their own, apart from the journal: secrets are never in it.
 * An unknown login costs as much time as a wrong password and is answered alike.
 */
#ifndef NZ_AUTH_AUTH_H
#define NZ_AUTH_AUTH_H

#include "base/slice.h"
#include "db/db.h"
#include "sys/loop.h"

/* ---- rights ---- */

enum {
	MAY_ANALYST = 1,
	MAY_LEAD = 2,
	MAY_ENGINEER = 4,
	MAY_ADMIN = 8,
	MAY_AUDITOR = 16,
	MAY_CUSTOMER = 32,
	MAY_ANYBODY = 64,
	MAY_HALF = 128
};

unsigned auth_role_bit(const char *role);             /* 0 for an unknown word */
unsigned auth_who_may(const char *verb);              /* mask of a verb; 0 when no route has it */
bool auth_may(const char *role, const char *verb);
const char *auth_verb_at(size_t i);                   /* every verb of the table, NULL past the end */

/* ---- passwords ---- */

struct auth_pool;
/* hash: the new one of auth_pool_make, NULL when it could not be made; ok: of auth_pool_check. */
typedef void auth_pool_fn(void *ctx, bool ok, const char *hash);

struct auth_pool *auth_pool_new(struct loop *l, unsigned threads, unsigned queue_max);
void auth_pool_free(struct auth_pool *p);
/* Both call fn from the loop. E_LIMIT when the queue is full: nothing will be called. A NULL hash is checked
 * against one that nothing matches. Passwords longer than 1,024 bytes never match. */
int auth_pool_check(struct auth_pool *p, const char *hash, struct slice password, auth_pool_fn *fn, void *ctx);
int auth_pool_make(struct auth_pool *p, struct slice password, auth_pool_fn *fn, void *ctx);
/* The same at once, for importing and for tests. */
bool auth_password_make(struct slice password, char ret[128]);
bool auth_password_check(const char *hash, struct slice password);
/* At least 12 characters and none of the worn-out ones. NULL when good, else why not. */
const char *auth_password_fault(struct slice password);

/* ---- the store ---- */

struct auth;

struct auth_settings {
	int64_t idle_staff_ns, idle_customer_ns; /* 0 = 15 minutes, 60 minutes */
	int64_t absolute_ns;                     /* 0 = 12 hours */
};

int auth_open(struct db *db, const struct auth_settings *s, struct auth **ret);
void auth_close(struct auth *a);

int auth_set_password(struct auth *a, const char *user, const char *hash, int64_t now);
char *auth_password_hash(struct auth *a, const char *user); /* heap; NULL when there is none */

/* One more try under this key; false when more than `limit` in `window_ns`. */
bool auth_try(struct auth *a, const char *key, int limit, int64_t window_ns, int64_t now);
void auth_try_forget(struct auth *a, const char *key);

struct auth_totp {
	char secret[64];      /* base32 */
	char recovery[10][16];
};
/* A new secret and recovery codes. pending: it counts only after a first good code (auth_totp_check). */
int auth_totp_make(struct auth *a, const char *user, bool pending, int64_t now, struct auth_totp *ret);
int auth_totp_set(struct auth *a, const char *user, const char *base32); /* a given one; E_SYNTAX */
bool auth_totp_has(struct auth *a, const char *user);
/* Six digits or a recovery code; single use. Confirms a pending secret. */
bool auth_totp_check(struct auth *a, const char *user, const char *code, int64_t now);

enum auth_step { AUTH_STEP_TOTP, AUTH_STEP_ENROL, AUTH_STEP_DONE };
struct auth_session {
	char id[27], user[32], csrf[33];
	enum auth_step step;
	int64_t started_at, seen_at, expires_at, idle_ns;
	char address[64];
};
/* *ret_token is shown to the browser once and never again. */
int auth_session_begin(struct auth *a, const char *user, enum auth_step step, bool customer, const char *address, int64_t now,
                       char ret_token[33], struct auth_session *ret);
/* E_NOTFOUND for an unknown, idle or expired one. Notes that it was seen. */
int auth_session_find(struct auth *a, struct slice token, int64_t now, struct auth_session *ret);
int auth_session_by_id(struct auth *a, const char *id, int64_t now, struct auth_session *ret);
void auth_session_end(struct auth *a, const char *id);
void auth_session_end_all(struct auth *a, const char *user, const char *except_id); /* NULL = none */
typedef void auth_session_fn(void *ctx, const struct auth_session *s);
void auth_sessions(struct auth *a, const char *user, int64_t now, auth_session_fn *fn, void *ctx);
void auth_sweep(struct auth *a, int64_t now); /* forgets what is over */
bool auth_same(const char *a, const char *b); /* in constant time for equal lengths */

#endif
