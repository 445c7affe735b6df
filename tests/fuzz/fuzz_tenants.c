/* SPDX-License-Identifier: Apache-2.0
 *
 * A tenant document from anybody: faults or arguments, never both, never neither.
 */
#include "base/err.h"
#include "base/must.h"
#include "desk/desk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct whys ws = { 0 };
	json_t *o = desk_import_read(slice_of(data, size), "f.yaml", &ws);

	must((o == NULL) == (ws.errors != 0));
	json_decref(o);
	whys_fini(&ws);
	return 0;
}
