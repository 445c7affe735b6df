/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/utf8.h"

static void
slices_cut_and_count(void **state)
{
	struct slice rest = SL("a,b,,c");
	uint64_t u;
	int64_t i;

	(void)state;
	assert_slice(slice_cut(&rest, ','), "a");
	assert_slice(slice_cut(&rest, ','), "b");
	assert_slice(slice_cut(&rest, ','), "");
	assert_slice(slice_cut(&rest, ','), "c");
	assert_null(rest.p);
	assert_true(slice_u64(SL("18446744073709551615"), &u) && u == UINT64_MAX);
	assert_false(slice_u64(SL("18446744073709551616"), &u));
	assert_false(slice_u64(SL(""), &u));
	assert_true(slice_i64(SL("-9223372036854775808"), &i) && i == INT64_MIN);
	assert_false(slice_i64(SL("9223372036854775808"), &i));
	assert_false(slice_i64(SL("-"), &i));
	assert_false(slice_u64(SL("000000000000000000000000x"), &u));
	assert_true(slice_u64(SL("000000000000000000000000000000012"), &u) && u == 12);
}

static void
numbers_are_written_as_printf_does(void **state)
{
	static const int64_t edges[] = { 0, 9, 10, 99, 100, 999, 1000, -1, -10, -100, INT64_MAX, INT64_MIN };
	char text[I64_TEXT_MAX], want[32];

	(void)state;
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
		char *end = text + sizeof text, *at = slice_put_i64(end, edges[i]);

		snprintf(want, sizeof want, "%lld", (long long)edges[i]);
		assert_true(slice_eq(slice_of(at, (size_t)(end - at)), slice_str(want)));
	}
}

static void
letters_are_lowered_whatever_the_length(void **state)
{
	char text[80], want[80];

	(void)state;
	for (size_t n = 0; n < sizeof text; n++)
		for (unsigned turn = 0; turn < 256; turn += 3) {
			char *tight = malloc(n + 1), *to = malloc(n + 1);
			bool ascii = true;

			for (size_t i = 0; i < n; i++) {
				unsigned char c = (unsigned char)(i == turn % n ? turn : '0' + (i * 7 + turn) % 64);

				text[i] = (char)c;
				want[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
				ascii = ascii && c < 0x80;
			}
			memcpy(tight, text, n);
			tight[n] = to[n] = 'Q';
			assert_int_equal(ascii_lower(to, tight, n), ascii);
			assert_memory_equal(to, want, n);
			assert_int_equal(ascii_lower(tight, tight, n), ascii); /* in its own place */
			assert_memory_equal(tight, want, n);
			assert_true(tight[n] == 'Q' && to[n] == 'Q');
			free(tight);
			free(to);
		}
}

static void
map_survives_deletes(void **state)
{
	struct map m = { 0 };
	char key[16];

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		map_put(&m, slice_of(key, (size_t)sprintf(key, "k%u", i)), NULL)->u = i;
	for (unsigned i = 0; i < 5000; i += 3)
		assert_true(map_del(&m, slice_of(key, (size_t)sprintf(key, "k%u", i))));
	for (unsigned i = 0; i < 5000; i++) {
		struct map_slot *s = map_get(&m, slice_of(key, (size_t)sprintf(key, "k%u", i)));

		assert_int_equal(s != NULL, i % 3 != 0);
		if (s != NULL)
			assert_int_equal(s->u, i);
	}
	map_fini(&m);
}

static void
arena_marks_when_over_its_limit(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1024, 4096);
	for (int i = 0; i < 64; i++)
		memset(arena_alloc(&a, 100), i, 100);
	assert_true(arena_is_over(&a));
	arena_reset(&a);
	assert_false(arena_is_over(&a));
	assert_int_equal(a.used, 0);
	arena_fini(&a);
}

static void
utf8_refuses_what_rfc3629_refuses(void **state)
{
	(void)state;
	assert_true(utf8_is_valid(SL("寝ず番 abc")));
	assert_false(utf8_is_valid(SL("\xc0\xaf")));         /* overlong */
	assert_false(utf8_is_valid(SL("\xed\xa0\x80")));     /* surrogate */
	assert_false(utf8_is_valid(SL("\xf4\x90\x80\x80"))); /* past U+10FFFF */
	assert_false(utf8_is_valid(SL("12345678\xe5\xaf")));
}

static void
days_that_never_were(void **state)
{
	static const char *const bad[] = { "2026-02-30", "2026-02-29", "2100-02-29", "2026-04-31", "2026-06-31", "2026-09-31", "2026-11-31", "2026-01-32", "2026-00-10",
		                           "2026-01-00", "2024-02-30" };
	static const char *const good[] = { "2024-02-29", "2000-02-29", "2026-02-28", "2026-12-31", "2026-08-31", "2026-07-31", "2026-04-30" };
	char text[40], out[40];
	int64_t ns = 7;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text, "%sT00:00:00Z", bad[i]);
		assert_int_equal(time_parse_rfc3339(slice_str(text), &ns), E_RANGE);
		assert_int_equal(ns, 7);
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		snprintf(text, sizeof text, "%sT00:00:00.000Z", good[i]);
		assert_int_equal(time_parse_rfc3339(slice_str(text), &ns), 0);
		time_format_rfc3339(out, ns, 3);
		assert_string_equal(out, text);
		ns = 7;
	}
}

