/* SPDX-License-Identifier: Apache-2.0
 *
 * Roster documents (docs/roster.md): YAML with sites, people, rosters → the arguments of roster.import.  Strict: what is unknown
 * is refused with file:line:column and the nearest good word.  When every word is good the whole is proved: for the
 * next 400 days somebody is on duty at every moment, never two crews, nobody in two sites; a hole is told with its
 * moments, in UTC and on the clock of the site.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "codec/holiday.h"
#include "codec/reach.h"
#include "codec/timefmt.h"
#include "codec/yaml.h"
#include "desk/roster_priv.h"

#define LANGS "ja en de es fr hi id ko ms pt ta th vi zh"
#define WORDS_MAX 4096

struct reader {
	const char *file;
	struct whys *ws;
	const json_t *known;    /* {"tenants":{id:{"lang"}},"people":{login:{"role","tenants"}}} */
	json_t *doc;
	const struct ynode *rosters;
};

static struct why *
fault(struct reader *r, const struct ynode *n, const char *id, const char *wanted)
{
	struct why *w = whys_add(r->ws, WHY_ERROR, E_SYNTAX, id, r->file, n->line, n->col);

	if (w != NULL && wanted != NULL) {
		why_found(w, "%.100s", n->kind == Y_SCALAR ? n->text.p : y_kind_name(n->kind));
		why_wanted(w, "%s", wanted);
	}
	return w;
}

/* The nearest of a list, as the hint. */
static void
hint(struct why *w, struct slice word, const char *const *words, size_t n)
{
	const char *near = w != NULL ? near_word(word, words, n) : NULL;

	if (near != NULL)
		why_hint(w, "did you mean %s?", near);
}

static size_t
split(char *copy, const char **ret, size_t max)
{
	size_t n = 0;

	for (char *p = copy; *p != '\0' && n < max;) {
		ret[n++] = p;
		p += strcspn(p, " ");
		if (*p != '\0')
			*p++ = '\0';
	}
	return n;
}

static void
check_keys(struct reader *r, const struct ynode *map, const char *keys)
{
	auto_free char *copy = x_strdup(keys);
	const char *names[16];
	size_t n = split(copy, names, 16);

	for (const struct ynode *c = map->child; c != NULL; c = c->next) {
		auto_free char *key = x_asprintf(SL_FMT, SL_ARG(c->key));
		struct why *w;

		if (word_in(key, keys))
			continue;
		w = whys_add(r->ws, WHY_ERROR, E_SYNTAX, "ROSTER-KEY", r->file, c->key_line, c->key_col);
		if (w == NULL)
			continue;
		why_found(w, "unknown key %.100s", key);
		why_wanted(w, "one of %s", keys);
		hint(w, c->key, names, n);
	}
}

static const struct ynode *
get(struct reader *r, const struct ynode *map, const char *key, enum ykind kind, bool need)
{
	const struct ynode *n = y_get(map, slice_str(key));
	auto_free char *wanted = x_asprintf("the key %s", key);

	if (n != NULL && n->kind != kind)
		fault(r, n, "ROSTER-TYPE", y_kind_name(kind));
	else if (n == NULL && need)
		fault(r, map, "ROSTER-MISSING", wanted);
	return n != NULL && n->kind == kind ? n : NULL;
}

static const char *
text(struct reader *r, const struct ynode *n)
{
	if (n == NULL)
		return NULL;
	if (n->kind == Y_SCALAR && utf8_is_valid(n->text) && n->text.n != 0 && n->text.n <= 200 && memchr(n->text.p, 0, n->text.n) == NULL)
		return n->text.p;
	fault(r, n, "ROSTER-TEXT", "a text of 1 to 200 bytes");
	return NULL;
}

static const char *
text_of(struct reader *r, const struct ynode *map, const char *key, bool need)
{
	return text(r, get(r, map, key, Y_SCALAR, need));
}

static void
put(json_t *o, const char *key, const char *value)
{
	if (value != NULL)
		json_object_set_new(o, key, json_string(value));
}

