/* SPDX-License-Identifier: Apache-2.0
 *
 * Correlation state.  Key of a group: tenant, rule, folded group values.  Groups of a tenant form a list,
 * stalest first; past the tenant's limits the stalest go, counted.  An alarm mutes its group for one timespan
 * (hits meanwhile are counted) and is fed on to the correlations that name its rule.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "sigma/corr_priv.h"

#define GROUPS_DEFAULT 200000u
#define BYTES_DEFAULT ((size_t)256 << 20)
#define VALUES_DEFAULT 10000u
#define LATENESS_DEFAULT (60 * 1000000000LL)
#define CHAIN_MAX 16

struct sigma_corr *
sigma_corr_new(const struct sigma_set *set, const struct sigma_corr_limits *limits)
{
	struct sigma_corr *c = x_calloc(1, sizeof *c);

	c->set = set;
	if (limits != NULL)
		c->limits = *limits;
	if (c->limits.groups == 0)
		c->limits.groups = GROUPS_DEFAULT;
	if (c->limits.bytes == 0)
		c->limits.bytes = BYTES_DEFAULT;
	if (c->limits.values == 0)
		c->limits.values = VALUES_DEFAULT;
	if (c->limits.lateness_ns == 0)
		c->limits.lateness_ns = LATENESS_DEFAULT;
	c->groups.borrow = true;
	c->users = x_calloc(set->rules.n + 1, sizeof *c->users);
	for (uint32_t i = 0; i < set->corr.n; i++)
		for (size_t k = 0; k < set->corr.v[i]->ref_n; k++) {
			uint32_t rule = set->corr.v[i]->ref[k].rule;

			if (c->users[rule].n == 0 || c->users[rule].v[c->users[rule].n - 1] != i)
				vec_push(&c->users[rule], i);
		}
	return c;
}

void
corr_clear(struct sigma_corr *c)
{
	for (struct map_slot *s = NULL; (s = map_next(&c->tenants, s)) != NULL;) {
		struct tenant_state *t = s->ptr;

		while (t->first != NULL)
			corr_group_free(c, t->first);
		free(t);
	}
	map_fini(&c->tenants);
	map_fini(&c->groups);
	c->groups.borrow = true;
	c->streams.n = 0;
}

void
sigma_corr_free(struct sigma_corr *c)
{
	if (c == NULL)
		return;
	corr_clear(c);
	for (size_t i = 0; i < c->set->rules.n; i++)
		vec_fini(&c->users[i]);
	free(c->users);
	vec_fini(&c->streams);
	buf_fini(&c->key);
	buf_fini(&c->fold);
	free(c);
}

struct sigma_corr_stats
sigma_corr_stats(const struct sigma_corr *c)
{
	struct sigma_corr_stats s = c->stats;

	for (struct map_slot *t = NULL; (t = map_next(&c->tenants, t)) != NULL;) {
		s.groups += ((struct tenant_state *)t->ptr)->groups;
		s.bytes += ((struct tenant_state *)t->ptr)->bytes;
	}
	return s;
}

/* ---- tenants and groups ---- */

struct tenant_state *
corr_tenant(struct sigma_corr *c, struct slice name)
{
	bool is_new;
	struct map_slot *s = map_put(&c->tenants, name, &is_new);

	if (is_new) {
		struct tenant_state *t = x_calloc(1, sizeof *t);

		t->name = s->key;
		t->watermark = INT64_MIN;
		s->ptr = t;
	}
	return s->ptr;
}

static void
unlink_group(struct cgroup *g)
{
	struct tenant_state *t = g->tenant;

	*(g->prev != NULL ? &g->prev->next : &t->first) = g->next;
	*(g->next != NULL ? &g->next->prev : &t->last) = g->prev;
	g->prev = g->next = NULL;
}

static void
touch(struct cgroup *g)
{
	struct tenant_state *t = g->tenant;

	if (t->last == g)
		return;
	if (g->prev != NULL || g->next != NULL || t->first == g)
		unlink_group(g);
	g->prev = t->last;
	*(t->last != NULL ? &t->last->next : &t->first) = g;
	t->last = g;
}

