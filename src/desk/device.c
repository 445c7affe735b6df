/* SPDX-License-Identifier: Apache-2.0
 *
 * Devices that a tenant asks for, until their first line is there.
 *
 *     proposed ──(a lead or engineer who did not ask)──▶ waiting ──(its first line, told by a heartbeat)──▶ live
 *        └──▶ refused                                        └──────────────▶ withdrawn ◀──────────────────────┘
 *
 * A wish raises an alarm for the lead on duty, one that waits too long another and a mail to the tenant; both are over when its state
 * changes.
 *
 * What is waiting or live stands in tenants.doc (`devices`, for the engine) and in the configuration that its
 * collector fetches; each change of that raises the collector's number `lcps.config`.  An import that names devices
 * is the whole truth about them: what it names is at least waiting, what it leaves out is withdrawn.  An import
 * without that key changes none.
 */
#include <stdio.h>
#include <stdlib.h>

#include "codec/ip.h"
#include "codec/timefmt.h"
#include "desk/device_priv.h"
#include "desk/hook_priv.h"

#define DEVICES_MAX 4096
#define WAIT_OTHERWISE (7 * NS_PER_DAY)

static bool
device_name_is_good(const char *s)
{
	return s[0] != '\0' && strlen(s) <= 255 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:") == strlen(s);
}

/* ---- into the document and to the collectors ---- */

/* The collectors concerned have something new to fetch. */
static void
config_new(struct cmd *c, const char *tenant, const char *lcp)
{
	db_run(c->db, "UPDATE lcps SET config = config + 1 WHERE tenant = ? AND (? = '' OR lcp = ?)", Q(tenant), Q(lcp), Q(lcp));
	cmd_changed(c, "lcp", lcp, tenant, NULL);
}

static json_t *
doc_row(struct rows *r)
{
	static const char *const keys[] = { "id", "source", "transport", "address", "lcp", "zone" };
	json_t *o = json_object();

	for (int i = 0; i < 6; i++)
		if (row_str(r, i) != NULL && row_str(r, i)[0] != '\0')
			json_object_set_new(o, keys[i], json_string(row_str(r, i)));
	return o;
}

static void
into_doc(struct cmd *c, const char *id)
{
	struct rows r = db_query(c->db, "SELECT device, source, transport, address, lcp, zone, tenant FROM registrations WHERE id = ?", Q(id));
	auto_free char *device = NULL;

	if (!rows_next(&r))
		return;
	device = x_strdup(row_str(&r, 0));
	doc_put(c, c->tenant, "devices", "id", device, doc_row(&r));
	rows_close(&r);
}

static void
shown(struct cmd *c, const char *id)
{
	snprintf(c->noun, sizeof c->noun, "registration");
	snprintf(c->id, sizeof c->id, "%s", id);
	cmd_changed(c, "registration", id, c->tenant, NULL);
}

/* ---- asking ---- */

struct wish {
	const char *tenant, *device, *source, *transport, *address, *lcp, *zone, *note;
};

/* One way to write an address, or a collector would not know it again. Into ret, or what it was when it is none. */
static const char *
one_way(const char *address, char ret[IP_TEXT_MAX + 1])
{
	struct ip ip;

	if (address[0] == '\0' || !ip_parse(slice_str(address), &ip))
		return address;
	ret[ip_format(&ip, ret)] = '\0';
	return ret;
}

/* Compared as an address: imports of before may have written it in another way. */
static bool
address_is_taken(struct cmd *c, const char *tenant, const char *address)
{
	struct rows r = db_query(c->db, "SELECT address FROM registrations WHERE tenant = ? AND address <> '' AND state IN ('proposed','waiting','live')", Q(tenant));
	char text[IP_TEXT_MAX + 1];
	bool taken = false;

	while (rows_next(&r))
		taken = taken || strcmp(c->v >= 3 ? one_way(row_str(&r, 0), text) : row_str(&r, 0), address) == 0;
	return taken;
}

