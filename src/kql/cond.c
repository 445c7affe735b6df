/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditions.  One recursive descent for both habits; `strict` shuts the search box's freedoms off.
 *
 *     or      := and { ("or" | "OR") and }
 *     and     := not { ["and"] not }                 without "and" only in the search box
 *     not     := ("not" | "-" | "!") not | primary
 *     primary := "(" or ")" | call | field op value | word | "phrase"
 */
#include <ctype.h>
#include <stdio.h>

#include "codec/ip.h"
#include "kql/kql_priv.h"

#define TERMS_MAX 1000
#define ANY_MAX 255

static struct node *parse_or(struct parser *p, bool strict);

static struct node *
node_new(struct parser *p, enum node_kind kind, struct node *a, struct node *b)
{
	struct node *n = arena_new(p->a, struct node);

	n->kind = kind;
	n->a = a;
	n->b = b;
	return n;
}

static struct lit *
lit_new(struct parser *p, const struct lit *v)
{
	struct lit *l = arena_new(p->a, struct lit);

	*l = *v;
	l->next = NULL;
	return l;
}

/* ---- values against types ---- */

static bool
type_fault(struct parser *p, const struct lit *v, const char *wanted, const char *hint)
{
	char found[160];

	if (v->text.p != NULL)
		snprintf(found, sizeof found, "\"%.*s\"", (int)(v->text.n < 100 ? v->text.n : 100), v->text.p);
	else
		snprintf(found, sizeof found, "a time or a span");
	fail(p, v->at, E_TYPE, "KQL-TYPE", found, wanted, hint);
	return false;
}

static bool
fit_number(struct parser *p, struct lit *v)
{
	if (v->kind == LIT_LONG || v->kind == LIT_DOUBLE)
		return true;
	if (v->kind == LIT_STRING && slice_i64(v->text, &v->i)) {
		v->kind = LIT_LONG;
		return true;
	}
	return type_fault(p, v, "a number, because the field is one", NULL);
}

static bool
fit_ip(struct parser *p, struct lit *v)
{
	struct ip ip;
	unsigned bits;

	if (v->text.p != NULL && ip_parse(v->text, &ip))
		return true;
	if (v->text.p != NULL && slice_find(v->text, '/') > 0 && ip_parse_cidr(v->text, &ip, &bits))
		return true;
	return type_fault(p, v, "an address such as 192.0.2.1, or a network such as 192.0.2.0/24",
	                  v->text.p != NULL && slice_find(v->text, '*') >= 0 ? "write 10.1.* as 10.1.0.0/16" : NULL);
}

/* Makes v what the field's type wants. */
static bool
fit(struct parser *p, const struct kql_field *f, struct lit *v)
{
	switch (f->type) {
	case KT_LONG:
	case KT_DOUBLE:
		return fit_number(p, v);
	case KT_IP:
		return fit_ip(p, v);
	case KT_TIME:
		if (v->kind == LIT_TIME)
			return true;
		if (v->kind == LIT_STRING && parse_time(v->text, &v->i)) {
			v->kind = LIT_TIME;
			return true;
		}
		return type_fault(p, v, "a time: datetime(2026-05-01T09:00:00Z) or ago(1h)", NULL);
	case KT_BOOL:
		if (v->kind == LIT_STRING && (slice_eq_nocase(v->text, SL("true")) || slice_eq_nocase(v->text, SL("false")))) {
			v->i = slice_eq_nocase(v->text, SL("true"));
			v->kind = LIT_BOOL;
		}
		return v->kind == LIT_BOOL || type_fault(p, v, "true or false", NULL);
	default:
		return v->text.p != NULL || type_fault(p, v, "a text", NULL);
	}
}

