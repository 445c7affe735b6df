/* SPDX-License-Identifier: Apache-2.0
 *
 * Correlation documents as written.  References are resolved in corr_link.c, when every file has been read:
 * the order of documents does not matter.
 */
#include "base/clock.h"
#include "base/must.h"
#include "sigma/corr_priv.h"

static const char *const types[] = { "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg",
	"value_percentile", "value_median" };
static const char *const ops[] = { "lt", "lte", "gt", "gte", "eq", "neq" };
static const uint8_t op_codes[] = { OP_LT, OP_LTE, OP_GT, OP_GTE, OP_NUMBER, OP_GROUP };

static struct why *
missing(struct comp *c, const struct ynode *corr, const char *id, const char *what)
{
	struct why *w = comp_fault_at(c, id, corr->key_line, corr->key_col);

	why_found(w, "a correlation without %s", what);
	return w;
}

static void
read_type(struct comp *c, const struct ynode *corr, struct corr_doc *d)
{
	const struct ynode *n = y_get(corr, SL("type"));
	const char *near;
	struct why *w;

	for (size_t i = 0; n != NULL && i < CT_TYPES; i++)
		if (slice_eq(n->text, slice_str(types[i]))) {
			d->type = (enum corr_type)i;
			return;
		}
	w = n == NULL ? missing(c, corr, "SIG-CORR-TYPE", "a type") : comp_fault(c, "SIG-CORR-TYPE", n);
	if (n != NULL)
		why_found(w, "correlation type '%.*s'", SL_ARG(n->text));
	why_wanted(w, "event_count, value_count, temporal, temporal_ordered, value_sum, value_avg, value_percentile or value_median");
	near = n != NULL ? near_word(n->text, types, CT_TYPES) : NULL;
	if (near != NULL)
		why_hint(w, "%s", near);
}

static void
read_rules(struct comp *c, const struct ynode *corr, struct corr_doc *d)
{
	const struct ynode *n = y_get(corr, SL("rules")), *i;
	size_t count = n == NULL ? 0 : n->kind == Y_SEQ ? n->count : 1;

	if (count == 0 || count > CORR_REFS_MAX || n->kind == Y_MAP) {
		struct why *w = n == NULL ? missing(c, corr, "SIG-CORR-RULES", "rules") : comp_fault(c, "SIG-CORR-RULES", n);

		if (n != NULL)
			why_found(w, "%zu rules", count);
		why_wanted(w, "1 to %d names or ids of rules", CORR_REFS_MAX);
		return;
	}
	d->ref = arena_array(&c->set->arena, struct slice, count);
	d->ref_line = arena_array(&c->set->arena, unsigned, count);
	d->ref_col = arena_array(&c->set->arena, unsigned, count);
	for (i = n->kind == Y_SEQ ? n->child : n; i != NULL && d->ref_n < count; i = i->next) {
		d->ref_line[d->ref_n] = i->line;
		d->ref_col[d->ref_n] = i->col;
		d->ref[d->ref_n++] = arena_dup(&c->set->arena, i->text);
	}
	if (count == 1 && (d->type == CT_TEMPORAL || d->type == CT_ORDERED)) {
		struct why *w = comp_fault(c, "SIG-CORR-RULES", n);

		why_found(w, "one rule");
		why_wanted(w, "two or more for a temporal correlation");
	}
}

static void
read_group(struct comp *c, const struct ynode *corr, struct corr_doc *d)
{
	const struct ynode *n = y_get(corr, SL("group-by")), *i;

	if (n == NULL || y_is_null(n))
		return;
	if (n->kind == Y_MAP || (n->kind == Y_SEQ && n->count > SIGMA_GROUP_MAX)) {
		struct why *w = comp_fault(c, "SIG-CORR-GROUP", n);

		why_found(w, n->kind == Y_MAP ? "a map as group-by" : "%u fields", n->count);
		why_wanted(w, "a field or a list of at most %d", SIGMA_GROUP_MAX);
		return;
	}
	for (i = n->kind == Y_SEQ ? n->child : n; i != NULL; i = n->kind == Y_SEQ ? i->next : NULL) {
		if (i->kind != Y_SCALAR || i->text.n == 0)
			why_found(comp_fault(c, "SIG-CORR-GROUP", i), "%s as a field of group-by", y_kind_name(i->kind));
		else
			d->group[d->group_n++] = arena_dup(&c->set->arena, i->text);
	}
}

