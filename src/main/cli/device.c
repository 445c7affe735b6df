/* SPDX-License-Identifier: Apache-2.0
 *
 * device, network, asset: what a tenant's site consists of.  A device that is registered here waits for the word of a lead or
 * an engineer in the console: the local socket is nobody in particular and approves nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "codec/timefmt.h"
#include "main/cli/act.h"

/* ---- device ---- */

/* What the store made of its first line; nothing when the store cannot be asked. */
static json_t *
first_line(struct cli *c, const json_t *reg)
{
	const char *tenant = json_string_value(json_object_get(reg, "tenant")), *device = json_string_value(json_object_get(reg, "device"));
	const char *at = json_string_value(json_object_get(reg, "decided_at"));
	auto_free char *q = NULL;
	auto_buf struct buf path = { 0 };
	struct remote_answer a = { 0 };
	char received[36], from[36], to[36];
	json_t *event = NULL;
	int64_t t;

	if (at == NULL || device == NULL || time_parse_rfc3339(slice_str(at), &t) != 0)
		return NULL;
	/* by our own clock: a new device's may be a day off, and that is what one wants to see */
	time_format_rfc3339(received, t - 60 * NS_PER_S, 3);
	time_format_rfc3339(from, t - 2 * NS_PER_DAY, 0);
	time_format_rfc3339(to, t + 2 * NS_PER_DAY, 0);
	q = x_asprintf("where nezuban.device == \"%s\" and nezuban.received >= datetime(%s) | sort by nezuban.received asc | take 1", device, received);

	buf_put_str(&path, "/api/v1/logs");
	remote_query(&path, "tenant", tenant != NULL ? tenant : "");
	remote_query(&path, "q", q);
	remote_query(&path, "from", from);
	remote_query(&path, "to", to);
	if (remote_call(c, "GET", buf_cstr(&path), NULL, &a) == CLI_DONE && a.status == 200)
		event = json_incref(json_array_get(json_object_get(a.body, "items"), 0));
	json_decref(a.body);
	return event;
}

static int
device_show(struct cli *c, const char *id)
{
	auto_free char *path = remote_path("/api/v1/registrations/%s", id);
	json_t *out = NULL, *event;
	int r = remote_do(c, "GET", path, NULL, &out);

	if (r == CLI_DONE) {
		event = strcmp(json_string_value(json_object_get(out, "state")) ?: "", "live") == 0 ? first_line(c, out) : NULL;
		json_object_set_new(out, "first_line", event != NULL ? event : json_null());
		remote_print_json(out);
	}
	json_decref(out);
	return r;
}

int
cli_device(struct cli *c)
{
	static const char *const registrations[] = { "STATE=state", "TENANT=tenant", "DEVICE=device", "SOURCE=source", "ADDRESS=address", "COLLECTOR=lcp", "ASKED=asked_at", "BY=asked_by.en",
		                                     "LIVE=live_at", "LATE=late_at", "ID=id", NULL };
	static const char *const heard[] = { "TENANT=tenant", "DEVICE=id", "STATE=state", "COLLECTOR=lcp", "SOURCE=source", "LAST=last_at", "TODAY=lines_today", "DROPPED=dropped", NULL };
	static const struct act acts[] = {
		{ "list", "GET", "/api/v1/registrations", "tenant state", registrations },
		{ "status", "GET", "/api/v1/devices", "tenant", heard },
		{ "refuse", "POST", "/api/v1/registrations/%s/refuse", "!reason", NULL },
		{ "withdraw", "POST", "/api/v1/registrations/%s/withdraw", NULL, NULL },
		{ 0 },
	};
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);
	json_t *body = NULL;
	int r;

	if (what != NULL && id != NULL && strcmp(what, "show") == 0)
		return device_show(c, id);
	if (what == NULL || id == NULL || strcmp(what, "register") != 0)
		return act_run(c, acts);
	if ((r = act_body(c, what, "!tenant source transport address lcp zone note@", &body)) != CLI_DONE)
		return r;
	json_object_set_new(body, "device", json_string(id));
	return act_tell(c, "POST", "/api/v1/registrations", NULL, body);
}

/* ---- network, asset ---- */

