/* SPDX-License-Identifier: Apache-2.0
 *
 * site: list, lost, back.  What is said here moves duty and open work from one site to another at once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "main/cli/remote.h"

static const char *const columns[] = { "SITE=id", "STATE=state", "LOCAL=local_time", "ZONE=zone", "SINCE=lost.at", "BACK=lost.back_at", "STANDS IN=stood_in_by.site.name.en",
	                               "LEAD=stood_in_by.lead.name.en", "REASON=lost.reason", NULL };

static int
send(struct cli *c, const char *path, json_t *body)
{
	json_t *out = NULL, *one;
	int r = remote_do(c, "POST", path, body, &out);

	if (r == CLI_DONE && cli_has(c, "--json")) {
		remote_print_json(out);
	} else if (r == CLI_DONE) {
		one = json_pack("[O]", out);
		remote_print_table(one, columns);
		json_decref(one);
	}
	json_decref(body);
	json_decref(out);
	return r;
}

static void
put(struct cli *c, json_t *body, const char *option, const char *key)
{
	if (cli_opt(c, option, NULL) != NULL)
		json_object_set_new(body, key, json_string(cli_opt(c, option, NULL)));
}

static int
lost(struct cli *c, const char *site)
{
	auto_free char *path = remote_path("/api/v1/sites/%s/lost", site);
	json_t *body;

	if (cli_opt(c, "--reason", NULL) == NULL)
		return cli_usage(c, "lost wants --reason");
	body = json_object();
	put(c, body, "--reason", "reason");
	put(c, body, "--lang", "lang");
	put(c, body, "--stand-in", "stand_in");
	return send(c, path, body);
}

static int
back(struct cli *c, const char *site)
{
	auto_free char *path = remote_path("/api/v1/sites/%s/back", site);
	const char *after = cli_opt(c, "--after", NULL);
	json_t *body = json_object();
	char *end = NULL;

	put(c, body, "--reason", "reason");
	put(c, body, "--lang", "lang");
	if (after != NULL)
		json_object_set_new(body, "after_s", json_integer(strtol(after, &end, 10)));
	if (after == NULL || (*end == '\0' && end != after))
		return send(c, path, body);
	json_decref(body);
	return cli_usage(c, "--after wants seconds");
}

int
cli_site(struct cli *c)
{
	const char *what = cli_operand(c, 0), *site = cli_operand(c, 1);

	if (what != NULL && strcmp(what, "list") == 0 && site == NULL)
		return remote_list(c, "/api/v1/sites", columns);
	if (what != NULL && strcmp(what, "lost") == 0 && site != NULL)
		return lost(c, site);
	if (what != NULL && strcmp(what, "back") == 0 && site != NULL)
		return back(c, site);
	return cli_usage(c, "wanted list, lost SITE or back SITE");
}
