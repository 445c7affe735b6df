/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of indicators: any bytes make an image that opens, and each value added is found in it.
 */
#include <stdlib.h>

#include "base/must.h"
#include "intel/intel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct intel_builder *b = intel_builder_new(1000);
	struct intel_list list = { .name = "fuzz" };
	struct intel_tally tally = { 0 };
	struct whys ws = { 0 };
	struct buf image = { 0 };
	struct intel_image *im;
	struct intel_info info;

	intel_read(b, slice_of(data, size), "fuzz", &list, &tally, &ws);
	must(intel_builder_count(b) == tally.added);
	intel_build(b, &image);
	must(intel_open_bytes(buf_slice(&image), &im, NULL) == 0);
	intel_info(im, &info);
	must(info.entries == tally.added);
	intel_close(im);
	intel_builder_free(b);
	buf_fini(&image);
	whys_fini(&ws);
	return 0;
}
