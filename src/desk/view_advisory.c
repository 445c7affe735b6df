/* SPDX-License-Identifier: Apache-2.0
 *
 * Advisories as the API shows them, and what the store is to be asked about them.  A customer sees those that were
 * sent to its tenant, with its own count, devices and readers; staff see everybody's of their mask.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/advisory_priv.h"

#define COLUMNS                                                                                                                \
	"a.id, 'A-' || a.number AS number, a.state, a.severity, a.title_ja AS \"title:2\", a.title_en, a.text_ja AS \"text:2\", a.text_en,"        \
	" a.advice_ja AS \"advice:2\", a.advice_en, a.products AS \"products:j\", a.indicators AS \"indicators:j\", a.made_at AS \"made_at:t\","     \
	" a.made_by, a.approved_at AS \"approved_at:t\", a.approved_by, a.sent_at AS \"sent_at:t\", a.sent_by, a.updated_at AS \"updated_at:t\","       \
	" a.cves AS \"cves:j\", a.withdrawn_at AS \"withdrawn_at:t\", a.reason_ja AS \"reason:2\", a.reason_en"

/* ---- what is asked ---- */

void
desk_advisory_asks(struct desk *d, int64_t now, desk_advisory_fn *fn, void *ctx)
{
	struct rows r = db_query(d->db, "SELECT a.id, t.tenant, a.indicators, a.products, t.asked_at FROM advisory_tenants t JOIN advisories a ON a.id = t.advisory WHERE"
	                                " t.counting <> 0 AND t.asked_at <= ? ORDER BY t.asked_at, t.tenant LIMIT 64",
	                         Q(now));

	while (rows_next(&r)) {
		json_t *list = json_loads(row_str(&r, 2), 0, NULL);
		auto_free char *found = indicator_query(list), *devices = NULL, *total = NULL;
		struct desk_advisory_ask a = { .advisory = row_str(&r, 0), .tenant = row_str(&r, 1), .from = now - ADVISORY_DAYS * NS_PER_DAY, .to = now, .asked_at = row_int(&r, 4) };

		json_decref(list);
		if (found != NULL) {
			devices = x_asprintf("%s | summarize n = count(), first = min(@timestamp), last = max(@timestamp) by nezuban.device | top %d by n", found, ADVISORY_SEEN);
			total = x_asprintf("%s | summarize n = count(), d = dcount(nezuban.device)", found);
		}
		a.query = devices;
		a.total = total;
		a.products = strcmp(row_str(&r, 3), "[]") != 0 ? row_str(&r, 3) : NULL;
		fn(ctx, &a);
	}
}

static const char *
column_name(const json_t *c)
{
	const char *name = json_string_value(json_is_object(c) ? json_object_get(c, "name") : c);

	return name != NULL ? name : "";
}

static json_int_t
number(const json_t *v)
{
	return json_is_string(v) ? strtoll(json_string_value(v), NULL, 10) : json_integer_value(v);
}

/* rows of the store's table: device, n, first, last, in the order of its columns */
json_t *
desk_advisory_seen(const json_t *body, int64_t *ret_total, bool *ret_full)
{
	const json_t *columns = json_object_get(body, "columns"), *rows = json_object_get(body, "rows"), *row, *c;
	json_t *seen, *o;
	size_t i, k;

	if (!json_is_array(columns) || !json_is_array(rows))
		return NULL;
	seen = json_array();
	*ret_total = 0;
	*ret_full = json_array_size(rows) >= ADVISORY_SEEN;
	json_array_foreach(rows, i, row) {
		o = json_object();
		json_array_foreach(columns, k, c) {
			const char *name = column_name(c);
			const json_t *v = json_array_get(row, k);

			if (strcmp(name, "n") == 0)
				json_object_set_new(o, "count", json_integer(number(v)));
			else
				json_object_set_new(o, strcmp(name, "first") == 0 || strcmp(name, "last") == 0 ? name : "device", json_string(json_string_value(v) ?: ""));
		}
		*ret_total += json_integer_value(json_object_get(o, "count"));
		json_array_append_new(seen, o);
	}
	return seen;
}

bool
desk_advisory_total(const json_t *body, int64_t *ret_total, int64_t *ret_devices)
{
	const json_t *columns = json_object_get(body, "columns"), *row = json_array_get(json_object_get(body, "rows"), 0), *c;
	size_t k;

	if (!json_is_array(columns) || json_array_size(row) != json_array_size(columns))
		return false;
	json_array_foreach(columns, k, c)
		*(strcmp(column_name(c), "n") == 0 ? ret_total : ret_devices) = number(json_array_get(row, k));
	return true;
}

