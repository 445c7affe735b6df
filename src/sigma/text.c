/* SPDX-License-Identifier: Apache-2.0
 *
 * Text of rule values: escapes and wildcards (specification 2.1, "Escaping"), the dash class, folding,
 * the encodings of base64 and utf16, and the glob matcher.
 *
 * Case folding is Unicode simple folding (one code point to one) on both sides with the same table, so a
 * rule and an event cannot disagree; bytes that are not UTF-8 fold to themselves.
 */
#define _GNU_SOURCE

#include <stdlib.h>

#include "base/utf8.h"
#include "sigma/sigma_priv.h"

/* ---- folding ---- */

struct fold_row {
	uint32_t first, last;
	int32_t stride, delta;
};

static const struct fold_row fold_rows[] = {
#define FOLD(first, last, stride, delta) { first, last, stride, delta },
#include "tbl/fold.tbl"
#undef FOLD
};

#define FOLD_ROWS (sizeof fold_rows / sizeof *fold_rows)

static uint32_t
fold_code(uint32_t c)
{
	size_t lo = 0, hi = FOLD_ROWS;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (fold_rows[mid].last < c)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* Rows of stride 2 may interleave with their neighbour, so look at the next one too. */
	for (size_t i = lo; i < FOLD_ROWS && i < lo + 2; i++)
		if (c >= fold_rows[i].first && c <= fold_rows[i].last &&
		    (c - fold_rows[i].first) % (uint32_t)fold_rows[i].stride == 0)
			return (uint32_t)((int32_t)c + fold_rows[i].delta);
	return c;
}

static size_t
fold_rest(char *dst, const char *src, size_t n)
{
	char *at = dst;

	while (n != 0) {
		uint32_t code;
		size_t len = utf8_next((struct slice){ src, n }, &code);

		if ((unsigned char)*src < 0x80) {
			*at++ = *src >= 'A' && *src <= 'Z' ? (char)(*src + 32) : *src;
		} else if (code == UTF8_BAD) {
			memcpy(at, src, len);
			at += len;
		} else {
			at += utf8_put(at, fold_code(code));
		}
		src += len;
		n -= len;
	}
	return (size_t)(at - dst);
}

size_t
text_fold(char *restrict dst, const char *restrict src, size_t n)
{
	return ascii_lower(dst, src, n) ? n : fold_rest(dst, src, n);
}

struct slice
text_fold_dup(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.n * 3 / 2 + 8);

	return slice_of(p, text_fold(p, s.p, s.n));
}

/* ---- escapes and wildcards ---- */

struct pat_builder {
	struct arena *a;
	struct pat p;
	size_t cap;
	char *run;
	size_t run_n;
};

static void
push(struct pat_builder *b, struct tok t)
{
	if (b->p.n == b->cap) {
		size_t cap = b->cap != 0 ? b->cap * 2 : 4;
		struct tok *v = arena_alloc(b->a, cap * sizeof *v);

		if (b->p.n != 0)
			memcpy(v, b->p.v, b->p.n * sizeof *v);
		b->p.v = v;
		b->cap = cap;
	}
	b->p.v[b->p.n++] = t;
}

static void
flush(struct pat_builder *b)
{
	if (b->run_n != 0)
		push(b, (struct tok){ T_LIT, slice_of(b->run, b->run_n) });
	b->run += b->run_n;
	b->run_n = 0;
}

static void
special(struct pat_builder *b, enum tok_kind kind, struct slice name)
{
	flush(b);
	if (kind == T_ANY && b->p.n != 0 && b->p.v[b->p.n - 1].kind == T_ANY)
		return; /* ** is * */
	push(b, (struct tok){ kind, name });
}

static size_t
list_name(struct slice s) /* length of %name% at s, or 0 */
{
	size_t i = 1;

	while (i < s.n && (s.p[i] == '_' || s.p[i] == '-' || s.p[i] == '.' || (s.p[i] >= '0' && s.p[i] <= '9') ||
	                   ((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z')))
		i++;
	return i > 1 && i < s.n && s.p[i] == '%' ? i + 1 : 0;
}

struct pat
text_pattern(struct arena *a, struct slice raw, bool expand)
{
	struct pat_builder b = { .a = a, .run = arena_alloc(a, raw.n + 1) };

	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i], next = i + 1 < raw.n ? raw.p[i + 1] : '\0';
		size_t list = c == '%' && expand ? list_name(slice_sub(raw, i, raw.n)) : 0;

		if (c == '\\' && i + 1 < raw.n &&
		    (next == '*' || next == '?' || next == '\\' || (expand && next == '%'))) {
			b.run[b.run_n++] = next;
			i++;
		} else if (c == '*' || c == '?') {
			special(&b, c == '*' ? T_ANY : T_ONE, SL(""));
		} else if (list != 0) {
			special(&b, T_LIST, slice_sub(raw, i + 1, i + list - 1));
			i += list - 1;
		} else {
			b.run[b.run_n++] = c;
		}
	}
	flush(&b);
	return b.p;
}

static bool
is_word(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (unsigned char)c >= 0x80;
}

/* The class stands where the expression \B[-/]\b would match: not behind a word character, before one. */
struct pat
text_windash(struct arena *a, struct pat p)
{
	struct pat_builder b = { .a = a };

	for (size_t t = 0; t < p.n; t++) {
		struct slice s = p.v[t].lit;

		if (p.v[t].kind != T_LIT) {
			push(&b, p.v[t]);
			continue;
		}
		b.run = arena_alloc(a, s.n + 1);
		for (size_t i = 0; i < s.n; i++) {
			bool dash = (s.p[i] == '-' || s.p[i] == '/') && i + 1 < s.n && is_word(s.p[i + 1]) &&
			            (i == 0 || !is_word(s.p[i - 1]));

			if (dash)
				special(&b, T_DASH, SL(""));
			else
				b.run[b.run_n++] = s.p[i];
		}
		flush(&b);
	}
	return b.p;
}

bool
pat_is_plain(const struct pat *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].kind != T_LIT)
			return false;
	return true;
}

