/* SPDX-License-Identifier: Apache-2.0
 *
 * Reports as the desk's duty: mails at seven in the tenant's zone, drafts on the first business day, the report clock,
 * and figures that add up.
 */
#include "desk_scene.h"

#include "codec/timefmt.h"

#define HOUR (3600 * SEC)
#define DAY (24 * HOUR)

static const char japan_yaml[] =
        "tenants:\n"
        "  - id: aoba\n    name: {ja: 青葉精機株式会社, en: Aoba Seiki}\n    kana: アオバセイキ\n    short: AOBA\n    zone: Asia/Tokyo\n"
        "    country: JP\n    closing: true\n    code_word: {ja: カワセミ, en: kingfisher}\n"
        "  - id: harbor\n    name: {ja: ハーバー, en: Harbor Freight Lines Ltd}\n    kana: ハーバー\n    short: HARBOR\n    zone: Europe/London\n"
        "    country: GB\n    lang: en\n    code_word: {ja: イカリ, en: anchor}\n"
        "    contacts:\n      - {id: lowe, name: H. Lowe, kana: ロウ, lang: en, numbers: ['+442011112222'], mail: lowe@harbor.example}\n"
        "      - {id: quiet, name: Q. Quiet, kana: クワイエット, lang: en, mail: quiet@harbor.example, reports: false}\n";

static int64_t
count(struct scene *s, const char *sql)
{
	return db_int(s->db, -1, sql);
}

static int64_t
at(const char *text)
{
	int64_t t = 0;

	assert_int_equal(time_parse_rfc3339(slice_str(text), &t), 0);
	return t;
}

static void
import(struct scene *s, const char *yaml)
{
	struct whys ws = { 0 };
	json_t *args = desk_import_read(slice_str(yaml), "t.yaml", &ws);

	assert_non_null(args);
	json_object_del(args, "secrets");
	json_decref(scene_do(s, NULL, "tenant.import", 200, args));
	whys_fini(&ws);
}

static void
begin(struct scene *s)
{
	scene_begin(s);
	import(s, japan_yaml);
}

static void
go_to(struct scene *s, const char *text)
{
	s->now = at(text);
	scene_tick(s);
}

static int64_t
mails(struct scene *s, const char *tenant, const char *kind)
{
	return db_int(s->db, -1, "SELECT count(*) FROM outbox WHERE kind = 'mail' AND tenant = ? AND json_extract(doc, '$.report.kind') = ?", Q(tenant), Q(kind));
}

/* A tenant's own hour; a document that says nothing of it sets it back to seven. */
static void
the_hour_of_the_daily_mail_is_the_tenants(void **st)
{
	static const char early[] = "tenants:\n  - {id: aoba, name: {ja: 青葉精機株式会社, en: Aoba Seiki}, kana: アオバセイキ, short: AOBA, zone: Asia/Tokyo, daily_at: '05:30', code_word: {ja: カワセミ, en: kingfisher}}\n";
	static const char wrong[] = "tenants:\n  - {id: aoba, name: {ja: 青葉, en: Aoba}, kana: アオバ, short: AOBA, daily_at: '5:30', code_word: {ja: カワセミ, en: kingfisher}}\n";
	struct whys ws = { 0 };
	struct scene s;

	(void)st;
	begin(&s);
	import(&s, early);
	assert_int_equal(count(&s, "SELECT due_at FROM timers WHERE ref = 'aoba' AND kind = 'report.daily'"), at("2026-11-18T20:30:00Z"));
	go_to(&s, "2026-11-18T20:30:00Z");
	assert_int_equal(mails(&s, "aoba", "daily"), 1);
	assert_int_equal(count(&s, "SELECT due_at FROM timers WHERE ref = 'aoba' AND kind = 'report.daily'"), at("2026-11-19T20:30:00Z"));
	import(&s, japan_yaml);
	assert_int_equal(count(&s, "SELECT due_at FROM timers WHERE ref = 'aoba' AND kind = 'report.daily'"), at("2026-11-19T22:00:00Z"));
	assert_null(desk_import_read(slice_str(wrong), "t.yaml", &ws));
	assert_int_equal(ws.list.v[0].line, 2);
	whys_fini(&ws);
	scene_end(&s);
}

