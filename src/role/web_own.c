/* SPDX-License-Identifier: Apache-2.0
 *
 * What role web does by itself: server-sent events, the API's description, and its certificate.
 *
 * A stream outlives many requests, so its session is asked again with every beat (15 s): whoever is
 * signed out, disabled or moved to another tenant loses the stream then at the latest.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "conf/conf.h"
#include "role/web_cert.h"
#include "role/web_priv.h"
#include "sys/fd.h"

/* ---- streams ---- */

static void
stream_free(struct stream *s)
{
	json_decref(s->viewer.tenants);
	free(s);
}

static void
on_gone(void *ctx, uint64_t id)
{
	struct stream *s = ctx;
	struct web *w = s->w;

	(void)id;
	for (size_t i = 0; i < w->streams.n; i++)
		if (w->streams.v[i] == s) {
			w->streams.v[i] = w->streams.v[--w->streams.n];
			break;
		}
	stream_free(s);
}

static void
set_viewer(struct api_viewer *v, const json_t *actor)
{
	const char *tenant = json_string_value(json_object_get(actor, "tenant"));
	json_t *mask = json_object_get(actor, "tenants");

	v->role = api_role_bit(json_string_value(json_object_get(actor, "role")));
	if (tenant != NULL && strlen(tenant) < sizeof v->tenant)
		memcpy(v->tenant, tenant, strlen(tenant) + 1);
	json_decref(v->tenants);
	v->tenants = json_is_array(mask) ? json_incref(mask) : NULL;
}

static void
stream_open(struct web *w, struct question *q)
{
	struct stream *s = x_calloc(1, sizeof *s);
	auto_buf struct buf out = { 0 };

	s->w = w;
	s->http = q->http;
	s->request = q->request;
	memcpy(s->token, q->token, sizeof s->token);
	set_viewer(&s->viewer, q->actor);
	buf_put_str(&out, "retry: 2000\n\n");
	if (q->last_event && !api_events_since(w->events, q->last_event_id, &s->viewer, &out))
		buf_printf(&out, "id: %llu\nevent: reset\ndata: {}\n\n",
		           (unsigned long long)api_events_last(w->events));
	else if (!q->last_event)
		buf_printf(&out, "id: %llu\nevent: hello\ndata: {}\n\n",
		           (unsigned long long)api_events_last(w->events));
	if (http_stream(s->http, s->request, on_gone, s) != 0) {
		stream_free(s);
		return;
	}
	vec_push(&w->streams, s);
	http_stream_put(s->http, s->request, buf_slice(&out));
}

void
web_changed(struct web *w, struct slice json)
{
	uint64_t seq;

	if (!api_events_add(w->events, json, &seq)) {
		log_warn("web.changed.bad");
		return;
	}
	for (size_t i = 0; i < w->streams.n; i++) {
		struct stream *s = w->streams.v[i];
		auto_buf struct buf out = { 0 };

		if (api_events_put(w->events, seq, &s->viewer, &out))
			http_stream_put(s->http, s->request, buf_slice(&out));
	}
}

static void
ask_again(struct web *w, struct stream *s)
{
	json_t *o;
	char *text;

	if (s->token[0] == 0 || w->desk == NULL || s->check != 0)
		return;
	s->check = ++w->last_id;
	o = json_pack("{s:s,s:{s:s,s:n,s:b}}", "verb", "session.check", "args", "token", s->token, "csrf", "write", 0);
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	must(text != NULL);
	chan_send(w->desk, MSG_ASK, s->check, slice_str(text), -1);
	free(text);
}

void
web_streams_beat(struct web *w)
{
	for (size_t i = 0; i < w->streams.n; i++) {
		http_stream_put(w->streams.v[i]->http, w->streams.v[i]->request, SL(":\n\n"));
		ask_again(w, w->streams.v[i]);
	}
}

bool
web_stream_checked(struct web *w, uint64_t id, bool good)
{
	for (size_t i = 0; i < w->streams.n; i++) {
		struct stream *s = w->streams.v[i];

		if (s->check != id)
			continue;
		s->check = 0;
		if (!good)
			http_stream_end(s->http, s->request);
		return true;
	}
	return false;
}

void
web_own(struct web *w, struct question *q, struct http_req *req)
{
	(void)req;
	if (strcmp(q->route->verb, "events.stream") == 0)
		stream_open(w, q);
	else
		http_answer(q->http, q->request, 200, "application/yaml", api_spec_text(), NULL);
	web_question_drop(w, q);
}

/* ---- certificate ---- */

int
web_certificate(struct role_env *env, struct web *w)
{
	auto_free char *cert = conf_path(env->conf, "web.certificate"), *key = conf_path(env->conf, "web.key");
	int r = web_cert_make(env->conf, clock_now(env->clock)), b;

	if (r != 0)
		return r;
	r = file_read(cert, &w->cert, 1u << 20);
	b = file_read(key, &w->key, 1u << 20);
	if (r != 0 || b != 0)
		log_error("web.certificate", kv_str("file", r != 0 ? cert : key), kv_err(r != 0 ? r : b));
	return r != 0 ? r : b;
}
