/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/chan.h"
#include "sys/loop.h"

struct end {
	struct loop *l;
	int got, closed, fd;
	size_t bytes;
	bool bad;
};

static void
on_msg(void *ctx, struct chan *ch, struct msg *m)
{
	struct end *e = ctx;

	(void)ch;
	e->bad |= ((uintptr_t)m->body.p & 15) != 0 || m->id != (uint64_t)e->got;
	e->got++;
	e->bytes += m->body.n;
	if (m->fd >= 0) {
		e->fd = m->fd;
		m->fd = -1;
	}
}

static void
on_close(void *ctx, struct chan *ch)
{
	struct end *e = ctx;

	(void)ch;
	e->closed++;
	loop_stop(e->l, 0);
}

static const struct chan_ops ops = { on_msg, on_close, NULL };

/* 300 messages of odd sizes, some with a descriptor, larger together than the socket's buffer. */
static void
messages_arrive_whole_and_in_order(void **state)
{
	struct loop *l = loop_new();
	struct end a = { .l = l, .fd = -1 }, b = { .l = l, .fd = -1 };
	struct chan *ca, *cb;
	int sv[2], p[2];
	size_t sent = 0;
	char *body = calloc(1, 100000), byte = 'x';

	(void)state;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0 && pipe(p) == 0);
	ca = chan_new(l, sv[0], &ops, &a);
	cb = chan_new(l, sv[1], &ops, &b);
	for (unsigned i = 0; i < 300; i++) {
		chan_send(ca, 7, i, slice_of(body, i * 331), i % 100 == 50 ? p[1] : -1);
		sent += i * 331;
	}
	assert_true(chan_queued(ca) > 0);
	while (b.got < 300)
		loop_once(l, 1000);
	assert_false(b.bad);
	assert_int_equal(b.bytes, sent);
	assert_true(b.fd >= 0 && write(b.fd, &byte, 1) == 1 && read(p[0], &byte, 1) == 1);
	chan_free(ca);
	loop_run(l);
	assert_int_equal(b.closed, 1);
	(void)cb;
	loop_free(l);
	free(body);
}

static void
count(void *ctx)
{
	++*(int *)ctx;
}

static void
timers_fire_in_order_and_can_be_freed(void **state)
{
	struct loop *l = loop_new();
	int once = 0, many = 0, never = 0;
	struct timer *t = loop_timer(l, 1000000000, 0, count, &never);

	(void)state;
	loop_timer(l, 1000000, 0, count, &once);
	loop_timer(l, 0, 1000000, count, &many);
	timer_free(t);
	while (many < 5)
		loop_once(l, 1000);
	assert_int_equal(once, 1);
	assert_int_equal(never, 0);
	loop_free(l);
}

static void
count_signal(void *ctx, int signo)
{
	assert_int_equal(signo, SIGUSR1);
	count(ctx);
}

/* The loop's own watch of its signals goes with it: the leak checker of the sanitized build sees it if not. */
static void
signals_are_delivered_and_the_loop_frees_all_it_made(void **state)
{
	struct loop *l = loop_new();
	int got = 0;

	(void)state;
	loop_signal(l, SIGUSR1, count_signal, &got);
	loop_signal(l, SIGUSR2, count_signal, &got);
	raise(SIGUSR1);
	while (got == 0)
		loop_once(l, 1000);
	assert_int_equal(got, 1);
	loop_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_arrive_whole_and_in_order),
		cmocka_unit_test(timers_fire_in_order_and_can_be_freed),
		cmocka_unit_test(signals_are_delivered_and_the_loop_frees_all_it_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
