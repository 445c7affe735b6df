/* SPDX-License-Identifier: Apache-2.0
 *
 * Role engine: raw batch → events, detections, column block.
 *
 *     archive ── FEED ──▶ unpack, check ─▶ detect_batch ─┬─ BLOCK ──────▶ store
 *        ▲                                               └─ DETECTIONS ─▶ desk
 *        └── FEED_CREDIT: only while neither of the two is behind
 *
 * It owns nothing that cannot be made again.  At start, and whenever the archive, the store or the desk was
 * restarted, it begins anew: ask store and desk what they have committed, take the correlation snapshot
 * from the desk, and let the archive feed from the earliest of the three.  A batch the store already has makes
 * no block, one the desk already has sends no detections, one the snapshot already holds moves no window.
 * So nothing is lost or doubled by a crash of anybody.
 *
 * The snapshot travels on the desk's channel behind the detections it rests on; when the desk holds a
 * snapshot it holds those detections too.
 *
 * A line that kills the process twice is known by the cursor in memory the parent keeps: the third time it
 * is kept raw, marked, and told.
 */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "base/utf8.h"
#include "codec/timefmt.h"
#include "conf/conf.h"
#include "role/engine_priv.h"

#define CREDIT_START (32u << 20)       /* wire bytes under way from the archive */
#define BEHIND_MARK (64u << 20)        /* queued towards store or desk: stop taking more */
#define FAULTS_TOLD 600
#define IMAGE_PATIENCE (15 * NS_PER_S) /* begin without indicators when none came by then */

enum { GOT_STORE = 1, GOT_DESK = 2, GOT_SNAPSHOT = 4, GOT_ALL = 7 };

struct engine {
	struct role_env *env;
	struct detect_gen *gen;          /* from.gen */
	struct generation from;
	struct detect_worker *worker;
	struct store_builder *columns;
	struct batch_zip *zip;
	struct intel_image *image;
	struct engine_tenants tenants;
	struct chan *archive, *store, *desk;
	bool have_tenants, have_image, going;
	uint64_t feed;                   /* number of this beginning; answers to older ones are ignored */
	unsigned got;
	struct positions stored, decided;
	struct positions held, done;     /* what the windows had seen when restored, and have seen now */
	uint64_t credit_owed;
	struct scratch *scratch, own_scratch;
	struct buf block, found;
	uint64_t batches;
};

static void
forget_positions(struct engine *e)
{
	positions_fini(&e->stored);
	positions_fini(&e->decided);
	positions_fini(&e->held);
	positions_fini(&e->done);
}

/* Asks everybody where they are; the feed starts when all have answered. */
static void
begin(struct engine *e)
{
	if (!e->going || e->archive == NULL || e->store == NULL || e->desk == NULL || !e->have_tenants || !e->have_image)
		return;
	e->feed++;
	e->got = 0;
	e->credit_owed = 0;
	forget_positions(e);
	detect_worker_free(e->worker);
	e->worker = detect_worker_new(e->gen, e->image);
	detect_worker_cursor(e->worker, &e->scratch->cursor);
	chan_send(e->store, MSG_POSITIONS_ASK, e->feed, SL(""), -1);
	chan_send(e->desk, MSG_POSITIONS_ASK, e->feed, SL(""), -1);
	chan_send(e->desk, MSG_SNAPSHOT_ASK, e->feed, SL(""), -1);
	log_info("engine.begin", kv_u64("feed", e->feed));
}

/* From the earliest of the three; a stream that one of them does not know starts at its first batch. */
static void
start_feed(struct engine *e)
{
	struct msg_feed_from head = { .engine = e->env->index, .engines = e->env->copies };
	auto_buf struct buf keys = { 0 };
	uint64_t credit = CREDIT_START;

	for (struct map_slot *s = NULL; (s = map_next(&e->decided.by_stream, s)) != NULL;) {
		struct batch_key key = { .seq = s->u };
		uint64_t stored, held;

		memcpy(&key, s->key.p, offsetof(struct batch_key, seq));
		stored = positions_get(&e->stored, &key);
		held = positions_get(&e->held, &key);
		key.seq = stored < key.seq ? stored : key.seq;
		key.seq = held < key.seq ? held : key.seq;
		if (key.seq == 0)
			continue;
		buf_put(&keys, &key, sizeof key);
		head.count++;
	}
	chan_send2(e->archive, MSG_FEED_FROM, e->feed, slice_of(&head, sizeof head), buf_slice(&keys), -1);
	chan_send(e->archive, MSG_FEED_CREDIT, e->feed, slice_of(&credit, sizeof credit), -1);
	log_info("engine.feed", kv_u64("feed", e->feed), kv_u64("streams", head.count));
}