static bool
wish_is_good(struct cmd *c, const struct wish *w)
{
	struct ip ip;

	if (cmd_failed(c))
		return false;
	if (!device_name_is_good(w->device))
		cmd_refuse(c, 422, "invalid", "device", "wanted letters, digits and . - _ :");
	else if (!word_in(w->transport, "udp tcp tls file"))
		cmd_refuse(c, 422, "invalid", "transport", "wanted udp, tcp, tls or file");
	else if (w->address[0] != '\0' && !ip_parse(slice_str(w->address), &ip))
		cmd_refuse(c, 422, "invalid", "address", "wanted an address such as 10.1.0.1");
	else if (w->zone[0] != '\0' && zone_open(slice_str(w->zone)) == NULL)
		cmd_refuse(c, 422, "invalid", "zone", "wanted a time zone such as Asia/Tokyo");
	else if (w->lcp[0] != '\0' && db_int(c->db, 0, "SELECT 1 FROM lcps WHERE tenant = ? AND lcp = ? AND revoked_at IS NULL", Q(w->tenant), Q(w->lcp)) == 0)
		cmd_refuse(c, 422, "invalid", "lcp", "there is no such collector");
	else if (w->source[0] != '\0' && strspn(w->source, "abcdefghijklmnopqrstuvwxyz0123456789._-") != strlen(w->source))
		cmd_refuse(c, 422, "invalid", "source", "no such source");
	else if (db_int(c->db, 0, "SELECT 1 FROM registrations WHERE tenant = ? AND device = ? AND state IN ('proposed','waiting','live')", Q(w->tenant), Q(w->device)) != 0)
		cmd_refuse(c, 409, "conflict", "device", "there is one of this name");
	else if (w->address[0] != '\0' && address_is_taken(c, w->tenant, w->address))
		cmd_refuse(c, 409, "conflict", "address", "another device has this address");
	else if (db_int(c->db, 0, "SELECT count(*) FROM registrations WHERE tenant = ? AND state IN ('proposed','waiting','live')", Q(w->tenant)) >= DEVICES_MAX)
		cmd_refuse(c, 409, "state", NULL, "at most %d devices", DEVICES_MAX);
	return !cmd_failed(c);
}

static void
registration_add(struct cmd *c, const struct wish *w, const char *state, char ret_id[27])
{
	cmd_new_id(c, ret_id);
	db_run(c->db,
	       "INSERT INTO registrations(id, tenant, device, source, transport, address, lcp, zone, note, state, asked_at, asked_by, asked_ja, asked_en)"
	       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	       Q(ret_id), Q(w->tenant), Q(w->device), Q(w->source), Q(w->transport), Q(w->address), Q(w->lcp), Q(w->zone), Q(w->note), Q(state), Q(c->now),
	       Q(c->who->user), Q(c->who->ja), Q(c->who->en));
}

void
cmd_device_register(struct cmd *c)
{
	struct wish w = { .tenant = arg_need(c, "tenant", 31), .device = arg_need(c, "device", 255), .source = arg_str(c, "source", 64), .transport = arg_str(c, "transport", 8),
		          .address = arg_str(c, "address", 64), .lcp = arg_str(c, "lcp", 31), .zone = arg_str(c, "zone", 64), .note = arg_str(c, "note", 1000) };
	char address[IP_TEXT_MAX + 1];
	const char **may_miss[] = { &w.source, &w.address, &w.lcp, &w.zone, &w.note };
	char id[27];

	for (size_t i = 0; i < sizeof may_miss / sizeof *may_miss; i++)
		if (*may_miss[i] == NULL)
			*may_miss[i] = "";
	if (w.transport == NULL)
		w.transport = "udp";
	if (c->v >= 3) /* before it is compared */
		w.address = one_way(w.address, address);
	if (!doc_tenant(c, w.tenant) || !wish_is_good(c, &w))
		return;
	w.address = one_way(w.address, address);
	registration_add(c, &w, "proposed", id);
	shown(c, id);
}

/* ---- deciding ---- */

struct now {
	char id[32], device[256], state[16], lcp[32], asked_by[32];
};

static bool
load(struct cmd *c, struct now *ret)
{
	const char *id = arg_need(c, "id", 64);
	struct rows r = db_query(c->db, "SELECT id, tenant, device, state, lcp, asked_by FROM registrations WHERE id = ?", Q(id));

	if (!rows_next(&r) || !desk_sees(c->who, row_str(&r, 1))) {
		rows_close(&r);
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return false;
	}
	snprintf(c->tenant, sizeof c->tenant, "%s", row_str(&r, 1));
	snprintf(ret->id, sizeof ret->id, "%s", row_str(&r, 0));
	snprintf(ret->device, sizeof ret->device, "%s", row_str(&r, 2));
	snprintf(ret->state, sizeof ret->state, "%s", row_str(&r, 3));
	snprintf(ret->lcp, sizeof ret->lcp, "%s", row_str(&r, 4));
	snprintf(ret->asked_by, sizeof ret->asked_by, "%s", row_str(&r, 5));
	rows_close(&r);
	return true;
}

