/* SPDX-License-Identifier: Apache-2.0
 *
 * http: the pure parts, and a server spoken to over a loopback socket inside the same loop, with good
 * requests, late answers, streams, and with what attackers and broken programs send.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http.h"

static struct loop *loop;
static struct http *srv;
static uint16_t port;
static uint64_t late_id, stream_id;
static int gone;

static void
echo(void *ctx, struct http_req *r)
{
	struct buf out = { 0 };
	struct slice k, v;

	(void)ctx;
	buf_printf(&out, "%s " SL_FMT, http_method(r), SL_ARG(http_body(r)));
	for (size_t i = 0; http_param_next(r, &i, &k, &v);)
		buf_printf(&out, "[" SL_FMT "=" SL_FMT "]", SL_ARG(k), SL_ARG(v));
	for (size_t i = 0; http_query_next(r, &i, &k, &v);)
		buf_printf(&out, "(" SL_FMT "=" SL_FMT ")", SL_ARG(k), SL_ARG(v));
	if (http_cookie(r, "sid").p != NULL)
		buf_printf(&out, "<" SL_FMT ">", SL_ARG(http_cookie(r, "sid")));
	http_answer(http_server(r), http_id(r), 200, "text/plain", buf_slice(&out), NULL);
	buf_fini(&out);
}

static void
late(void *ctx, struct http_req *r)
{
	(void)ctx;
	late_id = http_id(r);
}

static void
on_gone(void *ctx, uint64_t id)
{
	(void)ctx;
	assert_true(id == stream_id);
	gone++;
}

static void
events(void *ctx, struct http_req *r)
{
	(void)ctx;
	stream_id = http_id(r);
	assert_int_equal(http_stream(http_server(r), stream_id, on_gone, NULL), 0);
	http_stream_put(http_server(r), stream_id, SL("data: 1\n\n"));
}

static const struct http_route routes[] = {
	{ "GET", "/a/{id}", 0, echo, 0 },
	{ "POST", "/a/{id}", 1000, echo, 0 },
	{ "GET", "/late", 0, late, 0 },
	{ "POST", "/late", 100, late, 0 },
	{ "GET", "/events", 0, events, 0 },
	{ "GET", "/files/{rest*}", 0, echo, 0 },
};

static int
start(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	static const struct http_header headers[] = { { "X-Content-Type-Options", "nosniff" }, { NULL, NULL } };
	struct http_conf conf = { .routes = routes, .route_count = sizeof routes / sizeof *routes,
		                  .headers = headers, .request_ns = NS_PER_S / 2 };

	(void)state;
	loop = loop_new();
	conf.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(conf.listen_fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(conf.listen_fd, 16), 0);
	getsockname(conf.listen_fd, (struct sockaddr *)&at, &n);
	port = ntohs(at.sin_port);
	assert_int_equal(http_open(loop, &conf, &srv), 0);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	http_close(srv);
	loop_free(loop);
	return 0;
}

static int
dial(struct slice text)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		                  .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(send(fd, text.p, text.n, MSG_NOSIGNAL), text.n);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Runs the loop until the other side closes or `stop_at` was read; at most ten seconds. */
static void
hear(int fd, const char *stop_at, struct buf *out)
{
	int64_t until = loop_mono_ns() + 10 * NS_PER_S;
	char piece[4096];

	while (loop_mono_ns() < until) {
		ssize_t n = read(fd, piece, sizeof piece);

		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return;
		if (n > 0) {
			buf_put(out, piece, (size_t)n);
			if (stop_at != NULL && strstr(buf_cstr(out), stop_at) != NULL)
				return;
			continue;
		}
		loop_once(loop, 10);
	}
	fail_msg("no end of the answer: %s", buf_cstr(out));
}

static void
expect(struct slice request, const char *status, const char *body)
{
	struct buf out = { 0 };
	int fd = dial(request);

	hear(fd, NULL, &out);
	close(fd);
	if (strstr(buf_cstr(&out), status) == NULL || strstr(buf_cstr(&out), body) == NULL)
		fail_msg("wanted %s and %s, got: %s", status, body, buf_cstr(&out));
	buf_fini(&out);
}

#define END "Host: x\r\nConnection: close\r\n\r\n"