static void
answered(struct engine *e, unsigned who)
{
	e->got |= who;
	if (e->got == GOT_ALL) {
		e->got = GOT_ALL + 1; /* once */
		start_feed(e);
	}
}

/* ---- snapshot: u32 count of keys, keys, then the windows ---- */

static void
take_snapshot(void *ctx)
{
	struct engine *e = ctx;
	auto_buf struct buf out = { 0 }, keys = { 0 };
	uint64_t count;

	if (e->got <= GOT_ALL || e->worker == NULL || e->desk == NULL || e->batches == 0)
		return;
	e->batches = 0;
	positions_write(&e->done, &keys);
	count = keys.n / sizeof(struct batch_key);
	buf_put(&out, &count, sizeof count);
	buf_put_slice(&out, buf_slice(&keys));
	sigma_corr_snapshot(detect_worker_corr(e->worker), &out);
	if (out.n <= CHAN_MSG_MAX)
		chan_send(e->desk, MSG_SNAPSHOT, 0, buf_slice(&out), -1);
	else
		log_error("engine.snapshot_too_big", kv_u64("bytes", out.n));
}

/* An unreadable snapshot is no disaster: everything is read again from the archive. */
static void
use_snapshot(struct engine *e, struct slice body)
{
	uint64_t count = 0;
	size_t keys;

	if (body.n < sizeof count)
		return;
	memcpy(&count, body.p, sizeof count);
	if (count > (body.n - sizeof count) / sizeof(struct batch_key)) {
		log_error("engine.snapshot_refused", kv_err(E_CORRUPT));
		return;
	}
	keys = sizeof count + count * sizeof(struct batch_key);
	if (positions_read(&e->held, slice_sub(body, sizeof count, keys)) != 0 ||
	    positions_read(&e->done, slice_sub(body, sizeof count, keys)) != 0 ||
	    sigma_corr_restore(detect_worker_corr(e->worker), slice_sub(body, keys, body.n)) != 0) {
		log_error("engine.snapshot_refused", kv_err(E_CORRUPT));
		positions_fini(&e->held);
		positions_fini(&e->done);
	}
}

/* ---- one batch ---- */

static bool
behind(const struct engine *e)
{
	return chan_queued(e->store) > BEHIND_MARK || chan_queued(e->desk) > BEHIND_MARK;
}

static void
give_credit(struct engine *e)
{
	if (e->credit_owed == 0 || e->archive == NULL || e->store == NULL || e->desk == NULL || behind(e))
		return;
	chan_send(e->archive, MSG_FEED_CREDIT, e->feed, slice_of(&e->credit_owed, sizeof e->credit_owed), -1);
	e->credit_owed = 0;
}

/* The funnel's first two numbers; a gap record is neither a line of a device nor an event. */
static void
put_canaries(struct buf *out, const struct detect_worker *w)
{
	size_t n;
	const int64_t *minutes = detect_worker_canaries(w, &n);

	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%lld", i == 0 ? ",\"canaries\":[" : ",", (long long)minutes[i]);
	buf_put_str(out, n != 0 ? "]" : "");
}

static void
put_counts(struct buf *out, const struct detect_stats *before, const struct detect_stats *after)
{
	uint64_t unparsed = after->unparsed - before->unparsed;
	uint64_t lines = after->lines - before->lines - (after->gaps - before->gaps) - (after->canaries - before->canaries);

	buf_printf(out, ",\"counts\":{\"lines\":%llu,\"events\":%llu,\"unparsed\":%llu}}", (unsigned long long)lines,
	           (unsigned long long)(lines - unparsed), (unsigned long long)unparsed);
}

