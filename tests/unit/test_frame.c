/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "codec/frame.h"
#include "codec/sysloghead.h"

/* Feeds `in` in pieces of `step` bytes the way a peeking reader does; lines as "[…]", flags behind. */
static void
run(struct buf *out, struct slice in, size_t step, size_t part_at)
{
	struct frame f = { 0 };
	size_t from = 0;

	for (size_t to = step < in.n ? step : in.n;; to = to + step < in.n ? to + step : in.n) {
		for (;;) {
			struct frame_out o;
			struct slice seen = slice_sub(in, from, to);
			enum frame_got got = frame_next(&f, seen, f.part || seen.n >= part_at, &o);

			if (got == FRAME_MORE && to == in.n)
				got = frame_end(&f, seen, &o);
			if (got == FRAME_MORE)
				break;
			assert_true(o.used <= seen.n && o.line.p >= seen.p && o.line.p + o.line.n <= seen.p + seen.n);
			assert_true(o.used != 0 || to == in.n);
			buf_printf(out, "%s" SL_FMT "%s%s", o.part ? "" : "[", SL_ARG(o.line), got == FRAME_LINE ? "]" : "",
			           o.bad ? "!" : "");
			from += o.used;
		}
		if (to == in.n)
			break;
	}
	assert_int_equal(from, in.n);
}

static void
same_for_every_cut(struct slice in, const char *want, size_t part_at)
{
	for (size_t step = 1; step <= in.n; step++) {
		auto_buf struct buf out = { 0 };

		run(&out, in, step, part_at);
		assert_string_equal(buf_cstr(&out), want);
	}
}

static void
newline_and_counted_are_told_apart(void **state)
{
	(void)state;
	same_for_every_cut(SL("<14>a\n<14>b\r\nlast"), "[<14>a][<14>b][last]", 1000);
	same_for_every_cut(SL("5 <14>a6 <14>\nb"), "[<14>a][<14>\nb]", 1000);
	same_for_every_cut(SL("5 <14>a\n5 <14>b\n"), "[<14>a][<14>b][\n]", 1000);
	same_for_every_cut(SL("2026 a year\n12 x\n"), "[2026 a year][12 x]", 1000);
	same_for_every_cut(SL("3 abc4 defg"), "[abc][defg]", 1000);
}

static void
broken_counts_are_flagged_and_nothing_is_lost(void **state)
{
	(void)state;
	same_for_every_cut(SL("99999999999 <14>x\ny\n"), "[99999999999 <14>x]![y]", 1000);
	same_for_every_cut(SL("5 <14>a0 <14>b\n<14>c\n"), "[<14>a][0 <14>b]![<14>c]", 1000);
	same_for_every_cut(SL("5 <14>a99999999 <1>\nz\n"), "[<14>a][99999999 <1>]![z]", 1000);
	same_for_every_cut(SL("9 <14>a"), "[<14>a]", 1000);
}

static void
long_lines_come_in_parts(void **state)
{
	(void)state;
	same_for_every_cut(SL("0123456789abcdef\nxy\n"), "[0123456789abcdef][xy]", 8);
	same_for_every_cut(SL("18 <14>56789abcdefghi2 <>"), "[<14>56789abcdefghi][<>]", 8);
	same_for_every_cut(SL("<14>aaaaaaaaaaaaaaaa\r\nb\n"), "[<14>aaaaaaaaaaaaaaaa][b]", 4);
}

static void
nul_is_a_byte(void **state)
{
	struct frame f = { 0 };
	struct frame_out o;

	(void)state;
	assert_int_equal(frame_next(&f, SL("a\0b\0\nc"), false, &o), FRAME_LINE);
	assert_int_equal(o.line.n, 4);
	assert_int_equal(o.used, 5);
}

static void
host_is_read_from_the_header(void **state)
{
	static const struct {
		const char *line, *host;
	} cases[] = {
		{ "<189>Nov 23 10:00:00 FGT01 date=2026-11-23 time=10:00:00", "FGT01" },
		{ "<34>Oct  1 22:14:15 mymachine su: 'su root' failed", "mymachine" },
		{ "Oct 11 22:14:15 web03 sshd[12]: hello", "web03" },
		{ "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 - x", "mymachine.example.com" },
		{ "<165>1 - - app - - - x", "" },
		{ "<13>2026-11-23T10:00:00.123+09:00 db01 app: x", "db01" },
		{ "<166>Nov 23 2026 10:00:00 asa1 : %ASA-6-302013: Built", "asa1" },
		{ "<166>Nov 23 2026 10:00:00: %ASA-6-302013: Built", "" },
		{ "<189>45: *Mar  1 00:00:01.123 rtr-1 %SYS-5-CONFIG_I: x", "rtr-1" },
		{ "<14>2026 Nov 23 10:00:00 pan-01 1,2026/11/23", "pan-01" },
		{ "<189>date=2026-11-23 time=10:00:00 devname=\"x\"", "" },
		{ "<14>Oct 11 22:14:15 sshd[12]: no host here", "" },
		{ "<14>Oct 11 22:14:15 cron: no host here", "" },
		{ "<14>Oct 11 22:14:15 <script> x", "" },
		{ "{\"timestamp\":\"x\"}", "" },
		{ "", "" },
		{ "<", "" },
		{ "<1>1 ", "" },
		{ "<14>Oct 11 22:14:15 fe80::1 x", "fe80::1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct slice h = sysloghead_host(slice_str(cases[i].line));
		auto_buf struct buf got = { 0 };

		buf_put_slice(&got, h);
		assert_string_equal(buf_cstr(&got), cases[i].host);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newline_and_counted_are_told_apart),
		cmocka_unit_test(broken_counts_are_flagged_and_nothing_is_lost),
		cmocka_unit_test(long_lines_come_in_parts),
		cmocka_unit_test(nul_is_a_byte),
		cmocka_unit_test(host_is_read_from_the_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
