/* SPDX-License-Identifier: Apache-2.0
 *
 * Sites that are lost and come back: whose turns they are then, whose the open work is, which hand-overs wait; what goes on untouched.
 * Every story ends with the journal played again: the same tables.
 */
#include "roster_scene.h"

#include "desk/roster_priv.h"

#define STANDING                                                                                                               \
	"sites:\n"                                                                                                             \
	"  - {id: tokyo, name: {ja: 東京, en: Tokyo}, zone: Asia/Tokyo, country: JP, stand_in: [reading, herndon]}\n"          \
	"  - {id: reading, name: {ja: レディング, en: Reading}, zone: Europe/London, country: GB, stand_in: [herndon]}\n"      \
	"  - {id: herndon, name: {ja: ハーンドン, en: Herndon}, zone: America/New_York, country: US}\n"                        \
	"people:\n"                                                                                                            \
	"  - {login: otomo, site: tokyo, lang: [ja, en], mail: otomo@soc.example}\n"                                           \
	"  - {login: miyoshi, site: tokyo, lang: [ja]}\n"                                                                      \
	"  - {login: bell, site: reading, lang: [ja, en], mail: bell@soc.example}\n"                                           \
	"  - {login: wood, site: reading, lang: [en]}\n"                                                                       \
	"  - {login: cole, site: herndon, lang: [en, ja]}\n"
#define ROSTER STANDING AOBA HARBOR

static void
begin(struct scene *s, const char *when)
{
	scene_begin(s);
	s->now = at("2026-11-19T01:00:00Z"); /* Thursday, 10:00 in Tokyo: otomo and miyoshi until 18:00; bell and wood are on duty for harbor all day */
	import(s, ROSTER);
	until(s, when);
}

static void
lost(struct scene *s, const char *by, const char *site)
{
	doit(s, by, "site.lost", 200, json_pack("{s:s, s:s, s:s}", "id", site, "reason", "an earthquake", "lang", "en"));
}

/* "bell reading tokyo": lead, site, the one stood in for ("-") */
static void
on_duty(struct scene *s, const char *tenant, const char *wanted)
{
	char got[128] = "nobody";
	struct roster *r = roster_in_force(s->db, s->now);
	struct duty d;

	if (roster_duty(r, tenant, s->now, &d))
		snprintf(got, sizeof got, "%s %s %s", d.lead, d.site, d.stands_for != NULL ? d.stands_for : "-");
	if (strcmp(got, wanted) != 0)
		fail_msg("%s: %s, wanted %s", tenant, got, wanted);
	roster_free(r);
}

static json_t *
h(const char *number)
{
	return json_pack("{s:s}", "id", number);
}

static void
in_state(struct scene *s, const char *number, const char *state)
{
	char *got = db_text(s->db, "SELECT state || CASE WHEN passed_to IS NULL THEN '' ELSE ' passed' END FROM handovers WHERE ('H-' || number) = ?", Q(number));

	assert_non_null(got);
	if (strcmp(got, state) != 0)
		fail_msg("%s is %s, wanted %s", number, got, state);
	free(got);
}

