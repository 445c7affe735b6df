/* SPDX-License-Identifier: Apache-2.0
 *
 * Scalars of the configuration: text to number with its unit, and back for `config show`.
 */
#include "conf/conf_priv.h"

#include "base/clock.h"
#include "base/err.h"

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit spans[] = { { "ms", NS_PER_MS },       { "s", NS_PER_S },    { "m", 60 * NS_PER_S },
	                             { "h", 3600 * NS_PER_S }, { "d", NS_PER_DAY }, { NULL, 0 } };
static const struct unit sizes[] = { { "k", 1 << 10 }, { "m", 1 << 20 }, { "g", 1 << 30 }, { "t", 1LL << 40 }, { NULL, 0 } };

static int
number_with_unit(struct slice s, const struct unit *units, bool bare_is_fine, int64_t *ret)
{
	size_t digits = 0;
	struct slice unit;
	uint64_t n;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	if (digits == 0)
		return E_SYNTAX;
	if (!slice_u64(slice_sub(s, 0, digits), &n) || n > INT64_MAX)
		return E_RANGE;
	unit = slice_sub(s, digits, s.n);
	if (unit.n == 0 && (bare_is_fine || n == 0)) {
		*ret = (int64_t)n;
		return 0;
	}
	for (; units->name != NULL; units++)
		if (slice_eq_nocase(unit, slice_str(units->name)))
			return __builtin_mul_overflow((int64_t)n, units->factor, ret) ? E_RANGE : 0;
	return E_SYNTAX;
}

int
conf_read_span(struct slice s, int64_t *ret)
{
	return number_with_unit(s, spans, false, ret);
}

int
conf_read_size(struct slice s, int64_t *ret)
{
	return number_with_unit(s, sizes, true, ret);
}

static void
write_with_unit(int64_t v, const struct unit *units, struct buf *out)
{
	const struct unit *best = NULL;

	for (; units->name != NULL; units++)
		if (v != 0 && v % units->factor == 0)
			best = units;
	if (best == NULL)
		buf_printf(out, "%lld", (long long)v);
	else
		buf_printf(out, "%lld%s", (long long)(v / best->factor), best->name);
}

void
conf_write_span(int64_t v, struct buf *out)
{
	write_with_unit(v, spans, out);
}

void
conf_write_size(int64_t v, struct buf *out)
{
	write_with_unit(v, sizes, out);
}
