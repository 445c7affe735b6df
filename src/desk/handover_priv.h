/* SPDX-License-Identifier: Apache-2.0
 *
 * Hand-over: open work of some tenants passes from one crew to the next, item by item, and is accepted.
 *
 *     draft ──(the giver signs; or the crew changes: unsigned, a warning)──▶ offered ──(every item accepted)──▶ accepted
 *       │                                                                     │  ▲ refused items: signed again
 *       └──(another roster, a site lost or back)──▶ void  (accept_s after the change)▼
 *                                                                     late: the lead on duty has what is open, an alarm
 *
 * What still waits when the crew changes again goes on in the next hand-over (passed_to).  When a site is lost its people's work is the
 * stand-in's lead's at once, in a hand-over that is offered unsigned (handover_take_over).
 *
 * An item is a row that says what it was when it was drafted, and whose.  Accepting makes the accepting person the owner of
 * a case, a task, an alarm; who took it in the meantime keeps it.  Telephone chains and clocks do not ask whose a case is: they run on.
 *
 * Timers, all rows: handover.draft (ROSTER@CHANGE) draft_s before a change, handover.offer at the change,
 * handover.late accept_s after it.  The auditor (audit.c) tells what has no owner on duty all the same.
 */
#ifndef NZ_DESK_HANDOVER_PRIV_H
#define NZ_DESK_HANDOVER_PRIV_H

#include "desk/roster_priv.h"
#include "desk/work_priv.h"

#define HANDOVER_ITEMS_MAX 500
#define HANDOVER_ACCEPT_NS (900 * NS_PER_S) /* without a roster */
#define HANDOVER_GOES_ON 4        /* from that version of the journal on: owners are looked at again at the change, and what waits goes on in the next */

/* Of a row `x` of handover_items: what it is about has been dealt with in the meantime. */
#define HANDOVER_GONE                                                                                                           \
	"CASE x.kind WHEN 'incident' THEN EXISTS(SELECT 1 FROM incidents i WHERE i.id = x.ref AND i.state = 'closed')"                  \
	" WHEN 'candidate' THEN EXISTS(SELECT 1 FROM candidates c WHERE ('C-' || c.number) = x.ref AND c.state IN ('closed','merged'))" \
	" WHEN 'task' THEN EXISTS(SELECT 1 FROM tasks t WHERE (t.incident || '/' || t.n) = x.ref AND t.done_at IS NOT NULL)"           \
	" WHEN 'inquiry' THEN EXISTS(SELECT 1 FROM inquiries q WHERE ('Q-' || q.number) = x.ref AND q.state <> 'open')"                \
	" WHEN 'second' THEN NOT EXISTS(SELECT 1 FROM downgrades d WHERE d.incident = x.ref AND d.state = 'open')"                     \
	" WHEN 'promise' THEN EXISTS(SELECT 1 FROM clocks k WHERE k.id = x.ref AND k.stopped_at IS NOT NULL)"                          \
	" WHEN 'alarm' THEN EXISTS(SELECT 1 FROM alarms a WHERE a.id = x.ref AND a.ack_at IS NOT NULL)"                                \
	" WHEN 'queue' THEN x.ref <> x.tenant AND NOT EXISTS(SELECT 1 FROM inquiries q WHERE q.tenant = x.tenant AND q.state = 'open' AND q.owner IS NULL)" \
	" WHEN 'held' THEN NOT EXISTS(SELECT 1 FROM inquiries q WHERE q.tenant IS NULL AND q.state = 'open')"                          \
	" WHEN 'registration' THEN NOT EXISTS(SELECT 1 FROM registrations r WHERE r.tenant = x.tenant AND r.state = 'proposed')"       \
	" WHEN 'exception' THEN NOT EXISTS(SELECT 1 FROM exceptions e WHERE e.tenant = x.tenant AND e.state = 'proposed')"             \
	" WHEN 'report' THEN NOT EXISTS(SELECT 1 FROM reports p WHERE p.tenant = x.tenant AND p.state = 'draft')"                      \
	" WHEN 'advisory' THEN NOT EXISTS(SELECT 1 FROM advisories v WHERE v.state IN ('draft','approved')) ELSE 0 END"

struct handover_now {
	char id[32], number[24], roster[32], state[12], from_lead[32], to_lead[32], passed_to[32];
	int64_t at, due_at;
	json_t *tenants, *crew; /* ids of tenants; of the people who may accept */
};
/* By id or number; refused (404) unless the actor sees a tenant of it. handover_fini gives it back. */
bool handover_load(struct cmd *c, const char *key, struct handover_now *ret);
void handover_fini(struct handover_now *h);
bool list_has(const json_t *list, const char *text);
/* Is the actor of the crew that gives: its lead, somebody of it, or any lead? */
bool handover_gives(struct cmd *c, const struct handover_now *h);

struct item_now {
	int64_t n;
	char kind[16], ref[160], tenant[32], owner[32], state[12];
};

struct handover_making {
	const char *roster, *from_site, *from_lead, *to_site, *to_lead, *words, *lang;
	int64_t at, due_at;
	json_t *tenants, *crew; /* taken */
};
/* A draft with what is open; handover_fini. */
void handover_make(struct cmd *c, const struct handover_making *m, struct handover_now *ret);
json_t *handover_users(struct cmd *c, const json_t *logins);                               /* ids of those who work */
json_t *handover_tenants(struct cmd *c, const struct roster *r, const char *roster);
/* Who owns it now, if it is of a kind that has an owner; NULL when nobody does. Heap. */
char *handover_owner(struct db *db, const char *kind, const char *ref);

/* Work of people who are not there any more is the lead's at once: what of it is the hand-over's, and open or late, in the state it is in. */
void handover_take_over(struct cmd *c, const struct handover_now *h, const json_t *gone, const char *lead);
/* A draft of a change that is already over: offered, unsigned; the time to accept begins. */
void handover_offer_now(struct cmd *c, struct handover_now *h);
/* Hand-overs of the same roster that still wait go on in this one. */
void handover_pass_earlier(struct cmd *c, const struct handover_now *h);
/* After a site was lost or came back: drafts whose crews are others now are void, and all are planned anew. `from`: as handover_plan_next's after. */
void handover_replan(struct cmd *c, int64_t from);

/* What is open, as items of the hand-over: anew, or `more`: what came since.  Of one without a roster only what belongs to its giver. */
void handover_gather(struct cmd *c, const struct handover_now *h, bool more);
/* Timers and drafts for the roster that holds from now on. */
void handover_plan(struct cmd *c);
void handover_plan_next(struct cmd *c, const char *roster, int64_t after);
void handover_draft_due(struct cmd *c, const char *ref);
void handover_offer_due(struct cmd *c, const char *ref);
void handover_late(struct cmd *c, const char *ref);
/* What the command that drafts takes along as args.data: devices and collectors that are not well; they are measured, not journalled. */
json_t *handover_data(struct desk *d, const json_t *tenants, int64_t now);
json_t *handover_timer_data(struct desk *d, const char *kind, const char *ref, int64_t now);

#endif
