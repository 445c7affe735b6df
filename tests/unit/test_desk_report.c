/* SPDX-License-Identifier: Apache-2.0
 *
 * Reports as the desk's duty: mails at seven in the tenant's zone, drafts on the first business day, the report clock,
 * and figures that add up.
 */
#include "desk_scene.h"

#include "codec/timefmt.h"
#include "desk/desk_priv.h"

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

/* The hour does not exist on one night and comes twice on another: one mail each morning all the same, and after the day it tells about. */
static void
an_hour_that_summer_time_takes_or_doubles(void **st)
{
	static const char night[] =
	        "tenants:\n  - id: harbor\n    name: {ja: ハーバー, en: Harbor Freight Lines Ltd}\n    kana: ハーバー\n    short: HARBOR\n    zone: Europe/London\n    country: GB\n"
	        "    lang: en\n    daily_at: '01:30'\n    code_word: {ja: イカリ, en: anchor}\n"
	        "    contacts:\n      - {id: lowe, name: H. Lowe, kana: ロウ, lang: en, numbers: ['+442011112222'], mail: lowe@harbor.example}\n";
	static const char *const nights[][2] = { { "2027-03-26T12:00:00Z", "2027-03-30T12:00:00Z" }, { "2027-10-29T12:00:00Z", "2027-11-02T12:00:00Z" } };
	struct scene s;

	(void)st;
	begin(&s);
	import(&s, night);
	for (size_t i = 0; i < 2; i++) {
		int64_t before, day;

		go_to(&s, nights[i][0]);
		before = mails(&s, "harbor", "daily");
		while (s.now < at(nights[i][1])) {
			s.now += 600 * SEC;
			scene_tick(&s);
		}
		assert_int_equal(mails(&s, "harbor", "daily"), before + 4);
		day = at(nights[i][0]) / DAY;
		for (int k = 0; k < 4; k++) {
			char text[16];

			day_text(day + k, text);
			assert_int_equal(db_int(s.db, 0, "SELECT count(*) FROM outbox WHERE tenant = 'harbor' AND json_extract(doc, '$.report.period.first') = ? AND queued_at >= ?", Q(text),
			                        Q((int64_t)((day + k + 1) * DAY - HOUR))), 1);
		}
	}
	scene_end(&s);
}

/* A month's figures begin and end at the tenant's midnight, whatever happens to the clocks in it, and December ends in the next year. */
static void
months_are_whole(void **st)
{
	static const char *const months[][3] = { { "harbor-2027-03", "2027-03-01T00:00:00.000Z", "2027-03-31T23:00:00.000Z" },
		                                 { "harbor-2027-10", "2027-09-30T23:00:00.000Z", "2027-11-01T00:00:00.000Z" },
		                                 { "harbor-2026-12", "2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z" },
		                                 { "aoba-2026-12", "2026-11-30T15:00:00.000Z", "2026-12-31T15:00:00.000Z" },
		                                 { "aoba-2028-02", "2028-01-31T15:00:00.000Z", "2028-02-29T15:00:00.000Z" } };
	struct scene s;

	(void)st;
	begin(&s);
	s.now = at("2028-03-02T00:00:00Z");
	for (size_t i = 0; i < sizeof months / sizeof *months; i++) {
		json_t *data = desk_report_data(s.d, &desk_service, months[i][0], s.now), *period = json_object_get(data, "period");

		assert_string_equal(jstr(period, "from"), months[i][1]);
		assert_string_equal(jstr(period, "to"), months[i][2]);
		json_decref(data);
	}
	scene_end(&s);
}

