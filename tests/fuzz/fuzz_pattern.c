/* SPDX-License-Identifier: Apache-2.0
 *
 * A pattern (first line) and a text (the rest): compiling any text, matching any text.
 */
#include "codec/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size), pattern = slice_cut(&text, '\n'), caps[PATTERN_CAPTURES_MAX];
	struct pattern *p;
	struct arena a;
	const char *why;
	size_t at;

	if (pattern.n > 2000)
		return 0;
	arena_init(&a, 4096, 0);
	if (pattern_compile(pattern, &a, &p, &at, &why) == 0 && text.p != NULL && pattern_match(p, text, caps))
		for (int i = 0; i < pattern_captures(p); i++)
			if (caps[i].p != NULL && (caps[i].p < text.p || caps[i].p + caps[i].n > text.p + text.n))
				__builtin_trap();
	arena_fini(&a);
	return 0;
}
