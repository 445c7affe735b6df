/* SPDX-License-Identifier: Apache-2.0
 *
 * Availability from canaries: what is good, bad and left out; late ones; a killed store or engine; a collector that is off while
 * others deliver, and when nobody does; clock steps, restarts; ends of months, daylight saving, the edge of 99.90 %; maintenance,
 * exclusions; the weekly test call.
 */
#include "desk_scene.h"

#define MIN (60 * SEC)
#define DAY NS_PER_DAY

static int64_t
utc(const char *text)
{
	int64_t t;

	assert_int_equal(time_parse_rfc3339(slice_str(text), &t), 0);
	return t;
}

static void
enrol(struct scene *s, const char *tenant, const char *lcp)
{
	char token[27], hash[65], serial[33];
	struct desk_enrol e;

	desk_token_make(token, hash);
	snprintf(serial, sizeof serial, "40%s%s", tenant, lcp);
	json_decref(scene_do(s, "otomo", "lcp.enroll", 200, json_pack("{s:s, s:s, s:s}", "tenant", tenant, "lcp", lcp, "token_hash", hash)));
	assert_int_equal(desk_enrol(s->d, slice_str(token), "print", serial, s->now + 500 * DAY, s->now, &e), 0);
}

static void
beat(struct scene *s, const char *tenant, const char *lcp)
{
	json_t *o = json_pack("{s:i}", "v", 1);

	assert_int_equal(desk_heartbeat(s->d, tenant, lcp, o, s->now), 0);
	json_decref(o);
}

/* The engine's word: the canary of `minute`, in a batch of its own. */
static void
canary(struct scene *s, const char *tenant, const char *lcp, int64_t minute)
{
	struct desk_position at = { tenant, lcp, "00112233445566778899aabbccddeeff", ++s->seq };
	char text[128];

	snprintf(text, sizeof text, "{\"detections\":[],\"canaries\":[%lld],\"counts\":{\"lines\":0,\"events\":0,\"unparsed\":0}}", (long long)minute);
	assert_int_equal(desk_detections(s->d, &at, slice_str(text), s->now), 0);
}

static void
found(struct scene *s, const char *tenant, const char *lcp, int64_t minute)
{
	json_t *items = json_pack("[{s:s, s:s, s:I}]", "tenant", tenant, "lcp", lcp, "minute", (json_int_t)minute);

	assert_int_equal(desk_watch_found(s->d, items, s->now), 0);
	json_decref(items);
}

enum { C = 1, F = 2, B = 4, ALL = 7 };

/* n minutes in which these things happen to a collector. */
static void
minutes(struct scene *s, const char *tenant, const char *lcp, int64_t from, int n, int what)
{
	int64_t was = s->now;

	for (int i = 0; i < n; i++) {
		int64_t m = from / MIN + i;

		s->now = m * MIN + 31 * SEC;
		if (what & B)
			beat(s, tenant, lcp);
		if (what & C)
			canary(s, tenant, lcp, m);
		s->now += 20 * SEC;
		if (what & F)
			found(s, tenant, lcp, m);
	}
	s->now = was > s->now ? was : s->now;
}

static json_t *
month(struct scene *s, const char *login, const char *tenant, const char *text)
{
	json_t *all = scene_do(s, login, "availability.show", 200, json_pack("{s:s, s:s}", "tenant", tenant, "month", text));
	json_t *o = json_incref(json_array_get(json_object_get(all, "items"), 0));

	json_decref(all);
	assert_non_null(o);
	return o;
}

static void
counts_are(struct scene *s, const char *text, int64_t good, int64_t bad, int64_t off)
{
	json_t *o = month(s, "otomo", "aoba", text), *left = json_object_get(o, "left_out_min");

	if (json_integer_value(json_object_get(o, "good_min")) != good || json_integer_value(json_object_get(o, "bad_min")) != bad ||
	    json_integer_value(json_object_get(left, "collector_off")) != off)
		fail_msg("%s", json_dumps(o, JSON_INDENT(1)));
	json_decref(o);
}

