/* SPDX-License-Identifier: Apache-2.0
 *
 * The look-up.  Nearly every value is no indicator, so the path of a miss is what counts: one hash and one
 * cache line of the filter per probe; names are hashed for all their suffixes first and the lines fetched
 * ahead.  Only a hit looks for allow lists.
 */
#include "intel/find_priv.h"

/* Two kilobytes cleared at every look-up would cost more than the look-up. */
#define UNINIT __attribute__((uninitialized))

/* Six bits of two words at once: nearly every answer is no, and one branch that always goes the same way is cheap. */
static inline bool
in_filter(const struct intel_image *im, uint64_t line, uint64_t h)
{
	const uint64_t *w = im->filter[filter_line(line, im->lines)];
	struct filter_bits b = filter_bits(h);

	return ((~w[b.word[0]] & b.mask[0]) | (~w[b.word[1]] & b.mask[1])) == 0;
}

static inline void
fetch_line(const struct intel_image *im, uint64_t line)
{
	__builtin_prefetch(im->filter[filter_line(line, im->lines)]);
}

/* The record with this key, exactly. */
static bool
find_exact(const struct intel_image *im, uint64_t h, enum intel_type type, const char *key, size_t n, struct record *ret)
{
	size_t bucket = im->shift == 64 ? 0 : h >> im->shift;

	for (uint32_t i = im->buckets[bucket]; i < im->buckets[bucket + 1]; i++)
		if (im->slots[i].low == (uint32_t)h && record_at(im, im->slots[i].record, ret) && ret->type == type &&
		    ret->key.n == n && memcmp(ret->key.p, key, n) == 0)
			return true;
	return false;
}

static inline uint64_t
hash_of(const struct intel_image *im, enum intel_type type, const char *key, size_t n)
{
	return image_hash(im->head->k0, im->head->k1, type, key, n);
}

static inline bool
find_key(const struct intel_image *im, enum intel_type type, const char *key, size_t n, struct record *ret)
{
	uint64_t h = hash_of(im, type, key, n);

	return in_filter(im, h, h) && find_exact(im, h, type, key, n, ret);
}

static inline uint32_t
v4_of(const uint8_t b[16])
{
	uint32_t v;

	memcpy(&v, b + 12, 4);
	return __builtin_bswap32(v);
}

