/* SPDX-License-Identifier: Apache-2.0
 *
 * Holidays against the lists that the states published, and business days where they are hard to get right.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/holiday.h"

static int64_t
date(int year, unsigned month, unsigned day)
{
	return days_from_civil(year, month, day);
}

/* "1/1 1/12s 5/4c …": s substitute, c citizens' holiday. */
static void
year_is(const char *country, int year, const char *want)
{
	struct holiday v[64];
	size_t n = calendar_list(calendar_find(slice_str(country)), date(year, 1, 1), date(year, 12, 31), v, 64);
	auto_buf struct buf got = { 0 };

	for (size_t i = 0; i < n; i++) {
		static const char *const mark[] = { "", "s", "c" };
		unsigned month, day;
		int64_t y;

		civil_from_days(v[i].day, &y, &month, &day);
		buf_printf(&got, "%s%u/%u%s", i != 0 ? " " : "", month, day, mark[v[i].kind]);
	}
	if (strcmp(buf_cstr(&got), want) != 0)
		fail_msg("%s %d\n  wanted %s\n  got    %s", country, year, want, buf_cstr(&got));
}

/* 内閣府「国民の祝日」の一覧 (syukujitsu.csv), each year as published. */
static void
japan_as_published(void **st)
{
	(void)st;
	year_is("JP", 1989, "1/1 1/2s 1/15 1/16s 2/11 2/24 3/21 4/29 5/3 5/4c 5/5 9/15 9/23 10/10 11/3 11/23 12/23");
	year_is("JP", 1990, "1/1 1/15 2/11 2/12s 3/21 4/29 4/30s 5/3 5/4c 5/5 9/15 9/23 9/24s 10/10 11/3 11/12 11/23 12/23 12/24s");
	year_is("JP", 1993, "1/1 1/15 2/11 3/20 4/29 5/3 5/4c 5/5 6/9 9/15 9/23 10/10 10/11s 11/3 11/23 12/23");
	/* 5/3 on a Sunday in 1998: 5/4 is its substitute and no citizens' holiday */
	year_is("JP", 1998, "1/1 1/15 2/11 3/21 4/29 5/3 5/4s 5/5 7/20 9/15 9/23 10/10 11/3 11/23 12/23");
	/* 5/4 on a Sunday is no citizens' holiday before 2007 */
	year_is("JP", 2003, "1/1 1/13 2/11 3/21 4/29 5/3 5/5 7/21 9/15 9/23 10/13 11/3 11/23 11/24s 12/23");
	year_is("JP", 2007, "1/1 1/8 2/11 2/12s 3/21 4/29 4/30s 5/3 5/4 5/5 7/16 9/17 9/23 9/24s 10/8 11/3 11/23 12/23 12/24s");
	year_is("JP", 2008, "1/1 1/14 2/11 3/20 4/29 5/3 5/4 5/5 5/6s 7/21 9/15 9/23 10/13 11/3 11/23 11/24s 12/23");
	year_is("JP", 2009, "1/1 1/12 2/11 3/20 4/29 5/3 5/4 5/5 5/6s 7/20 9/21 9/22c 9/23 10/12 11/3 11/23 12/23");
	year_is("JP", 2015, "1/1 1/12 2/11 3/21 4/29 5/3 5/4 5/5 5/6s 7/20 9/21 9/22c 9/23 10/12 11/3 11/23 12/23");
	year_is("JP", 2016, "1/1 1/11 2/11 3/20 3/21s 4/29 5/3 5/4 5/5 7/18 8/11 9/19 9/22 10/10 11/3 11/23 12/23");
	year_is("JP", 2017, "1/1 1/2s 1/9 2/11 3/20 4/29 5/3 5/4 5/5 7/17 8/11 9/18 9/23 10/9 11/3 11/23 12/23");
	year_is("JP", 2018, "1/1 1/8 2/11 2/12s 3/21 4/29 4/30s 5/3 5/4 5/5 7/16 8/11 9/17 9/23 9/24s 10/8 11/3 11/23 12/23 12/24s");
	year_is("JP", 2019, "1/1 1/14 2/11 3/21 4/29 4/30c 5/1 5/2c 5/3 5/4 5/5 5/6s 7/15 8/11 8/12s 9/16 9/23 10/14 10/22 11/3 11/4s 11/23");
	year_is("JP", 2020, "1/1 1/13 2/11 2/23 2/24s 3/20 4/29 5/3 5/4 5/5 5/6s 7/23 7/24 8/10 9/21 9/22 11/3 11/23");
	year_is("JP", 2021, "1/1 1/11 2/11 2/23 3/20 4/29 5/3 5/4 5/5 7/22 7/23 8/8 8/9s 9/20 9/23 11/3 11/23");
	year_is("JP", 2022, "1/1 1/10 2/11 2/23 3/21 4/29 5/3 5/4 5/5 7/18 8/11 9/19 9/23 10/10 11/3 11/23");
	year_is("JP", 2023, "1/1 1/2s 1/9 2/11 2/23 3/21 4/29 5/3 5/4 5/5 7/17 8/11 9/18 9/23 10/9 11/3 11/23");
	year_is("JP", 2024, "1/1 1/8 2/11 2/12s 2/23 3/20 4/29 5/3 5/4 5/5 5/6s 7/15 8/11 8/12s 9/16 9/22 9/23s 10/14 11/3 11/4s 11/23");
	year_is("JP", 2025, "1/1 1/13 2/11 2/23 2/24s 3/20 4/29 5/3 5/4 5/5 5/6s 7/21 8/11 9/15 9/23 10/13 11/3 11/23 11/24s");
	year_is("JP", 2026, "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6s 7/20 8/11 9/21 9/22c 9/23 10/12 11/3 11/23");
	year_is("JP", 2027, "1/1 1/11 2/11 2/23 3/21 3/22s 4/29 5/3 5/4 5/5 7/19 8/11 9/20 9/23 10/11 11/3 11/23");
	/* computed; an independent computation (the python package `holidays`) has the same for 2028 to 2050 */
	year_is("JP", 2028, "1/1 1/10 2/11 2/23 3/20 4/29 5/3 5/4 5/5 7/17 8/11 9/18 9/22 10/9 11/3 11/23");
	year_is("JP", 2029, "1/1 1/8 2/11 2/12s 2/23 3/20 4/29 4/30s 5/3 5/4 5/5 7/16 8/11 9/17 9/23 9/24s 10/8 11/3 11/23");
	year_is("JP", 2030, "1/1 1/14 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6s 7/15 8/11 8/12s 9/16 9/23 10/14 11/3 11/4s 11/23");
	year_is("JP", 2032, "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 7/19 8/11 9/20 9/21c 9/22 10/11 11/3 11/23");
}