static void
begin(struct scene *s)
{
	scene_begin(s);
	s->now = utc("2026-11-27T00:00:00Z");
	enrol(s, "aoba", "l1");
	enrol(s, "harbor", "h1");
}

static void
good_minutes_are_counted(void **st)
{
	int64_t t = utc("2026-11-27T01:00:00Z");
	struct scene s;
	json_t *o;

	(void)st;
	begin(&s);
	minutes(&s, "aoba", "l1", t, 30, ALL);
	s.now = t + 30 * MIN;
	counts_are(&s, "2026-11", 24, 0, 0); /* the last six may still come */
	s.now = t + 40 * MIN;
	o = month(&s, "odagiri", "aoba", "2026-11");
	assert_int_equal(json_integer_value(json_object_get(o, "good_min")), 30);
	assert_int_equal(json_integer_value(json_object_get(o, "bad_min")), 4); /* silent since, and no other delivers */
	assert_string_equal(jstr(o, "percent"), "88.235");
	assert_false(json_is_true(json_object_get(o, "met")));
	assert_string_equal(jstr(o, "zone"), "Asia/Tokyo");
	assert_string_equal(jstr(json_array_get(json_object_get(o, "spans"), 0), "kind"), "bad");
	assert_string_equal(jstr(json_array_get(json_object_get(o, "spans"), 0), "from"), "2026-11-27T01:30:00.000Z");
	json_decref(o);
	json_decref(scene_do(&s, "odagiri", "availability.show", 404, json_pack("{s:s}", "tenant", "harbor")));
	json_decref(scene_do(&s, "otomo", "availability.show", 422, json_pack("{s:s, s:s}", "tenant", "aoba", "month", "2026-13")));
	o = month(&s, "lowe", "harbor", "2026-11"); /* nothing was measured there: no figure, and no promise kept */
	assert_false(json_is_true(json_object_get(o, "measured")));
	assert_true(json_is_null(json_object_get(o, "percent")));
	json_decref(o);
	scene_replays(&s);
	scene_end(&s);
}

/* The store is killed for eight minutes: canaries are detected, not found. Then the engine: nothing is detected, and comes late. */
static void
killed_store_and_engine(void **st)
{
	int64_t t = utc("2026-11-27T01:00:00Z");
	struct scene s;

	(void)st;
	begin(&s);
	minutes(&s, "aoba", "l1", t, 10, ALL);
	minutes(&s, "aoba", "l1", t + 10 * MIN, 8, B | C);
	s.now = t + 18 * MIN;
	for (int i = 0; i < 8; i++) /* found when it is back: the last five minutes' in time, the others not */
		found(&s, "aoba", "l1", t / MIN + 10 + i);
	minutes(&s, "aoba", "l1", t + 18 * MIN, 2, ALL);
	minutes(&s, "aoba", "l1", t + 20 * MIN, 10, B);
	s.now = t + 30 * MIN;
	for (int i = 0; i < 10; i++) {
		canary(&s, "aoba", "l1", t / MIN + 20 + i);
		found(&s, "aoba", "l1", t / MIN + 20 + i);
	}
	minutes(&s, "aoba", "l1", t + 30 * MIN, 10, ALL);
	s.now = t + 46 * MIN;
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM watch WHERE what = 'late' AND to_m - from_m = 3"), 1);
	counts_are(&s, "2026-11", 10 + 6 + 2 + 6 + 10, 2 + 4, 0);
	scene_end(&s);
}