static const char *
id_of(struct reader *r, const struct ynode *map, const json_t *before)
{
	const char *id = text_of(r, map, "id", true);
	const json_t *v;
	size_t i;

	if (id != NULL && (strlen(id) > 31 || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(id)))
		fault(r, y_get(map, SL("id")), "ROSTER-ID", "1 to 31 of a-z 0-9 -");
	json_array_foreach(before, i, v)
		if (id != NULL && strcmp(json_string_value(json_object_get(v, "id")) ?: "", id) == 0)
			fault(r, y_get(map, SL("id")), "ROSTER-TWICE", "an id that stands here once");
	return id;
}

static const char *
zone_of(struct reader *r, const struct ynode *map, bool need)
{
	const char *s = text_of(r, map, "zone", need);

	if (s != NULL && zone_open(slice_str(s)) == NULL)
		fault(r, y_get(map, SL("zone")), "ROSTER-ZONE", "the name of a time zone, such as Europe/London");
	return s;
}

static const char *
country_of(struct reader *r, const struct ynode *map)
{
	const char *s = text_of(r, map, "country", true);
	auto_buf struct buf known = { 0 };

	if (s == NULL || calendar_find(slice_str(s)) != NULL)
		return s;
	calendar_codes(&known);
	fault(r, y_get(map, SL("country")), "ROSTER-COUNTRY", buf_cstr(&known));
	return s;
}

static json_t *
name_of(struct reader *r, const struct ynode *map, const char *otherwise)
{
	const struct ynode *n = y_get(map, SL("name"));
	const char *ja = otherwise, *en = otherwise;

	if (n != NULL && n->kind == Y_MAP) {
		check_keys(r, n, "ja en");
		ja = text_of(r, n, "ja", true);
		en = text_of(r, n, "en", true);
	} else if (n != NULL) {
		ja = en = text(r, n);
	}
	return texts(ja, en);
}

/* Dates as days since 1970. */
static json_t *
days_off_of(struct reader *r, const struct ynode *map)
{
	const struct ynode *list = get(r, map, "days_off", Y_SEQ, false);
	json_t *a = json_array();

	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		auto_free char *stamp = n->kind == Y_SCALAR ? x_asprintf("%.20sT00:00:00Z", n->text.p) : NULL;
		char again[16] = "";
		int64_t t;

		if (stamp != NULL && time_parse_rfc3339(slice_str(stamp), &t) == 0)
			day_text(t / NS_PER_DAY, again);
		if (again[0] == '\0' || strcmp(again, n->text.p) != 0)
			fault(r, n, "ROSTER-DATE", "a date such as 2026-12-29");
		else
			json_array_append_new(a, json_integer(t / NS_PER_DAY));
	}
	return a;
}

/* Is it a key of an object, or the `id`/`login` of one in a list? */
static bool
is_one_of(struct reader *r, const struct ynode *n, const json_t *object, const json_t *list, const char *key, const char *id, const char *wanted)
{
	const char *words[WORDS_MAX], *k;
	const char *s = text(r, n);
	json_t *v;
	size_t i, count = 0;

	json_object_foreach((json_t *)object, k, v)
		if (count < WORDS_MAX)
			words[count++] = k;
	json_array_foreach(list, i, v)
		if (count < WORDS_MAX && json_string_value(json_object_get(v, key)) != NULL)
			words[count++] = json_string_value(json_object_get(v, key));
	for (i = 0; s != NULL && i < count; i++)
		if (strcmp(words[i], s) == 0)
			return true;
	if (s != NULL)
		hint(fault(r, n, id, wanted), n->text, words, count);
	return false;
}

static void
site_of(struct reader *r, const struct ynode *n, json_t *sites)
{
	json_t *o = json_object();
	const char *id = id_of(r, n, sites);

	check_keys(r, n, "id name zone country days_off stand_in lead");
	put(o, "id", id);
	json_object_set_new(o, "name", name_of(r, n, id));
	put(o, "zone", zone_of(r, n, true));
	put(o, "country", country_of(r, n));
	json_object_set_new(o, "days_off", days_off_of(r, n));
	put(o, "lead", text_of(r, n, "lead", false));
	json_array_append_new(sites, o);
}

