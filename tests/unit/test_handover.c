/* SPDX-License-Identifier: Apache-2.0
 *
 * Hand-overs: drafted from the tables, signed, accepted, refused, late; in the middle of a call, over a restart, a clock that is
 * set, a night of 25 hours.  Every test ends with the journal played again: the same tables.
 */
#include "roster_scene.h"

#include <unistd.h>

#include "desk/roster_priv.h"

#define ROSTER SITES AOBA HARBOR

static json_t *
h1(void)
{
	return json_pack("{s:s}", "id", "H-1");
}

static void
begin(struct scene *s, const char *when)
{
	scene_begin(s);
	s->now = at("2026-11-19T06:00:00Z"); /* Thursday, 15:00 in Tokyo: otomo and miyoshi; from 18:00 bell and wood in Reading */
	import(s, ROSTER);
	s->now = at(when);
	scene_tick(s);
}

static void
a_hand_over_in_the_middle_of_a_call(void **st)
{
	struct desk_overdue late[16];
	struct scene s;
	char id[64];
	json_t *b, *v;

	(void)st;
	begin(&s, "2026-11-19T08:55:00Z");
	scene_incident(&s, "critical", id);
	doit(&s, "miyoshi", "incident.change", 200, json_pack("{s:s, s:s, s:s, s:s}", "id", id, "hypothesis", "stolen password", "next_step", "look at 02:30", "blocker", "call back"));
	b = scene_do(&s, "otomo", "handover.show", 200, h1());
	assert_string_equal(jstr(b, "state"), "draft");
	assert_string_equal(jstr(b, "drafted_at"), "2026-11-19T08:55:00.000Z");
	assert_int_equal(json_array_size(json_object_get(b, "items")), 0);
	json_decref(b);
	/* drafted again, it holds what is there now: the case with its words and its clock */
	b = scene_do(&s, "miyoshi", "handover.draft", 200, h1());
	v = json_array_get(json_object_get(b, "items"), 0);
	assert_string_equal(jstr(v, "kind"), "incident");
	assert_string_equal(jstr(v, "ref"), id);
	assert_string_equal(jstr(v, "hypothesis"), "stolen password");
	assert_string_equal(jstr(v, "next_step"), "look at 02:30");
	assert_string_equal(jstr(v, "blocker"), "call back");
	assert_string_equal(jstr(v, "due_at"), "2026-11-19T09:05:00.000Z");
	assert_true(json_is_true(json_object_get(b, "may_give")) && json_is_false(json_object_get(b, "may_accept")));
	json_decref(b);
	/* only who gives signs; nobody accepts what is not signed */
	doit(&s, "wood", "handover.offer", 403, h1());
	doit(&s, "wood", "handover.accept", 409, h1());
	b = scene_do(&s, "otomo", "handover.offer", 200, json_pack("{s:s, s:s, s:s}", "id", "H-1", "words", "Odagiri is on the way. Call at 18:30.", "lang", "en"));
	assert_string_equal(jstr(b, "state"), "offered");
	assert_string_equal(jstr(json_object_get(json_object_get(json_object_get(b, "given"), "by"), "name"), "en"), "O. Otomo");
	assert_int_equal(strlen(jstr(json_object_get(b, "given"), "hash")), 16);
	json_decref(b);
	doit(&s, "otomo", "handover.offer", 409, h1());
	doit(&s, "otomo", "handover.accept", 403, h1());
	doit(&s, "miyoshi", "handover.accept", 403, h1());
	until(&s, "2026-11-19T09:01:10Z");
	assert_int_equal(audit(&s, late), 0); /* carried by the hand-over */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM chains WHERE state = 'running'"), 1);
	b = scene_do(&s, "wood", "handover.accept", 200, h1());
	assert_string_equal(jstr(b, "state"), "accepted");
	assert_string_equal(jstr(json_object_get(b, "taken"), "at"), "2026-11-19T09:01:10.000Z");
	json_decref(b);
	owned_by(&s, id, "wood");
	/* the telephone rings on: the lead is alarmed at six minutes, and it is the new lead's alarm */
	until(&s, "2026-11-19T09:01:30Z");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM chains WHERE state = 'running'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms a JOIN users u ON u.id = a.owner WHERE a.kind = 'call_late' AND u.login = 'bell'"), 1);
	doit(&s, "odagiri", "incident.acknowledge", 200, json_pack("{s:s}", "id", id));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM clocks WHERE stopped_at IS NOT NULL AND broken = 0"), 3);
	doit(&s, "wood", "handover.accept", 409, h1());
	assert_int_equal(audit(&s, late), 0);
	scene_replays(&s);
	scene_end(&s);
}

