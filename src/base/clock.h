/* SPDX-License-Identifier: Apache-2.0
 *
 * Time.  Wall time is int64_t nanoseconds since 1970 UTC (name ends in _ns), a span the same.
 * Modules that decide anything by time take `now` as an argument or a `struct clock`; only roles and
 * main programs ask the real one.  That is what lets scenes advance the clock by hand.
 *
 * The fake clock of scenes: when NEZUBAN_CLOCK names a file that holds an int64 in native order
 * (nanoseconds added to the real time), clock_real() maps it and adds it at every reading.  A second one, 0 when the
 * file ends before it, is added to the wall clock alone: somebody set it.
 */
#ifndef NZ_BASE_CLOCK_H
#define NZ_BASE_CLOCK_H

#include <stdint.h>

#include "base/slice.h"

#define NS_PER_S 1000000000LL
#define NS_PER_MS 1000000LL
#define NS_PER_DAY (86400 * NS_PER_S)

struct clock {
	int64_t (*wall_ns)(void *ctx); /* UTC, may jump */
	int64_t (*mono_ns)(void *ctx); /* since boot, never goes back */
	void *ctx;
};

const struct clock *clock_real(void);

static inline int64_t
clock_now(const struct clock *c)
{
	return c->wall_ns(c->ctx);
}

static inline int64_t
clock_mono(const struct clock *c)
{
	return c->mono_ns(c->ctx);
}

/* Proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms"). */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);
static inline unsigned
days_in_month(int64_t year, unsigned month) /* month: 1 to 12 */
{
	return month == 2 ? 28u + (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) : 30u + ((month ^ month >> 3) & 1u);
}
void civil_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day);

/* RFC 3339 in UTC with `digits` (0, 3, 6 or 9) of fraction: "2026-11-23T04:05:06.789Z".
 * out must hold 36 bytes; returns the length. */
size_t time_format_rfc3339(char *out, int64_t t_ns, int digits);
/* Reads RFC 3339 (also a blank for T, and a missing fraction); 0 or E_SYNTAX/E_RANGE (years
 * 1678 to 2261: more does not fit an int64_t of nanoseconds). */
int time_parse_rfc3339(struct slice s, int64_t *ret_ns);

#endif
