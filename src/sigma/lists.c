/* SPDX-License-Identifier: Apache-2.0
 *
 * A tenant's lists: the values of %Workstations% and its like.  They are sets asked at match time, not text
 * put into rules, so one generation serves all tenants.  A rule that names a list the tenant has not filled
 * is refused for that tenant and said so.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "sigma/sigma_priv.h"

struct list_values {
	VEC(struct slice) text;   /* as given */
	VEC(struct pat) folded;
	struct map exact;         /* folded plain values */
};

struct sigma_lists {
	const struct sigma_set *set;
	struct arena arena;
	struct list_values *lists;
	uint64_t *refused;
};

struct sigma_lists *
sigma_lists_new(const struct sigma_set *set)
{
	struct sigma_lists *l = x_calloc(1, sizeof *l);

	l->set = set;
	arena_init(&l->arena, 0, 0);
	l->lists = x_calloc(set->list_names.n + 1, sizeof *l->lists);
	l->refused = x_calloc(BITSET_WORDS(set->rules.n) + 1, sizeof *l->refused);
	return l;
}

void
sigma_lists_free(struct sigma_lists *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->set->list_names.n; i++) {
		vec_fini(&l->lists[i].text);
		vec_fini(&l->lists[i].folded);
		map_fini(&l->lists[i].exact);
	}
	free(l->lists);
	free(l->refused);
	arena_fini(&l->arena);
	free(l);
}

static ssize_t
find(const struct sigma_lists *l, struct slice name)
{
	for (size_t i = 0; i < l->set->list_names.n; i++)
		if (slice_eq(l->set->list_names.v[i], name))
			return (ssize_t)i;
	return -1;
}

void
sigma_lists_add(struct sigma_lists *l, struct slice name, struct slice value)
{
	ssize_t i = find(l, name);
	struct pat p;

	if (i < 0 || value.n == 0)
		return;
	p = text_pattern(&l->arena, value, false);
	for (size_t t = 0; t < p.n; t++)
		p.v[t].lit = text_fold_dup(&l->arena, p.v[t].lit);
	vec_push(&l->lists[i].text, arena_dup(&l->arena, value));
	vec_push(&l->lists[i].folded, p);
	if (pat_is_plain(&p))
		map_put(&l->lists[i].exact, pat_plain(&l->arena, &p), NULL);
}

static bool
tree_needs_missing(const struct sigma_lists *l, const struct node *n, struct slice *ret_name)
{
	/* Depth is bounded by the compiler. */
	if (n->kind == N_LEAF) {
		const struct pred *p = &l->set->preds.v[n->pred];

		for (size_t i = 0; p->op == OP_LIST && i < p->pat.n; i++) {
			ssize_t at = p->pat.v[i].kind == T_LIST ? find(l, p->pat.v[i].lit) : -1;

			if (at >= 0 && l->lists[at].text.n == 0) {
				*ret_name = p->pat.v[i].lit;
				return true;
			}
		}
		return false;
	}
	for (const struct node *i = n->child; i != NULL; i = i->next)
		if (tree_needs_missing(l, i, ret_name))
			return true;
	return false;
}

size_t
sigma_lists_seal(struct sigma_lists *l, struct whys *ws)
{
	size_t refused = 0;
	struct slice name;

	for (size_t r = 0; r < l->set->rules.n; r++) {
		const struct prog *p = &l->set->rules.v[r];
		char file[200];

		if (!p->lists || p->tree == NULL || !tree_needs_missing(l, p->tree, &name))
			continue;
		bit_set(l->refused, r);
		refused++;
		if (ws != NULL) {
			struct why *w;

			snprintf(file, sizeof file, "%.*s", SL_ARG(p->pub.file));
			w = whys_add(ws, WHY_WARNING, E_NOTFOUND, "SIG-PLACEHOLDER", file, 0, 0);
			why_found(w, "rule '%.*s' asks for the list %%%.*s%%, which this tenant has not", SL_ARG(p->pub.title),
			          SL_ARG(name));
			why_wanted(w, "the list with at least one value");
		}
	}
	return refused;
}

bool
lists_refuse(const struct sigma_lists *l, uint32_t rule)
{
	return l == NULL || bit_test(l->refused, rule);
}

static bool
in_network(struct slice cidr, struct slice raw)
{
	char a[64], b[64];
	unsigned char net[16], ip[16];
	ssize_t cut = slice_find(cidr, '/');
	uint64_t bits;
	int af = memchr(cidr.p, ':', cidr.n) != NULL ? AF_INET6 : AF_INET;

	if (cut <= 0 || cut >= 60 || raw.n >= 60 || !slice_u64(slice_sub(cidr, (size_t)cut + 1, cidr.n), &bits) ||
	    bits > (af == AF_INET ? 32u : 128u))
		return false;
	memcpy(a, cidr.p, (size_t)cut);
	a[cut] = '\0';
	memcpy(b, raw.p, raw.n);
	b[raw.n] = '\0';
	if (inet_pton(af, a, net) != 1 || inet_pton(af, b, ip) != 1)
		return false;
	for (uint64_t i = 0; i < bits; i++)
		if (((net[i / 8] ^ ip[i / 8]) >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

static bool
one_list(const struct list_values *lv, const struct pred *p, size_t hole, struct slice folded, struct slice raw)
{
	if (p->pat.n == 1) {
		if (map_get(&lv->exact, folded) != NULL)
			return true;
		for (size_t i = 0; i < lv->text.n; i++)
			if (in_network(lv->text.v[i], raw))
				return true;
	}
	for (size_t i = 0; i < lv->folded.n; i++) {
		struct tok toks[64];
		size_t n = 0;

		if (p->pat.n + lv->folded.v[i].n > 64)
			continue;
		for (size_t t = 0; t < p->pat.n; t++) {
			if (t != hole) {
				toks[n++] = p->pat.v[t];
				continue;
			}
			memcpy(toks + n, lv->folded.v[i].v, lv->folded.v[i].n * sizeof *toks);
			n += lv->folded.v[i].n;
		}
		if (text_glob(toks, n, folded))
			return true;
	}
	return false;
}

/* Patterns with one placeholder; a second one in the same value is taken as its plain text. */
bool
lists_match(const struct sigma_lists *l, const struct pred *p, struct slice folded, struct slice raw)
{
	for (size_t t = 0; l != NULL && t < p->pat.n; t++) {
		ssize_t i = p->pat.v[t].kind == T_LIST ? find(l, p->pat.v[t].lit) : -1;

		if (i >= 0)
			return one_list(&l->lists[i], p, t, folded, raw);
	}
	return false;
}
