/* SPDX-License-Identifier: Apache-2.0
 *
 * Role archive: keeps the log of record and feeds those who derive from it.
 *
 *     ingest ── PUT ──▶ archive_put … one archive_sync for all of the last moment ── RECEIPT ──▶ ingest
 *                                                      └─ FEED ──▶ engine, while its credit lasts
 *
 * Nobody is told anything about a batch before its sync.  A feed reads the files again, also when it is
 * live: the pages are warm, and there is one way only.  A failed sync ends the process with status 4.
 */
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/map.h"
#include "base/must.h"
#include "base/vec.h"
#include "conf/conf.h"
#include "role/role.h"
#include "sys/fd.h"

#define GROUP_BYTES (4u << 20)        /* sync at once when this much waits */
#define FEED_QUEUE_MAX (16u << 20)    /* bytes towards an engine that wait for the kernel */
#define FEED_ROUND 64                 /* batches in one go, so that puts are not kept waiting */
#define DAY_CHECK (60 * NS_PER_S)
#define STATUS_IO 4

struct waiting {
	uint64_t id;
	struct chan *to;
	struct archive_answer answer;
};

struct feed {
	struct chan *ch;
	uint64_t number, credit;
	unsigned engine, engines;
	bool on;
	struct map known;                  /* stream → seq the engine has */
	VEC(struct archive_reader) readers; /* one per tenant of this engine */
	size_t tenants_seen;
};

struct keeper {
	struct role_env *env;
	struct archive *archive;
	struct pki_key *key;
	VEC(struct waiting) waiting;
	uint64_t unsynced;
	struct timer *group, *pump;
	int64_t group_wait;
	VEC(struct feed *) feeds;          /* by engine index */
	struct chan *desk, *ingest;
	struct buf wire, devices;
};

/* ---- receipts ---- */

static enum receipt_status
status_of(enum archive_result r)
{
	static const enum receipt_status table[] = { [ARCHIVE_NEW] = RECEIPT_STORED, [ARCHIVE_REPLAY] = RECEIPT_REPLAY,
		                                     [ARCHIVE_CHAIN] = RECEIPT_CHAIN_BROKEN, [ARCHIVE_GAP] = RECEIPT_GAP,
		                                     [ARCHIVE_FULL] = RECEIPT_FULL };

	return table[r];
}

static void
tell(const struct waiting *w)
{
	struct msg_receipt head = { .key = w->answer.meta.key, .status = status_of(w->answer.result),
		                    .want_seq = w->answer.want };
	auto_buf struct buf json = { 0 };

	if (w->answer.result == ARCHIVE_NEW || w->answer.result == ARCHIVE_REPLAY)
		archive_receipt(&w->answer, &json);
	head.receipt_len = (uint32_t)json.n;
	chan_send2(w->to, MSG_RECEIPT, w->id, slice_of(&head, sizeof head), buf_slice(&json), -1);
}

static void pump_soon(struct keeper *k);

static void
sync_group(void *ctx)
{
	struct keeper *k = ctx;

	k->group = NULL;
	if (archive_sync(k->archive) != 0) {
		loop_stop(k->env->loop, STATUS_IO);
		return;
	}
	for (size_t i = 0; i < k->waiting.n; i++)
		tell(&k->waiting.v[i]);
	k->waiting.n = 0;
	k->unsynced = 0;
	pump_soon(k);
}

/* ---- feeding ---- */

static uint64_t
known_of(void *ctx, const struct batch_key *key)
{
	const struct feed *f = ctx;
	struct map_slot *s = map_get(&f->known, slice_of(key, offsetof(struct batch_key, seq)));

	return s != NULL ? s->u : 0;
}

static bool
is_of(const struct feed *f, const char *tenant)
{
	return f->engines <= 1 || hash_stable(slice_str(tenant)) % f->engines == f->engine;
}

static void
find_tenants(struct keeper *k, struct feed *f)
{
	for (; f->tenants_seen < archive_tenants(k->archive); f->tenants_seen++) {
		struct archive_reader r = { .tenant = f->tenants_seen };

		if (!is_of(f, archive_tenant(k->archive, f->tenants_seen)))
			continue;
		archive_skip(k->archive, &r, known_of, f);
		vec_push(&f->readers, r);
	}
}

