/* SPDX-License-Identifier: Apache-2.0
 *
 * A synthetic person: logs in over HTTPS at this machine's own door with password and one-time code, asks who it is, and leaves. What is
 * measured is the way that a customer takes: certificate, TLS, web, desk, passwords, sessions.  One at a time, without blocking the loop.
 *
 * The certificate is judged as a browser does, its dates and the name that customers use, but for the authority: what is configured as
 * ours is believed, so that a certificate made here is as good as a bought one, and another one than the configured is not.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "notify/multi.h"
#include "notify/notify.h"

#define ANSWER_MAX (256u << 10)
#define PATIENCE_MS 20000L
#define VERIFY_EXPIRED 10L /* X509_V_ERR_CERT_HAS_EXPIRED */
#define VERIFY_UNSAID 1L   /* libcurl's value when the chain was good and the name was not */

enum step { LOG_IN, WHO_AM_I, LOG_OUT, STEPS };
static const char *const paths[STEPS] = { "/api/v1/session", "/api/v1/me", "/api/v1/session" };
static const char *const names[STEPS] = { "log in", "who am I", "log out" };

struct probe {
	probe_fn *fn;
	void *ctx;
	struct multi *multi;
	CURL *easy;                 /* of the request under way; NULL: none */
	struct curl_slist *headers, *connect;
	enum step step;
	char base[300], csrf[128], error[CURL_ERROR_SIZE];
	struct buf body, answer;
};

static void
on_over(struct probe *p, const char *fault, int code, const char *step, const char *text)
{
	multi_drop(p->multi, p->easy);
	curl_easy_cleanup(p->easy);
	p->easy = NULL;
	curl_slist_free_all(p->headers);
	curl_slist_free_all(p->connect);
	p->headers = p->connect = NULL;
	explicit_bzero(p->body.p, p->body.n);
	buf_clear(&p->body);
	p->fn(p->ctx, &(struct probe_end){ fault[0] == '\0', code, step, fault, text });
}

/* What of tbl/login_faults.tbl this is; "" for a good answer. */
static const char *
fault_of(const struct probe *p, CURLcode r, long status)
{
	long verified = 0;

	switch (r) {
	case CURLE_OK:
		return status >= 200 && status < 300 ? "" : "answer";
	case CURLE_PEER_FAILED_VERIFICATION:
		curl_easy_getinfo(p->easy, CURLINFO_SSL_VERIFYRESULT, &verified);
		return verified == VERIFY_EXPIRED ? "certificate_expired" : verified <= VERIFY_UNSAID ? "certificate_name" : "certificate";
	case CURLE_OPERATION_TIMEDOUT:
		return "time";
	case CURLE_WRITE_ERROR: /* more than ANSWER_MAX */
		return "answer";
	default:
		return "connection";
	}
}

static size_t
on_bytes(char *bytes, size_t size, size_t n, void *ctx)
{
	struct probe *p = ctx;

	if (p->answer.n + size * n > ANSWER_MAX)
		return 0;
	buf_put(&p->answer, bytes, size * n);
	return size * n;
}

static void
begin(struct probe *p, enum step step)
{
	auto_free char *url = x_asprintf("%s%s", p->base, paths[step]);
	auto_free char *csrf = x_asprintf("X-CSRF-Token: %s", p->csrf);

	p->step = step;
	buf_clear(&p->answer);
	curl_slist_free_all(p->headers);
	p->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (step == LOG_OUT)
		p->headers = curl_slist_append(p->headers, csrf);
	curl_easy_setopt(p->easy, CURLOPT_URL, url);
	curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, p->headers);
	if (step == LOG_IN) {
		curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, p->body.p);
		curl_easy_setopt(p->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->body.n);
	} else {
		curl_easy_setopt(p->easy, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(p->easy, CURLOPT_CUSTOMREQUEST, step == LOG_OUT ? "DELETE" : NULL);
	}
	multi_add(p->multi, p->easy);
}

/* The session's own words: who may go on, and with which value against forgery. */
static bool
is_in(struct probe *p)
{
	json_t *o = json_loadb(p->answer.p, p->answer.n, 0, NULL);
	const char *csrf = json_string_value(json_object_get(o, "csrf")), *step = json_string_value(json_object_get(o, "step"));
	bool in = csrf != NULL && step != NULL && strcmp(step, "done") == 0;

	if (in)
		snprintf(p->csrf, sizeof p->csrf, "%s", csrf);
	json_decref(o);
	return in;
}

static void
on_ended(void *ctx, CURL *easy, CURLcode r)
{
	struct probe *p = ctx;
	const char *fault;
	long code = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
	fault = fault_of(p, r, code);
	if (fault[0] != '\0') {
		on_over(p, fault, (int)code, names[p->step], p->error);
	} else if (p->step == LOG_IN && !is_in(p)) {
		on_over(p, "answer", (int)code, "second factor", "");
	} else if (p->step == LOG_OUT) {
		on_over(p, "", (int)code, "", "");
	} else {
		multi_drop(p->multi, easy);
		begin(p, p->step + 1);
	}
}

/* ---- the face ---- */

static const struct multi_ops multi_ops = { on_ended, NULL, NULL };

struct probe *
probe_open(struct loop *l, probe_fn *fn, void *ctx)
{
	struct probe *p = x_calloc(1, sizeof *p);

	*p = (struct probe){ .fn = fn, .ctx = ctx, .multi = multi_open(l, &multi_ops, p) };
	return p;
}

static void
believe(struct probe *p, const struct probe_door *door)
{
	auto_free char *at = x_asprintf("::%s", door->at);
	struct curl_blob trusted = { .data = (void *)(uintptr_t)door->trusted.p, .len = door->trusted.n, .flags = CURL_BLOB_COPY };

	p->connect = curl_slist_append(NULL, at);
	curl_easy_setopt(p->easy, CURLOPT_CONNECT_TO, p->connect);
	if (door->trusted.n != 0)
		curl_easy_setopt(p->easy, CURLOPT_CAINFO_BLOB, &trusted);
	curl_easy_setopt(p->easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(p->easy, CURLOPT_SSL_VERIFYHOST, 2L);
}

void
probe_start(struct probe *p, const struct probe_door *door, struct slice body)
{
	if (p->easy != NULL) /* the one before still waits: it will be told as what it is */
		return;
	p->easy = curl_easy_init();
	must(p->easy != NULL);
	snprintf(p->base, sizeof p->base, "%s", door->url);
	p->csrf[0] = p->error[0] = '\0';
	buf_put_slice(&p->body, body);
	curl_easy_setopt(p->easy, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(p->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(p->easy, CURLOPT_COOKIEFILE, "");
	curl_easy_setopt(p->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(p->easy, CURLOPT_TIMEOUT_MS, PATIENCE_MS);
	curl_easy_setopt(p->easy, CURLOPT_ERRORBUFFER, p->error);
	curl_easy_setopt(p->easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(p->easy, CURLOPT_WRITEDATA, p);
	curl_easy_setopt(p->easy, CURLOPT_USERAGENT, "nezuban-canary");
	believe(p, door);
	begin(p, LOG_IN);
}

void
probe_close(struct probe *p)
{
	if (p == NULL)
		return;
	if (p->easy != NULL) {
		multi_drop(p->multi, p->easy);
		curl_easy_cleanup(p->easy);
	}
	curl_slist_free_all(p->headers);
	curl_slist_free_all(p->connect);
	multi_close(p->multi);
	if (p->body.n != 0)
		explicit_bzero(p->body.p, p->body.n);
	buf_fini(&p->body);
	buf_fini(&p->answer);
	free(p);
}
