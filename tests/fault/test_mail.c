/* SPDX-License-Identifier: Apache-2.0
 *
 * The role notify with a mail server that fails in every way, and the desk played by this program: each job goes
 * over a real channel, each answer comes back over it.
 *
 *     test_mail SMTP_SINK
 */
#define _GNU_SOURCE
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "conf/conf.h"
#include "notify/notify.h"
#include "role/role.h"
#include "sys/fd.h"

static const char *sink_program;
static char dir[] = "/tmp/nezuban-mail-XXXXXX";

struct answer {
	uint64_t id;
	char job[65], outcome[32], text[200];
	int code;
};

/* The service as the role sees it, and the desk's end of the channel. */
static struct stage {
	struct loop *loop;
	struct conf *conf;
	struct role_env env;
	struct chan *desk, *role;
	pid_t sink;
	FILE *sink_out;
	int port;
	struct answer answers[32];
	int answers_n, sending;
} st;

static void
desk_msg(void *ctx, struct chan *ch, struct msg *m)
{
	json_t *o = json_loadb(m->body.p, m->body.n, 0, NULL);
	struct answer *a = &st.answers[st.answers_n];

	(void)ctx;
	(void)ch;
	assert_non_null(o);
	if (m->type == MSG_JOB_EVENT) {
		st.sending++;
	} else {
		assert_int_equal(m->type, MSG_JOB_DONE);
		assert_true(st.answers_n < 32);
		*a = (struct answer){ .id = m->id, .code = (int)json_integer_value(json_object_get(o, "code")) };
		snprintf(a->job, sizeof a->job, "%s", json_string_value(json_object_get(o, "job")));
		snprintf(a->outcome, sizeof a->outcome, "%s", json_string_value(json_object_get(o, "outcome")));
		snprintf(a->text, sizeof a->text, "%s", json_string_value(json_object_get(o, "text")));
		st.answers_n++;
	}
	json_decref(o);
}

static void
role_msg(void *ctx, struct chan *ch, struct msg *m)
{
	(void)ctx;
	(void)ch;
	role_notify.on_msg(&st.env, ROLE_DESK, 0, m);
}

static void
gone(void *ctx, struct chan *ch)
{
	(void)ctx;
	(void)ch;
}

static void
start_sink(const char *script)
{
	char folder[100], line[300] = "";
	int out[2];

	snprintf(folder, sizeof folder, "%s/mails", dir);
	assert_int_equal(pipe(out), 0);
	st.sink = fork();
	if (st.sink == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], 1);
		execl(sink_program, "smtp_sink", "--port", "0", "--dir", folder, "--script", script, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	st.sink_out = fdopen(out[0], "r");
	assert_non_null(fgets(line, sizeof line, st.sink_out));
	assert_non_null(strstr(line, "\"ready\""));
	st.port = (int)strtol(strstr(line, "\"port\":") + 7, NULL, 10);
}

/* The next line of the sink that tells of a mail. */
static json_t *
next_mail(void)
{
	char line[4096];

	while (fgets(line, sizeof line, st.sink_out) != NULL)
		if (strstr(line, "\"what\":\"mail\"") != NULL)
			return json_loads(line, 0, NULL);
	fail_msg("the sink has no further mail");
	return NULL;
}

