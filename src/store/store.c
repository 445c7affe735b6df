/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memfd_create */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "codec/sqlq.h"
#include "store/schema.h"
#include "store/store_priv.h"
#include "sys/fd.h"

char *
store_find_library(const char *wanted)
{
	static const char package[] = "node_modules/@chdb/lib-linux-x64-gnu/libchdb.so";
	const char *env = getenv("NEZUBAN_LIBCHDB");
	char *try[] = {
		wanted != NULL && wanted[0] != '\0' ? x_strdup(wanted) : x_strdup(""),
		x_strdup(env != NULL ? env : ""),
		x_strdup("/usr/lib/nezuban/libchdb.so"),
		x_asprintf("/usr/lib/nezuban/%s", package),
		x_asprintf("src/store/chdb/%s", package),
		x_asprintf("../src/store/chdb/%s", package),
	}, *found = NULL;

	for (size_t i = 0; i < sizeof try / sizeof *try; i++) {
		if (found == NULL && try[i][0] != '\0' && access(try[i], R_OK) == 0)
			found = try[i];
		else
			free(try[i]);
	}
	return found;
}

int
store_load_library(const char *library, struct buf *err)
{
	return chdb_load(library, err);
}

static int
write_config(const struct store *st, const struct store_conf *conf)
{
	auto_buf struct buf text = { 0 };

	store_engine_config(&text, conf->max_memory != 0 ? conf->max_memory : STORE_MEMORY,
	                    conf->cache != 0 ? conf->cache : 96ull << 20);
	return file_write_atomic(st->config_path, buf_slice(&text), 0600);
}

/* A table of another form goes: it is derived, and without rows the archive is read again from its start. */
static int
drop_other_form(struct chdb_conn *c, struct buf *err)
{
	auto_buf struct buf form = { 0 };
	int r = chdb_run(c, SL("SELECT comment FROM system.tables WHERE database = 'nz' AND name = 'events'"), "TSVRaw", &form, err);
	struct slice have = slice_trim(buf_slice(&form));

	if (r != 0 || form.n == 0 || slice_eq(have, SL(STORE_FORM)))
		return r;
	log_warn("store.other_form", kv_slice("form", have), kv_str("wanted", STORE_FORM));
	return chdb_run(c, SL("DROP TABLE " STORE_TABLE " SYNC"), "TSV", NULL, err);
}

static int
make_table(struct store *st, struct buf *err)
{
	auto_buf struct buf sql = { 0 };
	struct store_conn *c = NULL;
	int r = store_conn_new(st, &c, err);

	if (r == 0)
		r = chdb_run(c->c, SL("CREATE DATABASE IF NOT EXISTS nz"), "TSV", NULL, err);
	if (r == 0)
		r = drop_other_form(c->c, err);
	store_schema(&sql);
	if (r == 0)
		r = chdb_run(c->c, buf_slice(&sql), "TSV", NULL, err);
	store_conn_free(c);
	return r;
}

int
store_open(const struct store_conf *conf, struct store **ret, struct buf *err)
{
	static const unsigned days[4] = { 92, 365, 30, 92 };
	auto_free char *library = store_find_library(conf->library);
	auto_free char *data = x_asprintf("%s/chdb", conf->folder);
	struct store *st;
	int r;

	if (library == NULL) {
		buf_put_str(err, "libchdb.so was not found; set store.libchdb or run npm ci in src/store/chdb");
		return E_NOTFOUND;
	}
	if (conf->folder[0] != '/' || dir_make(data, 0700) != 0) {
		buf_printf(err, "%s: not an absolute folder that can be made", conf->folder);
		return E_IO;
	}
	st = x_calloc(1, sizeof *st);
	st->folder = x_strdup(conf->folder);
	st->hints_path = x_asprintf("%s/positions", conf->folder);
	st->config_path = x_asprintf("%s/engine.xml", conf->folder);
	st->insert_fd = memfd_create("insert", MFD_CLOEXEC);
	st->insert_path = x_asprintf("/proc/self/fd/%d", st->insert_fd);
	for (int i = 0; i < 4; i++)
		st->days[i] = conf->days[i] != 0 ? conf->days[i] : days[i];
	r = st->insert_fd < 0 ? E_IO : write_config(st, conf);
	if (r == 0)
		r = chdb_open(library, data, st->config_path, &st->db, err);
	if (r == 0)
		r = make_table(st, err);
	if (r != 0) {
		store_close(st);
		return r;
	}
	*ret = st;
	return 0;
}

