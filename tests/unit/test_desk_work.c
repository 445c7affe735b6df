/* SPDX-License-Identifier: Apache-2.0
 *
 * Work on cases: the second person, whose a case is, merge, split, attach, related incidents, tasks, the
 * customer's answer.  Every test ends with the journal played again: the same tables.
 */
#include "desk_scene.h"

#define ON(key, rule, host, evidence)                                                                                          \
	"[{\"key\":\"" key "\",\"kind\":\"rule\",\"rule\":{\"id\":\"" rule "\",\"name\":\"" rule "\",\"level\":\"high\",\"tags\":[]}," \
	"\"at\":1795000000000000000,\"first_at\":1794999999000000000,\"count\":1,\"entities\":[{\"kind\":\"host\",\"value\":\"" host \
	"\",\"role\":\"target\",\"internal\":true}],\"evidence\":{" evidence "},\"dataset\":\"ds\",\"device\":\"dev\"}]"
#define PASSED "\"blocked\":\"none\",\"direction\":\"internal\""

static void
doit(struct scene *s, const char *login, const char *verb, int want, json_t *args)
{
	json_decref(scene_do(s, login, verb, want, args));
}

static json_t *
again(struct scene *s, const char *incident, const char *severity)
{
	json_t *d = decision(s, "C-1", severity);

	json_object_set_new(d, "id", json_string(incident));
	return d;
}

static void
ring_off(struct scene *s, const char *incident)
{
	doit(s, "odagiri", "incident.acknowledge", 200, json_pack("{s:s}", "id", incident));
}

static void
less_than_emergency_needs_two(void **st)
{
	struct scene s;
	char id[64];
	json_t *b;

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "emergency", id);
	ring_off(&s, id);
	b = scene_do(&s, "miyoshi", "incident.severity", 200, again(&s, id, "warning"));
	assert_string_equal(jstr(b, "severity"), "emergency");
	assert_string_equal(jstr(json_object_get(b, "downgrade"), "severity"), "warning");
	json_decref(b);
	/* one at a time, and neither the proposer nor the customer nor the machine's administrator */
	doit(&s, "wood", "incident.severity", 409, again(&s, id, "warning"));
	doit(&s, "wood", "incident.close", 409, json_pack("{s:s, s:s}", "id", id, "code", "resolved"));
	doit(&s, "miyoshi", "incident.confirm", 403, json_pack("{s:s}", "id", id));
	doit(&s, NULL, "incident.confirm", 403, json_pack("{s:s}", "id", id));
	/* the administrator at the machine does it for somebody, and not for the proposer; nobody else speaks for others */
	doit(&s, NULL, "incident.confirm", 403, json_pack("{s:s, s:s}", "id", id, "as", "miyoshi"));
	doit(&s, NULL, "incident.confirm", 422, json_pack("{s:s, s:s}", "id", id, "as", "odagiri"));
	doit(&s, "miyoshi", "incident.confirm", 403, json_pack("{s:s, s:s}", "id", id, "as", "wood"));
	b = scene_do(&s, "odagiri", "incident.show", 200, json_pack("{s:s}", "id", id));
	assert_null(json_object_get(b, "downgrade"));
	assert_string_equal(jstr(b, "severity"), "emergency");
	json_decref(b);
	b = scene_do(&s, "wood", "incident.refuse", 200, json_pack("{s:s, s:s}", "id", id, "text", "c2 is not explained"));
	assert_string_equal(jstr(b, "severity"), "emergency");
	assert_true(json_is_null(json_object_get(b, "downgrade")));
	json_decref(b);
	doit(&s, "wood", "incident.confirm", 409, json_pack("{s:s}", "id", id));
	doit(&s, "miyoshi", "incident.severity", 200, again(&s, id, "warning"));
	b = scene_do(&s, "wood", "incident.confirm", 200, json_pack("{s:s}", "id", id));
	assert_string_equal(jstr(b, "severity"), "warning");
	/* the decision stays its author's */
	assert_string_equal(jstr(json_object_get(json_object_get(json_object_get(b, "decision"), "by"), "name"), "en"), "K. Miyoshi");
	json_decref(b);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM timers WHERE kind = 'second.waits'"), 0);
	assert_int_equal(scene_count(&s, "SELECT emergency * 10 + warning FROM days"), 1);
	scene_replays(&s);
	scene_end(&s);
}

