/* SPDX-License-Identifier: Apache-2.0
 *
 * roster: import, check, show, week, who.  check needs no service when it has the tenant document beside it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "desk/desk.h"
#include "main/cli/remote.h"
#include "sys/fd.h"

#define DOCUMENT_MAX (4u << 20)

static int
read_file(struct cli *c, const char *file, struct buf *out)
{
	int r = strcmp(file, "-") == 0 ? fd_read_all(0, out, DOCUMENT_MAX) : file_read(file, out, DOCUMENT_MAX);

	return r != 0 ? cli_could_not(c, "%s: %s", file, err_text(r)) : CLI_DONE;
}

static void
tell(const struct whys *ws)
{
	for (size_t i = 0; i < ws->list.n; i++) {
		auto_buf struct buf line = { 0 };

		why_print(&ws->list.v[i], &line);
		fprintf(stderr, "%s\n", buf_cstr(&line));
	}
}

/* Without the service: known are the tenants and accounts of a document. */
static int
check_offline(struct cli *c, const char *file, const char *tenants_file)
{
	auto_buf struct buf text = { 0 }, tenants = { 0 };
	struct whys ws = { 0 };
	json_t *doc = NULL, *known, *roster = NULL;
	int r = read_file(c, file, &text);

	if (r == CLI_DONE)
		r = read_file(c, tenants_file, &tenants);
	if (r != CLI_DONE)
		return r;
	if ((doc = desk_import_read(buf_slice(&tenants), tenants_file, &ws)) != NULL) {
		known = desk_roster_known_from(doc);
		roster = desk_roster_read(buf_slice(&text), file, known, clock_now(clock_real()), &ws);
		json_decref(known);
	}
	tell(&ws);
	if (roster != NULL)
		printf("%zu rosters, proved for 400 days\n", json_array_size(json_object_get(roster, "rosters")));
	whys_fini(&ws);
	json_decref(doc);
	r = roster != NULL ? CLI_DONE : CLI_PROBLEMS;
	json_decref(roster);
	return r;
}

static int
import(struct cli *c, const char *file, bool check)
{
	auto_buf struct buf text = { 0 };
	json_t *body, *out = NULL, *v;
	int r = read_file(c, file, &text);
	size_t i;

	if (r != CLI_DONE)
		return r;
	body = json_pack("{s:s%, s:s, s:b}", "yaml", text.p != NULL ? text.p : "", text.n, "file", file, "check", check);
	if (body == NULL)
		return cli_could_not(c, "%s: it is not UTF-8", file);
	r = remote_do(c, "POST", "/api/v1/roster/import", body, &out);
	json_array_foreach(json_object_get(out, "warnings"), i, v)
		fprintf(stderr, "%s\n", json_string_value(v));
	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		printf("%lld rosters, proved for 400 days\n", (long long)json_integer_value(json_object_get(out, "rosters")));
	json_decref(body);
	json_decref(out);
	return r;
}

static void
print_crew(const json_t *duty, const char *who)
{
	char a[64], b[64], d[80], e[80], f[80];

	if (!json_is_object(duty)) {
		printf("%-10s nobody\n", who);
		return;
	}
	printf("%-10s %-14s %-10s %-24s %s to %s\n", who, remote_text(duty, "site.name.en", d, sizeof d), remote_text(duty, "site.local_time", e, sizeof e),
	       remote_text(duty, "lead.name.en", f, sizeof f), remote_text(duty, "from", a, sizeof a), remote_text(duty, "to", b, sizeof b));
}

static int
answer(struct cli *c, const char *path, void (*print)(const json_t *o))
{
	json_t *out = NULL;
	int r = remote_do(c, "GET", path, NULL, &out);

	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		print(out);
	json_decref(out);
	return r;
}

static void
print_who(const json_t *o)
{
	print_crew(json_object_get(o, "duty"), "on duty");
	print_crew(json_object_get(o, "next"), "then");
}

static void
print_show(const json_t *o)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(o, "rosters"), i, v)
		print_crew(json_object_get(v, "duty"), json_string_value(json_object_get(v, "id")));
}

static void
print_week(const json_t *o)
{
	const json_t *v, *s;
	size_t i, k;

	json_array_foreach(json_object_get(o, "rosters"), i, v)
		json_array_foreach(json_object_get(v, "spans"), k, s)
			print_crew(s, json_string_value(json_object_get(v, "id")));
}

static int
who(struct cli *c)
{
	const char *tenant = cli_opt(c, "--tenant", NULL), *at = cli_opt(c, "--at", NULL);
	auto_buf struct buf path = { 0 };

	if (tenant == NULL)
		return cli_usage(c, "who wants --tenant");
	buf_put_str(&path, "/api/v1/roster/who");
	remote_query(&path, "tenant", tenant);
	if (at != NULL)
		remote_query(&path, "at", at);
	return answer(c, buf_cstr(&path), print_who);
}

static int
week(struct cli *c)
{
	const char *at = cli_opt(c, "--at", NULL);
	auto_buf struct buf path = { 0 };

	buf_put_str(&path, "/api/v1/roster/week");
	if (at != NULL)
		remote_query(&path, "from", at);
	return answer(c, buf_cstr(&path), print_week);
}

int
cli_roster(struct cli *c)
{
	const char *what = cli_operand(c, 0), *file = cli_operand(c, 1), *tenants = cli_opt(c, "--tenants", NULL);

	if (what != NULL && strcmp(what, "show") == 0 && file == NULL)
		return answer(c, "/api/v1/roster", print_show);
	if (what != NULL && strcmp(what, "week") == 0 && file == NULL)
		return week(c);
	if (what != NULL && strcmp(what, "who") == 0 && file == NULL)
		return who(c);
	if (what != NULL && strcmp(what, "import") == 0 && file != NULL)
		return import(c, file, false);
	if (what != NULL && strcmp(what, "check") == 0 && file != NULL)
		return tenants != NULL ? check_offline(c, file, tenants) : import(c, file, true);
	return cli_usage(c, "wanted import FILE, check FILE, show, week or who");
}
