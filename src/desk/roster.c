/* SPDX-License-Identifier: Apache-2.0
 *
 * The pure part of rosters: documents to spans of time.  Spans are worked out for the days around a moment, or for
 * 400 days when a roster is proved, never stored.
 */
#include "desk/roster_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/holiday.h"
#include "codec/timefmt.h"

#define SPANS_MAX 16
#define NEAR_DAYS 9     /* a moment's crew is looked for that far; further only when it lasts longer */
#define MEMO_DAYS 100    /* an answer is remembered for so long at most */
#define TELL 3          /* faults of one roster or person that are told one by one */

struct turn {
	const char *site, *lead, *zone_name;
	json_t *people; /* the lead first; owned */
	const struct zone *zone;
	struct hours_span spans[SPANS_MAX];
	int n;
};

struct memo {
	struct duty v[2];
	int64_t from[2], to[2]; /* good for moments in between */
	unsigned next, filled;
};

struct one { /* roster */
	const char *id;
	const json_t *tenants; /* NULL: all that no other names */
	const char *zone;
	const struct calendar *country;
	const json_t *days_off;
	struct turn *turns;
	size_t n;
	struct memo *memo; /* the crews that were asked for last: the same question comes again and again */
};

struct roster {
	json_t *doc;
	json_t *leads; /* {SITE: [login]} */
	struct one *v;
	size_t n;
	VEC(struct outage) outages;
};

struct span { /* of time, of one turn */
	int64_t from, to;
	size_t turn;
};

struct spans {
	struct span *v;
	size_t n, cap;
};

