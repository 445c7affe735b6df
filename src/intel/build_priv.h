/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to intel/: the builder's inside, shared by build.c, read.c and write.c.
 */
#ifndef NZ_INTEL_BUILD_PRIV_H
#define NZ_INTEL_BUILD_PRIV_H

#include "base/map.h"
#include "base/vec.h"
#include "intel/image_priv.h"

#define META_LISTS_MAX 32 /* further lists of one value are not named */

struct entry {
	uint64_t hash;
	uint32_t key, meta;
	uint16_t key_len;
	uint8_t type, allow;
	uint32_t record;          /* where it lies in the image; set while writing */
};

struct intel_builder {
	int64_t now_ns;
	uint64_t k0, k1;
	uint8_t id[16];
	struct buf keys, names;
	VEC(struct entry) entries;
	uint32_t *index;          /* entry + 1 by hash; 0 = free */
	size_t index_cap;
	VEC(struct image_meta) metas;
	VEC(uint32_t) listrefs;
	VEC(struct image_list) lists;
	struct map list_of, meta_of;
	enum intel_type last_type; /* of the last value added */
};

#endif