void
corr_group_free(struct sigma_corr *c, struct cgroup *g)
{
	unlink_group(g);
	g->tenant->groups--;
	g->tenant->bytes -= g->bytes;
	map_del(&c->groups, g->key);
	vec_fini(&g->entries);
	vec_fini(&g->samples);
	map_fini(&g->values);
	free(g->last);
	free(g->reached);
	free((char *)(uintptr_t)g->key.p);
	free(g);
}

static struct slice
group_key(struct sigma_corr *c, const struct tenant_state *t, const struct corr_rule *r, const struct slice *values)
{
	buf_clear(&c->key);
	buf_put_slice(&c->key, t->name);
	buf_put_byte(&c->key, '\0');
	buf_put(&c->key, &r->rule, sizeof r->rule);
	for (size_t i = 0; i < r->group_n; i++) {
		uint32_t n;

		buf_clear(&c->fold);
		buf_reserve(&c->fold, values[i].n * 3 / 2 + 8);
		n = (uint32_t)text_fold(c->fold.p, values[i].p, values[i].n);
		buf_put(&c->key, &n, sizeof n);
		buf_put(&c->key, c->fold.p, n);
	}
	return buf_slice(&c->key);
}

static void
group_init(struct cgroup *g, struct slice key, const struct slice *values)
{
	size_t n = key.n;
	char *at;

	for (size_t i = 0; i < g->rule->group_n; i++)
		n += values[i].n;
	at = x_malloc(n + 1);
	memcpy(at, key.p, key.n);
	g->key = slice_of(at, key.n);
	at += key.n;
	for (size_t i = 0; i < g->rule->group_n; i++) {
		if (values[i].n != 0)
			memcpy(at, values[i].p, values[i].n);
		g->value[i] = slice_of(at, values[i].n);
		at += values[i].n;
	}
	g->newest = g->fired_at = INT64_MIN;
	if (g->rule->type == CT_TEMPORAL || g->rule->type == CT_ORDERED) {
		g->last = x_malloc(g->rule->ref_n * sizeof *g->last);
		g->reached = x_malloc(g->rule->ref_n * sizeof *g->reached);
		for (size_t i = 0; i < g->rule->ref_n; i++)
			g->last[i] = g->reached[i] = INT64_MIN;
	}
}

struct cgroup *
corr_group(struct sigma_corr *c, struct tenant_state *t, const struct corr_rule *r, const struct slice *values)
{
	struct slice key = group_key(c, t, r, values);
	struct map_slot *s = map_get(&c->groups, key);
	struct cgroup *g;

	if (s != NULL) {
		touch(s->ptr);
		return s->ptr;
	}
	while (t->groups >= c->limits.groups || t->bytes >= c->limits.bytes) {
		struct cgroup *stalest = t->first;

		while (stalest != NULL && stalest->pinned)
			stalest = stalest->next;
		if (stalest == NULL)
			break;
		c->stats.evicted_groups++;
		corr_group_free(c, stalest);
	}
	g = x_calloc(1, sizeof *g);
	g->tenant = t;
	g->rule = r;
	group_init(g, key, values);
	map_put(&c->groups, g->key, NULL)->ptr = g;
	t->groups++;
	touch(g);
	return g;
}

/* ---- samples ---- */

uint32_t
corr_stream(struct sigma_corr *c, const struct sigma_ref *ref)
{
	struct stream s;

	memcpy(s.lcp, ref->lcp, sizeof s.lcp);
	memcpy(s.epoch, ref->epoch, sizeof s.epoch);
	for (size_t i = c->streams.n; i-- > 0;)
		if (memcmp(&c->streams.v[i], &s, sizeof s) == 0)
			return (uint32_t)i;
	vec_push(&c->streams, s);
	return (uint32_t)c->streams.n - 1;
}

static void
add_sample(struct sigma_corr *c, struct cgroup *g, const struct feed *f)
{
	struct sample s = { .t = f->t };

	if (f->ref == NULL)
		return;
	s.stream = corr_stream(c, f->ref);
	s.seq = f->ref->seq;
	s.n = f->ref->n;
	if (g->samples.n != 0 && g->samples.v[0].t < f->t - g->rule->span_ns) {
		size_t k = 0;

		while (k < g->samples.n && g->samples.v[k].t < f->t - g->rule->span_ns)
			k++;
		memmove(g->samples.v, g->samples.v + k, (g->samples.n - k) * sizeof s);
		g->samples.n -= k;
	}
	if (g->samples.n == SIGMA_SAMPLES) { /* the first half is kept, the newest replaces the last */
		g->samples.v[SIGMA_SAMPLES - 1] = s;
		return;
	}
	vec_push(&g->samples, s);
}

