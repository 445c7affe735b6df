/* SPDX-License-Identifier: Apache-2.0
 *
 * A mail as a letter: who, what, in which language, with which files.  GMime reads the MIME; here is what of it
 * counts, and how much:
 *
 *   text    the plain part of alternatives, else the HTML one as text; further inline plain parts behind it
 *   files   everything with a name or that is no text, ten at most, by size; an attached mail is one file
 *   bomb    more than BOUNDARIES boundaries or attached mails: only the header is read, the rest is said to be cut.
 *           DEPTH and PARTS bound the walk of what is left
 *
 * Whether a person wrote it: Auto-Submitted (RFC 3834), Precedence, lists, an empty sender, reports, and our own
 * address.  A letter of a machine makes no thread and gets no answer.
 */
#include <gmime/gmime.h>
#include <libxml/parser.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "base/err.h"
#include "base/must.h"
#include "base/utf8.h"
#include "codec/jsonw.h"
#include "mail/mail.h"

#define DEPTH 40
#define PARTS 1000
#define BOUNDARIES 200
#define DECODED_MAX (40u << 20)

void
letter_init(void)
{
	static const char *const fallback[] = { "utf-8", "iso-2022-jp", "cp932", "iso-8859-1", NULL };
	GMimeParserOptions *o;

	g_mime_init();
	o = g_mime_parser_options_get_default();
	if (o != NULL)
		g_mime_parser_options_set_fallback_charsets(o, (const char **)(uintptr_t)fallback);
	xmlInitParser();
	charset_init();
}

struct reading {
	const struct letter_rules *rules;
	struct arena *a;
	struct letter *l;
	struct authres said;
	struct buf text, proof;
	size_t parts, file_bytes, more;
	bool have_text;
};

/* One line or several of UTF-8 without control characters. */
static const char *
clean(struct arena *a, struct slice s, size_t max, bool lines, bool *ret_cut)
{
	struct buf b = { 0 };
	const char *out;

	while (s.n != 0) {
		uint32_t c;
		size_t k = utf8_next(s, &c);
		char enc[4];
		size_t n;

		s = slice_sub(s, k, s.n);
		if (c == '\r' && lines)
			continue;
		if ((c < 0x20 && !(lines && (c == '\n' || c == '\t'))) || c == 0x7f || (c >= 0x80 && c < 0xa0))
			c = ' ';
		n = utf8_put(enc, c);
		if (b.n + n > max) {
			if (ret_cut != NULL)
				*ret_cut = true;
			break;
		}
		buf_put(&b, enc, n);
	}
	out = arena_cstr(a, slice_trim(buf_slice(&b)));
	buf_fini(&b);
	return out;
}

/* ---- parts ---- */

/* The bytes of a part without their transfer encoding. */
static struct slice
decoded(struct reading *r, GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *mem = g_mime_stream_mem_new();
	struct slice s = SL("");
	GByteArray *bytes;

	if (content != NULL && g_mime_data_wrapper_write_to_stream(content, mem) >= 0) {
		bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
		if (bytes->len <= DECODED_MAX)
			s = arena_dup(r->a, slice_of(bytes->data, bytes->len));
	}
	g_object_unref(mem);
	return s;
}

static void
add_text(struct reading *r, GMimePart *part, bool html)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
	struct slice bytes = decoded(r, part);
	struct buf utf8 = { 0 };

	charset_to_utf8(bytes, g_mime_content_type_get_parameter(type, "charset"), &utf8);
	if (r->text.n != 0 && utf8.n != 0)
		buf_put_str(&r->text, "\n\n");
	if (html)
		html_to_text(buf_slice(&utf8), &r->text);
	else
		buf_put_slice(&r->text, buf_slice(&utf8));
	r->have_text = true;
	buf_fini(&utf8);
}

static void
add_file(struct reading *r, const char *name, struct slice body)
{
	struct letter *l = r->l;
	struct letter_file *f;

	if (l->files_n == LETTER_FILES) {
		r->more++;
		return;
	}
	f = &l->files[l->files_n++];
	*f = (struct letter_file){ .name = clean(r->a, slice_str(name != NULL ? name : "file"), 200, false, NULL), .body = body, .size = body.n };
	if (body.n > r->rules->file_max || r->file_bytes + body.n > r->rules->files_total) {
		f->note = "too_large";
		f->body = SL("");
	}
	r->file_bytes += f->body.n;
}

static void
add_message(struct reading *r, GMimeObject *object)
{
	GMimeStream *mem = g_mime_stream_mem_new();
	GByteArray *bytes;

	g_mime_object_write_content_to_stream(object, NULL, mem);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
	add_file(r, "message.eml", arena_dup(r->a, slice_of(bytes->data, bytes->len)));
	g_object_unref(mem);
}

