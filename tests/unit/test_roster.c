/* SPDX-License-Identifier: Apache-2.0
 *
 * Rosters: who is on duty when, over nights in which clocks are set, holidays and the end of the year; and the documents that
 * are refused, with the moments that are wrong.
 */
#include "roster_scene.h"

#include "codec/timefmt.h"
#include "desk/roster_priv.h"

static json_t *
known(void)
{
	return json_pack("{s:{s:{s:s},s:{s:s}}, s:{s:{s:s,s:[]},s:{s:s,s:[]},s:{s:s,s:[]},s:{s:s,s:[]},s:{s:s,s:[]}}}", "tenants", "aoba", "lang", "ja", "harbor",
	                 "lang", "en", "people", "otomo", "role", "lead", "tenants", "miyoshi", "role", "analyst", "tenants", "bell", "role", "lead", "tenants",
	                 "wood", "role", "analyst", "tenants", "cole", "role", "lead", "tenants");
}

/* Faults (and warnings) as text; NULL document when there are errors. */
static json_t *
read(const char *yaml, const char *now, struct buf *out)
{
	struct whys ws = { 0 };
	json_t *k = known(), *doc = desk_roster_read(slice_str(yaml), "r.yaml", k, at(now), &ws);

	for (size_t i = 0; i < ws.list.n; i++) {
		why_print(&ws.list.v[i], out);
		buf_put_str(out, "\n");
	}
	assert_true((doc == NULL) == (ws.errors != 0));
	whys_fini(&ws);
	json_decref(k);
	return doc;
}

static struct roster *
good(const char *yaml)
{
	struct buf b = { 0 };
	json_t *doc = read(yaml, "2026-11-27T00:00:00Z", &b);
	struct roster *r;

	if (doc == NULL)
		fail_msg("%s", buf_cstr(&b));
	r = roster_new(doc);
	assert_non_null(r);
	json_decref(doc);
	buf_fini(&b);
	return r;
}

static void
bad(const char *yaml, const char *wanted)
{
	struct buf b = { 0 };
	json_t *doc = read(yaml, "2026-11-27T00:00:00Z", &b);

	if (doc != NULL || strstr(buf_cstr(&b), wanted) == NULL)
		fail_msg("wanted %s, got:\n%s", wanted, buf_cstr(&b));
	buf_fini(&b);
}

static void
on(const struct roster *r, const char *tenant, const char *when, const char *lead, const char *from, const char *to)
{
	char a[36], b[36];
	struct duty d;

	if (!roster_duty(r, tenant, at(when), &d))
		fail_msg("nobody is on duty for %s at %s", tenant, when);
	time_format_rfc3339(a, d.from, 0);
	time_format_rfc3339(b, d.to, 0);
	if (strcmp(d.lead, lead) != 0 || strcmp(a, from) != 0 || strcmp(b, to) != 0)
		fail_msg("%s at %s: %s from %s to %s, wanted %s %s %s", tenant, when, d.lead, a, b, lead, from, to);
}