/* Equinox days that differ from the neighbours: 1980 to 2030 as kept, and the odd ones of the century. */
static void
equinoxes(void **st)
{
	const struct calendar *jp = calendar_find(SL("JP"));
	struct holiday h;

	(void)st;
	assert_true(calendar_is_holiday(jp, date(1992, 3, 20), &h));
	assert_string_equal(h.ja, "春分の日");
	assert_false(h.provisional);
	assert_true(calendar_is_holiday(jp, date(2012, 9, 22), &h));
	assert_string_equal(h.ja, "秋分の日");
	assert_true(calendar_is_holiday(jp, date(2092, 3, 19), &h));
	assert_true(h.provisional);
	assert_true(calendar_is_holiday(jp, date(1980, 9, 23), NULL));
	assert_true(calendar_is_holiday(jp, date(2028, 3, 20), &h));
	assert_true(h.provisional);
	assert_false(calendar_is_holiday(jp, date(2028, 1, 10) + 1, NULL));
	assert_int_equal(calendar_knows(jp, 2100), CALENDAR_KNOWS_NOTHING);
	assert_int_equal(calendar_knows(jp, 1979), CALENDAR_KNOWS_NOTHING);
	assert_int_equal(calendar_knows(jp, 2099), CALENDAR_KNOWS_ALL);
	/* one year after the last gazette no substitute is certain either */
	assert_true(calendar_is_holiday(jp, date(2032, 9, 21), &h));
	assert_true(h.provisional);
}