static json_t *
langs_of(struct reader *r, const struct ynode *map)
{
	const struct ynode *list = get(r, map, "lang", Y_SEQ, true);
	auto_free char *copy = x_strdup(LANGS);
	const char *words[32];
	size_t count = split(copy, words, 32);
	json_t *a = json_array();

	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		if (n->kind != Y_SCALAR || !word_in(n->text.p, LANGS))
			hint(fault(r, n, "ROSTER-LANGUAGE", LANGS), n->text, words, count);
		else
			json_array_append_new(a, json_string(n->text.p));
	}
	if (list != NULL && list->child == NULL)
		fault(r, list, "ROSTER-LANGUAGE", "at least one language");
	return a;
}

static void
person_of(struct reader *r, const struct ynode *n, json_t *people)
{
	const struct ynode *login = get(r, n, "login", Y_SCALAR, true), *site = get(r, n, "site", Y_SCALAR, true);
	const char *mail = text_of(r, n, "mail", false), *phone = text_of(r, n, "phone", false);
	json_t *o = json_object();
	const json_t *v;
	size_t i;

	check_keys(r, n, "login site lang mail phone");
	if (login != NULL)
		is_one_of(r, login, json_object_get(r->known, "people"), NULL, NULL, "ROSTER-PERSON", "the login of an analyst or a lead");
	json_array_foreach(people, i, v)
		if (login != NULL && strcmp(json_string_value(json_object_get(v, "login")) ?: "", login->text.p) == 0)
			fault(r, login, "ROSTER-TWICE", "a person who stands here once");
	if (site != NULL)
		is_one_of(r, site, NULL, json_object_get(r->doc, "sites"), "id", "ROSTER-SITE", "the id of a site above");
	if (mail != NULL && !reach_is_mail(slice_str(mail)))
		fault(r, y_get(n, SL("mail")), "ROSTER-MAIL", "one mail address");
	if (phone != NULL && !reach_is_number(slice_str(phone)))
		fault(r, y_get(n, SL("phone")), "ROSTER-NUMBER", "+ and digits, or sip:user@host");
	put(o, "login", text(r, login));
	put(o, "site", text(r, site));
	json_object_set_new(o, "lang", langs_of(r, n));
	put(o, "mail", mail);
	put(o, "phone", phone);
	json_array_append_new(people, o);
}

/* ---- rosters ---- */

/* May this person work for these tenants? */
static void
check_mask(struct reader *r, const struct ynode *n, const json_t *tenants)
{
	const json_t *who = json_object_get(json_object_get(r->known, "people"), n->text.p), *v;
	struct desk_actor a = { .role = "analyst", .tenants = json_object_get(who, "tenants") };
	size_t i;

	if (who != NULL && tenants == NULL && json_array_size(a.tenants) != 0)
		fault(r, n, "ROSTER-MASK", "somebody who sees all tenants: this roster is for all that no other names");
	json_array_foreach(tenants, i, v)
		if (who != NULL && !desk_sees(&a, json_string_value(v))) {
			auto_free char *wanted = x_asprintf("somebody who sees the tenant %.31s", json_string_value(v));

			fault(r, n, "ROSTER-MASK", wanted);
		}
}

static bool
worker(struct reader *r, const struct ynode *n, const json_t *tenants, bool lead)
{
	const json_t *who;

	if (!is_one_of(r, n, NULL, json_object_get(r->doc, "people"), "login", "ROSTER-PERSON", "the login of a person above"))
		return false;
	who = json_object_get(json_object_get(r->known, "people"), n->text.p);
	if (lead && who != NULL && strcmp(json_string_value(json_object_get(who, "role")) ?: "", "lead") != 0)
		fault(r, n, "ROSTER-LEAD", "a person whose role is lead");
	check_mask(r, n, tenants);
	return true;
}

