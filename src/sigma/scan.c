/* SPDX-License-Identifier: Apache-2.0
 *
 * All literals of all rules in one pass over an event's folded values.
 *
 * Method: every literal is entered under its rarest four bytes (rarest among the literals themselves: what
 * many rules name, many events have).  The pass hashes the four bytes at each position into a bitmap that
 * stays in the second-level cache; only where a bit is set the table is asked and the literal compared.
 * Literals of two and three bytes are found by their first two bytes in a table of their own.
 * Compiled in milliseconds whatever the number of literals; one table per field that has many (index.c).
 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "sigma/sigma_priv.h"

#define MAP_BITS_MIN 12u
#define MAP_BITS_MAX 20u

struct gram_slot {
	uint32_t gram;
	uint32_t first, n; /* in places; n = 0: empty */
};

struct place {
	uint32_t lit;
	uint32_t off;
};

struct scan {
	uint64_t *map;
	unsigned shift;                /* 32 - bits of the map */
	uint64_t map2[65536 / 64];
	struct place *pairs;           /* literals of two and three bytes by their first two */
	uint32_t pair_at[65536 + 1];
	struct gram_slot *slots;
	uint32_t mask;
	struct place *places;
	struct literal *lits;
	size_t lit_n;
};

static inline uint32_t
load32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static inline uint32_t
gram_hash(uint32_t g)
{
	return g * 0x9e3779b1u;
}

static struct gram_slot *
slot_of(const struct scan *s, uint32_t gram)
{
	uint32_t i = gram_hash(gram) >> 7 & s->mask;

	while (s->slots[i].n != 0 && s->slots[i].gram != gram)
		i = (i + 1) & s->mask;
	return &s->slots[i];
}

/* How many literals hold each four bytes, and then which of a literal's is rarest. */
static void
count_grams(struct scan *s, size_t n)
{
	for (size_t l = 0; l < n; l++)
		for (size_t i = 0; i + 4 <= s->lits[l].text.n && i < 64; i++) {
			struct gram_slot *g = slot_of(s, load32(s->lits[l].text.p + i));

			g->gram = load32(s->lits[l].text.p + i);
			g->n++;
		}
}

static uint32_t
rarest(const struct scan *s, struct slice t)
{
	uint32_t best = 0, best_n = UINT32_MAX;

	for (uint32_t i = 0; i + 4 <= t.n && i < 64; i++) {
		uint32_t n = slot_of(s, load32(t.p + i))->n;

		if (n < best_n) {
			best = i;
			best_n = n;
		}
	}
	return best;
}

static inline uint32_t
load16(const char *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return v;
}

static void
enter_pairs(struct scan *s, size_t n)
{
	uint32_t at = 0;

	for (size_t l = 0; l < n; l++)
		if (s->lits[l].text.n < 4)
			s->pair_at[load16(s->lits[l].text.p)]++;
	for (uint32_t k = 0; k <= 65536; k++) {
		uint32_t here = s->pair_at[k];

		s->pair_at[k] = at;
		at += here;
	}
	s->pairs = x_calloc(at + 1u, sizeof *s->pairs);
	for (size_t l = n; l-- > 0;)
		if (s->lits[l].text.n < 4) {
			uint32_t k = load16(s->lits[l].text.p), i = s->pair_at[k];

			bit_set(s->map2, k);
			while (s->pairs[i].off != 0)
				i++;
			s->pairs[i] = (struct place){ (uint32_t)l, 1 };
		}
}

static void
enter(struct scan *s, size_t n, const uint32_t *off)
{
	uint32_t at = 0;

	memset(s->slots, 0, ((size_t)s->mask + 1) * sizeof *s->slots);
	for (size_t l = 0; l < n; l++) {
		struct gram_slot *g;

		if (s->lits[l].text.n < 4)
			continue;
		g = slot_of(s, load32(s->lits[l].text.p + off[l]));
		g->gram = load32(s->lits[l].text.p + off[l]);
		g->n++;
	}
	for (uint32_t i = 0; i <= s->mask; i++) {
		if (s->slots[i].n == 0)
			continue;
		s->slots[i].first = at;
		at += s->slots[i].n;
		bit_set(s->map, gram_hash(s->slots[i].gram) >> s->shift);
	}
	for (size_t l = n; l-- > 0;) {
		uint32_t k;

		if (s->lits[l].text.n < 4)
			continue;
		k = slot_of(s, load32(s->lits[l].text.p + off[l]))->first;
		while (s->places[k].lit != NONE)
			k++;
		s->places[k] = (struct place){ (uint32_t)l, off[l] };
	}
}