static void
test_good(void **state)
{
	(void)state;
	expect(SL("GET /a/7?x=1&y=a%20b+c HTTP/1.1\r\nCookie: z=1; sid=abc\r\n" END), "200 OK", "GET [id=7](x=1)(y=a b c)<abc>");
	expect(SL("POST /a/7 HTTP/1.1\r\nContent-Length: 5\r\n" END "hello"), "200 OK", "POST hello[id=7]");
	expect(SL("POST /a/7 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END "5\r\nhello\r\n0\r\n\r\n"), "200 OK",
	       "POST hello[id=7]");
	expect(SL("GET /files/x/y.js HTTP/1.1\r\n" END), "200 OK", "[rest=x/y.js]");
	expect(SL("HEAD /a/7 HTTP/1.1\r\n" END), "200 OK", "nosniff");
}

static void
test_refused(void **state)
{
	(void)state;
	expect(SL("GET /none HTTP/1.1\r\n" END), "404", "\"type\":\"not-found\"");
	expect(SL("DELETE /a/7 HTTP/1.1\r\n" END), "405", "application/problem+json");
	expect(SL("POST /a/7 HTTP/1.1\r\nContent-Length: 1001\r\n" END), "413", "too-large");
	expect(SL("POST /a/7 HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n" END), "HTTP/1.1 4", "");
	expect(SL("GET /a/%00 HTTP/1.1\r\n" END), "400", "");
	expect(SL("GET /a/%ff HTTP/1.1\r\n" END), "400", "");
	expect(SL("GET /a/%2e%2e HTTP/1.1\r\n" END), "404", "");
	expect(SL("POST /a/7 HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n" END "hello!"), "400", "");
	expect(SL("POST /a/7 HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n" END "0\r\n\r\n"), "400", "");
}

static void
test_chunked_over(void **state)
{
	struct buf req = { 0 };

	(void)state;
	buf_put_str(&req, "POST /a/7 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END);
	for (int i = 0; i < 20; i++)
		buf_printf(&req, "64\r\n%0100d\r\n", i);
	buf_put_str(&req, "0\r\n\r\n");
	expect(buf_slice(&req), "413", "too-large");
	buf_fini(&req);
}

static void
test_garbage(void **state)
{
	static const char *const junk[] = { "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "GET\r\n\r\n", "\r\n\r\n\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n", "AAAA /a/1 HTTP/1.1\r\n" END };
	struct buf big = { 0 }, out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
		int fd = dial(slice_str(junk[i]));

		shutdown(fd, SHUT_WR);
		hear(fd, NULL, &out);
		close(fd);
		assert_null(strstr(buf_cstr(&out), "200 OK"));
	}
	buf_put_str(&big, "GET /a/1 HTTP/1.1\r\nX-Big: ");
	for (int i = 0; i < 70000; i++)
		buf_put_byte(&big, 'x');
	buf_put_str(&big, "\r\n" END);
	expect(buf_slice(&big), "HTTP/1.1 4", "");
	/* and it serves still */
	expect(SL("GET /a/7 HTTP/1.1\r\n" END), "200 OK", "[id=7]");
	buf_fini(&big);
	buf_fini(&out);
}

static void
wait_for(uint64_t *id)
{
	int64_t until = loop_mono_ns() + 10 * NS_PER_S;

	while (*id == 0 && loop_mono_ns() < until)
		loop_once(loop, 10);
	assert_true(*id != 0);
}

static void
test_late(void **state)
{
	struct buf out = { 0 };
	int fd;

	(void)state;
	late_id = 0;
	fd = dial(SL("POST /late HTTP/1.1\r\nContent-Length: 2\r\n" END "hi"));
	wait_for(&late_id);
	assert_int_equal(http_answer(srv, late_id + (1u << 20), 200, "text/plain", SL("other"), NULL), E_NOTFOUND);
	http_set_note(srv, late_id, strdup("note"));
	assert_string_equal(http_note(srv, late_id), "note");
	assert_int_equal(http_answer(srv, late_id, 201, "text/plain", SL("done"), NULL), 0);
	assert_int_equal(http_answer(srv, late_id, 200, "text/plain", SL("again"), NULL), E_NOTFOUND);
	hear(fd, NULL, &out);
	close(fd);
	assert_non_null(strstr(buf_cstr(&out), "201 Created"));
	assert_non_null(strstr(buf_cstr(&out), "done"));
	buf_fini(&out);
}

static void
test_stream(void **state)
{
	struct buf out = { 0 };
	int fd;

	(void)state;
	fd = dial(SL("GET /events HTTP/1.1\r\nHost: x\r\n\r\n"));
	hear(fd, "data: 1\n\n", &out);
	assert_int_equal(http_stream_put(srv, stream_id, SL("data: 2\n\n")), 0);
	hear(fd, "data: 2\n\n", &out);
	close(fd);
	/* the loss shows when something is said */
	for (int64_t until = loop_mono_ns() + 10 * NS_PER_S; gone == 0 && loop_mono_ns() < until;) {
		http_stream_put(srv, stream_id, SL(":\n\n"));
		loop_once(loop, 5);
	}
	assert_int_equal(gone, 1);
	assert_int_equal(http_stream_put(srv, stream_id, SL("x")), E_NOTFOUND);
	buf_fini(&out);
}

/* A server that closes has suspended requests and streams: each gets an end. */
static void
test_close_under_load(void **state)
{
	int a, b;

	(void)state;
	late_id = stream_id = 0;
	gone = 0;
	a = dial(SL("GET /late HTTP/1.1\r\nHost: x\r\n\r\n"));
	wait_for(&late_id);
	b = dial(SL("GET /events HTTP/1.1\r\nHost: x\r\n\r\n"));
	wait_for(&stream_id);
	http_close(srv);
	srv = NULL;
	assert_int_equal(gone, 1);
	close(a);
	close(b);
}

static void
test_pure(void **state)
{
	struct http_match m;
	char text[] = "%e3%81%82%2f", bad[] = "%4", nul[] = "a%00";
	size_t n = sizeof text - 1;

	(void)state;
	assert_true(http_unescape(text, &n));
	assert_slice(slice_of(text, n), "\xe3\x81\x82/");
	n = 2;
	assert_false(http_unescape(bad, &n));
	n = 4;
	assert_false(http_unescape(nul, &n));
	assert_true(http_match("/x/{a}/y/{b}", SL("/x/1/y/2"), &m));
	assert_int_equal(m.n, 2);
	assert_false(http_match("/x/{a}/y", SL("/x//y"), &m));
	assert_false(http_match("/x/{a}", SL("/x/1/"), &m));
	assert_false(http_match("/x", SL(""), &m));
	assert_true(http_match("/", SL("/"), &m));
	assert_slice(http_cookie_find(SL("a=1; __Host-nezuban=q=2;b"), SL("__Host-nezuban")), "q=2");
	assert_null(http_cookie_find(SL("xa=1"), SL("a")).p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pure),      cmocka_unit_test(test_good),  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_chunked_over), cmocka_unit_test(test_garbage), cmocka_unit_test(test_late),
		cmocka_unit_test(test_stream),    cmocka_unit_test(test_close_under_load),
	};

	return cmocka_run_group_tests_name("http", tests, start, stop);
}