static bool
is_in(struct cmd *c, const struct now *n, const char *states)
{
	if (!word_in(n->state, states))
		cmd_refuse(c, 409, "state", NULL, "%.60s is %s", n->device, n->state);
	return !cmd_failed(c);
}

/* A state has changed: alarms of the tenant that are about nothing any more are over. */
static void
nobody_waits(struct cmd *c, const char *tenant)
{
	if (db_int(c->db, 0, "SELECT 1 FROM registrations WHERE tenant = ? AND state = 'proposed' LIMIT 1", Q(tenant)) == 0)
		alarm_over(c, "device_asked", tenant);
	if (db_int(c->db, 0, "SELECT 1 FROM registrations WHERE tenant = ? AND state = 'waiting' AND late_at IS NOT NULL LIMIT 1", Q(tenant)) == 0)
		alarm_over(c, "device_waiting", tenant);
}

static void
decided(struct cmd *c, const struct now *n, const char *state, const char *reason)
{
	db_run(c->db, "UPDATE registrations SET state = ?, decided_at = ?, decided_by = ?, decided_ja = ?, decided_en = ?, reason = ? WHERE id = ?", Q(state), Q(c->now),
	       Q(c->who->user), Q(c->who->ja), Q(c->who->en), Q(reason), Q(n->id));
	nobody_waits(c, c->tenant);
}

void
cmd_device_approve(struct cmd *c)
{
	struct now n;

	if (!load(c, &n) || !is_in(c, &n, "proposed"))
		return;
	if (c->who->user[0] == '\0' || strcmp(c->who->user, n.asked_by) == 0) {
		cmd_refuse(c, 403, "forbidden", NULL, "another person has to approve");
		return;
	}
	decided(c, &n, "waiting", NULL);
	into_doc(c, n.id);
	config_new(c, c->tenant, n.lcp);
	shown(c, n.id);
}

void
cmd_device_refuse(struct cmd *c)
{
	const char *reason = arg_need(c, "reason", 1000);
	struct now n;

	if (cmd_failed(c) || !load(c, &n) || !is_in(c, &n, "proposed"))
		return;
	decided(c, &n, "refused", reason);
	shown(c, n.id);
}

static void
withdrawn(struct cmd *c, const struct now *n)
{
	db_run(c->db, "UPDATE registrations SET state = 'withdrawn', withdrawn_at = ? WHERE id = ?", Q(c->now), Q(n->id));
	nobody_waits(c, c->tenant);
	if (strcmp(n->state, "proposed") != 0)
		config_new(c, c->tenant, n->lcp);
}

void
cmd_device_withdraw(struct cmd *c)
{
	struct now n;

	if (!load(c, &n) || !is_in(c, &n, "proposed waiting live"))
		return;
	withdrawn(c, &n);
	if (strcmp(n.state, "proposed") != 0)
		doc_put(c, c->tenant, "devices", "id", n.device, NULL);
	shown(c, n.id);
}

/* From a heartbeat: its first line since it was approved. */
void
cmd_device_live(struct cmd *c)
{
	const char *lcp = arg_need(c, "lcp", 31), *source = arg_str(c, "source", 64);
	int64_t at = arg_int(c, "at", 0);
	struct now n;

	if (cmd_failed(c) || !load(c, &n) || !is_in(c, &n, "waiting"))
		return;
	db_run(c->db, "UPDATE registrations SET state = 'live', live_at = ?, first_at = ?, first_lcp = ?, heard_source = ? WHERE id = ?", Q(c->now), Q(at), Q(lcp), Q(source),
	       Q(n.id));
	nobody_waits(c, c->tenant);
	shown(c, n.id);
}

/* ---- telling ---- */

#define NAMED 10

/* "fw-1, fw-2" of the rows, and how many there are more than ten. */
static void
names_of(struct rows *r, struct buf *names, int64_t *ret_n)
{
	*ret_n = 0;
	while (rows_next(r))
		if ((*ret_n)++ < NAMED)
			buf_printf(names, "%s%s", names->n != 0 ? ", " : "", row_str(r, 0));
	if (*ret_n > NAMED)
		buf_printf(names, ", … (%lld)", (long long)*ret_n);
}

