/* SPDX-License-Identifier: Apache-2.0
 *
 * What the desk asks the store: how often the indicators of an advisory were seen at a tenant.
 *
 *     advisory_tenants.counting ─▶ STORE_ASK log.search (one tenant, 92 days) ─▶ STORE_ANSWER ─▶ advisory.counted
 *                                  and before it: which devices spoke the product's format in the last day
 *
 * The rows are what has to be asked; nothing here has to survive.  Few questions at a time, so that people's searches
 * do not wait; one without an answer is asked again after a while, and after some tries the number is said to be
 * unknown.  A store that is not there is waited for.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "role/desk_role_priv.h"

#define PATIENCE (120 * NS_PER_S)
#define AGAIN (20 * NS_PER_S)
#define TRIES 5

static struct desk_flight *
free_flight(struct desk_role *dr, const struct desk_advisory_ask *a)
{
	struct desk_flight *found = NULL;

	for (size_t i = 0; i < DESK_FLIGHTS; i++) {
		struct desk_flight *f = &dr->flights[i];

		if (f->id != 0 && loop_mono_ns() - f->sent > PATIENCE)
			f->id = 0;
		if (f->id != 0 && strcmp(f->advisory, a->advisory) == 0 && strcmp(f->tenant, a->tenant) == 0)
			return NULL; /* it is under way */
		if (f->id == 0 && found == NULL)
			found = f;
	}
	return found;
}

/* A question that failed waits: its slot holds the second it may be asked again and how often it was. */
static struct map_slot *
tries_of(struct desk_role *dr, const char *advisory, const char *tenant)
{
	char key[80];

	snprintf(key, sizeof key, "%s/%s", advisory, tenant);
	return map_put(&dr->store_tries, slice_str(key), NULL);
}

static void
put_question(struct desk_role *dr, struct desk_flight *f, const char *query, int64_t from_ns, int64_t to_ns)
{
	char from[36], to[36];
	json_t *o;
	char *text;

	time_format_rfc3339(from, from_ns, 3);
	time_format_rfc3339(to, to_ns, 3);
	o = json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s, s:i}}", "verb", "log.search", "actor", "role", "service", "tenant", f->tenant, "args", "q", query, "tenant",
	              f->tenant, "from", from, "to", to, "limit", 200);
	text = json_dumps(o, JSON_COMPACT);
	must(text != NULL);
	f->id = DESK_FLIGHT_FIRST + ++dr->store_id;
	f->sent = loop_mono_ns();
	chan_send(dr->store, MSG_STORE_ASK, f->id, slice_str(text), -1);
	free(text);
	json_decref(o);
}

static void
end(struct desk_flight *f)
{
	json_decref(f->heard);
	free(f->query);
	*f = (struct desk_flight){ 0 };
}

static void
ask(void *ctx, const struct desk_advisory_ask *a)
{
	struct desk_role *dr = ctx;
	struct desk_flight *f = free_flight(dr, a);

	if (f == NULL || (int64_t)(tries_of(dr, a->advisory, a->tenant)->u >> 8) > loop_mono_ns() / NS_PER_S)
		return;
	end(f);
	snprintf(f->advisory, sizeof f->advisory, "%s", a->advisory);
	snprintf(f->tenant, sizeof f->tenant, "%s", a->tenant);
	f->from = a->from;
	f->to = a->to;
	f->query = a->query != NULL ? x_strdup(a->query) : NULL;
	f->products = a->products != NULL;
	if (a->products != NULL)
		put_question(dr, f, a->products, a->to - NS_PER_DAY, a->to);
	else if (a->query != NULL)
		put_question(dr, f, a->query, a->from, a->to);
}

void
desk_store_ask(struct desk_role *dr)
{
	if (dr->store != NULL)
		desk_advisory_asks(dr->desk, desk_role_now(dr), ask, dr);
}

static void
counted(struct desk_role *dr, const struct desk_flight *f, json_t *seen, int64_t total)
{
	json_t *args = json_pack("{s:s, s:s, s:o*, s:I, s:O*}", "id", f->advisory, "tenant", f->tenant, "seen", seen, "total", (json_int_t)total, "heard", f->heard);
	struct desk_answer a = desk_do(dr->desk, "advisory.counted", &desk_service, args, desk_role_now(dr));

	desk_role_check(dr, a.error);
	json_decref(a.body);
	json_decref(args);
}

/* It was not answered: later again, or the number is unknown. */
static void
failed(struct desk_role *dr, struct desk_flight *f, int64_t status)
{
	struct map_slot *tries = tries_of(dr, f->advisory, f->tenant);

	log_warn("desk.store_answer", kv_i64("status", status));
	if ((tries->u & 0xff) + 1 < TRIES) {
		tries->u = (uint64_t)((loop_mono_ns() + AGAIN) / NS_PER_S) << 8 | ((tries->u & 0xff) + 1);
	} else {
		tries->u = 0;
		counted(dr, f, NULL, 0);
	}
	end(f);
}

static void
take(struct desk_role *dr, struct desk_flight *f, const json_t *body, int64_t status)
{
	json_t *seen;
	int64_t total = 0;

	if (f->products) {
		f->heard = desk_advisory_heard(body);
		f->products = false;
		if (f->heard != NULL && f->query != NULL) {
			put_question(dr, f, f->query, f->from, f->to);
			return;
		}
		if (f->heard == NULL) {
			failed(dr, f, status);
			return;
		}
		counted(dr, f, NULL, 0); /* no indicators: nothing to count */
	} else if ((seen = desk_advisory_seen(body, &total)) != NULL) {
		counted(dr, f, seen, total);
	} else {
		failed(dr, f, status);
		return;
	}
	tries_of(dr, f->advisory, f->tenant)->u = 0;
	end(f);
}

void
desk_store_answered(struct desk_role *dr, uint64_t id, struct slice body)
{
	json_t *o = desk_role_load(body);
	int64_t status = json_integer_value(json_object_get(o, "status"));

	for (size_t i = 0; i < DESK_FLIGHTS; i++) {
		struct desk_flight *f = &dr->flights[i];

		if (f->id != id || id == 0)
			continue;
		if (status == 200)
			take(dr, f, json_object_get(o, "body"), status);
		else
			failed(dr, f, status);
		break;
	}
	json_decref(o);
}

void
desk_store_lost(struct desk_role *dr)
{
	for (size_t i = 0; i < DESK_FLIGHTS; i++)
		end(&dr->flights[i]);
}
