/* SPDX-License-Identifier: Apache-2.0
 *
 * Header texts (RFC 5322, RFC 2047) and the identity of a notice.
 *
 * libcurl builds MIME bodies but writes headers as they are given; this is the gate before it.  Encoded words
 * hold at most 45 bytes of UTF-8 (75 characters each), cut between characters, folded by CRLF and a blank.
 */
#include <openssl/evp.h>
#include <stdio.h>

#include "base/must.h"
#include "base/utf8.h"
#include "notify/notify.h"

#define WORD_BYTES 45

static bool
is_plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] > 0x7e)
			return false;
	return s.n <= 60 && slice_find_slice(s, SL("=?")) < 0;
}

static void
put_word(struct buf *out, const char *p, size_t n)
{
	unsigned char b64[WORD_BYTES / 3 * 4 + 5];
	int len = EVP_EncodeBlock(b64, (const unsigned char *)p, (int)n);

	buf_put_str(out, "=?UTF-8?B?");
	buf_put(out, b64, (size_t)len);
	buf_put_str(out, "?=");
}

static void
put_quoted(struct buf *out, struct slice s)
{
	buf_put_byte(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_put_byte(out, '\\');
		buf_put_byte(out, s.p[i]);
	}
	buf_put_byte(out, '"');
}

void
mail_header_text(struct buf *out, struct slice text, bool quote_ascii)
{
	char word[WORD_BYTES];
	size_t n = 0;
	bool first = true;

	if (is_plain(text)) {
		if (quote_ascii)
			put_quoted(out, text);
		else
			buf_put_slice(out, text);
		return;
	}
	while (text.n != 0) {
		uint32_t c;
		size_t len = utf8_next(text, &c);
		char enc[4];
		size_t enc_n = utf8_put(enc, c < 0x20 || (c >= 0x7f && c < 0xa0) ? ' ' : c);

		if (n + enc_n > WORD_BYTES) {
			buf_put_str(out, first ? "" : "\r\n ");
			put_word(out, word, n);
			first = false;
			n = 0;
		}
		memcpy(word + n, enc, enc_n);
		n += enc_n;
		text = slice_sub(text, len, text.n);
	}
	if (n != 0) {
		buf_put_str(out, first ? "" : "\r\n ");
		put_word(out, word, n);
	}
}

/* attr-char of RFC 5987 */
static bool
is_attr_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c != 0 && c < 0x7f && strchr("!#$&+-.^_`|~", c) != NULL);
}

/* filename*0*=UTF-8''…;\r\n filename*1*=…: pieces of whole characters. */
static void
put_name_pieces(struct buf *out, struct slice name)
{
	size_t room = 0;

	for (int piece = 0; name.n != 0;) {
		uint32_t c;
		size_t len = utf8_next(name, &c);
		char enc[4];
		size_t n = utf8_put(enc, c < 0x20 || c == 0x7f ? '_' : c);

		if (room < 3 * n) {
			buf_printf(out, ";\r\n filename*%d*=%s", piece, piece == 0 ? "UTF-8''" : "");
			piece++;
			room = 54;
		}
		for (size_t i = 0; i < n; i++) {
			if (is_attr_char((unsigned char)enc[i]))
				buf_put_byte(out, enc[i]);
			else
				buf_printf(out, "%%%02X", (unsigned char)enc[i]);
		}
		room -= 3 * n;
		name = slice_sub(name, len, name.n);
	}
}

void
mail_disposition(struct buf *out, struct slice name)
{
	bool plain = name.n != 0 && name.n <= 60;

	for (size_t i = 0; i < name.n; i++)
		plain = plain && (unsigned char)name.p[i] >= ' ' && (unsigned char)name.p[i] < 0x7f && strchr("\"\\/", name.p[i]) == NULL;
	buf_put_str(out, "attachment");
	if (plain)
		buf_printf(out, ";\r\n filename=\"" SL_FMT "\"", SL_ARG(name));
	else
		put_name_pieces(out, name);
}

const char *
mail_file_type(const char *name)
{
	static const char *const types[][2] = { { "pdf", "application/pdf" }, { "png", "image/png" }, { "jpg", "image/jpeg" }, { "jpeg", "image/jpeg" },
		                                { "zip", "application/zip" }, { "csv", "text/csv" }, { "txt", "text/plain" }, { "log", "text/plain" } };
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof types / sizeof *types; i++)
		if (slice_eq_nocase(slice_str(dot + 1), slice_str(types[i][0])))
			return types[i][1];
	return "application/octet-stream";
}

void
notice_message_id(const struct notice *n, const char *domain, char out[128])
{
	static const char hex[] = "0123456789abcdef";
	const char *parts[] = { n->tenant, n->key, n->channel == NOTICE_HOOK ? n->hook_url : n->address };
	unsigned char md[EVP_MAX_MD_SIZE];
	struct buf b = { 0 };
	unsigned len = 0;
	char id[33];

	if (n->what == NOTICE_INQUIRY) {
		snprintf(out, 128, "<%.60s@%.60s>", n->mail_id, domain); /* its answers name it, and so the thread */
		return;
	}
	for (size_t i = 0; i < 3; i++)
		buf_put(&b, parts[i], strlen(parts[i]) + 1); /* the NUL keeps the parts apart */
	buf_put_byte(&b, (char)('0' + n->what));
	must(EVP_Digest(b.p, b.n, md, &len, EVP_sha256(), NULL) == 1);
	buf_fini(&b);
	for (int i = 0; i < 16; i++) {
		id[i * 2] = hex[md[i] >> 4];
		id[i * 2 + 1] = hex[md[i] & 15];
	}
	id[32] = '\0';
	snprintf(out, 128, "<%s@%.80s>", id, domain);
}

void
notice_references(const struct notice *n, const char *domain, struct buf *out)
{
	for (int i = 0; i < n->refs_n; i++) {
		buf_put_str(out, i == 0 ? "" : "\r\n ");
		if (n->refs[i][0] == '<')
			buf_put_str(out, n->refs[i]);
		else
			buf_printf(out, "<%s@%.60s>", n->refs[i], domain);
	}
}

void
notice_reply_to(const struct notice *n, const char *inquiries, struct buf *out)
{
	const char *at = strchr(inquiries, '@');

	if (n->what == NOTICE_INQUIRY && at != NULL)
		buf_printf(out, "<%.*s+q-%s%s>", (int)(at - inquiries), inquiries, n->token, at);
}
