/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/pattern.h"

#include "base/err.h"

enum node_kind { N_LIT, N_CAP, N_GROUP };
enum cap_kind { C_UNTIL, C_INT, C_NUM, C_HEX, C_WORD, C_NAME, C_IP, C_LAST, C_QUOTED, C_REST, C_COUNT };

static const char *const kind_names[C_COUNT] = { "until", "int",  "num",    "hex", "word", "name",
	                                         "ip",    "last", "quoted", "rest" };

struct node {
	uint8_t kind, cap;
	int16_t index;         /* capture number, -1 = not kept */
	uint16_t skip;         /* N_GROUP: nodes inside */
	struct slice lit;
};

struct pattern {
	struct node *node;
	int nodes, captures;
	struct slice name[PATTERN_CAPTURES_MAX];
};

struct compiler {
	struct slice text;
	size_t at;
	struct arena *a;
	struct pattern *p;
	int group;             /* node of the open group, -1 */
	char *lit;
	size_t lit_n;
	const char *why;
};

static void
flush_literal(struct compiler *c)
{
	if (c->lit_n == 0)
		return;
	c->p->node[c->p->nodes++] = (struct node){ .kind = N_LIT,
		                                   .lit = arena_dup(c->a, slice_of(c->lit, c->lit_n)) };
	c->lit_n = 0;
}

static int
compile_capture(struct compiler *c)
{
	struct slice rest = slice_sub(c->text, c->at + 1, c->text.n), name, kind;
	ssize_t close = slice_find(rest, '}');
	struct node n = { .kind = N_CAP, .cap = C_UNTIL, .index = -1 };

	if (close < 0) {
		c->why = "this { has no }";
		return E_SYNTAX;
	}
	kind = slice_sub(rest, 0, (size_t)close);
	name = slice_cut(&kind, ':');
	if (kind.p != NULL) {
		for (n.cap = 0; n.cap < C_COUNT; n.cap++)
			if (slice_eq(kind, slice_str(kind_names[n.cap])))
				break;
		if (n.cap == C_COUNT) {
			c->why = "a kind is one of int, num, hex, word, name, ip, last, quoted, rest";
			return E_SYNTAX;
		}
	}
	if (name.n != 0) {
		if (c->p->captures == PATTERN_CAPTURES_MAX) {
			c->why = "a pattern has at most 32 captures";
			return E_SYNTAX;
		}
		n.index = (int16_t)c->p->captures;
		c->p->name[c->p->captures++] = arena_dup(c->a, name);
	}
	flush_literal(c);
	if (c->p->nodes > 0 && c->p->node[c->p->nodes - 1].kind == N_CAP
	    && c->p->node[c->p->nodes - 1].cap == C_UNTIL) {
		c->why = "two captures need text between them, or a kind";
		return E_SYNTAX;
	}
	c->p->node[c->p->nodes++] = n;
	c->at += (size_t)close + 2;
	return 0;
}

static int
compile_bracket(struct compiler *c, char ch)
{
	flush_literal(c);
	if (ch == '[') {
		if (c->group >= 0) {
			c->why = "groups do not nest";
			return E_SYNTAX;
		}
		c->group = c->p->nodes;
		c->p->node[c->p->nodes++] = (struct node){ .kind = N_GROUP };
	} else {
		if (c->group < 0) {
			c->why = "this ] opens nowhere";
			return E_SYNTAX;
		}
		c->p->node[c->group].skip = (uint16_t)(c->p->nodes - c->group - 1);
		if (c->p->node[c->group].skip == 0) {
			c->why = "an empty group";
			return E_SYNTAX;
		}
		c->group = -1;
	}
	c->at++;
	return 0;
}

int
pattern_compile(struct slice text, struct arena *a, struct pattern **ret, size_t *ret_at, const char **ret_why)
{
	struct compiler c = { .text = text, .a = a, .group = -1 };
	int e = 0;

	c.p = arena_new(a, struct pattern);
	c.p->node = arena_array(a, struct node, text.n + 1);
	c.lit = arena_alloc(a, text.n + 1);
	while (e == 0 && c.at < text.n) {
		char ch = text.p[c.at];
		bool twice = c.at + 1 < text.n && text.p[c.at + 1] == ch;

		if (strchr("{}[]", ch) != NULL && ch != '\0' && !twice) {
			if (ch == '}') {
				c.why = "this } opens nowhere";
				e = E_SYNTAX;
			} else {
				e = ch == '{' ? compile_capture(&c) : compile_bracket(&c, ch);
			}
			continue;
		}
		c.lit[c.lit_n++] = ch;
		c.at += twice && strchr("{}[]", ch) != NULL ? 2 : 1;
	}
	if (e == 0 && c.group >= 0) {
		c.why = "this [ has no ]";
		c.at = text.n;
		e = E_SYNTAX;
	}
	if (e != 0) {
		*ret_at = c.at;
		*ret_why = c.why;
		return e;
	}
	flush_literal(&c);
	*ret = c.p;
	return 0;
}

int
pattern_captures(const struct pattern *p)
{
	return p->captures;
}

