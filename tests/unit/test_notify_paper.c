/* SPDX-License-Identifier: Apache-2.0
 *
 * The mail that says a report is out, with a desk and a print played here: it goes once, with the document when there is one, and without it
 * whatever fails.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <stdio.h>
#include <sys/socket.h>
#undef MSG_BATCH /* sys/socket.h has an enumerator of that name as well: ours is never used here */
#define MSG_BATCH NZ_MSG_BATCH
#include "notify/notify.h"

static int sent, cancelled;
static char sent_job[65], sent_name[80];
static size_t sent_bytes;
static int sent_files, deferred;

/* In place of notify/post.c: what would go out. */
static void
seen_send(struct post *p, const struct notice *n)
{
	(void)p;
	sent++;
	snprintf(sent_job, sizeof sent_job, "%s", n->job);
	snprintf(sent_name, sizeof sent_name, "%s", n->files_n != 0 ? n->files[0].name : "");
	sent_bytes = 0;
	for (int i = 0; i < n->files_n; i++)
		sent_bytes += n->files[i].body.n;
	sent_files = n->files_n;
}
#define post_send seen_send
#include "role/notify.c"
#include "role/notify_paper.c"
#include "role/outbox.c"

static struct loop *loop;
static struct role_env env;
static struct notifier *n;
static struct chan *desk_far, *print_far, *near, *near_desk;
static uint64_t asked_desk, asked_print;
static char print_body[400];

static void
on_far(void *ctx, struct chan *ch, struct msg *m)
{
	(void)ctx;
	(void)ch;
	if (m->type == MSG_REPORT_ASK) {
		assert_true(slice_eq(m->body, SL("{\"id\":\"aoba-2026-10\",\"revision\":1}")));
		asked_desk = m->id;
	} else if (m->type == MSG_PRINT) {
		snprintf(print_body, sizeof print_body, "%d %.*s", m->body.p[0], (int)(m->body.n - sizeof(struct msg_print)), m->body.p + sizeof(struct msg_print));
		asked_print = m->id;
	} else if (m->type == MSG_JOB_DONE) {
		cancelled += slice_find_slice(m->body, SL("\"cancelled\"")) >= 0;
		deferred += slice_find_slice(m->body, SL("\"deferred\"")) >= 0;
	} else if (m->type == MSG_FILES_ASK) {
		snprintf(print_body, sizeof print_body, SL_FMT, SL_ARG(m->body));
		asked_desk = m->id;
	}
}

static void
on_gone(void *ctx, struct chan *ch)
{
	(void)ctx;
	(void)ch;
}

static struct chan *
join(enum role_id peer)
{
	static const struct chan_ops ops = { .on_msg = on_far, .on_close = on_gone };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	near = chan_new(loop, pair[0], &ops, NULL);
	role_notify.on_peer(&env, peer, 0, near);
	return chan_new(loop, pair[1], &ops, NULL);
}

static int
start(void **st)
{
	static const struct post_ops ops = { on_sending, on_done };

	(void)st;
	loop = loop_new();
	n = x_calloc(1, sizeof *n);
	env = (struct role_env){ .loop = loop, .clock = clock_real(), .id = ROLE_NOTIFY, .copies = 1, .state = n };
	n->env = &env;
	n->conf.connections = 1;
	n->post = post_open(loop, &n->conf, &ops, n);
	desk_far = join(ROLE_DESK);
	near_desk = near;
	print_far = join(ROLE_PRINT);
	return 0;
}

static void
say(enum role_id peer, uint16_t type, uint64_t id, struct slice body)
{
	struct msg m = { .type = type, .id = id, .body = body, .fd = -1 };

	role_notify.on_msg(&env, peer, 0, &m);
	for (int i = 0; i < 20; i++)
		loop_once(loop, 1);
}

/* A JOB of the desk; the number is its own. */
static void
job(const char *number, const char *kind, const char *id)
{
	auto_free char *text = x_asprintf("{\"v\":1,\"job\":\"%s\",\"kind\":\"mail\",\"key\":\"k\",\"tenant\":\"aoba\",\"at\":\"2026-11-09T00:00:00.000Z\",\"notice\":\"report\","
	                                  "\"to\":{\"address\":\"a@aoba.example\",\"name\":\"A\",\"lang\":\"en\"},\"company\":{\"ja\":\"x\",\"en\":\"x\"},"
	                                  "\"report\":{\"kind\":\"%s\",\"id\":\"%s\"}}", number, kind, id);

	sent = cancelled = 0;
	asked_desk = asked_print = 0;
	say(ROLE_DESK, MSG_JOB, 1, slice_str(text));
}

