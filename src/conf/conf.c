/* SPDX-License-Identifier: Apache-2.0
 *
 * The checker: walks the YAML tree beside tbl/params.tbl.  A dotted key of the table is a path of maps in
 * the file.  Files of conf.d come after the main file in the order of their names and win key by key; a
 * LIST is replaced whole.  Everything read lives in one arena that dies with the struct conf.
 */
#define _GNU_SOURCE
#include "conf/conf_priv.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "base/vec.h"
#include "sys/fd.h"

#define FILE_MAX (4u << 20)

#define PARAM_RANGE(key, least, most)
#define PARAM_CHOICE(key, words)
#define PARAM(program, key, type, otherwise, doc) { PP_##program, key, PT_##type, otherwise, doc },
static const struct param params[] = {
#include "tbl/params.tbl"
};
#undef PARAM
#undef PARAM_RANGE
#undef PARAM_CHOICE
#define PARAMS (sizeof params / sizeof *params)

#define PARAM(program, key, type, otherwise, doc)
#define PARAM_CHOICE(key, words)
#define PARAM_RANGE(key, least, most) { key, least, most },
static const struct {
	const char *key, *least, *most;
} ranges[] = {
#include "tbl/params.tbl"
};
#undef PARAM_RANGE
#undef PARAM_CHOICE

#define PARAM_RANGE(key, least, most)
#define PARAM_CHOICE(key, words) { key, words },
static const struct {
	const char *key, *words;
} choices[] = {
#include "tbl/params.tbl"
};
#undef PARAM
#undef PARAM_RANGE
#undef PARAM_CHOICE

struct conf {
	struct arena a;
	const char *file;
	unsigned program; /* PP_NEZUBAND or PP_LCP */
	struct value values[PARAMS];
};

struct walk {
	struct conf *c;
	const char *file;
	struct whys *ws;
	bool failed;
};

static const char *const type_wanted[] = {
	[PT_STR] = "a text",
	[PT_PATH] = "a path",
	[PT_INT] = "a whole number",
	[PT_SIZE] = "a size such as 512k, 64m or 10g",
	[PT_SPAN] = "a span of time such as 5ms, 30s, 10m, 24h or 92d",
	[PT_BOOL] = "true or false",
	[PT_LIST] = "a list or a map",
};

static struct why *
fault(struct walk *w, int code, const char *id, unsigned line, unsigned col)
{
	w->failed = true;
	return whys_add(w->ws, WHY_ERROR, code, id, w->file, line, col);
}

/* ---- one value ---- */

static int
read_number(const struct param *p, struct slice text, int64_t *ret)
{
	switch (p->type) {
	case PT_INT:
		return slice_i64(text, ret) ? 0 : E_SYNTAX;
	case PT_SIZE:
		return conf_read_size(text, ret);
	case PT_SPAN:
		return conf_read_span(text, ret);
	default:
		return E_TYPE;
	}
}

static void
check_range(struct walk *w, const struct param *p, const struct ynode *n, int64_t v)
{
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		int64_t least, most;
		struct why *y;

		if (strcmp(ranges[i].key, p->key) != 0)
			continue;
		must(read_number(p, slice_str(ranges[i].least), &least) == 0);
		must(read_number(p, slice_str(ranges[i].most), &most) == 0);
		if (v >= least && v <= most)
			continue;
		y = fault(w, E_RANGE, "CONF-RANGE", n->line, n->col);
		why_found(y, "%s: " SL_FMT, p->key, SL_ARG(n->text));
		why_wanted(y, "%s from %s to %s", type_wanted[p->type], ranges[i].least, ranges[i].most);
	}
}

static size_t
split_words(struct arena *a, const char *list, const char **words, size_t max)
{
	struct slice rest = slice_str(list);
	size_t n = 0;

	while (rest.n != 0 && n < max)
		words[n++] = arena_cstr(a, slice_cut(&rest, ' '));
	return n;
}

static void
check_choice(struct walk *w, const struct param *p, const struct ynode *n)
{
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
		const char *words[16], *near;
		bool good = false;
		size_t count;
		struct why *y;

		if (strcmp(choices[i].key, p->key) != 0)
			continue;
		count = split_words(&w->c->a, choices[i].words, words, 16);
		for (size_t k = 0; k < count; k++)
			good = good || slice_eq(n->text, slice_str(words[k]));
		if (good)
			continue;
		y = fault(w, E_RANGE, "CONF-WORD", n->line, n->col);
		why_found(y, "%s: " SL_FMT, p->key, SL_ARG(n->text));
		why_wanted(y, "one of: %s", choices[i].words);
		if ((near = near_word(n->text, words, count)) != NULL)
			why_hint(y, "did you mean %s", near);
	}
}