/* The proposal is no decision: one person may decide lower, with a reason, and the lead looks. */
static void
a_proposed_emergency_decided_lower_is_told(void **st)
{
	struct scene s;

	(void)st;
	for (int asked = 0; asked <= 1; asked++) {
		scene_begin(&s);
		scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
		db_run(s.db, "UPDATE candidates SET severity = 'emergency'");
		db_run(s.db, "UPDATE tenants SET second_person = ?", Q((int64_t)asked));
		doit(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "warning"));
		assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'decided_lower' AND level = 'alarm' AND incident = 'AOBA-2026-0001'"), asked);
		scene_end(&s);
	}
	scene_begin(&s);
	scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
	doit(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "warning")); /* Critical was proposed */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'decided_lower'"), 0);
	scene_end(&s);
}

/* 31 December ends when it ends where the customer is. */
static void
numbers_begin_anew_with_the_tenants_year(void **st)
{
	static const int64_t midnight = 1798729200LL * SEC; /* of 1 January 2027 in Tokyo */
	json_t *b;
	struct scene s;

	(void)st;
	for (int late = 0; late <= 1; late++) {
		scene_begin(&s);
		scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
		scene_detect(&s, "harbor", DETECTION("k2", "r1", ""));
		s.now = late ? midnight : midnight - SEC;
		b = scene_do(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "warning"));
		assert_string_equal(jstr(b, "id"), late ? "AOBA-2027-0001" : "AOBA-2026-0001");
		json_decref(b);
		b = scene_do(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-2", "warning")); /* London has nine hours left */
		assert_string_equal(jstr(b, "id"), "HARBOR-2026-0001");
		json_decref(b);
		scene_end(&s);
	}
}

