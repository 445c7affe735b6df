/* SPDX-License-Identifier: Apache-2.0
 *
 * Correlations: each type on small stories, against a brute-force oracle on random ones, tenants kept apart,
 * bounds counted, snapshots equal to an undisturbed run.
 */
#include "unit.h"

#include "base/clock.h"
#include "sigma_try.h"

#define BASE(name, field) "title: " name "\nname: " name "\nlogsource:\n  product: windows\ndetection:\n  s:\n    K: " field "\n  condition: s\n---\n"
#define CORR(type, rest) "title: c\ncorrelation:\n  type: " type "\n" rest

struct run {
	struct try t;
	struct sigma_corr *c;
	unsigned alarms;
	double value;
	uint64_t count, key;
	size_t refs;
	char group[64];
	int64_t fired[4096];
};

static void
on_alarm(void *ctx, const struct sigma_alarm *a)
{
	struct run *r = ctx;

	if (r->alarms < 4096)
		r->fired[r->alarms] = a->last_ns / NS_PER_S;
	r->alarms++;
	r->value = a->value;
	r->count = a->count;
	r->key = a->key;
	r->refs = a->ref_n;
	snprintf(r->group, sizeof r->group, "%.*s", a->group_n != 0 ? (int)a->group_value[0].n : 0,
	         a->group_n != 0 ? a->group_value[0].p : "");
}

static void
open_run(struct run *r, const char *yaml, const struct sigma_corr_limits *limits)
{
	memset(r, 0, sizeof *r);
	assert_int_equal(try_open(&r->t, yaml), 0);
	for (size_t i = 0; i < r->t.ws.list.n; i++)
		print_message("%s %u:%u %s\n", r->t.ws.list.v[i].id, r->t.ws.list.v[i].line, r->t.ws.list.v[i].col, r->t.ws.list.v[i].found);
	assert_int_equal(r->t.ws.errors, 0);
	r->c = sigma_corr_new(r->t.set, limits);
}

static void
close_run(struct run *r)
{
	sigma_corr_free(r->c);
	try_close(&r->t);
}

struct feeding {
	struct run *r;
	const char *tenant;
	int64_t s;
};

static int
feed_match(void *ctx, const struct sigma_rule *rule)
{
	struct feeding *f = ctx;
	struct sigma_ref ref = { .lcp = "lcp", .epoch = { 1, 2 }, .seq = (uint64_t)f->s, .n = 3 };

	if (rule->feeds)
		sigma_corr_feed(f->r->c, slice_str(f->tenant), rule, f->r->t.e, f->s * NS_PER_S, &ref, on_alarm, f->r);
	return 0;
}

static void
feed(struct run *r, const char *tenant, int64_t s, const char *fields)
{
	struct feeding f = { r, tenant, s };

	try_event(&r->t, fields);
	sigma_match(r->t.w, r->t.e, SIGMA_ROUTE_ALL, feed_match, &f);
	arena_reset(&r->t.a);
}

#define COUNT3 BASE("a", "x") CORR("event_count", "  rules: a\n  group-by: G\n  timespan: 10s\n  condition: {gte: 3}\n")

static void
three_within_ten_seconds_fire_once(void **state)
{
	struct run r;

	(void)state;
	open_run(&r, COUNT3, NULL);
	feed(&r, "t", 100, "K=x\x1e" "G=one");
	feed(&r, "t", 111, "K=x\x1e" "G=one");
	feed(&r, "t", 115, "K=x\x1e" "G=one");
	feed(&r, "t", 115, "K=x\x1e" "G=two");
	feed(&r, "t", 116, "K=x");
	assert_int_equal(r.alarms, 0);
	assert_int_equal(sigma_corr_stats(r.c).no_group, 1);
	feed(&r, "t", 121, "K=x\x1e" "G=ONE");
	assert_int_equal(r.alarms, 1);
	assert_int_equal(r.count, 3);
	assert_string_equal(r.group, "one");
	feed(&r, "t", 122, "K=x\x1e" "G=one"); /* muted for one timespan */
	assert_int_equal(r.alarms, 1);
	assert_int_equal(sigma_corr_stats(r.c).suppressed, 1);
	assert_true(sigma_rule(r.t.set, 0)->silent);
	close_run(&r);
}

static void
a_late_event_completes_its_window(void **state)
{
	struct run r;

	(void)state;
	open_run(&r, COUNT3, NULL);
	feed(&r, "t", 100, "K=x\x1e" "G=one");
	feed(&r, "t", 108, "K=x\x1e" "G=one");
	feed(&r, "t", 104, "K=x\x1e" "G=one");
	assert_int_equal(r.alarms, 1);
	feed(&r, "t", 90, "K=x\x1e" "G=one");
	assert_int_equal(sigma_corr_stats(r.c).late_dropped, 1);
	close_run(&r);
}

