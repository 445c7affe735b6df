/* SPDX-License-Identifier: Apache-2.0
 *
 * The telephone chain against a false telephone, on simulated time: each outcome's next step, restarts and
 * kills in the middle, and the two properties that matter: never two open chains for one incident, and every
 * chain ends with a person or with the duty manager's alarm.
 */
#include "desk_scene.h"

#include "desk/journal_priv.h"

#include <sys/wait.h>
#include <unistd.h>

static int64_t
count(struct scene *s, const char *sql)
{
	return db_int(s->db, -1, sql);
}

/* The open call, 0 when there is none. */
static int64_t
ringing_job(struct scene *s)
{
	return db_int(s->db, 0, "SELECT max(id) FROM outbox WHERE kind = 'call' AND state = 'open' AND cancel = 0");
}

/* Ends a call as the role would: it rang, unless the outcome says that it cannot have. */
static void
done(struct scene *s, int64_t job, const char *outcome)
{
	bool rang = strstr(" busy wrong_number trunk_failure no_speech bad_job cancelled deferred nonsense ", outcome) == NULL;
	json_t *args = json_pack("{s:I, s:s}", "job", (json_int_t)job, "outcome", outcome);
	struct desk_answer a;
	char at[36];

	if (rang) {
		time_format_rfc3339(at, s->now, 9);
		json_object_set_new(args, "ringing_at", json_string(at));
	}
	a = desk_apply(s->d, "job.done", &desk_service, args, s->now);

	assert_true(a.status == 204 || a.status == 200);
	json_decref(a.body);
	json_decref(args);
}

static char *
called(struct scene *s, int64_t job)
{
	return db_text(s->db, "SELECT contact || ' ' || json_extract(doc, '$.to.number') || ' ' || provider FROM outbox WHERE id = ?", Q(job));
}

static void
expect_call(struct scene *s, int64_t at_s, const char *want)
{
	char *got;

	s->now = T0 + at_s * SEC;
	scene_tick(s);
	got = called(s, ringing_job(s));
	if (got == NULL || strcmp(got, want) != 0)
		fail_msg("at %d s: %s, wanted %s", (int)at_s, got != NULL ? got : "no call", want);
	free(got);
}

static void
import(struct scene *s, const char *yaml)
{
	struct whys ws = { 0 };
	json_t *args = desk_import_read(slice_str(yaml), "o.yaml", &ws);

	assert_non_null(args);
	json_object_del(args, "secrets");
	json_decref(scene_do(s, NULL, "tenant.import", 200, args));
	whys_fini(&ws);
}

#define O1 "aoba/odagiri +81311112222 first"
#define O2 "aoba/odagiri +81333334444 first"
#define O1B "aoba/odagiri +81311112222 second"
#define S1 "aoba/shimamura +81355556666 first"

static void
each_outcome_has_its_next_step(void **st)
{
	static const struct {
		const char *outcome, *next;
		int64_t at;
	} v[] = {
		{ "no_answer", O2, 20 }, { "answered_no_digit", O2, 20 }, { "hung_up", O2, 20 }, { "wrong_digit", O2, 20 }, { "busy", O2, 20 },
		{ "refused", S1, 20 }, { "voicemail", S1, 20 }, { "next_contact", S1, 20 }, { "wrong_pin", S1, 20 }, { "wrong_number", S1, 20 },
		{ "trunk_failure", O1B, 20 }, { "no_speech", S1, 20 }, { "bad_job", S1, 20 }, { "wants_analyst", S1, 140 }, { "nonsense", O1B, 20 },
	};

	(void)st;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct scene s;
		char id[64];

		scene_begin(&s);
		scene_incident(&s, "critical", id);
		expect_call(&s, 0, O1);
		s.now = T0 + 20 * SEC;
		done(&s, ringing_job(&s), v[i].outcome);
		if (v[i].at > 20) {
			s.now = T0 + (v[i].at - 1) * SEC;
			scene_tick(&s);
			assert_int_equal(ringing_job(&s), 0);
		}
		expect_call(&s, v[i].at, v[i].next);
		if (strcmp(v[i].outcome, "wrong_number") == 0)
			assert_int_equal(count(&s, "SELECT count(*) FROM numbers WHERE broken_at IS NOT NULL"), 1);
		scene_end(&s);
	}
}

