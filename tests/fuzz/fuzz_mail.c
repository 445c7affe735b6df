/* SPDX-License-Identifier: Apache-2.0
 *
 * What a mail server hands over: any bytes as an LMTP dialogue, cut anywhere, and every mail that comes out of it, or
 * all of it, as a letter.  The answers are whole lines; a letter is UTF-8 without control characters within its
 * limits, its JSON is JSON, and who is proved had a header of our own server.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/must.h"
#include "base/utf8.h"
#include "mail/mail.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check_text(const char *s, size_t max, bool lines)
{
	must(utf8_is_valid(slice_str(s)) && strlen(s) <= max);
	for (; *s != '\0'; s++)
		must((unsigned char)*s >= 0x20 || (lines && (*s == '\n' || *s == '\t')));
}

static bool
names_us(struct slice mail)
{
	for (size_t i = 0; i + 1 < mail.n; i++)
		if (slice_eq_nocase(slice_sub(mail, i, i + 2), SL("mx")))
			return true;
	return false;
}

static void
as_letter(struct slice mail, const char *from)
{
	static const struct letter_rules rules = { .authserv = "mx", .own = "soc@soc.example", .file_max = 4096, .files_total = 16384 };
	static const char *const rcpt[] = { "soc+q-abcdefghijklmnop@soc.example" };
	struct letter_envelope env = { from, rcpt, 1 };
	struct buf json = { 0 };
	struct letter l;
	struct arena a;
	size_t total = 0;
	json_t *o;

	arena_init(&a, 0, 0);
	if (letter_read(mail, &rules, &env, &a, &l) == 0) {
		check_text(l.text, LETTER_TEXT, true);
		check_text(l.subject, 900, false);
		check_text(l.name, 180, false);
		check_text(l.from, 254, false);
		check_text(l.proof, LETTER_PROOF, false);
		must(l.why[0] == '\0' || strcmp(l.auth, "pass") != 0);
		must(strcmp(l.auth, "pass") != 0 || names_us(mail));
		must(l.files_n <= LETTER_FILES && l.tokens_n <= LETTER_TOKENS);
		for (size_t i = 0; i < l.files_n; i++) {
			total += l.files[i].body.n;
			must(l.files[i].body.n <= rules.file_max && l.files[i].body.n == (l.files[i].note == NULL ? l.files[i].size : 0));
		}
		must(total <= rules.files_total);
		letter_json(&l, &json);
		o = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
		must(json_is_object(o));
		json_decref(o);
	}
	buf_fini(&json);
	arena_fini(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool ready;
	struct buf out = { 0 };
	struct lmtp l;
	size_t step;

	if (!ready)
		letter_init();
	ready = true;
	if (n < 1)
		return 0;
	step = (size_t)p[0] % 64 + 1;
	lmtp_begin(&l, "soc.example", p[0] & 64 ? "soc@soc.example" : "", 4096, &out);
	for (size_t at = 1; at < n; at += step) {
		struct slice in = slice_of(p + at, at + step < n ? step : n - at);
		enum lmtp_event e = LMTP_MORE;

		while (in.n != 0 && e != LMTP_QUIT)
			if ((e = lmtp_step(&l, &in, &out)) == LMTP_MAIL) {
				must(l.rcpts > 0 && l.mail.n <= 4096);
				as_letter(buf_slice(&l.mail), l.from);
				lmtp_done(&l, "250 2.0.0 kept", &out);
			}
		if (e == LMTP_QUIT)
			break;
	}
	must(out.n >= 2 && out.p[out.n - 1] == '\n');
	lmtp_fini(&l);
	buf_fini(&out);
	as_letter(slice_of(p + 1, n - 1), "a@b.example");
	return 0;
}
