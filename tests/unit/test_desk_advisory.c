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
static char asked_query[20000], asked_total[20000], asked_products[4096];

static void
on_ask(void *ctx, const struct desk_advisory_ask *a)
{
	(void)ctx;
	asked++;
	snprintf(asked_query, sizeof asked_query, "%s", a->query);
	snprintf(asked_total, sizeof asked_total, "%s", a->total);
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

/* When the tenant's question was put. */
static int64_t
asked_at(struct scene *s, const char *tenant)
{
	return db_int(s->db, 0, "SELECT t.asked_at FROM advisory_tenants t JOIN advisories a ON a.id = t.advisory WHERE a.number = 1 AND t.tenant = ?", Q(tenant));
}

static void
counted_for(struct scene *s, const char *tenant, int n, int64_t question)
{
	json_t *args = json_pack("{s:s, s:s, s:I, s:i, s:[]}", "id", "A-1", "tenant", tenant, "asked_at", (json_int_t)question, "total", n, "seen");

	if (n != 0)
		json_array_append_new(json_object_get(args, "seen"), json_pack("{s:s, s:i, s:s}", "device", "AOB-PX-01", "count", n, "last", "2026-11-18T10:00:00.000Z"));
	doit(s, NULL, "advisory.counted", 200, args);
}

static void
counted(struct scene *s, const char *tenant, int n)
{
	counted_for(s, tenant, n, asked_at(s, tenant));
}

static json_t *
withdrawn(const char *number)
{
	return json_pack("{s:s, s:{s:s, s:s}}", "id", number, "reason", "ja", "指標が誤りでした。", "en", "The indicators were wrong.");
}

/* The last mail's part of a step ("", "/found"); borrowed until the next. */
static json_t *
mail_of(struct scene *s, const char *step)
{
	static json_t *doc;
	auto_free char *key = x_asprintf("A-1/%%%s", step);
	auto_free char *text = db_text(s->db, "SELECT doc FROM outbox WHERE kind = 'mail' AND key LIKE ? AND (? <> '' OR (key NOT LIKE '%/found' AND key NOT LIKE '%/withdrawn')) ORDER BY id DESC", Q(key), Q(step));

	json_decref(doc);
	doc = text != NULL ? json_loads(text, 0, NULL) : NULL;
	return json_object_get(doc, "advisory");
}

static const char *
at(const json_t *o, const char *key, size_t i)
{
	return json_string_value(json_array_get(json_object_get(o, key), i));
}

static void
two_persons_write_it_and_those_concerned_get_it(void **st)
{
	struct scene s;
	json_t *b, *t;

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
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail' AND json_extract(doc, '$.tenant') = 'aoba'"), 1);
	/* what it is about, where it was seen, and apart from that the devices of its products */
	t = mail_of(&s, "");
	assert_int_equal(json_integer_value(json_object_get(t, "seen")), 3);
	assert_string_equal(at(t, "affected", 0), "AOB-FW-01");
	assert_string_equal(at(t, "products", 0), "fortinet");
	assert_string_equal(jstr(json_array_get(json_object_get(t, "indicators"), 2), "value"), "evil-cdn.example");
	assert_string_equal(jstr(json_array_get(json_object_get(t, "found"), 0), "device"), "AOB-PX-01");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(t, "found"), 0), "count")), 3);
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
	doit(&s, "otomo", "advisory.withdraw", 422, id_of("A-1")); /* those who were sent it want to know why */
	doit(&s, "otomo", "advisory.withdraw", 200, withdrawn("A-1"));
	assert_string_equal(jstr(mail_of(&s, "/withdrawn"), "what"), "withdrawn");
	assert_string_equal(jstr(json_object_get(mail_of(&s, "/withdrawn"), "reason"), "en"), "The indicators were wrong.");
	b = scene_do(&s, "odagiri", "advisory.show", 200, id_of("A-1"));
	assert_string_equal(jstr(json_object_get(b, "reason"), "ja"), "指標が誤りでした。");
	json_decref(b);
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
	doit(&s, "otomo", "advisory.withdraw", 200, withdrawn("A-1"));
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
		                              { "severity", "\"grave\"" }, { "products", "[\"a\\nb\"]" }, { "products", "[\" \"]" }, { "products", "[7]" }, { "cves", "[\"CVE-99-1\"]" },
		                              { "cves", "[\"2021-44228\"]" }, { "indicators", "[{\"kind\":\"ip\",\"value\":\"1.2.3\"}]" },
		                              { "indicators", "[{\"kind\":\"domain\",\"value\":\"x\\\" or 1\"}]" }, { "indicators", "[{\"kind\":\"hash\",\"value\":\"abc\"}]" },
		                              { "indicators", "[{\"kind\":\"planet\",\"value\":\"mars\"}]" }, { "indicators", "[{\"kind\":\"net\",\"value\":\"0.0.0.0/0\"}]" },
		                              { "indicators", "[{\"kind\":\"url\",\"value\":\"javascript:alert(1)\"}]" }, { "indicators", "[{\"kind\":\"url\",\"value\":\"http://a.example/\\\"x\"}]" },
		                              { "indicators", "[{\"kind\":\"cve\",\"value\":\"x\"}]" }, { "indicators", "{}" } };
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

