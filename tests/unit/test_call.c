/* SPDX-License-Identifier: Apache-2.0
 *
 * The telephone without a network: what a job may look like, what is said, how the dialogue goes on, what an
 * ending means.  Time is a number here.
 */
#include "unit.h"

#include <stdlib.h>
#include <stdio.h>

#include "base/err.h"
#include "base/utf8.h"
#include "call/call_priv.h"
#include "codec/spoken.h"

#define S NS_PER_S

static const char good_job[] =
        "{\"v\":1,\"job\":\"4712\",\"kind\":\"call\",\"key\":\"k\",\"tenant\":\"aoba\","
        "\"to\":{\"name\":\"小田切 直人\",\"kana\":\"オダギリ\",\"number\":\"+81312345678\",\"lang\":\"ja\",\"pin\":\"4821\"},"
        "\"company\":{\"ja\":\"アオバセイキ\",\"en\":\"Aoba Seiki\"},\"code_word\":{\"ja\":\"カワセミ\",\"en\":\"kingfisher\"},"
        "\"incident\":\"AOBA-2026-0007\",\"severity\":\"emergency\","
        "\"summary\":{\"ja\":\"ファイルサーバーで、あやしい うごきを かくにんしました。\",\"en\":\"Seen on the file server.\"},\"ring_s\":20}";

static struct call_job
job(void)
{
	struct call_job j;
	char err[200];

	assert_int_equal(call_job_read(slice_str(good_job), &j, err), 0);
	return j;
}

static void
test_job_is_read(void **state)
{
	struct call_job j = job();

	(void)state;
	assert_string_equal(j.job, "4712");
	assert_string_equal(j.pin, "4821");
	assert_int_equal(j.lang, LANG_JA);
	assert_int_equal(j.other, LANG_EN);
	assert_int_equal(j.severity, SEV_EMERGENCY);
	assert_int_equal(j.ring_ns, 20 * S);
	assert_int_equal(j.limit_ns, 75 * S);
}

/* Replaces one part of the good job and expects a refusal that names the field. */
static void
refused(const char *from, const char *to, const char *field)
{
	char text[2048], err[200];
	const char *at = strstr(good_job, from);
	struct call_job j;

	assert_non_null(at);
	snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good_job), good_job, to, at + strlen(from));
	assert_true(call_job_read(slice_str(text), &j, err) < 0);
	if (strstr(err, field) == NULL)
		fail_msg("wanted a fault of %s, got: %s", field, err);
}

static void
test_bad_jobs_are_refused_by_field(void **state)
{
	struct call_job j;
	char err[200];

	(void)state;
	refused("\"number\":\"+81312345678\",", "", "number");
	refused("\"number\":\"+81312345678\"", "\"number\":7", "number");
	refused("+81312345678", "sip:a@b\\r\\nX: y", "number");
	refused("\"lang\":\"ja\"", "\"lang\":\"fr\"", "lang");
	refused("\"pin\":\"4821\"", "\"pin\":\"12\"", "pin");
	refused("\"pin\":\"4821\"", "\"pin\":\"123456789\"", "pin");
	refused("emergency", "terrible", "severity");
	refused("\"ring_s\":20", "\"ring_s\":1e9", "ring_s");
	refused("\"ring_s\":20", "\"ring_s\":4", "ring_s");
	refused("\"code_word\":{\"ja\":\"カワセミ\"", "\"code_word\":{\"ja\":1", "ja");
	refused("\"company\":{\"ja\"", "\"firma\":{\"ja\"", "company");
	refused("\"job\":\"4712\"", "\"job\":\"\\u0000\"", "");
	assert_int_equal(call_job_read(SL(""), &j, err), E_SYNTAX);
	assert_int_equal(call_job_read(SL("[1]"), &j, err), E_SYNTAX);
	/* The id is there although something else is wrong: the desk gets its answer. */
	assert_true(call_job_read(SL("{\"job\":\"9\"}"), &j, err) < 0);
	assert_string_equal(j.job, "9");
}

static void
test_missing_texts_of_the_other_language_take_key_9_away(void **state)
{
	char text[2048], err[200];
	const char *at = strstr(good_job, ",\"en\":\"kingfisher\"");
	struct call_job j;

	(void)state;
	snprintf(text, sizeof text, "%.*s%s", (int)(at - good_job), good_job, at + strlen(",\"en\":\"kingfisher\""));
	assert_int_equal(call_job_read(slice_str(text), &j, err), 0);
	assert_int_equal(j.other, LANG_NONE);
}