static void
two_tries_then_the_next_then_from_the_top(void **st)
{
	struct scene s;
	char id[64];

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "emergency", id);
	expect_call(&s, 0, O1);
	s.now += 25 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	expect_call(&s, 25, O2); /* another number of the person: at once */
	s.now += 25 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	expect_call(&s, 50, S1);
	s.now += 25 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	assert_int_equal(ringing_job(&s), 0); /* the same one: after the pause */
	expect_call(&s, 110, S1);
	s.now += 25 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	expect_call(&s, 165, O1);
	scene_end(&s);
}

/* A tenant of one person with three numbers, imported into a scene that has begun. */
static void
import_three(struct scene *s, const char *plan)
{
	auto_free char *yaml = x_asprintf("tenants:\n  - id: trio\n    name: Trio\n    kana: トリオ\n    short: TRIO\n    code_word: trio\n    plan: {%s}\n"
	                                  "    contacts:\n      - {id: one, name: One, kana: ワン, numbers: ['+81300000001', '+81300000002', '+81300000003']}\n", plan);

	import(s, yaml);
	scene_detect(s, "trio", DETECTION("k1", "r1", ""));
	json_decref(scene_do(s, "miyoshi", "candidate.decide", 200, decision(s, "C-1", "critical")));
}

#define N(k) "trio/one +8130000000" #k " first"

/* What was wrong: a number that nobody answers was rung again and again, the next one only when the first was busy. */
static void
every_number_has_its_turn(void **st)
{
	static const char *const quiet[] = { "no_answer", "hung_up", "wrong_digit", "answered_no_digit" };
	struct scene s;

	(void)st;
	for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++) {
		scene_begin(&s);
		import_three(&s, "tries: 2, redial_s: 60");
		expect_call(&s, 0, N(1));
		s.now += 25 * SEC;
		done(&s, ringing_job(&s), quiet[i]);
		expect_call(&s, 25, N(2));
		s.now += 25 * SEC;
		done(&s, ringing_job(&s), quiet[i]);
		expect_call(&s, 110, N(3)); /* two tries; from the top, where the third has its turn */
		s.now += 25 * SEC;
		done(&s, ringing_job(&s), quiet[i]);
		expect_call(&s, 135, N(1));
		s.now += 25 * SEC;
		done(&s, ringing_job(&s), "refused"); /* the person's answer, whatever the number: next round, next number */
		expect_call(&s, 220, N(2));
		done(&s, ringing_job(&s), "acknowledged");
		scene_end(&s);
	}
}

static void
busy_or_dead_numbers_are_passed_at_once(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	import_three(&s, "tries: 2, redial_s: 60");
	expect_call(&s, 0, N(1));
	done(&s, ringing_job(&s), "trunk_failure");
	expect_call(&s, 0, "trio/one +81300000001 second");
	done(&s, ringing_job(&s), "trunk_failure"); /* both trunks: this number goes by neither, another may */
	expect_call(&s, 0, N(2));
	done(&s, ringing_job(&s), "busy");
	expect_call(&s, 0, N(3));
	s.now += 25 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	expect_call(&s, 85, N(1));
	scene_end(&s);
	/* all of them busy: once each, then the pause */
	scene_begin(&s);
	import_three(&s, "tries: 2, redial_s: 60");
	for (int i = 0; i < 3; i++) {
		assert_int_not_equal(ringing_job(&s), 0);
		done(&s, ringing_job(&s), "busy");
	}
	assert_int_equal(ringing_job(&s), 0);
	assert_int_equal(count(&s, "SELECT count(DISTINCT ord) FROM outbox WHERE kind = 'call'"), 3);
	expect_call(&s, 3, N(1));
	scene_end(&s);
}

