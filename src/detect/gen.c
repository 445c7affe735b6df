/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/must.h"
#include "detect/detect.h"

struct detect_gen {
	struct fieldset *fields;
	struct sigma_set *rules;
	struct source_set *sources;
};

struct detect_gen *
detect_gen_load(const char *const *rule_dirs, size_t rule_dir_n, const char *source_dir, struct whys *ws)
{
	struct detect_gen *g = x_calloc(1, sizeof *g);

	/* Rules first: they say which names beyond the table deserve a slot. */
	g->fields = fieldset_new();
	if (sigma_load(rule_dirs, rule_dir_n, g->fields, &g->rules, ws) != 0 ||
	    (g->sources = source_set_load(source_dir, g->fields, ws)) == NULL) {
		detect_gen_free(g);
		return NULL;
	}
	return g;
}

void
detect_gen_free(struct detect_gen *g)
{
	if (g == NULL)
		return;
	source_set_free(g->sources);
	sigma_free(g->rules);
	fieldset_free(g->fields);
	free(g);
}

const struct sigma_set *
detect_gen_rules(const struct detect_gen *g)
{
	return g->rules;
}

const struct source_set *
detect_gen_sources(const struct detect_gen *g)
{
	return g->sources;
}

const struct fieldset *
detect_gen_fields(const struct detect_gen *g)
{
	return g->fields;
}
