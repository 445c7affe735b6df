/* SPDX-License-Identifier: Apache-2.0 */
#include "role/store_work.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"

#define CREW_MAX 8

struct crew {
	pthread_mutex_t lock; /* guards todo, finished, waiting, stop */
	pthread_cond_t work;
	struct job *todo, **todo_last, *finished, **finished_last;
	size_t waiting;
	bool stop;
	int wake;             /* eventfd: something is in `finished` */
	unsigned threads;
	pthread_t thread[CREW_MAX];
	struct store_conn *conn[CREW_MAX];
	struct watch *watch;
};

struct start {
	struct crew *crew;
	struct store_conn *conn;
};

static void
finish(struct crew *c, struct job *j)
{
	uint64_t one = 1;

	pthread_mutex_lock(&c->lock);
	j->next = NULL;
	*c->finished_last = j;
	c->finished_last = &j->next;
	pthread_mutex_unlock(&c->lock);
	must(write(c->wake, &one, sizeof one) == sizeof one);
}

static struct job *
take_job(struct crew *c)
{
	struct job *j;

	pthread_mutex_lock(&c->lock);
	while (c->todo == NULL && !c->stop)
		pthread_cond_wait(&c->work, &c->lock);
	j = c->stop ? NULL : c->todo;
	if (j != NULL) {
		c->todo = j->next;
		if (c->todo == NULL)
			c->todo_last = &c->todo;
		c->waiting--;
	}
	pthread_mutex_unlock(&c->lock);
	return j;
}

static void *
thread_main(void *arg)
{
	struct start s = *(struct start *)arg;
	struct job *j;

	free(arg);
	while ((j = take_job(s.crew)) != NULL) {
		j->run(j, s.conn);
		finish(s.crew, j);
	}
	return NULL;
}

static void
on_wake(void *ctx, int fd, unsigned events)
{
	struct crew *c = ctx;
	struct job *j, *next;
	uint64_t n;

	(void)events;
	if (read(fd, &n, sizeof n) != sizeof n)
		return;
	pthread_mutex_lock(&c->lock);
	j = c->finished;
	c->finished = NULL;
	c->finished_last = &c->finished;
	pthread_mutex_unlock(&c->lock);
	for (; j != NULL; j = next) {
		next = j->next;
		j->done(j);
	}
}

int
crew_new(struct loop *l, struct store *st, unsigned threads, struct crew **ret, struct buf *err)
{
	struct crew *c = x_calloc(1, sizeof *c);
	struct start *s;
	int r;

	must(threads <= CREW_MAX);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	c->todo_last = &c->todo;
	c->finished_last = &c->finished;
	c->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	must(c->wake >= 0);
	c->watch = loop_watch(l, c->wake, LOOP_IN, on_wake, c);
	for (unsigned i = 0; i < threads; i++) {
		r = store_conn_new(st, &c->conn[i], err);
		if (r != 0)
			return r; /* the role ends */
		s = x_calloc(1, sizeof *s);
		*s = (struct start){ c, c->conn[i] };
		must(pthread_create(&c->thread[i], NULL, thread_main, s) == 0);
		c->threads++;
	}
	*ret = c;
	return 0;
}

void
crew_put(struct crew *c, struct job *j)
{
	pthread_mutex_lock(&c->lock);
	j->next = NULL;
	*c->todo_last = j;
	c->todo_last = &j->next;
	c->waiting++;
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->lock);
}

size_t
crew_waiting(struct crew *c)
{
	size_t n;

	pthread_mutex_lock(&c->lock);
	n = c->waiting;
	pthread_mutex_unlock(&c->lock);
	return n;
}

void
crew_stop(struct crew *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->threads; i++) {
		pthread_join(c->thread[i], NULL);
		store_conn_free(c->conn[i]);
	}
	watch_free(c->watch);
	close(c->wake);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->work);
	free(c);
}
