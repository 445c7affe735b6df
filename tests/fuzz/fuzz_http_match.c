/* SPDX-License-Identifier: Apache-2.0
 *
 * Escapes, patterns and cookies of http: the first line is a pattern, the rest a path and a header.
 * Truth checked: every parameter lies inside the path.
 */
#include <stdlib.h>

#include "base/must.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_of(data, size), first = slice_cut(&all, '\n');
	char *pattern = strndup(first.p != NULL ? first.p : "", first.n), *path = malloc(all.n + 1);
	size_t n = all.n;
	struct http_match m;

	if (n != 0)
		memcpy(path, all.p, n);
	if (http_unescape(path, &n) && http_match(pattern, slice_of(path, n), &m))
		for (size_t i = 0; i < m.n; i++)
			must(m.value[i].p >= path && m.value[i].p + m.value[i].n <= path + n);
	http_cookie_find(all, first);
	free(pattern);
	free(path);
	return 0;
}