/* A record of before is played again by the rule of before: the same number, after the pause. */
static void
an_old_record_dials_as_it_did(void **st)
{
	static const uint8_t rnd[16] = { 7 };
	json_t *args = json_pack("{s:i, s:s}", "job", 1, "outcome", "no_answer");
	struct scene s;

	(void)st;
	scene_begin(&s);
	import_three(&s, "tries: 2, redial_s: 60");
	assert_int_equal(db_run(s.db, "UPDATE chains SET number = 0"), 0); /* as it stood then */
	s.now = T0 + 25 * SEC;
	json_object_set_new(args, "job", json_integer(ringing_job(&s)));
	assert_int_equal(desk_apply_recorded(s.d, "job.done", &desk_service, args, s.now, rnd, NUMBERS_IN_TURN - 1), 0);
	assert_int_equal(ringing_job(&s), 0);
	assert_int_equal(count(&s, "SELECT due_at FROM timers WHERE kind = 'chain.next'"), T0 + 60 * SEC);
	assert_int_equal(count(&s, "SELECT number FROM chains"), 0);
	json_decref(args);
	scene_end(&s);
}

static void
nothing_is_waited_for_until_it_rings(void **st)
{
	struct scene s;
	char id[64];

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "critical", id);
	expect_call(&s, 0, O1);
	s.now += 1 * SEC;
	done(&s, ringing_job(&s), "busy");
	expect_call(&s, 1, O2);
	done(&s, ringing_job(&s), "busy");
	expect_call(&s, 1, S1); /* both numbers busy: the next person, not a minute later */
	done(&s, ringing_job(&s), "trunk_failure");
	expect_call(&s, 1, "aoba/shimamura +81355556666 second");
	done(&s, ringing_job(&s), "trunk_failure");
	expect_call(&s, 4, "aoba/odagiri +81311112222 first"); /* from the top after three seconds */
	s.now += 20 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	expect_call(&s, 24, O2);
	s.now += 25 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	expect_call(&s, 49, S1);
	s.now += 25 * SEC;
	done(&s, ringing_job(&s), "no_answer"); /* it rang: now the plan's pauses hold */
	s.now = T0 + 108 * SEC;
	scene_tick(&s);
	assert_int_equal(ringing_job(&s), 0);
	expect_call(&s, 109, S1);
	scene_end(&s);
}

static void
a_person_ends_it(void **st)
{
	struct scene s;
	char id[64], job[24], at[36];
	json_t *a, *b;
	int64_t j;

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "critical", id);
	j = ringing_job(&s);
	s.now += 4 * SEC;
	time_format_rfc3339(at, s.now, 3);
	snprintf(job, sizeof job, "%lld", (long long)j);
	a = json_pack("{s:s, s:s, s:i, s:s}", "job", job, "what", "ringing", "code", 180, "at", at);
	json_decref(desk_apply(s.d, "job.event", &desk_service, a, s.now).body);
	json_decref(a);
	assert_int_equal(count(&s, "SELECT stopped_at IS NOT NULL FROM clocks WHERE kind = 'call'"), 1);
	assert_int_equal(count(&s, "SELECT stopped_at IS NULL FROM clocks WHERE kind = 'answer'"), 1);
	s.now += 30 * SEC;
	done(&s, j, "acknowledged");
	b = scene_do(&s, "odagiri", "incident.show", 200, json_pack("{s:s}", "id", id));
	assert_string_equal(jstr(json_object_get(b, "acknowledged_by"), "how"), "phone");
	assert_string_equal(jstr(json_object_get(b, "chain"), "state"), "acknowledged");
	json_decref(b);
	assert_int_equal(count(&s, "SELECT count(*) FROM timers WHERE kind LIKE 'chain.%'"), 0);
	assert_int_equal(count(&s, "SELECT count(*) FROM clocks WHERE stopped_at IS NULL"), 0);
	assert_int_equal(count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail' AND key LIKE '%acknowledged%'"), 1);
	/* a repeated word of the role changes nothing */
	a = json_pack("{s:I, s:s}", "job", (json_int_t)j, "outcome", "busy");
	struct desk_answer x = desk_apply(s.d, "job.done", &desk_service, a, s.now);
	assert_int_equal(x.status, 409);
	json_decref(x.body);
	json_decref(a);
	json_decref(scene_do(&s, "odagiri", "incident.acknowledge", 409, json_pack("{s:s}", "id", id)));
	scene_end(&s);
}