/* Somebody has to approve them or refuse them. */
void
cmd_device_asked(struct cmd *c)
{
	const char *tenant = arg_need(c, "tenant", 31);
	struct rows r = db_query(c->db, "SELECT device FROM registrations WHERE tenant = ? AND state = 'proposed' AND told_at IS NULL ORDER BY asked_at, id", Q(tenant));
	auto_buf struct buf names = { 0 };
	int64_t n;

	names_of(&r, &names, &n);
	if (!doc_tenant(c, tenant) || n == 0)
		return;
	auto_free char *ja = x_asprintf("機器の登録の申し込みがあります（%s）。承認するか、理由を添えて却下してください。", buf_cstr(&names));
	auto_free char *en = x_asprintf("Registration of devices is asked for (%s). Approve, or refuse with a reason.", buf_cstr(&names));

	db_run(c->db, "UPDATE registrations SET told_at = ? WHERE tenant = ? AND state = 'proposed' AND told_at IS NULL", Q(c->now), Q(tenant));
	alarm_raise(c, "device_asked", tenant, "warning", tenant, NULL, ja, en);
	cmd_changed(c, "registration", tenant, tenant, NULL);
}

/* Approved up to `before`, and no line: their sender, its way or the collector is not set up. */
void
cmd_device_late(struct cmd *c)
{
	const char *tenant = arg_need(c, "tenant", 31);
	int64_t before = arg_int(c, "before", 0), n;
	struct rows r = db_query(c->db, "SELECT device FROM registrations WHERE tenant = ? AND state = 'waiting' AND late_at IS NULL AND decided_at <= ? ORDER BY decided_at, id",
	                         Q(tenant), Q(before));
	auto_buf struct buf names = { 0 };

	names_of(&r, &names, &n);
	if (!doc_tenant(c, tenant) || n == 0)
		return;
	auto_free char *ja = x_asprintf("承認から %lld 日以上たっても最初の行が届いていない機器があります：%s", (long long)((c->now - before) / NS_PER_DAY), buf_cstr(&names));
	auto_free char *en = x_asprintf("Approved %lld days ago or more, and no line has come: %s", (long long)((c->now - before) / NS_PER_DAY), buf_cstr(&names));
	auto_free char *more_ja = x_asprintf("%s\n機器のログの送信先と、収集装置までの通信経路をご確認ください。不要になった機器は、ポータルで取り下げられます。", ja);
	auto_free char *more_en = x_asprintf("%s\nPlease look where they send their logs, and at the way to the collector. What is no longer wanted can be withdrawn in the portal.", en);
	auto_free char *key = x_asprintf("device/%s/late/%lld", tenant, (long long)c->seq);

	db_run(c->db, "UPDATE registrations SET late_at = ? WHERE tenant = ? AND state = 'waiting' AND late_at IS NULL AND decided_at <= ?", Q(c->now), Q(tenant), Q(before));
	alarm_raise(c, "device_waiting", tenant, "warning", tenant, NULL, ja, en);
	outbox_words(c, &(struct word_mail){ key, "ログが届いていない機器があります", "Devices that have not sent a line yet", more_ja, more_en, "/portal/devices" });
	cmd_changed(c, "registration", tenant, tenant, NULL);
}

/* One command for each tenant that the query names. */
static int
tell(struct desk *d, const char *command, struct rows *r, int64_t before, int64_t now)
{
	json_t *list = json_array(), *v;
	int error = 0;
	size_t i;

	while (rows_next(r))
		json_array_append_new(list, json_pack("{s:s, s:I}", "tenant", row_str(r, 0), "before", (json_int_t)before));
	json_array_foreach(list, i, v) {
		struct desk_answer a = desk_apply(d, command, &desk_service, v, now);

		error = a.error != 0 ? a.error : error;
		json_decref(a.body);
	}
	json_decref(list);
	return error;
}

