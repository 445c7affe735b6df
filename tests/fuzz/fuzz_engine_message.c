/* SPDX-License-Identifier: Apache-2.0
 *
 * What archive, store, desk and intel say to an engine with one source and no rules.  Truth: it asks the archive for a feed exactly when
 * all three others have answered its question.
 */
#define _GNU_SOURCE
#include "role_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../src/role/engine.c"
#include "sys/fd.h"

static size_t feeds;

static void
heard(struct msg *m)
{
	feeds += m->type == MSG_FEED_FROM;
}

static struct engine *
set_up(struct role_env *env)
{
	static char folder[] = "/dev/shm/nezuban-fuzz-XXXXXX";
	auto_free char *source = NULL;
	struct engine *e = x_calloc(1, sizeof *e);
	struct whys ws = { 0 };

	log_init("fuzz", LOG_ALERT + 1);
	must(mkdtemp(folder) != NULL);
	source = x_asprintf("%s/a.b.yaml", folder);
	must(file_write_atomic(source, SL("source: a.b\nprobe: {starts: 'a='}\ncodec: kv\nnative: x\nfields:\n  a: source.ip\n"), 0600) == 0);
	*env = (struct role_env){ .loop = loop_new(), .clock = clock_real(), .id = ROLE_ENGINE, .copies = 1, .state = e };
	e->env = env;
	e->scratch = &e->own_scratch;
	e->columns = store_builder_new();
	e->zip = batch_zip_new();
	e->gen = detect_gen_load(NULL, 0, folder, &ws);
	must(e->gen != NULL);
	whys_fini(&ws);
	must(unlink(source) == 0 && rmdir(folder) == 0);
	return e;
}

/* An image is a descriptor in the message. */
static int
image_of(struct slice body)
{
	int fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	must(fd >= 0 && fd_write_all(fd, body.p, body.n) == 0);
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct { enum role_id peer; uint16_t type; } kinds[] = {
		{ ROLE_ARCHIVE, MSG_FEED },   { ROLE_STORE, MSG_POSITIONS }, { ROLE_DESK, MSG_POSITIONS }, { ROLE_DESK, MSG_SNAPSHOT },
		{ ROLE_DESK, MSG_TENANTS },   { ROLE_INTEL, MSG_IMAGE },     { ROLE_STORE, MSG_STORED },   { ROLE_DESK, MSG_DETECTED },
	};
	static struct role_env env;
	static struct engine *e;
	static struct chan *peer[3];
	struct slice rest = slice_of(data, size);
	struct world_msg w;
	bool started;

	if (e == NULL) {
		e = set_up(&env);
		for (int i = 0; i < 3; i++)
			peer[i] = world_channel(env.loop, heard);
	}
	e->have_image = e->have_tenants = e->going = true;
	role_engine.on_peer(&env, ROLE_ARCHIVE, 0, peer[0]);
	role_engine.on_peer(&env, ROLE_STORE, 0, peer[1]);
	role_engine.on_peer(&env, ROLE_DESK, 0, peer[2]); /* with all three it begins */
	feeds = 0;
	while (world_next(&rest, &w)) {
		struct msg m = { .fd = -1, .id = w.peer & 1 ? e->feed : e->feed - 1, .type = kinds[w.type % 8].type, .body = w.body };

		if (m.type == MSG_IMAGE) {
			m.fd = image_of(w.body);
			m.body = SL("{\"kind\":\"intel\"}");
		}
		role_engine.on_msg(&env, kinds[w.type % 8].peer, 0, &m);
		if (m.fd >= 0)
			close(m.fd);
	}
	started = e->got > GOT_ALL;
	for (int i = 0; i < 50 && feeds < started; i++)
		loop_once(env.loop, 1);
	must(feeds == started);
	role_engine.on_peer_lost(&env, ROLE_ARCHIVE, 0);
	role_engine.on_peer_lost(&env, ROLE_STORE, 0);
	role_engine.on_peer_lost(&env, ROLE_DESK, 0);
	return 0;
}
