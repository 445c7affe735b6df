/* SPDX-License-Identifier: Apache-2.0
 *
 * Mail and CSV from the desk's own data sets: both languages tell the same numbers, and nothing out of a log does anything.
 */
#include "report_scene.h"

#include "codec/csv.h"

struct mail_text {
	struct buf subject, text, html;
};

static void
mail_of(const json_t *data, enum report_lang lang, struct mail_text *ret)
{
	*ret = (struct mail_text){ 0 };
	report_mail(data, lang, &ret->subject, &ret->text, &ret->html);
}

static void
mail_end(struct mail_text *m)
{
	buf_fini(&m->subject);
	buf_fini(&m->text);
	buf_fini(&m->html);
}

/* Every whole number of a text in its order; the thousands' comma is none of its characters. */
static void
numbers_of(struct buf *in, struct buf *out)
{
	const char *s = buf_cstr(in);

	while (*s != '\0') {
		unsigned long long n = 0;

		if (*s < '0' || *s > '9') {
			s++;
			continue;
		}
		for (; (*s >= '0' && *s <= '9') || (*s == ',' && s[1] >= '0' && s[1] <= '9'); s++)
			if (*s != ',')
				n = n * 10 + (unsigned long long)(*s - '0');
		buf_printf(out, "%llu ", n);
	}
}

static void
same_numbers(struct buf *ja, struct buf *en)
{
	auto_buf struct buf a = { 0 }, b = { 0 };

	numbers_of(ja, &a);
	numbers_of(en, &b);
	assert_true(a.n > 20);
	assert_string_equal(buf_cstr(&a), buf_cstr(&b));
}

static json_t *
daily(struct scene *s, const char *id)
{
	json_t *data = desk_report_data(s->d, &desk_service, id, s->now);

	assert_non_null(data);
	return data;
}

static void
nothing_happened_is_said_and_proven(void **st)
{
	struct mail_text ja, en;
	struct scene s;
	json_t *data, *day;

	(void)st;
	data = report_month(&s, 0, "");
	day = daily(&s, "aoba-2026-11-18");
	mail_of(day, REPORT_JA, &ja);
	mail_of(day, REPORT_EN, &en);
	assert_string_equal(buf_cstr(&ja.subject), "【日次報告】2026年11月18日（水） 青葉精機株式会社：インシデントはありませんでした。");
	assert_string_equal(buf_cstr(&en.subject), "[Daily report] 2026-11-18 (Wed), Aoba Seiki: There were no incidents.");
	assert_non_null(strstr(buf_cstr(&ja.text), "届いた 1,292,311 行のログを検査しました。"));
	assert_non_null(strstr(buf_cstr(&en.text), "1,292,311 lines of logs arrived and were examined."));
	assert_non_null(strstr(buf_cstr(&en.text), "Not measured in this period (target 99.90 %)"));
	same_numbers(&ja.text, &en.text);
	same_numbers(&ja.html, &en.html);
	mail_end(&ja);
	mail_end(&en);
	json_decref(day);
	json_decref(data);
	/* and no logs at all is not called quiet */
	day = daily(&s, "harbor-2026-11-17");
	mail_of(day, REPORT_EN, &en);
	assert_non_null(strstr(buf_cstr(&en.text), "No logs arrived (0 lines). Check the collector"));
	mail_end(&en);
	json_decref(day);
	scene_end(&s);
}

static void
a_busy_day_and_month_in_two_languages(void **st)
{
	auto_buf struct buf cja = { 0 }, cen = { 0 };
	struct mail_text ja, en;
	struct scene s;
	json_t *data, *day;

	(void)st;
	data = report_month(&s, 25, "host");
	report_words(data);
	day = daily(&s, "aoba-2026-11-18");
	mail_of(day, REPORT_JA, &ja);
	mail_of(day, REPORT_EN, &en);
	same_numbers(&ja.text, &en.text);
	same_numbers(&ja.html, &en.html);
	assert_non_null(strstr(buf_cstr(&en.text), "https://soc.example/portal/incidents/AOBA-2026-0001"));
	mail_end(&ja);
	mail_end(&en);
	report_csv(data, REPORT_JA, NULL, &cja);
	report_csv(data, REPORT_EN, NULL, &cen);
	same_numbers(&cja, &cen);
	assert_memory_equal(cja.p, "\xef\xbb\xbf", 3);
	/* the same data set, the same bytes */
	buf_clear(&cen);
	report_csv(data, REPORT_JA, NULL, &cen);
	assert_int_equal(cja.n, cen.n);
	assert_memory_equal(cja.p, cen.p, cja.n);
	json_decref(day);
	json_decref(data);
	scene_end(&s);
}

