/* SPDX-License-Identifier: Apache-2.0
 *
 * Timers at any moment: the desk is killed before and after each commit, its disk is full, its file is somebody else's, the clock is set,
 * a site is lost; and a timer is taken away.  What is due fires at the first moment at which that is possible, once; the auditor, who
 * shares no code with that, finds nothing, and finds what was taken away.
 */
#include "roster_scene.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk/desk_priv.h"

#define YAML                                                                                                                   \
	"sites:\n"                                                                                                             \
	"  - {id: tokyo, zone: Asia/Tokyo, country: JP, stand_in: [reading, herndon]}\n"                                       \
	"  - {id: reading, zone: Europe/London, country: GB, stand_in: [herndon, tokyo]}\n"                                    \
	"  - {id: herndon, zone: America/New_York, country: US, stand_in: [reading, tokyo]}\n"                                 \
	"people:\n"                                                                                                            \
	"  - {login: otomo, site: tokyo, lang: [ja, en]}\n  - {login: miyoshi, site: tokyo, lang: [ja]}\n"                     \
	"  - {login: bell, site: reading, lang: [ja, en]}\n  - {login: wood, site: reading, lang: [en]}\n"                     \
	"  - {login: cole, site: herndon, lang: [en, ja]}\n"
#define ROSTER YAML AOBA HARBOR

/* ---- a timer that is not there ---- */

static void
one_of_each(struct scene *s, char incident[64])
{
	scene_begin(s);
	s->now = at("2026-11-19T01:00:00Z");
	import(s, ROSTER);
	until(s, "2026-11-19T08:31:00Z"); /* a hand-over is drafted */
	scene_incident(s, "emergency", incident);
	doit(s, "odagiri", "incident.acknowledge", 200, json_pack("{s:s}", "id", incident));
	scene_detect(s, "harbor", DETECTION("k2", "r2", ""));
	json_decref(scene_do(s, "bell", "candidate.decide", 200, decision(s, "C-2", "critical")));
	doit(s, "miyoshi", "incident.severity", 200, json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s}, s:s}", "id", incident, "severity", "warning", "answers", "real", "yes", "success", "no",
	                                                       "possible", "unlikely", "check", "yes", "reason", "no call-back"));
	doit(s, "miyoshi", "incident.task", 200, json_pack("{s:s, s:s, s:s}", "id", incident, "text", "look", "due_at", "2026-11-19T12:00:00Z"));
	doit(s, "miyoshi", "exception.add", 200, json_pack("{s:s, s:s, s:s, s:[{s:s, s:s}]}", "tenant", "aoba", "reason", "x", "expires_at", "2026-12-01T00:00:00Z", "conditions", "kind", "host",
	                                                   "value", "srv-9"));
	doit(s, "odagiri", "inquiry.open", 200, json_pack("{s:s, s:s, s:s}", "kind", "question", "subject", "x", "text", "x"));
	doit(s, "otomo", "appointment.add", 200, json_pack("{s:s, s:i, s:s, s:s}", "tenant", "aoba", "weekday", 1, "time", "09:30", "contact", "aoba/odagiri"));
	/* rows of what takes days to come about, as the desk writes them */
	db_begin(s->db);
	db_run(s->db, "INSERT INTO digests(contact, incident, at) VALUES('aoba/odagiri', ?, ?)", Q(incident), Q(s->now));
	db_run(s->db, "INSERT INTO timers(id, kind, ref, due_at, attempt) VALUES(9001, 'digest.due', 'aoba/odagiri', ?, 0)", Q(s->now + 3600 * SEC));
	db_run(s->db, "INSERT INTO reports(id, tenant, month, state, drafted_at, due_at, words_ja, words_en, recommendations) VALUES('aoba-2026-10', 'aoba', '2026-10', 'draft', ?, ?, '', '', '[]')",
	       Q(s->now), Q(s->now + 9 * 3600 * SEC));
	db_run(s->db, "INSERT INTO timers(id, kind, ref, due_at, attempt) VALUES(9002, 'report.alarm', 'aoba-2026-10', ?, 0)", Q(s->now + 7200 * SEC));
	db_run(s->db, "INSERT INTO endpoints(id, number, tenant, name, shown, format, lang, events, raw, days, state, made_at, made_by, secret_at, failing_at)"
	              " VALUES('w1', 1, 'aoba', 'x', 'x', 'json', 'en', '[]', 0, 3, 'active', ?, 'x', ?, ?)", Q(s->now), Q(s->now), Q(s->now));
	db_run(s->db, "INSERT INTO timers(id, kind, ref, due_at, attempt) VALUES(9003, 'webhook.failing', 'w1', ?, 0)", Q(s->now + 7200 * SEC));
	assert_int_equal(db_commit(s->db), 0);
}