static void
start(const char *script, const char *more)
{
	static const struct chan_ops desk_ops = { desk_msg, gone, NULL }, role_ops = { role_msg, gone, NULL };
	char path[100], text[600];
	struct whys ws = { 0 };
	int sv[2];

	memset(&st, 0, sizeof st);
	start_sink(script);
	snprintf(path, sizeof path, "%s/secrets", dir);
	dir_make(path, 0700);
	snprintf(path, sizeof path, "%s/secrets/aoba", dir);
	assert_int_equal(file_write_atomic(path, SL("webhook key\n"), 0600), 0);
	snprintf(path, sizeof path, "%s/nezuband.yaml", dir);
	snprintf(text, sizeof text, "data: %s\nmail: {url: 'smtp://127.0.0.1:%d', from: soc@soc.example, from_name: 寝ず番%s}\n"
	         "webhook: {secrets: secrets, plain_loopback: true}\n", dir, st.port, more);
	assert_int_equal(file_write_atomic(path, slice_str(text), 0600), 0);
	assert_int_equal(conf_load(CONF_NEZUBAND, path, &st.conf, &ws), 0);
	whys_fini(&ws);
	st.loop = loop_new();
	st.env = (struct role_env){ .loop = st.loop, .clock = clock_real(), .conf = st.conf, .id = ROLE_NOTIFY, .copies = 1 };
	assert_int_equal(role_notify.open(&st.env), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	st.desk = chan_new(st.loop, sv[0], &desk_ops, NULL);
	st.role = chan_new(st.loop, sv[1], &role_ops, NULL);
	role_notify.on_peer(&st.env, ROLE_DESK, 0, st.role);
	role_notify.on_go(&st.env);
}

static void
stop(void)
{
	role_notify.on_stop(&st.env);
	free(st.env.state);
	chan_free(st.desk);
	chan_free(st.role);
	loop_free(st.loop);
	conf_free(st.conf);
	kill(st.sink, SIGTERM);
	waitpid(st.sink, NULL, 0);
	fclose(st.sink_out);
}

static void
give(const char *job, const char *key, uint64_t id, const char *channel)
{
	char text[2048];

	snprintf(text, sizeof text,
	         "{\"v\":1,\"job\":\"%s\",%s,\"key\":\"%s\",\"tenant\":\"aoba\",\"at\":\"2026-11-23T04:05:06.789Z\",\"notice\":\"incident\","
	         "\"company\":{\"ja\":\"青葉精機株式会社\"},\"zone\":\"Asia/Tokyo\",\"incident\":{\"id\":\"AOBA-2026-0007\","
	         "\"severity\":\"emergency\",\"title\":{\"ja\":\"題\"},\"summary\":{\"ja\":\"何か。\\n.\\n点だけの行\"}}}",
	         job, channel, key);
	chan_send(st.desk, MSG_JOB, id, slice_str(text), -1);
}

static void
give_mail(const char *job, const char *key, uint64_t id)
{
	give(job, key, id, "\"kind\":\"mail\",\"to\":{\"address\":\"odagiri@aoba.example\",\"name\":\"小田切 直人\",\"lang\":\"ja\"}");
}

/* Runs until there are n answers; the test's own timeout is meson's. */
static void
await(int n)
{
	while (st.answers_n < n)
		loop_once(st.loop, 1000);
}

static const struct answer *
answer_of(const char *job)
{
	for (int i = 0; i < st.answers_n; i++)
		if (strcmp(st.answers[i].job, job) == 0)
			return &st.answers[i];
	fail_msg("no answer for %s", job);
	return NULL;
}

static void
is(const char *job, const char *outcome, int code)
{
	const struct answer *a = answer_of(job);

	assert_string_equal(a->outcome, outcome);
	assert_int_equal(a->code, code);
}

static void
test_every_failure_is_deferred_and_the_repeat_is_the_same_mail(void **state)
{
	json_t *first, *second;

	(void)state;
	start("reset,4xx-hello,4xx-rcpt,4xx-data,close,ok", "");
	for (int i = 0; i < 6; i++) {
		char job[8];

		snprintf(job, sizeof job, "j%d", i);
		give_mail(job, "the-notice", 100 + (uint64_t)i);
		await(i + 1);
		assert_int_equal(st.answers[i].id, 100 + i);
	}
	is("j0", "deferred", 0);
	is("j1", "deferred", 421);
	is("j2", "deferred", 451);
	is("j3", "deferred", 451);
	is("j4", "deferred", 0);
	is("j5", "sent", 250);
	first = next_mail();
	second = next_mail();
	assert_true(json_is_true(json_object_get(first, "reset")));
	assert_string_equal(json_string_value(json_object_get(first, "message_id")),
	                    json_string_value(json_object_get(second, "message_id")));
	json_decref(first);
	json_decref(second);
	stop();
}

static void
test_refusals_are_final(void **state)
{
	(void)state;
	start("5xx-rcpt,5xx-data", "");
	give_mail("a", "a", 1);
	await(1);
	give_mail("b", "b", 2);
	await(2);
	is("a", "rejected", 550);
	is("b", "rejected", 554);
	stop();
}

static void
test_a_tarpit_holds_nobody_up_and_ends(void **state)
{
	(void)state;
	start("tarpit,ok", ", timeout: 2s");
	give_mail("slow", "slow", 1);
	while (st.sending < 1)
		loop_once(st.loop, 1000);
	/* The sink has the first connection before the second begins. */
	assert_non_null(fgets((char[300]){ 0 }, 300, st.sink_out));
	while (loop_once(st.loop, 50) != 0)
		;
	give_mail("quick", "quick", 2);
	await(2);
	assert_string_equal(st.answers[0].job, "quick");
	is("quick", "sent", 250);
	is("slow", "deferred", 0);
	stop();
}

/* The mail is kept and stays sent; without a limit the role would stand still for two minutes: meson ends it. */
static void
test_a_quit_without_an_answer_holds_the_role_no_longer_than_a_transfer(void **state)
{
	(void)state;
	start("mute-quit,ok", ", timeout: 1s");
	give_mail("first", "first", 1);
	await(1);
	give_mail("next", "next", 2);
	await(2);
	is("first", "sent", 250);
	is("next", "sent", 250);
	stop();
}

static void
test_a_full_line_of_tarpits_does_not_hold_a_webhook(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), fd = -1;
	char channel[200], in[8192], want[200];
	struct buf sig = { 0 };
	socklen_t len = sizeof a;
	size_t n = 0;
	char *body, *t;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a) | listen(listener, 4), 0);
	getsockname(listener, (struct sockaddr *)&a, &len);
	start("tarpit", ", connections: 1, timeout: 60s");
	give_mail("m1", "m1", 1);
	give_mail("m2", "m2", 2);
	snprintf(channel, sizeof channel, "\"kind\":\"webhook\",\"hook\":{\"url\":\"http://127.0.0.1:%d/in\",\"secret\":\"aoba\"}", ntohs(a.sin_port));
	give("h", "h", 3, channel);
	while (n == 0 || strstr(in, "\"summary\"") == NULL || in[n - 1] != '}') {
		loop_once(st.loop, 20);
		if (fd < 0)
			fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			ssize_t got = read(fd, in + n, sizeof in - n - 1);

			n += got > 0 ? (size_t)got : 0;
			in[n] = '\0';
		}
	}
	assert_true(write(fd, "HTTP/1.1 204 No Content\r\n\r\n", 27) == 27);
	await(1);
	is("h", "sent", 204);
	body = strstr(in, "\r\n\r\n") + 4;
	t = strstr(in, "X-Nezuban-Signature: t=");
	assert_non_null(t);
	hook_sign(SL("webhook key"), strtol(t + 23, NULL, 10), slice_str(body), &sig);
	snprintf(want, sizeof want, "X-Nezuban-Signature: %s\r\n", buf_cstr(&sig));
	assert_non_null(strstr(in, want));
	buf_fini(&sig);
	/* Cancelling frees the slot at once; the one that waited was never sent. */
	chan_send(st.desk, MSG_JOB_CANCEL, 2, SL("{\"v\":1,\"job\":\"m2\"}"), -1);
	chan_send(st.desk, MSG_JOB_CANCEL, 1, SL("{\"v\":1,\"job\":\"m1\"}"), -1);
	chan_send(st.desk, MSG_JOB_CANCEL, 9, SL("{\"v\":1,\"job\":\"never heard of\"}"), -1);
	await(4);
	is("m1", "cancelled", 0);
	is("m2", "cancelled", 0);
	is("never heard of", "cancelled", 0);
	/* A plain http address that is not this machine is not posted to, and not tried again. */
	give("far", "far", 4, "\"kind\":\"webhook\",\"hook\":{\"url\":\"http://192.0.2.1/\",\"secret\":\"aoba\"}");
	give("unsigned", "x", 5, "\"kind\":\"webhook\",\"hook\":{\"url\":\"https://192.0.2.1/\",\"secret\":\"nobody\"}");
	await(6);
	is("far", "rejected", 0);
	is("unsigned", "rejected", 0);
	close(fd);
	close(listener);
	stop();
}

