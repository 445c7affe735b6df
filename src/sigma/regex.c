/* SPDX-License-Identifier: Apache-2.0
 *
 * Regular expressions.  PCRE2 judges the syntax (and tells the offset of a fault); Vectorscan runs it, in time
 * linear in the text; what Vectorscan cannot take runs in PCRE2 with a match limit and without JIT.
 * Look-around and back-references are refused: the specification's subset has neither, and they are what
 * makes matching slow.  Unanchored, case-sensitive unless |i, bytes, not characters.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <hs/hs.h>
#include <pcre2.h>
#include <stdlib.h>

#include "base/must.h"
#include "sigma/sigma_priv.h"

#define MATCH_LIMIT 200000u
#define DEPTH_LIMIT 1000u
#define REGEX_MAX 8192u

struct regex {
	hs_database_t *hs;
	pcre2_code *pcre;
};

struct regex_scratch {
	hs_scratch_t *hs;
	pcre2_match_data *data;
	pcre2_match_context *ctx;
};

void
regex_free(struct regex *re)
{
	if (re == NULL)
		return;
	hs_free_database(re->hs);
	pcre2_code_free(re->pcre);
	free(re);
}

/* "(?=", "(?!", "(?<=", "(?<!", "\1" … "\9", "\k", "(?P=": outside of classes and escapes. */
static const char *
slow_feature(struct slice s)
{
	bool class = false;

	for (size_t i = 0; i + 1 < s.n; i++) {
		char ch = s.p[i], next = s.p[i + 1];

		if (ch == '\\') {
			if (!class && ((next >= '1' && next <= '9') || next == 'k'))
				return "a back-reference";
			i++;
		} else if (ch == '[') {
			class = true;
		} else if (ch == ']') {
			class = false;
		} else if (!class && ch == '(' && next == '?') {
			struct slice rest = slice_sub(s, i + 2, s.n);

			if (slice_starts(rest, SL("=")) || slice_starts(rest, SL("!")) || slice_starts(rest, SL("<=")) ||
			    slice_starts(rest, SL("<!")))
				return "a look-around";
			if (slice_starts(rest, SL("P=")) || slice_starts(rest, SL("R")))
				return "a back-reference or recursion";
		}
	}
	return NULL;
}

static void
bad_regex(struct comp *c, const struct ynode *at, int code, size_t offset)
{
	unsigned char msg[200] = "";
	struct why *w = comp_fault(c, "SIG-RE-SYNTAX", at);

	pcre2_get_error_message(code, msg, sizeof msg);
	why_found(w, "%s at offset %zu of '%.*s'", (const char *)msg, offset, SL_ARG(at->text));
	why_wanted(w, "a regular expression");
}

static pcre2_code *
pcre_compile(struct comp *c, struct slice text, unsigned flags, const struct ynode *at)
{
	uint32_t opt = PCRE2_NEVER_BACKSLASH_C | (flags & 1 ? PCRE2_CASELESS : 0) | (flags & 2 ? PCRE2_MULTILINE : 0) |
	               (flags & 4 ? PCRE2_DOTALL : 0);
	int err;
	size_t offset;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)text.p, text.n, opt, &err, &offset, NULL);

	if (code == NULL)
		bad_regex(c, at, err, offset);
	return code;
}

static hs_database_t *
hs_build(struct comp *c, struct slice text, unsigned flags)
{
	unsigned opt = HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY | (flags & 1 ? HS_FLAG_CASELESS : 0) |
	               (flags & 2 ? HS_FLAG_MULTILINE : 0) | (flags & 4 ? HS_FLAG_DOTALL : 0);
	hs_database_t *db = NULL;
	hs_compile_error_t *err = NULL;
	const char *cstr = arena_cstr(&c->tmp, text);

	if (memchr(text.p, '\0', text.n) != NULL)
		return NULL;
	if (hs_compile(cstr, opt, HS_MODE_BLOCK, NULL, &db, &err) != HS_SUCCESS) {
		hs_free_compile_error(err);
		return NULL;
	}
	return db;
}

