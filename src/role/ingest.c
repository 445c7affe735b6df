/* SPDX-License-Identifier: Apache-2.0
 *
 * Role ingest: HTTPS for collectors.
 *
 *     headers ─▶ certificate in the desk's table? room in the tenant's lane? ─no─▶ answer, body never read
 *     body    ─▶ lane of the tenant ─▶ (whose turn) unpack, check ─▶ (in order) PUT ─▶ archive
 *                                                       └─ 422                          └─ RECEIPT ─▶ answer
 *
 * The HTTP answer is the acknowledgement; ingest keeps nothing on a disk and promises nothing itself.  Tenant and
 * collector come from the certificate only.  Until the desk has said who is enrolled, and while the archive is away,
 * everybody is told to come again.  When the archive or the desk dies, whoever waited for it is told so.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "conf/conf.h"
#include "http/http.h"
#include "role/ingest_priv.h"
#include "role/role.h"
#include "sys/fd.h"

#define TO_ARCHIVE_MAX (24u << 20)     /* bytes the archive has not answered: more waits in the lanes */
#define TURN_NS (5 * NS_PER_MS)        /* work on batches in one go before the sockets get their turn */
#define POSTS_PER_TENANT 512u
#define ENROLS_MAX 64u
#define ENROL_BODY (24u << 10)
#define HEARTBEAT_BODY (256u << 10)
#define TRAFFIC_EVERY (10 * NS_PER_S)
#define LOOK_EVERY (100 * NS_PER_MS)   /* at batches held for a forerunner */
#define STOP_PATIENCE (3 * NS_PER_S)
#define BUSY_RETRY_S 5u

enum refusal { NO_CERTIFICATE, NOT_ENROLLED, BUSY, BAD_BATCH, BAD_BODY, CHAIN, GAP, FULL, AWAY, REFUSALS };
static const char *const refusal_names[REFUSALS] = { "no_certificate", "not_enrolled", "busy", "bad_batch", "bad_body",
	                                             "chain", "gap", "full", "away" };

struct traffic {
	char tenant[BATCH_ID_MAX], lcp[BATCH_ID_MAX];
	uint64_t batches, lines, bytes, refused[REFUSALS];
};

struct ingest {
	struct role_env *env;
	struct buf cert, key, ca;
	struct http *http;
	struct chan *archive, *desk;
	struct lcp_table lcps;
	struct lanes lanes;
	struct streams streams;
	struct map under_way;      /* id → post given to the archive */
	size_t under_way_bytes, held;
	struct batch_zip *zip;
	struct timer *turn;
	struct map traffic;        /* tenant/lcp → struct traffic, of enrolled collectors only */
	uint64_t refused[REFUSALS];
	VEC(uint64_t) enrols;      /* requests the desk has not answered */
	int64_t reorder_wait;
	size_t tenant_queue, total_queue;
	unsigned retry_s;
	bool stopping;
};

/* ---- counting ---- */

static struct traffic *
traffic_of(struct ingest *in, const char *tenant, const char *lcp)
{
	char name[2 * BATCH_ID_MAX];
	bool fresh;
	size_t n = (size_t)snprintf(name, sizeof name, "%s/%s", tenant, lcp);
	struct map_slot *s = map_put(&in->traffic, slice_of(name, n), &fresh);

	if (fresh) {
		struct traffic *t = x_calloc(1, sizeof *t);

		snprintf(t->tenant, sizeof t->tenant, "%s", tenant);
		snprintf(t->lcp, sizeof t->lcp, "%s", lcp);
		s->ptr = t;
	}
	return s->ptr;
}

static json_t *
refused_json(uint64_t counts[REFUSALS])
{
	json_t *o = json_object();

	for (int i = 0; i < REFUSALS; i++) {
		if (counts[i] != 0)
			json_object_set_new(o, refusal_names[i], json_integer((json_int_t)counts[i]));
		counts[i] = 0;
	}
	return o;
}

