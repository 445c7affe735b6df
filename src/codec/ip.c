/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/ip.h"

#include <arpa/inet.h>
#include <emmintrin.h>

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* The bytes of a text of 7 to 15, zeros behind them; never reads outside of it. */
static inline __m128i
load_short(const char *p, size_t n)
{
	uint64_t lo = 0, hi = 0;

	if (n >= 8) {
		memcpy(&lo, p, 8);
		memcpy(&hi, p + n - 8, 8);
		hi = hi >> 8 * (15 - n) >> 8;
	} else {
		uint32_t a, b;

		memcpy(&a, p, 4);
		memcpy(&b, p + n - 4, 4);
		lo = a | (uint64_t)b << 8 * (n - 4);
	}
	return _mm_set_epi64x((long long)hi, (long long)lo);
}

/* Dotted decimal of 7 to 15 bytes. Every line has several, and the lengths of their parts follow no pattern a
 * processor could learn: so dots and digits are found for all bytes at once, and each part is the last up to
 * three digits before its end, whatever their number. */
static bool
parse_v4(struct slice s, uint8_t out[4])
{
	/* of four bytes, the last one, two, three */
	static const uint32_t last[4] = { 0, 0xff000000, 0xffff0000, 0xffffff00 };
	__m128i text = load_short(s.p, s.n), digit = _mm_sub_epi8(text, _mm_set1_epi8('0'));
	unsigned all = (1u << s.n) - 1;
	unsigned dots = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8('.'))) & all;
	unsigned digits =
		(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit)) &
		all;
	unsigned from = 0, bad = 0, ends = dots | 1u << s.n;
	uint8_t here[16], late[16]; /* late: four zeros before; a load must lie inside of one store */

	if ((dots | digits) != all || __builtin_popcount(dots) != 3)
		return false;
	_mm_storeu_si128((__m128i *)(void *)here, digit);
	_mm_storeu_si128((__m128i *)(void *)late, _mm_slli_si128(digit, 4));
	for (int i = 0; i < 4; i++, ends &= ends - 1) {
		unsigned end = (unsigned)__builtin_ctz(ends), n = end - from, v;
		uint32_t part;

		if (n - 1 > 2)
			return false;
		memcpy(&part, i < 2 ? late + end : here + end - 4, 4);
		part &= last[n];
		v = (part >> 24) + (part >> 16 & 0xff) * 10 + (part >> 8 & 0xff) * 100;
		bad |= (v > 255) | (n > 1 && here[from] == 0);
		out[i] = (uint8_t)v;
		from = end + 1;
	}
	return bad == 0;
}

bool
ip_parse(struct slice s, struct ip *ret)
{
	struct ip ip;
	char text[IP_TEXT_MAX];
	ssize_t zone;

	if (s.n < 2 || s.n > 60)
		return false;
	if (s.n >= 7 && s.n <= 15 && parse_v4(s, ip.b + 12)) {
		memcpy(ip.b, v4_prefix, 12);
		*ret = ip;
		return true;
	}
	if (memchr(s.p, ':', s.n < 6 ? s.n : 6) == NULL)
		return false;
	zone = slice_find(s, '%');
	if (zone >= 0)
		s.n = (size_t)zone;
	if (s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (strlen(text) != s.n || inet_pton(AF_INET6, text, ip.b) != 1)
		return false;
	*ret = ip;
	return true;
}

bool
ip_is_v4(const struct ip *ip)
{
	return memcmp(ip->b, v4_prefix, 12) == 0;
}

size_t
ip_format(const struct ip *ip, char *out)
{
	char *p = out;

	if (!ip_is_v4(ip)) {
		inet_ntop(AF_INET6, ip->b, out, IP_TEXT_MAX);
		return strlen(out);
	}
	for (int i = 12; i < 16; i++) {
		unsigned v = ip->b[i];

		if (v >= 100)
			*p++ = (char)('0' + v / 100);
		if (v >= 10)
			*p++ = (char)('0' + v / 10 % 10);
		*p++ = (char)('0' + v % 10);
		*p++ = i < 15 ? '.' : '\0';
	}
	return (size_t)(p - out) - 1;
}

bool
ip_parse_cidr(struct slice s, struct ip *ret, unsigned *ret_bits)
{
	struct slice rest = s, head = slice_cut(&rest, '/');
	struct ip ip;
	uint64_t bits;

	if (!ip_parse(head, &ip))
		return false;
	if (rest.p == NULL) {
		*ret = ip;
		*ret_bits = 128;
		return true;
	}
	if (!slice_u64(rest, &bits) || bits > (ip_is_v4(&ip) ? 32u : 128u))
		return false;
	if (ip_is_v4(&ip))
		bits += 96;
	for (unsigned i = (unsigned)bits; i < 128; i++)
		if (ip.b[i / 8] >> (7 - i % 8) & 1)
			return false;
	*ret = ip;
	*ret_bits = (unsigned)bits;
	return true;
}

bool
ip_in(const struct ip *ip, const struct ip *net, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(ip->b, net->b, whole) != 0)
		return false;
	return rest == 0 || (ip->b[whole] ^ net->b[whole]) >> (8 - rest) == 0;
}

bool
ip_is_private(const struct ip *ip)
{
	const uint8_t *b = ip->b + 12;

	if (ip_is_v4(ip))
		return b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
		       (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) ||
		       (b[0] == 100 && (b[1] & 0xc0) == 64);
	if ((ip->b[0] & 0xfe) == 0xfc || (ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80))
		return true;
	for (int i = 0; i < 15; i++)
		if (ip->b[i] != 0)
			return false;
	return ip->b[15] == 1;
}
