/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban bench parse: CPU time of line → sealed event.  The file is read whole before the clock starts; one pass
 * warms the learned keys up.  The event's JSON is not made: nothing in the service makes it on this path.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "codec/jsonw.h"
#include "enrich/enrich.h"
#include "main/cli/bench.h"
#include "main/cli/sources.h"
#include "sys/fd.h"

#define FILE_MAX (4ULL << 30)

struct run {
	struct source_worker *worker;
	struct event *event;
	struct arena arena;
	struct slice hint;
	bool enrich;
	uint64_t events, bytes, unparsed, fields;
};

static void
one_pass(struct run *r, struct slice text)
{
	int64_t now = clock_now(clock_real());

	while (text.n != 0) {
		struct slice line = slice_cut(&text, '\n');

		if (line.n == 0)
			continue;
		if (source_parse(r->worker, line, r->hint, now, NULL, r->event) < 0)
			r->unparsed++;
		if (r->enrich)
			enrich_event(NULL, r->event);
		event_seal(r->event);
		for (int w = 0; w < EVENT_WORDS; w++)
			r->fields += (uint64_t)__builtin_popcountll(r->event->has[w]);
		r->fields += r->event->extra_n;
		r->events++;
		r->bytes += line.n;
		arena_reset(&r->arena); /* an engine has judged the event and put it into columns by now */
	}
}

static int
measure(struct cli *c, struct source_set *set, struct fieldset *fs, const char *path)
{
	auto_buf struct buf text = { 0 }, out = { 0 };
	struct run r = { .hint = slice_str(cli_opt(c, "--source", "auto")), .enrich = cli_has(c, "--enrich") };
	struct bench_time t;

	if (file_read(path, &text, FILE_MAX) != 0)
		return cli_could_not(c, "%s cannot be read", path);
	r.worker = source_worker_new(set);
	r.event = x_malloc(sizeof *r.event);
	arena_init(&r.arena, 1u << 20, 0);
	event_init(r.event, fs, &r.arena);
	one_pass(&r, slice_sub(buf_slice(&text), 0, 1u << 20));
	r.events = r.bytes = r.unparsed = r.fields = 0;
	t = bench_now();
	one_pass(&r, buf_slice(&text));
	t = bench_since(t);
	bench_begin(&out, "parse", r.events, r.bytes, t);
	jsonw_kv_i64(&out, "unparsed", (int64_t)r.unparsed);
	jsonw_key(&out, SL("fields_per_event"));
	buf_printf(&out, "%.1f", r.events != 0 ? (double)r.fields / (double)r.events : 0.0);
	bench_end(&out);
	arena_fini(&r.arena);
	source_worker_free(r.worker);
	free(r.event);
	return CLI_DONE;
}

int
bench_parse(struct cli *c)
{
	struct fieldset *fs;
	struct source_set *set;
	int r = CLI_COULD_NOT;

	if (cli_operand(c, 1) == NULL)
		return cli_usage(c, "name a file of lines");
	fs = fieldset_new();
	set = cli_sources(c, cli_opt(c, "--sources", NULL), fs);
	if (set != NULL)
		r = measure(c, set, fs, cli_operand(c, 1));
	source_set_free(set);
	fieldset_free(fs);
	return r;
}
