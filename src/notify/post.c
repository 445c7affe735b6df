/* SPDX-License-Identifier: Apache-2.0
 *
 * Post: the way out, by libcurl (multi.h).  One transfer per notice, none retried here.
 *
 * Slots: `connections` for mail and as many for webhooks; what does not fit waits in its own line.  A server
 * that never answers holds its slot for `timeout` and costs the others nothing.  Limit: libcurl waits for the
 * answers to the final dot and to QUIT without giving the loop back, each at most `timeout`.
 * Connections are not reused: a broken one would be found out by the next notice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "base/vec.h"
#include "notify/multi.h"
#include "notify/notify.h"

static const char *const names[] = {
#define OUTCOME(id, name, kinds, reached, next, en, ja, doc) name,
#include "tbl/outcomes.tbl"
#undef OUTCOME
};

#define ANSWER_MAX (64u << 10)

struct letter {
	struct post *p;
	enum notice_channel channel;
	char job[65];
	bool under_way, blocked;           /* blocked: an address where webhooks may not go */
	size_t answer;                     /* bytes of the answer so far */
	int fd;                            /* the socket libcurl waits on for this letter; -1 none */
	struct mail mail;
	struct buf from, to, body, url;    /* envelope addresses; webhook: body and address */
	struct { struct buf bytes, how; const char *type; } files[NOTICE_FILES];
	int files_n;
	char error[CURL_ERROR_SIZE];
	struct curl_slist *headers, *rcpt;
	curl_mime *mime;
	CURL *easy;
};

struct post {
	struct loop *l;
	struct post_conf conf;
	struct post_ops ops;
	void *ctx;
	char domain[128];
	struct multi *multi;
	VEC(struct letter *) letters;      /* in the order they came */
};

static void start_waiting(struct post *p);

const char *
post_outcome_name(enum post_outcome o)
{
	return (unsigned)o < POST_COUNT ? names[o] : "bad_job";
}

