/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as YAML: a tree or faults with places, in bounded memory.
 */
#include "codec/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned
walk(const struct ynode *n, unsigned depth)
{
	unsigned count = 0;

	if (depth > 70)
		__builtin_trap();
	for (; n != NULL; n = n->next)
		count += 1 + walk(n->child, depth + 1);
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct whys ws = { 0 };
	struct ydocs docs;
	struct arena a;
	int r;

	arena_init(&a, 0, 0);
	r = yaml_parse(slice_of(data, size), "fuzz", &a, &docs, &ws);
	if ((r != 0) != (ws.errors != 0))
		__builtin_trap();
	for (size_t i = 0; i < docs.n; i++)
		walk(docs.v[i], 0);
	whys_fini(&ws);
	arena_fini(&a);
	return 0;
}