static void
a_wall_clock_names_one_moment(void **st)
{
	static const struct {
		const char *zone, *local, *utc;
	} rows[] = {
		{ "Asia/Tokyo", "2027-03-28T01:30:00Z", "2027-03-27T16:30:00Z" },
		/* left out: 01:00 to 02:00 */
		{ "Europe/London", "2027-03-28T00:59:59Z", "2027-03-28T00:59:59Z" },
		{ "Europe/London", "2027-03-28T01:00:00Z", "2027-03-28T01:00:00Z" },
		{ "Europe/London", "2027-03-28T01:30:00Z", "2027-03-28T01:00:00Z" },
		{ "Europe/London", "2027-03-28T02:00:00Z", "2027-03-28T01:00:00Z" },
		{ "Europe/London", "2027-03-28T02:30:00Z", "2027-03-28T01:30:00Z" },
		/* twice: 01:00 to 02:00 */
		{ "Europe/London", "2027-10-31T01:00:00Z", "2027-10-31T00:00:00Z" },
		{ "Europe/London", "2027-10-31T01:59:59Z", "2027-10-31T00:59:59Z" },
		{ "Europe/London", "2027-10-31T02:00:00Z", "2027-10-31T02:00:00Z" },
		{ "America/New_York", "2027-03-14T02:30:00Z", "2027-03-14T07:00:00Z" },
		{ "America/New_York", "2027-11-07T01:30:00Z", "2027-11-07T05:30:00Z" },
		{ "America/New_York", "2027-11-07T02:00:00Z", "2027-11-07T07:00:00Z" },
	};

	(void)st;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t utc = zone_first_utc(zone_open(slice_str(rows[i].zone)), at(rows[i].local) / SEC) * SEC;

		if (utc != at(rows[i].utc))
			fail_msg("%s %s: %lld", rows[i].zone, rows[i].local, (long long)(utc / SEC));
	}
	/* it never falls, over two years of quarters of an hour */
	for (int64_t s = at("2026-01-01T00:00:00Z") / SEC, before = 0; s < at("2028-01-01T00:00:00Z") / SEC; s += 900) {
		int64_t utc = zone_first_utc(zone_open(SL("America/New_York")), s);

		assert_true(utc >= before);
		before = utc;
	}
}

static void
day_at_home_nights_and_holidays_elsewhere(void **st)
{
	struct roster *r = good(SITES AOBA HARBOR);
	struct duty d;

	(void)st;
	/* Friday 2026-11-27 in Tokyo */
	on(r, "aoba", "2026-11-27T00:00:00Z", "otomo", "2026-11-27T00:00:00Z", "2026-11-27T09:00:00Z");
	on(r, "aoba", "2026-11-27T08:59:59Z", "otomo", "2026-11-27T00:00:00Z", "2026-11-27T09:00:00Z");
	on(r, "aoba", "2026-11-27T09:00:00Z", "bell", "2026-11-27T09:00:00Z", "2026-11-27T15:00:00Z");
	/* the weekend and Monday's small hours are one crew */
	on(r, "aoba", "2026-11-28T03:00:00Z", "cole", "2026-11-27T15:00:00Z", "2026-11-30T00:00:00Z");
	/* 2027-01-11 is Coming of Age Day, a Monday */
	on(r, "aoba", "2027-01-11T03:00:00Z", "cole", "2027-01-08T15:00:00Z", "2027-01-12T00:00:00Z");
	/* the site's own day off; over the year's end there is one holiday, then 2 and 3 January 2027 are a weekend */
	on(r, "aoba", "2026-12-29T03:00:00Z", "cole", "2026-12-28T15:00:00Z", "2026-12-30T00:00:00Z");
	on(r, "aoba", "2026-12-31T14:59:59Z", "bell", "2026-12-31T09:00:00Z", "2026-12-31T15:00:00Z");
	on(r, "aoba", "2026-12-31T15:00:00Z", "cole", "2026-12-31T15:00:00Z", "2027-01-04T00:00:00Z");
	/* all that no other names, for ever */
	assert_true(roster_duty(r, "harbor", at("2027-01-01T00:00:00Z"), &d));
	assert_string_equal(d.site, "reading");
	assert_true(d.from == INT64_MIN && d.to == INT64_MAX);
	assert_true(duty_has(&d, "wood") && duty_has(&d, "bell") && !duty_has(&d, "cole"));
	roster_free(r);
}

#define LONDON(turns) SITES "rosters:\n  - id: all\n    home: reading\n    tenants: all\n    turns:\n" turns

