/* SPDX-License-Identifier: Apache-2.0
 *
 * One YAML document → struct source.  Faults are collected, never fatal here.
 */
#include "source/source_priv.h"

static const char *const source_keys[] = { "source", "title", "description", "guide", "logsource", "header", "steps", "forms",
	                                   /* of the only form: */
	                                   "probe", "codec", "native", "keep_native", "empty", "fields", "columns",
	                                   "select", "separator", "patterns", "form", "no_header", "quotes", "strip_prefix", "rename" };
static const char *const form_keys[] = { "form", "probe", "codec", "native", "keep_native", "empty", "fields", "columns",
	                                 "select", "separator", "patterns", "steps", "no_header", "quotes", "strip_prefix", "rename" };
static const char *const codec_names[CODEC_COUNT] = { "kv", "csv", "json", "xml", "pattern" };

struct why *
source_fault(struct compiler *c, const struct ynode *n, const char *id)
{
	struct why *w = whys_add(c->ws, WHY_ERROR, E_CONFIG, id, c->file, n->line, n->col);

	if (n->kind == Y_SCALAR)
		why_found(w, "%.*s", (int)(n->text.n > 80 ? 80 : n->text.n), n->text.p);
	else
		why_found(w, "%s", y_kind_name(n->kind));
	return w;
}

struct why *
source_key_fault(struct compiler *c, const struct ynode *n, const char *id)
{
	struct why *w = whys_add(c->ws, WHY_ERROR, E_CONFIG, id, c->file, n->key_line, n->key_col);

	why_found(w, SL_FMT, SL_ARG(n->key));
	return w;
}

bool
source_check_keys(struct compiler *c, const struct ynode *map, const char *const *good, size_t n)
{
	bool ok = true;

	for (const struct ynode *v = map->child; v != NULL; v = v->next) {
		const char *near;
		size_t i = 0;
		struct why *w;

		while (i < n && !slice_eq(v->key, slice_str(good[i])))
			i++;
		if (i < n)
			continue;
		ok = false;
		w = source_key_fault(c, v, "SRC-KEY");
		why_wanted(w, "a known key (docs/sources.md)");
		near = near_word(v->key, good, n);
		if (near != NULL)
			why_hint(w, "did you mean %s", near);
	}
	return ok;
}

struct slice
source_intern(struct source_set *set, struct slice name)
{
	bool is_new;
	struct map_slot *s = map_put(&set->names, name, &is_new);

	if (is_new)
		s->ptr = arena_cstr(&set->arena, name);
	return slice_of(s->ptr, name.n);
}

/* The slot of a name that steps read. */
int
source_slot(struct compiler *c, const struct ynode *at, struct slice name)
{
	int id;

	if (name.p == NULL || name.n == 0)
		return F_EVENT_ORIGINAL;
	id = fieldset_add(c->set->fs, name);
	if (id == FIELD_NONE) {
		why_wanted(source_fault(c, at, "SRC-FULL"), "fewer fields read by steps: all %d slots are taken", EVENT_SLOTS);
		return F_EVENT_ORIGINAL;
	}
	if (name.p[0] == '_')
		bit_set(c->set->scratch, (size_t)id);
	return id;
}

struct slice
source_scalar(struct compiler *c, const struct ynode *n, const char *what)
{
	if (n->kind != Y_SCALAR) {
		why_wanted(source_fault(c, n, "SRC-SCALAR"), "%s", what);
		return (struct slice){ "", 0 };
	}
	return arena_dup(&c->set->arena, n->text);
}

static void
compile_probe(struct compiler *c, struct form *f, const struct ynode *n)
{
	static const char *const keys[] = { "starts", "has", "also", "program", "shape" };
	struct probe p = { .source = f->source, .form = f->index };

	if (n->kind != Y_MAP || n->count == 0) {
		why_wanted(source_fault(c, n, "SRC-PROBE"), "a map such as {starts: 'date=', has: ' logid='}");
		return;
	}
	source_check_keys(c, n, keys, sizeof keys / sizeof *keys);
	for (const struct ynode *v = n->child; v != NULL; v = v->next) {
		struct slice s = source_scalar(c, v, "a text");

		if (s.n == 0)
			why_wanted(source_fault(c, v, "SRC-PROBE"), "a text that is not empty");
		else if (slice_eq(v->key, SL("starts")))
			p.starts = s;
		else if (slice_eq(v->key, SL("has")))
			p.has = s;
		else if (slice_eq(v->key, SL("also")))
			p.has2 = s;
		else if (slice_eq(v->key, SL("program")))
			p.program = s;
		else if (slice_eq(v->key, SL("shape")))
			p.shape = s;
	}
	vec_push(&c->set->probes, p);
}

