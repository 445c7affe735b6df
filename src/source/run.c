/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs compiled blocks over the open event.
 */
#include "source/source_priv.h"

static bool
test_holds(const struct event *e, const struct test *t)
{
	const struct value *v;
	struct slice s;
	double number;

	if (!event_has(e, t->slot))
		return t->negate;
	v = &e->slot[t->slot];
	s = slice_of(v->p, v->kind == VALUE_TIME || v->kind == VALUE_NULL ? 0 : v->n);
	switch (t->kind) {
	case T_PRESENT:
		return !t->negate;
	case T_ANY_OF:
		return (vmap_find(t->set, s) >= 0) != t->negate;
	case T_STARTS:
		return slice_starts(s, t->text) != t->negate;
	case T_ENDS:
		return slice_ends(s, t->text) != t->negate;
	case T_HAS:
		return (slice_find_slice(s, t->text) >= 0) != t->negate;
	default:
		return (value_number(v, &number) && number > (double)t->number) != t->negate;
	}
}

static void
run_fields(struct source_worker *w, const struct op *o)
{
	struct event *e = w->e;

	if (!event_has(e, o->slot))
		return;
	if (e->slot[o->slot].next == NULL && e->slot[o->slot].kind == VALUE_TEXT) {
		struct slice text = slice_of(e->slot[o->slot].p, e->slot[o->slot].n);

		source_acts(w, &o->acts, text);
		return;
	}
	for (const struct value *v = &e->slot[o->slot]; v != NULL; v = v->next) {
		if (v->kind == VALUE_TIME || v->kind == VALUE_NULL) {
			for (uint16_t i = 0; i < o->acts.n; i++)
				source_put_value(w, &o->acts.v[i].to, v);
			continue;
		}
		for (uint16_t i = 0; i < o->acts.n; i++) {
			const struct action *a = &o->acts.v[i];

			/* A copy keeps the number that was parsed already. */
			if (a->conv == CV_TEXT && a->map == NULL && a->strip.n == 0)
				source_put_value(w, &a->to, v);
			else
				source_act(w, a, slice_of(v->p, v->n));
		}
	}
}

static void
run_join(struct source_worker *w, const struct op *o)
{
	struct event *e = w->e;
	size_t n = 0, room = 1;
	char *out;

	for (uint16_t i = 0; i < o->slots_n; i++) {
		if (!event_has(e, o->slots[i]) || e->slot[o->slots[i]].p == NULL)
			return;
		room += e->slot[o->slots[i]].n + o->with.n;
	}
	out = arena_alloc(e->arena, room);
	for (uint16_t i = 0; i < o->slots_n; i++) {
		const struct value *v = &e->slot[o->slots[i]];

		if (i != 0 && o->with.n != 0) {
			memcpy(out + n, o->with.p, o->with.n);
			n += o->with.n;
		}
		memcpy(out + n, v->p, v->n);
		n += v->n;
	}
	source_acts(w, &o->acts, slice_of(out, n));
}

static void
run_sum(struct source_worker *w, const struct op *o)
{
	struct event *e = w->e;
	struct value v = { .kind = VALUE_TIME };
	int64_t sum = 0;
	bool is_time = false;

	for (uint16_t i = 0; i < o->slots_n; i++) {
		const struct value *one = &e->slot[o->slots[i]];

		if (!event_has(e, o->slots[i]) || (one->kind != VALUE_LONG && one->kind != VALUE_TIME)
		    || __builtin_add_overflow(sum, one->i, &sum))
			return;
		is_time |= one->kind == VALUE_TIME;
	}
	v.i = sum;
	if (!is_time) {
		struct slice text = source_long_text(w, sum);

		v.p = text.p;
		v.n = (uint32_t)text.n;
		v.kind = VALUE_LONG;
	}
	source_put_value(w, &o->to, &v);
}

static void
run_switch(struct source_worker *w, const struct op *o)
{
	struct event *e = w->e;
	const struct block *b = o->otherwise;

	if (event_has(e, o->slot)) {
		const struct value *v = &e->slot[o->slot];
		int32_t i = v->p != NULL ? vmap_find(o->cases, slice_of(v->p, v->n)) : -1;

		if (i >= 0)
			b = o->blocks[i];
	}
	if (b != NULL)
		source_run(w, b);
}

bool
source_match(struct source_worker *w, const struct patterns *ps, struct slice text)
{
	struct slice caps[PATTERN_CAPTURES_MAX];

	if (text.n == 0)
		return false;
	for (const uint16_t *k = ps->bucket[(unsigned char)text.p[0]]; *k != 0xffff; k++) {
		const struct pat *p = &ps->v[*k];

		if (!slice_starts(text, p->prefix) || !pattern_match(p->p, text, caps))
			continue;
		for (int i = 0; i < pattern_captures(p->p); i++)
			if (caps[i].p != NULL && (caps[i].n != 0 || p->caps[i].v[0].map != NULL)
			    && vmap_find(w->wf->form->empty, caps[i]) < 0)
				source_acts(w, &p->caps[i], caps[i]);
		source_run(w, p->then);
		return true;
	}
	return false;
}

static void
run_op(struct source_worker *w, const struct op *o)
{
	switch (o->kind) {
	case OP_SET:
		if (o->to.slot >= 0 && !o->to.add && o->to.type <= FT_IP) {
			w->e->slot[o->to.slot] = o->value;
			bit_set(w->e->has, (size_t)o->to.slot);
		} else {
			source_put_value(w, &o->to, &o->value);
		}
		break;
	case OP_UNSET:
		event_unset(w->e, o->slot);
		break;
	case OP_FIELDS:
		run_fields(w, o);
		break;
	case OP_JOIN:
		run_join(w, o);
		break;
	case OP_SUM:
		run_sum(w, o);
		break;
	case OP_MATCH:
		if (o->slot == FIELD_NONE)
			source_match(w, o->patterns, w->head.body);
		else if (event_has(w->e, o->slot))
			source_match(w, o->patterns, event_text(w->e, o->slot));
		break;
	case OP_BLOCK:
		source_run(w, o->otherwise);
		break;
	case OP_SWITCH:
		run_switch(w, o);
		break;
	default: /* OP_UNPARSED */
		w->failed = true;
	}
}

bool
source_holds(const struct event *e, const struct block *b)
{
	for (uint16_t i = 0; i < b->tests_n; i++)
		if (!test_holds(e, &b->tests[i]))
			return false;
	return true;
}

void
source_run(struct source_worker *w, const struct block *b)
{
	if (!source_holds(w->e, b))
		return;
	if (w->covered != NULL && b->id != UINT32_MAX)
		bit_set(w->covered, b->id);
	for (uint16_t i = 0; i < b->ops_n; i++)
		run_op(w, &b->ops[i]);
}
