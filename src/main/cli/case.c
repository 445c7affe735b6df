/* SPDX-License-Identifier: Apache-2.0
 *
 * Acts on one case, a row each: where it goes for a candidate and for an incident, and which options make its body.
 * A word that has no door for this kind of case says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "main/cli/case.h"

enum how { TEXT, LIST, YES, TEXTS }; /* one text; a list, the option repeated; true when given; a text as {"en"} */

struct field {
	const char *option, *key;
	enum how how;
	bool needed;
};

#define FIELDS 6

static const struct act {
	const char *word, *method, *candidate, *incident;
	struct field fields[FIELDS];
} acts[] = {
#define C "/api/v1/candidates/%s/"
#define I "/api/v1/incidents/%s/"
	{ "claim", "POST", C "claim", I "claim", { { "--as", "as", TEXT, true } } },
	{ "assign", "POST", C "assign", I "assign", { { "--to", "to", TEXT, true } } },
	{ "merge", "POST", C "merge", I "merge", { { "--into", "into", TEXT, true } } },
	{ "split", "POST", C "split", I "split", { { "--detection", "detections", LIST, true } } },
	{ "attach", "POST", C "attach", NULL, { { "--detection", "detections", LIST, true } } },
	{ "attach", "POST", NULL, I "attach", { { "--detection", "detections", LIST, true }, { "--evidence", "evidence", YES, false } } },
	{ "release", "POST", C "release", NULL, { { 0 } } },
	{ "note", "POST", C "note", NULL, { { "--text", "text", TEXT, true } } },
	{ "note", "POST", NULL, I "comments", { { "--text", "text", TEXT, true }, { "--lang", "lang", TEXT, false } } },
	{ "close", "POST", C "close", NULL, { { "--reason", "reason", TEXT, true }, { "--text", "facts", TEXTS, false } } },
	{ "close", "POST", NULL, I "close", { { "--reason", "code", TEXT, true }, { "--text", "text", TEXTS, false } } },
	{ "reopen", "POST", C "reopen", NULL, { { 0 } } },
	{ "reopen", "POST", NULL, I "reopen", { { "--text", "text", TEXT, true } } },
	{ "relate", "POST", NULL, I "related", { { "--to", "other", TEXT, true }, { "--reason", "reason", TEXT, true }, { "--lang", "lang", TEXT, false } } },
	{ "task", "POST", NULL, I "tasks",
	  { { "--text", "text", TEXT, true }, { "--owner", "owner", TEXT, true }, { "--due", "due_at", TEXT, false }, { "--lang", "lang", TEXT, false } } },
	{ "confirm", "POST", NULL, I "confirm", { { "--as", "as", TEXT, true } } },
	{ "refuse", "POST", NULL, I "refuse", { { "--as", "as", TEXT, true }, { "--reason", "text", TEXT, false } } },
	{ "answer", "POST", NULL, I "answer",
	  { { "--code", "code", TEXT, true }, { "--as", "as", TEXT, true }, { "--text", "text", TEXT, false }, { "--lang", "lang", TEXT, false } } },
	{ "cause", "POST", I "cause", I "cause", { { "--clock", "kind", TEXT, true }, { "--code", "cause", TEXT, true }, { "--text", "text", TEXT, true } } },
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

static json_t *
value_of(struct cli *c, const struct field *f)
{
	const char *s = cli_opt(c, f->option, NULL);
	json_t *list;

	if (f->how == YES)
		return cli_has(c, f->option) ? json_true() : NULL;
	if (s == NULL || f->how == TEXT)
		return s != NULL ? json_string(s) : NULL;
	if (f->how == TEXTS)
		return json_pack("{s:s}", "en", s);
	list = json_array();
	for (int i = 0; (s = cli_opt_at(c, f->option, i)) != NULL; i++)
		json_array_append_new(list, json_string(s));
	return list;
}

static int
run(struct cli *c, const struct act *a, const char *path, const char *id)
{
	json_t *body = json_object(), *v;
	int r = CLI_DONE;

	for (size_t i = 0; i < FIELDS && a->fields[i].option != NULL && r == CLI_DONE; i++) {
		if ((v = value_of(c, &a->fields[i])) != NULL)
			json_object_set_new(body, a->fields[i].key, v);
		else if (a->fields[i].needed)
			r = cli_usage(c, "%s wants %s", a->word, a->fields[i].option);
	}
	if (r == CLI_DONE)
		r = case_send(c, a->method, path, id, json_object_size(body) != 0 ? body : NULL);
	json_decref(body);
	return r;
}

/* A task that is there already: done, or somebody else's, or due at another time. */
static int
change_task(struct cli *c, const char *id)
{
	const char *number = cli_opt(c, "--task", "");
	auto_free char *n = NULL, *path = NULL;
	struct act a = { "task", "PATCH", NULL, NULL, { { "--owner", "owner", TEXT, false }, { "--due", "due_at", TEXT, false }, { "--done", "done", YES, false } } };

	if (number[0] == '\0' || strspn(number, "0123456789") != strlen(number))
		return cli_usage(c, "--task wants the number of a task");
	path = x_asprintf("/api/v1/incidents/%%s/tasks/%s", number);
	return run(c, &a, path, id);
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
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
		const char *path = candidate ? acts[i].candidate : acts[i].incident;

		if (strcmp(acts[i].word, what) != 0)
			continue;
		if (path != NULL)
			return run(c, &acts[i], path, id);
		known = true;
	}
	return known ? cli_usage(c, "%s is for %s", what, candidate ? "incidents" : "candidates") : cli_usage(c, "unknown word %s", what);
}
