/* SPDX-License-Identifier: Apache-2.0
 *
 * incident: queue, list, show, decide, and what case.c tells.  C-… is a candidate, anything else an incident.
 * candidate: list, show, decide, and the same acts for candidates alone.
 * Without --severity `decide` takes the proposal; the answers of the form follow from the severity.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "main/cli/case.h"
#include "main/cli/remote.h"

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
	static const char *const columns[] = { "KIND=kind", "NUMBER=number", "PROPOSED=proposal.severity", "SEVERITY=severity", "DUE=due_at", "TENANT=tenant.id",
		                               "DETECTIONS=detections", "OWNER=owner.name.en", "TITLE=title.en", NULL };
	const char *tenant = cli_opt(c, "--tenant", NULL);
	auto_free char *path = tenant != NULL ? remote_path("/api/v1/queue?kind=all&limit=500&tenant=%s", tenant) : x_strdup("/api/v1/queue?kind=all&limit=500");

	return remote_list(c, path, columns);
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
	r = case_send(c, "POST", "/api/v1/candidates/%s/decide", id, body);
	json_decref(body);
	json_decref(shown);
	return r;
}

static int
show(struct cli *c, const char *path_fmt, const char *id)
{
	auto_free char *path = remote_path(path_fmt, id);
	json_t *out = NULL;
	int r = remote_do(c, "GET", path, NULL, &out);

	if (r == CLI_DONE)
		remote_print_json(out);
	json_decref(out);
	return r;
}

int
cli_incident(struct cli *c)
{
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);

	if (what == NULL)
		return cli_usage(c, "wanted queue, list, or a word and an ID");
	if (strcmp(what, "list") == 0 && id == NULL)
		return list_incidents(c);
	if (strcmp(what, "queue") == 0 && id == NULL)
		return list_queue(c);
	if (id == NULL)
		return cli_usage(c, "%s wants an id", what);
	if (strcmp(what, "show") == 0)
		return show(c, case_is_candidate(id) ? "/api/v1/candidates/%s" : "/api/v1/incidents/%s", id);
	if (strcmp(what, "decide") == 0)
		return decide(c, id);
	return case_act(c, what, id, case_is_candidate(id));
}

static int
list_candidates(struct cli *c)
{
	static const char *const columns[] = { "CANDIDATE=number", "STATE=state", "TENANT=tenant.id", "PROPOSED=proposal.severity", "CLOSED=closed.at", "REASON=closed.reason",
		                               "AGAIN=asked_again_at", "TITLE=title.en", NULL };
	const char *tenant = cli_opt(c, "--tenant", NULL);
	auto_buf struct buf path = { 0 };

	buf_put_str(&path, "/api/v1/candidates");
	remote_query(&path, "limit", "500");
	remote_query(&path, "state", cli_opt(c, "--state", "open"));
	if (tenant != NULL)
		remote_query(&path, "tenant", tenant);
	return remote_list(c, buf_cstr(&path), columns);
}

int
cli_candidate(struct cli *c)
{
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);

	if (what == NULL)
		return cli_usage(c, "wanted list, or a word and an ID");
	if (strcmp(what, "list") == 0 && id == NULL)
		return list_candidates(c);
	if (id == NULL)
		return cli_usage(c, "%s wants an id", what);
	if (strcmp(what, "show") == 0)
		return show(c, "/api/v1/candidates/%s", id);
	if (strcmp(what, "decide") == 0)
		return decide(c, id);
	return case_act(c, what, id, true);
}
