/* SPDX-License-Identifier: Apache-2.0
 *
 * The pure parts of http: escapes, patterns, cookies.  libmicrohttpd hands over raw bytes (its own
 * unescaping is switched off), so that a NUL or a broken escape is seen here and refused, once.
 */
#include "base/utf8.h"
#include "http/http_priv.h"

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
http_unescape(char *p, size_t *n)
{
	size_t at = 0;

	for (size_t i = 0; i < *n; i++) {
		char c = p[i];

		if (c == '%') {
			if (i + 2 >= *n || hex(p[i + 1]) < 0 || hex(p[i + 2]) < 0)
				return false;
			c = (char)(hex(p[i + 1]) * 16 + hex(p[i + 2]));
			i += 2;
		}
		if (c == 0)
			return false;
		p[at++] = c;
	}
	if (!utf8_is_valid(slice_of(p, at)))
		return false;
	*n = at;
	return true;
}

static bool
take_param(struct http_match *m, struct slice name, struct slice value)
{
	if (m->n == HTTP_PARAMS_MAX)
		return false;
	m->name[m->n] = name;
	m->value[m->n++] = value;
	return true;
}

bool
http_match(const char *pattern, struct slice path, struct http_match *ret)
{
	struct slice want = slice_str(pattern);
	struct http_match m = { .n = 0 };

	if (path.n == 0 || path.p[0] != '/' || want.n == 0)
		return false;
	path = slice_sub(path, 1, path.n);
	want = slice_sub(want, 1, want.n);
	while (want.p != NULL && path.p != NULL) {
		struct slice w = slice_cut(&want, '/');

		if (w.n > 3 && w.p[0] == '{' && slice_ends(w, SL("*}"))) {
			if (!take_param(&m, slice_sub(w, 1, w.n - 2), path))
				return false;
			*ret = m;
			return true;
		}
		struct slice s = slice_cut(&path, '/');

		if (w.n > 2 && w.p[0] == '{') {
			if (s.n == 0 || slice_eq(s, SL(".")) || slice_eq(s, SL("..")) ||
			    !take_param(&m, slice_sub(w, 1, w.n - 1), s))
				return false;
		} else if (!slice_eq(s, w)) {
			return false;
		}
	}
	if (want.p != NULL || path.p != NULL)
		return false;
	*ret = m;
	return true;
}

struct slice
http_cookie_find(struct slice header, struct slice name)
{
	while (header.p != NULL && header.n != 0) {
		struct slice pair = slice_trim(slice_cut(&header, ';'));
		struct slice key = slice_cut(&pair, '=');

		if (slice_eq(key, name) && pair.p != NULL)
			return pair;
	}
	return (struct slice){ NULL, 0 };
}

const char *
http_reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} rows[] = {
		{ 400, "Bad request" },          { 401, "Not signed in" },
		{ 403, "Not allowed" },          { 404, "Not found" },
		{ 405, "Method not allowed" },   { 408, "Request took too long" },
		{ 409, "Conflict" },             { 412, "Somebody else changed it first" },
		{ 413, "Body too large" },       { 414, "Address too long" },
		{ 415, "Unsupported content" },  { 422, "Content not acceptable" },
		{ 429, "Too many requests" },    { 500, "Internal error" },
		{ 503, "Not available now" },    { 504, "No answer in time" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].status == status)
			return rows[i].text;
	return "Refused";
}