/* Tokyo, January 2028: closed until the 3rd, then four working days, and where the fifth would be stands Coming of Age Day. */
static void
a_holiday_where_the_fifth_business_day_would_be(void **st)
{
	struct scene s;

	(void)st;
	begin(&s);
	go_to(&s, "2028-01-03T20:59:59Z");
	assert_int_equal(count(&s, "SELECT count(*) FROM reports WHERE id = 'aoba-2027-12'"), 0);
	go_to(&s, "2028-01-03T21:00:00Z");
	assert_int_equal(count(&s, "SELECT due_at FROM reports WHERE id = 'aoba-2027-12'"), at("2028-01-11T15:00:00Z"));
	go_to(&s, "2028-01-07T14:59:59Z");
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'report_late' AND key = 'aoba-2027-12'"), 0);
	go_to(&s, "2028-01-07T15:00:00Z");
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'report_late' AND key = 'aoba-2027-12'"), 1);
	go_to(&s, "2028-01-11T14:59:59Z");
	assert_int_equal(count(&s, "SELECT broken FROM clocks WHERE candidate = 'aoba-2027-12'"), 0);
	go_to(&s, "2028-01-11T15:00:00Z");
	assert_int_equal(count(&s, "SELECT broken FROM clocks WHERE candidate = 'aoba-2027-12'"), 1);
	scene_end(&s);
}

/* ---- corrections ---- */

static json_t *
correct_args(const char *id, const char *figures)
{
	return json_pack("{s:s, s:{s:s, s:s}, s:s}", "id", id, "reason", "ja", "機器の行数が誤っていました。", "en", "A device's lines were wrong.", "figures", figures);
}

static json_t *
shown(struct scene *s, const char *who, const char *id, int revision)
{
	json_t *args = json_pack("{s:s}", "id", id);

	if (revision != 0)
		json_object_set_new(args, "revision", json_integer(revision));
	return scene_do(s, who, "report.show", 200, args);
}

static void
hears(struct scene *s, int lines)
{
	json_t *beat = json_pack("{s:[{s:s, s:i}]}", "devices", "id", "fw-1", "lines", lines);

	assert_int_equal(desk_heartbeat(s->d, "aoba", "lcp-1", beat, s->now), 0);
	json_decref(beat);
}

static json_int_t
lines_of(const json_t *report)
{
	return json_integer_value(json_object_get(json_object_get(json_object_get(report, "data"), "funnel"), "lines"));
}

static void
publish_november(struct scene *s)
{
	hears(s, 100);
	go_to(s, "2026-12-01T22:00:00Z");
	json_decref(scene_do(s, "miyoshi", "report.words", 200, words_args("aoba-2026-11")));
	json_decref(scene_do(s, "otomo", "report.publish", 200, publish_args(s, "aoba-2026-11")));
}

static void
list_is(struct scene *s, const char *who, const char *want)
{
	json_t *b = scene_do(s, who, "report.list", 200, json_pack("{s:s}", "tenant", "aoba")), *v;
	auto_buf struct buf got = { 0 };
	size_t i;

	json_array_foreach(json_object_get(b, "items"), i, v)
		if (strcmp(jstr(v, "id"), "aoba-2026-11") == 0)
			buf_printf(&got, "%s%d %s", got.n != 0 ? ", " : "", (int)json_integer_value(json_object_get(v, "revision")), jstr(v, "state"));
	assert_string_equal(buf_cstr(&got), want);
	json_decref(b);
}