static void
its_work_is_the_stand_ins_at_once(void **st)
{
	struct desk_overdue late[16];
	struct buf before = { 0 }, after = { 0 };
	struct scene s;
	char id[64];
	json_t *b;

	(void)st;
	begin(&s, "2026-11-19T05:00:00Z");
	scene_incident(&s, "critical", id);
	doit(&s, "miyoshi", "incident.task", 200, json_pack("{s:s, s:s}", "id", id, "text", "ask for the logs"));
	scene_detect(&s, "aoba", DETECTION("k2", "r2", ""));
	doit(&s, "odagiri", "inquiry.open", 200, json_pack("{s:s, s:s, s:s}", "kind", "question", "subject", "Why was this closed?", "text", "x"));
	doit(&s, "miyoshi", "inquiry.claim", 200, h("Q-1"));
	until(&s, "2026-11-19T05:00:40Z");
	on_duty(&s, "aoba", "otomo tokyo -");
	struct rows r = db_query(s.db, "SELECT kind, ref, due_at FROM timers WHERE kind LIKE 'chain.%' OR kind = 'clock.broken' ORDER BY id");
	while (rows_next(&r))
		buf_printf(&before, "%s %s %lld\n", row_str(&r, 0), row_str(&r, 1), (long long)row_int(&r, 2));
	lost(&s, "bell", "tokyo");
	r = db_query(s.db, "SELECT kind, ref, due_at FROM timers WHERE kind LIKE 'chain.%' OR kind = 'clock.broken' ORDER BY id");
	while (rows_next(&r))
		buf_printf(&after, "%s %s %lld\n", row_str(&r, 0), row_str(&r, 1), (long long)row_int(&r, 2));
	/* chain and clocks run on untouched */
	assert_true(before.n > 100);
	assert_string_equal(buf_cstr(&before), buf_cstr(&after));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM chains WHERE state = 'running'"), 1);
	on_duty(&s, "aoba", "bell reading tokyo");
	on_duty(&s, "harbor", "bell reading -");
	owned_by(&s, id, "bell");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM tasks t JOIN users u ON u.id = t.owner WHERE u.login = 'bell'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries t JOIN users u ON u.id = t.owner WHERE u.login = 'bell'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms a JOIN users u ON u.id = a.owner WHERE a.kind = 'site_lost' AND u.login = 'bell' AND en LIKE '%Tokyo is lost (an earthquake). Reading%H-1%'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail' AND doc LIKE '%bell@soc.example%'"), 1);
	assert_int_equal(audit(&s, late), 0);
	until(&s, "2026-11-19T05:03:00Z");
	assert_int_equal(audit(&s, late), 0);
	/* the ordinary machinery goes on from there: the crew accepts from its lead */
	b = scene_do(&s, "wood", "handover.show", 200, h("H-1"));
	assert_string_equal(jstr(json_object_get(json_object_get(b, "from"), "site"), "id"), "tokyo");
	assert_string_equal(jstr(json_object_get(json_object_get(b, "to"), "site"), "id"), "reading");
	assert_string_equal(jstr(b, "state"), "offered");
	assert_true(json_is_true(json_object_get(b, "may_accept")) && json_is_false(json_object_get(b, "may_give")));
	json_decref(b);
	doit(&s, "wood", "handover.accept", 200, h("H-1"));
	owned_by(&s, id, "wood");
	in_state(&s, "H-1", "accepted");
	/* the telephone's lead alarm, six minutes after the decision, is the stand-in's */
	until(&s, "2026-11-19T05:06:10Z");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms a JOIN users u ON u.id = a.owner WHERE a.kind = 'call_late' AND u.login = 'bell'"), 1);
	assert_int_equal(audit(&s, late), 0);
	buf_fini(&before);
	buf_fini(&after);
	scene_replays(&s);
	scene_end(&s);
}

static void
what_nobody_accepts_is_late(void **st)
{
	struct desk_overdue late[16];
	struct scene s;
	char id[64];

	(void)st;
	begin(&s, "2026-11-19T05:00:00Z");
	scene_incident(&s, "warning", id);
	lost(&s, "cole", "tokyo");
	until(&s, "2026-11-19T05:14:59Z");
	in_state(&s, "H-1", "offered");
	until(&s, "2026-11-19T05:15:00Z");
	in_state(&s, "H-1", "late");
	owned_by(&s, id, "bell");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms a JOIN users u ON u.id = a.owner WHERE kind = 'handover_late' AND u.login = 'bell'"), 1);
	assert_int_equal(audit(&s, late), 0);
	scene_replays(&s);
	scene_end(&s);
}

