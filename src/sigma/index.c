/* SPDX-License-Identifier: Apache-2.0
 *
 * From trees to what runs: groups, witnesses, scan tables, programs.
 *
 * Group: the scanned alternatives of an OR become one predicate, so that a list of two hundred file names
 * is one instruction, decided by looking at their marks.  Witness: a set of scanned predicates of which at least one holds whenever the rule matches
 *     leaf  itself, or its trigger, or that its field is there      and  the cheapest child's
 *     or    all children's together, none if any has none            not  none
 * Cost is the expected number of hits: short, common and often named texts are dear.  Rules without a
 * witness run on every event of their routes.  Program: one instruction per leaf, each with the next place for
 * yes and for no; no recursion at run time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "sigma/sigma_priv.h"

#define TABLE_LITERALS 64u

struct witness {
	bool any;
	double cost;
	uint32_t *v;
	size_t n;
};

struct posting {
	uint32_t pred, rule;
};

struct build {
	struct comp *c;
	struct sigma_set *set;
	VEC(struct posting) posts;
	VEC(struct exact_slot) exact;    /* before they are put in the table; first = pred, n = number */
	VEC(struct lit_entry) present;
	struct lit_raw {
		struct slice text;
		struct lit_entry e;
		uint32_t table;
	} *lits;
	size_t lit_n, lit_cap;
};

/* ---- simpler trees ---- */

static struct node *simplify(struct build *b, const struct node *n);

static struct node *
tmp_node(struct build *b, enum node_kind kind)
{
	struct node *n = arena_new(&b->c->tmp, struct node);

	n->kind = kind;
	n->pred = NONE;
	return n;
}

static int
cmp_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static struct node *
group_leaf(struct build *b, uint32_t *v, size_t n)
{
	struct pred p = { .op = OP_GROUP, .vf = NONE, .vf2 = NONE, .members = v };
	struct node *leaf = tmp_node(b, N_LEAF);
	size_t k = 0;

	qsort(v, n, sizeof *v, cmp_u32);
	for (size_t i = 0; i < n; i++)
		if (k == 0 || v[k - 1] != v[i])
			v[k++] = v[i];
	p.member_n = (uint32_t)k;
	leaf->pred = k == 1 ? v[0] : pred_intern(b->c, &p);
	return leaf;
}

static void
collect_group(struct build *b, struct node *or)
{
	struct node **link = &or->child;
	size_t count = 0, n = 0;
	uint32_t *v;

	for (struct node *i = or->child; i != NULL; i = i->next)
		count += i->kind == N_LEAF && b->set->preds.v[i->pred].scanned && b->set->preds.v[i->pred].op != OP_GROUP;
	if (count < 2)
		return;
	v = arena_alloc(&b->c->tmp, count * sizeof *v);
	while (*link != NULL) {
		const struct pred *p = (*link)->kind == N_LEAF ? &b->set->preds.v[(*link)->pred] : NULL;

		if (p != NULL && p->scanned && p->op != OP_GROUP) {
			v[n++] = (*link)->pred;
			*link = (*link)->next;
		} else {
			link = &(*link)->next;
		}
	}
	*link = group_leaf(b, v, n);
}

/* Children of the same kind are lifted, single children replace their parent. */
static struct node *
simplify_list(struct build *b, const struct node *n)
{
	struct node *ret = tmp_node(b, n->kind), **link = &ret->child;

	for (const struct node *i = n->child; i != NULL; i = i->next) {
		struct node *one = simplify(b, i);

		*link = one->kind == n->kind ? one->child : one;
		while (*link != NULL)
			link = &(*link)->next;
	}
	if (ret->kind == N_OR)
		collect_group(b, ret);
	return ret->child != NULL && ret->child->next == NULL ? ret->child : ret;
}

static struct node *
simplify(struct build *b, const struct node *n)
{
	struct node *ret;

	if (n->kind == N_AND || n->kind == N_OR)
		return simplify_list(b, n);
	ret = tmp_node(b, n->kind);
	ret->pred = n->pred;
	if (n->kind == N_NOT)
		ret->child = simplify(b, n->child);
	return ret;
}

/* ---- witnesses ---- */