/* Off from minute 10 to 30: what others deliver is the evidence; without it the minutes are ours. */
static void
collector_off(void **st)
{
	int64_t t = utc("2026-11-27T01:00:00Z");
	struct scene s;

	(void)st;
	for (int others = 0; others < 2; others++) {
		begin(&s);
		if (others)
			minutes(&s, "harbor", "h1", t, 60, ALL);
		minutes(&s, "aoba", "l1", t, 10, ALL);
		minutes(&s, "aoba", "l1", t + 10 * MIN, 1, B); /* it spoke once more before it went */
		minutes(&s, "aoba", "l1", t + 30 * MIN, 1, B);
		minutes(&s, "aoba", "l1", t + 31 * MIN, 9, ALL);
		s.now = t + 46 * MIN;
		counts_are(&s, "2026-11", 19, others ? 0 : 21, others ? 21 : 0);
		scene_end(&s);
	}
	/* it speaks, and its canaries do not come: never its own fault, whoever delivers */
	begin(&s);
	minutes(&s, "harbor", "h1", t, 40, ALL);
	minutes(&s, "aoba", "l1", t, 10, ALL);
	minutes(&s, "aoba", "l1", t + 10 * MIN, 22, B);
	s.now = t + 36 * MIN;
	counts_are(&s, "2026-11", 10, 20, 0);
	scene_end(&s);
}

/* Two collectors of one tenant: one off is left out, one bad makes the minute bad; a revoked one is expected no more. */
static void
two_collectors(void **st)
{
	int64_t t = utc("2026-11-27T01:00:00Z");
	struct scene s;

	(void)st;
	begin(&s);
	enrol(&s, "aoba", "l2");
	minutes(&s, "aoba", "l1", t, 40, ALL);
	minutes(&s, "aoba", "l2", t + 5 * MIN, 5, ALL); /* counts from its first canary on */
	minutes(&s, "aoba", "l2", t + 10 * MIN, 5, B);
	s.now = t + 26 * MIN;
	counts_are(&s, "2026-11", 10 + 6, 4, 0); /* the minute after which it is silent is one in which it went */
	json_decref(scene_do(&s, "otomo", "lcp.revoke", 204, json_pack("{s:s, s:s}", "tenant", "aoba", "lcp", "l2")));
	s.now = t + 46 * MIN;
	counts_are(&s, "2026-11", 36, 4, 0);
	scene_end(&s);
}

static void
a_log_in_that_fails(void **st)
{
	int64_t t = utc("2026-11-27T01:00:00Z");
	struct scene s;

	(void)st;
	begin(&s);
	minutes(&s, "aoba", "l1", t, 20, ALL);
	for (int i = 5; i < 20; i++) /* measured from minute 5 on; not at 10, late at 11 */
		if (i != 10)
			assert_int_equal(desk_watch_login(s.d, t + i * MIN + 15 * SEC, t + i * MIN + (i == 11 ? 8 * MIN : 16 * SEC)), 0);
	s.now = t + 26 * MIN;
	counts_are(&s, "2026-11", 18, 2, 0);
	scene_end(&s);
}

/* Bad minutes say why the log-in failed; three one after the other raise one alarm. */
static void
a_log_in_that_fails_says_why(void **st)
{
	int64_t t = utc("2026-11-27T01:00:00Z");
	json_t *o, *spans;
	struct scene s;

	(void)st;
	begin(&s);
	minutes(&s, "aoba", "l1", t, 20, ALL);
	for (int i = 0; i < 20; i++) {
		int64_t at = t + i * MIN + 15 * SEC;

		if (i < 10 || i > 15)
			assert_int_equal(desk_watch_login(s.d, at, at + SEC), 0);
		else if (i < 14) /* 14 and 15: nobody told anything */
			assert_int_equal(desk_watch_no_login(s.d, i < 13 ? "certificate_expired" : "connection", at, at + SEC), 0);
		assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'login'"), i < 12 ? 0 : i < 13 ? 1 : 2);
	}
	assert_int_equal(desk_watch_no_login(s.d, "magic", t, t + SEC), 0);
	assert_int_equal(desk_watch_no_login(s.d, "time", t + 400 * DAY, t + SEC), 0);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM watch WHERE what LIKE 'fault:%'"), 2);
	s.now = t + 26 * MIN;
	counts_are(&s, "2026-11", 14, 6, 0);
	o = month(&s, "odagiri", "aoba", "2026-11");
	spans = json_object_get(o, "spans");
	assert_int_equal(json_array_size(spans), 3);
	assert_string_equal(jstr(json_object_get(json_array_get(spans, 0), "reason"), "name"), "certificate_expired");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(spans, 0), "minutes")), 3);
	assert_string_equal(jstr(json_object_get(json_object_get(json_array_get(spans, 0), "reason"), "text"), "ja"), "Web の証明書の期限が切れています");
	assert_string_equal(jstr(json_object_get(json_array_get(spans, 1), "reason"), "name"), "connection");
	assert_true(json_is_null(json_object_get(json_array_get(spans, 2), "reason")));
	json_decref(o);
	scene_end(&s);
}

