/* SPDX-License-Identifier: Apache-2.0
 *
 * Mails of strangers: LMTP byte by byte, who is proved by Authentication-Results, character sets of Japan, files,
 * what machines send, and letters that were made to hurt.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "base/utf8.h"
#include "mail/mail.h"
#include "../../src/role/mail_state.c"

/* ---- LMTP ---- */

static const char dialogue[] =
        "LHLO mx.soc.example\r\nMAIL FROM:<a@aoba.example> SIZE=100 BODY=8BITMIME\r\nRCPT TO:<soc+q-abcdefghijklmnop@soc.example>\r\n"
        "RCPT TO:<other@soc.example>\r\nRCPT TO:<SOC@soc.example>\r\nDATA\r\nSubject: x\r\n\r\n..one\r\n.\n.\r\ntwo\n.\r\n.\r\nNOOP\r\n";

/* Feeds text in pieces of `step` bytes; answers every mail with 250. Returns what was said and the mails. */
static void
play(const char *text, size_t step, size_t max, struct buf *out, struct buf *mails, char *rcpt)
{
	struct lmtp l;
	struct slice all = slice_str(text);

	lmtp_begin(&l, "soc.example", "soc@soc.example", max, out);
	for (size_t at = 0; at < all.n; at += step) {
		struct slice in = slice_sub(all, at, at + step < all.n ? at + step : all.n);

		while (in.n != 0) {
			enum lmtp_event e = lmtp_step(&l, &in, out);

			if (e == LMTP_QUIT)
				goto end;
			if (e != LMTP_MAIL)
				continue;
			buf_put_slice(mails, buf_slice(&l.mail));
			buf_put_byte(mails, '|');
			if (rcpt != NULL)
				snprintf(rcpt, 700, "%s %s", l.rcpt[0], l.rcpts > 1 ? l.rcpt[1] : "");
			lmtp_done(&l, "250 2.0.0 kept", out);
		}
	}
end:
	lmtp_fini(&l);
}

static void
every_cut_of_the_bytes_says_the_same(void **st)
{
	struct buf first = { 0 }, mail = { 0 };
	char rcpt[700] = "";

	(void)st;
	play(dialogue, 1000, 1000, &first, &mail, rcpt);
	/* dots are unstuffed; a bare LF neither ends a line nor a mail */
	assert_string_equal(buf_cstr(&mail), "Subject: x\r\n\r\n.one\r\n\n.\r\ntwo\n.\r\n|");
	assert_string_equal(rcpt, "soc+q-abcdefghijklmnop@soc.example SOC@soc.example");
	assert_non_null(strstr(buf_cstr(&first), "550 5.1.1"));
	assert_non_null(strstr(buf_cstr(&first), "354 go on, end with a dot\r\n250 2.0.0 kept\r\n250 2.0.0 kept\r\n250 2.0.0 ok\r\n"));
	for (size_t step = 1; step < 40; step++) {
		struct buf again = { 0 }, other = { 0 };

		play(dialogue, step, 1000, &again, &other, NULL);
		assert_string_equal(buf_cstr(&again), buf_cstr(&first));
		assert_string_equal(buf_cstr(&other), buf_cstr(&mail));
		buf_fini(&again);
		buf_fini(&other);
	}
	buf_fini(&first);
	buf_fini(&mail);
}

static void
what_is_too_large_is_refused_for_good(void **st)
{
	static const char head[] = "LHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<soc@soc.example>\r\nDATA\r\n";
	struct buf text = { 0 }, out = { 0 }, mails = { 0 };

	(void)st;
	/* said before, and not said before, in lines and in one without an end */
	play("LHLO x\r\nMAIL FROM:<a@b.example> SIZE=1001\r\nQUIT\r\n", 7, 1000, &out, &mails, NULL);
	assert_non_null(strstr(buf_cstr(&out), "\r\n552 5.3.4"));
	buf_clear(&out);
	buf_put_str(&text, head);
	for (int i = 0; i < 200; i++)
		buf_put_str(&text, "0123456789\r\n");
	buf_put_str(&text, ".\r\nNOOP\r\n");
	play(buf_cstr(&text), 33, 1000, &out, &mails, NULL);
	assert_non_null(strstr(buf_cstr(&out), "354 go on, end with a dot\r\n552 5.3.4 larger than we take\r\n250 2.0.0 ok\r\n"));
	buf_clear(&out);
	buf_clear(&text);
	buf_put_str(&text, head);
	for (int i = 0; i < 3000; i++)
		buf_put_byte(&text, 'x');
	buf_put_str(&text, "\r\n.\r\nNOOP\r\n");
	play(buf_cstr(&text), 17, 1000, &out, &mails, NULL);
	assert_non_null(strstr(buf_cstr(&out), "552 5.3.4 larger than we take\r\n250 2.0.0 ok\r\n"));
	assert_int_equal(mails.n, 0);
	buf_fini(&out);
	buf_fini(&text);
	buf_fini(&mails);
}

