/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/enrich.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "enrich/enrich_priv.h"

#define NAME_MAX_ 256

static uint64_t
find_word(const struct map *m, struct slice s)
{
	char low[NAME_MAX_];
	const struct map_slot *slot;

	if (m->n == 0 || s.n == 0 || s.n > sizeof low)
		return 0;
	ascii_lower(low, s.p, s.n);
	slot = map_get(m, slice_of(low, s.n));
	return slot != NULL ? slot->u : 0;
}

static bool
internal(const struct tenant_table *t, const struct ip *ip)
{
	if (t == NULL || t->networks.list.n == 0)
		return ip_is_private(ip);
	return prefix_find(&t->networks, ip) >= 0 || ip_is_private(ip);
}

bool
tenant_is_internal(const struct tenant_table *t, struct slice text)
{
	struct ip ip;

	return ip_parse(text, &ip) && internal(t, &ip);
}

static const struct asset *
asset_of(const struct tenant_table *t, struct slice address_or_host)
{
	struct ip ip;
	int i;
	uint64_t host;

	if (ip_parse(address_or_host, &ip)) {
		i = prefix_find(&t->asset_ips, &ip);
		return i >= 0 ? &t->asset[i] : NULL;
	}
	host = find_word(&t->asset_hosts, address_or_host);
	return host != 0 ? &t->asset[host - 1] : NULL;
}

const char *
tenant_vulnerable(const struct tenant_table *t, struct slice address_or_host, struct slice cve)
{
	const struct asset *a = t != NULL ? asset_of(t, address_or_host) : NULL;

	if (a == NULL || a->vulnerable_n == 0)
		return "unknown";
	for (size_t i = 0; i < a->vulnerable_n; i++)
		if (slice_eq_nocase(a->vulnerable[i], cve))
			return "yes";
	return "no";
}

/* One end of the connection. */
struct side {
	struct ip ip;
	bool known, internal;
	int network;
};

static struct side
side_of(const struct tenant_table *t, const struct event *e, int field)
{
	struct side s = { .network = -1 };

	s.known = event_has(e, field) && ip_parse(event_text(e, field), &s.ip);
	if (!s.known)
		return s;
	if (t != NULL)
		s.network = prefix_find(&t->networks, &s.ip);
	s.internal = s.network >= 0 || ip_is_private(&s.ip);
	return s;
}

static void
set_direction(struct event *e, const struct side *from, const struct side *to)
{
	struct slice said = event_text(e, F_NETWORK_DIRECTION);

	if (!from->known || !to->known || slice_eq(said, SL("inbound")) || slice_eq(said, SL("outbound")))
		return;
	if (from->internal)
		event_set(e, F_NETWORK_DIRECTION, to->internal ? SL("internal") : SL("outbound"));
	else
		event_set(e, F_NETWORK_DIRECTION, to->internal ? SL("inbound") : SL("external"));
}

static void
set_asset(const struct tenant_table *t, struct event *e, const struct side *from, const struct side *to)
{
	static const struct slice digits[] = { { "0", 1 }, { "1", 1 }, { "2", 1 }, { "3", 1 } };
	const struct asset *a = NULL;
	uint64_t host;
	int i = -1;

	if (to->known)
		i = prefix_find(&t->asset_ips, &to->ip);
	if (i < 0 && (host = find_word(&t->asset_hosts, event_text(e, F_HOST_NAME))) != 0)
		i = (int)host - 1;
	if (i < 0 && from->known)
		i = prefix_find(&t->asset_ips, &from->ip);
	if (i < 0)
		return;
	a = &t->asset[i];
	event_set(e, F_NZ_ASSET_NAME, a->name);
	event_set(e, F_NZ_ASSET_VALUE, digits[a->value]);
	e->slot[F_NZ_ASSET_VALUE].kind = VALUE_LONG;
	e->slot[F_NZ_ASSET_VALUE].i = a->value;
}

static void
set_authorised(const struct tenant_table *t, struct event *e, const struct side *from)
{
	uint64_t k = 0;

	if (from->known) {
		int i = prefix_find(&t->authorised_ips, &from->ip);

		k = i >= 0 ? (uint64_t)i + 1 : 0;
	}
	if (k == 0)
		k = find_word(&t->authorised_hosts, event_text(e, F_HOST_NAME));
	if (k == 0)
		k = find_word(&t->authorised_users, event_text(e, F_USER_NAME));
	if (k != 0)
		event_set(e, F_NZ_AUTHORISED, t->authorised[k - 1]);
}

/* A device may be behind by years (its battery died) but never ahead by more than a day. */
static void
repair_time(struct event *e)
{
	const struct value *v = event_get(e, F_TIMESTAMP);
	const int64_t oldest = 631152000 * NS_PER_S; /* 1990 */
	struct slice why = { NULL, 0 };

	if (v == NULL || v->kind != VALUE_TIME)
		why = SL("absent");
	else if (v->i < oldest)
		why = SL("absurd");
	else if (v->i > e->received_ns + NS_PER_DAY)
		why = SL("ahead");
	if (why.p == NULL)
		return;
	if (v != NULL && v->kind == VALUE_TIME)
		event_set_time(e, F_EVENT_CREATED, v->i);
	event_set_time(e, F_TIMESTAMP, e->received_ns);
	event_set(e, F_NZ_TIME_REPAIRED, why);
}

void
enrich_event(const struct tenant_table *t, struct event *e)
{
	struct side from = side_of(t, e, F_SOURCE_IP), to = side_of(t, e, F_DESTINATION_IP);

	repair_time(e);
	event_set_time(e, F_NZ_RECEIVED, e->received_ns);
	set_direction(e, &from, &to);
	if (t == NULL)
		return;
	if (from.network >= 0)
		event_set(e, F_NZ_SOURCE_NETWORK, t->network[from.network]);
	if (to.network >= 0)
		event_set(e, F_NZ_DESTINATION_NETWORK, t->network[to.network]);
	set_asset(t, e, &from, &to);
	set_authorised(t, e, &from);
}
