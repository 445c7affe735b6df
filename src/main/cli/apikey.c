/* SPDX-License-Identifier: Apache-2.0
 *
 * apikey: list, add, end.  A key is printed once, by add.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "main/cli/remote.h"

static int
list(struct cli *c)
{
	static const char *const columns[] = { "NUMBER=number", "STATE=state", "TENANT=tenant.id", "NAME=name", "SCOPES=scopes", "UNTIL=expires_at", "USED=used_at", "FROM=used_from", NULL };
	const char *tenant = cli_opt(c, "--tenant", NULL);
	auto_free char *path = tenant != NULL ? remote_path("/api/v1/keys?tenant=%s", tenant) : x_strdup("/api/v1/keys");

	return remote_list(c, path, columns);
}

static int
print(struct cli *c, int r, json_t *out)
{
	const char *key = json_string_value(json_object_get(out, "key"));

	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		printf("%s %s%s%s\n", json_string_value(json_object_get(out, "number")), json_string_value(json_object_get(out, "state")), key != NULL ? " " : "", key != NULL ? key : "");
	json_decref(out);
	return r;
}

static int
add(struct cli *c)
{
	const char *tenant = cli_opt(c, "--tenant", NULL), *name = cli_opt(c, "--name", NULL), *scope;
	json_t *body, *out = NULL;
	char until[36], *end;
	long days = strtol(cli_opt(c, "--days", "90"), &end, 10);
	int r;

	if (tenant == NULL || name == NULL || cli_opt(c, "--scope", NULL) == NULL || *end != '\0' || days < 1 || days > 366)
		return cli_usage(c, "add wants --tenant, --name, --scope, and --days from 1 to 366");
	time_format_rfc3339(until, clock_now(clock_real()) + days * NS_PER_DAY - 60 * NS_PER_S, 3); /* the service's clock may be behind */
	body = json_pack("{s:s, s:s, s:s, s:[]}", "tenant", tenant, "name", name, "expires_at", until, "scopes");
	for (int i = 0; (scope = cli_opt_at(c, "--scope", i)) != NULL; i++)
		json_array_append_new(json_object_get(body, "scopes"), json_string(scope));
	r = remote_do(c, "POST", "/api/v1/keys", body, &out);
	json_decref(body);
	return print(c, r, out);
}

int
cli_apikey(struct cli *c)
{
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);

	if (what != NULL && strcmp(what, "list") == 0 && id == NULL)
		return list(c);
	if (what != NULL && strcmp(what, "add") == 0 && id == NULL)
		return add(c);
	if (what != NULL && strcmp(what, "end") == 0 && id != NULL) {
		auto_free char *path = remote_path("/api/v1/keys/%s/end", id);
		json_t *out = NULL;
		int r = remote_do(c, "POST", path, NULL, &out);

		return print(c, r, out);
	}
	return cli_usage(c, "wanted list, add, or end with an ID");
}
