/* SPDX-License-Identifier: Apache-2.0
 *
 * Predicates.  Equal predicates of different rules are one: `Image|endswith '\powershell.exe'` stands in
 * hundreds of rules and is decided once an event.  The key of equality is everything eval.c reads.
 */
#include <stdlib.h>

#include "base/must.h"
#include "sigma/sigma_priv.h"

static void
key_u32(struct buf *b, uint32_t v)
{
	buf_put(b, &v, sizeof v);
}

static void
key_slice(struct buf *b, struct slice s)
{
	key_u32(b, (uint32_t)s.n);
	buf_put_slice(b, s);
}

static struct slice
pred_key(struct buf *b, const struct pred *p, struct slice re)
{
	uint8_t head[5] = { p->op, p->cased, p->part, p->ref_op, p->bits };

	buf_clear(b);
	buf_put(b, head, sizeof head);
	key_u32(b, p->vf);
	key_u32(b, p->vf2);
	key_slice(b, p->lit);
	buf_put(b, &p->num, sizeof p->num);
	key_slice(b, re);
	for (size_t i = 0; i < p->pat.n; i++) {
		key_u32(b, p->pat.v[i].kind);
		key_slice(b, p->pat.v[i].lit);
	}
	for (uint32_t i = 0; i < p->member_n; i++)
		key_u32(b, p->members[i]);
	return buf_slice(b);
}

static struct pat
pat_dup(struct arena *a, const struct pat *p)
{
	struct pat ret = { arena_alloc(a, p->n * sizeof(struct tok) + 1), p->n };

	for (size_t i = 0; i < p->n; i++)
		ret.v[i] = (struct tok){ p->v[i].kind, arena_dup(a, p->v[i].lit) };
	return ret;
}

/* A trigger is a scanned `contains` of the longest piece: without it the predicate cannot hold. */
static uint32_t
trigger_of(struct comp *c, const struct pred *p)
{
	struct slice best = { 0 };
	char *folded;
	uint32_t id;
	struct pred t = { .op = OP_CONTAINS, .vf = p->vf, .vf2 = NONE, .trigger = NONE };

	if (p->op == OP_REGEX)
		best = regex_literal(&c->tmp, p->shown);
	else if (p->op == OP_GLOB || p->op == OP_LIST)
		for (size_t i = 0; i < p->pat.n; i++)
			best = p->pat.v[i].kind == T_LIT && p->pat.v[i].lit.n > best.n ? p->pat.v[i].lit : best;
	else if (p->cased && p->op <= OP_CONTAINS)
		best = p->lit;
	if (best.n < LITERAL_MIN)
		return NONE;
	folded = arena_alloc(&c->tmp, best.n * 3 / 2 + 8);
	t.lit = slice_of(folded, text_fold(folded, best.p, best.n));
	t.shown = t.lit;
	id = pred_intern(c, &t);
	c->set->preds.v[id].scanned = true;
	return id;
}

/* endswith '\\name': holds exactly when the last component of the value is it. */
bool
pred_is_tail(const struct pred *p)
{
	return p->op == OP_SUFFIX && !p->cased && p->vf != 0 && p->lit.n > 1 && p->lit.p[0] == '\\' &&
	       memchr(p->lit.p + 1, '\\', p->lit.n - 1) == NULL;
}

/* What stands in so many events that looking for it everywhere costs more than comparing it when a
 * candidate asks; unless it is some rule's witness. */
static bool
is_scanned(const struct pred *p)
{
	if (p->op == OP_HAS)
		return true;
	if (p->op == OP_GROUP)
		return false;
	if (p->op == OP_NUMBER)
		return p->part == PART_NONE && p->vf != 0 && p->num > -9e15 && p->num < 9e15 &&
		       p->num == (double)(int64_t)p->num;
	if (p->cased)
		return false;
	if (p->op == OP_EXACT)
		return p->vf != 0;
	return pred_is_tail(p) || (p->op == OP_CONTAINS && p->lit.n >= LITERAL_RARE && !text_is_common(p->lit));
}

