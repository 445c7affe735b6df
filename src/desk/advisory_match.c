/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom an advisory concerns: its products and CVEs against what is known of each tenant.
 *
 *     product "Fortinet FortiGate 7.0"  a device whose lines are fortinet.fortigate: yes; fortinet.fortimail: by the same maker
 *     product "apache httpd 2.4.49"     an asset called "apache front": by its name
 *     CVE-2021-41773                    an asset that is registered as vulnerable to it (docs/tenants.md): yes
 *
 * Nobody tells us which version runs where, and no list of assets is whole.  So what is found by a name only is said to
 * be a hint, and of what is not found we say that we cannot know it.
 */
#include <ctype.h>
#include <stdlib.h>

#include "desk/advisory_priv.h"

#define WORDS_MAX 24

struct words {
	struct slice w[WORDS_MAX];
	size_t n;
};

/* Runs of letters and digits; versions are none. */
static void
split(const char *s, struct words *ret)
{
	ret->n = 0;
	while (*s != '\0' && ret->n < WORDS_MAX) {
		size_t n = 0;

		while (s[n] != '\0' && (isalnum((unsigned char)s[n]) || (unsigned char)s[n] >= 0x80))
			n++;
		if (n != 0 && !isdigit((unsigned char)s[0]) && !(tolower((unsigned char)s[0]) == 'v' && n > 1 && isdigit((unsigned char)s[1])))
			ret->w[ret->n++] = slice_of(s, n);
		s += n != 0 ? n : 1;
	}
}

/* The word itself, or two side by side: Palo Alto is paloalto, PAN-OS is panos. */
static bool
has_word(const struct words *in, struct slice word)
{
	for (size_t i = 0; i < in->n; i++) {
		struct slice a = in->w[i], b = i + 1 < in->n ? in->w[i + 1] : slice_of("", 0);

		if (slice_eq_nocase(a, word))
			return true;
		if (b.n != 0 && a.n + b.n == word.n && slice_eq_nocase(a, slice_sub(word, 0, a.n)) && slice_eq_nocase(b, slice_sub(word, a.n, word.n)))
			return true;
	}
	return false;
}

enum match
product_is_source(const char *product, const char *source)
{
	size_t n = strlen(product);
	struct words have, wanted;
	enum match m = MATCH_YES;

	if (strncmp(source, product, n) == 0 && (source[n] == '\0' || source[n] == '.'))
		return MATCH_YES;
	if (strchr(product, '.') != NULL && strpbrk(product, " /") == NULL && !isdigit((unsigned char)strchr(product, '.')[1]))
		return MATCH_NO; /* the name of another source, not of a product */
	split(product, &have);
	split(source, &wanted);
	if (wanted.n == 0 || !has_word(&have, wanted.w[0]))
		return MATCH_NO;
	for (size_t i = 1; i < wanted.n; i++)
		if (!has_word(&have, wanted.w[i]))
			m = MATCH_HINT;
	return m;
}

/* Words that many names have say nothing. */
static bool
says_something(struct slice w)
{
	static const char *const empty[] = { "and", "the", "for", "all", "from", "before", "prior", "version", "versions", "server", "servers", "client", "system", "service", "services",
		                             "software", "security", "network", "networks", "management", "enterprise", "edition", "appliance", "inc", "ltd", "corp", "project", "foundation" };

	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
		if (slice_eq_nocase(w, slice_str(empty[i])))
			return false;
	return w.n >= 3;
}

bool
product_is_in_name(const char *product, const char *name)
{
	struct words have, wanted;

	split(name, &have);
	split(product, &wanted);
	for (size_t i = 0; i < wanted.n; i++)
		if (says_something(wanted.w[i]) && has_word(&have, wanted.w[i]))
			return true;
	return false;
}

json_t *
device_of_products(const json_t *products, const char *lcp, const char *id, const char *source)
{
	enum match best = MATCH_NO;
	const json_t *v;
	json_t *o;
	size_t i;

	json_array_foreach(products, i, v) {
		enum match m = product_is_source(json_string_value(v), source);

		best = m > best ? m : best;
	}
	if (best == MATCH_NO)
		return NULL;
	o = json_pack("{s:s, s:s, s:s}", "lcp", lcp, "id", id, "source", source);
	if (best == MATCH_HINT)
		json_object_set_new(o, "hint", json_true());
	return o;
}

/* ---- assets ---- */

static json_t *
common_cves(const json_t *asset, const json_t *cves)
{
	const json_t *v, *known;
	json_t *both = json_array();
	size_t i, k;

	json_array_foreach(cves, i, v)
		json_array_foreach(json_object_get(asset, "vulnerable"), k, known)
			if (json_is_string(known) && slice_eq_nocase(slice_str(json_string_value(known)), slice_str(json_string_value(v)))) {
				json_array_append(both, (json_t *)v);
				break;
			}
	return both;
}

