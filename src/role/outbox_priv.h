/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two roles that carry out jobs share: which jobs are under way (job ↔ outbox row's number), which were
 * finished lately with what answer, and the channel to the desk, which may be away.
 *
 * The desk repeats a JOB until it has JOB_DONE, so an answer that found no channel is not lost: it is given
 * again on the repeat.
 */
#ifndef NZ_ROLE_OUTBOX_PRIV_H
#define NZ_ROLE_OUTBOX_PRIV_H

#include "base/map.h"
#include "role/role.h"

#define OUTBOX_KEPT 1024u

struct outbox {
	struct chan *desk;       /* NULL: away */
	struct map active;       /* job → row */
	struct map finished;     /* job → index into ring, plus 1 */
	struct { char *job, *body; } ring[OUTBOX_KEPT];
	size_t at;
};

/* True when the job is new and now under way; otherwise it was answered again or is being worked on. */
bool outbox_begin(struct outbox *o, const char *job, uint64_t row);
void outbox_event(struct outbox *o, const char *job, struct slice body);
void outbox_done(struct outbox *o, const char *job, struct slice body);
/* The same for an attempt that the desk will ask for again: it is not remembered, so that the next JOB is a new attempt. */
void outbox_later(struct outbox *o, const char *job, struct slice body);
/* A job that could not even be read. */
void outbox_bad(struct outbox *o, const char *job, uint64_t row, const char *kind, int64_t at, const char *why);
/* Reads {"job"} of JOB_CANCEL; E_SYNTAX when it is none. */
int outbox_read_cancel(struct slice body, char ret_job[65]);
void outbox_fini(struct outbox *o);

#endif