static void
test_only_readable_letters_are_spoken(void **state)
{
	(void)state;
	assert_true(spoken_is_clean(SPOKEN_JA, SL("ファイルサーバーで、10だい。")));
	assert_false(spoken_is_clean(SPOKEN_JA, SL("青葉精機")));
	assert_false(spoken_is_clean(SPOKEN_JA, SL("[[kirshenbaum]]")));
	assert_false(spoken_is_clean(SPOKEN_JA, SL("<say-as>")));
	assert_false(spoken_is_clean(SPOKEN_EN, SL("アオバ")));
	assert_true(spoken_is_clean(SPOKEN_EN, SL("Café de Paris, 3 hosts.")));
	assert_false(spoken_is_clean(SPOKEN_EN, SL("a\nb")));
	assert_false(spoken_is_clean(SPOKEN_EN, SL("${jndi:x}")));
	assert_false(spoken_is_clean(SPOKEN_JA, slice_of("\xff\xfe", 2)));
}

static void
test_names_are_said_as_people_say_them(void **state)
{
	static const struct {
		enum spoken voice;
		const char *written, *said; /* NULL: not at all */
	} v[] = {
		{ SPOKEN_EN, "Harbor & Sons Ltd", "Harbor  and  Sons Ltd" }, { SPOKEN_EN, "AT&T", "AT and T" }, { SPOKEN_EN, "O’Brien, Inc.", "O'Brien, Inc." },
		{ SPOKEN_EN, "Smith–Jones", "Smith-Jones" }, { SPOKEN_EN, "Łódź Café", "Łódź Café" }, { SPOKEN_EN, "Nguyễn Đức", "Nguyen Duc" },
		{ SPOKEN_EN, "Cafe\xcc\x81", "Cafe" }, { SPOKEN_EN, "Acme™ C#", "Acme  C number " }, { SPOKEN_EN, "ＡＢＣ　３", "ABC 3" }, { SPOKEN_EN, "3M", "3M" },
		{ SPOKEN_EN, "ハーバー", NULL }, { SPOKEN_EN, "青葉", NULL }, { SPOKEN_EN, "dove ☎", NULL }, { SPOKEN_EN, "[[x]]", NULL }, { SPOKEN_EN, "a\nb", NULL },
		{ SPOKEN_EN, "", NULL }, { SPOKEN_EN, " .-", NULL }, { SPOKEN_EN, "\"", NULL },
		{ SPOKEN_JA, "ミスヾ", "ミスズ" }, { SPOKEN_JA, "サヽキ", "ササキ" }, { SPOKEN_JA, "いすゞ", "いすず" }, { SPOKEN_JA, "ササ々", "サササ" }, { SPOKEN_JA, "ハヾ", "ハバ" },
		{ SPOKEN_JA, "バヽ", "バハ" }, { SPOKEN_JA, "ﾊﾞﾝﾊﾟｰ ｳﾞｨ", "バンパー ヴィ" }, { SPOKEN_JA, "ハ゛ラ", "バラ" }, { SPOKEN_JA, "がか\xe3\x82\x99", "がが" },
		{ SPOKEN_JA, "サトウ・タロウ", "サトウ タロウ" }, { SPOKEN_JA, "ジャン＝ポール", "ジャン ポール" }, { SPOKEN_JA, "ラ〜メン", "ラーメン" }, { SPOKEN_JA, "ヵヶ", "カケ" },
		{ SPOKEN_JA, "A＆B アンド", "A アンド B アンド" }, { SPOKEN_JA, "コヿ", "ココト" }, { SPOKEN_JA, "ヾ", NULL }, { SPOKEN_JA, "アオバ精機", NULL }, { SPOKEN_JA, "ー", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct buf b = { 0 };
		bool ok = spoken_put(&b, v[i].voice, slice_str(v[i].written), NULL);

		if (ok != (v[i].said != NULL) || (ok && strcmp(buf_cstr(&b), v[i].said) != 0))
			fail_msg("%s is said: %s", v[i].written, ok ? buf_cstr(&b) : "not at all");
		assert_true(ok || b.n == 0);
		assert_true(spoken_is_clean(v[i].voice, buf_slice(&b)));
		buf_fini(&b);
	}
}

/* Every character there is: what is said is clean, what is not leaves no trace. */
static void
test_any_character_is_said_cleanly_or_not_at_all(void **state)
{
	(void)state;
	for (uint32_t c = 1; c < 0x20000; c++)
		for (int voice = SPOKEN_JA; voice <= SPOKEN_EN; voice++) {
			char text[16] = "カ";
			size_t n = voice == SPOKEN_JA ? 3 : (text[0] = 'k', (size_t)1);
			struct buf b = { 0 };
			struct slice bad = { 0 };

			n += utf8_put(text + n, c);
			if (spoken_put(&b, (enum spoken)voice, slice_of(text, n), &bad))
				assert_true(spoken_is_clean((enum spoken)voice, buf_slice(&b)));
			else
				assert_true(b.n == 0 && bad.n != 0);
			buf_fini(&b);
		}
}

static const char *
prompt(const struct call_job *j, enum lang lang, enum prompt p, struct buf *b)
{
	words_prompt(j, lang, p, false, b);
	return buf_cstr(b);
}

static void
test_the_number_is_spelled(void **state)
{
	struct call_job j = job();
	struct buf b = { 0 };

	(void)state;
	assert_non_null(strstr(prompt(&j, LANG_EN, P_BODY, &b), "A, O, B, A, , 2, 0, 2, 6, , 0, 0, 0, 7"));
	assert_non_null(strstr(prompt(&j, LANG_JA, P_BODY, &b), "きんきゅう"));
	assert_non_null(strstr(buf_cstr(&b), "エー、オー、ビー、エー、"));
	assert_non_null(strstr(buf_cstr(&b), "ゼロ ゼロ ゼロ なな"));
	assert_non_null(strstr(prompt(&j, LANG_JA, P_HEAD, &b), "カワセミ"));
	assert_non_null(strstr(buf_cstr(&b), "オダギリ"));
	/* A machine hears neither company nor code word nor number. */
	assert_null(strstr(prompt(&j, LANG_JA, P_NEUTRAL, &b), "カワセミ"));
	assert_null(strstr(buf_cstr(&b), "アオバ"));
	buf_fini(&b);
}

/* Whatever the names are, a person is told that there is an incident, and which. */
static void
test_what_cannot_be_said_is_left_out(void **state)
{
	static const char *const bad[] = { "漢字", "[[x]]", "☎", "", " ", "\xff" };
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		for (int l = 0; l < LANG_COUNT; l++) {
			struct call_job j = job();
			enum spoken voice = l == LANG_JA ? SPOKEN_JA : SPOKEN_EN;

			snprintf(j.company[l], sizeof j.company[l], "%s", bad[i]);
			assert_null(strstr(prompt(&j, (enum lang)l, P_HEAD, &b), l == LANG_JA ? "アオバ" : "Aoba"));
			assert_non_null(strstr(buf_cstr(&b), l == LANG_JA ? "オダギリ さまえ" : "centre. The code word is kingfisher"));
			snprintf(j.kana, sizeof j.kana, "%s", bad[i]);
			snprintf(j.code_word[l], sizeof j.code_word[l], "%s", bad[i]);
			snprintf(j.summary[l], sizeof j.summary[l], "%s", bad[i]);
			assert_true(spoken_is_clean(voice, slice_str(prompt(&j, (enum lang)l, P_HEAD, &b))));
			assert_non_null(strstr(buf_cstr(&b), l == LANG_JA ? "おきゃくさまえ" : "operations centre. "));
			assert_true(spoken_is_clean(voice, slice_str(prompt(&j, (enum lang)l, P_BODY, &b))));
			assert_non_null(strstr(buf_cstr(&b), l == LANG_JA ? "エー、オー" : "A, O, B, A"));
		}
	buf_fini(&b);
}

/* Every fixed sentence must itself be readable. */
static void
test_all_prompts_are_readable(void **state)
{
	struct call_job j = job();
	struct buf b = { 0 };

	(void)state;
	for (int l = 0; l < LANG_COUNT; l++)
		for (int s = 0; s < SEV_COUNT; s++)
			for (int p = 0; p < P_COUNT * 2; p++) {
				j.severity = (enum severity)s;
				words_prompt(&j, (enum lang)l, (enum prompt)(p / 2), p % 2 != 0, &b);
				assert_true(b.n != 0 && spoken_is_clean(l == LANG_JA ? SPOKEN_JA : SPOKEN_EN, buf_slice(&b)));
			}
	buf_fini(&b);
}

/* ---- talk ---- */

static const struct talk_act *
find(const struct talk *t, enum talk_do what)
{
	for (int i = 0; i < t->acts; i++)
		if (t->act[i].what == what)
			return &t->act[i];
	return NULL;
}

static struct talk
begin(const char *pin)
{
	struct call_job j = job();
	struct talk t;

	snprintf(j.pin, sizeof j.pin, "%s", pin);
	talk_begin(&t, &j, S, 100 * S);
	assert_int_equal(talk_due(&t), 101 * S);
	talk_tick(&t, 101 * S);
	assert_non_null(find(&t, DO_PLAY));
	assert_int_equal(find(&t, DO_PLAY)->prompt[0], P_HEAD);
	return t;
}

static void
ends(const struct talk *t, enum outcome o)
{
	assert_non_null(find(t, DO_DONE));
	assert_string_equal(outcome_name(find(t, DO_DONE)->outcome), outcome_name(o));
}

static void
test_keys(void **state)
{
	static const struct { char key; enum outcome o; enum prompt p; } rows[] = {
		{ '1', OUTCOME_ACKNOWLEDGED, P_ACK }, { '2', OUTCOME_NEXT_CONTACT, P_NEXT }, { '3', OUTCOME_WANTS_ANALYST, P_ANALYST },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct talk t = begin("");

		talk_digit(&t, rows[i].key, 102 * S);
		ends(&t, rows[i].o);
		assert_int_equal(find(&t, DO_PLAY)->prompt[0], rows[i].p);
		talk_digit(&t, '2', 103 * S); /* too late: decided */
		assert_int_equal(t.acts, 0);
		talk_played(&t, 104 * S);
		assert_non_null(find(&t, DO_HANG_UP));
		assert_null(find(&t, DO_DONE));
		talk_gone(&t, 105 * S);
		assert_int_equal(t.acts, 0);
	}
}

static void
test_silence_is_read_twice_and_is_not_a_person(void **state)
{
	struct talk t = begin("");

	(void)state;
	talk_played(&t, 120 * S);
	assert_int_equal(find(&t, DO_PLAY)->prompt[0], P_AGAIN);
	talk_played(&t, 140 * S);
	assert_int_equal(t.state, TALK_LISTEN);
	assert_int_equal(talk_due(&t), 148 * S);
	talk_tick(&t, 148 * S);
	ends(&t, OUTCOME_ANSWERED_NO_DIGIT);
}

static void
test_hang_up_at_once(void **state)
{
	struct talk t = begin("");

	(void)state;
	talk_gone(&t, 101 * S);
	ends(&t, OUTCOME_HUNG_UP);
}

static void
test_the_limit_ends_everything(void **state)
{
	struct talk t = begin("");

	(void)state;
	assert_int_equal(talk_due(&t), 175 * S);
	talk_tick(&t, 175 * S);
	ends(&t, OUTCOME_ANSWERED_NO_DIGIT);
	assert_non_null(find(&t, DO_HANG_UP));
	assert_int_equal(talk_due(&t), INT64_MAX);
}

static void
test_pin(void **state)
{
	struct talk t = begin("4821");

	(void)state;
	talk_digit(&t, '1', 102 * S);
	assert_null(find(&t, DO_DONE));
	assert_int_equal(find(&t, DO_PLAY)->prompt[0], P_PIN);
	for (const char *p = "482"; *p != '\0'; p++)
		talk_digit(&t, *p, 103 * S);
	assert_int_equal(t.acts, 0);
	talk_digit(&t, '1', 104 * S);
	ends(&t, OUTCOME_ACKNOWLEDGED);
}

static void
test_three_wrong_pins(void **state)
{
	struct talk t = begin("482");

	(void)state;
	talk_digit(&t, '1', 102 * S);
	for (int i = 0; i < 3; i++) {
		assert_null(find(&t, DO_DONE));
		for (const char *p = "111"; *p != '\0'; p++)
			talk_digit(&t, *p, 103 * S);
	}
	ends(&t, OUTCOME_WRONG_PIN);
}

static void
test_wrong_digit_thrice(void **state)
{
	struct talk t = begin("");

	(void)state;
	talk_digit(&t, '7', 102 * S);
	assert_int_equal(find(&t, DO_PLAY)->prompt[0], P_WRONG);
	talk_digit(&t, '*', 103 * S);
	talk_digit(&t, '0', 104 * S);
	ends(&t, OUTCOME_WRONG_DIGIT);
}

static void
test_a_wrong_digit_then_the_right_one(void **state)
{
	struct talk t = begin("");

	(void)state;
	talk_digit(&t, '7', 102 * S);
	talk_digit(&t, '1', 103 * S);
	ends(&t, OUTCOME_ACKNOWLEDGED);
}

static void
test_nine_switches_and_starts_again(void **state)
{
	struct talk t = begin("");

	(void)state;
	talk_digit(&t, '9', 102 * S);
	assert_int_equal(t.lang, LANG_EN);
	assert_int_equal(find(&t, DO_EVENT)->event, CALL_LANGUAGE);
	assert_int_equal(find(&t, DO_PLAY)->prompt[0], P_HEAD);
	talk_digit(&t, '9', 103 * S);
	assert_int_equal(t.lang, LANG_JA);
}

static void
test_a_machine_gets_the_neutral_sentence(void **state)
{
	struct talk t = begin("");

	(void)state;
	talk_voice(&t, true, 101 * S);
	assert_int_equal(talk_due(&t), 105 * S);
	talk_tick(&t, 105 * S);
	assert_non_null(find(&t, DO_STOP));
	assert_int_equal(find(&t, DO_EVENT)->event, CALL_MACHINE);
	talk_voice(&t, false, 110 * S);
	assert_int_equal(find(&t, DO_PLAY)->prompts, 1);
	assert_int_equal(find(&t, DO_PLAY)->prompt[0], P_NEUTRAL);
	talk_played(&t, 116 * S);
	ends(&t, OUTCOME_VOICEMAIL);
}

static void
test_hello_is_not_a_machine_and_a_key_takes_the_guess_back(void **state)
{
	struct talk t = begin("");

	(void)state;
	talk_voice(&t, true, 101 * S);
	talk_voice(&t, false, 103 * S);
	assert_int_equal(talk_due(&t), 175 * S);
	talk_voice(&t, true, 104 * S);
	talk_tick(&t, 108 * S);
	assert_int_equal(t.state, TALK_MACHINE);
	talk_digit(&t, '1', 109 * S);
	ends(&t, OUTCOME_ACKNOWLEDGED);
}

static void
test_what_a_status_means(void **state)
{
	(void)state;
	assert_int_equal(outcome_of_sip(486, true), OUTCOME_BUSY);
	assert_int_equal(outcome_of_sip(600, false), OUTCOME_BUSY);
	assert_int_equal(outcome_of_sip(603, true), OUTCOME_REFUSED);
	assert_int_equal(outcome_of_sip(480, false), OUTCOME_NO_ANSWER);
	assert_int_equal(outcome_of_sip(408, true), OUTCOME_NO_ANSWER);
	assert_int_equal(outcome_of_sip(408, false), OUTCOME_TRUNK_FAILURE);
	assert_int_equal(outcome_of_sip(404, false), OUTCOME_WRONG_NUMBER);
	assert_int_equal(outcome_of_sip(484, false), OUTCOME_WRONG_NUMBER);
	assert_int_equal(outcome_of_sip(401, false), OUTCOME_TRUNK_FAILURE);
	assert_int_equal(outcome_of_sip(500, true), OUTCOME_TRUNK_FAILURE);
	assert_int_equal(outcome_of_sip(0, false), OUTCOME_TRUNK_FAILURE);
}

static void
test_info_bodies(void **state)
{
	(void)state;
	assert_int_equal(digits_from_info(SL("application/dtmf-relay"), SL("Signal=5\r\nDuration=160\r\n")), '5');
	assert_int_equal(digits_from_info(SL("Application/DTMF-Relay; x=y"), SL("Duration=1\r\nsignal = 11 \r\n")), '#');
	assert_int_equal(digits_from_info(SL("application/dtmf"), SL("1")), '1');
	assert_int_equal(digits_from_info(SL("application/dtmf"), SL("12")), 0);
	assert_int_equal(digits_from_info(SL("text/plain"), SL("1")), 0);
	assert_int_equal(digits_from_info(SL("application/dtmf-relay"), SL("")), 0);
	assert_int_equal(digits_from_info(SL("application/dtmf"), slice_of("\0", 1)), 0);
}

static void
test_wav_there_and_back(void **state)
{
	int16_t tone[22050];
	struct buf wav = { 0 };
	struct pcm p;
	int64_t energy = 0;

	(void)state;
	/* 441 Hz as a triangle at 22,050 Hz: one second becomes 8,000 samples of about the same strength. */
	for (int i = 0; i < 22050; i++)
		tone[i] = (int16_t)((i % 50 < 25 ? i % 50 : 50 - i % 50) * 800 - 10000);
	buf_put_str(&wav, "RIFF\x24\xf0\xff\x7fWAVEfmt ");
	buf_put(&wav, "\x10\0\0\0\1\0\1\0\x22\x56\0\0\x44\xac\0\0\2\0\x10\0data\0\xf0\xff\x7f", 28);
	buf_put(&wav, tone, sizeof tone);
	assert_int_equal(pcm_from_wav(buf_slice(&wav), &p), 0);
	assert_int_equal(p.n, 8000);
	for (size_t i = 0; i < p.n; i++)
		energy += abs(p.v[i]);
	assert_in_range(energy / 8000, 4500, 5500);
	buf_clear(&wav);
	pcm_to_wav(&wav, p.v, p.n, p.v, 10);
	assert_int_equal(wav.n, 44 + 8000 * 4);
	pcm_fini(&p);
	assert_int_equal(pcm_from_wav(buf_slice(&wav), &p), E_UNSUPPORTED); /* stereo */
	assert_int_equal(pcm_from_wav(SL("RIFF"), &p), E_SYNTAX);
	buf_fini(&wav);
}

static void
test_answers_to_the_desk(void **state)
{
	struct call_event ev = { CALL_RINGING, 1795464502478000000, 180, NULL };
	struct call_result r = { .outcome = OUTCOME_BUSY, .code = 486, .text = "Busy \"Here\"", .lang = LANG_EN };
	struct buf b = { 0 };

	(void)state;
	call_event_json(&b, "7", &ev);
	assert_string_equal(buf_cstr(&b), "{\"v\":1,\"job\":\"7\",\"at\":\"2026-11-23T20:08:22.478Z\",\"what\":\"ringing\",\"code\":180}");
	buf_clear(&b);
	call_done_json(&b, "7", 1795464502478000000, &r);
	assert_non_null(strstr(buf_cstr(&b), "\"outcome\":\"busy\",\"code\":486,\"text\":\"Busy \\\"Here\\\"\",\"dialled_at\":null"));
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_job_is_read), cmocka_unit_test(test_bad_jobs_are_refused_by_field),
		cmocka_unit_test(test_missing_texts_of_the_other_language_take_key_9_away),
		cmocka_unit_test(test_only_readable_letters_are_spoken), cmocka_unit_test(test_the_number_is_spelled),
		cmocka_unit_test(test_names_are_said_as_people_say_them), cmocka_unit_test(test_any_character_is_said_cleanly_or_not_at_all),
		cmocka_unit_test(test_what_cannot_be_said_is_left_out),
		cmocka_unit_test(test_all_prompts_are_readable), cmocka_unit_test(test_keys),
		cmocka_unit_test(test_silence_is_read_twice_and_is_not_a_person), cmocka_unit_test(test_hang_up_at_once),
		cmocka_unit_test(test_the_limit_ends_everything), cmocka_unit_test(test_pin),
		cmocka_unit_test(test_three_wrong_pins), cmocka_unit_test(test_wrong_digit_thrice),
		cmocka_unit_test(test_a_wrong_digit_then_the_right_one), cmocka_unit_test(test_nine_switches_and_starts_again),
		cmocka_unit_test(test_a_machine_gets_the_neutral_sentence),
		cmocka_unit_test(test_hello_is_not_a_machine_and_a_key_takes_the_guess_back),
		cmocka_unit_test(test_what_a_status_means), cmocka_unit_test(test_info_bodies),
		cmocka_unit_test(test_wav_there_and_back), cmocka_unit_test(test_answers_to_the_desk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
