/* SPDX-License-Identifier: Apache-2.0
 *
 * Inquiries: one thread whatever the door, the promise of an answer, who sees what; mails in: whose they are,
 * what makes a thread and what never does; mails out.
 */
#include "inquiry_scene.h"

static json_t *
asked(const char *subject, const char *text)
{
	return json_pack("{s:s, s:s, s:s}", "subject", subject, "text", text, "lang", "ja");
}

static json_t *
id_of(const char *number)
{
	return json_pack("{s:s}", "id", number);
}

static json_t *
with_text(const char *number, const char *text)
{
	return json_pack("{s:s, s:s}", "id", number, "text", text);
}

static json_t *
thread(struct scene *s, const char *login, const char *number)
{
	return scene_do(s, login, "inquiry.show", 200, id_of(number));
}

static size_t
messages(struct scene *s, const char *login, const char *number)
{
	json_t *o = thread(s, login, number);
	size_t n = json_array_size(json_object_get(o, "messages"));

	json_decref(o);
	return n;
}

/* Of the mail that was put last: a copy of a part of its document. */
static json_t *
last_mail(struct scene *s)
{
	char *doc = db_text(s->db, "SELECT doc FROM outbox WHERE kind = 'mail' AND inquiry IS NOT NULL ORDER BY id DESC LIMIT 1");
	json_t *o = doc != NULL ? json_loads(doc, 0, NULL) : NULL;

	free(doc);
	return o;
}

static void
a_question_is_answered_in_time(void **st)
{
	struct scene s;
	json_t *b, *part;

	(void)st;
	scene_begin(&s);
	b = scene_do(&s, "odagiri", "inquiry.open", 200, asked("終了した候補について", "なぜ終了したのですか。"));
	assert_string_equal(jstr(b, "number"), "Q-1");
	assert_string_equal(jstr(b, "waits"), "us");
	assert_string_equal(jstr(json_object_get(b, "clock"), "kind"), "inquiry");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(b, "clock"), "limit_s")), 8 * 3600);
	json_decref(b);
	/* an internal note is no answer, and not for the customer */
	doit(&s, "miyoshi", "inquiry.message", 200, json_pack("{s:s, s:s, s:b}", "id", "Q-1", "text", "夜勤に確認", "visible", 0));
	assert_int_equal(messages(&s, "odagiri", "Q-1"), 1);
	assert_int_equal(messages(&s, "miyoshi", "Q-1"), 2);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM clocks WHERE kind = 'inquiry' AND stopped_at IS NULL"), 1);
	s.now += 3600 * SEC;
	b = scene_do(&s, "miyoshi", "inquiry.message", 200, with_text("Q-1", "定期作業でした。"));
	assert_string_equal(jstr(b, "waits"), "customer");
	assert_string_equal(jstr(json_object_get(b, "clock"), "state"), "met");
	assert_non_null(strstr(jstr(json_object_get(json_object_get(b, "owner"), "name"), "en"), "Miyoshi"));
	json_decref(b);
	/* the person who asked is a contact by the same name: the answer also goes by mail, in the thread's language */
	b = last_mail(&s);
	part = json_object_get(b, "inquiry");
	assert_string_equal(jstr(json_object_get(b, "to"), "address"), "odagiri@aoba.example");
	assert_string_equal(jstr(json_object_get(b, "to"), "lang"), "ja");
	assert_string_equal(jstr(part, "text"), "定期作業でした。");
	assert_int_equal(strncmp(jstr(part, "id"), "q-", 2), 0);
	assert_non_null(strstr(jstr(part, "id"), jstr(part, "token")));
	json_decref(b);
	doit(&s, "odagiri", "inquiry.close", 200, id_of("Q-1"));
	doit(&s, "odagiri", "inquiry.close", 409, id_of("Q-1"));
	doit(&s, "miyoshi", "inquiry.message", 409, with_text("Q-1", "追記"));
	/* a new word of the customer opens it again */
	b = scene_do(&s, "odagiri", "inquiry.message", 200, with_text("Q-1", "もう一つ。"));
	assert_string_equal(jstr(b, "state"), "open");
	assert_string_equal(jstr(json_object_get(b, "clock"), "state"), "ample");
	json_decref(b);
	scene_replays(&s);
	scene_end(&s);
}

