/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/slice.h"

static unsigned char
fold(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

bool
slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (fold((unsigned char)a.p[i]) != fold((unsigned char)b.p[i]))
			return false;
	return true;
}

int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n != 0 ? memcmp(a.p, b.p, n) : 0;

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

ssize_t
slice_find_slice(struct slice s, struct slice needle)
{
	const char *at;

	if (needle.n == 0)
		return 0;
	at = s.n != 0 ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
	return at != NULL ? at - s.p : -1;
}

static bool
blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct slice
slice_trim(struct slice s)
{
	while (s.n != 0 && blank(s.p[0]))
		s.p++, s.n--;
	while (s.n != 0 && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct slice
slice_cut(struct slice *rest, char c)
{
	struct slice head = *rest;
	ssize_t at = slice_find(*rest, c);

	if (at < 0) {
		*rest = (struct slice){ NULL, 0 };
		return head;
	}
	head.n = (size_t)at;
	rest->p += at + 1;
	rest->n -= (size_t)at + 1;
	return head;
}

bool
slice_u64(struct slice s, uint64_t *ret)
{
	uint64_t v = 0;
	size_t sure = s.n < 19 ? s.n : 19; /* so many digits always fit */

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < sure; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';

		if (d > 9)
			return false;
		v = v * 10 + d;
	}
	for (size_t i = sure; i < s.n; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';

		if (d > 9 || __builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, d, &v))
			return false;
	}
	*ret = v;
	return true;
}

bool
slice_i64(struct slice s, int64_t *ret)
{
	bool minus = s.n != 0 && s.p[0] == '-';
	uint64_t v;

	if (!slice_u64(minus ? slice_sub(s, 1, s.n) : s, &v))
		return false;
	if (v > (uint64_t)INT64_MAX + (minus ? 1u : 0u))
		return false;
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

const char decimal_pairs[100][2] = {
#define TEN(d)                                                                                               \
	{ d, '0' }, { d, '1' }, { d, '2' }, { d, '3' }, { d, '4' }, { d, '5' }, { d, '6' }, { d, '7' },      \
		{ d, '8' },                                                                                  \
	{                                                                                                    \
		d, '9'                                                                                       \
	}
	TEN('0'), TEN('1'), TEN('2'), TEN('3'), TEN('4'), TEN('5'), TEN('6'), TEN('7'), TEN('8'), TEN('9'),
#undef TEN
};

char *
slice_put_i64(char *end, int64_t v)
{
	uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	for (; left > 99; left /= 100)
		memcpy(end -= 2, decimal_pairs[left % 100], 2);
	if (left > 9)
		memcpy(end -= 2, decimal_pairs[left], 2);
	else
		*--end = (char)('0' + left);
	if (v < 0)
		*--end = '-';
	return end;
}
