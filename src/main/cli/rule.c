/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban rule lint: compiles rules and says everything that is wrong with them, as text or JSON.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "codec/jsonw.h"
#include "main/cli/cli.h"
#include "main/cli/rule.h"
#include "sigma/sigma.h"

static void
print_json(const struct why *w)
{
	struct buf out = { 0 };

	buf_put_byte(&out, '{');
	jsonw_kv_str(&out, "file", w->file);
	jsonw_kv_i64(&out, "line", w->line);
	jsonw_kv_i64(&out, "column", w->col);
	jsonw_kv_str(&out, "level", w->level == WHY_ERROR ? "error" : "warning");
	jsonw_kv_str(&out, "id", w->id);
	jsonw_kv_str(&out, "found", w->found);
	jsonw_kv_str(&out, "wanted", w->wanted);
	jsonw_kv_str(&out, "hint", w->hint);
	buf_put_byte(&out, (char)0x7d);
	puts(buf_cstr(&out));
	buf_fini(&out);
}

void
rule_print_faults(const struct whys *ws, bool json, FILE *to)
{
	for (size_t i = 0; i < ws->list.n; i++) {
		struct buf out = { 0 };

		if (json) {
			print_json(&ws->list.v[i]);
			continue;
		}
		why_print(&ws->list.v[i], &out);
		fprintf(to, "%s\n", buf_cstr(&out));
		buf_fini(&out);
	}
}

static int
lint(struct cli *c)
{
	const char *paths[64];
	size_t n = 0;
	struct fieldset *fs;
	struct sigma_set *set = NULL;
	struct whys ws = { .limit = 100000 };
	struct sigma_count k;
	int r;

	for (int i = 1; i < cli_operands(c) && n < 64; i++)
		paths[n++] = cli_operand(c, i);
	if (n == 0)
		return cli_usage(c, "lint wants files or folders");
	fs = fieldset_new();
	r = sigma_load(paths, n, fs, &set, &ws);
	rule_print_faults(&ws, cli_has(c, "--json"), stdout);
	if (r != 0) {
		fieldset_free(fs);
		return cli_could_not(c, "%s", err_text(r));
	}
	k = sigma_count(set);
	if (!cli_has(c, "--json"))
		printf("%zu files, %zu documents: %zu rules, %zu correlations, %zu refused; %zu predicates, %zu literals, "
		       "%zu exact values, %zu rules without a witness\n", k.files, k.documents, k.rules, k.correlations, k.refused,
		       k.predicates, k.literals, k.exact, k.without_witness);
	r = ws.errors != 0 ? CLI_PROBLEMS : CLI_DONE;
	whys_fini(&ws);
	sigma_free(set);
	fieldset_free(fs);
	return r;
}

int
cli_rule(struct cli *c)
{
	const char *what = cli_operand(c, 0);

	if (what != NULL && strcmp(what, "lint") == 0)
		return lint(c);
	if (what != NULL && strcmp(what, "test") == 0)
		return rule_test(c);
	return cli_usage(c, "rule wants lint or test");
}