/* What people paste is taken; what is kept is what can be searched for. */
static void
indicators_are_taken_as_they_are_pasted(void **st)
{
	static const char *const rows[][4] = { { "ip", " 198.51.100[.]7 ", "ip", "198.51.100.7" }, { "ip", "198.51.100.0/24", "net", "198.51.100.0/24" }, { "net", "2001:DB8::/32", "net", "2001:db8::/32" },
		                               { "domain", "Evil-CDN[.]Example.", "domain", "evil-cdn.example" }, { "domain", "*.evil(.)example", "domain", "evil.example" },
		                               { "url", "hxxps://Evil[.]Example/Path/A.exe#x", "url", "https://evil.example/Path/A.exe" }, { "url", "HXXP[://]198[.]51[.]100[.]7:8080/x", "url", "http://198.51.100.7:8080/x" },
		                               { "hash", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "hash", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" } };
	struct scene s;
	json_t *args = words(), *list = json_array(), *b, *v;

	(void)st;
	scene_begin(&s);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "kind", rows[i][0], "value", rows[i][1]));
	json_array_append_new(list, json_pack("{s:s, s:s}", "kind", "cve", "value", "cve-2021-41773"));
	json_object_set_new(args, "indicators", list);
	json_object_set_new(args, "products", json_pack("[s, s]", "apache httpd 2.4.49", "青葉 VPN 装置"));
	json_object_set_new(args, "cves", json_pack("[s, s]", "cve-2021-44228 ", "CVE-2021-44228"));
	b = scene_do(&s, "miyoshi", "advisory.add", 200, args);
	assert_int_equal(json_array_size(json_object_get(b, "indicators")), sizeof rows / sizeof *rows);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		v = json_array_get(json_object_get(b, "indicators"), i);
		assert_string_equal(jstr(v, "kind"), rows[i][2]);
		assert_string_equal(jstr(v, "value"), rows[i][3]);
	}
	assert_int_equal(json_array_size(json_object_get(b, "cves")), 2);
	assert_string_equal(at(b, "cves", 0), "CVE-2021-44228");
	assert_string_equal(at(b, "cves", 1), "CVE-2021-41773");
	assert_string_equal(at(b, "products", 0), "apache httpd 2.4.49");
	json_decref(b);
	scene_replays(&s);
	scene_end(&s);
}

static void
understood(const char *query, int64_t now)
{
	struct whys ws = { 0 };
	struct arena a;
	struct kql *q;

	arena_init(&a, 0, 0);
	if (kql_parse(slice_str(query), &store_kql_schema, now, &a, &q, &ws) != 0) {
		struct buf b = { 0 };

		why_print(&ws.list.v[0], &b);
		fail_msg("%s: %s", query, buf_cstr(&b));
	}
	arena_fini(&a);
	whys_fini(&ws);
}

