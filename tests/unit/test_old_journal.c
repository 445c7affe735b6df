/* SPDX-License-Identifier: Apache-2.0
 *
 * What an older build left: its tables are migrated, its journal is verified, and a replay of it by this build gives the same rows as the
 * migrated tables (a record is replayed by the rules of its own version).  journals/NAME.sql is a whole database of that build with device wishes, their
 * approval, refusal, first line and withdrawal, networks and assets one by one, imports that name devices.
 */
#include "desk_scene.h"

#include <sqlite3.h>
#include <unistd.h>

#include "sys/fd.h"

#define FOLDER NEZUBAN_SOURCE_ROOT "/tests/unit/journals/"

/* The old database, as a file that this build opens. */
static void
restore(const char *name, char path[64])
{
	auto_free char *from = x_asprintf(FOLDER "%s.sql", name);
	struct buf text = { 0 };
	sqlite3 *h;

	snprintf(path, 64, "/tmp/nz-old-journal-%d.db", (int)getpid());
	unlink(path);
	assert_int_equal(file_read(from, &text, 4u << 20), 0);
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, buf_cstr(&text), NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(h);
	buf_fini(&text);
}

static void
same_tables(const char *name, const struct buf *a, const struct buf *b)
{
	struct slice left = buf_slice(a), right = buf_slice(b);

	while (left.n != 0 || right.n != 0) {
		struct slice x = slice_cut(&left, '\n'), y = slice_cut(&right, '\n');

		if (!slice_eq(x, y))
			fail_msg("%s:\n migrated " SL_FMT "\n replayed " SL_FMT, name, SL_ARG(x), SL_ARG(y));
	}
}

static void
an_older_builds_journal_rebuilds_its_tables(void **st)
{
	static const char *const names[] = { "devices", "refusal", "networks", "imports" };

	(void)st;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct scene s = { .now = T0 };
		struct buf a = { 0 }, b = { 0 };
		struct desk_verified v;
		struct db *copy;

		restore(names[i], s.path);
		scene_open(&s);
		assert_int_equal(desk_verify(s.db, &v), 0);
		assert_true(v.rows >= 4);
		assert_int_equal(db_open(":memory:", &copy), 0);
		assert_int_equal(desk_replay(s.db, copy, &scene_settings), 0);
		desk_dump(s.db, &a);
		desk_dump(copy, &b);
		assert_true(a.n > 2000);
		same_tables(names[i], &a, &b);
		db_close(copy);
		buf_fini(&a);
		buf_fini(&b);
		scene_end(&s);
		unlink(s.path);
	}
}

/* One letter changed in an old record is found; a command that nobody knows any more is refused, and said which. */
static void
an_older_journal_that_was_changed_is_refused(void **st)
{
	struct scene s = { .now = T0 };
	struct desk_verified v;
	struct db *copy;

	(void)st;
	restore("devices", s.path);
	scene_open(&s);
	db_run(s.db, "UPDATE journal SET record = CAST(replace(CAST(record AS TEXT), '10.1.0.1', '10.1.0.9') AS BLOB) WHERE command = 'device.register'");
	assert_int_equal(db_error(s.db), 0);
	assert_true(desk_verify(s.db, &v) != 0);
	assert_non_null(v.fault);
	assert_int_equal(v.bad_seq, db_int(s.db, -1, "SELECT min(seq) FROM journal WHERE command = 'device.register'"));
	db_run(s.db, "UPDATE journal SET record = CAST(replace(CAST(record AS TEXT), 'device.register', 'device.wished') AS BLOB)");
	assert_int_equal(db_open(":memory:", &copy), 0);
	assert_true(desk_replay(s.db, copy, &scene_settings) != 0);
	db_close(copy);
	scene_end(&s);
	unlink(s.path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(an_older_builds_journal_rebuilds_its_tables), cmocka_unit_test(an_older_journal_that_was_changed_is_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