/* Forward: the minutes that never were count for nobody. Back: what was good stays good. */
static void
clock_steps(void **st)
{
	int64_t t = utc("2026-11-27T01:00:00Z");
	struct scene s;

	(void)st;
	begin(&s);
	minutes(&s, "aoba", "l1", t, 10, ALL);
	s.now = t + 70 * MIN;
	json_decref(scene_do(&s, NULL, "time.step", 204, json_pack("{s:I}", "by_ns", (json_int_t)(60 * MIN))));
	minutes(&s, "aoba", "l1", t + 72 * MIN, 10, ALL);
	s.now = t + 88 * MIN;
	counts_are(&s, "2026-11", 20, 0, 0);
	s.now = t + 75 * MIN;
	json_decref(scene_do(&s, NULL, "time.step", 204, json_pack("{s:I}", "by_ns", (json_int_t)(-13 * MIN))));
	minutes(&s, "aoba", "l1", t + 75 * MIN, 10, ALL);
	s.now = t + 91 * MIN;
	counts_are(&s, "2026-11", 23, 0, 0);
	/* a canary of the future or of another year is none */
	canary(&s, "aoba", "l1", s.now / MIN + 50);
	canary(&s, "aoba", "l1", 17);
	assert_int_equal(scene_count(&s, "SELECT max(to_m) FROM watch WHERE what = 'seen'"), t / MIN + 84);
	scene_replays(&s);
	scene_end(&s);
}

/* The database is closed and opened between two canaries, one comes a second time after it: the same minutes. */
static void
a_restart_changes_nothing(void **st)
{
	int64_t t = utc("2026-11-27T01:00:00Z");
	struct scene s;

	(void)st;
	begin(&s);
	minutes(&s, "aoba", "l1", t, 10, ALL);
	desk_close(s.d);
	assert_int_equal(desk_open(s.db, &scene_settings, &s.d), 0);
	canary(&s, "aoba", "l1", t / MIN + 9);
	minutes(&s, "aoba", "l1", t + 10 * MIN, 10, ALL);
	s.now = t + 26 * MIN;
	counts_are(&s, "2026-11", 20, 0, 0);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM watch WHERE what = 'seen'"), 1);
	scene_end(&s);
}

static void
span(struct scene *s, const char *what, const char *tenant, const char *lcp, int64_t from, int64_t to)
{
	db_begin(s->db);
	db_run(s->db, "INSERT INTO watch(tenant, lcp, what, from_m, to_m) VALUES(?, ?, ?, ?, ?)", Q(tenant), Q(lcp), Q(what), Q(from / MIN), Q(to / MIN - 1));
	assert_int_equal(db_commit(s->db), 0);
}