static void
one_tenant_never_counts_for_another(void **state)
{
	struct run r;

	(void)state;
	open_run(&r, COUNT3, NULL);
	for (int i = 0; i < 3; i++) {
		feed(&r, "aoba", 100 + i, i < 2 ? "K=x\x1e" "G=one" : "K=y");
		feed(&r, "harbor", 100 + i, i < 2 ? "K=x\x1e" "G=one" : "K=y");
	}
	assert_int_equal(r.alarms, 0);
	feed(&r, "aoba", 104, "K=x\x1e" "G=one");
	assert_int_equal(r.alarms, 1);
	close_run(&r);
}

static void
distinct_values_are_counted_once(void **state)
{
	struct run r;
	char e[64];

	(void)state;
	open_run(&r, BASE("a", "x") CORR("value_count", "  rules: a\n  group-by: G\n  timespan: 1m\n  condition: {field: U, gte: 4}\n"), NULL);
	for (int i = 0; i < 50; i++) {
		snprintf(e, sizeof e, "K=x\x1e" "G=g\x1e" "U=user%d", i % 3);
		feed(&r, "t", 100 + i, e);
	}
	assert_int_equal(r.alarms, 0);
	feed(&r, "t", 151, "K=x\x1e" "G=g\x1e" "U=USER1");
	assert_int_equal(r.alarms, 0);
	feed(&r, "t", 152, "K=x\x1e" "G=g\x1e" "U=user9");
	assert_int_equal(r.alarms, 1);
	assert_true(r.value == 4);
	close_run(&r);
}

#define TWO BASE("a", "x") BASE("b", "y")

static void
temporal_takes_any_order_and_ordered_does_not(void **state)
{
	struct run r;

	(void)state;
	open_run(&r, TWO CORR("temporal", "  rules: [a, b]\n  group-by: G\n  timespan: 10s\n"), NULL);
	feed(&r, "t", 100, "K=y\x1e" "G=1");
	feed(&r, "t", 111, "K=x\x1e" "G=1");
	assert_int_equal(r.alarms, 0);
	feed(&r, "t", 120, "K=y\x1e" "G=1");
	assert_int_equal(r.alarms, 1);
	close_run(&r);
	open_run(&r, TWO CORR("temporal_ordered", "  rules: [a, b]\n  group-by: G\n  timespan: 10s\n"), NULL);
	feed(&r, "t", 100, "K=y\x1e" "G=1");
	feed(&r, "t", 101, "K=x\x1e" "G=1");
	assert_int_equal(r.alarms, 0);
	feed(&r, "t", 112, "K=y\x1e" "G=1"); /* 11 s after */
	assert_int_equal(r.alarms, 0);
	feed(&r, "t", 113, "K=x\x1e" "G=1");
	feed(&r, "t", 113, "K=y\x1e" "G=1"); /* the same second counts as ordered */
	assert_int_equal(r.alarms, 1);
	close_run(&r);
}

static void
few_is_known_when_the_window_is_over(void **state)
{
	struct run r;

	(void)state;
	open_run(&r, BASE("a", "x") CORR("event_count", "  rules: a\n  group-by: G\n  timespan: 1m\n  condition: {lt: 3}\n"), NULL);
	feed(&r, "t", 100, "K=x\x1e" "G=few");
	feed(&r, "t", 110, "K=x\x1e" "G=few");
	for (int i = 0; i < 5; i++)
		feed(&r, "t", 100 + i, "K=x\x1e" "G=many");
	sigma_corr_advance(r.c, SL("t"), 200 * NS_PER_S, on_alarm, &r);
	assert_int_equal(r.alarms, 0); /* lateness of a minute is not over */
	sigma_corr_advance(r.c, SL("t"), 230 * NS_PER_S, on_alarm, &r);
	assert_int_equal(r.alarms, 1);
	assert_string_equal(r.group, "few");
	close_run(&r);
}

static void
sums_and_means_compare_numbers(void **state)
{
	struct run r;

	(void)state;
	open_run(&r, BASE("a", "x") CORR("value_sum", "  rules: a\n  group-by: G\n  timespan: 1m\n  condition: {field: N, gt: 100}\n"), NULL);
	feed(&r, "t", 100, "K=x\x1e" "G=1\x1e" "N=60");
	feed(&r, "t", 170, "K=x\x1e" "G=1\x1e" "N=60.5");
	feed(&r, "t", 171, "K=x\x1e" "G=1\x1e" "N=many");
	assert_int_equal(r.alarms, 0);
	feed(&r, "t", 172, "K=x\x1e" "G=1\x1e" "N=40");
	assert_int_equal(r.alarms, 1);
	assert_true(r.value == 100.5);
	close_run(&r);
	open_run(&r, BASE("a", "x") CORR("value_median", "  rules: a\n  timespan: 1m\n  condition: {field: N, gte: 10}\n"), NULL);
	feed(&r, "t", 100, "K=x\x1e" "N=1");
	feed(&r, "t", 101, "K=x\x1e" "N=100");
	assert_int_equal(r.alarms, 1); /* 50.5 */
	close_run(&r);
}

