/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/xml.h"

#include <stdio.h>

#include "base/err.h"
#include "base/utf8.h"

#define DEPTH_MAX 64
#define FIELDS_MAX 4096
#define PATH_MAX_ 1024

struct level {
	struct slice tag;      /* as written, for the end tag */
	size_t path_n;         /* length of the path before this element */
	unsigned params;       /* unnamed Data children so far */
	bool had_child;
};

struct xml {
	const char *p, *end;
	struct arena *a;
	xml_field_fn *fn;
	void *ctx;
	char path[PATH_MAX_];
	size_t path_n;
	struct level level[DEPTH_MAX];
	int depth;
	bool started;
	unsigned fields;
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_space(struct xml *x)
{
	while (x->p < x->end && is_space(*x->p))
		x->p++;
}

static bool
looking_at(const struct xml *x, struct slice s)
{
	return slice_starts(slice_of(x->p, (size_t)(x->end - x->p)), s);
}

static bool
name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'
	       || c == '.' || c == ':' || (unsigned char)c >= 0x80;
}

static struct slice
read_name(struct xml *x)
{
	const char *from = x->p;

	while (x->p < x->end && name_byte(*x->p))
		x->p++;
	return slice_of(from, (size_t)(x->p - from));
}

static struct slice
local_name(struct slice s)
{
	ssize_t colon = slice_find(s, ':');

	return colon >= 0 ? slice_sub(s, (size_t)colon + 1, s.n) : s;
}

/* One reference behind '&' up to ';' → bytes in out; 0 when it is none we know. */
static size_t
decode_reference(struct slice ref, char out[4])
{
	static const struct {
		struct slice name;
		char c;
	} known[] = { { { "lt", 2 }, '<' }, { { "gt", 2 }, '>' }, { { "amp", 3 }, '&' }, { { "quot", 4 }, '"' },
		      { { "apos", 4 }, '\'' } };
	uint32_t code = 0;
	bool hex = ref.n > 2 && (ref.p[1] == 'x' || ref.p[1] == 'X');

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_eq(ref, known[i].name)) {
			out[0] = known[i].c;
			return 1;
		}
	if (ref.n < 2 || ref.n > 8 || ref.p[0] != '#')
		return 0;
	for (size_t i = hex ? 2 : 1; i < ref.n; i++) {
		unsigned c = (unsigned char)ref.p[i], d = c - '0' < 10 ? c - '0' : hex ? (c | 0x20) - 'a' + 10 : 99;

		if (d >= (hex ? 16u : 10u))
			return 0;
		code = code * (hex ? 16 : 10) + d;
	}
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return utf8_put(out, code);
}

static int
decode_text(struct xml *x, struct slice s, struct slice *ret)
{
	char *out;
	size_t n = 0;

	*ret = s;
	if (slice_find(s, '&') < 0)
		return 0;
	out = arena_alloc(x->a, s.n + 4);
	for (size_t i = 0; i < s.n;) {
		ssize_t semi;
		size_t got;

		if (s.p[i] != '&') {
			out[n++] = s.p[i++];
			continue;
		}
		semi = slice_find(slice_sub(s, i, i + 12), ';');
		got = semi > 1 ? decode_reference(slice_sub(s, i + 1, i + (size_t)semi), out + n) : 0;
		if (got == 0)
			return E_SYNTAX;
		n += got;
		i += (size_t)semi + 1;
	}
	*ret = slice_of(out, n);
	return 0;
}

static void
push_path(struct xml *x, struct slice name)
{
	if (x->path_n != 0 && x->path_n < PATH_MAX_)
		x->path[x->path_n++] = '.';
	if (name.n > PATH_MAX_ - x->path_n)
		name.n = PATH_MAX_ - x->path_n;
	memcpy(x->path + x->path_n, name.p, name.n);
	x->path_n += name.n;
}

static int
give(struct xml *x, struct slice raw)
{
	struct slice text;
	int e = decode_text(x, raw, &text);

	if (e != 0)
		return e;
	if (++x->fields > FIELDS_MAX)
		return E_LIMIT;
	x->fn(x->ctx, slice_of(x->path, x->path_n), text);
	return 0;
}

static int
read_attribute(struct xml *x, struct slice *ret_name, struct slice *ret_value)
{
	const char *from;
	char quote;

	*ret_name = read_name(x);
	skip_space(x);
	if (ret_name->n == 0 || x->p >= x->end || *x->p != '=')
		return E_SYNTAX;
	x->p++;
	skip_space(x);
	if (x->p >= x->end || (*x->p != '"' && *x->p != '\''))
		return E_SYNTAX;
	quote = *x->p++;
	from = x->p;
	x->p = memchr(from, quote, (size_t)(x->end - from));
	if (x->p == NULL)
		return E_SYNTAX;
	*ret_value = slice_of(from, (size_t)(x->p - from));
	x->p++;
	return 0;
}

