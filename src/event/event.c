/* SPDX-License-Identifier: Apache-2.0 */
#include "event/event.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"
#include "codec/jsonw.h"
#include "event/fieldset.h"

void
event_init(struct event *e, const struct fieldset *fs, struct arena *a)
{
	memset(e, 0, offsetof(struct event, slot));
	e->fields = fs;
	e->arena = a;
}

void
event_reset(struct event *e, struct slice line, int64_t received_ns)
{
	memset(e->has, 0, sizeof e->has);
	e->line = line;
	e->received_ns = received_ns;
	/* The arena may have been reset since the last line, so the extras' room is taken anew. */
	e->extra = NULL;
	e->extra_n = e->extra_cap = e->extra_lost = e->conflicts = 0;
	e->sealed = false;
}

void
event_seal(struct event *e)
{
	must(!e->sealed);
	e->sealed = true;
}

/* Could strtod read all of it as a number, decimal or 0x…? Addresses and dates, which begin like numbers, could not. */
static bool
looks_numeric(struct slice s)
{
	unsigned dots = 0;

	if (s.n > 2 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x') {
		for (size_t i = 2; i < s.n; i++)
			if (!((s.p[i] >= '0' && s.p[i] <= '9') || ((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'f')))
				return false;
		return true;
	}
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		dots += c == '.';
		if (!((c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-') || dots > 1)
			return false;
	}
	return s.n != 0 && s.p[0] != 'e' && s.p[0] != 'E';
}

static bool
text_number(struct slice s, double *ret)
{
	char tmp[64], *end;
	int64_t i;

	if (slice_i64(s, &i)) {
		*ret = (double)i;
		return true;
	}
	if (s.n >= sizeof tmp || !looks_numeric(s))
		return false;
	memcpy(tmp, s.p, s.n);
	tmp[s.n] = '\0';
	*ret = strtod(tmp, &end);
	return end == tmp + s.n;
}

bool
value_number(const struct value *v, double *ret)
{
	switch (v->kind) {
	case VALUE_LONG:
		*ret = (double)v->i;
		return true;
	case VALUE_DOUBLE:
		*ret = v->f;
		return true;
	case VALUE_TEXT:
		return text_number((struct slice){ v->p, v->n }, ret);
	default:
		return false;
	}
}

/* Gives v the number its field's type asks for, or counts a conflict. */
static void
set_type(struct event *e, enum field_type type, struct value *v)
{
	struct slice s = { v->p, v->n };

	switch (type) {
	case FT_LONG:
		if (slice_i64(s, &v->i))
			v->kind = VALUE_LONG;
		else
			e->conflicts++;
		break;
	case FT_DOUBLE:
		if (text_number(s, &v->f))
			v->kind = VALUE_DOUBLE;
		else
			e->conflicts++;
		break;
	case FT_BOOL:
		if (slice_eq_nocase(s, SL("true")) || slice_eq(s, SL("1")))
			v->i = 1, v->kind = VALUE_BOOL;
		else if (slice_eq_nocase(s, SL("false")) || slice_eq(s, SL("0")))
			v->i = 0, v->kind = VALUE_BOOL;
		else
			e->conflicts++;
		break;
	default:
		break;
	}
}

void
event_set_typed(struct event *e, int id, struct slice v)
{
	event_set(e, id, v);
	if (id < FIELD_COUNT)
		set_type(e, field_table[id].type, &e->slot[id]);
}

void
event_set_long(struct event *e, int id, int64_t v)
{
	char *p = arena_alloc(e->arena, I64_TEXT_MAX), *at = slice_put_i64(p + I64_TEXT_MAX, v);

	event_set(e, id, slice_of(at, (size_t)(p + I64_TEXT_MAX - at)));
	e->slot[id].kind = VALUE_LONG;
	e->slot[id].i = v;
}

void
event_set_bool(struct event *e, int id, bool v)
{
	event_set(e, id, v ? SL("true") : SL("false"));
	e->slot[id].kind = VALUE_BOOL;
	e->slot[id].i = v;
}

void
event_set_time(struct event *e, int id, int64_t ns)
{
	e->slot[id] = (struct value){ .kind = VALUE_TIME, .i = ns };
	bit_set(e->has, (size_t)id);
}

static void
chain_append(struct event *e, struct value *first, struct value v)
{
	struct value *more = arena_alloc(e->arena, sizeof *more);

	*more = v;
	more->next = NULL;
	while (first->next != NULL)
		first = first->next;
	first->next = more;
}

void
event_add(struct event *e, int id, struct slice v)
{
	struct value one = { .p = v.p, .n = (uint32_t)v.n, .kind = VALUE_TEXT };

	if (!event_has(e, id)) {
		event_set_typed(e, id, v);
		return;
	}
	if (id < FIELD_COUNT)
		set_type(e, field_table[id].type, &one);
	chain_append(e, &e->slot[id], one);
}

static struct extra *
extra_find(const struct event *e, struct slice name)
{
	for (uint32_t i = 0; i < e->extra_n; i++)
		if (slice_eq(e->extra[i].key, name))
			return &e->extra[i];
	return NULL;
}

static struct extra *
extra_new(struct event *e, struct slice name)
{
	if (e->extra_n == EVENT_EXTRA_MAX) {
		e->extra_lost++;
		return NULL;
	}
	if (e->extra_n == e->extra_cap) {
		uint32_t cap = e->extra_cap != 0 ? e->extra_cap * 2 : 32;
		struct extra *grown = arena_alloc(e->arena, cap * sizeof *grown);

		if (e->extra_n != 0)
			memcpy(grown, e->extra, e->extra_n * sizeof *grown);
		e->extra = grown;
		e->extra_cap = cap;
	}
	e->extra[e->extra_n] = (struct extra){ .key = name };
	return &e->extra[e->extra_n++];
}

struct value *
event_extra_new(struct event *e, struct slice name)
{
	struct extra *x = extra_new(e, name);

	return x != NULL ? &x->value : NULL;
}

void
event_set_named(struct event *e, struct slice name, struct slice v)
{
	int id = fieldset_find(e->fields, name);
	struct extra *x;

	if (id != FIELD_NONE) {
		event_set_typed(e, id, v);
		return;
	}
	x = extra_new(e, name);
	if (x != NULL)
		x->value = (struct value){ .p = v.p, .n = (uint32_t)v.n, .kind = VALUE_TEXT };
}

void
event_add_named(struct event *e, struct slice name, struct slice v)
{
	int id = fieldset_find(e->fields, name);
	struct extra *x = id == FIELD_NONE ? extra_find(e, name) : NULL;

	if (id != FIELD_NONE)
		event_add(e, id, v);
	else if (x != NULL)
		chain_append(e, &x->value, (struct value){ .p = v.p, .n = (uint32_t)v.n, .kind = VALUE_TEXT });
	else
		event_set_named(e, name, v);
}

const struct value *
event_find(const struct event *e, struct slice name)
{
	int id = fieldset_find(e->fields, name);
	const struct extra *x;

	if (id != FIELD_NONE)
		return event_get(e, id);
	x = extra_find(e, name);
	return x != NULL ? &x->value : NULL;
}

static void
put_one(struct buf *out, const struct value *v)
{
	char when[40];

	switch (v->kind) {
	case VALUE_LONG:
		buf_printf(out, "%lld", (long long)v->i);
		break;
	case VALUE_DOUBLE:
		jsonw_double(out, v->f);
		break;
	case VALUE_BOOL:
		buf_put_str(out, v->i != 0 ? "true" : "false");
		break;
	case VALUE_TIME:
		jsonw_string(out, slice_of(when, time_format_rfc3339(when, v->i, v->i % NS_PER_MS != 0 ? 6 : 3)));
		break;
	case VALUE_NULL:
		buf_put_str(out, "null");
		break;
	default:
		jsonw_string(out, (struct slice){ v->p, v->n });
	}
}

static void
put_value(struct buf *out, struct slice name, const struct value *v)
{
	jsonw_key(out, name);
	if (v->next == NULL) {
		put_one(out, v);
		return;
	}
	buf_put_byte(out, '[');
	for (; v != NULL; v = v->next) {
		jsonw_comma(out);
		put_one(out, v);
	}
	buf_put_byte(out, ']');
}

void
event_to_json(const struct event *e, struct buf *out)
{
	buf_put_byte(out, '{');
	for (size_t w = 0; w < EVENT_WORDS; w++) {
		for (uint64_t left = e->has[w]; left != 0; left &= left - 1) {
			int id = (int)(w * 64) + __builtin_ctzll(left);

			put_value(out, fieldset_name(e->fields, id), &e->slot[id]);
		}
	}
	for (uint32_t i = 0; i < e->extra_n; i++)
		put_value(out, e->extra[i].key, &e->extra[i].value);
	buf_put_byte(out, '}');
}
