/* SPDX-License-Identifier: Apache-2.0
 *
 * Holidays from rules.  The rows of tbl/holidays.tbl are one array; a CALENDAR row opens a country.
 *
 * What happens on a weekend is the country's law:
 *   JAPAN            a Sunday moves to the next day that is no holiday (from 1973-04-12; until 2006 only to
 * Monday), and a day between two holidays is one too (from 1985-12-27; until 2006 not on a Sunday or for a
 *                    substitute).  Act 178 of 1948, article 3, paragraphs 2 and 3.
 *   NEXT_WEEKDAY     Saturday and Sunday give the next weekday that is no holiday
 *   NEAREST_WEEKDAY  Saturday gives the Friday before, Sunday the Monday after (5 U.S.C. 6103(b))
 *   SUNDAY_NEXT      Sunday gives the next day that is no holiday
 *   NONE             nothing
 *
 * Equinox days: the approximation of 暦計算研究会編「新こよみ便利帳」 (Kōseisha Kōseikaku, 1983), valid 1980
 * to 2099: floor(A + 0.242194 (y − 1980)) − floor((y − 1980) / 4), A = 20.8431 in March and 23.2488 in
 * September. Easter: the anonymous Gregorian computus (Nature, 20 April 1876; Meeus, Astronomical Algorithms,
 * chapter 8).
 */
#include <ctype.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "codec/holiday.h"

#define EVER 9999
#define LAST 9
#define SET_MAX 160 /* holidays of three years */

enum law { NONE, JAPAN, NEXT_WEEKDAY, NEAREST_WEEKDAY, SUNDAY_NEXT };
enum weekday { SUN, MON, TUE, WED, THU, FRI, SAT };
enum rule_kind { RULE_CALENDAR, RULE_DAY, RULE_PLAIN, RULE_NTH, RULE_EASTER, RULE_EQUINOX };

struct calendar {
	enum rule_kind kind;
	int from, to;   /* years */
	int month, day; /* EASTER: days after; NTH: which one */
	enum weekday weekday;
	const char *ja, *en;
	/* of a CALENDAR row */
	const char *code;
	enum law law;
	int gazetted, tables_from, tables_to;
};

#define CALENDAR(code_, ja_, en_, law_, first, last, gazetted_, tables_from_, tables_to_)                    \
	{ .kind = RULE_CALENDAR,                                                                             \
	  .from = first,                                                                                     \
	  .to = last,                                                                                        \
	  .ja = ja_,                                                                                         \
	  .en = en_,                                                                                         \
	  .code = code_,                                                                                     \
	  .law = law_,                                                                                       \
	  .gazetted = gazetted_,                                                                             \
	  .tables_from = tables_from_,                                                                       \
	  .tables_to = tables_to_ },
#define DAY(from_, to_, month_, day_, ja_, en_)                                                              \
	{ .kind = RULE_DAY, .from = from_, .to = to_, .month = month_, .day = day_, .ja = ja_, .en = en_ },
#define PLAIN(from_, to_, month_, day_, ja_, en_)                                                            \
	{ .kind = RULE_PLAIN, .from = from_, .to = to_, .month = month_, .day = day_, .ja = ja_, .en = en_ },
#define NTH(from_, to_, month_, n, weekday_, ja_, en_)                                                       \
	{ .kind = RULE_NTH,                                                                                  \
	  .from = from_,                                                                                     \
	  .to = to_,                                                                                         \
	  .month = month_,                                                                                   \
	  .day = n,                                                                                          \
	  .weekday = weekday_,                                                                               \
	  .ja = ja_,                                                                                         \
	  .en = en_ },
#define EASTER(from_, to_, days, ja_, en_)                                                                   \
	{ .kind = RULE_EASTER, .from = from_, .to = to_, .day = days, .ja = ja_, .en = en_ },
#define EQUINOX(from_, to_, month_, ja_, en_)                                                                \
	{ .kind = RULE_EQUINOX, .from = from_, .to = to_, .month = month_, .ja = ja_, .en = en_ },
