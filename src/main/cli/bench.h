/* SPDX-License-Identifier: Apache-2.0
 *
 * Benches: figures, never asserted.  CPU time is of this process, user and system; a bench that spans
 * processes adds their rusage itself.  One JSON object on standard output.
 */
#ifndef NZ_MAIN_CLI_BENCH_H
#define NZ_MAIN_CLI_BENCH_H

#include "base/buf.h"
#include "main/cli/cli.h"

struct bench_time {
	double cpu_s, wall_s;
};

struct bench_time bench_now(void);
struct bench_time bench_since(struct bench_time from);
uint64_t bench_rss_kb(void);   /* resident now */
/* Writes {"bench":name,"events":…,"bytes":…,"cpu_s":…,"wall_s":…,"events_per_cpu_s":…,"us_per_event":…,"rss_kb":…
 * without the closing brace: add your own members with jsonw_kv_*, then bench_end. */
void bench_begin(struct buf *out, const char *name, uint64_t events, uint64_t bytes, struct bench_time t);
void bench_end(struct buf *out); /* closes and prints */

struct store_conn;
/* Waits until no merge runs and none is wanted; what that took. */
struct bench_time bench_settle(struct store_conn *conn);
int64_t bench_number(struct store_conn *conn, const char *sql); /* the one number of an answer */

#define BENCH(name, fn, operands, help) cli_fn fn;
#include "tbl/benches.tbl"
#undef BENCH

#endif
