/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sys/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "base/vec.h"

struct watch {
	struct loop *l;
	int fd;
	unsigned events;
	bool dead;
	watch_fn *fn;
	void *ctx;
	struct watch *next_dead;
};

struct timer {
	struct loop *l;
	int64_t due, every;
	uint64_t order; /* equal due times fire in the order they were made */
	bool dead;
	size_t at;      /* index in the heap */
	timer_fn *fn;
	void *ctx;
};

struct hook {
	timer_fn *fn;
	void *ctx;
};

struct loop {
	int ep, sigfd;
	struct watch *sigwatch;
	sigset_t signals;
	struct {
		signal_fn *fn;
		void *ctx;
	} on_signal[65];
	VEC(struct timer *) heap;
	VEC(struct hook) hooks;
	struct watch *dead;
	uint64_t order;
	int watches, ret;
	bool stopped;
};

int64_t
loop_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

struct loop *
loop_new(void)
{
	struct loop *l = x_calloc(1, sizeof *l);

	l->ep = epoll_create1(EPOLL_CLOEXEC);
	must(l->ep >= 0);
	l->sigfd = -1;
	sigemptyset(&l->signals);
	return l;
}

static void
bury(struct loop *l)
{
	while (l->dead != NULL) {
		struct watch *w = l->dead;

		l->dead = w->next_dead;
		free(w);
	}
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->heap.n; i++)
		free(l->heap.v[i]);
	vec_fini(&l->heap);
	vec_fini(&l->hooks);
	watch_free(l->sigwatch);
	bury(l);
	if (l->sigfd >= 0)
		close(l->sigfd);
	close(l->ep);
	free(l);
}

static uint32_t
to_epoll(unsigned events)
{
	return (events & LOOP_IN ? EPOLLIN | EPOLLRDHUP : 0u) | (events & LOOP_OUT ? EPOLLOUT : 0u) |
	       (events & LOOP_EDGE ? (uint32_t)EPOLLET : 0u);
}

struct watch *
loop_watch(struct loop *l, int fd, unsigned events, watch_fn *fn, void *ctx)
{
	struct watch *w = x_calloc(1, sizeof *w);
	struct epoll_event ev = { .events = to_epoll(events), .data.ptr = w };

	*w = (struct watch){ .l = l, .fd = fd, .events = events, .fn = fn, .ctx = ctx };
	must(epoll_ctl(l->ep, EPOLL_CTL_ADD, fd, &ev) == 0);
	l->watches++;
	return w;
}

void
watch_set(struct watch *w, unsigned events)
{
	struct epoll_event ev = { .events = to_epoll(events), .data.ptr = w };

	if (w->dead || w->events == events)
		return;
	w->events = events;
	must(epoll_ctl(w->l->ep, EPOLL_CTL_MOD, w->fd, &ev) == 0);
}

void
watch_free(struct watch *w)
{
	if (w == NULL || w->dead)
		return;
	epoll_ctl(w->l->ep, EPOLL_CTL_DEL, w->fd, NULL);
	w->dead = true;
	w->l->watches--;
	w->next_dead = w->l->dead;
	w->l->dead = w;
}

/* ---- timers: a binary heap ordered by due time ---- */