/* A month of London in which the clocks go back has 60 minutes more than its days; one minute of the next month is not its. */
static void
months_and_daylight_saving(void **st)
{
	static const struct { const char *month, *from, *to; int64_t all, most; } v[] = {
		{ "2026-10", "2026-09-30T23:00:00Z", "2026-11-01T00:00:00Z", 31 * 1440 + 60, 44 }, /* 44,700: 44.7 may be bad */
		{ "2026-03", "2026-03-01T00:00:00Z", "2026-03-31T23:00:00Z", 31 * 1440 - 60, 44 }, /* 44,580 */
		{ "2026-02", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", 28 * 1440, 40 },      /* 40,320 */
		{ "2026-06", "2026-05-31T23:00:00Z", "2026-06-30T23:00:00Z", 30 * 1440, 43 },      /* 43,200 */
	};

	(void)st;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		for (int more = 0; more < 2; more++) {
			int64_t from = utc(v[i].from), to = utc(v[i].to), bad = (v[i].most + more) * MIN;
			struct scene s;
			json_t *o;

			scene_begin(&s);
			s.now = from - 10 * DAY;
			enrol(&s, "harbor", "h1");
			for (int k = 0; k < 3; k++) {
				static const char *const whats[] = { "seen", "found", "beat" };

				span(&s, whats[k], "harbor", "h1", from - DAY, to - bad);
				span(&s, whats[k], "harbor", "h1", to, to + DAY);
			}
			s.now = to + DAY;
			o = month(&s, "lowe", "harbor", v[i].month);
			assert_string_equal(jstr(o, "zone"), "Europe/London");
			assert_int_equal(json_integer_value(json_object_get(o, "good_min")) + json_integer_value(json_object_get(o, "bad_min")), v[i].all);
			assert_int_equal(json_integer_value(json_object_get(o, "bad_min")), v[i].most + more);
			assert_int_equal(json_is_true(json_object_get(o, "met")), more == 0);
			if (more == 0)
				assert_true(strcmp(jstr(o, "percent"), "99.900") >= 0);
			else
				assert_true(strncmp(jstr(o, "percent"), "99.8", 4) == 0);
			json_decref(o);
			scene_end(&s);
		}
}

static json_t *
window(int64_t from, int64_t to)
{
	char a[40], b[40];

	time_format_rfc3339(a, from, 3);
	time_format_rfc3339(b, to, 3);
	return json_pack("{s:s, s:s, s:{s:s, s:s}}", "from", a, "to", b, "reason", "ja", "更新のため", "en", "an update");
}

static void
maintenance_is_left_out_when_it_was_told_in_time(void **st)
{
	int64_t t = utc("2026-11-27T01:00:00Z");
	struct scene s;
	json_t *o, *m;

	(void)st;
	begin(&s);
	/* 72 hours before, and a second later than that */
	s.now = t + 12 * MIN - 72 * 60 * MIN;
	json_decref(scene_do(&s, "otomo", "maintenance.add", 200, window(t + 12 * MIN, t + 17 * MIN)));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail' AND key LIKE 'maintenance/%'"), 1); /* one contact of two tenants has mail */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE doc LIKE '%10:12 から 2026-11-27 10:17 まで（Asia/Tokyo）%' AND doc NOT LIKE '%緊急%'"), 1);
	s.now += 5 * MIN + SEC;
	json_decref(scene_do(&s, "otomo", "maintenance.add", 200, window(t + 17 * MIN, t + 20 * MIN)));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE doc LIKE '%緊急保守作業のお知らせ%' AND doc LIKE '%可用性の計算に含めます%'"), 1);
	o = scene_do(&s, "odagiri", "maintenance.list", 200, NULL);
	assert_true(json_is_true(json_object_get(json_array_get(json_object_get(o, "items"), 0), "urgent")));
	assert_true(json_is_false(json_object_get(json_array_get(json_object_get(o, "items"), 1), "urgent")));
	json_decref(o);
	minutes(&s, "aoba", "l1", t, 10, ALL);
	/* an outage that is under way does not become maintenance by being called so a second before its next minute */
	s.now = t + 10 * MIN;
	json_decref(scene_do(&s, "otomo", "maintenance.add", 200, window(s.now + SEC, t + 12 * MIN)));
	json_decref(scene_do(&s, "otomo", "maintenance.add", 422, window(t + 8 * MIN, t + 12 * MIN)));
	minutes(&s, "aoba", "l1", t + 20 * MIN, 10, ALL);
	s.now = t + 36 * MIN;
	m = month(&s, "odagiri", "aoba", "2026-11");
	assert_int_equal(json_integer_value(json_object_get(m, "good_min")), 20);
	assert_int_equal(json_integer_value(json_object_get(m, "bad_min")), 5);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(m, "left_out_min"), "maintenance")), 5);
	json_decref(m);
	scene_replays(&s);
	scene_end(&s);
}

