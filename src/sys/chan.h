/* SPDX-License-Identifier: Apache-2.0
 *
 * Chan: typed messages between two of our processes over a stream socket pair.
 *
 * A message is a fixed head and `len` bytes, at most one file descriptor with it.  The other side is
 * another trust level: chan checks length and type against the limits, the receiver checks the rest
 * (and every receiver is fuzzed).  A peer that breaks the protocol is cut off.
 *
 * Back-pressure: chan_send never blocks and never drops; it queues in memory.  A producer of bulk looks
 * at chan_queued() and stops reading its own input above a mark; on_drain tells when the queue is empty.
 */
#ifndef NZ_SYS_CHAN_H
#define NZ_SYS_CHAN_H

#include "base/slice.h"
#include "sys/loop.h"

#define CHAN_MSG_MAX (128u << 20)

struct chan_head {
	uint32_t len;    /* bytes behind the head */
	uint16_t type;   /* a row of tbl/messages.tbl */
	uint16_t flags;  /* CHAN_HAS_FD */
	uint64_t id;     /* pairs question and answer; the asker chooses it */
};

#define CHAN_HAS_FD 1u

struct msg {
	uint16_t type;
	uint64_t id;
	struct slice body; /* 16-aligned; valid during the callback */
	int fd;            /* -1, or the receiver's to close (set to -1 to keep it) */
};

struct chan;

struct chan_ops {
	void (*on_msg)(void *ctx, struct chan *ch, struct msg *m);
	void (*on_close)(void *ctx, struct chan *ch); /* the other process went; ch is freed after it */
	void (*on_drain)(void *ctx, struct chan *ch); /* may be NULL */
};

/* Takes fd over. ctx is the callbacks' first argument. */
struct chan *chan_new(struct loop *l, int fd, const struct chan_ops *ops, void *ctx);
void chan_free(struct chan *ch);           /* closes without on_close; NULL is fine */
/* Queues a message whose body is the parts one behind the other. fd (or -1) stays the caller's. */
void chan_send(struct chan *ch, uint16_t type, uint64_t id, struct slice body, int fd);
void chan_send2(struct chan *ch, uint16_t type, uint64_t id, struct slice a, struct slice b, int fd);
size_t chan_queued(const struct chan *ch); /* bytes not yet taken by the kernel */
/* Stops or resumes reading from the peer: pushes back. */
void chan_pause(struct chan *ch, bool paused);

#endif