/* That, and nothing else. A missing chain.watch is told as the step that will not come. */
static bool
is_told(struct scene *s, const char *kind)
{
	const char *as = strcmp(kind, "chain.watch") == 0 ? "chain.next" : kind;
	struct desk_overdue all[32];

	if (desk_audit(s->db, s->now, all, 32) != 1)
		return false;
	return word_in(kind, "report.daily report.draft") ? strcmp(all[0].kind, "report") == 0 : strcmp(all[0].kind, "missing") == 0 && strncmp(all[0].id, as, strlen(as)) == 0;
}

static void
whichever_timer_is_taken_away_the_auditor_tells(void **st)
{
	static const char *const kinds[] = { "appointment.due", "chain.duty", "chain.lead", "chain.watch", "clock.broken", "digest.due", "exception.over", "handover.draft", "handover.offer", "inquiry.due",
		                             "report.alarm", "report.daily", "report.draft", "roster.prove", "second.waits", "task.due", "webhook.failing" };
	struct desk_overdue all[32];
	struct scene s;
	char incident[64];
	struct {
		int64_t id;
		char kind[32];
	} v[64];
	size_t n = 0;

	(void)st;
	one_of_each(&s, incident);
	assert_int_equal(desk_audit(s.db, s.now, all, 32), 0);
	struct rows r = db_query(s.db, "SELECT id, kind FROM timers ORDER BY id");
	for (; rows_next(&r) && n < 64; n++) {
		v[n].id = row_int(&r, 0);
		snprintf(v[n].kind, sizeof v[n].kind, "%s", row_str(&r, 1));
	}
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		if (db_int(s.db, 0, "SELECT count(*) FROM timers WHERE kind = ?", Q(kinds[k])) == 0)
			fail_msg("the scene has no %s", kinds[k]);
	for (size_t i = 0; i < n; i++) {
		db_begin(s.db);
		db_run(s.db, "DELETE FROM timers WHERE id = ?", Q(v[i].id));
		if (!is_told(&s, v[i].kind))
			fail_msg("nobody misses %s", v[i].kind);
		db_rollback(s.db);
	}
	/* and those that stay where they are, unfired */
	assert_true(desk_audit(s.db, s.now + 30 * 60 * SEC, all, 32) > 5);
	scene_end(&s);
}

/* ---- at any moment ---- */

static struct {
	int64_t wall, mono;
} fake;

static int64_t
wall_of(void *ctx)
{
	(void)ctx;
	return fake.wall;
}

static int64_t
mono_of(void *ctx)
{
	(void)ctx;
	return fake.mono;
}

static const struct clock the_clock = { wall_of, mono_of, NULL };
static uint64_t seed;
static unsigned deaths, writes_refused;

static unsigned
draw(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

static void
pass(int64_t ns)
{
	fake.wall += ns;
	fake.mono += ns;
}

static void
close_it(struct scene *s)
{
	desk_close(s->d);
	db_close(s->db);
}

/* ---- what is done to it ---- */

struct death {
	int at; /* the n-th moment around a commit */
};

static void
die_at(void *ctx, bool after)
{
	struct death *k = ctx;

	(void)after;
	if (k->at-- == 0)
		_exit(7); /* no destructor, no rollback: the file stays as it is */
}

static void someone_works(struct scene *s);

/* Another process has the desk for one tick or one act, and is killed around one of its commits. */
static void
killed(struct scene *s)
{
	struct death k = { (int)draw(3) };
	bool act = draw(2) != 0;
	int error, status;
	pid_t pid;

	close_it(s);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		scene_open(s);
		db_on_commit(s->db, die_at, &k);
		if (act)
			someone_works(s);
		else
			desk_tick(s->d, desk_now(s->d, &the_clock, &error), &error);
		_exit(0); /* it came to its end before */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 7 || WEXITSTATUS(status) == 0));
	deaths += WEXITSTATUS(status) == 7;
	scene_open(s);
}