static void
the_portal_ends_it_and_hangs_up(void **st)
{
	struct scene s;
	char id[64];

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "critical", id);
	json_decref(scene_do(&s, "lowe", "incident.acknowledge", 404, json_pack("{s:s}", "id", id)));
	json_decref(scene_do(&s, "miyoshi", "incident.acknowledge", 422, json_pack("{s:s}", "id", id)));
	json_decref(scene_do(&s, "odagiri", "incident.acknowledge", 200, json_pack("{s:s}", "id", id)));
	assert_int_equal(count(&s, "SELECT cancel FROM outbox WHERE kind = 'call'"), 1);
	/* the role answers; the chain stays ended, whatever it says */
	done(&s, db_int(s.db, 0, "SELECT id FROM outbox WHERE kind = 'call'"), "cancelled");
	s.now += 3600 * SEC;
	scene_tick(&s);
	assert_int_equal(ringing_job(&s), 0);
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind IN ('duty_manager','call_late')"), 0);
	scene_end(&s);
}

static void
silence_raises_the_lead_and_the_duty_manager(void **st)
{
	struct scene s;
	char id[64];
	int64_t first;

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "critical", id);
	first = ringing_job(&s);
	/* the role says nothing at all: a dead trunk, the other provider */
	expect_call(&s, 110, O1B);
	s.now = T0 + 361 * SEC;
	scene_tick(&s);
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'call_late'"), 1);
	s.now = T0 + 541 * SEC;
	scene_tick(&s);
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'call_late'"), 2);
	s.now = T0 + 601 * SEC;
	scene_tick(&s);
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'duty_manager'"), 1);
	assert_int_equal(count(&s, "SELECT count(*) FROM chains WHERE state = 'alarmed'"), 1);
	/* a key pressed on the first, long forgotten call still counts */
	done(&s, first, "acknowledged");
	assert_int_equal(count(&s, "SELECT count(*) FROM chains WHERE state = 'acknowledged'"), 1);
	assert_int_equal(count(&s, "SELECT broken FROM clocks WHERE kind = 'answer'"), 1);
	scene_end(&s);
}

static void
nobody_to_call_alarms_at_once(void **st)
{
	static const char *const nobody[] = { "UPDATE numbers SET broken_at = 1", "DELETE FROM numbers" }; /* none that works; contacts without one */

	(void)st;
	for (int i = 0; i < 2; i++) {
		struct scene s;
		char id[64];

		scene_begin(&s);
		assert_int_equal(db_run(s.db, nobody[i]), 0);
		scene_incident(&s, "critical", id);
		assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'duty_manager'"), 1);
		scene_end(&s);
	}
}

static void
the_auditor_sees_what_the_timers_miss(void **st)
{
	struct desk_overdue late[8];
	struct scene s;
	char id[64];
	size_t n;

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "critical", id);
	assert_int_equal(desk_audit(s.db, s.now + 10 * SEC, late, 8), 0);
	n = desk_audit(s.db, s.now + 16 * SEC, late, 8); /* nobody took up the call */
	assert_int_equal(n, 1);
	assert_string_equal(late[0].kind, "job");
	n = desk_audit(s.db, s.now + 130 * SEC, late, 8); /* and the watch has not fired */
	assert_true(n >= 2);
	/* an incident without a chain, whatever bug made it so */
	assert_int_equal(db_run(s.db, "DELETE FROM outbox"), 0);
	assert_int_equal(db_run(s.db, "DELETE FROM timers WHERE kind NOT LIKE 'report.%'"), 0);
	assert_int_equal(db_run(s.db, "DELETE FROM chains"), 0);
	n = desk_audit(s.db, s.now + 20 * SEC, late, 8);
	assert_int_equal(n, 3);
	assert_string_equal(late[0].kind, "incident");
	assert_string_equal(late[1].kind, "missing"); /* nor would its clocks be seen to break */
	assert_string_equal(late[2].kind, "missing");
	scene_end(&s);
}

/* ---- whom, and when ---- */

