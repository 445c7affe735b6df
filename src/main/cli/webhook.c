/* SPDX-License-Identifier: Apache-2.0
 *
 * webhook: list, add, show, log, test, rotate, pause, resume, remove, redeliver.  A secret is printed once, by add and rotate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "main/cli/remote.h"

static int
list(struct cli *c)
{
	static const char *const columns[] = { "NUMBER=number", "STATE=state", "TENANT=tenant.id", "FORMAT=format", "NAME=name", "URL=url", "DELIVERED=delivered_at", "FAILING=failing_at",
		                               "WAITING=waiting", NULL };
	const char *tenant = cli_opt(c, "--tenant", NULL);
	auto_free char *path = tenant != NULL ? remote_path("/api/v1/webhooks?tenant=%s", tenant) : x_strdup("/api/v1/webhooks");

	return remote_list(c, path, columns);
}

static int
log_of(struct cli *c, const char *id)
{
	static const char *const columns[] = { "DELIVERY=delivery", "EVENT=event", "INCIDENT=incident", "STATE=state", "OUTCOME=outcome", "CODE=code", "ATTEMPTS=attempts", "AT=queued_at",
		                               "NEXT=next_at", "TEXT=text", NULL };
	auto_free char *path = remote_path("/api/v1/webhooks/%s/deliveries", id);

	return remote_list(c, path, columns);
}

static int
print(struct cli *c, int r, json_t *out)
{
	const char *secret = json_string_value(json_object_get(out, "secret"));

	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE && out != NULL)
		printf("%s %s%s%s\n", json_string_value(json_object_get(out, "number")), json_string_value(json_object_get(out, "state")), secret != NULL ? " " : "",
		       secret != NULL ? secret : "");
	json_decref(out);
	return r;
}

static int
add(struct cli *c)
{
	static const char *const plain[][2] = { { "--tenant", "tenant" }, { "--name", "name" }, { "--url", "url" }, { "--format", "format" }, { "--lang", "lang" } };
	json_t *body = json_pack("{s:[], s:b}", "events", "raw", cli_has(c, "--raw")), *out = NULL;
	const char *event;
	int r;

	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (cli_opt(c, plain[i][0], NULL) != NULL)
			json_object_set_new(body, plain[i][1], json_string(cli_opt(c, plain[i][0], NULL)));
	for (int i = 0; (event = cli_opt_at(c, "--event", i)) != NULL; i++)
		json_array_append_new(json_object_get(body, "events"), json_string(event));
	r = remote_do(c, "POST", "/api/v1/webhooks", body, &out);
	json_decref(body);
	return print(c, r, out);
}

static int
change(struct cli *c, const char *method, const char *id, const char *under, json_t *body)
{
	auto_free char *path = remote_path("/api/v1/webhooks/%s", id), *full = x_asprintf("%s%s", path, under);
	json_t *out = NULL;
	int r;

	r = remote_do(c, method, full, body, &out);
	json_decref(body);
	return print(c, r, out);
}

static int
rotate(struct cli *c, const char *id)
{
	const char *hours = cli_opt(c, "--overlap", "24");
	char *end;
	long n = strtol(hours, &end, 10);

	if (*hours == '\0' || *end != '\0' || n < 0 || n > 168)
		return cli_usage(c, "--overlap wants 0 to 168 hours");
	return change(c, "POST", id, "/rotate", json_pack("{s:i}", "overlap_h", (int)n));
}

static int
redeliver(struct cli *c, const char *id, const char *delivery)
{
	auto_free char *under = NULL;

	if (delivery == NULL || delivery[0] == '\0' || strspn(delivery, "0123456789") != strlen(delivery))
		return cli_usage(c, "redeliver wants an ID and the number of a delivery");
	under = x_asprintf("/deliveries/%s/redeliver", delivery);
	return change(c, "POST", id, under, NULL);
}

int
cli_webhook(struct cli *c)
{
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);

	if (what != NULL && strcmp(what, "list") == 0 && id == NULL)
		return list(c);
	if (what != NULL && strcmp(what, "add") == 0 && id == NULL)
		return add(c);
	if (what == NULL || id == NULL)
		return cli_usage(c, "wanted list, add, or show, log, test, rotate, pause, resume, remove or redeliver with an ID");
	if (strcmp(what, "show") == 0)
		return change(c, "GET", id, "", NULL);
	if (strcmp(what, "log") == 0)
		return log_of(c, id);
	if (strcmp(what, "test") == 0)
		return change(c, "POST", id, "/test", NULL);
	if (strcmp(what, "rotate") == 0)
		return rotate(c, id);
	if (strcmp(what, "pause") == 0 || strcmp(what, "resume") == 0)
		return change(c, "PATCH", id, "", json_pack("{s:s}", "state", what[0] == 'p' ? "paused" : "active"));
	if (strcmp(what, "remove") == 0)
		return change(c, "DELETE", id, "", NULL);
	if (strcmp(what, "redeliver") == 0)
		return redeliver(c, id, cli_operand(c, 2));
	return cli_usage(c, "wanted list, add, show, log, test, rotate, pause, resume, remove or redeliver");
}
