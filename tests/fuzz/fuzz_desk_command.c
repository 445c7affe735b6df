/* SPDX-License-Identifier: Apache-2.0
 *
 * "verb\n" and a JSON object of arguments, as an analyst, as another tenant's customer, and as the service.
 * Whatever comes: no open transaction is left, a refusal leaves no journal row, the chain of hashes stays whole,
 * and the other tenant's customer never gets a word of this one.
 */
#include "desk_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
one(struct db *db, struct desk *d, const char *verb, const json_t *args, const struct desk_actor *who)
{
	int64_t before = db_int(db, -1, "SELECT count(*) FROM journal"), after;
	struct desk_answer a = desk_do(d, verb, who, args, WORLD_NOW + 1000);

	must(a.status >= 200 && a.status < 600);
	must(!db_is_open(db));
	after = db_int(db, -1, "SELECT count(*) FROM journal");
	if (a.status >= 400)
		must(a.body != NULL);
	must(after - before <= 1);
	if (who->tenant != NULL && a.status < 400 && a.body != NULL) {
		char *text = json_dumps(a.body, JSON_ENCODE_ANY);

		must(text == NULL || strstr(text, "AOBA-2026") == NULL);
		free(text);
	}
	json_decref(a.body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct db *db;
	static struct desk *d;
	static int runs;
	static const struct desk_actor analyst = { .user = "an", .ja = "An", .en = "An", .role = "analyst" };
	static const struct desk_actor other = { .user = "cu", .ja = "Cu", .en = "Cu", .role = "customer", .tenant = "harbor" };
	struct slice rest = slice_of(data, size), verb = slice_cut(&rest, '\n');
	struct desk_verified v;
	json_t *args;

	if (verb.n > 40)
		return 0;
	if (d == NULL || ++runs % 200 == 0) {
		if (d != NULL) {
			must(desk_verify(db, &v) == 0);
			world_close(db, d);
		}
		world_open(&db, &d);
	}
	args = json_loadb(rest.p != NULL ? rest.p : "", rest.n, 0, NULL);
	if (json_is_object(args)) {
		auto_free char *name = x_asprintf(SL_FMT, SL_ARG(verb));

		/* a customer asks only what routes offer; timers, jobs and imports are the service's */
		if (strncmp(name, "incident.", 9) == 0 || strncmp(name, "candidate.", 10) == 0 || strstr(name, ".list") != NULL)
			if (strcmp(name, "journal.list") != 0 && strcmp(name, "user.list") != 0 && strcmp(name, "alarm.list") != 0)
				one(db, d, name, args, &other);
		if (strcmp(name, "tenant.import") != 0) {
			one(db, d, name, args, &analyst);
			one(db, d, name, args, &desk_service);
		}
	}
	json_decref(args);
	return 0;
}
