/* SPDX-License-Identifier: Apache-2.0
 *
 * Nobody is out of reach for what stands in a tenant document: what the roles could not say, write or dial is refused at
 * the import with its place.
 */
#include "desk_scene.h"

#include "call/call.h"
#include "desk/journal_priv.h"
#include "notify/notify.h"

/* Line 2 of a document; @ is where the part under test goes. */
static const char tenant_form[] = "tenants:\n  - {id: a, short: A, @}\n";
static const char contact_form[] =
        "tenants:\n  - {id: a, short: A, name: {ja: 青葉, en: Aoba}, kana: アオバ, code_word: {ja: カワセミ, en: dove}, contacts: [{@, numbers: ['+81311112222']}]}\n";

/* NULL when it is taken, else the id of the first fault; its column must be that of the first `at` in the line. Heap. */
static char *
fault_of(const char *form, const char *part, const char *at)
{
	const char *hole = strchr(form, '@'), *line, *where;
	char *yaml = x_asprintf("%.*s%s%s", (int)(hole - form), form, part, hole + 1), *id = NULL;
	struct whys ws = { 0 };
	json_t *o = desk_import_read(slice_str(yaml), "f.yaml", &ws);

	assert_true((o == NULL) == (ws.errors != 0));
	if (o == NULL) {
		id = x_strdup(ws.list.v[0].id);
		line = strchr(yaml, '\n') + 1;
		where = at != NULL ? strstr(line, at) : NULL;
		assert_int_equal(ws.list.v[0].line, 2);
		if (at != NULL) {
			size_t column = 1;

			assert_non_null(where);
			for (const char *p = line; p < where; p++)
				column += ((unsigned char)*p & 0xc0) != 0x80;
			if (ws.list.v[0].col != column)
				fail_msg("%s: column %u, wanted %zu", part, ws.list.v[0].col, column);
		}
	}
	json_decref(o);
	whys_fini(&ws);
	free(yaml);
	return id;
}

static void
expect(const char *form, const char *part, const char *want, const char *at)
{
	char *got = fault_of(form, part, at);

	if (want == NULL ? got != NULL : got == NULL || strcmp(got, want) != 0)
		fail_msg("%s: %s, wanted %s", part, got != NULL ? got : "taken", want != NULL ? want : "taken");
	free(got);
}

static void
what_the_telephone_cannot_say_is_refused(void **st)
{
	static const struct {
		const char *part, *fault, *at;
	} v[] = {
		{ "name: {ja: 青葉, en: Harbor & Sons Ltd}, kana: ミスヾ, code_word: {ja: カワセミ, en: king fisher}", NULL, NULL },
		{ "name: {ja: 青葉, en: \"Müller, O’Brien & Co. 3M\"}, kana: ｱｵﾊﾞ・セイキー, code_word: {ja: いすゞ, en: dove}", NULL, NULL },
		{ "name: Aoba, kana: アオバ, code_word: dove", NULL, NULL },
		{ "name: {ja: 青葉}, kana: アオバ, code_word: dove", "TENANT-MISSING", "ja: 青葉" },
		{ "name: {}, kana: アオバ, code_word: dove", "TENANT-MISSING", NULL },
		{ "name: 青葉, kana: アオバ, code_word: dove", "TENANT-SPOKEN", "青葉" },
		{ "name: {ja: 青葉, en: Aoba™ ☎}, kana: アオバ, code_word: dove", "TENANT-SPOKEN", "Aoba™" },
		{ "name: {ja: 青葉, en: '[[x]]'}, kana: アオバ, code_word: dove", "TENANT-SPOKEN", "[[x" },
		{ "name: {ja: 青葉, en: \"Aoba\\nLtd\"}, kana: アオバ, code_word: dove", "TENANT-TEXT", "Aoba\\n" },
		{ "name: Aoba, kana: 青葉, code_word: dove", "TENANT-KANA", "青葉" },
		{ "name: Aoba, kana: アオバ☎, code_word: dove", "TENANT-KANA", "アオバ☎" },
		{ "name: Aoba, kana: ゛, code_word: dove", "TENANT-KANA", "゛" },
		{ "name: Aoba, kana: アオバ, code_word: {ja: カワセミ}", "TENANT-MISSING", "ja: カワセミ" },
		{ "name: Aoba, kana: アオバ, code_word: カワセミ", "TENANT-SPOKEN", "カワセミ" },
		{ "name: Aoba, kana: アオバ, code_word: {ja: 翡翠, en: dove}", "TENANT-KANA", "翡翠" },
		{ "name: Aoba, kana: アオバ, code_word: {ja: カワセミ, en: dove☎}", "TENANT-SPOKEN", "dove☎" },
	};

	(void)st;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		expect(tenant_form, v[i].part, v[i].fault, v[i].at);
	expect(contact_form, "id: c, name: 佐々木, kana: ササ々", NULL, NULL);
	expect(contact_form, "id: c, name: 佐々木, kana: 佐々木", "TENANT-KANA", "佐々木, numbers");
	expect(contact_form, "id: c, name: 佐々木", "TENANT-MISSING", NULL);
}