static void
what_is_not_accepted_goes_to_the_lead(void **st)
{
	struct desk_overdue late[16];
	struct scene s;
	char id[64];
	json_t *b;

	(void)st;
	begin(&s, "2026-11-19T08:00:00Z");
	scene_incident(&s, "warning", id);
	doit(&s, "miyoshi", "incident.task", 200, json_pack("{s:s, s:s, s:s}", "id", id, "text", "ask for the logs", "due_at", "2026-11-19T12:00:00Z"));
	until(&s, "2026-11-19T08:30:00Z");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handovers WHERE state = 'draft'"), 1);
	assert_int_equal(items(&s, "open"), 2);
	/* nobody signs: at the change it is offered all the same, and told */
	until(&s, "2026-11-19T09:00:00Z");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handovers WHERE state = 'offered' AND offered_by IS NULL"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms a JOIN users u ON u.id = a.owner WHERE kind = 'handover_unsigned' AND u.login = 'otomo'"), 1);
	until(&s, "2026-11-19T09:14:59Z");
	owned_by(&s, id, "miyoshi");
	assert_int_equal(audit(&s, late), 0);
	until(&s, "2026-11-19T09:15:00Z");
	owned_by(&s, id, "bell");
	assert_int_equal(items(&s, "late"), 2);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM tasks t JOIN users u ON u.id = t.owner WHERE u.login = 'bell'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms a JOIN users u ON u.id = a.owner WHERE kind = 'handover_late' AND level = 'alarm' AND u.login = 'bell'"), 1);
	assert_int_equal(audit(&s, late), 0);
	/* late is not never: wood takes it over from the lead */
	until(&s, "2026-11-19T09:40:00Z");
	b = scene_do(&s, "wood", "handover.accept", 200, h1());
	assert_string_equal(jstr(b, "state"), "accepted");
	json_decref(b);
	owned_by(&s, id, "wood");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM timers WHERE kind IN ('handover.late','handover.offer')"), 0);
	scene_replays(&s);
	scene_end(&s);
}

static void
item_by_item_with_reasons(void **st)
{
	struct scene s;
	char id[64];

	(void)st;
	begin(&s, "2026-11-19T08:00:00Z");
	scene_incident(&s, "warning", id);
	doit(&s, "miyoshi", "incident.task", 200, json_pack("{s:s, s:s}", "id", id, "text", "one"));
	doit(&s, "miyoshi", "incident.task", 200, json_pack("{s:s, s:s}", "id", id, "text", "two"));
	until(&s, "2026-11-19T08:31:00Z");
	doit(&s, "otomo", "handover.offer", 200, h1());
	doit(&s, "wood", "handover.accept", 422, json_pack("{s:s, s:[s]}", "id", "H-1", "items", "1"));
	doit(&s, "wood", "handover.accept", 409, json_pack("{s:s, s:[i]}", "id", "H-1", "items", 77));
	doit(&s, "wood", "handover.accept", 200, json_pack("{s:s, s:[i]}", "id", "H-1", "items", 1));
	owned_by(&s, id, "wood");
	doit(&s, "bell", "handover.refuse", 422, json_pack("{s:s, s:[i]}", "id", "H-1", "items", 2));
	doit(&s, "bell", "handover.refuse", 200, json_pack("{s:s, s:[i, i], s:s}", "id", "H-1", "items", 2, 3, "reason", "which logs?"));
	assert_int_equal(items(&s, "refused"), 2);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'handover_refused' AND en LIKE '%which logs?%'"), 1);
	/* signed again with better words: they wait again */
	doit(&s, "otomo", "handover.offer", 200, json_pack("{s:s, s:s}", "id", "H-1", "words", "of the proxy"));
	assert_int_equal(items(&s, "open"), 2);
	doit(&s, "bell", "handover.accept", 200, json_pack("{s:s, s:[i]}", "id", "H-1", "items", 2));
	doit(&s, "bell", "handover.refuse", 200, json_pack("{s:s, s:[i], s:s}", "id", "H-1", "items", 3, "reason", "no"));
	/* what stays refused is the lead's */
	until(&s, "2026-11-19T09:15:00Z");
	assert_int_equal(items(&s, "late"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM tasks t JOIN users u ON u.id = t.owner WHERE u.login = 'bell'"), 2);
	scene_replays(&s);
	scene_end(&s);
}

static void
what_comes_after_the_signature_is_carried_too(void **st)
{
	struct desk_overdue late[16];
	struct scene s;
	char id[64];

	(void)st;
	begin(&s, "2026-11-19T08:31:00Z");
	doit(&s, "otomo", "handover.offer", 200, h1());
	doit(&s, "wood", "handover.accept", 200, h1());
	/* accepted before the change; the change comes at 18:00 all the same */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handovers WHERE state = 'offered'"), 1);
	scene_incident(&s, "warning", id);
	until(&s, "2026-11-19T09:00:00Z");
	assert_int_equal(items(&s, "open"), 1);
	assert_int_equal(audit(&s, late), 0);
	doit(&s, "wood", "handover.accept", 200, h1());
	owned_by(&s, id, "wood");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handovers WHERE state = 'accepted'"), 1);
	/* with nothing to hand over, the next change ends by itself: Reading's evening to Herndon's night */
	doit(&s, "wood", "incident.close", 200, json_pack("{s:s, s:s}", "id", id, "code", "resolved"));
	until(&s, "2026-11-19T15:00:01Z");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handovers WHERE state = 'accepted' AND number = 2"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms"), 0);
	scene_replays(&s);
	scene_end(&s);
}

