/* SPDX-License-Identifier: Apache-2.0
 *
 * Webhooks at the desk: who makes them, which events they hear, how a failing one ends, what is never written down.
 */
#include "desk_scene.h"

static json_t *
wish(const char *tenant, const char *format, const char *first, const char *second)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:[s, s]}", "name", "ITSM", "shown", "https://hooks.example", "format", format, "events", first, second);

	if (tenant != NULL)
		json_object_set_new(o, "tenant", json_string(tenant));
	return o;
}

static void
doit(struct scene *s, const char *login, const char *verb, int want, json_t *args)
{
	json_decref(scene_do(s, login, verb, want, args));
}

/* "event outcome-or-state …" of what an endpoint was told, oldest first. Heap. */
static char *
told(struct scene *s, const char *number)
{
	json_t *b = scene_do(s, NULL, "delivery.list", 200, json_pack("{s:s}", "id", number)), *items = json_object_get(b, "items");
	struct buf out = { 0 };
	char *text;

	for (size_t i = json_array_size(items); i-- > 0;)
		buf_printf(&out, "%s%s", out.n != 0 ? " " : "", jstr(json_array_get(items, i), "event"));
	text = x_strdup(out.n != 0 ? buf_cstr(&out) : "");
	buf_fini(&out);
	json_decref(b);
	return text;
}

static void
expect_told(struct scene *s, const char *number, const char *want)
{
	char *text = told(s, number);

	assert_string_equal(text, want);
	free(text);
}

static void
finish(struct scene *s, const char *outcome)
{
	json_t *args = json_pack("{s:I, s:s, s:i}", "job", (json_int_t)scene_count(s, "SELECT max(id) FROM outbox WHERE endpoint IS NOT NULL AND state = 'open'"), "outcome", outcome, "code", 500);

	doit(s, NULL, "job.done", 204, args);
}

static void
its_events_and_no_others(void **st)
{
	struct scene s;
	char inc[64];
	json_t *b;

	(void)st;
	scene_begin(&s);
	doit(&s, "miyoshi", "webhook.add", 422, json_pack("{s:s}", "tenant", "aoba"));
	doit(&s, NULL, "webhook.add", 422, wish("aoba", "morse", "incident.opened", "incident.closed"));
	doit(&s, NULL, "webhook.add", 422, wish("aoba", "json", "incident.opened", "incident.exploded"));
	b = wish("aoba", "json", "incident.opened", "incident.closed");
	json_object_set_new(b, "url", json_string("https://hooks.example/T0/secret")); /* the role takes it out before */
	doit(&s, NULL, "webhook.add", 422, b);
	doit(&s, "lowe", "webhook.add", 200, wish("aoba", "json", "incident.opened", "incident.closed")); /* his own tenant's, whatever he names */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM endpoints WHERE tenant = 'harbor'"), 1);
	doit(&s, "odagiri", "webhook.add", 200, wish(NULL, "json", "incident.opened", "incident.comment"));
	doit(&s, "odagiri", "webhook.add", 200, wish(NULL, "slack", "incident.acknowledged", "incident.closed"));
	scene_incident(&s, "critical", inc);
	doit(&s, "miyoshi", "incident.comment", 200, json_pack("{s:s, s:s, s:b}", "id", inc, "text", "seen \xe2\x80\xae twice", "visible", 1));
	doit(&s, "miyoshi", "incident.comment", 200, json_pack("{s:s, s:s}", "id", inc, "text", "internal"));
	doit(&s, "odagiri", "incident.acknowledge", 200, json_pack("{s:s}", "id", inc));
	doit(&s, "odagiri", "incident.comment", 200, json_pack("{s:s, s:s}", "id", inc, "text", "thank you"));
	doit(&s, "miyoshi", "incident.close", 200, json_pack("{s:s, s:s}", "id", inc, "code", "resolved"));
	expect_told(&s, "W-1", "");
	expect_told(&s, "W-2", "incident.opened incident.comment incident.comment");
	expect_told(&s, "W-3", "incident.acknowledged incident.closed");
	/* what turns writing is not passed on; log lines only to who chose them; the secret nowhere */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE json_extract(doc, '$.data.comment.text') = 'seen  twice'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE endpoint IS NOT NULL AND (doc LIKE '%\"lines\"%' OR json_extract(doc, '$.data.comment.text') = 'internal')"), 0);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM journal WHERE record LIKE '%T0/secret%'"), 0);
	doit(&s, "lowe", "webhook.show", 404, json_pack("{s:s}", "id", "W-2"));
	doit(&s, "lowe", "webhook.remove", 404, json_pack("{s:s}", "id", "W-2"));
	scene_replays(&s);
	scene_end(&s);
}

static void
lines_only_where_chosen(void **st)
{
	json_t *w = wish("aoba", "json", "incident.opened", "incident.closed");
	struct scene s;
	char inc[64];

	(void)st;
	scene_begin(&s);
	json_object_set_new(w, "raw", json_true());
	doit(&s, NULL, "webhook.add", 200, w);
	doit(&s, NULL, "webhook.add", 200, wish("aoba", "json", "incident.opened", "incident.closed"));
	scene_incident(&s, "warning", inc);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE endpoint IS NOT NULL"), 2);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE json_extract(doc, '$.data.lines[0]') = 'x'"), 1);
	scene_replays(&s);
	scene_end(&s);
}

