/* SPDX-License-Identifier: Apache-2.0
 *
 * Auth: who is it, and what may they do.  Floor 3.
 *
 *   passwords   argon2id, 64 MiB, 3 passes (libsodium), on a small pool of threads with a bounded queue: a flood of
 *               log-ins can neither stop the loop nor use up the memory
 *   TOTP        RFC 6238 by liboath, one step of slack; the counter that was used is stored, so a code works once
 *   keys        security keys and passkeys; what they say is checked elsewhere (auth/webauthn.h, role verify), here are
 *               their rows: a counter that does not rise is refused.  Challenges count once and for five minutes
 *   recovery    ten codes, single use, kept as hashes; given when the first factor is, and anew on demand
 *   sessions    tokens of 160 bits; only their SHA-256 is stored.  New at every step.  Idle and absolute limits
 *   limiter     counts in the same statement that asks: 50 tries side by side are 50 tries
 *   rights      rows of tbl/routes.tbl: role × verb (noun.verb); the tenant's scope is the desk's (desk_sees)
 *   step-up     rows of tbl/stepup.tbl: verbs for which the second factor must have been given a short while ago
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
bool auth_wants_step_up(const char *verb);
const char *auth_step_up_at(size_t i);                /* every verb of tbl/stepup.tbl, NULL past the end */
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

#define AUTH_RECOVERY 10
struct auth_totp {
	char secret[64];                     /* base32 */
	char recovery[AUTH_RECOVERY][16];    /* empty when the person's codes stay as they are */
};
/* A new secret; recovery codes too when it is the person's first factor, and always when it is not pending. pending: it
 * counts only after a first good code (auth_totp_check for a first factor, else auth_totp_confirm). */
int auth_totp_make(struct auth *a, const char *user, bool pending, int64_t now, struct auth_totp *ret);
int auth_totp_set(struct auth *a, const char *user, const char *base32); /* a given one; E_SYNTAX */
int auth_totp_code(const char *base32, int64_t now, char ret[7]);         /* the code of now; E_SYNTAX */
bool auth_totp_has(struct auth *a, const char *user);
/* Six digits or a recovery code; single use. Confirms the pending secret of a person without any factor. */
bool auth_totp_check(struct auth *a, const char *user, const char *code, int64_t now);
/* Six digits of the pending secret: it is the secret from now on. */
bool auth_totp_confirm(struct auth *a, const char *user, const char *code, int64_t now);
int auth_totp_remove(struct auth *a, const char *user); /* E_NOTFOUND; E_STATE: it is the last factor */

struct auth_factors {
	bool totp;
	int keys, recovery; /* recovery: codes left */
};
void auth_factors(struct auth *a, const char *user, struct auth_factors *ret);
bool auth_factor_has(struct auth *a, const char *user); /* any that is proven */
int auth_recovery_make(struct auth *a, const char *user, char ret[AUTH_RECOVERY][16]); /* the old ones are void */
bool auth_recovery_check(struct auth *a, const char *user, const char *code);

/* ---- API keys (apikey.c) ---- */

#define AUTH_APIKEY 64
/* The key for the row `id` (26 letters), shown once. pepper: secret of the house, at most 64 bytes count. */
int auth_apikey_make(struct auth *a, struct slice pepper, const char *id, char ret[AUTH_APIKEY]);
bool auth_apikey_check(struct auth *a, struct slice pepper, const char *key, char ret_id[27]);
void auth_apikey_used(struct auth *a, const char *id, const char *address, int64_t now); /* to the minute */
int64_t auth_apikey_last(struct auth *a, const char *id, char ret_address[64]);          /* wall ns, 0 = never */

/* ---- webhooks (hook.c): addresses and secrets of endpoints, which no table of the desk holds ---- */

