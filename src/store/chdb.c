/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chdb.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"

typedef struct chdb_connection_ *chdb_connection;
struct chdb_result;

struct lib {
	chdb_connection *(*connect)(int argc, char **argv);
	void (*close_conn)(chdb_connection *conn);
	struct chdb_result *(*query_n)(chdb_connection conn, const char *q, size_t qn, const char *f, size_t fn);
	struct chdb_result *(*stream_query_n)(chdb_connection conn, const char *q, size_t qn, const char *f,
	                                      size_t fn);
	struct chdb_result *(*stream_fetch)(chdb_connection conn, struct chdb_result *r);
	void (*stream_cancel)(chdb_connection conn, struct chdb_result *r);
	void (*destroy)(struct chdb_result *r);
	char *(*buffer)(struct chdb_result *r);
	size_t (*length)(struct chdb_result *r);
	const char *(*error)(struct chdb_result *r);
	uint64_t (*rows_read)(struct chdb_result *r);
	void (*signal_handlers)(bool on); /* may be NULL: older libraries */
};

struct chdb {
	struct lib lib;
	char *path, *config;
};

struct chdb_conn {
	struct chdb *db;
	chdb_connection *handle;
	uint64_t rows_read;
};

/* dlsym into a function pointer, in the way POSIX allows. */
static bool
find(void *so, const char *name, void *ret_fn)
{
	void *sym = dlsym(so, name);

	memcpy(ret_fn, &sym, sizeof sym);
	return sym != NULL;
}

static bool
find_all(void *so, struct lib *l)
{
	find(so, "chdb_set_signal_handlers_enabled", &l->signal_handlers);
	return find(so, "chdb_connect", &l->connect) && find(so, "chdb_close_conn", &l->close_conn) &&
	       find(so, "chdb_query_n", &l->query_n) && find(so, "chdb_stream_query_n", &l->stream_query_n) &&
	       find(so, "chdb_stream_fetch_result", &l->stream_fetch) &&
	       find(so, "chdb_stream_cancel_query", &l->stream_cancel) &&
	       find(so, "chdb_destroy_query_result", &l->destroy) &&
	       find(so, "chdb_result_buffer", &l->buffer) && find(so, "chdb_result_length", &l->length) &&
	       find(so, "chdb_result_error", &l->error) && find(so, "chdb_result_rows_read", &l->rows_read);
}

/* Fresh pages are half of an insert's price: the engine's allocator keeps those of the last one for the next, in one arena,
 * because every statement runs in a thread of its own and another arena's pages would be no use to it. store_rest gives
 * them back when none follows; the allocator's own thread for that brings the process down. */
static void *
open_library(const char *library)
{
	setenv("JE_MALLOC_CONF", "narenas:1,dirty_decay_ms:20000,oversize_threshold:0", 0);
	return dlopen(library, RTLD_NOW | RTLD_LOCAL);
}

int
chdb_load(const char *library, struct buf *err)
{
	void *so = open_library(library); /* kept open: it cannot be unloaded anyway */

	if (so == NULL)
		buf_put_str(err, dlerror());
	return so != NULL ? 0 : E_NOTFOUND;
}

int
chdb_open(const char *library, const char *path, const char *config, struct chdb **ret, struct buf *err)
{
	struct chdb *db;
	void *so = open_library(library);

	if (so == NULL) {
		buf_put_str(err, dlerror());
		return E_NOTFOUND;
	}
	db = x_calloc(1, sizeof *db);
	if (!find_all(so, &db->lib)) {
		buf_printf(err, "%s lacks a function we need; wanted the version in src/store/chdb/package.json",
		           library);
		free(db);
		return E_UNSUPPORTED;
	}
	if (db->lib.signal_handlers != NULL)
		db->lib.signal_handlers(false);
	db->path = x_strdup(path);
	db->config = x_strdup(config);
	*ret = db; /* forever: the library cannot be unloaded */
	return 0;
}

