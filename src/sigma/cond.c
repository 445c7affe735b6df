/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditions.  Grammar (keywords are lower case only; weakest binding first):
 *
 *     or_expr  := and_expr ("or" and_expr)*          and_expr := not_expr ("and" not_expr)*
 *     not_expr := "not" not_expr | primary
 *     primary  := ("1" | "any" | "all") "of" ("them" | pattern) | identifier | "(" or_expr ")"
 *
 * Recursive descent with a bound on depth (COND_DEPTH_MAX), so a hostile rule is refused, not a stack.
 */
#include "base/must.h"
#include "sigma/sigma_priv.h"

struct parser {
	struct comp *c;
	const struct ynode *at;
	struct sels *sels;
	size_t pos, from;      /* end and begin of the token at hand */
	struct slice tok;      /* empty at the end */
	int depth, negated;
	bool failed;
};

static bool
is_name(char ch)
{
	return ch == '_' || ch == '-' || ch == '*' || (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z');
}

static void
next(struct parser *p)
{
	struct slice s = p->at->text;
	size_t i = p->pos;

	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\n' || s.p[i] == '\r'))
		i++;
	p->from = i;
	if (i < s.n && is_name(s.p[i])) {
		while (i < s.n && is_name(s.p[i]))
			i++;
	} else if (i < s.n) {
		i++;
	}
	p->pos = i;
	p->tok = slice_sub(s, p->from, i);
}

/* Column inside the condition's text; folded or literal blocks only know their first line. */
static struct why *
fail(struct parser *p, const char *id)
{
	unsigned col = p->at->col + (unsigned)p->from;

	p->failed = true;
	return comp_fault_at(p->c, id, p->at->line, memchr(p->at->text.p, '\n', p->at->text.n) != NULL ? p->at->col : col);
}

static void
unexpected(struct parser *p, const char *wanted)
{
	struct why *w;

	if (p->failed)
		return;
	if (slice_eq(p->tok, SL("|"))) {
		w = fail(p, "SIG-COND-PIPE");
		why_found(w, "an aggregation behind '|'");
		why_wanted(w, "a correlation document instead; this form is obsolete");
		return;
	}
	w = fail(p, "SIG-COND-SYNTAX");
	if (p->tok.n == 0)
		why_found(w, "the end of the condition");
	else
		why_found(w, "'%.*s' at offset %zu", SL_ARG(p->tok), p->from);
	why_wanted(w, "%s", wanted);
	if (slice_eq(p->tok, SL("AND")) || slice_eq(p->tok, SL("OR")) || slice_eq(p->tok, SL("NOT")))
		why_hint(w, "keywords are lower case");
}

static bool
name_glob(struct slice pat, struct slice s)
{
	struct tok toks[32];
	size_t n = 0;

	while (pat.p != NULL && n + 1 < 32) {
		struct slice piece = slice_cut(&pat, '*');

		if (piece.n != 0)
			toks[n++] = (struct tok){ T_LIT, piece };
		if (pat.p != NULL)
			toks[n++] = (struct tok){ T_ANY, SL("") };
	}
	return text_glob(toks, n, s);
}

static struct node *
sel_ref(struct parser *p, size_t i)
{
	struct node *n = node_new(p->c, N_AND, p->sels->tree[i]);

	p->sels->used[i] = true;
	if (p->sels->tree[i] == NULL)
		return n; /* its faults are reported already and keep the rule out; read on for more */
	/* A tree may be named several times: share it below a fresh node, whose `next` is its own. */
	n->child = arena_new(&p->c->set->arena, struct node);
	*n->child = *p->sels->tree[i];
	n->child->next = NULL;
	p->c->leaves++;
	return n;
}

static bool
of_takes(struct slice pattern, struct slice name)
{
	bool hidden = name.n != 0 && name.p[0] == '_';

	if (slice_eq(pattern, SL("them")))
		return !hidden;
	return (!hidden || pattern.p[0] == '_') && name_glob(pattern, name);
}

static struct node *
x_of(struct parser *p, bool all)
{
	struct node *n = node_new(p->c, all ? N_AND : N_OR, NULL), **link = &n->child;
	struct slice pattern;
	size_t from;

	next(p); /* "of" */
	next(p);
	pattern = p->tok;
	from = p->from;
	if (pattern.n == 0 || !is_name(pattern.p[0])) {
		unexpected(p, "'them' or a pattern such as selection_*");
		return NULL;
	}
	for (size_t i = 0; i < p->sels->n; i++) {
		if (!of_takes(pattern, p->sels->name[i]))
			continue;
		*link = sel_ref(p, i);
		if (*link == NULL)
			return NULL;
		link = &(*link)->next;
	}
	if (n->child == NULL) {
		struct why *w;

		p->from = from;
		if (p->negated % 2 != 0) {
			w = comp_warn(p->c, "SIG-COND-EMPTY", p->at);
			n->kind = N_OR;
		} else {
			w = fail(p, "SIG-COND-EMPTY");
		}
		why_found(w, "'%.*s', which no selection fits", SL_ARG(pattern));
		why_wanted(w, "a pattern of existing selections");
	}
	next(p);
	return n;
}

static struct node *or_expr(struct parser *p);

static struct node *
identifier(struct parser *p)
{
	const char *names[64];
	size_t n = 0;
	struct why *w;
	const char *near;

	for (size_t i = 0; i < p->sels->n; i++)
		if (slice_eq(p->sels->name[i], p->tok)) {
			struct node *ret = sel_ref(p, i);

			next(p);
			return ret;
		}
	for (size_t i = 0; i < p->sels->n && n < 64; i++)
		names[n++] = arena_cstr(&p->c->tmp, p->sels->name[i]);
	near = near_word(p->tok, names, n);
	w = fail(p, "SIG-COND-UNKNOWN");
	why_found(w, "'%.*s', which is no selection of this rule", SL_ARG(p->tok));
	why_wanted(w, "the name of a selection");
	if (near != NULL)
		why_hint(w, "%s", near);
	return NULL;
}

static bool
at_quantifier(struct parser *p)
{
	struct slice rest = slice_trim(slice_sub(p->at->text, p->pos, p->at->text.n));

	return slice_starts(rest, SL("of")) && (rest.n == 2 || !is_name(rest.p[2]));
}

static struct node *
primary(struct parser *p)
{
	struct node *n;

	if (p->tok.n != 0 && at_quantifier(p)) {
		if (slice_eq(p->tok, SL("1")) || slice_eq(p->tok, SL("any")))
			return x_of(p, false);
		if (slice_eq(p->tok, SL("all")))
			return x_of(p, true);
		unexpected(p, "1, any or all before 'of'");
		return NULL;
	}
	if (slice_eq(p->tok, SL("("))) {
		next(p);
		n = or_expr(p);
		if (p->failed)
			return NULL;
		if (!slice_eq(p->tok, SL(")"))) {
			unexpected(p, "')'");
			return NULL;
		}
		next(p);
		return n;
	}
	if (p->tok.n == 0 || !is_name(p->tok.p[0]) || slice_eq(p->tok, SL("and")) || slice_eq(p->tok, SL("or")) ||
	    slice_eq(p->tok, SL("of")) || slice_eq(p->tok, SL("them")) || memchr(p->tok.p, '*', p->tok.n) != NULL ||
	    slice_eq(p->tok, SL("AND")) || slice_eq(p->tok, SL("OR")) || slice_eq(p->tok, SL("NOT"))) {
		unexpected(p, "a selection, 'not', '1 of …', 'all of …' or '('");
		return NULL;
	}
	return identifier(p);
}

static struct node *
not_expr(struct parser *p)
{
	struct node *n;
	int nots = 0;

	while (slice_eq(p->tok, SL("not"))) {
		nots++;
		p->negated++;
		next(p);
	}
	n = primary(p);
	p->negated -= nots;
	return n != NULL && nots % 2 != 0 ? node_new(p->c, N_NOT, n) : n;
}

static struct node *
and_expr(struct parser *p)
{
	struct node *n = node_new(p->c, N_AND, NULL), **link = &n->child;

	for (;;) {
		if ((*link = not_expr(p)) == NULL || p->failed)
			return NULL;
		link = &(*link)->next;
		if (!slice_eq(p->tok, SL("and")))
			return n;
		next(p);
	}
}

static struct node *
or_expr(struct parser *p)
{
	struct node *n = node_new(p->c, N_OR, NULL), **link = &n->child;

	if (++p->depth > COND_DEPTH_MAX) {
		why_found(fail(p, "SIG-COND-DEPTH"), "parentheses deeper than %d", COND_DEPTH_MAX);
		return NULL;
	}
	for (;;) {
		if ((*link = and_expr(p)) == NULL || p->failed)
			return NULL;
		link = &(*link)->next;
		if (!slice_eq(p->tok, SL("or")))
			break;
		next(p);
	}
	p->depth--;
	return n;
}

struct node *
cond_compile(struct comp *c, const struct ynode *text, struct sels *sels)
{
	struct parser p = { .c = c, .at = text, .sels = sels };
	struct node *n;

	next(&p);
	if (p.tok.n == 0) {
		struct why *w = comp_fault(c, "SIG-CONDITION", text);

		why_found(w, "an empty condition");
		why_wanted(w, "an expression over the selections");
		return NULL;
	}
	n = or_expr(&p);
	if (n != NULL && !p.failed && p.tok.n != 0)
		unexpected(&p, "'and', 'or' or the end");
	return p.failed ? NULL : n;
}
