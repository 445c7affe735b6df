/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban bench store --rows N --insert N DIR: firewall rows of about 570 bytes built into column blocks,
 * inserted, merges awaited; then typical searches.  CPU is the whole process: builder, writer, engine, merges.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "main/cli/blocks.h"
#include "base/err.h"
#include "codec/jsonw.h"
#include "main/cli/bench.h"
#include "store/store.h"

#define LINES 4000u /* of a batch */

struct run {
	struct store *st;
	struct store_conn *conn;
	struct blocks_maker m;
	struct buf err;
	double build_cpu, insert_cpu, insert_wall;
	uint64_t block_bytes, peak_kb;
};

static int
insert_some(struct run *r, uint64_t first, uint64_t count)
{
	struct store_block *blk = x_calloc(count, sizeof *blk);
	const struct store_block **list = x_calloc(count, sizeof *list);
	struct buf *bytes = x_calloc(count, sizeof *bytes);
	struct bench_time t = bench_now();
	int e = 0;

	for (uint64_t i = 0; i < count; i++) {
		blocks_make(&r->m, "aoba", first + i, LINES, &bytes[i]);
		r->block_bytes += bytes[i].n;
	}
	r->build_cpu += bench_since(t).cpu_s;
	t = bench_now();
	for (uint64_t i = 0; e == 0 && i < count; i++) {
		e = store_block_check(buf_slice(&bytes[i]), &blk[i], NULL);
		list[i] = &blk[i];
	}
	if (e == 0)
		e = store_insert(r->conn, list, count, &r->err);
	r->insert_cpu += bench_since(t).cpu_s;
	r->insert_wall += bench_since(t).wall_s;
	for (uint64_t i = 0; i < count; i++)
		buf_fini(&bytes[i]);
	free(bytes);
	free(list);
	free(blk);
	return e;
}

/* Until no merge runs and none is wanted: the number of parts stands still for a second. */
struct bench_time
bench_settle(struct store_conn *conn)
{
	struct bench_time t = bench_now();
	struct timespec nap = { 0, 250000000 };
	char before[64] = "";
	int quiet = 0;

	for (int i = 0; i < 400 && quiet < 4; i++) {
		auto_buf struct buf out = { 0 }, err = { 0 };

		store_run(conn, "SELECT (SELECT count() FROM system.merges), count() FROM system.parts WHERE active AND table = 'events'",
		          "TSV", &out, &err);
		quiet = slice_starts(buf_slice(&out), SL("0\t")) && strcmp(buf_cstr(&out), before) == 0 ? quiet + 1 : 0;
		snprintf(before, sizeof before, "%s", buf_cstr(&out));
		nanosleep(&nap, NULL);
	}
	return bench_since(t);
}

static double
ask_ms(struct run *r, const char *sql)
{
	struct store_limits limits = { 0 };
	struct slice tenant = SL("aoba");
	double best = 1e9;

	for (int i = 0; i < 3; i++) {
		auto_buf struct buf out = { 0 };
		struct bench_time t = bench_now();
		int e = store_query(r->conn, slice_str(sql), &tenant, 1, &limits, "TSV", NULL, &out, &r->err);
		double ms = bench_since(t).wall_s * 1e3;

		if (e != 0)
			return -1;
		best = ms < best ? ms : best;
	}
	return best;
}

int64_t
bench_number(struct store_conn *conn, const char *sql)
{
	auto_buf struct buf out = { 0 }, err = { 0 };

	store_run(conn, sql, "TSV", &out, &err);
	return strtoll(buf_cstr(&out), NULL, 10);
}

static void
put(struct buf *out, const char *key, double v)
{
	jsonw_key(out, slice_str(key));
	buf_printf(out, "%.4g", v);
}