static const char *const common_texts[] = {
	"c:\\windows\\system32\\", "c:\\windows\\syswow64\\", "c:\\program files\\", "c:\\program files (x86)\\",
	"c:\\programdata\\", "c:\\users\\", "\\appdata\\local\\temp\\", "\\appdata\\roaming\\", "\\appdata\\local\\",
	"\\windows\\temp\\", "\\software\\microsoft\\windows\\currentversion\\", "\\software\\microsoft\\windows nt\\currentversion\\",
	"hklm\\software\\", "\\system\\currentcontrolset\\services\\", "http://", "https://", "\\cmd.exe", "\\powershell.exe",
	"\\svchost.exe", "\\explorer.exe", "\\rundll32.exe", "\\pwsh.exe", "\\winword.exe", "\\excel.exe", "\\outlook.exe",
	"\\services.exe", "powershell", "\\microsoft\\", "microsoft", "windows", ".html", ".dll", ".exe", ".com", "system",
};

bool
text_is_common(struct slice lit)
{
	for (size_t i = 0; i < sizeof common_texts / sizeof *common_texts; i++)
		if (slice_find_slice(slice_str(common_texts[i]), lit) >= 0)
			return true;
	return false;
}

static bool
names_kind(const struct vf *f) /* fields that tell what an event is, not what it holds */
{
	static const char *const names[] = { "EventID", "Channel", "Provider_Name", "type", "eventSource", "EventLog",
		"LogonType", "cs-method", "sc-status", "logtype" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_eq_nocase(f->name, slice_str(names[i])))
			return true;
	return false;
}

static double
pred_cost(const struct sigma_set *set, const struct pred *p)
{
	double shared = 1.0 + p->refs / 4.0, cost = 0;

	switch (p->op) {
	case OP_GROUP:
		for (uint32_t i = 0; i < p->member_n; i++)
			cost += pred_cost(set, &set->preds.v[p->members[i]]);
		return cost;
	case OP_HAS:
		return 4000;
	case OP_EXACT:
		return (names_kind(&set->vfs.v[p->vf]) ? 400 : text_is_common(p->lit) ? 40 : 4) * shared;
	case OP_NUMBER:
		return names_kind(&set->vfs.v[p->vf]) ? 400 : 60;
	default:
		cost = p->lit.n >= 16 ? 2 : p->lit.n >= 10 ? 4 : p->lit.n >= 6 ? 8 : p->lit.n >= 4 ? 24 : 200;
		return cost * shared * (text_is_common(p->lit) ? 30 : 1) * (p->vf == 0 ? 3 : 1);
	}
}

static struct witness
one_witness(struct build *b, uint32_t pred)
{
	struct witness w = { .any = true, .n = 1 };

	w.v = arena_alloc(&b->c->tmp, sizeof *w.v);
	w.v[0] = pred;
	w.cost = pred_cost(b->set, &b->set->preds.v[pred]);
	return w;
}

static struct witness
leaf_witness(struct build *b, uint32_t id)
{
	const struct pred *p = &b->set->preds.v[id];
	struct pred has = { .op = OP_HAS, .vf = p->vf, .vf2 = NONE, .shown = SL("") };

	if (p->op == OP_GROUP) { /* each member names the rule itself */
		struct witness w = { .any = true, .n = p->member_n, .v = p->members, .cost = pred_cost(b->set, p) };

		return w;
	}
	if (p->scanned || (p->op >= OP_PREFIX && p->op <= OP_CONTAINS && !p->cased && p->lit.n >= LITERAL_MIN))
		return one_witness(b, id);
	if (p->trigger != NONE)
		return one_witness(b, p->trigger);
	if (p->op == OP_NULL || p->op == OP_EXISTS || p->vf == 0)
		return (struct witness){ 0 };
	return one_witness(b, pred_intern(b->c, &has));
}

static struct witness
join(struct build *b, struct witness x, struct witness y)
{
	struct witness w = { .any = true, .cost = x.cost + y.cost, .n = x.n + y.n };

	w.v = arena_alloc(&b->c->tmp, w.n * sizeof *w.v + 1);
	memcpy(w.v, x.v, x.n * sizeof *w.v);
	memcpy(w.v + x.n, y.v, y.n * sizeof *w.v);
	return w;
}