#define ONCE(year, month_, day_, ja_, en_) DAY(year, year, month_, day_, ja_, en_)
#define TABLE(year, month_, day_, ja_, en_) DAY(year, year, month_, day_, ja_, en_)

static const struct calendar rules[] = {
#include "tbl/holidays.tbl"
};
static const struct calendar *const rules_end = rules + sizeof rules / sizeof *rules;

/* ---- countries ---- */

const struct calendar *
calendar_at(size_t i)
{
	for (const struct calendar *c = rules; c < rules_end; c++)
		if (c->kind == RULE_CALENDAR && i-- == 0)
			return c;
	return NULL;
}

void
calendar_codes(struct buf *out)
{
	const struct calendar *c;

	for (size_t i = 0; (c = calendar_at(i)) != NULL; i++)
		buf_printf(out, "%s%s", i != 0 ? " " : "", calendar_code(c));
}

const struct calendar *
calendar_find(struct slice code)
{
	for (const struct calendar *c = rules; c < rules_end; c++)
		if (c->kind == RULE_CALENDAR && slice_eq_nocase(code, slice_str(c->code)))
			return c;
	return NULL;
}

const char *
calendar_near(struct slice word)
{
	static const char *const aliases[][2] = { { "uk", "GB" },      { "england", "GB" },
						  { "britain", "GB" }, { "usa", "US" },
						  { "america", "US" }, { "jpn", "JP" },
						  { "nippon", "JP" },  { "sgp", "SG" },
						  { "ind", "IN" },     { "aus", "AU" } };
	const char *names[64], *codes[64], *near;
	char low[40], lower[32][40];
	size_t n = 0;

	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++, n++) {
		names[n] = aliases[i][0];
		codes[n] = aliases[i][1];
	}
	/* the English name up to its bracket */
	for (const struct calendar *c;
	     n < 42 && (c = calendar_at(n - sizeof aliases / sizeof *aliases)) != NULL; n++) {
		char *to = lower[n - sizeof aliases / sizeof *aliases];
		size_t k = strcspn(c->en, "(");

		for (size_t i = 0; i < k && i < 39; i++)
			to[i] = (char)tolower((unsigned char)c->en[i]);
		to[k > 0 && c->en[k - 1] == ' ' ? k - 1 : k] = '\0';
		names[n] = to;
		codes[n] = c->code;
	}
	if (word.n >= sizeof low)
		return NULL;
	for (size_t i = 0; i < word.n; i++)
		low[i] = (char)tolower((unsigned char)word.p[i]);
	near = near_word(slice_of(low, word.n), names, n);
	for (size_t i = 0; i < n; i++)
		if (near == names[i])
			return codes[i];
	return NULL;
}

const char *
calendar_code(const struct calendar *c)
{
	return c->code;
}

const char *
calendar_name_ja(const struct calendar *c)
{
	return c->ja;
}

const char *
calendar_name_en(const struct calendar *c)
{
	return c->en;
}

enum calendar_knows
calendar_knows(const struct calendar *c, int64_t year)
{
	if (year < c->from || year > c->to)
		return CALENDAR_KNOWS_NOTHING;
	if (c->tables_to != 0 && (year < c->tables_from || year > c->tables_to))
		return CALENDAR_KNOWS_PART;
	return CALENDAR_KNOWS_ALL;
}

/* ---- days ---- */

