/* SPDX-License-Identifier: Apache-2.0
 *
 * An alarm reaches somebody: what an address refuses or does not take goes on to the next person.
 */
#include "roster_scene.h"

#include "desk/journal_priv.h"

#define PEOPLE                                                                                                                 \
	"sites:\n  - {id: reading, name: Reading, zone: Europe/London, country: GB}\npeople:\n"                                \
	"  - {login: wood, site: reading, lang: [ja, en], mail: wood@soc.example}\n"                                           \
	"  - {login: otomo, site: reading, lang: [ja], mail: otomo@soc.example}\n"                                             \
	"  - {login: bell, site: reading, lang: [ja, en], mail: bell@soc.example}\n"                                           \
	"rosters:\n  - {id: all, home: reading, tenants: all, turns: [{site: reading, when: always, lead: bell, people: [wood]}]}\n"

/* The addresses of the first alarm about a late call, in the order in which they were written to. */
static void
expect_told(struct scene *s, const char *want)
{
	char *got = db_text(s->db, "SELECT group_concat(substr(shown, 1, instr(shown, '@') - 1), ' ') FROM (SELECT shown FROM outbox WHERE alarm ="
	                           " (SELECT id FROM alarms WHERE kind = 'call_late' ORDER BY at LIMIT 1) ORDER BY id)");

	if (got == NULL || strcmp(got, want) != 0)
		fail_msg("told: %s, wanted %s", got != NULL ? got : "nobody", want);
	free(got);
}

/* How the open mail of that alarm to an address ended. */
static void
mail_ends(struct scene *s, const char *who, const char *outcome)
{
	int64_t job = db_int(s->db, 0, "SELECT min(id) FROM outbox WHERE state = 'open' AND shown = ? || '@soc.example' AND alarm ="
	                               " (SELECT id FROM alarms WHERE kind = 'call_late' ORDER BY at LIMIT 1)", Q(who));

	assert_int_not_equal(job, 0);
	s->now += SEC;
	doit(s, NULL, "job.done", 204, json_pack("{s:I, s:s, s:i}", "job", (json_int_t)job, "outcome", outcome, "code", 550));
}

/* Nobody acknowledges for six minutes. */
static void
late_call(struct scene *s, const char *roster)
{
	char id[64];

	scene_begin(s);
	if (roster != NULL)
		import(s, roster);
	scene_incident(s, "critical", id);
	s->now = T0 + 361 * SEC;
	scene_tick(s);
}

static void
a_refused_alarm_goes_on_to_the_next_person(void **st)
{
	struct scene s;

	(void)st;
	late_call(&s, PEOPLE);
	expect_told(&s, "duty bell"); /* the common address, the lead on duty */
	mail_ends(&s, "duty", "rejected");
	expect_told(&s, "duty bell otomo"); /* the other leads, before the others */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'mail_rejected' AND key = 'duty@soc.example' AND level = 'alarm'"), 1);
	mail_ends(&s, "bell", "bad_job");
	expect_told(&s, "duty bell otomo wood");
	mail_ends(&s, "wood", "rejected");
	expect_told(&s, "duty bell otomo wood duty"); /* nobody is left: the first again, a minute later */
	assert_int_equal(scene_count(&s, "SELECT max(not_before) FROM outbox WHERE shown = 'duty@soc.example' AND alarm IS NOT NULL"), s.now + 60 * SEC);
	mail_ends(&s, "otomo", "sent");
	mail_ends(&s, "duty", "rejected"); /* somebody has it */
	expect_told(&s, "duty bell otomo wood duty");
	scene_replays(&s);
	scene_end(&s);
}

static void
a_deferred_one_does_not_wait(void **st)
{
	struct scene s;

	(void)st;
	late_call(&s, PEOPLE);
	mail_ends(&s, "bell", "deferred");
	expect_told(&s, "duty bell otomo");
	s.now += 60 * SEC;
	mail_ends(&s, "bell", "deferred"); /* its later tries call nobody else */
	expect_told(&s, "duty bell otomo");
	mail_ends(&s, "duty", "sent");
	mail_ends(&s, "otomo", "rejected");
	expect_told(&s, "duty bell otomo");
	scene_end(&s);
}

static void
without_a_roster_the_same_address_is_tried_again(void **st)
{
	struct scene s;
	char *id;

	(void)st;
	late_call(&s, NULL);
	expect_told(&s, "duty");
	mail_ends(&s, "duty", "rejected");
	expect_told(&s, "duty duty");
	/* acknowledged by hand: nothing more is sent */
	id = db_text(s.db, "SELECT id FROM alarms WHERE kind = 'call_late'");
	doit(&s, "otomo", "alarm.acknowledge", 204, json_pack("{s:s}", "id", id));
	free(id);
	mail_ends(&s, "duty", "rejected");
	expect_told(&s, "duty duty");
	scene_end(&s);
}

static void
an_alarm_is_not_sent_for_ever(void **st)
{
	struct scene s;
	int n = 0;

	(void)st;
	late_call(&s, NULL);
	for (; n < 40 && scene_count(&s, "SELECT count(*) FROM outbox WHERE state = 'open' AND alarm = (SELECT id FROM alarms WHERE kind = 'call_late')") != 0; n++)
		mail_ends(&s, "duty", "rejected");
	assert_int_equal(n, 12);
	scene_end(&s);
}

/* ---- the telephone ---- */