static struct witness
witness_of(struct build *b, const struct node *n)
{
	struct witness best = { 0 };

	if (n->kind == N_LEAF)
		return leaf_witness(b, n->pred);
	if (n->kind == N_NOT)
		return best;
	for (const struct node *i = n->child; i != NULL; i = i->next) {
		struct witness w = witness_of(b, i);

		if (n->kind == N_OR && !w.any)
			return w;
		if (n->kind == N_OR)
			best = i == n->child ? w : join(b, best, w);
		else if (w.any && (!best.any || w.cost < best.cost))
			best = w;
	}
	if (n->kind == N_OR && n->child == NULL)
		best.any = true; /* never true: no witness needed */
	return best;
}

/* ---- programs ---- */

static double
node_cost(struct build *b, const struct node *n)
{
	double c = 0;

	if (n->kind == N_LEAF)
		return b->set->preds.v[n->pred].scanned || b->set->preds.v[n->pred].op == OP_GROUP
		               ? pred_cost(b->set, &b->set->preds.v[n->pred]) : 1e5;
	for (const struct node *i = n->child; i != NULL; i = i->next)
		c += node_cost(b, i);
	return n->kind == N_NOT ? c + 1e6 : c;
}

/* The most selective child of an AND first: most candidates fail at their first instruction. */
static void
order_children(struct build *b, struct node *n)
{
	struct node *sorted = NULL;

	while (n->child != NULL) {
		struct node *take = n->child, **at = &sorted;
		double cost = node_cost(b, take);

		n->child = take->next;
		while (*at != NULL && node_cost(b, *at) <= cost)
			at = &(*at)->next;
		take->next = *at;
		*at = take;
	}
	n->child = sorted;
}

static void
mark_used(struct build *b, uint32_t id)
{
	struct pred *p = &b->set->preds.v[id];

	p->used = true;
	for (uint32_t i = 0; i < p->member_n; i++)
		b->set->preds.v[p->members[i]].used = true;
}

static int32_t
emit(struct build *b, struct node *n, int32_t yes, int32_t no)
{
	VEC(struct node *) kids = { 0 };
	int32_t at;

	if (n->kind == N_LEAF) {
		mark_used(b, n->pred);
		if (b->set->preds.v[n->pred].trigger != NONE)
			b->set->preds.v[b->set->preds.v[n->pred].trigger].used = true;
		vec_push(&b->set->code, (struct instr){ n->pred, yes, no });
		return (int32_t)b->set->code.n - 1;
	}
	if (n->kind == N_NOT)
		return emit(b, n->child, no, yes);
	if (n->kind == N_AND)
		order_children(b, n);
	for (struct node *i = n->child; i != NULL; i = i->next)
		vec_push(&kids, i);
	at = n->kind == N_AND ? yes : no;
	for (size_t i = kids.n; i-- > 0;)
		at = n->kind == N_AND ? emit(b, kids.v[i], at, no) : emit(b, kids.v[i], yes, at);
	vec_fini(&kids);
	return at;
}

static void
build_rule(struct build *b, uint32_t rule)
{
	struct prog *p = &b->set->rules.v[rule];
	struct node *opt;
	struct witness w;

	if (p->tree == NULL)
		return;
	opt = simplify(b, p->tree);
	w = witness_of(b, opt);
	p->witnessed = w.any;
	for (size_t i = 0; i < w.n; i++) {
		b->set->preds.v[w.v[i]].used = true;
		b->set->preds.v[w.v[i]].scanned = true;
		vec_push(&b->posts, (struct posting){ w.v[i], rule });
	}
	if (!w.any) {
		vec_push(&b->set->always, rule);
		b->set->count.without_witness++;
	}
	p->entry = emit(b, opt, END_YES, END_NO);
	arena_reset(&b->c->tmp);
}

/* ---- scan tables ---- */