static json_t *
turn_of(struct reader *r, const struct ynode *n, const json_t *tenants)
{
	const struct ynode *site = get(r, n, "site", Y_SCALAR, true), *lead = get(r, n, "lead", Y_SCALAR, true), *people = get(r, n, "people", Y_SEQ, false);
	const char *when = text_of(r, n, "when", true);
	json_t *o = json_object(), *a = json_array();

	check_keys(r, n, "site when zone lead people");
	if (site != NULL)
		is_one_of(r, site, NULL, json_object_get(r->doc, "sites"), "id", "ROSTER-SITE", "the id of a site above");
	if (when != NULL && (hours_read(when, NULL, 0) < 1 || hours_read(when, NULL, 0) > 16))
		fault(r, y_get(n, SL("when")), "ROSTER-WHEN", "always, or such as Mon-Fri 09:00-18:00; Sat,Sun,Hol 00:00-24:00");
	if (lead != NULL)
		worker(r, lead, tenants, true);
	for (const struct ynode *p = people != NULL ? people->child : NULL; p != NULL; p = p->next)
		if (worker(r, p, tenants, false))
			json_array_append_new(a, json_string(p->text.p));
	put(o, "site", text(r, site));
	put(o, "when", when);
	put(o, "zone", zone_of(r, n, false));
	put(o, "lead", text(r, lead));
	json_object_set_new(o, "people", a);
	return o;
}

/* NULL: all that no other roster names. */
static json_t *
tenants_of(struct reader *r, const struct ynode *roster)
{
	const struct ynode *n = y_get(roster, SL("tenants"));
	json_t *a;

	if (n == NULL || (n->kind == Y_SCALAR && slice_eq(n->text, SL("all"))) || n->kind != Y_SEQ || n->child == NULL) {
		if (n == NULL || n->kind != Y_SCALAR || !slice_eq(n->text, SL("all")))
			fault(r, n != NULL ? n : roster, "ROSTER-TENANTS", "tenants: a list of tenants, or all");
		return NULL;
	}
	a = json_array();
	for (const struct ynode *t = n->child; t != NULL; t = t->next)
		if (is_one_of(r, t, json_object_get(r->known, "tenants"), NULL, NULL, "ROSTER-TENANT", "the id of a tenant"))
			json_array_append_new(a, json_string(t->text.p));
	return a;
}

static void
roster_of_node(struct reader *r, const struct ynode *n, json_t *rosters)
{
	const struct ynode *home = get(r, n, "home", Y_SCALAR, true), *turns = get(r, n, "turns", Y_SEQ, true);
	json_t *o = json_object(), *list = json_array(), *tenants;

	check_keys(r, n, "id home tenants turns");
	put(o, "id", id_of(r, n, rosters));
	if (home != NULL)
		is_one_of(r, home, NULL, json_object_get(r->doc, "sites"), "id", "ROSTER-SITE", "the id of a site above");
	put(o, "home", text(r, home));
	tenants = tenants_of(r, n);
	json_object_set_new(o, "tenants", tenants != NULL ? tenants : json_null());
	for (const struct ynode *t = turns != NULL ? turns->child : NULL; t != NULL; t = t->next) {
		if (t->kind == Y_MAP)
			json_array_append_new(list, turn_of(r, t, tenants));
		else
			fault(r, t, "ROSTER-TYPE", "a map");
	}
	if (turns != NULL && turns->child == NULL)
		fault(r, turns, "ROSTER-MISSING", "at least one turn");
	json_object_set_new(o, "turns", list);
	json_array_append_new(rosters, o);
}

/* Each tenant has one roster. */
static void
check_tenants(struct reader *r, const struct ynode *root)
{
	json_t *seen = json_object(), *v;
	const char *id;
	bool all = false;

	for (const struct ynode *n = r->rosters->child; n != NULL; n = n->next) {
		const struct ynode *t = n->kind == Y_MAP ? y_get(n, SL("tenants")) : NULL;

		if (t != NULL && t->kind == Y_SCALAR && all)
			fault(r, t, "ROSTER-OVERLAP", "one roster for all, not two");
		all |= t != NULL && t->kind == Y_SCALAR;
		for (const struct ynode *p = t != NULL && t->kind == Y_SEQ ? t->child : NULL; p != NULL; p = p->next) {
			if (p->kind == Y_SCALAR && json_object_get(seen, p->text.p) != NULL)
				fault(r, p, "ROSTER-OVERLAP", "a tenant in one roster, not two");
			if (p->kind == Y_SCALAR)
				json_object_set_new(seen, p->text.p, json_true());
		}
	}
	json_object_foreach(json_object_get(r->known, "tenants"), id, v)
		if (!all && json_object_get(seen, id) == NULL) {
			struct why *w = fault(r, y_get(root, SL("rosters")), "ROSTER-GAP", NULL);

			if (w == NULL)
				break;
			why_found(w, "the tenant %s in no roster", id);
			why_wanted(w, "a roster that names it, or one for all");
		}
	json_decref(seen);
}

