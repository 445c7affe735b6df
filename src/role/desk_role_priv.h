/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside role desk: desk.c carries messages of other roles, desk_lcp.c those of collectors, desk_people.c answers people, desk_factor.c is about their
 * second factors.
 */
#ifndef NZ_ROLE_DESK_ROLE_PRIV_H
#define NZ_ROLE_DESK_ROLE_PRIV_H

#include <jansson.h>

#include "auth/auth.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "desk/desk.h"
#include "role/role.h"

struct engine_link {
	unsigned index;
	struct chan *ch;
};

struct key_wait; /* a question to role verify that is under way (desk_factor.c) */

/* A question to the store that is under way. */
#define DESK_FLIGHTS 4
#define DESK_FLIGHT_FIRST (UINT64_C(1) << 62) /* their numbers begin here: others ask the store too */
struct desk_flight {
	uint64_t id; /* 0 = none */
	char advisory[32], tenant[32];
	int64_t sent; /* mono ns */
	int64_t from, to, asked_at;
	enum { FLIGHT_HEARD, FLIGHT_SEEN, FLIGHT_TOTAL } step; /* what is asked now */
	char *products, *query, *all;                          /* NULL = not to be asked */
	json_t *heard, *seen;
};

/* The question for copies of lines that is under way (desk_copy.c). */
#define DESK_COPY_FIRST (UINT64_C(1) << 61)
struct desk_copying {
	uint64_t id, last; /* 0 = none */
	char *detection, *tenant, *incident, *events;
	int64_t sent, looked, looked_all; /* mono ns */
	bool more;
	struct map tries; /* detection → when again, how often */
};

/* What another role told and could not be written down yet. */
struct unsaid {
	const char *command;
	json_t *args;
};

struct desk_role {
	struct role_env *env;
	struct db *db, *auth_db;
	struct desk *desk;
	struct auth *auth;
	struct auth_pool *pool;
	struct buf ca_crt;
	struct buf receipt_key; /* the archive's public key, for collectors to check receipts with */
	struct pki_key *ca_key;
	struct pki_key *journal_key; /* signs heads of the journal */
	struct chan *ingest, *archive, *store, *notify, *call, *web, *intel, *verify, *mail, *engine[64];
	char boot[64];               /* of this boot of the machine */
	struct map rates;            /* API key → minute and its requests */
	int64_t api_rate;            /* requests of one key in a minute; 0 = any number */
	struct buf token_key;        /* what API keys are hashed with */
	struct map sent;             /* job → when it was handed out last (mono ns); empty again after a restart */
	VEC(struct unsaid) unsaid;   /* in its order (desk_job.c) */
	struct desk_settings settings;
	bool tenants_changed, lcps_changed;
	struct {                     /* the synthetic person (desk_watch.c); nobody else knows its secrets, and they end with this process */
		char user[64], login[64], password[27], secret[64];
		uint64_t asked;
		int64_t began_ns;
	} probe;
	char rp[256];                /* relying party of security keys: a host name */
	json_t *sources;             /* [{id, title, guide}] as they were at the start */
	json_t *rules;               /* {id: title}, likewise */
	json_t *origins;             /* where they may be used: ["https://soc.example"] */
	int64_t step_up_ns;          /* how long a second factor counts for sensitive acts */
	VEC(struct key_wait *) waiting;
	uint64_t last_key_ask;
	struct desk_flight flights[DESK_FLIGHTS];
	uint64_t store_id;
	struct desk_copying copying;
	struct map store_tries;      /* advisory/tenant → when again, how often (desk_store.c) */
	unsigned long long dead_pending; /* answers of the pool whose asker went */
};

/* Answers an ASK of web. */
void people_ask(struct desk_role *dr, uint64_t id, struct slice body);
/* desk_source.c: the sources of a folder with what is said of them to people; before the jail. */
json_t *desk_sources_read(const char *folder);
bool desk_source_is_known(const struct desk_role *dr, const char *id);
/* desk_rule.c: {id: title} of the rules in two folders; before the jail. Without any every rule is known. */
json_t *desk_rules_read(const char *folder, const char *more);
bool desk_rule_is_known(const struct desk_role *dr, const char *id);
/* An answer of role verify, and its end: whoever waits is told to try again. */
void people_key_said(struct desk_role *dr, uint64_t id, struct slice body);
void people_verify_lost(struct desk_role *dr);
/* What ingest says of collectors: ENROL, RENEW, HEARTBEAT (desk_lcp.c). */
void desk_role_collector(struct desk_role *dr, struct msg *m);
/* Engines and ingest hear of what has changed. */
void desk_role_send(struct desk_role *dr);
json_t *desk_role_load(struct slice s); /* an object or NULL */
/* desk_watch.c: the service's own measuring, from `go` on; what the store answers to it. */
void desk_role_watch(struct desk_role *dr);
void desk_role_store_said(struct desk_role *dr, struct msg *m);
void desk_role_probed(struct desk_role *dr, const struct msg *m);
/* {"status","body"}; takes the body over. */
void people_answer(struct desk_role *dr, uint64_t id, int status, json_t *body);
void people_answer_again(struct desk_role *dr, uint64_t id, int status, json_t *body); /* of an earlier request */
int64_t desk_role_now(struct desk_role *dr);
/* After a database error that must end the process (R2). */
void desk_role_check(struct desk_role *dr, int error);
/* desk_job.c: what a message of a less trusted role tells, as a command; false when the body is no object.  `command` is a literal. */
bool desk_role_job(struct desk_role *dr, const char *command, struct slice body);
void desk_role_say_again(struct desk_role *dr);    /* what could not be written down */
void desk_role_hand_out(struct desk_role *dr);     /* what is due and not under way */
void desk_role_forget_sent(struct desk_role *dr);  /* a role came back: what it was working on goes out again */

/* desk_hooks.c: the JOB of an endpoint with its address and keys. Heap; NULL when it is none, or nothing is known of it. */
char *desk_hook_job(struct desk_role *dr, struct slice doc);

/* desk_store.c: asks the store what the tables want counted; its answer; it is gone. */
void desk_store_ask(struct desk_role *dr);
void desk_store_answered(struct desk_role *dr, uint64_t id, struct slice body);
void desk_store_lost(struct desk_role *dr);

/* desk_copy.c: the same for copies of lines. */
void desk_copy_ask(struct desk_role *dr);
void desk_copy_answered(struct desk_role *dr, uint64_t id, struct slice body);
void desk_copy_lost(struct desk_role *dr);

/* desk_files.c */
#define DESK_FILES_MAX 10
struct desk_files {
	struct buf bytes; /* of the web's */
	size_t n;
	char hash[DESK_FILES_MAX][65];
	struct desk_blob blob[DESK_FILES_MAX];
};
/* The last part of a name without anything that a file system or a screen stumbles over, and its ending. */
void desk_file_name(struct slice given, char ret_name[256], char ret_type[17]);
/* Takes the bytes out of args.files; false when they are none or too many. */
bool desk_files_take(json_t *args, struct desk_files *ret);
void desk_files_fini(struct desk_files *f);
/* MAIL of role mail; answers MAIL_DONE when it is committed. */
void desk_role_mail(struct desk_role *dr, uint64_t id, struct slice body);
void desk_role_give_files(struct desk_role *dr, struct msg *m); /* FILES_ASK of notify */

#endif