/* Sends one batch of this reader; false when there is none, or no credit. */
static bool
feed_one(struct keeper *k, struct feed *f, struct archive_reader *r)
{
	struct msg_batch head = { 0 };
	struct archive_meta meta;
	int rc;

	while (f->on && f->credit > 0 && chan_queued(f->ch) < FEED_QUEUE_MAX) {
		buf_clear(&k->wire);
		rc = archive_next(k->archive, r, &meta, &k->wire);
		if (rc == E_EOF)
			return false;
		if (rc != 0) {
			log_error("archive.read", kv_str("tenant", archive_tenant(k->archive, r->tenant)), kv_err(rc));
			return false;
		}
		if (meta.key.seq <= known_of(f, &meta.key))
			continue;
		memcpy(&head, &meta, sizeof meta);
		f->credit -= k->wire.n < f->credit ? k->wire.n : f->credit;
		chan_send2(f->ch, MSG_FEED, f->number, slice_of(&head, sizeof head), buf_slice(&k->wire), -1);
		return true;
	}
	return false;
}

static bool
feed_round(struct keeper *k, struct feed *f)
{
	bool any = false;

	find_tenants(k, f);
	for (size_t i = 0; i < f->readers.n; i++)
		any |= feed_one(k, f, &f->readers.v[i]); /* tenants take turns */
	return any;
}

static void
pump(void *ctx)
{
	struct keeper *k = ctx;
	bool any = false;

	k->pump = NULL;
	for (int round = 0; round < FEED_ROUND; round++) {
		any = false;
		for (size_t i = 0; i < k->feeds.n; i++)
			if (k->feeds.v[i]->on)
				any |= feed_round(k, k->feeds.v[i]);
		if (!any)
			return;
	}
	pump_soon(k);
}

static void
pump_soon(struct keeper *k)
{
	if (k->pump == NULL)
		k->pump = loop_timer(k->env->loop, 0, 0, pump, k);
}

static struct feed *
feed_of(struct keeper *k, unsigned index)
{
	while (k->feeds.n <= index) {
		struct feed *f = x_calloc(1, sizeof *f);

		vec_push(&k->feeds, f);
	}
	return k->feeds.v[index];
}

static void
feed_from(struct keeper *k, unsigned index, const struct msg *m)
{
	struct feed *f = feed_of(k, index);
	struct msg_feed_from head;

	if (m->body.n < sizeof head)
		return;
	memcpy(&head, m->body.p, sizeof head);
	if (m->body.n != sizeof head + (size_t)head.count * sizeof(struct batch_key) || head.engines == 0 ||
	    head.engine >= head.engines)
		return;
	map_fini(&f->known);
	vec_fini(&f->readers);
	f->tenants_seen = 0;
	f->number = m->id;
	f->credit = 0;
	f->engine = head.engine;
	f->engines = head.engines;
	for (uint32_t i = 0; i < head.count; i++) {
		struct batch_key key;

		memcpy(&key, m->body.p + sizeof head + i * sizeof key, sizeof key);
		map_put(&f->known, slice_of(&key, offsetof(struct batch_key, seq)), NULL)->u = key.seq;
	}
	f->on = true;
	log_info("archive.feed", kv_u64("engine", index), kv_u64("feed", f->number), kv_u64("streams", head.count));
	pump_soon(k);
}

static void
feed_credit(struct keeper *k, unsigned index, const struct msg *m)
{
	struct feed *f = feed_of(k, index);
	uint64_t more;

	if (m->body.n != sizeof more || m->id != f->number)
		return;
	memcpy(&more, m->body.p, sizeof more);
	if (__builtin_add_overflow(f->credit, more, &f->credit))
		f->credit = UINT64_MAX;
	pump_soon(k);
}

/* ---- puts ---- */

_Static_assert(offsetof(struct msg_batch, devices) == sizeof(struct archive_meta), "msg_batch begins as archive_meta");
_Static_assert(sizeof(struct msg_device) == sizeof(struct archive_device), "the record keeps msg_device as it is");

/* The pieces of a PUT, or false: ingest is another trust level, so every length is looked at. */
static bool
read_put(struct keeper *k, const struct msg *m, struct archive_meta *meta, uint32_t *device_n, struct slice *wire)
{
	struct msg_batch head;
	size_t table;

	if (m->body.n < sizeof head)
		return false;
	memcpy(&head, m->body.p, sizeof head);
	memcpy(meta, &head, sizeof *meta);
	table = (size_t)head.devices * sizeof(struct archive_device);
	if (head.devices > ARCHIVE_DEVICES_MAX || meta->wire_len > BATCH_WIRE_MAX ||
	    m->body.n != sizeof head + meta->wire_len + table)
		return false;
	*wire = slice_sub(m->body, sizeof head, sizeof head + meta->wire_len);
	/* Behind a wire form of any length they may be unaligned. */
	buf_clear(&k->devices);
	buf_put(&k->devices, wire->p + wire->n, table);
	*device_n = head.devices;
	return batch_key_is_good(&meta->key) && meta->key.seq != 0;
}

