/* SPDX-License-Identifier: Apache-2.0
 *
 * Any line through every source: first byte chooses the hint, the event is printed afterwards.
 */
#include <stdlib.h>

#include "base/must.h"
#include "enrich/enrich.h"
#include "source/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fieldset *fs;
static struct source_set *set;
static struct source_worker *worker;

static void
load(void)
{
	struct whys ws = { 0 };

	fs = fieldset_new();
	set = source_set_load(source_default_dir(), fs, &ws);
	must(set != NULL);
	worker = source_worker_new(set);
	whys_fini(&ws);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event *e;
	struct slice hint = { "", 0 };
	auto_buf struct buf out = { 0 };
	struct arena a;

	if (worker == NULL) {
		load();
		e = x_malloc(sizeof *e);
	}
	if (size == 0)
		return 0;
	if (data[0] < source_count(set))
		hint = source_info(set, data[0])->name;
	arena_init(&a, 65536, 0);
	event_init(e, fs, &a);
	source_parse(worker, slice_of(data + 1, size - 1), hint, 1795392000000000000, NULL, e);
	enrich_event(NULL, e);
	event_seal(e);
	event_to_json(e, &out);
	arena_fini(&a);
	return 0;
}
