/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban query 'KQL': asks the running service over its local socket; with --store DIR the folder of a
 * stopped service's search store is opened directly.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "main/cli/cli.h"
#include "main/cli/remote.h"
#include "role/store_ask.h"

static json_t *
arguments(const struct cli *c)
{
	static const char *const names[] = { "from", "to", "tenant", "limit", "zone" };
	json_t *args = json_pack("{s:s}", "q", cli_operand(c, 0));

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		auto_free char *option = x_asprintf("--%s", names[i]);
		const char *v = cli_opt(c, option, NULL);

		if (v != NULL)
			json_object_set_new(args, names[i], json_string(v));
	}
	return args;
}

static int
ask_service(const struct cli *c, const json_t *args, long *ret_status, json_t **ret)
{
	auto_buf struct buf path = { 0 };
	struct remote_answer answer = { 0 };
	const char *key;
	json_t *v;
	int r;

	buf_put_str(&path, "/api/v1/logs");
	json_object_foreach((json_t *)(uintptr_t)args, key, v)
		remote_query(&path, key, json_string_value(v));
	r = remote_call(c, "GET", buf_cstr(&path), NULL, &answer);
	if (r != CLI_DONE)
		return r;
	*ret_status = answer.status;
	*ret = answer.body;
	return CLI_DONE;
}

/* The tenants the store has rows of. */
static size_t
tenants_of(const store_positions_vec *at, struct slice *out, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < at->n; i++) {
		size_t k = 0;

		while (k < n && !slice_eq(out[k], slice_str(at->v[i].key.tenant)))
			k++;
		if (k == n && n < room)
			out[n++] = slice_str(at->v[i].key.tenant);
	}
	return n;
}

static int
ask_folder(const struct cli *c, const char *dir, const json_t *args, long *ret_status, json_t **ret)
{
	auto_free char *folder = realpath(dir, NULL);
	struct store_conf conf = { .folder = folder, .library = cli_opt(c, "--libchdb", NULL) };
	json_t *actor = json_pack("{s:s}", "role", "admin"), *answer;
	auto_buf struct buf err = { 0 };
	struct store_conn *conn = NULL;
	store_positions_vec at = { 0 };
	struct slice known[256];
	struct store *st = NULL;
	struct ask a = { .verb = "log.search", .actor = actor, .args = args, .known = known,
		.now_ns = clock_now(clock_real()) };
	int r = folder != NULL ? store_open(&conf, &st, &err) : E_NOTFOUND;

	if (r == 0)
		r = store_conn_new(st, &conn, &err);
	if (r == 0)
		r = store_positions(conn, &at, &err);
	if (r == 0) {
		a.known_count = tenants_of(&at, known, 256);
		answer = store_answer(conn, &a);
		*ret_status = (long)json_integer_value(json_object_get(answer, "status"));
		*ret = json_incref(json_object_get(answer, "body"));
		json_decref(answer);
	}
	vec_fini(&at);
	json_decref(actor);
	store_conn_free(conn);
	return r == 0 ? CLI_DONE : cli_could_not(c, "%s: %s", dir, err.n != 0 ? buf_cstr(&err) : err_text(r));
}

static void
print_cell(const json_t *v)
{
	auto_free char *text = json_is_string(v) ? NULL : json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);

	remote_print_text(text != NULL ? slice_str(text) : slice_of(json_string_value(v), json_string_length(v)), 200);
}

static void
print_table(const json_t *body)
{
	static const struct {
		const char *key;
		size_t most;
	} shown[] = { { "at", 30 }, { "tenant", 32 }, { "device", 40 }, { "line", 400 } };
	const json_t *columns = json_object_get(body, "columns"), *rows = json_object_get(body, "rows"), *row, *v;
	size_t i, k;

	json_array_foreach(columns, k, v)
		printf("%s%s", k != 0 ? "\t" : "", json_string_value(v));
	if (json_array_size(columns) != 0)
		putchar('\n');
	json_array_foreach(rows, i, row) {
		json_array_foreach(row, k, v) {
			if (k != 0)
				putchar('\t');
			print_cell(v);
		}
		putchar('\n');
	}
	json_array_foreach(json_object_get(body, "items"), i, row)
		for (k = 0; k < sizeof shown / sizeof *shown; k++) {
			const json_t *text = json_object_get(row, shown[k].key);

			remote_print_text(slice_of(json_string_value(text), json_string_length(text)), shown[k].most);
			fputs(k + 1 < sizeof shown / sizeof *shown ? "  " : "\n", stdout);
		}
	if (json_is_true(json_object_get(body, "cut")))
		fprintf(stderr, "nezuban query: cut at %lld rows; --limit N shows more\n",
		        (long long)json_integer_value(json_object_get(body, "limit")));
}

/* --json: one object per event, or one per row of the table. */
static void
print_json(const json_t *body)
{
	const json_t *columns = json_object_get(body, "columns"), *row, *v;
	size_t i, k;

	json_array_foreach(json_object_get(body, "items"), i, row) {
		remote_print_json_as(row, JSON_COMPACT);
	}
	json_array_foreach(json_object_get(body, "rows"), i, row) {
		json_t *o = json_object();

		json_array_foreach(row, k, v)
			json_object_set(o, json_string_value(json_array_get(columns, k)), (json_t *)(uintptr_t)v);
		remote_print_json_as(o, JSON_COMPACT);
		json_decref(o);
	}
}

int
cli_query(struct cli *c)
{
	const char *dir = cli_opt(c, "--store", NULL), *detail;
	json_t *args, *body = NULL;
	long status = 0;
	int r;

	if (cli_operands(c) != 1)
		return cli_usage(c, "say what to look for, in one word or in quotes");
	args = arguments(c);
	r = dir != NULL ? ask_folder(c, dir, args, &status, &body) : ask_service(c, args, &status, &body);
	json_decref(args);
	if (r == CLI_DONE && status == 200) {
		if (cli_has(c, "--json"))
			print_json(body);
		else
			print_table(body);
	} else if (r == CLI_DONE) {
		detail = json_string_value(json_object_get(body, "detail"));
		fprintf(stderr, "nezuban query: %s\n", detail != NULL ? detail : json_string_value(json_object_get(body, "type")) != NULL
		        ? json_string_value(json_object_get(body, "type")) : "the service refused");
		r = status == 422 ? CLI_USAGE : CLI_COULD_NOT;
	}
	json_decref(body);
	return r;
}