/* Words, data, state of the first one are what they were; its readers are told, in the list and beside it, never in it. */
static void
a_published_report_is_corrected(void **st)
{
	json_t *first, *b, *old;
	struct scene s;

	(void)st;
	begin(&s);
	publish_november(&s);
	first = shown(&s, "odagiri", "aoba-2026-11", 0);
	assert_int_equal(lines_of(first), 100);
	list_is(&s, "odagiri", "1 published");
	/* wrong: lines came in late, which a correction counts */
	s.now = at("2026-12-10T00:00:00Z"); /* behind the 5th business day */
	db_run(s.db, "UPDATE lines SET lines = 160 WHERE tenant = 'aoba'");
	json_decref(scene_do(&s, "otomo", "report.correct", 422, json_pack("{s:s, s:{s:s}}", "id", "aoba-2026-11", "reason", "ja", "誤り")));
	json_decref(scene_do(&s, "otomo", "report.correct", 422, correct_args("aoba-2026-11", "guessed")));
	json_decref(scene_do(&s, "otomo", "report.correct", 409, correct_args("aoba-2026-10", "anew")));
	json_decref(scene_do(&s, "lowe", "report.correct", 404, correct_args("aoba-2026-11", "anew")));
	b = scene_do(&s, "otomo", "report.correct", 200, correct_args("aoba-2026-11", "anew"));
	assert_string_equal(jstr(b, "state"), "draft");
	assert_int_equal(json_integer_value(json_object_get(b, "revision")), 2);
	assert_string_equal(jstr(json_object_get(b, "words"), "en"), "A quiet month.");
	assert_int_equal(lines_of(b), 160);
	json_decref(b);
	json_decref(scene_do(&s, "otomo", "report.correct", 409, correct_args("aoba-2026-11", "anew")));
	list_is(&s, "odagiri", "1 correcting");
	list_is(&s, "otomo", "2 draft, 1 correcting");
	b = shown(&s, "odagiri", "aoba-2026-11", 0);
	assert_true(json_equal(json_object_get(b, "data"), json_object_get(first, "data")));
	assert_string_equal(jstr(json_object_get(json_object_get(b, "correction"), "reason"), "en"), "A device's lines were wrong.");
	json_decref(b);
	json_decref(scene_do(&s, "odagiri", "report.show", 404, json_pack("{s:s, s:i}", "id", "aoba-2026-11", "revision", 2)));
	json_decref(scene_do(&s, "otomo", "report.publish", 200, publish_args(&s, "aoba-2026-11")));
	list_is(&s, "odagiri", "2 published, 1 replaced");
	list_is(&s, "otomo", "2 published, 1 replaced");
	/* the first stands as it was, and says by which it was replaced */
	old = shown(&s, "odagiri", "aoba-2026-11", 1);
	assert_true(json_equal(json_object_get(old, "data"), json_object_get(first, "data")));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(old, "replaced_by"), "revision")), 2);
	assert_string_equal(jstr(json_object_get(json_object_get(old, "replaced_by"), "reason"), "ja"), "機器の行数が誤っていました。");
	b = shown(&s, "odagiri", "aoba-2026-11", 0);
	assert_int_equal(lines_of(b), 160);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json_object_get(b, "data"), "replaces"), "revision")), 1);
	assert_int_equal(strlen(jstr(json_object_get(json_object_get(b, "data"), "replaces"), "sha256")), 64);
	assert_null(json_object_get(b, "correction"));
	json_decref(b);
	json_decref(scene_do(&s, "lowe", "report.show", 404, json_pack("{s:s, s:i}", "id", "aoba-2026-11", "revision", 1)));
	json_decref(scene_do(&s, "otomo", "report.show", 404, json_pack("{s:s, s:i}", "id", "aoba-2026-11", "revision", 3)));
	/* two mails to one contact, and a promise judged by the first */
	assert_int_equal(mails(&s, "aoba", "published"), 2);
	assert_int_equal(count(&s, "SELECT count(*) FROM outbox WHERE json_extract(doc, '$.report.revision') = 2 AND json_extract(doc, '$.report.replaces.reason.en') <> ''"), 1);
	assert_int_equal(count(&s, "SELECT broken FROM clocks WHERE kind = 'report' AND candidate = 'aoba-2026-11'"), 0);
	assert_int_equal(count(&s, "SELECT published_at FROM reports WHERE id = 'aoba-2026-11'"), at("2026-12-01T22:00:00Z"));
	json_decref(old);
	json_decref(first);
	scene_end(&s);
}

