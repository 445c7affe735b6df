/* SPDX-License-Identifier: Apache-2.0
 *
 * webhook: list, add, show, change, log, test, rotate, pause, resume, remove, redeliver.  A secret is printed once, by add and rotate.
 * apikey: list, add, show, end.  A key is printed once, by add.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "main/cli/act.h"

int
cli_webhook(struct cli *c)
{
	static const char *const columns[] = { "NUMBER=number", "STATE=state", "TENANT=tenant.id", "FORMAT=format", "NAME=name", "URL=url", "DELIVERED=delivered_at", "FAILING=failing_at",
		                               "WAITING=waiting", NULL };
	static const char *const log[] = { "DELIVERY=delivery", "EVENT=event", "INCIDENT=incident", "STATE=state", "OUTCOME=outcome", "CODE=code", "ATTEMPTS=attempts", "AT=queued_at",
		                           "NEXT=next_at", "TEXT=text", NULL };
	static const struct act acts[] = {
		{ "list", "GET", "/api/v1/webhooks", "tenant", columns },
		{ "add", "POST", "/api/v1/webhooks", "tenant !name !url !event+=events format lang raw? days#", NULL },
		{ "show", "GET", "/api/v1/webhooks/%s", NULL, NULL },
		{ "change", "PATCH", "/api/v1/webhooks/%s", "name url event+=events format lang raw? days#", NULL },
		{ "log", "GET", "/api/v1/webhooks/%s/deliveries", NULL, log },
		{ "test", "POST", "/api/v1/webhooks/%s/test", NULL, NULL },
		{ "rotate", "POST", "/api/v1/webhooks/%s/rotate", "overlap#=overlap_h", NULL },
		{ "remove", "DELETE", "/api/v1/webhooks/%s", NULL, NULL },
		{ "redeliver", "POST", "/api/v1/webhooks/%s/deliveries/%s/redeliver", NULL, NULL },
		{ 0 },
	};
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);
	bool pause = what != NULL && strcmp(what, "pause") == 0;

	if (id != NULL && (pause || strcmp(what, "resume") == 0))
		return act_tell(c, "PATCH", "/api/v1/webhooks/%s", id, json_pack("{s:s}", "state", pause ? "paused" : "active"));
	return act_run(c, acts);
}

/* The service wants the moment when it ends. */
static int
apikey_add(struct cli *c)
{
	json_t *body = NULL;
	char until[36], *end;
	long days = strtol(cli_opt(c, "--days", "90"), &end, 10);
	int r;

	if (*end != '\0' || days < 1 || days > 366)
		return cli_usage(c, "--days wants 1 to 366");
	if ((r = act_body(c, "add", "!tenant !name !scope+=scopes", &body)) != CLI_DONE)
		return r;
	time_format_rfc3339(until, clock_now(clock_real()) + days * NS_PER_DAY - 60 * NS_PER_S, 3); /* the service's clock may be behind */
	json_object_set_new(body, "expires_at", json_string(until));
	return act_tell(c, "POST", "/api/v1/keys", NULL, body);
}

int
cli_apikey(struct cli *c)
{
	static const char *const columns[] = { "NUMBER=number", "STATE=state", "TENANT=tenant.id", "NAME=name", "SCOPES=scopes", "UNTIL=expires_at", "USED=used_at", "FROM=used_from", NULL };
	static const struct act acts[] = {
		{ "list", "GET", "/api/v1/keys", "tenant", columns },
		{ "show", "GET", "/api/v1/keys/%s", NULL, NULL },
		{ "end", "POST", "/api/v1/keys/%s/end", NULL, NULL },
		{ 0 },
	};

	if (cli_operands(c) == 1 && strcmp(cli_operand(c, 0), "add") == 0)
		return apikey_add(c);
	return act_run(c, acts);
}