/* What the desk writes as a question is one that the store understands, also when it is as long as it may be. */
static void
the_question_is_one_the_store_understands(void **st)
{
	struct scene s;
	json_t *args = words(), *list = json_object_get(args, "indicators");

	(void)st;
	scene_begin(&s);
	with_devices(&s);
	json_array_append_new(list, json_pack("{s:s, s:s}", "kind", "net", "value", "198.51.100.0/24"));
	json_array_append_new(list, json_pack("{s:s, s:s}", "kind", "url", "value", "http://evil.example:8080/a?b=c"));
	json_array_append_new(list, json_pack("{s:s, s:s}", "kind", "url", "value", "https://only-a-host.example/"));
	while (json_array_size(list) < 50)
		json_array_append_new(list, json_sprintf("x"));
	for (size_t i = 7; i < 50; i++) {
		char name[80];

		snprintf(name, sizeof name, "command-and-control-%02zu.evil.example", i);
		json_array_set_new(list, i, json_pack("{s:s, s:s}", "kind", "domain", "value", name));
	}
	doit(&s, "miyoshi", "advisory.add", 200, args);
	doit(&s, "miyoshi", "advisory.check", 200, check_args(&s));
	assert_int_equal(asks(&s), 2);
	understood(asked_query, s.now);
	understood(asked_total, s.now);
	understood(DESK_ADVISORY_HEARD, s.now);
	assert_string_equal(asked_products, "[\"fortinet\"]");
	assert_non_null(strstr(asked_query, "source.ip in (\"198.51.100.7\", \"2001:db8::7\", \"198.51.100.0/24\")"));
	assert_non_null(strstr(asked_query, "dns.resolved_ip in (\"2001:db8::7\", \"198.51.100.0/24\")"));
	assert_non_null(strstr(asked_query, "line has_any (\"198.51.100.7\", \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\")"));
	assert_non_null(strstr(asked_query, "\"evil.example:8080/a?b=c\""));
	/* one that is longer than a search may be is refused as it is written */
	args = words();
	list = json_object_get(args, "indicators");
	for (size_t i = 0; i < 40; i++) {
		char name[260];

		snprintf(name, sizeof name, "%02zu-%0220d.example", i, 0);
		json_array_append_new(list, json_pack("{s:s, s:s}", "kind", "domain", "value", name));
	}
	doit(&s, "miyoshi", "advisory.add", 422, args);
	scene_end(&s);
}

/* The store's tables; more devices than one answer holds are counted apart. */
static void
answers_of_the_store_are_read(void **st)
{
	json_t *body = json_loads("{\"columns\":[\"nezuban.device\",\"n\",\"first\",\"last\"],\"rows\":[[\"fw\",\"12\",\"a\",\"b\"],[\"px\",3,\"a\",\"b\"]]}", 0, NULL), *seen, *rows;
	int64_t total = 0, devices = 0;
	bool full;

	(void)st;
	seen = desk_advisory_seen(body, &total, &full);
	assert_int_equal(total, 15);
	assert_false(full);
	assert_string_equal(jstr(json_array_get(seen, 0), "device"), "fw");
	json_decref(seen);
	rows = json_object_get(body, "rows");
	while (json_array_size(rows) < 100)
		json_array_append_new(rows, json_pack("[s, i, s, s]", "d", 1, "a", "b"));
	seen = desk_advisory_seen(body, &total, &full);
	assert_true(full);
	json_decref(seen);
	json_decref(body);
	body = json_loads("{\"columns\":[\"n\",\"d\"],\"rows\":[[\"54321\",150]]}", 0, NULL);
	assert_true(desk_advisory_total(body, &total, &devices));
	assert_int_equal(total, 54321);
	assert_int_equal(devices, 150);
	json_decref(body);
	body = json_object();
	assert_null(desk_advisory_seen(body, &total, &full));
	assert_false(desk_advisory_total(body, &total, &devices));
	assert_null(desk_advisory_heard("[\"fortinet\"]", body));
	json_decref(body);
	body = json_loads("{\"columns\":[\"nezuban.device\",\"event.dataset\",\"n\"],\"rows\":[[\"fw\",\"fortinet.fortigate\",9],[\"ml\",\"fortinet.fortimail\",9],[\"dns\",\"zeek.dns\",9]]}", 0, NULL);
	seen = desk_advisory_heard("[\"Fortinet FortiGate 7.0\"]", body);
	assert_int_equal(json_array_size(seen), 2);
	assert_null(json_object_get(json_array_get(seen, 0), "hint"));
	assert_true(json_is_true(json_object_get(json_array_get(seen, 1), "hint")));
	json_decref(seen);
	json_decref(body);
}