static void
taken_in_the_meantime_stays_taken(void **st)
{
	struct scene s;

	(void)st;
	begin(&s, "2026-11-19T08:00:00Z");
	scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
	doit(&s, "miyoshi", "candidate.claim", 200, json_pack("{s:s}", "id", "C-1"));
	until(&s, "2026-11-19T08:30:00Z");
	doit(&s, "otomo", "handover.offer", 200, h1());
	doit(&s, "bell", "candidate.assign", 200, json_pack("{s:s, s:s}", "id", "C-1", "to", "wood"));
	doit(&s, "bell", "handover.accept", 200, h1());
	owned_by(&s, "C-1", "wood");
	/* a claim is atomic, on the next shift as on this */
	doit(&s, "miyoshi", "candidate.claim", 409, json_pack("{s:s}", "id", "C-1"));
	scene_replays(&s);
	scene_end(&s);
}

static void
a_restart_between_offer_and_acceptance(void **st)
{
	struct scene s;
	char id[64], path[] = "/tmp/nezuban-handover-XXXXXX";
	int fd = mkstemp(path);
	struct db *file;

	(void)st;
	assert_true(fd >= 0);
	close(fd);
	begin(&s, "2026-11-19T08:00:00Z");
	scene_incident(&s, "warning", id);
	until(&s, "2026-11-19T08:40:00Z");
	doit(&s, "otomo", "handover.offer", 200, h1());
	until(&s, "2026-11-19T09:05:00Z");
	assert_int_equal(db_backup(s.db, path), 0);
	scene_end(&s);
	/* another process, ten minutes later: the time to accept ran on */
	assert_int_equal(db_open(path, &file), 0);
	s.db = file;
	assert_int_equal(desk_open(s.db, &scene_settings, &s.d), 0);
	s.now = at("2026-11-19T09:14:00Z");
	scene_tick(&s);
	assert_int_equal(items(&s, "open"), 1);
	doit(&s, "wood", "handover.accept", 200, h1());
	owned_by(&s, id, "wood");
	scene_replays(&s);
	scene_end(&s);
	unlink(path);
}

struct fake {
	int64_t wall, mono;
};

static int64_t
wall_of(void *ctx)
{
	return ((struct fake *)ctx)->wall;
}

static int64_t
mono_of(void *ctx)
{
	return ((struct fake *)ctx)->mono;
}

