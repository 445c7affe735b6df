/* SPDX-License-Identifier: Apache-2.0
 *
 * What desk, store and print say to web while questions are under way.  Truth: a question that got an answer of its own peer is not asked any
 * more, and no other one is touched.
 */
#define _GNU_SOURCE
#include "role_world.h"

#include <arpa/inet.h>

#include "../../src/role/web.c"

#define QUESTIONS 7 /* 5 a PDF, 6 a CSV, 7 a PDF under way */

static struct http *
server(struct web *w)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	must(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0);
	return serve(w, fd, false);
}

static const struct api_route *
route_of(unsigned owner)
{
	for (size_t i = 0; i < api_route_count; i++)
		if (api_routes[i].owner == owner)
			return &api_routes[i];
	must(false);
	return NULL;
}

static const struct api_route *
route_named(const char *verb)
{
	for (size_t i = 0; i < api_route_count; i++)
		if (strcmp(api_routes[i].verb, verb) == 0)
			return &api_routes[i];
	must(false);
	return NULL;
}

static void
ask_all(struct web *w)
{
	for (uint64_t i = 1; i <= QUESTIONS; i++) {
		struct question *q = x_calloc(1, sizeof *q);

		q->id = i;
		q->http = w->local;
		q->request = i;
		q->route = i >= 5 ? route_named(i == 5 ? "report.pdf" : "report.csv") : route_of(i == 3 ? API_STORE : i == 4 ? API_WEB : API_DESK);
		q->step = i == 1 || i == 4 ? STEP_SESSION : i == 7 ? STEP_PRINT : STEP_OWNER;
		q->peer = i == 3 ? ROLE_STORE : i == 7 ? ROLE_PRINT : ROLE_DESK;
		vec_push(&w->asked, q);
	}
}

static bool
is_asked(const struct web *w, uint64_t id, enum step step)
{
	for (size_t i = 0; i < w->asked.n; i++)
		if (w->asked.v[i]->id == id)
			return w->asked.v[i]->step == step;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct web w;
	static struct role_env env;
	struct slice rest = slice_of(data, size);
	struct whys ws = { 0 };
	struct world_msg one;

	if (env.loop == NULL) {
		log_init("fuzz", LOG_ALERT + 1);
		env = (struct role_env){ .loop = loop_new(), .clock = clock_real(), .id = ROLE_WEB, .state = &w };
		w = (struct web){ .env = &env, .check = true, .events = api_events_new(64) };
		must(api_spec_load(api_spec_text(), &w.spec, &ws) == 0);
		w.routes = x_calloc(api_route_count, sizeof *w.routes);
		for (size_t i = 0; i < api_route_count; i++)
			w.routes[i] = (struct http_route){ .method = api_routes[i].method, .pattern = api_routes[i].path, .fn = on_request, .arg = i };
		w.local = server(&w);
		role_web.on_peer(&env, ROLE_DESK, 0, world_channel(env.loop, NULL));
		role_web.on_peer(&env, ROLE_STORE, 0, world_channel(env.loop, NULL));
		role_web.on_peer(&env, ROLE_PRINT, 0, world_channel(env.loop, NULL));
	}
	ask_all(&w);
	while (world_next(&rest, &one)) {
		struct msg m = { .fd = -1, .id = one.type % 8, .type = one.peer & 4 ? MSG_PRINTED : one.peer & 2 ? MSG_CHANGED : MSG_ANSWER, .body = one.body };
		enum role_id peer = one.peer & 4 ? ROLE_PRINT : one.peer & 1 ? ROLE_STORE : ROLE_DESK;
		bool under_way = is_asked(&w, m.id, STEP_PRINT);
		bool before = is_asked(&w, m.id, STEP_OWNER);
		size_t n = w.asked.n;

		role_web.on_msg(&env, peer, 0, &m);
		must(w.asked.n == n || (w.asked.n == n - 1 && m.type == MSG_ANSWER) || (w.asked.n == n - 1 && m.type == MSG_PRINTED && under_way));
		if (m.type == MSG_ANSWER && before)
			must(is_asked(&w, m.id, STEP_OWNER) == ((m.id == 3) != (peer == ROLE_STORE)));
		must(!under_way || (m.type == MSG_PRINTED) != is_asked(&w, m.id, STEP_PRINT));
	}
	loop_once(env.loop, 0);
	while (w.asked.n != 0)
		web_question_drop(&w, w.asked.v[0]);
	return 0;
}
