/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes for the browsers: a ring of the last ones, and who may see which.  A customer sees changes of
 * its own tenant's candidates, incidents, inquiries, devices, collectors and of itself; staff those of their mask.
 * Accounts and alarms stay with those who may list them.  Nothing but names travels: the browser asks
 * the API for the thing, and is checked there.
 */
#include "api/api.h"

#include <stdlib.h>

#include "base/must.h"
#include "codec/jsonw.h"

struct change {
	uint64_t seq;
	char noun[24], id[64], tenant[64], number[64];
};

struct api_events {
	struct change *ring;
	size_t keep;
	uint64_t count; /* ever added; ring[count % keep] is next */
};

struct api_events *
api_events_new(size_t keep)
{
	struct api_events *e = x_calloc(1, sizeof *e);

	e->keep = keep;
	e->ring = x_calloc(keep, sizeof *e->ring);
	return e;
}

void
api_events_free(struct api_events *e)
{
	if (e == NULL)
		return;
	free(e->ring);
	free(e);
}

static bool
take(const json_t *o, const char *key, char *out, size_t cap)
{
	const char *v = json_string_value(json_object_get(o, key));

	if (v == NULL)
		return true;
	if (strlen(v) >= cap)
		return false;
	memcpy(out, v, strlen(v) + 1);
	return true;
}

bool
api_events_add(struct api_events *e, struct slice json, uint64_t *ret_seq)
{
	json_t *o = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
	struct change c = { .seq = (uint64_t)json_integer_value(json_object_get(o, "seq")) };
	bool good = json_is_object(o) && c.seq != 0 && take(o, "noun", c.noun, sizeof c.noun) && c.noun[0] != 0 &&
	            take(o, "id", c.id, sizeof c.id) && take(o, "tenant", c.tenant, sizeof c.tenant) &&
	            take(o, "number", c.number, sizeof c.number);

	json_decref(o);
	if (!good)
		return false;
	e->ring[e->count++ % e->keep] = c;
	*ret_seq = c.seq;
	return true;
}

static bool
noun_is(const struct change *c, const char *noun)
{
	return strcmp(c->noun, noun) == 0;
}

static bool
in_mask(const json_t *mask, const char *tenant)
{
	size_t i;
	json_t *v;

	if (mask == NULL || json_array_size(mask) == 0 || tenant[0] == 0)
		return true;
	json_array_foreach(mask, i, v)
	{
		if (json_is_string(v) && strcmp(json_string_value(v), tenant) == 0)
			return true;
	}
	return false;
}

static bool
visible(const struct change *c, const struct api_viewer *v)
{
	if (noun_is(c, "user"))
		return (v->role & (API_ADMIN | API_AUDITOR)) != 0;
	if (v->role == API_CUSTOMER)
		return v->tenant[0] != 0 && strcmp(c->tenant, v->tenant) == 0 &&
		       (noun_is(c, "candidate") || noun_is(c, "incident") || noun_is(c, "device") ||
		        noun_is(c, "lcp") || noun_is(c, "tenant") || noun_is(c, "inquiry") || noun_is(c, "advisory"));
	return v->role != 0 && in_mask(v->tenants, c->tenant);
}

static void
write_event(const struct change *c, struct buf *out)
{
	buf_printf(out, "id: %llu\nevent: %s\ndata: {", (unsigned long long)c->seq, c->noun);
	jsonw_kv_i64(out, "seq", (int64_t)c->seq);
	jsonw_kv_str(out, "noun", c->noun);
	jsonw_kv_str(out, "id", c->id);
	jsonw_kv_str(out, "tenant", c->tenant);
	jsonw_kv_str(out, "number", c->number);
	buf_put_str(out, "}\n\n");
}

static const struct change *
find(const struct api_events *e, uint64_t seq)
{
	for (size_t i = 0; i < e->keep && i < e->count; i++) {
		const struct change *c = &e->ring[(e->count - 1 - i) % e->keep];

		if (c->seq == seq)
			return c;
	}
	return NULL;
}

bool
api_events_put(const struct api_events *e, uint64_t seq, const struct api_viewer *v, struct buf *out)
{
	const struct change *c = find(e, seq);

	if (c == NULL || !visible(c, v))
		return false;
	write_event(c, out);
	return true;
}

bool
api_events_since(const struct api_events *e, uint64_t seq, const struct api_viewer *v, struct buf *out)
{
	size_t held = e->count < e->keep ? (size_t)e->count : e->keep;

	if (held == 0)
		return seq == 0;
	if (e->ring[(e->count - held) % e->keep].seq > seq + 1 && seq != 0)
		return false;
	for (size_t i = held; i > 0; i--) {
		const struct change *c = &e->ring[(e->count - i) % e->keep];

		if (c->seq > seq && visible(c, v))
			write_event(c, out);
	}
	return true;
}

uint64_t
api_events_last(const struct api_events *e)
{
	return e->count == 0 ? 0 : e->ring[(e->count - 1) % e->keep].seq;
}
