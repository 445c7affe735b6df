/* SPDX-License-Identifier: Apache-2.0
 *
 * Correlation state as bytes: little-endian, own magic and version, checked length by length when it comes back.
 * A group is kept when a rule of the same stamp (the version of its document) is in the set; others are dropped,
 * they start afresh.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "sigma/corr_priv.h"

#define SNAP_MAGIC 0x31534e5a53494743ULL
#define SNAP_VERSION 1u

static void
put64(struct buf *b, uint64_t v)
{
	buf_put(b, &v, sizeof v);
}

static void
put_text(struct buf *b, struct slice s)
{
	put64(b, s.n);
	buf_put_slice(b, s);
}

static void
put_group(struct buf *b, const struct cgroup *g)
{
	put64(b, g->rule->stamp);
	put64(b, g->rule->group_n);
	for (size_t i = 0; i < g->rule->group_n; i++)
		put_text(b, g->value[i]);
	put64(b, (uint64_t)g->newest);
	put64(b, (uint64_t)g->fired_at);
	put64(b, (uint64_t)g->due);
	put64(b, g->total);
	put64(b, g->entries.n - g->head);
	for (size_t i = g->head; i < g->entries.n; i++)
		buf_put(b, &g->entries.v[i], sizeof g->entries.v[i]);
	put64(b, g->last != NULL ? g->rule->ref_n : 0);
	for (size_t i = 0; g->last != NULL && i < g->rule->ref_n; i++) {
		put64(b, (uint64_t)g->last[i]);
		put64(b, (uint64_t)g->reached[i]);
	}
	put64(b, g->samples.n);
	for (size_t i = 0; i < g->samples.n; i++)
		buf_put(b, &g->samples.v[i], sizeof g->samples.v[i]);
}

void
sigma_corr_snapshot(const struct sigma_corr *c, struct buf *out)
{
	size_t from = out->n;
	uint64_t sum;

	put64(out, SNAP_MAGIC);
	put64(out, SNAP_VERSION);
	put64(out, c->streams.n);
	for (size_t i = 0; i < c->streams.n; i++)
		buf_put(out, &c->streams.v[i], sizeof c->streams.v[i]);
	put64(out, c->tenants.n);
	for (struct map_slot *s = NULL; (s = map_next(&c->tenants, s)) != NULL;) {
		const struct tenant_state *t = s->ptr;

		put_text(out, t->name);
		put64(out, (uint64_t)t->watermark);
		put64(out, t->groups);
		for (const struct cgroup *g = t->first; g != NULL; g = g->next)
			put_group(out, g);
	}
	sum = hash_stable(slice_of(out->p + from, out->n - from));
	put64(out, sum);
}

struct reader {
	struct slice s;
	bool bad;
};

static void
get(struct reader *r, void *to, size_t n)
{
	if (r->bad || r->s.n < n) {
		r->bad = true;
		memset(to, 0, n);
		return;
	}
	memcpy(to, r->s.p, n);
	r->s = slice_sub(r->s, n, r->s.n);
}

static uint64_t
get64(struct reader *r)
{
	uint64_t v;

	get(r, &v, sizeof v);
	return v;
}

/* A count of things of at least `each` bytes: never more than the bytes that are left. */
static uint64_t
get_count(struct reader *r, size_t each)
{
	uint64_t n = get64(r);

	if (n > r->s.n / each)
		r->bad = true;
	return r->bad ? 0 : n;
}

static struct slice
get_text(struct reader *r)
{
	uint64_t n = get_count(r, 1);
	struct slice s = slice_sub(r->s, 0, (size_t)n);

	r->s = slice_sub(r->s, (size_t)n, r->s.n);
	return s;
}

static const struct corr_rule *
rule_of(const struct sigma_set *set, uint64_t stamp)
{
	for (size_t i = 0; i < set->corr.n; i++)
		if (set->corr.v[i]->stamp == stamp)
			return set->corr.v[i];
	return NULL;
}

static void
get_state(struct sigma_corr *c, struct reader *r, struct cgroup *g)
{
	uint64_t n;

	g->newest = (int64_t)get64(r);
	g->fired_at = (int64_t)get64(r);
	g->due = (int64_t)get64(r);
	g->total = get64(r);
	n = get_count(r, sizeof(struct corr_entry));
	for (uint64_t i = 0; i < n; i++) {
		struct corr_entry e;

		get(r, &e, sizeof e);
		vec_push(&g->entries, e);
		if (g->rule->type == CT_VALUE_COUNT)
			map_put(&g->values, slice_of(&e.key, sizeof e.key), NULL)->u = (uint64_t)e.t;
	}
	n = get_count(r, 16);
	for (uint64_t i = 0; i < n; i++) {
		int64_t last = (int64_t)get64(r), reached = (int64_t)get64(r);

		if (g->last != NULL && i < g->rule->ref_n) {
			g->last[i] = last;
			g->reached[i] = reached;
		}
	}
	n = get_count(r, sizeof(struct sample));
	for (uint64_t i = 0; i < n && i < SIGMA_SAMPLES; i++) {
		struct sample s;

		get(r, &s, sizeof s);
		if (s.stream >= c->streams.n)
			r->bad = true;
		else
			vec_push(&g->samples, s);
	}
}

static void
get_group(struct sigma_corr *c, struct reader *r, struct tenant_state *t)
{
	const struct corr_rule *rule = rule_of(c->set, get64(r));
	struct slice values[SIGMA_GROUP_MAX] = { 0 };
	uint64_t n = get_count(r, 8);
	struct corr_rule none = { .type = CT_EVENT_COUNT };
	struct cgroup dropped = { .rule = &none };

	if (n > SIGMA_GROUP_MAX)
		r->bad = true;
	for (uint64_t i = 0; i < n && !r->bad; i++)
		values[i] = get_text(r);
	if (rule != NULL && n == rule->group_n && !r->bad) {
		struct cgroup *g = corr_group(c, t, rule, values);

		get_state(c, r, g);
		g->bytes = group_bytes(g);
		t->bytes += g->bytes;
		return;
	}
	get_state(c, r, &dropped);
	vec_fini(&dropped.entries);
	vec_fini(&dropped.samples);
}

static void
get_all(struct sigma_corr *c, struct reader *r)
{
	uint64_t n = get_count(r, sizeof(struct stream)), tenants;

	for (uint64_t i = 0; i < n; i++) {
		struct stream s;

		get(r, &s, sizeof s);
		vec_push(&c->streams, s);
	}
	tenants = get_count(r, 16);
	for (uint64_t i = 0; i < tenants && !r->bad; i++) {
		struct tenant_state *t = corr_tenant(c, get_text(r));
		uint64_t groups;

		t->watermark = (int64_t)get64(r);
		groups = get_count(r, 16);
		for (uint64_t k = 0; k < groups && !r->bad; k++)
			get_group(c, r, t);
	}
}

int
sigma_corr_restore(struct sigma_corr *c, struct slice bytes)
{
	struct reader r = { .s = slice_sub(bytes, 0, bytes.n < 8 ? 0 : bytes.n - 8) };
	uint64_t sum = 0;

	corr_clear(c);
	if (bytes.n < 32)
		return E_CORRUPT;
	memcpy(&sum, bytes.p + bytes.n - 8, 8);
	if (sum != hash_stable(r.s) || get64(&r) != SNAP_MAGIC || get64(&r) != SNAP_VERSION)
		return E_CORRUPT;
	get_all(c, &r);
	if (r.bad || r.s.n != 0) {
		corr_clear(c);
		return E_CORRUPT;
	}
	return 0;
}
