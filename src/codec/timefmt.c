/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/timefmt.h"

#include "base/clock.h"
#include "base/err.h"

/* A reader of one text: `at` moves; a failed step leaves ok false and everything after it is skipped. */
struct scan {
	const char *at, *end;
	bool ok;
};

struct civil {
	int64_t year;
	unsigned month, day, hour, minute, second;
	int64_t nanos;
	int32_t offset;
	bool has_offset;
};

static inline bool
is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static unsigned
digits(struct scan *s, int least, int most)
{
	unsigned v = 0;
	int n = 0;

	while (n < most && s->at < s->end && is_digit(*s->at)) {
		v = v * 10 + (unsigned)(*s->at++ - '0');
		n++;
	}
	if (n < least)
		s->ok = false;
	return v;
}

static bool
accept(struct scan *s, char c)
{
	if (s->at < s->end && *s->at == c) {
		s->at++;
		return true;
	}
	return false;
}

static void
expect(struct scan *s, char c)
{
	if (!accept(s, c))
		s->ok = false;
}

static int64_t
fraction(struct scan *s)
{
	int64_t v = 0;
	int n = 0;

	while (s->at < s->end && is_digit(*s->at)) {
		if (n < 9) {
			v = v * 10 + (*s->at - '0');
			n++;
		}
		s->at++;
	}
	if (n == 0)
		s->ok = false;
	while (n++ < 9)
		v *= 10;
	return v;
}

static unsigned
month_name(struct scan *s)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	char low[3];

	if (s->end - s->at < 3) {
		s->ok = false;
		return 0;
	}
	for (int i = 0; i < 3; i++)
		low[i] = (char)(s->at[i] | 0x20);
	for (unsigned m = 0; m < 12; m++)
		if (memcmp(names + m * 3, low, 3) == 0) {
			s->at += 3;
			return m + 1;
		}
	s->ok = false;
	return 0;
}

static void
clock_part(struct scan *s, struct civil *c)
{
	c->hour = digits(s, 1, 2);
	expect(s, ':');
	c->minute = digits(s, 2, 2);
	if (accept(s, ':'))
		c->second = digits(s, 2, 2);
	if (s->at < s->end && (*s->at == '.' || *s->at == ',')) {
		s->at++;
		c->nanos = fraction(s);
	}
}

static void
zone_part(struct scan *s, struct civil *c)
{
	struct slice rest;

	while (accept(s, ' '))
		;
	rest = slice_of(s->at, (size_t)(s->end - s->at));
	if (rest.n == 0)
		return;
	if (!zone_parse_offset(rest, &c->offset))
		s->ok = false;
	c->has_offset = true;
	s->at = s->end;
}

static void
read_ymd(struct scan *s, struct civil *c, char sep)
{
	c->year = digits(s, 4, 4);
	expect(s, sep);
	c->month = digits(s, 1, 2);
	expect(s, sep);
	c->day = digits(s, 1, 2);
	if (!accept(s, 'T') && !accept(s, 't'))
		expect(s, ' ');
	clock_part(s, c);
	zone_part(s, c);
}

/* "Nov 23 04:05:06", "Nov 23 2026 04:05:06", "Nov 23 04:05:06 2026"; an optional weekday before. */
static void
read_syslog(struct scan *s, struct civil *c, bool *ret_year)
{
	if (s->end - s->at > 4 && s->at[3] == ' ' && !is_digit(s->at[4]) && s->at[4] != ' ')
		s->at += 4;
	c->month = month_name(s);
	expect(s, ' ');
	accept(s, ' ');
	c->day = digits(s, 1, 2);
	accept(s, ',');
	expect(s, ' ');
	*ret_year = false;
	if (s->end - s->at > 4 && is_digit(s->at[0]) && is_digit(s->at[1]) && is_digit(s->at[2])) {
		c->year = digits(s, 4, 4);
		*ret_year = true;
		expect(s, ' ');
	}
	clock_part(s, c);
	if (!*ret_year && s->end - s->at >= 5 && s->at[0] == ' ' && is_digit(s->at[1]) && is_digit(s->at[4])) {
		s->at++;
		c->year = digits(s, 4, 4);
		*ret_year = true;
	}
	zone_part(s, c);
}

static void
read_clf(struct scan *s, struct civil *c)
{
	c->day = digits(s, 1, 2);
	expect(s, '/');
	c->month = month_name(s);
	expect(s, '/');
	c->year = digits(s, 4, 4);
	if (!accept(s, ':'))
		expect(s, ' ');
	clock_part(s, c);
	zone_part(s, c);
}

