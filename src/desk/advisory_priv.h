/* SPDX-License-Identifier: Apache-2.0
 *
 * Advisories inside the desk: commands (advisory.c), what is asked of the store and shown (view_advisory.c).
 */
#ifndef NZ_DESK_ADVISORY_PRIV_H
#define NZ_DESK_ADVISORY_PRIV_H

#include "desk/work_priv.h"

#define ADVISORY_DAYS 92
#define ADVISORY_VALUES 50 /* products, indicators */

/* The queries that find the indicators, and devices of the products, (JSON arrays) in a tenant's logs, by device. Heap;
 * NULL without any. */
char *advisory_query(const char *indicators);
char *advisory_product_query(const char *products);
/* Is it a value of that kind: ip, domain, hash? */
bool indicator_is_good(const char *kind, const char *value);
void advisory_again(struct cmd *c, const char *id); /* the timer: counts are a day old */

#endif
