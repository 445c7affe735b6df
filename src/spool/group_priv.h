/* SPDX-License-Identifier: Apache-2.0
 *
 * The payload of a record of `in`: one group commit.  Checkpoints have the same form without lines.
 *
 *     struct group_head
 *     bytes, zero bytes to a multiple of 8
 *     struct spool_line[lines]  struct batch_note[notes]
 *     devices   each {uint16 id_len, uint16 source_len, id, source}
 *     zero bytes to a multiple of 8
 *     origins   each struct group_origin, state, zero bytes to a multiple of 8
 */
#ifndef NZ_SPOOL_GROUP_PRIV_H
#define NZ_SPOOL_GROUP_PRIV_H

#include "spool/spool.h"

#define GROUP_LINES_MAX 60000u
#define GROUP_BYTES_MAX (8u << 20)

struct group_head {
	uint32_t bytes_len, lines, notes;
	uint32_t devices, devices_len;
	uint32_t origins, origins_len;
	uint32_t reserved;
};

struct group_origin {
	uint64_t id[2];
	uint64_t end;
	uint16_t state_len;
	uint8_t dropped;
	uint8_t reserved[5];
};

/* The next device or origin of a checked group; moves *at. */
void group_next_device(struct slice *at, struct slice *ret_id, struct slice *ret_source);
void group_next_origin(struct slice *at, struct group_origin *ret, struct slice *ret_state);
void group_put_device(struct buf *out, struct slice id, struct slice source);
void group_put_origin(struct buf *out, const struct group_origin *o, const void *state);

static inline size_t
group_pad(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

#endif