int
chdb_conn_new(struct chdb *db, struct chdb_conn **ret)
{
	char *path = x_asprintf("--path=%s", db->path), *config = x_asprintf("--config-file=%s", db->config);
	static char name[] = "nezuban-store";
	char *argv[] = { name, path, config, NULL };
	chdb_connection *handle = db->lib.connect(3, argv);

	free(path);
	free(config);
	if (handle == NULL)
		return E_IO;
	*ret = x_calloc(1, sizeof **ret);
	(*ret)->db = db;
	(*ret)->handle = handle;
	return 0;
}

void
chdb_conn_free(struct chdb_conn *c)
{
	if (c == NULL)
		return;
	c->db->lib.close_conn(c->handle);
	free(c);
}

uint64_t
chdb_rows_read(const struct chdb_conn *c)
{
	return c->rows_read;
}

/* The engine's errors begin "Code: 159. DB::Exception: …". Numbers: ClickHouse ErrorCodes.cpp. */
static int
error_code(const char *text)
{
	static const struct { const char *code; int err; } known[] = {
		{ "Code: 158.", E_LIMIT }, /* TOO_MANY_ROWS */
		{ "Code: 159.", E_LIMIT }, /* TIMEOUT_EXCEEDED */
		{ "Code: 160.", E_LIMIT }, /* TOO_SLOW */
		{ "Code: 307.", E_LIMIT }, /* TOO_MANY_BYTES */
		{ "Code: 396.", E_LIMIT }, /* TOO_MANY_ROWS_OR_BYTES */
		{ "Code: 241.", E_LIMIT }, /* MEMORY_LIMIT_EXCEEDED */
		{ "Code: 243.", E_FULL },  /* NOT_ENOUGH_SPACE */
		{ "Code: 394.", E_STATE }, /* QUERY_WAS_CANCELLED */
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strstr(text, known[i].code) != NULL)
			return known[i].err;
	return E_IO;
}

/* Moves what r holds to out. */
static int
take(struct chdb_conn *c, struct chdb_result *r, struct buf *out, struct buf *err)
{
	const struct lib *l = &c->db->lib;
	const char *error;

	if (r == NULL) {
		buf_put_str(err, "the engine gave no answer");
		return E_IO;
	}
	error = l->error(r);
	if (error != NULL && error[0] != '\0') {
		buf_put_str(err, error);
		return error_code(error);
	}
	c->rows_read += l->rows_read(r);
	if (out != NULL && l->length(r) != 0)
		buf_put(out, l->buffer(r), l->length(r));
	return 0;
}

int
chdb_run(struct chdb_conn *c, struct slice sql, const char *format, struct buf *out, struct buf *err)
{
	const struct lib *l = &c->db->lib;
	struct chdb_result *r = l->query_n(*c->handle, sql.p, sql.n, format, strlen(format));
	int ret;

	c->rows_read = 0;
	ret = take(c, r, out, err);
	if (r != NULL)
		l->destroy(r);
	return ret;
}

int
chdb_stream(struct chdb_conn *c, struct slice sql, const char *format, struct buf *out, struct buf *err,
            bool (*keep_on)(void *ctx, size_t bytes), void *ctx)
{
	const struct lib *l = &c->db->lib;
	struct chdb_result *r = l->stream_query_n(*c->handle, sql.p, sql.n, format, strlen(format)), *piece;
	size_t got;
	int ret = take(c, r, NULL, err);

	c->rows_read = 0;
	while (ret == 0) {
		if (!keep_on(ctx, out->n)) {
			l->stream_cancel(*c->handle, r);
			ret = E_STATE;
			break;
		}
		piece = l->stream_fetch(*c->handle, r);
		ret = take(c, piece, out, err);
		got = ret == 0 ? l->length(piece) : 0;
		if (piece != NULL)
			l->destroy(piece);
		if (got == 0)
			break;
	}
	if (r != NULL)
		l->destroy(r);
	return ret;
}