static bool
is_quiet(const struct traffic *t)
{
	uint64_t sum = t->batches;

	for (int i = 0; i < REFUSALS; i++)
		sum += t->refused[i];
	return sum == 0;
}

static void
tell_traffic(void *ctx)
{
	struct ingest *in = ctx;
	json_t *rows = json_array(), *doc;
	char *text;

	if (in->desk == NULL) {
		json_decref(rows);
		return; /* it adds up until the desk is back */
	}
	for (struct map_slot *s = NULL; (s = map_next(&in->traffic, s)) != NULL;) {
		struct traffic *t = s->ptr;

		if (is_quiet(t))
			continue;
		json_array_append_new(rows, json_pack("{s:s,s:s,s:I,s:I,s:I,s:o}", "tenant", t->tenant, "lcp", t->lcp, "batches",
		                                      (json_int_t)t->batches, "lines", (json_int_t)t->lines, "bytes",
		                                      (json_int_t)t->bytes, "refused", refused_json(t->refused)));
		t->batches = t->lines = t->bytes = 0;
	}
	doc = json_pack("{s:o,s:o}", "lcps", rows, "refused", refused_json(in->refused));
	text = json_dumps(doc, JSON_COMPACT);
	must(text != NULL);
	chan_send(in->desk, MSG_TRAFFIC, 0, slice_str(text), -1);
	free(text);
	json_decref(doc);
}

/* ---- answers ---- */

struct no {
	enum refusal why;
	unsigned status;
	const char *type, *detail;
};

static void
refuse(struct ingest *in, uint64_t id, const struct lcp_entry *who, const struct no *no, unsigned retry_s)
{
	(who != NULL ? traffic_of(in, who->tenant, who->lcp)->refused : in->refused)[no->why]++;
	http_problem(in->http, id, no->status, no->type, no->detail, retry_s);
}

static void
refuse_post(struct ingest *in, struct post *p, const struct no *no, unsigned retry_s)
{
	traffic_of(in, p->head.key.tenant, p->head.key.lcp)->refused[no->why]++;
	http_problem(in->http, p->id, no->status, no->type, no->detail, retry_s);
	lanes_done(&in->lanes, p);
}

static void
answer_gap(struct ingest *in, struct post *p, uint64_t want)
{
	char body[96];
	int n = snprintf(body, sizeof body, "{\"type\":\"gap\",\"title\":\"Conflict\",\"status\":409,\"want\":%llu}",
	                 (unsigned long long)want);

	traffic_of(in, p->head.key.tenant, p->head.key.lcp)->refused[GAP]++;
	http_answer(in->http, p->id, 409, "application/problem+json", slice_of(body, (size_t)n), NULL);
	lanes_done(&in->lanes, p);
}

static const struct no no_archive = { AWAY, 503, "away", "the archive starts again" };
static const struct no no_desk = { AWAY, 503, "away", "the desk starts again" };

/* ---- who is it? ---- */

/* The collector behind this request, or NULL with the answer given. */
static const struct lcp_entry *
identify(struct ingest *in, struct http_req *r)
{
	static const struct no none = { NO_CERTIFICATE, 403, "certificate", "a client certificate of this service is needed" };
	static const struct no other = { NOT_ENROLLED, 403, "certificate", "this certificate is not enrolled or was revoked" };
	const struct http_peer *peer = http_peer(r);
	const struct lcp_entry *e;

	if (!peer->cert) {
		refuse(in, http_id(r), NULL, &none, 0);
		return NULL;
	}
	if (!in->lcps.known) {
		refuse(in, http_id(r), NULL, &no_desk, BUSY_RETRY_S);
		return NULL;
	}
	e = lcps_find(&in->lcps, peer->cert_o, peer->cert_cn, peer->cert_serial);
	if (e == NULL)
		refuse(in, http_id(r), NULL, &other, 0);
	return e;
}

