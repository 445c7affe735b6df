/* SPDX-License-Identifier: Apache-2.0
 *
 * Advisories: two languages, two persons, whom they concern, what the logs say, who has read them.
 */
#include "desk_scene.h"

#include "role/store_schema.h"

static void
doit(struct scene *s, const char *login, const char *verb, int want, json_t *args)
{
	json_decref(scene_do(s, login, verb, want, args));
}

static json_t *
id_of(const char *number)
{
	return json_pack("{s:s}", "id", number);
}

static json_t *
words(void)
{
	return json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}, s:[s], s:[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}]}", "severity", "critical", "title", "ja",
	                 "VPN装置の脆弱性", "en", "A hole in VPN devices", "text", "ja", "攻撃が観測されています。", "en", "It is being attacked.", "advice", "ja", "更新してください。", "en",
	                 "Update.", "products", "fortinet", "indicators", "kind", "ip", "value", "198.51.100.7", "kind", "ip", "value", "2001:db8::7", "kind", "domain", "value",
	                 "evil-cdn.example", "kind", "hash", "value", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* aoba has a device of the product, harbor has another's */
static void
with_devices(struct scene *s)
{
	db_run(s->db, "INSERT INTO devices(tenant, lcp, device, source, first_at, lines, bytes, dropped, drops) VALUES('aoba', 'l', 'AOB-FW-01', 'fortinet.fortigate', 1, 1, 1, 0, '{}'),"
	              " ('harbor', 'l', 'HFL-1', 'fortinetlike.box', 1, 1, 1, 0, '{}')");
}

static json_t *
check_args(struct scene *s)
{
	return json_pack("{s:s, s:o}", "id", "A-1", "affected", desk_advisory_affected(s->d, "A-1"));
}

static int asked;
static char asked_query[4096], asked_products[4096];

static void
on_ask(void *ctx, const struct desk_advisory_ask *a)
{
	(void)ctx;
	asked++;
	snprintf(asked_query, sizeof asked_query, "%s", a->query);
	snprintf(asked_products, sizeof asked_products, "%s", a->products);
	assert_true(a->to - a->from == 92 * NS_PER_DAY);
}

static int
asks(struct scene *s)
{
	asked = 0;
	desk_advisory_asks(s->d, s->now, on_ask, NULL);
	return asked;
}

static void
counted(struct scene *s, const char *tenant, int n)
{
	doit(s, NULL, "advisory.counted", 200, json_pack("{s:s, s:s, s:i, s:[{s:s, s:i}]}", "id", "A-1", "tenant", tenant, "total", n, "seen", "device", "AOB-FW-01", "count", n));
}

