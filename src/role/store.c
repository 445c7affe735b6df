/* SPDX-License-Identifier: Apache-2.0
 *
 * Role store: the search store's process.
 *
 *     engine ── BLOCK ──▶ check ─▶ held (memory, bounded: past the mark the engines are not read) ─▶ one large
 *     insert at a time in a thread of its own, when enough rows or the oldest is old enough ─▶ STORED
 *     engine ── POSITIONS_ASK ──▶ what the rows say            web ── ASK ──▶ query threads ──▶ ANSWER
 *
 * While one insert runs the next one's blocks gather, so inserts grow with the load by themselves.  A
 * block already stored is answered at once, one already held is ignored, one that leaves a gap is refused
 * loudly: the engine begins anew from the positions.  After an insert in doubt the rows are asked first.
 */
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "base/vec.h"
#include "conf/conf.h"
#include "role/role.h"
#include "role/store_ask.h"
#include "role/store_work.h"

#define ENGINES_MAX 64
#define SPARES 256             /* warm buffers kept while blocks come */
#define REST_EVERY (10 * NS_PER_S)
#define RETRY_AFTER (2 * NS_PER_S)
#define QUERIES_WAITING_MAX 64
#define EXPIRE_EVERY (3600 * NS_PER_S)

struct held {
	struct buf bytes;
	struct store_block block;  /* points into bytes */
	unsigned engine;
	int64_t came_ns;           /* monotonic */
};

struct insert_job {
	struct job job;
	struct store_role *role;
	struct held **v;           /* what it inserts */
	size_t n;
	bool expire;               /* drop old days instead */
	bool ask_first;            /* an earlier insert was in doubt */
	store_positions_vec at;    /* the rows' answer, with ask_first */
	int result;
	struct buf err;
};

struct query_job {
	struct job job;
	struct store_role *role;
	enum role_id peer;
	uint64_t id;
	json_t *doc, *answer;
	struct slice *known;
	size_t known_count;
	volatile int cancel;
};

struct store_role {
	struct role_env *env;
	struct store *store;
	struct crew *inserter, *readers;
	struct chan *engine[ENGINES_MAX], *web, *desk;
	VEC(struct held *) held;
	VEC(struct held *) spare;  /* warm buffers */
	VEC(struct query_job *) queries;
	store_positions_vec stored; /* what the rows say */
	size_t held_bytes;
	uint64_t held_rows, insert_rows, insert_bytes;
	int64_t insert_age;
	bool inserting, doubt, paused, going, expire_due;
	bool busy;                 /* something was inserted since the last look */
	struct timer *due;
	int64_t retry_at;          /* after a failure; monotonic */
	uint64_t rows, inserts, failed, refused, asked;
	struct insert_job *current; /* the one under way; its blocks are neither held nor stored yet */
};

static bool
same_stream(const struct batch_key *a, const struct batch_key *b)
{
	return a->epoch[0] == b->epoch[0] && a->epoch[1] == b->epoch[1] && strcmp(a->lcp, b->lcp) == 0 &&
	       strcmp(a->tenant, b->tenant) == 0;
}

static struct store_position *
position_of(struct store_role *s, const struct batch_key *key)
{
	for (size_t i = 0; i < s->stored.n; i++)
		if (same_stream(&s->stored.v[i].key, key))
			return &s->stored.v[i];
	return NULL;
}

/* ---- inserting ---- */

static void consider(struct store_role *s);

static void
say_stored(struct store_role *s, unsigned engine, const struct batch_key *key)
{
	if (engine < ENGINES_MAX && s->engine[engine] != NULL)
		chan_send(s->engine[engine], MSG_STORED, 0, slice_of(key, sizeof *key), -1);
}

static void
let_go(struct store_role *s, struct held *h)
{
	s->held_bytes -= h->bytes.n;
	s->held_rows -= h->block.rows;
	s->busy = true;
	if (s->spare.n < SPARES && h->bytes.cap < 8u << 20) {
		vec_push(&s->spare, h);
		return;
	}
	buf_fini(&h->bytes);
	free(h);
}

/* Runs in the inserting thread. */
static void
insert_run(struct job *j, struct store_conn *c)
{
	struct insert_job *in = (struct insert_job *)(void *)j;
	const struct store_block **list;

	if (in->ask_first) {
		in->result = store_positions(c, &in->at, &in->err);
		return;
	}
	if (in->expire) {
		in->result = store_expire(c, clock_now(clock_real()), &in->err);
		return;
	}
	list = x_calloc(in->n, sizeof *list);
	for (size_t i = 0; i < in->n; i++)
		list[i] = &in->v[i]->block;
	in->result = store_insert(c, list, in->n, &in->err);
	free(list);
}

