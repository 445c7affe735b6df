/* SPDX-License-Identifier: Apache-2.0
 *
 * A tenant's slice of the journal, for those who want to see for themselves (docs/desk.md): checked without the
 * service, from one file and one public key.
 */
#ifndef NZ_DESK_SLICE_H
#define NZ_DESK_SLICE_H

#include <jansson.h>

#include "base/buf.h"
#include "sys/pki.h"

/* The bytes that the desk's key signs for a head {"seq","hash","at"}. */
void slice_signed(const json_t *head, const char *tenant, const char *zone, struct buf *out);

typedef void slice_fault_fn(void *ctx, int64_t line, const char *what);

/* Walks the chain, works the eight times out again, compares, and makes percentiles.  key NULL: the signature is
 * not checked.  Never NULL: {"tenant","zone","rows","own","old","signature_checked","fault_count","incidents":[{"id",
 * eight times}],"months": as sla.show}. */
json_t *slice_check(struct slice text, const struct pki_key *key, slice_fault_fn *fn, void *ctx);

#endif
