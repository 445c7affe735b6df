/* SPDX-License-Identifier: Apache-2.0
 *
 * One rule from text, events from "field=value" lines: what the sigma tests share.
 */
#ifndef NZ_TESTS_SIGMA_TRY_H
#define NZ_TESTS_SIGMA_TRY_H

#include <stdio.h>

#include "base/must.h"
#include "sigma/sigma.h"

#define RULE_HEAD "title: t\nlogsource:\n  product: windows\ndetection:\n"

struct try {
	struct fieldset *fs;
	struct sigma_set *set;
	struct sigma_worker *w;
	struct whys ws;
	struct arena a;
	struct event *e;
};

static int
try_open(struct try *t, const char *yaml)
{
	int r;

	memset(t, 0, sizeof *t);
	t->fs = fieldset_new();
	arena_init(&t->a, 0, 0);
	t->e = x_calloc(1, sizeof *t->e);
	r = sigma_load_text(slice_str(yaml), "t.yml", t->fs, &t->set, &t->ws);
	if (r == 0)
		t->w = sigma_worker_new(t->set);
	return r;
}

static void
try_close(struct try *t)
{
	sigma_worker_free(t->w);
	sigma_free(t->set);
	fieldset_free(t->fs);
	whys_fini(&t->ws);
	arena_fini(&t->a);
	free(t->e);
}

/* "F=value\nG=value": a value "\1null" is JSON null; the same field twice makes an array. */
static void
try_event(struct try *t, const char *fields)
{
	struct slice rest = arena_dup(&t->a, slice_str(fields));

	event_init(t->e, t->fs, &t->a);
	event_reset(t->e, SL(""), 0);
	while (rest.p != NULL && rest.n != 0) {
		struct slice line = slice_cut(&rest, '\x1e'), key = slice_cut(&line, '=');
		int id;

		if (slice_eq(line, SL("\1null"))) {
			id = fieldset_find(t->fs, key);
			if (id >= 0) {
				event_set(t->e, id, SL(""));
				t->e->slot[id].kind = VALUE_NULL;
			}
			continue;
		}
		event_add_named(t->e, key, line.p != NULL ? line : SL(""));
	}
	event_seal(t->e);
}

/* Matches of the event; the index and the naive evaluator must agree. */
__attribute__((unused)) static int
try_match(struct try *t, const char *fields)
{
	int fast, slow;

	try_event(t, fields);
	fast = sigma_match(t->w, t->e, SIGMA_ROUTE_ALL, NULL, NULL);
	slow = sigma_match_naive(t->w, t->e, SIGMA_ROUTE_ALL, NULL, NULL);
	if (fast != slow)
		print_message("event <%s>: indexed %d, naive %d\n", fields, fast, slow);
	assert_int_equal(fast, slow);
	return fast;
}

#endif
