/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/ip.h"

#include <arpa/inet.h>

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool
parse_v4(struct slice s, uint8_t out[4])
{
	const char *p = s.p, *end = s.p + s.n;

	for (int i = 0; i < 4; i++) {
		unsigned v = 0;
		const char *from = p;

		while (p < end && (unsigned char)(*p - '0') < 10 && p - from < 3)
			v = v * 10 + (unsigned)(*p++ - '0');
		if (p == from || v > 255 || (p - from > 1 && *from == '0'))
			return false;
		out[i] = (uint8_t)v;
		if (i < 3 && (p == end || *p++ != '.'))
			return false;
	}
	return p == end;
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
	bool v4 = ip_is_v4(ip);

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip->b + 12 : ip->b, out, IP_TEXT_MAX);
	return strlen(out);
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
		return b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16)
		       || (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254)
		       || (b[0] == 100 && (b[1] & 0xc0) == 64);
	if ((ip->b[0] & 0xfe) == 0xfc || (ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80))
		return true;
	for (int i = 0; i < 15; i++)
		if (ip->b[i] != 0)
			return false;
	return ip->b[15] == 1;
}