/* A device whose lines are of the product is one, registered or not; twice it is still one. What could not be counted is unknown. */
static void
devices_that_are_heard_are_of_the_product(void **st)
{
	struct scene s;
	json_t *body;

	(void)st;
	scene_begin(&s);
	with_devices(&s);
	doit(&s, "miyoshi", "advisory.add", 200, words());
	for (int i = 0; i < 2; i++) {
		doit(&s, "miyoshi", "advisory.check", 200, check_args(&s));
		doit(&s, NULL, "advisory.counted", 200, json_pack("{s:s, s:s, s:I, s:[{s:s, s:s, s:s}]}", "id", "A-1", "tenant", "harbor", "asked_at", (json_int_t)asked_at(&s, "harbor"), "heard", "lcp", "", "id", "HFL-9", "source", "fortinet.fortigate"));
	}
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM advisory_tenants WHERE tenant = 'harbor' AND json_array_length(devices) = 1"), 1);
	doit(&s, NULL, "advisory.counted", 200, json_pack("{s:s, s:s, s:I}", "id", "A-1", "tenant", "aoba", "asked_at", (json_int_t)asked_at(&s, "aoba")));
	body = scene_do(&s, "miyoshi", "advisory.show", 200, id_of("A-1"));
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(body, "tenants"), 0), "total")));
	json_decref(body);
	scene_replays(&s);
	scene_end(&s);
}

/* Other words and a new question while a count is under way: its answer is to the old indicators, and is not taken for the new. */
static void
an_answer_to_an_older_question_is_none(void **st)
{
	struct scene s;
	int64_t old;

	(void)st;
	scene_begin(&s);
	with_devices(&s);
	doit(&s, "miyoshi", "advisory.add", 200, words());
	doit(&s, "miyoshi", "advisory.check", 200, check_args(&s));
	old = asked_at(&s, "aoba");
	s.now += SEC;
	doit(&s, "miyoshi", "advisory.change", 200, json_pack("{s:s, s:[{s:s, s:s}]}", "id", "A-1", "indicators", "kind", "ip", "value", "192.0.2.1"));
	doit(&s, "miyoshi", "advisory.check", 200, check_args(&s));
	counted_for(&s, "aoba", 60, old);
	assert_int_equal(asks(&s), 2); /* it is still to be asked */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM advisory_tenants WHERE total IS NOT NULL"), 0);
	counted(&s, "aoba", 0);
	assert_int_equal(scene_count(&s, "SELECT total FROM advisory_tenants WHERE tenant = 'aoba'"), 0);
	counted_for(&s, "aoba", 60, asked_at(&s, "aoba")); /* and a second answer to the same neither */
	assert_int_equal(scene_count(&s, "SELECT total FROM advisory_tenants WHERE tenant = 'aoba'"), 0);
	scene_replays(&s);
	scene_end(&s);
}

static json_t *
tenant_of(json_t *advisory, const char *id)
{
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(advisory, "tenants"), i, v)
		if (strcmp(jstr(json_object_get(v, "tenant"), "id"), id) == 0)
			return v;
	fail_msg("no %s", id);
	return NULL;
}

