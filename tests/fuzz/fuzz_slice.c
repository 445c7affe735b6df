/* SPDX-License-Identifier: Apache-2.0
 *
 * A slice of the journal from anybody: always a report, and what is not whole has a fault.
 */
#include "base/must.h"
#include "desk/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
count(void *ctx, int64_t line, const char *what)
{
	must(line >= 0 && what != NULL);
	++*(int64_t *)ctx;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t n = 0;
	json_t *report = slice_check(slice_of(data, size), NULL, count, &n);

	must(json_integer_value(json_object_get(report, "fault_count")) == n);
	must(size != 0 || n != 0);
	json_decref(report);
	return 0;
}
