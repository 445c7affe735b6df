/* SPDX-License-Identifier: Apache-2.0
 *
 * Column blocks: what the builder makes passes the check; what is cut, bent or swapped does not; and the
 * Native form of several blocks has every row's bytes.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "event/event.h"
#include "store/block_priv.h"
#include "store/native.h"

struct world {
	struct arena a;
	struct fieldset *fs;
	struct event *e;
	struct store_builder *b;
	struct buf out;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	arena_init(&w->a, 0, 0);
	w->fs = fieldset_new();
	w->e = malloc(sizeof *w->e);
	event_init(w->e, w->fs, &w->a);
	w->b = store_builder_new();
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	store_builder_free(w->b);
	buf_fini(&w->out);
	fieldset_free(w->fs);
	free(w->e);
	arena_fini(&w->a);
	free(w);
	return 0;
}

static struct store_batch
batch_of(const char *tenant, uint64_t seq)
{
	struct store_batch sb = { .stored_ns = 1780000000LL * 1000000000LL };

	snprintf(sb.key.tenant, sizeof sb.key.tenant, "%s", tenant);
	snprintf(sb.key.lcp, sizeof sb.key.lcp, "%s-1", tenant);
	sb.key.epoch[0] = 1, sb.key.epoch[1] = 2, sb.key.seq = seq;
	return sb;
}

static void
add_lines(struct world *w, unsigned lines)
{
	for (unsigned n = 0; n < lines; n++) {
		char *line = arena_alloc(&w->a, 64);
		int len = snprintf(line, 64, "line %u \n with a break", n);

		event_reset(w->e, slice_of(line, (size_t)len), 1000 + n);
		event_set_time(w->e, F_TIMESTAMP, 500 + n);
		event_set_typed(w->e, F_EVENT_ACTION, n % 3 ? SL("accept") : SL("deny"));
		event_set_typed(w->e, F_SOURCE_IP, SL("10.1.2.3"));
		if (n % 2)
			event_set_typed(w->e, F_SOURCE_PORT, SL("4711"));
		event_set_named(w->e, SL("vendor.key"), SL("value"));
		event_seal(w->e);
		store_block_add(w->b, w->e, n * 2, SL("fw-1"), n == 4 ? LINE_CUT : 0);
	}
}

static void
build(struct world *w, unsigned lines)
{
	struct store_batch sb = batch_of("aoba", 7);

	store_block_begin(w->b, &sb);
	add_lines(w, lines);
	assert_int_equal(store_block_end(w->b, &w->out), lines);
}

static void
test_round(void **state)
{
	struct world *w = *state;
	struct store_block blk;
	const char *why = NULL;

	build(w, 10);
	assert_int_equal(store_block_check(buf_slice(&w->out), &blk, &why), 0);
	assert_int_equal(blk.rows, 10);
	assert_string_equal(blk.batch.key.tenant, "aoba");
	assert_true(blk.col[SC_SOURCE_IP].present);
	assert_true(blk.col[SC_SOURCE_PORT].present);
	assert_false(blk.col[SC_USER_NAME].present);
	assert_non_null(memmem(blk.col[SC_extra_names].s[0].p, blk.col[SC_extra_names].s[0].n, "\037vendor.key\037", 12));
	assert_int_equal(blk.col[SC_extra_values].s[0].n, 10 * 7);
	assert_memory_equal(blk.col[SC_extra_values].s[0].p, "\6\037value\6\037value", 14);
	assert_int_equal(blk.col[SC_SOURCE_PORT].s[0].p[0], 1); /* null */
	assert_int_equal(blk.col[SC_SOURCE_PORT].s[0].p[1], 0);
	assert_int_equal(blk.col[SC_flags].s[0].p[4], LINE_CUT);
	/* the line, byte for byte */
	assert_memory_equal(blk.col[SC_line].s[0].p, "\x15line 0 \n with a break\x15line 1", 28);
}

/* The builder forgets everything between two batches. */
static void
test_reuse(void **state)
{
	struct world *w = *state;
	struct buf first = { 0 };

	build(w, 300);
	first = w->out;
	memset(&w->out, 0, sizeof w->out);
	build(w, 300);
	assert_int_equal(first.n, w->out.n);
	assert_memory_equal(first.p, w->out.p, first.n);
	buf_fini(&first);
}

