/* SPDX-License-Identifier: Apache-2.0
 *
 * Domain names: read, lowered and hashed sixteen bytes at a time, for every line has some.
 */
#include <emmintrin.h>

#include "base/must.h"
#include "intel/image_priv.h"

#define DOT_WORDS 4 /* one bit a byte of a name */

/* Sixteen bytes from p, of which n (below 16) are the name's; zeros behind them; nothing else is read. */
static inline __m128i
load_few(const char *p, size_t n)
{
	uint64_t lo = 0, hi = 0;

	if (n >= 8) {
		memcpy(&lo, p, 8);
		memcpy(&hi, p + n - 8, 8);
		hi = hi >> 8 * (15 - n) >> 8;
	} else if (n >= 4) {
		uint32_t a, b;

		memcpy(&a, p, 4);
		memcpy(&b, p + n - 4, 4);
		lo = a | (uint64_t)b << 8 * (n - 4);
	} else if (n != 0) {
		lo = (uint64_t)(unsigned char)p[0] | (uint64_t)(unsigned char)p[n / 2] << 8 * (n / 2) |
		     (uint64_t)(unsigned char)p[n - 1] << 8 * (n - 1);
	}
	return _mm_set_epi64x((long long)hi, (long long)lo);
}

static inline __m128i
below(__m128i v, char from, char count)
{
	__m128i d = _mm_sub_epi8(v, _mm_set1_epi8(from));

	return _mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8((char)(count - 1))), d);
}

static inline unsigned
bits_of(__m128i v)
{
	return (unsigned)_mm_movemask_epi8(v);
}

static inline void
put_bits(uint64_t m[DOT_WORDS + 1], size_t at, uint64_t bits)
{
	m[at / 64] |= bits << at % 64;
	m[at / 64 + 1] |= at % 64 > 48 ? bits >> (64 - at % 64) : 0;
}

/* Sixteen bytes in lower case to out; which are dots; which belong in no name. */
static inline __m128i
lower(__m128i v, unsigned *ret_dots, unsigned *ret_good)
{
	__m128i low = _mm_or_si128(v, _mm_set1_epi8(0x20)), letter = below(low, 'a', 26);
	__m128i dot = _mm_cmpeq_epi8(v, _mm_set1_epi8('.'));
	__m128i good = _mm_or_si128(_mm_or_si128(letter, below(v, '0', 10)),
	                            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('-')), dot),
	                                         _mm_cmpeq_epi8(v, _mm_set1_epi8('_'))));

	*ret_dots = bits_of(dot);
	*ret_good = bits_of(good);
	return _mm_or_si128(v, _mm_and_si128(letter, _mm_set1_epi8(0x20)));
}

/* No label is empty, none longer than 63; dots are not at the ends. */
static bool
labels_are_good(const uint64_t dots[DOT_WORDS + 1], size_t n, unsigned *ret_labels)
{
	size_t from = 0;
	unsigned labels = 1;

	for (unsigned w = 0; w < DOT_WORDS; w++)
		for (uint64_t left = dots[w]; left != 0; left &= left - 1) {
			size_t at = w * 64 + (unsigned)__builtin_ctzll(left);

			if (at - from - 1 > 62) /* 0 wraps */
				return false;
			from = at + 1;
			labels++;
		}
	*ret_labels = labels;
	return n - from - 1 <= 62;
}

bool
key_of_domain(struct slice s, unsigned labels, struct intel_key *ret)
{
	uint64_t dots[DOT_WORDS + 1] = { 0 };
	unsigned d, good, found;

	if (s.n != 0 && s.p[s.n - 1] == '.')
		s.n--;
	if (s.n != 0 && s.p[0] == '.')
		s = slice_sub(s, 1, s.n);
	if (s.n == 0 || s.n > NAME_MAX_)
		return false;
	for (size_t i = 0; i < s.n; i += 16) {
		size_t left = s.n - i, at = left >= 16 || s.n < 16 ? i : s.n - 16; /* the last sixteen overlap */
		__m128i v = s.n >= 16 ? _mm_loadu_si128((const void *)(s.p + at)) : load_few(s.p, s.n);

		_mm_storeu_si128((__m128i *)(void *)(ret->b + at), lower(v, &d, &good));
		if (good != (s.n >= 16 ? 0xffff : (1u << s.n) - 1))
			return false;
		put_bits(dots, at, d);
	}
	if (!labels_are_good(dots, s.n, &found) || found < labels)
		return false;
	ret->type = INTEL_DOMAIN;
	ret->n = (unsigned)s.n;
	return true;
}

/* The hash of a name whose rest on the right gave h. */
static inline uint64_t
hash_label(uint64_t h, uint64_t k1, const char *p, size_t n)
{
	uint64_t a, b;

	for (; n > 16; p += 16, n -= 16) {
		memcpy(&a, p, 8);
		memcpy(&b, p + 8, 8);
		h = hash_fold(a ^ h, b ^ k1);
	}
	memcpy(&a, p, 8);
	memcpy(&b, p + 8, 8);
	a = n >= 8 ? a : a & ((1ull << 8 * n) - 1);
	b = n <= 8 ? 0 : b << 8 * (16 - n) >> 8 * (16 - n);
	return hash_fold(a ^ h, b ^ k1 ^ (uint64_t)n << 56);
}

static void
find_dots(const char *name, size_t n, uint64_t ret[DOT_WORDS + 1])
{
	for (size_t i = 0; i < n; i += 16)
		put_bits(ret, i, bits_of(_mm_cmpeq_epi8(_mm_loadu_si128((const void *)(name + i)), _mm_set1_epi8('.'))));
	ret[n / 64] &= (1ull << n % 64) - 1; /* not what lies behind it */
	if (n / 64 + 1 < DOT_WORDS + 1)
		ret[n / 64 + 1] = 0;
}

void
name_hashes(uint64_t k0, uint64_t k1, const char *name, size_t n, struct name_hashes *ret)
{
	uint64_t dots[DOT_WORDS + 1] = { 0 }, h = k0 ^ HASH_NAME;
	size_t end = n;
	unsigned labels = 0;

	must(n <= NAME_MAX_);
	ret->count = 0;
	find_dots(name, n, dots);
	for (int w = (int)(n / 64); w >= 0; w--)
		for (; dots[w] != 0;) {
			unsigned bit = 63 - (unsigned)__builtin_clzll(dots[w]);
			size_t from = (unsigned)w * 64 + bit + 1;

			dots[w] ^= 1ull << bit;
			h = hash_label(h, k1, name + from, end - from);
			end = from - 1;
			if (labels++ == 0 || ret->count == SUFFIXES_MAX)
				continue;
			ret->from[ret->count] = (uint16_t)from;
			ret->hash[ret->count++] = hash_fold(h ^ k1, HASH_PORT);
		}
	ret->from[ret->count] = 0;
	ret->hash[ret->count++] = hash_fold(hash_label(h, k1, name, end) ^ k1, HASH_PORT);
}
