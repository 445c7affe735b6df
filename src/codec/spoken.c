/* SPDX-License-Identifier: Apache-2.0
 *
 * Each character is one of: said as it is; a mark that changes or repeats the kana before it; a row of tbl/spoken.tbl; a
 * letter that is the same as a plainer one (full width, half width, Vietnamese); or not sayable.
 */
#include "codec/spoken.h"

#include "base/utf8.h"

static const struct word {
	uint32_t code;
	const char *said[2];
} words[] = {
#define SPOKEN(code, ja, en) { code, { ja, en } },
#include "tbl/spoken.tbl"
#undef SPOKEN
};

/* U+FF66 to U+FF9D as katakana. */
static const uint16_t half_width[] = {
	0x30f2, 0x30a1, 0x30a3, 0x30a5, 0x30a7, 0x30a9, 0x30e3, 0x30e5, 0x30e7, 0x30c3, 0x30fc, 0x30a2, 0x30a4, 0x30a6, 0x30a8, 0x30aa, 0x30ab, 0x30ad, 0x30af,
	0x30b1, 0x30b3, 0x30b5, 0x30b7, 0x30b9, 0x30bb, 0x30bd, 0x30bf, 0x30c1, 0x30c4, 0x30c6, 0x30c8, 0x30ca, 0x30cb, 0x30cc, 0x30cd, 0x30ce, 0x30cf, 0x30d2,
	0x30d5, 0x30d8, 0x30db, 0x30de, 0x30df, 0x30e0, 0x30e1, 0x30e2, 0x30e4, 0x30e6, 0x30e8, 0x30e9, 0x30ea, 0x30eb, 0x30ec, 0x30ed, 0x30ef, 0x30f3,
};

/* The letters under the accents of U+1E00 to U+1EFF, which the English voice would spell as numbers. */
static const char plain_latin[] =
        "AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMm"
        "MmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVv"
        "WwWwWwWwWwXxXxYyZzZzZzhtwyasssSdAaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe"
        "EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYyLlVvYy";

