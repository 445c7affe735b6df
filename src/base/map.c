/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"

void
map_fini(struct map *m)
{
	if (!m->borrow)
		for (size_t i = 0; i < m->cap; i++)
			if (m->slots[i].used)
				free((void *)(uintptr_t)m->slots[i].key.p);
	free(m->slots);
	*m = (struct map){ .borrow = m->borrow };
}

static struct map_slot *
probe(const struct map *m, struct slice key, uint64_t hash)
{
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct map_slot *s = &m->slots[i];

		if (!s->used || (s->hash == hash && slice_eq(s->key, key)))
			return s;
	}
}

static void
grow(struct map *m)
{
	struct map old = *m;

	m->cap = old.cap != 0 ? old.cap * 2 : 16;
	m->slots = x_calloc(m->cap, sizeof *m->slots);
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].used)
			*probe(m, old.slots[i].key, old.slots[i].hash) = old.slots[i];
	free(old.slots);
}

struct map_slot *
map_get(const struct map *m, struct slice key)
{
	struct map_slot *s;

	if (m->n == 0)
		return NULL;
	s = probe(m, key, hash_keyed(key));
	return s->used ? s : NULL;
}

struct map_slot *
map_put(struct map *m, struct slice key, bool *ret_new)
{
	uint64_t hash = hash_keyed(key);
	struct map_slot *s;

	if (m->n * 4 >= m->cap * 3)
		grow(m);
	s = probe(m, key, hash);
	if (ret_new != NULL)
		*ret_new = !s->used;
	if (s->used)
		return s;
	if (!m->borrow) {
		char *copy = x_malloc(key.n + 1);

		if (key.n != 0)
			memcpy(copy, key.p, key.n);
		copy[key.n] = '\0';
		key.p = copy;
	}
	*s = (struct map_slot){ .key = key, .hash = hash, .used = true };
	m->n++;
	return s;
}

bool
map_del(struct map *m, struct slice key)
{
	struct map_slot *s = map_get(m, key);
	size_t hole, i;

	if (s == NULL)
		return false;
	if (!m->borrow)
		free((void *)(uintptr_t)s->key.p);
	hole = (size_t)(s - m->slots);
	m->n--;
	/* Close the gap: pull back every follower whose home is not between hole and it (Knuth 6.4 R). */
	for (i = (hole + 1) & (m->cap - 1); m->slots[i].used; i = (i + 1) & (m->cap - 1)) {
		size_t home = m->slots[i].hash & (m->cap - 1);

		if (((i - home) & (m->cap - 1)) >= ((i - hole) & (m->cap - 1))) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole] = (struct map_slot){ 0 };
	return true;
}

struct map_slot *
map_next(const struct map *m, struct map_slot *s)
{
	for (size_t i = s != NULL ? (size_t)(s - m->slots) + 1 : 0; i < m->cap; i++)
		if (m->slots[i].used)
			return &m->slots[i];
	return NULL;
}
