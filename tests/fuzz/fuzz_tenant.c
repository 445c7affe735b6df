/* SPDX-License-Identifier: Apache-2.0
 *
 * A tenant document from the desk: any bytes.
 */
#include "enrich/enrich.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct whys ws = { 0 };
	struct tenant_table *t = tenant_table_compile(slice_of(data, size), "fuzz.json", &ws);

	if (t != NULL)
		(void)tenant_vulnerable(t, SL("10.0.0.1"), SL("CVE-1"));
	tenant_table_free(t);
	whys_fini(&ws);
	return 0;
}
