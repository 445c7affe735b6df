/* SPDX-License-Identifier: Apache-2.0
 *
 * docs/openapi.yaml as a guard.  The document is kept as the YAML tree it is; schemas are walked with
 * the value beside them.  Understood: type, enum, required, properties, additionalProperties: false, items,
 * min/max of lengths, items and numbers, pattern, format date and date-time, $ref, allOf, anyOf.
 * The file is ours and trusted; the values are not.
 */
#define _GNU_SOURCE
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api_priv.h"
#include "base/clock.h"
#include "base/must.h"
#include "openapi_stamp.h"

#define DEPTH_MAX 24

__asm__(".section .rodata\n"
        ".global nz_openapi_begin\n.global nz_openapi_end\n"
        "nz_openapi_begin:\n.incbin \"" NZ_OPENAPI_FILE "\"\nnz_openapi_end:\n.byte 0\n.previous\n");
extern const char nz_openapi_begin[], nz_openapi_end[];

struct slice
api_spec_text(void)
{
	return slice_of(nz_openapi_begin, (size_t)(nz_openapi_end - nz_openapi_begin));
}

int
api_spec_load(struct slice yaml, struct api_spec **ret, struct whys *ws)
{
	struct api_spec *s = x_calloc(1, sizeof *s);
	struct ydocs docs = { 0 };
	int rc;

	arena_init(&s->arena, 1u << 18, 0);
	rc = yaml_parse(yaml, "openapi.yaml", &s->arena, &docs, ws);
	if (rc != 0 || docs.n != 1 || y_get(docs.v[0], SL("paths")) == NULL) {
		api_spec_free(s);
		return rc != 0 ? rc : E_SYNTAX;
	}
	s->root = docs.v[0];
	*ret = s;
	return 0;
}

void
api_spec_free(struct api_spec *s)
{
	if (s == NULL)
		return;
	arena_fini(&s->arena);
	free(s);
}

static void
lower(const char *method, char out[12])
{
	size_t n = strlen(method);

	must(n < 12);
	for (size_t i = 0; i <= n; i++)
		out[i] = (char)(method[i] >= 'A' && method[i] <= 'Z' ? method[i] | 0x20 : method[i]);
}

static const struct ynode *
path_item(const struct api_spec *s, const struct api_route *r)
{
	return y_get(y_get(s->root, SL("paths")), slice_str(r->path));
}

static const struct ynode *
operation(const struct api_spec *s, const struct api_route *r)
{
	char method[12];

	lower(r->method, method);
	return y_get(path_item(s, r), slice_str(method));
}

bool
api_spec_has(const struct api_spec *s, const struct api_route *r)
{
	const struct ynode *id = y_get(operation(s, r), SL("operationId"));

	return id != NULL && slice_eq(id->text, slice_str(r->verb));
}

size_t
api_spec_operations(const struct api_spec *s)
{
	size_t n = 0;

	for (const struct ynode *p = y_get(s->root, SL("paths"))->child; p != NULL; p = p->next)
		for (const struct ynode *m = p->child; m != NULL; m = m->next)
			n += !slice_eq(m->key, SL("parameters"));
	return n;
}

/* "#/components/schemas/Time" → its node. */
static const struct ynode *
resolve(const struct api_spec *s, const struct ynode *n)
{
	for (int hops = 0; n != NULL && hops < 8; hops++) {
		const struct ynode *ref = y_get(n, SL("$ref"));
		struct slice rest;

		if (ref == NULL)
			return n;
		rest = slice_sub(ref->text, 2, ref->text.n);
		n = s->root;
		while (rest.p != NULL && n != NULL)
			n = y_get(n, slice_cut(&rest, '/'));
	}
	return n;
}

/* ---- values against schemas ---- */

struct walk {
	const struct api_spec *s;
	struct buf path;
	struct api_fault *fault;
	int depth;
};