static void
names_and_addresses_have_limits(void **st)
{
	auto_free char *kanji = x_malloc(67 * 3 + 1), *part = NULL;

	(void)st;
	for (int i = 0; i < 67; i++)
		memcpy(kanji + 3 * i, "字", 4);
	part = x_asprintf("id: c, kana: カ, name: %s", kanji);
	expect(contact_form, part, "TENANT-TEXT", kanji);
	part[strlen(part) - 3] = '\0'; /* 66 of them */
	expect(contact_form, part, NULL, NULL);
	expect(contact_form, "id: c, kana: カ, name: \"a\\nb\"", "TENANT-TEXT", "a\\nb");
	expect(contact_form, "id: c, name: n, kana: \"カ\\nカ\"", "TENANT-TEXT", "カ\\nカ");
	expect(contact_form, "id: c, name: n, kana: カ, mail: 'a b@x.example'", "TENANT-MAIL", "a b");
	expect(contact_form, "id: c, name: n, kana: カ, mail: a@b@x.example", "TENANT-MAIL", "a@b@");
	expect(contact_form, "id: 'c/d', name: n, kana: カ", "TENANT-ID", "c/d");
	expect(contact_form, "id: c2345678901234567890123456789012, name: n, kana: カ", "TENANT-ID", "c234");
	expect(contact_form, "id: c, name: n, kana: カ, title: {ja: \"a\\tb\"}", "TENANT-TEXT", "a\\tb");
	expect("accounts:\n  - {login: xy, role: analyst, @}\n", "name: \"a\\nb\"", "TENANT-TEXT", "a\\nb");
	expect(contact_form, "id: c, name: n, kana: カ, mail: a@x.example}, {id: c, name: m, kana: カ", "TENANT-TWICE", "c, name: m");
}

static void
what_stands_twice_is_refused(void **st)
{
	static const char rest[] = "name: A, kana: ア, code_word: a";
	auto_free char *ids = x_asprintf("tenants: [{id: a, short: A, %s},\n  {short: B, id: a, %s}]\n@", rest, rest);
	auto_free char *shorts = x_asprintf("tenants: [{id: a, short: A, %s},\n  {id: b, short: A, %s}]\n@", rest, rest);
	json_t *args, *body;
	struct scene s;

	(void)st;
	expect(ids, "", "TENANT-TWICE", "a, name");
	expect(shorts, "", "TENANT-TWICE", "A, name");
	expect("accounts: [{login: xy, name: x, role: lead},\n  {login: xy, name: y, role: lead}]\n@", "", "TENANT-TWICE", "xy, name");
	/* of a tenant that is there already */
	scene_begin(&s);
	args = json_pack("{s:[{s:s, s:s, s:{s:s}, s:s, s:i, s:i, s:{}}]}", "tenants", "id", "other", "short", "HARBOR", "name", "en", "Other", "kana", "カ", "decide_s", 900, "call_s", 600, "doc");
	body = scene_do(&s, NULL, "tenant.import", 409, args);
	assert_string_equal(jstr(body, "field"), "short");
	assert_string_equal(jstr(body, "detail"), "HARBOR is the short of the tenant harbor");
	json_decref(body);
	assert_int_equal(db_int(s.db, -1, "SELECT count(*) FROM tenants"), 2);
	scene_end(&s);
}

