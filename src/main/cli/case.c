/* SPDX-License-Identifier: Apache-2.0
 *
 * Acts on one case, a row each: where it goes for a candidate and for an incident, and which options make its body.
 * A word that has no door for this kind of case says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "main/cli/act.h"
#include "main/cli/case.h"

static const struct {
	const char *word, *candidate, *incident, *spec;
} acts[] = {
#define C "/api/v1/candidates/%s/"
#define I "/api/v1/incidents/%s/"
	{ "claim", C "claim", I "claim", "!as" },
	{ "assign", C "assign", I "assign", "!to" },
	{ "merge", C "merge", I "merge", "!into" },
	{ "split", C "split", I "split", "!detection+=detections" },
	{ "attach", C "attach", NULL, "!detection+=detections" },
	{ "attach", NULL, I "attach", "!detection+=detections evidence?" },
	{ "release", C "release", NULL, NULL },
	{ "note", C "note", NULL, "!text@" },
	{ "note", NULL, I "comments", "!text@ lang" },
	{ "close", C "close", NULL, "!reason text@=facts.en" },
	{ "close", NULL, I "close", "!reason=code text@=text.en" },
	{ "reopen", C "reopen", NULL, NULL },
	{ "reopen", NULL, I "reopen", "!text@" },
	{ "relate", NULL, I "related", "!to=other !reason lang" },
	{ "task", NULL, I "tasks", "!text@ !owner due=due_at lang" },
	{ "confirm", NULL, I "confirm", "!as" },
	{ "refuse", NULL, I "refuse", "!as reason=text" },
	{ "answer", NULL, I "answer", "!code !as text@ lang" },
	{ "acknowledge", NULL, I "acknowledge", "!by" },
	{ "attempt", NULL, I "attempt", "!contact !outcome text@" },
	{ "cause", I "cause", I "cause", "!clock=kind !code=cause !text@" },
#undef C
#undef I
};

bool
case_is_candidate(const char *id)
{
	return strncmp(id, "C-", 2) == 0 || strlen(id) == 26;
}

int
case_send(struct cli *c, const char *method, const char *fmt, const char *id, const json_t *body)
{
	auto_free char *path = remote_path(fmt, id);
	json_t *out = NULL;
	int r = remote_do(c, method, path, body, &out);

	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		printf("%s\n", json_string_value(json_object_get(out, json_object_get(out, "number") != NULL && json_object_get(out, "decided_at") == NULL ? "number" : "id")));
	json_decref(out);
	return r;
}

static int
run(struct cli *c, const char *word, const char *method, const char *path, const char *id, const char *spec)
{
	json_t *body = NULL;
	int r = act_body(c, word, spec, &body);

	if (r == CLI_DONE)
		r = case_send(c, method, path, id, json_object_size(body) != 0 ? body : NULL);
	json_decref(body);
	return r;
}

/* One of the actions that the incident asks for. */
static int
change_action(struct cli *c, const char *id)
{
	const char *number = cli_opt(c, "--task", "");
	auto_free char *path = NULL;
	json_t *body = json_pack("{s:b}", "done", !cli_has(c, "--undone"));
	int r;

	if (number[0] == '\0' || strspn(number, "0123456789") != strlen(number)) {
		json_decref(body);
		return cli_usage(c, "action wants --task, its number");
	}
	path = x_asprintf("/api/v1/incidents/%%s/actions/%s", number);
	r = case_send(c, "POST", path, id, body);
	json_decref(body);
	return r;
}

/* Hypothesis, next step, what is in the way. */
static int
change_plan(struct cli *c, const char *id, bool candidate)
{
	return run(c, "plan", "PATCH", candidate ? "/api/v1/candidates/%s" : "/api/v1/incidents/%s", id, "hypothesis@ next=next_step blocker");
}

/* A task that is there already: done, or somebody else's, or due at another time. */
static int
change_task(struct cli *c, const char *id)
{
	const char *number = cli_opt(c, "--task", "");
	auto_free char *n = NULL, *path = NULL;

	if (number[0] == '\0' || strspn(number, "0123456789") != strlen(number))
		return cli_usage(c, "--task wants the number of a task");
	path = x_asprintf("/api/v1/incidents/%%s/tasks/%s", number);
	return run(c, "task", "PATCH", path, id, "owner due=due_at done?");
}

static int
unrelate(struct cli *c, const char *id)
{
	const char *to = cli_opt(c, "--to", NULL);
	auto_free char *path = NULL, *fmt = NULL;

	if (to == NULL)
		return cli_usage(c, "unrelate wants --to");
	path = remote_path("/%s", to);
	fmt = x_asprintf("/api/v1/incidents/%%s/related%s", path);
	return case_send(c, "DELETE", fmt, id, NULL);
}

int
case_act(struct cli *c, const char *what, const char *id, bool candidate)
{
	bool known = false;

	if (!candidate && strcmp(what, "task") == 0 && cli_has(c, "--task"))
		return change_task(c, id);
	if (!candidate && strcmp(what, "unrelate") == 0)
		return unrelate(c, id);
	if (!candidate && strcmp(what, "action") == 0)
		return change_action(c, id);
	if (strcmp(what, "plan") == 0)
		return change_plan(c, id, candidate);
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
		const char *path = candidate ? acts[i].candidate : acts[i].incident;

		if (strcmp(acts[i].word, what) != 0)
			continue;
		if (path != NULL)
			return run(c, what, "POST", path, id, acts[i].spec);
		known = true;
	}
	return known ? cli_usage(c, "%s is for %s", what, candidate ? "incidents" : "candidates") : cli_usage(c, "unknown word %s", what);
}