static void
alarms_feed_further_correlations_and_aliases_name_fields(void **state)
{
	struct run r;

	(void)state;
	open_run(&r, TWO "title: many\nname: many\ncorrelation:\n  type: event_count\n  rules: a\n  group-by: G\n  timespan: 1m\n  condition: {gte: 3}\n---\n"
	             CORR("temporal_ordered", "  rules: [many, b]\n  group-by: who\n  aliases:\n    who: {many: G, b: H}\n  timespan: 5m\n"), NULL);
	for (int i = 0; i < 3; i++)
		feed(&r, "t", 100 + i, "K=x\x1e" "G=evil");
	feed(&r, "t", 120, "K=y\x1e" "H=good");
	assert_int_equal(r.alarms, 0);
	feed(&r, "t", 121, "K=y\x1e" "H=evil");
	assert_int_equal(r.alarms, 1);
	assert_string_equal(r.group, "evil");
	close_run(&r);
}

static void
bounds_hold_and_are_counted(void **state)
{
	struct run r;
	char e[64];

	(void)state;
	open_run(&r, COUNT3, &(struct sigma_corr_limits){ .groups = 100 });
	for (int i = 0; i < 1000; i++) {
		snprintf(e, sizeof e, "K=x\x1e" "G=g%d", i);
		feed(&r, "t", 100, e);
	}
	assert_int_equal(sigma_corr_stats(r.c).groups, 100);
	assert_int_equal(sigma_corr_stats(r.c).evicted_groups, 900);
	close_run(&r);
}

static uint32_t seed;

static uint32_t
rnd(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Fires when three of the last events of the group lie within 10 s, then is mute for 10 s. */
static void
random_streams_agree_with_a_list_of_times(void **state)
{
	(void)state;
	for (seed = 1; seed < 60; seed++) {
		uint32_t first = seed;
		struct run r;
		int64_t times[3][500], fired[3] = { -1000, -1000, -1000 }, now = 1000;
		int n[3] = { 0 };
		unsigned want = 0;

		open_run(&r, COUNT3, NULL);
		for (int i = 0; i < 400; i++) {
			int g = (int)rnd(3);
			char e[32];

			now += rnd(7);
			snprintf(e, sizeof e, "K=x\x1e" "G=%d", g);
			feed(&r, "t", now, e);
			times[g][n[g]++] = now;
			if (now > fired[g] + 10 && n[g] >= 3 && now - times[g][n[g] - 3] <= 10) {
				fired[g] = now;
				if (want < 4096)
					assert_int_equal(r.fired[want], now);
				want++;
			}
		}
		assert_int_equal(r.alarms, want);
		close_run(&r);
		seed = first;
	}
}

static void
a_restart_in_the_middle_changes_nothing(void **state)
{
	struct run a, b;
	struct buf snap = { 0 };

	(void)state;
	open_run(&a, COUNT3, NULL);
	feed(&a, "t", 100, "K=x\x1e" "G=one");
	feed(&a, "t", 103, "K=x\x1e" "G=one");
	sigma_corr_snapshot(a.c, &snap);
	open_run(&b, COUNT3, NULL);
	assert_int_equal(sigma_corr_restore(b.c, buf_slice(&snap)), 0);
	feed(&a, "t", 105, "K=x\x1e" "G=one");
	feed(&b, "t", 105, "K=x\x1e" "G=one");
	assert_int_equal(a.alarms, 1);
	assert_int_equal(b.alarms, 1);
	assert_true(a.key == b.key);
	assert_int_equal(b.refs, 3);
	for (size_t i = 0; i < snap.n; i++) { /* no damaged byte is believed */
		snap.p[i] ^= 0x20;
		assert_int_equal(sigma_corr_restore(b.c, buf_slice(&snap)), E_CORRUPT);
		snap.p[i] ^= 0x20;
	}
	assert_int_equal(sigma_corr_restore(b.c, slice_sub(buf_slice(&snap), 0, snap.n - 3)), E_CORRUPT);
	close_run(&b);
	open_run(&b, BASE("a", "x") CORR("event_count", "  rules: a\n  group-by: G\n  timespan: 20s\n  condition: {gte: 3}\n"), NULL);
	assert_int_equal(sigma_corr_restore(b.c, buf_slice(&snap)), 0); /* another rule now: it starts afresh */
	assert_int_equal(sigma_corr_stats(b.c).groups, 0);
	close_run(&a);
	close_run(&b);
	buf_fini(&snap);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_within_ten_seconds_fire_once),
		cmocka_unit_test(a_late_event_completes_its_window),
		cmocka_unit_test(one_tenant_never_counts_for_another),
		cmocka_unit_test(distinct_values_are_counted_once),
		cmocka_unit_test(temporal_takes_any_order_and_ordered_does_not),
		cmocka_unit_test(few_is_known_when_the_window_is_over),
		cmocka_unit_test(sums_and_means_compare_numbers),
		cmocka_unit_test(alarms_feed_further_correlations_and_aliases_name_fields),
		cmocka_unit_test(bounds_hold_and_are_counted),
		cmocka_unit_test(random_streams_agree_with_a_list_of_times),
		cmocka_unit_test(a_restart_in_the_middle_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
