/* SPDX-License-Identifier: Apache-2.0
 *
 * The face over SQLite.  Statements are prepared once and kept by their text; a statement that is being
 * read is prepared a second time for a nested use and thrown away after it.
 */
#include "db/db.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/must.h"

#define WAL_SAFE_SINCE 3051003 /* first SQLite without the WAL-reset fault */

struct db_stmt {
	sqlite3_stmt *s;
	bool busy, once;
};

struct db {
	sqlite3 *h;
	struct map stmts; /* text → struct db_stmt */
	bool open;
	int error, missed;
	void (*on_commit)(void *ctx, bool after);
	void *on_commit_ctx;
};

static int
code_of(struct db *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return E_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return E_AGAIN;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return E_CORRUPT;
	case SQLITE_TOOBIG:
		return E_TOOBIG;
	case SQLITE_CONSTRAINT:
		return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ? E_EXISTS : E_RANGE;
	case SQLITE_NOMEM:
		die(3, "out of memory in the database");
	case SQLITE_ERROR:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
		/* a statement of ours is wrong: a bug */
		log_error("db.statement", kv_str("text", sqlite3_errmsg(db->h)));
		return E_SYNTAX;
	default:
		return E_IO;
	}
}

static int
keep(struct db *db, int error)
{
	if (error != 0 && db->open && db->error == 0)
		db->error = error;
	if (error == E_IO || error == E_CORRUPT || (error != 0 && !db->open && db->missed == 0))
		db->missed = error;
	return error;
}

static int
exec(struct db *db, const char *sql)
{
	return code_of(db, sqlite3_exec(db->h, sql, NULL, NULL, NULL));
}

static int
pragma_is(struct db *db, const char *sql, const char *want)
{
	char *got = db_text(db, sql);
	bool same = got != NULL && strcmp(got, want) == 0;

	free(got);
	return same;
}

static int
set_up(struct db *db)
{
	int r;

	sqlite3_extended_result_codes(db->h, 1);
	sqlite3_busy_timeout(db->h, 5000);
	sqlite3_limit(db->h, SQLITE_LIMIT_ATTACHED, 0);
	if ((r = exec(db, "PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON; PRAGMA mmap_size=0; PRAGMA cell_size_check=ON")))
		return r;
	if (sqlite3_libversion_number() < WAL_SAFE_SINCE && pragma_is(db, "PRAGMA journal_mode", "wal")) {
		log_alert("db.wal", kv_str("sqlite", sqlite3_libversion()));
		return E_UNSUPPORTED;
	}
	if ((r = exec(db, "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY")))
		return r;
	if (!pragma_is(db, "PRAGMA synchronous", "2") || !pragma_is(db, "PRAGMA foreign_keys", "1"))
		return E_UNSUPPORTED;
	return 0;
}

int
db_open(const char *path, struct db **ret)
{
	struct db *db = x_calloc(1, sizeof *db);
	int rc = sqlite3_open_v2(path, &db->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, NULL);
	int r = rc != SQLITE_OK ? E_IO : set_up(db);

	if (r != 0) {
		log_error("db.open", kv_str("path", path), kv_err(r));
		db_close(db);
		return r;
	}
	*ret = db;
	return 0;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	if (db->open)
		db_rollback(db);
	for (struct map_slot *s = NULL; (s = map_next(&db->stmts, s)) != NULL;) {
		struct db_stmt *st = s->ptr;

		sqlite3_finalize(st->s);
		free(st);
	}
	map_fini(&db->stmts);
	sqlite3_close(db->h);
	free(db);
}

/* ---- statements ---- */

static struct db_stmt *
prepare(struct db *db, const char *sql)
{
	struct db_stmt *st;
	sqlite3_stmt *s;
	int rc = sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL);

	if (rc != SQLITE_OK) {
		keep(db, code_of(db, rc));
		return NULL;
	}
	st = x_calloc(1, sizeof *st);
	st->s = s;
	return st;
}

static struct db_stmt *
take(struct db *db, const char *sql)
{
	struct map_slot *slot = map_get(&db->stmts, slice_str(sql));
	struct db_stmt *st;

	if (slot != NULL && !((struct db_stmt *)slot->ptr)->busy) {
		st = slot->ptr;
	} else {
		st = prepare(db, sql);
		if (st == NULL)
			return NULL;
		st->once = slot != NULL;
		if (!st->once)
			map_put(&db->stmts, slice_str(sql), NULL)->ptr = st;
	}
	st->busy = true;
	return st;
}

static void
give(struct db_stmt *st)
{
	sqlite3_reset(st->s);
	sqlite3_clear_bindings(st->s);
	st->busy = false;
	if (st->once) {
		sqlite3_finalize(st->s);
		free(st);
	}
}