static void
the_word_that_a_month_is_out(void **st)
{
	struct mail_text ja, en;
	struct scene s;
	json_t *data;

	(void)st;
	data = report_month(&s, 6, "host");
	json_object_set_new(data, "kind", json_string("published"));
	mail_of(data, REPORT_JA, &ja);
	mail_of(data, REPORT_EN, &en);
	assert_string_equal(buf_cstr(&ja.subject), "【月次報告書】2026年11月 青葉精機株式会社：インシデントは 5 件でした。");
	assert_non_null(strstr(buf_cstr(&en.text), "The monthly report for 2026-11 is out."));
	assert_non_null(strstr(buf_cstr(&en.html), "href=\"https://soc.example/portal/reports\""));
	same_numbers(&ja.text, &en.text);
	mail_end(&ja);
	mail_end(&en);
	json_decref(data);
	scene_end(&s);
}

/* The second time it is a corrected one, and says of what and why, in mail and tables; the one it replaced says so too. */
static void
the_word_that_a_month_is_corrected(void **st)
{
	struct mail_text ja, en;
	auto_buf struct buf csv = { 0 };
	struct scene s;
	json_t *data, *around;

	(void)st;
	data = report_month(&s, 6, "host");
	report_words(data);
	json_object_set_new(data, "kind", json_string("published"));
	around = json_pack("{s:O, s:s, s:{s:i, s:s, s:{s:s, s:s}}}", "data", data, "state", "replaced", "replaced_by", "revision", 2, "published_at", "2026-12-09T16:00:00Z", "reason", "ja",
	                   "行数の誤り", "en", "wrong lines");
	report_csv(around, REPORT_EN, NULL, &csv);
	assert_non_null(strstr(buf_cstr(&csv), "\"This revision was replaced by revision 2, published on 2026-12-10 (Thu). Reason: wrong lines\""));
	json_decref(around);
	json_object_set_new(data, "revision", json_integer(2));
	json_object_set_new(data, "replaces", json_pack("{s:i, s:s, s:{s:s, s:s}}", "revision", 1, "published_at", "2026-12-02T00:00:00Z", "reason", "ja", "行数の誤り", "en", "wrong lines"));
	mail_of(data, REPORT_JA, &ja);
	mail_of(data, REPORT_EN, &en);
	assert_string_equal(buf_cstr(&ja.subject), "【月次報告書（訂正版）】2026年11月 青葉精機株式会社：第 2 版");
	assert_string_equal(buf_cstr(&en.subject), "[Monthly report, corrected report] 2026-11, Aoba Seiki: Revision 2");
	assert_non_null(strstr(buf_cstr(&en.text), "The monthly report for 2026-11 is corrected (Revision 2)."));
	assert_non_null(strstr(buf_cstr(&en.text), "replaces revision 1, published on 2026-12-02 (Wed). Reason: wrong lines"));
	assert_non_null(strstr(buf_cstr(&ja.text), "第 1 版（2026年12月2日（水）公開）を訂正し、置き換えるものです。理由：行数の誤り"));
	mail_end(&ja);
	mail_end(&en);
	buf_clear(&csv);
	report_csv(data, REPORT_JA, NULL, &csv);
	assert_non_null(strstr(buf_cstr(&csv), "\"第 2 版\""));
	buf_clear(&csv);
	report_csv(data, REPORT_JA, "sla", &csv);
	assert_null(strstr(buf_cstr(&csv), "第 2 版"));
	json_decref(data);
	scene_end(&s);
}