/* ---- values ---- */

static struct slice
first_text(const struct value *v)
{
	if (v == NULL || v->kind == VALUE_NULL)
		return (struct slice){ 0 };
	if (v->kind == VALUE_BOOL)
		return v->i != 0 ? SL("true") : SL("false");
	return (struct slice){ v->p, v->n };
}

static struct slice
named_of_alarm(const struct sigma_alarm *a, struct slice name)
{
	for (size_t i = 0; i < a->group_n; i++)
		if (slice_eq(a->group_by[i], name))
			return a->group_value[i];
	return (struct slice){ 0 };
}

static struct slice
field_of(const struct feed *f, uint32_t vf, struct slice name)
{
	if (f->e == NULL)
		return named_of_alarm(f->alarm, name);
	return first_text(vf_value(&f->c->set->vfs.v[vf], f->e));
}

static bool
read_value(struct feed *f, const struct corr_rule *r, size_t ref, struct corr_entry *ret)
{
	uint64_t h = 0;

	ret->t = f->t;
	ret->key = 0;
	for (size_t i = 0; i < r->field_n; i++) {
		struct slice s = field_of(f, r->ref[ref].field_vf[i], r->field[i]);

		if (s.p == NULL)
			return false;
		if (r->type != CT_VALUE_COUNT) {
			struct value v = { .p = s.p, .n = (uint32_t)s.n, .kind = VALUE_TEXT };

			return value_number(&v, &ret->num);
		}
		buf_clear(&f->c->fold);
		buf_reserve(&f->c->fold, s.n * 3 / 2 + 8);
		h = hash_stable(slice_of(f->c->fold.p, text_fold(f->c->fold.p, s.p, s.n))) ^ h * 0x9e3779b97f4a7c15ULL;
	}
	ret->key = h;
	return true;
}

/* ---- alarms ---- */

static uint64_t
alarm_key(struct sigma_corr *c, const struct cgroup *g, const struct sigma_alarm *a)
{
	buf_clear(&c->fold);
	buf_put_slice(&c->fold, g->key);
	buf_put_slice(&c->fold, a->rule->id.n != 0 ? a->rule->id : a->rule->name);
	buf_put_slice(&c->fold, a->rule->version);
	buf_put(&c->fold, &a->first_ns, sizeof a->first_ns);
	if (a->ref_n != 0)
		buf_put(&c->fold, &a->refs[0], sizeof a->refs[0]);
	return hash_stable(buf_slice(&c->fold));
}

static void feed_rule(struct feed *f);

static void
fire(struct feed *f, struct cgroup *g, double value)
{
	struct sigma_corr *c = f->c;
	struct sigma_ref refs[SIGMA_SAMPLES];
	struct sigma_alarm a = { .rule = &c->set->rules.v[g->rule->rule].pub, .tenant = g->tenant->name, .value = value,
		.last_ns = g->newest, .group_by = g->rule->group, .group_value = g->value, .group_n = g->rule->group_n, .refs = refs };
	struct feed chained = *f;

	memset(refs, 0, sizeof refs);
	for (size_t i = 0; i < g->samples.n; i++) {
		const struct sample *s = &g->samples.v[i];

		memcpy(refs[i].lcp, c->streams.v[s->stream].lcp, sizeof refs[i].lcp);
		memcpy(refs[i].epoch, c->streams.v[s->stream].epoch, sizeof refs[i].epoch);
		refs[i].seq = s->seq;
		refs[i].n = s->n;
	}
	a.ref_n = g->samples.n;
	a.first_ns = g->samples.n != 0 ? g->samples.v[0].t : g->newest;
	if (g->entries.n > g->head && g->entries.v[g->head].t < a.first_ns)
		a.first_ns = g->entries.v[g->head].t > a.last_ns - g->rule->span_ns ? g->entries.v[g->head].t : a.first_ns;
	a.count = g->rule->type == CT_EVENT_COUNT ? (uint64_t)value : g->entries.n > g->head ? g->entries.n - g->head : g->samples.n;
	a.key = alarm_key(c, g, &a);
	g->fired_at = g->newest;
	c->stats.alarms++;
	if (!a.rule->silent && f->fn != NULL)
		f->fn(f->ctx, &a);
	if (!a.rule->feeds || f->depth >= CHAIN_MAX)
		return;
	chained.e = NULL;
	chained.alarm = &a;
	chained.rule = a.rule->index;
	chained.t = a.last_ns;
	chained.ref = a.ref_n != 0 ? &refs[a.ref_n - 1] : NULL;
	chained.depth++;
	g->pinned = true;
	feed_rule(&chained);
	g->pinned = false;
}

