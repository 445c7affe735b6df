/* SPDX-License-Identifier: Apache-2.0
 *
 * The builder: values in a hash table over one growing buffer, then the image in one go.  A value named by
 * several lists is one entry whose meta names them all; confidence is 1 - prod(1 - c), expiry the latest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/vec.h"
#include "intel/build_priv.h"

struct intel_builder *
intel_builder_new(int64_t now_ns)
{
	struct intel_builder *b = x_calloc(1, sizeof *b);
	uint64_t k[4];

	must(getrandom(k, sizeof k, 0) == sizeof k);
	b->k0 = k[0];
	b->k1 = k[1];
	memcpy(b->id, k + 2, sizeof b->id);
	b->now_ns = now_ns;
	return b;
}

void
intel_builder_free(struct intel_builder *b)
{
	if (b == NULL)
		return;
	buf_fini(&b->keys);
	buf_fini(&b->names);
	vec_fini(&b->entries);
	vec_fini(&b->metas);
	vec_fini(&b->listrefs);
	vec_fini(&b->lists);
	map_fini(&b->list_of);
	map_fini(&b->meta_of);
	free(b->index);
	free(b);
}

size_t
intel_builder_count(const struct intel_builder *b)
{
	return b->entries.n;
}

/* ---- lists and metas ---- */

static uint32_t
list_number(struct intel_builder *b, const char *name, uint8_t confidence)
{
	bool is_new;
	struct map_slot *slot = map_put(&b->list_of, slice_str(name), &is_new);

	if (is_new) {
		slot->u = b->lists.n;
		vec_push(&b->lists, (struct image_list){ .name = (uint32_t)b->names.n,
		         .name_len = (uint32_t)strlen(name), .confidence = confidence });
		buf_put_str(&b->names, name);
	}
	return (uint32_t)slot->u;
}

/* The meta of these lists (sorted, most trusted first) and this expiry. */
static uint32_t
meta_number(struct intel_builder *b, const uint32_t *lists, uint32_t count, int64_t expires_ns)
{
	uint64_t key[META_LISTS_MAX + 1];
	double miss = 1;
	struct map_slot *slot;
	bool is_new;

	key[0] = (uint64_t)expires_ns;
	for (uint32_t i = 0; i < count; i++)
		key[i + 1] = lists[i];
	slot = map_put(&b->meta_of, slice_of(key, (count + 1) * sizeof *key), &is_new);
	if (!is_new)
		return (uint32_t)slot->u;
	slot->u = b->metas.n;
	for (uint32_t i = 0; i < count; i++)
		miss *= 1 - b->lists.v[lists[i]].confidence / 100.0;
	vec_push(&b->metas, (struct image_meta){ .expires_ns = expires_ns, .first = (uint32_t)b->listrefs.n,
	         .count = count, .confidence = (uint32_t)((1 - miss) * 100 + 0.5) });
	for (uint32_t i = 0; i < count; i++)
		vec_push(&b->listrefs, lists[i]);
	return (uint32_t)(b->metas.n - 1);
}

/* The meta of one list is asked for at every line: remembered. */
static uint32_t
meta_of_list(struct intel_builder *b, const struct intel_list *list)
{
	const char *name = list->name != NULL && list->name[0] != '\0' ? list->name : "unnamed";
	uint32_t number = list_number(b, name, list->confidence != 0 ? list->confidence : 50);

	return meta_number(b, &number, 1, list->expires_ns);
}

/* meta with the lists of `more` as well. */
static uint32_t
meta_joined(struct intel_builder *b, uint32_t meta, uint32_t more)
{
	struct image_meta a = b->metas.v[meta], m = b->metas.v[more];
	uint32_t lists[META_LISTS_MAX], n = 0, at;
	int64_t expires = a.expires_ns == 0 || m.expires_ns == 0 ? 0
	                  : a.expires_ns > m.expires_ns ? a.expires_ns : m.expires_ns;

	for (uint32_t i = 0; i < a.count; i++)
		lists[n++] = b->listrefs.v[a.first + i];
	for (uint32_t i = 0; i < m.count && n < META_LISTS_MAX; i++) {
		uint32_t l = b->listrefs.v[m.first + i];

		for (at = 0; at < n && lists[at] != l; at++)
			;
		if (at < n)
			continue;
		for (at = n; at > 0 && (b->lists.v[lists[at - 1]].confidence < b->lists.v[l].confidence ||
		                        (b->lists.v[lists[at - 1]].confidence == b->lists.v[l].confidence &&
		                         lists[at - 1] > l)); at--)
			lists[at] = lists[at - 1];
		lists[at] = l;
		n++;
	}
	return meta_number(b, lists, n, expires);
}

/* ---- entries ---- */

static void
index_grow(struct intel_builder *b)
{
	size_t cap = b->index_cap != 0 ? b->index_cap * 2 : 1 << 16;

	free(b->index);
	b->index = x_calloc(cap, sizeof *b->index);
	b->index_cap = cap;
	for (size_t i = 0; i < b->entries.n; i++) {
		size_t at = b->entries.v[i].hash & (cap - 1);

		while (b->index[at] != 0)
			at = (at + 1) & (cap - 1);
		b->index[at] = (uint32_t)i + 1;
	}
}

static struct entry *
entry_put(struct intel_builder *b, const struct intel_key *k, bool *ret_new)
{
	uint64_t hash = image_hash(b->k0, b->k1, k->type, k->b, k->n);
	size_t at;

	if (b->entries.n * 2 >= b->index_cap)
		index_grow(b);
	for (at = hash & (b->index_cap - 1); b->index[at] != 0; at = (at + 1) & (b->index_cap - 1)) {
		struct entry *e = &b->entries.v[b->index[at] - 1];

		if (e->hash == hash && e->type == k->type && e->key_len == k->n &&
		    memcmp(b->keys.p + e->key, k->b, k->n) == 0) {
			*ret_new = false;
			return e;
		}
	}
	vec_push(&b->entries, (struct entry){ .hash = hash, .key = (uint32_t)b->keys.n, .key_len = (uint16_t)k->n,
	         .type = (uint8_t)k->type });
	buf_put(&b->keys, k->b, k->n);
	b->index[at] = (uint32_t)b->entries.n;
	*ret_new = true;
	return &b->entries.v[b->entries.n - 1];
}

int
intel_add(struct intel_builder *b, struct slice value, const struct intel_list *list, const char **ret_reason)
{
	struct intel_key k;
	struct entry *e;
	uint32_t meta;
	bool is_new;
	int r;

	k.type = INTEL_TYPES;
	r = key_of_text(value, &k, ret_reason);

	/* Warning lists name local hosts and private networks on purpose. */
	if (r != 0 && list->allow && r == E_RANGE && (k.type == INTEL_IP || k.type == INTEL_CIDR ||
	                                              key_of_domain(slice_trim(value), 1, &k)))
		r = 0;
	if (r != 0)
		return r;
	if (b->entries.n >= INTEL_ENTRIES_MAX || b->keys.n > UINT32_MAX - INTEL_VALUE_MAX) {
		*ret_reason = "the image is full";
		return E_FULL;
	}
	meta = meta_of_list(b, list);
	e = entry_put(b, &k, &is_new);
	e->allow |= list->allow;
	b->last_type = k.type;
	if (is_new) {
		e->meta = meta;
		return 0;
	}
	if (e->meta != meta && !list->allow)
		e->meta = meta_joined(b, e->meta, meta);
	return E_EXISTS;
}
