/* SPDX-License-Identifier: Apache-2.0
 *
 * What people write in lists → canonical keys: refanged, lower-cased where case means nothing, and refused
 * with a reason where a value would match everything or nothing.
 */
#include "base/err.h"
#include "base/must.h"
#include "base/utf8.h"
#include "intel/image_priv.h"

const char *
intel_type_name(enum intel_type t)
{
	static const char *const names[INTEL_TYPES] = { "ip", "ip_port", "cidr", "domain", "url", "hash" };

	return names[t];
}

void
key_of_ip(const struct ip *ip, struct intel_key *ret)
{
	bool v4 = ip_is_v4(ip);

	ret->type = INTEL_IP;
	ret->n = v4 ? 4 : 16;
	memcpy(ret->b, v4 ? ip->b + 12 : ip->b, ret->n);
}

void
key_add_port(struct intel_key *k, unsigned port)
{
	k->type = INTEL_IP_PORT;
	k->b[k->n++] = (char)(port >> 8);
	k->b[k->n++] = (char)port;
}

bool
key_of_hash(struct slice s, struct intel_key *ret)
{
	if (s.n != 32 && s.n != 40 && s.n != 64)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)(s.p[i] | 0x20);
		unsigned d = (unsigned char)s.p[i] - 0u - '0' < 10 ? (unsigned char)s.p[i] - 0u - '0'
		                                                   : c - 0u - 'a' < 6 ? c - 0u - 'a' + 10 : 16;

		if (d == 16)
			return false;
		ret->b[i / 2] = (char)(i % 2 == 0 ? d << 4 : (unsigned char)ret->b[i / 2] | d);
	}
	ret->type = INTEL_HASH;
	ret->n = (unsigned)s.n / 2;
	return true;
}

/* Cuts "scheme://user@" off; tells the scheme's default port as text. */
static struct slice
url_without_scheme(struct slice s, const char **ret_port)
{
	ssize_t at = slice_find_slice(s, SL("://"));

	*ret_port = "";
	if (at > 0 && at < 12) {
		*ret_port = slice_eq_nocase(slice_sub(s, 0, (size_t)at), SL("https")) ? ":443" : ":80";
		s = slice_sub(s, (size_t)at + 3, s.n);
	} else if (slice_starts(s, SL("//"))) {
		s = slice_sub(s, 2, s.n);
	}
	return s;
}

static size_t
host_length(struct slice s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] != '/' && s.p[i] != '?' && s.p[i] != '#')
		i++;
	return i;
}

bool
key_of_url(struct slice s, struct intel_key *ret)
{
	const char *port;
	struct slice host, rest;
	ssize_t user, hash;

	s = url_without_scheme(s, &port);
	host = slice_sub(s, 0, host_length(s));
	rest = slice_sub(s, host.n, s.n);
	user = slice_find(host, '@');
	if (user >= 0)
		host = slice_sub(host, (size_t)user + 1, host.n);
	if (port[0] != '\0' && slice_ends(host, slice_str(port)))
		host.n -= strlen(port);
	hash = slice_find(rest, '#');
	if (hash >= 0)
		rest.n = (size_t)hash;
	if (host.n != 0 && rest.n == 1 && rest.p[0] == '/')
		rest.n = 0;
	if (host.n + rest.n == 0 || host.n + rest.n > INTEL_VALUE_MAX || (host.n == 0 && rest.n < 3))
		return false;
	ascii_lower(ret->b, host.p, host.n);
	if (rest.n != 0)
		memcpy(ret->b + host.n, rest.p, rest.n);
	ret->type = INTEL_URL;
	ret->n = (unsigned)(host.n + rest.n);
	return true;
}

/* hxxp, [.], (.), [:], [://] as analysts write them, back to what they mean. */
static struct slice
refang(struct slice s, char *out)
{
	size_t n = 0;
	bool scheme = s.n > 7 && slice_eq_nocase(slice_sub(s, 0, 4), SL("hxxp")) &&
	              slice_find_slice(slice_sub(s, 0, 12), SL("//")) > 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], close = c == '[' ? ']' : c == '(' ? ')' : '\0';

		if (close != '\0' && i + 2 < s.n && s.p[i + 2] == close && (s.p[i + 1] == '.' || s.p[i + 1] == ':')) {
			out[n++] = s.p[i + 1];
			i += 2;
		} else {
			out[n++] = scheme && (i == 1 || i == 2) ? 't' : c;
		}
	}
	return slice_of(out, n);
}

static int
refuse(int code, const char *reason, const char **ret_reason)
{
	*ret_reason = reason;
	return code;
}

static int
public_ip(const struct ip *ip, const char **ret_reason)
{
	static const struct ip any4 = { { [10] = 0xff, [11] = 0xff } }, any6;

	if (ip_is_private(ip) || memcmp(ip, &any4, 13) == 0 || memcmp(ip, &any6, sizeof any6) == 0)
		return refuse(E_RANGE, "a private or special address", ret_reason);
	return 0;
}