static void
a_broken_promise_is_seen_coming_and_needs_a_cause(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	b = asked("至急", "止まっています。");
	json_object_set_new(b, "priority", json_string("urgent"));
	doit(&s, "odagiri", "inquiry.open", 200, b);
	s.now = T0 + 2700 * SEC - 1;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'inquiry_due'"), 0);
	s.now = T0 + 2700 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'inquiry_due' AND tenant = 'aoba'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE shown = 'duty@soc.example'"), 1);
	s.now = T0 + 3601 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT broken FROM clocks WHERE kind = 'inquiry'"), 1);
	/* a later question of the same thread does not begin anew */
	doit(&s, "odagiri", "inquiry.message", 200, with_text("Q-1", "まだですか。"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM clocks WHERE kind = 'inquiry'"), 1);
	b = scene_do(&s, "otomo", "breach.list", 200, json_object());
	assert_string_equal(jstr(json_array_get(json_object_get(b, "items"), 0), "kind"), "inquiry");
	assert_int_equal(json_integer_value(json_object_get(b, "without_cause")), 1);
	json_decref(b);
	b = scene_do(&s, "miyoshi", "clock.list", 200, json_object());
	assert_string_equal(jstr(json_array_get(json_object_get(b, "items"), 0), "number"), "Q-1");
	json_decref(b);
	doit(&s, "miyoshi", "inquiry.message", 200, with_text("Q-1", "復旧しました。"));
	doit(&s, "otomo", "inquiry.cause", 200, json_pack("{s:s, s:s, s:s}", "id", "Q-1", "cause", "staff", "text", "引き継ぎ漏れ"));
	b = thread(&s, "odagiri", "Q-1");
	assert_string_equal(jstr(json_object_get(json_object_get(b, "clock"), "cause"), "id"), "staff");
	json_decref(b);
	scene_replays(&s);
	scene_end(&s);
}

static void
nobody_reads_what_is_not_theirs(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	doit(&s, "odagiri", "inquiry.open", 200, asked("a", "b"));
	doit(&s, "lowe", "inquiry.show", 404, id_of("Q-1"));
	doit(&s, "lowe", "inquiry.message", 404, with_text("Q-1", "x"));
	doit(&s, "lowe", "inquiry.close", 404, id_of("Q-1"));
	doit(&s, "lowe", "inquiry.reopen", 404, id_of("Q-1"));
	b = scene_do(&s, "lowe", "inquiry.list", 200, json_object());
	assert_int_equal(json_array_size(json_object_get(b, "items")), 0);
	json_decref(b);
	doit(&s, "lowe", "inquiry.list", 404, json_pack("{s:s}", "tenant", "aoba"));
	/* a customer's tenant is its own, whatever it says */
	b = asked("c", "d");
	json_object_set_new(b, "tenant", json_string("aoba"));
	b = scene_do(&s, "lowe", "inquiry.open", 200, b);
	assert_string_equal(jstr(json_object_get(b, "tenant"), "id"), "harbor");
	json_decref(b);
	/* and an incident of somebody else cannot be linked */
	char id[64];

	scene_incident(&s, "warning", id);
	b = asked("c", "d");
	json_object_set_new(b, "incident", json_string(id));
	doit(&s, "lowe", "inquiry.open", 422, b);
	doit(&s, "miyoshi", "inquiry.change", 200, json_pack("{s:s, s:s}", "id", "Q-1", "incident", id));
	doit(&s, "miyoshi", "inquiry.change", 422, json_pack("{s:s, s:s}", "id", "Q-2", "incident", id));
	b = scene_do(&s, "odagiri", "inquiry.list", 200, json_pack("{s:s}", "incident", id));
	assert_int_equal(json_array_size(json_object_get(b, "items")), 1);
	json_decref(b);
	scene_replays(&s);
	scene_end(&s);
}

static void
an_owner_a_priority_a_call(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	b = asked("電話で", "機器を追加したい。");
	json_object_update_new(b, json_pack("{s:s, s:s, s:s, s:s}", "tenant", "aoba", "name", "島村 由佳", "contact", "odagiri", "kind", "device"));
	b = scene_do(&s, "miyoshi", "inquiry.open", 200, b);
	assert_string_equal(jstr(b, "door"), "phone");
	assert_string_equal(jstr(json_object_get(json_array_get(json_object_get(b, "messages"), 0), "who"), "ja"), "島村 由佳");
	assert_string_equal(jstr(json_array_get(json_object_get(b, "people"), 0), "address"), "odagiri@aoba.example");
	json_decref(b);
	doit(&s, "wood", "inquiry.claim", 409, id_of("Q-1"));
	doit(&s, "otomo", "inquiry.assign", 200, json_pack("{s:s, s:s}", "id", "Q-1", "to", "wood"));
	doit(&s, "otomo", "inquiry.assign", 422, json_pack("{s:s, s:s}", "id", "Q-1", "to", "odagiri"));
	/* the promise is counted from where it began */
	s.now += 600 * SEC;
	b = scene_do(&s, "wood", "inquiry.change", 200, json_pack("{s:s, s:s}", "id", "Q-1", "priority", "urgent"));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(b, "clock"), "limit_s")), 3600);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM timers WHERE kind = 'inquiry.due'"), 1);
	assert_int_equal(scene_count(&s, "SELECT due_at FROM timers WHERE kind = 'clock.broken'"), T0 + 3600 * SEC);
	json_decref(b);
	doit(&s, "wood", "inquiry.change", 422, json_pack("{s:s, s:s}", "id", "Q-1", "priority", "yesterday"));
	doit(&s, "wood", "inquiry.close", 422, id_of("Q-1"));
	doit(&s, "wood", "inquiry.close", 200, with_text("Q-1", "追加しました。"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM timers WHERE kind IN ('inquiry.due','clock.broken')"), 0);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE inquiry IS NOT NULL"), 1);
	/* answered while still on the line: no promise */
	b = asked("電話で", "料金は。");
	json_object_update_new(b, json_pack("{s:s, s:b}", "tenant", "aoba", "answered", 1));
	b = scene_do(&s, "miyoshi", "inquiry.open", 200, b);
	assert_true(json_is_null(json_object_get(b, "clock")));
	json_decref(b);
	/* whoever chats reads it now: no mail */
	doit(&s, "odagiri", "inquiry.message", 200, json_pack("{s:s, s:s, s:s}", "id", "Q-2", "text", "ありがとう", "door", "chat"));
	doit(&s, "miyoshi", "inquiry.message", 200, json_pack("{s:s, s:s, s:s}", "id", "Q-2", "text", "いいえ", "door", "chat"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE inquiry IS NOT NULL"), 1);
	scene_replays(&s);
	scene_end(&s);
}

#define AOBA "tenants:\n  - {id: aoba, name: {ja: 青葉, en: Aoba}, kana: アオバ, short: AOBA, zone: Asia/Tokyo, code_word: {ja: カワセミ, en: kingfisher}"

static void
promises_are(struct scene *s, const char *rows)
{
	auto_free char *yaml = x_asprintf(AOBA ", promises: %s}\n", rows);
	struct whys ws = { 0 };
	json_t *args = desk_import_read(slice_str(yaml), "t.yaml", &ws);

	assert_non_null(args);
	json_object_del(args, "secrets");
	doit(s, NULL, "tenant.import", 200, args);
	whys_fini(&ws);
}

static int64_t
limit_of(struct scene *s, const char *number)
{
	json_t *b = thread(s, "odagiri", number);
	int64_t n = json_integer_value(json_object_get(json_object_get(b, "clock"), "limit_s"));

	json_decref(b);
	return n;
}

static void
a_tenant_has_its_own_promises(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	doit(&s, "odagiri", "inquiry.open", 200, asked("before", "x"));
	promises_are(&s, "[{kind: device, priority: [urgent, normal], hours: 4}, {priority: urgent, minutes: 30}, {kind: [device], hours: 100}]");
	b = asked("urgent", "x");
	json_object_set_new(b, "priority", json_string("urgent"));
	doit(&s, "odagiri", "inquiry.open", 200, b);
	doit(&s, "odagiri", "inquiry.open", 200, asked("normal", "x"));
	assert_int_equal(limit_of(&s, "Q-1"), 8 * 3600); /* runs since before */
	assert_int_equal(limit_of(&s, "Q-2"), 1800);
	assert_int_equal(limit_of(&s, "Q-3"), 8 * 3600); /* no row fits */
	s.now += 60 * SEC;
	/* another kind, then another priority: from where it began, timers and all */
	doit(&s, "miyoshi", "inquiry.change", 200, json_pack("{s:s, s:s}", "id", "Q-3", "kind", "device"));
	assert_int_equal(limit_of(&s, "Q-3"), 4 * 3600);
	assert_int_equal(scene_count(&s, "SELECT due_at - (SELECT started_at FROM clocks WHERE candidate = t.ref) FROM timers t WHERE kind = 'inquiry.due' AND ref = (SELECT id FROM"
	                                 " inquiries WHERE number = 3)"), 3 * 3600 * SEC);
	doit(&s, "miyoshi", "inquiry.change", 200, json_pack("{s:s, s:s}", "id", "Q-3", "priority", "low"));
	assert_int_equal(limit_of(&s, "Q-3"), 100 * 3600);
	b = scene_do(&s, "odagiri", "tenant.show", 200, json_pack("{s:s}", "id", "aoba"));
	assert_int_equal(json_array_size(json_object_get(b, "promises")), 3);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(b, "promises"), 1), "s")), 1800);
	json_decref(b);
	/* it is broken at its own hour */
	s.now = T0 + 1801 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM clocks WHERE kind = 'inquiry' AND broken <> 0"), 1);
	/* a document without the key: as everybody */
	promises_are(&s, "[]");
	doit(&s, "odagiri", "inquiry.open", 200, asked("after", "x"));
	assert_int_equal(limit_of(&s, "Q-4"), 8 * 3600);
	scene_replays(&s);
	scene_end(&s);
}