unsigned
calendar_weekday(int64_t day)
{
	return (unsigned)(((day + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

static int64_t
year_of(int64_t day)
{
	unsigned month, mday;
	int64_t year;

	civil_from_days(day, &year, &month, &mday);
	return year;
}

static int64_t
easter_sunday(int64_t y)
{
	int64_t a = y % 19, b = y / 100, c = y % 100, d = b / 4, e = b % 4, f = (b + 8) / 25,
		g = (b - f + 1) / 3;
	int64_t h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4,
		l = (32 + 2 * e + 2 * i - h - k) % 7;
	int64_t m = (a + 11 * h + 22 * l) / 451, n = h + l - 7 * m + 114;

	return days_from_civil(y, (unsigned)(n / 31), (unsigned)(n % 31 + 1));
}

static int64_t
equinox_day(int64_t y, int month)
{
	/* in millionths, so that no rounding of a floating point number decides a holiday */
	int64_t base = month == 3 ? 20843100 : 23248800;

	return days_from_civil(y, (unsigned)month,
			       (unsigned)((base + 242194 * (y - 1980)) / 1000000 - (y - 1980) / 4));
}

static int64_t
nth_weekday(int64_t y, const struct calendar *r)
{
	int64_t first = days_from_civil(y, (unsigned)r->month, 1), next;

	first += (r->weekday + 7 - calendar_weekday(first)) % 7;
	if (r->day != LAST)
		return first + 7 * (r->day - 1);
	next = r->month == 12 ? days_from_civil(y + 1, 1, 1) : days_from_civil(y, (unsigned)r->month + 1, 1);
	return first + (next - 1 - first) / 7 * 7;
}

static int64_t
day_of(const struct calendar *r, int64_t year)
{
	switch (r->kind) {
	case RULE_NTH:
		return nth_weekday(year, r);
	case RULE_EASTER:
		return easter_sunday(year) + r->day;
	case RULE_EQUINOX:
		return equinox_day(year, r->month);
	default:
		return days_from_civil(year, (unsigned)r->month, (unsigned)r->day);
	}
}

/* ---- a set of holidays ---- */

struct set {
	struct holiday v[SET_MAX];
	bool plain[SET_MAX]; /* no day off instead */
	size_t n;
};

static const struct holiday *
find(const struct set *s, int64_t day)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].day == day)
			return &s->v[i];
	return NULL;
}

static bool
is_named(const struct set *s, int64_t day)
{
	const struct holiday *h = find(s, day);

	return h != NULL && h->kind == HOLIDAY_NAMED;
}

static void
add(struct set *s, int64_t day, const char *ja, const char *en, enum holiday_kind kind, bool provisional,
    bool plain)
{
	must(s->n < SET_MAX);
	s->plain[s->n] = plain;
	s->v[s->n++] = (struct holiday){ day, ja, en, kind, provisional };
}

static void
add_named(struct set *s, const struct calendar *c, int64_t year)
{
	for (const struct calendar *r = c + 1; r < rules_end && r->kind != RULE_CALENDAR; r++)
		if (year >= r->from && year <= r->to)
			add(s, day_of(r, year), r->ja, r->en, HOLIDAY_NAMED,
			    r->kind == RULE_EQUINOX && year > c->gazetted, r->kind == RULE_PLAIN);
}

static void
substitute_japan(struct set *s, size_t named)
{
	const int64_t since = days_from_civil(1973, 4, 12);

	for (size_t i = 0; i < named; i++) {
		int64_t day = s->v[i].day + 1;

		if (s->v[i].day < since || calendar_weekday(s->v[i].day) != SUN)
			continue;
		while (is_named(s, day) && year_of(day) >= 2007)
			day++;
		if (find(s, day) == NULL)
			add(s, day, "振替休日", "Substitute holiday", HOLIDAY_SUBSTITUTE, s->v[i].provisional,
			    false);
	}
}

static void
citizens_japan(struct set *s, size_t named)
{
	const int64_t since = days_from_civil(1985, 12, 27);

	for (size_t i = 0; i < named; i++) {
		int64_t day = s->v[i].day + 1;
		const struct holiday *after = find(s, day + 1);

		if (day < since || after == NULL || after->kind != HOLIDAY_NAMED || find(s, day) != NULL)
			continue;
		if (year_of(day) < 2007 && calendar_weekday(day) == SUN)
			continue;
		add(s, day, "国民の休日", "Citizens' holiday", HOLIDAY_CITIZENS,
		    s->v[i].provisional || after->provisional, false);
	}
}

static bool
is_weekend(int64_t day)
{
	unsigned w = calendar_weekday(day);

	return w == SUN || w == SAT;
}

static void
substitute(struct set *s, enum law law, size_t named)
{
	for (size_t i = 0; i < named; i++) {
		struct holiday h = s->v[i];
		unsigned w = calendar_weekday(h.day);
		int64_t day = h.day;

		if (s->plain[i] || !is_weekend(day) || (law == SUNDAY_NEXT && w != SUN))
			continue;
		if (law == NEAREST_WEEKDAY)
			day += w == SAT ? -1 : 1;
		else
			while (find(s, day) != NULL || (law == NEXT_WEEKDAY && is_weekend(day)))
				day++;
		if (find(s, day) == NULL)
			add(s, day, h.ja, h.en, HOLIDAY_SUBSTITUTE, h.provisional, false);
	}
}

static int
by_day(const void *a, const void *b)
{
	const struct holiday *x = a, *y = b;

	return (x->day > y->day) - (x->day < y->day);
}

/* Everything of the years around `year`: a substitute may lie in the year before (US) or behind. */
static void
collect(const struct calendar *c, int64_t year, struct set *s)
{
	size_t named;

	s->n = 0;
	for (int64_t y = year - 1; y <= year + 1; y++)
		if (calendar_knows(c, y) != CALENDAR_KNOWS_NOTHING)
			add_named(s, c, y);
	named = s->n;
	if (c->law == JAPAN) {
		substitute_japan(s, named);
		citizens_japan(s, named);
	} else if (c->law != NONE) {
		substitute(s, c->law, named);
	}
	qsort(s->v, s->n, sizeof *s->v, by_day);
}

size_t
calendar_list(const struct calendar *c, int64_t from, int64_t to, struct holiday *ret, size_t max)
{
	int64_t last = year_of(to);
	size_t n = 0;
	struct set s;

	for (int64_t y = year_of(from); y <= last; y++) {
		collect(c, y, &s);
		for (size_t i = 0; i < s.n; i++) {
			if (s.v[i].day < from || s.v[i].day > to || year_of(s.v[i].day) != y)
				continue;
			if (n < max)
				ret[n] = s.v[i];
			n++;
		}
	}
	return n;
}

bool
calendar_is_holiday(const struct calendar *c, int64_t day, struct holiday *ret)
{
	struct holiday h;

	if (calendar_list(c, day, day, &h, 1) == 0)
		return false;
	if (ret != NULL)
		*ret = h;
	return true;
}

/* ---- business days ---- */

static bool
is_closing(int64_t day)
{
	unsigned month, mday;
	int64_t year;

	civil_from_days(day, &year, &month, &mday);
	return (month == 12 && mday >= 29) || (month == 1 && mday <= 3);
}

bool
calendar_is_business_day(const struct calendar *c, unsigned flags, int64_t day)
{
	return !is_weekend(day) && ((flags & CALENDAR_CLOSING) == 0 || !is_closing(day)) &&
	       (c == NULL || !calendar_is_holiday(c, day, NULL));
}

int64_t
calendar_next_business_day(const struct calendar *c, unsigned flags, int64_t day)
{
	do
		day++;
	while (!calendar_is_business_day(c, flags, day));
	return day;
}

int
calendar_nth_business_day(const struct calendar *c, unsigned flags, int64_t year, unsigned month, unsigned n,
			  int64_t *ret_day)
{
	int64_t first = days_from_civil(year, month, 1), day = first - 1;
	int64_t end = month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, month + 1, 1);

	if (n == 0)
		return E_RANGE;
	while (n-- > 0) {
		day = calendar_next_business_day(c, flags, day);
		if (day >= end)
			return E_RANGE;
	}
	*ret_day = day;
	return 0;
}