struct scan *
scan_new(const struct literal *lits, size_t n)
{
	struct scan *s = x_calloc(1, sizeof *s);
	unsigned bits = MAP_BITS_MIN;
	uint32_t cap = 1024, *off = x_malloc((n + 1) * sizeof *off);
	size_t grams = 0;

	for (size_t l = 0; l < n; l++)
		grams += lits[l].text.n < 67 ? lits[l].text.n : 67;
	while (cap < grams * 2)
		cap *= 2;
	s->mask = cap - 1;
	s->slots = x_calloc(cap, sizeof *s->slots);
	s->places = x_malloc((n + 1) * sizeof *s->places);
	memset(s->places, 0xff, (n + 1) * sizeof *s->places);
	s->lits = x_malloc((n + 1) * sizeof *s->lits);
	if (n != 0)
		memcpy(s->lits, lits, n * sizeof *lits);
	s->lit_n = n;
	while (bits < MAP_BITS_MAX && (1u << bits) < n * 48)
		bits++;
	s->map = x_calloc(((size_t)1 << bits) / 64, sizeof *s->map);
	s->shift = 32 - bits;
	count_grams(s, n);
	for (size_t l = 0; l < n; l++)
		off[l] = rarest(s, lits[l].text);
	free(s->slots);
	for (cap = 64; cap < n * 2;)
		cap *= 2;
	s->mask = cap - 1;
	s->slots = x_calloc(cap, sizeof *s->slots);
	enter(s, n, off);
	enter_pairs(s, n);
	free(off);
	return s;
}

void
scan_free(struct scan *s)
{
	if (s == NULL)
		return;
	free(s->slots);
	free(s->map);
	free(s->lits);
	free(s->places);
	free(s->pairs);
	free(s);
}

static void
on_literal(struct sigma_worker *w, const struct seg *seg, const struct literal *lit, size_t start)
{
	const struct lit_entry *e = &w->set->entries.v[lit->first];

	for (uint32_t i = 0; i < lit->n; i++, e++) {
		if (e->vf != seg->vf && e->vf != 0)
			continue;
		if ((e->how & 1 && start != 0) || (e->how & 2 && start + lit->text.n != seg->n))
			continue;
		worker_set(w, e->pred);
	}
}

static void
on_gram(const struct scan *s, struct sigma_worker *w, const struct seg *seg, const char *base, size_t i)
{
	const struct gram_slot *g = slot_of(s, load32(base + i));

	for (uint32_t k = 0; k < g->n; k++) {
		const struct place *p = &s->places[g->first + k];
		const struct literal *lit = &s->lits[p->lit];

		if (p->off <= i && i - p->off + lit->text.n <= seg->n &&
		    memcmp(base + i - p->off, lit->text.p, lit->text.n) == 0)
			on_literal(w, seg, lit, i - p->off);
	}
}

static void
on_pair(const struct scan *s, struct sigma_worker *w, const struct seg *seg, const char *base, size_t i)
{
	uint32_t k = load16(base + i);

	for (uint32_t at = s->pair_at[k]; at < s->pair_at[k + 1]; at++) {
		const struct literal *lit = &s->lits[s->pairs[at].lit];

		if (lit->text.n == 2 || (i + 3 <= seg->n && base[i + 2] == lit->text.p[2]))
			on_literal(w, seg, lit, i);
	}
}

static void
scan_seg(const struct scan *s, struct sigma_worker *w, const struct seg *seg)
{
	const char *base = w->fold + seg->start;

	/* worker.fold has room behind the last segment, so four bytes may always be read; a gram that
	 * reaches past its segment is refused by the length of its literal. */
	for (size_t i = 0; i + 2 <= seg->n; i++) {
		uint32_t g = load32(base + i);

		if (bit_test(s->map, gram_hash(g) >> s->shift))
			on_gram(s, w, seg, base, i);
		if (bit_test(s->map2, g & 0xffff))
			on_pair(s, w, seg, base, i);
	}
}

void
scan_run(struct sigma_worker *w, const struct route *r)
{
	bool keywords = r->keywords && w->set->scans.v[0]->lit_n != 0;

	for (uint32_t k = 0; k < w->seg_n; k++) {
		const struct seg *seg = &w->seg[k];
		const struct scan *s = seg->vf != NONE && (r->use[seg->vf] & USE_SCAN) != 0 ? w->set->scans.v[w->set->vf_scan[seg->vf]] : NULL;

		if (s != NULL && s->lit_n != 0)
			scan_seg(s, w, seg);
		if (keywords)
			scan_seg(w->set->scans.v[0], w, seg);
	}
}