static bool
is_attached(GMimeObject *o)
{
	GMimeContentDisposition *d = g_mime_object_get_content_disposition(o);

	return (d != NULL && g_mime_content_disposition_is_attachment(d)) || (GMIME_IS_PART(o) && g_mime_part_get_filename(GMIME_PART(o)) != NULL);
}

static bool
is_type(GMimeObject *o, const char *type, const char *sub)
{
	GMimeContentType *t = g_mime_object_get_content_type(o);

	return t != NULL && g_mime_content_type_is_type(t, type, sub);
}

static void
one_part(struct reading *r, GMimeObject *o)
{
	bool plain = is_type(o, "text", "plain"), html = is_type(o, "text", "html");

	if (GMIME_IS_MESSAGE_PART(o)) {
		add_message(r, o);
	} else if (GMIME_IS_PART(o)) {
		if ((plain || (html && !r->have_text)) && !is_attached(o))
			add_text(r, GMIME_PART(o), html);
		else
			add_file(r, g_mime_part_get_filename(GMIME_PART(o)), decoded(r, GMIME_PART(o)));
	}
}

static void walk(struct reading *r, GMimeObject *o, int depth);

/* Of alternatives the plain one; else the last, which is the richest. */
static void
alternatives(struct reading *r, GMimeMultipart *m, int depth)
{
	int n = g_mime_multipart_get_count(m);
	GMimeObject *best = n > 0 ? g_mime_multipart_get_part(m, n - 1) : NULL;

	for (int i = n - 1; i >= 0; i--)
		if (is_type(g_mime_multipart_get_part(m, i), "text", "plain"))
			best = g_mime_multipart_get_part(m, i);
	if (best != NULL)
		walk(r, best, depth + 1);
}

static void
walk(struct reading *r, GMimeObject *o, int depth)
{
	if (depth > DEPTH || ++r->parts > PARTS) {
		r->l->cut = true;
		return;
	}
	if (!GMIME_IS_MULTIPART(o)) {
		one_part(r, o);
	} else if (is_type(o, "multipart", "alternative")) {
		alternatives(r, GMIME_MULTIPART(o), depth);
	} else {
		for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(o)) && r->parts <= PARTS; i++)
			walk(r, g_mime_multipart_get_part(GMIME_MULTIPART(o), i), depth + 1);
	}
}

/* ---- header ---- */

static const char *
header(GMimeMessage *m, const char *name)
{
	const char *v = g_mime_object_get_header(GMIME_OBJECT(m), name);

	return v != NULL ? v : "";
}

static struct slice
domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? slice_str(at + 1) : SL("");
}

static void
sender(struct reading *r, GMimeMessage *m)
{
	InternetAddressList *from = g_mime_message_get_from(m);
	InternetAddress *first = from != NULL && internet_address_list_length(from) == 1 ? internet_address_list_get_address(from, 0) : NULL;
	const char *addr = first != NULL && INTERNET_ADDRESS_IS_MAILBOX(first) ? internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(first)) : NULL;
	const char *name = first != NULL ? internet_address_get_name(first) : NULL;

	/* two senders, or a header without one: nobody we could prove */
	r->l->from = addr != NULL && strlen(addr) <= 254 ? clean(r->a, slice_str(addr), 254, false, NULL) : "";
	r->l->name = clean(r->a, slice_str(name != NULL ? name : ""), 180, false, NULL);
}

/* Calls fn with the unfolded value of each header of the name. */
static void
each_header(struct reading *r, GMimeMessage *m, const char *name, void (*fn)(struct reading *, struct slice))
{
	GMimeHeaderList *list = g_mime_object_get_header_list(GMIME_OBJECT(m));

	for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
		GMimeHeader *h = g_mime_header_list_get_header_at(list, i);
		const char *raw = g_mime_header_get_raw_value(h);
		char *line;

		if (g_ascii_strcasecmp(g_mime_header_get_name(h), name) != 0)
			continue;
		line = g_mime_utils_header_unfold(raw != NULL ? raw : "");
		fn(r, slice_str(line));
		g_free(line);
	}
}

static void
on_signature(struct reading *r, struct slice value)
{
	r->said.partial |= dkim_is_partial(value);
}

static void
on_results(struct reading *r, struct slice value)
{
	struct slice results;

	if (!authres_read(value, r->rules->authserv, domain_of(r->l->from), &r->said, &results))
		return;
	if (r->proof.n != 0)
		buf_put_str(&r->proof, "; ");
	buf_put_slice(&r->proof, results);
}

