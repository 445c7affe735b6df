/* SPDX-License-Identifier: Apache-2.0
 *
 * Vendor logs with the fields another parser made of them (../shared/corpora/logs; read there, never copied):
 * share of lines parsed and of wanted fields equal, per folder, with a floor, and the most frequent misses.
 *
 * Left out, because they say nothing about parsing: the collector's own fields, names we chose differently by
 * design (event.dataset, event.module), copies of the line, and values from data bases (geography, autonomous
 * systems, user agent families, public suffixes), Community ID (a hash of five fields), client.* and server.* (ECS's second
 * copy of source.* and destination.*: we store them once).
 */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/vec.h"
#include "enrich/enrich.h"
#include "source/source.h"
#include "main/cli/records.c"
#include "unit.h"

static struct fieldset *fs;
static struct source_set *set;
static struct source_worker *worker;
static struct event ev;
static struct arena arena;
static const char *corpora;

struct tally {
	size_t lines, parsed, wanted, equal;
	struct map miss;
	struct map sample;
};

static bool
left_out(const char *k)
{
	static const char *const exact[] = { "log.offset", "tags", "service.type", "event.original", "log.original", "log.flags",
		                             "event.dataset", "event.module", "log.file.path", "winlog.api", "winlog.event_id",
		                             "user_agent.name", "user_agent.version", "network.community_id", "event.timezone",
		                             "winlog.task" /* text of the publisher's message table */ };
	static const char *const begin[] = { "input.", "fileset.", "rsa.", "user_agent.device", "user_agent.os", "ecs.", "client.",
		                             "server." };
	static const char *const inside[] = { ".geo.", ".as.", "registered_domain", "top_level_domain", "subdomain",
		                              "community_id" };

	for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
		if (strcmp(k, exact[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof begin / sizeof *begin; i++)
		if (strncmp(k, begin[i], strlen(begin[i])) == 0)
			return true;
	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
		if (strstr(k, inside[i]) != NULL)
			return true;
	return false;
}

/* A value as text, times as nanoseconds, so that 6 = "6" and two spellings of one instant are equal. */
static void
canonical(const json_t *v, struct buf *out)
{
	int64_t ns;

	if (json_is_string(v)) {
		struct slice s = slice_of(json_string_value(v), json_string_length(v));
		struct timefmt_context c = { 0 };
		bool guid = s.n == 38 && s.p[0] == '{' && s.p[9] == '-'; /* written in either case */

		if (s.n >= 20 && s.p[4] == '-' && s.p[10] == 'T' && timefmt_parse(TF_RFC3339, s, &c, &ns) == 0)
			buf_printf(out, "@%lld", (long long)(ns / NS_PER_MS));
		else
			for (size_t i = 0; i < s.n; i++)
				buf_put_byte(out, guid && s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i]);
	} else if (json_is_integer(v)) {
		buf_printf(out, "%lld", (long long)json_integer_value(v));
	} else if (json_is_real(v)) {
		buf_printf(out, "%.6g", json_real_value(v));
	} else if (json_is_boolean(v)) {
		buf_put_str(out, json_is_true(v) ? "true" : "false");
	}
}

static bool
holds(const json_t *got, const json_t *want)
{
	auto_buf struct buf a = { 0 }, b = { 0 };
	const json_t *one;
	size_t i;
	bool cut;

	canonical(want, &a);
	cut = a.n > 4 && a.p[0] == '@' && memcmp(a.p + a.n - 3, "000", 3) == 0; /* their parser kept whole seconds */
	if (cut)
		a.n -= 3;
	if (!json_is_array(got)) {
		canonical(got, &b);
		b.n -= cut && b.n > 4 ? 3 : 0;
		return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
	}
	json_array_foreach(got, i, one) {
		buf_clear(&b);
		canonical(one, &b);
		b.n -= cut && b.n > 4 ? 3 : 0;
		if (a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0))
			return true;
	}
	return false;
}

