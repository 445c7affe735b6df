/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/prefix.h"

#include "base/hash.h"

static struct ip
masked(const struct ip *ip, unsigned bits)
{
	struct ip m = { 0 };

	memcpy(m.b, ip->b, bits / 8);
	if (bits % 8 != 0)
		m.b[bits / 8] = (uint8_t)(ip->b[bits / 8] & (0xff00 >> bits % 8));
	return m;
}

static uint32_t
hash_of(const struct ip *ip, unsigned bits)
{
	uint64_t a, b;

	memcpy(&a, ip->b, 8);
	memcpy(&b, ip->b + 8, 8);
	return (uint32_t)hash_mix(a * 0x9e3779b97f4a7c15ULL + hash_mix(b + bits));
}

void
prefix_add(struct prefix_table *t, const struct ip *net, unsigned bits, int value)
{
	vec_push(&t->list, (struct prefix_entry){ masked(net, bits), bits, value });
}

static int
find_exact(const struct prefix_table *t, const struct ip *net, unsigned bits)
{
	for (uint32_t i = hash_of(net, bits) & t->mask; t->slot[i] != 0; i = (i + 1) & t->mask) {
		const struct prefix_entry *e = &t->list.v[t->slot[i] - 1];

		if (e->bits == bits && memcmp(e->net.b, net->b, 16) == 0)
			return e->value;
	}
	return -1;
}

void
prefix_seal(struct prefix_table *t)
{
	bool used[129] = { false };
	uint32_t size = 16;

	while (size < t->list.n * 2 + 2)
		size *= 2;
	t->mask = size - 1;
	t->slot = x_calloc(size, sizeof *t->slot);
	for (size_t k = 0; k < t->list.n; k++) {
		const struct prefix_entry *e = &t->list.v[k];
		uint32_t i = hash_of(&e->net, e->bits) & t->mask;

		if (find_exact(t, &e->net, e->bits) >= 0)
			continue;
		while (t->slot[i] != 0)
			i = (i + 1) & t->mask;
		t->slot[i] = (int)k + 1;
		used[e->bits] = true;
	}
	for (int b = 128; b >= 0; b--)
		if (used[b])
			t->lengths[t->lengths_n++] = (uint8_t)b;
}

int
prefix_find(const struct prefix_table *t, const struct ip *ip)
{
	for (int i = 0; i < t->lengths_n; i++) {
		struct ip m = masked(ip, t->lengths[i]);
		int v = find_exact(t, &m, t->lengths[i]);

		if (v >= 0)
			return v;
	}
	return -1;
}

void
prefix_fini(struct prefix_table *t)
{
	vec_fini(&t->list);
	free(t->slot);
	t->slot = NULL;
}
