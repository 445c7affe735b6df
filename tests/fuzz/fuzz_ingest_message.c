/* SPDX-License-Identifier: Apache-2.0
 *
 * What archive and desk say to ingest while posts are under way: receipts, the table of collectors, answers to enrolments.
 * Truth: the bytes of the lanes are those of the posts that still wait.
 */
#define _GNU_SOURCE
#include "role_world.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "../../src/role/ingest.c"

#define POSTS 4

static void
add_post(struct ingest *in, uint64_t id)
{
	struct post *p = x_calloc(1, sizeof *p);

	p->id = id;
	snprintf(p->head.key.tenant, sizeof p->head.key.tenant, "%s", id % 2 != 0 ? "aoba" : "harbor");
	memcpy(p->head.key.lcp, "tokyo", 5);
	p->head.key.seq = id;
	p->head.wire_len = 100;
	for (int i = 0; i < 100; i++)
		buf_put_byte(&p->wire, 'x');
	lanes_push(&in->lanes, p);
	must(lanes_next(&in->lanes) == p);
	give(in, p);
}

static struct http *
server(struct loop *l)
{
	static const struct http_route none[] = { { "POST", "/v1/enrol", 1024, on_enrol, 0 } };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct http_conf conf = { .routes = none, .route_count = 1 };
	struct http *h;

	conf.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	must(bind(conf.listen_fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(conf.listen_fd, 1) == 0);
	must(http_open(l, &conf, &h) == 0);
	return h;
}

static size_t
bytes_waiting(struct ingest *in)
{
	size_t n = in->under_way.n * 100;

	for (struct map_slot *s = NULL; (s = map_next(&in->streams.by_key, s)) != NULL;)
		n += ((struct stream *)s->ptr)->held.n * 100;
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = { MSG_RECEIPT, MSG_RECEIPT, MSG_LCPS, MSG_ENROLLED };
	static struct ingest in;
	static struct role_env env;
	struct slice rest = slice_of(data, size);
	struct world_msg w;

	if (env.loop == NULL) {
		log_init("fuzz", LOG_ALERT + 1);
		env = (struct role_env){ .loop = loop_new(), .clock = clock_real(), .id = ROLE_INGEST, .state = &in };
		in = (struct ingest){ .env = &env, .http = server(env.loop), .tenant_queue = 1 << 20, .total_queue = 1 << 20, .retry_s = 1 };
		lanes_init(&in.lanes);
		role_ingest.on_peer(&env, ROLE_ARCHIVE, 0, world_channel(env.loop, NULL));
		role_ingest.on_peer(&env, ROLE_DESK, 0, world_channel(env.loop, NULL));
	}
	for (uint64_t i = 1; i <= POSTS; i++)
		add_post(&in, i);
	in.enrols.n = 0;
	vec_push(&in.enrols, 3);
	while (world_next(&rest, &w)) {
		struct msg m = { .fd = -1, .id = w.peer % 6, .type = types[w.type % 4], .body = w.body };

		role_ingest.on_msg(&env, m.type == MSG_RECEIPT ? ROLE_ARCHIVE : ROLE_DESK, 0, &m);
		must(bytes_waiting(&in) == in.lanes.bytes);
	}
	loop_once(env.loop, 0);
	archive_gone(&in);
	must(in.lanes.bytes == 0);
	return 0;
}
