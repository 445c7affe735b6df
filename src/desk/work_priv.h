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

#endif