static void
whoever_speaks_something_else_is_cut_off(void **st)
{
	struct buf out = { 0 }, mails = { 0 }, text = { 0 };

	(void)st;
	play("GET / HTTP/1.1\r\nDATA\r\nRCPT TO:<x@y>\r\nMAIL FROM:nobody\r\nMAIL FROM:<a b@c>\r\nLHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<soc@else.example>\r\nRCPT TO:<soc+@soc.example>\r\n", 5,
	     100, &out, &mails, NULL);
	assert_string_equal(buf_cstr(&out), "220 soc.example LMTP\r\n500 5.5.2 no such command\r\n503 5.5.1 nobody to give it to\r\n503 5.5.1 MAIL first\r\n"
	                                    "501 5.5.4 MAIL FROM:<address>\r\n501 5.5.4 MAIL FROM:<address>\r\n250-soc.example\r\n250-PIPELINING\r\n250-SIZE 100\r\n250-8BITMIME\r\n"
	                                    "250 ENHANCEDSTATUSCODES\r\n250 2.1.0 ok\r\n550 5.1.1 nobody of that name here\r\n250 2.1.5 ok\r\n");
	for (int i = 0; i < 30; i++)
		buf_put_str(&text, "EHLO x\r\n");
	buf_clear(&out);
	play(buf_cstr(&text), 8, 100, &out, &mails, NULL);
	assert_non_null(strstr(buf_cstr(&out), "\r\n421 4.7.0"));
	buf_clear(&text);
	for (int i = 0; i < 3000; i++)
		buf_put_byte(&text, 'a');
	buf_clear(&out);
	play(buf_cstr(&text), 100, 100, &out, &mails, NULL);
	assert_non_null(strstr(buf_cstr(&out), "500 5.5.2 line too long"));
	buf_fini(&out);
	buf_fini(&text);
	buf_fini(&mails);
}

/* ---- Authentication-Results ---- */

static const char *
said(const char *value, const char *authserv, const char *domain)
{
	struct authres v = { 0 };
	struct slice results;

	authres_read(slice_str(value), authserv, slice_str(domain), &v, &results);
	return authres_word(&v);
}

