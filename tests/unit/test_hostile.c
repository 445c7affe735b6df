/* SPDX-License-Identifier: Apache-2.0
 *
 * One hostile detection on its way from the desk into everything that leaves the house.  Its names hold HTML, a formula, CRLF and a
 * header, terminal escapes, marks that turn writing, marks of speech, chat mentions, and are very long.  Every JOB of it can be
 * read by who carries it out (a JOB that cannot be read is a mail that never goes), and what is written from it is inert.
 */
#include "desk_scene.h"

#include "notify/notify.h"

#define EVIL                                                                                                                   \
	"=cmd|' /C calc'!A0<script>alert(1)</script>\\r\\nBcc: evil@evil.example\\r\\n\\r\\nbody \\u001b[2J\\u001b]0;x\\u0007 \\u202egnp.exe <phoneme alphabet='ipa' ph='x'> [[inpt PHON]] <!channel> *b* [a](https://evil.example)"

static char *
long_name(void)
{
	struct buf b = { 0 };
	char *text;

	buf_put_str(&b, EVIL);
	for (int i = 0; i < 2000; i++)
		buf_put_str(&b, "A");
	text = x_strdup(buf_cstr(&b));
	buf_fini(&b);
	return text;
}

static void
hostile(struct scene *s, const char *kind, const char *name, const char *key)
{
	char *text = x_asprintf("[{\"key\":\"%s\",\"kind\":\"rule\",\"rule\":{\"id\":\"r-%s\",\"name\":\"Rule %s\",\"level\":\"high\",\"tags\":[]},\"at\":1795000000000000000,\"count\":1,"
	                        "\"entities\":[{\"kind\":\"%s\",\"value\":\"%s\",\"role\":\"target\",\"internal\":true}],\"evidence\":{\"blocked\":\"none\"},\"dataset\":\"ds\","
	                        "\"device\":\"dev\",\"line\":\"%s\"}]", key, key, key, kind, name, EVIL);

	scene_detect(s, "aoba", text);
	free(text);
}

/* No byte that a terminal, a header or a reader would obey. */
static void
plain(const char *what, const struct buf *b, bool lines)
{
	for (size_t i = 0; i < b->n; i++)
		if (((unsigned char)b->p[i] < 0x20 && !(lines && b->p[i] == '\n')) || b->p[i] == 0x7f)
			fail_msg("%s holds byte %02x at %zu", what, (unsigned char)b->p[i], i);
}

static void
unturned(const char *what, const struct buf *b)
{
	if (slice_find_slice(buf_slice(b), SL("\xe2\x80\xae")) >= 0)
		fail_msg("%s turns the writing: %s", what, b->p);
}

static void
look_at_mail(const struct notice *n)
{
	struct mail m;

	mail_render(n, "soc.example", NULL, NULL, &m);
	plain("a subject", &m.subject, false);
	assert_null(strstr(buf_cstr(&m.subject), "Bcc:"));
	plain("a mail's text", &m.text, true);
	plain("a mail's HTML", &m.html, true);
	unturned("a subject", &m.subject);
	unturned("a mail's text", &m.text);
	unturned("a mail's HTML", &m.html);
	assert_null(strstr(buf_cstr(&m.html), "<script"));
	assert_null(strstr(buf_cstr(&m.html), "<phoneme"));
	assert_null(strstr(buf_cstr(&m.text), "\nBcc:"));
	mail_fini(&m);
}

static void
look_at_hook(const struct notice *n)
{
	struct buf b = { 0 };
	json_t *o;

	hook_body(n, "soc.example", &b);
	o = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(o);
	plain("a webhook", &b, false);
	if (json_object_get(json_object_get(o, "data"), "lines") != NULL) { /* chosen: as it came, and nowhere else */
		char *text;

		assert_int_equal(n->format, HOOK_JSON);
		json_object_del(json_object_get(o, "data"), "lines");
		text = json_dumps(o, JSON_COMPACT);
		buf_clear(&b);
		buf_put_str(&b, text);
		free(text);
	}
	unturned("a webhook", &b);
	if (n->format == HOOK_SLACK)
		assert_null(strstr(buf_cstr(&b), "<!channel>"));
	json_decref(o);
	buf_fini(&b);
}

struct seen {
	int mails, hooks, calls;
};