static void
put_queries(struct buf *out, struct run *r)
{
#define BASE "FROM nz.events WHERE tenant IN ('aoba') AND time >= toDateTime64('2026-05-01 00:00:00', 9, 'UTC') "
	put(out, "ms_address", ask_ms(r, "SELECT line " BASE "AND source_ip = toIPv6('10.1.7.9') ORDER BY time DESC LIMIT 200"));
	put(out, "ms_user", ask_ms(r, "SELECT line " BASE "AND user_name = 'user77' ORDER BY time DESC LIMIT 200"));
	put(out, "ms_user_absent", ask_ms(r, "SELECT line " BASE "AND user_name = 'nobody' ORDER BY time DESC LIMIT 200"));
	put(out, "ms_word_absent", ask_ms(r, "SELECT line " BASE "AND hasToken(lower(line), 'xyzzy') ORDER BY time DESC LIMIT 200"));
	put(out, "ms_word_rare", ask_ms(r, "SELECT line " BASE "AND hasToken(lower(line), '123457') ORDER BY time DESC LIMIT 200"));
	put(out, "ms_like", ask_ms(r, "SELECT count() " BASE "AND positionCaseInsensitive(line, 'host77.example') > 0"));
	put(out, "ms_histogram", ask_ms(r, "SELECT toStartOfInterval(time, INTERVAL 900 second) AS t, count() " BASE "GROUP BY t ORDER BY t"));
	put(out, "ms_facet", ask_ms(r, "SELECT user_name, count() AS c " BASE "GROUP BY user_name ORDER BY c DESC LIMIT 20"));
#undef BASE
}

static int
open_run(struct run *r, const struct cli *c)
{
	auto_free char *folder = realpath(cli_operand(c, 1), NULL);
	struct store_conf conf = { .folder = folder };
	store_positions_vec at = { 0 };
	int e = folder != NULL ? store_open(&conf, &r->st, &r->err) : E_NOTFOUND;

	if (e == 0)
		e = store_conn_new(r->st, &r->conn, &r->err);
	if (e == 0)
		e = store_positions(r->conn, &at, &r->err);
	if (e == 0 && at.n != 0)
		e = E_EXISTS;
	vec_fini(&at);
	return e;
}

int
bench_store(struct cli *c)
{
	uint64_t rows = strtoull(cli_opt(c, "--rows", "2000000"), NULL, 10);
	uint64_t each = strtoull(cli_opt(c, "--insert", "200000"), NULL, 10) / LINES, batches = rows / LINES, seq = 1;
	struct run r = { 0 };
	struct bench_time merges, total, t;
	auto_buf struct buf out = { 0 };
	struct rusage ru;
	int e;

	if (cli_operands(c) != 2 || each == 0 || batches == 0)
		return cli_usage(c, "store wants an empty folder; --rows and --insert are at least %u", LINES);
	blocks_init(&r.m);
	r.m.batches = batches + 1;
	if ((e = open_run(&r, c)) != 0)
		return cli_could_not(c, "%s: %s %s", cli_operand(c, 1), err_text(e), r.err.n != 0 ? buf_cstr(&r.err) : "");
	t = bench_now();
	for (; seq <= batches; seq += each)
		if ((e = insert_some(&r, seq, batches - seq + 1 < each ? batches - seq + 1 : each)) != 0)
			return cli_could_not(c, "insert: %s %s", err_text(e), r.err.n != 0 ? buf_cstr(&r.err) : "");
	merges = bench_settle(r.conn);
	total = bench_since(t);
	getrusage(RUSAGE_SELF, &ru);
	bench_begin(&out, "store", batches * LINES, r.block_bytes, total);
	put(&out, "make_and_build_us", r.build_cpu * 1e6 / (double)(batches * LINES));
	put(&out, "insert_us", r.insert_cpu * 1e6 / (double)(batches * LINES));
	put(&out, "store_us", (total.cpu_s - r.build_cpu) * 1e6 / (double)(batches * LINES));
	put(&out, "merges_after_us", merges.cpu_s * 1e6 / (double)(batches * LINES));
	put(&out, "insert_rows_per_s", (double)(batches * LINES) / r.insert_wall);
	jsonw_kv_i64(&out, "peak_kb", ru.ru_maxrss);
	put(&out, "disk_bytes_per_row", (double)bench_number(r.conn, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'events'") /
	    (double)(batches * LINES));
	jsonw_kv_i64(&out, "parts", bench_number(r.conn, "SELECT count() FROM system.parts WHERE active AND table = 'events'"));
	put_queries(&out, &r);
	bench_end(&out);
	store_conn_free(r.conn);
	blocks_fini(&r.m);
	return CLI_DONE;
}