static void
test_a_repeated_job_is_answered_and_not_sent_again(void **state)
{
	json_t *m;

	(void)state;
	start("ok", "");
	give_mail("one", "k1", 7);
	give_mail("one", "k1", 7); /* while it is under way */
	await(1);
	give_mail("one", "k1", 7); /* after its end */
	await(2);
	assert_int_equal(st.answers[1].id, 7);
	assert_string_equal(st.answers[1].outcome, "sent");
	give_mail("two", "k2", 8);
	await(3);
	m = next_mail();
	assert_non_null(strstr(json_string_value(json_object_get(m, "file")), "0001.eml"));
	json_decref(m);
	m = next_mail(); /* the second mail is the second job's */
	assert_non_null(strstr(json_string_value(json_object_get(m, "file")), "0002.eml"));
	json_decref(m);
	chan_send(st.desk, MSG_JOB, 9, SL("no json"), -1);
	chan_send(st.desk, MSG_JOB, 10, SL("{\"job\":\"half\"}"), -1);
	chan_send(st.desk, MSG_JOB_CANCEL, 11, SL("[]"), -1);
	await(5);
	assert_string_equal(st.answers[3].outcome, "bad_job");
	assert_string_equal(answer_of("half")->outcome, "bad_job");
	assert_true(answer_of("half")->text[0] != '\0');
	stop();
}

