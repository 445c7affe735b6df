/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/csv.h"

#include <emmintrin.h>

/* What stands between quotes at p (behind the opening one); *ret_next is behind the closing quote. */
static struct slice
quoted(const char *p, const char *end, struct arena *a, const char **ret_next)
{
	const char *from = p, *q;
	bool doubled = false;
	char *out;
	size_t n = 0;

	for (;; p = q + 2) {
		q = memchr(p, '"', (size_t)(end - p));
		if (q == NULL || q + 1 >= end || q[1] != '"')
			break;
		doubled = true;
	}
	if (q == NULL)
		q = end;
	*ret_next = q < end ? q + 1 : end;
	if (!doubled)
		return slice_of(from, (size_t)(q - from));
	out = arena_alloc(a, (size_t)(q - from) + 1);
	for (p = from; p < q; p++) {
		out[n++] = *p;
		if (*p == '"')
			p++;
	}
	return slice_of(out, n);
}

/* Cells of [p, end) until a quote begins one; returns where it stopped (at the start of a cell). */
static const char *
plain_cells(const char *p, const char *end, char sep, bool quotes, struct slice *cells, size_t max, size_t *n)
{
	const char *from = p;
	__m128i vs = _mm_set1_epi8(sep);

	while (end - p >= 16) {
		unsigned m = (unsigned)_mm_movemask_epi8(
			_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), vs));

		for (; m != 0; m &= m - 1) {
			const char *at = p + __builtin_ctz(m);

			if (quotes && *from == '"')
				return from;
			if (*n < max)
				cells[*n] = slice_of(from, (size_t)(at - from));
			++*n;
			from = at + 1;
		}
		p += 16;
	}
	for (; p < end; p++)
		if (*p == sep) {
			if (quotes && *from == '"')
				return from;
			if (*n < max)
				cells[*n] = slice_of(from, (size_t)(p - from));
			++*n;
			from = p + 1;
		}
	return from;
}

size_t
csv_split(struct slice line, char sep, bool quotes, struct arena *a, struct slice *cells, size_t max)
{
	const char *p = line.p, *end = line.p + line.n, *q;
	struct slice cell;
	size_t n = 0;

	if (line.n == 0)
		return 0;
	for (;;) {
		p = plain_cells(p, end, sep, quotes, cells, max, &n);
		if (!quotes || p >= end || *p != '"') {
			if (n < max)
				cells[n] = slice_of(p, (size_t)(end - p));
			return n + 1;
		}
		cell = quoted(p + 1, end, a, &q);
		if (n < max)
			cells[n] = cell;
		n++;
		q = memchr(q, sep, (size_t)(end - q));
		if (q == NULL)
			return n;
		p = q + 1;
	}
}