static int
bind_one(sqlite3_stmt *s, int at, const struct db_value *v)
{
	switch (v->kind) {
	case DB_NULL:
		return sqlite3_bind_null(s, at);
	case DB_INT:
		return sqlite3_bind_int64(s, at, v->i);
	case DB_REAL:
		return sqlite3_bind_double(s, at, v->f);
	case DB_TEXT:
		return sqlite3_bind_text64(s, at, v->s.n != 0 ? v->s.p : "", v->s.n, SQLITE_TRANSIENT, SQLITE_UTF8);
	case DB_BLOB:
		return sqlite3_bind_blob64(s, at, v->s.n != 0 ? v->s.p : "", v->s.n, SQLITE_TRANSIENT);
	}
	return SQLITE_MISUSE;
}

static struct db_stmt *
start(struct db *db, const char *sql, const struct db_value *v, size_t n)
{
	struct db_stmt *st;
	int rc = SQLITE_OK;

	if (db->open && db->error != 0)
		return NULL;
	st = take(db, sql);
	if (st == NULL)
		return NULL;
	must((size_t)sqlite3_bind_parameter_count(st->s) == n);
	for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
		rc = bind_one(st->s, (int)i + 1, &v[i]);
	if (rc != SQLITE_OK) {
		keep(db, code_of(db, rc));
		give(st);
		return NULL;
	}
	return st;
}

int
db_run_(struct db *db, const char *sql, const struct db_value *v, size_t n)
{
	struct db_stmt *st = start(db, sql, v, n);
	int rc;

	if (st == NULL)
		return db->error != 0 ? db->error : E_SYNTAX;
	while ((rc = sqlite3_step(st->s)) == SQLITE_ROW)
		;
	rc = code_of(db, rc);
	give(st);
	return keep(db, rc);
}

int64_t
db_changed(const struct db *db)
{
	return sqlite3_changes64(db->h);
}

int64_t
db_last_id(const struct db *db)
{
	return sqlite3_last_insert_rowid(db->h);
}

struct rows
db_query_(struct db *db, const char *sql, const struct db_value *v, size_t n)
{
	return (struct rows){ .db = db, .stmt = start(db, sql, v, n) };
}

bool
rows_next(struct rows *r)
{
	int rc;

	if (r->stmt == NULL)
		return false;
	rc = sqlite3_step(r->stmt->s);
	if (rc == SQLITE_ROW)
		return true;
	keep(r->db, code_of(r->db, rc));
	rows_close(r);
	return false;
}

void
rows_close(struct rows *r)
{
	if (r->stmt != NULL)
		give(r->stmt);
	r->stmt = NULL;
}

int
rows_columns(const struct rows *r)
{
	return r->stmt != NULL ? sqlite3_column_count(r->stmt->s) : 0;
}

const char *
rows_name(const struct rows *r, int column)
{
	return sqlite3_column_name(r->stmt->s, column);
}

enum db_kind
row_kind(const struct rows *r, int column)
{
	switch (sqlite3_column_type(r->stmt->s, column)) {
	case SQLITE_INTEGER:
		return DB_INT;
	case SQLITE_FLOAT:
		return DB_REAL;
	case SQLITE_TEXT:
		return DB_TEXT;
	case SQLITE_BLOB:
		return DB_BLOB;
	default:
		return DB_NULL;
	}
}

int64_t
row_int(const struct rows *r, int column)
{
	return sqlite3_column_int64(r->stmt->s, column);
}

double
row_real(const struct rows *r, int column)
{
	return sqlite3_column_double(r->stmt->s, column);
}

struct slice
row_text(const struct rows *r, int column)
{
	sqlite3_stmt *s = r->stmt->s;
	const void *p;

	if (sqlite3_column_type(s, column) == SQLITE_NULL)
		return (struct slice){ NULL, 0 };
	p = sqlite3_column_type(s, column) == SQLITE_BLOB ? sqlite3_column_blob(s, column)
	                                                  : (const void *)sqlite3_column_text(s, column);
	return slice_of(p != NULL ? p : "", (size_t)sqlite3_column_bytes(s, column));
}

const char *
row_str(const struct rows *r, int column)
{
	return (const char *)sqlite3_column_text(r->stmt->s, column);
}

int64_t
db_int_(struct db *db, int64_t otherwise, const char *sql, const struct db_value *v, size_t n)
{
	struct rows r = db_query_(db, sql, v, n);
	int64_t got = otherwise;

	if (rows_next(&r)) {
		if (row_kind(&r, 0) != DB_NULL)
			got = row_int(&r, 0);
		rows_close(&r);
	}
	return got;
}

