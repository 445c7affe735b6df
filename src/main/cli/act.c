/* SPDX-License-Identifier: Apache-2.0 */
#include "main/cli/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

#define STDIN_MAX 40000

/* ---- bodies ---- */

/* An item of a spec, taken apart. */
struct item {
	char option[32], key[48];
	char kind; /* 0 text, or one of # ? + @ */
	bool needed;
};

static struct item
item_of(struct slice s)
{
	struct item it = { .needed = s.n != 0 && s.p[0] == '!' };
	struct slice rest = it.needed ? slice_sub(s, 1, s.n) : s, name = slice_cut(&rest, '=');

	if (name.n != 0 && memchr("#?+@", name.p[name.n - 1], 4) != NULL)
		it.kind = name.p[--name.n];
	snprintf(it.option, sizeof it.option, "--" SL_FMT, SL_ARG(name));
	if (rest.n != 0)
		snprintf(it.key, sizeof it.key, SL_FMT, SL_ARG(rest));
	else
		snprintf(it.key, sizeof it.key, SL_FMT, SL_ARG(name));
	return it;
}

static json_t *
standard_input(void)
{
	auto_free char *text = x_calloc(1, STDIN_MAX + 1);
	size_t n = fread(text, 1, STDIN_MAX, stdin);

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	return json_stringn(text, n);
}

/* NULL: it is none, told. */
static json_t *
value_of(struct cli *c, const struct item *it)
{
	const char *s = cli_opt(c, it->option, "");
	json_t *v = NULL;
	int64_t n;

	switch (it->kind) {
	case '?':
		return json_true();
	case '#':
		if (slice_i64(slice_str(s), &n))
			return json_integer(n);
		cli_usage(c, "%s wants a whole number", it->option);
		return NULL;
	case '+':
		v = json_array();
		for (int i = 0; cli_opt_at(c, it->option, i) != NULL; i++)
			json_array_append_new(v, json_string(cli_opt_at(c, it->option, i)));
		return v;
	default:
		v = it->kind == '@' && strcmp(s, "-") == 0 ? standard_input() : json_string(s);
		if (v == NULL)
			cli_usage(c, "%s is not UTF-8", it->option);
		return v;
	}
}

/* "reason.ja": an object in the object. */
static void
put(json_t *body, const char *key, json_t *v)
{
	const char *dot = strchr(key, '.');
	auto_free char *head = dot != NULL ? x_asprintf("%.*s", (int)(dot - key), key) : NULL;
	json_t *inner;

	if (dot == NULL) {
		json_object_set_new(body, key, v);
		return;
	}
	inner = json_object_get(body, head);
	if (inner == NULL)
		json_object_set_new(body, head, inner = json_object());
	json_object_set_new(inner, dot + 1, v);
}

int
act_body(struct cli *c, const char *word, const char *spec, json_t **ret)
{
	struct slice rest = slice_str(spec != NULL ? spec : "");
	json_t *body = json_object(), *v;
	bool good = true;

	while (rest.n != 0 && good) {
		struct item it = item_of(slice_cut(&rest, ' '));

		if (cli_has(c, it.option) && (v = value_of(c, &it)) != NULL) {
			put(body, it.key, v);
		} else if (cli_has(c, it.option) || it.needed) {
			if (!cli_has(c, it.option))
				cli_usage(c, "%s wants %s", word, it.option);
			good = false;
		}
	}
	if (good)
		*ret = body;
	else
		json_decref(body);
	return good ? CLI_DONE : CLI_USAGE;
}

/* ---- telling ---- */

static const char *
first_of(const json_t *o, const char *const *keys)
{
	for (; *keys != NULL; keys++)
		if (json_is_string(json_object_get(o, *keys)))
			return json_string_value(json_object_get(o, *keys));
	return NULL;
}

static void
print_answer(const json_t *o)
{
	static const char *const names[] = { "number", "login", "id", NULL }, *const states[] = { "state", NULL }, *const secrets[] = { "secret", "key", "token", NULL };
	const char *parts[] = { first_of(o, names), first_of(o, states), first_of(o, secrets) };
	bool any = false;

	for (size_t i = 0; i < 3; i++)
		if (parts[i] != NULL) {
			fputs(any ? " " : "", stdout);
			remote_print_text(slice_str(parts[i]), 200);
			any = true;
		}
	if (any)
		putchar('\n');
}

int
act_tell(struct cli *c, const char *method, const char *path, const char *id, json_t *body)
{
	auto_free char *full = id != NULL ? remote_path(path, id) : x_strdup(path);
	json_t *out = NULL;
	int r = remote_do(c, method, full, body, &out);

	if (r == CLI_DONE && out != NULL && (cli_has(c, "--json") || strcmp(method, "GET") == 0))
		remote_print_json(out);
	else if (r == CLI_DONE && out != NULL)
		print_answer(out);
	json_decref(out);
	json_decref(body);
	return r;
}

/* ---- rows ---- */

static int
places(const char *path)
{
	int n = 0;

	for (const char *p = path; (p = strstr(p, "%s")) != NULL; p += 2)
		n++;
	return n;
}

/* The path with the operands behind the word put in. Heap. */
static char *
filled(struct cli *c, const char *path)
{
	char *out = x_strdup(path);

	for (int i = 1; places(out) > 0; i++) {
		char *next = remote_path(out, cli_operand(c, i));

		free(out);
		out = next;
	}
	return out;
}

static int
ask(struct cli *c, const struct act *a, const char *path, json_t *options)
{
	auto_buf struct buf full = { 0 };
	const char *key;
	json_t *v;

	buf_put_str(&full, path);
	json_object_foreach(options, key, v) {
		auto_free char *number = json_is_integer(v) ? x_asprintf("%lld", (long long)json_integer_value(v)) : NULL;

		remote_query(&full, key, number != NULL ? number : json_is_true(v) ? "true" : json_string_value(v));
	}
	json_decref(options);
	return a->columns != NULL ? remote_list(c, buf_cstr(&full), a->columns) : act_tell(c, "GET", buf_cstr(&full), NULL, NULL);
}

static int
run(struct cli *c, const struct act *a)
{
	auto_free char *path = NULL;
	json_t *body = NULL;
	int n = places(a->path), r;

	if (cli_operands(c) != n + 1)
		return cli_usage(c, n == 0 ? "unexpected word behind %s" : n == 1 ? "%s wants an ID" : "%s wants two operands", a->word);
	if ((r = act_body(c, a->word, a->spec, &body)) != CLI_DONE)
		return r;
	path = filled(c, a->path);
	if (strcmp(a->method, "GET") == 0)
		return ask(c, a, path, body);
	if (json_object_size(body) == 0) {
		json_decref(body);
		body = NULL;
	}
	return act_tell(c, a->method, path, NULL, body);
}

int
act_run(struct cli *c, const struct act *acts)
{
	const char *what = cli_operand(c, 0);

	for (const struct act *a = acts; what != NULL && a->word != NULL; a++)
		if (strcmp(a->word, what) == 0)
			return run(c, a);
	return cli_usage(c, "wanted %s", cli_wanted(c));
}