static void
only_our_own_servers_word_counts(void **st)
{
	static const struct {
		const char *value, *want;
	} v[] = {
		{ "mx.soc.example; dkim=pass header.d=aoba.example", "pass" },
		{ " MX.soc.example 1; dkim=pass (2048-bit; \\) key) header.i=@AOBA.example header.b=\"x;y\"; spf=fail smtp.mailfrom=list.example", "pass" },
		{ "mx.soc.example; spf=pass smtp.mailfrom=odagiri@aoba.example", "pass" },
		{ "mx.soc.example; dmarc=pass (p=reject) header.from=aoba.example", "pass" },
		{ "mx.soc.example; dkim/1=pass header.d=example", "foreign" },
		{ "mx.soc.example; dkim=pass header.d=oba.example", "foreign" },
		{ "mx.soc.example; dkim=pass header.d=evil.example", "foreign" },
		{ "mx.soc.example; dkim=pass header.d=mail.aoba.example", "foreign" },
		{ "mx.soc.example; dkim=pass", "foreign" },
		{ "mx.soc.example; spf=pass smtp.helo=aoba.example", "foreign" },
		{ "mx.soc.example; arc=pass header.d=aoba.example", "none" },
		{ "mx.soc.example; spf=softfail smtp.mailfrom=aoba.example", "forged" },
		{ "mx.soc.example; spf=fail smtp.mailfrom=odagiri@aoba.example; dkim=none", "forged" },
		{ "mx.soc.example; spf=fail smtp.mailfrom=bounces.example", "fail" },
		{ "mx.soc.example; spf=temperror smtp.mailfrom=aoba.example", "fail" },
		{ "mx.soc.example; dkim=fail (body hash mismatch) header.d=aoba.example", "changed" },
		{ "mx.soc.example; spf=pass smtp.mailfrom=aoba.example; dkim=fail header.d=aoba.example", "changed" }, /* the place does not help */
		{ "mx.soc.example; dkim=fail header.d=aoba.example; dmarc=pass header.from=aoba.example", "changed" },
		{ "mx.soc.example; dkim=fail header.d=aoba.example; dkim=pass header.d=aoba.example", "pass" }, /* one of two signatures */
		{ "mx.soc.example; dkim=fail header.d=list.example; spf=pass smtp.mailfrom=aoba.example", "pass" },
		{ "mx.soc.example; dkim=permerror (no key) header.d=aoba.example", "fail" },
		{ "mx.soc.example; dkim=pass header.d=aoba.example; dmarc=fail header.from=aoba.example", "forged" },
		{ "mx.soc.example; none", "none" },
		{ "mx.soc.example", "none" },
		{ "mx.evil.example; dkim=pass header.d=aoba.example", "none" },
		{ "mx.soc.example.evil.example; dkim=pass header.d=aoba.example", "none" },
		{ "(mx.soc.example;) evil; dkim=pass header.d=aoba.example", "none" },
		{ "", "none" },
		{ "((((", "none" },
		{ "mx.soc.example; dkim=pass \x1a\x01 header.d=aoba.example", "pass" },
		{ "mx.soc.example; dkim=\"pass", "foreign" },
	};

	(void)st;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		const char *got = said(v[i].value, "mx.soc.example", "aoba.example");

		if (strcmp(got, v[i].want) != 0)
			fail_msg("%s: %s, wanted %s", v[i].value, got, v[i].want);
	}
	assert_string_equal(said("; dkim=pass header.d=aoba.example", "", "aoba.example"), "none");
	/* a proof of the domain above speaks for the one below */
	assert_string_equal(said("mx.soc.example; dkim=pass header.d=aoba.example", "mx.soc.example", "it.aoba.example"), "pass");
}

/* ---- letters ---- */

static const struct letter_rules rules = { .authserv = "mx.soc.example", .own = "soc@soc.example", .file_max = 1000, .files_total = 2500 };

struct opened {
	struct arena a;
	struct letter l;
};

static void
read_as(struct opened *o, struct slice mail, const char *from)
{
	static const char *const rcpt[] = { "soc+q-abcdefghijklmnop@soc.example" };
	struct letter_envelope env = { from, rcpt, 1 };

	letter_init();
	arena_init(&o->a, 0, 0);
	assert_int_equal(letter_read(mail, &rules, &env, &o->a, &o->l), 0);
	assert_true(utf8_is_valid(slice_str(o->l.text)) && utf8_is_valid(slice_str(o->l.subject)) && utf8_is_valid(slice_str(o->l.name)));
}

static void
open_letter(struct opened *o, const char *mail)
{
	read_as(o, slice_str(mail), "odagiri@aoba.example");
}

#define HEAD "From: =?iso-2022-jp?B?GyRCPi5FRBsoQg==?= <odagiri@aoba.example>\r\nMessage-ID: <1@aoba.example>\r\n"