static void
every_morning_at_seven_even_when_nothing_happened(void **st)
{
	json_t *doc, *report, *beat;
	struct scene s;
	char *text;

	(void)st;
	begin(&s);
	beat = json_pack("{s:[{s:s, s:i, s:s}]}", "devices", "id", "fw-1", "lines", 4711, "last_at", "2026-11-18T09:06:00Z");
	assert_int_equal(desk_heartbeat(s.d, "aoba", "lcp-1", beat, s.now), 0);
	json_decref(beat);
	go_to(&s, "2026-11-18T21:59:59Z");
	assert_int_equal(mails(&s, "aoba", "daily"), 0);
	go_to(&s, "2026-11-18T22:00:00Z"); /* 07:00 in Tokyo, where it is the 19th */
	assert_int_equal(mails(&s, "aoba", "daily"), 1);
	assert_int_equal(mails(&s, "harbor", "daily"), 0);
	scene_tick(&s);
	go_to(&s, "2026-11-19T06:59:59Z");
	assert_int_equal(mails(&s, "aoba", "daily"), 1);
	assert_int_equal(mails(&s, "harbor", "daily"), 0);
	go_to(&s, "2026-11-19T07:00:00Z");
	assert_int_equal(mails(&s, "harbor", "daily"), 1); /* not to the contact who wants none */
	text = db_text(s.db, "SELECT doc FROM outbox WHERE tenant = 'aoba' AND kind = 'mail'");
	doc = json_loads(text, 0, NULL);
	assert_string_equal(jstr(doc, "notice"), "report");
	assert_string_equal(jstr(json_object_get(doc, "to"), "lang"), "ja");
	report = json_object_get(doc, "report");
	assert_string_equal(jstr(json_object_get(report, "period"), "first"), "2026-11-18");
	assert_int_equal(json_integer_value(json_object_get(report, "incidents_total")), 0);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(report, "funnel"), "lines")), 4711);
	json_decref(doc);
	free(text);
	scene_end(&s);
}

static void
days_of_standstill_are_told_once_each(void **st)
{
	struct scene s;

	(void)st;
	begin(&s);
	go_to(&s, "2026-11-22T03:00:00Z"); /* 18th to 21st */
	assert_int_equal(mails(&s, "aoba", "daily"), 4);
	assert_int_equal(count(&s, "SELECT count(DISTINCT json_extract(doc, '$.report.id')) FROM outbox WHERE tenant = 'aoba'"), 4);
	/* an import in between neither doubles nor forgets */
	import(&s, japan_yaml);
	go_to(&s, "2026-11-22T22:00:00Z");
	assert_int_equal(mails(&s, "aoba", "daily"), 5);
	/* a month away: the last week only */
	go_to(&s, "2026-12-30T22:00:00Z");
	assert_int_equal(mails(&s, "aoba", "daily"), 5 + 7);
	assert_int_equal(count(&s, "SELECT count(*) FROM timers WHERE ref = 'aoba'"), 2);
	scene_end(&s);
}

