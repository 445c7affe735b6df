/* SPDX-License-Identifier: Apache-2.0
 *
 * A false SOC for faults of the collector: enrolment, batches with receipts, heartbeats, over real TLS 1.3 with
 * client certificates.  It shares no code with the archive.  It keeps one ledger: how often each numbered line
 * came, and what gap records said.  It can be away, lose its answers, and forget what it had.
 *
 * A numbered line is what fake_line() writes; every byte of it follows from (stream, number).
 */
#ifndef NZ_TESTS_FAKE_SOC_H
#define NZ_TESTS_FAKE_SOC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_STREAMS 8
#define FAKE_LINES_MAX (8u << 20)

struct fake_soc;

struct fake_ledger {
	uint64_t lines, distinct, doubles, altered, foreign, cut;
	uint64_t gap_records, gap_lines;  /* sum of counts whose unit is "lines" */
	uint64_t batches, replays, gaps_answered, epochs, heartbeats, early;
	uint64_t per_stream[FAKE_STREAMS];
};

/* A line that begins with "<14>SPECIAL", or with a broken count before it. */
struct fake_special {
	uint64_t len, original_len;
	uint8_t flags, sha256[32];   /* sha256: of the line as stored, or of the original when it was cut */
};

struct fake_soc *fake_soc_start(const char *dir); /* writes dir/ca.pem */
void fake_soc_stop(struct fake_soc *s);
unsigned fake_soc_port(const struct fake_soc *s);
void fake_soc_away(struct fake_soc *s, bool away);          /* 503 to everything */
void fake_soc_lose_answers(struct fake_soc *s, unsigned percent); /* stored, but answered 500 */
void fake_soc_forget(struct fake_soc *s, uint64_t back);    /* as if restored from a backup: that many batches ago */
void fake_soc_ledger(struct fake_soc *s, struct fake_ledger *ret);
uint64_t fake_soc_missing(struct fake_soc *s, unsigned stream, uint64_t upto); /* of numbers 0 … upto - 1 */
unsigned fake_soc_specials(struct fake_soc *s, struct fake_special *out, unsigned max);
char *fake_soc_heartbeat(struct fake_soc *s);               /* the last one, heap; NULL */
size_t fake_line(char *out, size_t size, unsigned stream, uint64_t n); /* without an end */

#endif