/* Ranges from lo to hi - 1 that begin at or before ip: the first behind them. */
static size_t
behind_v4(const struct intel_image *im, uint32_t ip, size_t lo, size_t hi)
{
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (v4_of(im->ranges[mid].first) <= ip)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t
behind_v6(const struct intel_image *im, const struct ip *ip)
{
	size_t lo = 0, hi = im->nranges;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (memcmp(im->ranges[mid].first, ip->b, 16) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* False when no network can hold it; else *ret_at ranges begin at or before it. */
static inline bool
ranges_before(const struct intel_image *im, const struct ip *ip, size_t *ret_at)
{
	const struct image_nets16 *n;
	uint64_t bits, bit;
	uint32_t v4, word;

	if (im->nranges == 0)
		return false;
	if (!ip_is_v4(ip)) {
		*ret_at = behind_v6(im, ip);
		return *ret_at > 0;
	}
	v4 = v4_of(ip->b);
	word = v4 >> 22;
	bits = im->map16[word];
	bit = 1ull << (v4 >> 16 & 63);
	if ((bits & bit) == 0)
		return false;
	n = &im->nets16[im->rank16[word] + (unsigned)__builtin_popcountll(bits & (bit - 1))];
	*ret_at = behind_v4(im, v4, n->from, n->to);
	return *ret_at > 0;
}

/* The most exact network around ip. */
static bool
find_range(const struct intel_image *im, const struct ip *ip, struct record *ret)
{
	size_t at;

	return ranges_before(im, ip, &at) && im->ranges[at - 1].record != RANGE_NONE &&
	       record_at(im, im->ranges[at - 1].record, ret);
}

static bool
tell(const struct intel_image *im, const struct record *r, bool allowed, int64_t now_ns, struct intel_hit *ret)
{
	const struct image_list *list;

	if (r->meta->expires_ns != 0 && r->meta->expires_ns <= now_ns)
		return false;
	list = &im->lists[im->listrefs[r->meta->first]];
	ret->type = r->type;
	ret->field = FIELD_NONE;
	ret->indicator = slice_of(ret->text, key_text(r->type, r->key.p, r->key.n, ret->text, sizeof ret->text));
	ret->list = slice_of(im->names + list->name, list->name_len);
	ret->lists = r->meta->count;
	ret->confidence = r->meta->confidence;
	ret->expires_ns = r->meta->expires_ns;
	ret->allowed = allowed || r->allow;
	return true;
}

static inline void
probe_ip(const struct intel_image *im, unsigned port, struct intel_probe *p) /* p->ip is set */
{
	bool v4 = ip_is_v4(&p->ip);

	p->port = port;
	p->alone = v4 ? hash_of(im, INTEL_IP, (const char *)p->ip.b + 12, 4) : hash_of(im, INTEL_IP, (const char *)p->ip.b, 16);
	p->with_port = hash_with_port(p->alone, im->head->k1, port);
	fetch_line(im, p->alone);
}

/* What is in the filter, and nearly always in the table: with its port first, then alone. */
static bool
find_address(const struct intel_image *im, const struct intel_probe *p, bool with_port, bool alone, struct record *ret)
{
	struct intel_key k UNINIT;

	key_of_ip(&p->ip, &k);
	if (with_port) {
		key_add_port(&k, p->port);
		if (find_exact(im, p->with_port, INTEL_IP_PORT, k.b, k.n, ret))
			return true;
		k.n -= 2;
	}
	return alone && find_exact(im, p->alone, INTEL_IP, k.b, k.n, ret);
}

static __attribute__((noinline)) bool
find_likely(const struct intel_image *im, const struct intel_probe *p, bool with_port, bool alone, int64_t now_ns,
            struct intel_hit *ret)
{
	struct record r, net, exact;

	if (!(with_port | alone) || !find_address(im, p, with_port, alone, &r))
		return find_range(im, &p->ip, &r) && tell(im, &r, false, now_ns, ret);
	return tell(im, &r, (find_range(im, &p->ip, &net) && net.allow) ||
	            (r.type == INTEL_IP_PORT && alone && find_address(im, p, false, true, &exact) && exact.allow), now_ns, ret);
}

/* The short way of a no. */
static inline bool
find_probed(const struct intel_image *im, const struct intel_probe *p, int64_t now_ns, struct intel_hit *ret)
{
	bool with_port = p->port != 0 && in_filter(im, p->alone, p->with_port), alone = in_filter(im, p->alone, p->alone);
	size_t at;

	if (!(with_port | alone) && (!ranges_before(im, &p->ip, &at) || im->ranges[at - 1].record == RANGE_NONE))
		return false;
	return find_likely(im, p, with_port, alone, now_ns, ret);
}

static bool
find_ip(const struct intel_image *im, const struct ip *ip, unsigned port, int64_t now_ns, struct intel_hit *ret)
{
	struct intel_probe p UNINIT;

	p.ip = *ip;
	probe_ip(im, port, &p);
	return find_probed(im, &p, now_ns, ret);
}

/* Is any name above or at this one on an allow list? NAME_ROOM bytes behind it are readable. */
static bool
name_is_allowed(const struct intel_image *im, const char *name, size_t n)
{
	struct name_hashes s UNINIT;
	struct record r;

	if (n > NAME_MAX_)
		return false;
	name_hashes(im->head->k0, im->head->k1, name, n, &s);
	for (unsigned i = 0; i < s.count; i++)
		if (in_filter(im, s.hash[i], s.hash[i]) &&
		    find_exact(im, s.hash[i], INTEL_DOMAIN, name + s.from[i], n - s.from[i], &r) && r.allow)
			return true;
	return false;
}

static bool
find_name(const struct intel_image *im, const char *name, size_t n, int64_t now_ns, struct intel_hit *ret)
{
	struct name_hashes s UNINIT;
	struct record r;

	name_hashes(im->head->k0, im->head->k1, name, n, &s);
	for (unsigned i = 0; i < s.count; i++)
		fetch_line(im, s.hash[i]);
	for (unsigned i = s.count; i-- > 0;) /* the longest suffix first */
		if (in_filter(im, s.hash[i], s.hash[i]) &&
		    find_exact(im, s.hash[i], INTEL_DOMAIN, name + s.from[i], n - s.from[i], &r))
			return tell(im, &r, name_is_allowed(im, name, n), now_ns, ret);
	return false;
}

static bool
find_domain(const struct intel_image *im, struct slice value, int64_t now_ns, struct intel_hit *ret)
{
	struct intel_key k UNINIT;

	return key_of_domain(value, 1, &k) && find_name(im, k.b, k.n, now_ns, ret);
}

static bool
url_host_is_allowed(const struct intel_image *im, const char *host, size_t n)
{
	const char *colon = memchr(host, ':', n);
	struct record r;
	struct ip ip;
	struct intel_key k UNINIT;

	n = colon != NULL ? (size_t)(colon - host) : n;
	if (ip_parse(slice_of(host, n), &ip)) {
		key_of_ip(&ip, &k);
		return (find_key(im, INTEL_IP, k.b, k.n, &r) && r.allow) || (find_range(im, &ip, &r) && r.allow);
	}
	return name_is_allowed(im, host, n);
}

static bool
probe_url(const struct intel_image *im, const struct intel_key *k, size_t from, size_t to, size_t host, int64_t now_ns,
          struct intel_hit *ret)
{
	struct record r;

	return to > from && find_key(im, INTEL_URL, k->b + from, to - from, &r) &&
	       tell(im, &r, url_host_is_allowed(im, k->b, host), now_ns, ret);
}

/* host+path+query, host+path, four path prefixes, host; then path+query and path alone. */
static bool
find_url(const struct intel_image *im, struct slice value, int64_t now_ns, struct intel_hit *ret)
{
	struct intel_key k UNINIT;
	size_t host = 0, query, slash;

	if (!key_of_url(value, &k))
		return false;
	while (host < k.n && k.b[host] != '/' && k.b[host] != '?')
		host++;
	for (query = host; query < k.n && k.b[query] != '?'; query++)
		;
	if (probe_url(im, &k, 0, k.n, host, now_ns, ret) ||
	    (query < k.n && probe_url(im, &k, 0, query, host, now_ns, ret)))
		return true;
	slash = host;
	for (int depth = 0; depth < 4; depth++) {
		const char *next = slash + 1 < query ? memchr(k.b + slash + 1, '/', query - slash - 1) : NULL;

		if (next == NULL)
			break;
		slash = (size_t)(next - k.b);
		if (probe_url(im, &k, 0, slash + 1, host, now_ns, ret))
			return true;
	}
	return (host < k.n && probe_url(im, &k, 0, host, host, now_ns, ret)) ||
	       (host > 0 && host < k.n && probe_url(im, &k, host, k.n, host, now_ns, ret)) ||
	       (host > 0 && query < k.n && probe_url(im, &k, host, query, host, now_ns, ret));
}

bool
intel_find(const struct intel_image *im, enum intel_type type, struct slice value, unsigned port, int64_t now_ns,
           struct intel_hit *ret)
{
	struct intel_key k UNINIT;
	struct record r;
	struct ip ip;
	bool hit = false;

	switch (type) {
	case INTEL_IP:
	case INTEL_CIDR:
		hit = ip_parse(value, &ip) && find_ip(im, &ip, port, now_ns, ret);
		break;
	case INTEL_DOMAIN:
		hit = find_domain(im, value, now_ns, ret);
		break;
	case INTEL_URL:
		hit = find_url(im, value, now_ns, ret);
		break;
	case INTEL_HASH:
		hit = key_of_hash(value, &k) && find_key(im, INTEL_HASH, k.b, k.n, &r) && tell(im, &r, false, now_ns, ret);
		break;
	default:
		break;
	}
	if (hit)
		ret->value = value;
	return hit;
}

/* ---- events ---- */

enum look { LOOK_IP, LOOK_DOMAIN, LOOK_URL, LOOK_HASH };

#define F_NONE FIELD_NONE
static const struct registered { int field; enum look look; int port; } registry[] = {
#define INTEL_FIELD(field, type, port) { F_##field, LOOK_##type, F_##port },
#include "tbl/intel_fields.tbl"
#undef INTEL_FIELD
};

static unsigned
port_of(const struct event *e, int field)
{
	const struct value *v = field >= 0 ? event_get(e, field) : NULL;

	return v != NULL && v->kind == VALUE_LONG && v->i > 0 && v->i < 65536 ? (unsigned)v->i : 0;
}

/* A name field may hold an address (url.domain of http://192.0.2.1/). */
static bool
look_up_name(const struct intel_image *im, struct slice value, int64_t now_ns, struct intel_hit *ret)
{
	unsigned char last = value.n != 0 ? (unsigned char)value.p[value.n - 1] : 0;
	struct ip ip;

	if ((last - 0u - '0' < 10 || memchr(value.p, ':', value.n) != NULL) && ip_parse(value, &ip))
		return find_ip(im, &ip, 0, now_ns, ret);
	return find_domain(im, value, now_ns, ret);
}

static bool
look_up(const struct intel_image *im, const struct registered *reg, const struct event *e, struct slice value,
        int64_t now_ns, struct intel_hit *ret)
{
	bool hit;

	if (value.n == 0)
		return false;
	switch (reg->look) {
	case LOOK_IP:
		hit = intel_find(im, INTEL_IP, value, port_of(e, reg->port), now_ns, ret);
		break;
	case LOOK_DOMAIN:
		hit = look_up_name(im, value, now_ns, ret);
		break;
	case LOOK_URL:
		hit = find_url(im, value, now_ns, ret);
		break;
	default:
		hit = intel_find(im, INTEL_HASH, value, 0, now_ns, ret);
		break;
	}
	ret->value = value;
	return hit;
}

#define REGISTERED (sizeof registry / sizeof *registry)
_Static_assert(REGISTERED <= INTEL_FIELDS_MAX, "one bit and one probe each");

void
intel_ask_event(const struct intel_image *im, const struct event *e, struct intel_ahead *ret)
{
	ret->present = ret->probed = 0;
	if (im->nslots == 0)
		return;
	for (size_t i = 0; i < REGISTERED; i++)
		if (event_has(e, registry[i].field))
			ret->present |= 1u << i;
	if (event_has(e, F_URL_ORIGINAL) && event_has(e, F_URL_FULL))
		for (size_t i = 0; i < REGISTERED; i++)
			if (registry[i].field == F_URL_ORIGINAL)
				ret->present &= ~(1u << i);
	for (uint32_t left = ret->present; left != 0; left &= left - 1) {
		int i = __builtin_ctz(left);
		const struct value *v = &e->slot[registry[i].field];

		if (registry[i].look != LOOK_IP || v->next != NULL || !ip_parse(slice_of(v->p, v->n), &ret->probe[i].ip))
			continue;
		probe_ip(im, port_of(e, registry[i].port), &ret->probe[i]);
		ret->probed |= 1u << i;
	}
}

unsigned
intel_match_asked(const struct intel_image *im, const struct event *e, const struct intel_ahead *asked, int64_t now_ns,
                  intel_hit_fn *fn, void *ctx)
{
	struct intel_hit hit UNINIT;
	unsigned hits = 0;

	for (uint32_t left = asked->present; left != 0; left &= left - 1) {
		int i = __builtin_ctz(left);

		for (const struct value *v = &e->slot[registry[i].field]; v != NULL; v = v->next) {
			bool found = (asked->probed >> i & 1) != 0
			                     ? find_probed(im, &asked->probe[i], now_ns, &hit)
			                     : look_up(im, &registry[i], e, slice_of(v->p, v->n), now_ns, &hit);

			if (!found || hit.allowed)
				continue;
			hit.value = slice_of(v->p, v->n);
			hit.field = registry[i].field;
			fn(ctx, &hit);
			hits++;
		}
	}
	return hits;
}

unsigned
intel_match_event(const struct intel_image *im, const struct event *e, int64_t now_ns, intel_hit_fn *fn, void *ctx)
{
	struct intel_ahead asked UNINIT;

	intel_ask_event(im, e, &asked);
	return intel_match_asked(im, e, &asked, now_ns, fn, ctx);
}