static void
a_clock_that_is_set_takes_no_time_to_accept(void **st)
{
	struct fake f = { at("2026-11-19T08:00:00Z"), 1000 * SEC };
	struct clock clock = { wall_of, mono_of, &f };
	struct scene s;
	char id[64];
	int error;

	(void)st;
	begin(&s, "2026-11-19T08:00:00Z");
	scene_incident(&s, "warning", id);
	until(&s, "2026-11-19T09:05:00Z");
	f.wall = s.now;
	assert_true(desk_now(s.d, &clock, &error) == s.now);
	/* one hour forward: five minutes of the fifteen are over, ten are left */
	f.wall += 3600 * SEC;
	s.now = desk_now(s.d, &clock, &error);
	assert_int_equal(error, 0);
	scene_tick(&s);
	assert_int_equal(items(&s, "open"), 1);
	until(&s, "2026-11-19T10:14:59Z");
	assert_int_equal(items(&s, "open"), 1);
	until(&s, "2026-11-19T10:15:00Z");
	assert_int_equal(items(&s, "late"), 1);
	/* back by two: a change is an hour of the day, and the one at 18:00 is over and done with */
	f.wall = s.now - 2 * 3600 * SEC;
	f.mono += 900 * SEC;
	s.now = desk_now(s.d, &clock, &error);
	until(&s, "2026-11-19T09:30:00Z");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handovers"), 1);
	scene_replays(&s);
	scene_end(&s);
}

static void
nobody_was_here_when_the_crew_changed(void **st)
{
	struct scene s;
	char id[64];

	(void)st;
	begin(&s, "2026-11-19T08:00:00Z");
	scene_incident(&s, "warning", id);
	/* the service stands still until the next morning in Tokyo: once, to those who are on duty now */
	s.now = at("2026-11-19T16:00:00Z");
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handovers"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handovers h JOIN users u ON u.id = h.to_lead WHERE u.login = 'cole' AND state = 'offered'"), 1);
	until(&s, "2026-11-19T16:15:00Z");
	owned_by(&s, id, "cole");
	scene_replays(&s);
	scene_end(&s);
}

static void
once_in_a_night_of_25_hours(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	s.now = at("2027-10-30T12:00:00Z");
	import(&s, SITES "rosters:\n  - id: all\n    home: reading\n    tenants: all\n    turns:\n"
	                 "      - {site: reading, when: 'Mon-Sun,Hol 01:30-13:00', lead: bell}\n"
	                 "      - {site: tokyo, when: 'Mon-Sun,Hol 13:00-24:00; Mon-Sun,Hol 00:00-01:30', lead: otomo}\n");
	s.now = at("2027-10-30T23:50:00Z");
	scene_tick(&s);
	until(&s, "2027-10-31T03:00:00Z");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handovers"), 1);
	assert_int_equal(scene_count(&s, "SELECT at FROM handovers"), at("2027-10-31T00:30:00Z"));
	assert_int_equal(scene_count(&s, "SELECT drafted_at FROM handovers"), at("2027-10-31T00:00:00Z"));
	assert_int_equal(scene_count(&s, "SELECT due_at FROM timers WHERE kind = 'handover.draft'"), at("2027-10-31T12:30:00Z"));
	scene_replays(&s);
	scene_end(&s);
}