static void
nights_of_23_and_25_hours(void **st)
{
	/* a boundary in the hour that is left out, and comes twice */
	struct roster *r = good(LONDON("      - {site: reading, when: 'Mon-Sun,Hol 01:30-13:00', lead: bell}\n"
	                               "      - {site: tokyo, when: 'Mon-Sun,Hol 13:00-24:00; Mon-Sun,Hol 00:00-01:30', lead: otomo}\n"));

	(void)st;
	on(r, "harbor", "2027-03-28T00:59:59Z", "otomo", "2027-03-27T13:00:00Z", "2027-03-28T01:00:00Z");
	on(r, "harbor", "2027-03-28T01:00:00Z", "bell", "2027-03-28T01:00:00Z", "2027-03-28T12:00:00Z");
	/* it changes once, not back with the clock */
	on(r, "harbor", "2027-10-31T00:29:59Z", "otomo", "2027-10-30T12:00:00Z", "2027-10-31T00:30:00Z");
	on(r, "harbor", "2027-10-31T01:10:00Z", "bell", "2027-10-31T00:30:00Z", "2027-10-31T13:00:00Z");
	roster_free(r);
	/* an hour that is left out altogether has no turn that night, and no hole */
	r = good(LONDON("      - {site: reading, when: 'Mon-Sun,Hol 01:00-02:00', lead: bell}\n"
	                "      - {site: tokyo, when: 'Mon-Sun,Hol 02:00-24:00; Mon-Sun,Hol 00:00-01:00', lead: otomo}\n"));
	on(r, "harbor", "2027-03-28T01:00:00Z", "otomo", "2027-03-27T02:00:00Z", "2027-03-29T00:00:00Z");
	on(r, "harbor", "2027-10-31T01:59:59Z", "bell", "2027-10-31T00:00:00Z", "2027-10-31T02:00:00Z");
	roster_free(r);
}

static void
hours_of_two_zones_leave_holes_when_one_sets_its_clock(void **st)
{
	(void)st;
	/* 09:00 in London is 18:00 in Tokyo in winter, and 17:00 in summer */
	bad(LONDON("      - {site: reading, when: 'Mon-Sun,Hol 09:00-24:00; Mon-Sun,Hol 00:00-00:00', lead: bell}\n"), "ROSTER-WHEN");
	bad(LONDON("      - {site: tokyo, when: 'Mon-Sun,Hol 09:00-18:00', zone: Asia/Tokyo, lead: otomo}\n"
	           "      - {site: reading, when: 'Mon-Sun,Hol 09:00-24:00', lead: bell}\n"),
	    "r.yaml:17:10: error[ROSTER-OVERLAP]: two crews from 2027-03-28T08:00:00Z (2027-03-28 09:00 Europe/London) to 2027-03-28T09:00:00Z (2027-03-28 10:00 Europe/London);"
	    " wanted one: the other turn stands in line 16");
	bad(LONDON("      - {site: herndon, when: 'Mon-Sun,Hol 19:00-04:00', zone: America/New_York, lead: cole}\n"
	           "      - {site: reading, when: 'Mon-Sun,Hol 09:00-24:00', lead: bell}\n"),
	    /* America sets its clocks two weeks before */
	    "two crews from 2027-03-14T23:00:00Z (2027-03-14 23:00 Europe/London) to 2027-03-15T00:00:00Z");
	bad(LONDON("      - {site: herndon, when: 'Mon-Sun,Hol 19:00-04:00', zone: America/New_York, lead: cole}\n"
	           "      - {site: reading, when: 'Mon-Sun,Hol 09:00-24:00', lead: bell}\n"),
	    "nobody from 2027-03-14T08:00:00Z (2027-03-14 08:00 Europe/London) to 2027-03-14T09:00:00Z");
}

