/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/yaml.h"

#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/must.h"
#include "base/utf8.h"

#define DEPTH_MAX 64
#define NODES_MAX 1000000u

struct reader {
	const char *file;
	struct arena *a;
	struct whys *ws;
	struct fy_document *doc;
	unsigned nodes, depth;
	bool failed;
};

static struct why *
fault(struct reader *r, const char *id, unsigned line, unsigned col)
{
	r->failed = true;
	return whys_add(r->ws, WHY_ERROR, E_SYNTAX, id, r->file, line, col);
}

static struct ynode *
node_new(struct reader *r, enum ykind kind, const struct fy_mark *at)
{
	struct ynode *n = arena_new(r->a, struct ynode);

	n->kind = kind;
	n->line = at != NULL ? (unsigned)at->line + 1 : 0;
	n->col = at != NULL ? (unsigned)at->column + 1 : 0;
	r->nodes++;
	return n;
}

static struct ynode *convert(struct reader *r, struct fy_node *from);

static void
convert_items(struct reader *r, struct fy_node *from, struct ynode *to)
{
	struct ynode **link = &to->child;
	void *it = NULL;
	struct fy_node *item;

	while ((item = fy_node_sequence_iterate(from, &it)) != NULL && !r->failed) {
		if ((*link = convert(r, item)) == NULL)
			return;
		link = &(*link)->next;
		to->count++;
	}
}

static struct fy_mark
mark_of(struct fy_node *n)
{
	struct fy_token *t = fy_node_get_scalar_token(n);
	size_t len = 0;
	const struct fy_mark *m = t != NULL ? fy_token_start_mark(t) : NULL;

	/* An empty value has no place of its own; the caller puts its key's there. */
	return m != NULL && fy_token_get_text(t, &len) != NULL && len != 0 ? *m : (struct fy_mark){ .line = -1, .column = -1 };
}

static void
convert_entries(struct reader *r, struct fy_node *from, struct ynode *to)
{
	struct map seen = { 0 };
	struct ynode **link = &to->child;
	void *it = NULL;
	struct fy_node_pair *pair;

	while ((pair = fy_node_mapping_iterate(from, &it)) != NULL && !r->failed) {
		struct fy_node *key = fy_node_pair_key(pair);
		struct fy_mark at = { 0 };
		const char *text;
		size_t n = 0;
		bool is_new;

		if (key == NULL || !fy_node_is_scalar(key)) {
			why_found(fault(r, "YAML-KEY", to->line, to->col), "a key that is not a plain word");
			break;
		}
		text = fy_node_get_scalar(key, &n);
		at = mark_of(key);
		map_put(&seen, slice_of(text, n), &is_new);
		if (!is_new) {
			struct why *w = fault(r, "YAML-DUP-KEY", (unsigned)at.line + 1, (unsigned)at.column + 1);

			why_found(w, "key '%.*s' twice in one map", (int)n, text);
			why_wanted(w, "each key once");
			break;
		}
		if ((*link = convert(r, fy_node_pair_value(pair))) == NULL)
			break;
		(*link)->key = arena_dup(r->a, slice_of(text, n));
		(*link)->key_line = (unsigned)at.line + 1;
		(*link)->key_col = (unsigned)at.column + 1;
		if ((*link)->line == 0) {
			(*link)->line = (*link)->key_line;
			(*link)->col = (*link)->key_col;
		}
		link = &(*link)->next;
		to->count++;
	}
	map_fini(&seen);
}

static struct ynode *
convert_scalar(struct reader *r, struct fy_node *from)
{
	struct fy_mark at = mark_of(from);
	struct ynode *n = node_new(r, Y_SCALAR, &at);
	size_t len = 0;
	const char *text = fy_node_get_scalar(from, &len);

	n->text = arena_dup(r->a, slice_of(text, text != NULL ? len : 0));
	n->plain = fy_node_get_style(from) == FYNS_PLAIN || text == NULL;
	return n;
}

static const struct fy_mark *
start_of_collection(struct fy_node *from, struct fy_mark *tmp)
{
	struct fy_node *first = NULL;
	void *it = NULL;

	if (fy_node_is_sequence(from)) {
		first = fy_node_sequence_iterate(from, &it);
	} else {
		struct fy_node_pair *p = fy_node_mapping_iterate(from, &it);

		first = p != NULL ? fy_node_pair_key(p) : NULL;
	}
	if (first == NULL)
		return NULL;
	if (!fy_node_is_scalar(first))
		return start_of_collection(first, tmp);
	*tmp = mark_of(first);
	return tmp;
}