static void
take_positions(struct store_role *s, struct insert_job *in)
{
	vec_fini(&s->stored);
	memcpy(&s->stored, &in->at, sizeof s->stored);
	memset(&in->at, 0, sizeof in->at);
	s->doubt = false;
	for (size_t i = 0; i < s->held.n;) { /* the insert in doubt did happen for these */
		struct held *h = s->held.v[i];
		struct store_position *p = position_of(s, &h->block.batch.key);

		if (p == NULL || h->block.batch.key.seq > p->key.seq) {
			i++;
			continue;
		}
		say_stored(s, h->engine, &h->block.batch.key);
		let_go(s, h);
		memmove(&s->held.v[i], &s->held.v[i + 1], (s->held.n - i - 1) * sizeof *s->held.v);
		s->held.n--;
	}
}

static void
note_stored(struct store_role *s, const struct insert_job *in)
{
	for (size_t i = 0; i < in->n; i++) {
		const struct batch_key *key = &in->v[i]->block.batch.key;
		struct store_position *p = position_of(s, key);

		if (p == NULL)
			vec_push(&s->stored, (struct store_position){ .key = *key, .first = key->seq });
		else
			p->key.seq = key->seq;
		say_stored(s, in->v[i]->engine, key);
		s->rows += in->v[i]->block.rows;
		let_go(s, in->v[i]);
	}
	s->inserts++;
}

/* Back to the front, in order: they are older than what came meanwhile. */
static void
put_back(struct store_role *s, const struct insert_job *in)
{
	size_t old = s->held.n;

	for (size_t i = 0; i < in->n; i++)
		vec_push(&s->held, NULL);
	memmove(s->held.v + in->n, s->held.v, old * sizeof *s->held.v);
	memcpy(s->held.v, in->v, in->n * sizeof *s->held.v);
}

static void
on_due(void *ctx)
{
	struct store_role *s = ctx;

	s->due = NULL;
	consider(s);
}

static void
wake_in(struct store_role *s, int64_t ns)
{
	if (s->due == NULL)
		s->due = loop_timer(s->env->loop, ns, 0, on_due, s);
}

static void
insert_done(struct job *j)
{
	struct insert_job *in = (struct insert_job *)(void *)j;
	struct store_role *s = in->role;

	s->inserting = false;
	s->current = NULL;
	if (in->result == 0 && in->ask_first) {
		take_positions(s, in);
	} else if (in->result == 0) {
		note_stored(s, in);
	} else {
		s->failed++;
		log_error(in->expire ? "store.expire" : "store.insert", kv_err(in->result),
		          kv_slice("engine", slice_sub(buf_slice(&in->err), 0, 400)));
		s->doubt = s->doubt || (!in->expire && !in->ask_first);
		put_back(s, in);
		s->retry_at = loop_mono_ns() + RETRY_AFTER;
		wake_in(s, RETRY_AFTER);
	}
	free(in->v);
	buf_fini(&in->err);
	vec_fini(&in->at);
	if (in->result == 0)
		consider(s);
	free(in);
}

/* Moves what goes into the next insert from held to the job. */
static void
pick(struct store_role *s, struct insert_job *in)
{
	const struct store_block **blocks = x_calloc(s->held.n, sizeof *blocks);
	size_t *pick = x_calloc(s->held.n, sizeof *pick), n, kept = 0, p = 0, bytes = 0, limit = 0;

	while (limit < s->held.n && (limit == 0 || bytes + s->held.v[limit]->bytes.n <= s->insert_bytes)) {
		bytes += s->held.v[limit]->bytes.n;
		blocks[limit] = &s->held.v[limit]->block;
		limit++;
	}
	n = store_pick(blocks, limit, 1000000, pick);
	in->v = x_calloc(n, sizeof *in->v);
	for (size_t i = 0; i < s->held.n; i++) {
		if (p < n && pick[p] == i) {
			in->v[in->n++] = s->held.v[i];
			p++;
		} else {
			s->held.v[kept++] = s->held.v[i];
		}
	}
	s->held.n = kept;
	free(blocks);
	free(pick);
}

static void
push_back(struct store_role *s)
{
	uint64_t high = s->insert_bytes * 3 / 2, low = s->insert_bytes; /* one insert under way, half the next one ready */
	bool pause = s->held_bytes > (s->paused ? low : high);

	if (pause == s->paused)
		return;
	s->paused = pause;
	for (unsigned i = 0; i < ENGINES_MAX; i++)
		if (s->engine[i] != NULL)
			chan_pause(s->engine[i], pause);
}

