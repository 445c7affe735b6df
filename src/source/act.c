/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions: one value → one or several fields.  Compound ones (address, url, user …) have their fields in
 * `sub`, in the order of the table in compile_map.c.
 */
#include "base/clock.h"
#include "base/utf8.h"
#include "source/source_priv.h"

static void
put_if(struct source_worker *w, const struct target *t, struct slice v)
{
	if (v.n != 0)
		source_put(w, t, v);
}

static void
put_long(struct source_worker *w, const struct target *t, int64_t v)
{
	struct slice text = source_long_text(w, v);

	source_put_value(w, t, &(struct value){ .p = text.p, .n = (uint32_t)text.n, .kind = VALUE_LONG, .i = v });
}

static struct slice
fold(struct source_worker *w, struct slice v, bool upper)
{
	char *p = arena_alloc(w->e->arena, v.n + 1);

	if (!upper) {
		ascii_lower(p, v.p, v.n);
	} else {
		for (size_t i = 0; i < v.n; i++)
			p[i] = v.p[i] >= 'a' && v.p[i] <= 'z' ? (char)(v.p[i] - 32) : v.p[i];
	}
	return slice_of(p, v.n);
}

/* sub: address, ip, domain */
static void
act_address(struct source_worker *w, const struct action *a, struct slice v)
{
	struct ip ip;

	source_put(w, &a->sub[0], v);
	if (slice_starts(v, SL("::ffff:")) && memchr(v.p, '.', v.n) != NULL)
		v = slice_sub(v, 7, v.n);
	source_put(w, ip_parse(v, &ip) ? &a->sub[1] : &a->sub[2], v);
}

/* sub: name, domain.  DOMAIN\name, name@domain stays a name. */
static void
act_user(struct source_worker *w, const struct action *a, struct slice v)
{
	ssize_t bar = slice_find(v, '\\');

	if (bar >= 0) {
		put_if(w, &a->sub[1], slice_sub(v, 0, (size_t)bar));
		v = slice_sub(v, (size_t)bar + 1, v.n);
	}
	put_if(w, &a->sub[0], v);
}

/* sub: original, scheme, domain, port, path, query, extension, username, fragment, full */
static void
act_url(struct source_worker *w, const struct action *a, struct slice v)
{
	struct url u;

	url_split(v, &u);
	source_put(w, &a->sub[0], v);
	put_if(w, &a->sub[1], u.scheme);
	put_if(w, &a->sub[2], u.host);
	put_if(w, &a->sub[3], u.port);
	put_if(w, &a->sub[4], u.path);
	put_if(w, &a->sub[5], u.query);
	put_if(w, &a->sub[6], u.extension);
	put_if(w, &a->sub[7], u.username);
	put_if(w, &a->sub[8], u.fragment);
	if (u.scheme.n != 0)
		source_put(w, &a->sub[9], v);
}

static size_t
last_separator(struct slice v)
{
	size_t i = v.n;

	while (i > 0 && v.p[i - 1] != '/' && v.p[i - 1] != '\\')
		i--;
	return i; /* behind it; 0 = none */
}

/* sub: path, name, directory, extension */
static void
act_path(struct source_worker *w, const struct action *a, struct slice v)
{
	size_t at = last_separator(v);
	struct slice name = slice_sub(v, at, v.n);

	source_put(w, &a->sub[0], v);
	put_if(w, &a->sub[1], name);
	if (at > 1)
		put_if(w, &a->sub[2], slice_sub(v, 0, at - 1));
	for (size_t i = name.n; i-- > 1;)
		if (name.p[i] == '.') {
			put_if(w, &a->sub[3], slice_sub(name, i + 1, name.n));
			break;
		}
}

/* sub: executable, name */
static void
act_program(struct source_worker *w, const struct action *a, struct slice v)
{
	source_put(w, &a->sub[0], v);
	put_if(w, &a->sub[1], slice_sub(v, last_separator(v), v.n));
}