/* Is there room for a body of this tenant? False with the answer given. */
static bool
has_room(struct ingest *in, const struct lcp_entry *who, uint64_t id, size_t more)
{
	static const struct no flood = { BUSY, 429, "flood", "this tenant sends faster than it is stored" };
	static const struct no all = { BUSY, 503, "busy", "too much waits for the archive" };
	const struct lane *l = lanes_get(&in->lanes, who->tenant);

	if (in->archive == NULL)
		refuse(in, id, who, &no_archive, 1);
	else if (l->bytes + more > in->tenant_queue || l->posts >= POSTS_PER_TENANT)
		refuse(in, id, who, &flood, in->retry_s);
	else if (in->lanes.bytes + more > in->total_queue)
		refuse(in, id, who, &all, in->retry_s);
	else
		return true;
	return false;
}

static void
on_admit(void *ctx, struct http_req *r)
{
	struct ingest *in = ctx;
	const struct lcp_entry *who;
	struct slice length = http_header(r, "Content-Length");
	uint64_t n;

	if (in->stopping)
		http_problem(in->http, http_id(r), 503, "stopping", NULL, 1);
	else if (strcmp(http_pattern(r), "/v1/enrol") != 0 && (who = identify(in, r)) != NULL &&
	         strcmp(http_pattern(r), "/v1/batches") == 0)
		has_room(in, who, http_id(r), slice_u64(length, &n) ? n : 0);
}

/* ---- the way of a batch ---- */

static void turn_soon(struct ingest *in);

static void
give(struct ingest *in, struct post *p)
{
	map_put(&in->under_way, slice_of(&p->id, sizeof p->id), NULL)->ptr = p;
	in->under_way_bytes += p->head.wire_len;
	chan_send2(in->archive, MSG_PUT, p->id, slice_of(&p->head, sizeof p->head), buf_slice(&p->wire), -1);
}

static void
give_ready(struct ingest *in, struct stream *s)
{
	struct post *p;

	while (in->archive != NULL && (p = stream_ready(s, loop_mono_ns())) != NULL) {
		in->held--;
		give(in, p);
	}
}

static void
work(struct ingest *in, struct post *p)
{
	struct no no = { BAD_BATCH, 422, "batch", NULL };
	struct stream *s;
	int r = post_look(p, in->zip, &no.detail);

	if (r != 0) {
		no.status = r == E_TOOBIG ? 413 : 422;
		refuse_post(in, p, &no, 0);
		return;
	}
	s = streams_get(&in->streams, &p->head.key);
	if (!stream_take(s, p, loop_mono_ns() + in->reorder_wait)) {
		in->held++;
		return;
	}
	give(in, p);
	give_ready(in, s);
}

static void
turn(void *ctx)
{
	struct ingest *in = ctx;
	int64_t end = loop_mono_ns() + TURN_NS;
	struct post *p;

	in->turn = NULL;
	while (in->archive != NULL && in->under_way_bytes < TO_ARCHIVE_MAX && (p = lanes_next(&in->lanes)) != NULL) {
		work(in, p);
		if (loop_mono_ns() > end) {
			turn_soon(in);
			return;
		}
	}
}

static void
turn_soon(struct ingest *in)
{
	if (in->turn == NULL)
		in->turn = loop_timer(in->env->loop, 0, 0, turn, in);
}

static void
look_at_held(void *ctx)
{
	struct ingest *in = ctx;

	if (in->held == 0)
		return;
	for (struct map_slot *s = NULL; (s = map_next(&in->streams.by_key, s)) != NULL;)
		give_ready(in, s->ptr);
}