/* Is it time for the next insert? */
static void
consider(struct store_role *s)
{
	struct insert_job *in;
	int64_t age;

	push_back(s);
	if (s->inserting || s->inserter == NULL || (s->held.n == 0 && !s->doubt && !s->expire_due))
		return;
	if (loop_mono_ns() < s->retry_at) {
		wake_in(s, s->retry_at - loop_mono_ns());
		return;
	}
	age = s->held.n != 0 ? loop_mono_ns() - s->held.v[0]->came_ns : 0;
	if (!s->doubt && !s->expire_due && s->held_rows < s->insert_rows && s->held_bytes < s->insert_bytes && age < s->insert_age) {
		wake_in(s, s->insert_age - age);
		return;
	}
	in = x_calloc(1, sizeof *in);
	in->job = (struct job){ .run = insert_run, .done = insert_done };
	in->role = s;
	in->ask_first = s->doubt;
	in->expire = !s->doubt && s->expire_due;
	if (in->expire)
		s->expire_due = false;
	else if (!in->ask_first)
		pick(s, in);
	s->inserting = true;
	s->current = in;
	crew_put(s->inserter, &in->job);
}

/* ---- blocks ---- */

/* The last batch of this stream that is stored, being inserted or held; 0 and false when none is known. */
static bool
last_known(struct store_role *s, const struct batch_key *key, uint64_t *ret)
{
	struct store_position *p = position_of(s, key);
	bool known = p != NULL;

	*ret = known ? p->key.seq : 0;
	for (size_t i = 0; s->current != NULL && i < s->current->n; i++)
		if (same_stream(&s->current->v[i]->block.batch.key, key)) {
			*ret = s->current->v[i]->block.batch.key.seq;
			known = true;
		}
	for (size_t i = s->held.n; i-- > 0;)
		if (same_stream(&s->held.v[i]->block.batch.key, key)) {
			*ret = s->held.v[i]->block.batch.key.seq > *ret ? s->held.v[i]->block.batch.key.seq : *ret;
			return true;
		}
	return known;
}

static void
hold(struct store_role *s, unsigned engine, struct slice bytes)
{
	struct held *h = s->spare.n != 0 ? s->spare.v[--s->spare.n] : x_calloc(1, sizeof *h);

	buf_clear(&h->bytes);
	buf_put_slice(&h->bytes, bytes);
	must(store_block_check(buf_slice(&h->bytes), &h->block, NULL) == 0);
	h->engine = engine;
	h->came_ns = loop_mono_ns();
	vec_push(&s->held, h);
	s->held_bytes += bytes.n;
	s->held_rows += h->block.rows;
}

static void
on_block(struct store_role *s, unsigned engine, const struct msg *m)
{
	struct store_position *p;
	struct store_block b;
	const char *why = NULL;
	struct slice bytes;
	uint64_t last;
	int r;

	if (m->body.n < sizeof(struct msg_block))
		return;
	bytes = slice_sub(m->body, sizeof(struct msg_block), m->body.n);
	r = store_block_check(bytes, &b, &why);
	if (r != 0) {
		s->refused++;
		log_alert("store.block_refused", kv_err(r), kv_str("why", why != NULL ? why : ""), kv_u64("engine", engine));
		return;
	}
	p = position_of(s, &b.batch.key);
	if (p != NULL && b.batch.key.seq <= p->key.seq) {
		say_stored(s, engine, &b.batch.key);
		return;
	}
	if (last_known(s, &b.batch.key, &last) && b.batch.key.seq != last + 1) {
		if (b.batch.key.seq > last + 1) {
			s->refused++;
			log_alert("store.block_gap", kv_str("tenant", b.batch.key.tenant), kv_str("lcp", b.batch.key.lcp),
			          kv_u64("want", last + 1), kv_u64("got", b.batch.key.seq));
		}
		return; /* held already */
	}
	hold(s, engine, bytes);
	consider(s);
}

static void
send_positions(struct store_role *s, struct chan *ch, uint64_t id)
{
	auto_buf struct buf keys = { 0 };

	for (size_t i = 0; i < s->stored.n; i++)
		if (!s->stored.v[i].broken)
			buf_put(&keys, &s->stored.v[i].key, sizeof s->stored.v[i].key);
	chan_send(ch, MSG_POSITIONS, id, buf_slice(&keys), -1);
}

/* ---- questions ---- */

