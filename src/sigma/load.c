/* SPDX-License-Identifier: Apache-2.0
 *
 * Folders of YAML → one set.  All faults of all files are collected; a document with an error stays out and
 * the others load.  Files are read in the order of their names so that indexes and versions are stable.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/must.h"
#include "sigma/sigma_priv.h"

#define FILE_MAX (4u << 20)
#define TREE_DEPTH_MAX 32

struct why *
comp_fault_at(struct comp *c, const char *id, unsigned line, unsigned col)
{
	return whys_add(c->ws, WHY_ERROR, E_SYNTAX, id, c->file, line, col);
}

struct why *
comp_fault(struct comp *c, const char *id, const struct ynode *at)
{
	return comp_fault_at(c, id, at != NULL ? at->line : 0, at != NULL ? at->col : 0);
}

struct why *
comp_warn(struct comp *c, const char *id, const struct ynode *at)
{
	return whys_add(c->ws, WHY_WARNING, E_OK, id, c->file, at != NULL ? at->line : 0, at != NULL ? at->col : 0);
}

/* ---- documents ---- */

static void
hash_node(const struct ynode *n, struct buf *b)
{
	/* Depth is bounded by the YAML reader (64). */
	buf_put_slice(b, n->key);
	buf_put(b, "\0:", 2);
	buf_put_slice(b, n->text);
	buf_put(b, n->kind == Y_SEQ ? "\0[" : "\0{", 2);
	for (const struct ynode *i = n->child; i != NULL; i = i->next)
		hash_node(i, b);
	buf_put(b, "\0}", 2);
}

struct slice
doc_version(struct comp *c, const struct ynode *doc)
{
	buf_clear(&c->key);
	hash_node(doc, &c->key);
	return arena_printf(&c->set->arena, "%016llx", (unsigned long long)hash_stable(buf_slice(&c->key)));
}

static void
read_rule(struct comp *c, const struct ynode *doc)
{
	struct prog p = { .corr = NONE };
	const struct ynode *detection = y_get(doc, SL("detection"));
	size_t before = c->ws->errors;

	c->rule = &p;
	c->leaves = 0;
	attrs_read(c, doc, &p.pub, false);
	p.pub.file = arena_dup(&c->set->arena, slice_str(c->file));
	p.ls = attrs_logsource(c, doc);
	c->ls = p.ls != NONE ? &c->set->sources.v[p.ls] : NULL;
	if (c->ls != NULL) {
		p.pub.product = c->ls->product;
		p.pub.category = c->ls->category;
		p.pub.service = c->ls->service;
	}
	p.tree = detect_compile(c, detection);
	if (c->leaves > RULE_LEAVES_MAX)
		why_found(comp_fault(c, "SIG-LIMIT", detection), "a rule of more than %u tests", RULE_LEAVES_MAX);
	if (c->ws->errors != before || p.tree == NULL) {
		c->set->count.refused++;
		return;
	}
	p.pub.version = doc_version(c, doc);
	p.pub.index = (uint32_t)c->set->rules.n;
	p.pub.kind = SIGMA_RULE;
	vec_push(&c->set->rules, p);
	c->set->count.rules++;
}

/* The key that was meant to be one of the three: the fault stands there, and the word that was meant is said. */
static void
name_the_misspelt(struct why *w, const struct ynode *doc)
{
	static const char *const kinds[] = { "detection", "correlation", "filter" };

	for (const struct ynode *k = doc != NULL && doc->kind == Y_MAP ? doc->child : NULL; k != NULL; k = k->next) {
		const char *near = near_word(k->key, kinds, 3);

		if (near == NULL || slice_eq(k->key, slice_str(near)))
			continue;
		w->line = k->key_line;
		w->col = k->key_col;
		why_hint(w, "did you mean %s instead of " SL_FMT, near, SL_ARG(k->key));
		return;
	}
}

static void
read_document(struct comp *c, const struct ynode *doc)
{
	int kinds = (y_get(doc, SL("detection")) != NULL) + (y_get(doc, SL("correlation")) != NULL) +
	            (y_get(doc, SL("filter")) != NULL);

	c->set->count.documents++;
	if (doc == NULL || doc->kind != Y_MAP || kinds != 1) {
		struct why *w = comp_fault(c, doc != NULL && doc->kind == Y_MAP && kinds == 0 ? "SIG-DETECTION" : "SIG-KIND", doc);

		why_found(w, "%s", doc == NULL ? "an empty document" : doc->kind != Y_MAP ? "a document that is not a map" :
		             kinds == 0 ? "a document without detection" : "more than one of detection, correlation, filter");
		why_wanted(w, "exactly one of detection, correlation, filter");
		if (kinds == 0)
			name_the_misspelt(w, doc);
		c->set->count.refused++;
	} else if (y_get(doc, SL("detection")) != NULL) {
		read_rule(c, doc);
	} else if (y_get(doc, SL("correlation")) != NULL) {
		corr_read(c, doc);
	} else {
		filter_read(c, doc);
	}
}