static void
others_as_published(void **st)
{
	(void)st;
	/* gov.uk, bank holidays of England and Wales */
	year_is("GB", 2012, "1/1 1/2s 4/6 4/9 5/7 6/4 6/5 8/27 12/25 12/26");
	year_is("GB", 2020, "1/1 4/10 4/13 5/8 5/25 8/31 12/25 12/26 12/28s");
	year_is("GB", 2021, "1/1 4/2 4/5 5/3 5/31 8/30 12/25 12/26 12/27s 12/28s");
	year_is("GB", 2022, "1/1 1/3s 4/15 4/18 5/2 6/2 6/3 8/29 9/19 12/25 12/26 12/27s");
	year_is("GB", 2025, "1/1 4/18 4/21 5/5 5/26 8/25 12/25 12/26");
	year_is("GB", 2027, "1/1 3/26 3/29 5/3 5/31 8/30 12/25 12/26 12/27s 12/28s");
	year_is("GB", 2026, "1/1 4/3 4/6 5/4 5/25 8/31 12/25 12/26 12/28s");
	/* opm.gov: New Year 2022 was kept on 31 December 2021 */
	year_is("US", 2021, "1/1 1/18 2/15 5/31 6/18s 6/19 7/4 7/5s 9/6 10/11 11/11 11/25 12/24s 12/25 12/31s");
	year_is("US", 2022, "1/1 1/17 2/21 5/30 6/19 6/20s 7/4 9/5 10/10 11/11 11/24 12/25 12/26s");
	year_is("US", 2024, "1/1 1/15 2/19 5/27 6/19 7/4 9/2 10/14 11/11 11/28 12/25");
	year_is("US", 2025, "1/1 1/20 2/17 5/26 6/19 7/4 9/1 10/13 11/11 11/27 12/25");
	year_is("US", 2027, "1/1 1/18 2/15 5/31 6/18s 6/19 7/4 7/5s 9/6 10/11 11/11 11/25 12/24s 12/25 12/31s");
	year_is("US", 2026, "1/1 1/19 2/16 5/25 6/19 7/3s 7/4 9/7 10/12 11/11 11/26 12/25");
	/* mom.gov.sg */
	year_is("SG", 2024, "1/1 2/10 2/11 2/12s 3/29 4/10 5/1 5/22 6/17 8/9 10/31 12/25");
	year_is("SG", 2025, "1/1 1/29 1/30 3/31 4/18 5/1 5/3 5/12 6/7 8/9 10/20 12/25");
	year_is("SG", 2026, "1/1 2/17 2/18 3/21 4/3 5/1 5/27 5/31 6/1s 8/9 8/10s 11/8 11/9s 12/25");
	year_is("SG", 2027, "1/1 2/6 2/7 2/8s 3/10 3/26 5/1 5/17 5/20 8/9 10/28 12/25");
	assert_int_equal(calendar_knows(calendar_find(SL("SG")), 2027), CALENDAR_KNOWS_ALL);
	assert_int_equal(calendar_knows(calendar_find(SL("SG")), 2028), CALENDAR_KNOWS_PART);
	/* dopt.gov.in, annexure I of the circulars; 28 May 2026 as the notice of 22 May moved it */
	year_is("IN", 2024, "1/26 3/25 3/29 4/11 4/17 4/21 5/23 6/17 7/17 8/15 8/26 9/16 10/2 10/12 10/31 11/15 12/25");
	year_is("IN", 2025, "1/26 2/26 3/14 3/31 4/10 4/18 5/12 6/7 7/6 8/15 8/16 9/5 10/2 10/2 10/20 11/5 12/25");
	year_is("IN", 2026, "1/26 3/4 3/21 3/26 3/31 4/3 5/1 5/28 6/26 8/15 8/26 9/4 10/2 10/20 11/8 11/24 12/25");
	year_is("IN", 2027, "1/26 3/10 3/23 3/26 4/15 4/19 5/17 5/20 6/16 8/15 8/15 8/25 10/2 10/9 10/29 11/14 12/25");
	assert_int_equal(calendar_knows(calendar_find(SL("IN")), 2027), CALENDAR_KNOWS_ALL);
	/* the two days of Christmas on a weekend; Anzac Day is not moved */
	year_is("AU", 2021, "1/1 1/26 4/2 4/5 4/25 12/25 12/26 12/27s 12/28s");
	year_is("AU", 2022, "1/1 1/3s 1/26 4/15 4/18 4/25 9/22 12/25 12/26 12/27s");
}

static void
easter(void **st)
{
	static const int days[][3] = { { 1981, 4, 19 }, { 2000, 4, 23 }, { 2008, 3, 23 }, { 2011, 4, 24 }, { 2019, 4, 21 }, { 2024, 3, 31 },
		                       { 2025, 4, 20 }, { 2026, 4, 5 }, { 2038, 4, 25 }, { 2049, 4, 18 }, { 2076, 4, 19 } };
	const struct calendar *gb = calendar_find(SL("GB"));

	(void)st;
	for (size_t i = 0; i < sizeof days / sizeof *days; i++)
		assert_true(calendar_is_holiday(gb, date(days[i][0], (unsigned)days[i][1], (unsigned)days[i][2]) + 1, NULL));
}

static void
nth_is(const char *country, unsigned flags, int year, unsigned month, unsigned n, unsigned want)
{
	int64_t day = 0;

	assert_int_equal(calendar_nth_business_day(calendar_find(slice_str(country)), flags, year, month, n, &day), 0);
	assert_int_equal(day, date(year, month, want));
}