static void
on_batches(void *ctx, struct http_req *r)
{
	static const struct no type = { BAD_BODY, 415, "type", "wanted application/vnd.nezuban.batch+zstd" };
	struct ingest *in = ctx;
	const struct lcp_entry *who = identify(in, r);
	struct post *p;

	if (who == NULL)
		return;
	if (!slice_eq_nocase(http_header(r, "Content-Type"), SL("application/vnd.nezuban.batch+zstd"))) {
		refuse(in, http_id(r), who, &type, 0);
		return;
	}
	if (!has_room(in, who, http_id(r), http_body(r).n))
		return;
	p = x_calloc(1, sizeof *p);
	p->id = http_id(r);
	snprintf(p->head.key.tenant, sizeof p->head.key.tenant, "%s", who->tenant);
	snprintf(p->head.key.lcp, sizeof p->head.key.lcp, "%s", who->lcp);
	p->head.received_ns = clock_now(in->env->clock);
	http_take_body(r, &p->wire);
	lanes_push(&in->lanes, p);
	turn_soon(in);
}

static void
stored(struct ingest *in, struct post *p, struct slice receipt)
{
	struct traffic *t = traffic_of(in, p->head.key.tenant, p->head.key.lcp);

	t->batches++;
	t->lines += p->head.lines;
	t->bytes += p->head.bytes;
	http_answer(in->http, p->id, 200, "application/json", receipt, NULL);
	lanes_done(&in->lanes, p);
}

static void
on_receipt(struct ingest *in, const struct msg *m)
{
	static const struct no chain = { CHAIN, 409, "chain", "another batch with this number, or another history before it" };
	static const struct no full = { FULL, 503, "full", "the archive's disk is full" };
	static const struct no bad = { BAD_BATCH, 422, "batch", "the archive refused it" };
	struct map_slot *slot = map_get(&in->under_way, slice_of(&m->id, sizeof m->id));
	struct msg_receipt head;
	struct stream *s;
	struct post *p;

	if (m->body.n < sizeof head || slot == NULL)
		return; /* asked by somebody who is gone */
	memcpy(&head, m->body.p, sizeof head);
	p = slot->ptr;
	map_del(&in->under_way, slice_of(&m->id, sizeof m->id));
	in->under_way_bytes -= p->head.wire_len;
	s = streams_get(&in->streams, &p->head.key);
	if (stream_receipt(s, p, head.status, head.want_seq, loop_mono_ns() + in->reorder_wait))
		in->held++;
	else if (head.status == RECEIPT_STORED || head.status == RECEIPT_REPLAY)
		stored(in, p, slice_sub(m->body, sizeof head, m->body.n));
	else if (head.status == RECEIPT_GAP)
		answer_gap(in, p, head.want_seq);
	else
		refuse_post(in, p, head.status == RECEIPT_FULL ? &full : head.status == RECEIPT_CHAIN_BROKEN ? &chain : &bad,
		            head.status == RECEIPT_FULL ? BUSY_RETRY_S : 0);
	give_ready(in, s);
	turn_soon(in);
}

/* Nobody will answer these any more: neither those under way, nor those held, nor those in the lanes. */
static void
archive_gone(struct ingest *in)
{
	struct post *p;

	for (struct map_slot *s = NULL; (s = map_next(&in->under_way, s)) != NULL;)
		refuse_post(in, s->ptr, &no_archive, 1);
	map_fini(&in->under_way);
	for (struct map_slot *s = NULL; (s = map_next(&in->streams.by_key, s)) != NULL;) {
		struct stream *st = s->ptr;

		for (size_t i = 0; i < st->held.n; i++)
			refuse_post(in, st->held.v[i], &no_archive, 1);
		st->held.n = 0;
	}
	while ((p = lanes_next(&in->lanes)) != NULL)
		refuse_post(in, p, &no_archive, 1);
	streams_fini(&in->streams);
	in->under_way_bytes = in->held = 0;
}

/* ---- enrolment and heartbeat ---- */

static const struct no bad_body = { BAD_BODY, 422, "body", "not the JSON that is wanted here" };