static void
carry_out(void *ctx, int64_t job, const char *kind, struct slice doc)
{
	json_t *o = json_loadb(doc.p, doc.n, 0, NULL), *hook = json_object_get(o, "hook");
	struct seen *seen = ctx;
	struct arena a;
	struct notice n;
	char err[200];
	char *text;

	(void)job;
	if (strcmp(kind, "call") == 0) {
		/* what is spoken is of the category, never of the log */
		text = json_dumps(o, 0);
		assert_null(strstr(text, "phoneme"));
		assert_null(strstr(text, "cmd|"));
		free(text);
		seen->calls++;
		json_decref(o);
		return;
	}
	if (hook != NULL) { /* what the role adds */
		json_object_set_new(hook, "url", json_string("https://x.example/"));
		json_object_set_new(hook, "keys", json_pack("[s]", "k"));
	}
	text = json_dumps(o, JSON_COMPACT);
	arena_init(&a, 0, 0);
	if (notice_read(slice_str(text), &a, &n, err) != 0)
		fail_msg("%s cannot be read: %s", kind, err);
	if (n.channel == NOTICE_MAIL)
		look_at_mail(&n);
	else
		look_at_hook(&n);
	seen->mails += n.channel == NOTICE_MAIL;
	seen->hooks += n.channel == NOTICE_HOOK;
	arena_fini(&a);
	free(text);
	json_decref(o);
}

static void
what_leaves_the_house_is_inert(void **st)
{
	static const char *const kinds[] = { "host", "user", "process", "url" }, *const formats[] = { "json", "slack", "teams" };
	char *name = long_name();
	struct scene s;
	struct seen seen = { 0 };

	(void)st;
	scene_begin(&s);
	for (int i = 0; i < 3; i++)
		json_decref(scene_do(&s, NULL, "webhook.add", 200, json_pack("{s:s, s:s, s:s, s:s, s:[s, s], s:b}", "tenant", "aoba", "name", "x", "shown", "https://x.example", "format",
		                                                             formats[i], "events", "incident.opened", "incident.comment", "raw", 1)));
	for (int i = 0; i < 4; i++) {
		char key[8], number[8];
		json_t *body;

		snprintf(key, sizeof key, "k%d", i);
		snprintf(number, sizeof number, "C-%d", i + 1);
		hostile(&s, kinds[i], i % 2 == 0 ? EVIL : name, key);
		body = scene_do(&s, "miyoshi", "candidate.decide", 200, decision(&s, number, i % 2 == 0 ? "critical" : "warning"));
		plain("a title", &(struct buf){ .p = (char *)jstr(json_object_get(body, "title"), "en"), .n = strlen(jstr(json_object_get(body, "title"), "en")) }, false);
		json_decref(scene_do(&s, "odagiri", "incident.comment", 200, json_pack("{s:s, s:s}", "id", jstr(body, "id"), "text", "\t<!channel> \xe2\x80\xae")));
		json_decref(body);
	}
	desk_jobs(s.d, s.now, carry_out, &seen);
	assert_true(seen.mails >= 4);
	assert_int_equal(seen.hooks, 4 * 2 * 3);
	assert_true(seen.calls >= 2);
	scene_replays(&s);
	scene_end(&s);
	free(name);
}

/* Every command there is, whatever it makes of its text: what a screen, a mail or a terminal would obey does not come in. */
static void
no_command_takes_control_characters_or_blanks(void **st)
{
	static const char *const commands[] = {
#define COMMAND(name, fn) name,
#include "tbl/commands.tbl"
#undef COMMAND
	};
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "\x07", "it holds control characters" }, { "\x1b[2J", "it holds control characters" }, { "\x7f", "it holds control characters" },
		{ "\xc2\x9b", "it holds control characters" }, { "a\x01z", "it holds control characters" }, { " ", "it is nothing but blanks" },
		{ "\t\r\n", "it is nothing but blanks" }, { "\xe3\x80\x80 \xe2\x80\x8b", "it is nothing but blanks" },
	};
	struct scene s;

	(void)st;
	scene_begin(&s);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
			struct desk_answer a;
			json_t *args = json_pack("{s:s, s:[{s:{s:s}}]}", "id", "x", "reason", "text", "en", bad[k].text);

			if (strcmp(commands[i], "inquiry.receive") == 0 || strcmp(commands[i], "advisory.counted") == 0) { /* letters and names out of logs */
				json_decref(args);
				continue;
			}
			a = desk_do(s.d, commands[i], &desk_service, args, s.now);
			if (a.status != 422 || strcmp(jstr(a.body, "field"), "reason") != 0 || strcmp(jstr(a.body, "detail"), bad[k].why) != 0)
				fail_msg("%s takes %zu: %d", commands[i], k, a.status);
			json_decref(a.body);
			json_decref(args);
		}
	scene_end(&s);
}