static void
a_change_to_come_is_drafted_again(void **st)
{
	struct desk_overdue late[16];
	struct scene s;
	char id[64];
	json_t *b;

	(void)st;
	begin(&s, "2026-11-19T08:00:00Z");
	scene_incident(&s, "warning", id);
	until(&s, "2026-11-19T08:40:00Z");
	doit(&s, "otomo", "handover.offer", 200, json_pack("{s:s, s:s, s:s}", "id", "H-1", "words", "Call at 18:30.", "lang", "en"));
	until(&s, "2026-11-19T08:46:00Z");
	/* herndon is chosen instead of the first in the list */
	doit(&s, "bell", "site.lost", 200, json_pack("{s:s, s:s, s:s}", "id", "tokyo", "reason", "fire", "stand_in", "herndon"));
	on_duty(&s, "aoba", "cole herndon tokyo");
	in_state(&s, "H-1", "void");
	in_state(&s, "H-2", "offered");
	owned_by(&s, id, "cole");
	b = scene_do(&s, "cole", "handover.show", 200, h("H-2"));
	assert_string_equal(jstr(b, "words"), "Call at 18:30.");
	json_decref(b);
	/* at 18:00 Reading comes as planned, now from Herndon; what Herndon did not accept goes on in that hand-over */
	scene_tick(&s);
	in_state(&s, "H-3", "draft");
	b = scene_do(&s, "cole", "handover.show", 200, h("H-3"));
	assert_string_equal(jstr(b, "at"), "2026-11-19T09:00:00.000Z");
	assert_string_equal(jstr(json_object_get(json_object_get(b, "from"), "lead"), "id"), jstr(json_object_get(json_object_get(b, "from"), "lead"), "id"));
	assert_string_equal(jstr(json_object_get(json_object_get(b, "from"), "site"), "id"), "herndon");
	assert_string_equal(jstr(json_object_get(json_object_get(b, "to"), "site"), "id"), "reading");
	json_decref(b);
	until(&s, "2026-11-19T09:00:30Z");
	in_state(&s, "H-2", "late passed");
	in_state(&s, "H-3", "offered");
	doit(&s, "cole", "handover.accept", 409, h("H-2"));
	doit(&s, "wood", "handover.accept", 200, h("H-3"));
	owned_by(&s, id, "wood");
	assert_int_equal(audit(&s, late), 0);
	scene_replays(&s);
	scene_end(&s);
}

static void
what_was_offered_to_it_goes_to_the_stand_in(void **st)
{
	struct desk_overdue late[16];
	struct scene s;
	char id[64];

	(void)st;
	begin(&s, "2026-11-19T15:30:00Z"); /* Friday, 00:30 in Tokyo: Herndon */
	on_duty(&s, "aoba", "cole herndon -");
	scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
	json_decref(scene_do(&s, "cole", "candidate.decide", 200, decision(&s, "C-1", "warning")));
	snprintf(id, sizeof id, "AOBA-2026-0001");
	owned_by(&s, id, "cole");
	until(&s, "2026-11-20T00:05:00Z"); /* 09:05: offered to Tokyo, nobody has accepted */
	int64_t n = scene_count(&s, "SELECT max(number) FROM handovers WHERE state = 'offered'");
	char was[16], is[16];
	snprintf(was, sizeof was, "H-%d", (int)n);
	snprintf(is, sizeof is, "H-%d", (int)n + 1);
	in_state(&s, was, "offered");
	lost(&s, "bell", "tokyo");
	in_state(&s, was, "late passed");
	in_state(&s, is, "offered");
	/* its giver is there: it stays hers until it is accepted, or is the new lead's when it is not */
	owned_by(&s, id, "cole");
	doit(&s, "miyoshi", "handover.accept", 409, h(was));
	doit(&s, "miyoshi", "handover.accept", 403, h(is));
	until(&s, "2026-11-20T00:19:59Z");
	assert_int_equal(audit(&s, late), 0);
	until(&s, "2026-11-20T00:20:00Z");
	owned_by(&s, id, "bell");
	in_state(&s, is, "late");
	assert_int_equal(audit(&s, late), 0);
	scene_replays(&s);
	scene_end(&s);
}

