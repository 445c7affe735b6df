/* SPDX-License-Identifier: Apache-2.0
 *
 * Log sources: which rules concern an event.  tbl/sigmaroute.tbl says what an event is in Sigma's words; an
 * event that states product, category or service itself (ndjson of other tools) is believed, and what it
 * leaves out then conflicts with nothing.  Answers are cached per combination of what they depend on.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "sigma/sigma_priv.h"

#define ROUTES_MAX 4096u
#define ROUTE_TABLE 16384u

struct route_row {
	const char *product, *category, *service, *dataset, *channel, *codes;
};

static const struct route_row route_rows[] = {
#define ROUTE(product, category, service, dataset, channel, codes) { product, category, service, dataset, channel, codes },
#include "tbl/sigmaroute.tbl"
#undef ROUTE
};

#define ROUTE_ROWS (sizeof route_rows / sizeof *route_rows)

/* What an event says about itself. */
struct origin {
	struct slice product, category, service; /* stated */
	struct slice dataset, channel, code, event_type;
};

static bool
dataset_fits(const char *want, struct slice dataset)
{
	struct slice w = slice_str(want);

	if (w.n == 0)
		return true;
	if (w.p[w.n - 1] == '*')
		return dataset.n >= w.n - 1 && slice_eq_nocase(slice_sub(dataset, 0, w.n - 1), slice_sub(w, 0, w.n - 1));
	return slice_eq_nocase(w, dataset);
}

static bool
codes_fit(const char *want, const struct origin *o)
{
	struct slice rest = slice_str(want);

	if (rest.n == 0)
		return true;
	while (rest.p != NULL) {
		struct slice type = slice_cut(&rest, ' '), code = slice_cut(&type, '/');

		if (slice_eq(code, o->code) && (type.p == NULL || slice_eq_nocase(type, o->event_type)))
			return true;
	}
	return false;
}

static bool
row_fits(const struct route_row *r, const struct origin *o)
{
	return dataset_fits(r->dataset, o->dataset) &&
	       (r->channel[0] == '\0' || slice_eq_nocase(slice_str(r->channel), o->channel)) && codes_fit(r->codes, o);
}

static bool
part_fits(struct slice rule, struct slice is)
{
	return rule.n == 0 || slice_eq_nocase(rule, is);
}

static bool
stated_fits(const struct logsource *ls, const struct origin *o)
{
	return (o->product.n == 0 || part_fits(ls->product, o->product)) &&
	       (o->category.n == 0 || part_fits(ls->category, o->category)) &&
	       (o->service.n == 0 || part_fits(ls->service, o->service));
}

static bool
source_fits(const struct logsource *ls, const struct origin *o, const bool *rows)
{
	struct slice rest = o->dataset, module = slice_cut(&rest, '.');

	if (o->product.n + o->category.n + o->service.n != 0 && stated_fits(ls, o))
		return true;
	if (o->dataset.n != 0 && ls->category.n == 0 && part_fits(ls->product, module) && part_fits(ls->service, rest))
		return true;
	for (size_t i = 0; i < ROUTE_ROWS; i++)
		if (rows[i] && part_fits(ls->product, slice_str(route_rows[i].product)) &&
		    part_fits(ls->category, slice_str(route_rows[i].category)) &&
		    part_fits(ls->service, slice_str(route_rows[i].service)))
			return true;
	return false;
}

static uint8_t
use_of(const struct pred *p)
{
	if (!p->scanned || !p->used || p->op == OP_HAS)
		return USE_VALUE;
	if (p->op == OP_EXACT)
		return USE_VALUE | USE_EXACT;
	if (p->op == OP_NUMBER)
		return USE_VALUE | USE_EXACT | USE_NUMBER;
	return USE_VALUE | (pred_is_tail(p) ? USE_TAIL : USE_SCAN);
}

static void
use_pred(const struct sigma_set *set, struct route *r, uint32_t id)
{
	const struct pred *p = &set->preds.v[id];

	if (p->vf != NONE)
		r->use[p->vf] |= use_of(p);
	if (p->vf2 != NONE)
		r->use[p->vf2] |= USE_VALUE;
	if (p->trigger != NONE)
		use_pred(set, r, p->trigger);
	for (uint32_t i = 0; i < p->member_n; i++)
		use_pred(set, r, p->members[i]);
}

static void
use_tree(const struct sigma_set *set, struct route *r, const struct node *n)
{
	if (n->kind == N_LEAF) {
		use_pred(set, r, n->pred);
		return;
	}
	for (const struct node *i = n->child; i != NULL; i = i->next)
		use_tree(set, r, i);
}

/* Values that no rule of the route asks for are not even folded. A keyword search looks at everything. */
static void
route_use(const struct sigma_set *set, struct route *r)
{
	r->use = x_calloc(set->vfs.n + 1, sizeof *r->use);
	if (r->keywords) {
		memset(r->use, USE_ALL, set->vfs.n);
		memcpy(r->slots, set->interest, sizeof r->slots);
		return;
	}
	for (uint32_t i = 0; i < set->rules.n; i++)
		if (bit_test(r->rules, i))
			use_tree(set, r, set->rules.v[i].tree);
	for (uint32_t f = 1; f < set->vfs.n; f++)
		for (uint8_t i = 0; r->use[f] != 0 && i < set->vfs.v[f].path_n; i++)
			bit_set(r->slots, (size_t)set->vfs.v[f].path[i]);
}

