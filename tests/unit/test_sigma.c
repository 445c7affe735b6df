/* SPDX-License-Identifier: Apache-2.0
 *
 * Meaning of values, modifiers and conditions, as data; the index against the naive evaluator on all of it.
 */
#include "unit.h"

#include "sigma_try.h"

#define P(...) { __VA_ARGS__, NULL }

static const struct {
	const char *item;
	const char *yes[12], *no[12];
} mods[] = {
#define TRY(item, yes, no) { item, yes, no },
#include "sigma_mods.tbl"
}, escapes[] = {
#include "sigma_escapes.tbl"
#undef TRY
};

static struct sigma_lists *
lists(struct try *t)
{
	struct sigma_lists *l = sigma_lists_new(t->set);

	sigma_lists_add(l, SL("names"), SL("alpha"));
	sigma_lists_add(l, SL("names"), SL("be?a"));
	sigma_lists_add(l, SL("nets"), SL("10.0.0.0/8"));
	sigma_lists_add(l, SL("nets"), SL("server*"));
	assert_int_equal(sigma_lists_seal(l, NULL), 0);
	sigma_worker_use_lists(t->w, l);
	return l;
}

static void
one_item(const char *item, const char *const *yes, const char *const *no)
{
	char yaml[1000];
	struct try t;
	struct sigma_lists *l;

	snprintf(yaml, sizeof yaml, RULE_HEAD "  sel:\n    %s\n  condition: sel\n", item);
	assert_int_equal(try_open(&t, yaml), 0);
	if (t.ws.errors != 0)
		print_message("%s: %s %s\n", item, t.ws.list.v[0].id, t.ws.list.v[0].found);
	assert_int_equal(t.ws.errors, 0);
	l = lists(&t);
	for (; *yes != NULL; yes++)
		if (try_match(&t, *yes) != 1)
			fail_msg("%s should match <%s>", item, *yes);
	for (; *no != NULL; no++)
		if (try_match(&t, *no) != 0)
			fail_msg("%s should not match <%s>", item, *no);
	sigma_lists_free(l);
	try_close(&t);
}

static void
modifiers_mean_what_the_specification_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mods / sizeof *mods; i++)
		one_item(mods[i].item, mods[i].yes, mods[i].no);
}

static void
escapes_are_read_from_left_to_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
		one_item(escapes[i].item, escapes[i].yes, escapes[i].no);
}

/* All those rules in one set: shared predicates and groups must not disturb each other. */
static void
a_set_of_all_of_them_agrees_with_the_naive_way(void **state)
{
	struct buf yaml = { 0 };
	struct try t;
	struct sigma_lists *l;

	(void)state;
	for (size_t i = 0; i < sizeof mods / sizeof *mods; i++)
		buf_printf(&yaml, "---\n" RULE_HEAD "  sel:\n    %s\n  other:\n    H: x\n  condition: sel and not other\n", mods[i].item);
	assert_int_equal(try_open(&t, buf_cstr(&yaml)), 0);
	l = lists(&t);
	for (size_t i = 0; i < sizeof mods / sizeof *mods; i++) {
		for (const char *const *v = mods[i].yes; *v != NULL; v++)
			try_match(&t, *v);
		for (const char *const *v = mods[i].no; *v != NULL; v++)
			try_match(&t, *v);
	}
	sigma_lists_free(l);
	try_close(&t);
	buf_fini(&yaml);
}

static const struct {
	const char *condition;
	const char *truth; /* for a,b,c = 000 001 010 011 100 101 110 111 */
} conditions[] = {
	{ "a", "00001111" },
	{ "a and b", "00000011" },
	{ "a or b", "00111111" },
	{ "not a", "11110000" },
	{ "not not a", "00001111" },
	{ "a or b and c", "00011111" },
	{ "(a or b) and c", "00010101" },
	{ "a and not b or c", "01011101" },
	{ "not (a or b)", "11000000" },
	{ "1 of them", "01111111" },
	{ "any of them", "01111111" },
	{ "all of them", "00000001" },
	{ "not 1 of them", "10000000" },
	{ "1 of a*", "00001111" },
	{ "all of a* and b", "00000011" },
	{ "a and not 1 of nothing_*", "00001111" },
	{ "a and (b or (c and not b))", "00000111" },
	{ "[a, b]", "00111111" },
	{ "a\n    and\n    b", "00000011" },
};