static void
two_persons_write_it_and_those_concerned_get_it(void **st)
{
	struct scene s;
	json_t *b, *t, *doc;
	char *text;

	(void)st;
	scene_begin(&s);
	with_devices(&s);
	b = scene_do(&s, "miyoshi", "advisory.add", 200, words());
	assert_string_equal(jstr(b, "number"), "A-1");
	json_decref(b);
	doit(&s, "miyoshi", "advisory.approve", 403, id_of("A-1"));
	doit(&s, NULL, "advisory.approve", 403, id_of("A-1"));
	doit(&s, "otomo", "advisory.send", 409, id_of("A-1"));
	doit(&s, "wood", "advisory.approve", 200, id_of("A-1"));
	/* whoever changes a word has written it */
	doit(&s, "wood", "advisory.change", 200, json_pack("{s:s, s:s}", "id", "A-1", "severity", "warning"));
	doit(&s, "wood", "advisory.approve", 403, id_of("A-1"));
	doit(&s, "miyoshi", "advisory.approve", 200, id_of("A-1"));
	doit(&s, "otomo", "advisory.send", 409, id_of("A-1")); /* nobody is concerned yet */
	doit(&s, "miyoshi", "advisory.check", 200, check_args(&s));
	assert_int_equal(asks(&s), 2);
	doit(&s, "otomo", "advisory.send", 409, id_of("A-1")); /* still being counted */
	counted(&s, "aoba", 3);
	counted(&s, "harbor", 0);
	assert_int_equal(asks(&s), 0);
	/* by product: aoba's firewall is of it, harbor's box only begins alike */
	b = scene_do(&s, "otomo", "advisory.send", 200, id_of("A-1"));
	assert_string_equal(jstr(b, "state"), "sent");
	json_decref(b);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail'"), 1);
	text = db_text(s.db, "SELECT doc FROM outbox WHERE kind = 'mail'");
	doc = json_loads(text, 0, NULL);
	t = json_object_get(doc, "advisory");
	assert_string_equal(jstr(doc, "tenant"), "aoba");
	assert_int_equal(json_integer_value(json_object_get(t, "seen")), 3);
	assert_string_equal(json_string_value(json_array_get(json_object_get(t, "affected"), 0)), "AOB-FW-01");
	json_decref(doc);
	free(text);
	/* seen by whom it concerns, and by nobody else */
	doit(&s, "lowe", "advisory.show", 404, id_of("A-1"));
	doit(&s, "lowe", "advisory.read", 404, id_of("A-1"));
	b = scene_do(&s, "lowe", "advisory.list", 200, json_object());
	assert_int_equal(json_array_size(json_object_get(b, "items")), 0);
	json_decref(b);
	b = scene_do(&s, "odagiri", "advisory.read", 200, id_of("A-1"));
	assert_true(json_is_true(json_object_get(b, "read")));
	assert_int_equal(json_array_size(json_object_get(b, "tenants")), 1);
	assert_true(json_is_null(json_object_get(b, "made_by")));
	json_decref(b);
	s.now += SEC;
	doit(&s, "odagiri", "advisory.read", 200, id_of("A-1"));
	b = scene_do(&s, "miyoshi", "advisory.show", 200, id_of("A-1"));
	t = json_array_get(json_object_get(b, "tenants"), 0);
	assert_int_equal(json_array_size(json_object_get(t, "reads")), 1);
	assert_string_equal(jstr(json_object_get(json_object_get(json_array_get(json_object_get(t, "reads"), 0), "by"), "name"), "en"), "N. Odagiri");
	json_decref(b);
	/* a day later it is counted again, for 92 days; and what was sent is not written anew */
	s.now = T0 + NS_PER_DAY;
	scene_tick(&s);
	assert_int_equal(asks(&s), 1);
	doit(&s, "miyoshi", "advisory.change", 409, json_pack("{s:s, s:s}", "id", "A-1", "severity", "critical"));
	/* others can be chosen later */
	doit(&s, "otomo", "advisory.send", 200, json_pack("{s:s, s:[s]}", "id", "A-1", "tenants", "harbor"));
	b = scene_do(&s, "lowe", "advisory.show", 200, id_of("A-1"));
	assert_string_equal(jstr(json_object_get(json_array_get(json_object_get(b, "tenants"), 0), "tenant"), "id"), "harbor");
	json_decref(b);
	doit(&s, "otomo", "advisory.withdraw", 200, id_of("A-1"));
	s.now = T0 + 2 * NS_PER_DAY;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM timers WHERE kind = 'advisory.again'"), 0);
	scene_replays(&s);
	scene_end(&s);
}

static json_t *
ear(const char *tenant)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "tenant", tenant, "name", "ITSM", "shown", "https://hooks.example", "format", "json", "events", "advisory.sent", "advisory.withdrawn");
}

static int64_t
heard(struct scene *s, const char *tenant, const char *event)
{
	return db_int(s->db, -1, "SELECT count(*) FROM outbox WHERE endpoint IS NOT NULL AND event = ? AND json_extract(doc, '$.tenant') = ? AND json_extract(doc, '$.data.advisory.id') = 'A-1'"
	                         " AND json_extract(doc, '$.card.text.ja') = '攻撃が観測されています。'", Q(event), Q(tenant));
}

