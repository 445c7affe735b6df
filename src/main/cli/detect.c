/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban detect: rules and correlations over records of a file, one JSON object per detection.
 * ndjson is taken as it is (input.h); lines and event-log files go through the sources first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "codec/jsonw.h"
#include "intel/intel.h"
#include "main/cli/cli.h"
#include "main/cli/input.h"
#include "main/cli/records.h"
#include "main/cli/rule.h"
#include "main/cli/sources.h"
#include "sigma/sigma.h"
#include "sys/fd.h"

#define INPUT_MAX (4ull << 30)
#define REASONS 32

struct detecting {
	struct sigma_set *set;
	struct sigma_worker *w;
	struct sigma_corr *corr;
	struct input *in;
	struct event *e;
	struct fieldset *fs;
	uint64_t index, detections, bad;
	bool table, route_all, naive;
	struct intel_image *image;
	struct buf image_bytes, out;
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

/* The part both kinds have; without the closing brace. */
static void
begin(struct detecting *d, const struct sigma_rule *r)
{
	d->detections++;
	buf_clear(&d->out);
	buf_put_byte(&d->out, '{');
	jsonw_kv(&d->out, "rule.id", r->id);
	jsonw_kv(&d->out, "rule.name", r->title);
	jsonw_kv_str(&d->out, "rule.level", levels[r->level]);
	jsonw_kv_i64(&d->out, "event.index", (int64_t)d->index);
}

static void
end(struct detecting *d, const struct sigma_rule *r)
{
	buf_put(&d->out, "}\n", 2);
	if (d->table)
		printf("%-8llu %-13s %.*s\n", (unsigned long long)d->index, levels[r->level], SL_ARG(r->title));
	else
		fwrite(d->out.p, 1, d->out.n, stdout);
}

static void
on_alarm(void *ctx, const struct sigma_alarm *a)
{
	struct detecting *d = ctx;
	char when[40];

	begin(d, a->rule);
	jsonw_kv_i64(&d->out, "event.count", (int64_t)a->count);
	jsonw_kv(&d->out, "event.start", slice_of(when, time_format_rfc3339(when, a->first_ns, 3)));
	jsonw_kv(&d->out, "event.end", slice_of(when, time_format_rfc3339(when, a->last_ns, 3)));
	jsonw_key(&d->out, SL("why"));
	buf_put_byte(&d->out, '[');
	for (size_t i = 0; i < a->group_n; i++) {
		jsonw_comma(&d->out);
		buf_put_byte(&d->out, '{');
		jsonw_kv(&d->out, "field", a->group_by[i]);
		jsonw_kv_str(&d->out, "test", "group-by");
		jsonw_kv(&d->out, "value", a->group_value[i]);
		buf_put_byte(&d->out, '}');
	}
	buf_put_byte(&d->out, ']');
	end(d, a->rule);
}

static int64_t
time_of(const struct detecting *d)
{
	const struct value *v = event_get(d->e, F_TIMESTAMP);
	int64_t t;

	if (v == NULL)
		return (int64_t)d->index; /* no time: the order of records stands for it */
	if (v->kind == VALUE_TIME)
		return v->i;
	return time_parse_rfc3339((struct slice){ v->p, v->n }, &t) == 0 ? t : (int64_t)d->index;
}

static int
on_match(void *ctx, const struct sigma_rule *r)
{
	struct detecting *d = ctx;
	struct sigma_ref ref = { .lcp = "file", .seq = 1, .n = (uint32_t)d->index };

	if (!r->silent) {
		begin(d, r);
		put_why(d, r);
		end(d, r);
	}
	if (r->feeds)
		sigma_corr_feed(d->corr, SL("local"), r, d->e, time_of(d), &ref, on_alarm, d);
	return 0;
}

static void
on_hit(void *ctx, const struct intel_hit *hit)
{
	struct detecting *d = ctx;
	auto_buf struct buf id = { 0 };
	const char *level = hit->confidence >= 80 ? "high" : hit->confidence >= 50 ? "medium" : "low";

	d->detections++;
	buf_put_str(&id, "intel:");
	buf_put_slice(&id, hit->list);
	buf_clear(&d->out);
	buf_put_byte(&d->out, '{');
	jsonw_kv(&d->out, "rule.id", buf_slice(&id));
	jsonw_kv(&d->out, "rule.name", hit->indicator);
	jsonw_kv_str(&d->out, "rule.level", level);
	jsonw_kv_i64(&d->out, "event.index", (int64_t)d->index);
	buf_put_str(&d->out, ",\"why\":[{");
	jsonw_kv(&d->out, "field", hit->field >= 0 ? slice_str(field_table[hit->field].name) : SL(""));
	jsonw_kv_str(&d->out, "test", intel_type_name(hit->type));
	jsonw_kv(&d->out, "value", hit->value);
	buf_put_str(&d->out, "}]}\n");
	if (d->table)
		printf("%-8llu %-13s " SL_FMT "\n", (unsigned long long)d->index, level, SL_ARG(hit->indicator));
	else
		fwrite(d->out.p, 1, d->out.n, stdout);
}

static void
one_event(struct detecting *d)
{
	uint32_t route = d->route_all ? SIGMA_ROUTE_ALL : sigma_route(d->w, d->e);

	if (d->naive)
		sigma_match_naive(d->w, d->e, route, on_match, d);
	else
		sigma_match(d->w, d->e, route, on_match, d);
	if (d->image != NULL)
		intel_match_event(d->image, d->e, clock_now(clock_real()), on_hit, d);
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

/* Lines and event-log files: understood by the sources. */
static int
run_records(struct cli *c, struct detecting *d, struct source_set *sources, struct records *in, struct slice hint)
{
	struct source_worker *w = source_worker_new(sources);
	struct slice record;
	struct arena a;
	int r, result = CLI_DONE;

	arena_init(&a, 1u << 20, 0);
	event_init(d->e, d->fs, &a);
	while ((r = records_next(in, &record)) != 0) {
		if (r < 0) {
			result = cli_could_not(c, "%s: %s", records_where(in), err_text(r));
			if (r != E_NOTFOUND && r != E_CORRUPT)
				break;
			continue;
		}
		source_parse(w, record, hint, 0, NULL, d->e);
		event_seal(d->e);
		one_event(d);
		arena_reset(&a);
	}
	arena_fini(&a);
	source_worker_free(w);
	return result;
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
	return r != 0 ? cli_could_not(c, "%s%s: %s", paths[0], n > 1 ? " and others" : "", err_text(r)) : CLI_DONE;
}

/* Lists of indicators, compiled in memory for this run. */
static int
load_intel(struct cli *c, struct detecting *d)
{
	struct intel_builder *b;
	const char *path;
	int r = CLI_DONE;

	if (!cli_has(c, "--intel"))
		return CLI_DONE;
	b = intel_builder_new(clock_now(clock_real()));
	for (int i = 0; r == CLI_DONE && (path = cli_opt_at(c, "--intel", i)) != NULL; i++) {
		auto_buf struct buf text = { 0 };
		struct intel_list list = { .name = path };
		struct intel_tally tally;
		struct whys ws = { 0 };

		if (file_read(path, &text, INTEL_LIST_MAX) != 0 || intel_read(b, buf_slice(&text), path, &list, &tally, &ws) != 0)
			r = cli_could_not(c, "%s: no list of indicators", path);
		rule_print_faults(&ws, false, stderr);
		whys_fini(&ws);
	}
	intel_build(b, &d->image_bytes);
	intel_builder_free(b);
	if (r == CLI_DONE && intel_open_bytes(buf_slice(&d->image_bytes), &d->image, NULL) != 0)
		r = cli_could_not(c, "the indicators do not compile");
	return r;
}

static int
run_ndjson(struct cli *c, struct detecting *d)
{
	int r = CLI_DONE;

	d->in = input_new(d->fs);
	if (cli_operands(c) == 0)
		r = run_file(c, d, "-");
	for (int i = 0; i < cli_operands(c) && r == CLI_DONE; i++)
		r = run_file(c, d, cli_operand(c, i));
	if (d->bad != 0)
		fprintf(stderr, "nezuban detect: %llu records are not JSON objects\n", (unsigned long long)d->bad);
	input_free(d->in);
	return r;
}

static int
run_sources(struct cli *c, struct detecting *d, const char *kind)
{
	VEC(const char *) files = { 0 };
	struct source_set *sources;
	struct records *in;
	int r = CLI_COULD_NOT;

	for (int i = 0; i < cli_operands(c); i++)
		vec_push(&files, cli_operand(c, i));
	in = records_open(kind, files.v, files.n);
	sources = in != NULL ? cli_sources(c, NULL, d->fs) : NULL;
	if (in == NULL)
		r = cli_usage(c, "--input is lines, ndjson or evtx");
	else if (sources != NULL)
		r = run_records(c, d, sources, in, strcmp(kind, "evtx") == 0 ? SL("windows") : SL(""));
	records_close(in);
	source_set_free(sources);
	vec_fini(&files);
	return r;
}

int
cli_detect(struct cli *c)
{
	struct detecting d = { .table = strcmp(cli_opt(c, "--format", "json"), "table") == 0,
		.route_all = cli_has(c, "--no-route"), .naive = cli_has(c, "--naive"), .fs = fieldset_new() };
	const char *kind = cli_opt(c, "--input", "ndjson");
	int r = d.table || strcmp(cli_opt(c, "--format", "json"), "json") == 0 ? load(c, d.fs, &d.set)
	                                                                       : cli_usage(c, "--format is json or table");

	if (r == CLI_DONE)
		r = load_intel(c, &d);
	if (r == CLI_DONE) {
		d.w = sigma_worker_new(d.set);
		d.corr = sigma_corr_new(d.set, NULL);
		d.e = x_calloc(1, sizeof *d.e);
		r = strcmp(kind, "ndjson") == 0 ? run_ndjson(c, &d) : run_sources(c, &d, kind);
		sigma_corr_advance(d.corr, SL("local"), INT64_MAX / 2, on_alarm, &d);
		free(d.e);
		sigma_corr_free(d.corr);
		sigma_worker_free(d.w);
	}
	sigma_free(d.set);
	fieldset_free(d.fs);
	intel_close(d.image);
	buf_fini(&d.image_bytes);
	buf_fini(&d.out);
	return r;
}
