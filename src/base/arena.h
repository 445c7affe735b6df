/* SPDX-License-Identifier: Apache-2.0
 *
 * Arena: memory that dies together.  Four lifetimes are named in the code: forever, generation,
 * batch or request (one arena each, reset at its end), call (mark and rewind).
 *
 * Chunks are kept on reset, so a warm arena allocates nothing from the heap.  `limit` is a budget in
 * bytes (0 = none): past it arena_alloc returns memory still (callers stay straight) but the arena
 * is marked `over`, and whoever owns the request asks arena_is_over() once at its end and refuses it
 * whole.  To keep that honest, past the limit all callers of a size get one shared scratch block.
 */
#ifndef NZ_BASE_ARENA_H
#define NZ_BASE_ARENA_H

#include "base/slice.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *first, *cur;
	char *at, *end;
	size_t used, limit, chunk_size;
	bool over;
	void *scratch;
	size_t scratch_size;
};

struct arena_mark {
	struct arena_chunk *cur;
	char *at;
	size_t used;
};

void arena_init(struct arena *a, size_t chunk_size, size_t limit); /* chunk_size 0 = 64 KiB */
void arena_fini(struct arena *a);
void arena_reset(struct arena *a);
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark m);

static inline bool
arena_is_over(const struct arena *a)
{
	return a->over;
}

void *arena_alloc_slow(struct arena *a, size_t n);

/* n bytes, 16-aligned, not cleared. Never NULL. */
static inline void *
arena_alloc(struct arena *a, size_t n)
{
	size_t need = (n + 15) & ~(size_t)15;

	if (need < n || need > (size_t)(a->end - a->at) || (a->limit != 0 && a->used + need > a->limit))
		return arena_alloc_slow(a, n);
	char *p = a->at;

	a->at += need;
	a->used += need;
	return p;
}

void *arena_zalloc(struct arena *a, size_t n);
struct slice arena_dup(struct arena *a, struct slice s);  /* copy, with a NUL behind it */
char *arena_cstr(struct arena *a, struct slice s);        /* the same, as a C string */
struct slice arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define arena_new(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#define arena_array(a, type, count) ((type *)arena_zalloc_array((a), (count), sizeof(type)))
void *arena_zalloc_array(struct arena *a, size_t count, size_t size);

#endif