static void
letter_free(struct letter *t)
{
	if (t->easy != NULL) {
		/* Taken out half-way, libcurl ends an SMTP transfer as if it were whole: it sends the final dot and
		 * waits, outside our loop, for the answer.  A line that is cut can do neither. */
		if (t->fd >= 0)
			shutdown(t->fd, SHUT_RDWR);
		multi_drop(t->p->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	curl_mime_free(t->mime);
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->rcpt);
	mail_fini(&t->mail);
	buf_fini(&t->from);
	buf_fini(&t->to);
	buf_fini(&t->body);
	buf_fini(&t->url);
	for (int i = 0; i < t->files_n; i++) {
		buf_fini(&t->files[i].bytes);
		buf_fini(&t->files[i].how);
	}
	free(t);
}

static void
letter_done(struct letter *t, enum post_outcome o, int code, const char *text)
{
	struct post *p = t->p;

	for (size_t i = 0; i < p->letters.n; i++)
		if (p->letters.v[i] == t) {
			memmove(&p->letters.v[i], &p->letters.v[i + 1], (--p->letters.n - i) * sizeof *p->letters.v);
			break;
		}
	p->ops.on_done(p->ctx, t->job, o, code, text, t->mail.text.n != 0 ? &t->mail : NULL);
	letter_free(t);
}

/* ---- what an end means ---- */

static enum post_outcome
mail_outcome(CURLcode r, long code)
{
	if (r == CURLE_OK)
		return POST_SENT;
	/* 530 and 535 are our password, not this receiver: it stays in the queue until somebody mends it. */
	if (r == CURLE_LOGIN_DENIED || code == 530 || code == 535)
		return POST_DEFERRED;
	return code >= 500 && code < 600 ? POST_REJECTED : POST_DEFERRED;
}

static enum post_outcome
hook_outcome(const struct letter *t, CURLcode r, long code)
{
	if (r != CURLE_OK && t->blocked)
		return POST_REJECTED;
	if (r == CURLE_OK && code >= 200 && code < 300)
		return POST_SENT;
	if (r == CURLE_OK && code >= 300 && code < 500 && code != 408 && code != 429)
		return POST_REJECTED;
	return POST_DEFERRED;
}

static void
on_ended(void *ctx, CURL *easy, CURLcode r)
{
	struct letter *t = NULL;
	char text[CURL_ERROR_SIZE + 1], *at;
	long code = 0;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
	t->fd = -1; /* closed by libcurl */
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
	if (r == CURLE_WRITE_ERROR && t->answer > ANSWER_MAX)
		r = CURLE_OK; /* we had heard enough */
	if (r != CURLE_OK && code < 400)
		code = 0; /* the last good answer before the line broke says nothing about the end */
	snprintf(text, sizeof text, "%s", r == CURLE_OK ? "" : t->error[0] != '\0' ? t->error : curl_easy_strerror(r));
	for (at = text; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
			*at = ' ';
	letter_done(t, t->channel == NOTICE_MAIL ? mail_outcome(r, code) : hook_outcome(t, r, code), (int)code, t->blocked && r != CURLE_OK ? "the address is not one of the public Internet" : text);
	(void)ctx;
}

static void
on_round(void *ctx)
{
	start_waiting(ctx);
}

static void
on_socket(void *ctx, CURL *easy, int fd, bool gone)
{
	struct letter *t = NULL;

	(void)ctx;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
	if (t != NULL && (!gone || t->fd == fd))
		t->fd = gone ? -1 : fd;
}

/* ---- letters ---- */

static void
add_header(struct letter *t, const char *name, struct slice value)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s: ", name);
	buf_put_slice(&b, value);
	t->headers = curl_slist_append(t->headers, buf_cstr(&b));
	must(t->headers != NULL);
	buf_fini(&b);
}

static void
add_address(struct letter *t, const char *header, const char *name, const char *address)
{
	struct buf b = { 0 };

	if (name[0] != '\0') {
		mail_header_text(&b, slice_str(name), true);
		buf_put_byte(&b, ' ');
	}
	buf_printf(&b, "<%s>", address);
	add_header(t, header, buf_slice(&b));
	buf_fini(&b);
}

static curl_mimepart *
add_part(curl_mime *to, const char *type, const struct buf *bytes)
{
	curl_mimepart *part = curl_mime_addpart(to);

	must(part != NULL && curl_mime_data(part, bytes->n != 0 ? bytes->p : "", bytes->n) == CURLE_OK);
	curl_mime_type(part, type);
	curl_mime_encoder(part, "base64");
	return part;
}

static void
add_file(struct letter *t, int i)
{
	curl_mimepart *part = add_part(t->mime, t->files[i].type, &t->files[i].bytes);
	struct buf how = { 0 };
	struct curl_slist *headers;

	buf_printf(&how, "Content-Disposition: %s", buf_cstr(&t->files[i].how));
	headers = curl_slist_append(NULL, buf_cstr(&how));
	must(headers != NULL && curl_mime_headers(part, headers, 1) == CURLE_OK); /* the part's from now on */
	buf_fini(&how);
}

/* Text and HTML; with files these two stand beside them as one. */
static void
add_body(struct letter *t)
{
	curl_mime *texts = t->mime;

	if (t->files_n != 0) {
		curl_mimepart *part = curl_mime_addpart(t->mime);

		texts = curl_mime_init(t->easy);
		must(part != NULL && texts != NULL && curl_mime_subparts(part, texts) == CURLE_OK);
		curl_mime_type(part, "multipart/alternative");
	}
	add_part(texts, "text/plain; charset=utf-8", &t->mail.text);
	add_part(texts, "text/html; charset=utf-8", &t->mail.html);
	for (int i = 0; i < t->files_n; i++)
		add_file(t, i);
}

/* What makes an answer of an inquiry part of its thread, in mail programs and here. */
static void
thread_headers(struct letter *t, const struct notice *n)
{
	struct post *p = t->p;
	struct buf refs = { 0 }, reply = { 0 }, last = { 0 };

	notice_references(n, p->domain, &refs);
	notice_reply_to(n, p->conf.inquiries, &reply);
	if (refs.n != 0) {
		struct notice one = *n;

		one.refs[0] = n->refs[n->refs_n - 1];
		one.refs_n = 1;
		notice_references(&one, p->domain, &last);
		add_header(t, "In-Reply-To", buf_slice(&last));
		add_header(t, "References", buf_slice(&refs));
	}
	if (reply.n != 0)
		add_header(t, "Reply-To", buf_slice(&reply));
	buf_fini(&refs);
	buf_fini(&reply);
	buf_fini(&last);
}

static void
mail_fill(struct letter *t, const struct notice *n)
{
	struct post *p = t->p;
	struct buf subject = { 0 };

	mail_render(n, p->domain, p->conf.zone, p->conf.report, &t->mail);
	buf_printf(&t->from, "<%s>", p->conf.from);
	buf_printf(&t->to, "<%s>", n->address);
	mail_header_text(&subject, buf_slice(&t->mail.subject), false);
	add_header(t, "Date", slice_str(t->mail.date));
	add_address(t, "From", p->conf.from_name, p->conf.from);
	add_address(t, "To", n->name, n->address);
	add_header(t, "Subject", buf_slice(&subject));
	add_header(t, "Message-ID", slice_str(t->mail.message_id));
	/* an analyst's answer is a person's mail; all else is not, and nobody's holiday note shall answer it */
	if (n->what != NOTICE_INQUIRY || n->is_receipt)
		add_header(t, "Auto-Submitted", n->what == NOTICE_INQUIRY ? SL("auto-replied") : SL("auto-generated"));
	if (n->what == NOTICE_INQUIRY)
		thread_headers(t, n);
	add_header(t, "Content-Language", n->lang == NOTE_JA ? SL("ja") : SL("en"));
	add_header(t, "Content-Type", t->files_n != 0 ? SL("multipart/mixed") : SL("multipart/alternative"));
	buf_fini(&subject);
}

static void
mail_start(struct letter *t)
{
	struct post *p = t->p;

	t->mime = curl_mime_init(t->easy);
	add_body(t);
	t->rcpt = curl_slist_append(NULL, buf_cstr(&t->to));
	must(t->rcpt != NULL);
	curl_easy_setopt(t->easy, CURLOPT_URL, p->conf.url);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(t->easy, CURLOPT_MAIL_FROM, buf_cstr(&t->from));
	curl_easy_setopt(t->easy, CURLOPT_MAIL_RCPT, t->rcpt);
	curl_easy_setopt(t->easy, CURLOPT_MIMEPOST, t->mime);
	/* Else the answer to QUIT may take libcurl's own two minutes, whatever the time of the transfer is. */
	curl_easy_setopt(t->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)((p->conf.timeout_ns + NS_PER_S - 1) / NS_PER_S));
	curl_easy_setopt(t->easy, CURLOPT_USE_SSL,
	                 p->conf.starttls == 2 ? CURLUSESSL_ALL : p->conf.starttls == 1 ? CURLUSESSL_TRY : CURLUSESSL_NONE);
	if (p->conf.user[0] != '\0') {
		curl_easy_setopt(t->easy, CURLOPT_USERNAME, p->conf.user);
		curl_easy_setopt(t->easy, CURLOPT_PASSWORD, p->conf.password);
	}
}