/* ---- whatever is taken gives jobs that the roles take ---- */

static size_t
jobs_are_read(struct scene *s)
{
	struct rows r = db_query(s->db, "SELECT kind, doc FROM outbox WHERE endpoint IS NULL ORDER BY id");
	struct call_job call;
	struct notice notice;
	struct arena a;
	char err[200];
	size_t n = 0;

	for (; rows_next(&r); n++) {
		bool good;

		arena_init(&a, 0, 0);
		good = (strcmp(row_str(&r, 0), "call") == 0 ? call_job_read(row_text(&r, 1), &call, err) : notice_read(row_text(&r, 1), &a, &notice, err)) == 0;
		if (!good)
			fail_msg("%s: %s", err, row_str(&r, 1));
		arena_fini(&a);
	}
	return n;
}

/* Decides for tenant t, lets the first telephone be busy and the second be answered, and lives on until the next morning's mails. */
static size_t
live(struct scene *s)
{
	json_t *args;

	scene_detect(s, "t", DETECTION("k1", "r1", ""));
	json_decref(scene_do(s, "miyoshi", "candidate.decide", 200, decision(s, "C-1", "critical")));
	for (int i = 0; i < 2; i++) {
		s->now += 5 * SEC;
		scene_tick(s);
		args = json_pack("{s:I, s:s}", "job", (json_int_t)db_int(s->db, 0, "SELECT max(id) FROM outbox WHERE kind = 'call' AND state = 'open'"), "outcome",
		                 i == 0 ? "busy" : "acknowledged");
		json_decref(desk_apply(s->d, "job.done", &desk_service, args, s->now).body);
		json_decref(args);
	}
	s->now += 24 * 3600 * SEC;
	scene_tick(s);
	assert_int_equal(db_int(s->db, -1, "SELECT count(*) FROM incidents WHERE ack_at IS NOT NULL"), 1);
	return jobs_are_read(s);
}

/* The good ones first: a document is mostly good. */
struct pool {
	size_t good, n;
	const char *v[12];
};
static const struct pool any_name = { 6, 12, { "小田切 直人", "\"O'Brien \\\"X\\\", <a@b>\"", "'=?UTF-8?B?w6k=?='", "😀", "'[[x]] ${jndi:x}'", "\"\\u202Eevil\"", "'  '",
	"\"a\\nb\"", "\"\\x07\"", "''", "[a]", "{}" } };
static const struct pool any_kana = { 5, 9, { "オダギリ", "ミスヾ", "'A&B'", "ｱｵﾊﾞ", "いすゞ", "漢字", "''", "\"カ\\nカ\"", "☎" } };
static const struct pool any_en = { 6, 9, { "Harbor & Sons Ltd", "\"O’Brien, Inc.\"", "Łódź", "'3'", "Nguyễn", "'&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&x'", "青葉", "dove☎", "''" } };
static const struct pool any_number = { 4, 8, { "'+81311112222'", "'+8131'", "sip:a@b", "\"sip:x@[2001:db8::1]\"", "'sip:a b@c'", "'sip:@'", "911", "'+'" } };
static const struct pool any_mail = { 3, 8, { "a@x.example", "a+b@x.example", "\"o'b@x\"", "'a b@x'", "a@b@c", "'<a@x>'", "ä@x.example", "'a@'" } };
static const struct pool any_id = { 3, 6, { "o", "O_1.x-y", "abcdefghijklmnopqrstuvwxyz12345", "'a/b'", "abcdefghijklmnopqrstuvwxyz123456", "'ö'" } };

static uint32_t
roll(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*seed >> 33);
}

static const char *
any(const struct pool *p, uint64_t *seed)
{
	return p->v[roll(seed) % (roll(seed) % 16 == 0 ? p->n : p->good)];
}

