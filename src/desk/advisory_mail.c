/* SPDX-License-Identifier: Apache-2.0
 *
 * What leaves the house about an advisory: a mail to every contact of the tenant and an event for its programs, when it is
 * sent, when something is found later that was not there before, and when it is withdrawn.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/advisory_priv.h"
#include "desk/hook_priv.h"

#define ROWS_MAX 20 /* devices, assets; the portal has all of them */
#define IDS_MAX 100
#define WHERE_MAX 4

static json_t *
load_list(const char *text)
{
	json_t *list = text != NULL ? json_loads(text, 0, NULL) : NULL;

	return list != NULL ? list : json_array();
}

static void
put_texts(json_t *o, const char *key, const char *ja, const char *en)
{
	auto_free char *a = text_plain(ja != NULL ? ja : ""), *b = text_plain(en != NULL ? en : "");

	if (a[0] != '\0')
		json_object_set_new(o, key, texts(a, b));
}

/* Ids of the devices that are, or are not, only by the same maker; at most max of *ret_total. */
static json_t *
ids_of(const json_t *devices, bool hint, size_t max, int64_t *ret_total)
{
	json_t *ids = json_array(), *v;
	size_t i;

	*ret_total = 0;
	json_array_foreach(devices, i, v) {
		if (json_is_true(json_object_get(v, "hint")) != hint)
			continue;
		if (json_array_size(ids) < max)
			json_array_append(ids, json_object_get(v, "id"));
		++*ret_total;
	}
	return ids;
}

/* key: the first ids, key_total: how many there are. */
static void
put_ids(json_t *o, const char *key, const json_t *devices, bool hint)
{
	auto_free char *total_key = x_asprintf("%s_total", key);
	int64_t total;

	json_object_set_new(o, key, ids_of(devices, hint, IDS_MAX, &total));
	json_object_set_new(o, total_key, json_integer(total));
}

/* Where it is seen: the first devices, and on how many. */
static void
put_found(json_t *o, const char *seen, int64_t devices)
{
	json_t *list = load_list(seen), *found = json_array(), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		if (i < ROWS_MAX)
			json_array_append_new(found, json_pack("{s:O*, s:O*, s:O*}", "device", json_object_get(v, "device"), "count", json_object_get(v, "count"), "last", json_object_get(v, "last")));
	}
	json_object_set_new(o, "found", found);
	json_object_set_new(o, "found_devices", json_integer(devices > (int64_t)json_array_size(list) ? devices : (json_int_t)json_array_size(list)));
	json_decref(list);
}

/* {name, where: [address or host], cves, products} */
static json_t *
asset_part(const json_t *asset)
{
	static const char *const keys[] = { "addresses", "hosts" };
	json_t *where = json_array(), *v;
	size_t i;

	for (size_t k = 0; k < 2; k++)
		json_array_foreach(json_object_get(asset, keys[k]), i, v)
			if (json_is_string(v) && json_array_size(where) < WHERE_MAX)
				json_array_append(where, v);
	return json_pack("{s:O, s:o, s:O, s:O}", "name", json_object_get(asset, "name"), "where", where, "cves", json_object_get(asset, "cves"), "products", json_object_get(asset, "products"));
}

static void
put_assets(json_t *o, const json_t *assets)
{
	json_t *list = json_array(), *v;
	size_t i;

	json_array_foreach(assets, i, v)
		if (i < ROWS_MAX)
			json_array_append_new(list, asset_part(v));
	json_object_set_new(o, "assets", list);
	json_object_set_new(o, "assets_total", json_integer((json_int_t)json_array_size(assets)));
}

#define PART                                                                                                                    \
	"SELECT a.severity, a.title_ja, a.title_en, a.text_ja, a.text_en, a.advice_ja, a.advice_en, t.total, t.devices, t.counted_at, a.products, a.cves,"   \
	" a.indicators, t.seen, t.seen_devices, t.assets, a.reason_ja, a.reason_en FROM advisories a JOIN advisory_tenants t ON t.advisory = a.id AND"       \
	" t.tenant = ? WHERE a.id = ?"