static void
holes_and_overlaps_are_told_with_their_moments(void **st)
{
	(void)st;
	bad(SITES "rosters:\n  - id: aoba\n    home: tokyo\n    tenants: [aoba]\n    turns:\n"
	          "      - {site: tokyo, when: 'Mon-Fri 09:00-18:00', lead: otomo}\n"
	          "      - {site: reading, when: 'Mon-Fri 17:00-24:00; Mon-Fri 00:00-09:00', lead: bell}\n"
	          "      - {site: herndon, when: 'Sat,Sun 00:00-24:00', lead: cole}\n" HARBOR,
	    /* no holiday was thought of: the first is New Year's Day, and the site's own day off comes before */
	    "r.yaml:12:5: error[ROSTER-GAP]: nobody from 2026-12-28T15:00:00Z (2026-12-29 00:00 Asia/Tokyo) to 2026-12-29T15:00:00Z (2026-12-30 00:00 Asia/Tokyo)");
	bad(SITES "rosters:\n  - id: aoba\n    home: tokyo\n    tenants: [aoba]\n    turns:\n"
	          "      - {site: tokyo, when: 'Mon-Fri 09:00-18:00', lead: otomo}\n"
	          "      - {site: reading, when: 'Mon-Fri 17:00-24:00; Mon-Fri 00:00-09:00', lead: bell}\n"
	          "      - {site: herndon, when: 'Sat,Sun,Hol 00:00-24:00', lead: cole}\n" HARBOR,
	    "error[ROSTER-OVERLAP]: two crews from 2026-11-27T08:00:00Z (2026-11-27 17:00 Asia/Tokyo) to 2026-11-27T09:00:00Z");
	bad(SITES AOBA, "error[ROSTER-GAP]: the tenant harbor in no roster");
	bad(SITES AOBA HARBOR "  - {id: again, home: reading, tenants: [aoba], turns: [{site: reading, when: always, lead: bell}]}\n",
	    "error[ROSTER-OVERLAP]: aoba; wanted a tenant in one roster, not two");
	bad(SITES AOBA HARBOR "  - {id: rest2, home: reading, tenants: all, turns: [{site: reading, when: always, lead: bell}]}\n", "one roster for all, not two");
}

static void
nobody_is_in_two_sites_at_once(void **st)
{
	struct roster *r;

	(void)st;
	bad(SITES AOBA "  - {id: rest, home: reading, tenants: all, turns: [{site: reading, when: always, lead: bell, people: [miyoshi]}]}\n",
	    "error[ROSTER-TWO-SITES]: miyoshi in two sites from 2026-11-27T00:00:00Z");
	/* from one site to the other on the same day is a journey, and one site for two tenants is work */
	r = good(SITES AOBA "  - id: rest\n    home: reading\n    tenants: all\n    turns:\n"
	                    "      - {site: reading, when: 'Mon-Fri 00:00-18:00; Sat,Sun,Hol 00:00-24:00', lead: bell}\n"
	                    "      - {site: tokyo, when: 'Mon-Fri 18:00-24:00', lead: otomo}\n");
	on(r, "harbor", "2026-11-27T19:00:00Z", "otomo", "2026-11-27T18:00:00Z", "2026-11-28T00:00:00Z");
	roster_free(r);
}

static void
every_unknown_word_is_refused(void **st)
{
	static const struct {
		const char *from, *to, *wanted;
	} rows[] = {
		{ "lead: otomo, people: [miyoshi]", "lead: otomo, people: [miyosi]", "miyosi; wanted the login of a person above; did you mean miyoshi" },
		{ "login: wood", "login: woood", "woood; wanted the login of an analyst or a lead; did you mean wood" },
		{ "tenants: [aoba]", "tenants: [aobo]", "aobo; wanted the id of a tenant; did you mean aoba" },
		{ "lang: [ja]}", "lang: [jp]}", "error[ROSTER-LANGUAGE]: jp" },
		{ "site: reading, lang", "site: raeding, lang", "raeding; wanted the id of a site above; did you mean reading" },
		{ "zone: Asia/Tokyo", "zone: Asia/Tokio", "error[ROSTER-ZONE]: Asia/Tokio" },
		{ "country: US", "country: XX", "XX; wanted AU GB IN JP SG US" },
		{ "home: tokyo", "hame: tokyo", "unknown key hame; wanted one of id home tenants turns; did you mean home" },
		{ "lead: otomo, people: [miyoshi]", "lead: miyoshi", "miyoshi; wanted a person whose role is lead" },
		{ "Mon-Fri 09:00-18:00", "Mon-Fri 9-18", "error[ROSTER-WHEN]: Mon-Fri 9-18" },
		{ "2026-12-29", "2026-02-30", "error[ROSTER-DATE]: 2026-02-30" },
		{ "id: reading", "id: tokyo", "error[ROSTER-TWICE]: tokyo" },
		{ "mail: otomo@soc.example", "mail: 'x <y@z>'", "error[ROSTER-MAIL]" },
		{ "tenants: all", "tenants: everybody", "wanted tenants: a list of tenants, or all" },
		{ "sites:", "handover: {accept_s: 5}\nsites:", "5; wanted 60 to 14400 seconds" },
		{ "rosters:", "roster:", "unknown key roster; wanted one of sites people rosters handover; did you mean rosters" },
	};

	(void)st;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf b = { 0 };
		const char *all = SITES AOBA HARBOR, *p = strstr(all, rows[i].from);

		assert_non_null(p);
		buf_printf(&b, "%.*s%s%s", (int)(p - all), all, rows[i].to, p + strlen(rows[i].from));
		bad(buf_cstr(&b), rows[i].wanted);
		buf_fini(&b);
	}
	bad("", "error[ROSTER-TYPE]");
	bad("- 1\n", "error[ROSTER-TYPE]");
	bad("sites: {}\n", "ROSTER-MISSING");
}

