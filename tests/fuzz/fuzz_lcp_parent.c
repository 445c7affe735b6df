/* SPDX-License-Identifier: Apache-2.0
 *
 * What the collector's worker and tls process, which read strangers' bytes, say to its parent.  Each message names one of four
 * descriptors or is raw.  Truth: only the worker closes connections, never a UDP socket, and the count stays right.
 */
#define _GNU_SOURCE
#include "role_world.h"

#include "../../src/role/lcp_parent.c"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct parent p;
	struct held *h[4];
	struct lcp_conn_msg ids[4];
	struct slice rest = slice_of(data, size);
	struct world_msg w;
	size_t tcp = 0;

	if (p.loop == NULL) {
		log_init("fuzz", LOG_ALERT + 1);
		p.loop = loop_new();
		for (int i = 0; i < CHILDREN; i++)
			p.child[i] = (struct child){ .p = &p, .id = (enum child_id)i, .ch = world_channel(p.loop, NULL) };
	}
	for (uint32_t i = 0; i < 4; i++) {
		h[i] = hold(&p, eventfd(0, EFD_CLOEXEC), i, "192.0.2.1", i == 0);
		ids[i] = h[i]->msg;
	}
	while (world_next(&rest, &w)) {
		struct msg m = { .fd = -1, .type = w.type & 8 ? w.type : LCP_CLOSE, .body = w.body };
		size_t before = p.connections;

		if (w.type & 4)
			m.body = slice_of(&ids[w.type & 3], sizeof ids[0]);
		on_msg(&p.child[w.peer % CHILDREN], NULL, &m);
		must(p.connections == before || (p.connections == before - 1 && w.peer % CHILDREN == WORKER));
	}
	for (uint32_t i = 0; i < 4; i++) {
		struct map_slot *s = map_get(&p.held, slice_of(ids[i].id, 16));

		must(i != 0 || s != NULL);
		if (s == NULL)
			continue;
		must(fcntl(h[i]->fd, F_GETFD) >= 0);
		tcp += i != 0;
		close(h[i]->fd);
		map_del(&p.held, slice_of(ids[i].id, 16));
		free(h[i]);
	}
	must(p.connections == tcp && p.held.n == 0);
	p.connections = 0;
	loop_once(p.loop, 0);
	return 0;
}
