/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of offline verbs: files or standard input, one after the other, as lines, as ndjson (the line is the
 * member "message") or as Windows event files (each record as XML, for the source `windows`).
 */
#ifndef NZ_MAIN_CLI_RECORDS_H
#define NZ_MAIN_CLI_RECORDS_H

#include "base/buf.h"
#include "base/slice.h"

struct records;

/* paths: count files, "-" is standard input; count 0 means standard input alone. kind: lines, ndjson, evtx.
 * NULL for an unknown kind. */
struct records *records_open(const char *kind, const char *const *paths, size_t count);
/* The next record, valid until the next call. 1, 0 at the end, or a negative code; then records_where() tells. */
int records_next(struct records *in, struct slice *ret);
/* Reads on after a fault in one file: the next file. */
const char *records_where(const struct records *in);
void records_close(struct records *in);

#endif
