/* SPDX-License-Identifier: Apache-2.0
 *
 * The compiler of source files on any text; what compiles must also parse lines.
 */
#include <stdlib.h>

#include "base/must.h"
#include "source/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_text t = { "fuzz.yaml", slice_of(data, size) };
	struct fieldset *fs = fieldset_new();
	struct whys ws = { 0 };
	struct source_set *set = source_set_compile(&t, 1, fs, &ws);

	if (set != NULL) {
		struct source_worker *w = source_worker_new(set);
		struct event *e = x_malloc(sizeof *e);
		struct arena a;

		arena_init(&a, 4096, 0);
		event_init(e, fs, &a);
		source_parse(w, SL("<13>Nov 23 10:00:00 h p[1]: a=1 b=\"2\",c"), source_info(set, 0)->name, 0, NULL, e);
		source_parse(w, SL("{\"a\":{\"b\":1}}"), source_info(set, 0)->name, 0, NULL, e);
		arena_fini(&a);
		free(e);
		source_worker_free(w);
	}
	source_set_free(set);
	fieldset_free(fs);
	whys_fini(&ws);
	return 0;
}
