/* SPDX-License-Identifier: Apache-2.0
 *
 * handover: list, show, draft, again, offer, accept, refuse.  At the machine it is done for a person (--as); the journal keeps both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "main/cli/remote.h"

static void
print_items(const json_t *o)
{
	static const char *const columns[] = { "N=n", "STATE=state", "KIND=kind", "REF=ref", "TENANT=tenant.id", "SEVERITY=severity", "DUE=due_at", "OWNER=owner.name.en", "TITLE=title.en", NULL };
	char a[64], b[64], c[64], d[64];

	printf("%s %s  %s %s → %s %s  %s\n", json_string_value(json_object_get(o, "number")), json_string_value(json_object_get(o, "state")),
	       remote_text(o, "from.site.name.en", a, sizeof a), remote_text(o, "from.lead.name.en", b, sizeof b), remote_text(o, "to.site.name.en", c, sizeof c),
	       remote_text(o, "to.lead.name.en", d, sizeof d), json_string_value(json_object_get(o, "at")));
	if (json_string_length(json_object_get(o, "words")) != 0)
		printf("“%s”\n", json_string_value(json_object_get(o, "words")));
	remote_print_table(json_object_get(o, "items"), columns);
}

static int
list(struct cli *c)
{
	static const char *const columns[] = { "NUMBER=number", "STATE=state", "AT=at", "DUE=due_at", "FROM=from.site.name.en", "LEAD=from.lead.name.en", "TO=to.site.name.en", "LEAD=to.lead.name.en",
		                               "OPEN=counts.open", "REFUSED=counts.refused", "LATE=counts.late", NULL };

	return remote_list(c, cli_has(c, "--all") ? "/api/v1/handovers" : "/api/v1/handovers?state=open", columns);
}

static bool
put_items(struct cli *c, json_t *body)
{
	json_t *items = json_array();
	const char *s;
	char *end;

	for (int i = 0; (s = cli_opt_at(c, "--item", i)) != NULL; i++) {
		json_array_append_new(items, json_integer(strtol(s, &end, 10)));
		if (*end != '\0' || end == s) {
			json_decref(items);
			return false;
		}
	}
	if (json_array_size(items) != 0)
		json_object_set(body, "items", items);
	json_decref(items);
	return true;
}

static void
put_text(struct cli *c, json_t *body, const char *option, const char *key)
{
	if (cli_opt(c, option, NULL) != NULL)
		json_object_set_new(body, key, json_string(cli_opt(c, option, NULL)));
}

static int
send(struct cli *c, const char *method, const char *path, json_t *body)
{
	json_t *out = NULL;
	int r;

	if (body != NULL)
		put_text(c, body, "--as", "as");
	r = remote_do(c, method, path, body, &out);
	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		print_items(out);
	json_decref(body);
	json_decref(out);
	return r;
}

static int
draft(struct cli *c)
{
	json_t *body = json_object(), *tenants = json_array();
	const char *s;

	for (int i = 0; (s = cli_opt_at(c, "--tenant", i)) != NULL; i++)
		json_array_append_new(tenants, json_string(s));
	if (json_array_size(tenants) != 0)
		json_object_set(body, "tenants", tenants);
	json_decref(tenants);
	put_text(c, body, "--to", "to");
	if (cli_opt(c, "--to", NULL) != NULL && cli_opt(c, "--as", NULL) != NULL)
		return send(c, "POST", "/api/v1/handovers", body);
	json_decref(body);
	return cli_usage(c, "draft wants --as and --to");
}

static int
act(struct cli *c, const char *what, const char *id)
{
	static const char *const acts[][2] = { { "again", "/api/v1/handovers/%s/draft" }, { "offer", "/api/v1/handovers/%s/offer" },
		                               { "accept", "/api/v1/handovers/%s/accept" }, { "refuse", "/api/v1/handovers/%s/refuse" } };
	json_t *body = json_object();

	put_text(c, body, "--words", "words");
	put_text(c, body, "--lang", "lang");
	put_text(c, body, "--reason", "reason");
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		if (strcmp(acts[i][0], what) == 0) {
			auto_free char *path = remote_path(acts[i][1], id);

			if (put_items(c, body))
				return send(c, "POST", path, body);
			json_decref(body);
			return cli_usage(c, "--item wants a number");
		}
	json_decref(body);
	return cli_usage(c, "wanted list, show ID, draft, again ID, offer ID, accept ID or refuse ID");
}

int
cli_handover(struct cli *c)
{
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);

	if (what != NULL && strcmp(what, "list") == 0 && id == NULL)
		return list(c);
	if (what != NULL && strcmp(what, "draft") == 0 && id == NULL)
		return draft(c);
	if (what != NULL && strcmp(what, "show") == 0 && id != NULL) {
		auto_free char *path = remote_path("/api/v1/handovers/%s", id);

		return send(c, "GET", path, NULL);
	}
	return what != NULL && id != NULL ? act(c, what, id) : cli_usage(c, "wanted list, show ID, draft, again ID, offer ID, accept ID or refuse ID");
}
