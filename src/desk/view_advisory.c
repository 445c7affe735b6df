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
	" a.made_by, a.approved_at AS \"approved_at:t\", a.approved_by, a.sent_at AS \"sent_at:t\", a.sent_by, a.updated_at AS \"updated_at:t\""

/* ---- what is asked ---- */

static void
put_term(struct buf *b, const char *kind, const char *v)
{
	const char *before = b->n != 0 ? " OR " : "";

	if (strcmp(kind, "ip") == 0)
		buf_printf(b, "%ssource.ip:\"%s\" OR destination.ip:\"%s\"", before, v, v);
	else if (strcmp(kind, "domain") == 0)
		buf_printf(b, "%sdestination.domain:%s OR destination.domain:*.%s OR url.domain:%s OR url.domain:*.%s OR dns.question.name:%s OR dns.question.name:*.%s", before,
		           v, v, v, v, v, v);
	else
		buf_printf(b, "%s\"%s\"", before, v);
}

char *
advisory_query(const char *indicators)
{
	json_t *list = indicators != NULL ? json_loads(indicators, 0, NULL) : NULL, *v;
	auto_buf struct buf b = { 0 };
	size_t i;

	json_array_foreach(list, i, v) {
		const char *kind = json_string_value(json_object_get(v, "kind")), *value = json_string_value(json_object_get(v, "value"));

		if (kind != NULL && value != NULL && indicator_is_good(kind, value))
			put_term(&b, kind, value);
	}
	json_decref(list);
	return b.n != 0 ? x_asprintf("%s | summarize n = count(), first = min(@timestamp), last = max(@timestamp) by nezuban.device | top 100 by n", buf_cstr(&b)) : NULL;
}

char *
advisory_product_query(const char *products)
{
	json_t *list = products != NULL ? json_loads(products, 0, NULL) : NULL, *v;
	auto_buf struct buf b = { 0 };
	size_t i;

	json_array_foreach(list, i, v)
		buf_printf(&b, "%sevent.dataset:\"%s\" OR event.dataset:%s.*", i == 0 ? "" : " OR ", json_string_value(v), json_string_value(v));
	json_decref(list);
	return b.n != 0 ? x_asprintf("%s | summarize n = count() by nezuban.device, event.dataset | top 200 by n", buf_cstr(&b)) : NULL;
}

void
desk_advisory_asks(struct desk *d, int64_t now, desk_advisory_fn *fn, void *ctx)
{
	struct rows r = db_query(d->db, "SELECT a.id, t.tenant, a.indicators, a.products FROM advisory_tenants t JOIN advisories a ON a.id = t.advisory WHERE t.counting <> 0 AND"
	                                " t.asked_at <= ? ORDER BY t.asked_at, t.tenant LIMIT 64",
	                         Q(now));

	while (rows_next(&r)) {
		auto_free char *query = advisory_query(row_str(&r, 2)), *products = advisory_product_query(row_str(&r, 3));

		fn(ctx, &(struct desk_advisory_ask){ row_str(&r, 0), row_str(&r, 1), query, products, now - ADVISORY_DAYS * NS_PER_DAY, now });
	}
}

/* rows of the store's table: device, n, first, last, in the order of its columns */
json_t *
desk_advisory_seen(const json_t *body, int64_t *ret_total)
{
	const json_t *columns = json_object_get(body, "columns"), *rows = json_object_get(body, "rows"), *row, *c;
	json_t *seen = json_array(), *o;
	size_t i, k;

	*ret_total = 0;
	if (!json_is_array(columns) || !json_is_array(rows)) {
		json_decref(seen);
		return NULL;
	}
	json_array_foreach(rows, i, row) {
		o = json_object();
		json_array_foreach(columns, k, c) {
			const char *name = json_string_value(json_is_object(c) ? json_object_get(c, "name") : c);
			const json_t *v = json_array_get(row, k);

			if (name == NULL)
				continue;
			if (strcmp(name, "n") == 0)
				json_object_set_new(o, "count", json_integer(json_is_string(v) ? strtoll(json_string_value(v), NULL, 10) : json_integer_value(v)));
			else if (strcmp(name, "first") == 0 || strcmp(name, "last") == 0)
				json_object_set_new(o, name, json_string(json_string_value(v) != NULL ? json_string_value(v) : ""));
			else
				json_object_set_new(o, "device", json_string(json_string_value(v) != NULL ? json_string_value(v) : ""));
		}
		*ret_total += json_integer_value(json_object_get(o, "count"));
		json_array_append_new(seen, o);
	}
	return seen;
}