static struct node *
compare(struct parser *p, const struct kql_field *f, enum op op, bool negate, struct lit *values)
{
	struct node *n = node_new(p, N_COMPARE, NULL, NULL);
	bool text_op = op == OP_HAS || op == OP_HAS_ANY || op == OP_HASPREFIX || op == OP_CONTAINS || op == OP_STARTS || op == OP_ENDS ||
	               op == OP_REGEX || op == OP_WILD;

	n->field = *f;
	n->op = op;
	n->negate = negate;
	n->values = values;
	for (struct lit *v = values; v != NULL; v = v->next) {
		if (text_op ? v->text.p == NULL && !type_fault(p, v, "a text", NULL) : !fit(p, f, v))
			return n;
		if (f->type == KT_IP && !text_op && slice_find(v->text, '/') > 0 && op != OP_IN && op != OP_BETWEEN)
			n->op = OP_NETWORK;
	}
	if (text_op && f->type != KT_STRING && f->type != KT_TEXT)
		fail(p, values->at, E_TYPE, "KQL-TYPE", "a text operator on a field that is no text",
		     "== != < > in between", f->type == KT_IP ? "for addresses write a network: 10.1.0.0/16" : NULL);
	return n;
}

/* ---- the search box's values ---- */

static bool
ends_value(int c)
{
	return c < 0 || isspace(c) || c == '(' || c == ')' || c == '|' || c == '"';
}

static bool
take_bare(struct parser *p, struct lit *ret)
{
	size_t from;

	skip_blanks(p);
	from = p->at;
	if (peek(p) == '"')
		return take_string(p, ret);
	while (!ends_value(peek(p)) && peek(p) != ']' && peek(p) != '}')
		p->at++;
	if (p->at == from) {
		fail(p, from, E_SYNTAX, "KQL-VALUE", peek(p) < 0 ? "the end of the query" : "something that is no value",
		     "a value behind the field", NULL);
		return false;
	}
	*ret = (struct lit){ .kind = LIT_STRING, .text = slice_sub(p->text, from, p->at), .at = from };
	return true;
}

static bool
has_wildcard(struct slice s)
{
	return slice_find(s, '*') >= 0 || slice_find(s, '?') >= 0;
}

/* [a TO b]: both ends belong to it. */
static struct node *
parse_range(struct parser *p, const struct kql_field *f)
{
	struct lit low, high;

	p->at++;
	if (!take_bare(p, &low))
		return NULL;
	if (!take_word(p, "TO")) {
		fail(p, p->at, E_SYNTAX, "KQL-RANGE", "a range without TO", "[low TO high]", NULL);
		return NULL;
	}
	if (!take_bare(p, &high))
		return NULL;
	skip_blanks(p);
	if (peek(p) != ']') {
		fail(p, p->at, E_SYNTAX, "KQL-RANGE", "a range that does not end", "] behind the upper end", NULL);
		return NULL;
	}
	p->at++;
	if (slice_eq(low.text, SL("*")))
		return compare(p, f, OP_LE, false, lit_new(p, &high));
	if (slice_eq(high.text, SL("*")))
		return compare(p, f, OP_GE, false, lit_new(p, &low));
	low.next = lit_new(p, &high);
	struct lit *first = lit_new(p, &low);

	first->next = low.next;
	return compare(p, f, OP_BETWEEN, false, first);
}

static struct node *parse_box_value(struct parser *p, const struct kql_field *f);

/* field:(a OR b c): any of them. */
static struct node *
parse_value_list(struct parser *p, const struct kql_field *f)
{
	struct node *n = NULL, *one;

	if (++p->depth > KQL_DEPTH_MAX) {
		fail(p, p->at, E_DEPTH, "KQL-DEPTH", "too many parentheses", "at most 64 within each other", NULL);
		return NULL;
	}
	p->at++;
	while (p->error == 0 && !take(p, ")")) {
		if (n != NULL)
			take_word(p, "OR");
		one = parse_box_value(p, f);
		n = n != NULL ? node_new(p, N_OR, n, one) : one;
	}
	p->depth--;
	if (n == NULL)
		fail(p, p->at, E_SYNTAX, "KQL-VALUE", "an empty list", "values between the parentheses", NULL);
	return n;
}

