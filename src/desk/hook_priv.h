/* SPDX-License-Identifier: Apache-2.0
 *
 * Webhooks: a tenant's endpoints, and what they are told.
 *
 *     what happened ─▶ hook_say ─▶ one outbox row for each active endpoint that chose the event ─▶ notify ─▶ job.done
 *                                                                                      └ hook_delivered: failing since, disabled
 *
 * Addresses and secrets of endpoints are in auth/, never here: the role puts them into the JOB as it goes out.
 */
#ifndef NZ_DESK_HOOK_PRIV_H
#define NZ_DESK_HOOK_PRIV_H

#include "desk/desk_priv.h"

/* What one event says. data and card are taken over; card = {"facts":[{"name":Texts,"value":Texts}],"text":Texts?,"url"?}. */
struct hook_words {
	const char *event;      /* of tbl/hook_events.tbl */
	const char *incident;   /* NULL when it is none's */
	const char *severity;   /* of the incident: rows of `channels` may silence it */
	json_t *data, *card;
	json_t *raw;            /* log lines, for endpoints that chose them; NULL = none */
	const char *endpoint;   /* only this one, whatever it chose; NULL = all */
};

bool hook_is_event(const char *event);
/* Does any endpoint of c->tenant want to hear of it? Ask before composing. */
bool hook_wanted(struct cmd *c, const char *event);
void hook_say(struct cmd *c, struct hook_words *w);

/* hook_words.c: each composes and says. Cheap when nobody listens. */
void hook_incident(struct cmd *c, const char *event, const char *incident, const char *text, const char *lang);
void hook_inquiry(struct cmd *c, const char *inquiry, int64_t message);
void hook_exception(struct cmd *c, const char *event, const char *exception);
/* part: what the tenant's mail says of it (advisory.c), borrowed. */
void hook_advisory(struct cmd *c, const char *event, const json_t *part);
void hook_report(struct cmd *c, const char *id);
void hook_test(struct cmd *c, const char *endpoint);

/* An attempt of a job ended so. */
void hook_delivered(struct cmd *c, int64_t job, const char *outcome);
void hook_failing(struct cmd *c, const char *endpoint); /* timer webhook.failing */

/* outbox.c. doc is taken over. */
struct hook_row {
	const char *endpoint, *name, *shown, *event, *incident, *key;
};
int64_t outbox_hook(struct cmd *c, json_t *doc, const struct hook_row *row);
json_t *outbox_incident_part(struct cmd *c, const char *incident, char **ret_severity);
/* A mail in our own words to every contact of c->tenant who wants reports; about may be NULL. */
struct word_mail {
	const char *key, *about_ja, *about_en, *text_ja, *text_en, *path; /* path below desk.url */
};
void outbox_words(struct cmd *c, const struct word_mail *w);

/* Text of people or machines as it may stand in a message: no control characters, no marks that turn the direction of writing,
 * at most max bytes. Heap. */
char *clean_text(const char *s, int max);

#endif