static void
enter_pred(struct build *b, const struct pred *p, uint32_t as)
{
	char tmp[32];

	switch (p->op) {
	case OP_HAS:
		vec_push(&b->present, (struct lit_entry){ p->vf, as, 1 });
		return;
	case OP_EXACT:
		vec_push(&b->exact, (struct exact_slot){ .vf = p->vf, .text = p->lit, .first = as });
		return;
	case OP_NUMBER:
		vec_push(&b->exact, (struct exact_slot){ .vf = p->vf, .text = text_fold_dup(&b->set->arena, p->lit), .first = as });
		vec_push(&b->exact, (struct exact_slot){ .vf = p->vf, .first = as, .n = 1,
		         .text = arena_dup(&b->set->arena, slice_of(tmp, (size_t)snprintf(tmp, sizeof tmp, "%lld", (long long)p->num))) });
		return;
	default:
		if (pred_is_tail(p)) {
			vec_push(&b->exact, (struct exact_slot){ .vf = p->vf | VF_TAIL, .text = p->lit, .first = as });
			return;
		}
		if (b->lit_n == b->lit_cap) {
			b->lit_cap = b->lit_cap * 2 + 1024;
			b->lits = x_realloc(b->lits, b->lit_cap * sizeof *b->lits);
		}
		b->lits[b->lit_n++] = (struct lit_raw){ p->lit,
			{ p->vf, as, p->op == OP_PREFIX ? 1 : p->op == OP_SUFFIX ? 2 : 0 }, 0 };
	}
}

static int
cmp_lit(const void *a, const void *b)
{
	const struct lit_raw *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return slice_cmp(x->text, y->text);
}

/* Fields with many literals are scanned with a table of their own: less that cannot concern them is found. */
static void
choose_tables(struct build *b)
{
	struct sigma_set *set = b->set;
	uint32_t *n = arena_array(&b->c->tmp, uint32_t, set->vfs.n), tables = 2;

	set->vf_scan = arena_array(&set->arena, uint32_t, set->vfs.n);
	for (size_t i = 0; i < b->lit_n; i++)
		n[b->lits[i].e.vf]++;
	for (size_t f = 1; f < set->vfs.n; f++)
		set->vf_scan[f] = n[f] >= TABLE_LITERALS ? tables++ : 1;
	for (size_t i = 0; i < b->lit_n; i++)
		b->lits[i].table = set->vf_scan[b->lits[i].e.vf];
	for (uint32_t i = 0; i < tables; i++)
		vec_push(&set->scans, NULL);
}

static void
make_literals(struct build *b)
{
	struct sigma_set *set = b->set;
	size_t first = 0;

	choose_tables(b);
	if (b->lit_n != 0)
		qsort(b->lits, b->lit_n, sizeof *b->lits, cmp_lit);
	for (size_t i = 0; i < b->lit_n; i++) {
		if (i == 0 || cmp_lit(&b->lits[i], &b->lits[i - 1]) != 0)
			vec_push(&set->literals, (struct literal){ b->lits[i].text, (uint32_t)i, 0 });
		set->literals.v[set->literals.n - 1].n++;
		vec_push(&set->entries, b->lits[i].e);
		if (i + 1 == b->lit_n || b->lits[i + 1].table != b->lits[i].table) {
			set->scans.v[b->lits[i].table] = scan_new(set->literals.v + first, set->literals.n - first);
			first = set->literals.n;
		}
	}
	for (size_t i = 0; i < set->scans.n; i++)
		if (set->scans.v[i] == NULL)
			set->scans.v[i] = scan_new(NULL, 0);
	set->count.literals = set->literals.n;
	free(b->lits);
}

static int
cmp_exact(const void *a, const void *b)
{
	const struct exact_slot *x = a, *y = b;

	if (x->vf != y->vf)
		return x->vf < y->vf ? -1 : 1;
	return slice_cmp(x->text, y->text);
}

static void
make_exact(struct build *b)
{
	struct sigma_set *set = b->set;

	for (set->exact_cap = 64; set->exact_cap < b->exact.n * 4;)
		set->exact_cap *= 2;
	set->exact = x_calloc(set->exact_cap, sizeof *set->exact);
	set->exact_hint = arena_array(&set->arena, uint64_t, set->vfs.n + 1);
	if (b->exact.n != 0)
		qsort(b->exact.v, b->exact.n, sizeof *b->exact.v, cmp_exact);
	for (size_t i = 0, from; i < b->exact.n; i = from) {
		struct exact_slot s = b->exact.v[i];
		size_t k;

		s.hash = exact_hash(s.vf, s.text);
		set->exact_hint[s.vf & ~VF_TAIL] |= exact_bit(s.text);
		s.first = (uint32_t)set->exact_entries.n;
		for (from = i; from < b->exact.n && cmp_exact(&b->exact.v[i], &b->exact.v[from]) == 0; from++)
			vec_push(&set->exact_entries, (struct exact_entry){ b->exact.v[from].first, b->exact.v[from].n != 0 });
		s.n = (uint32_t)(from - i);
		for (k = s.hash & (set->exact_cap - 1); set->exact[k].n != 0;)
			k = (k + 1) & (set->exact_cap - 1);
		set->exact[k] = s;
		set->count.exact++;
	}
	vec_fini(&b->exact);
}