static int
fail(struct walk *w, int code, const char *text, struct slice about)
{
	snprintf(w->fault->field, sizeof w->fault->field, SL_FMT, (int)(w->path.n < 119 ? w->path.n : 119),
	         w->path.n != 0 ? w->path.p : "");
	snprintf(w->fault->text, sizeof w->fault->text, "%s" SL_FMT, text, (int)(about.n < 60 ? about.n : 60),
	         about.n != 0 ? about.p : "");
	return code;
}

static bool
type_fits(struct slice type, const json_t *v)
{
	if (slice_eq(type, SL("object")))
		return json_is_object(v);
	if (slice_eq(type, SL("array")))
		return json_is_array(v);
	if (slice_eq(type, SL("string")))
		return json_is_string(v);
	if (slice_eq(type, SL("integer")))
		return json_is_integer(v);
	if (slice_eq(type, SL("number")))
		return json_is_number(v);
	if (slice_eq(type, SL("boolean")))
		return json_is_boolean(v);
	if (slice_eq(type, SL("null")))
		return json_is_null(v);
	return false;
}

static bool
types_fit(const struct ynode *type, const json_t *v)
{
	if (type == NULL)
		return true;
	if (type->kind == Y_SCALAR)
		return type_fits(type->text, v);
	for (const struct ynode *t = type->child; t != NULL; t = t->next)
		if (type_fits(t->text, v))
			return true;
	return false;
}

static bool
enum_fits(const struct ynode *list, const json_t *v)
{
	if (list == NULL)
		return true;
	for (const struct ynode *e = list->child; e != NULL; e = e->next)
		if (y_is_null(e) ? json_is_null(v)
		                 : json_is_string(v) && slice_eq(e->text, slice_of(json_string_value(v),
		                                                                    json_string_length(v))))
			return true;
	return false;
}

static bool
bound(const struct ynode *schema, struct slice name, int64_t *ret)
{
	const struct ynode *n = y_get(schema, name);

	return n != NULL && y_i64(n, ret);
}

static int
check_range(struct walk *w, const struct ynode *schema, struct slice least, struct slice most, int64_t v)
{
	int64_t edge;

	if (bound(schema, least, &edge) && v < edge)
		return fail(w, E_RANGE, "below its least value", SL(""));
	if (bound(schema, most, &edge) && v > edge)
		return fail(w, E_RANGE, "above its greatest value", SL(""));
	return 0;
}

