/* SPDX-License-Identifier: Apache-2.0
 *
 * The database's face: transactions fail whole, migrations climb, WAL is refused, errors keep their kind.
 */
#include "unit.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "db/db.h"

static const char *const steps[] = {
	"CREATE TABLE a(id @int PRIMARY KEY, name TEXT NOT NULL UNIQUE, b @blob) @strict;",
	"ALTER TABLE a ADD COLUMN c @int; CREATE TABLE d(a @int REFERENCES a(id)) @strict;",
};

static struct db *
fresh(void)
{
	struct db *db;

	assert_int_equal(db_open(":memory:", &db), 0);
	assert_int_equal(db_migrate(db, steps, 2), 0);
	return db;
}

static void
rows_come_back_as_they_went(void **s)
{
	struct db *db = fresh();

	(void)s;
	assert_int_equal(db_run(db, "INSERT INTO a(id, name, b) VALUES(?, ?, ?)", Q(7), Q("x"), Q_BLOB("\0\1", 2)), 0);
	struct rows r = db_query(db, "SELECT id, name, b, c FROM a");
	assert_true(rows_next(&r));
	assert_int_equal(row_int(&r, 0), 7);
	assert_slice(row_text(&r, 1), "x");
	assert_slice(row_text(&r, 2), "\0\1");
	assert_int_equal(row_kind(&r, 3), DB_NULL);
	assert_string_equal(rows_name(&r, 1), "name");
	/* nested use of the same text while the outer one is read */
	assert_int_equal(db_int(db, 0, "SELECT id, name, b, c FROM a"), 7);
	assert_false(rows_next(&r));
	db_close(db);
}

static void
one_error_spoils_the_whole_transaction(void **s)
{
	struct db *db = fresh();

	(void)s;
	db_begin(db);
	assert_int_equal(db_run(db, "INSERT INTO a(id, name) VALUES(1, 'x')"), 0);
	assert_int_equal(db_run(db, "INSERT INTO a(id, name) VALUES(2, 'x')"), E_EXISTS);
	assert_int_equal(db_run(db, "INSERT INTO a(id, name) VALUES(3, 'z')"), E_EXISTS);
	assert_int_equal(db_int(db, -1, "SELECT count(*) FROM a"), -1);
	assert_int_equal(db_commit(db), E_EXISTS);
	assert_int_equal(db_int(db, -1, "SELECT count(*) FROM a"), 0);
	db_begin(db);
	db_run(db, "INSERT INTO d(a) VALUES(99)");
	assert_int_equal(db_commit(db), E_RANGE);
	db_begin(db);
	db_fail(db, E_STATE);
	assert_int_equal(db_commit(db), E_STATE);
	db_close(db);
}

static void
a_newer_file_is_refused(void **s)
{
	struct db *db = fresh();

	(void)s;
	assert_int_equal(db_migrate(db, steps, 1), E_UNSUPPORTED);
	assert_int_equal(db_migrate(db, steps, 2), 0);
	db_close(db);
}

static void
wal_is_refused_and_a_backup_is_checked(void **s)
{
	char dir[] = "/tmp/nzdbXXXXXX", path[64], copy[64];
	sqlite3 *h;
	struct db *db = NULL;

	(void)s;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/a.db", dir);
	snprintf(copy, sizeof copy, "%s/b.db", dir);
	assert_int_equal(db_open(path, &db), 0);
	assert_int_equal(db_migrate(db, steps, 2), 0);
	assert_int_equal(db_backup(db, copy), 0);
	assert_int_equal(access(copy, F_OK), 0);
	db_close(db);
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, "PRAGMA journal_mode=WAL", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(h);
	db = NULL;
	if (sqlite3_libversion_number() < 3051003)
		assert_int_equal(db_open(path, &db), E_UNSUPPORTED);
	unlink(path);
	unlink(copy);
	rmdir(dir);
}

/* A query that cannot look has no rows, and so has one that finds none: they are told apart. */
static void
what_could_not_be_read_is_not_nothing(void **s)
{
	char dir[] = "/tmp/nezuban-db-XXXXXX", path[64];
	struct db *db, *other;
	int fd;

	(void)s;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/a.db", dir);
	assert_int_equal(db_open(path, &db), 0);
	assert_int_equal(db_migrate(db, steps, 2), 0);
	assert_int_equal(db_run(db, "INSERT INTO a(id, name) VALUES(1, 'x')"), 0);
	assert_int_equal(db_int(db, 0, "PRAGMA busy_timeout=10"), 10);
	assert_int_equal(db_int(db, -1, "SELECT id FROM a WHERE id = 9"), -1);
	assert_int_equal(db_missed(db), 0);
	/* somebody else holds the file */
	assert_int_equal(db_open(path, &other), 0);
	assert_int_equal(db_run(other, "BEGIN EXCLUSIVE"), 0);
	assert_int_equal(db_int(db, -1, "SELECT id FROM a"), -1);
	assert_int_equal(db_missed(db), E_AGAIN);
	assert_int_equal(db_missed(db), 0); /* told once */
	assert_int_equal(db_run(other, "ROLLBACK"), 0);
	assert_int_equal(db_int(db, -1, "SELECT id FROM a"), 1);
	assert_int_equal(db_missed(db), 0);
	db_close(other);
	/* a damaged file stays damaged */
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	for (off_t at = 4096; at < 40960; at += 512)
		assert_int_equal(pwrite(fd, "no page of a database at all", 28, at), 28);
	close(fd);
	assert_int_equal(db_open(path, &other), 0);
	assert_int_equal(db_int(other, -1, "SELECT count(*) FROM a WHERE name = 'x'"), -1);
	assert_int_equal(db_missed(other), E_CORRUPT);
	assert_int_equal(db_missed(other), E_CORRUPT);
	db_close(other);
	db_close(db);
	unlink(path);
	snprintf(path, sizeof path, "%s/a.db-journal", dir);
	unlink(path);
	rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_back_as_they_went),
		cmocka_unit_test(one_error_spoils_the_whole_transaction),
		cmocka_unit_test(a_newer_file_is_refused),
		cmocka_unit_test(wal_is_refused_and_a_backup_is_checked),
		cmocka_unit_test(what_could_not_be_read_is_not_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
