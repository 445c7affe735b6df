/* SPDX-License-Identifier: Apache-2.0
 *
 * The `detection` map: selections become trees, the condition joins them.
 * A map is AND of its items, a list of maps OR, a list of scalars keywords (OR); lists may mix both.
 */
#include "base/must.h"
#include "sigma/sigma_priv.h"

static struct node *
map_tree(struct comp *c, const struct ynode *map)
{
	struct node *n = node_new(c, N_AND, NULL), **link = &n->child;
	bool ok = true;

	for (const struct ynode *e = map->child; e != NULL; e = e->next) {
		*link = mods_item(c, e);
		ok = ok && *link != NULL;
		if (*link != NULL)
			link = &(*link)->next;
	}
	return ok ? n : NULL;
}

static void
empty_selection(struct comp *c, const struct ynode *sel)
{
	struct why *w = comp_fault(c, "SIG-EMPTY", sel);

	why_found(w, "%s with nothing in it", y_kind_name(sel->kind));
	why_wanted(w, "at least one field or keyword");
}

static struct node *
alternative(struct comp *c, const struct ynode *i)
{
	struct why *w;

	if (i->kind == Y_SCALAR)
		return mods_keyword(c, i);
	if (i->kind == Y_MAP && i->child != NULL)
		return map_tree(c, i);
	if (i->kind == Y_MAP) {
		empty_selection(c, i);
		return NULL;
	}
	w = comp_fault(c, "SIG-TYPE", i);
	why_found(w, "a list inside a list");
	why_wanted(w, "a map of fields or a keyword");
	return NULL;
}

struct node *
detect_selection(struct comp *c, const struct ynode *sel)
{
	struct node *n, **link;
	bool ok = true;

	if (sel->kind == Y_SCALAR && !y_is_null(sel))
		return mods_keyword(c, sel);
	if (sel->child == NULL) {
		empty_selection(c, sel);
		return NULL;
	}
	if (sel->kind == Y_MAP)
		return map_tree(c, sel);
	n = node_new(c, N_OR, NULL);
	link = &n->child;
	for (const struct ynode *i = sel->child; i != NULL; i = i->next) {
		*link = alternative(c, i);
		ok = ok && *link != NULL;
		if (*link != NULL)
			link = &(*link)->next;
	}
	return ok ? n : NULL;
}

static bool
is_selection(const struct ynode *e)
{
	return !slice_eq(e->key, SL("condition")) && !slice_eq(e->key, SL("timeframe"));
}

static void
read_selections(struct comp *c, const struct ynode *detection, struct sels *s)
{
	for (const struct ynode *e = detection->child; e != NULL; e = e->next) {
		if (slice_eq(e->key, SL("timeframe"))) {
			struct why *w = comp_fault_at(c, "SIG-COND-PIPE", e->key_line, e->key_col);

			why_found(w, "the obsolete 'timeframe'");
			why_wanted(w, "a correlation document (type: event_count, timespan: …)");
		}
		if (!is_selection(e))
			continue;
		s->name[s->n] = arena_dup(&c->set->arena, e->key);
		s->tree[s->n] = detect_selection(c, e);
		if (s->tree[s->n] != NULL)
			s->tree[s->n]->sel = s->name[s->n];
		s->n++;
	}
}

static struct node *
conditions(struct comp *c, const struct ynode *cond, struct sels *s)
{
	struct node *or, **link;
	bool ok = true;

	if (cond->kind == Y_SCALAR)
		return cond_compile(c, cond, s);
	if (cond->kind != Y_SEQ || cond->child == NULL) {
		struct why *w = comp_fault(c, "SIG-CONDITION", cond);

		why_found(w, "%s with nothing to evaluate", y_kind_name(cond->kind));
		why_wanted(w, "a condition or a list of conditions");
		return NULL;
	}
	or = node_new(c, N_OR, NULL);
	link = &or->child;
	for (const struct ynode *i = cond->child; i != NULL; i = i->next) {
		*link = i->kind == Y_SCALAR ? cond_compile(c, i, s) : NULL;
		if (i->kind != Y_SCALAR)
			why_found(comp_fault(c, "SIG-CONDITION", i), "%s in the list of conditions", y_kind_name(i->kind));
		ok = ok && *link != NULL;
		if (*link != NULL)
			link = &(*link)->next;
	}
	return ok ? or : NULL;
}

struct node *
detect_compile(struct comp *c, const struct ynode *detection)
{
	const struct ynode *cond = y_get(detection, SL("condition"));
	struct sels s = { 0 };
	struct node *ret = NULL;

	if (detection->kind != Y_MAP) {
		struct why *w = comp_fault(c, "SIG-TYPE", detection);

		why_found(w, "%s as detection", y_kind_name(detection->kind));
		why_wanted(w, "a map of selections and a condition");
		return NULL;
	}
	s.name = arena_array(&c->tmp, struct slice, detection->count);
	s.tree = arena_array(&c->tmp, struct node *, detection->count);
	s.used = arena_array(&c->tmp, bool, detection->count);
	read_selections(c, detection, &s);
	if (cond == NULL) {
		struct why *w = comp_fault_at(c, "SIG-CONDITION", detection->key_line, detection->key_col);

		why_found(w, "detection without a condition");
		why_wanted(w, "condition: …");
		return NULL;
	}
	ret = conditions(c, cond, &s);
	for (size_t i = 0; ret != NULL && i < s.n; i++)
		if (!s.used[i] && (s.name[i].n == 0 || s.name[i].p[0] != '_'))
			why_found(comp_warn(c, "SIG-UNUSED", y_get(detection, s.name[i])),
			          "selection '%.*s' that the condition does not use", SL_ARG(s.name[i]));
	return ret;
}
