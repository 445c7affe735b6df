/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "../../src/role/engine_state.c"

static struct batch_key
key_of(const char *tenant, const char *lcp, uint64_t seq)
{
	struct batch_key k = { .epoch = { 7, 9 }, .seq = seq };

	memcpy(k.tenant, tenant, strlen(tenant));
	memcpy(k.lcp, lcp, strlen(lcp));
	return k;
}

static void
positions_keep_the_last_per_stream(void **state)
{
	struct batch_key k[3] = { key_of("aoba", "tokyo", 3), key_of("harbor", "london", 5), key_of("aoba", "tokyo", 4) };
	struct positions p = { 0 };

	(void)state;
	assert_int_equal(positions_read(&p, slice_of(k, sizeof k)), 0);
	assert_int_equal(positions_get(&p, &k[0]), 4);
	assert_int_equal(positions_get(&p, &k[1]), 5);
	k[0].epoch[1] = 8;
	assert_int_equal(positions_get(&p, &k[0]), 0);
	assert_int_equal(positions_read(&p, slice_of(k, sizeof k - 1)), E_PEER);
	memset(k[1].lcp, 'x', sizeof k[1].lcp);
	assert_int_equal(positions_read(&p, slice_of(k, sizeof k)), E_PEER);
	positions_fini(&p);
}

static void
crash(struct scratch *s, const struct batch_key *key, uint32_t line)
{
	s->cursor.key = *key;
	s->cursor.line = line;
	s->cursor.busy = 1;
	scratch_judge(s);
}

/* Once may be a kill; twice at one line is the line. */
static void
the_second_crash_at_a_line_makes_it_poison(void **state)
{
	struct batch_key a = key_of("aoba", "tokyo", 3), b = key_of("aoba", "tokyo", 4);
	struct scratch s = { 0 };
	uint32_t out[SUSPECTS];

	(void)state;
	log_init("test", LOG_ALERT + 1);
	crash(&s, &a, 9);
	assert_int_equal(scratch_poison(&s, &a, out), 0);
	crash(&s, &a, 2);
	crash(&s, &a, 9);
	assert_int_equal(scratch_poison(&s, &a, out), 1);
	assert_int_equal(out[0], 9);
	crash(&s, &a, 2);
	assert_int_equal(scratch_poison(&s, &a, out), 2);
	assert_int_equal(out[0], 2);
	assert_int_equal(out[1], 9);
	assert_int_equal(scratch_poison(&s, &b, out), 0);
	s.cursor.busy = 0;
	scratch_judge(&s); /* an orderly end is no crash */
	assert_int_equal(scratch_poison(&s, &a, out), 2);
	for (uint32_t line = 100; line < 100 + 3 * SUSPECTS; line++) /* strangers do not push out what is proven */
		crash(&s, &b, line);
	assert_int_equal(scratch_poison(&s, &a, out), 2);
}

static void
a_wrong_document_leaves_the_tenants_as_they_were(void **state)
{
	struct fieldset *fs = fieldset_new();
	struct engine_tenants ts = { 0 };
	struct sigma_set *rules;
	struct whys ws = { 0 };

	(void)state;
	log_init("test", LOG_ALERT + 1);
	assert_int_equal(sigma_load_text(SL(""), "none", fs, &rules, &ws), 0);
	assert_int_equal(engine_tenants_read(&ts, SL("{\"tenants\":{\"aoba\":{\"zone\":\"Asia/Tokyo\"}}}"), rules), 0);
	assert_non_null(engine_tenants_find(&ts, "aoba"));
	assert_int_equal(engine_tenants_read(&ts, SL("{\"tenants\":{\"harbor\":{\"networks\":[{\"name\":\"x\",\"cidr\":\"nonsense\"}]}}}"), rules), E_SYNTAX);
	assert_int_equal(engine_tenants_read(&ts, SL("[]"), rules), E_PEER);
	assert_non_null(engine_tenants_find(&ts, "aoba"));
	assert_null(engine_tenants_find(&ts, "harbor"));
	engine_tenants_fini(&ts);
	sigma_free(rules);
	fieldset_free(fs);
	whys_fini(&ws);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positions_keep_the_last_per_stream),
		cmocka_unit_test(the_second_crash_at_a_line_makes_it_poison),
		cmocka_unit_test(a_wrong_document_leaves_the_tenants_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
