/* SPDX-License-Identifier: Apache-2.0
 *
 * What web and notify say to print, with no program to start.  Truth: every message with a head is answered exactly once and to whom
 * asked, and nothing stays in the queue.
 */
#define _GNU_SOURCE
#include "role_world.h"

#include "../../src/role/print.c"

static size_t answers;

static void
heard(struct msg *m)
{
	struct msg_printed head;

	must(m->type == MSG_PRINTED && m->body.n == sizeof head);
	memcpy(&head, m->body.p, sizeof head);
	must(head.status == PRINTED_BAD || head.status == PRINTED_FAILED);
	answers++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct role_env env;
	static struct printer p = { .in = -1, .out = -1 };
	struct slice rest = slice_of(data, size);
	struct world_msg one;
	size_t asked = 0;

	if (env.loop == NULL) {
		log_init("fuzz", LOG_ALERT + 1);
		env = (struct role_env){ .loop = loop_new(), .clock = clock_real(), .id = ROLE_PRINT, .state = &p };
		p.env = &env;
		role_print.on_peer(&env, ROLE_WEB, 0, world_channel(env.loop, heard));
		role_print.on_peer(&env, ROLE_NOTIFY, 0, world_channel(env.loop, heard));
	}
	answers = 0;
	while (world_next(&rest, &one)) {
		struct msg m = { .fd = -1, .id = one.type, .type = one.type & 1 ? MSG_PRINT : one.type, .body = one.body };

		role_print.on_msg(&env, one.peer & 1 ? ROLE_WEB : ROLE_NOTIFY, 0, &m);
		asked += m.type == MSG_PRINT && m.body.n >= sizeof(struct msg_print);
		must(p.now == NULL && p.waiting.n == 0 && p.bytes == 0);
	}
	for (int i = 0; i < 1000 && answers < asked; i++)
		loop_once(env.loop, 0);
	must(answers == asked);
	return 0;
}
