/* SPDX-License-Identifier: Apache-2.0
 *
 * api: the description and the table of routes say the same, both ways; bodies and parameters are
 * checked by it; who sees which change.
 */
#include "unit.h"

#include <stdio.h>

#include "api/api.h"

static struct api_spec *spec;

static int
load(void **state)
{
	struct whys ws = { 0 };
	int rc = api_spec_load(api_spec_text(), &spec, &ws);
	struct buf out = { 0 };

	(void)state;
	if (rc != 0 && ws.list.n != 0)
		why_print(&ws.list.v[0], &out);
	if (rc != 0)
		print_error("%s\n", buf_cstr(&out));
	whys_fini(&ws);
	buf_fini(&out);
	return rc;
}

static int
unload(void **state)
{
	(void)state;
	api_spec_free(spec);
	return 0;
}

static const struct api_route *
route(const char *verb)
{
	for (size_t i = 0; i < api_route_count; i++)
		if (strcmp(api_routes[i].verb, verb) == 0)
			return &api_routes[i];
	fail_msg("no route %s", verb);
	return NULL;
}

static void
test_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < api_route_count; i++)
		if (!api_spec_has(spec, &api_routes[i]))
			fail_msg("%s %s (%s) is not in docs/openapi.yaml", api_routes[i].method, api_routes[i].path,
			         api_routes[i].verb);
	assert_int_equal(api_spec_operations(spec), api_route_count);
}

static int
body(const char *verb, const char *text, struct api_fault *f)
{
	json_t *v = text != NULL ? json_loads(text, 0, NULL) : NULL;
	int rc = api_spec_check_body(spec, route(verb), v, f);

	json_decref(v);
	return rc;
}

static void
test_bodies(void **state)
{
	struct api_fault f;

	(void)state;
	assert_int_equal(body("session.login", "{\"login\":\"a\",\"password\":\"b\"}", &f), 0);
	assert_int_equal(body("session.login", "{\"login\":\"a\"}", &f), E_TYPE);
	assert_string_equal(f.text, "lacks password");
	assert_int_equal(body("session.login", "{\"login\":\"a\",\"password\":\"b\",\"role\":\"admin\"}", &f), E_TYPE);
	assert_string_equal(f.field, "role");
	assert_int_equal(body("session.login", "{\"login\":7,\"password\":\"b\"}", &f), E_TYPE);
	assert_int_equal(body("session.login", NULL, &f), E_TYPE);
	assert_int_equal(body("candidate.claim", NULL, &f), 0);
	assert_int_equal(body("candidate.claim", "{\"x\":1}", &f), E_TYPE);
	assert_int_equal(body("candidate.decide",
	                      "{\"severity\":\"emergency\",\"answers\":{\"real\":\"yes\"},\"actions\":[{\"ja\":5}]}", &f),
	                 E_TYPE);
	assert_string_equal(f.field, "actions[0].ja");
	assert_int_equal(body("candidate.decide", "{\"severity\":\"panic\",\"answers\":{}}", &f), E_RANGE);
	assert_string_equal(f.field, "severity");
	assert_int_equal(body("lcp.enroll", "{\"tenant\":\"aoba\",\"lcp\":\"../x\"}", &f), E_RANGE);
	/* a value nested deep in an open object is not walked; in a described one it is refused */
	assert_int_equal(body("candidate.note", "{\"text\":[[[[[[[[[[1]]]]]]]]]]}", &f), E_TYPE);
}

static void
test_params(void **state)
{
	struct api_fault f;

	(void)state;
	assert_int_equal(api_spec_check_param(spec, route("queue.list"), true, SL("limit"), SL("50"), &f), 0);
	assert_int_equal(api_spec_check_param(spec, route("queue.list"), true, SL("limit"), SL("501"), &f), E_RANGE);
	assert_int_equal(api_spec_check_param(spec, route("queue.list"), true, SL("limit"), SL("5x"), &f), E_TYPE);
	assert_int_equal(api_spec_check_param(spec, route("queue.list"), true, SL("order"), SL("x"), &f), E_NOTFOUND);
	assert_int_equal(api_spec_check_param(spec, route("incident.show"), false, SL("id"), SL("AOBA-2026-0007"), &f), 0);
	assert_int_equal(api_spec_check_param(spec, route("incident.show"), false, SL("id"), SL("a'--"), &f), E_RANGE);
}

static void
test_answers(void **state)
{
	struct api_fault f;
	struct buf out = { 0 };
	json_t *v;

	(void)state;
	api_problem(&out, 403, NULL, "role", "x\"y");
	v = json_loadb(out.p, out.n, 0, NULL);
	assert_int_equal(api_spec_check_answer(spec, route("queue.list"), 403, v, &f), 0);
	json_decref(v);
	v = json_loads("{\"now\":\"yesterday\"}", 0, NULL);
	assert_int_not_equal(api_spec_check_answer(spec, route("queue.list"), 200, v, &f), 0);
	json_decref(v);
	buf_fini(&out);
}

static void
test_events(void **state)
{
	struct api_events *e = api_events_new(4);
	json_t *mask = json_pack("[s]", "harbor");
	struct api_viewer aoba = { .role = API_CUSTOMER, .tenant = "aoba" }, harbor = { .role = API_CUSTOMER, .tenant = "harbor" },
	                  staff = { .role = API_ANALYST }, masked = { .role = API_ANALYST, .tenants = mask }, none = { 0 };
	struct buf out = { 0 };
	uint64_t seq;

	(void)state;
	assert_false(api_events_add(e, SL("{\"noun\":\"incident\"}"), &seq));
	assert_false(api_events_add(e, SL("[1"), &seq));
	assert_true(api_events_add(e, SL("{\"seq\":9,\"noun\":\"incident\",\"id\":\"A\\n\",\"tenant\":\"aoba\"}"), &seq));
	assert_true(api_events_put(e, 9, &aoba, &out));
	assert_null(strstr(buf_cstr(&out), "A\n"));
	assert_false(api_events_put(e, 9, &harbor, &out));
	assert_false(api_events_put(e, 9, &masked, &out));
	assert_false(api_events_put(e, 9, &none, &out));
	assert_true(api_events_put(e, 9, &staff, &out));
	assert_true(api_events_add(e, SL("{\"seq\":10,\"noun\":\"user\",\"id\":\"u\"}"), &seq));
	assert_false(api_events_put(e, 10, &staff, &out));
	assert_true(api_events_add(e, SL("{\"seq\":11,\"noun\":\"alarm\",\"id\":\"a\",\"tenant\":\"aoba\"}"), &seq));
	assert_false(api_events_put(e, 11, &aoba, &out));
	buf_clear(&out);
	assert_true(api_events_since(e, 9, &staff, &out));
	assert_non_null(strstr(buf_cstr(&out), "id: 11"));
	assert_null(strstr(buf_cstr(&out), "id: 9"));
	for (int i = 12; i < 20; i++) {
		char text[100];

		snprintf(text, sizeof text, "{\"seq\":%d,\"noun\":\"candidate\",\"id\":\"c\",\"tenant\":\"aoba\"}", i);
		assert_true(api_events_add(e, slice_str(text), &seq));
	}
	assert_false(api_events_since(e, 9, &staff, &out)); /* the ring is shorter than that */
	json_decref(mask);
	buf_fini(&out);
	api_events_free(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_both_ways), cmocka_unit_test(test_bodies),
		                            cmocka_unit_test(test_params), cmocka_unit_test(test_answers),
		                            cmocka_unit_test(test_events) };

	return cmocka_run_group_tests_name("api", tests, load, unload);
}
