/* SPDX-License-Identifier: Apache-2.0
 *
 * A request from its first header to the call of its route.  libmicrohttpd calls req_access once with
 * the headers, then with pieces of the body, then once more with none: routed, filled, asked.  After a
 * delayed answer it calls again and gets it.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "base/clock.h"
#include "http/http_priv.h"

/* ---- slots: id = generation << 20 | index ---- */

#define SLOT_BITS 20

struct http_req *
req_find(struct http *h, uint64_t id)
{
	size_t i = id & ((1u << SLOT_BITS) - 1);
	struct http_req *r = i < h->slots.n ? h->slots.v[i] : NULL;

	return r != NULL && r->id == id ? r : NULL;
}

static void
slot_take(struct http *h, struct http_req *r)
{
	size_t i = 0;

	while (i < h->slots.n && h->slots.v[i] != NULL)
		i++;
	if (i == h->slots.n)
		vec_push(&h->slots, NULL);
	must(i < 1u << SLOT_BITS);
	h->slots.v[i] = r;
	r->id = ++h->generation << SLOT_BITS | i;
}

void
req_free(struct http_req *r)
{
	struct http *h = r->h;

	h->slots.v[r->id & ((1u << SLOT_BITS) - 1)] = NULL;
	h->body_now -= r->body.n;
	if (r->answer != NULL)
		MHD_destroy_response(r->answer);
	if (r->state == REQ_STREAM && r->on_gone != NULL)
		r->on_gone(r->gone_ctx, r->id);
	free(r->note);
	buf_fini(&r->body);
	buf_fini(&r->out);
	arena_fini(&r->arena);
	free(r);
}

void
req_completed(void *cls, struct MHD_Connection *mc, void **con_cls, enum MHD_RequestTerminationCode why)
{
	struct http *h = cls;
	struct http_req *r = *con_cls;

	(void)mc;
	(void)why;
	if (r == NULL)
		return;
	if (r->conn != NULL)
		r->conn->deadline = loop_mono_ns() + h->conf.idle_ns + h->conf.request_ns;
	req_free(r);
	*con_cls = NULL;
}

/* ---- headers ---- */

struct head_facts {
	unsigned lengths, codings, hosts;
	bool long_name;
};

static enum MHD_Result
look_at_header(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct head_facts *f = cls;
	struct slice k = slice_str(key);

	(void)kind;
	(void)value;
	f->lengths += slice_eq_nocase(k, SL("content-length"));
	f->codings += slice_eq_nocase(k, SL("transfer-encoding"));
	f->hosts += slice_eq_nocase(k, SL("host"));
	return MHD_YES;
}

/* Two lengths, or a length beside a transfer coding, is how requests are smuggled past proxies. */
static bool
head_is_honest(struct http_req *r)
{
	struct head_facts f = { 0 };

	MHD_get_connection_values(r->mc, MHD_HEADER_KIND, look_at_header, &f);
	return f.lengths + f.codings <= 1 && f.hosts <= 1;
}

static bool
method_fits(const struct http_route *route, const char *method)
{
	return strcmp(route->method, method) == 0;
}

static const struct http_route *
route_find(struct http_req *r, bool *ret_path_known)
{
	const struct http_conf *c = &r->h->conf;

	*ret_path_known = false;
	for (size_t i = 0; i < c->route_count; i++) {
		struct http_match m;

		if (!http_match(c->routes[i].pattern, r->path, &m))
			continue;
		*ret_path_known = true;
		if (!method_fits(&c->routes[i], r->method))
			continue;
		r->match = m;
		return &c->routes[i];
	}
	return NULL;
}

static bool
body_length(struct http_req *r, uint64_t *ret)
{
	struct slice v = http_header(r, "Content-Length");

	*ret = 0;
	return v.p == NULL || slice_u64(v, ret);
}

