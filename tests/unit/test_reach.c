/* SPDX-License-Identifier: Apache-2.0
 *
 * Nobody is out of reach for what stands in a tenant document: what the roles could not say, write or dial is refused at
 * the import with its place.
 */
#include "desk_scene.h"

#include "call/call.h"
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_telephone_cannot_say_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