static void
a_japanese_mail_of_each_decade(void **st)
{
	struct opened o;

	(void)st;
	open_letter(&o, HEAD "Subject: =?ISO-2022-JP?B?GyRCPEFMZBsoQg==?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=ISO-2022-JP\r\n\r\n"
	                     "\x1b$B$3$s$K$A$O\x1b(B \x1b$B-!\x1b(I1\x1b(B end\r\n");
	assert_string_equal(o.l.name, "小田");
	assert_string_equal(o.l.from, "odagiri@aoba.example");
	assert_string_equal(o.l.subject, "質問");
	assert_string_equal(o.l.text, "こんにちは ①ｱ end");
	assert_string_equal(o.l.lang, "ja");
	assert_string_equal(o.l.message_id, "<1@aoba.example>");
	arena_fini(&o.a);
	open_letter(&o, HEAD "Subject: =?Shift_JIS?Q?=8E=BF=96=E2?=\r\nContent-Type: text/plain; charset=\"Shift_JIS\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
	                     "=82=B1=82=F1=82=C9=82=BF=82=CD=87@=\r\n!\r\n");
	assert_string_equal(o.l.subject, "質問");
	assert_string_equal(o.l.text, "こんにちは①!");
	arena_fini(&o.a);
	open_letter(&o, HEAD "Subject: 質問\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n44GT44KT44Gr44Gh44Gv8J+YgA==\r\n");
	assert_string_equal(o.l.subject, "質問");
	assert_string_equal(o.l.text, "こんにちは😀");
	arena_fini(&o.a);
	open_letter(&o, HEAD "Subject: x\r\nContent-Type: text/plain; charset=x-unknown-one\r\n\r\ncaf\xe9\x01\x00z\r\n");
	assert_string_equal(o.l.text, "café");
	arena_fini(&o.a);
	open_letter(&o, HEAD "Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nbad \xff\xfe utf\r\n");
	assert_string_equal(o.l.text, "bad \xef\xbf\xbd\xef\xbf\xbd utf");
	assert_string_equal(o.l.lang, "en");
	arena_fini(&o.a);
}

static void
html_becomes_text_and_runs_nothing(void **st)
{
	struct opened o;

	(void)st;
	open_letter(&o, HEAD "Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><head><title>t</title><style>p{}</style></head><body><p>Hello   <b>W&ouml;rld</b></p><script>alert(1)</script>"
	                     "<ul><li>one<li>two</ul>a<br>b<table><tr><td>x</td><td>y</td></tr></table><!-- c --></body></html>\r\n");
	assert_string_equal(o.l.text, "Hello Wörld\n\n- one\n- two\na\nb\nx y");
	arena_fini(&o.a);
	/* of alternatives the plain one */
	open_letter(&o, HEAD "Subject: x\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n--b--\r\n");
	assert_string_equal(o.l.text, "plain");
	assert_int_equal(o.l.files_n, 0);
	arena_fini(&o.a);
	open_letter(&o, HEAD "Subject: x\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/related; boundary=c\r\n\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n"
	                     "--c\r\nContent-Type: image/png; name=logo.png\r\n\r\nPNG\r\n--c--\r\n--b--\r\n");
	assert_string_equal(o.l.text, "rich");
	assert_int_equal(o.l.files_n, 1);
	arena_fini(&o.a);
}

static void
files_have_names_and_sizes_and_limits(void **st)
{
	struct buf m = { 0 }, json = { 0 };
	struct opened o;

	(void)st;
	buf_put_str(&m, HEAD "Subject: files\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee\r\n"
	                     "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''%E5%9B%B3%2E%70df\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n"
	                     "--b\r\nContent-Type: text/plain; name=log.txt\r\nContent-Disposition: attachment\r\n\r\nlog\r\n"
	                     "--b\r\nContent-Type: application/zip; name=big.zip\r\n\r\n");
	for (int i = 0; i < 2000; i++)
		buf_put_byte(&m, 'z');
	buf_put_str(&m, "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhello\r\n");
	for (int i = 0; i < 12; i++)
		buf_printf(&m, "--b\r\nContent-Type: image/png; name=\"../../%d.png\"\r\n\r\nP\r\n", i);
	buf_put_str(&m, "--b--\r\n");
	open_letter(&o, buf_cstr(&m));
	assert_string_equal(o.l.text, "see");
	assert_int_equal(o.l.files_n, LETTER_FILES);
	assert_string_equal(o.l.files[0].name, "図.pdf");
	assert_true(slice_eq(o.l.files[0].body, SL("hello")));
	assert_string_equal(o.l.files[1].name, "log.txt");
	assert_string_equal(o.l.files[2].note, "too_large");
	assert_int_equal(o.l.files[2].size, 2000);
	assert_int_equal(o.l.files[2].body.n, 0);
	assert_string_equal(o.l.files[3].name, "message.eml");
	assert_string_equal(o.l.files[LETTER_FILES - 1].note, "too_many");
	assert_string_equal(o.l.files[LETTER_FILES - 1].name, "+ 7");
	letter_json(&o.l, &json);
	assert_non_null(strstr(buf_cstr(&json), "\"name\":\"big.zip\",\"size\":2000,\"note\":\"too_large\""));
	arena_fini(&o.a);
	buf_fini(&m);
	buf_fini(&json);
}

