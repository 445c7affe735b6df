/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes of a broken process on a channel: cut into messages, or cut off.  Messages that came whole are as the bytes say.
 */
#include "role_world.h"

#include <fcntl.h>

static struct slice sent;
static bool closed;

static void
on_msg(void *ctx, struct chan *ch, struct msg *m)
{
	struct chan_head head;

	(void)ctx;
	(void)ch;
	must(sent.n >= sizeof head);
	memcpy(&head, sent.p, sizeof head);
	must(head.type == m->type && head.id == m->id && head.len == m->body.n && sent.n >= sizeof head + head.len);
	must(memcmp(sent.p + sizeof head, m->body.p, head.len) == 0 && m->fd == -1);
	sent = slice_sub(sent, (sizeof head + head.len + 15) & ~15ull, sent.n);
}

static void
on_close(void *ctx, struct chan *ch)
{
	(void)ctx;
	(void)ch;
	closed = true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct chan_ops ops = { .on_msg = on_msg, .on_close = on_close };
	static struct loop *loop;
	int fd[2], whole = 65536;

	if (loop == NULL) {
		log_init("fuzz", LOG_ALERT + 1);
		loop = loop_new();
	}
	if (size > (size_t)whole)
		return 0;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) == 0);
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &whole, sizeof whole);
	closed = false;
	sent = slice_of(data, size);
	chan_new(loop, fd[1], &ops, NULL);
	must(send(fd[0], data, size, 0) == (ssize_t)size);
	close(fd[0]);
	while (!closed) /* an end in the middle of a message is an end too */
		loop_once(loop, -1);
	return 0;
}
