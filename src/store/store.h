/* SPDX-License-Identifier: Apache-2.0
 *
 * Store: the search store, ClickHouse inside the process (libchdb).  Derived from the archive: it can be
 * thrown away and rebuilt, so the rows themselves are its position.
 *
 *     column blocks (whole batches) ─▶ store_insert: one file, one Native block, one partition, one part
 *     start or doubt ─▶ store_positions: asked of the rows; `positions` beside them only narrows the search
 *     generated SQL ─▶ store_query: limits, a second tenant filter, and rows checked once more by the caller
 *
 * An insert that answers with an error is "unknown", never "failed": store_positions before the next one.
 * Threads: a store is made by one thread; each thread that asks has its own connection.  Only one thread
 * inserts.  libchdb is opened at run time and cannot be unloaded, so one store per process.
 */
#ifndef NZ_STORE_STORE_H
#define NZ_STORE_STORE_H

#include "base/vec.h"
#include "store/block.h"

struct store;
struct store_conn;

struct store_conf {
	const char *library;     /* path of libchdb.so; NULL: looked for in the usual places */
	const char *folder;      /* absolute; made when absent */
	uint64_t max_memory;     /* of the engine, bytes; 0 = STORE_MEMORY */
	uint64_t cache;          /* marks and indexes kept in memory, bytes; 0 = 96 MiB */
	unsigned days[4];        /* retention by class; 0 = 92, 365, 30, 92 */
};

#define STORE_MEMORY (1280ull << 20)
#define STORE_INSERT_BYTES (320ull << 20) /* past that an insert is not cheaper per row, and asks for more memory */

/* Only loads the library (before a jail that hides its file). store_open does it by itself otherwise. */
int store_load_library(const char *library, struct buf *err);
int store_open(const struct store_conf *conf, struct store **ret, struct buf *err);
void store_close(struct store *st);
int store_conn_new(struct store *st, struct store_conn **ret, struct buf *err);
void store_conn_free(struct store_conn *c);
/* The library that would be used: conf's, $NEZUBAN_LIBCHDB, beside the program, /usr/lib/nezuban. Heap or NULL. */
char *store_find_library(const char *wanted);

/* ---- inserting ---- */

struct store_position {
	struct batch_key key;    /* the last batch of this LCP and epoch */
	uint64_t first;          /* the first one the store ever had */
	bool broken;             /* the rows between them are not one prefix: alarm, do not insert */
};

typedef VEC(struct store_position) store_positions_vec;

/* What the store's own rows say. The first call after store_open asks the rows; later ones as well when
 * an insert was in doubt. */
int store_positions(struct store_conn *c, store_positions_vec *ret, struct buf *err);
/* Inserts whole batches that lie in one partition, durably (the parts and their folder are synced before
 * it returns). Blocks of one LCP must be in order and follow its position: E_GAP, E_REPLAY otherwise. */
int store_insert(struct store_conn *c, const struct store_block *const *blocks, size_t count, struct buf *err);
/* Bytes of blocks one insert takes at most: a quarter of the engine's memory (0 = STORE_MEMORY), and STORE_INSERT_BYTES. */
uint64_t store_insert_bytes(uint64_t max_memory);
/* Gives back memory that only inserting needs, when there is nothing to insert for a while. */
void store_rest(struct store *st);
/* Picks from pending[0..n) what may go into the next insert: one partition, order of every LCP kept, at
 * most max_rows. Writes indexes to ret_pick, returns how many. */
size_t store_pick(const struct store_block *const *pending, size_t n, uint64_t max_rows, size_t *ret_pick);
/* Drops partitions past their class's days. */
int store_expire(struct store_conn *c, int64_t now_ns, struct buf *err);

/* ---- asking ---- */

struct store_limits {
	uint64_t rows_to_read;   /* 0 = no limit */
	uint64_t memory;         /* bytes; 0 = 512 MiB */
	double seconds;          /* 0 = 30 */
	size_t result_bytes;     /* 0 = 64 MiB; past it E_LIMIT */
};

/* Runs generated SQL. tenants (count > 0) become the engine's own filter on every read of events, beside
 * the predicate the SQL already carries. format: "JSONEachRow", "JSONCompactEachRow", "TSV", …
 * `cancel` may be set by another thread (non-zero: stop; E_STATE). */
int store_query(struct store_conn *c, struct slice sql, const struct slice *tenants, size_t count,
                const struct store_limits *limits, const char *format, const volatile int *cancel,
                struct buf *out, struct buf *err);
uint64_t store_rows_read(const struct store_conn *c);
/* Statements of our own, without limits (tests, benches, doctor). */
int store_run(struct store_conn *c, const char *sql, const char *format, struct buf *out, struct buf *err);
/* CREATE TABLE as generated from the tables of columns. */
void store_schema(struct buf *out);

#define STORE_TABLE "nz.events"

#endif
