/* SPDX-License-Identifier: Apache-2.0
 *
 * Role web: HTTPS for people.  It holds no business state: every row of tbl/routes.tbl becomes a
 * question to the desk or the store, and the answer goes out as it came.
 *
 *     request ─▶ api_args (description) ─▶ session.check at the desk ─▶ ASK {verb, actor, args} ─▶ ANSWER
 *                    └ 400 415 422            └ 401 403 as they are        desk or store
 *                                                                            └ a report as a file: web_file.c, role print
 *
 * Who asks is looked at before what was asked: what is wrong with a request is told only to somebody whose row it is.
 *
 * Two servers: TLS for browsers and machines, and api.sock for the command line, where the kernel's
 * word about the caller (uid 0 or our own) is the right of an administrator.
 * A question lives in `asked` until its answer comes or http has answered 504 by itself.
 * Opened before the jail: certificate, the apps (into memory), api.sock.  After it: no file at all.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "base/must.h"
#include "base/vec.h"
#include "codec/timefmt.h"
#include "conf/conf.h"
#include "role/role.h"
#include "role/web_priv.h"
#include "sys/fd.h"

#define ANSWER_S 60
#define BEAT_S 15
#define EVENTS_KEPT 4096

static const struct http_header secure_headers[] = {
	{ "Strict-Transport-Security", "max-age=63072000; includeSubDomains" },
	{ "Content-Security-Policy",
	  "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
	  "require-trusted-types-for 'script'; trusted-types 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cache-Control", "no-store" },
	{ NULL, NULL },
};

/* ---- questions under way ---- */

static struct question *
question_new(struct web *w, struct http_req *req, const struct api_route *route)
{
	struct question *q = x_calloc(1, sizeof *q);

	q->id = ++w->last_id;
	q->http = http_server(req);
	q->request = http_id(req);
	q->route = route;
	q->until = loop_mono_ns() + (ANSWER_S + 10) * NS_PER_S;
	vec_push(&w->asked, q);
	return q;
}

void
web_question_drop(struct web *w, struct question *q)
{
	for (size_t i = 0; i < w->asked.n; i++)
		if (w->asked.v[i] == q) {
			w->asked.v[i] = w->asked.v[--w->asked.n];
			break;
		}
	json_decref(q->args);
	json_decref(q->actor);
	free(q);
}

static struct question *
question_find(struct web *w, uint64_t id)
{
	for (size_t i = 0; i < w->asked.n; i++)
		if (w->asked.v[i]->id == id)
			return w->asked.v[i];
	return NULL;
}

void
web_refuse(struct question *q, unsigned status, const char *type, const char *field, const char *detail)
{
	auto_buf struct buf out = { 0 };
	struct http_header extra[] = { { status == 503 ? "Retry-After" : NULL, "2" }, { NULL, NULL } };

	api_problem(&out, status, type, field, detail);
	http_answer(q->http, q->request, status, "application/problem+json", buf_slice(&out), extra);
}

/* Sends {verb, actor, args}; false when that role is away. Takes over neither. */
static bool
send_ask(struct chan *to, uint64_t id, const char *verb, json_t *actor, json_t *args, const char *once)
{
	json_t *o = json_pack("{s:s,s:O?,s:O?,s:s*}", "verb", verb, "actor", actor, "args", args, "once", once);
	char *text;

	if (to == NULL) {
		json_decref(o);
		return false;
	}
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	must(text != NULL);
	chan_send(to, MSG_ASK, id, slice_str(text), -1);
	free(text);
	return true;
}

static void
ask_owner(struct web *w, struct question *q)
{
	struct chan *to = q->route->owner == API_STORE ? w->store : w->desk;

	q->step = STEP_OWNER;
	q->peer = q->route->owner == API_STORE ? ROLE_STORE : ROLE_DESK;
	if (send_ask(to, q->id, q->route->verb, q->actor, q->args, q->once[0] != '\0' ? q->once : NULL))
		return;
	web_refuse(q, 503, NULL, NULL, NULL);
	web_question_drop(w, q);
}

static void
refuse_args(struct web *w, struct question *q)
{
	web_refuse(q, q->fault_status, q->fault_status == 404 ? "not_found" : "invalid", q->fault.field, q->fault.text);
	web_question_drop(w, q);
}

