/* SPDX-License-Identifier: Apache-2.0
 *
 * libcurl's multi interface inside our loop.  TLS 1.3 only, our certificate, the SOC's CA and no other; the
 * customer's proxy by CONNECT.  Key and certificates are handed over as bytes: after the jail no file is opened.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "role/lcp_uplink_priv.h"

/* Counted every time, told when it begins or changes: behind a dead proxy this comes every few seconds. */
static void
no_answer(struct uplink *u, const struct call *c, CURLcode code)
{
	const char *why = c->why[0] != '\0' ? c->why : curl_easy_strerror(code);
	long proxy = 0;

	curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
	if (proxy < 300)
		proxy = 0;
	u->unanswered++;
	u->proxy_refused += proxy != 0;
	if (!u->away || proxy != u->proxy_status) {
		if (proxy != 0)
			log_error("uplink.proxy_refused", kv_str("proxy", u->proxy), kv_i64("status", proxy),
			          kv_str("why", lcp_proxy_wants_login(proxy) ? "soc.proxy_secret is not what the proxy wants" : why));
		else
			log_warn("uplink.no_answer", kv_str("url", u->url), kv_str("proxy", u->proxy), kv_str("why", why));
	}
	u->away = true;
	u->proxy_status = proxy;
}

static void
answered(struct uplink *u)
{
	if (u->away)
		log_warn("uplink.answers_again", kv_u64("unanswered", u->unanswered), kv_u64("proxy_refused", u->proxy_refused));
	u->away = false;
	u->proxy_status = 0;
}

static void
check_done(struct uplink *u)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(u->multi, &left)) != NULL) {
		struct call *c;
		long status = 0;
		curl_off_t retry = 0;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
		if (code == CURLE_OK) {
			curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
			curl_easy_getinfo(m->easy_handle, CURLINFO_RETRY_AFTER, &retry);
			answered(u);
		} else {
			no_answer(u, c, code);
		}
		curl_multi_remove_handle(u->multi, c->easy);
		c->busy = false;
		c->done(c, status, (long)retry);
	}
}

static void
on_socket(void *ctx, int fd, unsigned events)
{
	struct uplink *u = ctx;
	int running, mask = (events & LOOP_IN ? CURL_CSELECT_IN : 0) | (events & LOOP_OUT ? CURL_CSELECT_OUT : 0) |
	                    (events & LOOP_HUP ? CURL_CSELECT_IN : 0);

	curl_multi_socket_action(u->multi, fd, mask, &running);
	check_done(u);
}

static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *sockp)
{
	struct uplink *u = ctx;
	struct watch *w = sockp;
	unsigned events = (what & CURL_POLL_IN ? LOOP_IN : 0u) | (what & CURL_POLL_OUT ? LOOP_OUT : 0u);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		watch_free(w);
		curl_multi_assign(u->multi, fd, NULL);
	} else if (w != NULL) {
		watch_set(w, events);
	} else {
		curl_multi_assign(u->multi, fd, loop_watch(u->loop, fd, events, on_socket, u));
	}
	return 0;
}

static void
on_timer(void *ctx)
{
	struct uplink *u = ctx;
	int running;

	u->curl_timer = NULL;
	curl_multi_socket_action(u->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	check_done(u);
}

static int
set_timer(CURLM *multi, long ms, void *ctx)
{
	struct uplink *u = ctx;

	(void)multi;
	timer_free(u->curl_timer);
	u->curl_timer = ms < 0 ? NULL : loop_timer(u->loop, ms * NS_PER_MS, 0, on_timer, u);
	return 0;
}

static size_t
on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct call *c = ctx;

	if (c->answer.n + size * n > (c->most != 0 ? c->most : LCP_ANSWER_MAX))
		return 0; /* ends the transfer: nobody who is the SOC says so much */
	buf_put(&c->answer, p, size * n);
	return size * n;
}

static void
set_blob(CURL *e, CURLoption what, const struct buf *b)
{
	struct curl_blob blob = { b->p, b->n, CURL_BLOB_COPY }; /* a renewal replaces b while others are under way */

	must(curl_easy_setopt(e, what, &blob) == CURLE_OK);
}

void
http_call_init(struct uplink *u, struct call *c, const char *path, const char *type)
{
	auto_free char *url = x_asprintf("%s%s", u->url, path), *ct = x_asprintf("Content-Type: %s", type);
	CURL *e = curl_easy_init();

	must(e != NULL);
	c->u = u;
	c->easy = e;
	c->headers = curl_slist_append(curl_slist_append(NULL, ct), "Expect:");
	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->why);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
	curl_easy_setopt(e, CURLOPT_POST, 1L);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(e, CURLOPT_TIMEOUT, 120L);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 10L);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, 30L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 16384L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "nezuban-lcp/" NEZUBAN_VERSION);
	curl_easy_setopt(e, CURLOPT_PROXY, u->proxy); /* "" = none, whatever the environment says */
	if (u->proxy_secret != NULL)
		curl_easy_setopt(e, CURLOPT_PROXYUSERPWD, u->proxy_secret);
	c->cert_version = u->cert_version;
	set_blob(e, CURLOPT_SSLCERT_BLOB, &u->cert);
	set_blob(e, CURLOPT_SSLKEY_BLOB, &u->key);
	set_blob(e, CURLOPT_CAINFO_BLOB, &u->ca);
}

void
http_call_start(struct call *c)
{
	must(!c->busy);
	c->busy = true;
	if (c->cert_version != c->u->cert_version)
		set_blob(c->easy, CURLOPT_SSLCERT_BLOB, &c->u->cert);
	c->cert_version = c->u->cert_version;
	c->why[0] = '\0';
	buf_clear(&c->answer);
	if (c->get) {
		curl_easy_setopt(c->easy, CURLOPT_HTTPGET, 1L);
	} else {
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->body.p);
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body.n);
	}
	must(curl_multi_add_handle(c->u->multi, c->easy) == CURLM_OK);
}

int
http_open(struct uplink *u)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	u->multi = curl_multi_init();
	must(u->multi != NULL);
	curl_multi_setopt(u->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(u->multi, CURLMOPT_SOCKETDATA, u);
	curl_multi_setopt(u->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(u->multi, CURLMOPT_TIMERDATA, u);
	curl_multi_setopt(u->multi, CURLMOPT_MAXCONNECTS, (long)u->parallel + 2);
	return 0;
}
