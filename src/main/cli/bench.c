/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban bench NAME: finds the row, runs it.
 */
#include "main/cli/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "codec/jsonw.h"
#include "sys/fd.h"

static const struct {
	const char *name;
	cli_fn *fn;
	const char *operands, *help;
} benches[] = {
#define BENCH(name, fn, operands, help) { name, fn, operands, help },
#include "tbl/benches.tbl"
#undef BENCH
	{ NULL, NULL, NULL, NULL },
};

struct bench_time
bench_now(void)
{
	struct rusage ru;
	struct timespec ts;

	getrusage(RUSAGE_SELF, &ru);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct bench_time){ (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
		                            (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) * 1e-6,
		                    (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9 };
}

struct bench_time
bench_since(struct bench_time from)
{
	struct bench_time now = bench_now();

	return (struct bench_time){ now.cpu_s - from.cpu_s, now.wall_s - from.wall_s };
}

uint64_t
bench_rss_kb(void)
{
	auto_buf struct buf b = { 0 };
	const char *at;

	if (file_read("/proc/self/status", &b, 1 << 16) != 0 || (at = strstr(buf_cstr(&b), "VmRSS:")) == NULL)
		return 0;
	return strtoull(at + 6, NULL, 10);
}

static void
put_figure(struct buf *out, const char *key, double v)
{
	jsonw_key(out, slice_str(key));
	buf_printf(out, "%.6g", v);
}

void
bench_begin(struct buf *out, const char *name, uint64_t events, uint64_t bytes, struct bench_time t)
{
	buf_put_byte(out, '{');
	jsonw_kv_str(out, "bench", name);
	jsonw_kv_i64(out, "events", (int64_t)events);
	jsonw_kv_i64(out, "bytes", (int64_t)bytes);
	put_figure(out, "cpu_s", t.cpu_s);
	put_figure(out, "wall_s", t.wall_s);
	put_figure(out, "events_per_cpu_s", t.cpu_s > 0 ? (double)events / t.cpu_s : 0);
	put_figure(out, "us_per_event", events != 0 ? t.cpu_s * 1e6 / (double)events : 0);
	jsonw_kv_i64(out, "rss_kb", (int64_t)bench_rss_kb());
}

void
bench_end(struct buf *out)
{
	buf_put_str(out, "}\n");
	fwrite(out->p, 1, out->n, stdout);
	fflush(stdout);
}

int
cli_bench(struct cli *c)
{
	const char *name = cli_operand(c, 0), *near;
	const char *names[32];
	size_t n = 0;

	for (size_t i = 0; benches[i].name != NULL; i++) {
		if (name != NULL && strcmp(benches[i].name, name) == 0)
			return benches[i].fn(c);
		if (n < 32)
			names[n++] = benches[i].name;
	}
	near = name != NULL ? near_word(slice_str(name), names, n) : NULL;
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "  nezuban bench %s %s   %s\n", benches[i].name, benches[i].operands, benches[i].help);
	if (name == NULL)
		return cli_usage(c, "say what to measure");
	return cli_usage(c, "no bench '%s'%s%s", name, near != NULL ? "; did you mean " : "", near != NULL ? near : "");
}
