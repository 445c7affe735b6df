/* SPDX-License-Identifier: Apache-2.0
 *
 * The service seen from above: home, funnel, devices, collectors, ledger, tenants, accounts, doctor.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/work_priv.h"
#include "desk/desk_priv.h"

#define HOUR (3600 * NS_PER_S)

/* ---- funnel ---- */

json_t *
funnel_day(struct db *db, const char *tenant, int64_t day)
{
	struct rows a = db_query(db,
	                         "SELECT coalesce(sum(max(lines, received)), 0), coalesce(sum(events), 0), coalesce(sum(unparsed), 0), coalesce(sum(dropped), 0)"
	                         " FROM lines WHERE (? IS NULL OR tenant = ?) AND day = ?",
	                         Q(tenant), Q(tenant), Q(day));
	struct rows b = db_query(db,
	                         "SELECT coalesce(sum(detections), 0), coalesce(sum(candidates), 0), coalesce(sum(closed), 0), coalesce(sum(emergency), 0),"
	                         " coalesce(sum(critical), 0), coalesce(sum(warning), 0), coalesce(sum(informational), 0), coalesce(sum(hidden), 0) FROM days WHERE (? IS NULL OR"
	                         " tenant = ?) AND day = ?",
	                         Q(tenant), Q(tenant), Q(day));
	json_t *o = json_object();
	char text[16];

	day_text(day, text);
	json_object_set_new(o, "day", json_string(text));
	if (rows_next(&a)) {
		json_object_set_new(o, "lines", json_integer(row_int(&a, 0)));
		json_object_set_new(o, "events", json_integer(row_int(&a, 1)));
		json_object_set_new(o, "unparsed", json_integer(row_int(&a, 2)));
		json_object_set_new(o, "dropped", json_integer(row_int(&a, 3)));
	}
	if (rows_next(&b)) {
		json_object_set_new(o, "detections", json_integer(row_int(&b, 0)));
		json_object_set_new(o, "hidden", json_integer(row_int(&b, 7)));
		json_object_set_new(o, "candidates", json_integer(row_int(&b, 1)));
		json_object_set_new(o, "closed", json_integer(row_int(&b, 2)));
		json_object_set_new(o, "incidents", json_integer(row_int(&b, 3) + row_int(&b, 4) + row_int(&b, 5) + row_int(&b, 6)));
		json_object_set_new(o, "by_severity",
		                    json_pack("{s:I, s:I, s:I, s:I}", "emergency", (json_int_t)row_int(&b, 3), "critical", (json_int_t)row_int(&b, 4), "warning",
		                              (json_int_t)row_int(&b, 5), "informational", (json_int_t)row_int(&b, 6)));
	}
	rows_close(&a);
	rows_close(&b);
	return o;
}

static void
add_up(json_t *total, const json_t *day)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)day, key, v) {
		if (json_is_integer(v))
			json_object_set_new(total, key, json_integer(json_integer_value(json_object_get(total, key)) + json_integer_value(v)));
		else if (json_is_object(v)) {
			if (json_object_get(total, key) == NULL)
				json_object_set_new(total, key, json_object());
			add_up(json_object_get(total, key), v);
		}
	}
}

json_t *
funnel_days(struct db *db, const char *tenant, int64_t first, int64_t last, json_t *days)
{
	json_t *total = json_object();

	for (int64_t d = first; d <= last; d++) {
		json_t *day = funnel_day(db, tenant, d);

		add_up(total, day);
		if (days != NULL)
			json_array_append(days, day);
		json_decref(day);
	}
	return total;
}

static bool
read_day(const char *text, int64_t *ret)
{
	auto_free char *t = x_asprintf("%sT00:00:00Z", text);
	int64_t ns;

	if (time_parse_rfc3339(slice_str(t), &ns) != 0)
		return false;
	*ret = ns / NS_PER_DAY;
	return true;
}