static void
wrong_promises_are_told_with_their_place(void **st)
{
	static const struct {
		const char *rows;
		const char *id;
		unsigned col;
	} v[] = {
		{ "[{kind: devices, hours: 4}]", "TENANT-WORD", 8 }, { "[{priority: soon, hours: 4}]", "TENANT-WORD", 12 }, { "[{hours: 0}]", "TENANT-RANGE", 9 },
		{ "[{hours: 721}]", "TENANT-RANGE", 9 }, { "[{hours: four}]", "TENANT-RANGE", 9 }, { "[{minutes: 5}]", "TENANT-RANGE", 11 }, { "[{kind: device}]", "TENANT-PROMISE", 2 },
		{ "[{hours: 1, minutes: 30}]", "TENANT-PROMISE", 2 }, { "[{hour: 4}]", "TENANT-KEY", 2 }, { "[4]", "TENANT-TYPE", 1 }, { "4", "TENANT-TYPE", 0 },
	};
	static const char head[] = AOBA ", promises: ";
	size_t line = 0; /* characters before the rows */

	(void)st;
	for (const char *p = strchr(head, '\n') + 1; *p != '\0'; p++)
		line += (*p & 0xc0) != 0x80;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		auto_free char *yaml = x_asprintf("%s%s}\n", head, v[i].rows);
		struct whys ws = { 0 };

		assert_null(desk_import_read(slice_str(yaml), "t.yaml", &ws));
		if (strcmp(ws.list.v[0].id, v[i].id) != 0 || ws.list.v[0].line != 2 || ws.list.v[0].col != line + v[i].col + 1)
			fail_msg("%s: %s %u:%u, wanted column %zu", v[i].rows, ws.list.v[0].id, (unsigned)ws.list.v[0].line, (unsigned)ws.list.v[0].col, line + v[i].col + 1);
		whys_fini(&ws);
	}
}