static void
wrong_type(struct walk *w, const struct param *p, const struct ynode *n, int code)
{
	struct why *y = fault(w, code, "CONF-TYPE", n->line, n->col);

	if (n->kind == Y_SCALAR)
		why_found(y, "%s: " SL_FMT, p->key, SL_ARG(n->text));
	else
		why_found(y, "%s: %s", p->key, y_kind_name(n->kind));
	why_wanted(y, "%s", type_wanted[p->type]);
}

static void
take(struct walk *w, size_t row, const struct ynode *n)
{
	const struct param *p = &params[row];
	struct value v = { .given = true };
	bool b;
	int r;

	if (p->type == PT_LIST) {
		if (n->kind == Y_SCALAR && !y_is_null(n)) {
			wrong_type(w, p, n, E_TYPE);
			return;
		}
		v.tree = n;
	} else if (n->kind != Y_SCALAR || (y_is_null(n) && n->text.n != 0) || (n->text.n == 0 && n->plain)) {
		wrong_type(w, p, n, E_TYPE);
		return;
	} else if (p->type == PT_STR || p->type == PT_PATH) {
		if (memchr(n->text.p, 0, n->text.n) != NULL || (p->type == PT_PATH && n->text.n == 0 && p->otherwise[0] != '\0')) {
			wrong_type(w, p, n, E_RANGE);
			return;
		}
		v.text = n->text.p; /* NUL-terminated by yaml.h */
		check_choice(w, p, n);
	} else if (p->type == PT_BOOL) {
		if (!y_bool(n, &b)) {
			wrong_type(w, p, n, E_TYPE);
			return;
		}
		v.number = b;
	} else {
		if ((r = n->plain ? read_number(p, n->text, &v.number) : E_TYPE) != 0) {
			wrong_type(w, p, n, r);
			return;
		}
		check_range(w, p, n, v.number);
	}
	w->c->values[row] = v;
}

/* ---- the tree ---- */

/* Words that may stand at this level, for "wanted" and the nearest one. */
static size_t
words_here(const struct walk *w, const char *prefix, struct arena *a, const char **words, size_t max)
{
	size_t n = 0, len = strlen(prefix);

	for (size_t i = 0; i < PARAMS && n < max; i++) {
		const char *rest = params[i].key + len;
		struct slice word;
		bool seen = false;

		if ((params[i].programs & w->c->program) == 0 || strncmp(params[i].key, prefix, len) != 0)
			continue;
		word = slice_of(rest, strcspn(rest, "."));
		for (size_t k = 0; k < n; k++)
			seen = seen || slice_eq(slice_str(words[k]), word);
		if (!seen)
			words[n++] = arena_cstr(a, word);
	}
	return n;
}

static void
unknown_key(struct walk *w, const char *prefix, const struct ynode *n)
{
	const char *words[128], *near;
	size_t count = words_here(w, prefix, &w->c->a, words, 128);
	struct why *y = fault(w, E_CONFIG, "CONF-KEY", n->key_line, n->key_col);
	auto_buf struct buf list = { 0 };

	for (size_t i = 0; i < count; i++)
		buf_printf(&list, "%s%s", i != 0 ? ", " : "", words[i]);
	why_found(y, "%s" SL_FMT, prefix, SL_ARG(n->key));
	why_wanted(y, "one of: %s", buf_cstr(&list));
	if ((near = near_word(n->key, words, count)) != NULL)
		why_hint(y, "did you mean %s%s", prefix, near);
}

static ssize_t
find_row(const struct walk *w, const char *key)
{
	for (size_t i = 0; i < PARAMS; i++)
		if ((params[i].programs & w->c->program) != 0 && strcmp(params[i].key, key) == 0)
			return (ssize_t)i;
	return -1;
}