/* What people paste is taken by everything that mails it, and every mail of it can be read: nobody is told 200 and then nothing goes. */
static void
pasted_words_reach_everybody(void **st)
{
	static const struct {
		const char *login, *verb, *args; /* % = pasted words */
	} v[] = {
		{ NULL, "maintenance.add", "{\"tenant\":\"aoba\",\"from\":\"2026-11-28T00:00:00Z\",\"to\":\"2026-11-28T01:00:00Z\",\"reason\":{\"ja\":\"%\",\"en\":\"%\"}}" },
		{ "odagiri", "inquiry.open", "{\"kind\":\"question\",\"subject\":\"a\\tb\",\"text\":\"%\"}" },
		{ "miyoshi", "inquiry.message", "{\"id\":\"Q-1\",\"text\":\"%\"}" },
		{ "miyoshi", "inquiry.close", "{\"id\":\"Q-1\",\"text\":\"%\"}" },
		{ "odagiri", "inquiry.reopen", "{\"id\":\"Q-1\",\"text\":\"%\"}" },
		{ "odagiri", "incident.comment", "{\"id\":\"C-1\",\"text\":\"%\"}" },
		{ "odagiri", "incident.answer", "{\"id\":\"C-1\",\"code\":\"expected\",\"text\":\"%\"}" },
		{ "miyoshi", "incident.task", "{\"id\":\"C-1\",\"text\":\"%\"}" },
		{ "miyoshi", "incident.close", "{\"id\":\"C-1\",\"code\":\"resolved\",\"text\":{\"ja\":\"%\",\"en\":\"%\"}}" },
		{ "odagiri", "incident.reopen", "{\"id\":\"C-1\",\"text\":\"%\"}" },
		{ "miyoshi", "exception.add", "{\"tenant\":\"aoba\",\"rule\":\"r1\",\"reason\":\"%\",\"expires_at\":\"2026-12-01T00:00:00Z\",\"conditions\":[{\"kind\":\"host\",\"value\":\"h\"}]}" },
		{ "otomo", "exception.approve", "{\"id\":\"X-1\"}" },
		{ "otomo", "exception.end", "{\"id\":\"X-1\",\"text\":\"%\"}" },
		{ "odagiri", "device.register", "{\"tenant\":\"aoba\",\"device\":\"fw-9\",\"source\":\"fortinet.fortigate\",\"transport\":\"udp\",\"address\":\"10.1.9.9\",\"note\":\"%\"}" },
		{ NULL, "alarm.raise", "{\"kind\":\"x\",\"key\":\"x\",\"level\":\"alarm\",\"tenant\":\"aoba\",\"text\":{\"ja\":\"%\",\"en\":\"%\"}}" },
	};
	struct seen seen = { 0 };
	struct scene s;
	char id[64];

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "warning", id);
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct buf b = { 0 };
		int64_t mails = scene_count(&s, "SELECT count(*) FROM outbox");
		char who[32] = "";
		struct desk_actor actor = v[i].login != NULL ? actor_of(&s, v[i].login, who) : desk_service;
		struct desk_answer a;
		json_t *args;

		for (const char *p = v[i].args; *p != '\0'; p++)
			buf_put_str(&b, *p == '%' ? "first\\tcolumn\\r\\nsecond line\\r\\n" : (char[]){ *p, '\0' });
		args = json_loads(buf_cstr(&b), 0, NULL);
		if (strcmp(jstr(args, "id"), "C-1") == 0)
			json_object_set_new(args, "id", json_string(id));
		a = desk_do(s.d, v[i].verb, &actor, args, s.now);
		if (a.status >= 300)
			fail_msg("%s: %d %s", v[i].verb, a.status, json_dumps(a.body, 0));
		if (strcmp(v[i].verb, "maintenance.add") == 0 || strcmp(v[i].verb, "alarm.raise") == 0)
			assert_true(scene_count(&s, "SELECT count(*) FROM outbox") > mails);
		json_decref(a.body);
		json_decref(args);
		buf_fini(&b);
	}
	desk_jobs(s.d, s.now, carry_out, &seen);
	assert_true(seen.mails >= 6);
	scene_replays(&s);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_leaves_the_house_is_inert),
		cmocka_unit_test(no_command_takes_control_characters_or_blanks),
		cmocka_unit_test(pasted_words_reach_everybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
