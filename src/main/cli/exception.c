/* SPDX-License-Identifier: Apache-2.0
 *
 * exception: list, show, preview, add, approve, end.  What is added waits for a lead or an engineer who did not write it.
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
	static const char *const columns[] = { "NUMBER=number", "STATE=state", "TENANT=tenant.id", "RULE=rule", "HID=detections", "LAST=last_at", "UNTIL=expires_at",
		                               "OWNER=owner.name.en", "REASON=reason", NULL };
	const char *tenant = cli_opt(c, "--tenant", NULL);
	auto_free char *path = tenant != NULL ? remote_path("/api/v1/exceptions?tenant=%s", tenant) : x_strdup("/api/v1/exceptions");

	return remote_list(c, path, columns);
}

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
print(struct cli *c, int r, json_t *out)
{
	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		printf("%s %s\n", json_string_value(json_object_get(out, "number")), json_string_value(json_object_get(out, "state")));
	json_decref(out);
	return r;
}

static int
add(struct cli *c)
{
	const char *tenant = cli_opt(c, "--tenant", NULL), *reason = cli_opt(c, "--reason", NULL), *rule = cli_opt(c, "--rule", NULL), *owner = cli_opt(c, "--owner", NULL);
	json_t *conditions = json_array(), *body, *out = NULL;
	char until[36], *end;
	long days = strtol(cli_opt(c, "--days", "30"), &end, 10);
	int r;

	if (tenant == NULL || reason == NULL || owner == NULL || *end != '\0' || days < 1 || days > 366) {
		json_decref(conditions);
		return cli_usage(c, "add wants --tenant, --reason, --owner, and --days from 1 to 366");
	}
	put_conditions(c, conditions);
	time_format_rfc3339(until, clock_now(clock_real()) + days * NS_PER_DAY - 60 * NS_PER_S, 3); /* the service's clock may be behind */
	body = json_pack("{s:s, s:s, s:s, s:s, s:o}", "tenant", tenant, "reason", reason, "owner", owner, "expires_at", until, "conditions", conditions);
	if (rule != NULL)
		json_object_set_new(body, "rule", json_string(rule));
	r = remote_do(c, "POST", "/api/v1/exceptions", body, &out);
	json_decref(body);
	return print(c, r, out);
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

static int
approve(struct cli *c, const char *id)
{
	const char *as = cli_opt(c, "--as", NULL);
	auto_free char *path = remote_path("/api/v1/exceptions/%s/approve", id);
	json_t *body, *out = NULL;
	int r;

	if (as == NULL)
		return cli_usage(c, "approve wants --as LOGIN");
	body = json_pack("{s:s}", "as", as);
	if (cli_has(c, "--anyway"))
		json_object_set_new(body, "anyway", json_true());
	r = remote_do(c, "POST", path, body, &out);
	json_decref(body);
	return print(c, r, out);
}

static int
end_it(struct cli *c, const char *id)
{
	const char *reason = cli_opt(c, "--reason", NULL);
	auto_free char *path = remote_path("/api/v1/exceptions/%s/end", id);
	json_t *body = json_object(), *out = NULL;
	int r;

	if (reason != NULL)
		json_object_set_new(body, "text", json_string(reason));
	r = remote_do(c, "POST", path, body, &out);
	json_decref(body);
	return print(c, r, out);
}

int
cli_exception(struct cli *c)
{
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);

	if (what != NULL && strcmp(what, "list") == 0 && id == NULL)
		return list(c);
	if (what != NULL && strcmp(what, "add") == 0 && id == NULL)
		return add(c);
	if (what != NULL && strcmp(what, "preview") == 0 && id == NULL)
		return preview(c);
	if (what != NULL && strcmp(what, "approve") == 0 && id != NULL)
		return approve(c, id);
	if (what != NULL && strcmp(what, "end") == 0 && id != NULL)
		return end_it(c, id);
	if (what != NULL && strcmp(what, "show") == 0 && id != NULL) {
		auto_free char *path = remote_path("/api/v1/exceptions/%s", id);
		json_t *out = NULL;
		int r = remote_do(c, "GET", path, NULL, &out);

		if (r == CLI_DONE)
			remote_print_json(out);
		json_decref(out);
		return r;
	}
	return cli_usage(c, "wanted list, preview, add, or show, approve or end with an ID");
}
