/* SPDX-License-Identifier: Apache-2.0
 *
 * Event → rules, and why.  Per event: fold the values the rules look at, probe the exact values, scan the
 * literals, let the witnesses that held name the candidates, run their programs.  Nothing is allocated once
 * the worker's buffers have grown to the largest event.  Truth of a predicate is remembered by epoch, so
 * nothing needs clearing between events.
 */
#include <stdlib.h>

#include "base/must.h"
#include "sigma/sigma_priv.h"

struct sigma_worker *
sigma_worker_new(const struct sigma_set *set)
{
	struct sigma_worker *w = x_calloc(1, sizeof *w);
	size_t preds = set->preds.n + 1, rules = set->rules.n + 1;

	w->set = set;
	w->rs = regex_scratch_new(set);
	w->yes = x_calloc(preds, sizeof *w->yes);
	w->no = x_calloc(preds, sizeof *w->no);
	w->hit = x_calloc(preds, sizeof *w->hit);
	w->cand_epoch = x_calloc(rules, sizeof *w->cand_epoch);
	w->cand = x_calloc(rules, sizeof *w->cand);
	w->matched = x_calloc(rules, sizeof *w->matched);
	w->range = x_calloc(set->vfs.n + 1, sizeof *w->range);
	w->times = x_calloc(WORKER_TIMES, sizeof *w->times);
	routes_init(w);
	return w;
}

void
sigma_worker_free(struct sigma_worker *w)
{
	if (w == NULL)
		return;
	regex_scratch_free(w->rs);
	routes_fini(w);
	free(w->yes);
	free(w->no);
	free(w->hit);
	free(w->cand_epoch);
	free(w->cand);
	free(w->matched);
	free(w->range);
	free(w->times);
	free(w->seg);
	free(w->fold);
	free(w);
}

void
sigma_worker_use_lists(struct sigma_worker *w, const struct sigma_lists *l)
{
	w->lists = l;
}

struct sigma_stats
sigma_worker_stats(const struct sigma_worker *w)
{
	return w->stats;
}

static void
next_epoch(struct sigma_worker *w)
{
	w->hit_n = 0;
	w->stats.events++;
	if (++w->epoch != 0)
		return;
	/* Once in four thousand million events the marks are wiped. */
	memset(w->yes, 0, w->set->preds.n * sizeof *w->yes);
	memset(w->no, 0, w->set->preds.n * sizeof *w->no);
	memset(w->cand_epoch, 0, w->set->rules.n * sizeof *w->cand_epoch);
	memset(w->range, 0, w->set->vfs.n * sizeof *w->range);
	w->epoch = 1;
}

static uint32_t
candidates(struct sigma_worker *w, const struct route *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->hit_n; i++) {
		const struct pred *p = &w->set->preds.v[w->hit[i]];

		for (uint32_t k = 0; k < p->post_n; k++) {
			uint32_t rule = p->post[k];

			if (w->cand_epoch[rule] == w->epoch || !bit_test(r->rules, rule))
				continue;
			w->cand_epoch[rule] = w->epoch;
			w->cand[n++] = rule;
		}
	}
	for (uint32_t i = 0; i < r->always_n; i++)
		w->cand[n++] = r->always[i];
	return n;
}

static bool
run(struct sigma_worker *w, const struct event *e, const struct prog *p)
{
	int32_t pc = p->entry;

	while (pc >= 0) {
		const struct instr *in = &w->set->code.v[pc];

		pc = eval_pred(w, e, in->pred) ? in->yes : in->no;
	}
	return pc == END_YES;
}

static int
report(struct sigma_worker *w, uint32_t n, sigma_match_fn *fn, void *ctx)
{
	int told = 0;

	for (uint32_t i = 1; i < n; i++) { /* few: insertion sort */
		uint32_t rule = w->matched[i], k = i;

		for (; k > 0 && w->matched[k - 1] > rule; k--)
			w->matched[k] = w->matched[k - 1];
		w->matched[k] = rule;
	}
	for (uint32_t i = 0; i < n; i++) {
		told++;
		if (fn != NULL && fn(ctx, &w->set->rules.v[w->matched[i]].pub) != 0)
			break;
	}
	w->stats.matches += (uint64_t)told;
	return told;
}

int
sigma_match(struct sigma_worker *w, const struct event *e, uint32_t route, sigma_match_fn *fn, void *ctx)
{
	const struct route *r = &w->routes.v[route];
	uint32_t n, matched = 0;

	next_epoch(w);
	worker_segments(w, e, r);
	worker_probe(w, r);
	scan_run(w, r);
	n = candidates(w, r);
	w->stats.candidates += n;
	for (uint32_t i = 0; i < n; i++) {
		const struct prog *p = &w->set->rules.v[w->cand[i]];

		if ((!p->lists || !lists_refuse(w->lists, w->cand[i])) && run(w, e, p))
			w->matched[matched++] = w->cand[i];
	}
	return report(w, matched, fn, ctx);
}

/* ---- the slow way ---- */

static bool
tree_holds(struct sigma_worker *w, const struct event *e, const struct node *n)
{
	if (n->kind == N_LEAF)
		return eval_slow(w, e, &w->set->preds.v[n->pred]);
	if (n->kind == N_NOT)
		return !tree_holds(w, e, n->child);
	for (const struct node *i = n->child; i != NULL; i = i->next)
		if (tree_holds(w, e, i) == (n->kind == N_OR))
			return n->kind == N_OR;
	return n->kind == N_AND;
}

int
sigma_match_naive(struct sigma_worker *w, const struct event *e, uint32_t route, sigma_match_fn *fn, void *ctx)
{
	const struct route *r = &w->routes.v[route];
	uint32_t matched = 0;

	next_epoch(w);
	worker_segments(w, e, r);
	for (uint32_t i = 0; i < w->set->rules.n; i++) {
		const struct prog *p = &w->set->rules.v[i];

		if (bit_test(r->rules, i) && (!p->lists || !lists_refuse(w->lists, i)) && tree_holds(w, e, p->tree))
			w->matched[matched++] = i;
	}
	return report(w, matched, fn, ctx);
}

/* ---- why ---- */

struct reasons {
	struct sigma_reason *out;
	size_t n, max;
};

static void
explain(struct sigma_worker *w, const struct event *e, const struct node *n, struct slice sel, struct reasons *r)
{
	if (n->sel.n != 0)
		sel = n->sel;
	if (r->n == r->max || n->kind == N_NOT || !tree_holds(w, e, n))
		return;
	if (n->kind == N_LEAF) {
		const struct pred *p = &w->set->preds.v[n->pred];

		r->out[r->n++] = (struct sigma_reason){ w->set->vfs.v[p->vf].name, slice_str(pred_test_name(p)), p->shown, sel };
		return;
	}
	for (const struct node *i = n->child; i != NULL; i = i->next)
		explain(w, e, i, sel, r);
}

size_t
sigma_why(struct sigma_worker *w, const struct event *e, const struct sigma_rule *rule, struct sigma_reason *out,
          size_t max)
{
	struct reasons r = { out, 0, max };

	if (w->set->rules.v[rule->index].tree != NULL)
		explain(w, e, w->set->rules.v[rule->index].tree, SL(""), &r);
	return r.n;
}
