/* SPDX-License-Identifier: Apache-2.0
 *
 * Role print with the real program: a document comes back, one after the other; what is no data set, what comes too often and what nobody
 * waits for any more is said or dropped; the program dies, and the next document is made.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <sys/socket.h>
#undef MSG_BATCH /* sys/socket.h has an enumerator of that name as well: ours is never used here */
#define MSG_BATCH NZ_MSG_BATCH
#include "role/print.c"

static struct loop *loop;
static struct role_env env;
static struct printer *printer;
static struct chan *near, *far;
static uint64_t answered[64];
static uint32_t said[64];
static size_t answers, largest;

static void
on_answer(void *ctx, struct chan *ch, struct msg *m)
{
	struct msg_printed head;

	(void)ctx;
	(void)ch;
	assert_int_equal(m->type, MSG_PRINTED);
	assert_true(m->body.n >= sizeof head && answers < 64);
	memcpy(&head, m->body.p, sizeof head);
	answered[answers] = m->id;
	said[answers++] = head.status;
	if (head.status == PRINTED_DONE)
		assert_memory_equal(m->body.p + sizeof head, "%PDF", 4);
	else
		assert_int_equal(m->body.n, sizeof head);
	largest = m->body.n > largest ? m->body.n : largest;
}

static void
on_ask(void *ctx, struct chan *ch, struct msg *m)
{
	(void)ctx;
	(void)ch;
	role_print.on_msg(&env, ROLE_WEB, 0, m);
}

static void
on_close(void *ctx, struct chan *ch)
{
	(void)ctx;
	(void)ch;
}

static const struct chan_ops near_ops = { .on_msg = on_ask, .on_close = on_close }, far_ops = { .on_msg = on_answer, .on_close = on_close };

static int
start(void **st)
{
	int pair[2];

	(void)st;
	signal(SIGPIPE, SIG_IGN);
	loop = loop_new();
	env = (struct role_env){ .loop = loop, .clock = clock_real(), .id = ROLE_PRINT, .copies = 1 };
	assert_int_equal(role_print.open(&env), 0);
	printer = env.state;
	free(printer->program);
	printer->program = x_strdup(PRINT_PROGRAM);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	near = chan_new(loop, pair[0], &near_ops, NULL);
	far = chan_new(loop, pair[1], &far_ops, NULL);
	role_print.on_peer(&env, ROLE_WEB, 0, near);
	return 0;
}

static void
ask(uint64_t id, uint32_t lang, const char *data)
{
	struct msg_print head = { .lang = lang };

	chan_send2(far, MSG_PRINT, id, slice_of(&head, sizeof head), slice_str(data), -1);
}

static void
wait_for(size_t n)
{
	int64_t until = loop_mono_ns() + 60 * NS_PER_S;

	while (answers < n && loop_mono_ns() < until)
		loop_once(loop, 50);
	assert_int_equal(answers, n);
}

#define DATA "{\"tenant\":{\"name\":{\"ja\":\"青葉\",\"en\":\"Aoba\"}},\"period\":{\"first\":\"2026-10-01\",\"last\":\"2026-10-31\",\"zone\":\"Asia/Tokyo\"}}"

static void
documents_come_one_after_the_other(void **st)
{
	(void)st;
	answers = 0;
	for (uint64_t i = 1; i <= 4; i++)
		ask(i, i % 2, DATA);
	wait_for(4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(answered[i], i + 1);
		assert_int_equal(said[i], PRINTED_DONE);
	}
	assert_true(largest > 10000);
	assert_null(printer->now);
	assert_int_equal(printer->bytes, 0);
}

static void
what_is_no_data_set_is_said(void **st)
{
	(void)st;
	answers = 0;
	ask(1, 0, "[]");
	ask(2, 0, "{\"a\":");
	ask(3, 2, DATA); /* no such language */
	ask(4, 1, DATA);
	chan_send(far, MSG_PRINT, 5, SL("x"), -1); /* shorter than its head: nothing to answer */
	wait_for(4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(said[i], answered[i] == 4 ? PRINTED_DONE : PRINTED_BAD);
}

static void
too_many_are_sent_away(void **st)
{
	size_t busy = 0, done = 0;

	(void)st;
	answers = 0;
	for (uint64_t i = 1; i <= QUEUE_MAX + 8; i++)
		ask(i, 1, "[]");
	wait_for(QUEUE_MAX + 8);
	for (size_t i = 0; i < answers; i++) {
		busy += said[i] == PRINTED_BUSY;
		done += said[i] == PRINTED_BAD;
	}
	assert_true(busy >= 1 && busy <= 8);
	assert_int_equal(busy + done, QUEUE_MAX + 8);
}

static void
a_program_that_dies_or_hangs_costs_one_document(void **st)
{
	(void)st;
	answers = 0;
	free(printer->program);
	printer->program = x_strdup("/bin/false"); /* ends with 1 and no document: it refused the data set */
	ask(1, 1, DATA);
	wait_for(1);
	assert_int_equal(said[0], PRINTED_BAD);
	free(printer->program);
	printer->program = x_strdup("/nonexistent/nezuban-print");
	ask(2, 1, DATA);
	wait_for(2);
	assert_int_equal(said[1], PRINTED_FAILED);
	free(printer->program);
	printer->program = x_strdup("/bin/cat"); /* --lang is none of its options: it complains on the standard error that nobody hears */
	ask(3, 1, DATA);
	wait_for(3);
	assert_int_equal(said[2], PRINTED_BAD);
	free(printer->program);
	printer->program = x_strdup(PRINT_PROGRAM);
	ask(4, 1, DATA);
	while (printer->now == NULL)
		loop_once(loop, 50);
	on_late(printer); /* its time is over */
	printer->late = NULL;
	ask(5, 0, DATA);
	wait_for(5);
	assert_int_equal(said[3], PRINTED_FAILED);
	assert_int_equal(said[4], PRINTED_DONE);
}

static void
what_nobody_waits_for_is_not_made(void **st)
{
	(void)st;
	answers = 0;
	ask(1, 1, DATA);
	ask(2, 1, DATA);
	while (printer->now == NULL || printer->waiting.n == 0)
		loop_once(loop, 50);
	role_print.on_peer_lost(&env, ROLE_WEB, 0);
	role_print.on_peer(&env, ROLE_WEB, 0, near); /* a new one, which knows nothing of them */
	ask(3, 1, DATA);
	wait_for(1);
	assert_int_equal(answered[0], 3);
	assert_int_equal(said[0], PRINTED_DONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_come_one_after_the_other), cmocka_unit_test(what_is_no_data_set_is_said), cmocka_unit_test(too_many_are_sent_away),
		cmocka_unit_test(a_program_that_dies_or_hangs_costs_one_document), cmocka_unit_test(what_nobody_waits_for_is_not_made),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