/* set->slot_vf without the fields nobody here reads. */
static void
route_readers(const struct sigma_set *set, struct route *r)
{
	for (size_t i = 0; i < EVENT_WORDS; i++) {
		r->rank[i] = (uint32_t)r->readers_at.n;
		for (uint64_t left = r->slots[i]; left != 0; left &= left - 1) {
			const uint32_t *vf = set->slot_vf[i * 64 + (size_t)__builtin_ctzll(left)];

			vec_push(&r->readers_at, (uint32_t)r->readers.n);
			for (; vf != NULL && *vf != NONE; vf++)
				if (r->use[*vf] != 0)
					vec_push(&r->readers, *vf);
			vec_push(&r->readers, NONE);
		}
	}
}

static void
route_fill(struct sigma_worker *w, struct route *r, const bool *sources)
{
	const struct sigma_set *set = w->set;

	r->rules = x_calloc(BITSET_WORDS(set->rules.n) + 1, sizeof *r->rules);
	r->always = x_malloc((set->always.n + 1) * sizeof *r->always);
	for (uint32_t i = 0; i < set->rules.n; i++)
		if (set->rules.v[i].tree != NULL && (sources == NULL || sources[set->rules.v[i].ls])) {
			bit_set(r->rules, i);
			r->keywords |= bit_test(set->keyword_rules, i);
		}
	for (size_t i = 0; i < set->always.n; i++)
		if (bit_test(r->rules, set->always.v[i]))
			r->always[r->always_n++] = set->always.v[i];
	route_use(set, r);
	route_readers(set, r);
}

static void
route_new(struct sigma_worker *w, const struct origin *o, uint64_t hash)
{
	struct route r = { .hash = hash };
	bool rows[ROUTE_ROWS], *sources = NULL;
	bool known = o->product.n + o->category.n + o->service.n + o->dataset.n + o->channel.n != 0;

	for (size_t i = 0; i < ROUTE_ROWS; i++)
		rows[i] = row_fits(&route_rows[i], o);
	if (known) {
		sources = x_calloc(w->set->sources.n + 1, sizeof *sources);
		for (size_t i = 0; i < w->set->sources.n; i++)
			sources[i] = source_fits(&w->set->sources.v[i], o, rows);
	}
	route_fill(w, &r, sources);
	free(sources);
	vec_push(&w->routes, r);
}

static void
routes_forget(struct sigma_worker *w)
{
	for (size_t i = 0; i < w->routes.n; i++) {
		free(w->routes.v[i].rules);
		free(w->routes.v[i].always);
		free(w->routes.v[i].use);
		vec_fini(&w->routes.v[i].readers);
		vec_fini(&w->routes.v[i].readers_at);
	}
	w->routes.n = 0;
	memset(w->route_table, 0, ROUTE_TABLE * sizeof *w->route_table);
}

static void
route_all(struct sigma_worker *w)
{
	struct route all = { 0 };

	route_fill(w, &all, NULL);
	vec_push(&w->routes, all);
}

void
routes_init(struct sigma_worker *w)
{
	w->route_table = x_calloc(ROUTE_TABLE, sizeof *w->route_table);
	route_all(w);
}

void
routes_fini(struct sigma_worker *w)
{
	routes_forget(w);
	vec_fini(&w->routes);
	free(w->route_table);
}

static char *
key_part(char *at, struct slice *s)
{
	if (s->n > ROUTE_PART_MAX)
		s->n = ROUTE_PART_MAX;
	if (s->n != 0)
		memcpy(at, s->p, s->n);
	at[s->n] = '\0';
	return at + s->n + 1;
}

static uint32_t
route_of_key(struct sigma_worker *w, const struct origin *o, struct slice key)
{
	uint64_t hash = hash_keyed(key);

	for (uint32_t i = (uint32_t)hash & (ROUTE_TABLE - 1);; i = (i + 1) & (ROUTE_TABLE - 1)) {
		if (w->route_table[i] == 0) {
			if (w->routes.n >= ROUTES_MAX) {
				routes_forget(w);
				route_all(w);
				i = (uint32_t)hash & (ROUTE_TABLE - 1);
			}
			route_new(w, o, hash);
			w->route_table[i] = (uint32_t)w->routes.n - 1;
			return w->route_table[i];
		}
		if (w->routes.v[w->route_table[i]].hash == hash)
			return w->route_table[i];
	}
}

uint32_t
sigma_route(struct sigma_worker *w, const struct event *e)
{
	const struct sigma_set *set = w->set;
	struct origin o = {
		event_text(e, set->slot_product), event_text(e, set->slot_category), event_text(e, set->slot_service),
		event_text(e, F_EVENT_DATASET), event_text(e, F_WINLOG_CHANNEL), event_text(e, F_EVENT_CODE), { 0 },
	};
	char key[ROUTE_KEY_MAX] __attribute__((uninitialized)), *at = key; /* clearing it would cost more than the rest */
	size_t n;

	if (o.channel.n == 0 && slice_eq(event_text(e, F_WINLOG_PROVIDER), SL("Microsoft-Windows-Sysmon")))
		o.channel = SL("Microsoft-Windows-Sysmon/Operational");
	if (o.channel.n == 0 && o.dataset.n == 0)
		o.code = (struct slice){ 0 };
	if (o.channel.n != 0)
		o.event_type = event_text(e, set->slot_event_type);
	at = key_part(at, &o.product);
	at = key_part(at, &o.category);
	at = key_part(at, &o.service);
	at = key_part(at, &o.dataset);
	at = key_part(at, &o.channel);
	at = key_part(at, &o.code);
	at = key_part(at, &o.event_type);
	n = (size_t)(at - key);
	if (n == w->last_key_n && memcmp(key, w->last_key, n) == 0) /* neighbours in a log mostly agree */
		return w->last_route;
	w->last_route = route_of_key(w, &o, slice_of(key, n));
	w->last_key_n = n;
	memcpy(w->last_key, key, n);
	return w->last_route;
}