static void
what_its_people_have_elsewhere_passes_too(void **st)
{
	struct desk_overdue late[16];
	struct scene s;

	(void)st;
	begin(&s, "2026-11-19T08:00:00Z");
	scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
	doit(&s, "miyoshi", "candidate.claim", 200, h("C-1"));
	/* the crew has changed, the case is offered to Reading; then the site it comes from is gone */
	until(&s, "2026-11-19T09:03:00Z");
	in_state(&s, "H-1", "offered");
	owned_by(&s, "C-1", "miyoshi");
	lost(&s, "bell", "tokyo");
	owned_by(&s, "C-1", "bell");
	in_state(&s, "H-1", "offered");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handovers"), 1);
	assert_int_equal(audit(&s, late), 0);
	doit(&s, "wood", "handover.accept", 200, h("H-1"));
	owned_by(&s, "C-1", "wood");
	/* and what no hand-over carries gets one of its own */
	doit(&s, "bell", "site.back", 200, json_pack("{s:s, s:i}", "id", "tokyo", "after_s", 0));
	scene_tick(&s);
	doit(&s, "bell", "candidate.assign", 200, json_pack("{s:s, s:s}", "id", "C-1", "to", "miyoshi"));
	lost(&s, "bell", "tokyo");
	owned_by(&s, "C-1", "bell");
	in_state(&s, "H-2", "offered");
	assert_int_equal(items(&s, "open"), 1);
	scene_replays(&s);
	scene_end(&s);
}

static void
it_comes_back_by_a_hand_over(void **st)
{
	struct desk_overdue late[16];
	struct scene s;
	char id[64];
	json_t *b;

	(void)st;
	begin(&s, "2026-11-19T02:00:00Z");
	scene_incident(&s, "warning", id);
	lost(&s, "bell", "tokyo");
	doit(&s, "wood", "handover.accept", 200, h("H-1"));
	doit(&s, "bell", "site.back", 422, json_pack("{s:s, s:i}", "id", "tokyo", "after_s", -1));
	doit(&s, "otomo", "site.back", 403, json_pack("{s:s}", "id", "tokyo"));
	until(&s, "2026-11-19T03:00:00Z");
	b = scene_do(&s, "bell", "site.back", 200, json_pack("{s:s}", "id", "tokyo"));
	assert_string_equal(jstr(b, "state"), "returning");
	assert_string_equal(jstr(json_object_get(b, "lost"), "back_at"), "2026-11-19T03:30:00.000Z");
	assert_string_equal(jstr(json_object_get(json_object_get(b, "stood_in_by"), "site"), "id"), "reading");
	json_decref(b);
	doit(&s, "bell", "site.back", 409, json_pack("{s:s}", "id", "tokyo"));
	scene_tick(&s);
	in_state(&s, "H-2", "draft");
	/* an aftershock: the draft is void, nothing has moved */
	until(&s, "2026-11-19T03:10:00Z");
	lost(&s, "bell", "tokyo");
	in_state(&s, "H-2", "void");
	owned_by(&s, id, "wood");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handovers"), 2);
	doit(&s, "bell", "site.lost", 409, json_pack("{s:s, s:s}", "id", "tokyo", "reason", "x"));
	until(&s, "2026-11-19T04:00:00Z");
	on_duty(&s, "aoba", "bell reading tokyo");
	doit(&s, "bell", "site.back", 200, json_pack("{s:s}", "id", "tokyo"));
	until(&s, "2026-11-19T04:10:00Z");
	doit(&s, "bell", "handover.offer", 200, json_pack("{s:s, s:s, s:s}", "id", "H-3", "words", "All quiet.", "lang", "en"));
	until(&s, "2026-11-19T04:29:59Z");
	on_duty(&s, "aoba", "bell reading tokyo");
	until(&s, "2026-11-19T04:30:40Z");
	on_duty(&s, "aoba", "otomo tokyo -");
	owned_by(&s, id, "wood"); /* ownership does not jump */
	assert_int_equal(audit(&s, late), 0);
	doit(&s, "miyoshi", "handover.accept", 200, h("H-3"));
	owned_by(&s, id, "miyoshi");
	until(&s, "2026-11-19T08:59:00Z");
	assert_int_equal(audit(&s, late), 0);
	in_state(&s, "H-4", "draft"); /* and the day goes on as planned */
	scene_replays(&s);
	scene_end(&s);
}

