/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps of the YAML files: blocks of what is done to the open event, in the order written.
 *
 *   - if: {event.code: [4624, 4625], user.name: {present: true}}
 *     set: {event.category: authentication}
 *   - switch: event.action
 *     cases: {accept|close: {set: {event.type: [connection, allowed]}}}
 *     default: {set: {event.type: [connection]}}
 */
#include "source/source_priv.h"

static const char *const block_keys[] = { "if", "unless", "set", "add", "unset", "fields", "join", "sum", "match", "of",
	                                  "switch", "cases", "default", "steps", "unparsed", "pattern", "then" };

static void
compile_any_of(struct compiler *c, struct test *t, const struct ynode *n)
{
	const struct ynode *item = n->kind == Y_SEQ ? n->child : n;
	struct vmap *m = vmap_new(&c->set->arena, n->kind == Y_SEQ ? n->count : 1);
	int32_t index;

	t->kind = T_ANY_OF;
	for (; item != NULL; item = n->kind == Y_SEQ ? item->next : NULL)
		vmap_put(m, source_scalar(c, item, "a value"), (struct slice){ NULL, 0 }, &index);
	t->set = m;
}

static void
compile_test(struct compiler *c, struct test *t, const struct ynode *n, bool negate)
{
	static const char *const keys[] = { "present", "starts", "ends", "has", "above" };
	const struct ynode *op = n->child;
	bool yes;

	t->slot = (int16_t)source_slot(c, n, n->key);
	t->negate = negate;
	if (n->kind != Y_MAP) {
		compile_any_of(c, t, n);
		return;
	}
	source_check_keys(c, n, keys, sizeof keys / sizeof *keys);
	if (op == NULL || op->next != NULL) {
		why_wanted(source_fault(c, n, "SRC-TEST"), "exactly one of present, starts, ends, has, above");
		return;
	}
	if (slice_eq(op->key, SL("present"))) {
		t->kind = T_PRESENT;
		if (!y_bool(op, &yes))
			why_wanted(source_fault(c, op, "SRC-BOOL"), "true or false");
		else if (!yes)
			t->negate = !t->negate;
	} else if (slice_eq(op->key, SL("above"))) {
		t->kind = T_ABOVE;
		if (!y_i64(op, &t->number))
			why_wanted(source_fault(c, op, "SRC-NUMBER"), "a whole number");
	} else {
		t->kind = slice_eq(op->key, SL("starts")) ? T_STARTS : slice_eq(op->key, SL("ends")) ? T_ENDS : T_HAS;
		t->text = source_scalar(c, op, "a text");
	}
}

static void
compile_tests(struct compiler *c, struct block *b, const struct ynode *n, bool negate)
{
	struct test *grown;

	if (n->kind != Y_MAP) {
		why_wanted(source_fault(c, n, "SRC-IF"), "a map of field: value");
		return;
	}
	grown = arena_array(&c->set->arena, struct test, b->tests_n + n->count);
	if (b->tests_n != 0)
		memcpy(grown, b->tests, b->tests_n * sizeof *grown);
	b->tests = grown;
	for (const struct ynode *v = n->child; v != NULL; v = v->next)
		compile_test(c, &b->tests[b->tests_n++], v, negate);
}

static struct op *
op_new(struct block *b, const struct ynode *n, enum op_kind kind)
{
	struct op *o = &b->ops[b->ops_n++];

	o->kind = (uint8_t)kind;
	o->line = n->line;
	return o;
}

static void
set_value(struct compiler *c, struct block *b, const struct ynode *n, struct slice name, bool add)
{
	struct op *o = op_new(b, n, OP_SET);
	struct slice text = source_scalar(c, n, "a value");
	bool yes;

	o->to = source_target(c, name);
	o->to.add = add;
	source_note_target(c, &o->to);
	o->value = (struct value){ .p = text.p, .n = (uint32_t)text.n, .kind = VALUE_TEXT };
	if (o->to.type == FT_KEYWORD && field_find(name) == FIELD_NONE && y_bool(n, &yes))
		o->to.type = FT_BOOL;
}

