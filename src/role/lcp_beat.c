/* SPDX-License-Identifier: Apache-2.0
 *
 * The heartbeat: how the collector is, and lines, bytes and drops per device since this process began ("since").
 * The answer's time gives the offset of our clock: our time at the middle of the question, less theirs.
 */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "codec/jsonw.h"
#include "conf/conf.h"
#include "role/lcp_uplink_priv.h"

static struct device *
device_of(struct uplink *u, struct slice id, struct slice source)
{
	auto_buf struct buf key = { 0 };
	struct map_slot *s;
	bool is_new;

	buf_put_slice(&key, id);
	buf_put_byte(&key, '\0');
	buf_put_slice(&key, source);
	s = map_put(&u->devices, buf_slice(&key), &is_new);
	if (is_new) {
		struct device *d = x_calloc(1, sizeof *d);

		d->id = strndup(id.p, id.n);
		d->source = strndup(source.p, source.n);
		s->ptr = d;
	}
	return s->ptr;
}

/* A gap record is ours, but it went through a file: read it as foreign. */
static void
count_drop(struct device *d, struct slice json)
{
	json_t *j = json_loadb(json.p, json.n, 0, NULL);
	const char *reason = json_string_value(json_object_get(j, "reason"));
	json_int_t count = json_integer_value(json_object_get(j, "count"));

	for (int i = 0; reason != NULL && count > 0 && i < DROP_REASONS; i++) {
		if (d->drops[i].reason[0] != '\0' && strcmp(d->drops[i].reason, reason) != 0)
			continue;
		snprintf(d->drops[i].reason, sizeof d->drops[i].reason, "%s", reason);
		d->drops[i].count += (uint64_t)count;
		break;
	}
	json_decref(j);
}

void
beat_line(void *ctx, struct slice device, struct slice source, const struct spool_line *l, struct slice bytes)
{
	static struct device *last;
	struct uplink *u = ctx;
	struct device *d = last;

	if ((l->flags & LINE_CANARY) != 0)
		return; /* ours, not a device's */
	if (d == NULL || !slice_eq(slice_str(d->id), device) || !slice_eq(slice_str(d->source), source))
		d = last = device_of(u, device, source);
	if ((l->flags & LINE_GAP) != 0) {
		count_drop(d, bytes);
		return;
	}
	d->lines++;
	d->bytes += l->len;
	d->last_ns = l->received_ns;
}

static void
put_device(struct buf *b, const struct device *d)
{
	char when[41];
	bool any = false;

	jsonw_comma(b);
	buf_put_byte(b, '{');
	jsonw_kv_str(b, "id", d->id);
	jsonw_kv_str(b, "source", d->source[0] != '\0' ? d->source : "auto");
	jsonw_kv_i64(b, "lines", (int64_t)d->lines);
	jsonw_kv_i64(b, "bytes", (int64_t)d->bytes);
	jsonw_key(b, SL("drops"));
	buf_put_byte(b, '{');
	for (int i = 0; i < DROP_REASONS && d->drops[i].reason[0] != '\0'; i++)
		jsonw_kv_i64(b, d->drops[i].reason, (int64_t)d->drops[i].count);
	buf_put_byte(b, '}');
	any = d->last_ns != 0;
	time_format_rfc3339(when, d->last_ns, 3);
	if (any)
		jsonw_kv_str(b, "last_at", when);
	buf_put_byte(b, '}');
}

static void
put_time(struct buf *b, const char *key, int64_t ns)
{
	char when[41];

	time_format_rfc3339(when, ns, 3);
	jsonw_kv_str(b, key, when);
}

static void
write_beat(struct uplink *u, struct buf *b)
{
	int64_t oldest = spool_out_oldest_ns(u->out);
	unsigned n = 0;

	buf_put_str(b, "{\"v\":1");
	put_time(b, "at", u->beat_sent_ns);
	put_time(b, "since", u->started_ns);
	jsonw_kv_str(b, "version", NEZUBAN_VERSION);
	jsonw_key(b, SL("spool"));
	buf_put_byte(b, '{');
	jsonw_kv_i64(b, "bytes", (int64_t)(atomic_load(&u->board->in_bytes) + spool_out_bytes(u->out)));
	jsonw_kv_i64(b, "limit", (int64_t)u->opts.limit);
	if (oldest != 0)
		put_time(b, "oldest_at", oldest);
	jsonw_kv_i64(b, "batches", (int64_t)(spool_out_last(u->out) - spool_out_stored(u->out)));
	jsonw_kv_i64(b, "damaged", (int64_t)(spool_out_damage(u->out)->records + spool_pack_damage(u->pack)->records));
	jsonw_kv_bool(b, "full", atomic_load(&u->board->full_since_ns) != 0 || u->full);
	buf_put_byte(b, '}');
	if (u->offset_known)
		jsonw_kv_i64(b, "clock_offset_ms", u->clock_offset_ns / NS_PER_MS);
	jsonw_kv_i64(b, "connections", (int64_t)atomic_load(&u->board->connections));
	jsonw_kv_i64(b, "refused", (int64_t)atomic_load(&u->board->refused));
	jsonw_kv_i64(b, "unanswered", (int64_t)u->unanswered);
	jsonw_kv_i64(b, "proxy_refused", (int64_t)u->proxy_refused);
	jsonw_kv_i64(b, "worker_starts", (int64_t)atomic_load(&u->board->worker_starts));
	renew_put(u, b);
	fetch_put(u, b);
	jsonw_key(b, SL("devices"));
	buf_put_byte(b, '[');
	for (struct map_slot *s = NULL; (s = map_next(&u->devices, s)) != NULL && n < 10000; n++)
		put_device(b, s->ptr);
	buf_put_str(b, "]}");
}

void
beat_now(struct uplink *u)
{
	if (!u->enrolled || u->beat.busy)
		return;
	u->beat_sent_ns = clock_now(clock_real());
	buf_clear(&u->beat.body);
	write_beat(u, &u->beat.body);
	http_call_start(&u->beat);
}

static void
on_answer(struct call *c, long status, long retry_after)
{
	struct uplink *u = c->u;
	struct lcp_beat_answer a;

	(void)retry_after;
	if (status != 200 || lcp_beat_answer_read(buf_slice(&c->answer), &a) != 0) {
		log_info("uplink.heartbeat", kv_i64("status", status));
		return;
	}
	if (a.now_ns != 0) {
		int64_t now = clock_now(clock_real());

		u->clock_offset_ns = u->beat_sent_ns + (now - u->beat_sent_ns) / 2 - a.now_ns;
		u->offset_known = true;
		atomic_store(&u->board->clock_ahead_ns, u->clock_offset_ns);
	}
	if (a.receipt_key[0] != '\0')
		keys_learn(u, a.receipt_key);
	fetch_wanted(u, a.config);
}

static void
on_time(void *ctx)
{
	beat_now(ctx);
}

void
beat_open(struct uplink *u)
{
	int64_t every = conf_int(u->conf, "soc.heartbeat");

	if (!u->enrolled)
		return;
	http_call_init(u, &u->beat, "/v1/heartbeat", "application/json");
	u->beat.done = on_answer;
	/* The first one soon: it brings the key of receipts and our clock's offset. */
	loop_timer(u->loop, NS_PER_MS, every, on_time, u);
}