/* For a while there is no room; time passes. */
static void
full(struct scene *s)
{
	int64_t key = 0;
	int error;

	db_int(s->db, 0, "PRAGMA max_page_count=1"); /* not below what there is */
	while (db_run(s->db, "INSERT INTO blobs(sha256, at, body) VALUES(CAST(? AS TEXT), 0, zeroblob(3000))", Q(++key)) == 0)
		;
	while (db_run(s->db, "INSERT INTO blobs(sha256, at, body) VALUES(CAST(? AS TEXT), 0, zeroblob(40))", Q(++key)) == 0)
		;
	db_missed(s->db);
	for (unsigned i = 0, refused = 0; i < 40 && refused < 3; i++) { /* the last pages of the tables have a little room */
		pass((int64_t)draw(8000) * NS_PER_MS);
		s->now = desk_now(s->d, &the_clock, &error);
		assert_true(error == 0 || error == E_FULL);
		desk_tick(s->d, s->now, &error);
		assert_true(error == 0 || error == E_FULL);
		refused += error == E_FULL;
		writes_refused += error == E_FULL;
	}
	assert_int_equal(db_int(s->db, 0, "PRAGMA max_page_count=1000000"), 1000000);
	assert_int_equal(db_run(s->db, "DELETE FROM blobs"), 0);
}

static void
locked(struct scene *s)
{
	struct desk_overdue all[32];
	struct db *other;
	int error;
	size_t n;

	db_int(s->db, 0, "PRAGMA busy_timeout=1");
	assert_int_equal(db_open(s->path, &other), 0);
	assert_int_equal(db_run(other, "BEGIN EXCLUSIVE"), 0);
	for (unsigned i = draw(6); i > 0; i--) {
		pass((int64_t)draw(4000) * NS_PER_MS);
		desk_tick(s->d, desk_now(s->d, &the_clock, &error), &error);
	}
	n = desk_audit(s->db, fake.wall, all, 32); /* it says that it cannot look */
	assert_true(n >= 1 && strcmp(all[n - 1].kind, "database") == 0);
	assert_int_equal(db_run(other, "ROLLBACK"), 0);
	db_close(other);
	db_missed(s->db);
}

static void
clock_set(struct scene *s)
{
	static const int64_t by[] = { 3600, -3600, 17, -17, 90 * 86400LL, -90 * 86400LL };

	(void)s;
	fake.wall += by[draw(6)] * SEC;
}

static void
a_site(struct scene *s)
{
	static const char *const sites[] = { "tokyo", "reading", "herndon" };
	struct desk_actor admin = { .user = "", .ja = "x", .en = "x", .role = "admin" };
	bool lose = db_int(s->db, 0, "SELECT count(*) FROM site_changes WHERE lost = 1") < 1 + db_int(s->db, 0, "SELECT count(*) FROM site_changes WHERE lost = 0") && draw(2) != 0;
	json_t *args = lose ? json_pack("{s:s, s:s}", "id", sites[draw(3)], "reason", "x") : json_pack("{s:s, s:i}", "id", sites[draw(3)], "after_s", (int)draw(300));
	struct desk_answer a = desk_apply(s->d, lose ? "site.lost" : "site.back", &admin, args, s->now);

	json_decref(a.body);
	json_decref(args);
}

/* Somebody opens or does something that has timers; refusals are fine. */
static void
someone_works(struct scene *s)
{
	static const char *const people[] = { "otomo", "miyoshi", "bell", "wood", "cole" };
	static unsigned k;
	char id[32], due[40], text[600], key[16];
	struct desk_actor who = actor_of(s, people[draw(5)], id);
	struct desk_answer a = { .body = NULL };
	json_t *args = NULL;
	int64_t n = db_int(s->db, 0, "SELECT count(*) FROM candidates");

	time_format_rfc3339(due, s->now + (int64_t)(1 + draw(400)) * SEC, 3);
	due[24] = '\0';
	switch (draw(6)) {
	case 0:
		snprintf(key, sizeof key, "n%u-%u", k++, draw(1000000));
		snprintf(text, sizeof text, DETECTION("%s", "%s", ""), key, key, key);
		scene_detect(s, "aoba", text);
		break;
	case 1:
		if (n != 0) {
			auto_free char *number = x_asprintf("C-%u", 1 + draw((unsigned)n));

			args = decision(s, number, draw(3) ? "critical" : "warning");
			a = desk_apply(s->d, "candidate.decide", &who, args, s->now);
		}
		break;
	case 2:
		args = json_pack("{s:s, s:s, s:s}", "id", "AOBA-2026-0001", "text", "look", "due_at", due);
		a = desk_apply(s->d, "incident.task", &who, args, s->now);
		break;
	case 3:
		args = json_pack("{s:s, s:s, s:s, s:[{s:s, s:s}]}", "tenant", "aoba", "reason", "x", "expires_at", due, "conditions", "kind", "host", "value", "srv-9");
		a = desk_apply(s->d, "exception.add", &who, args, s->now);
		break;
	case 4:
		args = json_pack("{s:o}", "id", json_sprintf("H-%d", (int)db_int(s->db, 1, "SELECT max(number) FROM handovers")));
		a = desk_apply(s->d, draw(2) ? "handover.accept" : "handover.offer", &who, args, s->now);
		break;
	default:
		args = json_pack("{s:s, s:s, s:s, s:s}", "tenant", "aoba", "kind", "question", "subject", "x", "text", "x");
		a = desk_apply(s->d, "inquiry.open", &who, args, s->now);
	}
	json_decref(args);
	json_decref(a.body);
}