/* With figures kept only the words change; abandoned, nothing has; and all of it is in the journal. */
static void
figures_are_kept_and_corrections_abandoned(void **st)
{
	auto_buf struct buf x = { 0 }, y = { 0 };
	json_t *first, *b, *data;
	struct db *copy;
	struct scene s;

	(void)st;
	begin(&s);
	publish_november(&s);
	first = shown(&s, "odagiri", "aoba-2026-11", 0);
	db_run(s.db, "UPDATE lines SET lines = 160 WHERE tenant = 'aoba'");
	json_decref(scene_do(&s, "otomo", "report.abandon", 409, json_pack("{s:s}", "id", "aoba-2026-11")));
	json_decref(scene_do(&s, "otomo", "report.correct", 200, correct_args("aoba-2026-11", "anew")));
	json_decref(scene_do(&s, "miyoshi", "report.words", 200, json_pack("{s:s, s:{s:s, s:s}}", "id", "aoba-2026-11", "words", "ja", "別の言葉", "en", "Other words")));
	json_decref(scene_do(&s, "otomo", "report.abandon", 200, json_pack("{s:s}", "id", "aoba-2026-11")));
	list_is(&s, "odagiri", "1 published");
	b = shown(&s, "otomo", "aoba-2026-11", 0);
	assert_true(json_equal(json_object_get(b, "data"), json_object_get(first, "data")));
	assert_null(json_object_get(b, "correction"));
	json_decref(b);
	json_decref(scene_do(&s, "otomo", "report.correct", 200, correct_args("aoba-2026-11", "kept")));
	b = shown(&s, "otomo", "aoba-2026-11", 0);
	assert_string_equal(jstr(json_object_get(b, "words"), "en"), "A quiet month."); /* not those of what was abandoned */
	json_decref(b);
	json_decref(scene_do(&s, "miyoshi", "report.words", 200, json_pack("{s:s, s:{s:s, s:s}}", "id", "aoba-2026-11", "words", "ja", "別の言葉", "en", "Other words")));
	json_decref(scene_do(&s, "otomo", "report.publish", 200, publish_args(&s, "aoba-2026-11")));
	b = shown(&s, "odagiri", "aoba-2026-11", 0);
	data = json_object_get(b, "data");
	assert_int_equal(lines_of(b), 100);
	assert_string_equal(jstr(json_object_get(data, "words"), "en"), "Other words");
	assert_string_equal(jstr(data, "made_at"), jstr(json_object_get(first, "data"), "made_at"));
	json_decref(b);
	json_decref(first);
	json_decref(scene_do(&s, "otomo", "report.correct", 200, correct_args("aoba-2026-11", "kept"))); /* and a third begins */
	list_is(&s, "otomo", "3 draft, 2 correcting, 1 replaced");
	db_run(s.db, "UPDATE lines SET lines = 100 WHERE tenant = 'aoba'");
	assert_int_equal(db_open(":memory:", &copy), 0);
	assert_int_equal(desk_replay(s.db, copy, &scene_settings), 0);
	desk_dump(s.db, &x);
	desk_dump(copy, &y);
	assert_string_equal(buf_cstr(&x), buf_cstr(&y));
	assert_non_null(strstr(buf_cstr(&x), "Other words"));
	db_close(copy);
	scene_end(&s);
}

/* A database from before corrections: what was published is revision 1. */
static void
an_older_database_keeps_what_was_published(void **st)
{
	struct db *db;
	size_t before = 0;

	(void)st;
	while (strstr(desk_schema[before], "CREATE TABLE report_revisions") == NULL)
		before++;
	assert_int_equal(db_open(":memory:", &db), 0);
	assert_int_equal(db_migrate(db, desk_schema, before), 0);
	db_run(db, "INSERT INTO tenants(id, name_ja, name_en, kana, short, zone, lang, code_ja, code_en, decide_s, call_s, doc, incidents) VALUES('aoba', '', '', '', 'A', 'UTC',"
	           " 'ja', '', '', 1, 1, '{}', 0)");
	db_run(db, "INSERT INTO reports(id, tenant, month, state, drafted_at, due_at, words_ja, words_en, recommendations, published_at, published_by, by_ja, by_en, data)"
	           " VALUES('aoba-2026-10', 'aoba', '2026-10', 'published', 1, 2, 'ja', 'en', '[]', 3, 'u', '大友', 'Otomo', '{\"v\":1}')");
	assert_int_equal(db_migrate(db, desk_schema, desk_schema_steps), 0);
	assert_int_equal(db_int(db, 0, "SELECT count(*) FROM report_revisions WHERE report = 'aoba-2026-10' AND revision = 1 AND published_at = 3 AND by_en = 'Otomo' AND data ="
	                               " '{\"v\":1}'"), 1);
	assert_int_equal(db_int(db, 0, "SELECT revision FROM reports WHERE data IS NULL"), 1);
	db_close(db);
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
		cmocka_unit_test(an_hour_that_summer_time_takes_or_doubles),         cmocka_unit_test(months_are_whole),
		cmocka_unit_test(a_holiday_where_the_fifth_business_day_would_be),   cmocka_unit_test(a_published_report_is_corrected),
		cmocka_unit_test(figures_are_kept_and_corrections_abandoned),        cmocka_unit_test(an_older_database_keeps_what_was_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
