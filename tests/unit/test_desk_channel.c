/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is told by what and when: severity × channel × hours × language out of the tenant's document, the day's
 * digest, and that nothing which asks for action or is promised ever waits for it.
 */
#include "desk_scene.h"

#include "codec/timefmt.h"

static const char yaml[] =
        "tenants:\n"
        "  - id: sakura\n    name: {ja: 桜商事, en: Sakura}\n    kana: サクラショウジ\n    short: SAKURA\n    zone: Asia/Tokyo\n    country: JP\n"
        "    code_word: {ja: ツバメ, en: swallow}\n    digest_at: '08:30'\n"
        "    channels:\n"
        "      - {severity: [warning, informational], channel: mail, when: off_hours, send: digest}\n"
        "      - {severity: informational, channel: mail, lang: en, send: never}\n"
        "      - {severity: warning, channel: mail, send: now}\n"
        "      - {severity: informational, channel: mail, send: digest}\n"
        "      - {severity: informational, channel: webhook, send: never}\n"
        "      - {severity: critical, channel: call, when: off_hours, send: never}\n"
        "    webhooks:\n"
        "      - {id: chat, url: 'https://hooks.example/T0/secret', secret: sakura}\n"
        "    contacts:\n"
        "      - {id: ito, name: 伊藤, kana: イトウ, hours: 'Mon-Fri 09:00-18:00', numbers: ['+81300000001'], mail: ito@sakura.example}\n"
        "      - {id: cole, name: Cole, kana: コール, lang: en, numbers: ['+81300000002'], mail: cole@sakura.example}\n";

static int64_t
count(struct scene *s, const char *sql)
{
	return db_int(s->db, -1, sql);
}

static void
begin(struct scene *s, const char *at)
{
	struct whys ws = { 0 };
	json_t *args;

	scene_begin(s);
	args = desk_import_read(slice_str(yaml), "c.yaml", &ws);
	if (args == NULL) {
		struct buf b = { 0 };

		why_print(&ws.list.v[0], &b);
		fail_msg("%s", buf_cstr(&b));
	}
	json_object_del(args, "secrets");
	json_decref(scene_do(s, NULL, "tenant.import", 200, args));
	whys_fini(&ws);
	assert_int_equal(time_parse_rfc3339(slice_str(at), &s->now), 0);
}

/* Decides one candidate of its own; actions: whether the customer is asked for something. */
static void
incident(struct scene *s, const char *severity, bool actions)
{
	static int k;
	char *json = x_asprintf("[{\"key\":\"k%d\",\"kind\":\"rule\",\"rule\":{\"id\":\"r%d\",\"name\":\"R\",\"level\":\"high\",\"tags\":[]},\"at\":1795000000000000000,"
	                        "\"first_at\":1795000000000000000,\"count\":1,\"entities\":[{\"kind\":\"host\",\"value\":\"h%d\",\"role\":\"target\",\"internal\":true}],"
	                        "\"evidence\":{},\"dataset\":\"d\",\"device\":\"d\",\"line\":\"\"}]", k, k, k);
	char *id;
	json_t *args;

	k++;
	scene_detect(s, "sakura", json);
	id = db_text(s->db, "SELECT id FROM candidates ORDER BY number DESC LIMIT 1");
	args = decision(s, id, severity);
	if (!actions)
		json_object_set_new(args, "actions", json_array());
	json_decref(scene_do(s, "miyoshi", "candidate.decide", 200, args));
	free(id);
	free(json);
}

/* "contact …" of the mails made so far, webhooks as "hook". */
static void
expect_told(struct scene *s, const char *want)
{
	struct rows r = db_query(s->db, "SELECT kind, contact, name FROM outbox WHERE kind <> 'call' AND (tenant = 'sakura') ORDER BY id");
	char got[200] = "";
	size_t n = 0;

	while (rows_next(&r))
		n += (size_t)snprintf(got + n, sizeof got - n, "%s%s", n != 0 ? " " : "",
		                      strcmp(row_str(&r, 0), "webhook") == 0 ? row_str(&r, 2) : row_str(&r, 1) + strlen("sakura/"));
	assert_string_equal(got, want);
}

#define IN_HOURS "2026-11-18T01:00:00Z"  /* Wednesday 10:00 */
#define OFF_HOURS "2026-11-18T12:00:00Z" /* 21:00 */
#define HOLIDAY "2026-11-23T01:00:00Z"   /* Labour Thanksgiving Day 10:00 */

static void
the_first_row_that_fits_decides(void **st)
{
	static const struct {
		const char *at, *severity, *told;
		bool actions;
	} v[] = {
		{ IN_HOURS, "emergency", "ito cole chat", true },     /* no row: mail_for */
		{ IN_HOURS, "warning", "ito cole chat", false },
		{ OFF_HOURS, "warning", "cole chat", false },         /* Cole is always in hours, Ito's waits */
		{ HOLIDAY, "warning", "cole chat", false },
		{ OFF_HOURS, "warning", "ito cole chat", true },      /* it asks for action */
		{ IN_HOURS, "informational", "", false },             /* English never, Japanese in the digest, webhook never */
	};

	(void)st;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct scene s;

		begin(&s, v[i].at);
		incident(&s, v[i].severity, v[i].actions);
		expect_told(&s, v[i].told);
		scene_end(&s);
	}
}

