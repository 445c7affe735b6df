/* SPDX-License-Identifier: Apache-2.0
 *
 * advisory: list, show, add, change, check, send, withdraw.  What is added here another person approves in the console.
 */
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "main/cli/act.h"

/* add, and change with an ID: what the file says. */
static int
write_it(struct cli *c, const char *what, const char *id)
{
	const char *file = cli_opt(c, "--file", NULL);
	json_error_t e;
	json_t *body;

	if (file == NULL)
		return cli_usage(c, "%s wants --file with JSON: severity, title, text, advice, products, cves, indicators", what);
	body = strcmp(file, "-") == 0 ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &e) : json_load_file(file, JSON_REJECT_DUPLICATES, &e);
	if (!json_is_object(body)) {
		fprintf(stderr, "nezuban advisory: %s:%d:%d: %s\n", file, e.line, e.column, body == NULL ? e.text : "wanted an object");
		json_decref(body);
		return CLI_COULD_NOT;
	}
	return id == NULL ? act_tell(c, "POST", "/api/v1/advisories", NULL, body) : act_tell(c, "PATCH", "/api/v1/advisories/%s", id, body);
}

int
cli_advisory(struct cli *c)
{
	static const char *const columns[] = { "NUMBER=number", "STATE=state", "SEVERITY=severity", "SENT=sent_at", "TITLE=title.en", NULL };
	static const struct act acts[] = {
		{ "list", "GET", "/api/v1/advisories", NULL, columns },
		{ "show", "GET", "/api/v1/advisories/%s", NULL, NULL },
		{ "check", "POST", "/api/v1/advisories/%s/check", NULL, NULL },
		{ "send", "POST", "/api/v1/advisories/%s/send", "tenant+=tenants anyway?", NULL },
		{ "withdraw", "POST", "/api/v1/advisories/%s/withdraw", "ja=reason.ja en=reason.en", NULL },
		{ 0 },
	};
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);

	if (what != NULL && id == NULL && strcmp(what, "add") == 0)
		return write_it(c, what, NULL);
	if (what != NULL && id != NULL && strcmp(what, "change") == 0)
		return write_it(c, what, id);
	return act_run(c, acts);
}