static void
read_span(struct comp *c, const struct ynode *corr, struct corr_doc *d)
{
	static const struct {
		char unit;
		int64_t s;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 }, { 'M', 2629746 }, { 'y', 31556952 } };
	const struct ynode *n = y_get(corr, SL("timespan"));
	struct why *w;
	uint64_t v;

	for (size_t i = 0; n != NULL && n->text.n > 1 && i < sizeof units / sizeof *units; i++)
		if (n->text.p[n->text.n - 1] == units[i].unit && slice_u64(slice_sub(n->text, 0, n->text.n - 1), &v) && v != 0 &&
		    v < (uint64_t)(1000000000 / units[i].s)) {
			d->span_ns = (int64_t)v * units[i].s * NS_PER_S;
			if (i > 3)
				why_found(comp_warn(c, "SIG-CORR-TIMESPAN", n), "the unit '%c', which is not in the specification", units[i].unit);
			return;
		}
	w = n == NULL ? missing(c, corr, "SIG-CORR-TIMESPAN", "a timespan") : comp_fault(c, "SIG-CORR-TIMESPAN", n);
	if (n != NULL)
		why_found(w, "timespan '%.*s'", SL_ARG(n->text));
	why_wanted(w, "a number and s, m, h or d, such as 10m");
}

static void
read_fields(struct comp *c, const struct ynode *n, struct corr_doc *d)
{
	const struct ynode *i;

	for (i = n->kind == Y_SEQ ? n->child : n; i != NULL; i = n->kind == Y_SEQ ? i->next : NULL) {
		if (i->kind != Y_SCALAR || d->field_n == CORR_FIELDS_MAX) {
			why_found(comp_fault(c, "SIG-CORR-FIELD", i), "more than %d fields, or not a name", CORR_FIELDS_MAX);
			return;
		}
		d->field[d->field_n++] = arena_dup(&c->set->arena, i->text);
	}
}

static void
read_operator(struct comp *c, const struct ynode *n, struct corr_doc *d)
{
	struct why *w;
	const char *near;

	for (size_t i = 0; i < 6; i++) {
		double v;
		int64_t iv;

		if (!slice_eq(n->key, slice_str(ops[i])))
			continue;
		if (y_i64(n, &iv))
			v = (double)iv;
		else if (!y_double(n, &v)) {
			w = comp_fault(c, "SIG-CORR-CONDITION", n);
			why_found(w, "'%.*s' behind %s", SL_ARG(n->text), ops[i]);
			why_wanted(w, "a number without quotes");
			return;
		}
		if (d->cond_n == 2)
			why_found(comp_fault_at(c, "SIG-CORR-CONDITION", n->key_line, n->key_col), "more than two operators");
		else
			d->cond[d->cond_n++] = (struct corr_cond){ op_codes[i], v };
		return;
	}
	w = comp_fault_at(c, "SIG-CORR-CONDITION", n->key_line, n->key_col);
	near = near_word(n->key, ops, 6);
	why_found(w, "'%.*s' in the condition", SL_ARG(n->key));
	why_wanted(w, "gt, gte, lt, lte, eq, neq, field or percentile");
	if (near != NULL)
		why_hint(w, "%s", near);
}