/* We follow aliases ourselves: every copy counts as nodes and depth, so neither a bomb nor a cycle grows. */
static struct ynode *
convert_alias(struct reader *r, struct fy_node *from)
{
	struct fy_mark at = mark_of(from);
	size_t n = 0;
	const char *name = fy_node_get_scalar(from, &n);
	struct fy_anchor *anchor = fy_document_lookup_anchor(r->doc, name, n);
	struct ynode *ret;

	if (anchor == NULL) {
		struct why *w = fault(r, "YAML-ALIAS", (unsigned)at.line + 1, (unsigned)at.column + 1);

		why_found(w, "alias *%.*s without its anchor", (int)n, name);
		return NULL;
	}
	r->depth++;
	ret = convert(r, fy_anchor_node(anchor));
	r->depth--;
	return ret;
}

static struct ynode *
convert(struct reader *r, struct fy_node *from)
{
	struct fy_mark tmp = { 0 };
	struct ynode *n;

	if (r->nodes >= NODES_MAX || r->depth >= DEPTH_MAX) {
		struct why *w = fault(r, "YAML-LIMIT", 0, 0);

		why_found(w, "%s", r->depth >= DEPTH_MAX ? "nesting deeper than 64" : "more than 1,000,000 nodes");
		return NULL;
	}
	if (from == NULL) { /* "key:" with nothing behind it */
		n = node_new(r, Y_SCALAR, NULL);
		n->plain = true;
		return n;
	}
	if (fy_node_is_alias(from))
		return convert_alias(r, from);
	if (fy_node_is_scalar(from))
		return convert_scalar(r, from);
	n = node_new(r, fy_node_is_sequence(from) ? Y_SEQ : Y_MAP, start_of_collection(from, &tmp));
	r->depth++;
	if (n->kind == Y_SEQ)
		convert_items(r, from, n);
	else
		convert_entries(r, from, n);
	r->depth--;
	return r->failed ? NULL : n;
}

static void
report_parser(struct reader *r, struct fy_diag *diag)
{
	struct fy_diag_error *e;
	void *it = NULL;

	while ((e = fy_diag_errors_iterate(diag, &it)) != NULL) {
		struct why *w = fault(r, "YAML-SYNTAX", (unsigned)(e->line > 0 ? e->line : 0),
		                      (unsigned)(e->column > 0 ? e->column : 0));

		why_found(w, "%s", e->msg != NULL ? e->msg : "bad YAML");
	}
}

static bool
is_blank_at(struct slice s, size_t i)
{
	return i >= s.n || strchr(" \t\r\n", s.p[i]) != NULL;
}

/* What is refused before libfyaml sees the text: what nobody's files need and 0.7.12 cannot bear (all found by
 * fuzz_yaml).
 *
 * - Characters outside YAML 1.2's printable set (5.1): control characters other than tab and line ends, and bytes
 *   that are no UTF-8.  A NUL behind a key makes it lose count of its indents and crash.
 * - Explicit keys ("? key" at the head of a line, or behind a dash or a colon): a tab behind the key's colon, and it
 *   crashes in the same way.
 * - Directives (%YAML, %TAG): its scanner can loop without end. */
static bool
check_text(struct reader *r, struct slice text)
{
	unsigned line = 1, col = 1;
	bool head = true; /* a key may begin here: only blanks since the line's begin, a dash or a colon */

	while (text.n != 0) {
		unsigned char first = (unsigned char)*text.p;
		uint32_t c;
		size_t n = utf8_next(text, &c);

		if (first == 0 || (first < 0x20 && strchr("\t\n\r", first) == NULL) || first == 0x7f || (first >= 0x80 && n == 1)) {
			struct why *w = fault(r, "YAML-CHARACTER", line, col);

			why_found(w, "the byte 0x%02x", first);
			why_wanted(w, "printable text in UTF-8");
			return false;
		}
		if (c == '%' && col == 1) {
			why_found(fault(r, "YAML-DIRECTIVE", line, 1), "a line that begins with %%");
			return false;
		}
		if (c == '?' && head && is_blank_at(text, 1)) {
			struct why *w = fault(r, "YAML-EXPLICIT-KEY", line, col);

			why_found(w, "a key written with ?");
			why_wanted(w, "key: value");
			return false;
		}
		head = (c == ':' && is_blank_at(text, 1)) || (head && (c == ' ' || c == '\t' || c == '-'));
		col++;
		if (c == '\n' || c == '\r') {
			line += c == '\n';
			col = 1;
			head = true;
		}
		text = slice_sub(text, n, text.n);
	}
	return true;
}