/* More than a year, timer by timer: two changes of summer time, leap into a new year; every day once at seven. */
static void
a_year_of_mornings(void **st)
{
	const struct zone *london = zone_open(SL("Europe/London"));
	struct scene s;
	int64_t days = 0;

	(void)st;
	begin(&s);
	while (s.now < at("2027-12-01T00:00:00Z")) {
		int64_t due = count(&s, "SELECT due_at FROM timers WHERE ref = 'harbor' AND kind = 'report.daily'"), local, told;

		local = due / SEC + zone_offset_utc(london, due / SEC);
		told = count(&s, "SELECT attempt FROM timers WHERE ref = 'harbor' AND kind = 'report.daily'");
		assert_int_equal(local % 86400, 7 * 3600);
		assert_int_equal(local / 86400, told + 1);
		s.now = due;
		scene_tick(&s);
		days++;
	}
	assert_int_equal(mails(&s, "harbor", "daily"), days);
	assert_int_equal(count(&s, "SELECT count(DISTINCT json_extract(doc, '$.report.id')) FROM outbox WHERE tenant = 'harbor'"), days);
	/* the nights of 23 and 25 hours are whole: from midnight to midnight */
	assert_int_equal(count(&s, "SELECT count(*) FROM outbox WHERE json_extract(doc, '$.report.id') = 'harbor-2027-03-28' AND"
	                           " json_extract(doc, '$.report.period.from') = '2027-03-28T00:00:00.000Z' AND"
	                           " json_extract(doc, '$.report.period.to') = '2027-03-28T23:00:00.000Z'"), 1);
	assert_int_equal(count(&s, "SELECT count(*) FROM outbox WHERE json_extract(doc, '$.report.id') = 'harbor-2027-10-31' AND"
	                           " json_extract(doc, '$.report.period.from') = '2027-10-30T23:00:00.000Z' AND"
	                           " json_extract(doc, '$.report.period.to') = '2027-11-01T00:00:00.000Z'"), 1);
	assert_int_equal(count(&s, "SELECT count(*) FROM reports WHERE tenant = 'harbor'"), 13);
	assert_int_equal(count(&s, "SELECT count(*) FROM reports WHERE tenant = 'aoba'"), 13);
	scene_end(&s);
}

static json_t *
publish_args(struct scene *s, const char *id)
{
	json_t *data = desk_report_data(s->d, &desk_service, id, s->now);

	assert_non_null(data);
	return json_pack("{s:s, s:o}", "id", id, "data", data);
}

static json_t *
words_args(const char *id)
{
	return json_pack("{s:s, s:{s:s, s:s}, s:[{s:{s:s, s:s}, s:s}]}", "id", id, "words", "ja", "静かな月でした。", "en", "A quiet month.", "recommendations", "text",
	                 "ja", "二要素認証を全員に。", "en", "A second factor for everybody.", "owner", "customer");
}

/* December 2026: closed from 29 December to 3 January, so the 1st business day is Monday the 4th, the 5th Friday the 8th. */
static void
january_is_drafted_written_published(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	begin(&s);
	go_to(&s, "2027-01-03T20:59:59Z");
	assert_int_equal(count(&s, "SELECT count(*) FROM reports WHERE id = 'aoba-2026-12'"), 0);
	go_to(&s, "2027-01-03T21:00:00Z"); /* 06:00 of the 4th in Tokyo */
	assert_int_equal(count(&s, "SELECT due_at FROM reports WHERE id = 'aoba-2026-12'"), at("2027-01-08T15:00:00Z"));
	assert_int_equal(count(&s, "SELECT due_at FROM clocks WHERE kind = 'report' AND candidate = 'aoba-2026-12'"), at("2027-01-08T15:00:00Z"));
	b = scene_do(&s, "otomo", "clock.list", 200, json_object());
	assert_int_equal(json_array_size(json_object_get(b, "items")), 3); /* December, and November of both, which nobody published */
	json_decref(b);
	/* nobody may publish without words, nor see a draft as a customer, nor another tenant's */
	json_decref(scene_do(&s, "otomo", "report.publish", 409, publish_args(&s, "aoba-2026-12")));
	json_decref(scene_do(&s, "odagiri", "report.show", 404, json_pack("{s:s}", "id", "aoba-2026-12")));
	json_decref(scene_do(&s, "miyoshi", "report.words", 404, words_args("aoba-2026-13")));
	json_decref(scene_do(&s, "miyoshi", "report.draft", 409, json_pack("{s:s}", "id", "aoba-2027-01")));
	json_decref(scene_do(&s, "miyoshi", "report.draft", 409, json_pack("{s:s}", "id", "aoba-2026-12")));
	json_decref(scene_do(&s, "miyoshi", "report.words", 200, words_args("aoba-2026-12")));
	/* November was never published: that promise broke in December, and December is not closed without its cause */
	json_decref(scene_do(&s, "otomo", "report.publish", 409, publish_args(&s, "aoba-2026-12")));
	json_decref(scene_do(&s, "otomo", "report.cause", 200, json_pack("{s:s, s:s, s:s}", "id", "aoba-2026-11", "cause", "staff", "text", "forgotten")));
	json_decref(scene_do(&s, "otomo", "report.publish", 422, json_pack("{s:s}", "id", "aoba-2026-12")));
	b = scene_do(&s, "otomo", "report.publish", 200, publish_args(&s, "aoba-2026-12"));
	assert_string_equal(jstr(b, "state"), "published");
	assert_string_equal(jstr(json_object_get(json_object_get(b, "data"), "words"), "en"), "A quiet month.");
	json_decref(b);
	assert_int_equal(mails(&s, "aoba", "published"), 1);
	assert_int_equal(count(&s, "SELECT broken FROM clocks WHERE kind = 'report' AND candidate = 'aoba-2026-12'"), 0);
	assert_int_equal(count(&s, "SELECT count(*) FROM timers WHERE ref = 'aoba-2026-12'"), 0);
	/* what is out stays as it is */
	json_decref(scene_do(&s, "miyoshi", "report.words", 409, words_args("aoba-2026-12")));
	json_decref(scene_do(&s, "otomo", "report.publish", 409, publish_args(&s, "aoba-2026-12")));
	b = scene_do(&s, "odagiri", "report.list", 200, json_object());
	assert_int_equal(json_array_size(json_object_get(b, "items")), 1);
	json_decref(b);
	json_decref(scene_do(&s, "odagiri", "report.show", 200, json_pack("{s:s}", "id", "aoba-2026-12")));
	json_decref(scene_do(&s, "lowe", "report.show", 404, json_pack("{s:s}", "id", "aoba-2026-12")));
	json_decref(scene_do(&s, "lowe", "report.publish", 404, publish_args(&s, "aoba-2026-12")));
	scene_end(&s);
}