static const char office_yaml[] =
        "tenants:\n"
        "  - id: sakura\n    name: {ja: 桜商事, en: Sakura}\n    kana: サクラショウジ\n    short: SAKURA\n    zone: Asia/Tokyo\n    country: JP\n"
        "    code_word: {ja: ツバメ, en: swallow}\n    plan: {ring_s: 40, tries: 1, round_s: 10}\n    days_off: [2026-11-19]\n"
        "    contacts:\n"
        "      - {id: ito, name: 伊藤, kana: イトウ, hours: 'Mon-Fri 09:00-18:00', backup: kato, numbers: ['+81300000001']}\n"
        "      - {id: mori, name: 森, kana: モリ, hours: 'Mon-Fri 18:00-09:00; Sat,Sun 00:00-24:00; Hol 18:00-09:00', numbers: ['+81300000002']}\n"
        "      - {id: kato, name: 加藤, kana: カトウ, numbers: ['+81300000003']}\n"
        "      - {id: none, name: 誰か, kana: ダレカ, mail: x@sakura.example}\n";

/* A candidate of sakura decided at `at`; the order is "contact:reason …". */
static void
order_at(struct scene *s, const char *at, char *ret, size_t n)
{
	json_t *b, *chain, *v;
	size_t i, k = 0;

	assert_int_equal(time_parse_rfc3339(slice_str(at), &s->now), 0);
	b = scene_do(s, "miyoshi", "candidate.preview", 200, decision(s, "C-1", "critical"));
	chain = json_object_get(b, "chain");
	ret[0] = '\0';
	json_array_foreach(chain, i, v)
		k += (size_t)snprintf(ret + k, n - k, "%s%s:%s", k != 0 ? " " : "", jstr(v, "contact") + strlen("sakura/"), jstr(v, "reason"));
	json_decref(b);
}

static void
hours_days_off_and_back_ups_make_the_order(void **st)
{
	static const struct {
		const char *at, *want;
	} v[] = {
		{ "2026-11-18T01:00:00Z", "ito:in_hours kato:backup mori:out_of_hours" },          /* Wednesday 10:00 */
		{ "2026-11-18T09:00:00Z", "kato:backup mori:in_hours ito:out_of_hours" },          /* Wednesday 18:00 */
		{ "2026-11-19T01:00:00Z", "kato:backup ito:holiday mori:holiday" },                /* a day off 10:00 */
		{ "2026-11-19T10:00:00Z", "kato:backup mori:in_hours ito:holiday" },               /* its evening */
		{ "2026-11-19T18:00:00Z", "kato:backup mori:in_hours ito:out_of_hours" },          /* 03:00 of the day after: its night */
		{ "2026-11-18T18:00:00Z", "kato:backup mori:in_hours ito:holiday" },               /* 03:00 of it: Wednesday's night */
		{ "2026-11-21T03:00:00Z", "kato:backup mori:in_hours ito:out_of_hours" },          /* Saturday noon */
		{ "2026-11-23T01:00:00Z", "kato:backup ito:holiday mori:holiday" },                /* Labour Thanksgiving Day, a Monday */
		{ "2027-01-11T18:00:00Z", "kato:backup mori:in_hours ito:out_of_hours" },          /* the night after Coming of Age Day */
	};
	struct scene s;
	char got[200];

	(void)st;
	scene_begin(&s);
	import(&s, office_yaml);
	scene_detect(&s, "sakura", DETECTION("k1", "r1", ""));
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		order_at(&s, v[i].at, got, sizeof got);
		if (strcmp(got, v[i].want) != 0)
			fail_msg("%s: %s, wanted %s", v[i].at, got, v[i].want);
	}
	scene_end(&s);
}

