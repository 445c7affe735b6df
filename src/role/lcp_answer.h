/* SPDX-License-Identifier: Apache-2.0
 *
 * What the SOC answers to a collector, read from untrusted bytes (fuzzed).  Pure.
 *
 *   200  receipt: {"v":1,"tenant","lcp","epoch","seq","hash","lines","at","status","key","sig"}
 *   409  {"type":"gap","want":n} or {"type":"chain"}
 *   heartbeat: {"now":"RFC 3339","backed_up":[…],"receipt_key":"PEM","config":n}; the last three may be absent
 *   enrolment: {"cert","ca","tenant","lcp","receipt_key","config_key"}; the last two may be absent
 */
#ifndef NZ_ROLE_LCP_ANSWER_H
#define NZ_ROLE_LCP_ANSWER_H

#include "base/buf.h"
#include "base/slice.h"
#include "batch/batch.h"

#define LCP_ANSWER_MAX (64u << 10)

struct lcp_receipt {
	char tenant[BATCH_ID_MAX], lcp[BATCH_ID_MAX];
	char epoch[33];
	uint64_t seq, lines;
	uint8_t hash[32];
	char at[41];
	bool replay;
	char key[65];
	uint8_t sig[64];
};

struct lcp_problem {
	enum { PROBLEM_OTHER, PROBLEM_GAP, PROBLEM_CHAIN } kind;
	uint64_t want;
};

struct lcp_beat_answer {
	int64_t now_ns;              /* 0 = absent */
	char receipt_key[1024];      /* PEM, "" = absent */
	uint64_t config;             /* number of the configuration that the SOC has; 0 = absent */
};

struct lcp_enrolled {
	char *cert, *ca, *receipt_key, *config_key; /* PEM, heap; the keys may be NULL */
	char tenant[BATCH_ID_MAX], lcp[BATCH_ID_MAX];
};

int lcp_receipt_read(struct slice json, struct lcp_receipt *ret);
/* The text that is signed. */
void lcp_receipt_text(const struct lcp_receipt *r, struct buf *out);
/* Is it for this batch? */
bool lcp_receipt_is_for(const struct lcp_receipt *r, const uint64_t epoch[2], uint64_t seq, const uint8_t hash[32],
                        uint32_t lines);
int lcp_problem_read(struct slice json, struct lcp_problem *ret);
int lcp_beat_answer_read(struct slice json, struct lcp_beat_answer *ret);
int lcp_enrolled_read(struct slice json, struct lcp_enrolled *ret);
void lcp_enrolled_fini(struct lcp_enrolled *e);

#endif
