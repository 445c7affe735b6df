/* SPDX-License-Identifier: Apache-2.0
 *
 * Values into the open event.  The type comes from the field table or the file; a text that does not fit its
 * type is kept as text and counted (struct event, conflicts).
 */
#include "source/source_priv.h"

static void
give_type(struct event *e, uint8_t type, struct value *v)
{
	if (v->kind != VALUE_TEXT) {
		if (type == FT_KEYWORD || type == FT_TEXT)
			v->kind = v->kind == VALUE_TIME || v->kind == VALUE_NULL ? v->kind : VALUE_TEXT;
		else if (type == FT_DOUBLE && v->kind == VALUE_LONG)
			v->kind = VALUE_DOUBLE, v->f = (double)v->i;
		return;
	}
	if (type == FT_LONG) {
		if (slice_i64(slice_of(v->p, v->n), &v->i))
			v->kind = VALUE_LONG;
		else
			e->conflicts++;
	} else if (type == FT_DOUBLE) {
		double f;

		if (value_number(v, &f))
			v->kind = VALUE_DOUBLE, v->f = f;
		else
			e->conflicts++;
	} else if (type == FT_BOOL) {
		struct slice s = { v->p, v->n };
		bool yes = slice_eq_nocase(s, SL("true")) || slice_eq(s, SL("1")) || slice_eq_nocase(s, SL("T"));
		bool no = slice_eq_nocase(s, SL("false")) || slice_eq(s, SL("0")) || slice_eq_nocase(s, SL("F"));

		if (yes || no)
			v->kind = VALUE_BOOL, v->i = yes;
		else
			e->conflicts++;
	}
}

static bool
same_value(const struct value *a, const struct value *b)
{
	return a->kind == b->kind && a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0)
	       && (a->kind != VALUE_TIME || a->i == b->i);
}

/* Decimal text of v in the event's arena. */
struct slice
source_long_text(struct source_worker *w, int64_t v)
{
	char *p = arena_alloc(w->e->arena, I64_TEXT_MAX), *at = slice_put_i64(p + I64_TEXT_MAX, v);

	return slice_of(at, (size_t)(p + I64_TEXT_MAX - at));
}

#define CHAIN_MAX 1024 /* values of one field; the line holds the rest */

static void
chain(struct event *e, struct value *first, const struct value *v, bool unique)
{
	struct value *more;
	int n = 0;

	for (;; first = first->next) {
		if (unique && same_value(first, v))
			return;
		if (first->next == NULL || ++n == CHAIN_MAX)
			break;
	}
	if (first->next != NULL) {
		e->extra_lost++;
		return;
	}
	more = arena_alloc(e->arena, sizeof *more);
	*more = *v;
	more->next = NULL;
	first->next = more;
}

static struct value *
extra_of(struct event *e, const char *interned)
{
	for (uint32_t i = 0; i < e->extra_n; i++)
		if (e->extra[i].key.p == interned)
			return &e->extra[i].value;
	return NULL;
}

static void
write_value(struct value *at, const struct value *v)
{
	at->p = v->p;
	at->n = v->n;
	at->kind = v->kind;
	at->i = v->i;
	at->next = NULL;
}

void
source_put_value(struct source_worker *w, const struct target *t, const struct value *from)
{
	struct event *e = w->e;
	struct value v, *at;

	write_value(&v, from);
	give_type(e, t->type, &v);
	if (t->slot >= 0) {
		at = &e->slot[t->slot];
		if (event_has(e, t->slot)) {
			if (t->if_absent)
				return;
			if (t->add) {
				chain(e, at, &v, true);
				return;
			}
		}
		write_value(at, &v);
		bit_set(e->has, (size_t)t->slot);
		return;
	}
	at = extra_of(e, t->name.p);
	if (at != NULL) {
		if (t->add)
			chain(e, at, &v, true);
		else if (!t->if_absent)
			write_value(at, &v);
		return;
	}
	at = event_extra_new(e, t->name);
	if (at != NULL)
		write_value(at, &v);
}

/* The hot way: whole text or number into a slot of its own. Fields are written one by one, because a struct built on
 * the stack and copied wider than it was stored costs a dozen cycles each time. */
void
source_put(struct source_worker *w, const struct target *t, struct slice v)
{
	if (t->slot >= 0 && !t->add && !t->if_absent) {
		struct value *at = &w->e->slot[t->slot];
		int64_t number;

		if (t->type <= FT_IP || (t->type == FT_LONG && source_digits(v.p, (uint32_t)v.n, &number))) {
			at->p = v.p;
			at->n = (uint32_t)v.n;
			at->next = NULL;
			at->kind = t->type == FT_LONG ? VALUE_LONG : VALUE_TEXT;
			if (t->type == FT_LONG)
				at->i = number;
			bit_set(w->e->has, (size_t)t->slot);
			return;
		}
	}
	source_put_value(w, t, &(struct value){ .p = v.p, .n = (uint32_t)v.n, .kind = VALUE_TEXT });
}
