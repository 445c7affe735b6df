/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads of the store role.  The engine's calls block, the role's loop must not: one thread inserts, two
 * answer queries, each with its own connection.  A job's run() works in the thread; its done() is called
 * in the loop afterwards.  Nothing else is shared: a job owns what it needs until done().
 */
#ifndef NZ_ROLE_STORE_WORK_H
#define NZ_ROLE_STORE_WORK_H

#include "store/store.h"
#include "sys/loop.h"

struct job {
	void (*run)(struct job *j, struct store_conn *c);
	void (*done)(struct job *j);
	struct job *next;
};

struct crew;

/* threads each with a connection of its own; 0 or E_IO with err. */
int crew_new(struct loop *l, struct store *st, unsigned threads, struct crew **ret, struct buf *err);
void crew_put(struct crew *c, struct job *j);
size_t crew_waiting(struct crew *c); /* jobs no thread has begun */
/* Finishes the job under way in each thread, drops the others. */
void crew_stop(struct crew *c);

#endif