static void
who_is_proved_and_which_thread(void **st)
{
	struct opened o;

	(void)st;
	open_letter(&o, "Authentication-Results: mx.soc.example;\r\n\tdkim=pass header.d=aoba.example\r\nAuthentication-Results: mx.evil.example; dmarc=fail header.from=aoba.example\r\n" HEAD
	                "Subject: Re: x [Q-12 ponmlkjihgfedcba]\r\nReferences: <a@b> <q-aaaaaaaaaaaaaaaa-3@soc.example> <q-bbbbbbbbbbbbbbbb-4@soc.example>\r\nIn-Reply-To: <q-bbbbbbbbbbbbbbbb-4@soc.example>\r\n\r\nx\r\n");
	assert_string_equal(o.l.auth, "pass");
	assert_false(o.l.is_auto);
	assert_int_equal(o.l.tokens_n, 5);
	assert_string_equal(o.l.tokens[0], "abcdefghijklmnop"); /* the address first, then what is newest */
	assert_string_equal(o.l.tokens[1], "bbbbbbbbbbbbbbbb");
	assert_string_equal(o.l.tokens[2], "bbbbbbbbbbbbbbbb");
	assert_string_equal(o.l.tokens[3], "aaaaaaaaaaaaaaaa");
	assert_string_equal(o.l.tokens[4], "ponmlkjihgfedcba");
	arena_fini(&o.a);
	open_letter(&o, HEAD "Subject: x\r\n\r\nx\r\n");
	assert_string_equal(o.l.auth, "none");
	arena_fini(&o.a);
	/* two senders: which one would be proved? */
	open_letter(&o, "Authentication-Results: mx.soc.example; dkim=pass header.d=aoba.example\r\nFrom: a@aoba.example, b@evil.example\r\nSubject: x\r\n\r\nx\r\n");
	assert_string_equal(o.l.auth, "fail");
	assert_int_equal(strncmp(o.l.message_id, "sha256:", 7), 0);
	arena_fini(&o.a);
}

static void
a_proof_says_what_was_found(void **st)
{
	struct opened o;

	(void)st;
	/* two programs of our mail server, each with its header */
	open_letter(&o, "Authentication-Results: mx.soc.example; spf=pass smtp.mailfrom=aoba.example\r\nAuthentication-Results: mx.soc.example;\r\n"
	                "\tdkim=fail (body hash mismatch)\r\n\theader.d=aoba.example\r\n" HEAD "Subject: x\r\n\r\nx\r\n");
	assert_string_equal(o.l.auth, "fail");
	assert_string_equal(o.l.why, "changed");
	assert_string_equal(o.l.proof, "spf=pass smtp.mailfrom=aoba.example; dkim=fail (body hash mismatch) header.d=aoba.example");
	arena_fini(&o.a);
	open_letter(&o, "Authentication-Results: mx.soc.example; dkim=pass header.d=list.example\r\n" HEAD "Subject: x\r\n\r\nx\r\n");
	assert_string_equal(o.l.auth, "none");
	assert_string_equal(o.l.why, "foreign");
	arena_fini(&o.a);
	/* a signature of the first bytes only: anything may be put behind them */
	open_letter(&o, "Authentication-Results: mx.soc.example; dkim=pass header.d=aoba.example\r\nDKIM-Signature: v=1; a=rsa-sha256; d=aoba.example;\r\n\t l = 120; bh=x; b=y\r\n" HEAD
	                "Subject: x\r\n\r\nx\r\n");
	assert_string_equal(o.l.auth, "fail");
	arena_fini(&o.a);
	open_letter(&o, "Authentication-Results: mx.soc.example; dkim=pass header.d=aoba.example\r\nDKIM-Signature: v=1; d=aoba.example; bl=120; h=l; b=y\r\n" HEAD
	                "Subject: x\r\n\r\nx\r\n");
	assert_string_equal(o.l.auth, "pass");
	assert_string_equal(o.l.why, "");
	arena_fini(&o.a);
}