/* ---- stand-ins ---- */

/* Somebody of the site's leads has to see the tenants of every roster in which the lost site has turns. */
static void
check_stand_in_mask(struct reader *r, const struct ynode *n, const struct roster *roster, const char *lost)
{
	const json_t *lead = json_array_get(roster_site_lead(roster, n->text.p), 0), *who = json_object_get(json_object_get(r->known, "people"), json_string_value(lead));
	struct desk_actor a = { .role = "lead", .tenants = json_object_get(who, "tenants") };
	const json_t *v;
	size_t k;

	for (size_t i = 0; i < roster_count(roster) && who != NULL; i++) {
		const json_t *tenants = json_object_get(json_array_get(json_object_get(r->doc, "rosters"), i), "tenants");
		bool all = json_array_size(a.tenants) == 0;

		if (!roster_has_turn(roster, i, lost))
			continue;
		json_array_foreach(tenants, k, v)
			if (!desk_sees(&a, json_string_value(v)))
				fault(r, n, "ROSTER-MASK", "a site whose lead sees the tenants of the one that may be lost");
		if (!json_is_array(tenants) && !all)
			fault(r, n, "ROSTER-MASK", "a site whose lead sees all tenants: the other one has turns for all that no roster names");
	}
}

static void
stand_in_of(struct reader *r, const struct ynode *n, const struct roster *roster, const char *lost, json_t *list)
{
	const json_t *v;
	size_t i;

	if (n->kind != Y_SCALAR || !is_one_of(r, n, NULL, json_object_get(r->doc, "sites"), "id", "ROSTER-SITE", "the id of a site"))
		return;
	if (strcmp(n->text.p, lost) == 0)
		fault(r, n, "ROSTER-STAND-IN", "another site than the one that is lost");
	else if (roster_site_lead(roster, n->text.p) == NULL)
		fault(r, n, "ROSTER-STAND-IN", "a site with a turn or a lead of its own: somebody has to answer there");
	else
		check_stand_in_mask(r, n, roster, lost);
	json_array_foreach(list, i, v)
		if (strcmp(json_string_value(v), n->text.p) == 0)
			fault(r, n, "ROSTER-TWICE", "a site that stands here once");
	json_array_append_new(list, json_string(n->text.p));
}

static void
check_site_lead(struct reader *r, const struct ynode *lead)
{
	const json_t *who = json_object_get(json_object_get(r->known, "people"), lead->text.p);

	if (is_one_of(r, lead, NULL, json_object_get(r->doc, "people"), "login", "ROSTER-PERSON", "the login of a person below") && who != NULL &&
	    strcmp(json_string_value(json_object_get(who, "role")) ?: "", "lead") != 0)
		fault(r, lead, "ROSTER-LEAD", "a person whose role is lead");
}

static bool
has_turns(const struct roster *roster, const char *site)
{
	for (size_t i = 0; i < roster_count(roster); i++)
		if (roster_has_turn(roster, i, site))
			return true;
	return false;
}

/* Who stands in for each site: after all else, because a site below may be named. Without anybody it is a warning: it can be said when
 * the site is lost. */
