/* SPDX-License-Identifier: Apache-2.0
 *
 * References between documents.  A correlation is accepted once every rule it names is; what is left when
 * nothing more can be accepted names an unknown rule, a refused one, or is part of a circle.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "sigma/corr_priv.h"

static uint32_t
rule_find(const struct sigma_set *set, struct slice name)
{
	for (size_t i = 0; i < set->rules.n; i++) {
		const struct sigma_rule *r = &set->rules.v[i].pub;

		if (name.n != 0 && (slice_eq(r->name, name) || slice_eq(r->id, name)))
			return (uint32_t)i;
	}
	return NONE;
}

static struct slice
field_in(const struct corr_doc *d, struct slice field, const struct sigma_rule *rule)
{
	for (size_t i = 0; i < d->alias_n; i++)
		if (slice_eq(d->alias[i].alias, field) &&
		    (slice_eq(d->alias[i].rule, rule->name) || slice_eq(d->alias[i].rule, rule->id)))
			return d->alias[i].field;
	return field;
}

static void
link_ref(struct comp *c, const struct corr_doc *d, struct corr_ref *ref, uint32_t rule)
{
	struct sigma_set *set = c->set;
	bool chained = set->rules.v[rule].pub.kind == SIGMA_CORRELATION;

	ref->rule = rule;
	c->ls = chained ? NULL : &set->sources.v[set->rules.v[rule].ls];
	for (size_t g = 0; g < d->group_n; g++) {
		ref->group_name[g] = field_in(d, d->group[g], &set->rules.v[rule].pub);
		ref->group_vf[g] = chained ? NONE : map_vf(c, ref->group_name[g]);
	}
	for (size_t f = 0; f < d->field_n; f++)
		ref->field_vf[f] = chained ? NONE : map_vf(c, field_in(d, d->field[f], &set->rules.v[rule].pub));
	set->rules.v[rule].pub.feeds = true;
}

static void
default_condition(struct corr_rule *r)
{
	if (r->cond_n == 0)
		r->cond[r->cond_n++] = (struct corr_cond){ OP_GTE,
			r->type == CT_TEMPORAL || r->type == CT_ORDERED ? (double)r->ref_n : 1 };
	for (size_t i = 0; i < r->cond_n; i++)
		r->at_close |= r->cond[i].op != OP_GT && r->cond[i].op != OP_GTE;
}

static void
accept(struct comp *c, struct corr_doc *d, const uint32_t *rules)
{
	struct sigma_set *set = c->set;
	struct corr_rule *r = arena_new(&set->arena, struct corr_rule);

	r->type = d->type;
	r->ref = arena_array(&set->arena, struct corr_ref, d->ref_n);
	r->ref_n = d->ref_n;
	r->group_n = d->group_n;
	memcpy(r->group, d->group, sizeof r->group);
	r->field_n = d->field_n;
	memcpy(r->field, d->field, sizeof r->field);
	memcpy(r->cond, d->cond, sizeof r->cond);
	r->cond_n = d->cond_n;
	r->percentile = d->percentile;
	r->span_ns = d->span_ns;
	r->stamp = hash_stable(d->prog.pub.version);
	for (size_t i = 0; i < d->ref_n; i++)
		link_ref(c, d, &r->ref[i], rules[i]);
	default_condition(r);
	r->rule = (uint32_t)set->rules.n;
	r->index = (uint32_t)set->corr.n;
	d->prog.corr = r->index;
	d->prog.pub.index = r->rule;
	d->done = true;
	vec_push(&set->corr, r);
	vec_push(&set->rules, d->prog);
	set->count.correlations++;
}

static bool
try_accept(struct comp *c, struct corr_doc *d)
{
	uint32_t rules[CORR_REFS_MAX];

	for (size_t i = 0; i < d->ref_n; i++)
		if ((rules[i] = rule_find(c->set, d->ref[i])) == NONE)
			return false;
	accept(c, d, rules);
	return true;
}

static bool
is_pending(const struct comp *c, struct slice name)
{
	for (size_t i = 0; i < c->corrs.n; i++)
		if (!c->corrs.v[i]->done && (slice_eq(c->corrs.v[i]->prog.pub.name, name) || slice_eq(c->corrs.v[i]->prog.pub.id, name)))
			return true;
	return false;
}

static void
refuse(struct comp *c, const struct corr_doc *d)
{
	c->file = d->file_c;
	c->set->count.refused++;
	for (size_t i = 0; i < d->ref_n; i++) {
		struct why *w;

		if (rule_find(c->set, d->ref[i]) != NONE)
			continue;
		if (is_pending(c, d->ref[i])) {
			w = comp_fault_at(c, "SIG-CORR-CYCLE", d->ref_line[i], d->ref_col[i]);
			why_found(w, "'%.*s', which refers back here or is refused itself", SL_ARG(d->ref[i]));
			why_wanted(w, "references without a circle");
		} else if (map_get(&c->rule_names, d->ref[i]) != NULL || map_get(&c->rule_ids, d->ref[i]) != NULL) {
			w = comp_fault_at(c, "SIG-CORR-BASE", d->ref_line[i], d->ref_col[i]);
			why_found(w, "rule '%.*s', which has errors of its own", SL_ARG(d->ref[i]));
			why_wanted(w, "that rule mended first");
		} else {
			w = comp_fault_at(c, "SIG-CORR-REF", d->ref_line[i], d->ref_col[i]);
			why_found(w, "'%.*s', which is the name or id of no rule", SL_ARG(d->ref[i]));
			why_wanted(w, "the name or id of a rule in these folders");
		}
	}
}

/* Base rules are silent unless some correlation says generate. */
static void
mark_silent(struct comp *c)
{
	struct sigma_set *set = c->set;

	for (size_t i = 0; i < set->rules.n; i++)
		set->rules.v[i].pub.silent = set->rules.v[i].pub.feeds;
	for (size_t i = 0; i < c->corrs.n; i++)
		for (size_t k = 0; c->corrs.v[i]->done && c->corrs.v[i]->generate && k < c->corrs.v[i]->ref_n; k++)
			set->rules.v[rule_find(set, c->corrs.v[i]->ref[k])].pub.silent = false;
}

void
corr_link(struct comp *c)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < c->corrs.n; i++)
			more |= !c->corrs.v[i]->done && try_accept(c, c->corrs.v[i]);
	}
	for (size_t i = 0; i < c->corrs.n; i++)
		if (!c->corrs.v[i]->done)
			refuse(c, c->corrs.v[i]);
	mark_silent(c);
}

void
corr_rule_free(struct corr_rule *r)
{
	(void)r; /* lives in the set's arena */
}