static void
compile_set(struct compiler *c, struct block *b, const struct ynode *map, bool add)
{
	if (map->kind != Y_MAP) {
		why_wanted(source_fault(c, map, "SRC-SET"), "a map of field: value");
		return;
	}
	for (const struct ynode *v = map->child; v != NULL; v = v->next) {
		if (v->kind == Y_SEQ) {
			bool more = add;

			for (const struct ynode *i = v->child; i != NULL; i = i->next, more = true)
				set_value(c, b, i, v->key, more);
		} else {
			set_value(c, b, v, v->key, add);
		}
	}
}

static void
compile_unset(struct compiler *c, struct block *b, const struct ynode *n)
{
	const struct ynode *i = n->kind == Y_SEQ ? n->child : n;

	for (; i != NULL; i = n->kind == Y_SEQ ? i->next : NULL)
		op_new(b, i, OP_UNSET)->slot = (int16_t)source_slot(c, i, source_scalar(c, i, "a field name"));
}

static void
compile_fields(struct compiler *c, struct block *b, const struct ynode *map)
{
	for (const struct ynode *v = map->child; v != NULL; v = v->next) {
		struct op *o = op_new(b, v, OP_FIELDS);

		o->slot = (int16_t)source_slot(c, v, v->key);
		o->acts = compile_actions(c, v);
	}
}

/* join: {'@timestamp': {from: [_date, _time], with: ' '}}; sum: {network.bytes: [source.bytes, …]} */
static void
compile_join(struct compiler *c, struct block *b, const struct ynode *map, bool sum)
{
	static const char *const keys[] = { "from", "with", "as", "format" };

	for (const struct ynode *v = map->child; v != NULL; v = v->next) {
		const struct ynode *from = v->kind == Y_MAP ? y_get(v, SL("from")) : v, *with, *as, *format;
		struct op *o = op_new(b, v, sum ? OP_SUM : OP_JOIN);
		struct action *a = arena_new(&c->set->arena, struct action);

		if (v->kind == Y_MAP)
			source_check_keys(c, v, keys, 4);
		if (from == NULL || from->kind != Y_SEQ) {
			why_wanted(source_fault(c, v, "SRC-JOIN"), "a list of fields%s", sum ? "" : " under \"from\"");
			continue;
		}
		o->slots = arena_array(&c->set->arena, int16_t, from->count);
		for (const struct ynode *i = from->child; i != NULL; i = i->next)
			o->slots[o->slots_n++] = (int16_t)source_slot(c, i, source_scalar(c, i, "a field name"));
		with = y_get(v, SL("with"));
		if (with != NULL)
			o->with = source_scalar(c, with, "a text");
		a->to = source_target(c, v->key);
		a->conv = a->to.type == FT_TIME ? CV_TIME : CV_TEXT;
		as = y_get(v, SL("as"));
		if (as != NULL && slice_eq(as->text, SL("time")))
			a->conv = CV_TIME;
		format = y_get(v, SL("format"));
		if (format != NULL && timefmt_find(format->text) >= 0)
			a->format = (uint8_t)timefmt_find(format->text);
		source_note_target(c, &a->to);
		o->to = a->to;
		if (sum)
			o->to.type = FT_LONG;
		source_note_target(c, &o->to);
		o->acts = (struct actions){ a, 1 };
	}
}

static void
compile_match(struct compiler *c, struct block *b, const struct ynode *block, const struct ynode *list)
{
	const struct ynode *of = y_get(block, SL("of"));
	struct op *o = op_new(b, list, OP_MATCH);

	o->slot = FIELD_NONE;
	if (of != NULL)
		o->slot = (int16_t)source_slot(c, of, source_scalar(c, of, "a field name"));
	o->patterns = compile_patterns(c, list);
}

