/* SPDX-License-Identifier: Apache-2.0
 *
 * The parser's hands: bytes, words, names, literals, and faults with line, column and repair.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "kql/kql_priv.h"

void
fail(struct parser *p, size_t at, int code, const char *id, const char *found, const char *wanted, const char *hint)
{
	unsigned line = 1, col = 1;
	struct why *w;
	uint32_t c;

	if (p->error == 0)
		p->error = code;
	for (size_t i = 0; i < at && i < p->text.n;) {
		i += utf8_next(slice_sub(p->text, i, p->text.n), &c);
		col++;
		if (c == '\n')
			line++, col = 1;
	}
	w = whys_add(p->ws, WHY_ERROR, code, id, "query", line, col);
	if (w == NULL)
		return;
	why_found(w, "%s", found);
	why_wanted(w, "%s", wanted);
	if (hint != NULL)
		why_hint(w, "%s", hint);
}

void
skip_blanks(struct parser *p)
{
	while (p->at < p->text.n && isspace((unsigned char)p->text.p[p->at]))
		p->at++;
}

int
peek(const struct parser *p)
{
	return p->at < p->text.n ? (unsigned char)p->text.p[p->at] : -1;
}

bool
take(struct parser *p, const char *token)
{
	skip_blanks(p);
	if (!slice_starts(slice_sub(p->text, p->at, p->text.n), slice_str(token)))
		return false;
	p->at += strlen(token);
	return true;
}

static bool
is_word_byte(int c)
{
	return c >= 0 && (isalnum(c) || c == '_');
}

struct slice
peek_word(struct parser *p)
{
	size_t end;

	skip_blanks(p);
	for (end = p->at; end < p->text.n && is_word_byte((unsigned char)p->text.p[end]); end++)
		;
	return slice_sub(p->text, p->at, end);
}

bool
take_word(struct parser *p, const char *word)
{
	struct slice w = peek_word(p);

	if (!slice_eq_nocase(w, slice_str(word)))
		return false;
	p->at += w.n;
	return true;
}

struct slice
take_name(struct parser *p)
{
	size_t from, end;

	skip_blanks(p);
	for (from = end = p->at; end < p->text.n; end++) {
		unsigned char c = (unsigned char)p->text.p[end];

		if (!(isalpha(c) || c == '_' || c == '@' || (end > from && (isdigit(c) || c == '.' || c == '-'))))
			break;
	}
	while (end > from && (p->text.p[end - 1] == '.' || p->text.p[end - 1] == '-'))
		end--;
	p->at = end;
	return slice_sub(p->text, from, end);
}

bool
take_string(struct parser *p, struct lit *ret)
{
	int quote = peek(p);
	size_t from = p->at;
	char *out, *to;

	if (quote != '"' && quote != '\'')
		return false;
	out = to = arena_alloc(p->a, p->text.n - p->at + 1);
	for (p->at++; p->at < p->text.n && p->text.p[p->at] != (char)quote; p->at++) {
		char c = p->text.p[p->at];

		if (c == '\\' && p->at + 1 < p->text.n) {
			c = p->text.p[++p->at];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
		}
		*to++ = c;
	}
	if (peek(p) != quote) {
		fail(p, from, E_SYNTAX, "KQL-STRING", "a text whose closing quote is missing", "the same quote at its end", NULL);
		return false;
	}
	p->at++;
	*ret = (struct lit){ .kind = LIT_STRING, .text = slice_of(out, (size_t)(to - out)), .at = from };
	return true;
}

bool
parse_span(struct slice s, int64_t *ret_ns)
{
	static const struct { const char *unit; int64_t ns; } units[] = {
		{ "ms", NS_PER_MS }, { "s", NS_PER_S }, { "m", 60 * NS_PER_S }, { "h", 3600 * NS_PER_S },
		{ "d", NS_PER_DAY },
	};
	size_t digits = 0;
	int64_t v;

	while (digits < s.n && isdigit((unsigned char)s.p[digits]))
		digits++;
	if (digits == 0 || digits > 9 || !slice_i64(slice_sub(s, 0, digits), &v))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (slice_eq(slice_sub(s, digits, s.n), slice_str(units[i].unit)))
			return !__builtin_mul_overflow(v, units[i].ns, ret_ns);
	return false;
}

bool
parse_time(struct slice s, int64_t *ret_ns)
{
	char text[40];

	s = slice_trim(s);
	if (time_parse_rfc3339(s, ret_ns) == 0)
		return true;
	if (s.n != 10 && s.n != 16 && s.n != 19)
		return false;
	memcpy(text, s.p, s.n);
	memcpy(text + s.n, s.n == 10 ? "T00:00:00Z" : s.n == 16 ? ":00Z" : "Z", s.n == 10 ? 10 : s.n == 16 ? 4 : 1);
	return time_parse_rfc3339(slice_of(text, s.n + (s.n == 10 ? 10 : s.n == 16 ? 4 : 1)), ret_ns) == 0;
}

/* datetime(2026-05-01), datetime("…"), ago(1h), now() behind their word. */
static bool
take_time_call(struct parser *p, struct slice word, size_t from, struct lit *ret)
{
	size_t close;
	struct slice arg;
	int64_t v = 0;
	bool good;

	if (!take(p, "("))
		return false;
	for (close = p->at; close < p->text.n && p->text.p[close] != ')'; close++)
		;
	arg = slice_trim(slice_sub(p->text, p->at, close));
	if (arg.n >= 2 && (arg.p[0] == '"' || arg.p[0] == '\''))
		arg = slice_sub(arg, 1, arg.n - 1);
	p->at = close < p->text.n ? close + 1 : close;
	if (slice_eq_nocase(word, SL("now")))
		good = arg.n == 0;
	else if (slice_eq_nocase(word, SL("ago")))
		good = parse_span(arg, &v);
	else
		good = parse_time(arg, &v);
	if (!good) {
		fail(p, from, E_SYNTAX, "KQL-TIME", "a time that cannot be read",
		     "datetime(2026-05-01T09:00:00Z), ago(1h) or now()", NULL);
		return false;
	}
	*ret = (struct lit){ .kind = LIT_TIME, .at = from,
		.i = slice_eq_nocase(word, SL("datetime")) ? v : p->now_ns - v };
	return true;
}