static const char *
str(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static const json_t *
by_key(const json_t *list, const char *key, const char *value)
{
	const json_t *o;
	size_t i;

	json_array_foreach(list, i, o)
		if (value != NULL && str(o, key) != NULL && strcmp(str(o, key), value) == 0)
			return o;
	return NULL;
}

const json_t *
roster_site(const struct roster *r, const char *id)
{
	return by_key(json_object_get(r->doc, "sites"), "id", id);
}

const json_t *
roster_person(const struct roster *r, const char *login)
{
	return by_key(json_object_get(r->doc, "people"), "login", login);
}

const json_t *
roster_doc(const struct roster *r)
{
	return r->doc;
}

static int64_t
span_of(const struct roster *r, const char *key)
{
	return json_integer_value(json_object_get(r->doc, key)) * NS_PER_S;
}

int64_t
roster_draft_ns(const struct roster *r)
{
	return span_of(r, "draft_s");
}

int64_t
roster_accept_ns(const struct roster *r)
{
	return span_of(r, "accept_s");
}

/* ---- the document ---- */

static bool
is_list_of_text(const json_t *list)
{
	const json_t *v;
	size_t i;

	if (!json_is_array(list))
		return false;
	json_array_foreach(list, i, v)
		if (!json_is_string(v))
			return false;
	return true;
}

static bool
read_turn(const struct roster *r, const struct one *o, const json_t *in, struct turn *ret)
{
	const json_t *people = json_object_get(in, "people"), *v;
	size_t i;

	ret->site = str(in, "site");
	ret->lead = str(in, "lead");
	ret->zone_name = str(in, "zone") != NULL ? str(in, "zone") : o->zone;
	if (ret->site == NULL || roster_site(r, ret->site) == NULL || ret->lead == NULL || str(in, "when") == NULL || (people != NULL && !is_list_of_text(people)))
		return false;
	ret->zone = zone_open(slice_str(ret->zone_name));
	ret->n = hours_read(str(in, "when"), ret->spans, SPANS_MAX);
	ret->people = json_pack("[s]", ret->lead);
	json_array_foreach(people, i, v)
		if (strcmp(json_string_value(v), ret->lead) != 0)
			json_array_append(ret->people, (json_t *)v);
	return ret->zone != NULL && ret->n > 0 && ret->n <= SPANS_MAX;
}

static bool
read_one(const struct roster *r, const json_t *in, struct one *ret)
{
	const json_t *home = roster_site(r, str(in, "home")), *turns = json_object_get(in, "turns"), *tenants = json_object_get(in, "tenants");

	ret->memo = x_calloc(1, sizeof *ret->memo);
	ret->id = str(in, "id");
	ret->tenants = json_is_array(tenants) ? tenants : NULL;
	if (home == NULL || ret->id == NULL || str(home, "zone") == NULL || !json_is_array(turns) || json_array_size(turns) == 0 ||
	    (ret->tenants != NULL && !is_list_of_text(ret->tenants)))
		return false;
	ret->zone = str(home, "zone");
	ret->country = calendar_find(slice_str(str(home, "country") != NULL ? str(home, "country") : ""));
	ret->days_off = json_object_get(home, "days_off");
	ret->turns = x_calloc(json_array_size(turns), sizeof *ret->turns);
	for (ret->n = 0; ret->n < json_array_size(turns); ret->n++)
		if (!read_turn(r, ret, json_array_get(turns, ret->n), &ret->turns[ret->n])) {
			ret->n++; /* what it took is given back */
			return false;
		}
	return true;
}

/* Names, zones and languages are where the views look for them. */
static bool
is_whole(const json_t *doc)
{
	const json_t *v, *name;
	size_t i;

	json_array_foreach(json_object_get(doc, "sites"), i, v) {
		name = json_object_get(v, "name");
		if (str(v, "id") == NULL || str(name, "ja") == NULL || str(name, "en") == NULL || str(v, "zone") == NULL || zone_open(slice_str(str(v, "zone"))) == NULL ||
		    str(v, "country") == NULL || (json_object_get(v, "stand_in") != NULL && !is_list_of_text(json_object_get(v, "stand_in"))))
			return false;
	}
	json_array_foreach(json_object_get(doc, "people"), i, v)
		if (str(v, "login") == NULL || str(v, "site") == NULL || !is_list_of_text(json_object_get(v, "lang")))
			return false;
	return true;
}

static bool
is_span(const json_t *doc, const char *key)
{
	json_int_t s = json_integer_value(json_object_get(doc, key));

	return s > 0 && s <= 86400;
}

static void
find_leads(struct roster *r)
{
	const json_t *v;
	size_t i;

	r->leads = json_object();
	json_array_foreach(json_object_get(r->doc, "sites"), i, v)
		if (str(v, "lead") != NULL)
			json_object_set_new(r->leads, str(v, "id"), json_pack("[s]", str(v, "lead")));
	for (i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->v[i].n; k++)
			if (json_object_get(r->leads, r->v[i].turns[k].site) == NULL)
				json_object_set_new(r->leads, r->v[i].turns[k].site, json_pack("[s]", r->v[i].turns[k].lead));
}

const json_t *
roster_site_lead(const struct roster *r, const char *site)
{
	return json_object_get(r->leads, site);
}

struct roster *
roster_new(const json_t *doc)
{
	const json_t *list = json_object_get(doc, "rosters");
	struct roster *r = x_calloc(1, sizeof *r);
	bool good = json_is_array(list) && is_whole(doc) && is_span(doc, "draft_s") && is_span(doc, "accept_s");

	r->doc = json_incref((json_t *)doc);
	r->v = x_calloc(json_array_size(list) + 1, sizeof *r->v);
	while (good && r->n < json_array_size(list)) {
		good = read_one(r, json_array_get(list, r->n), &r->v[r->n]);
		r->n++;
	}
	if (good) {
		find_leads(r);
		return r;
	}
	roster_free(r);
	return NULL;
}

void
roster_put_outage(struct roster *r, const struct outage *o)
{
	vec_push(&r->outages, *o);
}

const struct outage *
roster_outages(const struct roster *r, size_t *ret_n)
{
	*ret_n = r->outages.n;
	return r->outages.v;
}

void
roster_free(struct roster *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->v[i].n; k++)
			json_decref(r->v[i].turns[k].people);
		free(r->v[i].turns);
		free(r->v[i].memo);
	}
	free(r->v);
	vec_fini(&r->outages);
	json_decref(r->leads);
	json_decref(r->doc);
	free(r);
}