static bool
earlier(const struct timer *a, const struct timer *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void
place(struct loop *l, size_t i, struct timer *t)
{
	l->heap.v[i] = t;
	t->at = i;
}

static void
sift_up(struct loop *l, size_t i, struct timer *t)
{
	while (i != 0 && earlier(t, l->heap.v[(i - 1) / 2])) {
		place(l, i, l->heap.v[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(l, i, t);
}

static void
sift_down(struct loop *l, size_t i, struct timer *t)
{
	for (size_t kid; (kid = 2 * i + 1) < l->heap.n; i = kid) {
		if (kid + 1 < l->heap.n && earlier(l->heap.v[kid + 1], l->heap.v[kid]))
			kid++;
		if (!earlier(l->heap.v[kid], t))
			break;
		place(l, i, l->heap.v[kid]);
	}
	place(l, i, t);
}

static void
heap_remove(struct loop *l, struct timer *t)
{
	struct timer *last = l->heap.v[--l->heap.n];

	if (last != t) {
		sift_down(l, t->at, last);
		sift_up(l, last->at, last);
	}
}

struct timer *
loop_timer(struct loop *l, int64_t delay_ns, int64_t every_ns, timer_fn *fn, void *ctx)
{
	struct timer *t = x_calloc(1, sizeof *t);

	*t = (struct timer){ .l = l,
		             .due = loop_mono_ns() + (delay_ns > 0 ? delay_ns : 0),
		             .every = every_ns,
		             .order = l->order++,
		             .fn = fn,
		             .ctx = ctx };
	vec_push(&l->heap, t);
	sift_up(l, l->heap.n - 1, t);
	return t;
}

void
timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	if (t->dead) { /* firing now: fire_timers frees it */
		t->every = 0;
		return;
	}
	heap_remove(t->l, t);
	free(t);
}

static int
fire_timers(struct loop *l)
{
	int64_t now = loop_mono_ns();
	int fired = 0;

	while (l->heap.n != 0 && l->heap.v[0]->due <= now && !l->stopped) {
		struct timer *t = l->heap.v[0];

		heap_remove(l, t);
		t->dead = true;
		t->fn(t->ctx);
		fired++;
		if (t->every == 0) {
			free(t);
			continue;
		}
		t->dead = false;
		t->due = now + t->every;
		t->order = l->order++;
		vec_push(&l->heap, t);
		sift_up(l, l->heap.n - 1, t);
	}
	return fired;
}

static int
wait_ms(const struct loop *l, int timeout_ms)
{
	int64_t left;

	if (l->heap.n == 0)
		return timeout_ms;
	left = (l->heap.v[0]->due - loop_mono_ns() + NS_PER_MS - 1) / NS_PER_MS;
	if (left < 0)
		left = 0;
	if (left > 1000000)
		left = 1000000;
	return timeout_ms < 0 || left < timeout_ms ? (int)left : timeout_ms;
}

int
loop_once(struct loop *l, int timeout_ms)
{
	struct epoll_event evs[64];
	int n, ran;

	for (size_t i = 0; i < l->hooks.n; i++)
		l->hooks.v[i].fn(l->hooks.v[i].ctx);
	if (l->stopped)
		return 0;
	n = epoll_wait(l->ep, evs, 64, wait_ms(l, timeout_ms));
	must(n >= 0 || errno == EINTR);
	ran = fire_timers(l);
	for (int i = 0; i < n; i++) {
		struct watch *w = evs[i].data.ptr;
		unsigned e = evs[i].events;

		if (w->dead || l->stopped)
			continue;
		w->fn(w->ctx, w->fd,
		      (e & EPOLLIN ? LOOP_IN : 0) | (e & EPOLLOUT ? LOOP_OUT : 0) |
		              (e & (EPOLLHUP | EPOLLERR | EPOLLRDHUP) ? LOOP_HUP : 0));
		ran++;
	}
	bury(l);
	return ran;
}

int
loop_run(struct loop *l)
{
	while (!l->stopped)
		loop_once(l, -1);
	return l->ret;
}

void
loop_stop(struct loop *l, int ret)
{
	l->stopped = true;
	l->ret = ret;
}

static void
on_sigfd(void *ctx, int fd, unsigned events)
{
	struct loop *l = ctx;
	struct signalfd_siginfo si;

	(void)events;
	while (read(fd, &si, sizeof si) == (ssize_t)sizeof si)
		if (si.ssi_signo < 65 && l->on_signal[si.ssi_signo].fn != NULL)
			l->on_signal[si.ssi_signo].fn(l->on_signal[si.ssi_signo].ctx, (int)si.ssi_signo);
}

void
loop_signal(struct loop *l, int signo, signal_fn *fn, void *ctx)
{
	bool first = l->sigfd < 0;

	must(signo > 0 && signo < 65);
	l->on_signal[signo].fn = fn;
	l->on_signal[signo].ctx = ctx;
	sigaddset(&l->signals, signo);
	sigprocmask(SIG_BLOCK, &l->signals, NULL);
	l->sigfd = signalfd(l->sigfd, &l->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	must(l->sigfd >= 0);
	if (first)
		l->sigwatch = loop_watch(l, l->sigfd, LOOP_IN, on_sigfd, l);
}

void
loop_before_sleep(struct loop *l, timer_fn *fn, void *ctx)
{
	vec_push(&l->hooks, (struct hook){ fn, ctx });
}
