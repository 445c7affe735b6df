/* SPDX-License-Identifier: Apache-2.0
 *
 * What is measured and not decided: heartbeats, lines, gaps, manifests, snapshots.  Not in the journal; a
 * fault here never stops a decision.
 *
 * A heartbeat's counts are totals since `since`; when that is another time than before, or a total is smaller than the one
 * before, the collector began anew, and then the whole total is new.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/watch_priv.h"

#define DEVICES_MAX 4096

static int64_t
total(const json_t *o, const char *key)
{
	int64_t n = json_integer_value(json_object_get(o, key));

	return n < 0 ? 0 : n;
}

static int64_t
json_time(const json_t *v)
{
	int64_t t;

	if (json_is_integer(v))
		return json_integer_value(v);
	return json_is_string(v) && time_parse_rfc3339(slice_str(json_string_value(v)), &t) == 0 ? t : 0;
}

static int64_t
sum_of(const json_t *drops)
{
	const char *key;
	json_t *v;
	int64_t n = 0;

	json_object_foreach((json_t *)drops, key, v)
		n += json_is_integer(v) && json_integer_value(v) > 0 ? json_integer_value(v) : 0;
	return n;
}

static int64_t
grown(int64_t before, int64_t after)
{
	return after >= before ? after - before : after;
}

struct beat {
	struct db *db;
	const char *tenant, *lcp;
	int64_t now, day, lines, dropped;
};

static void
one_device(struct beat *b, const json_t *d)
{
	const char *id = json_string_value(json_object_get(d, "id")), *source = json_string_value(json_object_get(d, "source"));
	const json_t *drops = json_object_get(d, "drops");
	int64_t lines = total(d, "lines"), dropped = sum_of(drops), more, lost, last = json_time(json_object_get(d, "last_at"));
	auto_free char *text = drops != NULL ? json_text(drops) : x_strdup("{}");

	if (id == NULL || id[0] == '\0' || strlen(id) > 255)
		return;
	more = grown(db_int(b->db, 0, "SELECT lines FROM devices WHERE tenant = ? AND lcp = ? AND device = ?", Q(b->tenant), Q(b->lcp), Q(id)), lines);
	lost = grown(db_int(b->db, 0, "SELECT dropped FROM devices WHERE tenant = ? AND lcp = ? AND device = ?", Q(b->tenant), Q(b->lcp), Q(id)), dropped);
	db_run(b->db,
	       "INSERT INTO devices(tenant, lcp, device, source, first_at, last_at, lines, bytes, dropped, drops, drop_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?,"
	       " ?, ?, ?) ON CONFLICT(tenant, lcp, device) DO UPDATE SET source = coalesce(excluded.source, devices.source), last_at ="
	       " coalesce(excluded.last_at, devices.last_at), lines = excluded.lines, bytes = excluded.bytes, dropped = excluded.dropped,"
	       " drops = excluded.drops, drop_at = coalesce(excluded.drop_at, devices.drop_at)",
	       Q(b->tenant), Q(b->lcp), Q(id), Q(source), Q(b->now), Q_MAYBE(last != 0 ? last : more != 0 ? b->now : 0), Q(lines), Q(total(d, "bytes")),
	       Q(dropped), Q(text), Q_MAYBE(lost != 0 ? b->now : 0));
	db_run(b->db,
	       "INSERT INTO device_days(tenant, day, lcp, device, lines, dropped, drops) VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(tenant, day, lcp, device)"
	       " DO UPDATE SET lines = device_days.lines + excluded.lines, dropped = device_days.dropped + excluded.dropped, drops = excluded.drops",
	       Q(b->tenant), Q(b->now / NS_PER_DAY), Q(b->lcp), Q(id), Q(more), Q(lost), Q(text));
	b->lines += more;
	b->dropped += lost;
}

int
desk_heartbeat(struct desk *d, const char *tenant, const char *lcp, const json_t *beat, int64_t now)
{
	auto_free char *zone = db_text(d->db, "SELECT zone FROM tenants WHERE id = ?", Q(tenant));
	struct beat b = { .db = d->db, .tenant = tenant, .lcp = lcp, .now = now, .day = local_day(zone, now) };
	const json_t *devices = json_object_get(beat, "devices"), *dev, *spool = json_object_get(beat, "spool"), *off = json_object_get(beat, "clock_offset_ms");
	const char *version = json_string_value(json_object_get(beat, "version"));
	const json_t *own = json_object_get(beat, "certificate");
	auto_free char *text = json_is_object(spool) ? json_text(spool) : NULL, *cert = json_is_object(own) ? json_text(own) : NULL;
	auto_free char *config = json_is_object(json_object_get(beat, "config")) ? json_text(json_object_get(beat, "config")) : NULL;
	int64_t since = json_time(json_object_get(beat, "since")), last = db_int(d->db, 0, "SELECT since FROM beats WHERE tenant = ? AND lcp = ?", Q(tenant), Q(lcp));
	size_t i;

	if (zone == NULL)
		return E_NOTFOUND;
	db_begin(d->db);
	if (since != 0 && last != 0 && since != last)
		db_run(d->db, "UPDATE devices SET lines = 0, bytes = 0, dropped = 0 WHERE tenant = ? AND lcp = ?", Q(tenant), Q(lcp));
	db_run(d->db,
	       "INSERT INTO beats(tenant, lcp, at, version, offset_ms, spool, certificate, config, since) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(tenant, lcp) DO UPDATE SET at ="
	       " excluded.at, version = excluded.version, offset_ms = excluded.offset_ms, spool = excluded.spool, certificate = excluded.certificate, config = excluded.config, since = excluded.since",
	       Q(tenant), Q(lcp), Q(now), Q(version), json_is_integer(off) ? Q(json_integer_value(off)) : Q_NULL, Q(text), Q(cert), Q(config), Q(since));
	watch_mark(d->db, tenant, lcp, "beat", now / WATCH_MINUTE, now / WATCH_MINUTE);
	json_array_foreach(devices, i, dev)
		if (i < DEVICES_MAX)
			one_device(&b, dev);
	db_run(d->db,
	       "INSERT INTO lines(tenant, day, lines, events, unparsed, received, dropped) VALUES(?, ?, 0, 0, 0, ?, ?) ON CONFLICT(tenant, day) DO UPDATE"
	       " SET received = lines.received + excluded.received, dropped = lines.dropped + excluded.dropped",
	       Q(tenant), Q(b.day), Q(b.lines), Q(b.dropped));
	db_run(d->db, "INSERT INTO hours(tenant, hour, lines) VALUES(?, ?, ?) ON CONFLICT(tenant, hour) DO UPDATE SET lines = hours.lines + excluded.lines",
	       Q(tenant), Q(now / (3600 * NS_PER_S)), Q(b.lines));
	return db_commit(d->db);
}

int
desk_traffic(struct desk *d, const json_t *traffic, int64_t now)
{
	/* counts of ingest per collector: kept for the doctor only; lines are counted from heartbeats and the engine */
	(void)d;
	(void)traffic;
	(void)now;
	return 0;
}