static int
key_of_cidr(struct slice s, struct intel_key *ret, const char **ret_reason)
{
	struct ip ip;
	unsigned bits;

	if (!ip_parse_cidr(s, &ip, &bits))
		return refuse(E_SYNTAX, "a network whose host bits are not zero, or no network at all", ret_reason);
	if (bits < (ip_is_v4(&ip) ? 96u + 8 : 16u))
		return refuse(E_RANGE, "a network so large that it would match everything", ret_reason);
	if (bits == 128) {
		key_of_ip(&ip, ret);
		return public_ip(&ip, ret_reason);
	}
	ret->type = INTEL_CIDR;
	ret->bits = bits;
	ret->n = 17;
	memcpy(ret->b, ip.b, 16);
	ret->b[16] = (char)bits;
	return public_ip(&ip, ret_reason);
}

/* "1.2.3.4:80", "[2001:db8::1]:80" */
static bool
split_port(struct slice s, struct ip *ret_ip, unsigned *ret_port)
{
	uint64_t port;
	ssize_t at = -1;
	struct slice host;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ':')
			at = (ssize_t)i;
	if (at <= 0 || !slice_u64(slice_sub(s, (size_t)at + 1, s.n), &port) || port == 0 || port > 65535)
		return false;
	host = slice_sub(s, 0, (size_t)at);
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_sub(host, 1, host.n - 1);
	else if (slice_find(host, ':') >= 0)
		return false;
	*ret_port = (unsigned)port;
	return ip_parse(host, ret_ip);
}

int
key_of_text(struct slice text, struct intel_key *ret, const char **ret_reason)
{
	char tmp[INTEL_VALUE_MAX];
	struct slice s = slice_trim(text);
	struct ip ip;
	unsigned port;

	if (s.n == 0 || s.n > INTEL_VALUE_MAX)
		return refuse(E_RANGE, "empty or too long", ret_reason);
	if (memchr(s.p, '[', s.n) != NULL || memchr(s.p, '(', s.n) != NULL || s.p[0] == 'h' || s.p[0] == 'H')
		s = refang(s, tmp);
	if (ip_parse(s, &ip)) {
		key_of_ip(&ip, ret);
		return public_ip(&ip, ret_reason);
	}
	if (slice_find_slice(s, SL("://")) < 0 && slice_find(s, ':') >= 0 && split_port(s, &ip, &port)) {
		key_of_ip(&ip, ret);
		key_add_port(ret, port);
		return public_ip(&ip, ret_reason);
	}
	if (key_of_hash(s, ret))
		return 0;
	if (s.p[0] != '/' && (memchr(s.p, '\\', s.n) != NULL || memchr(s.p, '^', s.n) != NULL || memchr(s.p, '*', s.n) != NULL))
		return refuse(E_SYNTAX, "a pattern, not a value", ret_reason);
	if (slice_find(s, '/') >= 0) {
		uint64_t bits;
		struct slice tail = s, head = slice_cut(&tail, '/');

		if (slice_u64(tail, &bits) && bits <= 128 && ip_parse(head, &ip))
			return key_of_cidr(s, ret, ret_reason);
		return key_of_url(s, ret) ? 0 : refuse(E_SYNTAX, "not a URL", ret_reason);
	}
	if (key_of_domain(s, 2, ret))
		return 0;
	if (!utf8_is_valid(s) || key_of_domain(s, 1, ret))
		return refuse(E_RANGE, "a name of one label, or not text", ret_reason);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] > 126)
			return refuse(E_SYNTAX, "a name outside ASCII; write its xn-- form", ret_reason);
	return refuse(E_SYNTAX, "neither address, network, name, URL nor hash", ret_reason);
}

static size_t
hex_text(const char *key, size_t n, char *out, size_t room)
{
	static const char digit[] = "0123456789abcdef";
	size_t len = 0;

	for (size_t i = 0; i < n && len + 2 < room; i++) {
		out[len++] = digit[(unsigned char)key[i] >> 4];
		out[len++] = digit[(unsigned char)key[i] & 15];
	}
	return len;
}

static size_t
number_text(char mark, unsigned v, char *out) /* at most 6 bytes */
{
	char digits[8];
	size_t n = 0, len = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	out[len++] = mark;
	while (n > 0)
		out[len++] = digits[--n];
	return len;
}

size_t
key_text(enum intel_type type, const char *key, size_t n, char *out, size_t room)
{
	struct ip ip = { { [10] = 0xff, [11] = 0xff } };
	size_t ipn = type == INTEL_IP_PORT ? n - 2 : type == INTEL_CIDR ? 16 : n, len = 0;
	bool bracket;

	if (type == INTEL_DOMAIN || type == INTEL_URL) {
		n = n < room ? n : room;
		memcpy(out, key, n);
		return n;
	}
	if (type == INTEL_HASH)
		return hex_text(key, n, out, room);
	must(room >= IP_TEXT_MAX + 8);
	memcpy(ipn == 4 ? ip.b + 12 : ip.b, key, ipn == 4 ? 4 : 16);
	bracket = type == INTEL_IP_PORT && !ip_is_v4(&ip);
	if (bracket)
		out[len++] = '[';
	len += ip_format(&ip, out + len);
	if (bracket)
		out[len++] = ']';
	if (type == INTEL_IP_PORT)
		len += number_text(':', (unsigned)(unsigned char)key[n - 2] << 8 | (unsigned char)key[n - 1], out + len);
	else if (type == INTEL_CIDR)
		len += number_text('/', (unsigned char)key[16] - (ip_is_v4(&ip) ? 96u : 0u), out + len);
	return len;
}
