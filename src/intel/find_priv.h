/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to intel/: an opened image, shared by image.c and find.c.
 */
#ifndef NZ_INTEL_FIND_PRIV_H
#define NZ_INTEL_FIND_PRIV_H

#include "intel/image_priv.h"

struct intel_image {
	const struct image_head *head;
	const uint64_t (*filter)[FILTER_WORDS];
	const uint32_t *buckets, *listrefs, *rank16;
	const struct image_slot *slots;
	const struct image_meta *metas;
	const struct image_list *lists;
	const struct image_range *ranges;
	const char *records, *names;
	const uint64_t *map16;
	const struct image_nets16 *nets16;
	size_t lines, nbuckets, nslots, nrecords, nmetas, nlistrefs, nlists, nnames, nranges, nnets16;
	unsigned shift;    /* hash >> shift is the bucket; 64 = there is one */
	void *map;
	size_t map_len;
};

struct record {
	enum intel_type type;
	bool allow;
	const struct image_meta *meta;
	struct slice key;
};

/* False when it does not lie whole inside the image. */
bool record_at(const struct intel_image *im, uint32_t at, struct record *ret);

#endif