struct regex *
regex_new(struct comp *c, struct slice text, unsigned flags, const struct ynode *at)
{
	const char *slow = slow_feature(text);
	struct regex *re;
	pcre2_code *pcre;

	if (text.n == 0 || text.n > REGEX_MAX) {
		why_found(comp_fault(c, "SIG-RE-SYNTAX", at), "a regular expression of %zu bytes", text.n);
		return NULL;
	}
	if (slow != NULL) {
		struct why *w = comp_fault(c, "SIG-RE-FEATURE", at);

		why_found(w, "%s in '%.*s'", slow, SL_ARG(text));
		why_wanted(w, "an expression without look-around and back-references");
		return NULL;
	}
	pcre = pcre_compile(c, text, flags, at);
	if (pcre == NULL)
		return NULL;
	re = x_calloc(1, sizeof *re);
	re->hs = hs_build(c, text, flags);
	if (re->hs != NULL)
		pcre2_code_free(pcre);
	else
		re->pcre = pcre;
	return re;
}

/* Longest run of plain characters that no quantifier, group or alternative makes optional. Errs on the
 * side of finding nothing. */
struct slice
regex_literal(struct arena *a, struct slice s)
{
	char *run = arena_alloc(a, s.n + 1), *best = arena_alloc(a, s.n + 1);
	size_t run_n = 0, best_n = 0;
	int depth = 0;
	bool class = false;

	for (size_t i = 0; i <= s.n; i++) {
		char ch = i < s.n ? s.p[i] : '\0';
		bool plain = false, ends = i == s.n;

		if (class) {
			if (ch == '\\')
				i++;
			else if (ch == ']' && s.p[i - 1] != '[' && !(s.p[i - 1] == '^' && s.p[i - 2] == '['))
				class = false;
			continue;
		}
		if (ch == '\\' && i + 1 < s.n) {
			ch = s.p[++i];
			plain = !((ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z'));
			if (!plain && (ch == 'Q' || ch == 'E'))
				return (struct slice){ 0 };
			ends = !plain;
		} else if (ch == '(') {
			if (i + 2 < s.n && s.p[i + 1] == '?' && s.p[i + 2] != ':' && s.p[i + 2] != 'i' && s.p[i + 2] != 'P')
				return (struct slice){ 0 };
			depth++;
			ends = true;
		} else if (ch == ')') {
			depth--;
			ends = true;
		} else if (ch == '|' && depth == 0) {
			return (struct slice){ 0 };
		} else if (ch == '[') {
			class = ends = true;
		} else if (ch == '?' || ch == '*' || ch == '{') {
			run_n -= run_n != 0;
			while (ch == '{' && i < s.n && s.p[i] != '}')
				i++;
			ends = true;
		} else if (ch == '+' || ch == '.' || ch == '^' || ch == '$') {
			ends = true;
		} else if (!ends) {
			plain = true;
		}
		if (plain && depth == 0)
			run[run_n++] = ch;
		if (ends) {
			if (run_n > best_n) {
				memcpy(best, run, run_n);
				best_n = run_n;
			}
			run_n = 0;
		}
	}
	return slice_of(best, best_n);
}

struct regex_scratch *
regex_scratch_new(const struct sigma_set *set)
{
	struct regex_scratch *s = x_calloc(1, sizeof *s);

	for (size_t i = 0; i < set->preds.n; i++)
		if (set->preds.v[i].re != NULL && set->preds.v[i].re->hs != NULL)
			must(hs_alloc_scratch(set->preds.v[i].re->hs, &s->hs) == HS_SUCCESS);
	s->data = pcre2_match_data_create(1, NULL);
	s->ctx = pcre2_match_context_create(NULL);
	must(s->data != NULL && s->ctx != NULL);
	pcre2_set_match_limit(s->ctx, MATCH_LIMIT);
	pcre2_set_depth_limit(s->ctx, DEPTH_LIMIT);
	return s;
}

void
regex_scratch_free(struct regex_scratch *s)
{
	if (s == NULL)
		return;
	hs_free_scratch(s->hs);
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->ctx);
	free(s);
}

static int
on_match(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags, void *ctx)
{
	(void)id, (void)from, (void)to, (void)flags;
	*(bool *)ctx = true;
	return 1;
}

int
regex_match(const struct regex *re, struct regex_scratch *s, struct slice text)
{
	bool hit = false;
	int r;

	if (text.p == NULL)
		text = SL("");
	if (re->hs != NULL) {
		hs_error_t err = hs_scan(re->hs, text.p, (unsigned)text.n, 0, s->hs, on_match, &hit);

		must(err == HS_SUCCESS || err == HS_SCAN_TERMINATED);
		return hit;
	}
	r = pcre2_match(re->pcre, (PCRE2_SPTR)text.p, text.n, 0, 0, s->data, s->ctx);
	if (r >= 0)
		return 1;
	return r == PCRE2_ERROR_NOMATCH ? 0 : -1;
}