static bool
equal(const json_t *got, const json_t *want)
{
	const json_t *one;
	size_t i;

	if (got == NULL)
		return false;
	if (!json_is_array(want))
		return holds(got, want);
	json_array_foreach(want, i, one)
		if (!holds(got, one))
			return false;
	return true;
}

static void
compare(struct tally *t, const json_t *got, const json_t *want, const char *prefix)
{
	const char *k;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)want, k, v) {
		char *name = x_asprintf("%s%s", prefix, k);
		char *deeper = x_asprintf("%s.", name);
		size_t i;
		json_t *one;

		if (json_is_object(v)) {
			compare(t, got, v, deeper);
		} else if (json_is_array(v) && json_is_object(json_array_get(v, 0))) {
			json_array_foreach(v, i, one)
				compare(t, got, one, deeper);
		} else if (!left_out(name) && !json_is_null(v)) {
			t->wanted++;
			if (equal(json_object_get(got, name), v)) {
				t->equal++;
			} else {
				struct map_slot *s = map_put(&t->miss, slice_str(name), NULL);

				if (s->u++ == 0) {
					char *w = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
					char *g = json_dumps(json_object_get(got, name), JSON_ENCODE_ANY | JSON_COMPACT);

					map_put(&t->sample, slice_str(name), NULL)->ptr =
						x_asprintf("want %.70s got %.70s", w, g != NULL ? g : "-");
					free(w);
					free(g);
				}
			}
		}
		free(name);
		free(deeper);
	}
}

static void
one_line(struct tally *t, struct slice line, const char *source, const json_t *want)
{
	auto_buf struct buf out = { 0 };
	json_t *got;

	arena_reset(&arena);
	t->lines++;
	if (source_parse(worker, line, slice_str(source), 1600000000 * NS_PER_S, zone_open(SL("-02:00")), &ev) >= 0)
		t->parsed++;
	else if (getenv("CORPORA_SHOW") != NULL)
		printf("unparsed: %.*s\n", (int)(line.n < 300 ? line.n : 300), line.p);
	event_to_json(&ev, &out);
	got = json_loadb(out.p, out.n, 0, NULL);
	assert_non_null(got);
	compare(t, got, want, "");
	json_decref(got);
}

static void
log_file(struct tally *t, const char *path, const char *source)
{
	char *expected = x_asprintf("%s-expected.json", path);
	auto_buf struct buf log = { 0 };
	json_t *docs = json_load_file(expected, 0, NULL), *doc;
	size_t i;

	free(expected);
	if (docs == NULL || file_read(path, &log, 64u << 20) != 0)
		return;
	json_array_foreach(docs, i, doc) {
		size_t at = (size_t)json_integer_value(json_object_get(doc, "log.offset"));
		struct slice line = slice_sub(buf_slice(&log), at, log.n);
		ssize_t nl = slice_find(line, '\n');

		if (nl >= 0)
			line.n = (size_t)nl;
		if (line.n != 0 && line.p[line.n - 1] == '\r')
			line.n--;
		one_line(t, line, source, doc);
	}
	json_decref(docs);
}

static void
evtx_file(struct tally *t, const char *path, const char *source)
{
	char *expected = x_asprintf("%s.golden.json", path);
	json_t *docs = json_load_file(expected, 0, NULL), *doc;
	struct records *in = records_open("evtx", &path, 1);
	struct slice xml;
	size_t i;

	free(expected);
	json_array_foreach(docs, i, doc)
		if (records_next(in, &xml) == 1)
			one_line(t, xml, source, doc);
	records_close(in);
	json_decref(docs);
}

static int
more(const void *a, const void *b)
{
	const struct map_slot *x = *(struct map_slot *const *)a, *y = *(struct map_slot *const *)b;

	return x->u != y->u ? (x->u < y->u ? 1 : -1) : slice_cmp(x->key, y->key);
}

