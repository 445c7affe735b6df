/* SPDX-License-Identifier: Apache-2.0
 *
 * Hostile values against a fixed set that uses every kind of predicate; and hostile snapshots.
 */
#include <stdlib.h>

#include "base/must.h"
#include "sigma/sigma.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules[] =
	"title: a\nname: a\nlogsource: {product: x}\ndetection:\n"
	"  s:\n    - A|contains: [power, shell, ' -e ']\n    - A|re: '(?i)ab{2,5}c|x.*y'\n    - A|cidr: 10.0.0.0/8\n"
	"    - A|contains|windash: ' -enc '\n    - A: 'a?b*c'\n    - A|hour: 4\n    - A|gt: 5\n    - A|fieldref: B\n    - A|wide|base64offset|contains: IEX\n"
	"    - A|cased: Abc\n    - needle\n  n:\n    B: null\n  condition: s and not n\n---\n"
	"title: c\ncorrelation:\n  type: value_count\n  rules: a\n  group-by: A\n  timespan: 1m\n  condition: {field: B, gte: 2}\n";

static void
no_alarm(void *ctx, const struct sigma_alarm *a)
{
	(void)ctx, (void)a;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fieldset *fs;
	static struct sigma_set *set;
	static struct sigma_worker *w;
	static struct event e;
	struct arena a;
	struct sigma_corr *c;

	if (fs == NULL) {
		struct whys ws = { 0 };

		fs = fieldset_new();
		must(sigma_load_text(slice_str(rules), "r.yml", fs, &set, &ws) == 0 && ws.errors == 0);
		w = sigma_worker_new(set);
	}
	arena_init(&a, 0, 0);
	event_init(&e, fs, &a);
	event_reset(&e, slice_of(data, size), 0);
	event_add_named(&e, SL("A"), slice_of(data, size / 3));
	event_add_named(&e, SL("A"), slice_of(data + size / 3, size / 3));
	event_add_named(&e, SL("B"), slice_of(data + size / 3 * 2, size - size / 3 * 2));
	event_seal(&e);
	must(sigma_match(w, &e, SIGMA_ROUTE_ALL, NULL, NULL) == sigma_match_naive(w, &e, SIGMA_ROUTE_ALL, NULL, NULL));
	c = sigma_corr_new(set, NULL);
	sigma_corr_feed(c, SL("t"), sigma_rule(set, 0), &e, 5, NULL, no_alarm, NULL);
	sigma_corr_restore(c, slice_of(data, size));
	sigma_corr_free(c);
	arena_fini(&a);
	return 0;
}