static struct node *
parse_box_value(struct parser *p, const struct kql_field *f)
{
	struct lit v;
	bool quoted;
	enum op op;

	skip_blanks(p);
	if (peek(p) == '[')
		return parse_range(p, f);
	if (peek(p) == '(')
		return parse_value_list(p, f);
	op = take(p, ">=") ? OP_GE : take(p, "<=") ? OP_LE : take(p, ">") ? OP_GT : take(p, "<") ? OP_LT : OP_EQ;
	quoted = peek(p) == '"';
	if (!take_bare(p, &v))
		return NULL;
	if (op == OP_EQ && !quoted && slice_eq(v.text, SL("*")))
		return compare(p, f, OP_EXISTS, false, NULL);
	if (op == OP_EQ && !quoted && has_wildcard(v.text) && f->type != KT_IP)
		op = OP_WILD;
	else if (op == OP_EQ && f->type == KT_TEXT)
		op = OP_CONTAINS;
	return compare(p, f, op, false, lit_new(p, &v));
}

/* ---- operators in words ---- */

static const struct word_op { const char *word; enum op op; } word_ops[] = {
	{ "has", OP_HAS }, { "has_any", OP_HAS_ANY }, { "hasprefix", OP_HASPREFIX }, { "contains", OP_CONTAINS }, { "startswith", OP_STARTS },
	{ "endswith", OP_ENDS }, { "in~", OP_IN_NOCASE }, { "in", OP_IN }, { "between", OP_BETWEEN },
	{ "matches", OP_REGEX },
};

static const struct word_op *
take_word_op(struct parser *p)
{
	struct slice w = peek_word(p);

	for (size_t i = 0; i < sizeof word_ops / sizeof *word_ops; i++) {
		const char *word = word_ops[i].word;
		bool tilde = word[strlen(word) - 1] == '~';

		if (!slice_eq_nocase(w, slice_of(word, strlen(word) - tilde)))
			continue;
		if (tilde && (p->at + w.n >= p->text.n || p->text.p[p->at + w.n] != '~'))
			continue;
		p->at += w.n + tilde;
		return &word_ops[i];
	}
	return NULL;
}

static struct lit *
parse_in_list(struct parser *p)
{
	struct lit v, *first = NULL, **last = &first;

	if (!take(p, "(")) {
		fail(p, p->at, E_SYNTAX, "KQL-LIST", "no list", "(\"a\", \"b\") behind in", NULL);
		return NULL;
	}
	do {
		if (!take_literal(p, &v))
			return NULL;
		*last = lit_new(p, &v);
		last = &(*last)->next;
	} while (take(p, ","));
	if (!take(p, ")"))
		fail(p, p->at, E_SYNTAX, "KQL-LIST", "a list that does not end", ") or , behind a value", NULL);
	return first;
}

static struct lit *
parse_between(struct parser *p)
{
	struct lit low, high, *first;

	if (!take(p, "(") || !take_literal(p, &low))
		goto bad;
	if (!take(p, "..") || !take_literal(p, &high) || !take(p, ")"))
		goto bad;
	first = lit_new(p, &low);
	first->next = lit_new(p, &high);
	return first;
bad:
	if (p->error == 0)
		fail(p, p->at, E_SYNTAX, "KQL-BETWEEN", "a range that cannot be read", "between (low .. high)", NULL);
	return NULL;
}

/* The engine looks for so many texts in one pass. */
static bool
too_many(struct parser *p, const struct lit *values)
{
	size_t n = 0;

	for (const struct lit *v = values; v != NULL; v = v->next) {
		if (v->text.n == 0)
			fail(p, v->at, E_SYNTAX, "KQL-VALUE", "an empty text, or none", "a word", NULL);
		n++;
	}
	if (n > ANY_MAX)
		fail(p, p->at, E_TOOBIG, "KQL-LIST", "too many texts", "at most 255 behind has_any", NULL);
	return p->error != 0;
}

static struct node *
parse_word_op(struct parser *p, const struct kql_field *f, const struct word_op *w, bool negate)
{
	struct lit v, *values;

	if (w->op == OP_IN || w->op == OP_IN_NOCASE || w->op == OP_HAS_ANY) {
		values = parse_in_list(p);
		if (w->op == OP_HAS_ANY && too_many(p, values))
			return NULL;
	} else if (w->op == OP_BETWEEN) {
		values = parse_between(p);
	} else {
		if (w->op == OP_REGEX && !take_word(p, "regex")) {
			fail(p, p->at, E_SYNTAX, "KQL-REGEX", "matches without regex", "matches regex \"…\"", NULL);
			return NULL;
		}
		values = take_literal(p, &v) ? lit_new(p, &v) : NULL;
	}
	return values != NULL ? compare(p, f, w->op, negate, values) : NULL;
}