static void
late_reports_alarm_on_the_fourth_day(void **st)
{
	struct scene s;

	(void)st;
	begin(&s);
	go_to(&s, "2027-01-07T14:59:59Z");
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'report_late' AND key = 'aoba-2026-12'"), 0);
	go_to(&s, "2027-01-07T15:00:00Z"); /* the 4th business day is over in Tokyo */
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'report_late' AND key = 'aoba-2026-12'"), 1);
	assert_int_equal(count(&s, "SELECT broken FROM clocks WHERE candidate = 'aoba-2026-12'"), 0);
	go_to(&s, "2027-01-08T15:00:00Z");
	assert_int_equal(count(&s, "SELECT broken FROM clocks WHERE candidate = 'aoba-2026-12'"), 1);
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'clock_broken' AND tenant = 'aoba'"), 2);
	scene_end(&s);
}

/* Drafted by hand on 18 November: October's promise began on 2 November and is over; nothing is negative. */
static void
a_draft_after_its_time_has_the_whole_promise(void **st)
{
	struct scene s;
	json_t *b, *c;

	(void)st;
	begin(&s);
	json_decref(scene_do(&s, "miyoshi", "report.draft", 200, json_pack("{s:s}", "id", "aoba-2026-10")));
	assert_int_equal(count(&s, "SELECT started_at FROM clocks WHERE candidate = 'aoba-2026-10'"), at("2026-11-01T21:00:00Z"));
	assert_int_equal(count(&s, "SELECT due_at FROM clocks WHERE candidate = 'aoba-2026-10'"), at("2026-11-09T15:00:00Z")); /* 3 November is a holiday */
	scene_tick(&s);
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'report_late' AND en LIKE '%its time is over%'"), 1);
	assert_int_equal(count(&s, "SELECT count(*) FROM journal WHERE command = 'timer.fire' AND tenant IS NULL"), 0);
	b = desk_report_data(s.d, &desk_service, "aoba-2026-11", s.now);
	c = json_array_get(json_object_get(b, "clocks"), 3);
	assert_string_equal(jstr(c, "kind"), "report");
	assert_int_equal(json_integer_value(json_object_get(c, "limit_s")), (at("2026-11-09T15:00:00Z") - at("2026-11-01T21:00:00Z")) / SEC);
	json_decref(b);
	scene_replays(&s);
	scene_end(&s);
}