static int
count(const char *in, const char *what)
{
	int n = 0;

	for (const char *p = in; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

static void
test_what_arrives_is_what_was_written(void **state)
{
	unsigned char text[8192];
	char b64[8192];
	struct buf b = { 0 };
	size_t n = 0;
	json_t *m;
	char *p, *head_end;
	int len;

	(void)state;
	start("ok", "");
	give_mail("one", "k1", 7);
	await(1);
	m = next_mail();
	assert_string_equal(json_string_value(json_object_get(m, "from")), "<soc@soc.example>");
	assert_string_equal(json_string_value(json_object_get(m, "to")), "<odagiri@aoba.example>");
	assert_int_equal(file_read(json_string_value(json_object_get(m, "file")), &b, 1 << 20), 0);
	p = (char *)(uintptr_t)buf_cstr(&b);
	head_end = strstr(p, "\r\n\r\n");
	assert_non_null(head_end);
	*head_end = '\0';
	assert_int_equal(count(p, "\r\n") + 1 - count(p, "\r\n "), 9); /* nine headers, however folded */
	assert_non_null(strstr(p, "Date: Mon, 23 Nov 2026 04:05:06 +0000"));
	assert_non_null(strstr(p, "Subject: =?UTF-8?B?"));
	assert_non_null(strstr(p, "From: =?UTF-8?B?5a+d44Ga55Wq?= <soc@soc.example>"));
	assert_non_null(strstr(p, "Auto-Submitted: auto-generated"));
	assert_non_null(strstr(p, "Content-Language: ja"));
	assert_non_null(strstr(p, "Content-Type: multipart/alternative"));
	assert_non_null(strstr(p, "MIME-Version: 1.0") != NULL ? p : strstr(p, "Mime-Version: 1.0"));
	p = strstr(head_end + 4, "Content-Type: text/plain; charset=utf-8");
	assert_non_null(p);
	assert_non_null(strstr(p, "Content-Type: text/html; charset=utf-8"));
	p = strstr(p, "\r\n\r\n") + 4;
	for (char *end = strstr(p, "\r\n--"); p < end; p++)
		if (*p != '\r' && *p != '\n')
			b64[n++] = *p;
	b64[n] = '\0';
	len = EVP_DecodeBlock(text, (unsigned char *)b64, (int)n);
	assert_true(len > 0);
	text[len] = '\0';
	assert_non_null(strstr((char *)text, "重大度「緊急」のインシデントを確定しました。"));
	assert_non_null(strstr((char *)text, "  何か。\n  .\n  点だけの行\n"));
	json_decref(m);
	buf_fini(&b);
	stop();
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_failure_is_deferred_and_the_repeat_is_the_same_mail),
		cmocka_unit_test(test_refusals_are_final),
		cmocka_unit_test(test_a_tarpit_holds_nobody_up_and_ends),
		cmocka_unit_test(test_a_quit_without_an_answer_holds_the_role_no_longer_than_a_transfer),
		cmocka_unit_test(test_a_full_line_of_tarpits_does_not_hold_a_webhook),
		cmocka_unit_test(test_a_repeated_job_is_answered_and_not_sent_again),
		cmocka_unit_test(test_what_arrives_is_what_was_written),
	};
	char *const rm[] = { (char *)"rm", (char *)"-rf", dir, NULL };
	int r;

	if (argc != 2 || mkdtemp(dir) == NULL)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	sink_program = argv[1];
	r = cmocka_run_group_tests(tests, NULL, NULL);
	if (fork() == 0)
		execvp("rm", rm);
	wait(NULL);
	return r;
}
