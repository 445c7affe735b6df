/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban source test: lines and wanted events that lie beside each other, tests/corpus/<source>/<name>.log and
 * <name>.want (one JSON object per line, whole).  Fails when an event differs, and when a block, case or
 * pattern of the source's file was never exercised.  --update writes the .want files: read the diff.
 *
 * nezuban source new: source_new.c.
 */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/vec.h"
#include "enrich/enrich.h"
#include "main/cli/cli.h"
#include "main/cli/source_new.h"
#include "main/cli/sources.h"
#include "sys/fd.h"

#define CORPUS_NOW (1795392000 * NS_PER_S) /* 2026-11-23 00:00 UTC: receive time of every corpus line */
#define UNCOVERED_SHOWN 200

struct corpus {
	struct cli *c;
	struct source_set *set;
	struct source_worker *worker;
	struct event *event;
	struct arena arena;
	bool update;
	size_t lines, wrong;
};

static void
event_of(struct corpus *t, struct slice line, struct slice source, struct buf *out)
{
	arena_reset(&t->arena);
	source_parse(t->worker, line, source, CORPUS_NOW, NULL, t->event);
	enrich_event(NULL, t->event);
	event_unset(t->event, F_NZ_RECEIVED);
	event_seal(t->event);
	event_to_json(t->event, out);
}

/* What differs, key by key, on standard output. */
static void
show_difference(const char *file, size_t number, struct slice want, struct slice got)
{
	json_t *w = json_loadb(want.p, want.n, 0, NULL), *g = json_loadb(got.p, got.n, 0, NULL), *v;
	const char *k;

	printf("%s:%zu: the event differs\n", file, number);
	json_object_foreach(w, k, v)
		if (!json_equal(v, json_object_get(g, k))) {
			char *a = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
			char *b = json_dumps(json_object_get(g, k), JSON_ENCODE_ANY | JSON_COMPACT);

			printf("  %s: wanted %s, got %s\n", k, a, b != NULL ? b : "nothing");
			free(a);
			free(b);
		}
	json_object_foreach(g, k, v)
		if (json_object_get(w, k) == NULL) {
			char *b = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);

			printf("  %s: not wanted, got %s\n", k, b);
			free(b);
		}
	json_decref(w);
	json_decref(g);
}

