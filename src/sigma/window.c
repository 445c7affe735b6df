/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows of one group.  Sliding, never cut at clock boundaries; a span of S holds what is at most S old
 * when the newest comes.  Equal times count as ordered.  Every update is O(1) amortised when events come in
 * order; a late one is inserted at its place.  `lt`, `lte`, `eq` and `neq` are decided when the window that
 * began with the group's first event is over.
 */
#include <stdlib.h>

#include "base/must.h"
#include "sigma/corr_priv.h"

bool
corr_cond_holds(const struct corr_rule *r, double v)
{
	for (size_t i = 0; i < r->cond_n; i++) {
		double want = r->cond[i].value;
		bool ok = r->cond[i].op == OP_LT ? v < want : r->cond[i].op == OP_LTE ? v <= want :
		          r->cond[i].op == OP_GT ? v > want : r->cond[i].op == OP_GTE ? v >= want :
		          r->cond[i].op == OP_NUMBER ? v == want : v != want;

		if (!ok)
			return false;
	}
	return true;
}

size_t
group_bytes(const struct cgroup *g)
{
	return sizeof *g + g->key.n + g->entries.cap * sizeof *g->entries.v + g->values.cap * sizeof(struct map_slot) +
	       g->samples.cap * sizeof *g->samples.v + (g->last != NULL ? g->rule->ref_n * 16 : 0) + 64;
}

/* ---- entries ---- */

static void
forget_value(struct cgroup *g, const struct corr_entry *e)
{
	struct slice key = slice_of(&e->key, sizeof e->key);
	struct map_slot *s = map_get(&g->values, key);

	if (s != NULL && (int64_t)s->u == e->t)
		map_del(&g->values, key);
}

static void
expire(struct cgroup *g, int64_t before)
{
	while (g->head < g->entries.n && g->entries.v[g->head].t < before) {
		if (g->rule->type == CT_VALUE_COUNT)
			forget_value(g, &g->entries.v[g->head]);
		g->head++;
	}
	if (g->head > 64 && g->head * 2 > g->entries.n) {
		memmove(g->entries.v, g->entries.v + g->head, (g->entries.n - g->head) * sizeof *g->entries.v);
		g->entries.n -= g->head;
		g->head = 0;
	}
}

static void
drop_oldest(struct sigma_corr *c, struct cgroup *g, bool counts)
{
	if (g->rule->type == CT_VALUE_COUNT)
		forget_value(g, &g->entries.v[g->head]);
	g->head++;
	c->stats.evicted_values += counts;
}

/* Returns the place of the new entry. */
static size_t
insert(struct cgroup *g, const struct corr_entry *e)
{
	size_t at;

	vec_push(&g->entries, *e);
	for (at = g->entries.n - 1; at > g->head && g->entries.v[at - 1].t > e->t; at--)
		g->entries.v[at] = g->entries.v[at - 1];
	g->entries.v[at] = *e;
	return at;
}

static void
note_value(struct cgroup *g, const struct corr_entry *e)
{
	bool is_new;
	struct map_slot *s = map_put(&g->values, slice_of(&e->key, sizeof e->key), &is_new);

	if (is_new || (int64_t)s->u < e->t)
		s->u = (uint64_t)e->t;
}

/* Only what is still the newest of its value stays. */
static void
compact_values(struct cgroup *g)
{
	size_t k = 0;

	for (size_t i = g->head; i < g->entries.n; i++) {
		struct corr_entry e = g->entries.v[i];
		struct map_slot *s = map_get(&g->values, slice_of(&e.key, sizeof e.key));

		if (s != NULL && (int64_t)s->u == e.t)
			g->entries.v[k++] = e;
	}
	g->entries.n = k;
	g->head = 0;
}

/* ---- types ---- */

static double
count_until(const struct cgroup *g, size_t end, int64_t span)
{
	size_t i = end;

	while (i > g->head && g->entries.v[end].t - g->entries.v[i - 1].t <= span)
		i--;
	return (double)(end - i + 1);
}

/* How many events the condition wants at the very least. */
static size_t
need_at_least(const struct corr_rule *r)
{
	double v = r->cond[0].op == OP_GTE ? r->cond[0].value : r->cond[0].op == OP_GT ? r->cond[0].value + 1 : 0;

	return v > 0 && v < 1e9 ? (size_t)v : 0;
}

static double
count_events(const struct cgroup *g, size_t at)
{
	double best = 0;
	int64_t span = g->rule->span_ns, t = g->entries.v[at].t;

	/* In order: one window, ending here; whether enough are near is one look. Late: every window with it. */
	if (at + 1 == g->entries.n) {
		size_t need = need_at_least(g->rule);

		if (at + 1 - g->head < need || (need != 0 && t - g->entries.v[at + 1 - need].t > span))
			return 0;
		return count_until(g, at, span);
	}
	for (size_t end = at; end < g->entries.n && g->entries.v[end].t - t <= span; end++) {
		double n = count_until(g, end, span);

		best = n > best ? n : best;
	}
	return best;
}