json_t *
ask_funnel_show(struct ask *a)
{
	const char *tenant = ask_tenant(a);
	auto_free char *zone = db_text(a->db, "SELECT zone FROM tenants WHERE id = ?", Q(tenant));
	int64_t today = local_day(zone != NULL ? zone : "UTC", a->now), from = today - 6, to = today;
	json_t *days, *total, *o;

	if (a->status == 0 && ((ask_str(a, "from") != NULL && !read_day(ask_str(a, "from"), &from)) ||
	                       (ask_str(a, "to") != NULL && !read_day(ask_str(a, "to"), &to)) || to - from > 400))
		ask_no(a, 422, "invalid", "from");
	if (a->status != 0)
		return NULL;
	days = json_array();
	total = funnel_days(a->db, tenant, from, to, days);
	json_object_set_new(total, "day", json_string(""));
	o = json_pack("{s:s?, s:s, s:o, s:o}", "tenant", tenant, "zone", zone != NULL ? zone : "UTC", "days", days, "total", total);
	return o;
}

/* ---- devices, collectors ---- */

static bool
is_registered(const json_t *doc, const char *id)
{
	const json_t *d;
	size_t i;

	json_array_foreach(json_object_get(doc, "devices"), i, d)
		if (strcmp(json_string_value(json_object_get(d, "id")) ?: "", id) == 0)
			return true;
	return false;
}

static const char *
device_state(struct desk *d, struct rows *r, int64_t now)
{
	int64_t last = row_int(r, 4), drop = row_int(r, 9);

	if (row_int(r, 10) == 0 || now - row_int(r, 10) > d->s.lcp_late_ns)
		return "unknown"; /* its collector does not speak, so nobody knows */
	if (last == 0)
		return "never";
	if (now - last > d->s.silent_ns)
		return "silent";
	return drop != 0 && now - drop < 900 * NS_PER_S ? "dropping" : "healthy";
}

json_t *
device_rows(struct desk *d, const char *tenant, int64_t now, bool only_troubled)
{
	struct rows r = db_query(d->db,
	                         "SELECT e.tenant, e.lcp, e.device, e.source, e.last_at, e.lines, e.bytes, e.dropped, e.drops, e.drop_at, b.at,"
	                         " (SELECT lines FROM device_days y WHERE y.tenant = e.tenant AND y.lcp = e.lcp AND y.device = e.device AND y.day = ?), t.doc,"
	                         " e.first_at FROM devices e JOIN tenants t ON t.id = e.tenant LEFT JOIN beats b ON b.tenant = e.tenant AND b.lcp = e.lcp"
	                         " WHERE (? IS NULL OR e.tenant = ?) ORDER BY e.tenant, e.lcp, e.device",
	                         Q(now / NS_PER_DAY), Q(tenant), Q(tenant));
	json_t *a = json_array();

	while (rows_next(&r)) {
		const char *state = device_state(d, &r, now);
		json_t *doc = json_loadb(row_text(&r, 12).p, row_text(&r, 12).n, 0, NULL), *o;
		double minutes = (double)(now - row_int(&r, 13)) / (60.0 * NS_PER_S);

		if (!only_troubled || strcmp(state, "healthy") != 0) {
			o = json_pack("{s:s, s:s, s:s, s:s?, s:b, s:s, s:o, s:I, s:I, s:I, s:I, s:I}", "id", row_str(&r, 2), "lcp", row_str(&r, 1), "tenant",
			              row_str(&r, 0), "source", row_str(&r, 3), "registered", is_registered(doc, row_str(&r, 2)), "state", state, "last_at",
			              time_json(row_int(&r, 4)), "silent_after_s", (json_int_t)(d->s.silent_ns / NS_PER_S), "lines", (json_int_t)row_int(&r, 5),
			              "bytes", (json_int_t)row_int(&r, 6), "lines_today", (json_int_t)row_int(&r, 11), "dropped", (json_int_t)row_int(&r, 7));
			json_object_set_new(o, "drops", json_loadb(row_text(&r, 8).p, row_text(&r, 8).n, 0, NULL) ?: json_object());
			json_object_set_new(o, "rate_per_min", json_real(minutes > 1 ? (double)row_int(&r, 5) / minutes : (double)row_int(&r, 5)));
			json_array_append_new(a, o);
		}
		json_decref(doc);
	}
	return a;
}

static json_t *
only_seen(struct ask *a, json_t *list, const char *key)
{
	for (size_t i = json_array_size(list); i-- > 0;)
		if (!desk_sees(a->who, json_string_value(json_object_get(json_array_get(list, i), key))))
			json_array_remove(list, i);
	return list;
}

