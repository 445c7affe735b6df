/* SPDX-License-Identifier: Apache-2.0
 *
 * Networks and assets of a tenant, one by one.  They live in tenants.doc, where an import puts them too (docs/tenants.md):
 * there is one truth, and the engine gets it whole when it changes.
 */
#include <stdio.h>

#include "desk/advisory_priv.h"
#include "desk/device_priv.h"

#define NETWORKS_MAX 2000
#define ASSETS_MAX 20000
#define WORDS_MAX 64 /* addresses, host names of one asset */

/* ---- the document ---- */

bool
doc_tenant(struct cmd *c, const char *tenant)
{
	if (cmd_failed(c))
		return false;
	if (!desk_sees(c->who, tenant) || db_int(c->db, 0, "SELECT 1 FROM tenants WHERE id = ?", Q(tenant)) == 0) {
		cmd_refuse(c, 404, "not_found", "tenant", "%s", "");
		return false;
	}
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	return true;
}

static json_t *
doc_load(struct cmd *c, const char *tenant)
{
	auto_free char *text = db_text(c->db, "SELECT doc FROM tenants WHERE id = ?", Q(tenant));
	json_t *doc = text != NULL ? json_loads(text, 0, NULL) : NULL;

	if (json_is_object(doc))
		return doc;
	json_decref(doc);
	return json_object();
}

static bool
names(const json_t *row, const char *key, const char *id)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s != NULL && strcmp(s, id) == 0;
}

const json_t *
doc_find(struct cmd *c, const char *tenant, const char *list, const char *key, const char *id, json_t **ret_doc)
{
	const json_t *row;
	size_t i;

	*ret_doc = doc_load(c, tenant);
	json_array_foreach(json_object_get(*ret_doc, list), i, row)
		if (names(row, key, id))
			return row;
	return NULL;
}

void
doc_put(struct cmd *c, const char *tenant, const char *list, const char *key, const char *id, json_t *row)
{
	json_t *doc = doc_load(c, tenant), *rows = json_object_get(doc, list);
	auto_free char *text = NULL;
	size_t at;

	if (!json_is_array(rows)) {
		json_object_set_new(doc, list, json_array());
		rows = json_object_get(doc, list);
	}
	for (at = 0; at < json_array_size(rows) && !names(json_array_get(rows, at), key, id); at++)
		;
	if (row == NULL)
		json_array_remove(rows, at);
	else if (at < json_array_size(rows))
		json_array_set_new(rows, at, row);
	else
		json_array_append_new(rows, row);
	text = json_text(doc);
	json_decref(doc);
	db_run(c->db, "UPDATE tenants SET doc = ? WHERE id = ?", Q(text), Q(tenant));
	cmd_changed(c, "tenant", tenant, tenant, NULL);
	snprintf(c->noun, sizeof c->noun, "tenant");
	snprintf(c->id, sizeof c->id, "%s", tenant);
}

/* Is there room for one more, and is the name free (or, for a change, taken)? */
static bool
may_put(struct cmd *c, const char *tenant, const char *list, const char *name, bool must_exist, size_t max)
{
	json_t *doc = NULL;
	bool there = doc_find(c, tenant, list, "name", name, &doc) != NULL;

	if (there != must_exist)
		cmd_refuse(c, must_exist ? 404 : 409, must_exist ? "not_found" : "conflict", "name", must_exist ? "there is none of this name" : "there is one of this name");
	else if (!there && json_array_size(json_object_get(doc, list)) >= max)
		cmd_refuse(c, 409, "state", NULL, "at most %zu", max);
	json_decref(doc);
	return !cmd_failed(c);
}

static bool
name_is_good(struct cmd *c, const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '/') {
			cmd_refuse(c, 422, "invalid", "name", "no control characters and no /");
			return false;
		}
	return !cmd_failed(c);
}

/* ---- networks ---- */

bool
net_is_wide(const struct ip *base, unsigned bits)
{
	static const struct ip all_v4 = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } };

	if (ip_is_v4(base) && bits >= 96)
		return bits < 96 + 8;
	return ip_in(&all_v4, base, bits) || (bits < 16 && !(ip_is_private(base) && bits >= 7));
}

/* What a customer's person changes here takes effect at once: whoever is on duty hears of it. now "": it is gone. */
static void
customer_changed(struct cmd *c, const char *list, const char *name, const char *now)
{
	bool nets = strcmp(list, "networks") == 0, gone = now[0] == '\0';
	auto_free char *key = x_asprintf("%s/%s/%s", c->tenant, list, name), *ja = NULL, *en = NULL;

	if (c->v < 3 || !cmd_is_customer(c) || cmd_failed(c))
		return;
	ja = x_asprintf("お客様（%s 様）が%s「%.100s」を%s。%s", c->who->ja, nets ? "ネットワーク" : "資産", name, gone ? "削除しました" : "登録または変更しました", now);
	en = x_asprintf("The customer (%s) %s the %s “%.100s”. %s", c->who->en, gone ? "removed" : "set", nets ? "network" : "asset", name, now);
	alarm_raise(c, "network_changed", key, "warning", c->tenant, NULL, ja, en);
}