/* ---- operators in signs ---- */

static bool
take_sign_op(struct parser *p, enum op *ret_op, bool *ret_negate)
{
	static const struct { const char *sign; enum op op; bool negate; } signs[] = {
		{ "==", OP_EQ, false }, { "!=", OP_EQ, true }, { "<>", OP_EQ, true }, { "=~", OP_EQ_NOCASE, false },
		{ "!~", OP_EQ_NOCASE, true }, { ">=", OP_GE, false }, { "<=", OP_LE, false }, { ">", OP_GT, false },
		{ "<", OP_LT, false },
	};

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (take(p, signs[i].sign)) {
			*ret_op = signs[i].op;
			*ret_negate = signs[i].negate;
			return true;
		}
	return false;
}

/* isempty(f), isnotempty(f), ipv4_is_in_range(f, "net") */
static struct node *
parse_call(struct parser *p, struct slice name, size_t at)
{
	bool empty = slice_eq_nocase(name, SL("isempty")) || slice_eq_nocase(name, SL("isnull"));
	bool filled = slice_eq_nocase(name, SL("isnotempty")) || slice_eq_nocase(name, SL("isnotnull"));
	bool range = slice_eq_nocase(name, SL("ipv4_is_in_range")) || slice_eq_nocase(name, SL("ipv6_is_in_range"));
	struct kql_field f;
	struct slice arg;
	struct lit v;
	size_t arg_at;

	if (!empty && !filled && !range) {
		fail(p, at, E_UNSUPPORTED, "KQL-CALL", "a function that does not exist here",
		     "isempty isnotempty ipv4_is_in_range", NULL);
		return NULL;
	}
	take(p, "(");
	skip_blanks(p);
	arg_at = p->at;
	arg = take_name(p);
	if (!find_field(p, arg, arg_at, &f) || (range && (!take(p, ",") || !take_literal(p, &v))))
		goto bad;
	if (!take(p, ")"))
		goto bad;
	return range ? compare(p, &f, OP_NETWORK, false, lit_new(p, &v)) : compare(p, &f, OP_EXISTS, empty, NULL);
bad:
	if (p->error == 0)
		fail(p, p->at, E_SYNTAX, "KQL-CALL", "a call that cannot be read", "name(field) or name(field, \"…\")", NULL);
	return NULL;
}

/* ---- terms ---- */

static struct node *
parse_bare_word(struct parser *p)
{
	struct node *n;
	struct lit v;
	bool quoted;

	skip_blanks(p);
	quoted = peek(p) == '"';
	if (!take_bare(p, &v))
		return NULL;
	n = node_new(p, quoted ? N_PHRASE : N_WORD, NULL, NULL);
	n->text = v.text;
	if (v.text.n == 0)
		fail(p, v.at, E_SYNTAX, "KQL-VALUE", "an empty text", "a word", NULL);
	return n;
}