json_t *
ask_device_list(struct ask *a)
{
	const char *tenant = ask_tenant(a);

	return a->status == 0 ? json_pack("{s:o}", "items", only_seen(a, device_rows(a->d, tenant, a->now, false), "tenant")) : NULL;
}

json_t *
lcp_rows(struct desk *d, const char *tenant, int64_t now)
{
	struct rows r = db_query(d->db,
	                         "SELECT l.lcp AS id, l.tenant, b.version, l.enrolled_at AS \"enrolled_at:t\", l.revoked_at AS \"revoked_at:t\", b.at AS"
	                         " \"last_at:t\", b.offset_ms AS clock_offset_ms, b.spool AS \"spool:j\", (SELECT count(*) FROM devices e WHERE e.tenant = l.tenant"
	                         " AND e.lcp = l.lcp) AS devices, l.serial, l.expires_at AS \"expires_at:t\", b.at, l.renewed_at AS \"renewed_at:t\", b.certificate AS"
	                         " \"certificate:j\", l.config AS config_wanted, b.config AS \"config:j\" FROM lcps l LEFT JOIN beats b ON"
	                         " b.tenant = l.tenant AND b.lcp = l.lcp WHERE (? IS NULL OR l.tenant = ?) ORDER BY l.tenant, l.lcp",
	                         Q(tenant), Q(tenant));
	json_t *a = json_array(), *o;

	while (rows_next(&r)) {
		o = row_json(&r);
		json_object_del(o, "at");
		json_object_set_new(o, "state",
		                    json_string(row_kind(&r, 4) != DB_NULL                   ? "revoked"
		                                : row_kind(&r, 9) == DB_NULL || row_int(&r, 11) == 0 ? "waiting"
		                                : now - row_int(&r, 11) > d->s.lcp_late_ns   ? "late"
		                                                                             : "healthy"));
		json_array_append_new(a, o);
	}
	return a;
}

json_t *
ask_lcp_list(struct ask *a)
{
	const char *tenant = ask_tenant(a);

	return a->status == 0 ? json_pack("{s:o}", "items", only_seen(a, lcp_rows(a->d, tenant, a->now), "tenant")) : NULL;
}

json_t *
ask_ledger_show(struct ask *a)
{
	const char *tenant = ask_tenant(a), *text = ask_str(a, "day");
	int64_t day = a->now / NS_PER_DAY, received = 0, dropped = 0, kept = 0, archived = 0;
	json_t *rows = json_array(), *o;
	bool all_archived = true;
	struct rows r;
	char shown[16];

	if (a->status == 0 && (tenant == NULL || (text != NULL && !read_day(text, &day))))
		ask_no(a, 422, "invalid", tenant == NULL ? "tenant" : "day");
	if (a->status != 0) {
		json_decref(rows);
		return NULL;
	}
	r = db_query(a->db, "SELECT lcp, device, lines, dropped, drops, archived FROM device_days WHERE tenant = ? AND day = ? ORDER BY lcp, device", Q(tenant), Q(day));
	while (rows_next(&r)) {
		bool known = row_kind(&r, 5) != DB_NULL;
		int64_t k = row_int(&r, 2), l = row_int(&r, 3);

		o = json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "lcp", row_str(&r, 0), "device", row_str(&r, 1), "received", (json_int_t)(k + l),
		              "dropped", (json_int_t)l, "kept", (json_int_t)k, "drops", json_loadb(row_text(&r, 4).p, row_text(&r, 4).n, 0, NULL) ?: json_object(),
		              "archived", known ? json_integer(row_int(&r, 5)) : json_null(), "difference", known ? json_integer(row_int(&r, 5) - k) : json_null());
		json_array_append_new(rows, o);
		received += k + l;
		dropped += l;
		kept += k;
		archived += row_int(&r, 5);
		all_archived &= known;
	}
	day_text(day, shown);
	return json_pack("{s:s, s:s, s:o, s:{s:I, s:I, s:I, s:o}}", "day", shown, "tenant", tenant, "rows", rows, "total", "received", (json_int_t)received,
	                 "dropped", (json_int_t)dropped, "kept", (json_int_t)kept, "archived", all_archived ? json_integer(archived) : json_null());
}

/* ---- tenants ---- */