/* "/api/v1/tenants/aoba/networks[/name]" */
static char *
list_path(const char *tenant, const char *list, const char *name)
{
	auto_free char *head = remote_path("/api/v1/tenants/%s", tenant), *tail = name != NULL ? remote_path("/%s", name) : x_strdup("");

	return x_asprintf("%s/%s%s", head, list, tail);
}

static int
rows_list(struct cli *c, const char *tenant, const char *list, const char *const *columns)
{
	auto_free char *path = remote_path("/api/v1/tenants/%s", tenant);
	json_t *out = NULL;
	int r = remote_do(c, "GET", path, NULL, &out);

	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(json_object_get(out, list));
	else if (r == CLI_DONE)
		remote_print_table(json_object_get(out, list), columns);
	json_decref(out);
	return r;
}

static int
change(struct cli *c, const char *method, const char *tenant, const char *list, const char *name, json_t *body)
{
	auto_free char *path = list_path(tenant, list, strcmp(method, "POST") == 0 ? NULL : name);
	json_t *out = NULL;
	int r;

	if (body != NULL && strcmp(method, "POST") == 0)
		json_object_set_new(body, "name", json_string(name));
	r = remote_do(c, method, path, body, &out);
	json_decref(body);
	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(json_object_get(out, list));
	json_decref(out);
	return r;
}

static const char *
method_of(const char *what)
{
	return what == NULL ? NULL : strcmp(what, "add") == 0 ? "POST" : strcmp(what, "change") == 0 ? "PATCH" : strcmp(what, "remove") == 0 ? "DELETE" : NULL;
}

int
cli_network(struct cli *c)
{
	static const char *const columns[] = { "NAME=name", "NETWORK=cidr", NULL };
	const char *what = cli_operand(c, 0), *tenant = cli_operand(c, 1), *name = cli_operand(c, 2), *cidr = cli_operand(c, 3), *method = method_of(what);

	if (what != NULL && strcmp(what, "list") == 0 && tenant != NULL && name == NULL)
		return rows_list(c, tenant, "networks", columns);
	if (method == NULL || name == NULL || (cidr == NULL) != (strcmp(method, "DELETE") == 0))
		return cli_usage(c, "wanted list TENANT, add or change TENANT NAME CIDR, or remove TENANT NAME");
	return change(c, method, tenant, "networks", name, cidr != NULL ? json_pack("{s:s}", "cidr", cidr) : NULL);
}

static json_t *
asset_body(struct cli *c)
{
	static const char *const lists[][2] = { { "--address", "addresses" }, { "--host", "hosts" }, { "--vulnerable", "vulnerable" } };
	const char *value = cli_opt(c, "--value", NULL), *v;
	json_t *o = json_object();

	if (value != NULL)
		json_object_set_new(o, "value", json_integer(strtol(value, NULL, 10)));
	for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
		for (int i = 0; (v = cli_opt_at(c, lists[k][0], i)) != NULL; i++) {
			if (json_object_get(o, lists[k][1]) == NULL)
				json_object_set_new(o, lists[k][1], json_array());
			json_array_append_new(json_object_get(o, lists[k][1]), json_string(v));
		}
	if (cli_has(c, "--shared"))
		json_object_set_new(o, "shared", json_true());
	return o;
}

int
cli_asset(struct cli *c)
{
	static const char *const columns[] = { "NAME=name", "VALUE=value", "ADDRESS=addresses", "HOST=hosts", "VULNERABLE=vulnerable", NULL };
	const char *what = cli_operand(c, 0), *tenant = cli_operand(c, 1), *name = cli_operand(c, 2), *method = method_of(what);
	const char *value = cli_opt(c, "--value", NULL);

	if (what != NULL && strcmp(what, "list") == 0 && tenant != NULL && name == NULL)
		return rows_list(c, tenant, "assets", columns);
	if (value != NULL && (strlen(value) != 1 || value[0] < '0' || value[0] > '3'))
		return cli_usage(c, "--value is 0 to 3");
	if (method == NULL || name == NULL || cli_operand(c, 3) != NULL)
		return cli_usage(c, "wanted list TENANT, or add, change or remove TENANT NAME");
	return change(c, method, tenant, "assets", name, strcmp(method, "DELETE") != 0 ? asset_body(c) : NULL);
}