static void
on_enrol(void *ctx, struct http_req *r)
{
	static const struct no busy = { BUSY, 503, "busy", "many enrol at once" };
	struct ingest *in = ctx;
	auto_buf struct buf body = { 0 };

	if (in->desk == NULL) {
		refuse(in, http_id(r), NULL, &no_desk, BUSY_RETRY_S);
	} else if (in->enrols.n >= ENROLS_MAX) {
		refuse(in, http_id(r), NULL, &busy, BUSY_RETRY_S);
	} else if (enrol_read(http_body(r), &body) != 0) {
		refuse(in, http_id(r), NULL, &bad_body, 0);
	} else {
		vec_push(&in->enrols, http_id(r));
		chan_send(in->desk, MSG_ENROL, http_id(r), buf_slice(&body), -1);
	}
}

/* With the certificate of now, while it is good: a new one for the key of the request. */
static void
on_renew(void *ctx, struct http_req *r)
{
	static const struct no busy = { BUSY, 503, "busy", "many renew at once" };
	struct ingest *in = ctx;
	const struct lcp_entry *who = identify(in, r);
	auto_buf struct buf body = { 0 };

	if (who == NULL)
		return;
	if (in->desk == NULL) {
		refuse(in, http_id(r), who, &no_desk, BUSY_RETRY_S);
	} else if (in->enrols.n >= ENROLS_MAX) {
		refuse(in, http_id(r), who, &busy, BUSY_RETRY_S);
	} else if (renew_read(http_body(r), who->tenant, who->lcp, http_peer(r)->cert_serial, &body) != 0) {
		refuse(in, http_id(r), who, &bad_body, 0);
	} else {
		vec_push(&in->enrols, http_id(r));
		chan_send(in->desk, MSG_RENEW, http_id(r), buf_slice(&body), -1);
	}
}

/* What this collector is told of its devices; the desk signs it. */
static void
on_config(void *ctx, struct http_req *r)
{
	static const struct no busy = { BUSY, 503, "busy", "many ask at once" };
	struct ingest *in = ctx;
	const struct lcp_entry *who = identify(in, r);
	struct slice have = http_header(r, "If-None-Match");
	char etag[32], ask[160];
	int n;

	if (who == NULL)
		return;
	snprintf(etag, sizeof etag, "\"%llu\"", (unsigned long long)who->config);
	if (who->config != 0 && slice_eq(have, slice_str(etag))) {
		http_answer(in->http, http_id(r), 304, NULL, SL(""), NULL);
	} else if (in->desk == NULL) {
		refuse(in, http_id(r), who, &no_desk, BUSY_RETRY_S);
	} else if (in->enrols.n >= ENROLS_MAX) {
		refuse(in, http_id(r), who, &busy, BUSY_RETRY_S);
	} else {
		/* both names passed batch_id_is_good: nothing in them needs escaping */
		n = snprintf(ask, sizeof ask, "{\"tenant\":\"%s\",\"lcp\":\"%s\"}", who->tenant, who->lcp);
		vec_push(&in->enrols, http_id(r));
		chan_send(in->desk, MSG_CONFIG_ASK, http_id(r), slice_of(ask, (size_t)n), -1);
	}
}

/* Was this asked by somebody who still waits? Takes it off the list. */
static bool
asked(struct ingest *in, uint64_t id)
{
	size_t i = 0;

	while (i < in->enrols.n && in->enrols.v[i] != id)
		i++;
	if (i == in->enrols.n)
		return false;
	in->enrols.v[i] = in->enrols.v[--in->enrols.n];
	return true;
}

static void
on_config_said(struct ingest *in, const struct msg *m)
{
	static const struct no no = { NOT_ENROLLED, 404, "config", "nothing is known of this collector" };
	auto_buf struct buf body = { 0 };
	uint64_t version = 0;
	char etag[32];
	struct http_header extra[] = { { "ETag", etag }, { NULL, NULL } };

	if (!asked(in, m->id))
		return;
	if (config_read(m->body, &version, &body) != 0) {
		refuse(in, m->id, NULL, &no, 0);
		return;
	}
	snprintf(etag, sizeof etag, "\"%llu\"", (unsigned long long)version);
	http_answer(in->http, m->id, 200, "application/json", buf_slice(&body), extra);
}

