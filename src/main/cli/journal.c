/* SPDX-License-Identifier: Apache-2.0
 *
 * journal export: pages of the running service become one file, a JSON object a line (desk/slice.c says which).
 * journal_verify: such a file, checked without the service.
 */
#include "main/cli/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/must.h"
#include "desk/slice.h"
#include "main/cli/act.h"
#include "sys/fd.h"

#define FILE_MAX (1u << 30)

static void
put_line(FILE *to, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);

	fprintf(to, "%s\n", text != NULL ? text : "");
	free(text);
	json_decref(o);
}

/* One page; *ret_next 0 after the last, *to is set by the first. */
static int
page(struct cli *c, const char *tenant, int64_t *next, int64_t *to, FILE *out)
{
	auto_buf struct buf path = { 0 };
	json_t *body = NULL, *rows, *head, *v;
	bool first = *to == 0;
	char number[24];
	size_t i;
	int r;

	buf_put_str(&path, "/api/v1/journal/export?limit=5000");
	remote_query(&path, "tenant", tenant);
	snprintf(number, sizeof number, "%lld", (long long)*next);
	remote_query(&path, "after", number);
	snprintf(number, sizeof number, "%lld", (long long)*to);
	if (!first)
		remote_query(&path, "to", number);
	if ((r = remote_do(c, "GET", buf_cstr(&path), NULL, &body)) != CLI_DONE)
		return r;
	head = json_object_get(body, "head");
	*to = json_integer_value(json_object_get(head, "seq"));
	*next = json_integer_value(json_object_get(body, "next"));
	if (first)
		put_line(out, json_pack("{s:s, s:i, s:O, s:O}", "kind", "nezuban.journal", "v", 1, "tenant", json_object_get(body, "tenant"), "zone", json_object_get(body, "zone")));
	rows = json_object_get(body, "rows");
	json_array_foreach(rows, i, v)
		put_line(out, json_incref(v));
	if (*next == 0)
		put_line(out, json_pack("{s:O, s:O*, s:O*}", "head", head, "key", json_object_get(body, "key"), "signature", json_object_get(body, "signature")));
	json_decref(body);
	return CLI_DONE;
}

int
cli_journal(struct cli *c)
{
	static const char *const columns[] = { "SEQ=seq", "AT=at", "COMMAND=command", "TENANT=tenant", "BY=actor", NULL };
	static const struct act acts[] = {
		{ "list", "GET", "/api/v1/journal", "tenant after# before# command noun id limit#", columns },
		{ "check", "GET", "/api/v1/journal/verify", NULL, NULL },
		{ 0 },
	};
	const char *what = cli_operand(c, 0), *tenant = cli_opt(c, "--tenant", NULL), *file = cli_opt(c, "--output", NULL);
	int64_t next = 0, to = 0;
	FILE *out = stdout;
	int r;

	if (what != NULL && strcmp(what, "export") != 0)
		return act_run(c, acts);
	if (what == NULL || tenant == NULL || cli_operands(c) != 1)
		return cli_usage(c, "wanted list, check, or export with --tenant ID");
	if (file != NULL && (out = fopen(file, "we")) == NULL)
		return cli_could_not(c, "%s cannot be written", file);
	do
		r = page(c, tenant, &next, &to, out);
	while (r == CLI_DONE && next != 0);
	if ((out != stdout ? fclose(out) : fflush(out)) != 0)
		return cli_could_not(c, "%s: not everything could be written", file != NULL ? file : "standard output");
	return r;
}

/* ---- verify ---- */

static void
tell_fault(void *ctx, int64_t line, const char *what)
{
	const char *const *file = ctx;

	fprintf(stderr, "%s:%lld: %s\n", *file, (long long)line, what);
}

static void
print_interval(const json_t *o)
{
	if (json_integer_value(json_object_get(o, "n")) == 0)
		return;
	printf("  %-26s %6lld", json_string_value(json_object_get(o, "id")), (long long)json_integer_value(json_object_get(o, "n")));
	static const char *const keys[] = { "p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms" };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		printf(" %12.3f", (double)json_integer_value(json_object_get(o, keys[i])) / 1000);
	putchar('\n');
}

static void
print_report(const json_t *report, bool with_key)
{
	const json_t *m, *o;
	const char *site;
	size_t i, k;

	json_array_foreach(json_object_get(report, "months"), i, m) {
		site = json_string_value(json_object_get(m, "site"));
		printf("%s %s%s%s: %lld incidents; seconds\n  %-26s %6s %12s %12s %12s %12s %12s\n", json_string_value(json_object_get(m, "month")),
		       json_string_value(json_object_get(m, "tenant")), site != NULL ? " at " : "", site != NULL ? site : "", (long long)json_integer_value(json_object_get(m, "incidents")),
		       "", "n", "p50", "p90", "p95", "p99", "max");
		json_array_foreach(json_object_get(m, "intervals"), k, o)
			print_interval(o);
	}
	printf("%lld rows, %lld of %s, %lld incidents: %lld faults%s\n", (long long)json_integer_value(json_object_get(report, "rows")),
	       (long long)json_integer_value(json_object_get(report, "own")), json_string_value(json_object_get(report, "tenant")),
	       (long long)json_array_size(json_object_get(report, "incidents")), (long long)json_integer_value(json_object_get(report, "fault_count")),
	       with_key ? "" : " (signature not checked: no --key)");
	if (json_integer_value(json_object_get(report, "old")) != 0)
		printf("%lld rows at the beginning are older than the journal's facts: their times are taken on the signature alone\n",
		       (long long)json_integer_value(json_object_get(report, "old")));
}

int
journal_verify(struct cli *c, const char *file, const struct pki_key *key)
{
	auto_buf struct buf text = { 0 };
	json_t *report;
	bool bad;
	int r = file_read(file, &text, FILE_MAX);

	if (r != 0)
		return cli_could_not(c, "%s: %s", file, err_text(r));
	report = slice_check(buf_slice(&text), key, tell_fault, &file);
	bad = json_integer_value(json_object_get(report, "fault_count")) != 0;
	if (cli_has(c, "--json"))
		remote_print_json(report);
	else
		print_report(report, key != NULL);
	json_decref(report);
	return bad ? CLI_PROBLEMS : CLI_DONE;
}
