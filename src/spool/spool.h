/* SPDX-License-Identifier: Apache-2.0
 *
 * Spool: the collector's disk queue.  Floor 3; knows files, no network.
 *
 *     worker ── lines ──▶ in/   write-ahead log, synced every 256 kB or 5 ms ──▶ pack ──▶ out/  sealed batches ──▶ uplink
 *               (R1: nothing is acknowledged or consumed before spool_in_commit returned 0)
 *
 * Two logs of the same build (seglog: preallocated segments, record = magic|version|length|sequence|
 * CRC32C|payload), because a line must be durable within milliseconds while a batch should be large:
 *
 *   in    one record is one group commit: some kB of lines, and how far the bytes of each origin have come.
 *         An origin is a connection, a file or a UDP intake: 128 bits, an end offset, some bytes of state.
 *         Line and offset are one record, so neither can be durable without the other.  Checkpoints (the
 *         whole table of origins) at the head of each segment and every 8 MB.
 *   out   one record is one sealed batch in wire form, with its hash and the number of the last `in` record
 *         in it.  What (epoch, seq) carries is therefore fixed before the first byte of it is sent, and the
 *         way from `in` to `out` is exactly once without a cursor of its own.
 *
 * The epoch is 128 random bits made with the out log.  A damaged record costs that record (R3): the range
 * is copied to quarantine/, counted, and told in a gap record.  The position `stored` is written beside,
 * renamed and synced before a segment is unlinked (R4).  The size limit covers both logs; at the limit stored
 * batches go oldest first, what is not stored never goes: then E_FULL comes and the input is pushed back (R5).
 * A failed sync is E_IO and the caller ends with status 4 (R2): EXIT_SPOOL_IO.
 *
 * `in` has one writing process; pack and out belong to one other process, which reads `in` only up to the
 * number the writer published as durable.
 */
#ifndef NZ_SPOOL_SPOOL_H
#define NZ_SPOOL_SPOOL_H

#include "base/buf.h"
#include "base/slice.h"
#include "batch/batch.h"

#define EXIT_SPOOL_IO 4
#define SPOOL_SEGMENT (64u << 20)
#define SPOOL_SEGMENT_MIN (4u << 20)
#define SPOOL_RESERVE (64u << 20)
#define SPOOL_COMMIT_BYTES (256u << 10)
#define SPOOL_STATE_MAX 256
#define SPOOL_ORIGINS_MAX 16384
#define SPOOL_GROUP_DEVICES_MAX 4096

struct spool_opts {
	const char *dir;     /* in/ out/ quarantine/ and the positions live here */
	uint64_t segment;    /* bytes, 0 = 64 MiB */
	uint64_t limit;      /* bytes of both logs, 0 = 10 GiB; at least five segments */
	uint64_t reserve;    /* bytes kept aside for positions when the disk is full; 0 = none */
};

/* What recovery and reading met; never reset. */
struct spool_damage {
	uint64_t records;    /* ranges that were no good record */
	uint64_t bytes;      /* in quarantine */
	uint64_t torn;       /* unfinished record at the tail: was never durable */
};

/* Test hook: called with a stable name behind each step that leaves a trace on the disk. */
extern void (*spool_step_hook)(const char *step);

/* ---- in ---- */

struct spool_in;

struct spool_origin {
	uint64_t id[2];
	uint64_t end;        /* bytes of it that are durable */
	struct slice state;  /* its owner's own, at most SPOOL_STATE_MAX */
};

struct spool_line {
	uint32_t off, len;   /* inside the group's bytes */
	uint16_t device;     /* spool_in_device */
	uint8_t transport;   /* enum batch_transport */
	uint8_t flags;       /* enum batch_line_flag */
	uint32_t reserved;
	int64_t received_ns;
};

int spool_in_open(const struct spool_opts *o, struct spool_in **ret);
void spool_in_close(struct spool_in *in);
/* Durable or, inside a group, as set in it; NULL when unknown. Valid until the next set or drop. */
const struct spool_origin *spool_in_origin(const struct spool_in *in, const uint64_t id[2]);
size_t spool_in_origins(const struct spool_in *in, struct spool_origin *out, size_t max);
/* Room for at least `least` bytes behind the group's bytes: read into it, then keep the first n. */
char *spool_in_room(struct spool_in *in, size_t least, size_t *ret_room);
/* Offset (for spool_line.off) of the first byte kept. */
uint32_t spool_in_keep(struct spool_in *in, size_t n);
/* Gives the last n bytes kept back: no line may lie in them. */
void spool_in_unkeep(struct spool_in *in, size_t n);
/* Number of the device in this group, or -1 when SPOOL_GROUP_DEVICES_MAX is reached (commit first). */
int spool_in_device(struct spool_in *in, struct slice id, struct slice source);
void spool_in_add(struct spool_in *in, const struct spool_line *l);
/* The line added last was longer: LINE_CUT and what it was. */
void spool_in_note(struct spool_in *in, uint64_t original_len, const uint8_t sha256[32]);
void spool_in_set(struct spool_in *in, const uint64_t id[2], uint64_t end, struct slice state);
void spool_in_drop(struct spool_in *in, const uint64_t id[2]);
size_t spool_in_pending(const struct spool_in *in);  /* bytes of the open group; 0 = nothing to commit */
uint32_t spool_in_lines(const struct spool_in *in);
uint32_t spool_in_devices(const struct spool_in *in);
/* Writes and syncs the group. 0; E_FULL: no room, the group stays open, try again later; E_IO: end the
 * process with EXIT_SPOOL_IO. An empty group is 0 at once. */
