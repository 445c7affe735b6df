/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses: text ↔ 16 bytes.  Floor 1, pure.  v4 is kept as v4-mapped v6 (::ffff:a.b.c.d), so one compare
 * serves both.  Text forms: dotted decimal without leading-zero tricks (RFC 6943 strict), RFC 4291 v6 with an
 * optional %zone, which is dropped.
 */
#ifndef NZ_CODEC_IP_H
#define NZ_CODEC_IP_H

#include "base/slice.h"

struct ip {
	uint8_t b[16];
};

#define IP_TEXT_MAX 46

bool ip_parse(struct slice s, struct ip *ret);
bool ip_is_v4(const struct ip *ip);
/* RFC 5952 text; out holds IP_TEXT_MAX bytes; returns the length. */
size_t ip_format(const struct ip *ip, char *out);
/* "10.0.0.0/8", "2001:db8::/32", or a bare address. *ret_bits counts in the 128-bit form (v4 + 96).
 * Host bits must be zero unless they are those of a bare address. */
bool ip_parse_cidr(struct slice s, struct ip *ret, unsigned *ret_bits);
bool ip_in(const struct ip *ip, const struct ip *net, unsigned bits);
/* RFC 1918, RFC 4193, loopback, link-local, CGNAT: not an address of the public Internet. */
bool ip_is_private(const struct ip *ip);

#endif