/* Asked on 30 November and due in December: November's report lists it, so November waits for its cause, and December does not. */
static void
a_promise_over_the_end_of_a_month_belongs_to_where_it_began(void **st)
{
	struct scene s;

	(void)st;
	begin(&s);
	go_to(&s, "2026-11-30T14:00:00Z"); /* 23:00 in Tokyo */
	json_decref(scene_do(&s, "odagiri", "inquiry.open", 200, json_pack("{s:s, s:s, s:s}", "kind", "question", "subject", "a", "text", "b")));
	go_to(&s, "2026-12-31T14:00:00Z");
	assert_int_equal(count(&s, "SELECT broken FROM clocks WHERE kind = 'inquiry'"), 1);
	assert_true(count(&s, "SELECT due_at FROM clocks WHERE kind = 'inquiry'") > at("2026-11-30T15:00:00Z"));
	json_decref(scene_do(&s, "miyoshi", "report.words", 200, words_args("aoba-2026-11")));
	json_decref(scene_do(&s, "otomo", "report.publish", 409, publish_args(&s, "aoba-2026-11")));
	json_decref(scene_do(&s, "otomo", "inquiry.cause", 200, json_pack("{s:s, s:s, s:s}", "id", "Q-1", "cause", "staff", "text", "forgotten")));
	json_decref(scene_do(&s, "otomo", "report.publish", 200, publish_args(&s, "aoba-2026-11")));
	scene_replays(&s);
	scene_end(&s);
}

static void
rings_after(struct scene *s, const char *incident, int seconds)
{
	int64_t job = db_int(s->db, 0, "SELECT id FROM outbox WHERE incident = ? AND kind = 'call' ORDER BY id DESC LIMIT 1", Q(incident));
	char id[24];

	s->now += seconds * SEC;
	snprintf(id, sizeof id, "%lld", (long long)job);
	json_decref(scene_do(s, NULL, "job.event", 204, json_pack("{s:s, s:s}", "job", id, "what", "ringing")));
	json_decref(scene_do(s, NULL, "job.done", 204, json_pack("{s:s, s:s}", "job", id, "outcome", "acknowledged")));
}

/* Three calls of 7, 9 and 700 seconds; the last one is broken. The percentiles are nearest ranks of exactly these. */
static void
figures_add_up(void **st)
{
	static const int took[] = { 7, 9, 700 };
	json_t *b, *data, *call;
	struct scene s;

	(void)st;
	begin(&s);
	for (int i = 0; i < 3; i++) {
		char det[900], number[16];
		json_t *inc;

		snprintf(det, sizeof det,
		         "[{\"key\":\"k%d\",\"kind\":\"rule\",\"rule\":{\"id\":\"r\",\"name\":\"R\",\"level\":\"high\",\"tags\":[]},\"at\":%lld,\"first_at\":%lld,\"count\":1,"
		         "\"entities\":[{\"kind\":\"host\",\"value\":\"h%d\",\"role\":\"target\",\"internal\":true}],\"evidence\":{\"blocked\":\"none\"},\"dataset\":\"d\",\"device\":\"x\"}]",
		         i, (long long)s.now, (long long)s.now, i);
		scene_detect(&s, "aoba", det);
		snprintf(number, sizeof number, "C-%d", i + 1);
		inc = scene_do(&s, "miyoshi", "candidate.decide", 200, decision(&s, number, "critical"));
		rings_after(&s, jstr(inc, "id"), took[i]);
		json_decref(inc);
		scene_tick(&s);
	}
	b = scene_do(&s, "otomo", "report.show", 200, json_pack("{s:s}", "id", "aoba-2026-11"));
	data = json_object_get(b, "data");
	call = json_array_get(json_object_get(data, "clocks"), 1);
	assert_string_equal(jstr(call, "kind"), "call");
	assert_int_equal(json_integer_value(json_object_get(call, "count")), 3);
	assert_int_equal(json_integer_value(json_object_get(call, "met")), 2);
	assert_int_equal(json_integer_value(json_object_get(call, "broken")), 1);
	assert_int_equal(json_integer_value(json_object_get(call, "p50_ms")), 9000);
	assert_int_equal(json_integer_value(json_object_get(call, "p95_ms")), 700000);
	assert_int_equal(json_integer_value(json_object_get(call, "max_ms")), 700000);
	assert_int_equal(json_array_size(json_object_get(data, "incidents")), 3);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json_object_get(data, "funnel"), "by_severity"), "critical")), 3);
	assert_true(json_is_false(json_object_get(json_object_get(data, "availability"), "measured")));
	assert_int_equal(json_array_size(json_object_get(data, "trend")), 6);
	assert_int_equal(json_array_size(json_object_get(data, "days")), 30);
	json_decref(b);
	/* the neighbour's report knows nothing of it */
	b = scene_do(&s, "otomo", "report.show", 200, json_pack("{s:s}", "id", "harbor-2026-11"));
	assert_int_equal(json_array_size(json_object_get(json_object_get(b, "data"), "incidents")), 0);
	json_decref(b);
	scene_end(&s);
}