/* "SHA1=…,MD5=…,IMPHASH=…"; sub: md5, sha1, sha256, imphash, related.hash */
static void
act_hashes(struct source_worker *w, const struct action *a, struct slice v)
{
	static const struct slice names[] = { { "MD5", 3 }, { "SHA1", 4 }, { "SHA256", 6 }, { "IMPHASH", 7 } };

	while (v.n != 0) {
		struct slice one = slice_cut(&v, ','), name = slice_cut(&one, '=');

		for (int i = 0; i < 4; i++)
			if (slice_eq_nocase(name, names[i]) && one.n != 0) {
				struct slice low = fold(w, one, false);

				source_put(w, &a->sub[i], low);
				source_put(w, &a->sub[4], low);
			}
	}
}

/* sub: path, hive, key, value */
static void
act_registry(struct source_worker *w, const struct action *a, struct slice v)
{
	ssize_t bar = slice_find(v, '\\');
	size_t at = last_separator(v);

	source_put(w, &a->sub[0], v);
	if (bar <= 0)
		return;
	source_put(w, &a->sub[1], slice_sub(v, 0, (size_t)bar));
	put_if(w, &a->sub[2], slice_sub(v, (size_t)bar + 1, v.n));
	put_if(w, &a->sub[3], slice_sub(v, at, v.n));
}

/* Neighbours in a log mostly bear the same second: the last text read is kept. Not for epochs, which are quicker read than
 * compared, nor for texts without a year, whose time depends on now. */
static int
read_time(struct source_worker *w, enum timefmt format, struct slice v, struct timefmt_context *c, int64_t *ret_ns)
{
	struct last_time *last = &w->last_time;
	int r;

	if (v.n == last->n && format == last->format && c->zone == last->zone && memcmp(v.p, last->text, v.n) == 0) {
		c->had_year = true;
		*ret_ns = last->ns;
		return 0;
	}
	r = timefmt_parse(format, v, c, ret_ns);
	if (r == 0 && format != TF_EPOCH && c->had_year && v.n != 0 && v.n <= sizeof last->text) {
		*last = (struct last_time){ .n = v.n, .format = format, .zone = c->zone, .ns = *ret_ns };
		memcpy(last->text, v.p, v.n);
	}
	return r;
}

static void
act_time(struct source_worker *w, const struct action *a, struct slice v)
{
	struct timefmt_context c = { .zone = a->utc ? NULL : w->zone, .now_ns = w->received_ns };
	int64_t ns;

	if (read_time(w, (enum timefmt)a->format, v, &c, &ns) != 0) {
		w->e->conflicts++;
		if (a->to.slot != F_TIMESTAMP) /* a time that cannot be read stays as text */
			source_put_value(w, &a->to, &(struct value){ .p = v.p, .n = (uint32_t)v.n });
		return;
	}
	if (a->to.slot == F_TIMESTAMP && !c.had_year)
		event_set(w->e, F_NZ_TIME_REPAIRED, SL("year"));
	source_put_value(w, &a->to, &(struct value){ .kind = VALUE_TIME, .i = ns });
}

const struct zone *
source_zone(struct source_worker *w, struct slice name)
{
	if (name.n == w->zone_name_n && memcmp(name.p, w->zone_name, name.n) == 0)
		return w->zone_named;
	if (name.n == 0 || name.n > sizeof w->zone_name)
		return NULL;
	memcpy(w->zone_name, name.p, name.n);
	w->zone_name_n = name.n;
	return w->zone_named = zone_open(name);
}

static void
act_zone(struct source_worker *w, const struct action *a, struct slice v)
{
	const struct zone *z = source_zone(w, v);

	if (z != NULL)
		w->zone = z;
	source_put(w, &a->to, v);
}

/* A number with a fraction, times `unit` nanoseconds. */
static void
act_duration(struct source_worker *w, const struct action *a, struct slice v, int64_t unit)
{
	struct value one = { .p = v.p, .n = (uint32_t)v.n };
	int64_t i;
	double f;

	if (slice_i64(v, &i) && i < INT64_MAX / unit && i > -INT64_MAX / unit)
		put_long(w, &a->to, i * unit);
	else if (value_number(&one, &f) && f > -9e9 && f < 9e9)
		put_long(w, &a->to, (int64_t)(f * (double)unit + (f < 0 ? -0.5 : 0.5)));
	else
		w->e->conflicts++;
}