static json_t *
excluded(int64_t from, int64_t to, const char *evidence)
{
	char a[40], b[40];

	time_format_rfc3339(a, from, 3);
	time_format_rfc3339(b, to, 3);
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "tenant", "aoba", "from", a, "to", b, "reason", "power", "evidence", evidence);
}

static void
nobody_leaves_minutes_out_alone(void **st)
{
	static const char *const bad[] = { "because", "Q-2", "Q-", "gap:l1", "gap:l9", "gap:", "HARBOR-2026-0001" };
	int64_t t = utc("2026-11-27T01:00:00Z");
	struct scene s;
	json_t *o, *id, *list, *v;

	(void)st;
	begin(&s);
	s.now = t;
	json_decref(scene_do(&s, "odagiri", "inquiry.open", 200, json_pack("{s:s, s:s}", "subject", "power is off", "text", "x")));
	json_decref(scene_do(&s, "lowe", "inquiry.open", 200, json_pack("{s:s, s:s}", "subject", "of another tenant", "text", "x")));
	minutes(&s, "aoba", "l1", t, 10, ALL);
	minutes(&s, "aoba", "l1", t + 20 * MIN, 10, ALL);
	s.now = t + 36 * MIN;
	counts_are(&s, "2026-11", 20, 10, 0);
	/* what cannot be looked up is no evidence; nor is a gap that was none */
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		json_decref(scene_do(&s, "otomo", "exclusion.add", 422, excluded(t + 9 * MIN, t + 15 * MIN, bad[i])));
	o = scene_do(&s, "otomo", "exclusion.add", 200, excluded(t + 10 * MIN, t + 20 * MIN, "Q-1"));
	id = json_pack("{s:s}", "id", jstr(o, "id"));
	json_decref(o);
	counts_are(&s, "2026-11", 20, 10, 0); /* proposed only */
	json_decref(scene_do(&s, "otomo", "exclusion.approve", 403, json_incref(id)));
	json_decref(scene_do(&s, NULL, "exclusion.approve", 403, json_incref(id)));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE key LIKE 'exclusion/%'"), 0);
	json_decref(scene_do(&s, "miyoshi", "exclusion.approve", 200, json_incref(id)));
	counts_are(&s, "2026-11", 20, 0, 0);
	json_decref(scene_do(&s, "miyoshi", "exclusion.approve", 409, json_incref(id)));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE key LIKE 'exclusion/%/active/%' AND doc LIKE '%/portal/inquiries/new?exclusion=%'"), 1);
	/* the customer does not agree; who decides sees it */
	json_decref(scene_do(&s, "lowe", "inquiry.open", 422, json_pack("{s:s, s:s, s:s}", "subject", "a", "text", "b", "exclusion", jstr(id, "id"))));
	o = scene_do(&s, "odagiri", "inquiry.open", 200, json_pack("{s:s, s:s, s:s}", "subject", "it was only an hour", "text", "x", "exclusion", jstr(id, "id")));
	assert_string_equal(jstr(o, "exclusion"), jstr(id, "id"));
	json_decref(o);
	list = scene_do(&s, "otomo", "exclusion.list", 200, NULL);
	v = json_array_get(json_object_get(list, "items"), 0);
	assert_string_equal(jstr(v, "state"), "active");
	assert_string_equal(json_string_value(json_array_get(json_object_get(v, "inquiries"), 0)), "Q-3");
	assert_string_equal(jstr(json_object_get(json_object_get(v, "approved_by"), "name"), "en"), "K. Miyoshi");
	json_decref(list);
	json_decref(scene_do(&s, "otomo", "exclusion.withdraw", 200, json_incref(id)));
	counts_are(&s, "2026-11", 20, 10, 0);
	json_decref(scene_do(&s, "otomo", "exclusion.withdraw", 404, id));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE key LIKE 'exclusion/%/over/%'"), 1);
	/* the service itself heard nothing, and was there to hear: that is evidence; a day and more needs words */
	json_decref(scene_do(&s, "otomo", "exclusion.add", 422, excluded(t + 10 * MIN, t + 20 * MIN, "gap:l1")));
	minutes(&s, "harbor", "h1", t + 10 * MIN, 9, ALL);
	json_decref(scene_do(&s, "otomo", "exclusion.add", 422, excluded(t + 10 * MIN, t + 20 * MIN, "gap:l1")));
	minutes(&s, "harbor", "h1", t + 19 * MIN, 1, ALL);
	json_decref(scene_do(&s, "otomo", "exclusion.add", 200, excluded(t + 10 * MIN, t + 20 * MIN, "gap:l1")));
	o = excluded(t - 1441 * MIN, t, "Q-1");
	json_decref(scene_do(&s, "otomo", "exclusion.add", 422, json_incref(o)));
	json_object_set_new(o, "words", json_string("a week-end without power, announced by the customer"));
	json_decref(scene_do(&s, "otomo", "exclusion.add", 200, o));
	scene_replays(&s);
	scene_end(&s);
}