static void
read_documents(struct reader *r, struct fy_parser *fyp, struct ydocs *ret)
{
	VEC(struct ynode *) docs = { 0 };
	struct fy_document *fyd;

	while (!r->failed && (fyd = fy_parse_load_document(fyp)) != NULL) {
		struct fy_node *root = fy_document_root(fyd);
		r->doc = fyd;
		vec_push(&docs, root != NULL ? convert(r, root) : NULL);
		fy_parse_document_destroy(fyp, fyd);
	}
	if (docs.n != 0) {
		ret->v = arena_array(r->a, struct ynode *, docs.n);
		memcpy(ret->v, docs.v, docs.n * sizeof *docs.v);
		ret->n = docs.n;
	}
	vec_fini(&docs);
}

int
yaml_parse(struct slice text, const char *file, struct arena *a, struct ydocs *ret, struct whys *ws)
{
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 };
	struct reader r = { .file = file, .a = a, .ws = ws };
	struct fy_diag *diag;
	struct fy_parser *fyp;

	*ret = (struct ydocs){ 0 };
	if (!check_text(&r, text))
		return E_SYNTAX;
	diag = fy_diag_create(&(struct fy_diag_cfg){ .level = FYET_ERROR, .module_mask = ~0u });
	must(diag != NULL);
	fy_diag_set_collect_errors(diag, true);
	cfg.diag = diag;
	fyp = fy_parser_create(&cfg);
	must(fyp != NULL && fy_parser_set_string(fyp, text.p != NULL ? text.p : "", text.n) == 0);
	read_documents(&r, fyp, ret);
	report_parser(&r, diag);
	if (!r.failed && fy_parser_get_stream_error(fyp))
		why_found(fault(&r, "YAML-SYNTAX", 0, 0), "the text is not YAML");
	fy_parser_destroy(fyp);
	fy_diag_destroy(diag);
	return r.failed ? E_SYNTAX : 0;
}

const struct ynode *
y_get(const struct ynode *map, struct slice key)
{
	if (map == NULL || map->kind != Y_MAP)
		return NULL;
	for (const struct ynode *n = map->child; n != NULL; n = n->next)
		if (slice_eq(n->key, key))
			return n;
	return NULL;
}

bool
y_is_null(const struct ynode *n)
{
	return n->kind == Y_SCALAR && n->plain &&
	       (n->text.n == 0 || slice_eq(n->text, SL("~")) || slice_eq(n->text, SL("null")) ||
	        slice_eq(n->text, SL("Null")) || slice_eq(n->text, SL("NULL")));
}

bool
y_bool(const struct ynode *n, bool *ret)
{
	if (n->kind != Y_SCALAR || !n->plain)
		return false;
	*ret = slice_eq_nocase(n->text, SL("true"));
	return *ret || slice_eq_nocase(n->text, SL("false"));
}

bool
y_i64(const struct ynode *n, int64_t *ret)
{
	char *end;

	if (n->kind != Y_SCALAR || !n->plain || n->text.n == 0)
		return false;
	if (slice_starts(n->text, SL("0x")) || slice_starts(n->text, SL("0o"))) {
		*ret = (int64_t)strtoull(n->text.p + 2, &end, n->text.p[1] == 'x' ? 16 : 8);
		return n->text.n > 2 && *end == '\0';
	}
	return slice_i64(n->text.p[0] == '+' ? slice_sub(n->text, 1, n->text.n) : n->text, ret);
}

bool
y_double(const struct ynode *n, double *ret)
{
	char *end;

	if (n->kind != Y_SCALAR || !n->plain || n->text.n == 0 || strchr("+-.0123456789", n->text.p[0]) == NULL)
		return false;
	*ret = strtod(n->text.p, &end);
	return *end == '\0';
}

const char *
y_kind_name(enum ykind k)
{
	return k == Y_SCALAR ? "a value" : k == Y_SEQ ? "a list" : "a map";
}