/* What it is about and what of the tenant it concerns: since ADVISORY_V. */
static void
put_about(json_t *o, struct rows *r)
{
	json_t *products = load_list(row_str(r, 10)), *cves = load_list(row_str(r, 11)), *devices = load_list(row_str(r, 8)), *assets = load_list(row_str(r, 15));

	json_object_set_new(o, "days", json_integer(ADVISORY_DAYS));
	put_ids(o, "affected", devices, false);
	put_ids(o, "maybe", devices, true);
	json_object_set_new(o, "unknown", advisory_unknown(products, cves, devices, assets));
	json_object_set_new(o, "indicators", load_list(row_str(r, 12)));
	put_found(o, row_str(r, 13), row_int(r, 14));
	put_assets(o, assets);
	put_texts(o, "reason", row_str(r, 16), row_str(r, 17));
	json_object_set_new(o, "products", products);
	json_object_set_new(o, "cves", cves);
	json_decref(devices);
	json_decref(assets);
}

static json_t *
part_of(struct cmd *c, const struct advisory_now *n, const char *tenant)
{
	struct rows r = db_query(c->db, PART, Q(tenant), Q(n->id));
	json_t *o, *devices;
	int64_t total;

	if (!rows_next(&r))
		return NULL;
	devices = load_list(row_str(&r, 8));
	o = json_pack("{s:s, s:s, s:o}", "id", n->number, "severity", row_str(&r, 0), "affected", ids_of(devices, false, ADVISORY_DEVICES, &total));
	json_decref(devices);
	put_texts(o, "title", row_str(&r, 1), row_str(&r, 2));
	put_texts(o, "summary", row_str(&r, 3), row_str(&r, 4));
	put_texts(o, "action", row_str(&r, 5), row_str(&r, 6));
	if (row_int(&r, 9) != 0)
		json_object_set_new(o, "seen", json_integer(row_int(&r, 7)));
	if (c->v >= ADVISORY_V)
		put_about(o, &r);
	if (c->d->s.url != NULL) {
		auto_free char *url = x_asprintf("%s/portal/advisories/%s", c->d->s.url, n->number);

		json_object_set_new(o, "url", json_string(url));
	}
	rows_close(&r);
	return o;
}

static void
mail_all(struct cmd *c, const struct advisory_now *n, const char *step, json_t *part)
{
	struct rows r = db_query(c->db,
	                         "SELECT p.id, p.name, p.mail, p.lang, p.zone, t.name_ja, t.name_en FROM contacts p JOIN tenants t ON t.id = p.tenant WHERE p.tenant = ?"
	                         " AND p.active <> 0 AND p.mail IS NOT NULL ORDER BY p.ord, p.id",
	                         Q(c->tenant));

	while (rows_next(&r)) {
		auto_free char *key = x_asprintf("%s/%s%s", n->number, row_str(&r, 0), step);
		json_t *doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:s, s:o, s:O}", "notice", "advisory", "to", "address", row_str(&r, 2), "name", row_str(&r, 1), "lang",
		                        row_str(&r, 3), "zone", row_str(&r, 4), "company", texts(row_str(&r, 5), row_str(&r, 6)), "advisory", part);

		outbox_mail(c, doc, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2), key);
	}
}

void
advisory_tell(struct cmd *c, const struct advisory_now *n, const char *tenant, enum advisory_word what)
{
	static const struct { const char *what, *step, *event; } words[] = { { "sent", "", "advisory.sent" }, { "found", "/found", "advisory.found" }, { "withdrawn", "/withdrawn", "advisory.withdrawn" } };
	json_t *part = part_of(c, n, tenant);
	char before[32];

	if (part == NULL)
		return;
	snprintf(before, sizeof before, "%s", c->tenant);
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant); /* whose mail it is; the command may be nobody's */
	if (c->v >= ADVISORY_V)
		json_object_set_new(part, "what", json_string(words[what].what));
	if (c->v >= ADVISORY_V || what == ADVISORY_SENT)
		mail_all(c, n, words[what].step, part);
	hook_advisory(c, words[what].event, part);
	snprintf(c->tenant, sizeof c->tenant, "%s", before);
	json_decref(part);
}
