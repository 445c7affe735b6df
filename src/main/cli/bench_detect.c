/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban bench detect: CPU per event of reading JSON, routing and matching, loading left out.
 * The input is read over again until at least --events have passed, and once more without matching, so that
 * the share of reading is told apart.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "codec/jsonw.h"
#include "main/cli/bench.h"
#include "main/cli/input.h"
#include "sigma/sigma.h"
#include "sys/fd.h"

struct pass {
	struct sigma_worker *w;
	struct input *in;
	struct event *e;
	bool match, route;
	uint64_t events, bytes, matches;
};

static void
one_pass(struct pass *p, struct slice text)
{
	while (text.n != 0) {
		struct slice line = slice_cut(&text, '\n');

		if (line.n == 0 || input_json(p->in, line, p->e) != 0)
			continue;
		p->events++;
		p->bytes += line.n + 1;
		if (p->match)
			p->matches += (uint64_t)sigma_match(p->w, p->e, p->route ? sigma_route(p->w, p->e) : SIGMA_ROUTE_ALL,
			                                    NULL, NULL);
		input_reset(p->in);
	}
}

static struct bench_time
timed(struct pass *p, struct slice text, uint64_t want)
{
	struct bench_time from;

	one_pass(p, text); /* warm */
	p->events = p->bytes = p->matches = 0;
	from = bench_now();
	while (p->events < want) {
		uint64_t before = p->events;

		one_pass(p, text);
		if (p->events == before)
			break;
	}
	return bench_since(from);
}

int
bench_detect(struct cli *c)
{
	const char *rules = cli_opt(c, "--rules", NULL), *file = cli_operand(c, 1);
	struct fieldset *fs = fieldset_new();
	struct sigma_set *set = NULL;
	struct whys ws = { 0 };
	struct pass p = { .route = !cli_has(c, "--no-route") };
	struct bench_time load, read, all, from = bench_now();
	struct sigma_stats stats;
	struct buf text = { 0 }, out = { 0 };
	uint64_t want = 100000;

	if (rules == NULL || file == NULL)
		return cli_usage(c, "detect wants --rules DIR and a file of JSON lines");
	slice_u64(slice_str(cli_opt(c, "--events", "100000")), &want);
	if (sigma_load(&rules, 1, fs, &set, &ws) != 0)
		return cli_could_not(c, "%s: cannot be read", rules);
	load = bench_since(from);
	if (file_read(file, &text, 4ull << 30) != 0)
		return cli_could_not(c, "%s: cannot be read", file);
	buf_reserve(&text, 64);
	p.w = sigma_worker_new(set);
	p.in = input_new(fs);
	p.e = x_calloc(1, sizeof *p.e);
	read = timed(&p, buf_slice(&text), want);
	p.match = true;
	all = timed(&p, buf_slice(&text), want);
	stats = sigma_worker_stats(p.w);
	bench_begin(&out, "detect", p.events, p.bytes, all);
	jsonw_kv_i64(&out, "rules", (int64_t)sigma_rules(set));
	jsonw_kv_bool(&out, "routed", p.route);
	jsonw_kv_i64(&out, "matches", (int64_t)p.matches);
	jsonw_key(&out, SL("read_us_per_event"));
	jsonw_double(&out, read.cpu_s * 1e6 / (double)(p.events != 0 ? p.events : 1));
	jsonw_key(&out, SL("candidates_per_event"));
	jsonw_double(&out, (double)stats.candidates / (double)(stats.events != 0 ? stats.events : 1));
	jsonw_key(&out, SL("load_cpu_s"));
	jsonw_double(&out, load.cpu_s);
	bench_end(&out);
	buf_fini(&text);
	free(p.e);
	input_free(p.in);
	sigma_worker_free(p.w);
	sigma_free(set);
	fieldset_free(fs);
	whys_fini(&ws);
	return CLI_DONE;
}