static void
make_present(struct build *b)
{
	struct sigma_set *set = b->set;
	struct lit_entry *v = arena_alloc(&set->arena, b->present.n * sizeof *v + 1);
	size_t n = 0;

	set->present_at = arena_alloc(&set->arena, (set->vfs.n + 1) * sizeof *set->present_at);
	for (uint32_t f = 0; f < set->vfs.n; f++) {
		set->present_at[f] = (uint32_t)n;
		for (size_t i = 0; i < b->present.n; i++)
			if (b->present.v[i].vf == f)
				v[n++] = b->present.v[i];
	}
	set->present_at[set->vfs.n] = (uint32_t)n;
	set->present = v;
	vec_fini(&b->present);
}

static int
cmp_post(const void *a, const void *b)
{
	const struct posting *x = a, *y = b;

	return x->pred != y->pred ? (x->pred > y->pred) - (x->pred < y->pred) : (x->rule > y->rule) - (x->rule < y->rule);
}

static void
make_postings(struct build *b)
{
	struct sigma_set *set = b->set;
	uint32_t *v = arena_alloc(&set->arena, b->posts.n * sizeof *v + 1);

	if (b->posts.n != 0)
		qsort(b->posts.v, b->posts.n, sizeof *b->posts.v, cmp_post);
	for (size_t i = 0; i < b->posts.n; i++) {
		struct pred *p = &set->preds.v[b->posts.v[i].pred];

		v[i] = b->posts.v[i].rule;
		if (p->post_n++ == 0)
			p->post = &v[i];
	}
	vec_fini(&b->posts);
}

/* ---- slots ---- */

static void
make_slots(struct sigma_set *set)
{
	for (int slot = 0; slot < EVENT_SLOTS; slot++) {
		uint32_t n = 0, *v;

		for (uint32_t f = 1; f < set->vfs.n; f++)
			for (uint8_t i = 0; i < set->vfs.v[f].path_n; i++)
				n += set->vfs.v[f].path[i] == slot;
		if (n == 0)
			continue;
		v = arena_alloc(&set->arena, (n + 1) * sizeof *v);
		n = 0;
		for (uint32_t f = 1; f < set->vfs.n; f++)
			for (uint8_t i = 0; i < set->vfs.v[f].path_n; i++)
				if (set->vfs.v[f].path[i] == slot && (n == 0 || v[n - 1] != f))
					v[n++] = f;
		v[n] = NONE;
		set->slot_vf[slot] = v;
		bit_set(set->interest, (size_t)slot);
	}
}

static bool
has_keyword(const struct sigma_set *set, const struct node *n)
{
	if (n->kind == N_LEAF)
		return set->preds.v[n->pred].vf == 0;
	for (const struct node *i = n->child; i != NULL; i = i->next)
		if (has_keyword(set, i))
			return true;
	return false;
}

void
index_build(struct comp *c)
{
	struct sigma_set *set = c->set;
	struct build b = { .c = c, .set = set };

	set->keyword_rules = arena_array(&set->arena, uint64_t, BITSET_WORDS(set->rules.n) + 1);
	for (uint32_t i = 0; i < set->rules.n; i++) {
		build_rule(&b, i);
		if (set->rules.v[i].tree != NULL && has_keyword(set, set->rules.v[i].tree))
			bit_set(set->keyword_rules, i);
	}
	for (uint32_t i = 0; i < set->preds.n; i++)
		if (set->preds.v[i].used && set->preds.v[i].scanned)
			enter_pred(&b, &set->preds.v[i], i);
	make_literals(&b);
	make_exact(&b);
	make_present(&b);
	make_postings(&b);
	make_slots(set);
	set->count.predicates = set->preds.n;
}