static void
times_go_there_and_back(void **state)
{
	char out[40];
	int64_t ns;

	(void)state;
	assert_int_equal(time_parse_rfc3339(SL("2026-11-23T04:05:06.5+09:00"), &ns), 0);
	time_format_rfc3339(out, ns, 3);
	assert_string_equal(out, "2026-11-22T19:05:06.500Z");
	assert_int_equal(time_parse_rfc3339(SL("2026-13-23T04:05:06Z"), &ns), E_RANGE);
	assert_int_equal(time_parse_rfc3339(SL("2026-11-23T04:05:06"), &ns), E_SYNTAX);
	for (int64_t d = -1000000; d < 1000000; d += 29) { /* every month's last day is followed by a first */
		int64_t y, next;
		unsigned m, dd, m2, first;

		civil_from_days(d, &y, &m, &dd);
		civil_from_days(d + 1, &next, &m2, &first);
		assert_int_equal(dd == days_in_month(y, m), first == 1);
	}
	for (int64_t d = -1000000; d < 1000000; d += 997) {
		int64_t y;
		unsigned m, dd;

		civil_from_days(d, &y, &m, &dd);
		assert_int_equal(days_from_civil(y, m, dd), d);
	}
}

static void
near_words_are_near(void **state)
{
	const char *words[] = { "contains", "startswith", "endswith" };

	(void)state;
	assert_string_equal(near_word(SL("contain"), words, 3), "contains");
	assert_null(near_word(SL("regex"), words, 3));
}

#define CROWD 4096u

static int64_t
time_to_fill(const uint64_t *keys)
{
	int64_t best = INT64_MAX;

	for (int k = 0; k < 5; k++) {
		struct map m = { 0 };
		int64_t from = clock_mono(clock_real()), took;

		for (unsigned i = 0; i < CROWD; i++)
			map_put(&m, slice_of(&keys[i], sizeof *keys), NULL)->u = i;
		took = clock_mono(clock_real()) - from;
		assert_int_equal(m.n, CROWD);
		best = took < best ? took : best;
		map_fini(&m);
	}
	return best;
}

/* Whoever knows our hash function but not the process's key cannot make names that meet in one place of a table: names chosen to
 * collide under the fixed key cost what any names cost.  (With the fixed key in the table: some twenty times as much.) */
static void
keys_made_to_collide_do_not(void **state)
{
	static uint64_t bad[CROWD], plain[CROWD];
	uint64_t n = 0;

	(void)state;
	for (unsigned i = 0; i < CROWD; i++)
		plain[i] = i;
	for (unsigned i = 0; i < CROWD; n++)
		if ((hash_stable(slice_of(&n, sizeof n)) & (CROWD - 1)) == 7)
			bad[i++] = n;
	assert_true(time_to_fill(bad) < 5 * time_to_fill(plain) + NS_PER_MS / 2);
}

/* What a person typed is quoted in faults, cut to the field: never in the middle of a character (JSON would refuse it). */
static void
quoted_text_stays_utf8(void **state)
{
	struct whys ws = { 0 };
	struct why *w = whys_add(&ws, WHY_ERROR, E_SYNTAX, "T", "t", 1, 1);
	char text[600] = "";

	(void)state;
	for (size_t before = 0; before < 4; before++) {
		memset(text, 'a', before);
		for (size_t i = before; i + 3 < sizeof text - 1; i += 3)
			memcpy(text + i, "\xe8\xad\xa6", 4);
		why_found(w, "%s", text);
		assert_true(utf8_is_valid(slice_str(w->found)));
		assert_true(strlen(w->found) + 4 >= sizeof w->found);
	}
	why_found(w, "a\xff\x1b[2Jb\xe8");
	assert_string_equal(w->found, "a??[2Jb?");
	whys_fini(&ws);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_cut_and_count), cmocka_unit_test(numbers_are_written_as_printf_does),
		cmocka_unit_test(letters_are_lowered_whatever_the_length),      cmocka_unit_test(map_survives_deletes),
		cmocka_unit_test(arena_marks_when_over_its_limit),
		cmocka_unit_test(utf8_refuses_what_rfc3629_refuses),
		cmocka_unit_test(times_go_there_and_back),
		cmocka_unit_test(days_that_never_were),   cmocka_unit_test(near_words_are_near),
		cmocka_unit_test(keys_made_to_collide_do_not), cmocka_unit_test(quoted_text_stays_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
