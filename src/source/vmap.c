/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of our own files → number, for switches and value maps.  The keys are ours, so a stranger's value
 * can only miss; the hash needs no secret.
 */
#include "source/source_priv.h"

static uint32_t
hash_of(struct slice s)
{
	uint64_t a = 0, b = 0;

	if (s.n >= 8) {
		memcpy(&a, s.p, 8);
		memcpy(&b, s.p + s.n - 8, 8);
	} else if (s.n >= 4) {
		memcpy(&a, s.p, 4);
		memcpy(&b, s.p + s.n - 4, 4);
	} else if (s.n != 0) {
		a = (uint64_t)(unsigned char)s.p[0] << 16 | (uint64_t)(unsigned char)s.p[s.n / 2] << 8
		    | (unsigned char)s.p[s.n - 1];
	}
	a = (a ^ s.n * 0xff51afd7ed558ccdULL) * 0xc4ceb9fe1a85ec53ULL;
	b = (b ^ a >> 29) * 0x9e3779b97f4a7c15ULL;
	return (uint32_t)(b >> 32);
}

struct vmap *
vmap_new(struct arena *a, size_t n)
{
	struct vmap *m = arena_new(a, struct vmap);
	uint32_t size = 8;

	while (size < n * 2 + 2)
		size *= 2;
	m->mask = size - 1;
	m->slot = arena_array(a, struct vmap_slot, size);
	for (uint32_t i = 0; i < size; i++)
		m->slot[i].index = -1;
	m->key = arena_array(a, struct slice, n + 1);
	m->value = arena_array(a, struct slice, n + 1);
	return m;
}

int32_t
vmap_find(const struct vmap *m, struct slice key)
{
	uint32_t h = hash_of(key);

	for (uint32_t i = h & m->mask; m->slot[i].index >= 0; i = (i + 1) & m->mask)
		if (m->slot[i].hash == h && slice_eq(m->key[m->slot[i].index], key))
			return m->slot[i].index;
	return -1;
}

bool
vmap_put(struct vmap *m, struct slice key, struct slice value, int32_t *ret_index)
{
	uint32_t h = hash_of(key), i;

	*ret_index = vmap_find(m, key);
	if (*ret_index >= 0)
		return false;
	for (i = h & m->mask; m->slot[i].index >= 0; i = (i + 1) & m->mask)
		;
	m->slot[i] = (struct vmap_slot){ h, (int32_t)m->n };
	m->key[m->n] = key;
	m->value[m->n] = value;
	*ret_index = (int32_t)m->n++;
	return true;
}
