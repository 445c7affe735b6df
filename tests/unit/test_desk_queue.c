/* SPDX-License-Identifier: Apache-2.0
 *
 * The queue: every kind of work in one order, by what is due first; what weighs more first within a minute; masks, owners, kinds, the cut.
 */
#include "desk_scene.h"

static void
doit(struct scene *s, const char *login, const char *verb, int want, json_t *args)
{
	json_decref(scene_do(s, login, verb, want, args));
}

/* "kind number, …" */
static void
order_is(struct scene *s, const char *login, json_t *args, const char *want)
{
	json_t *b = scene_do(s, login, "queue.list", 200, args), *v;
	struct buf got = { 0 };
	size_t i;

	json_array_foreach(json_object_get(b, "items"), i, v)
		buf_printf(&got, "%s%s %s", i != 0 ? ", " : "", jstr(v, "kind"), jstr(v, "number"));
	assert_string_equal(buf_cstr(&got), want);
	json_decref(b);
	buf_fini(&got);
}

static json_t *
of_kind(const char *kind)
{
	return json_pack("{s:s}", "kind", kind);
}

static void
one_queue_over_everything(void **st)
{
	struct desk_answer a;
	struct scene s;
	char inc[64];
	json_t *b, *v, *mask = json_pack("[s]", "harbor"), *args;
	struct desk_actor masked = { .user = "x", .ja = "x", .en = "x", .role = "analyst", .tenants = mask };

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "critical", inc); /* its call is due in ten minutes, and then its answer */
	doit(&s, "miyoshi", "incident.task", 200, json_pack("{s:s, s:s, s:s}", "id", inc, "text", "look again", "due_at", "2026-11-18T11:08:00Z"));
	s.now += SEC;
	doit(&s, "odagiri", "inquiry.open", 200, json_pack("{s:s, s:s, s:s}", "subject", "urgent", "text", "x", "priority", "urgent"));
	doit(&s, "lowe", "inquiry.open", 200, json_pack("{s:s, s:s, s:s}", "subject", "low", "text", "x", "priority", "low"));
	doit(&s, NULL, "inquiry.receive", 200, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "from", "who@elsewhere.example", "name", "W", "subject", "hello", "text", "x", "lang", "en",
	                                                 "message_id", "<1@elsewhere.example>", "auth", "pass"));
	scene_detect(&s, "harbor", DETECTION("k2", "r2", "")); /* 15 minutes to decide */
	order_is(&s, "otomo", of_kind("all"), "task AOBA-2026-0001/1, call AOBA-2026-0001, candidate C-2, inquiry Q-1, inquiry Q-2, inquiry Q-3");
	/* programs of before get what they got */
	order_is(&s, "otomo", NULL, "candidate C-2");
	order_is(&s, "otomo", of_kind("inquiry,call"), "call AOBA-2026-0001, inquiry Q-1, inquiry Q-2, inquiry Q-3");
	order_is(&s, "miyoshi", json_pack("{s:s, s:s}", "kind", "all", "owner", "me"), "task AOBA-2026-0001/1, call AOBA-2026-0001");
	order_is(&s, "miyoshi", json_pack("{s:s, s:s}", "kind", "all", "owner", "nobody"), "candidate C-2, inquiry Q-1, inquiry Q-2, inquiry Q-3");
	order_is(&s, "miyoshi", json_pack("{s:s, s:s}", "kind", "all", "tenant", "harbor"), "candidate C-2, inquiry Q-2");
	doit(&s, "otomo", "queue.list", 422, of_kind("all,dish"));
	/* what a row says: enough to show it, to open it, to take it */
	b = scene_do(&s, "otomo", "queue.list", 200, json_pack("{s:s, s:i}", "kind", "all", "limit", 2));
	assert_int_equal(json_integer_value(json_object_get(b, "total")), 6);
	assert_true(json_is_true(json_object_get(b, "cut")));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(b, "counts"), "inquiry")), 3);
	assert_int_equal(json_integer_value(json_object_get(b, "groups")), 1);
	v = json_array_get(json_object_get(b, "items"), 0);
	assert_string_equal(jstr(v, "due_at"), "2026-11-18T11:08:00.000Z");
	assert_string_equal(jstr(v, "severity"), "critical");
	assert_string_equal(jstr(v, "incident"), inc);
	assert_string_equal(jstr(v, "claim"), "PATCH /api/v1/incidents/{incident}/tasks/{n}");
	assert_string_equal(jstr(json_object_get(v, "owner"), "id"), jstr(json_object_get(json_array_get(json_object_get(b, "items"), 1), "owner"), "id"));
	json_decref(b);
	/* a mask: its tenants, and nobody's mail is not theirs */
	args = of_kind("all");
	a = desk_ask(s.d, "queue.list", &masked, args, s.now);
	assert_int_equal(json_integer_value(json_object_get(a.body, "total")), 2);
	json_decref(a.body);
	json_decref(args);
	json_decref(mask);
	/* reached by telephone: the customer's word is awaited no more; answered: somebody has to close it */
	doit(&s, "odagiri", "incident.acknowledge", 200, json_pack("{s:s}", "id", inc));
	order_is(&s, "otomo", of_kind("call,answer"), "");
	doit(&s, "odagiri", "incident.answer", 200, json_pack("{s:s, s:s}", "id", inc, "code", "handled"));
	order_is(&s, "otomo", of_kind("call,answer"), "answer AOBA-2026-0001");
	doit(&s, "miyoshi", "incident.close", 200, json_pack("{s:s, s:s}", "id", inc, "code", "resolved"));
	order_is(&s, "otomo", of_kind("call,answer,task"), "");
	doit(&s, "miyoshi", "inquiry.message", 200, json_pack("{s:s, s:s}", "id", "Q-1", "text", "yes"));
	order_is(&s, "otomo", of_kind("inquiry"), "inquiry Q-2, inquiry Q-3");
	scene_end(&s);
}

static void
within_a_minute_what_weighs_more_is_first(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
	s.now += 20 * SEC;
	scene_detect(&s, "harbor", DETECTION("k2", "r2", ""));
	db_begin(s.db);
	db_run(s.db, "UPDATE candidates SET severity = 'warning', score = 10 WHERE number = 1");
	db_run(s.db, "UPDATE candidates SET severity = 'emergency', score = 5 WHERE number = 2");
	db_run(s.db, "UPDATE clocks SET due_at = 60000000000 * 30 + 1 WHERE candidate = (SELECT id FROM candidates WHERE number = 1)");
	db_run(s.db, "UPDATE clocks SET due_at = 60000000000 * 30 + 59000000000 WHERE candidate = (SELECT id FROM candidates WHERE number = 2)");
	assert_int_equal(db_commit(s.db), 0);
	order_is(&s, "otomo", NULL, "candidate C-2, candidate C-1");
	db_begin(s.db);
	db_run(s.db, "UPDATE clocks SET due_at = 60000000000 * 31 WHERE candidate = (SELECT id FROM candidates WHERE number = 2)");
	assert_int_equal(db_commit(s.db), 0);
	order_is(&s, "otomo", NULL, "candidate C-1, candidate C-2"); /* the next minute */
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_queue_over_everything), cmocka_unit_test(within_a_minute_what_weighs_more_is_first) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