static void
hook_sign_by(struct letter *t, const char *const *secrets, int n)
{
	int64_t now = clock_now(clock_real()) / NS_PER_S;
	struct buf b = { 0 };

	for (int i = 0; i < n; i++)
		hook_sign(slice_str(secrets[i]), now, buf_slice(&t->body), &b);
	add_header(t, "X-Nezuban-Signature", buf_slice(&b));
	buf_fini(&b);
}

static bool
hook_fill(struct letter *t, const struct notice *n)
{
	struct post *p = t->p;
	const char *secret = NULL;
	char id[128];

	for (int i = 0; i < p->conf.secrets_n; i++)
		if (strcmp(p->conf.secrets[i].name, n->hook_secret) == 0)
			secret = p->conf.secrets[i].secret;
	if (n->what != NOTICE_EVENT && secret == NULL)
		return false;
	hook_body(n, p->domain, &t->body);
	buf_put_str(&t->url, n->hook_url);
	if (n->what == NOTICE_EVENT) {
		hook_sign_by(t, n->hook_keys, n->hook_keys_n);
		hook_event_id(n, id);
		add_header(t, "X-Nezuban-Event", slice_str(n->event));
		add_header(t, "X-Nezuban-Delivery", slice_str(n->job));
	} else {
		hook_sign_by(t, &secret, 1);
		notice_message_id(n, p->domain, id);
	}
	add_header(t, "X-Nezuban-Id", slice_str(id));
	add_header(t, "User-Agent", SL("Nezuban-Webhook/1"));
	add_header(t, "Content-Type", SL("application/json"));
	return true;
}

/* An answer is read so far and no further: what counts is its status. */
static size_t
swallow(char *p, size_t size, size_t n, void *ctx)
{
	struct letter *t = ctx;

	(void)p;
	t->answer += size * n;
	return t->answer <= ANSWER_MAX ? size * n : 0;
}