int
desk_manifest(struct desk *d, const json_t *m, int64_t now)
{
	const char *tenant = json_string_value(json_object_get(m, "tenant")), *day = json_string_value(json_object_get(m, "day")), *lcp, *device;
	auto_free char *text = json_text(m);
	const json_t *dev;
	int64_t t;
	size_t i;

	if (tenant == NULL || day == NULL || strlen(day) != 10)
		return E_SYNTAX;
	auto_free char *midnight = x_asprintf("%sT00:00:00Z", day);

	if (time_parse_rfc3339(slice_str(midnight), &t) != 0)
		return E_SYNTAX;
	db_begin(d->db);
	db_run(d->db, "INSERT INTO manifests(tenant, day, at, doc) VALUES(?, ?, ?, ?) ON CONFLICT(tenant, day) DO UPDATE SET at = excluded.at, doc = excluded.doc",
	       Q(tenant), Q(day), Q(now), Q(text));
	json_array_foreach(json_object_get(m, "devices"), i, dev) {
		lcp = json_string_value(json_object_get(dev, "lcp"));
		device = json_string_value(json_object_get(dev, "device"));
		if (device == NULL)
			device = json_string_value(json_object_get(dev, "id"));
		/* the archive counts a device over all collectors of its tenant */
		if (device != NULL)
			db_run(d->db, "UPDATE device_days SET archived = ? WHERE tenant = ? AND day = ? AND (? IS NULL OR lcp = ?) AND device = ?",
			       Q(total(dev, "lines")), Q(tenant), Q(t / NS_PER_DAY), Q(lcp), Q(lcp), Q(device));
	}
	return db_commit(d->db);
}

int
desk_snapshot_put(struct desk *d, struct slice body, int64_t now)
{
	db_begin(d->db);
	db_run(d->db, "INSERT INTO snapshots(at, body) VALUES(?, ?) ON CONFLICT(at) DO UPDATE SET body = excluded.body", Q(now), Q_BLOB(body.p, body.n));
	db_run(d->db, "DELETE FROM snapshots WHERE at NOT IN (SELECT at FROM snapshots ORDER BY at DESC LIMIT 2)");
	return db_commit(d->db);
}

bool
desk_snapshot_get(struct desk *d, struct buf *out)
{
	struct rows r = db_query(d->db, "SELECT body FROM snapshots ORDER BY at DESC LIMIT 1");

	if (!rows_next(&r))
		return false;
	buf_put_slice(out, row_text(&r, 0));
	rows_close(&r);
	return true;
}