static size_t
count_cases(const struct ynode *map)
{
	size_t n = 0;

	for (const struct ynode *v = map->child; v != NULL; v = v->next)
		for (size_t i = 0, more = 1; i <= v->key.n; i++, more = 0)
			n += more != 0 || (i < v->key.n && v->key.p[i] == '|');
	return n;
}

static void
compile_switch(struct compiler *c, struct block *b, const struct ynode *block, const struct ynode *on)
{
	const struct ynode *cases = y_get(block, SL("cases")), *other = y_get(block, SL("default"));
	struct op *o = op_new(b, on, OP_SWITCH);
	struct vmap *m;
	size_t count;

	o->slot = (int16_t)source_slot(c, on, source_scalar(c, on, "a field name"));
	if (cases == NULL || cases->kind != Y_MAP) {
		why_wanted(source_fault(c, on, "SRC-SWITCH"), "\"cases\" beside \"switch\": a map of value: block");
		return;
	}
	count = count_cases(cases);
	o->blocks = arena_array(&c->set->arena, struct block *, count + 1);
	m = vmap_new(&c->set->arena, count);
	o->cases = m;
	for (const struct ynode *v = cases->child; v != NULL; v = v->next) {
		struct block *then = compile_block(c, v);
		struct slice keys = arena_dup(&c->set->arena, v->key);

		do {
			struct slice one = slice_cut(&keys, '|');
			int32_t i;

			if (!vmap_put(m, one, (struct slice){ NULL, 0 }, &i))
				why_found(source_key_fault(c, v, "SRC-CASE"), "a second case " SL_FMT, SL_ARG(one));
			o->blocks[i] = then;
		} while (keys.p != NULL);
	}
	if (other != NULL)
		o->otherwise = compile_block(c, other);
}

static void
compile_key(struct compiler *c, struct block *b, const struct ynode *block, const struct ynode *v)
{
	if (slice_eq(v->key, SL("set")) || slice_eq(v->key, SL("add")))
		compile_set(c, b, v, v->key.p[0] == 'a');
	else if (slice_eq(v->key, SL("unset")))
		compile_unset(c, b, v);
	else if (slice_eq(v->key, SL("fields")))
		compile_fields(c, b, v);
	else if (slice_eq(v->key, SL("join")) || slice_eq(v->key, SL("sum")))
		compile_join(c, b, v, v->key.p[0] == 's');
	else if (slice_eq(v->key, SL("match")))
		compile_match(c, b, block, v);
	else if (slice_eq(v->key, SL("switch")))
		compile_switch(c, b, block, v);
	else if (slice_eq(v->key, SL("unparsed")))
		op_new(b, v, OP_UNPARSED);
	else if (slice_eq(v->key, SL("steps")))
		op_new(b, v, OP_BLOCK)->otherwise = compile_steps(c, v);
}

static size_t
count_ops(const struct ynode *n)
{
	size_t ops = 0;

	for (const struct ynode *v = n->child; v != NULL; v = v->next) {
		ops += 1 + v->count;
		for (const struct ynode *i = v->child; i != NULL; i = i->next)
			ops += i->count;
	}
	return ops;
}

static struct block *
block_new(struct compiler *c, const struct ynode *n, size_t ops)
{
	struct block *b = arena_new(&c->set->arena, struct block);

	b->ops = arena_array(&c->set->arena, struct op, ops + 1);
	b->id = c->set->blocks++;
	b->line = n->line;
	vec_push(&c->set->block_lines, (struct block_place){ n->line, c->set->sources });
	return b;
}

