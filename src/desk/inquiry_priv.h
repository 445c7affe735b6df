/* SPDX-License-Identifier: Apache-2.0
 *
 * Inquiries inside the desk: what people's commands (inquiry.c), mails (inquiry_mail.c) and views share.
 */
#ifndef NZ_DESK_INQUIRY_PRIV_H
#define NZ_DESK_INQUIRY_PRIV_H

#include "desk/work_priv.h"

#define INQUIRY_SUBJECT_MAX 1000 /* bytes */
#define INQUIRY_TEXT_MAX 32000   /* bytes of one message */
#define INQUIRY_FILES_MAX 10

struct inquiry_now {
	char id[32], tenant[32], state[12], owner[32], number[24], token[32], lang[4], kind[16], priority[12], waits[12];
	bool held; /* nobody's yet: a mail that waits for a person */
};

/* What a message is, besides its text. who NULL = the actor. */
struct inquiry_message {
	const char *door, *side, *lang, *text;
	bool visible, is_auto, cut;
	const char *who_ja, *who_en, *address, *mail_id, *proof; /* proof: what our mail server said of the sender */
	const json_t *files; /* [{name, type, size, sha256 or null, note}] or NULL */
};

/* By id or number. Refuses 404 when it is none or not in sight. */
bool inquiry_load(struct cmd *c, struct inquiry_now *ret);
bool inquiry_fetch(struct db *db, const char *id, struct inquiry_now *ret);
/* Nobody's mail is for staff who see every tenant: it may be anybody's. */
bool inquiry_sees(const struct desk_actor *who, const char *tenant);

struct inquiry_new {
	const char *tenant; /* NULL: held, with the reason */
	const char *held, *kind, *priority, *door, *subject, *lang, *incident, *exclusion, *owner;
};
void inquiry_create(struct cmd *c, const struct inquiry_new *in, struct inquiry_now *ret);
/* Appends; returns the message's number. */
int64_t inquiry_say(struct cmd *c, const struct inquiry_now *n, const struct inquiry_message *m);
/* The customer said something: it is our turn, and the promise runs unless it does already. */
void inquiry_our_turn(struct cmd *c, const struct inquiry_now *n);
void inquiry_our_turn_since(struct cmd *c, const struct inquiry_now *n, int64_t since); /* the promise counts from then */
/* A mail that is nobody's yet: every half hour the lead on duty of the first roster is told. */
void held_begin(struct cmd *c, const struct inquiry_now *n);
void held_waits(struct cmd *c, const char *id);
/* An answer went out: the promise is kept or broken, the customer's turn. */
void inquiry_their_turn(struct cmd *c, const struct inquiry_now *n);
void inquiry_write_to(struct cmd *c, const char *inquiry, const char *address, const char *name, const char *contact);
/* "files" of the arguments, checked; NULL without any. */
const json_t *inquiry_files(struct cmd *c);

bool inquiry_kind_is(const char *kind);
int64_t inquiry_span_s(const char *priority); /* what everybody is promised; 0: no such priority */
/* What this tenant is: the first row of its `promises` that fits, else the former. */
int64_t inquiry_promise_s(struct db *db, const char *tenant, const char *kind, const char *priority);
void inquiry_due(struct cmd *c, const char *id); /* the timer before the promise breaks */

/* chat.c: somebody waits, or has gone; `door` of the word that was said. */
#define CHAT_V 12 /* of the journal's records */
void chat_asked(struct cmd *c, const struct inquiry_now *n, const char *door);
void chat_answered(struct cmd *c, const struct inquiry_now *n, const char *door);
void chat_waits(struct cmd *c, const char *id);
void chat_gone(struct cmd *c, const char *id);

/* inquiry_mail.c: message n to the people of the thread. what: answer, received. */
void inquiry_mail(struct cmd *c, const struct inquiry_now *n, int64_t message, const char *what);
/* For outbox.c: a mail of the thread came to nothing; an internal note says so. */
void inquiry_mail_failed(struct cmd *c, const char *inquiry, const char *name, const char *address);

#endif