static curl_socket_t
open_guarded(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct letter *t = ctx;

	(void)purpose;
	if (!guard_allows(&t->p->conf, buf_cstr(&t->url), &to->addr)) {
		t->blocked = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static void
hook_start(struct letter *t)
{
	curl_easy_setopt(t->easy, CURLOPT_URL, buf_cstr(&t->url));
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, t->p->conf.hook_plain ? "http,https" : "https");
	curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body.p);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE, (long)t->body.n);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, swallow);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, open_guarded);
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
}

static void
letter_start(struct letter *t)
{
	struct post *p = t->p;
	long ms = (long)((t->channel == NOTICE_MAIL ? p->conf.timeout_ns : p->conf.hook_timeout_ns) / NS_PER_MS);

	t->under_way = true;
	t->easy = curl_easy_init();
	must(t->easy != NULL);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, ms);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, ms / 2);
	curl_easy_setopt(t->easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	if (p->conf.ca[0] != '\0')
		curl_easy_setopt(t->easy, CURLOPT_CAINFO, p->conf.ca);
	if (t->channel == NOTICE_MAIL)
		mail_start(t);
	else
		hook_start(t);
	multi_add(p->multi, t->easy);
	p->ops.on_sending(p->ctx, t->job);
}

static void
start_waiting(struct post *p)
{
	int busy[2] = { 0, 0 };

	for (size_t i = 0; i < p->letters.n; i++) {
		struct letter *t = p->letters.v[i];

		if (t->under_way)
			busy[t->channel]++;
	}
	for (size_t i = 0; i < p->letters.n; i++) {
		struct letter *t = p->letters.v[i];

		if (!t->under_way && busy[t->channel] < p->conf.connections) {
			busy[t->channel]++;
			letter_start(t);
		}
	}
}

/* ---- the face ---- */

static const struct multi_ops multi_ops = { on_ended, on_round, on_socket };

struct post *
post_open(struct loop *l, const struct post_conf *conf, const struct post_ops *ops, void *ctx)
{
	struct post *p = x_calloc(1, sizeof *p);
	const char *at = strchr(conf->from, '@');

	*p = (struct post){ .l = l, .conf = *conf, .ops = *ops, .ctx = ctx };
	snprintf(p->domain, sizeof p->domain, "%s", at != NULL ? at + 1 : "localhost");
	p->multi = multi_open(l, &multi_ops, p);
	return p;
}

void
post_close(struct post *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->letters.n; i++)
		letter_free(p->letters.v[i]);
	vec_fini(&p->letters);
	multi_close(p->multi);
	explicit_bzero(&p->conf, sizeof p->conf);
	free(p);
}

static struct letter *
find(const struct post *p, const char *job)
{
	for (size_t i = 0; i < p->letters.n; i++)
		if (strcmp(p->letters.v[i]->job, job) == 0)
			return p->letters.v[i];
	return NULL;
}

static void
take_files(struct letter *t, const struct notice *n)
{
	for (int i = 0; i < n->files_n; i++) {
		if (!n->files[i].is_there)
			continue;
		buf_put_slice(&t->files[t->files_n].bytes, n->files[i].body);
		mail_disposition(&t->files[t->files_n].how, slice_str(n->files[i].name));
		t->files[t->files_n++].type = mail_file_type(n->files[i].name);
	}
}

void
post_send(struct post *p, const struct notice *n)
{
	struct letter *t;

	if (find(p, n->job) != NULL)
		return;
	t = x_calloc(1, sizeof *t);
	t->p = p;
	t->fd = -1;
	t->channel = n->channel;
	snprintf(t->job, sizeof t->job, "%s", n->job);
	take_files(t, n);
	vec_push(&p->letters, t);
	if (n->channel == NOTICE_MAIL && p->conf.url[0] == '\0') {
		letter_done(t, POST_DEFERRED, 0, "no mail server is configured (mail.url)");
		return;
	}
	if (n->channel == NOTICE_MAIL) {
		mail_fill(t, n);
	} else if (!hook_fill(t, n)) {
		letter_done(t, POST_REJECTED, 0, "no secret of that name");
		return;
	}
	start_waiting(p);
}

bool
post_is_active(const struct post *p, const char *job)
{
	return find(p, job) != NULL;
}

bool
post_cancel(struct post *p, const char *job)
{
	struct letter *t = find(p, job);

	if (t == NULL)
		return false;
	letter_done(t, POST_CANCELLED, 0, "");
	start_waiting(p);
	return true;
}
