/* SPDX-License-Identifier: Apache-2.0
 *
 * Db: thin face of the business database.  Floor 2.  SQLite today; nothing below says so, so PostgreSQL
 * can stand behind the same functions: parameters are `?`, schema texts use the words @int @blob @strict
 * that each engine spells its own way.
 *
 *     db_begin(db);
 *     db_run(db, "UPDATE clocks SET stopped_at = ? WHERE id = ?", Q(now), Q(id));
 *     struct rows r = db_query(db, "SELECT id FROM clocks WHERE tenant = ?", Q(tenant));
 *     while (rows_next(&r)) use(row_text(&r, 0));
 *     if (db_commit(db) != 0) … nothing happened
 *
 * Fail once, late and whole: an error inside a transaction is kept, everything after it does nothing and
 * reads nothing, and db_commit rolls back and returns it.  Code between stays straight.
 *
 * SQLite is opened with a rollback journal (TRUNCATE), synchronous FULL, no mmap, foreign keys on, trusted
 * schema off; tables are STRICT.  A file in WAL mode is refused while the library is older than 3.51.3,
 * whose WAL-reset fault can corrupt it.  E_FULL when the disk is full (a normal state: try again later);
 * E_IO after a failed sync: the process must end and start again from the file (R2), never go on.
 */
#ifndef NZ_DB_DB_H
#define NZ_DB_DB_H

#include "base/slice.h"

struct db;

enum db_kind { DB_NULL, DB_INT, DB_REAL, DB_TEXT, DB_BLOB };

struct db_value {
	enum db_kind kind;
	union {
		int64_t i;
		double f;
		struct slice s;
	};
};

/* Parameters.  NULL text becomes NULL. */
static inline struct db_value
db_q_str(const char *s)
{
	return s == NULL ? (struct db_value){ .kind = DB_NULL } : (struct db_value){ .kind = DB_TEXT, .s = slice_str(s) };
}

static inline struct db_value
db_q_slice(struct slice s)
{
	return (struct db_value){ .kind = s.p == NULL ? DB_NULL : DB_TEXT, .s = s };
}

static inline struct db_value
db_q_int(int64_t i)
{
	return (struct db_value){ .kind = DB_INT, .i = i };
}

static inline struct db_value
db_q_real(double f)
{
	return (struct db_value){ .kind = DB_REAL, .f = f };
}

static inline struct db_value
db_q_same(struct db_value v)
{
	return v;
}

static inline struct db_value
Q_BLOB(const void *p, size_t n)
{
	return (struct db_value){ .kind = DB_BLOB, .s = slice_of(p, n) };
}

#define Q_NULL ((struct db_value){ .kind = DB_NULL })
/* A time or number that is absent when 0. */
static inline struct db_value
Q_MAYBE(int64_t i)
{
	return i != 0 ? db_q_int(i) : Q_NULL;
}

#define Q(x)                                                                                       \
	_Generic((x), char *: db_q_str, const char *: db_q_str, struct slice: db_q_slice,          \
	         double: db_q_real, struct db_value: db_q_same, default: db_q_int)(x)

#define DB_ARGS_(...)                                                                              \
	(const struct db_value[]){ __VA_ARGS__ __VA_OPT__(, ) { .kind = DB_NULL } },               \
	        sizeof((const struct db_value[]){ __VA_ARGS__ __VA_OPT__(, ) { .kind = DB_NULL } }) / \
	                        sizeof(struct db_value) - 1

/* path ":memory:" lives in memory.  E_IO, E_CORRUPT, E_UNSUPPORTED (WAL with an old library). */
int db_open(const char *path, struct db **ret);
void db_close(struct db *db); /* NULL is fine; rolls back what is open */

/* Brings the schema from its version to `count` by running steps[version] … in one transaction each.
 * E_UNSUPPORTED when the file is newer than the program. */
int db_migrate(struct db *db, const char *const *steps, size_t count);

void db_begin(struct db *db); /* transactions do not nest (must) */
int db_commit(struct db *db);
void db_rollback(struct db *db);
bool db_is_open(const struct db *db);   /* inside a transaction? */
int db_error(const struct db *db);      /* the kept error of this transaction, 0 */
/* Outside of a transaction a query that fails has no rows, as one that finds none. This tells them apart: what went wrong there since it was
 * last asked, 0 when nothing did.  E_IO and E_CORRUPT, wherever they happened, stay. */
int db_missed(struct db *db);
/* Spoils the transaction with an error of the caller. The first one stays. */
void db_fail(struct db *db, int error);

/* One statement without rows; 0 or the error (kept as well). E_EXISTS for a broken UNIQUE, E_RANGE for a
 * broken CHECK or foreign key. */
int db_run_(struct db *db, const char *sql, const struct db_value *v, size_t n);
#define db_run(db, sql, ...) db_run_((db), (sql), DB_ARGS_(__VA_ARGS__))
int64_t db_changed(const struct db *db); /* rows touched by the last db_run */
int64_t db_last_id(const struct db *db);

struct db_stmt;
struct rows {
	struct db *db;
	struct db_stmt *stmt; /* NULL when done */
};

struct rows db_query_(struct db *db, const char *sql, const struct db_value *v, size_t n);
#define db_query(db, sql, ...) db_query_((db), (sql), DB_ARGS_(__VA_ARGS__))
bool rows_next(struct rows *r);  /* false at the end, which also closes */
void rows_close(struct rows *r); /* only when left early */
int rows_columns(const struct rows *r);
const char *rows_name(const struct rows *r, int column);
enum db_kind row_kind(const struct rows *r, int column);
int64_t row_int(const struct rows *r, int column);  /* 0 for NULL */
double row_real(const struct rows *r, int column);
struct slice row_text(const struct rows *r, int column); /* p == NULL for NULL; until the next rows_next */
const char *row_str(const struct rows *r, int column);   /* the same with a NUL; NULL for NULL */
#define auto_rows __attribute__((cleanup(rows_close)))

/* First column of the first row, or `otherwise`. */
int64_t db_int_(struct db *db, int64_t otherwise, const char *sql, const struct db_value *v, size_t n);
#define db_int(db, otherwise, sql, ...) db_int_((db), (otherwise), (sql), DB_ARGS_(__VA_ARGS__))
/* The same as text on the heap; NULL when there is no row or it is NULL. */
char *db_text_(struct db *db, const char *sql, const struct db_value *v, size_t n);
#define db_text(db, sql, ...) db_text_((db), (sql), DB_ARGS_(__VA_ARGS__))

/* Copies the database to path with the backup API and checks the copy; 0, E_IO or E_CORRUPT. */
int db_backup(struct db *db, const char *path);

/* For tests that kill a process at a transition: called before and after every commit. */
void db_on_commit(struct db *db, void (*fn)(void *ctx, bool after), void *ctx);

#endif
