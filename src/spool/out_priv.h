/* SPDX-License-Identifier: Apache-2.0
 *
 * What out.c (writing) and outread.c (reading) share.
 */
#ifndef NZ_SPOOL_OUT_PRIV_H
#define NZ_SPOOL_OUT_PRIV_H

#include "batch/crc32c.h"
#include "spool/seglog_priv.h"

#define STORED_MAGIC 0x31534e53u /* "SNS1" */

/* Before the wire form in a batch's record; alone it is the payload of a checkpoint: the batch before. */
struct out_head {
	uint64_t epoch[2];
	uint64_t seq;
	uint8_t hash[32];
	uint64_t in_log, in_seq;   /* last record of `in` that is in this or an earlier batch */
	int64_t sealed_ns;
	uint32_t lines, reserved;
	uint64_t from_epoch[2];    /* while resealing: the batch this one replaces */
	uint64_t from_seq, reseal_to;
};

struct segment_mark {
	uint64_t first;            /* record */
	bool known;                /* false: nothing in the segment could be read */
	struct out_head head;      /* of the batch before the segment */
};

/* Also what is needed to go on behind the stored batch when its own record is lost. */
struct stored_file {
	uint32_t magic, has_head;
	uint64_t epoch[2];
	uint64_t seq;
	struct out_head head;
	uint32_t crc32c, reserved2;
};

#define HEADS_KEPT 64

struct spool_out {
	struct seglog log;
	struct out_head last;
	bool known;
	VEC(struct segment_mark) marks; /* parallel to log.firsts */
	uint64_t limit, in_bytes;
	struct spool_opts opts; /* dir: ours */
	uint64_t stored, saved;
	char *stored_path, *reserve_path, *first_path, *turn_path; /* keep.c */
	struct batch_zip *zip;
	struct batch_builder *bb;
	struct buf block, wire, read;
	struct out_head heads[HEADS_KEPT]; /* by seq % HEADS_KEPT: sealed or read lately */
	/* where the last read ended: reading in order needs no search */
	int fd;
	size_t at_mark;
	uint64_t at_off;
};

/* Reads the record of (epoch, seq) into out->read, head included. 0, E_NOTFOUND, E_CORRUPT. */
int out_find(struct spool_out *out, const uint64_t epoch[2], uint64_t seq, struct out_head *ret);
void out_sealed(const struct out_head *h, struct spool_sealed *ret);

#endif