/* By what is registered as vulnerable, by name as a hint; and of what nothing is known that is said. */
static void
assets_are_concerned_by_cve_and_by_name(void **st)
{
	struct scene s;
	json_t *args, *b, *t, *v;

	(void)st;
	scene_begin(&s);
	with_devices(&s);
	doit(&s, "odagiri", "asset.change", 200, json_pack("{s:s, s:s, s:[s]}", "tenant", "aoba", "name", "srv-file-01", "vulnerable", "cve-2021-41773"));
	doit(&s, "odagiri", "asset.change", 422, json_pack("{s:s, s:s, s:[s]}", "tenant", "aoba", "name", "dc01", "vulnerable", "log4j"));
	doit(&s, "lowe", "asset.add", 200, json_pack("{s:s, s:s, s:[s]}", "tenant", "harbor", "name", "Apache front", "addresses", "10.30.0.4"));
	args = words();
	json_object_set_new(args, "products", json_pack("[s, s, s]", "apache httpd 2.4.49", "Fortinet FortiOS 7.0", "Vendor Thing 1.0"));
	json_object_set_new(args, "cves", json_pack("[s, s]", "CVE-2021-41773", "CVE-2099-0001"));
	json_object_set_new(args, "indicators", json_array());
	doit(&s, "miyoshi", "advisory.add", 200, args);
	b = scene_do(&s, "miyoshi", "advisory.check", 200, check_args(&s));
	t = tenant_of(b, "aoba");
	v = json_array_get(json_object_get(t, "assets"), 0);
	assert_string_equal(jstr(v, "name"), "srv-file-01");
	assert_string_equal(at(v, "cves", 0), "CVE-2021-41773");
	assert_string_equal(at(v, "addresses", 0), "10.1.0.20");
	assert_int_equal(json_array_size(json_object_get(t, "assets")), 1);
	assert_true(json_is_true(json_object_get(json_array_get(json_object_get(t, "devices"), 0), "hint"))); /* a FortiGate: the same maker */
	assert_int_equal(json_array_size(json_object_get(t, "unknown")), 3);
	assert_string_equal(at(t, "unknown", 0), "apache httpd 2.4.49");
	t = tenant_of(b, "harbor");
	v = json_array_get(json_object_get(t, "assets"), 0);
	assert_string_equal(jstr(v, "name"), "Apache front");
	assert_int_equal(json_array_size(json_object_get(v, "cves")), 0);
	assert_string_equal(at(v, "products", 0), "apache httpd 2.4.49");
	assert_string_equal(at(t, "unknown", 2), "CVE-2021-41773");
	json_decref(b);
	doit(&s, "wood", "advisory.approve", 200, id_of("A-1"));
	b = scene_do(&s, "otomo", "advisory.send", 200, json_pack("{s:s, s:b}", "id", "A-1", "anyway", 1));
	assert_false(json_is_null(json_object_get(tenant_of(b, "harbor"), "sent_at")));
	json_decref(b);
	v = mail_of(&s, "");
	t = json_array_get(json_object_get(v, "assets"), 0);
	assert_string_equal(jstr(t, "name"), "srv-file-01");
	assert_string_equal(at(t, "where", 0), "10.1.0.20");
	assert_string_equal(at(v, "maybe", 0), "AOB-FW-01");
	assert_int_equal(json_array_size(json_object_get(v, "affected")), 0);
	assert_string_equal(at(v, "unknown", 1), "Vendor Thing 1.0");
	scene_replays(&s);
	scene_end(&s);
}

/* It was told that nothing is there; weeks later something is: once. */
static void
what_is_found_later_is_told_once(void **st)
{
	static const int counts[] = { 0, 5, 0, 9 };
	struct scene s;

	(void)st;
	scene_begin(&s);
	with_devices(&s);
	doit(&s, NULL, "webhook.add", 200, json_pack("{s:s, s:s, s:s, s:s, s:[s]}", "tenant", "aoba", "name", "ITSM", "shown", "https://hooks.example", "format", "json", "events", "advisory.found"));
	doit(&s, "miyoshi", "advisory.add", 200, words());
	doit(&s, "wood", "advisory.approve", 200, id_of("A-1"));
	doit(&s, "miyoshi", "advisory.check", 200, check_args(&s));
	counted(&s, "aoba", 0);
	counted(&s, "harbor", 0);
	doit(&s, "otomo", "advisory.send", 200, id_of("A-1"));
	assert_null(mail_of(&s, "/found"));
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		s.now = T0 + (int64_t)(i + 1) * NS_PER_DAY;
		scene_tick(&s);
		counted(&s, "aoba", counts[i]);
		assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE key LIKE 'A-1/%/found'"), i == 0 ? 0 : 1);
	}
	assert_string_equal(jstr(mail_of(&s, "/found"), "what"), "found");
	assert_int_equal(json_integer_value(json_object_get(mail_of(&s, "/found"), "seen")), 5);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE event = 'advisory.found'"), 1);
	scene_replays(&s);
	scene_end(&s);
}

