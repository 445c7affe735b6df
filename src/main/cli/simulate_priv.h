/* SPDX-License-Identifier: Apache-2.0
 *
 * Between simulate_world.c, which lets things happen, and simulate_run.c, which begins, counts and ends.
 */
#ifndef NZ_MAIN_CLI_SIMULATE_PRIV_H
#define NZ_MAIN_CLI_SIMULATE_PRIV_H

#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "base/vec.h"
#include "desk/desk.h"
#include "main/cli/simulate.h"

enum what { EV_DIALLING, EV_RINGING, EV_ANSWERED, EV_DONE, EV_PORTAL, EV_ANALYST, EV_HAND_OVER, EV_CONTACTS };

struct event {
	int64_t at;
	enum what what;
	int64_t job;      /* of a call or mail */
	size_t decision;
	int call;         /* which dial of that job: an event of a dial that was cut off is nobody's */
};

/* What the two roles remember of a job, by its number. */
struct memory {
	const struct fault *fault; /* NULL = never taken up */
	size_t decision;
	int64_t sent_at, cancel_at; /* mono, 0 = not */
	int64_t dialled_at, limit_ns, ring_ns; /* of the last dial */
	int call, answers;         /* dials so far; how often a person picked up */
	int64_t rang_at, answered_at;
	bool is_call, active, finished;
	const char *outcome;
};

struct decision {
	char tenant[32], candidate[32], incident[64];
	bool decided, unreachable, duplicate;
	int64_t pressed_at;
};

struct world {
	const struct sim_conf *conf;
	struct sim_figures *f;
	struct desk_settings settings;
	struct db *db;
	struct desk *desk; /* NULL while it is dead */
	char path[128];
	int64_t wall, mono, up_at, provider_back_at, due; /* due: wall time of the next timer */
	bool killed;
	bool changed;                                     /* something was written since the last turn */
	uint64_t dice;
	int error;
	VEC(struct event) events;
	VEC(struct memory) jobs;
	VEC(struct decision) decisions;
	char analyst[2][32];
	bool quiet; /* nobody answers and nothing breaks */
};

int64_t world_between_ms(struct world *w, int least, int most);
uint64_t world_dice(struct world *w);
bool world_strikes(struct world *w, const char *fault); /* a WORLD or STEP row of tbl/faults.tbl */
void world_open_desk(struct world *w);
int64_t world_time(struct world *w);
struct desk_answer world_apply(struct world *w, const char *command, const struct desk_actor *who, json_t *args); /* takes args */
/* The i-th decision; whether it was taken stands in it afterwards. */
void world_decide(struct world *w, size_t i);
void world_tick(struct world *w); /* one turn of the desk role's loop */

#endif
