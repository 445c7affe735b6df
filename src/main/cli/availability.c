/* SPDX-License-Identifier: Apache-2.0
 *
 * availability: a month of the service per tenant; with --spans what was bad or left out, and why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "main/cli/remote.h"

static const char *
text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "-";
}

static long long
number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void
print_month(const json_t *m, bool spans)
{
	const json_t *left = json_object_get(m, "left_out_min"), *v;
	bool measured = json_is_true(json_object_get(m, "measured"));
	const char *word = !measured ? "not measured" : json_is_true(json_object_get(m, "met")) ? "met" : "short";
	char scratch[32];
	size_t i;

	printf("%-16s %s  %8s %%  of %s  good %lld  bad %lld  maintenance %lld  customer %lld  collector off %lld  clock %lld  %s\n", text_of(m, "tenant"), text_of(m, "month"),
	       text_of(m, "percent"), text_of(m, "target"), number(m, "good_min"), number(m, "bad_min"), number(left, "maintenance"), number(left, "customer"),
	       number(left, "collector_off"), number(left, "clock"), word);
	json_array_foreach(json_object_get(m, "spans"), i, v)
		if (spans)
			printf("    %s  %s  %5lld min  %-13s %s%s\n", text_of(v, "from"), text_of(v, "to"), number(v, "minutes"), text_of(v, "kind"),
			       json_is_string(json_object_get(v, "lcp")) ? text_of(v, "lcp") : "", remote_text(v, "reason.text.en", scratch, sizeof scratch));
}

int
cli_availability(struct cli *c)
{
	const char *tenant = cli_opt(c, "--tenant", NULL), *month = cli_opt(c, "--month", NULL);
	auto_free char *t = tenant != NULL ? remote_path("tenant=%s&", tenant) : x_strdup(""), *m = month != NULL ? remote_path("month=%s", month) : x_strdup("");
	auto_free char *path = x_asprintf("/api/v1/availability?%s%s", t, m);
	json_t *out = NULL, *v;
	bool good = true;
	size_t i;
	int r;

	if (cli_operands(c) != 0)
		return cli_usage(c, "unexpected word %s", cli_operand(c, 0));
	r = remote_do(c, "GET", path, NULL, &out);
	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	json_array_foreach(json_object_get(out, "items"), i, v) {
		good = good && (!json_is_true(json_object_get(v, "measured")) || json_is_true(json_object_get(v, "met")));
		if (!cli_has(c, "--json"))
			print_month(v, cli_has(c, "--spans"));
	}
	json_decref(out);
	return r != CLI_DONE ? r : good ? CLI_DONE : CLI_PROBLEMS;
}
