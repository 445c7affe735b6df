/* SPDX-License-Identifier: Apache-2.0
 *
 * Seglog: a log of numbered records in preallocated segments; the build that `in` and `out` share.
 *
 *   LOG-FIRST.seg     64 MiB; LOG = 64 random bits of this log, FIRST = number of its first record, both hex
 *   record            struct rec_head, payload, zero bytes up to a multiple of 16
 *
 * Numbers have no holes.  A record is good when magic, version, log, the number that is due, and the CRC32C
 * over head and payload are right.  Segments of `in` are used again without wiping: old records in them
 * carry smaller numbers, so they are never taken for new ones; and because LOG is random and secret to
 * senders, bytes inside a line that look like a record are none.
 *
 * Reading forward over damage goes from 16 to 16 bytes to the next good record with a larger number.
 * The bad range is copied to quarantine/.  At the tail of the newest segment a record without a good CRC is
 * `torn`: it was never synced.  A segment without any good record counts as missing.
 */
#ifndef NZ_SPOOL_SEGLOG_PRIV_H
#define NZ_SPOOL_SEGLOG_PRIV_H

#include <sys/uio.h>

#include "base/vec.h"
#include "spool/spool.h"

#define REC_MAGIC 0x53535a4eu /* "NZSS" */
#define REC_VERSION 1
#define REC_CHECKPOINT 1
#define REC_GROUP 2
#define REC_BATCH 3

#define SPOOL_IN_SEGMENTS 3u /* `in` may hold these whatever `out` takes, or nothing would ever be packed */

struct rec_head {
	uint32_t magic;
	uint8_t version, kind;
	uint16_t reserved;
	uint32_t len;        /* of the payload */
	uint32_t crc32c;     /* over the head with this as 0, then the payload */
	uint64_t seq;
	uint64_t log;
};
_Static_assert(sizeof(struct rec_head) == 32, "record head is 32 bytes");

struct rec {
	uint64_t seq;
	uint8_t kind;
	struct slice payload; /* 16-aligned, valid until the next read */
};

struct seglog {
	char *dir, *quarantine;
	uint64_t log, segment;
	VEC(uint64_t) firsts;      /* ascending; the last one is written to */
	uint64_t next;             /* number of the next record */
	int fd;                    /* newest segment, -1 = none yet */
	uint64_t off;              /* where the next record goes */
	uint64_t since_checkpoint; /* bytes */
	uint64_t spare;            /* segments kept for the next rotation */
	bool dirty;
	struct spool_damage damage;
};

/* Reads records in order; has its own descriptors, works beside a writing process. */
struct segread {
	char *dir, *quarantine;
	uint64_t log, segment;
	uint64_t next;             /* number wanted next */
	uint64_t first;            /* of the segment that is open */
	int fd;
	uint64_t off;
	struct buf buf;
	struct spool_damage damage;
};

/* What one read met besides a good record. */
struct seg_gap {
	uint64_t from, to;         /* numbers lost, both included; to < from = none */
	uint64_t bytes;
};

typedef int seglog_replay_fn(void *ctx, const struct rec *r);

/* Opens or makes the log. Replays from the last segment with a good checkpoint to the end. */
int seglog_open(struct seglog *s, const char *dir, const char *quarantine, uint64_t segment,
                seglog_replay_fn *fn, void *ctx);
void seglog_close(struct seglog *s);
bool seglog_fits(const struct seglog *s, size_t payload);
/* Begins a new segment, using the oldest again when `reuse` (its records are not wanted any more). */
int seglog_rotate(struct seglog *s, bool reuse);
/* The same with a file of a segment's size that was kept for it and never written; E_FULL when there is none. */
int seglog_rotate_kept(struct seglog *s, const char *kept);
/* Appends behind the end without syncing; the record must fit. */
int seglog_append(struct seglog *s, uint8_t kind, const struct iovec *parts, int count);
int seglog_sync(struct seglog *s);
/* Unlinks the oldest segment and syncs the folder. */
int seglog_drop_oldest(struct seglog *s);
uint64_t seglog_bytes(const struct seglog *s);
uint64_t seglog_first_end(const struct seglog *s); /* last number in the oldest segment; 0 when it is the only one */

void segread_init(struct segread *r, const char *dir, const char *quarantine, uint64_t log, uint64_t segment,
                  uint64_t next);
void segread_fini(struct segread *r);
/* Next record with a number <= last. 0; E_AGAIN when there is none yet; E_IO. *ret_gap tells of numbers skipped. */
int segread_next(struct segread *r, uint64_t last, struct rec *ret, struct seg_gap *ret_gap);

/* Good record at off with this number (0 = any)? Its payload is read into buf. 0, E_CORRUPT, E_IO. */
int rec_read(int fd, uint64_t off, uint64_t segment, uint64_t log, uint64_t seq, struct buf *buf, struct rec *ret);
/* Offset of the next good record at or behind off with a number > above; 0 or E_NOTFOUND. */
int rec_seek(int fd, uint64_t off, uint64_t segment, uint64_t log, uint64_t above, struct buf *buf,
             struct rec *ret, uint64_t *ret_off);
uint64_t rec_space(size_t payload);
char *seg_path(const char *dir, uint64_t log, uint64_t first);
/* Names of the segments in dir, ascending; of the log *log (0 = take the one found). */
int seg_list(const char *dir, uint64_t *log, void *vec_u64);
void seg_quarantine(const char *quarantine, int fd, uint64_t from, uint64_t to, const char *what);

#define SPOOL_STEP(name)                                                                           \
	do {                                                                                       \
		if (__builtin_expect(spool_step_hook != NULL, 0))                                  \
			spool_step_hook(name);                                                     \
	} while (0)

#endif
