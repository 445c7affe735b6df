/* SPDX-License-Identifier: Apache-2.0
 *
 * simulate month: what the service owes each tenant in a month, played by its own desk on simulated time while nobody
 * lifts a hand: every daily mail, the draft of the first business day, the alarm at the end of the fourth, the promise
 * that is missed at the end of the fifth.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "codec/timefmt.h"
#include "db/db.h"
#include "desk/desk.h"
#include "main/cli/simulate.h"

/* at, what, about, mails, ja, en of everything in a tenant's two hands: outbox, reports, alarms. */
static const char duties[] =
        "SELECT min(queued_at), 'daily', json_extract(doc, '$.report.period.first'), count(*), NULL, NULL FROM outbox WHERE tenant = ?1 AND"
        " json_extract(doc, '$.report.kind') = 'daily' GROUP BY 3"
        " UNION ALL SELECT drafted_at, 'draft', id, 0, NULL, NULL FROM reports WHERE tenant = ?1"
        " UNION ALL SELECT at, CASE kind WHEN 'report_late' THEN 'alarm' ELSE 'missed' END, key, 0, ja, en FROM alarms WHERE tenant = ?1 AND"
        " kind IN ('report_late', 'clock_broken')"
        " ORDER BY 1, 2";

static void
local_text(const char *zone, int64_t ns, char ret[17])
{
	const struct zone *z = zone_open(slice_str(zone));
	char there[36];

	time_format_rfc3339(there, ns + (z != NULL ? zone_offset_utc(z, ns / NS_PER_S) : 0) * NS_PER_S, 0);
	snprintf(ret, 17, "%.10s %.5s", there, there + 11);
}

static json_t *
steps_of(struct db *db, const char *tenant, const char *zone, const char *month)
{
	struct rows r = db_query(db, duties, Q(tenant));
	json_t *steps = json_array();
	char at[36], local[17];

	while (rows_next(&r)) {
		json_t *text = row_str(&r, 4) != NULL ? json_pack("{s:s, s:s}", "ja", row_str(&r, 4), "en", row_str(&r, 5)) : json_null();

		time_format_rfc3339(at, row_int(&r, 0), 0);
		local_text(zone, row_int(&r, 0), local);
		if (strncmp(local, month, strlen(month)) == 0)
			json_array_append_new(steps, json_pack("{s:s, s:s, s:s, s:s?, s:I, s:O}", "at", at, "local", local, "what", row_str(&r, 1), "about",
			                                       row_str(&r, 2), "mails", (json_int_t)row_int(&r, 3), "text", text));
		json_decref(text);
	}
	return steps;
}

/* From the evening before the month begins anywhere until it has ended everywhere; time goes from timer to timer. */
static int
play(struct desk *d, const struct sim_conf *conf, int64_t from, int64_t to)
{
	json_t *args = json_pack("{s:O}", "tenants", json_object_get(conf->tenants, "tenants"));
	struct desk_answer a = desk_apply(d, "tenant.import", &desk_service, args, from);
	int error = a.error;

	json_decref(args);
	json_decref(a.body);
	for (int64_t now = from; now < to && error == 0;) {
		int64_t next = desk_tick(d, now, &error);

		now = next > now ? next : now + NS_PER_S;
	}
	return error;
}

static json_t *
told(struct db *db, const struct sim_conf *conf, const char *month)
{
	struct rows r = db_query(db, "SELECT id, zone, country FROM tenants ORDER BY id");
	json_t *all = json_array();

	while (rows_next(&r))
		if (conf->tenant == NULL || strcmp(conf->tenant, row_str(&r, 0)) == 0)
			json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s, s:o}", "tenant", row_str(&r, 0), "zone", row_str(&r, 1), "country", row_str(&r, 2), "month",
			                                     month, "steps", steps_of(db, row_str(&r, 0), row_str(&r, 1), month)));
	return all;
}

json_t *
sim_month(const struct sim_conf *conf, int64_t year, unsigned month, int *ret_error)
{
	int64_t from = days_from_civil(year, month, 1) * NS_PER_DAY - NS_PER_DAY;
	int64_t to = (month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, month + 1, 1)) * NS_PER_DAY + NS_PER_DAY;
	struct desk_settings settings = { .providers = { NULL }, .url = "https://soc.example" };
	struct desk *d = NULL;
	struct db *db = NULL;
	json_t *all = NULL;
	char name[16];
	int r = db_open(":memory:", &db);

	snprintf(name, sizeof name, "%04d-%02u", (int)year % 10000, month % 100);
	if (r == 0)
		r = desk_open(db, &settings, &d);
	if (r == 0)
		r = play(d, conf, from, to);
	if (r == 0)
		all = told(db, conf, name);
	desk_close(d);
	db_close(db);
	*ret_error = r;
	return all;
}