#define OLD NEZUBAN_SOURCE_ROOT "/tests/golden/journal/advisory-v2"

static struct db_value
blob(const char *s)
{
	return (struct db_value){ .kind = DB_BLOB, .s = slice_str(s) };
}

static char *
file_text(const char *path)
{
	auto_buf struct buf b = { 0 };
	FILE *f = fopen(path, "r");
	char part[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(part, 1, sizeof part, f)) != 0)
		buf_put(&b, part, n);
	fclose(f);
	return x_strdup(buf_cstr(&b));
}

/* A journal of before (version 2): no mail when it was withdrawn or found later, mails without what they are about, counts
 * that name no question.  Each row of the tables then is the beginning of the row now: columns are only ever added at the end. */
static void
a_journal_of_before_gives_the_same(void **st)
{
	char *records = file_text(OLD ".jsonl"), *wanted = file_text(OLD ".tables"), *line, *at_line = NULL, *row, *at_row = NULL;
	struct db *from, *to;
	struct desk *d;
	struct buf dump = { 0 };
	int64_t seq = 0;

	(void)st;
	assert_int_equal(db_open(":memory:", &from), 0);
	assert_int_equal(desk_open(from, &scene_settings, &d), 0);
	for (line = strtok_r(records, "\n", &at_line); line != NULL; line = strtok_r(NULL, "\n", &at_line))
		db_run(from, "INSERT INTO journal(seq, at, actor, command, record, prev, hash) VALUES(?, 0, '', '', ?, ?, ?)", Q(++seq), blob(line), blob(""), blob(""));
	assert_int_equal(seq, 22);
	assert_int_equal(db_open(":memory:", &to), 0);
	assert_int_equal(desk_replay(from, to, &scene_settings), 0);
	desk_dump(to, &dump);
	buf_cstr(&dump); /* ends it */
	row = strtok_r(dump.p, "\n", &at_row);
	for (line = strtok_r(wanted, "\n", &at_line); line != NULL; line = strtok_r(NULL, "\n", &at_line)) {
		assert_true(line[0] != '#' || row == NULL || row[0] == '#'); /* a row too many of the table before */
		while (line[0] == '#' && row != NULL && strcmp(row, line) != 0)
			row = strtok_r(NULL, "\n", &at_row);
		if (row == NULL || strncmp(row, line, strlen(line)) != 0)
			fail_msg("%s", row != NULL ? row : line);
		row = strtok_r(NULL, "\n", &at_row);
	}
	assert_true(row == NULL || row[0] == '#');
	desk_close(d);
	db_close(from);
	db_close(to);
	buf_fini(&dump);
	free(records);
	free(wanted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_persons_write_it_and_those_concerned_get_it),
		cmocka_unit_test(programs_are_told_of_it),
		cmocka_unit_test(it_is_checked_before_it_is_written),
		cmocka_unit_test(indicators_are_taken_as_they_are_pasted),
		cmocka_unit_test(answers_of_the_store_are_read),
		cmocka_unit_test(devices_that_are_heard_are_of_the_product),
		cmocka_unit_test(an_answer_to_an_older_question_is_none),
		cmocka_unit_test(assets_are_concerned_by_cve_and_by_name),
		cmocka_unit_test(what_is_found_later_is_told_once),
		cmocka_unit_test(a_journal_of_before_gives_the_same),
		cmocka_unit_test(the_question_is_one_the_store_understands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