void
store_close(struct store *st)
{
	if (st == NULL)
		return;
	auto_close_fn(&st->insert_fd);
	free(st->folder);
	free(st->hints_path);
	free(st->config_path);
	free(st->insert_path);
	vec_fini(&st->hints.at);
	free(st);
}

int
store_conn_new(struct store *st, struct store_conn **ret, struct buf *err)
{
	struct chdb_conn *c;
	int r = chdb_conn_new(st->db, &c);

	if (r != 0) {
		buf_put_str(err, "the engine refused a connection");
		return r;
	}
	*ret = x_calloc(1, sizeof **ret);
	(*ret)->st = st;
	(*ret)->c = c;
	return 0;
}

void
store_conn_free(struct store_conn *c)
{
	if (c == NULL)
		return;
	chdb_conn_free(c->c);
	free(c);
}

uint64_t
store_rows_read(const struct store_conn *c)
{
	return chdb_rows_read(c->c);
}

int
store_run(struct store_conn *c, const char *sql, const char *format, struct buf *out, struct buf *err)
{
	return chdb_run(c->c, slice_str(sql), format, out, err);
}

/* ---- asking ---- */

struct watch_query {
	const volatile int *cancel;
	size_t limit;
	bool too_big;
};

static bool
keep_on(void *ctx, size_t bytes)
{
	struct watch_query *w = ctx;

	w->too_big = bytes > w->limit;
	return !w->too_big && (w->cancel == NULL || *w->cancel == 0);
}

/* Second layer: the engine's own filter on the table, which holds inside sub-queries as well. */
static void
put_tenant_filter(struct buf *sql, const struct slice *tenants, size_t count)
{
	auto_buf struct buf filter = { 0 };

	buf_put_str(&filter, "tenant IN (");
	for (size_t i = 0; i < count; i++) {
		if (i != 0)
			buf_put_byte(&filter, ',');
		sqlq_string(&filter, tenants[i]);
	}
	buf_put_byte(&filter, ')');
	buf_put_str(sql, ", additional_table_filters = {'" STORE_TABLE "': ");
	sqlq_string(sql, buf_slice(&filter));
	buf_put_byte(sql, '}');
}

int
store_query(struct store_conn *c, struct slice sql, const struct slice *tenants, size_t count,
            const struct store_limits *limits, const char *format, const volatile int *cancel,
            struct buf *out, struct buf *err)
{
	struct watch_query w = { cancel, limits->result_bytes != 0 ? limits->result_bytes : 64u << 20, false };
	auto_buf struct buf whole = { 0 };
	int r;

	buf_put_slice(&whole, sql);
	buf_printf(&whole, "\nSETTINGS readonly = 2, output_format_json_quote_64bit_integers = 0, output_format_json_validate_utf8 = 1, "
	           "max_execution_time = %g, max_memory_usage = %llu",
	           limits->seconds != 0 ? limits->seconds : 30.0,
	           (unsigned long long)(limits->memory != 0 ? limits->memory : 512ull << 20));
	if (limits->rows_to_read != 0)
		buf_printf(&whole, ", max_rows_to_read = %llu", (unsigned long long)limits->rows_to_read);
	if (count != 0)
		put_tenant_filter(&whole, tenants, count);
	r = chdb_stream(c->c, buf_slice(&whole), format, out, err, keep_on, &w);
	return r == E_STATE && w.too_big ? E_LIMIT : r;
}
