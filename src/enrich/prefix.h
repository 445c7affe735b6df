/* SPDX-License-Identifier: Apache-2.0
 *
 * Prefix table: networks and single addresses → number, longest first.  One open-addressing table over
 * (masked address, length) and a list of the lengths in use, so a look-up costs as many probes as there are
 * lengths.  The entries are the tenant's own, strangers' addresses can only miss: a plain hash is enough.
 */
#ifndef NZ_ENRICH_PREFIX_H
#define NZ_ENRICH_PREFIX_H

#include "base/vec.h"
#include "codec/ip.h"

struct prefix_entry {
	struct ip net;
	unsigned bits;
	int value;
};

struct prefix_table {
	VEC(struct prefix_entry) list;
	int *slot;             /* index in list + 1 */
	uint32_t mask;
	uint8_t lengths[129];  /* in use, longest first */
	int lengths_n;
};

void prefix_add(struct prefix_table *t, const struct ip *net, unsigned bits, int value);
void prefix_seal(struct prefix_table *t); /* after the last add; of equal entries the first wins */
int prefix_find(const struct prefix_table *t, const struct ip *ip); /* -1 when none covers it */
void prefix_fini(struct prefix_table *t);

#endif
