/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes the image: entries sorted by hash into buckets, records in the same order, networks flattened to
 * disjoint ranges where the most exact network wins and an allowed network covers all inside it.
 */
#include <stdlib.h>

#include "intel/build_priv.h"

struct out {
	struct intel_builder *b;
	struct image_head head;
	struct buf *buf;
	size_t base;
};

static void
section_begin(struct out *o, enum section s)
{
	static const char zero[64];
	size_t unit = s == S_FILTER ? 64 : 8; /* a line of the filter is one of the cache */

	buf_put(o->buf, zero, (unit - (o->buf->n - o->base) % unit) % unit);
	o->head.s[s].off = o->buf->n - o->base;
}

static void
section_end(struct out *o, enum section s)
{
	o->head.s[s].len = o->buf->n - o->base - o->head.s[s].off;
}

static void
section(struct out *o, enum section s, const void *p, size_t n)
{
	section_begin(o, s);
	if (n != 0)
		buf_put(o->buf, p, n);
	section_end(o, s);
}

static int
by_hash(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static void
put_filter(struct out *o)
{
	struct intel_builder *b = o->b;
	size_t n = b->entries.n, lines = (n * FILTER_BITS_PER_KEY + 511) / 512 + 1;
	uint64_t *words;

	section_begin(o, S_FILTER);
	buf_reserve(o->buf, lines * FILTER_WORDS * 8);
	words = (uint64_t *)(void *)(o->buf->p + o->buf->n);
	memset(words, 0, lines * FILTER_WORDS * 8);
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = &b->entries.v[i];
		uint64_t line = e->type != INTEL_IP_PORT ? e->hash
		                                         : image_hash(b->k0, b->k1, INTEL_IP, b->keys.p + e->key, e->key_len - 2u);
		uint64_t *w = words + filter_line(line, lines) * FILTER_WORDS;
		struct filter_bits bits = filter_bits(e->hash);

		w[bits.word[0]] |= bits.mask[0];
		w[bits.word[1]] |= bits.mask[1];
	}
	o->buf->n += lines * FILTER_WORDS * 8;
	section_end(o, S_FILTER);
}

static void
put_record(struct buf *out, const struct intel_builder *b, const struct entry *e)
{
	uint32_t v[2] = { e->key_len, e->meta };

	buf_put_byte(out, (char)(e->type | (e->allow ? REC_ALLOW : 0)));
	for (int i = 0; i < 2; i++) {
		for (; v[i] >= 0x80; v[i] >>= 7)
			buf_put_byte(out, (char)(v[i] | 0x80));
		buf_put_byte(out, (char)v[i]);
	}
	buf_put(out, b->keys.p + e->key, e->key_len);
}

static unsigned
bucket_bits(size_t entries)
{
	unsigned bits = 0;

	while (((size_t)4 << bits) < entries && bits < 30)
		bits++;
	return bits;
}

static void
put_table(struct out *o)
{
	struct intel_builder *b = o->b;
	size_t n = b->entries.n, at = 0;
	unsigned bits = bucket_bits(n);
	uint32_t *first = x_calloc(((size_t)1 << bits) + 1, sizeof *first);
	struct image_slot *slots = x_calloc(n + 1, sizeof *slots);

	section_begin(o, S_RECORDS);
	for (size_t i = 0; i < n; i++) {
		struct entry *e = &b->entries.v[i];

		e->record = (uint32_t)(o->buf->n - o->base - o->head.s[S_RECORDS].off);
		slots[i] = (struct image_slot){ (uint32_t)e->hash, e->record };
		put_record(o->buf, b, e);
		o->head.type[e->type]++;
		o->head.allowed += e->allow != 0;
		for (uint32_t l = 0; l < b->metas.v[e->meta].count; l++)
			b->lists.v[b->listrefs.v[b->metas.v[e->meta].first + l]].entries++;
	}
	section_end(o, S_RECORDS);
	for (size_t k = 0; k <= (size_t)1 << bits; k++) {
		while (at < n && (bits == 0 ? 0 : b->entries.v[at].hash >> (64 - bits)) < k)
			at++;
		first[k] = (uint32_t)at;
	}
	section(o, S_BUCKETS, first, (((size_t)1 << bits) + 1) * sizeof *first);
	section(o, S_SLOTS, slots, n * sizeof *slots);
	free(first);
	free(slots);
}

/* ---- networks ---- */

struct net {
	uint8_t first[16], last[16];
	unsigned bits;
	uint32_t record;
	bool allow;
};

static int
by_first(const void *a, const void *b)
{
	const struct net *x = a, *y = b;
	int d = memcmp(x->first, y->first, 16);

	return d != 0 ? d : x->bits < y->bits ? -1 : x->bits > y->bits;
}

static void
net_of(const struct intel_builder *b, const struct entry *e, struct net *ret)
{
	const char *key = b->keys.p + e->key;

	ret->bits = (unsigned char)key[16];
	memcpy(ret->first, key, 16);
	memcpy(ret->last, key, 16);
	for (unsigned i = ret->bits; i < 128; i++)
		ret->last[i / 8] |= (uint8_t)(0x80 >> i % 8);
	ret->record = e->record;
	ret->allow = e->allow;
}

/* The address behind a; false at the end of the space. */
static bool
next_address(const uint8_t a[16], uint8_t ret[16])
{
	memcpy(ret, a, 16);
	for (int i = 15; i >= 0; i--)
		if (++ret[i] != 0)
			return true;
	return false;
}

