/* SPDX-License-Identifier: Apache-2.0
 *
 * The record on the disk, and what open, put, read, manifest and verify share.
 */
#ifndef NZ_ARCHIVE_RECORD_PRIV_H
#define NZ_ARCHIVE_RECORD_PRIV_H

#include "archive/archive.h"
#include "base/map.h"
#include "base/vec.h"

#define RECORD_MAGIC 0x3152415au /* "ZAR1" */
#define RECORD_VERSION 1u
#define RECORD_ALIGN 8u

struct record {
	uint32_t magic, version;
	struct archive_meta meta;
	uint32_t devices;          /* struct archive_device behind the wire form */
	uint32_t body_crc;         /* CRC-32C of wire form and devices */
	uint8_t sig[PKI_SIG_LEN];  /* receipt */
	char key_id[16];
	uint8_t chain[32];         /* SHA-256(chain before ‖ this head up to here) */
	uint32_t head_crc;         /* of everything before it */
	uint32_t reserved;
};

struct stream {
	struct batch_key key;      /* seq: the last one written */
	uint8_t hash[32];          /* of that one */
};

struct span {                      /* what a segment holds of one stream */
	size_t stream;
	uint64_t first, last;
};

struct seg {
	char *path, day[11];
	int fd;
	uint64_t size, synced;
	bool dirty, damaged;
	VEC(struct span) spans;
};

struct tenant {
	char name[BATCH_ID_MAX];
	VEC(struct stream) streams;
	VEC(struct seg) segs;
	size_t first_seg;          /* number of segs.v[0]: readers count on when days are removed */
	uint8_t chain[32];
	bool moved;                /* since the last head */
};

struct archive {
	struct archive_conf conf;
	char *folder;
	char key_id[17];
	VEC(struct tenant) tenants;
	uint64_t room_checked;     /* bytes written since the free space was asked */
	bool full;
};

static inline uint64_t
record_size(const struct record *r)
{
	uint64_t n = sizeof *r + r->meta.wire_len + (uint64_t)r->devices * sizeof(struct archive_device);

	return (n + RECORD_ALIGN - 1) & ~(uint64_t)(RECORD_ALIGN - 1);
}

bool record_head_is_good(const struct record *r);
void record_seal(struct record *r, const uint8_t before[32]);
void record_chain(const struct record *r, const uint8_t before[32], uint8_t ret[32]);
/* The text that is signed; at is meta.received_ns. */
void receipt_text(const struct archive_meta *m, struct buf *out);
void day_of(int64_t ns, char ret[11]);

struct tenant *tenant_get(struct archive *a, const char *name);  /* made when absent */
struct stream *stream_get(struct tenant *t, const struct batch_key *key, size_t *ret_index); /* made when absent */
void seg_note(struct seg *s, size_t stream, uint64_t seq);
/* What a manifest says about a day; built in the order of the records, so the same day gives the same text. */
struct day_count {
	struct map devices;        /* lcp/device → index */
	VEC(struct archive_device) count;
	VEC(char *) names;
	uint64_t batches, lines, bytes, gaps;
	uint8_t chain[32];
};
void day_count_add(struct day_count *c, const struct record *r, const struct archive_device *devices);
void day_count_fini(struct day_count *c);
/* The signed part of manifest.json and head.json: without the last members "key" and "sig". */
void manifest_text(const struct day_count *c, const char *tenant, const char *day, struct slice at, struct buf *out);
void head_text(const char *tenant, struct slice at, struct slice segment, uint64_t bytes, const uint8_t chain[32],
               struct buf *out);
/* Names in a folder, sorted; freed with names_free. */
struct names {
	VEC(char *) v;
};
int names_read(const char *folder, struct names *ret);
void names_free(struct names *n);
bool is_day(const char *name);
bool is_segment(const char *name);

#endif