static void
network_put(struct cmd *c, bool change)
{
	const char *tenant = arg_need(c, "tenant", 31), *name = arg_need(c, "name", 100), *cidr = arg_need(c, "cidr", 64);
	struct ip base;
	unsigned bits;

	if (!doc_tenant(c, tenant) || !name_is_good(c, name) || !may_put(c, tenant, "networks", name, change, NETWORKS_MAX))
		return;
	if (!ip_parse_cidr(slice_str(cidr), &base, &bits)) {
		cmd_refuse(c, 422, "invalid", "cidr", "wanted a network such as 10.1.0.0/16, host bits zero");
		return;
	}
	if (c->v >= 3 && net_is_wide(&base, bits)) {
		cmd_refuse(c, 422, "invalid", "cidr", "that is half the Internet: at least /8, of v6 /16");
		return;
	}
	doc_put(c, tenant, "networks", "name", name, json_pack("{s:s, s:s}", "name", name, "cidr", cidr));
	customer_changed(c, "networks", name, cidr);
}

void
cmd_network_add(struct cmd *c)
{
	network_put(c, false);
}

void
cmd_network_change(struct cmd *c)
{
	network_put(c, true);
}

static void
row_remove(struct cmd *c, const char *list)
{
	const char *tenant = arg_need(c, "tenant", 31), *name = arg_need(c, "name", 100);

	if (!doc_tenant(c, tenant) || !may_put(c, tenant, list, name, true, SIZE_MAX))
		return;
	doc_put(c, tenant, list, "name", name, NULL);
	customer_changed(c, list, name, "");
}

void
cmd_network_remove(struct cmd *c)
{
	row_remove(c, "networks");
}

/* ---- assets ---- */

static bool
words_are_good(struct cmd *c, const char *key, bool address)
{
	const json_t *list = json_object_get(c->args, key), *v;
	struct ip ip;
	unsigned bits;
	size_t i;

	if (list == NULL)
		return true;
	if (!json_is_array(list) || json_array_size(list) > WORDS_MAX) {
		cmd_refuse(c, 422, "invalid", key, "wanted a list of at most %d", WORDS_MAX);
		return false;
	}
	json_array_foreach(list, i, v) {
		const char *s = json_string_value(v);

		if (s == NULL || s[0] == '\0' || strlen(s) > 255 || (address && !ip_parse_cidr(slice_str(s), &ip, &bits)) || (address && c->v >= 3 && net_is_wide(&ip, bits))) {
			cmd_refuse(c, 422, "invalid", key, address ? "wanted addresses or networks, at least /8, of v6 /16" : "wanted host names");
			return false;
		}
	}
	return true;
}

/* The CVEs in capitals, as a new list; NULL, perhaps refused, without any. */
static json_t *
vulnerable_of(struct cmd *c)
{
	const json_t *list = json_object_get(c->args, "vulnerable"), *v;
	json_t *cves;
	char cve[CVE_MAX];
	size_t i;

	if (list == NULL || !words_are_good(c, "vulnerable", false))
		return NULL;
	cves = json_array();
	json_array_foreach(list, i, v)
		if (cve_fold(json_string_value(v), cve))
			json_array_append_new(cves, json_string(cve));
		else
			cmd_refuse(c, 422, "invalid", "vulnerable", "number %zu: wanted a CVE such as CVE-2021-44228", i + 1);
	return cves;
}

static void
asset_put(struct cmd *c, bool change)
{
	static const char *const keys[] = { "value", "addresses", "hosts", "shared" };
	const char *tenant = arg_need(c, "tenant", 31), *name = arg_need(c, "name", 100);
	int64_t value = arg_int(c, "value", 1);
	json_t *doc = NULL, *row, *cves;
	const json_t *was;

	arg_bool(c, "shared", false);
	if (!doc_tenant(c, tenant) || !name_is_good(c, name) || !words_are_good(c, "addresses", true) || !words_are_good(c, "hosts", false) ||
	    !may_put(c, tenant, "assets", name, change, ASSETS_MAX))
		return;
	if (value < 0 || value > 3) {
		cmd_refuse(c, 422, "invalid", "value", "wanted 0 to 3");
		return;
	}
	cves = vulnerable_of(c);
	was = doc_find(c, tenant, "assets", "name", name, &doc);
	row = was != NULL ? json_deep_copy(was) : json_pack("{s:s, s:i}", "name", name, "value", 1);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (json_object_get(c->args, keys[i]) != NULL)
			json_object_set_new(row, keys[i], strcmp(keys[i], "value") == 0 ? json_integer(value) : json_deep_copy(json_object_get(c->args, keys[i])));
	if (cves != NULL)
		json_object_set_new(row, "vulnerable", cves);
	json_decref(doc);
	value = json_integer_value(json_object_get(row, "value"));
	doc_put(c, tenant, "assets", "name", name, row);
	customer_changed(c, "assets", name, (const char *[]){ "0/3", "1/3", "2/3", "3/3" }[value >= 0 && value <= 3 ? value : 0]);
}

void
cmd_asset_add(struct cmd *c)
{
	asset_put(c, false);
}

void
cmd_asset_change(struct cmd *c)
{
	asset_put(c, true);
}

void
cmd_asset_remove(struct cmd *c)
{
	row_remove(c, "assets");
}
