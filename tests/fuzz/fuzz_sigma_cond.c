/* SPDX-License-Identifier: Apache-2.0
 *
 * The condition parser on any bytes: written into a rule as a quoted scalar.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "codec/jsonw.h"
#include "sigma/sigma.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fieldset *fs = fieldset_new();
	struct sigma_set *set = NULL;
	struct whys ws = { 0 };
	struct buf b = { 0 };

	buf_put_str(&b, "title: t\nlogsource: {product: x}\ndetection:\n  a: {A: 1}\n  ab: {B: 2}\n  _c: {C: 3}\n  condition: ");
	jsonw_string(&b, slice_of(data, size < 20000 ? size : 20000));
	buf_put_byte(&b, '\n');
	if (sigma_load_text(buf_slice(&b), "fuzz.yml", fs, &set, &ws) == 0)
		sigma_free(set);
	whys_fini(&ws);
	buf_fini(&b);
	fieldset_free(fs);
	return 0;
}