static void
a_false_positive_is_a_downgrade_too(void **st)
{
	struct scene s;
	char id[64];

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "emergency", id);
	/* the chain rings on while a second person is asked for Critical, and a confirmation does not stop it */
	doit(&s, "miyoshi", "incident.close", 409, json_pack("{s:s, s:s}", "id", id, "code", "false_positive"));
	doit(&s, "miyoshi", "incident.severity", 200, again(&s, id, "critical"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM chains WHERE state = 'running'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM clocks WHERE stopped_at IS NULL"), 2);
	doit(&s, "miyoshi", "incident.refuse", 200, json_pack("{s:s}", "id", id));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM downgrades WHERE state = 'withdrawn'"), 1);
	ring_off(&s, id);
	doit(&s, "miyoshi", "incident.close", 200, json_pack("{s:s, s:s}", "id", id, "code", "false_positive"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM incidents WHERE state = 'open' AND severity = 'emergency'"), 1);
	/* nobody answers: the lead hears of it once */
	s.now += 1801 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'second_person'"), 1);
	doit(&s, "otomo", "incident.confirm", 200, json_pack("{s:s}", "id", id));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM incidents WHERE state = 'closed' AND code = 'false_positive'"), 1);
	scene_replays(&s);
	scene_end(&s);
}

static void
a_tenant_may_do_without(void **st)
{
	struct scene s;
	char id[64];
	json_t *b;

	(void)st;
	scene_begin(&s);
	doit(&s, NULL, "tenant.import", 200,
	     json_pack("{s:[{s:s, s:s, s:s, s:i, s:i, s:b, s:{}}]}", "tenants", "id", "aoba", "short", "AOBA", "zone", "Asia/Tokyo", "decide_s", 900, "call_s", 600,
	               "second_person", 0, "doc"));
	scene_incident(&s, "emergency", id);
	ring_off(&s, id);
	b = scene_do(&s, "miyoshi", "incident.severity", 200, again(&s, id, "warning"));
	assert_string_equal(jstr(b, "severity"), "warning");
	json_decref(b);
	scene_replays(&s);
	scene_end(&s);
}

static void
a_lead_gives_work(void **st)
{
	struct scene s;
	char id[64];
	json_t *b;

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "warning", id);
	doit(&s, "wood", "incident.claim", 409, json_pack("{s:s}", "id", id));
	doit(&s, "otomo", "incident.assign", 422, json_pack("{s:s, s:s}", "id", id, "to", "odagiri"));
	b = scene_do(&s, "otomo", "incident.assign", 200, json_pack("{s:s, s:s}", "id", id, "to", "wood"));
	assert_string_equal(jstr(json_object_get(json_object_get(b, "owner"), "name"), "en"), "J. Wood");
	json_decref(b);
	scene_detect(&s, "aoba", ON("z", "r9", "pc-9", PASSED));
	b = scene_do(&s, "otomo", "candidate.assign", 200, json_pack("{s:s, s:s}", "id", "C-2", "to", "miyoshi"));
	assert_string_equal(jstr(json_object_get(json_object_get(b, "owner"), "name"), "en"), "K. Miyoshi");
	json_decref(b);
	doit(&s, "miyoshi", "candidate.close", 200, json_pack("{s:s, s:s}", "id", "C-2", "reason", "expected"));
	doit(&s, "otomo", "candidate.assign", 409, json_pack("{s:s, s:s}", "id", "C-2", "to", "wood"));
	scene_replays(&s);
	scene_end(&s);
}

/* Three candidates of aoba, one of harbor. */
static void
some_candidates(struct scene *s)
{
	scene_detect(s, "aoba", ON("a", "r1", "pc-1", PASSED));
	s->now += 60 * SEC;
	scene_detect(s, "aoba", ON("b", "r2", "pc-2", PASSED));
	scene_detect(s, "aoba", ON("c", "r3", "pc-3", PASSED));
	scene_detect(s, "harbor", ON("d", "r1", "pc-1", PASSED));
	assert_int_equal(scene_count(s, "SELECT count(*) FROM candidates WHERE state = 'open'"), 4);
}

static void
candidates_flow_together(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	some_candidates(&s);
	doit(&s, "miyoshi", "candidate.merge", 422, json_pack("{s:s, s:s}", "id", "C-1", "into", "C-4"));
	doit(&s, "miyoshi", "candidate.merge", 422, json_pack("{s:s, s:s}", "id", "C-1", "into", "C-1"));
	doit(&s, "miyoshi", "candidate.merge", 404, json_pack("{s:s, s:s}", "id", "C-1", "into", "C-9"));
	doit(&s, "wood", "candidate.claim", 200, json_pack("{s:s}", "id", "C-1"));
	doit(&s, "miyoshi", "candidate.merge", 409, json_pack("{s:s, s:s}", "id", "C-1", "into", "C-2"));
	b = scene_do(&s, "wood", "candidate.merge", 200, json_pack("{s:s, s:s}", "id", "C-1", "into", "C-2"));
	assert_string_equal(jstr(b, "number"), "C-2");
	assert_int_equal(json_integer_value(json_object_get(b, "detections")), 2);
	assert_string_equal(jstr(json_object_get(json_object_get(b, "owner"), "name"), "en"), "J. Wood");
	json_decref(b);
	/* the older deadline stays, the older entities too, and the one that went points on */
	assert_int_equal(scene_count(&s, "SELECT k.due_at FROM clocks k JOIN candidates c ON c.id = k.candidate WHERE c.number = 2 AND k.stopped_at IS NULL"), T0 + 900 * SEC);
	assert_int_equal(scene_count(&s, "SELECT due_at FROM timers WHERE ref = (SELECT k.id FROM clocks k JOIN candidates c ON c.id = k.candidate WHERE c.number = 2)"), T0 + 900 * SEC);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM candidates c JOIN candidates t ON t.id = c.merged_into WHERE c.number = 1 AND t.number = 2"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM entities e JOIN candidates c ON c.id = e.candidate WHERE c.number = 2"), 2);
	doit(&s, "wood", "candidate.merge", 409, json_pack("{s:s, s:s}", "id", "C-1", "into", "C-3"));
	scene_replays(&s);
	scene_end(&s);
}