static void
the_auditor_finds_what_has_no_owner_on_duty(void **st)
{
	struct desk_overdue late[16];
	struct scene s;
	json_t *a;

	(void)st;
	begin(&s, "2026-11-19T03:00:00Z");
	scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
	assert_int_equal(audit(&s, late), 0); /* it stands in the queue of those on duty */
	/* taken by somebody who is not there */
	doit(&s, "cole", "candidate.claim", 200, json_pack("{s:s}", "id", "C-1"));
	s.now += 29 * SEC;
	assert_int_equal(audit(&s, late), 0);
	s.now += 2 * SEC;
	assert_int_equal(audit(&s, late), 1);
	assert_string_equal(late[0].kind, "unowned");
	assert_string_equal(late[0].id, "C-1");
	assert_string_equal(late[0].tenant, "aoba");
	{ /* the doctor does not take a case without an owner for a timer that did not fire: the lead acts, not the operator */
		json_t *b = scene_do(&s, "otomo", "doctor.show", 200, NULL), *v;
		size_t i, seen = 0;

		json_array_foreach(json_object_get(b, "checks"), i, v) {
			if (strcmp(jstr(v, "id"), "timers") == 0)
				seen += json_is_true(json_object_get(v, "ok")) && strcmp(jstr(v, "act"), "operator") == 0;
			else if (strcmp(jstr(v, "id"), "owners") == 0)
				seen += json_is_false(json_object_get(v, "ok")) && json_integer_value(json_object_get(v, "value")) == 1 && strcmp(jstr(v, "act"), "lead") == 0;
		}
		assert_int_equal(seen, 2);
		json_decref(b);
	}
	a = desk_overdue_alarm(&late[0]);
	doit(&s, NULL, "alarm.raise", 204, a);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms a JOIN users u ON u.id = a.owner WHERE kind = 'unowned' AND u.login = 'otomo'"), 1);
	doit(&s, "otomo", "candidate.assign", 200, json_pack("{s:s, s:s}", "id", "C-1", "to", "miyoshi"));
	assert_int_equal(audit(&s, late), 0);
	/* an account that is switched off is nobody */
	char *id = db_text(s.db, "SELECT id FROM users WHERE login = 'miyoshi'");
	doit(&s, NULL, "user.change", 200, json_pack("{s:s, s:b}", "id", id, "disabled", 1));
	free(id);
	s.now += 31 * SEC;
	assert_int_equal(audit(&s, late), 2);
	assert_string_equal(late[0].kind, "unowned");
	assert_string_equal(late[1].kind, "unfit"); /* and stands in the roster */
	/* a tenant that came after the roster, and is in none */
	doit(&s, NULL, "roster.import", 200,
	     json_loads("{\"draft_s\":1800,\"accept_s\":900,\"sites\":[{\"id\":\"a\",\"name\":{\"ja\":\"a\",\"en\":\"a\"},\"zone\":\"UTC\",\"country\":\"GB\"}],\"people\":[],\"rosters\":[{\"id\":\"r\",\"home\":\"a\","
	                "\"tenants\":[\"harbor\"],\"turns\":[{\"site\":\"a\",\"when\":\"always\",\"lead\":\"bell\"}]}]}", 0, NULL));
	assert_int_equal(audit(&s, late), 1);
	assert_string_equal(late[0].kind, "uncovered");
	assert_string_equal(late[0].id, "aoba");
	scene_replays(&s);
	scene_end(&s);
}

static void
another_roster_in_the_middle(void **st)
{
	struct scene s;
	char id[64];
	json_t *b;

	(void)st;
	begin(&s, "2026-11-19T08:00:00Z");
	scene_incident(&s, "warning", id);
	until(&s, "2026-11-19T08:35:00Z");
	doit(&s, "otomo", "handover.words", 200, json_pack("{s:s, s:s, s:s}", "id", "H-1", "words", "Two sentences.", "lang", "en"));
	/* Reading is ill: Herndon takes the evening too */
	import(&s, SITES "rosters:\n  - id: aoba\n    home: tokyo\n    tenants: [aoba]\n    turns:\n"
	                 "      - {site: tokyo, when: 'Mon-Fri 09:00-18:00', lead: otomo, people: [miyoshi]}\n"
	                 "      - {site: herndon, when: 'Mon-Fri 18:00-24:00; Mon-Fri 00:00-09:00; Sat,Sun,Hol 00:00-24:00', lead: cole}\n" HARBOR);
	scene_tick(&s);
	doit(&s, "otomo", "handover.offer", 409, h1());
	b = scene_do(&s, "otomo", "handover.show", 200, json_pack("{s:s}", "id", "H-2"));
	assert_string_equal(jstr(b, "words"), "Two sentences.");
	assert_string_equal(jstr(json_object_get(json_object_get(b, "to"), "site"), "id"), "herndon");
	json_decref(b);
	b = scene_do(&s, "otomo", "handover.list", 200, json_pack("{s:s}", "state", "open"));
	assert_int_equal(json_array_size(json_object_get(b, "items")), 1);
	json_decref(b);
	/* after the change a new roster takes nothing back: what was offered is accepted */
	doit(&s, "otomo", "handover.offer", 200, json_pack("{s:s}", "id", "H-2"));
	until(&s, "2026-11-19T09:01:00Z");
	import(&s, ROSTER);
	doit(&s, "cole", "handover.accept", 200, json_pack("{s:s}", "id", "H-2"));
	owned_by(&s, id, "cole");
	scene_replays(&s);
	scene_end(&s);
}

