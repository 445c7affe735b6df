/* SPDX-License-Identifier: Apache-2.0
 *
 * Raw batch: some hundred to some ten thousand lines of one LCP, numbered (epoch, seq), hash-chained.
 * Floor 2, pure.  The same bytes are the spool's record, the wire's body (zstd) and the archive.
 *
 *     struct batch_header          128 bytes
 *     struct batch_device[devices]  16 bytes each
 *     struct batch_line[lines]      32 bytes each
 *     struct batch_note[notes]      48 bytes each, for lines that were cut
 *     bytes                         names of devices, then the lines
 *
 * Little-endian, offsets (into `bytes`) instead of pointers, relocatable.  No tenant inside: identity is
 * the certificate's.  batch_check() validates every number of a block from a less trusted side before
 * anybody reads it; after it the accessors below need no checks.
 *
 * Chain: `prev` is the SHA-256 of the wire form (the zstd frame, exactly as sent and archived) of the
 * batch with seq - 1 of the same epoch; all zero for seq 1.  So the chain is verified without
 * decompressing.  The epoch is 128 random bits made with the spool; a wiped LCP never reuses a number.
 *
 * A gap record is a line with LINE_GAP: its bytes are a JSON object {"reason","count","from","to",…}.
 */
#ifndef NZ_BATCH_BATCH_H
#define NZ_BATCH_BATCH_H

#include "base/buf.h"
#include "base/slice.h"

#define BATCH_MAGIC 0x31425a4eu /* "NZB1" */
#define BATCH_VERSION 1u
#define BATCH_ID_MAX 32          /* tenant and LCP names: [a-z0-9-], at most 31 bytes */
#define BATCH_LINES_MAX 65536u
#define BATCH_BYTES_MAX (48u << 20)
#define BATCH_WIRE_MAX (16u << 20)
#define BATCH_DEVICES_MAX 4096u
#define CANARY_DEVICE "nezuban-canary"
#define CANARY_SOURCE "nezuban.canary"
#define CANARY_TEXT "nezuban-canary 1 minute=" /* then the minute since 1970 */
#define BATCH_LINE_MAX (1u << 20) /* longer lines are cut; see struct batch_note */

struct batch_header {
	uint32_t magic;
	uint16_t version;
	uint16_t header_len;   /* 128 */
	uint64_t epoch[2];
	uint64_t seq;          /* from 1 */
	uint8_t prev[32];
	int64_t sealed_ns;     /* LCP's clock when the batch was closed */
	uint32_t lines, devices, notes;
	uint32_t bytes_len;
	uint32_t crc32c;       /* over everything behind the header */
	uint8_t reserved[36];
};
_Static_assert(sizeof(struct batch_header) == 128, "batch header is 128 bytes on every machine");

struct batch_device {
	uint32_t id_off, id_len;         /* name of the device: header's host name or its address */
	uint32_t source_off, source_len; /* source configured for its listener, empty = auto */
};

enum batch_transport { BT_UDP, BT_TCP, BT_TLS, BT_FILE, BT_INTERNAL, BT_COUNT };

enum batch_line_flag {
	LINE_CUT = 1,    /* longer than the limit; a note has the original length and hash */
	LINE_GAP = 2,    /* the bytes describe a loss, made by the LCP itself */
	LINE_CANARY = 4, /* harmless marked line that measures the service; its text is CANARY_TEXT */
	LINE_NO_END = 8, /* the connection closed before the line's end */
	LINE_BAD_FRAME = 16, /* framing was broken; the bytes are what was there */
};

struct batch_line {
	int64_t received_ns;
	uint32_t off, len;
	uint32_t device;
	uint8_t transport;
	uint8_t flags;
	uint16_t reserved;
	uint64_t reserved2;
};
_Static_assert(sizeof(struct batch_line) == 32, "batch line is 32 bytes on every machine");

struct batch_note {
	uint32_t line;
	uint32_t reserved;
	uint64_t original_len;
	uint8_t sha256[32];    /* of the whole original line */
};
_Static_assert(sizeof(struct batch_note) == 48, "batch note is 48 bytes on every machine");