static void
a_tenants_plan_is_followed(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	import(&s, office_yaml);
	scene_detect(&s, "sakura", DETECTION("k1", "r1", ""));
	json_decref(scene_do(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "critical")));
	assert_int_equal(count(&s, "SELECT json_extract(doc, '$.ring_s') FROM outbox WHERE kind = 'call'"), 40);
	assert_int_equal(count(&s, "SELECT json_extract(doc, '$.limit_s') FROM outbox WHERE kind = 'call'"), 60);
	/* one try each: 18:06 in Tokyo, kato stands in, then mori, then ito, ten seconds, from the top */
	expect_call(&s, 0, "sakura/kato +81300000003 first");
	s.now = T0 + 40 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	expect_call(&s, 40, "sakura/mori +81300000002 first");
	/* a plan that is changed meanwhile is for the next chain */
	assert_int_equal(db_run(s.db, "UPDATE tenants SET plan = '{\"round_s\":300}'"), 0);
	s.now = T0 + 80 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	expect_call(&s, 80, "sakura/ito +81300000001 first");
	s.now = T0 + 120 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	expect_call(&s, 130, "sakura/kato +81300000003 first");
	scene_end(&s);
}

static void
a_short_promise_has_its_alarms_before_its_end(void **st)
{
	struct scene s;
	char id[64];

	(void)st;
	scene_begin(&s);
	assert_int_equal(db_run(s.db, "UPDATE tenants SET call_s = 300"), 0);
	scene_incident(&s, "critical", id);
	assert_int_equal(count(&s, "SELECT min(due_at) FROM timers WHERE kind = 'chain.lead'"), T0 + 180 * SEC);
	assert_int_equal(count(&s, "SELECT max(due_at) FROM timers WHERE kind = 'chain.lead'"), T0 + 270 * SEC);
	scene_end(&s);
}

static void
faults_of_the_plan_are_told(void **st)
{
	static const struct {
		const char *from, *to, *id;
	} v[] = {
		{ "ring_s: 40", "ring_s: 4", "TENANT-RANGE" }, { "ring_s: 40", "ring: 40", "TENANT-KEY" }, { "2026-11-19", "2026-02-30", "TENANT-DATE" },
		{ "backup: kato", "backup: ito", "TENANT-BACKUP" }, { "backup: kato", "backup: nobody", "TENANT-BACKUP" },
		{ "Hol 18:00", "Mon-Hol 18:00", "TENANT-HOURS" }, { "country: JP", "country: Japan", "TENANT-COUNTRY" },
	};

	(void)st;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		const char *at = strstr(office_yaml, v[i].from);
		struct buf b = { 0 };
		struct whys ws = { 0 };

		buf_put(&b, office_yaml, (size_t)(at - office_yaml));
		buf_put_str(&b, v[i].to);
		buf_put_str(&b, at + strlen(v[i].from));
		json_t *made = desk_import_read(buf_slice(&b), "o.yaml", &ws);

		if (made != NULL)
			fail_msg("%s was taken", v[i].to);
		assert_string_equal(ws.list.v[0].id, v[i].id);
		whys_fini(&ws);
		buf_fini(&b);
	}
}

static void
a_broken_clock_wants_a_cause(void **st)
{
	json_t *b, *clocks, *v;
	struct scene s;
	char id[64];
	size_t i;
	int with = 0;

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "critical", id);
	json_decref(scene_do(&s, "otomo", "clock.cause", 404, json_pack("{s:s, s:s, s:s, s:s}", "id", id, "kind", "call", "cause", "staff", "text", "x")));
	s.now = T0 + 700 * SEC;
	scene_tick(&s);
	b = scene_do(&s, "otomo", "breach.list", 200, json_pack("{s:s}", "month", "2026-11"));
	assert_int_equal(json_integer_value(json_object_get(b, "without_cause")), 2); /* call and answer */
	json_decref(b);
	json_decref(scene_do(&s, "otomo", "clock.cause", 422, json_pack("{s:s, s:s, s:s, s:s}", "id", id, "kind", "call", "cause", "weather", "text", "x")));
	json_decref(scene_do(&s, "otomo", "clock.cause", 422, json_pack("{s:s, s:s, s:s}", "id", id, "kind", "call", "cause", "staff")));
	b = scene_do(&s, "otomo", "clock.cause", 200, json_pack("{s:s, s:s, s:s, s:s}", "id", id, "kind", "call", "cause", "provider", "text", "both trunks were down"));
	clocks = json_object_get(b, "clocks");
	json_array_foreach(clocks, i, v)
		if (json_is_object(json_object_get(v, "cause"))) {
			assert_string_equal(jstr(v, "kind"), "call");
			assert_string_equal(jstr(json_object_get(v, "cause"), "id"), "provider");
			assert_true(json_is_true(json_object_get(json_object_get(v, "cause"), "ours")));
			with++;
		}
	assert_int_equal(with, 1);
	assert_string_equal(jstr(json_object_get(json_object_get(b, "call_back"), "code_word"), "en"), "kingfisher");
	json_decref(b);
	b = scene_do(&s, "otomo", "breach.list", 200, json_pack("{s:s, s:s}", "month", "2026-11", "tenant", "aoba"));
	assert_int_equal(json_integer_value(json_object_get(b, "without_cause")), 1);
	json_decref(b);
	b = scene_do(&s, "otomo", "breach.list", 200, json_pack("{s:s}", "month", "2026-12"));
	assert_int_equal(json_array_size(json_object_get(b, "items")), 0);
	json_decref(b);
	json_decref(scene_do(&s, "otomo", "breach.list", 422, json_pack("{s:s}", "month", "2026-13")));
	scene_end(&s);
}

