/* SPDX-License-Identifier: Apache-2.0
 *
 * One question of a person on its way: what desk_people.c and desk_factor.c share.
 */
#ifndef NZ_ROLE_DESK_PEOPLE_PRIV_H
#define NZ_ROLE_DESK_PEOPLE_PRIV_H

#include "role/desk_role_priv.h"

#define TRIES_CODE 5 /* wrong second factors before the session is over */
#define TRIES_WINDOW (900 * NS_PER_S)

struct asking {
	struct desk_role *dr;
	uint64_t id;
	const char *verb;
	json_t *args;
	const char *address, *agent, *once; /* once: the request's Idempotency-Key or NULL */
	bool local;
	struct auth_session session; /* id "" without one */
	json_t *user;                /* of the session; owned */
	struct desk_actor who;
};

/* Answers with a problem. field and detail may be NULL. */
void asking_no(struct asking *q, int status, const char *type, const char *field, const char *detail);
const char *asking_arg(const struct asking *q, const char *key); /* "" when absent or no text */
/* `found` is what auth_session_find or auth_session_by_id said about q->session; false when nobody stands behind it. */
bool asking_take_session(struct asking *q, int found);
json_t *asking_session_body(struct asking *q, const struct auth_session *s);
/* A new session for q->who at that step; answers with it. */
void asking_begin_session(struct asking *q, enum auth_step step);
/* A row of the journal about signing in and factors: a word of user.signed. */
void asking_note(struct desk_role *dr, const struct desk_actor *who, const char *what);
json_t *asking_totp_body(const struct auth_totp *t, const char *login);
json_t *asking_codes(const char (*codes)[16]);

/* Answers the verbs about second factors; false when it is none of them. */
bool people_factor(struct asking *q);
/* Answers the verbs about webhooks that carry addresses and secrets (desk_hooks.c); false when it is none of them. */
bool people_hooks(struct asking *q);
void asking_fill_actor(struct asking *q); /* q->who from q->user */
/* desk_key.c */
bool people_keys(struct asking *q);                       /* the verbs about API keys; false when it is none of them */
void asking_key_check(struct asking *q);                  /* web's session.check of a key */
bool asking_take_key(struct asking *q, const char *id);   /* may this key ask q->verb? False: it was answered */
bool asking_once(struct asking *q, const char *key);      /* the Idempotency-Key; false: it was answered */

void asking_to_desk(struct asking *q); /* asks the desk as it is, and answers */
json_t *asking_user_by(struct desk_role *dr, const char *key); /* by id or login; NULL */
/* desk_session.c */
void me_sessions(struct asking *q);
void me_revoke(struct asking *q);
void user_sessions(struct asking *q);
void user_revoke(struct asking *q);
/* desk_rule.c: a question whose "rule" must be one there is. */
void asking_with_rule(struct asking *q);
/* desk_files.c: a command whose args.files bring bytes. */
void asking_with_files(struct asking *q);

#endif
