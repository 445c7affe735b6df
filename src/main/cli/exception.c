/* SPDX-License-Identifier: Apache-2.0
 *
 * exception: list, show, preview, add, approve, end.  What is added waits for a lead or an engineer who did not write it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "main/cli/act.h"

static void
put_conditions(struct cli *c, json_t *conditions)
{
	static const char *const options[][2] = { { "--host", "host" }, { "--user", "user" }, { "--address", "ip" }, { "--network", "net" } };
	const char *value;

	for (size_t k = 0; k < sizeof options / sizeof *options; k++)
		for (int i = 0; (value = cli_opt_at(c, options[k][0], i)) != NULL; i++)
			json_array_append_new(conditions, json_pack("{s:s, s:s}", "kind", options[k][1], "value", value));
}

static int
add(struct cli *c)
{
	const char *tenant = cli_opt(c, "--tenant", NULL), *reason = cli_opt(c, "--reason", NULL), *rule = cli_opt(c, "--rule", NULL), *owner = cli_opt(c, "--owner", NULL);
	json_t *conditions = json_array(), *body;
	char until[36], *end;
	long days = strtol(cli_opt(c, "--days", "30"), &end, 10);

	if (tenant == NULL || reason == NULL || owner == NULL || *end != '\0' || days < 1 || days > 366) {
		json_decref(conditions);
		return cli_usage(c, "add wants --tenant, --reason, --owner, and --days from 1 to 366");
	}
	put_conditions(c, conditions);
	time_format_rfc3339(until, clock_now(clock_real()) + days * NS_PER_DAY - 60 * NS_PER_S, 3); /* the service's clock may be behind */
	body = json_pack("{s:s, s:s, s:s, s:s, s:o}", "tenant", tenant, "reason", reason, "owner", owner, "expires_at", until, "conditions", conditions);
	if (rule != NULL)
		json_object_set_new(body, "rule", json_string(rule));
	return act_tell(c, "POST", "/api/v1/exceptions", NULL, body);
}

/* Prints what such a one would have hidden; 1 when an incident is among it. */
static int
preview(struct cli *c)
{
	const char *tenant = cli_opt(c, "--tenant", NULL), *rule = cli_opt(c, "--rule", NULL);
	json_t *conditions = json_array(), *body, *out = NULL, *incidents;
	int r;

	put_conditions(c, conditions);
	if (tenant == NULL || (rule == NULL && json_array_size(conditions) == 0)) {
		json_decref(conditions);
		return cli_usage(c, "preview wants --tenant, and --rule or a condition");
	}
	body = json_pack("{s:s, s:o}", "tenant", tenant, "conditions", conditions);
	if (rule != NULL)
		json_object_set_new(body, "rule", json_string(rule));
	r = remote_do(c, "POST", "/api/v1/exceptions/preview", body, &out);
	json_decref(body);
	incidents = json_object_get(out, "incidents");
	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		printf("%lld detections and %zu incidents in %lld days%s\n", (long long)json_integer_value(json_object_get(out, "detections")), json_array_size(incidents),
		       (long long)json_integer_value(json_object_get(out, "days")), json_is_true(json_object_get(out, "cut")) ? ", of the newest only" : "");
	if (r == CLI_DONE && json_array_size(incidents) != 0)
		r = CLI_PROBLEMS;
	json_decref(out);
	return r;
}

int
cli_exception(struct cli *c)
{
	static const char *const columns[] = { "NUMBER=number", "STATE=state", "TENANT=tenant.id", "RULE=rule", "HID=detections", "LAST=last_at", "UNTIL=expires_at",
		                               "OWNER=owner.name.en", "REASON=reason", NULL };
	static const struct act acts[] = {
		{ "list", "GET", "/api/v1/exceptions", "tenant", columns },
		{ "show", "GET", "/api/v1/exceptions/%s", NULL, NULL },
		{ "approve", "POST", "/api/v1/exceptions/%s/approve", "!as anyway?", NULL },
		{ "end", "POST", "/api/v1/exceptions/%s/end", "reason=text", NULL },
		{ 0 },
	};
	const char *what = cli_operand(c, 0);

	if (what != NULL && cli_operands(c) == 1 && strcmp(what, "add") == 0)
		return add(c);
	if (what != NULL && cli_operands(c) == 1 && strcmp(what, "preview") == 0)
		return preview(c);
	return act_run(c, acts);
}