static void
proof(struct reading *r, GMimeMessage *m)
{
	const char *word;

	each_header(r, m, "DKIM-Signature", on_signature);
	each_header(r, m, "Authentication-Results", on_results);
	word = r->l->from[0] == '\0' ? "fail" : authres_word(&r->said);
	r->l->auth = strcmp(word, "pass") == 0 || strcmp(word, "none") == 0 ? word : strcmp(word, "foreign") == 0 ? "none" : "fail";
	r->l->why = strcmp(word, "forged") == 0 || strcmp(word, "changed") == 0 || strcmp(word, "foreign") == 0 ? word : "";
	r->l->proof = clean(r->a, buf_slice(&r->proof), LETTER_PROOF, false, NULL);
}

static bool
has_word(const char *s, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (g_ascii_strncasecmp(s, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static bool
by_machine(struct reading *r, GMimeMessage *m, const struct letter_envelope *env)
{
	static const char *const bulk[] = { "bulk", "list", "junk", "auto_reply", NULL }, *const robots[] = { "mailer-daemon@", "postmaster@", NULL };
	const char *automatic = header(m, "Auto-Submitted"), *precedence = header(m, "Precedence");

	while (*automatic == ' ' || *automatic == '\t')
		automatic++;
	return env->from[0] == '\0' || (automatic[0] != '\0' && g_ascii_strncasecmp(automatic, "no", 2) != 0) || has_word(precedence, bulk) ||
	       header(m, "List-Id")[0] != '\0' || header(m, "X-Autoreply")[0] != '\0' || header(m, "X-Autorespond")[0] != '\0' ||
	       is_type(g_mime_message_get_mime_part(m) != NULL ? g_mime_message_get_mime_part(m) : GMIME_OBJECT(m), "multipart", "report") ||
	       has_word(r->l->from, robots) || (r->rules->own[0] != '\0' && g_ascii_strcasecmp(r->l->from, r->rules->own) == 0);
}

/* ---- which thread ---- */

static void
add_token(struct reading *r, const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz234567");

	if (n != 16 || r->l->tokens_n == LETTER_TOKENS)
		return;
	r->l->tokens[r->l->tokens_n++] = arena_cstr(r->a, slice_of(s, n));
}

static void
tokens(struct reading *r, GMimeMessage *m, const struct letter_envelope *env)
{
	static const char *const names[] = { "In-Reply-To", "References" };

	for (size_t i = 0; i < env->rcpts; i++) {
		const char *plus = strstr(env->rcpt[i], "+q-");

		if (plus != NULL)
			add_token(r, plus + 3);
	}
	for (size_t i = 0; i < 2; i++) {
		GMimeReferences *refs = g_mime_references_parse(NULL, header(m, names[i]));

		for (int k = g_mime_references_length(refs); k-- > 0;)
			if (strncmp(g_mime_references_get_message_id(refs, k), "q-", 2) == 0)
				add_token(r, g_mime_references_get_message_id(refs, k) + 2);
		g_mime_references_free(refs);
	}
	for (const char *at = strstr(r->l->subject, "[Q-"); at != NULL; at = strstr(at + 1, "[Q-")) {
		const char *p = at + 3 + strspn(at + 3, "0123456789");

		if (*p == ' ')
			add_token(r, p + 1);
	}
}

/* ---- the whole ---- */

static const char *
by_bytes(struct arena *a, struct slice mail)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	char hex[65];
	unsigned n = 0;

	must(EVP_Digest(mail.p, mail.n, md, &n, EVP_sha256(), NULL) == 1);
	for (int i = 0; i < 32; i++)
		snprintf(hex + i * 2, 3, "%02x", md[i]);
	return arena_printf(a, "sha256:%s", hex).p;
}

/* The identity by which a repeat is known. Without one of its own: of its bytes. */
static const char *
identity(struct reading *r, GMimeMessage *m, struct slice mail)
{
	const char *id = g_mime_message_get_message_id(m);

	if (id == NULL || id[0] == '\0' || strlen(id) > 250)
		return by_bytes(r->a, mail);
	return arena_printf(r->a, "<%s>", clean(r->a, slice_str(id), 250, false, NULL)).p;
}

/* Kana or kanji in it: Japanese. */
static const char *
language(const char *s)
{
	struct slice rest = slice_str(s);

	while (rest.n != 0) {
		uint32_t c;
		size_t k = utf8_next(rest, &c);

		if ((c >= 0x3041 && c <= 0x30ff) || (c >= 0x4e00 && c <= 0x9fff) || (c >= 0xff66 && c <= 0xff9d))
			return "ja";
		rest = slice_sub(rest, k, rest.n);
	}
	return "en";
}

/* The header alone, when what is behind it is more structure than any person's mail has. */
static struct slice
without_bomb(struct slice mail, bool *ret_bomb)
{
	size_t n = 0;

	for (size_t i = 0; i + 9 < mail.n; i++) {
		const char *p = mail.p + i;

		n += ((p[0] | 32) == 'b' && g_ascii_strncasecmp(p, "boundary", 8) == 0) || ((p[0] | 32) == 'r' && g_ascii_strncasecmp(p, "rfc822", 6) == 0);
	}
	*ret_bomb = n > BOUNDARIES;
	if (*ret_bomb)
		for (size_t i = 0; i + 3 < mail.n; i++)
			if (memcmp(mail.p + i, "\r\n\r\n", 4) == 0 || memcmp(mail.p + i, "\n\n", 2) == 0)
				return slice_sub(mail, 0, i + 2);
	return mail;
}

static GMimeMessage *
parse(struct slice mail)
{
	GMimeStream *mem = g_mime_stream_mem_new_with_buffer(mail.p, mail.n);
	GMimeParser *parser = g_mime_parser_new_with_stream(mem);
	GMimeMessage *m = g_mime_parser_construct_message(parser, NULL);

	g_object_unref(parser);
	g_object_unref(mem);
	return m;
}

static void
read_all(struct reading *r, GMimeMessage *m, const struct letter_envelope *env, struct slice mail, bool bomb)
{
	const char *subject = g_mime_message_get_subject(m);
	GMimeObject *part = g_mime_message_get_mime_part(m);
	struct letter *l = r->l;

	sender(r, m);
	l->subject = clean(r->a, slice_str(subject != NULL ? subject : ""), 900, false, NULL);
	l->message_id = identity(r, m, mail);
	proof(r, m);
	l->is_auto = by_machine(r, m, env);
	tokens(r, m, env);
	l->cut = bomb;
	if (part != NULL && !bomb)
		walk(r, part, 0);
	if (r->more != 0)
		l->files[LETTER_FILES - 1] = (struct letter_file){ .name = arena_printf(r->a, "+ %zu", r->more + 1).p, .body = SL(""), .note = "too_many" };
	l->text = clean(r->a, buf_slice(&r->text), LETTER_TEXT, true, &l->cut);
	l->lang = language(l->text[0] != '\0' ? l->text : l->subject);
}

int
letter_read(struct slice mail, const struct letter_rules *rules, const struct letter_envelope *env, struct arena *a, struct letter *ret)
{
	struct reading r = { .rules = rules, .a = a, .l = ret };
	bool bomb;
	struct slice seen = without_bomb(mail, &bomb);
	GMimeMessage *m = parse(seen);

	if (m == NULL)
		return E_SYNTAX;
	*ret = (struct letter){ .from = "", .why = "", .proof = "" };
	read_all(&r, m, env, mail, bomb);
	g_object_unref(m);
	buf_fini(&r.text);
	buf_fini(&r.proof);
	return 0;
}

void
letter_sealed(struct slice mail, const struct letter_envelope *env, struct arena *a, struct letter *ret)
{
	*ret = (struct letter){ .from = clean(a, slice_str(env->from), 254, false, NULL), .name = "", .subject = "読み取れないメール (unreadable mail)", .text = "", .lang = "ja",
		                .message_id = by_bytes(a, mail), .auth = "fail", .why = "unreadable", .proof = "", .files_n = 1 };
	ret->files[0] = (struct letter_file){ .name = "unreadable.eml", .body = mail, .size = mail.n };
}

void
letter_json(const struct letter *l, struct buf *out)
{
	buf_put_byte(out, '{');
	jsonw_kv_str(out, "from", l->from);
	jsonw_kv_str(out, "name", l->name);
	jsonw_kv_str(out, "subject", l->subject);
	jsonw_kv_str(out, "text", l->text);
	jsonw_kv_str(out, "lang", l->lang);
	jsonw_kv_str(out, "message_id", l->message_id);
	jsonw_kv_str(out, "auth", l->auth);
	jsonw_kv_str(out, "why", l->why);
	jsonw_kv_str(out, "proof", l->proof);
	buf_printf(out, ",\"auto\":%s,\"cut\":%s,\"tokens\":[", l->is_auto ? "true" : "false", l->cut ? "true" : "false");
	for (size_t i = 0; i < l->tokens_n; i++)
		buf_printf(out, "%s\"%s\"", i == 0 ? "" : ",", l->tokens[i]);
	buf_put_str(out, "],\"files\":[");
	for (size_t i = 0; i < l->files_n; i++) {
		buf_put_str(out, i == 0 ? "{" : ",{");
		jsonw_kv_str(out, "name", l->files[i].name);
		jsonw_kv_i64(out, "size", (int64_t)l->files[i].size);
		if (l->files[i].note != NULL)
			jsonw_kv_str(out, "note", l->files[i].note);
		buf_put_byte(out, '}');
	}
	buf_put_str(out, "]}");
}