struct block *
compile_block(struct compiler *c, const struct ynode *n)
{
	struct block *b;

	if (n->kind == Y_SEQ)
		return compile_steps(c, n);
	b = block_new(c, n, count_ops(n));
	if (y_is_null(n))
		return b;
	if (n->kind != Y_MAP) {
		why_wanted(source_fault(c, n, "SRC-BLOCK"), "a map such as {set: {event.category: network}}");
		return b;
	}
	source_check_keys(c, n, block_keys, sizeof block_keys / sizeof *block_keys);
	for (const struct ynode *v = n->child; v != NULL; v = v->next)
		if (slice_eq(v->key, SL("if")) || slice_eq(v->key, SL("unless")))
			compile_tests(c, b, v, v->key.p[0] == 'u');
	for (const struct ynode *v = n->child; v != NULL; v = v->next)
		compile_key(c, b, n, v);
	return b;
}

struct block *
compile_steps(struct compiler *c, const struct ynode *list)
{
	struct block *b;

	if (list->kind == Y_MAP)
		return compile_block(c, list);
	b = block_new(c, list, list->count);
	if (list->kind != Y_SEQ) {
		why_wanted(source_fault(c, list, "SRC-STEPS"), "a list of blocks");
		return b;
	}
	for (const struct ynode *v = list->child; v != NULL; v = v->next)
		op_new(b, v, OP_BLOCK)->otherwise = compile_block(c, v);
	return b;
}

static void
compile_pat(struct compiler *c, struct pat *p, const struct ynode *n)
{
	const struct ynode *text = n->kind == Y_MAP ? y_get(n, SL("pattern")) : n;
	const char *why;
	size_t at;

	p->line = n->line;
	if (text == NULL || text->kind != Y_SCALAR) {
		why_wanted(source_fault(c, n, "SRC-PATTERN"), "a pattern");
		return;
	}
	if (pattern_compile(text->text, &c->set->arena, &p->p, &at, &why) != 0) {
		struct why *w = source_fault(c, text, "SRC-PATTERN");

		w->col += (unsigned)at;
		why_found(w, SL_FMT, SL_ARG(slice_sub(text->text, at, at + 40)));
		why_wanted(w, "%s", why);
		return;
	}
	p->prefix = pattern_prefix(p->p);
	p->caps = arena_array(&c->set->arena, struct actions, (size_t)pattern_captures(p->p) + 1);
	for (int i = 0; i < pattern_captures(p->p); i++) {
		struct ynode name = { .kind = Y_SCALAR, .line = text->line, .col = text->col,
			              .text = pattern_capture_name(p->p, i) };
		const struct ynode *fields = n->kind == Y_MAP ? y_get(n, SL("fields")) : NULL;
		const struct ynode *spec = fields != NULL ? y_get(fields, name.text) : NULL;

		p->caps[i] = compile_actions(c, spec != NULL ? spec : &name);
	}
	p->then = block_new(c, n, n->kind == Y_MAP ? count_ops(n) : 0);
	if (n->kind != Y_MAP)
		return;
	source_check_keys(c, n, block_keys, sizeof block_keys / sizeof *block_keys);
	for (const struct ynode *v = n->child; v != NULL; v = v->next)
		if (!slice_eq(v->key, SL("fields")))
			compile_key(c, p->then, n, v);
}

struct patterns *
compile_patterns(struct compiler *c, const struct ynode *list)
{
	struct patterns *ps = arena_new(&c->set->arena, struct patterns);
	const struct ynode *n = list->kind == Y_SEQ ? list->child : list;
	size_t count = list->kind == Y_SEQ ? list->count : 1;

	ps->v = arena_array(&c->set->arena, struct pat, count);
	for (; n != NULL; n = list->kind == Y_SEQ ? n->next : NULL)
		compile_pat(c, &ps->v[ps->n++], n);
	for (int b = 0; b < 256; b++) {
		size_t k = 0;

		ps->bucket[b] = arena_array(&c->set->arena, uint16_t, ps->n + 1);
		for (size_t i = 0; i < ps->n; i++)
			if (ps->v[i].p != NULL && (ps->v[i].prefix.n == 0 || (unsigned char)ps->v[i].prefix.p[0] == b))
				ps->bucket[b][k++] = (uint16_t)i;
		ps->bucket[b][k] = 0xffff;
	}
	return ps;
}