/* Lines are telemetry and not in the journal; what was told about them is. */
static void
a_replay_gives_the_same_reports(void **st)
{
	auto_buf struct buf a = { 0 }, b = { 0 };
	struct scene s;
	struct db *copy;
	json_t *beat;

	(void)st;
	begin(&s);
	beat = json_pack("{s:[{s:s, s:i}]}", "devices", "id", "fw-1", "lines", 12);
	assert_int_equal(desk_heartbeat(s.d, "aoba", "lcp-1", beat, s.now), 0);
	json_decref(beat);
	go_to(&s, "2026-12-01T22:00:00Z");
	json_decref(scene_do(&s, "miyoshi", "report.words", 200, words_args("aoba-2026-11")));
	json_decref(scene_do(&s, "otomo", "report.publish", 200, publish_args(&s, "aoba-2026-11")));
	assert_int_equal(db_open(":memory:", &copy), 0);
	assert_int_equal(desk_replay(s.db, copy, &scene_settings), 0);
	desk_dump(s.db, &a);
	desk_dump(copy, &b);
	assert_string_equal(buf_cstr(&a), buf_cstr(&b));
	assert_non_null(strstr(buf_cstr(&a), "aoba-2026-11"));
	db_close(copy);
	scene_end(&s);
}

static void
timers_outlive_the_process(void **st)
{
	struct scene s;

	(void)st;
	begin(&s);
	desk_close(s.d);
	assert_int_equal(desk_open(s.db, &scene_settings, &s.d), 0);
	go_to(&s, "2026-11-18T22:00:00Z");
	assert_int_equal(mails(&s, "aoba", "daily"), 1);
	/* and the auditor misses a tenant whom nothing is planned for */
	assert_int_equal(desk_audit(s.db, s.now, (struct desk_overdue[4]){ 0 }, 4), 0);
	db_run(s.db, "DELETE FROM timers WHERE ref = 'aoba' AND kind = 'report.draft'");
	assert_int_equal(desk_audit(s.db, s.now, (struct desk_overdue[4]){ 0 }, 4), 1);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_morning_at_seven_even_when_nothing_happened),
		cmocka_unit_test(the_hour_of_the_daily_mail_is_the_tenants), cmocka_unit_test(days_of_standstill_are_told_once_each),
		cmocka_unit_test(a_year_of_mornings),                                cmocka_unit_test(january_is_drafted_written_published),
		cmocka_unit_test(late_reports_alarm_on_the_fourth_day),
		cmocka_unit_test(a_draft_after_its_time_has_the_whole_promise),
		cmocka_unit_test(a_promise_over_the_end_of_a_month_belongs_to_where_it_began),              cmocka_unit_test(figures_add_up),
		cmocka_unit_test(a_replay_gives_the_same_reports),                   cmocka_unit_test(timers_outlive_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
