/* SPDX-License-Identifier: Apache-2.0
 *
 * Buf: growing bytes on the heap.  For output being built and bytes being collected.
 * Always one spare byte behind the end, so buf_cstr() is free.
 */
#ifndef NZ_BASE_BUF_H
#define NZ_BASE_BUF_H

#include "base/slice.h"

struct buf {
	char *p;
	size_t n, cap;
};

void buf_fini(struct buf *b);
void buf_reserve(struct buf *b, size_t more); /* room for `more` bytes behind the end */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_drop_front(struct buf *b, size_t n); /* forgets the first n bytes */
const char *buf_cstr(struct buf *b);

static inline void
buf_clear(struct buf *b)
{
	b->n = 0;
}

static inline void
buf_put_slice(struct buf *b, struct slice s)
{
	buf_put(b, s.p, s.n);
}

static inline void
buf_put_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

static inline void
buf_put_byte(struct buf *b, char c)
{
	if (b->n + 1 >= b->cap)
		buf_reserve(b, 1);
	b->p[b->n++] = c;
}

static inline struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){ b->p, b->n };
}

#define auto_buf __attribute__((cleanup(buf_fini)))

#endif