static int
one_file(struct corpus *t, const char *dir, const char *name, struct slice source)
{
	char *log = x_asprintf("%s/%s", dir, name);
	char *want = x_asprintf("%s/%.*s.want", dir, (int)(strlen(name) - 4), name);
	auto_buf struct buf lines = { 0 }, wanted = { 0 }, got = { 0 };
	struct slice rest, want_rest;
	int e = file_read(log, &lines, 64u << 20);
	size_t number = 0;

	file_read(want, &wanted, 64u << 20);
	rest = buf_slice(&lines);
	want_rest = buf_slice(&wanted);
	while (e == 0 && rest.n != 0) {
		struct slice line = slice_cut(&rest, '\n'), w = slice_cut(&want_rest, '\n');
		size_t from = got.n;

		number++;
		t->lines++;
		event_of(t, line, source, &got);
		if (!t->update && !slice_eq(w, slice_of(got.p + from, got.n - from))) {
			t->wrong++;
			show_difference(want, number, w, slice_of(got.p + from, got.n - from));
		}
		buf_put_byte(&got, '\n');
	}
	if (e == 0 && t->update)
		e = file_write_atomic(want, buf_slice(&got), 0644);
	free(log);
	free(want);
	return e;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Runs the folder of one source; false when it has none. */
static bool
one_source(struct corpus *t, const char *root, const struct source_info *info)
{
	char *dir = x_asprintf("%s/%.*s", root, SL_ARG(info->name));
	DIR *d = opendir(dir);
	VEC(char *) names = { 0 };
	struct dirent *ent;
	bool found = d != NULL;

	while (d != NULL && (ent = readdir(d)) != NULL)
		if (slice_ends(slice_str(ent->d_name), SL(".log")))
			vec_push(&names, x_strdup(ent->d_name));
	if (d != NULL)
		closedir(d);
	if (names.n != 0)
		qsort(names.v, names.n, sizeof *names.v, by_name);
	for (size_t i = 0; i < names.n; i++) {
		/* auto-*.log are recognised, the others are told their source. */
		bool find = strncmp(names.v[i], "auto", 4) == 0;

		if (one_file(t, dir, names.v[i], find ? SL("auto") : info->name) != 0)
			t->wrong++;
		free(names.v[i]);
	}
	vec_fini(&names);
	free(dir);
	return found;
}

static void
coverage(struct corpus *t, int source, bool has_corpus)
{
	const struct source_info *info = source_info(t->set, source);
	unsigned lines[UNCOVERED_SHOWN];
	size_t all, n = source_uncovered(t->worker, source, lines, UNCOVERED_SHOWN, &all);

	if (!has_corpus) {
		printf("%.*s: no corpus\n", SL_ARG(info->name));
		t->wrong++;
		return;
	}
	for (size_t i = 0; i < n && i < UNCOVERED_SHOWN; i++)
		printf("%.*s:%u: never exercised by the corpus\n", SL_ARG(info->file), lines[i]);
	printf("%.*s: %zu of %zu blocks exercised\n", SL_ARG(info->name), all - n, all);
	t->wrong += n;
}

static int
test_all(struct corpus *t)
{
	const char *root = cli_opt(t->c, "--corpus", "tests/corpus"), *only = cli_operand(t->c, 1);

	if (only != NULL && source_find(t->set, slice_str(only)) < 0)
		return cli_usage(t->c, "no source %s", only);
	source_cover(t->worker);
	for (int i = 0; i < source_count(t->set); i++) {
		const struct source_info *info = source_info(t->set, i);

		if (only == NULL || slice_eq(info->name, slice_str(only)))
			coverage(t, i, one_source(t, root, info));
	}
	printf("%zu lines, %zu faults\n", t->lines, t->wrong);
	return t->wrong == 0 ? CLI_DONE : CLI_PROBLEMS;
}

static int
test_sources(struct cli *c)
{
	struct fieldset *fs = fieldset_new();
	struct corpus t = { .c = c, .update = cli_has(c, "--update") };
	int r = CLI_COULD_NOT;

	t.set = cli_sources(c, cli_opt(c, "--sources", NULL), fs);
	if (t.set != NULL) {
		t.worker = source_worker_new(t.set);
		t.event = x_malloc(sizeof *t.event);
		arena_init(&t.arena, 1u << 20, 0);
		event_init(t.event, fs, &t.arena);
		r = test_all(&t);
		arena_fini(&t.arena);
		free(t.event);
		source_worker_free(t.worker);
	}
	source_set_free(t.set);
	fieldset_free(fs);
	return r;
}

static int
list_sources(struct cli *c)
{
	struct fieldset *fs = fieldset_new();
	struct source_set *set = cli_sources(c, cli_opt(c, "--sources", NULL), fs);

	for (int i = 0; set != NULL && i < source_count(set); i++)
		printf("%-24.*s %.*s\n", SL_ARG(source_info(set, i)->name), SL_ARG(source_info(set, i)->title));
	source_set_free(set);
	fieldset_free(fs);
	return set != NULL ? CLI_DONE : CLI_COULD_NOT;
}

int
cli_source(struct cli *c)
{
	const char *what = cli_operand(c, 0);

	if (what != NULL && strcmp(what, "test") == 0)
		return test_sources(c);
	if (what != NULL && strcmp(what, "list") == 0)
		return list_sources(c);
	if (what != NULL && strcmp(what, "new") == 0)
		return source_new(c);
	return cli_usage(c, "say test, list or new");
}