static void
one_after_the_other(void **st)
{
	struct desk_actor admin = { .user = "", .ja = "x", .en = "x", .role = "admin" };
	struct desk_overdue late[16];
	struct desk_answer a;
	struct scene s;
	char id[64];
	json_t *b, *args;

	(void)st;
	begin(&s, "2026-11-19T05:00:00Z");
	scene_incident(&s, "warning", id);
	doit(&s, "otomo", "site.lost", 403, json_pack("{s:s, s:s}", "id", "tokyo", "reason", "x"));
	doit(&s, "wood", "site.lost", 403, json_pack("{s:s, s:s}", "id", "tokyo", "reason", "x"));
	doit(&s, "bell", "site.lost", 404, json_pack("{s:s, s:s}", "id", "osaka", "reason", "x"));
	doit(&s, "bell", "site.lost", 422, json_pack("{s:s}", "id", "tokyo"));
	doit(&s, "bell", "site.lost", 422, json_pack("{s:s, s:s, s:s}", "id", "tokyo", "reason", "x", "stand_in", "tokyo"));
	doit(&s, "bell", "site.lost", 422, json_pack("{s:s, s:s, s:s}", "id", "tokyo", "reason", "x", "stand_in", "osaka"));
	lost(&s, "cole", "tokyo");
	lost(&s, "cole", "reading");
	/* tokyo's second stand-in, and reading's: its lead alone, who is not on duty for anything else */
	on_duty(&s, "aoba", "cole herndon tokyo");
	on_duty(&s, "harbor", "cole herndon reading");
	owned_by(&s, id, "cole");
	assert_int_equal(audit(&s, late), 0);
	b = scene_do(&s, "cole", "site.list", 200, json_object());
	assert_string_equal(jstr(json_array_get(json_object_get(b, "items"), 0), "state"), "lost");
	assert_string_equal(jstr(json_object_get(json_object_get(json_array_get(json_object_get(b, "items"), 1), "stood_in_by"), "site"), "id"), "herndon");
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(b, "items"), 2), "stood_in_by")));
	json_decref(b);
	/* the last one: nobody is left; it is written down and told */
	args = json_pack("{s:s, s:s}", "id", "herndon", "reason", "x");
	a = desk_apply(s.d, "site.lost", &admin, args, s.now);
	assert_int_equal(a.status, 204);
	json_decref(args);
	on_duty(&s, "aoba", "nobody");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'uncovered'"), 3);
	assert_int_equal(audit(&s, late), 1);
	assert_string_equal(late[0].kind, "uncovered");
	/* reading is back at once, and has all of it */
	doit(&s, "cole", "site.back", 200, json_pack("{s:s, s:i}", "id", "reading", "after_s", 0));
	on_duty(&s, "aoba", "bell reading tokyo");
	scene_tick(&s);
	until(&s, "2026-11-19T05:00:40Z");
	assert_int_equal(audit(&s, late), 0);
	scene_replays(&s);
	scene_end(&s);
}

static void
without_a_stand_in_it_has_to_be_named(void **st)
{
	struct scene s;
	char *id;

	(void)st;
	begin(&s, "2026-11-19T15:30:00Z");
	doit(&s, "bell", "site.lost", 422, json_pack("{s:s, s:s}", "id", "herndon", "reason", "storm"));
	on_duty(&s, "aoba", "cole herndon -");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM site_changes"), 0);
	/* not one whose lead does not see the customer */
	id = db_text(s.db, "SELECT id FROM users WHERE login = 'otomo'");
	doit(&s, NULL, "user.change", 200, json_pack("{s:s, s:[s]}", "id", id, "tenants", "harbor"));
	free(id);
	doit(&s, "bell", "site.lost", 422, json_pack("{s:s, s:s, s:s}", "id", "herndon", "reason", "storm", "stand_in", "tokyo"));
	doit(&s, "bell", "site.lost", 200, json_pack("{s:s, s:s, s:s}", "id", "herndon", "reason", "storm", "stand_in", "reading"));
	on_duty(&s, "aoba", "bell reading herndon");
	scene_replays(&s);
	scene_end(&s);
}

