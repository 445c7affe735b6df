/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/must.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
must_fail(const char *what, const char *file, int line, const char *func)
{
	fprintf(stderr, "nezuban: broken invariant: %s at %s:%d in %s\n", what, file, line, func);
	abort();
}

void
die(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("nezuban: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

static void *
alive(void *p)
{
	if (p == NULL) {
		fputs("nezuban: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *
x_malloc(size_t n)
{
	return alive(malloc(n != 0 ? n : 1));
}

void *
x_calloc(size_t count, size_t size)
{
	return alive(calloc(count != 0 ? count : 1, size != 0 ? size : 1));
}

void *
x_realloc(void *p, size_t n)
{
	return alive(realloc(p, n != 0 ? n : 1));
}

char *
x_strdup(const char *s)
{
	return alive(strdup(s));
}

char *
x_asprintf(const char *fmt, ...)
{
	char *ret = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&ret, fmt, ap) < 0)
		ret = NULL;
	va_end(ap);
	return alive(ret);
}

void
auto_free_fn(void *pp)
{
	free(*(void **)pp);
}