static void
query_run(struct job *j, struct store_conn *c)
{
	struct query_job *q = (struct query_job *)(void *)j;
	struct ask a = { .verb = json_string_value(json_object_get(q->doc, "verb")),
		.actor = json_object_get(q->doc, "actor"), .args = json_object_get(q->doc, "args"), .known = q->known,
		.known_count = q->known_count, .now_ns = clock_now(clock_real()), .cancel = &q->cancel };

	q->answer = store_answer(c, &a);
}

static void
reply(struct store_role *s, enum role_id peer, uint64_t id, json_t *answer)
{
	struct chan *to = peer == ROLE_WEB ? s->web : s->desk;
	char *text = json_dumps(answer, JSON_COMPACT);
	struct slice body = text != NULL ? slice_str(text) : SL("{\"status\":500,\"body\":{\"type\":\"internal\",\"status\":500}}");

	if (to != NULL) /* whoever asked gets an answer in any case, and does not wait for a minute */
		chan_send(to, peer == ROLE_WEB ? MSG_ANSWER : MSG_STORE_ANSWER, id, body, -1);
	free(text);
}

static void
query_free(struct query_job *q)
{
	for (size_t i = 0; i < q->known_count; i++)
		free((void *)(uintptr_t)q->known[i].p);
	free(q->known);
	json_decref(q->doc);
	json_decref(q->answer);
	free(q);
}

static void
query_done(struct job *j)
{
	struct query_job *q = (struct query_job *)(void *)j;
	struct store_role *s = q->role;

	for (size_t i = 0; i < s->queries.n; i++)
		if (s->queries.v[i] == q) {
			s->queries.v[i] = s->queries.v[--s->queries.n];
			break;
		}
	reply(s, q->peer, q->id, q->answer);
	query_free(q);
}

/* Every tenant with rows here, for staff who see all. */
static void
copy_known(struct store_role *s, struct query_job *q)
{
	q->known = x_calloc(s->stored.n + 1, sizeof *q->known);
	for (size_t i = 0; i < s->stored.n; i++) {
		const char *name = s->stored.v[i].key.tenant;
		size_t k = 0;

		while (k < q->known_count && !slice_eq(q->known[k], slice_str(name)))
			k++;
		if (k == q->known_count)
			q->known[q->known_count++] = slice_str(x_strdup(name));
	}
}

static void
on_ask(struct store_role *s, enum role_id peer, const struct msg *m)
{
	json_t *doc = json_loadb(m->body.p, m->body.n, 0, NULL), *busy;
	struct query_job *q;

	s->asked++;
	if (!json_is_object(doc) || s->readers == NULL || crew_waiting(s->readers) >= QUERIES_WAITING_MAX) {
		busy = json_pack("{s:i,s:{s:s,s:i}}", "status", json_is_object(doc) ? 503 : 400, "body", "type",
		                 json_is_object(doc) ? "busy" : "invalid", "status", json_is_object(doc) ? 503 : 400);
		reply(s, peer, m->id, busy);
		json_decref(busy);
		json_decref(doc);
		return;
	}
	q = x_calloc(1, sizeof *q);
	q->job = (struct job){ .run = query_run, .done = query_done };
	q->role = s;
	q->peer = peer;
	q->id = m->id;
	q->doc = doc;
	copy_known(s, q);
	vec_push(&s->queries, q);
	crew_put(s->readers, &q->job);
}

static void
on_cancel(struct store_role *s, uint64_t id)
{
	for (size_t i = 0; i < s->queries.n; i++)
		if (s->queries.v[i]->id == id && s->queries.v[i]->peer == ROLE_WEB)
			s->queries.v[i]->cancel = 1;
}

/* ---- the role's page ---- */

static void
store_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	struct store_role *s = env->state;

	if (peer == ROLE_ENGINE && m->type == MSG_BLOCK)
		on_block(s, index, m);
	else if (peer == ROLE_ENGINE && m->type == MSG_POSITIONS_ASK && index < ENGINES_MAX && s->engine[index] != NULL)
		send_positions(s, s->engine[index], m->id);
	else if ((peer == ROLE_WEB && m->type == MSG_ASK) || (peer == ROLE_DESK && m->type == MSG_STORE_ASK))
		on_ask(s, peer, m);
	else if (peer == ROLE_WEB && m->type == MSG_CANCEL)
		on_cancel(s, m->id);
}

static void
store_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct store_role *s = env->state;

	if (peer == ROLE_ENGINE && index < ENGINES_MAX) {
		s->engine[index] = ch;
		chan_pause(ch, s->paused || s->inserter == NULL); /* nothing is read before the rows were asked */
	} else if (peer == ROLE_WEB) {
		s->web = ch;
	} else if (peer == ROLE_DESK) {
		s->desk = ch;
	}
}