#define AUTH_HOOK_URL 1000
#define AUTH_HOOK_SECRET 72
struct auth_hook {
	char url[AUTH_HOOK_URL + 1];
	char secret[AUTH_HOOK_SECRET], old[AUTH_HOOK_SECRET]; /* old "": none signs beside it any more */
};
int auth_hook_set_url(struct auth *a, const char *endpoint, const char *url);
/* A new secret, "whsec_" and 64 hex digits; the one before signs beside it until old_until (wall ns). */
int auth_hook_rotate(struct auth *a, const char *endpoint, int64_t old_until, char ret[AUTH_HOOK_SECRET]);
bool auth_hook_get(struct auth *a, const char *endpoint, int64_t now, struct auth_hook *ret);
void auth_hook_drop(struct auth *a, const char *endpoint);

#define AUTH_CHALLENGE 48
/* One at a time for a session and kind ("create", "get"); 43 letters base64url. */
int auth_challenge_make(struct auth *a, const char *session, const char *kind, int64_t now, char ret[AUTH_CHALLENGE]);
/* Takes it out, whatever comes of it; false when there is none or it is older than five minutes. */
bool auth_challenge_take(struct auth *a, const char *session, const char *kind, int64_t now, char ret[AUTH_CHALLENGE]);

struct auth_key {
	char id[27], credential[1368], name[128]; /* credential: base64url */
	int alg;                                  /* COSE */
	char public[512];                         /* base64url of what libfido2 takes */
	int64_t counter, added_at, used_at;       /* used_at 0: not yet */
	bool backed_up;
};
typedef void auth_key_fn(void *ctx, const struct auth_key *k);
int auth_key_add(struct auth *a, const char *user, struct auth_key *k, int64_t now); /* fills id; E_EXISTS, E_LIMIT above ten */
bool auth_key_find(struct auth *a, const char *user, const char *credential, struct auth_key *ret);
void auth_keys(struct auth *a, const char *user, auth_key_fn *fn, void *ctx);
/* Notes the use. E_REPLAY when the counter did not rise: somebody else has the same key. */
int auth_key_used(struct auth *a, const char *id, int64_t counter, int64_t now);
int auth_key_rename(struct auth *a, const char *user, const char *id, const char *name); /* E_NOTFOUND */
int auth_key_remove(struct auth *a, const char *user, const char *id); /* E_NOTFOUND; E_STATE: it is the last factor */
void auth_keys_drop(struct auth *a, const char *user);

#define AUTH_AGENT 48 /* bytes */
enum auth_step { AUTH_STEP_TOTP, AUTH_STEP_ENROL, AUTH_STEP_DONE };
struct auth_session {
	char id[27], user[32], csrf[33];
	enum auth_step step;
	int64_t started_at, seen_at, expires_at, idle_ns;
	int64_t proved_at; /* a second factor was given last; 0: never */
	char address[64], agent[AUTH_AGENT];
};
/* "Firefox 128, Windows" of what a browser calls itself; of one that is not known the beginning. Only plain letters. */
void auth_agent_short(struct slice said, char ret[AUTH_AGENT]);
/* *ret_token is shown to the browser once and never again. */
int auth_session_begin(struct auth *a, const char *user, enum auth_step step, bool customer, const char *address, const char *agent, int64_t now,
                       char ret_token[33], struct auth_session *ret);
/* E_NOTFOUND for an unknown, idle or expired one. Notes that it was seen. */
int auth_session_find(struct auth *a, struct slice token, int64_t now, struct auth_session *ret);
int auth_session_by_id(struct auth *a, const char *id, int64_t now, struct auth_session *ret);
void auth_session_prove(struct auth *a, const char *id, int64_t now); /* a second factor was given again */
void auth_session_end(struct auth *a, const char *id);
void auth_session_end_all(struct auth *a, const char *user, const char *except_id); /* NULL = none */
typedef void auth_session_fn(void *ctx, const struct auth_session *s);
void auth_sessions(struct auth *a, const char *user, int64_t now, auth_session_fn *fn, void *ctx);
void auth_sweep(struct auth *a, int64_t now); /* forgets what is over */
bool auth_same(const char *a, const char *b); /* in constant time for equal lengths */

#endif
