/* SPDX-License-Identifier: Apache-2.0
 *
 * Contact hours in the contact's own zone.
 *
 *     always            Mon-Fri 09:00-18:00            Sat,Sun 00:00-24:00; Mon-Fri 18:00-09:00; Hol 10:00-16:00
 *
 * A span that ends before it begins goes over midnight and belongs to the day it began.  A day off (a public
 * holiday of the country, or one of the tenant's own) is `Hol` and no weekday: only its spans hold, and always.
 */
#include <stdio.h>

#include "codec/holiday.h"
#include "codec/timefmt.h"
#include "desk/desk_priv.h"

#define HOL HOURS_HOL

static int
day_of(struct slice s)
{
	static const char *const names[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Hol" };

	for (int i = 0; i <= HOL; i++)
		if (slice_eq_nocase(s, slice_str(names[i])))
			return i;
	return -1;
}

static bool
read_days(struct slice s, unsigned *ret)
{
	*ret = 0;
	while (s.n != 0) {
		struct slice part = slice_cut(&s, ','), last = part, first = slice_cut(&last, '-');
		int a = day_of(first), b = last.p == NULL ? a : day_of(last);

		if (a < 0 || b < 0 || ((a == HOL || b == HOL) && a != b))
			return false;
		for (int i = a;; i = (i + 1) % 7) {
			*ret |= 1u << i;
			if (i == b)
				break;
		}
	}
	return *ret != 0;
}

static bool
read_minutes(struct slice s, int *ret)
{
	struct slice m = s, h = slice_cut(&m, ':');
	uint64_t hh, mm;

	if (!slice_u64(h, &hh) || !slice_u64(m, &mm) || h.n != 2 || m.n != 2 || hh > 24 || mm > 59 || (hh == 24 && mm != 0))
		return false;
	*ret = (int)(hh * 60 + mm);
	return true;
}

static bool
read_span(struct slice s, struct hours_span *ret)
{
	struct slice times, days, to, from;

	times = slice_trim(s);
	days = slice_cut(&times, ' ');
	to = slice_trim(times);
	from = slice_cut(&to, '-');
	return read_days(days, &ret->days) && read_minutes(from, &ret->from) && read_minutes(to, &ret->to) && ret->from != ret->to;
}

bool
hours_is_good(const char *hours)
{
	return hours_read(hours, NULL, 0) > 0;
}

int
hours_read(const char *hours, struct hours_span *ret, int max)
{
	struct slice rest = slice_str(hours);
	struct hours_span s = { .days = (1u << (HOL + 1)) - 1, .to = 1440 };
	int n = 0;

	if (strcmp(hours, "always") == 0) {
		if (max > 0)
			ret[0] = s;
		return 1;
	}
	while (rest.n != 0) {
		if (!read_span(slice_cut(&rest, ';'), &s))
			return -1;
		if (n < max)
			ret[n] = s;
		n++;
	}
	return n != 0 ? n : -1;
}

static int64_t
local_s(const char *zone, int64_t ns)
{
	const struct zone *z = zone_open(slice_str(zone != NULL ? zone : "UTC"));
	int64_t s = ns >= 0 ? ns / NS_PER_S : -((-ns + NS_PER_S - 1) / NS_PER_S);

	return z != NULL ? s + zone_offset_utc(z, s) : s;
}

int64_t
local_day(const char *zone, int64_t ns)
{
	int64_t s = local_s(zone, ns);

	return s >= 0 ? s / 86400 : -((-s + 86399) / 86400);
}

int64_t
local_ns(const char *zone, int64_t day, int64_t second)
{
	int64_t s = day * 86400 + second;

	return (s - zone_offset_local(zone_open(slice_str(zone != NULL ? zone : "UTC")), s)) * NS_PER_S;
}

void
local_time(const char *zone, int64_t ns, char ret[6])
{
	int64_t s = local_s(zone, ns) % 86400;

	if (s < 0)
		s += 86400;
	snprintf(ret, 6, "%02d:%02d", (int)(s / 3600) % 24, (int)(s / 60 % 60));
}

bool
day_is_off(const struct day_off *o, int64_t day)
{
	const struct calendar *cal = calendar_find(slice_str(o->country));

	return (cal != NULL && calendar_is_holiday(cal, day, NULL)) ||
	       db_int(o->db, 0, "SELECT 1 FROM days_off WHERE tenant = ? AND day = ?", Q(o->tenant), Q(day)) != 0;
}

static unsigned
kind_of_day(const struct day_off *off, int64_t day)
{
	return day_is_off(off, day) ? 1u << HOL : 1u << ((day + 3) % 7 + 7) % 7; /* 1970-01-01: Thursday */
}

static bool
span_holds(const struct hours_span *p, unsigned today, unsigned yesterday, int minute)
{
	if (p->from < p->to)
		return (p->days & today) != 0 && minute >= p->from && minute < p->to;
	return ((p->days & today) != 0 && minute >= p->from) || ((p->days & yesterday) != 0 && minute < p->to);
}

enum hours
hours_at(const char *hours, const char *zone, const struct day_off *off, int64_t now)
{
	int64_t day = local_day(zone, now), s = local_s(zone, now) - day * 86400;
	unsigned today, yesterday;
	struct slice rest = slice_str(hours);
	struct hours_span p;

	if (strcmp(hours, "always") == 0)
		return HOURS_IN;
	today = kind_of_day(off, day);
	yesterday = kind_of_day(off, day - 1);
	while (rest.n != 0)
		if (read_span(slice_cut(&rest, ';'), &p) && span_holds(&p, today, yesterday, (int)(s / 60)))
			return HOURS_IN;
	return today == 1u << HOL ? HOURS_HOLIDAY : HOURS_OUT;
}