/* ---- spans of time ---- */

static unsigned
kind_of_day(const struct one *o, int64_t day)
{
	const json_t *v;
	size_t i;

	if (o->country != NULL && calendar_is_holiday(o->country, day, NULL))
		return 1u << HOURS_HOL;
	json_array_foreach(o->days_off, i, v)
		if (json_integer_value(v) == day)
			return 1u << HOURS_HOL;
	return 1u << ((day + 3) % 7 + 7) % 7; /* 1970-01-01: Thursday */
}

static int
by_time(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->from != y->from ? (x->from > y->from) - (x->from < y->from) : (x->turn > y->turn) - (x->turn < y->turn);
}

static void
add_day(const struct one *o, size_t turn, int64_t day, unsigned kind, struct spans *ret)
{
	const struct turn *t = &o->turns[turn];

	for (int i = 0; i < t->n; i++) {
		const struct hours_span *h = &t->spans[i];
		struct span s = { .turn = turn };

		if ((h->days & kind) == 0)
			continue;
		s.from = zone_first_utc(t->zone, day * 86400 + h->from * 60) * NS_PER_S;
		s.to = zone_first_utc(t->zone, (day + (h->to <= h->from)) * 86400 + h->to * 60) * NS_PER_S;
		if (s.from < s.to) /* an hour that is left out that night has no span */
			vec_push(ret, s);
	}
}

/* Everything that touches [from, to), in order. */
static void
spans_of(const struct one *o, int64_t from, int64_t to, struct spans *ret)
{
	int64_t first = from / NS_PER_DAY - 3, last = to / NS_PER_DAY + 2;

	for (int64_t day = first; day <= last; day++) {
		unsigned kind = kind_of_day(o, day);

		for (size_t k = 0; k < o->n; k++)
			add_day(o, k, day, kind, ret);
	}
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof *ret->v, by_time);
}

static bool
same_crew(const struct turn *a, const struct turn *b)
{
	return strcmp(a->site, b->site) == 0 && strcmp(a->lead, b->lead) == 0 && json_equal(a->people, b->people);
}

/* The crew at a moment, with all that joins on without a hole. *ret_edge: it may last longer than was looked at. */
static bool
crew_at(const struct one *o, int64_t at, int64_t days, struct duty *ret, bool *ret_edge)
{
	struct spans s = { 0 };
	const struct turn *t = NULL;
	size_t i, k;

	spans_of(o, at - days * NS_PER_DAY, at + days * NS_PER_DAY, &s);
	for (i = 0; i < s.n && !(s.v[i].from <= at && at < s.v[i].to); i++)
		;
	if (i < s.n) {
		t = &o->turns[s.v[i].turn];
		*ret = (struct duty){ .roster = o->id, .site = t->site, .lead = t->lead, .people = t->people, .from = s.v[i].from, .to = s.v[i].to };
		for (k = i + 1; k < s.n && s.v[k].from == ret->to && same_crew(t, &o->turns[s.v[k].turn]); k++)
			ret->to = s.v[k].to;
		*ret_edge = k == s.n;
		for (k = i; k > 0 && s.v[k - 1].to == ret->from && same_crew(t, &o->turns[s.v[k - 1].turn]); k--)
			ret->from = s.v[k - 1].from;
		*ret_edge |= k == 0;
	}
	vec_fini(&s);
	return t != NULL;
}

static bool
duty_of(const struct one *o, int64_t at, struct duty *ret)
{
	struct memo *m = o->memo;
	bool edge = false;

	for (unsigned i = 0; i < m->filled; i++)
		if (m->from[i] <= at && at < m->to[i]) {
			*ret = m->v[i];
			return true;
		}
	if (!crew_at(o, at, NEAR_DAYS, ret, &edge))
		return false;
	if (edge && crew_at(o, at, ROSTER_PROVEN_DAYS, ret, &edge) && edge) {
		if (ret->to > at + ROSTER_PROVEN_DAYS * NS_PER_DAY)
			ret->to = INT64_MAX;
		if (ret->from < at - ROSTER_PROVEN_DAYS * NS_PER_DAY)
			ret->from = INT64_MIN;
	}
	m->v[m->next] = *ret;
	m->from[m->next] = ret->from > at - MEMO_DAYS * NS_PER_DAY ? ret->from : at - MEMO_DAYS * NS_PER_DAY;
	m->to[m->next] = ret->to < at + MEMO_DAYS * NS_PER_DAY ? ret->to : at + MEMO_DAYS * NS_PER_DAY;
	m->next = (m->next + 1) % 2;
	m->filled = m->filled < 2 ? m->filled + 1 : 2;
	return true;
}

