/* SPDX-License-Identifier: Apache-2.0
 *
 * Face of libchdb (ClickHouse in the process), private to store/.  The library is opened at run time from
 * the path the configuration names, so nothing else in the product needs it.  Its C interface is declared
 * here as far as we use it (chdb.h of chdb-io/chdb; the npm package carries no header).
 *
 * One engine per process and folder; each thread that asks takes its own connection, because a connection
 * runs one query at a time.  A query's text is made by us alone: no SQL from people comes here.
 */
#ifndef NZ_STORE_CHDB_H
#define NZ_STORE_CHDB_H

#include "base/buf.h"
#include "base/slice.h"

struct chdb;
struct chdb_conn;

int chdb_load(const char *library, struct buf *err);
/* Opens the library and the engine on the absolute folder `path`. config: path of the engine's own
 * configuration file. 0 or E_NOTFOUND, E_UNSUPPORTED, E_IO with a text in err (on the heap's buf). */
int chdb_open(const char *library, const char *path, const char *config, struct chdb **ret, struct buf *err);
int chdb_conn_new(struct chdb *db, struct chdb_conn **ret);
void chdb_conn_free(struct chdb_conn *c);
/* Runs sql; appends the result in `format` to out (may be NULL). 0; E_LIMIT when one of the engine's
 * limits ended it, E_NOMEM, E_IO otherwise; err gets the engine's words. */
int chdb_run(struct chdb_conn *c, struct slice sql, const char *format, struct buf *out, struct buf *err);
/* Rows the last query of this connection read. */
uint64_t chdb_rows_read(const struct chdb_conn *c);
/* The same in pieces, so that it can be stopped: between pieces keep_on is asked. E_STATE when stopped. */
int chdb_stream(struct chdb_conn *c, struct slice sql, const char *format, struct buf *out, struct buf *err,
                bool (*keep_on)(void *ctx, size_t bytes), void *ctx);

#endif