/* Commands of their own, so that a journal from before them, or under another setting, replays as it was. */
int
desk_devices_due(struct desk *d, int64_t now)
{
	int64_t before = now - (d->s.device_wait_ns != 0 ? d->s.device_wait_ns : WAIT_OTHERWISE);
	struct rows asked = db_query(d->db, "SELECT DISTINCT tenant FROM registrations WHERE state = 'proposed' AND told_at IS NULL ORDER BY tenant");
	int e = tell(d, "device.asked", &asked, now, now);
	struct rows late;

	if (e != 0)
		return e;
	late = db_query(d->db, "SELECT DISTINCT tenant FROM registrations WHERE state = 'waiting' AND late_at IS NULL AND decided_at <= ? ORDER BY tenant", Q(before));
	return tell(d, "device.late", &late, before, now);
}

int
desk_devices_seen(struct desk *d, const char *tenant, const char *lcp, int64_t now)
{
	struct rows r = db_query(d->db,
	                         "SELECT g.id, e.last_at, e.source FROM registrations g JOIN devices e ON e.tenant = g.tenant AND e.device = g.device AND e.lcp = ?"
	                         " WHERE g.tenant = ? AND g.state = 'waiting' AND (g.lcp = '' OR g.lcp = e.lcp) AND e.last_at >= g.decided_at ORDER BY g.id",
	                         Q(lcp), Q(tenant));
	json_t *list = json_array(), *v;
	int error = 0;
	size_t i;

	while (rows_next(&r))
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s?}", "id", row_str(&r, 0), "lcp", lcp, "at", (json_int_t)row_int(&r, 1), "source", row_str(&r, 2)));
	json_array_foreach(list, i, v) {
		struct desk_answer a = desk_apply(d, "device.live", &desk_service, v, now);

		error = a.error != 0 ? a.error : error;
		json_decref(a.body);
	}
	json_decref(list);
	return error;
}

/* ---- imports ---- */

static const char *
text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static bool
import_one(struct cmd *c, const char *tenant, const json_t *v)
{
	struct wish w = { tenant, text(v, "id"), text(v, "source"), text(v, "transport"), text(v, "address"), text(v, "lcp"), text(v, "zone"), "" };
	auto_free char *id = db_text(c->db, "SELECT id FROM registrations WHERE tenant = ? AND device = ? AND state IN ('proposed','waiting','live')", Q(tenant), Q(w.device));
	char fresh[27], address[IP_TEXT_MAX + 1];

	if (c->v >= 3)
		w.address = one_way(w.address, address);
	if (!device_name_is_good(w.device))
		return false; /* the engine takes it by its document; no collector could be told */
	if (w.transport[0] == '\0')
		w.transport = "udp";
	if (id == NULL) {
		registration_add(c, &w, "waiting", fresh);
		db_run(c->db, "UPDATE registrations SET decided_at = ?, decided_by = ?, decided_ja = ?, decided_en = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(c->who->ja),
		       Q(c->who->en), Q(fresh));
		return true;
	}
	db_run(c->db,
	       "UPDATE registrations SET source = ?, transport = ?, address = ?, lcp = ?, zone = ?, decided_at = coalesce(decided_at, ?), decided_by = coalesce(decided_by, ?),"
	       " decided_ja = coalesce(decided_ja, ?), decided_en = coalesce(decided_en, ?), state = CASE state WHEN 'proposed' THEN 'waiting' ELSE state END"
	       " WHERE id = ? AND (state = 'proposed' OR source <> ? OR transport <> ? OR address <> ? OR lcp <> ? OR zone <> ?)",
	       Q(w.source), Q(w.transport), Q(w.address), Q(w.lcp), Q(w.zone), Q(c->now), Q(c->who->user), Q(c->who->ja), Q(c->who->en), Q(id), Q(w.source), Q(w.transport),
	       Q(w.address), Q(w.lcp), Q(w.zone));
	return db_error(c->db) == 0 && db_changed(c->db) != 0;
}

static bool
listed(const json_t *list, const char *device)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (strcmp(text(v, "id"), device) == 0)
			return true;
	return false;
}

void
devices_import(struct cmd *c, const char *tenant, const json_t *list)
{
	bool changed = false;
	struct rows r;
	json_t *gone = json_array(), *v;
	size_t i;

	if (list == NULL) {
		json_decref(gone);
		return;
	}
	json_array_foreach((json_t *)list, i, v)
		changed |= import_one(c, tenant, v);
	r = db_query(c->db, "SELECT id, device FROM registrations WHERE tenant = ? AND state IN ('waiting','live') ORDER BY id", Q(tenant));
	while (rows_next(&r))
		if (!listed(list, row_str(&r, 1)))
			json_array_append_new(gone, json_string(row_str(&r, 0)));
	json_array_foreach(gone, i, v)
		db_run(c->db, "UPDATE registrations SET state = 'withdrawn', withdrawn_at = ? WHERE id = ?", Q(c->now), Q(json_string_value(v)));
	if (changed || json_array_size(gone) != 0) {
		nobody_waits(c, tenant);
		config_new(c, tenant, "");
		cmd_changed(c, "registration", tenant, tenant, NULL);
	}
	json_decref(gone);
}

