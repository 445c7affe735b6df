/* SPDX-License-Identifier: Apache-2.0
 *
 * Literals of ClickHouse SQL.  Every value that comes from outside enters a statement through here and
 * nowhere else, as one quoted literal that cannot end early: quote, backslash and control bytes escaped.
 */
#ifndef NZ_CODEC_SQLQ_H
#define NZ_CODEC_SQLQ_H

#include "base/buf.h"
#include "base/slice.h"

void sqlq_string(struct buf *out, struct slice s);              /* 'it\'s' */
/* A LIKE pattern's literal part: % _ and \ of the text escaped first; without the quotes. */
void sqlq_like_part(struct buf *out, struct slice s);

#endif
