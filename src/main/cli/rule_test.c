/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban rule test: the tests beside the rules.  `x.yml` is tested by `x.test.yml`:
 *
 *     cases:
 *       - name: what is tried
 *         expect: 1              # detections of x.yml's rules and correlations together
 *         events:
 *           - event: {event.dataset: squid.access, url.original: ...}     # ECS, nested or dotted, or Sigma's names
 *           - line: 'Nov 23 01:02:03 web1 sshd[9]: Failed password ...'   # or a raw line, read by the sources
 *             source: linux.auth # (found out when absent)
 *             at: 30s            # on the case's own clock (0s)
 *             repeat: 20         # {i} in texts is the number of the repetition, from 0
 *             every: 5s
 *
 * A rule without a positive and a negative case is a problem of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/must.h"
#include "codec/jsonw.h"
#include "codec/yaml.h"
#include "main/cli/input.h"
#include "main/cli/rule.h"
#include "main/cli/sources.h"
#include "sigma/sigma.h"
#include "sys/fd.h"

#define CASE_START (1767225600LL * NS_PER_S) /* 2026-01-01 */
#define REPEAT_MAX 10000

struct testing {
	struct cli *c;
	size_t files, cases, failed;
	/* the file at hand */
	struct sigma_set *set;
	struct sigma_worker *w;
	struct sigma_corr *corr;
	struct input *in;
	struct fieldset *fs;
	struct source_set *sources; /* loaded when a case has a line */
	struct source_worker *sw;
	struct arena lines;
	struct event *e;
	uint64_t found;
	int64_t now;
	size_t refs;
	const char *path;
};

static void
on_alarm(void *ctx, const struct sigma_alarm *a)
{
	(void)a;
	((struct testing *)ctx)->found++;
}

static int
on_match(void *ctx, const struct sigma_rule *r)
{
	struct testing *t = ctx;
	struct sigma_ref ref = { .lcp = "test", .seq = 1, .n = (uint32_t)t->refs++ };

	if (r->feeds)
		sigma_corr_feed(t->corr, SL("test"), r, t->e, t->now, &ref, on_alarm, t);
	t->found += !r->silent;
	return 0;
}

static void
put_text(struct buf *out, struct slice s, unsigned i)
{
	struct buf tmp = { 0 };
	ssize_t at;

	while ((at = slice_find_slice(s, SL("{i}"))) >= 0) {
		buf_put(&tmp, s.p, (size_t)at);
		buf_printf(&tmp, "%u", i);
		s = slice_sub(s, (size_t)at + 3, s.n);
	}
	buf_put_slice(&tmp, s);
	jsonw_string(out, buf_slice(&tmp));
	buf_fini(&tmp);
}

static void
put_node(struct buf *out, const struct ynode *n, unsigned i)
{
	int64_t num;
	bool b;

	if (n->kind == Y_MAP) {
		buf_put_byte(out, '{');
		for (const struct ynode *k = n->child; k != NULL; k = k->next) {
			jsonw_key(out, k->key);
			put_node(out, k, i);
		}
		buf_put_byte(out, '}');
	} else if (n->kind == Y_SEQ) {
		buf_put_byte(out, '[');
		for (const struct ynode *k = n->child; k != NULL; k = k->next) {
			jsonw_comma(out);
			put_node(out, k, i);
		}
		buf_put_byte(out, ']');
	} else if (y_is_null(n)) {
		buf_put_str(out, "null");
	} else if (y_bool(n, &b)) {
		buf_put_str(out, b ? "true" : "false");
	} else if (y_i64(n, &num)) {
		buf_printf(out, "%lld", (long long)num);
	} else {
		put_text(out, n->text, i);
	}
}

static int64_t
span_of(const struct ynode *n)
{
	static const char units[] = "smhd";
	static const int64_t seconds[] = { 1, 60, 3600, 86400 };
	const char *u = n != NULL && n->kind == Y_SCALAR && n->text.n > 1 ? strchr(units, n->text.p[n->text.n - 1]) : NULL;
	int64_t v;

	if (u == NULL || !slice_i64(slice_sub(n->text, 0, n->text.n - 1), &v))
		return 0;
	return v * seconds[u - units] * NS_PER_S;
}

/* A raw line, with {i} replaced. */
static int
read_line(struct testing *t, const struct ynode *n, const struct ynode *source, unsigned i)
{
	struct slice s = n->text, line;
	struct buf b = { 0 };
	ssize_t at;

	if (t->sources == NULL) {
		t->sources = cli_sources(t->c, NULL, t->fs);
		if (t->sources == NULL)
			return E_CONFIG;
		t->sw = source_worker_new(t->sources);
		arena_init(&t->lines, 0, 0);
	}
	while ((at = slice_find_slice(s, SL("{i}"))) >= 0) {
		buf_put(&b, s.p, (size_t)at);
		buf_printf(&b, "%u", i);
		s = slice_sub(s, (size_t)at + 3, s.n);
	}
	buf_put_slice(&b, s);
	line = arena_dup(&t->lines, buf_slice(&b));
	buf_fini(&b);
	event_init(t->e, t->fs, &t->lines);
	source_parse(t->sw, line, source != NULL ? source->text : SL(""), t->now, NULL, t->e);
	event_seal(t->e);
	return 0;
}