static bool
is_branch(const struct walk *w, const char *prefix)
{
	for (size_t i = 0; i < PARAMS; i++)
		if ((params[i].programs & w->c->program) != 0 && strncmp(params[i].key, prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

static void
walk_map(struct walk *w, const char *prefix, const struct ynode *map)
{
	for (const struct ynode *n = map->child; n != NULL; n = n->next) {
		char name[160];
		int len = snprintf(name, sizeof name, "%s" SL_FMT ".", prefix, SL_ARG(n->key));
		ssize_t row;

		if (len >= (int)sizeof name || memchr(n->key.p, '.', n->key.n) != NULL || memchr(n->key.p, 0, n->key.n) != NULL) {
			unknown_key(w, prefix, n);
			continue;
		}
		name[len - 1] = '\0';
		if ((row = find_row(w, name)) >= 0) {
			take(w, (size_t)row, n);
			continue;
		}
		name[len - 1] = '.';
		if (!is_branch(w, name)) {
			unknown_key(w, prefix, n);
		} else if (n->kind == Y_MAP) {
			walk_map(w, name, n);
		} else if (!y_is_null(n)) { /* "ingest:" with nothing below it says nothing wrong */
			struct why *y = fault(w, E_TYPE, "CONF-TYPE", n->line, n->col);

			why_found(y, SL_FMT ": %s", SL_ARG(n->key), y_kind_name(n->kind));
			why_wanted(y, "a map of settings");
		}
	}
}

static void
load_text(struct conf *c, const char *file, struct slice text, struct whys *ws, bool *failed)
{
	struct walk w = { .c = c, .file = file, .ws = ws };
	struct ydocs docs = { 0 };

	if (yaml_parse(text, file, &c->a, &docs, ws) != 0) {
		*failed = true;
		return;
	}
	if (docs.n > 1) {
		struct why *y = fault(&w, E_SYNTAX, "CONF-DOCS", docs.v[1] != NULL ? docs.v[1]->line : 0, 1);

		why_found(y, "%zu documents", docs.n);
		why_wanted(y, "one");
	} else if (docs.n == 1 && docs.v[0] != NULL && docs.v[0]->kind == Y_MAP) {
		walk_map(&w, "", docs.v[0]);
	} else if (docs.n == 1 && docs.v[0] != NULL && !y_is_null(docs.v[0])) {
		struct why *y = fault(&w, E_TYPE, "CONF-TYPE", docs.v[0]->line, docs.v[0]->col);

		why_found(y, "%s", y_kind_name(docs.v[0]->kind));
		why_wanted(y, "a map of settings");
	}
	*failed = *failed || w.failed;
}

static void
load_file(struct conf *c, const char *path, struct whys *ws, bool *failed)
{
	struct walk w = { .c = c, .file = path, .ws = ws };
	auto_buf struct buf text = { 0 };
	int r = file_read(path, &text, FILE_MAX);

	if (r != 0) {
		struct why *y = fault(&w, r, "CONF-FILE", 0, 0);

		why_found(y, "%s", err_text(r));
		why_wanted(y, "a readable file of at most %u bytes", FILE_MAX);
		*failed = true;
		return;
	}
	/* the tree may point into the text: it lives as long as the tree */
	load_text(c, arena_cstr(&c->a, slice_str(path)), arena_dup(&c->a, buf_slice(&text)), ws, failed);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? x_strdup(".") : x_asprintf("%.*s", (int)(slash - path), slash == path ? "/" : path);
}

static void
load_conf_d(struct conf *c, const char *path, struct whys *ws, bool *failed)
{
	auto_free char *folder = folder_of(path), *conf_d = x_asprintf("%s/conf.d", folder[0] != '\0' ? folder : "/");
	DIR *d = opendir(conf_d);
	VEC(char *) names = { 0 };
	struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && slice_ends(slice_str(e->d_name), SL(".yaml")))
			vec_push(&names, x_asprintf("%s/%s", conf_d, e->d_name));
	closedir(d);
	if (names.n > 1)
		qsort(names.v, names.n, sizeof *names.v, by_name);
	for (size_t i = 0; i < names.n; i++) {
		load_file(c, names.v[i], ws, failed);
		free(names.v[i]);
	}
	vec_fini(&names);
}

static void
fill_defaults(struct conf *c)
{
	for (size_t i = 0; i < PARAMS; i++) {
		struct value *v = &c->values[i];
		const struct param *p = &params[i];

		if (v->given || p->type == PT_LIST)
			continue;
		if (p->type == PT_STR || p->type == PT_PATH)
			v->text = p->otherwise;
		else if (p->type == PT_BOOL)
			v->number = strcmp(p->otherwise, "true") == 0;
		else
			must(read_number(p, slice_str(p->otherwise), &v->number) == 0);
	}
}

/* A relative `data` means: beside the configuration file. */
static void
settle_data(struct conf *c)
{
	struct value *v = &c->values[0];
	auto_free char *folder = folder_of(c->file);
	char real[PATH_MAX];

	must(strcmp(params[0].key, "data") == 0);
	if (v->text[0] != '/' && realpath(folder[0] != '\0' ? folder : "/", real) != NULL)
		v->text = arena_printf(&c->a, "%s/%s", real, v->text).p;
}

int
conf_load(enum conf_program program, const char *path, struct conf **ret, struct whys *ws)
{
	struct conf *c = x_calloc(1, sizeof *c);
	bool failed = false;

	arena_init(&c->a, 0, 0);
	c->program = program == CONF_LCP ? PP_LCP : PP_NEZUBAND;
	c->file = arena_cstr(&c->a, slice_str(path));
	load_file(c, path, ws, &failed);
	load_conf_d(c, path, ws, &failed);
	if (failed) {
		conf_free(c);
		return E_CONFIG;
	}
	fill_defaults(c);
	settle_data(c);
	*ret = c;
	return 0;
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	arena_fini(&c->a);
	free(c);
}

/* ---- reading ---- */

static const struct value *
value_of(const struct conf *c, const char *key, unsigned types)
{
	for (size_t i = 0; i < PARAMS; i++)
		if ((params[i].programs & c->program) != 0 && strcmp(params[i].key, key) == 0) {
			must((types & 1u << params[i].type) != 0);
			return &c->values[i];
		}
	must_fail("a key that is a row of params.tbl", __FILE__, __LINE__, __func__);
	return NULL;
}

const char *
conf_str(const struct conf *c, const char *key)
{
	return value_of(c, key, 1u << PT_STR | 1u << PT_PATH)->text;
}

int64_t
conf_int(const struct conf *c, const char *key)
{
	return value_of(c, key, 1u << PT_INT | 1u << PT_SIZE | 1u << PT_SPAN)->number;
}

bool
conf_bool(const struct conf *c, const char *key)
{
	return value_of(c, key, 1u << PT_BOOL)->number != 0;
}

const struct ynode *
conf_tree(const struct conf *c, const char *key)
{
	return value_of(c, key, 1u << PT_LIST)->tree;
}

const char *
conf_file(const struct conf *c)
{
	return c->file;
}

char *
conf_path(const struct conf *c, const char *key)
{
	const char *path = conf_str(c, key);

	return path[0] == '/' || path[0] == '\0' ? x_strdup(path) : x_asprintf("%s/%s", conf_str(c, "data"), path);
}

/* ---- showing ---- */

static void
show_tree(const struct ynode *n, int indent, struct buf *out)
{
	if (n->kind == Y_SCALAR) {
		buf_printf(out, n->plain ? " " SL_FMT "\n" : " \"" SL_FMT "\"\n", SL_ARG(n->text));
		return;
	}
	buf_put_str(out, n->count == 0 ? (n->kind == Y_SEQ ? " []\n" : " {}\n") : "\n");
	for (const struct ynode *k = n->child; k != NULL; k = k->next) {
		buf_printf(out, "%*s", indent, "");
		if (n->kind == Y_SEQ)
			buf_put_str(out, "-");
		else
			buf_printf(out, SL_FMT ":", SL_ARG(k->key));
		show_tree(k, indent + 2, out);
	}
}

static void
show_value(const struct param *p, const struct value *v, struct buf *out)
{
	switch (p->type) {
	case PT_STR:
	case PT_PATH:
		buf_printf(out, " \"%s\"\n", v->text);
		break;
	case PT_BOOL:
		buf_put_str(out, v->number != 0 ? " true\n" : " false\n");
		break;
	case PT_LIST:
		if (v->tree != NULL)
			show_tree(v->tree, 4, out);
		else
			buf_put_str(out, " []\n");
		break;
	default:
		buf_put_byte(out, ' ');
		if (p->type == PT_SPAN)
			conf_write_span(v->number, out);
		else if (p->type == PT_SIZE)
			conf_write_size(v->number, out);
		else
			buf_printf(out, "%lld", (long long)v->number);
		buf_put_byte(out, '\n');
	}
}

static int
by_key(const void *a, const void *b)
{
	return strcmp(params[*(const size_t *)a].key, params[*(const size_t *)b].key);
}

void
conf_show(const struct conf *c, struct buf *out)
{
	struct slice open = slice_of("", 0);
	size_t order[PARAMS];

	for (size_t i = 0; i < PARAMS; i++)
		order[i] = i;
	qsort(order, PARAMS, sizeof *order, by_key); /* rows of one map side by side */
	for (size_t k = 0; k < PARAMS; k++) {
		size_t i = order[k];
		const struct param *p = &params[i];
		const char *dot = strrchr(p->key, '.');
		struct slice branch = slice_of(p->key, dot != NULL ? (size_t)(dot - p->key) : 0);
		int indent = 0;

		if ((p->programs & c->program) == 0)
			continue;
		/* Print the maps on the way that are not open yet. */
		for (struct slice rest = branch, part; rest.n != 0; indent += 2) {
			size_t upto;

			part = slice_cut(&rest, '.');
			upto = (size_t)(part.p + part.n - branch.p);
			if (open.n < upto || memcmp(open.p, branch.p, upto) != 0 || (open.n > upto && open.p[upto] != '.'))
				buf_printf(out, "%*s" SL_FMT ":\n", indent, "", SL_ARG(part));
		}
		open = branch;
		buf_printf(out, "%*s# %s (default %s)\n", indent, "", p->doc, p->otherwise[0] != '\0' ? p->otherwise : "none");
		buf_printf(out, "%*s%s:", indent, "", dot != NULL ? dot + 1 : p->key);
		show_value(p, &c->values[i], out);
	}
}