static void
compile_probes(struct compiler *c, struct form *f, const struct ynode *n)
{
	if (n->kind == Y_MAP)
		compile_probe(c, f, n);
	else
		for (const struct ynode *v = n->child; v != NULL; v = v->next)
			compile_probe(c, f, v);
}

static void
compile_form_fields(struct compiler *c, struct form *f, const struct ynode *n)
{
	if (n->kind != Y_MAP) {
		why_wanted(source_fault(c, n, "SRC-FIELDS"), "a map of key: field");
		return;
	}
	f->keys = vmap_new(&c->set->arena, n->count);
	f->acts = arena_array(&c->set->arena, struct actions, n->count + 1);
	for (const struct ynode *v = n->child; v != NULL; v = v->next) {
		int32_t i;

		vmap_put(f->keys, arena_dup(&c->set->arena, v->key), (struct slice){ NULL, 0 }, &i);
		f->acts[i] = compile_actions(c, v);
	}
}

static void
compile_columns(struct compiler *c, struct column_set *set, const struct ynode *n)
{
	if (n->kind != Y_SEQ || n->count > COLUMNS_MAX) {
		why_wanted(source_fault(c, n, "SRC-COLUMNS"), "a list of at most %d names", COLUMNS_MAX);
		return;
	}
	for (const struct ynode *v = n->child; v != NULL; v = v->next)
		set->name[set->n++] = y_is_null(v) ? (struct slice){ "", 0 } : source_scalar(c, v, "a name");
}

static void
compile_column_sets(struct compiler *c, struct form *f, const struct ynode *n)
{
	size_t count = n->kind == Y_MAP ? n->count : 1;

	if (count > 32) {
		why_wanted(source_fault(c, n, "SRC-COLUMNS"), "at most 32 column lists");
		return;
	}
	f->columns = arena_array(&c->set->arena, struct column_set, count);
	if (n->kind == Y_SEQ) {
		compile_columns(c, &f->columns[f->columns_n++], n);
		return;
	}
	for (const struct ynode *v = n->child; v != NULL; v = v->next) {
		struct column_set *set = &f->columns[f->columns_n++];

		if (!slice_eq(v->key, SL("default")))
			set->value = arena_dup(&c->set->arena, v->key);
		compile_columns(c, set, v);
	}
}

static void
compile_empty(struct compiler *c, struct form *f, const struct ynode *n)
{
	int32_t index;

	f->empty = vmap_new(&c->set->arena, n->count + 1);
	vmap_put(f->empty, SL(""), SL(""), &index);
	for (const struct ynode *v = n->kind == Y_SEQ ? n->child : n; v != NULL; v = n->kind == Y_SEQ ? v->next : NULL) {
		struct slice s = source_scalar(c, v, "a value");

		vmap_put(f->empty, s, SL(""), &index);
		if (s.n != 0)
			bit_set(f->empty_first, (unsigned char)s.p[0]);
		if (s.n > f->empty_max)
			f->empty_max = (uint16_t)s.n;
	}
}

static void
compile_native(struct compiler *c, struct form *f, const struct ynode *n)
{
	struct slice s = source_scalar(c, n, "a prefix such as vendor.product");

	if (s.n == 0) {
		f->native_as_is = true;
		f->native = SL("");
	} else {
		f->native = arena_printf(&c->set->arena, SL_FMT ".", SL_ARG(s));
	}
}

static void
compile_rename(struct compiler *c, struct form *f, const struct ynode *n)
{
	if (n->kind != Y_MAP) {
		why_wanted(source_fault(c, n, "SRC-RENAME"), "a map of beginning: other beginning");
		return;
	}
	f->rename_from = arena_array(&c->set->arena, struct slice, n->count);
	f->rename_to = arena_array(&c->set->arena, struct slice, n->count);
	for (const struct ynode *v = n->child; v != NULL; v = v->next) {
		f->rename_from[f->renames] = arena_dup(&c->set->arena, v->key);
		f->rename_to[f->renames++] = source_scalar(c, v, "a beginning");
	}
}

static void
want_bool(struct compiler *c, const struct ynode *n, bool *ret)
{
	if (!y_bool(n, ret))
		why_wanted(source_fault(c, n, "SRC-BOOL"), "true or false");
}