static void
a_candidate_flows_into_an_incident(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	some_candidates(&s);
	doit(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "warning"));
	b = scene_do(&s, "miyoshi", "candidate.merge", 200, json_pack("{s:s, s:s}", "id", "C-2", "into", "AOBA-2026-0001"));
	assert_string_equal(jstr(b, "id"), "AOBA-2026-0001");
	assert_int_equal(json_integer_value(json_object_get(b, "detections")), 2);
	json_decref(b);
	/* an incident is no candidate's part */
	doit(&s, "miyoshi", "incident.merge", 409, json_pack("{s:s, s:s}", "id", "AOBA-2026-0001", "into", "C-3"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM clocks WHERE kind = 'decide' AND stopped_at IS NULL"), 2);
	/* a later detection of what was merged joins the incident by itself */
	scene_detect(&s, "aoba", ON("e", "r4", "pc-2", PASSED));
	assert_int_equal(scene_count(&s, "SELECT detections FROM candidates WHERE number = 1"), 3);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM entries WHERE kind = 'detection'"), 1);
	scene_replays(&s);
	scene_end(&s);
}

static void
incidents_flow_together_and_nothing_is_lost(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	some_candidates(&s);
	doit(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "critical"));
	doit(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-2", "warning"));
	doit(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-3", "critical"));
	doit(&s, "miyoshi", "incident.relate", 200, json_pack("{s:s, s:s, s:s}", "id", "AOBA-2026-0001", "other", "AOBA-2026-0002", "reason", "same campaign"));
	doit(&s, "miyoshi", "incident.task", 200, json_pack("{s:s, s:s}", "id", "AOBA-2026-0001", "text", "image the disk"));
	/* while its telephone rings it stays what it is; and the graver one survives */
	doit(&s, "miyoshi", "incident.merge", 409, json_pack("{s:s, s:s}", "id", "AOBA-2026-0001", "into", "AOBA-2026-0003"));
	ring_off(&s, "AOBA-2026-0001");
	doit(&s, "miyoshi", "incident.merge", 409, json_pack("{s:s, s:s}", "id", "AOBA-2026-0001", "into", "AOBA-2026-0002"));
	b = scene_do(&s, "miyoshi", "incident.merge", 200, json_pack("{s:s, s:s}", "id", "AOBA-2026-0001", "into", "AOBA-2026-0003"));
	assert_string_equal(jstr(b, "id"), "AOBA-2026-0003");
	assert_int_equal(json_array_size(json_object_get(b, "evidence")), 2);
	assert_int_equal(json_array_size(json_object_get(b, "actions")), 2);
	assert_int_equal(json_array_size(json_object_get(b, "tasks")), 1);
	assert_string_equal(jstr(json_array_get(json_object_get(b, "related"), 0), "id"), "AOBA-2026-0002");
	json_decref(b);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM evidence WHERE incident = 'AOBA-2026-0003'"), 2);
	b = scene_do(&s, "odagiri", "incident.show", 200, json_pack("{s:s}", "id", "AOBA-2026-0001"));
	assert_string_equal(jstr(b, "merged_into"), "AOBA-2026-0003");
	assert_string_equal(jstr(b, "state"), "closed");
	assert_string_equal(jstr(json_object_get(b, "closed"), "code"), "merged");
	json_decref(b);
	/* the survivor's own telephone chain rings on */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM chains WHERE state = 'running' AND incident = 'AOBA-2026-0003'"), 1);
	doit(&s, "odagiri", "incident.reopen", 409, json_pack("{s:s, s:s}", "id", "AOBA-2026-0001", "text", "no"));
	doit(&s, "miyoshi", "incident.severity", 409, json_pack("{s:s, s:s, s:{s:s}}", "id", "AOBA-2026-0001", "severity", "warning", "answers", "real", "yes"));
	scene_replays(&s);
	scene_end(&s);
}

/* The i-th detection of a candidate, oldest first. Heap. */
static char *
detection_of(struct scene *s, int64_t number, int64_t i)
{
	return db_text(s->db, "SELECT d.id FROM detections d JOIN candidates c ON c.id = d.candidate WHERE c.number = ? ORDER BY d.key LIMIT 1 OFFSET ?", Q(number), Q(i));
}

static void
what_a_person_splits_stays_apart(void **st)
{
	struct scene s;
	char *first, *second;
	json_t *b;

	(void)st;
	scene_begin(&s);
	scene_detect(&s, "aoba", ON("a", "r1", "pc-1", PASSED));
	scene_detect(&s, "aoba", ON("b", "r2", "pc-1", PASSED));
	first = detection_of(&s, 1, 0);
	second = detection_of(&s, 1, 1);
	s.now += 300 * SEC;
	doit(&s, "miyoshi", "candidate.split", 422, json_pack("{s:s, s:[s, s]}", "id", "C-1", "detections", first, second));
	doit(&s, "miyoshi", "candidate.split", 422, json_pack("{s:s, s:[s]}", "id", "C-1", "detections", "nobody"));
	doit(&s, "miyoshi", "candidate.split", 422, json_pack("{s:s, s:[]}", "id", "C-1", "detections"));
	b = scene_do(&s, "miyoshi", "candidate.split", 200, json_pack("{s:s, s:[s]}", "id", "C-1", "detections", second));
	assert_string_equal(jstr(b, "number"), "C-2");
	assert_int_equal(json_integer_value(json_object_get(b, "detections")), 1);
	json_decref(b);
	/* no time is gained */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM clocks WHERE stopped_at IS NULL AND due_at = 1795000900000000000"), 2);
	assert_int_equal(scene_count(&s, "SELECT count(DISTINCT candidate) FROM entities"), 2);
	/* the same host again: it joins one of them, and they stay two */
	scene_detect(&s, "aoba", ON("c", "r3", "pc-1", PASSED));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM candidates WHERE state = 'open'"), 2);
	assert_int_equal(scene_count(&s, "SELECT sum(detections) FROM candidates"), 3);
	scene_replays(&s);
	scene_end(&s);
	free(first);
	free(second);
}

static void
an_emergency_keeps_its_evidence(void **st)
{
	struct scene s;
	char *chosen;
	char id[64];

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "emergency", id);
	scene_detect(&s, "aoba", DETECTION("k2", "r2", ""));
	chosen = db_text(s.db, "SELECT detection FROM evidence");
	doit(&s, "miyoshi", "incident.split", 409, json_pack("{s:s, s:[s]}", "id", id, "detections", chosen));
	free(chosen);
	chosen = db_text(s.db, "SELECT id FROM detections WHERE id NOT IN (SELECT detection FROM evidence)");
	doit(&s, "miyoshi", "incident.split", 200, json_pack("{s:s, s:[s]}", "id", id, "detections", chosen));
	free(chosen);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM clocks WHERE kind = 'decide' AND stopped_at IS NULL"), 1);
	scene_replays(&s);
	scene_end(&s);
}

static void
detections_are_taken_in(void **st)
{
	struct scene s;
	char *one;
	json_t *b;

	(void)st;
	scene_begin(&s);
	some_candidates(&s);
	scene_detect(&s, "aoba", ON("e", "r5", "pc-2", PASSED));
	doit(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "warning"));
	one = detection_of(&s, 2, 0);
	b = scene_do(&s, "miyoshi", "incident.attach", 200, json_pack("{s:s, s:[s], s:b}", "id", "AOBA-2026-0001", "detections", one, "evidence", 1));
	assert_string_equal(jstr(b, "id"), "AOBA-2026-0001");
	json_decref(b);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM evidence"), 2);
	assert_int_equal(scene_count(&s, "SELECT detections FROM candidates WHERE number = 2"), 1);
	doit(&s, "miyoshi", "incident.attach", 422, json_pack("{s:s, s:[s]}", "id", "AOBA-2026-0001", "detections", one));
	free(one);
	/* the last one takes its candidate along */
	one = detection_of(&s, 2, 0);
	doit(&s, "miyoshi", "incident.attach", 200, json_pack("{s:s, s:[s]}", "id", "AOBA-2026-0001", "detections", one));
	free(one);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM candidates WHERE number = 2 AND state = 'merged'"), 1);
	/* another tenant's is not there, an incident's is not free */
	one = detection_of(&s, 4, 0);
	doit(&s, "miyoshi", "candidate.attach", 422, json_pack("{s:s, s:[s]}", "id", "C-3", "detections", one));
	free(one);
	one = detection_of(&s, 1, 0);
	doit(&s, "miyoshi", "candidate.attach", 409, json_pack("{s:s, s:[s]}", "id", "C-3", "detections", one));
	free(one);
	scene_replays(&s);
	scene_end(&s);
}