uint32_t
pred_intern(struct comp *c, const struct pred *want)
{
	struct sigma_set *set = c->set;
	bool is_new;
	struct slice re = want->op == OP_REGEX ? want->shown : (struct slice){ 0 };
	struct map_slot *m = map_put(&c->pred_ids, pred_key(&c->key, want, re), &is_new);
	struct pred p = *want;
	uint32_t id, trigger;

	if (!is_new) {
		if (want->re != NULL && want->re != set->preds.v[m->u].re)
			regex_free(want->re);
		return (uint32_t)m->u;
	}
	id = (uint32_t)set->preds.n;
	m->u = id;
	p.lit = arena_dup(&set->arena, want->lit);
	p.pat = pat_dup(&set->arena, &want->pat);
	p.shown = arena_dup(&set->arena, want->shown);
	p.trigger = NONE;
	p.scanned = is_scanned(&p);
	if (p.member_n != 0) {
		p.members = arena_alloc(&set->arena, p.member_n * sizeof *p.members);
		memcpy(p.members, want->members, p.member_n * sizeof *p.members);
	}
	vec_push(&set->preds, p);
	if (!p.scanned && p.op != OP_GROUP && (trigger = trigger_of(c, &p)) != NONE)
		set->preds.v[id].trigger = trigger;
	return id;
}

/* Drops what changes nothing and tells the simple forms from the general glob. */
uint32_t
pred_pattern(struct comp *c, uint32_t vf, struct pat p, bool cased, struct slice shown)
{
	struct pred want = { .vf = vf, .vf2 = NONE, .cased = cased, .shown = shown };
	bool head = p.n != 0 && p.v[0].kind == T_ANY, tail = p.n > 1 && p.v[p.n - 1].kind == T_ANY;
	struct pat mid = { head ? p.v + 1 : p.v, p.n - head - tail };
	bool list = false;

	for (size_t i = 0; i < p.n; i++)
		list |= p.v[i].kind == T_LIST;
	if (!cased)
		for (size_t i = 0; i < p.n; i++)
			p.v[i].lit = p.v[i].kind == T_LIT ? text_fold_dup(&c->tmp, p.v[i].lit) : p.v[i].lit;
	if (list) {
		want.op = OP_LIST;
		want.pat = p;
	} else if (p.n == 1 && head) {
		want.op = OP_ANYVALUE;
	} else if (pat_is_plain(&mid)) {
		want.op = head && tail ? OP_CONTAINS : head ? OP_SUFFIX : tail ? OP_PREFIX : OP_EXACT;
		want.lit = pat_plain(&c->tmp, &mid);
	} else {
		want.op = OP_GLOB;
		want.pat = p;
	}
	return pred_intern(c, &want);
}

const char *
pred_test_name(const struct pred *p)
{
	static const char *const names[] = { "equals", "startswith", "endswith", "contains", "matches", "re", "cidr",
		"equals", "lt", "lte", "gt", "gte", "exists", "null", "any value", "fieldref", "expand", "exists", "any of" };

	return names[p->op];
}

uint32_t
list_id(struct comp *c, struct slice name)
{
	bool is_new;
	struct map_slot *m = map_put(&c->list_ids, name, &is_new);

	if (is_new) {
		m->u = c->set->list_names.n;
		vec_push(&c->set->list_names, arena_dup(&c->set->arena, name));
	}
	return (uint32_t)m->u;
}

struct node *
node_new(struct comp *c, enum node_kind kind, struct node *child)
{
	struct node *n = arena_new(&c->set->arena, struct node);

	n->kind = kind;
	n->child = child;
	n->pred = NONE;
	return n;
}

struct node *
node_leaf(struct comp *c, uint32_t pred)
{
	struct node *n = node_new(c, N_LEAF, NULL);

	n->pred = pred;
	c->set->preds.v[pred].refs++;
	c->leaves++;
	return n;
}