#define TENANT_COLUMNS                                                                                                          \
	"t.id, t.name_ja AS \"name:2\", t.name_en, t.kana, t.short, t.zone, t.lang, (SELECT count(*) FROM lcps l WHERE l.tenant = t.id) AS lcps,"   \
	" (SELECT count(*) FROM candidates c WHERE c.tenant = t.id AND c.state = 'open') AS open_candidates,"                                     \
	" (SELECT count(*) FROM incidents i WHERE i.tenant = t.id AND i.state = 'open') AS open_incidents"

json_t *
ask_tenant_list(struct ask *a)
{
	struct rows r = db_query(a->db, "SELECT " TENANT_COLUMNS " FROM tenants t ORDER BY t.id");
	json_t *items = only_seen(a, rows_json(&r), "id"), *v;
	size_t i;

	json_array_foreach(items, i, v)
		if (a->customer)
			json_object_del(v, "open_candidates");
	return json_pack("{s:o}", "items", items);
}

static json_t *
contacts_of(struct db *db, const char *tenant)
{
	struct rows r = db_query(db,
	                         "SELECT id, name, kana, title_ja AS \"title:2\", title_en, lang, ord AS \"order\", zone, hours, mail, mail_for, country, backup"
	                         " FROM contacts"
	                         " WHERE tenant = ? AND active <> 0 ORDER BY ord",
	                         Q(tenant));
	json_t *a = json_array(), *o;

	while (rows_next(&r)) {
		struct rows n = db_query(db, "SELECT number, broken_at FROM numbers WHERE contact = ? ORDER BY ord", Q(row_str(&r, 0)));
		json_t *numbers = json_array(), *broken = json_array(), *mail_for = json_array();
		auto_free char *words = x_strdup(row_str(&r, 10));
		struct slice rest = slice_str(words);
		char shown[64];

		while (rows_next(&n)) {
			mask_number(row_str(&n, 0), shown, sizeof shown);
			json_array_append_new(row_kind(&n, 1) == DB_NULL ? numbers : broken, json_string(shown));
		}
		while (rest.n != 0) {
			struct slice w = slice_cut(&rest, ' ');

			if (w.n != 0)
				json_array_append_new(mail_for, json_stringn(w.p, w.n));
		}
		o = row_json(&r);
		json_object_set_new(o, "numbers", numbers);
		json_object_set_new(o, "broken", broken);
		json_object_set_new(o, "mail_for", mail_for);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *
days_off_json(struct db *db, const char *tenant)
{
	struct rows r = db_query(db, "SELECT day FROM days_off WHERE tenant = ? ORDER BY day", Q(tenant));
	json_t *a = json_array();
	char text[16];

	while (rows_next(&r)) {
		day_text(row_int(&r, 0), text);
		json_array_append_new(a, json_string(text));
	}
	return a;
}

json_t *
ask_tenant_show(struct ask *a)
{
	const char *id = ask_str(a, "id");
	struct rows r = db_query(a->db, "SELECT " TENANT_COLUMNS ", t.code_ja AS \"code_word:2\", t.code_en, t.decide_s, t.call_s, t.country, t.channels AS \"channels:j\", t.promises AS \"promises:j\", t.digest_at, t.daily_at, t.second_person AS \"second_person:b\", t.closing AS \"closing:b\", t.doc AS \"doc:j\" FROM tenants t WHERE t.id = ?",
	                         Q(id));
	static const char *const lists[] = { "networks", "assets", "authorised" };
	json_t *o = row_first(&r), *doc;

	if (o == NULL || !desk_sees(a->who, id)) {
		json_decref(o);
		return NULL;
	}
	doc = json_incref(json_object_get(o, "doc"));
	json_object_del(o, "doc");
	for (size_t i = 0; i < 3; i++) {
		json_t *v = json_object_get(doc, lists[i]);

		json_object_set_new(o, lists[i], json_is_array(v) ? json_incref(v) : json_array());
	}
	json_decref(doc);
	json_object_set_new(o, "contacts", contacts_of(a->db, id));
	json_object_set_new(o, "plan", plan_json(a->db, id));
	json_object_set_new(o, "days_off", days_off_json(a->db, id));
	if (a->customer)
		json_object_del(o, "open_candidates");
	return o;
}

/* ---- accounts ---- */

#define USER_COLUMNS                                                                                                            \
	"id, login, name_ja AS \"name:2\", name_en, kana, role, tenant, tenants AS \"tenants:j\", lang, zone, disabled AS \"disabled:b\""

json_t *
view_user(struct db *db, const char *id)
{
	struct rows r = db_query(db, "SELECT " USER_COLUMNS " FROM users WHERE id = ? OR login = ?", Q(id), Q(id));

	return row_first(&r);
}

json_t *
ask_user_list(struct ask *a)
{
	struct rows r = db_query(a->db, "SELECT " USER_COLUMNS " FROM users ORDER BY login");

	return json_pack("{s:o}", "items", rows_json(&r));
}

json_t *
ask_user_show(struct ask *a)
{
	const char *id = ask_str(a, "id");

	if (id == NULL || (a->customer && strcmp(id, a->who->user) != 0))
		return NULL;
	return view_user(a->db, id);
}

json_t *
ask_me_show(struct ask *a)
{
	return view_user(a->db, a->who->user);
}

/* ---- home ---- */

static json_t *
attacked(struct ask *a, const char *tenant)
{
	struct rows r = db_query(a->db,
	                         "SELECT id, severity, decided_at, ack_by, ack_at FROM incidents WHERE tenant = ? AND state = 'open' ORDER BY CASE severity WHEN"
	                         " 'emergency' THEN 0 WHEN 'critical' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END, decided_at DESC",
	                         Q(tenant));
	json_t *o = json_object(), *open = json_object();
	bool first = true;

	while (rows_next(&r)) {
		const char *sev = row_str(&r, 1);

		json_object_set_new(open, sev, json_integer(json_integer_value(json_object_get(open, sev)) + 1));
		if (!first)
			continue;
		first = false;
		json_object_set_new(o, "worst", json_string(sev));
		json_object_set_new(o, "incident", view_incident(a->d, row_str(&r, 0), a->who, a->now));
		json_object_set_new(o, "decided_at", time_json(row_int(&r, 2)));
		json_object_set_new(o, "acknowledged_by", row_str(&r, 3) != NULL ? json_string(row_str(&r, 3)) : json_null());
		json_object_set_new(o, "acknowledged_after_s",
		                    row_int(&r, 4) != 0 ? json_integer((row_int(&r, 4) - row_int(&r, 2)) / NS_PER_S) : json_null());
	}
	if (first)
		json_object_set_new(o, "worst", json_null());
	json_object_set_new(o, "open", open);
	return o;
}

static json_t *
month_of(struct db *db, const char *tenant, int64_t since)
{
	struct rows r = db_query(db,
	                         "SELECT count(*), max(rang_at - decided_at), max(ack_at - decided_at) FROM incidents WHERE tenant = ? AND decided_at >= ?",
	                         Q(tenant), Q(since));
	int64_t n = db_int(db, 0, "SELECT count(*) FROM incidents WHERE tenant = ? AND decided_at >= ? AND rang_at IS NOT NULL", Q(tenant), Q(since));
	int64_t p50 = db_int(db, -1, "SELECT rang_at - decided_at FROM incidents WHERE tenant = ? AND decided_at >= ? AND rang_at IS NOT NULL ORDER BY 1 LIMIT 1 OFFSET ?",
	                     Q(tenant), Q(since), Q(n / 2));
	json_t *o = json_object();

	if (rows_next(&r)) {
		json_object_set_new(o, "incidents", json_integer(row_int(&r, 0)));
		json_object_set_new(o, "decided", json_integer(row_int(&r, 0)));
		json_object_set_new(o, "rang_max_s", row_kind(&r, 1) != DB_NULL ? json_integer(row_int(&r, 1) / NS_PER_S) : json_null());
		json_object_set_new(o, "acknowledged_max_s", row_kind(&r, 2) != DB_NULL ? json_integer(row_int(&r, 2) / NS_PER_S) : json_null());
		rows_close(&r);
	}
	json_object_set_new(o, "rang_p50_s", p50 >= 0 ? json_integer(p50 / NS_PER_S) : json_null());
	json_object_set_new(o, "broken", json_integer(db_int(db, 0, "SELECT count(*) FROM clocks WHERE tenant = ? AND started_at >= ? AND broken <> 0 AND kind <> 'decide'", Q(tenant), Q(since))));
	return o;
}

static json_t *
lines_by_hour(struct db *db, const char *tenant, int64_t now)
{
	int64_t last = now / HOUR;
	json_t *a = json_array();

	for (int64_t h = last - 23; h <= last; h++) {
		int64_t n = db_int(db, -1, "SELECT lines FROM hours WHERE tenant = ? AND hour = ?", Q(tenant), Q(h));

		json_array_append_new(a, json_pack("{s:o, s:I, s:b}", "at", time_json(h * HOUR), "lines", (json_int_t)(n < 0 ? 0 : n), "known", n >= 0));
	}
	return a;
}

static json_t *
recent_of(struct ask *a, const char *tenant)
{
	json_t *args = json_pack("{s:s, s:i}", "tenant", tenant, "limit", 5), *list, *items;
	struct ask inner = *a;

	inner.args = args;
	list = ask_incident_list(&inner);
	items = json_incref(json_object_get(list, "items"));
	json_decref(list);
	json_decref(args);
	return items;
}

json_t *
ask_home_show(struct ask *a)
{
	const char *tenant = ask_tenant(a);
	auto_free char *zone = db_text(a->db, "SELECT zone FROM tenants WHERE id = ?", Q(tenant));
	int64_t today, total, month_start, year;
	unsigned m, d;
	json_t *o, *troubled;
	struct rows t;

	if (a->status == 0 && zone == NULL)
		ask_no(a, 422, "invalid", "tenant");
	if (a->status != 0)
		return NULL;
	today = local_day(zone, a->now);
	civil_from_days(today, &year, &m, &d);
	month_start = days_from_civil(year, m, 1) * NS_PER_DAY - (today * NS_PER_DAY - a->now / NS_PER_DAY * NS_PER_DAY);
	troubled = device_rows(a->d, tenant, a->now, true);
	total = db_int(a->db, 0, "SELECT count(*) FROM devices WHERE tenant = ?", Q(tenant));
	o = json_pack("{s:o, s:o, s:o, s:{s:I, s:I, s:O, s:o}}", "now", time_json(a->now), "tenant", tenant_ref(a->db, tenant), "attacked",
	              attacked(a, tenant), "sensors", "total", (json_int_t)total, "healthy", (json_int_t)(total - (int64_t)json_array_size(troubled)), "troubled",
	              troubled, "lcps", lcp_rows(a->d, tenant, a->now));
	json_decref(troubled);
	t = db_query(a->db,
	             "SELECT x.incident, x.n, x.ja AS \"text:2\", x.en, x.done_at AS \"done_at:t\" FROM actions x JOIN incidents i ON i.id = x.incident WHERE"
	             " i.tenant = ? AND i.state = 'open' ORDER BY i.decided_at DESC, x.n LIMIT 20",
	             Q(tenant));
	json_object_set_new(o, "todo", rows_json(&t));
	json_object_set_new(o, "yesterday", funnel_day(a->db, tenant, today - 1));
	json_object_set_new(o, "today", funnel_day(a->db, tenant, today));
	json_object_set_new(o, "month", month_of(a->db, tenant, month_start));
	json_object_set_new(o, "recent", recent_of(a, tenant));
	json_object_set_new(o, "incidents_year",
	                    json_integer(db_int(a->db, 0, "SELECT count(*) FROM incidents WHERE tenant = ? AND decided_at >= ?", Q(tenant),
	                                        Q(days_from_civil(year, 1, 1) * NS_PER_DAY))));
	json_object_set_new(o, "availability", availability_month(a->d, tenant, a->now));
	json_object_set_new(o, "lines_by_hour", lines_by_hour(a->db, tenant, a->now));
	return o;
}

/* ---- doctor ---- */

/* act: who puts it right.  What only a customer can put right is told, and does not make the service unwell (all NULL). */
static void
check(json_t *list, const char *id, const char *act, bool ok, const char *ja, const char *en, int64_t value, bool *all)
{
	if (all != NULL)
		*all &= ok;
	json_array_append_new(list, json_pack("{s:s, s:b, s:s, s:s, s:o, s:I}", "id", id, "ok", ok, "level", ok ? "ok" : all != NULL ? "alarm" : "warning", "act", act, "text",
	                                      texts(ja, en), "value", (json_int_t)value));
}

/* What did not happen is the operator's; whose a case is, and who is on duty, the lead's. */
static void
check_audit(struct ask *a, json_t *list, bool *all)
{
	struct desk_overdue late[256];
	size_t n = desk_audit(a->db, a->now, late, 256);
	int64_t due = 0, unowned = 0, crews = 0;

	for (size_t i = 0; i < n; i++) {
		unowned += strcmp(late[i].kind, "unowned") == 0;
		crews += word_in(late[i].kind, "uncovered unfit");
		due += !word_in(late[i].kind, "unowned uncovered unfit");
	}
	check(list, "timers", "operator", due == 0, "期限を過ぎた予定はない", "nothing is overdue", due, all);
	check(list, "owners", "lead", unowned == 0, "担当者が当番でない案件はない", "every open case has an owner on duty", unowned, all);
	check(list, "crews", "lead", crews == 0, "どのお客様にも当番がいて、全員が働ける", "somebody is on duty for every tenant, and can work", crews, all);
}

json_t *
ask_doctor_show(struct ask *a)
{
	struct desk_verified v;
	struct desk_punctual p;
	json_t *list = json_array();
	bool ok = true;
	int64_t n;

	check_audit(a, list, &ok);
	desk_punctual(a->db, a->now - NS_PER_DAY, &p);
	check(list, "punctual", "operator", p.late == 0 && p.twice == 0, "この 24 時間の予定はすべて 5 秒以内に一度だけ実行した", "in 24 hours every timer fired once and within 5 s", p.late + p.twice, &ok);
	check(list, "journal", "operator", desk_verify(a->db, &v) == 0, "記録の鎖は正しい", "the journal's chain is whole", v.rows, &ok);
	n = db_int(a->db, 0, "SELECT count(*) FROM alarms WHERE ack_at IS NULL AND level = 'alarm'");
	check(list, "alarms", "lead", n == 0, "未対応の警報はない", "no open alarms", n, &ok);
	n = db_int(a->db, 0, "SELECT count(*) FROM lcps l LEFT JOIN beats b ON b.tenant = l.tenant AND b.lcp = l.lcp WHERE l.serial IS NOT NULL AND l.revoked_at IS NULL"
	                     " AND coalesce(b.at, 0) < ?", Q(a->now - a->d->s.lcp_late_ns));
	check(list, "collectors", "operator", n == 0, "すべての収集装置が応答している", "every collector speaks", n, &ok);
	n = db_int(a->db, 0, "SELECT count(*) FROM beats b JOIN lcps l ON l.tenant = b.tenant AND l.lcp = b.lcp WHERE l.revoked_at IS NULL AND b.config LIKE '%\"why\":\"%'"
	                     " AND b.config NOT LIKE '%\"why\":\"\"%'");
	check(list, "device_lists", "operator", n == 0, "どの収集装置も機器の一覧を受け入れている", "every collector takes its list of devices", n, &ok);
	n = lcps_expiring(a->db, a->now);
	check(list, "certificates", "operator", n == 0, "収集装置の証明書はすべて更新されている", "every collector's certificate was renewed in time", n, &ok);
	n = db_int(a->db, 0, "SELECT count(*) FROM tenants t WHERE NOT EXISTS(SELECT 1 FROM contacts p JOIN numbers x ON x.contact = p.id WHERE p.tenant = t.id"
	                     " AND p.active <> 0 AND x.broken_at IS NULL)");
	check(list, "contacts", "lead", n == 0, "どのお客様にも電話できる", "every tenant can be called", n, &ok);
	n = db_int(a->db, 0, "SELECT n FROM counters WHERE name = 'detections_refused'");
	check(list, "detections", "operator", n == 0, "形の正しくない検知はない", "no malformed detections", n, &ok);
	n = db_int(a->db, 0, "SELECT count(*) FROM outbox WHERE state = 'open' AND kind <> 'webhook' AND queued_at < ?", Q(a->now - 300 * NS_PER_S));
	check(list, "outbox", "operator", n == 0, "5 分以上待つメールや電話はない", "no mail or call waits in the outbox for 5 minutes", n, &ok);
	n = db_int(a->db, 0, "SELECT count(DISTINCT coalesce(endpoint, shown)) FROM outbox WHERE state = 'open' AND kind = 'webhook' AND queued_at < ?", Q(a->now - 300 * NS_PER_S));
	check(list, "webhooks", "customer", n == 0, "お客様の Webhook の送り先はすべて応答している", "every webhook of a customer answers", n, NULL);
	return json_pack("{s:b, s:o}", "ok", ok, "checks", list);
}
