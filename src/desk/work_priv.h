/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading the case a command is about: checks that the actor sees it (404 otherwise, so nobody learns that
 * it exists) and notes tenant and noun for the journal and the answer.
 */
#ifndef NZ_DESK_WORK_PRIV_H
#define NZ_DESK_WORK_PRIV_H

#include "desk/desk_priv.h"

struct candidate_now {
	char id[32], tenant[32], state[12], owner[32], owner_name[128], number[24], severity[16], incident[64];
	int64_t claimed_at;
};

struct incident_now {
	char id[64], candidate[32], tenant[32], severity[16], state[12];
	int64_t ack_at, decided_at;
	bool merged; /* into another; it is closed for good */
};

/* By id or by number. */
bool case_load(struct cmd *c, const char *id, struct candidate_now *ret);
bool case_is_others(struct cmd *c, const struct candidate_now *n);
void case_claim(struct cmd *c, const struct candidate_now *n);
void case_fields(struct cmd *c, const char *candidate);
bool incident_load(struct cmd *c, struct incident_now *ret);

/* What a decision says, read and checked: decide.c fills it, faults go to the list. */
struct decision {
	const char *severity, *category, *reason;
	const json_t *answers;
	char *title_ja, *title_en, *summary_ja, *summary_en; /* heap */
	const json_t *actions, *evidence;
	const char *says;      /* what the answers say */
	bool reason_needed;
};
typedef void decision_fault_fn(void *ctx, const char *field, const char *ja, const char *en);
void decision_read(struct db *db, const char *candidate, const char *decided_before, const json_t *args, struct decision *ret,
                   decision_fault_fn *fault, void *ctx);
void decision_fini(struct decision *d);

/* By the id or number of a candidate, or by an incident's number; noun and id become the incident's. */
bool case_load_any(struct cmd *c, const char *key, struct candidate_now *ret);
/* The person named by id or login: an analyst or lead who works and sees the tenant. NULL, refused, otherwise. Heap. */
char *case_person(struct cmd *c, const char *field, const char *key, const char *tenant);
void incident_decide_again(struct cmd *c, const struct incident_now *n); /* by c->args */
void incident_close(struct cmd *c, const struct incident_now *n);        /* the same */

const char *arg_lang(struct cmd *c);                                      /* "lang" of the arguments; ja when absent */

/* second.c */
bool second_is_needed(struct cmd *c, const struct incident_now *n);
bool second_waits(struct db *db, const char *incident);
/* severity NULL: to be closed as a false positive */
void second_propose(struct cmd *c, const struct incident_now *n, const char *command, const char *severity, const char *reason);
void second_late(struct cmd *c, const char *id);
void second_look(struct cmd *c, const struct candidate_now *n, const char *incident, const char *severity);
json_t *view_downgrade(struct db *db, const char *incident);

/* exception.c, work.c */
void exception_over(struct cmd *c, const char *id);
void task_late(struct cmd *c, const char *id);
/* collector.c: timers, and how many certificates in use are about to end */
void lcp_old_ends(struct cmd *c, const char *serial);
void lcp_expiring(struct cmd *c, const char *ref);
/* upkeep.c */
void appointment_due(struct cmd *c, const char *id);
void test_call_done(struct cmd *c, int64_t job, const char *outcome);
/* availability.c: of the present month so far, without spans */
json_t *availability_month(struct desk *d, const char *tenant, int64_t now);
int64_t lcps_expiring(struct db *db, int64_t now);
json_t *view_tasks(struct db *db, const char *incident);
json_t *view_related(struct db *db, const char *incident);
json_t *view_answer(struct db *db, const char *incident);

#endif
