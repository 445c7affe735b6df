/* SPDX-License-Identifier: Apache-2.0
 *
 * What is measured of the service itself, minute by minute, kept as spans of minutes.  Telemetry, not journalled.
 *
 *     seen    a collector's canary of that minute came through archive and engine in time
 *     late    it came, but too late
 *     found   a search found it in time
 *     beat    the collector spoke
 *     login   a synthetic person could log in ('' and '' for tenant and collector)
 *     fault:… it could not, for this reason of tbl/login_faults.tbl
 *     step    minutes that never were, because the server's clock was set forward
 *
 * Minutes count since 1970, UTC, by this server's clock; a collector counts its canaries by the same (it learns the
 * difference from heartbeats).  What these say about a month: availability.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/watch_priv.h"

static const struct login_fault faults[] = {
#define LOGIN_FAULT(name, ja, en) { name, ja, en },
#include "tbl/login_faults.tbl"
#undef LOGIN_FAULT
	{ NULL, NULL, NULL },
};

const struct login_fault *
login_fault_at(size_t i)
{
	return i < sizeof faults / sizeof *faults - 1 ? &faults[i] : NULL;
}

const struct login_fault *
login_fault_find(const char *name)
{
	for (size_t i = 0; login_fault_at(i) != NULL; i++)
		if (strcmp(faults[i].name, name) == 0)
			return &faults[i];
	return NULL;
}

int64_t
watch_late_ns(const struct desk *d)
{
	return d->s.canary_late_ns != 0 ? d->s.canary_late_ns : 5 * WATCH_MINUTE;
}

void
watch_mark(struct db *db, const char *tenant, const char *lcp, const char *what, int64_t from, int64_t to)
{
	struct rows r = db_query(db, "SELECT min(from_m), max(to_m) FROM watch WHERE tenant = ? AND lcp = ? AND what = ? AND from_m <= ? AND to_m >= ?", Q(tenant), Q(lcp),
	                         Q(what), Q(to + 1), Q(from - 1));
	int64_t first = from, last = to;

	if (rows_next(&r) && row_kind(&r, 0) != DB_NULL) {
		first = row_int(&r, 0) < from ? row_int(&r, 0) : from;
		last = row_int(&r, 1) > to ? row_int(&r, 1) : to;
	}
	rows_close(&r);
	db_run(db, "DELETE FROM watch WHERE tenant = ? AND lcp = ? AND what = ? AND from_m <= ? AND to_m >= ?", Q(tenant), Q(lcp), Q(what), Q(to + 1), Q(from - 1));
	db_run(db, "INSERT INTO watch(tenant, lcp, what, from_m, to_m) VALUES(?, ?, ?, ?, ?)", Q(tenant), Q(lcp), Q(what), Q(first), Q(last));
}

/* A minute of the future, or of another age, is no measurement. */
static bool
minute_is_sane(int64_t minute, int64_t now)
{
	return minute <= now / WATCH_MINUTE + 1 && minute > now / WATCH_MINUTE - WATCH_DAYS * 1440;
}

static bool
in_time(const struct desk *d, int64_t minute, int64_t now)
{
	return now <= (minute + 1) * WATCH_MINUTE + watch_late_ns(d);
}

void
watch_seen(struct desk *d, const char *tenant, const char *lcp, const json_t *minutes, int64_t now)
{
	const json_t *v;
	size_t i;

	if (db_int(d->db, 0, "SELECT 1 FROM lcps WHERE tenant = ? AND lcp = ?", Q(tenant), Q(lcp)) == 0)
		return;
	json_array_foreach(minutes, i, v) {
		int64_t minute = json_integer_value(v);

		if (minute_is_sane(minute, now))
			watch_mark(d->db, tenant, lcp, in_time(d, minute, now) ? "seen" : "late", minute, minute);
	}
}

int
desk_watch_found(struct desk *d, const json_t *items, int64_t now)
{
	const json_t *v;
	size_t i;

	db_begin(d->db);
	json_array_foreach(items, i, v) {
		const char *tenant = json_string_value(json_object_get(v, "tenant")), *lcp = json_string_value(json_object_get(v, "lcp"));
		int64_t minute = json_integer_value(json_object_get(v, "minute"));

		/* only what was seen is looked at: who could write rows of the store could not make up a minute */
		if (tenant != NULL && lcp != NULL && minute_is_sane(minute, now) && in_time(d, minute, now) &&
		    db_int(d->db, 0, "SELECT 1 FROM watch WHERE tenant = ? AND lcp = ? AND what = 'seen' AND from_m <= ? AND to_m >= ?", Q(tenant), Q(lcp), Q(minute), Q(minute)) != 0)
			watch_mark(d->db, tenant, lcp, "found", minute, minute);
	}
	return db_commit(d->db);
}

int
desk_watch_login(struct desk *d, int64_t began, int64_t now)
{
	if (!minute_is_sane(began / WATCH_MINUTE, now) || !in_time(d, began / WATCH_MINUTE, now))
		return 0;
	db_begin(d->db);
	watch_mark(d->db, "", "", "login", began / WATCH_MINUTE, began / WATCH_MINUTE);
	return db_commit(d->db);
}