/* ---- what must hold ---- */

/* After a tick that could be done nothing that is due is left, and nothing that has to come is without a timer. */
static void
tick_and_look(struct scene *s, unsigned round, int i)
{
	struct desk_overdue all[32];
	int error;
	size_t n;

	s->now = desk_now(s->d, &the_clock, &error);
	assert_int_equal(error, 0);
	scene_tick(s);
	if (db_int(s->db, -1, "SELECT count(*) FROM timers WHERE due_at <= ?", Q(s->now)) != 0)
		fail_msg("round %u, step %d: something is due and did not fire", round, i);
	n = desk_audit(s->db, s->now, all, 32);
	for (size_t k = 0; k < n; k++)
		if (strcmp(all[k].kind, "timer") == 0 || strcmp(all[k].kind, "missing") == 0 || strcmp(all[k].kind, "clock") == 0 || strcmp(all[k].kind, "database") == 0)
			fail_msg("round %u, step %d: %s %s", round, i, all[k].kind, all[k].id);
}

static void
fired_once_each(struct scene *s)
{
	struct desk_punctual p;

	desk_punctual(s->db, INT64_MIN, &p);
	assert_int_equal(p.twice, 0);
	assert_true(p.fired > 50);
	/* one alarm of a task, one for each promise, whatever happened in between */
	assert_int_equal(scene_count(s, "SELECT count(*) FROM (SELECT key FROM alarms WHERE kind IN ('task_late','duty_manager') GROUP BY kind, key HAVING count(*) > 1)"), 0);
	assert_int_equal(scene_count(s, "SELECT count(*) FROM tasks WHERE done_at IS NULL AND id NOT IN (SELECT key FROM alarms WHERE kind = 'task_late') AND id NOT IN (SELECT ref FROM timers)"), 0);
	assert_int_equal(scene_count(s, "SELECT count(*) FROM exceptions WHERE state = 'proposed' AND id NOT IN (SELECT ref FROM timers)"), 0);
}

static void
killed_full_locked_set_and_lost_at_any_moment(void **st)
{
	static void (*const troubles[])(struct scene *s) = { killed, killed, killed, full, locked, clock_set, a_site };
	struct scene s;
	int error;

	(void)st;
	for (unsigned round = 0; round < 3; round++) {
		char dir[48];

		seed = 4711 + round;
		scene_begin(&s);
		s.now = at("2026-11-19T07:00:00Z");
		import(&s, ROSTER);
		snprintf(dir, sizeof dir, "%s/nezuban-timers-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* no fault here is one of the disk */
		assert_non_null(mkdtemp(dir));
		snprintf(s.path, sizeof s.path, "%s/desk.db", dir);
		assert_int_equal(db_backup(s.db, s.path), 0);
		close_it(&s);
		scene_open(&s);
		fake.wall = s.now;
		fake.mono = 1000 * SEC;
		s.now = desk_now(s.d, &the_clock, &error);
		for (int i = 0; i < 260; i++) {
			if (draw(2) != 0)
				someone_works(&s);
			if (draw(3) == 0)
				troubles[draw(7)](&s);
			pass(draw(20) == 0 ? (int64_t)draw(3600) * SEC : (int64_t)draw(20000) * NS_PER_MS); /* or it stood still for up to an hour */
			tick_and_look(&s, round, i);
		}
		fired_once_each(&s);
		scene_replays(&s);
		scene_end(&s);
		unlink(s.path);
		strncat(s.path, "-journal", sizeof s.path - strlen(s.path) - 1);
		unlink(s.path);
		rmdir(dir);
	}
	if (deaths < 30 || writes_refused < 5)
		fail_msg("%u killed, %u refused", deaths, writes_refused);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whichever_timer_is_taken_away_the_auditor_tells),
		cmocka_unit_test(killed_full_locked_set_and_lost_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