/* rows: device, dataset, how many */
json_t *
desk_advisory_heard(const char *products, const json_t *body)
{
	const json_t *columns = json_object_get(body, "columns"), *rows = json_object_get(body, "rows"), *row, *c;
	json_t *heard, *list, *o;
	size_t i, k;

	if (!json_is_array(columns) || !json_is_array(rows))
		return NULL;
	heard = json_array();
	list = json_loads(products, 0, NULL);
	json_array_foreach(rows, i, row) {
		const char *device = "", *source = "";

		json_array_foreach(columns, k, c) {
			const char *name = column_name(c), *v = json_string_value(json_array_get(row, k)) ?: "";

			if (strcmp(name, "event.dataset") == 0)
				source = v;
			else if (strcmp(name, "n") != 0)
				device = v;
		}
		if (json_array_size(heard) < ADVISORY_DEVICES && (o = device_of_products(list, "", device, source)) != NULL)
			json_array_append_new(heard, o);
	}
	json_decref(list);
	return heard;
}

/* ---- shown ---- */

static json_t *
reads_of(struct db *db, const char *id, const char *tenant)
{
	struct rows r = db_query(db, "SELECT by, at AS \"at:t\" FROM advisory_reads WHERE advisory = ? AND tenant = ? ORDER BY at", Q(id), Q(tenant));
	json_t *a = json_array();

	while (rows_next(&r))
		json_array_append_new(a, json_pack("{s:o, s:o}", "by", person(db, row_str(&r, 0)), "at", time_json(row_int(&r, 1))));
	return a;
}

static json_t *
tenants_of(struct ask *a, const char *id, const json_t *advisory)
{
	struct rows r = db_query(a->db,
	                         "SELECT tenant, devices AS \"devices:j\", chosen AS \"chosen:b\", sent_at AS \"sent_at:t\", counting AS \"counting:b\", CASE WHEN counted_at > 0"
	                         " THEN counted_at END AS \"counted_at:t\", total, seen AS \"seen:j\", seen_devices, assets AS \"assets:j\" FROM advisory_tenants WHERE advisory = ?"
	                         " ORDER BY tenant",
	                         Q(id));
	static const char *const lists[] = { "seen", "assets" };
	json_t *list = json_array(), *o;

	while (rows_next(&r)) {
		if (!desk_sees(a->who, row_str(&r, 0)) || (a->customer && row_int(&r, 3) == 0))
			continue;
		o = row_json(&r);
		json_object_set_new(o, "tenant", tenant_ref(a->db, row_str(&r, 0)));
		json_object_set_new(o, "reads", reads_of(a->db, id, row_str(&r, 0)));
		for (size_t i = 0; i < 2; i++)
			if (json_is_null(json_object_get(o, lists[i])))
				json_object_set_new(o, lists[i], json_array());
		json_object_set_new(o, "unknown", advisory_unknown(json_object_get(advisory, "products"), json_object_get(advisory, "cves"), json_object_get(o, "devices"), json_object_get(o, "assets")));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
advisory_json(struct ask *a, struct rows *r)
{
	const char *id = row_str(r, 0);
	json_t *o = row_json(r), *tenants = tenants_of(a, id, o);

	if (a->customer && (json_array_size(tenants) == 0 || !word_in(row_str(r, 2), "sent withdrawn"))) {
		json_decref(tenants);
		json_decref(o);
		return NULL;
	}
	json_object_set_new(o, "days", json_integer(ADVISORY_DAYS));
	json_object_set_new(o, "made_by", a->customer ? json_null() : person(a->db, row_str(r, 13)));
	json_object_set_new(o, "approved_by", a->customer ? json_null() : person(a->db, row_str(r, 15)));
	json_object_set_new(o, "sent_by", a->customer ? json_null() : person(a->db, row_str(r, 17)));
	json_object_set_new(o, "tenants", tenants);
	json_object_set_new(o, "read", json_boolean(db_int(a->db, 0, "SELECT 1 FROM advisory_reads WHERE advisory = ? AND by = ?", Q(id), Q(a->who->user)) != 0));
	return o;
}

json_t *
ask_advisory_list(struct ask *a)
{
	const char *state = ask_str(a, "state");
	struct rows r = db_query(a->db, "SELECT " COLUMNS " FROM advisories a WHERE (? IS NULL OR a.state = ?) ORDER BY a.number DESC LIMIT 200", Q(state), Q(state));
	json_t *items = json_array(), *o;

	while (rows_next(&r))
		if ((o = advisory_json(a, &r)) != NULL)
			json_array_append_new(items, o);
	return json_pack("{s:o}", "items", items);
}

json_t *
ask_advisory_show(struct ask *a)
{
	const char *id = ask_str(a, "id");
	struct rows r = db_query(a->db, "SELECT " COLUMNS " FROM advisories a WHERE a.id = ? OR ('A-' || a.number) = ?", Q(id), Q(id));
	json_t *o;

	if (!rows_next(&r))
		return NULL;
	o = advisory_json(a, &r);
	rows_close(&r);
	return o;
}
