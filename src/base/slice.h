/* SPDX-License-Identifier: Apache-2.0
 *
 * Slice: text as pointer and length, passed by value.  Floor 0: includes nothing of ours.
 *
 * Log data has no NUL terminator and may hold NUL bytes, so no function below stops at one.
 * A slice owns nothing; whoever made the bytes says how long they live (arena, batch, generation).
 * The habit is HAProxy's `ist`.
 */
#ifndef NZ_BASE_SLICE_H
#define NZ_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct slice {
	const char *p;
	size_t n;
};

/* Slice of a string literal, and the two halves of printf("%.*s"). */
#define SL(lit) ((struct slice){ "" lit, sizeof(lit) - 1 })
#define SL_FMT "%.*s"
#define SL_ARG(s) (int)(s).n, (s).p

static inline struct slice
slice_of(const void *p, size_t n)
{
	return (struct slice){ (const char *)p, n };
}

static inline struct slice
slice_str(const char *s)
{
	return (struct slice){ s, s != NULL ? strlen(s) : 0 };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool
slice_ends(struct slice s, struct slice tail)
{
	return s.n >= tail.n && (tail.n == 0 || memcmp(s.p + s.n - tail.n, tail.p, tail.n) == 0);
}

/* Bytes [from, to) of s; both ends are cut to the slice. */
static inline struct slice
slice_sub(struct slice s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	return (struct slice){ s.p + from, to - from };
}

/* Index of the first byte c, or -1. */
static inline ssize_t
slice_find(struct slice s, char c)
{
	const char *at = s.n != 0 ? (const char *)memchr(s.p, c, s.n) : NULL;

	return at != NULL ? at - s.p : -1;
}

bool slice_eq_nocase(struct slice a, struct slice b);   /* ASCII folding only */
int slice_cmp(struct slice a, struct slice b);          /* bytewise, shorter first */
ssize_t slice_find_slice(struct slice s, struct slice needle); /* memmem, -1 when absent */
struct slice slice_trim(struct slice s);                /* ASCII blanks at both ends */

/* Cuts *rest at the first c: returns what stood before it and moves *rest behind it.
 * Without c the whole slice is returned and *rest becomes empty with p == NULL. */
struct slice slice_cut(struct slice *rest, char c);

/* Whole-slice decimal numbers: true and *ret only when every byte was used and it fits. */
bool slice_u64(struct slice s, uint64_t *ret);
bool slice_i64(struct slice s, int64_t *ret);

#define I64_TEXT_MAX 20 /* "-9223372036854775808" */
/* Writes v in decimal so that it ends before `end`; returns where it begins. No NUL. */
char *slice_put_i64(char *end, int64_t v);
extern const char decimal_pairs[100][2]; /* "00" … "99", no NUL */

#endif