static bool
names(const struct one *o, const char *tenant)
{
	const json_t *v;
	size_t i;

	json_array_foreach(o->tenants, i, v)
		if (strcmp(json_string_value(v), tenant) == 0)
			return true;
	return false;
}

static const struct one *
one_of(const struct roster *r, const char *tenant)
{
	for (size_t i = 0; i < r->n; i++)
		if (names(&r->v[i], tenant))
			return &r->v[i];
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].tenants == NULL)
			return &r->v[i];
	return NULL;
}

bool
roster_planned(const struct roster *r, size_t i, int64_t at, struct duty *ret)
{
	return i < r->n && duty_of(&r->v[i], at, ret);
}

size_t
roster_count(const struct roster *r)
{
	return r->n;
}

const char *
roster_id(const struct roster *r, size_t i)
{
	return r->v[i].id;
}

bool
roster_has_turn(const struct roster *r, size_t i, const char *site)
{
	for (size_t k = 0; k < r->v[i].n; k++)
		if (strcmp(r->v[i].turns[k].site, site) == 0)
			return true;
	return false;
}

const char *
roster_of(const struct roster *r, const char *tenant)
{
	const struct one *o = r != NULL ? one_of(r, tenant) : NULL;

	return o != NULL ? o->id : NULL;
}

bool
duty_has(const struct duty *d, const char *login)
{
	const json_t *v;
	size_t i;

	json_array_foreach(d->people, i, v)
		if (login != NULL && strcmp(json_string_value(v), login) == 0)
			return true;
	return false;
}

bool
duty_same_crew(const struct duty *a, const struct duty *b)
{
	return strcmp(a->site, b->site) == 0 && strcmp(a->lead, b->lead) == 0 && json_equal(a->people, b->people);
}

/* ---- proof ---- */

struct proof {
	roster_fault_fn *fn;
	void *ctx;
	size_t all;
	struct {
		size_t told;
		struct roster_fault last;
	} of[ROSTER_TWO_SITES + 1];
};

/* The last one that is told waits until it is known how many more there are. */
static void
find(struct proof *p, const struct roster_fault *f)
{
	size_t *told = &p->of[f->wrong].told;
	struct roster_fault *last = &p->of[f->wrong].last;

	p->all++;
	if (*told == TELL) {
		last->more++;
		return;
	}
	if ((*told)++ != 0)
		p->fn(p->ctx, last);
	*last = *f;
}

static void
found_all(struct proof *p)
{
	for (int i = 0; i <= ROSTER_TWO_SITES; i++) {
		if (p->of[i].told != 0)
			p->fn(p->ctx, &p->of[i].last);
		p->of[i].told = 0;
	}
}

static void
prove_cover(const struct roster *r, size_t which, int64_t from, struct proof *p)
{
	int64_t end = from + ROSTER_PROVEN_DAYS * NS_PER_DAY, covered = from;
	size_t last = 0;
	struct spans s = { 0 };

	spans_of(&r->v[which], from, end, &s);
	for (size_t i = 0; i < s.n && covered < end; i++) {
		const struct span *v = &s.v[i];

		if (v->to <= from)
			continue;
		if (v->from > covered)
			find(p, &(struct roster_fault){ .wrong = ROSTER_GAP, .roster = which, .turn = last, .other = v->turn, .other_roster = which, .from = covered, .to = v->from < end ? v->from : end });
		/* covered by the span `last` up to `covered` */
		if (v->from < covered && covered > from && v->from < end)
			find(p, &(struct roster_fault){ .wrong = ROSTER_OVERLAP, .roster = which, .turn = last, .other = v->turn, .other_roster = which,
			                                .from = v->from > from ? v->from : from, .to = v->to < covered ? v->to : covered });
		if (v->to > covered) {
			covered = v->to;
			last = v->turn;
		}
	}
	if (covered < end)
		find(p, &(struct roster_fault){ .wrong = ROSTER_GAP, .roster = which, .turn = last, .other_roster = which, .from = covered, .to = end });
	vec_fini(&s);
	found_all(p);
}