/* The person may ask it: now it matters what was asked. req is NULL after a session check. */
static void
serve_question(struct web *w, struct question *q, struct http_req *req)
{
	if (q->args == NULL)
		refuse_args(w, q);
	else if (q->route->owner == API_WEB)
		web_own(w, q, req);
	else
		ask_owner(w, q);
}

static void
ask_session(struct web *w, struct question *q, struct slice token, struct slice csrf, bool write)
{
	json_t *args = json_object();

	json_object_set_new(args, "token", json_stringn(token.p, token.n));
	json_object_set_new(args, "csrf", csrf.p != NULL ? json_stringn(csrf.p, csrf.n) : json_null());
	json_object_set_new(args, "write", json_boolean(write));
	q->step = STEP_SESSION;
	q->peer = ROLE_DESK;
	if (!send_ask(w->desk, q->id, "session.check", NULL, args, NULL)) {
		web_refuse(q, 503, NULL, NULL, NULL);
		web_question_drop(w, q);
	}
	json_decref(args);
}

/* ---- requests ---- */

/* A program with a key: nothing that a browser would send along by itself, so nothing can be forged. */
static void
ask_key(struct web *w, struct question *q, struct http_req *req, struct slice key)
{
	json_t *args = json_pack("{s:s, s:s}", "verb", q->route->verb, "address", http_peer(req)->address);

	json_object_set_new(args, "bearer", json_stringn(key.p, key.n));
	q->step = STEP_SESSION;
	q->peer = ROLE_DESK;
	if (json_object_get(args, "bearer") == NULL) {
		web_refuse(q, 401, NULL, NULL, NULL);
		web_question_drop(w, q);
	} else if (!send_ask(w->desk, q->id, "session.check", NULL, args, NULL)) {
		web_refuse(q, 503, NULL, NULL, NULL);
		web_question_drop(w, q);
	}
	json_decref(args);
}

/* "Bearer nzk_…"; p NULL when there is none. */
static struct slice
bearer(struct http_req *req)
{
	struct slice h = http_header(req, "Authorization");

	return h.p != NULL && h.n > 7 && h.n < 200 && slice_eq_nocase(slice_sub(h, 0, 7), SL("Bearer ")) ? slice_sub(h, 7, h.n) : (struct slice){ NULL, 0 };
}

/* False when the header is there and is none: then it was refused. */
static bool
take_once(struct web *w, struct question *q, struct http_req *req)
{
	struct slice key = http_header(req, "Idempotency-Key");
	bool good = key.n > 0 && key.n <= 128;

	if (key.p == NULL || strcmp(q->route->method, "POST") != 0)
		return true;
	for (size_t i = 0; i < key.n; i++)
		good = good && (unsigned char)key.p[i] > ' ' && (unsigned char)key.p[i] < 0x7f;
	if (good) {
		snprintf(q->once, sizeof q->once, SL_FMT, SL_ARG(key));
		return true;
	}
	web_refuse(q, 422, "invalid", "Idempotency-Key", "wanted 1 to 128 visible characters");
	web_question_drop(w, q);
	return false;
}

static bool
is_write(const struct api_route *r)
{
	return strcmp(r->method, "GET") != 0;
}

static void
on_local(struct web *w, struct question *q, struct http_req *req)
{
	const struct http_peer *peer = http_peer(req);

	if (!peer->local || (peer->uid != 0 && peer->uid != w->own_uid)) {
		web_refuse(q, 403, NULL, NULL, NULL);
		web_question_drop(w, q);
		return;
	}
	q->actor = json_pack("{s:s,s:b,s:I}", "role", "admin", "local", 1, "uid", (json_int_t)peer->uid);
	serve_question(w, q, req);
}

#define AGENT_MOST 400 /* bytes of what a browser calls itself */

static void
put_origin(struct question *q, struct http_req *req)
{
	const struct http_peer *peer = http_peer(req);

	struct slice agent = http_header(req, "User-Agent");
	json_t *said = json_stringn(agent.p != NULL ? agent.p : "", agent.n < AGENT_MOST ? agent.n : AGENT_MOST); /* NULL: not UTF-8 */

	/* the login limiter counts by address; only rows without a session get it as an actor */
	q->actor = json_pack("{s:s, s:o}", "address", peer->address, "agent", said != NULL ? said : json_string(""));
}

