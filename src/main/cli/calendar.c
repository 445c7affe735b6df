/* SPDX-License-Identifier: Apache-2.0
 *
 * calendar: the n-th business day of a month, or its holidays.  Needs no service.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "codec/holiday.h"
#include "main/cli/cli.h"

static const char *const kinds[] = { "holiday", "substitute", "citizens" };

static void
date_text(int64_t day, char ret[16])
{
	unsigned month, mday;
	int64_t year;

	civil_from_days(day, &year, &month, &mday);
	snprintf(ret, 16, "%04d-%02u-%02u", (int)year, month % 100, mday % 100);
}

static int
no_country(struct cli *c, const char *word)
{
	const char *near = calendar_near(slice_str(word));
	auto_buf struct buf list = { 0 };
	const struct calendar *cal;

	for (size_t i = 0; (cal = calendar_at(i)) != NULL; i++)
		buf_printf(&list, "%s%s", i != 0 ? ", " : "", calendar_code(cal));
	return cli_usage(c, "no calendar of country %s%s%s; there are %s", word,
			 near != NULL ? "; did you mean " : "", near != NULL ? near : "", buf_cstr(&list));
}

/* "2026-05" or "2026" (month 0). */
static bool
read_month(struct slice s, int64_t *ret_year, unsigned *ret_month)
{
	uint64_t year, month = 0;
	bool whole = s.n == 4;

	if ((!whole && (s.n != 7 || s.p[4] != '-')) || !slice_u64(slice_sub(s, 0, 4), &year) ||
	    (!whole && (!slice_u64(slice_sub(s, 5, 7), &month) || month < 1 || month > 12)))
		return false;
	*ret_year = (int64_t)year;
	*ret_month = (unsigned)month;
	return true;
}

static int
print_list(struct cli *c, const struct calendar *cal, int64_t year, unsigned month)
{
	int64_t from = days_from_civil(year, month != 0 ? month : 1, 1);
	int64_t to = (month == 0 || month == 12 ? days_from_civil(year + 1, 1, 1)
						: days_from_civil(year, month + 1, 1)) -
		     1;
	struct holiday v[64];
	size_t n = calendar_list(cal, from, to, v, 64);
	json_t *list = json_array();
	char date[16];

	for (size_t i = 0; i < n && i < 64; i++) {
		static const char days[] = "SunMonTueWedThuFriSat";

		date_text(v[i].day, date);
		if (cli_has(c, "--json"))
			json_array_append_new(list,
					      json_pack("{s:s, s:{s:s, s:s}, s:s, s:b}", "date", date, "name",
							"ja", v[i].ja, "en", v[i].en, "kind",
							kinds[v[i].kind], "provisional", v[i].provisional));
		else
			printf("%s %.3s  %s / %s%s%s\n", date, days + 3 * calendar_weekday(v[i].day), v[i].ja,
			       v[i].en, v[i].kind == HOLIDAY_SUBSTITUTE ? " (substitute)" : "",
			       v[i].provisional ? " (provisional)" : "");
	}
	if (cli_has(c, "--json")) {
		auto_free char *text = json_dumps(list, JSON_INDENT(1) | JSON_PRESERVE_ORDER);

		puts(text);
	}
	json_decref(list);
	return CLI_DONE;
}

static int
print_business_day(struct cli *c, const struct calendar *cal, int64_t year, unsigned month, const char *count)
{
	unsigned flags = cli_has(c, "--closing") ? CALENDAR_CLOSING : 0;
	char date[16];
	uint64_t n;
	int64_t day;

	if (!slice_u64(slice_str(count), &n) || n < 1 || n > 31)
		return cli_usage(c, "--business-day wants a number from 1 on, not %s", count);
	if (month == 0)
		return cli_usage(c, "--business-day wants --month YYYY-MM");
	if (calendar_nth_business_day(cal, flags, year, month, (unsigned)n, &day) != 0) {
		while (n > 1 && calendar_nth_business_day(cal, flags, year, month, (unsigned)n, &day) != 0)
			n--;
		return cli_usage(c, "%lld-%02u has only %llu business days", (long long)year, month,
				 (unsigned long long)n);
	}
	date_text(day, date);
	if (cli_has(c, "--json"))
		printf("{\"date\":\"%s\"}\n", date);
	else
		puts(date);
	return CLI_DONE;
}

int
cli_calendar(struct cli *c)
{
	const char *country = cli_opt(c, "--country", NULL), *when = cli_opt(c, "--month", NULL);
	const char *business = cli_opt(c, "--business-day", NULL);
	const struct calendar *cal;
	unsigned month;
	int64_t year;

	if (cli_operands(c) != 0)
		return cli_usage(c, "unexpected word %s", cli_operand(c, 0));
	if (country == NULL || when == NULL)
		return cli_usage(c, "%s is missing", country == NULL ? "--country" : "--month");
	cal = calendar_find(slice_str(country));
	if (cal == NULL)
		return no_country(c, country);
	if (!read_month(slice_str(when), &year, &month))
		return cli_usage(c, "--month wants YYYY-MM with a month from 01 to 12, not %s", when);
	switch (calendar_knows(cal, year)) {
	case CALENDAR_KNOWS_NOTHING:
		return cli_usage(c, "the calendar of %s does not reach to %lld", calendar_code(cal),
				 (long long)year);
	case CALENDAR_KNOWS_PART:
		fprintf(stderr, "nezuban calendar: religious and lunar days of %s are not known for %lld\n",
			calendar_code(cal), (long long)year);
		break;
	case CALENDAR_KNOWS_ALL:
		break;
	}
	return business != NULL ? print_business_day(c, cal, year, month, business)
				: print_list(c, cal, year, month);
}