static size_t
characters(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

static bool
pattern_fits(const struct ynode *pattern, const char *text)
{
	regex_t re;
	bool fits;

	if (regcomp(&re, pattern->text.p, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	fits = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return fits;
}

static bool
date_fits(struct slice s)
{
	char whole[40];
	int64_t t;

	if (s.n != 10)
		return false;
	snprintf(whole, sizeof whole, SL_FMT "T00:00:00Z", SL_ARG(s));
	return time_parse_rfc3339(slice_str(whole), &t) == 0;
}

static int
check_string(struct walk *w, const struct ynode *schema, const json_t *v)
{
	struct slice s = slice_of(json_string_value(v), json_string_length(v));
	const struct ynode *format = y_get(schema, SL("format")), *pattern = y_get(schema, SL("pattern"));
	int64_t t;
	int rc = check_range(w, schema, SL("minLength"), SL("maxLength"), (int64_t)characters(s));

	if (rc != 0)
		return rc;
	if (pattern != NULL && (s.n > 4096 || !pattern_fits(pattern, s.p)))
		return fail(w, E_RANGE, "does not fit ", pattern->text);
	if (format != NULL && slice_eq(format->text, SL("date-time")) && time_parse_rfc3339(s, &t) != 0)
		return fail(w, E_RANGE, "is no RFC 3339 time", SL(""));
	if (format != NULL && slice_eq(format->text, SL("date")) && !date_fits(s))
		return fail(w, E_RANGE, "is no date", SL(""));
	return 0;
}

static int check(struct walk *w, const struct ynode *schema, const json_t *v);

static int
check_array(struct walk *w, const struct ynode *schema, const json_t *v)
{
	const struct ynode *items = y_get(schema, SL("items"));
	size_t keep = w->path.n;
	int rc = check_range(w, schema, SL("minItems"), SL("maxItems"), (int64_t)json_array_size(v));

	for (size_t i = 0; rc == 0 && items != NULL && i < json_array_size(v); i++) {
		buf_printf(&w->path, "[%zu]", i);
		rc = check(w, items, json_array_get(v, i));
		w->path.n = keep;
	}
	return rc;
}

static int
check_object(struct walk *w, const struct ynode *schema, const json_t *v)
{
	const struct ynode *props = y_get(schema, SL("properties")), *more = y_get(schema, SL("additionalProperties")),
	                   *required = y_get(schema, SL("required"));
	bool open = true;
	size_t keep = w->path.n;
	const char *key;
	json_t *item;

	if (more != NULL && more->kind == Y_SCALAR)
		y_bool(more, &open);
	for (const struct ynode *n = required != NULL ? required->child : NULL; n != NULL; n = n->next)
		if (json_object_get(v, n->text.p) == NULL)
			return fail(w, E_TYPE, "lacks ", n->text);
	json_object_foreach((json_t *)(uintptr_t)v, key, item)
	{
		const struct ynode *p = y_get(props, slice_str(key));
		int rc = 0;

		if (p == NULL && open)
			continue;
		buf_printf(&w->path, "%s%s", keep != 0 ? "." : "", key);
		rc = p == NULL ? fail(w, E_TYPE, "unknown field", SL("")) : check(w, p, item);
		w->path.n = keep;
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
check_kind(struct walk *w, const struct ynode *schema, const json_t *v)
{
	const struct ynode *all = y_get(schema, SL("allOf")), *any = y_get(schema, SL("anyOf"));
	int rc = 0;

	for (const struct ynode *n = all != NULL ? all->child : NULL; rc == 0 && n != NULL; n = n->next)
		rc = check(w, n, v);
	if (rc != 0)
		return rc;
	for (const struct ynode *n = any != NULL ? any->child : NULL; n != NULL; n = n->next) {
		rc = check(w, n, v);
		if (rc == 0)
			break;
	}
	if (rc != 0)
		return rc;
	if (!types_fit(y_get(schema, SL("type")), v))
		return fail(w, E_TYPE, "has the wrong type", SL(""));
	if (!enum_fits(y_get(schema, SL("enum")), v))
		return fail(w, E_RANGE, "is not one of the values", SL(""));
	if (json_is_string(v))
		return check_string(w, schema, v);
	if (json_is_integer(v))
		return check_range(w, schema, SL("minimum"), SL("maximum"), json_integer_value(v));
	if (json_is_array(v))
		return check_array(w, schema, v);
	return json_is_object(v) ? check_object(w, schema, v) : 0;
}

static int
check(struct walk *w, const struct ynode *schema, const json_t *v)
{
	int rc;

	schema = resolve(w->s, schema);
	if (schema == NULL)
		return fail(w, E_TYPE, "the description points nowhere", SL(""));
	if (++w->depth > DEPTH_MAX)
		return fail(w, E_TYPE, "nested too deep", SL(""));
	rc = check_kind(w, schema, v);
	w->depth--;
	return rc;
}

static int
check_top(const struct api_spec *s, const struct ynode *schema, const json_t *v, struct api_fault *ret)
{
	struct walk w = { .s = s, .fault = ret };
	int rc = check(&w, schema, v);

	buf_fini(&w.path);
	return rc;
}

int
api_spec_check_body(const struct api_spec *s, const struct api_route *r, const json_t *body, struct api_fault *ret)
{
	const struct ynode *req = resolve(s, y_get(operation(s, r), SL("requestBody"))), *must_be, *schema;
	bool required = false;

	*ret = (struct api_fault){ .field = "" };
	if (req == NULL) {
		if (body == NULL || json_object_size(body) == 0)
			return 0;
		snprintf(ret->text, sizeof ret->text, "no body is expected");
		return E_TYPE;
	}
	must_be = y_get(req, SL("required"));
	if (must_be != NULL)
		y_bool(must_be, &required);
	if (body == NULL && !required)
		return 0;
	if (body == NULL) {
		snprintf(ret->text, sizeof ret->text, "a body is needed");
		return E_TYPE;
	}
	schema = y_get(y_get(y_get(req, SL("content")), SL("application/json")), SL("schema"));
	return check_top(s, schema, body, ret);
}

static const struct ynode *
param_find(const struct api_spec *s, const struct ynode *owner, bool query, struct slice name)
{
	const struct ynode *list = y_get(owner, SL("parameters"));

	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		const struct ynode *p = resolve(s, n), *in = y_get(p, SL("in")), *is = y_get(p, SL("name"));

		if (in != NULL && is != NULL && slice_eq(is->text, name) &&
		    slice_eq(in->text, query ? SL("query") : SL("path")))
			return p;
	}
	return NULL;
}

/* The text as the JSON value its schema means. */
static json_t *
param_value(const struct ynode *schema, struct slice text)
{
	const struct ynode *type = y_get(schema, SL("type"));
	int64_t n;

	if (type != NULL && slice_eq(type->text, SL("integer")) && slice_i64(text, &n))
		return json_integer(n);
	if (type != NULL && slice_eq(type->text, SL("boolean")) &&
	    (slice_eq(text, SL("true")) || slice_eq(text, SL("false"))))
		return json_boolean(text.n == 4);
	return json_stringn(text.p, text.n);
}

int
api_spec_check_param(const struct api_spec *s, const struct api_route *r, bool query, struct slice name,
                     struct slice value, struct api_fault *ret)
{
	const struct ynode *p = param_find(s, operation(s, r), query, name), *schema;
	json_t *v;
	int rc;

	if (p == NULL)
		p = param_find(s, path_item(s, r), query, name);
	*ret = (struct api_fault){ .field = "" };
	snprintf(ret->field, sizeof ret->field, SL_FMT, (int)(name.n < 100 ? name.n : 100), name.p);
	if (p == NULL) {
		snprintf(ret->text, sizeof ret->text, "unknown parameter");
		return E_NOTFOUND;
	}
	schema = resolve(s, y_get(p, SL("schema")));
	v = param_value(schema, value);
	if (v == NULL) {
		snprintf(ret->text, sizeof ret->text, "not UTF-8");
		return E_TYPE;
	}
	struct api_fault inner;

	rc = check_top(s, schema, v, &inner);
	json_decref(v);
	if (rc != 0)
		memcpy(ret->text, inner.text, sizeof ret->text);
	return rc;
}

int
api_spec_check_answer(const struct api_spec *s, const struct api_route *r, unsigned status, const json_t *body,
                      struct api_fault *ret)
{
	const struct ynode *answers = y_get(operation(s, r), SL("responses")), *a, *content, *schema;
	char code[8];

	*ret = (struct api_fault){ .field = "" };
	snprintf(code, sizeof code, "%u", status);
	a = resolve(s, y_get(answers, slice_str(code)));
	if (a == NULL && status >= 400) /* any operation may be refused */
		a = y_get(y_get(y_get(s->root, SL("components")), SL("responses")), SL("Problem"));
	if (a == NULL) {
		snprintf(ret->text, sizeof ret->text, "status %u is not described", status);
		return E_NOTFOUND;
	}
	content = y_get(a, SL("content"));
	schema = y_get(y_get(content, status >= 400 ? SL("application/problem+json") : SL("application/json")),
	               SL("schema"));
	if (schema == NULL) {
		if (body == NULL || content != NULL)
			return 0;
		snprintf(ret->text, sizeof ret->text, "a body where none is described");
		return E_TYPE;
	}
	if (body == NULL) {
		snprintf(ret->text, sizeof ret->text, "no body");
		return E_TYPE;
	}
	return check_top(s, schema, body, ret);
}
