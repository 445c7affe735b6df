/* SPDX-License-Identifier: Apache-2.0
 *
 * Archive: the log of record.  Floor 3; small, no foreign code but hashing and signing.
 *
 *     archive/<tenant>/<UTC day>/<number>.seg     records, appended, never changed
 *     archive/<tenant>/<UTC day>/manifest.json    when the day is closed: counts, chain, signature
 *     archive/<tenant>/head.json                  every minute: chain so far, signature
 *
 * A record is a fixed head, the batch's wire form exactly as it came, and the lines per device.  Three
 * things chain: `prev` and `hash` of the batch (the collector's chain), `chain` of the record (the archive's
 * own: SHA-256 over the chain before and this head), and the signatures over receipts, heads and manifests.
 *
 * Order of a batch: archive_put (written, not promised) … archive_sync (on the disk: receipts may go out,
 * readers may see it).  A batch that was there gets the receipt it got then.  The index is rebuilt from the
 * segments; a torn tail was never acknowledged and is set aside.
 *
 * E_IO from archive_sync ends the process: after a failed fsync nothing may be promised (rule R2).
 */
#ifndef NZ_ARCHIVE_ARCHIVE_H
#define NZ_ARCHIVE_ARCHIVE_H

#include "base/buf.h"
#include "base/err.h"
#include "batch/batch.h"
#include "sys/pki.h"

#define ARCHIVE_DEVICE_MAX 48
#define ARCHIVE_DEVICES_MAX 4096u

/* What ingest says about a checked batch. */
struct archive_meta {
	struct batch_key key;
	int64_t received_ns;
	uint8_t prev[32];
	uint8_t hash[32];
	uint32_t lines, bytes, gaps, wire_len;
};

struct archive_device {
	char id[ARCHIVE_DEVICE_MAX]; /* NUL-padded; longer names are cut */
	uint32_t lines, bytes;
};

struct archive_conf {
	const char *folder;
	const struct pki_key *key;
	uint64_t segment;   /* bytes of one segment */
	uint64_t reserve;   /* bytes of the disk that stay free */
	/* For tests; NULL = the real ones. Same results as the system calls of that name. */
	ssize_t (*pwrite)(int fd, const void *p, size_t n, off_t at);
	int (*fdatasync)(int fd);
};

struct archive;

/* Reads what is there; a damaged record in the middle of a segment is reported and stepped over. */
int archive_open(const struct archive_conf *conf, struct archive **ret);
void archive_close(struct archive *a); /* NULL is fine; does not sync */

enum archive_result { ARCHIVE_NEW, ARCHIVE_REPLAY, ARCHIVE_CHAIN, ARCHIVE_GAP, ARCHIVE_FULL };

struct archive_answer {
	enum archive_result result;
	uint64_t want;             /* with ARCHIVE_GAP: the number waited for */
	struct archive_meta meta;  /* of the record kept: with a replay, the old one */
	uint8_t sig[PKI_SIG_LEN];
	char key_id[17];
};

/* Writes a batch. 0 with *ret filled, or E_IO. NEW is a promise only after archive_sync. */
int archive_put(struct archive *a, const struct archive_meta *m, struct slice wire,
                const struct archive_device *devices, uint32_t device_n, struct archive_answer *ret);
/* Puts everything written on the disk. 0, or E_IO: end the process. */
int archive_sync(struct archive *a);
/* The receipt of an answer (NEW, REPLAY) as JSON, exactly as the collector keeps it. */
void archive_receipt(const struct archive_answer *ans, struct buf *out);

/* ---- reading, in the order of arrival, only what was synced ---- */

size_t archive_tenants(const struct archive *a);
const char *archive_tenant(const struct archive *a, size_t i);

struct archive_reader {
	size_t tenant;             /* index */
	size_t seg;                /* number of the segment; 0 to begin */
	uint64_t off;
};

/* The next record at the reader's place, moved behind it; E_EOF when there is none yet. wire is appended. */
int archive_next(struct archive *a, struct archive_reader *r, struct archive_meta *ret, struct buf *wire);
/* Moves a fresh reader past segments in which every stream is at or below what `known` answers. */
void archive_skip(const struct archive *a, struct archive_reader *r,
                  uint64_t (*known)(void *ctx, const struct batch_key *key), void *ctx);

/* ---- the day's end ---- */

/* Writes manifests of days before now's that have none, heads of tenants that changed, and removes days older
 * than keep_ns. on_manifest (may be NULL) gets each new manifest's JSON. 0 or E_IO. */
int archive_close_days(struct archive *a, int64_t now_ns, int64_t keep_ns,
                       void (*on_manifest)(void *ctx, struct slice json), void *ctx);
int archive_write_heads(struct archive *a, int64_t now_ns);

/* ---- verify: by somebody who trusts nobody ---- */

struct archive_fault {
	char file[256];
	uint64_t off;
	const char *what;          /* a literal */
	struct batch_key key;      /* zero when not known */
};

struct archive_tally {
	uint64_t tenants, days, segments, batches, lines, bytes, gaps, canaries, manifests, faults;
};

/* Walks the folder. key is the public one (NULL: signatures are not checked). fn gets every fault. 0, or
 * E_NOTFOUND/E_IO when the folder cannot be read. */
int archive_verify(const char *folder, const struct pki_key *key, struct archive_tally *ret,
                   void (*fn)(void *ctx, const struct archive_fault *f), void *ctx);

#endif
