/* SPDX-License-Identifier: Apache-2.0
 *
 * The tenant's JSON document → tenant_table.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "enrich/enrich_priv.h"

struct reader {
	struct tenant_table *t;
	const char *file;
	struct whys *ws;
};

static struct why *
fault(struct reader *r, const char *where, size_t index)
{
	struct why *w = whys_add(r->ws, WHY_ERROR, E_CONFIG, "TENANT", r->file, 0, 0);

	why_hint(w, "%s, item %zu", where, index + 1);
	return w;
}

static struct slice
text_of(struct reader *r, const json_t *obj, const char *key)
{
	const json_t *v = json_object_get(obj, key);

	if (!json_is_string(v))
		return (struct slice){ NULL, 0 };
	return arena_dup(&r->t->arena, slice_of(json_string_value(v), json_string_length(v)));
}

static struct slice
folded(struct tenant_table *t, struct slice s)
{
	char *p = arena_alloc(&t->arena, s.n + 1);

	ascii_lower(p, s.p, s.n);
	return slice_of(p, s.n);
}

static void
add_prefix(struct reader *r, struct prefix_table *to, struct slice s, int value, const char *where, size_t index)
{
	struct ip net;
	unsigned bits;

	if (ip_parse_cidr(s, &net, &bits)) {
		prefix_add(to, &net, bits, value);
	} else {
		struct why *w = fault(r, where, index);

		why_found(w, SL_FMT, SL_ARG(s));
		why_wanted(w, "an address or a network such as 10.1.0.0/16 without host bits");
	}
}

/* Strings of obj[key]: each into a map in lower case. */
static void
add_words(struct reader *r, struct map *to, const json_t *obj, const char *key, int value)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(obj, key), i, v) {
		struct map_slot *s;

		if (!json_is_string(v))
			continue;
		s = map_put(to, folded(r->t, slice_of(json_string_value(v), json_string_length(v))), NULL);
		if (s->u == 0)
			s->u = (uint64_t)value + 1;
	}
}

static void
add_addresses(struct reader *r, struct prefix_table *to, const json_t *obj, const char *key, int value,
              const char *where, size_t index)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(obj, key), i, v)
		add_prefix(r, to, slice_str(json_string_value(v) != NULL ? json_string_value(v) : "?"), value, where, index);
}

static void
read_networks(struct reader *r, const json_t *list)
{
	const json_t *v;
	size_t i;

	r->t->network = arena_array(&r->t->arena, struct slice, json_array_size(list) + 1);
	json_array_foreach(list, i, v) {
		r->t->network[i] = text_of(r, v, "name");
		if (r->t->network[i].n == 0)
			why_wanted(fault(r, "networks", i), "a name");
		add_prefix(r, &r->t->networks, text_of(r, v, "cidr"), (int)i, "networks", i);
	}
}

static void
read_asset(struct reader *r, const json_t *v, struct asset *a, size_t i)
{
	const json_t *list = json_object_get(v, "vulnerable"), *one, *value = json_object_get(v, "value");
	size_t k;

	a->name = text_of(r, v, "name");
	a->value = (int)json_integer_value(value);
	if (a->name.n == 0)
		why_wanted(fault(r, "assets", i), "a name");
	if (value != NULL && (!json_is_integer(value) || a->value < 0 || a->value > 3))
		why_wanted(fault(r, "assets", i), "a value from 0 to 3");
	a->vulnerable = arena_array(&r->t->arena, struct slice, json_array_size(list) + 1);
	json_array_foreach(list, k, one)
		if (json_is_string(one))
			a->vulnerable[a->vulnerable_n++] = arena_dup(&r->t->arena, slice_str(json_string_value(one)));
	add_addresses(r, &r->t->asset_ips, v, "addresses", (int)i, "assets", i);
	add_words(r, &r->t->asset_hosts, v, "hosts", (int)i);
}

static void
read_assets(struct reader *r, const json_t *list)
{
	const json_t *v;
	size_t i;

	r->t->asset = arena_array(&r->t->arena, struct asset, json_array_size(list) + 1);
	json_array_foreach(list, i, v)
		read_asset(r, v, &r->t->asset[i], i);
}