static void
printed(uint32_t status, size_t bytes)
{
	auto_buf struct buf b = { 0 };
	struct msg_printed head = { .status = status };

	buf_put(&b, &head, sizeof head);
	buf_reserve(&b, bytes);
	memset(b.p + b.n, 'x', bytes);
	b.n += bytes;
	say(ROLE_PRINT, MSG_PRINTED, asked_print, buf_slice(&b));
}

static void
with_its_document(void **st)
{
	(void)st;
	job("1", "published", "aoba-2026-10");
	assert_int_equal(sent, 0);
	assert_int_not_equal(asked_desk, 0);
	say(ROLE_PRINT, MSG_REPORT_DATA, asked_desk, SL("{\"v\":2}")); /* not print's to say */
	say(ROLE_DESK, MSG_REPORT_DATA, asked_desk + 7, SL("{\"v\":2}"));
	assert_int_equal(asked_print, 0);
	say(ROLE_DESK, MSG_REPORT_DATA, asked_desk, SL("{\"v\":1}"));
	assert_string_equal(print_body, "1 {\"v\":1}");
	assert_int_equal(sent, 0);
	printed(PRINTED_DONE, 1000);
	assert_int_equal(sent, 1);
	assert_string_equal(sent_job, "1");
	assert_string_equal(sent_name, "aoba-2026-10.en.pdf");
	assert_int_equal(sent_bytes, 1000);
	printed(PRINTED_DONE, 1000); /* said again */
	assert_int_equal(sent, 1);
	assert_int_equal(n->waiting.n, 0);
	assert_null(n->tick);
}

static void
without_it_when_something_fails(void **st)
{
	(void)st;
	job("2", "published", "aoba-2026-10");
	say(ROLE_DESK, MSG_REPORT_DATA, asked_desk, SL("")); /* not published after all */
	assert_int_equal(sent, 1);
	assert_int_equal(sent_bytes, 0);
	job("3", "published", "aoba-2026-10");
	say(ROLE_DESK, MSG_REPORT_DATA, asked_desk, SL("{}"));
	printed(PRINTED_BUSY, 0);
	assert_true(sent == 1 && sent_bytes == 0);
	job("4", "published", "aoba-2026-10");
	say(ROLE_DESK, MSG_REPORT_DATA, asked_desk, SL("{}"));
	printed(PRINTED_DONE, PAPER_MAX + 1); /* too large for a mail */
	assert_true(sent == 1 && sent_bytes == 0);
	job("5", "published", "aoba-2026-10");
	say(ROLE_DESK, MSG_REPORT_DATA, asked_desk, SL("{}"));
	role_notify.on_peer_lost(&env, ROLE_PRINT, 0);
	assert_true(sent == 1 && sent_bytes == 0);
	job("6", "published", "aoba-2026-10"); /* print is away */
	assert_true(sent == 1 && sent_bytes == 0 && asked_desk == 0);
	role_notify.on_peer(&env, ROLE_PRINT, 0, near);
	job("7", "published", "aoba-2026-10");
	n->waiting.v[0]->until = 0;
	on_tick(n);
	assert_true(sent == 1 && sent_bytes == 0);
	assert_int_equal(n->waiting.n, 0);
}