static void
put_range(struct buf *out, const uint8_t first[16], uint32_t record)
{
	struct image_range r = { .record = record }, *last;

	if (out->n >= sizeof r) {
		last = (struct image_range *)(void *)(out->p + out->n - sizeof r);
		if (memcmp(last->first, first, 16) == 0) { /* an inner network begins where its outer one does */
			last->record = record;
			return;
		}
	}
	memcpy(r.first, first, 16);
	buf_put(out, &r, sizeof r);
}

/* Closes networks on the stack that end before `upto` (NULL: all). */
static size_t
close_nets(struct buf *out, struct net *stack, size_t depth, const uint8_t *upto)
{
	uint8_t after[16];

	while (depth > 0 && (upto == NULL || memcmp(stack[depth - 1].last, upto, 16) < 0)) {
		depth--;
		if (next_address(stack[depth].last, after))
			put_range(out, after, depth > 0 ? stack[depth - 1].record : RANGE_NONE);
	}
	return depth;
}

static const uint8_t v4_space[12] = { [10] = 0xff, [11] = 0xff };

/* For each /16 that a network touches: which ranges begin in it. */
static void
put_nets16(struct out *o, const uint64_t map[1024], const struct image_range *r, size_t n)
{
	uint32_t rank[1024], set = 0;
	struct image_nets16 *nets;
	size_t at = 0;

	for (size_t i = 0; i < 1024; i++) {
		rank[i] = set;
		set += (uint32_t)__builtin_popcountll(map[i]);
	}
	nets = x_calloc(set + 1, sizeof *nets);
	set = 0;
	for (uint32_t k = 0; k < 65536; k++) {
		uint8_t first[16];

		if ((map[k / 64] >> k % 64 & 1) == 0)
			continue;
		memcpy(first, v4_space, 12);
		memcpy(first + 12, (uint8_t[]){ (uint8_t)(k >> 8), (uint8_t)k, 0, 0 }, 4);
		while (at < n && memcmp(r[at].first, first, 16) < 0)
			at++;
		nets[set].from = (uint32_t)at;
		first[14] = first[15] = 0xff;
		while (at < n && memcmp(r[at].first, first, 16) <= 0)
			at++;
		nets[set++].to = (uint32_t)at;
	}
	section(o, S_MAP16, map, 8192);
	section(o, S_RANK16, rank, sizeof rank);
	section(o, S_NETS16, nets, set * sizeof *nets);
	free(nets);
}

static void
put_ranges(struct out *o)
{
	struct intel_builder *b = o->b;
	uint64_t map[1024] = { 0 };
	struct net stack[129], *nets = x_calloc(o->head.type[INTEL_CIDR] + 1, sizeof *nets);
	struct buf ranges = { 0 };
	size_t n = 0, depth = 0;

	for (size_t i = 0; i < b->entries.n; i++)
		if (b->entries.v[i].type == INTEL_CIDR)
			net_of(b, &b->entries.v[i], &nets[n++]);
	qsort(nets, n, sizeof *nets, by_first);
	for (size_t i = 0; i < n; i++) {
		depth = close_nets(&ranges, stack, depth, nets[i].first);
		if (depth > 0 && stack[depth - 1].allow) {
			nets[i].allow = true;
			nets[i].record = stack[depth - 1].record; /* an allowed network covers all inside it */
		}
		put_range(&ranges, nets[i].first, nets[i].record);
		must(depth < 129);
		stack[depth++] = nets[i];
		if (memcmp(nets[i].first, v4_space, 12) == 0)
			for (unsigned k = (unsigned)nets[i].first[12] << 8 | nets[i].first[13];
			     k <= ((unsigned)nets[i].last[12] << 8 | nets[i].last[13]); k++)
				map[k / 64] |= 1ull << k % 64;
	}
	close_nets(&ranges, stack, depth, NULL);
	section(o, S_RANGES, ranges.p, ranges.n);
	put_nets16(o, map, (const void *)ranges.p, ranges.n / sizeof(struct image_range));
	buf_fini(&ranges);
	free(nets);
}

void
intel_build(struct intel_builder *b, struct buf *out)
{
	struct out o = { .b = b, .buf = out, .base = out->n };

	o.head = (struct image_head){ .magic = IMAGE_MAGIC, .version = IMAGE_VERSION, .head_len = sizeof o.head,
		.k0 = b->k0, .k1 = b->k1, .built_ns = b->now_ns, .entries = b->entries.n };
	memcpy(o.head.id, b->id, sizeof b->id);
	for (size_t i = 0; i < b->lists.n; i++)
		b->lists.v[i].entries = 0;
	if (b->entries.n != 0)
		qsort(b->entries.v, b->entries.n, sizeof *b->entries.v, by_hash);
	free(b->index); /* the entries moved */
	b->index = NULL;
	b->index_cap = 0;
	buf_reserve(out, sizeof o.head + b->keys.n + b->entries.n * 20 + (1 << 16));
	buf_put(out, &o.head, sizeof o.head);
	put_filter(&o);
	put_table(&o);
	section(&o, S_METAS, b->metas.v, b->metas.n * sizeof *b->metas.v);
	section(&o, S_LISTREFS, b->listrefs.v, b->listrefs.n * sizeof *b->listrefs.v);
	section(&o, S_LISTS, b->lists.v, b->lists.n * sizeof *b->lists.v);
	section(&o, S_NAMES, b->names.p, b->names.n);
	put_ranges(&o);
	o.head.size = out->n - o.base;
	memcpy(out->p + o.base, &o.head, sizeof o.head);
	o.head.sum = image_sum(out->p + o.base, out->n - o.base);
	memcpy(out->p + o.base, &o.head, sizeof o.head);
}
