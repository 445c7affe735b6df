/* SPDX-License-Identifier: Apache-2.0
 *
 * Patterns for lines of text: literals and captures, compiled once, matched in one pass without backtracking.
 *
 *   "Accepted {method} for {user.name} from {source.address} port {source.port:int}[ ssh2][: {signature:rest}]"
 *
 *   text        itself; one blank matches one or more blanks
 *   {name}      everything up to the next literal (or the end)
 *   {name:kind} int, num, hex, word (no blank), name (letters, digits, . _ - $), ip, last (up to the LAST next
 *               literal), quoted (up to a " without a backslash before it), rest (everything)
 *   {} {:kind}  the same without keeping it
 *   [ … ]       optional; groups do not nest
 *   {{ }} [[ ]] the bracket itself
 *
 * The whole text must match, blanks at its end aside.  Each capture looks once for what follows it, so the
 * work is at most captures × length.  A pattern lives in the arena it was compiled into.
 */
#ifndef NZ_CODEC_PATTERN_H
#define NZ_CODEC_PATTERN_H

#include "base/arena.h"
#include "base/slice.h"

#define PATTERN_CAPTURES_MAX 32

struct pattern;

/* 0 or E_SYNTAX with *ret_at = offset of the fault and *ret_why a sentence (a literal). */
int pattern_compile(struct slice text, struct arena *a, struct pattern **ret, size_t *ret_at, const char **ret_why);
int pattern_captures(const struct pattern *p);
struct slice pattern_capture_name(const struct pattern *p, int i);
/* Literal the text must begin with; may be empty. */
struct slice pattern_prefix(const struct pattern *p);
/* Fills one slice per capture; p == NULL for those inside a group that was not there. */
bool pattern_match(const struct pattern *p, struct slice s, struct slice caps[PATTERN_CAPTURES_MAX]);

#endif