struct slice
pattern_capture_name(const struct pattern *p, int i)
{
	return p->name[i];
}

struct slice
pattern_prefix(const struct pattern *p)
{
	struct slice s = { "", 0 };
	ssize_t blank;

	if (p->nodes != 0 && p->node[0].kind == N_LIT)
		s = p->node[0].lit;
	blank = slice_find(s, ' '); /* a blank may match several */
	return blank >= 0 ? slice_sub(s, 0, (size_t)blank + 1) : s;
}

/* Length of lit at p when it stands there, else -1. A blank eats all blanks. */
static ssize_t
literal_at(struct slice lit, const char *p, const char *end)
{
	const char *from = p;

	for (size_t i = 0; i < lit.n; i++) {
		if (p >= end || *p != lit.p[i])
			return -1;
		p++;
		if (lit.p[i] == ' ')
			while (p < end && *p == ' ' && (i + 1 == lit.n || lit.p[i + 1] != ' '))
				p++;
	}
	return p - from;
}

/* First (or last) place of lit in [p, end), or NULL. */
static const char *
literal_find(struct slice lit, const char *p, const char *end, bool last)
{
	const char *best = NULL;

	while ((p = p < end ? memchr(p, lit.p[0], (size_t)(end - p)) : NULL) != NULL) {
		if (literal_at(lit, p, end) >= 0) {
			best = p;
			if (!last)
				return best;
		}
		p++;
	}
	return best;
}

static bool
in_class(enum cap_kind k, unsigned char c)
{
	bool digit = (unsigned char)(c - '0') < 10, alpha = (unsigned char)((c | 0x20) - 'a') < 26;
	bool hex = digit || (unsigned char)((c | 0x20) - 'a') < 6;

	switch (k) {
	case C_INT:
		return digit;
	case C_NUM:
		return digit || c == '.' || c == '-';
	case C_HEX:
		return hex || c == 'x';
	case C_WORD:
		return c > ' ';
	case C_NAME:
		return digit || alpha || c == '.' || c == '_' || c == '-' || c == '$' || c >= 0x80;
	default: /* C_IP */
		return hex || c == '.' || c == ':';
	}
}

/* Where an until-capture before node i ends: the first of the literals that may come next. */
static const char *
until(const struct pattern *p, int i, const char *at, const char *end, bool last)
{
	const char *best = NULL, *found;

	for (; i < p->nodes && p->node[i].kind == N_GROUP; i += p->node[i].skip + 1) {
		const struct node *first = &p->node[i + 1];

		if (first->kind == N_LIT && (found = literal_find(first->lit, at, end, last)) != NULL
		    && (best == NULL || found < best))
			best = found;
	}
	if (i >= p->nodes || p->node[i].kind != N_LIT)
		return best != NULL ? best : end;
	found = literal_find(p->node[i].lit, at, end, last);
	return best == NULL || (found != NULL && found < best) ? found : best;
}

static const char *
quoted_end(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		else if (*p == '"')
			return p;
	}
	return NULL;
}

static const char *
capture_end(const struct pattern *p, int i, const char *at, const char *end)
{
	enum cap_kind k = (enum cap_kind)p->node[i].cap;
	const char *q = at;

	switch (k) {
	case C_REST:
		return end;
	case C_QUOTED:
		return quoted_end(at, end);
	case C_UNTIL:
	case C_LAST:
		return until(p, i + 1, at, end, k == C_LAST);
	default:
		while (q < end && in_class(k, (unsigned char)*q))
			q++;
		return q > at ? q : NULL;
	}
}

/* Nodes [i, to); the place behind them or NULL. */
static const char *
run(const struct pattern *p, int i, int to, const char *at, const char *end, struct slice *caps)
{
	while (i < to) {
		const struct node *n = &p->node[i];
		const char *q;
		ssize_t len;

		switch (n->kind) {
		case N_LIT:
			len = literal_at(n->lit, at, end);
			if (len < 0)
				return NULL;
			at += len;
			i++;
			break;
		case N_CAP:
			q = capture_end(p, i, at, end);
			if (q == NULL)
				return NULL;
			if (n->index >= 0)
				caps[n->index] = slice_of(at, (size_t)(q - at));
			at = q;
			i++;
			break;
		default:
			q = run(p, i + 1, i + 1 + n->skip, at, end, caps);
			if (q != NULL)
				at = q;
			else
				for (int k = i + 1; k <= i + n->skip; k++)
					if (p->node[k].kind == N_CAP && p->node[k].index >= 0)
						caps[p->node[k].index] = (struct slice){ NULL, 0 };
			i += n->skip + 1;
		}
	}
	return at;
}

bool
pattern_match(const struct pattern *p, struct slice s, struct slice caps[PATTERN_CAPTURES_MAX])
{
	const char *at;

	while (s.n != 0 && (unsigned char)s.p[s.n - 1] <= ' ')
		s.n--;
	for (int i = 0; i < p->captures; i++)
		caps[i] = (struct slice){ NULL, 0 };
	at = run(p, 0, p->nodes, s.p, s.p + s.n, caps);
	return at == s.p + s.n;
}