static void
read_text(struct comp *c, struct slice text, const char *file)
{
	struct ydocs docs;
	int r;

	c->file = file;
	c->set->count.files++;
	r = yaml_parse(text, file, &c->tmp, &docs, c->ws);
	if (r != 0) {
		c->set->count.refused++;
	} else if (docs.n == 0) {
		why_found(comp_fault_at(c, "SIG-DETECTION", 1, 1), "an empty file");
		c->set->count.refused++;
	}
	for (size_t i = 0; r == 0 && i < docs.n; i++)
		read_document(c, docs.v[i]);
	arena_reset(&c->tmp);
}

/* ---- files ---- */

static bool
wanted(const char *name)
{
	struct slice s = slice_str(name);

	if (slice_ends(s, SL(".test.yml")) || slice_ends(s, SL(".test.yaml")) || name[0] == '.')
		return false;
	return slice_ends(s, SL(".yml")) || slice_ends(s, SL(".yaml"));
}

static int
read_file(struct comp *c, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *p;
	ssize_t n, got = 0;

	if (fd < 0)
		return E_IO;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
		close(fd);
		c->file = path;
		why_found(comp_fault_at(c, "SIG-LIMIT", 0, 0), "not a file of at most 4 MiB");
		return 0;
	}
	p = x_malloc((size_t)st.st_size + 1);
	while (got < st.st_size && (n = read(fd, p + got, (size_t)(st.st_size - got))) > 0)
		got += n;
	close(fd);
	read_text(c, slice_of(p, (size_t)got), path);
	free(p);
	return 0;
}

static int
read_path(struct comp *c, const char *path, int depth)
{
	struct dirent **list;
	struct stat st;
	int n, r = 0;

	if (stat(path, &st) != 0 || depth > TREE_DEPTH_MAX)
		return E_IO;
	if (!S_ISDIR(st.st_mode))
		return read_file(c, path);
	n = scandir(path, &list, NULL, alphasort);
	if (n < 0)
		return E_IO;
	for (int i = 0; i < n; i++) {
		char *sub = x_asprintf("%s/%s", path, list[i]->d_name);

		if (list[i]->d_name[0] != '.' && stat(sub, &st) == 0 && (S_ISDIR(st.st_mode) || wanted(list[i]->d_name)) && r == 0)
			r = read_path(c, sub, depth + 1);
		free(sub);
		free(list[i]);
	}
	free(list);
	return r;
}

/* ---- a set ---- */

static void
comp_init(struct comp *c, struct fieldset *fs, struct whys *ws)
{
	*c = (struct comp){ .ws = ws };
	c->set = x_calloc(1, sizeof *c->set);
	c->set->fs = fs;
	arena_init(&c->set->arena, 256 * 1024, 0);
	arena_init(&c->tmp, 256 * 1024, 0);
	vec_push(&c->set->vfs, (struct vf){ .name = SL("keywords"), .row = -1 });
}

static void
comp_fini(struct comp *c)
{
	arena_fini(&c->tmp);
	map_fini(&c->pred_ids);
	map_fini(&c->vf_ids);
	map_fini(&c->ls_ids);
	map_fini(&c->list_ids);
	map_fini(&c->rule_ids);
	map_fini(&c->rule_names);
	buf_fini(&c->key);
	vec_fini(&c->corrs);
	vec_fini(&c->filters);
}

static int
finish(struct comp *c, int r, struct sigma_set **ret)
{
	if (r == 0) {
		filter_apply(c);
		corr_link(c);
		r = map_resolve(c);
	}
	if (r == 0)
		index_build(c);
	if (r == 0)
		*ret = c->set;
	else
		sigma_free(c->set);
	comp_fini(c);
	return r;
}

int
sigma_load(const char *const *paths, size_t count, struct fieldset *fs, struct sigma_set **ret, struct whys *ws)
{
	struct comp c;
	int r = 0;

	comp_init(&c, fs, ws);
	for (size_t i = 0; i < count && r == 0; i++)
		r = read_path(&c, paths[i], 0);
	return finish(&c, r, ret);
}

int
sigma_load_text(struct slice text, const char *file, struct fieldset *fs, struct sigma_set **ret, struct whys *ws)
{
	struct comp c;

	comp_init(&c, fs, ws);
	read_text(&c, text, file);
	return finish(&c, 0, ret);
}

void
sigma_free(struct sigma_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->preds.n; i++)
		regex_free(set->preds.v[i].re);
	for (size_t i = 0; i < set->corr.n; i++)
		corr_rule_free(set->corr.v[i]);
	vec_fini(&set->rules);
	vec_fini(&set->preds);
	vec_fini(&set->vfs);
	vec_fini(&set->sources);
	vec_fini(&set->list_names);
	vec_fini(&set->code);
	vec_fini(&set->literals);
	vec_fini(&set->entries);
	vec_fini(&set->exact_entries);
	vec_fini(&set->always);
	vec_fini(&set->corr);
	free(set->exact);
	for (size_t i = 0; i < set->scans.n; i++)
		scan_free(set->scans.v[i]);
	vec_fini(&set->scans);
	arena_fini(&set->arena);
	free(set);
}

size_t
sigma_rules(const struct sigma_set *set)
{
	return set->rules.n;
}

const struct sigma_rule *
sigma_rule(const struct sigma_set *set, uint32_t index)
{
	must(index < set->rules.n);
	return &set->rules.v[index].pub;
}

struct sigma_count
sigma_count(const struct sigma_set *set)
{
	return set->count;
}