/* "1:02:03" or "0h:02m:03s" → ns */
static void
act_clock(struct source_worker *w, const struct action *a, struct slice v)
{
	int64_t total = 0, part = 0;
	bool any = false;

	for (size_t i = 0; i < v.n; i++) {
		unsigned d = (unsigned char)v.p[i] - (unsigned)'0';

		if (d < 10 && total < 100000000) {
			part = part * 10 + d;
			any = true;
		} else if (v.p[i] == ':') {
			total = (total + part) * 60;
			part = 0;
		}
	}
	if (any && part < 100000000)
		put_long(w, &a->to, (total + part) * NS_PER_S);
}

static void
act_hex(struct source_worker *w, const struct action *a, struct slice v)
{
	int64_t n = 0;

	if (v.n < 3 || v.p[0] != '0' || (v.p[1] | 0x20) != 'x' || v.n > 18 || (v.n == 18 && v.p[2] > '7')) {
		source_put(w, &a->to, v);
		return;
	}
	for (size_t i = 2; i < v.n; i++) {
		unsigned c = (unsigned char)v.p[i], d = c - '0' < 10 ? c - '0' : (c | 0x20) - 'a' + 10;

		if (d > 15) {
			source_put(w, &a->to, v);
			return;
		}
		n = n * 16 + (int64_t)d;
	}
	put_long(w, &a->to, n);
}

static void
act_list(struct source_worker *w, const struct action *a, struct slice v, bool only_ip)
{
	struct ip ip;

	for (int n = 0; v.n != 0 && n < 256; n++) {
		struct slice one = slice_trim(slice_cut(&v, a->sep));

		for (size_t k = one.n; a->last_word && k-- > 0;)
			if (one.p[k] == ' ') {
				one = slice_sub(one, k + 1, one.n);
				break;
			}
		if (slice_starts(one, SL("::ffff:")) && memchr(one.p, '.', one.n) != NULL)
			one = slice_sub(one, 7, one.n);
		if (one.n != 0 && (!only_ip || ip_parse(one, &ip)))
			source_put(w, &a->to, one);
	}
}

static struct slice
strip(struct slice v, struct slice set)
{
	while (v.n != 0 && memchr(set.p, v.p[0], set.n) != NULL)
		v = slice_sub(v, 1, v.n);
	while (v.n != 0 && memchr(set.p, v.p[v.n - 1], set.n) != NULL)
		v.n--;
	return v;
}

static void
act_other(struct source_worker *w, const struct action *a, struct slice v)
{
	switch (a->conv) {
	case CV_ADDRESS:
		act_address(w, a, v);
		break;
	case CV_USER:
		act_user(w, a, v);
		break;
	case CV_URL:
		act_url(w, a, v);
		break;
	case CV_PATH:
		act_path(w, a, v);
		break;
	case CV_PROGRAM:
		act_program(w, a, v);
		break;
	case CV_HASHES:
		act_hashes(w, a, v);
		break;
	case CV_REGISTRY:
		act_registry(w, a, v);
		break;
	case CV_ZONE:
		act_zone(w, a, v);
		break;
	case CV_SECONDS:
		act_duration(w, a, v, NS_PER_S);
		break;
	case CV_MILLI:
		act_duration(w, a, v, NS_PER_MS);
		break;
	case CV_MICRO:
		act_duration(w, a, v, 1000);
		break;
	case CV_CLOCK:
		act_clock(w, a, v);
		break;
	case CV_HEX:
		act_hex(w, a, v);
		break;
	default:
		act_list(w, a, v, a->conv == CV_IPS);
	}
}

static bool
mapped(const struct action *a, struct slice *v)
{
	int32_t i = vmap_find(a->map, *v);

	if (i >= 0)
		*v = a->map->value[i];
	else if (a->otherwise.p != NULL)
		*v = a->otherwise;
	else
		return a->map_keep;
	return v->n != 0;
}

void
source_act(struct source_worker *w, const struct action *a, struct slice v)
{
	if (a->strip.n != 0) {
		v = strip(v, a->strip);
		if (v.n == 0)
			return;
	}
	if (a->map != NULL && !mapped(a, &v))
		return;
	switch (a->conv) {
	case CV_TEXT:
		source_put(w, &a->to, v);
		break;
	case CV_TIME:
		act_time(w, a, v);
		break;
	case CV_LOWER:
		source_put(w, &a->to, fold(w, v, false));
		break;
	case CV_UPPER:
		source_put(w, &a->to, fold(w, v, true));
		break;
	default:
		act_other(w, a, v);
	}
}
