/* SPDX-License-Identifier: Apache-2.0
 *
 * Character sets of mails, by iconv.  What the table names is opened once, before the jail, because glibc loads a
 * module from a file for each; nothing else is ever opened, whatever a mail calls its set.
 *
 * ISO-2022-JP goes through CP932, byte pair by byte pair (JIS X 0208 annex 1): real mails carry the vendors' row 13
 * (①, ㈱), which glibc's ISO-2022-JP refuses.
 */
#include <errno.h>
#include <iconv.h>

#include "base/utf8.h"
#include "mail/mail.h"

static struct {
	const char *name, *real; /* as a mail says it; as iconv does */
	iconv_t cd;
} sets[] = {
	{ "iso-2022-jp-2", "ISO-2022-JP-2", NULL }, { "iso-2022-jp-3", "ISO-2022-JP-3", NULL },
	{ "shift_jis", "CP932", NULL }, { "shift-jis", "CP932", NULL }, { "sjis", "CP932", NULL }, { "x-sjis", "CP932", NULL },
	{ "windows-31j", "CP932", NULL }, { "cp932", "CP932", NULL }, { "ms_kanji", "CP932", NULL }, { "euc-jp", "EUC-JP-MS", NULL },
	{ "x-euc-jp", "EUC-JP-MS", NULL }, { "iso-8859-1", "WINDOWS-1252", NULL }, { "windows-1252", "WINDOWS-1252", NULL },
	{ "iso-8859-2", "ISO-8859-2", NULL }, { "windows-1250", "WINDOWS-1250", NULL }, { "iso-8859-15", "ISO-8859-15", NULL },
	{ "windows-1251", "WINDOWS-1251", NULL }, { "koi8-r", "KOI8-R", NULL }, { "gb2312", "GBK", NULL }, { "gbk", "GBK", NULL },
	{ "gb18030", "GB18030", NULL }, { "big5", "BIG5-HKSCS", NULL }, { "euc-kr", "CP949", NULL }, { "ks_c_5601-1987", "CP949", NULL },
	{ "utf-16", "UTF-16", NULL }, { "utf-16le", "UTF-16LE", NULL }, { "utf-16be", "UTF-16BE", NULL }, { "utf-7", "UTF-7", NULL },
};

void
charset_init(void)
{
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		if (sets[i].cd == NULL)
			sets[i].cd = iconv_open("UTF-8", sets[i].real);
}

static void
latin1(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		char enc[4];

		buf_put(out, enc, utf8_put(enc, (unsigned char)s.p[i]));
	}
}

static void
convert(iconv_t cd, struct slice s, struct buf *out)
{
	char *in = (char *)(uintptr_t)s.p, room[4096];
	size_t left = s.n;

	iconv(cd, NULL, NULL, NULL, NULL);
	while (left != 0) {
		char *to = room;
		size_t free_n = sizeof room, before = left, r;

		errno = 0;
		r = iconv(cd, &in, &left, &to, &free_n);
		buf_put(out, room, sizeof room - free_n);
		if (r != (size_t)-1 || errno == E2BIG) {
			if (left == before && free_n == sizeof room)
				break;
			continue;
		}
		/* no character, or half of one at the end */
		buf_put_str(out, "\xef\xbf\xbd");
		in++;
		left--;
	}
}

static iconv_t
set_of(struct slice name)
{
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		if (slice_eq_nocase(name, slice_str(sets[i].name)) && sets[i].cd != (iconv_t)-1)
			return sets[i].cd;
	return NULL;
}

enum { ASCII, KANA, KANJI };

/* The set an escape sequence chooses; *ret_n its length. -1: none of ours. */
static int
escape(struct slice s, size_t *ret_n)
{
	static const struct {
		const char *seq;
		int set;
	} known[] = { { "\x1b(B", ASCII }, { "\x1b(J", ASCII }, { "\x1b(I", KANA }, { "\x1b$@", KANJI }, { "\x1b$B", KANJI } };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_starts(s, slice_str(known[i].seq))) {
			*ret_n = 3;
			return known[i].set;
		}
	return -1;
}

static void
jis_to_cp932(struct slice s, struct buf *out)
{
	int set = ASCII;

	for (size_t i = 0; i < s.n;) {
		unsigned char a = (unsigned char)s.p[i], b = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
		size_t n = 0;
		int next = a == 0x1b ? escape(slice_sub(s, i, s.n), &n) : -1;

		if (next >= 0) {
			set = next;
			i += n;
		} else if (set == KANJI && a >= 0x21 && a <= 0x7e && b >= 0x21 && b <= 0x7e) {
			buf_put_byte(out, (char)(((a - 1) >> 1) + (a <= 0x5e ? 0x71 : 0xb1)));
			buf_put_byte(out, (char)(a & 1 ? b + (b <= 0x5f ? 0x1f : 0x20) : b + 0x7e));
			i += 2;
		} else {
			set = a == '\n' ? ASCII : set; /* a line begins in ASCII */
			buf_put_byte(out, (char)(set == KANA && a >= 0x21 && a <= 0x5f ? a | 0x80 : a));
			i++;
		}
	}
}

void
charset_to_utf8(struct slice bytes, const char *charset, struct buf *out)
{
	struct slice want = charset != NULL ? slice_str(charset) : SL("");

	struct buf pairs = { 0 };

	if (slice_eq_nocase(want, SL("iso-2022-jp")) || slice_eq_nocase(want, SL("iso-2022-jp-ms")) || slice_eq_nocase(want, SL("cp50221"))) {
		jis_to_cp932(bytes, &pairs);
		bytes = buf_slice(&pairs);
		want = SL("cp932");
	}
	if (set_of(want) != NULL) {
		convert(set_of(want), bytes, out);
		buf_fini(&pairs);
		return;
	}
	buf_fini(&pairs);
	if (want.n == 0 || slice_eq_nocase(want, SL("utf-8")) || slice_eq_nocase(want, SL("us-ascii")) || utf8_is_valid(bytes))
		utf8_repair(out, bytes);
	else
		latin1(bytes, out);
}