/* A customer's dead address is told, with who acts; the service itself is well. */
static void
a_dead_one_does_not_make_the_service_unwell(void **st)
{
	struct scene s;
	char inc[64];
	json_t *b, *v;
	size_t i, seen = 0;

	(void)st;
	scene_begin(&s);
	doit(&s, "odagiri", "webhook.add", 200, wish(NULL, "json", "incident.opened", "incident.closed"));
	scene_incident(&s, "informational", inc);
	db_begin(s.db);
	db_run(s.db, "UPDATE outbox SET state = 'done' WHERE kind <> 'webhook'");
	assert_int_equal(db_commit(s.db), 0);
	s.now += 301 * SEC;
	b = scene_do(&s, NULL, "doctor.show", 200, NULL);
	json_array_foreach(json_object_get(b, "checks"), i, v) {
		if (strcmp(jstr(v, "id"), "outbox") == 0)
			seen += json_is_true(json_object_get(v, "ok"));
		else if (strcmp(jstr(v, "id"), "webhooks") == 0)
			seen += json_is_false(json_object_get(v, "ok")) && strcmp(jstr(v, "act"), "customer") == 0 && strcmp(jstr(v, "level"), "warning") == 0 &&
			        json_integer_value(json_object_get(v, "value")) == 1;
		else
			seen += json_is_false(json_object_get(v, "ok")) ? 100 : 0;
	}
	assert_int_equal(seen, 2);
	assert_true(json_is_true(json_object_get(b, "ok")));
	json_decref(b);
	scene_end(&s);
}

static void
a_failing_one_is_disabled(void **st)
{
	json_t *w = wish("aoba", "json", "webhook.test", "incident.closed"), *b;
	struct scene s;

	(void)st;
	scene_begin(&s);
	json_object_set_new(w, "days", json_integer(2));
	doit(&s, "odagiri", "webhook.add", 200, w);
	doit(&s, "odagiri", "webhook.test", 200, json_pack("{s:s}", "id", "W-1"));
	finish(&s, "deferred");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM timers WHERE kind = 'webhook.failing'"), 1);
	assert_int_equal(scene_count(&s, "SELECT not_before FROM outbox WHERE endpoint IS NOT NULL"), s.now + 15 * SEC);
	/* one that arrives takes it back */
	s.now += 20 * SEC;
	finish(&s, "sent");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM timers WHERE kind = 'webhook.failing'"), 0);
	/* for a day the same row is tried again, then it is given up; the endpoint two days after the first failure */
	doit(&s, "odagiri", "webhook.test", 200, json_pack("{s:s}", "id", "W-1"));
	finish(&s, "deferred");
	s.now += 25 * 3600 * SEC;
	finish(&s, "deferred");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE endpoint IS NOT NULL AND state = 'done' AND outcome = 'deferred'"), 1);
	doit(&s, "odagiri", "webhook.test", 200, json_pack("{s:s}", "id", "W-1"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'webhook_disabled'"), 0);
	s.now += 24 * 3600 * SEC;
	scene_tick(&s);
	b = scene_do(&s, "odagiri", "webhook.show", 200, json_pack("{s:s}", "id", "W-1"));
	assert_string_equal(jstr(b, "state"), "disabled");
	json_decref(b);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'webhook_disabled'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail' AND json_extract(doc, '$.notice') = 'words' AND shown = 'odagiri@aoba.example'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE endpoint IS NOT NULL AND state = 'open' AND cancel = 0"), 0);
	doit(&s, "odagiri", "webhook.test", 409, json_pack("{s:s}", "id", "W-1"));
	/* in use again, and an old delivery once more with the same bytes under the same key */
	doit(&s, "odagiri", "webhook.change", 200, json_pack("{s:s, s:s}", "id", "W-1", "state", "active"));
	doit(&s, "odagiri", "webhook.redeliver", 200, json_pack("{s:s, s:I}", "id", "W-1", "n", (json_int_t)scene_count(&s, "SELECT min(id) FROM outbox WHERE endpoint IS NOT NULL")));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox a JOIN outbox b ON a.key = b.key AND a.id < b.id AND a.endpoint = b.endpoint"
	                                 " AND json_extract(a.doc, '$.data') = json_extract(b.doc, '$.data') AND json_extract(a.doc, '$.at') = json_extract(b.doc, '$.at')"), 1);
	doit(&s, "odagiri", "webhook.remove", 204, json_pack("{s:s}", "id", "W-1"));
	doit(&s, "odagiri", "webhook.show", 404, json_pack("{s:s}", "id", "W-1"));
	scene_replays(&s);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_events_and_no_others), cmocka_unit_test(lines_only_where_chosen), cmocka_unit_test(a_dead_one_does_not_make_the_service_unwell), cmocka_unit_test(a_failing_one_is_disabled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
