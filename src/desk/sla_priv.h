/* SPDX-License-Identifier: Apache-2.0
 *
 * The eight times of incidents, made into percentiles.  The same code serves the desk's own answer and the
 * customer's recomputing from the journal (slice.c).
 */
#ifndef NZ_DESK_SLA_PRIV_H
#define NZ_DESK_SLA_PRIV_H

#include "desk/desk_priv.h"

enum sla_time { SLA_HAPPENED, SLA_LCP, SLA_SOC, SLA_DETECTED, SLA_OPENED, SLA_DECIDED, SLA_RANG, SLA_ACKNOWLEDGED, SLA_TIMES };

extern const char *const sla_names[SLA_TIMES]; /* "happened" … "acknowledged" */

struct sla_row {
	char id[64], tenant[32], site[32], month[8]; /* month of the decision in the tenant's zone: 2026-11 */
	int64_t t[SLA_TIMES];                        /* 0: did not happen */
};

void sla_month(const char *zone, int64_t at, char ret[8]);
/* Groups by month and tenant, and by month, tenant and site where a site is known; newest month first.
 * [{"month","tenant","site","incidents","intervals":[{"id","n","p50_ms","p90_ms","p95_ms","p99_ms","max_ms"}]}] */
json_t *sla_table(struct sla_row *v, size_t n);

#endif