static void
somebody_has_to_go(void **st)
{
	struct scene s;
	char id[64];
	json_t *b;

	(void)st;
	scene_begin(&s); /* without a roster */
	scene_incident(&s, "critical", id);
	doit(&s, NULL, "handover.draft", 422, json_pack("{s:s}", "to", "wood"));
	doit(&s, "miyoshi", "handover.draft", 422, json_pack("{s:s}", "to", "miyoshi"));
	doit(&s, "miyoshi", "handover.draft", 422, json_pack("{s:s}", "to", "odagiri"));
	doit(&s, "miyoshi", "handover.draft", 422, json_pack("{s:s, s:[s]}", "to", "wood", "tenants", "nowhere"));
	b = scene_do(&s, "miyoshi", "handover.draft", 200, json_pack("{s:s, s:[s]}", "to", "wood", "tenants", "aoba"));
	assert_int_equal(json_array_size(json_object_get(b, "items")), 1);
	json_decref(b);
	doit(&s, "miyoshi", "handover.offer", 200, h1());
	doit(&s, "miyoshi", "handover.accept", 403, h1());
	doit(&s, "wood", "handover.accept", 200, h1());
	owned_by(&s, id, "wood");
	/* not signed, not accepted: without a roster it goes to whom it was meant for */
	doit(&s, "wood", "handover.draft", 200, json_pack("{s:s}", "to", "otomo"));
	s.now += 901 * SEC;
	scene_tick(&s);
	s.now += 901 * SEC;
	scene_tick(&s);
	owned_by(&s, id, "otomo");
	scene_replays(&s);
	scene_end(&s);
}

static void
devices_that_are_silent_are_handed_over(void **st)
{
	struct scene s;
	json_t *beat, *b, *v;

	(void)st;
	begin(&s, "2026-11-19T08:00:00Z");
	beat = json_loads("{\"version\":\"1\",\"devices\":[{\"id\":\"fw-1\",\"lines\":5,\"bytes\":10,\"last_at\":\"2026-11-19T06:00:00Z\"},{\"id\":\"fw-2\",\"lines\":5,\"bytes\":10,"
	                  "\"last_at\":\"2026-11-19T08:29:30Z\"}]}", 0, NULL);
	doit(&s, NULL, "lcp.enroll", 200, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "lcp", "lcp-1", "token_hash", "x"));
	until(&s, "2026-11-19T08:29:40Z");
	assert_int_equal(desk_heartbeat(s.d, "aoba", "lcp-1", beat, s.now), 0);
	json_decref(beat);
	until(&s, "2026-11-19T08:30:00Z");
	b = scene_do(&s, "otomo", "handover.show", 200, h1());
	assert_int_equal(json_array_size(json_object_get(b, "items")), 1);
	v = json_array_get(json_object_get(b, "items"), 0);
	assert_string_equal(jstr(v, "kind"), "device");
	assert_string_equal(jstr(json_object_get(v, "title"), "en"), "lcp-1/fw-1: silent, last heard 2026-11-19T06:00");
	assert_string_equal(jstr(json_object_get(json_object_get(v, "owner"), "name"), "en"), "O. Otomo");
	json_decref(b);
	/* it has an owner from then on */
	doit(&s, "otomo", "handover.offer", 200, json_pack("{s:s, s:o}", "id", "H-1", "data", desk_handover_data(s.d, &desk_service, s.now)));
	until(&s, "2026-11-19T09:00:30Z");
	doit(&s, "wood", "handover.accept", 200, h1());
	until(&s, "2026-11-19T14:30:00Z");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handover_items x JOIN handovers h ON h.id = x.handover JOIN users u ON u.id = x.owner WHERE h.number = 2 AND"
	                                 " x.kind = 'lcp' AND x.ref = 'lcp-1' AND u.login = 'bell'"), 0);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM handover_items x JOIN handovers h ON h.id = x.handover JOIN users u ON u.id = x.owner WHERE h.number = 1 AND"
	                                 " x.state = 'accepted' AND x.ref = 'lcp-1/fw-1'"), 1);
	scene_replays(&s);
	scene_end(&s);
}

