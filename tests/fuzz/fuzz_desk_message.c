/* SPDX-License-Identifier: Apache-2.0
 *
 * What other roles say to the desk: first byte the peer, second the type, then the body.
 */
#include "desk_world.h"
#include "role/desk_role_priv.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_msg(void *ctx, struct chan *ch, struct msg *m)
{
	(void)ctx;
	(void)ch;
	(void)m;
}

static void
on_close(void *ctx, struct chan *ch)
{
	(void)ctx;
	(void)ch;
}

static const struct chan_ops ops = { .on_msg = on_msg, .on_close = on_close };

static struct chan *
channel(struct loop *l)
{
	static struct chan *others[8]; /* kept, or nobody but the kernel would know them */
	static size_t n;
	int fd[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) == 0);
	others[n++] = chan_new(l, fd[1], &ops, NULL);
	return chan_new(l, fd[0], &ops, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum role_id peers[] = { ROLE_ENGINE, ROLE_WEB, ROLE_INGEST, ROLE_NOTIFY, ROLE_CALL, ROLE_ARCHIVE, ROLE_STORE, ROLE_INTEL, ROLE_MAIL };
	static const uint16_t types[] = { MSG_DETECTIONS, MSG_POSITIONS_ASK, MSG_SNAPSHOT, MSG_SNAPSHOT_ASK, MSG_ASK, MSG_ENROL, MSG_HEARTBEAT,
		                          MSG_TRAFFIC, MSG_JOB_EVENT, MSG_JOB_DONE, MSG_MANIFEST, MSG_INTEL_STATE, MSG_MAIL };
	static struct desk_role dr;
	static struct role_env env;
	struct msg m = { .fd = -1, .id = 7 };

	if (dr.desk == NULL) {
		env = (struct role_env){ .loop = loop_new(), .clock = clock_real(), .id = ROLE_DESK, .state = &dr };
		dr.env = &env;
		world_open(&dr.db, &dr.desk);
		must(db_open(":memory:", &dr.auth_db) == 0 && auth_open(dr.auth_db, NULL, &dr.auth) == 0);
		dr.pool = auth_pool_new(env.loop, 0, 4); /* no threads: passwords are not what is tried here */
		dr.engine[0] = channel(env.loop);
		dr.web = channel(env.loop);
		dr.ingest = channel(env.loop);
	}
	if (size < 2)
		return 0;
	m.type = types[data[1] % (sizeof types / sizeof *types)];
	m.body = slice_of(data + 2, size - 2);
	role_desk.on_msg(&env, peers[data[0] % (sizeof peers / sizeof *peers)], 0, &m);
	must(!db_is_open(dr.db));
	loop_once(env.loop, 0);
	return 0;
}
