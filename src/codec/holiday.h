/* SPDX-License-Identifier: Apache-2.0
 *
 * Public holidays and business days, computed for any year from tbl/holidays/.  Floor 1, pure: no clock, no
 * file. A day is a number of days since 1970-01-01 (days_from_civil, base/clock.h), a date of the country's
 * own calendar.
 *
 *     const struct calendar *jp = calendar_find(SL("JP"));
 *     calendar_nth_business_day(jp, CALENDAR_CLOSING, 2027, 1, 5, &day);      2027-01-08, a Friday
 *     if (calendar_is_holiday(jp, day, &h)) … h.ja, h.en
 *
 * A further country is one file in tbl/holidays/ and one line in tbl/holidays.tbl.
 */
#ifndef NZ_CODEC_HOLIDAY_H
#define NZ_CODEC_HOLIDAY_H

#include "base/buf.h"
#include "base/slice.h"

struct calendar; /* lives forever */

enum { CALENDAR_CLOSING = 1 }; /* flag: the house is closed from 29 December to 3 January too */

enum holiday_kind {
	HOLIDAY_NAMED,
	HOLIDAY_SUBSTITUTE, /* a day off for a holiday that fell on a weekend (振替休日) */
	HOLIDAY_CITIZENS,   /* Japan: the day between two holidays (国民の休日) */
};

struct holiday {
	int64_t day;
	const char *ja, *en;
	enum holiday_kind kind;
	bool provisional; /* computed, and not yet announced by the state */
};

/* What is known of a year. */
enum calendar_knows {
	CALENDAR_KNOWS_NOTHING, /* outside the years the rules hold for */
	CALENDAR_KNOWS_PART,    /* without its religious and lunar days, which nobody has announced to us */
	CALENDAR_KNOWS_ALL,
};

const struct calendar *calendar_find(struct slice code); /* "JP", "jp"; NULL when there is none */
const struct calendar *calendar_at(size_t i);            /* in the table's order; NULL past the end */
const char *calendar_near(struct slice word);            /* code of the country probably meant, or NULL */
const char *calendar_code(const struct calendar *c);
void calendar_codes(struct buf *out);                    /* "JP US …", of all, in the table's order */
const char *calendar_name_ja(const struct calendar *c);
const char *calendar_name_en(const struct calendar *c);
enum calendar_knows calendar_knows(const struct calendar *c, int64_t year);

/* Holidays of [from, to] in order, at most `max` (a year has fewer than 64). Returns how many there are. */
size_t calendar_list(const struct calendar *c, int64_t from, int64_t to, struct holiday *ret, size_t max);
bool calendar_is_holiday(const struct calendar *c, int64_t day, struct holiday *ret); /* ret may be NULL */
/* c NULL: only weekends are off. */
bool calendar_is_business_day(const struct calendar *c, unsigned flags, int64_t day);
int64_t calendar_next_business_day(const struct calendar *c, unsigned flags,
				   int64_t day); /* the first one after day */
/* n from 1. 0, or E_RANGE when the month has no such day. */
int calendar_nth_business_day(const struct calendar *c, unsigned flags, int64_t year, unsigned month,
			      unsigned n, int64_t *ret_day);
unsigned calendar_weekday(int64_t day); /* 0 Sunday … 6 Saturday */

#endif
