/* SPDX-License-Identifier: Apache-2.0
 *
 * What the telephone says.  Japanese is written the way it is spoken (kana, は read わ is written わ),
 * because the voice reads kanji as "Chinese letter"; English plainly.  Polite form, no excuses, the next
 * step said first to last.  Never a password, never a link, never a word of a log line.
 *
 * words_speakable is the gate for everything that comes from outside: only letters the voice reads
 * as letters pass, so no markup ("[[phonemes]]", "<say-as>") reaches the program.
 */
#include "base/utf8.h"
#include "call/call_priv.h"

static const char *const sev_words[LANG_COUNT][SEV_COUNT] = {
	[LANG_JA] = { "きんきゅう", "じゅうだい", "けいこく", "じょうほう" },
	[LANG_EN] = { "an emergency", "a critical", "a warning", "an informational" },
};

/* Fixed sentences. P_HEAD and P_BODY are built below. */
static const char *const fixed[LANG_COUNT][P_COUNT] = {
	[LANG_JA] = {
		[P_AGAIN] = "もういちど、おつたえします。",
		[P_PIN] = "あんしょうばんごうを、おしてください。",
		[P_PIN_WRONG] = "あんしょうばんごうが、ちがいます。",
		[P_WRONG] = "その ばんごうわ、つかいません。",
		[P_ACK] = "かくにんを うけつけました。くわしいことわ、ポータルと メールを みてください。",
		[P_NEXT] = "つぎの れんらくさきに、でんわを かけます。",
		[P_ANALYST] = "アナリストから、すぐに でんわを かけます。",
		[P_BYE] = "かくにんが とれないため、もういちど れんらくします。",
		[P_NEUTRAL] = "セキュリティ かんしセンターの、ねずばんです。たいせつな おしらせが あります。"
		              "メールを かくにんしてください。",
	},
	[LANG_EN] = {
		[P_AGAIN] = "Once more.",
		[P_PIN] = "Enter your PIN.",
		[P_PIN_WRONG] = "That PIN is wrong.",
		[P_WRONG] = "That key is not used.",
		[P_ACK] = "Your acknowledgement is recorded. You find the details in the portal and in your mail.",
		[P_NEXT] = "We are calling the next contact.",
		[P_ANALYST] = "An analyst will call you at once.",
		[P_BYE] = "Nobody has acknowledged. We will call again.",
		[P_NEUTRAL] = "This is Nezuban, the security operations centre. We have an important notice for you. "
		              "Check your mail.",
	},
};

static const char *const kana_digit[] = { "ゼロ", "いち", "にー", "さん", "よん", "ごー", "ろく", "なな", "はち", "きゅう" };
static const char *const kana_letter[] = { "エー", "ビー", "シー", "ディー", "イー", "エフ", "ジー", "エイチ", "アイ", "ジェー",
	"ケー", "エル", "エム", "エヌ", "オー", "ピー", "キュー", "アール", "エス", "ティー", "ユー", "ブイ", "ダブリュー",
	"エックス", "ワイ", "ゼット" };

/* Hiragana, katakana with the long mark, 、。・ blanks, ASCII letters, digits, and a little punctuation. */
static bool
kana_ok(uint32_t c)
{
	return (c >= 0x3041 && c <= 0x3096) || (c >= 0x30a1 && c <= 0x30fc) || c == 0x3001 || c == 0x3002 ||
	       c == 0x3000 || c == 0xff01 || c == 0xff1f;
}

static bool
ascii_ok(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c < 0x80 && c != 0 && strchr(" .,'-?!:;()/", (int)c) != NULL);
}

bool
words_speakable(enum lang lang, struct slice text)
{
	if (text.n == 0)
		return false;
	while (text.n != 0) {
		uint32_t c;
		size_t n = utf8_next(text, &c);

		if (!ascii_ok(c) && (lang != LANG_JA || !kana_ok(c)) &&
		    (lang != LANG_EN || !(c >= 0xc0 && c <= 0x17f)))
			return false;
		text = slice_sub(text, n, text.n);
	}
	return true;
}

/* "AOBA-2026-0007" letter by letter and digit by digit, a pause at each hyphen. */
static void
spell(struct buf *out, enum lang lang, const char *id)
{
	for (const char *p = id; *p != '\0'; p++) {
		char c = *p;

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c >= '0' && c <= '9')
			buf_put_str(out, lang == LANG_JA ? kana_digit[c - '0'] : (const char[]){ c, '\0' });
		else if (c >= 'A' && c <= 'Z')
			buf_put_str(out, lang == LANG_JA ? kana_letter[c - 'A'] : (const char[]){ c, '\0' });
		else {
			buf_put_str(out, lang == LANG_JA ? "、" : ", ");
			continue;
		}
		buf_put_str(out, lang == LANG_JA && c >= 'A' ? "、" : lang == LANG_JA ? " " : ", ");
	}
}

static bool
put_checked(struct buf *out, enum lang lang, const char *text)
{
	if (!words_speakable(lang, slice_str(text)))
		return false;
	buf_put_str(out, text);
	return true;
}

static bool
head(const struct call_job *j, enum lang lang, struct buf *out)
{
	bool ja = lang == LANG_JA, ok;

	buf_put_str(out, ja ? "こちらわ、セキュリティ かんしセンターの、ねずばんです。" :
	                      "This is Nezuban, the security operations centre, calling ");
	ok = put_checked(out, lang, j->company[lang]);
	if (ja && words_speakable(lang, slice_str(j->kana)))
		buf_printf(out, "の、%s", j->kana);
	buf_put_str(out, ja ? " さまえ、れんらくします。あいことばわ、" : ". The code word is ");
	ok = ok && put_checked(out, lang, j->code_word[lang]);
	buf_put_str(out, ja ? "です。" : ". ");
	return ok;
}

static bool
body(const struct call_job *j, enum lang lang, struct buf *out)
{
	bool ja = lang == LANG_JA, ok;

	if (j->test) {
		ok = put_checked(out, lang, j->summary[lang]);
		buf_put_byte(out, ' ');
		return ok;
	}
	if (ja)
		buf_printf(out, "%s インシデントが あります。ばんごうわ、", sev_words[lang][j->severity]);
	else
		buf_printf(out, "There is %s incident. Its number is ", sev_words[lang][j->severity]);
	spell(out, lang, j->incident);
	buf_put_str(out, ja ? "です。" : ". ");
	ok = put_checked(out, lang, j->summary[lang]);
	buf_put_str(out, ja ? "。" : ". ");
	return ok;
}

static void
keys(const struct call_job *j, enum lang lang, struct buf *out)
{
	bool other = j->other != LANG_NONE;

	if (lang == LANG_JA)
		buf_printf(out, "かくにんしたら、いち。つぎの れんらくさきに まわすときわ、に。アナリストと はなすときわ、さん%s"
		           "を、おしてください。", other ? "。えいごわ、きゅう。" : "。");
	else
		buf_printf(out, "To acknowledge, press 1. For the next contact, press 2. For an analyst, press 3.%s",
		           other ? " For Japanese, press 9." : "");
}

bool
words_prompt(const struct call_job *j, enum lang lang, enum prompt p, struct buf *out)
{
	buf_clear(out);
	switch (p) {
	case P_HEAD:
		return head(j, lang, out);
	case P_BODY:
		return body(j, lang, out);
	case P_KEYS:
		keys(j, lang, out);
		return true;
	default:
		buf_put_str(out, fixed[lang][p]);
		return true;
	}
}