int spool_in_commit(struct spool_in *in);
/* Records up to this number of this log are sealed in batches: their segments may be used again. */
void spool_in_packed(struct spool_in *in, uint64_t log, uint64_t seq);
void spool_in_tell_out_bytes(struct spool_in *in, uint64_t bytes); /* for the limit */
uint64_t spool_in_log(const struct spool_in *in);
uint64_t spool_in_durable(const struct spool_in *in); /* number of the last synced record */
uint64_t spool_in_bytes(const struct spool_in *in);   /* on disk */
const struct spool_damage *spool_in_damage(const struct spool_in *in);

/* ---- a record of `in`, read back (fuzzed) ---- */

struct spool_group {
	const struct spool_line *lines;
	uint32_t nlines, ndevices, norigins, nnotes;
	struct slice bytes;
	struct slice devices, origins; /* see group_priv.h */
	const struct batch_note *notes;
};

/* Checks every number of the payload (8-aligned). 0 or E_CORRUPT. */
int spool_group_read(struct slice payload, struct spool_group *ret);

/* ---- out ---- */

struct spool_out;

struct spool_sealed {
	uint64_t seq;
	uint64_t epoch[2];
	uint8_t hash[32];
	uint32_t lines;
	uint32_t gaps;
	int64_t sealed_ns;
};

int spool_out_open(const struct spool_opts *o, struct spool_out **ret);
void spool_out_close(struct spool_out *out);
/* Seals what the builder holds as the next batch, packs, appends, syncs. `log`, `seq`: last `in` record in it.
 * 0, E_FULL (nothing happened), E_IO. *ret (may be NULL) tells what was sealed. */
int spool_out_seal(struct spool_out *out, struct batch_builder *bb, uint64_t log, uint64_t seq, int64_t now_ns,
                   int level, struct spool_sealed *ret);
void spool_out_in_position(const struct spool_out *out, uint64_t *ret_log, uint64_t *ret_seq);
void spool_out_epoch(const struct spool_out *out, uint64_t ret[2]);
uint64_t spool_out_last(const struct spool_out *out);   /* number of the batch sealed last; 0 = none */
uint64_t spool_out_first(const struct spool_out *out);  /* first batch of this epoch that is still kept */
uint64_t spool_out_stored(const struct spool_out *out); /* the archive has all up to this number */
int64_t spool_out_oldest_ns(const struct spool_out *out); /* seal time of the oldest batch not stored; 0 = none */
uint64_t spool_out_bytes(const struct spool_out *out);
/* Wire form of one batch, appended to wire. E_NOTFOUND when it is trimmed, E_CORRUPT when it is damaged. */
int spool_out_read(struct spool_out *out, uint64_t seq, struct buf *wire, struct spool_sealed *ret);
/* The archive has everything up to seq. Durable with the next spool_out_save. A smaller number is accepted
 * too (the archive was restored): then those batches are wanted again. */
void spool_out_set_stored(struct spool_out *out, uint64_t seq);
int spool_out_save(struct spool_out *out);
void spool_out_tell_in_bytes(struct spool_out *out, uint64_t bytes); /* for the limit */
/* Ends this epoch behind batch `seq - 1` and begins a new one: every kept batch from seq on is sealed again
 * under it by spool_out_reseal, one at a call, before anything new may be sealed. */
int spool_out_new_epoch(struct spool_out *out, uint64_t seq, const char *reason);
bool spool_out_resealing(const struct spool_out *out);
int spool_out_reseal(struct spool_out *out, int64_t now_ns, int level);
const struct spool_damage *spool_out_damage(const struct spool_out *out);

/* ---- pack: in → out ---- */

struct spool_pack;

/* Called for each line that goes into a batch: counters of the heartbeat. */
typedef void spool_line_fn(void *ctx, struct slice device, struct slice source, const struct spool_line *l,
                           struct slice bytes);

struct spool_pack *spool_pack_new(const struct spool_opts *o, struct spool_out *out, int level);
void spool_pack_free(struct spool_pack *p);
void spool_pack_on_line(struct spool_pack *p, spool_line_fn *fn, void *ctx);
/* Takes records of `in` up to (log, durable) into the open batch and seals it at max_bytes of lines or when
 * it is older than max_age_ns. 0; 1 when there is more to do at once; E_FULL; E_IO. */
int spool_pack_run(struct spool_pack *p, uint64_t log, uint64_t durable, size_t max_bytes, int64_t max_age_ns,
                   int64_t now_ns);
int64_t spool_pack_open_since(const struct spool_pack *p); /* 0 = no open batch */
const struct spool_damage *spool_pack_damage(const struct spool_pack *p);

/* JSON of a gap record: {"reason","count","unit","from","to",…}; from and to are times, 0 = unknown. */
void spool_gap_json(struct buf *out, const char *reason, uint64_t count, const char *unit, int64_t from_ns,
                    int64_t to_ns, const char *where);

#endif