static bool
take_number(struct parser *p, size_t from, struct lit *ret)
{
	size_t end = from + (p->text.p[from] == '-');
	char text[40], *stop;
	struct slice s;

	while (end < p->text.n && (isalnum((unsigned char)p->text.p[end]) || p->text.p[end] == '.'))
		if (p->text.p[end] == '.' && end + 1 < p->text.n && p->text.p[end + 1] == '.')
			break; /* the two dots of between */
		else
			end++;
	s = slice_sub(p->text, from, end);
	*ret = (struct lit){ .kind = LIT_LONG, .text = s, .at = from };
	p->at = end;
	if (slice_i64(s, &ret->i))
		return true;
	if (parse_span(s, &ret->i)) {
		ret->kind = LIT_SPAN;
		return true;
	}
	if (s.n < sizeof text) {
		memcpy(text, s.p, s.n);
		text[s.n] = '\0';
		ret->f = strtod(text, &stop);
		ret->kind = LIT_DOUBLE;
		if (s.n != 0 && stop == text + s.n && ret->f - ret->f == 0)
			return true;
	}
	fail(p, from, E_SYNTAX, "KQL-NUMBER", "a number that cannot be read", "a number, or a span such as 5m", NULL);
	return false;
}

bool
take_literal(struct parser *p, struct lit *ret)
{
	struct slice w;
	size_t from;
	int c;

	skip_blanks(p);
	from = p->at;
	c = peek(p);
	if (c == '"' || c == '\'')
		return take_string(p, ret);
	if (c == '@' && p->at + 1 < p->text.n && (p->text.p[p->at + 1] == '"' || p->text.p[p->at + 1] == '\'')) {
		size_t end = from + 2;

		while (end < p->text.n && p->text.p[end] != p->text.p[from + 1])
			end++;
		*ret = (struct lit){ .kind = LIT_STRING, .text = slice_sub(p->text, from + 2, end), .at = from };
		p->at = end < p->text.n ? end + 1 : end;
		return true;
	}
	if (c >= 0 && (isdigit(c) || c == '-'))
		return take_number(p, from, ret);
	w = peek_word(p);
	if (slice_eq_nocase(w, SL("true")) || slice_eq_nocase(w, SL("false"))) {
		p->at += w.n;
		*ret = (struct lit){ .kind = LIT_BOOL, .text = w, .i = slice_eq_nocase(w, SL("true")), .at = from };
		return true;
	}
	if (slice_eq_nocase(w, SL("datetime")) || slice_eq_nocase(w, SL("ago")) || slice_eq_nocase(w, SL("now"))) {
		p->at += w.n;
		return take_time_call(p, w, from, ret);
	}
	fail(p, from, E_SYNTAX, "KQL-VALUE", c < 0 ? "the end of the query" : "something that is no value",
	     "a text in quotes, a number, true or false, datetime(…), ago(…)",
	     w.n != 0 ? "put quotes around the text" : NULL);
	return false;
}

static bool
find_column(struct parser *p, struct slice name, struct kql_field *ret)
{
	for (size_t i = 0; i < p->col_count; i++)
		if (slice_eq(p->cols[i].name, name)) {
			*ret = (struct kql_field){ .type = p->cols[i].type, 
			                            .sql = arena_printf(p->a, "c%u_%zu", p->generation, i) };
			return true;
		}
	return false;
}

bool
find_field(struct parser *p, struct slice name, size_t at, struct kql_field *ret)
{
	char found[160];
	const char *near = NULL;

	if (name.n != 0 && (p->cols != NULL ? find_column(p, name, ret)
	                                    : p->schema->find(p->schema->ctx, name, p->a, ret)))
		return true;
	snprintf(found, sizeof found, "\"%.*s\"", (int)(name.n < 100 ? name.n : 100), name.p);
	if (p->cols == NULL && name.n != 0)
		near = p->schema->near(p->schema->ctx, name);
	fail(p, at, E_NOTFOUND, "KQL-FIELD", name.n != 0 ? found : "no name", p->cols != NULL ?
	     "a column of the stage before" : "the name of a field", near);
	return false;
}
