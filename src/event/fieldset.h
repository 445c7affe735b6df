/* SPDX-License-Identifier: Apache-2.0
 *
 * The look-up of names in a fieldset is on the path of every JSON key, so it is inline: one cheap hash
 * over length, ends and middle, one probe, one compare.  The names come from our own tables and rules,
 * not from strangers, so the table needs no secret key; a stranger's key only misses.
 */
#ifndef NZ_EVENT_FIELDSET_H
#define NZ_EVENT_FIELDSET_H

#include "event/event.h"

#define FIELDSET_BUCKETS 8192
#define FIELDSET_ALIASES 2048

struct fieldset {
	struct slice name[EVENT_SLOTS + FIELDSET_ALIASES]; /* slots, then other names of slots */
	int16_t alias_of[FIELDSET_ALIASES];
	int count, aliases;
	int16_t bucket[FIELDSET_BUCKETS]; /* index in name + 1; 0 = empty; linear probing */
	struct arena arena;
};

static inline uint32_t
fieldset_hash(struct slice s)
{
	uint64_t a = 0, b = 0;

	if (s.n >= 8) {
		memcpy(&a, s.p, 8);
		memcpy(&b, s.p + s.n - 8, 8);
		if (s.n > 16) {
			uint64_t c;

			memcpy(&c, s.p + s.n / 2 - 4, 8);
			a ^= c * 0x9e3779b97f4a7c15ULL;
		}
	} else {
		memcpy(&a, s.p, s.n);
	}
	a = (a ^ (uint64_t)s.n * 0xff51afd7ed558ccdULL) * 0xc4ceb9fe1a85ec53ULL;
	b = (b ^ a >> 29) * 0x9e3779b97f4a7c15ULL;
	return (uint32_t)(b >> 40) & (FIELDSET_BUCKETS - 1);
}

static inline int
fieldset_lookup(const struct fieldset *fs, struct slice name)
{
	for (uint32_t i = fieldset_hash(name);; i = (i + 1) & (FIELDSET_BUCKETS - 1)) {
		int id = fs->bucket[i] - 1;

		if (id < 0)
			return FIELD_NONE;
		if (slice_eq(fs->name[id], name))
			return id < EVENT_SLOTS ? id : fs->alias_of[id - EVENT_SLOTS];
	}
}

#endif