static int
run_event(struct testing *t, const struct ynode *n, const struct ynode *item)
{
	int64_t at = span_of(y_get(item, SL("at"))), every = span_of(y_get(item, SL("every"))), repeat = 1;
	struct buf json = { 0 };
	int r = 0;

	if (y_get(item, SL("repeat")) != NULL && (!y_i64(y_get(item, SL("repeat")), &repeat) || repeat < 1 || repeat > REPEAT_MAX))
		return E_RANGE;
	for (unsigned i = 0; i < (unsigned)repeat && r == 0; i++) {
		t->now = CASE_START + at + (int64_t)i * every;
		if (slice_eq(n->key, SL("line"))) {
			r = read_line(t, n, y_get(item, SL("source")), i);
		} else {
			buf_clear(&json);
			put_node(&json, n, i);
			buf_reserve(&json, 64);
			r = input_json(t->in, buf_slice(&json), t->e);
		}
		if (r == 0)
			sigma_match(t->w, t->e, sigma_route(t->w, t->e), on_match, t);
		input_reset(t->in);
	}
	buf_fini(&json);
	return r;
}

static void
run_case(struct testing *t, const struct ynode *c, bool *positive, bool *negative)
{
	const struct ynode *expect = y_get(c, SL("expect")), *events = y_get(c, SL("events")), *name = y_get(c, SL("name"));
	int64_t want = -1;
	int r = 0;

	t->cases++;
	t->found = 0;
	t->refs = 0;
	t->corr = sigma_corr_new(t->set, NULL);
	for (const struct ynode *i = events != NULL ? events->child : NULL; i != NULL && r == 0; i = i->next)
		r = y_get(i, SL("event")) != NULL ? run_event(t, y_get(i, SL("event")), i) :
		    y_get(i, SL("line")) != NULL ? run_event(t, y_get(i, SL("line")), i) : E_SYNTAX;
	sigma_corr_advance(t->corr, SL("test"), t->now + 400 * NS_PER_DAY, on_alarm, t);
	sigma_corr_free(t->corr);
	if (expect == NULL || !y_i64(expect, &want) || events == NULL || events->child == NULL || r != 0) {
		t->failed++;
		printf("%s:%u:%u: a case wants name, expect and events with `event` or `line` each (%s)\n", t->path, c->line, c->col,
		       err_text(r));
		return;
	}
	*(want > 0 ? positive : negative) = true;
	if (t->found != (uint64_t)want) {
		t->failed++;
		printf("%s:%u:%u: %.*s: found %llu, expected %lld\n", t->path, c->line, c->col, (int)(name != NULL ? name->text.n : 0),
		       name != NULL ? name->text.p : "", (unsigned long long)t->found, (long long)want);
	}
}

static void
run_cases(struct testing *t, const char *test_path)
{
	struct buf text = { 0 };
	struct whys ws = { 0 };
	struct arena a;
	struct ydocs docs = { 0 };
	const struct ynode *cases = NULL;
	bool positive = false, negative = false;

	arena_init(&a, 0, 0);
	t->path = test_path;
	if (file_read(test_path, &text, 8u << 20) == 0 && yaml_parse(buf_slice(&text), test_path, &a, &docs, &ws) == 0 && docs.n != 0)
		cases = y_get(docs.v[0], SL("cases"));
	rule_print_faults(&ws, false, stdout);
	for (const struct ynode *c = cases != NULL ? cases->child : NULL; c != NULL; c = c->next)
		run_case(t, c, &positive, &negative);
	if (!positive || !negative) {
		t->failed++;
		printf("%s: wants at least one case that matches and one that does not\n", test_path);
	}
	whys_fini(&ws);
	buf_fini(&text);
	arena_fini(&a);
}

static void
test_file(struct testing *t, const char *path)
{
	struct fieldset *fs = fieldset_new();
	struct whys ws = { 0 };
	char *test_path = x_asprintf("%.*s.test.yml", (int)(strrchr(path, '.') - path), path);
	struct stat st;

	t->files++;
	if (sigma_load(&path, 1, fs, &t->set, &ws) != 0 || ws.errors != 0) {
		t->failed++;
		rule_print_faults(&ws, false, stdout);
	} else if (stat(test_path, &st) != 0) {
		t->failed++;
		printf("%s: no tests beside it\n", path);
	}
	if (t->set != NULL && ws.errors == 0 && stat(test_path, &st) == 0) {
		t->w = sigma_worker_new(t->set);
		t->in = input_new(fs);
		t->e = x_calloc(1, sizeof *t->e);
		t->fs = fs;
		run_cases(t, test_path);
		if (t->sources != NULL) {
			source_worker_free(t->sw);
			source_set_free(t->sources);
			arena_fini(&t->lines);
			t->sources = NULL;
		}
		free(t->e);
		input_free(t->in);
		sigma_worker_free(t->w);
	}
	sigma_free(t->set);
	t->set = NULL;
	whys_fini(&ws);
	free(test_path);
	fieldset_free(fs);
}

static void
test_path(struct testing *t, const char *path, int depth)
{
	struct dirent **list;
	struct stat st;
	struct slice s = slice_str(path);
	int n;

	if (stat(path, &st) != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		t->failed++;
		return;
	}
	if (depth > 16)
		return;
	if (!S_ISDIR(st.st_mode)) {
		if (slice_ends(s, SL(".yml")) && !slice_ends(s, SL(".test.yml")))
			test_file(t, path);
		return;
	}
	n = scandir(path, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char *sub = x_asprintf("%s/%s", path, list[i]->d_name);

		if (list[i]->d_name[0] != '.')
			test_path(t, sub, depth + 1);
		free(sub);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

int
rule_test(struct cli *c)
{
	struct testing t = { .c = c };

	if (cli_operands(c) < 2)
		return cli_usage(c, "test wants files or folders");
	for (int i = 1; i < cli_operands(c); i++)
		test_path(&t, cli_operand(c, i), 0);
	if (t.files == 0 && t.failed == 0)
		return cli_could_not(c, "no rule (*.yml) in %s", cli_operand(c, 1));
	printf("%zu rule files, %zu cases, %zu failed\n", t.files, t.cases, t.failed);
	return t.failed != 0 ? CLI_PROBLEMS : CLI_DONE;
}
