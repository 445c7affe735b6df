/* SPDX-License-Identifier: Apache-2.0
 *
 * What others tell the engine: positions of store and desk, and the desk's document of tenants. Positions that were
 * accepted must come out as they went in.
 */
#include <stdlib.h>

#include "../../src/role/engine_state.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
positions_there_and_back(struct slice body)
{
	struct positions a = { 0 }, b = { 0 };
	struct buf out = { 0 };
	struct batch_key key;

	if (positions_read(&a, body) == 0) {
		positions_write(&a, &out);
		must(positions_read(&b, buf_slice(&out)) == 0);
		for (size_t at = 0; at < out.n; at += sizeof key) {
			memcpy(&key, out.p + at, sizeof key);
			must(positions_get(&a, &key) == positions_get(&b, &key));
		}
	}
	buf_fini(&out);
	positions_fini(&a);
	positions_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fieldset *fs;
	static struct sigma_set *rules;
	static struct engine_tenants tenants;
	struct whys ws = { 0 };

	if (fs == NULL) {
		log_init("fuzz", LOG_ALERT + 1);
		fs = fieldset_new();
		must(sigma_load_text(SL(""), "none", fs, &rules, &ws) == 0);
		whys_fini(&ws);
	}
	if (size == 0)
		return 0;
	if (data[0] & 1)
		positions_there_and_back(slice_of(data + 1, size - 1));
	else if (engine_tenants_read(&tenants, slice_of(data + 1, size - 1), rules) == 0)
		must(engine_tenants_find(&tenants, "no such tenant\n") == NULL || tenants.list.n != 0);
	return 0;
}