/* ---- what collectors fetch ---- */

json_t *
desk_lcp_config(struct desk *d, const char *tenant, const char *lcp, int64_t now)
{
	int64_t version = db_int(d->db, 0, "SELECT config FROM lcps WHERE tenant = ? AND lcp = ? AND revoked_at IS NULL", Q(tenant), Q(lcp));
	struct rows r;
	json_t *list;

	if (version == 0)
		return NULL;
	list = json_array();
	r = db_query(d->db, "SELECT device, source, transport, address FROM registrations WHERE tenant = ? AND state IN ('waiting','live') AND (lcp = '' OR lcp = ?) ORDER BY device",
	             Q(tenant), Q(lcp));
	while (rows_next(&r))
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "id", row_str(&r, 0), "source", row_str(&r, 1), "transport", row_str(&r, 2), "address", row_str(&r, 3)));
	return json_pack("{s:i, s:s, s:s, s:I, s:o, s:o}", "v", 1, "tenant", tenant, "lcp", lcp, "version", (json_int_t)version, "at", time_json(now), "devices", list);
}

/* ---- views ---- */

#define COLUMNS                                                                                                                     \
	"id, tenant, device, source, transport, address, lcp, zone, note, state, asked_at AS \"asked_at:t\", asked_ja AS \"asked_by:2\"," \
	" asked_en, decided_at AS \"decided_at:t\", decided_ja AS \"decided_by:2\", decided_en, reason, live_at AS \"live_at:t\","       \
	" first_at AS \"first_at:t\", first_lcp, heard_source, withdrawn_at AS \"withdrawn_at:t\", told_at AS \"told_at:t\", late_at AS \"late_at:t\""

/* How far its collectors are: the number they should run and the one they say they run. */
static json_t *
collectors(struct db *db, const char *tenant, const char *lcp)
{
	struct rows r = db_query(db,
	                         "SELECT l.lcp, l.config AS wanted, b.config AS \"said:j\", b.at AS \"last_at:t\" FROM lcps l LEFT JOIN beats b ON b.tenant = l.tenant AND"
	                         " b.lcp = l.lcp WHERE l.tenant = ? AND l.revoked_at IS NULL AND (? = '' OR l.lcp = ?) ORDER BY l.lcp",
	                         Q(tenant), Q(lcp), Q(lcp));

	return rows_json(&r);
}

json_t *
ask_registration_list(struct ask *a)
{
	const char *tenant = ask_tenant(a), *state = ask_str(a, "state");
	json_t *items, *o;
	struct rows r;

	if (a->status != 0)
		return NULL;
	items = json_array();
	r = db_query(a->db,
	             "SELECT " COLUMNS " FROM registrations WHERE (? IS NULL OR tenant = ?) AND (? IS NULL OR ? = 'all' OR state = ?) AND (? IS NOT NULL OR state NOT IN"
	             " ('refused','withdrawn')) ORDER BY state <> 'proposed', asked_at DESC, id LIMIT 1000",
	             Q(tenant), Q(tenant), Q(state), Q(state), Q(state), Q(state));
	while (rows_next(&r)) {
		if (!desk_sees(a->who, row_str(&r, 1)))
			continue;
		o = row_json(&r);
		json_array_append_new(items, o);
	}
	return json_pack("{s:o}", "items", items);
}

json_t *
ask_registration_show(struct ask *a)
{
	struct rows r = db_query(a->db, "SELECT " COLUMNS " FROM registrations WHERE id = ?", Q(ask_str(a, "id")));
	json_t *o = row_first(&r);

	if (o == NULL || !desk_sees(a->who, json_string_value(json_object_get(o, "tenant")))) {
		json_decref(o);
		return NULL;
	}
	json_object_set_new(o, "collectors", collectors(a->db, json_string_value(json_object_get(o, "tenant")), text(o, "lcp")));
	return o;
}