static void
conditions_bind_as_they_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
		char yaml[1000];
		struct try t;

		snprintf(yaml, sizeof yaml, RULE_HEAD "  a:\n    A: yes\n  b:\n    B: yes\n  c:\n    C: yes\n  _hidden:\n    D: no\n  condition: %s\n",
		         conditions[i].condition);
		assert_int_equal(try_open(&t, yaml), 0);
		assert_int_equal(t.ws.errors, 0);
		for (int v = 0; v < 8; v++) {
			char e[64];

			snprintf(e, sizeof e, "Z=1%s%s%s", v & 4 ? "\x1e" "A=yes" : "", v & 2 ? "\x1e" "B=yes" : "", v & 1 ? "\x1e" "C=yes" : "");
			if (try_match(&t, e) != conditions[i].truth[v] - '0')
				fail_msg("%s with %d", conditions[i].condition, v);
		}
		try_close(&t);
	}
}

static void
keywords_look_at_every_value_and_never_across_two(void **state)
{
	struct try t;

	(void)state;
	assert_int_equal(try_open(&t, RULE_HEAD "  keywords:\n    - needle\n    - 'a*z'\n  all:\n    '|all':\n      - first\n      - second\n  condition: keywords or all\n"), 0);
	assert_int_equal(t.ws.errors, 0);
	assert_int_equal(try_match(&t, "unknown.key=xx NEEDLE yy"), 1);
	assert_int_equal(try_match(&t, "source.ip=1.2.3.4\x1e" "other=ab--z"), 1);
	assert_int_equal(try_match(&t, "one=nee\x1e" "two=dle"), 0);
	assert_int_equal(try_match(&t, "one=first\x1e" "two=SECOND"), 1);
	assert_int_equal(try_match(&t, "one=first\x1e" "two=third"), 0);
	try_close(&t);
}

static void
lists_of_maps_and_mixed_lists_are_alternatives(void **state)
{
	struct try t;

	(void)state;
	assert_int_equal(try_open(&t, RULE_HEAD "  sel:\n    - A: 1\n      B: 2\n    - C: 3\n    - word\n  condition: sel\n"), 0);
	assert_int_equal(t.ws.errors, 0);
	assert_int_equal(try_match(&t, "A=1\x1e" "B=2"), 1);
	assert_int_equal(try_match(&t, "A=1"), 0);
	assert_int_equal(try_match(&t, "C=3"), 1);
	assert_int_equal(try_match(&t, "X=a Word b"), 1);
	try_close(&t);
}

static void
an_array_holds_when_any_element_does(void **state)
{
	struct try t;

	(void)state;
	assert_int_equal(try_open(&t, RULE_HEAD "  sel:\n    F: x\n  no:\n    F: y\n  condition: sel and not no\n"), 0);
	assert_int_equal(try_match(&t, "F=a\x1e" "F=x"), 1);
	assert_int_equal(try_match(&t, "F=x\x1e" "F=y"), 0);
	try_close(&t);
}

static void
a_missing_list_refuses_the_rule_by_name(void **state)
{
	struct try t;
	struct sigma_lists *l;
	struct whys ws = { 0 };

	(void)state;
	assert_int_equal(try_open(&t, RULE_HEAD "  sel:\n    F|expand: '%nobody%'\n  condition: not sel\n"), 0);
	assert_int_equal(try_match(&t, "F=x"), 0);
	l = sigma_lists_new(t.set);
	assert_int_equal(sigma_lists_seal(l, &ws), 1);
	assert_string_equal(ws.list.v[0].id, "SIG-PLACEHOLDER");
	sigma_worker_use_lists(t.w, l);
	assert_int_equal(try_match(&t, "F=x"), 0);
	sigma_lists_free(l);
	whys_fini(&ws);
	try_close(&t);
}