static void
on_enrolled(struct ingest *in, const struct msg *m)
{
	static const struct no later = { BUSY, 429, "later", "the last certificate is very new" };
	static const struct no no = { NOT_ENROLLED, 403, "enrol", "this token was used, has expired or never was, or this certificate may not be renewed" };
	auto_buf struct buf body = { 0 };
	int e;

	if (!asked(in, m->id))
		return;
	e = enrolled_read(m->body, &body);
	if (e != 0)
		refuse(in, m->id, NULL, e == E_AGAIN ? &later : &no, e == E_AGAIN ? BUSY_RETRY_S : 0);
	else
		http_answer(in->http, m->id, 200, "application/json", buf_slice(&body), NULL);
}

static void
desk_gone(struct ingest *in)
{
	for (size_t i = 0; i < in->enrols.n; i++)
		refuse(in, in->enrols.v[i], NULL, &no_desk, 1);
	in->enrols.n = 0;
}

static void
on_heartbeat(void *ctx, struct http_req *r)
{
	struct ingest *in = ctx;
	const struct lcp_entry *who = identify(in, r);
	auto_buf struct buf body = { 0 };
	char answer[128], now[40];
	int n;

	if (who == NULL)
		return;
	if (in->desk == NULL) {
		refuse(in, http_id(r), who, &no_desk, BUSY_RETRY_S);
		return;
	}
	if (heartbeat_read(http_body(r), &(struct beat_from){ who->tenant, who->lcp, http_peer(r)->cert_serial, http_peer(r)->address }, &body) != 0) {
		refuse(in, http_id(r), who, &bad_body, 0);
		return;
	}
	chan_send(in->desk, MSG_HEARTBEAT, 0, buf_slice(&body), -1);
	time_format_rfc3339(now, clock_now(in->env->clock), 3);
	n = snprintf(answer, sizeof answer, "{\"now\":\"%s\",\"backed_up\":[],\"config\":%llu}", now, (unsigned long long)who->config);
	http_answer(in->http, http_id(r), 200, "application/json", slice_of(answer, (size_t)n), NULL);
}

/* ---- the role's page ---- */

static void
ingest_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	struct ingest *in = env->state;

	(void)index;
	if (peer == ROLE_ARCHIVE && m->type == MSG_RECEIPT) {
		on_receipt(in, m);
	} else if (peer == ROLE_DESK && m->type == MSG_LCPS) {
		if (lcps_read(&in->lcps, m->body) != 0)
			log_error("ingest.lcps_refused", kv_u64("bytes", m->body.n));
		else
			log_info("ingest.lcps", kv_u64("lcps", in->lcps.list.n));
	} else if (peer == ROLE_DESK && m->type == MSG_ENROLLED) {
		on_enrolled(in, m);
	} else if (peer == ROLE_DESK && m->type == MSG_CONFIG) {
		on_config_said(in, m);
	}
}

static void
ingest_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct ingest *in = env->state;

	(void)index;
	if (peer == ROLE_ARCHIVE)
		in->archive = ch;
	else if (peer == ROLE_DESK)
		in->desk = ch;
}

static void
ingest_peer_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	struct ingest *in = env->state;

	(void)index;
	if (peer == ROLE_ARCHIVE) {
		in->archive = NULL;
		archive_gone(in);
	} else if (peer == ROLE_DESK) {
		in->desk = NULL;
		desk_gone(in); /* who is enrolled stays known: a restart of the desk does not stop the collectors */
	}
}