static void
read_condition(struct comp *c, const struct ynode *corr, struct corr_doc *d)
{
	const struct ynode *n = y_get(corr, SL("condition"));
	bool temporal = d->type == CT_TEMPORAL || d->type == CT_ORDERED;
	struct why *w;

	d->percentile = 50;
	if (n != NULL && n->kind != Y_MAP) {
		w = comp_fault(c, "SIG-CORR-CONDITION", n);
		why_found(w, "%s as the condition of a correlation", y_kind_name(n->kind));
		why_wanted(w, "a map such as gte: 10; expressions over rule names are not supported");
		return;
	}
	for (const struct ynode *i = n != NULL ? n->child : NULL; i != NULL; i = i->next) {
		if (slice_eq(i->key, SL("field")))
			read_fields(c, i, d);
		else if (slice_eq(i->key, SL("percentile"))) {
			if (!y_double(i, &d->percentile) || d->percentile < 0 || d->percentile > 100)
				why_found(comp_fault(c, "SIG-CORR-CONDITION", i), "percentile '%.*s'", SL_ARG(i->text));
		} else
			read_operator(c, i, d);
	}
	if (!temporal && d->cond_n == 0 && (n == NULL || n->child == NULL || d->field_n != 0)) {
		w = missing(c, corr, "SIG-CORR-CONDITION", "a condition to compare with");
		why_wanted(w, "condition: with gte or another operator");
	}
	if (d->type != CT_EVENT_COUNT && !temporal && d->field_n == 0) {
		w = missing(c, corr, "SIG-CORR-FIELD", "the field to look at");
		why_wanted(w, "condition: field: name");
	}
}

static void
read_aliases(struct comp *c, const struct ynode *corr, struct corr_doc *d)
{
	const struct ynode *n = y_get(corr, SL("aliases"));
	size_t count = 0;

	if (n == NULL || y_is_null(n))
		return;
	for (const struct ynode *a = n->kind == Y_MAP ? n->child : NULL; a != NULL; a = a->next) {
		count += a->count;
		if (a->kind != Y_MAP) {
			struct why *w = comp_fault(c, "SIG-CORR-ALIAS", a);

			why_found(w, "%s as alias '%.*s'", y_kind_name(a->kind), SL_ARG(a->key));
			why_wanted(w, "a map of rule name to field");
		}
	}
	if (n->kind != Y_MAP) {
		why_found(comp_fault(c, "SIG-CORR-ALIAS", n), "%s as aliases", y_kind_name(n->kind));
		return;
	}
	d->alias = arena_array(&c->set->arena, struct corr_alias, count + 1);
	for (const struct ynode *a = n->child; a != NULL; a = a->next)
		for (const struct ynode *i = a->child; i != NULL && a->kind == Y_MAP; i = i->next)
			d->alias[d->alias_n++] = (struct corr_alias){ arena_dup(&c->set->arena, a->key),
				arena_dup(&c->set->arena, i->key), arena_dup(&c->set->arena, i->text) };
}

void
corr_read(struct comp *c, const struct ynode *doc)
{
	const struct ynode *corr = y_get(doc, SL("correlation")), *gen;
	struct corr_doc *d = arena_new(&c->set->arena, struct corr_doc);
	size_t before = c->ws->errors;

	d->prog = (struct prog){ .corr = NONE, .ls = NONE };
	attrs_read(c, doc, &d->prog.pub, true);
	if (corr->kind != Y_MAP) {
		why_found(comp_fault(c, "SIG-TYPE", corr), "%s as correlation", y_kind_name(corr->kind));
		c->set->count.refused++;
		return;
	}
	read_type(c, corr, d);
	read_rules(c, corr, d);
	read_group(c, corr, d);
	read_span(c, corr, d);
	read_condition(c, corr, d);
	read_aliases(c, corr, d);
	if ((gen = y_get(corr, SL("generate"))) != NULL && !y_bool(gen, &d->generate)) {
		struct why *w = comp_fault(c, "SIG-CORR-GENERATE", gen);

		why_found(w, "generate: '%.*s'", SL_ARG(gen->text));
		why_wanted(w, "true or false");
	}
	if (c->ws->errors != before) {
		c->set->count.refused++;
		return;
	}
	d->file = arena_dup(&c->set->arena, slice_str(c->file));
	d->file_c = d->file.p;
	d->line = corr->key_line;
	d->col = corr->key_col;
	d->prog.pub.file = d->file;
	d->prog.pub.version = doc_version(c, doc);
	d->prog.pub.kind = SIGMA_CORRELATION;
	vec_push(&c->corrs, d);
}