/* Text out of a log in every place where one can stand. */
#define EVIL "=cmd|' /C calc'!A0\r\nBcc: all@x.example\n<script>alert(1)</script>\xe2\x80\xae\x1b[31m\x07\"',"

static void
poison(json_t *o)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_array(o)) {
		json_array_foreach(o, i, v) {
			if (json_is_string(v))
				json_array_set_new(o, i, json_string(EVIL));
			else
				poison(v);
		}
		return;
	}
	json_object_foreach(o, key, v) {
		/* what the desk itself decides stays, the rest may come from anywhere */
		if (json_is_string(v) && strcmp(key, "kind") != 0 && strcmp(key, "zone") != 0 && strcmp(key, "first") != 0)
			json_object_set_new(o, key, json_string(EVIL));
		else
			poison(v);
	}
}

static void
no_cell_is_a_formula(struct buf *csv)
{
	struct slice rest = slice_sub(buf_slice(csv), 3, csv->n), cells[64];
	struct arena a;
	size_t n;

	arena_init(&a, 0, 0);
	/* no cell of ours holds a line break besides the hostile ones: those are cut by hand */
	for (size_t i = 0; i + 1 < rest.n; i++)
		if ((i == 0 || rest.p[i - 1] == ',' || rest.p[i - 1] == '\n') && rest.p[i] == '"')
			assert_null(strchr("=+-@\t|", rest.p[i + 1]));
	while (rest.n != 0) {
		n = csv_split(slice_cut(&rest, '\r'), ',', true, &a, cells, 64);
		assert_true(n < 64);
	}
	arena_fini(&a);
}

static void
hostile_text_is_inert(void **st)
{
	auto_buf struct buf csv = { 0 };
	struct mail_text m;
	struct scene s;
	json_t *data;

	(void)st;
	data = report_month(&s, 6, "host");
	report_words(data);
	poison(data);
	for (int lang = 0; lang < REPORT_LANGS; lang++) {
		mail_of(data, (enum report_lang)lang, &m);
		assert_null(memchr(m.subject.p, '\n', m.subject.n));
		assert_null(memchr(m.subject.p, '\r', m.subject.n));
		assert_null(strstr(buf_cstr(&m.html), "<script"));
		assert_null(strstr(buf_cstr(&m.text), "\x1b"));
		assert_null(strstr(buf_cstr(&m.text), "\xe2\x80\xae"));
		assert_non_null(strstr(buf_cstr(&m.html), "&lt;script&gt;"));
		mail_end(&m);
		buf_clear(&csv);
		report_csv(data, (enum report_lang)lang, NULL, &csv);
		no_cell_is_a_formula(&csv);
		assert_null(strstr(buf_cstr(&csv), "\x1b"));
		assert_non_null(strstr(buf_cstr(&csv), "\"'=cmd|"));
	}
	json_decref(data);
	scene_end(&s);
}

static void
any_json_is_survived(void **st)
{
	static const char *const odd[] = { "null", "[]", "{}", "{\"incidents\":3,\"clocks\":{\"a\":1},\"funnel\":[],\"period\":\"x\",\"tenant\":null,\"devices\":\"y\"}",
		                           "{\"period\":{\"first\":\"2026-99-99\",\"zone\":\"../../etc/passwd\"},\"incidents_total\":-5,\"clocks\":[null,1,\"x\",{\"p50_ms\":-9}]}" };

	(void)st;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		json_t *o = json_loads(odd[i], JSON_DECODE_ANY, NULL);
		auto_buf struct buf csv = { 0 };
		struct mail_text m;

		mail_of(o, REPORT_EN, &m);
		report_csv(o, REPORT_JA, NULL, &csv);
		assert_true(m.text.n > 100 && csv.n > 100);
		mail_end(&m);
		json_decref(o);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_happened_is_said_and_proven), cmocka_unit_test(a_busy_day_and_month_in_two_languages),
		cmocka_unit_test(the_word_that_a_month_is_out),        cmocka_unit_test(the_word_that_a_month_is_corrected),
		cmocka_unit_test(hostile_text_is_inert),
		cmocka_unit_test(any_json_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