static void
on_person(struct web *w, struct question *q, struct http_req *req)
{
	struct slice token = http_cookie(req, "__Host-nezuban"), key = bearer(req);
	bool write = is_write(q->route);

	if (key.p != NULL && (q->route->who & API_ANYBODY) == 0)
		ask_key(w, q, req, key);
	else if (write && api_is_cross_site(req)) {
		web_refuse(q, 403, "csrf", NULL, NULL);
		web_question_drop(w, q);
	} else if ((q->route->who & API_ANYBODY) != 0) {
		put_origin(q, req);
		serve_question(w, q, req);
	} else if (token.p == NULL || token.n == 0 || token.n > 128) {
		web_refuse(q, 401, NULL, NULL, NULL);
		web_question_drop(w, q);
	} else {
		memcpy(q->token, token.p, token.n);
		q->last_event = http_header(req, "Last-Event-ID").p != NULL;
		if (q->last_event && !slice_u64(http_header(req, "Last-Event-ID"), &q->last_event_id))
			q->last_event_id = 0;
		ask_session(w, q, token, http_header(req, "X-CSRF-Token"), write);
	}
}

static void
on_request(void *ctx, struct http_req *req)
{
	struct web *w = ctx;
	const struct api_route *route = &api_routes[http_arg(req)];
	struct question *q = question_new(w, req, route);

	q->fault_status = 500;
	q->args = api_args(w->spec, route, req, &q->fault_status, &q->fault);
	if (!take_once(w, q, req))
		return;
	if (q->http == w->local)
		on_local(w, q, req);
	else
		on_person(w, q, req);
}

static void
on_asset(void *ctx, struct http_req *req)
{
	struct web *w = ctx;

	if (slice_starts(http_path(req), SL("/api/")) || w->assets == NULL)
		http_problem(http_server(req), http_id(req), 404, "not_found", NULL, 0);
	else
		api_assets_answer(w->assets, req);
}

/* ---- answers ---- */