/* January and May are the hard ones. */
static void
fifth_business_day(void **st)
{
	int64_t day = 0;

	(void)st;
	nth_is("JP", CALENDAR_CLOSING, 2027, 1, 5, 8); /* experience.md's own example */
	nth_is("JP", 0, 2027, 1, 5, 8);                /* 1 and 2, 3 are holiday and weekend anyway */
	nth_is("JP", CALENDAR_CLOSING, 2028, 1, 4, 7);
	nth_is("JP", CALENDAR_CLOSING, 2028, 1, 5, 11); /* the 10th, where it would be, is Coming of Age Day */
	nth_is("JP", CALENDAR_CLOSING, 2026, 1, 5, 9);
	nth_is("JP", 0, 2026, 1, 5, 8);                /* without the closing 2 January is one */
	nth_is("JP", CALENDAR_CLOSING, 2025, 1, 5, 10);
	nth_is("JP", CALENDAR_CLOSING, 2024, 1, 5, 11);
	nth_is("JP", 0, 2026, 5, 5, 12);
	nth_is("JP", 0, 2019, 5, 1, 7);                /* after ten days off */
	nth_is("JP", 0, 2019, 5, 5, 13);
	nth_is("JP", 0, 2024, 5, 5, 9);
	nth_is("JP", 0, 2026, 9, 13, 17);
	nth_is("JP", 0, 2026, 9, 15, 24);              /* 19 to 23 are weekend, holiday, citizens' holiday, holiday */
	nth_is("JP", CALENDAR_CLOSING, 2026, 12, 20, 28);
	assert_int_equal(calendar_nth_business_day(calendar_find(SL("JP")), CALENDAR_CLOSING, 2026, 12, 21, &day), E_RANGE);
	assert_int_equal(calendar_nth_business_day(calendar_find(SL("JP")), 0, 2026, 5, 0, &day), E_RANGE);
	nth_is("US", 0, 2026, 7, 3, 6);                /* 3 July is kept for Saturday the 4th */
	nth_is("GB", 0, 2027, 1, 5, 8);
	/* over the year's end */
	assert_int_equal(calendar_next_business_day(calendar_find(SL("JP")), CALENDAR_CLOSING, date(2026, 12, 28)), date(2027, 1, 4));
	assert_int_equal(calendar_next_business_day(calendar_find(SL("US")), 0, date(2021, 12, 30)), date(2022, 1, 3));
	assert_int_equal(calendar_next_business_day(NULL, 0, date(2026, 5, 1)), date(2026, 5, 4));
}

/* No rule may overflow the set, and every calendar has its days in order, one a day, in every year it holds for.
 * True meetings: Easter Monday and Anzac Day (2011), Gandhi and Dussehra (2025). */
static void
every_year_of_every_country(void **st)
{
	const struct calendar *c;

	(void)st;
	for (size_t i = 0; (c = calendar_at(i)) != NULL; i++)
		for (int y = 1970; y <= 2110; y++) {
			struct holiday v[64];
			size_t n = calendar_list(c, date(y, 1, 1), date(y, 12, 31), v, 64);

			assert_true(n <= 40);
			assert_true((calendar_knows(c, y) != CALENDAR_KNOWS_NOTHING) ? n >= 3 : n <= 1);
			for (size_t k = 1; k < n; k++)
				if (v[k].day <= v[k - 1].day && strcmp(calendar_code(c), "IN") != 0 && strcmp(calendar_code(c), "AU") != 0)
					fail_msg("%s %d: %s and %s on one day", calendar_code(c), y, v[k - 1].en, v[k].en);
		}
}

static void
countries(void **st)
{
	(void)st;
	assert_ptr_equal(calendar_find(SL("jp")), calendar_find(SL("JP")));
	assert_null(calendar_find(SL("XX")));
	assert_null(calendar_find(SL("")));
	assert_string_equal(calendar_near(SL("Japn")), "JP");
	assert_string_equal(calendar_near(SL("UK")), "GB");
	assert_string_equal(calendar_near(SL("singapur")), "SG");
	assert_null(calendar_near(SL("Atlantis")));
	assert_null(calendar_near(SL("a name that is much too long to be that of any country at all")));
	assert_string_equal(calendar_name_ja(calendar_find(SL("JP"))), "日本");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(japan_as_published),  cmocka_unit_test(equinoxes),
		cmocka_unit_test(others_as_published), cmocka_unit_test(easter),
		cmocka_unit_test(fifth_business_day),  cmocka_unit_test(every_year_of_every_country),
		cmocka_unit_test(countries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