static void
read_us(struct scan *s, struct civil *c)
{
	bool pm;

	c->month = digits(s, 1, 2);
	expect(s, '/');
	c->day = digits(s, 1, 2);
	expect(s, '/');
	c->year = digits(s, 4, 4);
	accept(s, ',');
	expect(s, ' ');
	clock_part(s, c);
	while (accept(s, ' '))
		;
	if (s->end - s->at >= 2 && (s->at[1] | 0x20) == 'm') {
		pm = (s->at[0] | 0x20) == 'p';
		s->at += 2;
		c->hour = c->hour % 12 + (pm ? 12 : 0);
	}
	zone_part(s, c);
}

static int
read_epoch(struct slice t, int64_t *ret_ns)
{
	struct slice whole = slice_cut(&t, '.');
	struct scan s = { t.p, t.p != NULL ? t.p + t.n : NULL, true };
	int64_t v, nanos = 0;

	if (!slice_i64(whole, &v) || v < 0)
		return E_SYNTAX;
	if (t.p != NULL) {
		if (t.n == 0)
			return E_SYNTAX;
		nanos = fraction(&s);
		if (!s.ok || s.at != s.end)
			return E_SYNTAX;
	}
	if (whole.n >= 18)
		*ret_ns = v;
	else if (whole.n >= 15)
		*ret_ns = v * 1000;
	else if (whole.n >= 12)
		*ret_ns = v * NS_PER_MS + nanos / 1000;
	else if (v <= INT64_MAX / NS_PER_S)
		*ret_ns = v * NS_PER_S + nanos;
	else
		return E_RANGE;
	return 0;
}

/* The year that puts a date without one nearest to now: December lines read in January are last year's. */
static int64_t
near_year(const struct civil *c, int64_t now_ns)
{
	int64_t now_day = now_ns / NS_PER_DAY, year, best = 0, best_gap = INT64_MAX;
	unsigned m, d;

	civil_from_days(now_day, &year, &m, &d);
	for (int64_t y = year - 1; y <= year + 1; y++) {
		int64_t gap = days_from_civil(y, c->month, c->day) - now_day;

		gap = gap < 0 ? -gap : gap;
		if (gap < best_gap) {
			best_gap = gap;
			best = y;
		}
	}
	return best;
}

static int
finish(struct civil *c, struct timefmt_context *ctx, int64_t *ret_ns)
{
	int64_t local;

	if (!ctx->had_year)
		c->year = near_year(c, ctx->now_ns);
	if (c->month < 1 || c->month > 12 || c->day < 1 || c->day > days_in_month(c->year, c->month) || c->hour > 24
	    || c->minute > 59 || c->second > 60 || (c->hour == 24 && c->minute + c->second != 0) || c->year < 1900 || c->year > 2200)
		return E_RANGE;
	local = days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
	ctx->had_zone = c->has_offset;
	local -= c->has_offset ? c->offset : zone_offset_local(ctx->zone, local);
	*ret_ns = local * NS_PER_S + c->nanos;
	return 0;
}

static enum timefmt
guess(struct slice t)
{
	if (t.n >= 10 && t.p[4] == '-' && t.p[7] == '-')
		return TF_RFC3339;
	if (t.n >= 8 && t.p[4] == '/')
		return TF_SLASH;
	if (t.n >= 11 && (t.p[2] == '/' || t.p[1] == '/'))
		return is_digit(t.p[t.p[2] == '/' ? 3 : 2]) ? TF_US : TF_CLF;
	if (t.n != 0 && is_digit(t.p[0]))
		return TF_EPOCH;
	return TF_RFC3164;
}

int
timefmt_find(struct slice name)
{
	static const char *const names[TF_COUNT] = { "auto", "rfc3339", "syslog", "slash", "clf", "epoch", "us" };

	for (int i = 0; i < TF_COUNT; i++)
		if (slice_eq(name, slice_str(names[i])))
			return i;
	return E_NOTFOUND;
}

int
timefmt_parse(enum timefmt f, struct slice t, struct timefmt_context *ctx, int64_t *ret_ns)
{
	struct scan s;
	struct civil c = { 0 };

	t = slice_trim(t);
	if (f == TF_AUTO)
		f = guess(t);
	ctx->had_zone = ctx->had_year = true;
	if (f == TF_EPOCH)
		return read_epoch(t, ret_ns);
	s = (struct scan){ t.p, t.p + t.n, true };
	switch (f) {
	case TF_RFC3339:
		read_ymd(&s, &c, '-');
		break;
	case TF_SLASH:
		read_ymd(&s, &c, '/');
		break;
	case TF_CLF:
		read_clf(&s, &c);
		break;
	case TF_US:
		read_us(&s, &c);
		break;
	default:
		read_syslog(&s, &c, &ctx->had_year);
	}
	if (!s.ok || s.at != s.end)
		return E_SYNTAX;
	return finish(&c, ctx, ret_ns);
}