static void
other_reports_do_not_wait(void **st)
{
	(void)st;
	job("8", "daily", "aoba-2026-10-05");
	assert_true(sent == 1 && asked_desk == 0);
	job("9", "published", "../../etc/passwd");
	assert_true(sent == 1 && sent_bytes == 0 && asked_desk == 0);
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* An answer with three files, of which the desk has the first and the last. */
static void
answer(const char *number)
{
	auto_free char *text = x_asprintf("{\"v\":1,\"job\":\"%s\",\"kind\":\"mail\",\"key\":\"k\",\"tenant\":\"aoba\",\"at\":\"2026-11-09T00:00:00.000Z\",\"notice\":\"inquiry\","
	                                  "\"to\":{\"address\":\"a@aoba.example\",\"name\":\"A\",\"lang\":\"ja\"},\"company\":{\"ja\":\"x\",\"en\":\"x\"},"
	                                  "\"inquiry\":{\"number\":\"Q-1\",\"token\":\"abc\",\"id\":\"q-abc-2\",\"what\":\"answer\",\"subject\":\"s\",\"text\":\"t\",\"by\":{\"ja\":\"x\"},"
	                                  "\"files\":[{\"name\":\"図.pdf\",\"sha256\":\"" HASH "\",\"size\":3},{\"name\":\"b\",\"sha256\":\"" HASH "\",\"size\":1},{\"name\":\"c\",\"sha256\":\"" HASH "\",\"size\":2}]}}", number);

	sent = cancelled = deferred = 0;
	asked_desk = asked_print = 0;
	say(ROLE_DESK, MSG_JOB, 1, slice_str(text));
}

static void
files_come(uint32_t a, uint32_t b, uint32_t c, struct slice bytes)
{
	struct msg_files head = { { a, b, c, MSG_FILE_NONE, MSG_FILE_NONE, MSG_FILE_NONE, MSG_FILE_NONE, MSG_FILE_NONE, MSG_FILE_NONE, MSG_FILE_NONE } };
	auto_buf struct buf body = { 0 };

	buf_put(&body, &head, sizeof head);
	buf_put_slice(&body, bytes);
	say(ROLE_DESK, MSG_FILES, asked_desk, buf_slice(&body));
}

static void
an_answer_carries_its_files_or_waits(void **st)
{
	(void)st;
	answer("20");
	assert_int_equal(sent, 0);
	assert_string_equal(print_body, "{\"hashes\":[\"" HASH "\",\"" HASH "\",\"" HASH "\"]}");
	say(ROLE_DESK, MSG_REPORT_DATA, asked_desk, SL("{}")); /* no answer to this */
	assert_int_equal(sent, 0);
	files_come(3, MSG_FILE_NONE, 2, SL("abcde"));
	assert_true(sent == 1 && sent_files == 3 && sent_bytes == 5);
	assert_string_equal(sent_name, "図.pdf");
	assert_string_equal(sent_job, "20");
	/* fewer bytes than it says, no desk, too long: tried again, never without */
	answer("21");
	files_come(3, 1, 2, SL("abcde"));
	assert_true(sent == 0 && deferred == 1);
	answer("21");
	n->waiting.v[0]->until = 0;
	on_tick(n);
	for (int i = 0; i < 20; i++)
		loop_once(loop, 1);
	assert_true(sent == 0 && deferred == 1);
	answer("21");
	role_notify.on_peer_lost(&env, ROLE_DESK, 0);
	assert_int_equal(sent, 0);
	assert_int_equal(n->waiting.n, 0);
	role_notify.on_peer(&env, ROLE_DESK, 0, near_desk);
	answer("21");
	files_come(MSG_FILE_NONE, MSG_FILE_NONE, MSG_FILE_NONE, SL("")); /* all gone: the mail names the portal */
	assert_true(sent == 1 && sent_bytes == 0 && sent_files == 3);
}

static void
a_cancelled_one_is_not_sent(void **st)
{
	(void)st;
	job("10", "published", "aoba-2026-10");
	say(ROLE_DESK, MSG_JOB_CANCEL, 1, SL("{\"v\":1,\"job\":\"10\"}"));
	assert_int_equal(cancelled, 1);
	say(ROLE_DESK, MSG_REPORT_DATA, asked_desk, SL("{}"));
	assert_int_equal(sent, 0);
	job("10", "published", "aoba-2026-10"); /* the desk repeats: it hears the same again */
	assert_true(sent == 0 && cancelled == 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(with_its_document), cmocka_unit_test(without_it_when_something_fails),
		                            cmocka_unit_test(other_reports_do_not_wait), cmocka_unit_test(an_answer_carries_its_files_or_waits),
		                            cmocka_unit_test(a_cancelled_one_is_not_sent) };

	return cmocka_run_group_tests(tests, start, NULL);
}
