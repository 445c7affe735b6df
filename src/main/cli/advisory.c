/* SPDX-License-Identifier: Apache-2.0
 *
 * advisory: list, show, add, check, send, withdraw.  What is added here another person approves in the console.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "main/cli/remote.h"

/* Takes body over. */
static int
ask(struct cli *c, const char *method, const char *fmt, const char *id, json_t *body)
{
	auto_free char *path = id != NULL ? remote_path(fmt, id) : x_strdup(fmt);
	json_t *out = NULL;
	int r = remote_do(c, method, path, body, &out);

	if (r == CLI_DONE && (cli_has(c, "--json") || strcmp(method, "GET") == 0))
		remote_print_json(out);
	else if (r == CLI_DONE)
		printf("%s %s\n", json_string_value(json_object_get(out, "number")), json_string_value(json_object_get(out, "state")));
	json_decref(out);
	json_decref(body);
	return r;
}

static int
list(struct cli *c)
{
	static const char *const columns[] = { "NUMBER=number", "STATE=state", "SEVERITY=severity", "SENT=sent_at", "TITLE=title.en", NULL };

	return remote_list(c, "/api/v1/advisories", columns);
}

static int
add(struct cli *c)
{
	const char *file = cli_opt(c, "--file", NULL);
	json_error_t e;
	json_t *body;

	if (file == NULL)
		return cli_usage(c, "add wants --file with JSON: severity, title, text, advice, products, indicators");
	body = strcmp(file, "-") == 0 ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &e) : json_load_file(file, JSON_REJECT_DUPLICATES, &e);
	if (!json_is_object(body)) {
		fprintf(stderr, "nezuban advisory: %s:%d:%d: %s\n", file, e.line, e.column, body == NULL ? e.text : "wanted an object");
		json_decref(body);
		return CLI_COULD_NOT;
	}
	return ask(c, "POST", "/api/v1/advisories", NULL, body);
}

static int
send_it(struct cli *c, const char *id)
{
	json_t *body = json_object(), *tenants = json_array();
	const char *t;

	for (int i = 0; (t = cli_opt_at(c, "--tenant", i)) != NULL; i++)
		json_array_append_new(tenants, json_string(t));
	if (json_array_size(tenants) != 0)
		json_object_set(body, "tenants", tenants);
	json_decref(tenants);
	if (cli_has(c, "--anyway"))
		json_object_set_new(body, "anyway", json_true());
	return ask(c, "POST", "/api/v1/advisories/%s/send", id, body);
}

int
cli_advisory(struct cli *c)
{
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);

	if (what != NULL && id == NULL && strcmp(what, "list") == 0)
		return list(c);
	if (what != NULL && id == NULL && strcmp(what, "add") == 0)
		return add(c);
	if (what != NULL && id != NULL && strcmp(what, "show") == 0)
		return ask(c, "GET", "/api/v1/advisories/%s", id, NULL);
	if (what != NULL && id != NULL && strcmp(what, "check") == 0)
		return ask(c, "POST", "/api/v1/advisories/%s/check", id, NULL);
	if (what != NULL && id != NULL && strcmp(what, "send") == 0)
		return send_it(c, id);
	if (what != NULL && id != NULL && strcmp(what, "withdraw") == 0)
		return ask(c, "POST", "/api/v1/advisories/%s/withdraw", id, NULL);
	return cli_usage(c, "wanted list, add, or show, check, send or withdraw with an ID");
}
