/* SPDX-License-Identifier: Apache-2.0
 *
 * Who waits is not forgotten: in a chat, with a held mail, with a mail whose Message-ID somebody else has used.
 */
#include "inquiry_scene.h"

static void
a_chat_is_not_left_alone(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	doit(&s, "odagiri", "inquiry.open", 200, json_pack("{s:s, s:s, s:s}", "subject", "至急", "text", "見えますか", "door", "chat"));
	s.now += 179 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'chat_waits'"), 0);
	s.now += SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'chat_waits' AND level = 'alarm' AND tenant = 'aoba'"), 1);
	/* answered, and the customer writes on: nothing goes by mail */
	doit(&s, "miyoshi", "inquiry.message", 200, json_pack("{s:s, s:s, s:s}", "id", "Q-1", "text", "はい、見ています。", "door", "chat"));
	s.now += 60 * SEC;
	doit(&s, "odagiri", "inquiry.message", 200, json_pack("{s:s, s:s, s:s}", "id", "Q-1", "text", "ありがとう", "door", "chat"));
	s.now += 100 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail' AND inquiry IS NOT NULL"), 0);
	/* answered twice, and nobody is there: both answers, once */
	doit(&s, "miyoshi", "inquiry.message", 200, json_pack("{s:s, s:s, s:s}", "id", "Q-1", "text", "分かりました。", "door", "chat"));
	doit(&s, "miyoshi", "inquiry.message", 200, json_pack("{s:s, s:s, s:s}", "id", "Q-1", "text", "端末を隔離してください。", "door", "chat"));
	s.now += 120 * SEC;
	scene_tick(&s);
	s.now += 600 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail' AND inquiry IS NOT NULL"), 2);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'chat_waits'"), 1);
	scene_replays(&s);
	scene_end(&s);
}

/* Whoever guesses or has seen a Message-ID must not make the customer's own mail disappear: neither before it, nor with a proved sender of
 * another name; and an unproved repeat does not stop the proved one. */
static void
nobodys_message_id_swallows_a_customers_mail(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	json_decref(mail(&s, letter("evil@else.example", "<same@x>", "fail", NULL), "held"));
	json_decref(mail(&s, letter("evil@else.example", "<same@x>", "pass", NULL), "held"));
	json_decref(mail(&s, letter("odagiri@aoba.example", "<same@x>", "none", NULL), "held"));
	b = letter("odagiri@aoba.example", "<same@x>", "pass", NULL);
	json_object_set_new(b, "name", json_string("whitfield@harbor.example"));
	b = mail(&s, b, "opened");
	doit(&s, NULL, "inquiry.receive", 409, letter("Odagiri@aoba.example", "<same@x>", "pass", NULL)); /* this one did come before */
	json_decref(b);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries WHERE tenant = 'aoba'"), 1);
	/* and whom we know is shown by the name we know */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiry_messages WHERE who_ja = '小田切 直人'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiry_messages WHERE who_ja LIKE '%whitfield%'"), 0);
	scene_replays(&s);
	scene_end(&s);
}

/* Half an hour without anybody's word, and again; and the customer has waited since the mail came. */
static void
a_held_mail_is_not_forgotten(void **st)
{
	struct scene s;
	int64_t came;

	(void)st;
	scene_begin(&s);
	json_decref(mail(&s, letter("odagiri@aoba.example", "<w1@x>", "fail", NULL), "held"));
	came = s.now;
	s.now += 1799 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'held_waits'"), 0);
	s.now += SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'held_waits' AND level = 'alarm'"), 1);
	db_run(s.db, "UPDATE alarms SET ack_at = 1 WHERE kind = 'held_waits'"); /* seen, and still nobody said whose it is */
	s.now += 1800 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'held_waits'"), 2);
	doit(&s, "miyoshi", "inquiry.place", 200, json_pack("{s:s, s:s}", "id", "Q-1", "tenant", "aoba"));
	assert_int_equal(scene_count(&s, "SELECT started_at FROM clocks WHERE kind = 'inquiry'"), came);
	s.now += 1800 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'held_waits'"), 2);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM timers WHERE kind = 'held.waits'"), 0);
	scene_end(&s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chat_is_not_left_alone),
		cmocka_unit_test(nobodys_message_id_swallows_a_customers_mail),
		cmocka_unit_test(a_held_mail_is_not_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