static void
calls_leave_nobody_alone(void **st)
{
	struct scene s;

	(void)st;
	begin(&s, OFF_HOURS);
	incident(&s, "critical", true); /* Ito is out of hours and left out by a row; Cole is called */
	assert_int_equal(count(&s, "SELECT json_array_length(steps) FROM chains"), 1);
	assert_int_equal(db_run(s.db, "UPDATE contacts SET active = 0 WHERE id = 'sakura/cole'"), 0);
	incident(&s, "critical", true); /* nobody else is left: the row gives way */
	assert_int_equal(count(&s, "SELECT count(*) FROM chains WHERE steps = '[\"sakura/ito\"]'"), 1);
	incident(&s, "emergency", true);
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'duty_manager'"), 0);
	scene_end(&s);
}

static void
a_digest_comes_once_a_day_and_holds_what_waited(void **st)
{
	struct scene s;
	char *doc;
	json_t *o;

	(void)st;
	begin(&s, OFF_HOURS);
	incident(&s, "warning", false);
	incident(&s, "informational", false);
	assert_int_equal(count(&s, "SELECT count(*) FROM timers WHERE kind = 'digest.due'"), 1);
	assert_int_equal(time_parse_rfc3339(SL("2026-11-18T23:29:59Z"), &s.now), 0); /* 08:29:59 in Tokyo */
	scene_tick(&s);
	assert_int_equal(count(&s, "SELECT count(*) FROM outbox WHERE doc LIKE '%\"notice\":\"digest\"%'"), 0);
	s.now += SEC;
	scene_tick(&s);
	assert_int_equal(count(&s, "SELECT count(*) FROM outbox WHERE doc LIKE '%\"notice\":\"digest\"%'"), 1);
	doc = db_text(s.db, "SELECT doc FROM outbox WHERE doc LIKE '%\"notice\":\"digest\"%'");
	o = json_loads(doc, 0, NULL);
	assert_string_equal(jstr(json_object_get(o, "to"), "address"), "ito@sakura.example");
	assert_int_equal(json_array_size(json_object_get(o, "items")), 2);
	assert_string_equal(jstr(json_array_get(json_object_get(o, "items"), 0), "severity"), "warning");
	json_decref(o);
	free(doc);
	/* nothing waits: no mail tomorrow */
	assert_int_equal(count(&s, "SELECT count(*) FROM digests"), 0);
	s.now += NS_PER_DAY;
	scene_tick(&s);
	assert_int_equal(count(&s, "SELECT count(*) FROM outbox WHERE doc LIKE '%\"notice\":\"digest\"%'"), 1);
	scene_end(&s);
}

static void
a_webhook_shows_no_secret(void **st)
{
	struct scene s;
	json_t *args;
	struct desk_answer a;

	(void)st;
	begin(&s, IN_HOURS);
	incident(&s, "critical", true);
	assert_int_equal(count(&s, "SELECT count(*) FROM outbox WHERE kind = 'webhook' AND shown = 'https://hooks.example' AND"
	                           " json_extract(doc, '$.hook.url') = 'https://hooks.example/T0/secret'"), 1);
	args = json_pack("{s:I, s:s}", "job", (json_int_t)count(&s, "SELECT id FROM outbox WHERE kind = 'webhook'"), "outcome", "rejected");
	a = desk_apply(s.d, "job.done", &desk_service, args, s.now);
	assert_int_equal(a.status, 204);
	json_decref(a.body);
	json_decref(args);
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'mail_rejected' AND en LIKE 'Webhook chat cannot be told (https://hooks.example).'"), 1);
	scene_end(&s);
}

static void
rows_cannot_take_the_promise_away(void **st)
{
	static const struct {
		const char *from, *to, *id;
	} v[] = {
		{ "severity: warning, channel: mail, send: now", "severity: critical, channel: mail, send: digest", "TENANT-CHANNEL" },
		{ "severity: warning, channel: mail, send: now", "severity: warning, channel: call, send: now", "TENANT-CHANNEL" },
		{ "severity: warning, channel: mail, send: now", "send: digest", "TENANT-CHANNEL" },
		{ "severity: warning, channel: mail, send: now", "severity: warning, channel: pigeon, send: now", "TENANT-WORD" },
		{ "severity: warning, channel: mail, send: now", "severity: warning, channel: mail", "TENANT-MISSING" },
		{ "'08:30'", "'24:30'", "TENANT-TIME" },
		{ "https://hooks.example/", "http://hooks.example/", "TENANT-URL" },
	};

	(void)st;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		const char *at = strstr(yaml, v[i].from);
		struct buf b = { 0 };
		struct whys ws = { 0 };
		json_t *made;

		buf_put(&b, yaml, (size_t)(at - yaml));
		buf_put_str(&b, v[i].to);
		buf_put_str(&b, at + strlen(v[i].from));
		made = desk_import_read(buf_slice(&b), "c.yaml", &ws);
		if (made != NULL)
			fail_msg("%s was taken", v[i].to);
		assert_string_equal(ws.list.v[0].id, v[i].id);
		whys_fini(&ws);
		buf_fini(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_row_that_fits_decides), cmocka_unit_test(calls_leave_nobody_alone),
		cmocka_unit_test(a_digest_comes_once_a_day_and_holds_what_waited), cmocka_unit_test(a_webhook_shows_no_secret),
		cmocka_unit_test(rows_cannot_take_the_promise_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
