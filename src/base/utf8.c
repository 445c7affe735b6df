/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <emmintrin.h>

static bool
follows(const unsigned char *p, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return false;
	return true;
}

size_t
utf8_next(struct slice s, uint32_t *ret_code)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = p[0] < 0x80   ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;
	uint32_t c;

	*ret_code = UTF8_BAD;
	if (n == 0 || n > s.n || !follows(p, n))
		return 1;
	if (n == 1) {
		*ret_code = p[0];
		return 1;
	}
	c = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3fu);
	if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) ||
	    (n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 1;
	*ret_code = c;
	return n;
}

/* Length of the leading run of ASCII, eight bytes at a time. */
static size_t
ascii_run(struct slice s)
{
	size_t i = 0;
	uint64_t w;

	for (; i + 8 <= s.n; i += 8) {
		memcpy(&w, s.p + i, 8);
		if ((w & 0x8080808080808080ULL) != 0)
			break;
	}
	while (i < s.n && (unsigned char)s.p[i] < 0x80)
		i++;
	return i;
}

bool
utf8_is_valid(struct slice s)
{
	uint32_t c;

	for (size_t i = ascii_run(s); i < s.n;) {
		size_t n = utf8_next(slice_sub(s, i, s.n), &c);

		if (n == 1 && (unsigned char)s.p[i] >= 0x80)
			return false;
		i += n;
	}
	return true;
}

size_t
utf8_put(char out[4], uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

bool
utf8_turns(uint32_t c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void
utf8_repair(struct buf *out, struct slice s)
{
	uint32_t c;

	while (s.n != 0) {
		size_t run = ascii_run(s), n;

		buf_put(out, s.p, run);
		s = slice_sub(s, run, s.n);
		if (s.n == 0)
			break;
		n = utf8_next(s, &c);
		if (n == 1)
			buf_put(out, "\xef\xbf\xbd", 3);
		else
			buf_put(out, s.p, n);
		s = slice_sub(s, n, s.n);
	}
}

/* 16 bytes, or 8, or 4, or one at a time. */
static inline __m128i
lower_16(__m128i v)
{
	/* signed compare: bytes from 0x80 are below 'A' */
	__m128i upper = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('A' - 1)),
				      _mm_cmplt_epi8(v, _mm_set1_epi8('Z' + 1)));

	return _mm_or_si128(v, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
}

static inline __m128i
lower_8(char *dst, const char *src)
{
	__m128i v = _mm_loadl_epi64((const __m128i *)(const void *)src);

	_mm_storel_epi64((__m128i *)(void *)dst, lower_16(v));
	return v;
}

static inline __m128i
lower_4(char *dst, const char *src)
{
	int word;
	__m128i v;

	memcpy(&word, src, 4);
	v = _mm_cvtsi32_si128(word);
	word = _mm_cvtsi128_si32(lower_16(v));
	memcpy(dst, &word, 4);
	return v;
}

/* Most values are short and their lengths follow no pattern, so no loop runs over the last bytes: the last
 * step overlaps the one before it. */
bool
ascii_lower(char *dst, const char *src, size_t n)
{
	__m128i seen = _mm_setzero_si128();
	unsigned char any = 0;
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(src + i));

		_mm_storeu_si128((__m128i *)(void *)(dst + i), lower_16(v));
		seen = _mm_or_si128(seen, v);
	}
	if (n - i >= 8) {
		seen = _mm_or_si128(seen, lower_8(dst + i, src + i));
		i += 8;
	}
	if (n >= 8) {
		if (i < n)
			seen = _mm_or_si128(seen, lower_8(dst + n - 8, src + n - 8));
	} else if (n >= 4) {
		seen = _mm_or_si128(lower_4(dst, src), lower_4(dst + n - 4, src + n - 4));
	} else {
		for (; i < n; i++) {
			unsigned char c = (unsigned char)src[i];

			any |= c;
			dst[i] = (char)(c + ((unsigned)(c - 'A') < 26u ? 32 : 0));
		}
	}
	return any < 0x80 && _mm_movemask_epi8(seen) == 0;
}