static void
inquiries_pass_on_with_their_promise(void **st)
{
	struct desk_overdue late[16];
	struct scene s;
	json_t *b, *v;

	(void)st;
	begin(&s, "2026-11-19T08:00:00Z");
	doit(&s, "odagiri", "inquiry.open", 200, json_pack("{s:s, s:s, s:s}", "kind", "question", "subject", "Why was this closed?", "text", "x"));
	doit(&s, "miyoshi", "inquiry.claim", 200, json_pack("{s:s}", "id", "Q-1"));
	until(&s, "2026-11-19T08:31:00Z");
	b = scene_do(&s, "otomo", "handover.offer", 200, h1());
	v = json_array_get(json_object_get(b, "items"), 0);
	assert_string_equal(jstr(v, "kind"), "inquiry");
	assert_string_equal(jstr(v, "ref"), "Q-1");
	assert_true(strlen(jstr(v, "due_at")) > 0);
	assert_int_equal(json_array_size(json_object_get(b, "items")), 1);
	json_decref(b);
	until(&s, "2026-11-19T09:00:40Z");
	assert_int_equal(audit(&s, late), 0);
	doit(&s, "wood", "handover.accept", 200, h1());
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries q JOIN users u ON u.id = q.owner WHERE u.login = 'wood'"), 1);
	scene_replays(&s);
	scene_end(&s);
}

/* The item of that kind and reference, or fails. */
static json_t *
item_of(json_t *b, const char *kind, const char *ref)
{
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(b, "items"), i, v)
		if (strcmp(jstr(v, "kind"), kind) == 0 && strcmp(jstr(v, "ref"), ref) == 0)
			return v;
	fail_msg("no item %s %s", kind, ref);
	return NULL;
}

static void
carried(bool mail)
{
	struct scene s;
	struct db *old;
	json_t *b;
	char version[16];

	begin(&s, "2026-11-19T08:00:00Z");
	doit(&s, "odagiri", "inquiry.open", 200, json_pack("{s:s, s:s, s:s, s:s}", "kind", "question", "priority", "urgent", "subject", "Are we safe?", "text", "x"));
	doit(&s, "odagiri", "inquiry.open", 200, json_pack("{s:s, s:s, s:s}", "kind", "question", "subject", "And on Sunday?", "text", "x"));
	if (mail)
		doit(&s, NULL, "inquiry.receive", 200, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "from", "who@elsewhere.example", "name", "W", "subject", "hello", "text", "x", "lang", "en",
	                                                 "message_id", "<1@elsewhere.example>", "auth", "pass"));
	doit(&s, "odagiri", "device.register", 200, json_pack("{s:s, s:s, s:s, s:s, s:s}", "tenant", "aoba", "device", "fw-9", "source", "fortinet.fortigate", "transport", "udp",
	                                                      "address", "10.1.9.9"));
	doit(&s, "miyoshi", "exception.add", 200, json_pack("{s:s, s:s, s:s, s:s, s:[{s:s, s:s}]}", "tenant", "aoba", "rule", "r1", "reason", "inventory", "expires_at", "2026-12-01T00:00:00Z",
	                                                    "conditions", "kind", "host", "value", "srv-1"));
	doit(&s, "miyoshi", "advisory.add", 200, json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}, s:[s]}", "severity", "warning", "title", "ja", "t", "en", "t", "text", "ja", "x", "en", "x", "advice",
	                                                   "ja", "x", "en", "x", "products", "fortinet"));
	until(&s, "2026-11-19T08:31:00Z");
	b = scene_do(&s, "otomo", "handover.offer", 200, h1());
	assert_string_equal(jstr(json_object_get(item_of(b, "queue", "aoba/inquiries"), "title"), "en"), "2 inquiries have no owner.");
	assert_string_equal(jstr(item_of(b, "queue", "aoba/inquiries"), "due_at"), "2026-11-19T09:00:00.000Z"); /* of the urgent one */
	if (mail)
		assert_true(json_is_null(json_object_get(item_of(b, "held", ""), "tenant")));
	if (mail)
		assert_string_equal(jstr(json_object_get(item_of(b, "held", ""), "title"), "en"), "1 mail waits for somebody to say whose it is.");
	item_of(b, "registration", "aoba");
	item_of(b, "exception", "aoba");
	item_of(b, "advisory", "");
	json_decref(b);
	/* what somebody deals with before the change needs nobody's word */
	doit(&s, "otomo", "exception.approve", 200, json_pack("{s:s}", "id", "X-1"));
	b = scene_do(&s, "otomo", "handover.show", 200, h1());
	assert_true(json_is_true(json_object_get(item_of(b, "exception", "aoba"), "gone")));
	assert_true(json_is_false(json_object_get(item_of(b, "queue", "aoba/inquiries"), "gone")));
	json_decref(b);
	until(&s, "2026-11-19T09:01:00Z");
	b = scene_do(&s, "wood", "handover.accept", 200, h1());
	assert_string_equal(jstr(b, "state"), "accepted");
	assert_string_equal(jstr(json_object_get(json_object_get(item_of(b, "queue", "aoba/inquiries"), "by"), "name"), "en"), "J. Wood");
	json_decref(b);
	scene_replays(&s);
	if (mail) { /* its own timer is not one of before */
		scene_end(&s);
		return;
	}
	/* a journal of before is played again by the rules of before */
	db_begin(s.db);
	snprintf(version, sizeof version, "\"v\":%d}", JOURNAL_V);
	db_run(s.db, "UPDATE journal SET record = CAST(replace(CAST(record AS TEXT), ?, '\"v\":2}') AS BLOB)", Q(version));
	assert_int_equal(db_commit(s.db), 0);
	assert_int_equal(db_open(":memory:", &old), 0);
	assert_int_equal(desk_replay(s.db, old, &scene_settings), 0);
	assert_int_equal(db_int(old, -1, "SELECT count(*) FROM handover_items WHERE kind IN ('queue','held','exception','advisory')"), 0);
	db_close(old);
	scene_end(&s);
}