/* Programs of the tenants it is sent to, when it is; and of nobody else. */
static void
programs_are_told_of_it(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	with_devices(&s);
	doit(&s, NULL, "webhook.add", 200, ear("aoba"));
	doit(&s, NULL, "webhook.add", 200, ear("harbor"));
	doit(&s, "miyoshi", "advisory.add", 200, words());
	doit(&s, "wood", "advisory.approve", 200, id_of("A-1"));
	doit(&s, "miyoshi", "advisory.check", 200, check_args(&s));
	counted(&s, "aoba", 3);
	counted(&s, "harbor", 0);
	doit(&s, "otomo", "advisory.send", 200, id_of("A-1"));
	assert_int_equal(heard(&s, "aoba", "advisory.sent"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE endpoint IS NOT NULL"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE endpoint IS NOT NULL AND json_extract(doc, '$.data.advisory.seen') = 3"
	                                 " AND json_extract(doc, '$.data.advisory.affected[0]') = 'AOB-FW-01' AND json_extract(doc, '$.data.by.kind') = 'soc'"), 1);
	doit(&s, "otomo", "advisory.send", 200, json_pack("{s:s, s:[s]}", "id", "A-1", "tenants", "harbor"));
	assert_int_equal(heard(&s, "aoba", "advisory.sent"), 1);
	assert_int_equal(heard(&s, "harbor", "advisory.sent"), 1);
	doit(&s, "otomo", "advisory.withdraw", 200, id_of("A-1"));
	assert_int_equal(heard(&s, "aoba", "advisory.withdrawn"), 1);
	assert_int_equal(heard(&s, "harbor", "advisory.withdrawn"), 1);
	/* one that went to nobody is nobody's business */
	doit(&s, "miyoshi", "advisory.add", 200, words());
	doit(&s, "otomo", "advisory.withdraw", 200, id_of("A-2"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE event = 'advisory.withdrawn'"), 2);
	scene_replays(&s);
	scene_end(&s);
}

static void
it_is_checked_before_it_is_written(void **st)
{
	static const char *const bad[][2] = { { "title", "{\"ja\":\"片方だけ\"}" }, { "title", "{\"ja\":\"a\\nb\",\"en\":\"x\"}" }, { "text", "{\"ja\":\"x\",\"en\":\"\"}" },
		                              { "severity", "\"grave\"" }, { "products", "[\"../x\"]" }, { "indicators", "[{\"kind\":\"ip\",\"value\":\"1.2.3\"}]" },
		                              { "indicators", "[{\"kind\":\"domain\",\"value\":\"x\\\" or 1\"}]" }, { "indicators", "[{\"kind\":\"hash\",\"value\":\"abc\"}]" },
		                              { "indicators", "[{\"kind\":\"planet\",\"value\":\"mars\"}]" }, { "indicators", "{}" } };
	struct scene s;

	(void)st;
	scene_begin(&s);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		json_t *args = words(), *b;

		json_object_set_new(args, bad[i][0], json_loads(bad[i][1], JSON_DECODE_ANY, NULL));
		b = scene_do(&s, "miyoshi", "advisory.add", 422, args);
		assert_string_equal(jstr(b, "field"), bad[i][0]);
		json_decref(b);
	}
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM advisories"), 0);
	scene_end(&s);
}

/* What the desk writes as a question is one that the store understands. */
static void
the_question_is_one_the_store_understands(void **st)
{
	struct whys ws = { 0 };
	struct arena a;
	struct kql *q;
	struct scene s;
	json_t *body, *seen;
	int64_t total;

	(void)st;
	scene_begin(&s);
	with_devices(&s);
	doit(&s, "miyoshi", "advisory.add", 200, words());
	doit(&s, "miyoshi", "advisory.check", 200, check_args(&s));
	assert_int_equal(asks(&s), 2);
	arena_init(&a, 0, 0);
	for (int i = 0; i < 2; i++)
		if (kql_parse(slice_str(i == 0 ? asked_query : asked_products), &store_kql_schema, s.now, &a, &q, &ws) != 0) {
			struct buf b = { 0 };

			why_print(&ws.list.v[0], &b);
			fail_msg("%s: %s", i == 0 ? asked_query : asked_products, buf_cstr(&b));
		}
	arena_fini(&a);
	whys_fini(&ws);
	body = json_loads("{\"columns\":[\"nezuban.device\",\"n\",\"first\",\"last\"],\"rows\":[[\"fw\",\"12\",\"a\",\"b\"],[\"px\",3,\"a\",\"b\"]]}", 0, NULL);
	seen = desk_advisory_seen(body, &total);
	assert_int_equal(total, 15);
	assert_string_equal(jstr(json_array_get(seen, 0), "device"), "fw");
	json_decref(seen);
	json_decref(body);
	body = json_object();
	assert_null(desk_advisory_seen(body, &total));
	json_decref(body);
	/* a device whose lines are of the product is one, registered or not; twice it is still one */
	for (int i = 0; i < 2; i++)
		doit(&s, NULL, "advisory.counted", 200, json_pack("{s:s, s:s, s:[{s:s, s:s, s:s}]}", "id", "A-1", "tenant", "harbor", "heard", "lcp", "", "id", "HFL-9", "source", "fortinet.fortigate"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM advisory_tenants WHERE tenant = 'harbor' AND json_array_length(devices) = 1"), 1);
	/* what could not be counted is unknown, not zero */
	doit(&s, NULL, "advisory.counted", 200, json_pack("{s:s, s:s}", "id", "A-1", "tenant", "aoba"));
	body = scene_do(&s, "miyoshi", "advisory.show", 200, id_of("A-1"));
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(body, "tenants"), 0), "total")));
	json_decref(body);
	scene_replays(&s);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_persons_write_it_and_those_concerned_get_it),
		cmocka_unit_test(programs_are_told_of_it),
		cmocka_unit_test(it_is_checked_before_it_is_written),
		cmocka_unit_test(the_question_is_one_the_store_understands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