static void
a_match_says_why(void **state)
{
	struct try t;
	struct sigma_reason why[8];

	(void)state;
	assert_int_equal(try_open(&t, RULE_HEAD "  tool:\n    Image|endswith: ['\\a.exe', '\\cmd.exe']\n  arg:\n    CommandLine|contains: whoami\n  condition: tool and arg\n"), 0);
	assert_int_equal(try_match(&t, "Image=C:\\cmd.exe\x1e" "CommandLine=cmd /c whoami"), 1);
	assert_int_equal(sigma_why(t.w, t.e, sigma_rule(t.set, 0), why, 8), 2);
	assert_slice(why[0].field, "Image");
	assert_slice(why[0].test, "endswith");
	assert_slice(why[0].value, "\\cmd.exe");
	assert_slice(why[0].selection, "tool");
	assert_slice(why[1].value, "whoami");
	try_close(&t);
}

static int
routed(struct try *t, const char *fields)
{
	try_event(t, fields);
	return sigma_match(t->w, t->e, sigma_route(t->w, t->e), NULL, NULL);
}

#define SYSMON "winlog.channel=Microsoft-Windows-Sysmon/Operational\x1e"

static void
rules_run_only_on_their_log_source(void **state)
{
	struct try t;

	(void)state;
	assert_int_equal(try_open(&t, "title: p\nlogsource:\n  product: windows\n  category: process_creation\ndetection:\n  s:\n    Image: x\n  condition: s\n---\n"
	                              "title: q\nlogsource:\n  category: proxy\ndetection:\n  s:\n    c-uri: x\n  condition: s\n---\n"
	                              "title: r\nlogsource:\n  product: windows\n  category: registry_add\ndetection:\n  s:\n    TargetObject: x\n  condition: s\n"), 0);
	assert_int_equal(t.ws.errors, 0);
	assert_int_equal(routed(&t, SYSMON "event.code=1\x1e" "winlog.event_data.Image=x"), 1);
	assert_int_equal(routed(&t, SYSMON "event.code=7\x1e" "winlog.event_data.Image=x"), 0);
	assert_int_equal(routed(&t, "winlog.channel=security\x1e" "event.code=4688\x1e" "winlog.event_data.NewProcessName=X"), 1);
	assert_int_equal(routed(&t, SYSMON "event.code=12\x1e" "EventType=CreateKey\x1e" "TargetObject=x"), 1);
	assert_int_equal(routed(&t, SYSMON "event.code=12\x1e" "EventType=DeleteKey\x1e" "TargetObject=x"), 0);
	assert_int_equal(routed(&t, "event.dataset=squid.access\x1e" "url.original=x"), 1);
	assert_int_equal(routed(&t, "event.dataset=web.access\x1e" "url.original=x"), 0);
	assert_int_equal(routed(&t, "product=windows\x1e" "category=process_creation\x1e" "Image=x"), 1);
	assert_int_equal(routed(&t, "product=linux\x1e" "Image=x"), 0);
	assert_int_equal(routed(&t, "Image=x"), 1); /* nothing tells what it is */
	try_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modifiers_mean_what_the_specification_says),
		cmocka_unit_test(escapes_are_read_from_left_to_right),
		cmocka_unit_test(a_set_of_all_of_them_agrees_with_the_naive_way),
		cmocka_unit_test(conditions_bind_as_they_should),
		cmocka_unit_test(keywords_look_at_every_value_and_never_across_two),
		cmocka_unit_test(lists_of_maps_and_mixed_lists_are_alternatives),
		cmocka_unit_test(an_array_holds_when_any_element_does),
		cmocka_unit_test(a_missing_list_refuses_the_rule_by_name),
		cmocka_unit_test(a_match_says_why),
		cmocka_unit_test(rules_run_only_on_their_log_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
