/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/buf.h"
#include "codec/yaml.h"

static struct arena a;
static struct whys ws;
static struct ydocs docs;

static int
parse(const char *text)
{
	arena_reset(&a);
	whys_fini(&ws);
	return yaml_parse(slice_str(text), "t.yml", &a, &docs, &ws);
}

static void
scalars_stay_text_with_a_place(void **state)
{
	const struct ynode *n;
	int64_t i;

	(void)state;
	assert_int_equal(parse("a: 0x10\nb: ['22:22', yes]\n---\nc:\n"), 0);
	assert_int_equal(docs.n, 2);
	n = y_get(docs.v[0], SL("a"));
	assert_true(n->plain && y_i64(n, &i) && i == 16);
	n = y_get(docs.v[0], SL("b"))->child;
	assert_slice(n->text, "22:22");
	assert_false(n->plain);
	assert_int_equal(n->next->line, 2);
	assert_int_equal(n->next->col, 14);
	assert_slice(n->next->text, "yes");
	assert_true(y_is_null(y_get(docs.v[1], SL("c"))));
	assert_int_equal(y_get(docs.v[1], SL("c"))->line, 4);
}

static void
faults_have_a_place(void **state)
{
	(void)state;
	assert_int_not_equal(parse("a: 1\na: 2\n"), 0);
	assert_int_equal(ws.list.v[0].line, 2);
	assert_int_not_equal(parse("a: *nobody\n"), 0);
	assert_string_equal(ws.list.v[0].id, "YAML-ALIAS");
	assert_int_not_equal(parse("a: [1,\nb: 2\n"), 0);
}

/* libfyaml 0.7.12 crashes over a NUL or tab behind some keys and loops over some directives: they do not reach it. */
static void
characters_that_are_no_text_are_refused(void **state)
{
	static const struct {
		struct slice text;
		const char *id;
		unsigned line, col;
	} bad[] = {
		{ SL("b:\n  - $b:\t\0\0\0-t"), "YAML-CHARACTER", 2, 9 },
		{ SL("a: \xff\n"), "YAML-CHARACTER", 1, 4 },
		{ SL("a: 1\nb: '\x1b[31m'\n"), "YAML-CHARACTER", 2, 5 },
		{ SL("a:\n  - ? x:\t -\n"), "YAML-EXPLICIT-KEY", 2, 5 },
		{ SL("a: 1\n?"), "YAML-EXPLICIT-KEY", 2, 1 },
		{ SL("a: 1\n: ? s:\t:\n"), "YAML-EXPLICIT-KEY", 2, 3 },
		{ SL("tu :\t:   ?    -  ts\t:\t:"), "YAML-EXPLICIT-KEY", 1, 10 },
		{ SL("a: 1\r\n%TAG ! x\n"), "YAML-DIRECTIVE", 2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		arena_reset(&a);
		whys_fini(&ws);
		assert_int_not_equal(yaml_parse(bad[i].text, "t.yml", &a, &docs, &ws), 0);
		assert_string_equal(ws.list.v[0].id, bad[i].id);
		assert_int_equal(ws.list.v[0].line, bad[i].line);
		assert_int_equal(ws.list.v[0].col, bad[i].col);
	}
	assert_int_equal(parse("# 寝ず番\na: 'é %x'\t# %\r\nb: '?'\n?c: x ?\nd: a:? b\n"), 0);
}

/* Nine levels of ten aliases each would be a thousand million nodes. */
static void
bomb_and_cycle_are_refused(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_put_str(&b, "a: &a [x,x,x,x,x,x,x,x,x,x]\n");
	for (char c = 'b'; c < 'j'; c++) {
		buf_printf(&b, "%c: &%c [", c, c);
		for (int i = 0; i < 10; i++)
			buf_printf(&b, "*%c%s", c - 1, i < 9 ? "," : "]\n");
	}
	assert_int_not_equal(parse(buf_cstr(&b)), 0);
	assert_string_equal(ws.list.v[0].id, "YAML-LIMIT");
	assert_int_not_equal(parse("a: &a [*a]\n"), 0);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_stay_text_with_a_place),
		cmocka_unit_test(faults_have_a_place),
		cmocka_unit_test(characters_that_are_no_text_are_refused),
		cmocka_unit_test(bomb_and_cycle_are_refused),
	};
	int r;

	arena_init(&a, 0, 0);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	arena_fini(&a);
	whys_fini(&ws);
	return r;
}