/* ---- random faults ---- */

static uint32_t
dice(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*seed >> 33);
}

static const char *const any_outcome[] = { "acknowledged", "next_contact", "wants_analyst", "answered_no_digit", "hung_up", "voicemail",
	"wrong_digit", "wrong_pin", "busy", "no_answer", "refused", "wrong_number", "trunk_failure", "no_speech", "cancelled", "bad_job", NULL, NULL };

static void
check_properties(struct scene *s)
{
	assert_int_equal(count(s, "SELECT count(*) FROM (SELECT incident FROM chains WHERE state IN ('running','waiting') GROUP BY incident HAVING count(*) > 1)"), 0);
	/* an open chain always has something that will wake it */
	assert_int_equal(count(s, "SELECT count(*) FROM chains h WHERE state IN ('running','waiting') AND NOT EXISTS(SELECT 1 FROM timers t WHERE t.ref = h.id"
	                          " AND t.kind IN ('chain.watch','chain.next','chain.analyst'))"), 0);
}

static void
every_chain_ends_with_a_person_or_an_alarm(void **st)
{
	int acknowledged = 0;

	(void)st;
	for (uint64_t run = 1; run <= 60; run++) {
		uint64_t seed = run * 7919;
		struct scene s;
		char id[64];

		scene_begin(&s);
		scene_incident(&s, run % 2 ? "critical" : "emergency", id);
		for (int64_t t = 0; t <= 700; t += 1 + dice(&seed) % 40) {
			int64_t job = ringing_job(&s);
			const char *o = any_outcome[dice(&seed) % (sizeof any_outcome / sizeof *any_outcome)];

			s.now = T0 + t * SEC;
			if (o != NULL && strcmp(o, "acknowledged") == 0 && dice(&seed) % 4 != 0)
				o = "no_answer";
			if (job != 0 && o != NULL && dice(&seed) % 3 == 0)
				done(&s, job, o);
			scene_tick(&s);
			check_properties(&s);
		}
		s.now = T0 + 1000 * SEC;
		scene_tick(&s);
		assert_int_equal(count(&s, "SELECT count(*) FROM chains WHERE state IN ('running','waiting')"), 0);
		acknowledged += (int)count(&s, "SELECT count(*) FROM incidents WHERE ack_at IS NOT NULL");
		assert_int_equal(count(&s, "SELECT count(*) FROM incidents WHERE ack_at IS NULL AND NOT EXISTS(SELECT 1 FROM alarms WHERE kind = 'duty_manager')"), 0);
		scene_end(&s);
	}
	assert_in_range(acknowledged, 5, 59); /* both ways out were taken */
}

/* ---- kills ---- */

struct killer {
	int left;
	bool after;
};

static void
kill_here(void *ctx, bool after)
{
	struct killer *k = ctx;

	if (after == k->after && --k->left == 0)
		_exit(9);
}