/* 0 = go on reading; otherwise the status that refuses the request before its body. */
static unsigned
request_check(struct http_req *r)
{
	bool known;
	uint64_t length;
	bool get = strcmp(r->method, "GET") == 0;

	if (r->path.p == NULL || !head_is_honest(r) || !body_length(r, &length))
		return 400;
	r->route = route_find(r, &known);
	if (r->route == NULL && known)
		return 405;
	if (r->route == NULL && (r->h->conf.fallback == NULL || !get))
		return 404;
	size_t max = r->route != NULL ? r->route->body_max : 0;

	if (length > max)
		return 413;
	if (r->h->body_now + length > r->h->conf.body_budget)
		return 503;
	return 0;
}

static struct http_req *
req_new(struct http *h, struct MHD_Connection *mc, const char *url, const char *method)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_req *r = x_calloc(1, sizeof *r);
	size_t n = strlen(url);
	char *path;

	r->h = h;
	r->mc = mc;
	r->conn = info != NULL ? info->socket_context : NULL;
	arena_init(&r->arena, 4096, 0);
	r->method = strcmp(method, "HEAD") == 0 ? "GET" : arena_cstr(&r->arena, slice_str(method));
	path = arena_cstr(&r->arena, slice_of(url, n));
	if (http_unescape(path, &n))
		r->path = slice_of(path, n);
	slot_take(h, r);
	h->stats.requests++;
	return r;
}

static enum MHD_Result
refuse(struct http_req *r, unsigned status)
{
	static const char *const names[] = { "bad-request", "not-found", "method", "too-large", "busy" };
	const char *type = names[status == 404 ? 1 : status == 405 ? 2 : status == 413 ? 3 : status == 503 ? 4 : 0];

	r->h->stats.refused++;
	r->state = REQ_ASKED;
	http_problem(r->h, r->id, status, type, NULL, status == 503 ? 5 : 0);
	return answer_queue(r);
}

static enum MHD_Result
take_body(struct http_req *r, const char *data, size_t *size)
{
	size_t max = r->route != NULL ? r->route->body_max : 0;

	r->body_seen += *size;
	r->h->stats.body_bytes += *size;
	if (r->over || r->body_seen > max || r->h->body_now + *size > r->h->conf.body_budget) {
		r->over = true;
		if (r->body_seen > max + DISCARD_MAX)
			return MHD_NO; /* it does not stop: close */
	} else {
		buf_put(&r->body, data, *size);
		r->h->body_now += *size;
	}
	*size = 0;
	return MHD_YES;
}

static enum MHD_Result
ask(struct http_req *r)
{
	struct http *h = r->h;

	if (r->conn != NULL)
		r->conn->deadline = 0;
	if (r->over)
		return refuse(r, r->route != NULL && r->body_seen <= r->route->body_max ? 503 : 413);
	r->state = REQ_ASKED;
	r->asked_at = loop_mono_ns();
	(r->route != NULL ? r->route->fn : h->conf.fallback)(h->conf.ctx, r);
	if (r->state != REQ_ASKED)
		return answer_queue(r);
	MHD_suspend_connection(r->mc);
	r->suspended = true;
	return MHD_YES;
}

/* May its body come? */
static enum MHD_Result
admit(struct http_req *r)
{
	if (r->h->conf.admit == NULL)
		return MHD_YES;
	r->state = REQ_ASKED;
	r->asked_at = loop_mono_ns();
	r->h->conf.admit(r->h->conf.ctx, r);
	if (r->state != REQ_ASKED) {
		r->h->stats.refused++;
		return answer_queue(r);
	}
	r->state = REQ_READING;
	return MHD_YES;
}

enum MHD_Result
req_access(void *cls, struct MHD_Connection *mc, const char *url, const char *method, const char *version,
           const char *data, size_t *size, void **con_cls)
{
	struct http *h = cls;
	struct http_req *r = *con_cls;

	(void)version;
	if (r == NULL) {
		r = req_new(h, mc, url, method);
		*con_cls = r;
		unsigned status = h->closing ? 503 : request_check(r);

		return status != 0 ? refuse(r, status) : admit(r);
	}
	if (*size != 0)
		return take_body(r, data, size);
	if (r->state == REQ_READING)
		return ask(r);
	if (r->state == REQ_ASKED) /* only when the server closes */
		return refuse(r, 503);
	return answer_queue(r);
}

/* ---- what the handler may ask ---- */

uint64_t
http_id(const struct http_req *r)
{
	return r->id;
}

