/* SPDX-License-Identifier: Apache-2.0
 *
 * Separated values (RFC 4180 with any one-byte separator): a cell that begins with a double quote runs
 * to the closing quote, "" inside is one quote.  One pass, 16 bytes at a time.
 */
#ifndef NZ_CODEC_CSV_H
#define NZ_CODEC_CSV_H

#include "base/arena.h"
#include "base/slice.h"

/* Cuts the line into at most max cells; returns how many there are in all (may be more than max, the
 * rest is not stored). Cells with doubled quotes are copied into a. quotes false: '"' means nothing. */
size_t csv_split(struct slice line, char sep, bool quotes, struct arena *a, struct slice *cells, size_t max);

#endif
