/* SPDX-License-Identifier: Apache-2.0
 *
 * The store's receiver: a column block from an engine that lies.  What passes the check is joined with
 * itself into a Native block; the address sanitizer watches.
 */
#include <stdlib.h>

#include "store/block_priv.h"
#include "store/native.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
sink(void *ctx, const void *p, size_t n)
{
	const unsigned char *b = p;
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += b[i];
	*(unsigned *)ctx += sum;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct store_block b;
	const struct store_block *two[2] = { &b, &b };
	unsigned sum = 0;
	char *copy = malloc(size + 8);
	uint32_t hash = store_columns_hash();

	memcpy(copy, data, size);
	if (size >= 8) /* past the first door */
		memcpy(copy + 4, &hash, 4);
	if (store_block_check(slice_of(copy, size), &b, NULL) == 0)
		native_write(two, 2, sink, &sum);
	free(copy);
	return 0;
}