static void
ingest_listen(struct role_env *env, const char *name, int fd)
{
	static const struct http_route routes[] = {
		{ "POST", "/v1/batches", BATCH_WIRE_MAX, on_batches, 0 },
		{ "POST", "/v1/enrol", ENROL_BODY, on_enrol, 0 },
		{ "POST", "/v1/heartbeat", HEARTBEAT_BODY, on_heartbeat, 0 },
		{ "GET", "/v1/config", 0, on_config, 0 },
		{ "POST", "/v1/renew", ENROL_BODY, on_renew, 0 },
	};
	struct ingest *in = env->state;
	struct http_conf conf = { .listen_fd = fd,
		                  .cert_pem = buf_cstr(&in->cert),
		                  .key_pem = buf_cstr(&in->key),
		                  .client_ca_pem = buf_cstr(&in->ca),
		                  .tls13_only = true,
		                  .routes = routes,
		                  .route_count = sizeof routes / sizeof *routes,
		                  .admit = on_admit,
		                  .ctx = in,
		                  .max_conns = 4096,
		                  .body_budget = in->total_queue,
		                  .idle_ns = 120 * NS_PER_S,
		                  .request_ns = 120 * NS_PER_S };
	int r;

	must(strcmp(name, "ingest") == 0);
	r = http_open(env->loop, &conf, &in->http);
	if (r != 0) {
		log_error("ingest.listen", kv_err(r));
		loop_stop(env->loop, 3);
	}
}

static void
ingest_go(struct role_env *env)
{
	loop_timer(env->loop, TRAFFIC_EVERY, TRAFFIC_EVERY, tell_traffic, env->state);
	loop_timer(env->loop, LOOK_EVERY, LOOK_EVERY, look_at_held, env->state);
}

static void
stop_now(void *ctx)
{
	struct ingest *in = ctx;

	tell_traffic(in);
	loop_stop(in->env->loop, 0);
}

static void
stop_when_empty(void *ctx)
{
	struct ingest *in = ctx;

	if (in->lanes.bytes == 0)
		stop_now(in);
}

/* What was taken is answered first, as long as the archive is there to answer. */
static void
ingest_stop(struct role_env *env)
{
	struct ingest *in = env->state;

	if (in->stopping)
		return;
	in->stopping = true;
	loop_timer(env->loop, 20 * NS_PER_MS, 20 * NS_PER_MS, stop_when_empty, in);
	loop_timer(env->loop, STOP_PATIENCE, 0, stop_now, in);
}

static int
read_pem(const struct conf *conf, const char *name, struct buf *out)
{
	auto_free char *path = x_asprintf("%s/keys/%s", conf_str(conf, "data"), name);

	return file_read(path, out, 1 << 16);
}

static int
ingest_open(struct role_env *env)
{
	struct ingest *in = x_calloc(1, sizeof *in);
	int r = read_pem(env->conf, "ingest.crt", &in->cert);

	if (r == 0)
		r = read_pem(env->conf, "ingest.key", &in->key);
	if (r == 0)
		r = read_pem(env->conf, "ca.crt", &in->ca);
	in->env = env;
	in->zip = batch_zip_new();
	lanes_init(&in->lanes);
	in->reorder_wait = conf_int(env->conf, "ingest.reorder_wait");
	in->tenant_queue = (size_t)conf_int(env->conf, "ingest.tenant_queue");
	in->total_queue = (size_t)conf_int(env->conf, "ingest.total_queue");
	in->retry_s = (unsigned)(conf_int(env->conf, "ingest.retry_after") / NS_PER_S);
	env->state = in;
	return r;
}

const struct role role_ingest = {
	.id = ROLE_INGEST,
	.open = ingest_open,
	.on_peer = ingest_peer,
	.on_peer_lost = ingest_peer_lost,
	.on_msg = ingest_msg,
	.on_listen = ingest_listen,
	.on_go = ingest_go,
	.on_stop = ingest_stop,
};
