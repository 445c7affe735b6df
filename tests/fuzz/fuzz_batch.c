/* SPDX-License-Identifier: Apache-2.0
 *
 * A block from a stranger: checked, then every accessor over every line. The checksum is mended first, so
 * that the fuzzer reaches the tables and not only the sum. Also the wire form's unpacking.
 */
#include <stdlib.h>

#include "base/must.h"
#include "batch/batch.h"
#include "batch/crc32c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
touch(struct slice s)
{
	size_t sum = 0;

	for (size_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct batch_zip *z;
	struct slice out;
	struct batch b;
	volatile size_t sink = 0;
	char *copy = x_malloc(size + 1);

	memcpy(copy, data, size);
	if (size >= sizeof(struct batch_header)) {
		struct batch_header *h = (void *)copy;

		h->crc32c = crc32c(0, copy + sizeof *h, size - sizeof *h);
	}
	if (batch_check(slice_of(copy, size), &b, NULL) == 0) {
		for (uint32_t i = 0; i < b.head->lines; i++) {
			sink += touch(batch_line_bytes(&b, i)) + touch(batch_device_id(&b, b.lines[i].device));
			sink += batch_note_of(&b, i) != NULL;
		}
	}
	free(copy);
	if (z == NULL)
		z = batch_zip_new();
	if (batch_unpack(z, slice_of(data, size), &out) == 0)
		sink += touch(out);
	return 0;
}
