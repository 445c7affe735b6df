/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban detect: rules over records of a file, one JSON object per detection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "codec/jsonw.h"
#include "main/cli/cli.h"
#include "main/cli/input.h"
#include "main/cli/rule.h"
#include "sigma/sigma.h"
#include "sys/fd.h"

#define INPUT_MAX (4ull << 30)
#define REASONS 32

struct detecting {
	struct sigma_set *set;
	struct sigma_worker *w;
	struct input *in;
	struct event *e;
	uint64_t index, detections, bad;
	bool table, route_all, naive;
	struct buf out;
};

static const char *const levels[] = { "informational", "low", "medium", "high", "critical" };

static void
put_why(struct detecting *d, const struct sigma_rule *r)
{
	struct sigma_reason why[REASONS];
	size_t n = sigma_why(d->w, d->e, r, why, REASONS);

	jsonw_key(&d->out, SL("why"));
	buf_put_byte(&d->out, '[');
	for (size_t i = 0; i < n; i++) {
		jsonw_comma(&d->out);
		buf_put_byte(&d->out, '{');
		jsonw_kv(&d->out, "field", why[i].field);
		jsonw_kv(&d->out, "test", why[i].test);
		jsonw_kv(&d->out, "value", why[i].value);
		jsonw_kv(&d->out, "selection", why[i].selection);
		buf_put_byte(&d->out, '}');
	}
	buf_put_byte(&d->out, ']');
}

static int
on_match(void *ctx, const struct sigma_rule *r)
{
	struct detecting *d = ctx;

	if (r->silent)
		return 0;
	d->detections++;
	buf_clear(&d->out);
	if (d->table) {
		printf("%-8llu %-13s %.*s\n", (unsigned long long)d->index, levels[r->level], SL_ARG(r->title));
		return 0;
	}
	buf_put_byte(&d->out, '{');
	jsonw_kv(&d->out, "rule.id", r->id);
	jsonw_kv(&d->out, "rule.name", r->title);
	jsonw_kv_str(&d->out, "rule.level", levels[r->level]);
	jsonw_kv_i64(&d->out, "event.index", (int64_t)d->index);
	put_why(d, r);
	buf_put(&d->out, "}\n", 2);
	fwrite(d->out.p, 1, d->out.n, stdout);
	return 0;
}

static void
one_event(struct detecting *d)
{
	uint32_t route = d->route_all ? SIGMA_ROUTE_ALL : sigma_route(d->w, d->e);

	if (d->naive)
		sigma_match_naive(d->w, d->e, route, on_match, d);
	else
		sigma_match(d->w, d->e, route, on_match, d);
	d->index++;
}

static void
run_json(struct detecting *d, struct slice text)
{
	struct slice object;

	while (input_next_object(&text, &object)) {
		if (input_json(d->in, object, d->e) != 0) {
			d->bad++;
			d->index++;
		} else {
			one_event(d);
		}
		input_reset(d->in);
	}
}

static int
run_file(struct cli *c, struct detecting *d, const char *path)
{
	struct buf b = { 0 };
	int r = file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &b, INPUT_MAX);

	if (r != 0) {
		buf_fini(&b);
		return cli_could_not(c, "%s: %s", path, err_text(r));
	}
	buf_reserve(&b, 64); /* the JSON reader likes to look a little past the end */
	run_json(d, buf_slice(&b));
	buf_fini(&b);
	return CLI_DONE;
}

static int
load(struct cli *c, struct fieldset *fs, struct sigma_set **ret)
{
	const char *paths[64];
	size_t n = 0;
	struct whys ws = { .limit = 100000 };
	int r;

	for (int i = 0; n < 64 && (paths[n] = cli_opt_at(c, "--rules", i)) != NULL; i++)
		n++;
	if (n == 0)
		return cli_usage(c, "wants --rules DIR");
	r = sigma_load(paths, n, fs, ret, &ws);
	rule_print_faults(&ws, false, stderr);
	whys_fini(&ws);
	return r != 0 ? cli_could_not(c, "rules: %s", err_text(r)) : CLI_DONE;
}

int
cli_detect(struct cli *c)
{
	struct detecting d = { .table = strcmp(cli_opt(c, "--format", "json"), "table") == 0,
		.route_all = cli_has(c, "--no-route"), .naive = cli_has(c, "--naive") };
	struct fieldset *fs = fieldset_new();
	int r = load(c, fs, &d.set);

	if (r == CLI_DONE) {
		d.w = sigma_worker_new(d.set);
		d.in = input_new(fs);
		d.e = x_calloc(1, sizeof *d.e);
		if (cli_operands(c) == 0)
			r = run_file(c, &d, "-");
		for (int i = 0; i < cli_operands(c) && r == CLI_DONE; i++)
			r = run_file(c, &d, cli_operand(c, i));
		if (d.bad != 0)
			fprintf(stderr, "nezuban detect: %llu records are not JSON objects\n", (unsigned long long)d.bad);
		free(d.e);
		input_free(d.in);
		sigma_worker_free(d.w);
	}
	sigma_free(d.set);
	fieldset_free(fs);
	buf_fini(&d.out);
	return r;
}