static void
compile_form_key(struct compiler *c, struct form *f, const struct ynode *v)
{
	int64_t number;

	if (slice_eq(v->key, SL("form")))
		f->name = source_scalar(c, v, "a name");
	else if (slice_eq(v->key, SL("probe")))
		compile_probes(c, f, v);
	else if (slice_eq(v->key, SL("native")))
		compile_native(c, f, v);
	else if (slice_eq(v->key, SL("keep_native")))
		want_bool(c, v, &f->keep_native);
	else if (slice_eq(v->key, SL("no_header")))
		want_bool(c, v, &f->no_header);
	else if (slice_eq(v->key, SL("quotes")))
		want_bool(c, v, &f->quotes);
	else if (slice_eq(v->key, SL("strip_prefix")))
		f->strip_prefix = source_scalar(c, v, "a text");
	else if (slice_eq(v->key, SL("empty")))
		compile_empty(c, f, v);
	else if (slice_eq(v->key, SL("rename")))
		compile_rename(c, f, v);
	else if (slice_eq(v->key, SL("fields")))
		compile_form_fields(c, f, v);
	else if (slice_eq(v->key, SL("columns")))
		compile_column_sets(c, f, v);
	else if (slice_eq(v->key, SL("patterns")))
		f->patterns = compile_patterns(c, v);
	else if (slice_eq(v->key, SL("separator")))
		f->sep = slice_eq(v->text, SL("tab")) ? '\t' : v->text.n == 1 ? v->text.p[0] : ',';
	else if (slice_eq(v->key, SL("select")) && (!y_i64(v, &number) || number < 1 || number > COLUMNS_MAX))
		why_wanted(source_fault(c, v, "SRC-SELECT"), "the number of a column, from 1");
	else if (slice_eq(v->key, SL("select")))
		f->select = (int)number - 1;
}

static void
compile_codec(struct compiler *c, struct form *f, const struct ynode *n)
{
	const struct ynode *codec = y_get(n, SL("codec"));
	struct why *w;

	if (codec == NULL) {
		why_wanted(source_fault(c, n, "SRC-CODEC"), "a codec: kv, csv, json, xml or pattern");
		return;
	}
	for (int i = 0; i < CODEC_COUNT; i++)
		if (slice_eq(codec->text, slice_str(codec_names[i]))) {
			f->codec = (uint8_t)i;
			return;
		}
	w = source_fault(c, codec, "SRC-CODEC");
	why_wanted(w, "kv, csv, json, xml or pattern");
	if (near_word(codec->text, codec_names, CODEC_COUNT) != NULL)
		why_hint(w, "did you mean %s", near_word(codec->text, codec_names, CODEC_COUNT));
}

static void
compile_form(struct compiler *c, struct form *f, const struct ynode *n, bool whole)
{
	f->select = -1;
	f->sep = ',';
	f->quotes = true;
	f->line = n->line;
	compile_codec(c, f, n);
	for (const struct ynode *v = n->child; v != NULL; v = v->next)
		compile_form_key(c, f, v);
	if (f->empty == NULL) {
		struct ynode none = { .kind = Y_SEQ };

		compile_empty(c, f, &none);
	}
	if (f->keys == NULL)
		f->keys = vmap_new(&c->set->arena, 0);
	if (!whole && y_get(n, SL("steps")) != NULL)
		f->steps = compile_steps(c, y_get(n, SL("steps")));
	if (f->codec == CODEC_PATTERN && f->patterns == NULL)
		why_wanted(source_fault(c, n, "SRC-PATTERN"), "\"patterns\" for the codec pattern");
	if (f->codec == CODEC_CSV && f->columns == NULL)
		why_wanted(source_fault(c, n, "SRC-COLUMNS"), "\"columns\" for the codec csv");
}

static void
compile_forms(struct compiler *c, struct source *src, const struct ynode *root, uint16_t number)
{
	const struct ynode *forms = y_get(root, SL("forms"));
	size_t count = forms != NULL ? forms->count : 1;

	if (forms != NULL && (forms->kind != Y_SEQ || count == 0 || count > 64)) {
		why_wanted(source_fault(c, forms, "SRC-FORMS"), "a list of 1 to 64 forms");
		return;
	}
	src->form = arena_array(&c->set->arena, struct form, count);
	for (size_t i = 0; i < count; i++)
		src->form[i] = (struct form){ .source = number, .index = (uint16_t)i };
	src->forms = (uint16_t)count;
	if (forms == NULL) {
		compile_form(c, &src->form[0], root, true);
		return;
	}
	count = 0;
	for (const struct ynode *v = forms->child; v != NULL; v = v->next) {
		if (v->kind != Y_MAP) {
			why_wanted(source_fault(c, v, "SRC-FORMS"), "a map");
			continue;
		}
		source_check_keys(c, v, form_keys, sizeof form_keys / sizeof *form_keys);
		compile_form(c, &src->form[count++], v, false);
	}
}

static void
compile_header(struct compiler *c, struct source *src, const struct ynode *n)
{
	static const char *const parts[HEAD_COUNT] = { "host", "program", "pid", "time", "msgid", "body" };

	source_check_keys(c, n, parts, HEAD_COUNT);
	for (int i = 0; i < HEAD_COUNT; i++) {
		const struct ynode *v = y_get(n, slice_str(parts[i]));

		if (v != NULL)
			src->header[i] = compile_actions(c, v);
	}
}