struct slice
pat_plain(struct arena *a, const struct pat *p)
{
	size_t n = 0;
	char *out;

	for (size_t i = 0; i < p->n; i++)
		n += p->v[i].lit.n;
	out = arena_alloc(a, n + 1);
	n = 0;
	for (size_t i = 0; i < p->n; i++) {
		memcpy(out + n, p->v[i].lit.p, p->v[i].lit.n);
		n += p->v[i].lit.n;
	}
	return slice_of(out, n);
}

/* ---- glob ---- */

/* Bytes taken by one token at s, or -1: everything but T_ANY has a fixed reading. */
static ssize_t
tok_take(const struct tok *t, struct slice s)
{
	uint32_t code;
	size_t n;

	if (t->kind == T_LIT)
		return slice_starts(s, t->lit) ? (ssize_t)t->lit.n : -1;
	if (s.n == 0)
		return -1;
	n = utf8_next(s, &code);
	if (t->kind == T_ONE)
		return (ssize_t)n;
	return code == '-' || code == '/' || (code >= 0x2013 && code <= 0x2015) ? (ssize_t)n : -1;
}

/* Classic two-pointer glob: only the last * is ever retried, so the time is at most n × tokens. */
bool
text_glob(const struct tok *tok, size_t tok_n, struct slice s)
{
	size_t t = 0, i = 0, star = SIZE_MAX, star_i = 0;

	for (;;) {
		if (t < tok_n && tok[t].kind == T_ANY) {
			star = t++;
			star_i = i;
			continue;
		}
		if (t == tok_n && i == s.n)
			return true;
		if (t < tok_n) {
			ssize_t n = tok_take(&tok[t], slice_sub(s, i, s.n));

			if (n >= 0) {
				i += (size_t)n;
				t++;
				continue;
			}
		}
		if (star == SIZE_MAX || star_i >= s.n)
			return false;
		i = ++star_i;
		t = star + 1;
		if (t == tok_n)
			return true;
		if (tok[t].kind == T_LIT && tok[t].lit.n != 0) { /* jump to the next place it can be */
			const char *at = memmem(s.p + i, s.n - i, tok[t].lit.p, tok[t].lit.n);

			if (at == NULL)
				return false;
			i = star_i = (size_t)(at - s.p);
		}
	}
}

/* ---- encodings ---- */

struct slice
text_base64(struct arena *a, struct slice s)
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = arena_alloc(a, (s.n + 2) / 3 * 4 + 1), *at = out;

	for (size_t i = 0; i < s.n; i += 3) {
		uint32_t left = (uint32_t)(s.n - i), v = (uint32_t)(unsigned char)s.p[i] << 16;

		v |= left > 1 ? (uint32_t)(unsigned char)s.p[i + 1] << 8 : 0;
		v |= left > 2 ? (uint32_t)(unsigned char)s.p[i + 2] : 0;
		*at++ = abc[v >> 18];
		*at++ = abc[v >> 12 & 63];
		*at++ = left > 1 ? abc[v >> 6 & 63] : '=';
		*at++ = left > 2 ? abc[v & 63] : '=';
	}
	return slice_of(out, (size_t)(at - out));
}

static char *
put16(char *at, uint32_t unit, bool big)
{
	at[big ? 0 : 1] = (char)(unit >> 8);
	at[big ? 1 : 0] = (char)unit;
	return at + 2;
}

struct slice
text_utf16(struct arena *a, struct slice s, bool big, bool mark)
{
	char *out = arena_alloc(a, s.n * 2 + 4), *at = out;

	if (mark)
		at = put16(at, 0xfeff, big);
	while (s.n != 0) {
		uint32_t code;
		size_t n = utf8_next(s, &code);

		if (code > 0xffff) {
			at = put16(at, 0xd800 + ((code - 0x10000) >> 10), big);
			at = put16(at, 0xdc00 + ((code - 0x10000) & 0x3ff), big);
		} else {
			at = put16(at, code, big);
		}
		s = slice_sub(s, n, s.n);
	}
	return slice_of(out, (size_t)(at - out));
}