static void
tasks_have_owner_and_due(void **st)
{
	struct scene s;
	char id[64];
	json_t *b, *t;

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "warning", id);
	doit(&s, "miyoshi", "incident.task", 422, json_pack("{s:s, s:s, s:s}", "id", id, "text", "x", "due_at", "tomorrow"));
	doit(&s, "miyoshi", "incident.task", 422, json_pack("{s:s, s:s, s:s}", "id", id, "text", "x", "owner", "lowe"));
	doit(&s, "miyoshi", "incident.task", 200, json_pack("{s:s, s:s, s:s, s:s}", "id", id, "text", "ask for the proxy log", "owner", "wood", "due_at", "2026-11-18T12:00:00Z"));
	doit(&s, "miyoshi", "incident.task", 200, json_pack("{s:s, s:s, s:s}", "id", id, "text", "mine", "due_at", "2026-11-18T12:00:00Z"));
	doit(&s, "miyoshi", "incident.task_change", 404, json_pack("{s:s, s:s, s:b}", "id", id, "n", "7", "done", 1));
	b = scene_do(&s, "miyoshi", "incident.task_change", 200, json_pack("{s:s, s:s, s:b}", "id", id, "n", "2", "done", 1));
	t = json_array_get(json_object_get(b, "tasks"), 0);
	assert_string_equal(jstr(json_object_get(json_object_get(t, "owner"), "name"), "en"), "J. Wood");
	json_decref(b);
	s.now += 3600 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'task_late'"), 1);
	/* later after all: it may be late once more */
	doit(&s, "wood", "incident.task_change", 200, json_pack("{s:s, s:i, s:s, s:s}", "id", id, "n", 1, "due_at", "2026-11-18T14:00:00Z", "owner", "miyoshi"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM timers WHERE kind = 'task.due'"), 1);
	b = scene_do(&s, "odagiri", "incident.show", 200, json_pack("{s:s}", "id", id));
	assert_null(json_object_get(b, "tasks"));
	json_decref(b);
	scene_replays(&s);
	scene_end(&s);
}

static void
the_customer_answers(void **st)
{
	struct scene s;
	char id[64];
	json_t *b;

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "warning", id);
	doit(&s, "odagiri", "incident.answer", 422, json_pack("{s:s, s:s}", "id", id, "code", "bored"));
	doit(&s, NULL, "incident.answer", 404, json_pack("{s:s, s:s, s:s}", "id", id, "code", "handled", "as", "lowe"));
	doit(&s, NULL, "incident.answer", 422, json_pack("{s:s, s:s, s:s}", "id", id, "code", "handled", "as", "miyoshi"));
	doit(&s, "lowe", "incident.answer", 404, json_pack("{s:s, s:s}", "id", id, "code", "handled"));
	b = scene_do(&s, "odagiri", "incident.answer", 200, json_pack("{s:s, s:s, s:s}", "id", id, "code", "damage", "text", "ファイルが暗号化されています"));
	assert_string_equal(jstr(json_object_get(b, "answer"), "code"), "damage");
	json_decref(b);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'damage_found'"), 1);
	doit(&s, "miyoshi", "incident.close", 200, json_pack("{s:s, s:s}", "id", id, "code", "resolved"));
	doit(&s, "odagiri", "incident.reopen", 200, json_pack("{s:s, s:s}", "id", id, "text", "まだ続いています"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM incidents WHERE state = 'open'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'objection'"), 1);
	scene_replays(&s);
	scene_end(&s);
}

static void
look_again_is_one_click(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	some_candidates(&s);
	doit(&s, "miyoshi", "candidate.close", 200, json_pack("{s:s, s:s}", "id", "C-1", "reason", "expected"));
	s.now += 3600 * SEC;
	b = scene_do(&s, "odagiri", "candidate.again", 200, json_pack("{s:s}", "id", "C-1"));
	assert_string_equal(jstr(b, "state"), "open");
	json_decref(b);
	/* in the queue with a clock that begins now, and with the person who closed it */
	b = scene_do(&s, "miyoshi", "queue.list", 200, json_pack("{s:s}", "owner", "me"));
	assert_int_equal(json_array_size(json_object_get(b, "items")), 1);
	assert_string_equal(jstr(json_object_get(json_array_get(json_object_get(b, "items"), 0), "clock"), "state"), "ample");
	json_decref(b);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'look_again'"), 1);
	/* the customer still sees it while that is done, and only that one */
	b = scene_do(&s, "odagiri", "candidate.list", 200, json_object());
	assert_int_equal(json_array_size(json_object_get(b, "items")), 1);
	json_decref(b);
	doit(&s, "odagiri", "candidate.show", 404, json_pack("{s:s}", "id", "C-2"));
	doit(&s, "odagiri", "candidate.again", 404, json_pack("{s:s}", "id", "C-1"));
	/* whoever closed it left: the queue has it */
	doit(&s, "miyoshi", "candidate.close", 200, json_pack("{s:s, s:s}", "id", "C-1", "reason", "expected"));
	char *gone = db_text(s.db, "SELECT id FROM users WHERE login = 'miyoshi'");
	doit(&s, NULL, "user.change", 200, json_pack("{s:s, s:b}", "id", gone, "disabled", 1));
	free(gone);
	doit(&s, "odagiri", "candidate.again", 200, json_pack("{s:s}", "id", "C-1"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM candidates WHERE number = 1 AND state = 'open' AND owner IS NULL AND claimed_at IS NULL"), 1);
	scene_replays(&s);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(less_than_emergency_needs_two), cmocka_unit_test(a_proposed_emergency_decided_lower_is_told), cmocka_unit_test(numbers_begin_anew_with_the_tenants_year), cmocka_unit_test(a_false_positive_is_a_downgrade_too),
		cmocka_unit_test(a_tenant_may_do_without), cmocka_unit_test(a_lead_gives_work), cmocka_unit_test(candidates_flow_together),
		cmocka_unit_test(a_candidate_flows_into_an_incident), cmocka_unit_test(incidents_flow_together_and_nothing_is_lost),
		cmocka_unit_test(what_a_person_splits_stays_apart), cmocka_unit_test(an_emergency_keeps_its_evidence),
		cmocka_unit_test(detections_are_taken_in), cmocka_unit_test(tasks_have_owner_and_due), cmocka_unit_test(the_customer_answers),
		cmocka_unit_test(look_again_is_one_click),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