static void
on_put(struct keeper *k, struct chan *from, const struct msg *m)
{
	struct waiting w = { .id = m->id, .to = from };
	struct archive_meta meta;
	uint32_t device_n;
	struct slice wire;

	if (!read_put(k, m, &meta, &device_n, &wire)) {
		log_error("archive.put_refused", kv_u64("bytes", m->body.n));
		w.answer.result = ARCHIVE_CHAIN;
		tell(&w);
		return;
	}
	if (archive_put(k->archive, &meta, wire, (const void *)k->devices.p, device_n, &w.answer) != 0) {
		loop_stop(k->env->loop, STATUS_IO);
		return;
	}
	vec_push(&k->waiting, w); /* also replays wait: the old one may be unsynced still */
	k->unsynced += wire.n;
	if (k->unsynced >= GROUP_BYTES) {
		timer_free(k->group);
		sync_group(k);
	} else if (k->group == NULL) {
		k->group = loop_timer(k->env->loop, k->group_wait, 0, sync_group, k);
	}
}

/* ---- days ---- */

static void
on_manifest(void *ctx, struct slice json)
{
	struct keeper *k = ctx;

	if (k->desk != NULL)
		chan_send(k->desk, MSG_MANIFEST, 0, json, -1);
}

static void
days(void *ctx)
{
	struct keeper *k = ctx;
	int64_t now = clock_now(k->env->clock);

	if (archive_write_heads(k->archive, now) != 0 ||
	    archive_close_days(k->archive, now, conf_int(k->env->conf, "archive.keep"), on_manifest, k) != 0)
		log_error("archive.days", kv_err(E_IO));
}

/* ---- the role's page ---- */

static void
archive_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	struct keeper *k = env->state;

	if (peer == ROLE_INGEST && m->type == MSG_PUT)
		on_put(k, k->ingest, m);
	else if (peer == ROLE_ENGINE && m->type == MSG_FEED_FROM)
		feed_from(k, index, m);
	else if (peer == ROLE_ENGINE && m->type == MSG_FEED_CREDIT)
		feed_credit(k, index, m);
}

static void
archive_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct keeper *k = env->state;

	if (peer == ROLE_ENGINE)
		feed_of(k, index)->ch = ch;
	else if (peer == ROLE_DESK)
		k->desk = ch;
	else if (peer == ROLE_INGEST)
		k->ingest = ch;
}

static void
archive_peer_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	struct keeper *k = env->state;

	if (peer == ROLE_ENGINE) {
		feed_of(k, index)->on = false;
		feed_of(k, index)->ch = NULL;
	} else if (peer == ROLE_DESK) {
		k->desk = NULL;
	} else if (peer == ROLE_INGEST) {
		k->ingest = NULL;
		k->waiting.n = 0; /* nobody to tell; the collector asks again and gets the old receipt */
	}
}

static void
archive_drain(struct role_env *env, enum role_id peer, unsigned index)
{
	(void)index;
	if (peer == ROLE_ENGINE)
		pump_soon(env->state);
}

static void
archive_go(struct role_env *env)
{
	loop_timer(env->loop, DAY_CHECK, DAY_CHECK, days, env->state);
}

static void
archive_stop(struct role_env *env)
{
	struct keeper *k = env->state;

	sync_group(k);
	days(k);
	loop_stop(env->loop, 0);
}

static int
read_key(const struct conf *conf, struct pki_key **ret)
{
	auto_free char *path = x_asprintf("%s/keys/sign.key", conf_str(conf, "data"));
	auto_buf struct buf pem = { 0 };
	int r = file_read(path, &pem, 1 << 16);

	return r != 0 ? r : pki_key_read(buf_slice(&pem), ret);
}

static int
archive_role_open(struct role_env *env)
{
	struct keeper *k = x_calloc(1, sizeof *k);
	auto_free char *folder = conf_path(env->conf, "archive.folder");
	struct archive_conf conf = { .folder = folder,
		                     .segment = (uint64_t)conf_int(env->conf, "archive.segment"),
		                     .reserve = (uint64_t)conf_int(env->conf, "archive.reserve") };
	int r = read_key(env->conf, &k->key);

	k->env = env;
	k->group_wait = conf_int(env->conf, "archive.group_wait");
	env->state = k;
	if (r != 0)
		return r;
	conf.key = k->key;
	r = archive_open(&conf, &k->archive);
	if (r == 0)
		log_info("archive.open", kv_u64("tenants", archive_tenants(k->archive)));
	return r;
}

const struct role role_archive = {
	.id = ROLE_ARCHIVE,
	.open = archive_role_open,
	.on_peer = archive_peer,
	.on_peer_lost = archive_peer_lost,
	.on_msg = archive_msg,
	.on_drain = archive_drain,
	.on_go = archive_go,
	.on_stop = archive_stop,
};