static double
sum_values(const struct cgroup *g, bool mean)
{
	double sum = 0, lost = 0;

	for (size_t i = g->head; i < g->entries.n; i++) { /* Kahan: no drift over long windows */
		double y = g->entries.v[i].num - lost, t = sum + y;

		lost = (t - sum) - y;
		sum = t;
	}
	return mean && g->entries.n != g->head ? sum / (double)(g->entries.n - g->head) : sum;
}

static int
cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Linear interpolation between the two nearest ranks. */
static double
percentile(const struct cgroup *g, double p)
{
	size_t n = g->entries.n - g->head, low;
	double *v = x_malloc((n + 1) * sizeof *v), at, ret;

	for (size_t i = 0; i < n; i++)
		v[i] = g->entries.v[g->head + i].num;
	qsort(v, n, sizeof *v, cmp_double);
	at = p / 100 * (double)(n - 1);
	low = (size_t)at;
	ret = low + 1 < n ? v[low] + (v[low + 1] - v[low]) * (at - (double)low) : v[n - 1];
	free(v);
	return ret;
}

static double
measure(struct cgroup *g, size_t at)
{
	switch (g->rule->type) {
	case CT_EVENT_COUNT: return count_events(g, at);
	case CT_VALUE_COUNT: return (double)g->values.n;
	case CT_SUM: return sum_values(g, false);
	case CT_AVG: return sum_values(g, true);
	case CT_PERCENTILE: return percentile(g, g->rule->percentile);
	default: return percentile(g, 50);
	}
}

static double
rules_seen(const struct cgroup *g)
{
	double n = 0;

	for (size_t i = 0; i < g->rule->ref_n; i++)
		n += g->last[i] != INT64_MIN && g->newest - g->last[i] <= g->rule->span_ns;
	return n;
}

/* start[i] is the latest start of a chain that has reached step i; reached[i] when it did. */
static double
steps_done(struct cgroup *g, size_t ref, int64_t t)
{
	size_t n = g->rule->ref_n;
	double done = 0;

	(void)ref;
	for (size_t i = 0; i < n; i++)
		if (g->last[i] != INT64_MIN && t - g->last[i] <= g->rule->span_ns)
			done = (double)(i + 1);
	return done;
}

static void
take_step(struct cgroup *g, size_t i, int64_t t)
{
	int64_t span = g->rule->span_ns;

	if (i == 0) {
		if (t > g->last[0]) {
			g->last[0] = t;
			g->reached[0] = t;
		}
		return;
	}
	if (g->last[i - 1] == INT64_MIN || g->reached[i - 1] > t || t - g->last[i - 1] > span)
		return;
	if (g->last[i - 1] >= g->last[i]) {
		g->last[i] = g->last[i - 1];
		g->reached[i] = t;
	}
}

static void
open_window(struct cgroup *g, int64_t t)
{
	if (g->rule->at_close && g->due == 0)
		g->due = t + g->rule->span_ns;
}

bool
window_add(struct sigma_corr *c, struct cgroup *g, size_t ref, int64_t t, const struct corr_entry *value, bool quiet,
           double *ret_value)
{
	const struct corr_rule *r = g->rule;
	size_t at = 0;

	open_window(g, t);
	if (r->type == CT_TEMPORAL) {
		g->last[ref] = t > g->last[ref] ? t : g->last[ref];
		*ret_value = rules_seen(g);
	} else if (r->type == CT_ORDERED) {
		take_step(g, ref, t);
		*ret_value = steps_done(g, ref, t);
	} else {
		if (!r->at_close)
			expire(g, g->newest - r->span_ns - (r->type == CT_EVENT_COUNT ? c->limits.lateness_ns : 0));
		if (g->entries.n - g->head >= c->limits.values) {
			if (r->type == CT_VALUE_COUNT)
				compact_values(g);
			if (g->entries.n - g->head >= c->limits.values)
				drop_oldest(c, g, r->type != CT_EVENT_COUNT || r->cond[0].value > (double)c->limits.values);
		}
		at = insert(g, value);
		if (r->type == CT_VALUE_COUNT)
			note_value(g, value);
		*ret_value = r->at_close || quiet ? 0 : measure(g, at);
	}
	return !r->at_close && !quiet && corr_cond_holds(r, *ret_value);
}

bool
window_close(struct cgroup *g, double *ret_value)
{
	bool temporal = g->rule->type == CT_TEMPORAL || g->rule->type == CT_ORDERED, holds;

	if (temporal)
		*ret_value = g->rule->type == CT_TEMPORAL ? rules_seen(g) : steps_done(g, 0, g->newest);
	else
		*ret_value = g->rule->type == CT_EVENT_COUNT ? (double)(g->entries.n - g->head) : measure(g, g->entries.n - 1);
	holds = corr_cond_holds(g->rule, *ret_value);
	g->due = 0;
	g->head = g->entries.n = 0;
	map_fini(&g->values);
	for (size_t i = 0; temporal && i < g->rule->ref_n; i++)
		g->last[i] = g->reached[i] = INT64_MIN;
	return holds;
}