static void
work(struct engine *e, const struct msg_batch *m, const struct batch *b)
{
	const struct engine_tenant *t = engine_tenants_find(&e->tenants, m->key.tenant);
	struct detect_tenant tenant = { slice_str(m->key.tenant), t != NULL ? t->table : NULL, t != NULL ? t->lists : NULL };
	struct store_batch where = { .key = m->key, .stored_ns = m->received_ns };
	bool to_store = m->key.seq > positions_get(&e->stored, &m->key);
	bool to_desk = m->key.seq > positions_get(&e->decided, &m->key);
	uint32_t poison[SUSPECTS];
	struct detect_batch in = { .batch = b,
		                   .key = &m->key,
		                   .stored_ns = m->received_ns,
		                   .tenant = &tenant,
		                   .correlate = m->key.seq > positions_get(&e->held, &m->key),
		                   .poison = poison,
		                   .poison_n = scratch_poison(e->scratch, &m->key, poison),
		                   .columns = to_store ? e->columns : NULL,
		                   .detections = &e->found };

	struct detect_stats before = detect_worker_stats(e->worker), after;

	buf_clear(&e->found);
	buf_clear(&e->block);
	if (to_store)
		store_block_begin(e->columns, &where);
	buf_put_str(&e->found, "{\"detections\":");
	detect_batch(e->worker, &in);
	after = detect_worker_stats(e->worker);
	put_canaries(&e->found, e->worker);
	put_counts(&e->found, &before, &after);
	if (to_store) {
		struct msg_block head = { .key = m->key };

		head.rows = store_block_end(e->columns, &e->block);
		chan_send2(e->store, MSG_BLOCK, e->feed, slice_of(&head, sizeof head), buf_slice(&e->block), -1);
	}
	if (to_desk)
		chan_send2(e->desk, MSG_DETECTIONS, e->feed, slice_of(&m->key, sizeof m->key), buf_slice(&e->found), -1);
	if (in.correlate) { /* a batch read again only for store or desk must not take the windows' position back */
		positions_put(&e->done, &m->key);
		e->batches++;
	}
}

static void
on_feed(struct engine *e, const struct msg *m)
{
	struct msg_batch head;
	struct slice wire, block;
	struct batch b;
	const char *why = "does not unpack";
	int r;

	if (m->id != e->feed)
		return; /* of an older beginning */
	if (m->body.n >= sizeof head)
		memcpy(&head, m->body.p, sizeof head);
	if (m->body.n < sizeof head || !batch_key_is_good(&head.key)) {
		log_error("engine.feed_refused", kv_u64("bytes", m->body.n));
		return;
	}
	wire = slice_sub(m->body, sizeof head, m->body.n);
	r = batch_unpack(e->zip, wire, &block);
	if (r == 0)
		r = batch_check(block, &b, &why);
	if (r == 0)
		work(e, &head, &b);
	else /* ingest checked it, so the disk changed it; verify will say where */
		log_alert("engine.batch_refused", kv_str("tenant", head.key.tenant), kv_str("lcp", head.key.lcp),
		          kv_u64("seq", head.key.seq), kv_err(r), kv_str("why", why));
	e->credit_owed += wire.n;
	give_credit(e);
}

/* ---- the role's page ---- */

static void
no_image_yet(void *ctx)
{
	struct engine *e = ctx;

	if (e->have_image)
		return;
	log_warn("engine.no_indicators");
	e->have_image = true;
	begin(e);
}

static void
on_image(struct engine *e, struct msg *m)
{
	json_t *doc = json_loadb(m->body.p, m->body.n, 0, NULL);
	const char *kind = json_string_value(json_object_get(doc, "kind")), *why = NULL;
	struct intel_image *fresh = NULL;

	if (kind != NULL && strcmp(kind, "intel") == 0 && m->fd >= 0) {
		if (intel_open(m->fd, &fresh, &why) != 0) {
			log_error("engine.image_refused", kv_str("why", why != NULL ? why : ""));
		} else {
			if (e->worker != NULL)
				detect_worker_image(e->worker, fresh);
			intel_close(e->image);
			e->image = fresh;
			if (!e->have_image) {
				e->have_image = true;
				begin(e);
			}
		}
	}
	json_decref(doc);
}

static void
on_tenants(struct engine *e, const struct msg *m)
{
	int r = engine_tenants_read(&e->tenants, m->body, detect_gen_rules(e->gen));

	if (r != 0) {
		log_error("engine.tenants_refused", kv_err(r));
		return;
	}
	if (!e->have_tenants) {
		e->have_tenants = true;
		begin(e);
	}
}

static void
engine_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	struct engine *e = env->state;

	(void)index;
	if (peer == ROLE_ARCHIVE && m->type == MSG_FEED) {
		on_feed(e, m);
	} else if (m->type == MSG_POSITIONS && m->id == e->feed && (peer == ROLE_STORE || peer == ROLE_DESK)) {
		if (positions_read(peer == ROLE_STORE ? &e->stored : &e->decided, m->body) == 0)
			answered(e, peer == ROLE_STORE ? GOT_STORE : GOT_DESK);
		else
			log_error("engine.positions_refused", kv_str("from", role_name(peer)));
	} else if (peer == ROLE_DESK && m->type == MSG_SNAPSHOT && m->id == e->feed) {
		use_snapshot(e, m->body);
		answered(e, GOT_SNAPSHOT);
	} else if (peer == ROLE_DESK && m->type == MSG_TENANTS) {
		on_tenants(e, m);
	} else if (peer == ROLE_INTEL && m->type == MSG_IMAGE) {
		on_image(e, m);
	}
}