static void
a_crew_without_the_tenants_language_is_told(void **st)
{
	struct buf b = { 0 };
	json_t *doc = read(SITES AOBA HARBOR, "2026-11-27T00:00:00Z", &b);

	(void)st;
	assert_non_null(doc);
	assert_non_null(strstr(buf_cstr(&b), "r.yaml:18:10: warning[ROSTER-LANGUAGE]: nobody of this turn speaks ja; wanted the language of aoba"));
	assert_null(strstr(buf_cstr(&b), "speaks en"));
	json_decref(doc);
	buf_fini(&b);
}

/* ---- at the desk ---- */

static void
the_desk_knows_who_is_on_duty(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	b = scene_do(&s, "otomo", "duty.show", 200, json_pack("{s:s}", "tenant", "aoba"));
	assert_true(json_is_null(json_object_get(b, "duty")));
	json_decref(b);
	b = scene_do(&s, "otomo", "roster.show", 200, json_object());
	assert_true(json_is_null(json_object_get(b, "imported_at")));
	json_decref(b);
	import(&s, SITES AOBA HARBOR);
	/* Wednesday, 20:06 in Tokyo */
	b = scene_do(&s, "otomo", "duty.show", 200, json_pack("{s:s}", "tenant", "aoba"));
	assert_string_equal(jstr(json_object_get(json_object_get(b, "duty"), "site"), "id"), "reading");
	assert_string_equal(jstr(json_object_get(json_object_get(json_object_get(b, "duty"), "lead"), "name"), "en"), "A. Bell");
	assert_string_equal(jstr(json_object_get(b, "next"), "from"), "2026-11-18T15:00:00.000Z");
	json_decref(b);
	b = scene_do(&s, "otomo", "duty.show", 200, json_pack("{s:s, s:s}", "tenant", "aoba", "at", "2027-01-01T03:00:00+09:00"));
	assert_string_equal(jstr(json_object_get(json_object_get(b, "duty"), "site"), "id"), "herndon");
	json_decref(b);
	json_decref(scene_do(&s, "otomo", "duty.show", 422, json_pack("{s:s, s:s}", "tenant", "aoba", "at", "soon")));
	json_decref(scene_do(&s, "otomo", "duty.show", 404, json_pack("{s:s}", "tenant", "nobody")));
	/* a week of aoba: the weekend is one crew, Monday 23 November is a holiday */
	b = scene_do(&s, "otomo", "duty.list", 200, json_pack("{s:s}", "from", "2026-11-18T00:00:00+09:00"));
	assert_int_equal(json_array_size(json_object_get(json_array_get(json_object_get(b, "rosters"), 0), "spans")), 12);
	json_decref(b);
	scene_replays(&s);
	scene_end(&s);
}