struct http *
http_server(const struct http_req *r)
{
	return r->h;
}

const char *
http_method(const struct http_req *r)
{
	return r->method;
}

struct slice
http_path(const struct http_req *r)
{
	return r->path;
}

uint64_t
http_arg(const struct http_req *r)
{
	return r->route != NULL ? r->route->arg : 0;
}

const char *
http_pattern(const struct http_req *r)
{
	return r->route != NULL ? r->route->pattern : NULL;
}

struct slice
http_body(const struct http_req *r)
{
	return buf_slice(&r->body);
}

void
http_take_body(struct http_req *r, struct buf *ret)
{
	must(ret->p == NULL);
	r->h->body_now -= r->body.n;
	*ret = r->body;
	r->body = (struct buf){ 0 };
}

struct slice
http_param(const struct http_req *r, const char *name)
{
	for (size_t i = 0; i < r->match.n; i++)
		if (slice_eq(r->match.name[i], slice_str(name)))
			return r->match.value[i];
	return (struct slice){ NULL, 0 };
}

bool
http_param_next(const struct http_req *r, size_t *i, struct slice *ret_name, struct slice *ret_value)
{
	if (*i >= r->match.n)
		return false;
	*ret_name = r->match.name[*i];
	*ret_value = r->match.value[(*i)++];
	return true;
}

struct nth {
	struct http_req *r;
	size_t want, at;
	struct slice name, value;
	bool found;
};

/* Decoded on the way out; a broken escape is left as it came, so that the schema refuses it. */
static struct slice
decoded(struct http_req *r, const char *p, size_t n)
{
	char *copy = arena_cstr(&r->arena, slice_of(p, n));

	return http_unescape(copy, &n) ? slice_of(copy, n) : slice_of(p, n);
}

static enum MHD_Result
take_nth(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n, const char *value, size_t value_n)
{
	struct nth *w = cls;

	(void)kind;
	if (w->at++ != w->want)
		return MHD_YES;
	w->name = decoded(w->r, key, key_n);
	w->value = value != NULL ? decoded(w->r, value, value_n) : SL("");
	w->found = true;
	return MHD_NO;
}

bool
http_query_next(const struct http_req *r, size_t *i, struct slice *ret_name, struct slice *ret_value)
{
	struct nth w = { .r = (struct http_req *)(uintptr_t)r, .want = *i };

	MHD_get_connection_values_n(r->mc, MHD_GET_ARGUMENT_KIND, take_nth, &w);
	if (!w.found)
		return false;
	(*i)++;
	*ret_name = w.name;
	*ret_value = w.value;
	return true;
}

struct slice
http_query(const struct http_req *r, const char *name)
{
	struct slice k, v;

	for (size_t i = 0; http_query_next(r, &i, &k, &v);)
		if (slice_eq(k, slice_str(name)))
			return v;
	return (struct slice){ NULL, 0 };
}

struct slice
http_header(const struct http_req *r, const char *name)
{
	const char *value = NULL;
	size_t n = 0;

	if (MHD_lookup_connection_value_n(r->mc, MHD_HEADER_KIND, name, strlen(name), &value, &n) != MHD_YES)
		return (struct slice){ NULL, 0 };
	return slice_of(value != NULL ? value : "", n);
}

struct slice
http_cookie(const struct http_req *r, const char *name)
{
	return http_cookie_find(http_header(r, "Cookie"), slice_str(name));
}

const struct http_peer *
http_peer(struct http_req *r)
{
	static const struct http_peer nobody;

	if (r->conn == NULL)
		return &nobody;
	if (!r->conn->peer_known) {
		peer_fill(r->h, r->mc, &r->conn->peer);
		r->conn->peer_known = true;
	}
	return &r->conn->peer;
}

void
http_set_note(struct http *h, uint64_t id, void *note)
{
	struct http_req *r = req_find(h, id);

	if (r == NULL) {
		free(note);
		return;
	}
	free(r->note);
	r->note = note;
}

void *
http_note(struct http *h, uint64_t id)
{
	struct http_req *r = req_find(h, id);

	return r != NULL ? r->note : NULL;
}
