/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the desk: minutes of the service (watch.c) and what they say about a month (availability.c).
 */
#ifndef NZ_DESK_WATCH_PRIV_H
#define NZ_DESK_WATCH_PRIV_H

#include "desk/work_priv.h"

#define WATCH_MINUTE (60 * NS_PER_S)
#define WATCH_DAYS 430 /* minutes older than these are forgotten */

/* A row of tbl/login_faults.tbl; at most eight. NULL past the end, or when it is none. */
struct login_fault {
	const char *name, *ja, *en;
};
const struct login_fault *login_fault_at(size_t i);
const struct login_fault *login_fault_find(const char *name);

int64_t watch_late_ns(const struct desk *d);
/* Minutes from to to (both belong to it), joined with what they touch. Inside a transaction of the caller. */
void watch_mark(struct db *db, const char *tenant, const char *lcp, const char *what, int64_t from, int64_t to);
/* Canaries of one batch, in the transaction of its position. */
void watch_seen(struct desk *d, const char *tenant, const char *lcp, const json_t *minutes, int64_t now);

/* {measured, target, percent ("99.954" or null), good, bad, excluded, unmeasured, minutes, met, reasons:[…], spans:[…]} of a tenant for
 * [from, to) ns; minutes that are not judged yet stay out. detail: with the spans that were bad or left out, at most 200. */
json_t *availability_of(struct desk *d, const char *tenant, int64_t from, int64_t to, int64_t now, bool detail);

/* upkeep.c: what its commands and those of exclusion.c share. */
int64_t upkeep_time(struct cmd *c, const char *key);                                    /* RFC 3339, needed */
const char *upkeep_tenant(struct cmd *c, bool needed);                                  /* NULL with the command refused when the actor does not see it */
void upkeep_made(struct cmd *c, const char *noun, const char *id, const char *tenant);  /* the answer is {"id"} */
void upkeep_clock(const char *zone, int64_t ns, char ret[24]);                          /* "2026-11-27 10:12" */
json_t *upkeep_seen(struct ask *a, struct rows *r);                                     /* {"items"}: the rows in sight; their second column is the tenant, none means all of them */

#endif
