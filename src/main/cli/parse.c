/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban parse: lines → one flat JSON object of ECS fields each, in the same order.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/vec.h"
#include "enrich/enrich.h"
#include "main/cli/cli.h"
#include "main/cli/records.h"
#include "main/cli/sources.h"
#include "sys/fd.h"

struct source_set *
cli_sources(struct cli *c, const char *dir, struct fieldset *fs)
{
	struct whys ws = { 0 };
	auto_buf struct buf text = { 0 };
	struct source_set *set = source_set_load(dir != NULL ? dir : source_default_dir(), fs, &ws);

	for (size_t i = 0; i < ws.list.n; i++) {
		why_print(&ws.list.v[i], &text);
		buf_put_byte(&text, '\n');
	}
	fwrite(text.p, 1, text.n, stderr);
	if (set == NULL)
		cli_could_not(c, "the sources do not compile");
	whys_fini(&ws);
	return set;
}

static void
flush(struct buf *out)
{
	fwrite(out->p, 1, out->n, stdout);
	buf_clear(out);
}

struct parser {
	struct source_worker *worker;
	struct event *event;
	struct arena arena;
	struct slice hint;
	const struct zone *zone;
	struct tenant_table *tenant;
	struct buf out;
	bool keep_line;
};

static void
parse_one(struct parser *p, struct slice record)
{
	struct slice line = arena_dup(&p->arena, record);

	source_parse(p->worker, line, p->hint, clock_now(clock_real()), p->zone, p->event);
	enrich_event(p->tenant, p->event);
	if (p->keep_line)
		event_set(p->event, F_EVENT_ORIGINAL, line);
	event_seal(p->event);
	event_to_json(p->event, &p->out);
	buf_put_byte(&p->out, '\n');
	arena_reset(&p->arena);
	if (p->out.n > 256 * 1024)
		flush(&p->out);
}

static int
parse_all(struct cli *c, struct parser *p, struct records *in)
{
	struct slice record;
	int r, result = CLI_DONE;

	for (;;) {
		r = records_next(in, &record);
		if (r == 0)
			break;
		if (r < 0) {
			flush(&p->out);
			result = cli_could_not(c, "%s: %s", records_where(in), err_text(r));
			if (r == E_NOTFOUND || r == E_CORRUPT)
				continue;
			break;
		}
		parse_one(p, record);
	}
	flush(&p->out);
	return result;
}

static int
load_tenant(struct cli *c, struct parser *p)
{
	const char *path = cli_opt(c, "--tenant-file", NULL);
	auto_buf struct buf json = { 0 }, text = { 0 };
	struct whys ws = { 0 };

	if (path == NULL)
		return CLI_DONE;
	if (file_read(path, &json, 64u << 20) != 0)
		return cli_could_not(c, "%s cannot be read", path);
	p->tenant = tenant_table_compile(buf_slice(&json), path, &ws);
	for (size_t i = 0; i < ws.list.n; i++) {
		why_print(&ws.list.v[i], &text);
		buf_put_byte(&text, '\n');
	}
	fwrite(text.p, 1, text.n, stderr);
	whys_fini(&ws);
	return p->tenant != NULL ? CLI_DONE : CLI_COULD_NOT;
}

static int
parse_with(struct cli *c, struct source_set *set, struct fieldset *fs, struct records *in)
{
	struct parser p = { .hint = slice_str(cli_opt(c, "--source", "auto")), .keep_line = cli_has(c, "--keep-line") };
	int r;

	p.event = x_malloc(sizeof *p.event);
	p.worker = source_worker_new(set);
	if (cli_opt(c, "--zone", NULL) != NULL)
		p.zone = zone_open(slice_str(cli_opt(c, "--zone", NULL)));
	arena_init(&p.arena, 1u << 20, 0);
	event_init(p.event, fs, &p.arena);
	r = load_tenant(c, &p);
	if (r == CLI_DONE)
		r = parse_all(c, &p, in);
	arena_fini(&p.arena);
	source_worker_free(p.worker);
	tenant_table_free(p.tenant);
	buf_fini(&p.out);
	free(p.event);
	return r;
}

int
cli_parse(struct cli *c)
{
	struct fieldset *fs = fieldset_new();
	struct source_set *set = NULL;
	VEC(const char *) files = { 0 };
	struct records *in;
	const char *zone = cli_opt(c, "--zone", NULL), *source = cli_opt(c, "--source", "auto");
	int r = CLI_COULD_NOT;

	for (int i = 0; i < cli_operands(c); i++)
		vec_push(&files, cli_operand(c, i));
	in = records_open(cli_opt(c, "--input", "lines"), files.v, files.n);
	if (in == NULL)
		r = cli_usage(c, "--input is lines, ndjson or evtx");
	else if (zone != NULL && zone_open(slice_str(zone)) == NULL)
		r = cli_usage(c, "no time zone %s", zone);
	else if ((set = cli_sources(c, cli_opt(c, "--sources", NULL), fs)) != NULL) {
		if (strcmp(source, "auto") != 0 && source_find(set, slice_str(source)) < 0)
			r = cli_usage(c, "no source %s", source);
		else
			r = parse_with(c, set, fs, in);
	}
	records_close(in);
	vec_fini(&files);
	source_set_free(set);
	fieldset_free(fs);
	return r;
}