static void
test_conflict_goes_to_extra(void **state)
{
	struct world *w = *state;
	struct store_batch sb = batch_of("aoba", 1);
	struct store_block blk;

	store_block_begin(w->b, &sb);
	event_reset(w->e, SL("x"), 1);
	event_set_typed(w->e, F_SOURCE_PORT, SL("not a port"));
	event_set_typed(w->e, F_SOURCE_IP, SL("300.1.1.1"));
	event_set_named(w->e, SL("a\037key"), SL("two\037parts")); /* would shift what stands behind it */
	event_add(w->e, F_EVENT_CATEGORY, SL("network"));
	event_add(w->e, F_EVENT_CATEGORY, SL("intrusion_detection"));
	event_seal(w->e);
	store_block_add(w->b, w->e, 0, SL("d"), 0);
	store_block_end(w->b, &w->out);
	assert_int_equal(store_block_check(buf_slice(&w->out), &blk, NULL), 0);
	assert_false(blk.col[SC_SOURCE_PORT].present);
	assert_false(blk.col[SC_SOURCE_IP].present);
	assert_non_null(memmem(blk.col[SC_extra_names].s[0].p, blk.col[SC_extra_names].s[0].n,
	                       "\037source.ip\037source.port\037a key\037", 29));
	assert_int_equal(blk.col[SC_extra_values].s[0].p[0], 31);
	assert_memory_equal(blk.col[SC_extra_values].s[0].p + 1, "\037300.1.1.1\037not a port\037two parts", 31);
	assert_non_null(memmem(blk.col[SC_EVENT_CATEGORY].s[0].p, blk.col[SC_EVENT_CATEGORY].s[0].n,
	                       "network\nintrusion_detection", 27));
	/* without a time the event is found under the time it was received */
	assert_memory_equal(blk.col[SC_TIMESTAMP].s[0].p, "\1\0\0\0\0\0\0\0", 8);
}

/* Every cut and a great many bent bytes: refused or, where only a value changed, still whole. */
static void
test_hostile(void **state)
{
	struct world *w = *state;
	struct store_block blk;
	unsigned refused = 0;

	build(w, 20);
	for (size_t n = 0; n < w->out.n; n++) {
		char *copy = malloc(n + 1);

		memcpy(copy, w->out.p, n);
		assert_int_not_equal(store_block_check(slice_of(copy, n), &blk, NULL), 0);
		free(copy);
	}
	for (size_t i = 0; i < w->out.n; i++)
		for (int bit = 0; bit < 8; bit++) {
			w->out.p[i] = (char)(w->out.p[i] ^ (1 << bit));
			refused += store_block_check(buf_slice(&w->out), &blk, NULL) != 0;
			w->out.p[i] = (char)(w->out.p[i] ^ (1 << bit));
		}
	assert_true(refused > 1000);
	assert_int_equal(store_block_check(buf_slice(&w->out), &blk, NULL), 0);
}

static int
sink(void *ctx, const void *p, size_t n)
{
	buf_put(ctx, p, n);
	return 0;
}

static void
test_native_head(void **state)
{
	struct world *w = *state;
	struct store_block one;
	const struct store_block *two[2] = { &one, &one };
	struct buf out = { 0 };

	build(w, 5);
	assert_int_equal(store_block_check(buf_slice(&w->out), &one, NULL), 0);
	assert_int_equal(native_write(two, 2, sink, &out), 0);
	assert_int_equal((unsigned char)out.p[0], 6 + SC_COUNT);
	assert_int_equal(out.p[1], 10); /* rows of both */
	assert_memory_equal(out.p + 2, "\6tenant\x16LowCardinality(String)", 30);
	buf_fini(&out);
}

static void
test_names_are_unique(void **state)
{
	const struct store_col_info *c = store_columns();

	(void)state;
	for (int i = 0; i < SC_COUNT; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(c[i].name, c[k].name);
	assert_string_equal(c[SC_TIMESTAMP].name, "time");
	assert_int_equal(store_col_of_field(F_SOURCE_IP), SC_SOURCE_IP);
	assert_int_equal(store_col_of_field(F_DNS_ID), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_conflict_goes_to_extra, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_native_head, setup, teardown),
		cmocka_unit_test(test_names_are_unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