static void
nothing_is_without_an_owner(void **st)
{
	(void)st;
	carried(false);
	carried(true);
}

static void
masks_hold(void **st)
{
	struct desk_answer a;
	struct scene s;
	char id[64];
	json_t *mask = json_pack("[s]", "harbor"), *args = h1();
	struct desk_actor who = { .user = "x", .ja = "x", .en = "x", .role = "lead", .tenants = mask };

	(void)st;
	begin(&s, "2026-11-19T08:00:00Z");
	scene_incident(&s, "warning", id);
	until(&s, "2026-11-19T08:31:00Z");
	doit(&s, "otomo", "handover.offer", 200, h1());
	a = desk_ask(s.d, "handover.list", &who, args, s.now);
	assert_int_equal(json_array_size(json_object_get(a.body, "items")), 0);
	json_decref(a.body);
	a = desk_ask(s.d, "handover.show", &who, args, s.now);
	assert_int_equal(a.status, 404);
	json_decref(a.body);
	a = desk_apply(s.d, "handover.accept", &who, args, s.now);
	assert_int_equal(a.status, 404);
	json_decref(a.body);
	owned_by(&s, id, "miyoshi");
	json_decref(args);
	json_decref(mask);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hand_over_in_the_middle_of_a_call),
		cmocka_unit_test(what_is_not_accepted_goes_to_the_lead),
		cmocka_unit_test(item_by_item_with_reasons),
		cmocka_unit_test(what_comes_after_the_signature_is_carried_too),
		cmocka_unit_test(taken_in_the_meantime_stays_taken),
		cmocka_unit_test(a_restart_between_offer_and_acceptance),
		cmocka_unit_test(a_clock_that_is_set_takes_no_time_to_accept),
		cmocka_unit_test(nobody_was_here_when_the_crew_changed),
		cmocka_unit_test(once_in_a_night_of_25_hours),
		cmocka_unit_test(the_auditor_finds_what_has_no_owner_on_duty),
		cmocka_unit_test(another_roster_in_the_middle),
		cmocka_unit_test(somebody_has_to_go),
		cmocka_unit_test(devices_that_are_silent_are_handed_over),
		cmocka_unit_test(inquiries_pass_on_with_their_promise),
		cmocka_unit_test(nothing_is_without_an_owner),
		cmocka_unit_test(masks_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