static void
check_stand_ins(struct reader *r, const struct ynode *sites, const struct roster *roster)
{
	size_t i = 0;

	for (const struct ynode *n = sites->child; n != NULL; n = n->next, i++) {
		json_t *site = json_array_get(json_object_get(r->doc, "sites"), i), *list = json_array();
		const char *id = json_string_value(json_object_get(site, "id"));
		const struct ynode *in = get(r, n, "stand_in", Y_SEQ, false), *lead = get(r, n, "lead", Y_SCALAR, false);
		struct why *w;

		if (lead != NULL)
			check_site_lead(r, lead);
		for (const struct ynode *v = in != NULL ? in->child : NULL; v != NULL; v = v->next)
			stand_in_of(r, v, roster, id, list);
		if (in == NULL && has_turns(roster, id) && (w = whys_add(r->ws, WHY_WARNING, E_RANGE, "ROSTER-STAND-IN", r->file, n->line, n->col)) != NULL) {
			why_found(w, "nobody stands in when %s is lost", id);
			why_wanted(w, "stand_in: [a site, …]");
		}
		if (json_array_size(list) != 0)
			json_object_set(site, "stand_in", list);
		json_decref(list);
	}
}

/* ---- proof ---- */

static const struct ynode *
nth(const struct ynode *n, size_t i)
{
	for (n = n != NULL ? n->child : NULL; n != NULL && i > 0; i--)
		n = n->next;
	return n;
}

static const struct ynode *
node_of_turn(const struct reader *r, size_t roster, size_t turn)
{
	return nth(y_get(nth(r->rosters, roster), SL("turns")), turn);
}

static void
on_fault(void *ctx, const struct roster_fault *f)
{
	static const char *const ids[] = { "ROSTER-GAP", "ROSTER-OVERLAP", "ROSTER-TWO-SITES" };
	struct reader *r = ctx;
	const json_t *roster = json_array_get(json_object_get(r->doc, "rosters"), f->roster), *site, *v;
	const struct ynode *n = f->wrong == ROSTER_GAP ? nth(r->rosters, f->roster) : node_of_turn(r, f->other_roster, f->other);
	const struct ynode *other = node_of_turn(r, f->roster, f->turn);
	const char *zone = "UTC";
	char from[ROSTER_MOMENT], to[ROSTER_MOMENT];
	struct why *w;
	size_t i;

	json_array_foreach(json_object_get(r->doc, "sites"), i, v) {
		site = json_object_get(v, "id");
		if (json_equal((json_t *)site, json_object_get(roster, "home")))
			zone = json_string_value(json_object_get(v, "zone"));
	}
	roster_moment(f->from, zone, from);
	roster_moment(f->to, zone, to);
	if ((w = whys_add(r->ws, WHY_ERROR, E_RANGE, ids[f->wrong], r->file, n->line, n->col)) == NULL)
		return;
	if (f->wrong == ROSTER_GAP) {
		why_found(w, "nobody from %s to %s", from, to);
		why_wanted(w, "a turn for every moment of the next %d days", ROSTER_PROVEN_DAYS);
	} else if (f->wrong == ROSTER_OVERLAP) {
		why_found(w, "two crews from %s to %s", from, to);
		why_wanted(w, "one: the other turn stands in line %u", other->line);
	} else {
		why_found(w, "%.60s in two sites from %s to %s", f->login, from, to);
		why_wanted(w, "one: the other turn stands in line %u", other->line);
	}
	if (f->more != 0)
		why_hint(w, "and %zu more like it", f->more);
}

/* A crew that does not speak the tenant's language: a warning, because English may be agreed. */
static void
warn_languages(struct reader *r, const struct ynode *turn, const json_t *o, const json_t *tenants)
{
	auto_buf struct buf spoken = { 0 };
	const json_t *p, *v, *list = json_object_get(r->doc, "people");
	size_t i, k;

	json_array_foreach(list, i, p) {
		const char *login = json_string_value(json_object_get(p, "login"));
		bool here = strcmp(json_string_value(json_object_get(o, "lead")), login) == 0;

		json_array_foreach(json_object_get(o, "people"), k, v)
			here |= strcmp(json_string_value(v), login) == 0;
		json_array_foreach(json_object_get(p, "lang"), k, v)
			if (here)
				buf_printf(&spoken, "%s ", json_string_value(v));
	}
	json_array_foreach(tenants, i, v) {
		const char *lang = json_string_value(json_object_get(json_object_get(json_object_get(r->known, "tenants"), json_string_value(v)), "lang"));
		struct why *w;

		if (lang == NULL || word_in(lang, buf_cstr(&spoken)) || (w = whys_add(r->ws, WHY_WARNING, E_RANGE, "ROSTER-LANGUAGE", r->file, turn->line, turn->col)) == NULL)
			continue;
		why_found(w, "nobody of this turn speaks %s", lang);
		why_wanted(w, "the language of %s", json_string_value(v));
	}
}