/* A name was read: what stands behind it decides. NULL without error: it is only a word. */
static struct node *
parse_behind_name(struct parser *p, struct slice name, size_t at, bool strict)
{
	const struct word_op *w;
	struct kql_field f;
	bool negate = false;
	size_t behind = p->at;
	struct lit v;
	enum op op;

	if (peek(p) == '(' && name.n != 0)
		return parse_call(p, name, at);
	if (!strict && peek(p) == ':' && !slice_starts(slice_sub(p->text, p->at, p->text.n), SL("://"))) {
		p->at++;
		return find_field(p, name, at, &f) ? parse_box_value(p, &f) : NULL;
	}
	if (take_sign_op(p, &op, &negate)) {
		if (!find_field(p, name, at, &f))
			return NULL;
		skip_blanks(p);
		if (!strict && peek(p) != '\'' && peek(p) != '"' && !(isdigit(peek(p)) && f.type != KT_IP && f.type != KT_STRING) &&
		    !slice_eq_nocase(peek_word(p), SL("ago")) && !slice_eq_nocase(peek_word(p), SL("now")) &&
		    !slice_eq_nocase(peek_word(p), SL("datetime")))
			return take_bare(p, &v) ? compare(p, &f, op, negate, lit_new(p, &v)) : NULL;
		return take_literal(p, &v) ? compare(p, &f, op, negate, lit_new(p, &v)) : NULL;
	}
	if (!strict && take(p, "=")) {
		return find_field(p, name, at, &f) ? parse_box_value(p, &f) : NULL;
	}
	negate = take(p, "!");
	w = take_word_op(p);
	if (w != NULL && (strict || negate || p->schema->find(p->schema->ctx, name, p->a, &f)))
		return find_field(p, name, at, &f) ? parse_word_op(p, &f, w, negate) : NULL;
	p->at = behind;
	if (strict)
		skip_blanks(p);
	if (strict)
		fail(p, p->at, E_SYNTAX, "KQL-OPERATOR", peek(p) == '=' ? "a single =" : "no operator behind the name",
		     "== != =~ < > has contains startswith endswith in between", peek(p) == '=' ? "==" : NULL);
	return NULL;
}

static struct node *
parse_primary(struct parser *p, bool strict)
{
	struct slice name;
	struct node *n;
	size_t at;

	skip_blanks(p);
	at = p->at;
	if (peek(p) == '(') {
		p->at++;
		n = parse_or(p, strict);
		if (p->error == 0 && !take(p, ")"))
			fail(p, at, E_SYNTAX, "KQL-PAREN", "a parenthesis that is not closed", ")", NULL);
		return n;
	}
	if (peek(p) == '"' && !strict)
		return parse_bare_word(p);
	name = take_name(p);
	if (name.n == 0 && strict) {
		fail(p, at, E_SYNTAX, "KQL-FIELD", peek(p) < 0 ? "the end of the query" : "something that is no name",
		     "the name of a field", NULL);
		return NULL;
	}
	n = name.n != 0 ? parse_behind_name(p, name, at, strict) : NULL;
	if (n != NULL || p->error != 0)
		return n;
	p->at = at;
	return parse_bare_word(p);
}

static struct node *
parse_not(struct parser *p, bool strict)
{
	struct node *n;
	bool sign;

	if (++p->depth > KQL_DEPTH_MAX) {
		fail(p, p->at, E_DEPTH, "KQL-DEPTH", "too many parentheses or nots", "at most 64 within each other", NULL);
		return NULL;
	}
	if (++p->terms > TERMS_MAX) {
		fail(p, p->at, E_TOOBIG, "KQL-TERMS", "too many conditions", "at most 1,000 in one query", NULL);
		return NULL;
	}
	skip_blanks(p);
	sign = !strict && (peek(p) == '-' || peek(p) == '!') && p->at + 1 < p->text.n &&
	       !isspace((unsigned char)p->text.p[p->at + 1]);
	if (sign)
		p->at++;
	if (sign || take_word(p, "not"))
		n = node_new(p, N_NOT, parse_not(p, strict), NULL);
	else
		n = parse_primary(p, strict);
	p->depth--;
	return n;
}

static bool
at_end_of_and(struct parser *p)
{
	struct slice w;

	skip_blanks(p);
	if (peek(p) < 0 || peek(p) == '|' || peek(p) == ')')
		return true;
	w = peek_word(p);
	return slice_eq_nocase(w, SL("or"));
}

static struct node *
parse_and(struct parser *p, bool strict)
{
	struct node *n = parse_not(p, strict);

	while (p->error == 0 && (take_word(p, "and") || (!strict && !at_end_of_and(p))))
		n = node_new(p, N_AND, n, parse_not(p, strict));
	return n;
}

static struct node *
parse_or(struct parser *p, bool strict)
{
	struct node *n = parse_and(p, strict);

	while (p->error == 0 && take_word(p, "or"))
		n = node_new(p, N_OR, n, parse_and(p, strict));
	return n;
}

struct node *
parse_condition(struct parser *p, bool strict)
{
	return parse_or(p, strict);
}