static void
what_was_not_measured_was_neither_kept_nor_broken(void **st)
{
	struct scene s;
	json_t *o;

	(void)st;
	begin(&s);
	o = month(&s, "odagiri", "aoba", "2026-10");
	assert_true(json_is_false(json_object_get(o, "measured")));
	assert_true(json_is_null(json_object_get(o, "met")));
	assert_true(json_is_null(json_object_get(o, "percent")));
	json_decref(o);
	scene_end(&s);
}

static void
what_does_not_come_back_is_told(void **st)
{
	int64_t t = utc("2026-11-27T01:00:00Z");
	struct scene s;

	(void)st;
	begin(&s);
	minutes(&s, "aoba", "l1", t, 10, ALL);
	for (int i = 10; i < 20; i++) {
		minutes(&s, "aoba", "l1", t + i * MIN, 1, B);
		s.now = t + (i + 1) * MIN;
		assert_int_equal(desk_watch_alarms(s.d, s.now), 0);
		assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'canary'"), i >= 15);
	}
	scene_end(&s);
	/* one that is off is no fault of the way, and is told elsewhere */
	begin(&s);
	minutes(&s, "aoba", "l1", t, 10, ALL);
	s.now = t + 30 * MIN;
	assert_int_equal(desk_watch_alarms(s.d, s.now), 0);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms"), 0);
	scene_end(&s);
	/* detected, never found */
	begin(&s);
	minutes(&s, "aoba", "l1", t, 10, ALL);
	minutes(&s, "aoba", "l1", t + 10 * MIN, 10, B | C);
	s.now = t + 20 * MIN;
	assert_int_equal(desk_watch_alarms(s.d, s.now), 0);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'canary_store'"), 1);
	scene_end(&s);
}

/* ---- the weekly call ---- */

static int64_t
job_of(struct scene *s)
{
	return db_int(s->db, 0, "SELECT id FROM outbox WHERE kind = 'call' AND state = 'open'");
}

static void
job_done(struct scene *s, int64_t job, const char *outcome)
{
	char id[24];

	snprintf(id, sizeof id, "%lld", (long long)job);
	json_decref(scene_do(s, NULL, "job.done", 204, json_pack("{s:s, s:s}", "job", id, "outcome", outcome)));
}