char *
db_text_(struct db *db, const char *sql, const struct db_value *v, size_t n)
{
	struct rows r = db_query_(db, sql, v, n);
	char *got = NULL;

	if (rows_next(&r)) {
		const char *s = row_str(&r, 0);

		got = s != NULL ? x_strdup(s) : NULL;
		rows_close(&r);
	}
	return got;
}

/* ---- transactions ---- */

void
db_begin(struct db *db)
{
	must(!db->open);
	db->open = true;
	db->error = 0;
	/* IMMEDIATE: the lock is taken now, so nothing can fail for it later */
	db->error = exec(db, "BEGIN IMMEDIATE");
}

int
db_commit(struct db *db)
{
	int r = db->error;

	must(db->open);
	if (r == 0 && db->on_commit != NULL)
		db->on_commit(db->on_commit_ctx, false);
	if (r == 0)
		r = exec(db, "COMMIT");
	if (r != 0) {
		db_rollback(db);
		return r;
	}
	db->open = false;
	if (db->on_commit != NULL)
		db->on_commit(db->on_commit_ctx, true);
	return 0;
}

void
db_rollback(struct db *db)
{
	must(db->open);
	if (!sqlite3_get_autocommit(db->h))
		exec(db, "ROLLBACK");
	db->open = false;
	db->error = 0;
}

bool
db_is_open(const struct db *db)
{
	return db->open;
}

int
db_error(const struct db *db)
{
	return db->error;
}

int
db_missed(struct db *db)
{
	int r = db->missed;

	if (r != E_IO && r != E_CORRUPT)
		db->missed = 0;
	return r;
}

void
db_fail(struct db *db, int error)
{
	keep(db, error);
}

void
db_on_commit(struct db *db, void (*fn)(void *ctx, bool after), void *ctx)
{
	db->on_commit = fn;
	db->on_commit_ctx = ctx;
}

/* ---- schema, backup ---- */

static void
spell(struct buf *out, const char *sql)
{
	static const struct {
		const char *word, *here;
	} words[] = { { "@int", "INTEGER" }, { "@blob", "BLOB" }, { "@strict", "STRICT" } };

	while (*sql != '\0') {
		size_t k = 0;

		for (; k < sizeof words / sizeof *words; k++)
			if (strncmp(sql, words[k].word, strlen(words[k].word)) == 0)
				break;
		if (k < sizeof words / sizeof *words) {
			buf_put_str(out, words[k].here);
			sql += strlen(words[k].word);
		} else {
			buf_put_byte(out, *sql++);
		}
	}
}

static int
migrate_one(struct db *db, const char *step, size_t to)
{
	auto_buf struct buf sql = { 0 };
	char version[48];
	int r;

	spell(&sql, step);
	snprintf(version, sizeof version, "PRAGMA user_version = %zu", to);
	db_begin(db);
	if ((r = exec(db, buf_cstr(&sql))) != 0 || (r = exec(db, version)) != 0)
		db_fail(db, r);
	return db_commit(db);
}

int
db_migrate(struct db *db, const char *const *steps, size_t count)
{
	int64_t at = db_int(db, -1, "PRAGMA user_version");
	int r;

	if (at < 0)
		return E_CORRUPT;
	if ((size_t)at > count)
		return E_UNSUPPORTED;
	for (size_t i = (size_t)at; i < count; i++)
		if ((r = migrate_one(db, steps[i], i + 1)) != 0)
			return r;
	return 0;
}

int
db_backup(struct db *db, const char *path)
{
	sqlite3 *to = NULL;
	sqlite3_backup *b;
	struct db copy = { 0 };
	char *said;
	int rc, r = 0;

	rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, NULL);
	if (rc == SQLITE_OK) {
		b = sqlite3_backup_init(to, "main", db->h, "main");
		rc = b != NULL ? sqlite3_backup_step(b, -1) : SQLITE_ERROR;
		sqlite3_backup_finish(b);
	}
	if (rc != SQLITE_DONE)
		r = E_IO;
	if (r == 0) {
		copy.h = to;
		said = db_text(&copy, "PRAGMA integrity_check");
		if (said == NULL || strcmp(said, "ok") != 0)
			r = E_CORRUPT;
		free(said);
		for (struct map_slot *s = NULL; (s = map_next(&copy.stmts, s)) != NULL;) {
			sqlite3_finalize(((struct db_stmt *)s->ptr)->s);
			free(s->ptr);
		}
		map_fini(&copy.stmts);
	}
	sqlite3_close(to);
	return r;
}
