/* SPDX-License-Identifier: Apache-2.0
 *
 * Questions to the store, and the engine's answers to them: the first byte says how long the question (JSON {verb, actor, args}) is
 * times eight, the rest is what the engine gave for the SQL.  Truths: an answer with an HTTP status comes for everything, and no
 * SQL is run for a customer's role without a tenant.
 */
#include "base/log.h"
#include "base/must.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice engine_says;
static bool closed_to_all;

static int
engine_query(struct store_conn *c, struct slice sql, const struct slice *tenants, size_t count, const struct store_limits *limits,
             const char *format, const volatile int *cancel, struct buf *out, struct buf *err)
{
	(void)c, (void)limits, (void)format, (void)cancel, (void)err;
	must(sql.n != 0 && count != 0 && tenants[0].n != 0 && !closed_to_all);
	buf_put_slice(out, engine_says);
	return 0;
}

static uint64_t
engine_rows_read(const struct store_conn *c)
{
	(void)c;
	return 0;
}

#define store_query engine_query
#define store_rows_read engine_rows_read
#include "../../src/role/store_ask.c"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice known[] = { SL("aoba"), SL("harbor") };
	struct ask a = { .known = known, .known_count = 2, .now_ns = 1764000000000000000 };
	size_t n = size != 0 ? data[0] * 8u : 0;
	json_t *doc, *ret, *fault;
	json_int_t status;

	log_init("fuzz", LOG_ALERT + 1);
	if (size < 2)
		return 0;
	n = n < size - 1 ? n : size - 1;
	engine_says = slice_of(data + 1 + n, size - 1 - n);
	doc = json_loadb((const char *)data + 1, n, 0, NULL);
	if (json_is_object(doc)) {
		const char *role;

		a.verb = json_string_value(json_object_get(doc, "verb"));
		a.actor = json_object_get(doc, "actor");
		a.args = json_object_get(doc, "args");
		role = json_string_value(json_object_get(a.actor, "role"));
		closed_to_all = role == NULL || (strcmp(role, "customer") == 0 && !json_is_string(json_object_get(a.actor, "tenant")));
		ret = store_answer(NULL, &a);
		status = json_integer_value(json_object_get(ret, "status"));
		must(status >= 200 && status <= 599);
		json_array_foreach(json_object_get(json_object_get(ret, "body"), "faults"), n, fault)
			must(json_is_string(fault)); /* as docs/openapi.yaml promises; the screen shows them */
		json_decref(ret);
	}
	json_decref(doc);
	return 0;
}