static int
give_attribute(struct xml *x, struct slice name, struct slice value)
{
	size_t keep = x->path_n;
	int e;

	if (slice_starts(name, SL("xmlns")))
		return 0;
	push_path(x, local_name(name));
	e = give(x, value);
	x->path_n = keep;
	return e;
}

/* Attributes up to '>' or '/>'. A Data element's Name becomes its path. */
static int
read_attributes(struct xml *x, bool is_data, bool *ret_empty)
{
	struct level *up = x->depth >= 2 ? &x->level[x->depth - 2] : NULL;
	struct slice name, value;
	bool named = false;
	char param[24];
	int e;

	for (;;) {
		skip_space(x);
		if (x->p >= x->end)
			return E_SYNTAX;
		if (*x->p == '>' || looking_at(x, SL("/>"))) {
			*ret_empty = *x->p == '/';
			x->p += *ret_empty ? 2 : 1;
			break;
		}
		if ((e = read_attribute(x, &name, &value)) != 0)
			return e;
		if (is_data && slice_eq(name, SL("Name"))) {
			push_path(x, value);
			named = true;
		} else if ((e = give_attribute(x, name, value)) != 0) {
			return e;
		}
	}
	if (is_data && !named && up != NULL) {
		int n = snprintf(param, sizeof param, "param%u", ++up->params);

		push_path(x, slice_of(param, (size_t)n));
	}
	return 0;
}

static void
leave(struct xml *x)
{
	x->path_n = x->level[--x->depth].path_n;
	if (x->depth > 0)
		x->level[x->depth - 1].had_child = true;
}

static int
start_element(struct xml *x)
{
	struct slice tag = read_name(x), local = local_name(tag);
	bool is_data = slice_eq(local, SL("Data")) && x->depth > 0, empty;
	int e;

	if (tag.n == 0)
		return E_SYNTAX;
	if (x->depth == DEPTH_MAX)
		return E_DEPTH;
	x->started = true;
	x->level[x->depth++] = (struct level){ .tag = tag, .path_n = x->path_n };
	if (x->depth > 1 && !is_data)
		push_path(x, local);
	if ((e = read_attributes(x, is_data, &empty)) != 0)
		return e;
	if (empty) {
		if (is_data && (e = give(x, SL(""))) != 0)
			return e;
		leave(x);
	}
	return 0;
}

static int
end_element(struct xml *x, struct slice text, bool has_text)
{
	struct slice tag = read_name(x);
	struct level *l;
	int e;

	skip_space(x);
	if (x->depth == 0 || x->p >= x->end || *x->p != '>')
		return E_SYNTAX;
	x->p++;
	l = &x->level[x->depth - 1];
	if (!slice_eq(tag, l->tag))
		return E_SYNTAX;
	if (!l->had_child && (has_text || slice_eq(local_name(tag), SL("Data"))) && x->depth > 1
	    && (e = give(x, text)) != 0)
		return e;
	leave(x);
	return 0;
}

static int
skip_to(struct xml *x, struct slice mark)
{
	ssize_t at = slice_find_slice(slice_of(x->p, (size_t)(x->end - x->p)), mark);

	if (at < 0)
		return E_SYNTAX;
	x->p += (size_t)at + mark.n;
	return 0;
}

/* A '<' stands before x->p. text is what stood before it. */
static int
markup(struct xml *x, struct slice text, bool has_text)
{
	if (x->p >= x->end)
		return E_SYNTAX;
	if (*x->p == '/') {
		x->p++;
		return end_element(x, text, has_text);
	}
	if (looking_at(x, SL("!--")))
		return skip_to(x, SL("-->"));
	if (looking_at(x, SL("![CDATA[")))
		return E_UNSUPPORTED;
	if (*x->p == '!')
		return E_UNSUPPORTED;
	if (*x->p == '?')
		return skip_to(x, SL("?>"));
	return start_element(x);
}

int
xml_flatten(struct slice s, struct arena *a, xml_field_fn *fn, void *ctx)
{
	struct xml x = { .p = s.p, .end = s.p + s.n, .a = a, .fn = fn, .ctx = ctx };
	int e;

	do {
		const char *lt = x.p < x.end ? memchr(x.p, '<', (size_t)(x.end - x.p)) : NULL;
		struct slice text;

		if (lt == NULL)
			return E_SYNTAX;
		text = slice_of(x.p, (size_t)(lt - x.p));
		x.p = lt + 1;
		if ((e = markup(&x, text, text.n != 0)) != 0)
			return e;
	} while (x.depth > 0 || !x.started);
	skip_space(&x);
	return x.p == x.end ? 0 : E_SYNTAX;
}
