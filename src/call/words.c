/* SPDX-License-Identifier: Apache-2.0
 *
 * What the telephone says.  Japanese is written the way it is spoken (kana, は read わ is written わ),
 * because the voice reads kanji as "Chinese letter"; English plainly.  Polite form, no excuses, the next
 * step said first to last.  Never a password, never a link, never a word of a log line.
 *
 * codec/spoken is the gate for everything that comes from outside: only what the voice has a sound for passes, so no
 * markup ("[[phonemes]]", "<say-as>") reaches the program.  What does not pass is left out: a person is rung and told
 * that there is an incident, with its number, whatever the names are.
 */
#include "call/call_priv.h"
#include "codec/spoken.h"

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

/* A text from outside as it is said, with `before` and `after` around it; nothing at all when it cannot be. */
static bool
put_outside(struct buf *out, enum lang lang, const char *before, const char *text, const char *after)
{
	size_t start = out->n;

	buf_put_str(out, before);
	if (!spoken_put(out, lang == LANG_JA ? SPOKEN_JA : SPOKEN_EN, slice_str(text), NULL)) {
		out->n = start;
		return false;
	}
	buf_put_str(out, after);
	return true;
}

static void
head_ja(const struct call_job *j, bool plain, struct buf *out)
{
	bool named = false;

	buf_put_str(out, "こちらわ、セキュリティ かんしセンターの、ねずばんです。");
	if (!plain) {
		named = put_outside(out, LANG_JA, "", j->company[LANG_JA], "");
		named |= put_outside(out, LANG_JA, named ? "の、" : "", j->kana, "");
	}
	buf_put_str(out, named ? " さまえ、れんらくします。" : "おきゃくさまえ、れんらくします。");
	if (!plain)
		put_outside(out, LANG_JA, "あいことばわ、", j->code_word[LANG_JA], "です。");
}

static void
head_en(const struct call_job *j, bool plain, struct buf *out)
{
	buf_put_str(out, "This is Nezuban, the security operations centre");
	if (!plain)
		put_outside(out, LANG_EN, ", calling ", j->company[LANG_EN], "");
	buf_put_str(out, ". ");
	if (!plain)
		put_outside(out, LANG_EN, "The code word is ", j->code_word[LANG_EN], ". ");
}

static void
body(const struct call_job *j, enum lang lang, bool plain, struct buf *out)
{
	bool ja = lang == LANG_JA;

	if (j->test) {
		if (plain || !put_outside(out, lang, "", j->summary[lang], " "))
			buf_put_str(out, ja ? "これわ、れんらくの しけんです。" : "This is a test. ");
		return;
	}
	if (ja)
		buf_printf(out, "%s インシデントが あります。ばんごうわ、", sev_words[lang][j->severity]);
	else
		buf_printf(out, "There is %s incident. Its number is ", sev_words[lang][j->severity]);
	spell(out, lang, j->incident);
	buf_put_str(out, ja ? "です。" : ". ");
	if (!plain)
		put_outside(out, lang, "", j->summary[lang], ja ? "。" : ". ");
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

void
words_prompt(const struct call_job *j, enum lang lang, enum prompt p, bool plain, struct buf *out)
{
	buf_clear(out);
	switch (p) {
	case P_HEAD:
		if (lang == LANG_JA)
			head_ja(j, plain, out);
		else
			head_en(j, plain, out);
		break;
	case P_BODY:
		body(j, lang, plain, out);
		break;
	case P_KEYS:
		keys(j, lang, out);
		break;
	default:
		buf_put_str(out, fixed[lang][p]);
		break;
	}
}
