/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a webhook may go.  A customer names the address, and its name server answers what it likes: what is looked at is the
 * address that the socket is about to be connected to, at that very moment, so no second look-up can say something else.
 */
#include <netinet/in.h>
#include <string.h>

#include "notify/notify.h"

static bool
ip_of(const struct sockaddr *sa, struct ip *ret)
{
	*ret = (struct ip){ 0 };
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof in);
		ret->b[10] = ret->b[11] = 0xff;
		memcpy(ret->b + 12, &in.sin_addr, 4);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof in6);
		memcpy(ret->b, &in6.sin6_addr, 16);
		return true;
	}
	return false;
}

static bool
in_any(const struct ip *ip, const char *const *nets)
{
	struct ip net;
	unsigned bits;

	for (; *nets != NULL; nets++)
		if (ip_parse_cidr(slice_str(*nets), &net, &bits) && ip_in(ip, &net, bits))
			return true;
	return false;
}

bool
guard_is_loopback(const struct ip *ip)
{
	static const char *const nets[] = { "127.0.0.0/8", "::1/128", NULL };

	return in_any(ip, nets);
}

bool
guard_is_public(const struct ip *ip)
{
	/* IANA special-purpose registries: what is no host of the public Internet, or leads to another address inside */
	static const char *const nets[] = { "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48",
		"100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", NULL };

	return !in_any(ip, nets);
}

bool
guard_allows(const struct post_conf *c, const char *url, const struct sockaddr *to)
{
	bool plain = strncmp(url, "https://", 8) != 0;
	struct ip ip;

	if (!ip_of(to, &ip))
		return false;
	if (c->hook_plain && guard_is_loopback(&ip))
		return true;
	if (plain)
		return false;
	for (int i = 0; i < c->allow_n; i++)
		if (ip_in(&ip, &c->allow[i].net, c->allow[i].bits))
			return true;
	return guard_is_public(&ip);
}
