/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8 (RFC 3629) as far as logs need it: check, decode one, repair for output, fold ASCII.
 */
#ifndef NZ_BASE_UTF8_H
#define NZ_BASE_UTF8_H

#include "base/buf.h"
#include "base/slice.h"

#define UTF8_BAD 0xfffdu

bool utf8_is_valid(struct slice s);
/* Decodes the character at s.p[0]: returns its length in bytes (1 for a bad byte, with UTF8_BAD). */
size_t utf8_next(struct slice s, uint32_t *ret_code);
size_t utf8_put(char out[4], uint32_t code); /* bytes written */
/* Appends s with each bad byte replaced by U+FFFD. */
void utf8_repair(struct buf *out, struct slice s);
/* Marks that turn the direction of what follows (bidi embeddings, overrides, isolates, marks). */
bool utf8_turns(uint32_t code);
/* Lower-cases ASCII letters from src to dst (may be the same); other bytes are copied. True when all bytes were ASCII. */
bool ascii_lower(char *dst, const char *src, size_t n);

#endif