static bool
is_ascii_word(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_kana(uint32_t c)
{
	return (c >= 0x3041 && c <= 0x3094) || (c >= 0x30a1 && c <= 0x30f4) || (c >= 0x30f7 && c <= 0x30fa);
}

static bool
is_accented(uint32_t c)
{
	return (c >= 0xc0 && c <= 0x17f && c != 0xd7 && c != 0xf7 && c != 0x110 && c != 0x111) || (c >= 0x1cd && c <= 0x1dc) || (c >= 0x218 && c <= 0x21b);
}

/* Has a sound. */
static bool
is_said(enum spoken voice, uint32_t c)
{
	return is_ascii_word(c) || (voice == SPOKEN_JA ? is_kana(c) : is_accented(c));
}

/* May stand between: a pause, or nothing at all. */
static bool
is_pause(enum spoken voice, uint32_t c)
{
	if (c < 0x80)
		return c != 0 && strchr(" .,'-?!:;()/", (int)c) != NULL;
	return voice == SPOKEN_JA && (c == 0x30fc || c == 0x3001 || c == 0x3002 || c == 0xff01 || c == 0xff1f);
}

/* The kana with its two dots, or with its ring; 0 when it takes none. Code points of U+3041… and U+30A1… go in step. */
static uint32_t
voiced(uint32_t c, bool ring)
{
	uint32_t k = c >= 0x30a1 ? c - 0x60 : c; /* as hiragana */
	bool ha = k >= 0x306f && k <= 0x307d && (k - 0x306f) % 3 == 0;

	if (ring)
		return ha ? c + 2 : 0;
	if (ha || (k >= 0x304b && k <= 0x3061 && k % 2 == 1) || k == 0x3064 || k == 0x3066 || k == 0x3068)
		return c + 1;
	return k == 0x3046 ? c + 0x4e : 0; /* う, ゔ */
}

static uint32_t
unvoiced(uint32_t c)
{
	return c >= 1 && voiced(c - 1, false) == c ? c - 1 : c >= 2 && voiced(c - 2, true) == c ? c - 2 : c;
}

/* The same letter, plainer. */
static uint32_t
plain(uint32_t c)
{
	if (c >= 0xff01 && c <= 0xff5e && c != 0xff01 && c != 0xff1f)
		return c - 0xfee0;
	if (c >= 0xff66 && c <= 0xff9d)
		return half_width[c - 0xff66];
	if (c >= 0x1e00 && c <= 0x1eff)
		return (unsigned char)plain_latin[c - 0x1e00];
	return c;
}

struct speaker {
	struct buf *out;
	enum spoken voice;
	uint32_t kana; /* the last one, 0 after anything else; its bytes end the output */
	bool said;     /* anything that has a sound */
};

static void
put(struct speaker *s, uint32_t c)
{
	char bytes[4];

	buf_put(s->out, bytes, utf8_put(bytes, c));
	s->said |= is_said(s->voice, c);
	s->kana = is_kana(c) ? c : 0;
}

/* Marks behind a kana: voicing, repetition, length. False when c is none of them; *ret_ok: it had a kana before it. */
static bool
put_mark(struct speaker *s, uint32_t c, bool *ret_ok)
{
	bool ring = c == 0x309a || c == 0x309c || c == 0xff9f, dots = c == 0x3099 || c == 0x309b || c == 0xff9e;
	bool again = c == 0x309d || c == 0x30fd || c == 0x3005 || c == 0x303b, again_voiced = c == 0x309e || c == 0x30fe;
	uint32_t k = s->kana;

	if (ring || dots) {
		if (k != 0 && voiced(k, ring) != 0) {
			s->out->n -= 3; /* a kana has three bytes */
			put(s, voiced(k, ring));
		}
		*ret_ok = true;
		return true;
	}
	if (!again && !again_voiced)
		return false;
	*ret_ok = k != 0;
	if (k == 0)
		return true;
	if (again_voiced)
		put(s, voiced(unvoiced(k), false) != 0 ? voiced(unvoiced(k), false) : k);
	else
		put(s, c == 0x3005 || c == 0x303b ? k : unvoiced(k));
	return true;
}

static bool
put_word(struct speaker *s, uint32_t c)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].code == c && words[i].said[s->voice] != NULL) {
			struct slice said = slice_str(words[i].said[s->voice]);

			for (uint32_t k; said.n != 0;) {
				size_t n = utf8_next(said, &k);

				put(s, k);
				said = slice_sub(said, n, said.n);
			}
			return true;
		}
	return false;
}

/* One character; false when it cannot be said. */
static bool
say(struct speaker *s, uint32_t c)
{
	bool ok;

	if (c >= 0x300 && c <= 0x36f)
		return true; /* an accent of the letter before it */
	if (s->voice == SPOKEN_JA && put_mark(s, c, &ok))
		return ok;
	c = plain(c);
	if (s->voice == SPOKEN_JA && s->kana != 0 && (c == '~' || c == 0x301c || c == 0x2014 || c == 0x2015 || c == 0x2212))
		c = 0x30fc; /* a dash where the long mark was meant */
	if (is_said(s->voice, c) || is_pause(s->voice, c)) {
		put(s, c);
		return true;
	}
	return put_word(s, c);
}

bool
spoken_put(struct buf *out, enum spoken voice, struct slice text, struct slice *ret_bad)
{
	struct speaker s = { .out = out, .voice = voice };
	size_t before = out->n, n;
	struct slice bad = text;

	for (; text.n != 0; text = slice_sub(text, n, text.n)) {
		uint32_t c;

		n = utf8_next(text, &c);
		bad = slice_sub(text, 0, n);
		if (!say(&s, c))
			break;
	}
	if (text.n == 0 && s.said)
		return true;
	out->n = before;
	if (ret_bad != NULL)
		*ret_bad = text.n != 0 ? bad : slice_of(bad.p, 0);
	return false;
}

bool
spoken_is_clean(enum spoken voice, struct slice text)
{
	while (text.n != 0) {
		uint32_t c;
		size_t n = utf8_next(text, &c);

		if (!is_said(voice, c) && !is_pause(voice, c))
			return false;
		text = slice_sub(text, n, text.n);
	}
	return true;
}