/* ---- alarms ---- */

static int
raise(struct desk *d, const char *kind, const char *key, const char *tenant, const char *ja, const char *en, int64_t now)
{
	json_t *args = json_pack("{s:s, s:s, s:s, s:s?, s:{s:s, s:s}}", "kind", kind, "key", key, "level", "alarm", "tenant", tenant, "text", "ja", ja, "en", en);
	struct desk_answer a;

	if (db_int(d->db, 0, "SELECT 1 FROM alarms WHERE kind = ? AND key = ? AND ack_at IS NULL", Q(kind), Q(key)) != 0) {
		json_decref(args);
		return 0;
	}
	a = desk_apply(d, "alarm.raise", &desk_service, args, now);
	json_decref(args);
	json_decref(a.body);
	return a.error;
}

static bool
failed_at(struct db *db, int64_t minute)
{
	return db_int(db, 0, "SELECT 1 FROM watch WHERE tenant = '' AND lcp = '' AND what LIKE 'fault:%' AND from_m <= ? AND to_m >= ?", Q(minute), Q(minute)) != 0;
}

int
desk_watch_no_login(struct desk *d, const char *fault, int64_t began, int64_t now)
{
	const struct login_fault *f = login_fault_find(fault);
	int64_t minute = began / WATCH_MINUTE;
	int e;

	if (f == NULL || !minute_is_sane(minute, now))
		return 0;
	auto_free char *what = x_asprintf("fault:%s", f->name), *ja = x_asprintf("監視用のログインが続けて失敗しています：%s。", f->ja), *en = x_asprintf("The synthetic log-in keeps failing: %s.", f->en);

	db_begin(d->db);
	watch_mark(d->db, "", "", what, minute, minute);
	e = db_commit(d->db);
	if (e != 0 || !failed_at(d->db, minute - 1) || !failed_at(d->db, minute - 2))
		return e;
	return raise(d, "login", f->name, NULL, ja, en, now);
}

/* A collector that speaks but whose canaries do not come back, or are not found: something of ours stands still. */
static int
look_at(struct desk *d, const char *tenant, const char *lcp, int64_t seen, int64_t found, int64_t now)
{
	int64_t limit = (now - watch_late_ns(d)) / WATCH_MINUTE - 1;
	auto_free char *key = x_asprintf("%s/%s", tenant, lcp);
	auto_free char *ja = x_asprintf("収集装置 %s の監視用の行が%s。", lcp, seen < limit ? "検知まで届いていません" : "検索で見つかりません");
	auto_free char *en = x_asprintf("Canaries of collector %s %s.", lcp, seen < limit ? "do not come through" : "are not found by a search");

	return seen < limit || found < limit ? raise(d, seen < limit ? "canary" : "canary_store", key, tenant, ja, en, now) : 0;
}

int
desk_watch_alarms(struct desk *d, int64_t now)
{
	struct rows r = db_query(d->db,
	                         "SELECT w.tenant, w.lcp, coalesce(max(CASE WHEN w.what = 'seen' THEN w.to_m END), 0), coalesce(max(CASE WHEN w.what = 'found' THEN w.to_m END), 0)"
	                         " FROM watch w JOIN lcps l ON l.tenant = w.tenant AND l.lcp = w.lcp JOIN beats b ON b.tenant = w.tenant AND b.lcp = w.lcp WHERE"
	                         " l.revoked_at IS NULL AND w.what IN ('seen', 'found', 'late') AND b.at > ? GROUP BY w.tenant, w.lcp HAVING max(w.to_m) > 0",
	                         Q(now - 2 * WATCH_MINUTE));
	struct {
		char tenant[32], lcp[32];
		int64_t seen, found;
	} *all = NULL;
	size_t n = 0, cap = 0;
	int e = 0;

	while (rows_next(&r)) {
		if (n == cap)
			all = x_realloc(all, (cap = cap * 2 + 16) * sizeof *all);
		snprintf(all[n].tenant, sizeof all[n].tenant, "%s", row_str(&r, 0));
		snprintf(all[n].lcp, sizeof all[n].lcp, "%s", row_str(&r, 1));
		all[n].seen = row_int(&r, 2);
		all[n++].found = row_int(&r, 3);
	}
	/* spoken all the time since the limit: one that was away a minute ago has its lines still under way */
	for (size_t i = 0; i < n && e == 0; i++)
		if (db_int(d->db, 0, "SELECT 1 FROM watch WHERE tenant = ? AND lcp = ? AND what = 'beat' AND from_m <= ? AND to_m >= ?", Q(all[i].tenant), Q(all[i].lcp),
		           Q((now - watch_late_ns(d)) / WATCH_MINUTE - 1), Q(now / WATCH_MINUTE - 1)) != 0)
			e = look_at(d, all[i].tenant, all[i].lcp, all[i].seen, all[i].found, now);
	free(all);
	if (e == 0)
		db_run(d->db, "DELETE FROM watch WHERE to_m < ?", Q(now / WATCH_MINUTE - WATCH_DAYS * 1440));
	return e;
}