static void
machines_are_known(void **st)
{
	static const char *const v[] = {
		"Auto-Submitted: auto-replied\r\n", "Auto-Submitted: auto-generated (x)\r\n", "Precedence: bulk\r\n", "Precedence: auto_reply\r\n", "List-Id: <x.example>\r\n",
		"X-Autoreply: yes\r\n", "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n",
	};
	struct opened o;

	(void)st;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		char *mail = x_asprintf(HEAD "%sSubject: x\r\n\r\nx\r\n", v[i]);

		open_letter(&o, mail);
		if (!o.l.is_auto)
			fail_msg("%s", v[i]);
		arena_fini(&o.a);
		free(mail);
	}
	open_letter(&o, HEAD "Auto-Submitted: no\r\nSubject: x\r\n\r\nx\r\n");
	assert_false(o.l.is_auto);
	arena_fini(&o.a);
	read_as(&o, SL(HEAD "Subject: x\r\n\r\nx\r\n"), ""); /* a bounce */
	assert_true(o.l.is_auto);
	arena_fini(&o.a);
	open_letter(&o, "From: SOC@soc.example\r\nSubject: our own\r\n\r\nx\r\n");
	assert_true(o.l.is_auto);
	arena_fini(&o.a);
}

/* ---- the mail that kills ---- */

static void
die_at(struct mail_scratch *s, struct slice mail)
{
	assert_true(mail_scratch_begin(s, mail));
	mail_scratch_judge(s); /* whoever comes after the death */
}

static void
a_mail_that_killed_twice_is_not_read_again(void **st)
{
	struct mail_scratch s = { 0 };
	char other[16];

	(void)st;
	log_init("test", LOG_ALERT + 1);
	mail_scratch_judge(&s); /* nothing was under way */
	die_at(&s, SL("killer"));
	die_at(&s, SL("killer"));
	assert_false(mail_scratch_begin(&s, SL("killer")));
	assert_int_equal(s.busy, 0);
	/* an orderly end is no death, however often */
	for (int i = 0; i < 5; i++) {
		assert_true(mail_scratch_begin(&s, SL("good")));
		mail_scratch_end(&s);
		mail_scratch_judge(&s);
	}
	/* strangers do not push out what is proven */
	for (int i = 0; i < 3 * MAIL_SUSPECTS; i++) {
		snprintf(other, sizeof other, "other %d", i);
		die_at(&s, slice_str(other));
	}
	assert_false(mail_scratch_begin(&s, SL("killer")));
}

static void
a_sealed_mail_is_its_bytes(void **st)
{
	static const char *const rcpt[] = { "soc@soc.example" };
	struct letter_envelope env = { "odagiri@aoba.example", rcpt, 1 };
	struct buf json = { 0 };
	struct letter l;
	struct arena a;

	(void)st;
	arena_init(&a, 0, 0);
	letter_sealed(SL("any\0bytes"), &env, &a, &l);
	assert_string_equal(l.from, "odagiri@aoba.example");
	assert_string_equal(l.why, "unreadable");
	assert_string_equal(l.auth, "fail");
	assert_int_equal(strncmp(l.message_id, "sha256:", 7), 0);
	assert_int_equal(l.files_n, 1);
	assert_true(slice_eq(l.files[0].body, SL("any\0bytes")));
	letter_json(&l, &json);
	assert_non_null(strstr(buf_cstr(&json), "\"files\":[{\"name\":\"unreadable.eml\",\"size\":9}]"));
	buf_fini(&json);
	arena_fini(&a);
}

/* ---- letters made to hurt ---- */

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

enum { MIXED, LONG, MESSAGE };

static void
nests(struct buf *m, int depth, int what)
{
	const char *name = what == LONG ? "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" : "b";

	buf_put_str(m, HEAD "Subject: bomb\r\n");
	for (int i = 0; i < depth; i++)
		if (what == MESSAGE)
			buf_put_str(m, "Content-Type: message/rfc822\r\n\r\n");
		else
			buf_printf(m, "Content-Type: multipart/mixed; boundary=%s%d\r\n\r\n--%s%d\r\n", name, i, name, i);
	buf_put_str(m, "\r\nheart\r\n");
}