/* Mondays at 09:30 of London, over the night in which the clocks go forward: each at 09:30 there. */
static void
a_call_a_week(void **st)
{
	static const char *const wanted[] = { "2027-03-22T09:30:00.000Z", "2027-03-29T08:30:00.000Z", "2027-04-05T08:30:00.000Z" };
	struct scene s;
	json_t *o, *list;
	char *doc;

	(void)st;
	scene_begin(&s);
	s.now = utc("2027-03-17T12:00:00Z");
	json_decref(scene_do(&s, "otomo", "appointment.add", 422, json_pack("{s:s, s:i, s:s, s:s}", "tenant", "harbor", "weekday", 1, "time", "24:30", "contact", "lowe")));
	json_decref(scene_do(&s, "otomo", "appointment.add", 422, json_pack("{s:s, s:i, s:s, s:s}", "tenant", "harbor", "weekday", 1, "time", "09:30", "contact", "odagiri")));
	o = scene_do(&s, "otomo", "appointment.add", 200, json_pack("{s:s, s:i, s:s, s:s}", "tenant", "harbor", "weekday", 1, "time", "09:30", "contact", "lowe"));
	/* not twice the same, and at night only when that is meant */
	json_decref(scene_do(&s, "otomo", "appointment.add", 409, json_pack("{s:s, s:i, s:s, s:s}", "tenant", "harbor", "weekday", 1, "time", "09:30", "contact", "lowe")));
	{
		json_t *night = json_pack("{s:s, s:i, s:s, s:s}", "tenant", "harbor", "weekday", 2, "time", "03:00", "contact", "lowe"), *b;

		s.now += SEC; /* the list is in the order they were made */
		b = scene_do(&s, "otomo", "appointment.add", 409, json_incref(night));
		assert_string_equal(jstr(b, "field"), "anyway");
		json_decref(b);
		json_object_set_new(night, "anyway", json_true());
		b = scene_do(&s, "otomo", "appointment.add", 200, night);
		json_decref(scene_do(&s, "otomo", "appointment.end", 200, json_pack("{s:s}", "id", jstr(b, "id"))));
		json_decref(b);
	}
	for (int i = 0; i < 3; i++) {
		list = scene_do(&s, "lowe", "appointment.list", 200, json_object());
		assert_string_equal(jstr(json_array_get(json_object_get(list, "items"), 0), "next_at"), wanted[i]);
		json_decref(list);
		s.now = utc(wanted[i]) - SEC;
		scene_tick(&s);
		assert_int_equal(job_of(&s), 0);
		s.now += 2 * SEC;
		scene_tick(&s);
		assert_true(job_of(&s) != 0);
		doc = db_text(s.db, "SELECT doc FROM outbox WHERE id = ?", Q(job_of(&s)));
		assert_non_null(strstr(doc, "\"test\":true"));
		assert_non_null(strstr(doc, "no incident"));
		free(doc);
		job_done(&s, job_of(&s), i == 1 ? "no_answer" : "acknowledged");
	}
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'test_call'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM incidents"), 0);
	list = scene_do(&s, "lowe", "appointment.list", 200, json_object());
	assert_int_equal(json_array_size(json_object_get(json_array_get(json_object_get(list, "items"), 0), "calls")), 3);
	json_decref(list);
	json_decref(scene_do(&s, "odagiri", "appointment.call", 404, json_pack("{s:s}", "id", jstr(o, "id"))));
	json_decref(scene_do(&s, "otomo", "appointment.call", 200, json_pack("{s:s}", "id", jstr(o, "id"))));
	json_decref(scene_do(&s, "otomo", "appointment.call", 409, json_pack("{s:s}", "id", jstr(o, "id"))));
	job_done(&s, job_of(&s), "acknowledged");
	/* the service was down when it was due: not made hours later, but told */
	s.now = utc("2027-04-12T11:30:00Z");
	scene_tick(&s);
	assert_int_equal(job_of(&s), 0);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM test_calls WHERE outcome = 'missed'"), 1);
	json_decref(scene_do(&s, "otomo", "appointment.end", 200, json_pack("{s:s}", "id", jstr(o, "id"))));
	s.now += 30 * DAY;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM test_calls"), 5);
	json_decref(o);
	scene_replays(&s);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_minutes_are_counted),
		cmocka_unit_test(killed_store_and_engine),
		cmocka_unit_test(collector_off),
		cmocka_unit_test(two_collectors),
		cmocka_unit_test(a_log_in_that_fails), cmocka_unit_test(a_log_in_that_fails_says_why),
		cmocka_unit_test(clock_steps),
		cmocka_unit_test(a_restart_changes_nothing),
		cmocka_unit_test(months_and_daylight_saving),
		cmocka_unit_test(maintenance_is_left_out_when_it_was_told_in_time),
		cmocka_unit_test(nobody_leaves_minutes_out_alone),
		cmocka_unit_test(what_was_not_measured_was_neither_kept_nor_broken),
		cmocka_unit_test(what_does_not_come_back_is_told),
		cmocka_unit_test(a_call_a_week),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
