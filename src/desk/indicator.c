/* SPDX-License-Identifier: Apache-2.0
 *
 * Indicators of an advisory: what people paste → what is kept → the words of a search.
 *
 *     hxxps://Evil[.]example/A ─▶ url https://evil.example/A        198.51.100[.]0/24 ─▶ net 198.51.100.0/24
 *
 * Kinds: ip, net, domain, url, hash.  Small letters where capitals mean nothing; an address stays as it is written, it is
 * compared as an address.  What is none of these is refused: nothing else can be looked for.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/ip.h"
#include "desk/advisory_priv.h"

#define SMALL "abcdefghijklmnopqrstuvwxyz0123456789"
#define NET_V4_MIN 8  /* wider networks are nobody's indicator */
#define NET_V6_MIN 16

/* ---- what is good ---- */

static bool
domain_is_good(const char *s)
{
	size_t n = strlen(s);

	return n >= 4 && n <= 253 && strchr(s, '.') != NULL && s[0] != '.' && s[n - 1] != '.' && strspn(s, SMALL "-._") == n;
}

static bool
net_is_good(const char *s)
{
	struct ip ip;
	unsigned bits;

	return strchr(s, '/') != NULL && ip_parse_cidr(slice_str(s), &ip, &bits) && bits >= (ip_is_v4(&ip) ? 96 + NET_V4_MIN : NET_V6_MIN);
}

static bool
hash_is_good(const char *s)
{
	size_t n = strlen(s);

	return (n == 32 || n == 40 || n == 64 || n == 128) && strspn(s, "0123456789abcdef") == n;
}

/* Host of a URL without its port, into ret; what is behind it. NULL when it is none. */
static const char *
url_host(const char *s, char ret[256])
{
	const char *host = strstr(s, "://");
	size_t n, name;

	if (host == NULL)
		return NULL;
	host += 3;
	n = strcspn(host, "/?#");
	name = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
	if (name == 0 || name > n || name > 255)
		return NULL;
	snprintf(ret, 256, "%.*s", (int)name, host);
	return host + n;
}

static bool
url_is_good(const char *s)
{
	char host[256] = "";
	struct ip ip;
	size_t n;

	if (url_host(s, host) == NULL || (strncmp(s, "http://", 7) != 0 && strncmp(s, "https://", 8) != 0 && strncmp(s, "ftp://", 6) != 0))
		return false;
	for (const char *p = s; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("\"\\<>", *p) != NULL)
			return false;
	n = strlen(host);
	return host[0] == '[' ? ip_parse(slice_of(host + 1, n - 2), &ip) : ip_parse(slice_str(host), &ip) || domain_is_good(host);
}

bool
indicator_is_good(const char *kind, const char *value)
{
	struct ip ip;

	if (strcmp(kind, "ip") == 0)
		return ip_parse(slice_str(value), &ip);
	if (strcmp(kind, "net") == 0)
		return net_is_good(value);
	if (strcmp(kind, "domain") == 0)
		return domain_is_good(value);
	if (strcmp(kind, "url") == 0)
		return url_is_good(value);
	return strcmp(kind, "hash") == 0 && hash_is_good(value);
}

/* ---- as people paste it ---- */

/* [.] (.) {.} [dot] (dot) [:] [://] hxxp: as they were before somebody made them harmless. Without blanks around. */
static char *
refang(const char *s)
{
	static const char *const marks[][2] = { { "[.]", "." }, { "(.)", "." }, { "{.}", "." }, { "[dot]", "." }, { "(dot)", "." }, { "[:]", ":" }, { "[://]", "://" } };
	struct slice t = slice_trim(slice_str(s));
	auto_buf struct buf b = { 0 };

	for (size_t i = 0; i < t.n;) {
		struct slice rest = slice_sub(t, i, t.n);
		size_t k;

		for (k = 0; k < sizeof marks / sizeof *marks; k++)
			if (strncasecmp(rest.p, marks[k][0], strlen(marks[k][0])) == 0)
				break;
		if (k < sizeof marks / sizeof *marks) {
			buf_put_str(&b, marks[k][1]);
			i += strlen(marks[k][0]);
		} else {
			buf_put_byte(&b, t.p[i++]);
		}
	}
	if (b.n > 4 && strncasecmp(b.p, "hxxp", 4) == 0)
		b.p[1] = b.p[2] = 't';
	return x_strdup(buf_cstr(&b));
}

/* The first n bytes in small letters. */
static void
lower(char *s, size_t n)
{
	for (size_t i = 0; i < n && s[i] != '\0'; i++)
		s[i] = (char)tolower((unsigned char)s[i]);
}

static void
cut_dots(char *s)
{
	size_t n = strlen(s);

	if (strncmp(s, "*.", 2) == 0)
		memmove(s, s + 2, n - 1);
	n = strlen(s);
	if (n > 1 && s[n - 1] == '.')
		s[n - 1] = '\0';
}

bool
indicator_fold(const char *kind, const char *value, const char **ret_kind, char **ret)
{
	static const char *const kinds[] = { "ip", "net", "domain", "url", "hash" };
	auto_free char *s = refang(value);
	const char *behind = strstr(s, "://"), *is = NULL;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kind, kinds[i]) == 0)
			is = kinds[i];
	if (is == NULL || strlen(s) > INDICATOR_MAX)
		return false;
	if (is == kinds[0] && strchr(s, '/') != NULL)
		is = kinds[1];
	if (is == kinds[3]) {
		s[strcspn(s, "#")] = '\0';
		lower(s, behind != NULL ? (size_t)(behind - s) + 3 + strcspn(behind + 3, "/?") : 0);
	} else if (is != kinds[0]) {
		lower(s, strlen(s));
	}
	if (is == kinds[2])
		cut_dots(s);
	if (!indicator_is_good(is, s))
		return false;
	*ret_kind = is;
	*ret = x_strdup(s);
	return true;
}

