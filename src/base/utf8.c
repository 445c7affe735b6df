/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

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
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
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
	if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) || (n == 4 && (c < 0x10000 || c > 0x10ffff)))
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

void
ascii_lower(char *dst, const char *src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)src[i];

		dst[i] = (char)(c + ((unsigned)(c - 'A') < 26u ? 32 : 0));
	}
}
