/* SPDX-License-Identifier: Apache-2.0
 *
 * incident: queue, list, show, claim, decide, close.  C-… is a candidate, anything else an incident.
 * Without --severity `decide` takes the proposal; the answers of the form follow from the severity.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "main/cli/remote.h"

static bool
is_candidate(const char *id)
{
	return strncmp(id, "C-", 2) == 0 || strlen(id) == 26;
}

static int
list_incidents(struct cli *c)
{
	static const char *const columns[] = { "ID=id", "SEVERITY=severity", "STATE=state", "DECIDED=decided_at", "ACK=acknowledged", "TITLE=title.en", NULL };
	const char *tenant = cli_opt(c, "--tenant", NULL);
	auto_free char *path = tenant != NULL ? remote_path("/api/v1/incidents?limit=500&tenant=%s", tenant) : x_strdup("/api/v1/incidents?limit=500");

	return remote_list(c, path, columns);
}

static int
list_queue(struct cli *c)
{
	static const char *const columns[] = { "CANDIDATE=number", "PROPOSED=proposal.severity", "LINE=proposal.line", "DUE=clock.due_at", "TENANT=tenant.id",
		                               "DETECTIONS=detections", "OWNER=owner.name.en", "TITLE=title.en", NULL };
	const char *tenant = cli_opt(c, "--tenant", NULL);
	auto_free char *path = tenant != NULL ? remote_path("/api/v1/queue?limit=500&tenant=%s", tenant) : x_strdup("/api/v1/queue?limit=500");

	return remote_list(c, path, columns);
}

static int
post(struct cli *c, const char *fmt, const char *id, const json_t *body)
{
	auto_free char *path = remote_path(fmt, id);
	json_t *out = NULL;
	int r = remote_do(c, "POST", path, body, &out);

	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		printf("%s\n", json_string_value(json_object_get(out, json_object_get(out, "number") != NULL && json_object_get(out, "decided_at") == NULL ? "number" : "id")));
	json_decref(out);
	return r;
}

static json_t *
answers_for(const char *severity)
{
	bool emergency = strcmp(severity, "emergency") == 0, critical = strcmp(severity, "critical") == 0, warning = strcmp(severity, "warning") == 0;

	return json_pack("{s:s, s:s, s:s, s:s}", "real", "yes", "success", emergency ? "yes" : "no", "possible",
	                 emergency || critical ? "yes" : "unlikely", "check", emergency || critical || warning ? "yes" : "no");
}

static int
decide(struct cli *c, const char *id)
{
	const char *severity = cli_opt(c, "--severity", NULL), *reason = cli_opt(c, "--reason", NULL);
	auto_free char *path = remote_path("/api/v1/candidates/%s", id);
	json_t *shown = NULL, *body;
	int r = remote_do(c, "GET", path, NULL, &shown);

	if (r != CLI_DONE)
		return r;
	if (severity == NULL)
		severity = json_string_value(json_object_get(json_object_get(shown, "proposal"), "severity"));
	if (severity == NULL) {
		json_decref(shown);
		return cli_could_not(c, "%s has no proposal", id);
	}
	body = json_pack("{s:s, s:o, s:O*}", "severity", severity, "answers", answers_for(severity), "evidence",
	                 json_object_get(json_object_get(shown, "form"), "evidence"));
	if (reason != NULL)
		json_object_set_new(body, "reason", json_string(reason));
	r = post(c, "/api/v1/candidates/%s/decide", id, body);
	json_decref(body);
	json_decref(shown);
	return r;
}

static int
close_it(struct cli *c, const char *id)
{
	const char *reason = cli_opt(c, "--reason", NULL);
	json_t *body;
	int r;

	if (reason == NULL)
		return cli_usage(c, "close wants --reason");
	body = json_pack("{s:s}", is_candidate(id) ? "reason" : "code", reason);
	r = post(c, is_candidate(id) ? "/api/v1/candidates/%s/close" : "/api/v1/incidents/%s/close", id, body);
	json_decref(body);
	return r;
}

static int
claim(struct cli *c, const char *id)
{
	const char *as = cli_opt(c, "--as", NULL);
	json_t *body;
	int r;

	if (as == NULL)
		return cli_usage(c, "claim wants --as LOGIN");
	body = json_pack("{s:s}", "as", as);
	r = post(c, "/api/v1/candidates/%s/claim", id, body);
	json_decref(body);
	return r;
}

int
cli_incident(struct cli *c)
{
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);

	if (what == NULL)
		return cli_usage(c, "wanted queue, list, show, claim, decide or close");
	if (strcmp(what, "list") == 0 && id == NULL)
		return list_incidents(c);
	if (strcmp(what, "queue") == 0 && id == NULL)
		return list_queue(c);
	if (id == NULL)
		return cli_usage(c, "%s wants an id", what);
	if (strcmp(what, "show") == 0) {
		auto_free char *path = remote_path(is_candidate(id) ? "/api/v1/candidates/%s" : "/api/v1/incidents/%s", id);
		json_t *out = NULL;
		int r = remote_do(c, "GET", path, NULL, &out);

		if (r == CLI_DONE)
			remote_print_json(out);
		json_decref(out);
		return r;
	}
	if (strcmp(what, "decide") == 0)
		return decide(c, id);
	if (strcmp(what, "close") == 0)
		return close_it(c, id);
	if (strcmp(what, "claim") == 0)
		return claim(c, id);
	return cli_usage(c, "unknown word %s", what);
}
