/* SPDX-License-Identifier: Apache-2.0
 *
 * Map: slice → uint64_t or pointer.  Open addressing, linear probing, SipHash with a random key, so a
 * stranger who chooses the keys gains nothing.  The map copies its keys unless told otherwise.
 */
#ifndef NZ_BASE_MAP_H
#define NZ_BASE_MAP_H

#include "base/slice.h"

struct map_slot {
	struct slice key;
	uint64_t hash;
	union {
		uint64_t u;
		void *ptr;
	};
	bool used;
};

struct map {
	struct map_slot *slots;
	size_t n, cap;
	bool borrow; /* keys belong to the caller and outlive the map */
};

void map_fini(struct map *m);
/* The slot of key, made when absent (value 0); *ret_new, if given, says so. Valid until the next put. */
struct map_slot *map_put(struct map *m, struct slice key, bool *ret_new);
struct map_slot *map_get(const struct map *m, struct slice key); /* NULL when absent */
bool map_del(struct map *m, struct slice key);
/* Iteration: for (struct map_slot *s = NULL; (s = map_next(m, s)) != NULL;) */
struct map_slot *map_next(const struct map *m, struct map_slot *s);

#endif