static const char with_phones[] =
        "sites:\n  - {id: reading, name: Reading, zone: Europe/London, country: GB}\npeople:\n"
        "  - {login: wood, site: reading, lang: [ja, en], phone: '+440000000009'}\n"
        "  - {login: otomo, site: reading, lang: [ja], phone: '+440000000002'}\n"
        "  - {login: bell, site: reading, lang: [ja, en], mail: bell@soc.example, phone: 'sip:bell@192.0.2.1'}\n"
        "rosters:\n  - {id: all, home: reading, tenants: all, turns: [{site: reading, when: always, lead: bell, people: [wood]}]}\n";

/* The open call of an alarm, by its number; NULL when none rings. Heap. */
static char *
rings(struct scene *s, int64_t *ret_job)
{
	scene_tick(s);
	*ret_job = scene_count(s, "SELECT coalesce(max(id), 0) FROM outbox WHERE kind = 'call' AND alarm IS NOT NULL AND state = 'open' AND cancel = 0");
	return db_text(s->db, "SELECT json_extract(doc, '$.to.number') FROM outbox WHERE id = ?", Q(*ret_job));
}

static void
expect_ring(struct scene *s, const char *number, const char *outcome)
{
	int64_t job;
	char *got = rings(s, &job);

	if (number == NULL ? got != NULL : got == NULL || strcmp(got, number) != 0)
		fail_msg("rings: %s, wanted %s", got != NULL ? got : "nobody", number != NULL ? number : "nobody");
	free(got);
	if (outcome != NULL)
		doit(s, NULL, "job.done", 204, json_pack("{s:I, s:s}", "job", (json_int_t)job, "outcome", outcome));
}

static void
nobody_acknowledges_and_the_lead_is_rung(void **st)
{
	struct scene s;

	(void)st;
	late_call(&s, with_phones);
	expect_ring(&s, "sip:bell@192.0.2.1", "no_answer"); /* the lead on duty, then the other lead; wood is none */
	expect_ring(&s, "+440000000002", "busy");
	expect_ring(&s, NULL, NULL);
	s.now += 20 * SEC;
	expect_ring(&s, "sip:bell@192.0.2.1", "acknowledged");
	expect_ring(&s, NULL, NULL);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms a JOIN users u ON u.id = a.ack_by WHERE a.kind = 'call_late' AND u.login = 'bell'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM entries WHERE en LIKE '%A. Bell has taken the alarm by telephone.'"), 1);
	/* the customer's times know nothing of it, and the customers are rung on */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM incidents WHERE rang_at IS NULL AND ack_at IS NULL"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM chains WHERE state = 'running'"), 1);
	scene_replays(&s);
	scene_end(&s);
}

static void
three_times_and_the_duty_manager_too(void **st)
{
	static const char *const order[] = { "sip:bell@192.0.2.1", "+440000000007", "+440000000002" };
	struct scene s;

	(void)st;
	scene_begin(&s);
	s.d->s.alarm_phone = "+440000000007";
	import(&s, with_phones);
	scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
	assert_int_equal(db_run(s.db, "UPDATE numbers SET broken_at = 1"), 0);
	json_decref(scene_do(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "critical"))); /* nobody to call: the duty manager's alarm at once */
	for (int i = 0; i < 9; i++) {
		if (i == 4)
			s.now += 110 * SEC; /* the role says nothing: the next one */
		expect_ring(&s, order[i % 3], i == 3 ? NULL : "hung_up");
		s.now += (i % 3 == 2 ? 20 : 0) * SEC;
	}
	s.now += 300 * SEC;
	expect_ring(&s, NULL, NULL);
	scene_end(&s);
}

static void
a_customer_who_acknowledges_ends_it(void **st)
{
	struct scene s;
	int64_t job;
	char *id;

	(void)st;
	late_call(&s, with_phones);
	free(rings(&s, &job));
	id = db_text(s.db, "SELECT id FROM incidents");
	doit(&s, "odagiri", "incident.acknowledge", 200, json_pack("{s:s}", "id", id));
	expect_ring(&s, NULL, NULL);
	doit(&s, NULL, "job.done", 204, json_pack("{s:I, s:s}", "job", (json_int_t)job, "outcome", "cancelled"));
	s.now += 300 * SEC;
	expect_ring(&s, NULL, NULL);
	free(id);
	scene_end(&s);
}

/* A record of before did not send it on. */
static void
an_old_record_ends_as_it_did(void **st)
{
	static const uint8_t rnd[16] = { 3 };
	struct scene s;
	json_t *args;

	(void)st;
	late_call(&s, PEOPLE);
	args = json_pack("{s:I, s:s}", "job", (json_int_t)scene_count(&s, "SELECT min(id) FROM outbox WHERE alarm IS NOT NULL"), "outcome", "rejected");
	assert_int_equal(desk_apply_recorded(s.d, "job.done", &desk_service, args, s.now, rnd, 7), 0);
	expect_told(&s, "duty bell");
	json_decref(args);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_alarm_goes_on_to_the_next_person), cmocka_unit_test(a_deferred_one_does_not_wait),
		cmocka_unit_test(without_a_roster_the_same_address_is_tried_again), cmocka_unit_test(an_alarm_is_not_sent_for_ever),
		cmocka_unit_test(nobody_acknowledges_and_the_lead_is_rung), cmocka_unit_test(three_times_and_the_duty_manager_too),
		cmocka_unit_test(a_customer_who_acknowledges_ends_it), cmocka_unit_test(an_old_record_ends_as_it_did),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
