/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/slice.h"

/* [0]: time that has passed besides; [1]: by how much the wall clock was set. */
static const volatile int64_t *
shift_of_scene(void)
{
	static const volatile int64_t none[2] = { 0, 0 }, *shift;
	const char *path;
	void *at = MAP_FAILED;
	int fd;

	if (shift != NULL)
		return shift;
	shift = none;
	path = getenv("NEZUBAN_CLOCK");
	if (path == NULL || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return shift;
	at = mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (at != MAP_FAILED)
		shift = at;
	return shift;
}

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static int64_t
real_wall(void *ctx)
{
	const volatile int64_t *shift = shift_of_scene();

	(void)ctx;
	return read_clock(CLOCK_REALTIME) + shift[0] + shift[1];
}

static int64_t
real_mono(void *ctx)
{
	(void)ctx;
	return read_clock(CLOCK_BOOTTIME) + shift_of_scene()[0];
}

const struct clock *
clock_real(void)
{
	static const struct clock real = { real_wall, real_mono, NULL };

	shift_of_scene(); /* before a jail forbids to open it */
	return &real;
}

int64_t
days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned yoe, doy, doe;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + (int64_t)doe - 719468;
}

void
civil_from_days(int64_t z, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
	int64_t era;
	unsigned doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = (unsigned)(z - era * 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*ret_day = doy - (153 * mp + 2) / 5 + 1;
	*ret_month = mp < 10 ? mp + 3 : mp - 9;
	*ret_year = (int64_t)yoe + era * 400 + (*ret_month <= 2);
}

/* n digits of v, leading zeros kept; returns the place behind them. Called for every event, so no printf. */
static inline char *
put_digits(char *out, unsigned v, int n)
{
	int i = n;

	for (; i > 1; v /= 100)
		memcpy(out + (i -= 2), decimal_pairs[v % 100], 2);
	if (i == 1)
		*out = (char)('0' + v % 10);
	return out + n;
}

size_t
time_format_rfc3339(char *out, int64_t t_ns, int digits)
{
	int64_t s = t_ns / NS_PER_S, frac = t_ns % NS_PER_S, days, year;
	unsigned month, day, sod;
	char *at = out;

	if (frac < 0) {
		frac += NS_PER_S;
		s--;
	}
	days = s / 86400 - (s % 86400 < 0);
	sod = (unsigned)(s - days * 86400);
	civil_from_days(days, &year, &month, &day); /* int64 nanoseconds reach from 1677 to 2262 */
	at = put_digits(at, (unsigned)year, 4);
	*at++ = '-';
	at = put_digits(at, month, 2);
	*at++ = '-';
	at = put_digits(at, day, 2);
	*at++ = 'T';
	at = put_digits(at, sod / 3600, 2);
	*at++ = ':';
	at = put_digits(at, sod / 60 % 60, 2);
	*at++ = ':';
	at = put_digits(at, sod % 60, 2);
	if (digits > 0) {
		unsigned part = (unsigned)frac;

		for (int i = digits; i < 9; i++)
			part /= 10;
		*at++ = '.';
		at = put_digits(at, part, digits);
	}
	*at++ = 'Z';
	*at = '\0';
	return (size_t)(at - out);
}

static bool
digits_at(struct slice *s, size_t n, unsigned *ret)
{
	uint64_t v;

	if (s->n < n || !slice_u64(slice_sub(*s, 0, n), &v))
		return false;
	*ret = (unsigned)v;
	*s = slice_sub(*s, n, s->n);
	return true;
}

static bool
take(struct slice *s, const char *set)
{
	if (s->n == 0 || strchr(set, s->p[0]) == NULL || s->p[0] == '\0')
		return false;
	*s = slice_sub(*s, 1, s->n);
	return true;
}

/* ".123456" → nanoseconds; further digits are dropped. */
static int64_t
fraction(struct slice *s)
{
	int64_t ns = 0, unit = NS_PER_S / 10;

	if (!take(s, ".,"))
		return 0;
	while (s->n != 0 && s->p[0] >= '0' && s->p[0] <= '9') {
		ns += (s->p[0] - '0') * unit;
		unit /= 10;
		*s = slice_sub(*s, 1, s->n);
	}
	return ns;
}

int
time_parse_rfc3339(struct slice s, int64_t *ret_ns)
{
	unsigned y, mo, d, h, mi, sec, zh = 0, zm = 0;
	int64_t ns;
	bool minus;

	if (!digits_at(&s, 4, &y) || !take(&s, "-") || !digits_at(&s, 2, &mo) || !take(&s, "-") ||
	    !digits_at(&s, 2, &d) || !take(&s, "Tt ") || !digits_at(&s, 2, &h) || !take(&s, ":") ||
	    !digits_at(&s, 2, &mi) || !take(&s, ":") || !digits_at(&s, 2, &sec))
		return E_SYNTAX;
	ns = fraction(&s);
	if (y < 1678 || y > 2261 || mo < 1 || mo > 12 || d < 1 || d > days_in_month(y, mo) || h > 23 || mi > 59 || sec > 60)
		return E_RANGE;
	if (!take(&s, "Zz")) {
		minus = s.n != 0 && s.p[0] == '-';
		if (!take(&s, "+-") || !digits_at(&s, 2, &zh))
			return E_SYNTAX;
		(void)take(&s, ":");
		if (!digits_at(&s, 2, &zm) || zh > 23 || zm > 59)
			return E_SYNTAX;
		ns += (minus ? 1 : -1) * (int64_t)(zh * 3600 + zm * 60) * NS_PER_S;
	}
	if (s.n != 0)
		return E_SYNTAX;
	*ret_ns = (days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec) * NS_PER_S + ns;
	return 0;
}