/* The child decides and lives through the first minutes, killed at the k-th commit, before or after it. */
static bool
live_until_killed(struct scene *s, int k, bool after)
{
	struct killer kill = { .left = k, .after = after };
	pid_t pid;
	int status;

	desk_close(s->d);
	db_close(s->db);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		scene_open(s);
		db_on_commit(s->db, kill_here, &kill);
		json_decref(scene_do(s, "miyoshi", "candidate.decide", 200, decision(s, "C-1", "critical")));
		for (int i = 0; i < 4; i++) {
			s->now += 25 * SEC;
			if (ringing_job(s) != 0)
				done(s, ringing_job(s), i == 1 ? "busy" : "no_answer");
			s->now += 40 * SEC;
			scene_tick(s);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	scene_open(s);
	return WIFEXITED(status) && WEXITSTATUS(status) == 9;
}

static void
a_kill_at_any_commit_loses_nothing(void **st)
{
	char dir[] = "/tmp/nzdeskXXXXXX";
	bool killed = true;
	int k = 0;

	(void)st;
	assert_non_null(mkdtemp(dir));
	for (k = 1; killed; k++)
		for (int after = 0; after < 2; after++) {
			struct scene s;
			struct desk_verified v;

			scene_begin(&s); /* in memory, then copied to a file */
			scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
			snprintf(s.path, sizeof s.path, "%s/desk.db", dir);
			assert_int_equal(db_backup(s.db, s.path), 0);
			killed = live_until_killed(&s, k, after != 0);
			/* what is there is whole, and the service goes on to a person or the alarm */
			assert_int_equal(desk_verify(s.db, &v), 0);
			s.now = T0 + 400 * SEC;
			if (count(&s, "SELECT count(*) FROM incidents") == 0)
				json_decref(scene_do(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "critical")));
			check_properties(&s);
			s.now += 1000 * SEC;
			for (int i = 0; i < 3; i++)
				scene_tick(&s);
			check_properties(&s);
			assert_int_equal(count(&s, "SELECT count(*) FROM chains WHERE state = 'alarmed'"), 1);
			assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'duty_manager'"), 1);
			scene_end(&s);
			unlink(s.path);
		}
	assert_true(k > 6); /* several commits were really hit */
	rmdir(dir);
}

static void
mail_is_tried_for_three_days(void **st)
{
	struct scene s;
	char id[64];
	int64_t mail, tries = 0;

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "warning", id);
	mail = db_int(s.db, 0, "SELECT id FROM outbox WHERE kind = 'mail'");
	while (desk_job_is_open(s.d, mail) && tries < 1000) {
		s.now = db_int(s.db, 0, "SELECT not_before FROM outbox WHERE id = ?", Q(mail)) + SEC;
		done(&s, mail, "deferred");
		tries++;
	}
	assert_in_range(s.now - T0, 72 * 3600 * SEC, 73 * 3600 * SEC);
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'mail_rejected'"), 1);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_outcome_has_its_next_step), cmocka_unit_test(two_tries_then_the_next_then_from_the_top),
		cmocka_unit_test(nothing_is_waited_for_until_it_rings),
		cmocka_unit_test(every_number_has_its_turn), cmocka_unit_test(busy_or_dead_numbers_are_passed_at_once), cmocka_unit_test(an_old_record_dials_as_it_did),
	 cmocka_unit_test(a_person_ends_it), cmocka_unit_test(the_portal_ends_it_and_hangs_up),
		cmocka_unit_test(silence_raises_the_lead_and_the_duty_manager), cmocka_unit_test(nobody_to_call_alarms_at_once),
		cmocka_unit_test(hours_days_off_and_back_ups_make_the_order), cmocka_unit_test(a_tenants_plan_is_followed),
		cmocka_unit_test(a_short_promise_has_its_alarms_before_its_end), cmocka_unit_test(faults_of_the_plan_are_told),
		cmocka_unit_test(a_broken_clock_wants_a_cause), cmocka_unit_test(the_auditor_sees_what_the_timers_miss), cmocka_unit_test(every_chain_ends_with_a_person_or_an_alarm),
		cmocka_unit_test(a_kill_at_any_commit_loses_nothing), cmocka_unit_test(mail_is_tried_for_three_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
