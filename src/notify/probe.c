/* SPDX-License-Identifier: Apache-2.0
 *
 * A synthetic person: logs in over HTTPS at this machine's own door with password and one-time code, asks who it is, and leaves. What is
 * measured is the way that a customer takes: TLS, web, desk, passwords, sessions.  One at a time, without blocking the loop.
 */
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"
#include "notify/notify.h"

#define ANSWER_MAX (256u << 10)
#define PATIENCE_MS 20000L

enum step { LOG_IN, WHO_AM_I, LOG_OUT, STEPS };
static const char *const paths[STEPS] = { "/api/v1/session", "/api/v1/me", "/api/v1/session" };
static const char *const names[STEPS] = { "log in", "who am I", "log out" };

struct probe {
	struct loop *l;
	probe_fn *fn;
	void *ctx;
	CURLM *multi;
	struct timer *timer;
	CURL *easy;                 /* of the request under way; NULL: none */
	struct curl_slist *headers;
	enum step step;
	char base[160], csrf[128];
	struct buf body, answer;
};

static void
on_over(struct probe *p, bool ok, int code, const char *what)
{
	if (p->easy != NULL) {
		curl_multi_remove_handle(p->multi, p->easy);
		curl_easy_cleanup(p->easy);
		p->easy = NULL;
	}
	curl_slist_free_all(p->headers);
	p->headers = NULL;
	explicit_bzero(p->body.p, p->body.n);
	buf_clear(&p->body);
	p->fn(p->ctx, ok, code, what);
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
	must(curl_multi_add_handle(p->multi, p->easy) == CURLM_OK);
}

static void
ended(struct probe *p, CURLcode r)
{
	long code = 0;
	json_t *o;
	const char *csrf, *step;

	curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &code);
	curl_multi_remove_handle(p->multi, p->easy);
	if (r != CURLE_OK || code < 200 || code > 299) {
		on_over(p, false, (int)code, names[p->step]);
		return;
	}
	if (p->step == LOG_OUT) {
		on_over(p, true, (int)code, "");
		return;
	}
	if (p->step == LOG_IN) {
		o = json_loadb(p->answer.p, p->answer.n, 0, NULL);
		csrf = json_string_value(json_object_get(o, "csrf"));
		step = json_string_value(json_object_get(o, "step"));
		if (csrf == NULL || step == NULL || strcmp(step, "done") != 0) {
			json_decref(o);
			on_over(p, false, (int)code, "second factor");
			return;
		}
		snprintf(p->csrf, sizeof p->csrf, "%s", csrf);
		json_decref(o);
	}
	begin(p, p->step + 1);
}

/* ---- libcurl in the loop ---- */

static void
look(struct probe *p)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(p->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			ended(p, m->data.result);
}

static void
on_ready(void *ctx, int fd, unsigned events)
{
	struct probe *p = ctx;
	int running, mask = ((events & (LOOP_IN | LOOP_HUP)) != 0 ? CURL_CSELECT_IN : 0) | ((events & LOOP_OUT) != 0 ? CURL_CSELECT_OUT : 0);

	curl_multi_socket_action(p->multi, fd, mask, &running);
	look(p);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *sockp)
{
	struct probe *p = ctx;
	struct watch *w = sockp;
	unsigned events = ((what & CURL_POLL_IN) != 0 ? LOOP_IN : 0u) | ((what & CURL_POLL_OUT) != 0 ? LOOP_OUT : 0u);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		watch_free(w);
		curl_multi_assign(p->multi, fd, NULL);
	} else if (w != NULL) {
		watch_set(w, events);
	} else {
		curl_multi_assign(p->multi, fd, loop_watch(p->l, fd, events, on_ready, p));
	}
	return 0;
}

static void
on_time(void *ctx)
{
	struct probe *p = ctx;
	int running;

	p->timer = NULL;
	curl_multi_socket_action(p->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	look(p);
}

static int
on_timer(CURLM *multi, long ms, void *ctx)
{
	struct probe *p = ctx;

	(void)multi;
	timer_free(p->timer);
	p->timer = ms < 0 ? NULL : loop_timer(p->l, ms * NS_PER_MS, 0, on_time, p);
	return 0;
}

/* ---- the face ---- */

struct probe *
probe_open(struct loop *l, probe_fn *fn, void *ctx)
{
	struct probe *p = x_calloc(1, sizeof *p);

	*p = (struct probe){ .l = l, .fn = fn, .ctx = ctx };
	curl_global_init(CURL_GLOBAL_DEFAULT);
	p->multi = curl_multi_init();
	must(p->multi != NULL);
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
	return p;
}

void
probe_start(struct probe *p, const char *base, struct slice body)
{
	if (p->easy != NULL) /* the one before still waits: it will be told as what it is */
		return;
	p->easy = curl_easy_init();
	must(p->easy != NULL);
	snprintf(p->base, sizeof p->base, "%s", base);
	p->csrf[0] = '\0';
	buf_put_slice(&p->body, body);
	curl_easy_setopt(p->easy, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(p->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(p->easy, CURLOPT_COOKIEFILE, "");
	curl_easy_setopt(p->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(p->easy, CURLOPT_TIMEOUT_MS, PATIENCE_MS);
	curl_easy_setopt(p->easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(p->easy, CURLOPT_WRITEDATA, p);
	curl_easy_setopt(p->easy, CURLOPT_USERAGENT, "nezuban-canary");
	/* this machine's own port, whose certificate names it as the world does */
	curl_easy_setopt(p->easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(p->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	begin(p, LOG_IN);
}

void
probe_close(struct probe *p)
{
	if (p == NULL)
		return;
	if (p->easy != NULL) {
		curl_multi_remove_handle(p->multi, p->easy);
		curl_easy_cleanup(p->easy);
	}
	curl_slist_free_all(p->headers);
	curl_multi_cleanup(p->multi);
	timer_free(p->timer);
	if (p->body.n != 0)
		explicit_bzero(p->body.p, p->body.n);
	buf_fini(&p->body);
	buf_fini(&p->answer);
	free(p);
}