/* ---- mails in ---- */

static void
a_mail_of_a_contact_is_a_thread_and_its_answer_comes_back_to_it(void **st)
{
	struct scene s;
	json_t *b, *part;
	char token[32], own[64];

	(void)st;
	scene_begin(&s);
	json_decref(mail(&s, letter("Odagiri@AOBA.example", "<a1@aoba.example>", "pass", NULL), "opened"));
	/* the receipt names the number and the promise, in answer to that mail */
	b = last_mail(&s);
	part = json_object_get(b, "inquiry");
	assert_string_equal(jstr(part, "what"), "received");
	assert_string_equal(json_string_value(json_array_get(json_object_get(part, "refs"), 0)), "<a1@aoba.example>");
	assert_true(json_is_string(json_object_get(part, "due_at")));
	snprintf(token, sizeof token, "%s", jstr(part, "token"));
	json_decref(b);
	/* the same mail again, after a lost 250 */
	doit(&s, NULL, "inquiry.receive", 409, letter("odagiri@aoba.example", "<a1@aoba.example>", "pass", NULL));
	doit(&s, "miyoshi", "inquiry.message", 200, with_text("Q-1", "お答えします。"));
	b = last_mail(&s);
	part = json_object_get(b, "inquiry");
	snprintf(own, sizeof own, "%s", jstr(part, "id"));
	assert_string_equal(jstr(json_object_get(b, "to"), "address"), "odagiri@aoba.example");
	assert_true(json_is_true(json_object_get(part, "reply")));
	json_decref(b);
	json_decref(mail(&s, letter("odagiri@aoba.example", "<a2@aoba.example>", "pass", token), "added"));
	assert_int_equal(messages(&s, "odagiri", "Q-1"), 3);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries"), 1);
	doit(&s, "miyoshi", "inquiry.close", 200, with_text("Q-1", "以上です。"));
	b = last_mail(&s);
	part = json_object_get(json_object_get(b, "inquiry"), "refs");
	assert_int_equal(json_array_size(part), 3);
	assert_string_equal(json_string_value(json_array_get(part, 0)), "<a1@aoba.example>");
	assert_string_equal(json_string_value(json_array_get(part, 1)), own);
	assert_string_equal(json_string_value(json_array_get(part, 2)), "<a2@aoba.example>");
	json_decref(b);
	scene_replays(&s);
	scene_end(&s);
}

static void
a_sender_that_is_not_proved_is_nobody(void **st)
{
	struct scene s;
	json_t *b;
	char *token;

	(void)st;
	scene_begin(&s);
	doit(&s, "odagiri", "inquiry.open", 200, asked("a", "b"));
	token = db_text(s.db, "SELECT token FROM inquiries");
	/* even with the right token and the right name */
	json_decref(mail(&s, letter("odagiri@aoba.example", "<f1@x>", "fail", token), "held"));
	json_decref(mail(&s, letter("odagiri@aoba.example", "<f2@x>", "none", NULL), "held"));
	json_decref(mail(&s, letter("stranger@else.example", "<f3@x>", "pass", token), "held"));
	assert_int_equal(messages(&s, "odagiri", "Q-1"), 1);
	b = scene_do(&s, "odagiri", "inquiry.list", 200, json_object());
	assert_int_equal(json_array_size(json_object_get(b, "items")), 1);
	json_decref(b);
	doit(&s, "odagiri", "inquiry.show", 404, id_of("Q-2"));
	b = scene_do(&s, "miyoshi", "inquiry.list", 200, json_pack("{s:s}", "state", "held"));
	assert_int_equal(json_array_size(json_object_get(b, "items")), 3);
	assert_string_equal(jstr(json_array_get(json_object_get(b, "items"), 0), "held"), "unknown_sender");
	assert_string_equal(jstr(json_array_get(json_object_get(b, "items"), 2), "held"), "not_authentic");
	json_decref(b);
	/* one word to the lead, no answer to anybody */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'inquiry_held'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE inquiry IS NOT NULL"), 0);
	doit(&s, "miyoshi", "inquiry.message", 409, with_text("Q-2", "どなたですか"));
	doit(&s, "miyoshi", "inquiry.close", 409, with_text("Q-2", "x"));
	doit(&s, "miyoshi", "inquiry.discard", 409, id_of("Q-1"));
	doit(&s, "miyoshi", "inquiry.discard", 200, id_of("Q-4"));
	/* a person says whose it is: the promise begins, and answers go only to people the tenant registered */
	b = scene_do(&s, "miyoshi", "inquiry.place", 200, json_pack("{s:s, s:s}", "id", "Q-3", "tenant", "aoba"));
	assert_string_equal(jstr(json_object_get(b, "tenant"), "id"), "aoba");
	assert_string_equal(jstr(json_object_get(b, "clock"), "kind"), "inquiry");
	assert_int_equal(json_array_size(json_object_get(b, "people")), 1);
	json_decref(b);
	doit(&s, "miyoshi", "inquiry.place", 409, json_pack("{s:s, s:s}", "id", "Q-3", "tenant", "harbor"));
	free(token);
	scene_replays(&s);
	scene_end(&s);
}

