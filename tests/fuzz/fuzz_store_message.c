/* SPDX-License-Identifier: Apache-2.0
 *
 * What engines, web and desk say to the store's process, before it has an inserting thread and readers.  Truths: what is held adds
 * up, and every question is answered.
 */
#include "role_world.h"

#include "../../src/role/store.c"

static size_t asked, answered;

static void
heard(struct msg *m)
{
	json_t *o = json_loadb(m->body.p, m->body.n, 0, NULL);
	json_int_t status = json_integer_value(json_object_get(o, "status"));

	must(m->type == MSG_ANSWER || m->type == MSG_STORE_ANSWER);
	must(status == 400 || status == 503);
	json_decref(o);
	answered++;
}

static void
let_all_go(struct store_role *s)
{
	size_t bytes = 0;
	uint64_t rows = 0;

	for (size_t i = 0; i < s->held.n; i++) {
		bytes += s->held.v[i]->bytes.n;
		rows += s->held.v[i]->block.rows;
	}
	must(bytes == s->held_bytes && rows == s->held_rows);
	while (s->held.n != 0)
		let_go(s, s->held.v[--s->held.n]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum role_id peers[] = { ROLE_ENGINE, ROLE_WEB, ROLE_DESK };
	static const uint16_t types[] = { MSG_BLOCK, MSG_BLOCK, MSG_POSITIONS_ASK, MSG_ASK, MSG_STORE_ASK, MSG_CANCEL };
	static struct store_role s;
	static struct role_env env;
	struct slice rest = slice_of(data, size);
	struct world_msg w;

	if (env.loop == NULL) {
		log_init("fuzz", LOG_ALERT + 1);
		env = (struct role_env){ .loop = loop_new(), .clock = clock_real(), .id = ROLE_STORE, .state = &s };
		s.env = &env;
		role_store.on_peer(&env, ROLE_ENGINE, 0, world_channel(env.loop, NULL));
		role_store.on_peer(&env, ROLE_WEB, 0, world_channel(env.loop, heard));
		role_store.on_peer(&env, ROLE_DESK, 0, world_channel(env.loop, heard));
	}
	asked = answered = 0;
	while (world_next(&rest, &w)) {
		struct msg m = { .fd = -1, .id = w.type, .type = types[w.type % 6], .body = w.body };
		enum role_id peer = peers[w.peer % 3];

		asked += (peer == ROLE_WEB && m.type == MSG_ASK) || (peer == ROLE_DESK && m.type == MSG_STORE_ASK);
		role_store.on_msg(&env, peer, w.peer % 2, &m);
	}
	for (int i = 0; i < 100 && answered < asked; i++)
		loop_once(env.loop, 1);
	must(answered == asked);
	let_all_go(&s);
	return 0;
}
