/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is on duty when sites are lost.  The planned crew of a lost site is replaced by that of a stand-in:
 *
 *     tokyo (lost) ─▶ the one chosen when it was lost, singapore, reading: the first that is not lost
 *                     all of them lost ─▶ their stand-ins, in the same order
 *     there           the crew on duty in the first roster that has one there now, else the site's lead alone
 *
 * Pure, and the same for everybody who asks: it depends on the document, the outages and the time alone.  The span of the answer ends
 * where any of what was looked at may change: an outage, or the crew of a roster.
 */
#include "desk/roster_priv.h"

#define SITES_MAX 64 /* looked at for one answer */

/* A stretch of time in which the answer holds. */
struct stretch {
	int64_t at, from, to;
};

static void
narrow(struct stretch *s, int64_t edge)
{
	if (edge <= s->at)
		s->from = edge > s->from ? edge : s->from;
	else
		s->to = edge < s->to ? edge : s->to;
}

bool
roster_is_lost(const struct roster *r, const char *site, int64_t at, const struct outage **ret_o)
{
	size_t n;
	const struct outage *o = roster_outages(r, &n);
	bool lost = false;

	for (size_t i = 0; i < n; i++)
		if (strcmp(o[i].site, site) == 0 && o[i].from <= at && at < o[i].to) {
			lost = true;
			if (ret_o != NULL)
				*ret_o = &o[i];
		}
	return lost;
}

static bool
is_lost(const struct roster *r, const char *site, struct stretch *s)
{
	size_t n;
	const struct outage *o = roster_outages(r, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(o[i].site, site) == 0 && o[i].from < o[i].to) {
			narrow(s, o[i].from);
			narrow(s, o[i].to);
		}
	return roster_is_lost(r, site, s->at, NULL);
}

/* The crew that works at the site now, for whichever roster; else its lead. */
static bool
crew_there(const struct roster *r, const char *site, struct stretch *s, struct duty *ret)
{
	const json_t *lead = roster_site_lead(r, site);
	struct duty d;

	for (size_t i = 0; i < roster_count(r); i++) {
		if (!roster_planned(r, i, s->at, &d))
			continue;
		narrow(s, d.from);
		narrow(s, d.to);
		if (strcmp(d.site, site) == 0) {
			ret->lead = d.lead;
			ret->people = d.people;
			return true;
		}
	}
	ret->lead = json_string_value(json_array_get(lead, 0));
	ret->people = lead;
	return ret->lead != NULL;
}

struct search {
	const char *seen[SITES_MAX];
	size_t n;
};

static bool
is_new(const struct search *k, const char *site)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->seen[i], site) == 0)
			return false;
	return k->n < SITES_MAX;
}

static bool
try_site(const struct roster *r, const char *site, struct search *k, struct stretch *s, struct duty *ret)
{
	if (site == NULL || site[0] == '\0' || roster_site(r, site) == NULL || !is_new(k, site))
		return false;
	k->seen[k->n++] = site;
	if (is_lost(r, site, s) || !crew_there(r, site, s, ret))
		return false;
	ret->site = site;
	return true;
}

/* The stand-ins of a site that was seen, in their order. */
static bool
try_stand_ins(const struct roster *r, const char *of, struct search *k, struct stretch *s, struct duty *ret)
{
	const struct outage *o = NULL;
	const json_t *v;
	size_t i;

	if (roster_is_lost(r, of, s->at, &o) && try_site(r, o->stand_in, k, s, ret))
		return true;
	json_array_foreach(json_object_get(roster_site(r, of), "stand_in"), i, v)
		if (try_site(r, json_string_value(v), k, s, ret))
			return true;
	return false;
}

static bool
search(const struct roster *r, const char *site, struct stretch *s, struct duty *ret)
{
	struct search k = { .seen = { site }, .n = 1 };

	for (size_t i = 0; i < k.n; i++)
		if (try_stand_ins(r, k.seen[i], &k, s, ret)) {
			ret->stands_for = site;
			return true;
		}
	return false;
}

bool
roster_stand_in(const struct roster *r, const char *site, int64_t at, struct duty *ret)
{
	struct stretch s = { .at = at, .from = INT64_MIN, .to = INT64_MAX };
	struct duty d = { .roster = NULL };

	if (!is_lost(r, site, &s) || !search(r, site, &s, &d))
		return false;
	d.from = s.from;
	d.to = s.to;
	*ret = d;
	return true;
}

static bool
in_effect(const struct roster *r, size_t i, int64_t at, struct duty *ret)
{
	struct stretch s = { .at = at };
	struct duty d;

	if (!roster_planned(r, i, at, &d))
		return false;
	s.from = d.from;
	s.to = d.to;
	if (is_lost(r, d.site, &s) && !search(r, d.site, &s, &d))
		return false;
	d.from = s.from;
	d.to = s.to;
	*ret = d;
	return true;
}

bool
roster_duty_of(const struct roster *r, const char *id, int64_t at, struct duty *ret)
{
	for (size_t i = 0; r != NULL && id != NULL && i < roster_count(r); i++)
		if (strcmp(roster_id(r, i), id) == 0)
			return in_effect(r, i, at, ret);
	return false;
}

bool
roster_duty(const struct roster *r, const char *tenant, int64_t at, struct duty *ret)
{
	return tenant != NULL && roster_duty_of(r, roster_of(r, tenant), at, ret);
}
