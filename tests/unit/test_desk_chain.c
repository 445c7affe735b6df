/* SPDX-License-Identifier: Apache-2.0
 *
 * The telephone chain against a false telephone, on simulated time: each outcome's next step, restarts and
 * kills in the middle, and the two properties that matter: never two open chains for one incident, and every
 * chain ends with a person or with the duty manager's alarm.
 */
#include "desk_scene.h"

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

static void
done(struct scene *s, int64_t job, const char *outcome)
{
	json_t *args = json_pack("{s:I, s:s}", "job", (json_int_t)job, "outcome", outcome);
	struct desk_answer a = desk_apply(s->d, "job.done", &desk_service, args, s->now);

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
		{ "no_answer", O1, 60 }, { "answered_no_digit", O1, 60 }, { "hung_up", O1, 60 }, { "wrong_digit", O1, 60 }, { "busy", O2, 20 },
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
	expect_call(&s, 60, O1);
	s.now += 25 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	expect_call(&s, 85, S1);
	s.now += 25 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	expect_call(&s, 145, S1);
	s.now += 25 * SEC;
	done(&s, ringing_job(&s), "no_answer");
	expect_call(&s, 200, O1);
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
	struct scene s;
	char id[64];

	(void)st;
	scene_begin(&s);
	assert_int_equal(db_run(s.db, "UPDATE numbers SET broken_at = 1"), 0);
	scene_incident(&s, "critical", id);
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'duty_manager'"), 1);
	scene_end(&s);
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
	assert_int_equal(db_run(s.db, "DELETE FROM timers"), 0);
	assert_int_equal(db_run(s.db, "DELETE FROM chains"), 0);
	n = desk_audit(s.db, s.now + 20 * SEC, late, 8);
	assert_int_equal(n, 1);
	assert_string_equal(late[0].kind, "incident");
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
		cmocka_unit_test(a_person_ends_it), cmocka_unit_test(the_portal_ends_it_and_hangs_up),
		cmocka_unit_test(silence_raises_the_lead_and_the_duty_manager), cmocka_unit_test(nobody_to_call_alarms_at_once),
		cmocka_unit_test(the_auditor_sees_what_the_timers_miss), cmocka_unit_test(every_chain_ends_with_a_person_or_an_alarm),
		cmocka_unit_test(a_kill_at_any_commit_loses_nothing), cmocka_unit_test(mail_is_tried_for_three_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