static void
a_late_hand_over_goes_on_to_the_next_crew(void **st)
{
	struct desk_overdue late[16];
	struct scene s;
	char id[64];
	json_t *b;

	(void)st;
	scene_begin(&s);
	s.now = at("2026-11-19T06:00:00Z");
	import(&s, SITES "rosters:\n  - id: aoba\n    home: tokyo\n    tenants: [aoba]\n    turns:\n"
	                 "      - {site: tokyo, when: 'Mon-Fri 09:00-18:00', lead: otomo, people: [miyoshi]}\n"
	                 "      - {site: reading, when: 'Mon-Fri 18:00-18:20', lead: bell, people: [wood]}\n"
	                 "      - {site: herndon, when: 'Mon-Fri 18:20-24:00; Mon-Fri 00:00-09:00; Sat,Sun,Hol 00:00-24:00', lead: cole}\n" HARBOR);
	until(&s, "2026-11-19T07:00:00Z");
	scene_incident(&s, "warning", id);
	until(&s, "2026-11-19T09:15:00Z");
	in_state(&s, "H-1", "late");
	owned_by(&s, id, "bell");
	/* the next change was drafted while it was still miyoshi's; at the change it is bell's who hands it on */
	in_state(&s, "H-2", "draft");
	until(&s, "2026-11-19T09:20:00Z");
	in_state(&s, "H-1", "late passed");
	b = scene_do(&s, "cole", "handover.list", 200, json_pack("{s:s}", "state", "open"));
	assert_int_equal(json_array_size(json_object_get(b, "items")), 1);
	json_decref(b);
	b = scene_do(&s, "cole", "handover.show", 200, h("H-1"));
	assert_string_equal(jstr(b, "passed_to"), "H-2");
	json_decref(b);
	until(&s, "2026-11-19T09:34:59Z");
	assert_int_equal(audit(&s, late), 0);
	until(&s, "2026-11-19T09:35:00Z");
	owned_by(&s, id, "cole");
	assert_int_equal(audit(&s, late), 0);
	scene_replays(&s);
	scene_end(&s);
}

static void
rights_that_change_after_the_roster_was_proved(void **st)
{
	struct desk_overdue late[16];
	struct scene s;
	char *otomo, *wood;

	(void)st;
	begin(&s, "2026-11-19T05:00:00Z");
	otomo = db_text(s.db, "SELECT id FROM users WHERE login = 'otomo'");
	wood = db_text(s.db, "SELECT id FROM users WHERE login = 'wood'");
	assert_int_equal(audit(&s, late), 0);
	doit(&s, NULL, "user.change", 200, json_pack("{s:s, s:s}", "id", otomo, "role", "analyst"));
	assert_int_equal(audit(&s, late), 1);
	assert_string_equal(late[0].kind, "unfit");
	assert_string_equal(late[0].tenant, "aoba");
	doit(&s, NULL, "alarm.raise", 204, desk_overdue_alarm(&late[0]));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'unfit' AND en LIKE 'The roster counts on otomo, who no longer has the role%'"), 1);
	/* told once a day, acknowledged or not */
	char *id = db_text(s.db, "SELECT id FROM alarms WHERE kind = 'unfit'");
	assert_int_equal(audit(&s, late), 0);
	doit(&s, "bell", "alarm.acknowledge", 204, json_pack("{s:s}", "id", id));
	free(id);
	assert_int_equal(audit(&s, late), 0);
	until(&s, "2026-11-20T05:00:00Z");
	assert_int_equal(audit(&s, late), 1);
	doit(&s, NULL, "user.change", 200, json_pack("{s:s, s:s}", "id", otomo, "role", "lead"));
	assert_int_equal(audit(&s, late), 0);
	doit(&s, NULL, "user.change", 200, json_pack("{s:s, s:[s]}", "id", wood, "tenants", "harbor"));
	/* once for each person, though he stands in two rosters; the one for all tenants is out of sight too */
	assert_int_equal(audit(&s, late), 1);
	assert_string_equal(late[0].tenant, "aoba");
	doit(&s, NULL, "user.change", 200, json_pack("{s:s, s:[], s:b}", "id", wood, "tenants", "disabled", 1));
	assert_int_equal(audit(&s, late), 1);
	free(otomo);
	free(wood);
	scene_end(&s);
}