bool
cve_fold(const char *value, char ret[CVE_MAX])
{
	struct slice s = slice_trim(slice_str(value));
	size_t year, n;

	if (s.n >= CVE_MAX || s.n < 13)
		return false;
	for (n = 0; n < s.n; n++)
		ret[n] = (char)toupper((unsigned char)s.p[n]);
	ret[n] = '\0';
	year = strspn(ret + 4, "0123456789");
	return strncmp(ret, "CVE-", 4) == 0 && year == 4 && ret[8] == '-' && n >= 13 && strspn(ret + 9, "0123456789") == n - 9;
}

/* ---- what is asked ---- */

/* The texts of a search, by what is done with them. */
struct asked {
	struct buf addresses; /* ip, net: against the typed fields */
	struct buf resolved;  /* of those what a text of the line cannot find: net, IPv6 */
	struct buf needles;   /* texts of which at least one is in the line of every event that is found otherwise */
	struct buf words;     /* of those what counts wherever it stands: IPv4, hash */
	struct buf names;     /* domains, as parts of a regular expression */
	struct buf urls;      /* conditions */
};

static void
put_quoted(struct buf *list, const char *s)
{
	buf_printf(list, "%s\"%s\"", list->n != 0 ? ", " : "", s);
}

static void
ask_name(struct asked *q, const char *name)
{
	put_quoted(&q->needles, name);
	buf_put_str(&q->names, q->names.n != 0 ? "|" : "");
	for (; *name != '\0'; name++)
		if (*name == '.')
			buf_put_str(&q->names, "[.]");
		else
			buf_put_byte(&q->names, *name);
}

static void
ask_address(struct asked *q, const char *s, bool net)
{
	struct ip ip;
	bool word = !net && ip_parse(slice_str(s), &ip) && ip_is_v4(&ip);

	put_quoted(&q->addresses, s);
	put_quoted(word ? &q->needles : &q->resolved, s);
	if (word)
		put_quoted(&q->words, s);
}

/* A URL is looked for without its scheme: as a text of the URL's field, in the line as it came, and as its host beside the rest
 * of it in the line, which is how some devices write it. One that is only a host is looked for as that host. */
static void
ask_url(struct asked *q, const char *url)
{
	const char *bare = strstr(url, "://") + 3, *rest;
	char host[256] = "";
	struct ip ip;

	rest = url_host(url, host);
	if (rest == NULL)
		return;
	if (rest[0] == '\0' || strcmp(rest, "/") == 0) {
		if (host[0] == '[')
			host[strlen(host) - 1] = '\0';
		if (ip_parse(slice_str(host + (host[0] == '[')), &ip))
			ask_address(q, host + (host[0] == '['), false);
		else
			ask_name(q, host);
		return;
	}
	put_quoted(&q->needles, host);
	buf_printf(&q->urls, "%surl.full:\"%s\" OR line:\"%s\" OR (url.domain:\"%s\" line:\"%s\")", q->urls.n != 0 ? " OR " : "", bare, bare, host, rest);
}

static void
ask_one(struct asked *q, const char *kind, const char *value)
{
	if (!indicator_is_good(kind, value))
		return;
	if (strcmp(kind, "ip") == 0 || strcmp(kind, "net") == 0) {
		ask_address(q, value, kind[0] == 'n');
	} else if (strcmp(kind, "domain") == 0) {
		ask_name(q, value);
	} else if (strcmp(kind, "url") == 0) {
		ask_url(q, value);
	} else {
		put_quoted(&q->needles, value);
		put_quoted(&q->words, value);
	}
}

static void
put_part(struct buf *out, const char *before, struct buf *part, const char *after)
{
	if (part->n == 0)
		return;
	buf_printf(out, "%s%s", out->n != 0 && out->p[out->n - 1] != '(' ? " OR " : "", before);
	buf_put_slice(out, buf_slice(part));
	buf_put_str(out, after);
}

/* Lines are gone through once for all texts together; what is costly is asked of those alone in which one was found. */
static void
put_asked(struct buf *out, struct asked *q)
{
	static const char *const names[] = { "destination.domain", "url.domain", "dns.question.name", "tls.client.server_name" };

	put_part(out, "source.ip in (", &q->addresses, ")");
	put_part(out, "destination.ip in (", &q->addresses, ")");
	put_part(out, "dns.resolved_ip in (", &q->resolved, ")");
	put_part(out, "(line has_any (", &q->needles, ") (");
	put_part(out, "line has_any (", &q->words, ")");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		auto_free char *before = x_asprintf("%s matches regex \"(?i)(^|[.\\n])(", names[i]);

		put_part(out, before, &q->names, ")[.]?($|\\n)\"");
	}
	put_part(out, "", &q->urls, "");
	buf_put_str(out, q->needles.n != 0 ? "))" : "");
}

char *
indicator_query(const json_t *list)
{
	struct asked q = { 0 };
	auto_buf struct buf b = { 0 };
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *kind = json_string_value(json_object_get(v, "kind")), *value = json_string_value(json_object_get(v, "value"));

		if (kind != NULL && value != NULL)
			ask_one(&q, kind, value);
	}
	put_asked(&b, &q);
	buf_fini(&q.addresses);
	buf_fini(&q.resolved);
	buf_fini(&q.needles);
	buf_fini(&q.words);
	buf_fini(&q.names);
	buf_fini(&q.urls);
	return b.n != 0 ? x_strdup(buf_cstr(&b)) : NULL;
}