static json_t *
placing(const char *number, const char *key, const char *value, bool remember)
{
	return json_pack("{s:s, s:s, s:b}", "id", number, key, value, "remember", remember);
}

static void
a_held_mail_joins_a_thread_and_leaves_it_again(void **st)
{
	struct scene s;
	json_t *b, *copied;

	(void)st;
	scene_begin(&s);
	doit(&s, "odagiri", "inquiry.open", 200, asked("a", "b"));
	doit(&s, "miyoshi", "inquiry.message", 200, with_text("Q-1", "答え"));
	b = letter("odagiri@aoba.example", "<h1@x>", "fail", NULL);
	json_object_set_new(b, "files", json_pack("[{s:s, s:s, s:i}]", "name", "a.txt", "type", "txt", "size", 3));
	json_decref(mail(&s, b, "held"));
	s.now += 60 * SEC;
	doit(&s, "miyoshi", "inquiry.place", 422, placing("Q-2", "into", "Q-9", 0));
	doit(&s, "miyoshi", "inquiry.place", 422, placing("Q-2", "into", "Q-2", 0));
	doit(&s, "miyoshi", "inquiry.place", 422, placing("Q-2", "into", "Q-1", 1)); /* its sender was not proved */
	b = scene_do(&s, "miyoshi", "inquiry.place", 200, placing("Q-2", "into", "Q-1", 0));
	assert_string_equal(jstr(b, "state"), "discarded");
	assert_string_equal(jstr(json_object_get(b, "placed"), "into"), "Q-1");
	json_decref(b);
	b = thread(&s, "odagiri", "Q-1");
	assert_int_equal(json_array_size(json_object_get(b, "messages")), 3);
	copied = json_array_get(json_object_get(b, "messages"), 2);
	assert_string_equal(jstr(copied, "text"), "本文");
	assert_true(json_is_null(json_object_get(copied, "by")));
	assert_string_equal(jstr(json_array_get(json_object_get(copied, "files"), 0), "name"), "a.txt");
	json_decref(b);
	b = thread(&s, "miyoshi", "Q-1");
	assert_string_equal(jstr(b, "waits"), "us");
	assert_string_equal(jstr(json_object_get(b, "clock"), "state"), "ample");
	json_decref(b);
	/* the wrong one after all: the thread is as it was, the mail waits again */
	b = scene_do(&s, "miyoshi", "inquiry.restore", 200, id_of("Q-2"));
	assert_string_equal(jstr(b, "held"), "not_authentic");
	assert_true(json_is_null(json_object_get(b, "tenant")));
	json_decref(b);
	b = thread(&s, "odagiri", "Q-1");
	assert_int_equal(json_array_size(json_object_get(b, "messages")), 2);
	assert_string_equal(jstr(b, "waits"), "customer");
	assert_string_equal(jstr(json_object_get(b, "clock"), "state"), "met");
	json_decref(b);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM timers WHERE kind = 'inquiry.due'"), 0);
	/* once more, and then somebody answers: it stays */
	doit(&s, "miyoshi", "inquiry.place", 200, placing("Q-2", "into", "Q-1", 0));
	doit(&s, "miyoshi", "inquiry.message", 200, with_text("Q-1", "承知"));
	doit(&s, "miyoshi", "inquiry.restore", 409, id_of("Q-2"));
	doit(&s, "miyoshi", "inquiry.restore", 409, id_of("Q-1"));
	scene_replays(&s);
	scene_end(&s);
}

static void
a_sender_is_remembered_when_a_person_says_so(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	json_decref(mail(&s, letter("partner@else.example", "<r1@x>", "pass", NULL), "held"));
	doit(&s, "odagiri", "inquiry.place", 404, placing("Q-1", "tenant", "aoba", 1));
	b = scene_do(&s, "miyoshi", "inquiry.place", 200, placing("Q-1", "tenant", "aoba", 1));
	assert_string_equal(jstr(json_array_get(json_object_get(b, "people"), 0), "address"), "partner@else.example");
	json_decref(b);
	/* from now on its mails are aoba's, when our mail server proved them, and it gets the answers */
	json_decref(mail(&s, letter("Partner@else.example", "<r2@x>", "pass", NULL), "opened"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries WHERE tenant = 'aoba' AND number = 2"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE shown = 'partner@else.example'"), 1);
	json_decref(mail(&s, letter("partner@else.example", "<r3@x>", "fail", NULL), "held"));
	b = scene_do(&s, "miyoshi", "sender.list", 200, json_object());
	assert_int_equal(json_array_size(json_object_get(b, "items")), 1);
	assert_string_equal(jstr(json_array_get(json_object_get(b, "items"), 0), "address"), "partner@else.example");
	json_decref(b);
	/* undone: the memory goes with it; and it can be forgotten later */
	doit(&s, "miyoshi", "inquiry.restore", 200, id_of("Q-1"));
	json_decref(mail(&s, letter("partner@else.example", "<r4@x>", "pass", NULL), "held"));
	doit(&s, "miyoshi", "inquiry.place", 200, placing("Q-1", "tenant", "harbor", 1));
	doit(&s, "miyoshi", "sender.forget", 404, json_pack("{s:s, s:s}", "address", "partner@else.example", "tenant", "aoba"));
	doit(&s, "miyoshi", "sender.forget", 200, json_pack("{s:s, s:s}", "address", "PARTNER@else.example", "tenant", "harbor"));
	json_decref(mail(&s, letter("partner@else.example", "<r5@x>", "pass", NULL), "held"));
	scene_replays(&s);
	scene_end(&s);
}