static void
store_peer_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	struct store_role *s = env->state;

	if (peer == ROLE_ENGINE && index < ENGINES_MAX)
		s->engine[index] = NULL;
	else if (peer == ROLE_WEB)
		s->web = NULL;
	else if (peer == ROLE_DESK)
		s->desk = NULL;
}

static void
on_expire(void *ctx)
{
	struct store_role *s = ctx;

	s->expire_due = true;
	consider(s);
}

/* Nothing came for a while: what only inserting needs goes back to the system. */
static void
on_rest(void *ctx)
{
	struct store_role *s = ctx;

	if (!s->busy && !s->inserting && s->held.n == 0 && s->spare.n != 0) {
		for (size_t i = 0; i < s->spare.n; i++) {
			buf_fini(&s->spare.v[i]->bytes);
			free(s->spare.v[i]);
		}
		vec_fini(&s->spare);
		store_rest(s->store);
		malloc_trim(0);
	}
	s->busy = false;
}

static int
open_store(struct store_role *s, struct buf *err)
{
	const struct conf *conf = s->env->conf;
	auto_free char *folder = conf_path(conf, "store.folder");
	struct store_conf sc = { .library = conf_str(conf, "store.libchdb"), .folder = folder,
		.max_memory = (uint64_t)conf_int(conf, "store.memory"), .cache = (uint64_t)conf_int(conf, "store.cache"),
		.days = { (unsigned)(conf_int(conf, "store.keep") / NS_PER_DAY) } };
	struct store_conn *c = NULL;
	int r = store_open(&sc, &s->store, err);

	if (r == 0)
		r = store_conn_new(s->store, &c, err);
	if (r == 0)
		r = store_positions(c, &s->stored, err);
	store_conn_free(c);
	return r;
}

/* The engine's library starts threads, and a thread keeps the rights it was born with: so the library is
 * only loaded here, and begins after the jail, when the parent says go. */
static int
store_role_open(struct role_env *env)
{
	struct store_role *s = x_calloc(1, sizeof *s);
	auto_free char *library = store_find_library(conf_str(env->conf, "store.libchdb"));
	auto_buf struct buf err = { 0 };
	int r;

	s->env = env;
	env->state = s;
	s->insert_rows = (uint64_t)conf_int(env->conf, "store.insert_rows");
	s->insert_bytes = store_insert_bytes((uint64_t)conf_int(env->conf, "store.memory"));
	s->insert_age = conf_int(env->conf, "store.insert_age");
	r = library != NULL ? store_load_library(library, &err) : E_NOTFOUND;
	if (r != 0)
		log_error("store.library", kv_err(r), kv_slice("text", buf_slice(&err)),
		          kv_str("hint", "set store.libchdb, or run npm ci in src/store/chdb"));
	return r;
}

static void
store_go(struct role_env *env)
{
	struct store_role *s = env->state;
	auto_buf struct buf err = { 0 };
	int r;

	if (s->going)
		return;
	s->going = true;
	r = open_store(s, &err);
	if (r == 0)
		r = crew_new(env->loop, s->store, 1, &s->inserter, &err);
	if (r == 0)
		r = crew_new(env->loop, s->store, 2, &s->readers, &err);
	if (r != 0) {
		log_error("store.open", kv_err(r), kv_slice("text", slice_sub(buf_slice(&err), 0, 400)));
		loop_stop(env->loop, 3);
		return;
	}
	for (unsigned i = 0; i < ENGINES_MAX; i++) /* whoever asked before the rows were read */
		if (s->engine[i] != NULL)
			chan_pause(s->engine[i], false);
	loop_timer(env->loop, REST_EVERY, REST_EVERY, on_rest, s);
	loop_timer(env->loop, 10 * NS_PER_S, EXPIRE_EVERY, on_expire, s);
	log_info("store.open", kv_u64("streams", s->stored.n));
}

static void
store_stop(struct role_env *env)
{
	struct store_role *s = env->state;

	crew_stop(s->inserter); /* what is not inserted comes again */
	crew_stop(s->readers);
	loop_stop(env->loop, 0);
}

const struct role role_store = {
	.id = ROLE_STORE,
	.open = store_role_open,
	.on_peer = store_peer,
	.on_peer_lost = store_peer_lost,
	.on_msg = store_msg,
	.on_go = store_go,
	.on_stop = store_stop,
};
