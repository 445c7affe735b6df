/* SPDX-License-Identifier: Apache-2.0
 *
 * key=value lines (FortiGate and its like): keys without blanks, values bare or in double quotes, inside
 * which \" and \\ are escapes.  One pass, SSE2 where a value is long.  Inline, because the caller guesses the next key:
 * devices write the same keys in the same order, so the key is compared, not searched.
 *
 * A word without '=' is skipped and counted in `bare`.  A quote that never closes ends at the line's end
 * and sets `torn`.
 */
#ifndef NZ_CODEC_KV_H
#define NZ_CODEC_KV_H

#include <emmintrin.h>

#include "base/arena.h"
#include "base/slice.h"

struct kv_iter {
	const char *p, *end;
	uint32_t bare;
	bool torn;
};

struct kv_pair {
	struct slice key, value;
	bool escaped;  /* value holds backslashes: kv_unescape() */
};

/* First a or b in [p, end), or end. */
static inline const char *
kv_find2(const char *p, const char *end, char a, char b)
{
	__m128i va = _mm_set1_epi8(a), vb = _mm_set1_epi8(b);

	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		int m = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, va), _mm_cmpeq_epi8(v, vb)));

		if (m != 0)
			return p + __builtin_ctz((unsigned)m);
		p += 16;
	}
	while (p < end && *p != a && *p != b)
		p++;
	return p;
}

static inline void
kv_init(struct kv_iter *it, struct slice s)
{
	*it = (struct kv_iter){ .p = s.p, .end = s.p + s.n };
}

/* Moves to the next key: skips blanks and commas. False at the end. */
static inline bool
kv_skip(struct kv_iter *it)
{
	const char *p = it->p;

	while (p < it->end && ((unsigned char)*p <= ' ' || *p == ','))
		p++;
	it->p = p;
	return p < it->end;
}

/* The key at it->p; false when the word has no '='. After it, it->p is behind the '='. */
static inline bool
kv_key(struct kv_iter *it, struct slice *ret)
{
	const char *eq = kv_find2(it->p, it->end, '=', ' ');

	if (eq == it->end || *eq != '=') {
		it->bare++;
		it->p = eq;
		return false;
	}
	*ret = slice_of(it->p, (size_t)(eq - it->p));
	it->p = eq + 1;
	return true;
}

/* The value at it->p. */
static inline void
kv_value(struct kv_iter *it, struct kv_pair *ret)
{
	const char *from = it->p, *q;

	ret->escaped = false;
	if (from < it->end && *from == '"') {
		from++;
		for (q = from;; q += 2) {
			q = kv_find2(q, it->end, '"', '\\');
			if (q >= it->end || *q == '"')
				break;
			ret->escaped = true;
			if (q + 2 >= it->end) {
				q = it->end;
				break;
			}
		}
		if (q >= it->end) {
			q = it->end;
			it->torn = true;
		}
		ret->value = slice_of(from, (size_t)(q - from));
		it->p = q < it->end ? q + 1 : q;
		return;
	}
	q = kv_find2(from, it->end, ' ', ' ');
	ret->value = slice_of(from, (size_t)(q - from));
	it->p = q;
}

/* \" → " and \\ → \; anything else keeps its backslash. */
struct slice kv_unescape(struct arena *a, struct slice s);

#endif