static void
a_mail_is_discarded_with_a_reason_and_comes_back(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	json_decref(mail(&s, letter("spam@else.example", "<d1@x>", "pass", NULL), "held"));
	json_decref(mail(&s, letter("spam@else.example", "<d2@x>", "pass", NULL), "held"));
	doit(&s, "miyoshi", "inquiry.discard", 422, json_pack("{s:s, s:s}", "id", "Q-1", "reason", "nonsense"));
	b = scene_do(&s, "miyoshi", "inquiry.discard", 200, json_pack("{s:s, s:s, s:s}", "id", "Q-1", "reason", "spam", "text", "広告"));
	assert_string_equal(jstr(json_object_get(b, "reason"), "id"), "spam");
	assert_string_equal(jstr(json_object_get(b, "reason"), "text"), "広告");
	json_decref(b);
	doit(&s, "miyoshi", "inquiry.discard", 200, id_of("Q-2")); /* as the journal's older rows */
	b = scene_do(&s, "miyoshi", "inquiry.restore", 200, id_of("Q-1"));
	assert_string_equal(jstr(b, "state"), "open");
	assert_string_equal(jstr(b, "held"), "unknown_sender");
	assert_null(json_object_get(b, "reason"));
	json_decref(b);
	doit(&s, "miyoshi", "inquiry.restore", 409, id_of("Q-1"));
	/* a broken promise is not undone by a click */
	doit(&s, "miyoshi", "inquiry.place", 200, json_pack("{s:s, s:s}", "id", "Q-1", "tenant", "aoba"));
	s.now += 9 * 3600 * SEC;
	scene_tick(&s);
	doit(&s, "miyoshi", "inquiry.restore", 409, id_of("Q-1"));
	scene_replays(&s);
	scene_end(&s);
}

/* n mails of one sender, a second apart. */
static void
bomb(struct scene *s, const char *from, const char *auth, const char *name, int n, int rate)
{
	for (int i = 0; i < n; i++) {
		char id[40];
		json_t *b;

		snprintf(id, sizeof id, "<%s%d@x>", name, i);
		b = letter(from, id, auth, NULL);
		if (rate != 0)
			json_object_set_new(b, "rate", json_integer(rate));
		json_decref(scene_do(s, NULL, "inquiry.receive", 200, b));
		s->now += SEC / 10;
	}
}

static void
a_flood_is_one_thread_and_one_alarm(void **st)
{
	struct scene s;
	json_t *b, *m;
	size_t i;

	(void)st;
	scene_begin(&s);
	/* a contact that our mail server proved: twenty are threads, the rest is held together and nobody is answered */
	bomb(&s, "odagiri@aoba.example", "pass", "a", 200, 20);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries WHERE tenant = 'aoba'"), 20);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE inquiry IS NOT NULL"), 20);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries WHERE held = 'flood'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiry_messages WHERE inquiry = (SELECT id FROM inquiries WHERE held = 'flood')"), 50);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'inquiry_flood'"), 1);
	b = thread(&s, "miyoshi", "Q-21");
	assert_int_equal(json_integer_value(json_object_get(b, "flood")), 180);
	json_decref(b);
	/* somebody who forges that contact's address floods apart: it takes nothing from the contact, and one held thread more */
	s.now += 700 * SEC;
	bomb(&s, "odagiri@aoba.example", "fail", "f", 60, 20);
	json_decref(mail(&s, letter("odagiri@aoba.example", "<good@x>", "pass", NULL), "opened"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries WHERE held = 'not_authentic'"), 20);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries WHERE held = 'flood'"), 2);
	/* many invented senders: a hundred in all, then one thread for whoever comes; it cannot be given to a tenant */
	s.now += 700 * SEC;
	for (i = 0; i < 150; i++) {
		char from[40], name[8];

		snprintf(from, sizeof from, "x%zu@else.example", i);
		snprintf(name, sizeof name, "m%zu-", i);
		bomb(&s, from, "none", name, 1, 20);
	}
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries WHERE held = 'not_authentic'"), 120);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries WHERE flood = '?'"), 1);
	m = scene_do(&s, "miyoshi", "inquiry.list", 200, json_pack("{s:s, s:i}", "state", "held", "limit", 500));
	json_array_foreach(json_object_get(m, "items"), i, b)
		if (json_integer_value(json_object_get(b, "flood")) == 50)
			doit(&s, "miyoshi", "inquiry.place", 422, json_pack("{s:s, s:s}", "id", jstr(b, "id"), "tenant", "aoba"));
	json_decref(m);
	/* ten minutes later it is a mail like any other */
	s.now += 700 * SEC;
	bomb(&s, "odagiri@aoba.example", "pass", "z", 1, 20);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries WHERE tenant = 'aoba'"), 22);
	scene_replays(&s);
	scene_end(&s);
}

