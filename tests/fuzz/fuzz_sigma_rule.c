/* SPDX-License-Identifier: Apache-2.0
 *
 * The rule compiler on hostile YAML; what compiles must match the same with and without the index.
 */
#include <stdlib.h>

#include "base/must.h"
#include "sigma/sigma.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event e;
	struct fieldset *fs = fieldset_new();
	struct sigma_set *set = NULL;
	struct whys ws = { 0 };
	struct arena a;

	if (size < 65536 && sigma_load_text(slice_of(data, size), "fuzz.yml", fs, &set, &ws) == 0) {
		struct sigma_worker *w = sigma_worker_new(set);
		int fast, slow;

		arena_init(&a, 0, 0);
		event_init(&e, fs, &a);
		event_reset(&e, slice_of(data, size), 0);
		event_set_named(&e, SL("CommandLine"), slice_of(data, size / 2));
		event_set_named(&e, SL("a"), slice_of(data + size / 2, size - size / 2));
		event_seal(&e);
		fast = sigma_match(w, &e, sigma_route(w, &e), NULL, NULL);
		slow = sigma_match_naive(w, &e, sigma_route(w, &e), NULL, NULL);
		must(fast == slow);
		arena_fini(&a);
		sigma_worker_free(w);
		sigma_free(set);
	}
	whys_fini(&ws);
	fieldset_free(fs);
	return 0;
}