static void
feed_group(struct feed *f, const struct corr_rule *r, size_t ref)
{
	struct sigma_corr *c = f->c;
	struct slice values[SIGMA_GROUP_MAX];
	struct corr_entry value = { .t = f->t };
	struct tenant_state *t = corr_tenant(c, f->tenant);
	struct cgroup *g;
	double measured = 0;
	bool muted;
	size_t before;

	for (size_t i = 0; i < r->group_n; i++)
		if ((values[i] = field_of(f, r->ref[ref].group_vf[i], r->ref[ref].group_name[i])).p == NULL) {
			c->stats.no_group++;
			return;
		}
	if (r->field_n != 0 && !read_value(f, r, ref, &value)) {
		c->stats.no_group++;
		return;
	}
	g = corr_group(c, t, r, values);
	if (g->newest != INT64_MIN && f->t < g->newest - r->span_ns) {
		c->stats.late_dropped++;
		return;
	}
	before = g->bytes;
	g->newest = f->t > g->newest ? f->t : g->newest;
	g->total++;
	c->stats.joined++;
	muted = g->fired_at != INT64_MIN && f->t <= g->fired_at + r->span_ns;
	add_sample(c, g, f);
	if (window_add(c, g, ref, f->t, &value, muted, &measured))
		fire(f, g, measured);
	else if (muted)
		c->stats.suppressed++;
	g->bytes = group_bytes(g);
	t->bytes += g->bytes - before;
}

static void
feed_rule(struct feed *f)
{
	struct sigma_corr *c = f->c;

	for (size_t i = 0; i < c->users[f->rule].n; i++) {
		const struct corr_rule *r = c->set->corr.v[c->users[f->rule].v[i]];

		/* From the last reference to the first: one event fills one step of an ordered chain. */
		for (size_t k = r->ref_n; k-- > 0;)
			if (r->ref[k].rule == f->rule)
				feed_group(f, r, k);
	}
}

void
sigma_corr_feed(struct sigma_corr *c, struct slice tenant, const struct sigma_rule *rule, const struct event *e,
                int64_t time_ns, const struct sigma_ref *ref, sigma_alarm_fn *fn, void *ctx)
{
	struct feed f = { c, tenant, e, NULL, rule->index, time_ns, ref, fn, ctx, 0 };

	c->stats.fed++;
	feed_rule(&f);
}

void
sigma_corr_advance(struct sigma_corr *c, struct slice tenant, int64_t now_ns, sigma_alarm_fn *fn, void *ctx)
{
	struct tenant_state *t = corr_tenant(c, tenant);
	int64_t mark = now_ns - c->limits.lateness_ns;

	if (mark <= t->watermark)
		return;
	t->watermark = mark;
	for (struct cgroup *g = t->first, *next; g != NULL; g = next) {
		struct feed f = { c, tenant, NULL, NULL, g->rule->rule, g->newest, NULL, fn, ctx, 0 };
		int64_t quiet = g->newest > g->fired_at ? g->newest : g->fired_at;
		double measured;

		next = g->next;
		if (g->due != 0 && g->due <= mark) {
			bool muted = g->fired_at != INT64_MIN && g->newest <= g->fired_at + g->rule->span_ns;

			if (window_close(g, &measured) && !muted) {
				fire(&f, g, measured);
				next = t->first; /* a chained alarm may have moved or evicted what stood next */
				continue;
			}
		}
		if (g->due == 0 && quiet < mark - g->rule->span_ns)
			corr_group_free(c, g);
	}
}