static void
the_journals_older_mails_know_no_limit(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	bomb(&s, "odagiri@aoba.example", "pass", "o", 30, 0);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries WHERE tenant = 'aoba'"), 30);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries WHERE held = 'flood'"), 0);
	scene_replays(&s);
	scene_end(&s);
}

static void
machines_that_flood_leave_twenty_notes(void **st)
{
	struct scene s;
	char *token;

	(void)st;
	scene_begin(&s);
	doit(&s, "odagiri", "inquiry.open", 200, asked("a", "b"));
	token = db_text(s.db, "SELECT token FROM inquiries");
	for (int i = 0; i < 60; i++) {
		char id[16];
		json_t *b;

		snprintf(id, sizeof id, "<l%d@x>", i);
		b = letter("odagiri@aoba.example", id, "pass", token);
		json_object_update_new(b, json_pack("{s:b, s:i}", "auto", 1, "rate", 20));
		json_decref(scene_do(&s, NULL, "inquiry.receive", 200, b));
	}
	assert_int_equal(messages(&s, "miyoshi", "Q-1"), 21);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE inquiry IS NOT NULL"), 0);
	free(token);
	scene_replays(&s);
	scene_end(&s);
}

static void
what_the_mail_server_found_is_for_staff_and_counted(void **st)
{
	static const char *const whys[] = { "forged", "changed", "foreign", "nonsense", "" };
	struct scene s;
	json_t *b, *m;

	(void)st;
	scene_begin(&s);
	for (size_t i = 0; i < 5; i++) {
		char id[16];

		snprintf(id, sizeof id, "<p%zu@x>", i);
		b = letter("odagiri@aoba.example", id, "fail", NULL);
		json_object_update_new(b, json_pack("{s:s, s:s}", "why", whys[i], "proof", "dkim=fail header.d=aoba.example"));
		json_decref(mail(&s, b, "held"));
	}
	b = scene_do(&s, "miyoshi", "inquiry.list", 200, json_pack("{s:s}", "state", "held"));
	m = json_object_get(b, "mails");
	assert_int_equal(json_array_size(m), 4);
	assert_string_equal(jstr(json_array_get(m, 0), "why"), "changed");
	assert_string_equal(jstr(json_array_get(m, 3), "why"), "not_authentic");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(m, 3), "n")), 2);
	json_decref(b);
	doit(&s, "miyoshi", "inquiry.place", 200, json_pack("{s:s, s:s}", "id", "Q-2", "tenant", "aoba"));
	b = thread(&s, "miyoshi", "Q-2");
	assert_string_equal(jstr(json_array_get(json_object_get(b, "messages"), 0), "proof"), "dkim=fail header.d=aoba.example");
	json_decref(b);
	b = thread(&s, "odagiri", "Q-2");
	assert_null(json_object_get(json_array_get(json_object_get(b, "messages"), 0), "proof"));
	json_decref(b);
	b = scene_do(&s, "odagiri", "inquiry.list", 200, json_pack("{s:s}", "state", "held"));
	assert_null(json_object_get(b, "mails"));
	json_decref(b);
	scene_replays(&s);
	scene_end(&s);
}

static void
another_tenants_token_opens_nothing(void **st)
{
	struct scene s;
	json_t *b;
	char *token;

	(void)st;
	scene_begin(&s);
	doit(&s, "lowe", "inquiry.open", 200, asked("harbour", "b"));
	token = db_text(s.db, "SELECT token FROM inquiries");
	b = mail(&s, letter("odagiri@aoba.example", "<t1@x>", "pass", token), "opened");
	assert_string_equal(jstr(b, "inquiry"), "Q-2");
	json_decref(b);
	assert_int_equal(messages(&s, "lowe", "Q-1"), 1);
	free(token);
	scene_replays(&s);
	scene_end(&s);
}

static void
machines_make_no_threads_and_get_no_answers(void **st)
{
	struct scene s;
	json_t *b;
	char *token;

	(void)st;
	scene_begin(&s);
	b = letter("odagiri@aoba.example", "<m1@x>", "pass", NULL);
	json_object_set_new(b, "auto", json_true());
	json_decref(mail(&s, b, "counted"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM inquiries"), 0);
	doit(&s, "odagiri", "inquiry.open", 200, asked("a", "b"));
	doit(&s, "miyoshi", "inquiry.message", 200, with_text("Q-1", "c"));
	token = db_text(s.db, "SELECT token FROM inquiries");
	b = letter("odagiri@aoba.example", "<m2@x>", "pass", token);
	json_object_set_new(b, "auto", json_true());
	json_decref(mail(&s, b, "noted"));
	assert_int_equal(messages(&s, "odagiri", "Q-1"), 2);
	assert_int_equal(messages(&s, "miyoshi", "Q-1"), 3);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM clocks WHERE kind = 'inquiry' AND stopped_at IS NULL"), 0);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE inquiry IS NOT NULL"), 1);
	free(token);
	scene_replays(&s);
	scene_end(&s);
}