static void
masks_hold(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	import(&s, SITES AOBA HARBOR);
	json_t *mask = json_pack("[s]", "harbor");
	struct desk_actor who = { .user = "x", .ja = "x", .en = "x", .role = "analyst", .tenants = mask };
	json_t *none = json_object(), *of_aoba = json_pack("{s:s}", "tenant", "aoba");
	struct desk_answer a = desk_ask(s.d, "roster.show", &who, none, s.now);

	b = json_object_get(a.body, "rosters");
	assert_int_equal(json_array_size(b), 1);
	assert_string_equal(jstr(json_array_get(b, 0), "id"), "rest");
	json_decref(a.body);
	a = desk_ask(s.d, "duty.show", &who, of_aoba, s.now);
	assert_int_equal(a.status, 404);
	json_decref(a.body);
	a = desk_ask(s.d, "duty.list", &who, none, s.now);
	assert_int_equal(json_array_size(json_object_get(a.body, "rosters")), 1);
	json_decref(a.body);
	json_decref(none);
	json_decref(of_aoba);
	json_decref(mask);
	scene_end(&s);
}

/* Past questions are asked of the roster that held then; a hole that a later change of holidays tears is found by the weekly proof. */
static void
rosters_follow_each_other(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	import(&s, SITES AOBA HARBOR);
	s.now += 3 * NS_PER_DAY;
	import(&s, SITES "rosters:\n  - {id: one, home: reading, tenants: all, turns: [{site: reading, when: always, lead: bell}]}\n");
	b = scene_do(&s, "otomo", "duty.show", 200, json_pack("{s:s, s:s}", "tenant", "aoba", "at", "2026-11-19T03:00:00Z"));
	assert_string_equal(jstr(json_object_get(json_object_get(b, "duty"), "site"), "id"), "tokyo");
	json_decref(b);
	b = scene_do(&s, "otomo", "duty.show", 200, json_pack("{s:s}", "tenant", "aoba"));
	assert_string_equal(jstr(json_object_get(b, "duty"), "roster"), "one");
	assert_true(json_is_null(json_object_get(json_object_get(b, "duty"), "to")));
	json_decref(b);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM timers WHERE kind = 'roster.prove'"), 1);
	/* the document that stands now has a hole */
	b = json_loads("{\"draft_s\":1800,\"accept_s\":900,\"sites\":[{\"id\":\"a\",\"name\":{\"ja\":\"a\",\"en\":\"a\"},\"zone\":\"UTC\",\"country\":\"GB\"}],\"people\":[],\"rosters\":[{\"id\":\"r\",\"home\":\"a\","
	               "\"turns\":[{\"site\":\"a\",\"when\":\"Mon-Sun 00:00-24:00\",\"lead\":\"bell\"}]}]}", 0, NULL);
	json_decref(scene_do(&s, NULL, "roster.import", 200, b));
	s.now += 8 * NS_PER_DAY;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'roster' AND en LIKE '%2026-12-25T00:00:00Z%'"), 1);
	scene_replays(&s);
	scene_end(&s);
}

