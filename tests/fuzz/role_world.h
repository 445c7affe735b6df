/* SPDX-License-Identifier: Apache-2.0
 *
 * A role alone: its receiver is called as the frame would call it, and whatever it says goes to nobody.
 * A fuzz input is a row of messages: u8 peer, u8 type, u16 length, body.
 */
#ifndef NZ_FUZZ_ROLE_WORLD_H
#define NZ_FUZZ_ROLE_WORLD_H

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "role/role.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
world_hear(void *ctx, struct chan *ch, struct msg *m)
{
	void (*heard)(struct msg *) = NULL;

	(void)ch;
	memcpy(&heard, &ctx, sizeof heard);
	if (heard != NULL)
		heard(m);
}

static void
world_close(void *ctx, struct chan *ch)
{
	(void)ctx;
	(void)ch;
}

/* The role's end of a channel; heard (or NULL) gets what the role says when the loop runs. */
static inline struct chan *
world_channel(struct loop *l, void (*heard)(struct msg *m))
{
	static const struct chan_ops ops = { .on_msg = world_hear, .on_close = world_close };
	static struct chan *others[16]; /* kept, or nobody but the kernel would know them */
	static size_t n;
	void *ctx = NULL;
	int fd[2];

	must(n < 16 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) == 0);
	memcpy(&ctx, &heard, sizeof heard);
	others[n++] = chan_new(l, fd[1], &ops, ctx);
	return chan_new(l, fd[0], &ops, NULL);
}

struct world_msg {
	uint8_t peer, type;
	struct slice body;
};

/* Cuts the next message off; false at the end. A length over the rest means the rest. */
static inline bool
world_next(struct slice *rest, struct world_msg *ret)
{
	uint16_t len;

	if (rest->n < 4)
		return false;
	ret->peer = (uint8_t)rest->p[0];
	ret->type = (uint8_t)rest->p[1];
	memcpy(&len, rest->p + 2, sizeof len);
	*rest = slice_sub(*rest, 4, rest->n);
	ret->body = slice_sub(*rest, 0, len < rest->n ? len : rest->n);
	*rest = slice_sub(*rest, ret->body.n, rest->n);
	return true;
}

#endif