static void
files_are_bytes_by_their_hash(void **st)
{
	struct scene s;
	struct desk_actor who;
	struct desk_blob blob;
	struct desk_answer a;
	char id[32], hash[65];
	json_t *args = asked("図", "添付します。"), *b;

	(void)st;
	scene_begin(&s);
	desk_blob_hash(SL("hello"), hash);
	blob = (struct desk_blob){ hash, SL("hello") };
	json_object_set_new(args, "files", json_pack("[{s:s, s:s, s:i, s:s}, {s:s, s:s, s:i, s:s}]", "name", "図.png", "type", "png", "size", 5, "sha256", hash, "name",
	                                             "big.zip", "type", "zip", "size", 31457280, "note", "too_large"));
	who = actor_of(&s, "odagiri", id);
	a = desk_do_with(s.d, "inquiry.open", &who, args, s.now, &blob, 1);
	assert_int_equal(a.status, 200);
	json_decref(a.body);
	json_decref(args);
	b = scene_do(&s, "miyoshi", "attachment.show", 200, json_pack("{s:s, s:i, s:i}", "id", "Q-1", "message", 1, "n", 1));
	assert_string_equal(jstr(b, "name"), "図.png");
	assert_string_equal(jstr(b, "data"), "aGVsbG8=");
	json_decref(b);
	doit(&s, "miyoshi", "attachment.show", 404, json_pack("{s:s, s:i, s:i}", "id", "Q-1", "message", 1, "n", 2));
	doit(&s, "lowe", "attachment.show", 404, json_pack("{s:s, s:i, s:i}", "id", "Q-1", "message", 1, "n", 1));
	/* a refused command leaves no bytes */
	args = asked("", "x");
	desk_blob_hash(SL("other"), hash);
	blob = (struct desk_blob){ hash, SL("other") };
	a = desk_do_with(s.d, "inquiry.open", &who, args, s.now, &blob, 1);
	assert_int_equal(a.status, 422);
	json_decref(a.body);
	json_decref(args);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM blobs"), 1);
	scene_replays(&s);
	scene_end(&s);
}

static void
a_mail_that_cannot_be_delivered_is_noted(void **st)
{
	struct scene s;
	json_t *b, *m;
	char job[24];

	(void)st;
	scene_begin(&s);
	doit(&s, "odagiri", "inquiry.open", 200, asked("a", "b"));
	doit(&s, "miyoshi", "inquiry.message", 200, with_text("Q-1", "c\r\n\td"));
	b = last_mail(&s);
	assert_string_equal(jstr(json_object_get(b, "inquiry"), "text"), "c\n d");
	json_decref(b);
	snprintf(job, sizeof job, "%lld", (long long)scene_count(&s, "SELECT max(id) FROM outbox"));
	json_decref(scene_do(&s, NULL, "job.done", 204, json_pack("{s:s, s:s}", "job", job, "outcome", "rejected")));
	b = thread(&s, "miyoshi", "Q-1");
	m = json_array_get(json_object_get(b, "messages"), 2);
	assert_true(json_is_true(json_object_get(m, "auto")) && json_is_false(json_object_get(m, "visible")));
	assert_string_equal(jstr(json_array_get(json_object_get(b, "mails"), 0), "outcome"), "rejected");
	json_decref(b);
	assert_int_equal(messages(&s, "odagiri", "Q-1"), 2);
	scene_replays(&s);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_answered_in_time),
		cmocka_unit_test(a_broken_promise_is_seen_coming_and_needs_a_cause),
		cmocka_unit_test(nobody_reads_what_is_not_theirs),
		cmocka_unit_test(an_owner_a_priority_a_call),
		cmocka_unit_test(a_mail_of_a_contact_is_a_thread_and_its_answer_comes_back_to_it),
		cmocka_unit_test(a_sender_that_is_not_proved_is_nobody),
		cmocka_unit_test(a_held_mail_joins_a_thread_and_leaves_it_again),
		cmocka_unit_test(a_sender_is_remembered_when_a_person_says_so),
		cmocka_unit_test(a_mail_is_discarded_with_a_reason_and_comes_back),
		cmocka_unit_test(a_tenant_has_its_own_promises),
		cmocka_unit_test(wrong_promises_are_told_with_their_place),
		cmocka_unit_test(a_flood_is_one_thread_and_one_alarm),
		cmocka_unit_test(the_journals_older_mails_know_no_limit),
		cmocka_unit_test(machines_that_flood_leave_twenty_notes),
		cmocka_unit_test(what_the_mail_server_found_is_for_staff_and_counted),
		cmocka_unit_test(another_tenants_token_opens_nothing),
		cmocka_unit_test(machines_make_no_threads_and_get_no_answers),
		cmocka_unit_test(files_are_bytes_by_their_hash),
		cmocka_unit_test(a_mail_that_cannot_be_delivered_is_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