static int64_t
worth(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void
alarms_figures_and_the_queue_ask_the_roster(void **st)
{
	struct scene s;
	char id[64];
	json_t *b, *v;

	(void)st;
	scene_begin(&s);
	import(&s, SITES AOBA HARBOR);
	s.now = at("2026-11-19T03:00:00Z"); /* noon in Tokyo: miyoshi is on duty there */
	scene_detect(&s, "aoba", DETECTION("k0", "r0", ""));
	json_decref(scene_do(&s, "wood", "candidate.claim", 200, json_pack("{s:s}", "id", "C-1")));
	b = scene_do(&s, "otomo", "queue.list", 200, json_object());
	v = json_array_get(json_object_get(b, "items"), 0);
	assert_true(json_is_false(json_object_get(v, "owner_on_duty")));
	v = json_object_get(json_array_get(json_object_get(b, "tenants"), 0), "duty");
	assert_string_equal(jstr(json_object_get(v, "site"), "local_time"), "12:00");
	json_decref(b);
	json_decref(scene_do(&s, "wood", "candidate.release", 200, json_pack("{s:s}", "id", "C-1")));
	b = scene_do(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "critical"));
	snprintf(id, sizeof id, "%s", jstr(b, "id"));
	json_decref(b);
	/* decided by somebody of another site in Tokyo's hours: the figure is that site's */
	scene_detect(&s, "harbor", DETECTION("k9", "r9", ""));
	json_decref(scene_do(&s, "otomo", "candidate.decide", 200, decision(&s, "C-2", "warning")));
	b = scene_do(&s, "otomo", "sla.show", 200, json_object());
	v = json_object_get(b, "items");
	assert_int_equal(json_array_size(v), 4);
	assert_true(json_is_null(json_object_get(json_array_get(v, 0), "site")));
	assert_string_equal(jstr(json_array_get(v, 1), "site"), "tokyo");
	assert_int_equal(worth(json_array_get(v, 1), "incidents"), 1);
	assert_string_equal(jstr(json_array_get(v, 3), "tenant"), "harbor");
	assert_string_equal(jstr(json_array_get(v, 3), "site"), "tokyo");
	json_decref(b);
	/* nobody answers: the alarm is the lead's who is on duty then, and goes to that person's mail beside the common one */
	for (int i = 0; i < 380; i++) {
		s.now += SEC;
		scene_tick(&s);
	}
	b = scene_do(&s, "otomo", "alarm.list", 200, json_object());
	v = json_array_get(json_object_get(b, "items"), 0);
	assert_string_equal(jstr(v, "kind"), "call_late");
	assert_string_equal(jstr(json_object_get(json_object_get(v, "owner"), "name"), "en"), "O. Otomo");
	json_decref(b);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail' AND shown = 'otomo@soc.example' AND doc LIKE '%当番の責任者：大友 修（東京）%'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail' AND shown = 'duty@soc.example' AND doc LIKE '%call_late%'"), 1);
	scene_replays(&s);
	scene_end(&s);
}

static void
garbage_is_no_roster(void **st)
{
	static const char *const docs[] = { "{}", "{\"rosters\":[1]}", "{\"rosters\":[{\"id\":\"x\"}]}", "{\"draft_s\":1,\"rosters\":[]}",
		"{\"draft_s\":1,\"accept_s\":1,\"sites\":[{\"id\":\"a\",\"zone\":\"UTC\"}],\"rosters\":[{\"id\":\"r\",\"home\":\"a\",\"tenants\":[1],\"turns\":[]}]}",
		"{\"draft_s\":1,\"accept_s\":1,\"sites\":[{\"id\":\"a\",\"zone\":\"UTC\"}],\"rosters\":[{\"id\":\"r\",\"home\":\"a\",\"turns\":[{\"site\":\"a\",\"when\":\"x\",\"lead\":\"y\"}]}]}" };
	struct scene s;

	(void)st;
	scene_begin(&s);
	for (size_t i = 0; i < sizeof docs / sizeof *docs; i++)
		json_decref(scene_do(&s, NULL, "roster.import", 422, json_loads(docs[i], 0, NULL)));
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wall_clock_names_one_moment),
		cmocka_unit_test(day_at_home_nights_and_holidays_elsewhere),
		cmocka_unit_test(nights_of_23_and_25_hours),
		cmocka_unit_test(hours_of_two_zones_leave_holes_when_one_sets_its_clock),
		cmocka_unit_test(holes_and_overlaps_are_told_with_their_moments),
		cmocka_unit_test(nobody_is_in_two_sites_at_once),
		cmocka_unit_test(every_unknown_word_is_refused),
		cmocka_unit_test(a_crew_without_the_tenants_language_is_told),
		cmocka_unit_test(the_desk_knows_who_is_on_duty),
		cmocka_unit_test(masks_hold),
		cmocka_unit_test(rosters_follow_each_other),
		cmocka_unit_test(alarms_figures_and_the_queue_ask_the_roster),
		cmocka_unit_test(garbage_is_no_roster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
