/* SPDX-License-Identifier: Apache-2.0
 *
 * Timers against clocks: the wall clock is set forwards and backwards by an hour and by ten years, the desk is
 * closed and opened again, and the machine boots.  Each timer fires once and within five seconds of the time
 * that really passed, and the auditor reads that out of the journal.
 */
#include "desk_scene.h"

#define HOUR (3600 * SEC)
#define TICK (250 * NS_PER_MS)

static struct {
	int64_t wall, mono;
} fake;
static char boot[16];

static int64_t
wall_ns(void *ctx)
{
	(void)ctx;
	return fake.wall;
}

static int64_t
mono_ns(void *ctx)
{
	(void)ctx;
	return fake.mono;
}

static const struct clock the_clock = { wall_ns, mono_ns, NULL };

static int64_t
count(struct scene *s, const char *sql)
{
	return db_int(s->db, -1, sql);
}

static void
reopen(struct scene *s)
{
	struct desk_settings with_boot = scene_settings;

	desk_close(s->d);
	with_boot.boot = boot;
	assert_int_equal(desk_open(s->db, &with_boot, &s->d), 0);
}

static void
now(struct scene *s)
{
	int error;

	s->now = desk_now(s->d, &the_clock, &error);
	assert_int_equal(error, 0);
}

/* Lets real time pass, tick by tick. */
static void
pass(struct scene *s, int64_t ns)
{
	for (int64_t t = 0; t < ns; t += TICK) {
		fake.wall += TICK;
		fake.mono += TICK;
		now(s);
		scene_tick(s);
	}
}

static void
begin(struct scene *s)
{
	scene_begin(s);
	fake.wall = T0;
	fake.mono = 1000 * SEC;
	snprintf(boot, sizeof boot, "first");
	reopen(s);
	now(s);
}

static void
expect_punctual(struct scene *s, int64_t least)
{
	struct desk_punctual p;

	desk_punctual(s->db, 0, &p);
	if (p.fired < least || p.late != 0 || p.twice != 0)
		fail_msg("%d fired, %d late, %d twice, worst %d ms", (int)p.fired, (int)p.late, (int)p.twice, (int)(p.worst_ns / NS_PER_MS));
}

/* Nobody ever answers: the duty manager's alarm comes ten minutes of real time after the decision. */
static void
try_step(int64_t by, int64_t at, bool down, const char *next_boot)
{
	struct desk_overdue late[4];
	struct scene s;
	char id[64];
	int64_t left = 600 * SEC - at;

	begin(&s);
	/* reports mean an hour of the day: a step makes them late, rightly, and they are not asked about here */
	db_run(s.db, "UPDATE timers SET due_at = ? WHERE kind LIKE 'report.%'", Q(INT64_MAX));
	scene_incident(&s, "critical", id);
	pass(&s, at);
	if (down) {
		desk_close(s.d);
		s.d = NULL;
	}
	fake.wall += by;
	if (next_boot != NULL)
		snprintf(boot, sizeof boot, "%s", next_boot);
	if (down)
		reopen(&s);
	now(&s);
	assert_int_equal(desk_audit(s.db, s.now, late, 4), at > 15 * SEC ? count(&s, "SELECT count(*) FROM outbox WHERE kind = 'call' AND state = 'open' AND cancel = 0") : 0);
	pass(&s, left - 2 * SEC);
	if (count(&s, "SELECT count(*) FROM alarms WHERE kind = 'duty_manager'") != 0)
		fail_msg("step %d s%s: the alarm came early", (int)(by / SEC), down ? " while down" : "");
	pass(&s, 4 * SEC);
	if (count(&s, "SELECT count(*) FROM alarms WHERE kind = 'duty_manager'") != 1)
		fail_msg("step %d s%s: no alarm in time", (int)(by / SEC), down ? " while down" : "");
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'call_late'"), 2);
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'clock_step'"), by != 0);
	assert_int_equal(count(&s, "SELECT due_at - started_at FROM clocks WHERE kind = 'call'"), 600 * SEC);
	expect_punctual(&s, 5);
	scene_end(&s);
}

static void
a_step_moves_no_promise(void **st)
{
	static const int64_t steps[] = { HOUR, -HOUR, 87600 * HOUR, -87600 * HOUR, 2 * SEC, -2 * SEC, 0 };

	(void)st;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		for (int down = 0; down < 2; down++) {
			try_step(steps[i], 5 * SEC, down != 0, NULL);
			try_step(steps[i], 300 * SEC, down != 0, NULL);
		}
}

static void
a_clock_that_went_back_over_a_boot_is_noticed(void **st)
{
	(void)st;
	try_step(-HOUR, 300 * SEC, true, "second");
}

static void
slewing_moves_nothing(void **st)
{
	struct scene s;
	char id[64];

	(void)st;
	begin(&s);
	scene_incident(&s, "critical", id);
	for (int i = 0; i < 2400; i++) {
		fake.wall += TICK / 2000; /* 500 ppm, the fastest that is done */
		pass(&s, TICK);
	}
	assert_int_equal(count(&s, "SELECT count(*) FROM journal WHERE command = 'time.step'"), 0);
	expect_punctual(&s, 5);
	scene_end(&s);
}

/* A whole hour of chains; every now and then the clock is set, or everything is closed and opened again. */
static void
steps_and_restarts_at_any_moment(void **st)
{
	static const int64_t steps[] = { HOUR, -HOUR, 90 * SEC, -90 * SEC, 87600 * HOUR, -87600 * HOUR };
	uint64_t seed = 20261127;
	struct scene s;
	struct buf before = { 0 }, after = { 0 };
	struct db *again;

	(void)st;
	begin(&s);
	scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
	json_decref(scene_do(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "critical")));
	for (int i = 0; i < 240; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		if (seed >> 33 & 1)
			fake.wall += steps[(seed >> 40) % 6];
		if (seed >> 34 & 1)
			reopen(&s);
		now(&s);
		pass(&s, (int64_t)(seed >> 50 & 7) * SEC);
	}
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'duty_manager'"), 1);
	assert_true(count(&s, "SELECT count(*) FROM journal WHERE command = 'time.step'") > 50);
	expect_punctual(&s, 8);
	/* and the journal alone makes the same tables */
	assert_int_equal(db_open(":memory:", &again), 0);
	assert_int_equal(desk_replay(s.db, again, &scene_settings), 0);
	desk_dump(s.db, &before);
	desk_dump(again, &after);
	assert_string_equal(buf_cstr(&before), buf_cstr(&after));
	buf_fini(&before);
	buf_fini(&after);
	db_close(again);
	scene_end(&s);
}

static void
the_auditor_finds_a_late_and_a_double_timer(void **st)
{
	struct desk_punctual p;
	struct scene s;
	char id[64];

	(void)st;
	begin(&s);
	scene_incident(&s, "critical", id);
	s.now = T0 + 700 * SEC; /* the timers slept */
	scene_tick(&s);
	desk_punctual(s.db, 0, &p);
	assert_true(p.late >= 4);
	assert_int_equal(p.twice, 0);
	assert_int_equal(db_run(s.db, "UPDATE journal SET noun_id = '1' WHERE noun = 'timer'"), 0);
	desk_punctual(s.db, 0, &p);
	assert_int_equal(p.twice, 1);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_moves_no_promise), cmocka_unit_test(a_clock_that_went_back_over_a_boot_is_noticed),
		cmocka_unit_test(slewing_moves_nothing), cmocka_unit_test(steps_and_restarts_at_any_moment),
		cmocka_unit_test(the_auditor_finds_a_late_and_a_double_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