/* The cookie that goes with an answer; keys for it are taken out of the body. */
static const char *
cookie_of(json_t *body, char out[300])
{
	json_t *set = json_object_get(body, "set_session");
	const char *token = json_string_value(json_object_get(set, "token"));
	long long age = json_integer_value(json_object_get(set, "max_age_s"));
	const char *ret = NULL;

	if (token != NULL && strlen(token) < 160 && strpbrk(token, "; ,\r\n\"\\") == NULL) {
		snprintf(out, 300, "__Host-nezuban=%s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%lld", token,
		         age > 0 ? age : 0);
		ret = out;
	} else if (json_is_true(json_object_get(body, "clear_session"))) {
		snprintf(out, 300, "__Host-nezuban=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
		ret = out;
	}
	json_object_del(body, "set_session");
	json_object_del(body, "clear_session");
	return ret;
}

/* A problem without its title in both languages gets the one of its status. */
static void
complete_problem(unsigned status, json_t *body)
{
	auto_buf struct buf out = { 0 };
	json_t *plain;

	if (status < 400 || !json_is_object(body) || json_object_get(body, "title") != NULL)
		return;
	api_problem(&out, status, NULL, NULL, NULL);
	plain = json_loadb(out.p, out.n, 0, NULL);
	json_object_update_missing(body, plain);
	json_decref(plain);
}

void
web_answer(struct question *q, unsigned status, json_t *body)
{
	char cookie[300], retry[16];
	const char *set = cookie_of(body, cookie);
	json_t *after = json_object_get(body, "retry_after_s");
	bool empty = status == 204 || body == NULL || json_is_null(body);
	char *text = empty ? NULL : json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
	struct http_header extra[4] = { { NULL, NULL }, { NULL, NULL }, { NULL, NULL }, { NULL, NULL } };
	size_t n = 0;

	if (set != NULL)
		extra[n++] = (struct http_header){ "Set-Cookie", cookie };
	if (q->again)
		extra[n++] = (struct http_header){ "Idempotency-Replayed", "true" };
	if (status == 429 || status == 503) {
		snprintf(retry, sizeof retry, "%lld", json_is_integer(after) ? (long long)json_integer_value(after) : 5);
		extra[n++] = (struct http_header){ "Retry-After", retry };
	}
	http_answer(q->http, q->request, status,
	            empty ? NULL : status >= 400 ? "application/problem+json" : "application/json",
	            text != NULL ? slice_str(text) : SL(""), extra);
	free(text);
}

/* For tests (NEZUBAN_WEB_CHECK): does the owner answer what docs/openapi.yaml promises?  Told in the log,
 * never changed on the way. */
static void
look_at_answer(const struct web *w, const struct question *q, unsigned status, const json_t *body)
{
	struct api_fault f;

	if (!w->check || api_spec_check_answer(w->spec, q->route, status, json_is_null(body) ? NULL : body, &f) == 0)
		return;
	log_error("web.answer.shape", kv_str("verb", q->route->verb), kv_u64("status", status), kv_str("field", f.field),
	          kv_str("fault", f.text));
}

/* The session is good: its person is the actor, if the row is for that role. */
static void
on_session(struct web *w, struct question *q, unsigned status, json_t *body)
{
	json_t *actor = json_object_get(body, "actor");
	unsigned role = api_role_bit(json_string_value(json_object_get(actor, "role")));
	bool half = json_is_true(json_object_get(actor, "half"));

	if (status != 200 || !json_is_object(actor)) {
		web_answer(q, status >= 400 ? status : 401, body);
		web_question_drop(w, q);
		return;
	}
	if (half ? (q->route->who & API_HALF) == 0 : (q->route->who & role) == 0) {
		web_refuse(q, half ? 401 : 403, NULL, NULL, NULL);
		web_question_drop(w, q);
		return;
	}
	q->actor = json_incref(actor);
	serve_question(w, q, NULL);
}

static void
on_answer(struct web *w, enum role_id peer, struct msg *m)
{
	struct question *q;
	json_t *o = json_loadb(m->body.p, m->body.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL), *body; /* a line may hold NUL */
	json_int_t status = json_integer_value(json_object_get(o, "status"));

	if (web_stream_checked(w, m->id, status == 200)) {
		json_decref(o);
		return;
	}
	q = question_find(w, m->id);
	if (q == NULL || q->peer != peer) {
		json_decref(o);
		return;
	}
	body = json_object_get(o, "body");
	if (status < 200 || status > 599 || (peer == ROLE_STORE && q->step != STEP_OWNER)) {
		log_warn("web.answer.bad", kv_str("verb", q->route->verb));
		web_refuse(q, 503, NULL, NULL, NULL);
		web_question_drop(w, q);
	} else if (q->step == STEP_SESSION) {
		on_session(w, q, (unsigned)status, body);
	} else {
		if (status == 200 && web_is_file(q)) {
			web_file(w, q, body);
			json_decref(o);
			return;
		}
		complete_problem((unsigned)status, body);
		q->again = json_is_true(json_object_get(o, "again"));
		web_answer(q, (unsigned)status, body);
		look_at_answer(w, q, (unsigned)status, status == 204 ? NULL : json_object_get(o, "body"));
		web_question_drop(w, q);
	}
	json_decref(o);
}

static void
on_printed(struct web *w, struct msg *m)
{
	struct question *q = question_find(w, m->id);

	if (q != NULL && q->step == STEP_PRINT)
		web_printed(w, q, m->body);
}

static void
on_tick(void *ctx)
{
	struct web *w = ctx;
	int64_t now = loop_mono_ns();

	for (size_t i = 0; i < w->asked.n;) {
		struct question *q = w->asked.v[i];

		if (q->until > now) {
			i++;
			continue;
		}
		if (q->step == STEP_OWNER && q->peer == ROLE_STORE && w->store != NULL)
			chan_send(w->store, MSG_CANCEL, q->id, SL(""), -1);
		web_question_drop(w, q);
	}
	if (++w->ticks % BEAT_S == 0)
		web_streams_beat(w);
}

/* ---- the process ---- */

static struct http *
serve(struct web *w, int fd, bool tls)
{
	struct http_conf c = {
		.listen_fd = fd,
		.cert_pem = tls ? buf_cstr(&w->cert) : NULL,
		.key_pem = tls ? buf_cstr(&w->key) : NULL,
		.routes = w->routes,
		.route_count = api_route_count,
		.fallback = on_asset,
		.ctx = w,
		.headers = secure_headers,
		.problem = api_problem_http,
		.max_conns = 2000,
		.max_per_ip = tls ? 200 : 0,
		.answer_ns = ANSWER_S * NS_PER_S,
	};
	struct http *h = NULL;
	int rc = http_open(w->env->loop, &c, &h);

	if (rc != 0)
		log_error("web.listen", kv_err(rc));
	return h;
}

/* What may bring a document or files. */
static bool
is_large(const char *verb)
{
	return strstr(verb, ".import") != NULL || strcmp(verb, "inquiry.open") == 0 || strcmp(verb, "inquiry.message") == 0;
}

static int
web_open(struct role_env *env)
{
	struct web *w = x_calloc(1, sizeof *w);
	struct whys ws = { .limit = 10 };
	auto_free char *assets = conf_path(env->conf, "web.assets"), *sock = conf_path(env->conf, "web.socket");
	int rc;

	env->state = w;
	w->env = env;
	w->own_uid = geteuid();
	zone_preload(); /* a report's CSV tells the tenant's time, when no file can be opened any more */
	w->check = getenv("NEZUBAN_WEB_CHECK") != NULL;
	rc = api_spec_load(api_spec_text(), &w->spec, &ws);
	whys_fini(&ws);
	if (rc == 0)
		rc = web_certificate(env, w);
	if (rc != 0)
		return rc;
	if (api_assets_load(assets, &w->assets) != 0)
		log_warn("web.assets.absent", kv_str("folder", assets));
	w->events = api_events_new(EVENTS_KEPT);
	w->routes = x_calloc(api_route_count, sizeof *w->routes);
	for (size_t i = 0; i < api_route_count; i++)
		w->routes[i] = (struct http_route){
			.method = api_routes[i].method,
			.pattern = api_routes[i].path,
			.body_max = is_large(api_routes[i].verb) ? 8u << 20 : is_write(&api_routes[i]) ? 256u << 10 : 0,
			.fn = on_request,
			.arg = i,
		};
	w->local_fd = http_listen_local(sock);
	if (w->local_fd < 0)
		log_warn("web.socket", kv_str("path", sock), kv_err(w->local_fd));
	return 0;
}

static void
web_on_listen(struct role_env *env, const char *name, int fd)
{
	struct web *w = env->state;

	if (strcmp(name, "web") != 0 || w->tls_fd > 0) {
		close(fd);
		return;
	}
	w->tls_fd = fd;
}

static void
web_on_go(struct role_env *env)
{
	struct web *w = env->state;

	if (w->local_fd >= 0)
		w->local = serve(w, w->local_fd, false);
	if (w->tls_fd > 0)
		w->tls = serve(w, w->tls_fd, true);
	w->tick = loop_timer(env->loop, NS_PER_S, NS_PER_S, on_tick, w);
}

static void
web_on_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct web *w = env->state;

	(void)index;
	if (peer == ROLE_DESK)
		w->desk = ch;
	else if (peer == ROLE_STORE)
		w->store = ch;
	else if (peer == ROLE_PRINT)
		w->print = ch;
}

/* Questions to a role that died get an answer at once; the browser tries again. */
static void
web_on_peer_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	struct web *w = env->state;

	web_on_peer(env, peer, index, NULL);
	for (size_t i = 0; i < w->asked.n;) {
		struct question *q = w->asked.v[i];

		if (q->peer != peer) {
			i++;
			continue;
		}
		web_refuse(q, 503, NULL, NULL, NULL);
		web_question_drop(w, q);
	}
}

static void
web_on_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	struct web *w = env->state;

	(void)index;
	if (m->type == MSG_ANSWER)
		on_answer(w, peer, m);
	else if (m->type == MSG_PRINTED && peer == ROLE_PRINT)
		on_printed(w, m);
	else if (m->type == MSG_CHANGED && peer == ROLE_DESK)
		web_changed(w, m->body);
}

const struct role role_web = {
	.id = ROLE_WEB,
	.open = web_open,
	.on_peer = web_on_peer,
	.on_peer_lost = web_on_peer_lost,
	.on_msg = web_on_msg,
	.on_listen = web_on_listen,
	.on_go = web_on_go,
};
