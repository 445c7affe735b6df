/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs at the desk: an API key instead of a session.  Whose it is, what it may do and whether it still counts is looked up anew
 * with every request.  It acts as "key/ID" with the customer's rights, narrowed by its scopes, never with a step-up.
 *
 * Also a request's Idempotency-Key, for people and programs: what was done once is answered again, not done again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "conf/conf.h"
#include "role/desk_people_priv.h"

#define WRONG_MOST 50 /* unknown keys of one address in a window */
#define MINUTE (60 * NS_PER_S)

/* The key's row in the tables when it counts now; NULL otherwise. */
static json_t *
key_row(struct desk_role *dr, const char *id)
{
	json_t *args = json_pack("{s:s}", "id", id);
	struct desk_answer a = desk_ask(dr->desk, "apikey.show", &desk_service, args, desk_role_now(dr));

	json_decref(args);
	if (a.status == 200 && strcmp(json_string_value(json_object_get(a.body, "state")) ?: "", "active") == 0)
		return a.body;
	json_decref(a.body);
	return NULL;
}

static bool
has_scope(const json_t *row, const char *verb)
{
	const char *want = desk_scope_of(verb);
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(row, "scopes"), i, v)
		if (want != NULL && strcmp(json_string_value(v), want) == 0)
			return true;
	return false;
}

/* Requests of one key in the present minute. */
static bool
within_rate(struct desk_role *dr, const char *id)
{
	int64_t most = dr->api_rate, minute = loop_mono_ns() / MINUTE;
	bool fresh;
	struct map_slot *s = map_put(&dr->rates, slice_str(id), &fresh);

	if (fresh || (int64_t)(s->u >> 24) != minute)
		s->u = (uint64_t)minute << 24;
	s->u++;
	return most == 0 || (int64_t)(s->u & 0xffffff) <= most;
}

static void
limited(struct asking *q)
{
	struct desk_answer a = desk_problem(429, "limited", NULL, NULL);

	json_object_set_new(a.body, "retry_after_s", json_integer(60 - loop_mono_ns() / NS_PER_S % 60));
	people_answer(q->dr, q->id, 429, a.body);
}

/* Who a key is: fills q->user (owned) and q->who. */
static bool
take_key(struct asking *q, const char *id)
{
	json_t *row = key_row(q->dr, id), *name;
	auto_free char *user = x_asprintf("key/%s", id), *ja = NULL, *en = NULL;
	const char *called = json_string_value(json_object_get(row, "name"));

	if (row == NULL)
		return false;
	ja = x_asprintf("API キー「%s」", called);
	en = x_asprintf("API key \"%s\"", called);
	name = json_pack("{s:s, s:s}", "ja", ja, "en", en);
	q->user = json_pack("{s:s, s:o, s:s, s:O, s:O, s:[]}", "id", user, "name", name, "role", "customer", "tenant", json_object_get(json_object_get(row, "tenant"), "id"), "scopes",
	                    json_object_get(row, "scopes"), "tenants");
	json_decref(row);
	asking_fill_actor(q);
	return true;
}

/* web's question before every request with a key: whose, may it, not too often? */
void
asking_key_check(struct asking *q)
{
	const char *verb = asking_arg(q, "verb"), *address = asking_arg(q, "address");
	char id[27], from[96];
	json_t *actor;

	snprintf(from, sizeof from, "bearer:%.64s", address);
	if (!auth_apikey_check(q->dr->auth, buf_slice(&q->dr->token_key), asking_arg(q, "bearer"), id) || !take_key(q, id)) {
		bool often = !auth_try(q->dr->auth, from, WRONG_MOST, TRIES_WINDOW, desk_role_now(q->dr));

		asking_no(q, often ? 429 : 401, often ? "limited" : "unauthenticated", NULL, NULL);
		return;
	}
	if (!within_rate(q->dr, id)) {
		limited(q);
		return;
	}
	if (!has_scope(q->user, verb)) {
		asking_no(q, 403, "forbidden", "scope", desk_scope_of(verb));
		return;
	}
	auth_apikey_used(q->dr->auth, id, address, desk_role_now(q->dr));
	actor = json_pack("{s:s, s:O, s:s, s:s, s:[], s:s, s:b}", "user", q->who.user, "name", json_object_get(q->user, "name"), "role", "customer", "tenant", q->who.tenant, "tenants", "key",
	                  id, "half", 0);
	people_answer(q->dr, q->id, 200, json_pack("{s:o}", "actor", actor));
}

bool
asking_take_key(struct asking *q, const char *id)
{
	if (!take_key(q, id)) {
		asking_no(q, 401, "unauthenticated", NULL, NULL);
		return false;
	}
	if (!has_scope(q->user, q->verb) || (auth_who_may(q->verb) & MAY_CUSTOMER) == 0 || auth_wants_step_up(q->verb)) {
		asking_no(q, 403, "forbidden", "scope", desk_scope_of(q->verb));
		return false;
	}
	return true;
}

bool
asking_once(struct asking *q, const char *key)
{
	const char *actor = q->local ? "local" : q->who.user;
	struct desk_answer a;
	char hash[65];

	desk_once_hash(q->verb, q->args, hash);
	switch (desk_once_begin(q->dr->desk, actor, key, hash, desk_role_now(q->dr), &a)) {
	case DESK_ONCE_NEW:
		return true;
	case DESK_ONCE_SAME:
		people_answer_again(q->dr, q->id, a.status, a.body);
		return false;
	default:
		people_answer(q->dr, q->id, a.status, a.body);
		return false;
	}
}

/* ---- keys as people manage them ---- */

static void
apikey_add(struct asking *q)
{
	struct desk_answer a = desk_do(q->dr->desk, q->verb, &q->who, q->args, desk_role_now(q->dr));
	char key[AUTH_APIKEY];

	desk_role_check(q->dr, a.error);
	if (a.status == 200 && auth_apikey_make(q->dr->auth, buf_slice(&q->dr->token_key), json_string_value(json_object_get(a.body, "id")), key) == 0) {
		json_object_set_new(a.body, "key", json_string(key));
		explicit_bzero(key, sizeof key);
	}
	people_answer(q->dr, q->id, a.status, a.body);
}

static void
with_last_use(struct desk_role *dr, json_t *row)
{
	char address[64], t[36];
	int64_t at = auth_apikey_last(dr->auth, json_string_value(json_object_get(row, "id")), address);

	if (at != 0)
		time_format_rfc3339(t, at, 3);
	json_object_set_new(row, "used_at", at != 0 ? json_string(t) : json_null());
	json_object_set_new(row, "used_from", at != 0 ? json_string(address) : json_null());
}

static void
apikey_read(struct asking *q)
{
	struct desk_answer a = desk_ask(q->dr->desk, q->verb, &q->who, q->args, desk_role_now(q->dr));
	json_t *v;
	size_t i;

	if (a.status == 200 && strcmp(q->verb, "apikey.show") == 0)
		with_last_use(q->dr, a.body);
	json_array_foreach(a.status == 200 ? json_object_get(a.body, "items") : NULL, i, v)
		with_last_use(q->dr, v);
	people_answer(q->dr, q->id, a.status, a.body);
}

bool
people_keys(struct asking *q)
{
	if (strcmp(q->verb, "apikey.add") == 0)
		apikey_add(q);
	else if (strcmp(q->verb, "apikey.list") == 0 || strcmp(q->verb, "apikey.show") == 0)
		apikey_read(q);
	else
		return false;
	return true;
}