static uint16_t
logsource_of(struct compiler *c, const struct ynode *n)
{
	struct source_logsource l = { 0 };
	const struct ynode *v;

	if ((v = y_get(n, SL("product"))) != NULL)
		l.product = source_scalar(c, v, "a product");
	if ((v = y_get(n, SL("category"))) != NULL)
		l.category = source_scalar(c, v, "a category");
	if ((v = y_get(n, SL("service"))) != NULL)
		l.service = source_scalar(c, v, "a service");
	for (size_t i = 0; i < c->set->logsources.n; i++) {
		const struct source_logsource *k = &c->set->logsources.v[i];

		if (slice_eq(k->product, l.product) && slice_eq(k->category, l.category) && slice_eq(k->service, l.service))
			return (uint16_t)i;
	}
	vec_push(&c->set->logsources, l);
	return (uint16_t)(c->set->logsources.n - 1);
}

static void
compile_logsources(struct compiler *c, struct source *src, const struct ynode *list)
{
	static const char *const keys[] = { "product", "category", "service", "if" };

	if (list->kind != Y_SEQ || list->count > 64) {
		why_wanted(source_fault(c, list, "SRC-LOGSOURCE"), "a list of at most 64 maps");
		return;
	}
	src->logsource = arena_array(&c->set->arena, uint16_t, list->count);
	src->logsource_if = arena_array(&c->set->arena, struct block *, list->count);
	for (const struct ynode *v = list->child; v != NULL; v = v->next) {
		struct ynode only_if = *v;

		if (v->kind != Y_MAP || !source_check_keys(c, v, keys, sizeof keys / sizeof *keys))
			continue;
		src->logsource[src->logsources] = logsource_of(c, v);
		/* A block of the conditions alone: the keys that are no block keys are left out. */
		only_if.child = NULL;
		if (y_get(v, SL("if")) != NULL) {
			struct ynode cond = *y_get(v, SL("if"));

			cond.next = NULL;
			only_if.child = &cond;
			only_if.count = 1;
			src->logsource_if[src->logsources] = compile_block(c, &only_if);
			c->set->blocks--; /* not a step: corpora need not visit it */
			c->set->block_lines.n--;
			src->logsource_if[src->logsources]->id = UINT32_MAX;
		}
		src->logsources++;
	}
}

#define GUIDE_MAX 8000

/* What somebody at the device does: read by people, not by the engine.  {address} and {port} are the collector's. */
static void
check_guide(struct compiler *c, const struct ynode *map)
{
	static const char *const langs[] = { "en", "ja" };

	if (map->kind != Y_MAP) {
		why_wanted(source_fault(c, map, "SRC-GUIDE"), "{en: …, ja: …}");
		return;
	}
	source_check_keys(c, map, langs, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct ynode *n = y_get(map, slice_str(langs[i]));

		if (n == NULL || n->kind != Y_SCALAR || n->text.n == 0 || n->text.n > GUIDE_MAX)
			why_wanted(source_fault(c, n != NULL ? n : map, "SRC-GUIDE"), "a text of at most %d bytes in each language, en and ja", GUIDE_MAX);
	}
}

int
compile_source(struct compiler *c, const struct ynode *root, struct source *src)
{
	const struct ynode *n;
	size_t errors = c->ws->errors;

	c->src = src;
	if (root == NULL || root->kind != Y_MAP) {
		struct ynode none = { .kind = Y_SCALAR, .line = 1, .col = 1 };

		why_wanted(source_fault(c, root != NULL ? root : &none, "SRC-ROOT"), "a map that begins with \"source: vendor.product\"");
		return E_CONFIG;
	}
	source_check_keys(c, root, source_keys, sizeof source_keys / sizeof *source_keys);
	n = y_get(root, SL("source"));
	if (n == NULL || n->kind != Y_SCALAR || n->text.n == 0) {
		why_wanted(source_fault(c, n != NULL ? n : root, "SRC-NAME"), "\"source: vendor.product\"");
		return E_CONFIG;
	}
	src->info.name = source_intern(c->set, n->text);
	src->info.title = y_get(root, SL("title")) != NULL ? source_scalar(c, y_get(root, SL("title")), "a title") : src->info.name;
	src->info.file = arena_dup(&c->set->arena, slice_str(c->file));
	compile_forms(c, src, root, (uint16_t)(src - c->set->source));
	if ((n = y_get(root, SL("header"))) != NULL)
		compile_header(c, src, n);
	if ((n = y_get(root, SL("guide"))) != NULL)
		check_guide(c, n);
	if ((n = y_get(root, SL("logsource"))) != NULL)
		compile_logsources(c, src, n);
	if ((n = y_get(root, SL("steps"))) != NULL)
		src->steps = compile_steps(c, n);
	return c->ws->errors == errors ? 0 : E_CONFIG;
}