static void
print_misses(struct tally *t)
{
	struct map_slot **v = x_calloc(t->miss.n + 1, sizeof *v);
	size_t n = 0, most = getenv("CORPORA_MISSES") != NULL ? strtoul(getenv("CORPORA_MISSES"), NULL, 10) : 10;

	for (struct map_slot *s = NULL; (s = map_next(&t->miss, s)) != NULL;)
		v[n++] = s;
	qsort(v, n, sizeof *v, more);
	for (size_t i = 0; i < n && i < most; i++) {
		struct map_slot *s = map_get(&t->sample, v[i]->key);

		printf("    %4llu %.*s: %s\n", (unsigned long long)v[i]->u, SL_ARG(v[i]->key), (char *)s->ptr);
	}
	for (struct map_slot *s = NULL; (s = map_next(&t->sample, s)) != NULL;)
		free(s->ptr);
	free(v);
}

static void
folder(const char *name, const char *source, double least_lines, double least_fields)
{
	struct tally t = { 0 };
	char *dir = x_asprintf("%s/logs/%s", corpora, name);
	DIR *d = opendir(dir);
	struct dirent *ent;
	double lines, fields;

	if (d == NULL) {
		printf("%s: not here, skipped\n", dir);
		free(dir);
		skip();
	}
	while ((ent = readdir(d)) != NULL) {
		char *path = x_asprintf("%s/%s", dir, ent->d_name);

		if (slice_ends(slice_str(path), SL(".evtx")))
			evtx_file(&t, path, source);
		else if (ent->d_name[0] != '.' && !slice_ends(slice_str(path), SL(".json"))
		         && strcmp(ent->d_name, "generated.log") != 0) /* lines of filler words, no proxy wrote them */
			log_file(&t, path, source);
		free(path);
	}
	closedir(d);
	free(dir);
	lines = t.lines != 0 ? 100.0 * (double)t.parsed / (double)t.lines : 0;
	fields = t.wanted != 0 ? 100.0 * (double)t.equal / (double)t.wanted : 0;
	printf("%-22s lines %zu/%zu = %.1f %%, fields %zu/%zu = %.1f %%\n", name, t.parsed, t.lines, lines, t.equal, t.wanted,
	       fields);
	print_misses(&t);
	map_fini(&t.miss);
	map_fini(&t.sample);
	assert_true(lines >= least_lines);
	assert_true(fields >= least_fields);
}

#define FOLDER(id, name, source, lines, fields)                                                    \
	static void id(void **state)                                                               \
	{                                                                                          \
		(void)state;                                                                       \
		folder(name, source, lines, fields);                                               \
	}
#include "source_corpora.tbl"
#undef FOLDER

static int
set_up(void **state)
{
	struct whys ws = { 0 };
	auto_buf struct buf text = { 0 };

	(void)state;
	corpora = getenv("NEZUBAN_CORPORA");
	if (corpora == NULL)
		corpora = NEZUBAN_SOURCE_ROOT "/../shared/corpora";
	fs = fieldset_new();
	set = source_set_load(NEZUBAN_SOURCE_ROOT "/sources", fs, &ws);
	for (size_t i = 0; i < ws.list.n; i++) {
		why_print(&ws.list.v[i], &text);
		buf_put_byte(&text, '\n');
	}
	printf("%s", text.n != 0 ? buf_cstr(&text) : "");
	whys_fini(&ws);
	if (set == NULL)
		return -1;
	printf("%d of %d slots in use\n", fieldset_count(fs), EVENT_SLOTS);
	worker = source_worker_new(set);
	arena_init(&arena, 1u << 20, 0);
	event_init(&ev, fs, &arena);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	source_worker_free(worker);
	source_set_free(set);
	fieldset_free(fs);
	arena_fini(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define FOLDER(id, name, source, lines, fields) cmocka_unit_test(id),
#include "source_corpora.tbl"
#undef FOLDER
	};

	if (getenv("CORPORA_ONLY") != NULL)
		cmocka_set_test_filter(getenv("CORPORA_ONLY"));
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