/* What this engine runs with, so that a person hears of files that wait for their repair. */
static void
tell_generation(struct engine *e)
{
	auto_buf struct buf faults = { 0 };
	json_t *o;
	char *text;

	utf8_repair(&faults, slice_sub(buf_slice(&e->from.faults), 0, e->from.faults.n < FAULTS_TOLD ? e->from.faults.n : FAULTS_TOLD));
	o = json_pack("{s:b, s:s}", "copy", (int)e->from.is_copy, "faults", buf_cstr(&faults));
	text = json_dumps(o, JSON_COMPACT);
	if (text != NULL)
		chan_send(e->desk, MSG_GENERATION, 0, slice_str(text), -1);
	free(text);
	json_decref(o);
}

static void
engine_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct engine *e = env->state;

	(void)index;
	if (peer == ROLE_ARCHIVE)
		e->archive = ch;
	else if (peer == ROLE_STORE)
		e->store = ch;
	else if (peer == ROLE_DESK)
		e->desk = ch;
	if (peer == ROLE_DESK)
		tell_generation(e);
	if (peer != ROLE_INTEL)
		begin(e);
}

static void
engine_peer_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	struct engine *e = env->state;

	(void)index;
	if (peer == ROLE_ARCHIVE)
		e->archive = NULL;
	else if (peer == ROLE_STORE)
		e->store = NULL;
	else if (peer == ROLE_DESK)
		e->desk = NULL;
	else
		return;
	e->feed++; /* what is still under way belongs to nobody now */
	e->got = 0;
}

static void
engine_drain(struct role_env *env, enum role_id peer, unsigned index)
{
	(void)peer;
	(void)index;
	give_credit(env->state);
}

static void
engine_listen(struct role_env *env, const char *name, int fd)
{
	struct engine *e = env->state;
	void *at;

	if (strcmp(name, "scratch") == 0) {
		at = mmap(NULL, sizeof *e->scratch, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (at != MAP_FAILED) {
			e->scratch = at;
			scratch_judge(e->scratch);
		}
	}
	close(fd);
}

static void
engine_go(struct role_env *env)
{
	struct engine *e = env->state;
	int64_t every = conf_int(env->conf, "detect.snapshot");

	e->going = true;
	loop_timer(env->loop, IMAGE_PATIENCE, 0, no_image_yet, e);
	loop_timer(env->loop, every, every, take_snapshot, e);
	begin(e);
}

static void
engine_stop(struct role_env *env)
{
	take_snapshot(env->state);
	loop_stop(env->loop, 0);
}

static void
say_faults(const struct whys *ws)
{
	for (size_t i = 0; i < ws->list.n; i++) {
		auto_buf struct buf line = { 0 };

		if (ws->list.v[i].level != WHY_ERROR)
			continue;
		why_print(&ws->list.v[i], &line);
		log_warn("engine.rule_or_source", kv_slice("fault", buf_slice(&line)));
	}
}

static int
engine_open(struct role_env *env)
{
	struct engine *e = x_calloc(1, sizeof *e);
	struct whys ws = { 0 };
	struct sigma_count n;
	int r;

	zone_preload(); /* tenants' zones come when no file can be opened any more */
	e->env = env;
	e->scratch = &e->own_scratch;
	e->columns = store_builder_new();
	e->zip = batch_zip_new();
	r = generation_load(env->conf, &e->from, &ws);
	say_faults(&ws);
	whys_fini(&ws);
	if (r != 0)
		return r;
	e->gen = e->from.gen;
	if (e->from.is_copy)
		log_alert("engine.last_good_generation", kv_slice("faults", buf_slice(&e->from.faults)));
	n = sigma_count(detect_gen_rules(e->gen));
	log_info("engine.generation", kv_u64("rules", n.rules), kv_u64("correlations", n.correlations),
	         kv_u64("refused", n.refused), kv_u64("sources", (uint64_t)source_count(detect_gen_sources(e->gen))));
	env->state = e;
	return 0;
}

const struct role role_engine = {
	.id = ROLE_ENGINE,
	.check = generation_check,
	.open = engine_open,
	.on_peer = engine_peer,
	.on_peer_lost = engine_peer_lost,
	.on_msg = engine_msg,
	.on_drain = engine_drain,
	.on_listen = engine_listen,
	.on_go = engine_go,
	.on_stop = engine_stop,
};
