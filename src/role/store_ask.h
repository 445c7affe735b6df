/* SPDX-License-Identifier: Apache-2.0
 *
 * Questions to the store: verb and arguments → {status, body}.  Works in a query thread; also behind
 * `nezuban query --store`, without any process.
 *
 *     log.search     q, from, to, tenant, limit, zone    items (events) or columns and rows (a table)
 *     log.histogram  q, from, to, tenant                 step_s, buckets [{at, count, known}]
 *     log.facets     q, from, to, tenant, field          items [{value, count}]
 *     event.show     id                                  one event
 *     canary.list                                    items [{tenant, lcp, minute}]: for the desk alone
 *     evidence.lines tenant, events [{lcp, epoch, seq, n}]   items (events): the desk's copy of evidence
 */
#ifndef NZ_ROLE_STORE_ASK_H
#define NZ_ROLE_STORE_ASK_H

#include <jansson.h>

#include "store/store.h"

struct ask {
	const char *verb;
	const json_t *actor, *args;
	/* Tenants that exist in the store: what "all" means. */
	const struct slice *known;
	size_t known_count;
	int64_t now_ns;
	const volatile int *cancel;
};

/* {"status": HTTP status, "body": …}; never NULL. */
json_t *store_answer(struct store_conn *c, const struct ask *a);

#endif