/* ---- documents ---- */

static void
faults_of(const char *sites, const char *wanted)
{
	auto_buf struct buf out = { 0 }, yaml = { 0 };
	json_t *known = json_pack("{s:{s:{s:s},s:{s:s}}, s:{s:{s:s,s:[]},s:{s:s,s:[s]},s:{s:s,s:[]}}}", "tenants", "aoba", "lang", "en", "harbor", "lang", "en", "people", "otomo",
	                          "role", "lead", "tenants", "bell", "role", "lead", "tenants", "harbor", "wood", "role", "analyst", "tenants");
	struct whys ws = { 0 };
	json_t *doc;

	buf_printf(&yaml, "sites:\n%speople:\n  - {login: otomo, site: tokyo, lang: [en]}\n  - {login: bell, site: reading, lang: [en]}\n  - {login: wood, site: quiet, lang: [en]}\n"
	                  "rosters:\n  - {id: aoba, home: tokyo, tenants: [aoba], turns: [{site: tokyo, when: always, lead: otomo}]}\n"
	                  "  - {id: harbor, home: reading, tenants: [harbor], turns: [{site: reading, when: always, lead: bell}]}\n", sites);
	doc = desk_roster_read(buf_slice(&yaml), "r.yaml", known, at("2026-11-27T00:00:00Z"), &ws);
	for (size_t i = 0; i < ws.list.n; i++) {
		why_print(&ws.list.v[i], &out);
		buf_put_str(&out, "\n");
	}
	if (wanted == NULL ? out.n != 0 : strstr(buf_cstr(&out), wanted) == NULL)
		fail_msg("wanted %s, got:\n%s", wanted != NULL ? wanted : "nothing", buf_cstr(&out));
	json_decref(doc);
	json_decref(known);
	whys_fini(&ws);
}

#define TOKYO "  - {id: tokyo, zone: Asia/Tokyo, country: JP"
#define READING "  - {id: reading, zone: Europe/London, country: GB, stand_in: [tokyo]}\n"
#define QUIET "  - {id: quiet, zone: Europe/London, country: GB}\n"

static void
stand_ins_are_checked(void **st)
{
	(void)st;
	faults_of(TOKYO ", stand_in: [osaka]}\n" READING QUIET, "r.yaml:2:59: error[ROSTER-SITE]");
	faults_of(TOKYO ", stand_in: [raeding]}\n" READING QUIET, "did you mean reading?");
	faults_of(TOKYO ", stand_in: [tokyo]}\n" READING QUIET, "r.yaml:2:59: error[ROSTER-STAND-IN]");
	faults_of(TOKYO ", stand_in: tokyo}\n" READING QUIET, "error[ROSTER-TYPE]");
	/* nobody would answer there */
	faults_of(TOKYO ", stand_in: [quiet]}\n" READING QUIET, "error[ROSTER-STAND-IN]");
	faults_of(TOKYO "}\n" READING "  - {id: quiet, zone: Europe/London, country: GB, lead: wood}\n", "error[ROSTER-LEAD]");
	faults_of(TOKYO "}\n" READING "  - {id: quiet, zone: Europe/London, country: GB, lead: nobody}\n", "error[ROSTER-PERSON]");
	/* bell does not see aoba */
	faults_of(TOKYO ", stand_in: [reading]}\n" READING QUIET, "r.yaml:2:59: error[ROSTER-MASK]");
	faults_of(TOKYO ", stand_in: [quiet, quiet]}\n" READING "  - {id: quiet, zone: Europe/London, country: GB, lead: otomo}\n", "error[ROSTER-TWICE]");
	faults_of(TOKYO ", standin: [reading]}\n" READING QUIET, "did you mean stand_in?");
	/* nobody named: it works, and is a warning */
	faults_of(TOKYO "}\n" READING QUIET, "r.yaml:2:6: warning[ROSTER-STAND-IN]: nobody stands in when tokyo is lost");
	faults_of(TOKYO ", stand_in: [quiet]}\n" READING "  - {id: quiet, zone: Europe/London, country: GB, lead: otomo}\n", NULL);
}