static void
prove(struct reader *r, const struct ynode *sites, int64_t now)
{
	struct roster *roster = roster_new(r->doc);
	const json_t *o, *t;
	size_t i, k;

	if (roster == NULL) {
		fault(r, r->rosters, "ROSTER-TYPE", "sites, people and rosters that fit together");
		return;
	}
	roster_prove(roster, now, on_fault, r);
	check_stand_ins(r, sites, roster);
	json_array_foreach(json_object_get(r->doc, "rosters"), i, o)
		json_array_foreach(json_object_get(o, "turns"), k, t)
			warn_languages(r, node_of_turn(r, i, k), t, json_object_get(o, "tenants"));
	roster_free(roster);
}

/* ---- the document ---- */

static int64_t
seconds_of(struct reader *r, const struct ynode *root, const char *key, int64_t otherwise)
{
	const struct ynode *map = get(r, root, "handover", Y_MAP, false), *n = map != NULL ? get(r, map, key, Y_SCALAR, false) : NULL;
	int64_t v = otherwise;

	if (n != NULL && (!y_i64(n, &v) || v < 60 || v > 14400))
		fault(r, n, "ROSTER-RANGE", "60 to 14400 seconds");
	return v;
}

static void
each(struct reader *r, const struct ynode *root, const char *key, void (*fn)(struct reader *r, const struct ynode *n, json_t *list))
{
	const struct ynode *list = get(r, root, key, Y_SEQ, true);
	json_t *a = json_array();

	json_object_set_new(r->doc, key, a);
	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		if (n->kind == Y_MAP)
			fn(r, n, a);
		else
			fault(r, n, "ROSTER-TYPE", "a map");
	}
}

static void
read_root(struct reader *r, const struct ynode *root, int64_t now)
{
	if (root->kind != Y_MAP) {
		fault(r, root, "ROSTER-TYPE", "a map with sites, people and rosters");
		return;
	}
	check_keys(r, root, "sites people rosters handover");
	if (y_get(root, SL("handover")) != NULL && y_get(root, SL("handover"))->kind == Y_MAP)
		check_keys(r, y_get(root, SL("handover")), "draft_s accept_s");
	json_object_set_new(r->doc, "draft_s", json_integer(seconds_of(r, root, "draft_s", 1800)));
	json_object_set_new(r->doc, "accept_s", json_integer(seconds_of(r, root, "accept_s", 900)));
	each(r, root, "sites", site_of);
	each(r, root, "people", person_of);
	each(r, root, "rosters", roster_of_node);
	r->rosters = y_get(root, SL("rosters"));
	if (r->rosters != NULL && r->rosters->kind == Y_SEQ) {
		check_tenants(r, root);
		if (r->ws->errors == 0)
			prove(r, y_get(root, SL("sites")), now);
	}
}

json_t *
desk_roster_read(struct slice yaml, const char *file, const json_t *known, int64_t now, struct whys *ws)
{
	struct reader r = { .file = file, .ws = ws, .known = known, .doc = json_object() };
	struct ydocs docs = { 0 };
	struct arena a;

	arena_init(&a, 0, 16u << 20);
	if (yaml_parse(yaml, file, &a, &docs, ws) == 0) {
		if (docs.n != 0 && docs.v[0] != NULL)
			read_root(&r, docs.v[0], now);
		else if (ws->errors == 0)
			why_wanted(whys_add(ws, WHY_ERROR, E_SYNTAX, "ROSTER-TYPE", file, 1, 1), "a map with sites, people and rosters");
	}
	arena_fini(&a);
	if (ws->errors == 0)
		return r.doc;
	json_decref(r.doc);
	return NULL;
}
