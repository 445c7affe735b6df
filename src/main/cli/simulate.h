/* SPDX-License-Identifier: Apache-2.0
 *
 * The world around the desk, in simulated time: people with telephones, two providers, a mail server, and
 * processes that die (tbl/faults.tbl).  The desk itself is the service's own code over a database file.
 */
#ifndef NZ_MAIN_CLI_SIMULATE_H
#define NZ_MAIN_CLI_SIMULATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct sim_conf {
	json_t *tenants;    /* arguments of tenant.import; borrowed */
	const char *tenant; /* only this one; NULL = all in turn */
	int64_t count;      /* decisions */
	uint64_t seed;
	int64_t at;         /* when the first decision is made; 0 = at random in 2026 to 2028 */
};

enum {
	SIM_FAULTS = 0
#define FAULT(kind, name, share, rings, answered, least, most, outcome, what) + 1
#include "tbl/faults.tbl"
#undef FAULT
};
const char *sim_fault_name(size_t i); /* in the order of the table */

struct sim_figures {
	int64_t decisions;
	int64_t reached;    /* a person acknowledged within ten minutes */
	int64_t lead;       /* nobody did, and the alarm's mail was taken for the shift lead or duty manager within ten minutes */
	int64_t late;       /* either of them, but later */
	int64_t forgotten;  /* neither, ever */
	int64_t duplicates; /* decisions for which a person was made to answer again */
	int64_t nobody_to_call; /* of `lead`: not one number of the tenant worked; nothing could ring */
	int64_t calls, mails, restarts, overdue, timers, timers_late, timers_twice;
	int64_t stuck;     /* looks at which a dial had no news for longer than ring and talk can take, and the chain did not go on */
	int64_t handovers; /* accepted in the middle of it */
	int64_t faults[SIM_FAULTS]; /* how often each row of tbl/faults.tbl struck */
	double ring_p50_s, ring_p99_s, ring_max_s;
	bool journal_whole;
};

/* 0 or an error of the database. */
int sim_run(const struct sim_conf *conf, struct sim_figures *ret);
/* Who is called when nobody answers, as the desk answers calltree.show at conf->at, with "attempts": [{after_s, contact, name,
 * number, provider}]. NULL and *ret_error, or 404's E_NOTFOUND for an unknown tenant. */
json_t *sim_timeline(const struct sim_conf *conf, const char *tenant, int *ret_error);
/* The duties of a month when nobody lifts a hand: [{tenant, zone, country, month, steps: [{at, local, what, about, mails, text}]}], what:
 * daily draft alarm missed, in the order of time; local is the tenant's clock. NULL and *ret_error of the database. */
json_t *sim_month(const struct sim_conf *conf, int64_t year, unsigned month, int *ret_error);

#endif
