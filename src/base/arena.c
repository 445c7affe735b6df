/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	_Alignas(16) char bytes[];
};

void
arena_init(struct arena *a, size_t chunk_size, size_t limit)
{
	*a = (struct arena){ .chunk_size = chunk_size != 0 ? chunk_size : 64 * 1024, .limit = limit };
}

void
arena_fini(struct arena *a)
{
	struct arena_chunk *next;

	for (struct arena_chunk *c = a->first; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	free(a->scratch);
	*a = (struct arena){ .chunk_size = a->chunk_size, .limit = a->limit };
}

static void
use_chunk(struct arena *a, struct arena_chunk *c)
{
	a->cur = c;
	a->at = c != NULL ? c->bytes : NULL;
	a->end = c != NULL ? c->bytes + c->size : NULL;
}

void
arena_reset(struct arena *a)
{
	use_chunk(a, a->first);
	a->used = 0;
	a->over = false;
}

struct arena_mark
arena_mark(const struct arena *a)
{
	return (struct arena_mark){ a->cur, a->at, a->used };
}

void
arena_rewind(struct arena *a, struct arena_mark m)
{
	if (m.cur == NULL) {
		use_chunk(a, a->first);
	} else {
		use_chunk(a, m.cur);
		a->at = m.at;
	}
	a->used = m.used;
}

static void *
over_limit(struct arena *a, size_t n)
{
	a->over = true;
	if (n > a->scratch_size) {
		a->scratch = x_realloc(a->scratch, n);
		a->scratch_size = n;
	}
	return a->scratch;
}

void *
arena_alloc_slow(struct arena *a, size_t n)
{
	size_t need = (n + 15) & ~(size_t)15;
	struct arena_chunk *c, **link;

	must(need >= n);
	if (a->limit != 0 && a->used + need > a->limit)
		return over_limit(a, n);
	link = a->cur != NULL ? &a->cur->next : &a->first;
	/* Chunks kept from before a reset come first; one that is too small is stepped over. */
	while (*link != NULL && (*link)->size < need)
		link = &(*link)->next;
	c = *link;
	if (c == NULL) {
		size_t size = need > a->chunk_size ? need : a->chunk_size;

		c = x_malloc(sizeof *c + size);
		c->next = NULL;
		c->size = size;
		*link = c;
	}
	use_chunk(a, c);
	a->at += need;
	a->used += need;
	return c->bytes;
}

void *
arena_zalloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

void *
arena_zalloc_array(struct arena *a, size_t count, size_t size)
{
	size_t n;

	must(!__builtin_mul_overflow(count, size, &n));
	return arena_zalloc(a, n);
}

struct slice
arena_dup(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n != 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return slice_of(p, s.n);
}

char *
arena_cstr(struct arena *a, struct slice s)
{
	return (char *)(uintptr_t)arena_dup(a, s).p;
}

struct slice
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	int n;
	char *p;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	must(n >= 0);
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return slice_of(p, (size_t)n);
}