/* Where a batch is: the key of everything derived from it. Names are NUL-padded. */
struct batch_key {
	char tenant[BATCH_ID_MAX];
	char lcp[BATCH_ID_MAX];
	uint64_t epoch[2];
	uint64_t seq;
};

/* A checked block. Points into the caller's bytes. */
struct batch {
	const struct batch_header *head;
	const struct batch_device *devices;
	const struct batch_line *lines;
	const struct batch_note *notes;
	const char *bytes;
	size_t size;
};

/* Validates `block` (8-aligned): sizes, counts, offsets, flags, checksum. 0, or E_CORRUPT, E_TOOBIG,
 * E_UNSUPPORTED with *ret_why (a literal, may be NULL) naming the first thing wrong. */
int batch_check(struct slice block, struct batch *ret, const char **ret_why);

static inline struct slice
batch_line_bytes(const struct batch *b, uint32_t i)
{
	return (struct slice){ b->bytes + b->lines[i].off, b->lines[i].len };
}

static inline struct slice
batch_device_id(const struct batch *b, uint32_t d)
{
	return (struct slice){ b->bytes + b->devices[d].id_off, b->devices[d].id_len };
}

static inline struct slice
batch_device_source(const struct batch *b, uint32_t d)
{
	return (struct slice){ b->bytes + b->devices[d].source_off, b->devices[d].source_len };
}

const struct batch_note *batch_note_of(const struct batch *b, uint32_t line); /* NULL when it has none */

/* ---- building ---- */

struct batch_builder;

struct batch_builder *batch_builder_new(void);
void batch_builder_free(struct batch_builder *bb);
void batch_builder_reset(struct batch_builder *bb);
/* Number of the device with this name and source in this batch, made when new; E_FULL past the limit. */
int batch_add_device(struct batch_builder *bb, struct slice id, struct slice source);
/* Adds one line; its bytes are copied. E_FULL when a limit of the batch would be passed (close it and
 * begin the next one), E_TOOBIG when the line alone is longer than BATCH_LINE_MAX. */
int batch_add_line(struct batch_builder *bb, uint32_t device, enum batch_transport transport, uint8_t flags,
                   int64_t received_ns, struct slice bytes);
/* Marks the last line added as cut (sets LINE_CUT) and keeps what it was. */
void batch_note_cut(struct batch_builder *bb, uint64_t original_len, const uint8_t sha256[32]);
uint32_t batch_builder_lines(const struct batch_builder *bb);
size_t batch_builder_size(const struct batch_builder *bb); /* bytes the block will have */
/* Writes the finished block behind out's end. */
void batch_build(struct batch_builder *bb, const uint64_t epoch[2], uint64_t seq, const uint8_t prev[32],
                 int64_t sealed_ns, struct buf *out);

/* ---- wire form ---- */

struct batch_zip; /* compressor and decompressor contexts, reused */

struct batch_zip *batch_zip_new(void);
void batch_zip_free(struct batch_zip *z);
/* Appends the zstd frame of block to out. level as zstd's (negative = faster). */
void batch_pack(struct batch_zip *z, struct slice block, int level, struct buf *out);
/* Unpacks into *ret (buffer owned by z, valid until the next call, 16-aligned). Refuses with E_TOOBIG what
 * is larger than BATCH_BYTES_MAX + tables, has a window over 8 MiB, or swells more than 100:1 after 1 MiB
 * (reliability F18); E_CORRUPT for anything that is not one zstd frame. */
int batch_unpack(struct batch_zip *z, struct slice wire, struct slice *ret);
/* SHA-256 of the wire form. */
void batch_hash(struct slice wire, uint8_t ret[32]);

/* Is this a good tenant or LCP name: [a-z0-9][a-z0-9-]*, at most 31 bytes? It may become a file name. */
bool batch_id_is_good(struct slice s);
/* Both names good, ended and padded with NULs: what came from another process may be none of that. */
bool batch_key_is_good(const struct batch_key *k);
int batch_key_cmp(const struct batch_key *a, const struct batch_key *b);

#endif