struct place { /* of a person, for a while */
	int64_t from, to;
	const char *site;
	size_t roster, turn;
};

static int
by_begin(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->from != y->from ? (x->from > y->from) - (x->from < y->from) : (x->roster > y->roster) - (x->roster < y->roster);
}

static bool
turn_has(const struct turn *t, const char *login)
{
	return duty_has(&(struct duty){ .people = t->people }, login);
}

/* Where the person is; *ret_sites: in more than one site at all. */
static void
places_of(const struct roster *r, const char *login, int64_t from, int64_t to, struct place **ret, size_t *ret_n, bool *ret_sites)
{
	VEC(struct place) v = { 0 };
	const char *first = NULL;

	*ret_sites = false;
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->v[i].n; k++)
			if (turn_has(&r->v[i].turns[k], login)) {
				*ret_sites |= first != NULL && strcmp(first, r->v[i].turns[k].site) != 0;
				first = r->v[i].turns[k].site;
			}
	for (size_t i = 0; i < r->n && *ret_sites; i++) {
		struct spans s = { 0 };

		spans_of(&r->v[i], from, to, &s);
		for (size_t k = 0; k < s.n; k++)
			if (s.v[k].to > from && s.v[k].from < to && turn_has(&r->v[i].turns[s.v[k].turn], login))
				vec_push(&v, ((struct place){ s.v[k].from, s.v[k].to, r->v[i].turns[s.v[k].turn].site, i, s.v[k].turn }));
		vec_fini(&s);
	}
	if (v.n > 1)
		qsort(v.v, v.n, sizeof *v.v, by_begin);
	*ret = v.v;
	*ret_n = v.n;
}

static void
prove_person(const struct roster *r, const char *login, int64_t from, struct proof *p)
{
	struct place *v;
	size_t n;
	bool sites;

	places_of(r, login, from, from + ROSTER_PROVEN_DAYS * NS_PER_DAY, &v, &n, &sites);
	for (size_t i = 0; i < n && sites; i++)
		for (size_t k = i + 1; k < n && v[k].from < v[i].to; k++)
			if (strcmp(v[i].site, v[k].site) != 0)
				find(p, &(struct roster_fault){ .wrong = ROSTER_TWO_SITES, .login = login, .roster = v[i].roster, .turn = v[i].turn, .other_roster = v[k].roster,
				                                .other = v[k].turn, .from = v[k].from, .to = v[k].to < v[i].to ? v[k].to : v[i].to });
	free(v);
	found_all(p);
}

size_t
roster_prove(const struct roster *r, int64_t from, roster_fault_fn *fn, void *ctx)
{
	struct proof p = { .fn = fn, .ctx = ctx };
	const json_t *o;
	size_t i;

	for (i = 0; i < r->n; i++)
		prove_cover(r, i, from, &p);
	json_array_foreach(json_object_get(r->doc, "people"), i, o)
		if (str(o, "login") != NULL)
			prove_person(r, str(o, "login"), from, &p);
	return p.all;
}

void
roster_moment(int64_t ns, const char *zone, char ret[ROSTER_MOMENT])
{
	char utc[36], local[6], day[16];

	time_format_rfc3339(utc, ns, 0);
	local_time(zone, ns, local);
	day_text(local_day(zone, ns), day);
	snprintf(ret, ROSTER_MOMENT, "%s (%s %s %.24s)", utc, day, local, zone);
}
