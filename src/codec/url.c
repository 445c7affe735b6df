/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/url.h"

static bool
is_port(struct slice s)
{
	uint64_t v;

	return s.n != 0 && s.n <= 5 && slice_u64(s, &v) && v <= 65535;
}

/* user@host:port, [v6]:port */
static void
split_authority(struct slice a, struct url *u)
{
	ssize_t at = slice_find(a, '@'), colon = -1;

	if (at >= 0) {
		struct slice user = slice_sub(a, 0, (size_t)at);

		u->username = slice_cut(&user, ':');
		a = slice_sub(a, (size_t)at + 1, a.n);
	}
	if (a.n != 0 && a.p[0] == '[') {
		ssize_t close = slice_find(a, ']');

		if (close > 0) {
			u->host = slice_sub(a, 1, (size_t)close);
			a = slice_sub(a, (size_t)close + 1, a.n);
			if (a.n > 1 && a.p[0] == ':')
				u->port = slice_sub(a, 1, a.n);
			return;
		}
	}
	for (size_t i = a.n; i-- > 0;)
		if (a.p[i] == ':') {
			colon = (ssize_t)i;
			break;
		}
	u->host = colon >= 0 ? slice_sub(a, 0, (size_t)colon) : a;
	if (colon >= 0 && is_port(slice_sub(a, (size_t)colon + 1, a.n)))
		u->port = slice_sub(a, (size_t)colon + 1, a.n);
}

static struct slice
extension_of(struct slice path)
{
	for (size_t i = path.n; i-- > 0;) {
		if (path.p[i] == '/')
			break;
		if (path.p[i] == '.')
			return i + 1 < path.n ? slice_sub(path, i + 1, path.n) : (struct slice){ NULL, 0 };
	}
	return (struct slice){ NULL, 0 };
}

void
url_split(struct slice s, struct url *ret)
{
	struct url u = { 0 };
	struct slice rest = s;
	ssize_t sep = slice_find_slice(slice_sub(s, 0, 32), SL("://")), end;

	if (sep > 0) {
		u.scheme = slice_sub(s, 0, (size_t)sep);
		rest = slice_sub(s, (size_t)sep + 3, s.n);
	}
	if (sep > 0 || (rest.n != 0 && rest.p[0] != '/' && rest.p[0] != '?' && rest.p[0] != '*')) {
		for (end = 0; (size_t)end < rest.n; end++)
			if (rest.p[end] == '/' || rest.p[end] == '?' || rest.p[end] == '#')
				break;
		split_authority(slice_sub(rest, 0, (size_t)end), &u);
		rest = slice_sub(rest, (size_t)end, rest.n);
	}
	if ((end = slice_find(rest, '#')) >= 0) {
		u.fragment = slice_sub(rest, (size_t)end + 1, rest.n);
		rest = slice_sub(rest, 0, (size_t)end);
	}
	if ((end = slice_find(rest, '?')) >= 0) {
		u.query = slice_sub(rest, (size_t)end + 1, rest.n);
		rest = slice_sub(rest, 0, (size_t)end);
	}
	if (rest.n != 0) {
		u.path = rest;
		u.extension = extension_of(rest);
	}
	*ret = u;
}
