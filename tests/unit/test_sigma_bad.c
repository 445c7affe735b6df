/* SPDX-License-Identifier: Apache-2.0
 *
 * Bad rules: every fault has its id and its place, all of a file are told, and the good ones still load.
 */
#include "unit.h"

#include "sigma_try.h"

#define HEAD "title: t\nlogsource:\n  product: windows\ndetection:\n"

static const struct {
	const char *id;
	unsigned line, col;
	const char *yaml;
} bad[] = {
#define BAD(id, line, col, yaml) { id, line, col, yaml },
#include "sigma_bad.tbl"
#undef BAD
};

static void
every_fault_has_id_and_place(void **state)
{
	size_t wrong = 0;

	(void)state;
	assert_true(sizeof bad / sizeof *bad >= 60);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct try t;
		bool found = false;

		assert_int_equal(try_open(&t, bad[i].yaml), 0);
		for (size_t k = 0; k < t.ws.list.n; k++)
			found |= strcmp(t.ws.list.v[k].id, bad[i].id) == 0 && t.ws.list.v[k].line == bad[i].line &&
			         t.ws.list.v[k].col == bad[i].col && t.ws.list.v[k].level == WHY_ERROR;
		if (!found) {
			wrong++;
			print_message("case %zu wants %s at %u:%u, got:", i, bad[i].id, bad[i].line, bad[i].col);
			for (size_t k = 0; k < t.ws.list.n; k++)
				print_message(" %s at %u:%u (%s)", t.ws.list.v[k].id, t.ws.list.v[k].line, t.ws.list.v[k].col, t.ws.list.v[k].found);
			print_message("\n");
		}
		try_close(&t);
	}
	assert_int_equal(wrong, 0);
}

static void
all_faults_of_a_file_are_told_and_good_rules_load(void **state)
{
	struct try t;

	(void)state;
	assert_int_equal(try_open(&t, HEAD "  s:\n    a|nope: b\n    c|cidr: x\n  condition: s and\nlevel: top\n---\n" HEAD
	                                   "  s:\n    F: yes\n  condition: s\n"), 0);
	assert_int_equal(t.ws.errors, 4);
	assert_int_equal(sigma_rules(t.set), 1);
	assert_int_equal(sigma_count(t.set).refused, 1);
	assert_int_equal(try_match(&t, "F=yes"), 1);
	try_close(&t);
}

static void
deep_parentheses_are_refused_not_followed(void **state)
{
	struct buf yaml = { 0 };
	struct try t;

	(void)state;
	buf_put_str(&yaml, HEAD "  s:\n    a: b\n  condition: ");
	for (int i = 0; i < 20000; i++)
		buf_put_byte(&yaml, '(');
	assert_int_equal(try_open(&t, buf_cstr(&yaml)), 0);
	assert_string_equal(t.ws.list.v[0].id, "SIG-COND-DEPTH");
	try_close(&t);
	buf_fini(&yaml);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_has_id_and_place),
		cmocka_unit_test(all_faults_of_a_file_are_told_and_good_rules_load),
		cmocka_unit_test(deep_parentheses_are_refused_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