static bool
names_product(const json_t *asset, const char *product)
{
	const json_t *v;
	size_t i;

	if (product_is_in_name(product, json_string_value(json_object_get(asset, "name")) ?: ""))
		return true;
	json_array_foreach(json_object_get(asset, "hosts"), i, v)
		if (json_is_string(v) && product_is_in_name(product, json_string_value(v)))
			return true;
	return false;
}

static json_t *
list_of(const json_t *asset, const char *key)
{
	json_t *v = json_object_get(asset, key);

	return json_is_array(v) ? json_incref(v) : json_array();
}

/* {name, addresses, hosts, cves, products}; NULL when it is none of them. */
static json_t *
asset_of(const json_t *asset, const json_t *products, const json_t *cves)
{
	const char *name = json_string_value(json_object_get(asset, "name"));
	json_t *found = common_cves(asset, cves), *named = json_array(), *v;
	size_t i;

	json_array_foreach(products, i, v)
		if (names_product(asset, json_string_value(v)))
			json_array_append(named, v);
	if (name != NULL && json_array_size(found) + json_array_size(named) != 0)
		return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", name, "addresses", list_of(asset, "addresses"), "hosts", list_of(asset, "hosts"), "cves", found, "products", named);
	json_decref(found);
	json_decref(named);
	return NULL;
}

/* Those that are registered as vulnerable come first. */
static json_t *
assets_of(const json_t *doc, const json_t *products, const json_t *cves)
{
	json_t *sure = json_array(), *hints = json_array(), *o;
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(doc, "assets"), i, v)
		if ((o = asset_of(v, products, cves)) != NULL) {
			json_t *to = json_array_size(json_object_get(o, "cves")) != 0 ? sure : hints;

			if (json_array_size(to) < ADVISORY_ASSETS)
				json_array_append_new(to, o);
			else
				json_decref(o);
		}
	json_array_extend(sure, hints);
	json_decref(hints);
	while (json_array_size(sure) > ADVISORY_ASSETS)
		json_array_remove(sure, json_array_size(sure) - 1);
	return sure;
}

/* ---- each tenant ---- */

static json_t *
devices_of(struct desk *d, const char *tenant, const json_t *products)
{
	struct rows r = db_query(d->db,
	                         "SELECT lcp, device, source FROM devices WHERE tenant = ? AND source IS NOT NULL UNION SELECT '', device, source FROM registrations"
	                         " WHERE tenant = ? AND state IN ('waiting','live') ORDER BY 2, 1",
	                         Q(tenant), Q(tenant));
	json_t *devices = json_array(), *o;

	while (rows_next(&r))
		if (json_array_size(devices) < ADVISORY_DEVICES && (o = device_of_products(products, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2))) != NULL)
			json_array_append_new(devices, o);
	return devices;
}

json_t *
desk_advisory_affected(struct desk *d, const char *id)
{
	struct rows a = db_query(d->db, "SELECT products, cves FROM advisories WHERE id = ? OR ('A-' || number) = ?", Q(id), Q(id)), t;
	json_t *products = NULL, *cves = NULL, *all = json_array();

	if (rows_next(&a)) {
		products = json_loads(row_str(&a, 0), 0, NULL);
		cves = json_loads(row_str(&a, 1), 0, NULL);
	}
	rows_close(&a);
	t = db_query(d->db, "SELECT id, doc FROM tenants ORDER BY id");
	while (rows_next(&t)) {
		json_t *doc = json_loads(row_str(&t, 1), 0, NULL);

		json_array_append_new(all, json_pack("{s:s, s:o, s:o}", "tenant", row_str(&t, 0), "devices", devices_of(d, row_str(&t, 0), products), "assets", assets_of(doc, products, cves)));
		json_decref(doc);
	}
	json_decref(products);
	json_decref(cves);
	return all;
}

/* ---- what is not known ---- */

static bool
product_is_known(const char *product, const json_t *devices, const json_t *assets)
{
	const json_t *v;
	size_t i;

	json_array_foreach(devices, i, v)
		if (product_is_source(product, json_string_value(json_object_get(v, "source")) ?: "") != MATCH_NO)
			return true;
	json_array_foreach(assets, i, v)
		if (names_product(v, product))
			return true;
	return false;
}

static bool
cve_is_known(const char *cve, const json_t *assets)
{
	const json_t *v, *k;
	size_t i, j;

	json_array_foreach(assets, i, v)
		json_array_foreach(json_object_get(v, "cves"), j, k)
			if (strcmp(json_string_value(k) ?: "", cve) == 0)
				return true;
	return false;
}

json_t *
advisory_unknown(const json_t *products, const json_t *cves, const json_t *devices, const json_t *assets)
{
	json_t *unknown = json_array(), *v;
	size_t i;

	json_array_foreach(products, i, v)
		if (!product_is_known(json_string_value(v), devices, assets))
			json_array_append(unknown, v);
	json_array_foreach(cves, i, v)
		if (!cve_is_known(json_string_value(v), assets))
			json_array_append(unknown, v);
	return unknown;
}
