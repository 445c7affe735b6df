/* SPDX-License-Identifier: Apache-2.0
 *
 * The desk's copies of the lines that were decided on (desk/copy.c): one question to the store at a time.
 *
 * Lines reach the store some seconds after their detection, so an answer with fewer than were named is asked again; after
 * some tries what is there is kept, and how many are missing.  A store that does not answer is waited for: that says
 * nothing of the lines.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "role/desk_role_priv.h"

#define LOOK_EVERY (5 * NS_PER_S)
#define LOOK_ALL_EVERY (3600 * NS_PER_S)
#define RECENT (7 * NS_PER_DAY)
#define PATIENCE (120 * NS_PER_S)
#define AGAIN (15 * NS_PER_S)
#define TRIES 5

static void
forget(struct desk_copying *k)
{
	free(k->detection);
	free(k->tenant);
	free(k->incident);
	free(k->events);
	k->id = 0;
	k->detection = k->tenant = k->incident = k->events = NULL;
}

/* Second of the next try, and tries so far, in one number. */
static bool
may_ask(struct desk_role *dr, const char *detection)
{
	const struct map_slot *s = map_get(&dr->copying.tries, slice_str(detection));

	return s == NULL || (int64_t)(s->u >> 8) <= loop_mono_ns() / NS_PER_S;
}

static void
ask(void *ctx, const struct desk_copy_ask *a)
{
	struct desk_role *dr = ctx;
	struct desk_copying *k = &dr->copying;
	json_t *events, *o;
	char *text;

	if (k->id != 0 || !may_ask(dr, a->detection))
		return;
	events = json_loads(a->events, 0, NULL);
	if (events == NULL)
		return;
	o = json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:o}}", "verb", "evidence.lines", "actor", "role", "service", "tenant", a->tenant, "args", "tenant", a->tenant, "events", events);
	text = json_dumps(o, JSON_COMPACT);
	must(text != NULL);
	k->detection = x_strdup(a->detection);
	k->tenant = x_strdup(a->tenant);
	k->incident = x_strdup(a->incident);
	k->events = x_strdup(a->events);
	k->id = DESK_COPY_FIRST + ++k->last;
	k->sent = loop_mono_ns();
	chan_send(dr->store, MSG_STORE_ASK, k->id, slice_str(text), -1);
	free(text);
	json_decref(o);
}

void
desk_copy_ask(struct desk_role *dr)
{
	struct desk_copying *k = &dr->copying;
	int64_t now = loop_mono_ns();
	bool all = k->looked_all == 0 || now - k->looked_all >= LOOK_ALL_EVERY;

	if (k->id != 0 && now - k->sent > PATIENCE)
		forget(k);
	if (dr->store == NULL || k->id != 0 || (now - k->looked < LOOK_EVERY && !k->more))
		return;
	desk_copies_wanted(dr->desk, all ? 0 : desk_role_now(dr) - RECENT, ask, dr);
	k->looked = now;
	k->more = k->id != 0; /* until nothing is wanted that may be asked */
	if (all && !k->more)
		k->looked_all = now;
}

static void
keep(struct desk_role *dr, const json_t *items)
{
	struct desk_copying *k = &dr->copying;
	struct desk_copy_ask a = { k->detection, k->tenant, k->incident, k->events };
	json_t *args = desk_copies_heard(&a, items);
	struct map_slot *tries = map_put(&dr->copying.tries, slice_str(k->detection), NULL);

	if (json_integer_value(json_object_get(args, "wanted")) > (json_int_t)json_array_size(json_object_get(args, "lines")) && (tries->u & 0xff) + 1 < TRIES) {
		tries->u = (uint64_t)((loop_mono_ns() + AGAIN) / NS_PER_S) << 8 | ((tries->u & 0xff) + 1);
	} else {
		struct desk_answer done = desk_apply(dr->desk, "incident.lines", &desk_service, args, desk_role_now(dr));

		map_del(&dr->copying.tries, slice_str(k->detection));
		desk_role_check(dr, done.error);
		json_decref(done.body);
	}
	json_decref(args);
}

void
desk_copy_answered(struct desk_role *dr, uint64_t id, struct slice body)
{
	json_t *o = desk_role_load(body), *items = json_object_get(json_object_get(o, "body"), "items");

	if (id == dr->copying.id) {
		if (json_integer_value(json_object_get(o, "status")) == 200 && json_is_array(items))
			keep(dr, items);
		else
			log_warn("desk.copies", kv_i64("status", json_integer_value(json_object_get(o, "status"))));
		forget(&dr->copying);
	}
	json_decref(o);
}

void
desk_copy_lost(struct desk_role *dr)
{
	forget(&dr->copying);
}