static void
a_bomb_is_read_in_no_time(void **st)
{
	struct buf m = { 0 };
	struct opened o;
	double from = seconds();

	(void)st;
	nests(&m, 1000, MIXED);
	open_letter(&o, buf_cstr(&m));
	assert_string_equal(o.l.subject, "bomb");
	assert_true(o.l.cut);
	arena_fini(&o.a);
	buf_clear(&m);
	nests(&m, 300000, MESSAGE);
	open_letter(&o, buf_cstr(&m));
	assert_true(o.l.cut);
	arena_fini(&o.a);
	/* not so deep that it is left out, deeper than is walked */
	buf_clear(&m);
	nests(&m, 90, MIXED);
	open_letter(&o, buf_cstr(&m));
	assert_true(o.l.cut);
	arena_fini(&o.a);
	buf_clear(&m);
	buf_put_str(&m, HEAD "Subject: parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n");
	for (int i = 0; i < 10000; i++)
		buf_put_str(&m, "--b\r\nContent-Type: image/png; name=x.png\r\n\r\nP\r\n");
	open_letter(&o, buf_cstr(&m));
	assert_string_equal(o.l.text, "text");
	assert_true(o.l.cut);
	assert_int_equal(o.l.files_n, LETTER_FILES);
	arena_fini(&o.a);
	/* boundaries that nearly fit, on every line */
	buf_clear(&m);
	nests(&m, 60, LONG);
	while (m.n < 8u << 20)
		buf_put_str(&m, "--bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbx\r\n");
	open_letter(&o, buf_cstr(&m));
	arena_fini(&o.a);
	/* HTML deeper than any page */
	buf_clear(&m);
	buf_put_str(&m, HEAD "Subject: x\r\nContent-Type: text/html\r\n\r\n");
	for (int i = 0; i < 200000; i++)
		buf_put_str(&m, "<div><b>");
	buf_put_str(&m, "deep");
	open_letter(&o, buf_cstr(&m));
	arena_fini(&o.a);
	buf_fini(&m);
	assert_true(seconds() - from < 60.0); /* a hang is found, not a slow machine */
}

static void
half_a_mail_is_a_mail(void **st)
{
	static const char whole[] = HEAD "Subject: =?utf-8?B?44GT44KT?=\r\nReferences: <q-aaaaaaaaaaaaaaaa-3@soc.example>\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n"
	                                 "\x1b$B$3$s\x1b(B\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n--b\r\nContent-Type: application/x; name*0=\"a\"; name*1=b\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n";
	struct opened o;

	(void)st;
	for (size_t n = 1; n < sizeof whole; n++) {
		static const char *const rcpt[] = { "x" };
		struct letter_envelope env = { "a@b", rcpt, 1 };
		char *copy = x_malloc(n);

		memcpy(copy, whole, n);
		letter_init();
		arena_init(&o.a, 0, 0);
		if (letter_read(slice_of(copy, n), &rules, &env, &o.a, &o.l) == 0)
			assert_true(utf8_is_valid(slice_str(o.l.text)));
		arena_fini(&o.a);
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_of_the_bytes_says_the_same),
		cmocka_unit_test(what_is_too_large_is_refused_for_good),
		cmocka_unit_test(whoever_speaks_something_else_is_cut_off),
		cmocka_unit_test(only_our_own_servers_word_counts),
		cmocka_unit_test(a_japanese_mail_of_each_decade),
		cmocka_unit_test(html_becomes_text_and_runs_nothing),
		cmocka_unit_test(files_have_names_and_sizes_and_limits),
		cmocka_unit_test(who_is_proved_and_which_thread),
		cmocka_unit_test(a_proof_says_what_was_found),
		cmocka_unit_test(machines_are_known),
		cmocka_unit_test(a_mail_that_killed_twice_is_not_read_again),
		cmocka_unit_test(a_sealed_mail_is_its_bytes),
		cmocka_unit_test(a_bomb_is_read_in_no_time),
		cmocka_unit_test(half_a_mail_is_a_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
