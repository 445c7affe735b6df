/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON of log lines, flattened: any bytes.
 */
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sink;

static void
on_field(void *ctx, struct slice path, enum json_kind kind, struct slice text, bool copied)
{
	(void)ctx;
	(void)copied;
	for (size_t i = 0; i < text.n; i++)
		sink += (unsigned char)text.p[i];
	sink += path.n + (size_t)kind;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_reader *r;

	if (r == NULL)
		r = json_reader_new();
	json_flatten(r, slice_of(data, size), on_field, NULL);
	return 0;
}
