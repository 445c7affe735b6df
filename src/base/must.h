/* SPDX-License-Identifier: Apache-2.0
 *
 * must(): invariants, on in release builds too.  A broken invariant is a bug of ours: the process
 * says where and aborts, the parent starts the role again from its position.  Never for bad input.
 * x_malloc and friends die when memory is out: budgets are checked before allocating.
 */
#ifndef NZ_BASE_MUST_H
#define NZ_BASE_MUST_H

#include <stddef.h>

#define must(x) ((x) ? (void)0 : must_fail(#x, __FILE__, __LINE__, __func__))

_Noreturn void must_fail(const char *what, const char *file, int line, const char *func);

/* Ends the process with `status` and one line on standard error: "nezuban: " and the text. */
_Noreturn void die(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void *x_malloc(size_t n) __attribute__((malloc, returns_nonnull));
void *x_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *x_realloc(void *p, size_t n) __attribute__((returns_nonnull));
char *x_strdup(const char *s) __attribute__((returns_nonnull));
/* printf into fresh heap memory. */
char *x_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/* auto_free char *p = ...: freed when p leaves its scope. */
#define auto_free __attribute__((cleanup(auto_free_fn)))
void auto_free_fn(void *pp);

#endif