/* rows: device, dataset, how many */
json_t *
desk_advisory_heard(const json_t *body)
{
	const json_t *columns = json_object_get(body, "columns"), *rows = json_object_get(body, "rows"), *row, *c;
	json_t *heard = json_array(), *o;
	size_t i, k;

	if (!json_is_array(columns) || !json_is_array(rows)) {
		json_decref(heard);
		return NULL;
	}
	json_array_foreach(rows, i, row) {
		o = json_pack("{s:s}", "lcp", "");
		json_array_foreach(columns, k, c) {
			const char *name = json_string_value(c), *v = json_string_value(json_array_get(row, k));

			if (name != NULL && v != NULL && strcmp(name, "n") != 0)
				json_object_set_new(o, strcmp(name, "event.dataset") == 0 ? "source" : "id", json_string(v));
		}
		json_array_append_new(heard, o);
	}
	return heard;
}

/* ---- which devices ---- */

static bool
is_product(const char *source, const json_t *products)
{
	const json_t *v;
	size_t i;

	json_array_foreach(products, i, v) {
		size_t n = json_string_length(v);

		if (strncmp(source, json_string_value(v), n) == 0 && (source[n] == '\0' || source[n] == '.'))
			return true;
	}
	return false;
}

json_t *
desk_advisory_affected(struct desk *d, const char *id)
{
	auto_free char *text = db_text(d->db, "SELECT products FROM advisories WHERE id = ? OR ('A-' || number) = ?", Q(id), Q(id));
	json_t *products = text != NULL ? json_loads(text, 0, NULL) : NULL, *all = json_array(), *devices;
	struct rows t = db_query(d->db, "SELECT id FROM tenants ORDER BY id"), r;

	while (rows_next(&t)) {
		devices = json_array();
		r = db_query(d->db, "SELECT lcp, device, source FROM devices WHERE tenant = ? AND source IS NOT NULL UNION SELECT '', device, source FROM registrations"
		                    " WHERE tenant = ? AND state IN ('waiting','live') ORDER BY 2, 1",
		             Q(row_str(&t, 0)), Q(row_str(&t, 0)));
		while (rows_next(&r))
			if (is_product(row_str(&r, 2), products) && json_array_size(devices) < 500)
				json_array_append_new(devices, json_pack("{s:s, s:s, s:s}", "lcp", row_str(&r, 0), "id", row_str(&r, 1), "source", row_str(&r, 2)));
		json_array_append_new(all, json_pack("{s:s, s:o}", "tenant", row_str(&t, 0), "devices", devices));
	}
	json_decref(products);
	return all;
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
tenants_of(struct ask *a, const char *id)
{
	struct rows r = db_query(a->db,
	                         "SELECT tenant, devices AS \"devices:j\", chosen AS \"chosen:b\", sent_at AS \"sent_at:t\", counting AS \"counting:b\", CASE WHEN counted_at > 0"
	                         " THEN counted_at END AS \"counted_at:t\", total, seen AS \"seen:j\" FROM advisory_tenants WHERE advisory = ? ORDER BY tenant",
	                         Q(id));
	json_t *list = json_array(), *o;

	while (rows_next(&r)) {
		if (!desk_sees(a->who, row_str(&r, 0)) || (a->customer && row_int(&r, 3) == 0))
			continue;
		o = row_json(&r);
		json_object_set_new(o, "tenant", tenant_ref(a->db, row_str(&r, 0)));
		json_object_set_new(o, "reads", reads_of(a->db, id, row_str(&r, 0)));
		if (json_is_null(json_object_get(o, "seen")))
			json_object_set_new(o, "seen", json_array());
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
advisory_json(struct ask *a, struct rows *r)
{
	const char *id = row_str(r, 0);
	json_t *o = row_json(r), *tenants = tenants_of(a, id);

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
