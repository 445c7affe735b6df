/* SPDX-License-Identifier: Apache-2.0
 *
 * What the desk asks the store: how often the indicators of an advisory were seen at a tenant.
 *
 *     advisory_tenants.counting ─▶ STORE_ASK log.search (one tenant, 92 days) ─▶ STORE_ANSWER ─▶ advisory.counted
 *                                  HEARD which devices spoke which format, when there are products
 *                                  SEEN  the indicators, by device
 *                                  TOTAL how often and on how many devices, when those are more than the first answer holds
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
put_question(struct desk_role *dr, struct desk_flight *f, int step, const char *query)
{
	char from[36], to[36];
	json_t *o;
	char *text;

	f->step = step;
	time_format_rfc3339(from, f->from, 3);
	time_format_rfc3339(to, f->to, 3);
	o = json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s, s:i}}", "verb", "log.search", "actor", "role", "service", "tenant", f->tenant, "args", "q", query, "tenant",
	              f->tenant, "from", from, "to", to, "limit", 10000);
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
	json_decref(f->seen);
	free(f->products);
	free(f->query);
	free(f->all);
	*f = (struct desk_flight){ 0 };
}

static char *
copy(const char *s)
{
	return s != NULL ? x_strdup(s) : NULL;
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
	f->asked_at = a->asked_at;
	f->products = copy(a->products);
	f->query = copy(a->query);
	f->all = copy(a->total);
	if (a->products != NULL)
		put_question(dr, f, FLIGHT_HEARD, DESK_ADVISORY_HEARD);
	else if (a->query != NULL)
		put_question(dr, f, FLIGHT_SEEN, f->query);
}

void
desk_store_ask(struct desk_role *dr)
{
	if (dr->store != NULL)
		desk_advisory_asks(dr->desk, desk_role_now(dr), ask, dr);
}

/* devices: on how many it was seen; 0 = as many as are in `seen`. */
static void
counted(struct desk_role *dr, const struct desk_flight *f, int64_t total, int64_t devices)
{
	json_t *args = json_pack("{s:s, s:s, s:I, s:O*, s:I, s:O*}", "id", f->advisory, "tenant", f->tenant, "asked_at", (json_int_t)f->asked_at, "seen", f->seen, "total",
	                         (json_int_t)total, "heard", f->heard);
	struct desk_answer a;

	if (devices != 0)
		json_object_set_new(args, "devices", json_integer(devices));
	a = desk_do(dr->desk, "advisory.counted", &desk_service, args, desk_role_now(dr));
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
		json_decref(f->seen);
		f->seen = NULL;
		counted(dr, f, 0, 0);
	}
	end(f);
}

/* One answer. False when it is none; *ret_more: another question is under way. */
static bool
take_step(struct desk_role *dr, struct desk_flight *f, const json_t *body, bool *ret_more)
{
	int64_t total = 0, devices = 0;
	bool full = false;

	*ret_more = false;
	if (f->step == FLIGHT_HEARD) {
		if ((f->heard = desk_advisory_heard(f->products, body)) == NULL)
			return false;
		*ret_more = f->query != NULL;
		if (*ret_more)
			put_question(dr, f, FLIGHT_SEEN, f->query);
		else
			counted(dr, f, 0, 0); /* no indicators: nothing to count */
		return true;
	}
	if (f->step == FLIGHT_SEEN) {
		if ((f->seen = desk_advisory_seen(body, &total, &full)) == NULL)
			return false;
		*ret_more = full;
		if (full)
			put_question(dr, f, FLIGHT_TOTAL, f->all);
	} else if (!desk_advisory_total(body, &total, &devices)) {
		return false;
	}
	if (!*ret_more)
		counted(dr, f, total, devices);
	return true;
}

static void
take(struct desk_role *dr, struct desk_flight *f, const json_t *body, int64_t status)
{
	bool more;

	if (!take_step(dr, f, body, &more)) {
		failed(dr, f, status);
	} else if (!more) {
		tries_of(dr, f->advisory, f->tenant)->u = 0;
		end(f);
	}
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