static void
read_authorised(struct reader *r, const json_t *list)
{
	const json_t *v;
	size_t i;

	r->t->authorised = arena_array(&r->t->arena, struct slice, json_array_size(list) + 1);
	json_array_foreach(list, i, v) {
		r->t->authorised[i] = text_of(r, v, "name");
		if (r->t->authorised[i].n == 0)
			why_wanted(fault(r, "authorised", i), "a name");
		add_addresses(r, &r->t->authorised_ips, v, "addresses", (int)i, "authorised", i);
		add_words(r, &r->t->authorised_hosts, v, "hosts", (int)i);
		add_words(r, &r->t->authorised_users, v, "users", (int)i);
	}
}

static const struct zone *
read_zone(struct reader *r, const json_t *obj, const char *where, size_t i)
{
	struct slice name = text_of(r, obj, "zone");
	const struct zone *z;

	if (name.n == 0)
		return NULL;
	z = zone_open(name);
	if (z == NULL) {
		struct why *w = fault(r, where, i);

		why_found(w, SL_FMT, SL_ARG(name));
		why_wanted(w, "a time zone such as Asia/Tokyo or +09:00");
	}
	return z;
}

static void
read_devices(struct reader *r, const json_t *list)
{
	const json_t *v;
	size_t i;

	r->t->device = arena_array(&r->t->arena, struct device, json_array_size(list) + 1);
	json_array_foreach(list, i, v) {
		struct slice id = text_of(r, v, "id");

		r->t->device[i].source = text_of(r, v, "source");
		r->t->device[i].zone = read_zone(r, v, "devices", i);
		if (id.n == 0)
			why_wanted(fault(r, "devices", i), "an id");
		else
			map_put(&r->t->devices, id, NULL)->u = i + 1;
	}
}

static const json_t *
list_of(struct reader *r, const json_t *doc, const char *key)
{
	const json_t *v = json_object_get(doc, key);

	if (v != NULL && !json_is_array(v)) {
		why_wanted(fault(r, key, 0), "a list");
		return NULL;
	}
	return v;
}

struct tenant_table *
tenant_table_compile(struct slice json, const char *file, struct whys *ws)
{
	struct reader r = { .t = x_calloc(1, sizeof *r.t), .file = file, .ws = ws };
	size_t errors = ws->errors;
	json_error_t e;
	json_t *doc = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, &e);

	arena_init(&r.t->arena, 0, 0);
	if (!json_is_object(doc)) {
		struct why *w = whys_add(ws, WHY_ERROR, E_SYNTAX, "TENANT", file, doc == NULL ? (unsigned)e.line : 1,
		                         doc == NULL ? (unsigned)e.column : 1);

		why_found(w, "%s", doc == NULL ? e.text : "something else");
		why_wanted(w, "a JSON object");
	} else {
		r.t->zone = read_zone(&r, doc, "zone", 0);
		read_networks(&r, list_of(&r, doc, "networks"));
		read_assets(&r, list_of(&r, doc, "assets"));
		read_authorised(&r, list_of(&r, doc, "authorised"));
		read_devices(&r, list_of(&r, doc, "devices"));
	}
	json_decref(doc);
	prefix_seal(&r.t->networks);
	prefix_seal(&r.t->asset_ips);
	prefix_seal(&r.t->authorised_ips);
	if (ws->errors == errors)
		return r.t;
	tenant_table_free(r.t);
	return NULL;
}

void
tenant_table_free(struct tenant_table *t)
{
	if (t == NULL)
		return;
	prefix_fini(&t->networks);
	prefix_fini(&t->asset_ips);
	prefix_fini(&t->authorised_ips);
	map_fini(&t->asset_hosts);
	map_fini(&t->authorised_hosts);
	map_fini(&t->authorised_users);
	map_fini(&t->devices);
	arena_fini(&t->arena);
	free(t);
}

const struct zone *
tenant_zone(const struct tenant_table *t, struct slice device)
{
	const struct map_slot *s = t != NULL ? map_get(&t->devices, device) : NULL;

	if (s != NULL && t->device[s->u - 1].zone != NULL)
		return t->device[s->u - 1].zone;
	return t != NULL ? t->zone : NULL;
}

struct slice
tenant_source(const struct tenant_table *t, struct slice device)
{
	const struct map_slot *s = t != NULL ? map_get(&t->devices, device) : NULL;

	return s != NULL ? t->device[s->u - 1].source : (struct slice){ "", 0 };
}