/* ---- at any moment ---- */

static uint64_t seed;

static unsigned
draw(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

static void
somebody_works(struct scene *s)
{
	static const char *const crew[] = { "otomo", "miyoshi", "bell", "wood", "cole" };
	struct desk_actor who;
	char id[32];
	struct duty on;
	struct roster *r = roster_in_force(s->db, s->now);
	const char *login = crew[draw(5)];

	who = actor_of(s, login, id);
	if (roster_duty(r, "aoba", s->now, &on) && duty_has(&on, login)) {
		json_t *args = json_pack("{s:s}", "id", "C-1");
		struct desk_answer a;

		json_decref(args);
		args = json_pack("{s:o}", "id", json_sprintf("C-%u", 1 + draw(12)));
		a = desk_apply(s->d, "candidate.claim", &who, args, s->now);
		json_decref(a.body);
		json_decref(args);
		args = json_pack("{s:o}", "id", json_sprintf("H-%d", (int)scene_count(s, "SELECT max(number) FROM handovers")));
		if (draw(3) == 0) {
			a = desk_apply(s->d, "handover.accept", &who, args, s->now);
			json_decref(a.body);
		}
		json_decref(args);
	}
	roster_free(r);
}

static void
lost_and_back_at_any_moment(void **st)
{
	static const char *const sites[] = { "tokyo", "reading", "herndon" };
	struct desk_actor admin = { .user = "", .ja = "x", .en = "x", .role = "admin" };
	struct desk_overdue late[16];
	struct scene s;
	unsigned losses = 0;

	(void)st;
	for (unsigned round = 0; round < 4; round++) {
		seed = 77 + round;
		begin(&s, "2026-11-19T01:00:01Z");
		for (int i = 0; i < 12; i++) {
			char body[600], name[8];

			snprintf(name, sizeof name, "k%d", i);
			snprintf(body, sizeof body, DETECTION("%s", "r%d", ""), name, i, i);
			scene_detect(&s, "aoba", body);
		}
		for (int i = 0; i < 700; i++) {
			const char *site = sites[draw(3)];
			int64_t out = db_int(s.db, 0, "SELECT count(*) FROM (SELECT site, max(n) AS n FROM site_changes GROUP BY site) x JOIN site_changes y ON y.n = x.n WHERE y.lost = 1 OR y.at > ?", Q(s.now));
			json_t *args = draw(2) ? json_pack("{s:s, s:s, s:s}", "id", site, "reason", "x", "stand_in", sites[draw(3)]) : json_pack("{s:s, s:s, s:i}", "id", site, "reason", "x", "after_s", (int)draw(1200));
			bool lose = draw(2) == 0 && out < 2;

			if (draw(12) == 0) {
				struct desk_answer a = desk_apply(s.d, lose ? "site.lost" : "site.back", &admin, args, s.now);

				losses += lose && a.status == 204;
				assert_true(a.status == 204 || a.status == 409 || a.status == 422);
				json_decref(a.body);
			}
			json_decref(args);
			somebody_works(&s);
			s.now += (int64_t)(1 + draw(240)) * SEC;
			scene_tick(&s);
			size_t n = audit(&s, late);
			if (n != 0)
				fail_msg("round %u, step %d: %s %s", round, i, late[0].kind, late[0].id);
		}
		scene_replays(&s);
		scene_end(&s);
	}
	assert_true(losses > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_work_is_the_stand_ins_at_once),
		cmocka_unit_test(what_nobody_accepts_is_late),
		cmocka_unit_test(a_change_to_come_is_drafted_again),
		cmocka_unit_test(what_was_offered_to_it_goes_to_the_stand_in),
		cmocka_unit_test(what_its_people_have_elsewhere_passes_too),
		cmocka_unit_test(it_comes_back_by_a_hand_over),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(without_a_stand_in_it_has_to_be_named),
		cmocka_unit_test(a_late_hand_over_goes_on_to_the_next_crew),
		cmocka_unit_test(rights_that_change_after_the_roster_was_proved),
		cmocka_unit_test(stand_ins_are_checked),
		cmocka_unit_test(lost_and_back_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