static void
whatever_is_imported_gives_jobs_that_are_taken(void **st)
{
	uint64_t seed = 20261127;
	int taken = 0, refused = 0;

	(void)st;
	for (int run = 0; run < 4000 && taken < 60; run++) {
		const char *en = any(&any_en, &seed), *lang = roll(&seed) % 2 ? "ja" : "en";
		auto_free char *name = x_strdup(any(&any_name, &seed));
		auto_free char *yaml = x_asprintf("tenants:\n  - {id: t, short: ABCDEFGHIJKL, name: {ja: %s, en: %s}, kana: %s, code_word: {ja: %s, en: %s}, lang: %s, contacts: ["
		                                  "{id: %s, name: %s, kana: %s, numbers: [%s], mail: %s}, {id: second, name: B, kana: ビー, numbers: ['+81300000001'], mail: %s}],"
		                                  " webhooks: [{id: %s, url: 'https://h.example/x', secret: aoba}]}\n",
		                                  name, en, any(&any_kana, &seed), any(&any_kana, &seed), any(&any_en, &seed), lang, any(&any_id, &seed), any(&any_name, &seed),
		                                  any(&any_kana, &seed), any(&any_number, &seed), any(&any_mail, &seed), any(&any_mail, &seed), any(&any_id, &seed));
		struct whys ws = { 0 };
		json_t *args = desk_import_read(slice_str(yaml), "f.yaml", &ws);

		whys_fini(&ws);
		refused += args == NULL;
		if (args != NULL) {
			struct scene s;

			scene_begin(&s);
			json_object_del(args, "secrets");
			json_decref(scene_do(&s, NULL, "tenant.import", 200, args));
			assert_true(live(&s) >= 8); /* two calls; mails of the decision, the acknowledgement and the morning; webhooks */
			scene_end(&s);
			taken++;
		}
	}
	assert_int_equal(taken, 60);
	assert_true(refused > 20);
}

/* What an older importer let in: cut and cleaned on the way out. */
static void
older_rows_give_jobs_that_are_taken(void **st)
{
	auto_free char *kanji = x_malloc(400 * 3 + 1), *lines = NULL;
	static const uint8_t rnd[16] = { 1 };
	const char *names[4];

	(void)st;
	for (int i = 0; i < 400; i++)
		memcpy(kanji + 3 * i, "字", 4);
	lines = x_asprintf("a\nb\x7f\x01%s", kanji);
	names[0] = kanji, names[1] = lines, names[2] = "\n", names[3] = "";
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct scene s;
		json_t *both = json_pack("{s:s, s:s}", "ja", names[i], "en", names[i]), *args;

		scene_begin(&s);
		args = json_pack("{s:[{s:s, s:s, s:O, s:s, s:O, s:i, s:i, s:{}, s:[{s:s, s:s, s:s, s:[s], s:s, s:s}], s:[{s:s, s:s, s:s}]}]}",
		        "tenants", "id", "t", "short", "T", "name", both, "kana", names[i], "code_word", both, "decide_s", 900, "call_s", 600, "doc", "contacts", "id", "c", "name", names[i], "kana",
		        names[i], "numbers", "+81300000001", "mail", "a@x.example", "lang", i % 2 ? "en" : "ja", "webhooks", "id", "w", "url", "https://h.example/x", "secret", "aoba");
		assert_int_equal(desk_apply_recorded(s.d, "tenant.import", &desk_service, args, s.now, rnd, 2), 0);
		json_decref(args);
		assert_true(live(&s) >= 6);
		scene_end(&s);
		json_decref(both);
	}
}

/* The SOC's own telephone, when no customer acknowledges. */
static void
a_call_to_the_duty_manager_is_taken(void **st)
{
	struct scene s;
	char id[64];

	(void)st;
	scene_begin(&s);
	s.d->s.alarm_phone = "sip:duty@192.0.2.1";
	scene_incident(&s, "emergency", id);
	s.now += 361 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE kind = 'call' AND alarm IS NOT NULL"), 1);
	jobs_are_read(&s);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_telephone_cannot_say_is_refused), cmocka_unit_test(names_and_addresses_have_limits), cmocka_unit_test(what_stands_twice_is_refused),
		cmocka_unit_test(whatever_is_imported_gives_jobs_that_are_taken), cmocka_unit_test(older_rows_give_jobs_that_are_taken),
		cmocka_unit_test(a_call_to_the_duty_manager_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
